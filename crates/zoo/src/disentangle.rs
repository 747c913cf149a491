//! How well single numbers of a code stand for single factors of the data, where the factors are known.

use autograd::Tensor;

/// The mutual information gap (Chen et al. 2018, eq. 6), from 0 to 1:
///
/// > `MIG = 1/F Σ_f 1/H(v_f) ( I(z_{j*}; v_f) − max_{j ≠ j*} I(z_j; v_f) )`
///
/// where `j*` is the number of the code that knows most about factor `f`. It is 1 if every factor is known to
/// exactly one number of the code, and 0 if always two know equally much.
///
/// `codes` is `[examples, code]`; `factors` has the value of every factor for each example. The mutual
/// informations are those of histograms: each number of the code is put into `bins` of equal width from its
/// least to its largest value (20 is usual). A histogram finds some information in independent numbers too,
/// about `bins · values / 2 examples` nats, so there should be many more examples than cells.
///
/// # Panics
/// If a factor does not have one value for each example, takes only one value, or there are no bins.
#[track_caller]
pub fn mutual_information_gap(codes: &Tensor<f32>, factors: &[Vec<u32>], bins: usize) -> f64 {
    let (examples, code) = (codes.shape()[0], codes.shape()[1]);
    assert!(
        bins > 0 && !factors.is_empty(),
        "mutual_information_gap: at least 1 bin and 1 factor are needed"
    );
    let binned: Vec<Vec<u32>> = (0..code).map(|j| binned(&column(codes, j), bins)).collect();
    let gaps = factors.iter().enumerate().map(|(f, values)| {
        let given = values.len();
        assert!(
            given == examples,
            "mutual_information_gap: factor {f} has {given} values for {examples} codes"
        );
        let entropy = entropy(values.iter());
        assert!(entropy > 0.0, "mutual_information_gap: factor {f} never changes");
        let mut known: Vec<f64> = binned.iter().map(|z| mutual_information(z, values)).collect();
        known.sort_by(|a, b| b.total_cmp(a));
        (known.first().unwrap_or(&0.0) - known.get(1).unwrap_or(&0.0)) / entropy
    });
    gaps.sum::<f64>() / factors.len() as f64
}

/// `I(a; b) = H(a) + H(b) − H(a, b)` of two lists of classes, in nats.
fn mutual_information(a: &[u32], b: &[u32]) -> f64 {
    entropy(a.iter()) + entropy(b.iter()) - entropy(a.iter().zip(b))
}

/// `−Σ p ln p` of the shares of the values, in nats.
fn entropy<V: Ord>(values: impl Iterator<Item = V>) -> f64 {
    let mut counts = std::collections::BTreeMap::new();
    let mut total = 0.0;
    for value in values {
        *counts.entry(value).or_insert(0.0) += 1.0;
        total += 1.0;
    }
    counts.values().map(|n: &f64| -(n / total) * (n / total).ln()).sum()
}

fn column(codes: &Tensor<f32>, j: usize) -> Vec<f32> {
    codes.slice(1, j..j + 1).to_vec()
}

/// The bin of each number; all in one if they are equal.
fn binned(numbers: &[f32], bins: usize) -> Vec<u32> {
    let low = numbers.iter().copied().fold(f32::INFINITY, f32::min);
    let high = numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let width = (high - low).max(f32::MIN_POSITIVE) / bins as f32;
    numbers.iter().map(|x| (((x - low) / width) as u32).min(bins as u32 - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nn::{Purpose, generator, random::uniform};

    /// Two independent factors of five values, 5000 examples.
    fn factors() -> [Vec<u32>; 2] {
        let draws = uniform::<f32>([2, 5000], 0.0, 5.0, &mut generator(0, Purpose::Sample, 0, 0)).to_vec();
        [0, 5000].map(|start| draws[start..start + 5000].iter().map(|&v| v as u32).collect())
    }

    fn gap(code: impl Fn(f32, f32) -> [f32; 2]) -> f64 {
        let [a, b] = factors();
        let z: Vec<f32> = a.iter().zip(&b).flat_map(|(&a, &b)| code(a as f32, b as f32)).collect();
        mutual_information_gap(&Tensor::from_vec([5000, 2], z), &[a, b], 20)
    }

    #[test]
    fn one_number_for_each_factor_is_1_whatever_their_order_and_scale() {
        assert!(gap(|a, b| [a, b]) > 0.99);
        assert!(gap(|a, b| [-7.0 * b + 3.0, a * a]) > 0.99);
    }

    #[test]
    fn numbers_that_mix_the_factors_have_no_gap() {
        // Both know equally much about both: a + b and a − b.
        assert!(gap(|a, b| [a + b, a - b]) < 0.02);
        // Two copies of one factor, none of the other.
        assert!(gap(|a, _| [a, a]) < 1e-12);
        // a is known to one number alone, b to none.
        let half = gap(|a, _| [a, 0.0]);
        assert!((half - 0.5).abs() < 0.01, "{half}");
    }

    #[test]
    fn information_is_that_of_the_definition() {
        // A fair bit seen through a channel that is wrong one time in four: ln 2 − H(¼).
        let a: Vec<u32> = (0..400).map(|i| i / 200).collect();
        let b: Vec<u32> = (0..400).map(|i| if i % 4 == 0 { 1 - i / 200 } else { i / 200 }).collect();
        let expected = 2.0_f64.ln() + 0.25 * 0.25_f64.ln() + 0.75 * 0.75_f64.ln();
        assert!((mutual_information(&a, &b) - expected).abs() < 1e-12);
    }
}
