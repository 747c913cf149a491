//! The book in docs/ holds together: includes, links, chapters, examples. (Its listings are tests of their own,
//! see src/book.rs; the outputs of the examples are compared in tests/examples.rs.)

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Sites that may be linked.
const SITES: [&str; 2] = ["https://rustup.rs", "https://github.com/rust-lang/mdBook"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a page shows: itself, or the file that is all it includes.
fn shown(page: &Path) -> String {
    let text = read(page);
    match text.trim().strip_prefix("{{#include ").and_then(|rest| rest.strip_suffix("}}")) {
        Some(file) if !file.contains(['}', ':']) => read(&page.parent().unwrap().join(file)),
        _ => text,
    }
}

/// Files with this extension in a folder.
fn files(folder: &str, extension: &str) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|e| e == extension)).collect()
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// The chapters, and everything else people read.
fn pages() -> BTreeSet<PathBuf> {
    let mut pages = files("docs/src", "md");
    pages.extend(files("docs", "md"));
    pages.insert(root().join("README.md"));
    pages
}

/// What stands between `open` and `close` in a text, every time.
fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split_once(close)).map(|(inside, _)| inside)
}

/// Fenced blocks: what follows the opening fence, and the lines.
fn blocks(text: &str) -> Vec<(&str, String)> {
    let (mut found, mut open) = (vec![], None::<(&str, String)>);
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(info), None) => open = Some((info, String::new())),
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some((_, inside))) => *inside += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    found
}

/// The text without its fenced blocks and without `code`.
fn prose(text: &str) -> String {
    let outside: Vec<&str> = text.split("\n```").step_by(2).collect();
    outside.join("\n").split('`').step_by(2).collect()
}

#[test]
fn every_include_finds_its_file_and_anchor() {
    for page in pages() {
        let text = read(&page);
        for include in between(&text, "{{#include ", "}}") {
            let (file, anchor) = include.split_once(':').unwrap_or((include, ""));
            let target = page.parent().unwrap().join(file);
            let source = read(&target);
            if !anchor.is_empty() {
                for mark in ["ANCHOR", "ANCHOR_END"] {
                    let mark = format!("{mark}: {anchor}");
                    let found =
                        source.lines().filter(|line| line.trim_end_matches(" -->").ends_with(&mark)).count();
                    assert_eq!(found, 1, "{}: {file} should have one line `{mark}`", name(&page));
                }
            }
        }
    }
}

#[test]
fn every_anchor_is_used() {
    let included: String = files("docs/src", "md").iter().map(|page| read(page)).collect();
    let mut folders = vec![root().join("crates"), root().join("examples")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && name(&path) != "book.rs" {
                for anchor in read(&path).lines().filter_map(|line| line.trim().strip_prefix("// ANCHOR: ")) {
                    let relative = path.strip_prefix(root()).unwrap().display().to_string();
                    let wanted = format!("{relative}:{anchor}}}}}");
                    assert!(included.contains(&wanted), "nothing includes {wanted}");
                }
            }
        }
    }
}

/// A listing is a test, or it is taken from the source: there is no third way.
#[test]
fn no_listing_escapes_the_tests() {
    for page in files("docs/src", "md") {
        for (info, inside) in blocks(&read(&page)) {
            let only_an_include =
                inside.trim().starts_with("{{#include ") && inside.trim().lines().count() == 1;
            match info {
                "rust" | "rust,should_panic" => assert!(!inside.contains("{{#"), "{}: {inside}", name(&page)),
                "rust,ignore" => {
                    assert!(only_an_include, "{}: a listing without a test:\n{inside}", name(&page))
                }
                // What its error says is compared in crates/nn/tests/mistakes.rs.
                _ if info.starts_with("rust,compile_fail") => assert!(!inside.contains("{{#"), "{inside}"),
                "text" | "sh" => {}
                _ => panic!("{}: a block of kind “{info}”", name(&page)),
            }
        }
    }
}

