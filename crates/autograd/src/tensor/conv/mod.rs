//! Convolution: [`direct`] for a batch of images, [`columns`] for few, [`depthwise`] where a channel is a group of its own,
//! and a kernel of one pixel is a product of matrices.

mod columns;
mod depthwise;
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
        match self.way() {
            Way::Product => self.seen_as_images(&self.weights(w).matmul(&pixels(x)), self.output_shape()),
            Way::Depthwise => depthwise::output(self, x, w),
            Way::Direct => direct::output(self, x, w),
            Way::Columns => columns::output(self, x, w),
        }
    }

    /// The transposed map of an output: the gradient with respect to the input.
    #[track_caller]
    pub(crate) fn input<T: Real>(&self, w: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
        match self.way() {
            Way::Product => self.seen_as_images(&self.weights(w).t().matmul(&pixels(y)), self.input_shape()),
            Way::Depthwise => depthwise::input(self, w, y),
            Way::Direct => direct::input(self, w, y),
            Way::Columns => columns::input(self, w, y),
        }
    }

    /// The gradient with respect to the weight, a sum over all images.
    #[track_caller]
    pub(crate) fn weight<T: Real>(&self, x: &Tensor<T>, y: &Tensor<T>) -> Tensor<T> {
        match self.way() {
            Way::Product => pixels(y).matmul(&pixels(x).t()).reshape(self.weight_shape()),
            Way::Depthwise => depthwise::weight(self, x, y),
            Way::Direct => direct::weight(self, x, y),
            Way::Columns => columns::weight(self, x, y),
        }
    }

    fn way(&self) -> Way {
        let Geometry { groups, in_channels, out_channels, kernel, stride, padding, .. } = *self;
        // Vectors of images are at least half full.
        if self.batch < LANES / 2 {
            Way::Columns
        } else if [kernel, stride] == [[1, 1]; 2] && padding == [0, 0] && groups == 1 {
            Way::Product
        } else if in_channels == groups && out_channels == groups && groups > 0 {
            Way::Depthwise
        } else {
            Way::Direct
        }
    }

    /// The weight of a kernel of one pixel as `[out, in]`.
    fn weights<T: Real>(&self, w: &Tensor<T>) -> Tensor<T> {
        w.reshape([self.out_channels, self.in_channels])
    }

    /// `[channels, height · width · batch]` as images.
    fn seen_as_images<T: Real>(&self, y: &Tensor<T>, shape: [usize; 4]) -> Tensor<T> {
        let [batch, channels, height, width] = shape;
        y.reshape([channels, height, width, batch]).permute([3, 0, 1, 2])
    }
}

/// `[batch, channels, height, width]` as `[channels, height · width · batch]`, as the results of convolutions lie.
fn pixels<T: Real>(x: &Tensor<T>) -> Tensor<T> {
    let &[batch, channels, height, width] = x.shape() else { unreachable!("images have four axes") };
    x.permute([1, 2, 3, 0]).reshape([channels, height * width * batch])
}

/// The ways to the same numbers.
enum Way {
    /// Kernels of one pixel.
    Product,
    Depthwise,
    Direct,
    Columns,
}

#[cfg(test)]
mod tests;
