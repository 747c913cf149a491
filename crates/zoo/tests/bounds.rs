//! The bounds of importance-weighted models, and the parts of divergences, against their definitions.

use autograd::{Name, Tensor, Tree, value_and_grad};
use nn::random::normal;
use nn::{Activation, Context, Dataset, Purpose, generator};
use zoo::Settings;
use zoo::models::iwae::{self, Estimator, Iwae};
use zoo::models::tc_vae::{Mixture, decomposed};
use zoo::models::variational::Gaussian;
use zoo::models::{capacity_vae, vae};
use zoo::network::Design;
use zoo::{AnyModel, Likelihood, Model, evaluate, likelihood};

const EXAMPLES: [usize; 4] = [0, 1, 2, 3];

/// Pixels that are 0 or 1.
fn data() -> Dataset {
    Dataset::new(Tensor::from_fn([4, 5], |i| (i * 7 % 3 % 2) as f32))
}

fn design() -> Design {
    Design::mlp(2, &[4], Activation::Tanh, Likelihood::Bernoulli)
}

fn iwae(samples: usize, estimator: Estimator) -> Iwae<Tensor<f32>> {
    let config = iwae::Config { design: design(), samples, estimator };
    lively(config.build(&data(), &mut generator(0, Purpose::Init, 0, 0)).unwrap().0)
}

/// The model with other weights: its first ones give nearly the same answer to every example, by which no bound can be
/// told from another.
fn lively<M: Tree<Tensor<f32>>>(mut model: M) -> M {
    let from = &mut generator(1, Purpose::Init, 0, 0);
    model.visit_mut(Name::Root, &mut |_, leaf| {
        *leaf = leaf.zip(&normal(leaf.shape(), from), |w, noise: f32| w + 0.5 * noise);
    });
    model
}

/// Loss and gradient in double precision: the encoder's numbers, then the decoder's.
fn gradient(model: &Iwae<Tensor<f32>>, epoch: u64) -> (f64, Vec<f64>, Vec<f64>) {
    let model = model.map(Name::Root, &mut |_, leaf: &Tensor<f32>| leaf.cast::<f64>());
    let (loss, gradient) = value_and_grad(&model, |model, tape| {
        let x = tape.constant(data().x().cast::<f64>());
        model.loss(x, &mut Context::training(0, epoch, &EXAMPLES)).total()
    });
    let (mut encoder, mut decoder) = (vec![], vec![]);
    gradient.visit(&mut |name, leaf: &Tensor<f64>| {
        let part = if name.to_string().contains("encoder") { &mut encoder } else { &mut decoder };
        part.extend(leaf.to_vec());
    });
    (loss, encoder, decoder)
}

fn close(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12)
}

/// A collection of models gave the largest weight to the worst draw, by a softmax over losses.
#[test]
fn through_the_logarithm_and_by_normalized_weights_the_gradient_is_the_same() {
    for samples in [1, 2, 7] {
        let (loss, encoder, decoder) = gradient(&iwae(samples, Estimator::Bound), 1);
        let (by_weights, weighed_encoder, weighed_decoder) = gradient(&iwae(samples, Estimator::Weights), 1);
        assert!((loss - by_weights).abs() < 1e-12);
        assert!(close(&encoder, &weighed_encoder) && close(&decoder, &weighed_decoder), "K = {samples}");
        assert!(encoder.iter().any(|g| g.abs() > 1e-3) && decoder.iter().any(|g| g.abs() > 1e-3));
    }
}

