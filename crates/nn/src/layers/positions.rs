//! Positions: where in a sequence a vector stands, added to it. Attention alone does not know.

use autograd::{Real, Tensor, Var, tree};

use crate::random::{self, Generator};

/// Waves of many lengths (Vaswani et al. 2017, section 3.5), nothing of it learned:
///
/// > `p[t, 2i] = sin(t / 10000^(2i/width))`,  `p[t, 2i + 1] = cos(t / 10000^(2i/width))`.
///
/// A shift by a number of steps is a rotation of each pair, the same at every place; and sequences may be longer than
/// those that were trained with.
///
/// ```
/// # use autograd::{Tape, Tensor};
/// # use nn::layers::SinusoidalPositions;
/// let tape = Tape::<f64>::new();
/// let y = SinusoidalPositions.forward(tape.constant(Tensor::zeros([1, 2, 4]))); // [batch, time, width]
/// assert_eq!(y.value().to_vec(), [0.0, 1.0, 0.0, 1.0, 1f64.sin(), 1f64.cos(), 0.01f64.sin(), 0.01f64.cos()]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SinusoidalPositions;

impl SinusoidalPositions {
    /// `p`, `[time, width]`.
    pub fn table<T: Real>(time: usize, width: usize) -> Tensor<T> {
        let wave = |i: usize| 1e4_f64.powf(-((i / 2 * 2) as f64) / width as f64);
        let rates: Vec<f64> = (0..width).map(wave).collect();
        Tensor::from_fn([time, width], |k| {
            let (t, i) = (k / width, k % width);
            let angle = t as f64 * rates[i];
            T::of(if i % 2 == 0 { angle.sin() } else { angle.cos() })
        })
    }

    /// `x + p` for `x` of shape `[batch, time, width]`.
    ///
    /// # Panics
    /// If the shape is not such.
    #[track_caller]
    pub fn forward<'t, T: Real>(self, x: Var<'t, T>) -> Var<'t, T> {
        let shape = x.shape();
        let [_, time, width] = shape[..] else {
            panic!("SinusoidalPositions: expected [batch, time, width], but the input has shape {shape:?}");
        };
        x + x.tape().constant(Self::table(time, width))
    }
}

/// A learned vector for every place (Gehring et al. 2017), up to a longest sequence: `x + p` with the rows of a table `p`.
#[derive(Clone, Debug)]
pub struct LearnedPositions<W> {
    /// `p`, `[longest, width]`.
    pub weight: W,
}
tree!(LearnedPositions { weight });

impl<T: Real> LearnedPositions<Tensor<T>> {
    /// Rows drawn from `N(0, 0.02²)` (Radford et al. 2018): at first they hardly change what they are added to. (They are
    /// a table like that of PyTorch's `Embedding`, which would draw them from `N(0, 1)`.)
    pub fn new(longest: usize, width: usize, from: &mut Generator) -> Self {
        let deviation = T::of(0.02);
        LearnedPositions { weight: random::normal([longest, width], from).map(|x: T| x * deviation) }
    }
}

impl<'t, T: Real> LearnedPositions<Var<'t, T>> {
    /// `x + p` for `x` of shape `[batch, time, width]`.
    ///
    /// # Panics
    /// If the shape does not fit, or there are more steps than places in the table.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        let (shape, table) = (x.shape(), self.weight.shape());
        let (longest, width) = (table[0], table[1]);
        let time = match shape[..] {
            [_, time, features] if features == width => time,
            _ => {
                panic!("LearnedPositions: expected [batch, time, {width}], but the input has shape {shape:?}")
            }
        };
        assert!(time <= longest, "LearnedPositions: {time} steps, but the table has {longest} places");
        x + self.weight.slice(0, ..time)
    }
}

#[cfg(test)]
mod tests {
    use autograd::Tape;

    use super::*;
    use crate::{Purpose, generator};

    #[test]
    fn a_shift_is_the_same_rotation_everywhere() {
        let table = SinusoidalPositions::table::<f64>(50, 6);
        let rate = 1e4_f64.powf(-2.0 / 6.0);
        let (sin, cos) = (7.0 * rate).sin_cos();
        for t in 0..43 {
            let (s, c) = (table[[t, 2]], table[[t, 3]]);
            assert!((table[[t + 7, 2]] - (s * cos + c * sin)).abs() < 1e-14);
            assert!((table[[t + 7, 3]] - (c * cos - s * sin)).abs() < 1e-14);
        }
    }

    #[test]
    #[should_panic(expected = "LearnedPositions: 5 steps, but the table has 4 places")]
    fn longer_than_the_table() {
        let positions = LearnedPositions::<Tensor<f64>>::new(4, 2, &mut generator(0, Purpose::Init, 0, 0));
        let tape = Tape::new();
        let positions = LearnedPositions { weight: tape.var(positions.weight) };
        positions.forward(tape.constant(Tensor::zeros([1, 5, 2])));
    }
}
