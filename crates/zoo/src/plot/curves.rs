//! Loss curves.

use super::Picture;
use super::axis::{Axis, range, usable};
use super::canvas::{Align, Canvas, Point};
use super::chart::{ABOVE, BELOW, Chart, spread};
use super::colour::{CLASSES, Colour, MUTED, legible};
use super::page::{MARGIN, WIDEST, page};
use super::text::{self, BODY};

/// A named curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What is written at the end of the curve; may be empty.
    pub name: String,
    /// `(x, y)` in drawing order. Points that are not finite leave a gap.
    pub points: Vec<(f64, f64)>,
}

const HEIGHT: f32 = 720.0;
/// Between names at the ends of curves.
const LABEL_GAP: f32 = 34.0;
/// From the right end of the axis to the names.
const LABEL_SPACE: f32 = 36.0;

/// Curves over epochs or steps, each named at its right end; `references` are dashed horizontal lines, such as
/// what a classical method reaches. The vertical axis is logarithmic if the values are positive and span more
/// than two decades.
pub fn curves(
    title: &str,
    x_label: &str,
    y_label: &str,
    series: &[Series],
    references: &[(String, f64)],
) -> Picture {
    let all = || series.iter().flat_map(|s| &s.points).copied().filter(|&(x, y)| usable(x) && usable(y));
    let x = x_axis(all().map(|(x, _)| x));
    let y = y_axis(all().map(|(_, y)| y).chain(references.iter().map(|&(_, y)| y)));

    let labels = series.len() + references.len();
    let height = HEIGHT.max(LABEL_GAP * labels as f32);
    let (mut canvas, top) = page(title, WIDEST, ABOVE + height + BELOW);
    let left = Chart::left_of(&y);
    let names = series.iter().map(|s| &s.name).chain(references.iter().map(|(name, _)| name));
    let widest = names.map(|name| text::width(name, BODY)).fold(0.0, f32::max).min(0.32 * WIDEST);
    let column = if labels == 0 { 24.0 } else { LABEL_SPACE + widest };
    let width = (WIDEST - MARGIN - column - left).round();
    let chart = Chart { left, top: top + ABOVE, width, height, x, y };
    chart.draw(&mut canvas, x_label, y_label, false);

    let mut labels = Vec::new();
    for (name, value) in references.iter().filter(|(_, value)| usable(*value)) {
        let y = chart.place(0.0, *value)[1].round();
        canvas.line(&[[left, y], [chart.right(), y]], 2.5, MUTED, 1.0, &[12.0, 8.0]);
        labels.push(Label { name, end: [chart.right(), y], colour: MUTED });
    }
    for (i, one) in series.iter().enumerate() {
        let colour = CLASSES[i % CLASSES.len()];
        // The eleventh curve shares the first one's colour, so it needs another stroke.
        let dash: &[f32] = if i < CLASSES.len() { &[] } else { &[16.0, 6.0] };
        if let Some(end) = draw_curve(&mut canvas, &chart, &one.points, colour, dash) {
            labels.push(Label { name: &one.name, end, colour });
        }
    }
    draw_labels(&mut canvas, &chart, &labels, widest);
    canvas.finish()
}

struct Label<'a> {
    name: &'a str,
    end: Point,
    colour: Colour,
}

pub(crate) fn x_axis(values: impl Iterator<Item = f64> + Clone) -> Axis {
    let (low, high) = range(values.clone()).unwrap_or((0.0, 1.0));
    let whole = values.into_iter().all(|x| x.fract() == 0.0);
    // Epochs counted from 1 are read off an axis from 0, unless they are few and every one has its tick.
    let low = if (0.0..=0.05 * high).contains(&low) { 0.0 } else { low };
    Axis::linear(low, high, 10, whole)
}

pub(crate) fn y_axis(values: impl Iterator<Item = f64>) -> Axis {
    let (low, high) = range(values).unwrap_or((0.0, 1.0));
    if low > 0.0 && high / low > 100.0 {
        let room = (high / low).powf(0.04);
        return Axis::log(low / room, high * room);
    }
    let room = 0.05 * (high - low);
    Axis::linear(low - room, high + room, 7, false)
}

