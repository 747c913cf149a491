//! Tables of several kinds of columns for a trained model.

use std::path::Path;

use autograd::Tensor;
use nn::data::table::{TextTable, quoted};
use nn::{Error, Result};

use super::super::columns;
use super::super::input::Input;
use super::super::kind::Kind;
use super::super::numbers::{Found, Numbers};
use super::super::preparation::Part;
use super::super::raw::{self, Raw};
use super::super::{Ids, Impute, Preparation, Reading, Rows, Step, explain, parquet};
use super::are_named;

impl Preparation {
    /// The rows of a table, and its text: all columns as they are written.
    ///
    /// # Errors
    /// Those of [`read`](Self::read), or if the data are no table.
    pub fn read_with_text(&self, source: &str, given: &Reading) -> Result<(Rows, TextTable)> {
        let input = Input::open(source)?;
        let read = || {
            let rows = self.read_input(&input, given)?;
            let path = input.path();
            let content = match input.kind()? {
                Kind::Table => None,
                Kind::Parquet => input.text(usize::MAX)?,
                _ => {
                    return Err(Error::file(
                        path,
                        "these data are no table, and only tables have cells to fill",
                    ));
                }
            };
            let reading = Reading {
                delimiter: given.delimiter.or(self.reading.delimiter).or(content.is_some().then_some(',')),
                header: given.header.or(self.reading.header),
                ..Reading::default()
            };
            let options = raw::table_options(&reading);
            let mut text = raw::text_table(path, content.as_deref(), &options)?;
            if let (None, Some((sign, _))) = (reading.delimiter, text.better) {
                let options = raw::table_options(&Reading { delimiter: Some(sign), ..reading });
                text = raw::text_table(path, content.as_deref(), &options)?;
            }
            Ok((rows, text))
        };
        input.named(read())
    }

    /// Whether nothing is learnt from the column with this name.
    pub(super) fn is_left_out(&self, name: &str) -> bool {
        self.steps.iter().any(|step| step.name == name && !step.kind.is_learnt())
    }

    /// A table of several kinds of columns, read as that of training was.
    pub(super) fn read_kinds(
        &self,
        input: &Input,
        given: &Reading,
        reading: &Reading,
        mut notes: Vec<String>,
    ) -> Result<Rows> {
        let path = input.path();
        let content = input.text(usize::MAX)?;
        let reading = if content.is_some() { parquet::as_table(reading) } else { reading.clone() };
        let options = raw::table_options(&reading);
        let explained = |error| explain::in_new_data(error, path, content.as_deref(), &options);
        let mut table = raw::text_table(path, content.as_deref(), &options).map_err(explained)?;
        if let (None, Some(sign)) = (reading.decimal, columns::decimal(&table)) {
            table = table.with_decimal(sign, &options);
        }
        notes.extend(explain::notes(&table.notes));
        let by_name = table.header && are_named(&self.file_columns());
        if !by_name && table.features.len() != self.steps.len() {
            let (found, wanted) = (table.features.len(), self.steps.len());
            let problem = format!("the rows have {found} columns, but the model was trained with {wanted}");
            return Err(Error::file(path, problem));
        }
        let mut cells = Vec::with_capacity(self.steps.len());
        for (number, step) in self.steps.iter().enumerate() {
            let place = match by_name {
                false => Some(table.features[number]),
                true => {
                    let mut named =
                        table.features.iter().copied().filter(|&place| table.names[place] == step.name);
                    let found = named.next();
                    if named.next().is_some() {
                        let problem = format!(
                            "two columns here are called {}, so nobody can say which is which; give them names of their \
                             own",
                            quoted(&step.name)
                        );
                        return Err(Error::file(path, problem));
                    }
                    found
                }
            };
            cells.push(match place.filter(|_| step.kind.is_learnt()) {
                None => vec![f64::NAN; table.rows],
                Some(place) => step.read(path, &table, place, &mut notes).map_err(explained)?,
            });
        }
        let (labels, classes) = table.classes(path).map_err(explained)?;
        let ids: Option<Ids> = table.id.map(|id| {
            let column = &table.columns[id];
            (table.names[id].clone(), (0..table.rows).map(|row| column.text(row).to_owned()).collect())
        });
        let width = cells.len();
        let x = Tensor::from_fn([table.rows, width], |i| cells[i % width][i / width]);
        let data = Found { x: Numbers::from(x), labels, shape: None, ids };
        let mut raw = Raw { classes: classes.unwrap_or_default(), ..Raw::new(data) };
        self.match_classes(path, &mut raw)?;
        if given.impute == Impute::Refuse
            && let Some(column) =
                (0..width).find(|&j| self.steps[j].kind.is_learnt() && cells[j].iter().any(|x| x.is_nan()))
        {
            let row = cells[column].iter().position(|cell| cell.is_nan()).unwrap_or(0);
            let name = quoted(&self.steps[column].name);
            let problem =
                format!("row {}, column {name}: the value is missing; {}", row + 1, explain::NEW_GAPS);
            return Err(Error::file(path, problem));
        }
        let mut rows = self.filling(path, given.impute)?.rows(path, &Part::all(&raw.data, &[]))?;
        rows.cells = raw.data.x.double_rows(&(0..raw.data.len()).collect::<Vec<_>>());
        rows.notes = notes;
        let name = input.name().display();
        rows.notes.extend(self.far_outside(&raw.data.x).map(|text| format!("warning: {name}: {text}")));
        Ok(rows)
    }
}

impl Step {
    /// The cells of a column of new data.
    fn read(
        &self,
        path: &Path,
        table: &TextTable,
        place: usize,
        notes: &mut Vec<String>,
    ) -> Result<Vec<f64>> {
        let mut looked = columns::read_as(path, table, place, self.kind, self.words.clone(), self.dates())?;
        notes.append(&mut looked.notes);
        let known = self.words.len();
        let mut strange = vec![0; looked.words.len().saturating_sub(known)];
        for cell in &mut looked.cells {
            if !looked.words.is_empty() && *cell >= known as f64 {
                strange[*cell as usize - known] += 1;
                *cell = self.of_strange_word();
            }
        }
        if !strange.is_empty() {
            let words: Vec<(String, usize)> = looked.words[known..].iter().cloned().zip(strange).collect();
            notes.push(self.strange(&words));
        }
        Ok(looked.cells)
    }
}
