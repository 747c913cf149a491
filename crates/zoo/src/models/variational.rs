//! The Gaussian posterior `q(z|x) = N(μ(x), diag σ²(x))` that variational models share.

use autograd::{Real, Tensor, Var, value};
use nn::{Activation, Context, Dataset, Generator, Result, Sequential};

use super::small_code;
use crate::Likelihood;
use crate::network::texts::text_of;
use crate::network::{Autoencoder, Design, evaluation, quiet};
use crate::terms::{gaussian_kl_by_latent, ln_gaussian, ln_standard_normal};

/// A Gaussian with a diagonal covariance on a tape.
#[derive(Clone, Copy)]
pub struct Gaussian<'t, T: Real> {
    /// The mean `μ`, `[rows, latents]`.
    pub mu: Var<'t, T>,
    /// `s = ln σ²`, `[rows, latents]`.
    pub log_var: Var<'t, T>,
}

/// Latent variables, layers and likelihood for data of this kind when nothing else is said.
pub(super) fn usual_design(data: &Dataset) -> Design {
    let small = data.width() < 256 || text_of(data.schema()).is_some();
    let (code, hidden) = if small { (small_code(data), vec![256]) } else { (20, vec![400]) };
    Design::mlp(code, &hidden, Activation::Relu, Likelihood::Bernoulli)
}

impl Autoencoder<Tensor<f32>> {
    /// A variational network: its encoder gives `μ` and `s = ln σ²` side by side, begins near the prior, and may have
    /// `further` outputs.
    ///
    /// # Errors
    /// Those of [`Autoencoder::new`].
    pub fn variational(
        data: &Dataset,
        design: &Design,
        further: usize,
        from: &mut Generator,
    ) -> Result<Self> {
        let mut net = Autoencoder::with_outputs(data, design, 2 * design.code + further, from)?;
        begin_near_prior(&mut net.encoder, design.code, data.x());
        Ok(net)
    }
}

/// Scales the initial weights of an encoder's outputs so that the divergence of the posterior from the prior, over all
/// latents, begins with about 0.015 nats for each feature: little beside `−ln p(x|z)`. Nearer to the prior, codes would say
/// nothing at first, and a training would begin by finding them.
pub(super) fn begin_near_prior(encoder: &mut Sequential<Tensor<f32>>, code: usize, inputs: &Tensor<f32>) {
    /// As many examples as are looked at.
    const ENOUGH: usize = 256;
    let rows = inputs.shape()[0].min(ENOUGH);
    let some = inputs.slice(0, ..rows);
    let outputs = value(&*encoder, |encoder, tape| encoder.forward(tape.constant(&some), &mut evaluation()));
    // The divergence is about ½ Σ μ² + ¼ Σ s², for these outputs μ and s.
    let squares: f32 = outputs.slice(1, ..2 * code).to_vec().iter().map(|o| o * o).sum();
    let (mean, wanted) = (squares / rows.max(1) as f32, 0.03 * inputs.shape()[1] as f32);
    if mean > wanted {
        quiet(encoder, 0, (wanted / mean).sqrt());
    }
}

/// The output of an encoder that [`Gaussian::of`] makes this `ln σ²` of, or 6 where it is more: near the bound of 8 no
/// output would be large enough.
pub(super) fn output_for(log_var: f64) -> f64 {
    ((log_var.min(6.0) + 2.0) * 0.1).atanh() * 10.0 - 2.0
}

