//! Every transformation against what it is defined to be, and each of them differentiated again.

use autograd::{
    Tape, Tensor, Var, gauss_newton_product, gradcheck, hessian, hvp, jacobian, jvp, tree, value_and_grad,
    value_and_update, vjp,
};

fn wave(shape: impl AsRef<[usize]>, phase: f64) -> Tensor<f64> {
    Tensor::from_fn(shape, |i| (1.3 * i as f64 + phase).sin() * 0.8)
}

/// A function from `[2, 3]` to `[2, 2]`, row by row.
fn rows<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
    let w = x.tape().constant(wave([3, 2], 0.4));
    (x.matmul(w) + x.slice(1, ..2) * x.slice(1, 1..)).tanh()
}

/// A function from `[2, 3]` to `[2, 5]`, row by row.
fn wide<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
    (x.matmul(x.tape().constant(wave([3, 5], 0.9))) + x.square().sum_over(1).unsqueeze(1)).tanh()
}

/// A scalar function.
fn energy<'t>(x: Var<'t, f64>) -> Var<'t, f64> {
    (rows(x).square().sum() + (x * x * x).mean()).exp()
}

fn near(what: &str, a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len(), "{what}");
    let scale = b.iter().fold(1e-300, |m: f64, x| m.max(x.abs()));
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= 1e-13 * scale, "{what}: element {i} is {a}, not {b}");
    }
}

#[test]
fn jacobian_agrees_with_both_modes() {
    let x = wave([2, 3], 0.1);
    let j = jacobian(&x, |x, _| rows(x));
    assert_eq!(j.shape(), [2, 2, 2, 3]);
    let j = j.reshape([4, 6]);
    for k in 0..6 {
        let unit = Tensor::from_fn([2, 3], |i| if i == k { 1.0 } else { 0.0 });
        let (_, column) = jvp(&x, &unit, |x, _| rows(x));
        near("jvp", &column.to_vec(), &j.slice(1, k..k + 1).to_vec());
    }
    for k in 0..4 {
        let unit = Tensor::from_fn([2, 2], |i| if i == k { 1.0 } else { 0.0 });
        let (_, row) = vjp(&x, &unit, |x, _| rows(x));
        near("vjp", &row.to_vec(), &j.slice(0, k..k + 1).to_vec());
    }
}

#[test]
fn hessian_is_symmetric_and_agrees_with_its_products() {
    let x = wave([2, 3], 0.1);
    let h = hessian(&x, |x, _| energy(x));
    near("symmetry", &h.to_vec(), &h.t().to_vec());
    let v = wave([2, 3], 2.0);
    let product = h.matmul(&v.reshape([6, 1]));
    near("hvp", &hvp(&x, &v, |x, _| energy(x)).to_vec(), &product.to_vec());
    let tape = Tape::new();
    let x = tape.var(&x);
    near("Var::hessian", &energy(x).hessian(x).value().to_vec(), &h.to_vec());
}

struct Model<W> {
    a: W,
    b: Vec<W>,
}
tree!(Model { a, b });

fn of_model<'t>(model: &Model<Var<'t, f64>>) -> Var<'t, f64> {
    (model.a * model.b[0]).sin().sum() * model.b[1] + model.b[1].exp()
}

#[test]
fn trees_are_arguments() {
    let model = Model { a: wave([2], 0.3), b: vec![wave([2], 1.0), Tensor::scalar(0.7)] };
    let v = Model { a: wave([2], 4.0), b: vec![wave([2], 5.0), Tensor::scalar(-0.4)] };
    let flat = |m: &Model<Tensor<f64>>| [m.a.to_vec(), m.b[0].to_vec(), m.b[1].to_vec()].concat();

    let (y, gradient) = value_and_grad(&model, |model, _| of_model(&model));
    let (value, along) = jvp(&model, &v, |model, _| of_model(&model));
    let inner: f64 = flat(&gradient).iter().zip(flat(&v)).map(|(a, b)| a * b).sum();
    near("value", &[y], &value.to_vec());
    near("jvp is ⟨gradient, v⟩", &along.to_vec(), &[inner]);

    let h = hessian(&model, |model, _| of_model(&model));
    assert_eq!(h.shape(), [5, 5]);
    near("symmetry", &h.to_vec(), &h.t().to_vec());
    let product = h.matmul(&Tensor::from_vec([5, 1], flat(&v)));
    near("hvp", &flat(&hvp(&model, &v, |model, _| of_model(&model))), &product.to_vec());
}

