//! Other views of the same elements: `reshape` and `permute`, and methods composed of them.

use smallvec::SmallVec;

use super::{Case, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::tensor::{inverse, permutation};
use crate::{Axes, Axis, Op, Real, Shape, Tensor, Var};

/// The same elements in another shape; the gradient takes the old shape back.
struct Reshape(Shape);

impl<T: Real> Op<T, 1> for Reshape {
    const NAME: &'static str = "reshape";

    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.reshaped(&self.0)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        g.reshape(a.shape())
    }
}

/// The axes in another order; the gradient takes the inverse order.
struct Permute(SmallVec<[usize; 4]>);

impl<T: Real> Op<T, 1> for Permute {
    const NAME: &'static str = "permute";

    fn attributes(&self) -> Attributes {
        vec![("order", self.0.as_slice().into())]
    }
    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.permuted(&self.0)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        g.permute(&inverse(&self.0)[..])
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The same elements in another shape.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let images = tape.var(Tensor::zeros([5, 28, 28]));
    /// assert_eq!(images.reshape([5, 784]).shape().as_slice(), [5, 784]);
    /// ```
    ///
    /// # Panics
    /// If the number of elements differs.
    #[track_caller]
    pub fn reshape(self, shape: impl AsRef<[usize]>) -> Var<'t, T> {
        let shape = Shape::from_slice(shape.as_ref());
        if shape == self.shape() { self } else { T::record(Reshape(shape), [self]) }
    }

    /// The axes in another order: axis `i` of the result is axis `order[i]` of this one (negative axes count from the
    /// end).
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let image = tape.var(Tensor::zeros([28, 30, 3])); // [height, width, channels]
    /// assert_eq!(image.permute([2, 0, 1]).shape().as_slice(), [3, 28, 30]);
    /// ```
    ///
    /// # Panics
    /// If `order` is not a permutation of the axes.
    #[track_caller]
    pub fn permute(self, order: impl Axes) -> Var<'t, T> {
        let order = permutation("permute", &self.shape(), &order);
        let same = order.is_sorted();
        if same { self } else { T::record(Permute(order), [self]) }
    }

    /// The transpose: the last two axes swapped.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn t(self) -> Var<'t, T> {
        let shape = self.shape();
        let rank = shape.len();
        if rank < 2 {
            panic!("t: shape {shape:?} has fewer than two axes to swap");
        }
        let mut order: SmallVec<[usize; 4]> = (0..rank).collect();
        order.swap(rank - 2, rank - 1);
        self.permute(&order[..])
    }

    /// Without an axis of size 1 (negative axes count from the end).
    ///
    /// # Panics
    /// If the axis is out of range or has another size.
    #[track_caller]
    pub fn squeeze(self, axis: impl Into<Axis>) -> Var<'t, T> {
        let mut shape = self.shape();
        let axis = axis.into().of("squeeze", &shape);
        assert!(shape[axis] == 1, "squeeze: axis {axis} of shape {shape:?} must have size 1");
        shape.remove(axis);
        self.reshape(shape)
    }

    /// With a new axis of size 1, which becomes axis number `axis`: `x.unsqueeze(0)` turns `[n]`
    /// into the row `[1, n]`, `x.unsqueeze(-1)` into the column `[n, 1]`.
    ///
    /// # Panics
    /// If the result has no such axis.
    #[track_caller]
    pub fn unsqueeze(self, axis: impl Into<Axis>) -> Var<'t, T> {
        let (axis, mut shape) = (axis.into(), self.shape());
        let places = shape.len() + 1;
        let Some(place) = axis.among(places) else {
            panic!("unsqueeze: axis {axis:?} is out of range: {shape:?} with a new axis has {places} axes");
        };
        shape.insert(place, 1);
        self.reshape(shape)
    }

    /// Axis `from` and all after it merged into one: `images.flatten(1)` makes `[batch, pixels]` of
    /// `[batch, height, width]`.
    ///
    /// # Panics
    /// If the axis is out of range.
    #[track_caller]
    pub fn flatten(self, from: impl Into<Axis>) -> Var<'t, T> {
        let shape = self.shape();
        let (kept, merged) = shape.split_at(from.into().of("flatten", &shape));
        self.reshape([kept, &[merged.iter().product()]].concat())
    }

    /// Copies laid side by side: `counts[i]` of them along axis `i`. If there are more counts than
    /// axes, the first ones belong to new leading axes.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([2], vec![1.0, 2.0]));
    /// assert_eq!(x.repeat([2]).value().to_vec(), [1.0, 2.0, 1.0, 2.0]);
    /// assert_eq!(x.repeat([3, 2]).shape().as_slice(), [3, 4]);
    /// ```
    ///
    /// # Panics
    /// If there are fewer counts than axes.
    #[track_caller]
    pub fn repeat(self, counts: impl AsRef<[usize]>) -> Var<'t, T> {
        let (shape, counts) = (self.shape(), counts.as_ref());
        let Some(lead) = counts.len().checked_sub(shape.len()) else {
            panic!("repeat: {counts:?} has fewer counts than {shape:?} has axes");
        };
        // Each axis becomes two, the copies and the elements of one copy, and these two are merged.
        let sizes = || std::iter::repeat_n(1, lead).chain(shape.iter().copied());
        let each: Shape = sizes().flat_map(|size| [1, size]).collect();
        let all: Shape = counts.iter().zip(sizes()).flat_map(|(&count, size)| [count, size]).collect();
        let merged: Shape = counts.iter().zip(sizes()).map(|(&count, size)| count * size).collect();
        self.reshape(each).expand(all).reshape(merged)
    }
}

