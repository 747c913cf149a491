//! `config.toml`: everything that decides what a run computes.
//!
//! A [`Config`] is complete; a [`Draft`] says some of it, and the rest follows from model and data.
//!
//! ```
//! use zoo::config::Draft;
//!
//! let mut draft = Draft::parse("vae.toml".as_ref(), "[model]\nname = \"vae\"\nbeta = 2\n")?;
//! draft.set("train.epochs=3")?;
//! draft.set("hidden=[64]")?;
//! let config = draft.complete()?.config;
//! assert_eq!((config.train.epochs, config.setting("beta").unwrap().as_float()), (3, Some(2.0)));
//! assert_eq!(config.setting("network.hidden").unwrap().to_string(), "[64]");
//! assert_eq!(config.data, "digits");
//! # Ok::<(), nn::Error>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use nn::data::Examples;
use nn::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::AnyModel;
use crate::data::series::{Held, is_sound};
use crate::data::text::SPLICED;
use crate::data::{
    Input, Origin, Preparation, Prepared, Reading, Split, Stored, prepare_input, prepare_rows,
};
use crate::network::texts::text_of;
use crate::recommend::Study;
use crate::registry::{self, Entry, Recommends, Training};
use crate::settings::{self, SECTIONS, typed};
use crate::train::{Augment, Judge, Lesson, Plan, TrainPart};

/// The version of these files and of the parameters beside them. Runs of another version are refused.
pub const FORMAT: u32 = 2;

/// A run, completely described: replaying it gives the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "File", try_from = "File")]
pub struct Config {
    /// Name of the model.
    pub model: String,
    /// Name of the data set.
    pub data: String,
    /// How the data are read, scaled and split.
    pub reading: Reading,
    /// How to train.
    pub train: Plan,
    /// Settings of the model in their [sections](crate::settings::SECTIONS).
    pub settings: Table,
}

/// The sections of the file, in its order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<u32>,
    model: Table,
    #[serde(skip_serializing_if = "Table::is_empty")]
    network: Table,
    #[serde(skip_serializing_if = "Table::is_empty")]
    likelihood: Table,
    train: Table,
    data: Table,
}

impl From<Config> for File {
    fn from(config: Config) -> Self {
        let table = |of: Result<Table, toml::ser::Error>| of.expect("its fields have names");
        let Config { model: name, data: source, reading, train, mut settings } = config;
        let mut section = |name: &str| match settings.remove(name) {
            Some(Value::Table(table)) => table,
            _ => Table::new(),
        };
        let [mut model, network, likelihood] = SECTIONS.map(&mut section);
        model.insert("name".into(), name.into());
        let mut data = if reading.is_default() { Table::new() } else { table(Table::try_from(&reading)) };
        data.insert("source".into(), source.into());
        let train = table(Table::try_from(&train));
        File { format: Some(FORMAT), model, network, likelihood, train, data }
    }
}

impl TryFrom<File> for Config {
    type Error = String;

    fn try_from(file: File) -> Result<Self, String> {
        let File { mut model, network, likelihood, train, mut data, .. } = file;
        let word = |of: &mut Table, section: &str, key: &str| match of.remove(key) {
            Some(Value::String(word)) => Ok(word),
            _ => Err(format!("[{section}] must say {key} = \"…\"")),
        };
        let (name, source) = (word(&mut model, "model", "name")?, word(&mut data, "data", "source")?);
        let parts = SECTIONS.into_iter().zip([model, network, likelihood]);
        let settings = parts
            .filter(|(name, table)| *name == "model" || !table.is_empty())
            .map(|(name, table)| (name.to_owned(), table.into()));
        Ok(Config {
            model: name,
            data: source,
            reading: in_section("data", data)?,
            train: in_section("train", train)?,
            settings: settings.collect(),
        })
    }
}

/// The value of a type that a section holds.
fn in_section<T: DeserializeOwned>(section: &str, table: Table) -> Result<T, String> {
    table.try_into().map_err(|error: toml::de::Error| format!("[{section}] {}", error.message().trim()))
}

/// The part of a run that somebody has said so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    /// Name of the model; it must be known in the end.
    pub model: Option<String>,
    /// Name of the data set; `digits` if nothing is said.
    pub data: Option<String>,
    /// How the data are read, scaled and split.
    pub reading: Reading,
    /// Some of the fields of a [`Plan`].
    pub train: Table,
    /// Some settings of the model, each by its name, as in `beta`, or with its section, as in `network.hidden`.
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
    /// The preparation that was learnt from them.
    pub preparation: Preparation,
    /// All training examples, if `data` is only a sample of them.
    pub stored: Option<Stored>,
    /// Choices in parts, if the model is to recommend.
    pub study: Option<Study>,
    /// The recordings, if the examples are windows of a series.
    pub series: Option<Held>,
    /// Sentences about what was found in the data.
    pub notes: Vec<String>,
}

