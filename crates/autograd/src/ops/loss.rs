//! Losses of classifiers, computed from logits: logarithms of probabilities up to a constant. Taking
//! the logarithm of a probability instead would lose every digit of a confident answer.
//!
//! Each gives one loss per sample, or per element; take the `mean()`.

use super::softmax::log_sum_exp;
use super::{Case, Pointwise, case, wave};
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
        let loss = Tensor::by_rows([x, t], &[last], &one_per_row(x.shape()), |[x, t], y| {
            let (max, excess) = log_sum_exp(x);
            let zero = T::zero();
            let term = |i: usize| if t[i] == zero { zero } else { t[i] * (max - x[i]) };
            y[0] = sum_by(x.len(), term) + sum_by(t.len(), |i| t[i]) * excess;
        });
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
        Some(Written::New(Tensor::by_rows([&g, x, t], &[x.rank() - 1], x.shape(), |[g, x, t], out| {
            let (max, excess) = log_sum_exp(x);
            let total = sum_by(t.len(), |i| t[i]);
            for ((out, &x), &t) in out.iter_mut().zip(x).zip(t) {
                let ln_p = (x - max) - excess;
                *out = g[0] * (ln_p.exp() * (total - t) + ln_p.exp_m1() * t);
            }
        })))
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
            0 => Tensor::combine_to([g, x, t], to, |[g, x, t]| {
                g * (x.sigmoid() * (T::one() - t) - (-x).sigmoid() * t)
            }),
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
        Var::apply(CrossEntropy, [self, targets])
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
        Var::apply(BceWithLogits, [self, targets])
    }
}

