use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::*;
use crate::ops::{ALL, Case};
use crate::shortcuts::{Destination, Shortcuts, Written};
use crate::{Op, SortOrder, cost, value_and_grad, value_and_update};

type Inputs = Vec<Tensor<f64>>;

/// The sum of all elements of a case, with irregular weights.
fn weighed<'t>(case: &Case, x: &[Var<'t, f64>]) -> Var<'t, f64> {
    let y = (case.f64)(x);
    let u = Tensor::from_fn(y.shape(), |i| (i as f64 * 0.7 + 0.3).sin());
    (y * y.tape().constant(u)).sum()
}

/// Three replays with other numbers; the first difference, if there is one.
fn replay(case: &'static Case) -> Result<(), String> {
    let inputs = case.inputs();
    const NONE: [Tensor<f64>; 0] = [];
    let mut recorded = Recorded::new(&inputs, &NONE, |x: Vec<Var<f64>>, [], _tape| weighed(case, &x));
    let replays = || {
        for k in 0..3 {
            let inputs: Inputs = inputs.iter().map(|x| x.map(|x| x * (1.0 + 0.01 * f64::from(k)))).collect();
            let given = recorded.value_and_grad(&inputs, &NONE);
            let expected = value_and_grad(&inputs, |x: Vec<Var<f64>>, _tape| weighed(case, &x));
            assert_eq!(given, expected, "{}, replay {k}", case.name);
            assert_eq!(recorded.value(&inputs, &NONE).item(), expected.0, "{}, value {k}", case.name);
        }
    };
    catch_unwind(AssertUnwindSafe(replays)).map_err(|panic| *panic.downcast::<String>().expect("a sentence"))
}

#[test]
fn every_operation_is_replayed_bit_for_bit() {
    for case in ALL.iter().copied().flatten() {
        if let Err(message) = replay(case) {
            panic!("{}: {message}", case.name);
        }
    }
}

#[test]
fn choices_are_made_anew() {
    let w = Tensor::from_vec([4], vec![1.0, -2.0, 3.0, -4.0]);
    let mut recorded = Recorded::new(&w, &w, |w, x, _tape| {
        let [sorted, places] = (w * x).sort(0, SortOrder::Descending);
        let far = w.gt(x).select(w * x, w.stop_gradient() * w);
        (sorted * places + far + x * w.argmax()).sum() + w.max() * x.min()
    });
    for x in [[1.0, 2.0, 3.0, 4.0], [-1.0, 2.0, -3.0, 5.0], [0.5, -9.0, 7.0, 7.0]] {
        let x = Tensor::from_vec([4], x.to_vec());
        let expected = value_and_grad(&w, |w, tape| {
            let x = tape.constant(&x);
            let [sorted, places] = (w * x).sort(0, SortOrder::Descending);
            let far = w.gt(x).select(w * x, w.stop_gradient() * w);
            (sorted * places + far + x * w.argmax()).sum() + w.max() * x.min()
        });
        assert_eq!(recorded.value_and_grad(&w, &x), expected);
    }
    assert_eq!(recorded.programs.len(), 1);
}

/// `y = |x|`, whose rule reads a value.
struct Looks;

impl<T: Real> Op<T, 1> for Looks {
    const NAME: &'static str = "looks";

    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        x.map(|x| x.abs())
    }
    fn vjp<'t>(&self, _: usize, g: Var<'t, T>, [x]: [Var<'t, T>; 1], _: Var<'t, T>) -> Var<'t, T> {
        if x.item() > T::zero() { g } else { -g }
    }
}

