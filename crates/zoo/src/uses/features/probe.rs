//! The linear judge.

use std::collections::BTreeSet;

use autograd::{Tensor, value_and_grad};
use nn::optim::{FullBatch, Lbfgs};
use nn::{Error, Linear, Result};

use super::check;

/// The largest number of steps of L-BFGS; a hundred usually are enough.
const STEPS: usize = 1000;

/// Multinomial logistic regression on codes: `p(c|z) ∝ exp(w_c · ẑ + b_c)`, with `ẑ` the code scaled to
/// mean 0 and variance 1 on the training examples.
#[derive(Clone, Debug)]
pub struct Probe {
    mean: Tensor<f64>,
    /// 1 where a number of the code does not vary.
    deviation: Tensor<f64>,
    linear: Linear<Tensor<f64>>,
    classes: Vec<u32>,
}

impl Probe {
    /// Minimizes `1/n Σᵢ −ln p(cᵢ|zᵢ) + l2/2 ‖W‖²` by L-BFGS, from zero. With `l2 > 0` there is one
    /// minimum, so the result depends on nothing else.
    ///
    /// # Errors
    /// If `l2` is negative, there are fewer than two classes, or a code is not finite.
    ///
    /// # Panics
    /// If there are not as many labels as codes `[examples, code]`.
    #[track_caller]
    pub fn fit(codes: &Tensor<f32>, labels: &[u32], l2: f64) -> Result<Self> {
        let [n, width] = check(codes, labels)?;
        if !(l2 >= 0.0 && l2.is_finite()) {
            return Err(Error::setting(
                "l2",
                format!("the l2 weight of a probe must be a number from 0 up, not {l2}"),
            ));
        }
        let classes: Vec<u32> = labels.iter().copied().collect::<BTreeSet<u32>>().into_iter().collect();
        if classes.len() < 2 {
            return Err(Error::data("a probe needs examples of at least 2 classes"));
        }
        let numbers: Vec<usize> =
            labels.iter().map(|label| classes.binary_search(label).expect("it is one of them")).collect();

        let codes = codes.cast::<f64>();
        let mean = codes.sum_to([width]).map(|sum| sum / n as f64);
        let squares = codes.zip(&mean, |z, m| (z - m) * (z - m)).sum_to([width]);
        let deviation = squares.map(|s| if s > 0.0 { (s / n as f64).sqrt() } else { 1.0 });
        let count = classes.len();
        let linear = Linear { weight: Tensor::zeros([count, width]), bias: Tensor::zeros([count]) };
        let mut probe = Probe { mean, deviation, linear, classes };
        let scaled = probe.scaled(&codes);
        Lbfgs::new().minimize(&mut probe.linear, STEPS, |linear| {
            value_and_grad(linear, |linear, tape| {
                let logits = linear.forward(tape.constant(&scaled));
                nn::losses::cross_entropy(logits, &numbers) + linear.weight.square().sum() * (0.5 * l2)
            })
        })?;
        Ok(probe)
    }

    /// The most probable class of every code `[examples, code]`.
    pub fn predict(&self, codes: &Tensor<f32>) -> Vec<u32> {
        let logits = autograd::value(&self.linear, |linear, tape| {
            linear.forward(tape.constant(self.scaled(&codes.cast())))
        });
        logits.argmax_over(1).into_iter().map(|number| self.classes[number]).collect()
    }

    fn scaled(&self, codes: &Tensor<f64>) -> Tensor<f64> {
        codes.zip(&self.mean, |z, m| z - m).zip(&self.deviation, |z, d| z / d)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probe_finds_the_minimum() {
        // Two classes at ±1: by symmetry w = (a, −a), and the stationary point of
        // ln(1 + e^(−2a)) + l2 a² is where 2 / (1 + e^(2a)) = 2 l2 a.
        let codes = Tensor::from_vec([4, 1], vec![1.0, -1.0, 1.0, -1.0]);
        let probe = Probe::fit(&codes, &[7, 3, 7, 3], 0.1).unwrap();
        let a = probe.linear.weight.to_vec()[1];
        assert!((1.0 / (1.0 + (2.0 * a).exp()) - 0.1 * a).abs() < 1e-7, "{a}");
        assert_eq!(probe.predict(&codes), [7, 3, 7, 3]);
        // Scale and offset of the codes change nothing, nor does a number that is always the same.
        let moved = Tensor::from_vec([4, 2], vec![95.0, 2.0, 15.0, 2.0, 95.0, 2.0, 15.0, 2.0]);
        let same = Probe::fit(&moved, &[7, 3, 7, 3], 0.1).unwrap();
        assert!((same.linear.weight.to_vec()[2] - a).abs() < 1e-6);
    }
}