/// Draws the unbroken stretches of one curve and returns where its last point is.
fn draw_curve(
    canvas: &mut Canvas,
    chart: &Chart,
    points: &[(f64, f64)],
    colour: Colour,
    dash: &[f32],
) -> Option<Point> {
    let mut end = None;
    for stretch in points.split(|&(x, y)| !(usable(x) && usable(y))).filter(|s| !s.is_empty()) {
        let path: Vec<Point> = stretch.iter().map(|&(x, y)| chart.place(x, y)).collect();
        canvas.line(&path, 4.0, colour, 1.0, dash);
        if path.len() == 1 {
            canvas.dot(path[0], 6.0, colour, 1.0);
        }
        end = path.last().copied();
    }
    end.inspect(|&point| canvas.dot(point, 6.0, colour, 1.0))
}

/// Names in a column at the right, each tied to the end of its curve by a hair.
fn draw_labels(canvas: &mut Canvas, chart: &Chart, labels: &[Label], widest: f32) {
    let wanted: Vec<f32> = labels.iter().map(|label| label.end[1]).collect();
    let places = spread(&wanted, LABEL_GAP, chart.top, chart.bottom().max(chart.top + LABEL_GAP));
    let x = chart.right() + LABEL_SPACE;
    for (label, y) in labels.iter().zip(places).filter(|(label, _)| !label.name.is_empty()) {
        let tie = [label.end, [x - 8.0, y]];
        // A curve that ended early has a long tie across the plot; dots keep it from looking like data.
        let early = chart.right() - label.end[0] > 1.0;
        canvas.line(&tie, 1.5, label.colour, 0.7, if early { &[2.0, 6.0] } else { &[] });
        let name = text::shorten(label.name, BODY, widest);
        canvas.text(&name, [x, y], Align::Left, BODY, legible(label.colour));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(points: &[(f64, f64)]) -> Series {
        Series { name: "loss".into(), points: points.to_vec() }
    }

    fn count(picture: &Picture, colour: Colour) -> usize {
        picture.pixels().filter(|pixel| *pixel == colour).count()
    }

    #[test]
    fn curves_and_references_are_drawn_and_named() {
        let picture =
            curves("t", "epoch", "nats", &[series(&[(1.0, 2.0), (9.0, 1.0)])], &[("PCA".into(), 1.5)]);
        assert_eq!(picture.width(), 1600);
        // A line at least as long as the axis, four pixels thick, less its soft edges.
        assert!(count(&picture, CLASSES[0]) > 2000);
        assert!(count(&picture, MUTED) > 1000);
        let unnamed = Series { name: String::new(), ..series(&[(1.0, 2.0), (9.0, 1.0)]) };
        let silent = curves("t", "epoch", "nats", &[unnamed], &[]);
        assert!(count(&picture, legible(CLASSES[0])) > count(&silent, legible(CLASSES[0])));
    }

    #[test]
    fn wide_ranges_are_logarithmic() {
        assert_eq!(y_axis([0.01, 100.0].into_iter()).position(1.0), 0.5);
        assert_eq!(y_axis([0.0, 100.0].into_iter()).position(50.0), 0.5);
    }

    #[test]
    fn degenerate_curves_do_not_panic() {
        let nan = f64::NAN;
        let cases: &[&[(f64, f64)]] = &[
            &[],
            &[(1.0, 2.0)],
            &[(1.0, nan)],
            &[(0.0, 3.0), (1.0, 3.0)],
            &[(0.0, 0.0), (1.0, 0.0)],
            &[(0.0, 1.0), (1.0, nan), (2.0, f64::INFINITY), (3.0, 2.0)],
            &[(0.0, 1e300), (1e300, -1e300), (1.0, 5e-324), (2.0, 1e99)],
            &[(4.0, 1.0), (4.0, 2.0)],
        ];
        for points in cases {
            curves("", "", "", &[series(points), series(&[])], &[("".into(), nan), ("x".repeat(200), 1.0)]);
        }
        curves(&"long ".repeat(100), &"x".repeat(300), &"y".repeat(300), &[], &[]);
        let many: Vec<Series> = (0..40).map(|i| series(&[(0.0, 1.0), (1.0, f64::from(i))])).collect();
        assert!(curves("", "", "", &many, &[]).height() > 40 * 34);
    }
}
