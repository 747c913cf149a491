//! Noise taken out of voices that were not learnt from.
//!
//! A folder of WAV files with speech, of which a fifth, whole files, is for testing. Each test file gets white noise and then a
//! babble, the sum of eight other test files, at a ratio of signal to noise of 5 dB over the file. What is measured is how much
//! the scale-invariant ratio of signal to distortion (SI-SDR, Le Roux et al. 2019) grows, in decibels, as a mean over files.
//!
//! Ours is `spectral-mask` with its usual settings, as `zoo train` and `zoo denoise` have it: what was learnt from were other
//! files, other babbles, and ratios from −5 to 15 dB. Beside it stands spectral subtraction (Boll 1979; Berouti et al. 1979):
//! four times the power of the noise is taken away from every frame, down to a hundredth, where the noise is what the quietest tenth
//! of the frames of a file holds.

use autograd::{Tape, Tensor};
use nn::random::{Purpose, generator, normal, permutation};
use nn::sound::{Stft, si_sdr};
use nn::train::Plan;
use nn::{Error, Result, Schedule};
use rand::RngExt;

use super::{Bench, Margin, Needs, Row, Target};
use crate::AnyModel;
use crate::config::{Draft, Setup};
use crate::data::Reading;
use crate::uses::latent::reconstruct;
use crate::uses::stretches::Stretches;

pub(super) const TARGET: Target = Target {
    name: "sound",
    title: "white noise and babble taken out of voices at 5 dB: gain of SI-SDR",
    paper: "our own measure; Le Roux et al. 2019 for SI-SDR",
    published: "(a gain of 6 dB or more)",
    minutes: 6.0,
    needs: Needs::Voices,
    in_parts: false,
    run,
};

/// The ratio of signal to noise, in decibels.
const RATIO: f64 = 5.0;
/// The least gain that is asked for, in decibels. A babble of the same voice is as like the voice as noise can be, and the same is
/// asked of it.
const GAIN: f64 = 6.0;
/// Other files in a babble.
const TALKERS: usize = 8;
/// Epochs of the training.
const EPOCHS: usize = 8;

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let draft = Draft {
        model: Some("spectral-mask".into()),
        data: Some(bench.folder.display().to_string()),
        reading: Reading { stride_ms: Some(512.0), ..Reading::default() },
        ..Draft::default()
    };
    let mut setup = draft.complete()?;
    setup.config.train.seed = bench.seed;
    let Some(held) = setup.series.take().filter(|held| held.cuts.contains(&0)) else {
        return Err(Error::file(
            bench.folder,
            "these are no sounds in several files, of which some can be for testing",
        ));
    };
    let mut model = setup.build()?;
    learn(bench, &setup, &mut *model)?;
    // A file of silence has no ratio of signal to noise.
    let is_loud = |values: &&[f32]| values.iter().map(|x| x * x).sum::<f32>() > 1e-4 * values.len() as f32;
    let test = held.tracks.iter().zip(&held.cuts).filter(|(_, cut)| **cut == 0);
    let sounds: Vec<&[f32]> = test.map(|(track, _)| &track.values[..]).filter(is_loud).collect();
    if sounds.len() <= TALKERS {
        return Err(Error::file(
            bench.folder,
            format!("{} files for testing make no babble of {TALKERS} others", sounds.len()),
        ));
    }
    let length = setup.preparation.reading.windows.as_ref().map_or(0, |windows| windows.length);
    let frame =
        setup.config.setting("frame").and_then(toml::Value::as_integer).map_or(256, |frame| frame as usize);
    let mut rows = vec![];
    for (kind, name) in ["white noise", "babble of others"].into_iter().enumerate() {
        let (mut noisy, mut ours, mut rival) = (0.0, 0.0, 0.0);
        for (number, sound) in sounds.iter().enumerate() {
            let from = &mut generator(bench.seed, Purpose::Corruption, kind as u64, number as u64);
            let noise = match kind {
                0 => normal::<f32>(&[sound.len()], from).to_vec(),
                _ => babble(&sounds, number, from),
            };
            let mixed = mixed(sound, &noise);
            noisy += si_sdr(sound, &mixed);
            ours += si_sdr(sound, &through(&*model, length, &mixed));
            rival += si_sdr(sound, &subtracted(Stft::new(frame, frame / 2), &mixed));
        }
        let mean = |sum: f64| sum / sounds.len() as f64;
        let gain = |sum: f64| mean(sum - noisy);
        rows.push(Row::new(format!("{name}: SI-SDR of the noisy files, dB"), mean(noisy)).digits(2));
        let mask = Row::new(format!("{name}: gain of the mask, dB"), gain(ours)).digits(2);
        rows.push(mask.margin(Margin::AtLeast(GAIN)));
        rows.push(Row::new(format!("{name}: gain of spectral subtraction, dB"), gain(rival)).digits(2));
    }
    Ok(rows)
}

