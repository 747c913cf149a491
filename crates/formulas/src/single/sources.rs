//! The chapters of the book, with what they include.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::anchor;

/// The book as it lies in `docs/src`.
pub(crate) struct Sources {
    folder: PathBuf,
    pub(crate) parts: Vec<Part>,
}

/// Chapters under a title.
pub(crate) struct Part {
    /// The title; empty for what stands before the first.
    pub(crate) title: String,
    pub(crate) chapters: Vec<Chapter>,
}

/// A chapter.
pub(crate) struct Chapter {
    /// The name of its file, without the ending.
    pub(crate) stem: String,
    pub(crate) title: String,
    /// Its Markdown, with what it includes.
    pub(crate) text: String,
    /// The names of its headings.
    headings: BTreeSet<String>,
}

impl Sources {
    /// Reads the chapters that `SUMMARY.md` in this folder lists.
    pub(crate) fn read(folder: &Path) -> Result<Self, String> {
        let mut parts = vec![Part { title: String::new(), chapters: vec![] }];
        for line in read(&folder.join("SUMMARY.md"))?.lines() {
            let line = line.trim().trim_start_matches("- ");
            if let Some(title) = line.strip_prefix("# ").filter(|title| *title != "Summary") {
                parts.push(Part { title: title.to_owned(), chapters: vec![] });
            }
            let link = line.strip_prefix('[').and_then(|line| line.strip_suffix(".md)"));
            if let Some((title, stem)) = link.and_then(|link| link.split_once("](")) {
                let chapter = Chapter::read(folder, title, stem)?;
                parts.last_mut().expect("there is one").chapters.push(chapter);
            }
        }
        Ok(Sources { folder: folder.to_owned(), parts })
    }

    pub(crate) fn chapters(&self) -> impl Iterator<Item = &Chapter> {
        self.parts.iter().flat_map(|part| &part.chapters)
    }

    /// A picture of the book.
    pub(super) fn file(&self, name: &str) -> Result<Vec<u8>, String> {
        let path = self.folder.join(name);
        fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Where a link of a chapter leads in the one file.
    pub(super) fn link(&self, from: &Chapter, to: &str) -> Result<String, String> {
        if to.contains("://") || to.starts_with("mailto:") {
            return Ok(to.to_owned());
        }
        let (file, heading) = to.split_once('#').unwrap_or((to, ""));
        let lost = || format!("{}.md: the link to {to} leads nowhere", from.stem);
        let chapter = match file.strip_suffix(".md") {
            None if file.is_empty() => from,
            // The page to play with is no part of the file, but the chapter that shows it is.
            None => return Ok("#tape".into()),
            Some(stem) => self.chapters().find(|chapter| chapter.stem == stem).ok_or_else(lost)?,
        };
        match heading {
            "" => Ok(format!("#{}", chapter.stem)),
            _ if chapter.headings.contains(heading) => Ok(format!("#{}-{heading}", chapter.stem)),
            _ => Err(lost()),
        }
    }
}

impl Chapter {
    fn read(folder: &Path, title: &str, stem: &str) -> Result<Self, String> {
        let text = included(&folder.join(format!("{stem}.md")))?;
        let mut fenced = false;
        let mut headings = BTreeSet::new();
        for line in text.lines() {
            fenced ^= line.trim_start().starts_with("```");
            let heading = line.trim_start_matches('#');
            if !fenced && heading.len() < line.len() && heading.starts_with(' ') {
                headings.insert(anchor(&without_links(heading.trim())));
            }
        }
        Ok(Chapter { stem: stem.to_owned(), title: title.to_owned(), text, headings })
    }
}

/// A heading without the goals of its links.
fn without_links(heading: &str) -> String {
    let mut out = String::new();
    let mut rest = heading;
    while let Some((before, after)) = rest.split_once("](") {
        out += before;
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    out + rest
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A file with the files, or the parts of files, that it includes.
fn included(path: &Path) -> Result<String, String> {
    const MARK: &str = "{{#include ";
    let mut out = String::new();
    for line in read(path)?.lines() {
        match line.trim().strip_prefix(MARK).and_then(|line| line.strip_suffix("}}")) {
            None => out += line,
            Some(what) => {
                let (name, part) = what.split_once(':').unwrap_or((what, ""));
                let other = path.parent().expect("a file lies in a folder").join(name);
                out += cut(&included(&other)?, part, &other)?.trim_end_matches('\n');
            }
        }
        out.push('\n');
    }
    Ok(out)
}

/// The lines of a text between its marks `ANCHOR: part` and `ANCHOR_END: part`, or all of them; no marks are left.
fn cut(text: &str, part: &str, path: &Path) -> Result<String, String> {
    let marked = |line: &str, mark: &str| {
        line.split_once(mark).is_some_and(|(_, name)| name.split_whitespace().next() == Some(part))
    };
    let (mut inside, mut out, mut found) = (part.is_empty(), String::new(), part.is_empty());
    for line in text.lines() {
        if line.contains("ANCHOR: ") || line.contains("ANCHOR_END: ") {
            inside = (inside || marked(line, "ANCHOR: ")) && !marked(line, "ANCHOR_END: ");
            found |= inside;
        } else if inside {
            out += line;
            out.push('\n');
        }
    }
    if found { Ok(out) } else { Err(format!("{}: there is no part `{part}`", path.display())) }
}
