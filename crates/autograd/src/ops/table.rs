//! The one test that every operation passes.

use super::mutation::with_broken;
use super::{ALL, Case};
use crate::{Real, Tape, Tensor, Var, cost, gradcheck_slice};

fn for_every_case(mut test: impl FnMut(&Case)) {
    for case in ALL.iter().copied().flatten() {
        let before = cost::live_bytes();
        test(case);
        assert_eq!(cost::live_bytes(), before, "{}: memory stays behind", case.name);
    }
}

/// The value, the fast gradient and the recorded gradient of `⟨u, f(x)⟩` with irregular weights `u`.
fn value_and_gradients<T: Real>(
    f: for<'t> fn(&[Var<'t, T>]) -> Var<'t, T>,
    inputs: &[Tensor<T>],
) -> [Vec<Tensor<T>>; 3] {
    let tape = Tape::new();
    let x: Vec<Var<T>> = inputs.iter().map(|x| tape.var(x)).collect();
    let y = f(&x);
    let u = Tensor::from_fn(y.shape(), |i| T::of((i as f64 * 0.7 + 0.3).sin()));
    let total = (y * tape.constant(u)).sum();
    let gradients = total.backward();
    let fast = x.iter().map(|&x| gradients.wrt(x)).collect();
    let recorded = total.vjp(tape.constant(T::one()), &x);
    [vec![y.value()], fast, recorded.iter().map(|g| g.value()).collect()]
}

/// Asserts that two lists of tensors agree to `units` in the last place of their largest element.
fn assert_near<T: Real>(what: &str, left: &[Tensor<T>], right: &[Tensor<T>], units: f64) {
    for (i, (left, right)) in left.iter().zip(right).enumerate() {
        assert_eq!(left.shape(), right.shape(), "{what}, tensor {i}");
        let scale = right.to_vec().iter().fold(0.0, |m: f64, x| m.max(x.as_f64().abs()));
        for (at, (a, b)) in left.to_vec().into_iter().zip(right.to_vec()).enumerate() {
            let (a, b) = (a.as_f64(), b.as_f64());
            let close = (a - b).abs() <= units * T::EPSILON.as_f64() * scale;
            assert!(close, "{what}, tensor {i}, element {at}: {a} and {b}");
        }
    }
}

#[test]
fn derivatives_of_orders_1_2_3() {
    for_every_case(|case| {
        for order in 1..=3 {
            gradcheck_slice(&case.f64, &case.inputs(), order)
                .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        }
    });
}

#[test]
fn fast_pass_equals_recorded_pass_bit_for_bit() {
    for_every_case(|case| {
        let [_, fast, recorded] = value_and_gradients(case.f64, &case.inputs());
        if case.units == 0.0 {
            assert_eq!(fast, recorded, "{}", case.name);
        } else {
            assert_near(case.name, &fast, &recorded, case.units);
        }
    });
}

#[test]
fn single_precision_is_near_double() {
    for_every_case(|case| {
        let inputs = case.inputs();
        let single: Vec<Tensor<f32>> = inputs.iter().map(|x| x.cast()).collect();
        // What f32 sees, in double precision: the rounding of the inputs is not the op's fault.
        let rounded: Vec<Tensor<f64>> = single.iter().map(|x| x.cast()).collect();
        let double = value_and_gradients(case.f64, &rounded);
        for (single, double) in value_and_gradients(case.f32, &single).iter().zip(double) {
            let double: Vec<Tensor<f32>> = double.iter().map(|x| x.cast()).collect();
            assert_near(case.name, single, &double, 64.0);
        }
    });
}

