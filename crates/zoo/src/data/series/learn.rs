//! A preparation for series: scales are learnt on what is for training, and windows are cut on either side of it.

use std::path::Path;

use autograd::Tensor;
use nn::data::schema::{Kind, Schema};
use nn::data::table::quoted;
use nn::data::transform::Scaling;
use nn::{Dataset, Error, Result};

use super::super::input::Input;
use super::super::numbers::NOTHING;
use super::super::preparation::Prepared;
use super::super::stored::Stored;
use super::super::{Preparation, Reading, Rows, Scale, sample};
use super::read::{Found, Recording, read};
use super::{Clock, Held, Times, Track, Windowed, Windows};

/// Names and values of channels.
type Columns = Vec<(String, Vec<f64>)>;

/// Numbers of windows that are at hand at once, 64 megabytes; of more there is a sample.
pub(super) const AT_HAND: usize = 1 << 24;

impl Preparation {
    /// Reads a series and splits it by time.
    ///
    /// # Errors
    /// If it cannot be read, or no window fits into it.
    pub(in crate::data) fn of_series(
        input: &Input,
        reading: &Reading,
        windows: &Windows,
    ) -> Result<Prepared> {
        reading.refuse_times(input.path())?;
        Preparation::of_recordings(input.path(), reading, windows, read(input, reading, windows, &[])?)
    }

    /// That of steps `[steps, channels]` in memory, of which the last share is for testing.
    ///
    /// # Errors
    /// If no window fits into them.
    pub(crate) fn of_steps(channels: &[String], values: Vec<f64>, reading: &Reading) -> Result<Prepared> {
        let windows = reading.windows.clone().unwrap_or_default();
        let found = Found {
            recordings: vec![in_memory(values, channels.len())],
            channels: channels.to_vec(),
            notes: vec![],
        };
        Preparation::of_recordings(Path::new("steps"), reading, &windows, found)
    }

    /// Other steps in memory, as the model sees them.
    ///
    /// # Errors
    /// If a value is too far out.
    pub(crate) fn track_of_steps(&self, values: Vec<f64>) -> Result<Track> {
        let recording = in_memory(values, self.channels.len());
        Ok(self.tracks(Path::new("steps"), vec![recording])?.remove(0))
    }

    fn of_recordings(path: &Path, reading: &Reading, windows: &Windows, found: Found) -> Result<Prepared> {
        let length = windows.length;
        let Found { recordings, channels, mut notes } = found;
        let cut = |recording: &Recording| {
            let steps = recording.times.len();
            ((steps as f64 * (1.0 - reading.test_fraction)).round() as usize).min(steps)
        };
        let cuts: Vec<usize> = recordings.iter().map(cut).collect();
        let longest =
            recordings.iter().flat_map(|recording| &recording.pieces).map(|[from, to]| to - from).max();
        let longest = longest.unwrap_or(0);
        if longest < length {
            let problem = format!(
                "the longest stretch has {longest} steps, and a window {length}; choose a shorter one, as in --window {}",
                (longest / 4).max(2)
            );
            return Err(Error::file(path, problem));
        }
        let mut prepared = Preparation::scaled_by(path, reading, &channels, &recordings, &cuts, &mut notes)?;
        let steps: usize = recordings.iter().map(|recording| recording.times.len()).sum();
        notes.push(format!(
            "{steps} steps of {} in {}, cut into windows of {length}; the end of each run is for testing",
            counted(channels.len(), "channel"),
            counted(recordings.len(), "run"),
        ));
        let tracks = prepared.tracks(path, recordings)?;
        let parts = [0, 1].map(|part| {
            let range = |track: usize| if part == 0 { [0, cuts[track]] } else { [cuts[track], usize::MAX] };
            prepared.windowed(&tracks, windows, range)
        });
        let [train, test] = &parts;
        let shares =
            [("first", 1.0 - reading.test_fraction, "smaller"), ("last", reading.test_fraction, "larger")];
        if let Some((_, (which, share, other))) = parts.iter().zip(shares).find(|(part, _)| part.len() == 0) {
            let problem = format!(
                "a window of {length} steps is longer than the {which} {:.0} % of any stretch; choose a shorter --window, or a {other} --test-fraction",
                100.0 * share
            );
            return Err(Error::file(path, problem));
        }
        prepared.examples = train.len();
        if train.gaps {
            prepared.fill =
                (0..prepared.features).map(|feature| prepared.mean_of(feature, &channels)).collect();
        }
        let rows = [train, test].map(|part| prepared.at_hand(part, AT_HAND));
        let held = Held { tracks, cuts };
        let stored =
            (train.len() > rows[0].data.len()).then(|| Stored::of_windows(path, train.clone(), &prepared));
        let preparation = prepared;
        Ok(Prepared { rows, preparation, stored, study: None, series: Some(held), notes })
    }

