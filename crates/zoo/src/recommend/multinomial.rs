//! Mult-VAE and Mult-DAE (Liang, Krishnan, Hoffman and Jebara 2018).
//!
//! > `L(x) = E[ −Σᵢ xᵢ ln softmax(f(z))ᵢ ] + β KL(q(z|x) ‖ N(0, I))`
//!
//! What a user has chosen is taken for draws from one distribution over all items: items compete, and a
//! list is judged by who comes first. The input is scaled to length 1 and thinned by dropout, so the
//! model has to restore choices that it does not see, which is what recommending is. The divergence has a
//! weight below 1, which grows over the first epochs: here it regularises, and is no bound (section
//! 2.2.2). The denoising autoencoder is the same without a distribution of codes.

use autograd::{Real, Tape, Tensor, Var, tree};
use nn::{Activation, Context, Error, Generator, Init, Linear, Mlp, Result};

use super::{Batch, Ratings, Recommender, gathered};
use crate::terms::gaussian_kl;
use crate::{Loss, Unit};

/// Settings of a multinomial autoencoder.
#[derive(Clone, Debug)]
pub struct Config {
    /// Numbers in the code.
    pub code: usize,
    /// Units of the hidden layers of the encoder; the decoder mirrors them.
    pub hidden: Vec<usize>,
    /// Whether codes are distributions (Mult-VAE) or not (Mult-DAE).
    pub variational: bool,
    /// The fraction of choices that the encoder does not see in training, from 0 to below 1.
    pub dropout: f64,
    /// `β`, ≥ 0.
    pub beta: f64,
    /// Epochs until the divergence has its full weight.
    pub warmup: u64,
}

impl Default for Config {
    /// The paper's Mult-VAE.
    fn default() -> Self {
        Config { code: 200, hidden: vec![600], variational: true, dropout: 0.5, beta: 0.2, warmup: 100 }
    }
}

/// Encoder and decoder.
#[derive(Clone, Debug)]
pub struct Multinomial<W> {
    /// From the items.
    first: Linear<W>,
    /// To the code: nothing, for a denoising autoencoder without hidden layers.
    rest: Vec<Linear<W>>,
    decoder: Mlp<W>,
    config: Config,
}
tree!(Multinomial { first, rest, decoder; config });

impl Config {
    /// A model with random weights for these choices.
    ///
    /// # Errors
    /// If a setting makes no sense.
    pub fn build(&self, choices: &Ratings, from: &mut Generator) -> Result<Multinomial<Tensor<f32>>> {
        let Config { code, hidden, variational, dropout, beta, .. } = self;
        if *code == 0 || hidden.contains(&0) {
            return Err(Error::setting("hidden", "code and hidden layers must have at least 1 unit"));
        }
        if !((0.0..1.0).contains(dropout) && *beta >= 0.0 && beta.is_finite()) {
            return Err(Error::setting(
                "dropout",
                format!(
                    "dropout is a fraction from 0 to below 1 and beta a number from 0 up, not {dropout} and {beta}"
                ),
            ));
        }
        let output = if *variational { 2 * code } else { *code };
        let up = [&[choices.items()], &hidden[..], &[output]].concat();
        let mut down = [&[choices.items()], &hidden[..], &[*code]].concat();
        down.reverse();
        let mut layers = up.windows(2).map(|pair| Linear::new(pair[0], pair[1], Init::Glorot, from));
        Ok(Multinomial {
            first: layers.next().expect("at least one layer"),
            rest: layers.collect(),
            decoder: Mlp::new(&down, Activation::Tanh, from),
            config: self.clone(),
        })
    }
}

