//! Every layer, in one table: shapes, parameters, gradients, PyTorch's numbers, checkpoints, training
//! and evaluation.
//!
//! `fixtures/layers.safetensors` holds what PyTorch computes; `fixtures/layers.py` makes it and says what
//! it holds. Parameters are loaded from it by their names, so the table checks those as well.

use std::collections::BTreeSet;
use std::path::Path;

use autograd::{
    Conv, ConvTranspose, Name, NewBuffers, Tape, Tensor, Tree, Upsample, Window, gradcheck_slice,
};
use nn::checkpoint::Checkpoint;
use nn::layers::{
    Attention, BatchNorm, Bidirectional, Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Dropout,
    GroupNorm, Gru, Layer, LayerNorm, LearnedPositions, Lstm, NormPlace, Residual, RmsNorm, SeparableConv2d,
    SinusoidalPositions, Tied, TransformerBlock,
};
use nn::{Activation, Context, Generator, Init, Linear, Mlp, Purpose, Sequential, generator};

type Layers = Sequential<Tensor<f64>>;

/// A line of the table.
struct Case {
    name: &'static str,
    build: fn(&mut Generator) -> Vec<Layer<Tensor<f64>>>,
    output: &'static [usize],
    /// The numbers in its parameters and buffers.
    parameters: usize,
}

const fn case(
    name: &'static str,
    build: fn(&mut Generator) -> Vec<Layer<Tensor<f64>>>,
    output: &'static [usize],
    parameters: usize,
) -> Case {
    Case { name, build, output, parameters }
}

