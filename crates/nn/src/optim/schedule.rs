//! Learning rates over time, as factors on the rate of the optimizer.
//!
//! ```
//! use nn::Schedule;
//!
//! let schedule = Schedule::warmup(0.1, Schedule::Cosine { floor: 0.0 });
//! assert_eq!(schedule.to_string(), "warm-up over 10 % of the steps, then cosine to 0");
//! let curve = schedule.factors(100);
//! assert_eq!((curve[0], curve[9], curve[10]), (0.1, 1.0, 1.0));
//! assert!(curve[10..].windows(2).all(|pair| pair[1] < pair[0]));
//! ```

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How the learning rate changes during training: a factor for every step.
///
/// Lengths are parts of the training in `(0, 1]`, so that a schedule fits any number of steps; they are
/// rounded to whole steps. In a settings file a schedule is a word, if its defaults will do, or a table:
///
/// ```
/// use nn::Schedule;
///
/// #[derive(serde::Deserialize)]
/// struct Settings {
///     schedule: Schedule,
/// }
/// let read = |text: &str| toml::from_str::<Settings>(text).map(|settings| settings.schedule.to_string());
/// assert_eq!(read("schedule = 'cosine'").unwrap(), "cosine to 0");
/// assert_eq!(read("schedule = { cosine = { floor = 0.1 } }").unwrap(), "cosine to 0.1");
/// assert_eq!(
///     read("schedule.warmup = { part = 0.05, then = 'constant' }").unwrap(),
///     "warm-up over 5 % of the steps, then constant"
/// );
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Always 1.
    Constant,
    /// `factor^⌊s / n⌋`: drops after every `n` steps.
    Step {
        /// `n`, as a part of the training.
        every: f64,
        /// Factor of one drop, above 0.
        factor: f64,
    },
    /// `last^(s / S)`: falls by the same factor at every one of the `S` steps, to `last`.
    Exponential {
        /// Where it ends, above 0.
        last: f64,
    },
    /// `1 + (last − 1) s / S`: a straight line.
    Linear {
        /// Where it ends, at least 0; the word alone means 0.
        last: f64,
    },
    /// `floor + (1 − floor) (1 + cos(π s / S)) / 2`: half a cosine wave (Loshchilov and Hutter 2017,
    /// eq. 5).
    Cosine {
        /// Where it ends, at least 0; the word alone means 0.
        floor: f64,
    },
    /// Half a cosine wave up from `start` to 1 and another one down to `last` (Smith and Topin 2018, in
    /// the form of PyTorch, whose defaults the word alone means).
    OneCycle {
        /// The part of the training that goes up; 0.3.
        rise: f64,
        /// The first factor, at least 0; 1/25.
        start: f64,
        /// The last factor, at least 0; 1/250 000.
        last: f64,
    },
    /// `(s + 1) / n` for `n` steps (Goyal et al. 2017, section 2.2), then another schedule for the rest.
    Warmup {
        /// `n`, as a part of the training.
        part: f64,
        /// What follows.
        then: Box<Schedule>,
    },
    /// One schedule after another.
    Sequence(Vec<Phase>),
}

/// A schedule that holds for a part of the training; the last one of a sequence has the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Its length, as a part of the training.
    pub part: f64,
    /// What holds meanwhile; it sees the steps of this phase only.
    pub schedule: Schedule,
}

impl Schedule {
    /// [`Schedule::Warmup`] over a part of the training.
    pub fn warmup(part: f64, then: Schedule) -> Self {
        Schedule::Warmup { part, then: Box::new(then) }
    }

    /// [`Schedule::OneCycle`] with the usual settings.
    pub fn one_cycle() -> Self {
        Schedule::OneCycle { rise: 0.3, start: 1.0 / 25.0, last: 1.0 / 25.0 / 1e4 }
    }