/// Another library reports `−Σ w̃ ln w`, whose gradient is right but which is not the bound.
#[test]
fn the_reported_loss_is_the_bound_whatever_the_gradient_is() {
    let data = data();
    for estimator in [Estimator::Bound, Estimator::Weights, Estimator::Dreg] {
        let model = zoo::Learned(iwae(6, estimator));
        let reported = evaluate::loss(&model, &data, 3).total();
        let bound = likelihood::nll(&model, &data, 6, &[3]).unwrap().nats;
        assert!((reported - bound).abs() < 1e-5, "{estimator:?}: {reported} {bound}");
        let weights =
            model.log_weights(data.x(), 6, &mut Context::evaluation(3, &EXAMPLES)).unwrap().to_vec();
        let weighed: f64 = weights
            .chunks(6)
            .map(|w| {
                let total: f64 = w.iter().map(|&w| f64::from(w).exp()).sum();
                -w.iter().map(|&w| f64::from(w).exp() / total * f64::from(w)).sum::<f64>() / 4.0
            })
            .sum();
        assert!((reported - weighed).abs() > 0.01, "{reported} {weighed}");
    }
}

#[test]
fn doubly_reparameterized_gradients_have_the_same_mean_and_less_noise() {
    const ROUNDS: u64 = 3000;
    let moments = |estimator| {
        let model = iwae(10, estimator);
        let rounds: Vec<Vec<f64>> = (0..ROUNDS).map(|epoch| gradient(&model, epoch).1).collect();
        let n = ROUNDS as f64;
        let component = |i: usize| {
            let mean = rounds.iter().map(|g| g[i]).sum::<f64>() / n;
            (mean, rounds.iter().map(|g| (g[i] - mean).powi(2)).sum::<f64>() / n)
        };
        (0..rounds[0].len()).map(component).collect::<Vec<_>>()
    };
    let (plain, dreg) = (moments(Estimator::Bound), moments(Estimator::Dreg));
    for (a, b) in plain.iter().zip(&dreg) {
        let error = ((a.1 + b.1) / ROUNDS as f64).sqrt();
        assert!((a.0 - b.0).abs() < 5.0 * error + 1e-12, "{} {} ± {error}", a.0, b.0);
    }
    let noise = |moments: &[(f64, f64)]| moments.iter().map(|m| m.1).sum::<f64>();
    assert!(noise(&dreg) < 0.7 * noise(&plain), "{} {}", noise(&dreg), noise(&plain));
    // The decoder's gradient is the same number for number.
    let at = |estimator| gradient(&iwae(10, estimator), 1).2;
    assert!(close(&at(Estimator::Bound), &at(Estimator::Dreg)));
}

#[test]
fn with_one_draw_it_is_the_vae_with_a_sampled_divergence() {
    let data = data();
    let config = vae::Config { design: design(), beta: 1.0, warm_up: 0.0, free_bits: 0.0 };
    let vae = zoo::Learned(lively(config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap().0));
    let iwae = zoo::Learned(iwae(1, Estimator::Bound));
    let weights = vae.log_weights(data.x(), 1, &mut Context::evaluation(5, &EXAMPLES)).unwrap().to_vec();
    let sampled = -f64::from(weights.iter().sum::<f32>()) / 4.0;
    let loss = iwae.loss(data.x(), Context::evaluation(5, &EXAMPLES)).total();
    assert!((loss - sampled).abs() < 1e-6, "{loss} {sampled}");
    // Over the noise, the sampled divergence is the one in closed form.
    let mean = |model: &dyn AnyModel| {
        (0..4000).map(|seed| model.loss(data.x(), Context::evaluation(seed, &EXAMPLES)).total()).sum::<f64>()
            / 4e3
    };
    assert!((mean(&vae) - mean(&iwae)).abs() < 0.05, "{} {}", mean(&vae), mean(&iwae));
}

#[test]
fn the_bound_rises_with_the_draws() {
    let data = data();
    let mean = |samples| {
        let model = zoo::Learned(iwae(samples, Estimator::Bound));
        (0..500).map(|seed| evaluate::loss(&model, &data, seed).total()).sum::<f64>() / 500.0
    };
    let losses = [1, 3, 10, 50].map(mean);
    assert!(losses.is_sorted_by(|a, b| a > b), "{losses:?}");
}

