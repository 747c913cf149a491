//! Where the test examples lie in the space of codes.

use maud::{Markup, html};
use nn::Dataset;
use serde_json::json;

use super::chart::frame;
use super::html::{colour, data, place, section as framed};
use super::sheet::{Sheet, size};
use super::{Found, Run};
use crate::pictures::plane;
use crate::plot::axis::{Axis, range};
use crate::plot::colour::CLASSES;

/// Points in the map: more would hide each other.
const MOST_POINTS: usize = 1000;
/// Pixels of the images that appear beside the points, all together.
const MOST_PIXELS: usize = 400_000;

pub(super) fn section(run: &Run, found: &Found) -> Markup {
    let test = &run.data.test;
    let shown = shown(test);
    let points = plane(&found.codes, shown);
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
    let sheet = size(test).map(|size| Sheet::grey("s-thumbs", &test.x.slice(0, 0, shown, 1), size));
    let labels = test.labels.as_ref().map(|labels| &labels[..shown]);
    let classes = classes(labels.unwrap_or(&[]));
    let named: Option<Vec<String>> =
        labels.map(|labels| labels.iter().map(|&label| run.class(label)).collect());
    let values = json!({ "points": places, "labels": named, "grid": sheet.as_ref().map(Sheet::grid) });
    let drawing = html! {
        @for (class, path) in paths(&places, labels, &classes) {
            path.dots style={ "stroke:" (colour(class)) } d=(path) {}
        }
    };
    let caption = html! { (shown) " test examples. Point at one to see it." };
    let body = html! {
        @if let Some(sheet) = &sheet { (sheet.style()) }
        figure.chart.map {
            @if classes.len() > 1 {
                ul.legend.classes {
                    @for (i, class) in classes.iter().enumerate() {
                        li { i style={ "background:" (colour(i)) } {} (run.class(*class)) }
                    }
                }
            }
            (frame(&x, &y, (x_label, y_label), drawing))
            (data("points", &values))
        }
    };
    framed("codes", "The space of codes", caption, body)
}

/// How many test examples have a point.
pub(super) fn shown(test: &Dataset) -> usize {
    test.len().min(MOST_POINTS).min(MOST_PIXELS / test.width().max(1)).max(1).min(test.len())
}

/// The different labels, in order; none if there are too many to tell apart.
fn classes(labels: &[u32]) -> Vec<u32> {
    let mut classes = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    if classes.len() <= CLASSES.len() { classes } else { vec![] }
}

/// For every class one path of dots, which is far shorter than an element for each.
fn paths(places: &[[f64; 2]], labels: Option<&[u32]>, classes: &[u32]) -> Vec<(usize, String)> {
    let mut paths: Vec<(usize, String)> =
        (0..classes.len().max(1)).map(|class| (class, String::new())).collect();
    for (i, [x, y]) in places.iter().enumerate() {
        let class =
            labels.and_then(|labels| classes.iter().position(|&class| class == labels[i])).unwrap_or(0);
        paths[class].1 += &format!("M{x:.0} {y:.0}h0");
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_its_path() {
        let places = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
        let found = paths(&places, Some(&[7, 9, 7]), &classes(&[7, 9, 7]));
        assert_eq!(found, [(0, "M1 2h0M5 6h0".to_owned()), (1, "M3 4h0".to_owned())]);
        assert_eq!(paths(&places, None, &[]).len(), 1);
    }

    #[test]
    fn more_labels_than_colours_are_not_coloured() {
        assert!(classes(&(0..11).collect::<Vec<_>>()).is_empty());
    }
}
