//! `zoo list`.

use serde_json::{Value, json};
use zoo::registry::{Entry, MODELS};

/// The models, a line each.
pub(crate) fn table() -> String {
    let width = |column: fn(&Entry) -> &str| {
        MODELS.iter().map(|entry| column(entry).chars().count()).max().unwrap_or(0)
    };
    let (names, titles, equations) = (width(|e| e.name), width(|e| e.title), width(|e| e.equation));
    let line = |entry: &Entry| {
        format!(
            "{:names$}  {:titles$}  {:equations$}  {}\n",
            entry.name, entry.title, entry.equation, entry.source
        )
    };
    MODELS.iter().map(line).collect()
}

/// The same for programs.
pub(crate) fn json() -> String {
    let entry = |entry: &Entry| {
        json!({
            "name": entry.name, "title": entry.title, "equation": entry.equation, "source": entry.source,
        })
    };
    super::json(&Value::Array(MODELS.iter().map(entry).collect()))
}
