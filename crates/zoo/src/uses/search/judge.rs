//! The objective of a search over models of the registry: how good are these settings on examples that
//! were not trained with?

use nn::data::split::{Fractions, Split as Numbers};
use nn::{Dataset, Error, Result};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::config::Setup;
use crate::data::Split;
use crate::evaluate;
use crate::recommend::{Part, Recommender, Study};
use crate::registry::Entry;
use crate::train::{Plan, train, train_part, trainer};

/// Which examples judge.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validation {
    /// A part of the training examples, such as 0.2 of them.
    Fraction(f64),
    /// Each of so many parts in turn, with the others to learn from; the loss is the mean. As many times
    /// the work, and less of it is luck.
    Folds(usize),
}

/// What is to be small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Squared error of the reconstructions, summed over features. A larger code always helps it.
    SquaredError,
    /// The loss of the model. It cannot compare settings that are weights in it, such as β.
    Loss,
}

/// Trains a model of the registry with settings and measures it.
///
/// A setting is a key of the model's own configuration, or `train.` with a key of [`Plan`], such as
/// `train.learning_rate`. The budget is the fraction of the plan's epochs, at least one of them.
pub struct Judge<'a> {
    entry: &'a Entry,
    parts: Vec<Split>,
    /// How to train with the whole budget.
    plan: Plan,
    by: By<'a>,
}

/// The figure of a trained model.
enum By<'a> {
    Measure(Measure),
    /// Of a recommender: how far its lists, or predicted ratings, are from the hidden ones.
    Choices(&'a Setup, &'a Study),
}

impl<'a> Judge<'a> {
    /// A judge that sees these training examples only: the test stays unseen until the search is over.
    ///
    /// # Errors
    /// If the examples cannot be divided so.
    pub fn new(
        entry: &'a Entry,
        examples: &Dataset,
        plan: Plan,
        validation: Validation,
        measure: Measure,
    ) -> Result<Self> {
        let numbers = match validation {
            Validation::Fraction(validation) => {
                let fractions = Fractions { validation, test: 0.0 };
                vec![Numbers::random(examples.len(), fractions, plan.seed)?]
            }
            Validation::Folds(count) => Numbers::folds(examples.len(), count, plan.seed)?,
        };
        if numbers.iter().any(|split| split.validation.is_empty()) {
            return Err(Error::setting(
                "validation",
                "a validation with 0 of the examples cannot judge; use 0.2",
            ));
        }
        let split = |numbers: Numbers| Split {
            name: "validation".into(),
            train: examples.select(&numbers.train),
            test: examples.select(&numbers.validation),
        };
        let parts = numbers.into_iter().map(split).collect();
        Ok(Judge { entry, parts, plan, by: By::Measure(measure) })
    }

    /// A judge of recommenders that learn from all choices for training, by what is hidden of the [part for
    /// validation](Part::Validation): `1 − NDCG@100` of the lists, or the root of the mean squared error of ratings.
    pub fn of_choices(setup: &'a Setup, study: &'a Study) -> Self {
        let (entry, plan) = (setup.entry, setup.config.train.clone());
        Judge { entry, parts: vec![setup.data.clone()], plan, by: By::Choices(setup, study) }
    }

    /// The mean over the parts; to be given to [`Search::run`](super::Search::run).
    ///
    /// # Errors
    /// If the settings make no sense, or training diverges.
    pub fn loss(&self, settings: &Table, budget: f64) -> Result<f64> {
        let (model, plan) = self.divided(settings)?;
        let epochs = ((plan.epochs as f64 * budget).round() as usize).max(1);
        let mut sum = 0.0;
        for data in &self.parts {
            let plan = Plan { epochs, batch: plan.batch.min(data.train.len()), ..plan.clone() };
            let complete = self.entry.complete(&model, &data.train)?;
            let mut model = self.entry.build(&complete, &data.train, plan.seed)?;
            sum += match self.by {
                By::Measure(measure) => {
                    train(&mut *model, data, &plan)?;
                    match measure {
                        Measure::SquaredError => evaluate::mean_squared_error(&*model, &data.test),
                        Measure::Loss => evaluate::loss(&*model, &data.test, plan.seed).total(),
                    }
                }
                By::Choices(setup, study) => {
                    setup.lesson(&mut *model, &train_part, |lesson| trainer(&plan).run(lesson))?;
                    let recommender = Recommender { model: &*model, preparation: &setup.preparation };
                    recommender.judged(self.entry.name, &study.judged(Part::Validation)).quality.shortfall()
                }
            };
        }
        Ok(sum / self.parts.len() as f64)
    }

    /// The settings of the model, and the plan with its own.
    fn divided(&self, settings: &Table) -> Result<(Table, Plan)> {
        let mut plan = Table::try_from(&self.plan).expect("a plan is a table");
        let mut model = Table::new();
        for (key, value) in settings {
            match key.strip_prefix("train.") {
                Some(key) => _ = plan.insert(key.to_owned(), value.clone()),
                None => _ = model.insert(key.clone(), value.clone()),
            }
        }
        let plan = Value::Table(plan).try_into().map_err(|error: toml::de::Error| {
            Error::setting("train", format!("the settings of `train.`: {}", error.message().trim()))
        })?;
        Ok((model, plan))
    }
}
