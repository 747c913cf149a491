//! Derivative rules that differentiate: the fast pass gives what the recorded one does, at every place that calls a
//! rule.

use autograd::{
    Op, Real, Recorded, Tape, Tensor, Var, checkpoint, grad, gradcheck, hessian, hvp, jacobian,
    value_and_grad, value_and_update, vjp,
};

/// `f(x) = x² sin x`, on variables.
fn f<'t, T: Real>(x: Var<'t, T>) -> Var<'t, T> {
    x.square() * x.sin()
}

/// How a rule may come to the derivative of [`f`].
#[derive(Clone, Copy, Debug)]
enum How {
    /// By `vjp` from an alias.
    Vjp,
    /// By `grad` from an alias, of the weighted sum.
    Grad,
    /// By `vjp` from the input itself, which is right where the input depends on nothing that the rule uses.
    Direct,
    /// By `backward`, which gives numbers: right for first derivatives only.
    Backward,
    /// As the derivative of the derivative of another function.
    Twice,
    /// Through an operation whose rule differentiates.
    Inner,
}

const ALL: [How; 6] = [How::Vjp, How::Grad, How::Direct, How::Backward, How::Twice, How::Inner];

struct Nested(How);

impl<T: Real> Op<T, 1> for Nested {
    const NAME: &'static str = "nested";

    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        x.map(|x| x * x * x.sin())
    }

    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [x]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        let tape = g.tape();
        let input = x;
        let x = x.alias();
        match self.0 {
            How::Vjp => f(x).vjp(g, &[x])[0],
            How::Grad => (f(x) * g).sum().grad([x])[0],
            How::Direct => f(input).vjp(g, &[input])[0],
            How::Backward => {
                let x = tape.var(x.value());
                tape.constant((f(x) * g).sum().backward().wrt(x))
            }
            How::Twice => {
                // The derivative of 2x sin x − x² ... is that of ∫f, twice.
                let [first] = (2.0 * x * x.sin() - (x.square() - 2.0) * x.cos()).sum().grad([x]); // f
                let [second] = first.sum().grad([x]);
                g * second
            }
            How::Inner => Var::apply(Nested(How::Vjp), [x]).vjp(g, &[x])[0],
        }
    }
}

fn nested<'t>(how: How, x: Var<'t, f64>) -> Var<'t, f64> {
    Var::apply(Nested(how), [x])
}

fn x() -> Tensor<f64> {
    Tensor::from_vec([3], vec![0.7, -1.2, 2.5])
}

/// A function whose input is neither a leaf nor used once.
fn loss<'t>(how: Option<How>, x: Var<'t, f64>) -> Var<'t, f64> {
    let h = x * 0.5 + x.square();
    let y = how.map_or_else(|| f(h), |how| nested(how, h));
    (y * x).tanh().sum()
}

#[track_caller]
fn near(how: How, a: &Tensor<f64>, b: &Tensor<f64>) {
    assert_eq!(a.shape(), b.shape());
    let close = |(a, b): (f64, f64)| (a - b).abs() <= 1e-12 * (1.0 + b.abs());
    assert!(a.to_vec().into_iter().zip(b.to_vec()).all(close), "{how:?}: {a:?} is not {b:?}");
}

#[test]
fn every_sweep_gives_the_first_derivative() {
    let x = x();
    let expected = grad(&x, |x, _| loss(None, x));
    for how in ALL {
        let tape = Tape::<f64>::new();
        let leaf = tape.var(&x);
        let y = loss(Some(how), leaf);
        let lines = tape.len();
        near(how, &y.backward().wrt(leaf), &expected);
        assert_eq!(tape.len(), lines, "{how:?}");
        near(how, &y.grad([leaf])[0].value(), &expected);
        near(how, &value_and_grad(&x, |x, _| loss(Some(how), x)).1, &expected);
        near(how, &vjp(&x, &Tensor::ones([]), |x, _| loss(Some(how), x)).1, &expected);
        near(how, &jacobian(&x, |x, _| loss(Some(how), x)), &expected);
        let mut moved = x.clone();
        value_and_update(&mut moved, |x, _| loss(Some(how), x), &mut |_, _, _, gradient| {
            near(how, gradient, &expected);
        });
        let saved = grad(&x, |x, _| checkpoint([x], move |[x], _| loss(Some(how), x)));
        near(how, &saved, &expected);
        let checked = Tape::<f64>::checked();
        let leaf = checked.var(&x);
        near(how, &loss(Some(how), leaf).backward().wrt(leaf), &expected);
    }
}

