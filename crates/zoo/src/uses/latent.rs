//! Working with codes: reconstruct, denoise, sample, walk, interpolate.
//!
//! ```
//! use autograd::Tensor;
//! use zoo::uses::latent::{linear, spherical};
//!
//! let a = Tensor::from_vec([1, 2], vec![1.0, 0.0]);
//! let b = Tensor::from_vec([1, 2], vec![0.0, 1.0]);
//! // Halfway along the line the code is shorter than both ends; along the circle it is not.
//! assert_eq!(linear(&a, &b, 3).to_vec()[2..4], [0.5, 0.5]);
//! let middle = spherical(&a, &b, 3).to_vec()[2];
//! assert!((middle - 0.5_f32.sqrt()).abs() < 1e-6);
//! ```

use autograd::Tensor;
use nn::random::normal;
use nn::{Purpose, generator};

use crate::AnyModel;
use crate::evaluate::in_batches;

/// `x̂ = g(f(x))` for `[examples, features]`. A trained denoising model removes noise by the same
/// function: it answers with the clean example that it expects behind a noisy one.
pub fn reconstruct(model: &dyn AnyModel, x: &Tensor<f32>) -> Tensor<f32> {
    in_batches(x, |x| model.decode(&model.encode(x)))
}

/// Decoded draws from `N(0, I)` over codes of `width` numbers: `[count, features]`. It makes examples
/// only where the model's prior is that distribution. Draw `i` depends on the seed and `i` alone.
pub fn sample(model: &dyn AnyModel, width: usize, count: usize, seed: u64) -> Tensor<f32> {
    let draw = |i: usize| normal([1, width], &mut generator(seed, Purpose::Sample, 0, i as u64));
    let draws: Vec<Tensor<f32>> = (0..count).map(draw).collect();
    if draws.is_empty() {
        return model.decode(&Tensor::zeros([0, width]));
    }
    in_batches(&Tensor::concat(&draws.iter().collect::<Vec<_>>(), 0), |z| model.decode(z))
}

/// A *latent traversal*: a code `[1, code]` whose number `unit` takes every one of `values`, the others
/// as they are. `[values, code]`, to be decoded.
///
/// # Panics
/// If `z` is not one code or has no such number.
#[track_caller]
pub fn traverse(z: &Tensor<f32>, unit: usize, values: &[f32]) -> Tensor<f32> {
    let code = one(z);
    assert!(unit < code.len(), "traverse: number {unit} of a code with {}", code.len());
    let with = |value: &f32| {
        let mut code = code.clone();
        code[unit] = *value;
        code
    };
    Tensor::from_vec([values.len(), code.len()], values.iter().flat_map(with).collect())
}

/// `(1 − t) a + t b` for `steps` values of `t` from 0 to 1: `[steps, code]` from two codes `[1, code]`.
///
/// # Panics
/// If there are fewer than 2 steps, or `a` and `b` are not one code each, of the same width.
#[track_caller]
pub fn linear(a: &Tensor<f32>, b: &Tensor<f32>, steps: usize) -> Tensor<f32> {
    weighted(a, b, steps, |t| (1.0 - t, t))
}

/// Along the great circle (*slerp*, Shoemake 1985): with `Ω` the angle between `a` and `b`
///
/// > `sin((1 − t) Ω) / sin Ω · a + sin(t Ω) / sin Ω · b`
///
/// Draws from `N(0, I)` in many dimensions lie near a sphere, and this path stays near it, where the
/// line dips towards the centre (White 2016). Codes that are parallel, opposite, or zero have no great
/// circle between them; for them it is the line.
///
/// # Panics
/// As [`linear`].
#[track_caller]
pub fn spherical(a: &Tensor<f32>, b: &Tensor<f32>, steps: usize) -> Tensor<f32> {
    let (u, v) = (one(a), one(b));
    let dot = |u: &[f32], v: &[f32]| u.iter().zip(v).map(|(&u, &v)| f64::from(u) * f64::from(v)).sum::<f64>();
    let angle = (dot(&u, &v) / (dot(&u, &u) * dot(&v, &v)).sqrt()).clamp(-1.0, 1.0).acos();
    let sine = angle.sin();
    // The sine for a zero code is NaN.
    if sine.is_nan() || sine < 1e-6 {
        return linear(a, b, steps);
    }
    weighted(a, b, steps, |t| (((1.0 - t) * angle).sin() / sine, (t * angle).sin() / sine))
}