#[test]
fn gauss_newton_is_j_transposed_h_j() {
    let (x, v) = (wave([2, 3], 0.1), wave([2, 3], 2.0));
    let j = jacobian(&x, |x, _| rows(x)).reshape([4, 6]);
    let (y, _) = jvp(&x, &v, |x, _| rows(x));
    let h = hessian(&y, |y, _| (y * y * y).sum() + y.exp().sum());
    let expected = j.t().matmul(&h).matmul(&j).matmul(&v.reshape([6, 1]));
    let product = gauss_newton_product(&x, &v, |x, _| {
        let y = rows(x);
        (y, (y * y * y).sum() + y.exp().sum())
    });
    near("gauss_newton_product", &product.to_vec(), &expected.to_vec());
}

#[test]
fn the_norm_of_the_jacobian_is_the_sum_of_its_squares() {
    let x = wave([2, 3], 0.1);
    let tape = Tape::new();
    let v = tape.var(&x);
    let exact = rows(v).jacobian_norm(v).item();
    let squares: f64 = jacobian(&x, |x, _| rows(x)).to_vec().iter().map(|j| j * j).sum();
    near("jacobian_norm", &[exact], &[squares]);

    let (mean, error) = rows(v).jacobian_norm_probed(v, 400, 1);
    assert!((mean.item() - exact).abs() < 4.0 * error, "{} ± {error}, not {exact}", mean.item());
    assert!(error > 0.0 && error < 0.06 * exact, "{error}");
    let again = rows(v).jacobian_norm_probed(v, 400, 1).0.item();
    let other = rows(v).jacobian_norm_probed(v, 400, 2).0.item();
    assert!(mean.item() == again && again != other, "the seed decides");
    assert!(rows(v).jacobian_norm_probed(v, 1, 1).1.is_nan(), "one probe has no error");
}

#[test]
fn the_jacobian_of_every_example_is_a_block_of_the_whole() {
    // With fewer outputs than inputs it is made of rows, with more of columns.
    let x = wave([2, 3], 0.1);
    let functions: [for<'t> fn(Var<'t, f64>) -> Var<'t, f64>; 2] = [|x| rows(x), |x| wide(x)];
    for f in functions {
        let tape = Tape::new();
        let v = tape.var(&x);
        let blocks = f(v).batch_jacobian(v).value();
        let outputs = f(v).shape()[1];
        assert_eq!(blocks.shape(), [2, outputs, 3]);
        let whole = jacobian(&x, |x, _| f(x)); // [2, outputs, 2, 3]
        let block = |i: usize| whole.slice(0, i..i + 1).slice(2, i..i + 1).to_vec();
        near("batch_jacobian", &blocks.to_vec(), &[block(0), block(1)].concat());
        let squares: f64 = whole.to_vec().iter().map(|j| j * j).sum();
        near("jacobian_norm", &[f(v).jacobian_norm(v).item()], &[squares]);
    }
}

#[test]
fn every_transformation_can_be_differentiated_again() {
    let (x, v) = (wave([2, 3], 0.1), wave([2, 3], 2.0));
    for order in 1..=2 {
        let check = |name: &str, f: &dyn for<'t> Fn([Var<'t, f64>; 2]) -> Var<'t, f64>| {
            gradcheck(f, [x.clone(), v.clone()], order).unwrap_or_else(|error| panic!("{name}: {error}"));
        };
        check("grad", &|[x, _]| energy(x).grad([x])[0]);
        check("vjp", &|[x, v]| rows(x).vjp(v.slice(1, ..2), &[x])[0]);
        check("jvp", &|[x, v]| rows(x).jvp(&[x], &[v]));
        check("hvp", &|[x, v]| energy(x).hvp(&[x], &[v])[0]);
        check("jacobian", &|[x, _]| rows(x).jacobian(x));
        check("hessian", &|[x, _]| energy(x).hessian(x));
        check("jacobian_norm", &|[x, _]| rows(x).jacobian_norm(x));
        check("jacobian_norm, wide", &|[x, _]| wide(x).jacobian_norm(x));
        check("batch_jacobian", &|[x, _]| rows(x).batch_jacobian(x));
        check("batch_jacobian, wide", &|[x, _]| wide(x).batch_jacobian(x));
        check("jacobian_norm_probed", &|[x, _]| rows(x).jacobian_norm_probed(x, 3, 5).0);
        check("gauss_newton_product", &|[x, v]| {
            let y = rows(x);
            (y * y * y).sum().gauss_newton_product(y, &[x], &[v])[0]
        });
    }
}

