//! Watching a series: a model that learnt ordinary windows says what it expects at each step, and a [`Monitor`] says how far
//! the series is from that.
//!
//! The expectation `x̂ₜ` of a step is the mean of the reconstructions of all windows that hold it. With the residuals
//! `r = x − x̂` of the last `m` steps, the score of channel `c` at step `t` is
//!
//! > `sₜ = ½ (Σ r / m)² / aᶜ + ½ (Σ r² / m) / bᶜ`
//!
//! where `a` and `b` are the means of these squares on a stretch of ordinary steps that the model did not learn from. The
//! first term sees a shift, the second a spread; both are 1 on ordinary steps, whatever the unit of the channel. The score
//! of a step is the mean over channels. Scores above a threshold become [`events`](fn@events), and [`causes`] says which channels
//! made one.

mod cause;
mod events;
mod expected;
mod follow;
mod ordinary;

use std::ops::Range;

use nn::data::schema::Shape;
use nn::{Error, Result};

use crate::AnyModel;
use crate::data::Preparation;
use crate::data::series::{Held, Track};

pub use cause::{Causes, causes};
pub use events::{Event, events};
pub use follow::{Follower, Step};
pub use ordinary::Ordinary;

use expected::{Expectation, expected};

/// A model that watches a series.
pub struct Monitor<'a> {
    expectation: Expectation<'a>,
    ordinary: Ordinary,
}

/// The scores of the steps of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// The values that the model expects, `[steps, channels]`, scaled as the model sees it.
    pub expected: Vec<f32>,
    /// The parts of the channels, `[steps, channels]`: their sum over a row is the score of the step.
    pub parts: Vec<f32>,
    /// The score of each step; NaN where no channel was observed.
    pub scores: Vec<f64>,
}

impl<'a> Monitor<'a> {
    /// Learns from the ends of recordings, behind the cuts, what is ordinary.
    ///
    /// # Errors
    /// If no window fits behind a cut.
    pub fn fit(model: &'a dyn AnyModel, preparation: &Preparation, held: &Held) -> Result<Self> {
        let expectation = Expectation::new(model, preparation)?;
        let stretches = held.tracks.iter().zip(&held.cuts).flat_map(|(track, &cut)| {
            let inside = track.pieces.iter().map(move |&[from, to]| from.max(cut)..to);
            inside.filter(|range| range.len() >= expectation.length).map(move |range| (track, range))
        });
        let residuals: Vec<Vec<f32>> =
            stretches.map(|(track, range)| residuals(&expectation, track, range).1).collect();
        let ordinary =
            Ordinary::fit(&residuals, expectation.channels(), memory(expectation.length), held.step())?;
        Ok(Monitor { expectation, ordinary })
    }

    /// A monitor that knows what is ordinary.
    ///
    /// # Errors
    /// If the model did not learn windows of a series.
    pub fn new(model: &'a dyn AnyModel, preparation: &Preparation, ordinary: Ordinary) -> Result<Self> {
        Ok(Monitor { expectation: Expectation::new(model, preparation)?, ordinary })
    }

    /// The sizes of ordinary residuals and scores.
    pub fn ordinary(&self) -> &Ordinary {
        &self.ordinary
    }

    /// Steps in a window.
    pub fn length(&self) -> usize {
        self.expectation.length
    }

    /// The scores of all steps of a recording.
    pub fn scores(&self, track: &Track) -> Scores {
        let channels = self.expectation.channels();
        let all = track.steps() * channels;
        let mut found = Scores {
            expected: vec![f32::NAN; all],
            parts: vec![0.0; all],
            scores: vec![f64::NAN; track.steps()],
        };
        for &[from, to] in &track.pieces {
            let (expected, residuals) = residuals(&self.expectation, track, from..to);
            found.expected[from * channels..to * channels].copy_from_slice(&expected);
            for step in 0..to - from {
                let first = (step + 1).saturating_sub(self.ordinary.memory);
                let (score, parts) = self.ordinary.score(&residuals[first * channels..(step + 1) * channels]);
                found.scores[from + step] = score;
                found.parts[(from + step) * channels..][..channels].copy_from_slice(&parts);
            }
        }
        found
    }
}

/// The steps that a score looks back on: a quarter of a window.
fn memory(length: usize) -> usize {
    (length / 4).max(1)
}

