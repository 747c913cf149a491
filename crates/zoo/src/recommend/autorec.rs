//! AutoRec (Sedhain, Menon, Sanner and Xie 2015).
//!
//! > `min Σᵤ ‖rᵤ − h(rᵤ)‖²_O + λ/2 (‖W‖² + ‖V‖²)`,  `h(r) = W σ(V r + b) + c`
//!
//! `‖·‖_O` counts observed ratings only: nothing is learnt from those that are missing, neither by the
//! loss nor by its gradient. Ratings are taken as distances from their mean, so a missing one, which
//! enters as 0, is an average one, and an item that nobody rated is predicted to be average.
//!
//! On [transposed](super::Ratings::transposed) ratings this is the item-based variant.

use autograd::{Real, Tape, Tensor, Var, tree};
use nn::{Activation, Context, Error, Generator, Init, Linear, Result};

use super::{Batch, Ratings, Recommender, gathered, scores};
use crate::{Loss, Unit};

/// Settings of AutoRec.
#[derive(Clone, Debug)]
pub struct Config {
    /// Units of the hidden layer.
    pub hidden: usize,
    /// `λ`, the weight of the squared weights, for the sum over all users, ≥ 0.
    pub decay: f64,
    /// After the hidden layer.
    pub activation: Activation,
}

impl Default for Config {
    /// The paper's 500 sigmoid units.
    fn default() -> Self {
        Config { hidden: 500, decay: 1.0, activation: Activation::Sigmoid }
    }
}

/// One hidden layer.
#[derive(Clone, Debug)]
pub struct AutoRec<W> {
    /// `V`, `b`.
    encoder: Linear<W>,
    /// `W`, `c`.
    decoder: Linear<W>,
    config: Config,
    mean: f64,
    users: usize,
}
tree!(AutoRec { encoder, decoder; config, mean, users });

impl Config {
    /// A model with random weights for these ratings.
    ///
    /// # Errors
    /// If a setting makes no sense, or there are no ratings.
    pub fn build(&self, ratings: &Ratings, from: &mut Generator) -> Result<AutoRec<Tensor<f32>>> {
        if self.hidden == 0 || !(self.decay >= 0.0 && self.decay.is_finite()) || ratings.is_empty() {
            return Err(Error::setting(
                "hidden",
                format!(
                    "AutoRec needs at least 1 hidden unit, a decay from 0 up and ratings, not {} units, decay {} and \
                 {} ratings",
                    self.hidden,
                    self.decay,
                    ratings.len()
                ),
            ));
        }
        Ok(AutoRec {
            encoder: Linear::new(ratings.items(), self.hidden, Init::Glorot, from),
            decoder: Linear::new(self.hidden, ratings.items(), Init::Glorot, from),
            config: self.clone(),
            mean: f64::from(ratings.mean()),
            users: ratings.users(),
        })
    }
}

impl AutoRec<Tensor<f32>> {
    /// The root of the mean squared error of the hidden ratings, given the known ones. Predictions are
    /// clipped to `range`, the lowest and the highest rating there is.
    ///
    /// # Panics
    /// If users or items are not the same.
    #[track_caller]
    pub fn rmse(&self, known: &Ratings, hidden: &Ratings, range: [f32; 2]) -> f64 {
        let sizes = |ratings: &Ratings| (ratings.users(), ratings.items());
        assert!(sizes(known) == sizes(hidden), "rmse: {:?} and {:?}", sizes(known), sizes(hidden));
        let predicted = scores(self, known);
        let error = |user: usize, (item, rating): (usize, f32)| {
            f64::from(predicted[[user, item]].clamp(range[0], range[1]) - rating).powi(2)
        };
        let errors = (0..hidden.users()).flat_map(|u| hidden.of(u).iter().map(move |&e| error(u, e)));
        (errors.sum::<f64>() / hidden.len().max(1) as f64).sqrt()
    }
}

