//! Optimizers for a loss that is computed without noise, from all of the data: they choose a direction
//! from what they learnt of the curvature, and search along it for the next point.

use autograd::{Real, Tensor, Tree};

use super::line_search::{LineSearch, Trial};
use super::{State, each_parameter, each_parameter_mut};
use crate::{Error, Result};

/// A rule that chooses directions; see [`Lbfgs`](super::Lbfgs) and
/// [`ConjugateGradient`](super::ConjugateGradient). The parameters of a model are one vector
/// `x ∈ ℝⁿ` to it, in double precision.
///
/// The objective is a function from a model to its loss and gradient, as
/// [`autograd::value_and_grad`] gives them. It must be the same function at every call: another batch
/// or another draw of noise makes the differences of gradients meaningless.
///
/// ```
/// use autograd::{Tensor, value_and_grad};
/// use nn::optim::{FullBatch, Lbfgs};
///
/// // Rosenbrock's valley, with its minimum at (1, 1).
/// let mut x = [Tensor::<f64>::scalar(-1.2), Tensor::scalar(1.0)];
/// let end = Lbfgs::new().minimize(&mut x, 100, |x| {
///     value_and_grad(x, |[a, b], _tape| (a - 1.0).square() + (b - a * a).square() * 100.0)
/// })?;
/// assert!(end.loss < 1e-14 && (x[0].item() - 1.0).abs() < 1e-6);
/// # Ok::<(), nn::Error>(())
/// ```
pub trait FullBatch: Sized {
    /// Settings and memory that all rules have.
    fn descent(&self) -> &Descent;

    /// Settings and memory that all rules have, for writing.
    fn descent_mut(&mut self) -> &mut Descent;

    /// The direction in which to search from `point`, and the length, in units of the direction, to try
    /// first.
    fn direction(&self, point: &Point) -> (Vec<f64>, f64);

    /// Takes note of a step of `length` times `direction`, from `old` to `new`.
    fn learn(&mut self, old: &Point, new: &Point, direction: &[f64], length: f64);

    /// Forgets what was learnt. The next direction is steepest descent.
    fn forget(&mut self);

    /// Adds what was learnt to a state.
    fn save(&self, state: &mut State<f64>);

    /// Takes what was learnt out of a state, for `n` parameters.
    ///
    /// # Errors
    /// If it is not there.
    fn load(&mut self, n: usize, state: &mut State<f64>) -> Result<()>;

    /// Moves a model to a better place along one direction.
    ///
    /// The loss and gradient where the last step ended are remembered, and used again if the model
    /// still is there.
    ///
    /// # Errors
    /// If the loss or the gradient where the model is now is not finite.
    fn step<T: Real, M: Tree<Tensor<T>>>(
        &mut self,
        model: &mut M,
        mut objective: impl FnMut(&M) -> (T, M),
    ) -> Result<Progress> {
        let mut evaluations = 0;
        let mut evaluate = |model: &mut M| {
            evaluations += 1;
            let (loss, gradient) = objective(model);
            Point { x: flat(model), loss: loss.as_f64(), gradient: flat(&gradient) }
        };
        let here = flat(model);
        let point = match self.descent_mut().point.take().filter(|point| point.x == here) {
            Some(point) => point,
            None => {
                // The model was moved by others: what was learnt holds elsewhere.
                self.forget();
                evaluate(model)
            }
        };
        point.check()?;
        let mut end = point;
        let mut tried = vec![];
        let outcome = loop {
            if largest(&end.gradient) <= self.descent().gradient_tolerance {
                break Outcome::Converged;
            }
            let (direction, first) = self.direction(&end);
            if direction == tried {
                break Outcome::Stuck;
            }
            let slope = dot(&end.gradient, &direction);
            let start = Trial { length: 0.0, loss: end.loss, slope, point: end.clone() };
            let trial = |length: f64| {
                let x: Vec<f64> = end.x.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
                put(model, &x);
                let point = evaluate(model);
                Trial { length, loss: point.loss, slope: dot(&point.gradient, &direction), point }
            };
            let search = self.descent().line_search;
            let found = if slope < 0.0 { search.search(start, first, trial) } else { None };
            if let Some(Trial { point, length, .. }) = found.filter(|found| found.point.x != end.x) {
                self.learn(&end, &point, &direction, length);
                end = point;
                break Outcome::Moved;
            }
            // No way down in a direction that was learnt: steepest descent may find one.
            self.forget();
            tried = direction;
        };
        put(model, &end.x);
        let descent = self.descent_mut();
        descent.iterations += u64::from(outcome == Outcome::Moved);
        let progress = Progress { loss: end.loss, gradient: largest(&end.gradient), evaluations, outcome };
        descent.point = Some(end);
        Ok(progress)
    }

    /// Steps until no component of the gradient is larger than the tolerance, there is no way down, or
    /// `iterations` steps were made. `evaluations` of the result is that of all steps together.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    ///
    /// # Panics
    /// If `iterations` is 0.
    fn minimize<T: Real, M: Tree<Tensor<T>>>(
        &mut self,
        model: &mut M,
        iterations: usize,
        mut objective: impl FnMut(&M) -> (T, M),
    ) -> Result<Progress> {
        assert!(iterations > 0, "minimize: 0 iterations");
        let mut progress = self.step(model, &mut objective)?;
        for _ in 1..iterations {
            if progress.outcome != Outcome::Moved {
                break;
            }
            let evaluations = progress.evaluations;
            progress = self.step(model, &mut objective)?;
            progress.evaluations += evaluations;
        }
        Ok(progress)
    }

