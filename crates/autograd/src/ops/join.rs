//! Putting variables side by side: `concat` and `stack`.

use super::{Case, case, wave};
use crate::tensor::resolve_axis;
use crate::{Op, Real, Shape, Tensor, Var};

/// `y` is `a` and then `b` along the axis; each receives its part of what arrives.
struct Concat {
    axis: usize,
}

impl<T: Real> Op<T, 2> for Concat {
    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Tensor<T> {
        let mut shape = Shape::from_slice(a.shape());
        shape[self.axis] += b.shape()[self.axis];
        // Seen as [outer, inner], a row of the result is a row of `a` and then a row of `b`.
        let rows = |x: &Tensor<T>| x.shape()[self.axis..].iter().product::<usize>();
        let (left, right) = (rows(a), rows(b));
        let (a, b) = (a.contiguous(), b.contiguous());
        let (a, b) = (a.as_slice().expect("contiguous"), b.as_slice().expect("contiguous"));
        Tensor::build(shape, |out| {
            for (i, row) in out.chunks_exact_mut((left + right).max(1)).enumerate() {
                row[..left].copy_from_slice(&a[i * left..][..left]);
                row[left..].copy_from_slice(&b[i * right..][..right]);
            }
        })
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [a, _]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        let (axis, split) = (self.axis as isize, a.shape()[self.axis]);
        match wrt {
            0 => g.slice(axis, ..split),
            _ => g.slice(axis, split..),
        }
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The parts one after the other along an axis (negative axes count from the end).
    ///
    /// # Panics
    /// If there are no parts, the axis is out of range, or the sizes of the other axes differ.
    #[track_caller]
    pub fn concat(parts: &[Var<'t, T>], axis: isize) -> Var<'t, T> {
        let first = parts.first().expect("concat: there must be at least one part").shape();
        let axis = resolve_axis("concat", axis, &first);
        for part in &parts[1..] {
            let shape = part.shape();
            let fits = shape.len() == first.len()
                && (0..shape.len()).all(|other| other == axis || shape[other] == first[other]);
            assert!(fits, "concat: shapes {first:?} and {shape:?} differ in more than axis {axis}");
        }
        // Halves of halves: every element is copied log(parts) times, not parts times.
        match parts {
            [only] => *only,
            _ => {
                let (left, right) = parts.split_at(parts.len() / 2);
                let halves = [left, right].map(|half| Var::concat(half, axis as isize));
                Var::apply(Concat { axis }, halves)
            }
        }
    }

    /// The parts, all of one shape, along a new axis at this place: `[k, …]` for place 0.
    ///
    /// # Panics
    /// If there are no parts, their shapes differ, or the place is out of range.
    #[track_caller]
    pub fn stack(parts: &[Var<'t, T>], place: usize) -> Var<'t, T> {
        let shape = parts.first().expect("stack: there must be at least one part").shape();
        assert!(place <= shape.len(), "stack: no axis can be put at {place} into shape {shape:?}");
        let mut wider = shape.clone();
        wider.insert(place, 1);
        let widened: Vec<Var<'t, T>> = parts
            .iter()
            .map(|part| {
                let other = part.shape();
                assert!(other == shape, "stack: shapes {shape:?} and {other:?} differ");
                part.reshape(&wider)
            })
            .collect();
        Var::concat(&widened, place as isize)
    }
}

pub(super) const CASES: &[Case] = &[
    case!("concat", |a, b| Var::concat(&[a, b * b, a], 1) * 2.0, [wave([2, 3]), wave([2, 2])]),
    case!("concat along the first axis", |a, b| Var::concat(&[a * b, b], 0), [wave([2, 2]), wave([2, 2])]),
    case!("concat with nothing", |a, b| Var::concat(&[a * a, b], -1), [wave([3]), wave([0])]),
    case!("stack", |a, b| Var::stack(&[a * b, b, a * a], 1), [wave([2, 2]), wave([2, 2])]),
    case!("stack of numbers", |a, b| Var::stack(&[a * b, b, a * a], 0), [wave([]), wave([])]),
];

#[cfg(test)]
mod tests {
    use crate::{Tape, Tensor, Var};

    #[test]
    fn order_and_layout() {
        let tape = Tape::<f64>::new();
        let count = |shape: [usize; 2]| tape.var(Tensor::from_fn(shape, |i| i as f64));
        let y = Var::concat(&[count([2, 1]), count([2, 2])], 1);
        assert_eq!(y.value().to_vec(), [0.0, 0.0, 1.0, 1.0, 2.0, 3.0]);
        let z = Var::stack(&[count([1, 2]), count([1, 2])], 2);
        assert_eq!((z.shape().to_vec(), z.value().to_vec()), (vec![1, 2, 2], vec![0.0, 0.0, 1.0, 1.0]));
    }

    #[test]
    #[should_panic(expected = "concat: shapes [2, 3] and [3, 3] differ in more than axis 1")]
    fn sizes_must_fit() {
        let tape = Tape::<f64>::new();
        Var::concat(&[tape.var(Tensor::zeros([2, 3])), tape.var(Tensor::zeros([3, 3]))], 1);
    }
}
