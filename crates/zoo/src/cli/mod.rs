//! Commands and flags.

mod data;
mod pages;
mod recommend;
mod train;
mod uses;
mod values;

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use zoo::registry::MODELS;

pub(crate) use self::data::{DataArgs, DataCommand, DatasetName, FetchArgs, ReadingArgs, TableArgs};
pub(crate) use self::pages::{CompareArgs, ExportArgs, ExportPart, ReportArgs};
pub(crate) use self::recommend::RecommendArgs;
pub(crate) use self::train::{MeasureName, ResumeArgs, SearchArgs, StrategyName, TrainArgs};
pub(crate) use self::uses::{
    CarriedArgs, DecodeArgs, DenoiseArgs, EncodeArgs, EvalArgs, ImputeArgs, InspectArgs, InterpolateArgs,
    OutArgs, Part, PathName, ReconstructArgs, RowsArgs, SampleArgs, ScoreArgs, ScoreName, SynthesizeArgs,
};
pub(crate) use self::values::{column, quoted};

/// Trains autoencoders on your data or on examples, and shows what they learnt, beside PCA with a code of
/// the same size.
///
/// Begin with `zoo train ae`, which needs no data, or with `zoo train ae --data table.csv`.
#[derive(Parser)]
#[command(name = "zoo", version, arg_required_else_help = true, after_help = AFTER)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER: &str = "\
A first tour:
  zoo list                              the models
  zoo describe vae                      one of them, with all its settings
  zoo train vae                         on embedded digits; leaves runs/vae-1
  zoo sample runs/vae-1 --out new.png   new digits
  zoo train ae --data table.csv         your data: a table, .npy, pictures
  zoo score runs/ae-1 --top 10          its ten strangest test rows, and why

Every command explains itself: zoo train --help

Results go to standard output, or where --out says. Messages and progress go
to standard error, progress only to a terminal. NO_COLOR=1 means no colours.

