//! Running sums.

use super::{Case, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::{Axis, Op, Real, Tensor, Var};

/// `yₖ = a₁ + … + aₖ` along an axis, or `aₖ + … + aₙ` backwards. Element `k` is part of every later
/// sum, so its gradient is the sum of the gradients there: the same operation, backwards.
struct CumSum {
    axis: usize,
    backwards: bool,
}

impl<T: Real> Op<T, 1> for CumSum {
    const NAME: &'static str = "cumsum";

    fn attributes(&self) -> Attributes {
        vec![
            ("axis", [self.axis].as_slice().into()),
            ("backwards", [usize::from(self.backwards)].as_slice().into()),
        ]
    }
    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.running_sum(self.axis, self.backwards)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        T::record(CumSum { axis: self.axis, backwards: !self.backwards }, [g])
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The running sum along one axis (negative axes count from the end): `1 2 3` gives `1 3 6`.
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn cumsum(self, axis: impl Into<Axis>) -> Var<'t, T> {
        let axis = axis.into().of("cumsum", &self.shape());
        T::record(CumSum { axis, backwards: false }, [self])
    }

    /// Products of the elements along one axis (negative axes count from the end) from the first to each:
    /// `y[k] = x[0] x[1] … x[k]`. Elements may be 0, at any order of derivative.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([4], vec![2.0, 3.0, 0.0, 5.0]));
    /// let y = x.cumprod(0);
    /// assert_eq!(y.value().to_vec(), [2.0, 6.0, 0.0, 0.0]);
    /// assert_eq!(y.sum().backward().wrt(x).to_vec(), [4.0, 2.0, 36.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn cumprod(self, axis: impl Into<Axis>) -> Var<'t, T> {
        let shape = self.shape();
        let axis = axis.into().of("cumprod", &shape);
        // After each round an element is the product of up to twice as many: log n rounds.
        let (mut y, mut reach) = (self, 1);
        while reach < shape[axis] {
            let further = y.slice(axis, reach..) * y.slice(axis, ..shape[axis] - reach);
            y = Var::concat([y.slice(axis, ..reach), further], axis);
            reach *= 2;
        }
        y
    }
}

built_in! {
    apply 1: CumSum;
}

pub(super) const CASES: &[Case] = &[
    case!("cumprod", |a| a.cumprod(0), [wave([5])]),
    case!("cumprod of rows", |a| (a * a).cumprod(-1) * a, [wave([2, 3])]),
    case!("cumprod of nothing", |a| (a * a).cumprod(1), [wave([2, 0])]),
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
