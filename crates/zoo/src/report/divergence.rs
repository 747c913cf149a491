//! What every latent of a variational model says about an example.

use maud::{Markup, html};

use super::Run;
use super::chart::Bars;
use super::html::{number, section as framed};
use crate::data::sample;
use crate::evaluate::in_batches;

/// Test examples that the mean is taken over.
const EXAMPLES: usize = 2000;
/// Nats from which a latent counts as used (Burda et al. 2016 count by variance instead).
const USED: f64 = 0.01;

pub(super) fn section(run: &Run) -> Option<Markup> {
    let test = run.test();
    let x = test.rows(&sample(test.len(), test.labels(), EXAMPLES));
    run.model.divergence(&x.slice(0, ..1))?;
    // The mean of every batch, once for each of its examples.
    let means = in_batches(&x, |x| {
        let mean = run.model.divergence(x).expect("it had one").cast::<f64>();
        mean.reshape([1, mean.len()]).expand([x.shape()[0], mean.len()])
    });
    let nats = means.sum_to([means.shape()[1]]).map(|sum| sum / x.shape()[0] as f64).to_vec();
    let mut sorted = nats.clone();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let used = nats.iter().filter(|&&kl| kl > USED).count();
    let caption = html! {
        "KL(q(z" sub { "j" } "|x) ‖ p(z" sub { "j" } ")), the mean over test examples, the largest first: "
        (number(nats.iter().sum::<f64>())) " nats in all. "
        (used) " of " (nats.len()) " latents have more than " (USED) " nats"
        @if used < nats.len() { "; the others say next to nothing" } "."
    };
    let edges = (0..=sorted.len()).map(|i| i as f64 + 0.5).collect();
    let bars = Bars { x: "latent", y: "nats", edges, heights: sorted, whole: true, counts: false };
    Some(framed("divergence", "Divergence of every latent", caption, bars.markup()))
}
