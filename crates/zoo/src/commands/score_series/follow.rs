//! `zoo score --follow`: scores of a series while it comes.

use std::io::{BufRead, ErrorKind, Write, stdin, stdout};
use std::path::Path;

use nn::{Error, Result};
use zoo::data::series::{Clock, Lines};
use zoo::run::Run;
use zoo::uses::series::{Follower, Monitor, Step};

use super::super::Outcome;

/// A line of so many bytes is no row of a table.
const LONGEST: u64 = 1 << 20;

/// Reads rows from standard input until it ends, and writes scores to standard output.
pub(super) fn run(run: &Run, monitor: &Monitor, threshold: f64) -> Result<Outcome> {
    let preparation = &run.preparation;
    let mut input = stdin().lock();
    let name = Path::new("standard input");
    let Some(header) = line(&mut input)? else {
        return Err(Error::file(name, "there is nothing; the first line names the columns"));
    };
    let mut lines = Lines::new(&header, &preparation.reading, &preparation.channels)?;
    let mut out = Out { channels: &preparation.channels, clock: None, threshold };
    let mut follower = Follower::new(monitor);
    let (mut before, step): (Option<f64>, f64) = (None, monitor.ordinary().step);
    let channels = preparation.channels.len();
    while let Some(text) = line(&mut input)? {
        if text.trim().is_empty() {
            continue;
        }
        let (time, clock, values) = lines.row(&text)?;
        if let Some(before) = before.filter(|before| time < *before) {
            let [time, before] = [time, before].map(|time| clock.text(time));
            let problem = format!("the time {time} comes after {before}, and time does not run backwards");
            return Err(Error::file(name, problem));
        }
        let missing = before.map_or(0.0, |before| ((time - before) / step).round() - 1.0);
        if missing >= monitor.length() as f64 {
            out.write(&follower.end(), clock)?;
        } else {
            for number in 1..=missing.max(0.0) as usize {
                let between = before.unwrap_or(time) + number as f64 * step;
                out.write(follower.push(between, vec![f32::NAN; channels]).as_slice(), clock)?;
            }
        }
        before = Some(time);
        let values = values.iter().enumerate().map(|(channel, x)| preparation.scaled(*x, channel)).collect();
        out.write(follower.push(time, values).as_slice(), clock)?;
    }
    let clock = out.clock.unwrap_or(Clock::Rows);
    out.write(&follower.end(), clock)?;
    Ok(Outcome::Done(String::new()))
}

/// The next line, if there is one.
fn line(input: &mut impl BufRead) -> Result<Option<String>> {
    let name = Path::new("standard input");
    let mut text = String::new();
    let read = std::io::Read::take(&mut *input, LONGEST).read_line(&mut text);
    match read {
        Ok(0) => Ok(None),
        Ok(count) if count as u64 == LONGEST => {
            Err(Error::file(name, "a line has a million bytes, and is no row of a table"))
        }
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            Err(Error::file(name, "the text is not UTF-8"))
        }
        Err(error) => Err(Error::io("read", name, error)),
    }
}

struct Out<'a> {
    channels: &'a [String],
    /// The meaning of times, from the first row on.
    clock: Option<Clock>,
    threshold: f64,
}

impl Out<'_> {
    /// Writes what is known of some steps, at once.
    fn write(&mut self, steps: &[Step], clock: Clock) -> Result<()> {
        let mut writer = csv::Writer::from_writer(vec![]);
        const MEMORY: &str = "writing to memory does not fail";
        if self.clock.is_none() {
            let parts = self.channels.iter().map(|name| format!("score_{name}"));
            let names = [clock.name(), "score", "anomalous"].into_iter().map(str::to_owned).chain(parts);
            writer.write_record(names).expect(MEMORY);
        }
        self.clock = Some(clock);
        for step in steps.iter().filter(|step| !step.score.is_nan()) {
            let flag = if step.score > self.threshold { "1" } else { "0" };
            let parts = step.parts.iter().map(|part| f64::from(*part).to_string());
            let fields =
                [clock.text(step.time), step.score.to_string(), flag.into()].into_iter().chain(parts);
            writer.write_record(fields).expect(MEMORY);
        }
        let text = writer.into_inner().expect(MEMORY);
        let mut out = stdout().lock();
        match out.write_all(&text).and_then(|()| out.flush()) {
            // Who reads has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
            written => written.map_err(|error| Error::io("write", Path::new("standard output"), error)),
        }
    }
}
