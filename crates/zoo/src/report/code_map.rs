//! Where the test examples lie in the space of codes.

use maud::{Markup, html};
use nn::Dataset;
use serde_json::json;

use super::chart::frame;
use super::html::{colour, data, place, section as framed};
use super::sheet::{Sheet, size};
use super::{Found, Run};
use crate::data::sample;
use crate::pictures::plane;
use crate::plot::axis::{Axis, range};
use crate::plot::colour::Classes;

/// Points in the map: more would hide each other.
const MOST_POINTS: usize = 1000;
/// The colour of classes that have none of their own.
pub(super) const OTHER: &str = "var(--axis)";
/// Pixels of the images that appear beside the points, all together.
const MOST_PIXELS: usize = 400_000;

pub(super) fn section(run: &Run, found: &Found) -> Markup {
    let test = run.test();
    let shown = shown(test);
    let points = plane(&found.codes, &shown);
    let (x_label, y_label) = match found.codes.shape()[1] {
        1 => ("code", ""),
        2 => ("first code", "second code"),
        _ => ("first principal axis of the codes", "second principal axis"),
    };
    let along = |axis: usize| {
        let (low, high) = range(points.iter().map(|p| f64::from(p[axis]))).unwrap_or((0.0, 1.0));
        let room = 0.04 * (high - low);
        Axis::linear(low - room, high + room, 6, false)
    };
    let (x, y) = (along(0), along(1));
    let places: Vec<[f64; 2]> = points
        .iter()
        .map(|&[a, b]| [place(x.position(a.into())), 1000.0 - place(y.position(b.into()))])
        .collect();
    let sheet = size(test).map(|size| Sheet::images("s-thumbs", &test.rows(&shown), size));
    let labels = test.labels_of(&shown);
    let classes = Classes::of(test.labels().into_iter().flatten().copied());
    let named: Option<Vec<String>> =
        labels.as_ref().map(|labels| labels.iter().map(|&label| run.class(label)).collect());
    let values = json!({
        "points": places, "labels": named, "numbers": shown, "grid": sheet.as_ref().map(Sheet::grid),
        "texts": run.preparation.texts(&test.rows(&shown)),
    });
    let drawing = html! {
        @for (class, path) in paths(&places, labels.as_deref(), &classes) {
            path.dots style={ "stroke:" (class) } d=(path) {}
        }
    };
    let all = run.reference.examples[1];
    let caption = html! {
        @if shown.len() < all { "A sample of " (shown.len()) " of the " (all) } @else { (all) }
        " test examples. Point at one to see it."
    };
    let body = html! {
        @if let Some(sheet) = &sheet { (sheet.style()) }
        figure.chart.map {
            (legend(run, &classes))
            (frame(&x, &y, (x_label, y_label), drawing))
            (data("points", &values))
        }
    };
    framed("codes", "The space of codes", caption, body)
}

/// Which test examples have a point.
pub(super) fn shown(test: &Dataset) -> Vec<usize> {
    let most = MOST_POINTS.min(MOST_PIXELS / test.width().max(1)).max(1);
    sample(test.len(), test.labels(), most)
}

/// Which colour is which class; nothing without classes.
pub(super) fn legend(run: &Run, classes: &Classes) -> Markup {
    html! {
        @if !classes.own.is_empty() {
            ul.legend.classes {
                @for (i, class) in classes.own.iter().enumerate() {
                    li { i style={ "background:" (colour(i)) } {} (run.class(*class)) }
                }
                @if let Some(others) = classes.called() {
                    li { i style={ "background:" (OTHER) } {} (others) }
                }
            }
        }
    }
}

/// For every class one path of dots, which is far shorter than an element for each; with its colour. The classes without
/// a colour of their own lie below.
fn paths(places: &[[f64; 2]], labels: Option<&[u32]>, classes: &Classes) -> Vec<(String, String)> {
    let mut paths = vec![(OTHER.to_owned(), String::new())];
    paths.extend((0..classes.own.len().max(1)).map(|class| (colour(class), String::new())));
    for (i, [x, y]) in places.iter().enumerate() {
        let path = labels.map_or(1, |labels| classes.place(labels[i]).map_or(0, |place| place + 1));
        paths[path].1 += &format!("M{x:.0} {y:.0}h0");
    }
    paths.retain(|(_, path)| !path.is_empty());
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_path() {
        let places = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
        let labels = [7, 9, 7];
        let found = paths(&places, Some(&labels), &Classes::of(labels.into_iter()));
        assert_eq!(found, [(colour(0), "M1 2h0M5 6h0".to_owned()), (colour(1), "M3 4h0".to_owned())]);
        assert_eq!(paths(&places, None, &Classes::of([].into_iter())).len(), 1);
    }

    #[test]
    fn labels_beyond_the_colours_share_grey() {
        let labels: Vec<u32> = (0..12).chain(0..10).collect();
        let places: Vec<[f64; 2]> = labels.iter().map(|&label| [label.into(), 0.0]).collect();
        let found = paths(&places, Some(&labels), &Classes::of(labels.iter().copied()));
        assert_eq!((found.len(), found[0].clone()), (11, (OTHER.to_owned(), "M10 0h0M11 0h0".to_owned())));
    }
}
