//! Slides of the chapters: of each section the first sentence of a paragraph or an item, and its formulas, listings, tables and
//! pictures whole. What stands between them is what the teacher says.

use pulldown_cmark::{Event, HeadingLevel, Tag, TagEnd, html};

use super::{Chapter, Sources, events, plain, whole};
use crate::page;

/// Lines of a listing that can be read from the last row.
const LINES: usize = 18;
/// Sentences on one slide.
const SENTENCES: usize = 5;

/// Slides of the numbered chapters.
pub(crate) fn slides(sources: &Sources) -> Result<String, String> {
    let mut body = String::new();
    let numbered = |chapter: &&Chapter| chapter.stem.starts_with(|c: char| c.is_ascii_digit());
    for chapter in sources.chapters().filter(numbered) {
        let text = page::typeset(&chapter.text);
        for slide in of_chapter(events(sources, chapter, &text)?) {
            body += "<section><div>\n";
            html::push_html(&mut body, slide.into_iter());
            body += "</div></section>\n";
        }
    }
    let script = include_str!("slides.js");
    Ok(whole("Backpropagation you can read: slides", include_str!("slides.css"), &body, script))
}

/// The slides of a chapter.
fn of_chapter(events: Vec<Event>) -> Vec<Vec<Event>> {
    let mut slides: Vec<Slide> = vec![];
    for block in blocks(events) {
        let tag = match main_tag(&block) {
            Some(tag) => tag.clone(),
            None => continue,
        };
        if let Tag::Heading { level, .. } = tag {
            let heading = block.clone();
            slides.push(Slide { level, heading, sentences: 0, large: 0, last: 0, events: vec![] });
            continue;
        }
        let Some(slide) = slides.last_mut() else { continue };
        let (sentences, large) = match tag {
            Tag::Paragraph if holds_picture(&block) => (0, 1),
            Tag::Paragraph => (1, 0),
            Tag::List(_) => {
                (block.iter().filter(|event| matches!(event, Event::Start(Tag::Item))).count(), 0)
            }
            Tag::BlockQuote(_) => (0, 0),
            _ => (0, 1),
        };
        if slide.sentences + sentences > SENTENCES || slide.large + large > 1 {
            // A sentence that ends with a colon goes where its end goes.
            let leads = plain(&slide.events[slide.last..]).ends_with(':');
            let events = if leads { slide.events.split_off(slide.last) } else { vec![] };
            let (level, heading) = (slide.level, slide.heading.clone());
            slides.push(Slide { level, heading, sentences: usize::from(leads), large: 0, last: 0, events });
        }
        let slide = slides.last_mut().expect("there is one");
        slide.sentences += sentences;
        slide.large += large;
        slide.last = slide.events.len();
        slide.events.extend(match tag {
            Tag::Paragraph | Tag::List(_) if large == 0 => first_sentences(block),
            Tag::CodeBlock(_) => shortened(block),
            _ => block,
        });
    }
    // Exercises are done, not shown. A chapter begins with its title alone, if nothing stands under it.
    let shown = |slide: &Slide| {
        !plain(&slide.heading).starts_with("Exercises")
            && (slide.level == HeadingLevel::H1 || !slide.events.is_empty())
    };
    slides
        .into_iter()
        .filter(shown)
        .map(|slide| slide.heading.into_iter().chain(slide.events).collect())
        .collect()
}

struct Slide<'a> {
    level: HeadingLevel,
    heading: Vec<Event<'a>>,
    sentences: usize,
    /// Listings, tables and pictures.
    large: usize,
    /// Where the last block begins in `events`.
    last: usize,
    events: Vec<Event<'a>>,
}

/// The blocks of a page: what stands in it at the outermost level.
fn blocks(events: Vec<Event>) -> Vec<Vec<Event>> {
    let (mut all, mut depth) = (vec![vec![]], 0_usize);
    for event in events {
        match &event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
        all.last_mut().expect("there is one").push(event);
        if depth == 0 && !names_a_file(all.last().expect("there is one")) {
            all.push(vec![]);
        }
    }
    all.retain(|block| !block.is_empty());
    all
}

/// Whether a block is the name of the file whose part follows, of which it is the heading.
fn names_a_file(block: &[Event]) -> bool {
    let named = |event: &Event| matches!(event, Event::Html(markup) if markup.contains("class=\"source\""));
    block.iter().any(named) && block.iter().filter(|event| matches!(event, Event::Start(_))).count() == 1
}

/// The tag of a block, or of the listing after a name of a file.
fn main_tag<'a, 'b>(block: &'b [Event<'a>]) -> Option<&'b Tag<'a>> {
    let mut tags =
        block.iter().filter_map(|event| if let Event::Start(tag) = event { Some(tag) } else { None });
    let first = tags.next()?;
    if *first == Tag::HtmlBlock { tags.next().or(Some(first)) } else { Some(first) }
}

fn holds_picture(block: &[Event]) -> bool {
    block.iter().any(|event| matches!(event, Event::Start(Tag::Image { .. })))
}

/// Paragraphs, in an item of a list as well, end with their first sentence, unless it is within a link or stressed.
fn first_sentences(block: Vec<Event>) -> Vec<Event> {
    let (mut out, mut open, mut ended) = (vec![], 0_usize, false);
    for event in block {
        match &event {
            Event::Start(Tag::Paragraph | Tag::Item | Tag::List(_))
            | Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::List(_)) => {
                ended = false;
                out.push(event);
            }
            _ if ended => {}
            Event::Text(text) if open == 0 => match end_of_sentence(text) {
                None => out.push(event),
                Some(end) => {
                    out.push(Event::Text(text[..end].to_owned().into()));
                    ended = true;
                }
            },
            _ => {
                match &event {
                    Event::Start(_) => open += 1,
                    Event::End(_) => open -= 1,
                    _ => {}
                }
                out.push(event);
            }
        }
    }
    out
}

/// Where the first sentence of a text ends. What an abbreviation ends does not end a sentence.
fn end_of_sentence(text: &str) -> Option<usize> {
    let ends = |at: usize| {
        let after = &text[at + 1..];
        let next = after.trim_start().chars().next();
        (after.is_empty() || after.starts_with(' '))
            && next.is_none_or(|c| c.is_uppercase() || !c.is_alphanumeric())
            && !["e.g", "i.e", "fig", "eq", "et al"].iter().any(|short| text[..at].ends_with(short))
    };
    text.match_indices(['.', '?', '!']).map(|(at, _)| at).find(|at| ends(*at)).map(|at| at + 1)
}

/// A listing with as many lines as a slide has.
fn shortened(block: Vec<Event>) -> Vec<Event> {
    let mut left = LINES;
    block
        .into_iter()
        .map(|event| {
            let Event::Text(text) = &event else { return event };
            let lines = text.lines().count();
            let shown = lines.min(left);
            left -= shown;
            if shown == lines {
                return event;
            }
            let some = text.lines().take(shown).fold(String::new(), |all, line| all + line + "\n");
            Event::Text((some + "…\n").into())
        })
        .collect()
}