    /// All that the following steps depend on, besides the settings. The tensors are vectors of all
    /// parameters, in the order of [`Tree::visit`].
    fn state(&self) -> State<f64> {
        let mut state = State::default();
        let descent = self.descent();
        state.numbers.insert("iterations".to_owned(), descent.iterations as f64);
        if let Some(Point { x, loss, gradient }) = &descent.point {
            state.numbers.insert("loss".to_owned(), *loss);
            state.tensors.insert("point".to_owned(), vector(x));
            state.tensors.insert("gradient".to_owned(), vector(gradient));
            self.save(&mut state);
        }
        state
    }

    /// Takes over the state that another one of the same kind and settings had: the following steps
    /// are the same, bit for bit.
    ///
    /// # Errors
    /// If the state is not of this kind, or for a model with another number of parameters. Nothing is
    /// changed then.
    fn restore<T: Real>(&mut self, model: &impl Tree<Tensor<T>>, mut state: State<f64>) -> Result<()>
    where
        Self: Clone,
    {
        let n = flat(model).len();
        let mut new = self.clone();
        new.forget();
        new.descent_mut().iterations = state.take_count("iterations")?;
        new.descent_mut().point = None;
        if state.numbers.contains_key("loss") {
            new.descent_mut().point = Some(Point {
                loss: state.take_number("loss")?,
                x: state.take_tensor("point", &[n])?.to_vec(),
                gradient: state.take_tensor("gradient", &[n])?.to_vec(),
            });
            new.load(n, &mut state)?;
        }
        state.finish()?;
        *self = new;
        Ok(())
    }
}

/// Settings and memory of every [`FullBatch`] rule.
#[derive(Clone, Debug)]
pub struct Descent {
    /// How far to go in a direction.
    pub line_search: LineSearch,
    /// Where the largest component of the gradient is at most this, the search has converged; 10⁻⁷.
    pub gradient_tolerance: f64,
    /// Steps made.
    iterations: u64,
    point: Option<Point>,
}

impl Descent {
    /// Nothing done yet.
    pub(super) fn new(line_search: LineSearch) -> Self {
        Descent { line_search, gradient_tolerance: 1e-7, iterations: 0, point: None }
    }

    /// Steps made.
    pub fn iterations(&self) -> u64 {
        self.iterations
    }
}

/// Parameters, and loss and gradient there.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The parameters, `[n]`.
    pub x: Vec<f64>,
    /// The loss.
    pub loss: f64,
    /// Its gradient, `[n]`.
    pub gradient: Vec<f64>,
}

impl Point {
    /// Refuses to search from where there are no numbers.
    fn check(&self) -> Result<()> {
        let problem = if !self.loss.is_finite() {
            format!("the loss is {}", self.loss)
        } else if !self.gradient.iter().all(|g| g.is_finite()) {
            "the gradient is not finite".to_owned()
        } else {
            return Ok(());
        };
        Err(Error::data(format!("{problem} where the search begins; start from other parameters")))
    }
}

/// What came of a step or a search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The loss where the model is now.
    pub loss: f64,
    /// The largest component of its gradient.
    pub gradient: f64,
    /// How often the objective was computed.
    pub evaluations: usize,
    /// How the step ended.
    pub outcome: Outcome,
}

/// How a step of a [`FullBatch`] optimizer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// At a lower loss.
    Moved,
    /// Where it began, for the gradient is zero but for the tolerance.
    Converged,
    /// Where it began: no lower loss was found. The arithmetic allows no better, or the gradient is
    /// not that of the loss.
    Stuck,
}

/// All parameters, without buffers, as one vector.
fn flat<T: Real>(model: &impl Tree<Tensor<T>>) -> Vec<f64> {
    let mut all = vec![];
    each_parameter(model, |_, tensor| all.extend(tensor.to_vec().into_iter().map(Real::as_f64)));
    all
}

/// The reverse of [`flat`].
fn put<T: Real>(model: &mut impl Tree<Tensor<T>>, all: &[f64]) {
    let mut rest = all.iter();
    each_parameter_mut(model, |_, tensor| {
        *tensor = Tensor::from_fn(tensor.shape(), |_| T::of(*rest.next().expect("one for each element")));
    });
}

/// `a · b`.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `a − b`.
pub(super) fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// `a ← a + scale · b`.
pub(super) fn add(a: &mut [f64], scale: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += scale * b);
}

/// A step of steepest descent as long as to change no element by more than 1, and all by 1 together.
pub(super) fn steepest(gradient: &[f64]) -> (Vec<f64>, f64) {
    let sum: f64 = gradient.iter().map(|g| g.abs()).sum();
    (gradient.iter().map(|g| -g).collect(), (1.0 / sum).min(1.0))
}

/// A vector as a tensor.
pub(super) fn vector(x: &[f64]) -> Tensor<f64> {
    Tensor::from_vec([x.len()], x.to_vec())
}

fn largest(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()))
}
