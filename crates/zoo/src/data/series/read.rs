//! Reading the recordings of a series: a table, or the tables of a folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use nn::data::table::{self, Kind as Of, Texts, local_date, quoted};
use nn::{Error, Result};

use super::super::input::Input;
use super::super::kind::Kind;
use super::super::{Reading, parquet, raw};
use super::{Clock, Windows};

/// A recording as it was read.
pub(super) struct Recording {
    pub(super) name: String,
    pub(super) clock: Clock,
    /// The time of each step.
    pub(super) times: Vec<f64>,
    /// `[steps, channels]`, with NaN where nothing was observed.
    pub(super) values: Vec<f64>,
    /// Stretches without a gap that is as long as a window: from and to.
    pub(super) pieces: Vec<[usize; 2]>,
}

/// Recordings with the same channels.
pub(super) struct Found {
    pub(super) recordings: Vec<Recording>,
    pub(super) channels: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// Reads a table, or every table of a folder. If channels are `known`, these are looked for.
pub(super) fn read(input: &Input, reading: &Reading, windows: &Windows, known: &[String]) -> Result<Found> {
    let (path, mut found) =
        (input.path(), Found { recordings: vec![], channels: known.to_vec(), notes: vec![] });
    if input.is_digits() {
        return Err(Error::setting("window", "the embedded digits are no series; give one with --data FILE"));
    }
    if !path.is_dir() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        found.add(path, name, reading, windows)?;
        return Ok(found);
    }
    let files = tables_of(path)?;
    if files.is_empty() {
        let problem =
            "the folder holds no table (.csv, .tsv, .txt or .parquet, perhaps gzipped) to read a series from";
        return Err(Error::file(path, problem));
    }
    for file in files {
        let name = file.strip_prefix(path).unwrap_or(&file).display().to_string();
        found.add(&file, name, reading, windows)?;
    }
    let mut said = BTreeSet::new();
    found.notes.retain(|note| said.insert(note.clone()));
    Ok(found)
}

/// The tables of a folder, in the order of their names.
fn tables_of(path: &Path) -> Result<Vec<PathBuf>> {
    let failed = |error| Error::io("read the folder", path, error);
    let mut files = vec![];
    for entry in fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let is_table = [".csv", ".tsv", ".txt", ".parquet"].iter().any(|ending| name.ends_with(ending));
        if is_table && !name.starts_with('.') && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

impl Found {
    fn add(&mut self, path: &Path, name: String, reading: &Reading, windows: &Windows) -> Result<()> {
        let mut reading = reading.clone();
        let content = match Kind::of(path)? {
            Kind::Table => None,
            Kind::Parquet => {
                let content = parquet::as_csv(path, usize::MAX)?;
                reading = parquet::as_table(&reading);
                Some(content)
            }
            _ => {
                return Err(Error::file(
                    path,
                    "a series is read from a table (CSV, TSV or Parquet), which this is not",
                ));
            }
        };
        let mut options = raw::table_options(&reading);
        if content.is_none()
            && reading.delimiter.is_none()
            && let Some((sign, commas)) = table::better_delimiter(path, &options)?
        {
            options.delimiter = Some(sign);
            options.decimal = options.decimal.or(commas.then_some(','));
            self.notes.push(format!("{sign:?} is taken to separate fields"));
        }
        let rows = match &content {
            Some(content) => Texts::new(path, &content[..], &options)?,
            None => Texts::open(path, &options)?,
        };
        let mut table = Table::new(path, rows, &reading, windows, &self.channels)?;
        self.notes.append(&mut table.notes);
        if self.channels.is_empty() {
            self.channels = table.names();
        }
        let recording = table.recording(path, name, windows.length, &mut self.notes)?;
        self.recordings.push(recording);
        Ok(())
    }
}

/// A table of which the rows are steps.
pub(super) struct Table<'a> {
    rows: Texts<'a>,
    time: Option<usize>,
    clock: Clock,
    channels: Vec<usize>,
    /// Sentences about columns that were left out.
    pub(super) notes: Vec<String>,
}

