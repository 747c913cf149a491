//! What is trained: a model, its data and its loss.

use std::collections::BTreeMap;

use autograd::{LeafUpdate, Name, Real, Tape, Tensor, Tree, Var, value_and_update_with, value_with};

use super::{Ended, Terms, Trainable};
use crate::data::Examples;
use crate::losses::Loss;
use crate::optim::{Optimizer, Refused, clip};
use crate::{Context, Result};

/// A model with its data and loss, as the [`Trainer`](super::Trainer) sees it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that a trainer can train",
    label = "no task",
    note = "`nn::train::Fit` makes a task of a model, data and a loss"
)]
pub trait Task<T: Real> {
    /// The number of training examples.
    fn examples(&self) -> usize;

    /// The number of examples that a step needs: 2 for a model that normalizes over them, such as one with a
    /// [`BatchNorm`](crate::layers::BatchNorm) of features.
    fn smallest_batch(&self) -> usize {
        1
    }

    /// Before the first step: what has to be learnt or measured once. Not called for a training that is
    /// resumed. If a training in it is stopped, so is this one.
    ///
    /// # Errors
    /// If it fails; training ends with it.
    fn begin(&mut self, _seed: u64) -> Result<Ended> {
        Ok(Ended::Finished)
    }

    /// One step on the training examples with these numbers, through [`Update::step`]. Returns the
    /// loss before the update.
    ///
    /// # Errors
    /// If the gradient is not finite.
    fn step(&mut self, numbers: &[usize], context: Context, update: &mut Update<T>) -> Result<Terms>;

    /// The loss on examples that are not trained on, if there are any. The same every time.
    ///
    /// # Errors
    /// If the examples cannot be read.
    fn validate(&self, seed: u64) -> Result<Option<Terms>>;

    /// Everything that training changes, for checkpoints.
    fn model(&self) -> &dyn Trainable<T>;

    /// Everything that training changes, for writing.
    fn model_mut(&mut self) -> &mut dyn Trainable<T>;
}

/// How a task's model is updated: an optimizer and what happens to gradients before it.
pub struct Update<'a, T: Real> {
    /// The rule.
    pub optimizer: &'a mut Optimizer<T>,
    /// See [`Plan::clip_norm`](super::Plan::clip_norm).
    pub clip_norm: Option<f64>,
}

impl<T: Real> Update<'_, T> {
    /// One step down the gradient of a loss; returns the loss before the step. [Buffers](autograd::Buffer) that the
    /// loss sets have their new values afterwards.
    ///
    /// # Errors
    /// [`Error::Diverged`](crate::Error::Diverged), if the gradient is not finite. If a term of the loss is not, it is
    /// returned, and nothing is updated.
    #[track_caller]
    pub fn step<M>(
        &mut self,
        model: &mut M,
        context: &mut Context,
        loss: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>, &mut Context) -> Loss<'t, T>,
    ) -> Result<Terms>
    where
        M: Tree<Tensor<T>, With<Tensor<T>> = M>,
    {
        let (mut kept, refused) = (BTreeMap::new(), Refused::default());
        let terms = {
            let (mut now, mut keep);
            let update: &mut LeafUpdate<T> = match self.clip_norm {
                None => {
                    now = self.optimizer.updates(model, &refused);
                    &mut now
                }
                // The norm is that of all gradients together, so all are kept.
                Some(_) => {
                    keep = |number, _: Name, _: &mut Tensor<T>, gradient: &Tensor<T>| {
                        kept.insert(number, gradient.clone());
                    };
                    &mut keep
                }
            };
            let (_, terms) = value_and_update_with(
                model,
                |model, tape| {
                    let loss = loss(model, tape, context);
                    (refused.loss(loss.total()), Terms::of(&loss))
                },
                update,
            );
            terms
        };
        if terms.not_finite().is_some() {
            return Ok(terms);
        }
        if let Some(problem) = refused.take() {
            return Err(problem.into_error());
        }
        if let Some(limit) = self.clip_norm {
            let mut gradients = kept.into_values();
            let mut gradient = model.map(Name::Root, &mut |name, leaf: &Tensor<T>| match name.is_trained() {
                true => gradients.next().expect("one for every parameter"),
                false => Tensor::zeros(leaf.shape()),
            });
            clip::by_norm(&mut gradient, limit)?;
            self.optimizer.step(model, &gradient);
        }
        Ok(terms)
    }
}

/// Some examples on a tape.
pub struct Batch<'t> {
    /// The features, `[batch, features]`.
    pub x: Var<'t, f32>,
    /// The class of each example; empty if the data set has no labels.
    pub classes: Vec<usize>,
    /// The numbers to predict, `[batch, targets]`; `[batch, 0]` if there are none.
    pub targets: Var<'t, f32>,
}

