//! `zoo list`.

use zoo::registry::MODELS;

/// The models, a line each.
pub(crate) fn table() -> String {
    let width = |column: fn(&zoo::registry::Entry) -> &str| {
        MODELS.iter().map(|entry| column(entry).chars().count()).max().unwrap_or(0)
    };
    let (names, titles, equations) = (width(|e| e.name), width(|e| e.title), width(|e| e.equation));
    let line = |entry: &zoo::registry::Entry| {
        format!(
            "{:names$}  {:titles$}  {:equations$}  {}\n",
            entry.name, entry.title, entry.equation, entry.source
        )
    };
    MODELS.iter().map(line).collect()
}
