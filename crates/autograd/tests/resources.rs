//! What computations take: memory that returns, a stack that does not grow, arithmetic that stays in
//! proportion (the cheap-gradient principle, Griewank and Walther 2008, section 4.6).

use autograd::{Tape, Tensor, Var, cost};

#[test]
fn keeping_loss_values_keeps_no_tape() {
    let x = Tensor::<f64>::from_fn([50], |i| i as f64 * 0.01);
    let step = |_: usize| {
        let tape = Tape::new();
        let x = tape.var(&x);
        let loss = (x.tanh() * x).sum();
        let [gradient] = loss.grad([x]);
        let _ = gradient.square().sum().backward();
        loss.item()
    };
    let mut losses = vec![step(0)];
    let (before, _) = (cost::live_bytes(), cost::reset_peak());
    losses.push(step(1));
    let one_step = cost::peak_bytes() - before;
    losses.extend((2..10_000).map(step));
    assert_eq!(cost::live_bytes(), before, "10,000 steps leave nothing behind");
    assert_eq!(cost::peak_bytes() - before, one_step, "no step takes more than the second");
    assert_eq!(losses.len(), 10_000);
}

#[test]
fn a_million_lines_need_no_stack() {
    let before = cost::live_bytes();
    let small_stack = std::thread::Builder::new().stack_size(256 << 10);
    let run = || {
        let tape = Tape::<f32>::new();
        let x = tape.var(0.5);
        let y = (0..1_000_000).fold(x, |y, _| y * 0.999_999);
        assert_eq!(tape.len(), 1_000_001);
        let gradient = y.backward().wrt(x).item();
        assert!((gradient - (-1.0_f32).exp()).abs() < 0.03, "{gradient}");
    };
    small_stack.spawn(run).unwrap().join().unwrap();
    assert_eq!(cost::live_bytes(), before);
}

#[test]
fn a_deep_recorded_gradient_needs_no_stack() {
    let small_stack = std::thread::Builder::new().stack_size(256 << 10);
    let run = || {
        let tape = Tape::<f64>::new();
        let x = tape.var(0.5);
        let y = (0..100_000).fold(x, |y, _| y * 0.999_99 + 1e-6);
        let [gradient] = (y * y).grad([x]);
        let second = gradient.backward().wrt(x).item();
        assert!((second - 2.0 * 0.999_99_f64.powi(200_000)).abs() < 1e-10, "{second}");
    };
    small_stack.spawn(run).unwrap().join().unwrap();
}

#[test]
fn slices_of_one_variable_collect_in_one_gradient() {
    // A recurrent loop: the series is large, its steps are small, and a step must not cost as much as the series.
    let tape = Tape::<f64>::new();
    let series = tape.var(Tensor::from_fn([4, 1000, 2], |i| (i as f64).sin()));
    let state = tape.constant(Tensor::zeros([4, 2]));
    let last = (0..1000).fold(state, |state, t| {
        let x = series.slice(1, t..t + 1).squeeze(1);
        (state * 0.5 + x).tanh()
    });
    let (loss, before) = (last.sum(), cost::live_bytes());
    cost::reset_peak();
    let gradient = loss.backward().wrt(series);
    let (taken, series_bytes) = (cost::peak_bytes() - before, 8 * 8000);
    assert!(taken < series_bytes * 11 / 10, "{taken} bytes for a series of {series_bytes}");
    assert_eq!(gradient, loss.grad([series])[0].value());
}

/// A multilayer perceptron with a loss, over its parameters.
fn network<'t>(x: Var<'t, f64>, w: &[Var<'t, f64>]) -> Var<'t, f64> {
    let last = w.len() - 1;
    let h = w[..last].iter().fold(x, |h, &w| h.matmul(w).tanh());
    (h.matmul(w[last]) - x).square().sum()
}

#[test]
fn gradients_are_cheap() {
    let tape = Tape::new();
    let fresh = |shape: [usize; 2], phase: f64| Tensor::from_fn(shape, |i| (i as f64 + phase).sin() * 0.1);
    let x = tape.constant(fresh([32, 40], 0.0));
    let shapes = [[40, 60], [60, 20], [20, 60], [60, 40]];
    let w: Vec<Var<f64>> = shapes.iter().map(|&shape| tape.var(fresh(shape, 1.0))).collect();
    let v: Vec<Var<f64>> = shapes.iter().map(|&shape| tape.constant(fresh(shape, 2.0))).collect();
    let count = |work: &dyn Fn()| {
        let before = cost::flops();
        work();
        (cost::flops() - before) as f64
    };
    let function = count(&|| {
        network(x, &w);
    });
    let ratio = |work: &dyn Fn()| count(work) / function;
    let gradient = ratio(&|| {
        network(x, &w).backward();
    });
    let jvp = ratio(&|| {
        network(x, &w).jvp(&w, &v);
    });
    let hvp = ratio(&|| {
        network(x, &w).hvp(&w, &v);
    });
    println!("in units of the function: gradient {gradient:.2}, jvp {jvp:.2}, hvp {hvp:.2}");
    assert!(gradient <= 4.0, "{gradient}");
    // Forward mode is the vjp of the vjp: it pays for a backward pass that a rule of its own would
    // save, about 5 in place of 2.5. That is the price of writing every rule once.
    assert!(jvp <= 5.5, "{jvp}");
    assert!(hvp <= 10.0, "{hvp}");
}

#[test]
fn rows_of_a_jacobian_leave_nothing_behind() {
    // 200 outputs through a hidden layer of 500: a sweep holds some thousand numbers, and all of them a million.
    let x = Tensor::from_fn([1, 500], |i| (i as f64).sin());
    let w = Tensor::from_fn([500, 200], |i| (i as f64).cos());
    let peak = |work: &dyn Fn()| {
        let before = cost::live_bytes();
        cost::reset_peak();
        work();
        assert_eq!(cost::live_bytes(), before);
        cost::peak_bytes() - before
    };
    let result = 8 * 200 * 500;
    let taken = peak(&|| {
        let j = autograd::jacobian(&x, |x, tape| x.tanh().matmul(tape.constant(&w)).tanh().square());
        assert_eq!(j.shape(), [1, 200, 1, 500]);
    });
    assert!(taken < 2 * result, "jacobian: {taken} bytes for {result}");
    let result = 8 * 500 * 500;
    let taken = peak(&|| {
        let h = autograd::hessian(&x, |x, tape| x.tanh().matmul(tape.constant(&w)).tanh().square().sum());
        assert_eq!(h.shape(), [500, 500]);
    });
    assert!(taken < 2 * result, "hessian: {taken} bytes for {result}");
}
