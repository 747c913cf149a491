//! What the run is and what it came to, against PCA.

use maud::{Markup, html};

use super::html::number;
use super::{Found, Run};
use crate::registry::Training;
use crate::uses::metrics::Fidelity;

pub(super) fn section(run: &Run, found: &Found) -> Markup {
    let fidelity = &run.reference.fidelity;
    let name = run.entry.name;
    let code = found.codes.shape()[1];
    let mut rows = vec![(format!("{name}, code {code}"), fidelity.sse, true)];
    if run.entry.training != Training::ClosedForm {
        rows.push((format!("PCA, {} components", fidelity.rank), fidelity.pca_sse, false));
    }
    rows.push(("mean of the training examples".to_owned(), fidelity.variance, false));
    let longest =
        rows.iter().map(|row| row.1).filter(|sse| sse.is_finite()).fold(f64::MIN_POSITIVE, f64::max);
    let width = |sse: f64| format!("width:{:.1}%", (100.0 * sse / longest).clamp(0.0, 100.0));
    html! {
        header {
            p.kicker { (run.folder) }
            h1 { (run.entry.title) }
            p.equation { (run.entry.equation) }
            p.caption { (run.entry.source) ". " (examples(run)) }
        }
        section id="summary" {
            p.headline { (verdict(run)) }
            table.bars {
                thead { tr { th { "test examples" } th { "SSE per example" } th { "R²" } th.wide {} } }
                tbody {
                    @for (name, sse, own) in &rows {
                        tr.own[*own] {
                            th scope="row" { (name) }
                            td { (number(*sse)) }
                            td { (percent(1.0 - sse / fidelity.variance)) }
                            td.wide { span.bar style=(width(*sse)) {} }
                        }
                    }
                }
            }
        }
    }
}

/// The result in a sentence.
fn verdict(run: &Run) -> String {
    let fidelity = &run.reference.fidelity;
    let explained = percent(fidelity.r_squared());
    if run.entry.training == Training::ClosedForm {
        return format!("It explains {explained} of the variance of the test examples.");
    }
    let comparison = match gain(fidelity) {
        None => "PCA with as many numbers makes no error at all".to_owned(),
        Some(g) if g >= 0.005 => format!("{} less error than PCA with as many numbers", percent(g)),
        Some(g) if g > -0.005 => "the error of PCA with as many numbers".to_owned(),
        Some(g) if g > -1.0 => format!("{} more error than PCA with as many numbers", percent(-g)),
        Some(g) => format!("{:.1} times the error of PCA with as many numbers", 1.0 - g),
    };
    format!("It explains {explained} of the variance of the test examples: {comparison}.")
}

/// The share of PCA's error that the model saves; none where PCA makes no error but that of rounding.
pub(super) fn gain(fidelity: &Fidelity) -> Option<f64> {
    (fidelity.pca_sse > 1e-6 * fidelity.variance).then(|| fidelity.gain_over_pca())
}

fn examples(run: &Run) -> String {
    let (test, [train, judged]) = (run.test(), run.reference.examples);
    let shape = match test.schema().as_image() {
        Some([1, height, width]) => format!("images of {height} × {width}"),
        Some([channels, height, width]) => format!("images of {height} × {width} in {channels} colours"),
        None => format!("examples of {} features", test.width()),
    };
    format!("{}: {} to learn from, {} to judge by, {shape}.", run.reference.data.name, train, judged)
}

/// `93.1 %`.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share).replace('-', "−")
}