/// Above a listing from the source stands its file, so that a reader finds what is around it.
#[test]
fn every_listing_from_the_source_says_where_it_is_from() {
    for page in files("docs/src", "md") {
        let text = read(&page);
        for (before, listing) in text
            .match_indices("```rust,ignore\n{{#include ../../")
            .map(|(at, open)| (&text[..at], &text[at + open.len()..]))
        {
            let file = listing.split([':', '}']).next().unwrap();
            let caption = format!("<p class=\"source\">{file}</p>\n\n");
            assert!(before.ends_with(&caption), "{}: the listing of {file} has no caption", name(&page));
        }
    }
}

/// The id that mdBook, like GitHub, gives a heading.
fn id(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

fn headings(page: &Path) -> BTreeSet<String> {
    let text = shown(page);
    let lines = text.lines().filter(|line| line.starts_with('#'));
    lines.map(|line| id(&line.trim_start_matches('#').trim().replace('`', ""))).collect()
}

#[test]
fn every_link_leads_somewhere() {
    for page in pages() {
        let text = prose(&shown(&page));
        let links = between(&text, "](", ")").chain(between(&text, "<http", ">"));
        for link in links {
            let where_it_is = format!("{}: the link {link}", name(&page));
            if link.starts_with("http") || link.starts_with("s://") {
                let link = if link.starts_with("http") { link.to_owned() } else { format!("http{link}") };
                assert!(
                    SITES.iter().any(|site| link.starts_with(site)),
                    "{where_it_is} is to no listed site"
                );
                continue;
            }
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(target.exists(), "{where_it_is} leads to nothing");
            if !fragment.is_empty() {
                assert!(headings(&target).contains(fragment), "{where_it_is}: there is no such heading");
            }
            if page.starts_with(root().join("docs/src")) {
                let inside = !file.starts_with("..");
                assert!(inside, "{where_it_is} leaves the book, so it is broken in the built one");
            }
            if target.extension().is_some_and(|e| e == "png") {
                assert!(
                    fs::metadata(&target).unwrap().len() < 130_000,
                    "{where_it_is}: a picture of more than 130 kB"
                );
            }
        }
    }
}

#[test]
fn every_chapter_is_listed_and_tested() {
    let summary = read(&root().join("docs/src/SUMMARY.md"));
    let tested = read(&root().join("crates/zoo/src/book.rs"));
    for page in files("docs/src", "md") {
        let file = name(&page);
        if file == "SUMMARY.md" {
            continue;
        }
        assert!(summary.contains(&format!("({file})")), "SUMMARY.md should list {file}");
        let only_an_include = read(&page).trim().starts_with("{{#include ");
        let listed = tested.contains(&format!("\"{file}\""));
        assert!(listed || only_an_include, "crates/zoo/src/book.rs should list {file}");
    }
}

#[test]
fn every_example_is_mentioned_and_has_its_output() {
    let readme = read(&root().join("README.md"));
    let chapters: String = files("docs/src", "md").iter().map(|page| read(page)).collect();
    let manifests =
        ["autograd", "nn", "zoo"].map(|name| read(&root().join("crates").join(name).join("Cargo.toml")));
    let examples = files("examples", "rs");
    for example in &examples {
        let stem = example.file_stem().unwrap().to_str().unwrap();
        assert!(readme.contains(&format!("`{stem}`")), "the table of the README should list {stem}");
        assert!(chapters.contains(stem), "a chapter should mention {stem}");
        let listed = manifests.iter().filter(|manifest| manifest.contains(&format!("\"{stem}\"")));
        assert_eq!(listed.count(), 1, "the Cargo.toml of one crate should list {stem}");
        let expected = root().join("examples/expected").join(stem).with_extension("txt");
        assert!(
            expected.exists(),
            "{stem} should have its output in {} (docs/figures.sh)",
            expected.display()
        );
        assert!(read(example).starts_with("//! "), "{stem} should begin with what it teaches");
    }
    assert_eq!(files("examples/expected", "txt").len(), examples.len(), "an output without its example");
}

/// The reference of derivative rules names each operation that is also a method.
#[test]
fn every_operation_has_its_rule_in_the_reference() {
    let reference = read(&root().join("docs/src/rules.md"));
    let source: String = files("crates/autograd/src/ops", "rs").iter().map(|file| read(file)).collect();
    let names: BTreeSet<&str> = between(&source, "const NAME: &'static str = \"", "\"").collect();
    let methods = names.iter().filter(|name| source.contains(&format!("pub fn {name}(")));
    let missing: Vec<_> = methods.filter(|name| !reference.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/src/rules.md should have rules of {missing:?}");
    assert!(names.len() > 80, "the names are found");
}

#[test]
fn every_exercise_has_a_solution() {
    let solutions = read(&root().join("docs/src/solutions.md"));
    let mut solved = solutions.split("\n## Chapter ").skip(1);
    let chapters =
        files("docs/src", "md").into_iter().filter(|page| name(page).starts_with(char::is_numeric));
    for (page, number) in chapters.zip(1..) {
        let text = read(&page);
        let (_, exercises) = text.split_once("\n## Exercises\n").expect("a chapter ends with exercises");
        let asked = exercises.lines().filter(|line| line.starts_with(char::is_numeric)).count();
        let answers = solved.next().unwrap_or_else(|| panic!("{} has no solutions", name(&page)));
        assert!(answers.starts_with(&format!("{number}\n")), "solutions are in the order of the chapters");
        let answered = (1..).take_while(|k| answers.contains(&format!("<summary>{k}. "))).count();
        assert!(asked > 2 && asked == answered, "{}: {asked} exercises, {answered} solutions", name(&page));
        assert!(text.contains("\n## Run it\n"), "{} has something to run", name(&page));
    }
}

#[test]
fn the_readme_counts_what_the_book_has() {
    let chapters: Vec<_> =
        files("docs/src", "md").into_iter().filter(|page| name(page).starts_with(char::is_numeric)).collect();
    let asked = |page: &PathBuf| {
        let text = read(page);
        let (_, exercises) = text.split_once("\n## Exercises\n").expect("a chapter ends with exercises");
        exercises.lines().filter(|line| line.starts_with(char::is_numeric)).count()
    };
    let exercises: usize = chapters.iter().map(asked).sum();
    let programs = files("examples", "rs").len();
    let counts = format!("{} chapters, {programs} programs, {exercises} exercises", chapters.len());
    assert!(read(&root().join("README.md")).contains(&counts), "the README should say “{counts}”");
}

#[test]
fn every_picture_is_shown() {
    let chapters: String = files("docs/src", "md").iter().map(|page| shown(page)).collect();
    let pictures = ["png", "svg"].into_iter().flat_map(|kind| files("docs/src/images", kind));
    for picture in pictures {
        // A drawing is included, so that it follows the colours of the page.
        let shown = match picture.extension().is_some_and(|e| e == "svg") {
            true => format!("{{{{#include images/{}}}}}\n", name(&picture)),
            false => format!("](images/{})", name(&picture)),
        };
        assert!(chapters.contains(&shown), "no chapter shows {}", name(&picture));
    }
}

/// A drawing within a page ends at the first empty line, and its names are those of the whole page.
#[test]
fn every_drawing_can_stand_within_a_page() {
    let mut ids = BTreeSet::new();
    for drawing in files("docs/src/images", "svg") {
        let text = read(&drawing);
        assert!(text.lines().all(|line| !line.trim().is_empty()), "{} has an empty line", name(&drawing));
        assert!(!text.contains("<style"), "{}: its style would be that of the whole page", name(&drawing));
        for id in between(&text, " id=\"", "\"") {
            assert!(ids.insert(id.to_owned()), "{}: another drawing has an element {id}", name(&drawing));
        }
    }
}

/// Pages above the book's folder that are also chapters have their pictures in both places. (A link from one to
/// the other would not survive a checkout on Windows.)
#[test]
fn pictures_in_two_places_are_the_same() {
    let mut both = 0;
    for picture in files("docs/images", "png") {
        let twin = root().join("docs/src/images").join(name(&picture));
        if twin.exists() {
            both += 1;
            let same = fs::read(&picture).unwrap() == fs::read(&twin).unwrap();
            assert!(same, "{} is not that of docs/images (docs/figures.sh copies it)", twin.display());
            let link = fs::symlink_metadata(&twin).unwrap().is_symlink();
            assert!(!link, "{} should be a file", twin.display());
        }
    }
    assert!(both > 0, "PERFORMANCE.md has pictures");
}