impl Setup {
    /// A new model with these settings, whose plan of training is possible.
    ///
    /// # Errors
    /// If a setting makes no sense.
    pub fn build(&self) -> Result<Box<dyn AnyModel>> {
        let model = self.entry.build(&self.config.settings, &self.data.train, self.config.train.seed)?;
        if self.entry.training == Training::Gradient {
            self.config.train.check(self.preparation.examples)?;
        }
        Ok(model)
    }

    /// Calls `teach` with what the model is to learn from: all training examples, and what it is judged by.
    pub fn lesson<R>(
        &self,
        model: &mut dyn AnyModel,
        parts: &TrainPart<'_>,
        teach: impl FnOnce(&mut Lesson<'_>) -> R,
    ) -> R {
        let stored = self.stored.as_ref().map(|examples| examples as &dyn Examples);
        let judge = self.study.as_ref().and_then(|study| study.judge(&self.preparation));
        let judge = judge.as_ref().map(|judge| judge as &Judge);
        let lesson = Lesson::new(model, &self.data);
        let Reading { augment: distort, ref text, .. } = self.config.reading;
        let splice = text.as_ref().and_then(|texts| texts.splice).unwrap_or_default();
        let augment = Augment { distort, splice, ..Augment::default() };
        teach(&mut Lesson { stored, judge, augment, parts, ..lesson })
    }
}

impl Config {
    /// The setting of the model that is called so, as in `beta` or `network.hidden`.
    pub fn setting(&self, key: &str) -> Option<&Value> {
        settings::find(&self.settings, key)
    }

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
        parse(path, &text)?.try_into().map_err(|problem: String| Error::file(path, problem))
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
        let mut file = File::from(self.clone());
        file.data.remove("source");
        file.train.remove("epochs");
        let File { model, network, likelihood, train, data, .. } = file;
        let sections = [
            ("model", model),
            ("network", network),
            ("likelihood", likelihood),
            ("train", train),
            ("data", data),
        ];
        let named = |(section, part): (&'static str, Table)| {
            part.into_iter().map(move |(key, value)| (format!("{section}.{key}"), value))
        };
        sections.into_iter().flat_map(named).collect()
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
        let File { mut model, network, likelihood, train, mut data, .. } = parse(name, text)?;
        let wrong = |problem: String| Error::file(name, problem);
        let word = |of: &mut Table, section: &str, key: &str| match of.remove(key) {
            None => Ok(None),
            Some(Value::String(word)) => Ok(Some(word)),
            Some(other) => Err(wrong(format!("[{section}] {key} must be a word in quotes, not {other}"))),
        };
        let (model_name, source) = (word(&mut model, "model", "name")?, word(&mut data, "data", "source")?);
        let reading = in_section("data", data).map_err(wrong)?;
        let sections = SECTIONS.into_iter().zip([model, network, likelihood].map(Value::Table));
        let settings = sections.map(|(name, table)| (name.to_owned(), table)).collect();
        Ok(Draft { model: model_name, data: source, reading, train, settings: settings::flat(&settings) })
    }

    /// Takes a setting of the model in place of what was said about it before.
    pub fn say(&mut self, key: &str, value: impl Into<Value>) {
        settings::say(&mut self.settings, key, value.into());
    }

