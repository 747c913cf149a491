//! Gradients as variables, of which the contributions of slices are joined.
//!
//! The rule of a slice gives a gradient of the size of its whole input, zero outside of the slice. Of the steps of a long series
//! that would be as many tensors of the size of the series. So contributions to parts wait here until the gradient is
//! complete, and one `concat` makes a whole of them.

use smallvec::SmallVec;

use crate::op::AnyOp;
use crate::{Real, Tensor, Var};

/// A part of a tensor: the elements from `start` to `end` along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The axis along which the part is cut out.
    pub axis: usize,
    /// Its first element.
    pub start: usize,
    /// The first element after it.
    pub end: usize,
}

/// The contributions to a gradient so far.
#[derive(Clone)]
pub(crate) enum Joined<'t, T: Real> {
    /// Their sum.
    Whole(Var<'t, T>),
    /// Contributions to parts along one axis, which do not overlap, of a tensor of this shape.
    Parts { shape: SmallVec<[usize; 4]>, parts: Vec<(Part, Var<'t, T>)> },
}

impl<'t, T: Real> Joined<'t, T> {
    /// The contribution of the operation to its input `x`, given the gradient of its output, if it is a slice and nothing but
    /// parts beside which it lies was contributed before.
    pub(crate) fn of_slice(
        op: &dyn AnyOp<T>,
        g: Var<'t, T>,
        x: Var<'t, T>,
        sum: &Option<Self>,
    ) -> Option<Self> {
        let part = op.part()?;
        let beside =
            |other: &Part| other.axis == part.axis && (other.end <= part.start || part.end <= other.start);
        let waits = match sum {
            None => true,
            Some(Joined::Whole(_)) => false,
            Some(Joined::Parts { parts, .. }) => parts.iter().all(|(other, _)| beside(other)),
        };
        waits.then(|| Joined::Parts { shape: x.shape().iter().copied().collect(), parts: vec![(part, g)] })
    }

    /// The sum with another contribution.
    pub(crate) fn and(self, contribution: Self) -> Self {
        match (self, contribution) {
            (Joined::Parts { shape, mut parts }, Joined::Parts { parts: more, .. }) => {
                parts.extend(more);
                Joined::Parts { shape, parts }
            }
            (sum, contribution) => Joined::Whole(sum.whole() + contribution.whole()),
        }
    }

    /// All contributions as one variable.
    pub(crate) fn whole(self) -> Var<'t, T> {
        let (shape, mut parts) = match self {
            Joined::Whole(sum) => return sum,
            Joined::Parts { shape, parts } => (shape, parts),
        };
        if let [(part, gradient)] = parts[..] {
            let around =
                |axis: usize| if axis == part.axis { [part.start, shape[axis] - part.end] } else { [0, 0] };
            return gradient.pad((0..shape.len()).map(around).collect::<Vec<_>>(), 0.0);
        }
        parts.sort_by_key(|(part, _)| (part.start, part.end));
        let (axis, tape) = (parts[0].0.axis, parts[0].1.tape());
        let zeros = |size: usize| {
            let mut shape = shape.clone();
            shape[axis] = size;
            tape.constant(Tensor::zeros(shape))
        };
        let (mut pieces, mut end) = (vec![], 0);
        for (part, gradient) in parts {
            if part.start > end {
                pieces.push(zeros(part.start - end));
            }
            pieces.push(gradient);
            end = part.end;
        }
        if end < shape[axis] {
            pieces.push(zeros(shape[axis] - end));
        }
        Var::concat(pieces, axis as isize)
    }
}
