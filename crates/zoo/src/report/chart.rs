//! Curves and bars: the drawing is stretched to the width of the page, its letters are not.

use maud::{Markup, html};
use serde_json::json;

use super::html::{colour, data, number, place};
use crate::plot::Series;
use crate::plot::axis::{Axis, usable};
use crate::plot::curves::{x_axis, y_axis};

/// Points of a curve in the page: a screen shows no more.
const MOST_POINTS: usize = 400;

/// A chart of curves over one shared horizontal axis.
pub(super) struct Curves<'a> {
    /// What is counted from left to right.
    pub(super) x: &'a str,
    /// The unit of the values.
    pub(super) y: &'a str,
    /// The curves.
    pub(super) series: Vec<Series>,
    /// Numbers of their colours, where these mean something beyond this chart.
    pub(super) colours: Vec<usize>,
    /// Dashed horizontal lines.
    pub(super) references: Vec<(String, f64)>,
}

impl Curves<'_> {
    /// The chart, with a legend and the values for a script.
    pub(super) fn markup(&self) -> Markup {
        let series: Vec<Series> = self.series.iter().map(thinned).collect();
        let all = || series.iter().flat_map(|s| &s.points).copied().filter(|&(x, y)| usable(x) && usable(y));
        let xs: Vec<f64> = all().map(|(x, _)| x).collect();
        let x = x_axis(xs.iter().copied());
        let y = y_axis(all().map(|(_, y)| y).chain(self.references.iter().map(|reference| reference.1)));
        let points = |s: &Series| -> Vec<[f64; 4]> {
            let usable = s.points.iter().filter(|&&(x, y)| usable(x) && usable(y));
            usable.map(|&(a, b)| [a, b, place(x.position(a)), 1000.0 - place(y.position(b))]).collect()
        };
        let lines = series.iter().map(|s| json!({ "name": s.name, "points": rounded(points(s)) }));
        let values = json!({ "x": self.x, "y": self.y, "lines": lines.collect::<Vec<_>>() });
        let hue = |i: usize| colour(self.colours.get(i).copied().unwrap_or(i));
        let drawing = html! {
            @for (_, value) in &self.references {
                @let at = 1000.0 - place(y.position(*value));
                path.reference d={ "M0 " (at) "H1000" } {}
            }
            @for (i, one) in series.iter().enumerate() {
                @let path = path(&one.points, &x, &y);
                path.line style={ "stroke:" (hue(i)) } d=(path) {}
            }
        };
        html! {
            figure.chart {
                @if series.len() + self.references.len() > 1 || !self.colours.is_empty() {
                    ul.legend {
                        @for (i, one) in series.iter().enumerate() {
                            li { i style={ "background:" (hue(i)) } {} (one.name) }
                        }
                        @for (name, value) in &self.references { li { i.dashed {} (name) " " b { (number(*value)) } } }
                    }
                }
                (frame(&x, &y, (self.x, self.y), drawing))
                (data("values", &values))
            }
        }
    }
}

/// Bars from 0 up, one for each pair of a place on the axis and a height.
pub(super) struct Bars<'a> {
    pub(super) x: &'a str,
    pub(super) y: &'a str,
    /// The bounds of the bars, one more than there are.
    pub(super) edges: Vec<f64>,
    pub(super) heights: Vec<f64>,
    /// Whether bars are counted things with a name each, not intervals.
    pub(super) whole: bool,
    /// Whether heights are numbers of things, which have no halves.
    pub(super) counts: bool,
}

impl Bars<'_> {
    /// The chart, where every bar tells its height.
    pub(super) fn markup(&self) -> Markup {
        let (low, high) = (self.edges[0], self.edges[self.edges.len() - 1]);
        // Bars of counts stand side by side in narrow charts, where labels with decimals need more room.
        let x = Axis::linear(low, high, if self.counts { 4 } else { 6 }, self.whole);
        let most = self.heights.iter().copied().filter(|&h| usable(h)).fold(0.0, f64::max);
        let y = Axis::linear(0.0, if most > 0.0 { 1.05 * most } else { 1.0 }, 5, self.counts);
        let gap = if self.edges.len() < 60 { 2.0 } else { 0.0 };
        let drawing = html! {
            @for (bounds, &height) in self.edges.windows(2).zip(&self.heights) {
                @let (left, right) = (place(x.position(bounds[0])), place(x.position(bounds[1])));
                @let top = place(y.position(height));
                @let value = if self.counts { height.to_string() } else { number(height) };
                @let name = if self.whole {
                    format!("{} {}: {value}", self.x, (bounds[0] + bounds[1]) / 2.0)
                } else {
                    format!("{} to {}: {value}", number(bounds[0]), number(bounds[1]))
                };
                @let width = (right - left - 2.0 * gap).max(1.0);
                rect x=(left + gap) y=(1000.0 - top) width=(width) height=(top) { title { (name) } }
            }
        };
        html! { figure.chart.bars { (frame(&x, &y, (self.x, self.y), drawing)) } }
    }
}

