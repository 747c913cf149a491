//! Single cells that somebody names, and numbers that are kept to the range of the training rows.

use std::ops::Range;

use autograd::Tensor;
use nn::checkpoint::nearest;
use nn::data::table::quoted;
use nn::{Error, Result};

use super::super::columns::ColumnKind;
use super::super::pipeline::Step;
use super::Preparation;

impl Preparation {
    /// The features of a cell, and which they are, for the text of one: `>50K` in the column `income`.
    ///
    /// # Errors
    /// If the column is not learnt from, or has no such word or number.
    pub fn cell_of(&self, column: &str, text: &str) -> Result<(Range<usize>, Vec<f32>)> {
        let refused = |problem: String| Error::setting("where", format!("`{column}={text}`: {problem}"));
        let parts = self.parts();
        let Some(place) = parts.iter().position(|part| part == column) else {
            let unused = self.steps.iter().find(|step| step.name == column);
            let problem = match (unused, nearest(column, parts.iter().map(String::as_str))) {
                (Some(step), _) => format!("nothing was learnt from this {} column", step.kind),
                (None, Some(near)) => {
                    format!("there is no column {}; did you mean {}?", quoted(column), quoted(near))
                }
                (None, None) => {
                    format!("there is no column {}; those learnt are {}", quoted(column), parts.join(", "))
                }
            };
            return Err(refused(problem));
        };
        let number = || {
            let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
            number.ok_or_else(|| refused(format!("{} holds numbers, and this is none", quoted(column))))
        };
        if !self.has_kinds() {
            let x = Tensor::<f64>::full([1, self.features], number()?);
            let seen = self.scaling().map_or_else(|| x.cast(), |scaling| scaling.apply(&x));
            return Ok((place..place + 1, vec![seen.to_vec()[place]]));
        }
        let (step, features) = self.learnt().nth(place).expect("a part is learnt");
        let cell = match step.kind {
            kind if kind.is_number() => number()?,
            ColumnKind::Date => {
                return Err(refused("a date cannot be given; give words or numbers".into()));
            }
            _ => {
                let known = || step.words.iter().map(String::as_str);
                let found = known().position(|word| word == text.trim());
                found.ok_or_else(|| {
                    refused(match nearest(text, known()) {
                        Some(near) => format!("there is no such word; did you mean {}?", quoted(near)),
                        None => format!("there is no such word; the words are {}", step.words.join(", ")),
                    })
                })? as f64
            }
        };
        let mut values = vec![];
        step.features(cell, &mut values);
        Ok((features, values))
    }

    /// Examples whose numbers lie no farther out than those of the training rows did.
    pub fn within_ranges(&self, x: &Tensor<f32>) -> Tensor<f32> {
        let ends = |step: &Step| Some(step.range?.map(|cell| step.scaled(cell) as f32));
        let limits: Vec<(usize, [f32; 2])> = match self.has_kinds() {
            true => {
                self.learnt().filter_map(|(step, features)| Some((features.start, ends(step)?))).collect()
            }
            false => {
                let ends = [0, 1].map(|end| {
                    let cells = self.ranges.iter().map(|range| range[end]).collect();
                    let cells = Tensor::from_vec([1, self.ranges.len()], cells);
                    self.scaling().map_or_else(|| cells.cast(), |scaling| scaling.apply(&cells)).to_vec()
                });
                (0..self.ranges.len()).map(|j| (j, [ends[0][j], ends[1][j]])).collect()
            }
        };
        let mut values = x.to_vec();
        for row in values.chunks_mut(self.features.max(1)) {
            limits.iter().for_each(|&(feature, [low, high])| row[feature] = row[feature].max(low).min(high));
        }
        Tensor::from_vec(x.shape(), values)
    }
}
