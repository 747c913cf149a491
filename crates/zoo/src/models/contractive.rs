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
//! the penalty would vanish at no price. Another network than `mlp` has a decoder of its own. There `J = ∂r/∂x` is the
//! Jacobian of the reconstruction `r = g ∘ h`, which no decoder can undo (Alain and Bengio 2014, "What regularized
//! auto-encoders learn from the data-generating distribution"). With a squared error `λ` is then a variance: directions
//! in which the data vary less than that are left out, as by a denoising autoencoder with noise of that variance.

use autograd::{Real, Tensor, Var, tree};
use nn::{Activation, Context, Dataset, Error, Generator, Result};
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::mirror::Mirror;
use super::{check_weight, check_widths, widths};
use crate::network::{Autoencoder, Design, Mlp, Network, evaluation, normalizes_batches};
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
    /// Code, network and likelihood. The code may be wider than the input. The activation of the network `mlp` is that of
    /// the code as well.
    pub design: Design,
    /// Whether the decoder uses the encoder's matrices, transposed, in the network `mlp`.
    pub tied: bool,
    /// `λ`, the weight of `‖J‖²_F`, ≥ 0. `J` is the Jacobian of the code, with another network than `mlp` that of the
    /// reconstruction.
    pub contraction: f64,
    /// `γ`, the weight of the change of `J`, ≥ 0.
    pub curvature: f64,
    /// `σ`, how far away `J` is compared, in units of the data, > 0.
    pub distance: f64,
    /// The way to `‖J‖²_F`.
    pub jacobian: Jacobian,
    /// Random directions for an estimate of `‖J‖²_F`, ≥ 1.
    pub probes: usize,
}

/// Ways to the norm of the Jacobian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jacobian {
    /// The closed form for a single layer, else probes.
    Automatic,
    /// `Σⱼ s′(aⱼ)² ‖Wⱼ‖²` for one layer `h = s(a)`, `a = W x + b`: for free, as `W` is needed once for a
    /// whole batch.
    ClosedForm,
    /// One sweep through the tape for every number of the function's value or of the input, whichever are fewer.
    Exact,
    /// `E ‖vᵀJ‖²` over random signs `v` (Hutchinson 1990): unbiased, and one sweep for every probe.
    Probes,
}

/// Encoder, decoder and penalty.
#[derive(Clone, Debug)]
pub struct Contractive<W> {
    body: Body<Mirror<W>, W>,
    config: Config,
}
tree!(Contractive { body; config });

impl Settings for Config {
    type Model = Learned<Contractive<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let code = if data.width() < 256 { 64 } else { 500 };
        Config {
            design: Design::mlp(code, &[], Activation::Sigmoid, Likelihood::Bernoulli),
            tied: true,
            contraction: 0.1,
            curvature: 0.0,
            distance: 0.1,
            jacobian: Jacobian::Automatic,
            probes: 1,
        }
    }

    /// Layers that may be tied, whatever the data are.
    fn network(_: &Dataset) -> &'static str {
        "mlp"
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
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
        config.jacobian = self.way()?;
        let body = match &self.design.network {
            Network::Mlp(layers) => Body::Own(self.layers(layers, data, from)?),
            _ => Body::Open(Autoencoder::new(data, &self.design, from)?),
        };
        if normalizes_batches(&body) {
            let problem = "norm = \"batch\" makes the code of an example depend on the others of its batch, and the penalty \
                           is a derivative for each alone; choose norm = \"layer\" or \"group\"";
            return Err(Error::setting("norm", problem));
        }
        Ok(Learned(Contractive { body, config }))
    }
}

impl Config {
    /// The way to the penalty.
    fn way(&self) -> Result<Jacobian> {
        let one_layer = matches!(&self.design.network, Network::Mlp(layers) if layers.hidden.is_empty());
        match (self.jacobian, one_layer) {
            (Jacobian::Automatic, true) => Ok(Jacobian::ClosedForm),
            (Jacobian::Automatic, false) => Ok(Jacobian::Probes),
            (Jacobian::ClosedForm, false) => Err(Error::setting(
                "jacobian",
                "jacobian = \"closed_form\" is for the network `mlp` without hidden layers; choose \"exact\" or \"probes\"",
            )),
            (chosen, _) => Ok(chosen),
        }
    }

