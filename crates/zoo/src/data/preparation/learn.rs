//! Learning from training examples what has to be done to them.

use std::path::Path;

use autograd::Tensor;
use nn::data::schema::{Kind, Schema};
use nn::data::table::quoted;
use nn::data::transform::Scaling;
use nn::{Error, Result};

use super::super::numbers::NOTHING;
use super::super::range::Range;
use super::super::raw::Raw;
use super::{Impute, Part, Preparation, Prepared, Reading, Scale, place};

impl Preparation {
    /// Learns from training examples what has to be done to them, and does it to all.
    pub(super) fn learn(
        path: &Path,
        reading: &Reading,
        like: &Raw,
        [train, test]: [Part; 2],
    ) -> Result<Prepared> {
        if let Some(looked) = &like.table {
            return Preparation::learn_kinds(path, reading, like, looked, [train, test]);
        }
        let features = train.data.width();
        let mut learnt = Preparation {
            reading: reading.clone(),
            examples: train.places.len(),
            features,
            schema: match (train.data.shape, reading.series) {
                (Some(shape), _) => Schema::image(shape, Kind::Real),
                (None, Some(channels)) => series(path, features, channels)?,
                (None, None) => Schema::real(features),
            },
            columns: like.columns.clone(),
            channels: vec![],
            alphabet: None,
            steps: vec![],
            classes: train.labels().iter().flatten().max().map_or(0, |last| *last as usize + 1),
            class_names: like.classes.clone(),
            bytes: like.bytes,
            ranges: vec![],
            fill: vec![],
            centres: Default::default(),
            shift: vec![],
            scale: vec![],
        };
        learnt.learn_fill(path, &train, like.pixels)?;
        // All are looked at first, because a gap has to be refused by its row.
        let mut range = NOTHING;
        learnt.each_filled(path, &train, |row| {
            range = row.iter().fold(range, |[low, high], value| [low.min(*value), high.max(*value)]);
        })?;
        match like.pixels {
            true => learnt.learn_pixels(path, &train, range)?,
            false => learnt.learn_columns(&train)?,
        }
        if let (Some(shape), [[low, high]]) = (train.data.shape, &learnt.ranges[..]) {
            let [shift, scale] = [(&learnt.shift, 0.0), (&learnt.scale, 1.0)]
                .map(|(of, none)| of.first().copied().unwrap_or(none));
            if (low - shift) / scale >= 0.0 && (high - shift) / scale <= 1.0 {
                learnt.schema = Schema::image(shape, Kind::UnitInterval);
            }
        }
        let lost = if like.pixels { vec![] } else { learnt.lost_digits(&train) };
        let rows = [learnt.rows(path, &train)?, learnt.rows(path, &test)?];
        let notes = like.notes.iter().cloned().chain(lost).collect();
        Ok(Prepared { rows, preparation: learnt, stored: None, study: None, series: None, notes })
    }

    /// Learns what to take for missing values: here if they are to be filled, and in other data.
    fn learn_fill(&mut self, path: &Path, train: &Part, pixels: bool) -> Result<()> {
        /// As many numbers as are sorted without being asked to.
        const FEW: usize = 1 << 22;
        let impute = self.reading.impute;
        let any = impute == Impute::Keep && !pixels && train.has_gaps();
        if matches!(impute, Impute::Refuse | Impute::Keep)
            && !any
            && (pixels || train.places.len() * self.features > FEW)
        {
            return Ok(());
        }
        for feature in 0..self.features {
            let mut known = train.column(feature);
            known.retain(|value| value.is_finite());
            if known.is_empty() && matches!(impute, Impute::Mean | Impute::Median | Impute::Keep) {
                let name = quoted(&self.feature(feature));
                let problem = format!(
                    "column {name} has no value in any training example; leave it out with --drop-columns"
                );
                return Err(Error::file(path, problem));
            }
            for (how, centres) in [Impute::Mean, Impute::Median].into_iter().zip(&mut self.centres) {
                centres.push(how.value(&mut known).unwrap_or(0.0));
            }
        }
        if impute != Impute::Keep || any {
            self.fill = self.fill_by(path, impute)?;
        }
        Ok(())
    }

    /// Calls `f` with every row, its gaps filled.
    fn each_filled(&self, path: &Path, train: &Part, mut f: impl FnMut(&[f64])) -> Result<()> {
        train.data.x.each_row(train.places.iter().copied(), |place, row| {
            let mut row = row.to_vec();
            self.fill_row(path, &mut row, || train.name(place))?;
            f(&row);
            Ok(())
        })
    }

