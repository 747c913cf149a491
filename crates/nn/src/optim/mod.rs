//! Optimizers: rules that move parameters `w` against the gradient `g` of a loss.
//!
//! | rule | step of every element | paper |
//! |---|---|---|
//! | [`Sgd`] | `v ← μ v + g`, `w ← w − η v` | Polyak 1964; Sutskever et al. 2013 |
//! | [`Adagrad`] | `w ← w − η g / √Σ g²` | Duchi et al. 2011 |
//! | [`RmsProp`] | `w ← w − η g / √mean(g²)` | Hinton 2012; Graves 2013 |
//! | [`Adadelta`] | `w ← w − η g √mean(Δ²) / √mean(g²)` | Zeiler 2012 |
//! | [`Adam`] | `w ← w − η mean(g) / √mean(g²)` | Kingma and Ba 2015 |
//! | [`AdamW`] | Adam and `w ← (1 − η λ) w` | Loshchilov and Hutter 2019 |
//! | [`NAdam`] | Adam that looks ahead, as Nesterov | Dozat 2016 |
//! | [`Lion`] | `w ← w − η (sign mean(g) + λ w)` | Chen et al. 2023 |
//!
//! They all are an [`Optimizer`], and each is one pass over memory ([`Tensor::update`]). With the
//! whole data at hand, [`Lbfgs`] and [`ConjugateGradient`] search along a line for every step: they
//! are [`FullBatch`] optimizers.
//!
//! Around them: a [`Schedule`] for the rate, [`Groups`] of parameters with settings of their own,
//! gradients [clipped](clip) or [accumulated](Accumulator), [averaged](Average) weights, and a [`State`]
//! to save and restore everything, bit for bit.
//!
//! ```
//! use autograd::Tensor;
//! use nn::optim::{AdamW, Group, Groups, Optimizer, Schedule};
//! use nn::{Activation, Mlp, Purpose, generator};
//!
//! # fn main() -> nn::Result<()> {
//! let mut model = Mlp::<Tensor<f64>>::new(&[3, 8, 1], Activation::Tanh, &mut generator(0, Purpose::Init, 0, 0));
//! let mut adam = AdamW::new(0.01);
//! // Biases are not decayed.
//! adam.set_groups(Groups::of(&model, vec![Group::new("*.bias").with_weight_decay(0.0)])?);
//! let schedule = Schedule::warmup(0.1, Schedule::Cosine { floor: 0.0 });
//! let x = Tensor::ones([5, 3]);
//! for step in 0..100 {
//!     adam.set_rate(0.01 * schedule.factor(step, 100));
//!     adam.minimize(&mut model, |model, tape| model.forward(tape.constant(&x)).square().mean());
//! }
//! # Ok(())
//! # }
//! ```

mod accumulate;
mod adadelta;
mod adagrad;
mod adam;
mod adamw;
pub mod clip;
mod conjugate_gradient;
mod ema;
mod full_batch;
mod groups;
mod lbfgs;
mod line_search;
mod lion;
mod memory;
mod nadam;
mod plateau;
mod refused;
mod rmsprop;
mod schedule;
mod schedule_text;
mod sgd;
mod stepping;

pub use accumulate::Accumulator;
pub use adadelta::Adadelta;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamw::AdamW;
pub use conjugate_gradient::ConjugateGradient;
pub use ema::Average;
pub use full_batch::{Descent, FullBatch, Outcome, Point, Progress};
pub use groups::{Group, Groups};
pub use lbfgs::Lbfgs;
pub use line_search::LineSearch;
pub use lion::Lion;
pub use memory::{Memory, State};
pub use nadam::NAdam;
pub use plateau::Plateau;
pub(crate) use refused::Refused;
pub use rmsprop::RmsProp;
pub use schedule::{Phase, Schedule};
pub use sgd::Sgd;
pub(crate) use stepping::{bad_setting, updates};
use stepping::{begin, update};

