//! What is done to features before a model sees them.
//!
//! [`Scaling`] and [`Whiten`] are fitted on training data, and only on these: what is learned from test
//! data makes the test easier than the world. They are parameter trees, so a checkpoint stores them with
//! the model. [`Binarize`], [`Corruption`], [`Shift`], [`Distort`] and [`Splice`] draw random numbers, which depend on the example and
//! never on the batch it is in.
//!
//! ```
//! use autograd::Tensor;
//! use nn::data::transform::{Corruption, Scaling};
//!
//! let train = Tensor::<f64>::from_vec([3, 2], vec![1.0, 10.0, 2.0, 20.0, 3.0, 30.0]);
//! let scaling = Scaling::min_max(&train)?;
//! let x = scaling.apply(&train);
//! assert_eq!(x.to_vec(), [0.0, 0.0, 0.5, 0.5, 1.0, 1.0]);
//! assert_eq!(scaling.invert::<f64>(&x).to_vec(), train.to_vec());
//!
//! // Half of the values are gone, in another way in every epoch.
//! let noisy = Corruption::Masking(0.5).apply(&x, 7, 0, &[0, 1, 2]);
//! assert_eq!(noisy.shape(), x.shape());
//! # Ok::<(), nn::Error>(())
//! ```

mod binarize;
mod corruption;
mod distort;
mod scaling;
mod shift;
mod splice;
#[cfg(feature = "linalg")]
mod whiten;

use autograd::{Real, Tensor};
use rand::RngExt;

pub use self::binarize::Binarize;
pub use self::corruption::Corruption;
pub use self::distort::Distort;
pub use self::scaling::Scaling;
pub use self::shift::Shift;
pub use self::splice::Splice;
#[cfg(feature = "linalg")]
pub use self::whiten::{Whiten, Whitening};
use crate::random::Generator;
use crate::{Error, Result};

/// `f` of every value, with the generator of its example. Row `i` is example `examples[i]`.
#[track_caller]
fn for_each_example(
    x: &Tensor<f32>,
    examples: &[usize],
    from: impl Fn(u64) -> Generator,
    mut f: impl FnMut(f32, &mut Generator) -> f32,
) -> Tensor<f32> {
    for_each_row(x, examples, from, |row, from| row.iter_mut().for_each(|value| *value = f(*value, from)))
}

/// The same for whole rows.
#[track_caller]
fn for_each_row(
    x: &Tensor<f32>,
    examples: &[usize],
    from: impl Fn(u64) -> Generator,
    mut f: impl FnMut(&mut [f32], &mut Generator),
) -> Tensor<f32> {
    let rows = x.shape().first().copied();
    assert_eq!(rows, Some(examples.len()), "the rows of a tensor of shape {:?} and the examples", x.shape());
    let mut damaged = x.clone();
    let values = damaged.make_mut();
    let width = (values.len() / examples.len().max(1)).max(1);
    for (row, &example) in values.chunks_exact_mut(width).zip(examples) {
        f(row, &mut from(example as u64));
    }
    damaged
}

/// True with this probability.
fn chance(probability: f64, from: &mut Generator) -> bool {
    // The draw is below 1, so a probability of 1 is certainty and one of 0 never comes true.
    from.random::<f64>() < probability
}

/// Whether something can be fitted to these rows: there are some, and all numbers are finite.
#[track_caller]
fn check_rows<T: Real>(x: &Tensor<T>) -> Result<()> {
    assert_eq!(x.rank(), 2, "features are [examples, features], not {:?}", x.shape());
    if x.shape()[0] == 0 {
        return Err(Error::data("there are no examples to fit a transform to"));
    }
    let x = x.contiguous();
    match x.as_slice().expect("contiguous").iter().position(|value| !value.is_finite()) {
        Some(place) => Err(Error::data(format!(
            "feature {} of example {} is not finite, so no transform can be fitted; repair the data",
            place % x.shape()[1],
            place / x.shape()[1]
        ))),
        None => Ok(()),
    }
}

/// Checks that this is the width for which the transform was fitted.
#[track_caller]
fn check_width<T: Real>(x: &Tensor<T>, width: usize) {
    assert!(
        x.rank() == 2 && x.shape()[1] == width,
        "the transform is for rows of shape [.., {width}], not {:?}",
        x.shape()
    );
}

#[cfg(test)]
mod tests;
