//! Functions that are recorded once and replayed with other numbers.
//!
//! A tape is written anew for each step, so that each step may be another program. Where all steps are the same
//! program it is enough to write the list once: a [`Recorded`] function keeps the lines of its value and of its
//! gradient, and replays them from the first to the last. Nothing is recorded any more, no rule is asked for,
//! and what a line computes is written where its last result was. A model of a few hundred parameters
//! is trained more than twice as fast; a large one, whose time goes into arithmetic, gains little.
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
//! # What can be recorded
//!
//! All that changes between steps comes in through the model and the inputs: batches, noise, annealed weights.
//! What else the function uses is a constant. So a recorded function cannot look at its own
//! values, and panics at the line that does: [`Var::value`], [`Var::item`], comparisons, sorting, pooling by the
//! maximum, [`Var::stop_gradient`], [`Var::backward`]. It is run twice when it is recorded; if it does not do the
//! same both times, because it draws random numbers, it panics too. (Generators that would draw the same again ask
//! [`is_recording`].)

use std::cell::Cell;
use std::panic::Location;
use std::rc::Rc;

use smallvec::SmallVec;

use crate::attribute::Attributes;
use crate::gradient::sweep;
use crate::op::AnyOp;
use crate::tape::Node;
use crate::transform::{filled, on_tape};
use crate::{LeafUpdate, Name, Real, Shape, Tape, Tensor, Tree, Var};

/// Lines of at least so many numbers give their memory back as soon as nobody needs them. Smaller ones keep
/// it, for the next replay.
const LARGE: usize = 1024;

/// At most so many recordings are kept, each for other shapes.
const MOST: usize = 8;

/// A function of a model and of inputs, both of them [trees](Tree), recorded when it is first called with some
/// shapes, and replayed whenever these come again. See the [module](self) for what it may do.
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
) -> Var<'t, T>;

impl<M, I, T: Real> Recorded<M, I, T>
where
    M: Tree<Tensor<T>>,
    I: Tree<Tensor<T>>,
{
    /// This function, not recorded yet. Of the model and the inputs only the types matter.
    pub fn new(
        _model: &M,
        _inputs: &I,
        f: impl for<'t> Fn(M::With<Var<'t, T>>, I::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T> + 'static,
    ) -> Self {
        Recorded { f: Box::new(f), programs: vec![] }
    }

    /// The value, without derivatives: what [`value`](crate::value) gives, to the bit.
    ///
    /// # Panics
    /// If the function is none that [can be recorded](self).
    #[track_caller]
    pub fn value(&mut self, model: &M, inputs: &I) -> Tensor<T> {
        let program = self.replayed(model, inputs, false);
        let value = program.result(program.value).clone();
        program.let_go();
        value
    }

    /// The value and its gradient in the form of the model: what [`value_and_grad`](crate::value_and_grad) gives, to
    /// the bit.
    ///
    /// # Panics
    /// If the function is none that [can be recorded](self), or its value no single number.
    #[track_caller]
    pub fn value_and_grad(&mut self, model: &M, inputs: &I) -> (T, M)
    where
        M: Tree<Tensor<T>, With<Tensor<T>> = M>,
    {
        let program = self.replayed(model, inputs, true);
        let gradients = program.gradients.iter().map(|&gradient| program.result(gradient).clone());
        let result = (program.result(program.value).item(), filled(model, gradients));
        program.let_go();
        result
    }

    /// The value; every leaf of the model is given to `update` with its gradient, its number and its name: what
    /// [`value_and_update`](crate::value_and_update) does, to the bit.
    ///
    /// # Panics
    /// If the function is none that [can be recorded](self), or its value no single number.
    #[track_caller]
    pub fn value_and_update(&mut self, model: &mut M, inputs: &I, update: &mut LeafUpdate<T>) -> T {
        let program = self.replayed(model, inputs, true);
        let value = program.result(program.value).item();
        // Parameters that nobody else holds are updated in place.
        program.let_go_of_given();
        let mut gradients = program.gradients.iter().enumerate();
        model.visit_mut(Name::Root, &mut |name, leaf| {
            let (number, &gradient) = gradients.next().expect("one for every leaf");
            update(number, name, leaf, program.result(gradient));
        });
        program.let_go();
        value
    }

    /// The program for these shapes, replayed; recorded before if it is new.
    #[track_caller]
    fn replayed(&mut self, model: &M, inputs: &I, with_gradient: bool) -> &mut Program<T> {
        let mut programs = self.programs.iter_mut();
        let known = programs
            .position(|program| program.with_gradient == with_gradient && program.take(model, inputs));
        let number = known.unwrap_or_else(|| {
            if self.programs.len() == MOST {
                self.programs.remove(0);
            }
            let mut program = Program::of(model, inputs, &*self.f, with_gradient);
            program.take(model, inputs);
            self.programs.push(program);
            self.programs.len() - 1
        });
        let program = &mut self.programs[number];
        program.replay();
        program
    }
}

