//! `report.html`: a run on one page, in one file that needs no network.
//!
//! Every section has a file here. It takes a [`Run`] and what was `Found` about it once, and answers with its
//! part of the page, or with nothing where the model or the data have nothing of the kind. Style and scripts lie
//! beside the Rust files and are put into the page, images as PNG sheets in data URIs. The page shows everything
//! but the explorer without its scripts; with them, curves and maps tell their values.
//!
//! ```
//! use zoo::reference::Reference;
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
//! let reference = &Reference::of(&*model, &data);
//! let run = Run { entry, model: &*model, reference, preparation, config, epochs, seconds: 0.1, folder };
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
pub mod likeness;
mod losses;
mod reconstructions;
mod samples;
mod settings;
mod sheet;
mod strangest;
mod summary;
mod table;
mod texts;

pub use compare::compare;
pub use explorer::script;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use autograd::Tensor;
use maud::{Markup, html};
use nn::Dataset;

use crate::config::Config;
use crate::data::Preparation;
use crate::reference::Reference;
use crate::registry::Entry;
use crate::train::Epoch;
use crate::{AnyModel, evaluate};

/// A trained model and how it came about.
pub struct Run<'a> {
    /// What kind of model it is.
    pub entry: &'static Entry,
    /// The model.
    pub model: &'a dyn AnyModel,
    /// Examples that it learnt from and is judged by, and what was measured on all of them.
    pub reference: &'a Reference,
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
    /// The test examples that are shown.
    fn test(&self) -> &Dataset {
        &self.reference.data.test
    }

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
    /// Squared error of every test example that is at hand.
    errors: Vec<f64>,
    /// Codes of these test examples, `[examples, code]`.
    codes: Tensor<f32>,
}

impl Found {
    fn of(run: &Run) -> Self {
        Found {
            errors: evaluate::squared_errors(run.model, run.test()),
            codes: evaluate::codes(run.model, run.test()),
        }
    }
}

/// The page of a run, a complete HTML document. A section that fails is replaced by a sentence.
pub fn page(run: &Run) -> String {
    if run.preparation.alphabet.is_some() {
        return page_of_texts(run);
    }
    let found = Found::of(run);
    let sections: [(&str, &Section<'_>); 12] = [
        ("summary", &|| Some(summary::section(run, &found))),
        ("loss", &|| losses::section(run)),
        ("reconstructions", &|| Some(reconstructions::section(run, &found))),
        ("strangest", &|| strangest::section(run, &found)),
        ("explorer", &|| Some(explorer::section(run, &found))),
        ("codes", &|| Some(code_map::section(run, &found))),
        ("samples", &|| samples::section(run)),
        ("histograms", &|| Some(histograms::section(&found))),
        ("divergence", &|| divergence::section(run)),
        ("filters", &|| filters::section(run)),
        ("jacobian", &|| Some(jacobian::section(run))),
        ("settings", &|| Some(settings::section(run))),
    ];
    document(run, &sections)
}

/// The page of a run that learnt from texts.
fn page_of_texts(run: &Run) -> String {
    let found = Found { errors: vec![], codes: evaluate::codes(run.model, run.test()) };
    let sections: [(&str, &Section<'_>); 7] = [
        ("summary", &|| Some(texts::summary(run))),
        ("loss", &|| losses::section(run)),
        ("reconstructions", &|| texts::pairs(run)),
        ("codes", &|| Some(code_map::section(run, &found))),
        ("samples", &|| texts::samples(run)),
        ("divergence", &|| divergence::section(run)),
        ("settings", &|| Some(settings::section(run))),
    ];
    document(run, &sections)
}

/// What makes a section.
type Section<'a> = dyn Fn() -> Option<Markup> + 'a;

/// The document of these sections.
fn document(run: &Run, sections: &[(&str, &Section<'_>)]) -> String {
    let made = sections.iter().filter_map(|(id, section)| {
        catch_unwind(AssertUnwindSafe(section)).unwrap_or_else(|panic| {
            let problem = html! { "This section could not be made: " (sentence(&*panic)) };
            Some(html::section(id, id, problem, html! {}))
        })
    });
    let title = format!("{} · {}", run.folder, run.entry.title);
    html::document(&title, made)
}

/// The sentence of a panic.
pub fn sentence(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a fault of the program without a word").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Reading, digits};
    use crate::graph::{Part, Recording};
    use crate::models::pca::Pca;
    use crate::registry::find;
    use autograd::Name;
    use nn::checkpoint::Checkpoint;
    use nn::optim::{Optimizer, State};
    use nn::train::{Terms, Trainable, Update};
    use nn::{Context, Result};

    /// A model without a Jacobian.
    struct Broken(Pca<Tensor<f32>>);

    impl AnyModel for Broken {
        fn encoder_jacobian(&self, _: &Tensor<f32>) -> Tensor<f32> {
            panic!("there is no <memory> for {} numbers", 7)
        }

        fn encode(&self, x: &Tensor<f32>) -> Tensor<f32> {
            self.0.encode(x)
        }

        fn decode(&self, z: &Tensor<f32>) -> Tensor<f32> {
            self.0.decode(z)
        }

        fn record(&self, part: Part, x: &Tensor<f32>) -> Recording {
            self.0.record(part, x)
        }

        fn decoder_jacobian(&self, z: &Tensor<f32>) -> Tensor<f32> {
            self.0.decoder_jacobian(z)
        }

        fn loss(&self, x: &Tensor<f32>, context: Context) -> Terms {
            self.0.loss(x, context)
        }

        fn train_step(&mut self, x: &Tensor<f32>, context: Context, to: &mut Update<f32>) -> Result<Terms> {
            self.0.train_step(x, context, to)
        }

        fn parameters(&self, f: &mut dyn FnMut(Name, &Tensor<f32>)) {
            self.0.parameters(f);
        }
    }

    impl Trainable<f32> for Broken {
        fn insert(&self, prefix: &str, into: &mut Checkpoint<f32>) {
            Trainable::insert(&self.0, prefix, into);
        }

        fn restore(&mut self, prefix: &str, from: &Checkpoint<f32>) -> Result<()> {
            Trainable::restore(&mut self.0, prefix, from)
        }

        fn restore_optimizer(&self, optimizer: &mut Optimizer<f32>, state: State<f32>) -> Result<()> {
            self.0.restore_optimizer(optimizer, state)
        }
    }

    #[test]
    fn a_section_that_fails_is_a_sentence() {
        let data = digits();
        let model = Broken(Pca::fit(data.train.x(), 3));
        let entry = find("pca").unwrap();
        let config = Config {
            model: "pca".into(),
            data: "digits".into(),
            reading: Reading::default(),
            train: entry.plan(&data.train),
            settings: toml::Table::new(),
        };
        let (reference, preparation) = (&Reference::of(&model, &data), &Preparation::plain(&data.train));
        let (epochs, folder) = (&[], "a".into());
        let run = Run {
            entry,
            model: &model,
            reference,
            preparation,
            config: &config,
            epochs,
            seconds: 0.0,
            folder,
        };
        let page = page(&run);
        assert!(page.contains("This section could not be made: there is no &lt;memory&gt; for 7 numbers"));
        for id in ["summary", "explorer", "codes", "histograms", "jacobian", "settings"] {
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
        }
    }
}
