//! The judge that remembers.

use autograd::Tensor;
use nn::{Error, Result};
use rayon::prelude::*;

use super::check;

/// The k nearest neighbours (Fix and Hodges 1951; Cover and Hart 1967), by Euclidean distance.
#[derive(Clone, Debug)]
pub struct Neighbours {
    codes: Vec<f32>,
    labels: Vec<u32>,
    width: usize,
    k: usize,
}

impl Neighbours {
    /// Remembers codes `[examples, code]` with their labels, to be asked for the `k` nearest.
    ///
    /// # Errors
    /// If `k` is 0 or larger than the number of examples, or a code is not finite.
    ///
    /// # Panics
    /// If there are not as many labels as codes.
    #[track_caller]
    pub fn new(codes: &Tensor<f32>, labels: &[u32], k: usize) -> Result<Self> {
        let [n, width] = check(codes, labels)?;
        if k == 0 || k > n {
            return Err(Error::setting(
                "k",
                format!("{k} nearest of {n} examples cannot be found; k must be 1 to {n}"),
            ));
        }
        Ok(Neighbours { codes: codes.to_vec(), labels: labels.to_vec(), width, k })
    }

    /// The class that most of the `k` nearest codes have; of several such classes the one whose nearest
    /// member is nearest.
    ///
    /// # Panics
    /// If the codes have another width.
    #[track_caller]
    pub fn predict(&self, codes: &Tensor<f32>) -> Vec<u32> {
        let shape = codes.shape();
        assert!(shape[1..] == [self.width], "neighbours of width {}, codes of shape {shape:?}", self.width);
        codes.to_vec().par_chunks(self.width).map(|code| self.class(code)).collect()
    }

    fn class(&self, code: &[f32]) -> u32 {
        let distance =
            |other: &[f32]| -> f64 { code.iter().zip(other).map(|(a, b)| f64::from(a - b).powi(2)).sum() };
        let mut near: Vec<(f64, usize)> = self.codes.chunks(self.width).map(distance).zip(0..).collect();
        // Ties in distance go to the example that comes first: the order is total, so nothing is left
        // to chance.
        let by_distance = |a: &(f64, usize), b: &(f64, usize)| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1));
        if self.k < near.len() {
            near.select_nth_unstable_by(self.k, by_distance);
            near.truncate(self.k);
        }
        near.sort_by(by_distance);
        let votes = |label: u32| near.iter().filter(|(_, i)| self.labels[*i] == label).count();
        let labels = || near.iter().map(|&(_, i)| self.labels[i]);
        let most = labels().map(votes).max().expect("k is at least 1");
        labels().find(|&label| votes(label) == most).expect("one of them has most votes")
    }
}
