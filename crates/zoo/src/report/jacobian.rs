//! How many directions the code follows, and how strongly.

use maud::{Markup, html};

use super::Run;
use super::chart::Bars;
use super::html::section as framed;
use crate::uses::manifold::{affordable, changes_in_jumps, mean_spectrum};

const HEADING: &str = "Spectrum of the encoder’s Jacobian";

pub(super) fn section(run: &Run) -> Markup {
    let test = run.test();
    if changes_in_jumps(run.model, test.x()) {
        let caption =
            html! { "The code of this model changes in jumps: wherever it has a derivative, that is 0." };
        return framed("jacobian", HEADING, caption, html! {});
    }
    let some = affordable(run.model, test.x());
    let (heights, examples) = (mean_spectrum(run.model, &some), some.shape()[0]);
    let edges = (0..=heights.len()).map(|i| i as f64 + 0.5).collect();
    let caption = html! {
        "The k-th largest singular value of ∂z/∂x, the mean over " (examples) " test examples: a code follows as \
         many directions of the input as there are large values, and contracts the others."
    };
    let bars = Bars { x: "k", y: "singular value", edges, heights, whole: true, counts: false };
    framed("jacobian", HEADING, caption, bars.markup())
}
