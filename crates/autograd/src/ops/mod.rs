//! The operations, one file per family, and the table that no derivative rule escapes.
//!
//! Users call them as methods of [`Var`]; the most used, by family:
//!
//! | family | methods |
//! |---|---|
//! | arithmetic | `+`, `−`, `·`, `/` with variables and numbers; [`square`](Var::square), [`recip`](Var::recip), [`sqrt`](Var::sqrt), [`rsqrt`](Var::rsqrt), [`powi`](Var::powi), [`powf`](Var::powf), [`pow`](Var::pow) |
//! | exponentials and logarithms | [`exp`](Var::exp), [`exp_m1`](Var::exp_m1), [`ln`](Var::ln), [`ln_1p`](Var::ln_1p), [`logit`](Var::logit), [`logaddexp`](Var::logaddexp), [`logsumexp`](Var::logsumexp), [`logsumexp_over`](Var::logsumexp_over) |
//! | trigonometric and hyperbolic | [`sin`](Var::sin), [`cos`](Var::cos), [`tan`](Var::tan), [`asin`](Var::asin), [`acos`](Var::acos), [`atan`](Var::atan), [`atan2`](Var::atan2), [`hypot`](Var::hypot), [`sinh`](Var::sinh), [`cosh`](Var::cosh), [`asinh`](Var::asinh), [`acosh`](Var::acosh), [`atanh`](Var::atanh) |
//! | activations | [`tanh`](Var::tanh), [`sigmoid`](Var::sigmoid), [`relu`](Var::relu), [`softplus`](Var::softplus), [`log_sigmoid`](Var::log_sigmoid), [`softsign`](Var::softsign), [`leaky_relu`](Var::leaky_relu), [`elu`](Var::elu), [`selu`](Var::selu), [`gelu`](Var::gelu), [`gelu_tanh`](Var::gelu_tanh), [`silu`](Var::silu), [`mish`](Var::mish), [`hardswish`](Var::hardswish) |
//! | softmax and its losses | [`softmax`](Var::softmax), [`log_softmax`](Var::log_softmax), [`cross_entropy`](Var::cross_entropy), [`soft_cross_entropy`](Var::soft_cross_entropy), [`bce_with_logits`](Var::bce_with_logits) |
//! | special functions | [`erf`](Var::erf), [`erfc`](Var::erfc), [`ln_gamma`](Var::ln_gamma), [`digamma`](Var::digamma), [`polygamma`](Var::polygamma) |
//! | pieces | [`abs`](Var::abs), [`sign`](Var::sign), [`step`](Var::step), [`floor`](Var::floor), [`ceil`](Var::ceil), [`round`](Var::round), [`clamp`](Var::clamp), [`maximum`](Var::maximum), [`minimum`](Var::minimum) |
//! | choices | [`gt`](Var::gt), [`ge`](Var::ge), [`lt`](Var::lt), [`le`](Var::le), [`eq`](Var::eq), [`ne`](Var::ne), [`masked_fill`](Var::masked_fill), [`select`](Mask::select) of a mask |
//! | sums and means | [`sum`](Var::sum), [`sum_over`](Var::sum_over), [`mean`](Var::mean), [`mean_over`](Var::mean_over), [`var`](Var::var), [`var_over`](Var::var_over), [`std`](Var::std), [`std_over`](Var::std_over), [`prod`](Var::prod), [`prod_over`](Var::prod_over), [`cumsum`](Var::cumsum), [`cumprod`](Var::cumprod), [`norm`](Var::norm), [`norm_over`](Var::norm_over), [`l1_norm`](Var::l1_norm), [`l1_norm_over`](Var::l1_norm_over) |
//! | extremes | [`max`](Var::max), [`max_over`](Var::max_over), [`min`](Var::min), [`min_over`](Var::min_over), [`argmax`](Var::argmax), [`argmax_over`](Var::argmax_over), [`argmin`](Var::argmin), [`argmin_over`](Var::argmin_over), [`sort`](Var::sort), [`top_k`](Var::top_k) |
//! | products | [`matmul`](Var::matmul), [`linear`](Var::linear), [`dot`](Var::dot), [`outer`](Var::outer), [`einsum`](Var::einsum) |
//! | matrices | [`t`](Var::t), [`diagonal`](Var::diagonal), [`diag_embed`](Var::diag_embed), [`trace`](Var::trace), [`tril`](Var::tril), [`triu`](Var::triu), [`cholesky`](Var::cholesky), [`solve_triangular`](Var::solve_triangular), [`logdet`](Var::logdet), [`solve`](Var::solve), [`inverse`](Var::inverse), [`det`](Var::det), [`eigh`](Var::eigh), [`svd`](Var::svd), [`matrix_exp`](Var::matrix_exp) |
//! | shape | [`reshape`](Var::reshape), [`flatten`](Var::flatten), [`permute`](Var::permute), [`squeeze`](Var::squeeze), [`unsqueeze`](Var::unsqueeze), [`expand`](Var::expand), [`sum_to`](Var::sum_to), [`repeat`](Var::repeat), [`flip`](Var::flip) |
//! | parts | [`slice`](Var::slice), [`slice_step`](Var::slice_step), [`split`](Var::split), [`chunk`](Var::chunk), [`unbind`](Var::unbind), [`concat`](Var::concat), [`stack`](Var::stack), [`pad`](Var::pad), [`index_select`](Var::index_select), [`gather`](Var::gather), [`scatter_add`](Var::scatter_add), [`embedding`](Var::embedding), [`one_hot`](Var::one_hot) |
//! | images | [`conv1d`](Var::conv1d), [`conv2d`](Var::conv2d), [`conv_transpose2d`](Var::conv_transpose2d), [`max_pool1d`](Var::max_pool1d), [`max_pool2d`](Var::max_pool2d), [`avg_pool1d`](Var::avg_pool1d), [`avg_pool2d`](Var::avg_pool2d), [`upsample_nearest2d`](Var::upsample_nearest2d), [`upsample_bilinear2d`](Var::upsample_bilinear2d) |
//! | normalization | [`batch_norm`](Var::batch_norm), [`layer_norm`](Var::layer_norm) |
//!
//! Two operands broadcast. `…_over` works along [axes](crate::Axes), and drops them unless they
//! are in [`Keep`](crate::Keep).
//!
//! ```
//! use autograd::{Keep, Tape, Tensor};
//!
//! let tape = Tape::<f64>::new();
//! let x = tape.var(Tensor::from_vec([2, 2], vec![1.0, 3.0, 2.0, 6.0]));
//! let shares = x / x.sum_over(Keep(1)); // every row sums to 1
//! let entropy = -(shares * shares.ln()).sum_over(1);
//! assert_eq!(entropy.shape().as_slice(), [2]);
//! assert_eq!(entropy.sum().backward().wrt(x).shape(), [2, 2]);
//! ```
//!
//! # Where there is no derivative
//!
//! - At a **kink**, where two smooth pieces meet (`relu`, `abs`, `clamp`, `maximum`, `max`), the first derivative is a
//!   number from one side to the other, which the method's documentation states. Derivatives of higher order are those
//!   of the pieces, as in PyTorch and JAX. So `|x|²` has the second derivative 0 at 0; `x.square()` has 2.
//! - At a **tip**, around which the slope takes all directions (`norm`, `std`, `hypot` and `atan2` at 0), the first
//!   derivative is stated to be 0, so that a training goes on. The slope jumps there, so derivatives of higher order are
//!   NaN, also those of `‖x‖²`, which is smooth: no rule can know the operation that follows. A 0 would be a wrong number
//!   without a warning.
//! - Operations that choose (`max`, `min`, `maximum`, `minimum`, `clamp`, `max_pool2d`, `sort`, `top_k`, `argmax`,
//!   `argmin`) have one convention for **NaN**: NaN in, NaN out, and the gradient goes to the NaN. It counts as larger
//!   than every number, for a minimum as smaller, and as equal to NaN.
//!
//! # Adding one
//!
//! To add an operation, write it in the file of its family (mathematics, forward, rule, method) with
//! a line in that file's `CASES`. Every case is checked at orders 1, 2 and 3 by the test beside this
//! table. A family that is missing from `ALL` leaves its `CASES` unused, which does not compile.
//!
//! # How exact
//!
//! `Exact to 4 ε` in the documentation of an elementwise function bounds the error of its value and of its derivatives up
//! to order 3, relative to the exact ones, with ε = [`Real::EPSILON`]: for numbers from 1e-30 to
//! 1e30, in both precisions, recorded or not. Beyond the largest number stands an infinity; below the smallest normal
//! number the bound counts smallest numbers. There are three exceptions. Very near a zero of a function or of a derivative
//! the error is relative to the terms of its formula and not to their sum. Where a factor of the formula is below the
//! smallest normal number, it has lost digits, and so has the product (`silu` beyond −87 in `f32`, beyond −708 in `f64`).
//! And of a function of two numbers a derivative of order 3 may be NaN where it is beyond the largest number.
//! `accuracy.rs` is the test.
//!
//! For that no rule may subtract numbers that are nearly equal, as `1 − y²` for `tanh` would where `y` is nearly 1, and
//! the functions in it must have such rules as well. `scalar.rs` has functions for the purpose, such as `sech2`.
#![deny(dead_code)]

