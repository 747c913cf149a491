//! How new rows compare with real ones: their columns one by one, in pairs, as a lesson, and as copies.
//!
//! Every figure stands beside that of real rows which were not trained on: what chance alone makes of the same comparison.

mod association;

use std::collections::{BTreeMap, HashSet};

use autograd::Tensor;
use nn::{Dataset, Result};
use serde::Serialize;

use crate::data::{ColumnKind, Preparation};
use crate::uses::features::Probe;
use association::{correlation, correlation_ratio, cramers_v, ranks};

/// Rows that are compared at most; of more, the first.
const MOST_ROWS: usize = 20_000;
/// Rows whose nearest neighbour is sought.
const SOUGHT: usize = 1_000;
/// Columns of which all pairs are compared.
const MOST_COLUMNS: usize = 60;
/// The `l2` weight of the probe.
const L2: f64 = 1e-4;

/// A figure of new rows, and the same of real rows that were not trained on; both compared with training rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Beside {
    /// Of the new rows.
    pub new: f64,
    /// Of real rows.
    pub real: f64,
}

/// How the values of one column are distributed.
#[derive(Clone, Debug, Serialize)]
pub struct OfColumn {
    /// The name of the column.
    pub name: String,
    /// Whether it holds words.
    pub words: bool,
    /// From 0, the same, to 1: of numbers the largest difference of the distribution functions (Kolmogorov–Smirnov), of
    /// words half the sum of the differences of their shares.
    pub distance: Beside,
    /// Words, or intervals of numbers, with the share of each among new and among training rows.
    pub shares: Vec<(String, [f64; 2])>,
}

/// How two columns depend on each other.
#[derive(Clone, Debug, Serialize)]
pub struct OfPair {
    /// Their names.
    pub names: [String; 2],
    /// In training rows, new rows and other real rows: of numbers the rank correlation, of words Cramér's V, of both the
    /// correlation ratio of the ranks.
    pub association: [f64; 3],
}

/// The quality of a classifier that learnt from new rows.
#[derive(Clone, Debug, Serialize)]
pub struct AsLesson {
    /// The column that is predicted from the others.
    pub target: String,
    /// The share of right answers on real rows, by a classifier that learnt from new rows, and by one that learnt from
    /// training rows.
    pub accuracy: Beside,
    /// The F1 score of the rarer word; of more than two, the mean over all words.
    pub f1: Beside,
}

/// A comparison of new rows with real ones.
#[derive(Clone, Debug, Serialize)]
pub struct Likeness {
    /// Rows that were compared: for training, new, and real.
    pub rows: [usize; 3],
    /// Column by column.
    pub columns: Vec<OfColumn>,
    /// Pairs of columns, those first whose association differs most.
    pub pairs: Vec<OfPair>,
    /// The mean difference of associations.
    pub pair_difference: Beside,
    /// The share of rows that are the copy of a training row.
    pub copies: Beside,
    /// The median distance to the nearest training row, in the features that a model sees.
    pub nearest: Beside,
    /// If a target was named.
    pub lesson: Option<AsLesson>,
}

