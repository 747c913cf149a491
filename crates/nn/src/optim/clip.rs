//! Limits on gradients, so that a single bad batch cannot throw a model off. [Buffers](autograd::Buffer), which
//! nothing is trained by, do not count.
//!
//! ```
//! use autograd::Tensor;
//! use nn::optim::clip;
//!
//! let mut gradient = [Tensor::<f64>::full([2], 3.0), Tensor::full([2], -4.0)];
//! let norm = clip::by_norm(&mut gradient, 1.0)?; // √(9 + 9 + 16 + 16)
//! assert!((norm - f64::sqrt(50.0)).abs() < 1e-12);
//! assert!((gradient[1][[0]] + 4.0 / f64::sqrt(50.0)).abs() < 1e-15);
//! # Ok::<(), nn::Error>(())
//! ```

use autograd::{Name, Real, Tensor, Tree};

use super::{each_parameter, each_parameter_mut};
use crate::Result;
use crate::error::{Diverged, Number};

/// Multiplies all gradients by `min(1, limit / ‖g‖)` (Pascanu, Mikolov and Bengio 2013, algorithm 1),
/// with the Euclidean norm `‖g‖` over all elements of all tensors, and returns the norm before that.
///
/// # Errors
/// If an element is infinite or NaN: no factor makes a direction of it. The error names the parameter;
/// the gradients are unchanged.
///
/// # Panics
/// If the limit is not above 0.
#[track_caller]
pub fn by_norm<T: Real>(gradient: &mut impl Tree<Tensor<T>>, limit: f64) -> Result<f64> {
    assert!(limit > 0.0, "by_norm: the limit is {limit}; it must be above 0");
    let largest = largest(gradient)?;
    if largest == 0.0 {
        return Ok(0.0);
    }
    // Relative to the largest element no square overflows, and none that counts is lost.
    let mut sum = 0.0;
    each_parameter(gradient, |_, tensor| sum += squares(tensor, largest));
    let norm = largest * sum.sqrt();
    if norm > limit {
        let factor = T::of(limit / norm);
        each_parameter_mut(gradient, |_, tensor| scale(tensor, factor));
    }
    Ok(norm)
}

/// Replaces every element by the nearest number in `[−limit, limit]` and returns the largest absolute
/// value before that. This changes the direction; [`by_norm`] does not.
///
/// # Errors
/// As [`by_norm`].
///
/// # Panics
/// If the limit is not above 0.
#[track_caller]
pub fn by_value<T: Real>(gradient: &mut impl Tree<Tensor<T>>, limit: f64) -> Result<f64> {
    assert!(limit > 0.0, "by_value: the limit is {limit}; it must be above 0");
    let largest = largest(gradient)?;
    if largest > limit {
        let limit = T::of(limit);
        each_parameter_mut(gradient, |_, tensor| clamp(tensor, limit));
    }
    Ok(largest)
}

/// The largest absolute value.
fn largest<T: Real>(gradient: &impl Tree<Tensor<T>>) -> Result<f64> {
    let mut so_far = Ok(0.0);
    each_parameter(gradient, |name, tensor| {
        if let Ok(largest) = so_far {
            so_far = larger(largest, name, tensor);
        }
    });
    so_far
}

// What is done with one tensor does not depend on the kind of tree it is in, and is compiled once.

fn larger<T: Real>(mut largest: f64, name: Name, tensor: &Tensor<T>) -> Result<f64> {
    for &g in tensor.contiguous().as_slice().expect("contiguous") {
        if !g.is_finite() {
            let number = Number::Gradient { parameter: name.to_string(), element: None };
            return Err(Diverged::new(number, g.as_f64()).into_error());
        }
        largest = largest.max(g.as_f64().abs());
    }
    Ok(largest)
}

fn squares<T: Real>(tensor: &Tensor<T>, unit: f64) -> f64 {
    let tensor = tensor.contiguous();
    tensor.as_slice().expect("contiguous").iter().map(|g| (g.as_f64() / unit).powi(2)).sum()
}

fn scale<T: Real>(tensor: &mut Tensor<T>, factor: T) {
    Tensor::update([tensor], [], |[g], []| [g * factor]);
}

fn clamp<T: Real>(tensor: &mut Tensor<T>, limit: T) {
    Tensor::update([tensor], [], |[g], []| [if g.abs() > limit { limit * g.sign() } else { g }]);
}

#[cfg(test)]
mod tests {
    use autograd::Buffer;

    use super::*;

    #[test]
    fn buffers_do_not_count() {
        let mut g = (Buffer(Tensor::full([2], f64::NAN)), Tensor::full([1], 3.0));
        assert_eq!(by_norm(&mut g, 3.0).unwrap(), 3.0);
        g.0 = Buffer(Tensor::full([2], 100.0));
        assert_eq!((by_norm(&mut g, 6.0).unwrap(), by_value(&mut g, 2.0).unwrap()), (3.0, 3.0));
        assert_eq!((g.0.0.to_vec(), g.1.to_vec()), (vec![100.0; 2], vec![2.0]));
    }

    fn gradient() -> [Tensor<f32>; 2] {
        [Tensor::from_vec([2], vec![3.0, 0.0]), Tensor::from_vec([1], vec![-4.0])]
    }

    #[test]
    fn within_the_limit_nothing_changes() {
        let mut g = gradient();
        assert_eq!(by_norm(&mut g, 5.0).unwrap(), 5.0);
        assert_eq!(by_value(&mut g, 4.0).unwrap(), 4.0);
        assert_eq!(g, gradient());
        assert_eq!(by_norm(&mut [Tensor::<f32>::zeros([3])], 1.0).unwrap(), 0.0);
    }

    #[test]
    fn beyond_it_the_norm_or_the_values_are_the_limit() {
        let mut g = gradient();
        assert_eq!(by_norm(&mut g, 2.5).unwrap(), 5.0);
        assert_eq!((g[0].to_vec(), g[1].to_vec()), (vec![1.5, 0.0], vec![-2.0]));
        let mut g = gradient();
        assert_eq!(by_value(&mut g, 3.5).unwrap(), 4.0);
        assert_eq!((g[0].to_vec(), g[1].to_vec()), (vec![3.0, 0.0], vec![-3.5]));
    }

    #[test]
    fn squares_may_overflow() {
        let mut g = [Tensor::<f64>::full([4], 1e200), Tensor::full([4], 1e-200)];
        assert_eq!(by_norm(&mut g, 1.0).unwrap(), 2e200);
        assert!((g[0][[0]] - 0.5).abs() < 1e-15);
        let mut g = [Tensor::<f64>::full([4], 1e-200)];
        assert_eq!(by_norm(&mut g, 1.0).unwrap(), 2e-200);
    }

    #[test]
    fn what_is_not_finite_is_reported() {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut g = vec![Tensor::<f32>::ones([2]), Tensor::from_vec([2], vec![7.0, bad])];
            let error = by_norm(&mut g, 1.0).unwrap_err().to_string();
            assert_eq!(error, format!("the gradient of `1` has an element {bad}; nothing was clipped"));
            assert!(by_value(&mut g, 1.0).is_err());
            assert_eq!((g[0].to_vec(), g[1][[0]]), (vec![1.0, 1.0], 7.0));
        }
    }
}
