//! Where expectation maximization starts: k-means++ (Arthur and Vassilvitskii 2007).

use nalgebra::DMatrix;
use nn::{Generator, Purpose, generator};
use rand::RngExt;

/// Where the components start: points, each chosen with a probability that grows with the square of its
/// distance from those already chosen.
pub(super) fn starts(z: &DMatrix<f64>, components: usize, seed: u64) -> Vec<usize> {
    let from = &mut generator(seed, Purpose::Init, 0, 0);
    let mut chosen = vec![from.random_range(0..z.ncols())];
    let mut distances = vec![f64::INFINITY; z.ncols()];
    while chosen.len() < components {
        let last = z.column(chosen[chosen.len() - 1]);
        for (distance, z) in distances.iter_mut().zip(z.column_iter()) {
            *distance = distance.min((z - last).norm_squared());
        }
        chosen.push(pick(distances.iter().copied(), from));
    }
    chosen
}

/// 1 where the start is the nearest one, `[points, components]`.
pub(super) fn nearest(z: &DMatrix<f64>, starts: &[usize]) -> DMatrix<f64> {
    let mut shares = DMatrix::zeros(z.ncols(), starts.len());
    for (i, point) in z.column_iter().enumerate() {
        let distance = |k: &usize| (point - z.column(starts[*k])).norm_squared();
        let best = (0..starts.len()).min_by(|a, b| distance(a).total_cmp(&distance(b)));
        shares[(i, best.expect("at least one component"))] = 1.0;
    }
    shares
}

/// A number drawn with probabilities in proportion to these weights; any, if they are all 0.
pub(super) fn pick(weights: impl ExactSizeIterator<Item = f64> + Clone, from: &mut Generator) -> usize {
    let last = weights.len() - 1;
    let mut left = from.random::<f64>() * weights.clone().sum::<f64>();
    weights
        .take(last)
        .position(|weight| {
            left -= weight;
            left < 0.0
        })
        .unwrap_or(last)
}
