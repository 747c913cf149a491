//! Tables of several kinds of columns: their cells become features, and features cells.

use std::path::Path;

use autograd::Tensor;
use nn::data::schema::Schema;
use nn::data::table::quoted;
use nn::{Error, Result};

use super::super::columns::{ColumnKind, Looked};
use super::super::numbers::{Found, Numbers};
use super::super::pipeline::{self, Step};
use super::super::raw::Raw;
use super::{Impute, Part, Preparation, Prepared, Reading, explain};

impl Preparation {
    /// Learns what is done to each column from the training rows, and does it to all.
    pub(super) fn learn_kinds(
        path: &Path,
        reading: &Reading,
        like: &Raw,
        looked: &[Looked],
        [train, test]: [Part; 2],
    ) -> Result<Prepared> {
        let (mut steps, mut recoded) = (vec![], vec![]);
        for (column, looked) in looked.iter().enumerate() {
            let cells = train.column(column);
            if reading.impute == Impute::Refuse && looked.kind.is_learnt() {
                refuse_gaps(path, looked, &[&train, &test], column)?;
            }
            let (step, places) = Step::fit(looked, &cells, reading.scale, reading.impute)?;
            steps.push(step);
            recoded.push(places);
        }
        let schema = Schema::new(steps.iter().flat_map(Step::blocks).collect::<Vec<_>>());
        if schema.width() == 0 {
            let problem = "no column can be learnt from, for the training rows have no value in any";
            return Err(Error::file(path, problem));
        }
        let range = |step: &Step| step.range.unwrap_or([0.0, step.words.len() as f64]);
        let learnt = Preparation {
            reading: reading.clone(),
            examples: train.places.len(),
            features: schema.width(),
            schema,
            columns: steps.iter().flat_map(Step::feature_names).collect(),
            channels: vec![],
            alphabet: None,
            classes: train.labels().iter().flatten().max().map_or(0, |last| *last as usize + 1),
            class_names: like.classes.clone(),
            bytes: false,
            ranges: steps.iter().map(range).collect(),
            fill: vec![],
            centres: Default::default(),
            shift: vec![],
            scale: vec![],
            steps,
        };
        let data = Found {
            x: recode(&train.data.x, &recoded)?,
            labels: train.data.labels.clone(),
            shape: None,
            ids: train.data.ids.clone(),
        };
        let rows = [train, test].map(|part| learnt.rows(path, &Part { data: &data, ..part }));
        let [train, test] = rows;
        Ok(Prepared {
            rows: [train?, test?],
            preparation: learnt,
            stored: None,
            study: None,
            series: None,
            notes: like.notes.clone(),
        })
    }

    /// Whether the data are a table of several kinds of columns, and so have steps.
    pub fn has_kinds(&self) -> bool {
        !self.steps.is_empty()
    }

    /// The names of the columns of the table that are learnt from; those of the features if the data are no such table.
    pub fn parts(&self) -> Vec<String> {
        match self.has_kinds() {
            true => self.learnt().map(|(step, _)| step.name.clone()).collect(),
            false => (0..self.features).map(|feature| self.feature(feature)).collect(),
        }
    }

    /// The part of a feature: the place of its column among [`parts`](Self::parts).
    pub fn part_of(&self, feature: usize) -> usize {
        match self.has_kinds() {
            true => self.learnt().position(|(_, features)| features.contains(&feature)).unwrap_or(0),
            false => feature,
        }
    }

    /// Sums over the features of each part, `[rows, features + others]` to `[rows, parts + others]`.
    pub fn by_part(&self, x: &Tensor<f64>) -> Tensor<f64> {
        if !self.has_kinds() {
            return x.clone();
        }
        let (width, x) = (x.shape()[1], x.to_vec());
        let parts: Vec<usize> = (0..self.features).map(|feature| self.part_of(feature)).collect();
        let count = self.learnt().count();
        let wide = count + width - self.features;
        let mut sums = vec![0.0; x.len() / width * wide];
        for (row, sums) in x.chunks(width).zip(sums.chunks_mut(wide)) {
            for (feature, value) in row.iter().enumerate() {
                sums[parts.get(feature).copied().unwrap_or(count + feature - self.features.min(feature))] +=
                    value;
            }
        }
        Tensor::from_vec([sums.len() / wide, wide], sums)
    }

    /// The columns of the table that are learnt from, with their features.
    pub fn learnt(&self) -> impl Iterator<Item = (&Step, std::ops::Range<usize>)> {
        pipeline::ranges(&self.steps).filter(|(step, _)| step.kind.is_learnt())
    }

    /// Names of the columns of the file, of those that are left out as well.
    pub(in super::super) fn file_columns(&self) -> Vec<String> {
        match self.has_kinds() {
            true => self.steps.iter().map(|step| step.name.clone()).collect(),
            false => self.columns.clone(),
        }
    }

