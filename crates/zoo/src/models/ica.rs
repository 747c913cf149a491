//! Independent and decorrelated codes: reconstruction ICA (Le, Karpenko, Ngiam and Ng 2011) and kin.
//!
//! > `L(x) = ‖WᵀW x̃ − x̃‖² + λ Σⱼ ln cosh zⱼ + μ ‖offdiag Cov(z)‖²_F + ν ‖W Wᵀ − I‖²_F`,  `z = W x̃`,
//! > `x̃ = K (x − m)`
//!
//! `K` whitens: it keeps the largest principal components and gives each the variance 1. Among white
//! variables every rotation is uncorrelated again, so correlation cannot tell sources apart; what can is
//! that mixtures are closer to the normal distribution than their sources are. `ln cosh` is small for
//! sources with heavy tails (speech, edges in images), so the second term looks for those. In place of
//! orthogonal rows, which ICA demands, reconstruction alone keeps the rows of `W` apart (eq. 2 of the
//! paper), so there may be more of them than components.
//!
//! The third and fourth terms ask for uncorrelated codes and for orthonormal rows outright. The
//! covariance is that of a batch: it needs batches several times as large as the code.

use std::f32::consts::FRAC_1_SQRT_2;

use autograd::{Buffer, Real, Tensor, Var, tree};
use nn::data::transform::{Whiten, Whitening};
use nn::{Context, Dataset, Generator, Init, Result, losses};
use serde::{Deserialize, Serialize};

use super::{check_weight, check_widths};
use crate::registry::Entry;
use crate::{Learned, Loss, Model, Settings, Unit};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "ica",
    title: "independent components (reconstruction ICA)",
    equation: "‖WᵀWx̃ − x̃‖² + λ Σ ln cosh z, x̃ white",
    source: "Le et al. 2011",
    may_copy: true,
    ..Entry::of::<Config>(include_str!("ica.rs"))
};

/// Settings of independent codes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Numbers in the code: the sources looked for.
    pub code: usize,
    /// Principal components kept by whitening, at most the features; 0 for as many as the code has numbers.
    pub components: usize,
    /// `λ`, the weight of heavy tails, ≥ 0.
    pub independence: f64,
    /// `μ`, the weight of correlations, ≥ 0.
    pub decorrelation: f64,
    /// `ν`, the weight of rows that are not orthonormal, ≥ 0.
    pub orthogonality: f64,
}

/// Whitening and filters.
#[derive(Clone, Debug)]
pub struct Ica<W> {
    /// `m`, of shape `[features]`.
    mean: Buffer<W>,
    /// `Kᵀ`, of shape `[features, components]`.
    whiten: Buffer<W>,
    /// From white components to features, `[components, features]`.
    colour: Buffer<W>,
    /// `W`, of shape `[code, components]`.
    filters: W,
    config: Config,
}
tree!(Ica { mean, whiten, colour, filters; config });

impl Settings for Config {
    type Model = Learned<Ica<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let code = if data.width() < 256 { 16 } else { 64 };
        Config {
            code: code.min(data.width()),
            components: 0,
            independence: 0.1,
            decorrelation: 0.0,
            orthogonality: 0.0,
        }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_widths(&[], self.code)?;
        check_weight("independence", self.independence)?;
        check_weight("decorrelation", self.decorrelation)?;
        check_weight("orthogonality", self.orthogonality)?;
        let asked = if self.components == 0 { self.code } else { self.components };
        let components = asked.min(data.width());
        // What has almost no variance is noise, which nobody should amplify.
        let whiten = Whiten::fit(data.x(), Whitening::Pca, 1e-4)?;
        Ok(Learned(Ica {
            mean: Buffer(whiten.mean),
            whiten: Buffer(whiten.forward.slice(1, ..components).contiguous()),
            colour: Buffer(whiten.backward.slice(0, ..components).contiguous()),
            // `WᵀW x̃` comes nearest to `x̃` with half the variance of Glorot: 1/(code + components).
            filters: Init::Glorot.matrix(self.code, components, from).map(|w: f32| w * FRAC_1_SQRT_2),
            config: self.clone(),
        }))
    }

    fn outline(&self, like: &Dataset, _: usize) -> Result<Self::Model> {
        let features = like.width();
        let components = if self.components == 0 { self.code } else { self.components }.min(features);
        Ok(Learned(Ica {
            mean: Buffer(Tensor::zeros([features])),
            whiten: Buffer(Tensor::zeros([features, components])),
            colour: Buffer(Tensor::zeros([components, features])),
            filters: Tensor::zeros([self.code, components]),
            config: self.clone(),
        }))
    }
}

