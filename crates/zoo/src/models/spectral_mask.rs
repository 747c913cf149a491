//! Denoising of sounds by a mask on the spectrogram (Wang et al. 2014; with the phase in the loss: Erdogan et al. 2015).
//!
//! > `L(x) = E ‖x − S⁻¹(M(|S x̃|) ⊙ S x̃)‖²`,  `x̃ = x + σ n`
//!
//! `S` is a short-time Fourier transform: in a spectrogram a voice fills few places, and noise all. A network looks at the
//! logarithms of the magnitudes and says for each frequency of each frame how much of it is to be kept, from 0 to 1. What is
//! kept has the phase of the noisy sound, and goes back to a sound. The loss is that of the sound itself, so that the mask
//! also makes up for wrong phases; it is differentiated through the transform.
//!
//! Noise is drawn anew for every example. Half of the examples get white noise, the others a babble: the sum of several other
//! examples of the batch. The ratio of signal to noise is drawn evenly in decibels. Magnitudes are divided by their mean, so
//! that a sound may be as loud as it likes.
//!
//! There is no bottleneck: the code is the noisy sound itself, and the decoder takes its noise away.

use autograd::{Conv, Real, Tensor, Var, tree};
use nn::layers::{Conv2d, Layer, Residual};
use nn::losses::squared_error;
use nn::sound::Stft;
use nn::{Activation, Context, Dataset, Error, Generator, Init, Result, Sequential};
use serde::{Deserialize, Serialize};

use super::check_share;
use crate::network::{evaluation, series_of};
use crate::registry::Entry;
use crate::{Learned, Loss, Model, Settings, Unit};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "spectral-mask",
    title: "denoising by a mask on the spectrogram",
    equation: "E ‖x − S⁻¹(M(|Sx̃|) ⊙ Sx̃)‖², S a spectrogram",
    source: "Wang et al. 2014; Erdogan et al. 2015",
    may_copy: true,
    reads_all_at_once: false,
    window_ms: Some(1024.0),
    ..Entry::of::<Config>(include_str!("spectral_mask.rs"))
};

/// Settings of a mask on the spectrogram.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Steps in a frame of the spectrogram, an even number from 4 up; half as many from a frame to the next. Frames of 20 to
    /// 40 ms suit voices.
    pub frame: usize,
    /// Channels between the convolutions.
    pub channels: usize,
    /// Residual blocks of convolutions over frames, each of which sees twice as far as the one before.
    pub blocks: usize,
    /// Activation after every convolution but the last.
    pub activation: Activation,
    /// The least and the largest ratio of signal to noise in training, in decibels. The power of the signal is the mean of all
    /// examples.
    pub snr: [f64; 2],
    /// The share of the examples whose noise is a babble, 0 to 1; that of the others is white.
    pub babble: f64,
    /// Examples that make a babble.
    pub talkers: usize,
}

/// The network that makes a mask.
#[derive(Clone, Debug)]
pub struct SpectralMask<W> {
    /// From logarithms of magnitudes to logits of the mask, `[sounds, bins, 1, frames]` to the same shape.
    pub network: Sequential<W>,
    noise: Noise,
    stft: Stft,
    /// Steps and channels of an example.
    series: [usize; 2],
}
tree!(SpectralMask { network; noise, stft, series });

/// How noise is drawn.
#[derive(Clone, Copy, Debug)]
struct Noise {
    snr: [f64; 2],
    babble: f64,
    talkers: usize,
}

impl Settings for Config {
    type Model = Learned<SpectralMask<Tensor<f32>>>;