#[cfg(test)]
mod accuracy;
mod activation;
mod arithmetic;
mod binary;
mod broadcast;
mod checkpoint;
mod compare;
mod convolution;
mod cumulative;
mod einsum;
pub(crate) mod elementwise;
mod exponential;
mod extreme;
mod formula;
mod hyperbolic;
mod index;
mod join;
#[cfg(feature = "linalg")]
mod linear_algebra;
mod loss;
mod matmul;
#[cfg(feature = "linalg")]
mod matrix_exp;
mod movement;
#[cfg(test)]
pub(crate) mod mutation;
mod norm;
mod normalize;
mod piecewise;
mod pooling;
pub(crate) mod pow;
mod power;
mod precision;
mod rectifier;
mod reduce;
mod select;
mod slice;
mod softmax;
#[cfg(feature = "linalg")]
mod solve;
mod sort;
mod special;
#[cfg(feature = "linalg")]
mod spectrum;
#[cfg(test)]
mod table;
mod triangle;
mod trigonometric;
mod upsample;

use crate::{Real, Shape, Tensor, Var};

pub use checkpoint::{SelfContained, checkpoint};
pub use compare::{Mask, Operand};
pub use convolution::{Conv, ConvTranspose};
pub use elementwise::{Elementwise, Pointwise};
pub use index::Places;
pub use normalize::Normalized;
pub use pooling::Window;
pub use precision::in_double;
pub use reduce::Correction;
pub use upsample::Upsample;

