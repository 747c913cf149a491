//! The matrix product: shapes, stacks, and how the work is divided among threads.

use super::chunks::for_each_chunk;
use super::gemm::{Bias, FEW, Kernel, LANES, Matrix, Place, Product, ROWS};
use super::threads::{self, share};
use super::{Shape, Tensor, broadcast, cost};
use crate::Real;

/// Multiplications from which on one product is worth being split among threads.
const LARGE: usize = 1 << 18;

/// The shape of a matrix product.
#[track_caller]
pub(crate) fn matmul_shape(left: &[usize], right: &[usize]) -> Shape {
    let ([.., m, k], [.., k2, n]) = (left, right) else {
        panic!(
            "matmul: both need two axes, not {left:?} times {right:?}; `unsqueeze` makes a vector a row or a \
             column, and `dot` multiplies two vectors"
        );
    };
    if k != k2 {
        let hint = if k == n { "; did you mean `b.t()`?" } else { "" };
        panic!("matmul: inner sizes differ: {left:?} times {right:?}{hint}");
    }
    if let ([m, _], [_, n]) = (left, right) {
        return Shape::from_slice(&[*m, *n]);
    }
    let Some(mut shape) = broadcast(&left[..left.len() - 2], &right[..right.len() - 2]) else {
        panic!("matmul: the leading axes of {left:?} and {right:?} do not broadcast");
    };
    shape.push(*m);
    shape.push(*n);
    shape
}

impl<T: Real> Tensor<T> {
    /// Matrix products of `[.., m, k]` and `[.., k, n]`, giving `[.., m, n]`. Leading axes count
    /// matrices, and broadcast. Transposed views cost nothing.
    ///
    /// # Panics
    /// If either has fewer than two axes, the inner sizes differ, or the leading axes do not
    /// broadcast.
    #[track_caller]
    pub fn matmul(&self, other: &Self) -> Self {
        let shape = matmul_shape(&self.shape, &other.shape);
        if other.rank() == 2 && self.rank() > 2 {
            // One product with many rows is faster than many products.
            let k = other.shape[0];
            let rows = self.shape[..self.rank() - 1].iter().product();
            return self.reshape([rows, k]).matmul(other).reshape(shape);
        }
        let batch = &shape[..shape.len() - 2];
        if batch.is_empty() {
            return Tensor::build(&shape, |out| self.matmul_into(other, out));
        }
        let stack = |t: &Self| t.expand([batch, &t.shape[t.rank() - 2..]].concat());
        Tensor::build(&shape, |out| stack(self).matmul_into(&stack(other), out))
    }

    /// The matrix product, laid out in memory like another tensor of its shape: where that one is a
    /// transposed view, so is the result.
    #[track_caller]
    pub(crate) fn matmul_like(&self, other: &Self, like: &Self) -> Self {
        if like.rank() == 2 && !like.is_contiguous() && like.t().is_contiguous() {
            return other.t().matmul(&self.t()).t();
        }
        self.matmul(other)
    }

    /// `x Wᵀ + b`: the products are added to the bias where they are made. `self` is `[batch, inputs]`, the
    /// weight `[outputs, inputs]`, the bias `[outputs]`; none of them is empty.
    #[track_caller]
    pub(crate) fn linear(&self, weight: &Self, bias: &Self) -> Self {
        Tensor::build([self.shape[0], weight.shape[0]], |out| self.linear_into(weight, bias, out))
    }

    /// [`linear`](Self::linear), written row by row into `out`.
    pub(crate) fn linear_into(&self, weight: &Self, bias: &Self, out: &mut [T]) {
        let [x, w, b] = &mut [const { None }; 3];
        let (x, w) = (self.for_gemm(x), weight.for_gemm(w));
        cost::work(2 * x.shape[1] * out.len() + out.len());
        let bias = Bias { axis: 1, numbers: bias.in_order(b) };
        multiply(x.matrix(0), w.matrix(0).t(), bias, out, false);
    }

    /// `selfᵀ other` of two matrices, row by row into `out`; no header is made for the transpose (W6 −4 %).
    pub(crate) fn transposed_matmul_into(&self, other: &Self, out: &mut [T]) {
        let [k, m, n] = [self.shape[0], self.shape[1], other.shape[1]];
        cost::work(2 * k * m * n);
        if k == 0 || out.is_empty() {
            return out.fill(T::zero());
        }
        let [a, b] = &mut [const { None }; 2];
        let (a, b) = (self.for_gemm(a), other.for_gemm(b));
        multiply(a.matrix(0).t(), b.matrix(0), Bias::NONE, out, false);
    }

