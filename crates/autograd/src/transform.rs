//! Transformations: from a function to its derivatives.
//!
//! On a tape they are methods of [`Var`] ([`grad`](Var::grad), [`vjp`](Var::vjp), [`jvp`](Var::jvp),
//! [`hvp`](Var::hvp), [`jacobian`](Var::jacobian), [`hessian`](Var::hessian) …). Their results are
//! variables, so each of them can be differentiated again.
//!
//! [`functions`](crate::functions) are the same for tensors.

use crate::{Real, Tape, Tensor, Var};

impl<'t, T: Real> Var<'t, T> {
    // ANCHOR: jvp
    /// `J v`: how this variable changes when every `x` of `wrt` moves along its `v` (forward mode).
    ///
    /// It needs no rules of its own. `Jᵀ w` is linear in `w`, so the derivative of `⟨Jᵀ w, v⟩` with
    /// respect to `w` is `J v`.
    ///
    /// # Panics
    /// If the shapes of `wrt` and `v` differ.
    #[track_caller]
    pub fn jvp(self, wrt: &[Var<'t, T>], v: &[Var<'t, T>]) -> Var<'t, T> {
        assert_along("jvp", wrt, v);
        let w = self.tape.var(Tensor::zeros(self.shape()));
        let transposed = self.vjp(w, wrt);
        inner_product(self.tape, &transposed, v).vjp(self.tape.constant(T::one()), &[w])[0]
    }
    // ANCHOR_END: jvp

    /// `H v`, where `H` is the matrix of second derivatives of this scalar: the Jacobian of the gradient,
    /// which is symmetric, times `v`.
    ///
    /// # Panics
    /// If this variable does not hold exactly one number, or the shapes of `wrt` and `v` differ.
    #[track_caller]
    pub fn hvp(self, wrt: &[Var<'t, T>], v: &[Var<'t, T>]) -> Vec<Var<'t, T>> {
        self.assert_scalar("hvp");
        assert_along("hvp", wrt, v);
        let gradients = self.vjp(self.tape.constant(Tensor::ones(self.shape())), wrt);
        if wrt.is_empty() { vec![] } else { Var::vjp_of(&gradients, v, wrt) }
    }

    /// All first derivatives, of shape `[shape of this variable, shape of x]`. One sweep for every
    /// element of this variable.
    #[track_caller]
    pub fn jacobian(self, x: Var<'t, T>) -> Var<'t, T> {
        let (outputs, inputs) = (self.shape(), x.shape());
        let count: usize = outputs.iter().product();
        let shape = [&outputs[..], &inputs[..]].concat();
        if count == 0 {
            return self.tape.constant(Tensor::zeros(shape));
        }
        let rows: Vec<Var<'t, T>> =
            (0..count).map(|k| self.vjp(self.tape.constant(unit(&outputs, k)), &[x])[0]).collect();
        Var::stack(&rows, 0).reshape(shape)
    }

    /// All second derivatives of this scalar, of shape `[shape of x, shape of x]`.
    ///
    /// # Panics
    /// If this variable does not hold exactly one number.
    #[track_caller]
    pub fn hessian(self, x: Var<'t, T>) -> Var<'t, T> {
        let [gradient] = self.grad([x]);
        gradient.jacobian(x)
    }

    /// `Jᵀ H J v`, the Gauss–Newton product: this scalar is a function of `output` with Hessian `H`, and
    /// `output` a function of `wrt` with Jacobian `J` (Schraudolph 2002). Unlike the Hessian's it is
    /// never negative along `v` if the scalar is convex in `output`.
    ///
    /// # Panics
    /// If this variable does not hold exactly one number, or the shapes of `wrt` and `v` differ.
    #[track_caller]
    pub fn gauss_newton_product(
        self,
        output: Var<'t, T>,
        wrt: &[Var<'t, T>],
        v: &[Var<'t, T>],
    ) -> Vec<Var<'t, T>> {
        self.assert_scalar("gauss_newton_product");
        assert_along("gauss_newton_product", wrt, v);
        let along = output.jvp(wrt, v);
        let curved = self.hvp(&[output], &[along]);
        output.vjp(curved[0], wrt)
    }
}

/// `Σᵢ ⟨aᵢ, bᵢ⟩`.
#[track_caller]
fn inner_product<'t, T: Real>(tape: &'t Tape<T>, a: &[Var<'t, T>], b: &[Var<'t, T>]) -> Var<'t, T> {
    let products = a.iter().zip(b).map(|(&a, &b)| (a * b).sum());
    products.reduce(|a, b| a + b).unwrap_or(tape.constant(T::zero()))
}

/// Insists on one direction for every variable, of its shape.
#[track_caller]
fn assert_along<T: Real>(op: &str, wrt: &[Var<T>], v: &[Var<T>]) {
    let shapes = |vars: &[Var<T>]| vars.iter().map(|x| x.shape()).collect::<Vec<_>>();
    let (of, along) = (shapes(wrt), shapes(v));
    assert!(of == along, "{op}: the variables have shapes {of:?}, the directions {along:?}");
}

/// 1 at place `k`, elsewhere 0.
pub(crate) fn unit<T: Real>(shape: &[usize], k: usize) -> Tensor<T> {
    Tensor::from_fn(shape, |i| if i == k { T::one() } else { T::zero() })
}
