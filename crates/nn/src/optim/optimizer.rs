//! An optimizer: a rule, the learning rate, and what is kept between steps.

use autograd::{Leaf, Name, Real, Recorded, Shape, Tape, Tensor, Tree, Var, value_and_update};

use super::{Groups, Memory, Refused, Rule, Slot, State};
use crate::Result;

/// A [`Rule`] at work: it has the learning rate, the groups of parameters, and the tensors that the rule keeps for each
/// of them.
///
/// `Optimizer<f32, Adam>` is one whose rule is known, as [`Adam::new`](super::Adam::new) makes it; `Optimizer<f32>`
/// is any, behind a pointer, into which the former turns by itself:
///
/// ```
/// use autograd::Tensor;
/// use nn::Optimizer;
/// use nn::optim::{Adam, Sgd};
///
/// let mut w = Tensor::<f64>::full([2], 3.0);
/// // Settings other than the usual ones.
/// let adam = Optimizer::new(0.1, Adam { l2: 0.01, ..Adam::default() });
/// let all: [Box<Optimizer<f64>>; 2] = [Box::new(adam), Box::new(Sgd::with_momentum(0.1, 0.9))];
/// for mut optimizer in all {
///     let before = optimizer.minimize(&mut w, |w, _tape| w.square().sum());
///     assert!(optimizer.minimize(&mut w, |w, _tape| w.square().sum()) < before);
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Optimizer<T: Real, R: Rule<T> + ?Sized = dyn Rule<T>> {
    memory: Memory<T>,
    /// The rule with its settings.
    pub rule: R,
}

impl<T: Real, R: Rule<T>> From<Optimizer<T, R>> for Box<Optimizer<T>> {
    fn from(optimizer: Optimizer<T, R>) -> Self {
        Box::new(optimizer)
    }
}

impl<T: Real, R: Rule<T>> Optimizer<T, R> {
    /// A rule with a learning rate `η`, before its first step.
    pub fn new(rate: f64, rule: R) -> Self {
        Optimizer { memory: Memory::new(rate, rule.numbers()), rule }
    }
}

impl<T: Real, R: Rule<T> + ?Sized> Optimizer<T, R> {
    /// The learning rate `η`.
    pub fn rate(&self) -> f64 {
        self.memory.rate
    }

    /// Sets the learning rate of the following steps.
    pub fn set_rate(&mut self, rate: f64) {
        self.memory.rate = rate;
    }

    /// Gives groups of parameters settings of their own.
    pub fn set_groups(&mut self, groups: Groups) {
        self.memory.groups = groups;
    }

    /// The number of steps made.
    pub fn steps(&self) -> u64 {
        self.memory.steps
    }

    /// The setting that no step can be made with, and a sentence about it.
    pub(crate) fn bad_setting(&self) -> Option<(&'static str, String)> {
        let all = [("learning rate", self.memory.rate)].into_iter().chain(self.rule.settings());
        let (name, value) = all.into_iter().find(|(_, value)| !value.is_finite())?;
        Some((name, format!("the {name} of the optimizer is {value}; it must be a finite number")))
    }

    /// One step, given the gradient in the form of the model itself (see [`autograd::value_and_grad`]).
    /// [Buffers](autograd::Buffer) stay as they are.
    ///
    /// # Panics
    /// If the gradient has other shapes than the model, or is not finite; if the model has other parameters than in
    /// the steps before; or if the learning rate or a setting is not finite. Nothing is updated then.
    #[track_caller]
    pub fn step<M: Tree<Tensor<T>>>(&mut self, model: &mut M, gradient: &M) {
        let (mut gradients, mut shapes) = (vec![], vec![]);
        each_parameter(gradient, |_, g: &Tensor<T>| gradients.push(g.clone()));
        each_parameter(model, |name, w| shapes.push((name.to_string(), Shape::from_slice(w.shape()))));
        let (given, count) = (gradients.len(), shapes.len());
        assert!(given == count, "step: the gradient has {given} tensors, the model has {count}");
        for (g, (name, shape)) in gradients.iter().zip(shapes) {
            let (given, of) = (g.shape(), of(&name));
            assert!(
                *given == shape[..],
                "step: the gradient{of} has shape {given:?}, the parameter {shape:?}"
            );
        }
        let refused = Refused::default();
        let mut all = gradients.iter();
        each_parameter(model, |name, _| refused.gradient(name, all.next().expect("one for each parameter")));
        refused.panic("step");
        self.begin(model);
        let mut gradients = gradients.into_iter().enumerate();
        model.visit_mut(Name::Root, &mut |name, leaf| {
            if !name.is_trained() {
                return;
            }
            let (index, gradient) = gradients.next().expect("one for each parameter");
            self.update(index, name, leaf, &gradient);
        });
    }

    /// One step down the gradient of a loss; returns the loss before the step. It does what
    /// [`value_and_grad`](autograd::value_and_grad) and [`step`](Self::step) do, to the bit, but each parameter
    /// is updated as soon as its gradient is known (see [`value_and_update`]): with less memory, and faster.
    ///
    /// ```
    /// use autograd::Tensor;
    /// use nn::Adam;
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
    pub fn minimize<M: Tree<Tensor<T>>>(
        &mut self,
        model: &mut M,
        loss: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
    ) -> T {
        let refused = Refused::default();
        let mut updates = self.updates(model, &refused);
        let value = value_and_update(model, |model, tape| refused.loss(loss(model, tape)), &mut updates);
        refused.panic("minimize");
        value
    }