    /// Writes the matrix products, row by row, into `out`. The shapes have been checked, and the
    /// leading axes are the same.
    pub(crate) fn matmul_into(&self, other: &Self, out: &mut [T]) {
        let rank = self.rank();
        let [m, k, n] = [self.shape[rank - 2], self.shape[rank - 1], other.shape[rank - 1]];
        cost::work(2 * k * out.len());
        if k == 0 || out.is_empty() {
            return out.fill(T::zero());
        }
        let [a, b] = &mut [const { None }; 2];
        let (a, b) = (self.for_gemm(a), other.for_gemm(b));
        let work = m * k * n;
        if work >= LARGE || out.len() == m * n {
            for (i, out) in out.chunks_exact_mut(m * n).enumerate() {
                multiply(a.matrix(i), b.matrix(i), Bias::NONE, out, false);
            }
        } else {
            // Many small products: the threads share the matrices instead.
            let count = LARGE / work;
            for_each_chunk(out, count * m * n, |task, out| {
                for (i, out) in out.chunks_exact_mut(m * n).enumerate() {
                    let i = task * count + i;
                    multiply(a.matrix(i), b.matrix(i), Bias::NONE, out, true);
                }
            });
        }
    }

    /// Expanded matrices are copied, into `room`.
    fn for_gemm<'a>(&'a self, room: &'a mut Option<Self>) -> &'a Self {
        let matrix = self.rank() - 2;
        let mut axes = self.shape[matrix..].iter().zip(&self.strides[matrix..]);
        let repeats = axes.any(|(&size, &stride)| size > 1 && stride == 0);
        if repeats { room.insert(self.contiguous()) } else { self }
    }

    /// Matrix number `i`, counted in row-major order of the leading axes.
    #[inline]
    fn matrix(&self, i: usize) -> Matrix<'_, T> {
        let batch = self.rank() - 2;
        let (mut offset, mut rest) = (self.offset as isize, i);
        for (&size, &stride) in self.shape[..batch].iter().zip(&self.strides).rev() {
            offset += (rest % size) as isize * stride;
            rest /= size;
        }
        Matrix {
            buffer: self.buffer.as_slice(),
            offset,
            shape: [self.shape[batch], self.shape[batch + 1]],
            strides: [self.strides[batch], self.strides[batch + 1]],
        }
    }
}

/// `out = a b + bias`, row-major, for sizes above 0; large ones in as many pieces as there are threads.
#[allow(unsafe_code)]
fn multiply<T: Real>(a: Matrix<T>, b: Matrix<T>, bias: Bias<T>, out: &mut [T], alone: bool) {
    let ([m, k], [k2, n]) = (a.shape, b.shape);
    assert!(k == k2 && out.len() == m * n);
    let place = Place { start: out.as_mut_ptr(), strides: [n as isize, 1] };
    // cᵀ = bᵀ aᵀ: whichever of the two is less work to bring into panels.
    let upright = if m.min(n) <= FEW { m <= n } else { cost(b, m, 0) <= cost(a.t(), n, m * n) };
    let (a, b, bias, out) = match upright {
        true => (a, b, bias, place),
        false => (b.t(), a.t(), bias.t(), place.t()),
    };
    let kernel = Kernel::of(&a, &b, &out);
    let threads = if alone || m * k * n < LARGE { 1 } else { threads::count() };
    if threads == 1 {
        // SAFETY: the assertion above; `out` is borrowed mutably by this function.
        return unsafe { Product { kernel, a, b, bias, out }.multiply() };
    }
    // Columns share nothing; with rows, every thread makes the panels anew.
    let (rows, columns) = (a.shape[0], b.shape[1]);
    let (axis, long, unit) =
        if columns >= threads * 4 * LANES { (1, columns, LANES) } else { (0, rows, ROWS) };
    let length = long.div_ceil(unit).div_ceil(threads) * unit;
    let out = &out;
    share(long.div_ceil(length), |piece| {
        let start = piece * length;
        let count = length.min(long - start);
        let (a, b) = match axis {
            0 => (a.part(0, start, count), b),
            _ => (a, b.part(1, start, count)),
        };
        let (bias, out) = (bias.part(axis, start), out.part(axis, start));
        // SAFETY: as above, and these rows, or columns, belong to no other piece.
        unsafe { Product { kernel, a, b, bias, out }.multiply() };
    });
}

/// About how many cycles a product takes with `b` in panels, `rows` rows in the result, and so many numbers
/// written out of order.
fn cost<T>(b: Matrix<T>, rows: usize, scattered: usize) -> usize {
    let [k, columns] = b.shape;
    // What lies in rows is copied on the way.
    let packing = if b.strides[1] == 1 { 1 } else { 10 };
    rows * k * columns.next_multiple_of(LANES) / 32 + k * columns * packing / 32 + scattered / 4
}

#[cfg(test)]
mod tests;
