//! Flags that say where data are and how they are read.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use nn::data::pictures::{Colour, Fit};
use nn::data::table::Column;
use std::collections::BTreeMap;
use zoo::data::text::Texts;
use zoo::data::{Impute, Reading, Scale};
use zoo::recommend::Choices;

use super::JsonArgs;
use super::values::{Change, Span, change, column, column_kind, decimal, quoted, size, span};

pub(super) const EXAMPLES: &str = "\
Examples:
  zoo data table.csv             columns, ranges, gaps, classes
  zoo data photos --size 32x32
  zoo data fetch fashion-mnist   then: zoo train vae --data fashion-mnist";

#[derive(Args)]
pub(crate) struct DataArgs {
    /// `digits`, a name that was fetched, a CSV, TSV, NPY, NPZ, MTX or WAV file, or a folder of pictures, sounds or IDX files.
    #[arg(value_name = "DATA", required = true)]
    pub(crate) source: Option<String>,

    #[command(flatten)]
    pub(crate) reading: ReadingArgs,

    #[command(flatten)]
    pub(crate) json: JsonArgs,

    #[command(subcommand)]
    pub(crate) command: Option<DataCommand>,
}

#[derive(Subcommand)]
pub(crate) enum DataCommand {
    /// Download a well-known data set into the cache folder, and check every file.
    #[command(after_help = "Example:\n  zoo data fetch mnist && zoo train vae --data mnist --epochs 5")]
    Fetch(FetchArgs),
}

#[derive(Args)]
pub(crate) struct FetchArgs {
    /// Which one.
    #[arg(value_enum)]
    pub(crate) name: DatasetName,

    /// Folder of a server that has the four files under their usual names, as in http://SERVER/FOLDER: what
    /// arrives is checked by its sum, wherever it comes from [default: where the data set is published].
    #[arg(long, value_name = "URL")]
    pub(crate) mirror: Option<String>,

    /// Where to put the files [default: zoo/NAME in the cache folder of the platform].
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum DatasetName {
    /// 70000 handwritten digits of 28×28 pixels, 11 MB.
    Mnist,
    /// 70000 pieces of clothing of 28×28 pixels, 30 MB.
    FashionMnist,
}

/// How a table or an array is written.
#[derive(Args)]
#[command(next_help_heading = "How the data are read")]
pub(crate) struct TableArgs {
    /// The column (name or number from 1), or array of an NPZ file, with the class of each example.
    #[arg(long, value_name = "NAME")]
    pub(crate) label_column: Option<String>,

    /// Columns to leave out, by name or number from 1: those of text, and identifiers.
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub(crate) drop_columns: Vec<String>,

    /// The sign that separates fields: `;`, say; `' '` is any number of spaces [default: tab for .tsv, otherwise comma].
    #[arg(long, value_name = "CHAR")]
    pub(crate) delimiter: Option<char>,

    /// The decimal sign of a table, a point or a comma; the other one may then part thousands [default: a
    /// point, and nothing parts thousands].
    #[arg(long, value_name = "CHAR", value_parser = decimal)]
    pub(crate) decimal: Option<char>,

    /// Marks of missing values in a table, beside empty fields, NA, NaN, NULL, None and ?.
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', allow_hyphen_values = true)]
    pub(crate) missing: Vec<String>,

    /// Whether the first row of a table names the columns [default: yes if it has text over numbers; what is
    /// guessed is said if it is not plain].
    #[arg(long, value_name = "YES|NO")]
    pub(crate) header: Option<YesNo>,

    /// The array of an NPZ file that holds the examples.
    #[arg(long, value_name = "NAME")]
    pub(crate) array: Option<String>,

    /// Take each example for a series with so many numbers at each step: the columns of a table, or an array [examples,
    /// steps, channels].
    #[arg(long, value_name = "CHANNELS")]
    pub(crate) series: Option<usize>,

