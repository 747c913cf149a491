//! # A variational autoencoder of your own
//!
//! Book: docs/src/11-variational.md#the-loss-in-the-zoo
//!
//! Everything comes together: an encoder that gives mean and log-variance of two latents, a draw, a decoder that gives a
//! logit for every pixel, and the negative bound as the loss:
//!
//! > `−ELBO = E_q[ −ln p(x|z) ] + KL( q(z|x) ‖ N(0, 1) )`
//!
//! `losses::bce_with_logits(logits, x)` is `−ln p(x|z)` of black and white pixels, summed over them and averaged over the
//! examples. The parts are there; put them together.
// hint: q = self.encoder.forward(x), mu = q.slice(1, ..2), log_var = q.slice(1, 2..4). z = mu + (log_var * 0.5).exp() * eps. The loss is losses::bce_with_logits(self.decoder.forward(z), x) + kl(mu, log_var).mean().

use autograd::{Tensor, Var, tree, value_and_grad};
use nn::{Activation, Adam, Mlp, Purpose, generator, losses, random};

/// A network from pixels to four numbers, and one from two latents to pixels.
struct Vae<W> {
    encoder: Mlp<W>,
    decoder: Mlp<W>,
}
tree!(Vae { encoder, decoder });

/// The divergence of each example from the prior.
fn kl<'t>(mu: Var<'t, f64>, log_var: Var<'t, f64>) -> Var<'t, f64> {
    (mu.square() + log_var.exp() - log_var - 1.0).sum_over(1) * 0.5
}

impl<'t> Vae<Var<'t, f64>> {
    /// `−ELBO` of an example, in the mean over `x`, `[batch, pixels]`; `eps` is noise, `[batch, 2]`.
    fn loss(&self, x: Var<'t, f64>, eps: Var<'t, f64>) -> Var<'t, f64> {
        // hole: encode (columns 0 and 1 are μ, 2 and 3 are ln σ²), draw, decode, and add the two terms
        let q = self.encoder.forward(x);
        let (mu, log_var) = (q.slice(1, 0..2), q.slice(1, 2..4));
        let z = mu + (log_var * 0.5).exp() * eps;
        losses::bce_with_logits(self.decoder.forward(z), x) + kl(mu, log_var).mean()
        // wrong: let q = self.encoder.forward(x);
        // | let (mu, log_var) = (q.slice(1, 0..2), q.slice(1, 2..4));
        // | let z = mu + (log_var * 0.5).exp() * eps;
        // | losses::bce_with_logits(self.decoder.forward(z), x)
        // wrong: let q = self.encoder.forward(x);
        // | let (mu, log_var) = (q.slice(1, 0..2), q.slice(1, 2..4));
        // | losses::bce_with_logits(self.decoder.forward(mu), x) + kl(mu, log_var).mean()
        // wrong: let q = self.encoder.forward(x);
        // | let (mu, log_var) = (q.slice(1, 0..2), q.slice(1, 2..4));
        // | let z = mu + (log_var * 0.5).exp() * eps;
        // | losses::bce_with_logits(self.decoder.forward(z), x) + kl(mu, log_var).sum()
        // wrong: let q = self.encoder.forward(x);
        // | let (mu, log_var) = (q.slice(1, 0..2), q.slice(1, 2..4));
        // | let z = mu + log_var.exp() * eps;
        // | losses::bce_with_logits(self.decoder.forward(z), x) + kl(mu, log_var).mean()
        // wrong: let q = self.encoder.forward(x);
        // | let (mu, log_var) = (q.slice(1, 0..2), q.slice(1, 2..4));
        // | losses::bce_with_logits(self.decoder.forward(mu + eps), x) + kl(mu, log_var).mean()
        // end
    }
}

/// A new model.
fn vae(pixels: usize) -> Vae<Tensor<f64>> {
    let from = &mut generator(0, Purpose::Init, 0, 0);
    let encoder = Mlp::new(&[pixels, 16, 4], Activation::Tanh, from);
    Vae { encoder, decoder: Mlp::new(&[2, 16, pixels], Activation::Tanh, from) }
}

