//! The choices that a recommender learns from, and those it is judged by: a part of them is hidden.

use std::path::Path;

use nn::data::split::{Fractions, Split};
use nn::data::{Examples, SparseRows};
use nn::random::permutation;
use nn::{Error, Purpose, Result, generator};

use super::{Choices, Interactions};

/// The share of the choices of a user for validation or testing that is hidden (Liang et al. 2018, section 4.1).
pub const HIDDEN: f64 = 0.2;

/// The parts by which a recommender is judged: one while it learns, to choose settings by, and one for the figures at
/// the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To choose settings by.
    Validation,
    /// For the figures at the end.
    Test,
}

/// Choices in parts. Who chose what is split by users, of whom some are met only at the end (*strong generalization*,
/// Marlin 2004): a model has to recommend to people whom it has not met. Ratings are split one by one, and a model
/// predicts hidden ones of users whom it knows.
pub struct Study {
    /// All users, with the items that can be recommended.
    pub all: Interactions,
    /// Their rows as a model learns them.
    pub learnt: SparseRows,
    /// Users for training, validation and testing; of ratings the same users three times.
    pub users: [Vec<usize>; 3],
    /// Of ratings, those for training, validation and testing.
    ratings: Option<[SparseRows; 3]>,
}

impl Study {
    /// Splits the users who have enough choices, or their ratings: half of the fraction that is held out is for validation
    /// and half for testing. The seed decides; errors call the data `name`.
    ///
    /// # Errors
    /// If there are too few users, or no choices.
    pub fn new(name: &Path, all: Interactions, choices: &Choices, held_out: f64, seed: u64) -> Result<Self> {
        let learnt = all.learnt(choices);
        let fewest = choices.fewest.max(1);
        let enough: Vec<usize> = (0..learnt.len()).filter(|&user| learnt.row(user).len() >= fewest).collect();
        let too_few = || {
            let why = choices.at_least.map_or(String::new(), |least| format!(" of at least {least}"));
            let problem = format!(
                "{} of {} users have {fewest} or more choices{why}, too few to learn from some and to test with others",
                enough.len(),
                learnt.len(),
            );
            Error::file(name, problem)
        };
        let shares = [held_out / 2.0; 2];
        if choices.rated {
            let ratings = deal(&learnt.select(&enough), shares, seed);
            if enough.len() < 2 || ratings.iter().any(|part| part.entries() == 0) {
                return Err(too_few());
            }
            let users = [(); 3].map(|()| enough.clone());
            return Ok(Study { all, learnt, users, ratings: Some(ratings) });
        }
        let fractions = Fractions { validation: shares[0], test: shares[1] };
        let split = Split::random(enough.len(), fractions, seed).map_err(|_| too_few())?;
        let users = [split.train, split.validation, split.test]
            .map(|part| part.into_iter().map(|place| enough[place]).collect::<Vec<_>>());
        let counts = learnt.select(&users[0]).column_counts();
        let known: Vec<usize> = (0..counts.len()).filter(|&item| counts[item] > 0).collect();
        let all = all.of_items(&known);
        let learnt = all.learnt(choices);
        Ok(Study { all, learnt, users, ratings: None })
    }

    /// Whether ratings are split, and not users.
    pub fn is_rated(&self) -> bool {
        self.ratings.is_some()
    }

    /// The rows that a model learns from.
    pub fn train(&self) -> SparseRows {
        match &self.ratings {
            Some([train, ..]) => train.clone(),
            None => self.learnt.select(&self.users[0]),
        }
    }

    /// Rows to judge by, of as many users each: what is known of them, and what is hidden.
    pub fn judged(&self, part: Part) -> [SparseRows; 2] {
        let number = if part == Part::Validation { 1 } else { 2 };
        match &self.ratings {
            Some(parts) => [parts[0].clone(), parts[number].clone()],
            None => hide(&self.learnt.select(&self.users[number]), HIDDEN, 0),
        }
    }

    /// All that is known of the users for validation; of ratings those for validation.
    pub fn validation(&self) -> SparseRows {
        match &self.ratings {
            Some([_, validation, _]) => validation.clone(),
            None => self.learnt.select(&self.users[1]),
        }
    }
}

/// Every row in two parts, of which the second gets this fraction (rounded to the nearest whole number): what is known,
/// and what is hidden to judge by. The seed and the number of the row decide.
pub fn hide(rows: &SparseRows, fraction: f64, seed: u64) -> [SparseRows; 2] {
    let [known, hidden, _] = deal(rows, [fraction, 0.0], seed);
    [known, hidden]
}

