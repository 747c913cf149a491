//! Reductions other than sums: the largest element, where it is; and running sums.

use smallvec::SmallVec;

use super::chunks::{CHUNK, for_each_chunk};
use super::simd::vectorized;
use super::{Axis, Tensor};
use crate::Real;

impl<T: Real> Tensor<T> {
    /// The largest elements over the axes that are 1 in `shape`, and over leading axes that it lacks;
    /// NaN where there is one. There must be at least one element for each.
    #[track_caller]
    pub(crate) fn max_to(&self, shape: &[usize]) -> Self {
        let lead = self.rank() - shape.len();
        let (kept, gone): (Vec<usize>, Vec<usize>) =
            (0..self.rank()).partition(|&axis| axis >= lead && shape[axis - lead] == self.shape[axis]);
        let count = gone.iter().map(|&axis| self.shape[axis]).product::<usize>();
        let source = self.permute([kept, gone].concat()).contiguous();
        let data = source.as_slice().expect("contiguous");
        Tensor::build(shape, |out| {
            if let [only] = out {
                let mut parts = vec![T::zero(); count.div_ceil(CHUNK)];
                for_each_chunk(&mut parts, 1, |i, part| {
                    part[0] = largest(&data[i * CHUNK..count.min((i + 1) * CHUNK)]);
                });
                *only = largest(&parts);
            } else if !out.is_empty() {
                let rows = (CHUNK / count).max(1);
                for_each_chunk(out, rows, |i, out| {
                    let data = data[i * rows * count..].chunks_exact(count);
                    out.iter_mut().zip(data).for_each(|(y, row)| *y = largest(row));
                });
            }
        })
    }

    /// Along one axis (negative axes count from the end): where the largest element is. The first
    /// one, if several are equally large; the first NaN, if there is one.
    ///
    /// The result lists the indices in row-major order of the other axes.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// let scores = Tensor::from_vec([2, 3], vec![0.1, 0.7, 0.2, 5.0, 4.0, 5.0]);
    /// assert_eq!(scores.argmax_over(1), [1, 0]);
    /// ```
    ///
    /// # Panics
    /// If the axis is out of range or empty.
    #[track_caller]
    pub fn argmax_over(&self, axis: impl Into<Axis>) -> Vec<usize> {
        self.arg_over("argmax_over", axis, |a, b| a > b)
    }

    /// Along one axis: where the smallest element is; see [`argmax_over`](Self::argmax_over).
    ///
    /// # Panics
    /// If the axis is out of range or empty.
    #[track_caller]
    pub fn argmin_over(&self, axis: impl Into<Axis>) -> Vec<usize> {
        self.arg_over("argmin_over", axis, |a, b| a < b)
    }

    /// The place of the largest of all elements, counted in row-major order; see
    /// [`argmax_over`](Self::argmax_over).
    ///
    /// # Panics
    /// If there are no elements.
    #[track_caller]
    pub fn argmax(&self) -> usize {
        self.reshape([self.len()]).arg_over("argmax", 0, |a, b| a > b)[0]
    }

    /// The place of the smallest of all elements; see [`argmax`](Self::argmax).
    ///
    /// # Panics
    /// If there are no elements.
    #[track_caller]
    pub fn argmin(&self) -> usize {
        self.reshape([self.len()]).arg_over("argmin", 0, |a, b| a < b)[0]
    }

    #[track_caller]
    fn arg_over(
        &self,
        name: &str,
        axis: impl Into<Axis>,
        better: impl Fn(T, T) -> bool + Sync,
    ) -> Vec<usize> {
        let axis = axis.into().of(name, &self.shape);
        let count = self.shape[axis];
        let outputs: usize = (0..self.rank()).filter(|&a| a != axis).map(|a| self.shape[a]).product();
        if count == 0 && outputs > 0 {
            panic!("{name}: shape {:?} has no elements to choose from along axis {axis}", self.shape);
        }
        let mut order: SmallVec<[usize; 4]> = (0..self.rank()).filter(|&a| a != axis).collect();
        order.push(axis);
        let source = self.permuted(&order).contiguous();
        let data = source.as_slice().expect("contiguous");
        let mut places = vec![0; outputs];
        let rows = (CHUNK / count.max(1)).max(1);
        for_each_chunk(&mut places, rows, |i, out| {
            let data = data[i * rows * count..].chunks_exact(count);
            for (best, row) in out.iter_mut().zip(data) {
                for (place, &x) in row.iter().enumerate() {
                    let leader = row[*best];
                    if better(x, leader) || x.is_nan() && !leader.is_nan() {
                        *best = place;
                    }
                }
            }
        });
        places
    }

