//! Problems of tables in the words of the command line: all that has to be done at once, so that the next attempt
//! succeeds, and nothing that the command cannot do.

use std::path::Path;

use nn::Error;
use nn::data::table::{self, Column, Columns, Note, Stray, TableOptions, quoted};
use nn::error::{Fault, TableError};

/// Advice about missing values, as the end of a sentence.
pub(super) const GAPS: &str =
    "fill such gaps with --impute mean or --impute median, or leave the column out with --drop-columns";

/// The same where the columns are those that a model was trained with.
pub(super) const NEW_GAPS: &str =
    "fill such gaps with --impute mean or --impute median, by the values of the training data";

/// Explains why a table cannot be trained on.
pub(super) fn in_training(
    error: Error,
    path: &Path,
    content: Option<&[u8]>,
    options: &TableOptions,
) -> Error {
    explain(error, path, content, options, GAPS, |error, columns| {
        let problem = error.fact();
        let strays: Vec<&Stray> =
            columns.strays.iter().filter(|stray| !spared(stray.column, columns, options)).collect();
        let mut advice = vec![];
        if !strays.is_empty() {
            let names = named(strays.iter().map(|stray| stray.column), columns);
            advice.push(match missing(&strays) {
                Some(marks) => format!(
                    "say --missing {marks} if that marks missing values, or leave the column out with --drop-columns \
                     {names}"
                ),
                None => format!("correct it, or leave the column out with --drop-columns {names}"),
            });
        }
        if let Some(place) =
            error.column.as_ref().and_then(|name| columns.names.iter().position(|other| other == name))
        {
            let name = named([place].into_iter(), columns);
            advice.push(format!("or take the values for words with --columns {name}=category"));
        }
        if strays.is_empty() {
            advice.insert(0, "correct the value, or leave its column out with --drop-columns".into());
        }
        format!("{problem}{}; {}", others(error, columns), advice.join(", "))
    })
}

/// Explains why a trained model cannot be given a table.
pub(super) fn in_new_data(
    error: Error,
    path: &Path,
    content: Option<&[u8]>,
    options: &TableOptions,
) -> Error {
    explain(error, path, content, options, NEW_GAPS, |error, columns| {
        let strays: Vec<&Stray> = columns.strays.iter().collect();
        let advice = match stray_of(error, columns).and_then(|_| missing(&strays)) {
            Some(marks) => {
                format!("correct it, or say --missing {marks} --impute median if that marks missing values")
            }
            None => "correct it: the model was trained with values in this column".into(),
        };
        format!("{}{}; {advice}", error.fact(), others(error, columns))
    })
}

/// The notes of the library in the words of the command line.
pub(crate) fn notes(notes: &[Note]) -> impl Iterator<Item = String> + '_ {
    notes.iter().map(|note| match note {
        Note::Header { guess, names: true } => format!("{guess}; if it is an example, say --header no"),
        Note::Header { guess, names: false } => format!("{guess}; if it names the columns, say --header yes"),
        other => other.to_string(),
    })
}

/// Sentences about columns of whole numbers that double precision does not have.
pub(super) fn rounded(columns: &[String]) -> impl Iterator<Item = String> + '_ {
    columns.iter().map(|column| {
        format!(
            "column {} has whole numbers above 2⁵³ (9007199254740992), which are rounded, so that neighbours \
             become equal; if they are names of rows, leave it out with --drop-columns",
            quoted(column)
        )
    })
}

/// Sentences about the columns that are no plain numbers.
pub(super) fn strange(columns: &Columns) -> Vec<String> {
    let stray = |stray: &Stray| {
        let texts: Vec<String> = (stray.texts.iter())
            .map(|text| {
                let more = match text.count - 1 {
                    0 => String::new(),
                    1 => " and another".into(),
                    more => format!(" and {more} others"),
                };
                format!("{} in line {}{more}", quoted(&text.text), text.line)
            })
            .collect();
        let advice = missing(&[stray]).map_or("correct them".into(), |marks| {
            format!("if that marks missing values, as it is taken here, say --missing {marks}")
        });
        let (name, values, kind) = (quoted(&columns.names[stray.column]), stray.values, stray.kind.plural());
        format!("column {name} holds {values} {kind}, and {}; {advice}", texts.join(", "))
    };
    let commas = |&place: &usize| {
        let name = quoted(&columns.names[place]);
        format!("column {name} holds numbers with commas; {COMMAS}")
    };
    let all = columns.strays.iter().map(stray).chain(columns.commas.iter().map(commas));
    notes(&columns.notes).chain(all).collect()
}

const COMMAS: &str = "say --decimal , if that is the decimal sign, or --decimal . if it parts thousands";

