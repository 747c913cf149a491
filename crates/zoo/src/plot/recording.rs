//! A recording with what a model expects of it, its score, and its events.

use super::Picture;
use super::axis::{Axis, range};
use super::canvas::{Align, Canvas};
use super::chart::Chart;
use super::colour::{AXIS, CLASSES, GRID, INK, MUTED};
use super::page::{MARGIN, WIDEST, page};
use super::text::{self, BODY, SMALL};

/// A channel over all steps; NaN where nothing was observed.
#[derive(Clone, Debug, PartialEq)]
pub struct Strip {
    /// The name of the channel.
    pub name: String,
    /// The values.
    pub seen: Vec<f64>,
    /// The values that the model expects.
    pub expected: Vec<f64>,
}

const STRIP: f32 = 150.0;
const SCORE: f32 = 220.0;
/// Room above a strip for its name.
const NAME: f32 = 44.0;
const GAP: f32 = 22.0;
/// The colour of an event behind curves.
const EVENT: [u8; 3] = [253, 226, 222];

/// Strips below each other, each with what was expected over what was seen; below them the score on an axis of logarithms,
/// with its threshold. Events, from a step to a step, are shaded. `ends` are the times of the first and the last step.
pub fn recording(
    title: &str,
    strips: &[Strip],
    (score, threshold): (&[f64], f64),
    events: &[[usize; 2]],
    ends: &[String; 2],
) -> Picture {
    let steps = score.len().max(2);
    let x = || Axis { low: 0.0, high: (steps - 1) as f64, log: false, ticks: vec![] };
    let axes: Vec<Axis> =
        strips.iter().map(|strip| linear(strip.seen.iter().chain(&strip.expected))).collect();
    let of_score = logarithmic(score, threshold);
    let left = axes.iter().chain([&of_score]).map(Chart::left_of).fold(0.0, f32::max);
    let body = strips.len() as f32 * (NAME + STRIP + GAP) + NAME + SCORE + 60.0;
    let (mut canvas, mut top) = page(title, WIDEST, body);
    let width = WIDEST - MARGIN - left;
    for (strip, y) in strips.iter().zip(axes) {
        let chart = Chart { left, top: top + NAME, width, height: STRIP, x: x(), y };
        begin(&mut canvas, &chart, &strip.name, events);
        curve(&mut canvas, &chart, &strip.seen, CLASSES[0], 2.0);
        curve(&mut canvas, &chart, &strip.expected, CLASSES[1], 2.0);
        top += NAME + STRIP + GAP;
    }
    let chart = Chart { left, top: top + NAME, width, height: SCORE, x: x(), y: of_score };
    begin(&mut canvas, &chart, "score", events);
    let floor = chart.y.low;
    let shown: Vec<f64> = score.iter().map(|s| s.max(floor)).collect();
    curve(&mut canvas, &chart, &shown, INK, 2.0);
    let line = chart.place(0.0, threshold.max(floor))[1].round();
    canvas.line(&[[left, line], [chart.right(), line]], 2.5, CLASSES[1], 1.0, &[12.0, 8.0]);
    canvas.rectangle([left, chart.bottom() - 1.0], width, 2.0, AXIS);
    canvas.text(&ends[0], [left, chart.bottom() + 30.0], Align::Left, SMALL, MUTED);
    canvas.text(&ends[1], [chart.right(), chart.bottom() + 30.0], Align::Right, SMALL, MUTED);
    let key = [("seen", CLASSES[0]), ("expected", CLASSES[1])];
    let middle = left + width / 2.0 - 120.0;
    for (place, (name, colour)) in key.into_iter().enumerate() {
        let at = middle + 140.0 * place as f32;
        canvas.rectangle([at - 34.0, chart.bottom() + 28.0], 26.0, 4.0, colour);
        canvas.text(name, [at, chart.bottom() + 30.0], Align::Left, SMALL, MUTED);
    }
    canvas.finish()
}

fn linear<'a>(values: impl Iterator<Item = &'a f64>) -> Axis {
    let (low, high) = range(values.copied()).unwrap_or((0.0, 1.0));
    let room = 0.05 * (high - low);
    Axis::linear(low - room, high + room, 3, false)
}

