//! Ordinary values: the sizes of residuals and scores on steps that a model did not learn from.

use autograd::Tensor;
use nn::checkpoint::Checkpoint;
use nn::{Error, Result};

/// Scores that are kept at most: an even choice of them in their order.
const MOST: usize = 20_000;
/// The share of scores that are the tail.
const TAIL: f64 = 0.1;
/// The least mean square, in units of the scaled channel: a hundredth of its deviation. A channel that is constant is not
/// taken at its word.
const LEAST: f64 = 1e-4;

/// Sizes of residuals and scores on ordinary steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Ordinary {
    /// The steps that a score looks back on.
    pub memory: usize,
    /// The usual time between two steps.
    pub step: f64,
    /// The mean squares of the mean residual of so many steps, for each channel.
    shift: Vec<f64>,
    /// The mean squares of residuals, for each channel.
    spread: Vec<f64>,
    /// Scores, rising.
    scores: Vec<f64>,
}

impl Ordinary {
    /// Measures the residuals `[steps, channels]` of some stretches.
    pub(super) fn fit(stretches: &[Vec<f32>], channels: usize, memory: usize, step: f64) -> Result<Self> {
        let mut fitted = Ordinary {
            memory,
            step,
            shift: vec![1.0; channels],
            spread: vec![1.0; channels],
            scores: vec![],
        };
        let mut sums = vec![[0.0, 0.0, 0.0]; channels];
        let each = |f: &mut dyn FnMut(&[f32])| {
            for stretch in stretches {
                let steps = stretch.len() / channels;
                (memory.min(steps)..=steps).for_each(|end| {
                    f(&stretch[end.saturating_sub(memory) * channels..end * channels]);
                });
            }
        };
        each(&mut |recent| {
            for (channel, sums) in sums.iter_mut().enumerate() {
                if let Some([shift, spread]) = fitted.squares(recent, channel) {
                    *sums = [sums[0] + 1.0, sums[1] + shift, sums[2] + spread];
                }
            }
        });
        for (channel, [count, shift, spread]) in
            sums.into_iter().enumerate().filter(|(_, sums)| sums[0] > 0.0)
        {
            fitted.shift[channel] = (shift / count).max(LEAST / memory as f64);
            fitted.spread[channel] = (spread / count).max(LEAST);
        }
        let mut scores = vec![];
        each(&mut |recent| scores.push(fitted.score(recent).0));
        scores.retain(|score| score.is_finite());
        if scores.len() < 2 {
            return Err(Error::data(
                "too few ordinary steps are held out to measure scores by; take a larger --test-fraction",
            ));
        }
        scores.sort_by(f64::total_cmp);
        if scores.len() > MOST {
            let count = scores.len();
            scores = (0..MOST).map(|i| scores[i * (count - 1) / (MOST - 1)]).collect();
        }
        Ok(Ordinary { scores, ..fitted })
    }

    /// The squares of the mean residual and of the residuals of a channel in the last steps, if the last was observed. The
    /// mean of fewer steps than the memory has counts as much less as it varies more.
    fn squares(&self, recent: &[f32], channel: usize) -> Option<[f64; 2]> {
        let channels = self.shift.len();
        let residuals = recent.iter().skip(channel).step_by(channels);
        if recent[recent.len() - channels + channel].is_nan() {
            return None;
        }
        let known = residuals.filter(|r| !r.is_nan()).map(|r| f64::from(*r));
        let (count, sum, squares) = known.fold((0.0, 0.0, 0.0), |(n, s, q), r| (n + 1.0, s + r, q + r * r));
        let short = count / self.memory as f64;
        Some([short * (sum / count) * (sum / count), squares / count])
    }

    /// The score of the last of some steps with these residuals, `[steps, channels]`, and the parts of the channels in it.
    pub(super) fn score(&self, recent: &[f32]) -> (f64, Vec<f32>) {
        let channels = self.shift.len();
        let (mut sum, mut seen) = (0.0, false);
        let mut parts = vec![0.0; channels];
        for (channel, part) in parts.iter_mut().enumerate() {
            if let Some([shift, spread]) = self.squares(recent, channel) {
                let of =
                    0.5 * (shift / self.shift[channel] + spread / self.spread[channel]) / channels as f64;
                (*part, sum, seen) = (of as f32, sum + of, true);
            }
        }
        (if seen { sum } else { f64::NAN }, parts)
    }

    /// The root mean square of the residuals of a channel.
    pub(super) fn deviation(&self, channel: usize) -> f64 {
        self.spread[channel].sqrt()
    }

