//! Users to learn from, and users to judge by, of whom a part of the choices is hidden.

use std::path::Path;

use nn::data::split::{Fractions, Split};
use nn::data::{Examples, SparseRows};
use nn::random::permutation;
use nn::{Error, Purpose, Result, generator};

use super::{Choices, Interactions};

/// The share of a user's choices that is hidden (Liang et al. 2018, section 4.1).
pub const HIDDEN: f64 = 0.2;

/// Choices of users, some of whom nothing is learnt from (*strong generalisation*, Marlin 2004): a model has to recommend
/// to people whom it has not met.
pub struct Study {
    /// All users, with the items that those for training chose.
    pub all: Interactions,
    /// Their rows as a model learns them.
    pub learnt: SparseRows,
    /// The users for training, and those for testing.
    pub users: [Vec<usize>; 2],
}

impl Study {
    /// Splits the users who have enough choices. The seed decides; errors call the data `name`.
    ///
    /// # Errors
    /// If there are too few users, or no choices.
    pub fn new(name: &Path, all: Interactions, choices: &Choices, test: f64, seed: u64) -> Result<Self> {
        let learnt = all.learnt(choices);
        let enough: Vec<usize> =
            (0..learnt.len()).filter(|&user| learnt.row(user).len() >= choices.fewest.max(1)).collect();
        let fractions = Fractions { validation: 0.0, test };
        let split = Split::random(enough.len(), fractions, seed).map_err(|_| {
            let why = match choices.at_least {
                Some(least) => format!(" of at least {least}"),
                None => String::new(),
            };
            Error::file(
                name,
                format!(
                    "{} of {} users have {} or more choices{why}, too few to learn from some and to test with others",
                    enough.len(),
                    learnt.len(),
                    choices.fewest.max(1)
                ),
            )
        })?;
        let users: [Vec<usize>; 2] =
            [split.train, split.test].map(|part| part.into_iter().map(|place| enough[place]).collect());
        let counts = learnt.select(&users[0]).column_counts();
        let known: Vec<usize> = (0..counts.len()).filter(|&item| counts[item] > 0).collect();
        let all = all.of_items(&known);
        let learnt = all.learnt(choices);
        Ok(Study { all, learnt, users })
    }

    /// The rows of the users for training.
    pub fn train(&self) -> SparseRows {
        self.learnt.select(&self.users[0])
    }

    /// The rows of the users for testing: what is known of them, and what is hidden.
    pub fn test(&self) -> [SparseRows; 2] {
        hide(&self.learnt.select(&self.users[1]), HIDDEN, 0)
    }
}

/// Every row in two parts, of which the second gets this fraction (rounded to the nearest whole number): what is known,
/// and what is hidden to judge by. The seed and the number of the row decide.
pub fn hide(rows: &SparseRows, fraction: f64, seed: u64) -> [SparseRows; 2] {
    let mut is_hidden = Vec::with_capacity(rows.entries());
    for number in 0..rows.len() {
        let entries = rows.row(number).len();
        let count = (entries as f64 * fraction).round() as usize;
        let order = permutation(entries, &mut generator(seed, Purpose::Split, 0, number as u64));
        let start = is_hidden.len();
        is_hidden.resize(start + entries, false);
        order[..count].iter().for_each(|&place| is_hidden[start + place] = true);
    }
    [false, true].map(|wanted| {
        let mut next = is_hidden.iter();
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
        assert_eq!([study.users[0].len(), study.users[1].len()], [29, 7]);
        assert!(study.users[1].iter().all(|user| !study.users[0].contains(user)));
        let own: Vec<&String> = study.all.items.iter().filter(|item| item.starts_with("own")).collect();
        assert_eq!(own.len(), 29, "items that only others chose are left out");
        assert_eq!(study.train().column_counts().iter().min(), Some(&1));
        let [known, hidden] = study.test();
        assert_eq!((known.len(), hidden.width()), (7, study.all.items.len()));

        let choices = Choices { fewest: 1000, at_least: Some(0.5), ..Choices::default() };
        let text = Study::new("a.csv".as_ref(), read(), &choices, 0.2, 0).err().unwrap().to_string();
        assert_eq!(
            text,
            "a.csv: 0 of 40 users have 1000 or more choices of at least 0.5, too few to learn from some and to test with \
             others"
        );
    }
}
