//! Convolutions of images, and of series.
//!
//! Layouts are PyTorch's: images `[batch, channels, height, width]`, series
//! `[batch, channels, length]`. There is no bias; add one of shape `[channels, 1, 1]`.
//!
//! ```
//! use autograd::{Conv, Tape, Tensor};
//!
//! let tape = Tape::<f32>::new();
//! let images = tape.constant(Tensor::ones([8, 3, 32, 32]));
//! let weight = tape.var(Tensor::ones([16, 3, 3, 3]));
//! let y = images.conv2d(weight, Conv { stride: [2, 2], padding: [1, 1], ..Conv::default() });
//! assert_eq!(y.shape().as_slice(), [8, 16, 16, 16]);
//! ```

use super::{Case, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::tensor::Geometry;
use crate::{Op, Real, Tensor, Var};

/// The steps of a kernel over its input, along each axis (vertical, horizontal; or only one).
///
/// By default it visits every place inside the input: stride 1, padding 0, dilation 1, one group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv<const AXES: usize> {
    /// The distance between the places of neighbouring outputs.
    pub stride: [usize; AXES],
    /// The number of zeros added at both ends of each axis.
    pub padding: [usize; AXES],
    /// The distance between the input pixels that neighbouring elements of the kernel touch.
    pub dilation: [usize; AXES],
    /// Input and output channels are split into this many groups, and each group of outputs sees
    /// only its own group of inputs.
    pub groups: usize,
}

impl<const AXES: usize> Default for Conv<AXES> {
    fn default() -> Self {
        Conv { stride: [1; AXES], padding: [0; AXES], dilation: [1; AXES], groups: 1 }
    }
}

/// The options of a transposed convolution: those of the convolution that it transposes, and one
/// more. By default stride 1, padding 0, dilation 1, one group, output padding 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvTranspose<const AXES: usize = 2> {
    /// The distance between the places of neighbouring inputs in the output.
    pub stride: [usize; AXES],
    /// The number of pixels cut off at both ends of each axis of the output.
    pub padding: [usize; AXES],
    /// The distance between the output pixels that neighbouring elements of the kernel touch.
    pub dilation: [usize; AXES],
    /// Input and output channels are split into this many groups.
    pub groups: usize,
    /// Rows added at the bottom and columns added at the right. A convolution with a stride maps
    /// images of several sizes to one size; this chooses the one to come back to.
    pub output_padding: [usize; AXES],
}

impl<const AXES: usize> Default for ConvTranspose<AXES> {
    fn default() -> Self {
        let Conv { stride, padding, dilation, groups } = Conv::default();
        ConvTranspose { stride, padding, dilation, groups, output_padding: [0; AXES] }
    }
}

/// The operations below are the derivatives of one number by one of its three factors,
///
/// > `s(x, w, y) = Σ y[o, p] · w[o, c, k] · x[c, p · stride + k · dilation − padding]`
///
/// (for one image; `o`, `c` count channels, `p` output pixels, `k` places in the kernel), given the other two in the
/// order `x, w, y`. Since `s` is linear in each factor, the derivative of any of the three operations is another of
/// them: the incoming gradient takes the place of the operation's own factor.
fn attributes(geometry: &Geometry) -> Attributes {
    let Geometry { stride, padding, dilation, groups, .. } = geometry;
    vec![
        ("stride", stride.as_slice().into()),
        ("padding", padding.as_slice().into()),
        ("dilation", dilation.as_slice().into()),
        ("groups", [*groups].as_slice().into()),
    ]
}

/// `y = ∂s/∂y`, the convolution.
struct Conv2d(Geometry);

impl<T: Real> Op<T, 2> for Conv2d {
    const NAME: &'static str = "conv2d";

    fn attributes(&self) -> Attributes {
        attributes(&self.0)
    }
    fn forward(&self, [x, w]: [&Tensor<T>; 2]) -> Tensor<T> {
        self.0.output(x, w)
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [x, w]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        match wrt {
            0 => T::record(ConvTranspose2d(self.0.clone()), [w, g]),
            _ => T::record(Conv2dWeight(self.0.clone()), [x, g]),
        }
    }
}

/// `x = ∂s/∂x`, the transposed convolution.
struct ConvTranspose2d(Geometry);

impl<T: Real> Op<T, 2> for ConvTranspose2d {
    const NAME: &'static str = "conv_transpose2d";

    fn attributes(&self) -> Attributes {
        attributes(&self.0)
    }
    fn forward(&self, [w, y]: [&Tensor<T>; 2]) -> Tensor<T> {
        self.0.input(w, y)
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [w, y]: [Var<'t, T>; 2], _x: Var<'t, T>) -> Var<'t, T> {
        match wrt {
            0 => T::record(Conv2dWeight(self.0.clone()), [g, y]),
            _ => T::record(Conv2d(self.0.clone()), [g, w]),
        }
    }
}