/// Every row in three parts, of which the second and the third get these fractions.
fn deal(rows: &SparseRows, fractions: [f64; 2], seed: u64) -> [SparseRows; 3] {
    let mut part_of = Vec::with_capacity(rows.entries());
    for number in 0..rows.len() {
        let entries = rows.row(number).len();
        let [second, third] = fractions.map(|fraction| (entries as f64 * fraction).round() as usize);
        let order = permutation(entries, &mut generator(seed, Purpose::Split, 0, number as u64));
        let start = part_of.len();
        part_of.resize(start + entries, 0);
        order[..second].iter().for_each(|&place| part_of[start + place] = 1);
        order[second..second + third].iter().for_each(|&place| part_of[start + place] = 2);
    }
    [0, 1, 2].map(|wanted| {
        let mut next = part_of.iter();
        rows.filter(|_, _, _| next.next() == Some(&wanted))
    })
}

#[cfg(test)]
mod tests {
    use nn::data::table::TableOptions;

    use super::*;

    fn full(rows: usize) -> SparseRows {
        SparseRows::new(rows, 50, (0..rows).flat_map(|u| (0..50).map(move |i| (u, i, 1.0)))).unwrap()
    }

    #[test]
    fn hidden_and_known_are_all_and_disjoint() {
        let [known, hidden] = hide(&full(2), 0.2, 1);
        for user in 0..2 {
            let mut both: Vec<_> = known.row(user).chain(hidden.row(user)).collect();
            both.sort_by_key(|entry| entry.0);
            assert_eq!((hidden.row(user).len(), both), (10, full(2).row(user).collect()));
        }
        assert!(hidden.row(0).ne(hidden.row(1)));
        assert_eq!(hide(&full(2), 0.2, 1), [known, hidden]);
    }

    #[test]
    fn nothing_is_learnt_from_users_for_testing() {
        // User n has chosen n items, and one that nobody else has.
        let row = |n: usize| (0..n).map(move |i| format!("{n},i{i}\n")).chain([format!("{n},own{n}\n")]);
        let text: String = std::iter::once("user,item\n".to_owned()).chain((0..40).flat_map(row)).collect();
        let options = TableOptions::default();
        let read =
            || Interactions::parse("a.csv".as_ref(), text.as_bytes(), &Choices::default(), &options).unwrap();
        let study = Study::new("a.csv".as_ref(), read(), &Choices::default(), 0.2, 0).unwrap();
        // Users with four or more, and their own.
        assert_eq!(study.users.each_ref().map(Vec::len), [29, 4, 3]);
        let [train, validation, test] = &study.users;
        assert!(test.iter().chain(validation).all(|user| !train.contains(user)));
        assert!(test.iter().all(|user| !validation.contains(user)));
        let own: Vec<&String> = study.all.items.iter().filter(|item| item.starts_with("own")).collect();
        assert_eq!(own.len(), 29, "items that only others chose are left out");
        assert_eq!(study.train().column_counts().iter().min(), Some(&1));
        let [known, hidden] = study.judged(Part::Test);
        assert_eq!((known.len(), hidden.width()), (3, study.all.items.len()));

        let choices = Choices { fewest: 1000, at_least: Some(0.5), ..Choices::default() };
        let text = Study::new("a.csv".as_ref(), read(), &choices, 0.2, 0).err().unwrap().to_string();
        assert_eq!(
            text,
            "a.csv: 0 of 40 users have 1000 or more choices of at least 0.5, too few to learn from some and to test with \
             others"
        );
    }

    #[test]
    fn ratings_are_hidden_one_by_one() {
        let rating = |u: usize, i: usize| format!("{u},{i},{}\n", 1 + (u + i) % 5);
        let text: String = (0..6).flat_map(|u| (0..20).map(move |i| rating(u, i))).collect();
        let choices = Choices { rated: true, ..Choices::default() };
        let read = |text: &str| {
            Interactions::parse("r.csv".as_ref(), text.as_bytes(), &choices, &TableOptions::default())
                .unwrap()
        };
        let study = Study::new("r.csv".as_ref(), read(&text), &choices, 0.2, 0).unwrap();
        let [known, hidden] = study.judged(Part::Test);
        assert_eq!([known.entries(), hidden.entries(), study.validation().entries()], [96, 12, 12]);
        assert_eq!((known.clone(), study.users[2].len()), (study.train(), 6));
        assert!((0..6).all(|u| hidden.row(u).all(|(i, _)| known.row(u).all(|(j, _)| i != j))));
        let one = Study::new("r.csv".as_ref(), read("a,x,1\na,y,2\n"), &choices, 0.2, 0).err().unwrap();
        assert!(one.to_string().contains("0 of 1 users have 5 or more choices"), "{one}");
    }
}
