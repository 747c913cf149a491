//! Trees as vectors: all numbers of a model together, as Hessian-free steps, natural gradients and meta-learning use them.
//!
//! ```
//! use autograd::{Tensor, Vector};
//!
//! let a = [Tensor::from_vec([2], vec![3.0, 0.0]), Tensor::scalar(4.0)];
//! let b = [Tensor::from_vec([2], vec![1.0, 2.0]), Tensor::scalar(-1.0)];
//! assert_eq!((a.norm(), a.dot(&b)), (5.0, -1.0));
//! assert_eq!(a.plus(2.0, &b).flatten().to_vec(), [5.0, 4.0, 2.0]);
//! ```
//!
//! On a tape, [`Combine::zip`] joins the leaves of two trees, and [`Var::grad_of`] gives the gradient of a tree as such a
//! tree. So a step of an inner training is recorded, and can itself be differentiated:
//!
//! ```
//! use autograd::{Combine, Tensor, Var, value_and_grad};
//!
//! fn loss<'t>([a, b]: [Var<'t, f64>; 2]) -> Var<'t, f64> {
//!     (a * b - 1.0).square()
//! }
//!
//! let model = [Tensor::scalar(0.5), Tensor::scalar(3.0)];
//! // The loss after a step, and its gradient by the weights before the step (MAML: Finn, Abbeel and Levine 2017).
//! let (after, gradient) = value_and_grad(&model, |model, _tape| {
//!     let gradient = loss(model).grad_of(&model);
//!     loss(model.zip(&gradient, |w, g| *w - *g * 0.01))
//! });
//! assert!(after < 0.25 && gradient[0].item() > 0.0);
//! ```

use crate::{Leaf, Name, Real, Tensor, Tree, Var};

/// Joining two trees of one form, leaf by leaf.
pub trait Combine<W: Leaf>: Tree<W> {
    /// A tree of the results of `f` at the leaves of both.
    ///
    /// # Panics
    /// If the other has fewer or more leaves.
    #[track_caller]
    fn zip<V: Leaf + Clone, U: Leaf>(
        &self,
        other: &Self::With<V>,
        mut f: impl FnMut(&W, &V) -> U,
    ) -> Self::With<U> {
        let mut others = vec![];
        other.visit(&mut |_, leaf| others.push(leaf.clone()));
        let (mut leaves, mut count) = (others.iter(), 0);
        self.visit(&mut |_, _| count += 1);
        assert!(count == others.len(), "zip: trees of {count} and {} leaves", others.len());
        self.map(Name::Root, &mut |_, leaf| f(leaf, leaves.next().expect("as many were counted")))
    }
}

impl<W: Leaf, M: Tree<W>> Combine<W> for M {}

/// A tree of tensors as one vector, leaf after leaf.
pub trait Vector<T: Real>: Tree<Tensor<T>, With<Tensor<T>> = Self> + Sized {
    /// `Σ aᵢ bᵢ`.
    ///
    /// # Panics
    /// If the trees have other leaves or other shapes.
    #[track_caller]
    fn dot(&self, other: &Self) -> T {
        let mut sum = T::zero();
        self.zip(other, |a, b| sum += shaped("dot", a, b).zip(b, |a, b| a * b).sum().item());
        sum
    }

    /// `√Σ aᵢ²`, without overflow.
    fn norm(&self) -> T {
        let mut norms = vec![];
        self.visit(&mut |_, leaf| norms.push(leaf.norm().item()));
        Tensor::from_vec([norms.len()], norms).norm().item()
    }

    /// `c a`.
    #[must_use]
    fn times(&self, c: f64) -> Self {
        self.map(Name::Root, &mut |_, leaf| leaf * c)
    }

    /// `a + c b`.
    ///
    /// # Panics
    /// If the trees have other leaves or other shapes.
    #[track_caller]
    #[must_use]
    fn plus(&self, c: f64, other: &Self) -> Self {
        self.zip(other, |a, b| shaped("plus", a, b) + b * c)
    }

    /// All numbers side by side, `[n]`.
    fn flatten(&self) -> Tensor<T> {
        let mut numbers = vec![];
        self.visit(&mut |_, leaf| numbers.extend(leaf.to_vec()));
        Tensor::from_vec([numbers.len()], numbers)
    }

