//! Shortest paths on the manifold of a decoder.
//!
//! A line between two codes moves unevenly through the images: nearly still here, a jump there, and
//! perhaps across a region that no example comes from. A *geodesic* is the curve `z(t)` whose decoded
//! images change least (Chen et al. 2018; Shao, Kumar and Fletcher 2018; Arvanitidis et al. 2018): it
//! minimizes the energy
//!
//! > `E = ∫ żᵀ G(z) ż dt = ∫ ‖d x̂/dt‖² dt`,  `G(z) = Jᵀ J`,  `J = ∂x̂/∂z`
//!
//! with the pull-back metric `G` (see [`pull_back_metric`](super::manifold::pull_back_metric)). Among all
//! parametrizations of one curve the energy is least at constant speed.

use autograd::{Tensor, tree};
use nn::Result;
use nn::optim::{FullBatch, Lbfgs};

use super::latent::linear;
use crate::AnyModel;
use crate::evaluate::in_batches;

/// A path of codes and what it costs.
#[derive(Clone, Debug)]
pub struct Geodesic {
    /// The codes, `[steps, code]`, both ends included.
    pub codes: Tensor<f32>,
    /// Length of the decoded path, `Σ ‖x̂ᵢ₊₁ − x̂ᵢ‖`.
    pub length: f64,
    /// Length of the decoded line between the same ends, with as many steps.
    pub line_length: f64,
}

/// The geodesic from code `a` to code `b`, `[1, code]` each, with `steps` points.
///
/// The discrete energy `E = (steps − 1) Σᵢ ‖x̂ᵢ₊₁ − x̂ᵢ‖²` is minimized over the points between the ends,
/// from the line, by at most `iterations` steps of L-BFGS. Its gradient `∂E/∂zᵢ ∝ J(zᵢ)ᵀ (2x̂ᵢ − x̂ᵢ₋₁ −
/// x̂ᵢ₊₁)` needs first derivatives only. What is found is a local minimum near the line.
///
/// # Errors
/// If the decoder gives values that are not finite.
///
/// # Panics
/// If there are fewer than 3 steps, or `a` and `b` are not one code each, of the same width.
#[track_caller]
pub fn geodesic(
    model: &dyn AnyModel,
    a: &Tensor<f32>,
    b: &Tensor<f32>,
    steps: usize,
    iterations: usize,
) -> Result<Geodesic> {
    assert!(steps >= 3, "geodesic: between 2 ends there must be a point to move, not {steps} steps");
    let line = linear(a, b, steps);
    let whole = |inner: &Tensor<f64>| Tensor::concat(&[a, &inner.cast(), b], 0);
    // In double precision, so that the small steps near the minimum are not lost.
    let mut path = Path { inner: line.slice(0, 1..steps - 1).cast::<f64>() };
    Lbfgs::new().minimize(&mut path, iterations.max(1), |path| {
        let (energy, inner) = energy(model, &whole(&path.inner));
        (energy, Path { inner })
    })?;
    let codes = whole(&path.inner);
    let [length, line_length] = [&codes, &line].map(|codes| length(&model.decode(codes)));
    Ok(Geodesic { codes, length, line_length })
}

/// The points of a path that may move.
#[derive(Clone, Debug)]
struct Path<W> {
    inner: W,
}
tree!(Path { inner });

/// The energy of a path `[steps, code]`, and its derivative by the points between the ends.
fn energy(model: &dyn AnyModel, codes: &Tensor<f32>) -> (f64, Tensor<f64>) {
    let [steps, width] = [0, 1].map(|axis| codes.shape()[axis]);
    let x = in_batches(codes, |z| model.decode(z)).cast::<f64>();
    let part = |start: usize| x.slice(0, start..start + steps - 2);
    let moved = x.slice(0, 1..steps).zip(&x.slice(0, ..steps - 1), |x, y| x - y);
    let scale = (steps - 1) as f64;
    let energy = scale * moved.map(|m| m * m).sum_to([]).item();
    let bend = part(1).zip(&part(0), |x, y| x - y).zip(&part(2).zip(&part(1), |x, y| x - y), |x, y| x - y);
    // J(zᵢ)ᵀ bendᵢ for every point: [points, 1, features] · [points, features, code].
    let inner = codes.slice(0, 1..steps - 1);
    let jacobian = in_batches(&inner, |z| model.decoder_jacobian(z)).cast::<f64>();
    let features = bend.shape()[1];
    let gradient = bend.reshape([steps - 2, 1, features]).matmul(&jacobian).reshape([steps - 2, width]);
    (energy, gradient.map(|g| 2.0 * scale * g))
}

