//! What pretraining does, and that building does not do it.

use nn::checkpoint::Metadata;
use nn::{Purpose, generator};

use super::*;
use crate::AnyModel;
use crate::data::digits;

fn built(pretraining: usize) -> Learned<Stacked<Tensor<f32>>> {
    let data = digits().train;
    let config = Config { code: 12, hidden: vec![40, 24], pretraining, ..Config::defaults(&data) };
    config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap()
}

/// After the first part of training.
fn pretrained(epochs: usize) -> Learned<Stacked<Tensor<f32>>> {
    let mut model = built(epochs);
    model.prepare(&digits().train, 0, &crate::train::train_part).unwrap();
    model
}

#[test]
fn pretraining_helps_before_any_fine_tuning() {
    let data = digits();
    let [random, pretrained] =
        [built(10), pretrained(10)].map(|model| evaluate::mean_squared_error(&model, &data.test));
    assert!(pretrained < 0.7 * random, "{random} became {pretrained}");
}

#[test]
fn every_stage_learns_the_codes_below_it() {
    let mut x = digits().train;
    let (before, after) = (built(10).0, pretrained(10).0);
    for level in 0..3 {
        let stage = Learned(after.stage(level));
        let mean = evaluate::mean(x.x());
        let error = evaluate::mean_squared_error(&stage, &x);
        let start = evaluate::mean_squared_error(&Learned(before.stage(level)), &x);
        let nothing = evaluate::variance_around(&mean, &x);
        assert!(error < 0.8 * start.min(nothing), "level {level}: {error} {start} {nothing}");
        x = Dataset::new(evaluate::codes(&stage, &x));
    }
}

#[test]
fn pretraining_belongs_to_training_and_happens_once() {
    use crate::train::{Lesson, Plan, trainer};
    let data = digits();
    let plan = |epochs| Plan { epochs, learning_rate: 1e-9, ..Plan::default() };
    let mut model = built(2);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.safetensors");
    let mut first = trainer(&plan(1)).with_checkpoints(&path, std::time::Duration::MAX);
    first.run(&mut Lesson::new(&mut model, &data)).unwrap();
    // The steps are too small to be seen, so what changed is the pretraining.
    let x = data.test.rows(&[0, 1]);
    let far = |a: &dyn AnyModel, b: &dyn AnyModel| {
        let difference = a.encode(&x).zip(&b.encode(&x), |a, b| (a - b).abs());
        difference.to_vec().into_iter().fold(0.0, f32::max)
    };
    assert!(far(&model, &pretrained(2)) < 1e-4, "{}", far(&model, &pretrained(2)));
    assert!(far(&model, &built(2)) > 1e-2);
    // A resumed training does not pretrain again, which would be a second dose.
    let mut resumed = built(2);
    let mut second = trainer(&plan(2));
    second.resume(&mut Lesson::new(&mut resumed, &data), &path).unwrap();
    second.run(&mut Lesson::new(&mut resumed, &data)).unwrap();
    assert!(far(&resumed, &model) < 1e-4, "{}", far(&resumed, &model));
}

#[test]
fn one_checkpoint_serves_the_autoencoder_and_the_classifier() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pretrained.safetensors");
    let pretrained = pretrained(2);
    pretrained.save(&path, Metadata::default()).unwrap();
    let mut loaded = built(2);
    loaded.load(&path).unwrap();
    let x = digits().test.rows(&[0, 1, 2]);
    assert_eq!(loaded.encode(&x), pretrained.encode(&x));
    let classifier = loaded.0.classifier(10, &mut generator(1, Purpose::Init, 0, 0));
    assert_eq!(classifier.encoder[2].weight, pretrained.0.mirror.up[2].weight);
    let scores = autograd::value(&classifier, |classifier, tape| classifier.forward(tape.constant(&x)));
    assert_eq!(scores.shape(), [3, 10]);
}

#[test]
fn decoders_are_copies() {
    let mut model = pretrained(1).0;
    let back = model.mirror.down[0].weight.clone().unwrap();
    assert_eq!(back, model.mirror.up[0].weight);
    model.mirror.up[0].weight = Tensor::zeros([40, 64]);
    assert_eq!(model.mirror.down[0].weight, Some(back));
}

#[test]
fn noise_is_for_training_and_the_target_is_clean() {
    let data = digits().train;
    let config = Config { masking: vec![1.0], pretraining: 0, ..Config::defaults(&data) };
    let model = config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
    let stage = Learned(model.0.stage(0));
    let x = data.rows(&[5]);
    let loss = |context| stage.loss(&x, context).total();
    // With everything masked the code is that of an empty image, but the loss is that of the digit.
    let x_hat = stage.decode(&stage.encode(&Tensor::zeros([1, 64]))).to_vec();
    let nats = |(p, x): (&f32, &f32)| {
        -f64::from(*x) * f64::from(*p).ln() - f64::from(1.0 - x) * f64::from(1.0 - p).ln()
    };
    let expected: f64 = x_hat.iter().zip(&x.to_vec()).map(nats).sum();
    assert!((loss(Context::training(0, 1, &[5])) - expected).abs() < 1e-4 * expected);
    assert!((loss(Context::evaluation(0, &[5])) - expected).abs() > 1e-3 * expected);
}
