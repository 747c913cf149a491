//! Text as filled outlines.
//!
//! Glyphs are drawn as ordinary paths rather than through a glyph cache: a picture holds a few hundred
//! letters at most, and a path can also be stroked, and a thin stroke of the text's
//! own colour turns one light font into regular and bold.

use std::sync::LazyLock;

use tiny_skia::{Path, PathBuilder};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// How large and how heavy.
#[derive(Clone, Copy)]
pub(super) struct Style {
    /// Pixels per em.
    pub(super) size: f32,
    /// Width of the stroke that thickens each letter, in em.
    pub(super) weight: f32,
}

/// The first line of a picture.
pub(super) const TITLE: Style = Style { size: 34.0, weight: 0.045 };
/// Axis names, legends, row labels.
pub(super) const BODY: Style = Style { size: 26.0, weight: 0.014 };
/// Tick labels and captions under images.
pub(super) const SMALL: Style = Style { size: 23.0, weight: 0.014 };
/// Class names inside a cloud of points.
pub(super) const MARK: Style = Style { size: 28.0, weight: 0.05 };

/// Baseline to baseline, in em.
pub(super) const LINE_HEIGHT: f32 = 1.35;
/// Height of a capital or a digit, in em.
pub(super) const CAPITAL: f32 = 0.693;

// The fonts travel inside the binary, so a headless machine without fonts draws the same picture.
// The second one has no charm but knows arrows and superscript minus, which the first lacks.
static FACES: LazyLock<[Face<'static>; 2]> = LazyLock::new(|| {
    [epaint_default_fonts::UBUNTU_LIGHT, epaint_default_fonts::HACK_REGULAR]
        .map(|bytes| Face::parse(bytes, 0).expect("the bundled font is valid"))
});

/// The first face that knows the letter; otherwise the empty box of the first.
fn glyph(letter: char) -> (&'static Face<'static>, GlyphId) {
    let known = FACES.iter().find_map(|face| Some((face, face.glyph_index(letter)?)));
    known.unwrap_or((&FACES[0], GlyphId(0)))
}

fn advance(letter: char, style: Style) -> f32 {
    let (face, id) = glyph(letter);
    f32::from(face.glyph_hor_advance(id).unwrap_or(0)) * style.size / f32::from(face.units_per_em())
}

/// Width in pixels of one line.
pub(super) fn width(text: &str, style: Style) -> f32 {
    text.chars().map(|letter| advance(letter, style)).sum()
}

/// The letters as one path, beginning at `x` on the given baseline; `None` if there is no ink (only spaces).
pub(super) fn outline(text: &str, style: Style, mut x: f32, baseline: f32) -> Option<Path> {
    let mut path = PathBuilder::new();
    for letter in text.chars() {
        let (face, id) = glyph(letter);
        let scale = style.size / f32::from(face.units_per_em());
        // A space has no outline, which is no error.
        let _ = face.outline_glyph(id, &mut Pen { path: &mut path, x, baseline, scale });
        x += advance(letter, style);
    }
    path.finish()
}

/// Fits one line into `limit` pixels, by an ellipsis if need be.
pub(super) fn shorten(text: &str, style: Style, limit: f32) -> String {
    if width(text, style) <= limit {
        return text.to_owned();
    }
    let mut room = limit - advance('…', style);
    let fits = |letter: &char| {
        room -= advance(*letter, style);
        room >= 0.0
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

/// Breaks a paragraph at spaces into lines of at most `limit` pixels; a single longer word is shortened.
pub(super) fn wrap(text: &str, style: Style, limit: f32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = shorten(word, style, limit);
        match lines.last_mut() {
            Some(line) if width(line, style) + advance(' ', style) + width(&word, style) <= limit => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// Turns font units, whose `y` points up, into pixels, whose `y` points down.
struct Pen<'a> {
    path: &'a mut PathBuilder,
    x: f32,
    baseline: f32,
    scale: f32,
}

impl Pen<'_> {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.baseline - y * self.scale)
    }
}

impl OutlineBuilder for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_we_write_has_a_glyph() {
        for letter in "aZ09−×…→↑·²³⁰⁴⁵⁶⁷⁸⁹⁻₀₁₂βλμσ‖".chars() {
            assert_ne!(glyph(letter).1, GlyphId(0), "no glyph for {letter}");
        }
    }

    #[test]
    fn ink_stays_within_the_measured_width() {
        let ink = outline("Waldo 0123", BODY, 10.0, 50.0).unwrap().bounds();
        assert!(ink.left() >= 10.0 && ink.right() <= 10.0 + width("Waldo 0123", BODY));
        assert!(
            (50.0 - ink.top() - CAPITAL * BODY.size).abs() < 4.0,
            "capitals are {} high",
            50.0 - ink.top()
        );
        assert!(outline("  ", BODY, 0.0, 0.0).is_none());
    }

    #[test]
    fn wrapped_and_shortened_lines_fit() {
        let text = "a long title about incomprehensibilities and about other things";
        let lines = wrap(text, TITLE, 200.0);
        assert!(lines.len() > 3);
        assert!(lines.iter().all(|line| width(line, TITLE) <= 200.0), "{lines:?}");
        assert_eq!(wrap(text, TITLE, 5000.0), [text]);
        assert_eq!(shorten("short", BODY, 500.0), "short");
        assert!(shorten(text, BODY, 100.0).ends_with('…'));
    }
}
