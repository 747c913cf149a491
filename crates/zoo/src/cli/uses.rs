//! Flags of the commands that use a trained model.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{JsonArgs, TableArgs};

pub(super) const ENCODE_EXAMPLES: &str = "\
Examples:
  zoo encode runs/ae-1 --data new.csv > codes.csv
  cat new.csv | zoo encode runs/ae-1 --data - --out codes.npy
  zoo encode runs/vae-1 --out codes.png                a map of the codes";

pub(super) const SCORE_EXAMPLES: &str = "\
Examples:
  zoo score runs/ae-1 --data table.csv --top 10   the strangest rows, and why
  zoo score runs/ae-1 --data new.csv --contamination 0.01 --out scores.csv
  zoo score runs/ae-1 --data parts --maps maps    where each picture is strange
  zoo score runs/ae-2 --data pump.csv --events events.csv --out pump.png    of a series
  tail -n +1 -f pump.csv | zoo score runs/ae-2 --follow                     while it comes

The default suits rows of numbers with anomalies among the training examples: a model reconstructs \
the anomalies that it learnt from, but their codes are unusual. docs/RESULTS.md has the comparison.

A score above the threshold is an anomaly. The threshold is set so that a fraction of \
--contamination X of ordinary examples would be above it, by the scores of the test rows, which the \
model did not learn from; of the training rows if there are fewer than 100 for testing. For that there must be at \
least 1/X − 1 of them, 19 for the default.";

pub(super) const IMPUTE_EXAMPLES: &str = "\
Examples:
  zoo impute runs/vae-1 --data survey.csv --out full.csv
  zoo impute runs/vae-1 --data survey.csv --spread           how sure each guess is
  zoo impute runs/vae-1 --data survey.csv --draws 5          multiple imputation

A variational model takes the mean of what is missing given what is there, by importance sampling, and draws from \
it. Other models fill gaps by their reconstruction.";

pub(super) const SYNTHESIZE_EXAMPLES: &str = "\
Examples:
  zoo synthesize runs/vae-1 --rows 1000 --out new.csv
  zoo synthesize runs/vae-1 --rows 50 --where income='>50K' --where sex=Female
  zoo synthesize runs/vae-1 --out new.csv --report new.html --target income

With --where, codes are drawn given what is known, and the other columns from them: no row is thrown away. \
The comparison puts beside each figure of the new rows that of real rows which were not trained on.";

/// Which examples a command works on.
#[derive(Args)]
pub(crate) struct RowsArgs {
    /// Data as for `zoo train`, prepared as the training data were; all of their rows are used
    /// [default: the test part of the training data].
    #[arg(long, value_name = "DATA")]
    pub(crate) data: Option<String>,

    /// Another part of the training data than the test examples.
    #[arg(long, value_enum, conflicts_with = "data")]
    pub(crate) part: Option<Part>,

    #[command(flatten)]
    pub(crate) reading: TableArgs,
}

/// A column that is carried along with the examples.
#[derive(Args)]
pub(crate) struct CarriedArgs {
    /// A column of the table, by name or number from 1, whose text is carried through to the result
    /// [default: that of `zoo train --id`].
    #[arg(long, value_name = "NAME")]
    pub(crate) id: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The examples that the model learnt from.
    Train,
    /// The others.
    Test,
}

/// Where a result goes.
#[derive(Args)]
pub(crate) struct OutArgs {
    /// The file to write; its ending says how: .csv, .npy or .png [default: CSV to standard output].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Replace the file if it exists.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args)]
pub(crate) struct EvalArgs {
    /// The run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    #[command(flatten)]
    pub(crate) rows: RowsArgs,

    /// Draws for each example to estimate the likelihood by importance sampling, for models that have one.
    #[arg(long, value_name = "K", allow_negative_numbers = true)]
    pub(crate) likelihood: Option<usize>,

    #[command(flatten)]
    pub(crate) json: JsonArgs,
}

#[derive(Args)]
pub(crate) struct EncodeArgs {
    /// The run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    #[command(flatten)]
    pub(crate) rows: RowsArgs,

