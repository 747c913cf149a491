//! `zoo score` for series: a score for every step, and events.

mod follow;

use autograd::Tensor;
use nn::files::write_atomically;
use nn::{Error, Result};
use serde_json::{Value, json};
use zoo::data::Reading;
use zoo::data::series::Track;
use zoo::plot::{Picture, Strip, recording};
use zoo::run::Run;
use zoo::uses::series::{Causes, Event, Monitor, Scores, causes, events};

use super::examples::caption;
use super::output::{Sheet, Target, may_write};
use super::progress::Spinner;
use super::terminal::say_notes;
use super::{Outcome, json as pretty};
use crate::cli::ScoreArgs;

/// Events of which the causes are looked for: the strongest.
const EXPLAINED: usize = 50;
/// Channels that are named as the cause of an event, each with this share at least.
const NAMED: usize = 3;
const LEAST: f64 = 0.05;

/// How strange each step is, and which stretches are.
pub(super) fn run(run: &Run, args: &ScoreArgs, target: &Target) -> Result<Outcome> {
    let others = [
        (args.score.is_some(), "score"),
        (args.carried.id.is_some(), "id"),
        (args.rows.part.is_some(), "part"),
    ];
    if let Some((_, flag)) = others.into_iter().find(|(said, _)| *said) {
        return Err(Error::setting(
            flag,
            format!("--{flag} means nothing for the steps of a series; leave it away"),
        ));
    }
    let monitor = run.monitor()?;
    let contamination = args.contamination.unwrap_or(0.001);
    let threshold = monitor.ordinary().threshold(contamination)?;
    if args.follow {
        return follow::run(run, &monitor, threshold);
    }
    if let Some(path) = &args.events {
        if !matches!(path.extension().and_then(|ending| ending.to_str()), Some("csv" | "json")) {
            return Err(Error::file(path, "the ending says how to write: .csv or .json"));
        }
        may_write(path, args.out.force)?;
    }
    let spinner = Spinner::new("reading data");
    let source = args.rows.data.as_deref().unwrap_or(&run.config.data);
    let (tracks, notes) = run.preparation.read_tracks(source, &args.rows.reading.over(Reading::default()))?;
    drop(spinner);
    say_notes(&notes);
    let spinner = Spinner::new("scoring");
    let found = Findings::new(run, &monitor, tracks, threshold, contamination);
    drop(spinner);
    if let Some(path) = &args.events {
        let is_json = path.extension().is_some_and(|ending| ending == "json");
        let content = if is_json { pretty(&found.json()).into_bytes() } else { found.events_csv() };
        write_atomically(path, &content)?;
    }
    if args.json.json {
        return Ok(Outcome::Done(pretty(&found.json())));
    }
    match (args.top, &args.events) {
        (Some(top), _) if args.out.out.is_none() => Ok(Outcome::Done(found.table(top))),
        (None, Some(_)) if args.out.out.is_none() => Ok(Outcome::Done(found.table(usize::MAX))),
        _ => target.put(|| Ok(found.sheet()), || Ok(found.picture())),
    }
}

/// The scores of some recordings.
struct Findings<'a> {
    run: &'a Run,
    tracks: Vec<Track>,
    scores: Vec<Scores>,
    /// Recording, event and causes, in the order of the recordings.
    events: Vec<(usize, Event, Option<Causes>)>,
    threshold: f64,
    contamination: f64,
}

impl<'a> Findings<'a> {
    fn new(run: &'a Run, monitor: &Monitor, tracks: Vec<Track>, threshold: f64, contamination: f64) -> Self {
        let scores: Vec<Scores> = tracks.iter().map(|track| monitor.scores(track)).collect();
        let apart = monitor.length();
        let of = |(number, (track, scores))| {
            events(track, scores, threshold, apart).into_iter().map(move |e| (number, e))
        };
        let all: Vec<(usize, Event)> = tracks.iter().zip(&scores).enumerate().flat_map(of).collect();
        let mut strongest: Vec<usize> = (0..all.len()).collect();
        strongest.sort_by(|&a, &b| all[b].1.score.total_cmp(&all[a].1.score));
        strongest.truncate(EXPLAINED);
        let explained = all.into_iter().enumerate().map(|(place, (number, event))| {
            let causes = strongest.contains(&place).then(|| causes(monitor, &tracks[number], &event));
            (number, event, causes)
        });
        let events = explained.collect();
        Findings { run, tracks, scores, events, threshold, contamination }
    }