use autograd::{Leaf, Name, Real, Recorded, Shape, Tape, Tensor, Tree, Var, value_and_update};

use crate::Result;

/// A rule that updates parameters, one tensor at a time. It is written in three parts: a [`Memory`]
/// (the rate, the groups, the tensors kept for every parameter), the names of those tensors, and
/// [`update`](Self::update), the equation. Everything else follows.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no optimizer of models with elements `{T}`",
    label = "no optimizer",
    note = "`Adam::new(0.001)` is one; for a rule of your own see the documentation of `nn::optim`"
)]
pub trait Optimizer<T: Real> {
    /// What it remembers between steps.
    fn memory(&self) -> &Memory<T>;

    /// What it remembers between steps, for writing.
    fn memory_mut(&mut self) -> &mut Memory<T>;

    /// Names of the tensors kept for every parameter, in the order of [`Memory::tensors`].
    fn labels(&self) -> &'static [&'static str];

    /// Begins a step: called once before [`update`](Self::update) is called for every parameter, when
    /// the step is already counted.
    fn begin(&mut self) {}

    /// Its own settings by name, all of which have to be finite numbers: otherwise no step is made.
    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![]
    }

    /// Updates one parameter in place, in one pass. The gradient is finite and has the shape of the parameter.
    fn update(&mut self, slot: Slot, parameter: &mut Tensor<T>, gradient: &Tensor<T>);

    /// The learning rate `η`.
    fn rate(&self) -> f64 {
        self.memory().rate
    }

    /// Sets the learning rate of the following steps.
    fn set_rate(&mut self, rate: f64) {
        self.memory_mut().rate = rate;
    }

    /// Gives groups of parameters settings of their own.
    fn set_groups(&mut self, groups: Groups) {
        self.memory_mut().groups = groups;
    }

    /// All that the following steps depend on, besides the settings and the groups. See
    /// [`restore`] for the way back.
    fn state(&self) -> State<T> {
        self.memory().save(self.labels())
    }

    /// Updates all parameters of a model, given the gradient in the form of the model itself (see
    /// [`autograd::value_and_grad`]). [Buffers](autograd::Buffer) stay as they are.
    ///
    /// # Panics
    /// If the gradient has other shapes than the model, or is not finite; if the model has other parameters than in
    /// the steps before; or if the learning rate or a setting is not finite. Nothing is updated then.
    #[track_caller]
    fn step<M: Tree<Tensor<T>>>(&mut self, model: &mut M, gradient: &M)
    where
        Self: Sized,
    {
        step(self, model, gradient);
    }

    /// One step down the gradient of a loss; returns the loss before the step. It does what
    /// [`value_and_grad`](autograd::value_and_grad) and [`step`](Self::step) do, to the bit, but each parameter
    /// is updated as soon as its gradient is known (see [`value_and_update`]): with less memory, and faster.
    ///
    /// ```
    /// use autograd::Tensor;
    /// use nn::optim::{Adam, Optimizer};
    ///
    /// let (mut w, mut adam) = (Tensor::<f64>::full([2], 3.0), Adam::new(0.1));
    /// let loss = adam.minimize(&mut w, |w, _tape| w.square().sum());
    /// assert_eq!(loss, 18.0);
    /// assert!(w[[0]] < 3.0);
    /// ```
    ///
    /// # Panics
    /// As [`step`](Self::step), and if the loss is no single finite number. Only if the loss is finite and a gradient is
    /// not, some parameters are updated already.
    #[track_caller]
    fn minimize<M: Tree<Tensor<T>>>(
        &mut self,
        model: &mut M,
        loss: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
    ) -> T
    where
        Self: Sized,
    {
        minimize(self, model, loss)
    }

    /// [`minimize`](Self::minimize) with a loss that is [recorded once](autograd::replay) and replayed: the same, to the
    /// bit, and for small models in a quarter of the time.
    ///
    /// ```
    /// use autograd::{Recorded, Tensor};
    /// use nn::optim::{Optimizer, Sgd};
    ///
    /// let (mut w, x) = (Tensor::<f64>::full([2], 3.0), Tensor::ones([2]));
    /// let mut loss = Recorded::new(&w, &x, |w, x, _tape| (w - x).square().sum());
    /// let mut sgd = Sgd::new(0.25);
    /// assert_eq!(sgd.minimize_recorded(&mut w, &x, &mut loss), 8.0);
    /// assert_eq!(w.to_vec(), [2.0, 2.0]);
    /// ```
    ///
    /// # Panics
    /// As [`minimize`](Self::minimize), and if the loss cannot be recorded.
    #[track_caller]
    fn minimize_recorded<M: Tree<Tensor<T>>, I: Tree<Tensor<T>>>(
        &mut self,
        model: &mut M,
        inputs: &I,
        loss: &mut Recorded<M, I, T>,
    ) -> T
    where
        Self: Sized,
    {
        minimize_recorded(self, model, inputs, loss)
    }
}

