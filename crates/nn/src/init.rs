//! Initial weights.
//!
//! `inputs` and `outputs` are the numbers of numbers a unit reads and feeds (fan-in and fan-out).

use autograd::{Real, Tensor};
use serde::{Deserialize, Serialize};

use crate::random::{self, Generator};

/// A distribution of initial weights.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Init {
    /// `U(−b, b)` with `b = √(6 / (inputs + outputs))` (Glorot and Bengio 2010, eq. 16): for units
    /// that are linear near zero.
    Glorot,
    /// `N(0, 2 / inputs)` (He et al. 2015, eq. 10): for rectified units.
    He,
    /// `N(0, 1 / inputs)` (LeCun et al. 1998, eq. 16).
    LeCun,
}

impl Init {
    /// A weight matrix `[outputs, inputs]`.
    pub fn matrix<T: Real>(self, outputs: usize, inputs: usize, from: &mut Generator) -> Tensor<T> {
        let shape = [outputs, inputs];
        let normal = |variance: f64, from: &mut Generator| {
            let deviation = T::of(variance.sqrt());
            random::normal(shape, from).map(|x: T| x * deviation)
        };
        match self {
            Init::Glorot => {
                let bound = (6.0 / (inputs + outputs) as f64).sqrt();
                random::uniform(shape, -bound, bound, from)
            }
            Init::He => normal(2.0 / inputs as f64, from),
            Init::LeCun => normal(1.0 / inputs as f64, from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Purpose, generator};

    #[test]
    fn variances_are_as_stated() {
        let (outputs, inputs) = (200, 300);
        for (init, variance) in
            [(Init::Glorot, 2.0 / 500.0), (Init::He, 2.0 / 300.0), (Init::LeCun, 1.0 / 300.0)]
        {
            let w = init.matrix::<f64>(outputs, inputs, &mut generator(0, Purpose::Init, 0, 0));
            let count = w.len() as f64;
            let mean = w.sum_to([]).item() / count;
            let measured = w.map(|x| x * x).sum_to([]).item() / count;
            assert!(mean.abs() < 4.0 * (variance / count).sqrt(), "{init:?}: mean {mean}");
            assert!((measured / variance - 1.0).abs() < 0.03, "{init:?}: {measured} not {variance}");
        }
    }
}
