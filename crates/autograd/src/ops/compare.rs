//! Comparisons and masks: yes or no for every element. They are nodes of the tape without a derivative.
//!
//! ```
//! use autograd::{Tape, Tensor};
//!
//! let tape = Tape::<f64>::new();
//! let x = tape.var(Tensor::from_vec([3], vec![-1.0, 2.0, 5.0]));
//! let small = x.gt(0.0).and(x.lt(3.0));
//! let y = small.select(x * x, -x);
//! assert_eq!(y.value().to_vec(), [1.0, 4.0, -5.0]);
//! assert_eq!(y.sum().backward().wrt(x).to_vec(), [-1.0, 4.0, -1.0]);
//! ```

use std::ops::Not;

use super::arithmetic::expanded;
use super::{Case, case, wave};
use crate::compiled::built_in;
use crate::expression::Expression;
use crate::shortcuts::{Destination, Shortcuts, Written};
use crate::{Choice, Real, Scalar, Tensor, Var};

/// Yes or no for every element: the result of a comparison. It has no derivative.
#[derive(Clone, Copy)]
pub struct Mask<'t, T: Real>(pub(super) Var<'t, T>);

/// The other side of a comparison or of a function of two numbers: a variable or a number.
#[diagnostic::on_unimplemented(
    message = "a variable cannot be compared with `{Self}`",
    label = "neither a variable nor a number",
    note = "the other side is a variable of the same tape or a number of type `f64`; a tensor becomes a variable by `tape.constant`"
)]
pub trait Operand<'t, T: Real> {
    /// The variable itself, or the number as a constant on the tape of `other`.
    fn beside(self, other: Var<'t, T>) -> Var<'t, T>;
}

impl<'t, T: Real> Operand<'t, T> for Var<'t, T> {
    fn beside(self, _other: Var<'t, T>) -> Var<'t, T> {
        self
    }
}

impl<'t, T: Real> Operand<'t, T> for f64 {
    fn beside(self, other: Var<'t, T>) -> Var<'t, T> {
        other.lit(self)
    }
}

/// A question about two numbers.
trait Test: Send + Sync + 'static {
    const NAME: &'static str;

    fn yes<T: Real>(a: T, b: T) -> bool;

    /// 1 for yes, 0 for no.
    fn expression(inputs: [Expression; 2]) -> Expression;
}

/// `y = 1` where the answer is yes, else 0.
struct Compare<C>(C);

impl<T: Real, C: Test> Choice<T, 2> for Compare<C> {
    const NAME: &'static str = C::NAME;

    fn forward(&self, inputs: [&Tensor<T>; 2]) -> Tensor<T> {
        compare::<T, C>(inputs, Destination::New).tensor()
    }
    fn expression(&self, inputs: [Expression; 2]) -> Option<Expression> {
        Some(C::expression(inputs))
    }
    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 2>> {
        Some(self)
    }
}

impl<T: Real, C: Test> Shortcuts<T, 2> for Compare<C> {
    fn forward_to(&self, inputs: [&Tensor<T>; 2], to: Destination<T>) -> Option<Written<T>> {
        Some(compare::<T, C>(inputs, to))
    }
}

#[track_caller]
fn compare<T: Real, C: Test>(inputs: [&Tensor<T>; 2], to: Destination<T>) -> Written<T> {
    Tensor::combine_to(
        inputs,
        to,
        #[inline(always)]
        |[a, b]| if C::yes(a, b) { T::one() } else { T::zero() },
    )
}

macro_rules! test {
    ($Test:ident, $name:literal, $a:ident, $b:ident, $yes:expr, $expression:expr) => {
        struct $Test;

        impl Test for $Test {
            const NAME: &'static str = $name;

            #[inline(always)]
            fn yes<T: Real>($a: T, $b: T) -> bool {
                $yes
            }
            fn expression([$a, $b]: [Expression; 2]) -> Expression {
                $expression
            }
        }
    };
}

test!(Eq, "eq", a, b, a == b, a.equal(b));
test!(Ne, "ne", a, b, a != b, 1.0 - a.equal(b));
test!(Lt, "lt", a, b, a < b, a.less(b));
test!(Le, "le", a, b, a <= b, a.clone().less(b.clone()).max(a.equal(b)));
test!(Gt, "gt", a, b, a > b, b.less(a));
test!(Ge, "ge", a, b, a >= b, b.clone().less(a.clone()).max(a.equal(b)));
// Of two masks, whose numbers are 0 and 1.
test!(And, "and", a, b, a + b == T::one() + T::one(), a.min(b));
test!(Or, "or", a, b, a + b != T::zero(), a.max(b));

