//! Formulas in plain Unicode, as the book and the comments of the code write them, and their structure.
//!
//! > `x̄ = ȳ (1 − y²)`,  `z ~ N(0, I)`,  `pᵢ = e^sᵢ / Σⱼ e^sⱼ`
//!
//! Indices and exponents are raised and lowered letters, or follow `_` and `^`: one symbol, or several in `{ }` or
//! `( )`. A word is the name of a function. What is not a formula, such as a line of Rust, is refused.

/// Part of a formula.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// Letter, or the name of a function; `ⅆ` for the `d` of a differential.
    Name(String),
    /// Number.
    Number(String),
    /// Letter with a bar, a hat or a tilde.
    Accent(Box<Node>, char),
    /// Operator between or before other parts.
    Operator(char),
    /// Parts within brackets or bars.
    Group(char, Vec<Item>, char),
    /// Part with an index, an exponent, or both.
    Script(Box<Node>, Vec<Item>, Vec<Item>),
    /// Square root.
    Root(Vec<Item>),
    /// Fraction, one above the other.
    Fraction(Vec<Item>, Vec<Item>),
}

/// Part of a formula, and whether a space stands before it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    /// The part.
    pub(crate) node: Node,
    /// Whether the source has a space before it.
    pub(crate) spaced: bool,
}

/// Words that a formula may contain.
const WORDS: &[&str] = &[
    "arccos",
    "arcsin",
    "arctan",
    "arcosh",
    "arsinh",
    "artanh",
    "arg",
    "argmax",
    "argmin",
    "atan",
    "coth",
    "cos",
    "cosh",
    "cov",
    "Cov",
    "det",
    "diag",
    "dim",
    "ELBO",
    "erf",
    "erfc",
    "exp",
    "gelu",
    "KL",
    "ln",
    "logit",
    "log",
    "max",
    "min",
    "MMD",
    "NLL",
    "rank",
    "relu",
    "sg",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "tan",
    "tanh",
    "tr",
    "Var",
    "vec",
    "where",
    "if",
    "else",
    "and",
    "or",
    "for",
    "mod",
    "mean",
    "squared",
    "error",
    "standard",
    "deviation",
    "low",
    "high",
    "index",
    "shift",
    "scale",
    "PSNR",
    "AUROC",
];

const OPERATORS: &str = "+−·×/=≈≠≤≥<>←→↦∈~∘⊙±,;:∂∇Σ∏∫…|!%";

/// Raised letters, and what they raise.
const RAISED: &[(char, char)] = &[
    ('⁰', '0'),
    ('¹', '1'),
    ('²', '2'),
    ('³', '3'),
    ('⁴', '4'),
    ('⁵', '5'),
    ('⁶', '6'),
    ('⁷', '7'),
    ('⁸', '8'),
    ('⁹', '9'),
    ('⁺', '+'),
    ('⁻', '−'),
    ('ᵀ', 'T'),
    ('ᵗ', 't'),
    ('ᵃ', 'a'),
    ('ᵇ', 'b'),
    ('ᵏ', 'k'),
    ('ⁿ', 'n'),
    ('ᵐ', 'm'),
    ('ˣ', 'x'),
    ('ʸ', 'y'),
    ('ᵖ', 'p'),
    ('ⁱ', 'i'),
    ('ʲ', 'j'),
    ('ᵉ', 'e'),
    ('ˢ', 's'),
    ('ᵈ', 'd'),
    ('′', '′'),
    ('″', '″'),
];

/// Lowered letters, and what they lower.
const LOWERED: &[(char, char)] = &[
    ('₀', '0'),
    ('₁', '1'),
    ('₂', '2'),
    ('₃', '3'),
    ('₄', '4'),
    ('₅', '5'),
    ('₆', '6'),
    ('₇', '7'),
    ('₈', '8'),
    ('₉', '9'),
    ('₊', '+'),
    ('₋', '−'),
    ('ᵢ', 'i'),
    ('ⱼ', 'j'),
    ('ₖ', 'k'),
    ('ₗ', 'l'),
    ('ₘ', 'm'),
    ('ₙ', 'n'),
    ('ₚ', 'p'),
    ('ₜ', 't'),
    ('ₛ', 's'),
    ('ₑ', 'e'),
    ('ₓ', 'x'),
    ('ₕ', 'h'),
    ('ₐ', 'a'),
    ('ₒ', 'o'),
    ('ᵤ', 'u'),
    ('ᵥ', 'v'),
    ('ᵣ', 'r'),
    ('ᵦ', 'β'),
];

