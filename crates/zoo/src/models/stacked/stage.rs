//! Pretraining: one layer at a time, as an autoencoder of the codes below it.

use autograd::{Real, Tensor, Var, tree};
use nn::train::{Ended, Plan, Task};
use nn::{Activation, Context, Dataset, Result};

use super::Stacked;
use crate::data::Split;
use crate::models::mirror::{Back, Mirror};
use crate::train::Lesson;
use crate::{Learned, Likelihood, Loss, Model, evaluate};

/// One layer as an autoencoder with tied weights. The noise belongs to its level: the codes below are
/// clean.
#[derive(Clone, Debug)]
pub struct Stage<W> {
    mirror: Mirror<W>,
    likelihood: Likelihood,
    masking: f64,
}
tree!(Stage { mirror; likelihood, masking });

/// What trains a stage: given the number of its level, from 0, what is to be trained, and its plan.
pub type TrainStage<'a> = dyn FnMut(usize, &mut dyn Task<f32>, &Plan) -> Result<Ended> + 'a;

impl Stacked<Tensor<f32>> {
    /// Trains the layers one after the other, each on the codes of those below, which are computed once.
    /// The plan is for each of them. If one is stopped, it and those above it stay as they are.
    ///
    /// # Errors
    /// Those of `train`.
    pub fn pretrain(&mut self, data: &Dataset, plan: &Plan, train: &mut TrainStage<'_>) -> Result<Ended> {
        let unlabelled = |x| Dataset::new(x);
        let mut codes = unlabelled(data.x().clone());
        for level in 0..self.mirror.up.len() {
            let mut stage = Learned(self.stage(level));
            let mean = evaluate::mean(codes.x());
            stage.0.mirror.begin_with(&mean, &stage.0.likelihood.output_for(&mean));
            // Nobody looks at the loss of a stage after every epoch, so few examples will do.
            let test = unlabelled(codes.x().slice(0, ..codes.len().min(100)));
            let split = Split { name: format!("codes of level {level}"), train: codes, test };
            let plan = Plan { seed: plan.seed.wrapping_add(level as u64), ..plan.clone() };
            let ended = train(level, &mut Lesson::new(&mut stage, &split), &plan)?;
            if ended != Ended::Finished {
                return Ok(ended);
            }
            codes = unlabelled(evaluate::codes(&stage, &split.train));
            self.put_back(level, stage.0);
        }
        Ok(Ended::Finished)
    }

    /// A layer as an autoencoder: the weights of its encoder serve both ways.
    pub(super) fn stage(&self, level: usize) -> Stage<Tensor<f32>> {
        let (up, bias) = (self.mirror.up[level].clone(), self.mirror.down[level].bias.clone());
        let activation = self.mirror.activation;
        // Codes of other units than sigmoid ones are not probabilities.
        let likelihood = match level > 0 && activation != Activation::Sigmoid {
            true => Likelihood::SquaredError,
            false => self.likelihood,
        };
        let masking = self.masking.get(level).or(self.masking.last()).copied().unwrap_or(0.0);
        let mirror = Mirror { up: vec![up], down: vec![Back { weight: None, bias }], activation };
        Stage { mirror, likelihood, masking }
    }

    /// Puts a stage into its place, with a matrix of its own for the way back.
    fn put_back(&mut self, level: usize, mut stage: Stage<Tensor<f32>>) {
        let (layer, mut back) = (stage.mirror.up.remove(0), stage.mirror.down.remove(0));
        back.weight = Some(layer.weight.clone());
        (self.mirror.up[level], self.mirror.down[level]) = (layer, back);
    }
}

impl<'t, T: Real> Model<'t, T> for Stage<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.mirror.encode(x)
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.likelihood.mean(self.mirror.decode(z))
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        // The model has to restore what was there before the noise.
        let seen = if context.is_training() && self.masking > 0.0 {
            x * context.on(x.tape()).uniform(x.shape()[1]).ge(self.masking).numbers()
        } else {
            x
        };
        let output = self.mirror.decode(self.mirror.encode(seen));
        Loss::sum(self.likelihood.unit(), [("reconstruction", self.likelihood.loss(output, x))])
    }
}
