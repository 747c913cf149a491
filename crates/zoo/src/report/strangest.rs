//! The test pictures with the largest errors, each over the map of them.

use autograd::Tensor;
use maud::{Markup, html};

use super::html::{number, section as framed};
use super::sheet::{Sheet, size};
use super::{Found, Run};
use crate::data::{Scale, sample};
use crate::plot::colour::{NOT_A_NUMBER, ramp};
use crate::uses::maps::Maps;

/// Pictures that are shown.
const SHOWN: usize = 10;
/// Ordinary pictures that are looked at.
const ENOUGH: usize = 500;
/// The fraction of them that may have a region.
const CONTAMINATION: f64 = 0.05;

pub(super) fn section(run: &Run, found: &Found) -> Option<Markup> {
    let test = run.test();
    let size = size(test)?;
    if run.preparation.reading.scale == Scale::Standard || test.len() < 2 {
        return None;
    }
    let ordinary = test.select(&sample(test.len(), None, ENOUGH));
    let maps = Maps::fit(run.model, &ordinary, CONTAMINATION).ok()?;
    let mut order: Vec<usize> = (0..test.len()).collect();
    order.sort_by(|&a, &b| found.errors[b].total_cmp(&found.errors[a]));
    order.truncate(SHOWN);
    let x = test.rows(&order);
    let all = maps.of(&x);
    let pixels = size.height * size.width;
    // Red, green and blue, one plane after the other.
    let planes = |colour: &dyn Fn(usize) -> [u8; 3]| -> Vec<f32> {
        let colours: Vec<[u8; 3]> = (0..pixels).map(colour).collect();
        (0..3).flat_map(|plane| colours.iter().map(move |c| f32::from(c[plane]) / 255.0)).collect()
    };
    let channels = x.shape()[1] / pixels.max(1);
    let (mut heat, mut marked) = (vec![], vec![]);
    for (map, row) in all.iter().zip(x.to_vec().chunks(channels * pixels)) {
        heat.extend(planes(&|i| ramp(map.errors[i] / (2.0 * maps.level()).max(f64::MIN_POSITIVE))));
        let edge = |i: usize| map.region[i] && !inner(&map.region, size.width, i);
        let level =
            |i: usize, plane: usize| (row[i + plane * pixels * usize::from(channels == 3)] * 255.0) as u8;
        marked.extend(planes(&|i| match edge(i) {
            true => NOT_A_NUMBER,
            false => [0, 1, 2].map(|plane| level(i, plane)),
        }));
    }
    let both = Tensor::from_vec([2 * order.len(), 3 * pixels], [marked, heat].concat());
    let sheet = Sheet::images("s-strangest", &both, size);
    let caption = html! {
        "Test pictures with the largest errors, over maps of them from dark to bright. Outlined in red is where a picture \
         has larger errors than anywhere in 19 of 20 test pictures. "
        code { "zoo score RUN --data PICTURES --maps DIR" } " does the same for others."
    };
    let body = html! {
        (sheet.style())
        div.pairs {
            @for (i, &member) in order.iter().enumerate() {
                figure {
                    (sheet.tile(i, &format!("test example {member}")))
                    (sheet.tile(order.len() + i, "the map of its errors"))
                    figcaption { (number(found.errors[member])) }
                }
            }
        }
    };
    Some(framed("strangest", "Strangest pictures", caption, body))
}

/// Whether a pixel of a region is surrounded by it.
fn inner(region: &[bool], width: usize, i: usize) -> bool {
    let inside = |row: Option<usize>, column: Option<usize>| match (row, column) {
        (Some(row), Some(column)) if column < width => region.get(row * width + column) == Some(&true),
        _ => false,
    };
    let (row, column) = (i / width, i % width);
    inside(row.checked_sub(1), Some(column))
        && inside(Some(row + 1), Some(column))
        && inside(Some(row), column.checked_sub(1))
        && inside(Some(row), Some(column + 1))
}
