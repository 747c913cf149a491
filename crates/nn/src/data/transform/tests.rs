//! Fitted transforms against their definitions, random ones against their distributions.

use autograd::Tree;

use super::*;
use crate::checkpoint;
use crate::random::{Purpose, generator, normal};

/// Correlated features of different sizes; the last one is constant.
fn features(examples: usize) -> Tensor<f32> {
    let noise = normal::<f32>([examples, 3], &mut generator(5, Purpose::Sample, 0, 0)).to_vec();
    let rows =
        noise.chunks_exact(3).flat_map(|e| [3.0 * e[0] + 7.0, e[0] - 0.5 * e[1], 100.0 + e[1] + e[2], 0.1]);
    Tensor::from_vec([examples, 4], rows.collect())
}

/// Mean and covariance in double precision, by their definition.
fn moments(x: &Tensor<f32>) -> (Vec<f64>, Vec<f64>) {
    let [n, d] = [x.shape()[0], x.shape()[1]];
    let rows: Vec<Vec<f64>> =
        x.to_vec().chunks(d).map(|row| row.iter().map(|&v| v.into()).collect()).collect();
    let mean: Vec<f64> = (0..d).map(|j| rows.iter().map(|row| row[j]).sum::<f64>() / n as f64).collect();
    let product =
        |i: usize, j: usize| rows.iter().map(|row| (row[i] - mean[i]) * (row[j] - mean[j])).sum::<f64>();
    let covariance = (0..d * d).map(|ij| product(ij / d, ij % d) / n as f64).collect();
    (mean, covariance)
}

fn assert_near(found: &[f32], wanted: &[f32], tolerance: f32) {
    let near =
        found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| (a - b).abs() <= tolerance);
    assert!(near, "{found:?} is not {wanted:?}");
}

#[test]
fn standardized_columns_have_mean_0_and_variance_1() {
    let x = features(500);
    let scaling = Scaling::standardize(&x).unwrap();
    let y = scaling.apply(&x);
    let (mean, covariance) = moments(&y);
    for column in 0..3 {
        assert!(
            mean[column].abs() < 1e-5 && (covariance[5 * column] - 1.0).abs() < 1e-5,
            "{mean:?} {covariance:?}"
        );
    }
    assert_eq!((scaling.scale[[3]], y.to_vec()[3]), (1.0, 0.0));
    assert_near(&scaling.invert(&y).to_vec(), &x.to_vec(), 1e-4);
    // A large mean does not swallow a small spread: these are ±1 around 10⁶.
    let far = Tensor::from_vec([4, 1], vec![1_000_001.0, 999_999.0, 1_000_001.0, 999_999.0]);
    assert_eq!(Scaling::standardize(&far).unwrap().apply(&far).to_vec(), [1.0, -1.0, 1.0, -1.0]);
}

#[test]
fn nothing_is_rounded_before_the_shift() {
    // The mean lies between two neighbours of single precision.
    let near = Tensor::<f32>::from_vec([4, 1], vec![1e6, 1e6 + 0.0625, 1e6, 1e6 + 0.0625]);
    let scaling = Scaling::standardize(&near).unwrap();
    assert_eq!(scaling.apply(&near).to_vec(), [-1.0, 1.0, -1.0, 1.0]);
    assert_eq!(scaling.invert::<f32>(&scaling.apply(&near)).to_vec(), near.to_vec());
    let stamps = Tensor::<f64>::from_fn([40, 1], |i| 1_700_000_000.0 + i as f64);
    for scaling in [Scaling::standardize(&stamps), Scaling::min_max(&stamps)].map(Result::unwrap) {
        let y = scaling.apply(&stamps);
        let spacing: Vec<f32> = y.to_vec().windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(spacing.iter().all(|step| (step / spacing[0] - 1.0).abs() < 1e-4), "{spacing:?}");
        let back: Tensor<f64> = scaling.invert(&y);
        assert!(back.zip(&stamps, |a, b| (a - b).abs()).to_vec().iter().all(|error| *error < 1e-5));
    }
}

#[test]
fn the_ends_of_the_range_are_scaled() {
    for size in [8e307, 3e38, 1e-160, 1e-300] {
        let x = Tensor::<f64>::from_vec([4, 1], [-1.0, 1.0, -1.0, 1.0].map(|sign: f64| sign * size).to_vec());
        let standard = Scaling::standardize(&x).unwrap();
        assert_near(&standard.apply(&x).to_vec(), &[-1.0, 1.0, -1.0, 1.0], 1e-6);
        let back = standard.invert::<f64>(&standard.apply(&x)).to_vec();
        assert!(back.iter().zip(x.to_vec()).all(|(a, b)| (a / b - 1.0).abs() < 1e-6), "{back:?}");
        assert_near(&Scaling::min_max(&x).unwrap().apply(&x).to_vec()[1..3], &[1.0, 0.0], 1e-6);
    }
}

