//! New rows of a table beside real ones, on a page.

use maud::{Markup, html};

use super::html::{self, number, section};
use crate::uses::synthesize::likeness::{Beside, Likeness, OfColumn};

/// Pairs that are shown.
const PAIRS: usize = 20;

/// The page, a complete HTML document.
pub fn page(run: &str, found: &Likeness) -> String {
    let [train, new, real] = found.rows;
    let header = html! {
        header {
            p.kicker { (run) }
            h1 { (new) " new rows" }
            p { "compared with " (train) " training rows, beside " (real) " real rows that were not trained on" }
        }
    };
    let sections = [header, figures(found), columns(found), pairs(found)];
    html::document(&format!("New rows of {run}"), sections.into_iter())
}

fn row(what: &str, of: Beside) -> Markup {
    html! { tr { th scope="row" { (what) } td { (number(of.new)) } td { (number(of.real)) } } }
}

fn figures(found: &Likeness) -> Markup {
    let mean = |of: fn(&Beside) -> f64| {
        found.columns.iter().map(|column| of(&column.distance)).sum::<f64>()
            / found.columns.len().max(1) as f64
    };
    let percent = |of: Beside| Beside { new: 100.0 * of.new, real: 100.0 * of.real };
    let caption = html! {
        "The second number is that of real rows: what chance alone makes of the same comparison. New rows are good if the two \
         are alike; copies and distances say whether training rows were learnt by heart."
    };
    let body = html! {
        div.scroll { table {
            thead { tr { th { "figure" } th { "new" } th { "real" } } }
            tbody {
                (row("distance of the columns' distributions, mean", Beside { new: mean(|of| of.new), real: mean(|of| of.real) }))
                (row("difference of associations, mean of all pairs", found.pair_difference))
                (row("distance to the nearest training row, median", found.nearest))
                (row("copies of a training row, %", percent(found.copies)))
                @if let Some(lesson) = &found.lesson {
                    (row(&format!("predicting {}: accuracy, learnt from new and from training rows", lesson.target), lesson.accuracy))
                    (row(&format!("predicting {}: F1, learnt from new and from training rows", lesson.target), lesson.f1))
                }
            }
        } }
    };
    section("figures", "Likeness", caption, body)
}

fn columns(found: &Likeness) -> Markup {
    let mut order: Vec<&OfColumn> = found.columns.iter().collect();
    order.sort_by(|a, b| b.distance.new.total_cmp(&a.distance.new));
    let caption = html! {
        "Shares of words, or of intervals of numbers, each called by its lower end. The thick bar is new rows, the thin one \
         training rows. Columns that differ most come first."
    };
    let body = html! {
        div.small-multiples {
            @for column in order {
                figure {
                    h3 { (column.name) }
                    figcaption {
                        "distance " (number(column.distance.new)) ", of real rows " (number(column.distance.real))
                    }
                    @let most = column.shares.iter().flat_map(|(_, shares)| *shares).fold(1e-9, f64::max);
                    @let width = |share: f64| format!("width:{:.1}%", 100.0 * share / most);
                    table.bars { tbody {
                        @for (name, shares) in &column.shares {
                            tr {
                                th scope="row" { (name) }
                                td.wide {
                                    span.bar style=(width(shares[0])) title={ "new " (number(shares[0])) } {}
                                    span.bar.thin style=(width(shares[1])) title={ "training " (number(shares[1])) } {}
                                }
                            }
                        }
                    } }
                }
            }
        }
    };
    section("columns", "Columns", caption, body)
}

fn pairs(found: &Likeness) -> Markup {
    let caption = html! {
        "Associations of two columns, from 0 to 1 (rank correlations from −1): the pairs in which new rows differ most."
    };
    let body = html! {
        div.scroll { table {
            thead { tr { th { "columns" } th { "training" } th { "new" } th { "real" } } }
            tbody {
                @for pair in found.pairs.iter().take(PAIRS) {
                    tr {
                        th scope="row" { (pair.names[0]) " and " (pair.names[1]) }
                        @for association in pair.association { td { (number(association)) } }
                    }
                }
            }
        } }
    };
    section("pairs", "Pairs of columns", caption, body)
}
