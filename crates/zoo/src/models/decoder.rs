//! Decoders that are distributions `p(x|z)`, as variational models need them.

use autograd::{Real, Tensor, Var, tree};
use nn::losses::elementwise;
use nn::{Activation, Context, Dataset, Generator, Mlp};
use serde::{Deserialize, Serialize};

use super::begin_with;
use crate::{Likelihood, evaluate};

/// The distribution of an example around what the decoder says. Every one is complete with its
/// constants, in nats, so that bounds and likelihoods compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Density {
    /// A coin for every pixel; see [`Likelihood::Bernoulli`]. A likelihood only for pixels that are 0
    /// or 1; for grey ones a cross-entropy.
    Bernoulli,
    /// A density on `[0, 1]` for every pixel; see [`Likelihood::ContinuousBernoulli`].
    ContinuousBernoulli,
    /// `N(x̂, ½ I)`: the negative logarithm is `‖x − x̂‖²` and a constant.
    SquaredError,
    /// `N(x̂, σ² I)` with one learned σ (Rybkin, Daniilidis and Levine 2021). Its best value is the root of
    /// the mean squared error of a pixel, so it weighs reconstruction against divergence by itself.
    Gaussian,
    /// `N(x̂, diag σ²(z))`: a deviation for every pixel, by the decoder.
    GaussianPerPixel,
}

/// A network from codes to the parameters of a [`Density`].
#[derive(Clone, Debug)]
pub struct Decoder<W> {
    net: Mlp<W>,
    /// `ln σ²` of [`Density::Gaussian`], before its floor.
    log_var: Option<W>,
    density: Density,
}
tree!(Decoder { net, log_var; density });

impl Decoder<Tensor<f32>> {
    /// A decoder through these widths, code first and features last, that begins at the mean of the data.
    pub fn new(
        widths: &[usize],
        activation: Activation,
        density: Density,
        data: &Dataset,
        from: &mut Generator,
    ) -> Self {
        let mean = evaluate::mean(data.x());
        let variance = evaluate::variance_around(&mean, data) / data.width() as f64;
        // Constant data have no variance; the floor below is far above this.
        let log_var = Tensor::scalar(variance.max(1e-8).ln() as f32);
        let mut widths = widths.to_vec();
        let features = widths.last_mut().expect("a decoder has an output");
        let likelihood = match density {
            Density::Bernoulli => Likelihood::Bernoulli,
            Density::ContinuousBernoulli => Likelihood::ContinuousBernoulli,
            _ => Likelihood::SquaredError,
        };
        let mut bias = likelihood.output_for(&mean);
        if density == Density::GaussianPerPixel {
            *features *= 2;
            bias = Tensor::concat(&[&bias, &log_var.expand(bias.shape())], 0);
        }
        let mut net = Mlp::new(&widths, activation, from);
        begin_with(net.layers.last_mut().expect("at least one layer"), bias);
        Decoder { net, log_var: (density == Density::Gaussian).then_some(log_var), density }
    }
}

impl<'t, T: Real> Decoder<Var<'t, T>> {
    /// The mean of `p(x|z)`: `[rows, code]` to `[rows, features]`.
    pub fn mean(&self, z: Var<'t, T>) -> Var<'t, T> {
        let output = self.net.forward(z);
        match self.density {
            Density::Bernoulli => Likelihood::Bernoulli.mean(output),
            Density::ContinuousBernoulli => Likelihood::ContinuousBernoulli.mean(output),
            Density::SquaredError | Density::Gaussian => output,
            Density::GaussianPerPixel => output.chunk::<2>(-1)[0],
        }
    }

    /// A draw from `p(x|z)` for every row, `[rows, code]` to `[rows, features]`. Its noise is that of the context's
    /// examples, one for each row.
    pub fn draw(&self, z: Var<'t, T>, context: &mut Context) -> Tensor<T> {
        let output = self.net.forward(z);
        let around = |mean: Var<'t, T>, log_var: Tensor<T>, context: &mut Context| {
            let (mean, eps) = (mean.value(), context.normal::<T>(mean.shape()[1]));
            mean.zip(&eps.zip(&log_var, |eps, s| eps * (s * T::of(0.5)).exp()), |mean, noise| mean + noise)
        };
        match (self.density, self.log_var) {
            (Density::Bernoulli, _) => {
                let u = context.uniform::<T>(output.shape()[1]);
                output.sigmoid().value().zip(&u, |p, u| if u < p { T::one() } else { T::zero() })
            }
            (Density::ContinuousBernoulli, _) => {
                let u = context.uniform::<T>(output.shape()[1]);
                output.value().zip(&u, |logit, u| T::of(continuous(logit.as_f64(), u.as_f64())))
            }
            (Density::GaussianPerPixel, _) => {
                let [mean, log_var] = output.chunk(-1);
                around(mean, floored(log_var).value(), context)
            }
            (_, Some(log_var)) => around(output, floored(log_var).value(), context),
            (_, None) => around(output, Tensor::scalar(T::of(0.5_f64.ln())), context),
        }
    }

