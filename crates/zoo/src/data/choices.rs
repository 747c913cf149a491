//! Tables of choices as examples: one for each user, with a feature for each item.

use std::path::Path;

use nn::data::schema::{Block, Kind as Of, Schema, Shape};
use nn::data::table::TableOptions;
use nn::data::{Examples, SparseRows};
use nn::{Dataset, Error, Result};

use super::input::Input;
use super::kind::Kind;
use super::numbers::NOTHING;
use super::preparation::{Prepared, SPLIT_SEED};
use super::stored::Stored;
use super::{Preparation, Reading, Rows, raw, sample};
use crate::recommend::{Biases, Choices, Interactions, Study};

/// Reads a table of choices.
fn read(input: &Input, choices: &Choices, options: &TableOptions) -> Result<Interactions> {
    let path = input.path();
    if input.is_digits() || input.kind()? != Kind::Table {
        let problem = "a recommender learns from a table of who chose what, such as a CSV file with a column of users and \
                       one of items (--data ratings.csv)";
        return Err(Error::file(path, problem));
    }
    let read = Interactions::read(path, choices, options)?;
    if !read.valued && (choices.rated || choices.at_least.is_some()) {
        let problem = match choices.rated {
            true => {
                "this model learns ratings, and there is no column of them; say which it is, as in --columns \
                     value=NAME, or take mult-vae, which learns who chose what"
            }
            false => {
                "there is no column of values that could be at least so large; say which it is, as in --columns \
                      value=NAME, or leave --at-least away"
            }
        };
        return Err(Error::file(path, problem));
    }
    Ok(read)
}

impl Study {
    /// Reads and splits a table as a training does.
    ///
    /// # Errors
    /// If it cannot be read, or there are too few users.
    pub fn read(input: &Input, reading: &Reading, choices: &Choices) -> Result<Self> {
        let all = read(input, choices, &raw::table_options(reading))?;
        Study::new(input.path(), all, choices, reading.test_fraction, SPLIT_SEED)
    }

    /// Users for training and for validation, ready for a model; the study was read from this path. The users for training
    /// stay sparse, and of both there are as many at hand as a small memory holds.
    pub(super) fn prepared(self, path: &Path, reading: &Reading) -> Prepared {
        let train = self.train();
        let preparation = Preparation::of_choices(reading, &self, &train);
        let rows = [(&train, 0), (&self.validation(), 1)].map(|(rows, part)| {
            let names: Vec<String> =
                self.users[part].iter().map(|&user| self.all.users[user].clone()).collect();
            preparation.dense(&preparation.of_taste(rows), &names)
        });
        let mut notes = self.all.notes.clone();
        let [users, items] = [self.learnt.len(), self.learnt.width()];
        let share = 100.0 * self.learnt.entries() as f64 / (users * items).max(1) as f64;
        notes.push(format!("{users} users chose {items} items, {share:.2} % of all pairs"));
        let stored = Some(Stored::of_sparse(path, preparation.of_taste(&train), &preparation));
        Prepared { rows, preparation, stored, study: Some(self), series: None, notes }
    }
}

impl Preparation {
    /// That of the users of a study. Ratings are taken as distances from what the [biases](Biases) of user and item say, so
    /// that one that is missing, which enters as 0, is no surprise.
    fn of_choices(reading: &Reading, study: &Study, train: &SparseRows) -> Self {
        let rated = reading.choices.as_ref().is_some_and(|choices| choices.rated);
        let kind = if rated { Of::Real } else { Of::Count };
        let schema = Schema::new([Block::new(Shape::Scalars(train.width()), kind)]);
        let shift = if rated { Biases::new(train).items } else { vec![] };
        let scale = vec![1.0; shift.len()];
        let mut of =
            Preparation::of(reading.clone(), train.len(), schema, study.all.items.clone(), [shift, scale]);
        if rated {
            let values = (0..train.len()).flat_map(|user| train.row(user)).map(|(_, value)| f64::from(value));
            of.ranges = vec![values.fold(NOTHING, |[low, high], value| [low.min(value), high.max(value)])];
        }
        of
    }

    /// Choices of other users among the items that the model knows. What `given` says of the columns comes before what was
    /// said in training.
    ///
    /// # Errors
    /// If the table cannot be read, or the model was not trained with one of choices.
    pub fn read_choices(&self, source: &str, given: &Reading) -> Result<Interactions> {
        let input = Input::open(source)?;
        input.named(self.choices_of(&input, given))
    }

    fn choices_of(&self, input: &Input, given: &Reading) -> Result<Interactions> {
        let mut choices = self.reading.choices.clone().unwrap_or_default();
        choices.place(&given.columns)?;
        let options = raw::table_options(&Reading {
            delimiter: given.delimiter.or(self.reading.delimiter),
            header: given.header.or(self.reading.header),
            ..self.reading.clone()
        });
        Ok(read(input, &choices, &options)?.among(&self.columns))
    }