/// Letters that have their accent within, and what it stands on.
const ACCENTED: &[(char, char, char)] = &[
    ('ā', 'a', '¯'),
    ('ē', 'e', '¯'),
    ('ī', 'i', '¯'),
    ('ō', 'o', '¯'),
    ('ū', 'u', '¯'),
    ('ȳ', 'y', '¯'),
    ('ḡ', 'g', '¯'),
    ('Ā', 'A', '¯'),
    ('Ē', 'E', '¯'),
    ('Ō', 'O', '¯'),
    ('Ū', 'U', '¯'),
    ('Ȳ', 'Y', '¯'),
    ('Ḡ', 'G', '¯'),
    ('ŷ', 'y', '^'),
    ('û', 'u', '^'),
    ('ê', 'e', '^'),
    ('ŵ', 'w', '^'),
    ('ĝ', 'g', '^'),
    ('ẑ', 'z', '^'),
    ('â', 'a', '^'),
    ('ũ', 'u', '~'),
    ('ã', 'a', '~'),
    ('ỹ', 'y', '~'),
];

/// Accents that follow their letter.
const ACCENTS: &[(char, char)] = &[('\u{304}', '¯'), ('\u{302}', '^'), ('\u{303}', '~'), ('\u{307}', '˙')];

fn paired<T: Copy>(list: &[(char, T)], c: char) -> Option<T> {
    list.iter().find(|pair| pair.0 == c).map(|pair| pair.1)
}

/// Whether a text has a sign that only formulas have, so that it should be one.
pub(crate) fn looks_like_one(text: &str) -> bool {
    let raised = |c| paired(RAISED, c).is_some() || paired(LOWERED, c).is_some();
    let accented = |c| ACCENTED.iter().any(|a| a.0 == c) || paired(ACCENTS, c).is_some();
    let sign = |c| "−·×≈≠≤≥∈∘⊙±∂∇Σ∏∫√‖⟨½¼∞".contains(c) || ('Α'..='ω').contains(&c);
    text.chars().any(|c| raised(c) || accented(c) || sign(c))
}

/// A formula's parts.
///
/// # Errors
/// In words, if it is none.
pub(crate) fn parse(text: &str) -> Result<Vec<Item>, String> {
    let mut reader = Reader { text: text.chars().collect(), at: 0 };
    let items = reader.sequence(None)?;
    if reader.at < reader.text.len() {
        return Err(format!("“{}” closes nothing", reader.text[reader.at]));
    }
    let operator = |item: &Item| matches!(item.node, Node::Operator(_));
    if items.iter().all(operator) || items.last().is_some_and(|item| item.node == Node::Operator('/')) {
        return Err("an operator without operands".into());
    }
    Ok(items)
}

struct Reader {
    text: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    /// Characters of the input for as long as this holds.
    fn run(&mut self, holds: impl Fn(char) -> bool) -> String {
        let start = self.at;
        while self.peek().is_some_and(&holds) {
            self.at += 1;
        }
        self.text[start..self.at].iter().collect()
    }

    /// Parts up to a closing bracket, which is left where it is.
    fn sequence(&mut self, close: Option<char>) -> Result<Vec<Item>, String> {
        let mut items: Vec<Item> = vec![];
        loop {
            let spaced = !self.run(|c| c == ' ').is_empty();
            let Some(c) = self.peek() else { break };
            let bar = "|‖".contains(c);
            if close == Some(c) && !(bar && self.opens(&items, spaced)) || ")]}⟩".contains(c) {
                break;
            }
            let before = items.last().map(|item| &item.node);
            if c.is_ascii_digit() && !spaced && before.is_some_and(|node| matches!(node, Node::Name(_))) {
                return Err("a name with a number".into());
            }
            if bar && !self.opens(&items, spaced) {
                self.at += 1;
                items.push(Item { node: Node::Operator(c), spaced });
                continue;
            }
            for (k, node) in self.scripted()?.into_iter().enumerate() {
                items.push(Item { node, spaced: spaced && k == 0 });
            }
        }
        Ok(items)
    }

    /// Whether the bar at this place begins an absolute value or a norm; otherwise it means “given” or “from”.
    fn opens(&self, before: &[Item], spaced: bool) -> bool {
        let after_operator = before.last().is_none_or(|item| matches!(item.node, Node::Operator(_)));
        (after_operator || spaced) && self.text.get(self.at + 1).is_some_and(|&c| c != ' ' && c != ')')
    }

    /// A part with its indices and exponents. (A differential is two parts, `d` and a letter.)
    fn scripted(&mut self) -> Result<Vec<Node>, String> {
        let mut parts = self.atom()?;
        let (mut sub, mut sup) = (vec![], vec![]);
        while let Some(c) = self.peek() {
            if paired(RAISED, c).is_some() {
                sup.extend(self.letters(RAISED)?);
            } else if paired(LOWERED, c).is_some() {
                sub.extend(self.letters(LOWERED)?);
            } else if self.take('_') {
                sub.extend(self.script(false)?);
            } else if self.take('^') {
                sup.extend(self.script(true)?);
            } else {
                break;
            }
        }
        if !sub.is_empty() || !sup.is_empty() {
            let base = parts.pop().expect("an atom has a part");
            parts.push(Node::Script(Box::new(base), sub, sup));
        }
        Ok(parts)
    }

