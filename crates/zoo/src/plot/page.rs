//! What all pictures share: margins, and a title above the body.

use super::canvas::{Align, Canvas};
use super::colour::{INK, MUTED};
use super::text::{self, BODY, LINE_HEIGHT, TITLE};

/// Paper left free on all four sides.
pub(super) const MARGIN: f32 = 44.0;
/// Pictures made of small images are at least this wide, so that their title has room.
pub(super) const NARROWEST: f32 = 560.0;
/// Pictures made of many small images shrink these, or break the line, beyond this width.
pub(super) const WIDEST: f32 = 1600.0;

/// Lays out a picture `width` wide, margins included: title lines, then `body` pixels of height. Returns the
/// canvas with the title drawn and the `y` at which the body begins (a whole number, so pixels stay sharp).
pub(super) fn page(title: &str, width: f32, body: f32) -> (Canvas, f32) {
    let room = width - 2.0 * MARGIN;
    let (head, rest) = title.split_once('\n').unwrap_or((title, ""));
    let lines: Vec<_> = (text::wrap(head, TITLE, room).into_iter().map(|line| (line, TITLE, INK)))
        .chain(rest.lines().flat_map(|line| text::wrap(line, BODY, room)).map(|line| (line, BODY, MUTED)))
        .collect();

    let titles: f32 = lines.iter().map(|(_, style, _)| (style.size * LINE_HEIGHT).round()).sum();
    let top = if lines.is_empty() { MARGIN } else { MARGIN + titles + 22.0 };
    let mut canvas = Canvas::new(width.ceil() as usize, (top + body + MARGIN).ceil() as usize);
    let mut y = MARGIN;
    for (line, style, colour) in lines {
        let height = (style.size * LINE_HEIGHT).round();
        canvas.text(&line, [MARGIN, y + height / 2.0], Align::Left, style, colour);
        y += height;
    }
    (canvas, top)
}
