//! Texts: what the run came to, texts beside what comes back, and new ones.

use maud::{Markup, html};
use nn::Context;

use super::Run;
use super::html::{number, section as framed};
use crate::evaluate::{in_batches, squared_errors};
use crate::uses::texts::Quality;

/// Test texts that are shown.
const PAIRS: usize = 40;
/// New texts.
const NEW: usize = 20;
/// Texts that figures are measured on at most.
const MEASURED: usize = 2000;

/// The figures.
pub(super) fn summary(run: &Run) -> Markup {
    let test = run.test();
    let some = test.range(0..test.len().min(MEASURED));
    let quality = Quality::of(&run.reference.loss, &squared_errors(run.model, &some), &some);
    let [train, tests] = run.reference.examples;
    let unit = run.preparation.alphabet.as_ref().map_or("characters", |alphabet| alphabet.unit());
    html! {
        header {
            p.kicker { (run.folder) }
            h1 { (run.entry.title) }
            p.equation { (run.entry.equation) }
            p.caption {
                (run.entry.source) ". " (run.reference.data.name) ": " (train) " texts to learn from, " (tests)
                " to judge by, " (run.preparation.features) " " (unit) " at most."
            }
        }
        section id="summary" {
            p.headline {
                (format!("{:.1} %", 100.0 * quality.exact)) " of the test texts come back exactly, with "
                (number(quality.bits_per_character)) " bits per character given their codes."
            }
            table {
                thead { tr { th { "test texts" } th { "bits per character" } th { "perplexity" } } }
                tbody {
                    tr.own {
                        th scope="row" { (run.entry.name) ", given the code" }
                        td { (number(quality.bits_per_character)) }
                        td { (number(quality.perplexity)) }
                    }
                    @if let Some(bits) = quality.bits_in_all {
                        tr {
                            th scope="row" { (run.entry.name) ", with what the code costs" }
                            td { (number(bits)) }
                            td { (number(bits.exp2())) }
                        }
                    }
                    tr {
                        th scope="row" { "frequencies of characters alone" }
                        td { (number(quality.bits_by_frequency)) }
                        td { (number(quality.bits_by_frequency.exp2())) }
                    }
                }
            }
        }
    }
}

/// Texts and what comes back.
pub(super) fn pairs(run: &Run) -> Option<Markup> {
    let test = run.test();
    let some = test.range(0..test.len().min(PAIRS));
    let written = in_batches(some.x(), |x| run.model.decode(&run.model.encode(x)));
    let (before, after) = (run.preparation.texts(some.x())?, run.preparation.texts(&written)?);
    let body = html! {
        div.scroll {
            table.texts {
                thead { tr { th { "test text" } th { "what comes back" } } }
                tbody {
                    @for (before, after) in before.iter().zip(&after) {
                        tr.own[before == after] { td { (before) } td { (after) } }
                    }
                }
            }
        }
    };
    let caption = html! { "Written from the codes, each time the most likely next character. Those that are right stand out." };
    Some(framed("reconstructions", "Reconstructions", caption, body))
}

/// New texts.
pub(super) fn samples(run: &Run) -> Option<Markup> {
    let numbers: Vec<usize> = (0..NEW).collect();
    let context = || Context::sampling(run.config.train.seed, &numbers);
    let z = run.model.sample(context())?;
    let likely = run.preparation.texts(&run.model.decode(&z))?;
    let drawn = run.model.draw(&z, context()).and_then(|x| run.preparation.texts(&x))?;
    let body = html! {
        div.scroll {
            table.texts {
                thead { tr { th { "most likely" } th { "drawn" } } }
                tbody { @for (likely, drawn) in likely.iter().zip(&drawn) { tr { td { (likely) } td { (drawn) } } } }
            }
        }
    };
    let caption = html! {
        "Codes drawn from the model’s prior, and for each the text of the most likely characters beside one whose characters \
         are drawn."
    };
    Some(framed("samples", "Samples", caption, body))
}
