//! An implicit layer: its output is the solution of an equation, and not the end of a computation.
//!
//! The layer gives the `z` with `z = tanh(z W + x)`, found by putting `z` into the right side again and again. To
//! differentiate that, one could record every iteration. But how `z` was found does not matter (Bai, Kolter and Koltun
//! 2019): both sides of the equation change alike, so with `J = ∂ tanh(z W + x)/∂z` at the solution
//!
//! > `u = ḡ + Jᵀ u`,  `W̄ = (∂ tanh(z W + x)/∂W)ᵀ u`,
//!
//! and `u` is found by iteration, too. The rule needs derivatives of the right side, so it takes them itself. You should
//! see that it agrees with finite differences, also where it is differentiated again; that the tape holds one line in
//! place of hundreds, for the same gradient; and that training finds the matrix that made the data.

use autograd::{Op, Real, Tape, Tensor, Var, gradcheck};
use nn::{Adam, Purpose, generator, random};

/// The solution is better than rounding after so many iterations, if `W` is not too large.
const STEPS: usize = 80;

// ANCHOR: layer
/// The right side of the equation.
fn right_side<'t, T: Real>(z: Var<'t, T>, w: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    (z.matmul(w) + x).tanh()
}

/// The `z` with `z = tanh(z W + x)`.
struct Equilibrium;

impl<T: Real> Op<T, 2> for Equilibrium {
    const NAME: &'static str = "equilibrium";

    fn forward(&self, [w, x]: [&Tensor<T>; 2]) -> Tensor<T> {
        let start = Tensor::zeros(x.shape());
        (0..STEPS).fold(start, |z, _| z.matmul(w).zip(x, |zw, x| (zw + x).tanh()))
    }

    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [w, x]: [Var<'t, T>; 2], z: Var<'t, T>) -> Var<'t, T> {
        // The right side as a function of three independent variables, whatever z, W and x depend on.
        let [z, w, x] = [z, w, x].map(Var::alias);
        let y = right_side(z, w, x);
        let u = (0..STEPS).fold(g, |u, _| g + y.vjp(u, &[z])[0]);
        y.vjp(u, &[[w, x][wrt]])[0]
    }
}
// ANCHOR_END: layer

fn equilibrium<'t, T: Real>(w: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    Var::apply(Equilibrium, [w, x])
}

fn main() {
    let truth = Tensor::from_fn([3, 3], |i| 0.4 * (2.0 * i as f64).cos());
    let x: Tensor<f64> = random::normal([64, 3], &mut generator(0, Purpose::Noise, 0, 0));

    for order in [1, 2] {
        let few = x.slice(0, ..2);
        gradcheck(|[w, x]| equilibrium(w, x), [truth.clone(), few], order).expect("the rule is right");
        println!("order {order}: the rule agrees with finite differences");
    }

    let tape = Tape::new();
    let (w, input) = (tape.var(&truth), tape.constant(&x));
    let before = tape.len();
    let by_rule = equilibrium(w, input).square().sum().backward().wrt(w);
    let lines = tape.len() - before;
    let z = (0..STEPS).fold(tape.constant(Tensor::zeros([64, 3])), |z, _| right_side(z, w, input));
    let by_tape = z.square().sum().backward().wrt(w);
    println!("lines on the tape: {lines} with the rule, {} without", tape.len() - before - lines);
    let difference = by_rule.zip(&by_tape, |a, b| (a - b).abs()).to_vec().into_iter().fold(0.0, f64::max);
    assert!(difference < 1e-10, "{difference}");

    let z = autograd::value(&truth, |w, tape| equilibrium(w, tape.constant(&x)));
    let (mut w, mut adam) = (Tensor::zeros([3, 3]), Adam::new(0.05));
    for step in 0..=300 {
        let loss = adam.minimize(&mut w, |w, tape| {
            (equilibrium(w, tape.constant(&x)) - tape.constant(&z)).square().mean()
        });
        if step % 100 == 0 {
            let error = w.zip(&truth, |a, b| (a - b).abs()).to_vec().into_iter().fold(0.0, f64::max);
            println!("after {step:3} steps: loss {loss:.5}, largest error of the matrix {error:.3}");
            assert!(step < 300 || error < 0.01);
        }
    }
}