    #[command(flatten)]
    pub(crate) carried: CarriedArgs,

    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Args)]
pub(crate) struct DecodeArgs {
    /// The run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    /// Codes as `zoo encode` writes them: a CSV or NPY file, or `-` for CSV on standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) codes: String,

    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Args)]
pub(crate) struct ReconstructArgs {
    /// The run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    /// A photo of any size, which goes through the model tile by tile and is written as PNG (--out); or, for a model of
    /// sounds, a WAV file of any length, by overlapping windows, written as WAV.
    #[arg(value_name = "PHOTO|SOUND", conflicts_with_all = ["data", "part", "id"])]
    pub(crate) photo: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) rows: RowsArgs,

    #[command(flatten)]
    pub(crate) carried: CarriedArgs,

    /// Write the probability of every word of a table in place of the most probable one.
    #[arg(long)]
    pub(crate) probabilities: bool,

    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Args)]
pub(crate) struct DenoiseArgs {
    /// The run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    /// A photo of any size, which goes through the model tile by tile and is written as PNG (--out); or, for a model of
    /// sounds, a WAV file of any length, by overlapping windows, written as WAV.
    #[arg(value_name = "PHOTO|SOUND", conflicts_with_all = ["data", "part", "id"])]
    pub(crate) photo: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) rows: RowsArgs,

    #[command(flatten)]
    pub(crate) carried: CarriedArgs,

    /// Damage the examples first: gaussian:σ, masking:p, salt_and_pepper:p or speckle:σ; so the result can
    /// be compared with what they were.
    #[arg(long, value_name = "KIND:X")]
    pub(crate) noise: Option<String>,

    /// The seed of the noise.
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 0)]
    pub(crate) seed: u64,

    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Args)]
pub(crate) struct SampleArgs {
    /// The run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    /// Examples to make.
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 100)]
    pub(crate) count: usize,

    /// Draw codes from a mixture of K Gaussians fitted to the codes of the training examples: for models
    /// without a prior.
    #[arg(long, value_name = "K", allow_negative_numbers = true)]
    pub(crate) mixture: Option<usize>,

    /// The class to make examples of, for a model of classes: its name, or its number from 0 [default: all in turn].
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true, conflicts_with = "mixture")]
    pub(crate) class: Option<String>,

    /// Draw every example from p(x|z), with the spread that the model gives it [default: for rows of numbers].
    #[arg(long, conflicts_with = "mean")]
    pub(crate) draw: bool,

    /// Take the means of p(x|z), which vary less than examples do [default: for images].
    #[arg(long)]
    pub(crate) mean: bool,

    /// Judge samples in place of writing them: precision and recall by nearest neighbours, and the maximum mean discrepancy,
    /// beside those of a Gaussian mixture on PCA and of training examples.
    #[arg(long, conflicts_with_all = ["out", "count"])]
    pub(crate) judge: bool,

    /// The seed of all draws.
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 0)]
    pub(crate) seed: u64,

    #[command(flatten)]
    pub(crate) json: JsonArgs,

    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Args)]
pub(crate) struct SynthesizeArgs {
    /// The run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    /// How many rows [default: as many as there were for training].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) rows: Option<usize>,

    /// A cell that every new row is to have: a column and its word or number. May be given several times.
    #[arg(long = "where", value_name = "COLUMN=VALUE")]
    pub(crate) conditions: Vec<String>,

    /// Draw codes from a mixture of N Gaussians fitted to those of the training rows, in place of the model's prior.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) mixture: Option<usize>,

    /// Print how the new rows compare with real ones: columns, pairs of columns, copies.
    #[arg(long)]
    pub(crate) compare: bool,

    /// Compare as a lesson as well: predict this column of words from the others, having learnt from new rows.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) target: Option<String>,

    /// Write the comparison as a page.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// The seed of all draws.
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 0)]
    pub(crate) seed: u64,

    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Args)]
pub(crate) struct InterpolateArgs {
    /// The run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    #[command(flatten)]
    pub(crate) rows: RowsArgs,