/// Compares `new` rows with rows that a model was trained on, `real[0]`, and others, `real[1]`, all as a model sees them. Cells
/// that were not observed are left out.
///
/// # Errors
/// If the target is no column of words with at least two of them.
pub fn likeness(
    preparation: &Preparation,
    real: [&Dataset; 2],
    new: &Tensor<f32>,
    target: Option<&str>,
) -> Result<Likeness> {
    let cut = |data: &Dataset| data.range(0..data.len().min(MOST_ROWS));
    let data = [cut(real[0]), cut(&Dataset::new(new.clone())), cut(real[1])];
    let tables = data.each_ref().map(|data| Table::of(preparation, data));
    let x = data.map(|data| data.x().clone());
    let [train, of_new, of_real] = &tables;
    let columns = (0..train.columns.len())
        .map(|j| OfColumn {
            name: train.columns[j].name.clone(),
            words: train.columns[j].words,
            distance: beside([of_new, of_real].map(|table| distance(&train.columns[j], &table.columns[j]))),
            shares: parts(preparation, j, [&of_new.columns[j], &train.columns[j]]),
        })
        .collect();
    let mut pairs = pairs(&tables);
    let difference = |pair: &OfPair, with: usize| (pair.association[with] - pair.association[0]).abs();
    let mean =
        |with| pairs.iter().map(|pair| difference(pair, with)).sum::<f64>() / pairs.len().max(1) as f64;
    let pair_difference = beside([mean(1), mean(2)]);
    pairs.sort_by(|a, b| difference(b, 1).total_cmp(&difference(a, 1)));
    let known: HashSet<Vec<u64>> = train.rows().collect();
    let copied = |table: &Table| {
        table.rows().filter(|row| known.contains(row)).count() as f64 / table.count.max(1) as f64
    };
    Ok(Likeness {
        rows: tables.each_ref().map(|table| table.count),
        columns,
        pairs,
        pair_difference,
        copies: beside([of_new, of_real].map(copied)),
        nearest: beside([1, 2].map(|of| median(nearest(&x[of], &x[0])))),
        lesson: target.map(|target| lesson(preparation, &x, &tables, target)).transpose()?,
    })
}

fn beside([new, real]: [f64; 2]) -> Beside {
    Beside { new, real }
}

/// A column in the units of a table.
struct Column {
    name: String,
    /// Whether the values are places of words.
    words: bool,
    values: Vec<f64>,
}

struct Table {
    count: usize,
    columns: Vec<Column>,
}

impl Table {
    fn of(preparation: &Preparation, data: &Dataset) -> Self {
        let (count, width) = (data.len(), preparation.features);
        let mask = data.observed().map(Tensor::to_vec);
        let or_gap = |row: usize, feature: usize, value: f64| match &mask {
            Some(mask) if mask[row * width + feature] == 0.0 => f64::NAN,
            _ => value,
        };
        if !preparation.has_kinds() {
            let values = preparation.restore_units(data.x()).to_vec();
            let column = |j| Column {
                name: preparation.feature(j),
                words: false,
                values: (0..count).map(|row| or_gap(row, j, values[row * width + j])).collect(),
            };
            return Table { count, columns: (0..width).map(column).collect() };
        }
        let values = data.x().to_vec();
        let columns = preparation.learnt().map(|(step, features)| Column {
            name: step.name.clone(),
            words: !step.kind.is_number() && step.kind != ColumnKind::Date,
            values: (values.chunks(width).enumerate())
                .map(|(row, x)| or_gap(row, features.end - 1, step.cell(&x[features.clone()])))
                .collect(),
        });
        Table { count, columns: columns.collect() }
    }

    fn rows(&self) -> impl Iterator<Item = Vec<u64>> + '_ {
        (0..self.count).map(|row| self.columns.iter().map(|column| column.values[row].to_bits()).collect())
    }
}

impl Column {
    /// The values that were observed.
    fn known(&self) -> Vec<f64> {
        self.values.iter().copied().filter(|value| !value.is_nan()).collect()
    }

    /// The share of each word.
    fn shares(&self) -> BTreeMap<u64, f64> {
        let (mut shares, known) = (BTreeMap::new(), self.known());
        known
            .iter()
            .for_each(|value| *shares.entry(value.to_bits()).or_insert(0.0) += 1.0 / known.len() as f64);
        shares
    }
}

fn distance(a: &Column, b: &Column) -> f64 {
    if a.words {
        let (a, b) = (a.shares(), b.shares());
        let words: HashSet<u64> = a.keys().chain(b.keys()).copied().collect();
        let share = |of: &BTreeMap<u64, f64>, word: &u64| of.get(word).copied().unwrap_or(0.0);
        return words.iter().map(|word| (share(&a, word) - share(&b, word)).abs()).sum::<f64>() / 2.0;
    }
    let [a, b] = [a, b].map(|column| {
        let mut sorted = column.known();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    });
    let below =
        |of: &[f64], value: f64| of.partition_point(|other| *other <= value) as f64 / of.len().max(1) as f64;
    a.iter().chain(&b).map(|&value| (below(&a, value) - below(&b, value)).abs()).fold(0.0, f64::max)
}

