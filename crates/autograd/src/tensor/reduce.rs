//! Reductions other than sums: the largest element, where it is; and running sums.

use smallvec::SmallVec;

use super::chunks::{CHUNK, for_each_chunk};
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
                let mut totals = vec![0.0; inner];
                for (out, data) in out.chunks_exact_mut(block).zip(data[i * task..].chunks_exact(block)) {
                    totals.fill(0.0);
                    let mut step = |(y, x): (&mut [T], &[T])| {
                        for (total, (y, &x)) in totals.iter_mut().zip(y.iter_mut().zip(x)) {
                            *total += x.as_f64();
                            *y = T::of(*total);
                        }
                    };
                    let rows = out.chunks_exact_mut(inner).zip(data.chunks_exact(inner));
                    if backwards { rows.rev().for_each(&mut step) } else { rows.for_each(&mut step) }
                }
            });
        })
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
