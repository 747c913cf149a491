//! Events: stretches of steps that score above a threshold.

use super::Scores;
use crate::data::series::Track;

/// A stretch of steps that are out of the ordinary; steps are counted from 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The first step above the threshold.
    pub start: usize,
    /// The last step above the threshold.
    pub end: usize,
    /// The step with the highest score.
    pub peak: usize,
    /// The highest score.
    pub score: f64,
    /// The share of each channel in the scores of the event.
    pub shares: Vec<f64>,
}

/// The events of a recording. Steps above the threshold with fewer than `apart` others between them belong to one event, if
/// there is no gap of a window between them.
pub fn events(track: &Track, scores: &Scores, threshold: f64, apart: usize) -> Vec<Event> {
    let channels = scores.parts.len() / scores.scores.len().max(1);
    let mut found: Vec<Event> = vec![];
    for &[from, to] in &track.pieces {
        let mut last: Option<usize> = None;
        for step in (from..to).filter(|&step| scores.scores[step] > threshold) {
            let parts = &scores.parts[step * channels..][..channels];
            let score = scores.scores[step];
            match (last.filter(|last| step - last <= apart.max(1)), found.last_mut()) {
                (Some(_), Some(event)) => {
                    event.end = step;
                    if score > event.score {
                        (event.peak, event.score) = (step, score);
                    }
                    event.shares.iter_mut().zip(parts).for_each(|(sum, part)| *sum += f64::from(*part));
                }
                _ => {
                    let shares = parts.iter().map(|part| f64::from(*part)).collect();
                    found.push(Event { start: step, end: step, peak: step, score, shares });
                }
            }
            last = Some(step);
        }
    }
    for event in &mut found {
        let sum: f64 = event.shares.iter().sum();
        event.shares.iter_mut().for_each(|share| *share /= sum.max(f64::MIN_POSITIVE));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::series::Clock;

    #[test]
    fn steps_that_are_near_are_one_event_but_not_over_a_gap() {
        let high = [0, 0, 5, 0, 9, 0, 0, 0, 7, 8];
        let track = Track {
            name: "a".into(),
            clock: Clock::Rows,
            times: crate::data::series::Times::Each((0..10).map(f64::from).collect()),
            values: vec![0.0; 20].into(),
            pieces: vec![[0, 9], [9, 10]],
        };
        let parts = high.iter().flat_map(|&score| [0.75 * score as f32, 0.25 * score as f32]).collect();
        let scores = Scores { expected: vec![0.0; 20], parts, scores: high.map(f64::from).to_vec() };
        let found = events(&track, &scores, 1.0, 2);
        let places: Vec<_> =
            found.iter().map(|event| (event.start, event.end, event.peak, event.score)).collect();
        assert_eq!(places, [(2, 4, 4, 9.0), (8, 8, 8, 7.0), (9, 9, 9, 8.0)]);
        assert!(found.iter().all(|event| (event.shares[0] - 0.75).abs() < 1e-6));
        assert_eq!(events(&track, &scores, 9.0, 2), []);
    }
}
