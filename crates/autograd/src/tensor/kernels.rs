//! The loops: elementwise functions and copies. Those of sums are in `sums.rs`.
//!
//! Every kernel writes a contiguous result. It has one fast path (contiguous slices) and one
//! general path ([`Walk`], which steps through the rows of strided operands, a block at a time). Where elements do not
//! depend on each other, every thread gets as much. Sums are split at fixed places that do not depend on the number
//! of threads, and partial sums are combined in a fixed order: the same inputs give the same bits on any machine with
//! any number of threads.

use std::sync::{Mutex, PoisonError};

use smallvec::SmallVec;

use super::gemm::Matrix;
use super::simd::vectorized;
use super::threads::share;
use super::{Shape, Strides, Tensor, broadcast, cost};
use crate::Real;

/// The most elements handled by one task.
pub(super) const CHUNK: usize = 1 << 14;

/// Tasks begin at multiples of so many elements: whole cache lines.
const LINE: usize = 16;

/// Elements of a strided operand that are gathered before they are used. Long rows take large blocks (512 in place
/// of 128: W1 and W3 3 % faster); for rows of at most `SHORT`, clearing the room for one would cost more than the row.
const SHORT: usize = 32;
const LONG: usize = 512;

/// Where fewer elements lie is not worth a search.
const FEW: usize = 128;

/// Lines of a matrix turned round by one task.
const LINES: usize = 64;

/// Calls `task(i, piece)` for every piece of `out` of length `chunk`, in parallel if there are
/// several.
pub(super) fn for_each_chunk<T: Send>(out: &mut [T], chunk: usize, task: impl Fn(usize, &mut [T]) + Sync) {
    if out.len() <= chunk {
        return out.chunks_mut(chunk.max(1)).for_each(|all| task(0, all));
    }
    let count = out.len().div_ceil(chunk);
    let pieces = Mutex::new(out.chunks_mut(chunk).enumerate());
    share(count, |_| {
        let next = pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
        let (i, piece) = next.expect("one for each part");
        task(i, piece);
    });
}

/// The length of the pieces for [`for_each_chunk`] where work may be divided anywhere: a multiple of `unit`, at most
/// about `most`, and equally much for every thread. (128 × 784 elements in pieces of `CHUNK` would be four for one
/// thread and three for the other.)
pub(super) fn piece(len: usize, most: usize, unit: usize) -> usize {
    if len <= most {
        return most;
    }
    let pieces = len.div_ceil(most).next_multiple_of(rayon::current_num_threads());
    len.div_ceil(pieces).next_multiple_of(unit)
}

/// The rows of `N` operands of one shape, for reading them together in row-major order.
struct Walk<const N: usize> {
    /// Outer sizes; the innermost axis is `len`.
    outer: Shape,
    /// Strides of each operand along the outer axes.
    strides: [Strides; N],
    offsets: [usize; N],
    /// Length of a row, and the stride of each operand along it.
    len: usize,
    inner: [isize; N],
}

impl<const N: usize> Walk<N> {
    fn new<T: Real>(operands: [&Tensor<T>; N]) -> Self {
        // Neighbouring axes that every operand steps through evenly are merged into one.
        let mut shape = Shape::new();
        let mut strides: [Strides; N] = std::array::from_fn(|_| Strides::new());
        for (axis, &size) in operands[0].shape.iter().enumerate().filter(|(_, size)| **size != 1) {
            let even = |k: usize| strides[k].last() == Some(&(operands[k].strides[axis] * size as isize));
            let merge = (0..N).all(even);
            if merge {
                *shape.last_mut().expect("an even stride has an axis before it") *= size;
            } else {
                shape.push(size);
            }
            for (strides, operand) in strides.iter_mut().zip(operands) {
                if merge {
                    strides.pop();
                }
                strides.push(operand.strides[axis]);
            }
        }
        let len = shape.pop().unwrap_or(1);
        let inner = std::array::from_fn(|k| strides[k].pop().unwrap_or(1));
        Walk { outer: shape, strides, offsets: operands.map(|t| t.offset), len, inner }
    }

    /// Calls `visit(offsets of the row's first elements)` for rows `start..end`.
    fn rows(&self, start: usize, end: usize, mut visit: impl FnMut([usize; N])) {
        let mut index: SmallVec<[usize; 4]> = SmallVec::from_elem(0, self.outer.len());
        let mut rest = start;
        for (position, &size) in index.iter_mut().zip(&self.outer).rev() {
            *position = rest % size;
            rest /= size;
        }
        let mut at: [isize; N] = std::array::from_fn(|k| {
            let steps = index.iter().zip(&self.strides[k]);
            self.offsets[k] as isize + steps.map(|(&i, &stride)| i as isize * stride).sum::<isize>()
        });
        for _ in start..end {
            visit(at.map(|offset| offset as usize));
            // The odometer: advance the last axis, carry into the one before.
            for axis in (0..self.outer.len()).rev() {
                index[axis] += 1;
                let wrap = index[axis] == self.outer[axis];
                for (at, strides) in at.iter_mut().zip(&self.strides) {
                    *at += strides[axis] * if wrap { 1 - self.outer[axis] as isize } else { 1 };
                }
                if !wrap {
                    break;
                }
                index[axis] = 0;
            }
        }
    }
}

