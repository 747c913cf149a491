//! # Standardization
//!
//! Book: docs/src/04-tensors.md#exercises
//!
//! Numbers in a network should have mean 0 and mean square 1. Write `(x − mean) / (standard deviation)` for every column
//! of a `[batch, width]` variable. `x.mean_over(Keep(0))` is the mean over the rows, of shape `[1, width]`, so that it
//! broadcasts. The derivative comes from the tape; it goes through the mean and the deviation as well.
// hint: centred = x - x.mean_over(Keep(0)); the deviation is the root of the mean of centred.square(), again over Keep(0).
// new: mean_over

use autograd::{Keep, Var};

/// Each column with mean 0 and mean square 1.
fn standardized<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
    // hole: (x − mean) / √(mean of (x − mean)²), column by column
    let centred = x - x.mean_over(Keep(0));
    centred / centred.square().mean_over(Keep(0)).sqrt()
    // wrong: let centred = x - x.mean_over(Keep(1));
    // | centred / centred.square().mean_over(Keep(1)).sqrt()
    // wrong: let centred = x - x.mean_over(Keep(0));
    // | centred / centred.square().mean_over(Keep(0))
    // wrong: let mean = x.mean_over(Keep(0));
    // | x - mean / (x - mean).square().mean_over(Keep(0)).sqrt()
    // end
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Tape, Tensor};

    #[test]
    fn every_column_has_mean_0_and_mean_square_1() {
        let tape = Tape::<f64>::new();
        let y = standardized(tape.var(Tensor::from_vec([3, 2], vec![1.0, 10.0, 2.0, 30.0, 6.0, -10.0])));
        let (mean, square) = (y.mean_over(0).value().to_vec(), y.square().mean_over(0).value().to_vec());
        assert!(mean.iter().all(|mean| mean.abs() < 1e-14), "the means are {mean:?}");
        assert!(square.iter().all(|square| (square - 1.0).abs() < 1e-14), "the mean squares are {square:?}");
    }

    #[test]
    fn to_add_a_number_to_a_column_changes_nothing_so_the_gradient_adds_up_to_0() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::from_vec([3, 2], vec![1.0, 10.0, 2.0, 30.0, 6.0, -10.0]));
        let weights = tape.constant(Tensor::from_vec([3, 2], vec![1.0, 2.0, -1.0, 3.0, 0.5, 1.0]));
        let gradient = (standardized(x) * weights).sum().backward().wrt(x);
        let sums = gradient.sum_to([2]).to_vec();
        assert!(sums.iter().all(|sum| sum.abs() < 1e-14), "the gradients of the columns add up to {sums:?}");
    }
}
