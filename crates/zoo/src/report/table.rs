//! Examples that are no images: their numbers.

use maud::{Markup, html};

use super::html::number;

/// Columns of a table: more would not be read.
const MOST_COLUMNS: usize = 12;

/// Rows of numbers with a name each; of many columns only the first ones. Columns may have names.
pub(super) fn numbers(columns: &[String], rows: &[(String, Vec<f64>)]) -> Markup {
    let width = rows.iter().map(|row| row.1.len()).max().unwrap_or(0);
    let shown = width.min(MOST_COLUMNS);
    html! {
        div.scroll {
            table {
                thead {
                    tr {
                        th {}
                        @for column in 0..shown {
                            @match columns.get(column) {
                                Some(name) => th { (name) },
                                None => th { "x" sub { (column + 1) } },
                            }
                        }
                        @if shown < width { th { "…" } }
                    }
                }
                tbody {
                    @for (name, values) in rows {
                        tr {
                            th scope="row" { (name) }
                            @for &value in values.iter().take(shown) { td { (number(value)) } }
                            @if shown < width { td { "…" } }
                        }
                    }
                }
            }
        }
    }
}