impl<'t, T: Real> Mask<'t, T> {
    /// Yes where both say yes. Masks broadcast.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn and(self, other: Self) -> Self {
        Mask(T::record(Compare(And), expanded("and", self.0, other.0)))
    }

    /// Yes where one or both say yes. Masks broadcast.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn or(self, other: Self) -> Self {
        Mask(T::record(Compare(Or), expanded("or", self.0, other.0)))
    }

    /// 1 where the mask says yes, else 0: a constant for derivatives.
    pub fn numbers(self) -> Var<'t, T> {
        self.0
    }

    /// The [`numbers`](Self::numbers) as a tensor.
    #[track_caller]
    pub fn value(self) -> Tensor<T> {
        self.0.value()
    }
}

/// Yes where the mask says no.
impl<T: Real> Not for Mask<'_, T> {
    type Output = Self;
    #[track_caller]
    fn not(self) -> Self {
        Mask(1.0 - self.0)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// Yes where this equals `other`, a variable or a number. Both broadcast. NaN equals nothing.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn eq(self, other: impl Operand<'t, T>) -> Mask<'t, T> {
        Mask(T::record(Compare(Eq), expanded("eq", self, other.beside(self))))
    }

    /// Yes where this differs from `other`; see [`eq`](Self::eq). NaN differs from everything.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn ne(self, other: impl Operand<'t, T>) -> Mask<'t, T> {
        Mask(T::record(Compare(Ne), expanded("ne", self, other.beside(self))))
    }

    /// Yes where this is less than `other`; see [`eq`](Self::eq).
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn lt(self, other: impl Operand<'t, T>) -> Mask<'t, T> {
        Mask(T::record(Compare(Lt), expanded("lt", self, other.beside(self))))
    }

    /// Yes where this is less than or equal to `other`; see [`eq`](Self::eq).
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn le(self, other: impl Operand<'t, T>) -> Mask<'t, T> {
        Mask(T::record(Compare(Le), expanded("le", self, other.beside(self))))
    }

    /// Yes where this is greater than `other`; see [`eq`](Self::eq).
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn gt(self, other: impl Operand<'t, T>) -> Mask<'t, T> {
        Mask(T::record(Compare(Gt), expanded("gt", self, other.beside(self))))
    }

    /// Yes where this is greater than or equal to `other`; see [`eq`](Self::eq).
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn ge(self, other: impl Operand<'t, T>) -> Mask<'t, T> {
        Mask(T::record(Compare(Ge), expanded("ge", self, other.beside(self))))
    }
}

built_in! {
    choose 2: Compare<Eq>, Compare<Ne>, Compare<Lt>, Compare<Le>, Compare<Gt>, Compare<Ge>, Compare<And>, Compare<Or>;
}

pub(super) const CASES: &[Case] = &[
    case!(
        "comparisons",
        |a, b| a.lt(b).numbers() * a * b + (!a.ge(0.0)).numbers() * a,
        [wave([4]), wave([4])]
    ),
    case!(
        "masks",
        |a, b| a.gt(b).or(a.le(0.0)).and(b.ne(a)).numbers() * a * b + a.eq(a).numbers() * b,
        [wave([4]), wave([4])]
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tape;

    #[test]
    fn comparisons() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([3], vec![1.0, 2.0, f64::NAN]));
        let y = tape.var(Tensor::from_vec([3], vec![2.0, 2.0, 2.0]));
        let bits = |mask: Mask<f64>| mask.value().to_vec();
        assert_eq!(bits(x.eq(y)), [0.0, 1.0, 0.0]);
        assert_eq!(bits(x.ne(2.0)), [1.0, 0.0, 1.0]);
        assert_eq!(bits(x.lt(y)), [1.0, 0.0, 0.0]);
        assert_eq!(bits(x.le(2.0)), [1.0, 1.0, 0.0]);
        assert_eq!(bits(x.gt(1.0)), [0.0, 1.0, 0.0]);
        assert_eq!(bits(x.ge(1.0)), [1.0, 1.0, 0.0]);
        assert_eq!(bits(!x.eq(1.0).or(y.eq(1.0))), [0.0, 1.0, 1.0]);
        assert_eq!(bits(x.le(2.0).and(x.ge(2.0))), [0.0, 1.0, 0.0]);
        assert_eq!(x.le(2.0).and(tape.constant(Tensor::ones([2, 1])).ne(0.0)).value().shape(), [2, 3]);
    }

    #[test]
    #[should_panic(expected = "gt: shapes [2] and [3] do not broadcast")]
    fn comparing_shapes_that_do_not_fit() {
        let tape = Tape::<f64>::new();
        let _ = tape.var(Tensor::ones([2])).gt(tape.var(Tensor::ones([3])));
    }
}