    /// The number of ordinary scores that are kept.
    pub fn count(&self) -> usize {
        self.scores.len()
    }

    /// The score that an ordinary step exceeds with this probability. Rarer ones than the tenth of the scores that is called
    /// their tail are extrapolated: above a level `u` scores fall off exponentially, by their mean excess `β` there, so that
    /// `P(s > u + β ln k) = 0.1 / k`.
    ///
    /// # Errors
    /// If it is not between 0 and 1.
    pub fn threshold(&self, probability: f64) -> Result<f64> {
        if !(probability > 0.0 && probability < 1.0) {
            return Err(Error::setting(
                "contamination",
                format!("the contamination must be between 0 and 1, not {probability}"),
            ));
        }
        let n = self.scores.len();
        let tail = ((n as f64 * TAIL).round() as usize).clamp(1, n - 1);
        let share = tail as f64 / n as f64;
        if probability >= share {
            let rank = ((n as f64 * (1.0 - probability)).ceil() as usize).clamp(1, n);
            return Ok(self.scores[rank - 1]);
        }
        let level = self.scores[n - tail - 1];
        let excess = self.scores[n - tail..].iter().map(|score| score - level).sum::<f64>() / tail as f64;
        Ok(level + excess * (share / probability).ln())
    }

    /// As a file's content.
    pub(crate) fn save(&self, into: &mut Checkpoint<f64>) {
        into.metadata.insert("memory".into(), self.memory.to_string());
        into.insert("step", &Tensor::scalar(self.step));
        for (name, values) in [("shift", &self.shift), ("spread", &self.spread), ("scores", &self.scores)] {
            into.insert(name, &Tensor::from_vec([values.len()], values.clone()));
        }
    }

    /// Reads what [`save`](Self::save) wrote; `None` if it does not fit so many channels.
    pub(crate) fn restore(from: &Checkpoint<f64>, channels: usize) -> Option<Self> {
        let values = |name: &str| Some(from.tensors.get(name)?.to_vec());
        let memory = from.metadata.get("memory")?.parse().ok()?;
        let step = values("step")?.first().copied()?;
        let found = Ordinary {
            memory,
            step,
            shift: values("shift")?,
            spread: values("spread")?,
            scores: values("scores")?,
        };
        let fits = [&found.shift, &found.spread].iter().all(|of| of.len() == channels);
        (fits && found.scores.len() >= 2 && memory > 0).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_steps_score_one_and_rare_ones_are_extrapolated() {
        let noise: Tensor<f32> =
            nn::random::normal([4000, 2], &mut nn::generator(1, nn::Purpose::Sample, 0, 0));
        let stretch: Vec<f32> =
            noise.to_vec().iter().enumerate().map(|(i, x)| if i % 2 == 0 { *x } else { 9.0 * x }).collect();
        let ordinary = Ordinary::fit(&[stretch], 2, 4, 1.0).unwrap();
        let mean = ordinary.scores.iter().sum::<f64>() / ordinary.scores.len() as f64;
        assert!((mean - 1.0).abs() < 1e-9, "{mean}");
        let [often, seldom, never] = [0.5, 0.1, 1e-4].map(|p| ordinary.threshold(p).unwrap());
        assert!(often < seldom && seldom < never);
        let above = |level: f64| ordinary.scores.iter().filter(|score| **score > level).count();
        assert!(above(often) == 1998 && (398..=400).contains(&above(seldom)));
        assert!(
            above(never) <= 4 && ordinary.threshold(0.0).is_err() && ordinary.threshold(f64::NAN).is_err()
        );
        // A shift of both by half a deviation is a part of each.
        let shifted: Vec<f32> = [0.5, 4.5].repeat(4);
        let (score, parts) = ordinary.score(&shifted);
        assert!(
            (score - f64::from(parts[0] + parts[1])).abs() < 1e-6
                && (parts[0] - parts[1]).abs() < 0.1 * parts[0]
        );
        let gap = [0.5, 4.5, f32::NAN, 4.5];
        assert_eq!(ordinary.score(&gap).1[0], 0.0);
        assert!(ordinary.score(&[f32::NAN; 2]).0.is_nan());
    }

    #[test]
    fn it_comes_back_from_a_file() {
        let ordinary = Ordinary::fit(&[vec![0.5, -0.5, 1.0, 2.0, 0.0]], 1, 2, 0.5).unwrap();
        let mut file = Checkpoint::default();
        ordinary.save(&mut file);
        assert_eq!(Ordinary::restore(&file, 1), Some(ordinary));
        assert_eq!(Ordinary::restore(&file, 2), None);
    }
}
