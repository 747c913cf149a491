//! Derivatives of functions of tensors.
//!
//! They are the [transformations](crate::transform) of a variable, for tensors. Their argument is any [`Tree`]: a
//! tensor, an array of tensors, a model. They make a tape, use it, and return tensors. [Buffers](crate::Buffer) of a model
//! are constants: derivatives with respect to them are 0.
//!
//! ```
//! use autograd::{Tensor, hvp};
//!
//! let x = Tensor::from_vec([2], vec![1.0, 2.0]);
//! let v = Tensor::from_vec([2], vec![1.0, 0.0]);
//! // f = x₀² x₁, whose Hessian at (1, 2) is [[4, 2], [2, 0]].
//! let hv = hvp(&x, &v, |x, _| (x.slice(0, ..1) * x.slice(0, ..1) * x.slice(0, 1..)).sum());
//! assert_eq!(hv.to_vec(), [4.0, 2.0]);
//! ```

use crate::transform::unit;
use crate::{Name, NewBuffers, Real, Tape, Tensor, Tree, Var};

/// The leaves of a tree on a tape, in order. Those of [`Frozen`](crate::Frozen) parts are not among them: they are constants.
pub(crate) struct Leaves<'t, T: Real> {
    /// The variables with respect to which derivatives are taken.
    pub(crate) variables: Vec<Var<'t, T>>,
    /// [Buffers](crate::Buffer), which are constants.
    pub(crate) buffers: Vec<Var<'t, T>>,
}

/// A tree of tensors on a tape, with its leaves.
pub(crate) fn on_tape<'t, T: Real, M: Tree<Tensor<T>>>(
    model: &M,
    tape: &'t Tape<T>,
) -> (M::With<Var<'t, T>>, Leaves<'t, T>) {
    let mut leaves = Leaves { variables: vec![], buffers: vec![] };
    let tree = model.map(Name::Root, &mut |name, tensor| {
        if name.is_trained() {
            let variable = tape.var(tensor);
            leaves.variables.push(variable);
            return variable;
        }
        let constant = tape.constant(tensor);
        leaves.buffers.extend(name.is_buffer().then_some(constant));
        constant
    });
    (tree, leaves)
}

/// The form of `model` with these results for its variables, and those of `others` for the other leaves.
pub(crate) fn filled_with<T: Real, M>(
    model: &M,
    results: impl IntoIterator<Item = Tensor<T>>,
    others: impl Fn(&Tensor<T>) -> Tensor<T>,
) -> M
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    let mut results = results.into_iter();
    model.map(Name::Root, &mut |name, leaf: &Tensor<T>| match name.is_trained() {
        true => results.next().expect("one for every variable"),
        false => others(leaf),
    })
}

/// The form of `model` with these gradients for its variables, and 0 for its buffers and frozen parts.
pub(crate) fn filled<T: Real, M>(model: &M, gradients: impl IntoIterator<Item = Tensor<T>>) -> M
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    filled_with(model, gradients, |leaf| zeros(leaf.shape()))
}

/// Zeros that take no memory.
pub(crate) fn zeros<T: Real>(shape: &[usize]) -> Tensor<T> {
    Tensor::scalar(T::zero()).expand(shape)
}

/// The value of a scalar function of a model, and its gradient in the form of the model itself.
///
/// The tape lives only during the call, so afterwards an optimizer can update the parameters in
/// place.
///
/// ```
/// use autograd::{Tensor, value_and_grad};
///
/// let x = [Tensor::scalar(3.0), Tensor::scalar(4.0)];
/// let (y, [dx0, dx1]) = value_and_grad(&x, |[a, b], _tape| a * a * b);
/// assert_eq!((y, dx0.item(), dx1.item()), (36.0, 24.0, 9.0));
/// ```
///
/// # Panics
/// If the function returns anything but a single number, or has [set buffers](crate::Buffer::set), whose new values
/// would be lost.
#[track_caller]
pub fn value_and_grad<T: Real, M>(
    model: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> (T, M)
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    let (y, gradient, ()) = value_and_grad_with(model, |model, tape| (f(model, tape), ()));
    (y, gradient)
}

/// [`value_and_grad`] of a function that returns something beside its value, which is returned as third part: the terms
/// of a loss, predictions, a count.
///
/// ```
/// use autograd::{Tensor, value_and_grad_with};
///
/// let x = Tensor::from_vec([2], vec![3.0, 4.0]);
/// let (loss, gradient, largest) = value_and_grad_with(&x, |x, _tape| (x.square().sum(), x.max().item()));
/// assert_eq!((loss, gradient.to_vec(), largest), (25.0, vec![6.0, 8.0], 4.0));
/// ```
///
/// # Panics
/// If the value is not a single number; if the function has set buffers and has not taken them with
/// [`NewBuffers::of`].
#[track_caller]
pub fn value_and_grad_with<T: Real, M, R>(
    model: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> (Var<'t, T>, R),
) -> (T, M, R)
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let (y, beside) = f(tree, &tape);
    tape.assert_buffers_taken("value_and_grad", TAKE);
    let gradients = y.backward();
    (y.item(), filled(model, leaves.variables.iter().map(|&leaf| gradients.wrt(leaf))), beside)
}

