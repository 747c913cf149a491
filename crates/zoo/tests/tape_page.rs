//! The interactive page of the book, docs/src/play/tape.html: its numbers must be those that the crate computes.
//!
//! The page is opened in a headless Chromium with a list of expressions, steps through each, and reports what its
//! table shows. It also trains its network for three steps, and opens a tape that the crate has saved. Where no Chromium
//! is installed this is not checked, and the test says so; CHROMIUM names another one.

use std::path::{Path, PathBuf};
use std::process::Command;

use autograd::{Tape, Tensor, Var};
use serde_json::{Value, json};

type Function = for<'t> fn(&[Var<'t, f64>]) -> Var<'t, f64>;

/// What is typed, its variables in the order of their appearance, and the same by the crate.
type Expression = (&'static str, &'static [(&'static str, f64)], Function);

const EXPRESSIONS: &[Expression] = &[
    ("tanh(x*x)", &[("x", 0.7)], |v| (v[0] * v[0]).tanh()),
    ("x * sin(x) + x", &[("x", 1.2)], |v| v[0] * v[0].sin() + v[0]),
    ("sigmoid(w*x + b)", &[("w", 2.0), ("x", 0.7), ("b", -0.5)], |v| (v[0] * v[1] + v[2]).sigmoid()),
    ("-x^2", &[("x", 3.0)], |v| -(v[0].powi(2))),
    ("2^-x", &[("x", 1.5)], |v| v[0].tape().constant(2.0).pow(-v[0])),
    ("a^b^c", &[("a", 1.3), ("b", 0.7), ("c", 1.9)], |v| v[0].pow(v[1].pow(v[2]))),
    ("a - b - c / d / e", &[("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0), ("e", 5.0)], |v| {
        v[0] - v[1] - v[2] / v[3] / v[4]
    }),
    ("a - -b * +c", &[("a", 1.5), ("b", 2.5), ("c", -3.5)], |v| v[0] - (-v[1]) * v[2]),
    ("ln(exp(a) + exp(b))", &[("a", 0.3), ("b", 1.0)], |v| (v[0].exp() + v[1].exp()).ln()),
    ("relu(x) * relu(-x) + relu(y)", &[("x", -1.5), ("y", 0.25)], |v| {
        v[0].relu() * (-v[0]).relu() + v[1].relu()
    }),
    ("relu(x)", &[("x", 0.0)], |v| v[0].relu()),
    ("x / sqrt(x^2 + y^2)", &[("x", 3.0), ("y", 4.0)], |v| v[0] / (v[0].square() + v[1].square()).sqrt()),
    ("tan(x) + cos(.5e1 * x)·2", &[("x", 0.4)], |v| v[0].tan() + (v[0] * 5.0).cos() * 2.0),
    ("((x − 1) × (x ÷ 3))", &[("x", -0.4)], |v| (v[0] - 1.0) * (v[0] / 3.0)),
    ("exp(-(x - mu)^2 / (2*s^2)) / s", &[("x", 0.4), ("mu", 0.1), ("s", 0.6)], |v| {
        (-(v[0] - v[1]).square() / (v[2].square() * 2.0)).exp() / v[2]
    }),
    ("(x - 0.7)^0", &[("x", 0.7)], |v| (v[0] - 0.7).pow(v[0].tape().constant(0.0))),
    ("x^y", &[("x", 0.0), ("y", 0.0)], |v| v[0].pow(v[1])),
    ("x^y", &[("x", 0.0), ("y", 2.5)], |v| v[0].pow(v[1])),
    ("x", &[("x", 5.0)], |v| v[0]),
    (
        "check * step + e*constructor",
        &[("check", 2.0), ("step", -3.0), ("e", 0.5), ("constructor", 4.0)],
        |v| v[0] * v[1] + v[2] * v[3],
    ),
    ("0^x", &[("x", 2.0)], |v| v[0].tape().constant(0.0).pow(v[0])),
    ("sin(pi*x)", &[("x", 0.3)], |v| (v[0] * std::f64::consts::PI).sin()),
    ("exp(-500*x)", &[("x", 1.1)], |v| (v[0] * -500.0).exp()),
];

/// An expression, its variables, those to differentiate by before the last sweep, and the same by the crate.
type Again = (&'static str, &'static [(&'static str, f64)], &'static [usize], Function);

/// Derivatives of order two and three: the page records a sweep for each variable, and then makes one more.
const AGAIN: &[Again] = &[
    ("tanh(x*x)", &[("x", 0.7)], &[0], |v| (v[0] * v[0]).tanh()),
    ("x^3", &[("x", 2.0)], &[0, 0], |v| v[0].powi(3)),
    ("a*b", &[("a", 2.0), ("b", 3.0)], &[0], |v| v[0] * v[1]),
    ("x / sqrt(x^2 + y^2)", &[("x", 3.0), ("y", 4.0)], &[0, 1], |v| {
        v[0] / (v[0].square() + v[1].square()).sqrt()
    }),
    ("sigmoid(w*x + b)", &[("w", 2.0), ("x", 0.7), ("b", -0.5)], &[1, 0], |v| (v[0] * v[1] + v[2]).sigmoid()),
    ("relu(x)*x + cos(tan(x))", &[("x", 0.4)], &[0], |v| v[0].relu() * v[0] + v[0].tan().cos()),
    ("ln(exp(a) + exp(b)) - a^b", &[("a", 0.3), ("b", 1.2)], &[1, 1], |v| {
        (v[0].exp() + v[1].exp()).ln() - v[0].pow(v[1])
    }),
    ("x^y", &[("x", 0.0), ("y", 2.5)], &[0], |v| v[0].pow(v[1])),
    ("exp(-x) / x", &[("x", 1.5)], &[0, 0], |v| (-v[0]).exp() / v[0]),
];

/// What is refused, and a word of the sentence about it.
const MISTAKES: &[(&str, &str)] = &[
    ("", "Type an expression"),
    ("x +", "ends too early"),
    ("(x", "expected “)”"),
    ("x y", "expected an operator before “y”"),
    ("foo(x)", "function “foo”"),
    ("x ? 1", "understand “?”"),
    ("sin x", "Write sin(x)"),
    ("2x", "write 2*x"),
    ("x**2", "write x^2"),
    ("log(x)", "ln(x)"),
    ("abs(x)", "sqrt(x^2)"),
];

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/play/tape.html").canonicalize().unwrap()
}

fn chromium() -> Option<String> {
    let named = std::env::var("CHROMIUM").ok();
    let usual = ["chromium", "chromium-browser", "google-chrome"].map(String::from);
    let answers =
        |name: &String| Command::new(name).arg("--version").output().is_ok_and(|out| out.status.success());
    named.into_iter().chain(usual).find(answers)
}

/// The page's own report about a list of `[expression, values]`.
fn report(browser: &str, list: &Value) -> Vec<Value> {
    let hash: String = list.to_string().bytes().map(|byte| format!("%{byte:02x}")).collect();
    let profile = tempfile::tempdir().unwrap();
    let out = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}#check={hash}", page().display()))
        .output()
        .unwrap();
    let dom = String::from_utf8(out.stdout).unwrap();
    let start = dom.find("<pre id=\"report\"").expect("the page has a place for its report");
    let text = &dom[start..];
    let text = &text[text.find('>').unwrap() + 1..text.find("</pre>").unwrap()];
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("the report is “{text}”: {error}"))
}

fn assert_near(what: &str, page: f64, ours: f64) {
    assert!(
        (page - ours).abs() <= 1e-9 * (1.0 + ours.abs()),
        "{what}: the page shows {page}, the crate has {ours}"
    );
}

/// A line of the page's table.
fn field<'a>(line: &'a Value, name: &str) -> &'a str {
    line[name].as_str().unwrap_or_else(|| panic!("{line} has no {name}"))
}

fn number(line: &Value, name: &str) -> f64 {
    field(line, name).parse().unwrap_or_else(|_| panic!("{line}: {name} should be a number"))
}

#[test]
fn values_and_adjoints_are_those_of_the_crate() {
    let Some(browser) = chromium() else {
        println!("no Chromium is installed (or CHROMIUM names none), so the interactive page is not checked");
        return;
    };
    let given = EXPRESSIONS.iter().map(|(text, values, _)| {
        let values: serde_json::Map<_, _> =
            values.iter().map(|(name, x)| (name.to_string(), json!(x))).collect();
        json!([text, values])
    });
    let wrong = MISTAKES.iter().map(|(text, _)| json!([text, {}]));
    let shown = report(&browser, &given.chain(wrong).collect());
    assert_eq!(shown.len(), EXPRESSIONS.len() + MISTAKES.len());

    for ((text, values, f), shown) in EXPRESSIONS.iter().zip(&shown) {
        let lines = shown["lines"].as_array().unwrap_or_else(|| panic!("{text}: {shown}"));
        let tape = Tape::<f64>::new();
        let variables: Vec<Var<f64>> = values.iter().map(|&(_, x)| tape.var(x)).collect();
        let y = f(&variables);
        assert_near(text, number(&lines[lines.len() - 1], "value"), y.item());
        let gradients = y.backward();
        for (&(name, _), &x) in values.iter().zip(&variables) {
            let adjoint = number(row(lines, name), "adjoint");
            assert_near(&format!("{text} by {name}"), adjoint, gradients.wrt(x).item());
        }
        every_line_is_as_on_a_tape(text, lines, lines.len() - 1);
    }
    for ((text, word), shown) in MISTAKES.iter().zip(&shown[EXPRESSIONS.len()..]) {
        let problem =
            shown["problem"].as_str().unwrap_or_else(|| panic!("“{text}” should be refused: {shown}"));
        assert!(problem.contains(word), "“{text}”: {problem}");
    }
}

/// The page's own list, line by line, by the crate.
fn every_line_is_as_on_a_tape(text: &str, lines: &[Value], output: usize) {
    let tape = Tape::<f64>::new();
    let mut vars: Vec<Var<f64>> = vec![];
    for line in lines {
        let inputs: Vec<Var<f64>> =
            field(line, "inputs").split_whitespace().map(|id| vars[id.parse::<usize>().unwrap()]).collect();
        vars.push(match (field(line, "op"), &inputs[..]) {
            ("variable", []) => tape.var(number(line, "value")),
            ("constant", []) => tape.constant(number(line, "value")),
            ("neg", [x]) => -*x,
            ("add", [a, b]) => *a + *b,
            ("sub", [a, b]) => *a - *b,
            ("mul", [a, b]) => *a * *b,
            ("div", [a, b]) => *a / *b,
            ("pow", [a, b]) => a.pow(*b),
            ("sin", [x]) => x.sin(),
            ("cos", [x]) => x.cos(),
            ("tan", [x]) => x.tan(),
            ("exp", [x]) => x.exp(),
            ("ln", [x]) => x.ln(),
            ("tanh", [x]) => x.tanh(),
            ("sigmoid", [x]) => x.sigmoid(),
            ("relu", [x]) => x.relu(),
            ("sqrt", [x]) => x.sqrt(),
            ("step", [x]) => x.step(),
            (other, _) => panic!("{text}: the page has an operation {other} of {} inputs", inputs.len()),
        });
    }
    let output = vars[output];
    for (id, (line, var)) in lines.iter().zip(&vars).enumerate() {
        assert_near(&format!("{text}, value of %{id}"), number(line, "value"), var.item());
        if !field(line, "adjoint").is_empty() {
            let [adjoint] = output.grad([*var]);
            assert_near(&format!("{text}, adjoint of %{id}"), number(line, "adjoint"), adjoint.item());
        } else if !field(line, "name").is_empty() {
            let [adjoint] = output.grad([*var]);
            assert_eq!(adjoint.item(), 0.0, "{text}: the output depends on %{id}, which has no adjoint");
        }
    }
}

/// The row of a variable.
fn row<'a>(lines: &'a [Value], variable: &str) -> &'a Value {
    lines.iter().find(|line| field(line, "name") == variable).expect("a line of this variable")
}

