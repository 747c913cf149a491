//! The tree-structured Parzen estimator (Bergstra, Bardenet, Bengio and Kégl 2011).
//!
//! Trials so far are divided into a few good ones and the rest. For both a density is estimated, `l(u)`
//! and `g(u)`, coordinate by coordinate; what is tried next is the draw from `l` with the largest
//! `l(u) / g(u)`, which is the one of the largest expected improvement (eq. 4 there).

use nn::Generator;
use nn::random::normal;
use rand::RngExt;

use super::space::{Range, Space, choice};

/// Trials drawn at random before there is something to estimate.
pub(super) const STARTUP: usize = 10;
/// Draws from `l` of which the best is tried.
const CANDIDATES: usize = 24;
/// The fraction of trials that are good: γ.
const GOOD: f64 = 0.2;

/// The next point of the unit cube, given the points so far from the best to the worst.
pub(super) fn next(space: &Space, ranked: &[&[f64]], from: &mut Generator) -> Vec<f64> {
    let (good, rest) = ranked.split_at((GOOD * ranked.len() as f64).ceil() as usize);
    let column = |points: &[&[f64]], i: usize| points.iter().map(|point| point[i]).collect();
    let estimators: Vec<[Parzen; 2]> = (space.0.values().enumerate())
        .map(|(i, range)| [good, rest].map(|points| Parzen::new(range, column(points, i))))
        .collect();
    let mut best = (f64::NEG_INFINITY, vec![]);
    for _ in 0..CANDIDATES {
        let point: Vec<f64> = estimators.iter().map(|[l, _]| l.draw(from)).collect();
        let gain: f64 =
            (estimators.iter().zip(&point)).map(|([l, g], &u)| l.density(u).ln() - g.density(u).ln()).sum();
        if gain > best.0 || best.1.is_empty() {
            best = (gain, point);
        }
    }
    best.1
}

/// A density on `[0, 1]`: a uniform part, and as much for every observation.
enum Parzen {
    /// Normal distributions around observations, each cut to `[0, 1]`: mean and width. Unlike with one
    /// width for all, a crowd of observations is resolved and a lonely one reaches far.
    Numbers(Vec<(f64, f64)>),
    /// Counts of values, and 1 for each.
    Choices(Vec<f64>),
}

impl Parzen {
    fn new(range: &Range, mut observed: Vec<f64>) -> Self {
        if let Some(count) = range.choices() {
            let mut counts = vec![1.0; count];
            observed.iter().for_each(|&u| counts[choice(u, count)] += 1.0);
            return Parzen::Choices(counts);
        }
        observed.sort_by(f64::total_cmp);
        // The width is the distance to the farther neighbour, but not so small that the density becomes
        // a comb.
        let least = 1.0 / (1.0 + observed.len() as f64).min(100.0);
        let width = |i: usize| {
            let left = if i == 0 { 0.0 } else { observed[i - 1] };
            let right = observed.get(i + 1).copied().unwrap_or(1.0);
            (observed[i] - left).max(right - observed[i]).clamp(least, 1.0)
        };
        Parzen::Numbers((0..observed.len()).map(|i| (observed[i], width(i))).collect())
    }

    fn draw(&self, from: &mut Generator) -> f64 {
        match self {
            Parzen::Numbers(parts) => match from.random_range(0..=parts.len()) {
                0 => from.random(),
                i => {
                    let (mean, width) = parts[i - 1];
                    // A mean within [0, 1] and a width of at most 1: a third of the draws are inside.
                    loop {
                        let u = mean + width * normal::<f64>([], from).item();
                        if (0.0..=1.0).contains(&u) {
                            break u;
                        }
                    }
                }
            },
            Parzen::Choices(counts) => {
                let mut place = from.random::<f64>() * counts.iter().sum::<f64>();
                let mut chosen = 0;
                while chosen + 1 < counts.len() && place >= counts[chosen] {
                    place -= counts[chosen];
                    chosen += 1;
                }
                (chosen as f64 + 0.5) / counts.len() as f64
            }
        }
    }

    fn density(&self, u: f64) -> f64 {
        match self {
            Parzen::Numbers(parts) => {
                let bell = |&(mean, width): &(f64, f64)| {
                    let inside = cumulative((1.0 - mean) / width) - cumulative(-mean / width);
                    let height = (-0.5 * ((u - mean) / width).powi(2)).exp();
                    height / (width * (2.0 * std::f64::consts::PI).sqrt() * inside)
                };
                (1.0 + parts.iter().map(bell).sum::<f64>()) / (parts.len() + 1) as f64
            }
            Parzen::Choices(counts) => {
                counts.len() as f64 * counts[choice(u, counts.len())] / counts.iter().sum::<f64>()
            }
        }
    }
}

/// The standard normal distribution function.
fn cumulative(x: f64) -> f64 {
    0.5 * (1.0 + autograd::Real::erf(x * std::f64::consts::FRAC_1_SQRT_2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nn::{Purpose, generator};

    fn line() -> Range {
        Range::Real { low: 0.0, high: 1.0, log: false }
    }

    #[test]
    fn densities_integrate_to_one_and_describe_the_draws() {
        let choices = Range::Choice(vec![1.into(), 2.into(), 3.into()]);
        for parzen in [
            Parzen::new(&line(), vec![0.1, 0.15, 0.9]),
            Parzen::new(&line(), vec![]),
            Parzen::new(&choices, vec![0.5, 0.5, 0.9]),
        ] {
            let integral = |to: f64| {
                (0..3000)
                    .map(|i| (f64::from(i) + 0.5) / 3000.0)
                    .filter(|u| *u < to)
                    .map(|u| parzen.density(u) / 3000.0)
                    .sum::<f64>()
            };
            assert!((integral(1.0) - 1.0).abs() < 1e-6);
            let mut from = generator(1, Purpose::Sample, 0, 0);
            let below = (0..20_000).filter(|_| parzen.draw(&mut from) < 1.0 / 3.0).count() as f64 / 2e4;
            assert!((below - integral(1.0 / 3.0)).abs() < 0.012, "{below} {}", integral(1.0 / 3.0));
        }
    }

    #[test]
    fn it_looks_where_it_was_good() {
        let space = Space::new([("a", line()), ("b", Range::Choice(vec![1.into(), 2.into()]))]);
        // Good near a = 0.8 with the second choice.
        let mut points: Vec<Vec<f64>> =
            (0..20).map(|i| vec![f64::from(i) / 20.0, f64::from(i % 2) / 2.0 + 0.25]).collect();
        points.sort_by(|p, q| {
            let loss = |p: &[f64]| (p[0] - 0.8).abs() + (p[1] - 0.75).abs();
            loss(p).total_cmp(&loss(q))
        });
        let ranked: Vec<&[f64]> = points.iter().map(Vec::as_slice).collect();
        let drawn = (0..50).map(|i| next(&space, &ranked, &mut generator(0, Purpose::Sample, 0, i)));
        let hits = drawn.filter(|p| (0.6..=1.0).contains(&p[0]) && p[1] > 0.5).count();
        assert!(hits > 40, "{hits} of 50; 10 by chance");
    }
}