#[track_caller]
fn assert_same_shape<'t, T: Real>(op: &str, logits: Var<'t, T>, targets: Var<'t, T>) {
    let (x, t) = (logits.shape(), targets.shape());
    assert!(x == t, "{op}: the logits {x:?} and the targets {t:?} must have the same shape");
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
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Tape;
    use crate::ops::table::assert_equals_its_parts;

    fn log_softmax(x: Var<'_, f64>) -> Var<'_, f64> {
        x - x.exp().sum_over(Keep(-1)).ln()
    }

    #[test]
    fn cross_entropies_equal_their_parts() {
        let (x, t) = (wave([3, 4, 5]).tensor(0), wave([3, 4, 5]).between(0.0, 1.0).tensor(1));
        assert_equals_its_parts(
            &|x| x[0].soft_cross_entropy(x[1]),
            &|x| -(x[1] * log_softmax(x[0])).sum_over(-1),
            &[x.clone(), t],
        );
        let classes: Vec<usize> = (0..12).map(|row| row * 7 % 5).collect();
        let one_hot = Tensor::from_fn([3, 4, 5], |i| if classes[i / 5] == i % 5 { 1.0 } else { 0.0 });
        assert_equals_its_parts(
            &|x| x[0].cross_entropy(&classes),
            &|x| -(x[0].tape().constant(&one_hot) * log_softmax(x[0])).sum_over(-1),
            &[x],
        );
    }

    #[test]
    fn bce_with_logits_equals_its_parts() {
        let inputs = [wave([3, 4]).tensor(0), wave([3, 4]).between(0.0, 1.0).tensor(1)];
        fn parts<'t>(x: Var<'t, f64>, t: Var<'t, f64>) -> Var<'t, f64> {
            -(t * x.sigmoid().ln() + (1.0 - t) * (-x).sigmoid().ln())
        }
        assert_equals_its_parts(&|x| x[0].bce_with_logits(x[1]), &|x| parts(x[0], x[1]), &inputs);
    }

    const INF: f64 = f64::INFINITY;

    /// Values, and the gradient of their sum with respect to the logits.
    fn at(logits: &[f64], f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>) -> [Vec<f64>; 2] {
        let tape = Tape::new();
        let x = tape.var(Tensor::from_vec([1, logits.len()], logits.to_vec()));
        let y = f(x);
        [y.value().to_vec(), y.sum().backward().wrt(x).to_vec()]
    }

    #[test]
    fn cross_entropy_of_extreme_logits() {
        let class = |logits: &[f64], class| at(logits, |x| x.cross_entropy(&[class]));
        assert_eq!(class(&[1e4, -1e4], 0), [vec![0.0], vec![0.0, 0.0]]);
        assert_eq!(class(&[1e4, -1e4], 1), [vec![2e4], vec![1.0, -1.0]]);
        // The loss of a confident right answer is small, not zero.
        let [loss, slopes] = class(&[40.0, 0.0], 0);
        for small in [loss[0], -slopes[0], slopes[1]] {
            assert!((small / (-40.0_f64).exp() - 1.0).abs() < 1e-14, "{small:e}");
        }
        // A class with −∞ is excluded.
        assert_eq!(class(&[0.0, -INF, 0.0], 0), [vec![2.0_f64.ln()], vec![-0.5, 0.0, 0.5]]);
        assert_eq!(class(&[0.0, -INF], 1), [vec![INF], vec![1.0, -1.0]]);
        for row in [[-INF, -INF], [INF, 0.0], [f64::NAN, 0.0]] {
            for [loss, dx] in [class(&row, 0), class(&row, 1)] {
                assert!(loss.iter().chain(&dx).all(|value| value.is_nan()), "{row:?}: {loss:?}, {dx:?}");
            }
        }
    }

    #[test]
    fn targets_of_zero_contribute_nothing_but_nan_stays() {
        let soft = |logits: &[f64], targets: &[f64]| {
            let targets = Tensor::from_vec([1, targets.len()], targets.to_vec());
            at(logits, |x| x.soft_cross_entropy(x.tape().constant(&targets)))
        };
        assert_eq!(soft(&[0.0, -INF], &[1.0, 0.0]), [vec![0.0], vec![0.0, 0.0]]);
        assert_eq!(soft(&[5.0, 6.0], &[0.0, 0.0]), [vec![0.0], vec![0.0, 0.0]]);
        assert!(soft(&[f64::NAN, 0.0], &[0.0, 0.0])[0][0].is_nan());
        assert!(soft(&[0.0, 0.0], &[f64::NAN, 0.0])[0][0].is_nan());
    }

    #[test]
    fn bce_of_extreme_logits() {
        let bce = |logits: &[f64], target: f64| {
            at(logits, |x| x.bce_with_logits(x.tape().constant(Tensor::full(x.shape(), target))))
        };
        let logits = [-INF, -1e4, 1e4, INF];
        assert_eq!(bce(&logits, 0.0), [vec![0.0, 0.0, 1e4, INF], vec![0.0, 0.0, 1.0, 1.0]]);
        assert_eq!(bce(&logits, 1.0), [vec![INF, 1e4, 0.0, 0.0], vec![-1.0, -1.0, 0.0, 0.0]]);
        assert_eq!(bce(&logits, 0.25), [vec![INF, 2500.0, 7500.0, INF], vec![-0.25, -0.25, 0.75, 0.75]]);
        assert_eq!(bce(&[0.0], 1.0), [vec![2.0_f64.ln()], vec![-0.5]]);
        // A small slope is not 0, nor is it the rounding of 1.
        for (logit, target) in [(40.0, 1.0), (-40.0, 0.0)] {
            let slope = bce(&[logit], target)[1][0];
            assert!((slope / -logit.signum() / (-40.0_f64).exp() - 1.0).abs() < 1e-14, "{slope:e}");
        }
        for target in [0.0, 0.5, 1.0] {
            let [loss, dx] = bce(&[f64::NAN], target);
            assert!(loss[0].is_nan() && dx[0].is_nan());
        }
        let [loss, dx] = bce(&[1.0], f64::NAN);
        assert!(loss[0].is_nan() && dx[0].is_nan());
    }

    proptest! {
        /// A shift of all logits changes nothing, so the gradient adds up to zero.
        #[test]
        fn the_gradient_of_a_row_adds_up_to_zero(
            logits in prop::collection::vec(-30.0..30.0_f64, 1..40),
            class in 0..1000_usize,
        ) {
            let tape = Tape::new();
            let (n, class) = (logits.len(), class % logits.len());
            let x = tape.var(Tensor::from_vec([1, n], logits));
            let dx = x.cross_entropy(&[class]).sum().backward().wrt(x).to_vec();
            prop_assert!(dx.iter().sum::<f64>().abs() <= 8.0 * f64::EPSILON, "{dx:?}");
        }
    }

    #[test]
    #[should_panic(expected = "cross_entropy: 3 classes for the 2 rows of [2, 5]")]
    fn too_many_classes() {
        Tape::<f64>::new().var(Tensor::ones([2, 5])).cross_entropy(&[0, 1, 2]);
    }

    #[test]
    #[should_panic(expected = "cross_entropy: class 5 is out of range for [2, 5], which has 5 classes")]
    fn a_class_out_of_range() {
        Tape::<f64>::new().var(Tensor::ones([2, 5])).cross_entropy(&[0, 5]);
    }

    #[test]
    #[should_panic(
        expected = "bce_with_logits: the logits [4] and the targets [4, 1] must have the same shape"
    )]
    fn a_column_against_a_row() {
        let tape = Tape::<f64>::new();
        tape.var(Tensor::ones([4])).bce_with_logits(tape.constant(Tensor::ones([4, 1])));
    }
}
