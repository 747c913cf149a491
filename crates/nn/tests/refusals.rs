//! Steps that are refused: with numbers that are none, of batches without examples, with statistics that nobody stored.
//! Each is said at the line of whoever asked for the step, and before anything is changed.

use autograd::{Buffer, Indices, Name, Op, Real, Recorded, Tape, Tensor, Tree, Var, tree, value_and_grad};
use nn::data::Pairs;
use nn::error::Number;
use nn::layers::{
    Attention, BatchNorm, Direction, Dropout, EmbeddingBag, GroupNorm, Gru, LayerNorm, LearnedPositions,
    Pooling, Recurrent, Residual, RmsNorm, SinusoidalPositions, TransformerBlock, Visible,
};
use nn::losses::{self, Loss, Unit};
use nn::optim::{
    Accumulator, Adadelta, Adagrad, Adam, AdamW, Average, Group, Groups, Lion, NAdam, Optimizer, RmsProp,
    Sgd, clip,
};
use nn::train::{Fit, Plan, Trainer};
use nn::{Activation, Context, Error, Linear, Mlp, Purpose, generator};

use crate::panics::{Panic, panic_of};

const NAN: f64 = f64::NAN;

/// The message of a panic, which has to point at this file.
#[track_caller]
fn says(f: impl FnOnce()) -> String {
    let Panic { text, file, line } = panic_of(f).expect("it must panic");
    assert!(file.ends_with("tests/refusals.rs"), "{text}: points at {file}:{line}");
    text
}

fn all_optimizers(rate: f64) -> Vec<Box<Optimizer<f64>>> {
    vec![
        Box::new(Sgd::new(rate)),
        Box::new(Sgd::nesterov(rate, 0.9)),
        Box::new(Adagrad::new(rate)),
        Box::new(RmsProp::new(rate)),
        Box::new(Optimizer::new(rate, RmsProp { centered: true, ..RmsProp::default() })),
        Box::new(Adadelta::new(rate)),
        Box::new(Adam::new(rate)),
        Box::new(AdamW::new(rate)),
        Box::new(NAdam::new(rate)),
        Box::new(Lion::new(rate)),
    ]
}

#[test]
fn a_rate_that_is_no_number() {
    for rate in [NAN, f64::INFINITY] {
        for mut optimizer in all_optimizers(rate) {
            let mut w = Tensor::ones([2]);
            let gradient = w.clone();
            let expected =
                format!("the learning rate of the optimizer is {rate}; it must be a finite number");
            assert_eq!(says(|| optimizer.step(&mut w, &gradient)), expected);
            assert_eq!(says(|| _ = optimizer.minimize(&mut w, |w, _| w.sum())), expected);
            let mut recorded = Recorded::new(&w, &w, |w, x, _| (w * x).sum());
            let x = Tensor::ones([2]);
            let minimize = || _ = optimizer.minimize_recorded(&mut w, &x, &mut recorded);
            assert_eq!(says(minimize), expected);
            assert_eq!((w.to_vec(), optimizer.steps()), (vec![1.0; 2], 0));
        }
    }
    let (mut w, mut adam) = (Tensor::<f64>::ones([2]), Adam::new(0.1));
    adam.minimize(&mut w, |w, _| w.sum());
    adam.set_rate(NAN);
    assert!(says(|| _ = adam.minimize(&mut w, |w, _| w.sum())).starts_with("the learning rate"));
}

