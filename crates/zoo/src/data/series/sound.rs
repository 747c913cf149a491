//! Sounds as recordings: a file, or a folder of them, as steps at an even rate.
//!
//! A sound is a series whose channels are those of the file and whose steps come at its rate. All channels share one scale
//! and nothing is added, so that silence stays 0. Several files are split by file: some are for testing as a whole. Sounds that
//! do not fit into memory are learnt from in stretches, evenly spaced over them.

mod files;
mod values;

use std::path::Path;

use nn::data::schema::{Kind as Of, Schema};
use nn::data::wav::Reader;
use nn::random::permutation;
use nn::{Error, Purpose, Result, generator};
use serde::Serialize;

use self::files::Sounds;
pub(in crate::data) use self::files::{holds_sounds, is_named_wav};
use self::values::Learnt;
pub(in crate::data) use self::values::Levels;
use super::super::input::Input;
use super::super::kind::Kind;
use super::super::preparation::{Prepared, SPLIT_SEED};
use super::super::stored::Stored;
use super::super::{Preparation, Reading};
use super::learn::{AT_HAND, counted};
use super::{Held, Times, Track, Windows};

/// The length of a window when nothing is said, in milliseconds.
const WINDOW: f64 = 32.0;
/// Frames that are read at once.
const AT_ONCE: usize = 1 << 14;

/// Facts about sounds beside their values.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SoundsDescription {
    /// Files with a sound in them.
    pub files: usize,
    /// All of them together.
    pub seconds: f64,
    /// Frames in a second.
    pub rate: u32,
    /// Values in a frame.
    pub channels: usize,
}

/// Whether this source is a sound or a folder of sounds.
pub(crate) fn is_sound(source: &str) -> bool {
    !super::super::is_stream(source) && Kind::of(Path::new(source)).is_ok_and(Kind::is_sound)
}

impl Reading {
    /// Windows of sounds at this rate.
    fn windows_at(&self, rate: u32) -> Result<Windows> {
        let steps = |milliseconds: f64| (milliseconds * f64::from(rate) / 1000.0).round();
        let said = self.windows.clone();
        let length = match (self.window_ms, &said) {
            (None, Some(windows)) => windows.length,
            (milliseconds, _) => steps(milliseconds.unwrap_or(WINDOW)) as usize,
        };
        let stride = match (self.stride_ms, said) {
            (Some(milliseconds), _) => (steps(milliseconds) as usize).max(1),
            (None, Some(windows)) if self.window_ms.is_none() => windows.stride,
            (None, _) => (length / 8).max(1),
        };
        if length < 2 {
            let problem = format!(
                "a window of {length} steps at {rate} Hz is no sound; choose a longer one, as in --window 32ms"
            );
            return Err(Error::setting("window", problem));
        }
        Ok(Windows { time: None, length, stride })
    }
}

impl Preparation {
    /// Reads sounds, and splits them by file, or by time if there is one.
    ///
    /// # Errors
    /// If they cannot be read or are not alike, or no window fits into them.
    pub(in crate::data) fn of_sounds(input: &Input, reading: &Reading) -> Result<Prepared> {
        let path = input.path();
        Kind::Sounds.check(path, reading)?;
        let mut sounds = Sounds::look(input, reading)?;
        let (rate, count) = (sounds.rate, sounds.channels);
        let windows = reading.windows_at(rate)?;
        let length = windows.length;
        let mut found = sounds.stretches(reading.memory.saturating_mul(1 << 20), length)?;
        let steps = |track: &Track| track.steps();
        let longest = found.iter().map(|(_, track)| steps(track)).max().unwrap_or(0);
        let in_ms = |steps: usize| 1000.0 * steps as f64 / f64::from(rate);
        if longest < length {
            let problem = format!(
                "the longest sound has {:.1} ms, and a window {:.1} ms; choose a shorter one, as in --window {:.0}ms",
                in_ms(longest),
                in_ms(length),
                (in_ms(longest) / 4.0).max(1.0)
            );
            return Err(Error::file(path, problem));
        }
        let mut short = 0;
        for (_, track) in found.iter_mut().filter(|(_, track)| track.steps() < length) {
            track.lengthen(length, count);
            short += 1;
        }
        let cuts = cuts(&found, sounds.files.len(), reading.test_fraction);
        let mut tracks: Vec<Track> = found.into_iter().map(|(_, track)| track).collect();
        let mut notes = std::mem::take(&mut sounds.notes);
        let schema = Schema::series([length, count], Of::Real);
        let reading = Reading {
            rate: Some(rate),
            windows: Some(windows.clone()),
            window_ms: None,
            stride_ms: None,
            ..reading.clone()
        };
        let learnt = Learnt::of(&tracks, &cuts, count);
        let [shift, scale] = learnt.scale(path, reading.scale, &sounds.channels(), &mut notes)?;
        let mut prepared = Preparation::of(reading.clone(), 0, schema, vec![], [shift, scale]);
        prepared.channels = sounds.channels();
        prepared.centres = [learnt.means(), vec![]];
        for track in &mut tracks {
            track.values = track.values.iter().map(|&x| prepared.scaled(x.into(), 0)).collect();
        }
        let all: usize = tracks.iter().map(steps).sum();
        let by = if sounds.files.len() > 1 {
            "some of them are for testing as a whole"
        } else {
            "its end is for testing"
        };
        notes.push(format!(
            "{:.1} s of {} at {rate} Hz in {}, cut into windows of {length} steps ({:.1} ms); {by}",
            all as f64 / f64::from(rate),
            counted(count, "channel"),
            counted(sounds.files.len(), "sound"),
            in_ms(length),
        ));
        if short > 0 {
            notes.push(format!("{} shorter than a window, with silence after", counted(short, "sound")));
        }
        let parts = [0, 1].map(|part| {
            let range = |track: usize| if part == 0 { [0, cuts[track]] } else { [cuts[track], usize::MAX] };
            prepared.windowed(&tracks, &windows, range)
        });
        let [train, test] = &parts;
        if let Some((_, which)) = parts.iter().zip(["training", "testing"]).find(|(part, _)| part.len() == 0)
        {
            let problem = format!(
                "a window of {:.1} ms is longer than any sound for {which}; choose a shorter --window, or another --test-fraction",
                in_ms(length)
            );
            return Err(Error::file(path, problem));
        }
        prepared.examples = train.len();
        let rows = [train, test].map(|part| prepared.at_hand(part, AT_HAND));
        let stored =
            (train.len() > rows[0].data.len()).then(|| Stored::of_windows(path, train.clone(), &prepared));
        let series = Some(Held { tracks, cuts });
        Ok(Prepared { rows, preparation: prepared, stored, study: None, series, notes })
    }

