//! # Lab 4: a variational autoencoder
//!
//! Book: docs/src/11-variational.md
//!
//! Step 42 gave you the parts. Here you write a whole VAE on handwritten digits, measure it on digits that it was not
//! trained on, and draw new ones. 300 digits are for training and 100 for testing; every pixel is black or white.
//!
//! 1. (15 minutes) `posterior` and `draw`. 2. (15 minutes) `bound`: one number for each digit. 3. (25 minutes) `train`:
//!    batches, an optimizer, a rate. 4. (20 minutes) `likelihood`: the bound with many draws. 5. (15 minutes) `sample`.
// hint: The terms of a digit: losses::bce_with_logits averages over the batch, so sum by hand: (logits.softplus() - logits * x).sum_over(1) is −ln p(x|z) of each. For the bound with K draws, ln w = −nll − ½ Σ z² + ½ Σ (ln σ² + ε²), and 1/K Σ w in logarithms as in step 43. Adam with a rate of 0.005 and batches of 50 for 30 epochs reaches about 24 nats.
// marks: a_draw_has_mean_and_variance 10, the_bound_is_made_of_both_terms 15, each_digit_has_its_own_number 5
// marks: training_lowers_the_loss 15, digits_of_the_test_cost_less_than_27_nats 20
// marks: many_draws_tighten_the_bound 15, new_digits_are_probabilities 10, and_not_all_the_same 10

use autograd::{Tape, Tensor, Var, tree, value_and_grad};
use nn::{Activation, Adam, Mlp, Purpose, generator, random};

const LATENTS: usize = 4;

/// A network from 64 pixels to means and log-variances, and one from latents to the logits of the pixels.
struct Vae<W> {
    encoder: Mlp<W>,
    decoder: Mlp<W>,
}
tree!(Vae { encoder, decoder });

/// A new model.
fn new() -> Vae<Tensor<f64>> {
    let from = &mut generator(0, Purpose::Init, 0, 0);
    let encoder = Mlp::new(&[64, 48, 2 * LATENTS], Activation::Tanh, from);
    Vae { encoder, decoder: Mlp::new(&[LATENTS, 48, 64], Activation::Tanh, from) }
}

/// Noise `[batch, latents]` that depends on a number only.
fn noise(batch: usize, number: u64) -> Tensor<f64> {
    random::normal([batch, LATENTS], &mut generator(0, Purpose::Noise, number, 0))
}

impl<'t> Vae<Var<'t, f64>> {
    /// Mean and log-variance of the proposal for each digit, both `[batch, latents]`.
    fn posterior(&self, x: Var<'t, f64>) -> [Var<'t, f64>; 2] {
        // hole: the two halves of what the encoder says
        let q = self.encoder.forward(x);
        [q.slice(1, 0..LATENTS), q.slice(1, LATENTS..2 * LATENTS)]
        // end
    }

    /// `−ELBO` of each digit, `[batch]`.
    fn bound(&self, x: Var<'t, f64>, eps: Var<'t, f64>) -> Var<'t, f64> {
        let [mu, log_var] = self.posterior(x);
        let z = draw(mu, log_var, eps);
        let logits = self.decoder.forward(z);
        // hole: −ln p(x|z), summed over the pixels, plus the divergence from N(0, 1)
        let nll = (logits.softplus() - logits * x).sum_over(1);
        let kl = (mu.square() + log_var.exp() - log_var - 1.0).sum_over(1) * 0.5;
        nll + kl
        // wrong: (logits.softplus() - logits * x).sum_over(1)
        // wrong: let nll = (logits.softplus() - logits * x).sum_over(1);
        // | let kl = (mu.square() + log_var.exp() - log_var - 1.0).sum_over(1) * 0.5;
        // | (nll + kl).mean()
        // end
    }

    /// `−ln` of the mean of the weights `w = p(x|z) p(z) / q(z|x)` over `draws` draws, for each digit: `[batch]`.
    fn likelihood(&self, x: Var<'t, f64>, draws: u64) -> Var<'t, f64> {
        let [mu, log_var] = self.posterior(x);
        let log_weight = |number: u64| {
            let eps = x.tape().constant(noise(x.shape()[0], number));
            let z = draw(mu, log_var, eps);
            let logits = self.decoder.forward(z);
            // hole: ln w = ln p(x|z) + ln p(z) − ln q(z|x), without the constants that cancel
            let nll = (logits.softplus() - logits * x).sum_over(1);
            let ln_q = (log_var + eps.square()).sum_over(1) * -0.5;
            z.square().sum_over(1) * -0.5 - ln_q - nll
            // wrong: (logits * x - logits.softplus()).sum_over(1)
            // end
        };
        let all: Vec<Var<f64>> = (0..draws).map(log_weight).collect();
        (Var::stack(&all, 0).logsumexp_over(0) - (draws as f64).ln()) * -1.0
    }
}

