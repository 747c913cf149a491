//! How recommenders are judged: lists by the definitions of Liang et al. (2018, section 4.2), predicted ratings by their
//! errors.

use autograd::Tensor;
use nn::data::{Examples, SparseRows};
use serde::Serialize;

/// Scores of all items for some users, `[users, items]`, by what is known of them.
pub type Scores<'a> = dyn Fn(&SparseRows) -> Tensor<f32> + 'a;

/// Quality of lists: means over the users with something hidden.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Lists {
    /// [Recall](recall) of the first 20.
    pub recall_20: f64,
    /// Recall of the first 50.
    pub recall_50: f64,
    /// [NDCG](ndcg) of the first 100.
    pub ndcg_100: f64,
    /// Number of the users.
    pub users: usize,
}

impl Lists {
    /// Judges scores: items that are known of a user are left out of the list, and those that are hidden should come
    /// first.
    ///
    /// # Panics
    /// If the numbers of users and items differ.
    #[track_caller]
    pub fn of(scores: &Scores<'_>, known: &SparseRows, hidden: &SparseRows) -> Self {
        let mut sum = Lists { recall_20: 0.0, recall_50: 0.0, ndcg_100: 0.0, users: 0 };
        each_user(scores, known, hidden, |user, row| {
            let relevant: Vec<usize> = hidden.row(user).map(|entry| entry.0).collect();
            if relevant.is_empty() {
                return;
            }
            known.row(user).for_each(|(item, _)| row[item] = f32::NEG_INFINITY);
            let list = ranked(row, 100);
            sum.recall_20 += recall(&list, &relevant, 20);
            sum.recall_50 += recall(&list, &relevant, 50);
            sum.ndcg_100 += ndcg(&list, &relevant, 100);
            sum.users += 1;
        });
        let users = sum.users.max(1) as f64;
        let Lists { recall_20, recall_50, ndcg_100, users: count } = sum;
        Lists {
            recall_20: recall_20 / users,
            recall_50: recall_50 / users,
            ndcg_100: ndcg_100 / users,
            users: count,
        }
    }
}

/// Errors of predicted ratings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Errors {
    /// Root of the mean squared error.
    pub rmse: f64,
    /// Mean of the absolute errors.
    pub mae: f64,
    /// Number of the hidden ratings.
    pub ratings: usize,
}

impl Errors {
    /// Errors of scores that are predicted ratings, cut to this range.
    ///
    /// # Panics
    /// If the numbers of users and items differ.
    #[track_caller]
    pub fn of(scores: &Scores<'_>, known: &SparseRows, hidden: &SparseRows, range: [f32; 2]) -> Self {
        let (mut squares, mut sizes) = (0.0, 0.0);
        each_user(scores, known, hidden, |user, row| {
            for (item, rating) in hidden.row(user) {
                let error = f64::from(row[item].clamp(range[0], range[1]) - rating);
                squares += error * error;
                sizes += error.abs();
            }
        });
        let ratings = hidden.entries();
        let mean = |sum: f64| sum / ratings.max(1) as f64;
        Errors { rmse: mean(squares).sqrt(), mae: mean(sizes), ratings }
    }
}

/// Calls `f` with every user and the scores of all items, some users at a time.
#[track_caller]
fn each_user(
    scores: &Scores<'_>,
    known: &SparseRows,
    hidden: &SparseRows,
    mut f: impl FnMut(usize, &mut [f32]),
) {
    let sizes = |rows: &SparseRows| [rows.len(), rows.width()];
    assert!(sizes(known) == sizes(hidden), "judged: {:?} and {:?}", sizes(known), sizes(hidden));
    let users: Vec<usize> = (0..known.len()).collect();
    for some in users.chunks(at_once(known.width())) {
        let mut all = scores(&known.select(some)).to_vec();
        all.chunks_mut(known.width().max(1)).zip(some).for_each(|(row, &user)| f(user, row));
    }
}

/// How many users of so many items are worked on together: 500, or so few that a table of them has 16 megabytes.
pub fn at_once(items: usize) -> usize {
    ((1 << 22) / items.max(1)).clamp(1, 500)
}

