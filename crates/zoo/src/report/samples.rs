//! New examples: decoded draws from the prior.

use maud::{Markup, html};
use nn::Context;

use super::html::section as framed;
use super::sheet::{Sheet, size};
use super::{Run, table};
use crate::evaluate::in_batches;

/// Examples drawn.
const SHOWN: usize = 60;

pub(super) fn section(run: &Run) -> Option<Markup> {
    let numbers: Vec<usize> = (0..SHOWN).collect();
    let z = run.model.sample(Context::sampling(run.config.train.seed, &numbers))?;
    let x = in_batches(&z, |z| run.model.decode(z));
    let body = match size(run.test()) {
        Some(size) => {
            let sheet = Sheet::images("s-samples", &x, size);
            html! {
                (sheet.style())
                div.grid { @for i in 0..SHOWN { (sheet.tile(i, &format!("sample {i}"))) } }
            }
        }
        None => {
            let named = |(i, row)| (format!("sample {}", i + 1), row);
            let rows: Vec<_> = run.in_units(&x).into_iter().take(8).enumerate().map(named).collect();
            table::numbers(&run.preparation.columns, &rows)
        }
    };
    Some(framed("samples", "Samples", html! { "Codes drawn from the model’s prior, decoded." }, body))
}