built_in! {
    apply 1: Reshape, Permute;
}

pub(super) const CASES: &[Case] = &[
    case!("reshape", |a| a.reshape([3, 2]).matmul(a), [wave([2, 3])]),
    case!("reshape of a view", |a| a.t().reshape([2, 3]) * a, [wave([2, 3])]),
    case!("permute", |a| (a * a).permute([2, 0, 1]), [wave([2, 3, 4])]),
    case!("t", |a| a.t() * a.t() * a.t(), [wave([2, 3])]),
    case!("squeeze", |a| (a * a * a).squeeze(-2), [wave([2, 1, 3])]),
    case!("unsqueeze", |a| a.unsqueeze(-1) * a.unsqueeze(0) * a, [wave([3])]),
    case!("unsqueeze of a number", |a| (a * a * a).unsqueeze(0), [wave([])]),
    case!("flatten", |a| (a * a * a).flatten(1), [wave([2, 3, 2])]),
    case!("flatten of nothing", |a| (a * a).flatten(0), [wave([2, 0])]),
    case!("repeat", |a| (a * a * a).repeat([2, 1, 3]), [wave([2, 2])]),
    case!("repeat of a number", |a| (a * a * a).repeat([3]), [wave([])]),
    case!("repeat, no times", |a| (a * a).repeat([2, 0]), [wave([1, 2])]),
];

#[cfg(test)]
mod tests {
    use crate::{Tape, Tensor, Var};

    fn counting<'t>(tape: &'t Tape<f64>, shape: &[usize]) -> Var<'t, f64> {
        tape.var(Tensor::from_fn(shape, |i| i as f64))
    }

    #[test]
    fn copies_side_by_side() {
        let tape = Tape::new();
        let x = counting(&tape, &[2, 2]);
        let y = x.repeat([2, 2]).value();
        assert_eq!(y.to_vec()[..8], [0.0, 1.0, 0.0, 1.0, 2.0, 3.0, 2.0, 3.0]);
        assert_eq!(y.slice(0, ..2), y.slice(0, 2..4));
        assert_eq!(x.repeat([3, 1, 1]).shape().as_slice(), [3, 2, 2]);
    }

    #[test]
    fn axes_of_size_one_come_and_go() {
        let tape = Tape::new();
        let x = counting(&tape, &[2, 3]);
        for (axis, shape) in
            [(0, [1, 2, 3]), (1, [2, 1, 3]), (2, [2, 3, 1]), (-1, [2, 3, 1]), (-3, [1, 2, 3])]
        {
            assert_eq!(x.unsqueeze(axis).shape().as_slice(), shape);
            assert_eq!(x.unsqueeze(axis).squeeze(axis).value(), x.value());
        }
        assert_eq!(x.flatten(-2).shape().as_slice(), [6]);
    }

    #[test]
    #[should_panic(expected = "squeeze: axis 1 of shape [2, 3] must have size 1")]
    fn squeezing_many() {
        counting(&Tape::new(), &[2, 3]).squeeze(-1);
    }

    #[test]
    #[should_panic(expected = "unsqueeze: axis 3 is out of range: [2, 3] with a new axis has 3 axes")]
    fn a_new_axis_too_far() {
        counting(&Tape::new(), &[2, 3]).unsqueeze(3);
    }

    #[test]
    #[should_panic(expected = "repeat: [2] has fewer counts than [2, 3] has axes")]
    fn too_few_counts() {
        counting(&Tape::new(), &[2, 3]).repeat([2]);
    }
}