/// The advice to a caller whose buffers would be lost.
const TAKE: &str = "use value_and_update, or value_and_grad_with and NewBuffers";

/// The update of a leaf by [`value_and_update`], given its number among the trained leaves, its name, itself and its
/// gradient.
pub type LeafUpdate<'u, T> = dyn FnMut(usize, Name, &mut Tensor<T>, &Tensor<T>) + 'u;

/// The value of a scalar function of a model, whose every trained leaf is given to `update` with its gradient (and
/// its number and name), as soon as that is complete: [`value_and_grad`] followed by an update of everything,
/// with less memory and in less time. Gradients need not be kept, and are still in the cache when they are
/// used. [Buffers](crate::Buffer) are not given to `update`; those that the function has set have their new values
/// afterwards.
///
/// ```
/// use autograd::{Tensor, value_and_update};
///
/// let mut x = [Tensor::scalar(3.0), Tensor::scalar(4.0)];
/// let y = value_and_update(
///     &mut x,
///     |[a, b], _tape| a * a * b,
///     &mut |_number, _name, leaf, gradient| Tensor::update([leaf], [gradient], |[x], [g]| [x - 0.1 * g]),
/// );
/// assert_eq!(y, 36.0);
/// assert_eq!((x[0].item(), x[1].item()), (3.0 - 0.1 * 24.0, 4.0 - 0.1 * 9.0));
/// ```
///
/// # Panics
/// If the function returns anything but a single number.
#[track_caller]
pub fn value_and_update<T: Real, M: Tree<Tensor<T>>>(
    model: &mut M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
    update: &mut LeafUpdate<T>,
) -> T {
    value_and_update_with(model, |model, tape| (f(model, tape), ()), update).0
}

