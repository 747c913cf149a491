//! Parts of losses whose plain formulas are `0 · ∞`, `∞ − ∞` or a difference of nearly equal numbers at the ends of their
//! range. As operations of their own they know the limit.

use autograd::{Elementwise, Op, Real, Scalar, Tensor, Var};

/// `y = dⁿ e⁻ˢ` for n = 2 (the square in units of the variance `eˢ`) and, as its derivatives, 1 and 0;
/// `d̄ = n ȳ dⁿ⁻¹ e⁻ˢ`,  `s̄ = −ȳ y`. Where `d` is 0, so is `y`, also where `e⁻ˢ` is infinite.
struct InVariances {
    power: i32,
}

impl<T: Real> Op<T, 2> for InVariances {
    const NAME: &'static str = "in_variances";

    fn forward(&self, [d, s]: [&Tensor<T>; 2]) -> Tensor<T> {
        // In quarters, dⁿ e⁻ˢ is finite also where d² or e⁻ˢ alone is not.
        let root = |s: T| (T::of(-0.25) * s).exp();
        match self.power {
            2 => d.zip(s, |d, s| {
                let (root, zero) = (root(s), d == T::zero());
                let z = if zero { d } else { d * root * root };
                z * z
            }),
            1 => d.zip(s, |d, s| {
                let (root, zero) = (root(s), d == T::zero());
                if zero { d } else { d * root * root * root * root }
            }),
            _ => s.map(|s| (-s).exp()),
        }
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [d, s]: [Var<'t, T>; 2], y: Var<'t, T>) -> Var<'t, T> {
        match (wrt, self.power) {
            (0, 0) => g.lit(0.0),
            (0, n) => g * Var::apply(InVariances { power: n - 1 }, [d, s]) * f64::from(n),
            _ => -(g * y),
        }
    }
}

/// `d² e⁻ˢ` of two variables of one shape.
pub(super) fn in_variances<'t, T: Real>(d: Var<'t, T>, log_var: Var<'t, T>) -> Var<'t, T> {
    Var::apply(InVariances { power: 2 }, [d, log_var])
}

/// `y = eˡ − x l`,  `l̄ = ȳ (eˡ − x)`,  `x̄ = −ȳ l`. Where `x` is 0, so is `x l`; where `eˡ` is infinite, so is `y`.
struct ExpLessLinear;

impl<T: Real> Op<T, 2> for ExpLessLinear {
    const NAME: &'static str = "exp_less_linear";

    fn forward(&self, [l, x]: [&Tensor<T>; 2]) -> Tensor<T> {
        l.zip(x, |l, x| {
            let exp = l.exp();
            if exp == T::INFINITY || x == T::zero() { exp } else { exp - x * l }
        })
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [l, x]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        if wrt == 0 { g * (l.exp() - x) } else { -(g * l) }
    }
}

/// `eˡ − x l` of two variables of one shape.
pub(super) fn exp_less_linear<'t, T: Real>(l: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    Var::apply(ExpLessLinear, [l, x])
}

/// `y = x ln q` for `q = p`, or for `q = 1 − p`;  `x̄ = ȳ ln q`,  `q̄ = ȳ x / q`. Where `x` and `q` are 0, so are `y`
/// and `q̄`.
struct TimesLn {
    of_rest: bool,
}

impl<T: Real> Op<T, 2> for TimesLn {
    const NAME: &'static str = "times_ln";

    fn forward(&self, [x, p]: [&Tensor<T>; 2]) -> Tensor<T> {
        let zero = T::zero();
        if self.of_rest {
            x.zip(p, |x, p| if x == zero && p == T::one() { x } else { x * (-p).ln_1p() })
        } else {
            x.zip(p, |x, p| if x == zero && p == zero { x } else { x * p.ln() })
        }
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [x, p]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        match (wrt, self.of_rest) {
            (0, false) => g * p.ln(),
            (0, true) => g * (-p).ln_1p(),
            (_, false) => g * Var::apply(Quotient, [x, p]),
            (_, true) => -(g * Var::apply(Quotient, [x, 1.0 - p])),
        }
    }
}

/// `y = x / q`, and 0 where both are 0;  `x̄ = ȳ / q`,  `q̄ = −ȳ y / q`.
struct Quotient;

