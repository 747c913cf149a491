//! A trained model as a recommender.

use autograd::Tensor;
use nn::data::{Examples, SparseRows};
use nn::train::Terms;
use serde::Serialize;

use super::metrics::{Errors, Lists, Scores, at_once, ranked};
use super::{Biases, Ease, Part, Study, popularity};
use crate::data::Preparation;
use crate::{AnyModel, Unit};

/// A model that learnt from choices, and what was done to these.
#[derive(Clone, Copy)]
pub struct Recommender<'a> {
    /// The model.
    pub model: &'a dyn AnyModel,
    /// The preparation of its data.
    pub preparation: &'a Preparation,
}

/// Figures of a model, or of one that it stands beside.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    /// The name of the model that was judged.
    pub name: String,
    /// The figures.
    #[serde(flatten)]
    pub quality: Quality,
}

/// Figures by what a model learnt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Quality {
    /// Who chose what.
    Lists(Lists),
    /// Ratings.
    Errors(Errors),
}

impl Quality {
    /// How far it is from perfect: `1 − NDCG@100`, or the root of the mean squared error of ratings.
    pub fn shortfall(&self) -> f64 {
        match self {
            Quality::Lists(lists) => 1.0 - lists.ndcg_100,
            Quality::Errors(errors) => errors.rmse,
        }
    }
}

impl Recommender<'_> {
    /// Scores of all items for each user of whom this is known, `[users, items]`: shares of the next choice, or predicted
    /// ratings.
    ///
    /// # Panics
    /// If there are not as many items.
    #[track_caller]
    pub fn scores(&self, known: &SparseRows) -> Tensor<f32> {
        let users: Vec<usize> = (0..known.len()).collect();
        let x = self.preparation.of_taste(known).rows(&users).expect("rows in memory");
        let taste = self.model.decode(&self.model.encode(&x));
        match self.preparation.biases() {
            Some(biases) => biases.scores(known) + taste,
            None => taste,
        }
    }

    /// The best items of each user by what is known, without those that were `seen`: for each their numbers and scores,
    /// best first. Predicted ratings are cut to the range of ratings, but ranked before.
    ///
    /// # Panics
    /// If users or items are not the same.
    #[track_caller]
    pub fn best(&self, known: &SparseRows, seen: &SparseRows, count: usize) -> Vec<Vec<(usize, f32)>> {
        let (range, width) = (self.preparation.rating_range(), known.width());
        assert!(
            (seen.len(), seen.width()) == (known.len(), width),
            "best: {} and {}",
            seen.len(),
            known.len()
        );
        let (users, mut all) = ((0..known.len()).collect::<Vec<_>>(), vec![]);
        for some in users.chunks(at_once(width)) {
            let mut scores = self.scores(&known.select(some)).to_vec();
            for (row, &user) in scores.chunks_mut(width).zip(some) {
                seen.row(user).for_each(|(item, _)| row[item] = f32::NEG_INFINITY);
                let left = width - seen.row(user).len();
                let cut = |score: f32| range.map_or(score, |[low, high]| score.clamp(low, high));
                all.push(
                    ranked(row, count.min(left)).into_iter().map(|item| (item, cut(row[item]))).collect(),
                );
            }
        }
        all
    }

    /// The figures for what is hidden, given what is known.
    pub fn judged(&self, name: &str, known_and_hidden: &[SparseRows; 2]) -> Judged {
        self.of_scores(name, &|known| self.scores(known), known_and_hidden)
    }

    fn of_scores(&self, name: &str, scores: &Scores<'_>, [known, hidden]: &[SparseRows; 2]) -> Judged {
        let quality = match self.preparation.rating_range() {
            Some(range) => Quality::Errors(Errors::of(scores, known, hidden, range)),
            None => Quality::Lists(Lists::of(scores, known, hidden)),
        };
        Judged { name: name.to_owned(), quality }
    }

    /// The models that it stands beside, which learnt from the same: popularity and [`Ease`], or the mean and [`Biases`].
    pub fn rivals(&self, study: &Study, known_and_hidden: &[SparseRows; 2]) -> Vec<Judged> {
        let train = study.train();
        if self.preparation.rating_range().is_some() {
            let (biases, mean) = (Biases::new(&train), train.mean() as f32);
            let same = |known: &SparseRows| Tensor::full([known.len(), known.width()], f64::from(mean));
            return vec![
                self.of_scores("biases", &|known| biases.scores(known), known_and_hidden),
                self.of_scores("mean", &same, known_and_hidden),
            ];
        }
        let mut all = vec![];
        if train.width() <= Ease::MOST {
            let (ease, _) = Ease::chosen(&train, &study.judged(Part::Validation));
            all.push(self.of_scores("EASE", &|known| ease.scores(known), known_and_hidden));
        }
        all.push(self.of_scores("popularity", &popularity(&train), known_and_hidden));
        all
    }
}

impl Study {
    /// The loss of ratings held out for validation, given those for training, for as many of them as a user has there: what
    /// the loss of the training would be if nothing were learnt by heart. `None` for choices, whose users for validation
    /// are examples like others.
    pub fn judge<'a>(&'a self, preparation: &'a Preparation) -> Option<impl Fn(&dyn AnyModel) -> Terms + 'a> {
        let range = preparation.rating_range()?;
        let held_out = self.judged(Part::Validation);
        let of_user = held_out[0].entries() as f64 / held_out[0].len() as f64;
        Some(move |model: &dyn AnyModel| {
            let recommender = Recommender { model, preparation };
            let errors = Errors::of(&|known| recommender.scores(known), &held_out[0], &held_out[1], range);
            let values = vec![("reconstruction".into(), of_user * errors.rmse.powi(2))];
            Terms { unit: Unit::SquaredError, values }
        })
    }
}
