//! Random scalar programs, on the tape and on hyper-dual numbers (Fike and Alonso 2011) of the crate
//! `num-dual`: forward-mode arithmetic that shares nothing with ours, exact to second order. `AUTOGRAD_CASES` and
//! `AUTOGRAD_SEED` as in `programs.rs`.

use std::cell::Cell;
use std::ops::{Add, Mul, Sub};

use autograd::{Tape, Var};
use num_dual::{DualNum, HyperDual64};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// What a program needs of its numbers.
trait Number: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
    fn scale(self, by: f64) -> Self;
    fn shift(self, by: f64) -> Self;
    fn unary(self, function: usize) -> Self;
    fn is_positive(self) -> bool;
}

impl Number for Var<'_, f64> {
    fn scale(self, by: f64) -> Self {
        self * by
    }
    fn shift(self, by: f64) -> Self {
        self + by
    }
    fn unary(self, function: usize) -> Self {
        match function {
            0 => self.sin(),
            1 => self.cos(),
            2 => self.tanh(),
            3 => self.exp(),
            4 => self.ln(),
            5 => self.sqrt(),
            6 => self.recip(),
            7 => self.powi(3),
            8 => self.atan(),
            9 => self.sinh(),
            10 => self.exp_m1(),
            11 => self.ln_1p(),
            12 => self.abs(),
            _ => self.relu(),
        }
    }
    fn is_positive(self) -> bool {
        self.item() > 0.0
    }
}

thread_local! {
    /// The largest number that occurred: rounding errors are relative to it.
    static LARGEST: Cell<f64> = const { Cell::new(0.0) };
}

fn seen(x: HyperDual64) -> HyperDual64 {
    let largest = [x.re, x.eps1, x.eps2, x.eps1eps2].iter().fold(LARGEST.get(), |m, x| m.max(x.abs()));
    LARGEST.set(largest);
    x
}

impl Number for HyperDual64 {
    fn scale(self, by: f64) -> Self {
        self * by
    }
    fn shift(self, by: f64) -> Self {
        self + by
    }
    fn unary(self, function: usize) -> Self {
        seen(match function {
            0 => self.sin(),
            1 => self.cos(),
            2 => self.tanh(),
            3 => self.exp(),
            4 => self.ln(),
            5 => self.sqrt(),
            6 => self.recip(),
            7 => self.powi(3),
            8 => self.atan(),
            9 => self.sinh(),
            10 => self.exp_m1(),
            11 => self.ln_1p(),
            12 if self.re < 0.0 => -self,
            12 => self,
            _ if self.re < 0.0 => self * 0.0,
            _ => self,
        })
    }
    fn is_positive(self) -> bool {
        self.re > 0.0
    }
}

#[derive(Clone, Copy, Debug)]
struct Step {
    op: usize,
    a: usize,
    b: usize,
}

fn run<N: Number>(steps: &[Step], inputs: &[N]) -> N {
    let mut values = inputs.to_vec();
    for step in steps {
        let (a, b) = (values[step.a % values.len()], values[step.b % values.len()]);
        let bounded = a.unary(2);
        values.push(match step.op {
            0 => a + b,
            1 => a - b,
            2 => a * b.unary(2),
            3 if a.is_positive() => a * b.unary(0),
            3 => b - a,
            4 => bounded.unary(3),
            5 => (a * a).shift(0.3).unary(4),
            6 => (a * a).shift(0.3).unary(5),
            7 => (a * a).shift(0.5).unary(6),
            8 => bounded.unary(7),
            9 => bounded.unary(9),
            10 => bounded.unary(10),
            11 => bounded.scale(0.9).unary(11),
            12 => a.unary(8),
            13 => a.unary(1),
            14 => a.unary(12),
            _ => a.unary(13),
        });
    }
    values.into_iter().reduce(|a, b| a + b).expect("there is an input")
}

fn config() -> ProptestConfig {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    ProptestConfig {
        cases: number("AUTOGRAD_CASES").unwrap_or(5000) as u32,
        rng_seed: RngSeed::Fixed(number("AUTOGRAD_SEED").unwrap_or(1)),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn first_and_second_derivatives_agree_with_hyper_dual_numbers(
        point in prop::collection::vec((0.1..1.5_f64, any::<bool>()), 1..4),
        steps in prop::collection::vec(
            (0..16_usize, 0..64_usize, 0..64_usize).prop_map(|(op, a, b)| Step { op, a, b }), 1..16),
        (i, j) in (0..64_usize, 0..64_usize),
    ) {
        let point: Vec<f64> = point.iter().map(|&(x, negative)| if negative { -x } else { x }).collect();
        let (i, j) = (i % point.len(), j % point.len());

        let tape = Tape::<f64>::new();
        let x: Vec<Var<f64>> = point.iter().map(|&x| tape.var(x)).collect();
        let y = run(&steps, &x);
        let [first] = y.grad([x[i]]);
        let [second] = first.grad([x[j]]);
        prop_assert_eq!(y.backward().wrt(x[i]).item(), first.item());

        LARGEST.set(1.0);
        let dual = |k: usize| {
            let eps = |which: usize| if k == which { 1.0 } else { 0.0 };
            HyperDual64::new(point[k], eps(i), eps(j), 0.0)
        };
        let duals: Vec<HyperDual64> = (0..point.len()).map(dual).collect();
        let expected = run(&steps, &duals);
        // Sixteen steps of a few roundings each, relative to the largest number on the way.
        let tolerance = 1e-13 * LARGEST.get() * (1.0 + steps.len() as f64);
        prop_assert!((y.item() - expected.re).abs() <= tolerance, "value {} {}", y.item(), expected.re);
        let (f, e) = (first.item(), expected.eps1);
        prop_assert!((f - e).abs() <= tolerance, "first derivative {f}, by dual numbers {e}");
        let (f, e) = (second.item(), expected.eps1eps2);
        prop_assert!((f - e).abs() <= tolerance, "second derivative {f}, by dual numbers {e}");
    }
}
