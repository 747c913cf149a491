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
    /// Reproduce a published result on MNIST and print both figures with the margin.
    ///
    /// Fails if a figure is outside its margin. docs/RESULTS.md has what every target came to.
    Reproduce(ReproduceArgs),
    /// Time the training steps of a fixed workload and print a line of JSON.
    ///
    /// Weights, batches and noise are the same to the bit in every framework that follows the protocol
    /// (docs/PERFORMANCE.md), so losses can be compared digit by digit.
    Bench(BenchArgs),
}

#[derive(Args)]
pub(crate) struct ReproduceArgs {
    /// Name of the target; without one, or with `list`, all are listed.
    pub(crate) target: Option<String>,

    /// The folder with MNIST's four IDX files, gzipped or not.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// Threads to compute with; the result does not depend on it [default: all cores].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,

    /// Every random number follows from it: the same seed gives the same figures.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,

    /// Epochs of every training in place of the target's own, for a quick look.
    #[arg(long, value_name = "N")]
    pub(crate) epochs: Option<usize>,
}

#[derive(Args)]
pub(crate) struct BenchArgs {
    /// W1 small autoencoder, W2 deep, W3 variational, W4 contractive by double backward, W5
    /// convolutional, W6 tiny, W7b1 and W7b1024 inference.
    #[arg(long, value_name = "W")]
    pub(crate) workload: String,

    /// Threads to compute with.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) threads: usize,

    /// Steps to time [default: by workload, seconds].
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<usize>,

    /// Different batches, used in turn.
    #[arg(long, value_name = "N", default_value_t = 468)]
    pub(crate) batches: usize,

    /// MNIST's training images, an IDX file, gzipped or not [default: $PEERS_MNIST].
    #[arg(long, value_name = "FILE")]
    pub(crate) images: Option<PathBuf>,

    /// Print the losses of the first N steps instead of the time.
    #[arg(long, value_name = "N")]
    pub(crate) trace: Option<usize>,
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
