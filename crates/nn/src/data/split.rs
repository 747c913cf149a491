//! Splits of a data set: parts for training, validation and test, and folds for cross-validation.
//!
//! A split is made of the numbers of examples. Its parts are disjoint, complete and in ascending order,
//! and they depend on the seed alone. A stratified split gives each part its share of every class.
//!
//! ```
//! use nn::data::split::{Fractions, Split};
//!
//! let labels = [vec![0; 80], vec![1; 20]].concat();
//! let split = Split::stratified(&labels, Fractions { validation: 0.1, test: 0.2 }, 7)?;
//! let [train, validation, test] = [split.train, split.validation, split.test];
//! assert_eq!([train.len(), validation.len(), test.len()], [70, 10, 20]);
//! assert_eq!(test.iter().filter(|&&example| labels[example] == 1).count(), 4);
//! # Ok::<(), nn::Error>(())
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::random::{Purpose, generator, permutation};
use crate::{Error, Result};

/// The numbers of the examples in each part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// For fitting parameters.
    pub train: Vec<usize>,
    /// For choosing settings and when to stop.
    pub validation: Vec<usize>,
    /// For the one number at the end.
    pub test: Vec<usize>,
}

/// Which fraction of the examples goes where; the rest is for training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fractions {
    /// The fraction for validation, from 0 to below 1.
    pub validation: f64,
    /// The fraction for the test, from 0 to below 1.
    pub test: f64,
}

impl Fractions {
    /// Whether these are fractions that leave something for training.
    ///
    /// # Errors
    /// If one is negative or no number, or their sum reaches 1.
    pub fn check(&self) -> Result<()> {
        let [validation, test] = [self.validation, self.test];
        if validation >= 0.0 && test >= 0.0 && validation + test < 1.0 {
            return Ok(());
        }
        Err(Error::setting(
            "test",
            format!(
                "the fractions for validation ({validation}) and test ({test}) must not be negative, \
             and their sum must be below 1"
            ),
        ))
    }
}

impl Split {
    /// At random, whatever the classes.
    ///
    /// # Errors
    /// If the fractions are none, or there are so few examples that a part that should not be empty is.
    pub fn random(examples: usize, fractions: Fractions, seed: u64) -> Result<Self> {
        Split::of_classes(vec![(0..examples).collect()], fractions, seed)
    }

    /// At random, with the same fractions of every class. Where these are no whole numbers, the part
    /// with the largest remainder gets the example that is left.
    ///
    /// # Errors
    /// If the fractions are none, or there are so few examples that a part that should not be empty is.
    pub fn stratified(labels: &[u32], fractions: Fractions, seed: u64) -> Result<Self> {
        Split::of_classes(classes(labels), fractions, seed)
    }

    fn of_classes(classes: Vec<Vec<usize>>, fractions: Fractions, seed: u64) -> Result<Self> {
        fractions.check()?;
        let Fractions { validation, test } = fractions;
        let wanted = [1.0 - validation - test, validation, test];
        let (count, most) = (classes.len(), classes.iter().map(Vec::len).max().unwrap_or(0));
        let mut split = Split::default();
        for (class, members) in (0..).zip(classes) {
            let [train, validation, _] = apportion(members.len(), wanted);
            let members = shuffle(members, seed, class);
            split.train.extend(&members[..train]);
            split.validation.extend(&members[train..train + validation]);
            split.test.extend(&members[train + validation..]);
        }
        let [train, validation, test] = split.parts();
        let examples = train.len() + validation.len() + test.len();
        for (part, name, fraction) in [
            (train, "training", wanted[0]),
            (validation, "validation", wanted[1]),
            (test, "the test", wanted[2]),
        ] {
            if fraction > 0.0 && part.is_empty() {
                return Err(Error::data(match count {
                    ..2 => {
                        format!("{examples} examples are too few to have {fraction:.3} of them for {name}")
                    }
                    // The part has its fraction of every class, so all examples together say nothing.
                    _ => format!(
                        "each of the {count} classes has at most {most} of the {examples} examples, too \
                         few to have {fraction:.3} of every class for {name}"
                    ),
                }));
            }
            part.sort_unstable();
        }
        Ok(split)
    }

