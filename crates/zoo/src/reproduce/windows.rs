//! An autoencoder that learns windows of the beginning of a series, as the targets for series measure it.

use nn::train::Plan;
use nn::{Result, Schedule};

use super::Bench;
use crate::data::series::{Held, Windows};
use crate::data::{Preparation, Prepared, Reading, Split};
use crate::train::Lesson;
use crate::{AnyModel, registry};

/// Steps in a window.
pub(super) const WINDOW: usize = 32;

/// The beginning of a series, and how it is learnt.
pub(super) struct Beginning<'a> {
    pub(super) name: &'a str,
    pub(super) channels: &'a [String],
    /// `[steps, channels]`.
    pub(super) values: Vec<f64>,
    /// The share of the steps, the last ones, that the model does not learn from.
    pub(super) held_out: f64,
    /// The settings of the model, as in a `config.toml`.
    pub(super) settings: &'a str,
    pub(super) epochs: usize,
}

/// A model, and the preparation and the steps that it learnt by.
pub(super) type Learnt = (Box<dyn AnyModel>, Preparation, Held);

impl Beginning<'_> {
    pub(super) fn learn(self, bench: &Bench) -> Result<Learnt> {
        let windows = Windows { time: None, length: WINDOW, stride: 1 };
        let reading = Reading { windows: Some(windows), test_fraction: self.held_out, ..Reading::default() };
        let Prepared { rows: [train, test], preparation, series, .. } =
            Preparation::of_steps(self.channels, self.values, &reading)?;
        let entry = registry::find("ae")?;
        let settings = entry.complete(&self.settings.parse().expect("TOML"), &train.data)?;
        let mut model = entry.build(&settings, &train.data, bench.seed)?;
        let data = Split { name: self.name.to_owned(), train: train.data, test: test.data };
        let (epochs, schedule) = (self.epochs, Schedule::Cosine { floor: 0.0 });
        let plan = Plan { epochs, batch: 32, learning_rate: 2e-3, schedule, ..Plan::default() };
        bench.run(&data.name, &mut Lesson::new(&mut *model, &data), plan, |plan| {
            crate::train::trainer(&plan)
        })?;
        Ok((model, preparation, series.expect("a series was prepared")))
    }
}
