//! Picking elements by their index, and adding elements up where indices say.
//!
//! Along one axis a tensor looks like `[outer, size, inner]`: `outer` blocks of `size` rows, each of
//! `inner` elements that lie side by side.

use std::sync::Arc;

use super::chunks::{CHUNK, for_each_chunk};
use super::{Axis, Shape, Tensor};
use crate::Real;

/// Whole numbers that say where in a tensor something is: classes, words, places after sorting.
///
/// A plain value with a shape, cheap to clone. Nothing can be differentiated with respect to it, so
/// it is not on the tape.
///
/// ```
/// use autograd::Indices;
///
/// let words = Indices::from_vec([2, 3], vec![4, 0, 1, 1, 0, 2]);
/// assert_eq!((words.shape(), words.as_slice()[0]), (&[2, 3][..], 4));
/// assert_eq!(Indices::from([7, 8]).shape(), [2]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Indices {
    shape: Shape,
    data: Arc<[usize]>,
}

impl Indices {
    /// Indices of the given shape, in row-major order.
    ///
    /// # Panics
    /// If `data` does not have as many elements as the shape.
    #[track_caller]
    pub fn from_vec(shape: impl AsRef<[usize]>, data: Vec<usize>) -> Self {
        let shape = shape.as_ref();
        let (len, given) = (shape.iter().product::<usize>(), data.len());
        assert!(len == given, "from_vec: shape {shape:?} has {len} indices, but {given} were given");
        Indices { shape: Shape::from_slice(shape), data: data.into() }
    }

    /// The sizes of the axes, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of indices.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The indices in row-major order.
    pub fn as_slice(&self) -> &[usize] {
        &self.data
    }

    /// The indices as numbers, such as a tape holds.
    ///
    /// # Panics
    /// If one is so large that the numbers do not tell it from its neighbours: 2²⁴ in single precision.
    #[track_caller]
    pub fn numbers<T: Real>(&self) -> Tensor<T> {
        // ε is the distance from 1 to the next number, so up to 2/ε all whole numbers are there.
        let most = 2.0 / T::EPSILON.as_f64();
        if let Some(large) = self.data.iter().find(|&&index| index as f64 > most) {
            panic!("the index {large} is beyond {most}, up to which these numbers are exact; use `f64`");
        }
        Tensor::from_fn(&self.shape, |i| T::of(self.data[i] as f64))
    }

    /// The indices that these numbers are, for the operation of this name.
    #[track_caller]
    pub(crate) fn of<T: Real>(op: &str, numbers: &Tensor<T>) -> Self {
        let index = |number: &T| {
            let number = number.as_f64();
            let index = number as usize; // 0 for NaN and below 0, the largest beyond all
            if index as f64 != number {
                panic!("{op}: {number} is no index, which is a whole number from 0 on");
            }
            index
        };
        Indices { shape: numbers.shape().into(), data: numbers.to_vec().iter().map(index).collect() }
    }
}

impl From<&[usize]> for Indices {
    /// A list, of shape `[len]`.
    fn from(list: &[usize]) -> Self {
        Indices { shape: Shape::from_slice(&[list.len()]), data: list.into() }
    }
}

impl From<Vec<usize>> for Indices {
    /// A list, of shape `[len]`.
    fn from(list: Vec<usize>) -> Self {
        Indices::from(&list[..])
    }
}

impl<const N: usize> From<[usize; N]> for Indices {
    /// A list, of shape `[N]`.
    fn from(list: [usize; N]) -> Self {
        Indices::from(&list[..])
    }
}

/// Insists that every index is less than the size of the axis.
#[track_caller]
pub(crate) fn assert_in_range(op: &str, shape: &[usize], axis: usize, index: &[usize]) {
    let size = shape[axis];
    if let Some(wrong) = index.iter().find(|&&i| i >= size) {
        panic!(
            "{op}: index {wrong} is out of range for axis {axis} of shape {shape:?}, which has size {size}"
        );
    }
}

/// Insists that `index` has the shape of the tensor except along `axis`, and is in range there.
#[track_caller]
pub(crate) fn assert_picks(op: &str, shape: &[usize], axis: usize, index: &Indices) {
    let mut expected = Shape::from_slice(shape);
    if let Some(&count) = index.shape.get(axis) {
        expected[axis] = count;
    }
    if expected != index.shape {
        panic!("{op}: indices of shape {:?} do not fit {shape:?} outside axis {axis}", index.shape);
    }
    assert_in_range(op, shape, axis, &index.data);
}

impl<T: Real> Tensor<T> {
    /// The rows with the given indices, in that order, along one axis (negative axes count from the
    /// end). An index may be repeated.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// let a = Tensor::from_vec([2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    /// assert_eq!(a.index_select(1, &[2, 0]).to_vec(), [3.0, 1.0, 6.0, 4.0]);
    /// ```
    ///
    /// # Panics
    /// If the axis or an index is out of range.
    #[track_caller]
    pub fn index_select(&self, axis: impl Into<Axis>, index: &[usize]) -> Self {
        let axis = axis.into().of("index_select", &self.shape);
        assert_in_range("index_select", &self.shape, axis, index);
        self.rows(axis, index)
    }