#[test]
fn derivatives_of_derivatives_are_those_of_the_crate() {
    let Some(browser) = chromium() else { return };
    let given = AGAIN.iter().map(|(text, values, by, _)| {
        let by: Vec<&str> = by.iter().map(|&k| values[k].0).collect();
        let values: serde_json::Map<_, _> =
            values.iter().map(|(name, x)| (name.to_string(), json!(x))).collect();
        json!([text, values, by])
    });
    let shown = report(&browser, &given.collect());
    for ((text, values, by, f), shown) in AGAIN.iter().zip(&shown) {
        let lines = shown["lines"].as_array().unwrap_or_else(|| panic!("{text}: {shown}"));
        let tape = Tape::<f64>::new();
        let variables: Vec<Var<f64>> = values.iter().map(|&(_, x)| tape.var(x)).collect();
        let mut y = f(&variables);
        for &k in *by {
            [y] = y.grad([variables[k]]);
        }
        let output = shown["output"].as_u64().unwrap() as usize;
        assert_near(text, number(&lines[output], "value"), y.item());
        for (&(name, _), &x) in values.iter().zip(&variables) {
            let [gradient] = y.grad([x]);
            let adjoint = field(row(lines, name), "adjoint");
            let adjoint = if adjoint.is_empty() { 0.0 } else { adjoint.parse().unwrap() };
            assert_near(&format!("{text} by {name}"), adjoint, gradient.item());
        }
        every_line_is_as_on_a_tape(text, lines, output);
    }
}

