//! What variational models must do beyond the walk over the registry.

use autograd::{Name, Tensor, Tree};
use nn::{Context, Dataset, Purpose, generator};
use toml::Table;
use zoo::Settings;
use zoo::data::{Split, digits};
use zoo::models::vae;
use zoo::registry::find;
use zoo::train::{Plan, Terms, train};
use zoo::{AnyModel, Likelihood, evaluate, likelihood};

fn built(name: &str, settings: &str, data: &Dataset) -> Box<dyn AnyModel> {
    let entry = find(name).unwrap();
    let settings = entry.complete(&settings.parse::<Table>().unwrap(), data).unwrap();
    entry.build(&settings, data, 0).unwrap()
}

fn trained(name: &str, settings: &str, data: &Split, epochs: usize) -> Box<dyn AnyModel> {
    let mut model = built(name, settings, &data.train);
    let plan = Plan { epochs, ..find(name).unwrap().plan(&data.train) };
    train(&mut *model, data, &plan).unwrap();
    model
}

/// The digits as pixels that are 0 or 1, for which a coin is a likelihood.
fn binary_digits() -> Split {
    let digits = digits();
    let binary = |part: Dataset| {
        let x = part.x().map(|x| f32::from(u8::from(x > 0.5)));
        part.with_x(x)
    };
    Split { name: "binary digits".into(), train: binary(digits.train), test: binary(digits.test) }
}

fn first(data: &Dataset, count: usize) -> Dataset {
    let numbers: Vec<usize> = (0..count).collect();
    data.select(&numbers)
}

fn term(terms: &Terms, name: &str) -> f64 {
    terms.values.iter().find(|term| term.0 == name).unwrap_or_else(|| panic!("no term {name}")).1
}

#[test]
fn the_bound_is_minus_the_sum_of_the_terms_and_the_likelihood_is_above_it() {
    let data = binary_digits();
    let model = trained("vae", "hidden = [64]", &data, 20);
    let loss = evaluate::loss(&*model, &data.test, 0);
    assert_eq!(loss.total(), term(&loss, "reconstruction") + term(&loss, "kl"));
    let elbo = likelihood::elbo(&*model, &data.test, 50, 1).unwrap();
    // The loss draws once for each of 359 images, so it knows the mean to some tenths of a nat.
    assert!((elbo + loss.total()).abs() < 0.5, "{elbo} {}", loss.total());
    let at = |samples| likelihood::nll(&*model, &data.test, samples, &[1, 2, 3]).unwrap();
    let [one, ten, many] = [1, 10, 200].map(at);
    assert!((one.nats - loss.total()).abs() < 0.5, "{one:?}");
    assert!(one.nats > ten.nats && ten.nats > many.nats && many.nats > 0.0, "{one:?} {ten:?} {many:?}");
    assert_eq!(one.effective_samples, 1.0);
    assert!(many.effective_samples > 1.0 && many.effective_samples < 200.0, "{many:?}");
    assert!(many.standard_error < 0.1 * (one.nats - many.nats), "{many:?}");
}

/// A library evaluates `batch` samples where fewer than a batch are asked for, and returns the
/// log-likelihood under the name of its negative.
#[test]
fn the_likelihood_takes_exactly_the_samples_it_was_asked_for() {
    let data = binary_digits();
    let model = built("vae", "hidden = [16]", &data.train);
    let few = first(&data.test, 3);
    let numbers = [0, 1, 2];
    for samples in [1_usize, 2, 7, 100, 103] {
        // By hand, from one context drawn in the documented parts of at most 100.
        let mut context = Context::evaluation(9, &numbers);
        let mut sums = [0.0; 3];
        for draws in [samples.min(100), samples.saturating_sub(100)].into_iter().filter(|&n| n > 0) {
            let weights = model.log_weights(few.x(), draws, &mut context).unwrap().to_vec();
            assert_eq!(weights.len(), 3 * draws);
            for (sum, row) in sums.iter_mut().zip(weights.chunks(draws)) {
                *sum += row.iter().map(|&w| f64::from(w).exp()).sum::<f64>();
            }
        }
        let by_hand = -sums.iter().map(|sum| (sum / samples as f64).ln()).sum::<f64>() / 3.0;
        let ours = likelihood::nll(&*model, &few, samples, &[9]).unwrap();
        assert!((ours.nats - by_hand).abs() < 1e-6 * by_hand, "{samples}: {ours:?} {by_hand}");
        assert!(ours.nats > 0.0, "negative log-likelihoods of pixels that are 0 or 1 are positive");
        assert_eq!(ours.standard_error, 0.0);
    }
}

