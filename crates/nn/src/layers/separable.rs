//! Depthwise-separable convolution.

use autograd::{Conv, Real, Tensor, Var, tree};

use super::Conv2d;
use crate::init::Init;
use crate::random::Generator;

/// A convolution of images in two parts (Chollet 2017; Howard et al. 2017): every channel by a kernel of its own, then
/// sums over the channels at every pixel.
///
/// > `h[n, c] = a[c] + k[c] ⋆ x[n, c]`,  `y[n, o] = b[o] + Σ_c w[o, c] h[n, c]`.
///
/// For a kernel of `s` pixels that is `1/s + 1/outputs` of the multiplications of a [`Conv2d`].
///
/// ```
/// # use autograd::{Conv, Tensor, value};
/// # use nn::{Init, Purpose, generator, layers::SeparableConv2d};
/// let halve = Conv { stride: [2, 2], padding: [1, 1], ..Conv::default() };
/// let from = &mut generator(0, Purpose::Init, 0, 0);
/// let layer = SeparableConv2d::<Tensor<f32>>::new([8, 16], [3, 3], halve, Init::He, from);
/// let images = Tensor::zeros([5, 8, 28, 28]); // [batch, channels, height, width]
/// let y = value(&layer, |layer, tape| layer.forward(tape.constant(&images)));
/// assert_eq!(y.shape(), [5, 16, 14, 14]);
/// ```
#[derive(Clone, Debug)]
pub struct SeparableConv2d<W> {
    /// `k` and `a`: one kernel a channel, `[inputs, 1, height, width]`.
    pub depthwise: Conv2d<W>,
    /// `w` and `b`: a kernel of one pixel, `[outputs, inputs, 1, 1]`.
    pub pointwise: Conv2d<W>,
}
tree!(SeparableConv2d { depthwise, pointwise });

impl<T: Real> SeparableConv2d<Tensor<T>> {
    /// Random kernels of this height and width for every channel, random sums drawn by `init`, zero biases. Stride,
    /// padding and dilation are those of the first part; its groups are the channels, so those of `options` say nothing.
    /// Between the parts there is no activation, so kernels are drawn by [`Init::LeCun`], which keeps the variance.
    #[track_caller]
    pub fn new(
        [inputs, outputs]: [usize; 2],
        kernel: [usize; 2],
        options: Conv<2>,
        init: Init,
        from: &mut Generator,
    ) -> Self {
        let options = Conv { groups: inputs, ..options };
        SeparableConv2d {
            depthwise: Conv2d::new([inputs, inputs], kernel, options, Init::LeCun, from),
            pointwise: Conv2d::new([inputs, outputs], [1, 1], Conv::default(), init, from),
        }
    }
}

impl<'t, T: Real> SeparableConv2d<Var<'t, T>> {
    /// `[batch, inputs, height, width]` to `[batch, outputs, …, …]`.
    ///
    /// # Panics
    /// If the shape of `x` does not fit.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.pointwise.forward(self.depthwise.forward(x))
    }
}
