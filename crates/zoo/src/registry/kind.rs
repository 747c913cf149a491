//! Settings of a model's own type behind a table of names and values: defaults, completion, and the model they build.

use nn::{Dataset, Error, Purpose, Result, generator};
use serde::Deserialize;
use toml::{Table, Value};

use crate::densities::Support;
use crate::network::texts::text_of;
use crate::settings;
use crate::settings::typed::Misfit;
use crate::{AnyModel, Likelihood, Settings};

/// Functions of an entry that depend on the type of its settings.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    /// The settings for data of this kind on the network of this name, or on the one that suits them.
    on: fn(&Dataset, Option<&str>) -> Result<Table>,
    /// The same settings, written as the model reads them: `beta = 4` becomes `beta = 4.0`.
    settle: fn(&Table) -> Result<Table>,
    /// The words that a setting may be, if it is one of a few that the model can use.
    pub(super) words: fn(&Table, &str) -> Vec<&'static str>,
    /// Likelihoods that the model can have.
    likelihoods: &'static [Likelihood],
    pub(super) build: fn(&Table, &Dataset, Start) -> Result<Box<dyn AnyModel>>,
}

impl Kind {
    pub(crate) const fn of<S: Settings>() -> Self {
        Kind {
            likelihoods: S::LIKELIHOODS,
            on: settings::on::<S>,
            settle: |table| S::from_sections(table).map(|settings| settings.sections()),
            words: |sections, key| {
                let Ok((section, name)) = settings::place(sections, key) else { return vec![] };
                let with = |word: &str| {
                    let mut sections = sections.clone();
                    sections[section][name] = word.into();
                    sections
                };
                let usable = |word: &&&str| {
                    let sections = with(word);
                    let known = section != LIKELIHOOD
                        || likelihood(&sections).is_some_and(|l| S::LIKELIHOODS.contains(&l));
                    known && (key == "network.name" || settings::read::<S>(&sections).is_ok())
                };
                match settings::read::<S>(&with("?")) {
                    Err(Misfit::Word { known, .. }) => known.iter().filter(usable).copied().collect(),
                    _ => vec![],
                }
            },
            build: |table, data, start| {
                let settings = S::from_sections(table)?;
                Ok(Box::new(match start {
                    Start::Seed(seed) => settings.build(data, &mut generator(seed, Purpose::Init, 0, 0))?,
                    Start::Checkpoint(examples) => settings.outline(data, examples)?,
                }))
            },
        }
    }

    pub(crate) fn complete(&self, given: &Table, data: &Dataset) -> Result<Table> {
        let given = settings::flat(given);
        let defaults = (self.on)(data, None)?;
        let network = match given.get("network.name") {
            Some(name) if defaults.contains_key("network") => Some(name.as_str().unwrap_or("?")),
            _ => None,
        };
        let mut table = (self.on)(data, network)?;
        let plain = self.likelihoods.contains(&Likelihood::SquaredError);
        let of_any_number = match text_of(data.schema()) {
            Some(_) => "token",
            None if plain => "squared_error",
            None => "gaussian",
        };
        if let Some(usual) = likelihood(&table) {
            if unsuitable(usual, data).is_some() {
                table[LIKELIHOOD]["name"] = of_any_number.into();
            } else if let Some(other) = usual.instead(data.schema()).filter(|l| self.likelihoods.contains(l))
            {
                table[LIKELIHOOD]["name"] = other.word().into();
            }
        }
        let defaults = table.clone();
        for (key, value) in &given {
            let (section, name) = settings::place(&defaults, key)?;
            table[section][name] = value.clone();
        }
        let settled = (self.settle)(&table).map_err(|error| self.blame(&given, &defaults, error))?;
        if let Some(likelihood) = likelihood(&table) {
            let name = &table[LIKELIHOOD]["name"];
            if !self.likelihoods.contains(&likelihood) {
                let hint = match likelihood.is_density() {
                    true => "it learns more, or needs more numbers of a decoder, than this model has",
                    false => "it is no distribution; `fixed_gaussian` is the squared error with its constant",
                };
                let problem = format!("likelihood = {name} cannot be used by this model: {hint}");
                return Err(Error::setting(LIKELIHOOD, problem));
            }
            if let Some(problem) = unsuitable(likelihood, data) {
                let problem =
                    format!("likelihood = {name} is {problem}, or --set likelihood={of_any_number}");
                return Err(Error::setting(LIKELIHOOD, problem));
            }
        }
        Ok(settled)
    }

    /// Names the setting because of which these cannot be used.
    fn blame(&self, given: &Table, defaults: &Table, error: Error) -> Error {
        let alone = |(key, value): (&String, &Value)| {
            let (section, name) = settings::place(defaults, key).ok()?;
            let mut table = defaults.clone();
            table[section][name] = value.clone();
            Some((format!("{section}.{name}"), (self.settle)(&table).err()?))
        };
        match given.iter().find_map(alone) {
            Some((key, error)) => {
                let problem = format!("the setting `{key}` cannot be used: {error}");
                Error::setting(key, problem)
            }
            None => error,
        }
    }
}

/// Where the parameters of a new model come from.
pub(super) enum Start {
    /// From a generator of this seed, and from the data.
    Seed(u64),
    /// From a checkpoint, later; the model was trained with this many examples.
    Checkpoint(usize),
}

/// The section that says what the decoder's output means.
const LIKELIHOOD: &str = "likelihood";

/// The likelihood of these settings.
fn likelihood(settings: &Table) -> Option<Likelihood> {
    Likelihood::deserialize(settings.get(LIKELIHOOD)?.get("name")?.clone()).ok()
}

/// Whether a likelihood of this name is for these data.
pub(super) fn suits(name: &Value, data: &Dataset) -> bool {
    Likelihood::deserialize(name.clone()).is_ok_and(|likelihood| unsuitable(likelihood, data).is_none())
}

/// Why a likelihood is not for these data, and what would help. In data of several blocks only some have it, and those
/// are of the right kind.
fn unsuitable(likelihood: Likelihood, data: &Dataset) -> Option<String> {
    if data.schema().blocks().len() > 1 {
        return None;
    }
    let is_text = text_of(data.schema()).is_some();
    match (likelihood.support() == Support::Tokens, is_text) {
        (true, true) => return None,
        (true, false) => {
            return Some("for the tokens of texts, which these values are not; leave it away".into());
        }
        (false, true) => return Some("for numbers, and these are texts; leave it away".into()),
        (false, false) => {}
    }
    let [low, high] = range(data);
    match likelihood.support() {
        Support::UnitInterval if !(low >= 0.0 && high <= 1.0) => {
            Some(format!("for values from 0 to 1, but these go from {low} to {high}; use --scale minmax"))
        }
        Support::Counts | Support::Levels if !all(data, |x| x >= 0.0 && x.fract() == 0.0) => Some(
            "for counts 0, 1, 2 and so on, which these values are not; use --scale none if they were".into(),
        ),
        Support::OneHot if !all(data, |x| x == 0.0 || x == 1.0) => Some(
            "for a category, whose columns are 0 but for one that is 1; use --scale none if they were".into(),
        ),
        _ => None,
    }
}

fn all(data: &Dataset, holds: impl Fn(f32) -> bool) -> bool {
    data.x().contiguous().as_slice().expect("contiguous").iter().all(|&x| holds(x))
}

/// The smallest and the largest value.
fn range(data: &Dataset) -> [f32; 2] {
    let x = data.x().contiguous();
    let values = x.as_slice().expect("contiguous");
    values.iter().fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], &v| [low.min(v), high.max(v)])
}