/// A tape as it is replayed: values by number, and the steps that compute them.
struct Program<T: Real> {
    with_gradient: bool,
    /// The shapes of the model's leaves and of the inputs.
    given: Vec<Shape>,
    /// The leaves and inputs, which are there during a replay; constants; and the results of the steps, in order.
    values: Vec<Option<Tensor<T>>>,
    steps: Vec<Step<T>>,
    /// The number of the function's value, and those of the gradients of the leaves.
    value: usize,
    gradients: Vec<usize>,
    /// The results that are not kept for the next replay.
    passing: Vec<usize>,
}

/// One line, and the values that nobody needs any more after it.
struct Step<T: Real> {
    op: Rc<dyn AnyOp<T>>,
    inputs: SmallVec<[usize; 5]>,
    finished: SmallVec<[usize; 2]>,
}

impl<T: Real> Program<T> {
    /// Takes what the next replay is about, if it has the shapes of this program.
    fn take<M: Tree<Tensor<T>>, I: Tree<Tensor<T>>>(&mut self, model: &M, inputs: &I) -> bool {
        let (mut places, mut fit) = (self.given.iter().zip(&mut self.values), true);
        let mut place = |_: Name, given: &Tensor<T>| match places.next() {
            Some((shape, place)) if shape[..] == *given.shape() => *place = Some(given.clone()),
            _ => fit = false,
        };
        model.visit(&mut place);
        inputs.visit(&mut place);
        let fits = fit && places.next().is_none();
        if !fits {
            self.let_go_of_given();
        }
        fits
    }

    /// Runs the steps. Afterwards the results are there until [`let_go`](Self::let_go).
    fn replay(&mut self) {
        let first = self.values.len() - self.steps.len();
        for (number, step) in (first..).zip(&self.steps) {
            let (before, from_here) = self.values.split_at_mut(number);
            let mut inputs = SmallVec::<[&Tensor<T>; 5]>::new();
            inputs.extend(step.inputs.iter().map(|&input| before[input].as_ref().expect("computed before")));
            // What the last replay left here is where the new result is built, if nobody else holds it.
            T::spare().set(from_here[0].take());
            from_here[0] = Some(step.op.forward(&inputs));
            drop(inputs);
            step.finished.iter().for_each(|&value| self.values[value] = None);
        }
        T::spare().set(None);
    }

    fn result(&self, number: usize) -> &Tensor<T> {
        self.values[number].as_ref().expect("it has been replayed")
    }

    fn let_go_of_given(&mut self) {
        self.values[..self.given.len()].fill_with(|| None);
    }

    /// Forgets all but what the next replay can use.
    fn let_go(&mut self) {
        self.let_go_of_given();
        self.passing.iter().for_each(|&value| self.values[value] = None);
    }

