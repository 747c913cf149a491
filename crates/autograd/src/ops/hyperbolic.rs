//! Hyperbolic sine and cosine. The tangent is among the activation functions.

use super::{Case, Elementwise, case, wave};
use crate::{Real, Scalar, Var};

/// `y = sinh x`,  `dy/dx = cosh x`.
struct Sinh;

impl Elementwise for Sinh {
    fn f<T: Real>(&self, x: T) -> T {
        x.sinh()
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.cosh()
    }
}

/// `y = cosh x`,  `dy/dx = sinh x`.
struct Cosh;

impl Elementwise for Cosh {
    fn f<T: Real>(&self, x: T) -> T {
        x.cosh()
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.sinh()
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `sinh x = (eˣ − e⁻ˣ) / 2`.
    #[track_caller]
    pub fn sinh(self) -> Var<'t, T> {
        Var::apply(Sinh, [self])
    }

    /// `cosh x = (eˣ + e⁻ˣ) / 2`.
    #[track_caller]
    pub fn cosh(self) -> Var<'t, T> {
        Var::apply(Cosh, [self])
    }
}

pub(super) const CASES: &[Case] =
    &[case!("sinh", |a| a.sinh(), [wave([5])]), case!("cosh", |a| a.cosh(), [wave([5])])];
