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
#[should_panic(expected = "max_pool2d: the window [3, 3] does not fit into [1, 1, 2, 4] with padding [0, 0]")]
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