    /// Layers that begin at the mean of the data.
    fn layers(&self, layers: &Mlp, data: &Dataset, from: &mut Generator) -> Result<Mirror<Tensor<f32>>> {
        let Design { code, likelihood, .. } = self.design;
        check_widths(&layers.hidden, code)?;
        let mean = crate::evaluate::mean(data.x());
        let output: Tensor<f32> = likelihood.output_for(&mean);
        let widths = widths(data.width(), &layers.hidden, code);
        let mut mirror = Mirror::new(&widths, layers.activation, self.tied, output.clone(), from);
        mirror.begin_with(&mean, &output);
        Ok(mirror)
    }
}

impl<'t, T: Real> Contractive<Var<'t, T>> {
    /// `J` of every example: of the code in layers of its own, `[batch, code, features]`, and of the reconstruction in another
    /// network, `[batch, features, features]`.
    pub fn jacobian(&self, x: Var<'t, T>) -> Var<'t, T> {
        let x = x.stop_gradient();
        self.held(x).batch_jacobian(x)
    }

    /// The code. No network draws noise, and none mixes examples: it is the same in training and afterwards.
    fn code(&self, x: Var<'t, T>) -> Var<'t, T> {
        match &self.body {
            Body::Own(mirror) => mirror.encode(x),
            Body::Open(net) => net.encode(x, &mut evaluation()),
        }
    }

    /// The function of `x` whose Jacobian is penalized.
    fn held(&self, x: Var<'t, T>) -> Var<'t, T> {
        match &self.body {
            Body::Own(mirror) => mirror.encode(x),
            Body::Open(net) => net.reconstruction(self.code(x)),
        }
    }

    /// `1/B Σᵢ ‖Jᵢ‖²_F`, and `1/B Σᵢ ‖Jᵢ − J′ᵢ‖²_F` with the Jacobians at `elsewhere`, each by the chosen
    /// way.
    fn penalties(
        &self,
        x: Var<'t, T>,
        elsewhere: Option<Var<'t, T>>,
        context: &mut Context,
    ) -> [Option<Var<'t, T>>; 2] {
        let width = match &self.body {
            Body::Own(_) => self.config.design.code,
            Body::Open(_) => x.shape()[1],
        };
        let signs = match self.config.jacobian {
            Jacobian::Probes => (0..self.config.probes).map(|_| context.on(x.tape()).signs(width)).collect(),
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
                let mirror = self.body.own();
                let a = mirror.up[0].forward(x);
                let [slope] = mirror.activation.apply(a).sum().grad([a]);
                slope
            }
            Jacobian::Exact => self.held(x).batch_jacobian(x),
            Jacobian::Probes => {
                let y = self.held(x);
                let rows: Vec<_> = signs.iter().map(|&v| y.vjp(v, &[x])[0]).collect();
                Var::stack(&rows, 1) / (signs.len() as f64).sqrt()
            }
        }
    }

    /// Squares of slopes are worth the `‖Wⱼ‖²` of their units.
    fn weighed(&self, squares: Var<'t, T>) -> Var<'t, T> {
        match self.config.jacobian {
            Jacobian::Automatic | Jacobian::ClosedForm => {
                squares * self.body.own().up[0].weight.square().sum_over(1)
            }
            Jacobian::Exact | Jacobian::Probes => squares,
        }
    }
}

impl<'t, T: Real> Model<'t, T> for Contractive<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.code(x)
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        match &self.body {
            Body::Own(mirror) => self.config.design.likelihood.mean(mirror.decode(z)),
            Body::Open(net) => net.reconstruction(z),
        }
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let (z, likelihood) = (self.code(x), self.config.design.likelihood);
        let (unit, reconstruction) = match &self.body {
            Body::Own(mirror) => (likelihood.unit(), likelihood.loss(mirror.decode(z), x)),
            Body::Open(net) => (net.head.unit(), net.loss(z, x, context)),
        };
        let mut terms = vec![("reconstruction", reconstruction)];
        let Config { contraction, curvature, distance, .. } = self.config;
        let elsewhere = (curvature > 0.0).then(|| x + context.on(x.tape()).normal(x.shape()[1]) * distance);
        let [norm, change] = self.penalties(x, elsewhere, context);
        let weighed = [("contraction", contraction, norm), ("curvature", curvature, change)];
        terms.extend(weighed.into_iter().filter_map(|(name, weight, term)| Some((name, weight * term?))));
        Loss { unit, terms }
    }
}

#[cfg(test)]
mod tests;
