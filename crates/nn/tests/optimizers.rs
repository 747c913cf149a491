//! Optimizers against PyTorch (see `fixtures/optimizers.py`), on a hard valley, saved and restored, and
//! for a million steps.

use std::collections::BTreeSet;

use autograd::{Tensor, Tree, cost, value_and_grad};
use nn::Schedule;
use nn::optim::{
    Adadelta, Adagrad, Adam, AdamW, Adamax, ConjugateGradient, FullBatch, Group, Groups, Lbfgs, Lion, NAdam,
    Optimizer, Outcome, RmsProp, Sgd, State,
};

use crate::fixtures::{fixture, parsed};

type Model = [Tensor<f64>; 2];
type Make = fn() -> Box<Optimizer<f64>>;

/// Relative to the largest parameter. The arithmetic is the same but for its order.
const TOLERANCE: f64 = 1e-12;

/// The optimizers of `optimizers.py`.
const PATHS: &[(&str, Make)] = &[
    ("sgd", || Box::new(Sgd::new(0.1))),
    ("sgd, l2", || Box::new(Optimizer::new(0.1, Sgd { l2: 0.05, ..Sgd::default() }))),
    ("sgd, momentum", || Box::new(Optimizer::new(0.05, Sgd { l2: 0.01, momentum: 0.9, ..Sgd::default() }))),
    ("sgd, nesterov", || Box::new(Optimizer::new(0.05, Sgd { l2: 0.01, momentum: 0.9, nesterov: true }))),
    ("adam", || Box::new(Adam::new(0.01))),
    ("adam, l2", || Box::new(Optimizer::new(0.01, Adam { betas: [0.8, 0.99], epsilon: 1e-6, l2: 0.1 }))),
    ("adamw", || Box::new(AdamW::new(0.01))),
    ("adamw, decay", || {
        Box::new(Optimizer::new(0.01, AdamW { betas: [0.8, 0.99], weight_decay: 0.5, ..AdamW::default() }))
    }),
    ("adamw, groups", || {
        let mut adam = Optimizer::new(0.01, AdamW { weight_decay: 0.5, ..AdamW::default() });
        let group = Group::new("0").with_rate_factor(0.1).with_weight_decay(0.0);
        adam.set_groups(Groups::of(&start(), vec![group]).unwrap());
        Box::new(adam)
    }),
    ("adamax", || Box::new(Adamax::new(0.01))),
    ("adamax, all settings", || {
        Box::new(Optimizer::new(0.02, Adamax { betas: [0.8, 0.95], epsilon: 1e-3, l2: 0.1 }))
    }),
    ("rmsprop", || Box::new(RmsProp::new(0.01))),
    ("rmsprop, l2", || Box::new(Optimizer::new(0.01, RmsProp { keep: 0.9, l2: 0.1, ..RmsProp::default() }))),
    ("rmsprop, centered", || {
        Box::new(Optimizer::new(0.01, RmsProp { keep: 0.9, centered: true, ..RmsProp::default() }))
    }),
    ("adagrad", || Box::new(Adagrad::new(0.1))),
    ("adagrad, all settings", || {
        Box::new(Optimizer::new(0.1, Adagrad { rate_decay: 0.1, l2: 0.1, start: 0.3, ..Adagrad::default() }))
    }),
    ("adadelta", || Box::new(Adadelta::new(1.0))),
    ("adadelta, l2", || Box::new(Optimizer::new(0.5, Adadelta { keep: 0.8, epsilon: 1e-4, l2: 0.1 }))),
    ("nadam", || Box::new(NAdam::new(0.01))),
    ("nadam, all settings", || {
        Box::new(Optimizer::new(
            0.01,
            NAdam { betas: [0.8, 0.99], l2: 0.1, warmup: 0.05, ..NAdam::default() },
        ))
    }),
    ("lion", || Box::new(Lion::new(0.003))),
    ("lion, decay", || Box::new(Optimizer::new(0.003, Lion { betas: [0.8, 0.95], weight_decay: 0.3 }))),
];

/// As in `optimizers.py`: element `k` is `sin(1.7 k + phase)`.
fn numbers(shape: [usize; 2], phase: f64) -> Tensor<f64> {
    Tensor::from_fn(shape, |k| (1.7 * k as f64 + phase).sin())
}

fn start() -> Model {
    [numbers([3, 4], 0.5), numbers([4, 2], 1.1)]
}

