//! `zoo impute`.

use std::collections::BTreeMap;

use autograd::Tensor;
use nn::data::table::quoted;
use nn::files::write_atomically;
use nn::{Error, Result};
use zoo::data::Reading;
use zoo::run::Run;
use zoo::settings::check_size;
use zoo::uses::impute::{Imputed, Options, impute};

use super::Outcome;
use super::examples::open_numbers;
use super::output::may_write;
use super::progress::{Spinner, note};
use super::terminal::say_notes;
use crate::cli::ImputeArgs;

/// Draws by which the spread is measured.
const SPREAD: usize = 100;

/// A table with its gaps filled.
pub(crate) fn run(args: &ImputeArgs) -> Result<Outcome> {
    if let Some(path) = &args.out {
        if path.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("csv")) {
            return Err(Error::file(path, "a table is written as .csv"));
        }
        may_write(path, args.force)?;
    }
    if args.draws == Some(0) || args.samples == 0 {
        return Err(Error::setting(
            "draws",
            "at least 1 table and 1 code must be drawn (--draws 1, --samples 1)",
        ));
    }
    let run = open_numbers(&args.run)?;
    let spinner = Spinner::new("reading data");
    let (rows, text) = run.preparation.read_with_text(&args.data, &args.reading.over(Reading::default()))?;
    drop(spinner);
    say_notes(&rows.notes);
    if run.preparation.shape().is_some() {
        return Err(Error::unsupported("the model learnt from pictures, and only tables have cells to fill"));
    }
    let draws = if args.spread { SPREAD } else { args.draws.unwrap_or(0) };
    check_size("these draws", (args.samples * run.preparation.features * 100) as f64)?;
    let spinner = Spinner::new("filling gaps");
    let options = Options { samples: args.samples, draws, seed: args.seed };
    let found = impute(&*run.model, &rows.data, &options);
    drop(spinner);
    if draws > 0 && found.draws.is_empty() {
        return Err(Error::unsupported(format!(
            "`{}` is no distribution to draw what is missing from; train `vae`, or leave --draws and --spread out",
            run.entry.name
        )));
    }
    let table = Filled {
        run: &run,
        names: &text.names,
        cells: cells(&text),
        gaps: gaps(&run, &rows.gaps, &text.names)?,
    };
    let count: usize = table.gaps.values().map(Vec::len).sum();
    note(&match count {
        0 => "no cell that the model knows is missing".to_owned(),
        1 => "1 cell is filled".to_owned(),
        count => format!("{count} cells are filled"),
    });
    let content = table.csv(&found, args, text.header);
    match &args.out {
        None => Ok(Outcome::Done(String::from_utf8_lossy(&content).into_owned())),
        Some(path) => {
            write_atomically(path, &content)?;
            Ok(Outcome::Done(format!("Written to {}\n", path.display())))
        }
    }
}

/// The cells of a table as text, row by row.
fn cells(text: &nn::data::table::TextTable) -> Vec<Vec<String>> {
    (0..text.rows)
        .map(|row| text.columns.iter().map(|column| column.text(row).to_owned()).collect())
        .collect()
}

/// The rows with a gap in each part of the model, by the place of its column in the file and the part.
fn gaps(run: &Run, gaps: &[[usize; 2]], names: &[String]) -> Result<BTreeMap<(usize, usize), Vec<usize>>> {
    let parts = run.preparation.parts();
    let mut by_column: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    for &[row, feature] in gaps {
        let part = run.preparation.part_of(feature);
        let numbered = parts[part].strip_prefix("column ").and_then(|number| number.parse::<usize>().ok());
        let place = names.iter().position(|name| *name == parts[part]).or(numbered.map(|number| number - 1));
        let Some(place) = place.filter(|place| *place < names.len()) else {
            return Err(Error::data(format!("there is no column {} to fill", quoted(&parts[part]))));
        };
        let rows = by_column.entry((place, part)).or_default();
        if rows.last() != Some(&row) {
            rows.push(row);
        }
    }
    Ok(by_column)
}

/// A table whose gaps get values.
struct Filled<'a> {
    run: &'a Run,
    names: &'a [String],
    cells: Vec<Vec<String>>,
    gaps: BTreeMap<(usize, usize), Vec<usize>>,
}

