//! Flags of training and of searching for settings.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{JsonArgs, ReadingArgs, ThreadsArgs, WorkersArgs};

pub(super) const TRAIN_EXAMPLES: &str = "\
Examples:
  zoo train vae --code 2                          on the embedded digits
  zoo train vae --data table.csv --columns zip=category
  zoo train conv --data photos --size 32x32 --epochs 50
  zoo train vae --set beta=4                      see zoo describe vae
  zoo train --config runs/vae-1/config.toml       the same bytes again
  zoo train --resume runs/vae-1 --epochs 900      more epochs for a run";

pub(super) const SEARCH_EXAMPLES: &str = "\
Examples:
  zoo search ae --space train.learning_rate=1e-4..1e-1:log --space code=2..32
  zoo search ae --space hidden=[32],[64],[128,64] --strategy halving
  zoo search vae --space beta=0.1..10:log --trials 50 --state s.json

A range is LOW..HIGH of whole or real numbers, with :log if equal ratios are equally likely; \
anything else is a list of values. With --state a search that was interrupted goes on.";

#[derive(Args)]
pub(crate) struct TrainArgs {
    /// Name of the model (see `zoo list`).
    #[arg(required_unless_present_any = ["config", "resume"])]
    pub(crate) model: Option<String>,

    /// `digits` (embedded), a name that was fetched (see `zoo data fetch`), a CSV or TSV file (`-` for
    /// standard input), an NPY, NPZ, MTX or WAV file, or a folder of pictures, sounds or MNIST-style IDX files
    /// [default: digits].
    #[arg(long, value_name = "DATA")]
    pub(crate) data: Option<String>,

    /// Start from a TOML file, such as the config.toml of another run; it need not be complete. --set
    /// overrides it, and other flags override both.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// A setting of the model, its network or its likelihood, or of training as train.KEY; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,

    /// Passes over the training examples.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) epochs: Option<usize>,

    /// Examples in a step.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) batch: Option<usize>,

    /// Learning rate.
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    pub(crate) lr: Option<f64>,

    /// Numbers in the code.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) code: Option<usize>,

    /// Units in the hidden layers of the encoder, as in 128,64; the decoder mirrors them.
    // `-8,4` is no number, which clap would take for a flag.
    #[arg(long, value_name = "N,N,…", allow_hyphen_values = true, value_delimiter = ',', value_parser = units)]
    pub(crate) hidden: Option<Vec<usize>>,

    /// Network of the models that leave it open (see `zoo list --networks`) [default: conv for colour pictures,
    /// conv1d for series, transformer for texts, else mlp].
    #[arg(long, value_name = "NAME")]
    pub(crate) net: Option<String>,

    /// Channels after each stage of --net conv, resnet and conv1d [default: 32 and 64, then for pictures 128, until 8 pixels
    /// or steps are left].
    #[arg(long, value_name = "N,N,…", allow_hyphen_values = true, value_delimiter = ',', value_parser = units)]
    pub(crate) channels: Option<Vec<usize>>,

    /// Every random number follows from it: the same seed gives the same bytes [default: 0].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) seed: Option<u64>,

    /// Go on with a run: where it was interrupted, or, with --epochs N, from its end to N epochs in all. The schedule of
    /// the learning rate is then that of N epochs.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["model", "data", "config", "set", "batch", "lr", "code", "hidden", "net", "channels", "seed", "out"])]
    pub(crate) resume: Option<PathBuf>,

    /// Write events for TensorBoard into the folder `tensorboard` of the run.
    #[arg(long)]
    pub(crate) tensorboard: bool,

    #[command(flatten)]
    pub(crate) json: JsonArgs,

    #[command(flatten)]
    pub(crate) threads: ThreadsArgs,

    #[command(flatten)]
    pub(crate) workers: WorkersArgs,

    /// The run folder; it must not hold anything yet [default: runs/MODEL-1, -2, …].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

/// The units of a layer.
fn units(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| "each layer has a whole number of units, 1 or more, as in 128,64".into())
}

#[derive(Args)]
pub(crate) struct ResumeArgs {
    /// The run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    /// Epochs in all, also for a run that is finished. The schedule of the learning rate is then that of so many.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) epochs: Option<usize>,

    #[command(flatten)]
    pub(crate) json: JsonArgs,

    #[command(flatten)]
    pub(crate) threads: ThreadsArgs,

    #[command(flatten)]
    pub(crate) workers: WorkersArgs,
}

#[derive(Args)]
pub(crate) struct SearchArgs {
    /// Name of the model (see `zoo list`).
    pub(crate) model: String,

    /// Where to search: KEY=LOW..HIGH, KEY=LOW..HIGH:log or KEY=VALUE,VALUE,…; may be repeated.
    #[arg(long, value_name = "KEY=RANGE", required = true)]
    pub(crate) space: Vec<String>,

    /// The data, as for `zoo train`; its test examples stay unseen [default: digits].
    #[arg(long, value_name = "DATA", default_value = "digits", hide_default_value = true)]
    pub(crate) data: String,

    /// Different settings to try.
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 30)]
    pub(crate) trials: usize,

    /// How to choose what is tried next.
    #[arg(long, value_enum, default_value = "tpe")]
    pub(crate) strategy: StrategyName,

    /// The figure that is to be small on the quarter of the training examples that is held back [default: squared-error; for a
    /// recommender 1 − NDCG@100 of its lists for users held back, or the error of ratings].
    #[arg(long, value_enum)]
    pub(crate) measure: Option<MeasureName>,

    /// A setting that is not searched, as for `zoo train`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,

    /// Epochs of every training [default: as `zoo train`].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) epochs: Option<usize>,

    /// Every random number follows from it.
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 0)]
    pub(crate) seed: u64,

    /// A file in which the search is kept after every trial; if it is there, the search goes on. Several `zoo search` with
    /// the same file share the trials.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,

    /// Trials that `tpe` chooses by the same outcomes, so that as many processes can work on them [default: 1; 4 under
    /// mpirun].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) at_once: Option<usize>,

    #[command(flatten)]
    pub(crate) json: JsonArgs,

    #[command(flatten)]
    pub(crate) threads: ThreadsArgs,

    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum StrategyName {
    /// Independent draws.
    Random,
    /// Many short trainings, the best third of them longer, and so on.
    Halving,
    /// The tree-structured Parzen estimator: near what was good so far.
    Tpe,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum MeasureName {
    /// The squared error of reconstructions.
    SquaredError,
    /// The loss of the model; it cannot compare settings that are weights in it.
    Loss,
}
