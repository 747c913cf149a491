//! The zoo for Python: the compiled part of the package `autoencoder_zoo`, which adds the conventions of scikit-learn and
//! pandas to it.
//!
//! It calls what the command line calls, in the same order, so the same data, settings and seed give the same bytes. Nothing
//! is decided here: data come in ([`data`]), a training runs beside the interpreter ([`training`]), and the run that it leaves
//! is asked ([`fitted`]).

mod data;
mod errors;
mod fitted;
mod threads;
mod training;

use pyo3::prelude::*;
use zoo::registry;

/// The compiled part of `autoencoder_zoo`.
#[pymodule]
mod _zoo {
    #[pymodule_export]
    use super::fitted::Fitted;
    #[pymodule_export]
    use super::training::fit;
    #[pymodule_export]
    use super::{describe, models};
}

/// Name, title and equation of every model, and whether it learns who chose what.
#[pyfunction]
fn models() -> Vec<(&'static str, &'static str, &'static str, bool)> {
    let line = |entry: &&'static registry::Entry| {
        (entry.name, entry.title, entry.equation, entry.recommends.is_some())
    };
    registry::MODELS.iter().map(line).collect()
}

/// A model in words, as JSON: title, equation, source, every setting with its default for the embedded digits.
#[pyfunction]
fn describe(name: &str) -> PyResult<String> {
    let entry = registry::find(name).map_err(errors::raised)?;
    let described = zoo::describe::model(entry, &zoo::data::digits().train);
    Ok(serde_json::to_string(&described).expect("words are JSON"))
}