impl Filled<'_> {
    /// The texts of all parts, column by column.
    fn texts(&self, x: &Tensor<f32>) -> Vec<Vec<String>> {
        let preparation = &self.run.preparation;
        if preparation.has_kinds() {
            return preparation.learnt_table(x).into_iter().map(|(_, texts)| texts).collect();
        }
        let (values, width) = (preparation.restore_units(x).to_vec(), preparation.features);
        let text =
            |value: f64| if preparation.is_scaled() { value.to_string() } else { (value as f32).to_string() };
        (0..width).map(|j| values.iter().skip(j).step_by(width).map(|value| text(*value)).collect()).collect()
    }

    fn with(&self, x: &Tensor<f32>) -> Vec<Vec<String>> {
        let (texts, mut cells) = (self.texts(x), self.cells.clone());
        for ((place, part), rows) in &self.gaps {
            for &row in rows {
                cells[row][*place] = texts[*part][row].clone();
            }
        }
        cells
    }

    fn csv(&self, found: &Imputed, args: &ImputeArgs, header: bool) -> Vec<u8> {
        const MEMORY: &str = "writing to memory does not fail";
        let mut writer = csv::Writer::from_writer(vec![]);
        let spreads = if args.spread { self.spreads(found) } else { vec![] };
        if header || args.spread || args.draws.is_some() {
            let first = args.draws.map(|_| "draw".to_owned());
            let spread = spreads.iter().map(|(place, _)| format!("{}_spread", self.names[*place]));
            let names = first.into_iter().chain(self.names.iter().cloned()).chain(spread);
            writer.write_record(names).expect(MEMORY);
        }
        let tables: Vec<&Tensor<f32>> = match args.draws {
            Some(_) => found.draws.iter().collect(),
            None => vec![&found.mean],
        };
        for (number, x) in tables.into_iter().enumerate() {
            for (row, cells) in self.with(x).into_iter().enumerate() {
                let first = args.draws.map(|_| (number + 1).to_string());
                let spread = spreads.iter().map(|(_, spread)| spread[row].clone());
                writer.write_record(first.into_iter().chain(cells).chain(spread)).expect(MEMORY);
            }
        }
        writer.into_inner().expect(MEMORY)
    }

    /// For each column with gaps the spread of its guesses, empty where it was observed.
    fn spreads(&self, found: &Imputed) -> Vec<(usize, Vec<String>)> {
        let preparation = &self.run.preparation;
        let mean = self.texts(&found.mean);
        let texts: Vec<Vec<Vec<String>>> = found.draws.iter().map(|x| self.texts(x)).collect();
        let numbers: Vec<Tensor<f64>> = found.draws.iter().map(|x| preparation.restore_units(x)).collect();
        let mut spreads = vec![];
        for ((place, part), rows) in &self.gaps {
            let mut of_column = vec![String::new(); self.cells.len()];
            let feature =
                (0..preparation.features).find(|&feature| preparation.part_of(feature) == *part).unwrap_or(0);
            let kind = preparation.learnt().nth(*part).map(|(step, _)| step.kind);
            let words = kind.is_some_and(|kind| !kind.is_number() && kind != zoo::data::ColumnKind::Date);
            for &row in rows {
                let count = texts.len() as f64;
                let spread = if words {
                    let other = texts.iter().filter(|texts| texts[*part][row] != mean[*part][row]).count();
                    other as f64 / count
                } else {
                    let values: Vec<f64> = (numbers.iter())
                        .map(|x| x.slice(0, row..row + 1).slice(1, feature..feature + 1).to_vec()[0])
                        .collect();
                    let mean = values.iter().sum::<f64>() / count;
                    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt()
                };
                of_column[row] = format!("{:.*}", digits(spread), spread);
            }
            spreads.push((*place, of_column));
        }
        spreads
    }
}

/// Digits behind the decimal point that say enough of a spread.
fn digits(spread: f64) -> usize {
    if spread > 0.0 { (2 - spread.log10().floor() as i32).clamp(0, 8) as usize } else { 0 }
}
