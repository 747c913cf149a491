//! The sparse autoencoder whose units have a threshold each (Rajamanoharan et al. 2024, *Jumping ahead*).
//!
//! > `L(x) = ‖x − x̂‖² + λ Σⱼ H(zⱼ − θⱼ)`,  `hⱼ = zⱼ H(zⱼ − θⱼ)`,
//!
//! with the step `H`. The price is on the number of units that are on, and a unit that is on says its
//! value in full: nothing shrinks. The step has slope 0, so `θ` would never learn. Its derivatives are
//! therefore those of the *expected* loss, estimated from the units whose `z` lies within `ε / 2` of the
//! threshold (eq. 11 and 12 of the paper, with a rectangle as kernel `K`):
//!
//! > `∂h/∂θ := −(θ/ε) K((z − θ)/ε)`,  `∂H/∂θ := −(1/ε) K((z − θ)/ε)`
//!
//! They are derivatives by decree, so a second derivative is refused.

use autograd::{Real, Tensor, Var, tree, value};
use nn::{Context, Dataset, Error, Generator, Result};
use serde::{Deserialize, Serialize};

use super::dictionary::Dictionary;
use super::{best_share, check_share, check_weight, check_widths};
use crate::registry::Entry;
use crate::terms::warmed_up;
use crate::{Learned, Loss, Model, Settings, Unit, evaluate};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "jumprelu",
    title: "sparse autoencoder with thresholds",
    equation: "‖x − x̂‖² + λ Σ H(z − θ)",
    source: "Rajamanoharan et al. 2024",
    ..Entry::of::<Config>(include_str!("jumprelu.rs"))
};

/// Settings of an autoencoder with thresholds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Units in the code: several times as many as inputs, since most are off at any time.
    pub code: usize,
    /// `λ` ≥ 0: the squared error that a unit has to save to be on.
    pub weight: f64,
    /// Share of the training, 0 to 1, over which the price grows from 0 to `weight`: units that are off
    /// early may never come back.
    pub warm_up: f64,
    /// `θ` > 0 at the beginning, in units of `z`, like the data; higher where more units would be on than are worth their
    /// price, and lower where the codes are scaled down.
    pub threshold: f64,
    /// `ε` > 0, the width of the kernel, in units of `z`: a wide one averages over more examples, a narrow
    /// one is nearer to the truth.
    pub bandwidth: f64,
}

/// A dictionary and its thresholds.
#[derive(Clone, Debug)]
pub struct JumpRelu<W> {
    /// Encoder and features.
    pub dictionary: Dictionary<W>,
    /// `ln θ`, `[code]`: thresholds stay positive.
    pub log_theta: W,
    weight: f64,
    warm_up: f64,
    bandwidth: f64,
}
tree!(JumpRelu { dictionary, log_theta; weight, warm_up, bandwidth });

impl Settings for Config {
    type Model = Learned<JumpRelu<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let code = if data.width() < 256 { 128 } else { 1024 };
        Config { code, weight: 0.03, warm_up: 0.0, threshold: 0.1, bandwidth: 0.2 }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_widths(&[], self.code)?;
        let Config { code, weight, warm_up, threshold, bandwidth } = *self;
        check_weight("weight", weight)?;
        check_share("warm_up", warm_up)?;
        for (name, value) in [("threshold", threshold), ("bandwidth", bandwidth)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::setting(name, format!("{name} must be a number above 0, not {value}")));
            }
        }
        let dictionary = Dictionary::new(code, data, from);
        let threshold = threshold.max(affordable(&dictionary, weight, data));
        let log_theta = Tensor::full([code], threshold.ln());
        let mut model = Learned(JumpRelu { dictionary, log_theta, weight, warm_up, bandwidth });
        let share = best_share(&model, data);
        model.0.dictionary.scale_codes(share);
        // Smaller codes pass smaller thresholds: the same units are on.
        model.0.log_theta = model.0.log_theta.map(|theta| theta + share.max(f32::MIN_POSITIVE).ln());
        Ok(model)
    }
}

/// The threshold above which there are so few units that they cost at most half of the squared error of the mean:
/// of a wide dictionary half would be on, at a price that no reconstruction is worth.
fn affordable(dictionary: &Dictionary<Tensor<f32>>, weight: f64, data: &Dataset) -> f64 {
    /// As many examples as are looked at.
    const ENOUGH: usize = 256;
    let some = data.x().slice(0, ..data.len().min(ENOUGH));
    let error = evaluate::variance_around(&evaluate::mean(data.x()), data);
    let units = error / (2.0 * weight) * some.shape()[0] as f64;
    let mut z = value(dictionary, |dictionary, tape| dictionary.encode(tape.constant(&some))).to_vec();
    z.sort_unstable_by(|a, b| b.total_cmp(a));
    z.get(units as usize).map_or(0.0, |z| f64::from(*z))
}