    /// The factor on the learning rate at `step`, one of 0, 1, … `of` − 1. Later steps have the factor
    /// with which the schedule ends.
    ///
    /// ```
    /// use nn::Schedule;
    /// assert_eq!(Schedule::Constant.factor(3, 10), 1.0);
    /// assert!((Schedule::Cosine { floor: 0.2 }.factor(5, 10) - 0.6).abs() < 1e-15);
    /// assert_eq!(Schedule::Step { every: 0.1, factor: 0.5 }.factor(30, 100), 0.125);
    /// ```
    pub fn factor(&self, step: usize, of: usize) -> f64 {
        let step = step.min(of);
        let done = if of == 0 { 0.0 } else { step as f64 / of as f64 };
        match self {
            Schedule::Constant => 1.0,
            Schedule::Step { every, factor } => factor.powf((step / whole(*every, of).max(1)) as f64),
            Schedule::Exponential { last } => last.powf(done),
            Schedule::Linear { last } => 1.0 + (last - 1.0) * done,
            Schedule::Cosine { floor } => half_wave(1.0, *floor, done),
            Schedule::OneCycle { rise, start, last } => {
                // The peak and the end are steps of their own, not the time between two of them.
                let end = (of.max(1) - 1) as f64;
                let (step, peak) = ((step as f64).min(end), (rise * of as f64 - 1.0).clamp(0.0, end));
                match step < peak {
                    true => half_wave(*start, 1.0, step / peak),
                    false => half_wave(1.0, *last, (step - peak) / (end - peak).max(1e-300)),
                }
            }
            Schedule::Warmup { part, then } => {
                let length = whole(*part, of);
                if step < length {
                    return (step + 1) as f64 / length as f64;
                }
                then.factor(step - length, of - length)
            }
            Schedule::Sequence(phases) => {
                let mut start = 0;
                for (number, phase) in phases.iter().enumerate() {
                    let is_last = number + 1 == phases.len();
                    let rest = of - start;
                    let length = if is_last { rest } else { whole(phase.part, of).min(rest) };
                    if is_last || step < start + length {
                        return phase.schedule.factor(step - start, length);
                    }
                    start += length;
                }
                1.0
            }
        }
    }

    /// The factors of all steps, to print or to plot.
    pub fn factors(&self, of: usize) -> Vec<f64> {
        (0..of).map(|step| self.factor(step, of)).collect()
    }

    /// Refuses settings out of range. A schedule from a file has been checked.
    ///
    /// # Errors
    /// With one sentence that names the setting.
    pub fn check(&self) -> Result<()> {
        let refuse = |name: &str, value: f64, range: &str| {
            let text = format!("`{name}` of the schedule is {value}; it must be {range}");
            Err(Error::setting(name, text))
        };
        let part = |name: &str, value: f64| match value > 0.0 && value <= 1.0 {
            true => Ok(()),
            false => refuse(name, value, "a part of the training, above 0 and at most 1"),
        };
        let not_negative = |name: &str, value: f64| match value >= 0.0 && value.is_finite() {
            true => Ok(()),
            false => refuse(name, value, "a number of at least 0"),
        };
        let positive = |name: &str, value: f64| match value > 0.0 && value.is_finite() {
            true => Ok(()),
            false => refuse(name, value, "a number above 0"),
        };
        match self {
            Schedule::Constant => Ok(()),
            Schedule::Step { every, factor } => part("every", *every).and(positive("factor", *factor)),
            Schedule::Exponential { last } => positive("last", *last),
            Schedule::Linear { last } => not_negative("last", *last),
            Schedule::Cosine { floor } => not_negative("floor", *floor),
            Schedule::OneCycle { rise, start, last } => {
                part("rise", *rise).and(not_negative("start", *start)).and(not_negative("last", *last))
            }
            Schedule::Warmup { part: length, then } => part("part", *length).and(then.check()),
            Schedule::Sequence(phases) => {
                let total: f64 = phases.iter().map(|phase| phase.part).sum();
                phases.iter().try_for_each(|phase| part("part", phase.part).and(phase.schedule.check()))?;
                match (total - 1.0).abs() < 1e-6 {
                    true => Ok(()),
                    false => refuse("part", total, "1 in all the phases of a sequence together"),
                }
            }
        }
    }
}

/// A part of the training, in whole steps.
fn whole(part: f64, of: usize) -> usize {
    (part * of as f64).round() as usize
}

/// Half a cosine wave from one value to another, where `done` is in `[0, 1]`.
fn half_wave(from: f64, to: f64, done: f64) -> f64 {
    to + (from - to) * 0.5 * (1.0 + (PI * done).cos())
}