#[test]
fn a_setting_that_is_no_number() {
    let mut wrong: Vec<(&str, Box<Optimizer<f64>>)> = vec![
        ("momentum", Box::new(Sgd::with_momentum(0.1, NAN))),
        ("l2", Box::new(Optimizer::new(0.1, Sgd { l2: NAN, ..Sgd::default() }))),
        ("beta2", Box::new(Optimizer::new(0.1, Adam { betas: [0.9, NAN], ..Adam::default() }))),
        ("epsilon", Box::new(Optimizer::new(0.1, Adam { epsilon: NAN, ..Adam::default() }))),
        ("l2", Box::new(Optimizer::new(0.1, Adam { l2: f64::INFINITY, ..Adam::default() }))),
        ("weight_decay", Box::new(Optimizer::new(0.1, AdamW { weight_decay: NAN, ..AdamW::default() }))),
        ("weight_decay", Box::new(Optimizer::new(0.1, Lion { weight_decay: NAN, ..Lion::default() }))),
        ("warmup", Box::new(Optimizer::new(0.1, NAdam { warmup: NAN, ..NAdam::default() }))),
        ("keep", Box::new(Optimizer::new(0.1, RmsProp { keep: NAN, ..RmsProp::default() }))),
        ("keep", Box::new(Optimizer::new(0.1, Adadelta { keep: NAN, ..Adadelta::default() }))),
        ("start", Box::new(Optimizer::new(0.1, Adagrad { start: NAN, ..Adagrad::default() }))),
    ];
    for (setting, optimizer) in &mut wrong {
        let mut w = Tensor::ones([2]);
        let text = says(|| optimizer.step(&mut w, &Tensor::ones([2])));
        assert!(text.starts_with(&format!("the {setting} of the optimizer is ")), "{text}");
        assert_eq!(w.to_vec(), [1.0; 2]);
    }
    let mut average = Average::new(NAN);
    assert_eq!(
        says(|| average.update(&Tensor::<f64>::ones([2]))),
        "update: the decay of an average is in [0, 1), not NaN"
    );
    let mut gradient = Tensor::<f64>::ones([2]);
    assert!(says(|| _ = clip::by_norm(&mut gradient, NAN)).contains("the limit is NaN"));
}

/// Two parameters by name, and a buffer that nobody trains.
#[derive(Clone, Debug, PartialEq)]
struct Model<W> {
    a: W,
    b: W,
    seen: Buffer<W>,
}
tree!(Model { a, b, seen });

fn model() -> Model<Tensor<f64>> {
    Model { a: Tensor::ones([3]), b: Tensor::ones([2]), seen: Buffer(Tensor::ones([1])) }
}

#[test]
fn a_gradient_that_is_no_number() {
    for bad in [NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for mut optimizer in all_optimizers(0.1) {
            let (mut w, mut gradient) = (model(), model());
            gradient.b = Tensor::from_vec([2], vec![0.5, bad]);
            assert_eq!(
                says(|| optimizer.step(&mut w, &gradient)),
                format!("step: the gradient of `b` is {bad} at element 1; no step is made with it")
            );
            assert_eq!((&w, optimizer.steps()), (&model(), 0));
            // What is wrong with a buffer's gradient does not matter.
            let fine = Model { seen: Buffer(Tensor::full([1], bad)), ..model() };
            optimizer.step(&mut w, &fine);
            assert!(w.b.first_not_finite().is_none());
        }
    }
    // √ has an infinite slope at 0: the loss is finite, its gradient is not.
    let mut w = Model { b: Tensor::zeros([2]), ..model() };
    let text = says(|| _ = Adam::new(0.1).minimize(&mut w, |w, _| w.b.sqrt().sum()));
    assert_eq!(text, "minimize: the gradient of `b` is inf at element 0; no step is made with it");
    assert_eq!(w.b.to_vec(), [0.0; 2]);
    const NONE: [Tensor<f64>; 0] = [];
    let mut recorded = Recorded::new(&w, &NONE, |w, [], _| w.b.sqrt().sum());
    let text = says(|| _ = Adam::new(0.1).minimize_recorded(&mut w, &NONE, &mut recorded));
    assert_eq!(text, "minimize_recorded: the gradient of `b` is inf at element 0; no step is made with it");
    // A model that is one tensor has no name.
    let text = says(|| Sgd::new(0.1).step(&mut Tensor::<f64>::ones([1]), &Tensor::full([1], NAN)));
    assert_eq!(text, "step: the gradient is NaN at element 0; no step is made with it");
}

#[test]
fn large_gradients_are_looked_at_to_the_end() {
    for at in [0, 100_000, 299_999] {
        let gradient = Tensor::from_fn([300_000], |i| if i == at { NAN } else { 1.0 });
        let text = says(|| Sgd::new(0.1).step(&mut Tensor::ones([300_000]), &gradient));
        assert_eq!(text, format!("step: the gradient is NaN at element {at}; no step is made with it"));
    }
}

#[test]
fn a_loss_that_is_no_number() {
    let mut w = model();
    let text = says(|| _ = Adam::new(0.1).minimize(&mut w, |w, _| (w.a * 0.0).ln().sum() * 0.0));
    assert!(
        text.starts_with("minimize: the loss is NaN, and no step is made; look for an empty batch"),
        "{text}"
    );
    assert_eq!(w, model());
    // The mean over an empty batch.
    let x = Tensor::zeros([0, 3]);
    let text = says(|| {
        Adam::new(0.1).minimize(&mut w, |w, tape| (w.a * tape.constant(&x)).square().mean());
    });
    assert!(text.starts_with("minimize: the loss is NaN"), "{text}");
    assert_eq!(w, model());
}

