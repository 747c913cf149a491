//! Checking derivatives against finite differences.
//!
//! To check order `k`, the function is reduced to a number in two random ways: its outputs are
//! weighted by `u`, its inputs move along directions `v₁ … v_k`. The number
//!
//! > `φ_k(x) = ∂/∂v_k … ∂/∂v₁ ⟨u, f(x)⟩`
//!
//! is computed by the tape, and compared with the slope of `φ_{k−1}` along `v_k`, which is found by
//! central differences with Richardson extrapolation. That method estimates its own error, and this
//! estimate sets the tolerance: no constant that a small wrong derivative could hide under. Where
//! the estimate itself is too large to tell, the check fails as inconclusive.
//!
//! The last of the `k` derivatives is taken by [`Var::backward`] as well, which training uses, and whose
//! fused loops ([`Shortcuts::vjp_to`](crate::shortcuts::Shortcuts::vjp_to)) the recorded gradient never runs.

use std::fmt;

use crate::{Real, Tape, Tensor, Var};

/// A derivative that differs from its finite difference.
#[derive(Clone, Debug)]
pub struct Mismatch {
    /// The order of the derivative.
    pub order: usize,
    /// The derivative by the tape.
    pub by_tape: f64,
    /// True if it is that of [`Var::backward`]; the recorded gradient is then right.
    pub by_backward: bool,
    /// The derivative by finite differences.
    pub by_difference: f64,
    /// The distance that the two may have.
    pub tolerance: f64,
    /// True if the finite difference is too inexact to decide.
    pub inconclusive: bool,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mismatch { order, by_tape, by_backward, by_difference, tolerance, inconclusive } = self;
        let pass = if *by_backward { "the fused loops of `backward`" } else { "the tape" };
        let both = format!(
            "derivative of order {order}: {by_tape:.12e} by {pass}, {by_difference:.12e} by finite differences"
        );
        if *inconclusive {
            return write!(
                f,
                "inconclusive: {both}, which are good to {tolerance:.1e} only: is there a kink near the inputs?"
            );
        }
        let apart = (by_tape - by_difference).abs();
        write!(f, "{both}; they differ by {apart:.1e}, more than {tolerance:.1e}")
    }
}

impl std::error::Error for Mismatch {}

/// Compares the derivative of order `order` of `f` at `inputs` with finite differences.
///
/// Every order relies on the one below, so check them from 1 up. Inputs should keep a distance of
/// 0.1 from kinks.
///
/// ```
/// use autograd::{Tensor, gradcheck};
///
/// let x = Tensor::from_vec([2], vec![0.3, 0.8]);
/// for order in 1..=3 {
///     gradcheck(|[x]| x.sin() * x, [x.clone()], order).unwrap();
/// }
/// ```
///
/// # Errors
/// If the two differ by more than the finite difference's own error, or that error is too large.
///
/// # Panics
/// If the order is 0.
#[track_caller]
pub fn gradcheck<const N: usize>(
    f: impl for<'t> Fn([Var<'t, f64>; N]) -> Var<'t, f64>,
    inputs: [Tensor<f64>; N],
    order: usize,
) -> Result<(), Mismatch> {
    gradcheck_slice(&|x| f(std::array::from_fn(|i| x[i])), &inputs, order)
}

/// A function of variables.
type Function<'a> = dyn for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64> + 'a;

/// [`gradcheck`] for a number of inputs that is not known when compiling, such as all parameters of
/// a model.
///
/// # Errors
/// As [`gradcheck`].
///
/// # Panics
/// If the order is 0.
#[track_caller]
pub fn gradcheck_slice(f: &Function, inputs: &[Tensor<f64>], order: usize) -> Result<(), Mismatch> {
    assert!(order > 0, "gradcheck: the order counts from 1");
    let directions: Vec<Vec<Tensor<f64>>> = (0..order)
        .map(|k| inputs.iter().enumerate().map(|(i, x)| noise(x.shape(), k, i)).collect())
        .collect();
    let (below, last) = directions.split_at(order - 1);
    let last = &last[0];

    let (by_tape, scale) = derivative(f, inputs, &directions);
    let fast = fast_derivative(f, inputs, below, last);
    let moved = |t: f64| {
        let step = |(x, v): (&Tensor<f64>, &Tensor<f64>)| x.zip(v, |x, v| x + t * v);
        let inputs: Vec<Tensor<f64>> = inputs.iter().zip(last).map(step).collect();
        derivative(f, &inputs, below).0
    };
    let compare = |largest_step: f64| {
        let (by_difference, error) = slope(moved, largest_step);
        // Ten times the estimated error, and the rounding of the function values (some units in the
        // last place of the terms they are summed from), which the division by the step magnifies.
        let smallest_step = largest_step / f64::from(1 << (LEVELS - 1));
        let tolerance = 10.0 * error + 16.0 * f64::EPSILON * scale / smallest_step;
        // A rule wrong by one part in a million must not fit into the tolerance.
        let inconclusive = tolerance > 1e-8 * scale && scale > 0.0 || !tolerance.is_finite();
        let agrees = |given: f64| !inconclusive && (given - by_difference).abs() <= tolerance;
        match [(by_tape, false), (fast, true)].into_iter().find(|(given, _)| !agrees(*given)) {
            Some((by_tape, by_backward)) => {
                Err(Mismatch { order, by_tape, by_backward, by_difference, tolerance, inconclusive })
            }
            None => Ok(()),
        }
    };
    // Once in 100,000 times the estimated error is too small by chance: numbers agree that should not. At
    // other steps they do not agree again, while a wrong rule is wrong at any step. Functions that are very
    // curved need smaller steps, although rounding counts more there.
    compare(0.06).or_else(|mismatch| compare(0.041).or_else(|_| compare(0.008)).map_err(|_| mismatch))
}