/// Where the decoder ignores `z`, `p(x)` is known: it is the density around the decoder's one answer.
#[test]
fn the_estimated_likelihood_is_the_true_one_where_that_is_known() {
    let data = digits();
    let mut config = vae::Config::defaults(&data.train);
    config.design.likelihood = Likelihood::FixedGaussian;
    let mut model = config.build(&data.train, &mut generator(0, Purpose::Init, 0, 0)).unwrap();
    model.0.visit_mut(Name::Root, &mut |name, leaf| {
        let name = name.to_string();
        if name.contains("decoder") && name.ends_with("weight") {
            *leaf = Tensor::zeros(leaf.shape());
        }
    });
    let few = first(&data.test, 40);
    let mean = evaluate::mean(data.train.x());
    let truth = evaluate::variance_around(&mean, &few) + 32.0 * std::f64::consts::PI.ln();
    let estimate = likelihood::nll(&model, &few, 3000, &[0, 1, 2]).unwrap();
    assert!((estimate.nats - truth).abs() < 0.05, "{estimate:?} {truth}");
    // The bound misses it by the divergence, which the loss has in closed form.
    let loss = evaluate::loss(&model, &few, 0);
    assert!((term(&loss, "reconstruction") - truth).abs() < 1e-4, "{loss:?} {truth}");
    let gap = -likelihood::elbo(&model, &few, 1000, 0).unwrap() - truth;
    assert!((gap - term(&loss, "kl")).abs() < 0.05, "{gap} {loss:?}");
}

#[test]
fn every_likelihood_setting_trains() {
    let data = digits();
    // The mean image has 4.77. A variance of ½ in each pixel is far above that of the data, so with
    // `fixed_gaussian` hardly any code is worth its nats; with a learned variance it is.
    let densities = [
        ("bernoulli", 3.0),
        ("continuous_bernoulli", 3.0),
        ("fixed_gaussian", 4.7),
        ("gaussian", 3.0),
        ("gaussian_per_pixel", 3.0),
        ("discretized_logistic", 3.0),
    ];
    for (density, most) in densities {
        let settings = format!("hidden = [64]\nlikelihood = \"{density}\"");
        let before = evaluate::loss(&*built("vae", &settings, &data.train), &data.test, 0).total();
        let model = trained("vae", &settings, &data, 30);
        let after = evaluate::loss(&*model, &data.test, 0).total();
        let sse = evaluate::mean_squared_error(&*model, &data.test);
        assert!(after < before && sse < most, "{density}: {before} became {after}, SSE/img {sse}");
    }
}

/// The noise has deviation σ with `σ² = e^s` both where it is drawn and in the divergence: a tutorial
/// drew it with 0.1 σ, and took `s` for `ln σ` in one place and for `ln σ²` in the other.
#[test]
fn the_drawn_noise_and_the_divergence_agree_about_sigma() {
    let data = binary_digits();
    let model = trained("vae", "hidden = [64]\ncode = 2", &data, 10);
    let few = first(&data.test, 50);
    // E[ln q(z|x) − ln p(z)] over draws is the divergence only if draws and formula share one σ:
    // the difference of the two bounds is that of their divergences, as the reconstruction is common.
    let analytic: f64 = (0..200).map(|seed| evaluate::loss(&*model, &few, seed).total()).sum::<f64>() / 200.0;
    let sampled = -likelihood::elbo(&*model, &few, 4000, 7).unwrap();
    // 10,000 draws with a deviation of some 5 nats: a standard error of 0.05.
    assert!((analytic - sampled).abs() < 0.2, "{analytic} {sampled}");
}

/// A mean over pixels would be a hidden β of 64; that reconstructions are sums is a test of the decoder.
#[test]
fn the_weight_of_the_divergence_is_the_one_that_is_written() {
    let data = digits();
    let x = first(&data.test, 20);
    let loss = |settings: &str| evaluate::loss(&*built("vae", settings, &data.train), &x, 0);
    let (plain, half) =
        (loss("likelihood = \"fixed_gaussian\""), loss("likelihood = \"fixed_gaussian\"\nbeta = 0.5"));
    assert_eq!(term(&plain, "kl"), 2.0 * term(&half, "kl"));
    assert_eq!(term(&plain, "reconstruction"), term(&half, "reconstruction"));
}

#[test]
fn warm_up_and_free_bits_change_what_they_say() {
    let data = digits();
    let x = first(&data.train, 20);
    let numbers: Vec<usize> = (0..20).collect();
    let at = |settings: &str, progress: f64| {
        let model = built("vae", settings, &data.train);
        term(&model.loss(x.x(), Context::training(0, 1, &numbers).with_progress(progress)), "kl")
    };
    let full = at("", 0.0);
    assert!(full > 0.0);
    let warming = |progress| at("warm_up = 0.5", progress);
    assert_eq!([0.0, 0.25, 0.5, 0.8].map(warming), [0.0, full / 2.0, full, full]);
    // 8 latents, each with less than 50 nats.
    assert!((at("free_bits = 50.0", 1.0) - 400.0).abs() < 1e-3);
    assert_eq!(at("free_bits = 1e-9", 1.0), full);
}

#[test]
fn a_model_that_ignores_its_code_has_no_active_units() {
    let data = digits();
    let collapsed = trained("vae", "beta = 200.0\nhidden = [32]", &data, 30);
    assert_eq!(likelihood::active_units(&*collapsed, &data.test), 0);
    let alive = trained("vae", "hidden = [32]", &data, 30);
    assert!(likelihood::active_units(&*alive, &data.test) >= 4);
}
