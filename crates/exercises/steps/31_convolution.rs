//! # Convolution and its two rules
//!
//! Book: docs/src/08-layers.md#layers-for-images-convolution
//!
//! A convolution uses the same few weights at every position:
//!
//! > `yₚ = Σₖ wₖ xₚ₊ₖ`
//!
//! `w` is used at every position, so its gradient adds up over them. Each `x` is used by several `y`. From
//! `s = Σₚ Σₖ ȳₚ wₖ xₚ₊ₖ`, which is linear in each factor, the rules follow:
//!
//! > `w̄ₖ = Σₚ ȳₚ xₚ₊ₖ`, `x̄_q = Σₖ wₖ ȳ_{q−k}`
// hint: Two loops over p and k suffice for each rule: w_bar[k] += y_bar[p] * x[p + k], and x_bar[p + k] += y_bar[p] * w[k].
// new: Conv, conv1d

/// `y`, with a number for each position at which the kernel fits.
fn convolution(x: &[f64], w: &[f64]) -> Vec<f64> {
    // hole: for each position p the sum over k
    (0..=x.len() - w.len()).map(|p| w.iter().zip(&x[p..]).map(|(w, x)| w * x).sum()).collect()
    // wrong: (0..x.len() - w.len()).map(|p| w.iter().zip(&x[p..]).map(|(w, x)| w * x).sum()).collect()
    // wrong: (0..=x.len() - w.len()).map(|p| w.iter().rev().zip(&x[p..]).map(|(w, x)| w * x).sum()).collect()
    // end
}

/// `w̄` and `x̄` from `ȳ`.
fn rules(x: &[f64], w: &[f64], y_bar: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut w_bar, mut x_bar) = (vec![0.0; w.len()], vec![0.0; x.len()]);
    // hole: the contributions of every position p and every k
    for (p, y_bar) in y_bar.iter().enumerate() {
        for k in 0..w.len() {
            w_bar[k] += y_bar * x[p + k];
            x_bar[p + k] += y_bar * w[k];
        }
    }
    // wrong: for (p, y_bar) in y_bar.iter().enumerate() {
    // |     for k in 0..w.len() {
    // |         w_bar[k] += y_bar * x[p + k];
    // |         x_bar[p + k] = y_bar * w[k];
    // |     }
    // | }
    // wrong: for (p, y_bar) in y_bar.iter().enumerate() {
    // |     for k in 0..w.len() {
    // |         w_bar[k] += y_bar * x[p];
    // |         x_bar[p + k] += y_bar * w[k];
    // |     }
    // | }
    // end
    (w_bar, x_bar)
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Conv, Tape, Tensor};

    #[test]
    fn the_example_of_the_book() {
        assert_eq!(convolution(&[1.0, 4.0, 2.0, 0.0, 3.0, 5.0], &[1.0, 0.0, -1.0]), [-1.0, 4.0, -1.0, -5.0]);
        assert_eq!(convolution(&[1.0, 2.0], &[3.0, 1.0]), [5.0]);
    }

    #[test]
    fn the_library_has_the_same_gradients() {
        let (x, w, y_bar) = ([1.0, 4.0, 2.0, 0.0, 3.0, 5.0], [1.0, 0.5, -1.0], [1.0, 10.0, 100.0, 1000.0]);
        let tape = Tape::<f64>::new();
        let row = |numbers: &[f64]| Tensor::from_vec([1, 1, numbers.len()], numbers.to_vec());
        let (tx, tw) = (tape.var(row(&x)), tape.var(row(&w)));
        let theirs = (tx.conv1d(tw, Conv::default()) * tape.constant(row(&y_bar))).sum().backward();
        let (w_bar, x_bar) = rules(&x, &w, &y_bar);
        assert_eq!(w_bar, theirs.wrt(tw).to_vec(), "the weights");
        assert_eq!(x_bar, theirs.wrt(tx).to_vec(), "the inputs");
    }
}
