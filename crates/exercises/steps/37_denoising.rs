//! # Denoising
//!
//! Book: docs/src/10-penalties.md#denoising-remove-what-was-added
//!
//! A denoising autoencoder reads a damaged input, and has to reconstruct the clean one:
//!
//! > `L = E ‖x − g(f(x̃))‖²`
//!
//! Copying does not help it any more. It learns to pull a point towards where the data are.
// hint: The noise is added to what the network reads; the loss compares with x: losses::squared_error(network.forward(x + noise), x).
// new: squared_error

use autograd::{Tensor, Var, value_and_grad};
use nn::{Activation, Adam, Mlp, Purpose, generator, losses, random};

/// The loss of a batch `x` with this noise. `losses::squared_error(x_hat, x)` sums over features and averages over
/// examples.
fn loss<'t>(network: &Mlp<Var<'t, f64>>, x: Var<'t, f64>, noise: Var<'t, f64>) -> Var<'t, f64> {
    // hole: the error between the reconstruction of the damaged input and the clean input
    losses::squared_error(network.forward(x + noise), x)
    // wrong: losses::squared_error(network.forward(x), x)
    // wrong: losses::squared_error(network.forward(x + noise), x + noise)
    // wrong: losses::squared_error(network.forward(x), x + noise)
    // end
}

/// A network that was trained to denoise points on a circle.
fn train(steps: usize) -> Mlp<Tensor<f64>> {
    let mut network = Mlp::new(&[2, 24, 2], Activation::Tanh, &mut generator(0, Purpose::Init, 0, 0));
    let mut adam = Adam::new(0.02);
    let circle = Tensor::from_fn([64, 2], |i| {
        let angle = (i / 2) as f64 * std::f64::consts::TAU / 64.0;
        if i % 2 == 0 { angle.cos() } else { angle.sin() }
    });
    for step in 0..steps {
        let noise: Tensor<f64> = random::normal([64, 2], &mut generator(0, Purpose::Noise, step as u64, 0));
        let (_, gradient) = value_and_grad(&network, |network, tape| {
            loss(&network, tape.constant(&circle), tape.constant(noise.map(|e| 0.25 * e)))
        });
        adam.step(&mut network, &gradient);
    }
    network
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_beside_the_circle_are_pulled_towards_it() {
        let network = train(800);
        for radius in [0.8, 1.2] {
            let x = Tensor::from_vec([2, 2], vec![radius, 0.0, 0.0, -radius]);
            let y = autograd::value(&network, |network, tape| network.forward(tape.constant(&x)));
            for i in 0..2 {
                let after = y[[i, 0]].hypot(y[[i, 1]]);
                let message = "should come nearer to 1";
                assert!(
                    (after - 1.0).abs() < 0.6 * (radius - 1.0_f64).abs(),
                    "the radius {radius} {message}, and becomes {after:.3}"
                );
            }
        }
    }
}
