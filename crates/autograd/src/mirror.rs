//! The methods and operators of [`Var`](crate::Var) on plain tensors: the same numbers, without a derivative.
//!
//! ```
//! use autograd::{Keep, Tensor};
//!
//! let x = Tensor::from_vec([2, 2], vec![1.0, 3.0, 2.0, 6.0]);
//! let centred = &x - x.mean_over(Keep(0));
//! assert_eq!(centred.to_vec(), [-0.5, -1.5, 0.5, 1.5]);
//! assert_eq!((2.0 * centred.abs()).max().item(), 3.0);
//! ```

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::{Axes, Axis, Correction, Real, Tape, Tensor};

/// Methods that a tensor has because a variable has them: a tape of their own runs them.
macro_rules! methods {
    ($($name:ident($($argument:ident: $Type:ty),*)),+ $(,)?) => {
        impl<T: Real> Tensor<T> {
            $(
                #[doc = concat!("The numbers of [`Var::", stringify!($name), "`](crate::Var::", stringify!($name), ").")]
                #[track_caller]
                pub fn $name(&self $(, $argument: $Type)*) -> Tensor<T> {
                    Tape::new().constant(self).$name($($argument),*).value()
                }
            )+
        }
    };
}

// Elementwise functions.
methods!(
    abs(), acos(), acosh(), asin(), asinh(), atan(), atanh(), ceil(), clamp(low: f64, high: f64), cos(), cosh(),
    digamma(), elu(alpha: f64), erf(), erfc(), exp(), exp_m1(), floor(), gelu(), gelu_tanh(), hardswish(), leaky_relu(slope: f64),
    ln(), ln_1p(), ln_gamma(), log_sigmoid(), logit(), mish(), polygamma(n: u32), powf(p: f64), powi(n: i32), recip(),
    relu(), round(), rsqrt(), selu(), sigmoid(), sign(), silu(), sin(), sinh(), softplus(), softsign(), sqrt(),
    square(), step(), tan(), tanh(),
);

// Sums, extremes and lengths.
methods!(
    cumprod(axis: impl Into<Axis>), cumsum(axis: impl Into<Axis>), l1_norm(), l1_norm_over(axes: impl Axes), log_softmax(axis: impl Into<Axis>),
    logsumexp(), logsumexp_over(axes: impl Axes), max(), max_over(axes: impl Axes), mean(),
    mean_over(axes: impl Axes), min(), min_over(axes: impl Axes), norm(), norm_over(axes: impl Axes), prod(),
    prod_over(axes: impl Axes), softmax(axis: impl Into<Axis>), std(correction: Correction),
    std_over(axes: impl Axes, correction: Correction), sum(), sum_over(axes: impl Axes), var(correction: Correction),
    var_over(axes: impl Axes, correction: Correction),
);

// Shapes, parts and matrices.
methods!(
    diag_embed(), diagonal(), flatten(from: impl Into<Axis>), flip(axes: impl Axes),
    pad(padding: impl AsRef<[[usize; 2]]>, value: f64), repeat(counts: impl AsRef<[usize]>),
    squeeze(axis: impl Into<Axis>), trace(), tril(diagonal: isize), triu(diagonal: isize),
    unsqueeze(axis: impl Into<Axis>),
);

/// Functions of two tensors, or of a tensor and a number.
macro_rules! pairs {
    ($($name:ident),+) => {
        impl<T: Real> Tensor<T> {
            $(
                #[doc = concat!("The numbers of [`Var::", stringify!($name), "`](crate::Var::", stringify!($name), ").")]
                #[track_caller]
                pub fn $name(&self, other: impl Into<Tensor<T>>) -> Tensor<T> {
                    let tape = Tape::new();
                    tape.constant(self).$name(tape.constant(other)).value()
                }
            )+
        }
    };
}

pairs!(atan2, dot, hypot, logaddexp, maximum, minimum, outer, pow);

/// One operator: between tensors, and with a number on either side.
macro_rules! operator {
    ($Trait:ident, $method:ident) => {
        operator!(@ $Trait, $method, [T: Real], &Tensor<T>, &Tensor<T>);
        operator!(@ $Trait, $method, [T: Real], &Tensor<T>, Tensor<T>);
        operator!(@ $Trait, $method, [T: Real], Tensor<T>, &Tensor<T>);
        operator!(@ $Trait, $method, [T: Real], Tensor<T>, Tensor<T>);

        operator!(@number $Trait, $method, &Tensor<T>);
        operator!(@number $Trait, $method, Tensor<T>);
    };
    (@ $Trait:ident, $method:ident, [T: Real], $Left:ty, $Right:ty) => {
        impl<T: Real> $Trait<$Right> for $Left {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, other: $Right) -> Tensor<T> {
                let tape = Tape::new();
                $Trait::$method(tape.constant(self), tape.constant(other)).value()
            }
        }
    };
    (@number $Trait:ident, $method:ident, $Tensor:ty) => {
        impl<T: Real> $Trait<f64> for $Tensor {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, number: f64) -> Tensor<T> {
                $Trait::$method(Tape::new().constant(self), number).value()
            }
        }

        impl<T: Real> $Trait<$Tensor> for f64 {
            type Output = Tensor<T>;
            #[track_caller]
            fn $method(self, tensor: $Tensor) -> Tensor<T> {
                $Trait::$method(self, Tape::new().constant(tensor)).value()
            }
        }
    };
}

operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl<T: Real> Neg for &Tensor<T> {
    type Output = Tensor<T>;
    fn neg(self) -> Tensor<T> {
        self.map(|x| -x)
    }
}

impl<T: Real> Neg for Tensor<T> {
    type Output = Tensor<T>;
    fn neg(self) -> Tensor<T> {
        -&self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(shape: &[usize]) -> Tensor<f32> {
        Tensor::from_fn(shape, |i| 1.0 + i as f32)
    }

    #[test]
    fn operators_broadcast_and_take_numbers_on_both_sides() {
        let (a, row) = (counting(&[2, 2]), counting(&[2]));
        assert_eq!((&a + &row).to_vec(), [2.0, 4.0, 4.0, 6.0]);
        assert_eq!((&a - row.clone()).to_vec(), [0.0, 0.0, 2.0, 2.0]);
        assert_eq!((a.clone() * &row).to_vec(), [1.0, 4.0, 3.0, 8.0]);
        assert_eq!((a.clone() / row).to_vec(), [1.0, 1.0, 3.0, 2.0]);
        assert_eq!((1.0 - (&a * 2.0 + 1.0) / 2.0).to_vec(), (-&a + 0.5).to_vec());
        assert_eq!((12.0 / a).to_vec(), [12.0, 6.0, 4.0, 3.0]);
    }

    #[test]
    fn methods_are_those_of_variables() {
        let x = counting(&[2, 3]);
        let tape = Tape::new();
        let v = tape.constant(&x);
        assert_eq!(x.tanh(), v.tanh().value());
        assert_eq!(x.sum_over(-1).to_vec(), [6.0, 15.0]);
        assert_eq!(x.std_over(1, Correction::Sample), v.std_over(1, Correction::Sample).value());
        assert_eq!(x.softmax(0_usize), v.softmax(0).value());
        assert_eq!(x.maximum(3.5).to_vec(), [3.5, 3.5, 3.5, 4.0, 5.0, 6.0]);
        assert_eq!(x.flip(1).slice(1, ..1).to_vec(), [3.0, 6.0]);
    }

    #[test]
    #[should_panic(expected = "mul: shapes [2] and [3] do not broadcast")]
    fn shapes_that_do_not_fit() {
        let _ = counting(&[2]) * counting(&[3]);
    }
}