impl<const N: usize> Walk<N> {
    /// Fills `out` from the operands' elements number `start` and following, at most `BLOCK` of them at a time.
    fn fill<T: Real, const BLOCK: usize>(
        &self,
        buffers: [&[T]; N],
        start: usize,
        mut out: &mut [T],
        fill: &Fill<T, N>,
    ) {
        let (end, mut column) = (start + out.len(), start % self.len);
        let mut scratch = [[T::zero(); BLOCK]; N];
        // Of an operand that repeats one number along the row: where the number in its scratch comes from.
        let mut repeated = [usize::MAX; N];
        self.rows(start / self.len, end.div_ceil(self.len), |at| {
            let here = out.len().min(self.len - column);
            let row = out.split_off_mut(..here).expect("as long as was asked for");
            for (block, out) in row.chunks_mut(BLOCK).enumerate() {
                let (first, mut scratch) = (column + block * BLOCK, scratch.iter_mut());
                let pieces = std::array::from_fn(|k| {
                    let scratch = scratch.next().expect("one for each");
                    if self.inner[k] != 0 {
                        return gather(buffers[k], at[k], first, self.inner[k], &mut scratch[..out.len()]);
                    }
                    if repeated[k] != at[k] {
                        repeated[k] = at[k];
                        scratch[..BLOCK.min(self.len)].fill(buffers[k][at[k]]);
                    }
                    &scratch[..out.len()]
                });
                fill(out, &pieces);
            }
            column = 0;
        });
    }
}

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
    /// them: what follows finds it as this found those.
    #[track_caller]
    pub(crate) fn combine<const N: usize>(operands: [&Self; N], f: impl Fn([T; N]) -> T + Sync) -> Self {
        // All that depends on `f` is the innermost loop; the rest is compiled once for all functions.
        Tensor::combine_with(operands, &|out, pieces| fill(out, pieces, &f))
    }

    #[track_caller]
    fn combine_with<const N: usize>(operands: [&Self; N], fill: &Fill<T, N>) -> Self {
        if Tensor::are_few(operands) {
            return Tensor::build(&operands[0].shape, |out| Tensor::combine_few(operands, out, fill));
        }
        let Some(order) = common_order(operands) else { return Tensor::combine_in_order(operands, fill) };
        let mut back: SmallVec<[usize; 4]> = SmallVec::from_elem(0, order.len());
        order.iter().enumerate().for_each(|(place, &axis)| back[axis] = place);
        let operands = operands.map(|t| t.permute(&order));
        Tensor::combine_in_order(operands.each_ref(), fill).permute(back)
    }

    /// [`combine`](Self::combine) into memory that is there, for small models: less than `FEW` elements, in order or all
    /// the same. Whether they are so; else nothing is done.
    pub(crate) fn combine_into<const N: usize>(
        operands: [&Self; N],
        out: &mut [T],
        f: impl Fn([T; N]) -> T + Sync,
    ) -> bool {
        Tensor::are_few(operands) && {
            Tensor::combine_few(operands, out, &|out, pieces| fill(out, pieces, &f));
            true
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
    fn combine_in_order<const N: usize>(operands: [&Self; N], fill: &Fill<T, N>) -> Self {
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

    /// Whether it repeats a single number.
    pub(super) fn is_one_number(&self) -> bool {
        self.strides.iter().all(|&stride| stride == 0)
    }

    /// The axes from the slowest to the fastest in memory, if in that order the tensor is contiguous.
    fn order_in_memory(&self) -> Option<SmallVec<[usize; 4]>> {
        let mut order: SmallVec<[usize; 4]> = (0..self.rank()).collect();
        order.sort_by_key(|&axis| -self.strides[axis]);
        self.permute(&order).is_contiguous().then_some(order)
    }

    /// How to walk through this tensor if it is made of matrices that lie the other way round: reading them
    /// element by element would waste the cache.
    fn turned(&self) -> Option<Walk<1>> {
        let walk = Walk::new([self]);
        (walk.strides[0].last() == Some(&1) && walk.inner[0].abs() > 1).then_some(walk)
    }

    /// A contiguous copy.
    #[track_caller]
    pub(super) fn copied(&self) -> Self {
        let Some(walk) = self.turned() else {
            return Tensor::combine_in_order([self], &|out, [piece]| {
                out.copy_from_slice(&piece[..out.len()])
            });
        };
        let (&lines, outer) = walk.outer.split_last().expect("an axis for every stride");
        // In blocks, so that the cache serves both sides.
        cost::work(self.len());
        let together = if outer.is_empty() || lines.is_multiple_of(LINES) { LINES } else { lines };
        Tensor::build(&self.shape, |out| {
            for_each_chunk(out, together * walk.len, |task, out| {
                let (mut rest, mut offset) = (task * together / lines, walk.offsets[0] as isize);
                for (&size, &stride) in outer.iter().zip(&walk.strides[0]).rev() {
                    offset += (rest % size) as isize * stride;
                    rest /= size;
                }
                let (buffer, strides) = (self.buffer.as_slice(), [1, walk.inner[0]]);
                let matrix = Matrix { buffer, offset, shape: [lines, walk.len], strides };
                matrix.part(0, task * together % lines, out.len() / walk.len).copy_to(out);
            });
        })
    }

    /// Adds `other`, of the same shape, in place where nobody else holds this tensor.
    #[track_caller]
    pub(crate) fn accumulate(&mut self, other: &Self) {
        if !self.is_contiguous() {
            *self = Tensor::combine([self, other], |[x, y]| x + y);
            return;
        }
        let other = other.contiguous();
        let all = other.as_slice().expect("contiguous");
        let chunk = piece(all.len(), CHUNK, LINE);
        for_each_chunk(self.make_mut(), chunk, |i, out| {
            let start = i * chunk;
            vectorized(
                #[inline(always)]
                || out.iter_mut().zip(&all[start..]).for_each(|(y, &x)| *y += x),
            );
        });
    }
}

/// The order of axes in which most of the tensors are contiguous, of equally many the first's; `None` if that is
/// the usual one, or there is none.
fn common_order<T: Real, const N: usize>(tensors: [&Tensor<T>; N]) -> Option<SmallVec<[usize; 4]>> {
    if tensors[0].len() < FEW || tensors.iter().all(|t| t.is_contiguous()) {
        return None;
    }
    let followers = |order: &[usize]| tensors.iter().filter(|t| t.permute(order).is_contiguous()).count();
    let orders = tensors.iter().filter_map(|t| t.order_in_memory()).map(|order| (followers(&order), order));
    // Of several largest, `max_by_key` would return the last.
    let best = orders.rev().max_by_key(|(count, _)| *count)?.1;
    (!best.iter().copied().eq(0..best.len())).then_some(best)
}

/// Fills a slice from the first elements of each operand.
type Fill<'f, T, const N: usize> = dyn Fn(&mut [T], &[&[T]; N]) + Sync + 'f;

/// The innermost loop, for the machine's vectors.
fn fill<T: Real, const N: usize>(out: &mut [T], pieces: &[&[T]; N], f: &impl Fn([T; N]) -> T) {
    vectorized(
        #[inline(always)]
        || {
            let (out, pieces) = blocks::<T, N, 64>(out, *pieces, f);
            let (out, pieces) = blocks::<T, N, 16>(out, pieces, f);
            blocks::<T, N, 1>(out, pieces, f);
        },
    );
}

/// `f` of the elements at each place, in blocks of a fixed size as long as there are whole ones; and what is left.
/// Large blocks are four vectors to a compiler. What they leave over is done in small ones: 16 elements one by one
/// would take 10 ns. (Small ones alone would be unrolled and not vectorised.)
///
/// Results are in an array of their own until all of a block are there: so the compiler sees that nothing is
/// written which `f` reads.
#[inline(always)]
fn blocks<'d, T: Real, const N: usize, const BLOCK: usize>(
    out: &'d mut [T],
    pieces: [&'d [T]; N],
    f: &impl Fn([T; N]) -> T,
) -> (&'d mut [T], [&'d [T]; N]) {
    let pieces = pieces.map(|piece| piece[..out.len()].as_chunks::<BLOCK>());
    let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
    for (b, block) in blocks.iter_mut().enumerate() {
        let here = pieces.map(|(blocks, _)| &blocks[b]);
        let mut results = [T::zero(); BLOCK];
        for (i, result) in results.iter_mut().enumerate() {
            *result = f(here.map(|x| x[i]));
        }
        *block = results;
    }
    (rest, pieces.map(|(_, rest)| rest))
}

/// As many elements as `scratch` has of a row that starts at `start`, from number `first` on, `stride` apart in
/// memory: where they are, or gathered.
fn gather<'d, T: Real>(
    buffer: &'d [T],
    start: usize,
    first: usize,
    stride: isize,
    scratch: &'d mut [T],
) -> &'d [T] {
    let at = |i: usize| start.wrapping_add_signed((first + i) as isize * stride);
    if stride == 1 {
        return &buffer[at(0)..][..scratch.len()];
    }
    scratch.iter_mut().enumerate().for_each(|(i, y)| *y = buffer[at(i)]);
    scratch
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
                t.slice(1, 1, 4, 2),
                t.slice(2, 0, 5, -1),
                t.slice(0, 0, 1, 1).expand([6, 4, 5]),
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

    #[test]
    fn accumulate_leaves_shared_tensors_alone() {
        let mut a = counting(&[2, 2]);
        let before = a.clone();
        a.accumulate(&counting(&[2, 2]).t());
        assert_eq!(a.to_vec(), [0.0, 3.0, 3.0, 6.0]);
        assert_eq!(before.to_vec(), [0.0, 1.0, 2.0, 3.0]);
    }
}
