//! Other data for a trained model: read, matched with the training data and prepared as these were.

use std::path::Path;

use autograd::Tensor;
use nn::data::table::{Column, listed, quoted};
use nn::{Dataset, Error, Result};

use super::kind::Kind;
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
        raw::check(source, given)?;
        let (path, content) = match source {
            "-" => (Path::new(raw::STANDARD_INPUT), Some(raw::standard_input()?)),
            name => (Path::new(name), None),
        };
        let mut notes = vec![];
        let reading = self.reading_of(path, content.as_deref(), given, &mut notes)?;
        let table = match &content {
            Some(_) => true,
            None => path.exists() && Kind::of(path)? == Kind::Table,
        };
        let mut raw = match table {
            true => Raw::of_new_table(path, content.as_deref(), &reading)?,
            false => Raw::read(source, &reading)?,
        };
        notes.append(&mut raw.notes);
        if let Some(test) = raw.test.take() {
            let labels = raw.data.labels.take().zip(test.labels).map(|(a, b)| [a, b].concat());
            raw.data =
                Dataset { x: Tensor::concat(&[&raw.data.x, &test.x], 0), labels, image: raw.data.image };
        }
        self.match_columns(path, &mut raw)?;
        self.match_classes(path, &mut raw)?;
        let (found, wanted) = (raw.data.width(), self.features);
        if found != wanted {
            let (what, hint) = match self.image {
                Some([height, width]) => ("pixels", format!(" ({height} × {width})")),
                None => ("features", String::new()),
            };
            return Err(Error::file(
                path,
                format!("the examples have {found} {what}, but the model was trained with {wanted}{hint}"),
            ));
        }
        raw.data.image = self.image;
        let names = raw.files.iter().map(|file| file.display().to_string()).collect();
        let fill = self.fill_by(path, given.impute)?;
        let mut rows = self.filled(path, Rows::numbered(raw.data, names), &fill)?;
        rows.data.x = self.scaled(rows.data.x);
        rows.notes = notes;
        Ok(rows)
    }

    /// How to read other data: columns that were left out or hold labels may be absent there, and others there.
    fn reading_of(
        &self,
        path: &Path,
        content: Option<&[u8]>,
        given: &Reading,
        notes: &mut Vec<String>,
    ) -> Result<Reading> {
        let mut reading = self.reading.clone();
        reading.delimiter = given.delimiter.or(reading.delimiter);
        reading.decimal = given.decimal.or(reading.decimal);
        reading.header = given.header.or(reading.header);
        reading.array = given.array.clone().or(reading.array);
        reading.missing.extend(given.missing.iter().cloned());
        if given.impute != Impute::Refuse {
            reading.impute = given.impute;
        }
        let kind = match content {
            Some(_) => Kind::Table,
            None if path.exists() => Kind::of(path)?,
            None => return Ok(reading),
        };
        if matches!(kind, Kind::Pictures | Kind::Picture) {
            reading.size = reading.size.or(self.image);
            if !self.columns.is_empty() || reading.size.is_none() {
                let trained = format!("the model was trained with examples of {} features", self.features);
                return Err(Error::file(path, format!("{trained}, and these are pictures")));
            }
        }
        if !matches!(kind, Kind::Table | Kind::Parquet) {
            if !self.columns.is_empty() {
                // An array has no columns that could be left out, and labels of its own.
                (reading.drop, reading.label) = (vec![], None);
            }
            reading.label = given.label.clone().or(reading.label);
            return Ok(reading);
        }
        let text = match content {
            Some(_) => None,
            None => TableText::of(path, &reading, 1)?,
        };
        let (names, named) = match &text {
            Some(text) => raw::names(path, text.content.as_deref(), &text.reading)?,
            None => raw::names(path, content, &reading)?,
        };
        let place_of = |column: &Column| match column {
            Column::Name(name) => names.iter().position(|other| named && other == name),
            Column::Number(number) => number.checked_sub(1).filter(|place| *place < names.len()),
        };
        let known = |place: usize| self.columns.contains(&names[place]);
        // Numbers count the columns of the training file, so they fit only a file with all of them.
        let same = |column: &Column| match column {
            Column::Name(_) => place_of(column).is_some(),
            Column::Number(_) => {
                names.len() > self.features && place_of(column).is_some_and(|place| !named || !known(place))
            }
        };
        reading.label = given.label.clone().or(reading.label.filter(same));
        reading.drop.retain(same);
        reading.drop.extend(given.drop.iter().cloned());
        if !named || !are_named(&self.columns) {
            return Ok(reading);
        }
        if let Some(name) = self.columns.iter().find(|name| !names.contains(name)) {
            let problem = format!("there is no column {}, which the model was trained with", quoted(name));
            return Err(explain::in_new_data(
                Error::file(path, problem),
                path,
                content,
                &raw::table_options(content, &reading),
            ));
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
        raw.data.x = raw.data.x.index_select(1, &order);
        raw.columns = self.columns.clone();
        Ok(())
    }

    /// Gives named classes the numbers they had in training.
    fn match_classes(&self, path: &Path, raw: &mut Raw) -> Result<()> {
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
