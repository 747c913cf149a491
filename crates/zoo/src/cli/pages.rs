//! Flags of the commands that make pages, and files for other programs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::JsonArgs;

#[derive(Args)]
pub(crate) struct ReportArgs {
    /// The run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    /// The page to write [default: report.html in the run folder].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Replace the page if it exists.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args)]
pub(crate) struct CompareArgs {
    /// The run folders, two or more.
    #[arg(value_name = "RUN", num_args = 2.., required = true)]
    pub(crate) runs: Vec<PathBuf>,

    /// The page to write [default: compare.html].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) json: JsonArgs,

    /// Replace the page if it exists.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args)]
pub(crate) struct ExportArgs {
    /// The run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    /// The file to write: .onnx for other runtimes, .safetensors for PyTorch and others.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,

    /// The part of the model that an ONNX file computes [default: whole].
    #[arg(long, value_name = "PART")]
    pub(crate) part: Option<ExportPart>,

    /// Leave filling and scaling out of an ONNX file: examples go in and come out as the model sees them. Without this
    /// they have the units of the data.
    #[arg(long)]
    pub(crate) scaled: bool,

    /// Replace the file if it exists.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ExportPart {
    /// From examples to codes.
    Encoder,
    /// From codes to reconstructions.
    Decoder,
    /// From examples to reconstructions.
    Whole,
}
