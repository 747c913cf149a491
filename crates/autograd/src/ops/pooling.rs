//! Pooling: one number for each window of an image.

use super::{Case, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::{Choice, Conv, Indices, Op, Real, Scalar, Tensor, Var};

/// The windows of a pooling, vertically and horizontally.
///
/// `Window::new([2, 2])` tiles the image; `Window { stride: [1, 1], ..Window::new([3, 3]) }` overlaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The size of a window.
    pub size: [usize; 2],
    /// The distance between neighbouring windows.
    pub stride: [usize; 2],
    /// The distance by which the first window reaches out of the image: at most half of its size.
    pub padding: [usize; 2],
}

impl Window {
    /// Windows that lie side by side, without padding. Pixels that do not fill a window are left
    /// out.
    pub fn new(size: [usize; 2]) -> Self {
        Window { size, stride: size, padding: [0, 0] }
    }

    /// The number of windows along each axis of images of shape `x`.
    #[track_caller]
    fn count(self, op: &str, x: &[usize]) -> [usize; 2] {
        let Window { size, stride, padding } = self;
        let &[_, _, height, width] = x else {
            panic!("{op}: the shape must be [batch, channels, height, width], not {x:?}");
        };
        if [size, stride, [height, width]].concat().contains(&0) {
            panic!("{op}: size, stride and image must be at least 1: {self:?} of {x:?}");
        }
        let mut count = [0; 2];
        for (axis, count) in count.iter_mut().enumerate() {
            let padded = [height, width][axis] + 2 * padding[axis];
            if 2 * padding[axis] > size[axis] {
                panic!("{op}: the padding {padding:?} is more than half of the window {size:?}");
            }
            if size[axis] > padded {
                panic!("{op}: the window {size:?} does not fit into {x:?} with padding {padding:?}");
            }
            *count = (padded - size[axis]) / stride[axis] + 1;
        }
        count
    }
}

/// The position, in its plane, of the largest pixel of every window.
struct LargestInWindows {
    window: Window,
    count: [usize; 2],
}

impl<T: Real> Choice<T, 1> for LargestInWindows {
    const NAME: &'static str = "largest_in_windows";

    fn attributes(&self) -> Attributes {
        let Window { size, stride, padding } = &self.window;
        vec![
            ("size", size.as_slice().into()),
            ("stride", stride.as_slice().into()),
            ("padding", padding.as_slice().into()),
        ]
    }
    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        let Window { size, stride, padding } = self.window;
        let positions = x.largest_in_windows(size, stride, padding, self.count);
        Indices::from_vec([x.shape()[0], x.shape()[1], self.count[0], self.count[1]], positions).numbers()
    }
}

/// `y` consists of pixels of `x`, at positions in each plane;  `x̄` adds every `ȳ` to the pixel it was taken from.
pub(super) struct Pick;

impl<T: Real> Op<T, 2> for Pick {
    const NAME: &'static str = "pick";

    fn forward(&self, [x, positions]: [&Tensor<T>; 2]) -> Tensor<T> {
        x.pick(&Indices::of("pick", positions))
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [x, at]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        match wrt {
            0 => T::record(Spread { size: [x.shape()[2], x.shape()[3]] }, [g, at]),
            _ => at.lit(0.0),
        }
    }
}

/// The transpose of [`Pick`], onto planes of this size.
struct Spread {
    size: [usize; 2],
}

impl<T: Real> Op<T, 2> for Spread {
    const NAME: &'static str = "spread";

    fn forward(&self, [x, positions]: [&Tensor<T>; 2]) -> Tensor<T> {
        x.spread(&Indices::of("spread", positions), self.size)
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [_, at]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        match wrt {
            0 => T::record(Pick, [g, at]),
            _ => at.lit(0.0),
        }
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The largest pixel of every window of images `[batch, channels, height, width]`, giving
    /// `[batch, channels, height', width']` with
    ///
    /// > `height' = ⌊(height + 2 padding − size) / stride⌋ + 1`.
    ///
    /// Padding never wins. In a tie the first pixel of the window, row by row, wins and receives
    /// the whole gradient. A NaN wins against numbers.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor, Window};
    /// let tape = Tape::<f64>::new();
    /// let image = tape.var(Tensor::from_vec([1, 1, 2, 4], vec![1.0, 2.0, 5.0, 0.0, 4.0, 3.0, 0.0, 6.0]));
    /// assert_eq!(image.max_pool2d(Window::new([2, 2])).value().to_vec(), [4.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If the shape does not have four axes, a window does not fit, or the padding is more than half
    /// of a window (which then might not contain a pixel).
    #[track_caller]
    pub fn max_pool2d(self, window: Window) -> Var<'t, T> {
        let x = self.shape();
        let count = window.count("max_pool2d", &x);
        // Given the choice, the output is linear in the input, and both directions of that linear map are cheap.
        let positions = T::record(LargestInWindows { window, count }, [self]);
        T::record(Pick, [self, positions])
    }