#[test]
fn directions_may_depend_on_the_point() {
    // H(x) v(x): the derivative of v is none of its business.
    let tape = Tape::new();
    let x = tape.var(wave([2, 3], 0.1));
    let h = energy(x).hessian(x).value().reshape([6, 6]);
    let y = energy(x);
    let v = x.exp() * y;
    let product = h.matmul(&v.value().reshape([6, 1]));
    near("hvp", &y.hvp(&[x], &[v])[0].value().to_vec(), &product.to_vec());
}

#[test]
#[should_panic(expected = "jvp: the variables have shapes [[2]], the directions [[3]]")]
fn directions_must_fit() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::ones([2]));
    let _ = (x * x).jvp(&[x], &[tape.constant(Tensor::ones([3]))]);
}

#[test]
#[should_panic(expected = "hvp: the variables have shapes [[2], [2]], the directions [[2]]")]
fn no_direction_may_be_missing() {
    let x = vec![wave([2], 0.1), wave([2], 0.9)];
    hvp(&x, &vec![wave([2], 1.7)], |x, _| (x[0] * x[1] * x[1]).sum());
}

#[test]
#[should_panic(expected = "gauss_newton_product: the variables have shapes [[2]], the directions [[3]]")]
fn directions_of_a_gauss_newton_product_must_fit() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::ones([2]));
    let _ = x.square().sum().gauss_newton_product(x, &[x], &[tape.constant(Tensor::ones([3]))]);
}

#[test]
fn an_empty_batch_has_empty_jacobians() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::zeros([0, 3]));
    assert_eq!(rows(x).batch_jacobian(x).shape().as_slice(), [0, 2, 3]);
    assert_eq!(wide(x).batch_jacobian(x).shape().as_slice(), [0, 5, 3]);
    assert_eq!((rows(x).jacobian_norm(x).item(), wide(x).jacobian_norm(x).item()), (0.0, 0.0));
}

/// Gradients that are handed over one by one, while the tape is cut down behind the sweep, are the same as all
/// gradients at the end: of what is used early and late, never, after the result, or is itself the result.
#[test]
fn gradients_one_by_one_are_the_gradients() {
    type Loss = for<'t> fn([Var<'t, f64>; 4], &'t Tape<f64>) -> Var<'t, f64>;
    let losses: [Loss; 4] = [
        |[a, b, c, _], _| ((a * b).sin().sum() + c.hypot(a).sum()) * a.sum(),
        |[_, _, _, d], _| d,
        |[a, b, _, d], _| {
            let result = (a * a).sum() + d;
            let _unread = (b * result).sum();
            result
        },
        |_, tape| tape.constant(2.0),
    ];
    let vector = |from: f64| Tensor::from_fn([3], |i| from + 0.4 * i as f64);
    let start = [vector(0.3), vector(-1.1), vector(0.7), Tensor::scalar(1.9)];
    for (number, loss) in losses.into_iter().enumerate() {
        let (expected, gradients) = value_and_grad(&start, loss);
        let mut model = start.clone();
        let mut given = [0; 4];
        let value = value_and_update(&mut model, loss, &mut |leaf, _, x, gradient| {
            given[leaf] += 1;
            *x = gradient.clone();
        });
        assert_eq!((value, given), (expected, [1; 4]), "loss {number}");
        assert_eq!(model, gradients, "loss {number}");
    }
}
