//! Sparse ratings.

use std::fs;
use std::path::Path;

use autograd::Tensor;
use nn::random::permutation;
use nn::{Error, Purpose, Result, generator};

/// Who rated what: for every user the items and ratings, by item.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratings {
    items: usize,
    rows: Vec<Vec<(usize, f32)>>,
}

/// Some users, with only the items that at least one of them has rated.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The items, in ascending order.
    pub items: Vec<usize>,
    /// Their ratings, `[users, items]`; 0 where there is none.
    pub x: Tensor<f32>,
    /// 1 where there is a rating, else 0, of the same shape.
    pub observed: Tensor<f32>,
    /// The number of items of the whole data set.
    pub all_items: usize,
}

impl Ratings {
    /// From triples of user, item and rating, in any order.
    ///
    /// # Errors
    /// If a number is out of range, a rating is not finite, or one is there twice.
    pub fn new(
        users: usize,
        items: usize,
        triples: impl IntoIterator<Item = (usize, usize, f32)>,
    ) -> Result<Self> {
        let mut rows = vec![vec![]; users];
        for (user, item, rating) in triples {
            if user >= users || item >= items || !rating.is_finite() {
                return Err(Error::data(format!(
                    "user {user} rated item {item} with {rating}; there are {users} users and {items} items, \
                     counted from 0, and a rating must be finite"
                )));
            }
            rows[user].push((item, rating));
        }
        for (user, row) in rows.iter_mut().enumerate() {
            row.sort_by_key(|entry| entry.0);
            if let Some(pair) = row.windows(2).find(|pair| pair[0].0 == pair[1].0) {
                return Err(Error::data(format!("user {user} rated item {} twice", pair[0].0)));
            }
        }
        Ok(Ratings { items, rows })
    }

