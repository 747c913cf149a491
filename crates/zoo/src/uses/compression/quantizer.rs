//! Codes rounded to a few levels.

use autograd::Tensor;
use nn::{Error, Result};

/// Uniform quantization, with a range of its own for every number of the code.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantizer {
    /// The lowest level of every number.
    pub(super) low: Vec<f32>,
    /// The distance between two levels; 0 where the number never varies.
    pub(super) step: Vec<f32>,
    pub(super) levels: u16,
}

impl Quantizer {
    /// As many levels for every number, spread over its range in the codes `[examples, code]` of
    /// training examples. Codes beyond are moved to the nearest level.
    ///
    /// # Errors
    /// If there are fewer than 2 levels or more than 4096, or codes that are not finite.
    ///
    /// # Panics
    /// If there are no codes.
    #[track_caller]
    pub fn fit(codes: &Tensor<f32>, levels: u16) -> Result<Self> {
        if !(2..=4096).contains(&levels) {
            return Err(Error::setting(
                "levels",
                format!("a code can be rounded to 2 to 4096 levels, not {levels}"),
            ));
        }
        let width = codes.shape()[1];
        let values = codes.to_vec();
        assert!(!values.is_empty(), "quantizer for codes of shape {:?}", codes.shape());
        check_finite(&values, width)?;
        let column = |unit: usize| values.iter().skip(unit).step_by(width).copied();
        let low: Vec<f32> = (0..width).map(|unit| column(unit).fold(f32::INFINITY, f32::min)).collect();
        let high = (0..width).map(|unit| column(unit).fold(f32::NEG_INFINITY, f32::max));
        let step = low.iter().zip(high).map(|(low, high)| (high - low) / f32::from(levels - 1)).collect();
        Ok(Quantizer { low, step, levels })
    }

    /// The nearest level of every number.
    ///
    /// # Errors
    /// If a code is not finite.
    ///
    /// # Panics
    /// If the codes have another width.
    #[track_caller]
    pub fn quantize(&self, codes: &Tensor<f32>) -> Result<Vec<u16>> {
        let width = self.low.len();
        assert_eq!(codes.shape()[1], width, "a quantizer for {width} numbers, codes of {:?}", codes.shape());
        let values = codes.to_vec();
        check_finite(&values, width)?;
        let level = |(i, z): (usize, &f32)| {
            let (low, step) = (self.low[i % width], self.step[i % width]);
            let level = if step > 0.0 { ((z - low) / step).round() } else { 0.0 };
            level.clamp(0.0, f32::from(self.levels - 1)) as u16
        };
        Ok(values.iter().enumerate().map(level).collect())
    }

    /// Codes `[examples, code]` from levels.
    pub fn dequantize(&self, levels: &[u16]) -> Tensor<f32> {
        let width = self.low.len();
        let shape = [levels.len() / width, width];
        Tensor::from_fn(shape, |i| self.low[i % width] + self.step[i % width] * f32::from(levels[i]))
    }
}

fn check_finite(values: &[f32], width: usize) -> Result<()> {
    match values.iter().position(|z| !z.is_finite()) {
        Some(i) => {
            Err(Error::data(format!("the code of example {} is not finite; it cannot be rounded", i / width)))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantizer_rounds_to_the_nearest_level() {
        let codes = Tensor::from_vec([2, 2], vec![0.0, 5.0, 3.0, 5.0]);
        let quantizer = Quantizer::fit(&codes, 4).unwrap();
        let others = Tensor::from_vec([3, 2], vec![1.4, 5.0, 1.6, 7.0, -9.0, 0.0]);
        let levels = quantizer.quantize(&others).unwrap();
        assert_eq!(levels, [1, 0, 2, 0, 0, 0]);
        assert_eq!(quantizer.dequantize(&levels).to_vec(), [1.0, 5.0, 2.0, 5.0, 0.0, 5.0]);
        assert!(Quantizer::fit(&codes, 1).is_err() && Quantizer::fit(&codes, 5000).is_err());
        assert!(quantizer.quantize(&Tensor::full([1, 2], f64::NAN)).is_err());
    }
}