    /// The same for indices that are known to be in range.
    #[track_caller]
    pub(crate) fn rows(&self, axis: usize, index: &[usize]) -> Self {
        let (size, count) = (self.shape[axis], index.len());
        let mut shape = self.shape.clone();
        shape[axis] = count;
        let inner: usize = shape[axis + 1..].iter().product();
        let rows = (CHUNK / inner.max(1)).max(1);
        let source = self.contiguous();
        let data = source.as_slice().expect("contiguous");
        Tensor::build(shape, |out| {
            for_each_chunk(out, rows * inner, |i, out| {
                for (row, out) in out.chunks_exact_mut(inner).enumerate() {
                    let row = i * rows + row;
                    let from = row / count * size + index[row % count];
                    out.copy_from_slice(&data[from * inner..][..inner]);
                }
            });
        })
    }

    /// Zeros of the given size along `axis`, with row `k` of this tensor added to row `index[k]`: the
    /// transpose of [`index_select`](Self::index_select). Equal indices add up, in order.
    #[track_caller]
    pub(crate) fn index_add(&self, axis: usize, size: usize, index: &[usize]) -> Self {
        let mut shape = self.shape.clone();
        shape[axis] = size;
        let outer: usize = shape[..axis].iter().product();
        let inner: usize = shape[axis + 1..].iter().product();
        let count = index.len();
        if inner == 1 && outer > 1 {
            // Rows of one number. The matrix is turned, so that they are long.
            return self.reshape([outer, count]).t().index_add(0, size, index).t().reshape(shape);
        }
        let source = self.contiguous();
        let data = source.as_slice().expect("contiguous");
        // Sorted by where they go, so that every task finds the rows that concern it.
        let mut sorted: Vec<usize> = (0..count).collect();
        sorted.sort_by_key(|&k| index[k]);
        // Where among them the rows begin that go to the first place, to the second, and so on.
        let mut starts = vec![0; size + 1];
        index.iter().for_each(|&to| starts[to + 1] += 1);
        (0..size).for_each(|to| starts[to + 1] += starts[to]);
        let rows = (CHUNK / inner.max(1)).max(1);
        Tensor::build(shape, |out| {
            for_each_chunk(out, rows * inner, |i, out| {
                out.fill(T::zero());
                let (mut block, mut to) = (i * rows / size, i * rows % size);
                for out in out.chunks_exact_mut(inner) {
                    for &k in &sorted[starts[to]..starts[to + 1]] {
                        let row = &data[(block * count + k) * inner..][..inner];
                        out.iter_mut().zip(row).for_each(|(y, &x)| *y += x);
                    }
                    to += 1;
                    if to == size {
                        (block, to) = (block + 1, 0);
                    }
                }
            });
        })
    }

    /// One element for each index: the one at the same place, except along `axis` (negative axes
    /// count from the end), where the index says. For a matrix and axis 1, `y[i, j] = x[i, index[i, j]]`.
    ///
    /// # Panics
    /// If the axis or an index is out of range, or `index` has another shape outside the axis.
    #[track_caller]
    pub fn gather(&self, axis: impl Into<Axis>, index: &Indices) -> Self {
        let axis = axis.into().of("gather", &self.shape);
        assert_picks("gather", &self.shape, axis, index);
        let (size, count) = (self.shape[axis], index.shape[axis]);
        let inner: usize = self.shape[axis + 1..].iter().product();
        let rows = (CHUNK / inner.max(1)).max(1);
        let source = self.contiguous();
        let data = source.as_slice().expect("contiguous");
        Tensor::build(&index.shape, |out| {
            for_each_chunk(out, rows * inner, |i, out| {
                let index = index.data[i * rows * inner..].chunks_exact(inner);
                for (row, (out, index)) in out.chunks_exact_mut(inner).zip(index).enumerate() {
                    let block = &data[(i * rows + row) / count * size * inner..];
                    for (column, (y, &from)) in out.iter_mut().zip(index).enumerate() {
                        *y = block[from * inner + column];
                    }
                }
            });
        })
    }

    /// This tensor with every element of `source` added where its index along `axis` says. Onto zeros it is the transpose
    /// of [`gather`](Self::gather). Equal indices add up, in order.
    #[track_caller]
    pub(crate) fn scatter_add(&self, axis: usize, index: &Indices, source: &Self) -> Self {
        let inner: usize = self.shape[axis + 1..].iter().product();
        let (block, len) = (self.shape[axis] * inner, source.shape[axis] * inner);
        let number = self.buffer.as_slice().get(self.offset).copied().filter(|_| self.is_one_number());
        let (base, source) =
            (if number.is_some() { self.clone() } else { self.contiguous() }, source.contiguous());
        let data = source.as_slice().expect("contiguous");
        let blocks = (CHUNK / block.max(1)).max(1);
        Tensor::build(&self.shape, |out| {
            for_each_chunk(out, blocks * block, |i, out| {
                match number {
                    Some(number) => out.fill(number),
                    None => {
                        let base = base.as_slice().expect("contiguous");
                        out.copy_from_slice(&base[i * blocks * block..][..out.len()]);
                    }
                }
                for (number, out) in out.chunks_exact_mut(block).enumerate() {
                    let start = (i * blocks + number) * len;
                    let moves = data[start..start + len].iter().zip(&index.data[start..start + len]);
                    for (from, (&x, &to)) in moves.enumerate() {
                        out[to * inner + from % inner] += x;
                    }
                }
            });
        })
    }
}

#[cfg(test)]
mod tests;