/// [`value_and_update`] of a function that returns something beside its value; see [`value_and_grad_with`].
///
/// # Panics
/// If the value is not a single number.
#[track_caller]
pub fn value_and_update_with<T: Real, M: Tree<Tensor<T>>, R>(
    model: &mut M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> (Var<'t, T>, R),
    update: &mut LeafUpdate<T>,
) -> (T, R) {
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let (y, beside) = f(tree, &tape);
    let value = y.item();
    // Taken now, since the sweep forgets the tape on its way.
    let new_buffers = NewBuffers::of_buffers(&leaves.buffers);
    let variables = leaves.variables;
    // To come to one leaf is to walk over all of them. So of many leaves some wait for each other, and the walks are
    // never more than about `WALKS`.
    const WALKS: usize = 32;
    let (mut ready, mut count) = (vec![None; variables.len()], 0);
    let mut give = |ready: &mut [Option<Tensor<T>>]| {
        let mut places = ready.iter_mut().enumerate();
        model.visit_mut(Name::Root, &mut |name, leaf| {
            if !name.is_trained() {
                return;
            }
            let (number, gradient) = places.next().expect("one for every variable");
            if let Some(gradient) = gradient.take() {
                update(number, name, leaf, &gradient);
            }
        });
    };
    y.backward_and_forget(&variables, &mut |number, gradient| {
        ready[number] = Some(gradient);
        count += 1;
        if count > variables.len() / WALKS {
            give(&mut ready);
            count = 0;
        }
    });
    if count > 0 {
        give(&mut ready);
    }
    if !new_buffers.is_empty() {
        new_buffers.store(model);
    }
    (value, beside)
}

/// The gradient of a scalar function; see [`value_and_grad`].
///
/// # Panics
/// If the function returns anything but a single number.
#[track_caller]
pub fn grad<T: Real, M>(
    model: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> M
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    value_and_grad(model, f).1
}

/// The value of any function of a model, without derivatives.
///
/// ```
/// use autograd::{Tensor, value};
///
/// let x = [Tensor::scalar(3.0), Tensor::scalar(4.0)];
/// assert_eq!(value(&x, |[a, b], _tape| a * b).item(), 12.0);
/// ```
pub fn value<T: Real, M: Tree<Tensor<T>>>(
    model: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> Tensor<T> {
    value_with(model, |model, tape| (f(model, tape), ())).0
}

/// [`value`] of a function that returns something beside its value; see [`value_and_grad_with`].
pub fn value_with<T: Real, M: Tree<Tensor<T>>, R>(
    model: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> (Var<'t, T>, R),
) -> (Tensor<T>, R) {
    let tape = Tape::new();
    let tree = model.map(Name::Root, &mut |_, tensor| tape.constant(tensor));
    let (y, beside) = f(tree, &tape);
    (y.value(), beside)
}

/// The value `y` of a function and `Jᵀ u`, in the form of the model; `u` has the shape of `y`.
///
/// # Panics
/// If `u` has another shape than `y`.
#[track_caller]
pub fn vjp<T: Real, M>(
    model: &M,
    u: &Tensor<T>,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> (Tensor<T>, M)
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let y = f(tree, &tape);
    let gradients = y.vjp(tape.constant(u), &leaves.variables);
    (y.value(), filled(model, gradients.iter().map(|g| g.value())))
}

/// The value `y` of a function and `J v`: how it changes when the model moves along `v`.
///
/// ```
/// use autograd::{Tensor, jvp};
///
/// let x = [Tensor::scalar(3.0), Tensor::scalar(4.0)];
/// let v = [Tensor::scalar(1.0), Tensor::scalar(10.0)];
/// let (y, dy) = jvp(&x, &v, |[a, b], _| a * b);
/// assert_eq!((y.item(), dy.item()), (12.0, 34.0));
/// ```
///
/// # Panics
/// If a leaf of `v` has another shape than that of the model.
#[track_caller]
pub fn jvp<T: Real, M: Tree<Tensor<T>>>(
    model: &M,
    v: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> (Tensor<T>, Tensor<T>) {
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let y = f(tree, &tape);
    let (_, directions) = on_tape(v, &tape);
    (y.value(), y.jvp(&leaves.variables, &directions.variables).value())
}

/// `H v` of a scalar function, in the form of the model.
///
/// # Panics
/// If the function returns anything but a single number, or a leaf of `v` has another shape than
/// that of the model.
#[track_caller]
pub fn hvp<T: Real, M>(
    model: &M,
    v: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> M
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let y = f(tree, &tape);
    let (_, directions) = on_tape(v, &tape);
    filled(model, y.hvp(&leaves.variables, &directions.variables).iter().map(|h| h.value()))
}

/// `Jᵀ H J v` in the form of the model, where `f` returns an output with Jacobian `J` and a scalar
/// function of it with Hessian `H`; see [`Var::gauss_newton_product`].
///
/// # Panics
/// If the second is not a single number, or a leaf of `v` has another shape than that of the model.
#[track_caller]
pub fn gauss_newton_product<T: Real, M>(
    model: &M,
    v: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> (Var<'t, T>, Var<'t, T>),
) -> M
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let (output, loss) = f(tree, &tape);
    let (_, directions) = on_tape(v, &tape);
    let product = loss.gauss_newton_product(output, &leaves.variables, &directions.variables);
    filled(model, product.iter().map(|h| h.value()))
}

/// All first derivatives: for every leaf of the model a tensor of shape `[shape of y, shape of leaf]`. One sweep
/// for every element of `y`, of which nothing is kept but the row.
#[track_caller]
pub fn jacobian<T: Real, M>(
    model: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> M
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let y = f(tree, &tape);
    let variables = leaves.variables;
    let shape = |leaf: &Var<'_, T>| [&y.shape()[..], &leaf.shape()].concat();
    let mut jacobians: Vec<Tensor<T>> = variables.iter().map(|leaf| Tensor::zeros(shape(leaf))).collect();
    for k in 0..y.shape().iter().product() {
        let row = y.pull(unit(&y.shape(), k));
        for (jacobian, &leaf) in jacobians.iter_mut().zip(&variables) {
            let row = row.wrt(leaf).to_vec();
            jacobian.make_mut()[k * row.len()..][..row.len()].copy_from_slice(&row);
        }
    }
    filled_with(model, jacobians, |leaf| zeros(&[&y.shape()[..], leaf.shape()].concat()))
}

/// All second derivatives of a scalar function: the symmetric matrix `[n, n]` over all `n` numbers of
/// the model but those of buffers, leaf after leaf.
///
/// # Panics
/// If the function returns anything but a single number.
#[track_caller]
pub fn hessian<T: Real, M: Tree<Tensor<T>>>(
    model: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> Tensor<T> {
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let y = f(tree, &tape);
    y.assert_scalar("hessian");
    let variables = leaves.variables;
    let gradients = y.vjp(tape.constant(Tensor::ones(y.shape())), &variables);
    let n = variables.iter().map(|leaf| leaf.value().len()).sum();
    let mut rows = Vec::with_capacity(n * n);
    for gradient in gradients {
        for k in 0..gradient.value().len() {
            let row = gradient.pull(unit(&gradient.shape(), k));
            variables.iter().for_each(|&leaf| rows.extend(row.wrt(leaf).to_vec()));
        }
    }
    Tensor::from_vec([n, n], rows)
}
