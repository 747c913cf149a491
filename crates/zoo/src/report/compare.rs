//! Several runs on one page: what differs, what came of it, and the same examples by each of them.

use std::collections::BTreeMap;

use autograd::Tensor;
use maud::{Markup, html};

use super::chart::Curves;
use super::html::{self, number, section};
use super::sheet::{Sheet, size};
use super::summary::{gain, percent};
use super::{Found, Run, settings, table};
use crate::evaluate::in_batches;
use crate::pictures::ranked;
use crate::plot::Series;

/// Test examples that every model reconstructs.
const SHOWN: usize = 12;

/// The page that compares runs on the same data, a complete HTML document.
///
/// # Panics
/// If there are no runs, or their test examples differ in number or width.
pub fn compare(runs: &[Run]) -> String {
    let found: Vec<Found> = runs.iter().map(Found::of).collect();
    let shape = |run: &Run| run.test().x().shape().to_vec();
    assert!(
        runs.iter().all(|run| shape(run) == shape(&runs[0])),
        "compare: the runs have different test examples"
    );
    let names: Vec<&str> = runs.iter().map(|run| run.folder.as_str()).collect();
    let header = html! {
        header {
            p.kicker { (runs[0].reference.data.name) ", " (runs[0].reference.examples[1]) " test examples" }
            h1 { (runs.len()) " runs" }
        }
    };
    let sections =
        [header, metrics(runs, &found), differences(runs), losses(runs), reconstructions(runs, &found)];
    html::document(&names.join(" · "), sections.into_iter())
}

fn metrics(runs: &[Run], found: &[Found]) -> Markup {
    let best = runs.iter().map(|run| run.reference.fidelity.sse).fold(f64::INFINITY, f64::min);
    let longest = runs
        .iter()
        .map(|run| run.reference.fidelity.sse.max(run.reference.fidelity.pca_sse))
        .fold(f64::MIN_POSITIVE, f64::max);
    let width = |sse: f64| format!("width:{:.1}%", (100.0 * sse / longest).clamp(0.0, 100.0));
    let columns = ["run", "model", "code", "SSE", "R²", "against PCA", "seconds"];
    let caption = html! {
        "On the test examples; the least error is set bold. The thin bar is PCA with as many numbers, and “against PCA” \
         how much of its error a run saves, or adds if negative."
    };
    let body = html! {
        div.scroll {
            table.bars {
                thead { tr { @for column in columns { th { (column) } } th.wide {} } }
                tbody {
                    @for (run, found) in runs.iter().zip(found) {
                        @let fidelity = &run.reference.fidelity;
                        tr.own[fidelity.sse == best] {
                            th scope="row" { (run.folder) }
                            td { (run.entry.name) }
                            td { (found.codes.shape()[1]) }
                            td { (number(fidelity.sse)) }
                            td { (percent(fidelity.r_squared())) }
                            td { (gain(fidelity).map_or_else(|| "–".into(), percent)) }
                            td { @if run.seconds > 0.0 { (number(run.seconds)) } @else { "–" } }
                            td.wide {
                                span.bar style=(width(fidelity.sse)) {}
                                span.bar.thin style=(width(fidelity.pca_sse)) {}
                            }
                        }
                    }
                }
            }
        }
    };
    section("metrics", "Results", caption, body)
}

/// Settings that are not the same in all runs, a row each.
fn differences(runs: &[Run]) -> Markup {
    let rows = differing(&runs.iter().map(settings::entries).collect::<Vec<_>>());
    let caption = match rows.is_empty() {
        true => html! { "All settings are the same." },
        false => html! { "Settings that are not the same in all runs." },
    };
    let body = html! {
        @if !rows.is_empty() {
            div.scroll {
                table {
                    thead { tr { th {} @for run in runs { th { (run.folder) } } } }
                    tbody {
                        @for (name, values) in &rows {
                            tr {
                                th scope="row" { (name) }
                                @for value in values { td { (value.as_deref().unwrap_or("–")) } }
                            }
                        }
                    }
                }
            }
        }
    };
    section("differences", "What differs", caption, body)
}

