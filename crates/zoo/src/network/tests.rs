//! Every network on every shape that it reads.

use autograd::{Tree, cost, value, value_and_grad};
use nn::data::schema::{Block, Kind, Schema};
use nn::optim::Adam;
use nn::train::Update;
use nn::{Purpose, generator};

use super::*;
use crate::models::autoencoder;
use crate::{AnyModel, Settings, evaluate};

fn data(schema: Schema) -> Dataset {
    let width = schema.width();
    let value = |i: usize| {
        let (row, column) = ((i / width) as f32, (i % width) as f32);
        0.5 + 0.3 * (0.37 * column + 1.3 * row).sin() + 0.1 * (2.1 * row * column).cos()
    };
    Dataset::new(Tensor::from_fn([12, width], value)).with_schema(schema)
}

/// Series, each of which stays where it is.
fn levels(schema: &Schema) -> Dataset {
    let width = schema.width();
    let x = Tensor::from_fn([12, width], |i| 0.5 + 0.3 * (1.3 * (i / width) as f32).sin());
    Dataset::new(x).with_schema(schema.clone())
}

/// Networks for pictures, small.
fn of_pictures() -> Vec<Network> {
    let (channels, hidden, activation) = (vec![8, 8], vec![7], Activation::Silu);
    let norms = [Norm::None, Norm::Batch, Norm::Layer, Norm::Group];
    let conv = |norm| Conv { channels: channels.clone(), hidden: hidden.clone(), norm, activation }.into();
    let resnet = |norm| ResNet { channels: vec![8, 8], blocks: 2, norm, activation }.into();
    let transformer = Transformer { patch: 3, width: 8, heads: 2, blocks: 2, word_dropout: 0.0 }.into();
    let all = norms.into_iter().flat_map(|norm| [conv(norm), resnet(norm)]);
    all.chain([transformer, residual(Norm::Group), residual(Norm::Batch)]).collect()
}

fn residual(norm: Norm) -> Network {
    Residual { width: 16, blocks: 2, norm, activation: Activation::Silu }.into()
}

/// Networks for series with so many channels, small.
fn of_series(step: usize) -> Vec<Network> {
    let conv1d = |blocks, norm| {
        Conv1d { channels: vec![8, 8], kernel: 5, blocks, norm, activation: Activation::Silu }.into()
    };
    vec![
        conv1d(0, Norm::None),
        conv1d(0, Norm::Batch),
        conv1d(3, Norm::Group),
        Gru { state: 6, layers: 1, step, word_dropout: 0.0 }.into(),
        Gru { state: 6, layers: 3, step, word_dropout: 0.0 }.into(),
        Lstm { state: 6, layers: 2, step, word_dropout: 0.0 }.into(),
        Transformer { patch: 3, width: 8, heads: 2, blocks: 2, word_dropout: 0.0 }.into(),
        residual(Norm::Layer),
    ]
}

fn pictures(shape: [usize; 3]) -> Schema {
    Schema::image(shape, Kind::UnitInterval)
}

fn net(data: &Dataset, network: &Network, likelihood: Likelihood) -> Autoencoder<Tensor<f32>> {
    let design = Design { code: 3, network: network.clone(), likelihood };
    Autoencoder::new(data, &design, &mut generator(0, Purpose::Init, 0, 0)).unwrap()
}

/// All networks with data that they read.
fn all() -> Vec<(Network, Dataset)> {
    let pictures = [[3, 8, 8], [1, 9, 9], [3, 7, 5], [4, 1, 3], [3, 2, 9]].map(|shape| data(pictures(shape)));
    let series = [[1, 1], [2, 3], [16, 2], [17, 1], [29, 5]];
    let of_series = series.into_iter().flat_map(|shape| {
        let data = data(Schema::series(shape, Kind::Real));
        of_series(shape[1]).into_iter().map(move |network| (network, data.clone()))
    });
    let of_pictures = pictures
        .into_iter()
        .flat_map(|data| of_pictures().into_iter().map(move |network| (network, data.clone())));
    of_pictures.chain(of_series).collect()
}