    /// `count` splits, each of which validates with another part of the examples and trains with all
    /// others. The sizes of the parts differ by at most 1; nothing is for the test.
    ///
    /// # Errors
    /// If there are fewer than 2 parts or fewer examples than parts.
    pub fn folds(examples: usize, count: usize, seed: u64) -> Result<Vec<Self>> {
        Split::folds_of_classes(vec![(0..examples).collect()], count, seed)
    }

    /// Like [`folds`](Self::folds), and the parts also differ by at most 1 in the number of examples of
    /// each class.
    ///
    /// # Errors
    /// If there are fewer than 2 parts or fewer examples than parts.
    pub fn stratified_folds(labels: &[u32], count: usize, seed: u64) -> Result<Vec<Self>> {
        Split::folds_of_classes(classes(labels), count, seed)
    }

    fn folds_of_classes(classes: Vec<Vec<usize>>, count: usize, seed: u64) -> Result<Vec<Self>> {
        let examples: usize = classes.iter().map(Vec::len).sum();
        if count < 2 || count > examples {
            return Err(Error::setting(
                "folds",
                format!(
                    "{examples} examples cannot be cut into {count} folds; take at least 2 and at most {examples}"
                ),
            ));
        }
        let mut fold_of = vec![0; examples];
        // The examples are dealt like cards. Going on with the next class where the last one ended keeps
        // the whole balanced as well as each class.
        let mut dealt = 0;
        for (class, members) in (0..).zip(classes) {
            for example in shuffle(members, seed, class) {
                fold_of[example] = dealt % count;
                dealt += 1;
            }
        }
        Ok((0..count)
            .map(|fold| {
                let (validation, train) = (0..examples).partition(|&example| fold_of[example] == fold);
                Split { train, validation, test: vec![] }
            })
            .collect())
    }

    fn parts(&mut self) -> [&mut Vec<usize>; 3] {
        [&mut self.train, &mut self.validation, &mut self.test]
    }
}

/// The examples of each class.
fn classes(labels: &[u32]) -> Vec<Vec<usize>> {
    let mut members: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    labels.iter().enumerate().for_each(|(example, &label)| members.entry(label).or_default().push(example));
    members.into_values().collect()
}

fn shuffle(members: Vec<usize>, seed: u64, class: u64) -> Vec<usize> {
    let order = permutation(members.len(), &mut generator(seed, Purpose::Split, 0, class));
    order.into_iter().map(|place| members[place]).collect()
}

