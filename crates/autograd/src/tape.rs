//! The tape: everything computed in one step, in the order in which it happened.
//!
//! A [`Tape`] is a list of nodes. A node holds a value, the operation that computed it, and the numbers of the nodes that
//! are its inputs. A [`Var`] is the number of a node, which can be copied freely. Since an operation can only use
//! nodes that are already there, the list is in topological order: derivatives are one walk over it
//! from the last node to the first ([`Var::backward`], [`Var::grad`]).

use std::cell::{Cell, Ref, RefCell};
use std::panic::Location;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::Real;
use crate::check;
use crate::op::{AnyOp, Erased, Op};
use crate::tensor::{MadeBy, Shape, Tensor};

// ANCHOR: node
/// One entry of a tape.
pub(crate) struct Node<T: Real> {
    pub(crate) value: Tensor<T>,
    /// The operation that computed the value; `None` for variables and constants.
    pub(crate) op: Option<Arc<dyn AnyOp<T>>>,
    pub(crate) inputs: Inputs,
    /// True if a derivative passes from the value to a variable.
    pub(crate) requires_grad: bool,
    /// True if the operation has a derivative rule: not if it is a [`Choice`](crate::Choice).
    pub(crate) smooth: bool,
    /// The line of the user's program.
    pub(crate) at: &'static Location<'static>,
}

/// The numbers of the nodes that are inputs. Few operations have more than three.
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
    pub(crate) mode: Cell<Mode>,
    /// True if every value is searched for NaN and infinity.
    pub(crate) checking: bool,
    /// The operation whose rule adds nodes: they have its place in the user's program.
    pub(crate) origin: Cell<Option<usize>>,
    /// Buffers of a model that were set in this pass: the line of the leaf, and that of its new value.
    pub(crate) new_buffers: RefCell<Vec<(usize, usize)>>,
}

/// The kind of a new node.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A value to take derivatives with respect to.
    Variable,
    /// A value without a derivative.
    Constant,
    /// The result of an operation that has a rule.
    Smooth,
    /// The result of an operation without a rule, such as a comparison: a constant for derivatives, but computed from
    /// its inputs again when the tape is replayed.
    Choice,
}

/// The treatment of new nodes by a tape.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They stay.
    Recording,
    /// They are removed when the rule that adds them is done.
    Scratch,
    /// They stay, and their values may not be read, because they will be others when the tape is
    /// [replayed](crate::replay). `refused` is the operation whose rule has read one.
    Tracing { refused: Option<usize> },
}

