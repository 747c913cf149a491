//! Convolution of every channel by a kernel of its own.
//!
//! As in [`direct`](super::direct) the lanes of a vector are images, but where a channel has no others to be added to, a product
//! of matrices has one row, and the work of finding its numbers would be more than its arithmetic. So the sum over the kernel,
//!
//! > `y[c, p, ·] = Σₖ w[c, k] · x[c, p · stride + k · dilation − padding, ·]`,
//!
//! is a loop here, with the running sums of one pixel of all images in registers.

use super::super::chunks::for_each_chunk;
use super::super::gemm::LANES;
use super::super::simd::vectorized;
use super::direct::{images_first, images_last};
use super::{Geometry, Tensor};
use crate::Real;

/// See [`Geometry::output`].
#[track_caller]
pub(super) fn output<T: Real>(g: &Geometry, x: &Tensor<T>, w: &Tensor<T>) -> Tensor<T> {
    let y = sums(g, &images_last(x), w, [g.input, g.output], |axis, output| g.reads(axis, output).collect());
    images_first(&y, g.output_shape())
}

/// See [`Geometry::input`].
#[track_caller]
pub(super) fn input<T: Real>(g: &Geometry, w: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    let x = sums(g, &images_last(y), w, [g.output, g.input], |axis, input| g.read_by(axis, input).collect());
    images_first(&x, g.input_shape())
}

/// Every pixel of images of one size as a sum over the pixels it is `connected` with in images of another: along an axis,
/// a list of the place in the kernel and the position there.
#[track_caller]
fn sums<T: Real>(
    g: &Geometry,
    x: &Tensor<T>,
    w: &Tensor<T>,
    [from, to]: [[usize; 2]; 2],
    connected: impl Fn(usize, usize) -> Vec<(usize, usize)> + Sync,
) -> Tensor<T> {
    let (lanes, w) = (x.shape()[1], w.contiguous());
    let (x, w) = (x.as_slice().expect("contiguous"), w.as_slice().expect("contiguous"));
    let (x, blocks) = (x.as_chunks::<LANES>().0, lanes / LANES);
    let columns: Vec<_> = (0..to[1]).map(|column| connected(1, column)).collect();
    Tensor::build([g.groups * to[0] * to[1], lanes], |out: &mut [T]| {
        for_each_chunk(out, to[1] * lanes, |task, out| {
            let (channel, lines) = (task / to[0], connected(0, task % to[0]));
            let (x, w) = (&x[channel * from[0] * from[1] * blocks..], &w[channel * g.places()..]);
            vectorized(
                #[inline(always)]
                || {
                    for (out, connected) in out.chunks_exact_mut(lanes).zip(&columns) {
                        for (block, out) in out.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                            let mut sum = [T::zero(); LANES];
                            for &(ky, y) in &lines {
                                for &(kx, column) in connected {
                                    let weight = w[ky * g.kernel[1] + kx];
                                    let x = &x[(y * from[1] + column) * blocks + block];
                                    for i in 0..LANES {
                                        sum[i] += weight * x[i];
                                    }
                                }
                            }
                            *out = sum;
                        }
                    }
                },
            );
        });
    })
}

/// See [`Geometry::weight`].
#[track_caller]
pub(super) fn weight<T: Real>(g: &Geometry, x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    let (x, y) = (images_last(x), images_last(y));
    let blocks = x.shape()[1] / LANES;
    let [x, y] = [&x, &y].map(|images| images.as_slice().expect("contiguous").as_chunks::<LANES>().0);
    // For each place in the kernel, along an axis: the output positions that read a position of the input through it.
    let connected: [Vec<Vec<[usize; 2]>>; 2] = [0, 1].map(|axis| {
        let of_place = |k| {
            let read = |output| {
                g.reads(axis, output).find(|&(place, _)| place == k).map(|(_, input)| [output, input])
            };
            (0..g.output[axis]).filter_map(read).collect()
        };
        (0..g.kernel[axis]).map(of_place).collect()
    });
    Tensor::build(g.weight_shape(), |w: &mut [T]| {
        for_each_chunk(w, g.places(), |channel, w| {
            let x = &x[channel * g.input[0] * g.input[1] * blocks..];
            let y = &y[channel * g.output[0] * g.output[1] * blocks..];
            vectorized(
                #[inline(always)]
                || {
                    for (k, w) in w.iter_mut().enumerate() {
                        let [lines, columns] =
                            [&connected[0][k / g.kernel[1]], &connected[1][k % g.kernel[1]]];
                        let mut total = T::zero();
                        // Lines are added to the result one by one: rounding grows with the length of one only.
                        for &[output, input] in lines {
                            let mut sum = [[T::zero(); LANES]; 2];
                            for (i, &[to, from]) in columns.iter().enumerate() {
                                let y = &y[(output * g.output[1] + to) * blocks..][..blocks];
                                let x = &x[(input * g.input[1] + from) * blocks..][..blocks];
                                let sum = &mut sum[i % 2];
                                for (x, y) in x.iter().zip(y) {
                                    for i in 0..LANES {
                                        sum[i] += x[i] * y[i];
                                    }
                                }
                            }
                            let [even, odd] = sum;
                            total += even.into_iter().zip(odd).fold(T::zero(), |all, (a, b)| all + (a + b));
                        }
                        *w = total;
                    }
                },
            );
        });
    })
}
