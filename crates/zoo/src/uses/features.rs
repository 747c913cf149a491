//! Feature learning: are classes easier to tell apart in the codes than in the pixels?
//!
//! Two judges that add little of their own: a linear [`Probe`], and the [`Neighbours`] of a code.
//! [`with_few_labels`] asks them when only a few examples of every class have a label, which is what
//! codes learnt without labels should be good for.
//!
//! ```
//! use zoo::uses::features::{Probe, accuracy};
//! use zoo::{data, evaluate, models::pca::Pca};
//!
//! let digits = data::digits();
//! let pca = Pca::fit(digits.train.x(), 8);
//! let [train, test] = [&digits.train, &digits.test].map(|part| evaluate::codes(&pca, part));
//! let probe = Probe::fit(&train, digits.train.labels().unwrap(), 1e-3)?;
//! let right = accuracy(&probe.predict(&test), digits.test.labels().unwrap());
//! assert!(right > 0.87, "{right}");
//! # Ok::<(), nn::Error>(())
//! ```

mod neighbours;
mod probe;

use std::collections::BTreeSet;

use autograd::Tensor;
use nn::random::permutation;
use nn::{Error, Purpose, Result, generator};

pub use neighbours::Neighbours;
pub use probe::Probe;

/// The fraction of predictions that are right.
///
/// # Panics
/// If there are none, or not as many as labels.
#[track_caller]
pub fn accuracy(predicted: &[u32], labels: &[u32]) -> f64 {
    assert!(!labels.is_empty() && predicted.len() == labels.len(), "one prediction for every label");
    predicted.iter().zip(labels).filter(|(a, b)| a == b).count() as f64 / labels.len() as f64
}

/// Codes with their labels.
#[derive(Clone, Copy)]
pub struct Labelled<'a> {
    /// `[examples, code]`, or the examples themselves for comparison.
    pub codes: &'a Tensor<f32>,
    /// One for every example.
    pub labels: &'a [u32],
}

/// What both judges reach with a number of labels; means over the draws.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FewLabels {
    /// Labelled examples of every class.
    pub per_class: usize,
    /// Accuracy of the [`Probe`].
    pub probe: f64,
    /// Its standard deviation over the draws; 0 for a single one.
    pub probe_deviation: f64,
    /// Accuracy of the nearest neighbour.
    pub nearest: f64,
    /// Its standard deviation.
    pub nearest_deviation: f64,
}

/// Accuracy on `test` when only `per_class` examples of every class of `train` have a label: the mean of
/// `draws` random choices of them. The choices depend on the seed and the labels alone, so codes of
/// different models are judged with the same examples.
///
/// # Errors
/// If a class has too few examples, there are no draws, or as [`Probe::fit`].
///
/// # Panics
/// If there are not as many labels as codes.
#[track_caller]
pub fn with_few_labels(
    train: Labelled,
    test: Labelled,
    per_class: usize,
    draws: usize,
    seed: u64,
) -> Result<FewLabels> {
    if draws == 0 {
        return Err(Error::setting("draws", "0 draws have no mean; use at least 1"));
    }
    let mut accuracies = vec![];
    for draw in 0..draws {
        let chosen = choose(train.labels, per_class, seed, draw as u64)?;
        let codes = train.codes.index_select(0, &chosen);
        let labels: Vec<u32> = chosen.iter().map(|&i| train.labels[i]).collect();
        let probe = Probe::fit(&codes, &labels, 1e-2)?.predict(test.codes);
        let nearest = Neighbours::new(&codes, &labels, 1)?.predict(test.codes);
        accuracies.push([accuracy(&probe, test.labels), accuracy(&nearest, test.labels)]);
    }
    let mean = |i: usize| accuracies.iter().map(|a| a[i]).sum::<f64>() / draws as f64;
    let deviation = |i: usize| {
        let squares: f64 = accuracies.iter().map(|a| (a[i] - mean(i)).powi(2)).sum();
        if draws == 1 { 0.0 } else { (squares / (draws - 1) as f64).sqrt() }
    };
    Ok(FewLabels {
        per_class,
        probe: mean(0),
        probe_deviation: deviation(0),
        nearest: mean(1),
        nearest_deviation: deviation(1),
    })
}

