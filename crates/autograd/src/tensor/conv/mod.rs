//! Convolution: [`columns`] for few images, [`direct`] for a batch of them, and for a batch two kinds in simpler ways:
//! [`pointwise`], with a kernel of one pixel, and [`depthwise`], every channel alone.

mod columns;
mod depthwise;
mod direct;
mod pointwise;

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
        match self.way() {
            Way::Columns => columns::output(self, x, w),
            Way::Direct => direct::output(self, x, w),
            Way::Depthwise => depthwise::output(self, x, w),
            Way::Pointwise => pointwise::output(self, x, w),
        }
    }

    /// The transposed map of an output: the gradient with respect to the input.
    #[track_caller]
    pub(crate) fn input<T: Real>(&self, w: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
        match self.way() {
            Way::Columns => columns::input(self, w, y),
            Way::Direct => direct::input(self, w, y),
            Way::Depthwise => depthwise::input(self, w, y),
            Way::Pointwise => pointwise::input(self, w, y),
        }
    }

    /// The gradient with respect to the weight, a sum over all images.
    #[track_caller]
    pub(crate) fn weight<T: Real>(&self, x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
        match self.way() {
            Way::Columns => columns::weight(self, x, y),
            Way::Direct => direct::weight(self, x, y),
            Way::Depthwise => depthwise::weight(self, x, y),
            Way::Pointwise => pointwise::weight(self, x, y),
        }
    }

    fn way(&self) -> Way {
        let one_pixel = self.kernel == [1, 1] && self.stride == [1, 1] && self.padding == [0, 0];
        // Vectors of images should be at least half full.
        if self.batch < LANES / 2 {
            Way::Columns
        } else if self.groups == self.in_channels && self.groups == self.out_channels {
            Way::Depthwise
        } else if one_pixel && self.groups == 1 {
            Way::Pointwise
        } else {
            Way::Direct
        }
    }

    /// Places in a kernel.
    fn places(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Pixels of the output.
    fn area(&self) -> usize {
        self.output[0] * self.output[1]
    }
}

/// The ways to a convolution.
#[derive(Clone, Copy)]
enum Way {
    Columns,
    Direct,
    Depthwise,
    Pointwise,
}

#[cfg(test)]
mod tests;
