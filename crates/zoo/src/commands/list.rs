//! `zoo list`.

use std::array;

use serde_json::{Value, json};
use zoo::network::Network;
use zoo::registry::{Entry, MODELS};

use super::terminal;
use crate::cli::ListArgs;

/// The models or the networks.
pub(crate) fn run(args: &ListArgs) -> String {
    match (args.networks, args.json.json) {
        (false, false) => fitted(terminal::columns().unwrap_or(usize::MAX)),
        (false, true) => json(),
        (true, false) => networks(),
        (true, true) => {
            let network = |&(name, title): &(&str, &str)| json!({"name": name, "title": title});
            super::json(&Value::Array(Network::ALL.iter().map(network).collect()))
        }
    }
}

/// The networks, a line each.
fn networks() -> String {
    let width = Network::ALL.iter().map(|network| terminal::width(network.0)).max().unwrap_or(0);
    let mut text: String =
        Network::ALL.iter().map(|(name, title)| format!("{name:width$}  {title}\n")).collect();
    text += "\nOne of them under an objective: zoo train vae --net NAME\n";
    text
}

/// The table in so many columns: where it is too wide, sources and then losses stay away.
fn fitted(room: usize) -> String {
    let cells = |entry: &'static Entry| [entry.name, entry.title, entry.equation, entry.source];
    let widths: [usize; 4] = array::from_fn(|column| {
        MODELS.iter().map(|entry| terminal::width(cells(entry)[column])).max().unwrap_or(0)
    });
    let total = |shown: usize| widths[..shown].iter().sum::<usize>() + 2 * (shown - 1);
    let shown = [4, 3].into_iter().find(|&shown| total(shown) <= room).unwrap_or(2);
    let mut text = String::new();
    for entry in MODELS {
        let line = cells(entry)[..shown].iter().zip(widths).fold(String::new(), |line, (cell, width)| {
            line + cell + &" ".repeat(width - terminal::width(cell) + 2)
        });
        text += line.trim_end();
        text.push('\n');
    }
    if shown < widths.len() {
        text += "\nLoss, source and settings of a model: zoo describe NAME\n";
    }
    text
}

/// The same for programs.
fn json() -> String {
    let of = |entry: &&Entry| {
        json!({
            "name": entry.name, "title": entry.title, "equation": entry.equation, "source": entry.source,
        })
    };
    super::json(&Value::Array(MODELS.iter().map(of).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_broken_on_a_usual_terminal() {
        for (room, source, loss) in [(80, false, false), (120, false, true), (usize::MAX, true, true)] {
            let text = fitted(room);
            assert!(text.lines().all(|line| terminal::width(line) <= room), "{text}");
            assert_eq!((text.contains("Pearson 1901"), text.contains("KL(q(z|x)")), (source, loss), "{text}");
            assert!(
                MODELS.iter().all(|model| text.contains(model.name) && text.contains(model.title)),
                "{text}"
            );
        }
    }
}