#[test]
fn min_max_reaches_0_and_1() {
    let x = features(50);
    let scaling = Scaling::min_max(&x).unwrap();
    let y = scaling.apply(&x);
    let columns = y.t().to_vec();
    for column in columns.chunks_exact(50).take(3) {
        assert_eq!(column.iter().copied().reduce(f32::min), Some(0.0));
        assert_eq!(column.iter().copied().reduce(f32::max), Some(1.0));
    }
    assert_eq!(columns[150..], [0.0; 50]);
    assert_near(&scaling.invert(&y).to_vec(), &x.to_vec(), 1e-4);
    // The distance between the ends is beyond single precision; the result is finite all the same.
    let ends = Tensor::from_vec([2, 1], vec![-f32::MAX, f32::MAX]);
    assert!(Scaling::min_max(&ends).unwrap().scale.item().is_finite());
}

#[test]
fn white_features_are_uncorrelated() {
    // More rows than one block of the covariance.
    let x = features(3000);
    for whitening in [Whitening::Pca, Whitening::Zca] {
        let whiten = Whiten::fit(&x, whitening, 0.0).unwrap();
        let y = whiten.apply(&x);
        let (mean, covariance) = moments(&y);
        assert!(mean.iter().all(|mean| mean.abs() < 1e-4), "{mean:?}");
        for (i, value) in covariance.iter().enumerate() {
            // The constant feature is the last component, and the last feature.
            let wanted = if i % 5 == 0 && i < 15 { 1.0 } else { 0.0 };
            assert!((value - wanted).abs() < 1e-3, "{whitening:?} {covariance:?}");
        }
        assert_near(&whiten.invert(&y).to_vec(), &x.to_vec(), 1e-3);
    }
    // ZCA is the symmetric choice.
    let zca = Whiten::fit(&x, Whitening::Zca, 0.0).unwrap();
    assert_near(&zca.forward.to_vec(), &zca.forward.t().to_vec(), 1e-5);
    // Known eigenvalues, 4 and 1: epsilon adds to the variance.
    let cross = Tensor::from_vec([4, 2], vec![2.0, 0.0, -2.0, 0.0, 0.0, 1.0, 0.0, -1.0]);
    let pca = Whiten::fit(&cross, Whitening::Pca, 0.5).unwrap();
    assert_near(&pca.forward.to_vec(), &[1.0 / 2.5_f32.sqrt(), 0.0, 0.0, 1.0], 1e-6);
    // Fewer examples than features: most directions have no variance.
    let few = features(2);
    let pca = Whiten::fit(&few, Whitening::Pca, 0.0).unwrap();
    assert!(pca.apply(&features(9)).to_vec().iter().all(|value| value.abs() < 1e3));
    assert_near(&pca.invert(&pca.apply(&few)).to_vec(), &few.to_vec(), 1e-3);
}

#[test]
fn checkpoints_store_fitted_transforms() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("transform.safetensors");
    let x = features(20);
    fn leaves<T: Real>(tree: &impl Tree<Tensor<T>>) -> Vec<(String, Vec<T>)> {
        let mut found = vec![];
        tree.visit(&mut |name, leaf| found.push((name.to_string(), leaf.to_vec())));
        found
    }
    let whiten = Whiten::fit(&x, Whitening::Zca, 1e-3).unwrap();
    checkpoint::save(&path, &whiten, Default::default()).unwrap();
    let mut loaded = Whiten::identity(4);
    assert_near(&loaded.invert(&loaded.apply(&x)).to_vec(), &x.to_vec(), 0.0);
    checkpoint::load(&path, &mut loaded).unwrap();
    assert_eq!(leaves(&loaded), leaves(&whiten));
    let scaling = Scaling::standardize(&x).unwrap();
    checkpoint::save(&path, &scaling, Default::default()).unwrap();
    let mut loaded = Scaling::identity(4);
    checkpoint::load(&path, &mut loaded).unwrap();
    assert_eq!(leaves(&loaded), leaves(&scaling));
}

