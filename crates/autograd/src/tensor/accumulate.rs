//! Adding in place: a whole tensor, or a part of one where it belongs.

use super::chunks::{CHUNK, LINE, for_each_chunk, piece};
use super::simd::vectorized;
use super::{Indices, Tensor};
use crate::Real;

impl<T: Real> Tensor<T> {
    /// Adds `other`, of the same shape, in place if this tensor is not shared.
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

    /// Adds row `k` of `part` to row `place(k)` along `axis`, where no two rows have one place: as
    /// [`accumulate`](Self::accumulate) does with an [`embed`](Self::embed)ded part, at the cost of the part alone.
    pub(crate) fn accumulate_rows(
        &mut self,
        part: &Self,
        axis: usize,
        place: impl Fn(usize) -> usize + Sync,
    ) {
        let inner: usize = self.shape[axis + 1..].iter().product();
        self.accumulate_blocks(part, axis, |_, out, part| {
            for (k, row) in part.chunks_exact(inner).enumerate() {
                let out = &mut out[place(k) * inner..][..inner];
                out.iter_mut().zip(row).for_each(|(y, &x)| *y += x);
            }
        });
    }

    /// Adds row `k` of `part` to row `index[k]` along `axis`: to the bit as [`accumulate`](Self::accumulate) does with an
    /// [`index_add`](Self::index_add)ed part, at the cost of the part alone.
    pub(crate) fn accumulate_index(&mut self, part: &Self, axis: usize, index: &[usize]) {
        let inner: usize = self.shape[axis + 1..].iter().product();
        let sorted = sorted_by(index.len(), |k| index[k]);
        self.accumulate_blocks(part, axis, |_, out, part| {
            for rows in sorted.chunk_by(|&a, &b| index[a] == index[b]) {
                let out = &mut out[index[rows[0]] * inner..][..inner];
                for (column, y) in out.iter_mut().enumerate() {
                    *y += sum(rows.iter().map(|k| part[k * inner + column]));
                }
            }
        });
    }

    /// Adds every element of `part` where its index along `axis` says: the same for
    /// [`scatter_add`](Self::scatter_add) onto zeros.
    pub(crate) fn accumulate_scattered(&mut self, part: &Self, axis: usize, index: &Indices) {
        let inner: usize = self.shape[axis + 1..].iter().product();
        self.accumulate_blocks(part, axis, |number, out, part| {
            let index = &index.as_slice()[number * part.len()..][..part.len()];
            let place = |from: usize| index[from] * inner + from % inner;
            for moves in sorted_by(part.len(), place).chunk_by(|&a, &b| place(a) == place(b)) {
                out[place(moves[0])] += sum(moves.iter().map(|&from| part[from]));
            }
        });
    }

    /// Calls `add` with the number of each block along the axis, the block of this tensor and that of `part`.
    fn accumulate_blocks(&mut self, part: &Self, axis: usize, add: impl Fn(usize, &mut [T], &[T]) + Sync) {
        if part.is_empty() {
            return;
        }
        let inner: usize = self.shape[axis + 1..].iter().product();
        let (block, len) = (self.shape[axis] * inner, part.shape[axis] * inner);
        let source = part.contiguous();
        let data = source.as_slice().expect("contiguous");
        let blocks = (CHUNK / len).max(1);
        for_each_chunk(self.make_mut(), blocks * block, |i, out| {
            let parts = data[i * blocks * len..].chunks_exact(len);
            for (number, (out, part)) in out.chunks_exact_mut(block).zip(parts).enumerate() {
                add(i * blocks + number, out, part);
            }
        });
    }
}

/// The numbers below `count`, in the order of their keys; of equal keys the smaller number first.
fn sorted_by(count: usize, key: impl Fn(usize) -> usize) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..count).collect();
    sorted.sort_by_key(|&k| key(k));
    sorted
}

/// The sum of numbers that belong to one place.
fn sum<T: Real>(numbers: impl Iterator<Item = T>) -> T {
    numbers.reduce(|sum, x| sum + x).expect("a place has one at least")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(shape: &[usize]) -> Tensor<f64> {
        Tensor::from_fn(shape, |i| i as f64)
    }

    #[test]
    fn accumulate_leaves_shared_tensors_alone() {
        let mut a = counting(&[2, 2]);
        let before = a.clone();
        a.accumulate(&counting(&[2, 2]).t());
        assert_eq!(a.to_vec(), [0.0, 3.0, 3.0, 6.0]);
        assert_eq!(before.to_vec(), [0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn rows_accumulate_where_they_are_placed() {
        let (part, before) = (counting(&[9000, 2]), counting(&[9000, 5]));
        let mut sum = before.clone();
        sum.accumulate_rows(&part.t().contiguous().t(), 1, |k| 3 - 2 * k);
        let mut expected = before.clone();
        expected.accumulate(&part.embed(1, 5, |k| 3 - 2 * k, 0.0));
        assert_eq!(sum, expected);
        assert_eq!(before, counting(&[9000, 5]), "others keep what they hold");
        let mut turned = counting(&[2, 3]).t();
        turned.accumulate_rows(&Tensor::ones([1, 2]), 0, |_| 2);
        assert_eq!(turned.to_vec(), [0.0, 3.0, 1.0, 4.0, 3.0, 6.0]);
        turned.accumulate_rows(&Tensor::ones([3, 0]), 1, |k| k);
        assert_eq!(turned.shape(), [3, 2]);
    }

    #[test]
    fn indexed_parts_are_added_to_the_bit() {
        // Irregular numbers: of these, the order of a sum shows.
        let irregular = |shape: &[usize]| Tensor::<f32>::from_fn(shape, |i| (i as f32 * 1.7).sin() / 3.0);
        for (before, part, axis) in
            [([7, 3, 2], [7, 5, 2], 1), ([4, 3, 1], [6, 3, 1], 0), ([2, 3, 4], [2, 3, 9], 2)]
        {
            let (before, part) = (irregular(&before), irregular(&part));
            let index: Vec<usize> =
                (0..part.shape()[axis]).map(|k| (k * k + 1) % before.shape()[axis]).collect();
            let (mut sum, mut expected) = (before.clone(), before.clone());
            sum.accumulate_index(&part, axis, &index);
            expected.accumulate(&part.index_add(axis, before.shape()[axis], &index));
            assert_eq!(sum, expected);

            let index = (0..part.len()).map(|i| (i * i + i / 3) % before.shape()[axis]).collect();
            let index = Indices::from_vec(part.shape(), index);
            let (mut sum, mut expected) = (before.clone(), before.clone());
            sum.accumulate_scattered(&part, axis, &index);
            expected.accumulate(&Tensor::zeros(before.shape()).scatter_add(axis, &index, &part));
            assert_eq!(sum, expected);
        }
    }
}