/// Where in a model a parameter is, and what its [`Groups`] say about it.
#[derive(Clone, Copy)]
pub struct Slot<'a> {
    /// Its number among the parameters, in the order of [`Tree::visit`]; buffers do not count.
    pub index: usize,
    /// Its name.
    pub name: Name<'a>,
    /// The learning rate `η` of this parameter: the optimizer's, times the factors of the groups.
    pub rate: f64,
    /// The decay that a group sets in place of the optimizer's own.
    pub weight_decay: Option<f64>,
}

impl Slot<'_> {
    /// The weight decay of this parameter, where `own` is the one of the optimizer.
    pub fn decay(&self, own: f64) -> f64 {
        self.weight_decay.unwrap_or(own)
    }
}

/// [`Optimizer::step`] for an optimizer whose type is not known.
///
/// # Panics
/// As [`Optimizer::step`].
#[track_caller]
pub fn step<T: Real, M: Tree<Tensor<T>>>(optimizer: &mut dyn Optimizer<T>, model: &mut M, gradient: &M) {
    let (mut gradients, mut shapes) = (vec![], vec![]);
    each_parameter(gradient, |_, g: &Tensor<T>| gradients.push(g.clone()));
    each_parameter(model, |name, w| shapes.push((name.to_string(), Shape::from_slice(w.shape()))));
    let (given, count) = (gradients.len(), shapes.len());
    assert!(given == count, "step: the gradient has {given} tensors, the model has {count}");
    for (g, (name, shape)) in gradients.iter().zip(shapes) {
        let (given, of) = (g.shape(), of(&name));
        assert!(*given == shape[..], "step: the gradient{of} has shape {given:?}, the parameter {shape:?}");
    }
    let refused = Refused::default();
    let mut all = gradients.iter();
    each_parameter(model, |name, _| refused.gradient(name, all.next().expect("one for each parameter")));
    refused.panic("step");
    begin(optimizer, model);
    let mut gradients = gradients.into_iter().enumerate();
    model.visit_mut(Name::Root, &mut |name, leaf| {
        if name.is_buffer() {
            return;
        }
        let (index, gradient) = gradients.next().expect("one for each parameter");
        update(optimizer, index, name, leaf, &gradient);
    });
}

