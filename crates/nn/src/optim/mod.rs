//! Optimizers: they move parameters against their gradient.

mod adam;
mod schedule;
mod sgd;

pub use adam::Adam;
pub use schedule::Schedule;
pub use sgd::Sgd;

use autograd::{Name, Real, Tensor, Tree};

/// A rule that updates parameters, one tensor at a time.
pub trait Optimizer<T: Real> {
    /// Sets the learning rate of the following steps.
    fn set_rate(&mut self, rate: f64);

    /// Begins a step: called once before [`update`](Self::update) is called for every parameter.
    fn begin(&mut self) {}

    /// Updates parameter number `slot` in place, in one pass.
    fn update(&mut self, slot: usize, parameter: &mut Tensor<T>, gradient: &Tensor<T>);

    /// Updates all parameters of a model, given the gradient in the form of the model itself (see
    /// [`autograd::value_and_grad`]).
    fn step<M: Tree<Tensor<T>>>(&mut self, model: &mut M, gradient: &M)
    where
        Self: Sized,
    {
        step(self, model, gradient);
    }
}

/// [`Optimizer::step`] for an optimizer whose type is not known.
pub fn step<T: Real, M: Tree<Tensor<T>>>(optimizer: &mut dyn Optimizer<T>, model: &mut M, gradient: &M) {
    let mut gradients = vec![];
    gradient.visit(&mut |_, g: &Tensor<T>| gradients.push(g.clone()));
    optimizer.begin();
    let mut slot = 0;
    model.visit_mut(Name::Root, &mut |_, parameter| {
        optimizer.update(slot, parameter, &gradients[slot]);
        slot += 1;
    });
}

/// The state tensors of parameter number `slot`, zero when first asked for.
fn state<'a, T: Real, const N: usize>(
    states: &'a mut Vec<[Tensor<T>; N]>,
    slot: usize,
    like: &Tensor<T>,
) -> &'a mut [Tensor<T>; N] {
    if slot == states.len() {
        states.push(std::array::from_fn(|_| Tensor::zeros(like.shape())));
    }
    &mut states[slot]
}
