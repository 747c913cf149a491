//! Losses. One convention everywhere: **the sum over features, the mean over the batch**.
//!
//! A mean over features would hide a factor: weighted against any other term (a Kullback–Leibler
//! divergence, a penalty), a loss that is divided by 784 pixels is a loss with another weight.
//!
//! | loss | for | unit, an example |
//! |---|---|---|
//! | [`squared_error`] | numbers | squared error |
//! | [`absolute_error`], [`huber`], [`log_cosh`] | numbers with outliers | error |
//! | [`gaussian_nll`] | numbers with an error bar | nats |
//! | [`bce`], [`bce_with_logits`] | bits, or shares in `[0, 1]` | nats |
//! | [`continuous_bernoulli_nll`] | numbers in `[0, 1]`, as a density | nats |
//! | [`cross_entropy`] | one class | nats |
//! | [`token_cross_entropy`] | one class at every step of a sequence | nats, a token |
//! | [`multinomial_nll`] | counts with a total | nats |
//! | [`poisson_nll`] | counts | nats |
//!
//! At the ends of their range (a logit of ±10³⁰, a variance of `e⁻¹⁰⁰⁰`) losses and their gradients are right as long as
//! the result is a number of the element type, and infinite where it is not. The sum over the batch has to be such a
//! number too.
//!
//! A [`Loss`] is a sum of named terms with its [`Unit`].
//!
//! ```
//! use autograd::{Tape, Tensor};
//! use nn::losses;
//!
//! let tape = Tape::<f64>::new();
//! let x_hat = tape.var(Tensor::zeros([2, 3]));
//! let x = tape.constant(Tensor::ones([2, 3]));
//! assert_eq!(losses::squared_error(x_hat, x).item(), 3.0); // three features, each off by one
//! ```

mod ends;
mod likelihood;
mod loss;

pub use likelihood::elementwise;
pub use likelihood::{continuous_bernoulli_nll, gaussian_nll, multinomial_nll, poisson_nll};
pub use loss::{Loss, Unit};

use autograd::{Real, Tensor, Var};

/// `1/B Σᵢ Σⱼ (x̂ᵢⱼ − xᵢⱼ)²` for `[batch, features]`: the squared error of an example.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn squared_error<'t, T: Real>(x_hat: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    same_shapes("squared_error", x_hat, x);
    per_example((x_hat - x).square())
}

/// `1/B Σᵢ Σⱼ |x̂ᵢⱼ − xᵢⱼ|`, whose minimum is the median. Where an error is 0, so is its slope.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn absolute_error<'t, T: Real>(x_hat: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    same_shapes("absolute_error", x_hat, x);
    per_example((x_hat - x).abs())
}

/// Squared near 0 and linear beyond `δ` (Huber 1964), for the error `e = x̂ − x`:
///
/// > `½ e²` where `|e| ≤ δ`, else `δ (|e| − ½ δ)`.
///
/// # Panics
/// If the shapes differ, or `δ` is not positive.
#[track_caller]
pub fn huber<'t, T: Real>(x_hat: Var<'t, T>, x: Var<'t, T>, delta: f64) -> Var<'t, T> {
    same_shapes("huber", x_hat, x);
    assert!(delta > 0.0, "huber: δ must be positive, not {delta}");
    let error = x_hat - x;
    let near = error.clamp(-delta, delta);
    // Beyond δ the clamped error is ±δ, and the rest counts δ times.
    per_example(near.square() * 0.5 + (error - near).abs() * delta)
}

/// `ln cosh e` for the error `e = x̂ − x`: like `½ e²` near 0, like `|e| − ln 2` far out, and smooth
/// everywhere.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn log_cosh<'t, T: Real>(x_hat: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    same_shapes("log_cosh", x_hat, x);
    per_example(ends::ln_cosh(x_hat - x))
}

/// `−1/B Σᵢ Σⱼ [x ln σ(l) + (1 − x) ln(1 − σ(l))]`: the cross-entropy of targets in `[0, 1]` under
/// independent coins, in nats an example.
///
/// Takes logits `l`, not probabilities: as `softplus(l) − l x` it neither overflows nor loses
/// digits, whatever `l` is. It cannot fall below the entropy of the targets, which is zero only if
/// they are all 0 or 1.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn bce_with_logits<'t, T: Real>(logits: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    per_example(elementwise::bce_with_logits(logits, x))
}

/// `−1/B Σᵢ Σⱼ [x ln p + (1 − x) ln(1 − p)]`: the same for probabilities `p` in `[0, 1]`, where
/// `0 · ln 0 = 0`. Prefer [`bce_with_logits`]: near 0 and 1 a probability has lost its digits, and one
/// that is exactly wrong makes the loss infinite. A number that is no probability makes it NaN.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn bce<'t, T: Real>(probabilities: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    same_shapes("bce", probabilities, x);
    let p = probabilities;
    -per_example(ends::times_ln(x, p) + ends::times_ln_of_rest(1.0 - x, p))
}