/// Whole numbers with this sum and nearly these fractions: rounded down, then one more for the largest
/// remainders (Hamilton's method).
fn apportion(sum: usize, fractions: [f64; 3]) -> [usize; 3] {
    // A fraction of 0.3 of 10 examples is 3, even if it is a little less in binary.
    let shares = fractions.map(|fraction| fraction * sum as f64 + 1e-9);
    let mut counts = shares.map(|share| share.floor() as usize);
    let mut order = [0, 1, 2];
    let remainder = |part: usize| shares[part] - shares[part].floor();
    // Stable: the earlier part wins a tie.
    order.sort_by(|&a, &b| remainder(b).total_cmp(&remainder(a)));
    let left = sum.saturating_sub(counts.iter().sum());
    order.iter().take(left).for_each(|&part| counts[part] += 1);
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_partition(split: &Split, examples: usize) -> bool {
        let Split { train, validation, test } = split;
        let ascending = [train, validation, test].iter().all(|part| part.is_sorted());
        let mut all = [&train[..], validation, test].concat();
        all.sort_unstable();
        ascending && all.into_iter().eq(0..examples)
    }

    fn count(part: &[usize], labels: &[u32], class: u32) -> usize {
        part.iter().filter(|&&example| labels[example] == class).count()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        #[test]
        fn parts_are_disjoint_complete_and_of_the_right_size(
            labels in prop::collection::vec(0..4_u32, 1..200),
            validation in 0.0..0.6,
            test in 0.0..0.4,
            seed: u64,
        ) {
            let fractions = Fractions { validation, test };
            if let Ok(split) = Split::random(labels.len(), fractions, seed) {
                prop_assert!(is_partition(&split, labels.len()));
                prop_assert!((split.test.len() as f64 - test * labels.len() as f64).abs() < 1.0);
                prop_assert_eq!(&split, &Split::random(labels.len(), fractions, seed).unwrap());
            }
            if let Ok(split) = Split::stratified(&labels, fractions, seed) {
                prop_assert!(is_partition(&split, labels.len()));
                for class in 0..4 {
                    let members = labels.iter().filter(|&&label| label == class).count() as f64;
                    for (part, fraction) in [(&split.validation, validation), (&split.test, test)] {
                        let found = count(part, &labels, class) as f64;
                        prop_assert!((found - fraction * members).abs() < 1.0);
                    }
                }
                prop_assert_eq!(&split, &Split::stratified(&labels, fractions, seed).unwrap());
            }
        }

        #[test]
        fn folds_are_balanced_and_validate_with_every_example_once(
            labels in prop::collection::vec(0..4_u32, 7..200),
            folds in 2..8_usize,
            seed: u64,
        ) {
            for splits in [
                Split::folds(labels.len(), folds, seed).unwrap(),
                Split::stratified_folds(&labels, folds, seed).unwrap(),
            ] {
                prop_assert!(splits.len() == folds && splits.iter().all(|split| is_partition(split, labels.len())));
                let mut all: Vec<usize> = splits.iter().flat_map(|split| split.validation.clone()).collect();
                all.sort_unstable();
                prop_assert!(all.into_iter().eq(0..labels.len()));
                let sizes = splits.iter().map(|split| split.validation.len());
                prop_assert!(sizes.clone().max().unwrap() - sizes.min().unwrap() <= 1);
            }
            let splits = Split::stratified_folds(&labels, folds, seed).unwrap();
            for class in 0..4 {
                let counts = splits.iter().map(|split| count(&split.validation, &labels, class));
                prop_assert!(counts.clone().max().unwrap() - counts.min().unwrap() <= 1);
            }
            prop_assert_eq!(splits, Split::stratified_folds(&labels, folds, seed).unwrap());
        }
    }

    #[test]
    fn seeds_differ_and_remainders_are_shared_out() {
        let fractions = Fractions { validation: 0.2, test: 0.1 };
        assert_ne!(Split::random(50, fractions, 1).unwrap(), Split::random(50, fractions, 2).unwrap());
        assert_ne!(Split::folds(50, 5, 1).unwrap(), Split::folds(50, 5, 2).unwrap());
        assert_eq!(apportion(10, [0.7, 0.2, 0.1]), [7, 2, 1]);
        assert_eq!(apportion(11, [0.7, 0.2, 0.1]), [8, 2, 1]);
        assert_eq!(apportion(4, [0.5, 0.25, 0.25]), [2, 1, 1]);
        assert_eq!(apportion(1, [0.4, 0.3, 0.3]), [1, 0, 0]);
    }

    #[test]
    fn what_cannot_be_split() {
        let problem =
            |validation, test| Split::random(5, Fractions { validation, test }, 0).unwrap_err().to_string();
        let fractions = "the fractions for validation (0.5) and test (0.5) must not be negative, \
                         and their sum must be below 1";
        assert_eq!(problem(0.5, 0.5), fractions);
        assert!(
            problem(-0.1, 0.0).starts_with("the fractions")
                && problem(f64::NAN, 0.0).starts_with("the fractions")
        );
        assert_eq!(problem(0.05, 0.0), "5 examples are too few to have 0.050 of them for validation");
        let fractions = Fractions { validation: 0.0, test: 0.2 };
        assert_eq!(
            Split::stratified(&Vec::from_iter(0..60), fractions, 0).unwrap_err().to_string(),
            "each of the 60 classes has at most 1 of the 60 examples, too few to have 0.200 of every class \
             for the test"
        );
        for count in [0, 1, 6] {
            let text = Split::folds(5, count, 0).unwrap_err().to_string();
            assert!(text.starts_with(&format!("5 examples cannot be cut into {count} folds")), "{text}");
        }
    }
}
