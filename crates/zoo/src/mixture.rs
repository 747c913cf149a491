//! Mixtures of Gaussians, fitted by expectation maximization (Dempster, Laird and Rubin 1977).
//!
//! > `p(z) = Σₖ πₖ N(z; μₖ, Σₖ)`
//!
//! A model whose codes have no prior can still be sampled: fit a mixture to the codes of the training
//! examples and decode draws from it (*ex-post density estimation*, Ghosh et al. 2020, section 3.3).
//!
//! ```
//! use autograd::Tensor;
//! use nn::{Purpose, generator, random};
//! use zoo::mixture::GaussianMixture;
//!
//! // Two clouds on a line, around −3 and 3.
//! let z = random::normal::<f32>([400, 1], &mut generator(0, Purpose::Noise, 0, 0));
//! let z = z.zip(&Tensor::from_fn([400, 1], |i| if i < 100 { -3.0 } else { 3.0 }), |z, at| z + at);
//!
//! let mixture = GaussianMixture::fit(&z, 2, 0)?;
//! let share = mixture.weights().iter().copied().fold(1.0, f64::min);
//! assert!((share - 0.25).abs() < 0.03);
//! assert_eq!(mixture.sample(5, &mut generator(0, Purpose::Sample, 0, 0)).shape(), [5, 1]);
//! # Ok::<(), nn::Error>(())
//! ```

mod start;

use autograd::Tensor;
use nalgebra::{DMatrix, DVector};
use nn::random::normal;
use nn::{Error, Generator, Result};

use start::{nearest, pick, starts};

/// A mixture of Gaussians with full covariance matrices.
#[derive(Clone, Debug)]
pub struct GaussianMixture {
    components: Vec<Component>,
    /// The mean log-likelihood of the points it was fitted to, before every step.
    history: Vec<f64>,
}

#[derive(Clone, Debug)]
struct Component {
    /// `π`.
    weight: f64,
    /// `μ`.
    mean: DVector<f64>,
    /// The lower triangular `L` with `L Lᵀ = Σ`.
    factor: DMatrix<f64>,
}

/// Steps of expectation maximization at most, and the gain in mean log-likelihood that ends them earlier.
const STEPS: usize = 200;
const ENOUGH: f64 = 1e-6;
/// Added to every variance, as a fraction of the mean variance of the points: it keeps a component from
/// closing in on one point, where the likelihood has no bound.
const FLOOR: f64 = 1e-4;

impl GaussianMixture {
    /// Fits `components` Gaussians to the rows of `z`, `[points, width]`. The same seed gives the same
    /// mixture; it decides where the components start (k-means++: Arthur and Vassilvitskii 2007).
    ///
    /// # Errors
    /// If there are no components, fewer points than components, or a number that is not finite.
    pub fn fit(z: &Tensor<f32>, components: usize, seed: u64) -> Result<Self> {
        let (points, width) = (z.shape()[0], z.shape()[1]);
        if components == 0 || points < components {
            return Err(Error::setting(
                "components",
                format!(
                    "a mixture of {components} Gaussians cannot be fitted to {points} points; choose from 1 to \
                 {points} components"
                ),
            ));
        }
        let rows = z.to_vec();
        if let Some(at) = rows.iter().position(|value| !value.is_finite()) {
            let (row, column) = (at / width, at % width);
            return Err(Error::data(format!(
                "a mixture cannot be fitted: number {column} of point {row} is {}",
                rows[at]
            )));
        }
        let z = DMatrix::from_fn(width, points, |i, j| f64::from(rows[j * width + i]));
        let centre = z.column_mean();
        let floor = FLOOR * z.column_iter().map(|z| (z - &centre).norm_squared()).sum::<f64>()
            / (points * width.max(1)) as f64;
        // Points that are all the same have no variance to take a fraction of.
        let floor = floor.max(1e-12);
        let mut shares = nearest(&z, &starts(&z, components, seed));
        let mut mixture = GaussianMixture { components: vec![], history: vec![] };
        for _ in 0..STEPS {
            mixture.components = maximize(&z, &shares, floor);
            let logs = mixture.joint_logs(&z);
            let totals: Vec<f64> = logs.row_iter().map(|row| log_sum_exp(row.iter().copied())).collect();
            shares = DMatrix::from_fn(points, components, |i, k| (logs[(i, k)] - totals[i]).exp());
            let mean = totals.iter().sum::<f64>() / points as f64;
            let before = mixture.history.last().copied().unwrap_or(f64::NEG_INFINITY);
            mixture.history.push(mean);
            if mean - before < ENOUGH {
                break;
            }
        }
        Ok(mixture)
    }

