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

    /// Where the largest of all elements is, counted in row-major order; see
    /// [`argmax_over`](Self::argmax_over).
    ///
    /// # Panics
    /// If there are no elements.
    #[track_caller]
    pub fn argmax(&self) -> usize {
        self.reshape([self.len()]).arg_over("argmax", 0, |a, b| a > b)[0]
    }

    /// Where the smallest of all elements is; see [`argmax`](Self::argmax).
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
mod tests {
    use super::*;

    #[test]
    fn largest_over_any_axes() {
        let a = Tensor::from_fn([2, 3, 4], |i| ((i * 7) % 24) as f64);
        assert_eq!(a.max_to(&[]).item(), 23.0);
        assert_eq!(a.max_to(&[1, 1, 1]).item(), 23.0);
        assert_eq!(a.max_to(&[2, 3, 1]).to_vec(), [21.0, 18.0, 22.0, 19.0, 23.0, 20.0]);
        assert_eq!(a.max_to(&[3, 4]).to_vec()[..4], [12.0, 19.0, 14.0, 21.0]);
        assert_eq!(a.permute([2, 1, 0]).max_to(&[1, 1, 2]).to_vec(), [22.0, 23.0]);
        assert_eq!(Tensor::<f64>::zeros([0, 3]).max_to(&[0, 1]).shape(), [0, 1]);
    }

    #[test]
    fn long_rows_and_many_rows() {
        let n = 3 * CHUNK + 5;
        for place in [0, 15, 16, CHUNK, n - 1] {
            let a = Tensor::from_fn([n], |i| if i == place { 2.0_f32 } else { -1.0 });
            assert_eq!(a.max_to(&[]).item(), 2.0);
            assert_eq!(a.argmax_over(0), [place]);
            let nan = a.map(|x| if x == 2.0 { f32::NAN } else { x });
            assert!(nan.max_to(&[]).item().is_nan());
            assert!(nan.reshape([1, n]).expand([2, n]).max_to(&[2, 1]).to_vec()[1].is_nan());
        }
        let rows = Tensor::from_fn([CHUNK, 3], |i| i as f64);
        assert_eq!(rows.max_to(&[CHUNK, 1]).to_vec()[CHUNK - 1], (3 * CHUNK - 1) as f64);
    }

    #[test]
    fn places_of_ties_and_nan() {
        let a = Tensor::from_vec([3, 3], vec![1.0, 2.0, 2.0, 3.0, f64::NAN, f64::NAN, 0.0, -0.0, 0.0]);
        assert_eq!(a.argmax_over(1), [1, 1, 0]);
        assert_eq!(a.argmin_over(-1), [0, 1, 0]);
        assert_eq!(a.argmax_over(0), [1, 1, 1]);
        assert_eq!((a.t().argmax(), Tensor::scalar(5.0).argmin()), (4, 0));
        assert_eq!(Tensor::<f64>::zeros([0, 3]).argmax_over(1), [0; 0]);
        assert_eq!(Tensor::<f64>::zeros([0, 0]).argmax_over(1), [0; 0]);
    }

    #[test]
    #[should_panic(expected = "argmax_over: shape [2, 0] has no elements to choose from along axis 1")]
    fn place_in_nothing() {
        Tensor::<f64>::zeros([2, 0]).argmax_over(1);
    }

    #[test]
    fn running_sums_of_views() {
        let a = Tensor::from_fn([2, 3], |i| i as f64);
        assert_eq!(a.t().running_sum(0, true).to_vec(), [3.0, 12.0, 3.0, 9.0, 2.0, 5.0]);
        assert_eq!(Tensor::<f64>::zeros([2, 0]).running_sum(0, false).shape(), [2, 0]);
        assert_eq!(Tensor::<f64>::zeros([0, 2]).running_sum(0, false).shape(), [0, 2]);
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        let a = Tensor::<f32>::from_fn([97, 1031], |i| ((i * 7919) % 1013) as f32 * 1e-3 - 0.4);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let largest = || [a.max_to(&[]).to_vec(), a.max_to(&[97, 1]).to_vec()];
            pool.install(|| {
                (
                    largest(),
                    a.running_sum(0, false).to_vec(),
                    a.running_sum(1, true).to_vec(),
                    a.argmax_over(0),
                )
            })
        };
        let one = run(1);
        for threads in [2, 3, 8] {
            assert!(run(threads) == one, "{threads} threads");
        }
    }
}