#[test]
fn losses_of_an_empty_batch() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::zeros([0, 3]));
    type Two<'t> = fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>;
    let all: [Two; 10] = [
        |a, b| losses::squared_error(a, b),
        |a, b| losses::absolute_error(a, b),
        |a, b| losses::huber(a, b, 1.0),
        |a, b| losses::log_cosh(a, b),
        |a, b| losses::bce_with_logits(a, b),
        |a, b| losses::bce(a, b),
        |a, b| losses::gaussian_nll(a, a, b),
        |a, b| losses::poisson_nll(a, b),
        |a, b| losses::multinomial_nll(a, b),
        |a, b| losses::continuous_bernoulli_nll(a, b),
    ];
    const EXPECTED: &str = "the mean loss of an example: there is none in a batch of shape [0";
    for loss in all {
        let text = says(|| _ = loss(x, x));
        assert!(text.starts_with(EXPECTED), "{text}");
    }
    let text = says(|| _ = losses::cross_entropy(x, &[]));
    assert!(text.starts_with(EXPECTED), "{text}");
}

#[test]
fn the_trainer_says_where_it_diverged_and_leaves_the_model() {
    let x = Tensor::<f32>::from_fn([20, 1], |i| i as f32);
    let data = Pairs { targets: x.clone(), x };
    for clip_norm in [None, Some(1.0)] {
        // Finite numbers up to a step, and no more after it: by the loss, or by its gradient alone.
        for by_gradient in [false, true] {
            let model = Linear { weight: Tensor::zeros([1, 1]), bias: Tensor::zeros([1]) };
            let mut task = Fit::new(model, &data, None, move |model, batch, context| {
                let error = losses::squared_error(model.forward(batch.x), batch.targets) * 1e-6;
                let bad = context.progress() >= 0.5;
                let factor = if bad && !by_gradient { f64::NAN } else { 1.0 };
                // 0 · √0 is 0, with the slope 0 · ∞.
                let kink = if bad && by_gradient { (model.bias * 0.0).sqrt().sum() } else { error * 0.0 };
                Loss::sum(Unit::SquaredError, [("error", error * factor), ("kink", kink)])
            });
            let plan = Plan { epochs: 4, batch: 10, learning_rate: 0.1, clip_norm, ..Plan::default() };
            let error = Trainer::new(plan, Sgd::new(0.1)).run(&mut task).unwrap_err();
            let Error::Diverged(diverged) = &error else { panic!("{error:?}") };
            let number = match (by_gradient, clip_norm) {
                (false, _) => Number::Term("error".into()),
                (true, clip) => {
                    let element = if clip.is_some() { None } else { Some(0) };
                    Number::Gradient { parameter: "bias".into(), element }
                }
            };
            assert_eq!((&diverged.number, diverged.step, diverged.epoch), (&number, Some(5), Some(3)));
            let text = error.to_string();
            let expected = match (by_gradient, clip_norm) {
                (false, _) => "the error loss became NaN; the training diverged",
                (true, None) => "training stopped: the gradient of `bias` is",
                (true, Some(_)) => "training stopped: the gradient of `bias` has an element",
            };
            assert!(text.starts_with(expected) && text.ends_with("at step 5 (epoch 3)"), "{text}");
            assert!(task.model.weight.first_not_finite().is_none());
            assert!(task.model.bias.first_not_finite().is_none());
        }
    }
    let mut task = Fit::new(
        Linear { weight: Tensor::zeros([1, 1]), bias: Tensor::zeros([1]) },
        &data,
        None,
        |model, batch, _| Loss::sum(Unit::SquaredError, [("error", model.forward(batch.x).sum())]),
    );
    let plan = Plan { epochs: 1, batch: 10, ..Plan::default() };
    let adam = Optimizer::new(0.1, Adam { epsilon: NAN, ..Adam::default() });
    let text = Trainer::new(plan, adam).run(&mut task).unwrap_err().to_string();
    assert_eq!(text, "the epsilon of the optimizer is NaN; it must be a finite number");
}

