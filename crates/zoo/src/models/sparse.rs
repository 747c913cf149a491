//! The sparse autoencoder with a price on the code or on the weights (Olshausen and Field 1996; Ng 2011;
//! for dictionaries Bricken et al. 2023).
//!
//! > `L(x) = ‖x − x̂‖² + λ Σⱼ |hⱼ|`,  `h = max(0, Wₑ (x − b) + bₑ)`,  `x̂ = Σⱼ hⱼ dⱼ + b`
//!
//! There are more units than an image needs, and each costs. So an image is written with few of them,
//! and each comes to stand for something that occurs: a stroke instead of a pattern of the whole image.
//! `|h|` has slope 0 at 0, so a unit that is off is not pulled; and every `h` that is on is a little too
//! small, by about `λ / 2` (shrinkage).
//!
//! Without hidden layers the weights of a unit are a feature `dⱼ`, and have length 1 unless said otherwise: else a small
//! code with long features would cost nothing. On hidden layers, or on another network, units have no such features; its
//! decoder can evade a price on the code by larger weights, as fast as these learn.

use autograd::{Real, Tensor, Var, tree};
use nn::{Activation, Context, Dataset, Error, Generator, Result};
use serde::{Deserialize, Serialize};

use super::body::Body;
use super::dictionary::Dictionary;
use super::{best_share, check_share, check_weight, check_widths};
use crate::network::{Autoencoder, Design, Network, evaluation};
use crate::registry::Entry;
use crate::terms::warmed_up;
use crate::{Learned, Likelihood, Loss, Model, Settings, Unit};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "sparse",
    title: "sparse autoencoder",
    equation: "‖x − x̂‖² + λ Σ|h|",
    source: "Olshausen & Field 1996; Ng 2011",
    ..Entry::of::<Config>(include_str!("sparse.rs"))
};

/// Settings of a sparse autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Code, network and likelihood. The units of the code are usually more than the features.
    pub design: Design,
    /// Activation of the units of the code.
    pub code_activation: Activation,
    /// What costs.
    pub on: Priced,
    /// How the cost grows.
    pub penalty: Penalty,
    /// `λ`, the price, ≥ 0: squared error that one unit of code (or weight) has to save an image.
    pub weight: f64,
    /// Share of the training, 0 to 1, over which the price grows from 0 to `weight`: units that are off
    /// early may never come back.
    pub warm_up: f64,
    /// Length of the features, if there are no hidden layers: it keeps the model from buying a small code with long
    /// features.
    pub scale: Scale,
}

/// What a sparse autoencoder pays for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priced {
    /// The code of every example.
    Code,
    /// `Wₑ` and the features.
    Weights,
}

/// A cost of numbers `h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Penalty {
    /// `Σ |h|`: makes most of them 0.
    L1,
    /// `Σ h²`: makes them all small.
    L2,
}

impl Penalty {
    fn of<'t, T: Real>(self, h: Var<'t, T>) -> Var<'t, T> {
        match self {
            Penalty::L1 => h.abs().sum(),
            Penalty::L2 => h.square().sum(),
        }
    }
}

/// The length of the features, which a price on the code alone does not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// Features have length 1.
    Unit,
    /// They have any length, and `hⱼ ‖dⱼ‖` is what costs (Conerly et al. 2024).
    Fold,
    /// They have any length, free of charge: the loophole, to be looked at.
    Free,
}

/// Units and their prices.
#[derive(Clone, Debug)]
pub struct Sparse<W> {
    /// Encoder and features, or a network.
    pub body: Body<Dictionary<W>, W>,
    config: Config,
}
tree!(Sparse { body; config });

impl Settings for Config {
    const LIKELIHOODS: &[Likelihood] = &[Likelihood::SquaredError];