    /// Frames of a 32nd of a window, as the nearest power of two: 32 ms of the usual second.
    fn usual(data: &Dataset) -> Self {
        let [steps, _] = series_of(data.schema()).unwrap_or([data.width(), 1]);
        let power = (steps as f64 / 32.0).log2().round().clamp(2.0, 12.0);
        Config {
            frame: 1 << power as u32,
            channels: if steps < 1024 { 32 } else { 192 },
            blocks: 5,
            activation: Activation::Relu,
            snr: [-5.0, 15.0],
            babble: 0.5,
            talkers: 6,
        }
    }

    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model> {
        let &Config { frame, channels, blocks, activation, snr, babble, talkers } = self;
        let series = series_of(data.schema()).unwrap_or([data.width(), 1]);
        check_share("babble", babble)?;
        if frame < 4 || !frame.is_multiple_of(2) {
            return Err(Error::setting(
                "frame",
                format!("a frame has an even number of steps from 4 up, not {frame}"),
            ));
        }
        if channels == 0 || talkers == 0 {
            let name = if channels == 0 { "channels" } else { "talkers" };
            return Err(Error::setting(name, format!("{name} must be at least 1, not 0")));
        }
        if !(snr[0] <= snr[1] && snr.iter().all(|ratio| ratio.abs() <= 100.0)) {
            let problem = format!(
                "the ratios of signal to noise rise, from -100 to 100 dB, as in [-5.0, 15.0]; they are {snr:?}"
            );
            return Err(Error::setting("snr", problem));
        }
        let stft = Stft::new(frame, frame / 2);
        let conv = |channels: [usize; 2], width: usize, apart: usize, init: Init, from: &mut Generator| {
            let padding = [0, width / 2 * apart];
            Conv2d::new(
                channels,
                [1, width],
                Conv { padding, dilation: [1, apart], ..Conv::default() },
                init,
                from,
            )
        };
        let mut layers: Vec<Layer<Tensor<f32>>> =
            vec![conv([stft.bins(), channels], 3, 1, activation.init(), from).into()];
        let part = (blocks as f32).sqrt().recip();
        for block in 0..blocks {
            let apart = 1 << block.min(16);
            let wide = conv([channels; 2], 3, apart, activation.init(), from);
            let mut narrow = conv([channels; 2], 1, 1, activation.init(), from);
            narrow.weight = narrow.weight.map(|w: f32| part * w);
            layers.push(
                Residual::new(vec![activation.into(), wide.into(), activation.into(), narrow.into()]).into(),
            );
        }
        layers.push(activation.into());
        // It begins small: half of everything is kept.
        let mut last = conv([channels, stft.bins()], 1, 1, Init::Glorot, from);
        last.weight = last.weight.map(|w: f32| 0.1 * w);
        layers.push(last.into());
        let noise = Noise { snr, babble, talkers };
        Ok(Learned(SpectralMask { network: Sequential::new(layers), noise, stft, series }))
    }
}

impl<'t, T: Real> SpectralMask<Var<'t, T>> {
    /// Sounds with their noise taken away, `[batch, steps × channels]` to the same shape.
    fn clean(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let [steps, channels] = self.series;
        let batch = x.shape()[0];
        let sounds =
            x.reshape([batch, steps, channels]).permute([0, 2, 1]).reshape([batch * channels, steps]);
        let [re, im] = self.stft.forward(sounds);
        let magnitude = (re.square() + im.square() + 1e-12).sqrt();
        /// Quieter than the mean by this is as good as nothing.
        const QUIET: f64 = 1e-3;
        let [sounds, frames, bins] = [0, 1, 2].map(|axis| magnitude.shape()[axis]);
        let mean = magnitude.mean_over([1, 2]).reshape([sounds, 1, 1]) + 1e-8;
        let seen = (magnitude / mean + QUIET).ln();
        let seen = seen.permute([0, 2, 1]).reshape([sounds, bins, 1, frames]);
        let logits = self.network.forward(seen, context).reshape([sounds, bins, frames]);
        let mask = logits.permute([0, 2, 1]).sigmoid();
        let clean = self.stft.inverse([re * mask, im * mask], steps);
        clean.reshape([batch, channels, steps]).permute([0, 2, 1]).reshape(x.shape())
    }

    /// Noise of the power 1, and for each example that by which it is multiplied.
    fn noise(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let Noise { snr: [low, high], babble, talkers } = self.noise;
        let tape = x.tape();
        let draws = context.on(tape).uniform(2 + talkers);
        let white = context.on(tape).normal(x.shape()[1]);
        let decibels = draws.slice(1, ..1) * (high - low) + low;
        let sigma = (decibels * (-std::f64::consts::LN_10 / 20.0)).exp();
        // Each talker is another example, half as loud to as loud as it is.
        let levels = draws.slice(1, 2..) * 0.5 + 0.5;
        let loudness = levels.square().sum_over(1).sqrt().reshape([x.shape()[0], 1]);
        let all = context.whole(x.stop_gradient());
        let batch = all.shape()[0];
        let talker = |number: usize| {
            let first = (batch * (number + 1) / (talkers + 1)).clamp(1, batch.max(2) - 1).min(batch);
            let other = context.own(Var::concat([all.slice(0, first..), all.slice(0, ..first)], 0));
            other * levels.slice(1, number..number + 1)
        };
        let others = (1..talkers).fold(talker(0), |sum, number| sum + talker(number)) / loudness;
        let is_babble = draws.slice(1, 1..2).expand(x.shape()).lt(babble);
        (is_babble.select(others, white) * sigma).stop_gradient()
    }
}

