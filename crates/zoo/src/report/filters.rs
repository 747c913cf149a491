//! The weights of the first layer, drawn as the images they look for.

use autograd::Tensor;
use maud::{Markup, html};

use super::Run;
use super::html::section as framed;
use super::sheet::{Sheet, size};
use crate::plot::Size;

/// Units with an image.
const SHOWN: usize = 64;

pub(super) fn section(run: &Run) -> Option<Markup> {
    let (name, filters, size) = filters(run)?;
    let shown = filters.shape()[0];
    let sheet = Sheet::signed("s-filters", &filters, size);
    let caption = html! {
        "Weights of " code { (name) } ", one image for each unit, scaled to its own largest: brown where the unit \
         wants light, blue where it wants dark."
    };
    let body = html! {
        (sheet.style())
        div.grid.fine { @for i in 0..shown { (sheet.tile(i, &format!("weights of unit {i}"))) } }
    };
    Some(framed("filters", "First layer", caption, body))
}

/// The first parameter that looks at images: a matrix over pixels, or kernels of a convolution.
fn filters(run: &Run) -> Option<(String, Tensor<f32>, Size)> {
    let pixels = run.test().width();
    let image = size(run.test()).filter(|size| size.height * size.width == pixels)?;
    let mut found = None;
    run.model.parameters(&mut |name, weight| {
        if found.is_some() {
            return;
        }
        let (rows, size) = match *weight.shape() {
            [_, width] if width == pixels => (weight.clone(), image),
            [width, _] if width == pixels => (weight.t(), image),
            [out, 1, height, width] if height * width > 1 => {
                (weight.reshape([out, height * width]), Size { height, width })
            }
            _ => return,
        };
        let shown = rows.shape()[0].min(SHOWN);
        found = Some((name.to_string(), rows.slice(0, ..shown), size));
    });
    found
}
