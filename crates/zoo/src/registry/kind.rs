//! Settings of a model's own type behind a table of names and values: defaults, completion, and the model they build.

use nn::{Dataset, Error, Purpose, Result, generator};
use toml::{Table, Value};

use super::unknown;
use crate::settings::typed;
use crate::{AnyModel, Settings};

/// Functions of an entry that depend on the type of its settings.
pub(super) struct Kind {
    /// The settings for data of this kind when nothing else is said.
    defaults: fn(&Dataset) -> Table,
    /// The same settings, written as the model reads them: `beta = 4` becomes `beta = 4.0`.
    settle: fn(&Table) -> Result<Table>,
    /// The words that a setting may be, if it is one of a few that the model can use.
    pub(super) words: fn(&Dataset, &str) -> Vec<&'static str>,
    pub(super) build: fn(&Table, &Dataset, Start) -> Result<Box<dyn AnyModel>>,
}

impl Kind {
    pub(super) const fn of<S: Settings>() -> Self {
        Kind {
            defaults: |data| written(&S::defaults(data)),
            settle: |table| read::<S>(table).map(|settings| written(&settings)),
            words: |data, key| {
                let table = written(&S::defaults(data));
                let usable = |word: &&&str| typed::read::<S>(&typed::with(&table, key, word)).is_ok();
                typed::words::<S>(&table, key).iter().filter(usable).copied().collect()
            },
            build: |table, data, start| {
                let settings = read::<S>(table)?;
                Ok(Box::new(match start {
                    Start::Seed(seed) => settings.build(data, &mut generator(seed, Purpose::Init, 0, 0))?,
                    Start::Checkpoint(examples) => settings.outline(data, examples)?,
                }))
            },
        }
    }

    pub(super) fn complete(&self, given: &Table, data: &Dataset) -> Result<Table> {
        let mut table = (self.defaults)(data);
        let [low, high] = range(data);
        let unit_interval = low >= 0.0 && high <= 1.0;
        if !unit_interval && needs_unit_interval(&table) {
            // The nearest of these that the model knows.
            for likelihood in ["gaussian", "squared_error"] {
                let mut other = table.clone();
                other.insert(LIKELIHOOD.into(), likelihood.into());
                if (self.settle)(&other).is_ok() {
                    table = other;
                    break;
                }
            }
        }
        for (key, value) in given {
            if !table.contains_key(key) {
                let known: Vec<&str> = table.keys().map(String::as_str).collect();
                return Err(unknown("", key, &known));
            }
            table.insert(key.clone(), value.clone());
        }
        let settled = (self.settle)(&table).map_err(|error| self.blame(given, data, error))?;
        if !unit_interval && needs_unit_interval(&table) {
            return Err(Error::setting(
                "likelihood",
                format!(
                    "likelihood = {} is for values from 0 to 1, but these go from {low} to {high}; use --scale minmax, \
                 or --set likelihood=squared_error",
                    table[LIKELIHOOD]
                ),
            ));
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

/// Whether the loss is one of probabilities or of densities on `[0, 1]`.
fn needs_unit_interval(settings: &Table) -> bool {
    matches!(settings.get(LIKELIHOOD).and_then(Value::as_str), Some("bernoulli" | "continuous_bernoulli"))
}

/// The smallest and the largest value.
fn range(data: &Dataset) -> [f32; 2] {
    let x = data.x().contiguous();
    let values = x.as_slice().expect("contiguous");
    values.iter().fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], &v| [low.min(v), high.max(v)])
}
