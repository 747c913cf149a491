//! Convolution as matrix products, for few images.
//!
//! For one image, a convolution is a product `Y = W C`. Row `(o)` of `W` is one filter, and the
//! matrix `C` of *columns* holds, for every output pixel, the input pixels under the kernel (this
//! is known as im2col). The other two products of a backward pass are then
//!
//! > `W̄ = Ȳ Cᵀ`  and  `C̄ = Wᵀ Ȳ`,
//!
//! and `X̄` adds up the elements of `C̄` where they came from.
//!
//! A thread holds the columns of one group of one image at a time, so the memory stays bounded.
//! Images are handled in parallel.

use super::super::chunks::for_each_chunk;
use super::{Geometry, Tensor};
use crate::Real;

/// Partial sums of the weight's gradient: each takes an equal share of the images, whatever the
/// number of threads, so that the result has the same bits for any number of them.
const PARTIAL_SUMS: usize = 8;

/// The output, from the input and the weight.
#[track_caller]
pub(super) fn output<T: Real>(g: &Geometry, x: &Tensor<T>, w: &Tensor<T>) -> Tensor<T> {
    let [filters, depth, pixels] = g.matrix();
    let (x, w) = (x.contiguous(), w.reshape([g.groups, filters, depth]));
    Tensor::build(g.output_shape(), |y| {
        for_each_chunk(y, g.out_channels * pixels, |image, y| {
            for (group, y) in y.chunks_exact_mut(filters * pixels).enumerate() {
                let columns = g.columns(&x, image * g.groups + group);
                matrix(&w, group).matmul_into(&columns, y);
            }
        });
    })
}

/// The transposed map of an output: the gradient with respect to the input.
#[track_caller]
pub(super) fn input<T: Real>(g: &Geometry, w: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    let [filters, depth, pixels] = g.matrix();
    let w = w.reshape([g.groups, filters, depth]);
    let y = y.reshape([g.batch * g.groups, filters, pixels]);
    let area = g.input[0] * g.input[1];
    Tensor::build(g.input_shape(), |x| {
        for_each_chunk(x, g.in_channels * area, |image, x| {
            for (group, x) in x.chunks_exact_mut(g.in_channels / g.groups * area).enumerate() {
                let columns = matrix(&w, group).t().matmul(&matrix(&y, image * g.groups + group));
                g.fold(columns.as_slice().expect("a product is contiguous"), x);
            }
        });
    })
}

/// The gradient with respect to the weight, a sum over all images.
#[track_caller]
pub(super) fn weight<T: Real>(g: &Geometry, x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    let [filters, depth, pixels] = g.matrix();
    let x = x.contiguous();
    let y = y.reshape([g.batch * g.groups, filters, pixels]);
    let size = g.out_channels * depth;
    let images = g.batch.div_ceil(PARTIAL_SUMS).max(1);
    let partial = Tensor::build([g.batch.div_ceil(images), size], |sums| {
        for_each_chunk(sums, size, |i, sum| {
            sum.fill(T::zero());
            for image in i * images..g.batch.min((i + 1) * images) {
                for (group, sum) in sum.chunks_exact_mut(filters * depth).enumerate() {
                    let at = image * g.groups + group;
                    let share = matrix(&y, at).matmul(&g.columns(&x, at).t());
                    let share = share.as_slice().expect("a product is contiguous");
                    sum.iter_mut().zip(share).for_each(|(sum, &share)| *sum += share);
                }
            }
        });
    });
    partial.sum_to([size]).reshape(g.weight_shape())
}

impl Geometry {
    /// For one group: rows of `W`, rows of `C`, columns of `C`.
    fn matrix(&self) -> [usize; 3] {
        let depth = self.in_channels / self.groups * self.places();
        [self.out_channels / self.groups, depth, self.area()]
    }

    /// The matrix `C` of one group of one image; `at` counts groups over all images of `x`.
    fn columns<T: Real>(&self, x: &Tensor<T>, at: usize) -> Tensor<T> {
        let [_, depth, pixels] = self.matrix();
        let size = self.in_channels / self.groups * self.input[0] * self.input[1];
        let x = &x.as_slice().expect("contiguous")[at * size..][..size];
        let step = self.stride[1];
        Tensor::build([depth, pixels], |columns| {
            columns.fill(T::zero()); // the padding
            self.for_each_run(|column, pixel, count| {
                let to = &mut columns[column..column + count];
                if step == 1 {
                    to.copy_from_slice(&x[pixel..pixel + count]);
                } else {
                    to.iter_mut().zip(x[pixel..].iter().step_by(step)).for_each(|(to, &x)| *to = x);
                }
            });
        })
    }

    /// The transpose of [`columns`](Self::columns): adds every element to the pixel it belongs to.
    fn fold<T: Real>(&self, columns: &[T], x: &mut [T]) {
        x.fill(T::zero());
        let step = self.stride[1];
        self.for_each_run(|column, pixel, count| {
            let from = &columns[column..column + count];
            x[pixel..].iter_mut().step_by(step).zip(from).for_each(|(x, &from)| *x += from);
        });
    }

    /// The correspondence between columns and pixels. For every offset in the kernel and every line
    /// of the output, the outputs whose input pixel lies inside the image form one run: `visit`
    /// receives where it starts among the columns and among the pixels, and how long it is. Along
    /// it, pixels are one horizontal stride apart.
    fn for_each_run(&self, mut visit: impl FnMut(usize, usize, usize)) {
        let ([height, width], [lines, pixels]) = (self.input, self.output);
        let ([stride_y, stride_x], [pad_y, pad_x]) = (self.stride, self.padding);
        let mut line = 0;
        for channel in 0..self.in_channels / self.groups {
            for shift_y in (0..self.kernel[0]).map(|k| k * self.dilation[0]) {
                for shift_x in (0..self.kernel[1]).map(|k| k * self.dilation[1]) {
                    // Output pixel `o` reads input pixel `o · stride + shift − padding`.
                    let first = pad_x.saturating_sub(shift_x).div_ceil(stride_x);
                    let end = (pad_x + width).saturating_sub(shift_x).div_ceil(stride_x).min(pixels);
                    for padded_y in (0..lines).map(|y| y * stride_y + shift_y) {
                        if first < end && (pad_y..pad_y + height).contains(&padded_y) {
                            let y = channel * height + padded_y - pad_y;
                            let x = first * stride_x + shift_x - pad_x;
                            visit(line * pixels + first, y * width + x, end - first);
                        }
                        line += 1;
                    }
                }
            }
        }
    }
}

/// Matrix number `i` of a stack `[count, m, n]`.
fn matrix<T: Real>(stack: &Tensor<T>, i: usize) -> Tensor<T> {
    stack.slice(0, i..i + 1).reshape(&stack.shape()[1..])
}
