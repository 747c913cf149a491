//! How much two columns say about each other, from 0, nothing, to 1.

use std::collections::BTreeMap;

/// The rank of each value, equal values having the mean of theirs; NaN stays.
pub(super) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    for group in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = from as f64 + (group.len() - 1) as f64 / 2.0;
        group.iter().for_each(|&row| ranks[row] = if values[row].is_nan() { f64::NAN } else { rank });
        from += group.len();
    }
    ranks
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// 0 for a column that does not vary.
pub(super) fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let means = [a, b].map(mean);
    let [mut ab, mut aa, mut bb] = [0.0; 3];
    for (a, b) in a.iter().zip(b) {
        let [a, b] = [a - means[0], b - means[1]];
        (ab, aa, bb) = (ab + a * b, aa + a * a, bb + b * b);
    }
    if aa * bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 }
}

/// The square root of the share of the variance of numbers that lies between the words beside them.
pub(super) fn correlation_ratio(words: &[f64], numbers: &[f64]) -> f64 {
    let mut groups: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (word, number) in words.iter().zip(numbers) {
        let (count, sum) = groups.entry(word.to_bits()).or_default();
        (*count, *sum) = (*count + 1.0, *sum + number);
    }
    let all = mean(numbers);
    let between: f64 = groups.values().map(|(count, sum)| count * (sum / count - all).powi(2)).sum();
    let total: f64 = numbers.iter().map(|number| (number - all).powi(2)).sum();
    if total > 0.0 { (between / total).sqrt() } else { 0.0 }
}

/// Cramér's V, `√(χ² / (n (min(words) − 1)))`.
pub(super) fn cramers_v(a: &[f64], b: &[f64]) -> f64 {
    let mut both: BTreeMap<[u64; 2], f64> = BTreeMap::new();
    let mut alone: [BTreeMap<u64, f64>; 2] = Default::default();
    for (a, b) in a.iter().zip(b) {
        let words = [a.to_bits(), b.to_bits()];
        *both.entry(words).or_default() += 1.0;
        alone.iter_mut().zip(words).for_each(|(counts, word)| *counts.entry(word).or_default() += 1.0);
    }
    let (n, least) = (a.len() as f64, alone[0].len().min(alone[1].len()));
    // χ² / n = Σ nᵢⱼ² / (nᵢ nⱼ) − 1; a pair of words that never met adds nothing.
    let sum: f64 = both.iter().map(|([a, b], count)| count * count / (alone[0][a] * alone[1][b])).sum();
    if least > 1 && n > 0.0 { ((sum - 1.0).max(0.0) / (least - 1) as f64).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn associations_of_known_tables() {
        let a = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 9.0]), [1.5, 0.0, 1.5, 3.0]);
        assert!(ranks(&[f64::NAN, 2.0])[0].is_nan());
        assert!((correlation(&a, &[2.0, 4.0, 6.0, 8.0]) - 1.0).abs() < 1e-12);
        assert_eq!(correlation(&a, &[1.0; 4]), 0.0);
        assert!((correlation_ratio(&[0.0, 0.0, 1.0, 1.0], &[1.0, 1.0, 3.0, 3.0]) - 1.0).abs() < 1e-12);
        // χ² of [[3, 1], [1, 3]] is 2, so V = √(2/8).
        let (x, y) = ([0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0]);
        assert!((cramers_v(&x, &y) - 0.5).abs() < 1e-12);
    }
}
