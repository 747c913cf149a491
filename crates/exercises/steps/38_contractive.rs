//! # A penalty made of derivatives
//!
//! Book: docs/src/10-penalties.md#contractive-do-not-react
//!
//! The contractive autoencoder adds `λ ‖∂h/∂x‖²` to its loss: the sum of the squares of all entries of the Jacobian of
//! the code. Training differentiates it, so it must be written with `grad`, whose results are variables. The code of an
//! example depends on that example only, so one `grad` of the *sum* of unit `j` over the batch gives row `j` of the
//! Jacobian for every example at once.
// hint: For each unit j: let [row] = h.slice(1, j..j + 1).sum().grad([x]); add row.square().sum() to the total.

use autograd::Var;

/// `‖∂h/∂x‖²`, averaged over the examples; `h` is `[batch, code]` and was computed from `x`, `[batch, features]`.
fn jacobian_penalty<'t>(h: Var<'t, f64>, x: Var<'t, f64>) -> Var<'t, f64> {
    let (batch, code) = (h.shape()[0], h.shape()[1]);
    let mut total = h.tape().constant(0.0);
    // hole: for each unit the squares of its slopes, added to total
    for unit in 0..code {
        let [row] = h.slice(1, unit..unit + 1).sum().grad([x]);
        total = total + row.square().sum();
    }
    // wrong: let [row] = h.sum().grad([x]);
    // | total = total + row.square().sum();
    // wrong: for unit in 0..code {
    // |     let [row] = h.slice(1, unit..unit + 1).sum().grad([x]);
    // |     total = total + row.square().sum().stop_gradient();
    // | }
    // wrong: for unit in 0..code {
    // |     let [row] = h.slice(1, unit..unit + 1).sum().grad([x]);
    // |     total = total + row.sum().square();
    // | }
    // end
    total / batch as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Tape, Tensor, gradcheck};

    fn irregular(shape: [usize; 2]) -> Tensor<f64> {
        Tensor::from_fn(shape, |i| (1.9 * i as f64 + 0.4).sin())
    }

    #[test]
    fn it_is_the_closed_form_of_a_single_layer() {
        let tape = Tape::<f64>::new();
        let (x, w) = (tape.var(irregular([4, 3])), tape.var(irregular([2, 3])));
        let h = x.matmul(w.t()).tanh();
        // Σⱼ (1 − hⱼ²)² ‖Wⱼ‖²
        let closed = ((h.square() * -1.0 + 1.0).square() * w.square().sum_over(1)).sum().item() / 4.0;
        let yours = jacobian_penalty(h, x).item();
        assert!((yours - closed).abs() < 1e-13, "the closed form gives {closed}, and yours is {yours}");
    }

    #[test]
    fn it_can_be_trained_its_own_derivative_is_right() {
        fn penalty(w: Var<'_, f64>) -> Var<'_, f64> {
            let x = w.tape().var(irregular([4, 3]));
            jacobian_penalty(x.matmul(w.t()).tanh(), x)
        }
        if let Err(mistake) = gradcheck(|[w]| penalty(w), [irregular([2, 3])], 1) {
            panic!("{mistake}");
        }
    }
}
