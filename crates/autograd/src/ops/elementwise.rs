//! Functions of one number, applied to every element.
//!
//! Such an operation needs two formulas, the function and its derivative:
//!
//! ```
//! use autograd::{Elementwise, Real, Scalar, Tape, Var};
//!
//! /// `y = x / (1 + |x|)`,  `dy/dx = (1 − |y|)²`.
//! struct Softsign;
//!
//! impl Elementwise for Softsign {
//!     fn f<T: Real>(&self, x: T) -> T {
//!         x / (T::one() + x.abs())
//!     }
//!     fn df<S: Scalar>(&self, _x: S, y: S) -> S {
//!         let d = y.lit(1.0) - y.abs();
//!         d * d
//!     }
//! }
//!
//! let tape = Tape::<f64>::new();
//! let x = tape.var(3.0);
//! assert_eq!(Var::apply(Softsign, [x]).backward().wrt(x).item(), 0.0625);
//! ```

use crate::attribute::Attributes;
use crate::{Op, Real, Scalar, Tensor, Var};

/// A function of one number and its derivative.
pub trait Elementwise: 'static {
    /// `y = f(x)`.
    fn f<T: Real>(&self, x: T) -> T;

    /// `dy/dx`, as a formula in `x` and `y`. On numbers it is one fused loop; on variables it is
    /// recorded and can be differentiated again.
    fn df<S: Scalar>(&self, x: S, y: S) -> S;

    /// The constants of the formula, for those who [read a tape](crate::inspect): none by default.
    fn constants(&self) -> Attributes {
        vec![]
    }
}

/// > `x̄ = ȳ · f′(x)`, element by element.
impl<T: Real, E: Elementwise + Sync> Op<T, 1> for E {
    fn attributes(&self) -> Attributes {
        self.constants()
    }

    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        x.map(
            #[inline(always)]
            |x| self.f(x),
        )
    }

    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [x]: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
        g * self.df(x, y)
    }

    // ANCHOR: fused
    fn fused_vjp(
        &self,
        _wrt: usize,
        g: &Tensor<T>,
        [x]: [&Tensor<T>; 1],
        y: &Tensor<T>,
    ) -> Option<Tensor<T>> {
        Some(Tensor::combine(
            [g, x, y],
            #[inline(always)]
            |[g, x, y]| g * self.df(x, y),
        ))
    }
    // ANCHOR_END: fused

    fn forward_into(&self, x: [&Tensor<T>; 1], out: &mut [T]) -> bool {
        Tensor::combine_into(
            x,
            out,
            #[inline(always)]
            |[x]| self.f(x),
        )
    }

    fn fused_vjp_into(
        &self,
        _wrt: usize,
        g: &Tensor<T>,
        [x]: [&Tensor<T>; 1],
        y: &Tensor<T>,
        out: &mut [T],
    ) -> bool {
        Tensor::combine_into(
            [g, x, y],
            out,
            #[inline(always)]
            |[g, x, y]| g * self.df(x, y),
        )
    }
}

/// Variables as scalars of a formula.
impl<'t, T: Real> Scalar for Var<'t, T> {
    fn lit(self, value: f64) -> Self {
        self.tape().constant(Tensor::scalar(T::of(value)).expand(self.shape()))
    }
    fn abs(self) -> Self {
        self.abs()
    }
    fn sign(self) -> Self {
        self.sign()
    }
    fn step(self) -> Self {
        self.step()
    }
    fn sqrt(self) -> Self {
        self.sqrt()
    }
    fn other_leg(self) -> Self {
        self.other_leg()
    }
    fn hypotenuse(self) -> Self {
        self.hypotenuse()
    }
    fn coin_variance(self) -> Self {
        self.coin_variance()
    }
    fn exp(self) -> Self {
        self.exp()
    }
    fn ln(self) -> Self {
        self.ln()
    }
    fn sin(self) -> Self {
        self.sin()
    }
    fn cos(self) -> Self {
        self.cos()
    }
    fn tanh(self) -> Self {
        self.tanh()
    }
    fn sinh(self) -> Self {
        self.sinh()
    }
    fn cosh(self) -> Self {
        self.cosh()
    }
    fn sigmoid(self) -> Self {
        self.sigmoid()
    }
    fn sech2(self) -> Self {
        self.sech2()
    }
    fn sigmoid_slope(self) -> Self {
        self.sigmoid_slope()
    }
    fn gaussian(self, rate: f64) -> Self {
        self.gaussian(rate)
    }
    fn normal_cdf(self) -> Self {
        self.normal_cdf()
    }
    fn powi(self, n: i32) -> Self {
        self.powi(n)
    }
    fn powf(self, p: f64) -> Self {
        self.powf(p)
    }
    fn powf_derivative(self, p: f64, order: u32) -> Self {
        self.powf_derivative(p, order)
    }
    fn erfc(self) -> Self {
        self.erfc()
    }
    fn polygamma(self, n: u32) -> Self {
        self.polygamma(n)
    }
    fn clamp(self, low: f64, high: f64) -> Self {
        self.clamp(low, high)
    }
    fn where_positive(self, a: Self, b: Self) -> Self {
        self.gt(0.0).select(a, b)
    }
}
