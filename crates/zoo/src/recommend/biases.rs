//! Ratings by who gives and who gets them.

use autograd::Tensor;
use nn::data::{Examples, SparseRows};

/// Predictions by biases (Koren 2010, section 2.1): `r̂ᵤᵢ = μ + bᵤ + bᵢ`, with the `b` of least
///
/// > `Σ (rᵤᵢ − μ − bᵤ − bᵢ)² + λ (Σ bᵤ² + Σ bᵢ²)`
///
/// over the ratings that are there. Whoever is generous is so with everything, and what is good is so for everybody; what a
/// model learns of taste shows beside this.
#[derive(Clone, Debug, PartialEq)]
pub struct Biases {
    /// `μ + bᵢ` of every item.
    pub items: Vec<f64>,
}

/// Ratings that a bias of 0 counts for, `λ`.
const PENALTY: f64 = 5.0;

impl Biases {
    /// Those of the items of these ratings, by turns with those of the users.
    pub fn new(ratings: &SparseRows) -> Self {
        const TURNS: usize = 20;
        let mean = ratings.mean();
        let mut biases = Biases { items: vec![mean; ratings.width()] };
        let of_item = ratings.transposed();
        for _ in 0..TURNS {
            let users: Vec<f64> = (0..ratings.len()).map(|user| biases.of(ratings.row(user))).collect();
            let rest = |(user, rating): (usize, f32)| f64::from(rating) - mean - users[user];
            biases.items =
                (0..of_item.len()).map(|item| mean + shrunk(of_item.row(item).map(rest))).collect();
        }
        biases
    }

    /// The bias of a user who gave these ratings.
    pub fn of(&self, row: impl Iterator<Item = (usize, f32)>) -> f64 {
        shrunk(row.map(|(item, rating)| f64::from(rating) - self.items[item]))
    }

    /// Ratings less their predictions: what is left to taste.
    pub fn taken_from(&self, ratings: &SparseRows) -> SparseRows {
        let users: Vec<f64> = (0..ratings.len()).map(|user| self.of(ratings.row(user))).collect();
        ratings.map(|user, item, rating| (f64::from(rating) - users[user] - self.items[item]) as f32)
    }

    /// Predictions of all ratings of each user, `[users, items]`, by the ratings that are known.
    ///
    /// # Panics
    /// If there are not as many items.
    #[track_caller]
    pub fn scores(&self, known: &SparseRows) -> Tensor<f32> {
        let items = self.items.len();
        assert!(known.width() == items, "Biases: {} items, not {items}", known.width());
        let users: Vec<f64> = (0..known.len()).map(|user| self.of(known.row(user))).collect();
        let score = |i: usize| (users[i / items] + self.items[i % items]) as f32;
        Tensor::from_fn([known.len(), items], score)
    }
}

/// The mean of these numbers and [`PENALTY`] zeros.
fn shrunk(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = numbers.fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    sum / (count + PENALTY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_biases_are_better() {
        let rating = |u: usize, i: usize| (u, i, (1 + (3 * u + i * i) % 5) as f32);
        let all = (0..8).flat_map(|u| (0..9).map(move |i| (u, i))).filter(|(u, i)| (u + 2 * i) % 3 > 0);
        let ratings = SparseRows::new(8, 9, all.map(|(u, i)| rating(u, i))).unwrap();
        let biases = Biases::new(&ratings);
        let users: Vec<f64> = (0..8).map(|u| biases.of(ratings.row(u))).collect();
        let loss = |users: &[f64], items: &[f64]| {
            let error = |u: usize, (i, r): (usize, f32)| (f64::from(r) - users[u] - items[i]).powi(2);
            let errors: f64 = (0..8).flat_map(|u| ratings.row(u).map(move |entry| error(u, entry))).sum();
            let sizes = users.iter().copied().chain(items.iter().map(|item| item - ratings.mean()));
            errors + PENALTY * sizes.map(|b| b * b).sum::<f64>()
        };
        let best = loss(&users, &biases.items);
        for number in 0..17 {
            for change in [-1e-2, 1e-2] {
                let (mut users, mut items) = (users.clone(), biases.items.clone());
                *users.iter_mut().chain(&mut items).nth(number).unwrap() += change;
                assert!(loss(&users, &items) > best, "{number}");
            }
        }
        let [scores, rest] = [biases.scores(&ratings), biases.taken_from(&ratings).rows(&[3]).unwrap()];
        let (item, rating) = ratings.row(3).next().unwrap();
        assert!((scores[[3, item]] + rest[[0, item]] - rating).abs() < 1e-6);
    }
}
