//! Sounds as recordings: a file, or a folder of them, as steps at an even rate.
//!
//! A sound is a series whose channels are those of the file and whose steps come at its rate. All channels share one scale
//! and nothing is added, so that silence stays 0. Several files are split by file: some are for testing as a whole. Sounds that
//! do not fit into memory are learnt from in stretches, evenly spaced over them.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use nn::data::schema::{Kind as Of, Schema};
use nn::data::wav::{Format, Reader};
use nn::random::permutation;
use nn::sound::resampled;
use nn::{Error, Purpose, Result, generator};
use serde::Serialize;

use super::super::input::Input;
use super::super::kind::Kind;
use super::super::preparation::{Prepared, SPLIT_SEED};
use super::super::stored::Stored;
use super::super::{Preparation, Reading, Scale};
use super::learn::{AT_HAND, counted};
use super::{Clock, Held, Times, Track, Windows};

/// The length of a window when nothing is said, in milliseconds.
const WINDOW: f64 = 32.0;
/// The least length of a stretch of sounds that do not fit into memory, in seconds.
const STRETCH: f64 = 10.0;
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

/// Files of sounds, of which the headers were read.
struct Sounds {
    files: Vec<(PathBuf, String, usize)>,
    /// The rate of the files, and that at which they are read.
    from: u32,
    rate: u32,
    channels: usize,
    notes: Vec<String>,
}

impl Sounds {
    /// Looks at all files, which must be alike, but for their rates if one is asked for.
    fn look(input: &Input, reading: &Reading) -> Result<Self> {
        let path = input.path();
        let paths = if path.is_dir() { files_of(path)? } else { vec![path.to_owned()] };
        let mut first: Option<(PathBuf, Format)> = None;
        let (mut files, mut silent, mut rates) = (vec![], 0, vec![]);
        for file in paths {
            let reader = Reader::open(&file)?;
            let (format, frames) = (reader.format(), reader.frames());
            if frames == 0 {
                silent += 1;
                continue;
            }
            let (other, before) = first.get_or_insert_with(|| (file.clone(), format));
            if before.channels != format.channels {
                let [these, those] = [format, *before].map(|format| counted(format.channels, "channel"));
                let problem = format!(
                    "it has {these}, and {} {those}; give sounds with as many channels each",
                    other.display()
                );
                return Err(Error::file(&file, problem));
            }
            if before.rate != format.rate && reading.rate.is_none() {
                let problem = format!(
                    "its rate is {} Hz, and that of {} {} Hz; say to which all are brought, as in --rate {}",
                    format.rate,
                    other.display(),
                    before.rate,
                    format.rate.min(before.rate)
                );
                return Err(Error::file(&file, problem));
            }
            let name = match file.strip_prefix(path) {
                Ok(name) if !name.as_os_str().is_empty() => name.display().to_string(),
                _ => file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            };
            rates.push(format.rate);
            files.push((file, name, frames));
        }
        let Some((_, format)) = first else {
            return Err(Error::file(path, "there is no sound in it: it is 0 s long"));
        };
        let mut notes = vec![];
        if silent > 0 {
            notes.push(format!("{} without a single value left out", counted(silent, "sound")));
        }
        let from = if rates.iter().all(|rate| *rate == format.rate) { format.rate } else { 0 };
        Ok(Sounds {
            files,
            from,
            rate: reading.rate.unwrap_or(format.rate),
            channels: format.channels,
            notes,
        })
    }

    fn seconds(&self) -> Result<f64> {
        let mut seconds = 0.0;
        for (file, _, frames) in &self.files {
            let rate = if self.from == 0 { Reader::open(file)?.format().rate } else { self.from };
            seconds += *frames as f64 / f64::from(rate);
        }
        Ok(seconds)
    }