impl<'a> Table<'a> {
    /// Looks at the first row. If channels are `known`, these are looked for; otherwise all columns of numbers are taken.
    pub(super) fn new(
        path: &Path,
        mut rows: Texts<'a>,
        reading: &Reading,
        windows: &Windows,
        known: &[String],
    ) -> Result<Self> {
        let time = windows.time.as_ref().map(|column| rows.find(column)).transpose()?;
        let is_new = known.is_empty();
        let dropped = match is_new {
            true => reading.drop.iter().map(|column| rows.find(column)).collect::<Result<Vec<_>>>()?,
            false => vec![],
        };
        if !rows.advance()? {
            return Err(Error::file(path, "the table has no rows"));
        }
        let mut table = Table { rows, time, clock: Clock::Rows, channels: vec![], notes: vec![] };
        let (mut texts, mut dates) = (vec![], vec![]);
        for column in (0..table.rows.names().len()).filter(|column| !dropped.contains(column)) {
            match table.rows.known(column) {
                _ if Some(column) == time => {}
                Ok(Some((Of::Date, _))) => dates.push(column),
                Ok(_) => table.channels.push(column),
                Err(_) if time.is_none() && table.local(column).is_some() => dates.push(column),
                Err(_) => texts.push(column),
            }
        }
        if time.is_none() && !dates.is_empty() {
            table.time = Some(dates.remove(0));
        }
        if let Some(column) = table.time {
            let is_date = !matches!(table.rows.known(column), Ok(Some((Of::Number, _))));
            table.clock = if is_date { Clock::Seconds } else { Clock::Numbers };
            if time.is_none() {
                table.notes.push(format!("the column {} is taken for the time", table.name(column)));
            }
        }
        texts.append(&mut dates);
        if is_new {
            let names: Vec<String> = texts.iter().map(|&column| table.name(column)).collect();
            if !names.is_empty() {
                let names = table::listed(&names);
                table.notes.push(format!("left out, because they hold no numbers: {names}"));
            }
        } else {
            table.match_channels(path, known)?;
        }
        if table.channels.is_empty() {
            return Err(Error::file(path, "there is no column of numbers beside the time"));
        }
        Ok(table)
    }

    fn match_channels(&mut self, path: &Path, known: &[String]) -> Result<()> {
        let find = |name: &String| {
            self.rows.names().iter().position(|other| other == name).ok_or_else(|| {
                let problem =
                    format!("there is no column {}, which the model was trained with", quoted(name));
                Error::file(path, problem)
            })
        };
        self.channels = known.iter().map(find).collect::<Result<Vec<usize>>>()?;
        Ok(())
    }

    fn name(&self, column: usize) -> String {
        quoted(&self.rows.names()[column])
    }

    /// The names of the channels.
    pub(super) fn names(&self) -> Vec<String> {
        self.channels.iter().map(|&column| self.rows.names()[column].clone()).collect()
    }

    /// Seconds of a date such as 17.5.2024 08:30.
    fn local(&self, column: usize) -> Option<f64> {
        Some(local_date(self.rows.field(column).ok()?, false)? * DAY)
    }

    /// The time of the row that was read; the number of the row if there is no column of times.
    fn time(&self, number: usize) -> Result<f64> {
        let Some(column) = self.time else { return Ok(number as f64) };
        match (self.rows.known(column), self.clock) {
            (Ok(Some((Of::Date, days))), Clock::Seconds) => Ok((days * DAY * 1e6).round() / 1e6),
            (Ok(Some((_, value))), Clock::Numbers) => Ok(value),
            (Ok(None), _) => self.rows.field(column).map(|_| f64::NAN),
            (found, _) => self
                .local(column)
                .ok_or(())
                .or_else(|()| found.map(|known| known.map_or(0.0, |known| known.1))),
        }
    }

    /// Adds the values of the row that was read.
    fn values(&self, out: &mut Vec<f64>) -> Result<()> {
        for &column in &self.channels {
            out.push(self.rows.known(column)?.map_or(f64::NAN, |(_, value)| value));
        }
        Ok(())
    }

    /// All rows.
    fn recording(
        mut self,
        path: &Path,
        name: String,
        longest: usize,
        notes: &mut Vec<String>,
    ) -> Result<Recording> {
        let (mut times, mut values): (Vec<f64>, Vec<f64>) = (vec![], vec![]);
        loop {
            let time = self.time(times.len() + 1)?;
            if let Some(before) = times.last().filter(|before| time < **before) {
                let [time, before] = [time, *before].map(|time| self.clock.text(time));
                let line = self.rows.line();
                let problem = format!(
                    "line {line}: the time {time} comes before {before} in the row above; sort the rows by time, or give each run as a file of its own in a folder"
                );
                return Err(Error::file(path, problem));
            }
            times.push(time);
            self.values(&mut values)?;
            if !self.rows.advance()? {
                break;
            }
        }
        let channels = self.channels.len();
        Ok(spaced(
            Recording { name, clock: self.clock, times, values, pieces: vec![] },
            channels,
            longest,
            notes,
        ))
    }
}

const DAY: f64 = 86_400.0;