    type Model = Learned<Sparse<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let code = if data.width() < 256 { 128 } else { 1024 };
        let design = Design::mlp(code, &[], Activation::Relu, Likelihood::SquaredError);
        let (on, penalty, scale) = (Priced::Code, Penalty::L1, Scale::Unit);
        Config { design, code_activation: Activation::Relu, on, penalty, weight: 0.1, warm_up: 0.0, scale }
    }

    /// A dictionary, whatever the data are.
    fn network(_: &Dataset) -> &'static str {
        "mlp"
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_widths(&[], self.design.code)?;
        check_weight("weight", self.weight)?;
        check_share("warm_up", self.warm_up)?;
        let has_features = matches!(&self.design.network, Network::Mlp(layers) if layers.hidden.is_empty());
        if !has_features && self.on == Priced::Weights {
            let problem = "on = \"weights\" is for units with features, those of the network `mlp` without hidden layers; \
                           choose on = \"code\"";
            return Err(Error::setting("on", problem));
        }
        let body = match has_features {
            true => Body::Own(Dictionary::new(self.design.code, data, from)),
            false => Body::Open(Autoencoder::new(data, &self.design, from)?),
        };
        let mut model = Learned(Sparse { body, config: self.clone() });
        let share = best_share(&model, data);
        if let Body::Own(dictionary) = &mut model.0.body {
            dictionary.scale_codes(share);
        }
        Ok(model)
    }
}

impl<'t, T: Real> Sparse<Var<'t, T>> {
    fn code(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        self.config.code_activation.apply(match &self.body {
            Body::Own(dictionary) => dictionary.encode(x),
            Body::Open(net) => net.encode(x, context),
        })
    }

    fn features(&self, dictionary: &Dictionary<Var<'t, T>>) -> Var<'t, T> {
        match self.config.scale {
            Scale::Unit => dictionary.unit_rows(),
            Scale::Fold | Scale::Free => dictionary.rows,
        }
    }

    fn cost(&self, h: Var<'t, T>) -> Var<'t, T> {
        let penalty = self.config.penalty;
        let per_example = |h: Var<'t, T>| penalty.of(h) * (1.0 / h.shape()[0] as f64);
        match (&self.body, self.config.on, self.config.scale) {
            (Body::Own(dictionary), Priced::Weights, _) => {
                penalty.of(dictionary.encoder.weight) + penalty.of(self.features(dictionary))
            }
            (Body::Own(dictionary), Priced::Code, Scale::Fold) => per_example(h * dictionary.lengths().t()),
            _ => per_example(h),
        }
    }
}

impl<'t, T: Real> Model<'t, T> for Sparse<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.code(x, &mut evaluation())
    }

