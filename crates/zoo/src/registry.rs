//! The list of models. The command line, the README's table and the tests all walk it.
//!
//! ```
//! use zoo::{data, registry};
//!
//! # fn main() -> nn::Result<()> {
//! let digits = data::digits();
//! let entry = registry::find("ae")?;
//! let settings = toml::toml! { code = 4 };
//! let model = entry.build(&entry.complete(&settings, &digits.train)?, &digits.train, 0)?;
//! assert_eq!(model.encode(digits.test.x()).shape(), [359, 4]);
//! # Ok(())
//! # }
//! ```

use autograd::{Tensor, cost};
use nn::checkpoint::nearest;
use nn::data::schema::{self, Schema};
use nn::{Dataset, Error, Result, Schedule};
use toml::Table;

use crate::data::Preparation;
use crate::forecast::{available, size};
use crate::models::*;
use crate::settings::{self, check_numbers, sizes};
use crate::train::Plan;
use crate::{AnyModel, Settings};

mod kind;
pub(crate) use kind::Kind;
use kind::Start;

/// How a model comes to its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Training {
    /// By gradient descent.
    Gradient,
    /// In closed form, when it is built.
    ClosedForm,
}

/// Choices of users that a model learns from, to recommend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recommends {
    /// Who chose what.
    Choices,
    /// How it was rated.
    Ratings,
}

impl Recommends {
    /// How to train on so many users. An example has few of the items, however many there are, so the rate stays that of the
    /// papers. Tastes are learnt soon, and after that single users.
    fn plan(self, users: usize) -> Plan {
        let epochs = if self == Recommends::Choices { 60 } else { 20 };
        let batch = (users / 8).clamp(16, 500).min(users);
        Plan {
            epochs,
            batch,
            learning_rate: 1e-3,
            schedule: Schedule::Cosine { floor: 0.0 },
            ..Plan::default()
        }
    }
}

/// A model of the zoo, as its own file states it.
pub struct Entry {
    /// The name on the command line.
    pub name: &'static str,
    /// Its title: a few words.
    pub title: &'static str,
    /// Its loss.
    pub equation: &'static str,
    /// Its paper.
    pub source: &'static str,
    /// The way to its parameters.
    pub training: Training,
    /// Whether nothing but a small code keeps the model from copying its input.
    pub may_copy: bool,
    /// Whether it makes examples of a class that is asked for.
    pub draws_classes: bool,
    /// Whether gaps have no part in what it learns. Another model learns from what they are filled with.
    pub leaves_gaps_out: bool,
    /// Whether it can learn from texts: its loss says of a decoder no more than the likelihood of examples given codes.
    pub reads_texts: bool,
    /// The kind of choices that it learns from to recommend, if that is its purpose.
    pub recommends: Option<Recommends>,
    /// Whether a layer of it has a weight for every feature, and not for a neighbourhood or a step.
    pub reads_all_at_once: bool,
    /// The length of a window of sound that suits it when nothing is said, in milliseconds, if it is not the usual one.
    pub window_ms: Option<f64>,
    /// The word for an example, where it is always the same.
    pub example: Option<&'static str>,
    /// The model and the settings that it is, if it has no file of its own.
    pub preset: Option<Preset>,
    /// The text of the file that explains it, for [`describe`](crate::describe).
    pub(crate) about: &'static str,
    /// The text of the file that has its settings.
    pub(crate) text: &'static str,
    pub(crate) kind: Kind,
}

/// A model with some settings, which has a name of its own.
#[derive(Clone, Copy)]
pub struct Preset {
    /// The model.
    pub of: &'static Entry,
    /// Its settings that are not the usual ones, in TOML.
    pub settings: &'static str,
}