    /// The tree of this form that has these numbers: the inverse of [`flatten`](Self::flatten).
    ///
    /// # Panics
    /// If there are fewer or more numbers than in this tree.
    #[track_caller]
    fn with_numbers(&self, numbers: &Tensor<T>) -> Self {
        let (mut at, mut count) = (0, 0);
        self.visit(&mut |_, leaf| count += leaf.len());
        assert!(
            numbers.shape() == [count],
            "with_numbers: {count} numbers are needed, not {:?}",
            numbers.shape()
        );
        self.map(Name::Root, &mut |_, leaf| {
            at += leaf.len();
            numbers.slice(0, at - leaf.len()..at).reshape(leaf.shape())
        })
    }
}

impl<T: Real, M: Tree<Tensor<T>, With<Tensor<T>> = M>> Vector<T> for M {}

/// The first of two leaves, if they have one shape.
#[track_caller]
fn shaped<'a, T: Real>(op: &str, a: &'a Tensor<T>, b: &Tensor<T>) -> &'a Tensor<T> {
    assert!(a.shape() == b.shape(), "{op}: leaves of shapes {:?} and {:?}", a.shape(), b.shape());
    a
}

impl<'t, T: Real> Var<'t, T> {
    /// The gradient of this scalar by every leaf of a tree of variables, such as a model or a list, in the form of the
    /// tree. Recorded, like [`grad`](Self::grad).
    ///
    /// # Panics
    /// If this variable does not hold exactly one number, or another tape is involved.
    #[track_caller]
    pub fn grad_of<M: Tree<Var<'t, T>>>(self, tree: &M) -> M::With<Var<'t, T>> {
        self.assert_scalar("grad_of");
        let mut leaves = vec![];
        tree.visit(&mut |_, leaf| leaves.push(*leaf));
        let seed = self.tape().constant(Tensor::ones(self.shape()));
        let mut gradients = self.vjp(seed, &leaves).into_iter();
        tree.map(Name::Root, &mut |_, _| gradients.next().expect("one for every leaf"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tape, hvp, value_and_grad};

    type Model<W> = (W, Vec<W>);

    fn model() -> Model<Tensor<f64>> {
        (Tensor::scalar(2.0), vec![Tensor::from_vec([2, 2], vec![1.0, -1.0, 0.5, 3.0]), Tensor::zeros([0])])
    }

    #[test]
    fn numbers_go_side_by_side_and_back() {
        let a = model();
        assert_eq!(a.flatten().to_vec(), [2.0, 1.0, -1.0, 0.5, 3.0]);
        assert_eq!(a.with_numbers(&a.flatten()), a);
        assert_eq!(a.times(2.0).plus(-2.0, &a).norm(), 0.0);
        assert!((a.dot(&a).sqrt() - a.norm()).abs() < 1e-15);
        assert!(a.times(1e200).norm().is_finite());
    }

    #[test]
    fn conjugate_gradients_solve_with_the_hessian() {
        // ½ xᵀ A x − bᵀ x with A = [[4, 1], [1, 3]] and b = [1, 2]: x = [1/11, 7/11].
        fn quadratic<'t>([x, y]: [Var<'t, f64>; 2], _: &'t Tape<f64>) -> Var<'t, f64> {
            x * x * 2.0 + x * y + y * y * 1.5 - x - y * 2.0
        }
        let mut x = [Tensor::scalar(0.0), Tensor::scalar(0.0)];
        let mut r = value_and_grad(&x, quadratic).1.times(-1.0);
        let mut p = r.clone();
        for _ in 0..2 {
            let along = hvp(&x, &p, quadratic);
            let step = r.dot(&r) / p.dot(&along);
            let next = r.plus(-step, &along);
            x = x.plus(step, &p);
            p = next.plus(next.dot(&next) / r.dot(&r), &p);
            r = next;
        }
        assert!((x[0].item() - 1.0 / 11.0).abs() < 1e-15 && (x[1].item() - 7.0 / 11.0).abs() < 1e-15);
    }

    #[test]
    fn gradients_of_trees_are_recorded() {
        let tape = Tape::<f64>::new();
        let model: Model<Var<f64>> = model().map(Name::Root, &mut |_, leaf: &Tensor<f64>| tape.var(leaf));
        let y = model.0.powi(3) * model.1[0].sum();
        let gradient = y.grad_of(&model);
        assert_eq!((gradient.0.item(), gradient.1[0].value().to_vec()), (42.0, vec![8.0; 4]));
        let listed = y.grad_of(&vec![model.0, model.1[0]]);
        assert_eq!(listed[0].item(), 42.0);
        assert_eq!(gradient.0.grad_of(&model).0.item(), 42.0);
    }

    #[test]
    #[should_panic(expected = "dot: leaves of shapes [2] and [3]")]
    fn other_shapes() {
        let _ = [Tensor::<f64>::ones([2])].dot(&[Tensor::ones([3])]);
    }
}