Exit codes: 0 done, 1 error, 2 wrong command line, 130 interrupted (Ctrl-C).";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// List the models, or the networks and likelihoods that most of them can have.
    #[command(after_help = "Examples:\n  zoo list --json\n  zoo list --networks\n  zoo list --likelihoods")]
    List(ListArgs),
    /// Explain a model: paper, equation, every setting with its default.
    #[command(
        after_help = "Examples:\n  zoo describe beta-vae\n  zoo describe vae --data titanic.csv\n  zoo describe vae --net conv"
    )]
    Describe(DescribeArgs),
    /// Train a model and write a run folder: settings, metrics, checkpoint, pictures.
    #[command(after_help = train::TRAIN_EXAMPLES)]
    Train(Box<TrainArgs>),
    /// Go on with a training that was interrupted; the result has the same bytes as without the interruption.
    #[command(after_help = "Example:\n  zoo resume runs/vae-1")]
    Resume(ResumeArgs),
    /// Measure a trained model on test examples or on other data.
    #[command(after_help = "Examples:\n  zoo eval runs/vae-1\n  zoo eval runs/ae-1 --data new.csv --json")]
    Eval(EvalArgs),
    /// Turn examples into codes.
    #[command(after_help = uses::ENCODE_EXAMPLES)]
    Encode(EncodeArgs),
    /// Turn codes into examples.
    #[command(after_help = "Example:\n  zoo encode runs/ae-1 | zoo decode runs/ae-1 --codes - > again.csv")]
    Decode(DecodeArgs),
    /// Recommend items to users by what they chose, with a model that learnt who chose what (`mult-vae`).
    #[command(after_help = recommend::RECOMMEND_EXAMPLES)]
    Recommend(RecommendArgs),
    /// Encode and decode: what is left of examples after they went through the code.
    #[command(after_help = "Examples:\n  zoo reconstruct runs/ae-1 --out pairs.png\n  \
        zoo reconstruct runs/ae-1 --data new.csv --out again.csv\n  \
        zoo reconstruct runs/conv-1 photo.jpg --out again.png")]
    Reconstruct(ReconstructArgs),
    /// Fill the gaps of a table: the table back, in its own words and units.
    #[command(after_help = uses::IMPUTE_EXAMPLES)]
    Impute(ImputeArgs),
    /// Remove noise, best with a model that learnt to (`denoising`, `dncnn` for photos, `spectral-mask` for sounds).
    #[command(
        after_help = "Examples:\n  zoo denoise runs/denoising-1 --noise gaussian:0.3 --out before-after.png\n  \
        zoo denoise runs/denoising-1 --data noisy.npy --out clean.npy\n  \
        zoo denoise runs/dncnn-1 photo.jpg --out clean.png"
    )]
    Denoise(DenoiseArgs),
    /// Make new examples.
    #[command(after_help = "Examples:\n  zoo sample runs/vae-1 --out new.png\n  \
        zoo sample runs/ae-1 --mixture 10 --count 1000 --out new.npy\n  \
        zoo sample runs/vae-1 --judge")]
    Sample(SampleArgs),
    /// Make new rows of a table, in its words and units, and compare them with real ones.
    #[command(after_help = uses::SYNTHESIZE_EXAMPLES)]
    Synthesize(SynthesizeArgs),
    /// Walk from one example to another through the space of codes.
    #[command(
        after_help = "Example:\n  zoo interpolate runs/vae-1 --from 3 --to 8 --path circle --out walk.png"
    )]
    Interpolate(InterpolateArgs),
    /// Find anomalies: how badly each example fits what the model learnt.
    #[command(after_help = uses::SCORE_EXAMPLES)]
    Score(ScoreArgs),
    /// Look inside a model: use of the code, spectrum of the Jacobian, filters, tangents.
    #[command(after_help = "Example:\n  zoo inspect runs/vae-1 --out inside")]
    Inspect(InspectArgs),
    /// Make the page of a run: losses, reconstructions, codes, samples, and the decoder to play with.
    #[command(after_help = "Example:\n  zoo report runs/vae-1 --out vae.html")]
    Report(ReportArgs),
    /// Put runs on the same data beside each other, on one page.
    #[command(after_help = "Example:\n  zoo compare runs/ae-1 runs/vae-1 --out both.html")]
    Compare(CompareArgs),
    /// Write the model of a run for other programs: ONNX or safetensors.
    #[command(after_help = "Examples:\n  zoo export runs/vae-1 --out decoder.onnx --part decoder\n  \
        zoo export runs/vae-1 --out vae.safetensors")]
    Export(ExportArgs),
    /// Try settings and find good ones.
    #[command(after_help = train::SEARCH_EXAMPLES)]
    Search(Box<SearchArgs>),
    /// Describe a data set, or fetch a well-known one.
    #[command(after_help = data::EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
    Data(Box<DataArgs>),
    /// Reproduce a published result and print both figures with the margin.
    ///
    /// Fails if a figure is outside its margin. docs/RESULTS.md has what every target came to.
    #[command(
        after_help = "Examples:\n  zoo reproduce\n  zoo reproduce pca --data path/to/mnist\n  zoo reproduce skab --data path/to/SKAB"
    )]
    Reproduce(ReproduceArgs),
    /// Time the training steps of a fixed workload and print a line of JSON.
    ///
    /// Weights, batches and noise are the same to the bit in every framework that follows the protocol
    /// (docs/PERFORMANCE.md), so losses can be compared digit by digit.
    #[command(after_help = "Example:\n  zoo bench --workload W1")]
    Bench(BenchArgs),
    /// Print completions for a shell.
    #[command(
        after_help = "Example:\n  zoo completions bash > ~/.local/share/bash-completion/completions/zoo"
    )]
    Completions {
        /// For which shell.
        shell: Shell,
    },
    /// Print a manual page: that of the program, or that of a command.
    #[command(after_help = "Examples:\n  zoo man > zoo.1 && man ./zoo.1\n  zoo man train > zoo-train.1\n  \
        zoo man data fetch > zoo-data-fetch.1")]
    Man {
        /// The command, `train` say.
        command: Vec<String>,
    },
}

impl Cli {
    /// The commands that take the name of a model.
    const OF_MODELS: [&str; 3] = ["describe", "train", "search"];

    /// The whole command line, as completions and the manual need it. It knows the models by name; where commands are
    /// run, a wrong name gets a better answer than the parser has.
    pub(crate) fn whole() -> clap::Command {
        let names = PossibleValuesParser::new(MODELS.iter().map(|entry| entry.name));
        Cli::command().mut_subcommands(|command| match Cli::OF_MODELS.contains(&command.get_name()) {
            true => command.mut_arg("model", |model| model.value_parser(names.clone())),
            false => command,
        })
    }

    /// Completions for a shell.
    pub(crate) fn completions(shell: Shell) -> String {
        let mut script = vec![];
        clap_complete::generate(shell, &mut Cli::whole(), "zoo", &mut script);
        let mut script = String::from_utf8_lossy(&script).into_owned();
        if shell == Shell::Fish {
            // The generator of fish knows flags only.
            let names: Vec<&str> = MODELS.iter().map(|entry| entry.name).collect();
            for command in Cli::OF_MODELS {
                let models = names.join(" ");
                script += &format!(
                    "complete -c zoo -n \"__fish_zoo_using_subcommand {command}\" -f -a \"{models}\"\n"
                );
            }
        }
        script
    }