/// [`Optimizer::minimize`] for an optimizer whose type is not known.
///
/// # Panics
/// As [`Optimizer::minimize`].
#[track_caller]
pub fn minimize<T: Real, M: Tree<Tensor<T>>>(
    optimizer: &mut dyn Optimizer<T>,
    model: &mut M,
    loss: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> T {
    let refused = Refused::default();
    let mut updates = updates(optimizer, model, &refused);
    let value = value_and_update(model, |model, tape| refused.loss(loss(model, tape)), &mut updates);
    refused.panic("minimize");
    value
}

/// [`Optimizer::minimize_recorded`] for an optimizer whose type is not known.
///
/// # Panics
/// As [`Optimizer::minimize_recorded`].
#[track_caller]
pub fn minimize_recorded<T: Real, M: Tree<Tensor<T>>, I: Tree<Tensor<T>>>(
    optimizer: &mut dyn Optimizer<T>,
    model: &mut M,
    inputs: &I,
    loss: &mut Recorded<M, I, T>,
) -> T {
    let refused = Refused::default();
    let mut updates = updates(optimizer, model, &refused);
    let value = loss.value_and_update(model, inputs, &mut updates);
    if !value.is_finite() {
        refused.because(format!("the loss is {value}"));
    }
    refused.panic("minimize_recorded");
    value
}

/// Whose gradient it is, in a sentence; a model that is a single tensor has no name.
fn of(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" of `{name}`") }
}

/// Calls `f` for all leaves of a model but its buffers.
fn each_parameter<W: Leaf>(model: &impl Tree<W>, mut f: impl FnMut(Name, &W)) {
    model.visit(&mut |name, parameter| {
        if !name.is_buffer() {
            f(name, parameter);
        }
    });
}

fn each_parameter_mut<W: Leaf>(model: &mut impl Tree<W>, mut f: impl FnMut(Name, &mut W)) {
    model.visit_mut(Name::Root, &mut |name, parameter| {
        if !name.is_buffer() {
            f(name, parameter);
        }
    });
}