/// Why the sign between fields is another one.
pub(super) fn other_delimiter(path: &Path, columns: &Columns) -> Option<Error> {
    let (sign, commas) = columns.better?;
    let flag = match sign {
        '\t' => "$'\\t'".to_owned(),
        ',' => ",".to_owned(),
        sign => format!("'{sign}'"),
    };
    let decimal = if commas { " --decimal ," } else { "" };
    let taken = match columns.delimiter {
        ',' => "comma".to_owned(),
        '\t' => "tab".to_owned(),
        sign => format!("{sign:?}"),
    };
    let seen = match columns.names.len() {
        1 => format!("the first line has no {taken}, but {sign:?} between its fields"),
        _ => format!("not {taken} but {sign:?} seems to stand between the fields"),
    };
    Some(Error::file(path, format!("{seen}; try --delimiter {flag}{decimal}")))
}

fn explain(
    error: Error,
    path: &Path,
    content: Option<&[u8]>,
    options: &TableOptions,
    gaps: &str,
    advise: impl Fn(&TableError, &Columns) -> String,
) -> Error {
    if !matches!(error, Error::File { .. } | Error::Table(_)) {
        return error;
    }
    let looked = match content {
        Some(content) => table::parse_columns(path, content, options),
        None => table::columns(path, options),
    };
    let columns = looked.ok();
    if let Some(better) = columns.as_ref().and_then(|columns| other_delimiter(path, columns)) {
        return better;
    }
    let Error::Table(error) = error else { return error };
    // A value of no use in its column is advised about by what else is in the table.
    let advised = match (&error.fault, &columns) {
        (
            Fault::NotNumber(_) | Fault::NotDate(_) | Fault::NotTruth(..) | Fault::AllMissing,
            Some(columns),
        ) => advise(&error, columns),
        _ => error.fact() + &advice(&error.fault, gaps),
    };
    // The error keeps its place and its kind for whoever asks for them.
    Error::Table(Box::new(error.with_advice(advised)))
}

/// The advice about a fault, whatever else is in the table, as the end of a sentence.
fn advice(fault: &Fault, gaps: &str) -> String {
    match fault {
        Fault::Infinite(_) => "; correct the value or leave its column out with --drop-columns".into(),
        Fault::TooLarge(_) => "; scale the column".into(),
        Fault::Point(_) => " (--decimal ,)".into(),
        Fault::Comma(_) => format!("; {COMMAS}"),
        Fault::Missing => format!("; {gaps}"),
        Fault::NotClass(_) => "; labels are names or whole numbers".into(),
        Fault::Fields { .. } => "; check --delimiter and the quotes".into(),
        Fault::NoFeatures => "; check --delimiter and --drop-columns".into(),
        Fault::NoLabel => String::new(),
        _ => "; leave its column out with --drop-columns".into(),
    }
}

/// How many values the column has whose stray text the error is about, as a part of the sentence.
fn others(error: &TableError, columns: &Columns) -> String {
    stray_of(error, columns).map_or(String::new(), |stray| {
        format!(", but the column's other values are {} {}", stray.values, stray.kind.plural())
    })
}

/// The stray texts of the column that the error is about.
fn stray_of<'a>(error: &TableError, columns: &'a Columns) -> Option<&'a Stray> {
    let column = error.line.and(error.column.as_ref())?;
    columns.strays.iter().find(|stray| columns.names[stray.column] == *column)
}

/// The marks in these columns as the value of a flag; none if one of them has a comma.
fn missing(strays: &[&Stray]) -> Option<String> {
    let mut marks: Vec<&str> =
        strays.iter().flat_map(|stray| &stray.texts).map(|text| text.text.as_str()).collect();
    marks.sort_unstable();
    marks.dedup();
    let plain = marks.iter().all(|mark| !mark.contains([',', '\n']));
    plain.then(|| format!("'{}'", marks.join(",").replace('\'', r"'\''")))
}

/// Whether the options say that a column is no feature.
pub(super) fn spared(place: usize, columns: &Columns, options: &TableOptions) -> bool {
    let is = |column: &Column| match column {
        Column::Number(number) => *number == place + 1,
        Column::Name(name) => *name == columns.names[place],
    };
    options.drop.iter().chain(&options.label).chain(&options.id).any(is)
}

/// Columns as the value of a flag: by name, or by number where a name would be taken for two or is shared.
fn named(places: impl Iterator<Item = usize>, columns: &Columns) -> String {
    let name = |place: usize| {
        let name = &columns.names[place];
        let alone = columns.names.iter().filter(|other| *other == name).count() == 1;
        let plain =
            columns.header && alone && !name.contains([',', '\n', '\r']) && name.parse::<usize>().is_err();
        if plain { name.clone() } else { (place + 1).to_string() }
    };
    shell(&places.map(name).collect::<Vec<_>>().join(","))
}

/// As one word of a command line.
pub(super) fn shell(text: &str) -> String {
    let plain = |sign: char| sign.is_alphanumeric() || "_-.,:/".contains(sign);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