    /// The running sum along an axis, from the first element on or, `backwards`, from the last.
    ///
    /// Added up in double precision: a running sum in `f32` soon loses small terms.
    #[track_caller]
    pub(crate) fn running_sum(&self, axis: usize, backwards: bool) -> Self {
        let source = self.contiguous();
        let data = source.as_slice().expect("contiguous");
        // Seen as [outer, size, inner]; a task takes several blocks [size, inner].
        let inner: usize = self.shape[axis + 1..].iter().product();
        let block = self.shape[axis] * inner;
        let task = block * (CHUNK / block.max(1)).max(1);
        Tensor::build(&self.shape, |out| {
            for_each_chunk(out, task, |i, out| {
                let data = &data[i * task..][..out.len()];
                let mut totals = vec![0.0; inner.max(ROWS)];
                vectorized(
                    #[inline(always)]
                    || match inner {
                        1 => sum_rows_on(out, data, block, backwards),
                        _ => {
                            for (out, data) in out.chunks_exact_mut(block).zip(data.chunks_exact(block)) {
                                sum_lines_on(out, data, &mut totals[..inner], backwards);
                            }
                        }
                    },
                );
            });
        })
    }
}

/// Rows that are added up side by side: each addition waits for the one before it in its row.
const ROWS: usize = 8;

/// Running sums of every row of `size` numbers: of eight rows at a time, and then of the others.
#[inline(always)]
fn sum_rows_on<T: Real>(out: &mut [T], data: &[T], size: usize, backwards: bool) {
    let whole = out.len() / (ROWS * size) * (ROWS * size);
    let (out, others) = out.split_at_mut(whole);
    let (data, other_data) = data.split_at(whole);
    for (out, data) in out.chunks_exact_mut(ROWS * size).zip(data.chunks_exact(ROWS * size)) {
        let mut totals = [0.0; ROWS];
        for k in 0..size {
            let k = if backwards { size - 1 - k } else { k };
            for (row, total) in totals.iter_mut().enumerate() {
                *total += data[row * size + k].as_f64();
                out[row * size + k] = T::of(*total);
            }
        }
    }
    for (out, data) in others.chunks_exact_mut(size).zip(other_data.chunks_exact(size)) {
        sum_lines_on(out, data, &mut [0.0], backwards);
    }
}

/// Running sums of lines of numbers, one for each of the totals.
#[inline(always)]
fn sum_lines_on<T: Real>(out: &mut [T], data: &[T], totals: &mut [f64], backwards: bool) {
    totals.fill(0.0);
    let inner = totals.len();
    let lines = out.len() / inner;
    for line in 0..lines {
        let start = inner * if backwards { lines - 1 - line } else { line };
        let (out, data) = (&mut out[start..][..inner], &data[start..][..inner]);
        for ((total, y), &x) in totals.iter_mut().zip(out).zip(data) {
            *total += x.as_f64();
            *y = T::of(*total);
        }
    }
}

/// The largest of at least one number; NaN if there is one.
fn largest<T: Real>(data: &[T]) -> T {
    // Independent running maxima, which the compiler keeps in vector registers.
    const LANES: usize = 16;
    let mut lanes = [data[0]; LANES];
    let rows = data.chunks_exact(LANES);
    let rest = rows.remainder();
    for row in rows {
        lanes.iter_mut().zip(row).for_each(|(lane, &x)| *lane = Real::max(*lane, x));
    }
    lanes.iter().chain(rest).fold(data[0], |most, &x| Real::max(most, x))
}

#[cfg(test)]
mod tests;