    /// [`minimize`](Self::minimize) with a loss that is [recorded once](autograd::replay) and replayed: the same, to the
    /// bit, and for small models in a quarter of the time.
    ///
    /// ```
    /// use autograd::{Recorded, Tensor};
    /// use nn::Sgd;
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
    pub fn minimize_recorded<M: Tree<Tensor<T>>, I: Tree<Tensor<T>>>(
        &mut self,
        model: &mut M,
        inputs: &I,
        loss: &mut Recorded<M, I, T>,
    ) -> T {
        let refused = Refused::default();
        let mut updates = self.updates(model, &refused);
        let value = loss.value_and_update(model, inputs, &mut updates);
        refused.panic("minimize_recorded");
        assert!(value.is_finite(), "minimize_recorded: the loss is {value}");
        value
    }

    /// All that the following steps depend on, besides the settings and the groups. See
    /// [`restore`](Self::restore) for the way back.
    pub fn state(&self) -> State<T> {
        self.memory.save(self.rule.labels())
    }

    /// Takes the state that an optimizer of the same rule and settings had when it last stepped `model`: the following
    /// steps are the same, bit for bit.
    ///
    /// ```
    /// use autograd::Tensor;
    /// use nn::Adam;
    ///
    /// let (mut w, gradient) = (Tensor::<f64>::ones([2]), Tensor::ones([2]));
    /// let mut adam = Adam::new(0.1);
    /// adam.step(&mut w, &gradient);
    ///
    /// let mut other = Adam::new(0.1);
    /// other.restore(&w, adam.state())?;
    /// assert_eq!(other.state(), adam.state());
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the state is not that of such an optimizer for such a model: a tensor or number is missing, left
    /// over, or of another shape. The optimizer is then unchanged.
    pub fn restore(&mut self, model: &impl Tree<Tensor<T>>, state: State<T>) -> Result<()> {
        let mut parameters = vec![];
        each_parameter(model, |name, w| parameters.push((name.to_string(), w.shape().to_vec())));
        self.memory.restore(self.rule.labels(), &parameters, state)
    }

    /// Begins a step; the result updates one parameter of the model, given its number, its name, and its gradient, unless
    /// something was refused.
    #[track_caller]
    pub(crate) fn updates<'a, M: Tree<Tensor<T>>>(
        &'a mut self,
        model: &M,
        refused: &'a Refused,
    ) -> impl FnMut(usize, Name, &mut Tensor<T>, &Tensor<T>) + use<'a, T, R, M> {
        self.begin(model);
        move |index, name, parameter, gradient| {
            refused.gradient(name, gradient);
            if refused.is_empty() {
                self.update(index, name, parameter, gradient);
            }
        }
    }

    /// Begins a step, if one can be made with this model.
    #[track_caller]
    fn begin(&mut self, model: &impl Tree<Tensor<T>>) {
        if let Some((_, problem)) = self.bad_setting() {
            panic!("{problem}");
        }
        let wanted = self.rule.labels().len();
        let (memory, mut count, mut problem) = (&mut self.memory, 0, None);
        each_parameter(model, |name, parameter: &Tensor<T>| {
            problem = problem.take().or_else(|| memory.problem(wanted, count, name, parameter.shape()));
            count += 1;
        });
        if let Some(problem) = problem {
            panic!("{problem}");
        }
        memory.count = count;
        memory.steps += 1;
        self.rule.begin(memory.steps, &mut memory.numbers);
    }

    /// Updates the parameter with this number and name.
    fn update(&mut self, index: usize, name: Name, parameter: &mut Tensor<T>, gradient: &Tensor<T>) {
        let Optimizer { memory, rule } = self;
        let settings = memory.groups.settings(index);
        let rate = memory.rate * settings.rate_factor;
        let slot = Slot { index, name, step: memory.steps, rate, weight_decay: settings.weight_decay };
        let kept = memory.kept(&slot, parameter, rule.labels().len(), rule.start());
        rule.update(&slot, parameter, gradient, kept);
    }
}

/// Whose gradient it is, in a sentence; a model that is a single tensor has no name.
fn of(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" of `{name}`") }
}

/// Calls `f` for all leaves of a model but its buffers.
pub(super) fn each_parameter<W: Leaf>(model: &impl Tree<W>, mut f: impl FnMut(Name, &W)) {
    model.visit(&mut |name, parameter| {
        if name.is_trained() {
            f(name, parameter);
        }
    });
}

pub(super) fn each_parameter_mut<W: Leaf>(model: &mut impl Tree<W>, mut f: impl FnMut(Name, &mut W)) {
    model.visit_mut(Name::Root, &mut |name, parameter| {
        if name.is_trained() {
            f(name, parameter);
        }
    });
}

#[cfg(test)]
mod tests {
    use autograd::Buffer;

    use super::*;
    use crate::optim::{Adam, AdamW, FullBatch, Group, Lbfgs};

    #[test]
    fn buffers_are_not_trained() {
        let mut model = (Buffer(Tensor::<f64>::ones([2])), Tensor::ones([2]));
        let gradient = (Buffer(Tensor::ones([2])), Tensor::ones([2]));
        let mut adam = AdamW::new(0.1);
        adam.step(&mut model, &gradient);
        assert_eq!((model.0.0.to_vec(), model.1.to_vec()[0] < 0.95), (vec![1.0; 2], true));
        let mut again = AdamW::new(0.1);
        again.restore(&model, adam.state()).unwrap();
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
        let decayed = || Optimizer::new(0.1, Adam { l2: 0.01, ..Adam::default() });
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
