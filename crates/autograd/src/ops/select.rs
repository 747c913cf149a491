//! Masks: comparing elements, and choosing between two variables element by element.
//!
//! ```
//! use autograd::{Tape, Tensor};
//!
//! let tape = Tape::<f64>::new();
//! let x = tape.var(Tensor::from_vec([3], vec![-1.0, 2.0, 5.0]));
//! let small = x.gt(0.0).and(&x.lt(3.0));
//! let y = small.select(x * x, -x);
//! assert_eq!(y.value().to_vec(), [1.0, 4.0, -5.0]);
//! assert_eq!(y.sum().backward().wrt(x).to_vec(), [-1.0, 4.0, -1.0]);
//! ```

use super::arithmetic::common_shape;
use super::{Case, case, wave};
use crate::{Op, Real, Scalar, Tensor, Var};

/// Yes or no for every element. A mask is a plain value like a tensor: comparisons have no
/// derivative, so it is not on the tape.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask<T: Real>(Tensor<T>);

/// The other side of a comparison or of a function of two numbers: a variable or a number.
pub trait Operand<'t, T: Real> {
    /// The values, in a shape that broadcasts.
    fn values(&self) -> Tensor<T>;

    /// The variable itself, or the number as a constant on the tape of `other`.
    fn beside(self, other: Var<'t, T>) -> Var<'t, T>;
}

impl<'t, T: Real> Operand<'t, T> for Var<'t, T> {
    fn values(&self) -> Tensor<T> {
        self.value()
    }
    fn beside(self, _other: Var<'t, T>) -> Var<'t, T> {
        self
    }
}

impl<'t, T: Real> Operand<'t, T> for f64 {
    fn values(&self) -> Tensor<T> {
        Tensor::scalar(T::of(*self))
    }
    fn beside(self, other: Var<'t, T>) -> Var<'t, T> {
        other.lit(self)
    }
}

/// 1 for yes, 0 for no.
fn bit<T: Real>(yes: bool) -> T {
    if yes { T::one() } else { T::zero() }
}

impl<T: Real> Mask<T> {
    /// Yes where an element is not 0.
    pub fn nonzero(tensor: &Tensor<T>) -> Self {
        Mask(tensor.map(|x| bit(x != T::zero())))
    }

    #[track_caller]
    fn compare(name: &str, a: &Tensor<T>, b: &Tensor<T>, test: impl Fn(T, T) -> bool + Sync) -> Self {
        let shape = common_shape(name, a.shape(), b.shape());
        Mask(Tensor::combine([&a.expand(&shape), &b.expand(&shape)], |[a, b]| bit(test(a, b))))
    }

    /// Yes where both say yes. Masks broadcast.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn and(&self, other: &Self) -> Self {
        let one = T::one();
        Mask::compare("and", &self.0, &other.0, |a, b| a == one && b == one)
    }

    /// Yes where one or both say yes. Masks broadcast.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn or(&self, other: &Self) -> Self {
        let one = T::one();
        Mask::compare("or", &self.0, &other.0, |a, b| a == one || b == one)
    }

    /// Yes where this mask says no.
    pub fn not(&self) -> Self {
        Mask(self.0.map(|x| T::one() - x))
    }

    /// 1 where the mask says yes, else 0.
    pub fn to_tensor(&self) -> Tensor<T> {
        self.0.clone()
    }

    /// `a` where the mask says yes, `b` elsewhere; all three broadcast.
    ///
    /// The gradient is chosen in the same way: the branch not taken receives 0, and whatever it
    /// holds, even NaN, stays out of the result and of the other branch's gradient.
    ///
    /// But 0 is not nothing: if the branch not taken was computed by a function of *infinite slope*,
    /// its rule multiplies that 0 by infinity. `x.gt(0.0).select(x.sqrt(), 0.0)` has the gradient NaN
    /// at `x = 0`, here as in any such system, for no rule can know that this zero means "not
    /// taken". [`select_map`](Self::select_map) avoids it.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([3], vec![-2.0, 0.5, 3.0]));
    /// let y = x.gt(0.0).select(x.square(), -x); // x² above 0, −x below
    /// assert_eq!(y.value().to_vec(), [2.0, 0.25, 9.0]);
    /// assert_eq!(y.sum().backward().wrt(x).to_vec(), [-1.0, 1.0, 6.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn select<'t>(&self, a: Var<'t, T>, b: impl Operand<'t, T>) -> Var<'t, T> {
        let b = b.beside(a);
        let shape = common_shape("select", &common_shape("select", &a.shape(), &b.shape()), self.0.shape());
        Var::apply(Select(self.0.expand(&shape)), [a.expand(&shape), b.expand(&shape)])
    }

    /// `f(x)` where the mask says yes, `otherwise` elsewhere, for an `f` of single elements that may
    /// be infinite, NaN or infinitely steep where the mask says no.
    ///
    /// There `f` never sees `x`: it is given the first element that the mask accepts instead.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let x = tape.var(Tensor::from_vec([3], vec![-1.0, 0.0, 4.0]));
    /// let root = x.gt(0.0).select_map(x, |x| x.sqrt(), 0.0);
    /// assert_eq!(root.value().to_vec(), [0.0, 0.0, 2.0]);
    /// assert_eq!(root.sum().backward().wrt(x).to_vec(), [0.0, 0.0, 0.25]);
    /// ```
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn select_map<'t>(
        &self,
        x: Var<'t, T>,
        f: impl FnOnce(Var<'t, T>) -> Var<'t, T>,
        otherwise: impl Operand<'t, T>,
    ) -> Var<'t, T> {
        let shape = common_shape("select_map", &x.shape(), self.0.shape());
        let (elements, mask) =
            (x.seen_by("select_map").expand(&shape).to_vec(), self.0.expand(&shape).to_vec());
        match mask.iter().position(|&yes| yes == T::one()) {
            Some(first) => self.select(f(self.select(x, elements[first].as_f64())), otherwise),
            // Nothing is taken, so `f` has nothing to work on.
            None => self.select(x, otherwise),
        }
    }
}