/// `w = ∂s/∂w`, the gradient of a weight.
struct Conv2dWeight(Geometry);

impl<T: Real> Op<T, 2> for Conv2dWeight {
    const NAME: &'static str = "conv2d_weight";

    fn attributes(&self) -> Attributes {
        attributes(&self.0)
    }
    fn forward(&self, [x, y]: [&Tensor<T>; 2]) -> Tensor<T> {
        self.0.weight(x, y)
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [x, y]: [Var<'t, T>; 2], _w: Var<'t, T>) -> Var<'t, T> {
        match wrt {
            0 => T::record(ConvTranspose2d(self.0.clone()), [g, y]),
            _ => T::record(Conv2d(self.0.clone()), [x, g]),
        }
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// Convolution of images `[batch, in, height, width]` with a weight `[out, in / groups, kh, kw]`,
    /// giving `[batch, out, height', width']`, where
    ///
    /// > `height' = ⌊(height + 2 padding − dilation (kh − 1) − 1) / stride⌋ + 1`.
    ///
    /// As everywhere in deep learning the kernel is not flipped: `y[p] = Σ w[k] x[p + k]`.
    ///
    /// ```
    /// # use autograd::{Conv, Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let images = tape.var(Tensor::zeros([8, 1, 28, 28]));
    /// let weight = tape.var(Tensor::zeros([16, 1, 3, 3]));
    /// let options = Conv { stride: [2, 2], padding: [1, 1], ..Conv::default() };
    /// assert_eq!(images.conv2d(weight, options).shape().as_slice(), [8, 16, 14, 14]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit each other, or the kernel does not fit into the padded image.
    #[track_caller]
    pub fn conv2d(self, weight: Var<'t, T>, options: Conv<2>) -> Var<'t, T> {
        let (x, w) = (self.shape(), weight.shape());
        let output = output_size("conv2d", &x, &w, &options);
        let Conv { stride, padding, dilation, groups } = options;
        let (input, kernel) = ([x[2], x[3]], [w[2], w[3]]);
        let (batch, in_channels, out_channels) = (x[0], x[1], w[0]);
        let geometry = Geometry {
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
        };
        T::record(Conv2d(geometry), [self, weight])
    }

    /// Convolution of series `[batch, in, length]` with a weight `[out, in / groups, k]`, giving
    /// `[batch, out, length']`; see [`conv2d`](Self::conv2d).
    ///
    /// # Panics
    /// If the shapes do not fit each other, or the kernel does not fit into the padded series.
    #[track_caller]
    pub fn conv1d(self, weight: Var<'t, T>, options: Conv<1>) -> Var<'t, T> {
        let (x, w) = (self.shape(), weight.shape());
        let [length] = output_size("conv1d", &x, &w, &options);
        let Conv { stride: [stride], padding: [padding], dilation: [dilation], groups } = options;
        // A series is an image of height 1.
        let options = Conv { stride: [1, stride], padding: [0, padding], dilation: [1, dilation], groups };
        let image = self.reshape([x[0], x[1], 1, x[2]]);
        let y = image.conv2d(weight.reshape([w[0], w[1], 1, w[2]]), options);
        y.reshape([x[0], w[0], length])
    }

    /// Transposed convolution of images `[batch, in, height, width]` with a weight
    /// `[in, out / groups, kh, kw]`, giving `[batch, out, height', width']`, where
    ///
    /// > `height' = (height − 1) stride − 2 padding + dilation (kh − 1) + output_padding + 1`.
    ///
    /// It is the transpose of the linear map that [`conv2d`](Self::conv2d) with the same weight and
    /// options makes of an image: every input pixel adds a copy of the kernel to the output. A
    /// stride of 2 thus doubles the size of an image.
    ///
    /// # Panics
    /// If the shapes do not fit each other, nothing would remain of the output, or the output
    /// padding is not smaller than the stride or the dilation.
    #[track_caller]
    pub fn conv_transpose2d(self, weight: Var<'t, T>, options: ConvTranspose) -> Var<'t, T> {
        let (x, w) = (self.shape(), weight.shape());
        let size = transposed_size("conv_transpose2d", &x, &w, &options);
        let ConvTranspose { stride, padding, dilation, groups, .. } = options;
        // Input and output as the transposed convolution sees them.
        let geometry = Geometry {
            batch: x[0],
            groups,
            in_channels: w[1] * groups,
            out_channels: x[1],
            input: size,
            output: [x[2], x[3]],
            kernel: [w[2], w[3]],
            stride,
            padding,
            dilation,
        };
        T::record(ConvTranspose2d(geometry), [weight, self])
    }

    /// Transposed convolution of series `[batch, in, length]` with a weight `[in, out / groups, k]`, giving
    /// `[batch, out, length']`; see [`conv_transpose2d`](Self::conv_transpose2d).
    ///
    /// ```
    /// # use autograd::{ConvTranspose, Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([1, 1, 3], vec![1.0, 2.0, 3.0]));
    /// let w = tape.var(Tensor::from_vec([1, 1, 2], vec![1.0, 10.0]));
    /// let y = x.conv_transpose1d(w, ConvTranspose { stride: [2], ..ConvTranspose::default() });
    /// assert_eq!(y.value().to_vec(), [1.0, 10.0, 2.0, 20.0, 3.0, 30.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not fit each other, nothing would remain of the output, or the output
    /// padding is not smaller than the stride or the dilation.
    #[track_caller]
    pub fn conv_transpose1d(self, weight: Var<'t, T>, options: ConvTranspose<1>) -> Var<'t, T> {
        let (x, w) = (self.shape(), weight.shape());
        let [length] = transposed_size("conv_transpose1d", &x, &w, &options);
        let ConvTranspose { stride: [stride], padding: [padding], dilation: [dilation], .. } = options;
        // A series is an image of height 1.
        let options = ConvTranspose {
            stride: [1, stride],
            padding: [0, padding],
            dilation: [1, dilation],
            groups: options.groups,
            output_padding: [0, options.output_padding[0]],
        };
        let image = self.reshape([x[0], x[1], 1, x[2]]);
        let y = image.conv_transpose2d(weight.reshape([w[0], w[1], 1, w[2]]), options);
        y.reshape([x[0], w[1] * options.groups, length])
    }
}

/// The size of a convolution's output, once everything fits.
#[track_caller]
fn output_size<const AXES: usize>(op: &str, x: &[usize], w: &[usize], options: &Conv<AXES>) -> [usize; AXES] {
    let Conv { stride, padding, dilation, groups } = *options;
    assert_layout(op, x, w, AXES, "out, in / groups");
    assert_positive(op, [&stride, &dilation, [groups].as_slice(), &x[2..], &w[2..]]);
    let (channels, taken) = (x[1], w[1] * groups);
    if channels != taken {
        let hint = match channels.checked_div(w[1]) {
            Some(fitting) if fitting * w[1] == channels => format!("; did you mean `groups: {fitting}`?"),
            _ => String::new(),
        };
        panic!("{op}: {x:?} has {channels} channels, but {w:?} in {groups} groups takes {taken}{hint}");
    }
    assert!(
        w[0].is_multiple_of(groups),
        "{op}: {groups} groups do not divide the {} output channels of {w:?}",
        w[0]
    );
    let mut output = [0; AXES];
    for (axis, output) in output.iter_mut().enumerate() {
        let (size, span) = (x[2 + axis] + 2 * padding[axis], dilation[axis] * (w[2 + axis] - 1) + 1);
        if span > size {
            panic!("{op}: the kernel of {w:?} spans {span} pixels, but {x:?} has {size} with its padding");
        }
        *output = (size - span) / stride[axis] + 1;
    }
    output
}

/// The size of a transposed convolution's output, once everything fits.
#[track_caller]
fn transposed_size<const AXES: usize>(
    op: &str,
    x: &[usize],
    w: &[usize],
    options: &ConvTranspose<AXES>,
) -> [usize; AXES] {
    let ConvTranspose { stride, padding, dilation, groups, output_padding } = *options;
    assert_layout(op, x, w, AXES, "in, out / groups");
    assert_positive(op, [&stride, &dilation, [groups].as_slice(), &x[2..], &w[2..]]);
    if x[1] != w[0] {
        let hint = if x[1] == w[1] { "; the input channels come first here" } else { "" };
        panic!("{op}: {x:?} has {} channels, but {w:?} takes {}{hint}", x[1], w[0]);
    }
    assert!(
        w[0].is_multiple_of(groups),
        "{op}: {groups} groups do not divide the {} input channels of {w:?}",
        w[0]
    );
    let mut output = [0; AXES];
    for (axis, output) in output.iter_mut().enumerate() {
        let extra = output_padding[axis];
        if extra >= stride[axis].max(dilation[axis]) {
            panic!("{op}: the output padding {extra} must be smaller than the stride or the dilation");
        }
        let full = (x[2 + axis] - 1) * stride[axis] + dilation[axis] * (w[2 + axis] - 1) + extra + 1;
        let cut = 2 * padding[axis];
        if cut >= full {
            panic!("{op}: the padding cuts {cut} of {full} pixels, so nothing remains of {x:?}");
        }
        *output = full - cut;
    }
    output
}

#[track_caller]
fn assert_layout(op: &str, x: &[usize], w: &[usize], axes: usize, channels: &str) {
    let sizes = if axes == 1 { "length" } else { "height, width" };
    if x.len() != 2 + axes || w.len() != 2 + axes {
        panic!(
            "{op}: the shapes must be [batch, channels, {sizes}] and, of the weight, [{channels}, {sizes}], \
             not {x:?} and {w:?}"
        );
    }
}

#[track_caller]
fn assert_positive(op: &str, sizes: [&[usize]; 5]) {
    let positive = sizes.iter().all(|sizes| !sizes.contains(&0));
    assert!(positive, "{op}: stride, dilation, groups, image and kernel must be at least 1");
}

const STRIDED: Conv<2> = Conv { stride: [2, 1], padding: [1, 2], dilation: [1, 2], groups: 1 };
const GROUPED: Conv<2> = Conv { stride: [1, 2], padding: [0, 1], dilation: [1, 1], groups: 2 };
const TRANSPOSED: ConvTranspose =
    ConvTranspose { stride: [2, 3], padding: [1, 0], dilation: [1, 2], groups: 1, output_padding: [1, 2] };

// Squares, so that the third derivative is not zero: a convolution is linear in each factor.
built_in! {
    apply 2: Conv2d, ConvTranspose2d, Conv2dWeight;
}

pub(super) const CASES: &[Case] = &[
    case!("conv2d", |x, w| x.conv2d(w, Conv::default()), [wave([2, 2, 4, 3]), wave([3, 2, 2, 2])]),
    case!(
        "conv2d, stride, padding and dilation",
        |x, w| (x * x).conv2d(w * w, STRIDED),
        [wave([2, 2, 5, 4]), wave([3, 2, 3, 2])]
    ),
    case!(
        "conv2d in groups",
        |x, w| (x * x).conv2d(w * w, GROUPED),
        [wave([2, 4, 3, 4]), wave([6, 2, 2, 3])]
    ),
    case!(
        "conv2d of one pixel",
        |x, w| (x * x).conv2d(w, Conv { padding: [1, 1], ..Conv::default() }),
        [wave([1, 1, 1, 1]), wave([1, 1, 3, 3])]
    ),
    case!(
        "conv2d of no images",
        |x, w| (x * x).conv2d(w, Conv::default()),
        [wave([0, 2, 3, 3]), wave([1, 2, 2, 2])]
    ),
    case!(
        "conv2d of no channels",
        |x, w| (x * x).conv2d(w, Conv::default()),
        [wave([2, 0, 3, 3]), wave([1, 0, 2, 2])]
    ),
    case!(
        "conv2d with itself",
        |x| x.conv2d(x, Conv { padding: [1, 1], ..Conv::default() }).conv2d(x, Conv::default()),
        [wave([2, 2, 3, 3])]
    ),
    case!("conv1d", |x, w| (x * x).conv1d(w, Conv::default()), [wave([2, 2, 5]), wave([3, 2, 3])]),
    case!(
        "conv1d, with all options",
        |x, w| x.conv1d(w * w, Conv { stride: [2], padding: [1], dilation: [2], groups: 2 }),
        [wave([2, 4, 6]), wave([2, 2, 2])]
    ),
    case!(
        "conv_transpose2d",
        |x, w| (x * x).conv_transpose2d(w, ConvTranspose::default()),
        [wave([2, 2, 3, 2]), wave([2, 3, 2, 2])]
    ),
    case!(
        "conv_transpose2d, with all options",
        |x, w| x.conv_transpose2d(w * w, TRANSPOSED),
        [wave([2, 2, 3, 2]), wave([2, 3, 3, 2])]
    ),
    case!(
        "conv_transpose2d in groups",
        |x, w| (x * x).conv_transpose2d(w, ConvTranspose { groups: 2, ..TRANSPOSED }),
        [wave([2, 4, 2, 2]), wave([4, 3, 2, 2])]
    ),
    case!(
        "conv_transpose1d, with all options",
        |x, w| {
            let options =
                ConvTranspose { stride: [3], padding: [1], dilation: [2], groups: 2, output_padding: [2] };
            (x * x).conv_transpose1d(w * w, options)
        },
        [wave([2, 4, 3]), wave([4, 3, 2])]
    ),
];

#[cfg(test)]
mod tests;