    /// `n` draws, `[n, width]`.
    pub fn sample(&self, n: usize, from: &mut Generator) -> Tensor<f32> {
        let width = self.components[0].mean.len();
        let mut all = Vec::with_capacity(n * width);
        for _ in 0..n {
            let component = &self.components[pick(self.components.iter().map(|c| c.weight), from)];
            let noise = DVector::from_vec(normal::<f64>([width], from).to_vec());
            let z = &component.mean + &component.factor * noise;
            all.extend(z.iter().map(|&z| z as f32));
        }
        Tensor::from_vec([n, width], all)
    }

    /// `ln p(z)` for each row of `z`, `[points, width]`, in nats.
    ///
    /// # Panics
    /// If the width is not that of the points it was fitted to.
    #[track_caller]
    pub fn log_density(&self, z: &Tensor<f32>) -> Vec<f64> {
        let (points, width) = (z.shape()[0], z.shape()[1]);
        let fitted = self.components[0].mean.len();
        assert!(width == fitted, "log_density: the mixture is {fitted} wide, the points {width}");
        let rows = z.to_vec();
        let z = DMatrix::from_fn(width, points, |i, j| f64::from(rows[j * width + i]));
        self.joint_logs(&z).row_iter().map(|row| log_sum_exp(row.iter().copied())).collect()
    }

    /// `πₖ`.
    pub fn weights(&self) -> Vec<f64> {
        self.components.iter().map(|component| component.weight).collect()
    }

    /// The mean log-likelihood of the fitted points in nats, step by step: it never falls.
    pub fn history(&self) -> &[f64] {
        &self.history
    }

    /// `ln πₖ + ln N(zᵢ; μₖ, Σₖ)` for the columns `zᵢ`, `[points, components]`.
    fn joint_logs(&self, z: &DMatrix<f64>) -> DMatrix<f64> {
        let mut logs = DMatrix::zeros(z.ncols(), self.components.len());
        for (k, component) in self.components.iter().enumerate() {
            let mut white = z.clone();
            white.column_iter_mut().for_each(|mut z| z -= &component.mean);
            component.factor.solve_lower_triangular_unchecked_mut(&mut white);
            let log_det: f64 = component.factor.diagonal().iter().map(|d| d.ln()).sum();
            let constant = 0.5 * z.nrows() as f64 * (2.0 * std::f64::consts::PI).ln();
            for (i, white) in white.column_iter().enumerate() {
                logs[(i, k)] = component.weight.ln() - 0.5 * white.norm_squared() - log_det - constant;
            }
        }
        logs
    }
}

/// The components that are most likely, given the share of each in each point.
fn maximize(z: &DMatrix<f64>, shares: &DMatrix<f64>, floor: f64) -> Vec<Component> {
    let component = |shares: nalgebra::DVectorView<f64>| {
        // A component that lost all its points keeps a density, and a weight of almost nothing.
        let total = shares.sum().max(1e-10);
        let mean = z * shares / total;
        let mut weighed = z.clone();
        for (mut z, share) in weighed.column_iter_mut().zip(shares.iter()) {
            z -= &mean;
            z *= share.sqrt();
        }
        let covariance =
            &weighed * weighed.transpose() / total + DMatrix::identity(z.nrows(), z.nrows()) * floor;
        let factor = covariance.cholesky().expect("the floor makes it positive definite").unpack();
        Component { weight: total / z.ncols() as f64, mean, factor }
    };
    shares.column_iter().map(component).collect()
}