/// `p a + q b` with the weights of every `t`, in double precision.
#[track_caller]
fn weighted(
    a: &Tensor<f32>,
    b: &Tensor<f32>,
    steps: usize,
    weights: impl Fn(f64) -> (f64, f64),
) -> Tensor<f32> {
    let (a, b) = (one(a), one(b));
    assert!(steps >= 2, "a path has at least its 2 ends, not {steps} steps");
    assert_eq!(a.len(), b.len(), "the ends of a path have codes of different widths");
    let point = |step: usize| {
        let (p, q) = weights(step as f64 / (steps - 1) as f64);
        a.iter().zip(&b).map(move |(&a, &b)| (p * f64::from(a) + q * f64::from(b)) as f32).collect::<Vec<_>>()
    };
    Tensor::from_vec([steps, a.len()], (0..steps).flat_map(point).collect())
}

#[track_caller]
fn one(z: &Tensor<f32>) -> Vec<f32> {
    let shape = z.shape();
    assert!(matches!(shape, [1, _]), "one code [1, code] is needed, not {shape:?}");
    z.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::models::pca::Pca;

    fn code(values: [f32; 3]) -> Tensor<f32> {
        Tensor::from_vec([1, 3], values.to_vec())
    }

    #[test]
    fn paths_begin_and_end_where_they_should() {
        let (a, b) = (code([3.0, 0.0, 4.0]), code([0.0, -5.0, 0.0]));
        for path in [linear(&a, &b, 7), spherical(&a, &b, 7)] {
            assert_eq!(path.shape(), [7, 3]);
            let ends = [path.slice(0, ..1), path.slice(0, 6..7)];
            for (end, wanted) in ends.iter().zip([&a, &b]) {
                assert!(end.to_vec().iter().zip(wanted.to_vec()).all(|(x, y)| (x - y).abs() < 1e-6));
            }
        }
        // Both have length 5, so the whole great circle has; its steps are equal.
        let path = spherical(&a, &b, 7);
        let lengths = path.map(|x| x * x).sum_to([7, 1]).to_vec();
        assert!(lengths.iter().all(|l| (l - 25.0).abs() < 1e-4), "{lengths:?}");
        let steps = path.slice(0, 1..7).zip(&path.slice(0, ..6), |x, y| (x - y) * (x - y));
        let steps = steps.sum_to([6, 1]).to_vec();
        assert!(steps.iter().all(|s| (s - steps[0]).abs() < 1e-4), "{steps:?}");
    }

    #[test]
    fn without_a_great_circle_it_is_the_line() {
        let a = code([1.0, 2.0, 3.0]);
        for b in [code([2.0, 4.0, 6.0]), code([-1.0, -2.0, -3.0]), code([0.0; 3])] {
            assert_eq!(spherical(&a, &b, 5), linear(&a, &b, 5));
        }
    }

    #[test]
    fn a_traversal_changes_one_number() {
        let path = traverse(&code([1.0, 2.0, 3.0]), 1, &[-1.0, 9.0]);
        assert_eq!(path.to_vec(), [1.0, -1.0, 3.0, 1.0, 9.0, 3.0]);
    }

    #[test]
    fn samples_depend_on_seed_and_number() {
        let data = digits();
        let pca = Pca::fit(data.train.x(), 4);
        let (two, five) = (sample(&pca, 4, 2, 1), sample(&pca, 4, 5, 1));
        assert_eq!(two.shape(), [2, 64]);
        let close = |a: &Tensor<f32>, b: &Tensor<f32>| {
            a.zip(b, |a, b| (a - b).abs()).to_vec().iter().all(|d| *d < 1e-6)
        };
        assert!(close(&two, &five.slice(0, ..2)) && !close(&two, &sample(&pca, 4, 2, 2)));
        assert_eq!(sample(&pca, 4, 0, 1).shape(), [0, 64]);
        // Within the plane of PCA a reconstruction changes nothing.
        assert!(close(&reconstruct(&pca, &two), &two));
    }
}
