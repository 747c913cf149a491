//! The list of models. The command line, the README's table and the tests all walk it.

use nn::checkpoint::nearest;
use nn::{Dataset, Error, Generator, Purpose, Result, Schedule, generator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Table;

use crate::AnyModel;
use crate::models::{autoencoder, pca, vae};
use crate::models::{contractive, ica, rae, sequence, stacked, wae};
use crate::train::Plan;

/// The settings of one kind of model.
pub trait Settings: Serialize + DeserializeOwned {
    /// The model they describe.
    type Model: AnyModel + 'static;

    /// The settings for data of this kind when nothing else is said.
    fn defaults(data: &Dataset) -> Self;

    /// A model with initial parameters for this training data.
    ///
    /// # Errors
    /// If a setting makes no sense.
    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model>;
}

/// How a model comes to its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Training {
    /// By gradient descent.
    Gradient,
    /// In closed form, when it is built.
    ClosedForm,
}

/// A model of the zoo.
pub struct Entry {
    /// The name on the command line.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Its loss.
    pub equation: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// How it is trained.
    pub training: Training,
    /// Whether decoding draws from `N(0, I)` makes new examples.
    pub generative: bool,
    complete: fn(&Table, &Dataset) -> Result<Table>,
    build: fn(&Table, &Dataset, &mut Generator) -> Result<Box<dyn AnyModel>>,
}

/// Every model.
pub const MODELS: &[Entry] = &[
    Entry {
        name: "pca",
        title: "principal component analysis",
        equation: "‖x − x̂‖², linear, solved exactly",
        source: "Pearson 1901; Hotelling 1933",
        training: Training::ClosedForm,
        generative: false,
        complete: complete::<pca::Config>,
        build: build::<pca::Config>,
    },
    Entry {
        name: "ae",
        title: "autoencoder",
        equation: "‖x − x̂‖²",
        source: "Rumelhart et al. 1986; Hinton & Salakhutdinov 2006",
        training: Training::Gradient,
        generative: false,
        complete: complete::<autoencoder::Config>,
        build: build::<autoencoder::Config>,
    },
    Entry {
        name: "vae",
        title: "variational autoencoder",
        equation: "E[−ln p(x|z)] + β KL(q(z|x) ‖ N(0, I))",
        source: "Kingma & Welling 2014; Rezende et al. 2014",
        training: Training::Gradient,
        generative: true,
        complete: complete::<vae::Config>,
        build: build::<vae::Config>,
    },
    Entry {
        name: "contractive",
        title: "contractive autoencoder",
        equation: "−ln p(x|z) + λ ‖∂z/∂x‖²",
        source: "Rifai et al. 2011",
        training: Training::Gradient,
        generative: false,
        complete: complete::<contractive::Config>,
        build: build::<contractive::Config>,
    },
    Entry {
        name: "rae",
        title: "regularised autoencoder",
        equation: "‖x − x̂‖² + β ½ ‖z‖² + λ ‖∂x̂/∂z‖²",
        source: "Ghosh et al. 2020",
        training: Training::Gradient,
        generative: false,
        complete: complete::<rae::Config>,
        build: build::<rae::Config>,
    },
    Entry {
        name: "wae",
        title: "Wasserstein autoencoder",
        equation: "‖x − x̂‖² + λ MMD²(q(z), N(0, I))",
        source: "Tolstikhin et al. 2018; Kolouri et al. 2019",
        training: Training::Gradient,
        generative: true,
        complete: complete::<wae::Config>,
        build: build::<wae::Config>,
    },
    Entry {
        name: "stacked",
        title: "stacked autoencoder, pretrained layer by layer",
        equation: "−ln p(x|z)",
        source: "Bengio et al. 2007; Vincent et al. 2010",
        training: Training::Gradient,
        generative: false,
        complete: complete::<stacked::Config>,
        build: build::<stacked::Config>,
    },
    Entry {
        name: "ica",
        title: "independent components (reconstruction ICA)",
        equation: "‖WᵀWx̃ − x̃‖² + λ Σ ln cosh z, x̃ white",
        source: "Le et al. 2011",
        training: Training::Gradient,
        generative: false,
        complete: complete::<ica::Config>,
        build: build::<ica::Config>,
    },
    Entry {
        name: "sequence",
        title: "sequence autoencoder",
        equation: "Σₜ ‖xₜ − x̂ₜ‖², read and written by GRUs",
        source: "Srivastava et al. 2015; Cho et al. 2014",
        training: Training::Gradient,
        generative: false,
        complete: complete::<sequence::Config>,
        build: build::<sequence::Config>,
    },
];

/// The model with this name.
///
/// # Errors
/// If there is none; the message names the nearest.
pub fn find(name: &str) -> Result<&'static Entry> {
    MODELS.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let names = || MODELS.iter().map(|entry| entry.name);
        let known = names().collect::<Vec<_>>().join(", ");
        Error::Invalid(match nearest(name, names()) {
            Some(near) => format!("there is no model `{name}`; did you mean `{near}`? (models: {known})"),
            None => format!("there is no model `{name}`; the models are {known}"),
        })
    })
}

impl Entry {
    /// The given settings, completed with the defaults for this data.
    ///
    /// # Errors
    /// If a setting is unknown or has the wrong type.
    pub fn complete(&self, given: &Table, data: &Dataset) -> Result<Table> {
        (self.complete)(given, data)
            .map_err(|error| Error::Invalid(format!("model `{}`: {error}", self.name)))
    }

    /// A model with these settings for this training data; the seed decides its initial parameters.
    ///
    /// # Errors
    /// If a setting makes no sense.
    pub fn build(&self, settings: &Table, data: &Dataset, seed: u64) -> Result<Box<dyn AnyModel>> {
        (self.build)(settings, data, &mut generator(seed, Purpose::Init, 0, 0))
    }

    /// How to train it on this data when nothing else is said.
    pub fn plan(&self, data: &Dataset) -> Plan {
        let small = data.width() < 256;
        let (epochs, batch, learning_rate) = if small { (600, 64, 2e-3) } else { (20, 128, 1e-3) };
        let schedule = if small { Schedule::Cosine { floor: 0.0 } } else { Schedule::Constant };
        Plan { epochs, batch: batch.min(data.len()), learning_rate, schedule, ..Plan::default() }
    }
}

fn complete<S: Settings>(given: &Table, data: &Dataset) -> Result<Table> {
    let mut table = Table::try_from(S::defaults(data)).expect("settings are a table");
    for (key, value) in given {
        if !table.contains_key(key) {
            let known = table.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(Error::Invalid(match nearest(key, table.keys().map(String::as_str)) {
                Some(near) => {
                    format!("there is no setting `{key}`; did you mean `{near}`? (settings: {known})")
                }
                None => format!("there is no setting `{key}`; its settings are {known}"),
            }));
        }
        table.insert(key.clone(), value.clone());
    }
    typed::<S>(&table)?;
    Ok(table)
}

fn build<S: Settings>(table: &Table, data: &Dataset, from: &mut Generator) -> Result<Box<dyn AnyModel>> {
    Ok(Box::new(typed::<S>(table)?.build(data, from)?))
}

fn typed<S: Settings>(table: &Table) -> Result<S> {
    table
        .clone()
        .try_into()
        .map_err(|error: toml::de::Error| Error::Invalid(error.message().trim().to_owned()))
}
