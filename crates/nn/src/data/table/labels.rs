//! The label column: class numbers, or names that become numbers.

use std::collections::HashMap;

/// The numbers of the classes, and their names if they have any.
pub type Classes = (Option<Vec<u32>>, Option<Vec<String>>);

/// The labels so far. Each different text is stored once.
#[derive(Default)]
pub(super) struct Labels {
    number_of: HashMap<String, u32>,
    /// The line on which each text came first.
    first_lines: Vec<u64>,
    rows: Vec<u32>,
}

impl Labels {
    pub(super) fn push(&mut self, text: &str, line: u64) {
        let number = match self.number_of.get(text) {
            Some(&number) => number,
            None => {
                let number = self.number_of.len() as u32;
                self.number_of.insert(text.to_owned(), number);
                self.first_lines.push(line);
                number
            }
        };
        self.rows.push(number);
    }

    /// Labels that are all whole numbers are class numbers as they are; others are names, numbered in
    /// alphabetical order. Fractions are neither.
    /// The error is a line and its label.
    pub(super) fn finish(self) -> Result<Classes, (u64, String)> {
        let mut texts: Vec<(String, u32)> = self.number_of.into_iter().collect();
        texts.sort_unstable();
        if let Some(classes) = texts.iter().map(|(text, _)| whole(text)).collect::<Option<Vec<u32>>>() {
            let mut class_of = vec![0; texts.len()];
            texts.iter().zip(classes).for_each(|(&(_, number), class)| class_of[number as usize] = class);
            return Ok((Some(self.rows.iter().map(|&number| class_of[number as usize]).collect()), None));
        }
        // Sorted by line, so that the first fraction in the file is the one that is named.
        let fractions = texts.iter().filter(|(text, _)| text.parse::<f64>().is_ok_and(|x| x.fract() != 0.0));
        if let Some((text, number)) = fractions.min_by_key(|(_, number)| *number) {
            let line = self.first_lines[*number as usize];
            return Err((line, text.clone()));
        }
        let mut class_of = vec![0; texts.len()];
        for (class, &(_, number)) in (0..).zip(&texts) {
            class_of[number as usize] = class;
        }
        let rows = self.rows.iter().map(|&number| class_of[number as usize]).collect();
        Ok((Some(rows), Some(texts.into_iter().map(|(text, _)| text).collect())))
    }
}

/// The class number that a text holds; `3.0` is what some programs write for 3.
fn whole(text: &str) -> Option<u32> {
    let value: f64 = text.parse().ok()?;
    (value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&value)).then_some(value as u32)
}
