//! Error maps: where a picture is strange, pixel by pixel.
//!
//! The map of a picture is its squared error, summed over the colours and averaged around each pixel by a Gaussian `G`,
//!
//! > `m(p) = Σ_q G(p − q) Σ_c (x_cq − x̂_cq)²`
//!
//! A single pixel that is off says little, a spot that is off says much. The *region* is where the map lies above a level
//! that ordinary pictures rarely reach anywhere: the one that their largest values `max m` exceed in a fraction
//! `contamination` of them.
//!
//! ```
//! use zoo::uses::maps::Maps;
//! use zoo::{data, models::pca::Pca};
//!
//! let digits = data::digits();
//! let model = Pca::fit(digits.train.x(), 16);
//! let maps = Maps::fit(&model, &digits.test, 0.05)?;
//! // An eight-pixel line that no digit has.
//! let mut strange = digits.test.row(0);
//! (0..8).for_each(|column| strange[8 * column] = 1.0);
//! let found = maps.of(&autograd::Tensor::from_vec([1, 64], strange));
//! assert!(found[0].is_strange() && found[0].region[3 * 8] && !found[0].region[3 * 8 + 7]);
//! # Ok::<(), nn::Error>(())
//! ```

use autograd::Tensor;
use nn::{Dataset, Error, Result};

use crate::AnyModel;
use crate::evaluate::in_batches;

/// A model with the level that its error maps of ordinary pictures rarely reach.
pub struct Maps<'a> {
    model: &'a dyn AnyModel,
    /// Channels, height and width.
    shape: [usize; 3],
    level: f64,
}

/// An error map, and what in it is more than ordinary.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// The averaged squared error of each pixel, row by row.
    pub errors: Vec<f64>,
    /// Whether each pixel belongs to the region.
    pub region: Vec<bool>,
}

impl Map {
    /// Whether any pixel is strange.
    pub fn is_strange(&self) -> bool {
        self.region.contains(&true)
    }
}

impl<'a> Maps<'a> {
    /// The level by ordinary pictures, best those that the model has not learnt from. Where they are too few for
    /// `contamination`, above 0 and below 1, it is the largest value of all.
    ///
    /// # Errors
    /// If there is none, these are no pictures, or an error is not finite.
    pub fn fit(model: &'a dyn AnyModel, ordinary: &Dataset, contamination: f64) -> Result<Self> {
        let Some(shape) = ordinary.schema().as_image() else {
            return Err(Error::unsupported(
                "these examples are no pictures, so there is no map of their errors",
            ));
        };
        let mut maps = Maps { model, shape, level: f64::INFINITY };
        let largest = |map: Map| map.errors.into_iter().fold(0.0, f64::max);
        let mut peaks: Vec<f64> = maps.of(ordinary.x()).into_iter().map(largest).collect();
        peaks.sort_by(f64::total_cmp);
        let rank = ((peaks.len() + 1) as f64 * (1.0 - contamination)).ceil() as usize;
        match peaks.get(rank.clamp(1, peaks.len().max(1)) - 1) {
            Some(level) if level.is_finite() => maps.level = *level,
            _ => {
                return Err(Error::data("there are no ordinary pictures with finite errors to compare with"));
            }
        }
        Ok(maps)
    }

    /// The level above which a pixel belongs to the region.
    pub fn level(&self) -> f64 {
        self.level
    }

    /// The map of every picture, `[pictures, channels × height × width]`.
    pub fn of(&self, x: &Tensor<f32>) -> Vec<Map> {
        let [_, height, width] = self.shape;
        let pixels = (height * width).max(1);
        let x_hat = in_batches(x, |x| self.model.decode(&self.model.encode(x)));
        let squares = x.zip(&x_hat, |a, b| (a - b) * (a - b)).to_vec();
        let map = |squares: &[f32]| {
            let mut errors = vec![0.0; pixels];
            for plane in squares.chunks(pixels) {
                errors.iter_mut().zip(plane).for_each(|(sum, square)| *sum += f64::from(*square));
            }
            let errors = averaged(&errors, [height, width]);
            let region = errors.iter().map(|error| *error > self.level).collect();
            Map { errors, region }
        };
        squares.chunks(self.shape.iter().product::<usize>().max(1)).map(map).collect()
    }
}

/// The values of a picture, averaged by a Gaussian whose deviation is a 32nd of the longer side, half a pixel at least. At an
/// edge the mean is over what is inside.
fn averaged(values: &[f64], [height, width]: [usize; 2]) -> Vec<f64> {
    let sigma = (height.max(width) as f64 / 32.0).max(0.5);
    let reach = (3.0 * sigma).ceil() as usize;
    let weight = |distance: usize| (-0.5 * (distance as f64 / sigma).powi(2)).exp();
    let along = |values: &[f64], count: usize, length: usize, step: usize, across: usize| {
        let mut out = vec![0.0; values.len()];
        for line in 0..count {
            for place in 0..length {
                let near = place.saturating_sub(reach)..(place + reach + 1).min(length);
                let (mut sum, mut total) = (0.0, 0.0);
                for other in near {
                    let weight = weight(other.abs_diff(place));
                    sum += weight * values[line * across + other * step];
                    total += weight;
                }
                out[line * across + place * step] = sum / total;
            }
        }
        out
    };
    along(&along(values, height, width, 1, width), width, height, width, 1)
}

#[cfg(test)]
mod tests {
    use nn::data::schema::{Kind, Schema};

    use super::*;
    use crate::models::pca::Pca;

    #[test]
    fn an_average_keeps_what_is_even_and_spreads_a_spot() {
        assert!(averaged(&[0.25; 35], [5, 7]).iter().all(|value| (value - 0.25).abs() < 1e-12));
        let mut spot = vec![0.0; 81];
        spot[40] = 1.0;
        let found = averaged(&spot, [9, 9]);
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        // σ is half a pixel: a neighbour has exp(−2) of the weight.
        assert!((found[41] / found[40] - (-2.0_f64).exp()).abs() < 1e-12 && found[41] == found[31]);
        assert_eq!(found[0], 0.0);
    }

    #[test]
    fn colours_are_added_and_a_spot_is_the_region() {
        let shape = [3, 6, 8];
        let x = Tensor::from_fn([40, 144], |i| 0.5 + 0.01 * ((i * 7919 % 97) as f32 / 97.0));
        let data = Dataset::new(x).with_schema(Schema::image(shape, Kind::UnitInterval));
        // It answers with the mean: a spot does not spoil what is elsewhere.
        let pca = Pca { components: Tensor::zeros([2, 144]), ..Pca::fit(data.x(), 2) };
        let maps = Maps::fit(&pca, &data, 0.1).unwrap();
        let exceeded = maps.of(data.x()).into_iter().filter(Map::is_strange).count();
        assert_eq!(exceeded, 3, "⌈41 · 0.9⌉ = 37 of 40 do not");
        let mut row = data.row(0);
        // Green at row 2, column 5.
        row[48 + 2 * 8 + 5] = 1.0;
        let map = maps.of(&Tensor::from_vec([1, 144], row)).remove(0);
        let place = (0..48).max_by(|&a, &b| map.errors[a].total_cmp(&map.errors[b]));
        assert!(place == Some(21) && map.region[21] && !map.region[0] && !map.region[45]);
        let table = Dataset::new(Tensor::<f32>::zeros([2, 5]));
        assert!(Maps::fit(&pca, &table, 0.1).err().unwrap().to_string().contains("no pictures"));
    }
}