/// `Σ ‖x̂ᵢ₊₁ − x̂ᵢ‖` of decoded points `[steps, features]`.
///
/// # Panics
/// If there are no points.
#[track_caller]
pub fn length(x: &Tensor<f32>) -> f64 {
    step_lengths(x).iter().sum()
}

/// `‖x̂ᵢ₊₁ − x̂ᵢ‖` of decoded points `[steps, features]`: all equal along a geodesic.
///
/// # Panics
/// If there are no points.
#[track_caller]
pub fn step_lengths(x: &Tensor<f32>) -> Vec<f64> {
    let steps = x.shape()[0];
    assert!(steps > 0, "a path of no points");
    let x = x.cast::<f64>();
    let moved = x.slice(0, 1..steps).zip(&x.slice(0, ..steps - 1), |x, y| x - y);
    let squares = moved.map(|m| m * m).sum_to([steps - 1, 1]);
    squares.to_vec().into_iter().map(f64::sqrt).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::pca::Pca;
    use crate::{Learned, Loss, Model, data::digits};
    use autograd::{Real, Var};
    use nn::Context;

    /// Codes are latitude and longitude, examples points of the unit sphere.
    struct Globe<W> {
        radius: W,
    }
    tree!(Globe { radius });

    impl<'t, T: Real> Model<'t, T> for Globe<Var<'t, T>> {
        fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
            x.slice(1, ..2)
        }

        fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
            let (latitude, longitude) = (z.slice(1, ..1), z.slice(1, 1..));
            let r = latitude.cos() * self.radius;
            Var::concat([r * longitude.cos(), r * longitude.sin(), latitude.sin() * self.radius], 1)
        }

        fn loss(&self, _: Var<'t, T>, _: &mut Context) -> Loss<'t, T> {
            unreachable!("it is not trained")
        }
    }

    #[test]
    fn on_a_globe_geodesics_are_great_circles() {
        let globe = Learned(Globe { radius: Tensor::scalar(1.0) });
        // Along the 60th parallel a quarter of the way round: the line follows the parallel.
        let latitude = std::f64::consts::FRAC_PI_3;
        let quarter = std::f64::consts::FRAC_PI_2;
        let at = |longitude: f64| Tensor::from_vec([1, 2], vec![latitude as f32, longitude as f32]);
        let found = geodesic(&globe, &at(0.0), &at(quarter), 33, 500).unwrap();
        let parallel = quarter * latitude.cos();
        let great_circle = (latitude.sin().powi(2)).acos(); // cos Ω = sin² φ at right angles
        assert!((found.line_length - parallel).abs() < 1e-3, "{} {parallel}", found.line_length);
        assert!((found.length - great_circle).abs() < 2e-4, "{} {great_circle}", found.length);
        let steps = step_lengths(&globe.decode(&found.codes));
        let mean = found.length / 32.0;
        assert!(steps.iter().all(|s| (s - mean).abs() < 0.03 * mean), "constant speed: {steps:?}");
    }

    #[test]
    fn on_a_plane_geodesics_are_lines() {
        let data = digits();
        let pca = Pca::fit(data.train.x(), 3);
        let z = pca.encode(&data.test.rows(&[0, 1]));
        let (a, b) = (z.slice(0, ..1), z.slice(0, 1..2));
        let found = geodesic(&pca, &a, &b, 9, 100).unwrap();
        let line = linear(&a, &b, 9);
        assert!(found.codes.zip(&line, |x, y| (x - y).abs()).to_vec().iter().all(|d| *d < 1e-4));
        assert!((found.length - found.line_length).abs() < 1e-5);
    }

    #[test]
    fn the_gradient_is_that_of_the_energy() {
        let globe = Learned(Globe { radius: Tensor::scalar(1.0) });
        let codes = Tensor::from_fn([5, 2], |i| (i as f32 * 0.9).sin());
        let (_, gradient) = energy(&globe, &codes);
        for k in 0..6 {
            let moved = |by: f32| {
                let mut values = codes.to_vec();
                values[2 + k] += by;
                energy(&globe, &Tensor::from_vec([5, 2], values)).0
            };
            let difference = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            let g = gradient.to_vec()[k];
            assert!((difference - g).abs() < 2e-3 * (1.0 + g.abs()), "{k}: {g} {difference}");
        }
    }
}
