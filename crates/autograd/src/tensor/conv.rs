//! Convolution, as matrix products.
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

use super::Tensor;
use super::kernels::for_each_chunk;
use crate::Real;

/// The sizes of a convolution from an *input* image to an *output* image. Pairs are
/// `[height, width]`, or vertical and horizontal.
#[derive(Clone, Debug)]
pub(crate) struct Geometry {
    pub(crate) batch: usize,
    pub(crate) groups: usize,
    pub(crate) in_channels: usize,
    pub(crate) out_channels: usize,
    pub(crate) input: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) padding: [usize; 2],
    pub(crate) dilation: [usize; 2],
}

/// Partial sums of the weight's gradient: each takes an equal share of the images, whatever the
/// number of threads, so that the result has the same bits for any number of them.
const PARTIAL_SUMS: usize = 8;

impl Geometry {
    /// `[batch, in, height, width]`.
    pub(crate) fn input_shape(&self) -> [usize; 4] {
        [self.batch, self.in_channels, self.input[0], self.input[1]]
    }

    /// `[out, in / groups, height, width]`.
    pub(crate) fn weight_shape(&self) -> [usize; 4] {
        [self.out_channels, self.in_channels / self.groups, self.kernel[0], self.kernel[1]]
    }

    /// `[batch, out, height, width]`.
    pub(crate) fn output_shape(&self) -> [usize; 4] {
        [self.batch, self.out_channels, self.output[0], self.output[1]]
    }

    /// For one group: rows of `W`, rows of `C`, columns of `C`.
    fn matrix(&self) -> [usize; 3] {
        let depth = self.in_channels / self.groups * self.kernel[0] * self.kernel[1];
        [self.out_channels / self.groups, depth, self.output[0] * self.output[1]]
    }

    /// The output, from the input and the weight.
    pub(crate) fn output<T: Real>(&self, x: &Tensor<T>, w: &Tensor<T>) -> Tensor<T> {
        let [filters, depth, pixels] = self.matrix();
        let (x, w) = (x.contiguous(), w.reshape([self.groups, filters, depth]));
        Tensor::build(self.output_shape(), |y| {
            for_each_chunk(y, self.out_channels * pixels, |image, y| {
                for (group, y) in y.chunks_exact_mut(filters * pixels).enumerate() {
                    let columns = self.columns(&x, image * self.groups + group);
                    matrix(&w, group).matmul_into(&columns, y);
                }
            });
        })
    }

    /// What the transposed map makes of an output: the gradient with respect to the input.
    pub(crate) fn input<T: Real>(&self, w: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
        let [filters, depth, pixels] = self.matrix();
        let w = w.reshape([self.groups, filters, depth]);
        let y = y.reshape([self.batch * self.groups, filters, pixels]);
        let area = self.input[0] * self.input[1];
        Tensor::build(self.input_shape(), |x| {
            for_each_chunk(x, self.in_channels * area, |image, x| {
                for (group, x) in x.chunks_exact_mut(self.in_channels / self.groups * area).enumerate() {
                    let columns = matrix(&w, group).t().matmul(&matrix(&y, image * self.groups + group));
                    self.fold(columns.as_slice().expect("a product is contiguous"), x);
                }
            });
        })
    }

