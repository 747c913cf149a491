//! Inputs above their reconstructions.

use super::canvas::Align;
use super::colour::{INK, MUTED};
use super::page::{MARGIN, NARROWEST, WIDEST, page};
use super::text::{self, BODY, SMALL};
use super::{Picture, Size, tile};

/// An example and what the model made of it.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// Grey values in `[0, 1]`, row by row.
    pub input: &'a [f32],
    /// As many values.
    pub output: &'a [f32],
    /// The summed squared error, written below.
    pub error: f64,
}

const GAP: usize = 10;
/// From one group to the next, across and down.
const GROUP_GAP: usize = 36;
/// Heights of a group's name, and of the line of errors.
const HEAD: usize = 46;
const CAPTION: usize = 40;
/// Names of the three lines, at the left.
const ROWS: [&str; 3] = ["input", "output", "SSE"];

/// Named groups of pairs, such as "best", "median" and "worst": inputs above reconstructions above errors. The
/// groups stand side by side where the page is wide enough, else below each other.
///
/// # Panics
/// If an image has another number of pixels than `size` says.
#[track_caller]
pub fn reconstructions(title: &str, size: Size, groups: &[(&str, Vec<Pair>)]) -> Picture {
    for pair in groups.iter().flat_map(|(_, pairs)| pairs) {
        tile::check("reconstructions: input", size, pair.input);
        tile::check("reconstructions: output", size, pair.output);
    }
    let factor = size.factor();
    let (width, height) = (size.width * factor, size.height * factor);
    let widest = groups.iter().flat_map(|(_, pairs)| pairs).map(|pair| text::width(&error(pair), SMALL));
    // A step must hold the error too, or neighbours would touch.
    let step = (width + GAP).max(widest.fold(0.0, f32::max).ceil() as usize + 14);
    let side = ROWS.map(|name| text::width(name, BODY)).into_iter().fold(0.0, f32::max).ceil() as usize + 20;
    let room = (WIDEST - 2.0 * MARGIN) as usize - side;

    let blocks = blocks(groups, (room / step).max(1));
    let places = flow(&blocks, step, room);
    let block_height = HEAD + 2 * height + GAP + CAPTION;
    let right = places.iter().zip(&blocks).map(|(place, block)| place.x + block.1.len() * step).max();
    let rows = places.last().map_or(0, |place| place.row + 1);

    let page_width = NARROWEST.max((side + right.unwrap_or(0)) as f32 + 2.0 * MARGIN);
    let body = (rows * (block_height + GROUP_GAP)).saturating_sub(GROUP_GAP);
    let (mut canvas, top) = page(title, page_width, body as f32);

    for (i, (place, (name, pairs))) in places.iter().zip(&blocks).enumerate() {
        let x = MARGIN as usize + side + place.x;
        let y = top as usize + place.row * (block_height + GROUP_GAP);
        let tops = [y + HEAD, y + HEAD + height + GAP];
        let caption = (y + HEAD + 2 * height + GAP + CAPTION - 14) as f32;

        let neighbour = places.get(i + 1).filter(|next| next.row == place.row);
        let limit = neighbour.map_or(page_width - MARGIN - x as f32, |next| (next.x - place.x - GAP) as f32);
        let name = text::shorten(name, BODY, limit);
        canvas.text(&name, [x as f32, y as f32 + 18.0], Align::Left, BODY, INK);
        if place.x == 0 {
            let middles = [tops[0] + height / 2, tops[1] + height / 2].map(|y| y as f32);
            for (row, y) in ROWS.into_iter().zip([middles[0], middles[1], caption]) {
                canvas.text(row, [MARGIN, y], Align::Left, BODY, MUTED);
            }
        }
        for (i, pair) in pairs.iter().enumerate() {
            let x = x + i * step;
            for (pixels, y) in [pair.input, pair.output].into_iter().zip(tops) {
                tile::draw(&mut canvas, pixels, size, factor, [x, y]);
                tile::frame(&mut canvas, width, height, [x, y]);
            }
            let middle = (x + width / 2) as f32;
            canvas.text(&error(pair), [middle, caption], Align::Centre, SMALL, MUTED);
        }
    }
    canvas.finish()
}

