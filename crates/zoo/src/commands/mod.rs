//! What each command does. The work belongs to the library; here it is only asked for.

pub(crate) mod bench;
mod crew;
pub(crate) mod data;
pub(crate) mod denoise;
pub(crate) mod describe;
pub(crate) mod encode;
pub(crate) mod eval;
mod examples;
pub(crate) mod export;
mod finish;
pub(crate) mod impute;
pub(crate) mod inspect;
pub(crate) mod interpolate;
mod judged;
pub(crate) mod list;
mod maps;
mod outlook;
mod output;
pub(crate) mod page;
mod photo;
mod progress;
pub(crate) mod ranks;
mod realism;
pub(crate) mod recommend;
pub(crate) mod reconstruct;
mod report;
pub(crate) mod reproduce;
mod run_folder;
pub(crate) mod sample;
pub(crate) mod score;
mod score_series;
pub(crate) mod search;
mod sound;
pub(crate) mod synthesize;
mod terminal;
mod texts;
pub(crate) mod train;

/// How a command ended, with what it has to say.
pub(crate) enum Outcome {
    /// It did what it should.
    Done(String),
    /// Somebody stopped it; what there was is saved.
    Interrupted(String),
}

/// A value as JSON on several lines.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).expect("numbers and names are JSON") + "\n"
}
