//! Sounds in WAV files: whole numbers of 8 to 32 bits or floats, any rate, any number of channels.
//!
//! A [`Reader`] gives a sound piece by piece, so that one of a day takes no more memory than one of a second; a [`Writer`]
//! takes it the same way. Values lie in `[−1, 1)` whatever the bits are, and come frame by frame: a value of each channel,
//! then those of the next moment.
//!
//! ```
//! use nn::data::wav::{self, Format};
//!
//! let tone: Vec<f32> = (0..800).map(|i| 0.5 * (0.1 * i as f32).sin()).collect();
//! let content = wav::bytes(Format { rate: 8000, channels: 1, bits: 16, float: false }, &tone)?;
//! let (format, same) = wav::parse("tone.wav".as_ref(), &content)?;
//! assert_eq!((format.rate, same.len()), (8000, 800));
//! assert!(tone.iter().zip(&same).all(|(a, b)| (a - b).abs() < 1.0 / 32768.0));
//! # Ok::<(), nn::Error>(())
//! ```

use std::fs::File;
use std::io::{BufReader, BufWriter, Cursor, Read, Seek, Write};
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader, WavSpec, WavWriter};

use crate::{Error, Result};

/// The form of a sound in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Frames in a second, in Hz.
    pub rate: u32,
    /// Values in a frame.
    pub channels: usize,
    /// Bits of a value.
    pub bits: u16,
    /// Whether values are floats, and not whole numbers.
    pub float: bool,
}

/// Whether a file with these first bytes is a WAV file.
pub fn is_wav(start: &[u8]) -> bool {
    start.starts_with(b"RIFF") && start.get(8..12) == Some(b"WAVE")
}

/// A sound that is read piece by piece.
pub struct Reader<R> {
    wav: WavReader<R>,
    path: PathBuf,
    format: Format,
    /// Values that were read.
    done: u64,
}

impl Reader<BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read, is no WAV file, or its values are in a form that is not read.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| Error::io("read", path, error))?;
        Reader::new(path, BufReader::new(file))
    }
}

impl<R: Read> Reader<R> {
    /// Reads the header of a sound. Errors call it `path`.
    ///
    /// # Errors
    /// If it is no WAV file, or its values are in a form that is not read.
    pub fn new(path: &Path, source: R) -> Result<Self> {
        let wav = WavReader::new(source).map_err(|error| unreadable(path, error))?;
        let WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format } = wav.spec();
        let float = sample_format == SampleFormat::Float;
        if rate == 0 {
            return Err(Error::file(path, "its header says 0 frames in a second; the file is damaged"));
        }
        let format = Format { rate, channels: usize::from(channels), bits, float };
        Ok(Reader { wav, path: path.to_owned(), format, done: 0 })
    }

    /// The form of the sound.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The number of frames that the header promises.
    pub fn frames(&self) -> usize {
        self.wav.duration() as usize
    }

    /// Adds up to so many more frames to `out`; `false` when there are no more.
    ///
    /// # Errors
    /// If the file ends before its sound, cannot be read, or has a value that is no number.
    pub fn read(&mut self, frames: usize, out: &mut Vec<f32>) -> Result<bool> {
        let all = self.frames() as u64 * self.format.channels as u64;
        let before = self.done;
        let more = (all - self.done).min((frames as u64).saturating_mul(self.format.channels as u64));
        let whole = 2.0_f64.powi(i32::from(self.format.bits) - 1).recip() as f32;
        let (path, format) = (&self.path, self.format);
        let place = |done: u64| done as f64 / (format.channels as f64 * f64::from(format.rate));
        let mut take = |value: Result<f32, hound::Error>| {
            let value = value.map_err(|error| {
                let [here, end] = [self.done, all].map(place);
                match error {
                    hound::Error::IoError(error) if error.kind() != std::io::ErrorKind::Other => {
                        Error::io("read", path, error)
                    }
                    hound::Error::IoError(_) => Error::file(
                        path,
                        format!("the file was cut off: it ends after {here:.3} s of {end:.3} s of sound"),
                    ),
                    error => unreadable(path, error),
                }
            })?;
            if !value.is_finite() {
                let problem =
                    format!("the value at {:.3} s is {value}, which is no number", place(self.done));
                return Err(Error::file(path, problem));
            }
            out.push(value);
            self.done += 1;
            Ok(())
        };
        match format.float {
            true => self.wav.samples::<f32>().take(more as usize).try_for_each(&mut take)?,
            false => {
                let mut scaled = self.wav.samples::<i32>().map(|x| x.map(|x| x as f32 * whole));
                scaled.by_ref().take(more as usize).try_for_each(&mut take)?;
            }
        }
        Ok(self.done > before)
    }
}

