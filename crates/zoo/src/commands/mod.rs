//! What each command does.

pub(crate) mod list;
mod progress;
mod report;
mod run_folder;
pub(crate) mod train;