    fn channels(&self) -> &[String] {
        &self.run.preparation.channels
    }

    /// The channels behind an event with their shares, the largest first: by its causes, or by its scores if these are not
    /// known.
    fn reasons(&self, event: &Event, causes: Option<&Causes>) -> Vec<(usize, f64)> {
        let known = causes.filter(|causes| causes.shares.iter().sum::<f64>() > 0.0);
        let shares = known.map_or(&event.shares, |causes| &causes.shares);
        let mut order: Vec<(usize, f64)> = shares.iter().copied().enumerate().collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        order.into_iter().take(NAMED).filter(|(_, share)| *share >= LEAST).collect()
    }

    /// `Flow 83 % (too low), Current 12 %`.
    fn because(&self, event: &Event, causes: Option<&Causes>) -> String {
        let reason = |(channel, share): (usize, f64)| {
            let side = causes.map_or(0.0, |causes| causes.change[channel]);
            let side = match () {
                () if side > 0.05 => " (low)",
                () if side < -0.05 => " (high)",
                () => "",
            };
            format!("{} {:.0} %{side}", self.channels()[channel], 100.0 * share)
        };
        self.reasons(event, causes).into_iter().map(reason).collect::<Vec<_>>().join(", ")
    }

    fn time(&self, number: usize, step: usize) -> String {
        let track = &self.tracks[number];
        track.clock.text(track.times.at(step))
    }

