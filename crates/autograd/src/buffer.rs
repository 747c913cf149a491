//! Buffers: leaves of a model that are stored with it but not trained, such as running statistics.
//!
//! A pass may compute a new value for a buffer. It cannot write that into the model, of which the tape has a copy;
//! so the value is noted on the tape ([`Buffer::set`]), and the caller that made the tape takes it into the model:
//! [`value_and_update`](crate::value_and_update) and [`Recorded::value_and_update`](crate::Recorded::value_and_update)
//! by themselves, others by [`NewBuffers`].
//!
//! ```
//! use autograd::{Buffer, Real, Tensor, Var, tree, value_and_update};
//!
//! /// A number and how often it was used.
//! struct Counted<W> {
//!     number: W,
//!     uses: Buffer<W>,
//! }
//! tree!(Counted { number, uses });
//!
//! impl<'t, T: Real> Counted<Var<'t, T>> {
//!     fn use_it(&self) -> Var<'t, T> {
//!         self.uses.set(self.uses.latest() + 1.0);
//!         self.number
//!     }
//! }
//!
//! let mut model = Counted { number: Tensor::scalar(3.0), uses: Buffer(Tensor::scalar(0.0)) };
//! value_and_update(&mut model, |model, _tape| model.use_it() * model.use_it(), &mut |_, _, _, _| ());
//! assert_eq!(model.uses.0.item(), 2.0);
//! ```

use crate::tree::{Leaf, Name, Tree};
use crate::{Real, Tape, Tensor, Var};

/// A leaf that is stored with the model but not trained: running statistics, a normalizer of the data,
/// a codebook that follows an average. On a tape it is a constant: its gradient is 0 and costs nothing, and optimizers
/// pass over it (see [`Name::is_buffer`]).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Buffer<W>(pub W);

impl<W: Leaf> Tree<W> for Buffer<W> {
    type With<V: Leaf> = Buffer<V>;

    fn map<V: Leaf>(&self, name: Name, f: &mut dyn FnMut(Name, &W) -> V) -> Buffer<V> {
        Buffer(f(Name::Buffer(&name), &self.0))
    }
    fn visit_mut(&mut self, name: Name, f: &mut dyn FnMut(Name, &mut W)) {
        f(Name::Buffer(&name), &mut self.0)
    }
}

impl<'t, T: Real> Buffer<Var<'t, T>> {
    /// The value as far as the pass has come: the last one that was [set](Self::set), or that of the model. A layer
    /// that is used several times goes on from there. For derivatives it is a constant.
    #[track_caller]
    pub fn latest(&self) -> Var<'t, T> {
        let new = self
            .0
            .tape
            .new_buffers
            .borrow()
            .iter()
            .find_map(|&(leaf, new)| (leaf == self.0.id).then_some(new));
        new.map_or(self.0, |id| Var { id, ..self.0 }).stop_gradient()
    }

    /// Notes a new value on the tape, in place of an earlier one. The model gets it at the end of the step.
    ///
    /// # Panics
    /// If the value has another shape than the buffer, or is on another tape.
    #[track_caller]
    pub fn set(&self, value: Var<'t, T>) {
        let (shape, own) = (value.shape(), self.0.shape());
        assert!(shape == own, "Buffer::set: a value of shape {shape:?} for a buffer of shape {own:?}");
        let tape = self.0.tape;
        assert!(std::ptr::eq(tape, value.tape), "Buffer::set: the value is on another tape than the buffer");
        let mut all = tape.new_buffers.borrow_mut();
        all.retain(|&(leaf, _)| leaf != self.0.id);
        all.push((self.0.id, value.id));
    }
}

/// New values of a model's buffers, taken from the tape of a pass: for a step of training that is not made by
/// [`value_and_update`](crate::value_and_update).
///
/// ```
/// use autograd::{Buffer, NewBuffers, Tensor, value_and_grad_with};
///
/// let mut model = (Tensor::scalar(3.0), Buffer(Tensor::scalar(0.0)));
/// let (loss, gradient, new) = value_and_grad_with(&model, |model, _tape| {
///     model.1.set(model.0);
///     (model.0.square(), NewBuffers::of(&model))
/// });
/// assert_eq!((loss, gradient.0.item(), gradient.1.0.item()), (9.0, 6.0, 0.0));
/// new.store(&mut model); // or not, if the model shall stay as it is
/// assert_eq!(model.1.0.item(), 3.0);
/// ```
#[derive(Clone, Debug)]
pub struct NewBuffers<T: Real> {
    /// The value of each buffer, in order; `None` for those that stay as they are.
    values: Vec<Option<Tensor<T>>>,
}

impl<T: Real> NewBuffers<T> {
    /// Takes from the tape what was set for buffers of this model, which is on it.
    pub fn of<'t>(model: &impl Tree<Var<'t, T>>) -> Self {
        let mut buffers = vec![];
        model.visit(&mut |name, &leaf| buffers.extend(name.is_buffer().then_some(leaf)));
        NewBuffers::of_buffers(&buffers)
    }

    /// [`of`](Self::of) a model with these buffers.
    pub(crate) fn of_buffers(buffers: &[Var<T>]) -> Self {
        let new = |buffer: &Var<T>| buffer.take_new().map(|new| new.value());
        NewBuffers { values: buffers.iter().map(new).collect() }
    }

    /// Writes the values into the model that was put on the tape.
    ///
    /// # Panics
    /// If the model has another number of buffers, or one with a new value has another shape.
    #[track_caller]
    pub fn store(self, model: &mut impl Tree<Tensor<T>>) {
        let (given, mut buffers) = (self.values.len(), 0);
        model.visit(&mut |name, _| buffers += usize::from(name.is_buffer()));
        assert!(
            given == buffers,
            "NewBuffers::store: the pass was of a model with {given} buffers, and this has {buffers}"
        );
        let mut values = self.values.into_iter();
        model.visit_mut(Name::Root, &mut |name, leaf| {
            if !name.is_buffer() {
                return;
            }
            if let Some(new) = values.next().expect("one for every buffer") {
                let (shape, own) = (new.shape(), leaf.shape());
                assert!(
                    shape == own,
                    "NewBuffers::store: a value of shape {shape:?} for `{name}` of shape {own:?}"
                );
                *leaf = new;
            }
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.iter().all(Option::is_none)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The new value that was set for this buffer, if there is one; the tape has none for it afterwards.
    pub(crate) fn take_new(self) -> Option<Self> {
        let mut all = self.tape.new_buffers.borrow_mut();
        let place = all.iter().position(|&(buffer, _)| buffer == self.id)?;
        Some(Var { id: all.swap_remove(place).1, ..self })
    }
}

impl<T: Real> Tape<T> {
    /// Panics if the pass of this tape has set buffers whose new values were not taken.
    #[track_caller]
    pub(crate) fn assert_buffers_taken(&self, function: &str, instead: &str) {
        assert!(
            self.new_buffers.borrow().is_empty(),
            "{function}: the pass has set buffers of the model (running statistics, for instance), whose new values \
             would be lost; {instead}"
        );
    }
}