#[test]
fn a_rule_that_is_refused_names_its_operation_and_the_line_of_its_use() {
    let w = Tensor::scalar(3.0);
    let mut looks = Recorded::new(&w, &w, |w, x, _tape| Var::apply(Looks, [w - x]));
    let line = line!() - 1;
    assert_eq!(looks.value(&w, &Tensor::scalar(4.0)).item(), 1.0);
    let panic = catch_unwind(AssertUnwindSafe(|| looks.value_and_grad(&w, &w))).unwrap_err();
    let text = panic.downcast::<String>().unwrap();
    assert!(text.starts_with("the derivative of looks at "), "{text}");
    assert!(text.contains(&format!("tests.rs:{line}:")), "{text}");
}

#[test]
fn a_gradient_inside_takes_the_branch_of_its_replay() {
    let w = Tensor::scalar(3.0);
    let mut slope = Recorded::new(&w, &w, |w, x, _tape| (w * x).elu(1.0).grad([w])[0]);
    for x in [2.0, -0.5, 1.0] {
        let expected = if x > 0.0 { x } else { x * f64::exp(3.0 * x) };
        assert!((slope.value(&w, &Tensor::scalar(x)).item() - expected).abs() < 1e-15);
    }
}

type Layers<W> = [(W, W); 2];

fn layers() -> Layers<Tensor<f64>> {
    let wave = |shape: [usize; 2], k: f64| Tensor::from_fn(shape, |i| (i as f64 * k).sin() * 0.4);
    [(wave([5, 3], 0.7), Tensor::zeros([5])), (wave([3, 5], 0.3), Tensor::zeros([3]))]
}

fn batch(rows: usize, k: usize) -> Tensor<f64> {
    Tensor::from_fn([rows, 3], |i| ((i + 7 * k) as f64 * 0.9).cos())
}

fn loss<'t>([a, b]: Layers<Var<'t, f64>>, x: Var<'t, f64>) -> Var<'t, f64> {
    (x.linear(a.0, a.1).tanh().linear(b.0, b.1) - x).square().mean()
}

fn descend(_: usize, _: Name, w: &mut Tensor<f64>, g: &Tensor<f64>) {
    Tensor::update([w], [g], |[w], [g]| [w - 0.1 * g]);
}

#[test]
fn training_is_the_same_to_the_bit_whatever_the_batch() {
    let (mut model, mut other) = (layers(), layers());
    let mut recorded = Recorded::new(&model, &batch(4, 0), |model, x, _tape| loss(model, x));
    for k in 0..20 {
        let x = batch([4, 4, 1, 400][k % 4], k);
        let value = value_and_update(&mut other, |model, tape| loss(model, tape.constant(&x)), &mut descend);
        assert_eq!(recorded.value_and_update(&mut model, &x, &mut descend), value, "step {k}");
    }
    assert_eq!((recorded.programs.len(), model), (3, other));
}

#[test]
fn inputs_may_lie_in_any_order() {
    let model = layers();
    let mut recorded = Recorded::new(&model, &batch(4, 0), |model, x, _tape| loss(model, x));
    let rows = Tensor::from_fn([1, 3], |i| i as f64);
    for x in [batch(4, 0), batch(4, 1).t().contiguous().t(), rows.expand([4, 3]), batch(4, 2)] {
        let expected = value_and_grad(&model, |model, tape| loss(model, tape.constant(&x)));
        assert_eq!(recorded.value_and_grad(&model, &x), expected);
        assert_eq!(recorded.value_and_grad(&model, &x), expected);
    }
}

/// `y = 2 x`, told in both ways; whether it was asked for the second.
struct Twice(Arc<AtomicBool>);

impl<T: Real> Op<T, 1> for Twice {
    const NAME: &'static str = "twice";

    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        x.map(|x| x + x)
    }
    fn vjp<'t>(&self, _: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], _: Var<'t, T>) -> Var<'t, T> {
        g * 2.0
    }
    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 1>> {
        Some(self)
    }
}

impl<T: Real> Shortcuts<T, 1> for Twice {
    fn forward_to(&self, [x]: [&Tensor<T>; 1], to: Destination<T>) -> Option<Written<T>> {
        let Destination::Memory(out) = to else { return None };
        self.0.store(true, Relaxed);
        x.to_vec().iter().zip(out).for_each(|(&x, y)| *y = x + x);
        Some(Written::There)
    }
}