    /// Learns scales from the steps before the cuts.
    fn scaled_by(
        path: &Path,
        reading: &Reading,
        channels: &[String],
        recordings: &[Recording],
        cuts: &[usize],
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        let windows = reading.windows.clone().unwrap_or_default();
        let count = channels.len();
        let mut of = [vec![], vec![]];
        let (mut ranges, mut means) = (vec![], vec![]);
        for (channel, name) in channels.iter().enumerate() {
            let past = recordings.iter().zip(cuts).flat_map(|(recording, &cut)| {
                recording.values[..cut * count].iter().skip(channel).step_by(count).copied()
            });
            let known: Vec<f64> = past.filter(|value| !value.is_nan()).collect();
            if known.is_empty() {
                let problem = format!(
                    "column {} has no value in the part for training; leave it out with --drop-columns",
                    quoted(name)
                );
                return Err(Error::file(path, problem));
            }
            let range = known.iter().fold(NOTHING, |[low, high], v| [low.min(*v), high.max(*v)]);
            if range[0] == range[1] {
                notes.push(format!("{} is constant in the part for training", quoted(name)));
            }
            means.push(known.iter().sum::<f64>() / known.len() as f64);
            ranges.push(range);
            let known = Tensor::from_vec([known.len(), 1], known);
            let scaling = match reading.scale {
                Scale::None => continue,
                Scale::Auto | Scale::Standard => Scaling::standardize(&known)?,
                Scale::MinMax => Scaling::min_max(&known)?,
            };
            of[0].push(scaling.shift.item());
            of[1].push(scaling.scale.item());
        }
        let schema = Schema::series([windows.length, count], Kind::Real);
        let of = of.map(|values| values.repeat(windows.length));
        let mut prepared = Preparation::of(reading.clone(), 0, schema, vec![], of);
        prepared.ranges = ranges.repeat(windows.length);
        prepared.centres = [means.repeat(windows.length), vec![]];
        prepared.channels = channels.to_vec();
        Ok(prepared)
    }

    fn mean_of(&self, feature: usize, channels: &[String]) -> f64 {
        self.centres[0][feature % channels.len()]
    }

    /// Recordings as a model sees them.
    fn tracks(&self, path: &Path, recordings: Vec<Recording>) -> Result<Vec<Track>> {
        let channels = self.channels.len();
        let track = |recording: Recording| {
            let Recording { name, clock, times, values, pieces } = recording;
            let scaled: Vec<f32> =
                values.iter().enumerate().map(|(i, &x)| self.scaled(x, i % channels)).collect();
            if let Some(place) = scaled.iter().zip(&values).position(|(y, x)| !y.is_finite() && !x.is_nan()) {
                let (time, column) =
                    (clock.text(times[place / channels]), quoted(&self.channels[place % channels]));
                let value = values[place];
                let problem = format!(
                    "{name}, {time}, column {column}: the value {value:e} lies too far out for single precision; correct it"
                );
                return Err(Error::file(path, problem));
            }
            Ok(Track { name, clock, times: Times::Each(times.into()), values: scaled.into(), pieces })
        };
        recordings.into_iter().map(track).collect()
    }

    /// A value of a channel as a model sees it.
    pub fn scaled(&self, x: f64, channel: usize) -> f32 {
        match self.unit_of(channel) {
            Some([shift, scale]) => ((x - shift) / scale) as f32,
            None => x as f32,
        }
    }

    /// A value of a channel in its unit.
    pub fn in_unit(&self, y: f64, channel: usize) -> f64 {
        match self.unit_of(channel) {
            Some([shift, scale]) => y * scale + shift,
            None => y,
        }
    }

    /// Shift and scale of a channel, which the channels of a sound share.
    fn unit_of(&self, channel: usize) -> Option<[f64; 2]> {
        let of = |numbers: &[f64]| {
            if numbers.len() == 1 { numbers.first() } else { numbers.get(channel) }.copied()
        };
        Some([of(&self.shift)?, of(&self.scale)?])
    }

    /// The value that a model sees in place of what was not observed, of each channel: its mean.
    pub(crate) fn fill_of_channels(&self) -> Vec<f32> {
        (0..self.channels.len()).map(|channel| self.scaled(self.centres[0][channel], channel)).collect()
    }

    /// The windows of some steps of each track.
    pub(super) fn windowed(
        &self,
        tracks: &[Track],
        windows: &Windows,
        range: impl Fn(usize) -> [usize; 2],
    ) -> Windowed {
        let mut places = vec![];
        for (number, track) in tracks.iter().enumerate() {
            let starts = track.starts(range(number), windows.length, windows.stride);
            places.extend(starts.map(|start| [number as u32, start as u32]));
        }
        let gaps = tracks.iter().any(|track| track.values.iter().any(|value| value.is_nan()));
        Windowed {
            tracks: tracks.to_vec(),
            places,
            length: windows.length,
            fill: self.fill_of_channels(),
            gaps,
        }
    }

