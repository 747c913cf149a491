//! Features without correlation.

use autograd::{Tensor, tree};
use nalgebra::{DMatrix, SymmetricEigen};
use serde::{Deserialize, Serialize};

use super::{check_rows, check_width};
use crate::{Error, Result};

/// `y = (x − μ) W`, where `W` makes the covariance of the training data the identity.
///
/// With the eigenvectors `U` and eigenvalues `λ` of the covariance `(1/n) Σ (xᵢ − μ)(xᵢ − μ)ᵀ`, and `ε`
/// against noise in directions with almost no variance (Bell and Sejnowski, 1997; Krizhevsky, 2009):
///
/// ```text
/// W = U diag(1 / √(λ + ε))        PCA: the features are the principal components, largest first
/// W = U diag(1 / √(λ + ε)) Uᵀ     ZCA: the features stay as near as possible to what they were
/// ```
///
/// Directions without any variance (constant features, and more features than examples) have the
/// scale 1 in place of `√(λ + ε)`.
#[derive(Clone, Debug)]
pub struct Whiten<W> {
    /// `μ`, of shape `[features]`.
    pub mean: W,
    /// `W`, of shape `[features, features]`.
    pub forward: W,
    /// `W⁻¹`, of shape `[features, features]`.
    pub backward: W,
}
tree!(Whiten { mean, forward, backward });

/// In which coordinates the white features are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whitening {
    /// In those of the principal components.
    Pca,
    /// In those of the data.
    Zca,
}

/// So many rows are taken at once for the covariance: enough to be fast, few enough to be small.
const ROWS: usize = 1024;

impl Whiten<Tensor<f32>> {
    /// Changes nothing. A checkpoint can be loaded into it.
    pub fn identity(features: usize) -> Self {
        let [forward, backward] = [Tensor::eye(features), Tensor::eye(features)];
        Whiten { mean: Tensor::zeros([features]), forward, backward }
    }

    /// Fitted to `x: [examples, features]`; `epsilon` is the `ε` above, in units of variance. The time
    /// grows with the cube of the number of features.
    ///
    /// # Errors
    /// If there are no examples, a value is not finite, or `epsilon` is negative or not finite.
    ///
    /// # Panics
    /// If `x` has other than two axes.
    #[track_caller]
    pub fn fit(x: &Tensor<f32>, whitening: Whitening, epsilon: f64) -> Result<Self> {
        check_rows(x)?;
        if !(epsilon >= 0.0 && epsilon.is_finite()) {
            return Err(Error::setting(
                "epsilon",
                format!("the epsilon of whitening is {epsilon}; take 0 or more, as 1e-5"),
            ));
        }
        let features = x.shape()[1];
        let (mean, covariance) = moments(x);
        let SymmetricEigen { eigenvalues, eigenvectors } =
            DMatrix::from_vec(features, features, covariance).symmetric_eigen();
        let mut order: Vec<usize> = (0..features).collect();
        order.sort_by(|&a, &b| eigenvalues[b].total_cmp(&eigenvalues[a]));

        // What rounding leaves of an eigenvalue that is 0.
        let largest = order.first().map_or(0.0, |&first| eigenvalues[first].max(0.0));
        let nothing = largest * features as f64 * f64::EPSILON;
        let scale = |value: f64| if value <= nothing { 1.0 } else { (value + epsilon).sqrt() };
        let scales: Vec<f64> = order.iter().map(|&i| scale(eigenvalues[i])).collect();
        // The columns in this order, each with the sign that makes its largest element positive: either
        // sign is an eigenvector, and the result should not depend on which one was found.
        let basis = DMatrix::from_fn(features, features, |row, column| {
            let vector = eigenvectors.column(order[column]);
            let sign = if vector[vector.icamax()] < 0.0 { -1.0 } else { 1.0 };
            sign * vector[row]
        });
        let scaled = |power: i32| {
            DMatrix::from_fn(features, features, |row, column| {
                basis[(row, column)] * scales[column].powi(power)
            })
        };
        let (forward, backward) = match whitening {
            Whitening::Pca => (scaled(-1), scaled(1).transpose()),
            Whitening::Zca => (scaled(-1) * basis.transpose(), scaled(1) * basis.transpose()),
        };
        // Matrices there are column by column.
        let tensor = |matrix: DMatrix<f64>| {
            Tensor::from_vec(
                [features, features],
                matrix.transpose().iter().map(|&value| value as f32).collect(),
            )
        };
        let mean = mean.cast();
        Ok(Whiten { mean, forward: tensor(forward), backward: tensor(backward) })
    }

    /// `(x − μ) W`, of shape `[examples, features]` like `x`.
    ///
    /// # Panics
    /// If `x` has another number of features.
    #[track_caller]
    pub fn apply(&self, x: &Tensor<f32>) -> Tensor<f32> {
        check_width(x, self.mean.len());
        x.zip(&self.mean, |x, mean| x - mean).matmul(&self.forward)
    }

    /// `y W⁻¹ + μ`, which undoes [`apply`](Self::apply) up to rounding.
    ///
    /// # Panics
    /// If `y` has another number of features.
    #[track_caller]
    pub fn invert(&self, y: &Tensor<f32>) -> Tensor<f32> {
        check_width(y, self.mean.len());
        y.matmul(&self.backward).zip(&self.mean, |y, mean| y + mean)
    }
}

/// Mean and covariance, in double precision.
fn moments(x: &Tensor<f32>) -> (Tensor<f64>, Vec<f64>) {
    let [examples, features] = [x.shape()[0], x.shape()[1]];
    let values = x.to_vec();
    let blocks = || {
        values.chunks(ROWS * features.max(1)).map(|block| {
            let rows = block.len() / features.max(1);
            Tensor::<f64>::from_fn([rows, features], |i| block[i].into())
        })
    };
    let mut mean = Tensor::zeros([1, features]);
    for block in blocks() {
        mean = mean.zip(&block.sum_to([1, features]), |a, b| a + b / examples as f64);
    }
    let mut covariance = Tensor::zeros([features, features]);
    for block in blocks() {
        let centred = block.zip(&mean, |x, mean| x - mean);
        covariance = covariance.zip(&centred.t().matmul(&centred), |a, b| a + b / examples as f64);
    }
    // The product of a matrix and its transpose is symmetric only up to rounding.
    let symmetric = covariance.zip(&covariance.t(), |a, b| 0.5 * (a + b));
    (mean.reshape([features]), symmetric.to_vec())
}