#[test]
fn what_cannot_be_fitted() {
    let none = Tensor::<f32>::zeros([0, 3]);
    assert!(Scaling::min_max(&none).unwrap_err().to_string().starts_with("there are no examples"));
    let nan = Tensor::from_vec([2, 2], vec![0.0, 1.0, 2.0, f32::NAN]);
    let text = Whiten::fit(&nan, Whitening::Pca, 0.0).unwrap_err().to_string();
    assert!(text.starts_with("feature 1 of example 1 is not finite"), "{text}");
    for epsilon in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(Whiten::fit(&features(3), Whitening::Pca, epsilon).is_err());
    }
}

#[test]
#[should_panic(expected = "the transform is for rows of shape [.., 4], not [2, 3]")]
fn a_wrong_width_is_a_bug() {
    Scaling::identity(4).apply(&Tensor::<f32>::zeros([2, 3]));
}

const CORRUPTIONS: [Corruption; 5] = [
    Corruption::Masking(0.3),
    Corruption::Gaussian(0.5),
    Corruption::SaltAndPepper(0.4),
    Corruption::Speckle(0.2),
    Corruption::GaussianBetween([0.1, 0.4]),
];

#[test]
fn noise_depends_on_the_example_and_not_on_the_batch() {
    let row = |example: usize| Tensor::from_fn([1, 40], move |i| ((example + i) % 11) as f32 / 10.0);
    let batch = |examples: &[usize]| {
        Tensor::from_vec([examples.len(), 40], examples.iter().flat_map(|&e| row(e).to_vec()).collect())
    };
    for which in 0..=CORRUPTIONS.len() {
        let apply = |seed, epoch, e: &[usize]| match CORRUPTIONS.get(which) {
            Some(corruption) => corruption.apply(&batch(e), seed, epoch, e).to_vec(),
            None => Binarize::Dynamic.apply(&batch(e), seed, epoch, e).to_vec(),
        };
        let alone: Vec<Vec<f32>> = (0..4).map(|example| apply(1, 2, &[example])).collect();
        assert_eq!(apply(1, 2, &[3, 0, 2]), [&alone[3][..], &alone[0], &alone[2]].concat());
        assert_ne!(apply(1, 3, &[0]), alone[0]);
        assert_ne!(apply(2, 2, &[0]), alone[0]);
    }
    // Static bits depend on their own seed and the example alone.
    let fixed = |own, seed, epoch, e: &[usize]| {
        Binarize::Static { seed: own }.apply(&batch(e), seed, epoch, e).to_vec()
    };
    assert_eq!(fixed(1, 0, 0, &[5]), fixed(1, 9, 7, &[5]));
    assert_ne!(fixed(1, 0, 0, &[5]), fixed(2, 0, 0, &[5]));
    assert_eq!(fixed(1, 0, 0, &[5, 6])[40..], fixed(1, 0, 1, &[6])[..]);
}

#[test]
fn noise_has_the_distribution_it_should() {
    let n = 100_000;
    let x = Tensor::<f32>::full([1, n], 0.6);
    let share = |values: &[f32], value: f32| values.iter().filter(|&&v| v == value).count() as f64 / n as f64;
    let spread = |values: &[f32]| {
        let mean = values.iter().map(|&v| f64::from(v)).sum::<f64>() / n as f64;
        (mean, (values.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n as f64).sqrt())
    };
    // A share has a standard error of at most 0.0016, a mean of 0.0016, a deviation of 0.0011.
    let near = |found: f64, wanted: f64| assert!((found - wanted).abs() < 0.007, "{found} is not {wanted}");
    let [masked, gaussian, salted, speckled, _] = CORRUPTIONS.map(|c| c.apply(&x, 3, 0, &[0]).to_vec());
    near(share(&masked, 0.0), 0.3);
    near(share(&masked, 0.6), 0.7);
    near(share(&salted, 0.0), 0.2);
    near(share(&salted, 1.0), 0.2);
    near(spread(&gaussian).0, 0.6);
    near(spread(&gaussian).1, 0.5);
    // Every row has a deviation of its own, and they are spread evenly.
    let rows = Tensor::<f32>::full([200, 1000], 0.6);
    let between = CORRUPTIONS[4].apply(&rows, 3, 0, &(0..200).collect::<Vec<_>>()).to_vec();
    let deviation = |row: &[f32]| {
        (row.iter().map(|&v| f64::from(v - 0.6).powi(2)).sum::<f64>() / row.len() as f64).sqrt()
    };
    let deviations: Vec<f64> = between.chunks(1000).map(deviation).collect();
    assert!(deviations.iter().all(|sigma| (0.09..0.45).contains(sigma)), "{deviations:?}");
    assert!((deviations.iter().sum::<f64>() / 200.0 - 0.25).abs() < 0.025);
    assert!((70..130).contains(&deviations.iter().filter(|sigma| **sigma < 0.25).count()));
    near(spread(&speckled).0, 0.6);
    near(spread(&speckled).1, 0.12);
    let bits = Binarize::Dynamic.apply(&x, 3, 0, &[0]).to_vec();
    near(share(&bits, 1.0), 0.6);
    near(share(&bits, 0.0), 0.4);
    // Certainties are certain.
    assert_eq!(share(&Corruption::Masking(1.0).apply(&x, 0, 0, &[0]).to_vec(), 0.0), 1.0);
    assert_eq!(share(&Corruption::SaltAndPepper(0.0).apply(&x, 0, 0, &[0]).to_vec(), 0.6), 1.0);
    let ends = Tensor::from_vec([1, 4], vec![-1.0, 0.0, 1.0, 2.0]);
    assert_eq!(Binarize::Dynamic.apply(&ends, 0, 0, &[0]).to_vec(), [0.0, 0.0, 1.0, 1.0]);
    assert_eq!(Binarize::Threshold(0.5).apply(&ends, 0, 0, &[0]).to_vec(), [0.0, 0.0, 1.0, 1.0]);
    assert_eq!(Binarize::None.apply(&ends, 0, 0, &[0]).to_vec(), ends.to_vec());
}

