//! Recordings as a model sees them, and windows of them.

use std::sync::Arc;

use autograd::Tensor;

use super::super::{NO_WORDS, fingerprint};
use super::Clock;

/// A recording as a model sees it: at even steps, scaled.
#[derive(Clone, Debug)]
pub struct Track {
    /// The name of its file.
    pub name: String,
    /// The meaning of its times.
    pub clock: Clock,
    /// The time of each step.
    pub times: Times,
    /// `[steps, channels]`, with NaN where nothing was observed.
    pub values: Arc<[f32]>,
    /// Stretches without a gap that is as long as a window: from and to.
    pub pieces: Vec<[usize; 2]>,
}

impl Track {
    /// The number of steps.
    pub fn steps(&self) -> usize {
        self.times.len()
    }

    /// The beginnings of windows within `from..to` that lie in one piece each.
    pub(crate) fn starts(
        &self,
        [from, to]: [usize; 2],
        length: usize,
        stride: usize,
    ) -> impl Iterator<Item = usize> {
        let inside = self.pieces.iter().map(move |piece| [piece[0].max(from), piece[1].min(to)]);
        inside.flat_map(move |[from, to]| {
            let last = (to + 1).saturating_sub(length);
            (from..last.max(from)).step_by(stride)
        })
    }
}

/// The times of the steps of a recording.
#[derive(Clone, Debug, PartialEq)]
pub enum Times {
    /// A time for each step.
    Each(Arc<[f64]>),
    /// So many steps in seconds, a step at a rate in Hz.
    Even {
        /// The second of the first step.
        first: f64,
        /// Steps in a second.
        rate: f64,
        /// The number of steps.
        steps: usize,
    },
}

impl Times {
    /// The number of steps.
    pub fn len(&self) -> usize {
        match self {
            Times::Each(times) => times.len(),
            Times::Even { steps, .. } => *steps,
        }
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The time of a step.
    ///
    /// # Panics
    /// If there are not so many steps.
    #[track_caller]
    pub fn at(&self, step: usize) -> f64 {
        assert!(step < self.len(), "Times: step {step} of {}", self.len());
        match self {
            Times::Each(times) => times[step],
            Times::Even { first, rate, .. } => first + step as f64 / rate,
        }
    }

    /// The distances of steps: of even ones a single one.
    fn distances(&self) -> Vec<f64> {
        match self {
            Times::Each(times) => times.windows(2).map(|pair| pair[1] - pair[0]).collect(),
            Times::Even { rate, .. } => vec![1.0 / rate],
        }
    }
}

/// The recordings of a series, and where what is for testing begins in each.
#[derive(Clone, Debug)]
pub struct Held {
    /// As the model sees them.
    pub tracks: Vec<Track>,
    /// The number of steps for training of each.
    pub cuts: Vec<usize>,
}

impl Held {
    /// The usual time between two steps; 1 where there are none.
    pub fn step(&self) -> f64 {
        let mut distances: Vec<f64> = self.tracks.iter().flat_map(|track| track.times.distances()).collect();
        match distances.len() {
            0 => 1.0,
            count => *distances.select_nth_unstable_by(count / 2, f64::total_cmp).1,
        }
    }
}

/// Windows of tracks, cut when they are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Windowed {
    pub(super) tracks: Vec<Track>,
    /// Track and first step of each window.
    pub(super) places: Vec<[u32; 2]>,
    pub(super) length: usize,
    /// The value in place of what was not observed, of each channel.
    pub(super) fill: Vec<f32>,
    /// Whether anything was not observed.
    pub(super) gaps: bool,
}

impl Windowed {
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn width(&self) -> usize {
        self.length * self.fill.len()
    }

    /// The windows with these numbers, `[numbers, features]`, and the mask of what was observed in them if anything of the
    /// series was not.
    #[track_caller]
    pub(crate) fn rows_and_mask(&self, numbers: &[usize]) -> (Tensor<f32>, Option<Tensor<f32>>) {
        let shape = [numbers.len(), self.width()];
        let mut x = Vec::with_capacity(shape[0] * shape[1]);
        for &number in numbers {
            let [track, start] = self.places[number].map(|place| place as usize);
            x.extend_from_slice(&self.tracks[track].values[start * self.fill.len()..][..self.width()]);
        }
        let mask = self.gaps.then(|| filled(&mut x, &self.fill));
        (Tensor::from_vec(shape, x), mask.map(|mask| Tensor::from_vec(shape, mask)))
    }

    /// The name of a window: the time of its first step, with its file if there are several.
    pub(crate) fn name(&self, number: usize) -> String {
        let [track, start] = self.places[number].map(|place| place as usize);
        let track_of = &self.tracks[track];
        let time = track_of.clock.text(track_of.times.at(start));
        if self.tracks.len() == 1 { time } else { format!("{} {time}", track_of.name) }
    }

    pub(crate) fn fingerprint(&self) -> u64 {
        let values = self.tracks.iter().flat_map(|track| track.values.iter().map(|value| value.to_bits()));
        fingerprint(fingerprint(NO_WORDS, values), self.places.iter().flatten().copied())
    }
}

/// Puts the value of its channel in place of what was not observed, and gives the mask of what was.
pub(crate) fn filled(x: &mut [f32], fill: &[f32]) -> Vec<f32> {
    let channels = fill.len();
    let mut mask = vec![1.0; x.len()];
    for (place, value) in x.iter_mut().enumerate().filter(|(_, value)| value.is_nan()) {
        *value = fill[place % channels];
        mask[place] = 0.0;
    }
    mask
}