    /// Takes `key=value`: a setting of the model, with its section or without, or with `train.` before it one of training.
    /// The value is
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
            Some(key) => _ = self.train.insert(key.to_owned(), value),
            None => self.say(key, value),
        }
        Ok(())
    }

    /// Reads the data and fills in everything that was not said.
    ///
    /// # Errors
    /// If the model is unknown, the data cannot be used, or a setting is unknown or has the wrong type.
    pub fn complete(self) -> Result<Setup> {
        self.completed(None)
    }

    /// The same for data that are in memory, or a file that is open already. [`Config::data`] is then the name of the input.
    ///
    /// # Errors
    /// Those of [`complete`](Self::complete).
    pub fn complete_from(self, input: &Input) -> Result<Setup> {
        self.completed(Some(input))
    }

    fn completed(self, input: Option<&Input>) -> Result<Setup> {
        let name = self.model.ok_or_else(|| {
            Error::setting(
                "model",
                "say which model, as in `zoo train vae` or [model] name = \"vae\" in the file",
            )
        })?;
        let entry = registry::find(&name)?;
        let name = match input {
            Some(input) => input.name().display().to_string(),
            None => self.data.unwrap_or_else(|| "digits".into()),
        };
        let reading = of_recommender(entry, self.reading)?;
        let reading = of_sound(entry, of_text(entry, reading), &name);
        let prepared = match input {
            Some(input) => prepare_input(input, &reading)?,
            None => prepare_rows(&name, &reading)?,
        };
        let Prepared { rows: [train, test], preparation, stored, study, series, notes } = prepared;
        let origins = [&train, &test].map(Origin::of);
        let data = Split { name, train: train.data, test: test.data };
        refuse_strangers(entry, &data, &preparation)?;
        refuse_texts(entry, &data)?;
        let settings = entry.complete(&self.settings, &data.train)?;
        let train = plan(entry.plan_of(&data.train, preparation.examples), self.train)?;
        let config = Config { model: entry.name.into(), data: data.name.clone(), reading, train, settings };
        Ok(Setup { entry, config, data, origins, preparation, stored, study, series, notes })
    }
}

/// The reading of data by a recommender, which takes each row for a choice of a user. Its columns have roles, and no kinds.
fn of_recommender(entry: &Entry, mut reading: Reading) -> Result<Reading> {
    let Some(recommends) = entry.recommends else { return Ok(reading) };
    let mut choices = reading.choices.take().unwrap_or_default();
    choices.rated = recommends == Recommends::Ratings;
    choices.place(&std::mem::take(&mut reading.columns))?;
    Ok(Reading { choices: Some(choices), ..reading })
}

/// Refuses texts for a model that does not learn from them.
fn refuse_texts(entry: &Entry, data: &Split) -> Result<()> {
    if text_of(data.train.schema()).is_none() || entry.reads_texts {
        return Ok(());
    }
    let others: Vec<&str> =
        registry::MODELS.iter().filter(|entry| entry.reads_texts).map(|entry| entry.name).collect();
    let problem =
        format!("`{}` learns from numbers and not from texts; {} do", entry.name, others.join(", "));
    Err(Error::setting("text", problem))
}

/// The reading of texts, some of which are put together anew for a model that would learn them by heart.
fn of_text(entry: &Entry, mut reading: Reading) -> Reading {
    if let Some(texts) = &mut reading.text {
        texts.splice.get_or_insert(if entry.may_copy { SPLICED } else { 0.0 });
    }
    reading
}

/// The reading of sounds by a model that windows of another length than the usual one suit.
fn of_sound(entry: &Entry, reading: Reading, source: &str) -> Reading {
    let said = reading.window_ms.is_some() || reading.windows.is_some();
    match entry.window_ms.filter(|_| !said && is_sound(source)) {
        None => reading,
        window_ms => Reading { window_ms, ..reading },
    }
}

/// Refuses test examples of a class that a model of classes has never seen.
fn refuse_strangers(entry: &Entry, data: &Split, preparation: &Preparation) -> Result<()> {
    let unknown =
        data.test.labels().into_iter().flatten().find(|label| **label as usize >= preparation.classes);
    match unknown.filter(|_| entry.draws_classes && preparation.classes > 0) {
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
    const FIELDS: [&str; 8] =
        ["epochs", "batch", "learning_rate", "schedule", "seed", "clip_norm", "drop_last", "pieces"];
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

/// The sections of a file, which may be a part of one, if it is of this version.
fn parse(path: &Path, text: &str) -> Result<File> {
    let at = |error: toml::de::Error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        Error::file(path, format!("line {line}: {}", error.message().trim()))
    };
    let table: Table = toml::from_str(text).map_err(at)?;
    check_format(&table).map_err(|problem| Error::file(path, problem))?;
    toml::from_str(text).map_err(at)
}

/// Refuses files of another version. The first had no number, the name of the model where its section is now, and sections
/// for settings and for reading.
pub(crate) fn check_format(file: &Table) -> Result<(), String> {
    let first = file.get("model").is_some_and(Value::is_str)
        || ["settings", "reading"].iter().any(|section| file.contains_key(*section));
    let format =
        file.get("format").and_then(Value::as_integer).unwrap_or(if first { 1 } else { FORMAT.into() });
    if format == i64::from(FORMAT) {
        return Ok(());
    }
    Err(format!(
        "this is of format {format}, and this version of zoo reads format {FORMAT} only; train it again"
    ))
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
