//! # A training loop
//!
//! Book: docs/src/08-layers.md#a-training-loop
//!
//! Now with layers and an optimizer of the library: an `Mlp` learns the exclusive or. `value_and_grad` takes a model and
//! a loss, and returns the loss and a gradient of the model's own form. `optimizer.step` moves the model. Write the loop.
// hint: for _ in 0..steps: let (loss, gradient) = value_and_grad(&model, |model, tape| losses::bce_with_logits(model.forward(tape.constant(x)), tape.constant(y))); then adam.step(&mut model, &gradient) and curve.push(loss).
// new: Mlp, Activation, bce_with_logits

use autograd::{Tensor, value_and_grad};
use nn::{Activation, Adam, Mlp, Purpose, generator, losses};

/// A network of 2, 8 and 1 units after `steps` steps of Adam, and the loss before each step. `x` is `[examples, 2]`, `y`
/// is `[examples, 1]` with classes 0 and 1; the loss is `losses::bce_with_logits(output, y)`.
fn train(x: &Tensor<f64>, y: &Tensor<f64>, steps: usize) -> (Mlp<Tensor<f64>>, Vec<f64>) {
    let mut model = Mlp::new(&[2, 8, 1], Activation::Tanh, &mut generator(0, Purpose::Init, 0, 0));
    let mut adam = Adam::new::<f64>(0.05);
    let mut curve = vec![];
    // hole: in each step loss and gradient, then a step of adam, and the loss onto the curve
    for _ in 0..steps {
        let (loss, gradient) = value_and_grad(&model, |model, tape| {
            losses::bce_with_logits(model.forward(tape.constant(x)), tape.constant(y))
        });
        adam.step(&mut model, &gradient);
        curve.push(loss);
    }
    // wrong: for _ in 0..steps {
    // |     let (loss, _) = value_and_grad(&model, |model, tape| {
    // |         losses::bce_with_logits(model.forward(tape.constant(x)), tape.constant(y))
    // |     });
    // |     curve.push(loss);
    // | }
    // wrong: let (loss, gradient) = value_and_grad(&model, |model, tape| {
    // |     losses::bce_with_logits(model.forward(tape.constant(x)), tape.constant(y))
    // | });
    // | for _ in 0..steps {
    // |     adam.step(&mut model, &gradient);
    // |     curve.push(loss);
    // | }
    // end
    (model, curve)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_learns_the_exclusive_or() {
        let x = Tensor::from_vec([4, 2], vec![0., 0., 0., 1., 1., 0., 1., 1.]);
        let y = Tensor::from_vec([4, 1], vec![0., 1., 1., 0.]);
        let (model, curve) = train(&x, &y, 200);
        assert_eq!(curve.len(), 200, "one loss for each step");
        assert!(
            curve[199] < 0.1 * curve[0],
            "the loss should fall to a tenth, and goes from {} to {}",
            curve[0],
            curve[199]
        );
        let scores = autograd::value(&model, |model, tape| model.forward(tape.constant(&x))).to_vec();
        assert!(
            scores.iter().zip(y.to_vec()).all(|(&score, y)| (score > 0.0) == (y > 0.5)),
            "the scores are {scores:?}"
        );
    }
}