    /// The same as examples.
    pub(super) fn rows_of_choices(&self, input: &Input, choices: &Choices, given: &Reading) -> Result<Rows> {
        let read = self.choices_of(input, given)?;
        let rows = self.dense(&self.of_taste(&read.learnt(choices)), &read.users);
        Ok(Rows { notes: read.notes, ..rows })
    }

    /// Values as a model sees them: ratings as distances from what biases say of them.
    pub fn of_taste(&self, rows: &SparseRows) -> SparseRows {
        self.biases().map_or_else(|| rows.clone(), |biases| biases.taken_from(rows))
    }

    /// The biases of the ratings that a model was trained with; none if it learnt choices.
    pub fn biases(&self) -> Option<Biases> {
        let items = self.units().shift;
        (!items.is_empty()).then_some(Biases { items })
    }

    /// The lowest and the highest rating of the training; none if the model learnt choices.
    pub fn rating_range(&self) -> Option<[f32; 2]> {
        self.biases().and(self.ranges.first()).map(|range| range.map(|value| value as f32))
    }

    /// As many of these rows, each with its name, as a small memory holds: all, or a sample.
    fn dense(&self, rows: &SparseRows, names: &[String]) -> Rows {
        /// Numbers of a sample, which are 64 megabytes.
        const SAMPLE: usize = 1 << 24;
        let chosen = sample(rows.len(), None, (SAMPLE / rows.width().max(1)).max(1));
        let x = rows.rows(&chosen).expect("rows in memory");
        let data = Dataset::new(x).with_schema(self.schema.clone());
        let data = if self.is_scaled() { data.with_observed(rows.mask(&chosen)) } else { data };
        let names = chosen.iter().map(|&number| names[number].clone()).collect();
        Rows { data, names, ids: None, gaps: vec![], cells: None, notes: vec![] }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Reading, prepare_rows};
    use super::*;

    /// A file in which user n chose every n-th of 60 items, with a value from 1 to 5.
    fn file(folder: &Path) -> String {
        let row =
            |n: usize| (0..60).step_by(n).map(move |item| format!("u{n},i{item},{}\n", 1 + (n + item) % 5));
        let text: String = (1..12).flat_map(row).collect();
        let path = folder.join("choices.csv");
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn reading(rated: bool) -> Reading {
        Reading { choices: Some(Choices { rated, ..Choices::default() }), ..Reading::default() }
    }

    #[test]
    fn users_are_examples_and_items_are_features() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        let prepared = prepare_rows(&file, &reading(false)).unwrap();
        let [train, validation] = &prepared.rows;
        assert_eq!((train.data.len(), validation.data.len(), prepared.preparation.features), (9, 1, 60));
        let stored = prepared.stored.unwrap();
        assert!(train.data.observed().is_none());
        assert_eq!(stored.rows_and_mask(&[3, 1]).unwrap(), (train.data.rows(&[3, 1]), None));
        let user: usize = train.names[0][1..].parse().unwrap();
        let sum: f32 = train.data.row(0).iter().sum();
        assert_eq!((sum as usize, &prepared.preparation.columns[0][..1]), (60_usize.div_ceil(user), "i"));
        // Other users, among the same items.
        let others = folder.path().join("others.csv");
        std::fs::write(&others, "user,item\nnew,i3\nnew,unknown\n").unwrap();
        let rows = prepared.preparation.read(others.to_str().unwrap()).unwrap();
        let place = prepared.preparation.columns.iter().position(|item| item == "i3").unwrap();
        assert_eq!((rows.data.row(0)[place], rows.data.row(0).iter().sum::<f32>()), (1.0, 1.0));
        assert!(rows.notes.iter().any(|note| note.contains("1 items that the model does not know")));
    }

    #[test]
    fn ratings_are_distances_from_biases_and_the_others_are_gaps() {
        let folder = tempfile::tempdir().unwrap();
        let prepared = prepare_rows(&file(folder.path()), &reading(true)).unwrap();
        let train = &prepared.rows[0].data;
        let mask = train.observed().unwrap();
        let [sum, there] = [train.x(), mask].map(|of| of.to_vec().iter().sum::<f32>());
        assert!(sum.abs() < 0.05 * there && there > 100.0, "{sum} of {there}");
        assert!(train.x().to_vec().iter().zip(mask.to_vec()).all(|(x, there)| there == 1.0 || *x == 0.0));
        let (x, of_some) = prepared.stored.unwrap().rows_and_mask(&[2]).unwrap();
        assert_eq!((x, of_some.unwrap()), (train.rows(&[2]), mask.slice(0, 2..3).contiguous()));
        let biases = prepared.preparation.biases().unwrap();
        let study = prepared.study.unwrap();
        let rating = biases.scores(&study.train()).slice(0, ..1).zip(&train.rows(&[0]), |b, x| b + x);
        let (item, expected) = study.train().row(0).next().unwrap();
        assert!((rating[[0, item]] - expected).abs() < 1e-5);
        assert_eq!(prepared.preparation.rating_range(), Some([1.0, 5.0]));
    }
}
