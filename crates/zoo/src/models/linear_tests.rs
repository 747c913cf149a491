//! A linear autoencoder is PCA: these are theorems, so the tolerances are those of training.

use nn::{Purpose, Schedule, generator};

use super::*;
use crate::AnyModel;
use crate::data::digits;
use crate::models::pca::Pca;
use crate::train::{Plan, train};

fn trained(config: &Config, plan: &Plan) -> Learned<Linear<Tensor<f32>>> {
    let data = digits();
    let mut model = config.build(&data.train, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
    train(&mut model, &data, plan).unwrap();
    model
}

fn plan(epochs: usize, learning_rate: f64) -> Plan {
    Plan { epochs, learning_rate, batch: 256, schedule: Schedule::Cosine { floor: 0.0 }, ..Plan::default() }
}

fn settings(code: usize) -> Config {
    Config { code, orthonormal: false, order: Order::None, decay: 0.0 }
}

/// The smallest `|cos|` between rows of the same number.
fn alignment(a: &Tensor<f32>, b: &Tensor<f32>) -> f64 {
    let rows = |x: &Tensor<f32>| x.to_vec().chunks(x.shape()[1]).map(<[f32]>::to_vec).collect::<Vec<_>>();
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let cosines =
        rows(a).into_iter().zip(rows(b)).map(|(a, b)| dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt());
    cosines.fold(1.0, |least, cosine| least.min(cosine.abs()))
}

#[test]
fn it_is_pca() {
    let data = digits();
    let pca = Pca::fit(data.train.x(), 8);
    for orthonormal in [false, true] {
        let model = trained(&Config { orthonormal, ..settings(8) }, &plan(300, 1e-2));
        for part in [&data.train, &data.test] {
            let (ours, best) =
                (evaluate::mean_squared_error(&model, part), evaluate::mean_squared_error(&pca, part));
            assert!((ours / best - 1.0).abs() < 1e-3, "{ours} and {best}");
        }
        let angle = evaluate::largest_angle(&model.0.principal_directions(), &pca.components);
        assert!(angle < 0.02, "orthonormal {orthonormal}: {angle}");
    }
}

#[test]
fn an_order_gives_the_axes() {
    let data = digits();
    let pca = Pca::fit(data.train.x(), 4);
    let nested = Config { order: Order::NestedDropout, ..settings(4) };
    let decay = Config { order: Order::Decay, decay: 0.3, ..settings(4) };
    for config in [&nested, &Config { orthonormal: true, ..nested.clone() }, &decay] {
        let model = trained(config, &plan(600, 1e-2));
        let dictionary = autograd::value(&model.0, |model, _| model.dictionary());
        let cosine = alignment(&dictionary, &pca.components);
        assert!(cosine > 0.99, "{config:?}: {cosine}");
    }
}

#[test]
fn singular_vectors_of_a_decayed_decoder_are_the_axes() {
    let data = digits();
    let pca = Pca::fit(data.train.x(), 4);
    let model = trained(&Config { decay: 0.1, ..settings(4) }, &plan(400, 1e-2));
    let cosine = alignment(&model.0.principal_directions(), &pca.components);
    assert!(cosine > 0.99, "{cosine}");
    // Its own rows are any rotation of them.
    assert!(alignment(&model.0.decoder, &pca.components) < 0.9);
}

#[test]
fn the_orthonormal_dictionary_is_orthonormal() {
    let model = trained(&Config { orthonormal: true, ..settings(4) }, &plan(3, 1e-2));
    let rows = autograd::value(&model.0, |model, _| model.dictionary());
    let gram = rows.matmul(&rows.t()).to_vec();
    for (entry, one) in gram.iter().zip(Tensor::<f32>::eye(4).to_vec()) {
        assert!((entry - one).abs() < 1e-5, "{gram:?}");
    }
}

#[test]
fn bad_settings_are_refused() {
    let data = digits().train;
    let refused = |config: Config| {
        let built = config.build(&data, &mut generator(0, Purpose::Init, 0, 0));
        built.err().expect("it is refused").to_string()
    };
    assert!(refused(settings(65)).contains("at most 64 linear components, not 65"));
    assert!(refused(Config { decay: f64::NAN, ..settings(4) }).contains("decay must be"));
    assert!(refused(Config { order: Order::Decay, ..settings(4) }).contains("above 0"));
    assert_eq!(
        settings(3).build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap().encode(data.x()).shape()[1],
        3
    );
}
