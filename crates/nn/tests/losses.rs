//! Losses against PyTorch: values and gradients of `fixtures/losses.txt`, which `fixtures/losses.py` makes. And at the
//! ends of their range against exact numbers: `fixtures/ends.txt`, by `fixtures/ends.py`.

use autograd::{Real, Tape, Tensor, Var, value_and_grad};
use nn::losses;

type Wave = (f64, f64);

/// Element k is `scale sin(1.7 k + phase)`.
fn wave((scale, phase): Wave) -> Tensor<f64> {
    Tensor::from_fn([4, 3], |k| scale * (1.7 * k as f64 + phase).sin())
}

const TARGET: Wave = (1.0, 0.4);
const OUTPUTS: [Wave; 2] = [(2.0, 1.1), (1.0, 2.3)];

/// A loss of outputs `y` and `s`, and of targets on the line.
fn compute<'t>(name: &str, [y, s]: [Var<'t, f64>; 2]) -> Var<'t, f64> {
    let constant = |values: Tensor<f64>| y.tape().constant(values);
    let x = constant(wave(TARGET));
    let unit = constant(wave(TARGET).map(|x| 0.5 + 0.49 * x));
    let counts = constant(wave(TARGET).map(|x| (3.0 + 3.0 * x).round()));
    match name {
        "squared_error" => losses::squared_error(y, x),
        "absolute_error" => losses::absolute_error(y, x),
        "huber 0.7" => losses::huber(y, x, 0.7),
        "log_cosh" => losses::log_cosh(y, x),
        "bce_with_logits" => losses::bce_with_logits(y, unit),
        "bce" => losses::bce(y * 0.24 + 0.5, unit),
        "cross_entropy" => losses::cross_entropy(y, &[2, 0, 1, 1]),
        "token_cross_entropy" => losses::token_cross_entropy(y, &[2, 0, 1, 1], Some(1)),
        "gaussian_nll" => losses::gaussian_nll(y, s, x),
        "poisson_nll" => losses::poisson_nll(y, counts),
        "multinomial_nll" => losses::multinomial_nll(y, counts),
        "continuous_bernoulli_nll" => losses::continuous_bernoulli_nll(y, unit),
        _ => panic!("the fixture has a loss `{name}` that this table lacks"),
    }
}

#[test]
fn losses_are_those_of_pytorch() {
    let lines = include_str!("fixtures/losses.txt").lines().filter(|line| !line.starts_with('#'));
    let mut names = vec![];
    for line in lines {
        let mut parts = line.split("; ");
        let name = parts.next().expect("a name");
        let numbers =
            |part: &str| part.split(' ').map(|n| n.parse().expect("a number")).collect::<Vec<f64>>();
        let value = numbers(parts.next().expect("a value"))[0];
        let (ours, gradients) = value_and_grad(&OUTPUTS.map(wave), |outputs, _| compute(name, outputs));
        assert!((ours - value).abs() <= 1e-13 * value.abs(), "{name}: {ours}, by PyTorch {value}");
        for (i, expected) in parts.map(numbers).enumerate() {
            let ours = gradients[i].to_vec();
            for (k, (a, b)) in ours.iter().zip(&expected).enumerate() {
                assert!((a - b).abs() <= 1e-13, "{name}: gradient {k} of input {i} is {a}, by PyTorch {b}");
            }
        }
        names.push(name);
    }
    assert_every_loss_is_in(&names);
}

/// Every public function of the module has a line.
fn assert_every_loss_is_in(names: &[&str]) {
    let sources = [include_str!("../src/losses/mod.rs"), include_str!("../src/losses/likelihood.rs")];
    let public = sources.iter().flat_map(|source| source.lines()).filter_map(|l| l.strip_prefix("pub fn "));
    for function in public.map(|line| line.split(['<', '(']).next().expect("a name")) {
        assert!(names.iter().any(|name| name.split(' ').next() == Some(function)), "no line for {function}");
    }
}