fn log_sum_exp(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest.is_infinite() && !logs.clone().any(f64::is_nan) {
        return largest; // ∞ − ∞ would be NaN
    }
    largest + logs.map(|log| (log - largest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nn::{Purpose, generator};

    /// Three clouds in the plane with known weights, means and covariances.
    fn clouds() -> Tensor<f32> {
        let noise = normal::<f32>([2000, 2], &mut generator(1, Purpose::Noise, 0, 0)).to_vec();
        let z = noise.chunks(2).enumerate().flat_map(|(i, e)| match i {
            ..1000 => [e[0] - 5.0, 0.5 * e[1] + 0.8 * e[0]],
            1000..1600 => [0.3 * e[0] + 4.0, 2.0 * e[1]],
            _ => [e[0], e[1] + 9.0],
        });
        Tensor::from_vec([2000, 2], z.collect())
    }

    #[test]
    fn known_clouds_are_found() {
        let mixture = GaussianMixture::fit(&clouds(), 3, 0).unwrap();
        let mut found: Vec<&Component> = mixture.components.iter().collect();
        found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let expected = [
            (0.5, [-5.0, 0.0], [1.0, 0.8, 0.89]),
            (0.3, [4.0, 0.0], [0.09, 0.0, 4.0]),
            (0.2, [0.0, 9.0], [1.0, 0.0, 1.0]),
        ];
        for (found, (weight, mean, [xx, xy, yy])) in found.iter().zip(expected) {
            let covariance = &found.factor * found.factor.transpose();
            assert!((found.weight - weight).abs() < 0.01, "{found:?}");
            assert!((found.mean[0] - mean[0]).abs() < 0.2 && (found.mean[1] - mean[1]).abs() < 0.3);
            for (ours, theirs) in
                [(covariance[(0, 0)], xx), (covariance[(0, 1)], xy), (covariance[(1, 1)], yy)]
            {
                // Four standard errors of a variance of 400 to 1000 points.
                assert!(
                    (ours - theirs).abs() < 4.0 * theirs.max(0.4) * (2.0_f64 / 400.0).sqrt(),
                    "{found:?}"
                );
            }
        }
    }

    #[test]
    fn the_likelihood_never_falls_and_the_seed_decides() {
        let z = clouds();
        let mixture = GaussianMixture::fit(&z, 5, 3).unwrap();
        assert!(mixture.history().len() > 2);
        assert!(mixture.history().is_sorted_by(|a, b| *b > a - 1e-9), "{:?}", mixture.history());
        let again = GaussianMixture::fit(&z, 5, 3).unwrap();
        assert_eq!(mixture.history(), again.history());
        let draw = |mixture: &GaussianMixture| mixture.sample(3, &mut generator(0, Purpose::Sample, 0, 0));
        assert_eq!(draw(&mixture), draw(&again));
        let mean = mixture.log_density(&z).iter().sum::<f64>() / 2000.0;
        assert!(mean >= mixture.history()[mixture.history().len() - 1] - 1e-9);
    }

    #[test]
    fn one_component_is_the_normal_distribution_of_the_moments() {
        let z = clouds();
        let mixture = GaussianMixture::fit(&z, 1, 0).unwrap();
        let only = &mixture.components[0];
        let mean = crate::evaluate::mean(&z).to_vec();
        assert!((only.mean[0] - f64::from(mean[0])).abs() < 1e-5);
        // The density at the mean of a Gaussian is 1 / (2π √det Σ).
        let at_mean = mixture.log_density(&Tensor::from_vec([1, 2], mean))[0];
        let expected =
            -(2.0 * std::f64::consts::PI).ln() - only.factor.diagonal().iter().map(|d| d.ln()).sum::<f64>();
        assert!((at_mean - expected).abs() < 1e-9, "{at_mean} {expected}");
    }

    #[test]
    fn samples_have_the_moments_of_the_points() {
        let z = clouds();
        let drawn =
            GaussianMixture::fit(&z, 3, 0).unwrap().sample(20_000, &mut generator(0, Purpose::Sample, 0, 0));
        let [ours, theirs] = [&drawn, &z].map(|z| {
            let mean = crate::evaluate::mean(z);
            let covariance = crate::evaluate::covariance(z, &mean).to_vec();
            mean.to_vec().into_iter().map(f64::from).chain(covariance).collect::<Vec<_>>()
        });
        for (ours, theirs) in ours.iter().zip(&theirs) {
            // The spread of the clouds is about 5, so the standard error of the mean is 0.035.
            assert!((ours - theirs).abs() < 0.15 + 0.04 * theirs.abs(), "{ours} {theirs}");
        }
    }

    #[test]
    fn what_cannot_be_fitted_is_refused_or_survives() {
        let text = |z, components| GaussianMixture::fit(&z, components, 0).unwrap_err().to_string();
        assert!(text(Tensor::zeros([3, 2]), 4).contains("cannot be fitted to 3 points"));
        assert!(text(Tensor::zeros([3, 2]), 0).contains("choose from 1 to 3 components"));
        assert!(
            text(Tensor::from_vec([1, 2], vec![0.0, f32::NAN]), 1).contains("number 1 of point 0 is NaN")
        );
        let same = GaussianMixture::fit(&Tensor::ones([10, 2]), 3, 0).unwrap();
        assert!(same.log_density(&Tensor::ones([1, 2]))[0].is_finite());
    }
}
