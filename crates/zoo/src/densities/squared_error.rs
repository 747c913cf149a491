//! No distribution: the loss is the squared error, and the output the reconstruction.
//!
//! > `‖x − x̂‖²`
//!
//! With its constant it is [`fixed_gaussian`](super::fixed_gaussian).

use autograd::{Real, Tensor, Var};
use nn::Context;
use nn::losses::{self, Unit};

use super::{Density, Part, Said, Support};

pub(super) struct SquaredError;

impl Density for SquaredError {
    const TITLE: &'static str = "squared error, no distribution";
    const NUMBERS: &'static [&'static str] = &["x̂"];
    const SUPPORT: Support = Support::Real;
    const UNIT: Unit = Unit::SquaredError;

    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        (said.output - x).square()
    }

    fn loss<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        losses::squared_error(said.output, x)
    }

    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
        said.output
    }

    fn draw<T: Real>(_: Said<'_, T>, _: &mut Context) -> Tensor<T> {
        unreachable!("an error is no distribution to draw from")
    }

    fn first(data: &Part, _: usize) -> Tensor<f32> {
        data.mean.clone()
    }
}
