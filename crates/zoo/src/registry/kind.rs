//! Settings of a model's own type behind a table of names and values: defaults, completion, and the model they build.

use nn::{Dataset, Error, Purpose, Result, generator};
use serde::Deserialize;
use toml::{Table, Value};

use super::unknown;
use crate::densities::Support;
use crate::settings::typed;
use crate::{AnyModel, Likelihood, Settings};

/// Functions of an entry that depend on the type of its settings.
pub(super) struct Kind {
    /// The settings for data of this kind when nothing else is said.
    defaults: fn(&Dataset) -> Table,
    /// The same settings, written as the model reads them: `beta = 4` becomes `beta = 4.0`.
    settle: fn(&Table) -> Result<Table>,
    /// The words that a setting may be, if it is one of a few that the model can use.
    pub(super) words: fn(&Dataset, &str) -> Vec<&'static str>,
    /// Likelihoods that the model can have.
    likelihoods: &'static [Likelihood],
    pub(super) build: fn(&Table, &Dataset, Start) -> Result<Box<dyn AnyModel>>,
}

impl Kind {
    pub(super) const fn of<S: Settings>() -> Self {
        Kind {
            likelihoods: S::LIKELIHOODS,
            defaults: |data| written(&S::defaults(data)),
            settle: |table| read::<S>(table).map(|settings| written(&settings)),
            words: |data, key| {
                let table = written(&S::defaults(data));
                let usable = |word: &&&str| {
                    let table = typed::with(&table, key, word);
                    let known =
                        key != LIKELIHOOD || likelihood(&table).is_some_and(|l| S::LIKELIHOODS.contains(&l));
                    known && typed::read::<S>(&table).is_ok()
                };
                typed::words::<S>(&table, key).iter().filter(usable).copied().collect()
            },
            build: |table, data, start| {
                let settings = read::<S>(&as_now(table, S::LIKELIHOODS))?;
                Ok(Box::new(match start {
                    Start::Seed(seed) => settings.build(data, &mut generator(seed, Purpose::Init, 0, 0))?,
                    Start::Checkpoint(examples) => settings.outline(data, examples)?,
                }))
            },
        }
    }

    pub(super) fn complete(&self, given: &Table, data: &Dataset) -> Result<Table> {
        let mut table = (self.defaults)(data);
        let plain = self.likelihoods.contains(&Likelihood::SquaredError);
        let of_any_number = if plain { "squared_error" } else { "gaussian" };
        if likelihood(&table).is_some_and(|likelihood| unsuitable(likelihood, data).is_some()) {
            table.insert(LIKELIHOOD.into(), of_any_number.into());
        }
        for (key, value) in given {
            if !table.contains_key(key) {
                let known: Vec<&str> = table.keys().map(String::as_str).collect();
                return Err(unknown("", key, &known));
            }
            table.insert(key.clone(), value.clone());
        }
        let settled = (self.settle)(&table).map_err(|error| self.blame(given, data, error))?;
        if let Some(likelihood) = likelihood(&table) {
            let name = &table[LIKELIHOOD];
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
    fn blame(&self, given: &Table, data: &Dataset, error: Error) -> Error {
        let defaults = (self.defaults)(data);
        let alone = |(key, value): (&String, &Value)| {
            let mut table = defaults.clone();
            table.insert(key.clone(), value.clone());
            Some((key.clone(), (self.settle)(&table).err()?))
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

fn written(settings: &impl Settings) -> Table {
    Table::try_from(settings).expect("settings are a table")
}

fn read<S: Settings>(table: &Table) -> Result<S> {
    typed::read(table).map_err(|misfit| Error::setting("settings", misfit.to_string()))
}

/// Where the parameters of a new model come from.
pub(super) enum Start {
    /// From a generator of this seed, and from the data.
    Seed(u64),
    /// From a checkpoint, later; the model was trained with this many examples.
    Checkpoint(usize),
}

/// What the decoder's output means, in the settings of many models.
const LIKELIHOOD: &str = "likelihood";

/// The likelihood of these settings.
fn likelihood(settings: &Table) -> Option<Likelihood> {
    Likelihood::deserialize(settings.get(LIKELIHOOD)?.clone()).ok()
}

/// Why a likelihood is not for these data, and what would help. In data of several blocks only some have it, and those
/// are of the right kind.
fn unsuitable(likelihood: Likelihood, data: &Dataset) -> Option<String> {
    if data.schema().blocks().len() > 1 {
        return None;
    }
    let [low, high] = range(data);
    match likelihood.support() {
        Support::UnitInterval if !(low >= 0.0 && high <= 1.0) => {
            Some(format!("for values from 0 to 1, but these go from {low} to {high}; use --scale minmax"))
        }
        Support::Counts if !all(data, |x| x >= 0.0 && x.fract() == 0.0) => Some(
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

/// Settings of a run of before there was one word for one likelihood: variational models called `squared_error` what is
/// `fixed_gaussian` now.
fn as_now(settings: &Table, likelihoods: &[Likelihood]) -> Table {
    let mut settings = settings.clone();
    if likelihood(&settings) == Some(Likelihood::SquaredError)
        && !likelihoods.contains(&Likelihood::SquaredError)
    {
        settings.insert(LIKELIHOOD.into(), "fixed_gaussian".into());
    }
    settings
}

/// The smallest and the largest value.
fn range(data: &Dataset) -> [f32; 2] {
    let x = data.x().contiguous();
    let values = x.as_slice().expect("contiguous");
    values.iter().fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], &v| [low.min(v), high.max(v)])
}
