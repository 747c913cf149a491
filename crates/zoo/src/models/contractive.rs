//! The contractive autoencoder (Rifai, Vincent, Muller, Glorot and Bengio 2011), of any depth.
//!
//! > `L(x) = −ln p(x|h(x)) + λ ‖J(x)‖²_F + γ E_ε ‖J(x) − J(x + ε)‖²_F`,  `J = ∂h/∂x`,  `ε ~ N(0, σ² I)`
//!
//! The second term asks that the code hardly moves when the input does; reconstruction asks that it does
//! where the data vary. What is left is a code that follows the data and ignores every other direction.
//! The third term (the "higher order" variant, CAE+H: Rifai et al. 2011, "Higher order contractive
//! auto-encoder", eq. 5) asks the same of the Jacobian itself.
//!
//! Training differentiates the penalty, which is made of derivatives: this is the derivative of a
//! derivative. A rectified unit has a slope that is constant almost everywhere, so for it only the
//! weights of active units feel the penalty; smooth units also learn to saturate.
//!
//! Weights are tied unless said otherwise. An untied decoder could undo any shrinking of the code, and
//! the penalty would vanish at no price.

use autograd::{Real, Tensor, Var, tree};
use nn::{Activation, Context, Dataset, Error, Generator, Result};
use serde::{Deserialize, Serialize};

use super::mirror::Mirror;
use super::{check_weight, check_widths, widths};
use crate::registry::Entry;
use crate::{Learned, Likelihood, Loss, Model, Settings};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "contractive",
    title: "contractive autoencoder",
    equation: "−ln p(x|z) + λ ‖∂z/∂x‖²",
    source: "Rifai et al. 2011",
    ..Entry::of::<Config>(include_str!("contractive.rs"))
};

/// Settings of a contractive autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Numbers in the code; it may be wider than the input.
    pub code: usize,
    /// Units in the hidden layers between input and code; the decoder mirrors them.
    pub hidden: Vec<usize>,
    /// Activation of the hidden layers and the code.
    pub activation: Activation,
    /// What the decoder's output means.
    pub likelihood: Likelihood,
    /// Whether the decoder uses the encoder's matrices, transposed.
    pub tied: bool,
    /// `λ`, the weight of `‖J‖²_F`, ≥ 0.
    pub contraction: f64,
    /// `γ`, the weight of the change of `J`, ≥ 0.
    pub curvature: f64,
    /// `σ`, how far away `J` is compared, in units of the data, > 0.
    pub distance: f64,
    /// How `J` is come by.
    pub jacobian: Jacobian,
    /// Random directions for an estimate of `‖J‖²_F`, ≥ 1.
    pub probes: usize,
}

/// Ways to the norm of the Jacobian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jacobian {
    /// The closed form if there are no hidden layers, else probes.
    Automatic,
    /// `Σⱼ s′(aⱼ)² ‖Wⱼ‖²` for one layer `h = s(a)`, `a = W x + b`: for free, as `W` is needed once for a
    /// whole batch.
    ClosedForm,
    /// One sweep through the tape for every number of the code or of the input, whichever are fewer.
    Exact,
    /// `E ‖vᵀJ‖²` over random signs `v` (Hutchinson 1990): unbiased, and one sweep for every probe.
    Probes,
}

/// Encoder, decoder and penalty.
#[derive(Clone, Debug)]
pub struct Contractive<W> {
    mirror: Mirror<W>,
    config: Config,
}
tree!(Contractive { mirror; config });