/// `φ_k(x)` for the `k` given directions, and its scale: the sum of the absolute values of the terms
/// it is made of, here and in the orders below (where a higher derivative vanishes, those are what
/// finite differences cancel).
fn derivative(f: &Function, inputs: &[Tensor<f64>], directions: &[Vec<Tensor<f64>>]) -> (f64, f64) {
    let tape = Tape::new();
    let x: Vec<Var<f64>> = inputs.iter().map(|x| tape.var(x)).collect();
    let (phi, scale) = recorded(f, &x, directions, &tape);
    (phi.item(), scale)
}

/// `φ_k(x)`, with the last derivative by [`Var::backward`].
fn fast_derivative(
    f: &Function,
    inputs: &[Tensor<f64>],
    below: &[Vec<Tensor<f64>>],
    last: &[Tensor<f64>],
) -> f64 {
    let tape = Tape::new();
    let x: Vec<Var<f64>> = inputs.iter().map(|x| tape.var(x)).collect();
    let gradients = recorded(f, &x, below, &tape).0.backward();
    x.iter().zip(last).map(|(&x, v)| gradients.wrt(x).zip(v, |g, v| g * v).sum_to([]).item()).sum()
}

/// [`derivative`] as a variable.
fn recorded<'t>(
    f: &Function,
    x: &[Var<'t, f64>],
    directions: &[Vec<Tensor<f64>>],
    tape: &'t Tape<f64>,
) -> (Var<'t, f64>, f64) {
    let weigh = |y: Var<f64>, u: &Tensor<f64>| y.value().zip(u, |y, u| (y * u).abs()).sum_to([]).item();
    let y = f(x);
    let u = noise(&y.shape(), 97, 0);
    let mut scale = weigh(y, &u);
    let mut phi = (y * tape.constant(u)).sum();
    for direction in directions {
        let grads = phi.vjp(tape.constant(1.0), x);
        scale = scale.max(grads.iter().zip(direction).map(|(&g, v)| weigh(g, v)).sum());
        let terms = grads.iter().zip(direction).map(|(&g, v)| (g * tape.constant(v)).sum());
        phi = terms.reduce(|a, b| a + b).unwrap_or(tape.constant(0.0));
    }
    (phi, scale)
}

const LEVELS: usize = 6;

/// `φ′(0)` by central differences with ever smaller steps, extrapolated to step zero (Ridders 1982;
/// Richardson), with an estimate of its error.
fn slope(phi: impl Fn(f64) -> f64, largest_step: f64) -> (f64, f64) {
    let mut row: Vec<f64> = vec![];
    let mut best = (f64::NAN, f64::INFINITY);
    let mut step = largest_step;
    for level in 0..LEVELS {
        let mut new = vec![(phi(step) - phi(-step)) / (2.0 * step)];
        let mut factor = 1.0;
        for j in 0..level {
            // Each column removes the next even power of the step from the error.
            factor *= 4.0;
            new.push(new[j] + (new[j] - row[j]) / (factor - 1.0));
            let error = (new[j + 1] - new[j]).abs().max((new[j + 1] - row[j]).abs());
            if error <= best.1 {
                best = (new[j + 1], error);
            }
        }
        row = new;
        step /= 2.0;
    }
    best
}

/// Reproducible irregular numbers with magnitudes between ½ and 1 and both signs; `kind` and
/// `which` keep directions and inputs apart.
fn noise(shape: &[usize], kind: usize, which: usize) -> Tensor<f64> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul((1 + kind * 64 + which) as u64);
    Tensor::from_fn(shape, |_| {
        // splitmix64
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        let magnitude = 0.5 + (z >> 12) as f64 / (1u64 << 53) as f64;
        f64::of(if z & 1 == 0 { magnitude } else { -magnitude })
    })
}

#[cfg(test)]
mod tests;
