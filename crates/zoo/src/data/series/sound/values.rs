//! Facts about the values of sounds: moments, by which they are scaled, and histograms, by which they are described.

use std::path::Path;

use nn::{Error, Result};

use super::super::super::Scale;
use super::super::Track;

/// Moments of the values of each channel, which are learnt before the cuts.
pub(super) struct Learnt {
    count: f64,
    sums: Vec<f64>,
    squares: Vec<f64>,
    ranges: Vec<[f32; 2]>,
}

impl Learnt {
    pub(super) fn of(tracks: &[Track], cuts: &[usize], channels: usize) -> Self {
        let nothing = [f32::INFINITY, f32::NEG_INFINITY];
        let (mut sums, mut squares, mut ranges) =
            (vec![0.0; channels], vec![0.0; channels], vec![nothing; channels]);
        for (track, cut) in tracks.iter().zip(cuts) {
            for frame in track.values[..cut * channels].chunks(channels) {
                for (channel, &x) in frame.iter().enumerate() {
                    sums[channel] += f64::from(x);
                    squares[channel] += f64::from(x) * f64::from(x);
                    let [low, high] = ranges[channel];
                    ranges[channel] = [low.min(x), high.max(x)];
                }
            }
        }
        Learnt { count: cuts.iter().sum::<usize>().max(1) as f64, sums, squares, ranges }
    }

    pub(super) fn means(&self) -> Vec<f64> {
        self.sums.iter().map(|sum| sum / self.count).collect()
    }

    /// Shift and scale, which all channels share. Those of `standard` make the mean square 1 and leave silence at 0.
    pub(super) fn scale(
        &self,
        path: &Path,
        how: Scale,
        names: &[String],
        notes: &mut Vec<String>,
    ) -> Result<[Vec<f64>; 2]> {
        let is_constant = |[low, high]: &[f32; 2]| low >= high;
        for (range, name) in self.ranges.iter().zip(names).filter(|(range, _)| is_constant(range)) {
            notes.push(format!("{name} is constant ({}) in the sounds for training", range[0]));
        }
        if self.ranges.iter().all(is_constant) {
            let problem = "the sounds for training are silent: all of their values are the same, so there is nothing to learn";
            return Err(Error::file(path, problem));
        }
        let ends = self.ranges.iter().fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], range| {
            [low.min(range[0]), high.max(range[1])]
        });
        let [low, high] = ends.map(f64::from);
        let power = self.squares.iter().sum::<f64>() / (self.count * self.squares.len() as f64);
        Ok(match how {
            Scale::None => [vec![], vec![]],
            Scale::Auto | Scale::Standard => [vec![0.0], vec![power.sqrt()]],
            Scale::MinMax => [vec![low], vec![high - low]],
        })
    }
}

/// Values of a channel, as a histogram: whatever the length of the sounds, it takes no more memory.
pub(in crate::data) struct Levels {
    pub(in crate::data) name: String,
    pub(in crate::data) range: [f64; 2],
    sum: f64,
    counts: Vec<u64>,
}

/// Levels of a histogram from −1 to 1, those of 16 bits.
const LEVELS: usize = 1 << 16;

impl Levels {
    pub(super) fn new(name: String) -> Self {
        Levels { name, range: [f64::INFINITY, f64::NEG_INFINITY], sum: 0.0, counts: vec![0; LEVELS] }
    }

    pub(super) fn add(&mut self, value: f32) {
        let x = f64::from(value);
        self.range = [self.range[0].min(x), self.range[1].max(x)];
        self.sum += x;
        let half = LEVELS as f64 / 2.0;
        self.counts[((x * half + half).round().max(0.0) as usize).min(LEVELS - 1)] += 1;
    }

    /// Mean, and median up to the step of 16 bits.
    pub(in crate::data) fn centres(&self) -> [f64; 2] {
        let all: u64 = self.counts.iter().sum();
        let mut below = 0;
        let level = self.counts.iter().position(|count| {
            below += count;
            2 * below >= all
        });
        let half = LEVELS as f64 / 2.0;
        [self.sum / all as f64, (level.unwrap_or(0) as f64 - half) / half]
    }
}
