//! `expand` repeats elements, `sum_to` adds the repetitions up: each is the transpose of the other,
//! so each is the other's derivative rule. Between them they own broadcasting.

use super::{Case, case, wave};
use crate::compiled::built_in;
use crate::shortcuts::{Destination, Shortcuts, Written};
use crate::{Op, Real, Shape, Tensor, Var};

// ANCHOR: rules
/// `y` repeats `a`;  `ā` adds up the gradients of the repetitions.
struct Expand(Shape);

impl<T: Real> Op<T, 1> for Expand {
    const NAME: &'static str = "expand";

    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.expand(&self.0)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        g.sum_to(a.shape())
    }
}

/// `y` adds up parts of `a`;  every part receives the gradient of its sum.
struct SumTo(Shape);

impl<T: Real> Op<T, 1> for SumTo {
    const NAME: &'static str = "sum_to";

    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.sum_to(&self.0)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        g.expand(a.shape())
    }
    // ANCHOR_END: rules
    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 1>> {
        Some(self)
    }
}

impl<T: Real> Shortcuts<T, 1> for SumTo {
    fn forward_to(&self, [a]: [&Tensor<T>; 1], to: Destination<T>) -> Option<Written<T>> {
        Some(match to {
            Destination::Memory(out) => {
                a.sum_into(&self.0, out);
                Written::There
            }
            _ => Written::New(a.sum_to(&self.0)),
        })
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// Repeats axes of size 1, and missing leading axes, up to `shape`. Copies nothing.
    ///
    /// # Panics
    /// If another axis would have to change its size.
    #[track_caller]
    pub fn expand(self, shape: impl AsRef<[usize]>) -> Var<'t, T> {
        let shape = Shape::from_slice(shape.as_ref());
        if shape == self.shape() { self } else { T::record(Expand(shape), [self]) }
    }

    /// Sums over the axes that are 1 in `shape`, and over leading axes that it lacks.
    ///
    /// # Panics
    /// If `shape` does not broadcast to this variable's shape.
    #[track_caller]
    pub fn sum_to(self, shape: impl AsRef<[usize]>) -> Var<'t, T> {
        let shape = Shape::from_slice(shape.as_ref());
        if shape == self.shape() { self } else { T::record(SumTo(shape), [self]) }
    }
}

built_in! {
    apply 1: Expand, SumTo;
}

pub(super) const CASES: &[Case] = &[
    // ANCHOR: cases
    case!("expand", |a| a.expand([3, 2, 4]) * a, [wave([2, 1])]),
    case!("expand of a number", |a| (a * a).expand([2, 2]), [wave([])]),
    case!("expand to nothing", |a| (a * a).expand([0, 2]), [wave([1, 2])]),
    case!("sum_to", |a| (a * a * a).sum_to([3, 1]), [wave([2, 3, 4])]),
    // ANCHOR_END: cases
    case!("sum_to of leading axes", |a| (a * a * a).sum_to([4]), [wave([2, 3, 4])]),
    case!("sum_to of an empty axis", |a| (a * a).sum_to([2, 1]), [wave([2, 0])]),
];