#[test]
fn a_recorded_function_gives_it_too() {
    let x = x();
    for how in ALL.into_iter().filter(|how| !matches!(how, How::Backward)) {
        let mut recorded = Recorded::new(&x, &x, move |x, by, _| loss(Some(how), x * by));
        for by in [1.0, 0.5] {
            let by = x.map(|_| by);
            let expected = grad(&x, |x, tape| loss(None, x * tape.constant(&by)));
            near(how, &recorded.value_and_grad(&x, &by).1, &expected);
        }
    }
}

#[test]
fn higher_derivatives() {
    let x = x();
    let second = hessian(&x, |x, _| loss(None, x));
    let along = hvp(&x, &x, |x, _| loss(None, x));
    for how in ALL.into_iter().filter(|how| !matches!(how, How::Backward)) {
        near(how, &hessian(&x, |x, _| loss(Some(how), x)), &second);
        near(how, &hvp(&x, &x, |x, _| loss(Some(how), x)), &along);
        let tape = Tape::<f64>::new();
        let leaf = tape.var(&x);
        let [first] = loss(Some(how), leaf).grad([leaf]);
        let [twice] = first.sum().grad([leaf]);
        near(how, &first.sum().backward().wrt(leaf), &twice.value());
        for order in 1..=3 {
            gradcheck(|[x]| loss(Some(how), x), [x.clone()], order).unwrap();
        }
    }
}

/// `y = ab` with a rule by aliases of inputs that depend on each other.
struct Product;

impl<T: Real> Op<T, 2> for Product {
    const NAME: &'static str = "product";

    fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Tensor<T> {
        a.zip(b, |a, b| a * b)
    }

    fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, inputs: [Var<'t, T>; 2], _y: Var<'t, T>) -> Var<'t, T> {
        let inputs = inputs.map(Var::alias);
        (inputs[0] * inputs[1]).vjp(g, &[inputs[wrt]])[0]
    }
}

#[test]
fn aliases_are_independent_of_each_other() {
    let tape = Tape::<f64>::new();
    let a = tape.var(3.0);
    let y = Var::apply(Product, [a, a * a]); // a³
    assert_eq!(y.backward().wrt(a).item(), 27.0);
    let [first] = y.grad([a]);
    let [second] = first.grad([a]);
    assert_eq!((first.item(), second.item(), second.backward().wrt(a).item()), (27.0, 18.0, 6.0));
    let same = Var::apply(Product, [a, a]);
    assert_eq!(same.backward().wrt(a).item(), 6.0);
}

/// A straight-through estimator inside a rule: it has no second derivative, which is still said.
struct Decreed;

impl<T: Real> Op<T, 1> for Decreed {
    const NAME: &'static str = "decreed";

    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        x.map(|x| x.round())
    }

    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [x]: [Var<'t, T>; 1], y: Var<'t, T>) -> Var<'t, T> {
        let x = x.alias();
        x.straight_through(y).vjp(g, &[x])[0]
    }
}

#[test]
#[should_panic(expected = "straight_through: it has a first derivative by decree and no second")]
fn a_sweep_in_a_rule_is_a_recorded_one() {
    let tape = Tape::<f64>::new();
    let x = tape.var(2.7);
    let _ = Var::apply(Decreed, [x]).backward();
}
