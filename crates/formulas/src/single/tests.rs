//! The one file and the slides of this very book.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Sources, anchor, book, shown, slides};

fn sources() -> Sources {
    Sources::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src")).unwrap()
}

/// The texts between `before` and the next quotation mark.
fn values<'a>(page: &'a str, before: &str) -> BTreeSet<&'a str> {
    page.split(before).skip(1).filter_map(|rest| rest.split_once('"')).map(|(value, _)| value).collect()
}

#[test]
fn the_file_needs_no_other_and_its_links_lead_somewhere() {
    let page = book(&sources()).unwrap();
    let ids = values(&page, "id=\"");
    let links = values(&page, "href=\"#");
    assert!(links.len() > 100, "{}", links.len());
    let lost: Vec<_> = links.difference(&ids).collect();
    assert!(lost.is_empty(), "{lost:?}");
    let pictures = values(&page, "src=\"");
    assert!(
        pictures.len() > 10 && pictures.iter().all(|source| source.starts_with("data:image/png;base64,"))
    );
    assert!(!page.contains("{{#") && !page.contains("ANCHOR") && !page.contains("<iframe"));
    assert!(page.contains("id=\"05-rules-how-to-check\"") && page.contains("<math"));
}

#[test]
fn slides_have_all_chapters_their_formulas_and_short_listings() {
    let page = slides(&sources()).unwrap();
    let titles: Vec<_> = page.split("<h1 id=\"").skip(1).map(|rest| &rest[..2]).collect();
    let mut chapters = titles.clone();
    chapters.dedup();
    let all: Vec<String> = (1..=14).map(|number| format!("{number:02}")).collect();
    assert_eq!(chapters, all);
    assert!(page.matches("<section>").count() > 150 && !page.contains(">Exercises<"));
    for listing in page.split("<pre>").skip(1).filter_map(|rest| rest.split_once("</pre>")) {
        assert!(listing.0.lines().count() <= 20, "{}", listing.0);
    }
    // The slide about the chain rule has a drawing, and one sentence of each paragraph.
    assert!(page.contains("Calculus gives the exact answer.</p>") && page.contains("<svg"));
}

#[test]
fn listings_begin_at_the_left_edge_without_what_is_hidden() {
    assert_eq!(
        &*shown("# use x;\n    let a = [\n        1,\n    ];\n#\n\n    #[inline]\n"),
        "let a = [\n    1,\n];\n\n#[inline]\n"
    );
    assert_eq!(anchor("What `grad` does, and why"), "what-grad-does-and-why");
}