#[test]
fn expressions_say_what_operations_compute() {
    let mut said = std::collections::BTreeSet::new();
    for_every_case(|case| {
        let tape = Tape::new();
        let x: Vec<Var<f64>> = case.inputs().iter().map(|x| tape.var(x)).collect();
        (case.f64)(&x);
        let lines = tape.lines();
        for line in &lines {
            let Some(operation) = &line.operation else { continue };
            let Some(expression) = &operation.expression else { continue };
            said.insert(operation.name.clone());
            let inputs: Vec<_> = line.inputs.iter().map(|&input| lines[input].value.to_vec()).collect();
            for (place, value) in line.value.to_vec().into_iter().enumerate() {
                let x: Vec<f64> = inputs.iter().map(|input| input[place]).collect();
                let found = expression.value(&x);
                let close = (found - value).abs() <= 1e-12 * value.abs().max(1.0);
                assert!(close, "{} of {x:?} is {value}, its expression {found}", operation.name);
            }
        }
    });
    // The elementary ones; the rest of them are for derivatives, or have no name in other programs.
    assert!(said.len() >= 42, "{} expressions: {said:?}", said.len());
}

/// The same elements, laid out differently in memory.
type Layout<'a> = &'a dyn Fn(&Tensor<f64>) -> Tensor<f64>;

#[test]
fn every_layout_of_the_inputs_gives_the_same() {
    let transposed = |x: &Tensor<f64>| if x.rank() < 2 { x.clone() } else { x.t().contiguous().t() };
    let reversed = |x: &Tensor<f64>| match x.shape().first() {
        None => x.clone(),
        Some(&n) => x.slice_step(0, ..n, -1).contiguous().slice_step(0, ..n, -1),
    };
    // Every second column of a wider tensor.
    let sliced = |x: &Tensor<f64>| match x.shape().last() {
        None => x.clone(),
        Some(&n) => {
            let last = x.rank() - 1;
            let mut wide = x.shape().to_vec();
            wide.push(2);
            let doubled = x.reshape([x.shape(), &[1]].concat()).expand(&wide);
            let mut merged = x.shape().to_vec();
            merged[last] = 2 * n;
            doubled.reshape(&merged).slice_step(last, ..2 * n, 2)
        }
    };
    for_every_case(|case| {
        let expected = value_and_gradients(case.f64, &case.inputs());
        let layouts: [(&str, Layout); 3] =
            [("transposed", &transposed), ("reversed", &reversed), ("sliced", &sliced)];
        for (name, layout) in layouts {
            let inputs: Vec<Tensor<f64>> = case.inputs().iter().map(layout).collect();
            let what = format!("{}, {name}", case.name);
            for (given, expected) in value_and_gradients(case.f64, &inputs).iter().zip(&expected) {
                assert_near(&what, given, expected, 8.0);
            }
        }
    });
}

/// A function of variables.
type Function<'a> = dyn for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64> + 'a;

/// `⟨u, f(x)⟩` and its derivatives of orders 1, 2 and 3 along irregular directions, recorded; and
/// the same again, with the last derivative taken by the fast pass.
fn along_directions(f: &Function, inputs: &[Tensor<f64>], seed: usize) -> [[f64; 2]; 4] {
    let irregular = |shape: &[usize], k: usize| {
        Tensor::from_fn(shape, |i| ((i + 1) as f64 * 12.9898 + (k + 10 * seed) as f64 * 78.233).sin())
    };
    let tape = Tape::new();
    let x: Vec<Var<f64>> = inputs.iter().map(|x| tape.var(x)).collect();
    let y = f(&x);
    let mut phi = (y * tape.constant(irregular(&y.shape(), 0))).sum();
    let mut result = [[phi.item(); 2]; 4];
    for (order, result) in result.iter_mut().enumerate().skip(1) {
        let gradients = phi.backward();
        let recorded = phi.vjp(tape.constant(1.0), &x);
        *result = [0.0; 2];
        phi = tape.constant(0.0);
        for (i, (&x, g)) in x.iter().zip(recorded).enumerate() {
            let v = tape.constant(irregular(&x.shape(), order + 3 * i));
            result[1] += (tape.constant(gradients.wrt(x)) * v).sum().item();
            phi = phi + (g * v).sum();
        }
        result[0] = phi.item();
    }
    result
}

