//! Sums: over any axes, split at fixed places and combined in a fixed order, so that the number of threads
//! changes no bit, and in blocks, so that long sums keep their digits.

use smallvec::SmallVec;

use super::chunks::{CHUNK, for_each_chunk};
use super::simd::vectorized;
use super::{Tensor, cost, inverse};
use crate::Real;

impl<T: Real> Tensor<T> {
    /// Sums over the axes that are 1 in `shape` (and over leading axes that it lacks): the
    /// transpose of [`expand`](Self::expand).
    ///
    /// # Panics
    /// If this tensor's shape is not `shape` expanded.
    #[track_caller]
    pub fn sum_to(&self, shape: impl AsRef<[usize]>) -> Self {
        self.sum_to_shape(shape.as_ref())
    }

    #[track_caller]
    fn sum_to_shape(&self, shape: &[usize]) -> Self {
        let lead = self.rank().checked_sub(shape.len());
        let fits = |lead: usize| {
            shape.iter().enumerate().all(|(axis, &size)| size == 1 || size == self.shape[lead + axis])
        };
        if !lead.is_some_and(fits) {
            panic!("sum_to: {:?} is not {shape:?} expanded", self.shape);
        }
        if self.len() == shape.iter().product::<usize>() {
            return self.reshape(shape);
        }
        if let Some(order) = self.other_order() {
            // Added up as it lies in memory, and left so.
            let lead = self.rank() - shape.len();
            let size = |&axis: &usize| axis.checked_sub(lead).map_or(1, |axis| shape[axis]);
            let sizes: SmallVec<[usize; 4]> = order.iter().map(size).collect();
            return self.permuted(&order).sum_to_shape(&sizes).permuted(&inverse(&order)).reshape(shape);
        }
        Tensor::build(shape, |out| self.sum_into(shape, out))
    }

    /// The order of its axes in memory, if that is not theirs and the tensor has no gaps.
    fn other_order(&self) -> Option<SmallVec<[usize; 4]>> {
        if self.is_contiguous() { None } else { self.order_in_memory() }
    }

    /// [`sum_to`](Self::sum_to) a shape that fits, written in row-major order into `out`.
    pub(crate) fn sum_into(&self, shape: &[usize], out: &mut [T]) {
        if self.len() == out.len() {
            return out.copy_from_slice(self.in_order(&mut None));
        }
        if let ([sum], Some(data)) = (&mut *out, self.as_slice()) {
            cost::work(data.len());
            *sum = sum_parallel(data);
            return;
        }
        if self.other_order().is_some() {
            return out.copy_from_slice(self.sum_to_shape(shape).in_order(&mut None));
        }
        let lead = self.rank() - shape.len();
        let reduced = |&axis: &usize| axis < lead || shape[axis - lead] == 1;
        let (mut gone, kept): (Vec<usize>, Vec<usize>) = (0..self.rank()).partition(reduced);
        // The order of a sum is ours to choose: that of memory.
        gone.sort_by_key(|&axis| -self.strides[axis]);
        cost::work(self.len());
        let count = gone.iter().map(|&axis| self.shape[axis]).product::<usize>();
        let inside = gone.first() != Some(&0) && kept.last() == Some(&(self.rank() - 1));
        if let (true, true, Some(data)) = (inside, count > 0, self.as_slice()) {
            return self.sum_inside(data, &gone, out);
        }
        let order: SmallVec<[usize; 4]> = if gone.first() == Some(&0) && self.is_contiguous() {
            // Outer axes go: add whole rows, in order, so that memory is read straight through.
            gone.iter().chain(&kept).copied().collect()
        } else {
            kept.iter().chain(&gone).copied().collect()
        };
        let by_rows = order.first() == gone.first() && !kept.is_empty();
        let source = self.permuted(&order).contiguous();
        let data = source.as_slice().expect("contiguous");
        if count == 0 {
            out.fill(T::zero());
        } else if by_rows {
            let width = out.len();
            for_each_chunk(out, column_chunk(count), |i, out| {
                vectorized(
                    #[inline(always)]
                    || sum_rows(&data[i * column_chunk(count)..], width, count, out),
                );
            });
        } else if let [only] = out {
            *only = sum_parallel(data);
        } else {
            let rows = (CHUNK / count).max(1);
            for_each_chunk(out, rows, |i, out| {
                let data = data[i * rows * count..].chunks_exact(count);
                vectorized(
                    #[inline(always)]
                    || out.iter_mut().zip(data.clone()).for_each(|(y, row)| *y = sum(row)),
                );
            });
        }
    }
}

