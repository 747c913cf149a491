//! # Initial weights
//!
//! Book: docs/src/08-layers.md#initial-weights
//!
//! A unit `y = Σ wᵢ xᵢ` with `n` inputs of mean square 1 and independent weights of variance `Var w` has the variance
//! `n · Var w`. It should be 1, so that the signal neither grows nor dies. After a rectifier half of the mean square is
//! left; so there `n · Var w` should be 2.
// hint: Var w = 1/n, and 2/n behind rectifiers. Multiplying numbers of variance 1 by s gives the variance s², so the factor is √(1/n) or √(2/n).
// new: generator, Purpose, normal, Init

use autograd::Tensor;
use nn::{Purpose, generator, random};

/// Weights `[outputs, inputs]` for a layer whose inputs have mean square 1; or, if `rectified`, mean square ½, because they
/// come from rectifiers.
fn weights(outputs: usize, inputs: usize, rectified: bool) -> Tensor<f64> {
    let standard: Tensor<f64> = random::normal([outputs, inputs], &mut generator(0, Purpose::Init, 0, 0)); // variance 1
    // hole: the standard numbers times the right factor
    let variance = if rectified { 2.0 } else { 1.0 } / inputs as f64;
    standard.map(|w| w * variance.sqrt())
    // wrong: standard
    // wrong: let variance = if rectified { 2.0 } else { 1.0 } / inputs as f64;
    // | standard.map(|w| w * variance)
    // wrong: let variance = if rectified { 2.0 } else { 1.0 } / outputs as f64;
    // | standard.map(|w| w * variance.sqrt())
    // wrong: standard.map(|w| w / (inputs as f64).sqrt())
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_square(x: &Tensor<f64>) -> f64 {
        x.map(|x| x * x).sum_to([]).item() / x.len() as f64
    }

    #[test]
    fn a_linear_layer_keeps_the_mean_square() {
        let x: Tensor<f64> = random::normal([50, 200], &mut generator(1, Purpose::Sample, 0, 0));
        let y = x.matmul(&weights(60, 200, false).t());
        let square = mean_square(&y);
        assert!((0.85..1.15).contains(&square), "the mean square should stay near 1, and is {square:.3}");
    }

    #[test]
    fn so_does_a_layer_of_rectifiers() {
        let mut x: Tensor<f64> = random::normal([50, 200], &mut generator(1, Purpose::Sample, 0, 0));
        x = x.map(|x| x.max(0.0));
        let y = x.matmul(&weights(60, 200, true).t());
        let square = mean_square(&y);
        assert!((0.85..1.15).contains(&square), "the mean square should be back near 1, and is {square:.3}");
    }
}
