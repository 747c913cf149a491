//! A picture, its reconstruction, the map of its errors and the outline of what is strange, side by side.

use super::canvas::{Align, Canvas, Point};
use super::colour::{MUTED, NOT_A_NUMBER, PAPER, ramp};
use super::page::{MARGIN, NARROWEST, page};
use super::text::{self, BODY};
use super::{Picture, Size, tile};

/// Between tiles.
const GAP: usize = 16;
/// Room for the names above the tiles.
const HEAD: usize = 40;
/// Tiles are about so large.
const SIDE: usize = 256;

/// Pixels of one picture, and what is strange in it.
#[derive(Clone, Copy, Debug)]
pub struct ErrorMap<'a> {
    /// Grey values in `[0, 1]`, or the planes of red, green and blue.
    pub input: &'a [f32],
    /// As many values.
    pub output: &'a [f32],
    /// The error of every pixel, row by row.
    pub errors: &'a [f64],
    /// Whether every pixel is strange.
    pub region: &'a [bool],
    /// The error that is the middle of the colours.
    pub level: f64,
}

/// Input, output, errors from dark (none) to bright (twice the level or more), and the input with an outline.
///
/// # Panics
/// If a part has another number of pixels than `size` says.
#[track_caller]
pub fn error_map(title: &str, size: Size, map: &ErrorMap) -> Picture {
    tile::check("error_map: input", size, map.input);
    tile::check("error_map: output", size, map.output);
    let pixels = size.pixels();
    assert!([map.errors.len(), map.region.len()] == [pixels; 2], "error_map: a map is of another size");
    let factor = (SIDE / size.height.max(size.width).max(1)).max(1);
    let (width, height) = (size.width * factor, size.height * factor);
    const NAMES: [&str; 4] = ["input", "output", "error", "strange"];
    let widest = NAMES.map(|name| text::width(name, BODY)).into_iter().fold(0.0, f32::max).ceil() as usize;
    let step = width.max(widest) + GAP;
    let page_width = NARROWEST.max((4 * step - GAP) as f32 + 2.0 * MARGIN);
    let (mut canvas, top) = page(title, page_width, (HEAD + height) as f32);
    let top = top as usize;
    for (i, name) in NAMES.into_iter().enumerate() {
        let corner = [MARGIN as usize + i * step, top + HEAD];
        canvas.text(name, [corner[0] as f32, (top + 14) as f32], Align::Left, BODY, MUTED);
        match i {
            0 | 3 => tile::draw(&mut canvas, map.input, size, factor, corner),
            1 => tile::draw(&mut canvas, map.output, size, factor, corner),
            _ => errors(&mut canvas, size, map, factor, corner),
        }
        if i == 3 {
            outline(&mut canvas, size, map.region, factor, corner);
        }
        tile::frame(&mut canvas, width, height, corner);
    }
    canvas.finish()
}

fn errors(canvas: &mut Canvas, size: Size, map: &ErrorMap, factor: usize, [x, y]: [usize; 2]) {
    for (i, error) in map.errors.iter().enumerate() {
        let colour = match error.is_finite() {
            true => ramp(error / (2.0 * map.level).max(f64::MIN_POSITIVE)),
            false => NOT_A_NUMBER,
        };
        canvas.square(x + i % size.width * factor, y + i / size.width * factor, factor, colour);
    }
}

/// A line along the edges between pixels that are strange and those that are not, with a light seam, so that it is seen on
/// any picture.
fn outline(canvas: &mut Canvas, size: Size, region: &[bool], factor: usize, [x, y]: [usize; 2]) {
    let Size { height, width } = size;
    let inside = |row: isize, column: isize| {
        let within = (0..height as isize).contains(&row) && (0..width as isize).contains(&column);
        within && region[row as usize * width + column as usize]
    };
    let mut edges: Vec<[Point; 2]> = vec![];
    let point = |row: isize, column: isize| {
        [(x as isize + column * factor as isize) as f32, (y as isize + row * factor as isize) as f32]
    };
    for row in 0..=height as isize {
        for column in 0..=width as isize {
            if inside(row, column) != inside(row - 1, column) {
                edges.push([point(row, column), point(row, column + 1)]);
            }
            if inside(row, column) != inside(row, column - 1) {
                edges.push([point(row, column), point(row + 1, column)]);
            }
        }
    }
    for (thick, colour) in [(5.0, PAPER), (3.0, NOT_A_NUMBER)] {
        edges.iter().for_each(|edge| canvas.line(edge, thick, colour, 1.0, &[]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_errors_and_the_outline_lie_where_they_belong() {
        let size = Size { height: 4, width: 4 };
        let input = vec![0.2; 48];
        let mut region = vec![false; 16];
        region[5] = true;
        let errors: Vec<f64> = region.iter().map(|strange| if *strange { 2.0 } else { 0.0 }).collect();
        let map =
            ErrorMap { input: &input, output: &[0.6; 48], errors: &errors, region: &region, level: 1.0 };
        let picture = error_map("", size, &map);
        let at = |tile: u32, x: u32, y: u32| picture.pixel(44 + tile * 272 + x, 44 + HEAD as u32 + y);
        assert_eq!([at(0, 96, 96), at(1, 96, 96)], [[51; 3], [153; 3]]);
        assert_eq!([at(2, 96, 96), at(2, 32, 32)], [ramp(1.0), ramp(0.0)]);
        // The edge of the second pixel of the second row, and its middle.
        assert_eq!([at(3, 64, 96), at(3, 96, 128), at(3, 96, 96)], [NOT_A_NUMBER, NOT_A_NUMBER, [51; 3]]);
        let none = error_map("", size, &ErrorMap { region: &[false; 16], ..map });
        assert!(none.pixels().all(|pixel| pixel != NOT_A_NUMBER));
    }
}