    /// The mean over every window; for shapes see [`max_pool2d`](Self::max_pool2d).
    ///
    /// Padding counts as zeros: the sum is always divided by the full size of the window
    /// (PyTorch's default, `count_include_pad = true`).
    ///
    /// # Panics
    /// If the shape does not have four axes, a window does not fit, or the padding is more than half
    /// of a window.
    #[track_caller]
    pub fn avg_pool2d(self, window: Window) -> Var<'t, T> {
        let x = self.shape();
        let [rows, columns] = window.count("avg_pool2d", &x);
        let Window { size, stride, padding } = window;
        // A mean is a convolution with a constant weight, for every channel on its own.
        let weight = Tensor::full([1, 1, size[0], size[1]], 1.0 / (size[0] * size[1]) as f64);
        let planes = self.reshape([x[0] * x[1], 1, x[2], x[3]]);
        let means = planes.conv2d(self.tape().constant(weight), Conv { stride, padding, ..Conv::default() });
        means.reshape([x[0], x[1], rows, columns])
    }

    /// The largest number of every window of series `[batch, channels, length]`; see [`max_pool2d`](Self::max_pool2d).
    ///
    /// # Panics
    /// If the shape does not have three axes, a window does not fit, or the padding is more than half of a window.
    #[track_caller]
    pub fn max_pool1d(self, size: usize, stride: usize, padding: usize) -> Var<'t, T> {
        self.as_images("max_pool1d", |x| x.max_pool2d(series(size, stride, padding)))
    }

    /// The mean over every window of series `[batch, channels, length]`; see [`avg_pool2d`](Self::avg_pool2d).
    ///
    /// # Panics
    /// If the shape does not have three axes, a window does not fit, or the padding is more than half of a window.
    #[track_caller]
    pub fn avg_pool1d(self, size: usize, stride: usize, padding: usize) -> Var<'t, T> {
        self.as_images("avg_pool1d", |x| x.avg_pool2d(series(size, stride, padding)))
    }

    /// Series as images of height 1, and back.
    #[track_caller]
    fn as_images(self, op: &str, f: impl FnOnce(Self) -> Self) -> Self {
        let shape = self.shape();
        let &[batch, channels, length] = &shape[..] else {
            panic!("{op}: the shape must be [batch, channels, length], not {shape:?}");
        };
        f(self.reshape([batch, channels, 1, length])).squeeze(2)
    }
}

/// The windows of a series, as an image of height 1.
fn series(size: usize, stride: usize, padding: usize) -> Window {
    Window { size: [1, size], stride: [1, stride], padding: [0, padding] }
}

const OVERLAPPING: Window = Window { size: [3, 2], stride: [2, 1], padding: [1, 1] };

built_in! {
    apply 2: Pick, Spread;
    choose 1: LargestInWindows;
}

pub(super) const CASES: &[Case] = &[
    case!("max_pool1d", |x| (x * x).max_pool1d(3, 2, 1) * 0.5, [wave([2, 2, 7])]),
    case!("avg_pool1d", |x| (x * x * x).avg_pool1d(2, 2, 0), [wave([2, 1, 6])]),
    case!("max_pool2d", |x| (x * x).max_pool2d(Window::new([2, 2])) * 0.5, [wave([2, 2, 4, 5])]),
    case!("max_pool2d, overlapping", |x| x.max_pool2d(OVERLAPPING).square(), [wave([1, 2, 5, 3])]),
    case!("max_pool2d of one pixel", |x| (x * x * x).max_pool2d(Window::new([1, 1])), [wave([1, 1, 1, 1])]),
    case!("max_pool2d of nothing", |x| (x * x).max_pool2d(Window::new([2, 2])), [wave([2, 0, 2, 2])]),
    case!("avg_pool2d", |x| (x * x * x).avg_pool2d(Window::new([2, 2])), [wave([2, 2, 4, 5])]),
    case!("avg_pool2d, overlapping", |x| x.avg_pool2d(OVERLAPPING).square(), [wave([1, 2, 5, 3])]),
    case!("avg_pool2d of nothing", |x| (x * x).avg_pool2d(Window::new([2, 2])), [wave([0, 3, 2, 2])]),
];

#[cfg(test)]
mod tests;
