//! Sounds at another rate.

use std::f64::consts::PI;

/// A change of rate, for a sound that comes piece by piece.
///
/// A value at a new moment is a weighted sum of the 64 old ones around it (of more, if the new rate is lower), with a sinc
/// that a Kaiser window ends: frequencies up to 0.92 of the lower half rate stay as they are, those above it are weakened by
/// 80 dB (Smith 2002, *Digital Audio Resampling*). There is no delay: the first value stays the first.
///
/// ```
/// use nn::sound::resampled;
///
/// let tone = |rate: f64, steps: usize| -> Vec<f32> {
///     (0..steps).map(|i| (2.0 * std::f64::consts::PI * 440.0 * i as f64 / rate).sin() as f32).collect()
/// };
/// let low = resampled(&tone(44_100.0, 44_100), 1, [44_100, 8_000]);
/// assert_eq!(low.len(), 8_000);
/// let error = |i: usize| (low[i] - tone(8_000.0, 8_000)[i]).abs();
/// assert!((1_000..7_000).step_by(100).all(|i| error(i) < 1e-3));
/// ```
#[derive(Clone, Debug)]
pub struct Resampler {
    channels: usize,
    /// New and old rate without common factors: `up` new values come for `down` old ones.
    up: u64,
    down: u64,
    /// Old values on either side of a new one that count.
    half: i64,
    /// Weights, `[up, 2 half]`: those for new values at each of the places between two old ones.
    weights: Vec<f32>,
    /// Old values, of which the first is that of frame `first`, with silence before the sound.
    held: Vec<f32>,
    first: i64,
    /// Frames that came, and frames that went.
    came: u64,
    went: u64,
}

/// Old values that count at each side at equal rates.
const HALF: f64 = 32.0;
/// The form of the Kaiser window: 80 dB.
const BETA: f64 = 7.857;
/// The frequency that is halved, as a share of the lower half rate.
const CUT: f64 = 0.96;

impl Resampler {
    /// From the first rate to the second, in Hz, for frames of so many channels.
    ///
    /// # Panics
    /// If a rate or the number of channels is 0.
    #[track_caller]
    pub fn new([from, to]: [u32; 2], channels: usize) -> Self {
        assert!(from > 0 && to > 0 && channels > 0, "Resampler: from {from} to {to} Hz, {channels} channels");
        let divisor = common(from, to);
        let [up, down] = [to, from].map(|rate| u64::from(rate / divisor));
        let stretch = (down as f64 / up as f64).max(1.0);
        let half = (HALF * stretch).ceil() as i64;
        let weight = |phase: u64, tap: i64| {
            // The distance of the old value from the new one, in steps of the lower rate.
            let distance = ((tap - half + 1) as f64 - phase as f64 / up as f64) / stretch;
            let inside = 1.0 - (distance / HALF).powi(2);
            let window = if inside <= 0.0 { 0.0 } else { bessel(BETA * inside.sqrt()) / bessel(BETA) };
            (CUT * sinc(CUT * distance) * window / stretch) as f32
        };
        let weights = (0..up).flat_map(|phase| (0..2 * half).map(move |tap| weight(phase, tap))).collect();
        let held = vec![0.0; (half as usize - 1) * channels];
        Resampler { channels, up, down, half, weights, held, first: 1 - half, came: 0, went: 0 }
    }

    /// Takes more frames of the sound, and adds to `out` what is known of the new one.
    pub fn push(&mut self, values: &[f32], out: &mut Vec<f32>) {
        self.held.extend_from_slice(values);
        self.came += (values.len() / self.channels) as u64;
        self.give(self.came as i64, out);
    }