fn linear(from: &mut Generator, [inputs, outputs]: [usize; 2]) -> Layer<Tensor<f64>> {
    Linear::new(inputs, outputs, Init::Glorot, from).into()
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    case("linear", |from| vec![linear(from, [3, 4])], &[5, 4], 16),
    case("linear on sequences", |from| vec![linear(from, [3, 4])], &[2, 5, 4], 16),
    case("mlp", |from| vec![linear(from, [3, 4]), Activation::Tanh.into(), linear(from, [4, 2])], &[5, 2], 26),
    case("conv1d", |from| {
        let options = Conv { stride: [2], padding: [1], groups: 2, ..Conv::default() };
        vec![Conv1d::new([4, 6], 3, options, Init::He, from).into()]
    }, &[2, 6, 4], 6 * 2 * 3 + 6),
    case("conv2d", |from| {
        let options = Conv { stride: [2, 1], padding: [1, 0], dilation: [1, 2], groups: 1 };
        vec![Conv2d::new([2, 3], [3, 2], options, Init::He, from).into()]
    }, &[2, 3, 3, 2], 3 * 2 * 6 + 3),
    case("conv_transpose2d", |from| {
        let (stride, padding, output_padding) = ([2, 2], [1, 1], [1, 1]);
        let options = ConvTranspose { stride, padding, output_padding, groups: 2, ..ConvTranspose::default() };
        vec![ConvTranspose2d::new([4, 6], [3, 3], options, Init::He, from).into()]
    }, &[2, 6, 6, 4], 4 * 3 * 9 + 6),
    case("conv_transpose1d", |from| {
        let options = ConvTranspose {
            stride: [2], padding: [1], output_padding: [1], groups: 2, ..ConvTranspose::default()
        };
        vec![ConvTranspose1d::new([4, 6], 3, options, Init::He, from).into()]
    }, &[2, 6, 10], 4 * 3 * 3 + 6),
    case("separable_conv2d", |from| {
        let options = Conv { stride: [2, 1], padding: [1, 0], ..Conv::default() };
        vec![SeparableConv2d::new([3, 4], [3, 2], options, Init::He, from).into()]
    }, &[2, 4, 3, 3], 3 * 6 + 3 + 4 * 3 + 4),
    case("batch_norm of features", |_| vec![BatchNorm::new(3).into()], &[5, 3], 4 * 3 + 1),
    case("batch_norm of images", |_| vec![BatchNorm::new(2).into()], &[3, 2, 2, 3], 4 * 2 + 1),
    case("layer_norm", |_| vec![LayerNorm::new([4]).into()], &[3, 4], 8),
    case("layer_norm over two axes", |_| vec![LayerNorm::new([2, 3]).into()], &[3, 2, 3], 12),
    case("group_norm", |_| vec![GroupNorm::new(2, 4).into()], &[3, 4, 2, 2], 8),
    case("rms_norm", |_| vec![RmsNorm::new([4]).into()], &[3, 4], 4),
    case("rms_norm over two axes", |_| vec![RmsNorm::new([2, 3]).into()], &[3, 2, 3], 6),
    case("gru", |from| vec![Gru::new(3, 4, from).into()], &[2, 5, 4], 12 * (3 + 4 + 2)),
    case("bidirectional gru", |from| {
        vec![Bidirectional { forward: Gru::new(3, 4, from), backward: Gru::new(3, 4, from) }.into()]
    }, &[2, 5, 8], 2 * 12 * (3 + 4 + 2)),
    case("lstm", |from| vec![Lstm::new(3, 4, from).into()], &[2, 5, 4], 16 * (3 + 4 + 2)),
    case("bidirectional lstm", |from| {
        vec![Bidirectional { forward: Lstm::new(3, 4, from), backward: Lstm::new(3, 4, from) }.into()]
    }, &[2, 5, 8], 2 * 16 * (3 + 4 + 2)),
    case("attention", |from| vec![Attention::new(6, 2, from).into()], &[2, 4, 6], 4 * (36 + 6)),
    case("transformer_block", |from| {
        vec![TransformerBlock::new([6, 10], 2, from).into()]
    }, &[2, 4, 6], 4 * (36 + 6) + 2 * 60 + 16 + 4 * 6),
    case("transformer_block after the paper, causal", |from| {
        let (norm, activation, causal) = (NormPlace::After, Activation::Silu, true);
        vec![TransformerBlock { norm, activation, causal, ..TransformerBlock::new([6, 10], 3, from) }.into()]
    }, &[2, 4, 6], 4 * (36 + 6) + 2 * 60 + 16 + 4 * 6),
    case("learned_positions", |from| vec![LearnedPositions::new(5, 4, from).into()], &[2, 3, 4], 20),
    case("sinusoidal_positions", |_| vec![SinusoidalPositions.into()], &[2, 3, 5], 0),
    case("residual", |from| {
        vec![Residual::new([linear(from, [3, 3]), Activation::Tanh.into(), linear(from, [3, 3])]).into()]
    }, &[4, 3], 24),
    case("nested", |from| {
        let inner = Sequential::new([Activation::Elu.into(), BatchNorm::new(6).into()]);
        vec![linear(from, [4, 6]), inner.into(), linear(from, [6, 2])]
    }, &[4, 2], 30 + 25 + 14),
    case("pooling", |from| {
        let convolution = Conv2d::new([1, 2], [3, 3], Conv::default(), Init::He, from);
        let window = Window::new([2, 2]);
        let pooling = [Layer::MaxPool2d(window), Layer::AvgPool2d(window), Layer::Flatten];
        [vec![convolution.into()], pooling.into(), vec![linear(from, [4, 3])]].concat()
    }, &[2, 3], 20 + 15),
    case("upsampling", |from| {
        vec![
            linear(from, [3, 8]),
            Layer::Unflatten(vec![2, 2, 2]),
            Layer::UpsampleNearest(Upsample::Factor(2)),
            Conv2d::new([2, 1], [3, 3], Conv::default(), Init::He, from).into(),
            Layer::UpsampleBilinear(Upsample::Size([3, 5])),
        ]
    }, &[2, 1, 3, 5], 32 + 19),
    case("identity", |_| vec![Activation::Identity.into()], &[3, 4], 0),
    case("relu", |_| vec![Activation::Relu.into()], &[3, 4], 0),
    case("leaky_relu", |_| vec![Activation::LeakyRelu.into()], &[3, 4], 0),
    case("elu", |_| vec![Activation::Elu.into()], &[3, 4], 0),
    case("selu", |_| vec![Activation::Selu.into()], &[3, 4], 0),
    case("gelu", |_| vec![Activation::Gelu.into()], &[3, 4], 0),
    case("silu", |_| vec![Activation::Silu.into()], &[3, 4], 0),
    case("mish", |_| vec![Activation::Mish.into()], &[3, 4], 0),
    case("tanh", |_| vec![Activation::Tanh.into()], &[3, 4], 0),
    case("sigmoid", |_| vec![Activation::Sigmoid.into()], &[3, 4], 0),
    case("softplus", |_| vec![Activation::Softplus.into()], &[3, 4], 0),
    case("softsign", |_| vec![Activation::Softsign.into()], &[3, 4], 0),
];

