//! Pictures changed so that they stay what they are: mirrored, moved, cropped, in another light.

use autograd::Tensor;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::random::{Generator, Purpose, generator};
use crate::{Error, Result};

/// Changes to pictures of any channels, drawn anew for every picture in every epoch. The default changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Distort {
    /// Whether half of the pictures are mirrored, left and right.
    pub flip: bool,
    /// The longest move in each direction, in pixels. What comes in at an edge is the mirror image of what is there.
    pub shift: usize,
    /// The least side of a crop, above 0 and at most 1, in sides of the picture. A crop lies anywhere in the picture and is
    /// enlarged to its size.
    pub crop: f64,
    /// The largest change of brightness, from 0 to 1: a number up to so far from 0 that is added to all values.
    pub brightness: f64,
}

impl Default for Distort {
    fn default() -> Self {
        Distort { flip: false, shift: 0, crop: 1.0, brightness: 0.0 }
    }
}

impl Distort {
    /// Whether nothing is changed.
    pub fn is_none(&self) -> bool {
        *self == Distort::default()
    }

    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// With one sentence that names the setting.
    pub fn check(&self) -> Result<()> {
        if !(self.crop > 0.0 && self.crop <= 1.0) {
            let problem =
                format!("a crop is a part of a picture, above 0 and at most 1, and not {}", self.crop);
            return Err(Error::setting("crop", problem));
        }
        if !(0.0..=1.0).contains(&self.brightness) {
            let problem =
                format!("a change of brightness lies between 0 and 1, and is not {}", self.brightness);
            return Err(Error::setting("brightness", problem));
        }
        Ok(())
    }

    /// The changed batch, `[examples, channels · height · width]` like `x`; `shape` is channels, height and width. Row `i` is
    /// example `examples[i]`; `seed` is that of the run. Values from 0 to 1 stay there.
    ///
    /// # Panics
    /// If there are not as many rows as examples, or they are no pictures of this shape.
    #[track_caller]
    pub fn apply(
        &self,
        x: &Tensor<f32>,
        shape: [usize; 3],
        seed: u64,
        epoch: u64,
        examples: &[usize],
    ) -> Tensor<f32> {
        let width = shape.iter().product::<usize>();
        let expected = [examples.len(), width];
        assert!(*x.shape() == expected, "Distort: pictures of shape {:?}, not {expected:?}", x.shape());
        if self.is_none() {
            return x.clone();
        }
        let source = x.contiguous();
        let pictures = source.as_slice().expect("contiguous").chunks_exact(width.max(1));
        Tensor::build(expected, |out| {
            for ((changed, picture), &example) in
                out.chunks_exact_mut(width.max(1)).zip(pictures).zip(examples)
            {
                self.drawn(shape, &mut generator(seed, Purpose::Augment, epoch, example as u64))
                    .apply(picture, changed, shape);
            }
        })
    }

    fn drawn(&self, [_, height, width]: [usize; 3], from: &mut Generator) -> Change {
        let flip = self.flip && from.random();
        let side = if self.crop < 1.0 { from.random_range(self.crop..=1.0) } else { 1.0 };
        let reach = self.shift as i64;
        let mut along = |length: usize| {
            let moved = if reach > 0 { from.random_range(-reach..=reach) as f64 } else { 0.0 };
            let place = if side < 1.0 { from.random::<f64>() * (1.0 - side) * length as f64 } else { 0.0 };
            // Pixels are counted from their centres.
            Line { first: place - moved + 0.5 * (side - 1.0), step: side }
        };
        let [rows, columns] = [along(height), along(width)];
        let light =
            if self.brightness > 0.0 { from.random_range(-self.brightness..=self.brightness) } else { 0.0 };
        Change { flip, rows, columns, light: light as f32 }
    }
}

/// Where the pixels along an axis come from: pixel `i` from the place `first + i · step`.
#[derive(Clone, Copy, Debug)]
struct Line {
    first: f64,
    step: f64,
}

impl Line {
    /// The two pixels around the place of a pixel, and the share of the second.
    fn of(self, pixel: usize, length: usize) -> ([usize; 2], f32) {
        let place = self.first + pixel as f64 * self.step;
        let before = place.floor();
        ([0, 1].map(|next| mirrored(before as isize + next, length)), (place - before) as f32)
    }
}

/// The place in a picture or its mirror images, which repeat the pixel at the edge: `1 0 0 1 2 2 1`.
fn mirrored(at: isize, length: usize) -> usize {
    let at = at.rem_euclid(2 * length as isize) as usize;
    at.min(2 * length - 1 - at)
}

/// A change as it was drawn.
#[derive(Clone, Copy, Debug)]
struct Change {
    flip: bool,
    rows: Line,
    columns: Line,
    light: f32,
}

