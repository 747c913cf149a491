//! Learning rates over time.

use serde::{Deserialize, Serialize};

/// How the learning rate changes during training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// Always the same.
    Constant,
    /// From the full rate to zero along half a cosine wave (Loshchilov and Hutter 2017, eq. 5).
    Cosine,
}

impl Schedule {
    /// The factor on the learning rate when a part `progress`, in `[0, 1]`, of training is done.
    ///
    /// ```
    /// use nn::Schedule;
    /// assert_eq!(Schedule::Constant.factor(0.3), 1.0);
    /// assert!((Schedule::Cosine.factor(0.5) - 0.5).abs() < 1e-15);
    /// ```
    pub fn factor(self, progress: f64) -> f64 {
        match self {
            Schedule::Constant => 1.0,
            Schedule::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()),
        }
    }
}