/// What PyTorch computed.
pub(crate) fn fixture() -> Checkpoint<f64> {
    Checkpoint::read(Path::new("tests/fixtures/layers.safetensors")).unwrap()
}

pub(crate) fn init() -> Generator {
    generator(0, Purpose::Init, 0, 0)
}

pub(crate) fn numbers(tree: &impl Tree<Tensor<f64>>) -> usize {
    let mut count = 0;
    tree.visit(&mut |_, leaf| count += leaf.len());
    count
}

pub(crate) fn leaves(tree: &impl Tree<Tensor<f64>>) -> Vec<Tensor<f64>> {
    let mut all = vec![];
    tree.visit(&mut |_, leaf| all.push(leaf.clone()));
    all
}

/// The output in a training or an evaluation pass; a training pass also stores running statistics.
fn output(model: &mut Layers, x: &Tensor<f64>, training: bool) -> Tensor<f64> {
    let examples: Vec<usize> = (0..x.shape()[0]).collect();
    let mut context =
        if training { Context::training(3, 1, &examples) } else { Context::evaluation(3, &examples) };
    let (y, statistics) = autograd::value_with(model, |layers, tape| {
        (layers.forward(tape.constant(x), &mut context), NewBuffers::of(&layers))
    });
    statistics.store(model);
    y
}

#[track_caller]
pub(crate) fn assert_near(what: &str, ours: &Tensor<f64>, theirs: &Tensor<f64>) {
    assert_eq!(ours.shape(), theirs.shape(), "{what}");
    let pairs = ours.to_vec().into_iter().zip(theirs.to_vec());
    let worst = pairs.map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0, f64::max);
    assert!(worst < 1e-12, "{what}: off by {worst:.1e}");
}

#[test]
fn every_layer_computes_what_pytorch_does() {
    let theirs = fixture();
    for case in CASES {
        let Case { name, .. } = case;
        let mut model = Sequential::new((case.build)(&mut init()));
        theirs.restore(&format!("{name}/parameter"), &mut model).unwrap_or_else(|e| panic!("{name}: {e}"));
        let x = &theirs.tensors[&format!("{name}/input")];
        for (mode, training) in [("training", true), ("evaluation", false)] {
            let y = output(&mut model, x, training);
            assert_near(&format!("{name}, {mode}"), &y, &theirs.tensors[&format!("{name}/{mode}")]);
        }
        let mut after = Sequential::new((case.build)(&mut init()));
        theirs.restore(&format!("{name}/after"), &mut after).unwrap();
        for (ours, theirs) in leaves(&model).iter().zip(leaves(&after)) {
            assert_near(&format!("{name}, parameters and statistics afterwards"), ours, &theirs);
        }
    }
    let known: BTreeSet<&str> =
        CASES.iter().map(|case| case.name).chain(["cross_attention", "embedding_bag"]).collect();
    let stored: BTreeSet<&str> =
        theirs.tensors.keys().filter_map(|key| Some(key.split_once('/')?.0)).collect();
    assert_eq!(known, stored, "every fixture is used");
}

#[test]
fn shapes_and_numbers_of_parameters() {
    let theirs = fixture();
    for case in CASES {
        let mut model = Sequential::new((case.build)(&mut init()));
        assert_eq!(numbers(&model), case.parameters, "{}", case.name);
        let y = output(&mut model, &theirs.tensors[&format!("{}/input", case.name)], true);
        assert_eq!(y.shape(), case.output, "{}", case.name);
    }
}