    /// The example to begin with: its number, from 1 in the order of the data.
    #[arg(long, value_name = "ROW", allow_negative_numbers = true, default_value_t = 1)]
    pub(crate) from: usize,

    /// The example to end with.
    #[arg(long, value_name = "ROW", allow_negative_numbers = true, default_value_t = 2)]
    pub(crate) to: usize,

    /// Examples on the way, both ends included.
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 10)]
    pub(crate) steps: usize,

    /// The way through the space of codes.
    #[arg(long, value_enum, default_value = "line")]
    pub(crate) path: PathName,

    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum PathName {
    /// Straight.
    Line,
    /// Along the great circle, which keeps the distance from the origin.
    Circle,
    /// The way on which the decoded examples change least in all.
    Geodesic,
}

#[derive(Args)]
pub(crate) struct ImputeArgs {
    /// The run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    /// The table, a CSV file as for `zoo train`.
    #[arg(long, value_name = "DATA")]
    pub(crate) data: String,

    #[command(flatten)]
    pub(crate) reading: TableArgs,

    /// Tables to draw in place of the means, each with other values in the gaps; a first column counts them.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) draws: Option<usize>,

    /// Add a column NAME_spread for each column with gaps: the standard deviation of a number, and the probability
    /// that a word is another.
    #[arg(long, conflicts_with = "draws")]
    pub(crate) spread: bool,

    /// Codes that are drawn for each row.
    #[arg(long, value_name = "K", allow_negative_numbers = true, default_value_t = 200)]
    pub(crate) samples: usize,

    /// Every draw follows from it.
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 0)]
    pub(crate) seed: u64,

    /// The CSV file to write [default: standard output].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Replace the file if it exists.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Args)]
pub(crate) struct ScoreArgs {
    /// The run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    #[command(flatten)]
    pub(crate) rows: RowsArgs,

    #[command(flatten)]
    pub(crate) carried: CarriedArgs,

    /// How strangeness is measured.
    /// [default: neighbours for rows of numbers, squared-error for images].
    #[arg(long, value_enum)]
    pub(crate) score: Option<ScoreName>,

    /// The fraction of ordinary examples that may be above the threshold, above 0 and below 1 [default: 0.05, of the steps
    /// of a series 0.001].
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) contamination: Option<f64>,

    /// Show the N strangest as a table, with the features that contribute most; of a series the N strangest events.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) top: Option<usize>,

    /// Write each picture that is shown into this folder, beside its reconstruction, a map of its errors and an outline of
    /// the region where they are larger than anywhere in ordinary pictures.
    #[arg(long, value_name = "DIR")]
    pub(crate) maps: Option<PathBuf>,

    /// Add the contribution of every feature to CSV and JSON.
    #[arg(long)]
    pub(crate) contributions: bool,

    /// Write the events of a series: stretches of steps above the threshold, with the channels behind them, as .csv or .json.
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,

    /// Read the rows of a series from standard input as they come, the names of the columns first, and write the score of
    /// each step as soon as it is known, a window later. The memory does not grow.
    #[arg(long, conflicts_with_all = ["data", "part", "top", "events", "json", "out"])]
    pub(crate) follow: bool,

    #[command(flatten)]
    pub(crate) json: JsonArgs,

    #[command(flatten)]
    pub(crate) out: OutArgs,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ScoreName {
    /// The squared error of the reconstruction.
    SquaredError,
    /// The same, where errors count for more where they are usually small.
    Mahalanobis,
    /// The distance of the code from those of the training examples.
    LatentDistance,
    /// The squared error and the latent distance, each measured by its mean over the training examples.
    Combined,
    /// The distance to the nearest fifth of the training examples, as the model reconstructs them.
    Neighbours,
}

#[derive(Args)]
pub(crate) struct InspectArgs {
    /// The run folder.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    #[command(flatten)]
    pub(crate) rows: RowsArgs,

    /// A new folder for pictures: spectrum, filters, tangents.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) json: JsonArgs,
}
