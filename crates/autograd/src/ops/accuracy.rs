//! Every elementwise function, its derivatives of orders 1 to 3, and those of functions of two numbers, against exact
//! values from one end of the range to the other, in both precisions.
//!
//! `tests/fixtures/accuracy.txt` holds the values, `accuracy.py` beside it makes it and describes it. The bound of a
//! function is read from its documentation: `Exact to 3 ε` there is demanded here.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Real, Tape, Var};

/// A function of variables.
type Of<T> = for<'a, 't> fn(&'a [Var<'t, T>]) -> Var<'t, T>;

/// A function in both precisions.
struct Function {
    name: &'static str,
    single: Of<f32>,
    double: Of<f64>,
}

macro_rules! function {
    ($name:literal, |$x:ident| $f:expr) => {
        Function { name: $name, single: |$x| $f, double: |$x| $f }
    };
}

#[rustfmt::skip]
const FUNCTIONS: &[Function] = &[
    function!("exp", |x| x[0].exp()),
    function!("exp_m1", |x| x[0].exp_m1()),
    function!("ln", |x| x[0].ln()),
    function!("ln_1p", |x| x[0].ln_1p()),
    function!("logit", |x| x[0].logit()),
    function!("tanh", |x| x[0].tanh()),
    function!("sigmoid", |x| x[0].sigmoid()),
    function!("relu", |x| x[0].relu()),
    function!("step", |x| x[0].step()),
    function!("softplus", |x| x[0].softplus()),
    function!("log_sigmoid", |x| x[0].log_sigmoid()),
    function!("softsign", |x| x[0].softsign()),
    function!("leaky_relu", |x| x[0].leaky_relu(0.25)),
    function!("elu", |x| x[0].elu(1.5)),
    function!("selu", |x| x[0].selu()),
    function!("gelu", |x| x[0].gelu()),
    function!("gelu_tanh", |x| x[0].gelu_tanh()),
    function!("silu", |x| x[0].silu()),
    function!("mish", |x| x[0].mish()),
    function!("hardswish", |x| x[0].hardswish()),
    function!("erf", |x| x[0].erf()),
    function!("erfc", |x| x[0].erfc()),
    function!("ln_gamma", |x| x[0].ln_gamma()),
    function!("digamma", |x| x[0].digamma()),
    function!("polygamma", |x| x[0].polygamma(1)),
    function!("sin", |x| x[0].sin()),
    function!("cos", |x| x[0].cos()),
    function!("tan", |x| x[0].tan()),
    function!("asin", |x| x[0].asin()),
    function!("acos", |x| x[0].acos()),
    function!("atan", |x| x[0].atan()),
    function!("sinh", |x| x[0].sinh()),
    function!("cosh", |x| x[0].cosh()),
    function!("asinh", |x| x[0].asinh()),
    function!("acosh", |x| x[0].acosh()),
    function!("atanh", |x| x[0].atanh()),
    function!("sqrt", |x| x[0].sqrt()),
    function!("rsqrt", |x| x[0].rsqrt()),
    function!("recip", |x| x[0].recip()),
    function!("square", |x| x[0].square()),
    function!("powi", |x| x[0].powi(5)),
    function!("powi", |x| x[0].powi(-3)),
    function!("powf", |x| x[0].powf(0.3)),
    function!("powf", |x| x[0].powf(-4.0)),
    function!("abs", |x| x[0].abs()),
    function!("sign", |x| x[0].sign()),
    function!("floor", |x| x[0].floor()),
    function!("ceil", |x| x[0].ceil()),
    function!("round", |x| x[0].round()),
    function!("clamp", |x| x[0].clamp(-2.0, 5.0)),
    function!("pow", |x| x[0].pow(x[1])),
    function!("logaddexp", |x| x[0].logaddexp(x[1])),
    function!("atan2", |x| x[0].atan2(x[1])),
    function!("hypot", |x| x[0].hypot(x[1])),
    function!("div", |x| x[0] / x[1]),
    function!("mul", |x| x[0] * x[1]),
];

/// The value and all derivatives up to order 3, of several inputs in the order 10 01 20 11 02 …: for each, the last by
/// the recorded pass and by the fast one.
fn derivatives<T: Real>(f: Of<T>, point: &[T]) -> Vec<[f64; 2]> {
    let tape = Tape::new();
    let x: Vec<Var<T>> = point.iter().map(|&x| tape.var(x)).collect();
    let y = f(&x);
    let mut all = vec![[y.item().as_f64(); 2]];
    let mut order = vec![y];
    for _ in 1..=3 {
        // Of the derivatives of the order before, each by the first input, and the last one by the others as well.
        let mut next = vec![];
        for (k, &before) in order.iter().enumerate() {
            let (fast, recorded) = (before.backward(), before.vjp(tape.constant(T::one()), &x));
            let wanted = if k + 1 == order.len() { x.len() } else { 1 };
            for (&x, &recorded) in x.iter().zip(&recorded).take(wanted) {
                all.push([recorded.item().as_f64(), fast.wrt(x).item().as_f64()]);
                next.push(recorded);
            }
        }
        order = next;
    }
    all
}