/// The gradient table: the cases of every family of operations.
#[cfg_attr(not(test), allow(dead_code))]
pub(crate) const ALL: &[&[Case]] = &[
    activation::CASES,
    arithmetic::CASES,
    binary::CASES,
    broadcast::CASES,
    checkpoint::CASES,
    compare::CASES,
    convolution::CASES,
    cumulative::CASES,
    einsum::CASES,
    exponential::CASES,
    extreme::CASES,
    hyperbolic::CASES,
    index::CASES,
    join::CASES,
    #[cfg(feature = "linalg")]
    linear_algebra::CASES,
    loss::CASES,
    matmul::CASES,
    #[cfg(feature = "linalg")]
    matrix_exp::CASES,
    movement::CASES,
    norm::CASES,
    normalize::CASES,
    piecewise::CASES,
    pooling::CASES,
    pow::CASES,
    power::CASES,
    precision::CASES,
    rectifier::CASES,
    reduce::CASES,
    select::CASES,
    slice::CASES,
    softmax::CASES,
    #[cfg(feature = "linalg")]
    solve::CASES,
    sort::CASES,
    special::CASES,
    #[cfg(feature = "linalg")]
    spectrum::CASES,
    triangle::CASES,
    trigonometric::CASES,
    upsample::CASES,
];