fn logarithmic(score: &[f64], threshold: f64) -> Axis {
    let (low, high) = range(score.iter().copied().chain([threshold])).unwrap_or((0.1, 1.0));
    let high = high.max(1e-6);
    // What is far below the threshold does not matter.
    let low = low.max(threshold * 1e-3).max(high * 1e-9).min(high / 2.0);
    Axis::log(low, high * 1.3)
}

/// Events, grid and name of a strip.
fn begin(canvas: &mut Canvas, chart: &Chart, name: &str, events: &[[usize; 2]]) {
    for &[start, end] in events {
        let [from, to] = [start as f64 - 0.5, end as f64 + 0.5].map(|step| chart.place(step, 0.0)[0]);
        let (from, to) = (from.max(chart.left), to.min(chart.right()));
        canvas.rectangle([from, chart.top], (to - from).max(3.0), chart.height, EVENT);
    }
    for (value, label) in &chart.y.ticks {
        let y = (chart.bottom() - chart.height * chart.y.position(*value)).round();
        canvas.rectangle([chart.left, y - 0.5], chart.width, 1.0, GRID);
        canvas.text(label, [chart.left - 14.0, y], Align::Right, SMALL, MUTED);
    }
    let name = text::shorten(name, BODY, chart.width);
    canvas.text(&name, [chart.left, chart.top - 20.0], Align::Left, BODY, INK);
}

/// A curve over steps. Where many steps fall on one pixel, it goes through the lowest and the highest of them.
fn curve(canvas: &mut Canvas, chart: &Chart, values: &[f64], colour: [u8; 3], width: f32) {
    let pixels = chart.width.max(1.0) as usize;
    let each = values.len().div_ceil(pixels).max(1);
    let mut path = vec![];
    let mut draw = |path: &mut Vec<[f32; 2]>| {
        if path.len() == 1 {
            canvas.dot(path[0], width, colour, 1.0);
        }
        canvas.line(path, width, colour, 1.0, &[]);
        path.clear();
    };
    for (place, some) in values.chunks(each).enumerate() {
        let Some((low, high)) = range(some.iter().copied()) else {
            draw(&mut path);
            continue;
        };
        let at = (place * each) as f64 + (some.len() - 1) as f64 / 2.0;
        path.push(chart.place(at, low));
        if high > low {
            path.push(chart.place(at, high));
        }
    }
    draw(&mut path);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_shaded_and_curves_drawn() {
        let wave: Vec<f64> = (0..3000).map(|i| (f64::from(i) * 0.01).sin()).collect();
        let strip = Strip {
            name: "flow".into(),
            seen: wave.clone(),
            expected: wave.iter().map(|x| x * 0.5).collect(),
        };
        let score: Vec<f64> = wave.iter().map(|x| x * x + 0.01).collect();
        let ends = ["a", "b"].map(String::from);
        let draw = |events: &[[usize; 2]]| {
            recording("t", std::slice::from_ref(&strip), (&score, 0.5), events, &ends)
        };
        let count = |picture: &Picture, colour| picture.pixels().filter(|pixel| *pixel == colour).count();
        let (plain, marked) = (draw(&[]), draw(&[[600, 1200]]));
        assert_eq!((plain.width(), count(&plain, EVENT)), (1600, 0));
        // A fifth of the width, over both strips, less what is drawn on it.
        assert!(count(&marked, EVENT) > 60_000, "{}", count(&marked, EVENT));
        assert!(count(&plain, CLASSES[0]) > 1000 && count(&plain, CLASSES[1]) > 1000);
    }

    #[test]
    fn odd_recordings_do_not_panic() {
        let nan = f64::NAN;
        let ends = ["", ""].map(String::from);
        for values in [vec![], vec![1.0], vec![nan; 5], vec![0.0, nan, 1e300, -1e300, f64::INFINITY]] {
            let strip = Strip { name: "x".repeat(300), seen: values.clone(), expected: values.clone() };
            recording("", &[strip], (&values, 0.0), &[[0, 9]], &ends);
            recording("", &[], (&values, nan), &[], &ends);
        }
    }
}
