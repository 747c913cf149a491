//! Other data for a trained model: read, matched with the training data and prepared as these were.

mod kinds;

use std::path::Path;

use nn::data::pictures::Colour;
use nn::data::table::{self, Column, listed, quoted};
use nn::{Error, Result};

use super::input::Input;
use super::kind::Kind;
use super::numbers::Numbers;
use super::preparation::{Part, place};
use super::range;
use super::raw::{self, Raw, TableText};
use super::{Impute, Preparation, Reading, Rows, explain};

impl Preparation {
    /// Reads other data, and prepares them as the training examples were. All examples come in their
    /// order; where the data themselves say which are for testing, those come last. Columns that the training
    /// examples did not have are left out, with a note.
    ///
    /// # Errors
    /// If the data cannot be read, or do not have the features of the training examples.
    pub fn read(&self, source: &str) -> Result<Rows> {
        self.read_as(source, &Reading::default())
    }

    /// The same for data that are not written as the training data were: whatever `given` says about tables and
    /// arrays comes before what was said in training.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn read_as(&self, source: &str, given: &Reading) -> Result<Rows> {
        self.read_from(&Input::open(source)?, given)
    }

    /// The same for an input that is open already, or in memory.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn read_from(&self, input: &Input, given: &Reading) -> Result<Rows> {
        input.named(self.read_input(input, given))
    }

    fn read_input(&self, input: &Input, given: &Reading) -> Result<Rows> {
        if let Some(choices) = &self.reading.choices {
            return self.rows_of_choices(input, choices, given);
        }
        if self.reading.windows.is_some() {
            return self.rows_of_series(input, given);
        }
        if self.alphabet.is_some() {
            return self.rows_of_texts(input, given);
        }
        raw::check(input, given)?;
        let (path, mut notes) = (input.path(), vec![]);
        let reading = self.reading_of(input, given, &mut notes)?;
        if self.has_kinds() {
            return self.read_kinds(input, given, &reading, notes);
        }
        let mut raw = match TableText::of(input, &reading, usize::MAX)? {
            Some(mut table) => {
                table.reading.missing.extend(DASHES.map(String::from));
                Raw::of_new_table(path, &table)?
            }
            None => Raw::read(input, &reading)?.together(),
        };
        raw.notes.splice(0..0, notes);
        self.match_columns(path, &mut raw)?;
        self.match_classes(path, &mut raw)?;
        let (found, wanted) = (raw.data.width(), self.features);
        if found != wanted {
            let (what, hint) = match self.image() {
                Some([height, width]) => ("pixels", format!(" ({height} × {width})")),
                None => ("features", String::new()),
            };
            return Err(Error::file(
                path,
                format!("the examples have {found} {what}, but the model was trained with {wanted}{hint}"),
            ));
        }
        let raw = self.match_white(raw);
        let names = raw.file_names();
        let mut rows = self.filling(path, given.impute)?.rows(path, &Part::all(&raw.data, &names))?;
        if self.shape().is_none() {
            rows.cells = raw.data.x.double_rows(&(0..raw.data.len()).collect::<Vec<_>>());
        }
        rows.notes = raw.notes;
        let name = input.name().display();
        rows.notes.extend(self.far_outside(&raw.data.x).map(|text| format!("warning: {name}: {text}")));
        Ok(rows)
    }

    /// Gives pixels the white of the training examples.
    fn match_white(&self, mut raw: Raw) -> Raw {
        let in_unit_interval = self.ranges.iter().all(|[low, high]| *low >= 0.0 && *high <= 1.0);
        if raw.bytes && !self.bytes && !in_unit_interval {
            raw.data.x = raw.data.x.map(|pixel| pixel * WHITE);
        } else if self.bytes && !raw.bytes && raw.data.x.look_like_bytes() {
            raw.data.x = raw.data.x.map(|pixel| pixel / WHITE);
            raw.notes.push(
                "these whole numbers from 0 to 255 are taken for bytes and divided by 255, as the pixels were that \
                 the model learnt from"
                    .into(),
            );
        }
        raw
    }

    /// A sentence about data that lie far outside of what the model learnt.
    fn far_outside(&self, x: &Numbers) -> Option<String> {
        let found = range::outside(x, &self.ranges)?;
        let all = self.ranges.len() == 1 && self.features > 1 && !self.has_kinds();
        let place = if all { "the values".into() } else { place(&self.file_columns(), false, found.column) };
        let others = match found.others {
            0 => String::new(),
            1 => ", and 1 column besides".into(),
            others => format!(", and {others} columns besides"),
        };
        let [[low, high], [learnt_low, learnt_high]] =
            [found.range, self.ranges[found.column]].map(|range| range.map(short));
        let (run, rows) = (if all { "run" } else { "runs" }, x.shape()[0]);
        Some(format!(
            "{place} {run} from {low} to {high}, where the model learnt from {learnt_low} to {learnt_high}{others}; in \
             {} of {rows} rows it knows nothing about such values: has the unit changed?",
            found.rows
        ))
    }

    /// How to read other data: columns that were left out or hold labels may be absent there, and others there.
    fn reading_of(&self, input: &Input, given: &Reading, notes: &mut Vec<String>) -> Result<Reading> {
        let (path, mut reading) = (input.path(), self.reading.clone());
        if input.is_digits() {
            return Ok(reading);
        }
        reading.delimiter = given.delimiter.or(reading.delimiter);
        reading.decimal = given.decimal.or(reading.decimal);
        reading.header = given.header.or(reading.header);
        reading.array = given.array.clone().or(reading.array);
        reading.missing.extend(given.missing.iter().cloned());
        if given.impute != Impute::Keep {
            reading.impute = given.impute;
        }
        let (kind, columns) = (input.kind()?, self.file_columns());
        let width = if self.has_kinds() { columns.len() } else { self.features };
        if matches!(kind, Kind::Pictures | Kind::Picture) {
            reading.size = reading.size.or(self.shape().map(|[_, height, width]| [height, width]));
            if let Some([channels, ..]) = self.shape() {
                reading.colour = if channels == 1 { Colour::Grey } else { Colour::Rgb };
            }
            if !columns.is_empty() || reading.size.is_none() {
                let trained = format!("the model was trained with examples of {} features", self.features);
                return Err(Error::file(path, format!("{trained}, and these are pictures")));
            }
        }
        let Some(table) = TableText::of(input, &reading, 1)? else {
            if !columns.is_empty() {
                // An array has no columns that could be left out, and labels of its own.
                (reading.drop, reading.label, reading.id) = (vec![], None, None);
            }
            reading.label = given.label.clone().or(reading.label);
            return Ok(reading);
        };
        let (mut names, mut named) = table.names(path)?;
        if kind == Kind::Table
            && reading.delimiter.is_none()
            && columns.iter().any(|name| !names.contains(name))
        {
            // Another program may have written this file, with other signs.
            let options = raw::table_options(&reading);
            if let Some((sign, commas)) = table::better_delimiter(path, &options)? {
                reading.delimiter = Some(sign);
                reading.decimal = reading.decimal.or(commas.then_some(','));
                let decimals = if commas { ", and commas as decimal signs" } else { "" };
                notes.push(format!("{sign:?} is taken to separate fields{decimals}"));
                let table = TableText { content: None, reading: reading.clone() };
                (names, named) = table.names(path)?;
            }
        }
        let place_of = |column: &Column| match column {
            Column::Name(name) => names.iter().position(|other| named && other == name),
            Column::Number(number) => number.checked_sub(1).filter(|place| *place < names.len()),
        };
        let known = |place: usize| columns.contains(&names[place]);
        // Numbers count the columns of the training file, so they fit only a file with all of them.
        let same = |column: &Column| match column {
            Column::Name(_) => place_of(column).is_some(),
            Column::Number(_) => {
                names.len() > width && place_of(column).is_some_and(|place| !named || !known(place))
            }
        };
        reading.label = given.label.clone().or(reading.label.filter(same));
        reading.drop.retain(same);
        reading.drop.extend(given.drop.iter().cloned());
        reading.id = given.id.clone().or(reading.id.filter(same));
        let by_name = named && are_named(&columns);
        if let Some((id, place)) = given.id.as_ref().and_then(|id| Some((id, place_of(id)?))) {
            // A column that is carried along and was not there in training is no feature.
            let spared: Vec<Option<usize>> =
                reading.drop.iter().chain(&reading.label).map(place_of).collect();
            let left = (0..names.len()).filter(|&place| !spared.contains(&Some(place))).count();
            let is_feature = if by_name { known(place) } else { left <= width };
            if !is_feature && !spared.contains(&Some(place)) {
                reading.drop.push(id.clone());
            }
        }
        if !by_name {
            return Ok(reading);
        }
        let needed = |name: &&String| !names.contains(name) && !self.is_left_out(name);
        if let Some(name) = columns.iter().find(needed) {
            let problem = format!("there is no column {}, which the model was trained with", quoted(name));
            let error = Error::file(path, problem);
            return Err(match kind {
                Kind::Table => explain::in_new_data(error, path, None, &raw::table_options(&reading)),
                _ => error,
            });
        }
        let spared: Vec<Option<usize>> = reading.drop.iter().chain(&reading.label).map(place_of).collect();
        let others: Vec<usize> =
            (0..names.len()).filter(|&place| !known(place) && !spared.contains(&Some(place))).collect();
        let unexpected: Vec<String> = others.iter().map(|&place| quoted(&names[place])).collect();
        reading.drop.extend(others.iter().map(|place| Column::Number(place + 1)));
        match &unexpected[..] {
            [] => {}
            [one] => {
                notes.push(format!("column {one} is left out, because the model was not trained with it"))
            }
            all => notes.push(format!(
                "columns {} are left out, because the model was not trained with them",
                listed(all)
            )),
        }
        Ok(reading)
    }

    /// Brings named columns into the order of the training file.
    fn match_columns(&self, path: &Path, raw: &mut Raw) -> Result<()> {
        if self.columns == raw.columns || !are_named(&self.columns) || !are_named(&raw.columns) {
            return Ok(());
        }
        for (columns, whose) in [(&self.columns, "of the training data"), (&raw.columns, "here")] {
            if let Some(name) = repeated(columns) {
                let problem = format!(
                    "two columns {whose} are called {}, so nobody can say which is which; give the \
                     columns the order of the training data, or names of their own",
                    quoted(name)
                );
                return Err(Error::file(path, problem));
            }
        }
        let place = |name: &String| {
            raw.columns.iter().position(|other| other == name).ok_or_else(|| {
                let name = quoted(name);
                Error::file(path, format!("there is no column {name}, which the model was trained with"))
            })
        };
        let order = self.columns.iter().map(place).collect::<Result<Vec<usize>>>()?;
        raw.data.x = raw.data.x.columns(&order);
        raw.columns = self.columns.clone();
        Ok(())
    }

    /// Gives named classes the numbers they had in training.
    fn match_classes(&self, path: &Path, raw: &mut Raw) -> Result<()> {
        // The folders of pictures sort them for people, often into kinds that no training has seen: what is broken, and how.
        let new: Vec<String> = raw
            .classes
            .iter()
            .filter(|name| !self.class_names.contains(name))
            .map(|name| quoted(name))
            .collect();
        if !raw.files.is_empty() && !new.is_empty() {
            if !self.class_names.is_empty() {
                let (class, names) = (if new.len() == 1 { "class" } else { "classes" }, listed(&new));
                raw.notes.push(format!(
                    "the {class} {names} did not occur in training, so classes are passed over"
                ));
            }
            raw.data.labels = None;
            return Ok(());
        }
        let Some(labels) = &mut raw.data.labels else { return Ok(()) };
        if !raw.classes.is_empty() && raw.classes != self.class_names {
            let number = |name: &String| {
                let found = self.class_names.iter().position(|other| other == name);
                found.map(|number| number as u32).ok_or_else(|| {
                    let known: Vec<String> = self.class_names.iter().map(|name| quoted(name)).collect();
                    let (name, known) = (quoted(name), listed(&known));
                    Error::file(
                        path,
                        format!("there was no class {name} in training; the classes are {known}"),
                    )
                })
            };
            let numbers = raw.classes.iter().map(number).collect::<Result<Vec<u32>>>()?;
            labels.iter_mut().for_each(|label| *label = numbers[*label as usize]);
        }
        match labels.iter().find(|label| **label as usize >= self.classes) {
            // A model without classes does not look at them.
            Some(label) if self.classes > 0 => Err(Error::file(
                path,
                format!("class {label} did not occur in training, where the last was {}", self.classes - 1),
            )),
            _ => Ok(()),
        }
    }
}

/// Whether columns have names of their own, and not only numbers.
fn are_named(columns: &[String]) -> bool {
    columns.iter().enumerate().any(|(i, name)| *name != format!("column {}", i + 1))
}

/// A name that two columns have.
fn repeated(columns: &[String]) -> Option<&String> {
    columns.iter().enumerate().find(|(place, name)| columns[..*place].contains(name)).map(|(_, name)| name)
}

/// A number as people write it, if it is one of single precision.
fn short(x: f64) -> String {
    if f64::from(x as f32) == x { (x as f32).to_string() } else { x.to_string() }
}

/// Signs that stand for missing numbers.
const DASHES: [&str; 8] = ["-", "--", "---", "–", "—", ".", "..", "*"];

/// The value of a byte that is white.
const WHITE: f64 = 255.0;
