//! A loss: named terms and a unit.

use std::fmt;

use autograd::{Real, Var};
use serde::{Deserialize, Serialize};

/// What a loss is measured in, for one example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// The sum of squared errors over the features.
    SquaredError,
    /// The sum of absolute errors over the features, or of what grows like them.
    Error,
    /// A negative log-likelihood (or a bound on it) to base e.
    Nats,
}

impl Unit {
    /// The unit with the name of an example, for a report that knows what an example is: `SSE/img`.
    ///
    /// ```
    /// use nn::losses::Unit;
    ///
    /// assert_eq!((Unit::Nats.to_string(), Unit::Nats.per("sequence")), ("nats".into(), "nats/sequence".into()));
    /// ```
    pub fn per(self, example: &str) -> String {
        format!("{self}/{example}")
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unit::SquaredError => "SSE",
            Unit::Error => "error",
            Unit::Nats => "nats",
        })
    }
}

/// A sum of named terms with one unit.
pub struct Loss<'t, T: Real> {
    /// The unit of the total.
    pub unit: Unit,
    /// The terms, already weighted.
    pub terms: Vec<(&'static str, Var<'t, T>)>,
}

impl<'t, T: Real> Loss<'t, T> {
    /// The sum of these terms.
    ///
    /// # Panics
    /// If a term is no single number.
    #[track_caller]
    pub fn sum<const N: usize>(unit: Unit, terms: [(&'static str, Var<'t, T>); N]) -> Self {
        for (name, term) in &terms {
            let shape = term.shape();
            let single = shape.iter().all(|&size| size == 1);
            assert!(
                single,
                "Loss: the term `{name}` has shape {shape:?}; it must be a single number, such as a mean"
            );
        }
        Loss { unit, terms: terms.into() }
    }

    /// The number to minimize.
    #[track_caller]
    pub fn total(&self) -> Var<'t, T> {
        self.terms.iter().map(|term| term.1).reduce(|a, b| a + b).expect("a loss has a term")
    }
}

#[cfg(test)]
mod tests {
    use autograd::{Tape, Tensor};

    use super::*;

    #[test]
    #[should_panic(
        expected = "Loss: the term `kl` has shape [3]; it must be a single number, such as a mean"
    )]
    fn a_term_of_many_numbers() {
        Loss::sum(Unit::Nats, [("kl", Tape::<f64>::new().var(Tensor::ones([3])))]);
    }
}
