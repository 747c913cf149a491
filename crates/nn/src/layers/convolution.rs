//! Convolutional layers, for sequences and images.

use autograd::{Conv, ConvTranspose, Real, Tensor, Var, tree};

use crate::init::Init;
use crate::random::Generator;

/// A convolution of images, with a bias for every output channel:
///
/// > `y[n, o] = b[o] + Σᵢ w[o, i] ⋆ x[n, i]`,
///
/// where `⋆` slides the kernel over the image without flipping it (as in PyTorch).
///
/// ```
/// # use autograd::{Conv, Tensor, value};
/// # use nn::{Init, Purpose, generator, layers::Conv2d};
/// let halve = Conv { stride: [2, 2], padding: [1, 1], ..Conv::default() };
/// let layer = Conv2d::<Tensor<f32>>::new([1, 16], [3, 3], halve, Init::He, &mut generator(0, Purpose::Init, 0, 0));
/// let images = Tensor::zeros([8, 1, 28, 28]); // [batch, channels, height, width]
/// let y = value(&layer, |layer, tape| layer.forward(tape.constant(&images)));
/// assert_eq!(y.shape(), [8, 16, 14, 14]);
/// ```
#[derive(Clone, Debug)]
pub struct Conv2d<W> {
    /// The kernels, `[outputs, inputs / groups, height, width]`.
    pub weight: W,
    /// `[outputs]`.
    pub bias: W,
    /// Stride, padding, dilation and groups.
    pub options: Conv<2>,
}
tree!(Conv2d { weight, bias; options });

impl<T: Real> Conv2d<Tensor<T>> {
    /// Random kernels of this height and width, zero bias.
    ///
    /// # Panics
    /// If the groups do not divide both numbers of channels.
    #[track_caller]
    pub fn new(
        [inputs, outputs]: [usize; 2],
        kernel: [usize; 2],
        options: Conv<2>,
        init: Init,
        from: &mut Generator,
    ) -> Self {
        let weight = kernels([inputs, outputs], &kernel, options.stride, options.groups, init, from);
        Conv2d { weight, bias: Tensor::zeros([outputs]), options }
    }
}

impl<'t, T: Real> Conv2d<Var<'t, T>> {
    /// `[batch, inputs, height, width]` to `[batch, outputs, …, …]`.
    ///
    /// # Panics
    /// If the shape of `x` does not fit.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        x.conv2d(self.weight, self.options) + per_channel(self.bias, 2)
    }
}

/// A convolution of sequences, with a bias for every output channel; see [`Conv2d`].
#[derive(Clone, Debug)]
pub struct Conv1d<W> {
    /// The kernels, `[outputs, inputs / groups, length]`.
    pub weight: W,
    /// `[outputs]`.
    pub bias: W,
    /// Stride, padding, dilation and groups.
    pub options: Conv<1>,
}
tree!(Conv1d { weight, bias; options });

impl<T: Real> Conv1d<Tensor<T>> {
    /// Random kernels of this length, zero bias.
    ///
    /// # Panics
    /// If the groups do not divide both numbers of channels.
    #[track_caller]
    pub fn new(
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        options: Conv<1>,
        init: Init,
        from: &mut Generator,
    ) -> Self {
        let weight = kernels([inputs, outputs], &[kernel], options.stride, options.groups, init, from);
        Conv1d { weight, bias: Tensor::zeros([outputs]), options }
    }
}

impl<'t, T: Real> Conv1d<Var<'t, T>> {
    /// `[batch, inputs, length]` to `[batch, outputs, …]`.
    ///
    /// # Panics
    /// If the shape of `x` does not fit.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        x.conv1d(self.weight, self.options) + per_channel(self.bias, 1)
    }
}

/// The transpose of a convolution, with a bias: it undoes the change of size that a [`Conv2d`] with the
/// same stride and padding makes (Zeiler et al. 2010). Decoders use it to enlarge images.
#[derive(Clone, Debug)]
pub struct ConvTranspose2d<W> {
    /// The kernels, `[inputs, outputs / groups, height, width]`: those of the convolution that it
    /// transposes.
    pub weight: W,
    /// `[outputs]`.
    pub bias: W,
    /// Stride, padding, output padding, dilation and groups.
    pub options: ConvTranspose,
}
tree!(ConvTranspose2d { weight, bias; options });

impl<T: Real> ConvTranspose2d<Tensor<T>> {
    /// Random kernels of this height and width, zero bias.
    ///
    /// # Panics
    /// If the groups do not divide both numbers of channels.
    #[track_caller]
    pub fn new(
        [inputs, outputs]: [usize; 2],
        kernel: [usize; 2],
        options: ConvTranspose,
        init: Init,
        from: &mut Generator,
    ) -> Self {
        let weight = transposed([inputs, outputs], &kernel, options.stride, options.groups, init, from);
        ConvTranspose2d { weight, bias: Tensor::zeros([outputs]), options }
    }
}

