//! Whether the first row of a table names its columns.

use csv::StringRecord;

use super::value::{Kind, Signs, is_mark};
use super::{Column, Note, TableOptions};
use crate::error::quoted;

/// Whether the first row holds names, by what stands below it; and a sentence, where that is not plain.
///
/// Text over values is a name, and a value over values of its kind is none. Text over text may be either, so
/// it decides only where nothing else does; missing values and their usual marks say nothing.
pub(super) fn guess(
    first: &StringRecord,
    below: &[&StringRecord],
    options: &TableOptions,
    signs: &Signs,
) -> (bool, Option<Note>) {
    // As programs write 0, 1, 2, … where columns have no names, perhaps after an empty name.
    let counted = first.iter().skip(usize::from(first.get(0) == Some("")));
    if first.len() > 2 && counted.enumerate().all(|(i, field)| field == i.to_string()) {
        return (
            true,
            Some(as_names(first, "it counts 0, 1, 2, … as programs do for columns without names")),
        );
    }
    let (mut names, mut texts, mut marks, mut repeated, mut values) = (0, 0, 0, vec![], vec![]);
    for (column, field) in first.iter().map(str::trim).enumerate() {
        let under = || below.iter().filter_map(|row| row.get(column)).map(str::trim);
        let kind = signs.kind(field);
        match kind {
            None if signs.is_missing(field) => {}
            None if is_mark(field) => marks += 1,
            Some(Kind::Number) => values.push(column),
            // `2024-01` may name a month, and `t`, `y` or `no` may be names as well.
            Some(kind) if under().any(|other| signs.kind(other) == Some(kind)) => values.push(column),
            _ if under().any(|other| other == field) => repeated.push(field),
            _ if under().any(|other| signs.kind(other).is_some()) => names += 1,
            // Where a column is known to hold something else, text proves nothing.
            _ if below.is_empty() && by_number(column, options) => {}
            _ => texts += 1,
        }
    }
    let like_names = numbers_like_names(first, &values, below);
    match (names, values.len()) {
        (0, 0) if !repeated.is_empty() => {
            (false, Some(as_example(first, &format!("{} comes again below", quoted(repeated[0])))))
        }
        (0, 0) if texts == 0 => (false, (marks > 0).then(|| as_example(first, "it holds no name"))),
        (_, 0) => (true, None),
        (0, 1..) if texts == 0 && marks == 0 && repeated.is_empty() => {
            (false, like_names.then(|| as_example(first, "it holds only numbers")))
        }
        _ if like_names && texts + names > 0 => {
            (true, Some(as_names(first, "it has text, and its numbers are unlike those below it")))
        }
        _ => (false, Some(as_example(first, "it holds values where the rows below it do"))),
    }
}

fn as_names(first: &StringRecord, why: &str) -> Note {
    let row = shown(first);
    let guess = format!("the first row ({row}) is taken for the names of the columns, because {why}");
    Note::Header { guess, names: true }
}

fn as_example(first: &StringRecord, why: &str) -> Note {
    let row = shown(first);
    Note::Header {
        guess: format!("the first row ({row}) is taken for an example, because {why}"),
        names: false,
    }
}

/// The beginning of a row.
fn shown(row: &StringRecord) -> String {
    const ENOUGH: usize = 4;
    let fields: Vec<String> = row.iter().take(ENOUGH).map(quoted).collect();
    fields.join(", ") + if row.len() > ENOUGH { ", …" } else { "" }
}

fn by_number(column: usize, options: &TableOptions) -> bool {
    let told = options.drop.iter().chain(&options.label).chain(&options.id);
    told.into_iter().any(|other| *other == Column::Number(column + 1))
}

/// Whether the numbers of the first row may be names: years, or numbers in equal steps, where those below are not.
fn numbers_like_names(first: &StringRecord, columns: &[usize], below: &[&StringRecord]) -> bool {
    let like_names = |row: &StringRecord| {
        let numbers = columns.iter().map(|column| row.get(*column)?.trim().parse::<f64>().ok());
        let Some(numbers) = numbers.collect::<Option<Vec<f64>>>() else { return false };
        let is_year = |number: &f64| number.fract() == 0.0 && (1800.0..2200.0).contains(number);
        let years = numbers.len() > 1 && numbers.iter().all(is_year) && numbers.is_sorted_by(|a, b| a < b);
        let step = |pair: &[f64]| pair[1] - pair[0];
        let equal =
            |pair: &[f64]| step(pair) != 0.0 && (step(pair) - step(&numbers)).abs() < 1e-9 * step(pair).abs();
        years || numbers.len() > 2 && numbers.windows(2).all(equal)
    };
    like_names(first) && !below.iter().any(|row| like_names(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The guess for a text, and its note.
    fn guessed(text: &str) -> (bool, Option<Note>) {
        let row = |line: &str| line.split(',').collect::<StringRecord>();
        let rows: Vec<StringRecord> = text.lines().map(row).collect();
        let below: Vec<&StringRecord> = rows[1..].iter().collect();
        let options = TableOptions::default();
        guess(&rows[0], &below, &options, &Signs::of(&options))
    }

    #[test]
    fn plain_headers_and_plain_examples_need_no_words() {
        for (text, header) in [
            ("a,b\n1,2\n3,4\n", true),
            ("1,2\n3,4\n", false),
            ("a,b\nx,1\ny,2\n", true),
            ("t,y\n0,1\n", true),
            ("y\n1\n2\n", true),
            ("2024-01-01,5\n2024-01-02,6\n", false),
            ("True,1\nFalse,2\n", false),
            ("name,city\nann,rome\nbob,oslo\n", true),
            ("a,b\n", true),
            ("1,inf\n", false),
            ("1,,3\n4,5,6\n", false),
            ("2020-01,2020-02\n5,6\n7,8\n", true),
            ("1,2,3\n2,3,4\n3,4,5\n", false),
            ("a,\"b\"\n-,2\n1,-\n", true),
        ] {
            assert_eq!(guessed(text), (header, None), "{text}");
        }
    }

    #[test]
    fn a_guess_that_is_not_plain_is_said() {
        for (text, header, why) in [
            ("43.644,-,1.017\n49,3.8,-0.07\n36,10.3,-0.7\n", false, "it holds values where"),
            ("43.644,foo,1.017\n49,3.8,-0.07\n36,10.3,-0.7\n", false, "it holds values where"),
            ("2019,2020\n1,2\n3,5\n", false, "it holds only numbers"),
            ("400,410,420\n1,2,5\n3,5,9\n", false, "it holds only numbers"),
            ("name,2019,2020\nann,1,2\nbob,3,4\n", true, "its numbers are unlike"),
            ("5.1,3.5,setosa\n4.9,3.0,setosa\n", false, "it holds values where"),
            ("ann,1.5,2\nbob,2.5,3\n", false, "it holds values where"),
            ("rome,a\noslo,b\nrome,c\n", false, "`rome` comes again"),
            (",0,1,2\n0,5,6,7\n", true, "it counts 0, 1, 2"),
            ("-,-\n1,2\n", false, "it holds no name"),
        ] {
            let (found, note) = guessed(text);
            assert!(
                found == header && note.as_ref().is_some_and(|note| note.to_string().contains(why)),
                "{text}{note:?}"
            );
        }
    }
}
