//! Values that were not observed.

use autograd::{Name, Recorded, Tape, Tree, Var, value};
use nn::context::Varying;
use nn::{Purpose, generator};

use super::*;
use crate::data::digits;

/// A small network and some digits, every third pixel of which was not observed and holds 0.
fn with_gaps(likelihood: Likelihood) -> (Autoencoder<Tensor<f32>>, Tensor<f32>, Tensor<f32>) {
    let data = digits().train;
    let design = Design::mlp(3, &[16], Activation::Tanh, likelihood);
    let from = &mut generator(0, Purpose::Init, 0, 0);
    let net = Autoencoder::new(&data, &design, from).unwrap();
    let mask = Tensor::from_fn([4, 64], |i| if i % 3 == 0 { 0.0 } else { 1.0 });
    (net, data.rows(&[0, 1, 2, 3]).zip(&mask, |x, known| x * known), mask)
}

#[test]
fn gaps_have_no_part_in_a_loss() {
    for likelihood in [Likelihood::SquaredError, Likelihood::Gaussian, Likelihood::Bernoulli] {
        let (net, x, mask) = with_gaps(likelihood);
        let of_mask = |x: &Tensor<f32>, mask: Option<&Tensor<f32>>, guess: f32| {
            let tape = Tape::new();
            let net = net.map(Name::Root, &mut |_, leaf| tape.constant(leaf));
            let numbers = [0, 1, 2, 3];
            let mut context = Context::evaluation(0, &numbers).with_observed(mask.cloned());
            let z = net.encode(tape.constant(x), &mut context);
            // Another guess for what is hidden.
            let x = tape.constant(x.zip(&mask.cloned().unwrap_or(Tensor::ones([4, 64])), |x, known| {
                if known == 0.0 { guess } else { x }
            }));
            let nll = net.nll(z, x, &mut context).value().to_vec();
            let twice = Var::concat([z.unsqueeze(1), z.unsqueeze(1)], 1);
            let draws = net.ln_likelihood(twice, x, &mut context).value().to_vec();
            (net.loss(z, x, &mut context).item(), nll, draws)
        };
        let (loss, nll, draws) = of_mask(&x, Some(&mask), 0.0);
        assert_eq!((loss, nll.clone(), draws.clone()), of_mask(&x, Some(&mask), 0.7));
        assert!(of_mask(&x, None, 0.0).0 > loss, "{likelihood:?}: gaps of which nobody knows count");
        assert!((nll.iter().sum::<f32>() / 4.0 - loss).abs() < 1e-4 * loss.abs());
        for (row, nll) in nll.iter().enumerate() {
            assert_eq!([-nll; 2], draws[2 * row..][..2]);
        }
        let all = Tensor::ones([4, 64]);
        let [a, b] = [None, Some(&all)].map(|mask| of_mask(&x, mask, 0.0).0);
        assert!((a - b).abs() < 1e-5 * a.abs(), "{likelihood:?}: {a} {b}");
    }
}

fn loss<'t>(net: &Autoencoder<Var<'t, f32>>, x: Var<'t, f32>, context: &mut Context) -> Var<'t, f32> {
    let z = net.encode(x, context);
    net.loss(z, x, context)
}

#[test]
fn a_recorded_step_has_the_gaps_of_its_batch() {
    let (net, x, mask) = with_gaps(Likelihood::Gaussian);
    let other = Tensor::from_fn([4, 64], |i| if i % 5 == 0 { 0.0 } else { 1.0 });
    let context =
        |mask: &Tensor<f32>| Context::training(0, 1, &[0, 1, 2, 3]).with_observed(Some(mask.clone()));
    let inputs = |mask: &Tensor<f32>| (x.clone(), Varying::of(&context(mask)));
    let mut recorded =
        Recorded::new(&net, &inputs(&mask), |net, (x, varying), _| loss(&net, x, &mut varying.context()));
    for mask in [&mask, &other] {
        let wanted = value(&net, |net, tape| loss(&net, tape.constant(&x), &mut context(mask)));
        assert_eq!(recorded.value(&net, &inputs(mask)).item(), wanted.item());
    }
}
