//! Functions of two numbers: larger, smaller, logarithm of a sum of exponentials, angle, distance.

use super::arithmetic::expanded;
use super::norm::share;
use super::{Case, Operand, Pointwise, case, wave};
use crate::compiled::built_in;
use crate::expression::Expression;
use crate::{Real, Scalar, Var};

/// `y = max(a, b)`; the gradient goes to the larger one.
struct Maximum;

impl Pointwise<2> for Maximum {
    const NAME: &'static str = "maximum";

    #[inline(always)]
    fn f<T: Real>(&self, [a, b]: [T; 2]) -> T {
        Real::max(a, b)
    }
    fn expression(&self, [a, b]: [Expression; 2]) -> Option<Expression> {
        Some(a.max(b))
    }
    fn vjp<'t, T: Real>(
        &self,
        wrt: usize,
        g: Var<'t, T>,
        inputs: [Var<'t, T>; 2],
        _y: Var<'t, T>,
    ) -> Var<'t, T> {
        let (own, other) = (inputs[wrt], inputs[1 - wrt]);
        let [own_nan, other_nan] = [own, other].map(|x| x.ne(x));
        let ties = own.eq(other).or(own_nan.and(other_nan));
        let loses = own.lt(other).or(other_nan.and(!own_nan));
        ties.select(g * 0.5, g).masked_fill(loses, 0.0)
    }
}

/// `y = ln(eᵃ + eᵇ)`,  `ā = ȳ σ(a − b)`,  `b̄ = ȳ σ(b − a)`. Of two equal infinities each gets half.
struct LogAddExp;

impl Pointwise<2> for LogAddExp {
    const NAME: &'static str = "logaddexp";

    #[inline(always)]
    fn f<T: Real>(&self, [a, b]: [T; 2]) -> T {
        let larger = Real::max(a, b);
        if larger.abs() == T::INFINITY { larger } else { larger + (-(a - b).abs()).exp().ln_1p() }
    }
    fn vjp<'t, T: Real>(
        &self,
        wrt: usize,
        g: Var<'t, T>,
        inputs: [Var<'t, T>; 2],
        _y: Var<'t, T>,
    ) -> Var<'t, T> {
        let (own, other) = (inputs[wrt], inputs[1 - wrt]);
        let equal_infinities = own.eq(other).and(own.abs().eq(f64::INFINITY));
        g * (own - other).masked_fill(equal_infinities, 0.0).sigmoid()
    }
}

/// `y = atan2(a, b)`, the angle of the point `(b, a)`:  `ā = ȳ b / (a² + b²)`,
/// `b̄ = −ȳ a / (a² + b²)`. At the origin both are stated to be 0, without a derivative of their own (see [`share`]);
/// infinitely far away they are 0.
struct Atan2;

impl Pointwise<2> for Atan2 {
    const NAME: &'static str = "atan2";

    #[inline(always)]
    fn f<T: Real>(&self, [a, b]: [T; 2]) -> T {
        a.atan2(b)
    }
    fn vjp<'t, T: Real>(
        &self,
        wrt: usize,
        g: Var<'t, T>,
        [a, b]: [Var<'t, T>; 2],
        _y: Var<'t, T>,
    ) -> Var<'t, T> {
        let far = a.abs().eq(f64::INFINITY).or(b.abs().eq(f64::INFINITY));
        let (a, b) = (a.masked_fill(far, 0.0), b.masked_fill(far, 0.0));
        // The angle does not change with the distance. Points are moved to a distance near 1, and the share is divided
        // by the same number at the end, so that no square overflows.
        let size = a.abs().maximum(b.abs()).stop_gradient();
        let size = size.masked_fill(size.eq(0.0), 1.0);
        let (a, b) = (a / size, b / size);
        let distance = (a * a + b * b).masked_fill(far, 1.0);
        g.masked_fill(far, 0.0) * share(if wrt == 0 { b } else { -a }, distance) / size
    }
}

