//! Images moved a little, so that a model sees more places than the training set has.

use autograd::Tensor;
use rand::RngExt;

use crate::random::{Purpose, generator};

/// Moves every image by a whole number of pixels in each direction, from `−pixels` to `pixels`, all equally
/// likely (Simard et al. 2003). What comes in at an edge is 0. The moves are new in every epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shift {
    /// The longest move in each direction; 0 leaves everything as it is.
    pub pixels: usize,
    /// Height and width of the images.
    pub image: [usize; 2],
}

impl Shift {
    /// The moved batch, `[examples, height · width]` like `x`. Row `i` is example `examples[i]`; `seed` is
    /// that of the run.
    ///
    /// # Panics
    /// If there are not as many rows as examples, or they are no images of this size.
    #[track_caller]
    pub fn apply(&self, x: &Tensor<f32>, seed: u64, epoch: u64, examples: &[usize]) -> Tensor<f32> {
        let [height, width] = self.image;
        let expected = [examples.len(), height * width];
        assert!(*x.shape() == expected, "Shift: images of shape {:?}, not {expected:?}", x.shape());
        if self.pixels == 0 {
            return x.clone();
        }
        let source = x.contiguous();
        let images = source.as_slice().expect("contiguous").chunks_exact((height * width).max(1));
        Tensor::build(expected, |out| {
            for ((moved, image), &example) in out.chunks_exact_mut(height * width).zip(images).zip(examples) {
                let mut from = generator(seed, Purpose::Augment, epoch, example as u64);
                let reach = self.pixels as i64;
                let [down, right] = [(); 2].map(|()| from.random_range(-reach..=reach));
                let inside = |at: usize, by: i64, size: usize| {
                    at.checked_add_signed(-by as isize).filter(|&source| source < size)
                };
                for (row, line) in moved.chunks_exact_mut(width).enumerate() {
                    let above = inside(row, down, height);
                    for (column, pixel) in line.iter_mut().enumerate() {
                        let place = above.zip(inside(column, right, width));
                        *pixel = place.map_or(0.0, |(row, column)| image[row * width + column]);
                    }
                }
            }
        })
    }
}
