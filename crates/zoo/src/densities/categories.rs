//! Categories, levels, and shares of a total.

use autograd::{Real, Tensor, Var};

use super::ln_one_less_exp;

/// A number for each example, `[batch]`, in the first column of a block like `x`, and 0 in the others.
pub(super) fn in_first_column<'t, T: Real>(nll: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    nll.unsqueeze(-1).pad([[0, 0], [0, x.shape()[1] - 1]], 0.0)
}

/// `−ln [ n! / Πⱼ xⱼ! · Πⱼ softmax(l)ⱼ^xⱼ ]` with the total `n = Σ xⱼ`.
pub(super) fn multinomial_nll<'t, T: Real>(logits: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    let arrangements = ((x.sum_over(-1) + 1.0).ln_gamma()) - (x + 1.0).ln_gamma().sum_over(-1);
    in_first_column(logits.soft_cross_entropy(x) - arrangements, x)
}

/// `−ln p` of the token at each place, `[batch, places]`, by as many logits for each place as there are tokens from 1 on; 0
/// for places that hold no token.
pub(super) fn token_nll<'t, T: Real>(output: Var<'t, T>, x: Var<'t, T>, tokens: usize) -> Var<'t, T> {
    let (batch, places) = (x.shape()[0], x.shape()[1]);
    let there = x.gt(0.0).numbers();
    let targets = ((x - 1.0) * there).one_hot(tokens);
    output.reshape([batch, places, tokens]).soft_cross_entropy(targets) * there
}

/// The most likely token at each place.
pub(super) fn likeliest_tokens<'t, T: Real>(output: Var<'t, T>, tokens: usize) -> Var<'t, T> {
    let [batch, logits] = [0, 1].map(|axis| output.shape()[axis]);
    output.reshape([batch, logits / tokens, tokens]).argmax_over(2) + 1.0
}

/// A token for each place, by a uniform number `u` for each.
pub(super) fn token_draw<T: Real>(output: Var<'_, T>, tokens: usize, u: &Tensor<T>) -> Tensor<T> {
    let places = u.len();
    let shares = output.reshape([places, tokens]).softmax(-1).value();
    let chosen = category_draw(&shares, &u.reshape([places, 1])).argmax_over(1);
    Tensor::from_fn(u.shape(), |i| T::of((chosen[i] + 1) as f64))
}

/// The distance of two neighbouring thresholds is more than this, so that every level has a probability.
const LEAST: f64 = 1e-3;

/// Thresholds `θ₁ < θ₂ < …` of every column, `[batch, columns, levels − 1]`, and the distances between neighbours: the
/// decoder's first numbers are the first threshold of each column, and all further ones distances before `softplus`.
fn thresholds<'t, T: Real>(output: Var<'t, T>, levels: usize) -> (Var<'t, T>, Option<Var<'t, T>>) {
    let (batch, between) = (output.shape()[0], levels - 1);
    let all = output.reshape([batch, between, output.shape()[1] / between]).t();
    let first = all.slice(-1, ..1);
    if between == 1 {
        return (first, None);
    }
    let distances = all.slice(-1, 1..).softplus() + LEAST;
    (Var::concat([first, first + distances.cumsum(-1)], -1), Some(distances))
}

/// `−ln P(x = k)` with `P(x ≥ k) = σ(−θₖ)`, for columns that hold numbers of levels from 0 to `levels` − 1. What lies
/// between two thresholds is `σ(b) − σ(a) = σ(b) σ(−a) (1 − e^{a−b})`, in which nothing cancels.
///
/// # Panics
/// If there are fewer than 2 levels.
#[track_caller]
pub(super) fn ordinal_nll<'t, T: Real>(output: Var<'t, T>, x: Var<'t, T>, levels: usize) -> Var<'t, T> {
    assert!(levels >= 2, "ordinal: at least 2 levels are needed, not {levels}");
    let (thresholds, distances) = thresholds(output, levels);
    let pad = |of: Var<'t, T>, before: usize, after: usize| of.pad([[0, 0], [0, 0], [before, after]], 0.0);
    // Level k lies above its lower threshold, if it has one, and below its upper one.
    let mut nll = pad((-thresholds).softplus(), 0, 1) + pad(thresholds.softplus(), 1, 0);
    if let Some(distances) = distances {
        nll = nll - pad(ln_one_less_exp(distances), 1, 1);
    }
    let numbers = x.tape().constant(Tensor::from_fn([levels], |k| T::of(k as f64)));
    (nll * x.unsqueeze(-1).eq(numbers).numbers()).sum_over(-1)
}

/// `Σₖ P(x ≥ k)`, the mean number of the level.
pub(super) fn ordinal_mean<'t, T: Real>(output: Var<'t, T>, levels: usize) -> Var<'t, T> {
    (-thresholds(output, levels).0).sigmoid().sum_over(-1)
}

/// The level of every column below which a share `u` lies.
pub(super) fn ordinal_draw<T: Real>(output: Var<'_, T>, levels: usize, u: &Tensor<T>) -> Tensor<T> {
    let thresholds = thresholds(output, levels).0;
    // `P(x ≤ k) < u` once for every level below the drawn one.
    let below = thresholds.sigmoid().value().to_vec();
    let u = u.contiguous();
    let drawn = below
        .chunks(levels - 1)
        .zip(u.to_vec())
        .map(|(below, u)| T::of(below.iter().filter(|&&share| share < u).count() as f64));
    Tensor::from_vec(u.shape(), drawn.collect())
}

/// The first threshold at which all levels of the data are about equally likely, and the distances before `softplus`.
pub(super) fn first_thresholds(shares: &[f64]) -> Vec<f64> {
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

/// 1 in the column of the category below which a share `u` of the probabilities lies, for each row.
pub(super) fn category_draw<T: Real>(probabilities: &Tensor<T>, u: &Tensor<T>) -> Tensor<T> {
    let columns = probabilities.shape()[1];
    let rows = probabilities.to_vec();
    let mut drawn = Vec::with_capacity(rows.len());
    for (row, u) in rows.chunks(columns).zip(u.to_vec()) {
        let mut left = u;
        let fits = |p: &T| {
            left -= *p;
            left < T::zero()
        };
        // Rounding may leave a rest behind the last.
        let chosen = row.iter().position(fits).unwrap_or(columns - 1);
        drawn.extend((0..columns).map(|column| if column == chosen { T::one() } else { T::zero() }));
    }
    Tensor::from_vec(probabilities.shape(), drawn)
}