impl<'t, T: Real> AutoRec<Var<'t, T>> {
    fn hidden(&self, batch: &Batch, x: Var<'t, T>) -> Var<'t, T> {
        self.config.activation.apply(gathered(&self.encoder, x, &batch.items))
    }

    /// The observed ratings as distances from the mean, and 0 elsewhere.
    fn centred(&self, batch: &Batch, tape: &'t Tape<T>) -> Var<'t, T> {
        tape.constant(batch.x.cast::<T>()) - tape.constant(batch.observed.cast::<T>()) * self.mean
    }
}

impl<'t, T: Real> Recommender<'t, T> for AutoRec<Var<'t, T>> {
    fn loss(&self, batch: &Batch, tape: &'t Tape<T>, _: &mut Context) -> Loss<'t, T> {
        let x = self.centred(batch, tape);
        // Only items that somebody in the batch has rated can be observed.
        let weight = self.decoder.weight.index_select(0, &batch.items);
        let output =
            self.hidden(batch, x).matmul(weight.t()) + self.decoder.bias.index_select(0, &batch.items);
        let errors = (output - x) * tape.constant(batch.observed.cast::<T>());
        let weights = self.encoder.weight.square().sum() + self.decoder.weight.square().sum();
        let decay = weights * (0.5 * self.config.decay / self.users as f64);
        let error = errors.square().sum() / x.shape()[0] as f64;
        Loss::sum(Unit::SquaredError, [("observed ratings", error), ("decay", decay)])
    }

    fn scores(&self, batch: &Batch, tape: &'t Tape<T>) -> Var<'t, T> {
        self.decoder.forward(self.hidden(batch, self.centred(batch, tape))) + self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::Recommending;
    use autograd::grad;
    use nn::optim::{Adam, Schedule};
    use nn::random::{normal, uniform};
    use nn::train::{Plan, Trainer};
    use nn::{Purpose, generator};

    const NOISE: f32 = 0.5;

    /// 500 users, 300 items, five tastes, noise of deviation ½; one rating in five is there.
    fn ratings() -> Ratings {
        let draw =
            |shape: [usize; 2], number| normal::<f32>(shape, &mut generator(0, Purpose::Noise, number, 0));
        let liked = draw([500, 5], 1).matmul(&draw([5, 300], 2));
        let noise = draw([500, 300], 3);
        let there = uniform::<f32>([500, 300], 0.0, 1.0, &mut generator(0, Purpose::Noise, 4, 0));
        let cells = (0..500).flat_map(|u| (0..300).map(move |i| (u, i)));
        let rating = |(u, i)| (u, i, 3.0 + 0.5 * liked[[u, i]] + NOISE * noise[[u, i]]);
        Ratings::new(500, 300, cells.filter(|&(u, i)| there[[u, i]] < 0.2).map(rating)).unwrap()
    }

    #[test]
    fn hidden_ratings_are_predicted_almost_as_well_as_the_noise_allows() {
        let [known, hidden] = ratings().transposed().split(0.1, 0);
        // A unit for each taste.
        let config = Config { hidden: 5, decay: 50.0, activation: Activation::Identity };
        let model = config.build(&known, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
        let schedule = Schedule::Cosine { floor: 0.0 };
        let plan = Plan { epochs: 500, batch: 50, learning_rate: 5e-3, schedule, ..Plan::default() };
        let mut task = Recommending { model, train: &known };
        let before = task.model.rmse(&known, &hidden, [-9.0, 15.0]);
        Trainer::new(plan.clone(), Adam::new(plan.learning_rate)).run(&mut task).unwrap();
        let after = task.model.rmse(&known, &hidden, [-9.0, 15.0]);
        assert!(after < 1.15 * f64::from(NOISE), "RMSE {before} became {after}");
    }

    #[test]
    fn missing_ratings_have_no_influence() {
        let ratings = Ratings::new(2, 4, [(0, 0, 5.0), (0, 2, 1.0), (1, 2, 3.0)]).unwrap();
        let config = Config { hidden: 3, decay: 0.0, ..Config::default() };
        let model = config.build(&ratings, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
        let slope = grad(&model, |model, tape| {
            model.loss(&ratings.batch(&[0, 1]), tape, &mut Context::training(0, 1, &[0, 1])).total()
        });
        // Items 1 and 3 are missing everywhere; for item 0 only user 0 counts.
        let of_item = |item| slope.decoder.weight.slice(0, item..item + 1).to_vec();
        assert!(of_item(1).iter().chain(&of_item(3)).all(|d| *d == 0.0));
        assert!(of_item(0).iter().all(|d| *d != 0.0));
        let alone = grad(&model, |model, tape| {
            model.loss(&ratings.batch(&[0]), tape, &mut Context::training(0, 1, &[0])).total()
        });
        let same = of_item(0).into_iter().zip(alone.decoder.weight.slice(0, ..1).to_vec());
        assert!(same.into_iter().all(|(both, alone)| (2.0 * both - alone).abs() < 1e-5));
    }

    #[test]
    fn gathering_changes_nothing() {
        let ratings = Ratings::new(2, 4, [(0, 0, 5.0), (1, 2, 3.0)]).unwrap();
        let config = Config { hidden: 3, ..Config::default() };
        let model = config.build(&ratings, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
        let dense = Batch {
            items: vec![0, 1, 2, 3],
            x: Tensor::from_vec([2, 4], vec![5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 0.0]),
            observed: Tensor::from_vec([2, 4], vec![1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
            all_items: 4,
        };
        let of = |batch: &Batch| autograd::value(&model, |model, tape| model.scores(batch, tape));
        let difference = of(&ratings.batch(&[0, 1])).zip(&of(&dense), |a, b| (a - b).abs());
        assert!(difference.to_vec().iter().all(|d| *d < 1e-6));
    }
}
