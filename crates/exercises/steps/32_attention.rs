//! # Attention
//!
//! Book: docs/src/08-layers.md#layers-for-sequences-recurrence-and-attention
//!
//! Each element `i` of a sequence asks a query, each element `j` offers a key and a value. The output for `i` is a mean
//! of the values, weighted by how well query and key fit:
//!
//! > `yᵢ = Σⱼ aᵢⱼ vⱼ`, `aᵢ = softmax(qᵢ · k₁ / √d, qᵢ · k₂ / √d, …)`
//!
//! All scores at once are a matrix product. `x.softmax(axis)` makes numbers along an axis probabilities.
// hint: scores = q.matmul(k.t()) / (d as f64).sqrt() is [time, time], with a row for each query. The softmax goes along axis 1, the keys. Then .matmul(v).

use autograd::Var;

/// `[time, d]` from queries, keys and values of this shape.
fn attention<'t>(q: Var<'t, f64>, k: Var<'t, f64>, v: Var<'t, f64>) -> Var<'t, f64> {
    let d = q.shape()[1] as f64;
    // hole: the softmax of the scores over the keys, times the values
    (q.matmul(k.t()) / d.sqrt()).softmax(1).matmul(v)
    // wrong: (q.matmul(k.t()) / d.sqrt()).softmax(0).matmul(v)
    // wrong: q.matmul(k.t()).softmax(1).matmul(v)
    // wrong: (k.matmul(q.t()) / d.sqrt()).softmax(1).matmul(v)
    // end
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Tape, Tensor};

    fn irregular(shape: [usize; 2], phase: f64) -> Tensor<f64> {
        Tensor::from_fn(shape, |i| (1.9 * i as f64 + phase).sin())
    }

    #[test]
    fn equal_keys_give_the_mean_of_all_values() {
        let tape = Tape::<f64>::new();
        let v = tape.var(Tensor::from_vec([2, 2], vec![1.0, 10.0, 3.0, 30.0]));
        let y = attention(tape.var(irregular([2, 2], 0.0)), tape.var(Tensor::ones([2, 2])), v);
        let y = y.value().to_vec();
        assert!(
            y.iter().zip([2.0, 20.0, 2.0, 20.0]).all(|(y, mean)| (y - mean).abs() < 1e-14),
            "the mean is (2, 20), got {y:?}"
        );
    }

    #[test]
    fn each_element_weighs_the_others_by_its_own_query() {
        let tape = Tape::<f64>::new();
        let [q, k, v] = [0.0, 1.0, 2.0].map(|phase| irregular([3, 4], phase));
        let y = attention(tape.var(&q), tape.var(&k), tape.var(&v)).value();
        for i in 0..3 {
            let score = |j: usize| (0..4).map(|c| q[[i, c]] * k[[j, c]]).sum::<f64>() / 2.0;
            let total: f64 = (0..3).map(|j| score(j).exp()).sum();
            let expected: f64 = (0..3).map(|j| score(j).exp() / total * v[[j, 1]]).sum();
            assert!(
                (y[[i, 1]] - expected).abs() < 1e-13,
                "element {i}: expected {expected}, got {}",
                y[[i, 1]]
            );
        }
    }
}