impl<T: Real> Op<T, 2> for Quotient {
    const NAME: &'static str = "quotient";

    fn forward(&self, [x, q]: [&Tensor<T>; 2]) -> Tensor<T> {
        x.zip(q, |x, q| if x == T::zero() && q == T::zero() { x } else { x / q })
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [_, q]: [Var<'t, T>; 2], y: Var<'t, T>) -> Var<'t, T> {
        if wrt == 0 { g / q } else { -(g * (y / q)) }
    }
}

/// `x ln p` of two variables of one shape.
pub(super) fn times_ln<'t, T: Real>(x: Var<'t, T>, p: Var<'t, T>) -> Var<'t, T> {
    Var::apply(TimesLn { of_rest: false }, [x, p])
}

/// `x ln (1 − p)` of two variables of one shape.
pub(super) fn times_ln_of_rest<'t, T: Real>(x: Var<'t, T>, p: Var<'t, T>) -> Var<'t, T> {
    Var::apply(TimesLn { of_rest: true }, [x, p])
}

/// `y = ln cosh x`,  `dy/dx = tanh x`.
struct LnCosh;

impl Elementwise for LnCosh {
    const NAME: &'static str = "ln_cosh";

    fn f<T: Real>(&self, x: T) -> T {
        let x = x.abs();
        if x < T::one() {
            // cosh² = 1 + sinh², which keeps its digits near 0.
            let sinh = x.sinh();
            (sinh * sinh).ln_1p() * T::of(0.5)
        } else {
            x + ((x * T::of(-2.0)).exp().ln_1p() - T::of(std::f64::consts::LN_2))
        }
    }
    fn df<S: Scalar>(&self, x: S, _y: S) -> S {
        x.tanh()
    }
}

/// `ln cosh x`.
pub(super) fn ln_cosh<'t, T: Real>(x: Var<'t, T>) -> Var<'t, T> {
    Var::apply(LnCosh, [x])
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Tape, gradcheck};

    #[test]
    fn derivatives_of_orders_1_to_3() {
        let a = Tensor::from_vec([4], vec![0.3, -0.6, 1.1, -1.9]);
        let b = Tensor::from_vec([4], vec![0.2, 0.7, -0.4, 0.5]);
        let p = b.map(|b| b + 0.5);
        for order in 1..=3 {
            gradcheck(|[d, s]| in_variances(d, s), [a.clone(), b.clone()], order).unwrap();
            gradcheck(|[l, x]| exp_less_linear(l, x), [a.clone(), b.clone()], order).unwrap();
            gradcheck(|[x, p]| times_ln(x, p), [a.clone(), p.clone()], order).unwrap();
            gradcheck(|[x, p]| times_ln_of_rest(x, p * 0.5), [a.clone(), p.clone()], order).unwrap();
            gradcheck(|[x]| ln_cosh(x), [a.clone()], order).unwrap();
        }
    }

    /// A derivative of higher order at such a point is right, infinite where a number is too large, and never a wrong
    /// number.
    #[test]
    fn second_derivatives_where_the_plain_formula_is_zero_times_infinity() {
        let tape = Tape::<f32>::new();
        let (d, s) = (tape.var(0.0), tape.var(-100.0));
        let [dd, ds] = in_variances(d, s).grad([d, s]);
        let second = [dd.grad([d, s]), ds.grad([d, s])].concat();
        assert_eq!([dd, ds].map(|y| y.item()), [0.0, 0.0]);
        assert_eq!(second.iter().map(|y| y.item()).collect::<Vec<_>>(), [f32::INFINITY, 0.0, 0.0, 0.0]);

        let (x, p) = (tape.var(0.0), tape.var(1e-40));
        let [dx, dp] = times_ln(x, p).grad([x, p]);
        assert_eq!((dx.item(), dp.item()), (p.value().item().ln(), 0.0));
        let second = [dx.grad([x, p]), dp.grad([x, p])].concat();
        assert_eq!(
            second.iter().map(|y| y.item()).collect::<Vec<_>>(),
            [0.0, f32::INFINITY, f32::INFINITY, 0.0]
        );
    }
}
