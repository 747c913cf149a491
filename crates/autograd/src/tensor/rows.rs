//! Functions of whole rows, such as the softmax.

use smallvec::SmallVec;

use super::chunks::{CHUNK, for_each_chunk};
use super::simd::vectorized;
use super::sums::{BLOCK, LANES, block_by, halved};
use super::{Shape, Tensor, inverse};
use crate::Real;

impl<T: Real> Tensor<T> {
    /// A function of rows. A *row* is the list of elements along `axes` (in the order listed) at one place of
    /// the other axes; `f` reads one row of every operand and writes the same row of the result.
    ///
    /// Operands and result have the same sizes along the other axes. Along `axes` they may differ:
    /// a size of 1 there makes a row of a single number. The result lies in memory row by row.
    #[track_caller]
    pub(crate) fn by_rows<const N: usize>(
        operands: [&Self; N],
        axes: &[usize],
        shape: &[usize],
        f: impl Fn([&[T]; N], &mut [T]) + Sync,
    ) -> Self {
        // All that depends on `f` is the innermost loop; the rest is compiled once for all functions.
        Tensor::by_rows_with(operands, axes, shape, &|data, lengths, out, width| {
            vectorized(
                #[inline(always)]
                || {
                    for (i, out) in out.chunks_exact_mut(width).enumerate() {
                        f(row(i, data, lengths), out);
                    }
                },
            );
        })
    }

    /// Some axes in the order in which they lie in memory. For a function to which the order of a row means nothing, rows
    /// that lie side by side need not be copied.
    pub(crate) fn axes_in_memory(&self, axes: &[usize]) -> SmallVec<[usize; 4]> {
        let mut axes = SmallVec::from_slice(axes);
        axes.sort_by_key(|&axis| std::cmp::Reverse(self.strides[axis]));
        axes
    }

    #[track_caller]
    fn by_rows_with<const N: usize>(
        operands: [&Self; N],
        axes: &[usize],
        shape: &[usize],
        fill: &Fill<T, N>,
    ) -> Self {
        // The axes of the rows go last; where they are last already, nothing is copied.
        let others = (0..shape.len()).filter(|axis| !axes.contains(axis));
        let order: SmallVec<[usize; 4]> = others.chain(axes.iter().copied()).collect();
        let length = |shape: &[usize]| axes.iter().map(|&axis| shape[axis]).product::<usize>();
        let lengths = operands.map(|t| length(&t.shape));
        // Not in a closure, where a panic would not name the caller's line.
        let mut sources = SmallVec::<[Self; 3]>::new();
        for operand in operands {
            sources.push(operand.permuted(&order).contiguous());
        }
        let data: [&[T]; N] = std::array::from_fn(|k| sources[k].as_slice().expect("contiguous"));
        let width = length(shape);
        let longest = lengths.iter().copied().fold(width, usize::max);
        let rows = (CHUNK / longest.max(1)).max(1);
        let permuted: Shape = order.iter().map(|&axis| shape[axis]).collect();
        let result = Tensor::build(permuted, |out| {
            for_each_chunk(out, rows * width, |i, out| {
                fill(std::array::from_fn(|k| &data[k][i * rows * lengths[k]..]), lengths, out, width);
            });
        });
        result.permuted(&inverse(&order))
    }
}

/// Fills rows of a width from as many rows of every operand, which have these lengths.
type Fill<'f, T, const N: usize> = dyn Fn([&[T]; N], [usize; N], &mut [T], usize) + Sync + 'f;

/// Row `i` of each.
#[inline(always)]
fn row<T, const N: usize>(i: usize, data: [&[T]; N], lengths: [usize; N]) -> [&[T]; N] {
    std::array::from_fn(|k| &data[k][i * lengths[k]..][..lengths[k]])
}

/// The sum of `f` of the numbers at each place of some rows, added up in the order of [`sum`](super::sums::sum), so that it
/// has the bits of the sum of a tensor with these elements.
#[inline(always)]
pub(crate) fn sum_by<T: Real, const N: usize>(rows: [&[T]; N], f: impl Fn([T; N]) -> T) -> T {
    sum_of_blocks(
        rows[0].len(),
        #[inline(always)]
        |start, count| block_by(rows.map(|row| &row[start..][..count]), &f),
    )
}

/// The same for so many terms, of which `fill` writes a part: those from a place on.
#[inline(always)]
pub(crate) fn sum_of_terms<T: Real>(count: usize, fill: impl Fn(usize, &mut [T])) -> T {
    sum_of_blocks(
        count,
        #[inline(always)]
        |start, count| {
            let mut terms = [T::zero(); BLOCK];
            fill(start, &mut terms[..count]);
            block_by([&terms[..count]], &|[term]| term)
        },
    )
}

