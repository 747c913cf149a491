//! Recording: a tape whose values may not be read, so that none of them decides anything, and the nodes of its gradient.

use std::cell::Cell;
use std::sync::Arc;

use smallvec::SmallVec;

use super::program::{Program, from_nodes};
use crate::attribute::Attributes;
use crate::expression::Expression;
use crate::functions::on_tape;
use crate::joined::Joined;
use crate::op::AnyOp;
use crate::shortcuts::{AnyShortcuts, Destination, Written};
use crate::sweep::{Needed, Pass, Step, sweep};
use crate::tape::{Kind, Mode, Node};
use crate::{Name, Real, Shape, Tape, Tensor, Tree, Var};

impl<T: Real> Program<T> {
    /// Records the function, twice.
    ///
    /// # Panics
    /// If it does not do the same both times.
    #[track_caller]
    pub(super) fn of<M: Tree<Tensor<T>>, I: Tree<Tensor<T>>>(
        model: &M,
        inputs: &I,
        f: impl for<'t> Fn(M::With<Var<'t, T>>, I::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
        with_gradient: bool,
    ) -> Self {
        let (first, second) = (Tape::new(), Tape::new());
        let traced = [
            trace(&first, model, inputs, &f, with_gradient),
            trace(&second, model, inputs, &f, with_gradient),
        ];
        T::program(&first, &second, traced, with_gradient)
    }
}

/// The program of a function that was recorded twice; see [`Program::of`].
#[track_caller]
pub(crate) fn program<T: Real>(
    first: &Tape<T>,
    second: &Tape<T>,
    [traced, again]: [Traced; 2],
    with_gradient: bool,
) -> Program<T> {
    assert_same(&first.nodes.borrow(), &second.nodes.borrow(), traced.arguments.len());
    assert!(traced == again, "Recorded: the function does not set the same buffers whenever it is called");
    from_nodes(&first.nodes.borrow(), traced, with_gradient)
}

/// A function on a tape: its arguments, and the nodes of its results.
#[derive(PartialEq)]
pub struct Traced {
    /// The shapes of the model's leaves and of the inputs, which are the first nodes.
    pub(super) arguments: Vec<Shape>,
    pub(super) value: usize,
    /// One for each trained leaf.
    pub(super) gradients: Vec<usize>,
    /// The new value of each buffer, if the function sets one.
    pub(super) buffers: Vec<Option<usize>>,
}

impl Traced {
    /// The nodes of all results.
    pub(super) fn results(&self) -> impl Iterator<Item = usize> {
        self.gradients.iter().chain(self.buffers.iter().flatten()).copied().chain([self.value])
    }
}

/// Adds the nodes of the function to this tape.
#[track_caller]
fn trace<T: Real, M: Tree<Tensor<T>>, I: Tree<Tensor<T>>>(
    tape: &Tape<T>,
    model: &M,
    inputs: &I,
    f: impl for<'t> Fn(M::With<Var<'t, T>>, I::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
    with_gradient: bool,
) -> Traced {
    let _until_the_end = Recording::start();
    let mut arguments: Vec<Shape> = vec![];
    model.visit(&mut |_, leaf| arguments.push(leaf.shape().into()));
    let (model, leaves) = on_tape(model, tape);
    let inputs = inputs.map(Name::Root, &mut |_, input| {
        arguments.push(input.shape().into());
        tape.constant(input)
    });
    tape.mode.set(Mode::Tracing { refused: None });
    let y = f(model, inputs, tape);
    let buffers = leaves.buffers.iter().map(|buffer| buffer.take_new().map(|new| new.id)).collect();
    let gradients = if with_gradient { T::gradient_nodes(y, &leaves.variables) } else { vec![] };
    tape.assert_traced();
    Traced { arguments, value: y.id, gradients: gradients.iter().map(|g| g.id).collect(), buffers }
}

thread_local!(static RECORDING: Cell<bool> = const { Cell::new(false) });

/// True if this thread is recording a function that will be replayed. A source of new numbers at each call, such as a
/// random generator, has to refuse then: its numbers would be the same in all replays.
pub fn is_recording() -> bool {
    RECORDING.get()
}

/// While it lives, [`is_recording`], also if the function panics.
struct Recording {
    before: bool,
}

impl Recording {
    fn start() -> Self {
        Recording { before: RECORDING.replace(true) }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        RECORDING.set(self.before);
    }
}

