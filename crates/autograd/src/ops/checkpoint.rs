//! Checkpointing: the inside of a computation is not kept, and computed again when its gradient is
//! wanted (Griewank 1992; Chen et al. 2016). Less memory for more time.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Case, case, wave};
use crate::compiled::built_in;
use crate::op::AnyOp;
use crate::shortcuts::{AnyShortcuts, Destination, Written};
use crate::tape::Kind;
use crate::tensor::MadeBy;
use crate::{Name, Op, Real, Tape, Tensor, Tree, Var, check};

const NAME: &str = "checkpoint";

/// The gradients of all inputs, and the numbers from which they follow.
struct Pullback<T: Real> {
    inputs: Vec<Tensor<T>>,
    g: Tensor<T>,
    gradients: Vec<Tensor<T>>,
}

/// `y = f(x)`, where `x` is a tree. It is one node of the tape, whose inputs are the leaves. The rule runs `f` again and
/// differentiates that.
struct Checkpoint<T: Real, Form, F> {
    form: Form,
    f: F,
    /// The gradients of the last fast pass. One sweep through `f` yields those of all inputs, but the
    /// rule is asked for one at a time.
    last: Mutex<Option<Pullback<T>>>,
}

impl<T: Real, Form: Tree<()>, F> Checkpoint<T, Form, F>
where
    F: for<'s> Fn(Form::With<Var<'s, T>>, &'s Tape<T>) -> Var<'s, T>,
{
    fn run<'s>(&self, leaves: &[Var<'s, T>]) -> Var<'s, T> {
        let (tape, mut leaves) = (leaves[0].tape, leaves.iter());
        let inputs = self.form.map(Name::Root, &mut |_, ()| *leaves.next().expect("one input for each leaf"));
        (self.f)(inputs, tape)
    }
}

impl<T: Real, Form: Tree<()> + Send + Sync, F> AnyOp<T> for Checkpoint<T, Form, F>
where
    F: for<'s> Fn(Form::With<Var<'s, T>>, &'s Tape<T>) -> Var<'s, T> + Send + Sync,
{
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn forward(&self, inputs: &[&Tensor<T>]) -> Tensor<T> {
        let tape = Tape::new();
        let y = self.run(&inputs.iter().map(|&x| tape.constant(x)).collect::<Vec<_>>()).value();
        tape.assert_buffers_taken(NAME, "set them outside");
        y
    }

    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, inputs: &[Var<'t, T>], _y: Var<'t, T>) -> Var<'t, T> {
        // Inputs may depend on each other. Each enters through a node of its own, so that only the
        // path through this very input counts.
        let aliases: Vec<Var<'t, T>> = inputs.iter().map(|x| x.alias()).collect();
        let gradient = self.run(&aliases).vjp(g, &[aliases[wrt]])[0];
        check::contribution(self, gradient, inputs, wrt)
    }
}

impl<T: Real, Form: Tree<()>, F> AnyShortcuts<T> for Checkpoint<T, Form, F>
where
    F: for<'s> Fn(Form::With<Var<'s, T>>, &'s Tape<T>) -> Var<'s, T>,
{
    fn vjp_to(
        &self,
        wrt: usize,
        g: &Tensor<T>,
        inputs: &[&Tensor<T>],
        _y: &Tensor<T>,
        _to: Destination<T>,
    ) -> Option<Written<T>> {
        // A test that breaks a rule has to meet it.
        #[cfg(test)]
        if super::mutation::of(NAME, wrt).is_some() {
            return None;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Their memory is held here, so others cannot have the same addresses.
        let known = last.as_ref().is_some_and(|last| {
            last.g.is_same(g) && last.inputs.iter().zip(inputs).all(|(before, now)| before.is_same(now))
        });
        if !known {
            let tape = Tape::new();
            let variables: Vec<Var<T>> = inputs.iter().map(|&x| tape.var(x)).collect();
            let gradients = self.run(&variables).pull(g.clone());
            *last = Some(Pullback {
                inputs: inputs.iter().map(|&x| x.clone()).collect(),
                g: g.clone(),
                gradients: variables.iter().map(|&x| gradients.wrt(x)).collect(),
            });
        }
        let gradient = last.as_ref().expect("just filled").gradients[wrt].clone();
        if wrt + 1 == inputs.len() {
            *last = None; // the last input that can be asked for: its memory is released
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
    /// The same value as a node of its own, for a derivative with respect to this very use of it.
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
    /// let [second] = partial.grad([a]); // the alias depends on a
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
        T::record(Alias, [self])
    }
}

/// A function of its arguments alone, as [`checkpoint`] needs it: it captures no variables and no references,
/// for it is called again when the tape is somewhere else. Every closure of this kind is one.
#[diagnostic::on_unimplemented(
    message = "the function of a checkpoint may use its arguments only, and no variable from outside",
    label = "a variable is captured",
    note = "hand it in: `checkpoint([x, w], |[x, w], _| x * w)`"
)]
pub trait SelfContained: Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<F: Send + Sync + 'static> SelfContained for F {}

