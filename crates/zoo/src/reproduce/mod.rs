//! Published results, most of them on MNIST, each reproduced by one call.
//!
//! A [`Target`] is a result of a paper: it knows what was published, trains what has to be trained with
//! the models of the zoo, and returns [`Row`]s that hold the published figure, ours, and the margin
//! within which ours counts as the same. `zoo reproduce` runs them; docs/RESULTS.md keeps what they came to.
//!
//! One file for each paper says what it did and in what we differ.

mod anomaly;
mod deep;
mod keras;
mod linear;
mod miwae;
mod nab;
mod numpy;
mod pca;
mod skab;
mod sound;
mod stacked;
mod vae;
mod watch;
mod windows;

use std::path::Path;

use nn::checkpoint::nearest;
use nn::optim::{Optimizer, Rule};
use nn::train::{EarlyStopping, Ended, Plan, Task, Trainer};
use nn::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::data::Split;
use crate::together::Board;

pub use watch::Watch;

/// A published result.
pub struct Target {
    /// The name on the command line.
    pub name: &'static str,
    /// What is reproduced, in a few words.
    pub title: &'static str,
    /// Where it was published.
    pub paper: &'static str,
    /// The figure that was published; `≈` before one that could not be looked up.
    pub published: &'static str,
    /// Minutes of one processor core, about.
    pub minutes: f64,
    /// The data that it works on.
    pub needs: Needs,
    /// Whether it has several trainings that know nothing of each other, which processes can share.
    pub in_parts: bool,
    run: fn(&Bench) -> Result<Vec<Row>>,
}

/// The data that a target works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// The four files of MNIST.
    Mnist,
    /// The folders of the Skoltech Anomaly Benchmark.
    Skab,
    /// The folders of the Numenta Anomaly Benchmark.
    Nab,
    /// A folder of WAV files with speech.
    Voices,
    /// Tables that come with scikit-learn.
    ScikitLearn,
}

impl Needs {
    /// The words for a message.
    pub fn words(self) -> &'static str {
        match self {
            Needs::Mnist => "MNIST",
            Needs::Skab => "SKAB (github.com/waico/SKAB)",
            Needs::Nab => "NAB (github.com/numenta/NAB)",
            Needs::Voices => "WAV files with speech, such as those of Debian's asterisk-core-sounds-en-wav",
            Needs::ScikitLearn => {
                "the tables that scikit-learn comes with, breast_cancer.csv and iris.csv (its folder datasets/data)"
            }
        }
    }
}

/// Every target, the quick ones first.
pub const TARGETS: &[Target] = &[
    pca::TARGET,
    linear::TARGET,
    keras::SHALLOW,
    keras::SPARSE,
    keras::DEEP,
    keras::CONVOLUTIONAL,
    anomaly::TARGET,
    skab::TARGET,
    nab::TARGET,
    sound::TARGET,
    miwae::TARGET,
    vae::TARGET,
    stacked::TARGET,
    deep::TARGET,
];

/// What a target works with.
pub struct Bench<'a> {
    /// The folder that the user named.
    pub folder: &'a Path,
    /// MNIST; no images for a target of other data.
    pub data: &'a Split,
    /// Every random number follows from it.
    pub seed: u64,
    /// Epochs of every training in place of the target's own, for a quick look.
    pub epochs: Option<usize>,
    /// Where processes share the trainings of a target that has several.
    pub board: Option<Board>,
    /// How to show that the work goes on.
    pub watch: Watch<'a>,
}

/// A measured figure beside the published one.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was measured, with its unit.
    pub quantity: String,
    /// What was published, if anything was.
    pub published: Option<Published>,
    /// What we measured.
    pub ours: f64,
    /// What ours is allowed to be; none for a figure that is only shown.
    pub margin: Option<Margin>,
    /// Digits after the point that mean something.
    pub digits: usize,
}

/// A published figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Published {
    /// As printed in the paper.
    Exactly(f64),
    /// As it is remembered or quoted: the paper's own table was not at hand.
    About(f64),
}

/// When a figure counts as reproduced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Margin {
    /// At most so far from this value.
    Within(f64, f64),
    /// Not above.
    AtMost(f64),
    /// Not below.
    AtLeast(f64),
}

impl Row {
    /// A figure with three digits, nothing to compare with and nothing to meet.
    fn new(quantity: impl Into<String>, ours: f64) -> Self {
        Row { quantity: quantity.into(), published: None, ours, margin: None, digits: 3 }
    }

    fn published(self, published: Published) -> Self {
        Row { published: Some(published), ..self }
    }

    fn margin(self, margin: Margin) -> Self {
        Row { margin: Some(margin), ..self }
    }