impl<'t, T: Real> Multinomial<Var<'t, T>> {
    /// The encoder's output: a code, or mean and `ln σ²` of its distribution side by side.
    fn encode(&self, batch: &Batch, x: Var<'t, T>) -> Var<'t, T> {
        let output = gathered(&self.first, x, &batch.items);
        let output = self.rest.iter().fold(output, |h, layer| layer.forward(h.tanh()));
        if self.config.variational { output } else { output.tanh() }
    }

    /// The choices of every user, scaled to length 1.
    fn scaled(batch: &Batch, tape: &'t Tape<T>) -> Var<'t, T> {
        let users = batch.x.shape()[0];
        // A user without choices stays at 0.
        let squares = batch.x.map(|x| x * x).sum_to([users, 1]).map(|square| square.max(1e-12));
        tape.constant(batch.x.zip(&squares, |x, square| x / square.sqrt()).cast::<T>())
    }
}

impl<'t, T: Real> Recommender<'t, T> for Multinomial<Var<'t, T>> {
    fn loss(&self, batch: &Batch, tape: &'t Tape<T>, context: &mut Context) -> Loss<'t, T> {
        let Config { code, variational, dropout, beta, warmup, .. } = self.config;
        let mut x = Self::scaled(batch, tape);
        if context.is_training() && dropout > 0.0 {
            // For all items: what a user's draws are must not depend on who else is in the batch.
            let draws = context.uniform::<T>(batch.all_items).index_select(1, &batch.items);
            let kept = T::of(1.0 / (1.0 - dropout));
            x = x * tape.constant(draws.map(|draw| if draw.as_f64() < dropout { T::zero() } else { kept }));
        }
        let output = self.encode(batch, x);
        let (z, divergence) = if variational {
            let (mu, log_var) = (output.slice(1, ..code), output.slice(1, code..));
            let eps = tape.constant(context.normal(code));
            (mu + (log_var * 0.5).exp() * eps, Some(gaussian_kl(mu, log_var)))
        } else {
            (output, None)
        };
        let log_shares = self.decoder.forward(z).log_softmax(-1).index_select(1, &batch.items);
        let counts = tape.constant(batch.x.cast::<T>());
        // What is excluded by a logit of −∞ and was not chosen costs nothing, but 0 times ∞ would be NaN.
        let log_shares = counts.ne(0.0).select(log_shares, 0.0);
        let likelihood = -(counts * log_shares).sum() / batch.x.shape()[0] as f64;
        let mut terms = vec![("choices", likelihood)];
        if let Some(divergence) = divergence {
            let grown =
                if context.is_training() { context.epoch() as f64 / warmup.max(1) as f64 } else { 1.0 };
            terms.push(("kl", divergence * (beta * grown.min(1.0))));
        }
        Loss { unit: Unit::Nats, terms }
    }

    fn scores(&self, batch: &Batch, tape: &'t Tape<T>) -> Var<'t, T> {
        let output = self.encode(batch, Self::scaled(batch, tape));
        self.decoder.forward(output.slice(1, ..self.config.code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::metrics::quality;
    use crate::recommend::{Recommending, scores};
    use nn::optim::Adam;
    use nn::random::permutation;
    use nn::train::{Plan, Trainer};
    use nn::{Purpose, generator};

    /// 1000 items of 20 genres; every user likes two genres and has chosen 25 of their 100 items.
    fn choices(users: usize) -> Ratings {
        let row = |user: usize| {
            let from = &mut generator(5, Purpose::Noise, 0, user as u64);
            let genres = permutation(20, from);
            let picked = permutation(100, from);
            picked.into_iter().take(25).map(move |i| (user, 50 * genres[i / 50] + i % 50, 1.0))
        };
        Ratings::new(users, 1000, (0..users).flat_map(row)).unwrap()
    }

    #[test]
    fn lists_for_new_users_are_far_better_than_the_popular_items() {
        let all = choices(700);
        let train = all.select(&(0..600).collect::<Vec<_>>());
        let [known, hidden] = all.select(&(600..700).collect::<Vec<_>>()).split(0.2, 0);
        let counts = train.transposed();
        let popularity = Tensor::from_fn([100, 1000], |i| counts.of(i % 1000).len() as f32);
        let popular = quality(&popularity, &known, &hidden, 100).ndcg;
        for variational in [true, false] {
            let config = Config { code: 20, hidden: vec![], variational, warmup: 10, ..Config::default() };
            let model = config.build(&train, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
            let mut task = Recommending { model, train: &train };
            let plan = Plan { epochs: 40, batch: 100, learning_rate: 1e-2, ..Plan::default() };
            Trainer::new(plan.clone(), Adam::new(plan.learning_rate)).run(&mut task).unwrap();
            let ours = quality(&scores(&task.model, &known), &known, &hidden, 100).ndcg;
            assert!(ours > 2.0 * popular, "variational {variational}: {ours}, popular items {popular}");
        }
    }

    #[test]
    fn the_loss_is_that_of_the_dense_rows() {
        let ratings = Ratings::new(2, 5, [(0, 0, 1.0), (0, 3, 1.0), (1, 3, 1.0)]).unwrap();
        let config =
            Config { code: 2, hidden: vec![4], variational: false, dropout: 0.0, ..Config::default() };
        let model = config.build(&ratings, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
        let batch = ratings.batch(&[0, 1]);
        let loss = autograd::value(&model, |model, tape| {
            model.loss(&batch, tape, &mut Context::evaluation(0, &[0, 1])).total()
        });
        let x = Tensor::from_vec([2, 5], vec![1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
        let dense = autograd::value(&scores(&model, &ratings), |logits, tape| {
            nn::losses::multinomial_nll(logits, tape.constant(&x))
        });
        assert!((loss.item() - dense.item()).abs() < 1e-5);
    }

    #[test]
    fn what_is_excluded_and_was_not_chosen_costs_nothing() {
        let ratings = Ratings::new(1, 3, [(0, 0, 1.0), (0, 1, 0.0)]).unwrap();
        let config =
            Config { code: 2, hidden: vec![], variational: false, dropout: 0.0, ..Config::default() };
        let mut model = config.build(&ratings, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
        model.decoder.layers.last_mut().unwrap().bias.make_mut()[1] = f32::NEG_INFINITY;
        let (loss, gradient) = autograd::value_and_grad(&model, |model, tape| {
            model.loss(&ratings.batch(&[0]), tape, &mut Context::evaluation(0, &[0])).total()
        });
        let logits = scores(&model, &ratings).to_vec();
        let expected = (logits[0].exp() + logits[2].exp()).ln() - logits[0];
        assert!((loss - expected).abs() < 1e-6, "{loss}, not {expected}");
        autograd::Tree::visit(&gradient, &mut |name, g: &Tensor<f32>| {
            assert!(g.to_vec().iter().all(|g| g.is_finite()), "{name}: {g:?}");
        });
    }

    #[test]
    fn settings_without_sense_are_refused() {
        let ratings = choices(1);
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let text =
            |config: Config, from: &mut Generator| config.build(&ratings, from).unwrap_err().to_string();
        assert!(text(Config { dropout: 1.0, ..Config::default() }, from).contains("below 1"));
        assert!(text(Config { code: 0, ..Config::default() }, from).contains("at least 1 unit"));
    }
}