impl<'t, T: Real> ConvTranspose2d<Var<'t, T>> {
    /// `[batch, inputs, height, width]` to `[batch, outputs, …, …]`.
    ///
    /// # Panics
    /// If the shape of `x` does not fit.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        x.conv_transpose2d(self.weight, self.options) + per_channel(self.bias, 2)
    }
}

/// The transpose of a convolution of sequences, with a bias for every output channel; see [`ConvTranspose2d`].
///
/// ```
/// # use autograd::{ConvTranspose, Tensor, value};
/// # use nn::{Init, Purpose, generator, layers::ConvTranspose1d};
/// let double = ConvTranspose { stride: [2], padding: [1], ..ConvTranspose::default() };
/// let from = &mut generator(0, Purpose::Init, 0, 0);
/// let layer = ConvTranspose1d::<Tensor<f32>>::new([8, 4], 4, double, Init::He, from);
/// let x = Tensor::zeros([5, 8, 30]); // [batch, channels, length]
/// assert_eq!(value(&layer, |layer, tape| layer.forward(tape.constant(&x))).shape(), [5, 4, 60]);
/// ```
#[derive(Clone, Debug)]
pub struct ConvTranspose1d<W> {
    /// The kernels, `[inputs, outputs / groups, length]`: those of the convolution that it transposes.
    pub weight: W,
    /// `[outputs]`.
    pub bias: W,
    /// Stride, padding, output padding, dilation and groups.
    pub options: ConvTranspose<1>,
}
tree!(ConvTranspose1d { weight, bias; options });

impl<T: Real> ConvTranspose1d<Tensor<T>> {
    /// Random kernels of this length, zero bias.
    ///
    /// # Panics
    /// If the groups do not divide both numbers of channels.
    #[track_caller]
    pub fn new(
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        options: ConvTranspose<1>,
        init: Init,
        from: &mut Generator,
    ) -> Self {
        let weight = transposed([inputs, outputs], &[kernel], options.stride, options.groups, init, from);
        ConvTranspose1d { weight, bias: Tensor::zeros([outputs]), options }
    }
}

impl<'t, T: Real> ConvTranspose1d<Var<'t, T>> {
    /// `[batch, inputs, length]` to `[batch, outputs, …]`.
    ///
    /// # Panics
    /// If the shape of `x` does not fit.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        x.conv_transpose1d(self.weight, self.options) + per_channel(self.bias, 1)
    }
}

/// A unit of a convolution reads the kernel's pixels of all input channels of its group. Of the kernel's pixels that pass
/// over it, a number feeds one in every `stride` along each axis.
#[track_caller]
fn kernels<T: Real>(
    [inputs, outputs]: [usize; 2],
    kernel: &[usize],
    stride: impl AsRef<[usize]>,
    groups: usize,
    init: Init,
    from: &mut Generator,
) -> Tensor<T> {
    assert_groups([inputs, outputs], groups);
    let pixels: usize = kernel.iter().product();
    let shape = [&[outputs, inputs / groups][..], kernel].concat();
    let reach = pixels.div_ceil(stride.as_ref().iter().product::<usize>().max(1));
    init.tensor(shape, inputs / groups * pixels, outputs / groups * reach, from)
}

/// The kernels of a transposed convolution. An output pixel is reached by a kernel's element in every `stride` along each
/// axis.
#[track_caller]
fn transposed<T: Real>(
    [inputs, outputs]: [usize; 2],
    kernel: &[usize],
    stride: impl AsRef<[usize]>,
    groups: usize,
    init: Init,
    from: &mut Generator,
) -> Tensor<T> {
    assert_groups([inputs, outputs], groups);
    let pixels: usize = kernel.iter().product();
    let shape = [&[inputs, outputs / groups][..], kernel].concat();
    let reach = pixels.div_ceil(stride.as_ref().iter().product::<usize>().max(1));
    init.tensor(shape, inputs / groups * reach, outputs / groups * pixels, from)
}

#[track_caller]
fn assert_groups([inputs, outputs]: [usize; 2], groups: usize) {
    let divides = groups > 0 && inputs.is_multiple_of(groups) && outputs.is_multiple_of(groups);
    assert!(divides, "convolution: {groups} groups do not divide {inputs} inputs and {outputs} outputs");
}

/// `[channels]` as `[channels, 1, …]`, to be added to a map with this many axes after its channels.
pub(super) fn per_channel<'t, T: Real>(x: Var<'t, T>, axes: usize) -> Var<'t, T> {
    let mut shape = x.shape();
    shape.extend(std::iter::repeat_n(1, axes));
    x.reshape(shape)
}
