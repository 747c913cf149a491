//! A white page and a pen: the only file that knows the drawing library.

use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash, Transform,
};

use super::Picture;
use super::colour::{Colour, PAPER};
use super::text::{self, Style};

/// A point in pixels: `x` to the right, `y` down.
pub(super) type Point = [f32; 2];

/// Which part of a text sits at the given `x`.
#[derive(Clone, Copy)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// A drawing in progress.
pub(super) struct Canvas(Pixmap);

impl Canvas {
    pub(super) fn new(width: usize, height: usize) -> Canvas {
        let side = |n: usize| u32::try_from(n.max(1)).expect("a picture is less than 2³² pixels wide");
        let mut pixmap = Pixmap::new(side(width), side(height)).expect("a picture fits in memory");
        pixmap.fill(solid(PAPER, 1.0));
        Canvas(pixmap)
    }

    /// A filled rectangle.
    pub(super) fn rectangle(&mut self, [x, y]: Point, width: f32, height: f32, colour: Colour) {
        if let Some(rect) = Rect::from_xywh(x, y, width, height) {
            self.0.fill_rect(rect, &paint(colour, 1.0), Transform::identity(), None);
        }
    }

    /// A one-pixel outline just outside the given rectangle, on whole pixels so that it stays crisp.
    pub(super) fn frame(&mut self, [x, y]: Point, width: f32, height: f32, colour: Colour) {
        self.rectangle([x - 1.0, y - 1.0], width + 2.0, 1.0, colour);
        self.rectangle([x - 1.0, y + height], width + 2.0, 1.0, colour);
        self.rectangle([x - 1.0, y], 1.0, height, colour);
        self.rectangle([x + width, y], 1.0, height, colour);
    }

    /// One square of an enlarged image.
    pub(super) fn square(&mut self, left: usize, top: usize, side: usize, colour: Colour) {
        let value = solid(colour, 1.0).premultiply().to_color_u8();
        let stride = self.0.width() as usize;
        for row in top..top + side {
            self.0.pixels_mut()[row * stride + left..][..side].fill(value);
        }
    }

    /// A line through the points. `dash` lists the lengths of strokes and gaps; empty means solid.
    pub(super) fn line(&mut self, points: &[Point], width: f32, colour: Colour, alpha: f32, dash: &[f32]) {
        let mut path = PathBuilder::new();
        for (i, &[x, y]) in points.iter().enumerate() {
            if i == 0 { path.move_to(x, y) } else { path.line_to(x, y) }
        }
        if let Some(path) = path.finish() {
            // A dashed line with round ends would close its own gaps.
            let cap = if dash.is_empty() { LineCap::Round } else { LineCap::Butt };
            let dash = StrokeDash::new(dash.to_vec(), 0.0);
            let stroke =
                Stroke { width, line_cap: cap, line_join: LineJoin::Round, dash, ..Stroke::default() };
            self.0.stroke_path(&path, &paint(colour, alpha), &stroke, Transform::identity(), None);
        }
    }

    /// A filled circle.
    pub(super) fn dot(&mut self, [x, y]: Point, radius: f32, colour: Colour, alpha: f32) {
        if let Some(circle) = PathBuilder::from_circle(x, y, radius) {
            self.fill(&circle, colour, alpha);
        }
    }

    /// A filled triangle: the head of an arrow.
    pub(super) fn triangle(&mut self, [[ax, ay], [bx, by], [cx, cy]]: [Point; 3], colour: Colour) {
        let mut path = PathBuilder::new();
        path.move_to(ax, ay);
        path.line_to(bx, by);
        path.line_to(cx, cy);
        path.close();
        if let Some(path) = path.finish() {
            self.fill(&path, colour, 1.0);
        }
    }

    /// One line of text. `y` is the middle of its capitals, so labels line up with ticks without arithmetic.
    pub(super) fn text(&mut self, text: &str, [x, y]: Point, align: Align, style: Style, colour: Colour) {
        let left = match align {
            Align::Left => x,
            Align::Centre => x - text::width(text, style) / 2.0,
            Align::Right => x - text::width(text, style),
        };
        // On a whole pixel the feet of the letters are sharp.
        let baseline = (y + text::CAPITAL * style.size / 2.0).round();
        if let Some(path) = text::outline(text, style, left, baseline) {
            let width = style.weight * style.size;
            let stroke = Stroke { width, line_join: LineJoin::Round, ..Stroke::default() };
            self.0.stroke_path(&path, &paint(colour, 1.0), &stroke, Transform::identity(), None);
            self.fill(&path, colour, 1.0);
        }
    }

    /// The finished picture.
    pub(super) fn finish(self) -> Picture {
        // The page is opaque, so premultiplied colours are plain ones.
        let pixels = self.0.pixels().iter().map(|p| [p.red(), p.green(), p.blue()]).collect();
        Picture::new(self.0.width(), pixels)
    }

    fn fill(&mut self, path: &Path, colour: Colour, alpha: f32) {
        self.0.fill_path(path, &paint(colour, alpha), FillRule::Winding, Transform::identity(), None);
    }
}

fn solid([r, g, b]: Colour, alpha: f32) -> Color {
    Color::from_rgba8(r, g, b, (alpha * 255.0).round() as u8)
}

fn paint(colour: Colour, alpha: f32) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(solid(colour, alpha));
    paint
}
