//! A sound through a model of sounds, whatever its rate, its channels and its length.
//!
//! It is brought to the rate of the model and to its scale, goes through the model by [`Stretches`], and comes back at its own
//! rate. A model of one channel sees those of the sound one by one; a model of more hears a sound of one channel in all of
//! them, and the mean of its answers counts. Nothing of it is kept but what a few windows hold.

use autograd::Tensor;
use nn::data::wav::Format;
use nn::sound::Resampler;
use nn::{Error, Result};

use super::latent::reconstruct;
use super::stretches::Stretches;
use crate::AnyModel;
use crate::data::Preparation;

/// A function of windows, `[windows, length × channels]` to the same shape.
type Windows<'a> = Box<dyn Fn(&Tensor<f32>) -> Tensor<f32> + 'a>;

/// A sound on its way through a model, piece by piece.
pub struct Passage<'a> {
    /// Multiplies what comes and adds, and the other way round for what goes.
    unit: [f64; 2],
    /// To the rate of the model and back, if it is another.
    resamplers: Option<[Resampler; 2]>,
    stretches: Stretches<Windows<'a>>,
    channels: usize,
    /// Values that came, and values that went.
    came: usize,
    went: usize,
}

impl<'a> Passage<'a> {
    /// The way of a sound of this form through the encoder and the decoder of a model.
    ///
    /// # Errors
    /// If the model did not learn from sounds, or from sounds with another number of channels.
    pub fn new(model: &'a dyn AnyModel, preparation: &'a Preparation, format: Format) -> Result<Self> {
        let (Some(rate), Some(windows)) = (preparation.reading.rate, &preparation.reading.windows) else {
            return Err(Error::unsupported("this model did not learn from sounds"));
        };
        let (length, learnt, channels) = (windows.length, preparation.channels.len(), format.channels);
        let through: Windows<'a> = match (learnt, channels) {
            (learnt, channels) if learnt == channels => Box::new(move |x| reconstruct(model, x)),
            (1, channels) => Box::new(move |x| {
                let count = x.shape()[0];
                let alone = x
                    .reshape([count, length, channels])
                    .permute([0, 2, 1])
                    .reshape([count * channels, length]);
                let answers = reconstruct(model, &alone).reshape([count, channels, length]);
                answers.permute([0, 2, 1]).reshape([count, length * channels])
            }),
            (learnt, 1) => Box::new(move |x| {
                let count = x.shape()[0];
                let all = x
                    .reshape([count, length, 1])
                    .expand([count, length, learnt])
                    .reshape([count, length * learnt]);
                let answers = reconstruct(model, &all).reshape([count, length, learnt]);
                answers.sum_to([count, length, 1]).map(|sum| sum / learnt as f32).reshape([count, length])
            }),
            (learnt, channels) => {
                let problem = format!(
                    "the sound has {channels} channels, and the model learnt from sounds of {learnt}"
                );
                return Err(Error::data(problem));
            }
        };
        let there = [format.rate, rate];
        let back = [rate, format.rate];
        let resamplers =
            (format.rate != rate).then(|| [there, back].map(|rates| Resampler::new(rates, channels)));
        let zero = preparation.in_unit(0.0, 0);
        let unit = [preparation.in_unit(1.0, 0) - zero, zero];
        let stretches = Stretches::new(length, channels, through);
        Ok(Passage { unit, resamplers, stretches, channels, came: 0, went: 0 })
    }

    /// The deviation 1 of the model's scale, in that of the sound.
    pub fn scale(&self) -> f64 {
        self.unit[0]
    }

    /// Takes more of the sound, frame by frame, and adds to `out` what is known of the result.
    pub fn push(&mut self, frames: &[f32], out: &mut Vec<f32>) {
        self.came += frames.len();
        let [scale, zero] = self.unit;
        let seen: Vec<f32> = frames.iter().map(|&x| ((f64::from(x) - zero) / scale) as f32).collect();
        let mut lower = vec![];
        match &mut self.resamplers {
            Some([there, _]) => there.push(&seen, &mut lower),
            None => lower = seen,
        }
        let mut answers = vec![];
        self.stretches.push(&lower, &mut answers);
        self.give(&answers, false, out);
    }

    /// The end of the sound: the rest of the result, which is as long as the sound.
    pub fn finish(&mut self, out: &mut Vec<f32>) {
        let (mut lower, mut answers) = (vec![], vec![]);
        if let Some([there, _]) = &mut self.resamplers {
            there.finish(&mut lower);
        }
        self.stretches.push(&lower, &mut answers);
        self.stretches.finish(&mut answers);
        self.give(&answers, true, out);
    }

    fn give(&mut self, answers: &[f32], last: bool, out: &mut Vec<f32>) {
        let [scale, zero] = self.unit;
        let mut whole: Vec<f32> = answers.iter().map(|&y| (f64::from(y) * scale + zero) as f32).collect();
        if let Some([_, back]) = &mut self.resamplers {
            let mut higher = vec![];
            back.push(&whole, &mut higher);
            if last {
                back.finish(&mut higher);
            }
            whole = higher;
        }
        // The rates go into each other up to a frame.
        whole.truncate(self.came - self.went);
        debug_assert!(whole.len().is_multiple_of(self.channels));
        self.went += whole.len();
        out.extend(whole);
    }
}