/// The distance of the number from the exact one, relative to it, in ε. Numbers below the normal ones have fewer digits: all
/// of them are one subnormal number apart, and so are those beyond the largest number from infinity.
fn error<T: Real>(given: f64, exact: f64) -> f64 {
    let [largest, smallest] = if T::EPSILON.as_f64() < 1e-10 {
        [f64::MAX, f64::MIN_POSITIVE]
    } else {
        [f32::MAX, f32::MIN_POSITIVE].map(f64::from)
    };
    if given == exact || given.is_infinite() && given.signum() == exact.signum() && exact.abs() >= largest {
        return 0.0;
    }
    (given - exact).abs() / exact.abs().max(smallest) / T::EPSILON.as_f64()
}

/// Checks all points of one function in one precision; the worst error with its description.
fn worst<T: Real>(f: Of<T>, points: &[(Vec<f64>, Vec<f64>)]) -> (f64, String) {
    let mut worst = (0.0, String::new());
    for (point, exact) in points {
        let given = derivatives(f, &point.iter().map(|&x| T::of(x)).collect::<Vec<_>>());
        assert_eq!(given.len(), exact.len());
        for (which, (given, &exact)) in given.iter().zip(exact).enumerate() {
            for (given, pass) in given.iter().zip(["recorded", "fast"]) {
                let error = error::<T>(*given, exact);
                if error.is_nan() || error > worst.0 {
                    let error = if error.is_nan() { f64::INFINITY } else { error };
                    let text = format!("at {point:?}, derivative {which}, {pass}: {given:e}, but {exact:e}");
                    worst = (error, text);
                }
            }
        }
    }
    worst
}

/// The files that hold nothing but elementwise functions and functions of two numbers.
const FAMILIES: [&str; 10] = [
    "activation",
    "binary",
    "exponential",
    "hyperbolic",
    "piecewise",
    "pow",
    "power",
    "rectifier",
    "special",
    "trigonometric",
];

fn read(path: &str) -> String {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every public method in these files, with the `Exact to 3 ε` in its documentation.
fn stated() -> BTreeMap<String, Option<f64>> {
    let mut methods = BTreeMap::new();
    for family in FAMILIES {
        let source = read(&format!("src/ops/{family}.rs"));
        for (at, start) in source.match_indices("    pub fn ") {
            let name = source[at + start.len()..].split('(').next().expect("a name");
            let documentation = source[..at].rsplit("\n\n").next().expect("what stands above it");
            let (_, bound) = documentation.split_once("Exact to ").unwrap_or_default();
            methods.insert(name.to_owned(), bound.split(' ').next().and_then(|bound| bound.parse().ok()));
        }
    }
    methods
}

#[test]
fn derivatives_up_to_order_3_are_as_exact_as_stated() {
    let (stated, fixture, mut faults) = (stated(), read("tests/fixtures/accuracy.txt"), vec![]);
    let mut functions = FUNCTIONS.iter();
    for section in fixture.split("function ").skip(1) {
        let (title, lines) = section.split_once('\n').expect("lines");
        let function = functions.next().expect("a function for each section of the fixture");
        assert_eq!(title.split(' ').next(), Some(function.name));
        let numbers = |text: &str| -> Vec<f64> {
            text.split_whitespace().map(|x| x.parse().expect("a number")).collect()
        };
        let points: Vec<(Vec<f64>, Vec<f64>)> = lines
            .lines()
            .map(|line| line.split_once(':').expect("a colon"))
            .map(|(point, exact)| (numbers(point), numbers(exact)))
            .collect();
        let bound = stated.get(function.name).copied().flatten().unwrap_or(3.0); // of products and quotients
        let both = [("f32", worst(function.single, &points)), ("f64", worst(function.double, &points))];
        for (precision, (error, text)) in both {
            if error.is_nan() || error > bound {
                faults.push(format!("{} {precision}: {error:.1} ε, not {bound} ε, {text}", function.name));
            }
        }
    }
    assert!(functions.next().is_none(), "a section of the fixture for each function");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_elementwise_function_says_how_exact_it_is_and_is_tested() {
    let tested: BTreeSet<&str> = FUNCTIONS.iter().map(|function| function.name).collect();
    for (name, bound) in stated() {
        // The larger or smaller one of two numbers is exact.
        let chooses = ["maximum", "minimum"].contains(&name.as_str());
        assert!(chooses || bound.is_some() && tested.contains(name.as_str()), "{name}: {bound:?}");
    }
}
