//! A layer of your own and a training loop of your own: 25 lines, nothing hidden.
//!
//! The layer is a highway (Srivastava et al. 2015): `y = g · f(x) + (1 − g) · x` with a gate `g = σ(G x)`,
//! so that a deep stack of them starts as nearly nothing at all. It must tell two spirals apart: you should see
//! that all, or nearly all, of 400 points are on the right one.

use autograd::{Buffer, Leaf, Real, Tensor, Var, tree, value, value_and_grad};
use nn::data::shuffled;
use nn::optim::{Adam, Schedule, clip};
use nn::{Init, Linear, Purpose, generator, losses};

// ANCHOR: layer
struct Highway<W> {
    change: Linear<W>,
    gate: Linear<W>,
}
tree!(Highway { change, gate });

impl<T: Real> Highway<Tensor<T>> {
    fn new(width: usize, from: &mut nn::Generator) -> Self {
        let [change, mut gate] = [(); 2].map(|()| Linear::new(width, width, Init::Glorot, from));
        gate.bias = Tensor::full([width], -1.0); // mostly closed at first
        Highway { change, gate }
    }
}

impl<'t, T: Real> Highway<Var<'t, T>> {
    fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        let gate = self.gate.forward(x).sigmoid();
        gate * self.change.forward(x).tanh() + (1.0 - gate) * x
    }
}
// ANCHOR_END: layer

/// A model is a struct of layers. A buffer is stored with it but not trained: here the scale of the data.
struct Model<W: Leaf> {
    scale: Buffer<W>,
    first: Linear<W>,
    highways: Vec<Highway<W>>,
    last: Linear<W>,
}
tree!(Model { scale, first, highways, last });

impl<'t, T: Real> Model<Var<'t, T>> {
    fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        let start = self.first.forward(x / self.scale.0).tanh();
        let h = self.highways.iter().fold(start, |h, highway| highway.forward(h));
        self.last.forward(h) // [batch, 1]
    }
}

fn main() -> nn::Result<()> {
    // Point i lies on spiral i mod 2, which is the other one turned by half a circle.
    let angle = |i: usize| 0.03 * (i / 2) as f32 + std::f32::consts::PI * (i % 2) as f32;
    let radius = |i: usize| 0.2 + 0.03 * (i / 2) as f32;
    let x = Tensor::from_fn([400, 2], |k| {
        let (i, direction) = (k / 2, if k % 2 == 0 { 0.0 } else { 0.25 * std::f32::consts::TAU });
        radius(i) * (angle(i) - direction).cos()
    });
    let y = Tensor::from_fn([400, 1], |i| (i % 2) as f32);

    let from = &mut generator(0, Purpose::Init, 0, 0);
    let mut model = Model {
        scale: Buffer(Tensor::scalar(3.0)),
        first: Linear::new(2, 16, Init::Glorot, from),
        highways: (0..4).map(|_| Highway::new(16, from)).collect(),
        last: Linear::new(16, 1, Init::Glorot, from),
    };

    // ANCHOR: loop
    let mut adam = Adam::new(0.01);
    let schedule = Schedule::warmup(0.1, Schedule::Cosine { floor: 0.0 });
    let epochs = 150;
    for epoch in 0..epochs {
        adam.set_rate(0.01 * schedule.factor(epoch, epochs));
        for batch in shuffled(400, 0, epoch as u64).chunks(50) {
            let (x, y) = (x.index_select(0, batch), y.index_select(0, batch));
            let (_, mut gradient) = value_and_grad(&model, |model, tape| {
                losses::bce_with_logits(model.forward(tape.constant(x)), tape.constant(y))
            });
            clip::by_norm(&mut gradient, 5.0)?;
            adam.step(&mut model, &gradient);
        }
    }
    // ANCHOR_END: loop

    let logits = value(&model, |model, tape| model.forward(tape.constant(&x))).to_vec();
    let right = logits.iter().zip(y.to_vec()).filter(|&(&logit, y)| (logit > 0.0) == (y > 0.5)).count();
    println!("{right} of 400 points are on the right spiral");
    assert!(right >= 396);
    Ok(())
}
