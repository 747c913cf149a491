//! Enlarging images.

use super::{Case, Places, case, pooling, wave};
use crate::{Indices, Real, Tensor, Var};

/// The size of an enlarged image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upsample {
    /// Every side becomes this many times as long.
    Factor(usize),
    /// The new height and width.
    Size([usize; 2]),
}

impl Upsample {
    /// The new height and width of images of shape `x`.
    #[track_caller]
    fn size(self, op: &str, x: &[usize]) -> [usize; 2] {
        let &[_, _, height, width] = x else {
            panic!("{op}: the shape must be [batch, channels, height, width], not {x:?}");
        };
        let size = match self {
            Upsample::Factor(factor) => [factor * height, factor * width],
            Upsample::Size(size) => size,
        };
        if [size, [height, width]].concat().contains(&0) {
            panic!("{op}: an image must have at least one pixel before and after: {self:?} of {x:?}");
        }
        size
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// Images `[batch, channels, height, width]` in another size. Pixel `i` of an axis that grows
    /// from `n` to `m` pixels is a copy of pixel `⌊i n / m⌋`.
    ///
    /// # Panics
    /// If the shape does not have four axes, or an image has no pixels.
    #[track_caller]
    pub fn upsample_nearest2d(self, to: Upsample) -> Var<'t, T> {
        let x = self.shape();
        let [new_height, new_width] = to.size("upsample_nearest2d", &x);
        let [batch, channels, height, width] = [x[0], x[1], x[2], x[3]];
        let shape = [batch, channels, new_height, new_width];
        // Every pixel so many times, but for some at the end: also what was halved from an odd size comes back so.
        let times = [new_height.div_ceil(height), new_width.div_ceil(width)];
        let repeats = |old: usize, new: usize, times: usize| (0..new).all(|i| i * old / new == i / times);
        if repeats(height, new_height, times[0]) && repeats(width, new_width, times[1]) {
            let repeated = [batch, channels, height, times[0], width, times[1]];
            let repeated = self.reshape([batch, channels, height, 1, width, 1]).expand(repeated);
            let larger = repeated.reshape([batch, channels, height * times[0], width * times[1]]);
            let crop = |x: Var<'t, T>, axis: usize, size: usize| {
                if x.shape()[axis] == size { x } else { x.slice(axis, ..size) }
            };
            return crop(crop(larger, 2, new_height), 3, new_width);
        }
        let source = |y: usize, x: usize| y * height / new_height * width + x * width / new_width;
        let plane = (0..new_height).flat_map(|y| (0..new_width).map(move |x| source(y, x)));
        let positions = Indices::from_vec(shape, plane.collect::<Vec<usize>>().repeat(batch * channels));
        Var::apply(pooling::Pick, [self, positions.on(self.tape())])
    }

    /// Images `[batch, channels, height, width]` in another size. A new pixel lies between up to
    /// four old ones and is their mean, weighted by nearness.
    ///
    /// Pixels are squares that tile the image, and the image keeps its outline: the centre of
    /// pixel `i` of an axis that grows from `n` to `m` pixels lies at `(i + ½) n / m − ½`, and is
    /// moved to the nearest old centre if there is none beyond (PyTorch's `align_corners = false`).
    ///
    /// An infinite pixel makes its whole plane NaN.
    ///
    /// # Panics
    /// If the shape does not have four axes, or an image has no pixels.
    #[track_caller]
    pub fn upsample_bilinear2d(self, to: Upsample) -> Var<'t, T> {
        let x = self.shape();
        let [new_height, new_width] = to.size("upsample_bilinear2d", &x);
        let [batch, channels, height, width] = [x[0], x[1], x[2], x[3]];
        let weights = |old, new| self.tape().constant(interpolation(old, new));
        // One axis after the other, as a product with a constant matrix.
        let rows = self.reshape([batch * channels * height, width]).matmul(weights(width, new_width));
        let columns = rows.reshape([batch * channels, height, new_width]).t();
        let columns = columns.reshape([batch * channels * new_width, height]);
        let done = columns.matmul(weights(height, new_height));
        done.reshape([batch, channels, new_width, new_height]).t()
    }
}

