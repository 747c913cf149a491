//! The k-sparse autoencoder: only the `k` largest units speak (Makhzani and Frey 2014; Gao et al. 2024).
//!
//! > `L(x) = ‖x − x̂‖² + α ‖e − ê‖²`,  `h = TopK(max(0, z))`,  `e = x − x̂`
//!
//! No price is paid, so nothing shrinks, and the number of units that are on is chosen. Gradients pass
//! through the units that were kept; of equal ones the first is kept. A unit that never wins never
//! learns. So units that were silent for long, the *dead* ones, reconstruct together what is left,
//! `ê = Σⱼ zⱼ dⱼ` over the largest of them (AuxK; Gao et al. 2024, appendix A.2), until some win again.
//!
//! With [`Select::Batch`] (Bussmann et al. 2024) a batch shares `k · batch` places, and a rich image takes
//! more of them than a plain one. An image's code would then depend on its companions, so after
//! training a unit is on where it exceeds a threshold: the running mean of the smallest value that won.
//!
//! A small `k` from the start kills units that lose by chance. Makhzani and Frey begin with a large one and
//! let it fall ([`Config::first_factor`]), and they find more units than `k` useful afterwards
//! ([`Config::test_factor`]).

use autograd::{Buffer, Real, Tensor, Var, tree};
use nn::{Context, Dataset, Error, Generator, Result};
use serde::{Deserialize, Serialize};

use super::dictionary::Dictionary;
use super::{best_share, check_share, check_widths};
use crate::registry::Entry;
use crate::terms::warm_up;
use crate::{Learned, Loss, Model, Settings, Unit};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "topk",
    title: "k-sparse autoencoder",
    equation: "‖x − x̂‖², the k largest units, + α ‖e − ê‖²",
    source: "Makhzani & Frey 2014; Gao et al. 2024",
    ..Entry::of::<Config>(include_str!("topk.rs"))
};

/// Settings of a k-sparse autoencoder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Units in the code: several times as many as inputs, since all but `k` are off.
    pub code: usize,
    /// Units that are on for an image (in the mean, with [`Select::Batch`]), from 1 to `code`.
    pub k: usize,
    /// How many times `k` units are on in the first step of training (at most all), ≥ 1.
    pub first_factor: f64,
    /// Share of the training, 0 to 1, over which that number falls to `k`.
    pub annealing: f64,
    /// `α` ≥ 1: after training, `α k` units are on (at most all), rounded down. Only 1 with
    /// [`Select::Batch`], whose threshold says who is on.
    pub test_factor: f64,
    /// Who competes.
    pub select: Select,
    /// `α` ≥ 0, the weight of what the dead units learn; 0 leaves them dead.
    pub revival: f64,
    /// The largest number of dead units that help with one image, at least 1.
    pub revived: usize,
    /// A unit is dead when it was off for this many training examples in a row.
    pub dead_after: usize,
}

/// Among which the largest are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Select {
    /// The units of each example.
    Example,
    /// All units of all examples of a batch.
    Batch,
}

/// A dictionary and who is on.
#[derive(Clone, Debug)]
pub struct TopK<W> {
    /// Encoder and features.
    pub dictionary: Dictionary<W>,
    /// Training examples since each unit was on, `[code]`.
    pub idle: Buffer<W>,
    /// What a unit has to exceed after training with [`Select::Batch`], a single number.
    pub threshold: Buffer<W>,
    k: usize,
    first_k: usize,
    annealing: f64,
    test_k: usize,
    select: Select,
    revival: f64,
    revived: usize,
    dead_after: usize,
}
tree!(TopK { dictionary, idle, threshold; k, first_k, annealing, test_k, select, revival, revived, dead_after });

impl Settings for Config {
    type Model = Learned<TopK<Tensor<f32>>>;

    fn usual(data: &Dataset) -> Self {
        let (code, k) = if data.width() < 256 { (128, 8) } else { (1024, 32) };
        let revived = (data.width() / 2).max(1);
        Config {
            code,
            k,
            first_factor: 1.0,
            annealing: 0.0,
            test_factor: 1.0,
            select: Select::Example,
            revival: 1.0 / 32.0,
            revived,
            dead_after: 10_000,
        }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        check_widths(&[], self.code)?;
        let Config { code, k, first_factor, annealing, test_factor, select, revival, revived, dead_after } =
            *self;
        if k == 0 || k > code {
            return Err(Error::setting(
                "k",
                format!("k must be from 1 to the {code} units of the code, not {k}"),
            ));
        }
        check_share("annealing", annealing)?;
        for (name, factor) in [("first_factor", first_factor), ("test_factor", test_factor)] {
            if !(factor >= 1.0 && factor.is_finite()) {
                return Err(Error::setting(name, format!("{name} must be a number from 1 up, not {factor}")));
            }
        }
        if select == Select::Batch && test_factor > 1.0 {
            let text = "with `select = \"batch\"` a threshold says who is on; test_factor must be 1";
            return Err(Error::setting("test_factor", text));
        }
        if !(revival >= 0.0 && revival.is_finite()) {
            return Err(Error::setting(
                "revival",
                format!("revival must be a number from 0 up, not {revival}"),
            ));
        }
        if revived == 0 || dead_after == 0 {
            return Err(Error::setting(
                "revived",
                "revived and dead_after must be at least 1; `revival = 0` leaves dead units alone",
            ));
        }
        let dictionary = Dictionary::new(code, data, from);
        let (idle, threshold) = (Buffer(Tensor::zeros([code])), Buffer(Tensor::zeros([])));
        let [first_k, test_k] = [first_factor, test_factor].map(|f| ((f * k as f64) as usize).min(code));
        let mut model = Learned(TopK {
            dictionary,
            idle,
            threshold,
            k,
            first_k,
            annealing,
            test_k,
            select,
            revival,
            revived,
            dead_after,
        });
        let share = best_share(&model, data);
        model.0.dictionary.scale_codes(share);
        Ok(model)
    }
}

