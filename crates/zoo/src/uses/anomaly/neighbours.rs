//! How far an example is from ordinary ones.

use autograd::Tensor;

/// The numbers and the examples that are kept at most, and the examples that are enough for any width.
const MOST_NUMBERS: usize = 200_000;
const MOST_ROWS: usize = 1_000;
const FEWEST_ROWS: usize = 50;

/// One example in so many is near: the distance is measured to that share of the ordinary ones. A small cluster of anomalies
/// does not make them ordinary to each other.
const NEAR: usize = 5;

/// Ordinary examples, as a model reconstructs them.
#[derive(Clone, Debug)]
pub(crate) struct Neighbours(Tensor<f64>);

impl Neighbours {
    /// How many of `count` examples with so many numbers are kept.
    pub(crate) fn kept(count: usize, width: usize) -> usize {
        count.min((MOST_NUMBERS / width.max(1)).clamp(FEWEST_ROWS, MOST_ROWS))
    }

    /// `[examples, features]`.
    pub(super) fn new(ordinary: Tensor<f64>) -> Self {
        Neighbours(ordinary.contiguous())
    }

    /// As [`new`](Self::new) took them.
    pub(super) fn ordinary(&self) -> &Tensor<f64> {
        &self.0
    }

    /// `(xⱼ − rⱼ)²`, the mean over the nearest fifth of the ordinary examples `r`, of every row of `x` and every feature:
    /// they add up to the mean squared distance. What was not observed counts as no difference.
    pub(super) fn contributions(&self, x: &Tensor<f64>, mask: Option<&Tensor<f64>>) -> Tensor<f64> {
        let [ordinary, width] = [0, 1].map(|axis| self.0.shape()[axis]);
        let near = ordinary.div_ceil(NEAR);
        let references = self.0.to_vec();
        let (x, known) = (x.to_vec(), mask.map(Tensor::to_vec));
        let mut all = vec![0.0; x.len()];
        for (row, (x, parts)) in x.chunks_exact(width).zip(all.chunks_exact_mut(width)).enumerate() {
            let known = known.as_ref().map(|known| &known[row * width..][..width]);
            let weight = |j: usize| known.map_or(1.0, |known| known[j]);
            let square = |j: usize, r: f64| weight(j) * (x[j] - r) * (x[j] - r);
            let sum = |r: &[f64]| r.iter().enumerate().map(|(j, &r)| square(j, r)).sum::<f64>();
            let mut distances: Vec<(f64, usize)> =
                references.chunks_exact(width).map(sum).zip(0..ordinary).collect();
            // Of equal distances the first, so that the choice is always the same.
            distances.select_nth_unstable_by(near - 1, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            distances[..near].sort_by_key(|&(_, at)| at);
            for &(_, at) in &distances[..near] {
                for (j, (part, &r)) in parts.iter_mut().zip(&references[at * width..][..width]).enumerate() {
                    *part += square(j, r) / near as f64;
                }
            }
        }
        Tensor::from_vec([all.len() / width, width], all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_over_the_nearest_fifth() {
        // Ten ordinary examples at 0, 1 … 9: the two that are nearest count.
        let neighbours =
            Neighbours::new(Tensor::from_fn([10, 2], |i| if i % 2 == 0 { (i / 2) as f64 } else { 5.0 }));
        let x = Tensor::from_vec([3, 2], vec![4.0, 5.0, 12.0, 5.0, 0.5, 7.0]);
        let parts = neighbours.contributions(&x, None).to_vec();
        // 4 and, of 3 and 5, the first; 9 and 8; 0 and 1.
        assert_eq!(parts, [0.5, 0.0, 12.5, 0.0, 0.25, 4.0]);
        let mask = Tensor::from_vec([3, 2], vec![1.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
        assert_eq!(neighbours.contributions(&x, Some(&mask)).to_vec(), [0.5, 0.0, 12.5, 0.0, 0.0, 4.0]);
        assert_eq!(neighbours.contributions(&Tensor::zeros([0, 2]), None).shape(), [0, 2]);
        assert_eq!(
            [Neighbours::kept(700, 10), Neighbours::kept(5000, 10), Neighbours::kept(5000, 3072)],
            [700, 1000, 65]
        );
    }
}
