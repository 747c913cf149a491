//! Random programs: whatever operations are combined, derivatives must be right.
//!
//! A program is a list of instructions; each makes a new value from earlier ones. Shapes, broadcasting
//! and reuse of values come from the draw, and values are kept bounded so that finite differences can
//! always decide: an inconclusive check is a failure. `AUTOGRAD_CASES=100000` draws that many programs
//! for each property instead of 2,500, and `AUTOGRAD_SEED=2` draws others.

use std::fmt;

use autograd::{Keep, Tape, Tensor, Var, gradcheck_slice};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn config() -> ProptestConfig {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    ProptestConfig {
        cases: number("AUTOGRAD_CASES").unwrap_or(2500) as u32,
        // The same programs in every run, so that a failure is somebody's change and not chance.
        rng_seed: RngSeed::Fixed(number("AUTOGRAD_SEED").unwrap_or(1)),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// One instruction: an operation on two earlier values (counted modulo their number).
#[derive(Clone, Copy, Debug)]
struct Step {
    op: usize,
    a: usize,
    b: usize,
}

#[derive(Clone)]
struct Program {
    shapes: Vec<Vec<usize>>,
    steps: Vec<Step>,
}

const OPS: usize = 28;

impl Program {
    /// Runs the program and returns a bounded number that depends on everything.
    fn run<'t>(&self, inputs: &[Var<'t, f64>]) -> Var<'t, f64> {
        let mut values = inputs.to_vec();
        for step in &self.steps {
            let (a, b) = (values[step.a % values.len()], values[step.b % values.len()]);
            values.push(apply(step.op, a, b));
        }
        let total = values.iter().map(|y| y.sum() * 0.3).reduce(|a, b| a + b).expect("there is an input");
        // In (1, 3): of order one, so that rounding errors are in proportion to it.
        total.tanh() + 2.0
    }

    fn inputs(&self) -> Vec<Tensor<f64>> {
        let value = |k: usize, i: usize| (1.7 * i as f64 + 2.3 * k as f64 + 0.4).sin();
        self.shapes.iter().enumerate().map(|(k, shape)| Tensor::from_fn(shape, |i| value(k, i))).collect()
    }
}

/// Every operation is smooth, and shapes that do not fit an operation are made to fit.
fn apply<'t>(op: usize, a: Var<'t, f64>, b: Var<'t, f64>) -> Var<'t, f64> {
    let rank = a.shape().len();
    // Broadcast against `a` where that works, else the mean, which always does.
    let fits = autograd_broadcasts(&a.shape(), &b.shape());
    let b = if fits { b } else { b.mean() };
    match op {
        0 => a + b,
        1 => a - b,
        2 => a * b * 0.7,
        3 => a / (b * b + 1.0),
        4 => a.tanh(),
        5 => (a * 1.3).sin(),
        6 => a.tanh().exp() * 0.5,
        7 => (a * a + 0.6).ln(),
        8 => a.softplus() * 0.6,
        9 => (a * a + 0.5).sqrt() * 0.7,
        10 => a.sigmoid() * b,
        11 if rank > 0 => a.mean_over(0),
        12 if rank > 0 => a - a.mean_over(Keep(-1)),
        13 if rank > 1 => a.tanh().matmul(a.tanh().t()) * 0.4,
        14 if rank > 1 => a.t() * 0.9,
        15 => a.reshape([a.shape().iter().product::<usize>()]),
        16 if rank > 0 => a.slice_step(0, .., -1) * a,
        17 if rank > 0 => Var::concat([a, a * 0.5], 0).slice(0, 1..),
        18 if rank > 0 => a.softmax(-1),
        19 if rank > 0 => a.logsumexp_over(-1),
        20 => a.expand([&[2], &a.shape()[..]].concat()) * 0.5,
        21 if rank > 0 => a.cumsum(0).tanh(),
        22 if rank > 0 => a.log_softmax(0) * 0.3,
        23 => a.gelu() * 0.8,
        24 => a.silu() - b * 0.1,
        25 => (a * 0.4 + 0.1).powi(3) + b,
        26 if rank > 0 => a.layer_norm(-1, 0.3) * 0.5,
        27 => (a.square() + 1.0).recip() * b,
        _ => a.atan(),
    }
}

fn autograd_broadcasts(a: &[usize], b: &[usize]) -> bool {
    a.iter().rev().zip(b.iter().rev()).all(|(&m, &n)| m == n || m == 1 || n == 1)
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "inputs {:?}", self.shapes)?;
        let tape = Tape::new();
        let inputs: Vec<Var<f64>> = self.inputs().iter().map(|x| tape.var(x)).collect();
        self.run(&inputs);
        write!(f, "{tape}")
    }
}

fn programs() -> impl Strategy<Value = Program> {
    let shape = prop::collection::vec(1..4_usize, 0..3);
    let step = (0..OPS, 0..32_usize, 0..32_usize).prop_map(|(op, a, b)| Step { op, a, b });
    (prop::collection::vec(shape, 1..4), prop::collection::vec(step, 1..10))
        .prop_map(|(shapes, steps)| Program { shapes, steps })
}

fn inner(a: &[Var<f64>], b: &[Var<f64>]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| (a * b).sum().item()).sum()
}

/// The sum of the absolute values of the terms of an inner product: what rounding errors scale with.
fn weight(a: &[Var<f64>], b: &[Var<f64>]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| (a * b).abs().sum().item()).sum()
}

