//! Errors of a model column by column, in the units of a table: a sum of squares over words and numbers of all units says
//! little.

use autograd::Tensor;
use nn::Dataset;
use serde::Serialize;

use crate::data::{ColumnKind, Preparation};
use crate::{AnyModel, evaluate};

/// The error of a model in a column, over the rows in which it was observed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnError {
    /// The name of the column.
    pub name: String,
    /// Its kind.
    pub kind: ColumnKind,
    /// Of numbers and days `√(Σ (x − x̂)² / n)`, in their unit; of words the share of wrong ones.
    pub error: f64,
    /// The same of always answering the mean, or the most frequent word, of the training rows.
    pub baseline: f64,
    /// Rows in which it was observed.
    pub rows: usize,
}

impl ColumnError {
    /// Whether the error is a share of wrong words.
    pub fn is_share(&self) -> bool {
        !self.kind.is_number() && self.kind != ColumnKind::Date
    }
}

/// The errors of the reconstructions of some rows; empty if the data are no table of several kinds of columns.
pub fn errors(model: &dyn AnyModel, data: &Dataset, preparation: &Preparation) -> Vec<ColumnError> {
    if !preparation.has_kinds() {
        return vec![];
    }
    let x_hat = evaluate::in_batches(data.x(), |x| model.decode(&model.encode(x)));
    let width = data.width();
    let [x, x_hat] = [data.x(), &x_hat].map(Tensor::to_vec);
    let mask = data.observed().map(Tensor::to_vec);
    let mut errors = vec![];
    for (step, features) in preparation.learnt() {
        let (mut sums, mut rows) = ([0.0, 0.0], 0);
        let baseline = step.usual();
        for row in 0..data.len() {
            let at = row * width + features.start..row * width + features.end;
            if mask.as_ref().is_some_and(|mask| mask[at.end - 1] == 0.0) {
                continue;
            }
            let [found, guess] = [&x, &x_hat].map(|of| step.expected(&of[at.clone()]));
            for (sum, guess) in sums.iter_mut().zip([guess, baseline]) {
                let words = !step.kind.is_number() && step.kind != ColumnKind::Date;
                *sum += if words { f64::from(u8::from(found != guess)) } else { (found - guess).powi(2) };
            }
            rows += 1;
        }
        let mut error =
            ColumnError { name: step.name.clone(), kind: step.kind, error: 0.0, baseline: 0.0, rows };
        let [of_model, of_baseline] = sums.map(|sum| {
            let mean = sum / rows.max(1) as f64;
            if error.is_share() { mean } else { mean.sqrt() }
        });
        (error.error, error.baseline) = (of_model, of_baseline);
        errors.push(error);
    }
    errors
}