    /// The gradient with respect to the weight, a sum over all images.
    pub(crate) fn weight<T: Real>(&self, x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
        let [filters, depth, pixels] = self.matrix();
        let x = x.contiguous();
        let y = y.reshape([self.batch * self.groups, filters, pixels]);
        let size = self.out_channels * depth;
        let images = self.batch.div_ceil(PARTIAL_SUMS).max(1);
        let partial = Tensor::build([self.batch.div_ceil(images), size], |sums| {
            for_each_chunk(sums, size, |i, sum| {
                sum.fill(T::zero());
                for image in i * images..self.batch.min((i + 1) * images) {
                    for (group, sum) in sum.chunks_exact_mut(filters * depth).enumerate() {
                        let at = image * self.groups + group;
                        let share = matrix(&y, at).matmul(&self.columns(&x, at).t());
                        let share = share.as_slice().expect("a product is contiguous");
                        sum.iter_mut().zip(share).for_each(|(sum, &share)| *sum += share);
                    }
                }
            });
        });
        partial.sum_to([size]).reshape(self.weight_shape())
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
    stack.slice(0, i, i + 1, 1).reshape(&stack.shape()[1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(stride: [usize; 2], padding: [usize; 2], dilation: [usize; 2], groups: usize) -> Geometry {
        let (input, kernel) = ([7, 6], [3, 2]);
        let output = std::array::from_fn(|i| {
            (input[i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i] + 1
        });
        let (batch, in_channels, out_channels) = (10, 2 * groups, 3 * groups);
        Geometry {
            batch,
            groups,
            in_channels,
            out_channels,
            input,
            output,
            kernel,
            stride,
            padding,
            dilation,
        }
    }

    fn wave<T: Real>(shape: [usize; 4], phase: f64) -> Tensor<T> {
        Tensor::from_fn(shape, |i| T::of((i as f64 * 0.7 + phase).sin()))
    }

    /// Calls `visit` with the positions (in `x`, `w`, `y`) of every product in the definition.
    fn by_definition(g: &Geometry, mut visit: impl FnMut(usize, usize, usize)) {
        let ([_, in_group, kh, kw], [_, out, oh, ow]) = (g.weight_shape(), g.output_shape());
        for i in 0..g.batch * out * oh * ow * in_group * kh * kw {
            let (rest, kx) = (i / kw, i % kw);
            let (rest, ky) = (rest / kh, rest % kh);
            let (y_at, c) = (rest / in_group, rest % in_group);
            let (rest, ox) = (y_at / ow, y_at % ow);
            let (rest, oy) = (rest / oh, rest % oh);
            let (n, o) = (rest / out, rest % out);
            let iy = (oy * g.stride[0] + ky * g.dilation[0]).wrapping_sub(g.padding[0]);
            let ix = (ox * g.stride[1] + kx * g.dilation[1]).wrapping_sub(g.padding[1]);
            if iy < g.input[0] && ix < g.input[1] {
                let channel = o / (out / g.groups) * in_group + c;
                let x_at = ((n * g.in_channels + channel) * g.input[0] + iy) * g.input[1] + ix;
                visit(x_at, ((o * in_group + c) * kh + ky) * kw + kx, y_at);
            }
        }
    }

    #[test]
    fn all_three_products_equal_the_definition() {
        let mut checked = 0;
        for stride in [[1, 1], [2, 3], [4, 1]] {
            for padding in [[0, 0], [1, 2], [4, 3]] {
                for dilation in [[1, 1], [2, 3]] {
                    for groups in [1, 2] {
                        let g = geometry(stride, padding, dilation, groups);
                        let (x, w) = (wave(g.input_shape(), 0.1), wave(g.weight_shape(), 0.2));
                        let y = wave(g.output_shape(), 0.3);
                        let data: [Vec<f64>; 3] = [x.to_vec(), w.to_vec(), y.to_vec()];
                        let mut expected = data.clone().map(|part| vec![0.0; part.len()]);
                        by_definition(&g, |i, j, k| {
                            expected[0][i] += data[1][j] * data[2][k];
                            expected[1][j] += data[0][i] * data[2][k];
                            expected[2][k] += data[0][i] * data[1][j];
                        });
                        for (given, expected) in
                            [g.input(&w, &y), g.weight(&x, &y), g.output(&x, &w)].iter().zip(expected)
                        {
                            for (a, b) in given.to_vec().iter().zip(expected) {
                                assert!((a - b).abs() < 1e-12, "{g:?}: {a} and {b}");
                            }
                            checked += 1;
                        }
                    }
                }
            }
        }
        assert_eq!(checked, 3 * 36);
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        let g = Geometry { batch: 37, ..geometry([1, 1], [1, 1], [1, 1], 2) };
        let (x, w) = (wave::<f32>(g.input_shape(), 0.1), wave(g.weight_shape(), 0.2));
        let y = wave(g.output_shape(), 0.3);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| [g.output(&x, &w), g.input(&w, &y), g.weight(&x, &y)])
        };
        let one = run(1);
        for threads in [2, 3, 8] {
            assert!(run(threads) == one, "{threads} threads");
        }
    }
}
