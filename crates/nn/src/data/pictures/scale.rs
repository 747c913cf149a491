//! Scaling with a triangle filter, row by row: memory for one row and the result, however large the
//! picture.
//!
//! Along each axis, output `o` is a weighted mean of the inputs around its centre
//! `c = (o + ½) · inputs / outputs`. The weights fall off linearly, to 0 at the distance
//! `max(1, inputs / outputs)`. So every input counts when a picture shrinks, and one that grows is
//! interpolated linearly.

/// A picture that is being scaled.
pub(super) struct Scaler {
    from: [usize; 2],
    to: [usize; 2],
    channels: usize,
    /// The rows so far.
    rows: usize,
    /// Weighted sums for each output, channels first.
    sums: Vec<f32>,
    /// The sum of the weights for each output row.
    weights: Vec<f32>,
    /// One row, scaled along the other axis.
    narrow: Vec<f32>,
}

impl Scaler {
    /// From and to this height and width.
    pub(super) fn new(from: [usize; 2], to: [usize; 2], channels: usize) -> Self {
        Scaler {
            from,
            to,
            channels,
            rows: 0,
            sums: vec![0.0; channels * to[0] * to[1]],
            weights: vec![0.0; to[0]],
            narrow: vec![0.0; channels * to[1]],
        }
    }

    /// The next row: for each pixel its channels.
    pub(super) fn add_row(&mut self, row: &[f32]) {
        self.scale_row(row);
        let [height, width] = self.to;
        for out in touching(self.rows, self.from[0], height) {
            let weight = weight(self.rows, out, self.from[0], height);
            self.weights[out] += weight;
            for channel in 0..self.channels {
                let sums = &mut self.sums[(channel * height + out) * width..][..width];
                let values = &self.narrow[channel * width..][..width];
                sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value);
            }
        }
        self.rows += 1;
    }

    fn scale_row(&mut self, row: &[f32]) {
        let width = self.to[1];
        for out in 0..width {
            let (mut sums, mut total) = ([0.0; 3], 0.0);
            for place in touched(out, self.from[1], width) {
                let weight = weight(place, out, self.from[1], width);
                total += weight;
                let pixel = &row[place * self.channels..][..self.channels];
                sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += weight * value);
            }
            for (channel, sum) in sums.iter().enumerate().take(self.channels) {
                self.narrow[channel * width + out] = sum / total;
            }
        }
    }

    /// The picture, channels first.
    ///
    /// # Panics
    /// If there were more or fewer rows than promised.
    pub(super) fn finish(mut self) -> Vec<f32> {
        assert_eq!(self.rows, self.from[0], "rows");
        let [height, width] = self.to;
        for (i, row) in self.sums.chunks_exact_mut(width).enumerate() {
            let weight = self.weights[i % height];
            // A mean of numbers in [0, 1] that rounding must not carry outside.
            row.iter_mut().for_each(|value| *value = (*value / weight).clamp(0.0, 1.0));
        }
        self.sums
    }
}

/// The weight of one input for one output, not normalized.
fn weight(place: usize, out: usize, from: usize, to: usize) -> f32 {
    let scale = from as f64 / to as f64;
    let distance = (place as f64 + 0.5 - (out as f64 + 0.5) * scale).abs();
    (1.0 - distance / scale.max(1.0)).max(0.0) as f32
}

/// The inputs that may have weight for an output.
fn touched(out: usize, from: usize, to: usize) -> std::ops::Range<usize> {
    let scale = from as f64 / to as f64;
    let (centre, radius) = ((out as f64 + 0.5) * scale, scale.max(1.0));
    let first = (centre - radius - 0.5).floor().max(0.0) as usize;
    first..((centre + radius + 0.5).ceil() as usize).min(from)
}

/// The outputs for which an input may have weight.
fn touching(place: usize, from: usize, to: usize) -> std::ops::Range<usize> {
    let scale = from as f64 / to as f64;
    let (centre, radius) = (place as f64 + 0.5, scale.max(1.0));
    let first = ((centre - radius) / scale - 0.5).floor().max(0.0) as usize;
    first..(((centre + radius) / scale + 0.5).ceil() as usize).min(to)
}
