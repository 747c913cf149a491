//! Checkpointing: forget the inside of a computation, and compute it again when its gradient is
//! wanted (Griewank 1992; Chen et al. 2016). Less memory for more time.

use std::sync::{Mutex, PoisonError};

use super::{Case, case, wave};
use crate::shortcuts::{Destination, Shortcuts, Written};
use crate::{Op, Real, Tape, Tensor, Var};

/// The gradients of all inputs, and what they follow from.
struct Pullback<T: Real, const N: usize> {
    inputs: [Tensor<T>; N],
    g: Tensor<T>,
    gradients: [Tensor<T>; N],
}

/// `y = f(x₁ … x_N)`, of which the tape keeps one line. The rule runs `f` again and differentiates
/// that.
struct Checkpoint<T: Real, F, const N: usize> {
    f: F,
    /// The gradients of the last fast pass. One sweep through `f` yields those of all inputs, but the
    /// rule is asked for one at a time.
    last: Mutex<Option<Pullback<T, N>>>,
}

impl<T: Real, F, const N: usize> Op<T, N> for Checkpoint<T, F, N>
where
    F: for<'t> Fn([Var<'t, T>; N]) -> Var<'t, T> + Send + Sync + 'static,
{
    const NAME: &'static str = "checkpoint";

    fn forward(&self, inputs: [&Tensor<T>; N]) -> Tensor<T> {
        let tape = Tape::new();
        let y = (self.f)(inputs.map(|x| tape.constant(x))).value();
        tape.assert_buffers_taken("checkpoint", "set them outside");
        y
    }

    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, inputs: [Var<'t, T>; N], _y: Var<'t, T>) -> Var<'t, T> {
        // Inputs may depend on each other. Each enters through a line of its own, so that only the
        // path through this very input counts.
        let inputs = inputs.map(Var::alias);
        (self.f)(inputs).vjp(g, &[inputs[wrt]])[0]
    }

    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, N>> {
        Some(self)
    }
}

impl<T: Real, F, const N: usize> Shortcuts<T, N> for Checkpoint<T, F, N>
where
    F: for<'t> Fn([Var<'t, T>; N]) -> Var<'t, T> + Send + Sync + 'static,
{
    fn vjp_to(
        &self,
        wrt: usize,
        g: &Tensor<T>,
        inputs: [&Tensor<T>; N],
        _y: &Tensor<T>,
        _to: Destination<T>,
    ) -> Option<Written<T>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Their memory is held here, so others cannot have the same addresses.
        let known = last.as_ref().is_some_and(|last| {
            last.g.is_same(g) && last.inputs.iter().zip(inputs).all(|(before, now)| before.is_same(now))
        });
        if !known {
            let tape = Tape::new();
            let variables = inputs.map(|x| tape.var(x));
            let y = (self.f)(variables);
            let gradients = (y * tape.constant(g)).sum().backward();
            let gradients = variables.map(|x| gradients.wrt(x));
            *last = Some(Pullback { inputs: inputs.map(Tensor::clone), g: g.clone(), gradients });
        }
        let gradient = last.as_ref().expect("just filled").gradients[wrt].clone();
        if wrt + 1 == N {
            *last = None; // the last input that can be asked for: let go of the memory
        }
        Some(Written::New(gradient))
    }
}

/// `y = x`,  `x̄ = ȳ`.
struct Alias;

impl<T: Real> Op<T, 1> for Alias {
    const NAME: &'static str = "alias";

    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        x.clone()
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        g
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The same value on a line of its own, for a derivative with respect to this very use of it.
    ///
    /// A derivative rule may need the derivative of a part of the computation by one of its inputs, whatever the
    /// inputs depend on and however they depend on each other. It computes that part from the aliases of its inputs:
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(3.0);
    /// let b = a * a; // depends on a
    /// let [whole] = (a * b).grad([a]); // of a³
    /// let [x, y] = [a, b].map(|input| input.alias());
    /// let [partial] = (x * y).grad([x]); // ∂(xy)/∂x = y
    /// let [second] = partial.grad([a]); // the alias depends on what it is an alias of
    /// assert_eq!((whole.item(), partial.item(), second.item()), (27.0, 9.0, 6.0));
    /// ```
    ///
    /// So a rule may call [`Var::vjp`] and [`Var::grad`]:
    ///
    /// ```
    /// use autograd::{Op, Real, Tensor, Var, gradcheck};
    ///
    /// /// The `y` with `y = ½ cos(a + y)`, by iteration. With `f` for the right side, `ā = ȳ ∂f/∂a / (1 − ∂f/∂y)`.
    /// struct Solution;
    ///
    /// impl<T: Real> Op<T, 1> for Solution {
    ///     const NAME: &'static str = "solution";
    ///
    ///     fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
    ///         a.map(|a| (0..100).fold(T::zero(), |y, _| T::of(0.5) * (a + y).cos()))
    ///     }
    ///
    ///     fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
    ///         let [a, y] = [a, y].map(Var::alias);
    ///         let [by_a, by_y] = ((a + y).cos() * 0.5).sum().grad([a, y]);
    ///         g * by_a / (1.0 - by_y)
    ///     }
    /// }
    ///
    /// for order in 1..=3 {
    ///     gradcheck(|[x]| Var::apply(Solution, [x]), [Tensor::from_vec([2], vec![0.7, -2.0])], order).unwrap();
    /// }
    /// ```
    #[track_caller]
    pub fn alias(self) -> Var<'t, T> {
        Var::apply(Alias, [self])
    }
}

