//! Small images, enlarged without blurring: grey values, or the planes red, green and blue one after the other.

use super::Size;
use super::canvas::Canvas;
use super::colour::{AXIS, NOT_A_NUMBER};

/// A tile of about this many pixels is pleasant to look at.
const SIDE: f32 = 72.0;

impl Size {
    pub(super) fn pixels(self) -> usize {
        self.height * self.width
    }

    /// The whole factor that brings an image to about [`SIDE`] pixels: 9 for 8×8 digits, 3 for 28×28. Whole
    /// factors keep all of its pixels equally large.
    pub(super) fn factor(self) -> usize {
        ((SIDE / self.height.max(self.width).max(1) as f32).round() as usize).max(1)
    }
}

/// # Panics
/// If the image has neither one nor three values for each pixel of its size.
#[track_caller]
pub(super) fn check(what: &str, size: Size, pixels: &[f32]) {
    let Size { height, width } = size;
    let (found, pixels) = (pixels.len(), size.pixels());
    assert!([pixels, 3 * pixels].contains(&found), "{what}: {found} values for an image of {height}×{width}");
}

/// Draws values in `[0, 1]`, black to white or to a full colour, each pixel as a square of `factor` pixels.
pub(super) fn draw(canvas: &mut Canvas, pixels: &[f32], size: Size, factor: usize, [x, y]: [usize; 2]) {
    let shade = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    // The second and the third plane, if there are any, follow the first.
    let plane = if pixels.len() == size.pixels() { 0 } else { size.pixels() };
    for i in 0..size.pixels() {
        let (row, column) = (i / size.width, i % size.width);
        let values = [pixels[i], pixels[i + plane], pixels[i + 2 * plane]];
        let colour = if values.iter().any(|value| value.is_nan()) { NOT_A_NUMBER } else { values.map(shade) };
        canvas.square(x + column * factor, y + row * factor, factor, colour);
    }
}

/// A hair around a tile, so that a white image does not melt into the page.
pub(super) fn frame(canvas: &mut Canvas, width: usize, height: usize, [x, y]: [usize; 2]) {
    canvas.frame([x as f32, y as f32], width as f32, height as f32, AXIS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_is_exact() {
        let size = Size { height: 1, width: 3 };
        let mut canvas = Canvas::new(12, 4);
        draw(&mut canvas, &[0.0, 0.6, f32::NAN], size, 4, [0, 0]);
        let picture = canvas.finish();
        for (x, _, pixel) in picture.enumerate_pixels() {
            assert_eq!(pixel, [[0; 3], [153; 3], NOT_A_NUMBER][x as usize / 4]);
        }
    }

    #[test]
    fn a_tile_has_colours() {
        let size = Size { height: 1, width: 2 };
        let mut canvas = Canvas::new(4, 2);
        draw(&mut canvas, &[1.0, 0.0, 0.2, 0.6, 0.0, f32::NAN], size, 2, [0, 0]);
        let picture = canvas.finish();
        assert_eq!([picture.pixel(1, 1), picture.pixel(2, 0)], [[255, 51, 0], NOT_A_NUMBER]);
    }

    #[test]
    fn factors_are_whole_and_sensible() {
        let factor = |side| Size { height: side, width: side }.factor();
        assert_eq!([1, 8, 16, 28, 32, 64, 500].map(factor), [72, 9, 5, 3, 2, 1, 1]);
    }
}
