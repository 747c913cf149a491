//! # Two moons
//!
//! Book: docs/src/03-a-network.md#training
//!
//! Two half circles reach into each other; no straight line separates them. The network below has two inputs, eight
//! hidden neurons and a score. Write the loss of the whole data set: the mean of `ln(1 + e^(−t s))` over the examples,
//! on the tape, with `softplus` for `ln(1 + eˣ)`. Then the training works.
// hint: score = network(w, &x.map(|x| tape.var(x))). Then (score * tape.var(-t)).softplus() is the loss of one example. Add them up from tape.var(0.0), and multiply by tape.var(1.0 / data.len() as f64).

use exercises::scalar::{Tape, Var};

/// A point of the plane, and its class: +1 or −1.
type Example = ([f64; 2], f64);

/// The bias plus the products of weights and inputs.
fn weighted_sum<'t>(w: &[Var<'t>], x: &[Var<'t>]) -> Var<'t> {
    w[1..].iter().zip(x).fold(w[0], |sum, (&w, &x)| sum + w * x)
}

/// The score of a point: 24 weights for the hidden neurons, 9 for the score.
fn network<'t>(w: &[Var<'t>], x: &[Var<'t>]) -> Var<'t> {
    let (first, last) = w.split_at(24);
    let h: Vec<Var> = first.chunks(3).map(|w| weighted_sum(w, x).tanh()).collect();
    weighted_sum(last, &h)
}

/// The mean loss over all examples.
fn loss<'t>(w: &[Var<'t>], data: &[Example], tape: &'t Tape) -> Var<'t> {
    // hole: the mean of softplus(−t · score) over data
    let mut sum = tape.var(0.0);
    for &(x, t) in data {
        sum = sum + (network(w, &x.map(|x| tape.var(x))) * tape.var(-t)).softplus();
    }
    sum * tape.var(1.0 / data.len() as f64)
    // wrong: let mut sum = tape.var(0.0);
    // | for &(x, t) in data {
    // |     sum = sum + (network(w, &x.map(|x| tape.var(x))) * tape.var(t)).softplus();
    // | }
    // | sum * tape.var(1.0 / data.len() as f64)
    // wrong: let mut sum = tape.var(0.0);
    // | for &(x, t) in data {
    // |     sum = sum + (network(w, &x.map(|x| tape.var(x))) * tape.var(-t)).softplus();
    // | }
    // | sum
    // wrong: let mut sum = tape.var(0.0);
    // | for &(x, t) in data {
    // |     let score = network(w, &x.map(|x| tape.var(x))).value();
    // |     sum = sum + tape.var(-t * score).softplus();
    // | }
    // | sum * tape.var(1.0 / data.len() as f64)
    // end
}

/// Weights after gradient descent, and the loss before each step.
fn train(data: &[Example], steps: usize, rate: f64) -> (Vec<f64>, Vec<f64>) {
    // Irregular numbers, so that no two neurons begin as the same.
    let mut w: Vec<f64> = (0..33).map(|i| (1.7 * f64::from(i) + 0.3).sin()).collect();
    let mut losses = vec![];
    for _ in 0..steps {
        let tape = Tape::default();
        let vars: Vec<Var> = w.iter().map(|&w| tape.var(w)).collect();
        let loss = loss(&vars, data, &tape);
        losses.push(loss.value());
        let adjoint = loss.backward();
        for (w, var) in w.iter_mut().zip(&vars) {
            *w -= rate * adjoint[var.id];
        }
    }
    (w, losses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_weights_every_example_costs_ln_2() {
        let tape = Tape::default();
        let w: Vec<Var> = (0..33).map(|_| tape.var(0.0)).collect();
        let loss = loss(&w, &[([1.0, 2.0], 1.0), ([0.0, -1.0], -1.0)], &tape).value();
        assert!(
            (loss - 2.0_f64.ln()).abs() < 1e-15,
            "all scores are 0, so the mean loss is ln 2, and yours is {loss}"
        );
    }

    #[test]
    fn training_separates_the_moons() {
        let data = exercises::data::moons(40, 0.1);
        let (w, losses) = train(&data, 400, 1.0);
        let tape = Tape::default();
        let w: Vec<Var> = w.iter().map(|&w| tape.var(w)).collect();
        let right =
            data.iter().filter(|(x, t)| network(&w, &x.map(|x| tape.var(x))).value() * t > 0.0).count();
        println!("the loss falls from {:.3} to {:.3}", losses[0], losses[399]);
        assert!(losses[399] < 0.1, "the loss after 400 steps is {}, and should be below 0.1", losses[399]);
        assert_eq!(right, 40, "{right} of 40 points are on the right side");
    }
}
