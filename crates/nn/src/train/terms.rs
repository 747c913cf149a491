//! The terms of a loss, as numbers.

use std::borrow::Cow;

use autograd::Real;
use serde::{Deserialize, Serialize};

use crate::losses::{Loss, Unit};

/// The terms of a loss, as numbers, with their unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// The unit of every term.
    pub unit: Unit,
    /// Names and values.
    pub values: Vec<(Cow<'static, str>, f64)>,
}

impl Terms {
    /// The numbers of a loss on a tape.
    pub fn of<T: Real>(loss: &Loss<T>) -> Self {
        let values = loss.terms.iter().map(|(name, term)| ((*name).into(), term.item().as_f64())).collect();
        Terms { unit: loss.unit, values }
    }

    /// The sum of the terms.
    pub fn total(&self) -> f64 {
        self.values.iter().map(|term| term.1).sum()
    }

    /// The mean over parts with these numbers of examples; `None` if there are none.
    pub fn mean(parts: impl Iterator<Item = (Terms, usize)>) -> Option<Terms> {
        let mut sum = None;
        let mut examples = 0;
        for (terms, count) in parts {
            Terms::add(&mut sum, terms, count as f64);
            examples += count;
        }
        sum.map(|sum| sum.times(1.0 / examples as f64))
    }

    /// The first term that is infinite or NaN.
    pub(super) fn not_finite(&self) -> Option<&(Cow<'static, str>, f64)> {
        self.values.iter().find(|term| !term.1.is_finite())
    }

    pub(super) fn times(mut self, factor: f64) -> Terms {
        self.values.iter_mut().for_each(|term| term.1 *= factor);
        self
    }

    /// Adds `factor` times other terms.
    pub(super) fn add(sum: &mut Option<Terms>, terms: Terms, factor: f64) {
        let terms = terms.times(factor);
        match sum {
            None => *sum = Some(terms),
            Some(sum) => sum.values.iter_mut().zip(&terms.values).for_each(|(sum, term)| sum.1 += term.1),
        }
    }
}