/// The task of a model that learns from [`Examples`]: a [`Dataset`](crate::Dataset) in memory, files on disk, or
/// whatever else implements it. The [module](super) shows a classifier; this is regression, with
/// [`Pairs`](crate::data::Pairs):
///
/// ```
/// use nn::data::Pairs;
/// use nn::losses::{self, Loss, Unit};
/// use nn::optim::Adam;
/// use nn::train::{Fit, Plan, Trainer};
/// use nn::{Activation, Mlp, Purpose, generator};
///
/// # fn main() -> nn::Result<()> {
/// let x = nn::random::uniform([200, 1], -1.0, 1.0, &mut generator(0, Purpose::Noise, 0, 0));
/// let data = Pairs { targets: x.map(|x: f32| (3.0 * x).sin()), x };
///
/// let model = Mlp::new(&[1, 32, 1], Activation::Tanh, &mut generator(0, Purpose::Init, 0, 0));
/// let mut task = Fit::new(model, &data, Some(&data), |model, batch, _context| {
///     let error = losses::squared_error(model.forward(batch.x), batch.targets);
///     Loss::sum(Unit::SquaredError, [("squared error", error)])
/// });
/// let plan = Plan { epochs: 100, batch: 20, learning_rate: 0.01, ..Plan::default() };
/// let mut trainer = Trainer::new(plan, Adam::new(0.01));
/// trainer.run(&mut task)?;
/// assert!(trainer.epochs().last().unwrap().judged().total() < 0.02);
/// # Ok(())
/// # }
/// ```
///
/// Examples have single precision here. For double precision implement [`Task<f64>`](Task), with
/// [`Update::step`] for its steps: the trainer, layers, losses, optimizers and checkpoints work with both.
pub struct Fit<'a, M, F> {
    /// The model at rest.
    pub model: M,
    train: &'a dyn Examples,
    validation: Option<&'a dyn Examples>,
    loss: F,
}

impl<'a, M, F> Fit<'a, M, F>
where
    M: Tree<Tensor<f32>, With<Tensor<f32>> = M>,
    F: for<'t> Fn(&M::With<Var<'t, f32>>, Batch<'t>, &mut Context) -> Loss<'t, f32>,
{
    /// A model, examples to train on, perhaps examples to judge by, and the loss of a batch.
    pub fn new<E: Examples>(model: M, train: &'a E, validation: Option<&'a E>, loss: F) -> Self {
        Fit { model, train, validation: validation.map(|data| data as _), loss }
    }
}

/// What a [`Batch`] is made of, while there is no tape yet.
struct Drawn {
    x: Tensor<f32>,
    classes: Vec<usize>,
    targets: Tensor<f32>,
}

impl Drawn {
    fn read(data: &dyn Examples, numbers: &[usize]) -> Result<Self> {
        let classes = data.labels_of(numbers).unwrap_or_default();
        Ok(Drawn {
            x: data.rows(numbers)?,
            classes: classes.into_iter().map(|class| class as usize).collect(),
            targets: data.targets(numbers)?.unwrap_or_else(|| Tensor::zeros([numbers.len(), 0])),
        })
    }

    fn on(self, tape: &Tape<f32>) -> Batch<'_> {
        Batch { x: tape.constant(self.x), classes: self.classes, targets: tape.constant(self.targets) }
    }
}

/// Examples evaluated together: enough to keep the machine busy, few enough to fit into its caches.
const EVALUATED: usize = 500;

impl<M, F> Task<f32> for Fit<'_, M, F>
where
    M: Tree<Tensor<f32>, With<Tensor<f32>> = M>,
    F: for<'t> Fn(&M::With<Var<'t, f32>>, Batch<'t>, &mut Context) -> Loss<'t, f32>,
{
    fn examples(&self) -> usize {
        self.train.len()
    }

    fn step(&mut self, numbers: &[usize], mut context: Context, update: &mut Update<f32>) -> Result<Terms> {
        let drawn = Drawn::read(self.train, numbers)?;
        update.step(&mut self.model, &mut context, |model, tape, context| {
            (self.loss)(&model, drawn.on(tape), context)
        })
    }

    fn validate(&self, seed: u64) -> Result<Option<Terms>> {
        let Some(data) = self.validation else { return Ok(None) };
        let all: Vec<usize> = (0..data.len()).collect();
        let mut parts = vec![];
        for numbers in all.chunks(EVALUATED) {
            let drawn = Drawn::read(data, numbers)?;
            let (_, terms) = value_with(&self.model, |model, tape| {
                let context = &mut Context::evaluation(seed, numbers);
                let loss = (self.loss)(&model, drawn.on(tape), context);
                (loss.total(), Terms::of(&loss))
            });
            parts.push((terms, numbers.len()));
        }
        Ok(Terms::mean(parts.into_iter()))
    }

    fn model(&self) -> &dyn Trainable<f32> {
        &self.model
    }

    fn model_mut(&mut self) -> &mut dyn Trainable<f32> {
        &mut self.model
    }
}
