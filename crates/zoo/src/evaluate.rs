//! Metrics, each with its definition.
//!
//! ```
//! use zoo::{data, evaluate, models::pca::Pca};
//!
//! let digits = data::digits();
//! let pca = Pca::fit(digits.train.x(), 8);
//! assert!(evaluate::mean_squared_error(&pca, &digits.test) < 1.6); // SSE/img
//! assert_eq!(evaluate::codes(&pca, &digits.test).shape(), [359, 8]);
//! ```

use autograd::{Real, Tensor, cost};
use nalgebra::DMatrix;
use nn::train::Terms;
use nn::{Context, Dataset};

use crate::AnyModel;
use crate::models::codebook::Usage;
use crate::network::texts::text_of;

/// Examples evaluated together: enough for fast products, little enough to fit into the cache.
const BATCH: usize = 500;
/// Bytes that a step after the training may take besides the model, the examples and its result; a single example may
/// need more.
const MEMORY: usize = 256 << 20;
/// A product of fewer rows is made by another kernel, whose last digits differ.
const FEWEST: usize = 3;
/// Numbers of a row from which on its last digits are not worth the memory of further rows.
const WIDE: usize = 1 << 12;
/// Numbers of which no loss takes more.
const SMALL: usize = 1 << 16;

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
    (0..rows).step_by(ROWS).map(move |start| x.slice(0, start..rows.min(start + ROWS)).cast())
}

/// `Σⱼ (xⱼ − x̂ⱼ)²` of every example, over what was observed of it; of a text, in which tokens have numbers but no
/// distances, how many places are wrong.
pub fn squared_errors(model: &dyn AnyModel, data: &Dataset) -> Vec<f64> {
    if text_of(data.schema()).is_some() {
        let wrong = |x: &Tensor<f32>| {
            let written = model.decode(&model.encode(x));
            let wrong = x.zip(&written, |x, y| if x == y { 0.0 } else { 1.0 });
            wrong.cast::<f64>().sum_to([x.shape()[0], 1])
        };
        return in_batches(data.x(), wrong).to_vec();
    }
    let errors = |x: &Tensor<f32>, mask: Option<&Tensor<f32>>| {
        residuals(model, x, &model.encode(x), mask).map(|r| r * r).sum_to([x.shape()[0], 1])
    };
    in_masked_batches(data, errors).to_vec()
}

/// `x − x̂` of examples with these codes, 0 where `x` was not observed.
pub(crate) fn residuals(
    model: &dyn AnyModel,
    x: &Tensor<f32>,
    z: &Tensor<f32>,
    mask: Option<&Tensor<f32>>,
) -> Tensor<f64> {
    let residuals: Tensor<f64> = x.zip(&model.decode(z), |x, x_hat| x - x_hat).cast();
    match mask {
        None => residuals,
        Some(mask) => residuals.zip(&mask.cast(), |residual, known| residual * known),
    }
}

/// The squared error of an example, summed over its features (SSE): the mean over examples.
pub fn mean_squared_error(model: &dyn AnyModel, data: &Dataset) -> f64 {
    squared_errors(model, data).iter().sum::<f64>() / data.len() as f64
}

/// The SSE of always answering `mean`: what R² compares with. What was not observed has no part in it.
pub fn variance_around(mean: &Tensor<f32>, data: &Dataset) -> f64 {
    let mean = mean.cast::<f64>();
    let squares = |block: Tensor<f64>| block.zip(&mean, |x, m| (x - m) * (x - m));
    let sums: f64 = match data.observed() {
        None => blocks(data.x()).map(|block| squares(block).sum_to([]).item()).sum(),
        Some(mask) => (blocks(data.x()).zip(blocks(mask)))
            .map(|(block, mask)| squares(block).zip(&mask, |square, known| square * known).sum_to([]).item())
            .sum(),
    };
    sums / data.len() as f64
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

/// How often the codes of examples choose each vector of a codebook, if the model has one.
pub fn usage(model: &dyn AnyModel, data: &Dataset) -> Option<Usage> {
    const AT_ONCE: usize = 256;
    let mut all: Option<Usage> = None;
    for from in (0..data.len()).step_by(AT_ONCE) {
        let part = model.usage(data.range(from..data.len().min(from + AT_ONCE)).x())?;
        match &mut all {
            None => all = Some(part),
            Some(all) => all.0.iter_mut().zip(part.0).for_each(|(sum, count)| *sum += count),
        }
    }
    all
}

/// The codes of all examples, `[examples, code]`.
pub fn codes(model: &dyn AnyModel, data: &Dataset) -> Tensor<f32> {
    in_batches(data.x(), |x| model.encode(x))
}

/// The loss of the model, the mean over all examples. Deterministic: noise that the loss needs by
/// definition is fixed by the seed and the number of the example.
pub fn loss(model: &dyn AnyModel, data: &Dataset, seed: u64) -> Terms {
    let all: Vec<usize> = (0..data.len()).collect();
    let of = |numbers: &[usize]| {
        let context = evaluation(seed, numbers, data);
        (model.loss(&data.rows(numbers), context), numbers.len())
    };
    // It is asked after every epoch, and of small data not worth trying.
    let batch = match data.x().len() {
        ..SMALL => BATCH,
        _ => at_once(data.len(), BATCH, |rows| drop(of(&all[..rows]))),
    };
    Terms::mean(all.chunks(batch).map(of)).expect("data sets have examples")
}

/// An evaluation of the examples with these numbers, with all that is known of them.
pub(crate) fn evaluation<'a>(seed: u64, numbers: &'a [usize], data: &Dataset) -> Context<'a> {
    let context = Context::evaluation(seed, numbers);
    context.with_labels(data.labels_of(numbers)).with_observed(data.observed_of(numbers))
}

