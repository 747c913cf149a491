//! `zoo list`.

use std::array;

use serde_json::{Value, json};
use zoo::Likelihood;
use zoo::network::Network;
use zoo::registry::{Entry, MODELS};

use super::terminal;
use crate::cli::ListArgs;

/// The models, the networks or the likelihoods.
pub(crate) fn run(args: &ListArgs) -> String {
    let array = |values: Vec<Value>| super::json(&Value::Array(values));
    match (args.networks, args.likelihoods, args.json.json) {
        (true, _, false) => networks(),
        (true, _, true) => {
            let network = |&(name, title): &(&str, &str)| json!({"name": name, "title": title});
            array(Network::ALL.iter().map(network).collect())
        }
        (_, true, false) => likelihoods(),
        (_, true, true) => array(Likelihood::ALL.iter().map(likelihood).collect()),
        (_, _, false) => fitted(terminal::columns().unwrap_or(usize::MAX)),
        (_, _, true) => json(),
    }
}

/// The networks, a line each.
fn networks() -> String {
    let rows = Network::ALL.iter().map(|&(name, title)| vec![name, title]);
    aligned(rows) + "\nOne of them under an objective: zoo train vae --net NAME\n"
}

/// The likelihoods, a line each.
fn likelihoods() -> String {
    let said: Vec<String> = Likelihood::ALL.iter().map(|of| of.numbers().join(", ")).collect();
    let head = vec!["NAME", "OF DATA", "NUMBERS OF THE DECODER", "DISTRIBUTION"];
    let row = |(of, said): (&'static Likelihood, _)| vec![of.word(), of.support().words(), said, of.title()];
    let rows = Likelihood::ALL.iter().zip(said.iter().map(String::as_str)).map(row);
    aligned(std::iter::once(head).chain(rows))
        + "\nOne of them for a model: zoo train vae --set likelihood.name=NAME\n"
}

/// The same for programs.
fn likelihood(of: &Likelihood) -> Value {
    json!({
        "name": of.word(), "title": of.title(), "support": of.support().words(), "numbers": of.numbers(),
        "unit": if of.is_density() { "nats" } else { "squared error" },
    })
}

/// Rows of as many cells each, in columns as wide as their widest cell.
fn aligned<'a>(rows: impl Iterator<Item = Vec<&'a str>>) -> String {
    let rows: Vec<_> = rows.collect();
    let columns = rows.first().map_or(0, Vec::len);
    let widest = |column: usize| rows.iter().map(|row| terminal::width(row[column])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    let mut text = String::new();
    for row in &rows {
        let line = row.iter().zip(&widths).fold(String::new(), |line, (cell, width)| {
            line + cell + &" ".repeat(width - terminal::width(cell) + 2)
        });
        text += line.trim_end();
        text.push('\n');
    }
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
    let mut text = aligned(MODELS.iter().map(|entry| cells(entry)[..shown].to_vec()));
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
