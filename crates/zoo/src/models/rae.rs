//! The regularized autoencoder (Ghosh, Sajjadi, Vergari, Black and Schölkopf 2020).
//!
//! > `L(x) = ‖x − x̂‖² + β ½ ‖z‖² + λ R`,  `R = ‖θ_D‖²` or `R = ‖∂D/∂z‖²_F`
//!
//! A variational autoencoder smooths its decoder by noise on the code. This one does without noise: it
//! asks directly for small codes (the second term, eq. 6 of the paper) and a decoder that changes little
//! when the code does (`R`, eq. 7 and section 4). New examples are decoded draws from a
//! [mixture](crate::mixture) that is fitted to the codes afterwards.
//!
//! The Jacobian of a decoder of linear layers is exact: as the code is narrow, it takes one sweep for each of its
//! numbers. A single sweep with a cotangent of ones would give `‖Jᵀ1‖²`, which is another quantity: it
//! can be 0 for a decoder as steep as one likes. With a cotangent of random signs it is `‖J‖²_F` on average (Hutchinson 1990),
//! which has to do where a sweep is dear, as through convolutions.

use autograd::{Real, Tensor, Tree, Var, tree};
use nn::{Activation, Context, Dataset, Generator, Result};
use serde::{Deserialize, Serialize};

use super::{check_weight, small_code};
use crate::network::{Autoencoder, Design, Network, evaluation};
use crate::registry::Entry;
use crate::{Learned, Likelihood, Loss, Model, Settings};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "rae",
    title: "regularized autoencoder",
    equation: "‖x − x̂‖² + β ½ ‖z‖² + λ ‖∂x̂/∂z‖²",
    source: "Ghosh et al. 2020",
    leaves_gaps_out: true,
    ..Entry::of::<Config>(include_str!("rae.rs"))
};

/// Settings of a regularized autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Code, network and likelihood.
    pub design: Design,
    /// `β`, the weight of `½ ‖z‖²`, ≥ 0.
    pub beta: f64,
    /// `R`, what keeps the decoder smooth.
    pub smoothness: Smoothness,
    /// `λ`, the weight of `R`, ≥ 0.
    pub lambda: f64,
}

/// What keeps a decoder smooth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Smoothness {
    /// `‖θ_D‖²`, the squares of the decoder's weights (RAE-L2; biases are free).
    Weights,
    /// `‖∂D/∂z‖²_F`, the exact Jacobian of the reconstruction (RAE-GP).
    Jacobian,
    /// The same on average, by one sweep with random signs.
    Probe,
    /// The exact one in the networks `mlp` and `residual`, and in others the probe.
    Automatic,
}

/// A network with what its code and its decoder cost.
#[derive(Clone, Debug)]
pub struct Rae<W> {
    net: Autoencoder<W>,
    config: Config,
}
tree!(Rae { net; config });

impl Settings for Config {
    const LIKELIHOODS: &[Likelihood] = Likelihood::ALL;

    type Model = Learned<Rae<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let (code, hidden) =
            if data.width() < 256 { (small_code(data), vec![64]) } else { (16, vec![512, 128]) };
        // Smooth, as a rectifier's Jacobian is blind to how the slopes change.
        let design = Design::mlp(code, &hidden, Activation::Tanh, Likelihood::SquaredError);
        Config { design, beta: 1e-2, smoothness: Smoothness::Automatic, lambda: 1e-2 }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_weight("beta", self.beta)?;
        check_weight("lambda", self.lambda)?;
        let net = Autoencoder::new(data, &self.design, from)?;
        let smoothness = match (self.smoothness, &self.design.network) {
            (Smoothness::Automatic, Network::Mlp(_) | Network::Residual(_)) => Smoothness::Jacobian,
            (Smoothness::Automatic, _) => Smoothness::Probe,
            (chosen, _) => chosen,
        };
        Ok(Learned(Rae { net, config: Config { smoothness, ..self.clone() } }))
    }
}

impl<'t, T: Real> Rae<Var<'t, T>> {
    /// `∂D/∂z`, the Jacobian of the reconstruction at every code, of shape `[batch, features, code]`.
    pub fn jacobian(&self, z: Var<'t, T>) -> Var<'t, T> {
        let z = differentiable(z);
        self.decode(z).batch_jacobian(z)
    }

    fn smoothness(&self, z: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        match self.config.smoothness {
            Smoothness::Weights => {
                let mut squares = vec![];
                self.net.decoder.visit(&mut |name, weight: &Var<'t, T>| {
                    if name.to_string().ends_with("weight") {
                        squares.push(weight.square().sum());
                    }
                });
                squares.into_iter().reduce(|a, b| a + b).expect("at least one layer")
            }
            Smoothness::Probe => {
                let z = differentiable(z);
                let y = self.decode(z);
                let signs = context.on(z.tape()).signs(y.shape()[1]);
                y.vjp(signs, &[z])[0].square().sum() / z.shape()[0] as f64
            }
            Smoothness::Jacobian | Smoothness::Automatic => {
                self.jacobian(z).square().sum() / z.shape()[0] as f64
            }
        }
    }
}

/// The same codes, which may come as a constant. Nothing can be differentiated by a constant.
fn differentiable<'t, T: Real>(z: Var<'t, T>) -> Var<'t, T> {
    z + z.tape().var(Tensor::zeros(z.shape()))
}

