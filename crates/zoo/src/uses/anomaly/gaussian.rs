//! How far an example is from a cloud of others, in standard deviations.

use autograd::Tensor;
use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use nn::{Error, Result};

/// A mean and a covariance that can be inverted.
#[derive(Clone, Debug)]
pub(super) struct Gaussian {
    mean: Tensor<f64>,
    covariance: Cholesky<f64, Dyn>,
}

impl Gaussian {
    /// The covariance `S` of residuals is often singular: pixels that are always black, directions that
    /// a linear model reconstructs exactly. It is therefore drawn towards `m I`, with `m` the mean
    /// variance, by the weight `ρ` that minimizes the expected squared error (Ledoit and Wolf 2004,
    /// eq. 14):
    ///
    /// > `Σ = ρ m I + (1 − ρ) S`,  `ρ = min(b̄², d²) / d²`,  `d² = ‖S − m I‖²`,
    /// > `b̄² = 1/n² Σₖ ‖xₖ xₖᵀ − S‖²`
    pub(super) fn fit(x: &Tensor<f64>) -> Result<Self> {
        let [n, width] = [0, 1].map(|axis| x.shape()[axis]);
        let mean = x.sum_to([width]).map(|sum| sum / n as f64);
        let centred = x.zip(&mean, |x, m| x - m);
        let s = centred.t().matmul(&centred).map(|s| s / n as f64);
        let lengths = centred.map(|x| x * x).sum_to([n, 1]).to_vec();
        let squared_norm = s.to_vec().iter().map(|s| s * s).sum::<f64>();
        let trace = lengths.iter().sum::<f64>() / n as f64;
        let m = trace / width as f64;
        // Σₖ ‖xₖ xₖᵀ − S‖² = Σₖ ‖xₖ‖⁴ − n ‖S‖², as the mean of xₖ xₖᵀ is S.
        let spread = lengths.iter().map(|l| l * l).sum::<f64>() - n as f64 * squared_norm;
        let distance = squared_norm - m * trace;
        let rho = if distance > 0.0 { (spread / (n * n) as f64 / distance).clamp(0.0, 1.0) } else { 1.0 };
        let s = s.to_vec();
        let sigma = DMatrix::from_fn(width, width, |i, j| {
            (1.0 - rho) * s[i * width + j] + if i == j { rho * m } else { 0.0 }
        });
        let covariance = Cholesky::new(sigma).ok_or_else(|| {
            Error::data(
                "the residuals or codes of the normal examples do not vary or are not finite, so no \
                 distance can be measured by them; use squared_error",
            )
        })?;
        Ok(Gaussian { mean, covariance })
    }

    /// The Gaussian of rows whose distances `dᵀ Σ⁻¹ d` have the mean 1: `Σ` is their covariance times the mean of their
    /// distances. Rows that are all the same count as they are.
    pub(super) fn of_mean_one(x: &Tensor<f64>) -> Result<Self> {
        let [n, width] = [0, 1].map(|axis| x.shape()[axis]);
        let mean = x.sum_to([width]).map(|sum| sum / n as f64);
        if mean.to_vec().iter().any(|value| !value.is_finite()) {
            return Err(Error::data(
                "the codes of the normal examples are not finite; train the model again",
            ));
        }
        let Ok(gaussian) = Gaussian::fit(x) else {
            return Ok(Gaussian { mean, covariance: Cholesky::pack_dirty(DMatrix::identity(width, width)) });
        };
        let distance = gaussian.contributions(x).sum_to([]).item() / n as f64;
        let scale = if distance > 0.0 { distance.sqrt() } else { 1.0 };
        Ok(Gaussian { covariance: Cholesky::pack_dirty(gaussian.covariance.l() * scale), ..gaussian })
    }

    /// The mean, and the rows of the lower triangle `L` of `Σ = L Lᵀ`, one after the other.
    pub(super) fn parts(&self) -> [Tensor<f64>; 2] {
        let (l, width) = (self.covariance.l(), self.mean.len());
        let rows: Vec<f64> = (0..width).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|at| l[at]).collect();
        [self.mean.clone(), Tensor::from_vec([rows.len()], rows)]
    }

    /// The Gaussian of these [parts](Self::parts); `None` if they do not fit each other.
    pub(super) fn of_parts([mean, rows]: [Tensor<f64>; 2]) -> Option<Self> {
        let (width, rows) = (mean.len(), rows.to_vec());
        if rows.len() != width * (width + 1) / 2 {
            return None;
        }
        let at = |i: usize, j: usize| if j <= i { rows[i * (i + 1) / 2 + j] } else { 0.0 };
        Some(Gaussian { mean, covariance: Cholesky::pack_dirty(DMatrix::from_fn(width, width, at)) })
    }

    /// `dⱼ (Σ⁻¹ d)ⱼ` with `d = x − μ`, for every row.
    pub(super) fn contributions(&self, x: &Tensor<f64>) -> Tensor<f64> {
        let width = x.shape()[1];
        let rows = x.zip(&self.mean, |x, m| x - m).to_vec();
        let products = rows.chunks(width).flat_map(|row| {
            let solved = self.covariance.solve(&DVector::from_column_slice(row));
            row.iter().zip(solved.iter()).map(|(d, s)| d * s).collect::<Vec<_>>()
        });
        Tensor::from_vec(x.shape(), products.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nn::{Purpose, generator, random::normal};

    #[test]
    fn distances_are_in_standard_deviations() {
        // Correlated codes: z = N(0, diag(9, 1/4)) rotated. The mean of χ² with 2 degrees is 2.
        let noise: Tensor<f64> = normal([4000, 2], &mut generator(0, Purpose::Sample, 0, 0));
        let turn = Tensor::from_vec([2, 2], vec![3.0 * 0.8, 3.0 * 0.6, -0.5 * 0.6, 0.5 * 0.8]);
        let codes = noise.matmul(&turn);
        let gaussian = Gaussian::fit(&codes).unwrap();
        let distances = gaussian.contributions(&codes).sum_to([4000, 1]).to_vec();
        let direct = noise.map(|e| e * e).sum_to([4000, 1]).to_vec();
        // Drawing S towards m I, here by ρ ≈ 0.001, makes the small variance 2 % larger: a little below 2.
        let mean = distances.iter().sum::<f64>() / 4000.0;
        assert!((1.96..2.0).contains(&mean), "{mean}");
        let differ = distances.iter().zip(&direct).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(differ < 2.0, "{differ}");
    }
}