    /// For people: the strongest events.
    fn table(&self, top: usize) -> String {
        let steps: usize =
            self.scores.iter().map(|scores| scores.scores.iter().filter(|s| !s.is_nan()).count()).sum();
        let above: usize = self
            .scores
            .iter()
            .map(|scores| scores.scores.iter().filter(|s| **s > self.threshold).count())
            .sum();
        let mut text = format!(
            "{}: {above} of {steps} steps score above {:.3}, which of ordinary steps a fraction of {} does\n\n",
            counted(self.events.len()),
            self.threshold,
            self.contamination
        );
        let mut order: Vec<&(usize, Event, Option<Causes>)> = self.events.iter().collect();
        order.sort_by(|a, b| b.1.score.total_cmp(&a.1.score));
        order.truncate(top);
        let head = ["run", "start", "end", "steps", "peak", "score", "because"].map(str::to_owned);
        let line = |(number, event, causes): &(usize, Event, Option<Causes>)| {
            [
                self.tracks[*number].name.clone(),
                self.time(*number, event.start),
                self.time(*number, event.end),
                (event.end - event.start + 1).to_string(),
                self.time(*number, event.peak),
                format!("{:.1}", event.score),
                self.because(event, causes.as_ref()),
            ]
        };
        let lines: Vec<[String; 7]> = std::iter::once(head).chain(order.into_iter().map(line)).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..7).map(width).collect();
        let first = usize::from(self.tracks.len() == 1);
        for line in &lines {
            let cells = line.iter().zip(&widths).skip(first).map(|(cell, width)| format!("{cell:width$}"));
            text += &format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end());
        }
        text
    }

    /// For programs.
    fn json(&self) -> Value {
        let event = |(number, event, causes): &(usize, Event, Option<Causes>)| {
            let channel = |channel: usize| {
                let mut value =
                    json!({"channel": self.channels()[channel], "score_share": event.shares[channel]});
                if let Some(causes) = causes {
                    let change = causes.change[channel];
                    let unit = self.run.preparation.in_unit(change, channel)
                        - self.run.preparation.in_unit(0.0, channel);
                    value["cause_share"] = json!(causes.shares[channel]);
                    value["change_to_ordinary"] = json!(unit);
                }
                value
            };
            json!({
                "run": self.tracks[*number].name,
                "start": self.time(*number, event.start),
                "end": self.time(*number, event.end),
                "steps": event.end - event.start + 1,
                "peak": self.time(*number, event.peak),
                "score": event.score,
                "channels": (0..self.channels().len()).map(channel).collect::<Vec<_>>(),
            })
        };
        json!({
            "threshold": self.threshold,
            "contamination": self.contamination,
            "steps": self.tracks.iter().map(Track::steps).sum::<usize>(),
            "events": self.events.iter().map(event).collect::<Vec<_>>(),
        })
    }

    /// The events as comma-separated text.
    fn events_csv(&self) -> Vec<u8> {
        const MEMORY: &str = "writing to memory does not fail";
        let mut writer = csv::Writer::from_writer(vec![]);
        writer.write_record(["run", "start", "end", "steps", "peak", "score", "channels"]).expect(MEMORY);
        for (number, event, causes) in &self.events {
            let record = [
                self.tracks[*number].name.clone(),
                self.time(*number, event.start),
                self.time(*number, event.end),
                (event.end - event.start + 1).to_string(),
                self.time(*number, event.peak),
                event.score.to_string(),
                self.because(event, causes.as_ref()),
            ];
            writer.write_record(record).expect(MEMORY);
        }
        writer.into_inner().expect(MEMORY)
    }

    /// A row for each step: its score, what each channel has in it, and what the model expects.
    fn sheet(&self) -> Sheet {
        let channels = self.channels().len();
        let mut columns = ["score", "anomalous"].map(String::from).to_vec();
        columns.extend(self.channels().iter().map(|name| format!("score_{name}")));
        columns.extend(self.channels().iter().map(|name| format!("expected_{name}")));
        let (mut runs, mut times, mut values) = (vec![], vec![], vec![]);
        for (number, (track, scores)) in self.tracks.iter().zip(&self.scores).enumerate() {
            // Where nothing was observed there is no row to score.
            for step in (0..track.steps()).filter(|&step| !scores.scores[step].is_nan()) {
                let score = scores.scores[step];
                runs.push(track.name.clone());
                times.push(self.time(number, step));
                values.extend([score, if score > self.threshold { 1.0 } else { 0.0 }]);
                let row = step * channels..(step + 1) * channels;
                values.extend(scores.parts[row.clone()].iter().map(|part| f64::from(*part)));
                let expected = scores.expected[row].iter().enumerate();
                // As many digits as single precision has.
                let shown = |(c, y): (usize, &f32)| {
                    let x = self.run.preparation.in_unit(f64::from(*y), c);
                    format!("{x:.6e}").parse().unwrap_or(x)
                };
                values.extend(expected.map(shown));
            }
        }
        let name = self.tracks.first().map_or("time", |track| track.clock.name());
        let mut texts = vec![(name.to_owned(), times)];
        if self.tracks.len() > 1 {
            texts.insert(0, ("run".into(), runs));
        }
        let values = Tensor::from_vec([values.len() / columns.len(), columns.len()], values);
        Sheet { rows: None, texts, words: vec![], columns, values, single: false }
    }

    /// The recording with the highest score: its channels, those with the largest part in the scores first, over what the
    /// model expects of them, and its score.
    fn picture(&self) -> Picture {
        const MOST: usize = 8;
        let highest =
            |scores: &Scores| scores.scores.iter().copied().filter(|s| !s.is_nan()).fold(0.0, f64::max);
        let number = (0..self.tracks.len())
            .max_by(|&a, &b| highest(&self.scores[a]).total_cmp(&highest(&self.scores[b])))
            .unwrap_or(0);
        let (track, scores, count) = (&self.tracks[number], &self.scores[number], self.channels().len());
        let part = |channel: usize| -> f64 {
            let all = scores.parts.iter().skip(channel).step_by(count).zip(&scores.scores);
            all.filter(|(_, score)| **score > self.threshold).map(|(part, _)| f64::from(*part)).sum()
        };
        let mut order: Vec<(usize, f64)> = (0..count).map(|channel| (channel, part(channel))).collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        let strip = |&(channel, _): &(usize, f64)| {
            let unit = |y: &f32| self.run.preparation.in_unit(f64::from(*y), channel);
            let of = |values: &[f32]| values.iter().skip(channel).step_by(count).map(unit).collect();
            Strip {
                name: self.channels()[channel].clone(),
                seen: of(&track.values),
                expected: of(&scores.expected),
            }
        };
        let strips: Vec<Strip> = order.iter().take(MOST).map(strip).collect();
        let of_track = self.events.iter().filter(|(of, ..)| *of == number);
        let marks: Vec<[usize; 2]> = of_track.map(|(_, event, _)| [event.start, event.end]).collect();
        let ends = [0, track.steps() - 1].map(|step| self.time(number, step));
        let title = format!(
            "{}: what the model expects, and {}\n{}",
            track.name,
            counted(marks.len()),
            caption(self.run)
        );
        recording(&title, &strips, (&scores.scores, self.threshold), &marks, &ends)
    }
}

/// `1 event`, `3 events`.
fn counted(events: usize) -> String {
    if events == 1 { "1 event".into() } else { format!("{events} events") }
}