    /// The columns of a table in its own words and units, for features `[rows, features]`: of a category the most probable
    /// word. Columns that are left out are not among them, unless they are always the same. Empty if the data are no
    /// table of several kinds.
    pub fn table(&self, x: &Tensor<f32>) -> Vec<(String, Vec<String>)> {
        self.table_by(x, Step::cell)
    }

    fn table_by(&self, x: &Tensor<f32>, cell: fn(&Step, &[f32]) -> f64) -> Vec<(String, Vec<String>)> {
        let (rows, values) = (x.shape()[0], x.to_vec());
        pipeline::ranges(&self.steps)
            .filter(|(step, _)| {
                step.kind.is_learnt() || step.kind == ColumnKind::Constant && !step.words.is_empty()
            })
            .map(|(step, features)| {
                let text = |row: usize| match features.is_empty() {
                    true => step.words[0].clone(),
                    false => {
                        let row = &values[row * self.features..][..self.features];
                        step.text(cell(step, &row[features.clone()]))
                    }
                };
                (step.name.clone(), (0..rows).map(text).collect())
            })
            .collect()
    }

    /// The same of the columns that are learnt from alone, as [`parts`](Self::parts) names them; of numbers the
    /// [expected](Step::expected) ones.
    pub fn learnt_table(&self, x: &Tensor<f32>) -> Vec<(String, Vec<String>)> {
        let learnt: Vec<bool> = (self.steps.iter())
            .filter(|step| {
                step.kind.is_learnt() || step.kind == ColumnKind::Constant && !step.words.is_empty()
            })
            .map(|step| step.kind.is_learnt())
            .collect();
        self.table_by(x, Step::expected)
            .into_iter()
            .zip(learnt)
            .filter(|(_, learnt)| *learnt)
            .map(|(column, _)| column)
            .collect()
    }

    /// One line about each column of a table: its name, its kind and what was made of it.
    pub fn column_lines(&self) -> Vec<[String; 3]> {
        let line = |step: &Step| [step.name.clone(), step.kind.to_string(), step.summary()];
        self.steps.iter().map(line).collect()
    }

    /// Features as numbers of the table: those of words are shares or probabilities.
    pub(super) fn restore_features(&self, x: &Tensor<f32>) -> Tensor<f64> {
        let mut values: Vec<f64> = x.to_vec().into_iter().map(f64::from).collect();
        let rows = x.to_vec();
        for (step, features) in
            self.learnt().filter(|(step, _)| step.kind.is_number() || step.kind == ColumnKind::Date)
        {
            for row in 0..rows.len() / self.features {
                let start = row * self.features;
                values[start + features.start] =
                    step.cell(&rows[start + features.start..start + features.end]);
            }
        }
        Tensor::from_vec(x.shape(), values)
    }

    /// The features of some rows of cells; errors call each by its `name`.
    pub(super) fn featured(
        &self,
        path: &Path,
        x: &Numbers,
        places: &[usize],
        name: impl Fn(usize) -> String,
    ) -> Result<Tensor<f32>> {
        let mut all = Vec::with_capacity(places.len() * self.features);
        x.each_row(places.iter().copied(), |place, cells| {
            let start = all.len();
            self.steps.iter().zip(cells).for_each(|(step, cell)| step.features(*cell, &mut all));
            match all[start..].iter().position(|feature| !feature.is_finite()) {
                None => Ok(()),
                Some(feature) => {
                    let column = quoted(&self.parts()[self.part_of(feature)]);
                    let problem =
                        "the value lies too far from the training examples for single precision; correct it";
                    Err(Error::file(path, format!("row {}, column {column}: {problem}", name(place))))
                }
            }
        })?;
        Ok(Tensor::from_vec([places.len(), self.features], all))
    }
}

/// The places of words as they are after the training rows were counted.
fn recode(x: &Numbers, places: &[Vec<f64>]) -> Result<Numbers> {
    let [rows, width] = x.shape();
    let mut all = Vec::with_capacity(rows * width);
    x.each_row(0..rows, |_, cells| {
        let cell = |(cell, places): (&f64, &Vec<f64>)| match cell.is_nan() || places.is_empty() {
            true => *cell,
            false => places[*cell as usize],
        };
        all.extend(cells.iter().zip(places).map(cell));
        Ok::<(), Error>(())
    })?;
    Ok(Tensor::from_vec([rows, width], all).into())
}

/// Refuses a gap if gaps are to be refused.
fn refuse_gaps(path: &Path, looked: &Looked, parts: &[&Part; 2], column: usize) -> Result<()> {
    for part in parts {
        let cells = part.column(column);
        if let Some(place) = cells.iter().position(|cell| cell.is_nan()) {
            let (row, column) = (part.name(part.places[place]), quoted(&looked.name));
            let problem = format!("row {row}, column {column}: the value is missing; {}", explain::GAPS);
            return Err(Error::file(path, problem));
        }
    }
    Ok(())
}
