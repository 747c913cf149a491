//! Convolution, in two ways: [`direct`] for a batch of images, [`columns`] for few.

mod columns;
mod direct;

use super::Tensor;
use super::gemm::LANES;
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

    /// The output, from the input and the weight.
    #[track_caller]
    pub(crate) fn output<T: Real>(&self, x: &Tensor<T>, w: &Tensor<T>) -> Tensor<T> {
        if self.many_images() { direct::output(self, x, w) } else { columns::output(self, x, w) }
    }

    /// The transposed map of an output: the gradient with respect to the input.
    #[track_caller]
    pub(crate) fn input<T: Real>(&self, w: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
        if self.many_images() { direct::input(self, w, y) } else { columns::input(self, w, y) }
    }

    /// The gradient with respect to the weight, a sum over all images.
    #[track_caller]
    pub(crate) fn weight<T: Real>(&self, x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
        if self.many_images() { direct::weight(self, x, y) } else { columns::weight(self, x, y) }
    }

    /// True if vectors of images are at least half full.
    fn many_images(&self) -> bool {
        self.batch >= LANES / 2
    }
}

#[cfg(test)]
mod tests;
