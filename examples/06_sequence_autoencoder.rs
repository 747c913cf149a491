//! A sequence autoencoder (Srivastava et al. 2015, "Unsupervised learning of video representations"): one
//! GRU reads a wave, its last state is the code, another GRU writes the wave again.
//!
//! The waves have three secrets: frequency, phase and amplitude. A code of four numbers has to hold them,
//! and must reconstruct better than PCA with four components, for which shifted waves are all different: you
//! should see a quarter of its error.

use autograd::{Real, Tensor, Var, tree, value, value_and_grad};
use nn::data::shuffled;
use nn::layers::Gru;
use nn::optim::{Adam, Schedule, clip};
use nn::{Generator, Init, Linear, Purpose, generator, losses};
use zoo::AnyModel;
use zoo::models::pca::Pca;

const STEPS: usize = 24;
const CODE: usize = 4;

struct Model<W> {
    reader: Gru<W>,
    to_code: Linear<W>,
    from_code: Linear<W>,
    writer: Gru<W>,
    output: Linear<W>,
}
tree!(Model { reader, to_code, from_code, writer, output });

impl<T: Real> Model<Tensor<T>> {
    fn new(hidden: usize, from: &mut Generator) -> Self {
        Model {
            reader: Gru::new(1, hidden, from),
            to_code: Linear::new(hidden, CODE, Init::Glorot, from),
            from_code: Linear::new(CODE, hidden, Init::Glorot, from),
            writer: Gru::new(CODE, hidden, from),
            output: Linear::new(hidden, 1, Init::Glorot, from),
        }
    }
}

impl<'t, T: Real> Model<Var<'t, T>> {
    /// `[batch, STEPS]` to `[batch, STEPS]`.
    fn reconstruct(&self, x: Var<'t, T>) -> Var<'t, T> {
        let batch = x.shape()[0];
        let states = self.reader.forward(x.unsqueeze(2), None); // [batch, STEPS, hidden]
        let code = self.to_code.forward(states.slice(1, STEPS - 1..).squeeze(1)); // [batch, CODE]
        let start = self.from_code.forward(code).tanh();
        let every_step = code.unsqueeze(1).expand([batch, STEPS, CODE]);
        let states = self.writer.forward(every_step, Some(start));
        self.output.forward(states).squeeze(2)
    }
}

/// `n` waves `a sin(f t + p)`.
fn waves(n: usize, seed: u64) -> Tensor<f32> {
    let secrets =
        nn::random::uniform::<f32>([n, 3], 0.0, 1.0, &mut generator(seed, Purpose::Noise, 0, 0)).to_vec();
    Tensor::from_fn([n, STEPS], |k| {
        let [f, p, a] = [0, 1, 2].map(|i| secrets[3 * (k / STEPS) + i]);
        (0.5 + 0.5 * a) * ((0.2 + 0.4 * f) * (k % STEPS) as f32 + std::f32::consts::TAU * p).sin()
    })
}

fn main() -> nn::Result<()> {
    let (train, test) = (waves(1000, 1), waves(200, 2));
    let mut model = Model::new(32, &mut generator(0, Purpose::Init, 0, 0));
    let mut adam = Adam::new(5e-3);
    let epochs = 40;
    for epoch in 0..epochs {
        adam.set_rate(5e-3 * Schedule::Cosine { floor: 0.02 }.factor(epoch, epochs));
        for batch in shuffled(1000, 0, epoch as u64).chunks(50) {
            let x = train.index_select(0, batch);
            let (_, mut gradient) = value_and_grad(&model, |model, tape| {
                let x = tape.constant(x);
                losses::squared_error(model.reconstruct(x), x)
            });
            clip::by_norm(&mut gradient, 1.0)?;
            adam.step(&mut model, &gradient);
        }
    }

    let error = |x_hat: &Tensor<f32>| {
        x_hat.zip(&test, |a, b| (a - b) * (a - b)).to_vec().iter().sum::<f32>() / test.shape()[0] as f32
    };
    let ours = error(&value(&model, |model, tape| model.reconstruct(tape.constant(&test))));
    let pca = Pca::fit(&train, CODE);
    let linear = error(&pca.decode(&pca.encode(&test)));
    println!("squared error of a wave with a code of {CODE} numbers: GRU {ours:.3}, PCA {linear:.3}");
    assert!(ours < 0.8 * linear);
    Ok(())
}
