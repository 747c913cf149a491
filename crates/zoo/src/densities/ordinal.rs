//! One of several levels in order, by thresholds on a logistic scale (McCullagh 1980). A column holds the number of its
//! level.
//!
//! > `P(x ≥ k) = σ(−θₖ)` with thresholds `θ₁ < θ₂ < …`
//!
//! The reconstruction is the mean number of the level, `Σₖ P(x ≥ k)`.

use autograd::{Real, Tensor, Var};
use nn::data::schema::Kind;
use nn::{Context, Result};

use super::{Density, Part, Said, Support, ln_one_less_exp};

pub(super) struct Ordinal;

/// The distance of two neighbouring thresholds is more than this, so that every level has a probability.
const LEAST: f64 = 1e-3;

/// Thresholds of every column, `[batch, columns, levels − 1]`, and the distances between neighbours: the decoder's first
/// numbers are the first threshold of each column, and all further ones distances before `softplus`.
fn thresholds<'t, T: Real>(said: Said<'t, T>) -> (Var<'t, T>, Option<Var<'t, T>>) {
    let (batch, between) = (said.output.shape()[0], said.levels - 1);
    let all = said.output.reshape([batch, between, said.columns()]).t();
    let first = all.slice(-1, ..1);
    if between == 1 {
        return (first, None);
    }
    let distances = all.slice(-1, 1..).softplus() + LEAST;
    (Var::concat([first, first + distances.cumsum(-1)], -1), Some(distances))
}

impl Density for Ordinal {
    const TITLE: &'static str = "one of several levels in order";
    const NUMBERS: &'static [&'static str] = &["a threshold before each level"];
    const SUPPORT: Support = Support::Levels;

    fn levels(kind: Kind, data: &Part) -> Result<usize> {
        match kind {
            Kind::Ordinal { levels } => Ok(levels),
            _ => data.levels(),
        }
    }

    fn per_column(levels: usize) -> usize {
        levels.saturating_sub(1).max(1)
    }

    /// The probability between two thresholds is `σ(b) − σ(a) = σ(b) σ(−a) (1 − e^{a−b})`, in which nothing cancels.
    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        assert!(said.levels >= 2, "ordinal: at least 2 levels are needed, not {}", said.levels);
        let (thresholds, distances) = thresholds(said);
        let pad =
            |of: Var<'t, T>, before: usize, after: usize| of.pad([[0, 0], [0, 0], [before, after]], 0.0);
        // Level k lies above its lower threshold, if it has one, and below its upper one.
        let mut nll = pad((-thresholds).softplus(), 0, 1) + pad(thresholds.softplus(), 1, 0);
        if let Some(distances) = distances {
            nll = nll - pad(ln_one_less_exp(distances), 1, 1);
        }
        let numbers = x.tape().constant(Tensor::from_fn([said.levels], |k| T::of(k as f64)));
        (nll * x.unsqueeze(-1).eq(numbers).numbers()).sum_over(-1)
    }

    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
        (-thresholds(said).0).sigmoid().sum_over(-1)
    }

    /// The level of every column below which a share `u` lies.
    fn draw<T: Real>(said: Said<'_, T>, context: &mut Context) -> Tensor<T> {
        let u = context.uniform::<T>(said.columns()).contiguous();
        // `P(x ≤ k) < u` once for every level below the drawn one.
        let below = thresholds(said).0.sigmoid().value().to_vec();
        let drawn = (below.chunks(said.levels - 1).zip(u.to_vec()))
            .map(|(below, u)| T::of(below.iter().filter(|&&share| share < u).count() as f64));
        Tensor::from_vec(u.shape(), drawn.collect())
    }

    /// For each column the numbers that make every level as likely as it is.
    fn first(data: &Part, levels: usize) -> Tensor<f32> {
        let (rows, width) = (data.data.len(), data.data.width());
        let x = data.data.x().to_vec();
        let of_column = |column: usize| {
            // As if there were one more example of every level.
            let mut shares = vec![1.0 / (rows + levels) as f64; levels];
            for row in 0..rows {
                let level = (x[row * width + column] as usize).min(levels - 1);
                shares[level] += 1.0 / (rows + levels) as f64;
            }
            first_thresholds(&shares)
        };
        let columns: Vec<Vec<f64>> = (0..width).map(of_column).collect();
        Tensor::from_fn([(levels - 1) * width], |i| columns[i % width][i / width] as f32)
    }
}

/// The first threshold at which all levels of the data are as likely as these shares, and the distances before `softplus`.
fn first_thresholds(shares: &[f64]) -> Vec<f64> {
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let mut below = 0.0;
    let all: Vec<f64> = (shares[..shares.len() - 1].iter())
        .map(|share| {
            below += share;
            logit(below.clamp(0.01, 0.99))
        })
        .collect();
    let before_softplus = |pair: &[f64]| {
        let distance = (pair[1] - pair[0] - LEAST).max(1e-2);
        // The inverse of `softplus`.
        distance + (-(-distance).exp_m1()).ln()
    };
    std::iter::once(all[0]).chain(all.windows(2).map(before_softplus)).collect()
}

#[cfg(test)]
mod tests {
    use autograd::Tape;

    use crate::Likelihood::Ordinal;
    use crate::densities::checks::{
        head, levels, no_output_is_too_large, on, sums_to_one, variance_by_probabilities,
    };
    use crate::evaluate;

    #[test]
    fn levels_in_order() {
        sums_to_one(Ordinal, &[-0.7, 0.3, -2.0], 4);
        variance_by_probabilities(Ordinal, &[-0.7, 0.3, -2.0], 4);
        no_output_is_too_large(Ordinal, [0.0, 2.0, 1.0]);
    }

    /// With one more example of each level.
    #[test]
    fn the_first_thresholds_are_those_of_the_shares() {
        let data = levels();
        let (head, output) = head(Ordinal, &data);
        let tape = Tape::new();
        let found = on(&head, &tape).mean(tape.constant(&output)).value().to_vec();
        for (found, mean) in found.iter().zip(evaluate::mean(data.x()).to_vec()) {
            let smoothed = (mean * 12.0 + 6.0) / 16.0;
            assert!((found - smoothed).abs() < 0.02, "{found} {smoothed}");
        }
    }
}