/// How much one batch moves the threshold.
const RATE: f64 = 0.01;

/// The `k` largest of every row, the rest 0.
fn largest<'t, T: Real>(z: Var<'t, T>, k: usize) -> Var<'t, T> {
    let [values, places] = z.top_k(1, k);
    z.tape().constant(Tensor::zeros(z.shape())).scatter_add(1, places, values)
}

impl<'t, T: Real> TopK<Var<'t, T>> {
    /// `h` in training: the winners, from `z`.
    fn compete(&self, z: Var<'t, T>, context: &Context) -> Var<'t, T> {
        let z = z.relu();
        let k = if self.first_k == self.k { self.k } else { self.k_at(context.progress()) };
        match self.select {
            Select::Example => largest(z, k),
            Select::Batch => {
                let z = context.whole(z);
                let shape = z.shape();
                let winners = largest(z.reshape([1, shape[0] * shape[1]]), k * shape[0]);
                context.own(winners.reshape(shape))
            }
        }
    }

    /// How many are on when this part of the training is done.
    fn k_at(&self, progress: f64) -> usize {
        let above = (self.first_k - self.k) as f64;
        self.k + (above * (1.0 - warm_up(progress, self.annealing))).round() as usize
    }

    /// `h` after training: of every example on its own.
    fn alone(&self, z: Var<'t, T>) -> Var<'t, T> {
        match self.select {
            Select::Example => largest(z.relu(), self.test_k),
            Select::Batch => {
                let z = z.relu();
                z.gt(self.threshold.0).select(z, 0.0)
            }
        }
    }

    /// Sets the buffers from the codes of the whole batch: who was on, and the smallest value that won.
    fn remember(&self, h: Var<'t, T>) {
        let was_on = h.gt(0.0).numbers().sum_over(0).gt(0.0);
        self.idle.set((!was_on).select(self.idle.latest() + h.shape()[0] as f64, 0.0));
        if self.select == Select::Batch {
            const NONE: f64 = f32::MAX as f64;
            let (least, old) = (h.gt(0.0).select(h, NONE).min(), self.threshold.latest());
            let moved = old.eq(0.0).select(least, old + (least - old) * RATE);
            self.threshold.set(least.lt(NONE).select(moved, old));
        }
    }

    /// `‖e − ê‖²`, where the largest of the dead units write `ê`, and less if only few are dead. `None`
    /// if all live. What is left, `e`, is a target and gets no gradient.
    fn aid(&self, z: Var<'t, T>, left: Var<'t, T>) -> Option<Var<'t, T>> {
        if self.revival == 0.0 {
            return None;
        }
        let idle = self.idle.0.value().to_vec();
        let dead: Vec<usize> =
            (0..idle.len()).filter(|&j| idle[j].as_f64() >= self.dead_after as f64).collect();
        if dead.is_empty() {
            return None;
        }
        // Not rectified: a unit that is below 0 everywhere must get a gradient, too.
        let silent = z.index_select(1, &dead);
        let helping = largest(silent, self.revived.min(dead.len()));
        let written = helping.matmul(self.dictionary.unit_rows().index_select(0, &dead));
        let share = (dead.len() as f64 / self.revived as f64).min(1.0);
        Some(self.revival * share * nn::losses::squared_error(written, left.stop_gradient()))
    }
}

impl<'t, T: Real> Model<'t, T> for TopK<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.alone(self.dictionary.encode(x))
    }

    fn decode(&self, h: Var<'t, T>) -> Var<'t, T> {
        self.dictionary.decode(h)
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let z = self.dictionary.encode(x);
        let h = if context.is_training() { self.compete(z, context) } else { self.alone(z) };
        let x_hat = self.decode(h);
        let mut aid = None;
        if context.is_training() {
            aid = self.aid(z, x - x_hat);
            self.remember(context.whole(h.stop_gradient()));
        }
        let none = x.tape().constant(T::zero());
        let error = nn::losses::squared_error(x_hat, x);
        Loss::sum(Unit::SquaredError, [("reconstruction", error), ("revival", aid.unwrap_or(none))])
    }
}

#[cfg(test)]
#[path = "topk_tests.rs"]
mod tests;
