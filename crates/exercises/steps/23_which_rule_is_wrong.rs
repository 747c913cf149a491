//! # Which rule is wrong?
//!
//! Book: docs/src/05-rules.md#how-to-check
//!
//! A rule that is wrong does not crash. Here are four functions that are meant to be `x³`. Their values are right. One
//! has a slope that is wrong by a millionth, and one a slope that is right but was cut off the tape, so that its second
//! derivative is 0. Let `gradcheck` find the first order at which each of them fails.
// hint: (1..=3).find(|order| gradcheck(…, *order).is_err()): the first order with an error, or None.
// new: stop_gradient

use autograd::{Tensor, Var, gradcheck};

/// A function of one variable.
type Function = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;

/// The lowest order, of 1, 2 and 3, at which the derivative of `f` at `x` is wrong.
fn first_wrong_order(f: Function, x: f64) -> Option<usize> {
    // hole: the first order for which gradcheck(|[x]| f(x), [Tensor::scalar(x)], order) is an error
    (1..=3).find(|order| gradcheck(|[x]| f(x), [Tensor::scalar(x)], *order).is_err())
    // wrong: gradcheck(|[x]| f(x), [Tensor::scalar(x)], 1).is_err().then_some(1)
    // wrong: (1..=3).find(|order| gradcheck(|[x]| f(x), [Tensor::scalar(x)], *order).is_ok())
    // end
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Op, Real};

    /// `y = a³` with three rules.
    enum Cube {
        Right,
        OffByAMillionth,
        Cut,
    }

    impl<T: Real> Op<T, 1> for Cube {
        const NAME: &'static str = "cube";

        fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
            a.map(|a| a * a * a)
        }

        fn vjp<'t>(&self, _: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], _: Var<'t, T>) -> Var<'t, T> {
            match self {
                Cube::Right => g * a * a * 3.0,
                Cube::OffByAMillionth => g * a * a * 3.000_003,
                Cube::Cut => g * (a * a * 3.0).stop_gradient(),
            }
        }
    }

    #[test]
    fn a_right_rule_passes_at_all_orders() {
        assert_eq!(first_wrong_order(|x| x * x * x, 0.7), None);
        assert_eq!(first_wrong_order(|x| Var::apply(Cube::Right, [x]), 0.7), None);
    }

    #[test]
    fn a_wrong_slope_fails_at_order_1() {
        assert_eq!(first_wrong_order(|x| Var::apply(Cube::OffByAMillionth, [x]), 0.7), Some(1));
    }

    #[test]
    fn a_cut_path_fails_at_order_2() {
        assert_eq!(first_wrong_order(|x| Var::apply(Cube::Cut, [x]), 0.7), Some(2));
    }
}
