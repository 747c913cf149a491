//! Commands and flags.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Trains autoencoders and shows what they learnt, beside PCA with a code of the same size.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the models.
    List,
    /// Train a model and write a run folder: settings, metrics, checkpoint, pictures.
    Train(Box<TrainArgs>),
}

#[derive(Args)]
pub(crate) struct TrainArgs {
    /// Name of the model (see `zoo list`).
    #[arg(required_unless_present = "config")]
    pub(crate) model: Option<String>,

    /// `digits` (embedded), or a folder with MNIST-style IDX files, gzipped or not [default: digits].
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<String>,

    /// Start from the settings of another run: its config.toml. Flags override it.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Passes over the training examples.
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<usize>,

    /// Examples in a step.
    #[arg(long, value_name = "N")]
    pub(crate) batch: Option<usize>,

    /// Learning rate.
    #[arg(long, value_name = "RATE")]
    pub(crate) lr: Option<f64>,

    /// Numbers in the code.
    #[arg(long, value_name = "N")]
    pub(crate) code: Option<usize>,

    /// Units in the hidden layers of the encoder, as in 128,64; the decoder mirrors them.
    #[arg(long, value_name = "N,N,…", value_delimiter = ',')]
    pub(crate) hidden: Option<Vec<usize>>,

    /// Every random number follows from it: the same seed gives the same bytes [default: 0].
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Threads to compute with; the result does not depend on it [default: all cores].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,

    /// The run folder; it must not hold anything yet [default: runs/MODEL-1, -2, …].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
