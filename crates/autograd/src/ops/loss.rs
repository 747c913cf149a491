//! Losses of classifiers, computed from logits: logarithms of probabilities up to a constant. Taking
//! the logarithm of a probability instead would lose every digit of a confident answer.
//!
//! Each gives one loss per sample, or per element; take the `mean()`.

use super::softmax::log_sum_exp;
use super::{Case, Pointwise, case, wave};
use crate::compiled::built_in;
use crate::shortcuts::{Destination, Shortcuts, Written};
use crate::tensor::sum_by;
use crate::{Keep, Op, Real, Shape, Tensor, Var};

/// `y = −Σ t · log_softmax(x)` along the last axis.  With `p = softmax(x)`,
///
/// > `x̄ = ȳ (p Σ t − t)`  and  `t̄ = −ȳ log_softmax(x)`.
///
/// The first is computed as `p (Σ t − t) − t (1 − p)` with `1 − p = −(e^{ln p} − 1)`, which is a small number and not 0
/// where an answer is right and confident. A target of 0 contributes 0, whatever its logit.
struct CrossEntropy;

/// `[.., 1]` for `[.., classes]`.
fn one_per_row(shape: &[usize]) -> Shape {
    let mut shape = Shape::from_slice(shape);
    *shape.last_mut().expect("an axis of classes") = 1;
    shape
}

impl<T: Real> Op<T, 2> for CrossEntropy {
    const NAME: &'static str = "cross_entropy";

    fn forward(&self, [x, t]: [&Tensor<T>; 2]) -> Tensor<T> {
        let last = x.rank() - 1;
        let loss = Tensor::by_rows(
            [x, t],
            &[last],
            &one_per_row(x.shape()),
            #[inline(always)]
            |[x, t], y| {
                let (max, excess) = log_sum_exp(x);
                let zero = T::zero();
                let term = |[x, t]: [T; 2]| if t == zero { zero } else { t * (max - x) };
                y[0] = sum_by([x, t], term) + sum_by([t], |[t]| t) * excess;
            },
        );
        loss.reshape(&x.shape()[..last])
    }

    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [x, t]: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        let g = g.reshape(one_per_row(&x.shape()));
        match wrt {
            0 => {
                let ln_p = x.log_softmax(-1);
                g * (ln_p.exp() * (t.sum_over(Keep(-1)) - t) + ln_p.exp_m1() * t)
            }
            _ => -(g * x.log_softmax(-1)),
        }
    }

    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 2>> {
        Some(self)
    }
}

impl<T: Real> Shortcuts<T, 2> for CrossEntropy {
    fn vjp_to(
        &self,
        wrt: usize,
        g: &Tensor<T>,
        [x, t]: [&Tensor<T>; 2],
        _y: &Tensor<T>,
        _to: Destination<T>,
    ) -> Option<Written<T>> {
        if wrt != 0 {
            return None; // targets are hardly ever learned
        }
        let g = g.reshape(one_per_row(x.shape()));
        Some(Written::New(Tensor::by_rows(
            [&g, x, t],
            &[x.rank() - 1],
            x.shape(),
            #[inline(always)]
            |[g, x, t], out| {
                let (max, excess) = log_sum_exp(x);
                let total = sum_by([t], |[t]| t);
                let slope = |x: T, t: T| {
                    let ln_p = (x - max) - excess;
                    g[0] * (ln_p.exp() * (total - t) + ln_p.exp_m1() * t)
                };
                // Of one class in a thousand, the second term is 0 but there.
                let targets = t.iter().filter(|&&t| t != T::zero()).count();
                if targets * 8 > t.len() {
                    for ((out, &x), &t) in out.iter_mut().zip(x).zip(t) {
                        *out = slope(x, t);
                    }
                    return;
                }
                for (out, &x) in out.iter_mut().zip(x) {
                    *out = g[0] * (((x - max) - excess).exp() * total);
                }
                for ((out, &x), &t) in out.iter_mut().zip(x).zip(t).filter(|(_, t)| **t != T::zero()) {
                    *out = slope(x, t);
                }
            },
        )))
    }
}

/// `y = −t ln σ(x) − (1 − t) ln σ(−x) = max(x, 0) − x t + ln(1 + e^−|x|)`, element by element,
///
/// > `x̄ = ȳ (σ(x) − t) = ȳ [(1 − t) σ(x) − t σ(−x)]`  and  `t̄ = −ȳ x`,
///
/// of which the second form keeps its digits where the first is nearly 0, for a confident answer.
struct BceWithLogits;

impl Pointwise<2> for BceWithLogits {
    const NAME: &'static str = "bce_with_logits";

    #[inline(always)]
    fn f<T: Real>(&self, [x, t]: [T; 2]) -> T {
        // max(x, 0) − x t, without a difference of large numbers; and 0 times ∞ is 0.
        let weight = if x > T::zero() { T::one() - t } else { -t };
        let vanishes = weight == T::zero() && x.abs() == T::INFINITY;
        let linear = if vanishes { T::zero() } else { weight * x };
        linear + (-x.abs()).softplus()
    }

