//! The operations, one file per family, and the table that no derivative rule escapes.
//!
//! To add an operation, write it in the file of its family (mathematics, forward, rule, method) with
//! a line in that file's `CASES`. Every case is checked at orders 1, 2 and 3 by the test beside this
//! table. A family that is missing from [`ALL`] leaves its `CASES` unused, which does not compile.
#![deny(dead_code)]

mod activation;
mod arithmetic;
mod binary;
mod broadcast;
mod checkpoint;
mod convolution;
mod cumulative;
mod einsum;
pub(crate) mod elementwise;
mod exponential;
mod extreme;
mod hyperbolic;
mod index;
mod join;
mod linear_algebra;
mod loss;
mod matmul;
mod movement;
mod norm;
mod normalize;
mod piecewise;
mod pooling;
mod power;
mod rectifier;
mod reduce;
mod select;
mod slice;
mod softmax;
mod sort;
mod special;
#[cfg(test)]
mod table;
mod triangle;
mod trigonometric;
mod upsample;

use crate::{Shape, Tensor, Var};

pub use checkpoint::checkpoint;
pub use convolution::{Conv, ConvTranspose};
pub use elementwise::Elementwise;
pub use normalize::Normalized;
pub use pooling::Window;
pub use reduce::Correction;
pub use select::{Mask, Operand};
pub use upsample::Upsample;

/// The gradient table: the cases of every family of operations.
pub const ALL: &[&[Case]] = &[
    activation::CASES,
    arithmetic::CASES,
    binary::CASES,
    broadcast::CASES,
    checkpoint::CASES,
    convolution::CASES,
    cumulative::CASES,
    einsum::CASES,
    exponential::CASES,
    extreme::CASES,
    hyperbolic::CASES,
    index::CASES,
    join::CASES,
    linear_algebra::CASES,
    loss::CASES,
    matmul::CASES,
    movement::CASES,
    norm::CASES,
    normalize::CASES,
    piecewise::CASES,
    pooling::CASES,
    power::CASES,
    rectifier::CASES,
    reduce::CASES,
    select::CASES,
    slice::CASES,
    softmax::CASES,
    sort::CASES,
    special::CASES,
    triangle::CASES,
    trigonometric::CASES,
    upsample::CASES,
];

/// One line of the gradient table: a function of tensors, at single and double precision, and
/// inputs to check it at.
pub struct Case {
    /// The operation, and what is special about this case.
    pub name: &'static str,
    /// The function, in double precision.
    pub f64: for<'t> fn(&[Var<'t, f64>]) -> Var<'t, f64>,
    /// The same function, in single precision.
    pub f32: for<'t> fn(&[Var<'t, f32>]) -> Var<'t, f32>,
    /// How far, in units in the last place, the fast gradient may be from the recorded one: 0,
    /// unless a fused kernel computes it in another order.
    pub units: f64,
    waves: fn() -> Vec<Wave>,
}

impl Case {
    /// For an operation whose `fused_vjp` adds up in another order than its rule.
    const fn fused(self) -> Case {
        Case { units: 4.0, ..self }
    }

    /// The inputs to check at.
    pub fn inputs(&self) -> Vec<Tensor<f64>> {
        (self.waves)().iter().enumerate().map(|(i, wave)| wave.tensor(i)).collect()
    }
}

/// `case!("name", |a, b| expression, [wave(shape of a), wave(shape of b)])`: the expression is
/// compiled once for each precision, which a closure cannot be.
macro_rules! case {
    ($name:literal, |$($x:ident),+| $f:expr, [$($wave:expr),+ $(,)?]) => {
        crate::ops::Case {
            name: $name,
            f64: |inputs| { let [$($x),+] = *inputs else { unreachable!() }; $f },
            f32: |inputs| { let [$($x),+] = *inputs else { unreachable!() }; $f },
            units: 0.0,
            waves: || vec![$($wave),+],
        }
    };
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