impl<'t, T: Real> Model<'t, T> for Rae<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.net.encode(x, &mut evaluation())
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.net.reconstruction(z)
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let Config { beta, lambda, .. } = self.config;
        let z = self.net.encode(x, context);
        let size = z.square().sum() * (0.5 / z.shape()[0] as f64);
        let terms = [
            ("reconstruction", self.net.loss(z, x, context)),
            ("code size", beta * size),
            ("smoothness", lambda * self.smoothness(z, context)),
        ];
        Loss::sum(self.net.head.unit(), terms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AnyModel;
    use crate::data::digits;
    use crate::train::{Plan, train};
    use autograd::{grad, value};
    use nn::{Purpose, generator};

    fn rae(smoothness: Smoothness, lambda: f64) -> Learned<Rae<Tensor<f32>>> {
        let data = digits().train;
        let mut config = Config { smoothness, lambda, ..Config::defaults(&data) };
        config.design.code = 3;
        config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap()
    }

    fn norms(model: &Rae<Tensor<f32>>, x: &Tensor<f32>) -> (f64, f64) {
        let jacobian = value(model, |model, tape| model.jacobian(model.encode(tape.constant(x))));
        let squares = |j: &Tensor<f32>| j.to_vec().iter().map(|j| f64::from(j * j)).sum::<f64>();
        let all = squares(&jacobian);
        let along_ones = squares(&jacobian.sum_to([x.shape()[0], 1, 3]));
        (all / x.shape()[0] as f64, along_ones / x.shape()[0] as f64)
    }

    #[test]
    fn the_penalty_is_the_decoders_jacobian_and_not_its_product_with_ones() {
        let model = rae(Smoothness::Jacobian, 1.0);
        let x = digits().train.rows(&[0, 1, 2, 3]);
        let terms = model.loss(&x, Context::training(0, 1, &[0, 1, 2, 3]));
        let (exact, along_ones) = norms(&model.0, &x);
        assert!((terms.values[2].1 - exact).abs() < 1e-5 * exact);
        assert!((along_ones / exact - 1.0).abs() > 0.1, "{along_ones} {exact}");

        // Finite differences of the decoder, code by code.
        let z = model.encode(&x);
        let step = 1e-2_f32;
        let mut squares = 0.0;
        for k in 0..3 {
            let moved = |by: f32| {
                let z = Tensor::from_fn([4, 3], |i| z.to_vec()[i] + if i % 3 == k { by } else { 0.0 });
                model.decode(&z)
            };
            let slopes = moved(step).zip(&moved(-step), |a, b| (a - b) / (2.0 * step));
            squares += slopes.to_vec().iter().map(|j| f64::from(j * j)).sum::<f64>() / 4.0;
        }
        assert!((squares - exact).abs() < 1e-3 * exact, "{squares} {exact}");
    }

    #[test]
    fn a_probe_is_right_on_average() {
        let [exact, probing] = [Smoothness::Automatic, Smoothness::Probe].map(|way| rae(way, 1.0));
        let numbers = [0, 1, 2, 3];
        let x = digits().train.rows(&numbers);
        let penalty = |model: &Learned<Rae<Tensor<f32>>>, epoch| {
            model.loss(&x, Context::training(0, epoch, &numbers)).values[2].1
        };
        let (exact, drawn) = (penalty(&exact, 1), 300);
        assert_eq!(exact, penalty(&rae(Smoothness::Jacobian, 1.0), 2));
        let probes: Vec<f64> = (0..drawn).map(|epoch| penalty(&probing, epoch)).collect();
        let mean = probes.iter().sum::<f64>() / drawn as f64;
        let variance = probes.iter().map(|p| (p - mean).powi(2)).sum::<f64>() / (drawn - 1) as f64;
        let error = (variance / drawn as f64).sqrt();
        assert!((mean - exact).abs() < 3.0 * error && error < 0.1 * exact, "{mean} ± {error}, {exact}");
    }

    #[test]
    fn every_kind_of_smoothness_has_a_gradient_and_smooths() {
        let data = digits();
        let x = data.train.rows(&[0, 1, 2, 3]);
        for (smoothness, strong) in
            [(Smoothness::Weights, 0.05), (Smoothness::Jacobian, 0.3), (Smoothness::Probe, 0.3)]
        {
            let slope = grad(&rae(smoothness, 1.0).0, |model, tape| {
                model.loss(tape.constant(&x), &mut Context::training(0, 1, &[0, 1, 2, 3])).terms[2].1
            });
            slope.net.decoder.visit(&mut |name, slope: &Tensor<f32>| {
                let weight = name.to_string().ends_with("weight");
                assert!(!weight || slope.to_vec().iter().any(|d| *d != 0.0), "{name}");
            });
            let [rough, smooth] = [0.0, strong].map(|lambda| {
                let mut model = rae(smoothness, lambda);
                let plan = Plan { epochs: 20, batch: 64, learning_rate: 2e-3, ..Plan::default() };
                train(&mut model, &data, &plan).unwrap();
                norms(&model.0, data.test.x()).0
            });
            assert!(smooth < 0.7 * rough, "{smoothness:?}: {rough} became {smooth}");
        }
    }
}