    /// As many windows as so many numbers are: all, or a sample.
    pub(super) fn at_hand(&self, of: &Windowed, most: usize) -> Rows {
        let chosen = sample(of.len(), None, (most / of.width().max(1)).max(32));
        let (x, mask) = of.rows_and_mask(&chosen);
        let gaps = mask.as_ref().map_or(vec![], |mask| {
            let hidden = mask.to_vec().into_iter().enumerate().filter(|(_, seen)| *seen == 0.0);
            hidden.map(|(i, _)| [i / of.width(), i % of.width()]).collect()
        });
        let data = Dataset::new(x).with_schema(self.schema.clone()).with_observed(mask);
        let names = chosen.iter().map(|&number| of.name(number)).collect();
        Rows { data, names, ids: None, gaps, cells: None, notes: vec![] }
    }

    /// Steps, channels with their values, and notes of a series as it is.
    pub(in crate::data) fn described_series(
        input: &Input,
        reading: &Reading,
        windows: &Windows,
    ) -> Result<(usize, Columns, Vec<String>)> {
        reading.refuse_times(input.path())?;
        let Found { recordings, channels, notes } = read(input, reading, windows, &[])?;
        let count = channels.len();
        let steps = recordings.iter().map(|recording| recording.times.len()).sum();
        let values = |channel: usize| {
            let all =
                recordings.iter().flat_map(|recording| recording.values.iter().skip(channel).step_by(count));
            all.copied().collect()
        };
        let columns = channels.iter().enumerate().map(|(channel, name)| (name.clone(), values(channel)));
        Ok((steps, columns.collect(), notes))
    }

    /// Recordings of other data, as the model sees them.
    ///
    /// # Errors
    /// If they cannot be read, or lack a channel.
    pub fn read_tracks(&self, source: &str, given: &Reading) -> Result<(Vec<Track>, Vec<String>)> {
        let input = Input::open(source)?;
        input.named(self.tracks_of(&input, given))
    }

    fn tracks_of(&self, input: &Input, given: &Reading) -> Result<(Vec<Track>, Vec<String>)> {
        if self.reading.rate.is_some() {
            return self.tracks_of_sounds(input);
        }
        let reading = self.reading_of_series(given);
        let windows = reading.windows.clone().unwrap_or_default();
        let Found { recordings, notes, .. } = read(input, &reading, &windows, &self.channels)?;
        Ok((self.tracks(input.path(), recordings)?, notes))
    }

    /// How other series are read: as those of the training, but for what is said of them.
    pub(crate) fn reading_of_series(&self, given: &Reading) -> Reading {
        let mut reading = self.reading.clone();
        reading.delimiter = given.delimiter.or(reading.delimiter);
        reading.decimal = given.decimal.or(reading.decimal);
        reading.header = given.header.or(reading.header);
        reading.missing.extend(given.missing.iter().cloned());
        reading
    }

    /// Windows of other data.
    pub(in crate::data) fn rows_of_series(&self, input: &Input, given: &Reading) -> Result<Rows> {
        let (tracks, notes) = self.tracks_of(input, given)?;
        let windows = self.reading.windows.clone().unwrap_or_default();
        let windowed = self.windowed(&tracks, &windows, |_| [0, usize::MAX]);
        if windowed.len() == 0 {
            let problem = format!("no stretch of it is as long as a window of {} steps", windows.length);
            return Err(Error::file(input.path(), problem));
        }
        Ok(Rows { notes, ..self.at_hand(&windowed, usize::MAX) })
    }
}

impl Reading {
    /// Refuses what is said of sounds for a series that is none.
    fn refuse_times(&self, path: &Path) -> Result<()> {
        let problem = match self {
            Reading { rate: Some(_), .. } => "--rate means nothing for a table; only a sound has one",
            Reading { window_ms: None, stride_ms: None, .. } => return Ok(()),
            _ => {
                "a length of time for --window or --stride means nothing for a table; give a number of steps"
            }
        };
        Err(Error::file(path, problem))
    }
}

/// A recording of so many channels that was not read from anywhere.
fn in_memory(values: Vec<f64>, channels: usize) -> Recording {
    let steps = values.len() / channels;
    let times = (0..steps).map(|step| (step + 1) as f64).collect();
    Recording { name: "steps".into(), clock: Clock::Rows, times, values, pieces: vec![[0, steps]] }
}

/// `1 run`, `34 runs`.
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
