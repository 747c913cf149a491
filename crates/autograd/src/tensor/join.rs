//! Writing tensors into larger ones.
//!
//! Along one axis a tensor looks like `[outer, size, inner]`: `outer` blocks of `size` rows, each of
//! `inner` elements that lie side by side.

use super::chunks::{CHUNK, for_each_chunk};
use super::{Axis, Shape, Tensor};
use crate::Real;

impl<T: Real> Tensor<T> {
    /// Tensors joined along one axis (negative axes count from the end).
    ///
    /// ```
    /// # use autograd::Tensor;
    /// let (a, b) = (Tensor::<f64>::zeros([2, 1]), Tensor::ones([2, 2]));
    /// assert_eq!(Tensor::concat(&[&a, &b], 1).to_vec(), [0.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If there are none, the axis is out of range, or the other axes differ.
    #[track_caller]
    pub fn concat(parts: &[&Self], axis: impl Into<Axis>) -> Self {
        let [first, others @ ..] = parts else { panic!("concat: there is nothing to join") };
        let axis = axis.into().of("concat", &first.shape);
        let mut shape = first.shape.clone();
        for part in others {
            let rank = part.rank();
            if rank != shape.len() || (0..rank).any(|a| a != axis && part.shape[a] != shape[a]) {
                panic!("concat: shapes {:?} and {:?} differ outside axis {axis}", first.shape, part.shape);
            }
            shape[axis] += part.shape[axis];
        }
        let inner: usize = shape[axis + 1..].iter().product();
        let block = shape[axis] * inner;
        // Not in a closure, where a panic would not name the caller's line.
        let mut sources = vec![];
        for part in parts {
            sources.push(part.contiguous());
        }
        let blocks = (CHUNK / block.max(1)).max(1);
        Tensor::build(&shape, |out| {
            for_each_chunk(out, blocks * block, |i, out| {
                for (number, out) in out.chunks_exact_mut(block).enumerate() {
                    let mut rest = out;
                    for part in &sources {
                        let len = part.shape[axis] * inner;
                        let (here, after) = rest.split_at_mut(len);
                        let data = part.as_slice().expect("contiguous");
                        here.copy_from_slice(&data[(i * blocks + number) * len..][..len]);
                        rest = after;
                    }
                }
            });
        })
    }

    /// A tensor filled with `value` whose size along `axis` is `size`, with row `k` of this one
    /// written to row `place(k)`.
    #[track_caller]
    pub(crate) fn embed(
        &self,
        axis: usize,
        size: usize,
        place: impl Fn(usize) -> usize + Sync,
        value: T,
    ) -> Self {
        let mut shape = Shape::from_slice(&self.shape);
        shape[axis] = size;
        let inner: usize = shape[axis + 1..].iter().product();
        let (block, len) = (size * inner, self.shape[axis] * inner);
        let source = self.contiguous();
        let data = source.as_slice().expect("contiguous");
        let blocks = (CHUNK / block.max(1)).max(1);
        Tensor::build(shape, |out| {
            for_each_chunk(out, blocks * block, |i, out| {
                out.fill(value);
                for (number, out) in out.chunks_exact_mut(block).enumerate() {
                    let rows = data[(i * blocks + number) * len..][..len].chunks_exact(inner);
                    for (k, row) in rows.enumerate() {
                        out[place(k) * inner..][..inner].copy_from_slice(row);
                    }
                }
            });
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(shape: &[usize]) -> Tensor<f64> {
        Tensor::from_fn(shape, |i| i as f64)
    }

    #[test]
    fn joined_along_any_axis() {
        let (a, b) = (counting(&[2, 3]), counting(&[3, 2]).t());
        assert_eq!(Tensor::concat(&[&a, &b], 0).shape(), [4, 3]);
        assert_eq!(Tensor::concat(&[&a, &b], 0).to_vec()[6..], [0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
        let rows = [0.0, 1.0, 2.0, 0.0, 2.0, 4.0, 3.0, 4.0, 5.0, 1.0, 3.0, 5.0];
        assert_eq!(Tensor::concat(&[&a, &b], -1).to_vec(), rows);
        assert_eq!(Tensor::concat(&[&a, &counting(&[2, 0])], 1), a);
        assert_eq!(Tensor::concat(&[&counting(&[0, 2]), &counting(&[0, 1])], 1).shape(), [0, 3]);
        let (long, wide) = (counting(&[7000, 3]), counting(&[7000, 2]));
        let both = Tensor::concat(&[&long, &wide], 1);
        assert_eq!((both.slice(1, ..3), both.slice(1, 3..5)), (long, wide));
    }

    #[test]
    fn embedded_in_many_blocks() {
        let a = counting(&[9000, 2]);
        let wide = a.embed(1, 4, |k| 3 - 2 * k, -1.0);
        assert_eq!(wide.slice_step(1, 1..4, -2), a);
        assert_eq!(wide.slice_step(1, ..4, 2), Tensor::full([9000, 2], -1.0));
        assert_eq!(counting(&[2, 0]).embed(1, 2, |k| k, 1.0), Tensor::ones([2, 2]));
        assert_eq!(counting(&[2, 0]).embed(0, 3, |k| k, 1.0).shape(), [3, 0]);
    }

    #[test]
    #[should_panic(expected = "concat: shapes [2, 3] and [2, 4] differ outside axis 0")]
    fn other_axes_differ() {
        Tensor::concat(&[&counting(&[2, 3]), &counting(&[2, 4])], 0);
    }

    #[test]
    #[should_panic(expected = "concat: there is nothing to join")]
    fn nothing_to_join() {
        Tensor::<f64>::concat(&[], 0);
    }
}