impl<R: Read + Seek> Reader<R> {
    /// Goes to this frame, counted from 0, which is read next.
    ///
    /// # Errors
    /// If the file cannot be read there.
    pub fn seek(&mut self, frame: usize) -> Result<()> {
        let frame = frame.min(self.frames());
        self.wav.seek(frame as u32).map_err(|error| Error::io("read", &self.path, error))?;
        self.done = frame as u64 * self.format.channels as u64;
        Ok(())
    }
}

/// A whole sound: its form, and its values frame by frame. Errors call it `path`.
///
/// # Errors
/// Those of [`Reader::new`] and [`Reader::read`].
pub fn parse(path: &Path, content: &[u8]) -> Result<(Format, Vec<f32>)> {
    let mut reader = Reader::new(path, Cursor::new(content))?;
    let mut values = vec![];
    while reader.read(1 << 12, &mut values)? {}
    Ok((reader.format(), values))
}

/// A sound that is written piece by piece.
pub struct Writer<W: Write + Seek> {
    wav: WavWriter<W>,
    format: Format,
}

impl<W: Write + Seek> Writer<W> {
    /// Begins a sound of this form.
    ///
    /// # Errors
    /// If there is no such form in WAV files, or nothing can be written.
    pub fn new(target: W, format: Format) -> Result<Self> {
        let Format { rate, channels, bits, float } = format;
        let known = if float { bits == 32 } else { [8, 16, 24, 32].contains(&bits) };
        let channels = u16::try_from(channels).ok().filter(|channels| *channels > 0);
        let (true, Some(channels)) = (known, channels) else {
            let kind = if float { "float" } else { "whole number" };
            let problem = format!(
                "a sound of {} channels, each a {kind} of {bits} bits, cannot be written as WAV",
                format.channels
            );
            return Err(Error::unsupported(problem));
        };
        let sample_format = if float { SampleFormat::Float } else { SampleFormat::Int };
        let spec = WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format };
        Ok(Writer { wav: WavWriter::new(target, spec).map_err(refused)?, format })
    }

    /// Adds values, frame by frame. Whole numbers are rounded, and what is louder than they can say is cut off.
    ///
    /// # Errors
    /// If they cannot be written, or the file would become larger than a WAV file can be, 4 GB.
    pub fn write(&mut self, values: &[f32]) -> Result<()> {
        let bytes = (u64::from(self.wav.len()) + values.len() as u64) * u64::from(self.format.bits / 8);
        if bytes > u64::from(u32::MAX) - 128 {
            return Err(Error::data("the sound is too long for a WAV file, which has at most 4 GB"));
        }
        let most = 2.0_f64.powi(i32::from(self.format.bits) - 1);
        for &value in values {
            let written = match self.format.float {
                true => self.wav.write_sample(value),
                false => {
                    let level = (f64::from(value) * most).round().clamp(-most, most - 1.0);
                    self.wav.write_sample(level as i32)
                }
            };
            written.map_err(refused)?;
        }
        Ok(())
    }

    /// Writes the lengths into the header.
    ///
    /// # Errors
    /// If they cannot be written, or the last frame is not whole.
    pub fn finish(self) -> Result<()> {
        self.wav.finalize().map_err(refused)
    }
}

/// A whole sound as the bytes of a file.
///
/// # Errors
/// Those of [`Writer::new`] and [`Writer::write`].
pub fn bytes(format: Format, values: &[f32]) -> Result<Vec<u8>> {
    let mut content = Cursor::new(vec![]);
    let mut writer = Writer::new(BufWriter::new(&mut content), format)?;
    writer.write(values)?;
    writer.finish()?;
    Ok(content.into_inner())
}