// ANCHOR: var
/// A handle to one node of a tape: a value that can be differentiated.
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
            // Room for a small model, so that the list need not grow with the first nodes.
            nodes: RefCell::new(Vec::with_capacity(64)),
            mode: Cell::new(Mode::Recording),
            checking: false,
            origin: Cell::new(None),
            new_buffers: RefCell::new(vec![]),
        }
    }

    /// An empty tape that panics at the first NaN or infinity, forward or backward, and says which
    /// operation computed it, from which inputs, and at which line of the program. Slower: every value is
    /// searched.
    ///
    /// ```should_panic
    /// let tape = autograd::Tape::<f64>::checked();
    /// tape.var(0.0).ln();
    /// ```
    pub fn checked() -> Self {
        Tape { checking: true, ..Tape::new() }
    }

    /// A variable: a value to take derivatives with respect to.
    #[track_caller]
    pub fn var(&self, value: impl Into<Tensor<T>>) -> Var<'_, T> {
        self.push(value.into(), None, &[], Kind::Variable)
    }

    /// A constant: no derivative with respect to it is ever computed.
    #[track_caller]
    pub fn constant(&self, value: impl Into<Tensor<T>>) -> Var<'_, T> {
        self.push(value.into(), None, &[], Kind::Constant)
    }

    /// The variable of this node: the way back from [`Var::node`].
    ///
    /// # Panics
    /// If the tape has fewer nodes.
    #[track_caller]
    pub fn at(&self, node: usize) -> Var<'_, T> {
        let nodes = self.len();
        assert!(node < nodes, "at: the tape has {nodes} nodes, and none with the number {node}");
        Var { tape: self, id: node }
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.borrow().len()
    }

    /// True if nothing has been recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A node for the value of an operation.
    #[track_caller]
    pub(crate) fn computed(
        &self,
        value: Tensor<T>,
        op: Arc<dyn AnyOp<T>>,
        inputs: &[Var<T>],
        kind: Kind,
    ) -> Var<'_, T> {
        if self.checking {
            check::forward(&*op, &value, inputs);
        }
        self.push(value, Some(op), inputs, kind)
    }

    // ANCHOR: push
    #[track_caller]
    pub(crate) fn push(
        &self,
        value: Tensor<T>,
        op: Option<Arc<dyn AnyOp<T>>>,
        inputs: &[Var<T>],
        kind: Kind,
    ) -> Var<'_, T> {
        let caller = Location::caller();
        let mut nodes = self.nodes.borrow_mut();
        let at = self.origin.get().map_or(caller, |operation| nodes[operation].at);
        let inputs: Inputs = inputs.iter().map(|input| input.id).collect();
        let smooth = kind == Kind::Smooth;
        let requires_grad =
            kind == Kind::Variable || smooth && inputs.iter().any(|&input| nodes[input].requires_grad);
        nodes.push(Node { value, op, inputs, requires_grad, smooth, at });
        Var { tape: self, id: nodes.len() - 1 }
    }
    // ANCHOR_END: push

    /// True if new nodes stay on the tape: not while a rule runs for [`Var::backward`].
    pub fn is_recording(&self) -> bool {
        self.mode.get() != Mode::Scratch
    }

    /// Runs `f`, whose nodes stay.
    pub(crate) fn recording<R>(&self, f: impl FnOnce() -> R) -> R {
        if self.is_recording() {
            return f();
        }
        self.mode.set(Mode::Recording);
        let result = f();
        self.mode.set(Mode::Scratch);
        result
    }

    /// Panics, at the line of the user's program, if values may not be read. A rule is not called from there: its
    /// operation is noted, and refused when the recording is complete.
    #[track_caller]
    pub(crate) fn assert_open(&self, method: &str) {
        if let Mode::Tracing { .. } = self.mode.get() {
            match self.origin.get() {
                None => panic!("{method}: {LOOKS}"),
                operation => self.mode.set(Mode::Tracing { refused: operation }),
            }
        }
    }

    /// Panics if a rule has read a value.
    #[track_caller]
    pub(crate) fn assert_traced(&self) {
        if let Mode::Tracing { refused: Some(operation) } = self.mode.get() {
            let node = &self.nodes.borrow()[operation];
            let name = node.op.as_ref().expect("only operations have rules").name();
            panic!("the derivative of {name} at {}: {LOOKS}", node.at);
        }
    }

    // ANCHOR: scratch
    /// Runs `f`, and removes the nodes that it added: only its value remains. Until then they are nodes like others, so
    /// that `f` may itself differentiate.
    pub(crate) fn scratch<'t>(&'t self, f: impl FnOnce() -> Var<'t, T>) -> Tensor<T> {
        let mark = self.len();
        let before = self.mode.replace(Mode::Scratch);
        let value = f().value();
        self.mode.set(before);
        self.nodes.borrow_mut().truncate(mark);
        value
    }
    // ANCHOR_END: scratch
}

impl<'t, T: Real> Var<'t, T> {
    /// The tape this variable is on.
    pub fn tape(self) -> &'t Tape<T> {
        self.tape
    }

    /// The number of its node: 7 for `%7` in a printed tape.
    pub fn node(self) -> usize {
        self.id
    }

    /// The value. Cheap: it shares its memory with the tape.
    #[track_caller]
    pub fn value(self) -> Tensor<T> {
        self.tape.assert_open("value");
        self.peek().clone()
    }

    /// The sizes of the axes.
    pub fn shape(self) -> Shape {
        Shape::from_slice(self.peek().shape())
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
        Var::record(Erased(op), O::NAME, inputs, Kind::Smooth)
    }

    #[track_caller]
    pub(crate) fn record<O: AnyOp<T> + 'static, const N: usize>(
        op: O,
        name: &'static str,
        inputs: [Var<'t, T>; N],
        kind: Kind,
    ) -> Var<'t, T> {
        let Some(first) = inputs.first() else {
            panic!("{name}: an operation without inputs is on no tape; `tape.constant` holds its value");
        };
        check::one_tape(name, &inputs);
        let value = {
            let _made_by = MadeBy::operation(name);
            op.forward(&values(&first.tape.nodes.borrow(), inputs))
        };
        first.tape.computed(value, Arc::new(op), &inputs, kind)
    }
    // ANCHOR_END: apply
}

/// The reason why a recorded function may not read values.
const LOOKS: &str = "a function that is recorded to be replayed cannot look at its values, which will be \
                     others then; let it depend on shapes alone, or do not record it";

/// The values of variables of one tape.
fn values<'n, T: Real, const N: usize>(nodes: &'n [Node<T>], of: [Var<'_, T>; N]) -> [&'n Tensor<T>; N] {
    of.map(|x| &nodes[x.id].value)
}