    /// One scale for all pixels, which lie in this range: each is a value of the same feature.
    fn learn_pixels(&mut self, path: &Path, train: &Part, range: Range) -> Result<()> {
        self.ranges = vec![range];
        let [low, high] = range;
        let scaling = match self.reading.scale {
            Scale::None => return Ok(()),
            Scale::Auto if low >= 0.0 && high <= 1.0 => return Ok(()),
            Scale::Auto | Scale::MinMax => {
                Scaling::min_max(&Tensor::<f64>::from_vec([2, 1], range.to_vec()))?
            }
            Scale::Standard => {
                let mut values = Vec::with_capacity(train.places.len() * self.features);
                self.each_filled(path, train, |row| values.extend(row.iter().map(|pixel| *pixel as f32)))?;
                Scaling::standardize(&Tensor::from_vec([values.len(), 1], values))?
            }
        };
        (self.shift, self.scale) = (scaling.shift.to_vec(), scaling.scale.to_vec());
        Ok(())
    }

    /// A scale for each column, or for each channel of a series. One column after the other, so that not all are in memory
    /// a second time.
    fn learn_columns(&mut self, train: &Part) -> Result<()> {
        for feature in 0..self.features {
            let values = self.filled_column(feature, train.column(feature));
            self.ranges.push(values.iter().fold(NOTHING, |[low, high], v| [low.min(*v), high.max(*v)]));
            let values = match self.reading.series {
                Some(channels) if feature >= channels => {
                    // Without a scale there is none to take over.
                    for of in [&mut self.shift, &mut self.scale] {
                        of.extend(of.get(feature - channels).copied());
                    }
                    continue;
                }
                Some(channels) => (feature..self.features)
                    .step_by(channels)
                    .flat_map(|step| self.filled_column(step, train.column(step)))
                    .collect(),
                None => values,
            };
            let values = Tensor::from_vec([values.len(), 1], values);
            let scaling = match self.reading.scale {
                Scale::None => continue,
                Scale::Auto | Scale::Standard => Scaling::standardize(&values)?,
                Scale::MinMax => Scaling::min_max(&values)?,
            };
            self.shift.push(scaling.shift.item());
            self.scale.push(scaling.scale.item());
        }
        Ok(())
    }

    fn filled_column(&self, feature: usize, mut values: Vec<f64>) -> Vec<f64> {
        if let Some(fill) = self.fill.get(feature) {
            values.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = *fill);
        }
        values
    }

    /// A sentence for each column in which values that differ have become equal.
    fn lost_digits(&self, train: &Part) -> Vec<String> {
        /// So many rows are looked at. Of more, a few are equal by chance.
        const ENOUGH: usize = 4096;
        /// So many of a hundred different values may become equal to another.
        const FEW: usize = 1;
        let step = train.places.len().div_ceil(ENOUGH).max(1);
        let different = |mut values: Vec<f64>| {
            values.sort_unstable_by(f64::total_cmp);
            values.dedup();
            values
        };
        let mut notes = vec![];
        for feature in 0..self.features {
            let places = train.places.iter().copied().step_by(step);
            let values = different(self.filled_column(feature, train.data.x.column(feature, places)));
            let [shift, scale] = [(&self.shift, 0.0), (&self.scale, 1.0)]
                .map(|(of, none)| of.get(feature).copied().unwrap_or(none));
            let seen = values.iter().map(|value| f64::from(((value - shift) / scale) as f32));
            let (before, after) = (values.len(), different(seen.collect()).len());
            if (before - after) * 100 > before * FEW {
                let place = place(&self.columns, false, feature);
                let hint = match self.is_scaled() {
                    false => "scale it, as with --scale standard",
                    true => "a few values far from all others make its scale so large",
                };
                notes.push(format!(
                    "{place} loses digits: of {before} different values {after} are left in single precision, in \
                     which models learn; {hint}"
                ));
            }
        }
        notes
    }
}

/// The schema of series with so many channels.
fn series(path: &Path, features: usize, channels: usize) -> Result<Schema> {
    match channels > 0 && features.is_multiple_of(channels) {
        true => Ok(Schema::series([features / channels, channels], Kind::Real)),
        false => Err(Error::file(
            path,
            format!(
                "{features} columns are no series with {channels} channels; --series takes a divisor of {features}"
            ),
        )),
    }
}
