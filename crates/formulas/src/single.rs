//! The book in one file, and its slides: `cargo run -p formulas -- book book.html`, `cargo run -p formulas -- slides slides.html`.
//!
//! Both are made of the sources of the book as mdBook reads them, and need neither mdBook nor a network, neither to be made nor to be
//! read: pictures lie inside. A browser prints them; each has a style for paper.

mod slides;
mod sources;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use pulldown_cmark::{CodeBlockKind, CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

pub(crate) use self::slides::slides;
pub(crate) use self::sources::{Chapter, Sources};
use crate::page;

/// The whole book as one page.
pub(crate) fn book(sources: &Sources) -> Result<String, String> {
    let mut body = String::from("<nav>\n<h1>Backpropagation you can read</h1>\n");
    for part in &sources.parts {
        if !part.title.is_empty() {
            writeln!(body, "<h2>{}</h2>", part.title).expect("a string");
        }
        for chapter in &part.chapters {
            writeln!(body, "<p><a href=\"#{}\">{}</a></p>", chapter.stem, chapter.title).expect("a string");
        }
    }
    body += "</nav>\n";
    for chapter in sources.chapters() {
        let text = page::typeset(&chapter.text);
        body += "<section>\n";
        html::push_html(&mut body, events(sources, chapter, &text)?.into_iter());
        body += "</section>\n";
    }
    Ok(whole("Backpropagation you can read", include_str!("single/book.css"), &body, ""))
}

/// A page that needs nothing else.
fn whole(title: &str, style: &str, body: &str, script: &str) -> String {
    let common = include_str!("single/common.css");
    let script = if script.is_empty() { String::new() } else { format!("<script>\n{script}</script>\n") };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>\n{common}{style}</style>\n\
         </head>\n<body>\n{body}{script}</body>\n</html>\n"
    )
}

/// The Markdown of a chapter in pieces, as they stand in one file: headings have names that no other chapter has, links lead to
/// these, pictures are inside, and lines that mdBook hides are gone.
fn events<'a>(sources: &Sources, chapter: &Chapter, text: &'a str) -> Result<Vec<Event<'a>>, String> {
    let mut found: Vec<Event<'a>> = vec![];
    let mut rust = false;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES) {
        let event = match event {
            Event::End(TagEnd::Heading(level)) => {
                let start =
                    found.iter().rposition(|event| matches!(event, Event::Start(Tag::Heading { .. })));
                let start = start.expect("a heading that ends has begun");
                let name = match level {
                    HeadingLevel::H1 => chapter.stem.clone(),
                    _ => format!("{}-{}", chapter.stem, anchor(&plain(&found[start..]))),
                };
                if let Event::Start(Tag::Heading { id, .. }) = &mut found[start] {
                    *id = Some(name.into());
                }
                event
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let dest_url = sources.link(chapter, &dest_url)?.into();
                Event::Start(Tag::Link { link_type, dest_url, title, id })
            }
            Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
                let bytes = sources.file(&dest_url)?;
                let dest_url = format!("data:image/png;base64,{}", STANDARD.encode(bytes)).into();
                Event::Start(Tag::Image { link_type, dest_url, title, id })
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                rust = language.starts_with("rust");
                // A browser knows a class by one word.
                let word = language.split(',').next().unwrap_or_default().to_owned();
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(word.into())))
            }
            Event::End(TagEnd::CodeBlock) => {
                rust = false;
                event
            }
            Event::Text(listing) if rust => Event::Text(shown(&listing)),
            Event::Html(markup) if markup.contains("<iframe") => continue,
            other => other,
        };
        found.push(event);
    }
    Ok(found)
}

/// A listing without the lines that begin with `#` and a space, which are for the compiler, and from the left edge on.
fn shown<'a>(listing: &str) -> CowStr<'a> {
    let hidden = |line: &&str| line.trim_start() == "#" || line.trim_start().starts_with("# ");
    let lines = || listing.lines().filter(|line| !hidden(line));
    let indent = |line: &str| line.len() - line.trim_start().len();
    let left = lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    lines().fold(String::new(), |all, line| all + line.get(left..).unwrap_or("") + "\n").into()
}

/// The text of some pieces, without their form.
fn plain(events: &[Event]) -> String {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) => Some(&**text),
            _ => None,
        })
        .collect()
}

/// The name of a heading, as mdBook makes it.
fn anchor(heading: &str) -> String {
    let letters = heading.to_lowercase();
    letters
        .chars()
        .filter_map(|c| match c {
            c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c),
            c if c.is_whitespace() => Some('-'),
            _ => None,
        })
        .collect()
}
