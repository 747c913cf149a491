//! What is trained: a model, its data and its loss.

use autograd::{Real, Tape, Tensor, Tree, Var, value, value_and_grad};

use super::Terms;
use crate::checkpoint::Checkpoint;
use crate::data::Dataset;
use crate::losses::Loss;
use crate::optim::{self, Optimizer, clip};
use crate::{Context, Result};

/// A model with its data and loss, as the [`Trainer`](super::Trainer) sees it.
pub trait Task<T: Real> {
    /// The number of training examples.
    fn examples(&self) -> usize;

    /// Before the first step: what has to be learnt or measured once. Not called for a training that is
    /// resumed.
    ///
    /// # Errors
    /// If it fails; training ends with it.
    fn begin(&mut self, _seed: u64) -> Result<()> {
        Ok(())
    }

    /// One step on the training examples with these numbers, through [`Update::apply`]. Returns the
    /// loss before the update.
    ///
    /// # Errors
    /// If the gradient is not finite.
    fn step(&mut self, numbers: &[usize], context: Context, update: &mut Update<T>) -> Result<Terms>;

    /// The loss on examples that are not trained on, if there are any. The same every time.
    fn validate(&self, seed: u64) -> Option<Terms>;

    /// Adds everything that training changes, under the prefix `model`.
    fn save(&self, into: &mut Checkpoint<T>);

    /// Brings back what [`save`](Self::save) added.
    ///
    /// # Errors
    /// A sentence, if it does not fit; nothing is changed then.
    fn restore(&mut self, from: &Checkpoint<T>) -> Result<(), String>;

    /// Gives a restored optimizer state to an optimizer of this model's parameters.
    ///
    /// # Errors
    /// If the state is that of another kind of optimizer.
    fn restore_optimizer(&self, optimizer: &mut dyn Optimizer<T>, state: optim::State<T>) -> Result<()>;
}

/// How a task's model is updated: an optimizer and what happens to gradients before it.
pub struct Update<'a, T: Real> {
    /// The rule.
    pub optimizer: &'a mut dyn Optimizer<T>,
    /// See [`Plan::clip_norm`](super::Plan::clip_norm).
    pub clip_norm: Option<f64>,
}

impl<T: Real> Update<'_, T> {
    /// One step along this gradient. New statistics that the pass noted in the context go into the
    /// model as well.
    ///
    /// # Errors
    /// If the gradient is to be clipped and is not finite.
    pub fn apply<M: Tree<Tensor<T>>>(
        &mut self,
        model: &mut M,
        mut gradient: M,
        context: &mut Context,
    ) -> Result<()> {
        if let Some(limit) = self.clip_norm {
            clip::by_norm(&mut gradient, limit)?;
        }
        optim::step(self.optimizer, model, &gradient);
        context.store(model);
        Ok(())
    }
}

/// Some examples on a tape.
pub struct Batch<'t> {
    /// The features, `[batch, features]`.
    pub x: Var<'t, f32>,
    /// The class of each example; empty if the data set has no labels.
    pub classes: Vec<usize>,
}

/// The task of a model whose examples are the rows of a [`Dataset`].
pub struct Fit<'a, M, F> {
    /// The model at rest.
    pub model: M,
    train: &'a Dataset,
    validation: Option<&'a Dataset>,
    loss: F,
}

impl<'a, M, F> Fit<'a, M, F>
where
    M: Tree<Tensor<f32>, With<Tensor<f32>> = M>,
    F: for<'t> Fn(&M::With<Var<'t, f32>>, Batch<'t>, &mut Context) -> Loss<'t, f32>,
{
    /// A model, examples to train on, perhaps examples to judge by, and the loss of a batch.
    pub fn new(model: M, train: &'a Dataset, validation: Option<&'a Dataset>, loss: F) -> Self {
        Fit { model, train, validation, loss }
    }
}

/// These examples, on this tape.
fn batch<'t>(data: &Dataset, numbers: &[usize], tape: &'t Tape<f32>) -> Batch<'t> {
    let classes = match &data.labels {
        Some(labels) => numbers.iter().map(|&number| labels[number] as usize).collect(),
        None => vec![],
    };
    Batch { x: tape.constant(data.rows(numbers)), classes }
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
        let mut terms = None;
        let (_, gradient) = value_and_grad(&self.model, |model, tape| {
            let loss = (self.loss)(&model, batch(self.train, numbers, tape), &mut context);
            terms = Some(Terms::of(&loss));
            loss.total()
        });
        update.apply(&mut self.model, gradient, &mut context)?;
        Ok(terms.expect("the closure ran"))
    }

    fn validate(&self, seed: u64) -> Option<Terms> {
        let data = self.validation?;
        let all: Vec<usize> = (0..data.len()).collect();
        let parts = all.chunks(EVALUATED).map(|numbers| {
            let mut terms = None;
            value(&self.model, |model, tape| {
                let context = &mut Context::evaluation(seed, numbers);
                let loss = (self.loss)(&model, batch(data, numbers, tape), context);
                terms = Some(Terms::of(&loss));
                loss.total()
            });
            (terms.expect("the closure ran"), numbers.len())
        });
        Terms::mean(parts)
    }

    fn save(&self, into: &mut Checkpoint<f32>) {
        into.insert("model", &self.model);
    }

    fn restore(&mut self, from: &Checkpoint<f32>) -> Result<(), String> {
        from.restore("model", &mut self.model)
    }

    fn restore_optimizer(&self, optimizer: &mut dyn Optimizer<f32>, state: optim::State<f32>) -> Result<()> {
        optim::restore(optimizer, &self.model, state)
    }
}