/// `y = a` or `b`, as the mask says;  `ȳ` goes to the one that was taken, 0 to the other.
struct Select<T: Real>(Tensor<T>);

impl<T: Real> Op<T, 2> for Select<T> {
    fn name(&self) -> String {
        "select".into()
    }
    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Tensor<T> {
        Tensor::combine([&self.0, a, b], |[yes, a, b]| if yes == T::one() { a } else { b })
    }
    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, _: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        let taken = if wrt == 0 { [g, g.lit(0.0)] } else { [g.lit(0.0), g] };
        Var::apply(Select(self.0.clone()), taken)
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// Where this equals `other`, a variable or a number. Both broadcast. NaN equals nothing.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn eq(self, other: impl Operand<'t, T>) -> Mask<T> {
        Mask::compare("eq", &self.seen_by("eq"), &other.values(), |a, b| a == b)
    }

    /// Where this differs from `other`; see [`eq`](Self::eq). NaN differs from everything.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn ne(self, other: impl Operand<'t, T>) -> Mask<T> {
        Mask::compare("ne", &self.seen_by("ne"), &other.values(), |a, b| a != b)
    }

    /// Where this is less than `other`; see [`eq`](Self::eq).
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn lt(self, other: impl Operand<'t, T>) -> Mask<T> {
        Mask::compare("lt", &self.seen_by("lt"), &other.values(), |a, b| a < b)
    }

    /// Where this is less than or equal to `other`; see [`eq`](Self::eq).
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn le(self, other: impl Operand<'t, T>) -> Mask<T> {
        Mask::compare("le", &self.seen_by("le"), &other.values(), |a, b| a <= b)
    }

    /// Where this is greater than `other`; see [`eq`](Self::eq).
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn gt(self, other: impl Operand<'t, T>) -> Mask<T> {
        Mask::compare("gt", &self.seen_by("gt"), &other.values(), |a, b| a > b)
    }

    /// Where this is greater than or equal to `other`; see [`eq`](Self::eq).
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn ge(self, other: impl Operand<'t, T>) -> Mask<T> {
        Mask::compare("ge", &self.seen_by("ge"), &other.values(), |a, b| a >= b)
    }

    /// This with `value` where the mask says yes; see [`Mask::select`].
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn masked_fill(self, mask: &Mask<T>, value: f64) -> Var<'t, T> {
        mask.select(self.lit(value), self)
    }
}

pub(super) const CASES: &[Case] = &[
    case!("select", |a, b| a.gt(b).select(a * a * a, b * b), [wave([2, 3]), wave([2, 3])]),
    case!("select, broadcast", |a, b| a.lt(0.0).select(a * b, a * a), [wave([2, 1]), wave([3])]),
    case!("select of numbers", |a| a.gt(0.0).select(a * a, 0.5), [wave([])]),
    case!("select of nothing", |a| a.gt(0.0).select(a * a, a), [wave([0, 2])]),
    case!("select_map", |a| a.gt(0.0).select_map(a, |a| a.ln(), -1.0), [wave([5])]),
    case!("masked_fill", |a| (a * a * a).masked_fill(&a.lt(0.0), 2.0), [wave([2, 3])]),
];

#[cfg(test)]
mod tests {
    use super::Mask;
    use crate::{Tape, Tensor, Var};

