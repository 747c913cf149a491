//! Sorted scores, of which a sample is kept where there are very many.

use nn::{Error, Result};

/// Scores that are kept at most. Of more scores the highest are kept, where thresholds lie, and an even choice of the
/// others.
const MOST: usize = 20_000;
const HIGHEST: usize = 5_000;

/// The scores of some examples.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ranks {
    /// How many there are.
    pub(super) count: usize,
    /// Those with the ranks of [`kept`], rising.
    pub(super) scores: Vec<f64>,
}

impl Ranks {
    pub(super) fn of(mut scores: Vec<f64>) -> Self {
        scores.sort_by(f64::total_cmp);
        let count = scores.len();
        Ranks { count, scores: kept(count).into_iter().map(|rank| scores[rank]).collect() }
    }

    /// `None` if so many scores would not be kept of so many.
    pub(super) fn restore(count: usize, scores: Vec<f64>) -> Option<Self> {
        (count >= 2 && scores.len() == count.min(MOST)).then_some(Ranks { count, scores })
    }

    /// See [`Detector::threshold`](super::Detector::threshold). Where not all scores are kept, it is the next one
    /// above.
    pub(super) fn threshold(&self, contamination: f64) -> Result<f64> {
        let n = self.count;
        if !(contamination > 0.0 && contamination < 1.0) {
            return Err(Error::setting(
                "contamination",
                format!("the contamination must be between 0 and 1, not {contamination}"),
            ));
        }
        // 0.1 · 10 is a little more than 1 in binary; that must not cost a rank.
        let rank = ((n + 1) as f64 * (1.0 - contamination) - 1e-9).ceil() as usize;
        if rank > n {
            return Err(Error::setting(
                "contamination",
                format!(
                    "a contamination of {contamination} needs at least {} normal examples, not {n}; {n} do for one \
                 of {:.3}",
                    (1.0 / contamination - 1.0 - 1e-9).ceil(),
                    // Rounded up, so that it is enough.
                    (1e3 / (n + 1) as f64).ceil() / 1e3
                ),
            ));
        }
        let at = kept(n).partition_point(|&kept| kept < rank.max(1) - 1);
        Ok(self.scores[at])
    }

    /// See [`Detector::far_out`](super::Detector::far_out).
    pub(super) fn far_out(&self) -> usize {
        let (n, kept) = (self.count, kept(self.count));
        let [q1, q3] = [n / 4, 3 * n / 4].map(|rank| self.scores[kept.partition_point(|&kept| kept < rank)]);
        let fence = q3 * (q3 / q1.max(f64::MIN_POSITIVE)).powi(3);
        match self.scores.partition_point(|&score| score <= fence) {
            0 => n,
            some => n - 1 - kept[some - 1],
        }
    }

    /// See [`Detector::p_values`](super::Detector::p_values). Where not all scores are kept, it is rather too large.
    pub(super) fn p_value(&self, score: f64) -> f64 {
        let n = self.count;
        let lower = match self.scores.partition_point(|&s| s < score) {
            0 => 0,
            some => rank(n, some - 1) + 1,
        };
        (1 + n - lower) as f64 / (n + 1) as f64
    }
}

/// The rank of the score that is kept at this place, of `n` scores, both counted from 0.
fn rank(n: usize, place: usize) -> usize {
    let (even, others) = (MOST - HIGHEST, n.saturating_sub(HIGHEST));
    match place {
        place if n <= MOST => place,
        place if place < even => (place as u128 * others as u128 / even as u128) as usize,
        place => others + (place - even),
    }
}

/// The ranks of the scores that are kept of `n`, rising from 0.
fn kept(n: usize) -> Vec<usize> {
    (0..n.min(MOST)).map(|place| rank(n, place)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_scores_are_kept_or_the_highest_and_an_even_choice() {
        assert_eq!(kept(7), [0, 1, 2, 3, 4, 5, 6]);
        let ranks = kept(1_000_000);
        assert_eq!((ranks.len(), ranks[0], ranks[MOST - 1]), (MOST, 0, 999_999));
        assert!(ranks.windows(2).all(|pair| (1..=67).contains(&(pair[1] - pair[0]))));
        assert!(ranks[MOST - HIGHEST..].windows(2).all(|pair| pair[1] == pair[0] + 1));
    }

    #[test]
    fn thresholds_of_very_many_scores_are_right_to_a_few_ranks() {
        // The scores are the ranks themselves.
        let count = 100_000;
        let ranks = Ranks { count, scores: kept(count).into_iter().map(|rank| rank as f64).collect() };
        for contamination in [0.5, 0.2, 0.05, 0.01, 1e-3, 1e-4] {
            let wanted = ((count + 1) as f64 * (1.0 - contamination)).ceil() - 1.0;
            let found = ranks.threshold(contamination).unwrap();
            let slack = if contamination < 0.05 { 0.0 } else { 7.0 };
            assert!((0.0..=slack).contains(&(found - wanted)), "{contamination}: {found} {wanted}");
            assert!((ranks.p_value(found) - contamination).abs() < 1e-3 * contamination + 2e-5);
        }
        assert!(ranks.threshold(1e-6).is_err());
        assert_eq!([ranks.p_value(-1.0), ranks.p_value(1e9)], [1.0, 1.0 / 100_001.0]);
    }
}