fn directions<'t>(tape: &'t Tape<f64>, like: &[Var<'t, f64>], phase: f64) -> Vec<Var<'t, f64>> {
    let one = |(k, x): (usize, &Var<'t, f64>)| {
        tape.constant(Tensor::from_fn(x.shape(), |i| (2.1 * i as f64 + k as f64 + phase).cos()))
    };
    like.iter().enumerate().map(one).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn gradients_agree_with_finite_differences(program in programs()) {
        let result = gradcheck_slice(&|x| program.run(x), &program.inputs(), 1);
        prop_assert!(result.is_ok(), "{}", result.unwrap_err());
    }

    #[test]
    fn second_derivatives_agree_with_finite_differences(program in programs()) {
        let result = gradcheck_slice(&|x| program.run(x), &program.inputs(), 2);
        prop_assert!(result.is_ok(), "{}", result.unwrap_err());
    }

    #[test]
    fn the_fast_pass_equals_the_recorded_one(program in programs()) {
        let tape = Tape::new();
        let x: Vec<Var<f64>> = program.inputs().iter().map(|x| tape.var(x)).collect();
        let y = program.run(&x);
        let fast = y.backward();
        let recorded = y.vjp(tape.constant(1.0), &x);
        for (x, recorded) in x.iter().zip(recorded) {
            let scale = recorded.abs().sum().item();
            for (a, b) in fast.wrt(*x).to_vec().iter().zip(recorded.value().to_vec()) {
                // Fused kernels may differ in the last places.
                prop_assert!((a - b).abs() <= 64.0 * f64::EPSILON * scale, "{a} and {b}");
            }
        }
    }

    #[test]
    fn laws_of_derivatives(program in programs()) {
        let tape = Tape::new();
        let x: Vec<Var<f64>> = program.inputs().iter().map(|x| tape.var(x)).collect();
        let y = program.run(&x);
        let (v, w) = (directions(&tape, &x, 0.1), directions(&tape, &x, 5.3));

        // ⟨u, J v⟩ = ⟨Jᵀ u, v⟩: forward mode and reverse mode are transposes.
        let u = tape.constant(0.7);
        let gradient = y.vjp(u, &x);
        let forward = 0.7 * y.jvp(&x, &v).item();
        // Derivatives are sums of terms of order one at most, which may cancel: hence the second part.
        let close = |a: f64, b: f64, scale: f64| (a - b).abs() <= 1e-12 * scale + 16.0 * f64::EPSILON;
        prop_assert!(close(forward, inner(&gradient, &v), weight(&gradient, &v)), "transpose: {forward}");

        // ⟨w, H v⟩ = ⟨v, H w⟩: the Hessian is symmetric.
        let (hv, hw) = (y.hvp(&x, &v), y.hvp(&x, &w));
        let scale = weight(&hv, &w) + weight(&hw, &v) + weight(&gradient, &v);
        prop_assert!(close(inner(&hv, &w), inner(&hw, &v), scale), "symmetry");

        // ∇(2 y − 3 y²) = (2 − 6 y) ∇y: linearity and the chain rule.
        let combined = (y * 2.0 - y * y * 3.0).vjp(tape.constant(1.0), &x);
        let factor = (2.0 - 6.0 * y.item()) / 0.7;
        for (combined, gradient) in combined.iter().zip(&gradient) {
            for (c, g) in combined.value().to_vec().iter().zip(gradient.value().to_vec()) {
                let scale = gradient.abs().sum().item() * (2.0 + 6.0 * y.item().abs()) / 0.7;
                prop_assert!(close(*c, factor * g, scale), "linearity: {c} and {}", factor * g);
            }
        }
    }

    #[test]
    fn taylor_remainders_shrink_with_the_right_powers(program in programs()) {
        let inputs = program.inputs();
        let tape = Tape::new();
        let x: Vec<Var<f64>> = inputs.iter().map(|x| tape.var(x)).collect();
        let y = program.run(&x);
        let v = directions(&tape, &x, 0.1);
        let first = y.jvp(&x, &v).item();
        let second = inner(&y.hvp(&x, &v), &v);
        let at = |h: f64| {
            let tape = Tape::new();
            let moved: Vec<Var<f64>> =
                inputs.iter().zip(&v).map(|(x, v)| tape.var(x.zip(&v.value(), |x, v| x + h * v))).collect();
            program.run(&moved).item()
        };
        // What is left of the odd and of the even part of the change when the known terms are taken off:
        // c₃h³ + … if the gradient is right (else it shrinks like h), c₄h⁴ + … if the Hessian is right
        // (else like h²).
        let remainders = |h: f64| {
            let (up, down) = (at(h), at(-h));
            let odd = (up - down) / 2.0 - h * first;
            let even = (up + down) / 2.0 - y.item() - 0.5 * h * h * second;
            [odd.abs(), even.abs()]
        };
        let remainders = [0.01, 0.005, 0.0025, 0.00125].map(remainders);
        for (order, power) in [(0, 3), (1, 4)] {
            // Halving h divides by 2^power; a quarter of room for the next term. The leading terms may
            // cancel around one of the steps by chance, so one of three halvings has to show it. Below
            // the rounding of y there is nothing to compare.
            let left = remainders.map(|of_both| of_both[order]);
            let shrinks = |pair: &[f64]| pair[1] <= 1.25 * pair[0] / f64::from(1 << power) + 16.0 * f64::EPSILON;
            prop_assert!(left.windows(2).any(shrinks), "power {power}: {left:?}");
        }
    }
}