    /// `−ln p(x|z)` of every row, `[rows]`, in nats.
    ///
    /// # Panics
    /// If `z` and `x` have different numbers of rows.
    #[track_caller]
    pub fn nll(&self, z: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let output = self.net.forward(z);
        let constant = |value: f64| x.tape().constant(Tensor::full([], value));
        let terms = match (self.density, self.log_var) {
            (Density::Bernoulli, _) => elementwise::bce_with_logits(output, x),
            (Density::ContinuousBernoulli, _) => elementwise::continuous_bernoulli_nll(output, x),
            (Density::GaussianPerPixel, _) => {
                let [mean, log_var] = output.chunk(-1);
                elementwise::gaussian_nll(mean, floored(log_var), x)
            }
            (_, Some(log_var)) => elementwise::gaussian_nll(output, floored(log_var), x),
            (_, None) => elementwise::gaussian_nll(output, constant(0.5_f64.ln()), x),
        };
        terms.sum_over(-1)
    }
}

/// The number in `[0, 1]` below which a share `u` of the continuous Bernoulli distribution with this logit `l` lies: the
/// solution of `(e^{l x} − 1) / (eˡ − 1) = u`.
fn continuous(l: f64, u: f64) -> f64 {
    match l {
        // The distribution is nearly uniform.
        l if l.abs() < 1e-6 => u,
        // Where the logarithm is of a number near 0, that number is a sum and not 1 less its complement.
        l if l < -0.5 && u > 0.5 => ((1.0 - u) + u * l.exp()).ln() / l,
        l if l < 0.0 => (u * l.exp_m1()).ln_1p() / l,
        // `eˡ` may be beyond all numbers.
        l => 1.0 + (u + (1.0 - u) * (-l).exp()).ln() / l,
    }
    .clamp(0.0, 1.0)
}

