//! Optimizers and schedules against PyTorch (see `fixtures/optimizers.py`), on a hard valley, saved and
//! restored, and for a million steps.

use std::collections::BTreeSet;

use autograd::{Tensor, Tree, cost, value_and_grad};
use nn::Schedule;
use nn::optim::{
    self, Adadelta, Adagrad, Adam, AdamW, ConjugateGradient, FullBatch, Group, Groups, Lbfgs, Lion, NAdam,
    Optimizer, Outcome, Phase, Plateau, RmsProp, Sgd, State,
};

type Model = [Tensor<f64>; 2];
type Make = fn() -> Box<dyn Optimizer<f64>>;

/// Relative to the largest parameter. The arithmetic is the same but for its order.
const TOLERANCE: f64 = 1e-12;

/// The optimizers of `optimizers.py`.
const PATHS: &[(&str, Make)] = &[
    ("sgd", || Box::new(Sgd::new(0.1))),
    ("sgd, l2", || Box::new(Sgd { l2: 0.05, ..Sgd::new(0.1) })),
    ("sgd, momentum", || Box::new(Sgd { l2: 0.01, ..Sgd::with_momentum(0.05, 0.9) })),
    ("sgd, nesterov", || Box::new(Sgd { l2: 0.01, ..Sgd::nesterov(0.05, 0.9) })),
    ("adam", || Box::new(Adam::new(0.01))),
    ("adam, l2", || Box::new(Adam { betas: [0.8, 0.99], epsilon: 1e-6, l2: 0.1, ..Adam::new(0.01) })),
    ("adamw", || Box::new(AdamW::new(0.01))),
    ("adamw, decay", || Box::new(AdamW { betas: [0.8, 0.99], weight_decay: 0.5, ..AdamW::new(0.01) })),
    ("adamw, groups", || {
        let mut adam = AdamW { weight_decay: 0.5, ..AdamW::new(0.01) };
        let group = Group::new("0").with_rate_factor(0.1).with_weight_decay(0.0);
        adam.set_groups(Groups::of(&start(), vec![group]).unwrap());
        Box::new(adam)
    }),
    ("rmsprop", || Box::new(RmsProp::new(0.01))),
    ("rmsprop, l2", || Box::new(RmsProp { keep: 0.9, l2: 0.1, ..RmsProp::new(0.01) })),
    ("rmsprop, centered", || Box::new(RmsProp { keep: 0.9, centered: true, ..RmsProp::new(0.01) })),
    ("adagrad", || Box::new(Adagrad::new(0.1))),
    ("adagrad, all settings", || {
        Box::new(Adagrad { rate_decay: 0.1, l2: 0.1, start: 0.3, ..Adagrad::new(0.1) })
    }),
    ("adadelta", || Box::new(Adadelta::new(1.0))),
    ("adadelta, l2", || Box::new(Adadelta { keep: 0.8, epsilon: 1e-4, l2: 0.1, ..Adadelta::new(0.5) })),
    ("nadam", || Box::new(NAdam::new(0.01))),
    ("nadam, all settings", || {
        Box::new(NAdam { betas: [0.8, 0.99], l2: 0.1, warmup: 0.05, ..NAdam::new(0.01) })
    }),
    ("lion", || Box::new(Lion::new(0.003))),
    ("lion, decay", || Box::new(Lion { betas: [0.8, 0.95], weight_decay: 0.3, ..Lion::new(0.003) })),
];

/// The schedules of `optimizers.py`.
fn schedules() -> Vec<(&'static str, Schedule)> {
    let phase = |part, schedule| Phase { part, schedule };
    let cosine = Schedule::Cosine { floor: 0.0 };
    vec![
        ("constant", Schedule::Constant),
        ("step", Schedule::Step { every: 0.15, factor: 0.3 }),
        ("exponential", Schedule::Exponential { last: 0.01 }),
        ("linear", Schedule::Linear { last: 0.1 }),
        ("cosine", cosine.clone()),
        ("cosine, floor", Schedule::Cosine { floor: 0.1 }),
        ("one cycle", Schedule::one_cycle()),
        ("one cycle, all settings", Schedule::OneCycle { rise: 0.45, start: 0.1, last: 0.001 }),
        ("warm-up, cosine", Schedule::warmup(0.2, cosine)),
        (
            "sequence",
            Schedule::Sequence(vec![
                phase(0.2, Schedule::Constant),
                phase(0.4, Schedule::Exponential { last: 0.1 }),
                phase(0.4, Schedule::Step { every: 0.25, factor: 0.5 }),
            ]),
        ),
    ]
}

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

