//! Pooling: one number for each window of an image.

use std::sync::Arc;

use super::{Case, case, wave};
use crate::{Conv, Op, Real, Tensor, Var};

/// The windows of a pooling, vertically and horizontally.
///
/// `Window::new([2, 2])` tiles the image; `Window { stride: [1, 1], ..Window::new([3, 3]) }` overlaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The size of a window.
    pub size: [usize; 2],
    /// The distance between neighbouring windows.
    pub stride: [usize; 2],
    /// How far the first window reaches out of the image: at most half of its size.
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

/// `y` consists of pixels of `x`, at fixed positions in each plane;  `x̄` adds every `ȳ` to the pixel
/// it was taken from.
struct Pick {
    name: &'static str,
    positions: Arc<[u32]>,
    shape: [usize; 4],
}

impl<T: Real> Op<T, 1> for Pick {
    fn name(&self) -> String {
        self.name.into()
    }
    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        x.pick(&self.positions, self.shape)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [x]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        let shape = x.shape().as_slice().try_into().expect("four axes");
        Var::apply(Spread { positions: Arc::clone(&self.positions), shape }, [g])
    }
}

/// The transpose of [`Pick`].
struct Spread {
    positions: Arc<[u32]>,
    shape: [usize; 4],
}

impl<T: Real> Op<T, 1> for Spread {
    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        x.spread(&self.positions, self.shape)
    }
    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [x]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        let shape = x.shape().as_slice().try_into().expect("four axes");
        Var::apply(Pick { name: "pick", positions: Arc::clone(&self.positions), shape }, [g])
    }
}

/// Pixels at the given positions in each plane of `x`; `shape` is that of the result.
#[track_caller]
pub(super) fn pick<'t, T: Real>(
    name: &'static str,
    x: Var<'t, T>,
    positions: Vec<u32>,
    shape: [usize; 4],
) -> Var<'t, T> {
    Var::apply(Pick { name, positions: positions.into(), shape }, [x])
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
        let [rows, columns] = window.count("max_pool2d", &x);
        let Window { size, stride, padding } = window;
        // The choice is made here, once. Given the choice, the output is linear in the input, and
        // both directions of that linear map are cheap.
        let positions = self.seen_by("max_pool2d").largest_in_windows(size, stride, padding, [rows, columns]);
        pick("max_pool2d", self, positions, [x[0], x[1], rows, columns])
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
}

const OVERLAPPING: Window = Window { size: [3, 2], stride: [2, 1], padding: [1, 1] };

pub(super) const CASES: &[Case] = &[
    case!("max_pool2d", |x| (x * x).max_pool2d(Window::new([2, 2])) * 0.5, [wave([2, 2, 4, 5])]),
    case!("max_pool2d, overlapping", |x| x.max_pool2d(OVERLAPPING).square(), [wave([1, 2, 5, 3])]),
    case!("max_pool2d of one pixel", |x| (x * x * x).max_pool2d(Window::new([1, 1])), [wave([1, 1, 1, 1])]),
    case!("max_pool2d of nothing", |x| (x * x).max_pool2d(Window::new([2, 2])), [wave([2, 0, 2, 2])]),
    case!("avg_pool2d", |x| (x * x * x).avg_pool2d(Window::new([2, 2])), [wave([2, 2, 4, 5])]),
    case!("avg_pool2d, overlapping", |x| x.avg_pool2d(OVERLAPPING).square(), [wave([1, 2, 5, 3])]),
    case!("avg_pool2d of nothing", |x| (x * x).avg_pool2d(Window::new([2, 2])), [wave([0, 3, 2, 2])]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tape;

    fn image(tape: &Tape<f64>, height: usize, data: impl Into<Vec<f64>>) -> Var<'_, f64> {
        let data = data.into();
        tape.var(Tensor::from_vec([1, 1, height, data.len() / height], data))
    }

    #[test]
    fn known_values() {
        let tape = Tape::new();
        let x = image(&tape, 3, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
        let window = Window { stride: [1, 1], ..Window::new([2, 2]) };
        assert_eq!(x.max_pool2d(window).value().to_vec(), [5.0, 6.0, 8.0, 9.0]);
        assert_eq!(x.avg_pool2d(window).value().to_vec(), [3.0, 4.0, 6.0, 7.0]);
        // The corner windows hold four of nine pixels, and the sum is divided by nine all the same.
        let padded = Window { size: [3, 3], stride: [2, 2], padding: [1, 1] };
        let ninths = [12.0, 16.0, 24.0, 28.0].map(|sum| sum / 9.0);
        for (mean, expected) in x.avg_pool2d(padded).value().to_vec().iter().zip(ninths) {
            assert!((mean - expected).abs() < 1e-15);
        }
        // Padding does not win against negative pixels.
        assert_eq!((-x).max_pool2d(padded).value().to_vec(), [-1.0, -2.0, -4.0, -5.0]);
    }

    #[test]
    fn the_first_of_equal_pixels_wins() {
        let tape = Tape::new();
        let x = image(&tape, 2, [3.0, 7.0, 7.0, 7.0]);
        let y = x.max_pool2d(Window::new([2, 2]));
        assert_eq!(y.item(), 7.0);
        assert_eq!(y.sum().backward().wrt(x).to_vec(), [0.0, 1.0, 0.0, 0.0]);
        let [dx] = y.square().sum().grad([x]);
        assert_eq!(dx.value().to_vec(), [0.0, 14.0, 0.0, 0.0]);
        let [ddx] = dx.sum().grad([x]);
        assert_eq!(ddx.value().to_vec(), [0.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn infinities_and_nan() {
        let tape = Tape::new();
        let x = image(&tape, 1, [f64::NEG_INFINITY, f64::NEG_INFINITY, 1.0, f64::INFINITY]);
        let y = x.max_pool2d(Window { padding: [0, 1], ..Window::new([1, 2]) });
        assert_eq!(y.value().to_vec(), [f64::NEG_INFINITY, 1.0, f64::INFINITY]);
        assert_eq!(y.sum().backward().wrt(x).to_vec(), [1.0, 0.0, 1.0, 1.0]);
        let x = image(&tape, 1, [1.0, f64::NAN, 2.0, f64::NAN]);
        let y = x.max_pool2d(Window::new([1, 4]));
        assert!(y.item().is_nan());
        assert_eq!(y.sum().backward().wrt(x).to_vec(), [0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    #[should_panic(
        expected = "max_pool2d: the window [3, 3] does not fit into [1, 1, 2, 4] with padding [0, 0]"
    )]
    fn a_window_too_large() {
        image(&Tape::new(), 2, [0.0; 8]).max_pool2d(Window::new([3, 3]));
    }

    #[test]
    #[should_panic(expected = "avg_pool2d: the padding [1, 2] is more than half of the window [3, 3]")]
    fn padding_too_large() {
        let window = Window { padding: [1, 2], ..Window::new([3, 3]) };
        image(&Tape::new(), 4, [0.0; 16]).avg_pool2d(window);
    }

    #[test]
    #[should_panic(expected = "max_pool2d: the shape must be [batch, channels, height, width], not [4]")]
    fn no_image() {
        Tape::<f64>::new().var(Tensor::ones([4])).max_pool2d(Window::new([1, 1]));
    }
}