#[test]
fn gradients_by_parameters_and_input_at_orders_1_and_2() {
    let theirs = fixture();
    for case in CASES {
        let mut model = Sequential::new((case.build)(&mut init()));
        theirs.restore(&format!("{}/parameter", case.name), &mut model).unwrap();
        let x = theirs.tensors[&format!("{}/input", case.name)].clone();
        output(&mut model, &x, true);
        let examples: Vec<usize> = (0..x.shape()[0]).collect();
        for context in [Context::training(3, 1, &examples), Context::evaluation(3, &examples)] {
            // Statistics are not differentiated: they follow from the data.
            let mut inputs = vec![x.clone()];
            model.visit(&mut |name, leaf| {
                if !name.is_buffer() {
                    inputs.push(leaf.clone())
                }
            });
            for order in 1..=2 {
                gradcheck_slice(
                    &|inputs| {
                        let (x, mut next) = (inputs[0], inputs[1..].iter().copied());
                        let layers = model.map(Name::Root, &mut |name, leaf| match name.is_buffer() {
                            true => x.tape().constant(leaf),
                            false => next.next().expect("one for each parameter"),
                        });
                        layers.forward(x, &mut context.clone())
                    },
                    &inputs,
                    order,
                )
                .unwrap_or_else(|e| panic!("{}: {e}", case.name));
            }
        }
    }
}

#[test]
fn checkpoints_bring_every_layer_back() {
    let folder = tempfile::tempdir().unwrap();
    for case in CASES {
        let path = folder.path().join("layer.safetensors");
        let model = Sequential::new((case.build)(&mut init()));
        nn::checkpoint::save(&path, &model, Default::default()).unwrap();
        let mut other = Sequential::new((case.build)(&mut generator(9, Purpose::Init, 0, 0)));
        nn::checkpoint::load(&path, &mut other).unwrap();
        assert_eq!(leaves(&other), leaves(&model), "{}", case.name);
    }
}

#[test]
fn only_dropout_and_batch_norm_differ_between_training_and_evaluation() {
    let theirs = fixture();
    for case in CASES {
        let mut model = Sequential::new((case.build)(&mut init()));
        let x = &theirs.tensors[&format!("{}/input", case.name)];
        let before = leaves(&model);
        let modes = [true, false].map(|training| output(&mut model, x, training));
        let statistics = case.name.starts_with("batch_norm") || case.name == "nested";
        assert_eq!(modes[0] != modes[1], statistics, "{}", case.name);
        assert_eq!(
            before != leaves(&model),
            statistics,
            "{}: a training pass changes statistics only",
            case.name
        );
    }
}

#[test]
fn an_mlp_has_the_names_of_the_same_layers_in_sequence() {
    let theirs = fixture();
    let mut mlp = Mlp::<Tensor<f64>>::new(&[3, 4, 2], Activation::Tanh, &mut init());
    theirs.restore("mlp/parameter", &mut mlp).unwrap();
    let x = &theirs.tensors["mlp/input"];
    let y = autograd::value(&mlp, |mlp, tape| mlp.forward(tape.constant(x)));
    assert_near("mlp", &y, &theirs.tensors["mlp/evaluation"]);
}

#[test]
fn dropout_keeps_the_expectation_and_belongs_to_the_example() {
    let ones = Tensor::<f64>::ones([4, 5000]);
    let mut layers: Layers = Sequential::new([Dropout::new(0.25).into()]);
    assert_eq!(output(&mut layers, &ones, false), ones);
    let dropped = output(&mut layers, &ones, true).to_vec();
    let zeros = dropped.iter().filter(|&&x| x == 0.0).count() as f64 / 20_000.0;
    // Three standard errors of 20,000 draws are 0.009.
    assert!((zeros - 0.25).abs() < 0.0092, "{zeros}");
    assert!(dropped.iter().all(|&x| x == 0.0 || x == 1.0 / 0.75));

    let alone = {
        let mut context = Context::training(3, 1, &[2]);
        let one = Tensor::<f64>::ones([1, 5000]);
        autograd::value(&layers, |layers, tape| layers.forward(tape.constant(&one), &mut context))
    };
    assert_eq!(alone.to_vec(), dropped[10_000..15_000]);
    // Two layers drop different units.
    let mut twice: Layers = Sequential::new([Dropout::new(0.5).into(), Dropout::new(0.5).into()]);
    let kept = output(&mut twice, &ones, true).to_vec().iter().filter(|&&x| x != 0.0).count();
    assert!((kept as f64 / 20_000.0 - 0.25).abs() < 0.0092, "{kept}");
}