impl<'t, T: Real> Model<'t, T> for SpectralMask<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        x
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.clean(z, &mut evaluation())
    }

    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T> {
        let noisy = x + self.noise(x, context);
        let clean = self.clean(noisy, context);
        Loss::sum(Unit::SquaredError, [("denoising", squared_error(clean, x))])
    }
}

#[cfg(test)]
mod tests {
    use nn::data::schema::{Kind, Schema};
    use nn::sound::si_sdr;
    use nn::{Purpose, generator};

    use super::*;
    use crate::AnyModel;
    use crate::data::Split;
    use crate::train::{Plan, train};

    /// Chords of two tones.
    fn chords(count: usize, steps: usize, channels: usize) -> Dataset {
        let x = Tensor::from_fn([count, steps * channels], |i| {
            let (row, step) = (i / (steps * channels), i % (steps * channels) / channels);
            let tone = |number: usize| (0.2 * (number + 1) as f32 * step as f32 + row as f32).sin();
            tone(row % 5) + tone(row * 7 % 11)
        });
        Dataset::new(x).with_schema(Schema::series([steps, channels], Kind::Real))
    }

    #[test]
    fn it_takes_noise_away_from_sounds_that_it_did_not_learn_however_loud() {
        let data = Split { name: "chords".into(), train: chords(110, 256, 1), test: chords(23, 256, 1) };
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let config = Config { frame: 32, channels: 16, blocks: 2, babble: 0.0, ..Config::usual(&data.train) };
        let mut model = config.build(&data.train, from).unwrap();
        train(&mut model, &data, &Plan { epochs: 20, learning_rate: 3e-3, batch: 10, ..Plan::default() })
            .unwrap();
        let numbers: Vec<usize> = (0..23).collect();
        let noise = nn::data::transform::Corruption::Gaussian(0.5);
        let noisy = Context::evaluation(0, &numbers).corrupt(data.test.x(), noise);
        let mean = |x: &Tensor<f32>| {
            let (clean, x) = (data.test.x().to_vec(), x.to_vec());
            clean.chunks(256).zip(x.chunks(256)).map(|(s, e)| si_sdr(s, e)).sum::<f64>() / 23.0
        };
        let clean = |x: &Tensor<f32>| model.decode(&model.encode(x));
        let [before, after, loud] =
            [mean(&noisy), mean(&clean(&noisy)), mean(&clean(&noisy.map(|x| 100.0 * x)))];
        assert!(after > before + 3.0, "{before} dB, then {after} dB");
        assert!((loud - after).abs() < 0.01, "{after} dB, loud {loud} dB");
    }

    #[test]
    fn channels_are_cleaned_one_by_one() {
        let (one, two) = (chords(1, 64, 1), chords(1, 64, 2));
        let model = |data: &Dataset| {
            let from = &mut generator(3, Purpose::Init, 0, 0);
            Config { frame: 16, channels: 4, ..Config::usual(data) }.build(data, from).unwrap()
        };
        let alone = model(&one).decode(one.x()).to_vec();
        let both = model(&two).decode(two.x()).to_vec();
        assert!(both.chunks(2).zip(&alone).all(|(frame, value)| frame == [*value; 2]));
    }

    #[test]
    fn settings_that_make_no_sense_are_refused() {
        let data = chords(2, 64, 1);
        let refused = |config: Config| {
            let from = &mut generator(0, Purpose::Init, 0, 0);
            config.build(&data, from).err().unwrap().to_string()
        };
        let usual = Config::usual(&data);
        assert!(refused(Config { frame: 5, ..usual.clone() }).contains("an even number of steps"));
        assert!(refused(Config { snr: [5.0, -5.0], ..usual.clone() }).contains("rise"));
        assert!(refused(Config { talkers: 0, ..usual.clone() }).contains("talkers must be at least 1"));
        assert!(refused(Config { babble: 1.5, ..usual }).contains("from 0 to 1"));
    }
}
