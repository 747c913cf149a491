//! Many small images in one PNG: a sheet whose tiles are shown by moving it behind a window.

use autograd::Tensor;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{Markup, PreEscaped, html};
use nn::Dataset;

use crate::plot::{Picture, Size, grey_png, png};

/// Tiles in a row of the sheet.
const COLUMNS: usize = 32;

/// Images of one size in one file, shown by elements of a class of its own.
pub(super) struct Sheet {
    class: &'static str,
    uri: String,
    columns: usize,
    rows: usize,
    size: Size,
}

impl Sheet {
    /// Images from the rows of `x`, black at 0 and white, or a full colour, at 1: grey, or the planes red, green and blue
    /// one after the other.
    pub(super) fn images(class: &'static str, x: &Tensor<f32>, size: Size) -> Self {
        let level = |v: f32| (v.clamp(0.0, 1.0) * 255.0).round() as u8;
        let pixels = size.height * size.width;
        if x.shape()[1] == pixels {
            return Sheet::new(
                class,
                &x.to_vec(),
                size,
                |v| level(*v),
                |pixels, width| grey_png(&pixels, width),
            );
        }
        let colours: Vec<[f32; 3]> = (x.to_vec().chunks(3 * pixels.max(1)))
            .flat_map(|image| {
                (0..pixels).map(|i| [0, 1, 2].map(|plane| image[plane * pixels + i])).collect::<Vec<_>>()
            })
            .collect();
        Sheet::new(class, &colours, size, |colour| colour.map(level), coloured)
    }

    /// Images from the rows of `x` in two hues: blue below 0, brown above, the deeper the larger, each row
    /// scaled to its own largest magnitude.
    pub(super) fn signed(class: &'static str, x: &Tensor<f32>, size: Size) -> Self {
        let largest = |row: &[f32]| row.iter().fold(1e-30_f32, |most, v| most.max(v.abs()));
        let width = x.shape()[1].max(1);
        let scaled: Vec<f32> = (x.to_vec().chunks(width))
            .flat_map(|row| row.iter().map(|v| v / largest(row)).collect::<Vec<_>>())
            .collect();
        Sheet::new(class, &scaled, size, |value| signed_colour(*value), coloured)
    }

    /// A sheet of images whose values stand one image after the other, row by row.
    fn new<V, P: Clone + Default>(
        class: &'static str,
        values: &[V],
        size: Size,
        pixel: impl Fn(&V) -> P,
        encode: impl Fn(Vec<P>, usize) -> Vec<u8>,
    ) -> Self {
        let Size { height, width } = size;
        let count = values.len() / (height * width).max(1);
        let columns = count.clamp(1, COLUMNS);
        let rows = count.div_ceil(columns).max(1);
        let mut pixels = vec![P::default(); rows * height * columns * width];
        for (i, value) in values.iter().enumerate() {
            let (tile, row, column) = (i / (height * width), i / width % height, i % width);
            let y = tile / columns * height + row;
            pixels[y * columns * width + tile % columns * width + column] = pixel(value);
        }
        let bytes = encode(pixels, columns * width);
        let uri = format!("data:image/png;base64,{}", BASE64_STANDARD.encode(bytes));
        Sheet { class, uri, columns, rows, size }
    }

    /// The style that every page with tiles of this sheet must hold once.
    pub(super) fn style(&self) -> Markup {
        let Sheet { class, uri, columns, rows, size: Size { height, width } } = self;
        let text = format!(
            ".{class}{{background-image:url({uri});background-size:{}% {}%;aspect-ratio:{width}/{height}}}",
            100 * columns,
            100 * rows
        );
        html! { style { (PreEscaped(text)) } }
    }

    /// One image, as wide as its surroundings make it.
    pub(super) fn tile(&self, number: usize, name: &str) -> Markup {
        html! { span.tile.(self.class) role="img" aria-label=(name) style=(self.position(number)) {} }
    }

    /// Columns and rows, from which a script finds a tile.
    pub(super) fn grid(&self) -> [usize; 2] {
        [self.columns, self.rows]
    }

    fn position(&self, number: usize) -> String {
        let share = |at: usize, of: usize| 100.0 * at as f64 / (of.max(2) - 1) as f64;
        let x = share(number % self.columns, self.columns);
        let y = share(number / self.columns, self.rows);
        format!("background-position:{x:.3}% {y:.3}%")
    }
}

/// A PNG of coloured pixels.
fn coloured(pixels: Vec<[u8; 3]>, width: usize) -> Vec<u8> {
    png(&Picture::new(width as u32, pixels))
}

/// White for 0, towards blue for −1 and brown for 1: hues that every eye keeps apart.
fn signed_colour(value: f32) -> [u8; 3] {
    let end = if value < 0.0 { [0.0, 90.0, 160.0] } else { [150.0, 62.0, 8.0] };
    end.map(|end: f32| (255.0 + (end - 255.0) * value.abs().min(1.0)).round() as u8)
}

/// Height and width of the examples, if they are images that can be drawn: grey, or red, green and blue.
pub(super) fn size(data: &Dataset) -> Option<Size> {
    let image = data.schema().as_image().filter(|image| [1, 3].contains(&image[0]))?;
    Some(Size { height: image[1], width: image[2] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_found_at_their_places() {
        let x = Tensor::from_fn([40, 4], |i| i as f32 / 160.0);
        let sheet = Sheet::images("a", &x, Size { height: 2, width: 2 });
        assert_eq!(sheet.grid(), [32, 2]);
        assert_eq!(sheet.position(31), "background-position:100.000% 0.000%");
        assert_eq!(sheet.position(32), "background-position:0.000% 100.000%");
        let style = sheet.style().into_string();
        assert!(style.contains("background-size:3200% 200%") && style.contains("base64,iVBOR"), "{style}");
    }

    #[test]
    fn planes_become_colours() {
        // Two pictures of a red and a blue pixel.
        let x = Tensor::from_fn([2, 6], |i| [1.0, 0.0, 0.0, 0.0, 0.0, 1.0][i % 6]);
        let size = Size { height: 1, width: 2 };
        let pixels = vec![[255, 0, 0], [0, 0, 255], [255, 0, 0], [0, 0, 255]];
        let expected = format!("base64,{}", BASE64_STANDARD.encode(coloured(pixels, 4)));
        let style = Sheet::images("a", &x, size).style().into_string();
        assert!(style.contains(&expected), "{style}");
    }

    #[test]
    fn signs_have_hues() {
        assert_eq!(signed_colour(0.0), [255; 3]);
        assert!(signed_colour(-1.0)[2] > signed_colour(-1.0)[0]);
        assert!(signed_colour(1.0)[0] > signed_colour(1.0)[2]);
    }
}
