//! The tape: everything computed in one step, in the order in which it happened.
//!
//! A [`Tape`] is a list. Each line holds a value, the operation that made it and the lines it was
//! made from. A [`Var`] is a line number that can be copied freely. Since an operation can only use
//! lines that are already there, the list is in topological order: derivatives are one walk over it
//! from the last line to the first ([`Var::backward`], [`Var::grad`]).

use std::cell::{Cell, Ref, RefCell};
use std::panic::Location;
use std::rc::Rc;

use smallvec::SmallVec;

use crate::Real;
use crate::check;
use crate::op::{AnyOp, Erased, Op};
use crate::tensor::{MadeBy, Shape, Tensor, short_copy};

// ANCHOR: node
/// One line of a tape.
pub(crate) struct Node<T: Real> {
    pub(crate) value: Tensor<T>,
    /// The operation that made the value; `None` for variables and constants.
    pub(crate) op: Option<Rc<dyn AnyOp<T>>>,
    pub(crate) inputs: Inputs,
    /// Whether the value depends on a variable.
    pub(crate) depends: bool,
    /// The user's line of source code.
    pub(crate) at: &'static Location<'static>,
}

/// The lines that a line was made from. Few operations have more than three.
pub(crate) type Inputs = SmallVec<[usize; 3]>;
// ANCHOR_END: node

/// The record of a computation, in the order in which it happened.
///
/// Make one for each training step; it owns every intermediate value until it is dropped.
///
/// ```
/// use autograd::Tape;
///
/// let tape = Tape::<f64>::new();
/// let x = tape.var(3.0);
/// let y = x * x;
/// assert_eq!(y.backward().wrt(x).item(), 6.0);
/// ```
pub struct Tape<T: Real = f64> {
    pub(crate) nodes: RefCell<Vec<Node<T>>>,
    recording: Cell<bool>,
    /// Whether every value is looked at for NaN and infinity.
    pub(crate) checking: Cell<bool>,
    /// During a recorded sweep: the number of the operation whose rule is running.
    pub(crate) on_behalf_of: Cell<Option<usize>>,
    /// Whether values may not be looked at, because they will be others when the tape is
    /// [replayed](crate::replay).
    pub(crate) closed: Cell<bool>,
    /// What a rule did that cannot be replayed.
    pub(crate) refused: RefCell<Option<String>>,
}

// ANCHOR: var
/// A handle to one line of a tape: a value that can be differentiated.
pub struct Var<'t, T: Real> {
    pub(crate) tape: &'t Tape<T>,
    pub(crate) id: usize,
}
// ANCHOR_END: var

impl<T: Real> Clone for Var<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Real> Copy for Var<'_, T> {}

impl<T: Real> Default for Tape<T> {
    fn default() -> Self {
        Tape::new()
    }
}

impl<T: Real> Tape<T> {
    /// An empty tape.
    pub fn new() -> Self {
        Tape {
            // Room for a small model, so that the list need not grow with the first lines.
            nodes: RefCell::new(Vec::with_capacity(64)),
            recording: Cell::new(true),
            checking: Cell::new(false),
            on_behalf_of: Cell::new(None),
            closed: Cell::new(false),
            refused: RefCell::new(None),
        }
    }

    /// An empty tape that panics at the first NaN or infinity, forward or backward, and says which
    /// operation made it, from what, and at which line of the program. Slower: every value is looked
    /// at.
    ///
    /// ```should_panic
    /// let tape = autograd::Tape::<f64>::checked();
    /// tape.var(0.0).ln();
    /// ```
    pub fn checked() -> Self {
        let tape = Tape::new();
        tape.checking.set(true);
        tape
    }

