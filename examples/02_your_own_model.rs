//! A model of your own: a struct of layers, one line that lists them, a loss, a loop.
//!
//! It is an autoencoder with a code of four numbers for the embedded digits, written without the zoo's
//! trainer. You should see one line with its squared error and that of PCA with four components, which must be
//! larger by a third or more.

use autograd::{Real, Tensor, Var, tree, value_and_grad};
use nn::data::shuffled;
use nn::{Activation, Adam, Mlp, Purpose, generator, losses};
use zoo::models::pca::Pca;
use zoo::{data, evaluate};

/// `W` is a tensor at rest and a variable on a tape.
struct Model<W> {
    encoder: Mlp<W>,
    decoder: Mlp<W>,
}
tree!(Model { encoder, decoder });

impl<'t, T: Real> Model<Var<'t, T>> {
    fn loss(&self, x: Var<'t, T>) -> Var<'t, T> {
        let z = self.encoder.forward(x); // [batch, 4]
        losses::squared_error(self.decoder.forward(z), x)
    }
}

fn main() {
    let digits = data::digits();
    let mut random = generator(1, Purpose::Init, 0, 0);
    let mut model = Model {
        encoder: Mlp::<Tensor<f32>>::new(&[64, 48, 4], Activation::Tanh, &mut random),
        decoder: Mlp::new(&[4, 48, 64], Activation::Tanh, &mut random),
    };

    let mut adam = Adam::new(3e-3);
    for epoch in 0..150 {
        for batch in shuffled(digits.train.len(), 1, epoch).chunks(64) {
            let x = digits.train.rows(batch);
            let (_, gradient) = value_and_grad(&model, |model, tape| model.loss(tape.constant(x)));
            adam.step(&mut model, &gradient);
        }
    }

    let test = &digits.test;
    let ours = autograd::value(&model, |model, tape| model.loss(tape.constant(test.x()))).item();
    let pca = evaluate::mean_squared_error(&Pca::fit(digits.train.x(), 4), test);
    println!("test SSE/img with a code of 4 numbers: ours {ours:.3}, PCA {pca:.3}");
    assert!(f64::from(ours) < 0.75 * pca);
}
