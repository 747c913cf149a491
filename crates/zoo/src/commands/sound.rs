//! Whole sounds through a model: `zoo denoise RUN noisy.wav` and `zoo reconstruct RUN in.wav`.

use std::collections::VecDeque;
use std::io::BufWriter;
use std::path::Path;
use std::time::Instant;

use autograd::Tensor;
use nn::data::wav::{Reader, Writer};
use nn::files::fill_atomically;
use nn::{Context, Error, Result};
use zoo::run::Run;
use zoo::uses::sound::Passage;

use super::Outcome;
use super::output::{finite, may_write};
use super::photo::Noise;
use super::progress;
use crate::cli::OutArgs;

/// Frames that are read at once.
const AT_ONCE: usize = 1 << 15;

/// A WAV file of any length through the model of a run, and written as WAV at its rate, with its channels and its bits.
pub(super) fn run(run: &Run, path: &Path, noise: Noise, out: &OutArgs) -> Result<Outcome> {
    let target = target(out)?;
    let mut reader = Reader::open(path)?;
    let (format, frames) = (reader.format(), reader.frames());
    if frames == 0 {
        return Err(Error::file(path, "there is no sound in it: it is 0 s long"));
    }
    let mut passage = Passage::new(&*run.model, &run.preparation, format)?;
    let rate = run.preparation.reading.rate.unwrap_or(format.rate);
    if rate < format.rate {
        progress::note(&format!(
            "the model learnt at {rate} Hz: of this sound at {} Hz what lies above {} Hz is lost",
            format.rate,
            rate / 2
        ));
    }
    let bar = progress::bar(frames as u64, "{bar:24} {percent:>3} %  {elapsed}");
    let start = Instant::now();
    let mut ratios = Ratios::default();
    fill_atomically(target, |file| {
        let mut writer = Writer::new(BufWriter::new(file), format)?;
        let (mut number, mut values, mut clean) = (0, vec![], vec![]);
        while reader.read(AT_ONCE, &mut values)? {
            bar.inc((values.len() / format.channels) as u64);
            if let Some((corruption, seed)) = noise {
                // The strength of noise is one in the scale of the model.
                let scale = passage.scale() as f32;
                let x = Tensor::from_vec([1, values.len()], values.iter().map(|x| x / scale).collect());
                let damaged =
                    Context::evaluation(seed, &[number]).corrupt(&x, corruption).map(|x| x * scale).to_vec();
                ratios.expect(&values, &damaged);
                values = damaged;
            }
            passage.push(&values, &mut clean);
            ratios.found(&clean);
            finite(clean.iter().copied().map(f64::from))?;
            writer.write(&clean)?;
            (values, clean, number) = (vec![], vec![], number + 1);
        }
        passage.finish(&mut clean);
        ratios.found(&clean);
        finite(clean.iter().copied().map(f64::from))?;
        writer.write(&clean)?;
        writer.finish()
    })?;
    bar.finish_and_clear();
    if noise.is_some() {
        let [noisy, clean] = ratios.decibels();
        eprintln!("SI-SDR: noisy {noisy:.2} dB, denoised {clean:.2} dB");
    }
    let seconds = frames as f64 / f64::from(format.rate);
    progress::note(&format!("{seconds:.1} s of sound in {:.1} s", start.elapsed().as_secs_f64()));
    Ok(Outcome::Done(format!("Written to {}\n", target.display())))
}

/// The file to write.
fn target(out: &OutArgs) -> Result<&Path> {
    let Some(path) = &out.out else {
        return Err(Error::setting("out", "say where the sound goes, as in --out clean.wav"));
    };
    if path.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("wav")) {
        return Err(Error::file(path, "a sound is written as WAV; give a name that ends in .wav"));
    }
    may_write(path, out.force)?;
    Ok(path)
}

/// The scale-invariant ratio of signal to distortion (Le Roux et al. 2019) of two estimates of a sound, added up as they come.
#[derive(Default)]
struct Ratios {
    /// Values of the sound of which the second estimate is not there yet.
    sound: VecDeque<f32>,
    energy: f64,
    /// `s·ŝ` and `‖ŝ‖²` of each estimate.
    estimates: [[f64; 2]; 2],
}

impl Ratios {
    fn add(&mut self, number: usize, sound: f32, estimate: f32) {
        let [s, e] = [sound, estimate].map(f64::from);
        let [product, energy] = &mut self.estimates[number];
        *product += s * e;
        *energy += e * e;
    }

    /// More of the sound, and of its first estimate.
    fn expect(&mut self, sound: &[f32], noisy: &[f32]) {
        for (&sound, &noisy) in sound.iter().zip(noisy) {
            self.energy += f64::from(sound).powi(2);
            self.sound.push_back(sound);
            self.add(0, sound, noisy);
        }
    }

    /// More of the second estimate.
    fn found(&mut self, clean: &[f32]) {
        for &clean in clean {
            let Some(sound) = self.sound.pop_front() else { return };
            self.add(1, sound, clean);
        }
    }

    fn decibels(&self) -> [f64; 2] {
        self.estimates.map(|[product, energy]| {
            let part = product * product / self.energy.max(f64::MIN_POSITIVE);
            10.0 * (part / (energy - part).max(1e-12 * part)).log10()
        })
    }
}
