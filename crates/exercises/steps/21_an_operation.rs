//! # An operation with two inputs
//!
//! Book: docs/src/05-rules.md#an-operation-of-your-own
//!
//! An operation is a forward function on tensors, and one rule on variables. The rule `vjp` gets `g`, the adjoint of the
//! output, and returns the adjoint of the input that `wrt` names. Here is the length of the hypotenuse, element by
//! element: `y = √(a² + b²)`. Write its rule.
// hint: ∂y/∂a = a / y and ∂y/∂b = b / y: the rule is g times the wanted input, divided by y. inputs[wrt] is the wanted one.
// new: Op, forward, vjp

use autograd::{Op, Real, Tensor, Var};

/// `y = √(a² + b²)`.
struct Hypotenuse;

impl<T: Real> Op<T, 2> for Hypotenuse {
    const NAME: &'static str = "hypotenuse";

    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Tensor<T> {
        a.zip(b, |a, b| (a * a + b * b).sqrt())
    }

    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, inputs: [Var<'t, T>; 2], y: Var<'t, T>) -> Var<'t, T> {
        // hole: g times the slope of y with respect to inputs[wrt]
        g * inputs[wrt] / y
        // wrong: g * inputs[0] / y
        // wrong: g * inputs[wrt] * y
        // wrong: inputs[wrt] / y
        // wrong: (g * inputs[wrt] / y).stop_gradient()
        // end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::gradcheck;

    #[test]
    fn gradcheck_agrees_at_orders_1_to_3() {
        let a = Tensor::from_vec([3], vec![0.3, -1.2, 2.0]);
        let b = Tensor::from_vec([3], vec![1.5, 0.4, -1.0]);
        for order in 1..=3 {
            if let Err(mistake) =
                gradcheck(|[a, b]| Var::apply(Hypotenuse, [a, b]), [a.clone(), b.clone()], order)
            {
                panic!("{mistake}");
            }
        }
    }
}
