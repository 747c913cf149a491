//! Training that came to a number which is none.

use std::fmt;

/// The number that became infinite or NaN, and when.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Diverged {
    /// The number.
    pub number: Number,
    /// Its value: ±∞ or NaN.
    pub value: f64,
    /// The step of the training, counted from 1 over all epochs; `None` between steps, and outside of a training.
    pub step: Option<usize>,
    /// The epoch of the training, counted from 1; `None` outside of a training.
    pub epoch: Option<usize>,
}

/// A number that training needs to be finite.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Number {
    /// The term of this name of the training loss.
    Term(String),
    /// The term of this name of the loss of examples that are not trained on.
    Validation(String),
    /// The loss as a whole.
    Loss,
    /// An element of the gradient of a parameter.
    Gradient {
        /// The name of the parameter; empty if the model is a single tensor.
        parameter: String,
        /// The place of the element, counted from 0; `None` if the gradient was to be clipped.
        element: Option<usize>,
    },
}

const SMALLER: &str = "the training diverged, and a smaller learning rate usually helps";

impl Diverged {
    pub(crate) fn new(number: Number, value: f64) -> Self {
        Diverged { number, value, step: None, epoch: None }
    }

    // No `From`: with more than one source of conversion `?` could not infer the type of a closure's error.
    pub(crate) fn into_error(self) -> super::Error {
        super::Error::Diverged(Box::new(self))
    }

    /// The same in a training.
    pub(crate) fn at(self, step: Option<usize>, epoch: usize) -> Self {
        Diverged { step, epoch: Some(epoch), ..self }
    }
}

impl fmt::Display for Diverged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value;
        let when = match (self.step, self.epoch) {
            (Some(step), Some(epoch)) => format!("at step {step} (epoch {epoch})"),
            (None, Some(epoch)) => format!("after epoch {epoch}"),
            (_, None) => String::new(),
        };
        let happened = if when.is_empty() { String::new() } else { format!(". It happened {when}") };
        // What a single step says of itself.
        let (stopped, at) = match when.is_empty() {
            true => ("", String::new()),
            false => ("training stopped: ", format!(" {when}")),
        };
        match &self.number {
            Number::Term(name) => write!(f, "the {name} loss became {value}; {SMALLER}{happened}"),
            Number::Validation(name) => write!(
                f,
                "the {name} loss of the examples that are not trained on became {value}; {SMALLER}{happened}"
            ),
            Number::Loss => write!(
                f,
                "{stopped}the loss is {value}, and no step is made; look for an empty batch, data that are no \
                 numbers, or a learning rate that is too large{at}"
            ),
            Number::Gradient { parameter, element } => {
                let of = if parameter.is_empty() { String::new() } else { format!(" of `{parameter}`") };
                match element {
                    Some(element) => write!(
                        f,
                        "{stopped}the gradient{of} is {value} at element {element}; no step is made with it{at}"
                    ),
                    None => {
                        write!(f, "{stopped}the gradient{of} has an element {value}; nothing was clipped{at}")
                    }
                }
            }
        }
    }
}
