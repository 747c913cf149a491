//! What each command does.

pub(crate) mod bench;
pub(crate) mod list;
mod report;
pub(crate) mod reproduce;
mod run_folder;
pub(crate) mod train;