impl Ica<Tensor<f32>> {
    /// `W K`, of shape `[code, features]`: the code of an example is this times its distance from the mean.
    pub fn unmixing(&self) -> Tensor<f32> {
        self.filters.matmul(&self.whiten.0.t())
    }
}

impl<'t, T: Real> Ica<Var<'t, T>> {
    /// `x̃`, `[batch, components]`.
    fn white(&self, x: Var<'t, T>) -> Var<'t, T> {
        (x - self.mean.0).matmul(self.whiten.0)
    }
}

impl<'t, T: Real> Model<'t, T> for Ica<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.white(x).matmul(self.filters.t())
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        z.matmul(self.filters).matmul(self.colour.0) + self.mean.0
    }

    /// The squared error is that of white components, each of variance 1.
    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let Config { independence, decorrelation, orthogonality, .. } = self.config;
        let white = self.white(x);
        let z = white.matmul(self.filters.t());
        let mut terms = vec![("reconstruction", losses::squared_error(z.matmul(self.filters), white))];
        if independence > 0.0 {
            let zero = z.tape().constant(Tensor::zeros(z.shape()));
            terms.push(("independence", independence * losses::log_cosh(z, zero)));
        }
        if decorrelation > 0.0 {
            terms.push(("decorrelation", decorrelation * correlation(context.whole(z))));
        }
        if orthogonality > 0.0 {
            let gram = self.filters.matmul(self.filters.t());
            let identity = z.tape().constant(Tensor::eye(gram.shape()[0]));
            terms.push(("orthogonality", orthogonality * (gram - identity).square().sum()));
        }
        Loss { unit: Unit::SquaredError, terms }
    }
}

/// `Σ_{j≠k} Cov(zⱼ, zₖ)²` of a batch `[n, k]`, with `Cov = 1/n Σᵢ (zᵢ − z̄)(zᵢ − z̄)ᵀ` (Cheung et al. 2015,
/// eq. 4, between all pairs).
pub fn correlation<'t, T: Real>(z: Var<'t, T>) -> Var<'t, T> {
    let [n, width] = [z.shape()[0], z.shape()[1]];
    let centred = z - z.mean_over(0);
    let covariance = centred.t().matmul(centred) / n as f64;
    let off_diagonal = Tensor::<T>::eye(width).map(|one| T::one() - one);
    (covariance * z.tape().constant(off_diagonal)).square().sum()
}

