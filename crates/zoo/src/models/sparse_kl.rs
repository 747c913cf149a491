//! The sparse autoencoder whose units are on a given part of the time (Ng 2011, *Sparse autoencoder*,
//! CS294A lecture notes).
//!
//! > `L = ‖x − x̂‖² + λ ‖W‖² + 2β Σⱼ KL(ρ ‖ ρ̂ⱼ)`,  `h = σ(W₁ x + b₁)`,  `x̂ = W₂ h + b₂`
//!
//! (twice the objective of the notes, so that `β`, `λ` and `ρ` keep their values while the first term is
//! the squared error of every other table.) `ρ̂ⱼ` is the mean of `hⱼ` over the *data set*, so this is no
//! mean over examples. The mean over a batch in its place gives a larger penalty, as KL is convex:
//! `E KL(ρ ‖ ρ̂_batch) ≥ KL(ρ ‖ ρ̂)`. Here `ρ̂` is an average over recent batches. Only the newest of
//! them is on the tape, and it receives the gradient of the whole average.

use autograd::{Buffer, Real, Tensor, Var, tree, value};
use nn::{Context, Dataset, Error, Generator, Init, Linear, Result};
use serde::{Deserialize, Serialize};

use super::check_widths;
use crate::registry::Entry;
use crate::terms::bernoulli_kl;
use crate::{Learned, Loss, Model, Settings, Unit, evaluate};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "sparse-kl",
    title: "sparse autoencoder with a target activity",
    equation: "‖x − x̂‖² + λ ‖W‖² + 2β Σ KL(ρ ‖ ρ̂)",
    source: "Ng 2011",
    ..Entry::of::<Config>(include_str!("sparse_kl.rs"))
};

/// Settings of a sparse autoencoder with a target activity.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Units in the code: as many as inputs or more, since most are off at any time.
    pub code: usize,
    /// `ρ`, in `(0, 1)`: the part of the images for which a unit should be on.
    pub rho: f64,
    /// `β` ≥ 0, the weight of the divergence.
    pub beta: f64,
    /// `λ` ≥ 0, the weight of the squared weights.
    pub decay: f64,
    /// The part of `ρ̂` that is kept from batch to batch, in `[0, 1)`. With 0 the penalty is that of the
    /// batch, and has derivatives of every order; above 0 a second derivative is refused.
    pub memory: f64,
}

/// Encoder, decoder, and the running mean of the code.
#[derive(Clone, Debug)]
pub struct SparseKl<W> {
    /// `W₁`, `b₁`.
    pub encoder: Linear<W>,
    /// `W₂`, `b₂`.
    pub decoder: Linear<W>,
    /// `ρ̂`, `[code]`.
    pub activity: Buffer<W>,
    rho: f64,
    beta: f64,
    decay: f64,
    memory: f64,
}
tree!(SparseKl { encoder, decoder, activity; rho, beta, decay, memory });

impl Settings for Config {
    type Model = Learned<SparseKl<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let code = if data.width() < 256 { 64 } else { 196 };
        Config { code, rho: 0.05, beta: 0.1, decay: 1e-4, memory: 0.9 }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_widths(&[], self.code)?;
        let Config { code, rho, beta, decay, memory } = *self;
        if !(rho > 0.0 && rho < 1.0) {
            return Err(Error::setting("rho", format!("rho must be between 0 and 1, not {rho}")));
        }
        if !(0.0..1.0).contains(&memory) {
            return Err(Error::setting(
                "memory",
                format!("memory must be at least 0 and below 1, not {memory}"),
            ));
        }
        for (name, weight) in [("beta", beta), ("decay", decay)] {
            if !(weight >= 0.0 && weight.is_finite()) {
                return Err(Error::setting(name, format!("{name} must be a number from 0 up, not {weight}")));
            }
        }
        let features = data.width();
        let mut encoder = Linear::new(features, code, Init::Glorot, from);
        // Units begin near their target, so the first steps do not switch them all off.
        encoder.bias = Tensor::full([code], (rho / (1.0 - rho)).ln());
        let mut decoder = Linear::new(code, features, Init::Glorot, from);
        // The first reconstruction of the mean is the mean.
        let mean = evaluate::mean(data.x());
        let network = vec![encoder.clone(), decoder.clone()];
        let output = value(&network, |layers, tape| {
            layers[1].forward(layers[0].forward(tape.constant(mean.reshape([1, features]))).sigmoid())
        });
        decoder.bias = mean.zip(&output.reshape([features]), |mean, output| mean - output);
        let activity = Buffer(Tensor::full([code], rho));
        Ok(Learned(SparseKl { encoder, decoder, activity, rho, beta, decay, memory }))
    }
}

