//! Functions that are recorded once and replayed with other numbers.
//!
//! A tape is written anew for each step, so that each step may be another program. Where all steps are the same
//! program it is enough to write the list once: a [`Recorded`] function keeps the nodes of its value and of its
//! gradient, and replays them from the first to the last. Nothing is recorded any more, no rule is asked for,
//! and the result of a node is written over its last one. A model of a few hundred parameters
//! is trained four times as fast; a large one, whose time goes into arithmetic, gains little.
//!
//! ```
//! use autograd::{Recorded, Tensor};
//!
//! let (w, x) = (Tensor::scalar(3.0), Tensor::scalar(2.0));
//! let mut square = Recorded::new(&w, &x, |w, x, _tape| (w * x).square());
//! for x in [1.0, 2.0, 3.0] {
//!     let (y, dw) = square.value_and_grad(&w, &Tensor::scalar(x));
//!     assert_eq!((y, dw.item()), (9.0 * x * x, 6.0 * x * x));
//! }
//! ```
//!
//! The numbers are those of a tape, to the bit. Only the sign of a zero may be another, in the gradient of a tensor
//! that is sliced or picked by index: where a tape leaves a sum alone, a replay adds 0 to it.
//!
//! # What can be recorded
//!
//! All that changes between steps comes in through the model and the inputs: batches, noise, annealed weights.
//! Everything else that the function uses is a constant from the time of the recording: values that a closure captured,
//! and settings of a model that are no tensors. A recorded function cannot read its own values, and panics
//! with the name of the method that tries: [`Var::value`], [`Var::item`], [`Mask::value`](crate::Mask::value),
//! [`Var::backward`], and [`Var::jacobian_norm_probed`], which returns a plain number. Comparisons, places and sort orders
//! are nodes of the tape like others: each replay chooses anew.
//!
//! A function is run twice when it is recorded; if it does not do the
//! same both times, because it draws random numbers, it panics too. (A generator that would draw the same again asks
//! [`is_recording`].)

mod program;
mod recording;
#[cfg(test)]
mod tests;

pub use recording::is_recording;

use crate::functions::filled;
use crate::{LeafUpdate, Name, Real, Tape, Tensor, Tree, Var};
pub(crate) use program::{Program, replay};
pub(crate) use recording::{Traced, gradient_nodes, program};

/// The largest number of recordings that are kept, each for other shapes.
const MOST: usize = 64;

/// A function of a model and of inputs, both of them [trees](Tree), recorded when it is first called with some
/// shapes, and replayed whenever these come again, if not more than 64 others came between. The [module](self)
/// says which functions can be recorded.
pub struct Recorded<M, I, T: Real = f64>
where
    M: Tree<Tensor<T>>,
    I: Tree<Tensor<T>>,
{
    f: Box<Function<M, I, T>>,
    programs: Vec<Program<T>>,
}

type Function<M, I, T> = dyn for<'t> Fn(
        <M as Tree<Tensor<T>>>::With<Var<'t, T>>,
        <I as Tree<Tensor<T>>>::With<Var<'t, T>>,
        &'t Tape<T>,
    ) -> Var<'t, T>
    + Send;

impl<M, I, T: Real> Recorded<M, I, T>
where
    M: Tree<Tensor<T>>,
    I: Tree<Tensor<T>>,
{
    /// This function, not recorded yet. Of the model and the inputs only the types matter.
    pub fn new(
        _model: &M,
        _inputs: &I,
        f: impl for<'t> Fn(M::With<Var<'t, T>>, I::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T> + Send + 'static,
    ) -> Self {
        Recorded { f: Box::new(f), programs: vec![] }
    }

    /// The value, without derivatives: the numbers of [`value`](crate::value), to the bit.
    ///
    /// # Panics
    /// If the function [cannot be recorded](self).
    #[track_caller]
    pub fn value(&mut self, model: &M, inputs: &I) -> Tensor<T> {
        let program = self.replayed(model, inputs, false);
        let value = program.result(program.value).clone();
        program.release();
        value
    }

    /// The value and its gradient in the form of the model: the numbers of [`value_and_grad`](crate::value_and_grad), to
    /// the bit.
    ///
    /// # Panics
    /// If the function [cannot be recorded](self), or its value is not a single number; if it sets buffers, whose
    /// new values would be lost.
    #[track_caller]
    pub fn value_and_grad(&mut self, model: &M, inputs: &I) -> (T, M)
    where
        M: Tree<Tensor<T>, With<Tensor<T>> = M>,
    {
        let program = self.replayed(model, inputs, true);
        assert!(
            program.buffers.iter().all(Option::is_none),
            "Recorded::value_and_grad: the function sets buffers of the model (running statistics, for instance), whose \
             new values would be lost; use value_and_update"
        );
        let gradients = program.gradients.iter().map(|&gradient| program.result(gradient).clone());
        let result = (program.result(program.value).item(), filled(model, gradients));
        program.release();
        result
    }

    /// The value; every trained leaf of the model is given to `update` with its gradient, its number and its name, and
    /// buffers that the function sets get their new values, as by [`value_and_update`](crate::value_and_update), to
    /// the bit.
    ///
    /// # Panics
    /// If the function [cannot be recorded](self), or its value is not a single number.
    #[track_caller]
    pub fn value_and_update(&mut self, model: &mut M, inputs: &I, update: &mut LeafUpdate<T>) -> T {
        let program = self.replayed(model, inputs, true);
        let value = program.result(program.value).item();
        // Parameters that are not shared with anything are updated in place.
        program.release_arguments();
        let (mut gradients, mut buffers) = (program.gradients.iter().enumerate(), program.buffers.iter());
        model.visit_mut(Name::Root, &mut |name, leaf| {
            if name.is_trained() {
                let (number, &gradient) = gradients.next().expect("one for every variable");
                update(number, name, leaf, program.result(gradient));
            } else if name.is_buffer()
                && let Some(new) = buffers.next().expect("one for every buffer")
            {
                *leaf = program.result(*new).clone();
            }
        });
        program.release();
        value
    }

    /// The program for these shapes, replayed; recorded before if it is new.
    #[track_caller]
    fn replayed(&mut self, model: &M, inputs: &I, with_gradient: bool) -> &mut Program<T> {
        let mut programs = self.programs.iter_mut();
        let known = programs
            .position(|program| program.with_gradient == with_gradient && program.take(model, inputs));
        if known.is_none() {
            if self.programs.len() == MOST {
                self.programs.remove(0);
            }
            let mut program = Program::of(model, inputs, &*self.f, with_gradient);
            program.take(model, inputs);
            self.programs.push(program);
        }
        let number = known.unwrap_or(self.programs.len() - 1);
        let program = &mut self.programs[number];
        program.replay();
        program
    }
}
