//! Signs of life on standard error while something takes long. Where that is no terminal they are not shown.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::ranks;

/// The bar that is on the terminal now, if any: a note has to get it out of its way.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Prints a line about the work on standard error, above the bar that is there.
pub(super) fn note(text: &str) {
    line(&format!("note: {text}"));
}

/// The same without a word before it. Of several processes only the first speaks.
pub(super) fn line(text: &str) {
    if !ranks::is_first() {
        return;
    }
    let line = || eprintln!("{text}");
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match shown.filter(|bar| !bar.is_finished()) {
        Some(bar) => bar.suspend(line),
        None => line(),
    }
}

/// A line that moves until it is dropped, while nobody knows how long something takes.
pub(super) struct Spinner(ProgressBar);

impl Spinner {
    /// Says what is going on.
    pub(super) fn new(doing: impl Into<String>) -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {msg}  {elapsed}").expect("a valid template");
        bar.set_style(style.tick_chars("◐◓◑◒ "));
        bar.set_message(doing.into());
        bar.enable_steady_tick(Duration::from_millis(200));
        Spinner(shown(bar))
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A bar over so many steps; `template` is one of indicatif.
pub(super) fn bar(steps: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    bar.set_style(ProgressStyle::with_template(template).expect("a valid template").progress_chars("━━─"));
    shown(bar)
}

fn shown(bar: ProgressBar) -> ProgressBar {
    if !ranks::is_first() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar.clone());
    bar
}