impl<T: Real> Tensor<T> {
    /// The sum over axes between the first and the last, of a tensor with these elements in row-major order: whole rows are
    /// added, for the last of these axes first.
    fn sum_inside(&self, data: &[T], gone: &[usize], out: &mut [T]) {
        let mut sizes = self.shape.clone();
        let mut sums: Option<Tensor<T>> = None;
        let mut gone = gone.iter().copied().filter(|&axis| self.shape[axis] > 1).rev().peekable();
        while let Some(axis) = gone.next() {
            // Axes beside each other are one.
            let mut first = axis;
            while let Some(before) = gone.next_if(|&before| before + 1 == first) {
                first = before;
            }
            let count = sizes[first..=axis].iter().product();
            let width = sizes[axis + 1..].iter().product();
            sizes[first..=axis].fill(1);
            let data = sums.as_ref().map_or(data, |sums| sums.as_slice().expect("contiguous"));
            if gone.peek().is_none() {
                return add_rows(data, [count, width], out);
            }
            sums = Some(Tensor::build(&sizes, |out| add_rows(data, [count, width], out)));
        }
        out.copy_from_slice(data); // all of them had one element
    }
}

/// For each `count` rows of `data` that follow each other, of this width, their sum in `out`.
fn add_rows<T: Real>(data: &[T], [count, width]: [usize; 2], out: &mut [T]) {
    let together = (CHUNK / (count * width)).max(1);
    for_each_chunk(out, together * width, |i, out| {
        let data = &data[i * together * count * width..];
        vectorized(
            #[inline(always)]
            || {
                let rows = data.chunks_exact(count * width);
                out.chunks_exact_mut(width)
                    .zip(rows)
                    .for_each(|(out, rows)| sum_rows(rows, width, count, out));
            },
        );
    });
}

/// Columns per task when `count` rows are added up; whole cache lines.
fn column_chunk(count: usize) -> usize {
    (CHUNK / count).next_multiple_of(64).max(64)
}

/// Adds up `count` rows that start `width` apart in `data`, the first `out.len()` elements of each.
/// Blocks of rows are halved and added pairwise, so rounding grows with `log count`.
fn sum_rows<T: Real>(data: &[T], width: usize, count: usize, out: &mut [T]) {
    const BLOCK: usize = 64;
    if count <= BLOCK {
        for (i, out) in out.chunks_mut(TOGETHER).enumerate() {
            let data = &data[i * TOGETHER..];
            match <&mut [T; TOGETHER]>::try_from(&mut *out) {
                Ok(out) => sum_few(data, width, count, out),
                Err(_) => {
                    out.copy_from_slice(&data[..out.len()]);
                    for row in 1..count {
                        out.iter_mut().zip(&data[row * width..]).for_each(|(y, &x)| *y += x);
                    }
                }
            }
        }
        return;
    }
    let half = (count / 2).next_multiple_of(BLOCK);
    let mut upper = vec![T::zero(); out.len()];
    sum_rows(data, width, half, out);
    sum_rows(&data[half * width..], width, count - half, &mut upper);
    out.iter_mut().zip(&upper).for_each(|(y, &x)| *y += x);
}

/// Columns whose running sums stay in registers.
const TOGETHER: usize = 128;

/// Adds up rows of so many columns.
#[inline(always)]
fn sum_few<T: Real, const N: usize>(data: &[T], width: usize, count: usize, out: &mut [T; N]) {
    let row = |i: usize| data[i * width..].first_chunk::<N>().expect("a row has all columns");
    let mut sums = *row(0);
    for i in 1..count {
        sums.iter_mut().zip(row(i)).for_each(|(sum, &x)| *sum += x);
    }
    *out = sums;
}

/// The sum of a long slice: chunks in parallel, their sums pairwise.
fn sum_parallel<T: Real>(data: &[T]) -> T {
    if data.len() <= CHUNK {
        return sum(data);
    }
    let mut partial = vec![T::zero(); data.len().div_ceil(CHUNK)];
    for_each_chunk(&mut partial, 1, |i, out| {
        let start = i * CHUNK;
        out[0] = sum(&data[start..data.len().min(start + CHUNK)]);
    });
    sum(&partial)
}

/// Running sums, and the length of a block, in [`sum`].
pub(super) const LANES: usize = 16;
pub(super) const BLOCK: usize = 128;

/// The sum of a slice: sixteen running sums (which the compiler keeps in vector registers) within
/// a block, blocks pairwise.
pub(super) fn sum<T: Real>(data: &[T]) -> T {
    if data.len() > BLOCK {
        let (left, right) = data.split_at((data.len() / 2).next_multiple_of(LANES));
        return sum(left) + sum(right);
    }
    sum_of_block(data)
}

#[inline(always)]
pub(super) fn sum_of_block<T: Real>(data: &[T]) -> T {
    block_by([data], &|[x]| x)
}