/// `z = μ + σ ε`.
fn draw<'t>(mu: Var<'t, f64>, log_var: Var<'t, f64>, eps: Var<'t, f64>) -> Var<'t, f64> {
    // hole: the reparameterized draw
    mu + (log_var * 0.5).exp() * eps
    // wrong: mu + log_var.exp() * eps
    // end
}

/// A model that was trained on `x`, `[digits, 64]`, and its mean loss in each epoch.
fn train(x: &Tensor<f64>) -> (Vae<Tensor<f64>>, Vec<f64>) {
    let mut model = new();
    let mut curve = vec![];
    // hole: some epochs; in each, for every batch, loss and gradient and a step of an optimizer
    let mut adam = Adam::new(0.005);
    for epoch in 0..30_u64 {
        let mut sum = 0.0;
        for batch in 0..6 {
            let part = x.slice(0, 50 * batch..50 * (batch + 1));
            let eps = noise(50, epoch * 6 + batch as u64);
            let (loss, gradient) = value_and_grad(&model, |model, tape| {
                model.bound(tape.constant(&part), tape.constant(&eps)).mean()
            });
            adam.step(&mut model, &gradient);
            sum += loss;
        }
        curve.push(sum / 6.0);
    }
    // wrong: let mut adam = Adam::new(0.005);
    // | for epoch in 0..2_u64 {
    // |     let eps = noise(300, epoch);
    // |     let (loss, gradient) = value_and_grad(&model, |model, tape| {
    // |         model.bound(tape.constant(x), tape.constant(&eps)).mean()
    // |     });
    // |     adam.step(&mut model, &gradient);
    // |     curve.push(loss);
    // | }
    // end
    (model, curve)
}

