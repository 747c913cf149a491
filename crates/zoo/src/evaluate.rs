//! Metrics, each with its definition.
//!
//! ```
//! use zoo::{data, evaluate, models::pca::Pca};
//!
//! let digits = data::digits();
//! let pca = Pca::fit(&digits.train.x, 8);
//! assert!(evaluate::mean_squared_error(&pca, &digits.test) < 1.6); // SSE/img
//! assert_eq!(evaluate::codes(&pca, &digits.test).shape(), [359, 8]);
//! ```

use autograd::Tensor;
use nalgebra::DMatrix;
use nn::train::Terms;
use nn::{Context, Dataset};

use crate::AnyModel;

/// Examples evaluated together: enough for fast products, little enough to fit into the cache.
const BATCH: usize = 500;

/// The mean of the rows.
pub fn mean(x: &Tensor<f32>) -> Tensor<f32> {
    let features = x.shape()[1];
    let sums = blocks(x).map(|block| block.sum_to([features]));
    let sum = sums.reduce(|a, b| a.zip(&b, |a, b| a + b)).expect("data sets have examples");
    sum.map(|sum| sum / x.shape()[0] as f64).cast()
}

/// The covariance of the columns, `1/n Σᵢ (xᵢ − mean)(xᵢ − mean)ᵀ`. In double precision: the small
/// eigenvalues are differences of large numbers.
pub fn covariance(x: &Tensor<f32>, mean: &Tensor<f32>) -> Tensor<f64> {
    let mean = mean.cast::<f64>();
    let products = blocks(x).map(|block| {
        let centred = block.zip(&mean, |x, m| x - m);
        centred.t().matmul(&centred)
    });
    let sum = products.reduce(|a, b| a.zip(&b, |a, b| a + b)).expect("data sets have examples");
    sum.map(|sum| sum / x.shape()[0] as f64)
}

/// The rows in double precision, a few thousand at a time: all at once may not fit into memory.
fn blocks(x: &Tensor<f32>) -> impl Iterator<Item = Tensor<f64>> {
    const ROWS: usize = 4096;
    let rows = x.shape()[0];
    (0..rows).step_by(ROWS).map(move |start| x.slice(0, start, rows.min(start + ROWS), 1).cast())
}

/// `Σⱼ (xⱼ − x̂ⱼ)²` of every example.
pub fn squared_errors(model: &dyn AnyModel, data: &Dataset) -> Vec<f64> {
    let mut errors = Vec::with_capacity(data.len());
    for_each_batch(data, |_, x| {
        let x_hat = model.decode(&model.encode(x));
        let squares = x.zip(&x_hat, |x, x_hat| x - x_hat).cast::<f64>().map(|d| d * d);
        errors.extend(squares.sum_to([x.shape()[0], 1]).to_vec());
    });
    errors
}

/// SSE/img: the squared error summed over the pixels of an image, the mean over images.
pub fn mean_squared_error(model: &dyn AnyModel, data: &Dataset) -> f64 {
    squared_errors(model, data).iter().sum::<f64>() / data.len() as f64
}

/// The SSE/img of always answering `mean`: what R² compares with.
pub fn variance_around(mean: &Tensor<f32>, data: &Dataset) -> f64 {
    let mean = mean.cast::<f64>();
    let sums = blocks(&data.x).map(|block| block.zip(&mean, |x, m| (x - m) * (x - m)).sum_to([]).item());
    sums.sum::<f64>() / data.len() as f64
}

/// The largest principal angle between the spaces that the rows of `a` and of `b` span, in radians: 0 if
/// they are the same space, π/2 if a direction of one is orthogonal to all of the other (Björck and Golub
/// 1973). The rows of each must be orthonormal.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn largest_angle(a: &Tensor<f32>, b: &Tensor<f32>) -> f64 {
    assert_eq!(a.shape(), b.shape(), "largest_angle: the two bases must have the same shape");
    let (rows, features) = (a.shape()[0], a.shape()[1]);
    let (a, b) = (a.cast::<f64>(), b.cast::<f64>());
    // What of `b` lies outside the span of `a`: its norm is the sine, which is exact where it is small.
    let outside = b.zip(&b.matmul(&a.t()).matmul(&a), |b, inside| b - inside).to_vec();
    let sine = DMatrix::from_row_slice(rows, features, &outside).singular_values().max();
    sine.min(1.0).asin()
}

/// The codes of all examples, `[examples, code]`.
pub fn codes(model: &dyn AnyModel, data: &Dataset) -> Tensor<f32> {
    let (mut codes, mut width) = (vec![], 0);
    for_each_batch(data, |_, x| {
        let z = model.encode(x);
        width = z.shape()[1];
        codes.extend(z.to_vec());
    });
    Tensor::from_vec([data.len(), width], codes)
}

/// The loss of the model, the mean over all examples. Deterministic: noise that the loss needs by
/// definition is fixed by the seed and the number of the example.
pub fn loss(model: &dyn AnyModel, data: &Dataset, seed: u64) -> Terms {
    let mut parts = vec![];
    for_each_batch(data, |numbers, x| {
        let context = Context::evaluation(seed, numbers).with_labels(data.labels_of(numbers));
        parts.push((model.loss(x, context), numbers.len()));
    });
    Terms::mean(parts.into_iter()).expect("data sets have examples")
}

fn for_each_batch(data: &Dataset, mut f: impl FnMut(&[usize], &Tensor<f32>)) {
    let numbers: Vec<usize> = (0..data.len()).collect();
    numbers.chunks(BATCH).for_each(|numbers| f(numbers, &data.rows(numbers)));
}
