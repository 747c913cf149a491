//! Losses. One convention everywhere: **the sum over features, the mean over the batch**.
//!
//! A mean over features would hide a factor: weighed against any other term (a Kullback–Leibler
//! divergence, a penalty), a loss that is divided by 784 pixels is a loss with another weight.

use autograd::{Real, Var};

/// `1/B Σᵢ Σⱼ (x̂ᵢⱼ − xᵢⱼ)²` for `[batch, features]`: the squared error of an example.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn squared_error<'t, T: Real>(x_hat: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    same_shapes("squared_error", x_hat, x);
    per_example((x_hat - x).square())
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
    same_shapes("bce_with_logits", logits, x);
    per_example(logits.softplus() - logits * x)
}

/// The sum of all elements divided by the size of the batch, the first axis.
fn per_example<'t, T: Real>(terms: Var<'t, T>) -> Var<'t, T> {
    let batch = terms.shape().first().copied().unwrap_or(1);
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
    use autograd::{Tape, Tensor, gradcheck};

    fn examples() -> [Tensor<f64>; 2] {
        let output = Tensor::from_vec([2, 3], vec![0.3, -1.2, 2.0, 0.1, 0.7, -0.4]);
        let target = Tensor::from_vec([2, 3], vec![0.0, 1.0, 0.5, 0.2, 0.9, 0.4]);
        [output, target]
    }

    #[test]
    fn values_by_hand() {
        let tape = Tape::<f64>::new();
        let [output, target] = examples().map(|x| tape.constant(x));
        let sse = 0.09 + 4.84 + 2.25 + 0.01 + 0.04 + 0.64;
        assert!((squared_error(output, target).item() - sse / 2.0).abs() < 1e-12);
        let pairs = examples()[0].to_vec().into_iter().zip(examples()[1].to_vec());
        let bce: f64 = pairs
            .map(|(l, x)| {
                let p = 1.0 / (1.0 + f64::exp(-l));
                -(x * p.ln() + (1.0 - x) * (1.0 - p).ln())
            })
            .sum();
        assert!((bce_with_logits(output, target).item() - bce / 2.0).abs() < 1e-12);
    }

    #[test]
    fn gradients_at_orders_1_to_3() {
        for order in 1..=3 {
            gradcheck(|[output, target]| squared_error(output, target), examples(), order).unwrap();
            gradcheck(|[output, target]| bce_with_logits(output, target), examples(), order).unwrap();
        }
    }

    #[test]
    fn certain_and_wrong_is_finite() {
        let tape = Tape::<f32>::new();
        let logits = tape.var(Tensor::from_vec([1, 2], vec![1e4, -1e4]));
        let loss = bce_with_logits(logits, tape.constant(Tensor::from_vec([1, 2], vec![0.0, 1.0])));
        assert_eq!(loss.item(), 2e4);
        assert_eq!(loss.backward().wrt(logits).to_vec(), [1.0, -1.0]);
    }

    #[test]
    #[should_panic(expected = "squared_error: the output has shape [2, 3], the target [3]")]
    fn shapes_do_not_broadcast_silently() {
        let tape = Tape::<f64>::new();
        squared_error(tape.var(Tensor::zeros([2, 3])), tape.constant(Tensor::zeros([3])));
    }
}
