//! Progress of a training on the terminal.

use std::io::Write;
use std::ops::ControlFlow;
use std::time::Duration;

use autograd::Real;
use indicatif::{HumanDuration, ProgressStyle};

use super::callbacks::unit;
use super::{Callback, Epoch, Step, Task};
use crate::Result;

/// Between two lines of a log at least.
const LINES: Duration = Duration::from_secs(10);

/// A bar on the terminal with the loss of the last epoch, the throughput and the time left. Where standard error is no
/// terminal, a line of a long training says the same now and then: after ten seconds, and again whenever ten more or a
/// tenth of the time so far have gone by.
pub struct ProgressBar {
    bar: indicatif::ProgressBar,
    examples: u64,
    /// One example, in the unit of the loss, if that is known.
    example: Option<&'static str>,
    /// The text that is shown: less in a narrow terminal, where the line would break, and its first half would stay behind at
    /// every step.
    template: &'static str,
    terminal: bool,
    /// The time after which the next line is due where there is no terminal.
    due: Duration,
    /// How far it was when it began here: a training that was resumed is not at its beginning.
    begun: Option<usize>,
}

impl ProgressBar {
    /// A bar, not yet shown.
    pub fn new() -> Self {
        let bar = indicatif::ProgressBar::new(0);
        let terminal = console::Term::stderr().is_term();
        let (template, due, begun) = ("", LINES, None);
        let mut bar = ProgressBar { bar, examples: 0, example: None, template, terminal, due, begun };
        bar.fit();
        bar
    }

    /// Names an example in the unit of the loss: `img`, `row` or `sequence`, say.
    pub fn per(mut self, example: &'static str) -> Self {
        self.example = Some(example);
        self
    }

    /// The words about an epoch.
    fn message(&self, epoch: &Epoch) -> String {
        let (kind, loss) =
            if epoch.validation.is_some() { ("test", epoch.judged()) } else { ("training", &epoch.train) };
        format!("epoch {}: {kind} loss {:.3} {}", epoch.number, loss.total(), unit(loss, self.example))
    }

    /// The line for a log, if one is due after this time.
    fn line(&mut self, step: &Step, elapsed: Duration) -> Option<String> {
        let begun = *self.begun.get_or_insert(step.done.saturating_sub(1));
        if elapsed < self.due {
            return None;
        }
        self.due = elapsed + LINES.max(elapsed / 10);
        let left = elapsed.as_secs_f64() * (step.of - step.done) as f64 / (step.done - begun).max(1) as f64;
        let left = HumanDuration(Duration::from_secs(left as u64));
        let message = self.bar.message();
        let message = if message.is_empty() { String::new() } else { format!("  {message}") };
        Some(format!("{:3.0} %{message}  {left} left", 100.0 * step.done as f64 / step.of.max(1) as f64))
    }

    /// Shows what the terminal has room for.
    fn fit(&mut self) {
        let columns = console::Term::stderr().size_checked().map_or(u16::MAX, |(_, columns)| columns);
        let template = match columns {
            90.. => "{msg}  {wide_bar}  {percent:>3} %  {prefix}  {eta} left",
            60.. => "{msg}  {wide_bar}  {percent:>3} %  {eta} left",
            _ => "{percent:>3} %  {wide_msg}",
        };
        if self.template != template {
            self.template = template;
            let style = ProgressStyle::with_template(template).expect("a valid template");
            self.bar.set_style(style.progress_chars("━━─"));
        }
    }
}

impl Default for ProgressBar {
    fn default() -> Self {
        ProgressBar::new()
    }
}

impl<T: Real> Callback<T> for ProgressBar {
    fn step(&mut self, step: &Step) -> Result<ControlFlow<()>> {
        self.examples += step.examples as u64;
        if self.bar.length() != Some(step.of as u64) {
            self.bar.set_length(step.of as u64);
            // What was done before a resumption says nothing about the speed.
            self.bar.set_position(step.done as u64);
            self.bar.reset_eta();
        }
        self.bar.set_position(step.done as u64);
        let line = if self.terminal { None } else { self.line(step, self.bar.elapsed()) };
        // A log that nobody takes is no reason to end a training.
        line.iter().for_each(|line| _ = writeln!(std::io::stderr(), "{line}"));
        Ok(ControlFlow::Continue(()))
    }

    fn epoch(&mut self, epoch: &Epoch, _: &dyn Task<T>) -> Result<ControlFlow<()>> {
        self.fit();
        self.bar.set_message(self.message(epoch));
        let rate = self.examples as f64 / self.bar.elapsed().as_secs_f64().max(1e-9);
        self.bar.set_prefix(format!("{} examples/s", rounded(rate)));
        Ok(ControlFlow::Continue(()))
    }

    fn end(&mut self, _: &mut dyn Task<T>) -> Result<()> {
        self.bar.finish_and_clear();
        Ok(())
    }
}

impl Drop for ProgressBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Two digits and a unit: `340`, `12k`, `1.5M`.
fn rounded(x: f64) -> String {
    match x {
        x if x < 1e3 => format!("{x:.0}"),
        x if x < 1e4 => format!("{:.1}k", x / 1e3),
        x if x < 1e6 => format!("{:.0}k", x / 1e3),
        x => format!("{:.1}M", x / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::losses::Unit;
    use crate::train::Terms;

    #[test]
    fn the_bar_names_the_unit_and_an_example_if_that_is_known() {
        let train = Terms { unit: Unit::SquaredError, values: vec![("reconstruction".into(), 1.5)] };
        let mut epoch = Epoch { number: 3, rate: 0.1, train: train.clone(), validation: None, seconds: 0.0 };
        assert_eq!(ProgressBar::new().message(&epoch), "epoch 3: training loss 1.500 SSE");
        epoch.validation = Some(train);
        assert_eq!(ProgressBar::new().per("row").message(&epoch), "epoch 3: test loss 1.500 SSE/row");
        assert_eq!(
            ProgressBar::new().per("sequence").message(&epoch),
            "epoch 3: test loss 1.500 SSE/sequence"
        );
    }

    #[test]
    fn a_log_has_a_line_now_and_then() {
        let loss = Terms { unit: Unit::Nats, values: vec![] };
        let step = |done| Step { done, of: 1000, epoch: 1, rate: 0.1, examples: 8, loss: loss.clone() };
        let mut bar = ProgressBar::new();
        let lines: Vec<(usize, String)> = (1..=1000)
            .filter_map(|done| Some((done, bar.line(&step(done), Duration::from_secs(done as u64))?)))
            .collect();
        let times: Vec<usize> = lines.iter().map(|line| line.0).collect();
        assert_eq!(times[..11], [10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110]);
        assert_eq!(times[times.len() - 2..], [840, 924]);
        assert_eq!(lines[1].1, "  2 %  16 minutes left");
        // One that goes on knows its speed from here on only.
        let mut bar = ProgressBar::new();
        assert_eq!(bar.line(&step(901), Duration::from_secs(1)), None);
        bar.bar.set_message("epoch 9: test loss 1.500 nats/row");
        let line = bar.line(&step(950), Duration::from_secs(10)).unwrap();
        assert_eq!(line, " 95 %  epoch 9: test loss 1.500 nats/row  10 seconds left");
    }
}