/// Probabilities of the pixels of new digits, `[count, 64]`: codes from the prior, decoded.
fn sample(model: &Vae<Tensor<f64>>, count: usize) -> Tensor<f64> {
    autograd::value(model, |model, tape| {
        // hole: decode noise, and make probabilities of the logits
        model.decoder.forward(tape.constant(noise(count, 99))).sigmoid()
        // wrong: model.decoder.forward(tape.constant(noise(count, 99)))
        // wrong: model.decoder.forward(tape.constant(Tensor::zeros([count, LATENTS]))).sigmoid()
        // end
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::OnceLock;

    /// Black and white digits: those for training, and those for testing.
    fn digits() -> [Tensor<f64>; 2] {
        let all = Tensor::from_vec([400, 64], exercises::data::digits(400));
        let all = all.map(|grey| if grey > 0.5 { 1.0 } else { 0.0 });
        [all.slice(0, 0..300), all.slice(0, 300..400)]
    }

    /// The model that you train, and its curve; trained once for all tests.
    fn trained() -> &'static (Vae<Tensor<f64>>, Vec<f64>) {
        static TRAINED: OnceLock<(Vae<Tensor<f64>>, Vec<f64>)> = OnceLock::new();
        TRAINED.get_or_init(|| train(&digits()[0]))
    }

    /// Mean bounds of the digits: one draw, and `draws` of them.
    fn bounds(model: &Vae<Tensor<f64>>, x: &Tensor<f64>, draws: u64) -> [f64; 2] {
        let one = autograd::value(model, |model, tape| {
            model.bound(tape.constant(x), tape.constant(noise(x.shape()[0], 7))).mean()
        });
        let many = autograd::value(model, |model, tape| model.likelihood(tape.constant(x), draws).mean());
        [one.item(), many.item()]
    }

    /// A model of zeros that proposes `N(1, 1)` for every digit.
    fn proposing_ones() -> Vae<Tensor<f64>> {
        let mut model = new();
        for layer in model.encoder.layers.iter_mut().chain(&mut model.decoder.layers) {
            layer.weight = Tensor::zeros(layer.weight.shape());
        }
        model.encoder.layers[1].bias =
            Tensor::from_fn([2 * LATENTS], |i| if i < LATENTS { 1.0 } else { 0.0 });
        model
    }

    #[test]
    fn a_draw_has_mean_and_variance() {
        let tape = Tape::<f64>::new();
        let z = draw(
            tape.constant(2.0),
            tape.constant(9.0_f64.ln()),
            tape.constant(Tensor::from_vec([2], vec![1.0, -1.0])),
        );
        let z = z.value().to_vec();
        assert!(
            (z[0] - 5.0).abs() < 1e-12 && (z[1] + 1.0).abs() < 1e-12,
            "2 ± 3 gives [5, −1], and you have {z:?}"
        );
    }

    #[test]
    fn the_bound_is_made_of_both_terms() {
        let [yours, _] = bounds(&proposing_ones(), &digits()[1], 1);
        let formula = 64.0 * 2.0_f64.ln() + 2.0; // 64 coins, and four means of 1
        assert!((yours - formula).abs() < 1e-10, "the formula gives {formula:.4}, and you {yours:.4}");
    }

    #[test]
    fn each_digit_has_its_own_number() {
        let x = digits()[1].slice(0, 0..3);
        let bound =
            autograd::value(&new(), |model, tape| model.bound(tape.constant(&x), tape.constant(noise(3, 0))));
        assert_eq!(bound.shape(), [3]);
    }

    #[test]
    fn training_lowers_the_loss() {
        let (_, curve) = trained();
        let (first, last) = (curve.first().copied().unwrap_or(0.0), curve.last().copied().unwrap_or(0.0));
        assert!(last < 0.75 * first, "the mean loss of an epoch goes from {first:.1} to {last:.1} nats");
    }

    #[test]
    fn digits_of_the_test_cost_less_than_27_nats() {
        let [bound, _] = bounds(&trained().0, &digits()[1], 1);
        assert!(bound < 27.0, "the bound of new digits is {bound:.2} nats");
    }

    #[test]
    fn many_draws_tighten_the_bound() {
        let [_, test] = digits();
        // With one draw, −ln w of a digit is known for a model of zeros that proposes N(1, 1): 64 coins, and what the
        // draw says about prior and proposal.
        let model = proposing_ones();
        let [_, yours] = bounds(&model, &test, 1);
        let terms = noise(100, 0).map(|e| 0.5 * (1.0 + e).powi(2) - 0.5 * e * e);
        let formula = 64.0 * 2.0_f64.ln() + terms.sum_to([]).item() / 100.0;
        assert!((yours - formula).abs() < 1e-10, "with one draw −ln w is {formula:.4}, and yours {yours:.4}");

        let [one, many] = bounds(&trained().0, &test.slice(0, 0..50), 20);
        assert!(many < one - 0.2 && many > one - 8.0, "one draw gives {one:.2} nats, twenty give {many:.2}");
    }

    #[test]
    fn new_digits_are_probabilities() {
        let new = sample(&new(), 5);
        assert_eq!(new.shape(), [5, 64]);
        assert!(new.to_vec().iter().all(|p| (0.0..=1.0).contains(p)), "probabilities lie between 0 and 1");
    }

    #[test]
    fn and_not_all_the_same() {
        let new = sample(&new(), 2).to_vec();
        assert!(new[..64] != new[64..], "two new digits are the same");
    }
}