/// `y = √(a² + b²)`,  `ā = ȳ a / y`,  `b̄ = ȳ b / y`. At the origin, a kink like that of `|x|`, both are
/// stated to be 0.
///
/// The slopes are an operation of their own, [`Cosine`], since the rule of a quotient would give `1/y − a²/y³` for the
/// second derivative `b²/y³`, which cancels where `b` is small.
struct Hypot;

impl Pointwise<2> for Hypot {
    const NAME: &'static str = "hypot";

    #[inline(always)]
    fn f<T: Real>(&self, [a, b]: [T; 2]) -> T {
        // y = m √(1 + q²) with the larger leg m, so that no square overflows.
        let (a, b) = (a.abs(), b.abs());
        let m = Real::max(a, b);
        let q = (if a < b { a } else { b }) / m;
        if m == T::zero() || m == T::INFINITY { m } else { m * (T::one() + q * q).sqrt() }
    }
    fn vjp<'t, T: Real>(
        &self,
        wrt: usize,
        g: Var<'t, T>,
        inputs: [Var<'t, T>; 2],
        _y: Var<'t, T>,
    ) -> Var<'t, T> {
        g * T::record(Cosine, [inputs[wrt], inputs[1 - wrt]])
    }
}

/// `y = a / r` with `r = √(a² + b²)`, the cosine of an angle. With its sine `s = b / r`,
///
/// > `ā = ȳ s² / r`  and  `b̄ = −ȳ y s / r`.
///
/// `y` is stated to be 0 at the origin, where it has no limit; its slopes are NaN there.
struct Cosine;

impl Pointwise<2> for Cosine {
    const NAME: &'static str = "cosine";

    #[inline(always)]
    fn f<T: Real>(&self, [a, b]: [T; 2]) -> T {
        let m = Real::max(a.abs(), b.abs());
        if m == T::zero() || m == T::INFINITY && a.is_finite() {
            T::zero() * a
        } else if m == T::INFINITY && b.is_finite() {
            a.sign()
        } else {
            let (a, b) = (a / m, b / m);
            a / (a * a + b * b).sqrt()
        }
    }
    fn vjp<'t, T: Real>(
        &self,
        wrt: usize,
        g: Var<'t, T>,
        [a, b]: [Var<'t, T>; 2],
        _y: Var<'t, T>,
    ) -> Var<'t, T> {
        // All is computed at a distance near 1, and scaled at the very end: so sums of terms of two signs do not become
        // ∞ − ∞. The two factors are scaled apart, because their product may vanish before that.
        let root = T::record(RootOfSize, [a, b]);
        let (a, b) = (a / root / root, b / root / root);
        let [c, s] = [[a, b], [b, a]].map(|legs| T::record(Cosine, legs));
        let quotient = s / a.hypot(b);
        g * ((if wrt == 0 { s } else { -c }) / root * (quotient / root))
    }
}

/// A power of 2 whose square is about the larger of `|a|` and `|b|`; 1 where that is 0 or infinite. What uses it does not
/// depend on it, so its derivative is stated to be 0.
struct RootOfSize;

impl Pointwise<2> for RootOfSize {
    const NAME: &'static str = "root_of_size";

