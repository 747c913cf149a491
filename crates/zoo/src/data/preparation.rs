//! What is done to data before a model sees them, learnt from the training examples and kept with the
//! model, so that other data are treated the same way.

mod gaps;
mod given;
mod kinds;
mod learn;
mod parts;
mod sentences;

use std::path::Path;

use autograd::Tensor;
use nn::data::schema::{self, Schema};
use nn::data::transform::Scaling;
use nn::{Dataset, Error, Result};
use serde::{Deserialize, Serialize};

use self::parts::split;
pub(super) use self::parts::{Part, SPLIT_SEED};
pub(super) use self::sentences::{hint_at_skipping, place, unusable};
use super::input::Input;
use super::numbers::Numbers;
use super::pipeline::Step;
use super::range::Range;
use super::raw::{self, Raw};
use super::series::Held;
use super::stored::{Large, Stored};
use super::text::Alphabet;
use super::{Impute, Reading, Rows, Scale, Split, explain, index};
use crate::recommend::Study;

/// What was learnt from the training examples, and what they were like.
///
/// It is stored as JSON beside a model's parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preparation {
    /// How the data were read.
    pub reading: Reading,
    /// Training examples.
    pub examples: usize,
    /// Numbers in an example.
    pub features: usize,
    /// Shapes and kinds of the features as a model sees them.
    pub schema: Schema,
    /// The name of every feature; empty if they have none.
    pub columns: Vec<String>,
    /// The channels of a series of which examples are windows; none for all other data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<String>,
    /// The tokens of texts; none for all other data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alphabet: Option<Alphabet>,
    /// The steps of the columns of a table of several kinds; none for all other data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// One more than the largest class of a training example; 0 without classes.
    pub classes: usize,
    /// The name of every class; empty if they have none.
    pub class_names: Vec<String>,
    /// Whether the features are pixels that were bytes, of which 255 has become 1. Bytes in other data become the same.
    #[serde(default)]
    pub(super) bytes: bool,
    /// The smallest and the largest value of each feature, or of all if the features are pixels.
    #[serde(default)]
    pub(super) ranges: Vec<Range>,
    /// What is taken for a missing value of each feature; empty where data with gaps are refused.
    pub(super) fill: Vec<f64>,
    /// Mean and median of each feature, for other data that have gaps; empty for pixels, which have none, and for
    /// data of which there are too many.
    #[serde(default)]
    pub(super) centres: [Vec<f64>; 2],
    /// `y = (x − shift) / scale` of each feature, or of all if there is one number; empty for `y = x`.
    pub(super) shift: Vec<f64>,
    pub(super) scale: Vec<f64>,
}

/// How a model sees the data: `y = (x − shift) / scale`, with `fill` in place of missing values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Units {
    /// A number for each feature, or none where nothing is filled in.
    pub fill: Vec<f64>,
    /// A number for each feature, or one for all, or none for `y = x`.
    pub shift: Vec<f64>,
    /// As many as there are shifts.
    pub scale: Vec<f64>,
}

/// Data ready for a model.
pub struct Prepared {
    /// Those for training and those for testing; samples of them if they are too many for memory.
    pub rows: [Rows; 2],
    /// What was done to them.
    pub preparation: Preparation,
    /// All training examples, if they are too many for memory.
    pub stored: Option<Stored>,
    /// Choices in parts, if a recommender learns from them.
    pub study: Option<Study>,
    /// The recordings, if the examples are windows of a series.
    pub series: Option<Held>,
    /// Sentences for the user about what was found in the data.
    pub notes: Vec<String>,
}

/// Reads the data set with this name as [`load`](super::load) does, repairs and scales it as `reading`
/// says, and splits it. What is needed for that is learnt from the training part alone.
///
/// # Errors
/// If the data cannot be read, or not be used as `reading` says.
pub fn prepare(source: &str, reading: &Reading) -> Result<(Split, Preparation)> {
    let Prepared { rows: [train, test], preparation, .. } = prepare_rows(source, reading)?;
    Ok((Split { name: source.to_owned(), train: train.data, test: test.data }, preparation))
}