    fn decode(&self, h: Var<'t, T>) -> Var<'t, T> {
        match &self.body {
            Body::Own(dictionary) => h.matmul(self.features(dictionary)) + dictionary.bias,
            Body::Open(net) => net.reconstruction(h),
        }
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let h = self.code(x, context);
        let (unit, error) = match &self.body {
            Body::Own(_) => (Unit::SquaredError, nn::losses::squared_error(self.decode(h), x)),
            Body::Open(net) => (net.head.unit(), net.loss(h, x, context)),
        };
        let weight = warmed_up(self.config.weight, self.config.warm_up, x.tape(), context);
        Loss::sum(unit, [("reconstruction", error), ("sparsity", weight * self.cost(h))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{Plan, train};
    use crate::{AnyModel, data::digits, evaluate};
    use nn::{Purpose, generator};

    fn config(weight: f64, scale: Scale) -> Config {
        Config { weight, scale, ..Config::defaults(&digits().train) }
    }

    fn built(config: &Config) -> Learned<Sparse<Tensor<f32>>> {
        config.build(&digits().train, &mut generator(0, Purpose::Init, 0, 0)).unwrap()
    }

    /// The two terms after all features were made `factor` times as long and all codes as much smaller.
    fn terms(scale: Scale, factor: f32) -> Vec<f64> {
        let mut model = built(&config(0.1, scale));
        let mut dictionary = model.0.body.own().clone();
        dictionary.rows = dictionary.rows.map(|w| w * factor);
        dictionary.encoder.weight = dictionary.encoder.weight.map(|w| w / factor);
        model.0.body = Body::Own(dictionary);
        let x = digits().test.rows(&[0, 1, 2]);
        let terms = model.loss(&x, Context::evaluation(0, &[0, 1, 2]));
        terms.values.iter().map(|(_, value)| *value).collect()
    }

    #[test]
    fn long_features_evade_only_a_price_that_does_not_see_them() {
        let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-5;
        let [free, fold, unit] =
            [Scale::Free, Scale::Fold, Scale::Unit].map(|s| [terms(s, 1.0), terms(s, 4.0)]);
        assert!(near(free[0][0], free[1][0]) && near(free[0][1], 4.0 * free[1][1]), "{free:?}");
        assert!(near(fold[0][0], fold[1][0]) && near(fold[0][1], fold[1][1]), "{fold:?}");
        // With features of length 1 the smaller code is another reconstruction.
        assert!((unit[1][0] / unit[0][0] - 1.0).abs() > 0.1, "{unit:?}");
    }

    #[test]
    fn a_price_on_the_code_makes_it_sparse() {
        let data = digits();
        let active = |weight: f64| {
            let mut model = built(&config(weight, Scale::Unit));
            let plan = Plan { epochs: 30, learning_rate: 2e-3, ..Plan::default() };
            train(&mut model, &data, &plan).unwrap();
            let codes = evaluate::codes(&model, &data.test);
            codes.map(|h| f32::from(h > 0.0)).sum_to([]).item() / data.test.len() as f32
        };
        let (dense, sparse) = (active(0.0), active(0.3));
        assert!(sparse < 0.5 * dense, "units that are on: {sparse} with a price, {dense} without");
    }

    #[test]
    fn the_price_grows_as_it_was_told() {
        let x = digits().train.rows(&[0, 1]);
        let price = |warm_up: f64, progress: f64| {
            let model = built(&Config { warm_up, ..config(0.3, Scale::Unit) });
            let context = Context::training(0, 1, &[0, 1]).with_progress(progress);
            model.loss(&x, context).values[1].1
        };
        let full = price(0.0, 0.0);
        assert!(full > 0.0);
        assert_eq!([0.0, 0.25, 0.5, 0.9].map(|progress| price(0.5, progress)), [0.0, full / 2.0, full, full]);
    }

    #[test]
    fn every_price_has_a_gradient_that_lowers_it() {
        let x = digits().train.rows(&[0, 1, 2, 3]);
        for (on, penalty) in [
            (Priced::Code, Penalty::L1),
            (Priced::Code, Penalty::L2),
            (Priced::Weights, Penalty::L1),
            (Priced::Weights, Penalty::L2),
        ] {
            for scale in [Scale::Unit, Scale::Fold] {
                let model = built(&Config { on, penalty, ..config(1.0, scale) }).0;
                let cost = |model: &Sparse<Tensor<f32>>| {
                    autograd::value_and_grad(model, |model, tape| {
                        model.cost(Model::encode(&model, tape.constant(&x)))
                    })
                };
                let (before, gradient) = cost(&model);
                let slope = &gradient.body.own().encoder.weight;
                assert!(slope.to_vec().iter().any(|g| *g != 0.0), "{on:?} {penalty:?} {scale:?}");
                let mut dictionary = model.body.own().clone();
                dictionary.encoder.weight = dictionary.encoder.weight.zip(slope, |w, g| w - 1e-3 * g);
                let moved = Sparse { body: Body::Own(dictionary), config: model.config.clone() };
                assert!(cost(&moved).0 < before, "{on:?} {penalty:?} {scale:?}");
            }
        }
    }

    #[test]
    fn weights_are_priced_where_units_have_features() {
        let data = digits().train;
        let refused = |given: &str| {
            let config =
                Config::complete(&format!("on = 'weights'\n{given}").parse().unwrap(), &data).unwrap();
            config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).err().map(|error| error.to_string())
        };
        assert_eq!(refused(""), None);
        for given in ["hidden = [9]", "network = 'conv'"] {
            let text = refused(given).unwrap();
            assert!(text.starts_with("on = \"weights\" is for units with features"), "{text}");
        }
    }
}