/// Loss and gradient of the network.
fn network(model: &Model) -> (f64, Model) {
    value_and_grad(model, |[a, b], tape| {
        let (x, y) = (tape.constant(numbers([6, 3], 0.2)), tape.constant(numbers([6, 2], 0.9)));
        (x.matmul(a).tanh().matmul(b) - y).square().mean()
    })
}

/// Rosenbrock's valley (1960), whose minimum is at `(1, 1)`, from the usual start.
fn valley([x, y]: &Model) -> (f64, Model) {
    let (x, y) = (x.item(), y.item());
    let (across, along) = (y - x * x, 1.0 - x);
    let gradient = [-400.0 * x * across - 2.0 * along, 200.0 * across].map(Tensor::scalar);
    (100.0 * across * across + along * along, gradient)
}

fn valley_start() -> Model {
    [-1.2, 1.0].map(Tensor::scalar)
}

fn elements(model: &impl Tree<Tensor<f64>>) -> Vec<f64> {
    let mut all = vec![];
    model.visit(&mut |_, tensor: &Tensor<f64>| all.extend(tensor.to_vec()));
    all
}

/// The largest difference from the path of PyTorch, relative to the largest number, in the lines up to
/// step `last`.
fn distance(lines: &[&str], last: usize, mut step: impl FnMut(&mut Model)) -> f64 {
    let (mut model, mut done, mut worst) = (start(), 0, 0.0_f64);
    for line in lines {
        let theirs = parsed(line);
        if theirs[0] as usize > last {
            break;
        }
        while done < theirs[0] as usize {
            step(&mut model);
            done += 1;
        }
        let ours = [vec![network(&model).0], elements(&model)].concat();
        assert_eq!(ours.len(), theirs.len() - 1);
        let scale = theirs[1..].iter().fold(0.0, |scale: f64, x| scale.max(x.abs()));
        ours.iter().zip(&theirs[1..]).for_each(|(a, b)| worst = worst.max((a - b).abs() / scale));
    }
    assert_eq!(done, last);
    worst
}

#[test]
fn paths_are_those_of_pytorch() {
    let mut compared = BTreeSet::new();
    for (name, lines) in fixture("path").iter().filter(|(name, _)| *name != "lbfgs") {
        let (_, make) =
            PATHS.iter().find(|(ours, _)| ours == name).unwrap_or_else(|| panic!("{name}: not here"));
        let mut optimizer = make();
        let worst = distance(lines, 50, |model| {
            let (_, gradient) = network(model);
            optimizer.step(model, &gradient);
        });
        println!("{name}: {worst:.1e}");
        // PyTorch takes the variance as the difference of two numbers that are nearly equal.
        let tolerance = if *name == "rmsprop, centered" { 1e-8 } else { TOLERANCE };
        assert!(worst < tolerance, "{name}: {worst:e}");
        compared.insert(*name);
    }
    assert_eq!(compared.len(), PATHS.len());
}

#[test]
fn lbfgs_searches_as_pytorch_does() {
    let cases = fixture("path");
    let (_, lines) = cases.iter().find(|(name, _)| *name == "lbfgs").unwrap();
    let mut lbfgs = Lbfgs::new();
    lbfgs.descent_mut().gradient_tolerance = 0.0;
    let worst = distance(lines, 50, |model| {
        assert_eq!(lbfgs.step(model, network).unwrap().outcome, Outcome::Moved);
    });
    // Every step multiplies the differences in the last digit.
    println!("lbfgs: {worst:.1e}");
    assert!(worst < 1e-6, "{worst:e}");
}

/// Bit for bit, through the names and bits that a file holds.
fn stored(state: State<f64>) -> State<f64> {
    let mut copy = State::default();
    for (name, tensor) in state.tensors {
        let bits: Vec<u64> = tensor.to_vec().iter().map(|x| x.to_bits()).collect();
        let data = bits.into_iter().map(f64::from_bits).collect();
        copy.tensors.insert(name, Tensor::from_vec(tensor.shape(), data));
    }
    copy.numbers = state.numbers.into_iter().map(|(name, x)| (name, f64::from_bits(x.to_bits()))).collect();
    copy
}

