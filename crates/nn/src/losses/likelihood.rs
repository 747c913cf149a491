//! Negative log-likelihoods, complete with their constants: they compare across models and settings.

use autograd::{Real, Var};

use super::ends::{exp_less_linear, in_variances};
use super::{per_example, same_shapes};

/// `Σⱼ ½ [ (x − μ)² / σ² + ln σ² + ln 2π ]` with `s = ln σ²`, in nats an example: a density, so it may be
/// negative.
///
/// `s` broadcasts against `[batch, features]`: a constant is a fixed σ, a variable of shape `[]` or
/// `[features]` a learned one (optimal σ: Rybkin et al. 2021), `[batch, features]` a predicted one. Right for every
/// `s`: where `x = μ`, the first term is 0 however small σ is.
///
/// # Panics
/// If `μ` and `x` have different shapes, or `s` does not broadcast to it.
#[track_caller]
pub fn gaussian_nll<'t, T: Real>(mu: Var<'t, T>, log_var: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    per_example(elementwise::gaussian_nll(mu, log_var, x))
}

/// `Σⱼ [ eˡ − x l + ln x! ]` for counts `x` and logarithms `l` of their rates, in nats an example. Where `l`
/// is −∞, a count of 0 costs nothing and any other is impossible: the loss is ∞, as it is for an `l` of ∞.
///
/// The three terms are as large as `x ln x`, and nearly cancel where the rate is right: of counts of a million, `f32`
/// keeps one digit after the point. The gradient `eˡ − x` keeps all of its digits.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn poisson_nll<'t, T: Real>(log_rate: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    per_example(elementwise::poisson_nll(log_rate, x))
}

/// `−Σⱼ xⱼ ln softmax(l)ⱼ` for counts `x`, `[batch, items]`, in nats an example: the multinomial without
/// the coefficient, which no parameter influences (Liang et al. 2018, eq. 2). A logit of −∞ excludes an item:
/// a count of 0 costs nothing there, with any other the loss is ∞.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn multinomial_nll<'t, T: Real>(logits: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    same_shapes("multinomial_nll", logits, x);
    per_example(logits.soft_cross_entropy(x))
}

/// The continuous Bernoulli distribution on `[0, 1]` (Loaiza-Ganem and Cunningham 2019, eq. 3 and 4):
///
/// > `−ln p(x) = −Σⱼ [ x ln λ + (1 − x) ln (1 − λ) + ln C(λ) ]`,  `λ = σ(l)`,
///
/// in nats an example. Unlike the cross-entropy, which is no density for values between 0 and 1, it
/// is normalized. In terms of the logit, `C = l / tanh(l/2)`.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn continuous_bernoulli_nll<'t, T: Real>(logits: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    per_example(elementwise::continuous_bernoulli_nll(logits, x))
}

/// The summands of losses, of the shape of the data: for whoever has to sum them otherwise, as an
/// importance-weighted bound does.
pub mod elementwise {
    use super::{Real, Var, exp_less_linear, in_variances, log_normalizer, same_shapes};

    /// The summands of [`losses::gaussian_nll`](crate::losses::gaussian_nll).
    ///
    /// # Panics
    /// If `μ` and `x` have different shapes, or `s` does not broadcast to it.
    #[track_caller]
    pub fn gaussian_nll<'t, T: Real>(mu: Var<'t, T>, log_var: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        same_shapes("gaussian_nll", mu, x);
        let (s, data) = (log_var.shape(), x.shape());
        // Not the other way round: no example may turn into several.
        let mut sizes = s.iter().rev().zip(data.iter().rev());
        assert!(
            s.len() <= data.len() && sizes.all(|(&s, &size)| s == 1 || s == size),
            "gaussian_nll: ln σ² of shape {s:?} does not broadcast to the data of shape {data:?}"
        );
        let ln_2_pi = (2.0 * std::f64::consts::PI).ln();
        (square_in_variances(x - mu, log_var) + log_var + ln_2_pi) * 0.5
    }

    /// `d² / σ²` with `s = ln σ²`, which broadcasts to the shape of `d`: the squared error in standard deviations. Where
    /// `d` is 0, so is the result with its first derivatives, however small σ is; and nothing overflows on the way.
    ///
    /// # Panics
    /// If `s` does not broadcast to the shape of `d`.
    #[track_caller]
    pub fn square_in_variances<'t, T: Real>(d: Var<'t, T>, log_var: Var<'t, T>) -> Var<'t, T> {
        in_variances(d, log_var.expand(d.shape()))
    }

    /// The summands of [`losses::poisson_nll`](crate::losses::poisson_nll).
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn poisson_nll<'t, T: Real>(log_rate: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        same_shapes("poisson_nll", log_rate, x);
        exp_less_linear(log_rate, x) + (x + 1.0).ln_gamma()
    }

    /// The summands of [`losses::bce_with_logits`](crate::losses::bce_with_logits).
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn bce_with_logits<'t, T: Real>(logits: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        same_shapes("bce_with_logits", logits, x);
        logits.bce_with_logits(x)
    }

    /// The summands of [`losses::continuous_bernoulli_nll`](crate::losses::continuous_bernoulli_nll).
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn continuous_bernoulli_nll<'t, T: Real>(logits: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        same_shapes("continuous_bernoulli_nll", logits, x);
        let loss = logits.bce_with_logits(x);
        // Of an infinite logit the constant is infinite too, but its growth is only that of a logarithm.
        loss - log_normalizer(logits).masked_fill(loss.eq(f64::INFINITY), 0.0)
    }
}

