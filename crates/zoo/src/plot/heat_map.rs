//! A quantity over a plane.

use super::Picture;
use super::axis::{Axis, range};
use super::canvas::{Align, Canvas};
use super::chart::{ABOVE, BELOW, Chart};
use super::colour::{AXIS, MUTED, NOT_A_NUMBER, PAPER, ramp};
use super::page::{MARGIN, page};
use super::text::SMALL;

/// Values at the centres of equal cells that fill a rectangle of a plane.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The left and the right side.
    pub x: [f64; 2],
    /// The lower and the upper side.
    pub y: [f64; 2],
    /// Cells in a row.
    pub columns: usize,
    /// Row by row, from below.
    pub values: Vec<f64>,
}

/// About so wide, in pixels: cells have whole sides.
const SIDE: usize = 1000;
/// From the plane to the bar of colours, its width, and room for its numbers.
const BAR_SPACE: f32 = 48.0;
const BAR_WIDTH: f32 = 24.0;
const BAR_NUMBERS: f32 = 110.0;
/// Steps of the bar.
const STEPS: usize = 120;

/// A field as colours from dark (low) to bright (high), with light points on it, such as the codes of examples.
/// Cells are drawn as squares, and values that are not finite stand out.
///
/// # Panics
/// If the values do not fill whole rows.
#[track_caller]
pub fn heat_map(title: &str, x_label: &str, y_label: &str, field: &Field, points: &[[f32; 2]]) -> Picture {
    let columns = field.columns.max(1);
    let count = field.values.len();
    assert!(count > 0 && count.is_multiple_of(columns), "heat_map: {count} values in rows of {columns}");
    let cell = (SIDE / columns).max(1);
    let rows = count / columns;
    let (width, height) = ((columns * cell) as f32, (rows * cell) as f32);
    let x = Axis::linear(field.x[0], field.x[1], 8, false);
    let y = Axis::linear(field.y[0], field.y[1], 8, false);
    let left = Chart::left_of(&y);
    let right = BAR_SPACE + BAR_WIDTH + BAR_NUMBERS + MARGIN;
    let (mut canvas, top) = page(title, left + width + right, ABOVE + height + BELOW);
    let chart = Chart { left, top: top + ABOVE, width, height, x, y };
    chart.draw(&mut canvas, x_label, y_label, false);

    let (low, high) = range(field.values.iter().copied()).unwrap_or((0.0, 1.0));
    let scale = Axis::linear(low, high, 6, false);
    for (i, &value) in field.values.iter().enumerate() {
        let corner =
            [left as usize + i % columns * cell, chart.top as usize + (rows - 1 - i / columns) * cell];
        let colour = if value.is_finite() { ramp(f64::from(scale.position(value))) } else { NOT_A_NUMBER };
        canvas.square(corner[0], corner[1], cell, colour);
    }
    for [x, y] in points {
        let place = chart.place(f64::from(*x), f64::from(*y));
        let inside =
            (left..=chart.right()).contains(&place[0]) && (chart.top..=chart.bottom()).contains(&place[1]);
        if inside {
            canvas.dot(place, 3.0, PAPER, 0.7);
        }
    }
    bar(&mut canvas, &chart, &scale);
    canvas.finish()
}

/// What the colours mean.
fn bar(canvas: &mut Canvas, chart: &Chart, scale: &Axis) {
    let (left, height) = (chart.right() + BAR_SPACE, chart.height.min(480.0));
    for step in 0..STEPS {
        let (from, to) = (step as f32 / STEPS as f32, (step + 1) as f32 / STEPS as f32);
        let top = (chart.top + height * (1.0 - to)).round();
        let bottom = (chart.top + height * (1.0 - from)).round();
        let colour = ramp((step as f64 + 0.5) / STEPS as f64);
        canvas.rectangle([left, top], BAR_WIDTH, bottom - top, colour);
    }
    for (value, label) in &scale.ticks {
        let y = (chart.top + height * (1.0 - scale.position(*value))).round();
        canvas.rectangle([left + BAR_WIDTH, y - 1.0], 8.0, 2.0, AXIS);
        canvas.text(label, [left + BAR_WIDTH + 16.0, y], Align::Left, SMALL, MUTED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(values: Vec<f64>) -> Field {
        Field { x: [-1.0, 1.0], y: [0.0, 3.0], columns: 2, values }
    }

    #[test]
    fn cells_have_their_colours() {
        let values = vec![0.0, 1.0, 2.0, 3.0, 4.0, f64::NAN];
        let picture = heat_map("t", "x", "y", &field(values), &[]);
        let count = |colour| picture.pixels().filter(|pixel| *pixel == colour).count();
        // Cells of 500 by 500; the ends of the ramp are also in the bar, in two of its steps or fewer.
        for colour in [ramp(0.0), ramp(0.25), ramp(0.5), ramp(0.75), ramp(1.0), NOT_A_NUMBER] {
            assert!((250_000..251_000).contains(&count(colour)), "{colour:?}: {}", count(colour));
        }
        let high = picture.enumerate_pixels().find(|(.., pixel)| *pixel == ramp(0.0)).unwrap();
        let low = picture.enumerate_pixels().find(|(.., pixel)| *pixel == ramp(1.0)).unwrap();
        assert!(high.1 > low.1, "the first row is below");
    }

    #[test]
    fn points_outside_are_left_out_and_nothing_is_too_odd() {
        let flat = field(vec![7.0; 4]);
        let empty = heat_map("", "", "", &flat, &[]);
        assert!(heat_map("", "", "", &flat, &[[0.0, 1.0]]) != empty);
        assert!(heat_map("", "", "", &flat, &[[0.0, 9.0], [f32::NAN, 0.0]]) == empty);
        heat_map(
            "",
            "",
            "",
            &Field { x: [0.0, 0.0], y: [f64::NAN, 1.0], columns: 1, values: vec![f64::NAN] },
            &[],
        );
    }
}