#[derive(Clone)]
struct TiedAutoencoder<W> {
    encoder: Linear<W>,
    decoder: Tied<W>,
}
autograd::tree!(TiedAutoencoder { encoder, decoder });

#[test]
fn a_tied_matrix_is_one_leaf_with_both_contributions() {
    let encoder = Linear::<Tensor<f64>>::new(5, 2, Init::Glorot, &mut init());
    let model = TiedAutoencoder { decoder: Tied::new(&encoder), encoder };
    assert_eq!(numbers(&model), 2 * 5 + 2 + 5);
    let mut names = vec![];
    model.visit(&mut |name, _| names.push(name.to_string()));
    assert_eq!(names, ["encoder.weight", "encoder.bias", "decoder.bias"]);

    let x = Tensor::from_fn([3, 5], |i| (i as f64).sin());
    let tape = Tape::new();
    let [w, w_back] = [0, 1].map(|_| tape.var(&model.encoder.weight));
    let h = (tape.constant(&x).matmul(w.t())).tanh();
    let separate = (h.matmul(w_back) - tape.constant(&x)).square().sum().backward();
    let (_, gradient) = autograd::value_and_grad(&model, |model, tape| {
        let x = tape.constant(&x);
        let h = model.encoder.forward(x).tanh();
        (model.decoder.forward(h, &model.encoder) - x).square().sum()
    });
    let both = separate.wrt(w).zip(&separate.wrt(w_back), |a, b| a + b);
    assert_near("both contributions", &gradient.encoder.weight, &both);
    let loss = |encoder: &Tensor<f64>| {
        let mut moved = model.clone();
        moved.encoder.weight = encoder.clone();
        autograd::value(&moved, |model, tape| {
            let x = tape.constant(&x);
            (model.decoder.forward(model.encoder.forward(x).tanh(), &model.encoder) - x).square().sum()
        })
        .item()
    };
    let step = 1e-6;
    let along = |sign: f64| model.encoder.weight.zip(&gradient.encoder.weight, |w, g| w + sign * step * g);
    let slope = (loss(&along(1.0)) - loss(&along(-1.0))) / (2.0 * step);
    let square: f64 = gradient.encoder.weight.to_vec().iter().map(|g| g * g).sum();
    assert!((slope / square - 1.0).abs() < 1e-8, "{slope} {square}");
}

#[test]
#[should_panic(expected = "BatchNorm: there are no running statistics yet; a step of training sets them")]
fn evaluation_before_any_statistics_is_loud() {
    let layers: Layers = Sequential::new([BatchNorm::new(3).into()]);
    let context = &mut Context::evaluation(0, &[0, 1]);
    autograd::value(&layers, |layers, tape| layers.forward(tape.constant(Tensor::ones([2, 3])), context));
}

#[test]
#[should_panic(
    expected = "each channel of [1, 3]; if this is what was left for the last batch of an epoch, set `drop_last`"
)]
fn training_on_a_single_number_is_loud() {
    let layers: Layers = Sequential::new([BatchNorm::new(3).into()]);
    let context = &mut Context::training(0, 1, &[0]);
    autograd::value(&layers, |layers, tape| layers.forward(tape.constant(Tensor::ones([1, 3])), context));
}

#[test]
#[should_panic(expected = "Residual: the layers turn the shape [2, 3] into [2, 4]")]
fn a_residual_body_keeps_the_shape() {
    let layers: Layers = Sequential::new([Residual::new([linear(&mut init(), [3, 4])]).into()]);
    let context = &mut Context::training(0, 1, &[0, 1]);
    autograd::value(&layers, |layers, tape| layers.forward(tape.constant(Tensor::ones([2, 3])), context));
}
