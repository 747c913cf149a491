//! Initial weights.
//!
//! `inputs` and `outputs` are the numbers of numbers a unit reads and feeds (fan-in and fan-out).
//!
//! ```
//! use autograd::Tensor;
//! use nn::{Init, Purpose, generator};
//!
//! let w: Tensor<f32> = Init::He.matrix(128, 64, &mut generator(0, Purpose::Init, 0, 0));
//! assert_eq!(w.shape(), [128, 64]); // [outputs, inputs]
//! ```

use autograd::{Real, Tensor};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use crate::random::{self, Generator};

/// A distribution of initial weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// `U(−b, b)` with `b = √(6 / (inputs + outputs))` (Glorot and Bengio 2010, eq. 16), also called
    /// Xavier: for units that are linear near zero.
    Glorot,
    /// `N(0, 2 / (inputs + outputs))`: the same variance from a normal distribution.
    GlorotNormal,
    /// `N(0, 2 / inputs)` (He et al. 2015, eq. 10), also called Kaiming: for rectified units.
    He,
    /// `U(−b, b)` with `b = √(6 / inputs)`: the same variance from a uniform distribution.
    HeUniform,
    /// `N(0, 1 / inputs)` (LeCun et al. 1998, eq. 16): also for self-normalizing units (SELU).
    LeCun,
    /// `U(−b, b)` with `b = √(1 / inputs)`: what PyTorch gives its linear and convolutional layers.
    Torch,
    /// `U(−b, b)` with `b = 4 √(6 / (inputs + outputs))` (Glorot and Bengio 2010, for the logistic
    /// function; the classic autoencoder tutorials).
    Sigmoid,
    /// A matrix with orthonormal rows, or columns if it has fewer of them (Saxe et al. 2014). The first
    /// axis is the rows, all other axes together the columns.
    Orthogonal,
    /// `N(0, σ²)`, drawn again beyond `2 σ`.
    TruncatedNormal {
        /// The deviation σ before truncation.
        deviation: f64,
    },
    /// 0 everywhere: for weights that are loaded or set afterwards, and for layers that are to change
    /// nothing at first. Units that begin alike stay alike.
    Zeros,
}

impl Init {
    /// A weight matrix `[outputs, inputs]`.
    pub fn matrix<T: Real>(self, outputs: usize, inputs: usize, from: &mut Generator) -> Tensor<T> {
        self.tensor([outputs, inputs], inputs, outputs, from)
    }

    /// Weights of any shape, between units that read `inputs` numbers and feed `outputs`.
    pub fn tensor<T: Real>(
        self,
        shape: impl AsRef<[usize]>,
        inputs: usize,
        outputs: usize,
        from: &mut Generator,
    ) -> Tensor<T> {
        let shape = shape.as_ref();
        let (inputs, both) = (inputs as f64, (inputs + outputs) as f64);
        let uniform = |bound: f64, from: &mut Generator| random::uniform(shape, -bound, bound, from);
        let normal = |variance: f64, from: &mut Generator| {
            let deviation = T::of(variance.sqrt());
            random::normal(shape, from).map(|x: T| x * deviation)
        };
        match self {
            Init::Glorot => uniform((6.0 / both).sqrt(), from),
            Init::GlorotNormal => normal(2.0 / both, from),
            Init::He => normal(2.0 / inputs, from),
            Init::HeUniform => uniform((6.0 / inputs).sqrt(), from),
            Init::LeCun => normal(1.0 / inputs, from),
            Init::Torch => uniform((1.0 / inputs).sqrt(), from),
            Init::Sigmoid => uniform(4.0 * (6.0 / both).sqrt(), from),
            Init::Orthogonal => orthogonal(shape, from),
            Init::Zeros => Tensor::zeros(shape),
            Init::TruncatedNormal { deviation } => {
                let mut draw = || loop {
                    let x: f64 = from.sample(StandardNormal);
                    if x.abs() <= 2.0 {
                        return x;
                    }
                };
                Tensor::from_fn(shape, |_| T::of(deviation * draw()))
            }
        }
    }
}