/// Like [`prepare`], with the names of the rows, and with data that do not fit into memory.
///
/// # Errors
/// Those of [`prepare`].
pub fn prepare_rows(source: &str, reading: &Reading) -> Result<Prepared> {
    reading.check()?;
    prepare_input(&Input::open(source)?, reading)
}

/// The same for an input that is open already, or in memory.
///
/// # Errors
/// Those of [`prepare`].
pub fn prepare_input(input: &Input, reading: &Reading) -> Result<Prepared> {
    reading.check()?;
    input.named(prepared(input, reading))
}

fn prepared(input: &Input, reading: &Reading) -> Result<Prepared> {
    let name = input.path();
    if let Some(choices) = &reading.choices {
        return Ok(Study::read(input, reading, choices)?.prepared(name, reading));
    }
    if input.is_sound() {
        return Preparation::of_sounds(input, reading);
    }
    if let Some(windows) = &reading.windows {
        return Preparation::of_series(input, reading, windows);
    }
    if let Some(texts) = &reading.text {
        return Preparation::of_texts(input, reading, texts);
    }
    raw::check(input, reading)?;
    if let Some(large) = Large::read(input, reading)? {
        index::refuse(name, &large.like.columns, &large.samples[0].0.x, &reading.keep)?;
        let [train, test] = large.samples.each_ref().map(|(data, names)| Part::all(data, names));
        let mut prepared = Preparation::learn(name, reading, &large.like, [train, test])?;
        prepared.preparation.examples = large.examples();
        if reading.impute == Impute::Keep {
            // The sample says nothing about gaps in the other rows.
            prepared.preparation.fill = prepared.preparation.centres[0].clone();
        }
        if let Some(class) =
            large.last_class().filter(|class| *class as usize >= prepared.preparation.classes)
        {
            return Err(Error::file(
                name,
                format!("class {class} is so rare that no row of a sample has it; leave its rows out"),
            ));
        }
        prepared.stored = Some(large.stored(&prepared.preparation));
        return Ok(prepared);
    }
    let raw = Raw::read(input, reading).map_err(|error| hint_at_skipping(name, error))?;
    if raw.table.is_none() {
        index::refuse(name, &raw.columns, &raw.data.x, &reading.keep)?;
    }
    let names = raw.file_names();
    let parts = split(name, &raw, &names, reading)?;
    Preparation::learn(name, reading, &raw, parts)
}

impl Preparation {
    /// Nothing is done to these examples, which were not read from anywhere.
    pub fn plain(data: &Dataset) -> Self {
        Preparation {
            reading: Reading::default(),
            examples: data.len(),
            features: data.width(),
            schema: data.schema().clone(),
            columns: vec![],
            channels: vec![],
            alphabet: None,
            steps: vec![],
            classes: data.labels().into_iter().flatten().max().map_or(0, |last| *last as usize + 1),
            class_names: vec![],
            bytes: false,
            ranges: vec![],
            fill: vec![],
            centres: Default::default(),
            shift: vec![],
            scale: vec![],
        }
    }

    /// That of so many examples with these names of features, which are centred and scaled by these numbers.
    pub(super) fn of(
        reading: Reading,
        examples: usize,
        schema: Schema,
        columns: Vec<String>,
        [shift, scale]: [Vec<f64>; 2],
    ) -> Self {
        let like = Dataset::new(Tensor::zeros([0, schema.width()])).with_schema(schema);
        Preparation { reading, examples, columns, shift, scale, ..Preparation::plain(&like) }
    }

    /// Height and width of an example that is a grey picture.
    pub fn image(&self) -> Option<[usize; 2]> {
        self.schema.as_grey()
    }

    /// Channels, height and width of an example that is a picture, whose features are its channels one after the other.
    pub fn shape(&self) -> Option<[usize; 3]> {
        self.schema.as_image()
    }

