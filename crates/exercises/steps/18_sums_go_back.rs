//! # What is repeated is added up
//!
//! Book: docs/src/04-tensors.md#what-repeating-means-backwards
//!
//! From here on the libraries are there: `autograd` has tensors, and a tape for them. `y = rows + bias` repeats the bias
//! for every row. So it is used several times, and its gradient is the sum of what arrives. You are given the gradient
//! that arrives at `y`; write what the bias, the column and the number get. (Tensors have the methods of variables, such
//! as `sum_over`.)
// hint: A repeated axis is summed. g.sum_to(shape) sums to a smaller shape: g.sum_to([3]) adds up the rows. g.sum_over(Keep(axis)) sums over one axis and leaves it with the length 1.
// new: Tensor, sum_to, sum_over, Keep

use autograd::{Keep, Tensor};

/// The gradients of a bias `[3]`, of a column `[2, 1]` and of a number `[]`, each of which was added to a `[2, 3]` whose
/// gradient `g` is.
fn gradients(g: &Tensor<f64>) -> [Tensor<f64>; 3] {
    // hole: three sums: over the rows, within each row, over all
    [g.sum_to([3]), g.sum_over(Keep(1)), g.sum_to([])]
    // wrong: [g.sum_to([3]), g.sum_over(1), g.sum_to([])]
    // wrong: [g.sum_to([1, 3]), g.sum_to([2, 1]), g.sum_to([])]
    // wrong: [g.sum_to([3]), g.sum_to([2, 1]), Tensor::scalar(1.0)]
    // wrong: [g.slice(0, 0..1).reshape([3]), g.slice(1, 0..1), g.sum_to([])]
    // end
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::Tape;

    #[test]
    fn each_gradient_has_the_shape_of_its_variable() {
        let [bias, column, number] = gradients(&Tensor::ones([2, 3]));
        assert_eq!((bias.shape(), column.shape(), number.shape()), (&[3][..], &[2, 1][..], &[][..]));
    }

    #[test]
    fn the_tape_says_the_same() {
        let g = Tensor::from_vec([2, 3], vec![1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
        let tape = Tape::<f64>::new();
        let (bias, column, number) =
            (tape.var(Tensor::zeros([3])), tape.var(Tensor::zeros([2, 1])), tape.var(0.0));
        let rows = tape.constant(Tensor::zeros([2, 3]));
        let theirs = ((rows + bias + column + number) * tape.constant(&g)).sum().backward();
        let ours = gradients(&g);
        assert_eq!(ours[0], theirs.wrt(bias), "the bias");
        assert_eq!(ours[1], theirs.wrt(column), "the column");
        assert_eq!(ours[2], theirs.wrt(number), "the number");
    }
}
