//! Formulas of variables: every method of [`Scalar`] is the operation of that name.

use crate::{Real, Scalar, Tensor, Var};

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
