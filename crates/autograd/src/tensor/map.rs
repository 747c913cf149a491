//! Elementwise functions: `f` of the elements at the same place of some tensors.
//!
//! The result is contiguous. There is one fast path (contiguous operands) and one general path ([`Walk`]).

use smallvec::SmallVec;

use super::chunks::{CHUNK, LINE, for_each_chunk, piece};
use super::simd::vectorized;
use super::walk::Walk;
use super::{Tensor, broadcast, cost, inverse};
use crate::Real;
use crate::shortcuts::{Destination, Written};

/// Elements of a strided operand that are gathered before they are used. Long rows take large blocks (512 in place
/// of 128: W1 and W3 3 % faster); for rows of at most `SHORT`, clearing the room for one would cost more than the row.
const SHORT: usize = 32;
const LONG: usize = 512;

/// The number of elements below which their order in memory is not searched for.
const FEW: usize = 128;

impl<T: Real> Tensor<T> {
    /// `f` of every element.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// assert_eq!(Tensor::from_vec([2], vec![1.0, 2.0]).map(|x| x * x).to_vec(), [1.0, 4.0]);
    /// ```
    #[track_caller]
    pub fn map(&self, f: impl Fn(T) -> T + Sync) -> Self {
        Tensor::combine(
            [self],
            #[inline(always)]
            |[x]| f(x),
        )
    }

    /// `f` of every pair of elements; both tensors are broadcast to their common shape.
    ///
    /// # Panics
    /// If the shapes do not broadcast.
    #[track_caller]
    pub fn zip(&self, other: &Self, f: impl Fn(T, T) -> T + Sync) -> Self {
        if self.shape == other.shape {
            return Tensor::combine(
                [self, other],
                #[inline(always)]
                |[a, b]| f(a, b),
            );
        }
        let Some(shape) = broadcast(&self.shape, &other.shape) else {
            panic!("zip: shapes {:?} and {:?} do not broadcast", self.shape, other.shape);
        };
        Tensor::combine(
            [&self.expand(&shape), &other.expand(&shape)],
            #[inline(always)]
            |[a, b]| f(a, b),
        )
    }

    /// `f` of the elements at the same place in `N` tensors of one shape. The result lies in memory like most of
    /// them, so that the next operation, too, finds its operands in one order.
    #[track_caller]
    pub(crate) fn combine<const N: usize>(operands: [&Self; N], f: impl Fn([T; N]) -> T + Sync) -> Self {
        // All that depends on `f` is the innermost loop; the rest is compiled once for all functions.
        Tensor::combine_with(operands, &|out, pieces| fill(out, pieces, &all_near, &f))
    }

    #[track_caller]
    fn combine_with<const N: usize>(operands: [&Self; N], fill: &Fill<T, N>) -> Self {
        if Tensor::are_few(operands) {
            return Tensor::build(&operands[0].shape, |out| Tensor::combine_few(operands, out, fill));
        }
        let Some(order) = common_order(operands) else { return Tensor::combine_in_order(operands, fill) };
        let operands = operands.map(|t| t.permuted(&order));
        Tensor::combine_in_order(operands.each_ref(), fill).permuted(&inverse(&order))
    }

    /// The same for a result that is wanted in some place. Memory is used for small models alone: for less than `FEW`
    /// elements, in order or all the same.
    #[track_caller]
    pub(crate) fn combine_to<const N: usize>(
        operands: [&Self; N],
        to: Destination<T>,
        f: impl Fn([T; N]) -> T + Sync,
    ) -> Written<T> {
        Tensor::combine_near_to(operands, to, all_near, f)
    }

    /// The same for an `f` that has few steps for numbers that are `near`, and calls a function for others: the former are
    /// done in loops of their own.
    #[track_caller]
    pub(crate) fn combine_near_to<const N: usize>(
        operands: [&Self; N],
        to: Destination<T>,
        near: impl Fn([T; N]) -> bool + Sync,
        f: impl Fn([T; N]) -> T + Sync,
    ) -> Written<T> {
        let fill: &Fill<T, N> = &|out, pieces| fill(out, pieces, &near, &f);
        match to {
            Destination::Memory(out) if Tensor::are_few(operands) => {
                Tensor::combine_few(operands, out, fill);
                Written::There
            }
            _ => Written::New(Tensor::combine_with(operands, fill)),
        }
    }

