//! The part that recurrent layers share: the way through a sequence, step by step, from either end.

use autograd::{Leaf, Name, Real, Tensor, Tree, Var};

use crate::init::Init;
use crate::random::Generator;

/// The end of a sequence that a recurrent layer begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the first step to the last.
    Forward,
    /// From the last step to the first.
    Backward,
}

/// A layer that goes through a sequence step by step and hands a state on: [`Gru`](super::Gru), [`Lstm`](super::Lstm),
/// or one of your own, which is a struct with [`autograd::tree!`], its four small functions, and then has `unroll` and
/// [`Bidirectional`].
///
/// ```
/// use autograd::{Real, Tensor, Var, tree, value};
/// use nn::layers::{Bidirectional, Recurrent};
/// use nn::{Init, Linear, Purpose, generator};
///
/// /// `h ← tanh(W x + b + U h + c)` (Elman 1990).
/// struct Elman<W> {
///     from_input: Linear<W>,
///     from_state: Linear<W>,
/// }
/// tree!(Elman { from_input, from_state });
///
/// impl<'t, T: Real> Recurrent<'t, T> for Elman<Var<'t, T>> {
///     type State = [Var<'t, T>; 1];
///     const NAME: &'static str = "Elman";
///
///     fn sizes(&self) -> [usize; 2] {
///         let shape = self.from_input.weight.shape();
///         [shape[1], shape[0]]
///     }
///     fn at_rest(zeros: Var<'t, T>) -> Self::State {
///         [zeros]
///     }
///     fn read(&self, x: Var<'t, T>) -> Var<'t, T> {
///         self.from_input.forward(x)
///     }
///     fn step(&self, read: Var<'t, T>, [h]: Self::State) -> Self::State {
///         [(read + self.from_state.forward(h)).tanh()]
///     }
/// }
///
/// let from = &mut generator(0, Purpose::Init, 0, 0);
/// let mut elman = |_| Elman::<Tensor<f32>> {
///     from_input: Linear::new(3, 5, Init::Glorot, from),
///     from_state: Linear::new(5, 5, Init::Orthogonal, from),
/// };
/// let both = Bidirectional { forward: elman(0), backward: elman(1) };
/// let states = value(&both, |both, tape| both.forward(tape.constant(Tensor::ones([2, 7, 3]))));
/// assert_eq!(states.shape(), [2, 7, 10]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not go through a sequence step by step",
    label = "no recurrent layer",
    note = "`Gru<Var<T>>` and `Lstm<Var<T>>` do; for a cell of your own, implement `Recurrent` for it"
)]
pub trait Recurrent<'t, T: Real> {
    /// The variables that are handed from one step to the next, each `[batch, hidden]`. The first is the output.
    type State: Copy + AsRef<[Var<'t, T>]>;

    /// The name of the layer in messages.
    const NAME: &'static str;

    /// The numbers of inputs and of hidden units.
    fn sizes(&self) -> [usize; 2];

    /// The state before the first step, given zeros of shape `[batch, hidden]`.
    fn at_rest(zeros: Var<'t, T>) -> Self::State;

    /// The share of the inputs `[batch, time, inputs]` in what the units compute, `[batch, time, …]`: one product for
    /// all steps, for it does not need the states.
    #[track_caller]
    fn read(&self, x: Var<'t, T>) -> Var<'t, T>;

    /// The next state, given what was read at this step, `[batch, …]`, and the state before.
    #[track_caller]
    fn step(&self, read: Var<'t, T>, state: Self::State) -> Self::State;

    /// The outputs after every step, `[batch, time, hidden]` in the order of `x`, and the state in the end. The
    /// first step begins from `start`, or from zeros.
    ///
    /// # Panics
    /// If the shapes do not fit, or there are no steps.
    #[track_caller]
    fn unroll(
        &self,
        x: Var<'t, T>,
        start: Option<Self::State>,
        direction: Direction,
    ) -> (Var<'t, T>, Self::State) {
        let (shape, name, [inputs, hidden]) = (x.shape(), Self::NAME, self.sizes());
        let (batch, time) = match shape[..] {
            [batch, time, width] if width == inputs => (batch, time),
            _ => panic!("{name}: expected [batch, time, {inputs}], but the input has shape {shape:?}"),
        };
        assert!(time > 0, "{name}: a sequence needs at least one step; the input has shape {shape:?}");
        let mut state =
            start.unwrap_or_else(|| Self::at_rest(x.tape().constant(Tensor::zeros([batch, hidden]))));
        for part in state.as_ref() {
            let start = part.shape();
            assert!(
                start[..] == [batch, hidden],
                "{name}: expected a state [{batch}, {hidden}] before the first step, but it has shape {start:?}"
            );
        }
        let mut steps = self.read(x).unbind(1);
        let backward = direction == Direction::Backward;
        if backward {
            steps.reverse();
        }
        let mut outputs = vec![];
        for read in steps {
            state = self.step(read, state);
            outputs.push(state.as_ref()[0]);
        }
        if backward {
            outputs.reverse();
        }
        (Var::stack(&outputs, 1), state)
    }
}

/// Two recurrent layers, of which one reads a sequence from its beginning and one from its end (Schuster and Paliwal
/// 1997): at every step the outputs know all of the sequence.
///
/// The parameters have PyTorch's names for `bidirectional=True`: those of the second layer end in `_reverse`. (A
/// parameter that PyTorch does not have is called `name.reverse`.)
///
/// A shorter sequence that was filled up to the length of the batch is read from its filling by the second layer. Sort
/// sequences into batches of one length, or fill with what says nothing.
///
/// ```
/// # use autograd::{Tensor, value};
/// # use nn::{Purpose, generator, layers::{Bidirectional, Lstm}};
/// let from = &mut generator(0, Purpose::Init, 0, 0);
/// let both = Bidirectional { forward: Lstm::<Tensor<f32>>::new(3, 8, from), backward: Lstm::new(3, 8, from) };
/// let x = Tensor::zeros([4, 20, 3]); // [batch, time, inputs]
/// let states = value(&both, |both, tape| both.forward(tape.constant(&x)));
/// assert_eq!(states.shape(), [4, 20, 16]); // [batch, time, 2 · hidden]
/// let whole = value(&both, |both, tape| both.summary(tape.constant(&x)));
/// assert_eq!(whole.shape(), [4, 16]); // [batch, 2 · hidden]
/// ```
#[derive(Clone, Debug)]
pub struct Bidirectional<C> {
    /// The layer that begins at the first step.
    pub forward: C,
    /// The layer that begins at the last step.
    pub backward: C,
}

impl<C> Bidirectional<C> {
    /// The outputs of both layers at every step beside each other, `[batch, time, 2 · hidden]`, for `x` of shape
    /// `[batch, time, inputs]`.
    ///
    /// # Panics
    /// If the shapes do not fit, or there are no steps.
    #[track_caller]
    pub fn forward<'t, T: Real>(&self, x: Var<'t, T>) -> Var<'t, T>
    where
        C: Recurrent<'t, T>,
    {
        let (forward, _) = self.forward.unroll(x, None, Direction::Forward);
        let (backward, _) = self.backward.unroll(x, None, Direction::Backward);
        Var::concat([forward, backward], -1)
    }

    /// The output of each layer when it has read the whole sequence beside each other, `[batch, 2 · hidden]`: one vector
    /// for a sequence, as a classifier wants it.
    ///
    /// # Panics
    /// If the shapes do not fit, or there are no steps.
    #[track_caller]
    pub fn summary<'t, T: Real>(&self, x: Var<'t, T>) -> Var<'t, T>
    where
        C: Recurrent<'t, T>,
    {
        let (_, forward) = self.forward.unroll(x, None, Direction::Forward);
        let (_, backward) = self.backward.unroll(x, None, Direction::Backward);
        Var::concat([forward.as_ref()[0], backward.as_ref()[0]], -1)
    }
}

impl<W: Leaf, C: Tree<W>> Tree<W> for Bidirectional<C> {
    type With<V: Leaf> = Bidirectional<C::With<V>>;

    fn map<V: Leaf>(&self, name: Name, f: &mut dyn FnMut(Name, &W) -> V) -> Self::With<V> {
        let forward = self.forward.map(name, f);
        let backward = self.backward.map(name, &mut |name, leaf| {
            let mut mapped = None;
            reversed(name, &mut |name| mapped = Some(f(name, leaf)));
            mapped.expect("called once")
        });
        Bidirectional { forward, backward }
    }

    fn visit_mut(&mut self, name: Name, f: &mut dyn FnMut(Name, &mut W)) {
        self.forward.visit_mut(name, f);
        self.backward.visit_mut(name, &mut |name, leaf| reversed(name, &mut |name| f(name, leaf)));
    }
}

/// Calls `then` with the name of the second layer's leaf, given that of the first layer's.
fn reversed(name: Name, then: &mut dyn FnMut(Name)) {
    match name {
        Name::Buffer(leaf) => reversed(*leaf, &mut |leaf| then(Name::Buffer(&leaf))),
        Name::Field(parent, "weight_ih_l0") => then(Name::Field(parent, "weight_ih_l0_reverse")),
        Name::Field(parent, "weight_hh_l0") => then(Name::Field(parent, "weight_hh_l0_reverse")),
        Name::Field(parent, "bias_ih_l0") => then(Name::Field(parent, "bias_ih_l0_reverse")),
        Name::Field(parent, "bias_hh_l0") => then(Name::Field(parent, "bias_hh_l0_reverse")),
        _ => then(Name::Field(&name, "reverse")),
    }
}

/// The matrices of this many gates below each other, each drawn by itself.
pub(super) fn gates<T: Real, const GATES: usize>(
    init: Init,
    [inputs, hidden]: [usize; 2],
    from: &mut Generator,
) -> Tensor<T> {
    let gates = [(); GATES].map(|()| init.matrix::<T>(hidden, inputs, from).to_vec());
    Tensor::from_vec([GATES * hidden, inputs], gates.concat())
}

#[cfg(test)]
mod tests {
    use autograd::Buffer;

    use super::*;

    #[test]
    fn every_leaf_of_the_second_layer_has_a_name_of_its_own() {
        let one = || Tensor::<f64>::scalar(1.0);
        let mut both = Bidirectional { forward: (one(), Buffer(one())), backward: (one(), Buffer(one())) };
        let mut names = vec![];
        both.visit(&mut |name, _| names.push((name.to_string(), name.is_buffer())));
        let expected = [("0", false), ("1", true), ("0.reverse", false), ("1.reverse", true)];
        assert_eq!(names, expected.map(|(name, buffer)| (name.to_owned(), buffer)));
        let mut again = vec![];
        both.visit_mut(Name::Root, &mut |name, _: &mut Tensor<f64>| {
            again.push((name.to_string(), name.is_buffer()));
        });
        assert_eq!(again, names);
    }
}