/// `ln (l / tanh(l/2))`, even in `l`, with derivatives of every order also at 0, where the formula is
/// `0 / 0`.
fn log_normalizer<'t, T: Real>(logits: Var<'t, T>) -> Var<'t, T> {
    const NEAR: f64 = 0.5;
    // The series at 0: its derivative is 1/l − 1/sinh l, so the term of l²ⁿ has the coefficient
    // 2 (2²ⁿ⁻¹ − 1) B₂ₙ / (2n (2n)!), with Bernoulli's numbers. At ½ the eleventh is below 10⁻¹⁷.
    const BERNOULLI: [f64; 10] = [
        1.0 / 6.0,
        -1.0 / 30.0,
        1.0 / 42.0,
        -1.0 / 30.0,
        5.0 / 66.0,
        -691.0 / 2730.0,
        7.0 / 6.0,
        -3617.0 / 510.0,
        43867.0 / 798.0,
        -174_611.0 / 330.0,
    ];
    let mut factorial = 1.0;
    let coefficients = BERNOULLI.iter().zip(1..).map(|(bernoulli, n)| {
        let twice = 2.0 * f64::from(n);
        factorial *= twice * (twice - 1.0);
        2.0 * (2.0_f64.powf(twice - 1.0) - 1.0) * bernoulli / (twice * factorial)
    });
    let coefficients: Vec<f64> = coefficients.collect();
    let square = logits.clamp(-NEAR, NEAR).square();
    let mut series = square * 0.0;
    for &coefficient in coefficients.iter().rev() {
        series = (series + coefficient) * square;
    }
    let far = logits.abs().gt(NEAR);
    // ln |l| − ln tanh |l/2| = ln |l| + ln (1 + e^−|l|) − ln (1 − e^−|l|)
    let exact = |l: Var<'t, T>| {
        let l = l.abs();
        l.ln() + (-l).exp().ln_1p() - (-(-l).exp()).ln_1p()
    };
    far.select_map(logits, exact, series + std::f64::consts::LN_2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Tape, Tensor, gradcheck};

    fn row<const N: usize>(x: [f64; N]) -> Tensor<f64> {
        Tensor::from_vec([1, N], x.to_vec())
    }

    /// The loss of one number, given one parameter.
    fn at(f: impl for<'t> Fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>, parameter: f64, x: f64) -> f64 {
        let tape = Tape::new();
        f(tape.constant(row([parameter])), tape.constant(row([x]))).item()
    }

    #[test]
    fn densities_add_up_to_one() {
        for log_var in [-1.0, 0.7] {
            let density = |x: f64| {
                let tape = Tape::<f64>::new();
                let mu = tape.constant(row([0.3]));
                (-gaussian_nll(mu, tape.constant(log_var), tape.constant(row([x]))).item()).exp()
            };
            let mass: f64 = (-2000..2000).map(|i| density((f64::from(i) + 0.5) * 1e-2) * 1e-2).sum();
            assert!((mass - 1.0).abs() < 1e-10, "{mass}");
        }
        for l in [-30.0, -3.0, -0.51, -0.49, 0.0, 1e-9, 0.2, 0.5, 6.0] {
            let density = |x: f64| (-at(|l, x| continuous_bernoulli_nll(l, x), l, x)).exp();
            let mass: f64 = (0..20_000).map(|i| density((f64::from(i) + 0.5) / 2e4) / 2e4).sum();
            assert!((mass - 1.0).abs() < 1e-6, "{l}: {mass}");
        }
        for log_rate in [-1.0, 1.5] {
            let mass: f64 =
                (0..80).map(|n| (-at(|l, x| poisson_nll(l, x), log_rate, f64::from(n))).exp()).sum();
            assert!((mass - 1.0).abs() < 1e-12, "{mass}");
        }
    }

    #[test]
    fn the_series_and_the_formula_meet() {
        let value = |l: f64| at(|l, x| continuous_bernoulli_nll(l, x), l, 0.0);
        for (inside, outside) in [(0.5, 0.5 + 1e-12), (-0.5, -0.5 - 1e-12)] {
            assert!((value(inside) - value(outside)).abs() < 2e-12, "{} {}", value(inside), value(outside));
        }
        for order in 1..=3 {
            let l = row([-40.0, -2.0, -0.4, 0.0, 0.3, 0.6, 5.0]);
            gradcheck(
                |[l]| continuous_bernoulli_nll(l, l.tape().constant(Tensor::full([1, 7], 0.3))),
                [l],
                order,
            )
            .unwrap();
        }
        let tape = Tape::<f32>::new();
        let l = tape.var(Tensor::from_vec([1, 3], vec![-500.0, 0.0, 500.0]));
        let gradient = continuous_bernoulli_nll(l, tape.constant(Tensor::zeros([1, 3]))).backward().wrt(l);
        // The mean of the distribution, which is 1 / 500 away from the ends.
        assert!(gradient.to_vec().iter().zip([0.002, 0.5, 0.998]).all(|(a, b)| (a - b).abs() < 1e-6));
    }

    #[test]
    fn gradients_at_orders_1_to_3() {
        let (a, b, x) = (row([0.3, -0.6, 1.1]), row([0.2, 0.7, 0.4]), row([1.0, 0.0, -0.7]));
        for order in 1..=3 {
            let log_var = Tensor::scalar(0.3);
            gradcheck(|[mu, s, x]| gaussian_nll(mu, s, x), [a.clone(), log_var, b.clone()], order).unwrap();
            gradcheck(|[mu, s]| gaussian_nll(mu, s, mu.tape().constant(&x)), [a.clone(), b.clone()], order)
                .unwrap();
            gradcheck(|[l, x]| poisson_nll(l, x), [a.clone(), b.clone()], order).unwrap();
            gradcheck(|[l, x]| multinomial_nll(l, x), [a.clone(), b.clone()], order).unwrap();
        }
    }

    #[test]
    #[should_panic(
        expected = "gaussian_nll: ln σ² of shape [3] does not broadcast to the data of shape [3, 1]"
    )]
    fn the_data_do_not_broadcast() {
        let [column, log_var] = [&[3, 1][..], &[3]].map(Tensor::<f64>::zeros);
        let tape = Tape::new();
        gaussian_nll(tape.constant(&column), tape.constant(log_var), tape.constant(&column));
    }

    #[test]
    fn what_is_excluded_and_does_not_happen_costs_nothing() {
        const INF: f64 = f64::INFINITY;
        let with_gradient = |loss: for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>, l, x| {
            let tape = Tape::new();
            let l = tape.var(row(l));
            let y = loss(l, tape.constant(row(x)));
            (y.item(), y.backward().wrt(l).to_vec())
        };
        let (value, gradient) = with_gradient(multinomial_nll, [0.3, -INF, 0.1], [1.0, 0.0, 1.0]);
        assert!((value - 2.0 * (0.3_f64.exp() + 0.1_f64.exp()).ln() + 0.4).abs() < 1e-15, "{value}");
        // Two draws with the probabilities ½ (1 ± tanh 0.1), less one count.
        let expected = [0.1_f64.tanh(), 0.0, -0.1_f64.tanh()];
        assert!(gradient.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{gradient:?}");
        assert_eq!(with_gradient(multinomial_nll, [0.0, -INF, 0.0], [0.0, 1.0, 0.0]).0, INF);

        let (value, gradient) = with_gradient(poisson_nll, [-INF, 0.0, -INF], [0.0, 0.0, 0.0]);
        assert_eq!((value, gradient), (1.0, vec![0.0, 1.0, 0.0]));
        let (value, gradient) = with_gradient(poisson_nll, [-INF, 0.0, 0.0], [2.0, 0.0, 0.0]);
        assert_eq!((value, gradient), (INF, vec![-2.0, 1.0, 1.0]));
    }

    #[test]
    fn a_multinomial_by_hand() {
        let tape = Tape::<f64>::new();
        let logits = tape.constant(row([0.0, 3.0_f64.ln()])); // ¼ and ¾
        let nll = multinomial_nll(logits, tape.constant(row([2.0, 1.0]))).item();
        assert!((nll - (2.0 * 4.0_f64.ln() - 0.75_f64.ln())).abs() < 1e-14);
    }
}