    /// Value in place of missing ones: the column's mean or median among the training examples, or zero; `keep` learns
    /// from what is known alone, and `refuse` refuses gaps [default: keep].
    #[arg(long, value_name = "HOW")]
    pub(crate) impute: Option<ImputeName>,
}

/// How data are read; all of it is kept with the run.
#[derive(Args)]
#[command(next_help_heading = "How the data are read")]
pub(crate) struct ReadingArgs {
    #[command(flatten)]
    pub(crate) table: TableArgs,

    /// A column, by name or number from 1, that identifies the examples: it is not trained on, and `zoo score`,
    /// `encode` and `reconstruct` carry its text through to their results.
    #[arg(long, value_name = "NAME")]
    pub(crate) id: Option<String>,

    /// Kinds of columns, by name or number from 1: real, positive, count, binary, category, ordinal, date, text,
    /// identifier or constant; `size=small<medium<large` is ordinal in this order [default: by looking at them]. For a
    /// recommender their roles, as in `user=reader,item=book,value=stars,time=date` [default: by their names].
    #[arg(long, value_name = "A=KIND,…", value_delimiter = ',', value_parser = column_kind)]
    pub(crate) columns: Vec<(String, String)>,

    /// Take a long table, or each table of a folder, for a series: the column, by name or number from 1, that says when
    /// each row was taken. Examples are windows of it [default: the first column of dates, or the number of the row].
    #[arg(long, value_name = "COLUMN")]
    pub(crate) time: Option<String>,

    /// Steps in a window of a series [default: 64]; of a sound also its length, as in 32ms or 1s [default: 32ms, or what
    /// suits the model].
    #[arg(long, value_name = "STEPS|TIME", allow_negative_numbers = true, value_parser = span)]
    pub(crate) window: Option<Span>,

    /// Steps from one window of a series to the next, or for a sound a time [default: an eighth of a window].
    #[arg(long, value_name = "STEPS|TIME", allow_negative_numbers = true, value_parser = span)]
    pub(crate) stride: Option<Span>,

    /// The rate to which sounds are brought, in Hz [default: their own, if all have the same].
    #[arg(long, value_name = "HZ", allow_negative_numbers = true)]
    pub(crate) rate: Option<u32>,

    /// Take each line of a file for a text, or each cell of the column of a table with this name or number from 1. The
    /// models ae, vae, beta-vae, tc-vae, iwae, flow-vae and wae learn from texts.
    #[arg(long, value_name = "COLUMN", num_args = 0..=1, default_missing_value = "")]
    pub(crate) text: Option<String>,

    /// Read texts as bytes [default: as characters].
    #[arg(long)]
    pub(crate) bytes: bool,

    /// Characters (or bytes) of a text that are read; longer ones are cut [default: as many as 99 of 100 texts have at most].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) length: Option<usize>,

