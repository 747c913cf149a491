//! The parameters that training changes, as checkpoints and optimizers see them.

use autograd::{Real, Tensor, Tree};

use crate::Result;
use crate::checkpoint::Checkpoint;
use crate::optim::{Optimizer, State};

/// A model as checkpoints and optimizers see it: every [`Tree`] of tensors is one. Through `dyn Trainable` a trainer
/// saves and restores a model without its type.
pub trait Trainable<T: Real> {
    /// Adds all parameters to a checkpoint, under a prefix.
    fn insert(&self, prefix: &str, into: &mut Checkpoint<T>);

    /// Takes all parameters from a checkpoint.
    ///
    /// # Errors
    /// If they do not fit; see [`Checkpoint::restore`]. Nothing is changed then.
    fn restore(&mut self, prefix: &str, from: &Checkpoint<T>) -> Result<()>;

    /// Gives a restored optimizer state to an optimizer of this model's parameters.
    ///
    /// # Errors
    /// If the state is that of another kind of optimizer, or of other parameters; see [`Optimizer::restore`].
    fn restore_optimizer(&self, optimizer: &mut Optimizer<T>, state: State<T>) -> Result<()>;
}

impl<T: Real, M: Tree<Tensor<T>>> Trainable<T> for M {
    fn insert(&self, prefix: &str, into: &mut Checkpoint<T>) {
        into.insert(prefix, self);
    }

    fn restore(&mut self, prefix: &str, from: &Checkpoint<T>) -> Result<()> {
        from.restore(prefix, self)
    }

    fn restore_optimizer(&self, optimizer: &mut Optimizer<T>, state: State<T>) -> Result<()> {
        optimizer.restore(self, state)
    }
}