    /// The manual page of the program, or of a command of it.
    pub(crate) fn manual(path: &[String]) -> nn::Result<String> {
        let mut whole = Cli::whole();
        whole.build();
        let mut page = &whole;
        for name in path {
            page = page.find_subcommand(name).ok_or_else(|| {
                let names: Vec<&str> = page.get_subcommands().map(clap::Command::get_name).collect();
                let known = match names.is_empty() {
                    true => "it has no commands of its own".to_owned(),
                    false => format!("its commands are {}", names.join(", ")),
                };
                nn::Error::setting(
                    "command",
                    format!("`{}` has no command `{name}`; {known}", page.get_bin_name().unwrap_or("zoo")),
                )
            })?;
        }
        let mut text = vec![];
        let written = clap_mangen::Man::new(page.clone()).render(&mut text);
        written.map_err(|error| nn::Error::unsupported(format!("the manual cannot be written: {error}")))?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

#[derive(Args)]
pub(crate) struct ListArgs {
    /// List networks in place of models.
    #[arg(long)]
    pub(crate) networks: bool,

    /// List likelihoods, and what a decoder says for each.
    #[arg(long, conflicts_with = "networks")]
    pub(crate) likelihoods: bool,

    #[command(flatten)]
    pub(crate) json: JsonArgs,
}

#[derive(Args)]
pub(crate) struct JsonArgs {
    /// Print JSON, for programs.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct DescribeArgs {
    /// Name of the model (see `zoo list`).
    pub(crate) model: String,

    /// The data whose defaults are shown, as for `zoo train` [default: digits].
    #[arg(long, value_name = "DATA", default_value = "digits", hide_default_value = true)]
    pub(crate) data: String,

    /// The network whose settings are shown, of the models that leave it open (see `zoo list --networks`) [default: the one
    /// that suits the data].
    #[arg(long, value_name = "NAME")]
    pub(crate) net: Option<String>,

    #[command(flatten)]
    pub(crate) json: JsonArgs,

    #[command(flatten)]
    pub(crate) reading: ReadingArgs,
}

#[derive(Args)]
pub(crate) struct ThreadsArgs {
    /// Threads to compute with; the result does not depend on it [default: all cores].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) threads: Option<usize>,
}

#[derive(Args)]
pub(crate) struct WorkersArgs {
    /// Share each batch among so many threads, in pieces (4, or as many as --set train.pieces=N says); the result depends on
    /// the pieces, not on the workers. For models too small for --threads to help [default: one piece and all threads].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) workers: Option<usize>,
}

#[derive(Args)]
pub(crate) struct ReproduceArgs {
    /// Name of the target; without one, or with `list`, all are listed.
    pub(crate) target: Option<String>,

    /// The folder with the data of the target: MNIST's four IDX files, gzipped or not, or those of SKAB or NAB as their
    /// repositories have them.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// Threads to compute with; the result does not depend on it [default: all cores].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) threads: Option<usize>,

    /// Every random number follows from it: the same seed gives the same figures.
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 0)]
    pub(crate) seed: u64,

    /// Epochs of every training in place of the target's own, for a quick look.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) epochs: Option<usize>,

    /// A file in which the trainings of a target that has several are kept; if it is there, the work goes on. Several
    /// `zoo reproduce` with the same file share them.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct BenchArgs {
    /// W1 small autoencoder, W2 deep, W3 variational, W4 contractive by double backward, W5
    /// convolutional, W6 tiny, W7b1 and W7b1024 inference, W8 convolutional variational with batch norm, W9
    /// transformer, W10 GRU, W11 LSTM, W12 residual, W13 series, W14 table, W15 separable convolutions.
    #[arg(long, value_name = "W")]
    pub(crate) workload: String,

    /// Threads to compute with.
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 1)]
    pub(crate) threads: usize,

    /// Whether every step records a tape, or one tape is recorded and replayed.
    #[arg(long, value_enum, default_value_t = Variant::Tape)]
    pub(crate) variant: Variant,

    /// Steps to time [default: by workload, seconds].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) steps: Option<usize>,

    /// Different batches, used in turn.
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 468)]
    pub(crate) batches: usize,

    /// MNIST's training images, an IDX file, gzipped or not [default: $PEERS_MNIST].
    #[arg(long, value_name = "FILE")]
    pub(crate) images: Option<PathBuf>,

    /// Print the losses of the first N steps instead of the time.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) trace: Option<usize>,
}

/// How a benchmark differentiates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Variant {
    /// A tape for each step.
    Tape,
    /// One tape, replayed.
    Replay,
}