/// How far a square matrix is from a permutation with signs and scales: from 0, for one, to 1 (Amari,
/// Cichocki and Yang 1996, normalized). For `P = unmixing · mixing`, 0 means that every source was found.
///
/// > `1/(2n(n−1)) [ Σᵢ (Σⱼ |pᵢⱼ| / maxₖ |pᵢₖ| − 1) + Σⱼ (Σᵢ |pᵢⱼ| / maxₖ |pₖⱼ| − 1) ]`
///
/// # Panics
/// If the matrix is not square, or smaller than 2 by 2.
#[track_caller]
pub fn amari_index(p: &Tensor<f64>) -> f64 {
    let shape = p.shape();
    assert!(matches!(shape, [n, m] if n == m && *n > 1), "amari_index: {shape:?} is no square matrix");
    let n = shape[0];
    let excess = |p: Tensor<f64>| -> f64 {
        let rows = p.to_vec();
        rows.chunks(n)
            .map(|row| {
                let largest = row.iter().fold(0.0, |m: f64, p| m.max(p.abs()));
                row.iter().map(|p| p.abs()).sum::<f64>() / largest - 1.0
            })
            .sum()
    };
    (excess(p.clone()) + excess(p.t())) / (2 * n * (n - 1)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Split;
    use crate::train::{Plan, train};
    use crate::{AnyModel, evaluate};
    use autograd::gradcheck;
    use nn::random::uniform;
    use nn::{Purpose, Schedule, generator};

    /// `n` draws of four sources with the Laplace distribution, and what a fixed matrix makes of them.
    fn mixed(n: usize) -> (Tensor<f32>, Dataset) {
        let draws = uniform::<f32>([n, 4], -0.5, 0.5, &mut generator(2, Purpose::Noise, 0, 0));
        let sources = draws.map(|u| -u.signum() * (1.0 - 2.0 * u.abs()).max(1e-6).ln());
        let mixing = Tensor::from_vec(
            [4, 4],
            vec![1.0, 0.6, -0.3, 0.2, 0.4, -1.0, 0.5, 0.3, 0.2, 0.5, 1.0, -0.7, -0.6, 0.3, 0.2, 0.8],
        );
        let x = sources.matmul(&mixing.t());
        (mixing, Dataset::new(x))
    }

    fn trained(config: &Config, data: &Dataset) -> Learned<Ica<Tensor<f32>>> {
        let mut model = config.build(data, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
        let data = Split { name: "mixed".into(), train: data.clone(), test: data.clone() };
        let schedule = Schedule::Cosine { floor: 0.0 };
        let plan = Plan { epochs: 60, batch: 250, learning_rate: 3e-2, schedule, ..Plan::default() };
        train(&mut model, &data, &plan).unwrap();
        model
    }

    fn only(independence: f64, decorrelation: f64, orthogonality: f64) -> Config {
        Config { code: 4, components: 0, independence, decorrelation, orthogonality }
    }

    #[test]
    fn mixed_sources_are_recovered_and_whitening_alone_does_not() {
        let (mixing, data) = mixed(4000);
        let index = |config: &Config| {
            let p = trained(config, &data).0.unmixing().matmul(&mixing);
            amari_index(&p.cast())
        };
        let recovered = index(&only(1.0, 0.0, 0.0));
        let white = index(&only(0.0, 1.0, 1.0));
        assert!(recovered < 0.05 && white > 0.15, "{recovered}, white alone {white}");
    }

    #[test]
    fn decorrelation_and_orthogonality_do_what_they_say() {
        let (_, data) = mixed(1000);
        // More filters than components: reconstruction alone leaves them correlated.
        let correlations = |decorrelation: f64| {
            let config = Config { code: 4, components: 3, ..only(0.0, decorrelation, 0.0) };
            let codes = evaluate::codes(&trained(&config, &data), &data);
            let c = evaluate::covariance(&codes, &evaluate::mean(&codes)).to_vec();
            (0..16).filter(|i| i / 4 != i % 4).map(|i| c[i] * c[i]).sum::<f64>()
        };
        let [free, held] = [0.0, 10.0].map(correlations);
        assert!(held < 0.2 * free, "{free} became {held}");

        let gram = |orthogonality: f64| {
            let filters = trained(&only(0.5, 0.0, orthogonality), &data).0.filters;
            let gram = filters.matmul(&filters.t()).to_vec();
            let off = |(i, g): (usize, &f32)| f64::from(g - if i / 4 == i % 4 { 1.0 } else { 0.0 }).powi(2);
            gram.iter().enumerate().map(off).sum::<f64>()
        };
        let [free, held] = [0.0, 30.0].map(gram);
        assert!(held < 0.1 * free, "{free} became {held}");
    }

    #[test]
    fn the_index_is_0_for_permutations_and_1_for_equal_shares() {
        let p = Tensor::from_vec([3, 3], vec![0.0, -2.0, 0.0, 0.0, 0.0, 0.1, 5.0, 0.0, 0.0]);
        assert_eq!(amari_index(&p), 0.0);
        assert_eq!(amari_index(&Tensor::ones([3, 3])), 1.0);
    }

    #[test]
    fn correlations_have_a_gradient() {
        let z = Tensor::from_fn([5, 3], |i| (1.7 * i as f64).sin());
        for order in 1..=2 {
            gradcheck(|[z]| correlation(z), [z.clone()], order).unwrap();
        }
    }

    #[test]
    fn whitening_is_stored_but_not_trained() {
        let (_, data) = mixed(500);
        let start = only(0.1, 0.0, 0.0).build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
        let end = trained(&only(0.1, 0.0, 0.0), &data);
        assert_eq!(start.0.whiten, end.0.whiten);
        assert_ne!(start.0.filters, end.0.filters);
        let mut names = vec![];
        end.parameters(&mut |name, _| names.push(name.to_string()));
        assert_eq!(names, ["mean", "whiten", "colour", "filters"]);
    }
}