    fn vjp<'t, T: Real>(
        &self,
        wrt: usize,
        g: Var<'t, T>,
        [x, t]: [Var<'t, T>; 2],
        _y: Var<'t, T>,
    ) -> Var<'t, T> {
        match wrt {
            0 => g * (x.sigmoid() * (1.0 - t) - (-x).sigmoid() * t),
            _ => -(g * x),
        }
    }

    fn vjp_to<T: Real>(
        &self,
        wrt: usize,
        g: &Tensor<T>,
        [x, t]: [&Tensor<T>; 2],
        _y: &Tensor<T>,
        to: Destination<T>,
    ) -> Option<Written<T>> {
        Some(match wrt {
            0 => Tensor::combine_to(
                [g, x, t],
                to,
                #[inline(always)]
                |[g, x, t]| g * (x.sigmoid() * (T::one() - t) - (-x).sigmoid() * t),
            ),
            _ => Tensor::combine_to([g, x], to, |[g, x]| -(g * x)),
        })
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// The cross-entropy of these logits `[.., classes]` against the right class of each row, giving
    /// `[..]`: minus the logarithm of the probability that [`softmax`](Self::softmax) gives that
    /// class.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// let tape = Tape::<f64>::new();
    /// let logits = tape.var(Tensor::zeros([2, 10]));
    /// let loss = logits.cross_entropy(&[3, 7]).mean();
    /// assert_eq!(loss.item(), 10.0_f64.ln());
    /// ```
    ///
    /// Classes with a logit of `−∞` are excluded (if one is right, the loss is `∞`); a row with `+∞`
    /// or NaN, or of nothing but `−∞`, gives NaN.
    ///
    /// # Panics
    /// If there is not one class for each row, or a class is out of range.
    #[track_caller]
    pub fn cross_entropy(self, classes: &[usize]) -> Var<'t, T> {
        let shape = self.shape();
        let Some((&count, rows)) = shape.split_last() else {
            panic!("cross_entropy: the logits must be [.., classes], not a single number");
        };
        let (rows, given) = (rows.iter().product::<usize>(), classes.len());
        assert!(rows == given, "cross_entropy: {given} classes for the {rows} rows of {shape:?}");
        if let Some(&class) = classes.iter().find(|&&class| class >= count) {
            panic!("cross_entropy: class {class} is out of range for {shape:?}, which has {count} classes");
        }
        let mut one_hot = Tensor::zeros(&shape);
        let data = one_hot.make_mut();
        classes.iter().enumerate().for_each(|(row, &class)| data[row * count + class] = T::one());
        self.soft_cross_entropy(self.tape().constant(one_hot))
    }

    /// The cross-entropy of these logits `[.., classes]` against target probabilities of the same
    /// shape, giving `[..]`:
    ///
    /// > `−Σ t · log_softmax(x)`.
    ///
    /// The targets need not add up to 1, and may be variables. A target of 0 contributes nothing,
    /// also where the logit is `−∞`; for other infinities see [`cross_entropy`](Self::cross_entropy).
    ///
    /// # Panics
    /// If the shapes differ, or have no axes.
    #[track_caller]
    pub fn soft_cross_entropy(self, targets: Var<'t, T>) -> Var<'t, T> {
        assert_same_shape("soft_cross_entropy", self, targets);
        assert!(
            !self.shape().is_empty(),
            "soft_cross_entropy: the logits must be [.., classes], not a single number"
        );
        T::record(CrossEntropy, [self, targets])
    }

    /// The binary cross-entropy of these logits against target probabilities of the same shape,
    /// element by element:
    ///
    /// > `−t ln σ(x) − (1 − t) ln (1 − σ(x))`.
    ///
    /// It is exact and its derivative, `σ(x) − t`, bounded for logits of any size. An infinite logit
    /// gives the limit: 0 if it is right (`+∞` for 1, `−∞` for 0), else `∞`.
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn bce_with_logits(self, targets: Var<'t, T>) -> Var<'t, T> {
        assert_same_shape("bce_with_logits", self, targets);
        T::record(BceWithLogits, [self, targets])
    }
}

#[track_caller]
fn assert_same_shape<'t, T: Real>(op: &str, logits: Var<'t, T>, targets: Var<'t, T>) {
    let (x, t) = (logits.shape(), targets.shape());
    assert!(x == t, "{op}: the logits {x:?} and the targets {t:?} must have the same shape");
}

built_in! {
    apply 2: CrossEntropy, BceWithLogits;
}

pub(super) const CASES: &[Case] = &[
    case!("cross_entropy", |x| x.cross_entropy(&[2, 0, 3]), [wave([3, 4])]).fused(),
    case!("cross_entropy of a series", |x| (x * x).cross_entropy(&[2, 0, 1, 1]), [wave([2, 2, 3])]).fused(),
    case!("cross_entropy of one row", |x| x.cross_entropy(&[1]), [wave([3])]).fused(),
    case!("cross_entropy of one class", |x| x.cross_entropy(&[0, 0]) * x.sum(), [wave([2, 1])]).fused(),
    case!("cross_entropy of nothing", |x| (x * x).cross_entropy(&[]), [wave([0, 3])]).fused(),
    case!("soft_cross_entropy", |x, t| x.soft_cross_entropy(t * t), [wave([3, 4]), wave([3, 4])]).fused(),
    case!("soft_cross_entropy with itself", |x| x.soft_cross_entropy(x), [wave([2, 3])]).fused(),
    case!("soft_cross_entropy of no classes", |x, t| x.soft_cross_entropy(t), [wave([2, 0]), wave([2, 0])])
        .fused(),
    case!("bce_with_logits", |x, t| x.bce_with_logits(t * t), [wave([2, 3]), wave([2, 3])]),
    case!("bce_with_logits of numbers", |x, t| (x * t).bce_with_logits(t), [wave([]), wave([])]),
];

#[cfg(test)]
mod tests;