/// The names whose values differ, with the value of each run, if it has one.
fn differing(runs: &[Vec<(String, String)>]) -> Vec<(String, Vec<Option<String>>)> {
    let mut all: BTreeMap<&str, Vec<Option<String>>> = BTreeMap::new();
    for (i, entries) in runs.iter().enumerate() {
        for (name, value) in entries {
            all.entry(name).or_insert_with(|| vec![None; runs.len()])[i] = Some(value.clone());
        }
    }
    let differ = |values: &Vec<Option<String>>| values.iter().any(|value| *value != values[0]);
    all.into_iter()
        .filter(|(_, values)| differ(values))
        .map(|(name, values)| (name.to_owned(), values))
        .collect()
}

/// Test losses over each other; losses of different units have a chart each.
fn losses(runs: &[Run]) -> Markup {
    let mut charts: Vec<(String, Vec<usize>, Vec<Series>)> = vec![];
    for (number, run) in runs.iter().enumerate() {
        let Some(first) = run.epochs.first() else { continue };
        let unit = first.judged().unit.per(run.entry.example(run.test()));
        let points = run.epochs.iter().map(|epoch| (epoch.number as f64, epoch.judged().total())).collect();
        let series = Series { name: run.folder.clone(), points };
        match charts.iter_mut().find(|chart| chart.0 == unit) {
            Some((_, colours, all)) => {
                colours.push(number);
                all.push(series);
            }
            None => charts.push((unit, vec![number], vec![series])),
        }
    }
    let caption =
        html! { "The loss on the test examples. Losses with different units or terms do not compare." };
    let body = html! {
        @for (unit, colours, series) in charts {
            (Curves { x: "epoch", y: &unit, series, colours, references: vec![] }.markup())
        }
    };
    section("loss", "Loss during training", caption, body)
}

/// The same examples by every model: those that the first one finds easy, ordinary and hard.
fn reconstructions(runs: &[Run], found: &[Found]) -> Markup {
    let data = runs[0].test();
    let numbers: Vec<usize> =
        ranked(&found[0].errors, SHOWN / 3).into_iter().flat_map(|group| group.1).collect();
    let x = data.rows(&numbers);
    let rebuilt: Vec<_> =
        runs.iter().map(|run| in_batches(&x, |x| run.model.decode(&run.model.encode(x)))).collect();
    let caption = html! {
        "The test examples that the first run reconstructs best, typically and worst, and what every run makes of them, with \
         the squared errors."
    };
    let body = match size(data) {
        Some(size) => {
            let rows: Vec<_> = [&x].into_iter().chain(&rebuilt).collect();
            let sheet = Sheet::images("s-rows", &autograd::Tensor::concat(&rows, 0), size);
            let count = numbers.len();
            html! {
                (sheet.style())
                h3 { "test examples" }
                div.grid.even {
                    @for (i, number) in numbers.iter().enumerate() {
                        (sheet.tile(i, &format!("test example {number}")))
                    }
                }
                @for (r, run) in runs.iter().enumerate() {
                    h3 { (run.folder) }
                    div.grid.even {
                        @for (i, &member) in numbers.iter().enumerate() {
                            figure {
                                (sheet.tile((r + 1) * count + i, &format!("example {member} by {}", run.folder)))
                                figcaption { (number(found[r].errors[member])) }
                            }
                        }
                    }
                }
            }
        }
        None => {
            let member = numbers[0];
            let first = |run: &Run, x: &Tensor<f32>| run.in_units(x).swap_remove(0);
            let mut rows = vec![(format!("example {member}"), first(&runs[0], &data.rows(&[member])))];
            rows.extend(
                runs.iter().zip(&rebuilt).map(|(run, x_hat)| (run.folder.clone(), first(run, x_hat))),
            );
            table::numbers(&runs[0].preparation.columns, &rows)
        }
    };
    section("reconstructions", "Reconstructions", caption, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_listed() {
        let entries =
            |code: &str| vec![("code".to_owned(), code.to_owned()), ("epochs".to_owned(), "5".to_owned())];
        let mut last = entries("8");
        last.push(("beta".to_owned(), "2".to_owned()));
        let found = differing(&[entries("8"), entries("4"), last]);
        let value = |text: &str| Some(text.to_owned());
        assert_eq!(
            found,
            [
                ("beta".to_owned(), vec![None, None, value("2")]),
                ("code".to_owned(), vec![value("8"), value("4"), value("8")]),
            ]
        );
    }
}