/// The `k` items with the largest scores, best first; of equal ones the first.
pub fn ranked(scores: &[f32], k: usize) -> Vec<usize> {
    let better = |&a: &usize, &b: &usize| scores[b].total_cmp(&scores[a]).then(a.cmp(&b));
    let mut order: Vec<usize> = (0..scores.len()).collect();
    if k < order.len() {
        order.select_nth_unstable_by(k, better);
        order.truncate(k);
    }
    order.sort_unstable_by(better);
    order
}

/// NDCG@k, the normalized discounted cumulative gain: `Σ 1/log₂(rank + 1)` over the relevant items among
/// the first `k`, ranks counted from 1, divided by that of the best list, which has `min(k, relevant)` of
/// them in front. `relevant` is in ascending order; without relevant items it is 0.
pub fn ndcg(list: &[usize], relevant: &[usize], k: usize) -> f64 {
    let gain = |rank: usize| 1.0 / ((rank + 1) as f64).log2();
    let hit = |item: &usize| relevant.binary_search(item).is_ok();
    let found: f64 = (1..=k).zip(list).filter(|(_, item)| hit(item)).map(|(rank, _)| gain(rank)).sum();
    let best: f64 = (1..=k.min(relevant.len())).map(gain).sum();
    if best > 0.0 { found / best } else { 0.0 }
}

/// Recall@k: the relevant items among the first `k`, as a fraction of `min(k, relevant)`, so that 1 can
/// be reached. `relevant` is in ascending order; without relevant items it is 0.
pub fn recall(list: &[usize], relevant: &[usize], k: usize) -> f64 {
    let found = list.iter().take(k).filter(|item| relevant.binary_search(item).is_ok()).count();
    found as f64 / k.min(relevant.len()).max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_hand() {
        // Relevant items at ranks 1 and 3, a third one is missing.
        let list = [7, 2, 5, 0];
        let log = |x: f64| x.log2();
        let expected = (1.0 / log(2.0) + 1.0 / log(4.0)) / (1.0 / log(2.0) + 1.0 / log(3.0) + 1.0 / log(4.0));
        assert!((ndcg(&list, &[5, 7, 9], 4) - expected).abs() < 1e-15);
        assert_eq!(recall(&list, &[5, 7, 9], 4), 2.0 / 3.0);
        // A list of two can hold no more than two.
        assert_eq!(recall(&list, &[2, 5, 7, 9], 2), 1.0);
        assert_eq!(ndcg(&list, &[2, 5, 7, 9], 2), 1.0);
        assert_eq!((ndcg(&list, &[], 4), recall(&list, &[], 4)), (0.0, 0.0));
    }

    #[test]
    fn of_equal_scores_the_first_comes_first() {
        assert_eq!(ranked(&[1.0, 3.0, 2.0, 3.0, 1.0], 4), [1, 3, 2, 0]);
        assert_eq!(ranked(&[0.0; 3], 9), [0, 1, 2]);
    }

    #[test]
    fn known_items_are_left_out_and_users_without_hidden_ones_do_not_count() {
        let known = SparseRows::new(2, 3, [(0, 0, 1.0)]).unwrap();
        let hidden = SparseRows::new(2, 3, [(0, 2, 1.0)]).unwrap();
        let scores = |_: &SparseRows| Tensor::from_vec([2, 3], vec![9.0, 1.0, 5.0, 0.0, 0.0, 0.0]);
        let expected = Lists { recall_20: 1.0, recall_50: 1.0, ndcg_100: 1.0, users: 1 };
        assert_eq!(Lists::of(&scores, &known, &hidden), expected);
        // 9 is cut to 5, and 4.5 was wanted; 5 was predicted where 3 was given.
        let hidden = SparseRows::new(2, 3, [(0, 0, 4.5), (0, 2, 3.0)]).unwrap();
        let errors = Errors::of(&scores, &known, &hidden, [1.0, 5.0]);
        assert_eq!((errors.mae, errors.ratings), (1.25, 2));
        assert!((errors.rmse - (4.25_f64 / 2.0).sqrt()).abs() < 1e-12);
    }
}