/// `f` of all rows of `[rows, width]`, which it is given some at a time: 500, or so few that it takes no more than 256
/// megabytes, if a single one does not take more. A row has the same bits alone as among others, unless it is very wide.
pub fn in_batches<T: Real>(x: &Tensor<f32>, f: impl Fn(&Tensor<f32>) -> Tensor<T>) -> Tensor<T> {
    let rows = x.shape()[0];
    let of_enough = |x: Tensor<f32>| {
        let few = x.shape()[0];
        if !(1..FEWEST).contains(&few) || x.shape()[1] >= WIDE {
            return f(&x);
        }
        let last = x.slice(0, few - 1..);
        let repeated = vec![&last; FEWEST - few];
        f(&Tensor::concat(&[&[&x][..], &repeated].concat(), 0)).slice(0, ..few).contiguous()
    };
    let part = |start: usize, count: usize| of_enough(x.slice(0, start..rows.min(start + count)));
    let batch = at_once(rows, BATCH, |count| drop(part(0, count)));
    if rows <= batch {
        return of_enough(x.clone());
    }
    let parts: Vec<Tensor<T>> = (0..rows).step_by(batch).map(|start| part(start, batch)).collect();
    Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0)
}

/// The same of examples and the mask of what was observed of them.
pub(crate) fn in_masked_batches<T: Real>(
    data: &Dataset,
    f: impl Fn(&Tensor<f32>, Option<&Tensor<f32>>) -> Tensor<T>,
) -> Tensor<T> {
    let Some(mask) = data.observed() else { return in_batches(data.x(), |x| f(x, None)) };
    let width = data.width();
    in_batches(&Tensor::concat(&[data.x(), mask], 1), |both| {
        let [x, mask] = [both.slice(1, ..width), both.slice(1, width..)].map(|part| part.contiguous());
        f(&x, Some(&mask))
    })
}

/// How many of so many rows may be worked on at once, at most `most`, if `f` does it with the number of rows it is
/// given. It is tried with a few: memory is what does not grow with the rows and what each of them adds.
pub(crate) fn at_once(rows: usize, most: usize, f: impl Fn(usize)) -> usize {
    /// Some losses are none of a single example.
    const TRIED: [usize; 2] = [2, 4];
    let most = most.min(rows).max(1);
    if most <= TRIED[1] {
        return most;
    }
    let [few, more] = TRIED.map(|rows| cost::peak_of(|| f(rows)).1);
    let each = (more.saturating_sub(few) / (TRIED[1] - TRIED[0])).max(1);
    let fixed = few.saturating_sub(TRIED[0] * each);
    (MEMORY.saturating_sub(fixed) / each).clamp(1, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_rows_as_the_memory_holds_are_worked_on_at_once() {
        let takes = |bytes: usize| {
            at_once(10_000, BATCH, |rows| drop(Tensor::<f32>::zeros([rows * bytes / 4 + 1000])))
        };
        assert_eq!([takes(4), takes(1 << 20), takes(64 << 20)], [500, 255, 3]);
        assert_eq!([0, 1, 4].map(|rows| at_once(rows, BATCH, |_| unreachable!())), [1, 1, 4]);
    }

    #[test]
    fn batches_come_back_in_their_order() {
        let x = Tensor::from_fn([1201, 2], |i| i as f32);
        assert_eq!(in_batches(&x, |x| x.map(|v| v + 1.0)), x.map(|v| v + 1.0));
        assert_eq!(in_batches(&x.slice(0, ..0), Tensor::cast::<f64>).shape(), [0, 2]);
    }

    #[test]
    fn a_row_has_the_same_bits_alone_as_among_others() {
        let number = |i: usize| ((i * 7919) % 1013) as f32 * 1e-3 - 0.5;
        let x = Tensor::from_fn([502, 37], number);
        let weights = Tensor::from_fn([19, 37], number).t();
        let of = |x: &Tensor<f32>| in_batches(x, |x| x.matmul(&weights));
        let all = of(&x);
        for row in [0, 250, 500, 501] {
            assert_eq!(of(&x.slice(0, row..row + 1)), all.slice(0, row..row + 1), "row {row}");
        }
        let plain = x.slice(0, 7..8).matmul(&weights);
        assert_ne!(plain, all.slice(0, 7..8), "without that, a product of one row has other digits");
    }
}
