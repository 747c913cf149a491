//! Sounds as spectrograms and back, with derivatives of any order.
//!
//! The short-time Fourier transform cuts a sound `x` into frames of `n` values, each `h` after the last, and says how much of
//! each frequency is in a frame:
//!
//! > `X(t, k) = Σⱼ w(j) x(t h + j) e^{−2πi jk/n}`,  `w(j) = sin(π (j + ½) / n)`,  `k = 0 … n/2`
//!
//! With this window before and after, frames that overlap at least by half add up to the sound exactly, since
//! `Σₜ w²(j − t h) = n / 2h` at every place. A sound is taken to be silent before its beginning and after its end, so that
//! its ends lie in as many frames as its middle.
//!
//! All of it is made of operations that are in the gradient table: a convolution with cosines and sines that moves by a hop,
//! and for the way back a product with a matrix of them, whose parts are added up. A frame of 256 values costs 66 thousand multiplications so, where a fast transform
//! needs some thousands; but a network on spectrograms multiplies each frame with hundreds of thousands of weights, no rule has
//! to be written, and graphs and ONNX files have it without another word.
//!
//! ```
//! use autograd::{Tape, Tensor};
//! use nn::sound::Stft;
//!
//! let stft = Stft::new(64, 32);
//! let tape = Tape::<f64>::new();
//! let x = tape.var(Tensor::from_fn([2, 100], |i| (0.3 * i as f64).sin()));
//! let [re, im] = stft.forward(x);
//! assert_eq!(re.shape()[..], [2, 5, 33]);
//! let same = stft.inverse([re, im], 100);
//! assert!((same - x).abs().max().item() < 1e-12);
//! let power = (re.square() + im.square()).sum();
//! assert!((power.backward().wrt(x).to_vec()[50]).is_finite());
//! ```

mod resample;

use std::f64::consts::PI;

use autograd::{Conv, Real, Tape, Tensor, Var};

pub use resample::{Resampler, resampled};

/// A short-time Fourier transform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stft {
    /// Values in a frame, `n`.
    frame: usize,
    /// Values from a frame to the next, `h`.
    hop: usize,
}

impl Stft {
    /// The transform of frames of so many values, an even number, each so many after the last.
    ///
    /// # Panics
    /// If the hop does not go at least twice into the frame without a rest, or the frame is odd.
    #[track_caller]
    pub fn new(frame: usize, hop: usize) -> Self {
        let whole = hop > 0 && frame.is_multiple_of(hop) && frame.is_multiple_of(2);
        assert!(
            whole && frame >= 2 * hop,
            "Stft: frames of {frame} values every {hop}; a frame is even and a multiple of the hop, by 2 or more"
        );
        Stft { frame, hop }
    }

    /// Values in a frame.
    pub fn frame(self) -> usize {
        self.frame
    }

    /// Values from a frame to the next.
    pub fn hop(self) -> usize {
        self.hop
    }

    /// Frequencies, from 0 to half the rate: `n/2 + 1`.
    pub fn bins(self) -> usize {
        self.frame / 2 + 1
    }

    /// Frames of a sound of so many values.
    pub fn frames(self, steps: usize) -> usize {
        steps.div_ceil(self.hop) + self.overlaps() - 1
    }

    /// How often the hop goes into a frame.
    fn overlaps(self) -> usize {
        self.frame / self.hop
    }