/// A function of its arguments alone, as [`checkpoint`] needs it: what it captures are no variables and no references,
/// for it is called again when the tape is somewhere else. Every closure of this kind is one.
#[diagnostic::on_unimplemented(
    message = "the function of a checkpoint may use its arguments only, and no variable from outside",
    label = "a variable is captured",
    note = "hand it in: `checkpoint([x, w], |[x, w]| x * w)`"
)]
pub trait SelfContained: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<F: Send + Sync + 'static> SelfContained for F {}

/// `f(inputs)` as one line of the tape: what happens inside is forgotten, and computed again when a
/// gradient is wanted. Values and gradients are the same.
///
/// `f` may only use its arguments: whatever it needs from the tape must be passed in.
///
/// ```
/// use autograd::{Tape, checkpoint};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(0.5);
/// let y = checkpoint([x], |[x]| (x * x).tanh().exp());
/// assert_eq!(tape.len(), 2);
/// assert_eq!(y.backward().wrt(x), (x * x).tanh().exp().backward().wrt(x));
/// ```
///
/// # Panics
/// If `f` uses variables of this tape that are not among its arguments.
#[track_caller]
pub fn checkpoint<'t, T: Real, const N: usize>(
    inputs: [Var<'t, T>; N],
    f: impl for<'s> Fn([Var<'s, T>; N]) -> Var<'s, T> + SelfContained,
) -> Var<'t, T> {
    Var::apply(Checkpoint { f, last: Mutex::new(None) }, inputs)
}

pub(super) const CASES: &[Case] = &[
    case!("checkpoint", |a| checkpoint([a], |[a]| (a * a).tanh() * a), [wave([4])]),
    case!(
        "checkpoint whose inputs depend on each other",
        |a, b| checkpoint([a * b, a], |[c, a]| (c * a).sin() * c),
        [wave([3]), wave([3])]
    ),
    case!(
        "checkpoint inside a checkpoint",
        |a| checkpoint([a], |[a]| checkpoint([a.tanh()], |[b]| b * b) * a),
        [wave([3])]
    ),
    case!("alias", |a| (a * a).alias() * a, [wave([3])]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Recorded, cost};

    fn layer<'t>(x: Var<'t, f64>, w: Var<'t, f64>) -> Var<'t, f64> {
        let mut x = x;
        for _ in 0..10 {
            x = (x * w).tanh();
        }
        x
    }

    #[test]
    fn changes_no_bit_and_holds_less() {
        let start = Tensor::from_fn([5000], |i| (i as f64).sin());
        let run = |checkpointed: bool| {
            let tape = Tape::<f64>::new();
            let (x, w) = (tape.var(&start), tape.var(0.9));
            let mut y = x;
            for _ in 0..8 {
                y = if checkpointed { checkpoint([y, w], |[y, w]| layer(y, w)) } else { layer(y, w) };
            }
            let held = tape.bytes();
            let gradients = y.sum().backward();
            (y.value(), gradients.wrt(x), held)
        };
        let (plain, saved) = (run(false), run(true));
        assert_eq!((&plain.0, &plain.1), (&saved.0, &saved.1));
        assert!(saved.2 * 8 < plain.2, "{} and {} bytes", saved.2, plain.2);
    }

    #[test]
    fn replayed_with_other_inputs_and_the_same_gradient() {
        let w = Tensor::scalar(3.0);
        let mut recorded =
            Recorded::new(&w, &w, |w, x, _| checkpoint([w, x], |[w, x]: [Var<f64>; 2]| (w * x).square()));
        for x in [1.0, 2.0, 3.0] {
            let (y, dw) = recorded.value_and_grad(&w, &Tensor::scalar(x));
            assert_eq!((y, dw.item()), (9.0 * x * x, 6.0 * x * x));
        }
    }

    #[test]
    fn memory_returns() {
        let before = cost::live_bytes();
        {
            let tape = Tape::<f64>::new();
            let x = tape.var(Tensor::ones([100]));
            checkpoint([x], |[x]| x.exp()).sum().backward();
        }
        assert_eq!(cost::live_bytes(), before);
    }
}
