//! Matrix products, and products of vectors.

use super::{Case, case, wave};
use crate::compiled::built_in;
use crate::shortcuts::{Destination, Shortcuts, Written};
use crate::tensor::matmul_shape;
use crate::{Op, Real, Tensor, Var};

// ANCHOR: rule
/// `Y = A B`.  Each element of `Y` is a dot product, so
///
/// > `Ā = Ȳ Bᵀ`  and  `B̄ = Aᵀ Ȳ`.
///
/// A bar means "gradient of the loss with respect to": `Ȳ` arrives, `Ā` leaves.
struct MatMul;

impl<T: Real> Op<T, 2> for MatMul {
    const NAME: &'static str = "matmul";

    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Tensor<T> {
        a.matmul(b)
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [a, b]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        match wrt {
            0 => g.matmul(b.t()),
            _ => a.t().matmul(g),
        }
    }
    // ANCHOR_END: rule
    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 2>> {
        Some(self)
    }
}

impl<T: Real> Shortcuts<T, 2> for MatMul {
    fn forward_to(&self, [a, b]: [&Tensor<T>; 2], to: Destination<T>) -> Option<Written<T>> {
        Some(match to {
            Destination::Memory(out) => {
                a.matmul_into(b, out);
                Written::There
            }
            _ => Written::New(a.matmul(b)),
        })
    }

    fn vjp_to(
        &self,
        wrt: usize,
        g: &Tensor<T>,
        [a, b]: [&Tensor<T>; 2],
        _: &Tensor<T>,
        to: Destination<T>,
    ) -> Option<Written<T>> {
        // The gradient of a transposed weight is itself transposed, so that the weight's is in order.
        let (left, right, like) = if wrt == 0 { (g, &b.t(), a) } else { (&a.t(), g, b) };
        Some(match to {
            Destination::Memory(out) if like.is_contiguous() => {
                left.matmul_into(right, out);
                Written::There
            }
            _ => Written::New(left.matmul_like(right, like)),
        })
    }
}

/// `Y = X Wᵀ + b`, in one pass over `Y`:
///
/// > `X̄ = Ȳ W`,  `W̄ = Ȳᵀ X`,  and `b̄` is the sum of the rows of `Ȳ`.
struct Linear;

impl<T: Real> Op<T, 3> for Linear {
    const NAME: &'static str = "linear";

    fn forward(&self, [x, w, b]: [&Tensor<T>; 3]) -> Tensor<T> {
        if x.is_empty() || w.is_empty() {
            return b.expand([x.shape()[0], w.shape()[0]]).contiguous();
        }
        x.linear(w, b)
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [x, w, _]: [Var<'t, T>; 3], _: Var<'t, T>) -> Var<'t, T> {
        match wrt {
            0 => g.matmul(w),
            1 => g.t().matmul(x),
            _ => g.sum_over(0),
        }
    }
    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 3>> {
        Some(self)
    }
}

impl<T: Real> Shortcuts<T, 3> for Linear {
    fn forward_to(&self, [x, w, b]: [&Tensor<T>; 3], to: Destination<T>) -> Option<Written<T>> {
        let some = !x.is_empty() && !w.is_empty();
        some.then(|| to.build([x.shape()[0], w.shape()[0]], |out| x.linear_into(w, b, out)))
    }

    fn vjp_to(
        &self,
        wrt: usize,
        g: &Tensor<T>,
        [x, w, b]: [&Tensor<T>; 3],
        _: &Tensor<T>,
        to: Destination<T>,
    ) -> Option<Written<T>> {
        Some(match wrt {
            0 if x.is_contiguous() => to.build(x.shape(), |out| g.matmul_into(w, out)),
            0 => Written::New(g.matmul_like(w, x)),
            1 => to.build(w.shape(), |out| g.transposed_matmul_into(x, out)),
            _ => to.build(b.shape(), |out| g.sum_into(b.shape(), out)),
        })
    }
}

/// Outputs and inputs of a layer, if these are the shapes of its input, weight and bias.
#[track_caller]
fn layer(x: &[usize], w: &[usize], b: &[usize]) -> (usize, usize) {
    let ([.., inputs], &[outputs, width]) = (x, w) else {
        panic!("linear: the input {x:?} needs an axis, and the weight {w:?} two");
    };
    if *inputs != width {
        panic!("linear: {x:?} has {inputs} features, the weight {w:?} expects {width}");
    }
    assert!(*b == [outputs], "linear: a weight {w:?} goes with a bias [{outputs}], not {b:?}");
    (outputs, width)
}