impl Change {
    fn apply(self, from: &[f32], to: &mut [f32], [_, height, width]: [usize; 3]) {
        let within = from.iter().all(|value| (0.0..=1.0).contains(value));
        let columns: Vec<_> = (0..width)
            .map(|column| self.columns.of(if self.flip { width - 1 - column } else { column }, width))
            .collect();
        let plane = (height * width).max(1);
        for (from, to) in from.chunks_exact(plane).zip(to.chunks_exact_mut(plane)) {
            for (row, line) in to.chunks_exact_mut(width).enumerate() {
                let (rows, down) = self.rows.of(row, height);
                let [above, below] = rows.map(|row| &from[row * width..][..width]);
                for (&([left, right], across), value) in columns.iter().zip(line) {
                    let mix = |a: f32, b: f32, share: f32| if share == 0.0 { a } else { a + share * (b - a) };
                    let [top, bottom] = [above, below].map(|line| mix(line[left], line[right], across));
                    *value = mix(top, bottom, down) + self.light;
                    if within {
                        *value = value.clamp(0.0, 1.0);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: [usize; 3] = [3, 6, 5];

    fn pictures(count: usize) -> Tensor<f32> {
        Tensor::from_fn([count, 90], |i| ((i * 37) % 101) as f32 / 100.0)
    }

    fn changed(distort: Distort, seed: u64, epoch: u64, examples: &[usize]) -> Vec<f32> {
        let x = pictures(20).index_select(0, examples);
        distort.apply(&x, SHAPE, seed, epoch, examples).to_vec()
    }

    #[test]
    fn half_are_mirrored_and_every_channel_alike() {
        let distort = Distort { flip: true, ..Distort::default() };
        let all: Vec<usize> = (0..20).collect();
        let (before, after) = (pictures(20).to_vec(), changed(distort, 1, 0, &all));
        let mut flipped = 0;
        for (before, after) in before.chunks(90).zip(after.chunks(90)) {
            let mirror: Vec<f32> = before.chunks(5).flat_map(|line| line.iter().rev().copied()).collect();
            flipped += usize::from(after == mirror);
            assert!(after == before || after == mirror);
        }
        assert!((5..=15).contains(&flipped), "{flipped}");
    }

    #[test]
    fn moves_are_whole_and_crops_lie_inside() {
        let shifted = changed(Distort { shift: 2, ..Distort::default() }, 1, 0, &[3]);
        let before = pictures(20).to_vec()[270..360].to_vec();
        let fits = |down: isize, right: isize| {
            (0..90).all(|i| {
                let (plane, row, column) = (i / 30, (i / 5 % 6) as isize, (i % 5) as isize);
                let place = mirrored(row - down, 6) * 5 + mirrored(column - right, 5);
                shifted[i] == before[plane * 30 + place]
            })
        };
        let found = (-2..=2).flat_map(|down| (-2..=2).map(move |right| (down, right)));
        assert_eq!(found.filter(|&(down, right)| fits(down, right)).count(), 1);
        // A ramp stays one under a crop: its ends lie in the picture, its slope shrinks.
        let ramp = Tensor::from_fn([1, 90], |i| (i % 5) as f32 / 4.0);
        let crop = Distort { crop: 0.5, ..Distort::default() };
        for epoch in 0..20 {
            let line = crop.apply(&ramp, SHAPE, 1, epoch, &[0]).to_vec()[..5].to_vec();
            let slope = line[2] - line[1];
            assert!((0.12..=0.2501).contains(&slope), "{line:?}");
            assert!(line[0] >= 0.0 && line[4] <= 1.0 && (line[3] - line[2] - slope).abs() < 1e-5);
        }
    }

    #[test]
    fn light_is_added_and_stays_in_range() {
        let distort = Distort { brightness: 0.3, ..Distort::default() };
        let (before, after) = (pictures(20).to_vec(), changed(distort, 2, 5, &[4]));
        let inside = before[360..450].iter().zip(&after).filter(|(_, after)| **after > 0.0 && **after < 1.0);
        let steps: Vec<f32> = inside.map(|(before, after)| after - before).collect();
        assert!(
            steps.len() > 40 && steps.iter().all(|step| (step - steps[0]).abs() < 1e-6 && step.abs() <= 0.3)
        );
        assert!(after.iter().all(|value| (0.0..=1.0).contains(value)));
    }

    #[test]
    fn changes_belong_to_the_example_and_the_epoch() {
        let distort = Distort { flip: true, shift: 3, crop: 0.6, brightness: 0.2 };
        let alone = changed(distort, 1, 2, &[7]);
        assert_eq!(changed(distort, 1, 2, &[2, 7])[90..], alone[..]);
        assert!(changed(distort, 1, 3, &[7]) != alone && changed(distort, 2, 2, &[7]) != alone);
        assert_eq!(changed(Distort::default(), 1, 2, &[7]), pictures(20).to_vec()[630..720]);
        for bad in [Distort { crop: 0.0, ..distort }, Distort { brightness: f64::NAN, ..distort }] {
            assert!(bad.check().is_err());
        }
    }
}