/// The network of the page, with two hidden units and three points, after three steps with the rate 0.5.
#[test]
fn the_network_learns_as_one_on_a_tape_of_the_crate() {
    let Some(browser) = chromium() else { return };
    let points = [(0.5, -1.0, 1.0), (-1.5, 0.25, -1.0), (1.0, 1.0, -1.0)];
    let given = points.map(|(x1, x2, t)| json!([x1, x2, t]));
    let shown = &report(&browser, &json!([["network", { "hidden": 2, "points": given }]]))[0];

    let tape = Tape::<f64>::new();
    let weight = |name: &str| tape.var(shown["weights"][name].as_f64().unwrap());
    let names = ["a1", "b1", "c1", "v1", "a2", "b2", "c2", "v2", "d"];
    let w = names.map(weight);
    let mut total = tape.constant(0.0);
    for (x1, x2, t) in points {
        let unit = |j: usize| w[j + 3] * (w[j] * x1 + w[j + 1] * x2 + w[j + 2]).tanh();
        total = total + ((unit(0) + unit(4) + w[8]) * -t).softplus();
    }
    let loss = total / 3.0;
    assert_near("loss", shown["loss"].as_f64().unwrap(), loss.item());
    let gradients = loss.backward();
    for (name, w) in names.into_iter().zip(w) {
        assert_near(name, shown["gradients"][name].as_f64().unwrap(), gradients.wrt(w).item());
    }
    assert!(loss.item() < std::f64::consts::LN_2, "three steps have lowered it");
}