#[test]
fn any_shape_comes_back_and_begins_near_the_mean() {
    for (network, data) in all() {
        for likelihood in [Likelihood::SquaredError, Likelihood::GaussianPerPixel] {
            let net = net(&data, &network, likelihood);
            let rebuilt = value(&net, |net, tape| {
                let z = net.encode(tape.constant(data.x()), &mut evaluation());
                net.reconstruction(z)
            });
            assert_eq!(rebuilt.shape(), data.x().shape(), "{network:?}, {}", data.schema());
            let mean = evaluate::mean(data.x());
            let far = rebuilt.zip(&mean, |a, b| (a - b).abs()).to_vec().into_iter().fold(0.0, f32::max);
            assert!(far < 0.2, "{network:?}, {}, {likelihood:?}: {far}", data.schema());
        }
    }
}

/// A part that nothing reaches would never learn.
#[test]
fn every_parameter_gets_a_gradient() {
    for (network, data) in all() {
        // Of one place alone, attention has nothing to choose from, and a normalized group is nothing but its bias.
        if data.schema().width() < 20 {
            continue;
        }
        let net = net(&data, &network, Likelihood::SquaredError);
        let (_, gradient) = value_and_grad(&net, |net, tape| {
            let (x, context) = (tape.constant(data.x()), &mut evaluation());
            let z = net.encode(x, context);
            net.loss(z, x, context)
        });
        gradient.visit(&mut |name, leaf: &Tensor<f32>| {
            let reached = leaf.to_vec().iter().any(|g| *g != 0.0);
            assert!(!name.is_trained() || reached, "{network:?}, {}: {name}", data.schema());
        });
    }
}

#[test]
fn every_network_learns() {
    for (network, data) in all() {
        // Of a single number attention keeps little more than the sign.
        if data.schema().width() == 1 {
            continue;
        }
        // Fast waves, each with a phase of its own, are more than six units write from a code that stays the same: what
        // recurrent layers are given are levels.
        let recurrent = matches!(network, Network::Gru(_) | Network::Lstm(_));
        let data = if recurrent { levels(data.schema()) } else { data };
        let design = Design { code: 3, network: network.clone(), likelihood: Likelihood::SquaredError };
        let config = autoencoder::Config { design, code_activation: Activation::Identity };
        let mut model = config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
        let numbers: Vec<usize> = (0..data.len()).collect();
        let mut adam = Adam::new(1e-2);
        let mut step = || {
            let mut update = Update { optimizer: &mut adam, clip_norm: None };
            model.train_step(data.x(), Context::training(0, 1, &numbers), &mut update).unwrap().total()
        };
        let before = step();
        // Gates open slowly.
        let steps = if recurrent { 200 } else { 60 };
        let after = (0..steps).map(|_| step()).last().unwrap();
        assert!(after < 0.7 * before, "{network:?}, {}: {before} became {after}", data.schema());
    }
}

#[test]
fn what_a_network_does_not_read_is_refused_with_one_that_does() {
    let of = |schema: Schema, network: Network| {
        let design = Design { code: 2, network, likelihood: Likelihood::SquaredError };
        let from = &mut generator(0, Purpose::Init, 0, 0);
        Autoencoder::new(&data(schema), &design, from).err().unwrap().to_string()
    };
    let mlp = Mlp { hidden: vec![], activation: Activation::Relu };
    let named = |name: &str, schema: &Schema| Network::named(name, &data(schema.clone()), &mlp).unwrap();
    let mixed = Schema::new([Schema::real(2).blocks(), pictures([1, 4, 4]).blocks()].concat());
    let series = Schema::series([6, 2], Kind::Real);
    for (name, schema, instead) in [
        ("conv", &Schema::real(5), "mlp"),
        ("conv", &series, "conv1d"),
        ("resnet", &series, "conv1d"),
        ("conv1d", &pictures([1, 4, 4]), "conv"),
        ("conv1d", &mixed, "mlp"),
        ("gru", &pictures([3, 4, 4]), "conv"),
        ("lstm", &mixed, "mlp"),
        ("transformer", &mixed, "mlp"),
        ("gru", &Schema::new([Block::new(Shape::Scalars(4), Kind::Category)]), "mlp"),
    ] {
        let text = of(schema.clone(), named(name, schema));
        let expected = format!(", and these examples are {schema}; `--net {instead}` reads them");
        assert!(
            text.contains(&format!("the network `{name}` reads ")) && text.ends_with(&expected),
            "{text}"
        );
        net(&data(schema.clone()), &named(instead, schema), Likelihood::SquaredError);
    }
    let text = of(series.clone(), Gru { state: 3, layers: 1, step: 3, word_dropout: 0.0 }.into());
    assert!(
        text.ends_with("a step of series of 6 steps with 2 channels has 2 numbers, and step = 3"),
        "{text}"
    );
    let text = of(Schema::real(10), Gru { state: 3, layers: 1, step: 3, word_dropout: 0.0 }.into());
    assert!(
        text.contains("10 features are no series of steps with 3 numbers; choose a divisor of 10"),
        "{text}"
    );
    let text =
        of(series.clone(), Transformer { patch: 2, width: 6, heads: 4, blocks: 1, word_dropout: 0.0 }.into());
    assert!(text.contains("4 do not divide 6"), "{text}");
    let text = of(series, Lstm { state: 0, layers: 1, step: 2, word_dropout: 0.0 }.into());
    assert!(text.ends_with("state must be at least 1, not 0"), "{text}");
}

