//! The interactive page of the book, docs/src/play/tape.html: what it shows must be what the crate computes.
//!
//! The page is opened in a headless Chromium with a list of expressions, steps through each, and reports what its
//! table shows. Where no Chromium is installed this is not checked, and the test says so; CHROMIUM names another
//! one.

use std::path::{Path, PathBuf};
use std::process::Command;

use autograd::{Tape, Var};
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
];

/// What is refused, and a word of the sentence about it.
const MISTAKES: &[(&str, &str)] = &[
    ("", "Type an expression"),
    ("x +", "ends too early"),
    ("(x", "expected “)”"),
    ("x y", "expected an operator before “y”"),
    ("foo(x)", "function “foo”"),
    ("x ? 1", "understand “?”"),
    ("sin x", "expected “(”"),
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
            let line =
                lines.iter().find(|line| field(line, "name") == name).expect("a line of this variable");
            assert_near(&format!("{text} by {name}"), number(line, "adjoint"), gradients.wrt(x).item());
        }
        every_line_is_as_on_a_tape(text, lines);
    }
    for ((text, word), shown) in MISTAKES.iter().zip(&shown[EXPRESSIONS.len()..]) {
        let problem =
            shown["problem"].as_str().unwrap_or_else(|| panic!("“{text}” should be refused: {shown}"));
        assert!(problem.contains(word), "“{text}”: {problem}");
    }
}

/// The page's own list, line by line, by the crate.
fn every_line_is_as_on_a_tape(text: &str, lines: &[Value]) {
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
            (other, _) => panic!("{text}: the page has an operation {other} of {} inputs", inputs.len()),
        });
    }
    let output = vars[vars.len() - 1];
    for (id, (line, var)) in lines.iter().zip(&vars).enumerate() {
        assert_near(&format!("{text}, value of %{id}"), number(line, "value"), var.item());
        if !field(line, "adjoint").is_empty() {
            let [adjoint] = output.grad([*var]);
            assert_near(&format!("{text}, adjoint of %{id}"), number(line, "adjoint"), adjoint.item());
        } else {
            assert_eq!(field(line, "name"), "", "{text}: a variable has an adjoint");
        }
    }
}

#[test]
fn the_page_needs_no_network() {
    let text = std::fs::read_to_string(page()).unwrap();
    for loader in ["http:", "https:", "src=", "href=", "@import", "url(", "fetch(", "import("] {
        assert!(!text.contains(loader), "the page should be self-contained, but has “{loader}”");
    }
}
