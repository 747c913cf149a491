//! Recommendation: autoencoders of what people have rated.
//!
//! The examples are users, the features are items, and almost all of them are missing. A model learns to
//! complete a user's row from the few entries that are there.
//!
//! | | data | loss |
//! |---|---|---|
//! | [`AutoRec`](autorec::AutoRec) | ratings | squared error of the observed ones |
//! | [`Multinomial`](multinomial::Multinomial) | what was chosen | `−Σ x ln softmax`: Mult-DAE and Mult-VAE |
//!
//! [`Ratings`] are kept sparse, and the first layer gathers the columns of its matrix that a batch needs.
//! Models are trained by the trainer of [`nn::train`], as [`Recommending`]. [`metrics`] defines how lists
//! are judged.

pub mod autorec;
mod interactions;
pub mod metrics;
pub mod multinomial;
mod ratings;
mod rivals;
mod study;

use autograd::{Real, Tape, Tensor, Tree, Var, value};
use nn::train::{Task, Terms, Trainable, Update};
use nn::{Context, Linear, Result};

use crate::Loss;
pub use interactions::{Choices, Interactions};
pub use ratings::{Batch, Ratings};
pub use rivals::{Ease, popularity};
pub use study::{HIDDEN, Study, hide};

/// A recommender on a tape.
pub trait Recommender<'t, T: Real> {
    /// The loss of some users.
    fn loss(&self, batch: &Batch, tape: &'t Tape<T>, context: &mut Context) -> Loss<'t, T>;

    /// A score for every item, `[users, items]`: larger for what a user is expected to like more.
    fn scores(&self, batch: &Batch, tape: &'t Tape<T>) -> Var<'t, T>;
}

/// The task of learning to recommend, for the trainer.
pub struct Recommending<'a, M> {
    /// The model at rest.
    pub model: M,
    /// What it learns from.
    pub train: &'a Ratings,
}

impl<M> Task<f32> for Recommending<'_, M>
where
    M: Tree<Tensor<f32>, With<Tensor<f32>> = M>,
    for<'t> M::With<Var<'t, f32>>: Recommender<'t, f32>,
{
    fn examples(&self) -> usize {
        self.train.users()
    }

    fn step(&mut self, numbers: &[usize], mut context: Context, update: &mut Update<f32>) -> Result<Terms> {
        let batch = self.train.batch(numbers);
        update.step(&mut self.model, &mut context, |model, tape, context| model.loss(&batch, tape, context))
    }

    fn validate(&self, _: u64) -> Result<Option<Terms>> {
        Ok(None) // lists are judged by the metrics, with some entries hidden
    }

    fn model(&self) -> &dyn Trainable<f32> {
        &self.model
    }

    fn model_mut(&mut self) -> &mut dyn Trainable<f32> {
        &mut self.model
    }
}

/// The scores of all items for all users of `known`, `[users, items]`, from what is known of each.
pub fn scores<M>(model: &M, known: &Ratings) -> Tensor<f32>
where
    M: Tree<Tensor<f32>, With<Tensor<f32>> = M>,
    for<'t> M::With<Var<'t, f32>>: Recommender<'t, f32>,
{
    let users: Vec<usize> = (0..known.users()).collect();
    let parts: Vec<Tensor<f32>> = users
        .chunks(500)
        .map(|users| value(model, |model, tape| model.scores(&known.batch(users), tape)))
        .collect();
    Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0)
}

/// `x Wᵀ + b` where `x`, `[users, items.len()]`, has only these columns, and all others are 0.
fn gathered<'t, T: Real>(layer: &Linear<Var<'t, T>>, x: Var<'t, T>, items: &[usize]) -> Var<'t, T> {
    x.matmul(layer.weight.index_select(1, items).t()) + layer.bias
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Name, gradcheck_slice};
    use nn::{Activation, Purpose, generator};

    /// Compares the derivatives of the whole loss with finite differences.
    fn check<M>(name: &str, model: &M, ratings: &Ratings)
    where
        M: Tree<Tensor<f32>, With<Tensor<f32>> = M>,
        for<'t> M::With<Var<'t, f64>>: Recommender<'t, f64>,
    {
        let mut parameters = vec![];
        model.visit(&mut |_, parameter| parameters.push(parameter.cast::<f64>()));
        let users: Vec<usize> = (0..ratings.users()).collect();
        let batch = ratings.batch(&users);
        for order in 1..=2 {
            gradcheck_slice(&|leaves| loss_of(model, &batch, &users, leaves), &parameters, order)
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    fn loss_of<'t, M>(model: &M, batch: &Batch, users: &[usize], leaves: &[Var<'t, f64>]) -> Var<'t, f64>
    where
        M: Tree<Tensor<f32>, With<Tensor<f32>> = M>,
        M::With<Var<'t, f64>>: Recommender<'t, f64>,
    {
        let tape = leaves[0].tape();
        let mut leaves = leaves.iter().copied();
        let next = &mut |_: Name, _: &Tensor<f32>| leaves.next().expect("one for each parameter");
        let context = &mut Context::training(0, 1, users);
        model.map(Name::Root, next).loss(batch, tape, context).total()
    }

    #[test]
    fn gradients_of_the_losses_agree_with_finite_differences() {
        let triples = [(0, 0, 5.0), (0, 3, 1.0), (1, 3, 3.0), (1, 1, 4.0), (2, 0, 2.0)];
        let ratings = Ratings::new(3, 5, triples).unwrap();
        let from = &mut generator(1, Purpose::Init, 0, 0);
        let config = autorec::Config { hidden: 3, decay: 0.5, activation: Activation::Sigmoid };
        check("AutoRec", &config.build(&ratings, from).unwrap(), &ratings);
        for variational in [true, false] {
            let config = multinomial::Config { code: 2, hidden: vec![3], variational, ..Default::default() };
            check("Multinomial", &config.build(&ratings, from).unwrap(), &ratings);
        }
    }
}
