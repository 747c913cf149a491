//! The numbers of a decoder for one block.

use autograd::{Real, Tensor, Var};
use nn::Context;

/// The numbers that a decoder gives for one block of every example.
#[derive(Clone, Copy)]
pub(super) struct Said<'t, T: Real> {
    /// `[rows, per_column · columns]`: the first number of every column, then the second.
    pub(super) output: Var<'t, T>,
    /// How many numbers there are for a column.
    pub(super) per_column: usize,
    /// The learned `ln σ²`, before its floor, of a likelihood that has one.
    pub(super) log_var: Option<Var<'t, T>>,
    /// The number of levels or tokens, of a likelihood that has them.
    pub(super) levels: usize,
}

impl<'t, T: Real> Said<'t, T> {
    /// The number of columns.
    pub(super) fn columns(self) -> usize {
        self.output.shape()[1] / self.per_column
    }

    /// The numbers as so many tensors `[rows, columns]`.
    pub(super) fn split<const COUNT: usize>(self) -> [Var<'t, T>; COUNT] {
        self.output.chunk(-1)
    }

    /// A draw of every column by a function of its numbers and of a uniform number of its own, from `[0, 1)`.
    pub(super) fn draw_each(self, context: &mut Context, f: impl Fn(&[f64], f64) -> f64) -> Tensor<T> {
        let columns = self.columns();
        let (output, u) = (self.output.value().to_vec(), context.uniform::<f64>(columns));
        let rows = u.shape()[0];
        let u = u.to_vec();
        Tensor::from_fn([rows, columns], |i| {
            let first = i / columns * self.per_column * columns + i % columns;
            let numbers: Vec<f64> =
                (0..self.per_column).map(|part| output[first + part * columns].as_f64()).collect();
            T::of(f(&numbers, u[i]))
        })
    }
}