/// The matrix `[old, new]` that interpolates `old` pixels at the centres of `new` ones.
fn interpolation<T: Real>(old: usize, new: usize) -> Tensor<T> {
    let mut weights = Tensor::zeros([old, new]);
    let entries = weights.make_mut();
    for i in 0..new {
        let last = (old - 1) as f64;
        let centre = ((i as f64 + 0.5) * old as f64 / new as f64 - 0.5).clamp(0.0, last);
        let below = centre.floor();
        let above = (below + 1.0).min(last);
        entries[below as usize * new + i] += T::of(1.0 - (centre - below));
        entries[above as usize * new + i] += T::of(centre - below);
    }
    weights
}

pub(super) const CASES: &[Case] = &[
    case!(
        "upsample_nearest2d",
        |x| (x * x * x).upsample_nearest2d(Upsample::Factor(2)),
        [wave([2, 1, 2, 3])]
    ),
    case!(
        "upsample_nearest2d to a size",
        |x| x.upsample_nearest2d(Upsample::Size([5, 3])).square(),
        [wave([1, 2, 2, 3])]
    ),
    case!(
        "upsample_nearest2d of no images",
        |x| (x * x).upsample_nearest2d(Upsample::Size([3, 5])),
        [wave([0, 2, 2, 2])]
    ),
    case!(
        "upsample_bilinear2d",
        |x| (x * x * x).upsample_bilinear2d(Upsample::Factor(2)),
        [wave([2, 1, 2, 3])]
    ),
    case!(
        "upsample_bilinear2d to a size",
        |x| x.upsample_bilinear2d(Upsample::Size([5, 2])).square(),
        [wave([1, 2, 2, 3])]
    ),
    case!(
        "upsample_bilinear2d of one pixel",
        |x| (x * x * x).upsample_bilinear2d(Upsample::Factor(2)),
        [wave([1, 1, 1, 1])]
    ),
    case!(
        "upsample_bilinear2d of no images",
        |x| (x * x).upsample_bilinear2d(Upsample::Factor(2)),
        [wave([0, 2, 2, 2])]
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tape;

    #[test]
    fn known_values() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([1, 1, 1, 2], vec![0.0, 4.0]));
        let nearest = |to| x.upsample_nearest2d(to).value().to_vec();
        assert_eq!(nearest(Upsample::Size([1, 4])), [0.0, 0.0, 4.0, 4.0]);
        assert_eq!(nearest(Upsample::Size([1, 3])), [0.0, 0.0, 4.0]);
        assert_eq!(nearest(Upsample::Factor(2)), [0.0, 0.0, 4.0, 4.0, 0.0, 0.0, 4.0, 4.0]);
        let bilinear = |to| x.upsample_bilinear2d(to).value().to_vec();
        assert_eq!(bilinear(Upsample::Size([1, 4])), [0.0, 1.0, 3.0, 4.0]);
        assert_eq!(bilinear(Upsample::Factor(2)), [0.0, 1.0, 3.0, 4.0, 0.0, 1.0, 3.0, 4.0]);
        assert_eq!(bilinear(Upsample::Size([1, 1])), [2.0]);
        let x = x.reshape([1, 1, 2, 1]);
        assert_eq!(x.upsample_bilinear2d(Upsample::Size([4, 1])).value().to_vec(), [0.0, 1.0, 3.0, 4.0]);
    }

    #[test]
    fn both_ways_to_repeat_agree() {
        // The same rows; 3 columns become 6 by repetition, and 7 by position.
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_fn([2, 2, 2, 3], |i| i as f64));
        let (even, odd) =
            (x.upsample_nearest2d(Upsample::Size([4, 6])), x.upsample_nearest2d(Upsample::Size([4, 7])));
        assert_eq!(even.slice_step(3, .., 2).value(), x.upsample_nearest2d(Upsample::Size([4, 3])).value());
        assert_eq!(odd.slice_step(3, .., 3).value(), even.slice_step(3, ..5, 2).value());
    }

    #[test]
    #[should_panic(
        expected = "upsample_nearest2d: an image must have at least one pixel before and after: Factor(0) of \
                    [1, 1, 2, 2]"
    )]
    fn factor_zero() {
        let tape = Tape::<f64>::new();
        tape.var(Tensor::ones([1, 1, 2, 2])).upsample_nearest2d(Upsample::Factor(0));
    }
}
