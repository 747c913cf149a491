//! `config.toml`: everything that decides what a run computes.
//!
//! A [`Config`] is complete; a [`Draft`] says some of it, and the rest follows from model and data.
//!
//! ```
//! use zoo::config::Draft;
//!
//! let mut draft = Draft::parse("vae.toml".as_ref(), "model = \"vae\"\n[settings]\nbeta = 2\n")?;
//! draft.set("train.epochs=3")?;
//! let setup = draft.complete()?;
//! assert_eq!((setup.config.train.epochs, setup.config.settings["beta"].as_float()), (3, Some(2.0)));
//! assert_eq!(setup.config.data, "digits");
//! # Ok::<(), nn::Error>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use nn::{Error, Result};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::data::{Origin, Preparation, Prepared, Reading, Split, Stored, prepare_rows};
use crate::registry::{self, Entry};
use crate::settings::typed;
use crate::train::Plan;

/// A run, completely described: replaying it gives the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of the model.
    pub model: String,
    /// Name of the data set.
    pub data: String,
    /// How the data are read, scaled and split.
    #[serde(default, skip_serializing_if = "Reading::is_default")]
    pub reading: Reading,
    /// How to train.
    pub train: Plan,
    /// Settings of the model.
    pub settings: Table,
}

/// What somebody has said about a run so far.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Draft {
    /// Name of the model; it must be known in the end.
    pub model: Option<String>,
    /// Name of the data set; `digits` if nothing is said.
    pub data: Option<String>,
    /// How the data are read, scaled and split.
    pub reading: Reading,
    /// Some of the fields of a [`Plan`].
    pub train: Table,
    /// Some settings of the model.
    pub settings: Table,
}

/// A run before it begins.
pub struct Setup {
    /// Which model.
    pub entry: &'static Entry,
    /// All settings.
    pub config: Config,
    /// The data, ready for the model.
    pub data: Split,
    /// Names of the examples for training and for testing, and the cells that were missing in them.
    pub origins: [Origin; 2],
    /// What was done to them.
    pub preparation: Preparation,
    /// All training examples, if `data` is only a sample of them.
    pub stored: Option<Stored>,
    /// Sentences about what was found in the data.
    pub notes: Vec<String>,
}

impl Config {
    /// The file's text.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a configuration is a table")
    }

    /// Reads a file that [`to_toml`](Self::to_toml) wrote, perhaps edited by hand.
    ///
    /// # Errors
    /// If the file cannot be read or lacks something; the message gives the line.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::io("read", path, source))?;
        parse(path, &text)
    }

    /// Refuses settings, read from this file, that are not those a checkpoint was `trained` with. The data
    /// may have moved, and the number of epochs may change: neither makes another model of the parameters.
    ///
    /// # Errors
    /// With a sentence that names the settings that differ.
    pub fn check_belongs(&self, path: &Path, trained: &Config) -> Result<()> {
        let [now, then] = [self, trained].map(Config::by_name);
        let names: BTreeSet<&String> = now.keys().chain(then.keys()).collect();
        let value = |of: Option<&Value>| of.map_or("nothing".to_owned(), Value::to_string);
        let differ: Vec<String> = (names.into_iter())
            .map(|name| (name, now.get(name), then.get(name)))
            .filter(|(_, now, then)| now != then)
            .map(|(name, now, then)| format!("{name}: {} here, {} there", value(now), value(then)))
            .collect();
        if differ.is_empty() {
            return Ok(());
        }
        Err(Error::file(
            path,
            format!(
                "it does not belong to this checkpoint ({}); put back what was there, or train another \
                 model with `zoo train --config`",
                differ.join("; ")
            ),
        ))
    }

    /// What decides which model the parameters are of, by the names of the settings.
    fn by_name(&self) -> BTreeMap<String, Value> {
        let table = |of: Result<Table, toml::ser::Error>| of.expect("its fields have names");
        let parts = [
            ("train.", table(Table::try_from(&self.train))),
            ("reading.", table(Table::try_from(&self.reading))),
            ("", self.settings.clone()),
        ];
        let named = |(prefix, part): (&'static str, Table)| {
            part.into_iter().map(move |(key, value)| (format!("{prefix}{key}"), value))
        };
        let mut all: BTreeMap<String, Value> = parts.into_iter().flat_map(named).collect();
        all.remove("train.epochs");
        all.insert("model".into(), self.model.clone().into());
        all
    }
}