impl Settings for Config {
    type Model = Learned<Contractive<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        Config {
            code: if data.width() < 256 { 64 } else { 500 },
            hidden: vec![],
            activation: Activation::Sigmoid,
            likelihood: Likelihood::Bernoulli,
            tied: true,
            contraction: 0.1,
            curvature: 0.0,
            distance: 0.1,
            jacobian: Jacobian::Automatic,
            probes: 1,
        }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_widths(&self.hidden, self.code)?;
        check_weight("contraction", self.contraction)?;
        check_weight("curvature", self.curvature)?;
        if !(self.distance > 0.0 && self.distance.is_finite()) {
            return Err(Error::setting(
                "distance",
                format!("distance must be a positive number, not {}", self.distance),
            ));
        }
        if self.probes == 0 {
            return Err(Error::setting("probes", "probes is 0; an estimate needs at least 1 probe"));
        }
        let mut config = self.clone();
        config.jacobian = match (self.jacobian, self.hidden.is_empty()) {
            (Jacobian::Automatic, true) => Jacobian::ClosedForm,
            (Jacobian::Automatic, false) => Jacobian::Probes,
            (Jacobian::ClosedForm, false) => {
                return Err(Error::setting(
                    "jacobian",
                    format!(
                        "jacobian = \"closed_form\" is for one layer, not for hidden = {:?}; choose \"exact\" or \
                     \"probes\"",
                        self.hidden
                    ),
                ));
            }
            (chosen, _) => chosen,
        };
        let mean = crate::evaluate::mean(data.x());
        let output: Tensor<f32> = self.likelihood.output_for(&mean);
        let widths = widths(data.width(), &self.hidden, self.code);
        let mut mirror = Mirror::new(&widths, self.activation, self.tied, output.clone(), from);
        mirror.begin_with(&mean, &output);
        Ok(Learned(Contractive { mirror, config }))
    }
}

impl<'t, T: Real> Contractive<Var<'t, T>> {
    /// `J`, the Jacobian of the code of every example, of shape `[batch, code, features]`.
    pub fn jacobian(&self, x: Var<'t, T>) -> Var<'t, T> {
        let x = x.stop_gradient();
        self.mirror.encode(x).batch_jacobian(x)
    }

    /// `1/B Σᵢ ‖Jᵢ‖²_F`, and `1/B Σᵢ ‖Jᵢ − J′ᵢ‖²_F` with the Jacobians at `elsewhere`, each by the chosen
    /// way.
    fn penalties(
        &self,
        x: Var<'t, T>,
        elsewhere: Option<Var<'t, T>>,
        context: &mut Context,
    ) -> [Option<Var<'t, T>>; 2] {
        let signs = match self.config.jacobian {
            Jacobian::Probes => {
                (0..self.config.probes).map(|_| context.on(x.tape()).signs(self.config.code)).collect()
            }
            _ => vec![],
        };
        let batch = x.shape()[0] as f64;
        let here = self.parts(x, &signs);
        let change = elsewhere.map(|there| here - self.parts(there, &signs));
        [Some(here), change].map(|parts| Some(self.weighed(parts?.square()).sum() / batch))
    }

    /// The tensor whose squares, weighted and summed, are `‖J‖²_F`. It is linear in `J`, so differences of it belong to
    /// differences of `J`.
    fn parts(&self, x: Var<'t, T>, signs: &[Var<'t, T>]) -> Var<'t, T> {
        let x = x.stop_gradient();
        match self.config.jacobian {
            Jacobian::Automatic | Jacobian::ClosedForm => {
                let a = self.mirror.up[0].forward(x);
                let [slope] = self.mirror.activation.apply(a).sum().grad([a]);
                slope
            }
            Jacobian::Exact => self.mirror.encode(x).batch_jacobian(x),
            Jacobian::Probes => {
                let z = self.mirror.encode(x);
                let rows: Vec<_> = signs.iter().map(|&v| z.vjp(v, &[x])[0]).collect();
                Var::stack(&rows, 1) / (signs.len() as f64).sqrt()
            }
        }
    }

    /// Squares of slopes are worth the `‖Wⱼ‖²` of their units.
    fn weighed(&self, squares: Var<'t, T>) -> Var<'t, T> {
        match self.config.jacobian {
            Jacobian::Automatic | Jacobian::ClosedForm => {
                squares * self.mirror.up[0].weight.square().sum_over(1)
            }
            Jacobian::Exact | Jacobian::Probes => squares,
        }
    }
}

impl<'t, T: Real> Model<'t, T> for Contractive<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.mirror.encode(x)
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.config.likelihood.mean(self.mirror.decode(z))
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let Config { code: _, likelihood, contraction, curvature, distance, .. } = self.config;
        let output = self.mirror.decode(self.mirror.encode(x));
        let mut terms = vec![("reconstruction", likelihood.loss(output, x))];
        let elsewhere = (curvature > 0.0).then(|| x + context.on(x.tape()).normal(x.shape()[1]) * distance);
        let [norm, change] = self.penalties(x, elsewhere, context);
        let weighed = [("contraction", contraction, norm), ("curvature", curvature, change)];
        terms.extend(weighed.into_iter().filter_map(|(name, weight, term)| Some((name, weight * term?))));
        Loss { unit: likelihood.unit(), terms }
    }
}

#[cfg(test)]
mod tests;
