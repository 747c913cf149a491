//! Files of sounds: found, looked at and read, whole or in stretches.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use nn::data::wav::{Format, Reader};
use nn::sound::resampled;
use nn::{Error, Result};

use super::super::super::Reading;
use super::super::super::input::Input;
use super::super::learn::counted;
use super::super::{Clock, Times, Track};
use super::AT_ONCE;

/// The least length of a stretch of sounds that do not fit into memory, in seconds.
const STRETCH: f64 = 10.0;

/// Files of sounds, of which the headers were read.
pub(super) struct Sounds {
    pub(super) files: Vec<(PathBuf, String, usize)>,
    /// The rate of the files, and that at which they are read.
    from: u32,
    pub(super) rate: u32,
    pub(super) channels: usize,
    pub(super) notes: Vec<String>,
}

impl Sounds {
    /// Looks at all files, which must be alike, but for their rates if one is asked for.
    pub(super) fn look(input: &Input, reading: &Reading) -> Result<Self> {
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

    pub(super) fn seconds(&self) -> Result<f64> {
        let mut seconds = 0.0;
        for (file, _, frames) in &self.files {
            let rate = if self.from == 0 { Reader::open(file)?.format().rate } else { self.from };
            seconds += *frames as f64 / f64::from(rate);
        }
        Ok(seconds)
    }

    /// Reads the sounds, or as many stretches of them as fit into so many bytes; with the number of the file of each.
    pub(super) fn stretches(&mut self, bytes: usize, window: usize) -> Result<Vec<(usize, Track)>> {
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
    pub(super) fn channels(&self) -> Vec<String> {
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
