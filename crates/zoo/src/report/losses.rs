//! The loss over the epochs, whole and by term.

use maud::{Markup, html};

use super::Run;
use super::chart::Curves;
use super::html::{number, section as framed};
use crate::Unit;
use crate::plot::Series;
use crate::tendency::Tendency;
use crate::train::{Epoch, Terms};

pub(super) fn section(run: &Run) -> Option<Markup> {
    let first = run.epochs.first()?;
    let unit = first.judged().unit;
    let last = &run.reference.loss;
    let curves = Curves {
        x: "epoch",
        y: &unit.per(run.entry.example(run.test())),
        series: series(run.epochs, last),
        colours: vec![],
        references: match unit {
            // Without an error PCA has no place on an axis of logarithms.
            Unit::SquaredError if run.reference.fidelity.pca_sse < 1e-9 => vec![],
            Unit::SquaredError => {
                vec![(
                    format!("PCA, {} components", run.reference.fidelity.rank),
                    run.reference.fidelity.pca_sse,
                )]
            }
            Unit::Error | Unit::Nats => vec![],
        },
    };
    let caption = html! {
        "Means over examples of sums over features. The training loss is that before the update of each step."
        @if let Some(tendency) = Tendency::of(run.epochs) { " " (tendency) }
    };
    let body = html! {
        (curves.markup())
        @if last.values.len() > 1 { (terms(last, run.entry.example(run.test()))) }
    };
    Some(framed("loss", "Loss during training", caption, body))
}

/// The loss on training and test examples; by term where there are several, in the order of the model.
fn series(epochs: &[Epoch], model: &Terms) -> Vec<Series> {
    let curve = |name: String, y: &dyn Fn(&Epoch) -> Option<f64>| Series {
        name,
        points: epochs.iter().map(|epoch| (epoch.number as f64, y(epoch).unwrap_or(f64::NAN))).collect(),
    };
    let mut all = vec![
        curve("train".into(), &|epoch| Some(epoch.train.total())),
        curve("test".into(), &|epoch| Some(epoch.judged().total())),
    ];
    for (name, _) in model.values.iter().filter(|_| model.values.len() > 1) {
        let term =
            |epoch: &Epoch| epoch.judged().values.iter().find(|term| term.0 == *name).map(|term| term.1);
        all.push(curve(format!("test {name}"), &term));
    }
    all
}

/// The final loss, term by term.
fn terms(loss: &Terms, example: &str) -> Markup {
    html! {
        div.scroll {
            table {
                thead { tr { th { "test loss at the end" } th { (loss.unit.per(example)) } } }
                tbody {
                    @for (name, value) in &loss.values { tr { th scope="row" { (name) } td { (number(*value)) } } }
                    tr.own { th scope="row" { "in all" } td { (number(loss.total())) } }
                }
            }
        }
    }
}
