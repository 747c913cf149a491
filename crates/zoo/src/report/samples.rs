//! New examples: decoded draws from the prior.

use maud::{Markup, html};
use nn::Context;

use super::html::section as framed;
use super::sheet::{Sheet, size};
use super::{Run, table};

/// Examples drawn.
const SHOWN: usize = 60;

pub(super) fn section(run: &Run) -> Option<Markup> {
    let numbers: Vec<usize> = (0..SHOWN).collect();
    let z = run.model.sample(Context::sampling(run.config.train.seed, &numbers))?;
    let x = run.model.decode(&z);
    let body = match size(&run.data.test) {
        Some(size) => {
            let sheet = Sheet::grey("s-samples", &x, size);
            html! {
                (sheet.style())
                div.grid { @for i in 0..SHOWN { (sheet.tile(i, &format!("sample {i}"))) } }
            }
        }
        None => {
            let width = x.shape()[1].max(1);
            let rows = x.to_vec().chunks(width).take(8).map(<[f32]>::to_vec).collect::<Vec<_>>();
            let named = |(i, row)| (format!("sample {i}"), row);
            table::numbers(run.columns, &rows.into_iter().enumerate().map(named).collect::<Vec<_>>())
        }
    };
    Some(framed("samples", "Samples", html! { "Codes drawn from the model’s prior, decoded." }, body))
}
