//! Flags of `zoo recommend`.

use std::path::PathBuf;

use clap::Args;
use zoo::data::Reading;

use super::JsonArgs;
use super::data::YesNo;
use super::values::column_kind;

pub(super) const RECOMMEND_EXAMPLES: &str = "\
Examples:
  zoo train mult-vae --data ratings.csv                  a recommender: runs/mult-vae-1
  zoo recommend runs/mult-vae-1 --user 196 --top 10      ten items for a user of the table
  zoo recommend runs/mult-vae-1 --data new.csv --out top.csv

New users are served by what they chose: --data is a table like that of the training. Items that a user has chosen \
are left out. A score is the share of the next choice, or a predicted rating.";

#[derive(Args)]
pub(crate) struct RecommendArgs {
    /// The folder of a run that learnt who chose what.
    #[arg(value_name = "RUN")]
    pub(crate) run: PathBuf,

    /// A table of what users chose, as for `zoo train mult-vae` [default: that of the training].
    #[arg(long, value_name = "DATA")]
    pub(crate) data: Option<String>,

    /// A user of the table; may be repeated [default: all].
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub(crate) user: Vec<String>,

    /// Items in a list.
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 10)]
    pub(crate) top: usize,

    /// Columns of --data by their roles [default: those of the training].
    #[arg(long, value_name = "user=A,item=B,…", value_delimiter = ',', value_parser = column_kind)]
    pub(crate) columns: Vec<(String, String)>,

    /// The sign between two fields of --data [default: the first lines say it].
    #[arg(long, value_name = "SIGN")]
    pub(crate) delimiter: Option<char>,

    /// Whether the first line of --data names the columns [default: guessed].
    #[arg(long, value_enum)]
    pub(crate) header: Option<YesNo>,

    #[command(flatten)]
    pub(crate) json: JsonArgs,

    /// The CSV file to write [default: standard output].
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Replace the file if it exists.
    #[arg(long)]
    pub(crate) force: bool,
}

impl RecommendArgs {
    /// How --data is read.
    pub(crate) fn reading(&self) -> Reading {
        Reading {
            columns: self.columns.iter().cloned().collect(),
            delimiter: self.delimiter,
            header: self.header.map(|header| header == YesNo::Yes),
            ..Reading::default()
        }
    }
}
