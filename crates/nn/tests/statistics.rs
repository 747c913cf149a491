//! Running statistics of a model: stored, by a tape as by a replay, or missed by whoever forgot to.

use autograd::{NewBuffers, Recorded, Tape, Tensor, Tree, Var, value, value_and_grad, value_and_grad_with};
use nn::context::Varying;
use nn::layers::BatchNorm;
use nn::optim::Adam;
use nn::{Context, Linear, Purpose, generator};

use crate::panics::{Panic, panic_of};

type Normed<W> = (Linear<W>, BatchNorm<W>);

fn normed() -> Normed<Tensor<f64>> {
    (Linear::new(2, 3, nn::Init::Glorot, &mut generator(0, Purpose::Init, 0, 0)), BatchNorm::new(3))
}

fn batch() -> Tensor<f64> {
    Tensor::from_fn([4, 2], |i| (i as f64).sin())
}

fn loss<'t>(model: &Normed<Var<'t, f64>>, tape: &'t Tape<f64>, context: &mut Context) -> Var<'t, f64> {
    model.1.forward(model.0.forward(tape.constant(batch())), context).square().sum()
}

const NUMBERS: [usize; 4] = [0, 1, 2, 3];

fn context(epoch: u64) -> Context<'static> {
    Context::training(0, epoch, &NUMBERS)
}

#[test]
fn statistics_that_would_be_lost_are_noticed() {
    let lost = || _ = value_and_grad(&normed(), |model, tape| loss(&model, tape, &mut context(1)));
    let Panic { text, file, .. } = panic_of(lost).expect("it must panic");
    assert!(file.ends_with("tests/statistics.rs"), "{text}: points at {file}");
    let expected = "value_and_grad: the pass has set buffers of the model (running statistics, for instance), whose new \
                    values would be lost; use value_and_update, or value_and_grad_with and NewBuffers";
    assert_eq!(text, expected);

    // A look at the training loss keeps nothing and need not.
    value(&normed(), |model, tape| loss(&model, tape, &mut context(1)));
}

#[test]
fn statistics_are_stored_or_not_as_one_likes() {
    // By one call, and by two: the same. A clone goes its own way, from where it was made.
    let (mut model, mut adam) = (normed(), Adam::new(0.01));
    let (mut other, mut clone) = (model.clone(), model.clone());
    let mut adams = [Adam::new(0.01), Adam::new(0.01)];
    for epoch in 1..4 {
        adam.minimize(&mut model, |model, tape| loss(&model, tape, &mut context(epoch)));
        for (k, (model, adam)) in [&mut other, &mut clone].into_iter().zip(&mut adams).enumerate() {
            let (_, gradient, statistics) = value_and_grad_with(&*model, |model, tape| {
                (loss(&model, tape, &mut context(epoch)), NewBuffers::of(&model))
            });
            adam.step(model, &gradient);
            if k == 0 {
                statistics.store(model);
            }
        }
    }
    let leaves = |model: &Normed<Tensor<f64>>| {
        let mut all = vec![];
        model.visit(&mut |_, leaf| all.push(leaf.clone()));
        all
    };
    assert_eq!(leaves(&model), leaves(&other));
    assert_eq!([&model, &clone].map(|model| model.1.num_batches_tracked.0.item()), [3.0, 0.0]);
}

#[test]
fn a_replay_stores_statistics_as_a_tape_does() {
    let (mut model, mut adam) = (normed(), Adam::new(0.01));
    let (mut other, mut other_adam) = (model.clone(), Adam::new(0.01));
    let mut recorded = Recorded::new(&model, &Varying::of(&context(1)), |model, varying, tape| {
        loss(&model, tape, &mut varying.context())
    });
    for epoch in 1..4 {
        let value = adam.minimize_recorded(&mut model, &Varying::of(&context(epoch)), &mut recorded);
        let expected = other_adam.minimize(&mut other, |m, tape| loss(&m, tape, &mut context(epoch)));
        assert_eq!(value, expected);
    }
    assert_eq!(model.1.running_var.0, other.1.running_var.0);
    assert_eq!((model.0.weight, model.1.running_mean), (other.0.weight, other.1.running_mean));
}
