//! Formulas: which texts are some, how they are set, and that every formula of the book is one.

use std::fs;
use std::path::{Path, PathBuf};

use crate::formula::{looks_like_one, parse};
use crate::mathml;
use crate::page::{Piece, formula, pieces, typeset};

fn inline(text: &str) -> String {
    let set = mathml::write(&parse(text).unwrap(), false, "");
    set.replace("<span class=\"formula\"><math><mrow>", "").replace("</mrow></math></span>", "")
}

fn display(text: &str) -> String {
    mathml::write(&parse(text).unwrap(), true, "")
}

#[test]
fn indices_exponents_and_accents() {
    assert_eq!(inline("xᵢ"), "<msub><mi>x</mi><mrow><mi>i</mi></mrow></msub>");
    assert_eq!(inline("x_i"), inline("xᵢ"));
    assert_eq!(inline("x²"), inline("x^2"));
    assert_eq!(
        inline("wₙ₊₁²"),
        "<msubsup><mi>w</mi><mrow><mi>n</mi><mo>+</mo><mn>1</mn></mrow><mrow><mn>2</mn></mrow></msubsup>"
            .replace("<mo>+", "<mo>&#43;")
    );
    assert_eq!(inline("ȳ"), inline("y\u{304}"));
    assert_eq!(inline("x̂"), "<mover accent=\"true\"><mi>x</mi><mo stretchy=\"false\">&#94;</mo></mover>");
    // An exponent has its own index: e to the power of s with index j.
    assert!(inline("e^sⱼ").contains("<msup><mi>e</mi><mrow><msub><mi>s</mi>"));
    assert_eq!(inline("e^(−t s)"), inline("e^{−t s}"));
}

#[test]
fn fractions_have_their_products() {
    let between = |text: &str| {
        let set = display(text);
        let (_, set) = set.split_once("<mfrac>").unwrap();
        let plain = set.split_once("</mfrac>").unwrap().0.replace("</mrow><mrow>", " over ");
        let mut out = String::new();
        let mut tag = false;
        for c in plain.chars() {
            tag = c == '<' || tag && c != '>';
            if !tag && c != '>' {
                out.push(c);
            }
        }
        out
    };
    assert_eq!(between("a + b c / d"), "bc over d");
    assert_eq!(between("a + b c/d"), "c over d");
    assert_eq!(between("1/K Σₖ wₖ"), "1 over K");
    assert_eq!(between("dy/dx ≈ h"), "dy over dx");
    assert_eq!(between("(a + b) / 2h"), "a&#43;b over 2h");
    assert_eq!(between("w − η · m / (v + ε)"), "m over v&#43;ε");
    assert!(!inline("dy/dx").contains("mfrac"), "a line of text keeps its height");
}

#[test]
fn bars_are_sizes_or_conditions() {
    assert_eq!(inline("p(x|z)").matches("form=\"prefix\"").count(), 1, "the bracket only");
    assert_eq!(inline("λ |h|").matches("form=\"prefix\"").count(), 1);
    assert_eq!(inline("E[x | y]"), inline("E[x|y]").replace("0.1em", "0.2em"));
    assert!(
        inline("‖x − y‖²").starts_with("<msup><mrow><mo form=\"prefix\" fence=\"true\" stretchy=\"false\">‖")
    );
}

#[test]
fn long_formulas_can_break_before_a_sign() {
    assert_eq!(display("L = a + b").matches("<math").count(), 3);
    assert_eq!(mathml::write(&parse("L = a + b").unwrap(), false, "").matches("<math").count(), 1);
    assert_eq!(
        display("‖a − b‖ = −c").matches("<math").count(),
        2,
        "nothing breaks within bars or after a sign"
    );
}

#[test]
fn code_is_no_formula() {
    for code in [
        "x.tanh()",
        "Var::tanh",
        "[4, 1, 3]",
        "Vec<T>",
        "a * b",
        "loss",
        "log_var",
        "x -> y",
        "a == b",
        "|x| x * x",
        "0.25",
        "f32",
        "#[track_caller]",
        "--data",
        "&x",
        "+=",
        "error/",
        "x[:, 2:5]",
        "exp_m1",
        "x1",
        "tanh",
        "tape.md",
        "let x = 2",
    ] {
        assert!(formula(code).is_none(), "{code}");
    }
    for text in ["x", "f(x)", "a + b", "x = 0.7", "tanh(x²)", "∂L/∂x", "10⁻¹¹", "m × n", "max(a, b)", "n > 0"]
    {
        assert!(formula(text).is_some(), "{text}: {:?}", parse(text));
    }
    let page = "Text `x²` and `x.y()`\n\n# On `x²`\n\n```text\n`x²`\n```\n";
    let set = typeset(page);
    assert_eq!(set.matches("<math>").count(), 1);
    assert!(set.contains("`x.y()`") && set.contains("# On `x²`") && set.contains("\n`x²`\n"));
    assert!(typeset("so `x²`, and").contains("</math>,</span></span> and"), "a comma stays with its formula");
    assert_eq!(typeset("a `x\n+ y²` b").matches("<math>").count(), 1, "over the end of a line");
    let cell = typeset("| `p(x\\|z)` | b |");
    assert_eq!(cell.matches('|').count(), 3, "a bar within a formula ends no cell: {cell}");
}

/// Pages of the book.
fn pages() -> Vec<PathBuf> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let files = [docs.join("src"), docs].into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect()
}

/// A formula with a mistake would stay code, and nobody would notice.
#[test]
fn every_formula_of_the_book_is_set() {
    let (mut set, mut left) = (0, vec![]);
    for page in pages() {
        for piece in pieces(&fs::read_to_string(&page).unwrap()) {
            let Piece::Code { code, display } = piece else { continue };
            match formula(&code) {
                Some(_) => set += 1,
                None if display || looks_like_one(&code) && !ALLOWED.contains(&&*code) => {
                    left.push(format!("{}: {code}: {:?}", page.display(), parse(&code).err()));
                }
                None => {}
            }
        }
    }
    assert!(left.is_empty(), "these are no formulas yet:\n{}", left.join("\n"));
    assert!(set > 1000, "only {set} formulas");
}

/// Code that has signs of a formula and is none.
const ALLOWED: &[&str] = &["Exact to 3 ε", "−", "∇", "≈", "+ − · /"];
