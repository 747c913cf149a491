//! Ways to fit pictures of other proportions than those that are wanted.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// The way in which a picture of other proportions fills the size that is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// Its height and its width are scaled on their own.
    #[default]
    Stretch,
    /// Its middle is cut out in the proportions that are wanted.
    Crop,
    /// All of it is seen, with white borders.
    Pad,
}

/// The part of a picture that is used, and its place in the picture that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    /// Rows and columns that are used.
    pub(super) used: [Range<usize>; 2],
    /// The height and width that these are scaled to.
    pub(super) size: [usize; 2],
    /// The height and width that are wanted.
    pub(super) wanted: [usize; 2],
}

impl Fit {
    /// The frame of a picture of this height and width, both as they are seen.
    pub(super) fn frame(self, [height, width]: [usize; 2], wanted: [usize; 2]) -> Frame {
        let [high, wide] = wanted;
        let whole = [0..height, 0..width];
        // `a · b / c`, rounded, and at least 1.
        let part = |a: usize, b: usize, c: usize| {
            ((2 * a as u128 * b as u128 / c as u128).div_ceil(2) as usize).max(1)
        };
        match self {
            Fit::Stretch => Frame { used: whole, size: wanted, wanted },
            Fit::Crop => {
                let size = [height.min(part(width, high, wide)), width.min(part(height, wide, high))];
                let rows = middle(height, size[0]);
                Frame { used: [rows, middle(width, size[1])], size: wanted, wanted }
            }
            Fit::Pad => {
                let size = [high.min(part(wide, height, width)), wide.min(part(high, width, height))];
                Frame { used: whole, size, wanted }
            }
        }
    }

    /// A word for it: `stretched to`.
    pub(super) fn done(self) -> &'static str {
        match self {
            Fit::Stretch => "stretched to",
            Fit::Crop => "cropped for",
            Fit::Pad => "given white borders for",
        }
    }
}

impl Frame {
    /// The picture that is wanted, of the part that is used, channels first.
    pub(super) fn fill(&self, part: Vec<f32>) -> Vec<f32> {
        let ([height, width], [high, wide]) = (self.size, self.wanted);
        if self.size == self.wanted {
            return part;
        }
        let (rows, columns) = (middle(high, height), middle(wide, width));
        let mut picture = vec![1.0; part.len() / (height * width) * high * wide];
        for (from, to) in part.chunks_exact(height * width).zip(picture.chunks_exact_mut(high * wide)) {
            for (row, values) in rows.clone().zip(from.chunks_exact(width)) {
                to[row * wide..][columns.clone()].copy_from_slice(values);
            }
        }
        picture
    }
}

/// The middle `part` of so many.
fn middle(all: usize, part: usize) -> Range<usize> {
    let start = (all - part) / 2;
    start..start + part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_keeps_proportions() {
        let frame = |fit: Fit, from, wanted| {
            let Frame { used, size, .. } = fit.frame(from, wanted);
            (used, size)
        };
        assert_eq!(frame(Fit::Stretch, [4, 10], [3, 3]), ([0..4, 0..10], [3, 3]));
        assert_eq!(frame(Fit::Crop, [4, 10], [3, 3]), ([0..4, 3..7], [3, 3]));
        assert_eq!(frame(Fit::Crop, [10, 4], [2, 4]), ([4..6, 0..4], [2, 4]));
        assert_eq!(frame(Fit::Pad, [4, 10], [5, 5]), ([0..4, 0..10], [2, 5]));
        assert_eq!(frame(Fit::Pad, [1, 1000], [8, 8]), ([0..1, 0..1000], [1, 8]));
        for fit in [Fit::Stretch, Fit::Crop, Fit::Pad] {
            assert_eq!(frame(fit, [6, 8], [3, 4]), ([0..6, 0..8], [3, 4]), "{fit:?}");
        }
    }

    #[test]
    fn borders_are_white_and_in_every_channel() {
        let frame = Fit::Pad.frame([1, 2], [4, 2]);
        let picture = frame.fill(vec![0.1, 0.2, 0.3, 0.4]);
        assert_eq!(picture, [1., 1., 0.1, 0.2, 1., 1., 1., 1., 1., 1., 0.3, 0.4, 1., 1., 1., 1.]);
    }
}
