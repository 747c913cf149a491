//! What each command does.

pub(crate) mod bench;
pub(crate) mod list;
mod report;
mod run_folder;
pub(crate) mod train;