/// A model after some steps, and its loss before the first and after the last.
fn train(x: &Tensor<f64>, steps: usize) -> (Vae<Tensor<f64>>, f64, f64) {
    let (mut model, mut adam) = (vae(x.shape()[1]), Adam::new(0.02));
    let mut losses = vec![];
    for step in 0..=steps {
        let eps: Tensor<f64> =
            random::normal([x.shape()[0], 2], &mut generator(0, Purpose::Noise, step as u64, 0));
        let (loss, gradient) =
            value_and_grad(&model, |model, tape| model.loss(tape.constant(x), tape.constant(&eps)));
        losses.push(loss);
        adam.step(&mut model, &gradient);
    }
    (model, losses[0], losses[steps])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Black and white digits.
    fn digits(count: usize) -> Tensor<f64> {
        Tensor::from_vec([count, 64], exercises::data::digits(count))
            .map(|grey| if grey > 0.5 { 1.0 } else { 0.0 })
    }

    /// A model of zeros, but for the encoder's last bias: it proposes `N(μ, e^s)` whatever it reads.
    fn proposing(mu: f64, log_var: f64) -> Vae<Tensor<f64>> {
        let mut model = vae(64);
        for layer in model.encoder.layers.iter_mut().chain(&mut model.decoder.layers) {
            layer.weight = Tensor::zeros(layer.weight.shape());
        }
        model.encoder.layers[1].bias = Tensor::from_vec([4], vec![mu, mu, log_var, log_var]);
        model
    }

    fn loss(model: &Vae<Tensor<f64>>, x: &Tensor<f64>, eps: f64) -> f64 {
        let eps = Tensor::full([x.shape()[0], 2], eps);
        autograd::value(model, |model, tape| model.loss(tape.constant(x), tape.constant(&eps))).item()
    }

    #[test]
    fn a_model_of_zeros_tosses_a_coin_for_every_pixel() {
        let (yours, coins) = (loss(&proposing(0.0, 0.0), &digits(3), 0.3), 64.0 * 2.0_f64.ln());
        assert!(
            (yours - coins).abs() < 1e-12,
            "64 coins cost 64 ln 2 = {coins:.3} nats, and your loss is {yours:.3}"
        );
    }

    #[test]
    fn a_proposal_that_differs_from_the_prior_costs_its_divergence() {
        let (yours, coins) = (loss(&proposing(2.0, 0.0), &digits(3), 0.3), 64.0 * 2.0_f64.ln());
        assert!(
            (yours - coins - 4.0).abs() < 1e-12,
            "two means of 2 cost 4 nats, and yours cost {:.3}",
            yours - coins
        );
    }

    #[test]
    fn the_noise_takes_part() {
        let model = vae(64);
        let (one, other) = (loss(&model, &digits(3), 0.0), loss(&model, &digits(3), 1.0));
        assert!((one - other).abs() > 1e-6, "the loss does not depend on the noise");
    }

    #[test]
    fn the_noise_has_the_standard_deviation_of_the_proposal() {
        // With ln σ² = 2 the noise ½ is drawn out to ½ e, and the divergence of two latents grows by e² − 3.
        let proposing = |log_var| Vae { decoder: vae(64).decoder, ..proposing(0.5, log_var) };
        let e = std::f64::consts::E;
        let (yours, expected) = (
            loss(&proposing(2.0), &digits(3), 0.5),
            loss(&proposing(0.0), &digits(3), 0.5 * e) + e * e - 3.0,
        );
        assert!(
            (yours - expected).abs() < 1e-9,
            "with ln σ² = 2 and the noise ½ the loss should be {expected:.3}, and yours is {yours:.3}"
        );
    }

    #[test]
    fn it_learns_digits() {
        let (_, before, after) = train(&digits(60), 150);
        println!("from {before:.1} to {after:.1} nats");
        assert!(
            after < 0.7 * before,
            "the loss should fall by a third, and goes from {before:.1} to {after:.1}"
        );
    }
}
