//! Checks that the files of likelihoods use in their tests.

use autograd::{Name, Real, Tape, Tensor, Tree, Var};
use nn::{Context, Dataset};

use super::{Head, Likelihood};
use crate::evaluate;

/// A head for columns like these, and the output of a decoder that describes their mean.
pub(super) fn head(likelihood: Likelihood, data: &Dataset) -> (Head<Tensor<f32>>, Tensor<f32>) {
    let head = Head::new(likelihood, data).unwrap();
    let output = head.output_for_mean(data);
    let width = output.len();
    (head, output.reshape([1, width]))
}

pub(super) fn on<'t, T: Real>(head: &Head<Tensor<f32>>, tape: &'t Tape<T>) -> Head<Var<'t, T>> {
    head.map(Name::Root, &mut |_, leaf: &Tensor<f32>| tape.constant(leaf.cast::<T>()))
}

/// Levels 0, 1, 2 and 3 in two columns, which are counts as well.
pub(super) fn levels() -> Dataset {
    Dataset::new(Tensor::from_fn([12, 2], |i| ((i * 5) % 7 % 4) as f32))
}

/// Numbers from 0 to 1 in two columns.
pub(super) fn shares() -> Dataset {
    Dataset::new(Tensor::from_fn([6, 2], |i| ((i * 5) % 7) as f32 / 7.0))
}

pub(super) fn one_column(data: &Dataset) -> Dataset {
    Dataset::new(data.x().slice(1, ..1))
}

/// `Σ p(x)` and `Σ x p(x)` over numbers `x` of weight `width` for one column, and the mean that the head says, in double
/// precision.
pub(super) fn moments(
    likelihood: Likelihood,
    data: &Dataset,
    output: &[f64],
    numbers: &[f64],
    width: f64,
) -> [f64; 3] {
    let tape = Tape::<f64>::new();
    let head = on(&Head::new(likelihood, data).unwrap(), &tape);
    let output = Tensor::from_vec([1, output.len()], output.to_vec());
    let rows = tape.constant(output.expand([numbers.len(), output.shape()[1]]));
    let x = tape.constant(Tensor::from_vec([numbers.len(), 1], numbers.to_vec()));
    let masses: Vec<f64> =
        head.nll(rows, x).value().to_vec().iter().map(|nll| (-nll).exp() * width).collect();
    let total = masses.iter().sum();
    let first = masses.iter().zip(numbers).map(|(mass, x)| mass * x).sum();
    [total, first, head.mean(tape.constant(&output)).item()]
}

/// A density that integrates to one over this interval and has the mean it says.
pub(super) fn integrates_to_one(likelihood: Likelihood, output: &[f64], [low, high]: [f64; 2]) {
    const STEPS: usize = 40_000;
    let width = (high - low) / STEPS as f64;
    let numbers: Vec<f64> = (0..STEPS).map(|i| low + (i as f64 + 0.5) * width).collect();
    let [total, first, mean] = moments(likelihood, &one_column(&shares()), output, &numbers, width);
    assert!((total - 1.0).abs() < 1e-6, "{likelihood:?}: {total}");
    assert!((first - mean).abs() < 1e-6, "{likelihood:?}: {first} {mean}");
}

/// A distribution of whole numbers that sums to one over the first of them and has the mean it says.
pub(super) fn sums_to_one(likelihood: Likelihood, output: &[f64], count: u32) {
    let numbers: Vec<f64> = (0..count).map(f64::from).collect();
    let [total, first, mean] = moments(likelihood, &one_column(&levels()), output, &numbers, 1.0);
    assert!((total - 1.0).abs() < 1e-8, "{likelihood:?} {output:?}: {total}");
    assert!((first - mean).abs() < 1e-6 * (1.0 + mean), "{likelihood:?} {output:?}: {first} {mean}");
}

/// The probability of each of these examples of three columns.
pub(super) fn probabilities(likelihood: Likelihood, output: &[f64; 3], examples: &[[f64; 3]]) -> Vec<f64> {
    let tape = Tape::<f64>::new();
    let count = examples.len();
    let output = Tensor::from_vec([1, 3], output.to_vec()).expand([count, 3]);
    let x = tape.constant(Tensor::from_vec([count, 3], examples.concat()));
    let nll = likelihood.nll_alone(tape.constant(output), x).sum_over(-1).value().to_vec();
    nll.iter().map(|nll| (-nll).exp()).collect()
}

