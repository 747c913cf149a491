//! How lists of recommendations are judged, by the definitions of Liang et al. (2018, section 4.2).

use autograd::Tensor;

use super::Ratings;

/// Means over the users with something hidden.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// See [`ndcg`].
    pub ndcg: f64,
    /// See [`recall`].
    pub recall: f64,
    /// How many users there were.
    pub users: usize,
}

/// Judges the scores `[users, items]`: items that are known of a user are left out of the list, and those
/// that are hidden should come first. `k` is the length of the list.
///
/// # Panics
/// If the numbers of users and items differ.
#[track_caller]
pub fn quality(scores: &Tensor<f32>, known: &Ratings, hidden: &Ratings, k: usize) -> Quality {
    let shape = [known.users(), known.items()];
    assert!(
        scores.shape() == shape && hidden.users() == shape[0] && hidden.items() == shape[1],
        "quality: scores of shape {:?} for {} users and {} items",
        scores.shape(),
        shape[0],
        shape[1]
    );
    let all = scores.to_vec();
    let mut sum = Quality { ndcg: 0.0, recall: 0.0, users: 0 };
    for user in (0..shape[0]).filter(|&user| !hidden.of(user).is_empty()) {
        let mut row = all[user * shape[1]..][..shape[1]].to_vec();
        known.of(user).iter().for_each(|&(item, _)| row[item] = f32::NEG_INFINITY);
        let list = ranked(&row, k);
        let relevant: Vec<usize> = hidden.of(user).iter().map(|entry| entry.0).collect();
        sum.ndcg += ndcg(&list, &relevant, k);
        sum.recall += recall(&list, &relevant, k);
        sum.users += 1;
    }
    let users = sum.users.max(1) as f64;
    Quality { ndcg: sum.ndcg / users, recall: sum.recall / users, users: sum.users }
}

/// The `k` items with the largest scores, best first; of equal ones the first.
pub fn ranked(scores: &[f32], k: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order.truncate(k);
    order
}

/// NDCG@k, the normalised discounted cumulative gain: `Σ 1/log₂(rank + 1)` over the relevant items among
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
    fn known_items_are_left_out_and_users_without_hidden_ones_do_not_count() {
        let known = Ratings::new(2, 3, [(0, 0, 1.0)]).unwrap();
        let hidden = Ratings::new(2, 3, [(0, 2, 1.0)]).unwrap();
        let scores = Tensor::from_vec([2, 3], vec![9.0, 1.0, 5.0, 0.0, 0.0, 0.0]);
        assert_eq!(quality(&scores, &known, &hidden, 1), Quality { ndcg: 1.0, recall: 1.0, users: 1 });
    }
}