#[test]
fn saved_and_restored_an_optimizer_goes_on() {
    for (name, make) in PATHS {
        let run = |optimizer: &mut Optimizer<f64>, model: &mut Model| {
            for _ in 0..25 {
                let (_, gradient) = network(model);
                optimizer.step(model, &gradient);
            }
        };
        let (mut straight, mut model) = (make(), start());
        straight.set_rate(0.0123);
        run(&mut *straight, &mut model);
        let (mut other, mut other_model) = (make(), model.clone());
        other.restore(&model, stored(straight.state())).unwrap();
        run(&mut *straight, &mut model);
        run(&mut *other, &mut other_model);
        assert_eq!(elements(&model), elements(&other_model), "{name}");
        assert_eq!(straight.state(), other.state(), "{name}");
        assert_eq!((straight.state().numbers["steps"], straight.rate()), (50.0, 0.0123), "{name}");
        let names: Vec<String> = straight.state().tensors.into_keys().collect();
        let expected: Vec<String> = ["0", "1"]
            .iter()
            .flat_map(|p| straight.rule.labels().iter().map(move |l| format!("{p}.{l}")))
            .collect();
        assert_eq!(BTreeSet::from_iter(names), BTreeSet::from_iter(expected), "{name}");
        // Without the state the path is another one, if there is a state.
        if !straight.rule.labels().is_empty() {
            let (mut forgetful, mut lost) = (make(), start());
            run(&mut *forgetful, &mut lost);
            let mut forgetful = make();
            run(&mut *forgetful, &mut lost);
            assert_ne!(elements(&lost), elements(&model), "{name}");
        }
    }
}

fn goes_on<F: FullBatch + Clone>(fresh: F) {
    let run = |optimizer: &mut F, model: &mut Model| -> usize {
        (0..25).map(|_| optimizer.step(model, network).unwrap().evaluations).sum()
    };
    let (mut straight, mut model) = (fresh.clone(), start());
    let mut other = fresh;
    other.restore(&model, straight.state()).unwrap(); // Nothing yet.
    run(&mut straight, &mut model);
    let mut other_model = model.clone();
    other.restore(&model, stored(straight.state())).unwrap();
    assert_eq!(run(&mut straight, &mut model), run(&mut other, &mut other_model));
    assert_eq!(elements(&model), elements(&other_model));
    assert_eq!(straight.state(), other.state());
    assert_eq!(straight.descent().iterations(), 50);

    let before = other.state();
    let error = other.restore(&model[0], straight.state()).unwrap_err().to_string();
    assert!(error.ends_with("of the saved state has shape [20], the model wants [12]"), "{error}");
    assert_eq!(other.state(), before);
}

#[test]
fn saved_and_restored_a_full_batch_optimizer_goes_on() {
    goes_on(Lbfgs::new());
    goes_on(ConjugateGradient::new());
}

/// How far from the minimum of the valley.
fn from_minimum(model: &Model) -> f64 {
    let [x, y] = [model[0].item() - 1.0, model[1].item() - 1.0];
    x.hypot(y)
}

/// A name, an optimizer and its schedule, steps, and the distance from the minimum that is left.
type Crossing<'a> = (&'static str, Box<Optimizer<f64>>, &'a Schedule, usize, f64);

