//! Exponentials and logarithms.

use super::{Case, Elementwise, case, wave};
use crate::{Real, Scalar, Var};

/// `y = eˣ`,  `dy/dx = y`.
struct Exp;

impl Elementwise for Exp {
    fn f<T: Real>(&self, x: T) -> T {
        x.exp()
    }
    fn df<S: Scalar>(&self, _x: S, y: S) -> S {
        y
    }
}

/// `y = eˣ − 1`,  `dy/dx = eˣ` (not `y + 1`, which is inexact where `eˣ` is small).
struct ExpM1;

impl Elementwise for ExpM1 {
    fn f<T: Real>(&self, x: T) -> T {
        x.exp_m1()
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.exp()
    }
}

/// `y = ln x`,  `dy/dx = 1 / x`.
struct Ln;

impl Elementwise for Ln {
    fn f<T: Real>(&self, x: T) -> T {
        x.ln()
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(1.0) / x
    }
}

/// `y = ln(1 + x)`,  `dy/dx = 1 / (1 + x)`.
struct Ln1p;

impl Elementwise for Ln1p {
    fn f<T: Real>(&self, x: T) -> T {
        x.ln_1p()
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(1.0) / (x.lit(1.0) + x)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `eˣ`.
    #[track_caller]
    pub fn exp(self) -> Var<'t, T> {
        Var::apply(Exp, [self])
    }

    /// `eˣ − 1`, exact also near zero, where `x.exp() - 1.0` cancels.
    #[track_caller]
    pub fn exp_m1(self) -> Var<'t, T> {
        Var::apply(ExpM1, [self])
    }

    /// The natural logarithm; `−∞` at 0, NaN below.
    #[track_caller]
    pub fn ln(self) -> Var<'t, T> {
        Var::apply(Ln, [self])
    }

    /// `ln(1 + x)`, exact also near zero; `−∞` at −1, NaN below.
    #[track_caller]
    pub fn ln_1p(self) -> Var<'t, T> {
        Var::apply(Ln1p, [self])
    }
}

pub(super) const CASES: &[Case] = &[
    case!("exp", |a| a.exp(), [wave([5])]),
    case!("exp_m1", |a| a.exp_m1(), [wave([5])]),
    case!("ln", |a| a.ln(), [wave([5]).between(0.4, 2.0)]),
    case!("ln_1p", |a| a.ln_1p(), [wave([5]).between(-0.6, 2.0)]),
];

#[cfg(test)]
mod tests {
    use crate::Tape;

    #[test]
    fn exact_near_zero() {
        let tape = Tape::<f64>::new();
        let x = tape.var(1e-20);
        for y in [x.exp_m1(), x.ln_1p()] {
            assert_eq!((y.item(), y.backward().wrt(x).item()), (1e-20, 1.0));
        }
    }
}
