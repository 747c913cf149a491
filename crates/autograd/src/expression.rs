//! Elementwise operations in terms of a few functions, for programs that are not this one.
//!
//! A program that reads a tape (see [`inspect`](crate::inspect)) to run it elsewhere needs to know what an operation
//! computes, not what it is called. So an operation of single numbers states its [`Expression`] once, in its own file:
//! `softsign` is `x / (1 + |x|)`. Whoever knows the [functions](Function) then knows the operation.
//!
//! ```
//! use autograd::Tape;
//! use autograd::expression::Expression;
//!
//! let tape = Tape::<f64>::new();
//! tape.var(3.0).softsign();
//! let operation = tape.lines()[1].operation.clone().unwrap();
//! let expression = operation.expression.unwrap();
//! let x = Expression::Input(0);
//! assert_eq!(expression, x.clone() / (x.abs() + 1.0));
//! assert_eq!(expression.value(&[3.0]), 0.75);
//! ```

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A function of one, two or three numbers, of which expressions are made. An answer of yes is 1, one of no is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `|a|`.
    Abs,
    /// `eᵃ`.
    Exp,
    /// `ln a`.
    Ln,
    /// `√a`.
    Sqrt,
    /// `sin a`.
    Sin,
    /// `cos a`.
    Cos,
    /// `tanh a`.
    Tanh,
    /// `1 / (1 + e⁻ᵃ)`.
    Sigmoid,
    /// The error function.
    Erf,
    /// The largest whole number that is not above `a`.
    Floor,
    /// `a + b`.
    Add,
    /// `a − b`.
    Sub,
    /// `a b`.
    Mul,
    /// `a / b`.
    Div,
    /// `aᵇ`.
    Power,
    /// `max(a, b)`.
    Max,
    /// `min(a, b)`.
    Min,
    /// `a < b`.
    Less,
    /// `a = b`.
    Equal,
    /// `b` where `a` is not 0, else `c`. What is not taken has no influence, not even as NaN.
    Where,
}

/// A number that follows from the elements at one place of the inputs of an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// The element of the input with this number.
    Input(usize),
    /// This number.
    Number(f64),
    /// A function of other expressions.
    Apply(Function, Vec<Expression>),
}

impl Expression {
    /// The value, where the elements of the inputs are `x`, in double precision.
    pub fn value(&self, x: &[f64]) -> f64 {
        let (function, arguments) = match self {
            Expression::Input(number) => return x[*number],
            Expression::Number(number) => return *number,
            Expression::Apply(function, arguments) => (function, arguments),
        };
        let of = |number: usize| arguments[number].value(x);
        let bit = |yes: bool| if yes { 1.0 } else { 0.0 };
        match function {
            Function::Abs => of(0).abs(),
            Function::Exp => of(0).exp(),
            Function::Ln => of(0).ln(),
            Function::Sqrt => of(0).sqrt(),
            Function::Sin => of(0).sin(),
            Function::Cos => of(0).cos(),
            Function::Tanh => of(0).tanh(),
            Function::Sigmoid => 1.0 / (1.0 + (-of(0)).exp()),
            Function::Erf => libm::erf(of(0)),
            Function::Floor => of(0).floor(),
            Function::Add => of(0) + of(1),
            Function::Sub => of(0) - of(1),
            Function::Mul => of(0) * of(1),
            Function::Div => of(0) / of(1),
            Function::Power => of(0).powf(of(1)),
            Function::Max => of(0).max(of(1)),
            Function::Min => of(0).min(of(1)),
            Function::Less => bit(of(0) < of(1)),
            Function::Equal => bit(of(0) == of(1)),
            Function::Where if of(0) != 0.0 => of(1),
            Function::Where => of(2),
        }
    }

    fn of(function: Function, arguments: impl IntoIterator<Item = Expression>) -> Self {
        Expression::Apply(function, arguments.into_iter().collect())
    }

    /// `|a|`.
    pub fn abs(self) -> Self {
        Self::of(Function::Abs, [self])
    }

    /// `eᵃ`.
    pub fn exp(self) -> Self {
        Self::of(Function::Exp, [self])
    }

    /// `ln a`.
    pub fn ln(self) -> Self {
        Self::of(Function::Ln, [self])
    }

    /// `√a`.
    pub fn sqrt(self) -> Self {
        Self::of(Function::Sqrt, [self])
    }

    /// `sin a`.
    pub fn sin(self) -> Self {
        Self::of(Function::Sin, [self])
    }

    /// `cos a`.
    pub fn cos(self) -> Self {
        Self::of(Function::Cos, [self])
    }

    /// `tanh a`.
    pub fn tanh(self) -> Self {
        Self::of(Function::Tanh, [self])
    }

    /// `1 / (1 + e⁻ᵃ)`.
    pub fn sigmoid(self) -> Self {
        Self::of(Function::Sigmoid, [self])
    }

    /// The error function.
    pub fn erf(self) -> Self {
        Self::of(Function::Erf, [self])
    }

    /// The largest whole number that is not above `a`.
    pub fn floor(self) -> Self {
        Self::of(Function::Floor, [self])
    }

    /// `aᵇ`.
    pub fn power(self, b: impl Into<Self>) -> Self {
        Self::of(Function::Power, [self, b.into()])
    }

    /// `max(a, b)`.
    pub fn max(self, b: impl Into<Self>) -> Self {
        Self::of(Function::Max, [self, b.into()])
    }

    /// `min(a, b)`.
    pub fn min(self, b: impl Into<Self>) -> Self {
        Self::of(Function::Min, [self, b.into()])
    }

    /// 1 where `a < b`, else 0.
    pub fn less(self, b: impl Into<Self>) -> Self {
        Self::of(Function::Less, [self, b.into()])
    }

    /// 1 where `a = b`, else 0.
    pub fn equal(self, b: impl Into<Self>) -> Self {
        Self::of(Function::Equal, [self, b.into()])
    }

    /// `yes` where this is not 0, else `no`.
    pub fn choose(self, yes: impl Into<Self>, no: impl Into<Self>) -> Self {
        Self::of(Function::Where, [self, yes.into(), no.into()])
    }
}

impl From<f64> for Expression {
    fn from(number: f64) -> Self {
        Expression::Number(number)
    }
}

macro_rules! operator {
    ($($Trait:ident $method:ident),+) => {$(
        impl<E: Into<Expression>> $Trait<E> for Expression {
            type Output = Expression;
            fn $method(self, other: E) -> Expression {
                Self::of(Function::$Trait, [self, other.into()])
            }
        }
        impl $Trait<Expression> for f64 {
            type Output = Expression;
            fn $method(self, other: Expression) -> Expression {
                Expression::of(Function::$Trait, [self.into(), other])
            }
        }
    )+};
}
operator!(Add add, Sub sub, Mul mul, Div div);

impl Neg for Expression {
    type Output = Expression;
    fn neg(self) -> Expression {
        0.0 - self
    }
}
