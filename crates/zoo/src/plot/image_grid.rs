//! Many images in rows: samples from a prior, or a walk over a latent plane.

use super::canvas::{Align, Canvas};
use super::colour::{AXIS, INK};
use super::page::{MARGIN, NARROWEST, WIDEST, page};
use super::text::{self, BODY};
use super::{Picture, Size, tile};

/// Between tiles.
const GAP: usize = 10;
/// Room for an axis and its name, above and left, or below.
const AXIS_ABOVE: usize = 56;
const AXIS_LEFT: usize = 30;
const AXIS_BELOW: f32 = 72.0;

/// Images in reading order, `columns` in a row (0 is taken as 1), of grey values in `[0, 1]`, black to white.
///
/// `axes` names the two directions of a latent plane: the first points right, the second *up*, so the first row
/// belongs to the largest value of the second code.
///
/// # Panics
/// If an image has another number of pixels than `size` says.
#[track_caller]
pub fn image_grid(
    title: &str,
    size: Size,
    columns: usize,
    images: &[Vec<f32>],
    axes: Option<(&str, &str)>,
) -> Picture {
    images.iter().for_each(|image| tile::check("image_grid", size, image));
    let columns = columns.max(1).min(images.len().max(1));
    let rows = images.len().div_ceil(columns);

    let room = (WIDEST - 2.0 * MARGIN) as usize / columns;
    let factor = size.factor().min(room.saturating_sub(GAP) / size.width.max(1)).max(1);
    let (step_x, step_y) = (size.width * factor + GAP, size.height * factor + GAP);
    let (width, height) = ((columns * step_x).saturating_sub(GAP), (rows * step_y).saturating_sub(GAP));

    let (above, left, below) = if axes.is_some() { (AXIS_ABOVE, AXIS_LEFT, AXIS_BELOW) } else { (0, 0, 0.0) };
    let page_width = NARROWEST.max((left + width) as f32 + 2.0 * MARGIN);
    let (mut canvas, top) = page(title, page_width, (above + height) as f32 + below);
    let origin = [MARGIN as usize + left, top as usize + above];

    for (i, image) in images.iter().enumerate() {
        let corner = [origin[0] + i % columns * step_x, origin[1] + i / columns * step_y];
        tile::draw(&mut canvas, image, size, factor, corner);
        tile::frame(&mut canvas, size.width * factor, size.height * factor, corner);
    }
    if let Some(names) = axes {
        draw_axes(&mut canvas, names, origin.map(|v| v as f32), [width as f32, height as f32]);
    }
    canvas.finish()
}

/// An arrow along the left side, up, and one along the bottom, to the right.
fn draw_axes(canvas: &mut Canvas, (right, up): (&str, &str), [x, y]: [f32; 2], [width, height]: [f32; 2]) {
    let (line, base) = (x - 16.0, y + height + 16.0);
    canvas.rectangle([line - 1.0, y + 8.0], 2.0, height + 9.0, AXIS);
    canvas.triangle([[line, y - 2.0], [line - 7.0, y + 14.0], [line + 7.0, y + 14.0]], AXIS);
    canvas.rectangle([line - 1.0, base - 1.0], width + 9.0, 2.0, AXIS);
    let tip = x + width + 2.0;
    canvas.triangle([[tip, base], [tip - 16.0, base - 7.0], [tip - 16.0, base + 7.0]], AXIS);

    let room = width.max(NARROWEST - 2.0 * MARGIN);
    canvas.text(&text::shorten(up, BODY, room), [MARGIN, y - 36.0], Align::Left, BODY, INK);
    // A name wider than the grid begins where the grid begins and runs into the free paper on its right.
    let name = text::shorten(right, BODY, room);
    let begin = (x + (width - text::width(&name, BODY)) / 2.0).max(x - AXIS_LEFT as f32);
    canvas.text(&name, [begin, base + 38.0], Align::Left, BODY, INK);
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGIT: Size = Size { height: 8, width: 8 };

    #[test]
    fn tiles_lie_where_the_grid_says() {
        let images: Vec<Vec<f32>> = (0..12).map(|i| vec![i as f32 / 12.0; 64]).collect();
        let picture = image_grid("", DIGIT, 10, &images, None);
        assert_eq!((picture.width(), picture.height()), (10 * 82 - 10 + 88, 2 * 82 - 10 + 88));
        for (i, image) in images.iter().enumerate() {
            let (x, y) = (44 + 36 + i % 10 * 82, 44 + 36 + i / 10 * 82);
            assert_eq!(picture.pixel(x as u32, y as u32), [(image[0] * 255.0).round() as u8; 3]);
        }
        // The two rows differ in length: nothing but paper follows the twelfth image.
        assert_eq!(picture.pixel(44 + 36 + 2 * 82, 44 + 36 + 82), [255; 3]);
    }

    #[test]
    fn wide_grids_shrink_by_whole_factors() {
        let images = vec![vec![0.0; 784]; 40];
        let size = Size { height: 28, width: 28 };
        assert_eq!(image_grid("", size, 10, &images, None).width(), (10 * (28 * 3 + GAP) - GAP) as u32 + 88);
        assert_eq!(image_grid("", size, 20, &images, None).width(), (20 * (28 * 2 + GAP) - GAP) as u32 + 88);
    }

    #[test]
    fn degenerate_grids_do_not_panic() {
        image_grid("none", DIGIT, 5, &[], None);
        image_grid("none", DIGIT, 0, &[], Some(("", "")));
        image_grid("", Size { height: 0, width: 0 }, 3, &[vec![], vec![]], None);
        image_grid(&"long ".repeat(99), DIGIT, 0, &[vec![f32::NAN; 64]], Some((&"x".repeat(99), "y")));
        image_grid("", Size { height: 1, width: 1 }, usize::MAX, &[vec![f32::INFINITY]], None);
    }

    #[test]
    #[should_panic(expected = "63 values for an image of 8×8")]
    fn a_wrong_shape_is_named() {
        image_grid("", DIGIT, 1, &[vec![0.0; 63]], None);
    }
}