/// The sum of `f` of the numbers at each place of some rows of at most [`BLOCK`] numbers.
#[inline(always)]
pub(super) fn block_by<T: Real, const N: usize>(rows: [&[T]; N], f: &impl Fn([T; N]) -> T) -> T {
    let parts = rows.map(|row| row.as_chunks::<LANES>());
    let (count, rest) = (parts[0].0.len(), parts[0].1.len());
    // As long as the first, so that no index needs a check.
    let (vectors, rests) =
        (parts.map(|(vectors, _)| &vectors[..count]), parts.map(|(_, last)| &last[..rest]));
    let mut lanes = [T::zero(); LANES];
    for i in 0..count {
        let vectors = vectors.map(|vectors| &vectors[i]);
        for (j, lane) in lanes.iter_mut().enumerate() {
            *lane += f(vectors.map(|vector| vector[j]));
        }
    }
    let mut last = T::zero();
    for i in 0..rest {
        last += f(rests.map(|rest| rest[i]));
    }
    halved(lanes, |a, b| a + b) + last
}

/// All lanes combined, the upper half with the lower one as long as there are two.
#[inline(always)]
pub(super) fn halved<T: Real>(mut lanes: [T; LANES], combine: impl Fn(T, T) -> T) -> T {
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] = combine(lanes[i], lanes[i + width]);
        }
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(shape: &[usize]) -> Tensor<f64> {
        Tensor::from_fn(shape, |i| i as f64)
    }

    #[test]
    fn sums_over_any_axes() {
        let a = counting(&[2, 3, 4]);
        assert_eq!(a.sum_to([1, 1, 1]).item(), 276.0);
        assert_eq!(a.sum_to([]).item(), 276.0);
        assert_eq!(a.sum_to([3, 4]).to_vec()[..2], [12.0, 14.0]);
        assert_eq!(a.sum_to([2, 3, 1]).to_vec(), [6.0, 22.0, 38.0, 54.0, 70.0, 86.0]);
        assert_eq!(a.sum_to([2, 1, 4]).to_vec()[..3], [12.0, 15.0, 18.0]);
        assert_eq!(a.t().sum_to([1, 1, 3]).to_vec(), [60.0, 92.0, 124.0]);
        assert_eq!(Tensor::<f64>::zeros([0, 2]).sum_to([1, 2]).to_vec(), [0.0, 0.0]);
        assert_eq!(Tensor::<f64>::zeros([2, 0]).sum_to([2, 1]).to_vec(), [0.0, 0.0]);
        assert_eq!(Tensor::<f64>::zeros([1, 0]).sum_to([1, 0]).shape(), [1, 0]);
    }

    #[test]
    fn sums_of_any_order_in_memory_lie_as_it_does() {
        for (order, axes) in [
            ([4, 0, 1, 2, 3], [1, 3]), // pixels of a batch whose lanes are pictures, each copied
            ([4, 0, 1, 2, 3], [2, 3]),
            ([4, 0, 1, 2, 3], [0, 2]),
            ([0, 1, 2, 3, 4], [1, 3]),
            ([0, 1, 2, 3, 4], [1, 2]),
            ([2, 1, 0, 4, 3], [0, 4]),
        ] {
            let a = counting(&[3, 2, 5, 4, 7]).permute(order);
            let mut shape = a.shape().to_vec();
            axes.iter().for_each(|&axis| shape[axis] = 1);
            let mut expected = Tensor::<f64>::zeros(&shape);
            for (i, x) in a.to_vec().into_iter().enumerate() {
                let (mut rest, mut place, mut step) = (i, 0, 1);
                for (&size, &kept) in a.shape().iter().zip(&shape).rev() {
                    place += rest % size % kept * step;
                    (rest, step) = (rest / size, step * kept);
                }
                expected.make_mut()[place] += x;
            }
            let sum = a.sum_to(&shape);
            assert_eq!(sum, expected, "{order:?}, {axes:?}");
            let mut out = vec![0.0; expected.len()];
            a.sum_into(&shape, &mut out);
            assert_eq!(out, expected.to_vec());
        }
        let lanes = counting(&[3, 2, 5, 2, 7]).permute([4, 0, 1, 2, 3]);
        assert!(lanes.sum_to([7, 3, 1, 5, 1]).permute([1, 2, 3, 4, 0]).is_contiguous());
        assert_eq!(lanes.sum_to([3, 1, 5, 1]).shape(), [3, 1, 5, 1], "leading axes go");
    }

    #[test]
    fn long_f32_sums_keep_their_digits() {
        // One running sum stalls at 2²⁴; the blocked sum is exact here.
        let n = 30_000_000;
        assert_eq!(Tensor::<f32>::ones([n]).sum_to([]).item(), n as f32);
        assert_eq!(Tensor::<f32>::ones([n / 2, 2]).sum_to([1, 2]).to_vec(), [n as f32 / 2.0; 2]);
    }

    #[test]
    fn bits_do_not_depend_on_threads() {
        let a = Tensor::<f32>::from_fn([301, 977], |i| ((i * 7919) % 1013) as f32 * 1e-3 - 0.4);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| (a.sum_to([]).to_vec(), a.sum_to([1, 977]).to_vec(), a.sum_to([301, 1]).to_vec()))
        };
        let one = run(1);
        for threads in [2, 3, 8] {
            assert!(run(threads) == one, "{threads} threads");
        }
    }
}
