//! # The rule of the matrix product
//!
//! Book: docs/src/05-rules.md#deriving-a-rule-the-matrix-product
//!
//! `Y = A B`. Move the inputs a little: `dY = dA B + A dB`. In `dL = ⟨Ȳ, dY⟩` a factor may change sides if it is
//! transposed: `⟨P, Q R⟩ = ⟨P Rᵀ, Q⟩ = ⟨Qᵀ P, R⟩`. What stands beside `dA` is `Ā`, and what stands beside `dB` is `B̄`.
// hint: ⟨Ȳ, dA B⟩ = ⟨Ȳ Bᵀ, dA⟩ and ⟨Ȳ, A dB⟩ = ⟨Aᵀ Ȳ, dB⟩. The transpose is .t(), the product .matmul(…).
// new: matmul

use autograd::{Op, Real, Tensor, Var};

/// `Y = A B`.
struct Product;

impl<T: Real> Op<T, 2> for Product {
    const NAME: &'static str = "product";

    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Tensor<T> {
        a.matmul(b)
    }

    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [a, b]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        match wrt {
            0 => {
                // hole: Ā
                g.matmul(b.t())
                // wrong: b.matmul(g)
                // wrong: a.matmul(g)
                // end
            }
            _ => {
                // hole: B̄
                a.t().matmul(g)
                // wrong: g.matmul(a)
                // wrong: a.matmul(g)
                // end
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::gradcheck;

    fn wave(shape: [usize; 2]) -> Tensor<f64> {
        Tensor::from_fn(shape, |i| (1.3 * i as f64 + 0.4).sin())
    }

    #[test]
    fn gradcheck_agrees_for_matrices_that_are_not_square() {
        for order in 1..=3 {
            let inputs = [wave([2, 3]), wave([3, 4])];
            if let Err(mistake) = gradcheck(|[a, b]| Var::apply(Product, [a, b]), inputs, order) {
                panic!("{mistake}");
            }
        }
    }

    #[test]
    fn and_for_square_ones_where_shapes_do_not_help() {
        let inputs = [wave([3, 3]), wave([3, 3]).map(|x| x * x)];
        if let Err(mistake) = gradcheck(|[a, b]| Var::apply(Product, [a, b]), inputs, 1) {
            panic!("{mistake}");
        }
    }
}