/// `−1/B Σᵢ ln softmax(lᵢ)[classᵢ]` for logits `[batch, classes]`: in nats an example.
///
/// It is divided by the batch, the first axis, and by nothing else: for `[batch, time, classes]` it is the sum over
/// the steps of a sequence, in nats a sequence. [`token_cross_entropy`] divides by the steps, too.
///
/// # Panics
/// If there is not one class for each example, or a class is out of range.
#[track_caller]
pub fn cross_entropy<'t, T: Real>(logits: Var<'t, T>, classes: &[usize]) -> Var<'t, T> {
    per_example(logits.cross_entropy(classes))
}

/// `−1/N Σᵢ ln softmax(lᵢ)[tokenᵢ]` for logits `[.., tokens]` over the `N` rows whose token is not `ignored`: in nats a token,
/// and `e` to this power is the perplexity.
///
/// It is divided by the number of tokens that count, wherever they stand: of `[batch, time, tokens]` a sequence with
/// twice as many has twice the weight. That is what PyTorch's `cross_entropy` does by default (`ignore_index`), but that
/// it gives NaN where all tokens are ignored, and this gives 0 with gradients of zero.
///
/// ```
/// # use autograd::{Tape, Tensor};
/// # use nn::losses::{cross_entropy, token_cross_entropy};
/// let tape = Tape::<f64>::new();
/// let logits = tape.var(Tensor::zeros([2, 3, 10])); // two sequences of three steps
/// let loss = token_cross_entropy(logits, &[4, 1, 9, 7, 0, 0], Some(0)); // filled up with 0
/// assert!((loss.item() - 10f64.ln()).abs() < 1e-15);
/// let whole = cross_entropy(logits, &[4, 1, 9, 7, 0, 0]); // three steps a sequence, 0 is a token like others
/// assert!((whole.item() - 3.0 * 10f64.ln()).abs() < 1e-14);
/// ```
///
/// # Panics
/// If there is not one token for each row, or one that counts is out of range.
#[track_caller]
pub fn token_cross_entropy<'t, T: Real>(
    logits: Var<'t, T>,
    tokens: &[usize],
    ignored: Option<usize>,
) -> Var<'t, T> {
    let shape = logits.shape();
    let Some((&count, rows)) = shape.split_last() else {
        panic!("token_cross_entropy: the logits must be [.., tokens], not a single number");
    };
    let (rows, given) = (rows.iter().product::<usize>(), tokens.len());
    assert!(rows == given, "token_cross_entropy: {given} tokens for the {rows} rows of {shape:?}");
    let counted = || tokens.iter().enumerate().filter(|(_, token)| Some(**token) != ignored);
    if let Some((_, token)) = counted().find(|(_, token)| **token >= count) {
        panic!("token_cross_entropy: token {token} is out of range for {shape:?}, which has {count} tokens");
    }
    // A row without a target costs nothing.
    let targets = Tensor::build(&shape, |targets| {
        targets.fill(T::zero());
        counted().for_each(|(row, token)| targets[row * count + token] = T::one());
    });
    let losses = logits.soft_cross_entropy(logits.tape().constant(targets));
    losses.sum() / counted().count().max(1) as f64
}

/// The sum of all elements divided by the size of the batch, the first axis.
#[track_caller]
fn per_example<'t, T: Real>(terms: Var<'t, T>) -> Var<'t, T> {
    let shape = terms.shape();
    let batch = shape.first().copied().unwrap_or(1);
    assert!(batch > 0, "the mean loss of an example: there is none in a batch of shape {shape:?}");
    terms.sum() / batch as f64
}