    /// Reads the sounds, or as many stretches of them as fit into so many bytes; with the number of the file of each.
    fn stretches(&mut self, bytes: usize, window: usize) -> Result<Vec<(usize, Track)>> {
        let room = (bytes / (4 * self.channels)) as f64;
        let all = self.seconds()? * f64::from(self.rate);
        let share = (room / all).min(1.0);
        let length = STRETCH.max(4.0 * window as f64 / f64::from(self.rate));
        let mut tracks = vec![];
        for (number, (path, name, frames)) in self.files.iter().enumerate() {
            let mut reader = Reader::open(path)?;
            let from = reader.format().rate;
            let piece = (length * f64::from(from)).round() as usize;
            // Stretches in this file, so that over all files the share is kept.
            let pieces = frames.div_ceil(piece);
            let wanted = |files: usize| (share * (files * pieces) as f64).floor();
            let count = if share == 1.0 { 1 } else { (wanted(number + 1) - wanted(number)) as usize };
            for k in 0..count {
                let [start, end] = match share == 1.0 {
                    true => [0, *frames],
                    false => {
                        let start = frames * k / count;
                        [start, (start + piece).min(frames * (k + 1) / count)]
                    }
                };
                let values = read(&mut reader, start, end, self.rate)?;
                let steps = values.len() / self.channels;
                tracks.push((
                    number,
                    Track {
                        name: name.clone(),
                        clock: Clock::Numbers,
                        times: Times::Even {
                            first: start as f64 / f64::from(from),
                            rate: self.rate.into(),
                            steps,
                        },
                        values: values.into(),
                        pieces: vec![[0, steps]],
                    },
                ));
            }
        }
        if share < 1.0 {
            self.notes.push(format!(
                "of {:.0} s of sound {} fit into memory and are learnt from, evenly spaced (--memory)",
                all / f64::from(self.rate),
                counted(tracks.len(), "stretch").replace("stretchs", "stretches"),
            ));
        }
        Ok(tracks)
    }

    /// The names of the channels.
    fn channels(&self) -> Vec<String> {
        match self.channels {
            1 => vec!["sound".into()],
            2 => vec!["left".into(), "right".into()],
            more => (1..=more).map(|number| format!("channel {number}")).collect(),
        }
    }
}

/// Values of some frames of a file, at this rate.
fn read(reader: &mut Reader<BufReader<File>>, start: usize, end: usize, rate: u32) -> Result<Vec<f32>> {
    let (format, mut values) = (reader.format(), vec![]);
    reader.seek(start)?;
    let mut left = end - start;
    while left > 0 && reader.read(left.min(AT_ONCE), &mut values)? {
        left -= left.min(AT_ONCE);
    }
    Ok(resampled(&values, format.channels, [format.rate, rate]))
}

/// The WAV files of a folder and of the folders in it, in the order of their names.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::io("read the folder", folder, error);
    let mut files = vec![];
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        // A link to a folder above would lead around for ever.
        if entry.file_type().map_err(failed)?.is_dir() {
            files.extend(files_of(&path)?);
        } else if is_named_wav(&path) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a name is that of a sound.
pub(in crate::data) fn is_named_wav(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    !hidden && path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("wav"))
}

/// Whether this is a folder with sounds in it, beside no picture, as in one folder for each voice.
pub(in crate::data) fn holds_sounds(path: &Path) -> bool {
    let is_folder = fs::symlink_metadata(path).is_ok_and(|about| about.is_dir());
    is_folder
        && fs::read_dir(path).is_ok_and(|entries| entries.flatten().any(|entry| is_named_wav(&entry.path())))
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
    /// values, as a count of each of [`LEVELS`].
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

/// Moments of the values of each channel, which are learnt before the cuts.
struct Learnt {
    count: f64,
    sums: Vec<f64>,
    squares: Vec<f64>,
    ranges: Vec<[f32; 2]>,
}

impl Learnt {
    fn of(tracks: &[Track], cuts: &[usize], channels: usize) -> Self {
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

    fn means(&self) -> Vec<f64> {
        self.sums.iter().map(|sum| sum / self.count).collect()
    }

    /// Shift and scale, which all channels share. Those of `standard` make the mean square 1 and leave silence at 0.
    fn scale(
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
    fn new(name: String) -> Self {
        Levels { name, range: [f64::INFINITY, f64::NEG_INFINITY], sum: 0.0, counts: vec![0; LEVELS] }
    }

    fn add(&mut self, value: f32) {
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