/// The lines of the fixture after each heading of a kind.
fn fixture(kind: &str) -> Vec<(&'static str, Vec<&'static str>)> {
    let mut found: Vec<(&str, Vec<&str>)> = vec![];
    let mut inside = false;
    for line in include_str!("fixtures/optimizers.txt").lines() {
        let (word, rest) = line.split_once(' ').expect("a word and a space");
        match word {
            "path" | "schedule" if word == kind => found.push((rest, vec![])),
            "path" | "schedule" | "#" => {}
            _ if inside => found.last_mut().expect("a heading").1.push(rest),
            _ => {}
        }
        inside = word == kind || (inside && !["path", "schedule"].contains(&word));
    }
    assert!(!found.is_empty());
    found
}

fn parsed(text: &str) -> Vec<f64> {
    text.split(' ').map(|number| number.parse().expect("a number")).collect()
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
            optim::step(&mut *optimizer, model, &gradient);
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

#[test]
fn schedules_are_those_of_pytorch() {
    let ours = schedules();
    let mut compared = BTreeSet::new();
    for (name, lines) in fixture("schedule").iter().filter(|(name, _)| *name != "plateau") {
        let theirs = parsed(lines[0]);
        let (_, schedule) =
            ours.iter().find(|(ours, _)| ours == name).unwrap_or_else(|| panic!("{name}: not here"));
        for (step, (a, b)) in schedule.factors(theirs.len()).into_iter().zip(&theirs).enumerate() {
            assert!((a - b).abs() < 1e-14, "{name}, step {step}: {a}, PyTorch {b}");
        }
        compared.insert(*name);
    }
    assert_eq!(compared.len(), ours.len());
}

#[test]
fn the_plateau_is_that_of_pytorch() {
    let cases = fixture("schedule");
    let (_, lines) = cases.iter().find(|(name, _)| *name == "plateau").unwrap();
    let theirs = parsed(lines[0]);
    let mut plateau = Plateau { patience: 2, threshold: 0.01, cooldown: 3, floor: 0.05, ..Plateau::new(0.5) };
    let loss = |k: f64| (-0.05 * k).exp() + 0.05 * (1.3 * k).sin();
    let ours: Vec<f64> = (0..theirs.len()).map(|k| plateau.observe(loss(k as f64))).collect();
    assert_eq!(ours, theirs);
    assert!(ours.contains(&0.25) && ours.last() == Some(&0.05), "it falls, and not below the floor");
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
        let run = |optimizer: &mut dyn Optimizer<f64>, model: &mut Model| {
            for _ in 0..25 {
                let (_, gradient) = network(model);
                optim::step(optimizer, model, &gradient);
            }
        };
        let (mut straight, mut model) = (make(), start());
        straight.set_rate(0.0123);
        run(&mut *straight, &mut model);
        let (mut other, mut other_model) = (make(), model.clone());
        optim::restore(&mut *other, &model, stored(straight.state())).unwrap();
        run(&mut *straight, &mut model);
        run(&mut *other, &mut other_model);
        assert_eq!(elements(&model), elements(&other_model), "{name}");
        assert_eq!(straight.state(), other.state(), "{name}");
        assert_eq!((straight.state().numbers["steps"], straight.rate()), (50.0, 0.0123), "{name}");
        let names: Vec<String> = straight.state().tensors.into_keys().collect();
        let expected: Vec<String> = ["0", "1"]
            .iter()
            .flat_map(|p| straight.labels().iter().map(move |l| format!("{p}.{l}")))
            .collect();
        assert_eq!(BTreeSet::from_iter(names), BTreeSet::from_iter(expected), "{name}");
        // Without the state the path is another one, if there is a state.
        if !straight.labels().is_empty() {
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

#[test]
fn every_optimizer_crosses_the_valley() {
    // Steps, and the distance from the minimum that is left. Without a falling rate, methods that
    // divide by the size of the gradient dance around the minimum.
    let constant = Schedule::Constant;
    let falling = Schedule::Cosine { floor: 0.0 };
    let cases: [(&str, Box<dyn Optimizer<f64>>, &Schedule, usize, f64); 10] = [
        ("sgd", Box::new(Sgd::new(0.001)), &constant, 50_000, 1e-8),
        ("momentum", Box::new(Sgd::with_momentum(0.0005, 0.95)), &constant, 5_000, 1e-8),
        ("nesterov", Box::new(Sgd::nesterov(0.0005, 0.95)), &constant, 5_000, 1e-8),
        ("adam", Box::new(Adam::new(0.02)), &constant, 5_000, 1e-8),
        ("adamw", Box::new(AdamW { weight_decay: 1e-9, ..AdamW::new(0.02) }), &constant, 5_000, 1e-8),
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
            optim::step(&mut *optimizer, &mut model, &gradient);
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
    assert_eq!(error, "the search begins at a loss of NaN; start from other parameters");

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
    let step = |adam: &mut Adam<f64>, model: &mut Model| {
        // The gradient of ‖w‖²/2 is w itself.
        let gradient = model.each_ref().map(|w| w.map(|w| w));
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

#[test]
fn a_schedule_is_read_as_a_word_or_a_table_and_written_back() {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Settings {
        schedule: Schedule,
    }
    for (name, schedule) in schedules() {
        let settings = Settings { schedule };
        let text = toml::to_string(&settings).unwrap();
        assert_eq!(toml::from_str::<Settings>(&text).unwrap(), settings, "{name}: {text}");
    }
    let written = |schedule| toml::to_string(&Settings { schedule }).unwrap();
    assert_eq!(written(Schedule::Constant), "schedule = \"constant\"\n");
    assert_eq!(written(Schedule::Cosine { floor: 0.0 }), "schedule = \"cosine\"\n");

    let problem = |text: &str| toml::from_str::<Settings>(text).unwrap_err().message().to_owned();
    assert_eq!(
        problem("schedule = 'cosin'"),
        "unknown variant `cosin`, expected one of `constant`, `step`, `exponential`, `linear`, `cosine`, \
         `one_cycle`, `warmup`, `sequence`"
    );
    assert!(problem("schedule = 3").contains("a word such as \"cosine\" or a table such as"));
    assert_eq!(problem("schedule = { cosine = { flor = 0.1 } }"), "unknown field `flor`, expected `floor`");
    assert_eq!(
        problem("schedule = { warmup = { part = 5, then = 'constant' } }"),
        "`part` of the schedule is 5; it must be a part of the training, above 0 and at most 1"
    );
}

#[test]
fn schedules_in_words() {
    let texts: Vec<String> = schedules().iter().map(|(_, schedule)| schedule.to_string()).collect();
    assert_eq!(
        texts,
        [
            "constant",
            "times 0.3 after every 15 % of the steps",
            "exponential to 0.01",
            "linear to 0.1",
            "cosine to 0",
            "cosine to 0.1",
            "one cycle from 0.04 up over 30 % of the steps and down to 0.000004",
            "one cycle from 0.1 up over 45 % of the steps and down to 0.001",
            "warm-up over 20 % of the steps, then cosine to 0",
            "for 20 % of the steps constant, then for 40 % of the steps exponential to 0.1, \
             then for 40 % of the steps times 0.5 after every 25 % of the steps",
        ]
    );
}

#[test]
fn schedules_of_any_length_are_finite() {
    for (name, schedule) in schedules() {
        for of in 0..40 {
            let factors = schedule.factors(of);
            assert!(factors.iter().all(|x| (0.0..=1.0 + 1e-12).contains(x)), "{name} {of}: {factors:?}");
            assert!((0.0..=1.0).contains(&schedule.factor(of + 5, of)), "{name}: after the end");
        }
    }
}