/// Every model, a line for each.
// A `const` would be compiled again, with all that it refers to, in every program that names it.
pub static MODELS: &[&Entry] = &[
    &pca::ENTRY,
    &autoencoder::ENTRY,
    &linear::ENTRY,
    &presets::RESIDUAL,
    &presets::CONV,
    &denoising::ENTRY,
    &dncnn::ENTRY,
    &spectral_mask::ENTRY,
    &sparse::ENTRY,
    &sparse_kl::ENTRY,
    &topk::ENTRY,
    &jumprelu::ENTRY,
    &vae::ENTRY,
    &capacity_vae::ENTRY,
    &tc_vae::ENTRY,
    &iwae::ENTRY,
    &vamp::ENTRY,
    &flow_vae::ENTRY,
    &conditional_vae::ENTRY,
    &vq_vae::ENTRY,
    &contractive::ENTRY,
    &rae::ENTRY,
    &wae::ENTRY,
    &stacked::ENTRY,
    &ica::ENTRY,
    &presets::SEQUENCE,
    &mult_vae::ENTRY,
    &mult_dae::ENTRY,
    &autorec::ENTRY,
];

/// The model with this name.
///
/// # Errors
/// If there is none; the message names the nearest.
pub fn find(name: &str) -> Result<&'static Entry> {
    MODELS.iter().copied().find(|entry| entry.name == name).ok_or_else(|| {
        let names = || MODELS.iter().map(|entry| entry.name);
        let known = names().collect::<Vec<_>>().join(", ");
        Error::setting(
            "model",
            match nearest(name, names()) {
                Some(near) => format!("there is no model `{name}`; did you mean `{near}`? (models: {known})"),
                None => format!("there is no model `{name}`; the models are {known}"),
            },
        )
    })
}

impl Entry {
    /// An entry of a model with settings of this type, whose file is `text`, and which has nothing special.
    pub(crate) const fn of<S: Settings>(text: &'static str) -> Self {
        Entry {
            name: "",
            title: "",
            equation: "",
            source: "",
            training: Training::Gradient,
            may_copy: false,
            draws_classes: false,
            leaves_gaps_out: false,
            reads_texts: false,
            recommends: None,
            reads_all_at_once: true,
            window_ms: None,
            example: None,
            preset: None,
            about: text,
            text,
            kind: Kind::of::<S>(),
        }
    }

    /// An entry of a model with these settings, which `about` explains: a file that begins with a comment.
    pub(crate) const fn preset(of: &'static Entry, settings: &'static str, about: &'static str) -> Self {
        Entry { preset: Some(Preset { of, settings }), about, reads_texts: false, ..*of }
    }

    /// The given settings, completed with the defaults for this data.
    ///
    /// # Errors
    /// If a setting is unknown or has the wrong type.
    pub fn complete(&self, given: &Table, data: &Dataset) -> Result<Table> {
        let complete = || self.kind.complete(&self.with_preset(given, data)?, data);
        complete().map_err(|error| error.within(format!("model `{}`", self.name)))
    }

    /// The given settings, and those of the preset about which nothing is said.
    fn with_preset(&self, given: &Table, data: &Dataset) -> Result<Table> {
        let Some(preset) = &self.preset else { return Ok(given.clone()) };
        let mut all = settings::flat(&preset.settings.parse().expect("a preset is TOML"));
        // Like any likelihood that nobody asked for, it gives way where the data do not suit it.
        all.retain(|key, value| key != "likelihood.name" || kind::suits(value, data));
        let own = all.get("network.name").cloned();
        settings::flat(given).into_iter().for_each(|(key, value)| settings::say(&mut all, &key, value));
        match (own, all.get("network.name")) {
            (Some(own), Some(other)) if own != *other => {
                let (name, of) = (self.name, preset.of.name);
                let other = other.as_str().unwrap_or("?");
                let problem = format!(
                    "`{name}` is `{of}` on the network {own}; for another, train `{of}` with --net {other}"
                );
                Err(Error::setting("network.name", problem))
            }
            _ => Ok(all),
        }
    }