/// `H(z − θ)` and `z H(z − θ)`, for `z` of `[batch, code]` and `θ` of `[code]`, with the derivatives of the
/// [module](self).
fn gate_and_code<'t, T: Real>(z: Var<'t, T>, theta: Var<'t, T>, bandwidth: f64) -> [Var<'t, T>; 2] {
    let on = z.gt(theta).numbers();
    // A ramp of width ε whose slope is the rectangle; only θ may feel it.
    let ramp = ((z.stop_gradient() - theta) * (1.0 / bandwidth) + 0.5).clamp(0.0, 1.0);
    let gate = ramp.straight_through(on);
    // The second part is 0 and has the slope of θ times the gate's.
    [gate, z * on + theta.stop_gradient() * (gate - on)]
}

impl<'t, T: Real> Model<'t, T> for JumpRelu<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        let [_, h] = gate_and_code(self.dictionary.encode(x), self.log_theta.exp(), self.bandwidth);
        h
    }

    fn decode(&self, h: Var<'t, T>) -> Var<'t, T> {
        self.dictionary.decode(h)
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let [gate, h] = gate_and_code(self.dictionary.encode(x), self.log_theta.exp(), self.bandwidth);
        let active = gate.sum() * (1.0 / x.shape()[0] as f64);
        let error = nn::losses::squared_error(self.decode(h), x);
        let weight = warmed_up(self.weight, self.warm_up, x.tape(), context);
        Loss::sum(Unit::SquaredError, [("reconstruction", error), ("active units", weight * active)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::evaluate;
    use crate::train::{Plan, train};
    use nn::{Purpose, generator, random};

    #[test]
    fn decreed_slopes_are_those_of_the_expectation() {
        // z ~ N(0, 1): E H(z − θ) has the slope −φ(θ), and E z² H(z − θ) the slope −θ² φ(θ).
        let z: Tensor<f64> = random::normal([400_000, 1], &mut generator(1, Purpose::Noise, 0, 0));
        let (theta, count) = (0.7_f64, 400_000.0);
        let density = (-0.5 * theta * theta).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let slope = |which: usize| {
            autograd::grad(&Tensor::full([1], theta), |theta, tape| {
                let y = gate_and_code(tape.constant(&z), theta, 0.1)[which];
                if which == 0 { y.sum() / count } else { y.square().sum() / count }
            })
            .item()
        };
        assert!((slope(0) / -density - 1.0).abs() < 0.02, "{} {density}", slope(0));
        // 2 h ∂h/∂θ is 0 below the threshold and −2 z θ/ε above: half the rectangle at twice the height.
        assert!((slope(1) / (-theta * theta * density) - 1.0).abs() < 0.06, "{}", slope(1));
    }

    #[test]
    fn away_from_the_thresholds_the_gradient_is_exact() {
        let z = Tensor::from_vec([1, 3], vec![-0.8, 0.1, 1.4]);
        let theta = Tensor::full([3], 0.5);
        let squares = |z: &Tensor<f64>| {
            autograd::value_and_grad(z, |z, tape| {
                gate_and_code(z, tape.constant(&theta), 0.2)[1].square().sum()
            })
        };
        let (value, gradient) = squares(&z);
        assert!((value - 1.4 * 1.4).abs() < 1e-12);
        assert_eq!(gradient.to_vec(), [0.0, 0.0, 2.8]);
    }

    #[test]
    #[should_panic(expected = "straight_through: it has a first derivative by decree and no second")]
    fn a_second_derivative_is_refused() {
        let data = digits().train;
        let model = Config::defaults(&data).build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
        let _ = model.gradcheck(&data.rows(&[0, 1]), Context::training(0, 1, &[0, 1]), 2);
    }

    #[test]
    fn a_higher_price_switches_units_off_and_raises_thresholds() {
        let data = digits();
        let [cheap, dear] = [0.003, 0.1].map(|weight| {
            let config = Config { weight, ..Config::defaults(&data.train) };
            let mut model = config.build(&data.train, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
            train(&mut model, &data, &Plan { epochs: 40, learning_rate: 2e-3, ..Plan::default() }).unwrap();
            let codes = evaluate::codes(&model, &data.test);
            let on = codes.map(|h| f32::from(h > 0.0)).sum_to([]).item() / data.test.len() as f32;
            (on, model.0.log_theta.sum_to([]).item() / model.0.log_theta.len() as f32)
        });
        assert!(dear.0 < 0.5 * cheap.0 && dear.1 > cheap.1, "units on, mean ln θ: {cheap:?} {dear:?}");
    }
}