#[test]
fn what_suits_is_chosen_by_shape() {
    let suited = |schema: Schema| Network::suited(&data(schema));
    assert_eq!(suited(Schema::series([60, 8], Kind::Real)), "conv1d");
    assert_eq!(suited(Schema::series([8, 2], Kind::Real)), "mlp");
    assert_eq!(suited(pictures([3, 16, 16])), "conv");
    assert_eq!(suited(pictures([1, 16, 16])), "mlp");
}

#[test]
fn batches_are_normalized_by_statistics_from_the_beginning() {
    let data = data(pictures([1, 8, 8]));
    let network = Conv { channels: vec![4], hidden: vec![], norm: Norm::Batch, activation: Activation::Relu };
    let design = Design { code: 3, network: network.into(), likelihood: Likelihood::SquaredError };
    let config = autoencoder::Config { design, code_activation: Activation::Identity };
    let model = config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
    assert_eq!(model.smallest_batch(), 2);
    let together = model.encode(data.x());
    let alone = model.encode(&data.rows(&[5]));
    let far = alone.zip(&together.slice(0, 5..6), |a, b| (a - b).abs()).to_vec();
    assert!(far.into_iter().fold(0.0, f32::max) < 1e-6, "a code depends on its company");
}

/// A step takes what is said, and of that at most as much again for gradients.
#[test]
fn memory_of_an_example_is_that_of_a_step() {
    let of = |schema: Schema, name: &str| {
        let data = data(schema);
        let mlp = Mlp { hidden: vec![64], activation: Activation::Relu };
        let network = Network::named(name, &data, &mlp).unwrap();
        let design = Design { code: 3, network, likelihood: Likelihood::SquaredError };
        let said = net(&data, &design.network, Likelihood::SquaredError).bytes_of_example();
        let config = autoencoder::Config { design, code_activation: Activation::Identity };
        let mut model = config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
        let mut adam = Adam::new(1e-3);
        let mut step = |count: usize| {
            let numbers: Vec<usize> = (0..count).map(|i| i % 12).collect();
            let (x, mut update) = (data.rows(&numbers), Update { optimizer: &mut adam, clip_norm: None });
            let context = Context::training(0, 1, &numbers);
            cost::peak_of(|| model.train_step(&x, context, &mut update).unwrap()).1
        };
        // Vectors of up to 16 examples are filled up.
        step(32);
        let took = (step(32) - step(16)) as f64 / 16.0;
        let ratio = took / said as f64;
        assert!((0.9..2.1).contains(&ratio), "{name}: {said} bytes were said, and a step took {took}");
    };
    for name in ["mlp", "residual", "conv", "resnet", "transformer"] {
        of(pictures([3, 24, 24]), name);
    }
    for name in ["conv1d", "gru", "lstm", "transformer"] {
        of(Schema::series([50, 3], Kind::Real), name);
    }
}