/// `y = tanh(y W + x)`, solved by iteration, with a rule that differentiates.
struct Equilibrium;

impl<T: Real> Op<T, 2> for Equilibrium {
    const NAME: &'static str = "equilibrium";

    fn forward(&self, [w, x]: [&Tensor<T>; 2]) -> Tensor<T> {
        let start = Tensor::zeros(x.shape());
        (0..60).fold(start, |y, _| y.matmul(w).zip(x, |yw, x| (yw + x).tanh()))
    }

    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [w, x]: [Var<'t, T>; 2], y: Var<'t, T>) -> Var<'t, T> {
        let [y, w, x] = [y, w, x].map(Var::alias);
        let right = (y.matmul(w) + x).tanh();
        let u = (0..60).fold(g, |u, _| g + right.vjp(u, &[y])[0]);
        right.vjp(u, &[[w, x][wrt]])[0]
    }
}

#[test]
fn an_implicit_layer_trains() {
    let truth = Tensor::<f64>::from_fn([2, 2], |i| 0.4 * (2.0 * i as f64).cos());
    let x = Tensor::from_fn([20, 2], |i| (1.7 * i as f64).sin());
    let z = autograd::value(&truth, |w, tape| Var::apply(Equilibrium, [w, tape.constant(&x)]));
    let mut by_tape = Tensor::zeros([2, 2]);
    let mut adam = Adam::new(0.05);
    for _ in 0..200 {
        adam.minimize(&mut by_tape, |w, tape| {
            (Var::apply(Equilibrium, [w, tape.constant(&x)]) - tape.constant(&z)).square().mean()
        });
    }
    let off = by_tape.zip(&truth, |a, b| (a - b).abs()).to_vec().into_iter().fold(0.0, f64::max);
    assert!(off < 0.01, "{off}");

    let (mut by_replay, mut adam) = (Tensor::zeros([2, 2]), Adam::new(0.05));
    let inputs = [x, z];
    let mut recorded = Recorded::new(&by_replay, &inputs, |w, [x, z], _| {
        (Var::apply(Equilibrium, [w, x]) - z).square().mean()
    });
    for _ in 0..200 {
        adam.minimize_recorded(&mut by_replay, &inputs, &mut recorded);
    }
    let off = by_replay.zip(&by_tape, |a, b| (a - b).abs()).to_vec().into_iter().fold(0.0, f64::max);
    assert!(off < 1e-9, "{off}");
}

/// A model that counts how often its leaves are visited.
struct Many<W>(Vec<W>);

thread_local!(static VISITS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) });

impl<W: autograd::Leaf> Tree<W> for Many<W> {
    type With<V: autograd::Leaf> = Many<V>;

    fn map<V: autograd::Leaf>(&self, name: Name, f: &mut dyn FnMut(Name, &W) -> V) -> Many<V> {
        VISITS.set(VISITS.get() + self.0.len());
        Many(Tree::<W>::map(&self.0, name, f))
    }

    fn visit_mut(&mut self, name: Name, f: &mut dyn FnMut(Name, &mut W)) {
        VISITS.set(VISITS.get() + self.0.len());
        self.0.visit_mut(name, f);
    }
}

#[test]
fn a_step_costs_what_the_leaves_cost() {
    let visits = |leaves: usize| {
        let mut model = Many((0..leaves).map(|i| Tensor::<f64>::scalar(i as f64)).collect());
        let mut sgd = Sgd::new(0.1);
        VISITS.set(0);
        sgd.minimize(&mut model, |model, _| model.0.into_iter().reduce(|a, b| a + b).unwrap());
        assert!(model.0.iter().enumerate().all(|(i, w)| w.item() == i as f64 - 0.1));
        let minimize = VISITS.replace(0);
        let gradient = value_and_grad(&model, |model, _| model.0.into_iter().reduce(|a, b| a + b).unwrap()).1;
        sgd.step(&mut model, &gradient);
        let by_step = VISITS.replace(0);
        let state = sgd.state();
        sgd.restore(&model, state).unwrap();
        nn::checkpoint::Checkpoint::default().insert("model", &model);
        [minimize, by_step, VISITS.get()]
    };
    for leaves in [10, 200, 20_000] {
        let visits = visits(leaves);
        assert!(visits.iter().all(|&count| count <= 40 * leaves), "{visits:?} visits for {leaves} leaves");
    }
}

