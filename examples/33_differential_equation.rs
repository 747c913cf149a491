//! A network that solves a differential equation, in a function that is recorded once.
//!
//! A pendulum of small swings follows `u″ = −u`; from rest at 0 with velocity 1, `u = sin t`. The network is
//! never shown that. It is asked to obey the equation at random times: the loss has two derivatives by the
//! time inside, and training one more by the weights (Raissi, Perdikaris and Karniadakis 2019). The form
//! `u = t + t² N(t)` starts right whatever the network says.
//!
//! A step is a hundred short operations, always the same. So they are recorded once and replayed: with the times as
//! inputs, which are others at every step. You should see the error fall below a hundredth, and that a tape
//! for each step gives the same weights to the last bit. Run it with a folder for the picture, or find that
//! in `target/examples`.

use std::error::Error;
use std::f64::consts::PI;
use std::fs;
use std::path::PathBuf;

use autograd::{Recorded, Tensor, Var, value};
use nn::{Activation, Adam, Mlp, Purpose, Schedule, generator};
use rand::RngExt;
use zoo::plot::{Series, curves, png};

const STEPS: usize = 20_000;
const COMPARED: usize = 100;

// ANCHOR: equation
/// `u(t)` for times `[n, 1]`.
fn solution<'t>(network: &Mlp<Var<'t, f64>>, t: Var<'t, f64>) -> Var<'t, f64> {
    t + t.square() * network.forward(t)
}

/// How far `u″` is from `−u`, squared.
fn residual<'t>(network: Mlp<Var<'t, f64>>, t: Var<'t, f64>) -> Var<'t, f64> {
    let u = solution(&network, t);
    let [velocity] = u.sum().grad([t]);
    let [acceleration] = velocity.sum().grad([t]);
    (acceleration + u).square().mean()
}
// ANCHOR_END: equation

/// 32 times between 0 and 2π.
fn times(step: usize) -> Tensor<f64> {
    let from = &mut generator(0, Purpose::Sample, 0, step as u64);
    Tensor::from_fn([32, 1], |_| from.random_range(0.0..2.0 * PI))
}

fn main() -> Result<(), Box<dyn Error>> {
    let new =
        || Mlp::<Tensor<f64>>::new(&[1, 16, 16, 1], Activation::Tanh, &mut generator(0, Purpose::Init, 0, 0));
    let schedule = Schedule::Cosine { floor: 0.0 };

    let (mut network, mut adam) = (new(), Adam::new(0.01));
    let mut loss = Recorded::new(&network, &times(0), |network, t, _tape| residual(network, t));
    let mut curves_drawn = vec![];
    for step in 0..STEPS {
        adam.set_rate(0.01 * schedule.factor(step, STEPS));
        adam.minimize_recorded(&mut network, &times(step), &mut loss);
        if step + 1 == COMPARED {
            let (mut other, mut adam) = (new(), Adam::new(0.01));
            for step in 0..COMPARED {
                adam.set_rate(0.01 * schedule.factor(step, STEPS));
                adam.minimize(&mut other, |network, tape| residual(network, tape.constant(times(step))));
            }
            let same = network.layers.iter().zip(&other.layers).all(|(a, b)| a.weight == b.weight);
            assert!(same, "a replay does what a tape does");
            println!(
                "after {COMPARED} steps the weights are the same, to the bit, as with a tape for each step"
            );
        }
        if [100, 1000, STEPS].contains(&(step + 1)) {
            let t = Tensor::linspace(0.0, 2.0 * PI, 200).reshape([200, 1]);
            let u = value(&network, |network, tape| solution(&network, tape.constant(&t))).to_vec();
            let points: Vec<(f64, f64)> = t.to_vec().into_iter().zip(u).collect();
            let error = points.iter().map(|(t, u)| (u - t.sin()).abs()).fold(0.0, f64::max);
            println!("after {:5} steps the largest error is {error:.4}", step + 1);
            assert!(step + 1 < STEPS || error < 0.01);
            curves_drawn.push(Series { name: format!("{} steps", step + 1), points });
        }
    }

    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    let title = "A network that obeys u″ = −u\nu(0) = 0, u′(0) = 1; the solution is sin t";
    fs::write(
        folder.join("33_differential_equation.png"),
        png(&curves(title, "t", "u", &curves_drawn, &[])),
    )?;
    println!("drawn in {}", folder.display());
    Ok(())
}