#[test]
fn results_are_written_where_the_last_ones_were() {
    let (w, asked) = (Tensor::from_vec([2], vec![3.0, 4.0]), Arc::new(AtomicBool::new(false)));
    let seen = Arc::clone(&asked);
    let mut twice = Recorded::new(&w, &w, move |w, x, _tape| Var::apply(Twice(Arc::clone(&seen)), [w * x]));
    let first = twice.value(&w, &w);
    assert!(asked.swap(false, Relaxed));
    // What is kept is not written over.
    assert_eq!(twice.value(&w, &first).to_vec(), [108.0, 256.0]);
    assert_eq!((first.to_vec(), asked.swap(false, Relaxed)), (vec![18.0, 32.0], false));
    drop(first);
    let address = twice.value(&w, &w).memory().0;
    assert_eq!((twice.value(&w, &w).memory().0, asked.swap(false, Relaxed)), (address, true));
}

/// `y = x`, but the other way is another.
struct Other;

impl<T: Real> Op<T, 1> for Other {
    const NAME: &'static str = "other";

    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        x.clone()
    }
    fn vjp<'t>(&self, _: usize, g: Var<'t, T>, _: [Var<'t, T>; 1], _: Var<'t, T>) -> Var<'t, T> {
        g
    }
    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 1>> {
        Some(self)
    }
}

impl<T: Real> Shortcuts<T, 1> for Other {
    fn forward_to(&self, [x]: [&Tensor<T>; 1], to: Destination<T>) -> Option<Written<T>> {
        Some(match to {
            Destination::Memory(_) => Written::There, // and has forgotten to write
            _ => Written::New(x.clone()),
        })
    }
}

#[test]
#[should_panic(expected = "what is written into memory is not its value")]
fn another_way_to_the_value_is_tried_when_it_is_recorded() {
    let w = Tensor::scalar(3.0);
    Recorded::new(&w, &w, |w, x, _tape| Var::apply(Other, [w * x])).value(&w, &w);
}

#[test]
fn only_so_many_shapes_are_remembered() {
    let mut recorded = Recorded::new(&layers(), &batch(1, 0), |model, x, _tape| loss(model, x));
    (1..MOST + 9).for_each(|rows| _ = recorded.value(&layers(), &batch(rows, 0)));
    assert_eq!(recorded.programs.len(), MOST);
}

#[test]
fn results_that_are_kept_stay_as_they_are() {
    let (model, x) = (layers(), [batch(4, 0), batch(4, 1)]);
    let mut recorded = Recorded::new(&model, &x[0], |model, x, _tape| loss(model, x));
    let (first, gradient) = recorded.value_and_grad(&model, &x[0]);
    let kept: Vec<_> = gradient.iter().map(|layer| layer.0.to_vec()).collect();
    assert_ne!(recorded.value_and_grad(&model, &x[1]).0, first);
    assert_eq!(gradient.iter().map(|layer| layer.0.to_vec()).collect::<Vec<_>>(), kept);
}

#[test]
fn results_that_are_given_or_constant() {
    let (w, x) = (Tensor::scalar(3.0), Tensor::scalar(2.0));
    let mut same = Recorded::new(&w, &x, |w, _, _tape| w);
    assert_eq!(same.value_and_grad(&w, &x), (3.0, Tensor::scalar(1.0)));
    assert_eq!(same.value_and_grad(&x, &x), (2.0, Tensor::scalar(1.0)));
    let mut input = Recorded::new(&w, &x, |_, x, _tape| x);
    assert_eq!(input.value_and_grad(&w, &x), (2.0, Tensor::scalar(0.0)));
    let mut fixed = Recorded::new(&w, &x, |_, _, tape| tape.constant(5.0) * 2.0);
    assert_eq!(fixed.value_and_grad(&w, &x), (10.0, Tensor::scalar(0.0)));
    let mut missing = Recorded::new(&w, &x, |w, _, tape| w * tape.constant(f64::NAN));
    assert!(missing.value(&w, &x).item().is_nan());
}