/// The sentence about a file that is no sound.
fn unreadable(path: &Path, error: hound::Error) -> Error {
    let problem = match error {
        hound::Error::IoError(error) if error.kind() != std::io::ErrorKind::Other => {
            return Error::io("read", path, error);
        }
        hound::Error::IoError(_) => "the file was cut off: it ends within the header of its sound".into(),
        hound::Error::Unsupported | hound::Error::TooWide | hound::Error::InvalidSampleFormat => {
            "the values of this WAV file are in a form that is not read; save it with whole numbers of 8, 16, 24 or 32 bits, or \
             as 32-bit floats"
                .into()
        }
        hound::Error::FormatError(what) => format!("this is no good WAV file ({what})"),
        hound::Error::UnfinishedSample => "the last frame of the sound is not whole".into(),
    };
    Error::file(path, problem)
}

fn refused(error: hound::Error) -> Error {
    Error::data(format!("the sound cannot be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMATS: [(u16, bool); 5] = [(8, false), (16, false), (24, false), (32, false), (32, true)];

    #[test]
    fn every_form_comes_back() {
        for ((bits, float), channels) in FORMATS.into_iter().flat_map(|form| [1, 2, 5].map(|n| (form, n))) {
            let format = Format { rate: 44_100, channels, bits, float };
            let values: Vec<f32> = (0..60).map(|i| (i * i % 41) as f32 / 20.5 - 1.0).collect();
            let (same, back) = parse("a.wav".as_ref(), &bytes(format, &values).unwrap()).unwrap();
            assert_eq!(same, format);
            let step = if float { 0.0 } else { 0.51 * 2.0_f32.powi(1 - i32::from(bits)) + 1e-7 };
            assert!(values.iter().zip(&back).all(|(a, b)| (a - b).abs() <= step), "{format:?}");
        }
    }

    #[test]
    fn loud_values_are_cut_off() {
        let format = Format { rate: 8000, channels: 1, bits: 16, float: false };
        let back = parse("a.wav".as_ref(), &bytes(format, &[7.0, -7.0]).unwrap()).unwrap().1;
        assert_eq!(back, [32767.0 / 32768.0, -1.0]);
    }

    #[test]
    fn pieces_are_the_whole_and_any_frame_can_be_next() {
        let format = Format { rate: 8000, channels: 2, bits: 16, float: false };
        let values: Vec<f32> = (0..20).map(|i| i as f32 / 32.0).collect();
        let content = bytes(format, &values).unwrap();
        let mut reader = Reader::new("a.wav".as_ref(), Cursor::new(&content)).unwrap();
        let mut found = vec![];
        while reader.read(3, &mut found).unwrap() {}
        assert_eq!((reader.frames(), &found), (10, &values));
        reader.seek(7).unwrap();
        found.clear();
        assert!(reader.read(2, &mut found).unwrap());
        assert_eq!(found, values[14..18]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        let format = Format { rate: 8000, channels: 1, bits: 16, float: false };
        let good = bytes(format, &[0.5; 8000]).unwrap();
        let said = |content: &[u8]| parse("a.wav".as_ref(), content).unwrap_err().to_string();
        assert_eq!(
            said(&good[..8044]),
            "a.wav: the file was cut off: it ends after 0.500 s of 1.000 s of sound"
        );
        assert_eq!(said(b"RIFX"), "a.wav: this is no good WAV file (no RIFF tag found)");
        assert_eq!(said(&good[..20]), "a.wav: the file was cut off: it ends within the header of its sound");
        let nan = bytes(Format { bits: 32, float: true, ..format }, &[0.0, f32::NAN]).unwrap();
        assert_eq!(said(&nan), "a.wav: the value at 0.000 s is NaN, which is no number");
        // A law of telephones: 7 in place of 1.
        let mut other = good.clone();
        other[20] = 7;
        assert!(said(&other).contains("in a form that is not read"), "{}", said(&other));
        let odd = Format { bits: 12, ..format };
        let text = bytes(odd, &[]).unwrap_err().to_string();
        assert_eq!(text, "a sound of 1 channels, each a whole number of 12 bits, cannot be written as WAV");
        assert!(parse("a.wav".as_ref(), &bytes(format, &[]).unwrap()).unwrap().1.is_empty());
    }
}
