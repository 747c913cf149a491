//! Columns that number the rows: an index, an identifier. They say nothing about what a row is, and a model that
//! learns them spends its code on the order of the file.

use std::collections::HashSet;
use std::path::Path;

use nn::data::table::{Column, quoted};
use nn::{Error, Result};

use super::explain::shell;
use super::numbers::Numbers;

/// Names of such columns, in small letters and without signs.
const NAMES: [&str; 19] = [
    "index",
    "idx",
    "id",
    "ids",
    "uid",
    "pk",
    "row",
    "rows",
    "rowindex",
    "rownum",
    "rowno",
    "rownumber",
    "rowname",
    "rownames",
    "no",
    "nr",
    "sno",
    "slno",
    "obs",
];

/// The columns `[rows, columns]` that seem to number the rows, counted from 0: their name says so, and every row
/// has another whole number.
///
/// Both are needed. A count without such a name may be a time, and a measured whole number repeats or has a name.
/// The order is no matter: rows may have been shuffled, sorted or selected since they were numbered.
pub(super) fn numbering(columns: &[String], x: &Numbers) -> Vec<usize> {
    let [rows, _] = x.shape();
    let has_names = columns.iter().enumerate().any(|(place, name)| !is_absent(place, name));
    let distinct = |place: &usize| {
        let values = x.column(*place, 0..rows);
        let whole = values.iter().all(|value| value.fract() == 0.0);
        whole && values.iter().map(|value| value.to_bits()).collect::<HashSet<_>>().len() == rows
    };
    if rows < 2 || columns.len() < 2 || !has_names {
        return vec![];
    }
    let called = |place: &usize| is_absent(*place, &columns[*place]) || says_so(&columns[*place]);
    (0..columns.len()).filter(called).filter(distinct).collect()
}

/// The sentence about such columns, with the flags that leave them out and that keep them.
pub(super) fn sentence(columns: &[String], places: &[usize]) -> String {
    let flag = |place: &usize| match &columns[*place] {
        name if is_absent(*place, name) || name.contains(',') => {
            name.trim_start_matches("column ").to_owned()
        }
        name => name.clone(),
    };
    let names: Vec<String> = places.iter().map(|place| quoted(&columns[*place])).collect();
    let flags = shell(&places.iter().map(flag).collect::<Vec<_>>().join(","));
    let (column, holds, it) =
        if places.len() == 1 { ("column", "holds", "it") } else { ("columns", "hold", "them") };
    format!(
        "{column} {} {holds} a different whole number in every row, as an index or an identifier does, which says \
         nothing about the row; leave {it} out with --drop-columns {flags}, or keep {it} with --keep-columns {flags}",
        names.join(", ")
    )
}

/// Refuses such columns unless they are to be kept.
pub(super) fn refuse(path: &Path, columns: &[String], x: &Numbers, keep: &[Column]) -> Result<()> {
    let is = |place: usize, column: &Column| match column {
        Column::Name(name) => columns[place] == *name,
        Column::Number(number) => columns[place] == format!("column {number}"),
    };
    if let Some(column) = keep.iter().find(|column| !(0..columns.len()).any(|place| is(place, column))) {
        let name = match column {
            Column::Name(name) => quoted(name),
            Column::Number(number) => number.to_string(),
        };
        return Err(Error::file(
            path,
            format!("there is no column {name} to keep; columns with names are kept by name"),
        ));
    }
    let mut found = numbering(columns, x);
    found.retain(|&place| !keep.iter().any(|column| is(place, column)));
    if found.is_empty() { Ok(()) } else { Err(Error::file(path, sentence(columns, &found))) }
}

/// Whether a column has no name, or that of an index or an identifier.
pub(super) fn is_called_so(place: usize, name: &str) -> bool {
    is_absent(place, name) || says_so(name)
}

/// Whether a column has no name.
fn is_absent(place: usize, name: &str) -> bool {
    // Columns may have been left out before it.
    name.strip_prefix("column ")
        .and_then(|number| number.parse::<usize>().ok())
        .is_some_and(|number| number > place)
}

/// Whether a name is that of an index or an identifier: `Unnamed: 0`, `id`, `Row No.`, `customer_id`, `PassengerId`.
fn says_so(name: &str) -> bool {
    let small: String =
        name.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let end = name.trim_end().strip_suffix("id").or(name.trim_end().strip_suffix("ID"));
    let parted = end.is_some_and(|start| {
        start.ends_with(|sign: char| !sign.is_alphanumeric())
            || name.ends_with("ID") && start.ends_with(char::is_lowercase)
    });
    let camel = name
        .trim_end()
        .strip_suffix("Id")
        .is_some_and(|start| start.ends_with(|sign: char| !sign.is_uppercase()));
    NAMES.contains(&small.as_str()) || small.starts_with("unnamed") || name.trim() == "#" || parted || camel
}

#[cfg(test)]
mod tests {
    use autograd::Tensor;

    use super::*;

    fn found(names: &[&str], rows: &[&[f64]]) -> Vec<usize> {
        let columns: Vec<String> = names.iter().map(|name| name.to_string()).collect();
        numbering(&columns, &Tensor::from_vec([rows.len(), names.len()], rows.concat()).into())
    }

    #[test]
    fn an_index_has_the_name_and_the_values_of_one() {
        for name in [
            "Unnamed: 0",
            "Unnamed: 0.1",
            "index",
            "Index",
            "id",
            "ID",
            "#",
            "row",
            "Row No.",
            "row_number",
            "S.No",
            "No",
            "customer_id",
            "PassengerId",
            "patientID",
            "case id",
            "column 1",
        ] {
            for counted in [[0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [2.0, 0.0, 1.0], [17.0, 4.0, 90.0]] {
                let rows = counted.map(|number| [number, 0.5]);
                assert_eq!(
                    found(&[name, "width"], &rows.each_ref().map(|row| &row[..])),
                    [0],
                    "{name} {counted:?}"
                );
            }
            assert!(found(&[name, "width"], &[&[1.0, 0.5], &[1.0, 0.7]]).is_empty(), "{name} repeats");
            assert!(found(&[name, "width"], &[&[1.0, 0.5], &[1.5, 0.7]]).is_empty(), "{name} is measured");
        }
        for name in ["time", "year", "acid", "grid", "humid", "width", "Android", "number of rooms", "idle"] {
            assert!(found(&[name, "b"], &[&[0.0, 0.5], &[1.0, 0.5]]).is_empty(), "{name}");
        }
        // Where nothing has a name, the lack of one says nothing.
        assert!(found(&["column 1", "column 2"], &[&[0.0, 0.5], &[1.0, 0.5]]).is_empty());
        // Another unnamed column, after others that were left out.
        assert_eq!(found(&["a", "column 7", "id"], &[&[0.5, 3.0, 2.0], &[0.5, 1.0, 9.0]]), [1, 2]);
    }
}