/// `f(inputs)` as one node of the tape: the values inside are not kept, and computed again when a
/// gradient is wanted. Values and gradients are the same.
///
/// The inputs are a [`Tree`] of variables: an array, a layer, a layer and its input. `f` uses no other variables; the tape
/// that it is given is the one on which it runs, for constants of its own.
///
/// ```
/// use autograd::{Tape, checkpoint};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(0.5);
/// let y = checkpoint([x], |[x], _tape| (x * x).tanh().exp());
/// assert_eq!(tape.len(), 2);
/// assert_eq!(y.backward().wrt(x), (x * x).tanh().exp().backward().wrt(x));
/// ```
///
/// A layer is passed in with its input:
///
/// ```
/// use autograd::{Real, Tape, Tensor, Var, checkpoint, tree};
///
/// struct Layer<W> {
///     weight: W,
///     bias: W,
/// }
/// tree!(Layer { weight, bias });
///
/// impl<'t, T: Real> Layer<Var<'t, T>> {
///     fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
///         x.linear(self.weight, self.bias).tanh()
///     }
/// }
///
/// let tape = Tape::<f64>::new();
/// let weight = tape.var(Tensor::ones([2, 3]));
/// let layer = Layer { weight, bias: tape.var(Tensor::zeros([2])) };
/// let x = tape.constant(Tensor::ones([1, 3]));
/// let y = checkpoint((layer, x), |(layer, x), _tape| layer.forward(x));
/// assert_eq!(y.sum().backward().wrt(weight).shape(), [2, 3]);
/// ```
///
/// # Panics
/// If there are no inputs, or `f` uses variables of this tape that are not among them.
#[track_caller]
pub fn checkpoint<'t, T: Real, I, F>(inputs: I, f: F) -> Var<'t, T>
where
    I: Tree<Var<'t, T>>,
    I::With<()>: Send + Sync + 'static,
    F: for<'s> Fn(<I::With<()> as Tree<()>>::With<Var<'s, T>>, &'s Tape<T>) -> Var<'s, T> + SelfContained,
{
    let mut leaves = vec![];
    let form = inputs.map(Name::Root, &mut |_, leaf| leaves.push(*leaf));
    record(Checkpoint { form, f, last: Mutex::new(None) }, NAME, &leaves)
}

/// Applies an operation with any number of inputs and records it; see [`Var::apply`].
#[track_caller]
pub(super) fn record<'t, T: Real>(
    op: impl AnyOp<T> + 'static,
    name: &'static str,
    inputs: &[Var<'t, T>],
) -> Var<'t, T> {
    let Some(first) = inputs.first() else { panic!("{name}: there must be an input") };
    check::one_tape(name, inputs);
    let value = {
        let nodes = first.tape.nodes.borrow();
        let _made_by = MadeBy::operation(name);
        op.forward(&inputs.iter().map(|input| &nodes[input.id].value).collect::<Vec<_>>())
    };
    first.tape.computed(value, Arc::new(op), inputs, Kind::Smooth)
}

built_in! {
    apply 1: Alias;
}

pub(super) const CASES: &[Case] = &[
    case!("checkpoint", |a| checkpoint([a], |[a], _| (a * a).tanh() * a), [wave([4])]),
    case!(
        "checkpoint whose inputs depend on each other",
        |a, b| checkpoint([a * b, a], |[c, a], _| (c * a).sin() * c),
        [wave([3]), wave([3])]
    ),
    case!(
        "checkpoint inside a checkpoint",
        |a| checkpoint([a], |[a], _| checkpoint([a.tanh()], |[b], _| b * b) * a),
        [wave([3])]
    ),
    case!(
        "checkpoint of a tree",
        |a, b| {
            let layers = vec![(a.t(), Some(b)), (a, None)];
            checkpoint((layers, b * b), |(layers, x), _| {
                layers.iter().fold(x, |x, (a, b)| b.unwrap_or(x) * x.matmul(*a).tanh())
            })
        },
        [wave([2, 2]), wave([2, 2])]
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
                y = if checkpointed { checkpoint([y, w], |[y, w], _| layer(y, w)) } else { layer(y, w) };
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
        let mut recorded = Recorded::new(&w, &w, |w, x, _| checkpoint([w, x], |[w, x], _| (w * x).square()));
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
            checkpoint([x], |[x], _| x.exp()).sum().backward();
        }
        assert_eq!(cost::live_bytes(), before);
    }
}