/// Axes and grid around a drawing of 1000 × 1000, which is stretched.
pub(super) fn frame(x: &Axis, y: &Axis, (x_label, y_label): (&str, &str), drawing: Markup) -> Markup {
    let widest = y.ticks.iter().map(|tick| tick.1.chars().count()).max().unwrap_or(1);
    let ticks = |axis: &Axis, side: &str| {
        html! {
            @for (value, text) in &axis.ticks {
                span style={ (side) ":" (place(axis.position(*value)) / 10.0) "%" } { (text) }
            }
        }
    };
    html! {
        div.y-label { (y_label) }
        div.frame style={ "--labels:" (widest) "ch" } {
            div.y-ticks { (ticks(y, "bottom")) }
            div.plot {
                svg viewBox="0 0 1000 1000" preserveAspectRatio="none" {
                    @for (value, _) in &y.ticks {
                        path.grid d={ "M0 " (1000.0 - place(y.position(*value))) "H1000" } {}
                    }
                    (drawing)
                }
            }
            div.x-ticks { (ticks(x, "left")) }
        }
        div.x-label { (x_label) }
    }
}

/// The strokes of a curve; a value that is no number leaves a gap.
fn path(points: &[(f64, f64)], x: &Axis, y: &Axis) -> String {
    let mut text = String::new();
    let mut pen_up = true;
    for &(a, b) in points {
        if usable(a) && usable(b) {
            let letter = if pen_up { 'M' } else { 'L' };
            let (left, top) = (place(x.position(a)), 1000.0 - place(y.position(b)));
            text += &format!("{letter}{left:.1} {top:.1}");
            // A point alone is drawn as a dot.
            text += if pen_up { "h0" } else { "" };
        }
        pen_up = !(usable(a) && usable(b));
    }
    text
}

/// A curve with few enough points, its ends included.
fn thinned(series: &Series) -> Series {
    let count = series.points.len();
    let shown = count.min(MOST_POINTS);
    let at = |i: usize| series.points[i * (count - 1) / (shown - 1).max(1)];
    Series { name: series.name.clone(), points: (0..shown).map(at).collect() }
}

/// Values to six significant digits: more are never shown, and take room.
fn rounded(points: Vec<[f64; 4]>) -> Vec<[f64; 4]> {
    let short = |v: f64| format!("{v:.5e}").parse().unwrap_or(v);
    points.into_iter().map(|point| point.map(short)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_curves_are_thinned_and_keep_their_ends() {
        let points = (0..1001).map(|i| (f64::from(i), 1.0)).collect();
        let short = thinned(&Series { name: "a".into(), points });
        assert_eq!((short.points.len(), short.points[0].0, short.points[399].0), (400, 0.0, 1000.0));
        for count in 0..3 {
            let points = vec![(1.0, 2.0); count];
            assert_eq!(thinned(&Series { name: "a".into(), points }).points.len(), count);
        }
    }

    #[test]
    fn what_is_no_number_leaves_a_gap() {
        let (x, y) = (Axis::linear(0.0, 4.0, 4, true), Axis::linear(0.0, 1.0, 4, false));
        let text = path(&[(0.0, 0.0), (1.0, 1.0), (2.0, f64::NAN), (4.0, 0.0)], &x, &y);
        assert_eq!(text, "M0.0 1000.0h0L250.0 0.0M1000.0 1000.0h0");
    }

    #[test]
    fn values_are_in_the_page_for_the_script() {
        let series = vec![Series { name: "train".into(), points: vec![(1.0, 2.0), (2.0, 0.123456789)] }];
        let references = vec![("PCA".into(), 1.5)];
        let curves = Curves { x: "epoch", y: "nats", series, colours: vec![], references };
        let text = curves.markup().into_string();
        assert!(text.contains("[2.0,0.123457,1000.0,") && text.contains("PCA"), "{text}");
    }
}
