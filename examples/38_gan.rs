//! A generative adversarial network (Goodfellow et al. 2014): two networks, two optimizers, and no likelihood.
//!
//! The generator makes points of a plane from noise, the critic tells them from true ones, and each learns from the other:
//!
//! > critic: `L = softplus(−D(x)) + softplus(D(G(z))) + γ/2 ‖∂D/∂x‖²`,  generator: `L = softplus(−D(G(z)))`.
//!
//! The true points lie in eight heaps on a ring. Generators are known for learning a few of them and forgetting the others.
//! The last term of the critic (R₁, Mescheder et al. 2018) keeps it flat where the truth is, so that there is nothing to
//! win by running away; it holds a derivative, so training differentiates a derivative. You should see the eight heaps
//! found in equal shares, and most points near one.

use autograd::{Name, Tape, Tensor, Tree, Var, value};
use nn::optim::RmsProp;
use nn::{Activation, Generator, Mlp, Purpose, generator, random};

const HEAPS: usize = 8;
const SPREAD: f32 = 0.2;
const BATCH: usize = 128;
const NOISE: usize = 4;

/// The middle of a heap.
fn middle(heap: usize) -> [f32; 2] {
    let (sin, cos) = (std::f32::consts::TAU * heap as f32 / HEAPS as f32).sin_cos();
    [2.0 * cos, 2.0 * sin]
}

/// Points of random heaps.
fn truth(from: &mut Generator) -> Tensor<f32> {
    let heaps = random::uniform::<f32>([BATCH], 0.0, HEAPS as f64, from).to_vec();
    let noise = random::normal::<f32>([BATCH, 2], from).to_vec();
    Tensor::from_fn([BATCH, 2], |k| middle(heaps[k / 2] as usize)[k % 2] + SPREAD * noise[k])
}

// ANCHOR: losses
type Network<'t> = Mlp<Var<'t, f32>>;

fn critic_loss<'t>(
    critic: &Network<'t>,
    x: &Tensor<f32>,
    fake: &Tensor<f32>,
    tape: &'t Tape<f32>,
) -> Var<'t, f32> {
    let (x, fake) = (tape.var(x), tape.constant(fake)); // by the true points there will be a derivative
    let d = critic.forward(x);
    let [slope] = d.sum().grad([x]); // [batch, 2]: every row of d depends on its own row of x
    let flat = slope.square().sum() * (0.5 * 0.1 / BATCH as f64);
    (-d).softplus().mean() + critic.forward(fake).softplus().mean() + flat
}

fn maker_loss<'t>(
    maker: &Network<'t>,
    critic: &Mlp<Tensor<f32>>,
    z: &Tensor<f32>,
    tape: &'t Tape<f32>,
) -> Var<'t, f32> {
    // The critic takes part as constants: its turn is another one.
    let critic = critic.map(Name::Root, &mut |_, weight| tape.constant(weight));
    (-critic.forward(maker.forward(tape.constant(z)))).softplus().mean()
}
// ANCHOR_END: losses

fn main() {
    let from = &mut generator(0, Purpose::Init, 0, 0);
    let mut maker = Mlp::<Tensor<f32>>::new(&[NOISE, 48, 48, 2], Activation::LeakyRelu, from);
    let mut critic = Mlp::<Tensor<f32>>::new(&[2, 48, 48, 1], Activation::LeakyRelu, from);
    // Without momentum: each has to follow a loss that changes as the other one moves.
    let [mut of_maker, mut of_critic] = [(); 2].map(|()| RmsProp::new(2e-3));
    let from = &mut generator(0, Purpose::Sample, 0, 0);
    println!("steps   heaps found   points near a heap");
    for step in 1..=1500 {
        let (x, z) = (truth(from), random::normal([BATCH, NOISE], from));
        let fake = value(&maker, |maker, tape| maker.forward(tape.constant(&z)));
        of_critic.minimize(&mut critic, |critic, tape| critic_loss(&critic, &x, &fake, tape));
        let z = random::normal([BATCH, NOISE], from);
        of_maker.minimize(&mut maker, |maker, tape| maker_loss(&maker, &critic, &z, tape));
        if [100, 500, 1500].contains(&step) {
            let (found, near) = judge(&maker);
            println!("{step:5} {found:10} {:16.0} %", 100.0 * near);
            assert!(step < 1500 || (found == HEAPS && near > 0.8));
        }
    }
}

/// How many heaps have at least half of the points that they should, and the share of points that are not further from a
/// heap than three times its spread.
fn judge(maker: &Mlp<Tensor<f32>>) -> (usize, f64) {
    let count = 2000;
    let z = random::normal([count, NOISE], &mut generator(0, Purpose::Evaluation, 0, 0));
    let points = value(maker, |maker, tape| maker.forward(tape.constant(&z))).to_vec();
    let mut points_of = [0; HEAPS];
    for point in points.chunks_exact(2) {
        let distance = |heap: &usize| (point[0] - middle(*heap)[0]).hypot(point[1] - middle(*heap)[1]);
        if let Some(heap) = (0..HEAPS).find(|heap| distance(heap) < 3.0 * SPREAD) {
            points_of[heap] += 1;
        }
    }
    let found = points_of.iter().filter(|&&points| points >= count / HEAPS / 2).count();
    (found, points_of.iter().sum::<usize>() as f64 / count as f64)
}
