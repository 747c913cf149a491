//! # The Hessian times a vector
//!
//! Book: docs/src/07-higher-orders.md
//!
//! A function of a million numbers has a Hessian with `10¹²` entries. Its product with one vector is cheap:
//! differentiate the number `⟨∇f, v⟩`, in which `v` is a constant.
//!
//! > `H v = ∇ ⟨∇f, v⟩`
// hint: let [g] = y.grad([x]); then [hv] = (g * v).sum().grad([x]).

use autograd::Var;

/// `H v`, where `H` is the matrix of second derivatives of the number `y` with respect to `x`.
fn hessian_times<'t>(y: Var<'t, f64>, x: Var<'t, f64>, v: Var<'t, f64>) -> Var<'t, f64> {
    // hole: the gradient of ⟨∇y, v⟩
    let [g] = y.grad([x]);
    let [product] = (g * v).sum().grad([x]);
    product
    // wrong: let [g] = y.grad([x]);
    // | g * v
    // wrong: let [g] = y.grad([x]);
    // | let [product] = g.sum().grad([x]);
    // | product * v
    // wrong: let [g] = y.grad([x]);
    // | let [product] = (g.stop_gradient() * x * v).sum().grad([x]);
    // | product
    // end
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Tape, Tensor};

    #[test]
    fn fourth_powers_have_a_diagonal_hessian() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([3], vec![1.0, -2.0, 0.5]));
        let v = tape.constant(Tensor::from_vec([3], vec![1.0, 10.0, 100.0]));
        let product = hessian_times(x.powi(4).sum(), x, v).value().to_vec();
        assert_eq!(product, [12.0, 480.0, 300.0], "H is diagonal, with 12 x²");
    }

    #[test]
    fn a_product_of_two_numbers_mixes_them() {
        // f = x₀ x₁, so H = [[0, 1], [1, 0]].
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([2], vec![3.0, 4.0]));
        let y = (x.slice(0, 0..1) * x.slice(0, 1..2)).sum();
        let v = tape.constant(Tensor::from_vec([2], vec![1.0, 10.0]));
        assert_eq!(hessian_times(y, x, v).value().to_vec(), [10.0, 1.0]);
    }
}