    fn are_few<const N: usize>(operands: [&Self; N]) -> bool {
        operands[0].len() < FEW && operands.iter().all(|t| t.is_contiguous() || t.is_one_number())
    }

    fn combine_few<const N: usize>(operands: [&Self; N], out: &mut [T], fill: &Fill<T, N>) {
        cost::work(out.len());
        let slices = operands.map(|t| t.as_slice());
        if slices.iter().all(|slice| slice.is_some()) {
            return fill(out, &slices.map(|slice| slice.expect("contiguous")));
        }
        let mut scratch = [[T::zero(); FEW]; N];
        let mut scratch = scratch.iter_mut().map(|scratch| &mut scratch[..out.len()]);
        let pieces = std::array::from_fn(|k| {
            let scratch = scratch.next().expect("one for each");
            slices[k].unwrap_or_else(|| {
                scratch.fill(operands[k].buffer.as_slice()[operands[k].offset]);
                scratch
            })
        });
        fill(out, &pieces);
    }

    /// With a contiguous result.
    #[track_caller]
    pub(super) fn combine_in_order<const N: usize>(operands: [&Self; N], fill: &Fill<T, N>) -> Self {
        // What lies the other way round is turned first, in blocks.
        let turned = operands.map(|t| (t.len() > CHUNK && t.turned().is_some()).then(|| t.copied()));
        let operands: [&Self; N] = std::array::from_fn(|k| turned[k].as_ref().unwrap_or(operands[k]));
        let shape = &operands[0].shape;
        debug_assert!(operands.iter().all(|t| t.shape == *shape));
        cost::work(operands[0].len());
        Tensor::build(shape, |out| {
            if out.is_empty() {
                return;
            }
            if operands.iter().all(|t| t.is_contiguous()) {
                let all = operands.map(|t| t.as_slice().expect("contiguous"));
                let chunk = piece(out.len(), CHUNK, LINE);
                return for_each_chunk(out, chunk, |i, out| {
                    let start = i * chunk;
                    fill(out, &all.map(|data| &data[start..start + out.len()]));
                });
            }
            let walk = Walk::new(operands);
            let buffers = operands.map(|t| t.buffer.as_slice());
            // Some whole rows, or a part of a long one.
            let chunk = match walk.len {
                ..CHUNK => piece(out.len(), CHUNK / walk.len * walk.len, walk.len),
                _ => piece(out.len(), CHUNK, LINE),
            };
            for_each_chunk(out, chunk, |i, out| match walk.len {
                ..=SHORT => walk.fill::<T, SHORT>(buffers, i * chunk, out, fill),
                _ => walk.fill::<T, LONG>(buffers, i * chunk, out, fill),
            });
        })
    }
}

/// The order of axes in which most of the tensors are contiguous, of equally many the first's; `None` if that is
/// the usual one, or there is none.
fn common_order<T: Real, const N: usize>(tensors: [&Tensor<T>; N]) -> Option<SmallVec<[usize; 4]>> {
    if tensors[0].len() < FEW || tensors.iter().all(|t| t.is_contiguous()) {
        return None;
    }
    let followers = |order: &[usize]| tensors.iter().filter(|t| t.permuted(order).is_contiguous()).count();
    let orders = tensors.iter().filter_map(|t| t.order_in_memory()).map(|order| (followers(&order), order));
    // Of several largest, `max_by_key` would return the last.
    let best = orders.rev().max_by_key(|(count, _)| *count)?.1;
    (!best.iter().copied().eq(0..best.len())).then_some(best)
}

/// Fills a slice from the first elements of each operand.
pub(super) type Fill<'f, T, const N: usize> = dyn Fn(&mut [T], &[&[T]; N]) + Sync + 'f;

#[inline(always)]
fn all_near<T, const N: usize>(_: [T; N]) -> bool {
    true
}

/// The innermost loop, for the machine's vectors.
fn fill<T: Real, const N: usize>(
    out: &mut [T],
    pieces: &[&[T]; N],
    near: &impl Fn([T; N]) -> bool,
    f: &impl Fn([T; N]) -> T,
) {
    vectorized(
        #[inline(always)]
        || {
            let (out, pieces) = blocks::<T, N, 64>(out, *pieces, near, f);
            let (out, pieces) = blocks::<T, N, 16>(out, pieces, near, f);
            blocks::<T, N, 1>(out, pieces, near, f);
        },
    );
}