/// The words of a column, the most frequent ones, or intervals of its numbers, with their shares in both.
fn parts(preparation: &Preparation, place: usize, of: [&Column; 2]) -> Vec<(String, [f64; 2])> {
    const WORDS: usize = 12;
    const INTERVALS: usize = 12;
    let share = |column: &Column, is: &dyn Fn(f64) -> bool| {
        let known = column.known();
        known.iter().filter(|value| is(**value)).count() as f64 / known.len().max(1) as f64
    };
    if of[1].words {
        let step = preparation.learnt().nth(place).map(|(step, _)| step);
        let words = step.map_or(&[][..], |step| &step.words);
        let part = |(number, word): (usize, &String)| {
            (word.clone(), of.map(|column| share(column, &|value| value == number as f64)))
        };
        return words.iter().enumerate().take(WORDS).map(part).collect();
    }
    let ends = |f: fn(f64, f64) -> f64, start| of[1].values.iter().copied().fold(start, f);
    let (low, high) = (ends(f64::min, f64::INFINITY), ends(f64::max, f64::NEG_INFINITY));
    let interval =
        |value: f64| (((value - low) / (high - low) * INTERVALS as f64) as usize).min(INTERVALS - 1);
    let part = |number: usize| {
        let from = low + (high - low) * number as f64 / INTERVALS as f64;
        (number_text(from), of.map(|column| share(column, &|value| interval(value) == number)))
    };
    if high > low { (0..INTERVALS).map(part).collect() } else { vec![] }
}

/// Three digits of a number.
fn number_text(value: f64) -> String {
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    format!("{value:.*}", (2 - magnitude).clamp(0, 6) as usize)
}

fn pairs(tables: &[Table; 3]) -> Vec<OfPair> {
    let columns = tables[0].columns.len().min(MOST_COLUMNS);
    let ranked = tables.each_ref().map(|table| {
        let ranks =
            |column: &Column| if column.words { column.values.clone() } else { ranks(&column.values) };
        table.columns[..columns].iter().map(ranks).collect::<Vec<_>>()
    });
    let mut pairs = vec![];
    for j in 0..columns {
        for k in j + 1..columns {
            let [first, second] = [j, k].map(|column| &tables[0].columns[column]);
            let of_table = |of: usize| {
                let both =
                    ranked[of][j].iter().zip(&ranked[of][k]).filter(|(a, b)| !a.is_nan() && !b.is_nan());
                let (a, b): (Vec<f64>, Vec<f64>) = both.unzip();
                match [first.words, second.words] {
                    [false, false] => correlation(&a, &b),
                    [true, false] => correlation_ratio(&a, &b),
                    [false, true] => correlation_ratio(&b, &a),
                    [true, true] => cramers_v(&a, &b),
                }
            };
            let names = [first.name.clone(), second.name.clone()];
            pairs.push(OfPair { names, association: [0, 1, 2].map(of_table) });
        }
    }
    pairs
}