#[test]
fn settings_are_checked_and_stored_as_text() {
    for bad in [
        Corruption::Masking(1.1),
        Corruption::SaltAndPepper(-0.1),
        Corruption::Gaussian(f64::INFINITY),
        Corruption::Speckle(f64::NAN),
        Corruption::GaussianBetween([0.2, 0.1]),
    ] {
        assert!(bad.check().is_err(), "{bad:?}");
    }
    assert!(CORRUPTIONS.iter().all(|corruption| corruption.check().is_ok()));
    assert!(Binarize::Threshold(1.0).check().is_err() && Binarize::Threshold(f32::NAN).check().is_err());
    assert!(Binarize::Threshold(0.5).check().is_ok() && Binarize::Dynamic.check().is_ok());
    assert_eq!(serde_json::to_string(&CORRUPTIONS[2]).unwrap(), r#"{"salt_and_pepper":0.4}"#);
    assert_eq!(
        serde_json::from_str::<Binarize>(r#"{"static":{"seed":3}}"#).unwrap(),
        Binarize::Static { seed: 3 }
    );
    assert_eq!(serde_json::from_str::<Binarize>(r#""none""#).unwrap(), Binarize::None);
}

#[test]
#[should_panic(expected = "the examples")]
fn rows_without_a_number_are_a_bug() {
    Corruption::Masking(0.5).apply(&Tensor::zeros([3, 2]), 0, 0, &[1, 2]);
}

#[test]
fn a_shift_moves_the_whole_image_and_all_moves_occur() {
    // One white pixel in the middle of 5 × 7 and one in a corner.
    let (image, middle) = ([5, 7], 2 * 7 + 3);
    let x = Tensor::from_fn([1, 35], |i| if i == middle || i == 0 { 1.0 } else { 0.0 });
    let shift = Shift { pixels: 1, image };
    let mut seen = [false; 9];
    for epoch in 0..200 {
        let moved = shift.apply(&x, 3, epoch, &[8]).to_vec();
        let lit: Vec<usize> = (0..35).filter(|&i| moved[i] == 1.0).collect();
        let at = *lit.last().unwrap();
        let [down, right] = [at / 7, at % 7].map(|place| place as isize).map(|place| place - 2);
        let right = right - 1;
        assert!(down.abs() <= 1 && right.abs() <= 1);
        seen[((down + 1) * 3 + right + 1) as usize] = true;
        // The corner leaves the image, and nothing comes in, when the move is up or left.
        assert_eq!(lit.len() == 2, down >= 0 && right >= 0, "{down} {right} {lit:?}");
    }
    assert_eq!(seen, [true; 9]);
    let still = Shift { pixels: 0, image };
    assert_eq!(still.apply(&x, 3, 1, &[8]), x);
    assert_eq!(shift.apply(&x, 3, 1, &[8]), shift.apply(&x, 3, 1, &[8]));
}