/// The sum of so many terms, of which `block` adds up a part: so many from a place on. Without recursion, so that a loop for
/// the machine's vectors can contain it.
#[inline(always)]
fn sum_of_blocks<T: Real>(count: usize, block: impl Fn(usize, usize) -> T) -> T {
    if count <= BLOCK {
        return block(0, count);
    }
    // Parts that are to be added up, the next one last; and sums that wait for their other halves. With the number of times
    // that the whole was halved.
    let mut parts: SmallVec<[(usize, usize, u32); 16]> = SmallVec::new();
    let mut sums: SmallVec<[(T, u32); 16]> = SmallVec::new();
    parts.push((0, count, 0));
    while let Some((start, end, mut depth)) = parts.pop() {
        let count = end - start;
        if count > BLOCK {
            let middle = start + (count / 2).next_multiple_of(LANES);
            parts.push((middle, end, depth + 1));
            parts.push((start, middle, depth + 1));
            continue;
        }
        let mut total = block(start, count);
        while let Some(&(left, other)) = sums.last()
            && other == depth
        {
            sums.pop();
            total = left + total;
            depth -= 1;
        }
        sums.push((total, depth));
    }
    sums[0].0
}

/// Numbers that are computed at once: four vectors to a compiler, which would unroll a loop of fewer and not vectorize it.
const AT_ONCE: usize = 64;

/// Writes `f` of each number of a row, for an `f` of many steps.
#[inline(always)]
pub(crate) fn map_row<T: Real>(x: &[T], y: &mut [T], f: impl Fn(T) -> T) {
    let ((blocks, rest), (out, last)) = (x.as_chunks::<AT_ONCE>(), y.as_chunks_mut::<AT_ONCE>());
    for (out, x) in out.iter_mut().zip(blocks) {
        let mut results = [T::zero(); AT_ONCE];
        for (y, &x) in results.iter_mut().zip(x) {
            *y = f(x);
        }
        *out = results;
    }
    for (y, &x) in last.iter_mut().zip(rest) {
        *y = f(x);
    }
}

/// The largest number; NaN if there is one, `−∞` of none.
#[inline(always)]
pub(crate) fn largest_of<T: Real>(data: &[T]) -> T {
    // Independent running maxima, which the compiler keeps in vector registers.
    let (rows, rest) = data.as_chunks::<LANES>();
    if rows.is_empty() {
        return rest.iter().fold(-T::INFINITY, |most, &x| Real::max(most, x));
    }
    let mut lanes = [-T::INFINITY; LANES];
    for row in rows {
        for (lane, &x) in lanes.iter_mut().zip(row) {
            *lane = Real::max(*lane, x);
        }
    }
    rest.iter().fold(halved(lanes, Real::max), |most, &x| Real::max(most, x))
}

/// The first place of this number.
#[inline(always)]
pub(crate) fn place_of<T: Real>(number: T, data: &[T]) -> Option<usize> {
    // Whole vectors first: the search within one is a loop that ends early, number by number.
    let (rows, rest) = data.as_chunks::<LANES>();
    for (i, row) in rows.iter().enumerate() {
        if row.iter().fold(false, |any, &x| any | (x == number)) {
            return row.iter().position(|&x| x == number).map(|at| i * LANES + at);
        }
    }
    rest.iter().position(|&x| x == number).map(|at| rows.len() * LANES + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_along_any_axes() {
        let a = Tensor::<f64>::from_fn([2, 3, 4], |i| i as f64);
        // The first element of each row, repeated, and the sum of the row.
        let first = |axes: &[usize]| Tensor::by_rows([&a], axes, a.shape(), |[x], y| y.fill(x[0])).to_vec();
        assert_eq!(first(&[2])[..8], [0.0, 0.0, 0.0, 0.0, 4.0, 4.0, 4.0, 4.0]);
        assert_eq!(first(&[0])[12..16], [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(first(&[0, 2])[12..20], [0.0, 0.0, 0.0, 0.0, 4.0, 4.0, 4.0, 4.0]);
        for (axes, shape) in [(vec![1], [2, 1, 4]), (vec![0, 2], [1, 3, 1]), (vec![0, 1, 2], [1, 1, 1])] {
            let sums = Tensor::by_rows([&a], &axes, &shape, |[x], y| y[0] = sum_by([x], |[x]| x));
            assert_eq!(sums, a.sum_to(shape));
        }
        let empty = Tensor::<f64>::zeros([2, 0]);
        let sums = Tensor::by_rows([&empty], &[1], &[2, 1], |[x], y| y[0] = x.len() as f64);
        assert_eq!(sums.to_vec(), [0.0, 0.0]);
        assert!(Tensor::by_rows([&empty], &[1], &[2, 0], |_, _| unreachable!()).is_empty());
    }

    #[test]
    fn long_sums_keep_their_digits() {
        assert_eq!(sum_of_terms(20_000_001, |_, terms: &mut [f32]| terms.fill(1.0)), 2e7);
        assert_eq!(sum_by([&[]], |[x]: [f32; 1]| x), 0.0);
        let a = Tensor::<f32>::from_fn([1077], |i| (i as f32).sin());
        let data = a.as_slice().unwrap();
        assert_eq!(sum_by([data], |[x]| x), a.sum_to([]).item());
    }
}