/// Panics if two recordings of a function differ in more than the numbers that were computed.
#[track_caller]
fn assert_same<T: Real>(first: &[Node<T>], second: &[Node<T>], given: usize) {
    let told = |line: &Node<T>| line.op.as_ref().map(|op| (op.name(), op.attributes()));
    // As bits: NaN is the same as NaN.
    let bits =
        |line: &Node<T>| line.value.to_vec().into_iter().map(|x| x.as_f64().to_bits()).collect::<Vec<_>>();
    for (id, (a, b)) in first.iter().zip(second).enumerate() {
        let constant = a.op.is_none() && id >= given;
        let same = told(a) == told(b) && a.inputs == b.inputs && (!constant || bits(a) == bits(b));
        assert!(
            same,
            "Recorded: the function does not do the same whenever it is called: see %{id} at {}; what it draws at \
             random must be among its inputs",
            a.at
        );
    }
    let (a, b) = (first.len(), second.len());
    assert!(a == b, "Recorded: the function does not do the same whenever it is called: {a} lines, then {b}");
}

/// The gradients of this scalar with respect to these leaves, as nodes that compute the numbers of
/// [`backward`](Self::backward): where an operation has a fused loop, the node is that loop. So they
/// cannot be differentiated again, but they are as fast.
#[track_caller]
pub(crate) fn gradient_nodes<'t, T: Real>(y: Var<'t, T>, leaves: &[Var<'t, T>]) -> Vec<Var<'t, T>> {
    y.assert_scalar("Recorded");
    let tape = y.tape;
    let needed = Needed::by_any(tape, y.id);
    let before = tape.origin.get();
    let seed = tape.constant(Tensor::ones(y.shape()));
    let gradients = sweep(&mut Replayable, tape, [(y.id, Joined::Whole(seed))], &needed);
    let gradients: Vec<_> = gradients.into_iter().map(|g| g.map(Joined::whole)).collect();
    tape.origin.set(before);
    let zero = |x: &Var<T>| tape.constant(Tensor::zeros(x.shape()));
    leaves.iter().map(|x| gradients.get(x.id).copied().flatten().unwrap_or_else(|| zero(x))).collect()
}

/// Gradients as nodes to be replayed: the loop of a rule's [shortcut](crate::shortcuts), or the nodes that the rule adds.
struct Replayable;

impl<'t, T: Real> Pass<'t, T> for Replayable {
    type Gradient = Joined<'t, T>;

    fn contribution(
        &self,
        step: &Step<'t, T>,
        wrt: usize,
        g: &Joined<'t, T>,
        sum: &mut Option<Joined<'t, T>>,
    ) -> Option<Joined<'t, T>> {
        let (tape, y, g) = (step.y.tape, step.y, g.clone().whole());
        tape.origin.set(Some(y.id));
        if let Some(slice) = Joined::of_slice(&*step.op, g, step.inputs[wrt], sum) {
            return Some(slice);
        }
        let inputs: SmallVec<[Var<'t, T>; 5]> = step.inputs.iter().copied().chain([g, y]).collect();
        let loop_of = FusedRule { op: Arc::clone(&step.op), wrt };
        let written = {
            let nodes = tape.nodes.borrow();
            let values: SmallVec<[&Tensor<T>; 5]> = inputs.iter().map(|x| &nodes[x.id].value).collect();
            loop_of.forward_to(&values, Destination::New)
        };
        Some(Joined::Whole(match written {
            // No sweep passes through these nodes: like a choice, they are constants for derivatives.
            Some(written) => tape.push(written.tensor(), Some(Arc::new(loop_of)), &inputs, Kind::Choice),
            None => step.op.vjp(wrt, g, &step.inputs, y),
        }))
    }

    fn complete(&self, gradient: Joined<'t, T>) -> Joined<'t, T> {
        Joined::Whole(gradient.whole())
    }

    fn add(&self, sum: Joined<'t, T>, contribution: Joined<'t, T>) -> Joined<'t, T> {
        sum.and(contribution)
    }
}

/// The fused loop of a derivative rule, as an operation of its own. Its inputs are those of the operation, the
/// gradient at the output, and the output.
struct FusedRule<T: Real> {
    op: Arc<dyn AnyOp<T>>,
    wrt: usize,
}

impl<T: Real> AnyOp<T> for FusedRule<T> {
    fn name(&self) -> String {
        format!("{}'s rule", self.op.name())
    }

    fn attributes(&self) -> Attributes {
        self.op.attributes()
    }

    fn expression(&self) -> Option<Expression> {
        None
    }

    fn forward(&self, inputs: &[&Tensor<T>]) -> Tensor<T> {
        self.forward_to(inputs, Destination::New).expect("it was fused when it was recorded").tensor()
    }

    fn vjp<'t>(&self, _: usize, _: Var<'t, T>, _: &[Var<'t, T>], _: Var<'t, T>) -> Var<'t, T> {
        unreachable!("the nodes of a gradient are added when the function is complete")
    }
}

impl<T: Real> AnyShortcuts<T> for FusedRule<T> {
    fn forward_to(&self, inputs: &[&Tensor<T>], to: Destination<T>) -> Option<Written<T>> {
        let [inputs @ .., g, y] = inputs else { unreachable!("an operation has an output") };
        self.op.vjp_to(self.wrt, g, inputs, y, to)
    }
}
