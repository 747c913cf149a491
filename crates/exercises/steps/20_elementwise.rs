//! # A rule of your own: two formulas
//!
//! Book: docs/src/05-rules.md#elementwise-two-formulas
//!
//! A function of one number is `f`, and its derivative `df`. `df` is written for any `Scalar`: a number, or a variable.
//! So it can be differentiated again. Write both for `y = x · σ(x)`, which is called silu, with `σ(x) = 1 / (1 + e⁻ˣ)`:
//!
//! > `dy/dx = σ(x) + x σ(x) (1 − σ(x))`
//!
//! `gradcheck` compares with finite differences, at orders 1, 2 and 3.
// hint: Scalars have sigmoid(), and x.lit(1.0) is the constant 1. f: x * x.sigmoid(). df: let s = x.sigmoid(); then s + x * s * (x.lit(1.0) - s).
// new: Elementwise, Real, Scalar, gradcheck, df, lit

use autograd::{Elementwise, Real, Scalar};

/// `y = x σ(x)`.
struct Silu;

impl Elementwise for Silu {
    const NAME: &'static str = "my_silu";

    fn f<T: Real>(&self, x: T) -> T {
        // hole: x σ(x)
        x * x.sigmoid()
        // wrong: x.sigmoid()
        // end
    }

    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        // hole: the derivative, with x.sigmoid()
        let s = x.sigmoid();
        s + x * s * (x.lit(1.0) - s)
        // wrong: x.sigmoid()
        // wrong: let s = _y / x;
        // | s + x * s * (x.lit(1.0) - s)
        // wrong: let s = x.sigmoid();
        // | s * (x.lit(1.0) - s)
        // wrong: let s = x.sigmoid();
        // | s + x * s * (x.lit(1.000_01) - s)
        // end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Tape, Tensor, Var, gradcheck};

    #[test]
    fn its_values_are_right() {
        let tape = Tape::<f64>::new();
        let y = Var::apply(Silu, [tape.var(2.0)]).item();
        assert!((y - 2.0 / (1.0 + (-2.0_f64).exp())).abs() < 1e-14, "silu(2) is 1.7616, and yours is {y}");
    }

    #[test]
    fn gradcheck_agrees_at_orders_1_to_3() {
        let x = Tensor::from_vec([4], vec![0.3, -1.2, 2.0, 0.0]);
        for order in 1..=3 {
            if let Err(mistake) = gradcheck(|[x]| Var::apply(Silu, [x]), [x.clone()], order) {
                panic!("{mistake}");
            }
        }
    }
}