/// A library clamps the divergence to at most the capacity, 0 by default: it vanishes, gradient and all.
#[test]
fn a_capacity_of_0_still_holds_the_divergence() {
    let data = data();
    let with = |gamma: f64, capacity: f64| {
        let config = capacity_vae::Config { design: design(), gamma, capacity, growth: 0.5 };
        zoo::Learned(lively(config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).unwrap().0))
    };
    let penalty = |gamma, capacity, progress| {
        let context = Context::training(0, 1, &EXAMPLES).with_progress(progress);
        with(gamma, capacity).loss(data.x(), context).values[1].1
    };
    let kl = penalty(1.0, 0.0, 1.0);
    assert!(kl > 0.01);
    assert!((penalty(3.0, 0.0, 0.2) - 3.0 * kl).abs() < 1e-5);
    // C grows from 0 to 8 in the first half, and the divergence is pulled up to it as well as down.
    for (progress, capacity) in [(0.0, 0.0), (0.25, 4.0), (0.5, 8.0), (1.0, 8.0)] {
        assert!((penalty(1.0, 8.0, progress) - (kl - capacity).abs()).abs() < 1e-5);
    }
    let encoder = |gamma: f64| {
        let (_, gradient) = value_and_grad(&with(gamma, 0.0).0, |model, tape| {
            model.loss(tape.constant(data.x()), &mut Context::training(0, 1, &EXAMPLES)).terms[1].1
        });
        let mut moved = [0.0; 2];
        gradient.visit(&mut |name, leaf: &Tensor<f32>| {
            let part = usize::from(name.to_string().contains("decoder"));
            moved[part] += leaf.to_vec().iter().map(|g| f64::from(g.abs())).sum::<f64>();
        });
        moved
    };
    let [moves, leaves] = encoder(1.0);
    assert!(moves > 0.1 && leaves == 0.0, "the penalty moves the encoder and only it: {moves} {leaves}");
}

/// Information, correlation and the rest when the posteriors of all `N` examples have these means.
fn parts(means: Tensor<f64>, variance: f64, mixture: Mixture) -> [f64; 3] {
    let tape = autograd::Tape::<f64>::new();
    let (n, latents) = (means.shape()[0], means.shape()[1]);
    let log_var = tape.constant(Tensor::full([n, latents], variance.ln()));
    let q = Gaussian { mu: tape.constant(means), log_var };
    let eps = normal::<f64>([n, latents], &mut generator(1, Purpose::Sample, 0, 0));
    let z = q.mu + tape.constant(eps) * variance.sqrt();
    decomposed(q, z, mixture, n).map(|part| part.item())
}

#[test]
fn independent_latents_have_no_total_correlation() {
    // Posteriors that are all the prior: everything is 0, and the paper's weights are off by (D − 1) ln N.
    let same = parts(Tensor::zeros([50, 3]), 1.0, Mixture::Stratified);
    assert!(same[0].abs() < 1e-12 && same[1].abs() < 1e-12, "{same:?}");
    let weighted = parts(Tensor::zeros([50, 3]), 1.0, Mixture::Weighted);
    assert!((weighted[1] - 2.0 * 50.0_f64.ln()).abs() < 1e-9, "{weighted:?}");

    // Narrow posteriors spread so that their mean is N(0, 1) in each latent, independent or correlated.
    let independent = normal::<f64>([1500, 2], &mut generator(0, Purpose::Sample, 0, 0));
    let means = |correlation: f64| {
        let spread = 0.9_f64.sqrt();
        let v = independent.to_vec();
        let mixed = v.chunks(2).flat_map(|pair| {
            [pair[0], correlation * pair[0] + (1.0 - correlation * correlation).sqrt() * pair[1]]
        });
        Tensor::from_vec([1500, 2], mixed.map(|v| spread * v).collect())
    };
    let free = parts(means(0.0), 0.1, Mixture::Stratified);
    assert!(free[1].abs() < 0.05 && free[2].abs() < 0.05, "{free:?}");
    let tied = parts(means(0.9), 0.1, Mixture::Stratified);
    // −½ ln(1 − ρ²) for two Gaussians whose correlation is 0.9 · 0.9.
    let expected = -0.5 * (1.0 - 0.81_f64.powi(2)).ln();
    assert!((tied[1] - expected).abs() < 0.08, "{tied:?} {expected}");
}