/// Asserts that a fused operation equals the composition of its parts, in value and in derivatives
/// of orders 1, 2 and 3, both recorded and by the fast pass.
pub(super) fn assert_equals_its_parts(fused: &Function, parts: &Function, inputs: &[Tensor<f64>]) {
    let all = |f| -> Vec<[[f64; 2]; 4]> { (0..8).map(|seed| along_directions(f, inputs, seed)).collect() };
    let (given, expected) = (all(fused), all(parts));
    for order in 0..=3 {
        let scale = expected.iter().fold(0.0, |scale: f64, e| scale.max(e[order][0].abs()));
        for (given, expected) in given.iter().zip(&expected) {
            for (given, pass) in given[order].iter().zip(["recorded", "fast"]) {
                let expected = expected[order][0];
                let close = (given - expected).abs() <= 1e-12 * scale;
                assert!(close, "order {order}, {pass}: {given:e}, but {expected:e} by its parts");
            }
        }
    }
}

/// The operations on the tape of a case, each with the number of an input that has a derivative.
fn operations(case: &Case) -> Vec<(String, usize)> {
    let tape = Tape::new();
    let x: Vec<Var<f64>> = case.inputs().iter().map(|x| tape.var(x)).collect();
    (case.f64)(&x);
    let nodes = tape.nodes.borrow();
    let mut found = vec![];
    for node in nodes.iter().filter(|node| node.requires_grad) {
        let Some(op) = &node.op else { continue };
        let inputs = node.inputs.iter().enumerate().filter(|(_, input)| nodes[**input].requires_grad);
        found.extend(inputs.map(|(wrt, _)| (op.name(), wrt)));
    }
    found
}

#[test]
fn every_rule_that_is_broken_is_caught() {
    // Mutation: each rule in turn, for each of its inputs, gets a wrong sign, is off by a millionth,
    // relative or absolute, or is lost; in each case the table must notice.
    let cases: Vec<(&Case, Vec<(String, usize)>)> =
        ALL.iter().copied().flatten().map(|case| (case, operations(case))).collect();
    let mut rules: Vec<(String, usize)> =
        cases.iter().flat_map(|(_, operations)| operations).cloned().collect();
    rules.sort();
    rules.dedup();
    let mut survivors = vec![];
    for (name, wrt) in &rules {
        // A rule that is zero by its statement has no sign and no factor, but it must stay zero.
        let zero = ["ceil", "floor", "round", "sign", "step"].contains(&name.as_str());
        let factors: &[f64] = if zero { &[] } else { &[-1.0, 1.0 + 1e-6, 0.0] };
        for (factor, offset) in factors.iter().map(|&factor| (factor, 0.0)).chain([(1.0, 1e-6)]) {
            let mut affected =
                cases.iter().filter(|(_, operations)| operations.iter().any(|(used, _)| used == name));
            let noticed = affected.any(|(case, _)| {
                let check = || gradcheck_slice(&case.f64, &case.inputs(), 1).is_err();
                with_broken(name, *wrt, [factor, offset], check)
            });
            if !noticed {
                survivors.push(format!("{name}, input {wrt}, factor {factor}, offset {offset}"));
            }
        }
    }
    assert!(rules.len() > 80 && survivors.is_empty(), "{} rules; nobody noticed {survivors:#?}", rules.len());
}

#[test]
fn every_file_has_its_cases_and_every_case_its_own_name() {
    let mut files = 0;
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/ops")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue; // tests of a family
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !["mod.rs", "table.rs", "accuracy.rs", "elementwise.rs", "formula.rs", "mutation.rs"]
            .contains(&name)
        {
            files += 1;
            assert!(text.contains("pub(super) const CASES: &[Case]"), "{name} has no CASES");
        }
    }
    assert_eq!(files, ALL.len());
    let mut names: Vec<&str> = ALL.iter().copied().flatten().map(|case| case.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "two cases share a name");
}
