//! A Gaussian of the variance ½ around the output.
//!
//! > `−ln N(x; x̂, ½) = (x − x̂)² + ½ ln π`
//!
//! So it is the [`squared_error`](super::squared_error) and its constant.

use autograd::{Real, Tensor, Var};
use nn::Context;
use nn::losses;

use super::{Density, Part, Said, Support, gaussian};

pub(super) struct FixedGaussian;

fn log_var<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
    said.output.tape().constant(Tensor::full([], 0.5_f64.ln()))
}

impl Density for FixedGaussian {
    const TITLE: &'static str = "Gaussian of the variance ½";
    const NUMBERS: &'static [&'static str] = &["μ"];
    const SUPPORT: Support = Support::Real;

    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        losses::elementwise::gaussian_nll(said.output, log_var(said), x)
    }

    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
        said.output
    }

    fn draw<T: Real>(said: Said<'_, T>, context: &mut Context) -> Tensor<T> {
        gaussian::draw(said.output, log_var(said), context)
    }

    fn first(data: &Part, _: usize) -> Tensor<f32> {
        data.mean.clone()
    }
}

#[cfg(test)]
mod tests {
    use autograd::{Tape, Tensor};

    use crate::Likelihood::{FixedGaussian, SquaredError};
    use crate::densities::checks::{integrates_to_one, shares, variance_of_draws};

    #[test]
    fn a_gaussian() {
        integrates_to_one(FixedGaussian, &[0.4], [-19.0, 20.0]);
        variance_of_draws(FixedGaussian, &shares(), |_| 0.5);
    }

    /// A collection of models takes the mean over pixels here, which is a hidden weight of the divergence.
    #[test]
    fn it_is_the_squared_error_and_its_constant() {
        let tape = Tape::<f32>::new();
        let x = tape.constant(Tensor::from_fn([6, 7], |i| ((i * 5) % 7) as f32 / 7.0));
        let output = tape.constant(Tensor::from_fn([6, 7], |i| (i as f32).sin()));
        let nll = FixedGaussian.loss(output, x).item();
        let square = SquaredError.loss(output, x).item();
        assert!((nll - square - 3.5 * std::f32::consts::PI.ln()).abs() < 1e-5, "{nll} {square}");
    }
}
