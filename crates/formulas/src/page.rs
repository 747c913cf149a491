//! Formulas of a page of Markdown: which of its `code` is one, and the page with MathML in its place.

use crate::formula::{self, Item};
use crate::mathml;

/// A page with its formulas as MathML. Listings, headings and code stay.
pub(crate) fn typeset(page: &str) -> String {
    let mut out = String::with_capacity(2 * page.len());
    let mut pieces = pieces(page).into_iter().peekable();
    while let Some(piece) = pieces.next() {
        match piece {
            Piece::Text(text) => out += &text,
            Piece::Code { code, display } => match formula(&code) {
                None => out += &format!("`{code}`"),
                Some(items) => {
                    let after = match pieces.peek_mut() {
                        Some(Piece::Text(text)) => {
                            let end = text.find(|c| !".,;:)".contains(c)).unwrap_or(text.len());
                            text.drain(..end).collect()
                        }
                        _ => String::new(),
                    };
                    out += &mathml::write(&items, display, &after);
                }
            },
        }
    }
    out
}

/// Part of a page.
pub(crate) enum Piece {
    /// Text, a heading or a listing.
    Text(String),
    /// The inside of two backticks, and whether it stands in a line of its own.
    Code { code: String, display: bool },
}

/// A page in pieces. Code may go on in the next line of its paragraph.
pub(crate) fn pieces(page: &str) -> Vec<Piece> {
    let mut found = vec![];
    let (mut fenced, mut paragraph) = (false, String::new());
    for line in page.split_inclusive('\n') {
        let start = line.trim_start();
        let fence = start.starts_with("```");
        fenced ^= fence;
        if fenced || fence || start.starts_with('#') {
            inline(&std::mem::take(&mut paragraph), &mut found);
            found.push(Piece::Text(line.into()));
        } else {
            if start.is_empty() || start.starts_with(['|', '>']) {
                inline(&std::mem::take(&mut paragraph), &mut found);
            }
            paragraph += line;
        }
    }
    inline(&paragraph, &mut found);
    found
}

/// Text and code of a paragraph.
fn inline(paragraph: &str, found: &mut Vec<Piece>) {
    let display = paragraph.starts_with("> `");
    let table = paragraph.starts_with('|');
    let mut rest = paragraph;
    while let Some((before, after)) = rest.split_once('`') {
        let Some((code, after)) = after.split_once('`') else { break };
        found.push(Piece::Text(before.into()));
        let joined = code.lines().map(str::trim_start).collect::<Vec<_>>().join(" ");
        let plain = if table { joined.replace("\\|", "|") } else { joined };
        // Code that is no formula stays as it was written.
        let code = if formula(&plain).is_some() { plain } else { code.into() };
        found.push(Piece::Code { code, display });
        rest = after;
    }
    found.push(Piece::Text(rest.into()));
}

/// The formula that a piece of code is, or nothing if it is a piece of Rust, a shape or a name.
pub(crate) fn formula(code: &str) -> Option<Vec<Item>> {
    let rust = ["::", "->", "|[", "[:", "()", "==", ".."];
    let letters: Vec<char> = code.chars().collect();
    let tight = letters.windows(2).any(|w| "<>:".contains(w[0]) && w[1].is_alphabetic());
    let method = letters.windows(2).any(|w| w[0] == '.' && w[1].is_alphabetic());
    let only_a_number = letters.iter().all(|c| c.is_ascii_digit() || ".,%".contains(*c));
    let differential = letters.len() == 2 && letters[0] == 'd';
    let only_a_word = letters.len() > 1 && letters.iter().all(char::is_ascii_alphabetic) && !differential;
    let shape = letters.first() == Some(&'[') && !formula::looks_like_one(code);
    if tight || method || only_a_number || only_a_word || shape || rust.iter().any(|sign| code.contains(sign))
    {
        return None;
    }
    formula::parse(code).ok()
}
