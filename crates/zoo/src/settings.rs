//! What is decided about a model before it is trained.

use nn::{Dataset, Error, Generator, Purpose, Result, generator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::network::Network;
use crate::registry::Kind;
use crate::{AnyModel, Likelihood};

mod sections;
pub(crate) mod typed;

pub use self::sections::{SECTIONS, find, names};
pub(crate) use self::sections::{flat, on, place, read, say, written};

/// The settings of one kind of model.
pub trait Settings: Serialize + DeserializeOwned {
    /// The model they describe.
    type Model: AnyModel + 'static;

    /// The likelihoods that it can have, if `likelihood` is one of its settings.
    const LIKELIHOODS: &[Likelihood] = Likelihood::PLAIN;

    /// The settings for data of this kind. If the network is open, they have the layers over all features that suit what
    /// is learnt, whatever the data are.
    fn usual(data: &Dataset) -> Self;

    /// The name of the network that suits data of this kind, if it is open.
    fn network(data: &Dataset) -> &'static str {
        Network::suited(data)
    }

    /// The settings for data of this kind when nothing else is said, on the network that suits them.
    fn defaults(data: &Dataset) -> Self {
        let sections = on::<Self>(data, None).expect("the network that suits is one");
        read(&sections).expect("what was written can be read")
    }

    /// The given settings, each by its name or with its section, completed for data of this kind.
    ///
    /// # Errors
    /// If a setting is unknown or has the wrong type.
    fn complete(given: &Table, data: &Dataset) -> Result<Self> {
        Self::from_sections(&Kind::of::<Self>().complete(given, data)?)
    }

    /// The settings of complete [sections](SECTIONS).
    ///
    /// # Errors
    /// If one is missing, unknown or of the wrong type.
    fn from_sections(sections: &Table) -> Result<Self> {
        read(sections).map_err(|misfit| Error::setting("settings", misfit.to_string()))
    }

    /// The settings in [sections](SECTIONS).
    fn sections(&self) -> Table {
        written(self)
    }

    /// A model with initial parameters for this training data.
    ///
    /// # Errors
    /// If a setting makes no sense.
    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model>;

    /// A model of the same shape, whose parameters will come from a checkpoint. `like` is a few examples of
    /// zeros that have the width, the image size and the classes of the training examples, of which there
    /// were `examples`. A model that learns something from the data when it is built does without here.
    ///
    /// # Errors
    /// If a setting makes no sense.
    fn outline(&self, like: &Dataset, _examples: usize) -> Result<Self::Model> {
        self.build(like, &mut generator(0, Purpose::Init, 0, 0))
    }
}

/// Refuses what would need this many numbers (which may be a guess) if they are more than a machine can hold.
/// `what` is the setting that asks for them, with its value.
///
/// # Errors
/// With one sentence that names it.
pub fn check_size(what: &str, numbers: f64) -> Result<()> {
    /// 16 gigabytes; a training needs several times as much.
    const MOST: f64 = (1_u64 << 32) as f64;
    // The system may know that it has less. What is reserved here goes back at once.
    if numbers <= MOST && Vec::<f32>::new().try_reserve_exact(numbers as usize).is_ok() {
        return Ok(());
    }
    Err(Error::setting(
        what,
        format!("{what} is too large: it needs about {numbers:.0e} numbers in memory; choose less"),
    ))
}

/// Refuses whole numbers among the settings of a model that are beyond all use, before something counts with them.
///
/// # Errors
/// With one sentence that names the setting.
pub(crate) fn check_numbers(settings: &Table) -> Result<()> {
    /// A thousand millions.
    const MOST: i64 = 1_000_000_000;
    let sections = ["model", "network"].iter().filter_map(|name| settings.get(*name)?.as_table());
    for (key, value) in sections.flatten() {
        let all = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        if let Some(number) = all.iter().filter_map(Value::as_integer).find(|number| *number > MOST) {
            let problem = format!("{key} = {number} is too large; the most that a setting may be is {MOST}");
            return Err(Error::setting(key, problem));
        }
    }
    Ok(())
}

/// The sizes among the settings of a model, as in `code = 8, hidden = [64]`.
pub(crate) fn sizes(settings: &Table) -> String {
    let is_size = |value: &Value| value.is_integer() || value.as_array().is_some();
    let sections = ["model", "network"].iter().filter_map(|name| settings.get(*name)?.as_table());
    let sizes = sections.flatten().filter(|(_, value)| is_size(value));
    sizes.map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
}