impl Draft {
    /// Reads a file in which anything may be left out.
    ///
    /// # Errors
    /// If the file cannot be read or is no TOML; the message gives the line.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::io("read", path, source))?;
        Draft::parse(path, &text)
    }

    /// Reads the text of a file. Errors call it `name`.
    ///
    /// # Errors
    /// If it is no TOML; the message gives the line.
    pub fn parse(name: &Path, text: &str) -> Result<Self> {
        parse(name, text)
    }

    /// Takes `key=value`: a setting of the model, or with `train.` before it one of training. The value is
    /// one of TOML; what is none is a text, so that quotes may be left out.
    ///
    /// # Errors
    /// If there is no `=`.
    pub fn set(&mut self, assignment: &str) -> Result<()> {
        let Some((key, value)) = assignment.split_once('=') else {
            return Err(Error::setting(
                "set",
                format!("`{assignment}` sets nothing; write KEY=VALUE, as in beta=4"),
            ));
        };
        let (key, value) = (key.trim(), value_of(value.trim()));
        match key.strip_prefix("train.") {
            Some(key) => self.train.insert(key.to_owned(), value),
            None => self.settings.insert(key.to_owned(), value),
        };
        Ok(())
    }

    /// Reads the data and fills in everything that was not said.
    ///
    /// # Errors
    /// If the model is unknown, the data cannot be used, or a setting is unknown or has the wrong type.
    pub fn complete(self) -> Result<Setup> {
        let name = self.model.ok_or_else(|| {
            Error::setting("model", "say which model, as in `zoo train vae` or model = \"vae\" in the file")
        })?;
        let entry = registry::find(&name)?;
        let name = self.data.unwrap_or_else(|| "digits".into());
        let Prepared { rows: [train, test], preparation, stored, notes } =
            prepare_rows(&name, &self.reading)?;
        let origins = [&train, &test].map(Origin::of);
        let data = Split { name, train: train.data, test: test.data };
        refuse_strangers(entry, &data, &preparation)?;
        let settings = entry.complete(&self.settings, &data.train)?;
        let train = plan(entry.plan_for(data.train.width(), preparation.examples), self.train)?;
        let config = Config {
            model: entry.name.into(),
            data: data.name.clone(),
            reading: self.reading,
            train,
            settings,
        };
        Ok(Setup { entry, config, data, origins, preparation, stored, notes })
    }
}

/// Refuses test examples of a class that a model of classes has never seen.
fn refuse_strangers(entry: &Entry, data: &Split, preparation: &Preparation) -> Result<()> {
    let unknown =
        data.test.labels().into_iter().flatten().find(|label| **label as usize >= preparation.classes);
    match unknown.filter(|_| entry.draws_classes() && preparation.classes > 0) {
        None => Ok(()),
        Some(label) => {
            let name =
                preparation.class_names.get(*label as usize).cloned().unwrap_or_else(|| label.to_string());
            let problem = format!(
                "class {name} occurs only among the examples for testing, and `{}` has to learn it first; leave it out",
                entry.name
            );
            Err(Error::file(Path::new(&data.name), problem))
        }
    }
}

/// The schedules that a word alone does not describe, each with what does.
const SCHEDULES: [(&str, &str); 4] = [
    ("step", "{ step = { every = 0.25, factor = 0.5 } }"),
    ("exponential", "{ exponential = { last = 0.01 } }"),
    ("warmup", "{ warmup = { part = 0.1, then = \"cosine\" } }"),
    (
        "sequence",
        "{ sequence = [{ part = 0.5, schedule = \"constant\" }, { part = 0.5, schedule = \"cosine\" }] }",
    ),
];

/// A plan with some of its fields replaced.
fn plan(defaults: Plan, given: Table) -> Result<Plan> {
    const FIELDS: [&str; 7] =
        ["epochs", "batch", "learning_rate", "schedule", "seed", "clip_norm", "drop_last"];
    let mut table = Table::try_from(defaults).expect("a plan is a table");
    for (key, value) in given {
        let word = value.as_str().map(str::to_owned);
        if !FIELDS.contains(&key.as_str()) {
            return Err(registry::unknown("train.", &key, &FIELDS));
        }
        table.insert(key.clone(), value);
        // One after the other, so that the error can name it.
        typed::read::<Plan>(&table).map_err(|misfit| {
            let form = SCHEDULES.iter().find(|(name, _)| key == "schedule" && word.as_deref() == Some(name));
            let why = match form {
                Some((name, form)) => format!("`{name}` needs its numbers, as in train.schedule={form}"),
                None => misfit.to_string(),
            };
            Error::setting(format!("train.{key}"), format!("the setting `train.{key}` cannot be used: {why}"))
        })?;
    }
    Ok(table.try_into().expect("every setting was tried"))
}

/// The value that a text stands for.
pub fn value_of(text: &str) -> Value {
    let parsed = format!("value = {text}").parse::<Table>();
    parsed.ok().and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(text.to_owned()))
}

fn parse<T: for<'de> Deserialize<'de>>(path: &Path, text: &str) -> Result<T> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        Error::file(path, format!("line {line}: {}", error.message().trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_that_needs_numbers_says_how_to_give_them() {
        let with = |schedule: &str| {
            let mut draft = Draft { model: Some("ae".into()), ..Draft::default() };
            draft.set(&format!("train.schedule={schedule}"))?;
            draft.complete()
        };
        for (name, form) in SCHEDULES {
            let text = with(name).err().unwrap().to_string();
            let expected = format!(
                "the setting `train.schedule` cannot be used: `{name}` needs its numbers, as in \
                 train.schedule={form}"
            );
            assert_eq!(text, expected);
            assert!(with(form).is_ok(), "{form}");
        }
        assert!(with("cosine").is_ok() && with("cosin").err().unwrap().to_string().contains("`cosin`"));
    }
}