/// Columns of normal draws, each made orthogonal to those before it and of length 1 (Gram and Schmidt). This is the
/// factor `Q` of a `Q R` with a positive diagonal of `R`, which is uniform over all orthogonal matrices (Mezzadri 2007).
fn orthogonal<T: Real>(shape: &[usize], from: &mut Generator) -> Tensor<T> {
    let rows = shape.first().copied().unwrap_or(1);
    let columns = shape.iter().skip(1).product();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut basis: Vec<Vec<f64>> = vec![];
    for _ in 0..rows.min(columns) {
        let mut column: Vec<f64> = (0..rows.max(columns)).map(|_| from.sample(StandardNormal)).collect();
        // Twice, because rounding leaves a rest the first time.
        for before in basis.iter().chain(&basis) {
            let along = dot(before, &column);
            column.iter_mut().zip(before).for_each(|(x, b)| *x -= along * b);
        }
        let length = dot(&column, &column).sqrt();
        column.iter_mut().for_each(|x| *x /= length);
        basis.push(column);
    }
    Tensor::from_fn(shape, |k| {
        let (row, column) = (k / columns, k % columns);
        T::of(if rows >= columns { basis[column][row] } else { basis[row][column] })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Purpose, generator};

    #[test]
    fn variances_are_as_stated() {
        let (outputs, inputs) = (200, 300);
        // The variance of a normal distribution cut at ±2σ: 1 − 4 φ(2) / (2 Φ(2) − 1).
        let cut = 0.09 * (1.0 - 4.0 * 0.053_990_966_513_188_06 / 0.954_499_736_103_641_6);
        for (init, variance) in [
            (Init::Glorot, 2.0 / 500.0),
            (Init::GlorotNormal, 2.0 / 500.0),
            (Init::He, 2.0 / 300.0),
            (Init::HeUniform, 2.0 / 300.0),
            (Init::LeCun, 1.0 / 300.0),
            (Init::Torch, 1.0 / 900.0),
            (Init::Sigmoid, 32.0 / 500.0),
            (Init::Orthogonal, 1.0 / 300.0),
            (Init::TruncatedNormal { deviation: 0.3 }, cut),
        ] {
            let w = init.matrix::<f64>(outputs, inputs, &mut generator(0, Purpose::Init, 0, 0));
            let count = w.len() as f64;
            let mean = w.sum_to([]).item() / count;
            let measured = w.map(|x| x * x).sum_to([]).item() / count;
            assert!(mean.abs() < 4.0 * (variance / count).sqrt(), "{init:?}: mean {mean}");
            assert!((measured / variance - 1.0).abs() < 0.03, "{init:?}: {measured} not {variance}");
        }
    }

    #[test]
    fn a_convolution_counts_every_pixel_of_its_kernel() {
        let w = Init::HeUniform.tensor::<f64>([8, 4, 3, 3], 36, 72, &mut generator(0, Purpose::Init, 0, 0));
        let largest = w.to_vec().iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let bound = (6.0_f64 / 36.0).sqrt();
        assert!(largest <= bound && largest > 0.95 * bound, "{largest} of {bound}");
    }

    #[test]
    fn zeros_leave_the_generator_as_it_is() {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        assert!(Init::Zeros.matrix::<f64>(3, 2, from).to_vec().iter().all(|w| *w == 0.0));
        let untouched = &mut generator(0, Purpose::Init, 0, 0);
        assert_eq!(from.random::<u64>(), untouched.random::<u64>());
    }

    #[test]
    fn orthogonal_rows_or_columns() {
        for (rows, columns) in [(3, 5), (5, 3), (4, 4)] {
            let w = Init::Orthogonal.matrix::<f64>(rows, columns, &mut generator(1, Purpose::Init, 0, 0));
            let gram = if rows <= columns { w.matmul(&w.t()) } else { w.t().matmul(&w) };
            let n = rows.min(columns);
            let off = gram.to_vec().into_iter().zip(Tensor::<f64>::eye(n).to_vec());
            assert!(off.into_iter().all(|(a, b)| (a - b).abs() < 1e-14), "{gram:?}");
        }
    }

    #[test]
    fn truncated_draws_stay_inside() {
        let init = Init::TruncatedNormal { deviation: 0.3 };
        let w = init.matrix::<f64>(100, 100, &mut generator(1, Purpose::Init, 0, 0));
        let largest = w.to_vec().iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        assert!(largest <= 0.6 && largest > 0.58, "{largest}");
    }
}