/// Keeps `ln σ²` above −10, that is σ above 0.0067: the density of a pixel that never changes has no
/// bound. `−10 + ln(1 + e^{s + 10})` is smooth, so the gradient never dies, and is `s` where `s` is larger.
fn floored<'t, T: Real>(log_var: Var<'t, T>) -> Var<'t, T> {
    (log_var + 10.0).softplus() - 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Tape, Tree, value};
    use nn::{Purpose, generator};

    fn decoder(density: Density, features: usize) -> (Decoder<Tensor<f32>>, Dataset) {
        let x = Tensor::from_fn([6, features], |i| ((i * 5) % 7) as f32 / 7.0);
        let data = Dataset::new(x);
        let from = &mut generator(0, Purpose::Init, 0, 0);
        (Decoder::new(&[2, 4, features], Activation::Tanh, density, &data, from), data)
    }

    #[test]
    fn each_density_is_normalised_and_has_the_mean_it_says() {
        use Density::{ContinuousBernoulli, Gaussian, GaussianPerPixel, SquaredError};
        const STEPS: usize = 8000;
        for density in [ContinuousBernoulli, SquaredError, Gaussian, GaussianPerPixel] {
            let (low, high) = if density == ContinuousBernoulli { (0.0, 1.0) } else { (-9.0, 10.0) };
            let width = (high - low) / STEPS as f32;
            let x = Tensor::from_fn([STEPS, 1], |i| low + (i as f32 + 0.5) * width);
            let (decoder, _) = decoder(density, 1);
            let z = Tensor::full([STEPS, 2], 0.3);
            let nll = value(&decoder, |decoder, tape| decoder.nll(tape.constant(&z), tape.constant(&x)));
            let mean = value(&decoder, |decoder, tape| decoder.mean(tape.constant(&z))).to_vec()[0];
            let masses: Vec<f32> = nll.to_vec().iter().map(|nll| (-nll).exp() * width).collect();
            let total: f32 = masses.iter().sum();
            let first: f32 = masses.iter().zip(x.to_vec()).map(|(mass, x)| mass * x).sum();
            assert!((total - 1.0).abs() < 1e-4, "{density:?}: {total}");
            assert!((first - mean).abs() < 1e-4, "{density:?}: {first} {mean}");
        }
    }

    #[test]
    fn draws_have_the_mean_and_the_spread_of_their_density() {
        use Density::{Bernoulli, ContinuousBernoulli, Gaussian, GaussianPerPixel, SquaredError};
        const DRAWS: usize = 20_000;
        let numbers: Vec<usize> = (0..DRAWS).collect();
        for density in [Bernoulli, ContinuousBernoulli, SquaredError, Gaussian, GaussianPerPixel] {
            let (decoder, _) = decoder(density, 2);
            let z = Tensor::full([DRAWS, 2], 0.3);
            let tape = Tape::new();
            let decoder = decoder.map(autograd::Name::Root, &mut |_, leaf| tape.constant(leaf));
            let z = tape.constant(z);
            let draw = |seed| decoder.draw(z, &mut Context::sampling(seed, &numbers));
            let (x, mean) = (draw(1), decoder.mean(z).value());
            assert_eq!(x, draw(1));
            assert_ne!(x, draw(2));
            let log_var = match (decoder.density, decoder.log_var) {
                (GaussianPerPixel, _) => {
                    Some(floored(decoder.net.forward(z).chunk::<2>(-1)[1]).value().to_vec()[0])
                }
                (_, Some(log_var)) => Some(floored(log_var).value().item()),
                (SquaredError, None) => Some(0.5_f32.ln()),
                _ => None,
            };
            let first = |of: &Tensor<f32>| of.slice(1, ..1).to_vec();
            let (x, mean) = (first(&x), first(&mean)[0]);
            let found = x.iter().sum::<f32>() / DRAWS as f32;
            let variance = x.iter().map(|x| (x - found).powi(2)).sum::<f32>() / DRAWS as f32;
            // Four standard errors.
            assert!(
                (found - mean).abs() < 4.0 * (variance / DRAWS as f32).sqrt(),
                "{density:?}: {found} {mean}"
            );
            let expected = match log_var {
                Some(log_var) => log_var.exp(),
                None if density == Bernoulli => mean * (1.0 - mean),
                // The variance by the derivative of the mean: `dμ/dl`.
                None => {
                    let moved =
                        |l: f32| Likelihood::ContinuousBernoulli.mean(tape.var(Tensor::scalar(l))).item();
                    let l = decoder.net.forward(z).value().to_vec()[0];
                    (moved(l + 0.01) - moved(l - 0.01)) / 0.02
                }
            };
            assert!((variance / expected - 1.0).abs() < 0.05, "{density:?}: {variance} {expected}");
        }
    }

    #[test]
    fn quantiles_of_a_continuous_coin_are_right_at_both_ends() {
        for l in [-2000.0_f64, -30.0, -1.0, -1e-9, 0.0, 1e-9, 1.0, 30.0, 2000.0] {
            assert_eq!([continuous(l, 0.0), continuous(l, 1.0)], [0.0, 1.0], "{l}");
            let x = continuous(l, 0.5);
            let back = if l.abs() < 1e-6 { x } else { (l * x).exp_m1() / l.exp_m1() };
            assert!(l.abs() > 700.0 || (back - 0.5).abs() < 1e-9, "{l}: {x} {back}");
            assert!((continuous(-l, 0.5) - (1.0 - x)).abs() < 1e-12, "{l}");
        }
    }

    /// A collection of models takes the mean over pixels here, which is a hidden weight of the divergence.
    #[test]
    fn a_squared_error_is_the_sum_over_the_pixels() {
        let (decoder, data) = decoder(Density::SquaredError, 7);
        let z = Tensor::from_fn([6, 2], |i| i as f32 / 5.0 - 1.0);
        let nll = value(&decoder, |decoder, tape| decoder.nll(tape.constant(&z), tape.constant(data.x())));
        let mean = value(&decoder, |decoder, tape| decoder.mean(tape.constant(&z)));
        let squares = mean.zip(data.x(), |a, b| (a - b) * (a - b)).sum_to([6, 1]).to_vec();
        let constant = 3.5 * std::f32::consts::PI.ln();
        assert!(nll.to_vec().iter().zip(squares).all(|(nll, square)| (nll - square - constant).abs() < 1e-5));
    }

    #[test]
    fn a_decoder_begins_at_the_mean_and_spread_of_the_data() {
        for density in [Density::SquaredError, Density::Gaussian, Density::GaussianPerPixel] {
            let (mut decoder, data) = decoder(density, 3);
            decoder.net.layers.iter_mut().for_each(|layer| layer.weight = layer.weight.map(|_| 0.0));
            let mean = value(&decoder, |decoder, tape| decoder.mean(tape.constant(Tensor::zeros([1, 2]))));
            let expected = evaluate::mean(data.x()).to_vec();
            assert!(mean.to_vec().iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{density:?}");
        }
    }

    #[test]
    fn the_floor_is_soft() {
        let tape = Tape::<f64>::new();
        for (s, floor) in [(-3.0, -3.0), (-10.0, -10.0 + std::f64::consts::LN_2), (-60.0, -10.0)] {
            let log_var = tape.var(s);
            let y = floored(log_var);
            assert!((y.item() - floor).abs() < 1e-3, "{s}: {}", y.item());
            assert!(y.backward().wrt(log_var).item() > 0.0);
        }
    }
}