    /// A run of raised or lowered letters.
    fn letters(&mut self, list: &[(char, char)]) -> Result<Vec<Item>, String> {
        let run = self.run(|c| paired(list, c).is_some());
        let plain: String = run.chars().filter_map(|c| paired(list, c)).collect();
        let mut inner = Reader { text: plain.chars().collect(), at: 0 };
        let mut items = vec![];
        while let Some(c) = inner.peek() {
            let node = match c {
                '0'..='9' => Node::Number(inner.run(|c| c.is_ascii_digit())),
                _ => {
                    inner.at += 1;
                    if c.is_alphabetic() { Node::Name(c.into()) } else { Node::Operator(c) }
                }
            };
            items.push(Item { node, spaced: false });
        }
        Ok(items)
    }

    /// The script after `_` or `^`: a group, or one part, which for an exponent may have a sign and an index of its own.
    fn script(&mut self, exponent: bool) -> Result<Vec<Item>, String> {
        for (open, close) in [('{', '}'), ('(', ')')] {
            if self.take(open) {
                let items = self.sequence(Some(close))?;
                return if self.take(close) { Ok(items) } else { Err(format!("there is no “{close}”")) };
            }
        }
        let mut nodes = vec![];
        if exponent && self.take('−') {
            nodes.push(Node::Operator('−'));
        }
        nodes.extend(if exponent { self.scripted()? } else { self.atom()? });
        Ok(nodes.into_iter().map(|node| Item { node, spaced: false }).collect())
    }

    fn atom(&mut self) -> Result<Vec<Node>, String> {
        let c = self.peek().ok_or("it ends too early")?;
        if c.is_ascii_digit() {
            let mut number = self.run(|c| c.is_ascii_digit());
            while let (Some(point @ ('.' | ',')), Some(next)) = (self.peek(), self.text.get(self.at + 1))
                && next.is_ascii_digit()
            {
                self.at += 1;
                number.push(point);
                number += &self.run(|c| c.is_ascii_digit());
            }
            return Ok(vec![Node::Number(number)]);
        }
        if c.is_ascii_alphabetic() {
            return self.word();
        }
        self.at += 1;
        let node = if let Some(&(_, letter, accent)) = ACCENTED.iter().find(|a| a.0 == c) {
            Node::Accent(Box::new(Node::Name(letter.into())), accent)
        } else if "Σ∏∫".contains(c) {
            Node::Operator(c)
        } else if ('Α'..='ω').contains(&c) || "ϕℓϵ∞".contains(c) {
            self.accented(c)
        } else if "½¼".contains(c) {
            let below = if c == '½' { "2" } else { "4" };
            let number = |n: &str| vec![Item { node: Node::Number(n.into()), spaced: false }];
            Node::Fraction(number("1"), number(below))
        } else if c == '√' {
            match self.scripted()?.pop().expect("an atom has a part") {
                Node::Group('(', items, _) => Node::Root(items),
                node => Node::Root(vec![Item { node, spaced: false }]),
            }
        } else if let Some(close) = paired(&[('(', ')'), ('[', ']'), ('⟨', '⟩'), ('‖', '‖'), ('|', '|')], c)
        {
            let items = self.sequence(Some(close))?;
            if items.is_empty() || !self.take(close) {
                return Err(format!("there is no “{close}”"));
            }
            Node::Group(c, items, close)
        } else if OPERATORS.contains(c) {
            Node::Operator(c)
        } else {
            return Err(format!("the sign “{c}”"));
        };
        Ok(vec![node])
    }

    fn accented(&mut self, letter: char) -> Node {
        let node = Node::Name(letter.into());
        let Some(accent) = self.peek().and_then(|c| paired(ACCENTS, c)) else { return node };
        self.at += 1;
        Node::Accent(Box::new(node), accent)
    }

    /// A letter, the name of a function, or a differential such as `dx`.
    fn word(&mut self) -> Result<Vec<Node>, String> {
        let start = self.at;
        let word = self.run(|c| c.is_ascii_alphabetic());
        let accented = |c| paired(ACCENTS, c).is_some();
        let last_is_accented = self.peek().is_some_and(accented);
        let known = WORDS.contains(&&*word) && !last_is_accented;
        if known && self.peek() != Some('_') {
            return Ok(vec![Node::Name(word)]);
        }
        let mut letters = word.chars();
        match (letters.next(), letters.next(), letters.next()) {
            (Some(letter), None, _) => Ok(vec![self.accented(letter)]),
            (Some('d'), Some(letter), None) => Ok(vec![Node::Name("ⅆ".into()), self.accented(letter)]),
            _ => {
                self.at = start;
                Err(format!("the word “{word}”"))
            }
        }
    }
}