    fn digits(self, digits: usize) -> Self {
        Row { digits, ..self }
    }

    /// Whether ours is within the margin, if there is one. What is not a number never is.
    pub fn met(&self) -> Option<bool> {
        self.margin.map(|margin| match margin {
            Margin::Within(value, far) => (self.ours - value).abs() <= far,
            Margin::AtMost(most) => self.ours <= most,
            Margin::AtLeast(least) => self.ours >= least,
        })
    }
}

/// The target with this name.
///
/// # Errors
/// If there is none; the message names the nearest.
pub fn find(name: &str) -> Result<&'static Target> {
    TARGETS.iter().find(|target| target.name == name).ok_or_else(|| {
        let names = || TARGETS.iter().map(|target| target.name);
        let known = names().collect::<Vec<_>>().join(", ");
        Error::setting(
            "target",
            match nearest(name, names()) {
                Some(near) => {
                    format!("there is no target `{name}`; did you mean `{near}`? (targets: {known})")
                }
                None => format!("there is no target `{name}`; the targets are {known}"),
            },
        )
    })
}

impl Target {
    /// Trains and measures.
    ///
    /// # Errors
    /// If the data have no labels where labels are needed, or a training fails.
    pub fn run(&self, bench: &Bench) -> Result<Vec<Row>> {
        (self.run)(bench)
    }
}

impl Bench<'_> {
    /// The results of all parts of the work, in their order; several processes share them, if there is a board.
    fn each<R: Serialize + DeserializeOwned>(
        &self,
        parts: usize,
        work: impl FnMut(usize) -> Result<R>,
    ) -> Result<Vec<R>> {
        let Some(board) = &self.board else { return (0..parts).map(work).collect() };
        let epochs = self.epochs.map_or(String::new(), |epochs| format!(", {epochs} epochs"));
        board.all(&format!("{}, seed {}{epochs}", self.folder.display(), self.seed), parts, work)
    }

    /// A plan with the seed and, if the user wants, with other epochs; a batch has at most all examples.
    fn plan(&self, examples: usize, plan: Plan) -> Plan {
        let epochs = self.epochs.unwrap_or(plan.epochs);
        Plan { epochs, batch: plan.batch.min(examples), seed: self.seed, ..plan }
    }

    /// Trains to the end of the plan, in sight of the user.
    fn train(
        &self,
        what: &str,
        task: &mut dyn Task<f32>,
        plan: Plan,
        optimizer: Optimizer<f32, impl Rule<f32>>,
    ) -> Result<Ended> {
        self.run(what, task, plan, |plan| Trainer::new(plan, optimizer))
    }

    /// The same, and brings back the parameters of the best epoch, judged by the examples that are not
    /// trained on.
    fn train_to_best(
        &self,
        what: &str,
        task: &mut dyn Task<f32>,
        plan: Plan,
        optimizer: Optimizer<f32, impl Rule<f32>>,
    ) -> Result<Ended> {
        self.run(what, task, plan, |plan| Trainer::new(plan, optimizer).with(EarlyStopping::keep_best()))
    }

    fn run<'t>(
        &self,
        what: &str,
        task: &mut dyn Task<f32>,
        plan: Plan,
        trainer: impl FnOnce(Plan) -> Trainer<'t, f32>,
    ) -> Result<Ended> {
        let plan = self.plan(task.examples(), plan);
        self.watch.attach(what, trainer(plan)).run(task)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_are_inclusive_and_nan_meets_none() {
        let row = |ours: f64, margin| Row::new("x", ours).margin(margin).met();
        assert_eq!(row(13.868, Margin::Within(13.866, 0.0025)), Some(true));
        assert_eq!(row(13.869, Margin::Within(13.866, 0.0025)), Some(false));
        assert_eq!(
            [row(3.1, Margin::AtMost(3.1)), row(3.11, Margin::AtMost(3.1))],
            [Some(true), Some(false)]
        );
        assert_eq!(row(0.896, Margin::AtLeast(0.897)), Some(false));
        for margin in [Margin::Within(0.0, 1.0), Margin::AtMost(0.0), Margin::AtLeast(0.0)] {
            assert_eq!(row(f64::NAN, margin), Some(false));
        }
        assert_eq!(Row::new("x", 1.0).met(), None);
    }

    #[test]
    fn names_are_unique_and_a_slip_is_understood() {
        for (i, target) in TARGETS.iter().enumerate() {
            assert!(TARGETS[..i].iter().all(|other| other.name != target.name), "{}", target.name);
            assert_eq!(find(target.name).unwrap().name, target.name);
        }
        let text = find("stackd").err().unwrap().to_string();
        assert!(text.contains("did you mean `stacked`?"), "{text}");
    }
}