fn learn(bench: &Bench, setup: &Setup, model: &mut dyn AnyModel) -> Result<()> {
    let none = |_: &mut dyn nn::train::Task<f32>, _: &Plan| unreachable!("the model is not pretrained");
    let plan = Plan {
        epochs: EPOCHS,
        batch: 16,
        learning_rate: 1e-3,
        schedule: Schedule::Cosine { floor: 0.0 },
        ..setup.config.train.clone()
    };
    setup.lesson(model, &none, |lesson| {
        bench.run("voices", lesson, plan, |plan| crate::train::trainer(&plan))
    })?;
    Ok(())
}

/// A sound with noise of any loudness at the ratio that is measured.
fn mixed(sound: &[f32], noise: &[f32]) -> Vec<f32> {
    let energy = |x: &[f32]| x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
    let level =
        (energy(sound) / (energy(noise).max(f64::MIN_POSITIVE) * 10.0_f64.powf(RATIO / 10.0))).sqrt() as f32;
    sound.iter().zip(noise).map(|(sound, noise)| sound + level * noise).collect()
}

/// Other sounds at once, each over and over from a random place on, and as loud as the others.
fn babble(sounds: &[&[f32]], number: usize, from: &mut nn::Generator) -> Vec<f32> {
    let others = permutation(sounds.len(), from).into_iter().filter(|&other| other != number).take(TALKERS);
    let mut sum = vec![0.0; sounds[number].len()];
    for other in others.collect::<Vec<_>>() {
        let talker = sounds[other];
        let power = talker.iter().map(|x| x * x).sum::<f32>() / talker.len() as f32;
        let first = from.random_range(0..talker.len());
        let values = talker.iter().cycle().skip(first);
        sum.iter_mut().zip(values).for_each(|(sum, x)| *sum += x / power.sqrt().max(f32::MIN_POSITIVE));
    }
    sum
}

/// A sound through the model.
fn through(model: &dyn AnyModel, length: usize, sound: &[f32]) -> Vec<f32> {
    let mut stretches = Stretches::new(length, 1, |x: &Tensor<f32>| reconstruct(model, x));
    let mut clean = vec![];
    stretches.push(sound, &mut clean);
    stretches.finish(&mut clean);
    clean
}

/// Spectral subtraction.
fn subtracted(stft: Stft, sound: &[f32]) -> Vec<f32> {
    /// How much of the noise's power is taken away, and the share of a power that is always left.
    const OVER: f32 = 4.0;
    const FLOOR: f32 = 0.01;
    let tape = Tape::<f32>::new();
    let [re, im] = stft.forward(tape.constant(Tensor::from_vec([1, sound.len()], sound.to_vec())));
    let (bins, power) = (stft.bins(), (re.square() + im.square()).value().to_vec());
    let mut frames: Vec<&[f32]> = power.chunks(bins).collect();
    frames.sort_by(|a, b| a.iter().sum::<f32>().total_cmp(&b.iter().sum::<f32>()));
    frames.truncate(frames.len().div_ceil(10));
    let noise: Vec<f32> = (0..bins)
        .map(|bin| frames.iter().map(|frame| frame[bin]).sum::<f32>() / frames.len() as f32)
        .collect();
    let gain = |i: usize| (1.0 - OVER * noise[i % bins] / power[i].max(f32::MIN_POSITIVE)).max(FLOOR).sqrt();
    let mask = tape.constant(Tensor::from_fn(re.shape(), gain));
    stft.inverse([re * mask, im * mask], sound.len()).value().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(number: usize, steps: usize) -> Vec<f32> {
        let swell = |i: usize| (0.002 * i as f32 + number as f32).sin().max(0.0);
        (0..steps).map(|i| swell(i) * (0.3 * (1.0 + 0.1 * number as f32) * i as f32).sin()).collect()
    }

    #[test]
    fn noise_is_as_loud_as_it_should_be_and_subtraction_takes_some_of_it() {
        let sound = voice(0, 20_000);
        let noise = normal::<f32>(&[20_000], &mut generator(0, Purpose::Corruption, 0, 0)).to_vec();
        let noisy = mixed(&sound, &noise);
        let before = si_sdr(&sound, &noisy);
        assert!((before - RATIO).abs() < 0.2, "{before}");
        let after = si_sdr(&sound, &subtracted(Stft::new(256, 128), &noisy));
        assert!(after > before + 3.0, "{before} dB, then {after} dB");
    }

    #[test]
    fn a_babble_is_made_of_others() {
        let voices: Vec<Vec<f32>> = (0..12).map(|number| voice(number, 9000 + 100 * number)).collect();
        let voices: Vec<&[f32]> = voices.iter().map(Vec::as_slice).collect();
        let found = babble(&voices, 3, &mut generator(0, Purpose::Corruption, 1, 3));
        assert_eq!(found.len(), voices[3].len());
        assert!(found.iter().any(|x| x.abs() > 1.0));
        assert_eq!(found, babble(&voices, 3, &mut generator(0, Purpose::Corruption, 1, 3)));
    }
}