/// The variance of a column around its mean, over all columns.
pub(super) fn variance_of_mean(data: &Dataset) -> f64 {
    evaluate::variance_around(&evaluate::mean(data.x()), data) / data.width() as f64
}

/// Draws with the variance that `expected` says of their mean.
pub(super) fn variance_of_draws(likelihood: Likelihood, data: &Dataset, expected: impl Fn(f64) -> f64) {
    const DRAWS: usize = 20_000;
    let numbers: Vec<usize> = (0..DRAWS).collect();
    let (head, output) = head(likelihood, data);
    let tape = Tape::new();
    let (head, width) = (on(&head, &tape), output.shape()[1]);
    let rows = tape.constant(output.expand([DRAWS, width]));
    let expected = expected(f64::from(head.mean(rows).value().to_vec()[0]));
    let first = head.draw(rows, &mut Context::sampling(1, &numbers)).unwrap().slice(1, ..1).to_vec();
    let variance = mean_and_variance(&first)[1];
    assert!((variance / expected - 1.0).abs() < 0.05, "{likelihood:?}: {variance} {expected}");
}

pub(super) fn mean_and_variance(x: &[f32]) -> [f64; 2] {
    let count = x.len() as f64;
    let mean = x.iter().copied().map(f64::from).sum::<f64>() / count;
    [mean, x.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count]
}

/// Draws with the mean and the variance that the probabilities of the first whole numbers have.
pub(super) fn variance_by_probabilities(likelihood: Likelihood, output: &[f64; 3], count: usize) {
    const DRAWS: usize = 40_000;
    let numbers: Vec<usize> = (0..DRAWS).collect();
    let tape = Tape::<f64>::new();
    let head = on(&Head::new(likelihood, &one_column(&levels())).unwrap(), &tape);
    let output = Tensor::from_vec([1, 3], output.to_vec());
    let values = Tensor::from_fn([count, 1], |i| i as f64);
    let nll = head.nll(tape.constant(output.expand([count, 3])), tape.constant(&values)).value().to_vec();
    let moment = |power: i32| -> f64 {
        nll.iter().enumerate().map(|(x, nll)| (x as f64).powi(power) * (-nll).exp()).sum()
    };
    let expected = moment(2) - moment(1).powi(2);
    let rows = tape.constant(output.expand([DRAWS, 3]));
    let drawn = head.draw(rows, &mut Context::sampling(1, &numbers)).unwrap().cast::<f32>().to_vec();
    let [mean, variance] = mean_and_variance(&drawn);
    assert!((mean - moment(1)).abs() < 4.0 * (expected / DRAWS as f64).sqrt(), "{likelihood:?}: {mean}");
    assert!((variance / expected - 1.0).abs() < 0.05, "{likelihood:?}: {variance} {expected}");
}

/// A finite loss and a finite gradient for these numbers, however large an output is. (The rate itself is the only number of a
/// Poisson distribution, so there a rate of ∞ costs ∞.)
pub(super) fn no_output_is_too_large(likelihood: Likelihood, x: [f32; 3]) {
    let data = Dataset::new(Tensor::from_vec([3, 1], x.to_vec()));
    let head = Head::new(likelihood, &data).unwrap();
    for value in [0.0, 80.0, -80.0, 1e12, -1e12] {
        for one in 0..head.parameters() {
            let tape = Tape::<f32>::new();
            let output = Tensor::from_fn([3, head.parameters()], |i| {
                if i % head.parameters() == one { value } else { 0.3 }
            });
            let output = tape.var(output);
            let loss = on(&head, &tape).nll(output, tape.constant(data.x())).mean();
            let gradient = loss.backward().wrt(output).to_vec();
            let what = format!("{likelihood:?}, number {one} is {value:e}");
            assert!(loss.item().is_finite(), "{what}: {}", loss.item());
            assert!(gradient.iter().all(|g| g.is_finite()), "{what}: {gradient:?}");
        }
    }
}