impl<'t, T: Real> Var<'t, T> {
    /// The layer `X Wᵀ + b` of `[.., inputs]`, a weight `[outputs, inputs]` and a bias `[outputs]`, giving
    /// `[.., outputs]`. The same as `x.matmul(weight.t()) + bias`, but faster.
    ///
    /// # Panics
    /// If the shapes are not such.
    #[track_caller]
    pub fn linear(self, weight: Var<'t, T>, bias: Var<'t, T>) -> Var<'t, T> {
        let x = self.shape();
        let (outputs, inputs) = layer(&x, weight.peek().shape(), bias.peek().shape());
        let rows = &x[..x.len() - 1];
        if rows.len() == 1 {
            return T::record(Linear, [self, weight, bias]);
        }
        let matrix = self.reshape([rows.iter().product(), inputs]);
        T::record(Linear, [matrix, weight, bias]).reshape([rows, &[outputs]].concat())
    }

    /// Matrix product `A B` of `[.., m, k]` and `[.., k, n]`, giving `[.., m, n]`. Leading axes count
    /// matrices, and broadcast.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(Tensor::from_vec([2, 2], vec![1.0, 2.0, 3.0, 4.0]));
    /// let x = tape.var(Tensor::from_vec([2, 1], vec![10.0, 100.0]));
    /// assert_eq!(a.matmul(x).value().to_vec(), [210.0, 430.0]); // [2, 1]
    /// let many = tape.var(Tensor::ones([7, 1, 5, 2]));
    /// assert_eq!(many.matmul(a).shape().as_slice(), [7, 1, 5, 2]);
    /// ```
    ///
    /// # Panics
    /// If either has fewer than two axes, the inner sizes differ, or the leading axes do not
    /// broadcast.
    #[track_caller]
    pub fn matmul(self, b: Var<'t, T>) -> Var<'t, T> {
        let (left, right) = (self.shape(), b.shape());
        let shape = matmul_shape(&left, &right);
        if right.len() == 2 && left.len() > 2 {
            // One product with many rows, so that `B̄` is one product too.
            let rows = left[..left.len() - 1].iter().product();
            return T::record(MatMul, [self.reshape([rows, right[0]]), b]).reshape(shape);
        }
        let batch = &shape[..shape.len() - 2];
        let stack = |matrix: &[usize]| [batch, &matrix[matrix.len() - 2..]].concat();
        T::record(MatMul, [self.expand(stack(&left)), b.expand(stack(&right))])
    }

    /// The dot product `Σ aᵢ bᵢ` of two vectors, of shape `[]`.
    ///
    /// # Panics
    /// If they are not vectors of the same length.
    #[track_caller]
    pub fn dot(self, b: Var<'t, T>) -> Var<'t, T> {
        let (left, right) = (self.shape(), b.shape());
        if left.len() != 1 || left != right {
            panic!("dot: {left:?} and {right:?} must be two vectors of the same length");
        }
        (self * b).sum()
    }

    /// The outer product `yᵢⱼ = aᵢ bⱼ` of two vectors `[m]` and `[n]`, giving `[m, n]`.
    ///
    /// # Panics
    /// If they are not vectors.
    #[track_caller]
    pub fn outer(self, b: Var<'t, T>) -> Var<'t, T> {
        let (left, right) = (self.shape(), b.shape());
        assert!(left.len() == 1 && right.len() == 1, "outer: {left:?} and {right:?} must be two vectors");
        self.unsqueeze(-1) * b
    }
}

built_in! {
    apply 2: MatMul;
    apply 3: Linear;
}

pub(super) const CASES: &[Case] = &[
    case!("matmul", |a, b| a.matmul(b), [wave([2, 3]), wave([3, 4])]),
    case!("matmul of a view", |a, b| a.t().matmul(b.t()), [wave([3, 2]), wave([4, 3])]),
    case!("matmul with itself", |a| a.matmul(a).matmul(a.t()), [wave([3, 3])]),
    case!("matmul of rows and columns", |a, b| a.matmul(b) * b.matmul(a), [wave([1, 1]), wave([1, 1])]),
    case!("matmul over an empty axis", |a, b| a.matmul(b), [wave([2, 0]), wave([0, 3])]),
    case!("matmul of stacks", |a, b| a.matmul(b), [wave([2, 2, 3]), wave([2, 3, 2])]),
    case!("matmul of a stack with itself", |a| a.matmul(a.t()).matmul(a), [wave([2, 2, 3])]),
    case!("matmul of a stack and a matrix", |a, b| a.matmul(b), [wave([2, 2, 3]), wave([3, 2])]),
    case!("matmul of a matrix and a stack", |a, b| a.matmul(b), [wave([2, 3]), wave([2, 3, 2])]),
    case!("matmul, broadcast", |a, b| a.matmul(b), [wave([2, 1, 2, 2]), wave([3, 2, 1])]),
    case!("matmul of no matrices", |a, b| a.matmul(b), [wave([0, 2, 3]), wave([3, 2])]),
    case!("linear", |x, w, b| x.linear(w, b), [wave([3, 4]), wave([2, 4]), wave([2])]),
    case!("linear of a stack", |x, w, b| x.linear(w, b), [wave([2, 2, 3]), wave([4, 3]), wave([4])]),
    case!("linear of a vector", |x, w, b| x.linear(w, b), [wave([3]), wave([2, 3]), wave([2])]),
    case!("linear of views", |x, w, b| x.t().linear(w.t(), b), [wave([3, 2]), wave([3, 4]), wave([4])]),
    case!("linear over an empty axis", |x, w, b| x.linear(w, b), [wave([2, 0]), wave([3, 0]), wave([3])]),
    case!("linear of no examples", |x, w, b| x.linear(w, b), [wave([0, 2]), wave([3, 2]), wave([3])]),
    case!("dot", |a, b| a.dot(b) * a.dot(a), [wave([3]), wave([3])]),
    case!("dot of nothing", |a, b| a.dot(b), [wave([0]), wave([0])]),
    case!("outer", |a, b| a.outer(b) * a.outer(b), [wave([3]), wave([2])]),
];

#[cfg(test)]
mod tests;