    /// From a file of MovieLens-100k's form (`u.data`): user, item, rating and time on every line, with
    /// tabs between them; users and items are counted from 1.
    ///
    /// # Errors
    /// If the file cannot be read, or a line is not of this form.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(|error| Error::file(path, error.to_string()))?;
        let mut triples = vec![];
        for (number, line) in text.lines().enumerate() {
            let mut fields = line.split('\t');
            let mut next = || fields.next().and_then(|field| field.trim().parse::<f64>().ok());
            match (next(), next(), next()) {
                (Some(user), Some(item), Some(rating)) if user >= 1.0 && item >= 1.0 => {
                    triples.push((user as usize - 1, item as usize - 1, rating as f32));
                }
                _ => {
                    return Err(Error::file(
                        path,
                        format!("line {} is not `user<tab>item<tab>rating`: `{line}`", number + 1),
                    ));
                }
            }
        }
        let users = triples.iter().map(|triple| triple.0 + 1).max().unwrap_or(0);
        let items = triples.iter().map(|triple| triple.1 + 1).max().unwrap_or(0);
        Ratings::new(users, items, triples)
    }

    /// The number of users.
    pub fn users(&self) -> usize {
        self.rows.len()
    }

    /// The number of items.
    pub fn items(&self) -> usize {
        self.items
    }

    /// The items that this user rated, in ascending order, each with its rating.
    pub fn of(&self, user: usize) -> &[(usize, f32)] {
        &self.rows[user]
    }

    /// The number of ratings.
    pub fn len(&self) -> usize {
        self.rows.iter().map(Vec::len).sum()
    }

    /// Whether there are no ratings.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The mean of all ratings; 0 if there are none.
    pub fn mean(&self) -> f32 {
        let sum: f64 = self.rows.iter().flatten().map(|entry| f64::from(entry.1)).sum();
        (sum / self.len().max(1) as f64) as f32
    }

    /// The same ratings with users and items exchanged: a model of its rows is item-based.
    pub fn transposed(&self) -> Self {
        let mut rows = vec![vec![]; self.items];
        for (user, row) in self.rows.iter().enumerate() {
            row.iter().for_each(|&(item, rating)| rows[item].push((user, rating)));
        }
        Ratings { items: self.rows.len(), rows }
    }

    /// These users, numbered anew.
    pub fn select(&self, users: &[usize]) -> Self {
        Ratings { items: self.items, rows: users.iter().map(|&user| self.rows[user].clone()).collect() }
    }

    /// Every user's ratings in two parts, of which the second gets this fraction (rounded to the nearest
    /// whole number): what is known of a user, and what is hidden to judge by. The seed and the user's
    /// number decide.
    pub fn split(&self, hidden: f64, seed: u64) -> [Self; 2] {
        let mut parts = [vec![], vec![]];
        for (user, row) in self.rows.iter().enumerate() {
            let count = (row.len() as f64 * hidden).round() as usize;
            let order = permutation(row.len(), &mut generator(seed, Purpose::Split, 0, user as u64));
            for (part, mut chosen) in parts.iter_mut().zip([order[count..].to_vec(), order[..count].to_vec()])
            {
                chosen.sort_unstable();
                part.push(chosen.into_iter().map(|i| row[i]).collect());
            }
        }
        parts.map(|rows| Ratings { items: self.items, rows })
    }

    /// The ratings of these users, for a model.
    pub fn batch(&self, users: &[usize]) -> Batch {
        let rated = users.iter().flat_map(|&user| &self.rows[user]);
        let mut items: Vec<usize> = rated.map(|entry| entry.0).collect();
        items.sort_unstable();
        items.dedup();
        let width = items.len();
        let (mut x, mut observed) = (vec![0.0; users.len() * width], vec![0.0; users.len() * width]);
        for (row, &user) in users.iter().enumerate() {
            for (item, rating) in &self.rows[user] {
                let column = items.binary_search(item).expect("collected above");
                (x[row * width + column], observed[row * width + column]) = (*rating, 1.0);
            }
        }
        let tensor = |values| Tensor::from_vec([users.len(), width], values);
        Batch { x: tensor(x), observed: tensor(observed), items, all_items: self.items }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn few() -> Ratings {
        Ratings::new(3, 5, [(0, 4, 1.0), (2, 1, 5.0), (0, 1, 3.0), (2, 4, 2.0)]).unwrap()
    }

    #[test]
    fn batches_have_the_items_that_matter() {
        let batch = few().batch(&[2, 1, 0]);
        assert_eq!(batch.items, [1, 4]);
        assert_eq!(batch.x.to_vec(), [5.0, 2.0, 0.0, 0.0, 3.0, 1.0]);
        assert_eq!(batch.observed.to_vec(), [1.0, 1.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(few().batch(&[1]).x.shape(), [1, 0]);
    }

    #[test]
    fn exchanged_twice_is_the_same() {
        let turned = few().transposed();
        assert_eq!((turned.users(), turned.of(4)), (5, &[(0, 1.0), (2, 2.0)][..]));
        assert_eq!(turned.transposed(), few());
    }

    #[test]
    fn hidden_and_known_are_all_and_disjoint() {
        let full = Ratings::new(2, 50, (0..2).flat_map(|u| (0..50).map(move |i| (u, i, 1.0)))).unwrap();
        let [known, hidden] = full.split(0.2, 1);
        for user in 0..2 {
            let mut both = [known.of(user), hidden.of(user)].concat();
            both.sort_by_key(|entry| entry.0);
            assert_eq!((hidden.of(user).len(), &both[..]), (10, full.of(user)));
        }
        assert_ne!(hidden.of(0), hidden.of(1));
        assert_eq!(full.split(0.2, 1), [known, hidden]);
    }

    #[test]
    fn files_are_read_and_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("u.data");
        fs::write(&path, "1\t2\t5\t881250949\n2\t1\t3\t0\n").unwrap();
        let ratings = Ratings::read(&path).unwrap();
        assert_eq!((ratings.users(), ratings.items(), ratings.of(0)), (2, 2, &[(1, 5.0)][..]));
        fs::write(&path, "1\t2\t5\n0\t1\t3\n").unwrap();
        assert!(Ratings::read(&path).unwrap_err().to_string().contains("line 2 is not"));
        assert!(Ratings::new(1, 1, [(0, 0, 1.0), (0, 0, 2.0)]).unwrap_err().to_string().contains("twice"));
        assert!(Ratings::new(1, 1, [(0, 1, 1.0)]).is_err());
    }
}