/// The distance of some rows to the nearest of others.
fn nearest(rows: &Tensor<f32>, others: &Tensor<f32>) -> Vec<f64> {
    const AT_ONCE: usize = 64;
    let rows = rows.slice(0, ..rows.shape()[0].min(SOUGHT));
    let (count, width) = (rows.shape()[0], rows.shape()[1]);
    let squares = |x: &Tensor<f32>| x.map(|x| x * x).sum_to([x.shape()[0], 1]);
    let of_others = squares(others).reshape([1, others.shape()[0]]);
    let mut found = Vec::with_capacity(count);
    for from in (0..count).step_by(AT_ONCE) {
        let rows = rows.slice(0, from..count.min(from + AT_ONCE));
        let products = rows.matmul(&others.t());
        let distances = products
            .zip(&of_others, |product, other| other - 2.0 * product)
            .zip(&squares(&rows), |d, own| d + own);
        let distances = distances.to_vec();
        for row in distances.chunks(others.shape()[0].max(1)) {
            // What rounding leaves of 0 may be negative.
            found.push(
                f64::from(row.iter().copied().fold(f32::INFINITY, f32::min).max(0.0) / width as f32).sqrt(),
            );
        }
    }
    found
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A classifier learns the target from the features of the other columns.
fn lesson(
    preparation: &Preparation,
    x: &[Tensor<f32>; 3],
    tables: &[Table; 3],
    target: &str,
) -> Result<AsLesson> {
    let place = tables[0].columns.iter().position(|column| column.name == target && column.words);
    let place = place.ok_or_else(|| {
        let words: Vec<&str> =
            tables[0].columns.iter().filter(|column| column.words).map(|column| &*column.name).collect();
        let known = if words.is_empty() { "there are none".into() } else { words.join(", ") };
        nn::Error::setting(
            "target",
            format!("`{target}` is no column of words that the model learnt; those that are: {known}"),
        )
    })?;
    let kept: Vec<usize> =
        (0..preparation.features).filter(|&feature| preparation.part_of(feature) != place).collect();
    let features = x.each_ref().map(|x| x.index_select(1, &kept));
    // Rows whose target is known, and the target.
    let pairs = |of: usize| {
        let values = &tables[of].columns[place].values;
        let rows: Vec<usize> = (0..values.len()).filter(|&row| !values[row].is_nan()).collect();
        let labels: Vec<u32> = rows.iter().map(|&row| values[row] as u32).collect();
        (features[of].index_select(0, &rows), labels)
    };
    let (judges, right) = pairs(2);
    let judged = |from: usize| -> Result<[f64; 2]> {
        let (x, labels) = pairs(from);
        Ok(scores(&Probe::fit(&x, &labels, L2)?.predict(&judges), &right))
    };
    let [new, real] = [judged(1)?, judged(0)?];
    Ok(AsLesson {
        target: target.to_owned(),
        accuracy: beside([new[0], real[0]]),
        f1: beside([new[1], real[1]]),
    })
}

/// The accuracy and the F1 score of some answers.
fn scores(found: &[u32], right: &[u32]) -> [f64; 2] {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    right.iter().for_each(|class| *counts.entry(*class).or_default() += 1);
    let f1 = |class: u32| {
        let both = found.iter().zip(right).filter(|(a, b)| **a == class && **b == class).count() as f64;
        let either = [found, right].map(|of| of.iter().filter(|other| **other == class).count() as f64);
        if either[0] + either[1] > 0.0 { 2.0 * both / (either[0] + either[1]) } else { 0.0 }
    };
    let rarest = counts.iter().min_by_key(|(_, count)| **count).map_or(0, |(class, _)| *class);
    let f1 = match counts.len() {
        ..=2 => f1(rarest),
        many => counts.keys().map(|class| f1(*class)).sum::<f64>() / many as f64,
    };
    let hits = found.iter().zip(right).filter(|(a, b)| a == b).count();
    [hits as f64 / right.len().max(1) as f64, f1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_of_known_columns() {
        let column = |words, values: &[f64]| Column { name: "x".into(), words, values: values.to_vec() };
        let numbers = |values: &[f64]| column(false, values);
        assert_eq!(distance(&numbers(&[1.0, 2.0, 3.0, 4.0]), &numbers(&[3.0, 4.0, 5.0, 6.0])), 0.5);
        assert_eq!(
            distance(&numbers(&[1.0, f64::NAN]), &numbers(&[1.0])),
            0.0,
            "what nobody observed says nothing"
        );
        assert_eq!(distance(&column(true, &[0.0, 0.0, 1.0, 2.0]), &column(true, &[0.0, 1.0, 1.0, 1.0])), 0.5);
        let rows = Tensor::from_vec([1, 2], vec![3.0, 4.0]);
        assert_eq!(nearest(&rows, &Tensor::from_vec([2, 2], vec![0.0, 0.0, 9.0, 9.0])), [12.5_f64.sqrt()]);
    }

    #[test]
    fn scores_of_known_answers() {
        assert_eq!(scores(&[1, 1, 0, 0], &[1, 0, 0, 0]), [0.75, 2.0 / 3.0]);
        let [accuracy, f1] = scores(&[0, 1, 1], &[0, 1, 2]);
        assert!((accuracy - 2.0 / 3.0).abs() < 1e-12 && (f1 - 5.0 / 9.0).abs() < 1e-12, "{f1}");
    }
}