    /// From JSON, also as it was before there were schemas: with the size of a grey picture as `image`, and with that of
    /// any picture as `shape`.
    ///
    /// # Errors
    /// If it is none.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        let mut json: serde_json::Value = serde_json::from_str(text)?;
        if let Some(fields) = json.as_object_mut().filter(|fields| !fields.contains_key("schema")) {
            let [image, shape] = ["image", "shape"].map(|name| fields.remove(name).unwrap_or_default());
            let (image, shape): (Option<[usize; 2]>, Option<[usize; 3]>) =
                (serde_json::from_value(image)?, serde_json::from_value(shape)?);
            let shape = shape.or(image.map(|[height, width]| [1, height, width]));
            let width = fields.get("features").and_then(serde_json::Value::as_u64).unwrap_or(0);
            let schema = match shape {
                Some(shape) => Schema::image(shape, schema::Kind::Real),
                None => Schema::real(width as usize),
            };
            fields.insert("schema".into(), serde_json::to_value(schema)?);
        }
        serde_json::from_value(json)
    }

    /// Undoes the scaling of `[examples, features]`: from what a model sees to the units of the data. Digits that
    /// single precision does not have at this scale are rounded away, so that 31 comes back as 31.
    ///
    /// # Panics
    /// If there is another number of features.
    #[track_caller]
    pub fn restore_units(&self, x: &Tensor<f32>) -> Tensor<f64> {
        if self.has_kinds() {
            return self.restore_features(x);
        }
        let Some(scaling) = self.scaling() else { return x.cast() };
        let (values, scale) = (scaling.invert::<f64>(x).to_vec(), scaling.scale.to_vec());
        let x = x.to_vec();
        Tensor::from_fn([x.len() / self.features.max(1), self.features], |i| {
            // A model computes with numbers of about 1, of which single precision has no more digits, and loses some of
            // them by rounding.
            let precision =
                8.0 * f64::from(f32::EPSILON) * f64::from(x[i].abs().max(1.0)) * scale[i % self.features];
            rounded(values[i], precision)
        })
    }

    /// Whether the model's inputs have another scale than the data.
    pub fn is_scaled(&self) -> bool {
        !self.scale.is_empty() || self.has_kinds()
    }

    /// The units of the data as numbers, for programs that prepare examples themselves.
    pub fn units(&self) -> Units {
        Units { fill: self.fill.clone(), shift: self.shift.clone(), scale: self.scale.clone() }
    }

    /// Whether gaps are filled in.
    pub fn fills(&self) -> bool {
        !self.fill.is_empty() || self.steps.iter().any(|step| step.missing > 0)
    }

    /// The name of a feature, `column 3` or `pixel 3` if it has none; counted from 0.
    pub fn feature(&self, number: usize) -> String {
        match self.columns.get(number) {
            Some(name) => name.clone(),
            None if !self.channels.is_empty() => {
                let channels = self.channels.len();
                format!("{} at step {}", self.channels[number % channels], number / channels + 1)
            }
            None if self.image().is_some() => format!("pixel {}", number + 1),
            None => format!("column {}", number + 1),
        }
    }

    /// Examples ready for the model.
    pub(super) fn rows(&self, path: &Path, part: &Part) -> Result<Rows> {
        let x = self.prepared(path, &part.data.x, &part.places, |place| part.name(place))?;
        let gaps = self.gaps(&part.data.x, &part.places)?;
        let mask = self.mask(&gaps, &x);
        let data =
            Dataset::new(x).with_labels(part.labels()).with_schema(self.schema.clone()).with_observed(mask);
        let names = part.places.iter().map(|&place| part.name(place)).collect();
        let ids = part.data.ids.as_ref();
        let of_part = |ids: &[String]| part.places.iter().map(|&place| ids[place].clone()).collect();
        let ids = ids.map(|(name, ids)| (name.clone(), of_part(ids)));
        Ok(Rows { data, names, ids, gaps, cells: None, notes: vec![] })
    }

    /// Some of these rows, filled and scaled; errors call each by its `name`.
    pub(super) fn prepared(
        &self,
        path: &Path,
        x: &Numbers,
        places: &[usize],
        name: impl Fn(usize) -> String,
    ) -> Result<Tensor<f32>> {
        if self.has_kinds() {
            return self.featured(path, x, places, name);
        }
        /// Numbers that are in memory in double precision.
        const AT_ONCE: usize = 1 << 18;
        let (scaling, width) = (self.scaling(), self.features);
        let mut all = Vec::with_capacity(places.len() * width);
        let mut block = vec![];
        for places in places.chunks((AT_ONCE / width.max(1)).max(1)) {
            block.clear();
            x.each_row(places.iter().copied(), |place, row| {
                let start = block.len();
                block.extend_from_slice(row);
                self.fill_row(path, &mut block[start..], || name(place))
            })?;
            let read = Tensor::from_vec([places.len(), width], std::mem::take(&mut block));
            let seen = scaling.as_ref().map_or_else(|| read.cast(), |scaling| scaling.apply(&read));
            let seen = seen.to_vec();
            if let Some(i) = seen.iter().position(|value| !value.is_finite()) {
                let (row, place) =
                    (name(places[i / width]), place(&self.columns, self.image().is_some(), i % width));
                let value = read.to_vec()[i];
                let problem = match self.is_scaled() {
                    false => {
                        "is too large for single precision; scale the data, as with `zoo train --scale standard`"
                    }
                    true => "lies too far from the training examples for single precision; correct it",
                };
                return Err(Error::file(path, format!("row {row}, {place}: the value {value:e} {problem}")));
            }
            all.extend(seen);
        }
        Ok(Tensor::from_vec([places.len(), width], all))
    }

    fn scaling(&self) -> Option<Scaling<Tensor<f64>>> {
        let tensor =
            |values: &[f64]| Tensor::from_vec([values.len()], values.to_vec()).expand([self.features]);
        self.is_scaled().then(|| Scaling { shift: tensor(&self.shift), scale: tensor(&self.scale) })
    }
}

