//! Convolution by a kernel of one pixel: a product of matrices as it stands.
//!
//! > `y[o, p, ·] = Σ_c w[o, c] · x[c, p, ·]`,
//!
//! with pixels and images together as the columns of one matrix; see [`direct`](super::direct) for their order in memory.

use super::direct::{images_first, images_last};
use super::{Geometry, Tensor};
use crate::Real;

/// See [`Geometry::output`].
#[track_caller]
pub(super) fn output<T: Real>(g: &Geometry, x: &Tensor<T>, w: &Tensor<T>) -> Tensor<T> {
    let y = matrix(g, w).matmul(&rows(g.in_channels, x));
    images_first(&y.reshape([g.out_channels * g.area(), y.shape()[1] / g.area()]), g.output_shape())
}

/// See [`Geometry::input`].
#[track_caller]
pub(super) fn input<T: Real>(g: &Geometry, w: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    let x = matrix(g, w).t().matmul(&rows(g.out_channels, y));
    images_first(&x.reshape([g.in_channels * g.area(), x.shape()[1] / g.area()]), g.input_shape())
}

/// See [`Geometry::weight`].
#[track_caller]
pub(super) fn weight<T: Real>(g: &Geometry, x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    rows(g.out_channels, y).matmul(&rows(g.in_channels, x).t()).reshape(g.weight_shape())
}

fn matrix<T: Real>(g: &Geometry, w: &Tensor<T>) -> Tensor<T> {
    w.reshape([g.out_channels, g.in_channels])
}

/// `[channels, pixels · images]`.
#[track_caller]
fn rows<T: Real>(channels: usize, x: &Tensor<T>) -> Tensor<T> {
    let x = images_last(x);
    x.reshape([channels, x.len() / channels])
}