/// A loss of the inputs on a line, each of one example.
fn at_an_end<'t, T: Real>(name: &str, inputs: &[Var<'t, T>]) -> Var<'t, T> {
    match (name, inputs) {
        ("squared_error", &[y, x]) => losses::squared_error(y, x),
        ("absolute_error", &[y, x]) => losses::absolute_error(y, x),
        ("huber", &[y, x]) => losses::huber(y, x, 0.75),
        ("log_cosh", &[y, x]) => losses::log_cosh(y, x),
        ("bce_with_logits", &[l, x]) => losses::bce_with_logits(l, x),
        ("continuous_bernoulli_nll", &[l, x]) => losses::continuous_bernoulli_nll(l, x),
        ("bce", &[p, x]) => losses::bce(p, x),
        ("cross_entropy 0", &[l]) => losses::cross_entropy(l, &[0]),
        ("cross_entropy 1", &[l]) => losses::cross_entropy(l, &[1]),
        ("token_cross_entropy 0", &[l]) => losses::token_cross_entropy(l, &[0], None),
        ("token_cross_entropy 1", &[l]) => losses::token_cross_entropy(l, &[1], None),
        ("multinomial_nll", &[l, x]) => losses::multinomial_nll(l, x),
        ("gaussian_nll", &[mu, s, x]) => losses::gaussian_nll(mu, s, x),
        ("poisson_nll", &[l, x]) => losses::poisson_nll(l, x),
        _ => panic!("the fixture has a loss `{name}` that this table lacks"),
    }
}

/// An exact number, and the size of the terms that it is a sum of.
fn exact(number: &str) -> [f64; 2] {
    let (value, size) = number.split_once('~').unwrap_or((number, "0"));
    [value, size].map(|n| n.parse().expect("a number"))
}

/// Values and gradients of all lines in one precision; `smallest` and `largest` are the positive normal numbers that it
/// has. Returns how many lines had inputs of this precision, and what was wrong.
fn check_the_ends<T: Real>(smallest: f64, largest: f64) -> (usize, Vec<String>) {
    let (mut checked, mut wrong) = (0, vec![]);
    for line in include_str!("fixtures/ends.txt").lines() {
        let parts: Vec<&str> = line.split("; ").collect();
        let &[name, inputs, value, gradients] = parts.as_slice() else { panic!("{line}") };
        let numbers: Vec<f64> = inputs.split(' ').map(|x| x.parse().expect("a number")).collect();
        if numbers.iter().any(|&x| T::of(x).as_f64() != x) {
            continue;
        }
        checked += 1;
        let width =
            if ["cross", "token", "multi"].iter().any(|of_two| name.starts_with(of_two)) { 2 } else { 1 };
        let tape = Tape::<T>::new();
        let row = |x: &[f64]| tape.var(Tensor::from_vec([1, width], x.iter().map(|&x| T::of(x)).collect()));
        let inputs: Vec<Var<T>> = numbers.chunks(width).map(row).collect();
        let y = at_an_end(name, &inputs);
        let fast = y.backward();
        let recorded = y.vjp(tape.constant(T::one()), &inputs);
        let mut wanted = vec![exact(value)];
        wanted.extend(gradients.split(' ').map(exact));
        let list = |gradients: Vec<Tensor<T>>| {
            gradients.into_iter().flat_map(|g| g.to_vec()).map(T::as_f64).collect::<Vec<f64>>()
        };
        for (pass, gradients) in [
            ("fast", list(inputs.iter().map(|&x| fast.wrt(x)).collect())),
            ("recorded", list(recorded.iter().map(|g| g.value()).collect())),
        ] {
            for (ours, [exact, size]) in [y.item().as_f64()].into_iter().chain(gradients).zip(&wanted) {
                let tolerance = 16.0 * T::EPSILON.as_f64() * exact.abs().max(*size) + smallest;
                let beyond = exact.abs() > largest && ours == exact.signum() * f64::INFINITY;
                if !(beyond || (ours - exact).abs() <= tolerance) {
                    wrong.push(format!("{line}\n{pass}: {ours:e} for {exact:e}"));
                }
            }
        }
    }
    (checked, wrong)
}

#[test]
fn losses_are_right_at_the_ends_of_their_range() {
    let lines = include_str!("fixtures/ends.txt").lines();
    assert_every_loss_is_in(&lines.clone().filter_map(|line| line.split("; ").next()).collect::<Vec<_>>());
    let single = check_the_ends::<f32>(f32::MIN_POSITIVE.into(), f32::MAX.into());
    let double = check_the_ends::<f64>(f64::MIN_POSITIVE, f64::MAX);
    assert!(single.0 > 380 && double.0 == lines.count(), "{} and {} lines", single.0, double.0);
    let wrong = [single.1, double.1].concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