    /// Records the function, twice.
    ///
    /// # Panics
    /// If it does not do the same both times.
    #[track_caller]
    fn of<M: Tree<Tensor<T>>, I: Tree<Tensor<T>>>(
        model: &M,
        inputs: &I,
        f: impl for<'t> Fn(M::With<Var<'t, T>>, I::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
        with_gradient: bool,
    ) -> Self {
        let record = |tape: &Tape<T>| {
            let _until_the_end = Recording::start();
            let (model, leaves) = on_tape(model, tape);
            let mut given: Vec<Shape> = leaves.iter().map(|leaf| leaf.shape()).collect();
            let inputs = inputs.map(Name::Root, &mut |_, input| {
                given.push(input.shape().into());
                tape.constant(input)
            });
            tape.closed.set(true);
            let y = f(model, inputs, tape);
            let gradients = if with_gradient { y.gradient_lines(&leaves) } else { vec![] };
            (given, y.id, gradients.iter().map(|g| g.id).collect::<Vec<_>>())
        };
        let (first, second) = (Tape::new(), Tape::new());
        let (given, value, gradients) = record(&first);
        record(&second);
        assert_same(&first.nodes.borrow(), &second.nodes.borrow(), given.len());
        Program::from_lines(&first.nodes.borrow(), given, value, gradients, with_gradient)
    }

    /// Of all lines those on which the results depend: leaves and inputs first, then what is the same in every
    /// replay, and then the rest, in the order in which it was recorded.
    fn from_lines(
        lines: &[Node<T>],
        given: Vec<Shape>,
        value: usize,
        gradients: Vec<usize>,
        with_gradient: bool,
    ) -> Self {
        let mut needed = vec![false; lines.len()];
        gradients.iter().chain([&value]).for_each(|&id| needed[id] = true);
        for (id, line) in lines.iter().enumerate().rev() {
            if needed[id] {
                line.inputs.iter().for_each(|&input| needed[input] = true);
            }
        }
        let mut varies = vec![false; lines.len()];
        for (id, line) in lines.iter().enumerate() {
            varies[id] = id < given.len() || line.inputs.iter().any(|&input| varies[input]);
        }
        let count = given.len();
        let constants = (count..lines.len()).filter(|&id| needed[id] && !varies[id]);
        let computed = (count..lines.len()).filter(|&id| needed[id] && varies[id]);
        let order: Vec<usize> = (0..count).chain(constants.clone()).chain(computed.clone()).collect();
        let mut number = vec![0; lines.len()];
        order.iter().enumerate().for_each(|(place, &id)| number[id] = place);

        let mut values: Vec<Option<Tensor<T>>> = vec![None; order.len()];
        constants.for_each(|id| values[number[id]] = Some(lines[id].value.clone()));
        let step = |id: usize| Step {
            op: Rc::clone(lines[id].op.as_ref().expect("what varies and is not given was computed")),
            inputs: lines[id].inputs.iter().map(|&input| number[input]).collect(),
            finished: SmallVec::new(),
        };
        let mut steps: Vec<Step<T>> = computed.clone().map(step).collect();

        // What holds much memory, or the memory of another line, is let go after its last use.
        let passes = |&id: &usize| {
            let (line, memory) = (&lines[id], lines[id].value.memory().0);
            line.value.len() >= LARGE
                || line.inputs.iter().any(|&input| lines[input].value.memory().0 == memory)
        };
        let (results, mut passing) = ([&[value], &gradients[..]].concat(), vec![]);
        for id in computed.filter(passes) {
            match lines.iter().enumerate().rposition(|(user, line)| needed[user] && line.inputs.contains(&id))
            {
                Some(last) if !results.contains(&id) => {
                    let first = order.len() - steps.len();
                    steps[number[last] - first].finished.push(number[id]);
                }
                _ => passing.push(number[id]),
            }
        }
        let gradients = gradients.iter().map(|&id| number[id]).collect();
        Program { with_gradient, given, values, steps, value: number[value], gradients, passing }
    }
}

thread_local!(static RECORDING: Cell<bool> = const { Cell::new(false) });