/// Three digits are enough to compare two errors by eye.
fn error(pair: &Pair) -> String {
    match pair.error {
        e if !e.is_finite() => e.to_string(),
        e if e != 0.0 && !(1e-3..1e5).contains(&e.abs()) => format!("{e:.0e}"),
        e => format!("{e:.*}", (2.0 - e.abs().max(1e-2).log10().floor()).clamp(0.0, 3.0) as usize),
    }
}

/// Cuts groups that are too long for a line; only the first piece bears the name.
fn blocks<'a>(groups: &'a [(&'a str, Vec<Pair<'a>>)], limit: usize) -> Vec<(&'a str, &'a [Pair<'a>])> {
    let pieces = |(name, pairs): &'a (&'a str, Vec<Pair<'a>>)| {
        pairs.chunks(limit).enumerate().map(move |(i, piece)| (if i == 0 { *name } else { "" }, piece))
    };
    groups.iter().flat_map(pieces).collect()
}

struct Place {
    x: usize,
    row: usize,
}

/// All in one row if that fits, else one per row: a mixture would hide which groups belong together.
fn flow(blocks: &[(&str, &[Pair])], step: usize, room: usize) -> Vec<Place> {
    let mut x = 0;
    let in_a_row: Vec<Place> = (blocks.iter())
        .map(|(_, pairs)| {
            let place = Place { x, row: 0 };
            x += pairs.len() * step + GROUP_GAP;
            place
        })
        .collect();
    if x <= room + GROUP_GAP { in_a_row } else { (0..blocks.len()).map(|row| Place { x: 0, row }).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGIT: Size = Size { height: 8, width: 8 };

    #[test]
    fn input_lies_above_output() {
        let (input, output) = ([0.2; 64], [0.8; 64]);
        let pair = Pair { input: &input, output: &output, error: 1.0 };
        let picture = reconstructions("t", DIGIT, &[("best", vec![pair; 3])]);
        let rows = |value: u8| picture.enumerate_pixels().filter(move |p| p.2 == [value; 3]).map(|p| p.1);
        assert!(rows(51).max() < rows(204).min());
        // Tiles only: no letter and no frame has just these greys throughout a tile.
        assert!(rows(51).count() >= 3 * 72 * 72 && rows(204).count() >= 3 * 72 * 72);
    }

    #[test]
    fn long_groups_stack_and_break() {
        let pixels = [0.5; 64];
        let pair = Pair { input: &pixels, output: &pixels, error: 0.25 };
        let short = reconstructions("", DIGIT, &[("a", vec![pair; 4]), ("b", vec![pair; 4])]);
        let long = reconstructions("", DIGIT, &[("a", vec![pair; 12]), ("b", vec![pair; 12])]);
        let broken = reconstructions("", DIGIT, &[("a", vec![pair; 50])]);
        assert!(long.height() > 3 * short.height() / 2);
        assert!(broken.width() <= 1600 && broken.height() > long.height());
    }

    #[test]
    fn errors_have_three_digits() {
        let text = |e| error(&Pair { input: &[], output: &[], error: e });
        assert_eq!(
            [0.0, 0.0123, 0.257, 1.562, 31.41, 123.4].map(text),
            ["0.000", "0.012", "0.257", "1.56", "31.4", "123"]
        );
        assert_eq!([1e-9, 1e9, f64::NAN].map(text), ["1e-9", "1e9", "NaN"]);
    }

    #[test]
    fn degenerate_groups_do_not_panic() {
        let pixels = [f32::NAN; 64];
        let pair = Pair { input: &pixels, output: &pixels, error: f64::NEG_INFINITY };
        reconstructions("", DIGIT, &[]);
        reconstructions(&"long ".repeat(80), DIGIT, &[("empty", vec![]), (&"name ".repeat(80), vec![pair])]);
        reconstructions("", Size { height: 0, width: 0 }, &[("", vec![])]);
    }

    #[test]
    #[should_panic(expected = "output: 3 values for an image of 8×8")]
    fn a_wrong_shape_is_named() {
        let pair = Pair { input: &[0.0; 64], output: &[0.0; 3], error: 0.0 };
        reconstructions("", DIGIT, &[("a", vec![pair])]);
    }
}
