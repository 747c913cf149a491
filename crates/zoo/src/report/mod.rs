//! `report.html`: a run on one page, in one file that needs no network.
//!
//! Every section has a file here. It takes a [`Run`] and what was `Found` about it once, and answers with its
//! part of the page, or with nothing where the model or the data have nothing of the kind. Style and scripts lie
//! beside the Rust files and are put into the page, images as PNG sheets in data URIs. The page shows everything
//! but the explorer without its scripts; with them, curves and maps tell their values.
//!
//! ```
//! use zoo::report::{Run, page};
//! use zoo::{data, registry};
//!
//! let data = data::digits();
//! let entry = registry::find("pca")?;
//! let config = zoo::config::Config {
//!     model: "pca".into(),
//!     data: "digits".into(),
//!     reading: data::Reading::default(),
//!     train: entry.plan(&data.train),
//!     settings: entry.complete(&toml::Table::new(), &data.train)?,
//! };
//! let model = entry.build(&config.settings, &data.train, 0)?;
//! let (config, folder) = (&config, "runs/pca-1".into());
//! let (preparation, epochs) = (&data::Preparation::plain(&data.train), &[]);
//! let run = Run { entry, model: &*model, data: &data, preparation, config, epochs, seconds: 0.1, folder };
//! assert!(page(&run).starts_with("<!DOCTYPE html>"));
//! # Ok::<(), nn::Error>(())
//! ```

mod chart;
mod code_map;
mod compare;
mod divergence;
mod explorer;
mod filters;
mod histograms;
mod html;
mod jacobian;
mod losses;
mod reconstructions;
mod samples;
mod settings;
mod sheet;
mod summary;
mod table;

pub use compare::compare;
pub use explorer::script;

use autograd::Tensor;
use maud::Markup;

use crate::config::Config;
use crate::data::{Preparation, Split};
use crate::registry::Entry;
use crate::train::Epoch;
use crate::uses::metrics::Fidelity;
use crate::{AnyModel, evaluate};

/// A trained model and how it came about.
pub struct Run<'a> {
    /// What kind of model it is.
    pub entry: &'static Entry,
    /// The model.
    pub model: &'a dyn AnyModel,
    /// What it learnt from and is judged by.
    pub data: &'a Split,
    /// What was done to the data: names of features and classes, and their units.
    pub preparation: &'a Preparation,
    /// Its settings.
    pub config: &'a Config,
    /// What every epoch came to; empty for a model in closed form.
    pub epochs: &'a [Epoch],
    /// Seconds from the start of the training to its end.
    pub seconds: f64,
    /// What the run is called: its folder.
    pub folder: String,
}

impl Run<'_> {
    /// Rows of `[examples, features]` in the units of the data, as they came.
    fn in_units(&self, x: &Tensor<f32>) -> Vec<Vec<f64>> {
        let width = x.shape()[1].max(1);
        self.preparation.restore_units(x).to_vec().chunks(width).map(<[f64]>::to_vec).collect()
    }

    /// The name of a class, or its number if classes have no names.
    fn class(&self, class: u32) -> String {
        self.preparation.class_names.get(class as usize).cloned().unwrap_or_else(|| class.to_string())
    }
}

/// What several sections need, computed once.
struct Found {
    fidelity: Fidelity,
    /// SSE/img of every test example.
    errors: Vec<f64>,
    /// Codes of the test examples, `[examples, code]`.
    codes: Tensor<f32>,
}

impl Found {
    fn of(run: &Run) -> Self {
        Found {
            fidelity: Fidelity::of(run.model, run.data),
            errors: evaluate::squared_errors(run.model, &run.data.test),
            codes: evaluate::codes(run.model, &run.data.test),
        }
    }
}

/// The page of a run, a complete HTML document.
pub fn page(run: &Run) -> String {
    let found = Found::of(run);
    let sections: [Option<Markup>; 11] = [
        Some(summary::section(run, &found)),
        losses::section(run, &found),
        Some(reconstructions::section(run, &found)),
        Some(explorer::section(run, &found)),
        Some(code_map::section(run, &found)),
        samples::section(run),
        Some(histograms::section(&found)),
        divergence::section(run),
        filters::section(run),
        Some(jacobian::section(run)),
        Some(settings::section(run)),
    ];
    let title = format!("{} · {}", run.folder, run.entry.title);
    html::document(&title, sections.into_iter().flatten())
}
