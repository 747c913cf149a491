//! Depthwise convolution: every channel is convolved with a kernel of its own. There is no sum over channels to make a
//! product of matrices of, so it is three loops over pixels, with images in the lanes of a vector as in [`direct`](super::direct).
//! (As products of one row it took five times as long.)

use super::super::chunks::for_each_chunk;
use super::super::gemm::LANES;
use super::super::simd::vectorized;
use super::direct::{images_first, images_last};
use super::{Geometry, Tensor};
use crate::Real;

/// See [`Geometry::output`].
#[track_caller]
pub(super) fn output<T: Real>(g: &Geometry, x: &Tensor<T>, w: &Tensor<T>) -> Tensor<T> {
    let y = sums(g, &images_last(x), g.input, w, g.output, |axis, output| g.reads(axis, output).collect());
    images_first(&y, g.output_shape())
}

/// See [`Geometry::input`].
#[track_caller]
pub(super) fn input<T: Real>(g: &Geometry, w: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
    let x = sums(g, &images_last(y), g.output, w, g.input, |axis, input| g.read_by(axis, input).collect());
    images_first(&x, g.input_shape())
}

/// Every pixel of the result as a sum over the pixels it is `connected` with: along an axis, a list of the place in the
/// kernel and the position in `x`.
fn sums<T: Real>(
    g: &Geometry,
    x: &Tensor<T>,
    from: [usize; 2],
    w: &Tensor<T>,
    [height, width]: [usize; 2],
    connected: impl Fn(usize, usize) -> Vec<(usize, usize)> + Sync,
) -> Tensor<T> {
    let (lanes, w) = (x.shape()[1], w.contiguous());
    let (x, w) = (x.as_slice().expect("contiguous"), w.as_slice().expect("contiguous"));
    let lists = |axis: usize, size: usize| (0..size).map(|at| connected(axis, at)).collect::<Vec<_>>();
    let (lines, columns) = (lists(0, height), lists(1, width));
    let (places, area) = (g.kernel[0] * g.kernel[1], from[0] * from[1]);
    Tensor::build([g.groups * height * width, lanes], |out| {
        for_each_chunk(out, height * width * lanes, |channel, out| {
            let w = &w[channel * places..][..places];
            let x = &x[channel * area * lanes..][..area * lanes];
            vectorized(
                #[inline(always)]
                || {
                    for (pixel, out) in out.chunks_exact_mut(lanes).enumerate() {
                        let (lines, columns) = (&lines[pixel / width], &columns[pixel % width]);
                        for (block, out) in out.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
                            let mut sums = [T::zero(); LANES];
                            for &(ky, y) in lines {
                                for &(kx, column) in columns {
                                    let weight = w[ky * g.kernel[1] + kx];
                                    let from = &x[(y * from[1] + column) * lanes + block * LANES..];
                                    let from = from.first_chunk::<LANES>().expect("whole vectors");
                                    for (sum, &x) in sums.iter_mut().zip(from) {
                                        *sum += weight * x;
                                    }
                                }
                            }
                            *out = sums;
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
    let lanes = x.shape()[1];
    let (x, y) = (x.as_slice().expect("contiguous"), y.as_slice().expect("contiguous"));
    let places = g.kernel[0] * g.kernel[1];
    let lists =
        |axis: usize| (0..g.output[axis]).map(|at| g.reads(axis, at).collect()).collect::<Vec<Vec<_>>>();
    let (lines, columns) = (lists(0), lists(1));
    let (area, outputs) = (g.input[0] * g.input[1], g.output[0] * g.output[1]);
    Tensor::build(g.weight_shape(), |w| {
        for_each_chunk(w, places, |channel, w| {
            let x = &x[channel * area * lanes..][..area * lanes];
            let y = &y[channel * outputs * lanes..][..outputs * lanes];
            let mut totals = vec![[T::zero(); LANES]; places];
            vectorized(
                #[inline(always)]
                || {
                    // Lines are added to the total one by one: rounding grows with the length of one only.
                    for (line, ky, from) in lines
                        .iter()
                        .enumerate()
                        .flat_map(|(line, list)| list.iter().map(move |&(k, y)| (line, k, y)))
                    {
                        for kx in 0..g.kernel[1] {
                            let mut sums = [T::zero(); LANES];
                            for (column, list) in columns.iter().enumerate() {
                                let Some(&(_, at)) = list.iter().find(|(k, _)| *k == kx) else { continue };
                                let xs = &x[(from * g.input[1] + at) * lanes..][..lanes];
                                let ys = &y[(line * g.output[1] + column) * lanes..][..lanes];
                                for (xs, ys) in
                                    xs.as_chunks::<LANES>().0.iter().zip(ys.as_chunks::<LANES>().0)
                                {
                                    for ((sum, &x), &y) in sums.iter_mut().zip(xs).zip(ys) {
                                        *sum += x * y;
                                    }
                                }
                            }
                            for (total, &sum) in totals[ky * g.kernel[1] + kx].iter_mut().zip(&sums) {
                                *total += sum;
                            }
                        }
                    }
                },
            );
            for (w, total) in w.iter_mut().zip(&totals) {
                *w = super::super::sums::sum(total);
            }
        });
    })
}