/// `x` rounded to a power of ten that is not smaller than `distance`, as far as that power is exact.
fn rounded(x: f64, distance: f64) -> f64 {
    let digits = -distance.log10().ceil();
    // Beyond these powers of ten are not exact.
    if !(-22.0..=22.0).contains(&digits) || x == 0.0 {
        return x;
    }
    let (unit, by_unit) = (10.0_f64.powi(digits.abs() as i32), digits >= 0.0);
    let scaled = if by_unit { x * unit } else { x / unit };
    // From there on all numbers are whole.
    if scaled.abs() >= 4_503_599_627_370_496.0 {
        return x;
    }
    // Nobody expects a zero with a sign.
    let whole = scaled.round() + 0.0;
    if by_unit { whole / unit } else { whole * unit }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preparation_of_before_there_were_schemas_is_read() {
        let now = Preparation::plain(&Dataset::new(Tensor::zeros([3, 12])));
        let mut fields = serde_json::to_value(&now).unwrap();
        assert_eq!(Preparation::from_json(&fields.to_string()).unwrap(), now);
        let json = fields.as_object_mut().unwrap();
        json.remove("schema");
        json.insert("image".into(), serde_json::json!(null));
        assert_eq!(Preparation::from_json(&serde_json::json!(json).to_string()).unwrap(), now);
        json.insert("image".into(), serde_json::json!([3, 4]));
        let grey = Preparation::from_json(&serde_json::json!(json).to_string()).unwrap();
        assert_eq!((grey.image(), grey.shape()), (Some([3, 4]), Some([1, 3, 4])));
        json.insert("image".into(), serde_json::json!(null));
        json.insert("shape".into(), serde_json::json!([3, 2, 2]));
        let colour = Preparation::from_json(&serde_json::json!(json).to_string()).unwrap();
        assert_eq!((colour.image(), colour.shape()), (None, Some([3, 2, 2])));
    }

    #[test]
    fn numbers_are_rounded_to_the_digits_that_they_have() {
        let cases = [
            (30.999_999_98, 1e-7, 31.0),
            (-4e-9, 3e-7, 0.0),
            (1_700_000_019.000_001, 3e-6, 1_700_000_019.0),
            (1_234_567.0, 300.0, 1_235_000.0),
            (0.3, 1e-30, 0.3),
            (3e38, 1e31, 3e38),
        ];
        for (x, distance, wanted) in cases {
            let found = rounded(x, distance);
            assert!(found == wanted && !(found == 0.0 && found.is_sign_negative()), "{x} {found}");
        }
    }
}
