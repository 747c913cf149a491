//! Losses against PyTorch: values and gradients of `fixtures/losses.txt`, which `fixtures/losses.py` makes.

use autograd::{Tensor, Var, value_and_grad};
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
    // Every public function of the module has a line.
    let sources = [include_str!("../src/losses/mod.rs"), include_str!("../src/losses/likelihood.rs")];
    let public = sources.iter().flat_map(|source| source.lines()).filter_map(|l| l.strip_prefix("pub fn "));
    for function in public.map(|line| line.split(['<', '(']).next().expect("a name")) {
        assert!(names.iter().any(|name| name.split(' ').next() == Some(function)), "no line for {function}");
    }
}
