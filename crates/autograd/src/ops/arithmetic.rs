//! `+ − × ÷`, between variables and with plain numbers.
//!
//! Operators broadcast like NumPy. They first `expand` both sides, so no rule here mentions
//! broadcasting: a repeated element collects its contributions in the rule of `expand`.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::{Case, Pointwise, case, wave};
use crate::attribute::Attributes;
use crate::compiled::built_in;
use crate::expression::Expression;
use crate::tensor::broadcast;
use crate::{Real, Scalar, Shape, Var};

/// `y = a + b`,  `ā = ȳ`,  `b̄ = ȳ`.
struct AddOp;

impl Pointwise<2> for AddOp {
    const NAME: &'static str = "add";

    #[inline(always)]
    fn f<T: Real>(&self, [a, b]: [T; 2]) -> T {
        a + b
    }
    fn expression(&self, [a, b]: [Expression; 2]) -> Option<Expression> {
        Some(a + b)
    }
    fn vjp<'t, T: Real>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        g
    }
}

/// `y = a − b`,  `ā = ȳ`,  `b̄ = −ȳ`.
struct SubOp;

impl Pointwise<2> for SubOp {
    const NAME: &'static str = "sub";

    #[inline(always)]
    fn f<T: Real>(&self, [a, b]: [T; 2]) -> T {
        a - b
    }
    fn expression(&self, [a, b]: [Expression; 2]) -> Option<Expression> {
        Some(a - b)
    }
    fn vjp<'t, T: Real>(&self, wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        if wrt == 0 { g } else { -g }
    }
}

/// `y = a b`,  `ā = ȳ b`,  `b̄ = ȳ a`.
struct MulOp;

impl Pointwise<2> for MulOp {
    const NAME: &'static str = "mul";

    #[inline(always)]
    fn f<T: Real>(&self, [a, b]: [T; 2]) -> T {
        a * b
    }
    fn expression(&self, [a, b]: [Expression; 2]) -> Option<Expression> {
        Some(a * b)
    }
    fn vjp<'t, T: Real>(
        &self,
        wrt: usize,
        g: Var<'t, T>,
        [a, b]: [Var<'t, T>; 2],
        _y: Var<'t, T>,
    ) -> Var<'t, T> {
        g * if wrt == 0 { b } else { a }
    }
}

/// `y = a / b`,  `ā = ȳ / b`,  `b̄ = −ȳ y / b`.
struct DivOp;

impl Pointwise<2> for DivOp {
    const NAME: &'static str = "div";

    #[inline(always)]
    fn f<T: Real>(&self, [a, b]: [T; 2]) -> T {
        a / b
    }
    fn expression(&self, [a, b]: [Expression; 2]) -> Option<Expression> {
        Some(a / b)
    }
    fn vjp<'t, T: Real>(
        &self,
        wrt: usize,
        g: Var<'t, T>,
        [_, b]: [Var<'t, T>; 2],
        y: Var<'t, T>,
    ) -> Var<'t, T> {
        if wrt == 0 { g / b } else { -(g * y / b) }
    }
}

/// `y = c x`,  `x̄ = c ȳ`.
struct Scale(f64);

impl Pointwise<1> for Scale {
    const NAME: &'static str = "scale";

    fn attributes(&self) -> Attributes {
        vec![("by", self.0.into())]
    }
    #[inline(always)]
    fn f<T: Real>(&self, [x]: [T; 1]) -> T {
        x * T::of(self.0)
    }
    fn expression(&self, [x]: [Expression; 1]) -> Option<Expression> {
        Some(x * self.0)
    }
    fn vjp<'t, T: Real>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        g * self.0
    }
}

/// `y = x + c`,  `x̄ = ȳ`.
struct Shift(f64);

impl Pointwise<1> for Shift {
    const NAME: &'static str = "shift";

    fn attributes(&self) -> Attributes {
        vec![("by", self.0.into())]
    }
    #[inline(always)]
    fn f<T: Real>(&self, [x]: [T; 1]) -> T {
        x + T::of(self.0)
    }
    fn expression(&self, [x]: [Expression; 1]) -> Option<Expression> {
        Some(x + self.0)
    }
    fn vjp<'t, T: Real>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        g
    }
}

/// `y = x / c`,  `x̄ = ȳ / c`.
struct Quotient(f64);

impl Pointwise<1> for Quotient {
    const NAME: &'static str = "quotient";

