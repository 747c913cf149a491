//! A part of a computation in double precision.

use std::sync::Arc;

use super::checkpoint::record;
use super::{Case, case, wave};
use crate::op::AnyOp;
use crate::shortcuts::AnyShortcuts;
use crate::{Name, Real, Tape, Tensor, Tree, Var, check};

const NAME: &str = "in_double";

type Function = dyn for<'s> Fn(&[Var<'s, f64>]) -> Var<'s, f64> + Send + Sync;

/// `y = f(x)`, rounded to the precision of the tape. The rule is such an operation again: the derivative rule of `f`, in
/// double precision.
struct InDouble {
    f: Arc<Function>,
}

impl<T: Real> AnyOp<T> for InDouble {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn forward(&self, inputs: &[&Tensor<T>]) -> Tensor<T> {
        let tape = Tape::new();
        let inputs: Vec<Var<f64>> = inputs.iter().map(|x| tape.constant(x.cast::<f64>())).collect();
        let y = (self.f)(&inputs).value().cast();
        tape.assert_buffers_taken(NAME, "set them outside");
        y
    }

    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, inputs: &[Var<'t, T>], _y: Var<'t, T>) -> Var<'t, T> {
        let f = Arc::clone(&self.f);
        let pulled: Arc<Function> = Arc::new(move |all| {
            let [inputs @ .., g] = all else { unreachable!("there is a gradient") };
            let aliases: Vec<Var<f64>> = inputs.iter().map(|x| x.alias()).collect();
            f(&aliases).vjp(*g, &[aliases[wrt]])[0]
        });
        let contribution = record(InDouble { f: pulled }, NAME, &[inputs, &[g]].concat());
        check::contribution::<T>(self, contribution, inputs, wrt)
    }
}

impl<T: Real> AnyShortcuts<T> for InDouble {}

/// `f(inputs)` in double precision, rounded to the precision of the tape: a cast up, `f`, and a cast down, as one node. The
/// derivatives of `f`, too, are computed in double precision. Nothing changes where the tape has it already.
///
/// For the part of a model of single precision in which digits cancel: a variance from sums, a determinant, the weights
/// of an importance sampler. The inputs are a [`Tree`] of variables, and `f` uses nothing else, as for
/// [`checkpoint`](crate::checkpoint); its inside is computed again for the gradient of each input.
///
/// ```
/// use autograd::{Tape, in_double};
///
/// let tape = Tape::<f32>::new();
/// let x = tape.var(1e-4);
/// // 1 − cos x cancels: cos x is 1 in single precision.
/// assert_eq!((1.0 - x.cos()).item(), 0.0);
/// let y = in_double([x], |[x], _tape| 1.0 - x.cos());
/// assert!((y.item() - 5e-9).abs() < 1e-15);
/// assert!((y.backward().wrt(x).item() - 1e-4).abs() < 1e-10);
/// ```
///
/// # Panics
/// If there are no inputs, or `f` uses variables of this tape.
#[track_caller]
pub fn in_double<'t, T: Real, I, F>(inputs: I, f: F) -> Var<'t, T>
where
    I: Tree<Var<'t, T>>,
    I::With<()>: Send + Sync + 'static,
    F: for<'s> Fn(<I::With<()> as Tree<()>>::With<Var<'s, f64>>, &'s Tape<f64>) -> Var<'s, f64>
        + Send
        + Sync
        + 'static,
{
    let mut leaves = vec![];
    let form = inputs.map(Name::Root, &mut |_, leaf| leaves.push(*leaf));
    let of_leaves: Arc<Function> = Arc::new(move |leaves| {
        let (tape, mut leaves) = (leaves[0].tape, leaves.iter());
        f(form.map(Name::Root, &mut |_, ()| *leaves.next().expect("one input for each leaf")), tape)
    });
    record(InDouble { f: of_leaves }, NAME, &leaves)
}

pub(super) const CASES: &[Case] = &[
    case!("in_double", |a, b| in_double([a, b], |[a, b], _| (a * b).sin() * a), [wave([3]), wave([3])]),
    case!(
        "in_double of a tree",
        |a| in_double((a * a, Some(a)), |(b, a), _| b.matmul(a.expect("it was given"))),
        [wave([2, 2])]
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_cancel_in_single_precision_are_kept() {
        let numbers = |i: usize| 1000.0 + (i as f32 * 0.37).sin() * 0.01;
        let exact = {
            let x = Tensor::from_fn([100], numbers).cast::<f64>();
            let mean = x.mean().item();
            x.map(|x| (x - mean) * (x - mean)).mean().item()
        };
        let tape = Tape::<f32>::new();
        let x = tape.var(Tensor::from_fn([100], numbers));
        let error = |y: Var<f32>| (f64::from(y.item()) / exact - 1.0).abs();
        assert!(error(x.square().mean() - x.mean().square()) > 0.1);
        let variance = in_double([x], |[x], _| x.square().mean() - x.mean().square());
        assert!(error(variance) < 1e-6);
        let gradient = variance.backward().wrt(x).cast::<f64>();
        assert!((gradient.sum().item()).abs() < 1e-9, "{:?}", gradient.sum());
        let [recorded] = variance.grad([x]);
        assert_eq!(recorded.value().cast::<f64>(), gradient);
    }
}
