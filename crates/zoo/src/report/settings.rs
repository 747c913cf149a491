//! Settings, timings, and how to make the run again.

use maud::{Markup, html};

use super::Run;
use super::html::{number, section as framed};

pub(super) fn section(run: &Run) -> Markup {
    let mut parameters = 0;
    run.model.parameters(&mut |_, tensor| parameters += tensor.len());
    let mut timings = vec![("parameters".to_owned(), parameters.to_string())];
    if !run.epochs.is_empty() {
        timings.push(("epochs".to_owned(), run.epochs.len().to_string()));
    }
    if run.seconds > 0.0 {
        timings.push(("seconds in all".to_owned(), number(run.seconds)));
        if let Some(epochs) = Some(run.epochs.len()).filter(|&epochs| epochs > 0) {
            let each = run.seconds / epochs as f64;
            timings.push(("seconds an epoch".to_owned(), number(each)));
            timings.push((
                "examples a second".to_owned(),
                format!("{:.0}", run.reference.examples[0] as f64 / each),
            ));
        }
    }
    let caption = html! {
        "Everything that decides what is computed. The same settings give the same bytes, with any number of threads."
    };
    let table = |rows: Vec<(String, String)>| {
        html! {
            table { tbody { @for (name, value) in rows { tr { th scope="row" { (name) } td { (value) } } } } }
        }
    };
    let body = html! {
        div.columns { (table(entries(run))) (table(timings)) }
        p.caption { "To make it again:" }
        pre { code { "zoo train --config " (run.folder) "/config.toml" } }
    };
    framed("settings", "Settings", caption, body)
}

/// Every setting with its value, as in `config.toml`.
pub(super) fn entries(run: &Run) -> Vec<(String, String)> {
    let config = toml::Table::try_from(run.config).expect("a configuration is a table");
    let mut all = vec![];
    flatten("", &config, &mut all);
    all
}

fn flatten(prefix: &str, table: &toml::Table, into: &mut Vec<(String, String)>) {
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => flatten(&format!("{prefix}{key}."), inner, into),
            toml::Value::String(text) => into.push((format!("{prefix}{key}"), text.clone())),
            value => into.push((format!("{prefix}{key}"), value.to_string())),
        }
    }
}