    /// A model with these settings for this training data; the seed decides its initial parameters.
    ///
    /// # Errors
    /// If a setting makes no sense.
    pub fn build(&self, settings: &Table, data: &Dataset, seed: u64) -> Result<Box<dyn AnyModel>> {
        self.built(settings, data, Start::Seed(seed))
    }

    /// A model with these settings that waits for the parameters of a checkpoint. It needs to know what the
    /// training data were like, not the data.
    ///
    /// # Errors
    /// If a setting makes no sense.
    pub fn outline(&self, settings: &Table, data: &Preparation) -> Result<Box<dyn AnyModel>> {
        const ROWS: usize = 4;
        let labels = data.classes.checked_sub(1).map(|last| vec![last as u32; ROWS]);
        let x = Tensor::zeros([ROWS, data.features]);
        let like = Dataset::new(x).with_labels(labels).with_schema(data.schema.clone());
        self.built(settings, &like, Start::Checkpoint(data.examples))
            .map_err(|error| error.within(format!("model `{}`", self.name)))
    }

    /// The same for pictures of another height and width.
    ///
    /// # Errors
    /// Those of [`outline`](Self::outline), and if the examples are no pictures.
    pub fn outline_at(
        &self,
        settings: &Table,
        data: &Preparation,
        [height, width]: [usize; 2],
    ) -> Result<Box<dyn AnyModel>> {
        let Some([channels, ..]) = data.shape() else {
            return Err(Error::unsupported("these examples are no pictures"));
        };
        let schema = Schema::image([channels, height, width], schema::Kind::UnitInterval);
        let mut data = data.clone();
        (data.features, data.schema) = (schema.width(), schema);
        self.outline(settings, &data)
    }

    /// A model, if there is memory for it. A new one leaves half of that for its training: gradients take as much as the
    /// parameters, and moments of them twice as much.
    fn built(&self, settings: &Table, data: &Dataset, start: Start) -> Result<Box<dyn AnyModel>> {
        check_numbers(settings)?;
        let left = available().unwrap_or(16 << 30) as usize;
        let is_new = matches!(start, Start::Seed(_)) && self.training == Training::Gradient;
        let most = if is_new { left / 2 } else { left };
        cost::within(most, || (self.kind.build)(settings, data, start)).unwrap_or_else(|much| {
            let (what, much, left) = (sizes(settings), size(much.0), size(left as f64));
            let problem = format!(
                "a model with {what} is too large: one of its tensors needs {much} more, and this machine has {left} left; \
                 choose less"
            );
            Err(Error::setting("model", problem))
        })
    }

    /// The sentence about gaps of these data, if the model learns from what they are filled with.
    pub fn on_gaps(&self, data: &Dataset) -> Option<String> {
        (data.observed().is_some() && !self.leaves_gaps_out).then(|| {
            format!("`{}` learns from gaps as if they held the mean of their column; `ae` and `vae` leave them out", self.name)
        })
    }