    /// The end: as many frames as `new rate / old rate` of the old ones, rounded up.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        let silence = self.half as usize * self.channels;
        self.held.resize(self.held.len() + silence, 0.0);
        let whole = (self.came * self.up).div_ceil(self.down);
        self.give_until(whole, out);
    }

    /// New frames for which all old ones are there.
    fn give(&mut self, came: i64, out: &mut Vec<f32>) {
        // The last old value that counts is `half` after the one before the new value.
        let before = (came - self.half).max(0) as u64;
        self.give_until((before * self.up).div_ceil(self.down), out);
        let done = ((self.went * self.down / self.up) as i64 - self.half + 1 - self.first).max(0) as usize;
        let done = done.min(self.held.len() / self.channels);
        self.held.drain(..done * self.channels);
        self.first += done as i64;
    }

    fn give_until(&mut self, end: u64, out: &mut Vec<f32>) {
        let taps = 2 * self.half as usize;
        while self.went < end {
            let place = self.went * self.down;
            let (at, phase) = ((place / self.up) as i64, (place % self.up) as usize);
            let start = (at - self.half + 1 - self.first) as usize * self.channels;
            let weights = &self.weights[phase * taps..][..taps];
            for channel in 0..self.channels {
                let values = self.held[start + channel..].iter().step_by(self.channels);
                out.push(weights.iter().zip(values).map(|(weight, value)| weight * value).sum());
            }
            self.went += 1;
        }
    }
}

/// A whole sound at another rate: `[from, to]` in Hz.
///
/// # Panics
/// If a rate or the number of channels is 0.
#[track_caller]
pub fn resampled(values: &[f32], channels: usize, [from, to]: [u32; 2]) -> Vec<f32> {
    if from == to {
        return values.to_vec();
    }
    let mut resampler = Resampler::new([from, to], channels);
    let mut out = vec![];
    resampler.push(values, &mut out);
    resampler.finish(&mut out);
    out
}

fn common(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common(b, a % b) }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// The modified Bessel function `I₀`, by its series.
fn bessel(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..40 {
        term *= (0.5 * x / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate: u32, hertz: f64, steps: usize) -> Vec<f32> {
        (0..steps).map(|i| (2.0 * PI * hertz * i as f64 / f64::from(rate)).sin() as f32).collect()
    }

    #[test]
    fn tones_below_the_lower_half_rate_stay_and_others_go() {
        for [from, to] in [[8_000, 16_000], [44_100, 8_000], [8_000, 44_100], [11_025, 8_000], [3, 7]] {
            let lower = f64::from(from.min(to));
            let old = tone(from, 0.2 * lower, 20_000);
            let new = resampled(&old, 1, [from, to]);
            assert_eq!(new.len(), (20_000 * to as usize).div_ceil(from as usize));
            let exact = tone(to, 0.2 * lower, new.len());
            let inner = new.len() / 4..new.len() * 3 / 4;
            let error = inner.clone().map(|i| (new[i] - exact[i]).abs()).fold(0.0, f32::max);
            assert!(error < 3e-4, "{from} to {to}: {error}");
            if from > to {
                let gone = resampled(&tone(from, 0.52 * lower, 20_000), 1, [from, to]);
                let left = inner.map(|i| gone[i].abs()).fold(0.0, f32::max);
                assert!(left < 2e-3, "{from} to {to}: {left}");
            }
        }
    }

    #[test]
    fn pieces_give_the_bits_of_the_whole_and_channels_stay_apart() {
        let [left, right] = [300.0, 500.0].map(|hertz| tone(8_000, hertz, 3_000));
        let both: Vec<f32> = left.iter().zip(&right).flat_map(|(l, r)| [*l, *r]).collect();
        let whole = resampled(&both, 2, [8_000, 11_025]);
        let mut resampler = Resampler::new([8_000, 11_025], 2);
        let mut pieces = vec![];
        for piece in both.chunks(2 * 17) {
            resampler.push(piece, &mut pieces);
            assert!(resampler.held.len() < 2 * 200, "memory is bounded");
        }
        resampler.finish(&mut pieces);
        assert_eq!(pieces, whole);
        let alone = resampled(&left, 1, [8_000, 11_025]);
        assert!(whole.iter().step_by(2).eq(&alone));
        assert!(resampled(&[], 1, [8_000, 16_000]).is_empty());
    }
}