    /// Real and imaginary part of sounds `[batch, steps]`, each `[batch, frames, bins]`.
    ///
    /// # Panics
    /// If `x` has not two axes.
    #[track_caller]
    pub fn forward<'t, T: Real>(self, x: Var<'t, T>) -> [Var<'t, T>; 2] {
        let [batch, steps] = x.shape()[..] else {
            panic!("Stft: sounds should be [batch, steps], not {:?}", x.shape());
        };
        let basis = x.tape().constant(self.basis().t().reshape([2 * self.bins(), 1, self.frame]));
        // The silence before begins a frame before the sound; the first frame holds nothing else and is left out.
        let options = Conv { stride: [self.hop], padding: [self.frame], ..Conv::default() };
        let spectrum = x.reshape([batch, 1, steps]).conv1d(basis, options);
        spectrum.slice(2, 1..1 + self.frames(steps)).permute([0, 2, 1]).split(2, [self.bins(); 2])
    }

    /// Sounds of so many steps, `[batch, steps]`, of which these are real and imaginary part, or which come nearest to them.
    ///
    /// # Panics
    /// If the parts have not the shape that [`forward`](Self::forward) gives for so many steps.
    #[track_caller]
    pub fn inverse<'t, T: Real>(self, [re, im]: [Var<'t, T>; 2], steps: usize) -> Var<'t, T> {
        let (count, bins) = (self.frames(steps), self.bins());
        let batch = match re.shape()[..] {
            [batch, frames, width] if frames == count && width == bins && re.shape() == im.shape() => batch,
            _ => panic!(
                "Stft: a spectrogram of {steps} steps should be twice [batch, {count}, {bins}], not {:?} and {:?}",
                re.shape(),
                im.shape()
            ),
        };
        let basis = re.tape().constant(self.inverse_basis());
        let spectrum = Var::concat([re, im], 2).reshape([batch * count, 2 * bins]);
        let frames = spectrum.matmul(basis).reshape([batch, count, self.frame]);
        // Each block of a hop is the sum of a part of as many frames as lie over it.
        let (over, blocks) = (self.overlaps(), steps.div_ceil(self.hop));
        let part = |k: usize| {
            frames.slice(1, over - 1 - k..over - 1 - k + blocks).slice(2, k * self.hop..(k + 1) * self.hop)
        };
        let sum = (1..over).fold(part(0), |sum, k| sum + part(k));
        sum.reshape([batch, blocks * self.hop]).slice(1, ..steps)
    }

    fn window(self, place: usize) -> f64 {
        (PI * (place as f64 + 0.5) / self.frame as f64).sin()
    }

    /// `w(j) cos(2π jk/n)` and `−w(j) sin(2π jk/n)`, `[n, 2 bins]`.
    fn basis<T: Real>(self) -> Tensor<T> {
        let (n, bins) = (self.frame, self.bins());
        Tensor::from_fn([n, 2 * bins], |i| {
            let (j, k) = (i / (2 * bins), i % (2 * bins));
            let [cos, sin] = self.wave(j, k % bins);
            T::of(self.window(j) * if k < bins { cos } else { -sin })
        })
    }

    /// `[2 bins, n]`: the inverse of a real transform, in which all frequencies but the first and the last stand for two.
    fn inverse_basis<T: Real>(self) -> Tensor<T> {
        let (n, bins) = (self.frame, self.bins());
        // 1 / n of the transform, 2h / n of the windows.
        let scale = 2.0 * self.hop as f64 / (n * n) as f64;
        Tensor::from_fn([2 * bins, n], |i| {
            let (k, j) = (i / n, i % n);
            let twice = if k % bins == 0 || k % bins == bins - 1 { 1.0 } else { 2.0 };
            let [cos, sin] = self.wave(j, k % bins);
            T::of(scale * twice * self.window(j) * if k < bins { cos } else { -sin })
        })
    }

    fn wave(self, j: usize, k: usize) -> [f64; 2] {
        // Reduced first, so that the angle is exact.
        let angle = 2.0 * PI * ((j * k) % self.frame) as f64 / self.frame as f64;
        [angle.cos(), angle.sin()]
    }
}

/// The weights that make bands of the mel scale out of frequencies, `[bins, bands]`: triangles, each from the middle of the
/// band below to that of the band above, at even distances of
///
/// > `m(f) = 2595 log₁₀(1 + f / 700)`
///
/// from 0 to half the rate (in Hz), and 1 in their middle. Magnitudes or powers `[…, bins]` times this matrix are a mel
/// spectrogram.
pub fn mel<T: Real>(bins: usize, bands: usize, rate: f64) -> Tensor<T> {
    let of = |f: f64| 2595.0 * (1.0 + f / 700.0).log10();
    let hertz = |m: f64| 700.0 * (10.0_f64.powf(m / 2595.0) - 1.0);
    let edge = |i: usize| hertz(of(0.5 * rate) * i as f64 / (bands + 1) as f64);
    let edges: Vec<f64> = (0..bands + 2).map(edge).collect();
    Tensor::from_fn([bins, bands], |i| {
        let f = 0.5 * rate * (i / bands) as f64 / (bins.max(2) - 1) as f64;
        let [low, middle, high] = [0, 1, 2].map(|edge| edges[i % bands + edge]);
        T::of(((f - low) / (middle - low)).min((high - f) / (high - middle)).max(0.0))
    })
}

/// The logarithm of a mel spectrogram of sounds `[batch, steps]` with values in `[−1, 1]`, `[batch, frames, bands]`:
/// `ln(max(|X| M, 10⁻⁵))`, with the transform and the matrix [`mel`].
///
/// # Panics
/// If `x` has not two axes.
#[track_caller]
pub fn log_mel<'t, T: Real>(stft: Stft, x: Var<'t, T>, bands: usize, rate: f64) -> Var<'t, T> {
    let [re, im] = stft.forward(x);
    let [batch, frames, bins] = [0, 1, 2].map(|axis| re.shape()[axis]);
    let magnitude = re.hypot(im).reshape([batch * frames, bins]);
    let bands_of = magnitude.matmul(x.tape().constant(mel(bins, bands, rate)));
    bands_of.clamp(1e-5, f64::INFINITY).ln().reshape([batch, frames, bands])
}

/// The scale-invariant ratio of signal to distortion of an `estimate` of a sound, in decibels (Le Roux et al. 2019):
///
/// > `10 log₁₀ ‖α s‖² / ‖α s − ŝ‖²`,  `α = ŝ·s / ‖s‖²`
///
/// Louder or softer estimates are as good. It is −∞ where the sound is silent.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn si_sdr(sound: &[f32], estimate: &[f32]) -> f64 {
    assert_eq!(sound.len(), estimate.len(), "si_sdr: lengths of sound and estimate");
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let (energy, product) = (dot(sound, sound), dot(sound, estimate));
    let part = product * product / energy.max(f64::MIN_POSITIVE);
    10.0 * (part / (dot(estimate, estimate) - part).max(1e-12 * part)).log10()
}

/// Magnitudes of a sound, `[frames, bins]`.
pub fn spectrogram(stft: Stft, x: &[f32]) -> Tensor<f32> {
    let tape = Tape::<f32>::new();
    let [re, im] = stft.forward(tape.constant(Tensor::from_vec([1, x.len()], x.to_vec())));
    re.hypot(im).value().reshape([stft.frames(x.len()), stft.bins()])
}
