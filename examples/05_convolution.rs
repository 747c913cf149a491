//! A convolutional network for MNIST. The data set is not embedded: give its folder.
//!
//! ```text
//! cargo run --release --example 05_convolution -- --data path/to/mnist
//! ```
//!
//! You should see the share of test images that are right, 99 % or more; without the folder, a line that says what
//! is missing.

use std::error::Error;

use autograd::{Conv, Tensor, Window};
use nn::layers::{BatchNorm, Conv2d, Dropout, Layer};
use nn::losses::{self, Loss, Unit};
use nn::optim::{AdamW, Schedule};
use nn::train::{Fit, Plan, ProgressBar, Trainer};
use nn::{Activation, Context, Init, Linear, Purpose, Sequential, generator};
use zoo::data;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some("--data"), Some(folder)) = (arguments.next().as_deref(), arguments.next()) else {
        println!("skipped: this example needs MNIST; give its folder with `-- --data path/to/mnist`");
        return Ok(());
    };
    let mnist = data::load(&folder)?;

    let from = &mut generator(0, Purpose::Init, 0, 0);
    let options = Conv { padding: [1, 1], ..Conv::default() };
    let model = Sequential::<Tensor<f32>>::new([
        Layer::Unflatten(vec![1, 28, 28]),
        Conv2d::new([1, 16], [3, 3], options, Init::He, from).into(),
        BatchNorm::new(16).into(),
        Activation::Relu.into(),
        Layer::MaxPool2d(Window::new([2, 2])), // [batch, 16, 14, 14]
        Conv2d::new([16, 32], [3, 3], options, Init::He, from).into(),
        BatchNorm::new(32).into(),
        Activation::Relu.into(),
        Layer::MaxPool2d(Window::new([2, 2])), // [batch, 32, 7, 7]
        Layer::Flatten,
        Dropout::new(0.3).into(),
        Linear::new(32 * 7 * 7, 10, Init::Glorot, from).into(),
    ]);

    let mut task = Fit::new(model, &mnist.train, Some(&mnist.test), |model, batch, context| {
        let logits = model.forward(batch.x, context);
        Loss::sum(Unit::Nats, [("cross-entropy", losses::cross_entropy(logits, &batch.classes))])
    });
    let schedule = Schedule::Cosine { floor: 0.0 };
    let plan = Plan { epochs: 7, batch: 128, learning_rate: 3e-3, schedule, ..Plan::default() };
    Trainer::new(plan, AdamW::new(3e-3)).with(ProgressBar::new()).run(&mut task)?;

    let labels = mnist.test.labels().ok_or("the folder has no test labels")?;
    let numbers: Vec<usize> = (0..mnist.test.len()).collect();
    let mut right = 0;
    for numbers in numbers.chunks(500) {
        let logits = autograd::value(&task.model, |model, tape| {
            model.forward(tape.constant(mnist.test.rows(numbers)), &mut Context::evaluation(0, numbers))
        });
        let guesses = logits.argmax_over(-1);
        right += guesses.iter().zip(numbers).filter(|(guess, n)| **guess == labels[**n] as usize).count();
    }
    let accuracy = right as f64 / labels.len() as f64;
    println!("{:.2} % of {} test images are right", 100.0 * accuracy, labels.len());
    assert!(accuracy >= 0.99);
    Ok(())
}
