//! What is decided about a model before it is trained.

use nn::{Dataset, Error, Generator, Purpose, Result, generator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

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

/// Refuses settings of a model that is larger than any memory, before something tries to build it.
pub(crate) fn check_sizes(settings: &Table, features: usize) -> Result<()> {
    /// Whole numbers that are no sizes but times.
    const TIMES: [&str; 2] = ["pretraining", "dead_after"];
    /// How often the same layers are repeated.
    const REPEATED: [&str; 3] = ["blocks", "layers", "steps"];
    let settings: Table = ["model", "network"]
        .iter()
        .filter_map(|name| settings.get(*name)?.as_table())
        .flatten()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let whole = |value: &Value| value.as_integer().map(|size| size as f64);
    // Every size, and whether units of this number may meet as many: the layers of a list meet each other.
    let (mut sizes, mut repeated) = (vec![(features as f64, false)], 1.0_f64);
    for (key, value) in settings.iter().filter(|(key, _)| !TIMES.contains(&key.as_str())) {
        let all = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        match REPEATED.contains(&key.as_str()) {
            true => repeated *= whole(value).unwrap_or(1.0).max(1.0),
            false => sizes
                .extend(all.iter().filter_map(whole).map(|size| (size, key != "code" && value.is_integer()))),
        }
    }
    // Nobody but the model knows which layers meet in a matrix, so all pairs do here.
    let mut numbers = 0.0;
    for (place, (size, squared)) in sizes.iter().enumerate() {
        let itself = if *squared { *size } else { 1.0 };
        numbers += size * (itself + sizes[..place].iter().map(|(other, _)| other).sum::<f64>());
    }
    let sizes = settings.iter().filter(|(key, value)| {
        !TIMES.contains(&key.as_str()) && (value.is_integer() || value.as_array().is_some())
    });
    let text: Vec<String> = sizes.map(|(key, value)| format!("{key} = {value}")).collect();
    check_size(&format!("a model with {}", text.join(", ")), numbers * repeated)
}
