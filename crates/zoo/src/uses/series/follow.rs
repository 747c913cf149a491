//! Scores of a series while it comes, in constant memory.

use std::collections::VecDeque;

use super::Monitor;

/// A series of which one step comes after the other. The score of a step is known when all windows that hold it have been
/// seen: a window later. The scores are those of [`Monitor::scores`], but for rounding.
pub struct Follower<'a> {
    monitor: &'a Monitor<'a>,
    /// The last steps that came, as many as a window has at most.
    last: VecDeque<Seen>,
    /// The residuals of the last steps that were scored, `[steps, channels]`.
    recent: Vec<f32>,
    /// The steps of this stretch that came.
    steps: usize,
}

struct Seen {
    time: f64,
    values: Vec<f32>,
    /// The sum of the reconstructions of the step, and how many they are.
    sums: Vec<f64>,
    count: usize,
}

/// A step with its score.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The time that it was given with.
    pub time: f64,
    /// The score; NaN where no channel was observed.
    pub score: f64,
    /// The part of each channel in the score.
    pub parts: Vec<f32>,
}

impl<'a> Follower<'a> {
    /// Waits for the first step.
    pub fn new(monitor: &'a Monitor<'a>) -> Self {
        Follower { monitor, last: VecDeque::new(), recent: vec![], steps: 0 }
    }

    /// Takes the next step, with NaN for what was not observed, and gives the step whose score is known by that.
    pub fn push(&mut self, time: f64, values: Vec<f32>) -> Option<Step> {
        let of = &self.monitor.expectation;
        if self.last.len() == of.length {
            self.last.pop_front();
        }
        let sums = vec![0.0; values.len()];
        self.last.push_back(Seen { time, values, sums, count: 0 });
        self.steps += 1;
        if self.last.len() < of.length {
            return None;
        }
        if (self.steps - of.length).is_multiple_of(of.stride) {
            self.look(|_| true);
        }
        Some(self.step(0))
    }

    /// Ends the stretch, and gives the steps that still waited.
    pub fn end(&mut self) -> Vec<Step> {
        if self.last.iter().any(|seen| seen.count == 0) {
            self.look(|seen| seen.count == 0);
        }
        let given = usize::from(self.last.len() == self.monitor.expectation.length);
        let rest = (given..self.last.len()).map(|place| self.step(place)).collect();
        *self = Follower::new(self.monitor);
        rest
    }

    /// Adds the reconstruction of the last steps to some of them.
    fn look(&mut self, which: impl Fn(&Seen) -> bool) {
        let of = &self.monitor.expectation;
        let values: Vec<f32> = self.last.iter().flat_map(|seen| seen.values.iter().copied()).collect();
        let window = of.windows(&values, &[0]);
        for (seen, row) in
            self.last.iter_mut().zip(window.chunks(of.channels())).filter(|(seen, _)| which(seen))
        {
            seen.sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
            seen.count += 1;
        }
    }

    /// The score of one of the last steps.
    fn step(&mut self, place: usize) -> Step {
        let seen = &self.last[place];
        let (channels, count) = (seen.values.len(), seen.count.max(1) as f64);
        if self.recent.len() == self.monitor.ordinary.memory * channels {
            self.recent.drain(..channels);
        }
        let residuals = seen.values.iter().zip(&seen.sums).map(|(x, sum)| x - (sum / count) as f32);
        self.recent.extend(residuals);
        let (score, parts) = self.monitor.ordinary.score(&self.recent);
        Step { time: seen.time, score, parts }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{pump, watched};
    use super::*;

    #[test]
    fn scores_that_come_one_by_one_are_those_of_the_whole() {
        let (preparation, held, model) = watched();
        let monitor = Monitor::fit(&model, &preparation, &held).unwrap();
        for steps in [400, 397, 20, 9, 1] {
            let track = pump(steps);
            let all = monitor.scores(&track);
            let mut follower = Follower::new(&monitor);
            for round in 0..2 {
                let mut found = vec![];
                for (step, row) in track.values.chunks(2).enumerate() {
                    found.extend(follower.push(track.times.at(step), row.to_vec()));
                }
                found.extend(follower.end());
                assert_eq!(found.len(), all.scores.len());
                for (step, (score, parts)) in found.iter().zip(all.scores.iter().zip(all.parts.chunks(2))) {
                    // Products of other heights are rounded otherwise.
                    let near = |a: f64, b: f64| (a - b).abs() <= 1e-3 * b.max(0.1);
                    let parts = step.parts.iter().zip(parts).all(|(a, b)| near((*a).into(), (*b).into()));
                    assert!(near(step.score, *score) && parts, "{steps} {round}: {step:?} {score}");
                }
            }
        }
    }
}
