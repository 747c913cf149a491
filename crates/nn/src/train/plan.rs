//! How to train.

use serde::{Deserialize, Serialize};

use crate::optim::Schedule;
use crate::{Error, Result};

/// How to train. The defaults are 10 epochs of batches of 64 at the constant rate 10⁻³, seed 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Passes over the training examples.
    pub epochs: usize,
    /// Examples in a step. The last step of an epoch has what is left, unless `drop_last` is set.
    pub batch: usize,
    /// The learning rate before the schedule.
    pub learning_rate: f64,
    /// How the rate changes.
    pub schedule: Schedule,
    /// Every random number of the training follows from it.
    pub seed: u64,
    /// The largest norm of the gradient of all parameters together; a longer one is scaled down to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f64>,
    /// Whether an epoch leaves out the examples that do not fill a batch. They are others in every epoch.
    #[serde(default)]
    pub drop_last: bool,
    /// The number of [pieces](crate::pieces) that the batch of a step is cut into, to be shared among threads and processes.
    /// The result depends on it in the last digits, and not on who has which piece. 1 leaves the batch whole, and so does a
    /// task that steps by [`Update::step`](super::Update::step), such as [`Fit`](super::Fit).
    #[serde(default = "whole", skip_serializing_if = "is_whole")]
    pub pieces: usize,
}

fn whole() -> usize {
    1
}

fn is_whole(pieces: &usize) -> bool {
    *pieces == 1
}

impl Default for Plan {
    fn default() -> Self {
        let (epochs, batch, learning_rate) = (10, 64, 1e-3);
        let schedule = Schedule::Constant;
        Plan { epochs, batch, learning_rate, schedule, seed: 0, clip_norm: None, drop_last: false, pieces: 1 }
    }
}

impl Plan {
    /// The steps of an epoch over this many training examples.
    ///
    /// ```
    /// # use nn::train::Plan;
    /// let plan = Plan { batch: 64, ..Plan::default() };
    /// assert_eq!(plan.steps(65), 2); // 64 examples, and 1
    /// assert_eq!(Plan { drop_last: true, ..plan }.steps(65), 1);
    /// ```
    ///
    /// # Panics
    /// If the batch is 0, which [`check`](Self::check) refuses.
    #[track_caller]
    pub fn steps(&self, examples: usize) -> usize {
        assert!(self.batch > 0, "steps: batch is 0; a step needs at least 1 example");
        if self.drop_last { examples / self.batch } else { examples.div_ceil(self.batch) }
    }

    /// Refuses what cannot be trained. What it accepts has at least one step in an epoch.
    ///
    /// # Errors
    /// With one sentence that names the setting.
    pub fn check(&self, examples: usize) -> Result<()> {
        let invalid = |name: &str, text: String| Err(Error::setting(name, text));
        if self.epochs == 0 {
            return invalid("epochs", "epochs is 0; training needs at least 1 epoch".into());
        }
        // Steps are counted, and there are at most as many as examples in an epoch.
        if self.epochs.checked_mul(examples.max(1)).is_none_or(|steps| steps > 1 << 53) {
            return invalid(
                "epochs",
                format!("epochs is {}, which would never end; choose less", self.epochs),
            );
        }
        if examples == 0 {
            return Err(Error::data("there are no training examples"));
        }
        if self.batch == 0 {
            return invalid("batch", "batch is 0; a step needs at least 1 example".into());
        }
        if self.batch > examples {
            let batch = self.batch;
            return invalid(
                "batch",
                format!(
                    "a batch of {batch} is larger than the {examples} training examples; choose {examples} or less"
                ),
            );
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            let rate = self.learning_rate;
            return invalid(
                "learning_rate",
                format!("the learning rate must be a positive number, not {rate}"),
            );
        }
        if let Some(limit) = self.clip_norm.filter(|limit| limit.is_nan() || *limit <= 0.0) {
            return invalid("clip_norm", format!("clip_norm must be a positive number, not {limit}"));
        }
        crate::pieces::check(self.pieces)?;
        self.schedule.check()
    }
}
