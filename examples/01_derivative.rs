//! A derivative that checks itself.
//!
//! Record a computation, ask for its derivative, and compare it with the slope of a short secant.
//!
//! You should see one line: `d tanh(x²)/dx at 0.7 is 1.111162, by the secant 1.111162`

// ANCHOR: main
use autograd::Tape;

fn main() {
    let f = |x: f64| (x * x).tanh();
    let secant = (f(0.7 + 1e-5) - f(0.7 - 1e-5)) / 2e-5;

    let tape = Tape::new();
    let x = tape.var(0.7);
    let y = (x * x).tanh();
    let dy = y.backward().wrt(x).item();

    println!("d tanh(x²)/dx at 0.7 is {dy:.6}, by the secant {secant:.6}");
    assert!((dy - secant).abs() < 1e-9);
}
// ANCHOR_END: main
