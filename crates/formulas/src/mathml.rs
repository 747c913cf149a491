//! Parts of a formula as MathML, which browsers set without a script.
//!
//! A formula is several `<math>` elements side by side, each of which begins with a relation or a sign, so that a narrow
//! screen can break the line before it. (No browser breaks lines within one.)

use crate::formula::{Item, Node};

const RELATIONS: &str = "=≈≠≤≥<>←→↦∈~";

/// A formula as MathML. A display has tall fractions and sums with their indices below. No line begins with `after`,
/// the punctuation behind the formula.
pub(crate) fn write(items: &[Item], display: bool, after: &str) -> String {
    let items = if display { opened(fractions(items)) } else { items.to_vec() };
    let mut pieces: Vec<Vec<Item>> = vec![vec![]];
    for (k, item) in items.iter().enumerate() {
        let breaks = match item.node {
            Node::Operator(sign) => RELATIONS.contains(sign) || "+−".contains(sign),
            _ => false,
        };
        // A sign before a number breaks nothing, and neither does a short formula in a text.
        let infix = k > 0 && item.spaced && items.get(k + 1).is_some_and(|next| next.spaced);
        if breaks && infix && (display || items.len() > 6) {
            pieces.push(vec![]);
        }
        pieces.last_mut().expect("there is one").push(item.clone());
    }
    let open = if display { "<math displaystyle=\"true\">" } else { "<math>" };
    let pieces: Vec<String> = pieces
        .iter()
        .enumerate()
        .map(|(k, piece)| format!("{open}{}</math>", row(piece, k > 0, display)))
        .collect();
    let mut set = pieces.join(" ");
    if !after.is_empty() {
        let last = set.rfind("<math").expect("there is a piece");
        set = format!("{}<span class=\"end\">{}{after}</span>", &set[..last], &set[last..]);
    }
    format!("<span class=\"formula\">{set}</span>")
}

/// Parts in which a long bracket is no group of its own, so that lines can break within it.
fn opened(items: Vec<Item>) -> Vec<Item> {
    let mut out = vec![];
    for item in items {
        match item.node {
            Node::Group(open, inner, close) if inner.len() > 8 && !inner.iter().any(is_tall) => {
                out.push(Item { node: Node::Operator(open), spaced: item.spaced });
                out.extend(inner);
                out.push(Item { node: Node::Operator(close), spaced: false });
            }
            node => out.push(Item { node, ..item }),
        }
    }
    out
}

/// Whether brackets around a part should grow with it.
fn is_tall(item: &Item) -> bool {
    match &item.node {
        Node::Fraction(..) => true,
        Node::Group(_, items, _) | Node::Root(items) => items.iter().any(is_tall),
        Node::Script(base, ..) => **base == Node::Operator('Σ'),
        _ => false,
    }
}

/// Characters as HTML that Markdown, too, leaves as it is.
fn escaped(text: &str) -> String {
    let one = |c: char| match c {
        _ if c.is_ascii_punctuation() && c != '.' && c != ',' => format!("&#{};", u32::from(c)),
        _ => c.into(),
    };
    text.chars().map(one).collect()
}

/// Parts side by side. `begins` says that the first is an operator between two pieces.
fn row(items: &[Item], begins: bool, display: bool) -> String {
    let mut out = String::from("<mrow>");
    for (k, item) in items.iter().enumerate() {
        let before = k.checked_sub(1).map(|k| &items[k].node);
        let operator = |node: &Node| matches!(node, Node::Operator(sign) if !"∂∇Σ∏∫…()[]⟨⟩".contains(*sign));
        if item.spaced && k > 0 && !operator(&item.node) && !before.is_some_and(operator) {
            out += "<mspace width=\"0.17em\"/>";
        }
        out += &match item.node {
            Node::Operator(sign) => sign_of(sign, k, items, begins),
            ref node => part(node, display),
        };
    }
    out + "</mrow>"
}

fn sign_of(sign: char, k: usize, items: &[Item], begins: bool) -> String {
    let shown = match sign {
        'Σ' => '∑',
        '~' => '∼',
        _ => sign,
    };
    let shown = escaped(&shown.to_string());
    let next = items.get(k + 1);
    match sign {
        '∂' | '∞' | '…' => format!("<mi mathvariant=\"normal\">{shown}</mi>"),
        '|' | '‖' if items[k].spaced => {
            format!("<mo form=\"infix\" stretchy=\"false\" lspace=\"0.2em\" rspace=\"0.2em\">{shown}</mo>")
        }
        '|' => {
            format!("<mo form=\"infix\" stretchy=\"false\" lspace=\"0.1em\" rspace=\"0.1em\">{shown}</mo>")
        }
        '(' | '[' | '⟨' => format!("<mo form=\"prefix\" stretchy=\"false\">{shown}</mo>"),
        ')' | ']' | '⟩' => format!("<mo form=\"postfix\" stretchy=\"false\">{shown}</mo>"),
        '/' => format!("<mo form=\"infix\" lspace=\"0.1em\" rspace=\"0.1em\">{shown}</mo>"),
        '·' => format!("<mo form=\"infix\" lspace=\"0.17em\" rspace=\"0.17em\">{shown}</mo>"),
        '+' | '−' if k == 0 && begins => {
            format!("<mo form=\"infix\" lspace=\"0\" rspace=\"0.25em\">{shown}</mo>")
        }
        _ if k == 0 && begins => format!("<mo form=\"infix\" lspace=\"0\" rspace=\"0.28em\">{shown}</mo>"),
        '+' | '−' if k > 0 && items[k].spaced && next.is_some_and(|next| next.spaced) => {
            format!("<mo form=\"infix\">{shown}</mo>")
        }
        '+' | '−' if next.is_some_and(|next| !next.spaced) && (k == 0 || items[k].spaced) => {
            format!("<mo form=\"prefix\">{shown}</mo>")
        }
        _ => format!("<mo>{shown}</mo>"),
    }
}