    /// Other sounds as the model sees them: at the rate of those it learnt from.
    pub(super) fn tracks_of_sounds(&self, input: &Input) -> Result<(Vec<Track>, Vec<String>)> {
        let path = input.path();
        if !Kind::of(path)?.is_sound() {
            return Err(Error::file(
                path,
                "this model learnt from sounds, and this is no WAV file nor a folder of them",
            ));
        }
        let mut sounds = Sounds::look(input, &self.reading)?;
        if sounds.channels != self.channels.len() {
            let [these, those] =
                [sounds.channels, self.channels.len()].map(|count| counted(count, "channel"));
            let problem = format!("these sounds have {these}, but the model learnt from sounds of {those}");
            return Err(Error::file(path, problem));
        }
        let memory = self.reading.memory.saturating_mul(1 << 20);
        let length = self.reading.windows.as_ref().map_or(1, |windows| windows.length);
        let mut tracks: Vec<Track> =
            sounds.stretches(memory, length)?.into_iter().map(|(_, track)| track).collect();
        for track in &mut tracks {
            if track.steps() < length {
                track.lengthen(length, sounds.channels);
            }
            track.values = track.values.iter().map(|&x| self.scaled(x.into(), 0)).collect();
        }
        Ok((tracks, sounds.notes))
    }

    /// Sounds as they are: what there is of them, the number of frames, and of each channel its name and the levels of its
    /// values, as a histogram.
    pub(in crate::data) fn described_sounds(
        input: &Input,
        reading: &Reading,
    ) -> Result<(SoundsDescription, usize, Vec<Levels>, Vec<String>)> {
        Kind::Sounds.check(input.path(), reading)?;
        let sounds = Sounds::look(input, reading)?;
        let mut levels: Vec<Levels> = sounds.channels().into_iter().map(Levels::new).collect();
        let (mut frames, mut values) = (0, vec![]);
        for (path, ..) in &sounds.files {
            let mut reader = Reader::open(path)?;
            while reader.read(AT_ONCE, &mut values)? {
                for frame in values.chunks(sounds.channels) {
                    frame.iter().zip(&mut levels).for_each(|(value, levels)| levels.add(*value));
                }
                frames += values.len() / sounds.channels;
                values.clear();
            }
        }
        let (files, channels, rate) = (sounds.files.len(), sounds.channels, sounds.rate);
        let about = SoundsDescription { files, seconds: sounds.seconds()?, rate, channels };
        Ok((about, frames, levels, sounds.notes))
    }
}

impl Track {
    /// Adds silence, up to so many steps.
    fn lengthen(&mut self, steps: usize, channels: usize) {
        let mut values = self.values.to_vec();
        values.resize(steps * channels, 0.0);
        (self.values, self.pieces) = (values.into(), vec![[0, steps]]);
        if let Times::Even { steps: count, .. } = &mut self.times {
            *count = steps;
        }
    }
}

/// The number of frames for training of each stretch: all or none of a file if there are several.
fn cuts(found: &[(usize, Track)], files: usize, test_fraction: f64) -> Vec<usize> {
    if files > 1 {
        let test = ((files as f64 * test_fraction).round() as usize).clamp(1, files - 1);
        let mut is_test = vec![false; files];
        let order = permutation(files, &mut generator(SPLIT_SEED, Purpose::Split, 0, 0));
        order[..test].iter().for_each(|file| is_test[*file] = true);
        return found.iter().map(|(file, track)| if is_test[*file] { 0 } else { track.steps() }).collect();
    }
    let all: usize = found.iter().map(|(_, track)| track.steps()).sum();
    let mut left = ((1.0 - test_fraction) * all as f64).round() as usize;
    let cut = |(_, track): &(usize, Track)| {
        let cut = left.min(track.steps());
        left -= cut;
        cut
    };
    found.iter().map(cut).collect()
}