impl<'t, T: Real> Autoencoder<Var<'t, T>> {
    /// `q(z|x)` for `[batch, features]`.
    pub fn posterior(&self, x: Var<'t, T>, context: &mut Context) -> Gaussian<'t, T> {
        self.posterior_and_further(x, context).0
    }

    /// `q(z|x)` and the encoder's further outputs.
    pub fn posterior_and_further(
        &self,
        x: Var<'t, T>,
        context: &mut Context,
    ) -> (Gaussian<'t, T>, Var<'t, T>) {
        let outputs = self.encode(x, context);
        (Gaussian::of(outputs.slice(1, ..2 * self.code)), outputs.slice(1, 2 * self.code..))
    }

    /// `ln p(x|z) + ln p(z) − ln q(z|x)` with the prior `N(0, I)`, `[batch, samples]`; see
    /// [`Model::log_weights`](crate::Model::log_weights).
    pub fn log_weights(&self, x: Var<'t, T>, samples: usize, context: &mut Context) -> Var<'t, T> {
        self.weighted_codes(x, samples, context)[0]
    }

    /// The same and the codes, `[batch, samples, code]`; see [`Model::weighted_codes`](crate::Model::weighted_codes).
    pub fn weighted_codes(&self, x: Var<'t, T>, samples: usize, context: &mut Context) -> [Var<'t, T>; 2] {
        let q = self.posterior(x, context);
        let z = q.draws(samples, context);
        [self.ln_likelihood(z, x, context) + ln_standard_normal(z) - q.ln_density(z), z]
    }
}

impl<'t, T: Real> Gaussian<'t, T> {
    /// From `[rows, 2 latents]`: means, and logarithms of variances before they are bounded to (−12, 8).
    /// The bound `−2 + 10 tanh((r + 2)/10)` has a slope everywhere, where clamping would let a latent that
    /// left the range never come back; around −2 it changes nothing.
    pub fn of(parameters: Var<'t, T>) -> Self {
        let [mu, raw] = parameters.chunk(-1);
        Gaussian { mu, log_var: ((raw + 2.0) * 0.1).tanh() * 10.0 - 2.0 }
    }

    /// `KL(N(μⱼ, σⱼ²) ‖ N(0, 1))` of every latent, the mean over the rows: `[latents]`.
    pub fn divergence(self) -> Var<'t, T> {
        gaussian_kl_by_latent(self.mu, self.log_var)
    }

    // ANCHOR: draw
    /// `z = μ + σ ε`, one draw for each row. The noise comes from outside, so the gradient passes through
    /// the draw to `μ` and `σ` (the *reparameterization trick*).
    pub fn draw(self, context: &mut Context) -> Var<'t, T> {
        let eps = context.on(self.mu.tape()).normal(self.mu.shape()[1]);
        self.mu + (self.log_var * 0.5).exp() * eps
    }
    // ANCHOR_END: draw

    /// Several draws for each row, `[rows, draws, latents]`.
    pub fn draws(self, draws: usize, context: &mut Context) -> Var<'t, T> {
        let (rows, latents) = (self.mu.shape()[0], self.mu.shape()[1]);
        let eps = context.on(self.mu.tape()).normal(draws * latents).reshape([rows, draws, latents]);
        let Gaussian { mu, log_var } = self.unsqueezed();
        mu + (log_var * 0.5).exp() * eps
    }

    /// `ln q(z)` of several codes for each row: `[rows, draws, latents]` to `[rows, draws]`.
    pub fn ln_density(self, z: Var<'t, T>) -> Var<'t, T> {
        let Gaussian { mu, log_var } = self.unsqueezed();
        ln_gaussian(z, mu, log_var)
    }

    /// The posteriors of the [whole](Context::whole) batch.
    pub fn whole(self, context: &Context) -> Self {
        Gaussian { mu: context.whole(self.mu), log_var: context.whole(self.log_var) }
    }

    /// The same numbers, through which no gradient passes.
    pub fn stopped(self) -> Self {
        Gaussian { mu: self.mu.stop_gradient(), log_var: self.log_var.stop_gradient() }
    }

    fn unsqueezed(self) -> Self {
        Gaussian { mu: self.mu.unsqueeze(1), log_var: self.log_var.unsqueeze(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Tape;

    #[test]
    fn variances_are_bounded_without_losing_their_gradient() {
        let tape = Tape::<f64>::new();
        let raw = [-60.0, -30.0, -2.0, 0.0, 30.0, 40.0];
        let parameters = tape.var(Tensor::from_vec([6, 2], raw.iter().flat_map(|&s| [0.0, s]).collect()));
        let log_var = Gaussian::of(parameters).log_var;
        let values = log_var.value().to_vec();
        assert!(values.iter().all(|s| (-12.0..=8.0).contains(s)) && values.is_sorted(), "{values:?}");
        assert_eq!(values[2], -2.0);
        assert!((values[3] - -0.026).abs() < 1e-3);
        let slopes = log_var.sum().backward().wrt(parameters).to_vec();
        assert!(slopes.chunks(2).all(|slope| slope[0] == 0.0 && slope[1] > 0.0), "{slopes:?}");
    }
}
