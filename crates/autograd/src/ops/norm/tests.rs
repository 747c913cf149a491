use crate::{Tape, Tensor, Var};

#[test]
fn zero_has_the_slope_0_and_no_second_derivative() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::from_vec([2, 2], vec![0.0, 0.0, 3.0, 4.0]));
    let y = x.norm_over(1);
    assert_eq!(y.value().to_vec(), [0.0, 5.0]);
    let [dy] = y.sum().grad([x]);
    assert_eq!(dy.value().to_vec(), [0.0, 0.0, 0.6, 0.8]);
    assert_eq!(y.sum().backward().wrt(x).to_vec(), [0.0, 0.0, 0.6, 0.8]);
    // The other row is not touched: its second derivatives add up to (I − u uᵀ) 1 / 5.
    let [ddy] = dy.sum().grad([x]);
    let [dddy] = ddy.sum().grad([x]);
    for higher in [ddy, dddy].map(|y| y.value().to_vec()) {
        assert!(higher[..2].iter().all(|y| y.is_nan()) && higher[2..].iter().all(|y| y.is_finite()));
    }
    assert!((ddy.value().to_vec()[2] - (1.0 - 0.6 * 1.4) / 5.0).abs() < 1e-15);
    assert_eq!(x.l1_norm().backward().wrt(x).to_vec(), [0.0, 0.0, 1.0, 1.0]);
}

#[test]
fn no_smooth_function_of_a_norm_at_zero_has_a_wrong_second_derivative() {
    type Function = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;
    // The second derivative of the first five is 2, of the others -2 and 2/3.
    let functions: [Function; 7] = [
        |x| x.norm().square(),
        |x| x.norm() * x.norm(),
        |x| x.norm_over(0).powi(2),
        |x| x.norm().pow(x.norm() * 0.0 + 2.0),
        |x| x.slice(0, ..1).hypot(x.slice(0, 1..)).square().sum(),
        |x| (-x.norm().square()).exp(),
        |x| x.norm().sin() * x.norm() / 3.0,
    ];
    for (i, f) in functions.iter().enumerate() {
        let tape = Tape::new();
        let x = tape.var(Tensor::zeros([2]));
        let y = f(x);
        assert_eq!(y.backward().wrt(x).to_vec(), [0.0; 2], "function {i}");
        let direction = tape.constant(Tensor::from_vec([2], vec![1.0, -0.5]));
        let twice = [y.hessian(x).value().to_vec(), y.hvp(&[x], &[direction])[0].value().to_vec()].concat();
        assert!(twice.iter().all(|y| y.is_nan()), "function {i}: {twice:?}");
    }
}

#[test]
fn huge_and_tiny_vectors() {
    let tape = Tape::<f32>::new();
    for size in [1e-40_f32, 1e-25, 1e25, 6e37] {
        let x = tape.var(Tensor::from_vec([2], vec![3.0 * size, 4.0 * size]));
        let y = x.norm();
        assert!((y.item() / size - 5.0).abs() < 1e-4, "{} of {size}", y.item());
        assert!((y.backward().wrt(x).to_vec()[0] - 0.6).abs() < 1e-4);
    }
}

#[test]
fn infinity_and_nan() {
    let tape = Tape::<f64>::new();
    let norm = |a: f64| tape.var(Tensor::from_vec([2], vec![a, 1.0])).norm().item();
    assert_eq!(norm(f64::NEG_INFINITY), f64::INFINITY);
    assert!(norm(f64::NAN).is_nan());
}