/// Whether this thread is recording a function that will be replayed. What gives other numbers at other times,
/// such as a generator of random ones, has to refuse then: they would be the same in all replays.
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
    for (id, (a, b)) in first.iter().zip(second).enumerate() {
        let constant = a.op.is_none() && id >= given;
        let same =
            told(a) == told(b) && a.inputs == b.inputs && (!constant || a.value.to_vec() == b.value.to_vec());
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

impl<'t, T: Real> Var<'t, T> {
    /// The gradients of this scalar with respect to these leaves, as lines that compute what
    /// [`backward`](Self::backward) does: where an operation has a fused loop, the line is that loop. So they
    /// cannot be differentiated again, but they are as fast.
    #[track_caller]
    fn gradient_lines(self, leaves: &[Self]) -> Vec<Self> {
        self.assert_scalar("Recorded");
        let tape = self.tape;
        let needed: Vec<bool> = tape.nodes.borrow()[..=self.id].iter().map(|node| node.depends).collect();
        let before = tape.on_behalf_of.replace(Some(Location::caller()));
        let rule = |op: &Rc<dyn AnyOp<T>>, wrt: usize, g: &Self, inputs: &[Self], y: Self| {
            tape.on_behalf_of.set(Some(tape.nodes.borrow()[y.id].at));
            let fused = {
                let nodes = tape.nodes.borrow();
                let values: SmallVec<[&Tensor<T>; 3]> = inputs.iter().map(|x| &nodes[x.id].value).collect();
                op.fused_vjp(wrt, &nodes[g.id].value, &values, &nodes[y.id].value)
            };
            let Some(share) = fused else { return op.vjp(wrt, *g, inputs, y) };
            let lines: SmallVec<[Self; 5]> = inputs.iter().copied().chain([*g, y]).collect();
            tape.push(share, Some(Rc::new(FusedRule { op: Rc::clone(op), wrt })), &lines, false)
        };
        let seed = tape.constant(Tensor::ones(self.shape()));
        let add = |sum, share| sum + share;
        let gradients = sweep(tape, [(self.id, seed)], &needed, |_| false, rule, add, |_, _| ());
        tape.on_behalf_of.set(before);
        let zero = |x: &Self| tape.constant(Tensor::zeros(x.shape()));
        leaves.iter().map(|x| gradients.get(x.id).copied().flatten().unwrap_or_else(|| zero(x))).collect()
    }
}

/// The fused loop of a derivative rule, as an operation of its own. Its inputs are those of the operation, the
/// gradient at the output, and the output.
struct FusedRule<T: Real> {
    op: Rc<dyn AnyOp<T>>,
    wrt: usize,
}

impl<T: Real> AnyOp<T> for FusedRule<T> {
    fn name(&self) -> String {
        format!("{}'s rule", self.op.name())
    }

    fn attributes(&self) -> Attributes {
        self.op.attributes()
    }

    fn forward(&self, inputs: &[&Tensor<T>]) -> Tensor<T> {
        let [inputs @ .., g, y] = inputs else { unreachable!("an operation has an output") };
        self.op.fused_vjp(self.wrt, g, inputs, y).expect("it was fused when it was recorded")
    }

    fn vjp<'t>(&self, _: usize, _: Var<'t, T>, _: &[Var<'t, T>], _: Var<'t, T>) -> Var<'t, T> {
        unreachable!("the lines of a gradient are added when the function is complete")
    }

    fn fused_vjp(&self, _: usize, _: &Tensor<T>, _: &[&Tensor<T>], _: &Tensor<T>) -> Option<Tensor<T>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::ops::{ALL, Case};
    use crate::{cost, value_and_grad, value_and_update};

    type Inputs = Vec<Tensor<f64>>;

    /// The sum of all elements of a case, with irregular weights.
    fn weighed<'t>(case: &Case, x: &[Var<'t, f64>]) -> Var<'t, f64> {
        let y = (case.f64)(x);
        let u = Tensor::from_fn(y.shape(), |i| (i as f64 * 0.7 + 0.3).sin());
        (y * y.tape().constant(u)).sum()
    }

    /// Three replays with other numbers; what went wrong, if it did.
    fn replay(case: &'static Case) -> Result<(), String> {
        let inputs = case.inputs();
        const NONE: [Tensor<f64>; 0] = [];
        let mut recorded = Recorded::new(&inputs, &NONE, |x: Vec<Var<f64>>, [], _tape| weighed(case, &x));
        let replays = || {
            for k in 0..3 {
                let inputs: Inputs =
                    inputs.iter().map(|x| x.map(|x| x * (1.0 + 0.01 * f64::from(k)))).collect();
                let given = recorded.value_and_grad(&inputs, &NONE);
                let expected = value_and_grad(&inputs, |x: Vec<Var<f64>>, _tape| weighed(case, &x));
                assert_eq!(given, expected, "{}, replay {k}", case.name);
                assert_eq!(recorded.value(&inputs, &NONE).item(), expected.0, "{}, value {k}", case.name);
            }
        };
        catch_unwind(AssertUnwindSafe(replays))
            .map_err(|panic| *panic.downcast::<String>().expect("a sentence"))
    }

    #[test]
    fn every_operation_is_replayed_bit_for_bit_or_refused() {
        // Those that choose by their values.
        let expected = "pow maximum minimum logaddexp atan2 hypot max max_over min min_over norm norm_over batch_norm \
                        max_pool2d std std_over select select_map masked_fill sort top_k";
        let mut refused: Vec<&str> = vec![];
        for case in ALL.iter().copied().flatten() {
            let Err(message) = replay(case) else { continue };
            assert!(
                message.contains("that is recorded to be replayed cannot look"),
                "{}: {message}",
                case.name
            );
            refused.extend(case.name.split([' ', ',']).next().filter(|name| !refused.contains(name)));
        }
        assert_eq!(refused.join(" "), expected);
    }

    type Layers<W> = [(W, W); 2];

    fn layers() -> Layers<Tensor<f64>> {
        let wave = |shape: [usize; 2], k: f64| Tensor::from_fn(shape, |i| (i as f64 * k).sin() * 0.4);
        [(wave([5, 3], 0.7), Tensor::zeros([5])), (wave([3, 5], 0.3), Tensor::zeros([3]))]
    }

    fn batch(rows: usize, k: usize) -> Tensor<f64> {
        Tensor::from_fn([rows, 3], |i| ((i + 7 * k) as f64 * 0.9).cos())
    }

    fn loss<'t>([a, b]: Layers<Var<'t, f64>>, x: Var<'t, f64>) -> Var<'t, f64> {
        (x.linear(a.0, a.1).tanh().linear(b.0, b.1) - x).square().mean()
    }

    fn descend(_: usize, _: Name, w: &mut Tensor<f64>, g: &Tensor<f64>) {
        Tensor::update([w], [g], |[w], [g]| [w - 0.1 * g]);
    }

    #[test]
    fn training_is_the_same_to_the_bit_whatever_the_batch() {
        let (mut model, mut other) = (layers(), layers());
        let mut recorded = Recorded::new(&model, &batch(4, 0), |model, x, _tape| loss(model, x));
        for k in 0..20 {
            let x = batch([4, 4, 1, 400][k % 4], k);
            let value =
                value_and_update(&mut other, |model, tape| loss(model, tape.constant(&x)), &mut descend);
            assert_eq!(recorded.value_and_update(&mut model, &x, &mut descend), value, "step {k}");
        }
        assert_eq!((recorded.programs.len(), model), (3, other));
    }

    #[test]
    fn only_so_many_shapes_are_remembered() {
        let mut recorded = Recorded::new(&layers(), &batch(1, 0), |model, x, _tape| loss(model, x));
        (1..20).for_each(|rows| _ = recorded.value(&layers(), &batch(rows, 0)));
        assert_eq!(recorded.programs.len(), MOST);
    }

    #[test]
    fn results_that_are_kept_stay_as_they_are() {
        let (model, x) = (layers(), [batch(4, 0), batch(4, 1)]);
        let mut recorded = Recorded::new(&model, &x[0], |model, x, _tape| loss(model, x));
        let (first, gradient) = recorded.value_and_grad(&model, &x[0]);
        let kept: Vec<_> = gradient.iter().map(|layer| layer.0.to_vec()).collect();
        assert_ne!(recorded.value_and_grad(&model, &x[1]).0, first);
        assert_eq!(gradient.iter().map(|layer| layer.0.to_vec()).collect::<Vec<_>>(), kept);
    }

    #[test]
    fn results_that_are_given_or_constant() {
        let (w, x) = (Tensor::scalar(3.0), Tensor::scalar(2.0));
        let mut same = Recorded::new(&w, &x, |w, _, _tape| w);
        assert_eq!(same.value_and_grad(&w, &x), (3.0, Tensor::scalar(1.0)));
        assert_eq!(same.value_and_grad(&x, &x), (2.0, Tensor::scalar(1.0)));
        let mut input = Recorded::new(&w, &x, |_, x, _tape| x);
        assert_eq!(input.value_and_grad(&w, &x), (2.0, Tensor::scalar(0.0)));
        let mut fixed = Recorded::new(&w, &x, |_, _, tape| tape.constant(5.0) * 2.0);
        assert_eq!(fixed.value_and_grad(&w, &x), (10.0, Tensor::scalar(0.0)));
    }

    #[test]
    fn a_gradient_inside_is_replayed() {
        // The Laplacian of w x³ is 6 w x.
        fn laplacian<'t>(w: Var<'t, f64>, x: Var<'t, f64>) -> Var<'t, f64> {
            let [dx] = (w * x * x * x).grad([x]);
            let [ddx] = dx.grad([x]);
            ddx.square()
        }
        let mut recorded =
            Recorded::new(&Tensor::scalar(0.0), &Tensor::scalar(0.0), |w, x, _| laplacian(w, x));
        for (w, x) in [(1.0, 2.0), (3.0, 0.5)] {
            let given = recorded.value_and_grad(&Tensor::scalar(w), &Tensor::scalar(x));
            assert_eq!(given, (36.0 * w * w * x * x, Tensor::scalar(72.0 * w * x * x)));
        }
    }

    #[test]
    fn a_replay_holds_little_memory() {
        let (model, x) = (layers(), batch(4000, 0));
        let mut recorded = Recorded::new(&model, &x, |model, x, _tape| loss(model, x));
        recorded.value_and_grad(&model, &x);
        let held = cost::live_bytes();
        cost::reset_peak();
        recorded.value_and_grad(&model, &x);
        let replayed = cost::peak_bytes() - held;
        cost::reset_peak();
        value_and_grad(&model, |model, tape| loss(model, tape.constant(&x)));
        let eager = cost::peak_bytes() - held;
        assert!(replayed <= eager, "a replay takes {replayed} bytes, a tape {eager}");
        drop(recorded);
        assert!(held - cost::live_bytes() < 10_000, "{} bytes are kept", held - cost::live_bytes());
    }

    #[test]
    fn generators_can_ask() {
        let w = Tensor::scalar(3.0);
        let mut asks = Recorded::new(&w, &w, |w, x, _tape| if is_recording() { w * x } else { w });
        assert_eq!(asks.value(&w, &w).item(), 9.0);
        let mut fails = Recorded::new(&w, &w, |w, _, _tape| w.stop_gradient());
        assert!(catch_unwind(AssertUnwindSafe(|| fails.value(&w, &w))).is_err());
        assert!(!is_recording());
    }

    #[test]
    #[should_panic(expected = "item: a function that is recorded to be replayed cannot look at its values")]
    fn values_decide_nothing() {
        let w = Tensor::scalar(3.0);
        Recorded::new(&w, &w, |w, x, _tape| if x.item() > 0.0 { w } else { -w }).value(&w, &w);
    }

    #[test]
    #[should_panic(expected = "what it draws at random must be among its inputs")]
    fn noise_is_an_input() {
        let (w, draws) = (Tensor::scalar(3.0), Cell::new(0.0));
        let mut noisy = Recorded::new(&w, &w, move |w, x, tape| {
            draws.set(draws.get() + 1.0);
            w * x + tape.constant(draws.get())
        });
        noisy.value(&w, &w);
    }

    #[test]
    #[should_panic(
        expected = "Recorded: only a single number has a gradient, not shape [3, 5]; sum it first"
    )]
    fn a_gradient_of_many_numbers() {
        let w = layers();
        Recorded::new(&w, &batch(1, 0), |w, _, _tape| w[1].0).value_and_grad(&w, &batch(1, 0));
    }
}
