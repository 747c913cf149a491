//! Tables of choices as examples: one for each user, with a feature for each item.

use std::path::Path;

use nn::data::schema::{Block, Kind, Schema, Shape};
use nn::data::{Examples, SparseRows};
use nn::{Dataset, Result};

use super::input::Input;
use super::preparation::{Prepared, SPLIT_SEED};
use super::stored::Stored;
use super::{Preparation, Reading, Rows, raw, sample};
use crate::recommend::{Choices, Interactions, Study};

impl Study {
    /// Reads and splits a table as a training does.
    ///
    /// # Errors
    /// If it cannot be read, or there are too few users.
    pub fn read(input: &Input, reading: &Reading, choices: &Choices) -> Result<Self> {
        let path = input.path();
        let all = Interactions::read(path, choices, &raw::table_options(reading))?;
        Study::new(path, all, choices, reading.test_fraction, SPLIT_SEED)
    }

    /// Users for training and for testing, ready for a model; the study was read from this path.
    pub fn prepared(&self, path: &Path, reading: &Reading) -> Prepared {
        let train = self.train();
        let preparation = Preparation::of_choices(reading, self, &train);
        let parts = [train, self.learnt.select(&self.users[1])].map(|rows| preparation.centred(rows));
        let rows = [0, 1].map(|part| {
            let names = self.users[part].iter().map(|&user| self.all.users[user].clone());
            preparation.dense(&parts[part], &names.collect::<Vec<_>>())
        });
        let mut notes = self.all.notes.clone();
        notes.push(format!(
            "{} users chose {} items, {:.2} % of all pairs; users for testing are others than those for training",
            self.all.users.len(),
            self.all.items.len(),
            100.0 * self.learnt.entries() as f64 / (self.learnt.len() * self.learnt.width()).max(1) as f64
        ));
        let [train, _] = parts;
        let whole = rows[0].data.len() == train.len();
        let stored = (!whole).then(|| Stored::of_sparse(path, train, &preparation));
        Prepared { rows, preparation, stored, notes }
    }
}

impl Preparation {
    /// That of the users of a study. Ratings are taken as distances from their mean, so that one that is missing, which
    /// enters as 0, is an average one.
    fn of_choices(reading: &Reading, study: &Study, train: &SparseRows) -> Self {
        let rated = reading.choices.as_ref().is_some_and(|choices| choices.rated);
        let kind = if rated { Kind::Real } else { Kind::Count };
        let schema = Schema::new([Block::new(Shape::Scalars(train.width()), kind)]);
        let [shift, scale] = if rated { [vec![train.mean()], vec![1.0]] } else { [vec![], vec![]] };
        Preparation::of(reading.clone(), train.len(), schema, study.all.items.clone(), [shift, scale])
    }

    /// Choices of other users among the items that the model knows.
    pub(super) fn read_choices(&self, input: &Input, choices: &Choices) -> Result<Rows> {
        let read = Interactions::read(input.path(), choices, &raw::table_options(&self.reading))?;
        let read = read.among(&self.columns);
        let rows = self.dense(&self.centred(read.learnt(choices)), &read.users);
        Ok(Rows { notes: read.notes, ..rows })
    }

    /// Values as a model sees them: ratings as distances from their mean in training.
    pub fn centred(&self, rows: SparseRows) -> SparseRows {
        match self.units().shift.first() {
            Some(&mean) => rows.map(|value| (f64::from(value) - mean) as f32),
            None => rows,
        }
    }

    /// As many of these rows, each with its name, as memory is allowed for: all, or a sample.
    fn dense(&self, rows: &SparseRows, names: &[String]) -> Rows {
        /// Numbers of a sample, which are 64 megabytes.
        const SAMPLE: usize = 1 << 24;
        let numbers = rows.len() * rows.width();
        let few =
            if numbers / (1 << 18) > self.reading.memory { SAMPLE / rows.width().max(1) } else { rows.len() };
        let chosen = sample(rows.len(), None, few.max(1));
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

    fn reading(rated: bool, memory: usize) -> Reading {
        let choices = Choices { rated, ..Choices::default() };
        Reading { choices: Some(choices), memory, ..Reading::default() }
    }

    #[test]
    fn users_are_examples_and_items_are_features() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        let prepared = prepare_rows(&file, &reading(false, 1)).unwrap();
        let [train, test] = &prepared.rows;
        assert_eq!((train.data.len(), test.data.len(), prepared.preparation.features), (9, 2, 60));
        assert!(prepared.stored.is_none() && train.data.observed().is_none());
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
    fn ratings_are_distances_from_their_mean_and_the_others_are_gaps() {
        let folder = tempfile::tempdir().unwrap();
        let prepared = prepare_rows(&file(folder.path()), &reading(true, 1)).unwrap();
        let train = &prepared.rows[0].data;
        let mask = train.observed().unwrap();
        let [sum, there] = [train.x(), mask].map(|of| of.to_vec().iter().sum::<f32>());
        assert!(sum.abs() < 1e-3 && there > 100.0, "{sum} of {there}");
        assert!(train.x().to_vec().iter().zip(mask.to_vec()).all(|(x, there)| there == 1.0 || *x == 0.0));
        let units = prepared.preparation.restore_units(train.x()).to_vec();
        assert!(units.iter().zip(mask.to_vec()).all(|(x, there)| there == 0.0 || x.fract().abs() < 1e-5));
    }

    #[test]
    fn what_memory_does_not_hold_stays_sparse() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        let [dense, sparse] = [1, 0].map(|memory| prepare_rows(&file, &reading(true, memory)).unwrap());
        // Nothing fits into no memory at all, and so little still into a sample.
        assert!(sparse.stored.is_none());
        let stored = Stored::of_sparse(
            file.as_ref(),
            {
                let study = Study::read(
                    &Input::open(&file).unwrap(),
                    &reading(true, 1),
                    &Choices { rated: true, ..Choices::default() },
                );
                dense.preparation.centred(study.unwrap().train())
            },
            &dense.preparation,
        );
        assert_eq!(stored.rows(&[3, 1]).unwrap(), dense.rows[0].data.rows(&[3, 1]));
        assert_eq!((stored.len(), stored.width()), (9, 60));
    }
}
