//! Functions of whole models: [`value_and_grad`] and [`value`].

use crate::{Name, Real, Tape, Tensor, Tree, Var};

/// The value of a scalar function of a model, and its gradient in the form of the model itself.
///
/// The tape lives only during the call, so afterwards an optimiser can update the parameters in
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
/// If the function returns anything but a single number.
#[track_caller]
pub fn value_and_grad<T: Real, M>(
    model: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> (T, M)
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    let tape = Tape::new();
    let mut leaves = vec![];
    let on_tape = model.map(Name::Root, &mut |_, tensor| {
        let leaf = tape.var(tensor);
        leaves.push(leaf);
        leaf
    });
    let y = f(on_tape, &tape);
    let value = y.item();
    let gradients = y.backward();
    let mut leaves = leaves.into_iter();
    let next = &mut |_: Name, _: &Tensor<T>| gradients.wrt(leaves.next().expect("as many leaves as before"));
    (value, model.map(Name::Root, next))
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
    let tape = Tape::new();
    let on_tape = model.map(Name::Root, &mut |_, tensor| tape.constant(tensor));
    f(on_tape, &tape).value()
}