/// One line of the gradient table: a function of tensors, at single and double precision, and
/// inputs to check it at.
#[cfg_attr(not(test), allow(dead_code))]
pub(crate) struct Case {
    /// The operation, and the special feature of this case.
    pub(crate) name: &'static str,
    /// The function, in double precision.
    pub(crate) f64: for<'t> fn(&[Var<'t, f64>]) -> Var<'t, f64>,
    /// The same function, in single precision.
    pub(crate) f32: for<'t> fn(&[Var<'t, f32>]) -> Var<'t, f32>,
    /// The distance, in units in the last place, that the fast gradient may have from the recorded one: 0,
    /// unless a fused kernel computes it in another order.
    pub(crate) units: f64,
    waves: fn() -> Vec<Wave>,
}

impl Case {
    /// For an operation whose shortcut adds up in another order than its rule.
    const fn fused(self) -> Case {
        Case { units: 4.0, ..self }
    }

    /// The case with one function for all in place of its own.
    const fn without_functions(self) -> Case {
        fn first<'t, T: Real>(inputs: &[Var<'t, T>]) -> Var<'t, T> {
            inputs[0]
        }
        Case { f64: first, f32: first, waves: Vec::new, ..self }
    }

    /// The inputs to check at.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(crate) fn inputs(&self) -> Vec<Tensor<f64>> {
        (self.waves)().iter().enumerate().map(|(i, wave)| wave.tensor(i)).collect()
    }
}

/// `case!("name", |a, b| expression, [wave(shape of a), wave(shape of b)])`: the expression is
/// compiled once for each precision, which a closure cannot be.
///
/// Only for tests: every operation in two precisions is most of the work of compiling this crate. Otherwise the
/// expressions are checked like all code, but the case that is made has another function in their place.
macro_rules! case {
    ($name:literal, |$($x:ident),+| $f:expr, [$($wave:expr),+ $(,)?]) => {{
        let case = crate::ops::Case {
            name: $name,
            f64: |inputs| { let [$($x),+] = *inputs else { unreachable!() }; $f },
            f32: |inputs| { let [$($x),+] = *inputs else { unreachable!() }; $f },
            units: 0.0,
            waves: || vec![$($wave),+],
        };
        if cfg!(test) { case } else { case.without_functions() }
    }};
}
use case;

/// Smooth, irregular test values of a given shape. By default both signs with magnitudes from 0.3
/// to 1.5, so that they keep away from zero, where many functions have a kink or a pole.
struct Wave {
    shape: Shape,
    between: Option<(f64, f64)>,
}

fn wave(shape: impl AsRef<[usize]>) -> Wave {
    Wave { shape: Shape::from_slice(shape.as_ref()), between: None }
}

impl Wave {
    /// Values in this range instead.
    fn between(self, low: f64, high: f64) -> Wave {
        Wave { between: Some((low, high)), ..self }
    }

    /// The values for input number `which`; each input gets others.
    fn tensor(&self, which: usize) -> Tensor<f64> {
        let mut k = 17 * which;
        Tensor::from_fn(&self.shape, |_| {
            k += 1;
            let unit = (0.754_877_666_246_692_8 * k as f64).fract(); // equidistributed in [0, 1)
            match self.between {
                Some((low, high)) => low + (high - low) * unit,
                None if unit < 0.5 => -0.3 - 2.4 * unit,
                None => 0.3 + 2.4 * (unit - 0.5),
            }
        })
    }
}
