//! Powers, roots, exponentials and logarithms.

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

/// `y = √x`,  `dy/dx = 1 / (2 y)`; infinite at 0.
struct Sqrt;

impl Elementwise for Sqrt {
    fn f<T: Real>(&self, x: T) -> T {
        x.sqrt()
    }
    fn df<S: Scalar>(&self, _x: S, y: S) -> S {
        y.lit(0.5) / y
    }
}

/// `y = |x|`,  `dy/dx = sign x`. At the kink, `|·|′(0) = 0`.
struct Abs;

impl Elementwise for Abs {
    fn f<T: Real>(&self, x: T) -> T {
        x.abs()
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.sign()
    }
}

/// `y = −1, 0, 1` for negative, zero, positive `x`. The derivative is stated to be 0.
struct Sign;

impl Elementwise for Sign {
    fn f<T: Real>(&self, x: T) -> T {
        x.sign()
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.lit(0.0)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `eˣ`.
    #[track_caller]
    pub fn exp(self) -> Var<'t, T> {
        Var::apply(Exp, [self])
    }

    /// The natural logarithm; `−∞` at 0, NaN below.
    #[track_caller]
    pub fn ln(self) -> Var<'t, T> {
        Var::apply(Ln, [self])
    }

    /// `√x`; its derivative at 0 is infinite.
    #[track_caller]
    pub fn sqrt(self) -> Var<'t, T> {
        Var::apply(Sqrt, [self])
    }

    /// `x²`.
    #[track_caller]
    pub fn square(self) -> Var<'t, T> {
        self * self
    }

    /// `|x|`. At the kink, `|·|′(0) = 0`.
    #[track_caller]
    pub fn abs(self) -> Var<'t, T> {
        Var::apply(Abs, [self])
    }

    /// `−1`, `0` or `1`. Its derivative is 0 everywhere, also at the jump.
    #[track_caller]
    pub fn sign(self) -> Var<'t, T> {
        Var::apply(Sign, [self])
    }
}

pub(super) const CASES: &[Case] = &[
    case!("exp", |a| a.exp(), [wave([5])]),
    case!("ln", |a| a.ln(), [wave([5]).between(0.4, 2.0)]),
    case!("sqrt", |a| a.sqrt(), [wave([5]).between(0.4, 2.0)]),
    case!("square", |a| a.square() * a, [wave([5])]),
    case!("abs", |a| a.abs() * a, [wave([5])]),
    case!("sign", |a| a.sign() * a, [wave([5])]),
];

#[cfg(test)]
mod tests {
    use crate::{Tape, Tensor};

    #[test]
    fn kinks_are_as_stated() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([3], vec![-2.0, 0.0, 2.0]));
        assert_eq!(x.abs().sum().backward().wrt(x).to_vec(), [-1.0, 0.0, 1.0]);
        assert_eq!(x.sign().sum().backward().wrt(x).to_vec(), [0.0, 0.0, 0.0]);
        assert!(tape.var(f64::NAN).sign().item().is_nan());
    }
}
