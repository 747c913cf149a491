//! Joining variables: `concat` along an axis, `stack` along a new one.

use super::{Case, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::{Axis, Op, Real, Tensor, Var};

/// `y` is `a` followed by `b` along an axis; each receives its part of `ȳ`.
///
/// More than two are joined in pairs, pairs of pairs and so on, so that each element is copied
/// `log₂ n` times rather than `n` times.
struct Concat {
    axis: usize,
}

impl<T: Real> Op<T, 2> for Concat {
    const NAME: &'static str = "concat";

    fn attributes(&self) -> Attributes {
        vec![("axis", [self.axis].as_slice().into())]
    }
    fn forward(&self, parts: [&Tensor<T>; 2]) -> Tensor<T> {
        Tensor::concat(&parts, self.axis as isize)
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [a, _]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        let middle = a.shape()[self.axis];
        match wrt {
            0 => g.slice(self.axis as isize, ..middle),
            _ => g.slice(self.axis as isize, middle..),
        }
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// Variables joined along one axis (negative axes count from the end), in order:
    /// `Var::concat([image, label], -1)`.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor, Var};
    /// let tape = Tape::<f64>::new();
    /// let image = tape.var(Tensor::ones([2, 3]));
    /// let label = tape.var(Tensor::zeros([2, 1]));
    /// let both = Var::concat([image, label], -1);
    /// assert_eq!(both.value().to_vec(), [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0]); // [2, 4]
    /// ```
    ///
    /// # Panics
    /// If there are none, the axis is out of range, or the other axes differ.
    #[track_caller]
    pub fn concat(parts: impl AsRef<[Var<'t, T>]>, axis: impl Into<Axis>) -> Var<'t, T> {
        let parts = parts.as_ref();
        let [first, ..] = parts else { panic!("concat: there is nothing to join") };
        join(parts, axis.into().of("concat", &first.shape()))
    }

    /// Variables of one shape side by side along a new axis, which becomes axis number `axis`:
    /// three of shape `[2]` give `[3, 2]` for axis 0 and `[2, 3]` for axis 1 or −1.
    ///
    /// # Panics
    /// If there are none, their shapes differ, or the result has no such axis.
    #[track_caller]
    pub fn stack(parts: impl AsRef<[Var<'t, T>]>, axis: impl Into<Axis>) -> Var<'t, T> {
        let axis = axis.into();
        let mut parts = parts.as_ref().to_vec();
        let [first, ..] = &parts[..] else { panic!("stack: there is nothing to join") };
        let shape = first.shape();
        if let Some(other) = parts.iter().map(|part| part.shape()).find(|other| *other != shape) {
            panic!("stack: the shapes {shape:?} and {other:?} differ");
        }
        for part in &mut parts {
            *part = part.unsqueeze(axis);
        }
        Var::concat(parts, axis)
    }
}

/// Halves of the parts are joined first, then these.
#[track_caller]
fn join<'t, T: Real>(parts: &[Var<'t, T>], axis: usize) -> Var<'t, T> {
    if let [only] = parts {
        return *only;
    }
    let (left, right) = parts.split_at(parts.len() / 2);
    T::record(Concat { axis }, [join(left, axis), join(right, axis)])
}

built_in! {
    apply 2: Concat;
}

pub(super) const CASES: &[Case] = &[
    case!(
        "concat",
        |a, b| {
            let c = Var::concat([a, b, a], 1);
            c * c * c
        },
        [wave([2, 3]), wave([2, 1])]
    ),
    case!("concat of one", |a| Var::concat([a * a * a], 0), [wave([2])]),
    case!("concat with nothing", |a, b| Var::concat([a * a, b], 0), [wave([2, 2]), wave([0, 2])]),
    case!("concat of five", |a, b| Var::concat([a, b * b, a * b, b, a], -1) * 2.0, [wave([2]), wave([2])]),
    case!(
        "stack",
        |a, b| {
            let c = Var::stack([a, b, a], 1);
            c * c * c
        },
        [wave([2, 3]), wave([2, 3])]
    ),
    case!(
        "stack of empty batches",
        |a, b| Var::stack([a * b, b, a], 1).square(),
        [wave([0, 2]), wave([0, 2])]
    ),
    case!("stack of numbers", |a, b| Var::stack([a * a * b, b, a], 0), [wave([]), wave([])]),
];

#[cfg(test)]
mod tests {
    use crate::{Tape, Tensor, Var};

    #[test]
    fn many_parts_stay_in_order() {
        let tape = Tape::<f64>::new();
        let parts: Vec<Var<f64>> = (0..7).map(|i| tape.var(Tensor::full([i % 3], i as f64))).collect();
        let joined = Var::concat(&parts, 0);
        assert_eq!(joined.value().to_vec(), [1.0, 2.0, 2.0, 4.0, 5.0, 5.0]);
        let weights = tape.constant(Tensor::arange(6));
        let gradients = (joined * weights).sum().backward();
        assert_eq!(gradients.wrt(parts[5]).to_vec(), [4.0, 5.0]);
    }

    #[test]
    fn side_by_side() {
        let tape = Tape::<f64>::new();
        let [a, b] = [0.0, 10.0].map(|start| tape.var(Tensor::linspace(start, start + 1.0, 2)));
        assert_eq!(Var::stack([a, b], 0).value().to_vec(), [0.0, 1.0, 10.0, 11.0]);
        assert_eq!(Var::stack([a, b], -1).value().to_vec(), [0.0, 10.0, 1.0, 11.0]);
    }

    #[test]
    #[should_panic(expected = "stack: the shapes [2] and [3] differ")]
    fn stacking_different_shapes() {
        let tape = Tape::<f64>::new();
        Var::stack([tape.var(Tensor::zeros([2])), tape.var(Tensor::zeros([3]))], 0);
    }

    #[test]
    #[should_panic(expected = "concat: shapes [2, 3] and [2, 4] differ outside axis 0")]
    fn joining_different_shapes() {
        let tape = Tape::<f64>::new();
        Var::concat([tape.var(Tensor::zeros([2, 3])), tape.var(Tensor::zeros([2, 4]))], 0);
    }

    #[test]
    #[should_panic(expected = "concat: there is nothing to join")]
    fn joining_nothing() {
        Var::<f64>::concat([], 0);
    }
}