    #[test]
    fn comparisons() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([3], vec![1.0, 2.0, f64::NAN]));
        let y = tape.var(Tensor::from_vec([3], vec![2.0, 2.0, 2.0]));
        let before = tape.len();
        let bits = |mask: &Mask<f64>| mask.to_tensor().to_vec();
        assert_eq!(bits(&x.eq(y)), [0.0, 1.0, 0.0]);
        assert_eq!(bits(&x.ne(2.0)), [1.0, 0.0, 1.0]);
        assert_eq!(bits(&x.lt(y)), [1.0, 0.0, 0.0]);
        assert_eq!(bits(&x.le(2.0)), [1.0, 1.0, 0.0]);
        assert_eq!(bits(&x.gt(1.0)), [0.0, 1.0, 0.0]);
        assert_eq!(bits(&x.ge(1.0)), [1.0, 1.0, 0.0]);
        assert_eq!(bits(&x.eq(1.0).or(&y.eq(1.0)).not()), [0.0, 1.0, 1.0]);
        assert_eq!(bits(&x.le(2.0).and(&x.ge(2.0))), [0.0, 1.0, 0.0]);
        assert_eq!(x.le(2.0).and(&Mask::nonzero(&Tensor::ones([2, 1]))).to_tensor().shape(), [2, 3]);
        assert_eq!(tape.len(), before, "masks are not on the tape");
    }

    /// The value of `f` at `x` and its derivatives of orders 1, 2 and 3 (of the sum, element by
    /// element).
    fn derivatives(x: &[f64], f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> [Vec<f64>; 4] {
        let tape = Tape::new();
        let x = tape.var(Tensor::from_vec([x.len()], x.to_vec()));
        let y = f(x);
        let [dy] = y.sum().grad([x]);
        let [ddy] = dy.sum().grad([x]);
        let [dddy] = ddy.sum().grad([x]);
        [y, dy, ddy, dddy].map(|y| y.value().to_vec())
    }

    #[test]
    fn the_branch_not_taken_has_no_influence() {
        let orders = derivatives(&[1.0, 2.0, 3.0], |x| {
            let bad = x.tape().var(Tensor::from_vec([3], vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]));
            let y = x.gt(0.0).select(x.powi(3), bad);
            assert_eq!(y.sum().backward().wrt(bad).to_vec(), [0.0; 3]);
            y
        });
        let cube = [vec![1.0, 8.0, 27.0], vec![3.0, 12.0, 27.0], vec![6.0, 12.0, 18.0], vec![6.0; 3]];
        assert_eq!(orders, cube);
    }

    #[test]
    fn select_map_is_finite_at_every_order() {
        let roots = derivatives(&[-1.0, 0.0, 4.0], |x| x.gt(0.0).select_map(x, |x| x.sqrt(), 0.0));
        let expected = [2.0, 0.25, -1.0 / 32.0, 3.0 / 256.0];
        for (order, expected) in roots.iter().zip(expected) {
            assert_eq!(order, &[0.0, 0.0, expected]);
        }
        let inverses = derivatives(&[0.0, 1.0, 2.0], |x| x.ne(0.0).select_map(x, |x| x.recip(), x));
        assert_eq!(inverses[0], [0.0, 1.0, 0.5]);
        assert_eq!(inverses[1], [1.0, -1.0, -0.25]);
        assert_eq!(inverses[2], [0.0, 2.0, 0.25]);
        assert_eq!(inverses[3], [0.0, -6.0, -0.375]);
        let none = derivatives(&[-1.0, 0.0], |x| x.gt(0.0).select_map(x, |x| x.ln(), -7.0));
        assert_eq!(none, [vec![-7.0; 2], vec![0.0; 2], vec![0.0; 2], vec![0.0; 2]]);
    }

    #[test]
    fn an_infinite_slope_behind_a_plain_select_is_loud() {
        let orders = derivatives(&[0.0], |x| x.gt(0.0).select(x.sqrt(), 0.0));
        assert_eq!(orders[0], [0.0]);
        assert!(orders[1][0].is_nan());
    }

    #[test]
    fn infinite_gradients_go_to_the_branch_taken_only() {
        let tape = Tape::<f64>::new();
        let (a, b) = (tape.var(0.0), tape.var(3.0));
        let gradients = a.lt(b).select(a, b).sqrt().backward();
        assert_eq!((gradients.wrt(a).item(), gradients.wrt(b).item()), (f64::INFINITY, 0.0));
    }

    #[test]
    #[should_panic(expected = "gt: shapes [2] and [3] do not broadcast")]
    fn comparing_shapes_that_do_not_fit() {
        let tape = Tape::<f64>::new();
        let _ = tape.var(Tensor::ones([2])).gt(tape.var(Tensor::ones([3])));
    }

    #[test]
    #[should_panic(expected = "select: shapes [2] and [3] do not broadcast")]
    fn selecting_with_a_mask_that_does_not_fit() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::ones([2]));
        let _ = Mask::nonzero(&Tensor::ones([3])).select(x, 0.0);
    }
}
