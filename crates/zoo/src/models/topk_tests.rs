//! Who is on, who is dead, and how the dead come back.

use autograd::NewBuffers;
use nn::train::Update;
use nn::{Adam, Purpose, generator};

use super::*;
use crate::data::digits;
use crate::train::{Plan, train};
use crate::{AnyModel, evaluate};

fn built(config: &Config) -> Learned<TopK<Tensor<f32>>> {
    config.build(&digits().train, &mut generator(0, Purpose::Init, 0, 0)).unwrap()
}

fn settings() -> Config {
    Config::defaults(&digits().train)
}

fn active(codes: &Tensor<f32>) -> Vec<f32> {
    codes.map(|h| f32::from(h > 0.0)).sum_to([codes.shape()[0], 1]).to_vec()
}

#[test]
fn no_more_than_k_are_on_and_ties_go_to_the_first() {
    let codes = built(&settings()).encode(digits().test.x());
    assert!(active(&codes).iter().all(|n| *n <= 8.0));
    let z = Tensor::<f64>::from_vec([1, 4], vec![1.0, 2.0, 2.0, 2.0]);
    assert_eq!(autograd::value(&z, |z, _| largest(z, 2)).to_vec(), [0.0, 2.0, 2.0, 0.0]);
    // The gradient reaches the winners only.
    let gradient = autograd::grad(&z, |z, _| largest(z, 2).square().sum());
    assert_eq!(gradient.to_vec(), [0.0, 4.0, 4.0, 0.0]);
}

#[test]
fn a_batch_shares_its_places_and_the_threshold_stands_for_it_afterwards() {
    let data = digits();
    let mut model = built(&Config { select: Select::Batch, ..settings() });
    let plan = Plan { epochs: 20, learning_rate: 2e-3, ..Plan::default() };
    train(&mut model, &data, &plan).unwrap();
    assert!(model.0.threshold.0.item() > 0.0);
    let codes = evaluate::codes(&model, &data.test);
    let counts = active(&codes);
    let mean = counts.iter().sum::<f32>() / counts.len() as f32;
    assert!((mean - 8.0).abs() < 1.5, "{mean} units are on in the mean");
    assert!(counts.iter().any(|n| *n > 10.0) && counts.iter().any(|n| *n < 6.0), "some images take more");
    // Alone or in company, an image has the same code.
    let alone = model.encode(&data.test.rows(&[7])).to_vec();
    let together = codes.slice(0, 7..8).to_vec();
    assert!(alone.iter().zip(&together).all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn k_falls_during_training_and_may_be_larger_afterwards() {
    let data = digits().train;
    let model = built(&Config { first_factor: 2.5, annealing: 0.5, test_factor: 1.5, ..settings() });
    let on = |progress: f64| {
        let context = &mut Context::training(0, 1, &[0, 1]).with_progress(progress);
        let x = data.rows(&[0, 1]);
        autograd::value(&model.0, |model, tape| {
            model.compete(model.dictionary.encode(tape.constant(&x)), context)
        })
    };
    assert_eq!([0.0, 0.25, 0.5, 1.0].map(|progress| active(&on(progress))[0]), [20.0, 14.0, 8.0, 8.0]);
    assert_eq!(active(&model.encode(&data.rows(&[0]))), [12.0]);
}

/// A model half of whose units can never win, after some steps; and how many of these did win since.
fn revived(revival: f64) -> usize {
    let data = digits().train;
    let mut model = built(&Config { revival, dead_after: 200, ..settings() });
    let half = 64;
    model.0.dictionary.encoder.bias = Tensor::from_fn([128], |j| if j < half { -8.0 } else { 0.0 });
    let mut adam = Adam::new(1e-2);
    for epoch in 0..20 {
        for numbers in nn::data::shuffled(data.len(), 0, epoch).chunks(64) {
            let update = &mut Update { optimizer: &mut adam, clip_norm: None };
            model.train_step(&data.rows(numbers), Context::training(0, epoch, numbers), update).unwrap();
        }
    }
    model.0.idle.0.to_vec()[..half].iter().filter(|idle| **idle < 1438.0).count()
}

#[test]
fn the_dead_return() {
    let (without, with) = (revived(0.0), revived(1.0 / 32.0));
    assert!(without == 0 && with > 48, "{without} without help, {with} with it, of 64");
}

#[test]
fn help_teaches_the_dead_and_leaves_the_living_alone() {
    let x = digits().train.rows(&[0, 1, 2]);
    let gradient = |dead: usize| {
        let mut model = built(&Config { revived: 4, ..settings() }).0;
        model.idle.0 = Tensor::from_fn([128], |j| if j < dead { 1e5 } else { 0.0 });
        model.dictionary.encoder.bias = Tensor::from_fn([128], |j| if j < 10 { -8.0 } else { 0.0 });
        let context = &mut Context::training(0, 1, &[0, 1, 2]);
        let (_, gradient, _idle) = autograd::value_and_grad_with(&model, |model, tape| {
            (Model::loss(&model, tape.constant(&x), context).total(), NewBuffers::of(&model))
        });
        gradient
    };
    let (without, with) = (gradient(0).dictionary.encoder.weight, gradient(10).dictionary.encoder.weight);
    let width = 64;
    assert!(without.to_vec()[..10 * width].iter().all(|g| *g == 0.0));
    assert!(with.to_vec()[..10 * width].iter().any(|g| *g != 0.0));
    assert_eq!(without.to_vec()[10 * width..], with.to_vec()[10 * width..]);
}

#[test]
fn bad_settings_are_refused() {
    let data = digits().train;
    for (config, text) in [
        (Config { k: 0, ..settings() }, "k must be from 1 to the 128 units of the code, not 0"),
        (Config { k: 129, ..settings() }, "not 129"),
        (Config { first_factor: 0.5, ..settings() }, "first_factor must be a number from 1 up, not 0.5"),
        (Config { annealing: 2.0, ..settings() }, "annealing is a share"),
        (Config { test_factor: f64::NAN, ..settings() }, "test_factor must be"),
        (Config { test_factor: 2.0, select: Select::Batch, ..settings() }, "a threshold says who is on"),
        (Config { revival: -1.0, ..settings() }, "revival must be"),
        (Config { revived: 0, ..settings() }, "at least 1"),
    ] {
        let error = config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).err().unwrap().to_string();
        assert!(error.contains(text), "{error}");
    }
}