#[test]
fn every_optimizer_crosses_the_valley() {
    // With a constant rate, methods that divide by the size of the gradient may dance around the minimum.
    let constant = Schedule::Constant;
    let falling = Schedule::Cosine { floor: 0.0 };
    let cases: [Crossing; 10] = [
        ("sgd", Box::new(Sgd::new(0.001)), &constant, 50_000, 1e-8),
        ("momentum", Box::new(Sgd::with_momentum(0.0005, 0.95)), &constant, 5_000, 1e-8),
        ("nesterov", Box::new(Sgd::nesterov(0.0005, 0.95)), &constant, 5_000, 1e-8),
        ("adam", Box::new(Adam::new(0.02)), &constant, 5_000, 1e-8),
        (
            "adamw",
            Box::new(Optimizer::new(0.02, AdamW { weight_decay: 1e-9, ..AdamW::default() })),
            &constant,
            5_000,
            1e-8,
        ),
        ("nadam", Box::new(NAdam::new(0.02)), &falling, 10_000, 1e-6),
        ("rmsprop", Box::new(RmsProp::new(0.003)), &falling, 20_000, 1e-5),
        ("lion", Box::new(Lion::new(0.002)), &falling, 20_000, 1e-5),
        ("adagrad", Box::new(Adagrad::new(0.5)), &constant, 10_000, 1e-3),
        ("adadelta", Box::new(Adadelta::new(1.0)), &falling, 20_000, 1e-3),
    ];
    let mut wrong = vec![];
    for (name, mut optimizer, schedule, steps, enough) in cases {
        let (mut model, rate) = (valley_start(), optimizer.rate());
        for step in 0..steps {
            optimizer.set_rate(rate * schedule.factor(step, steps));
            let (_, gradient) = valley(&model);
            optimizer.step(&mut model, &gradient);
        }
        let left = from_minimum(&model);
        println!("{name}: {left:.1e} after {steps}");
        if left.is_nan() || left > enough {
            wrong.push(format!("{name}: {left:e} from the minimum after {steps} steps"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn full_batch_optimizers_cross_the_valley() {
    let mut model = valley_start();
    let end = Lbfgs::new().minimize(&mut model, 100, valley).unwrap();
    println!("lbfgs: {:.1e}, {end:?}", from_minimum(&model));
    assert!(end.outcome == Outcome::Converged && end.evaluations <= 60, "{end:?}");
    assert!(from_minimum(&model) < 1e-8);

    let mut model = valley_start();
    let end = ConjugateGradient::new().minimize(&mut model, 100, valley).unwrap();
    println!("conjugate gradient: {:.1e}, {end:?}", from_minimum(&model));
    assert!(end.outcome == Outcome::Converged && end.evaluations <= 200, "{end:?}");
    assert!(from_minimum(&model) < 1e-6);
}

#[test]
fn full_batch_optimizers_in_single_precision_and_from_bad_places() {
    let mut x = Tensor::<f32>::from_vec([2], vec![3.0, -2.0]);
    let objective = |x: &Tensor<f32>| value_and_grad(x, |x, _| ((x - 1.0).square() * 10.0).sum());
    let end = Lbfgs::new().minimize(&mut x, 50, objective).unwrap();
    assert!(x.to_vec().iter().all(|x| (x - 1.0).abs() < 1e-6), "{end:?}");

    let mut x = Tensor::<f64>::scalar(-1.0);
    let error = Lbfgs::new().step(&mut x, |x| value_and_grad(x, |x, _| x.ln())).unwrap_err().to_string();
    assert_eq!(error, "the loss is NaN where the search begins; start from other parameters");

    // A gradient of the wrong sign: nothing is found, and the model stays where it was.
    let mut x = Tensor::<f64>::scalar(2.0);
    let end = ConjugateGradient::new().step(&mut x, |x| (x.item() * x.item(), Tensor::scalar(-1.0))).unwrap();
    assert_eq!((end.outcome, x.item()), (Outcome::Stuck, 2.0));
}

#[test]
fn a_model_that_was_moved_is_computed_anew() {
    let (mut lbfgs, mut model) = (Lbfgs::new(), start());
    (0..3).for_each(|_| assert_eq!(lbfgs.step(&mut model, network).unwrap().outcome, Outcome::Moved));
    model = start();
    let (mut fresh, mut expected) = (Lbfgs::new(), start());
    let ends = [lbfgs.step(&mut model, network), fresh.step(&mut expected, network)].map(Result::unwrap);
    assert_eq!(ends[0], ends[1]);
    assert_eq!(elements(&model), elements(&expected));
}

#[test]
fn a_million_steps_take_no_memory() {
    let mut model = [Tensor::<f64>::full([3], 2.0), Tensor::scalar(-1.0)];
    let mut adam = Adam::new(1e-4);
    let step = |adam: &mut Optimizer<f64, Adam>, model: &mut Model| {
        let (_, gradient) = value_and_grad(&*model, |[a, b], _tape| (a * a).sum() + b * b);
        adam.step(model, &gradient);
    };
    step(&mut adam, &mut model);
    let (before, _) = (cost::live_bytes(), cost::reset_peak());
    step(&mut adam, &mut model);
    let one_step = cost::peak_bytes() - before;
    (2..1_000_000).for_each(|_| step(&mut adam, &mut model));
    assert_eq!(cost::live_bytes(), before);
    assert_eq!(cost::peak_bytes() - before, one_step);
    assert_eq!(adam.state().numbers["steps"], 1e6);
    assert!(elements(&model).iter().all(|w| w.abs() < 1e-3), "{model:?}");
}
