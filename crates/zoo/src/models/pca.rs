//! Principal component analysis (Pearson 1901; Hotelling 1933): the best linear autoencoder.
//!
//! > `z = (x − μ) V`,  `x̂ = z Vᵀ + μ`,  minimizing  `‖x − x̂‖²`
//!
//! The columns of `V` are the eigenvectors of the covariance with the largest eigenvalues. They are
//! computed, not learnt, and stand beside every result of the zoo: a model with a code of the same
//! size has to do better to be worth its training.

use autograd::{Name, Real, Tensor, Tree, tree};
use nn::train::{Terms, Update};
use nn::{Context, Dataset, Generator, Result, losses};
use serde::{Deserialize, Serialize};

use super::principal::directions;
use super::{check_widths, small_code};
use crate::AnyModel;
use crate::graph::{self, Part, Recording};
use crate::registry::{Entry, Training};
use crate::{Settings, Unit, evaluate};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "pca",
    title: "principal component analysis",
    equation: "‖x − x̂‖², linear, solved exactly",
    source: "Pearson 1901; Hotelling 1933",
    training: Training::ClosedForm,
    may_copy: true,
    ..Entry::of::<Config>(include_str!("pca.rs"))
};

/// Settings of PCA.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Components kept.
    pub code: usize,
}

/// Mean and principal directions.
#[derive(Clone, Debug)]
pub struct Pca<W> {
    /// `μ`, of shape `[features]`.
    pub mean: W,
    /// `Vᵀ`, of shape `[components, features]`: orthonormal rows, the largest variance first, each
    /// with its largest entry positive.
    pub components: W,
}
tree!(Pca { mean, components });

impl Pca<Tensor<f32>> {
    /// The PCA of the rows of `x` with `code` components, or as many as there are features.
    pub fn fit(x: &Tensor<f32>, code: usize) -> Self {
        let features = x.shape()[1];
        let mean = evaluate::mean(x);
        let kept = code.min(features);
        let components = directions(x, &mean, kept);
        Pca { mean, components: Tensor::from_vec([kept, features], components) }
    }
}

impl Settings for Config {
    type Model = Pca<Tensor<f32>>;

    fn usual(data: &Dataset) -> Self {
        Config { code: if data.width() < 256 { small_code(data) } else { 30 } }
    }

    fn build(&self, data: &Dataset, _: &mut Generator) -> Result<Self::Model> {
        check_widths(&[], self.code)?;
        Ok(Pca::fit(data.x(), self.code))
    }

    fn outline(&self, like: &Dataset, _: usize) -> Result<Self::Model> {
        check_widths(&[], self.code)?;
        let features = like.width();
        let components = Tensor::zeros([self.code.min(features), features]);
        Ok(Pca { mean: Tensor::zeros([features]), components })
    }
}

impl AnyModel for Pca<Tensor<f32>> {
    fn encode(&self, x: &Tensor<f32>) -> Tensor<f32> {
        x.zip(&self.mean, |x, m| x - m).matmul(&self.components.t())
    }

    fn decode(&self, z: &Tensor<f32>) -> Tensor<f32> {
        z.matmul(&self.components).zip(&self.mean, |x, m| x + m)
    }

    fn record(&self, part: Part, x: &Tensor<f32>) -> Recording {
        graph::record(
            self,
            part,
            x,
            |pca, x| (x - pca.mean).matmul(pca.components.t()),
            |pca, z| z.matmul(pca.components) + pca.mean,
        )
    }

    fn encoder_jacobian(&self, x: &Tensor<f32>) -> Tensor<f32> {
        let [code, features] = [0, 1].map(|axis| self.components.shape()[axis]);
        self.components.expand([x.shape()[0], code, features])
    }

    fn decoder_jacobian(&self, z: &Tensor<f32>) -> Tensor<f32> {
        let [code, features] = [0, 1].map(|axis| self.components.shape()[axis]);
        self.components.t().expand([z.shape()[0], features, code])
    }

    fn loss(&self, x: &Tensor<f32>, _: Context) -> Terms {
        let x_hat = self.decode(&self.encode(x));
        let loss = autograd::value(&x_hat, |x_hat, tape| losses::squared_error(x_hat, tape.constant(x)));
        Terms { unit: Unit::SquaredError, values: vec![("reconstruction".into(), loss.item().as_f64())] }
    }

    fn train_step(&mut self, x: &Tensor<f32>, context: Context, _: &mut Update<f32>) -> Result<Terms> {
        // It is exact from the start: nothing is left to learn.
        Ok(self.loss(x, context))
    }

    fn parameters(&self, f: &mut dyn FnMut(Name, &Tensor<f32>)) {
        self.visit(f);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;

    fn test_error(code: usize) -> f64 {
        let data = digits();
        evaluate::mean_squared_error(&Pca::fit(data.train.x(), code), &data.test)
    }

    #[test]
    fn known_errors_on_the_digits() {
        assert!((test_error(8) - 1.5620).abs() < 5e-5, "{}", test_error(8));
        assert!((test_error(16) - 0.7230).abs() < 5e-5, "{}", test_error(16));
        assert!(test_error(1000) < 1e-9, "all components reconstruct exactly");
    }

    #[test]
    fn components_are_orthonormal_and_codes_uncorrelated() {
        let data = digits().train;
        let pca = Pca::fit(data.x(), 5);
        let gram = pca.components.matmul(&pca.components.t()).to_vec();
        let codes = pca.encode(data.x());
        let covariance = codes.t().matmul(&codes).map(|c| c / data.len() as f32).to_vec();
        for (i, (&g, &c)) in gram.iter().zip(&covariance).enumerate() {
            let diagonal = i / 5 == i % 5;
            assert!((g - if diagonal { 1.0 } else { 0.0 }).abs() < 1e-5);
            assert!(diagonal || c.abs() < 1e-4, "{covariance:?}");
        }
        let variances: Vec<f32> = (0..5).map(|i| covariance[i * 6]).collect();
        assert!(variances.is_sorted_by(|a, b| a >= b), "{variances:?}");
    }
}
