//! Sine and cosine.

use super::{Case, Elementwise, case, wave};
use crate::{Real, Scalar, Var};

/// `y = sin x`,  `dy/dx = cos x`.
struct Sin;

impl Elementwise for Sin {
    fn f<T: Real>(&self, x: T) -> T {
        x.sin()
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.cos()
    }
}

/// `y = cos x`,  `dy/dx = −sin x`.
struct Cos;

impl Elementwise for Cos {
    fn f<T: Real>(&self, x: T) -> T {
        x.cos()
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        -x.sin()
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// `sin x`, in radians.
    #[track_caller]
    pub fn sin(self) -> Var<'t, T> {
        Var::apply(Sin, [self])
    }

    /// `cos x`, in radians.
    #[track_caller]
    pub fn cos(self) -> Var<'t, T> {
        Var::apply(Cos, [self])
    }
}

pub(super) const CASES: &[Case] =
    &[case!("sin", |a| a.sin(), [wave([5])]), case!("cos", |a| a.cos(), [wave([5])])];