    /// For a recommender: the least value that makes a row a choice, as in 4 for ratings from 1 to 5 [default: every row is
    /// one].
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true)]
    pub(crate) at_least: Option<f64>,

    /// Columns to learn from although they seem to number the rows, by name, or by number if they have none.
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    pub(crate) keep_columns: Vec<String>,

    /// How features are scaled: `standard` to mean 0 and variance 1, `minmax` to 0 … 1, or `none`
    /// [default: tables standard, images minmax unless they lie in 0 … 1 already].
    #[arg(long, value_name = "HOW")]
    pub(crate) scale: Option<ScaleName>,

    /// The fraction of the examples that is kept for testing, where the data do not say it [default: 0.2]. Of a
    /// recommender's users (or ratings) half of it is for validation.
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub(crate) test_fraction: Option<f64>,

    /// The size all pictures are scaled to, height × width [default: their own, if all have the same].
    #[arg(long, value_name = "HxW", value_parser = size)]
    pub(crate) size: Option<[usize; 2]>,

    /// Pictures of other proportions than --size: `stretch` them, `crop` their middle, or `pad` them with white
    /// [default: stretch].
    #[arg(long, value_name = "HOW")]
    pub(crate) fit: Option<FitName>,

    /// Change training pictures whenever they are drawn: `flip` mirrors half of them, `shift=2` moves them by up to 2 pixels,
    /// `crop=0.8` enlarges parts of at least 0.8 of a side, `brightness=0.1` adds up to 0.1 of white or black. Of texts:
    /// `splice=0.5` puts half of them together from pieces of texts [default for `ae`; else none].
    #[arg(long, value_name = "A,B=X,…", value_delimiter = ',', value_parser = change)]
    pub(crate) augment: Vec<Change>,

    /// Keep the colours of pictures.
    #[arg(long)]
    pub(crate) colour: bool,

    /// Leave out pictures that cannot be read, and count them [default: stop at the first].
    #[arg(long)]
    pub(crate) skip_broken: bool,

    /// Megabytes that a table, an NPY array or IDX images may take; larger ones are trained on from a temporary file, and
    /// 20000 of their rows serve to scale and to measure [default: 1024].
    #[arg(long, value_name = "MB", allow_negative_numbers = true)]
    pub(crate) memory: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum YesNo {
    Yes,
    No,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ImputeName {
    Keep,
    Refuse,
    Mean,
    Median,
    Zero,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum FitName {
    Stretch,
    Crop,
    Pad,
}

impl FitName {
    fn of(self) -> Fit {
        match self {
            FitName::Stretch => Fit::Stretch,
            FitName::Crop => Fit::Crop,
            FitName::Pad => Fit::Pad,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ScaleName {
    Auto,
    None,
    Standard,
    #[value(name = "minmax")]
    MinMax,
}

/// Flags as text, for a command to be copied: those that have a value.
fn text<const N: usize>(flags: [(&str, Option<String>); N]) -> String {
    let flag = |(name, value): (&str, Option<String>)| Some(format!(" --{name} {}", quoted(&value?)));
    flags.into_iter().filter_map(flag).collect()
}

/// The name of a value of a flag.
fn word(value: Option<impl ValueEnum>) -> Option<String> {
    Some(value?.to_possible_value()?.get_name().to_owned())
}

/// The values of a flag that takes several, if there are any.
fn several(values: &[String]) -> Option<String> {
    (!values.is_empty()).then(|| values.join(","))
}

/// The columns that a flag gives, or those from before.
fn columns(names: &[String], before: Vec<Column>) -> Vec<Column> {
    if names.is_empty() { before } else { names.iter().map(|name| column(name)).collect() }
}

impl TableArgs {
    /// The same flags as text, for a command to be copied.
    pub(crate) fn text(&self) -> String {
        text([
            ("label-column", self.label_column.clone()),
            ("drop-columns", several(&self.drop_columns)),
            ("delimiter", self.delimiter.map(String::from)),
            ("decimal", self.decimal.map(String::from)),
            ("missing", several(&self.missing)),
            ("header", word(self.header)),
            ("array", self.array.clone()),
            ("series", self.series.map(|channels| channels.to_string())),
            ("impute", word(self.impute)),
        ])
    }

    /// These flags over what was said before.
    pub(crate) fn over(&self, before: Reading) -> Reading {
        Reading {
            label: self.label_column.as_deref().map(column).or(before.label),
            drop: columns(&self.drop_columns, before.drop),
            delimiter: self.delimiter.or(before.delimiter),
            decimal: self.decimal.or(before.decimal),
            missing: if self.missing.is_empty() { before.missing } else { self.missing.clone() },
            header: self.header.map(|header| header == YesNo::Yes).or(before.header),
            array: self.array.clone().or(before.array),
            series: self.series.or(before.series),
            impute: self.impute.map_or(before.impute, |name| match name {
                ImputeName::Keep => Impute::Keep,
                ImputeName::Refuse => Impute::Refuse,
                ImputeName::Mean => Impute::Mean,
                ImputeName::Median => Impute::Median,
                ImputeName::Zero => Impute::Zero,
            }),
            ..before
        }
    }
}

impl ReadingArgs {
    /// The same flags as text, for a command to be copied.
    pub(crate) fn text(&self) -> String {
        let others = text([
            ("id", self.id.clone()),
            (
                "columns",
                several(
                    &self.columns.iter().map(|(name, kind)| format!("{name}={kind}")).collect::<Vec<_>>(),
                ),
            ),
            ("time", self.time.clone()),
            ("window", self.window.map(Span::text)),
            ("stride", self.stride.map(Span::text)),
            ("rate", self.rate.map(|x| x.to_string())),
            ("length", self.length.map(|x| x.to_string())),
            ("at-least", self.at_least.map(|x| x.to_string())),
            ("keep-columns", several(&self.keep_columns)),
            ("scale", word(self.scale)),
            ("test-fraction", self.test_fraction.map(|x| x.to_string())),
            ("size", self.size.map(|[height, width]| format!("{height}x{width}"))),
            ("fit", word(self.fit)),
            (
                "augment",
                (!self.augment.is_empty())
                    .then(|| self.augment.iter().map(Change::text).collect::<Vec<_>>().join(",")),
            ),
            ("memory", self.memory.map(|x| x.to_string())),
        ]);
        let switches =
            [(self.colour, " --colour"), (self.skip_broken, " --skip-broken"), (self.bytes, " --bytes")];
        let switches: String = switches.into_iter().filter(|(on, _)| *on).map(|(_, flag)| flag).collect();
        let lines = match self.text.as_deref() {
            None => String::new(),
            Some("") => " --text".to_owned(),
            Some(column) => format!(" --text {}", quoted(column)),
        };
        self.table.text() + &others + &lines + &switches
    }

    /// These flags over what was said before.
    pub(crate) fn over(&self, before: Reading) -> Reading {
        let before = self.table.over(before);
        let id = self.id.as_deref().map(column).filter(|id| !before.drop.contains(id));
        Reading {
            drop: before.drop.into_iter().chain(id).collect(),
            id: self.id.as_deref().map(column).or(before.id),
            columns: match self.columns.is_empty() {
                true => before.columns,
                false => self.columns.iter().cloned().collect::<BTreeMap<_, _>>(),
            },
            keep: columns(&self.keep_columns, before.keep),
            scale: self.scale.map_or(before.scale, |name| match name {
                ScaleName::Auto => Scale::Auto,
                ScaleName::None => Scale::None,
                ScaleName::Standard => Scale::Standard,
                ScaleName::MinMax => Scale::MinMax,
            }),
            test_fraction: self.test_fraction.unwrap_or(before.test_fraction),
            size: self.size.or(before.size),
            fit: self.fit.map_or(before.fit, FitName::of),
            augment: self.augment.iter().fold(before.augment, |augment, change| change.made(augment)),
            colour: if self.colour { Colour::Rgb } else { before.colour },
            skip_broken: self.skip_broken || before.skip_broken,
            memory: self.memory.unwrap_or(before.memory),
            rate: self.rate.or(before.rate),
            window_ms: match self.window {
                Some(window) => window.milliseconds(),
                None => before.window_ms,
            },
            stride_ms: match self.stride {
                Some(stride) => stride.milliseconds(),
                None => before.stride_ms,
            },
            windows: match (&self.time, self.window.and_then(Span::steps), self.stride.and_then(Span::steps))
            {
                (None, None, None) => before.windows,
                (time, window, stride) => {
                    Some(before.windows.unwrap_or_default().with(time.as_deref().map(column), window, stride))
                }
            },
            text: match (&self.text, self.bytes, self.length, self.augment.iter().find_map(Change::share)) {
                (None, false, None, None) => before.text,
                (column, bytes, length, splice) => {
                    let before = before.text.unwrap_or_default();
                    Some(Texts {
                        column: match column.as_deref() {
                            None => before.column,
                            Some("") => None,
                            Some(name) => Some(self::column(name)),
                        },
                        bytes: bytes || before.bytes,
                        length: length.or(before.length),
                        splice: splice.or(before.splice),
                    })
                }
            },
            choices: match self.at_least {
                None => before.choices,
                least => Some(Choices { at_least: least, ..before.choices.unwrap_or_default() }),
            },
            ..before
        }
    }
}