/// Gives an optimizer of the same kind and settings the state that another one had when it last
/// stepped `model`: the following steps are the same, bit for bit.
///
/// ```
/// use autograd::Tensor;
/// use nn::optim::{self, Adam, Optimizer};
///
/// let (mut w, gradient) = (Tensor::<f64>::ones([2]), Tensor::ones([2]));
/// let mut adam = Adam::new(0.1);
/// adam.step(&mut w, &gradient);
///
/// let mut other = Adam::new(0.1);
/// optim::restore(&mut other, &w, adam.state())?;
/// assert_eq!(other.state(), adam.state());
/// # Ok::<(), nn::Error>(())
/// ```
///
/// # Errors
/// If the state is not that of such an optimizer for such a model: a tensor or number is missing, left
/// over, or of another shape. The optimizer is then unchanged.
pub fn restore<T: Real>(
    optimizer: &mut dyn Optimizer<T>,
    model: &impl Tree<Tensor<T>>,
    state: State<T>,
) -> Result<()> {
    let mut parameters = vec![];
    each_parameter(model, |name, parameter| parameters.push((name.to_string(), parameter.shape().to_vec())));
    let labels = optimizer.labels();
    optimizer.memory_mut().restore(labels, &parameters, state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Buffer;

    #[test]
    fn buffers_are_not_trained() {
        let mut model = (Buffer(Tensor::<f64>::ones([2])), Tensor::ones([2]));
        let gradient = (Buffer(Tensor::ones([2])), Tensor::ones([2]));
        let mut adam = AdamW::new(0.1);
        adam.step(&mut model, &gradient);
        assert_eq!((model.0.0.to_vec(), model.1.to_vec()[0] < 0.95), (vec![1.0; 2], true));
        let mut again = AdamW::new(0.1);
        restore(&mut again, &model, adam.state()).unwrap();
        assert_eq!(again.state(), adam.state());

        // Groups do not count them either.
        let mut frozen = AdamW::new(0.1);
        frozen.set_groups(Groups::of(&model, vec![Group::new("1").with_rate_factor(0.0)]).unwrap());
        let before = model.1.clone();
        frozen.step(&mut model, &gradient);
        assert_eq!(model.1, before);
        assert!(Groups::of(&model, vec![Group::new("0")]).is_err());

        // (w / s − 2)² has its minimum at w = 6, if s stays 3.
        let mut model = (Buffer(Tensor::scalar(3.0)), Tensor::scalar(1.0));
        let mut search = Lbfgs::new();
        let end = search.minimize(&mut model, 50, |model| {
            autograd::value_and_grad(model, |(s, w): (Buffer<Var<f64>>, Var<f64>), _| {
                (w / s.0 - 2.0).square()
            })
        });
        end.unwrap();
        assert!(model.0.0.item() == 3.0 && (model.1.item() - 6.0).abs() < 1e-6);
    }

    #[test]
    fn to_minimize_is_to_step_along_the_gradient() {
        // A leaf used twice, in different lines; one used last; one not used at all; a buffer.
        type Model<W> = [(W, Buffer<W>); 3];
        let start: Model<Tensor<f64>> = std::array::from_fn(|i| {
            (Tensor::from_fn([40, 40], |j| ((i + j) as f64).sin()), Buffer(Tensor::full([40], 0.5)))
        });
        fn loss<'t>([(a, s), (b, _), _]: Model<Var<'t, f64>>) -> Var<'t, f64> {
            let h = a.matmul(b + s.0).tanh();
            (h.matmul(a.t()).square() + b * b * h.sin()).mean()
        }
        let decayed = || Adam { l2: 0.01, ..Adam::new(0.1) };
        let [mut stepped, mut minimized, mut replayed] = [(); 3].map(|_| start.clone());
        let [mut one, mut other, mut third] = [(); 3].map(|_| decayed());
        const NONE: [Tensor<f64>; 0] = [];
        let mut recorded = Recorded::new(&start, &NONE, |model, [], _| loss(model));
        for _ in 0..3 {
            let (value, gradient) = autograd::value_and_grad(&stepped, |model, _| loss(model));
            one.step(&mut stepped, &gradient);
            assert_eq!(other.minimize(&mut minimized, |model, _| loss(model)), value);
            assert_eq!(third.minimize_recorded(&mut replayed, &NONE, &mut recorded), value);
        }
        assert_eq!((&other.state(), &third.state()), (&one.state(), &one.state()));
        for ((a, c), (b, d)) in stepped.iter().chain(&stepped).zip(minimized.iter().chain(&replayed)) {
            assert_eq!((a, &c.0), (b, &d.0));
        }
        assert!(stepped[2].0 != start[2].0, "decay moves the parameter that the loss does not use");
    }

    #[test]
    #[should_panic(expected = "step: the gradient has 1 tensors, the model has 2")]
    fn a_gradient_of_another_model() {
        let mut model = vec![Tensor::<f64>::zeros([2]), Tensor::zeros([3])];
        Adam::new(0.1).step(&mut model, &vec![Tensor::ones([2])]);
    }

    #[test]
    #[should_panic(expected = "step: the gradient of `1` has shape [3], the parameter [2]")]
    fn a_gradient_of_another_shape() {
        let two = |n| [Tensor::<f64>::ones([2]), Tensor::ones([n])];
        Adam::new(0.1).step(&mut two(2), &two(3));
    }

    #[test]
    #[should_panic(expected = "the model had no parameter `1` in the steps before")]
    fn a_model_with_more_parameters_than_before() {
        let (one, two) = (vec![Tensor::<f64>::ones([1])], vec![Tensor::ones([1]); 2]);
        let mut adam = Adam::new(0.1);
        adam.step(&mut one.clone(), &one);
        adam.step(&mut two.clone(), &two);
    }

    #[test]
    #[should_panic(expected = "the parameter `b` of shape [1] was `a` of shape [1] in the steps before")]
    fn a_model_with_other_parameters_than_before() {
        struct A<W> {
            a: W,
        }
        struct B<W> {
            b: W,
        }
        autograd::tree!(A { a });
        autograd::tree!(B { b });
        let mut adam = Adam::new(0.1);
        adam.step(&mut A { a: Tensor::<f64>::ones([1]) }, &A { a: Tensor::ones([1]) });
        adam.step(&mut B { b: Tensor::<f64>::ones([1]) }, &B { b: Tensor::ones([1]) });
    }
}