    #[inline(always)]
    fn f<T: Real>(&self, [a, b]: [T; 2]) -> T {
        let larger = Real::max(a.abs(), b.abs()).as_f64();
        let ordinary = larger > 0.0 && larger < f64::INFINITY;
        T::of(if ordinary { (larger.log2() / 2.0).floor().exp2() } else { 1.0 })
    }
    fn vjp<'t, T: Real>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        g.lit(0.0)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The larger of this and `other`, a variable or a number; NaN if either is NaN. They broadcast.
    /// If both are equal, each gets half of the gradient; if one is NaN, that one gets all of it.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn maximum(self, other: impl Operand<'t, T>) -> Var<'t, T> {
        T::record(Maximum, expanded("maximum", self, other.beside(self)))
    }

    /// The smaller of this and `other`, a variable or a number; NaN if either is NaN. They broadcast.
    /// If both are equal, each gets half of the gradient; if one is NaN, that one gets all of it.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn minimum(self, other: impl Operand<'t, T>) -> Var<'t, T> {
        let [a, b] = expanded("minimum", self, other.beside(self));
        -T::record(Maximum, [-a, -b])
    }

    /// `ln(eᵃ + eᵇ)`, where `a` is this variable and `b` a variable or a number: how probabilities are added that
    /// are known by their logarithms. They broadcast. No exponential overflows; NaN if either is NaN. For more
    /// than two see [`logsumexp_over`](Self::logsumexp_over).
    /// Exact to 32 ε, as long as `a − b`, which is rounded, is at most 60; half of `a − b` beyond.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn logaddexp(self, other: impl Operand<'t, T>) -> Var<'t, T> {
        T::record(LogAddExp, expanded("logaddexp", self, other.beside(self)))
    }

    /// The angle in [−π, π] of the point `(x, y)`, where `y` is this variable and `x` a variable or a
    /// number. They broadcast. `atan2(0, 0) = 0`, and its first derivatives are stated to be 0; those of higher order
    /// are NaN there. Exact to 32 ε.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn atan2(self, x: impl Operand<'t, T>) -> Var<'t, T> {
        T::record(Atan2, expanded("atan2", self, x.beside(self)))
    }

    /// `√(a² + b²)`, the distance of the point `(a, b)` from the origin, where `a` is this variable and `b` a
    /// variable or a number. They broadcast. The squares neither overflow nor vanish; NaN if either is
    /// NaN. At the origin its first derivatives are stated to be 0; those of higher order are NaN there.
    /// Exact to 32 ε, as long as the legs differ by a factor of less than 1e15.
    ///
    /// ```
    /// use autograd::Tape;
    ///
    /// let tape = Tape::<f32>::new();
    /// let (x, y) = (tape.var(3e30), tape.var(4e30));
    /// let distance = x.hypot(y);
    /// assert!((distance.item() / 5e30 - 1.0).abs() < 1e-6); // (x * x + y * y).sqrt() is infinite
    /// assert!((distance.backward().wrt(x).item() - 0.6).abs() < 1e-6); // x / distance
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn hypot(self, other: impl Operand<'t, T>) -> Var<'t, T> {
        T::record(Hypot, expanded("hypot", self, other.beside(self)))
    }
}

built_in! {
    apply 2: Maximum, LogAddExp, Atan2, Hypot, Cosine, RootOfSize;
}

pub(super) const CASES: &[Case] = &[
    case!("maximum", |a, b| a.maximum(b) * a, [wave([2, 3]), wave([2, 3])]),
    case!("maximum, broadcast", |a, b| a.maximum(b) * a, [wave([2, 1]), wave([3])]),
    case!("maximum with a number", |a| a.maximum(0.0) * a, [wave([5])]),
    case!("minimum", |a, b| a.minimum(b) * b, [wave([2, 3]), wave([2, 3])]),
    case!("minimum with a number", |a| a.minimum(0.0) * a, [wave([0])]),
    case!("logaddexp", |a, b| a.logaddexp(b), [wave([2, 3]), wave([2, 3])]),
    case!("logaddexp, broadcast", |a, b| a.logaddexp(b), [wave([2, 1]), wave([3])]),
    case!("logaddexp with itself", |a| a.logaddexp(a), [wave([3])]),
    case!("logaddexp with a number", |a| a.logaddexp(0.3), [wave([3])]),
    case!("atan2", |a, b| a.atan2(b), [wave([2, 3]), wave([2, 3])]),
    case!("atan2, broadcast", |a, b| a.atan2(b), [wave([2, 1]), wave([3])]),
    case!("atan2 with a number", |a| a.atan2(-0.8), [wave([3])]),
    case!("hypot", |a, b| a.hypot(b), [wave([2, 3]), wave([2, 3])]),
    case!("hypot, broadcast", |a, b| a.hypot(b), [wave([2, 1]), wave([3])]),
    case!("hypot with a number", |a| a.hypot(0.5), [wave([3])]),
];

#[cfg(test)]
mod tests;
