//! How long work shows that it goes on: a bar on a terminal, now and then a line elsewhere.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use nn::Result;
#[cfg(feature = "cli")]
use nn::train::ProgressBar;
use nn::train::{Callback, Epoch, Task, Terms, Trainer};

/// Where progress goes.
#[derive(Clone, Copy)]
pub struct Watch<'a> {
    /// Whether standard error is a terminal, on which a bar can move.
    pub terminal: bool,
    /// Takes a line.
    pub say: &'a (dyn Fn(&str) + Sync),
}

impl<'a> Watch<'a> {
    /// Says what a part of the work came to.
    pub fn say(&self, line: &str) {
        (self.say)(line);
    }

    /// A trainer that shows its progress.
    pub(super) fn attach<'t>(self, what: &str, trainer: Trainer<'t, f32>) -> Trainer<'t, f32>
    where
        'a: 't,
    {
        #[cfg(feature = "cli")]
        if self.terminal {
            self.say(what);
            return trainer.with(ProgressBar::new());
        }
        trainer.with(Lines { watch: self, what: what.to_owned(), last: Instant::now() })
    }
}

/// A line for an epoch, at most one a minute.
struct Lines<'a> {
    watch: Watch<'a>,
    what: String,
    last: Instant,
}

impl Callback<f32> for Lines<'_> {
    fn epoch(&mut self, epoch: &Epoch, _: &dyn Task<f32>) -> Result<ControlFlow<()>> {
        if self.last.elapsed() >= Duration::from_secs(60) {
            self.last = Instant::now();
            let (watch, what, number) = (&self.watch, &self.what, epoch.number);
            let other = |terms: &Terms| format!(", of other examples {:.3}", terms.total());
            let (train, other) =
                (epoch.train.total(), epoch.validation.as_ref().map_or(String::new(), other));
            let unit = epoch.train.unit.per("example");
            watch.say(&format!("{what}: epoch {number}, training loss {train:.3}{other} {unit}"));
        }
        Ok(ControlFlow::Continue(()))
    }
}
