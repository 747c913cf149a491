//! Sounds of any length through a model of short windows: windows that overlap by half, whose results are joined without a
//! seam.
//!
//! Windows of `n` steps begin every `n/2` steps, and a step of the result is the sum of those of the two windows it lies in,
//!
//! > `y(t) = w(t) y₁(t) + w(t + n/2) y₂(t + n/2)`,  `w(t) = sin²(π (t + ½) / n)`
//!
//! with weights that add up to 1: one window fades into the next, and the edge of a window, where a network knows one side
//! only, counts for nothing. Before its beginning and after its end a sound is silent. A sound comes and goes piece by piece,
//! so its length takes no memory.
//!
//! ```
//! use autograd::Tensor;
//! use zoo::uses::stretches::Stretches;
//!
//! let sound: Vec<f32> = (0..1000).map(|i| (0.1 * i as f32).sin()).collect();
//! let mut through = Stretches::new(64, 1, Tensor::clone);
//! let mut same = vec![];
//! sound.chunks(77).for_each(|piece| through.push(piece, &mut same));
//! through.finish(&mut same);
//! assert_eq!(same.len(), 1000);
//! assert!(sound.iter().zip(&same).all(|(a, b)| (a - b).abs() < 1e-6));
//! ```

use autograd::Tensor;

/// Numbers in the windows that go through a model at once.
const AT_ONCE: usize = 1 << 18;

/// A sound on its way through a model.
pub struct Stretches<F> {
    model: F,
    length: usize,
    channels: usize,
    /// The weights of the steps of a window.
    weights: Vec<f32>,
    /// Frames that came and were not the first half of a window yet.
    held: Vec<f32>,
    /// The second half of the last window's result, with its weights.
    tail: Vec<f32>,
    /// Whether the next window is the first, which begins half a window before the sound.
    before: bool,
    /// Frames that came, and frames that went.
    came: usize,
    went: usize,
}

impl<F: Fn(&Tensor<f32>) -> Tensor<f32>> Stretches<F> {
    /// A way through `model`, which takes windows `[windows, length × channels]`, step by step, to the same shape.
    ///
    /// # Panics
    /// If a window has less than 2 steps, or there is no channel.
    #[track_caller]
    pub fn new(length: usize, channels: usize, model: F) -> Self {
        assert!(length >= 2 && channels > 0, "Stretches: windows of {length} steps, {channels} channels");
        // Of an odd window the last step has no weight.
        let even = length / 2 * 2;
        let weight = |t: usize| (std::f64::consts::PI * (t as f64 + 0.5) / even as f64).sin().powi(2) as f32;
        let weights = (0..even).map(weight).collect();
        let half = length / 2 * channels;
        Stretches {
            model,
            length,
            channels,
            weights,
            held: vec![0.0; half],
            tail: vec![0.0; half],
            before: true,
            came: 0,
            went: 0,
        }
    }

    /// Takes more of the sound, frame by frame, and adds to `out` what is known of the result.
    ///
    /// # Panics
    /// If a frame is not whole.
    #[track_caller]
    pub fn push(&mut self, frames: &[f32], out: &mut Vec<f32>) {
        assert!(frames.len().is_multiple_of(self.channels), "Stretches: a frame is not whole");
        self.came += frames.len() / self.channels;
        for piece in frames.chunks(self.most() * self.half()) {
            self.held.extend_from_slice(piece);
            if self.ready() >= self.most() {
                self.pass(self.most(), out);
            }
        }
    }

    /// The end of the sound: the rest of the result, which is as long as the sound.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        while self.went < self.came {
            // The last frames lie in the first half of a window, too.
            if self.ready() == 0 {
                self.held.resize(self.length * self.channels, 0.0);
            }
            self.pass(self.ready().min(self.most()), out);
        }
    }

    /// Numbers of half a window.
    fn half(&self) -> usize {
        self.length / 2 * self.channels
    }

    /// Windows at once.
    fn most(&self) -> usize {
        (AT_ONCE / (self.length * self.channels)).max(1)
    }

    /// Windows that are whole.
    fn ready(&self) -> usize {
        match self.held.len().checked_sub(self.length * self.channels) {
            Some(more) => more / self.half() + 1,
            None => 0,
        }
    }

    /// So many windows, which are there, through the model.
    fn pass(&mut self, count: usize, out: &mut Vec<f32>) {
        let (half, width) = (self.half(), self.length * self.channels);
        let windows = (0..count).flat_map(|k| &self.held[k * half..k * half + width]).copied().collect();
        let results = (self.model)(&Tensor::from_vec([count, width], windows)).to_vec();
        for result in results.chunks_exact(width) {
            let weighted = |i: usize| self.weights[i / self.channels] * result[i];
            let sums: Vec<f32> = self.tail.iter().enumerate().map(|(i, tail)| tail + weighted(i)).collect();
            self.tail = (half..2 * half).map(weighted).collect();
            if std::mem::take(&mut self.before) {
                continue;
            }
            let left = (self.came - self.went).min(half / self.channels);
            out.extend(&sums[..left * self.channels]);
            self.went += left;
        }
        self.held.drain(..count * half);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(sound: &[f32], length: usize, channels: usize, piece: usize) -> Vec<f32> {
        let mut stretches = Stretches::new(length, channels, Tensor::clone);
        let mut out = vec![];
        for piece in sound.chunks(piece * channels) {
            stretches.push(piece, &mut out);
            assert!(stretches.held.len() <= 2 * AT_ONCE, "memory is bounded");
        }
        stretches.finish(&mut out);
        out
    }

    #[test]
    fn what_is_not_changed_comes_back_whatever_the_lengths() {
        for (steps, length, channels) in
            [(0, 8, 1), (1, 8, 1), (7, 8, 2), (8, 8, 1), (100, 9, 3), (70_000, 16, 2)]
        {
            let sound: Vec<f32> = (0..steps * channels).map(|i| (i * i % 31) as f32).collect();
            let same = through(&sound, length, channels, 1000);
            assert_eq!(same.len(), sound.len(), "{steps} steps by windows of {length}");
            assert!(
                sound.iter().zip(&same).all(|(a, b)| (a - b).abs() < 1e-4),
                "{steps} {length} {channels}"
            );
        }
    }

    #[test]
    fn pieces_give_the_bits_of_the_whole() {
        let sound: Vec<f32> = (0..5000).map(|i| (0.01 * (i * i % 311) as f32).sin()).collect();
        assert_eq!(through(&sound, 32, 1, 5000), through(&sound, 32, 1, 7));
    }

    /// A model that knows little at the edges of its windows gives other values there: they fade away.
    #[test]
    fn there_is_no_seam() {
        let worse_at_edges = |windows: &Tensor<f32>| {
            Tensor::from_fn(windows.shape(), |i| if [0, 63].contains(&(i % 64)) { 0.9 } else { 0.5 })
        };
        let mut stretches = Stretches::new(64, 1, worse_at_edges);
        let mut out = vec![];
        stretches.push(&[0.5; 640], &mut out);
        stretches.finish(&mut out);
        assert!(out.iter().all(|value| (value - 0.5).abs() < 1e-3));
    }
}
