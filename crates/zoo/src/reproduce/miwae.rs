//! Gaps filled by a bound that leaves them out (Mattei and Frellsen 2019, MIWAE), on two tables of scikit-learn.
//!
//! Protocol of the notebooks that its authors published with the paper: all columns are standardized, half of the cells are
//! hidden (those that NumPy draws with seed 1234), the model learns from the others of the same rows, and what is compared is
//! the mean squared error of the means of what is hidden. Codes have 10 numbers for breast cancer and 1 for iris; the bound has
//! 20 draws.
//!
//! In what we differ: their decoder gives every cell a Student's t distribution with its own spread, ours a normal one with one
//! spread; they trained two layers of 128 units for 1001 epochs, ours is trained as `zoo train iwae` does it. A gap in the
//! input of the encoder is 0, the mean, as theirs is.

use std::fs;
use std::path::Path;

use autograd::Tensor;
use nn::{Dataset, Error, Result};

use super::Published::Exactly;
use super::numpy::permutation;
use super::{Bench, Margin, Needs, Row, Target};
use crate::data::Split;
use crate::registry;
use crate::train::{Lesson, trainer};
use crate::uses::impute::{Options, impute};

pub(super) const TARGET: Target = Target {
    name: "miwae",
    title: "gaps of tables: mean squared error, half of the cells hidden",
    paper: "Mattei & Frellsen 2019, notebooks",
    published: "0.2867 (breast cancer), 0.4439 (iris)",
    minutes: 1.5,
    needs: Needs::ScikitLearn,
    in_parts: true,
    run,
};

/// A table of scikit-learn: its file, the numbers in a code, the error that was published, and one that is 5 % larger.
const TABLES: [(&str, usize, f64, f64); 2] =
    [("breast_cancer", 10, 0.2867, 0.301), ("iris", 1, 0.4439, 0.466)];

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let there = |name: &str| bench.folder.join(format!("{name}.csv"));
    let tables: Vec<_> = TABLES.iter().filter(|(name, ..)| there(name).is_file()).collect();
    if tables.is_empty() {
        return Err(Error::file(
            bench.folder,
            "the folder has neither breast_cancer.csv nor iris.csv of scikit-learn",
        ));
    }
    let errors = bench.each(tables.len(), |number| {
        let (name, code, ..) = tables[number];
        error_of_gaps(bench, name, &standardized(&there(name))?, *code)
    })?;
    let row = |(&&(name, _, published, most), error): (&&(&str, usize, f64, f64), f64)| {
        let row = Row::new(format!("{name}: mean squared error of hidden cells"), error);
        row.published(Exactly(published)).margin(Margin::AtMost(most)).digits(4)
    };
    Ok(tables.iter().zip(errors).map(row).collect())
}

/// A table of scikit-learn with columns of mean 0 and variance 1. Its first line counts rows and columns and names the classes,
/// and the last column is the class, which is left out.
fn standardized(path: &Path) -> Result<Tensor<f32>> {
    let text = fs::read_to_string(path).map_err(|error| Error::io("read", path, error))?;
    let number = |cell: &str| cell.trim().parse::<f64>();
    let rows: std::result::Result<Vec<Vec<f64>>, _> =
        text.lines().skip(1).map(|line| line.split(',').map(number).collect()).collect();
    let rows =
        rows.map_err(|error| Error::file(path, format!("this is no table of scikit-learn ({error})")))?;
    let width = rows.first().map_or(0, |row| row.len() - 1);
    if width == 0 || rows.iter().any(|row| row.len() != width + 1) {
        return Err(Error::file(path, "this is no table of scikit-learn (its lines differ in length)"));
    }
    let n = rows.len() as f64;
    let moments: Vec<[f64; 2]> = (0..width)
        .map(|column| {
            let mean = rows.iter().map(|row| row[column]).sum::<f64>() / n;
            let variance = rows.iter().map(|row| (row[column] - mean).powi(2)).sum::<f64>() / n;
            [mean, if variance > 0.0 { variance.sqrt() } else { 1.0 }]
        })
        .collect();
    let value =
        |i: usize| ((rows[i / width][i % width] - moments[i % width][0]) / moments[i % width][1]) as f32;
    Ok(Tensor::from_fn([rows.len(), width], value))
}

/// Hides half of the cells, learns from the others and guesses the hidden ones: their mean squared error.
fn error_of_gaps(bench: &Bench, name: &str, x: &Tensor<f32>, code: usize) -> Result<f64> {
    let order = permutation(x.len(), 1234);
    let mut mask = vec![1.0; x.len()];
    order[..x.len() / 2].iter().for_each(|cell| mask[*cell] = 0.0);
    let mask = Tensor::from_vec(x.shape(), mask);
    let known = Dataset::new(x.zip(&mask, |x, known| x * known)).with_observed(Some(mask.clone()));

    let entry = registry::find("iwae")?;
    let settings = format!("code = {code}\nsamples = 20\n").parse().expect("TOML");
    let settings = entry.complete(&settings, &known)?;
    let mut model = entry.build(&settings, &known, bench.seed)?;
    let plan = entry.plan(&known);
    let test = Dataset::new(Tensor::zeros([0, known.width()])).with_schema(known.schema().clone());
    let data = Split { name: name.to_owned(), train: known.clone(), test };
    bench.run(name, &mut Lesson::new(&mut *model, &data), plan, |plan| trainer(&plan))?;

    let options = Options { samples: 1000, seed: bench.seed, ..Options::default() };
    let guesses = impute(&*model, &known, &options).mean.to_vec();
    let (truth, mask) = (x.to_vec(), mask.to_vec());
    let errors = truth.iter().zip(&guesses).zip(&mask).filter(|(_, known)| **known == 0.0);
    let sum: f64 = errors.map(|((x, guess), _)| f64::from(x - guess).powi(2)).sum();
    Ok(sum / (x.len() / 2) as f64)
}
