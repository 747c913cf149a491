//! What variational models share: an encoder to a Gaussian posterior `q(z|x) = N(μ(x), diag σ²(x))`, and
//! a decoder that is a distribution.

use autograd::{Real, Tensor, Var, tree, value};
use nn::{Activation, Context, Dataset, Generator, Mlp, Result};

use super::decoder::Decoder;
use super::{centred, check_widths, reversed, small_code, widths};
use crate::Likelihood;
use crate::terms::{gaussian_kl_by_latent, ln_gaussian, ln_standard_normal};

/// Encoder and decoder of a variational model. The encoder gives `μ` and `s = ln σ²` side by side.
#[derive(Clone, Debug)]
pub struct Network<W> {
    pub(super) encoder: Mlp<W>,
    /// `p(x|z)`.
    pub decoder: Decoder<W>,
    /// Latent variables.
    pub code: usize,
}
tree!(Network { encoder, decoder; code });

/// A Gaussian with a diagonal covariance on a tape.
#[derive(Clone, Copy)]
pub struct Gaussian<'t, T: Real> {
    /// The mean `μ`, `[rows, latents]`.
    pub mu: Var<'t, T>,
    /// `s = ln σ²`, `[rows, latents]`.
    pub log_var: Var<'t, T>,
}

/// Latent variables and hidden units for data of this kind when nothing else is said.
pub(super) fn default_size(data: &Dataset) -> (usize, Vec<usize>) {
    if data.width() < 256 { (small_code(data), vec![256]) } else { (20, vec![400]) }
}

impl Network<Tensor<f32>> {
    /// A network with initial parameters; the decoder's hidden layers mirror the encoder's.
    ///
    /// # Errors
    /// If a layer has no units.
    pub fn new(
        data: &Dataset,
        (code, hidden): (usize, &[usize]),
        activation: Activation,
        likelihood: Likelihood,
        from: &mut Generator,
    ) -> Result<Self> {
        Network::with_outputs(data, (code, hidden), 0, activation, likelihood, from)
    }

    /// A network whose encoder has further outputs beside `μ` and `s`.
    ///
    /// # Errors
    /// If a layer has no units.
    pub fn with_outputs(
        data: &Dataset,
        (code, hidden): (usize, &[usize]),
        further: usize,
        activation: Activation,
        likelihood: Likelihood,
        from: &mut Generator,
    ) -> Result<Self> {
        check_widths(hidden, code)?;
        let input = data.width();
        let mut encoder = Mlp::new(&widths(input, hidden, 2 * code + further), activation, from);
        centred(&mut encoder.layers[0], data);
        begin_near_prior(&mut encoder, [code, input], data.x());
        let decoder =
            Decoder::new(&reversed(widths(input, hidden, code)), activation, likelihood, data, from)?;
        Ok(Network { encoder, decoder, code })
    }
}

/// Scales the initial weights of an encoder's outputs so that the divergence of the posterior from the prior, over all
/// latents, begins with about 0.015 nats for each feature: little beside `−ln p(x|z)`. Nearer to the prior, codes would say
/// nothing at first, and a training would begin by finding them.
pub(super) fn begin_near_prior(
    encoder: &mut Mlp<Tensor<f32>>,
    [code, features]: [usize; 2],
    inputs: &Tensor<f32>,
) {
    /// As many examples as are looked at.
    const ENOUGH: usize = 256;
    let rows = inputs.shape()[0].min(ENOUGH);
    let some = inputs.slice(0, ..rows);
    let outputs = value(&*encoder, |encoder, tape| encoder.forward(tape.constant(&some)));
    // The divergence is about ½ Σ μ² + ¼ Σ s², for these outputs μ and s.
    let squares: f32 = outputs.slice(1, ..2 * code).to_vec().iter().map(|o| o * o).sum();
    let (mean, wanted) = (squares / rows.max(1) as f32, 0.03 * features as f32);
    if mean > wanted {
        quiet(encoder, 0, (wanted / mean).sqrt());
    }
}

/// The output of an encoder that [`Gaussian::of`] makes this `ln σ²` of, or 6 where it is more: near the bound of 8 no
/// output would be large enough.
pub(super) fn output_for(log_var: f64) -> f64 {
    ((log_var.min(6.0) + 2.0) * 0.1).atanh() * 10.0 - 2.0
}

/// Scales the initial weights of a network's outputs from this one on.
pub(super) fn quiet(network: &mut Mlp<Tensor<f32>>, first: usize, factor: f32) {
    let weight = &mut network.layers.last_mut().expect("at least one layer").weight;
    let columns = weight.shape()[1];
    weight.make_mut().iter_mut().skip(first * columns).for_each(|w| *w *= factor);
}

impl<'t, T: Real> Network<Var<'t, T>> {
    /// `q(z|x)` for `[batch, features]`.
    pub fn posterior(&self, x: Var<'t, T>) -> Gaussian<'t, T> {
        self.posterior_and_further(x).0
    }

    /// `q(z|x)` and the encoder's further outputs.
    pub fn posterior_and_further(&self, x: Var<'t, T>) -> (Gaussian<'t, T>, Var<'t, T>) {
        let outputs = self.encoder.forward(x);
        (Gaussian::of(outputs.slice(1, ..2 * self.code)), outputs.slice(1, 2 * self.code..))
    }

    /// `ln p(x|z)` of several draws for each example: `z` is `[batch, draws, code]`, the result `[batch, draws]`.
    pub fn ln_likelihood(&self, z: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        ln_likelihood(&self.decoder, z, x)
    }

    /// `ln p(x|z) + ln p(z) − ln q(z|x)` with the prior `N(0, I)`, `[batch, samples]`; see
    /// [`Model::log_weights`](crate::Model::log_weights).
    pub fn log_weights(&self, x: Var<'t, T>, samples: usize, context: &mut Context) -> Option<Var<'t, T>> {
        let q = self.posterior(x);
        let z = q.draws(samples, context);
        Some(self.ln_likelihood(z, x) + ln_standard_normal(z) - q.ln_density(z))
    }
}

/// `ln p(x|z)` by a decoder, of several draws for each example: `[batch, draws, code]` to `[batch, draws]`.
pub(super) fn ln_likelihood<'t, T: Real>(
    decoder: &Decoder<Var<'t, T>>,
    z: Var<'t, T>,
    x: Var<'t, T>,
) -> Var<'t, T> {
    let ([batch, draws, code], features) = (three(&z.shape()), x.shape()[1]);
    let x = x.unsqueeze(1).expand([batch, draws, features]).reshape([batch * draws, features]);
    -decoder.nll(z.reshape([batch * draws, code]), x).reshape([batch, draws])
}

#[track_caller]
fn three(shape: &[usize]) -> [usize; 3] {
    shape.try_into().unwrap_or_else(|_| panic!("codes should be [batch, draws, code], not {shape:?}"))
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