impl<'t, T: Real> SparseKl<Var<'t, T>> {
    /// `ρ̂`, `[code]`, with the codes of this batch as its newest part.
    fn rho_hat(&self, h: Var<'t, T>, context: &Context) -> Var<'t, T> {
        let batch = context.whole(h).mean_over(0);
        if !context.is_training() || self.memory == 0.0 {
            return batch;
        }
        let average = self.activity.latest() * self.memory + batch.stop_gradient() * (1.0 - self.memory);
        self.activity.set(average);
        batch.straight_through(average)
    }
}

impl<'t, T: Real> Model<'t, T> for SparseKl<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.encoder.forward(x).sigmoid()
    }

    fn decode(&self, h: Var<'t, T>) -> Var<'t, T> {
        self.decoder.forward(h)
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let h = self.encode(x);
        let error = nn::losses::squared_error(self.decode(h), x);
        let weights = self.encoder.weight.square().sum() + self.decoder.weight.square().sum();
        let divergence = bernoulli_kl(self.rho, self.rho_hat(h, context));
        Loss::sum(
            Unit::SquaredError,
            [
                ("reconstruction", error),
                ("decay", self.decay * weights),
                ("sparsity", 2.0 * self.beta * divergence),
            ],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::train::{Plan, train};
    use nn::{Purpose, generator};

    fn built(config: &Config) -> Learned<SparseKl<Tensor<f32>>> {
        config.build(&digits().train, &mut generator(0, Purpose::Init, 0, 0)).unwrap()
    }

    #[test]
    fn units_come_to_their_target() {
        let data = digits();
        for (rho, reached) in [(0.05, 0.88), (0.2, 0.75)] {
            let config = Config { rho, beta: 3.0, ..Config::defaults(&data.train) };
            let mut model = built(&config);
            train(&mut model, &data, &Plan { epochs: 40, learning_rate: 3e-3, ..Plan::default() }).unwrap();
            let mean = evaluate::mean(&evaluate::codes(&model, &data.train)).to_vec();
            let count = mean.len() as f64;
            let off: f64 = mean.iter().map(|m| (f64::from(*m) / rho - 1.0).abs()).sum();
            assert!(off / count < 0.3, "{rho}: {mean:?}");
            // No unit is far off, and the digits are still reconstructed.
            let near = |m: &f32| (0.5..2.0).contains(&(f64::from(*m) / rho));
            assert!(mean.iter().all(near), "{rho}: {mean:?}");
            let sse = evaluate::mean_squared_error(&model, &data.test);
            assert!(sse < 1.1 * reached, "{rho}: SSE/img {sse}");
            // What training remembers is that mean, but for the chance of its last batches.
            let stored = model.0.activity.0.to_vec();
            let off: f32 = stored.iter().zip(&mean).map(|(s, m)| (s / m - 1.0).abs()).sum();
            assert!(f64::from(off) / count < 0.2, "{stored:?} {mean:?}");
        }
    }

    #[test]
    fn small_batches_overstate_the_divergence() {
        let data = digits();
        let config = Config { beta: 0.5, memory: 0.0, ..Config::defaults(&data.train) };
        let mut model = built(&config);
        train(&mut model, &data, &Plan { epochs: 5, ..Plan::default() }).unwrap();
        let codes = evaluate::codes(&model, &data.train);
        let divergence = |from: usize, to: usize| {
            let part = codes.slice(0, from..to);
            autograd::value(&part, |h, _| bernoulli_kl(config.rho, h.mean_over(0))).item()
        };
        let (count, size) = (100, 8);
        let batches = (0..count).map(|i| divergence(i * size, (i + 1) * size)).sum::<f32>() / count as f32;
        let whole = divergence(0, count * size);
        assert!(batches > whole, "{batches} by batches, {whole} by the data set");
    }

    #[test]
    #[should_panic(expected = "straight_through: it has a first derivative by decree and no second")]
    fn a_second_derivative_through_the_average_is_refused() {
        let data = digits().train;
        let model = built(&Config::defaults(&data));
        let _ = model.gradcheck(&data.rows(&[0, 1]), Context::training(0, 1, &[0, 1]), 2);
    }
}
