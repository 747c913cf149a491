//! What the zoo asks of a model: [`Model`], on a tape, and [`AnyModel`], at rest and of any kind.

use std::path::Path;

use autograd::{Mismatch, Name, Real, Tensor, Tree, Var, gradcheck_slice, value, value_and_grad};
use nn::checkpoint::{self, Metadata};
use nn::{Context, Optimizer, Result, optim};

use crate::{Loss, Unit};

/// An autoencoder on a tape. A model's file implements this and nothing else.
pub trait Model<'t, T: Real> {
    /// The code `z` of `x`: `[batch, features]` to `[batch, code]`. Draws no noise.
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T>;

    /// The reconstruction `x̂` from a code: `[batch, code]` to `[batch, features]`.
    fn decode(&self, z: Var<'t, T>) -> Var<'t, T>;

    /// The loss of the paper for a batch, as named terms.
    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T>;
}

/// The terms of a loss, as numbers, with their unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// The unit of every term.
    pub unit: Unit,
    /// Names and values.
    pub values: Vec<(&'static str, f64)>,
}

impl Terms {
    fn of<T: Real>(loss: &Loss<T>) -> Self {
        let values = loss.terms.iter().map(|(name, term)| (*name, term.item().as_f64())).collect();
        Terms { unit: loss.unit, values }
    }

    /// The sum of the terms.
    pub fn total(&self) -> f64 {
        self.values.iter().map(|term| term.1).sum()
    }
}

/// A model at rest. The trainer, the metrics and the command line work with any of them.
pub trait AnyModel {
    /// The codes of examples, `[batch, features]` to `[batch, code]`.
    fn encode(&self, x: &Tensor<f32>) -> Tensor<f32>;

    /// Reconstructions from codes.
    fn decode(&self, z: &Tensor<f32>) -> Tensor<f32>;

    /// The loss of a batch.
    fn loss(&self, x: &Tensor<f32>, context: Context) -> Terms;

    /// One step of training on a batch; returns the loss before the step.
    fn train_step(&mut self, x: &Tensor<f32>, context: Context, optimizer: &mut dyn Optimizer<f32>) -> Terms;

    /// Calls `f` with every parameter and its name.
    fn parameters(&self, f: &mut dyn FnMut(Name, &Tensor<f32>));

    /// Compares the derivative of this order of the loss, with respect to all parameters, with
    /// finite differences in double precision.
    ///
    /// # Errors
    /// If they differ; see [`autograd::gradcheck`].
    fn gradcheck(&self, x: &Tensor<f32>, context: Context, order: usize) -> Result<(), Mismatch>;

    /// Writes a checkpoint.
    ///
    /// # Errors
    /// If the file cannot be written.
    fn save(&self, path: &Path, metadata: Metadata) -> Result<()>;

    /// Reads the parameters from a checkpoint.
    ///
    /// # Errors
    /// If the file cannot be read or does not fit.
    fn load(&mut self, path: &Path) -> Result<Metadata>;
}

/// A model whose parameters are learnt by gradient descent: every [`Model`] is one.
pub struct Learned<M>(pub M);

impl<M> AnyModel for Learned<M>
where
    M: Tree<Tensor<f32>, With<Tensor<f32>> = M>,
    for<'t> M::With<Var<'t, f32>>: Model<'t, f32>,
    for<'t> M::With<Var<'t, f64>>: Model<'t, f64>,
{
    fn encode(&self, x: &Tensor<f32>) -> Tensor<f32> {
        value(&self.0, |model, tape| model.encode(tape.constant(x)))
    }

    fn decode(&self, z: &Tensor<f32>) -> Tensor<f32> {
        value(&self.0, |model, tape| model.decode(tape.constant(z)))
    }

    fn loss(&self, x: &Tensor<f32>, mut context: Context) -> Terms {
        let mut terms = None;
        value(&self.0, |model, tape| {
            let loss = model.loss(tape.constant(x), &mut context);
            terms = Some(Terms::of(&loss));
            loss.total()
        });
        terms.expect("the closure ran")
    }

    fn train_step(
        &mut self,
        x: &Tensor<f32>,
        mut context: Context,
        optimizer: &mut dyn Optimizer<f32>,
    ) -> Terms {
        let mut terms = None;
        let (_, gradient) = value_and_grad(&self.0, |model, tape| {
            let loss = model.loss(tape.constant(x), &mut context);
            terms = Some(Terms::of(&loss));
            loss.total()
        });
        optim::step(optimizer, &mut self.0, &gradient);
        terms.expect("the closure ran")
    }

    fn parameters(&self, f: &mut dyn FnMut(Name, &Tensor<f32>)) {
        self.0.visit(f);
    }

    fn gradcheck(&self, x: &Tensor<f32>, context: Context, order: usize) -> Result<(), Mismatch> {
        let mut parameters = vec![];
        self.0.visit(&mut |_, parameter| parameters.push(parameter.cast()));
        gradcheck_slice(
            &|leaves| {
                let x = leaves[0].tape().constant(x.cast::<f64>());
                let mut leaves = leaves.iter().copied();
                let next = &mut |_: Name, _: &Tensor<f32>| leaves.next().expect("one for each parameter");
                self.0.map(Name::Root, next).loss(x, &mut context.clone()).total()
            },
            &parameters,
            order,
        )
    }

    fn save(&self, path: &Path, metadata: Metadata) -> Result<()> {
        checkpoint::save(path, &self.0, metadata)
    }

    fn load(&mut self, path: &Path) -> Result<Metadata> {
        checkpoint::load(path, &mut self.0)
    }
}