    /// Name of an example of this data for this model, as in the unit of its error: `img`, `row` or `sequence`.
    pub fn example(&self, data: &Dataset) -> &'static str {
        let by_shape = match data.schema().shape() {
            Some(schema::Shape::Image { .. }) => "img",
            Some(schema::Shape::Tokens { .. }) => "text",
            _ => "row",
        };
        self.example.unwrap_or(by_shape)
    }

    /// The words that a setting of this name may be in complete settings, if it is one of a few.
    pub(crate) fn words(&self, settings: &Table, setting: &str) -> Vec<&'static str> {
        (self.kind.words)(settings, setting)
    }

    /// How to train it on this data when nothing else is said.
    pub fn plan(&self, data: &Dataset) -> Plan {
        self.plan_of(data, data.len())
    }

    /// The same for so many examples like these, which need not all be in memory.
    pub fn plan_of(&self, data: &Dataset, examples: usize) -> Plan {
        match data.schema().shape() {
            Some(schema::Shape::Tokens { .. }) => of_texts(examples),
            _ => self.plan_for(data.width(), examples),
        }
    }

    /// The same for so many features and examples that are no texts, and need not all be in memory.
    ///
    /// What a network learns depends on the number of steps. So few examples are gone through more often than many: the
    /// steps are those of the embedded digits in 600 epochs, for wide examples those of MNIST in 20. A few pictures
    /// come in small batches, or an epoch would be a single step. A step of Adam changes every weight by the learning
    /// rate, and the sum that a unit makes of an example by as much for each of its features; so the rate falls where
    /// a layer reads thousands of them at once.
    pub fn plan_for(&self, features: usize, examples: usize) -> Plan {
        if let Some(recommends) = self.recommends {
            return recommends.plan(examples);
        }
        let small = features < 256;
        let (steps, batch, learning_rate) =
            if small { (13_800, 64, 2e-3) } else { (9_380, (examples / 8).clamp(16, 128), 1e-3) };
        let batch = batch.min(examples);
        let epochs = (steps / examples.div_ceil(batch.max(1)).max(1)).clamp(20, 600);
        /// As many features as the rate above suits.
        const SUITED: f64 = 1024.0;
        let learning_rate = match self.reads_all_at_once {
            true => learning_rate * (SUITED / features as f64).sqrt().min(1.0),
            false => learning_rate,
        };
        let schedule = if small { Schedule::Cosine { floor: 0.0 } } else { Schedule::Constant };
        Plan { epochs, batch, learning_rate, schedule, ..Plan::default() }
    }
}

/// How to train on so many texts. A step goes through all characters of a text, one after the other, so there are fewer of
/// them; and a gradient that came through so many steps may be far too large once in a while.
fn of_texts(examples: usize) -> Plan {
    const STEPS: usize = 6000;
    let batch = 64.min(examples);
    let epochs = (STEPS / examples.div_ceil(batch.max(1)).max(1)).clamp(10, 200);
    let schedule = Schedule::Cosine { floor: 0.0 };
    Plan { epochs, batch, learning_rate: 2e-3, schedule, clip_norm: Some(1.0), ..Plan::default() }
}

/// The sentence for a setting that does not exist; `prefix` is `train.` for those of training.
pub(crate) fn unknown(prefix: &str, key: &str, known: &[&str]) -> Error {
    let all = known.iter().map(|name| format!("{prefix}{name}")).collect::<Vec<_>>().join(", ");
    Error::setting(
        format!("{prefix}{key}"),
        match nearest(key, known.iter().copied()) {
            Some(near) => {
                format!(
                    "there is no setting `{prefix}{key}`; did you mean `{prefix}{near}`? (settings: {all})"
                )
            }
            None => format!("there is no setting `{prefix}{key}`; its settings are {all}"),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_examples_are_gone_through_more_often_than_many() {
        let plan = |features, examples| {
            let Plan { epochs, batch, .. } = find("ae").unwrap().plan_for(features, examples);
            (epochs, batch)
        };
        assert_eq!(plan(64, 1438), (600, 64), "the embedded digits");
        assert_eq!(plan(784, 60_000), (20, 128), "MNIST");
        assert_eq!(plan(1024, 96), (600, 16), "a few photos");
        assert_eq!(plan(10, 1_000_000), (20, 64), "a long table");
        assert_eq!([plan(10, 1), plan(784, 1)], [(600, 1); 2]);
    }

    #[test]
    fn many_features_are_learnt_in_smaller_steps() {
        let rate = |name: &str, features| find(name).unwrap().plan_for(features, 1000).learning_rate;
        assert_eq!([rate("ae", 64), rate("ae", 784), rate("ae", 4096)], [2e-3, 1e-3, 5e-4]);
        assert_eq!(rate("conv", 128 * 128), 1e-3);
    }
}