/// As many examples of every class, in ascending order.
fn choose(labels: &[u32], per_class: usize, seed: u64, draw: u64) -> Result<Vec<usize>> {
    let mut chosen = vec![];
    for class in labels.iter().collect::<BTreeSet<_>>() {
        let members: Vec<usize> = (0..labels.len()).filter(|&i| labels[i] == *class).collect();
        if per_class == 0 || members.len() < per_class {
            return Err(Error::setting(
                "per_class",
                format!("{per_class} examples of class {class} cannot be chosen from {}", members.len()),
            ));
        }
        let order = permutation(members.len(), &mut generator(seed, Purpose::Split, draw, u64::from(*class)));
        chosen.extend(order[..per_class].iter().map(|&i| members[i]));
    }
    chosen.sort_unstable();
    Ok(chosen)
}

/// Number and width of the codes.
#[track_caller]
fn check(codes: &Tensor<f32>, labels: &[u32]) -> Result<[usize; 2]> {
    let &[n, width] = codes.shape() else { panic!("codes are [examples, code], not {:?}", codes.shape()) };
    assert_eq!(n, labels.len(), "one label for every code");
    match codes.to_vec().iter().position(|z| !z.is_finite()) {
        Some(i) => Err(Error::data(format!(
            "the code of example {} is not finite; train the model again",
            i / width
        ))),
        None => Ok([n, width]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;

    #[test]
    fn known_accuracies_on_raw_pixels() {
        // 1-NN and 5-NN on the pixels, counted by an independent program in double precision.
        let data = digits();
        let (train, test) = (data.train.labels().unwrap(), data.test.labels().unwrap());
        for (k, wrong) in [(1, 3.0), (5, 5.0)] {
            let nearest = Neighbours::new(data.train.x(), train, k).unwrap();
            let right = accuracy(&nearest.predict(data.test.x()), test);
            assert_eq!(((1.0 - right) * 359.0).round(), wrong, "k = {k}");
        }
        // A logistic regression minimized by another library errs 13 times, too.
        let probe = Probe::fit(data.train.x(), train, 1e-3).unwrap();
        let right = accuracy(&probe.predict(data.test.x()), test);
        assert_eq!(((1.0 - right) * 359.0).round(), 13.0);
    }

    #[test]
    fn votes_and_ties() {
        let codes = Tensor::from_vec([5, 1], vec![0.0, 1.0, 2.0, 2.5, 9.0]);
        let labels = [4, 8, 8, 4, 5];
        let at = |k: usize, z: f32| {
            Neighbours::new(&codes, &labels, k).unwrap().predict(&Tensor::from_vec([1, 1], vec![z]))[0]
        };
        assert_eq!([at(1, 0.2), at(3, 0.2), at(5, 100.0)], [4, 8, 4]);
        assert_eq!(at(4, 1.9), 8, "two votes each: the class of the nearest");
    }

    #[test]
    fn draws_are_balanced_and_the_same_for_every_model() {
        let data = digits();
        let labels = data.train.labels().unwrap();
        let chosen = choose(labels, 3, 1, 0).unwrap();
        assert!((0..10).all(|c| chosen.iter().filter(|&&i| labels[i] == c).count() == 3));
        assert_eq!(chosen, choose(labels, 3, 1, 0).unwrap());
        assert_ne!(chosen, choose(labels, 3, 1, 1).unwrap());
        let text = choose(labels, 200, 1, 0).unwrap_err().to_string();
        assert_eq!(text, "200 examples of class 0 cannot be chosen from 151");
    }

    #[test]
    fn bad_codes_and_settings_are_refused() {
        let codes = Tensor::from_vec([2, 2], vec![0.0, 1.0, f32::NAN, 1.0]);
        let text = Probe::fit(&codes, &[0, 1], 0.1).unwrap_err().to_string();
        assert_eq!(text, "the code of example 1 is not finite; train the model again");
        let codes = Tensor::ones([2, 2]);
        assert!(Probe::fit(&codes, &[0, 0], 0.1).is_err() && Probe::fit(&codes, &[0, 1], -1.0).is_err());
        assert!(Neighbours::new(&codes, &[0, 1], 3).is_err() && Neighbours::new(&codes, &[0, 1], 0).is_err());
    }
}