#[track_caller]
fn same_shapes<'t, T: Real>(name: &str, output: Var<'t, T>, target: Var<'t, T>) {
    let (output, target) = (output.shape(), target.shape());
    assert!(output == target, "{name}: the output has shape {output:?}, the target {target:?}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Tape, gradcheck};

    fn examples() -> [Tensor<f64>; 2] {
        let output = Tensor::from_vec([2, 3], vec![0.3, -1.2, 2.0, 0.1, 0.7, -0.4]);
        let target = Tensor::from_vec([2, 3], vec![0.0, 1.0, 0.5, 0.2, 0.9, 0.4]);
        [output, target]
    }

    type Function = for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>;

    /// A loss of an output and a target, and what one element of it is.
    type Line = (&'static str, Function, fn(f64, f64) -> f64);

    const LOSSES: [Line; 8] = [
        ("squared_error", |y, x| squared_error(y, x), |y, x| (y - x).powi(2)),
        ("absolute_error", |y, x| absolute_error(y, x), |y, x| (y - x).abs()),
        (
            "huber",
            |y, x| huber(y, x, 0.75),
            |y, x| match (y - x).abs() {
                e if e <= 0.75 => 0.5 * e * e,
                e => 0.75 * (e - 0.375),
            },
        ),
        ("log_cosh", |y, x| log_cosh(y, x), |y, x| (y - x).cosh().ln()),
        (
            "bce_with_logits",
            |y, x| bce_with_logits(y, x),
            |l, x| {
                let p = 1.0 / (1.0 + f64::exp(-l));
                -(x * p.ln() + (1.0 - x) * (1.0 - p).ln())
            },
        ),
        (
            "bce",
            |y, x| bce(y.sigmoid(), x),
            |l, x| {
                let p = 1.0 / (1.0 + f64::exp(-l));
                -(x * p.ln() + (1.0 - x) * (1.0 - p).ln())
            },
        ),
        ("cross_entropy", |y, _| cross_entropy(y, &[2, 0]), |_, _| f64::NAN),
        ("token_cross_entropy", |y, _| token_cross_entropy(y, &[2, 7], Some(7)), |_, _| f64::NAN),
    ];

    #[test]
    fn values_are_sums_over_features_and_means_over_the_batch() {
        let tape = Tape::<f64>::new();
        let [output, target] = examples();
        let pairs: Vec<(f64, f64)> = output.to_vec().into_iter().zip(target.to_vec()).collect();
        for (name, loss, element) in LOSSES.iter().filter(|loss| !loss.0.ends_with("cross_entropy")) {
            let by_hand = pairs.iter().map(|&(y, x)| element(y, x)).sum::<f64>() / 2.0;
            let ours = loss(tape.constant(&output), tape.constant(&target)).item();
            assert!((ours - by_hand).abs() < 1e-14, "{name}: {ours} {by_hand}");
        }
        let logits = tape.constant(&output);
        let sum = |row: [f64; 3]| row.map(f64::exp).iter().sum::<f64>().ln();
        let by_hand = (sum([0.3, -1.2, 2.0]) - 2.0 + sum([0.1, 0.7, -0.4]) - 0.1) / 2.0;
        assert!((cross_entropy(logits, &[2, 0]).item() - by_hand).abs() < 1e-14);
    }

    #[test]
    fn tokens_that_are_ignored_neither_cost_nor_count() {
        let tape = Tape::<f64>::new();
        let [output, _] = examples();
        let logits = tape.var(output.reshape([1, 2, 3]));
        let first = tape.constant(output.slice(0, ..1)).cross_entropy(&[2]).item();
        let loss = token_cross_entropy(logits, &[2, 99], Some(99)); // also where no class has that number
        assert_eq!(loss.item(), first);
        assert_eq!(loss.backward().wrt(logits).to_vec()[3..], [0.0; 3]);
        let both =
            (token_cross_entropy(logits, &[2, 0], None), token_cross_entropy(logits, &[2, 0], Some(1)));
        assert_eq!(both.0.item(), both.1.item());
        assert_eq!(both.0.item(), cross_entropy(logits, &[2, 0]).item() / 2.0);
        let none = token_cross_entropy(logits, &[1, 1], Some(1));
        assert_eq!((none.item(), none.backward().wrt(logits).to_vec()), (0.0, vec![0.0; 6]));
    }

    #[test]
    #[should_panic(expected = "token_cross_entropy: token 3 is out of range for [2, 3], which has 3 tokens")]
    fn a_token_that_there_is_not() {
        let tape = Tape::<f64>::new();
        token_cross_entropy(tape.var(Tensor::zeros([2, 3])), &[1, 3], Some(1));
    }

    #[test]
    fn gradients_at_orders_1_to_3() {
        for (name, loss, _) in LOSSES {
            for order in 1..=3 {
                gradcheck(|[y, x]| loss(y, x), examples(), order).unwrap_or_else(|e| panic!("{name}: {e}"));
            }
        }
    }

    #[test]
    fn certain_and_wrong_is_finite() {
        let tape = Tape::<f32>::new();
        let logits = tape.var(Tensor::from_vec([1, 2], vec![1e4, -1e4]));
        let loss = bce_with_logits(logits, tape.constant(Tensor::from_vec([1, 2], vec![0.0, 1.0])));
        assert_eq!(loss.item(), 2e4);
        assert_eq!(loss.backward().wrt(logits).to_vec(), [1.0, -1.0]);
        for error in [1e4, -1e4] {
            let far =
                log_cosh(tape.constant(Tensor::full([1, 1], error)), tape.constant(Tensor::zeros([1, 1])));
            assert_eq!(far.item(), 1e4 - std::f32::consts::LN_2);
        }
    }

    #[test]
    fn sure_and_right_costs_nothing_and_sure_and_wrong_is_infinite() {
        let tape = Tape::<f64>::new();
        let p = tape.var(Tensor::from_vec([1, 2], vec![0.0, 1.0]));
        let right = bce(p, p.stop_gradient());
        assert_eq!((right.item(), right.backward().wrt(p).to_vec()), (0.0, vec![1.0, -1.0]));
        assert_eq!(bce(p, 1.0 - p.stop_gradient()).item(), f64::INFINITY);
    }

    #[test]
    #[should_panic(expected = "squared_error: the output has shape [2, 3], the target [3]")]
    fn shapes_do_not_broadcast_silently() {
        let tape = Tape::<f64>::new();
        squared_error(tape.var(Tensor::zeros([2, 3])), tape.constant(Tensor::zeros([3])));
    }
}
