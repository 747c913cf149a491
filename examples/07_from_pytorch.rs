//! A network trained in PyTorch, used here, and one made here for PyTorch.
//!
//! `data/pytorch_classifier.safetensors` was written by
//!
//! ```python
//! network = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
//! …                                                       # trained on the embedded digits
//! safetensors.torch.save_file(network.state_dict(), "pytorch_classifier.safetensors", metadata={…})
//! ```
//!
//! You should see that as many digits are right as in PyTorch, and that the logits differ from PyTorch's own,
//! which the file has as text, by rounding only.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use autograd::{Tensor, value};
use nn::{Activation, Mlp, Purpose, checkpoint, generator};
use zoo::data;

fn main() -> Result<(), Box<dyn Error>> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data/pytorch_classifier.safetensors");
    let new =
        || Mlp::<Tensor<f32>>::new(&[64, 32, 10], Activation::Relu, &mut generator(0, Purpose::Init, 0, 0));
    let mut network = new();
    let text = checkpoint::load(&path, &mut network)?;

    let test = data::digits().test;
    let logits = value(&network, |network, tape| network.forward(tape.constant(test.x())));
    let theirs: Vec<f32> = text["first logits"].split(' ').map(str::parse).collect::<Result<_, _>>()?;
    let first = logits.to_vec();
    let worst = first.iter().zip(&theirs).map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0, f32::max);

    let labels = test.labels().ok_or("the digits have labels")?;
    let guesses = logits.argmax_over(-1);
    let right = guesses.iter().zip(labels).filter(|(guess, label)| **guess == **label as usize).count();
    println!(
        "{right} of {} test digits are right, PyTorch has {}; its logits are off by {worst:.0e}",
        labels.len(),
        text["right"]
    );
    assert!(worst < 1e-6 && right.to_string() == text["right"]);

    // The way back: `network.load_state_dict(safetensors.torch.load_file("ours.safetensors"))`.
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    let ours = folder.join("ours.safetensors");
    checkpoint::save(&ours, &network, Default::default())?;
    let mut again = new();
    checkpoint::load(&ours, &mut again)?;
    assert_eq!(value(&again, |network, tape| network.forward(tape.constant(test.x()))), logits);
    println!("written for PyTorch: {}", ours.display());
    Ok(())
}
