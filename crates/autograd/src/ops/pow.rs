//! Powers of which the exponent is a variable, too.

use smallvec::{SmallVec, smallvec};

use super::arithmetic::expanded;
use super::{Case, Pointwise, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::shortcuts::{Destination, Written};
use crate::{Real, Tensor, Var, fast};

/// `y = aᵇ`, or its derivative of order `k` by `a` and order `j` by `b`,
///
/// > `y = aᵇ⁻ᵏ dʲ/dεʲ [(b + ε) (b + ε − 1) … (b + ε − k + 1) e^(ε ln a)]` at `ε = 0`.
///
/// So every derivative of this operation is this operation. Those of whole powers end in exact zeros, also at bases so
/// small that the power is infinite. At `a = 0` the derivatives by `b` are stated to be 0 where that of the same order by
/// `a` alone is finite.
#[derive(Clone, Copy)]
pub(crate) struct Pow {
    pub(crate) by_base: u32,
    pub(crate) by_exponent: u32,
}

impl Pointwise<2> for Pow {
    const NAME: &'static str = "pow";

    fn attributes(&self) -> Attributes {
        if self.by_base + self.by_exponent == 0 {
            return vec![];
        }
        vec![("by_base", f64::from(self.by_base).into()), ("by_exponent", f64::from(self.by_exponent).into())]
    }
    #[inline(always)]
    fn f<T: Real>(&self, [a, b]: [T; 2]) -> T {
        T::of(self.at(a.as_f64(), b.as_f64()))
    }
    fn forward_to<T: Real>(&self, inputs: [&Tensor<T>; 2], to: Destination<T>) -> Written<T> {
        // In single precision, power and slopes are loops without branches (12 → 3 ns a number).
        let single = T::EPSILON.as_f64() > 1e-10;
        macro_rules! each {
            ($f:path) => {
                Tensor::combine_to(
                    inputs,
                    to,
                    #[inline(always)]
                    |[a, b]| T::of($f(a.as_f64(), b.as_f64())),
                )
            };
        }
        match (self.by_base, self.by_exponent) {
            (0, 0) if single => each!(fast::pow),
            (1, 0) if single => each!(fast::pow_by_base),
            (0, 1) if single => each!(fast::pow_by_exponent),
            _ => Tensor::combine_to(inputs, to, |x| Pointwise::f(self, x)),
        }
    }
    fn vjp<'t, T: Real>(
        &self,
        wrt: usize,
        g: Var<'t, T>,
        inputs: [Var<'t, T>; 2],
        _y: Var<'t, T>,
    ) -> Var<'t, T> {
        let next = match wrt {
            0 => Pow { by_base: self.by_base + 1, ..*self },
            _ => Pow { by_exponent: self.by_exponent + 1, ..*self },
        };
        g * T::record(next, inputs)
    }
}

impl Pow {
    /// In double precision.
    pub(crate) fn at(self, a: f64, b: f64) -> f64 {
        if self.by_base + self.by_exponent == 0 {
            return a.powf(b);
        }
        if a == 0.0 && self.by_exponent > 0 {
            let y = Pow { by_exponent: 0, ..self }.at(a, b);
            let sign = if self.by_exponent % 2 == 1 { -1.0 } else { 1.0 }; // of ln 0 = −∞
            return if y.is_finite() { 0.0 } else { sign * y };
        }
        let polynomial = self.polynomial(a, b);
        if polynomial == 0.0 {
            return 0.0;
        }
        let order = f64::from(self.by_base);
        let exponent = b - order;
        let power = a.powf(exponent);
        // What the exponent has lost by rounding; to a power of a number far from 1 it matters.
        let back = b - exponent;
        let lost = (b - (exponent + back)) + (back - order);
        let plain = lost == 0.0 || a == 0.0 || !a.is_finite() || !b.is_finite();
        let correction = if plain { 1.0 } else { a.abs().powf(lost) };
        if power.is_normal() && polynomial.is_finite() || a == 0.0 || power.is_nan() {
            return polynomial * power * correction;
        }
        // Alone, one of the two is too large or too small. So half of the power comes first, and the other half last.
        let half = a.abs().powf(exponent / 2.0);
        let size = if half == 0.0 { 0.0 } else { half * polynomial * half * correction };
        if power.is_sign_negative() { -size } else { size }
    }

    /// The second factor of the formula.
    fn polynomial(self, a: f64, b: f64) -> f64 {
        // In powers of ε: first those of the exponential, then times each factor.
        let mut series: SmallVec<[f64; 4]> = smallvec![1.0];
        for n in 1..=self.by_exponent {
            series.push(series[series.len() - 1] * a.ln() / f64::from(n));
        }
        for k in 0..self.by_base {
            for n in (0..series.len()).rev() {
                let before = if n == 0 { 0.0 } else { series[n - 1] };
                series[n] = (b - f64::from(k)) * series[n] + before;
            }
        }
        let factorial: f64 = (1..=self.by_exponent).map(f64::from).product();
        series[series.len() - 1] * factorial
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `aᵇ`, both variables; they broadcast. For a fixed exponent see [`powf`](Self::powf). Exact to 8 ε.
    ///
    /// Of a negative base only whole powers exist, others are NaN; and the derivative with respect to the
    /// exponent is NaN. At base 0:
    ///
    /// - `0⁰ = 1`, and its derivatives are stated to be 0;
    /// - the derivative with respect to the base is 0 for exponents above 1, 1 for 1, and infinite below;
    /// - the derivative with respect to the exponent is 0 for positive exponents, the limit of `aᵇ ln a`.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn pow(self, exponent: Var<'t, T>) -> Var<'t, T> {
        T::record(Pow { by_base: 0, by_exponent: 0 }, expanded("pow", self, exponent))
    }
}

built_in! {
    apply 2: Pow;
}

pub(super) const CASES: &[Case] = &[
    case!("pow", |a, b| a.pow(b), [wave([2, 3]).between(0.4, 2.0), wave([2, 3])]),
    case!("pow, broadcast", |a, b| a.pow(b), [wave([2, 1]).between(0.4, 2.0), wave([3])]),
    case!("pow of itself", |a| a.pow(a), [wave([]).between(0.4, 2.0)]),
];

#[cfg(test)]
mod tests;