/// A tape that the crate has saved, as the page shows it.
#[test]
fn a_saved_tape_is_shown_as_it_was() {
    let Some(browser) = chromium() else { return };
    let tape = Tape::<f64>::new();
    let (x, w) = (tape.constant(Tensor::from_vec([2], vec![1.0, -2.0])), tape.var(Tensor::ones([2])));
    let y = (x * w).tanh().sum() * 0.5;
    let shown = &report(&browser, &json!([["saved", tape.to_json()]]))[0];
    let lines = shown["lines"].as_array().unwrap_or_else(|| panic!("{shown}"));
    assert_eq!(lines.len(), tape.len());
    assert_near("y", number(&lines[y.node()], "value"), y.item());
    assert_eq!((field(&lines[y.node()], "adjoint"), field(&lines[2], "inputs")), ("1", "0 1"));
    let operations: Vec<&str> = lines.iter().map(|line| field(line, "op")).collect();
    assert_eq!(operations[..4], ["constant", "variable", "mul", "tanh"]);
    let gradient = y.backward().wrt(w).to_vec();
    let adjoint: Vec<f64> = shown["known"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    assert_eq!(adjoint, gradient);
}

/// The page and its scripts are files side by side, and nothing else.
#[test]
fn the_page_needs_no_network() {
    let mut seen = 0;
    for file in std::fs::read_dir(page().parent().unwrap()).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        for loader in ["http:", "https:", "@import", "url(", "fetch(", "import("] {
            assert!(!text.contains(loader), "{} should need no network, but has “{loader}”", path.display());
        }
        for mark in ["src=\"", "href=\""] {
            for named in text.split(mark).skip(1).map(|rest| rest.split('"').next().unwrap()) {
                assert!(
                    !named.contains('/') && path.with_file_name(named).exists(),
                    "{named} stands beside the page"
                );
            }
        }
        seen += 1;
    }
    assert!(seen > 3, "the page and its scripts");
}
