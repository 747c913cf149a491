//! The sparse autoencoder with a price on the code or on the weights (Olshausen and Field 1996; Ng 2011;
//! for dictionaries Bricken et al. 2023).
//!
//! > `L(x) = ‖x − x̂‖² + λ Σⱼ |hⱼ|`,  `h = max(0, Wₑ (x − b) + bₑ)`,  `x̂ = Σⱼ hⱼ dⱼ + b`
//!
//! There are more units than an image needs, and each costs. So an image is written with few of them,
//! and each comes to stand for something that occurs: a stroke instead of a pattern of the whole image.
//! `|h|` has slope 0 at 0, so a unit that is off is not pulled; and every `h` that is on is a little too
//! small, by about `λ / 2` (shrinkage).

use autograd::{Real, Tensor, Var, tree};
use nn::{Activation, Context, Dataset, Generator, Result};
use serde::{Deserialize, Serialize};

use super::dictionary::Dictionary;
use super::{best_share, check_share, check_weight, check_widths};
use crate::registry::Entry;
use crate::terms::warmed_up;
use crate::{Learned, Loss, Model, Settings, Unit};

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
    /// Units, usually more than features.
    pub code: usize,
    /// What a unit does with its weighted sum.
    pub activation: Activation,
    /// What costs.
    pub on: Priced,
    /// How the cost grows.
    pub penalty: Penalty,
    /// `λ`, the price, ≥ 0: squared error that one unit of code (or weight) has to save an image.
    pub weight: f64,
    /// Share of the training, 0 to 1, over which the price grows from 0 to `weight`: units that are off
    /// early may never come back.
    pub warm_up: f64,
    /// What keeps the model from buying a small code with long features.
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

/// A dictionary and its prices.
#[derive(Clone, Debug)]
pub struct Sparse<W> {
    /// Encoder and features.
    pub dictionary: Dictionary<W>,
    activation: Activation,
    on: Priced,
    penalty: Penalty,
    weight: f64,
    warm_up: f64,
    scale: Scale,
}
tree!(Sparse { dictionary; activation, on, penalty, weight, warm_up, scale });

impl Settings for Config {
    type Model = Learned<Sparse<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let code = if data.width() < 256 { 128 } else { 1024 };
        let (activation, weight) = (Activation::Relu, 0.1);
        let (on, penalty, scale) = (Priced::Code, Penalty::L1, Scale::Unit);
        Config { code, activation, on, penalty, weight, warm_up: 0.0, scale }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_widths(&[], self.code)?;
        let Config { code, activation, on, penalty, weight, warm_up, scale } = *self;
        check_weight("weight", weight)?;
        check_share("warm_up", warm_up)?;
        let dictionary = Dictionary::new(code, data, from);
        let mut model = Learned(Sparse { dictionary, activation, on, penalty, weight, warm_up, scale });
        let share = best_share(&model, data);
        model.0.dictionary.scale_codes(share);
        Ok(model)
    }
}

impl<'t, T: Real> Sparse<Var<'t, T>> {
    fn features(&self) -> Var<'t, T> {
        match self.scale {
            Scale::Unit => self.dictionary.unit_rows(),
            Scale::Fold | Scale::Free => self.dictionary.rows,
        }
    }

    fn cost(&self, h: Var<'t, T>) -> Var<'t, T> {
        match (self.on, self.scale) {
            (Priced::Weights, _) => {
                self.penalty.of(self.dictionary.encoder.weight) + self.penalty.of(self.features())
            }
            (Priced::Code, Scale::Fold) => self.per_example(h * self.dictionary.lengths().t()),
            (Priced::Code, Scale::Unit | Scale::Free) => self.per_example(h),
        }
    }

    fn per_example(&self, h: Var<'t, T>) -> Var<'t, T> {
        self.penalty.of(h) * (1.0 / h.shape()[0] as f64)
    }
}

impl<'t, T: Real> Model<'t, T> for Sparse<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.activation.apply(self.dictionary.encode(x))
    }

    fn decode(&self, h: Var<'t, T>) -> Var<'t, T> {
        h.matmul(self.features()) + self.dictionary.bias
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let h = self.encode(x);
        let error = nn::losses::squared_error(self.decode(h), x);
        let weight = warmed_up(self.weight, self.warm_up, x.tape(), context);
        Loss::sum(Unit::SquaredError, [("reconstruction", error), ("sparsity", weight * self.cost(h))])
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
        let dictionary = &mut model.0.dictionary;
        dictionary.rows = dictionary.rows.map(|w| w * factor);
        dictionary.encoder.weight = dictionary.encoder.weight.map(|w| w / factor);
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
                let slope = &gradient.dictionary.encoder.weight;
                assert!(slope.to_vec().iter().any(|g| *g != 0.0), "{on:?} {penalty:?} {scale:?}");
                let mut moved = model.clone();
                let weight = &model.dictionary.encoder.weight;
                moved.dictionary.encoder.weight = weight.zip(slope, |w, g| w - 1e-3 * g);
                assert!(cost(&moved).0 < before, "{on:?} {penalty:?} {scale:?}");
            }
        }
    }
}