#[test]
fn a_gradient_inside_is_replayed() {
    // The Laplacian of w x³ is 6 w x.
    fn laplacian<'t>(w: Var<'t, f64>, x: Var<'t, f64>) -> Var<'t, f64> {
        let [dx] = (w * x * x * x).grad([x]);
        let [ddx] = dx.grad([x]);
        ddx.square()
    }
    let mut recorded = Recorded::new(&Tensor::scalar(0.0), &Tensor::scalar(0.0), |w, x, _| laplacian(w, x));
    for (w, x) in [(1.0, 2.0), (3.0, 0.5)] {
        let given = recorded.value_and_grad(&Tensor::scalar(w), &Tensor::scalar(x));
        assert_eq!(given, (36.0 * w * w * x * x, Tensor::scalar(72.0 * w * x * x)));
    }
}

#[test]
fn a_replay_holds_little_memory() {
    let (model, x) = (layers(), batch(4000, 0));
    let mut recorded = Recorded::new(&model, &x, |model, x, _tape| loss(model, x));
    recorded.value_and_grad(&model, &x);
    let held = cost::live_bytes();
    cost::reset_peak();
    recorded.value_and_grad(&model, &x);
    let replayed = cost::peak_bytes() - held;
    cost::reset_peak();
    value_and_grad(&model, |model, tape| loss(model, tape.constant(&x)));
    let eager = cost::peak_bytes() - held;
    assert!(replayed <= eager, "a replay takes {replayed} bytes, a tape {eager}");
    drop(recorded);
    assert!(held - cost::live_bytes() < 10_000, "{} bytes are kept", held - cost::live_bytes());
}

#[test]
fn generators_can_ask() {
    let w = Tensor::scalar(3.0);
    let mut asks = Recorded::new(&w, &w, |w, x, _tape| if is_recording() { w * x } else { w });
    assert_eq!(asks.value(&w, &w).item(), 9.0);
    let mut fails = Recorded::new(&w, &w, |w, _, tape| tape.constant(w.value()));
    assert!(catch_unwind(AssertUnwindSafe(|| fails.value(&w, &w))).is_err());
    assert!(!is_recording());
}

#[test]
#[should_panic(expected = "item: a function that is recorded to be replayed cannot look at its values")]
fn values_decide_nothing() {
    let w = Tensor::scalar(3.0);
    Recorded::new(&w, &w, |w, x, _tape| if x.item() > 0.0 { w } else { -w }).value(&w, &w);
}

#[test]
#[should_panic(expected = "what it draws at random must be among its inputs")]
fn noise_is_an_input() {
    let (w, draws) = (Tensor::scalar(3.0), Cell::new(0.0));
    let mut noisy = Recorded::new(&w, &w, move |w, x, tape| {
        draws.set(draws.get() + 1.0);
        w * x + tape.constant(draws.get())
    });
    noisy.value(&w, &w);
}

#[test]
#[should_panic(expected = "Recorded: only a single number has a gradient, not shape [3, 5]; sum it first")]
fn a_gradient_of_many_numbers() {
    let w = layers();
    Recorded::new(&w, &batch(1, 0), |w, _, _tape| w[1].0).value_and_grad(&w, &batch(1, 0));
}

#[test]
fn a_recorded_function_may_move_to_another_thread() {
    let w = Tensor::from_vec([2], vec![3.0, 4.0]);
    let mut recorded = Recorded::new(&w, &w, |w, x, _tape| (w * x).square().sum());
    let here = recorded.value_and_grad(&w, &w);
    let there = std::thread::spawn(move || recorded.value_and_grad(&w, &w)).join().unwrap();
    assert_eq!(here, there);
}