fn part(node: &Node, display: bool) -> String {
    match node {
        Node::Name(name) if name == "ⅆ" => "<mi mathvariant=\"normal\">d</mi>".into(),
        Node::Name(name) if name.chars().all(|c| ('Α'..='Ω').contains(&c)) => {
            format!("<mi mathvariant=\"normal\">{name}</mi>")
        }
        Node::Name(name) if ["where", "if", "else", "and", "or", "for"].contains(&&**name) => {
            format!("<mtext>&nbsp;{name}&nbsp;</mtext>")
        }
        Node::Name(name) => format!("<mi>{}</mi>", escaped(name)),
        Node::Number(number) => format!("<mn>{number}</mn>"),
        Node::Accent(letter, accent) => {
            let accent = escaped(&accent.to_string());
            format!(
                "<mover accent=\"true\">{}<mo stretchy=\"false\">{accent}</mo></mover>",
                part(letter, display)
            )
        }
        Node::Operator(sign) => sign_of(*sign, 0, &[], false),
        Node::Group(open, items, close) => {
            let fence = |form: &str, sign: char| {
                let stretchy = display && items.iter().any(is_tall);
                format!(
                    "<mo form=\"{form}\" fence=\"true\" stretchy=\"{stretchy}\">{}</mo>",
                    escaped(&sign.to_string())
                )
            };
            format!(
                "<mrow>{}{}{}</mrow>",
                fence("prefix", *open),
                row(items, false, display),
                fence("postfix", *close)
            )
        }
        Node::Script(base, sub, sup) => {
            let large = display && matches!(**base, Node::Operator('Σ' | '∏'));
            let base = part(base, display);
            let (below, above) = (row(sub, false, false), row(sup, false, false));
            let (under, over, both) =
                if large { ("munder", "mover", "munderover") } else { ("msub", "msup", "msubsup") };
            match (sub.is_empty(), sup.is_empty()) {
                (false, true) => format!("<{under}>{base}{below}</{under}>"),
                (true, false) => format!("<{over}>{base}{above}</{over}>"),
                _ => format!("<{both}>{base}{below}{above}</{both}>"),
            }
        }
        Node::Root(items) => format!("<msqrt>{}</msqrt>", row(items, false, display)),
        Node::Fraction(above, below) => {
            format!("<mfrac>{}{}</mfrac>", row(above, false, display), row(below, false, display))
        }
    }
}

/// Divisions as fractions. `a/b` without spaces divides its neighbours, and `a b / c d` divides products.
fn fractions(items: &[Item]) -> Vec<Item> {
    let mut left: Vec<Item> = vec![];
    let mut rest = items.iter().cloned().map(within).peekable();
    while let Some(item) = rest.next() {
        if item.node != Node::Operator('/') {
            left.push(item);
            continue;
        }
        let apart = item.spaced;
        let mut start = left.len();
        while start > 0 && !ends(&left[start - 1].node, apart) {
            start -= 1;
            let glued = start > 0 && matches!(left[start - 1].node, Node::Operator('∂'));
            if !apart && left[start].spaced && !glued {
                break;
            }
        }
        let above = left.split_off(start);
        let mut below: Vec<Item> = vec![];
        while let Some(next) = rest.peek() {
            let first = below.is_empty();
            let large =
                first && matches!(&next.node, Node::Script(base, ..) if **base == Node::Operator('Σ'));
            if ends(&next.node, apart) && !large
                || next.node == Node::Operator('/')
                || !apart && !first && next.spaced
            {
                break;
            }
            below.extend(rest.next());
        }
        let spaced = above.first().is_some_and(|item| item.spaced);
        left.push(Item { node: Node::Fraction(bare(above), bare(below)), spaced });
    }
    left
}

/// A part whose inside has its fractions, too. Exponents keep their strokes.
fn within(item: Item) -> Item {
    let node = match item.node {
        Node::Group(open, items, close) => Node::Group(open, fractions(&items), close),
        Node::Root(items) => Node::Root(fractions(&items)),
        Node::Script(base, sub, sup) => {
            let base = within(Item { node: *base, spaced: false }).node;
            Node::Script(Box::new(base), sub, sup)
        }
        node => node,
    };
    Item { node, ..item }
}

/// Whether a product ends here.
fn ends(node: &Node, apart: bool) -> bool {
    match node {
        Node::Operator('∂' | '∇') => false,
        Node::Operator('∫' | 'Σ') => true,
        Node::Operator(_) => true,
        Node::Script(base, ..) => **base == Node::Operator('Σ') || **base == Node::Operator('∫'),
        Node::Name(name) => apart && name == "ln",
        _ => false,
    }
}

/// Parts without the brackets around all of them: a stroke of a fraction is one.
fn bare(mut items: Vec<Item>) -> Vec<Item> {
    match &mut items[..] {
        [Item { node: Node::Group('(', inner, ')'), .. }] => std::mem::take(inner),
        _ => items,
    }
}