/// Gives a recording even steps, as long as the distance of two rows usually is. Rows that are missing become steps of which
/// nothing was observed; where as many are missing as a window has steps, the recording is in pieces. Rows at the same time
/// become one.
fn spaced(found: Recording, channels: usize, longest: usize, notes: &mut Vec<String>) -> Recording {
    let mut distances: Vec<f64> =
        found.times.windows(2).map(|pair| pair[1] - pair[0]).filter(|d| *d > 0.0).collect();
    let usual = match distances.len() {
        0 => 1.0,
        count => *distances.select_nth_unstable_by(count / 2, f64::total_cmp).1,
    };
    let ahead = |pair: &[f64]| match pair[1] - pair[0] {
        0.0 => 0,
        distance => ((distance / usual).round().min(1e15) as usize).max(1),
    };
    let rows = found.times.len();
    if found.times.windows(2).all(|pair| ahead(pair) == 1) {
        return Recording { pieces: vec![[0, rows]], ..found };
    }
    let (mut times, mut values, mut pieces) = (vec![], vec![], vec![]);
    let (mut start, mut missing, mut same) = (0, 0, 0);
    for (row, cells) in found.values.chunks(channels).enumerate() {
        let steps = if row == 0 { 1 } else { ahead(&found.times[row - 1..=row]) };
        if steps == 0 {
            same += 1;
            let place = values.len() - channels;
            let last: &mut [f64] = &mut values[place..];
            last.iter_mut()
                .zip(cells)
                .filter(|(_, cell)| !cell.is_nan())
                .for_each(|(old, cell)| *old = *cell);
            continue;
        }
        if steps > longest {
            pieces.push([start, times.len()]);
            start = times.len();
        } else if let Some(&before) = times.last() {
            for step in 1..steps {
                times.push(before + (found.times[row] - before) * step as f64 / steps as f64);
                values.resize(values.len() + channels, f64::NAN);
                missing += 1;
            }
        }
        times.push(found.times[row]);
        values.extend(cells);
    }
    pieces.push([start, times.len()]);
    let name = &found.name;
    if missing > 0 {
        notes.push(format!("{name}: {missing} steps are missing between its {rows} rows, and have no part in losses and scores"));
    }
    if pieces.len() > 1 {
        notes.push(format!(
            "{name}: it is in {} pieces, with gaps of a window or more between them",
            pieces.len()
        ));
    }
    if same > 0 {
        notes
            .push(format!("{name}: {same} rows have the time of the row above, and become one step with it"));
    }
    Recording { times, values, pieces, ..found }
}

/// Rows that come one after the other, each as a line of text, of a table whose columns are known.
pub struct Lines {
    header: String,
    reading: Reading,
    windows: Windows,
    channels: Vec<String>,
    number: usize,
}

impl Lines {
    /// Lines below this header, with these channels among their columns.
    ///
    /// # Errors
    /// If a channel has no column.
    pub fn new(header: &str, reading: &Reading, channels: &[String]) -> Result<Self> {
        let windows = reading.windows.clone().unwrap_or_default();
        let mut reading = Reading { header: Some(true), ..reading.clone() };
        if reading.delimiter.is_none() {
            let names = |sign: char| {
                header.trim_end().split(sign).map(|name| name.trim().trim_matches('"').to_owned())
            };
            let fits = |sign: &char| channels.iter().all(|channel| names(*sign).any(|name| name == *channel));
            reading.delimiter = [',', ';', '\t', '|', ' '].into_iter().find(fits);
        }
        Ok(Lines {
            header: header.trim_end().to_owned(),
            reading,
            windows,
            channels: channels.to_vec(),
            number: 0,
        })
    }

    /// Time, its meaning, and values of a line.
    ///
    /// # Errors
    /// If the line is no row of the table.
    pub fn row(&mut self, line: &str) -> Result<(f64, Clock, Vec<f64>)> {
        let name = Path::new("standard input");
        let text = format!("{}\n{}\n", self.header, line.trim_end());
        let number = self.number + 2;
        let read = || {
            let rows = Texts::new(name, text.as_bytes(), &raw::table_options(&self.reading))?;
            let table = Table::new(name, rows, &self.reading, &self.windows, &self.channels)?;
            let mut values = vec![];
            table.values(&mut values)?;
            Ok((table.time(self.number + 1)?, table.clock, values))
        };
        let found = read().map_err(|error: Error| {
            let text = error.to_string();
            let told = text.strip_prefix("standard input: ").unwrap_or(&text);
            let told = told.strip_prefix("line 2").map_or_else(|| format!(": {told}"), str::to_owned);
            Error::file(name, format!("line {number}{told}"))
        })?;
        self.number += 1;
        Ok(found)
    }
}
