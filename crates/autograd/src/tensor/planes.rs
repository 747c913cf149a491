//! Moving pixels within planes. A plane is one channel of one image: the last two axes of
//! `[batch, channels, height, width]`.

use super::chunks::for_each_chunk;
use super::{Indices, Tensor};
use crate::Real;

impl<T: Real> Tensor<T> {
    /// Pixels of each plane, given as positions in their plane, which have the shape of the result.
    #[track_caller]
    pub(crate) fn pick(&self, positions: &Indices) -> Self {
        let (positions, shape) = (positions.as_slice(), positions.shape());
        let source = self.contiguous();
        let data = source.as_slice().expect("contiguous");
        let (from, to) = (self.shape[2] * self.shape[3], shape[2] * shape[3]);
        Tensor::build(shape, |out| {
            for_each_chunk(out, to, |plane, out| {
                let (data, positions) = (&data[plane * from..], &positions[plane * to..]);
                out.iter_mut().zip(positions).for_each(|(y, &position)| *y = data[position]);
            });
        })
    }

    /// The transpose of [`pick`](Self::pick): adds every element to the pixel it was picked from, in planes of this size.
    #[track_caller]
    pub(crate) fn spread(&self, positions: &Indices, size: [usize; 2]) -> Self {
        let (positions, shape) = (positions.as_slice(), [self.shape[0], self.shape[1], size[0], size[1]]);
        let source = self.contiguous();
        let data = source.as_slice().expect("contiguous");
        let (from, to) = (self.shape[2] * self.shape[3], shape[2] * shape[3]);
        Tensor::build(shape, |out| {
            for_each_chunk(out, to, |plane, out| {
                out.fill(T::zero());
                let share = plane * from..(plane + 1) * from;
                for (&y, &position) in data[share.clone()].iter().zip(&positions[share]) {
                    out[position] += y;
                }
            });
        })
    }

    /// The position, in its plane, of the largest pixel in each of `output` windows. The first one
    /// (row by row) wins a tie; a NaN wins against numbers.
    pub(crate) fn largest_in_windows(
        &self,
        size: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
        output: [usize; 2],
    ) -> Vec<usize> {
        let source = self.contiguous();
        let data = source.as_slice().expect("contiguous");
        let [height, width] = [self.shape[2], self.shape[3]];
        let area = output[0] * output[1];
        // Pixels under window `i` along one axis; the padding holds no pixels.
        let span = |axis: usize, i: usize, limit: usize| {
            let start = i * stride[axis];
            start.saturating_sub(padding[axis])..(start + size[axis] - padding[axis]).min(limit)
        };
        let mut positions = vec![0; self.shape[0] * self.shape[1] * area];
        for_each_chunk(&mut positions, area, |plane, positions| {
            let data = &data[plane * height * width..];
            for (i, position) in positions.iter_mut().enumerate() {
                let columns = span(1, i % output[1], width);
                let mut best = None;
                for y in span(0, i / output[1], height) {
                    for at in columns.clone().map(|x| y * width + x) {
                        let (x, largest) = (data[at], best.map_or(T::zero(), |best: usize| data[best]));
                        if best.is_none() || x > largest || is_nan(x) && !is_nan(largest) {
                            best = Some(at);
                        }
                    }
                }
                *position = best.expect("every window covers a pixel");
            }
        });
        positions
    }
}

fn is_nan<T: Real>(x: T) -> bool {
    x.partial_cmp(&x).is_none()
}