/// The values that are expected of a stretch, and the differences from them, with NaN where nothing was observed.
fn residuals(of: &Expectation, track: &Track, range: Range<usize>) -> (Vec<f32>, Vec<f32>) {
    let channels = of.channels();
    let values = &track.values[range.start * channels..range.end * channels];
    let expected = expected(of, values);
    let residuals = values.iter().zip(&expected).map(|(x, y)| x - y).collect();
    (expected, residuals)
}

/// Steps and channels of the windows that a model learnt.
fn shape_of(preparation: &Preparation) -> Result<[usize; 2]> {
    match preparation.schema.shape() {
        Some(Shape::Series { steps, channels }) if preparation.channels.len() == channels => {
            Ok([steps, channels])
        }
        _ => Err(Error::unsupported("this model did not learn windows of a series (`zoo train --window`)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::series::Windows;
    use crate::data::{Prepared, Reading, prepare_rows};
    use crate::models::pca::Pca;

    /// A recording of two channels that move together, scaled by nothing: the second is twice the first.
    pub(super) fn pump(steps: usize) -> Track {
        let wave = |i: usize| (i as f32 * 0.3).sin() + 0.05 * ((i * i) as f32 * 0.7).sin();
        Track {
            name: "pump".into(),
            clock: crate::data::series::Clock::Rows,
            times: crate::data::series::Times::Each((0..steps).map(|i| i as f64).collect()),
            values: (0..steps).flat_map(|i| [wave(i), 2.0 * wave(i)]).collect(),
            pieces: vec![[0, steps]],
        }
    }

    /// The preparation of such a recording, it, and PCA of its windows of 16 steps.
    pub(super) fn watched() -> (Preparation, Held, Pca<autograd::Tensor<f32>>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pump.csv");
        let track = pump(400);
        let rows = track.values.chunks(2).map(|row| format!("{},{}\n", row[0], row[1]));
        std::fs::write(&file, format!("a,b\n{}", rows.collect::<String>())).unwrap();
        let windows = Windows { time: None, length: 16, stride: 3 };
        let reading =
            Reading { windows: Some(windows), scale: crate::data::Scale::None, ..Reading::default() };
        let Prepared { rows: [train, _], preparation, .. } =
            prepare_rows(file.to_str().unwrap(), &reading).unwrap();
        (preparation, Held { tracks: vec![track], cuts: vec![300] }, Pca::fit(train.data.x(), 4))
    }

    #[test]
    fn a_channel_that_goes_its_own_way_is_an_event_and_its_cause() {
        let (preparation, held, model) = watched();
        let monitor = Monitor::fit(&model, &preparation, &held).unwrap();
        let threshold = monitor.ordinary().threshold(1e-3).unwrap();
        let ordinary = monitor.scores(&held.tracks[0]);
        assert_eq!(events(&held.tracks[0], &ordinary, 3.0 * threshold, 8), []);
        let mut strange = pump(400);
        let values: Vec<f32> = (strange.values.iter().enumerate())
            .map(|(i, x)| if i % 2 == 1 && (200..240).contains(&(i / 2)) { x + 1.5 } else { *x })
            .collect();
        strange.values = values.into();
        let scores = monitor.scores(&strange);
        let found = events(&strange, &scores, threshold, 8);
        assert_eq!(found.len(), 1, "{found:?}");
        let event = &found[0];
        assert!((184..=201).contains(&event.start) && (236..260).contains(&event.end), "{event:?}");
        let causes = causes(&monitor, &strange, event);
        // At the minimum, which 200,000 proximal steps without this code's rates found, the share is 0.63: the wobble of
        // the first channel hides a part.
        assert!((causes.shares[1] - 0.63).abs() < 0.05 && causes.change[1] < 0.0, "{causes:?} {event:?}");
        assert!(causes.error[1] < 0.5 * causes.error[0], "{causes:?}");
    }

    #[test]
    fn what_was_not_observed_has_no_part_and_no_score() {
        let (preparation, held, model) = watched();
        let monitor = Monitor::fit(&model, &preparation, &held).unwrap();
        let mut hidden = pump(400);
        let values: Vec<f32> = (hidden.values.iter().enumerate())
            .map(|(i, x)| if (100..104).contains(&(i / 2)) || i == 600 { f32::NAN } else { *x })
            .collect();
        hidden.values = values.into();
        let scores = monitor.scores(&hidden);
        assert!(scores.scores[100..104].iter().all(|score| score.is_nan()) && scores.scores[104].is_finite());
        assert!(scores.parts[600] == 0.0 && scores.parts[601] > 0.0 && scores.expected[600].is_finite());
        assert_eq!(scores.scores[..60], monitor.scores(&held.tracks[0]).scores[..60]);
    }
}
