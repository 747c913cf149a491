//! Runs in memory: those that a program has just trained, and folders that may go.

use std::fs;
use std::path::{Path, PathBuf};

use nn::checkpoint::Checkpoint;
use nn::files::write_atomically;
use nn::train::MetricsFile;
use nn::{Error, Result};
use serde_json::json;

use super::{CONFIG, METRICS, MODEL, Run, metadata};
use crate::AnyModel;
use crate::config::Setup;
use crate::reference::{self, EXAMPLES, Reference, SCORES};
use crate::train::Epoch;
use crate::uses::anomaly::{Normal, Score};

/// The files of a folder besides the model and its settings, as far as they are there.
pub(super) struct Kept {
    reference: Option<Reference>,
    scores: Option<Checkpoint<f64>>,
}

impl Kept {
    pub(super) fn reference(&self) -> Option<&Reference> {
        self.reference.as_ref()
    }

    pub(super) fn normal(&self, model: &dyn AnyModel, score: Score) -> Option<Normal> {
        reference::normal_of(self.scores.as_ref()?, model, score)
    }
}

impl Run {
    /// A training that has just ended, as its folder would be opened. It has no folder until it is
    /// [saved](Self::save).
    ///
    /// # Errors
    /// If the model recommends: a run of one is judged by its study.
    pub fn of(setup: Setup, model: Box<dyn AnyModel>, epochs: Vec<Epoch>, seconds: f64) -> Result<Self> {
        let Setup { entry, config, data, origins, preparation, study, .. } = setup;
        if study.is_some() {
            return Err(Error::unsupported(format!(
                "`{}` learns who chose what; train it with `zoo train`",
                entry.name
            )));
        }
        let reference = Reference::learn(&*model, &data, &origins, preparation.examples, config.train.seed);
        let scores = Some(reference::scores(&*model, &data));
        let memory = Some(Kept { reference: Some(reference), scores });
        Ok(Run { folder: PathBuf::new(), config, entry, preparation, model, epochs, seconds, memory })
    }

    /// The same run without its folder, which may go.
    ///
    /// # Errors
    /// If a file in it is damaged.
    pub fn in_memory(self) -> Result<Self> {
        if self.memory.is_some() {
            return Ok(self);
        }
        let (reference, path) = (self.kept()?, self.folder.join(SCORES));
        let scores = path.is_file().then(|| Checkpoint::read(&path)).transpose()?;
        Ok(Run { memory: Some(Kept { reference, scores }), ..self })
    }

    /// Writes a run that is in memory into a folder, as a training would. Pictures and the page are made of it by
    /// `zoo report`.
    ///
    /// # Errors
    /// If the folder holds something already, or cannot be written; then nothing is left in it. If the run is not
    /// [in memory](Self::in_memory).
    pub fn save(&self, folder: &Path) -> Result<()> {
        let Some(kept) = &self.memory else {
            return Err(Error::unsupported("this run has a folder already, which can be copied"));
        };
        let there = folder.exists();
        if folder.is_file() {
            return Err(Error::file(folder, "this is a file, but a run needs a folder"));
        }
        fs::create_dir_all(folder).map_err(|source| Error::io("create", folder, source))?;
        let mut entries = fs::read_dir(folder).map_err(|source| Error::io("read", folder, source))?;
        if entries.next().is_some() {
            return Err(Error::file(folder, "the folder already holds something; choose another"));
        }
        let written = self.write(kept, folder);
        if written.is_err() {
            for name in [CONFIG, METRICS, MODEL, EXAMPLES, SCORES] {
                let _ = fs::remove_file(folder.join(name));
            }
            if !there {
                let _ = fs::remove_dir(folder);
            }
        }
        written
    }

    fn write(&self, kept: &Kept, folder: &Path) -> Result<()> {
        let Run { config, entry, preparation, model, .. } = self;
        let path = |name: &str| folder.join(name);
        write_atomically(&path(CONFIG), config.to_toml().as_bytes())?;
        model.save(&path(MODEL), metadata(config, preparation))?;
        let image = preparation.shape().is_some();
        let example = entry.example.unwrap_or(if image { "img" } else { "row" });
        let mut lines: String = self.epochs.iter().map(|epoch| MetricsFile::line(epoch, example)).collect();
        let result = json!({"epochs": self.epochs.len(), "interrupted": false, "seconds": self.seconds});
        lines += &format!("{result}\n");
        write_atomically(&path(METRICS), lines.as_bytes())?;
        if let Some(reference) = &kept.reference {
            reference.write(&path(EXAMPLES), &**model)?;
        }
        match &kept.scores {
            Some(scores) => scores.write(&path(SCORES)),
            None => Ok(()),
        }
    }
}
