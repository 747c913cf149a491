//! Against the closed form for Gaussians, and on digits.

use nn::{Purpose, Schedule, generator, random};

use super::*;
use crate::data::{Split, digits};
use crate::train::{Plan, train};

fn built(config: &Config, data: &Dataset) -> Learned<Denoising<Tensor<f32>>> {
    config.build(data, &mut generator(0, Purpose::Init, 0, 0)).unwrap()
}

#[test]
fn of_a_gaussian_it_learns_the_posterior_mean_and_the_score() {
    // Two independent coordinates with deviations 1 and ½. The sample is given mirrored, so that its
    // mean is 0 and its covariance diagonal, as in the formula.
    let draws: Vec<f32> = random::normal::<f32>([1000, 2], &mut generator(0, Purpose::Sample, 0, 0)).to_vec();
    let mirrored = |draw: &[f32]| {
        let (a, b) = (draw[0], 0.5 * draw[1]);
        [a, b, -a, b, a, -b, -a, -b]
    };
    let x = Tensor::from_vec([4000, 2], draws.chunks(2).flat_map(mirrored).collect());
    let variances = x.map(|x| x * x).sum_to([2]).map(|sum| sum / 4000.0).to_vec();
    let dataset = Dataset::new(x);
    let data = Split { name: "gaussian".into(), train: dataset.clone(), test: dataset };

    let sigma = 0.5_f32;
    let config = Config {
        design: Design::mlp(2, &[], Activation::Identity, Likelihood::SquaredError),
        corruption: Corruption::Gaussian(f64::from(sigma)),
        ..Config::defaults(&data.train)
    };
    let mut model = built(&config, &data.train);
    let schedule = Schedule::Cosine { floor: 0.0 };
    let plan = Plan { epochs: 100, batch: 250, learning_rate: 2e-2, schedule, ..Plan::default() };
    train(&mut model, &data, &plan).unwrap();

    let points = Tensor::from_vec([3, 2], vec![1.0, 0.0, 0.0, 1.0, -0.7, 0.4]);
    let (r, slope) = (model.decode(&model.encode(&points)).to_vec(), score(&model, &points, 0.5).to_vec());
    for (i, &x) in points.to_vec().iter().enumerate() {
        let variance = variances[i % 2];
        let exact = x * variance / (variance + sigma * sigma);
        assert!((r[i] - exact).abs() < 0.02, "r: {} not {exact}", r[i]);
        let exact = -x / (variance + sigma * sigma);
        assert!((slope[i] - exact).abs() < 0.08, "score: {} not {exact}", slope[i]);
    }
}

#[test]
fn it_removes_noise_from_digits_that_it_never_saw() {
    let data = digits();
    let numbers: Vec<usize> = (0..data.test.len()).collect();
    for corruption in [
        Corruption::Masking(0.25),
        Corruption::Gaussian(0.3),
        Corruption::SaltAndPepper(0.2),
        Corruption::Speckle(0.5),
    ] {
        let config = Config { corruption, ..Config::defaults(&data.train) };
        let mut model = built(&config, &data.train);
        train(&mut model, &data, &Plan { epochs: 30, learning_rate: 2e-3, ..Plan::default() }).unwrap();
        let noisy = Context::evaluation(5, &numbers).corrupt(data.test.x(), corruption);
        let error = |x: &Tensor<f32>| {
            x.zip(data.test.x(), |a, b| (a - b) * (a - b)).sum_to([]).item() / numbers.len() as f32
        };
        let (before, after) = (error(&noisy), error(&model.decode(&model.encode(&noisy))));
        assert!(after < 0.7 * before, "{corruption:?}: SSE/img {before} became {after}");
    }
}

#[test]
fn emphasis_counts_damaged_features_even_where_they_were_0_before() {
    let data = digits().train;
    let config = |alpha, beta| Config { alpha, beta, ..Config::defaults(&data) };
    let numbers = [0, 1, 2];
    let x = data.rows(&numbers);
    let loss = |alpha, beta| {
        let terms = built(&config(alpha, beta), &data).loss(&x, Context::training(0, 3, &numbers));
        terms.total()
    };
    // Damaged and intact features make up the whole.
    assert!((loss(1.0, 0.0) + loss(0.0, 1.0) - loss(1.0, 1.0)).abs() < 1e-4);
    assert!((loss(2.0, 2.0) - 2.0 * loss(1.0, 1.0)).abs() < 1e-4);
    // A black image is not changed by masking, but a quarter of its pixels is masked all the same.
    let model = built(&config(1.0, 0.0), &data).0;
    let weights = autograd::value(&model, |model, tape| {
        model.emphasis(tape.constant(Tensor::zeros([3, 64])), &mut Context::training(0, 3, &numbers))
    });
    let share = weights.sum_to([]).item() / 192.0;
    assert!((share - 0.25).abs() < 0.1, "{share}");
}

#[test]
fn bad_settings_are_refused() {
    let data = digits().train;
    let settings = Config::defaults(&data);
    for (config, text) in [
        (Config { alpha: -1.0, ..settings.clone() }, "alpha and beta must be"),
        (Config { alpha: 0.0, beta: 0.0, ..settings.clone() }, "not both 0"),
        (Config { corruption: Corruption::Masking(1.5), ..settings }, "between 0 and 1"),
    ] {
        let error = config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).err().unwrap().to_string();
        assert!(error.contains(text), "{error}");
    }
}
