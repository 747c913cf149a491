//! No distribution: the squared error of a reconstruction that stays within `[0, 1]`.
//!
//! > `‖x − σ(l)‖²` with the decoder's numbers `l`
//!
//! No error of data beyond the interval can be small, but every error can be measured.

use autograd::{Real, Tensor, Var};
use nn::Context;
use nn::losses::{self, Unit};

use super::{Density, Part, Said, Support, logit};

pub(super) struct BoundedSquaredError;

impl Density for BoundedSquaredError {
    const TITLE: &'static str = "squared error within [0, 1], no distribution";
    const NUMBERS: &'static [&'static str] = &["logit of x̂"];
    const SUPPORT: Support = Support::Real;
    const UNIT: Unit = Unit::SquaredError;

    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        (said.output.sigmoid() - x).square()
    }

    fn loss<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        losses::squared_error(said.output.sigmoid(), x)
    }

    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
        said.output.sigmoid()
    }

    fn draw<T: Real>(_: Said<'_, T>, _: &mut Context) -> Tensor<T> {
        unreachable!("an error is no distribution to draw from")
    }

    fn first(data: &Part, _: usize) -> Tensor<f32> {
        data.numbers(logit, &[])
    }
}

#[cfg(test)]
mod tests {
    use crate::Likelihood;
    use autograd::{Tape, Tensor};

    #[test]
    fn a_bounded_error_is_that_of_the_reconstruction() {
        let tape = Tape::<f64>::new();
        let [output, x] =
            [[0.0, 40.0], [0.8, 0.1]].map(|row| tape.constant(Tensor::from_vec([1, 2], row.to_vec())));
        let bounded = Likelihood::BoundedSquaredError;
        assert_eq!(bounded.mean(output).value().to_vec(), [0.5, 1.0]);
        assert!((bounded.loss(output, x).item() - (0.09 + 0.81)).abs() < 1e-12);
    }
}