    fn attributes(&self) -> Attributes {
        vec![("by", self.0.into())]
    }
    #[inline(always)]
    fn f<T: Real>(&self, [x]: [T; 1]) -> T {
        x / T::of(self.0)
    }
    fn expression(&self, [x]: [Expression; 1]) -> Option<Expression> {
        Some(x / self.0)
    }
    fn vjp<'t, T: Real>(&self, _wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        g / self.0
    }
}

/// The shape that both broadcast to.
#[track_caller]
pub(super) fn common_shape(name: &str, left: &[usize], right: &[usize]) -> Shape {
    match broadcast(left, right) {
        Some(shape) => shape,
        None => panic!("{name}: shapes {left:?} and {right:?} do not broadcast"),
    }
}

/// Both sides expanded to their common shape.
#[track_caller]
pub(super) fn expanded<'t, T: Real>(name: &str, a: Var<'t, T>, b: Var<'t, T>) -> [Var<'t, T>; 2] {
    let (left, right) = (a.shape(), b.shape());
    if left == right {
        return [a, b];
    }
    let shape = common_shape(name, &left, &right);
    [a.expand(&shape), b.expand(&shape)]
}

/// One operator: between variables, and with a number on either side.
macro_rules! operator {
    ($Trait:ident, $method:ident, $Op:expr, |$x:ident, $c:ident| $right:expr, $left:expr) => {
        impl<'t, T: Real> $Trait for Var<'t, T> {
            type Output = Var<'t, T>;
            #[track_caller]
            fn $method(self, other: Var<'t, T>) -> Var<'t, T> {
                T::record($Op, expanded(stringify!($method), self, other))
            }
        }

        impl<'t, T: Real> $Trait<f64> for Var<'t, T> {
            type Output = Var<'t, T>;
            #[track_caller]
            fn $method(self, $c: f64) -> Var<'t, T> {
                let $x = self;
                $right
            }
        }

        impl<'t, T: Real> $Trait<Var<'t, T>> for f64 {
            type Output = Var<'t, T>;
            #[track_caller]
            fn $method(self, $x: Var<'t, T>) -> Var<'t, T> {
                let $c = self;
                $left
            }
        }
    };
}

operator!(Add, add, AddOp, |x, c| T::record(Shift(c), [x]), T::record(Shift(c), [x]));
operator!(Sub, sub, SubOp, |x, c| T::record(Shift(-c), [x]), -x + c);
operator!(Mul, mul, MulOp, |x, c| T::record(Scale(c), [x]), T::record(Scale(c), [x]));
operator!(Div, div, DivOp, |x, c| T::record(Quotient(c), [x]), x.lit(c) / x);

impl<'t, T: Real> Neg for Var<'t, T> {
    type Output = Var<'t, T>;
    #[track_caller]
    fn neg(self) -> Var<'t, T> {
        T::record(Scale(-1.0), [self])
    }
}

built_in! {
    apply 1: Scale, Shift, Quotient;
    apply 2: AddOp, SubOp, MulOp, DivOp;
}

pub(super) const CASES: &[Case] = &[
    case!("add", |a, b| a + b, [wave([2, 3]), wave([2, 3])]),
    case!("add, both sides broadcast", |a, b| a * (a + b), [wave([2, 1]), wave([3])]),
    case!("sub", |a, b| a - b, [wave([2, 3]), wave([2, 3])]),
    case!("sub of a product", |a, b| (a - b) * (a - b) * b, [wave([2, 3]), wave([3])]),
    case!("mul", |a, b| a * b, [wave([2, 3]), wave([2, 3])]),
    case!("mul by itself", |a| a * a * a, [wave([4])]),
    case!("mul, broadcast", |a, b| a * b * a, [wave([2, 3]), wave([])]),
    case!("div", |a, b| a / b, [wave([2, 3]), wave([2, 3])]),
    case!("div, broadcast", |a, b| a / b, [wave([1, 3]), wave([2, 1])]),
    case!("neg", |a| -(a * a), [wave([3])]),
    case!("number on the right", |a| ((a + 2.0) * 3.0 - 1.0) / 7.0 * a, [wave([3])]),
    case!("number on the left", |a| (2.0 / a + 3.0 * a) * (1.0 - a) + (4.0 + a), [wave([3])]),
    case!("empty", |a, b| a * b + a / b, [wave([0, 3]), wave([3])]),
];