#[test]
fn mistakes_point_at_the_line_of_whoever_made_them() {
    let from = &mut generator(0, Purpose::Init, 0, 0);
    let tape = Tape::<f64>::new();
    let var = |shape: &[usize]| tape.var(Tensor::ones(shape));
    let mut mlp = Mlp::<Tensor<f64>>::new(&[2, 3, 1], Activation::Tanh, from);
    let larger = Mlp::<Tensor<f64>>::new(&[2, 3, 1, 1], Activation::Tanh, from);
    let on_tape = |mlp: &Mlp<Tensor<f64>>| mlp.map(Name::Root, &mut |_, w: &Tensor<f64>| tape.var(w));
    let vec = |n: usize| vec![Tensor::<f64>::ones([2]); n];

    // Optimizers: every kind, by every way to step.
    for mut optimizer in all_optimizers(0.1).into_iter().skip(1) {
        optimizer.step(&mut vec(1), &vec(1));
        let expected = "the model had no parameter `1` in the steps before";
        assert_eq!(says(|| optimizer.step(&mut vec(2), &vec(2))), expected);
        let minimize = || _ = optimizer.minimize(&mut vec(2), |w, _| (w[0] + w[1]).sum());
        assert_eq!(says(minimize), expected);
        let other = [Tensor::<f64>::ones([3])];
        assert_eq!(
            says(|| optimizer.step(&mut other.clone(), &other)),
            "the parameter `0` of shape [3] was `0` of shape [2] in the steps before"
        );
        optimizer.set_groups(Groups::of(&mlp, vec![Group::new("*")]).unwrap());
        let text = says(|| optimizer.step(&mut vec(1), &vec(1)));
        assert!(text.starts_with("the groups were made for another model"), "{text}");
    }
    let mut sgd = Sgd::new(0.1);
    sgd.set_groups(Groups::of(&mlp, vec![Group::new("*")]).unwrap());
    let (mut copy, gradient) = (larger.clone(), larger.clone());
    let text = says(|| sgd.step(&mut copy, &gradient));
    assert_eq!(text, "the groups were made for a model with 4 parameters; `4.weight` is number 5");
    assert!(says(|| sgd.step(&mut vec(2), &vec(1))).starts_with("step: the gradient has 1 tensors"));
    let mut recorded = Recorded::new(&vec(1), &vec(1), |w, x, _| (w[0] * x[0]).sum());
    let text = says(|| _ = sgd.minimize_recorded(&mut vec(1), &vec(1), &mut recorded));
    assert!(text.starts_with("the groups were made for another model"), "{text}");
    says(|| _ = sgd.minimize(&mut mlp, |mlp, tape| mlp.forward(tape.constant(Tensor::ones([4, 2])))));

    let mut rms = RmsProp::new(0.1);
    rms.step(&mut vec(1), &vec(1));
    rms.rule.centered = true;
    let text = says(|| rms.step(&mut vec(1), &vec(1)));
    assert_eq!(text, "the optimizer keeps 1 tensors for a parameter and is now asked for 2");

    // What stands around optimizers.
    let mut accumulator = Accumulator::new();
    assert!(says(|| accumulator.add(&vec(1), 0)).starts_with("add: "));
    accumulator.add(&vec(1), 1);
    assert!(says(|| accumulator.add(&vec(2), 1)).starts_with("add: "));
    assert!(says(|| accumulator.add(&[Tensor::ones([3])], 1)).starts_with("add: "));
    assert!(says(|| _ = accumulator.take(&vec(2))).starts_with("take: "));
    let mut average = Average::new(0.5);
    assert!(says(|| _ = average.of(&vec(1))).starts_with("of: "));
    average.update(&vec(1));
    assert!(says(|| average.update(&vec(2))).starts_with("update: "));
    assert!(says(|| average.update(&[Tensor::ones([3])])).starts_with("update: "));
    assert!(says(|| _ = average.of(&vec(2))).starts_with("of: "));
    says(|| _ = clip::by_norm(&mut vec(1), 0.0));
    says(|| _ = clip::by_value(&mut vec(1), -1.0));
    says(|| _ = Plan { batch: 0, ..Plan::default() }.steps(1));

    // Layers.
    let context = || Context::training(0, 1, &[0, 1]);
    says(|| drop(Mlp::<Tensor<f64>>::new(&[1], Activation::Tanh, &mut generator(0, Purpose::Init, 0, 0))));
    says(|| _ = on_tape(&mlp).forward(var(&[2, 5])));
    says(|| _ = Dropout::new(1.0));
    says(|| _ = Dropout::new(0.5).forward(var(&[3, 2]), &mut context()));
    let norm = BatchNorm::<Tensor<f64>>::new(3).map(Name::Root, &mut |_, w: &Tensor<f64>| tape.var(w));
    says(|| _ = norm.forward(var(&[2, 2]), &mut context()));
    says(|| _ = norm.forward(var(&[1, 3]), &mut context()));
    says(|| _ = norm.forward(var(&[2, 3]), &mut Context::evaluation(0, &[0, 1])));
    let norm = LayerNorm::<Tensor<f64>>::new([3]).map(Name::Root, &mut |_, w: &Tensor<f64>| tape.var(w));
    says(|| _ = norm.forward(var(&[2, 2])));
    says(|| drop(GroupNorm::<Tensor<f64>>::new(2, 3)));
    let gru = Gru::<Tensor<f64>>::new(2, 3, from).map(Name::Root, &mut |_, w: &Tensor<f64>| tape.var(w));
    says(|| _ = gru.forward(var(&[2, 5, 3]), None));
    says(|| _ = gru.forward(var(&[2, 0, 2]), None));
    says(|| _ = gru.forward(var(&[2, 5, 2]), Some(var(&[3, 3]))));
    says(|| _ = gru.unroll(var(&[2, 5, 2]), Some([var(&[3])]), Direction::Backward));
    says(|| drop(Attention::<Tensor<f64>>::new(3, 2, &mut generator(0, Purpose::Init, 0, 0))));
    let block = TransformerBlock::<Tensor<f64>>::new([4, 8], 2, &mut generator(0, Purpose::Init, 0, 0));
    let block = block.map(Name::Root, &mut |_, w: &Tensor<f64>| tape.var(w));
    let [x, memory] = [[2, 3, 4], [1, 3, 4]].map(|shape| var(&shape));
    let visible = || Visible::all().only(var(&[2, 5]).gt(0.0));
    says(|| _ = block.forward(var(&[2, 4]), &mut context()));
    says(|| _ = block.self_attn.forward(var(&[2, 3, 5]), Visible::all()));
    says(|| _ = block.self_attn.cross(x, memory, Visible::all()));
    says(|| _ = block.self_attn.weights(x, x, visible()));
    says(|| _ = block.self_attn.forward(x, visible()));
    says(|| _ = SinusoidalPositions.forward(var(&[2, 3])));
    let positions = LearnedPositions { weight: var(&[4, 2]) };
    says(|| _ = positions.forward(var(&[2, 3, 3])));
    says(|| _ = positions.forward(var(&[2, 5, 2])));
    says(|| _ = RmsNorm { weight: var(&[3]), epsilon: 1e-5 }.forward(var(&[2, 2])));
    let bags = EmbeddingBag { weight: var(&[4, 2]), pooling: Pooling::Sum };
    says(|| _ = bags.forward(&[0, 1], &[1]));
    says(|| _ = bags.forward(&[0, 1], &[0, 3]));
    says(|| _ = bags.forward(&[0, 1], &[]));
    says(|| _ = bags.forward(&[0, 4], &[0]));
    says(|| _ = bags.padded(&Indices::from([0, 1]), 1));
    let residual = Residual::new([mlp.clone().into()]).map(Name::Root, &mut |_, w: &Tensor<f64>| tape.var(w));
    says(|| _ = residual.forward(var(&[2, 2]), &mut context()));

    // Losses and contexts.
    says(|| _ = losses::squared_error(var(&[2, 3]), var(&[3])));
    says(|| _ = losses::huber(var(&[2, 3]), var(&[2, 3]), 0.0));
    says(|| _ = losses::cross_entropy(var(&[2, 3]), &[0, 3]));
    says(|| _ = losses::token_cross_entropy(var(&[2, 3]), &[0], None));
    says(|| _ = losses::token_cross_entropy(var(&[2, 3]), &[0, 3], Some(0)));
    says(|| _ = losses::gaussian_nll(var(&[2, 3]), var(&[2]), var(&[2, 3])));
    says(|| _ = Loss::sum(Unit::Nats, [("kl", var(&[3]))]));
    says(|| _ = context().with_labels(Some(vec![0])));
    says(|| autograd::Buffer(var(&[2])).set(var(&[3])));
}
