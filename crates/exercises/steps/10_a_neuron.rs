//! # A neuron
//!
//! Book: docs/src/03-a-network.md#a-neuron
//!
//! A neuron multiplies each input by a weight of its own, adds the products and a bias, and bends the sum:
//!
//! > `h = tanh(w₀ + w₁ x₁ + … + wₙ xₙ)`
//!
//! `w[0]` is the bias. The tape makes the derivatives for all weights; you write the forward pass only.
// hint: w[1..] and x have the same length, so zip them. A fold that begins with w[0] adds the products: .fold(w[0], |sum, (&w, &x)| sum + w * x).

use exercises::scalar::Var;

/// A neuron with the weights `w`, of which the first is the bias.
fn neuron<'t>(w: &[Var<'t>], x: &[Var<'t>]) -> Var<'t> {
    // hole: tanh of the bias plus the products
    w[1..].iter().zip(x).fold(w[0], |sum, (&w, &x)| sum + w * x).tanh()
    // wrong: w.iter().zip(x).fold(w[0], |sum, (&w, &x)| sum + w * x).tanh()
    // wrong: w[1..].iter().zip(x).fold(w[0], |sum, (&w, &x)| sum + w * x)
    // wrong: w[1..].iter().zip(x).fold(w[0], |sum, (&w, &x)| sum * w * x).tanh()
    // end
}

#[cfg(test)]
mod tests {
    use super::*;
    use exercises::scalar::Tape;

    #[test]
    fn its_output_is_that_of_the_formula() {
        let tape = Tape::default();
        let h = neuron(&[0.1, 0.5, -0.2].map(|w| tape.var(w)), &[2.0, 3.0].map(|x| tape.var(x)));
        let formula = (0.1 + 0.5 * 2.0 - 0.2 * 3.0_f64).tanh();
        assert!(
            (h.value() - formula).abs() < 1e-15,
            "the formula gives {formula}, and your neuron {}",
            h.value()
        );
    }

    #[test]
    fn every_weight_gets_its_slope_times_its_input() {
        let tape = Tape::default();
        let w = [0.1, 0.5, -0.2].map(|w| tape.var(w));
        let h = neuron(&w, &[2.0, 3.0].map(|x| tape.var(x)));
        let (adjoint, slope) = (h.backward(), 1.0 - h.value() * h.value());
        for (weight, input) in w.iter().zip([1.0, 2.0, 3.0]) {
            assert!(
                (adjoint[weight.id] - slope * input).abs() < 1e-15,
                "weight {} should get {}",
                weight.id,
                slope * input
            );
        }
    }
}
