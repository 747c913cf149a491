//! Running sums.

use super::{Case, case, wave};
use crate::tensor::resolve_axis;
use crate::{Op, Real, Tensor, Var};

/// `yₖ = a₁ + … + aₖ` along an axis, or `aₖ + … + aₙ` backwards. Element `k` is part of every later
/// sum, so its gradient is the sum of what arrives there: the same operation, backwards.
struct CumSum {
    axis: usize,
    backwards: bool,
}

impl<T: Real> Op<T, 1> for CumSum {
    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.cumsum(self.axis, self.backwards)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        Var::apply(CumSum { axis: self.axis, backwards: !self.backwards }, [g])
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The running sum along one axis (negative axes count from the end): `1 2 3` gives `1 3 6`.
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn cumsum(self, axis: isize) -> Var<'t, T> {
        let axis = resolve_axis("cumsum", axis, &self.shape());
        Var::apply(CumSum { axis, backwards: false }, [self])
    }
}

pub(super) const CASES: &[Case] = &[
    case!("cumsum", |a| (a * a * a).cumsum(0), [wave([5])]),
    case!("cumsum along the last axis", |a| (a * a).cumsum(-1) * a, [wave([2, 3])]),
    case!("cumsum along the first axis", |a| (a * a).cumsum(0) * a, [wave([3, 2])]),
    case!("cumsum along a middle axis", |a| (a * a * a).cumsum(1), [wave([2, 3, 2])]),
    case!("cumsum of one", |a| (a * a * a).cumsum(1), [wave([2, 1])]),
    case!("cumsum of nothing", |a| (a * a).cumsum(1), [wave([2, 0])]),
];

#[cfg(test)]
mod tests {
    use crate::{Tape, Tensor};

    #[test]
    fn running_sums() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
        assert_eq!(x.cumsum(1).value().to_vec(), [1.0, 3.0, 6.0, 4.0, 9.0, 15.0]);
        assert_eq!(x.cumsum(-2).value().to_vec(), [1.0, 2.0, 3.0, 5.0, 7.0, 9.0]);
        assert_eq!(x.cumsum(1).sum().backward().wrt(x).to_vec(), [3.0, 2.0, 1.0, 3.0, 2.0, 1.0]);
    }

    #[test]
    fn long_f32_sums_keep_their_digits() {
        // A running sum in f32 stalls at 2²⁴.
        let n = 20_000_000;
        let tape = Tape::<f32>::new();
        let sums = tape.constant(Tensor::ones([n])).cumsum(0).value();
        assert_eq!(sums.as_slice().unwrap()[n - 1], n as f32);
    }

    #[test]
    #[should_panic(expected = "cumsum: axis 2 is out of range for shape [2, 3], which has 2 axes")]
    fn wrong_axis() {
        let tape = Tape::<f64>::new();
        tape.var(Tensor::ones([2, 3])).cumsum(2);
    }
}