/// `f` of the elements at each place, in blocks of a fixed size as long as there are whole ones, and then the rest.
/// Large blocks are four vectors to a compiler. What they leave over is done in small ones: 16 elements one by one
/// would take 10 ns. (Small ones alone would be unrolled and not vectorized.)
///
/// Results are in an array of their own until all of a block are there: so the compiler sees that nothing is
/// written which `f` reads.
#[inline(always)]
#[allow(clippy::needless_range_loop)]
fn blocks<'d, T: Real, const N: usize, const BLOCK: usize>(
    out: &'d mut [T],
    pieces: [&'d [T]; N],
    near: &impl Fn([T; N]) -> bool,
    f: &impl Fn([T; N]) -> T,
) -> (&'d mut [T], [&'d [T]; N]) {
    // Loops in place of `pieces.map(…)`: the standard library's dozen functions behind it would be compiled for every `f`
    // and block, and were two thirds of what this crate was made of.
    let (mut whole, mut after) = ([&[][..]; N], pieces);
    for k in 0..N {
        (whole[k], after[k]) = pieces[k][..out.len()].as_chunks::<BLOCK>();
    }
    let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
    let zeros = [T::zero(); BLOCK];
    for (b, block) in blocks.iter_mut().enumerate() {
        let mut here = [&zeros; N];
        for k in 0..N {
            here[k] = &whole[k][b];
        }
        let mut results = [T::zero(); BLOCK];
        if (0..BLOCK).fold(true, |all, i| all & near(at(&here, i))) {
            for (i, result) in results.iter_mut().enumerate() {
                let x = at(&here, i);
                // So the compiler knows which branch `f` takes, and needs none.
                *result = if near(x) { f(x) } else { T::zero() };
            }
        } else {
            for (i, result) in results.iter_mut().enumerate() {
                *result = f(at(&here, i));
            }
        }
        *block = results;
    }
    (rest, after)
}

/// The element at this place of each block.
#[inline(always)]
#[allow(clippy::needless_range_loop)]
fn at<T: Real, const N: usize, const BLOCK: usize>(blocks: &[&[T; BLOCK]; N], i: usize) -> [T; N] {
    let mut x = [T::zero(); N];
    for k in 0..N {
        x[k] = blocks[k][i];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(shape: &[usize]) -> Tensor<f64> {
        Tensor::from_fn(shape, |i| i as f64)
    }

    #[test]
    fn general_path_equals_fast_path() {
        let (a, b) = (counting(&[3, 4, 5]), counting(&[3, 4, 5]).map(|x| x * 0.5));
        let views = |t: &Tensor<f64>| {
            [
                t.permute([2, 0, 1]),
                t.slice_step(1, 1..4, 2),
                t.slice_step(2, ..5, -1),
                t.slice(0, ..1).expand([6, 4, 5]),
            ]
        };
        for (a, b) in views(&a).iter().zip(&views(&b)) {
            let general = a.zip(b, |a, b| a - b);
            let fast = a.copied().zip(&b.copied(), |a, b| a - b);
            assert_eq!(general, fast);
            assert_eq!(a.copied().to_vec(), a.map(|x| x).to_vec());
        }
        assert_eq!(a.permute([2, 0, 1]).to_vec()[..4], [0.0, 5.0, 10.0, 15.0]);
    }

    #[test]
    fn large_and_small_walks_agree() {
        // More rows than one task takes, so the odometer starts in the middle.
        let a = counting(&[37, 20, 41]);
        let swapped = a.permute([1, 0, 2]).copied();
        let data = swapped.as_slice().unwrap();
        for (i, j, k) in [(0, 0, 0), (19, 36, 40), (7, 20, 3)] {
            assert_eq!(data[(i * 37 + j) * 41 + k], ((j * 20 + i) * 41 + k) as f64);
        }
    }

    #[test]
    fn long_rows_are_shared_out() {
        // Rows longer than a task takes, which begin and end in the middle of one.
        for shape in [[1, 2 * CHUNK + 7], [3, CHUNK + 5]] {
            let a = counting(&shape);
            let rows = counting(&[shape[0], 1]);
            let product = a.zip(&rows, |a, row| a * row);
            assert_eq!(product, Tensor::from_fn(shape, |i| i as f64 * (i / shape[1]) as f64));
        }
    }
}