    /// A variable: a value to take derivatives with respect to.
    #[track_caller]
    pub fn var(&self, value: impl Into<Tensor<T>>) -> Var<'_, T> {
        self.push(value.into(), None, &[], true)
    }

    /// A constant: no derivative with respect to it is ever computed.
    #[track_caller]
    pub fn constant(&self, value: impl Into<Tensor<T>>) -> Var<'_, T> {
        self.push(value.into(), None, &[], false)
    }

    /// The number of lines.
    pub fn len(&self) -> usize {
        self.nodes.borrow().len()
    }

    /// Whether nothing has been recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    // ANCHOR: push
    #[track_caller]
    pub(crate) fn push(
        &self,
        value: Tensor<T>,
        op: Option<Rc<dyn AnyOp<T>>>,
        inputs: &[Var<T>],
        variable: bool,
    ) -> Var<'_, T> {
        let caller = Location::caller();
        let mut nodes = self.nodes.borrow_mut();
        let at = self.on_behalf_of.get().map_or(caller, |line| nodes[line].at);
        let inputs: Inputs = inputs.iter().map(|input| input.id).collect();
        let depends = variable || inputs.iter().any(|&input| nodes[input].depends);
        nodes.push(Node { value, op, inputs, depends, at });
        Var { tape: self, id: nodes.len() - 1 }
    }
    // ANCHOR_END: push

    /// Whether new lines stay on the tape: not while a rule runs for [`Var::backward`].
    pub fn is_recording(&self) -> bool {
        self.recording.get()
    }

    /// Runs `f`, whose lines stay or not, as [`is_recording`](Self::is_recording) says meanwhile.
    pub(crate) fn while_recording<R>(&self, recording: bool, f: impl FnOnce() -> R) -> R {
        let before = self.recording.replace(recording);
        let result = f();
        self.recording.set(before);
        result
    }

    /// Panics, at the user's line, if values may not be looked at. A rule is not called from there: its operation is
    /// noted with its line, and refused when the recording is complete.
    #[track_caller]
    pub(crate) fn assert_open(&self, what: &str) {
        const WHY: &str = "a function that is recorded to be replayed cannot look at its values, which will be \
                           others then; let it depend on shapes alone, or do not record it";
        if !self.closed.get() {
            return;
        }
        let Some(line) = self.on_behalf_of.get() else { panic!("{what}: {WHY}") };
        let node = &self.nodes.borrow()[line];
        let name = node.op.as_ref().expect("only operations have rules").name();
        self.refused.replace(Some(format!("the derivative of {name} at {}: {WHY}", node.at)));
    }

    // ANCHOR: forgetting
    /// Runs `f`, and forgets the lines it made: only its value remains. Until then they are lines like others, so
    /// that `f` may itself differentiate.
    pub(crate) fn forgetting<'t>(&'t self, f: impl FnOnce() -> Var<'t, T>) -> Tensor<T> {
        let mark = self.len();
        let value = self.while_recording(false, || f().value());
        self.nodes.borrow_mut().truncate(mark);
        value
    }
    // ANCHOR_END: forgetting
}

impl<'t, T: Real> Var<'t, T> {
    /// The tape this variable is on.
    pub fn tape(self) -> &'t Tape<T> {
        self.tape
    }

    /// The number of its line: 7 for `%7` in a printed tape.
    pub fn line(self) -> usize {
        self.id
    }

    /// The value. Cheap: it shares its memory with the tape.
    #[track_caller]
    pub fn value(self) -> Tensor<T> {
        self.seen_by("value")
    }

    /// The value, for the method of this name.
    #[track_caller]
    pub(crate) fn seen_by(self, method: &str) -> Tensor<T> {
        self.tape.assert_open(method);
        self.peek().clone()
    }

    /// The sizes of the axes.
    pub fn shape(self) -> Shape {
        short_copy(self.peek().shape())
    }

    /// The same value, cut off from how it was computed: for derivatives it is a constant.
    #[track_caller]
    pub fn stop_gradient(self) -> Var<'t, T> {
        self.tape.constant(self.seen_by("stop_gradient"))
    }

    /// The value of a variable that holds a single number.
    ///
    /// # Panics
    /// If it holds more or fewer.
    #[track_caller]
    pub fn item(self) -> T {
        self.tape.assert_open("item");
        self.peek().item()
    }

    pub(crate) fn peek(self) -> Ref<'t, Tensor<T>> {
        Ref::map(self.tape.nodes.borrow(), |nodes| &nodes[self.id].value)
    }

    // ANCHOR: apply
    /// Applies an operation and records it: every method and operator on variables ends here.
    ///
    /// # Panics
    /// If the inputs are on different tapes, or the operation does not fit their shapes or has no inputs.
    #[track_caller]
    pub fn apply<O: Op<T, N>, const N: usize>(op: O, inputs: [Var<'t, T>; N]) -> Var<'t, T> {
        let Some(first) = inputs.first() else {
            panic!(
                "{}: an operation without inputs is on no tape; `tape.constant` holds its value",
                op.name()
            );
        };
        let (tape, op) = (first.tape, Erased(op));
        check::one_tape(&op, &inputs);
        let value = {
            let _made_by = MadeBy::operation::<O>();
            op.0.forward(values(&tape.nodes.borrow(), inputs))
        };
        if tape.checking.get() {
            check::forward(&op, &value, &inputs);
        }
        tape.push(value, Some(Rc::new(op)), &inputs, false)
    }
    // ANCHOR_END: apply
}

/// The values of variables of one tape.
fn values<'n, T: Real, const N: usize>(nodes: &'n [Node<T>], of: [Var<'_, T>; N]) -> [&'n Tensor<T>; N] {
    of.map(|x| &nodes[x.id].value)
}
