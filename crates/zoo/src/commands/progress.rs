//! The progress bar, and stopping by Ctrl-C.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};
use zoo::train::Event;

/// Shows what the trainer reports, on a terminal, and passes Ctrl-C on to it.
pub(crate) struct Progress {
    bar: ProgressBar,
    stop: Arc<AtomicBool>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new(0);
        let style = "{msg}  {bar:30}  {percent:>3} %  {eta} left";
        bar.set_style(ProgressStyle::with_template(style).expect("a valid template").progress_chars("━━─"));
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        // The first Ctrl-C ends training after the current step; a second one ends the program.
        let handler = move || {
            if flag.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        };
        // Without a handler Ctrl-C ends the program at once, which is no reason not to train.
        let _ = ctrlc::set_handler(handler);
        Progress { bar, stop }
    }

    pub(crate) fn watch(&self, event: Event) -> ControlFlow<()> {
        match event {
            Event::Step { done, of, .. } => {
                self.bar.set_length(of as u64);
                self.bar.set_position(done as u64);
            }
            Event::Epoch(epoch) => {
                let (number, loss, unit) = (epoch.number, epoch.test.total(), epoch.test.unit);
                self.bar.set_message(format!("epoch {number}: test loss {loss:.3} {unit}"));
            }
        }
        if self.interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    pub(crate) fn interrupted(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
