use autograd::{Name, Tape, Tree, gradcheck};
use nn::data::schema::{Block, Schema, Shape};
use nn::{Context, Dataset};

use super::*;
use crate::evaluate;

/// A head for columns like these, and the output of a decoder that describes their mean.
fn head(likelihood: Likelihood, data: &Dataset) -> (Head<Tensor<f32>>, Tensor<f32>) {
    let head = Head::new(likelihood, data).unwrap();
    let output = head.output_for_mean(data);
    let width = output.len();
    (head, output.reshape([1, width]))
}

fn on<'t, T: Real>(head: &Head<Tensor<f32>>, tape: &'t Tape<T>) -> Head<Var<'t, T>> {
    head.map(Name::Root, &mut |_, leaf: &Tensor<f32>| tape.constant(leaf.cast::<T>()))
}

/// Levels 0, 1, 2 and 3 in two columns, which are counts as well.
fn levels() -> Dataset {
    Dataset::new(Tensor::from_fn([12, 2], |i| ((i * 5) % 7 % 4) as f32))
}

fn shares() -> Dataset {
    Dataset::new(Tensor::from_fn([6, 2], |i| ((i * 5) % 7) as f32 / 7.0))
}

/// `Σ p(x)` and `Σ x p(x)` over numbers `x` of weight `width` for one column, and the mean that the head says, in double
/// precision.
fn moments(likelihood: Likelihood, data: &Dataset, output: &[f64], numbers: &[f64], width: f64) -> [f64; 3] {
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

#[test]
fn each_density_integrates_to_one_and_has_the_mean_it_says() {
    const STEPS: usize = 40_000;
    let data = Dataset::new(shares().x().slice(1, ..1));
    let cases = [
        (ContinuousBernoulli, vec![0.7], 0.0, 1.0),
        (ContinuousBernoulli, vec![-9.0], 0.0, 1.0),
        (FixedGaussian, vec![0.4], -19.0, 20.0),
        (Gaussian, vec![0.4], -19.0, 20.0),
        (GaussianPerPixel, vec![0.4, 0.9], -19.0, 20.0),
    ];
    for (likelihood, output, low, high) in cases {
        let width = (high - low) / STEPS as f64;
        let numbers: Vec<f64> = (0..STEPS).map(|i| low + (i as f64 + 0.5) * width).collect();
        let [total, first, mean] = moments(likelihood, &data, &output, &numbers, width);
        assert!((total - 1.0).abs() < 1e-6, "{likelihood:?}: {total}");
        assert!((first - mean).abs() < 1e-6, "{likelihood:?}: {first} {mean}");
    }
}

#[test]
fn each_distribution_of_whole_numbers_sums_to_one_and_has_the_mean_it_says() {
    let data = Dataset::new(levels().x().slice(1, ..1));
    let counts: Vec<f64> = (0..40_000).map(f64::from).collect();
    let cases = [
        (Bernoulli, vec![0.8], 2),
        (Poisson, vec![3.0], 400),
        (Poisson, vec![-4.0], 400),
        (NegativeBinomial, vec![2.0, 0.3], 4000),
        // Nearly Poisson, on both sides of the change of formulas, and very long in the tail.
        (NegativeBinomial, vec![3.0, 12.0], 4000),
        (NegativeBinomial, vec![3.0, 2.1], 4000),
        (NegativeBinomial, vec![3.0, 2.12], 4000),
        (NegativeBinomial, vec![2.0, -2.5], 40_000),
        (ZeroInflated, vec![2.0, 0.3, -0.5], 4000),
        (ZeroInflated, vec![1.0, 5.0, 3.0], 4000),
        (Ordinal, vec![-0.7, 0.3, -2.0], 4),
    ];
    for (likelihood, output, count) in cases {
        let [total, first, mean] = moments(likelihood, &data, &output, &counts[..count], 1.0);
        assert!((total - 1.0).abs() < 1e-8, "{likelihood:?} {output:?}: {total}");
        assert!((first - mean).abs() < 1e-6 * (1.0 + mean), "{likelihood:?} {output:?}: {first} {mean}");
    }
}

#[test]
fn the_levels_of_a_byte_sum_to_one_and_their_mean_is_that_of_the_logistic() {
    let data = Dataset::new(shares().x().slice(1, ..1));
    let numbers: Vec<f64> = (0..256).map(|level| f64::from(level) / 255.0).collect();
    for (mu, ln_scale) in [(0.4, -1.4), (0.0, -2.0), (1.3, -3.0), (-50.0, -6.9), (0.5, -30.0), (0.2, 9.0)] {
        let [total, first, mean] = moments(DiscretizedLogistic, &data, &[mu, ln_scale], &numbers, 1.0);
        assert!((total - 1.0).abs() < 1e-9, "{mu} {ln_scale}: {total}");
        assert!((first - mean).abs() < 0.5 / 255.0, "{mu} {ln_scale}: {first} {mean}");
    }
}

#[test]
fn categories_and_shares_sum_to_one() {
    let tape = Tape::<f64>::new();
    let logits = Tensor::from_vec([1, 3], vec![0.3, -1.0, 2.0]);
    let rows = |rows: Vec<[f64; 3]>| {
        let count = rows.len();
        let x = tape.constant(Tensor::from_vec([count, 3], rows.concat()));
        (tape.constant(logits.expand([count, 3])), x)
    };
    let total = |likelihood: Likelihood, (output, x): (Var<'_, f64>, Var<'_, f64>)| -> f64 {
        let nll = likelihood.summands(output, x).sum_over(-1).value().to_vec();
        nll.iter().map(|nll| (-nll).exp()).sum()
    };
    let one_hot = vec![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    assert!((total(Categorical, rows(one_hot.clone())) - 1.0).abs() < 1e-12);
    // One event is a category.
    assert!((total(Multinomial, rows(one_hot)) - 1.0).abs() < 1e-12);
    // A token at each of two places, and nothing behind the end.
    let tokens = Dataset::new(Tensor::from_vec([1, 2], vec![3.0, 0.0]));
    let (of_tokens, _) = head(Token, &tokens);
    let nll = |x: [f64; 2]| {
        let output = Tensor::from_vec([1, 6], vec![0.3, -1.0, 2.0, 1.0, 0.5, 0.0]);
        on(&of_tokens, &tape)
            .nll(tape.constant(output), tape.constant(Tensor::from_vec([1, 2], x.to_vec())))
            .item()
    };
    let both: f64 =
        (1..4).flat_map(|a| (1..4).map(move |b| [f64::from(a), f64::from(b)])).map(|x| (-nll(x)).exp()).sum();
    let first: f64 = (1..4).map(|a| (-nll([f64::from(a), 0.0])).exp()).sum();
    assert!((both - 1.0).abs() < 1e-12 && (first - 1.0).abs() < 1e-12, "{both} {first}");
    let of_four: Vec<[f64; 3]> = (0..5)
        .flat_map(|a| (0..5 - a).map(move |b| [f64::from(a), f64::from(b), f64::from(4 - a - b)]))
        .collect();
    assert_eq!(of_four.len(), 15);
    assert!((total(Multinomial, rows(of_four)) - 1.0).abs() < 1e-12);
}

#[test]
fn gradients_of_all_of_them() {
    let wave = |shape: [usize; 2], phase: f64| Tensor::from_fn(shape, |i| (i as f64 * 1.3 + phase).sin());
    let whole = Tensor::from_vec([2, 2], vec![0.0, 3.0, 1.0, 2.0]);
    let pixels = Tensor::from_vec([2, 2], vec![0.0, 1.0, 0.2, 100.0 / 255.0]);
    let one_hot = Tensor::from_vec([2, 2], vec![0.0, 1.0, 1.0, 0.0]);
    let cases = [
        (SquaredError, &pixels),
        (BoundedSquaredError, &pixels),
        (Bernoulli, &pixels),
        (ContinuousBernoulli, &pixels),
        (FixedGaussian, &pixels),
        (Gaussian, &pixels),
        (GaussianPerPixel, &pixels),
        (DiscretizedLogistic, &pixels),
        (Categorical, &one_hot),
        (Ordinal, &whole),
        (Poisson, &whole),
        (NegativeBinomial, &whole),
        (ZeroInflated, &whole),
        (Multinomial, &whole),
        (Token, &whole),
    ];
    for (likelihood, x) in cases {
        let data = Dataset::new(x.cast());
        let head = Head::new(likelihood, &data).unwrap();
        let weights = wave([2, 2], 0.4);
        for (order, phase) in [(1, 0.1), (2, 0.9), (3, 2.0)] {
            gradcheck(
                |[output]| {
                    let tape = output.tape();
                    on(&head, tape).nll(output, tape.constant(x)).square().sum()
                },
                [wave([2, head.parameters()], phase)],
                order,
            )
            .unwrap_or_else(|problem| panic!("{likelihood:?}, loss: {problem}"));
            // The most likely token has no derivative.
            if likelihood == Token {
                continue;
            }
            gradcheck(
                |[output]| {
                    let tape = output.tape();
                    (on(&head, tape).mean(output).square() * tape.constant(&weights)).sum()
                },
                [wave([2, head.parameters()], phase)],
                order,
            )
            .unwrap_or_else(|problem| panic!("{likelihood:?}, mean: {problem}"));
        }
    }
}

#[test]
fn draws_have_the_mean_and_the_spread_of_their_distribution() {
    const DRAWS: usize = 20_000;
    let numbers: Vec<usize> = (0..DRAWS).collect();
    let (of_shares, of_levels) = (shares(), levels());
    for &likelihood in Likelihood::DENSITIES {
        let whole = matches!(likelihood.support(), Support::Counts | Support::OneHot | Support::Tokens);
        let data = if whole { &of_levels } else { &of_shares };
        let (head, output) = head(likelihood, data);
        let tape = Tape::new();
        let (head, width) = (on(&head, &tape), output.shape()[1]);
        let rows = tape.constant(output.expand([DRAWS, width]));
        let draw = |seed| head.draw(rows, &mut Context::sampling(seed, &numbers)).unwrap();
        let mean = match likelihood {
            // A token has no mean, but its number has one.
            Token => {
                let tokens = width / data.width();
                let shares = tape.constant(output.reshape([1, width]).slice(1, ..tokens)).softmax(-1).value();
                shares.to_vec().iter().zip(1..).map(|(share, token)| share * token as f32).sum()
            }
            _ => head.mean(rows).value().to_vec()[0],
        };
        let x = draw(1);
        assert_eq!(x, draw(1));
        assert_ne!(x, draw(2));
        let first = x.slice(1, ..1).to_vec();
        let found = first.iter().sum::<f32>() / DRAWS as f32;
        let variance = first.iter().map(|x| (x - found).powi(2)).sum::<f32>() / DRAWS as f32;
        // Four standard errors, and half a level.
        let near = 4.0 * (variance / DRAWS as f32).sqrt() + 0.002;
        assert!((found - mean).abs() < near, "{likelihood:?}: {found} {mean}");
        assert!(head.nll(rows, tape.constant(&x)).value().to_vec().iter().all(|nll| nll.is_finite()));
        let expected = match likelihood {
            Bernoulli => Some(mean * (1.0 - mean)),
            FixedGaussian => Some(0.5),
            Gaussian | GaussianPerPixel => {
                let mean = evaluate::mean(data.x());
                Some((evaluate::variance_around(&mean, data) / 2.0) as f32)
            }
            Categorical | Multinomial => Some(mean * (1.0 - mean)),
            Poisson => Some(mean),
            NegativeBinomial => {
                let r = (10.0 * (0.1_f32 * counts::FIRST_LN_R as f32).tanh()).exp();
                Some(mean + mean * mean / r)
            }
            // The variance by the derivative of the mean: `dμ/dl`.
            ContinuousBernoulli => {
                let moved = |l: f32| ContinuousBernoulli.mean(tape.var(Tensor::scalar(l))).item();
                let l = output.to_vec()[0];
                Some((moved(l + 0.01) - moved(l - 0.01)) / 0.02)
            }
            _ => None,
        };
        if let Some(expected) = expected {
            assert!((variance / expected - 1.0).abs() < 0.05, "{likelihood:?}: {variance} {expected}");
        }
    }
}

#[test]
fn the_variance_of_levels_and_of_inflated_counts_is_that_of_their_probabilities() {
    const DRAWS: usize = 40_000;
    let data = Dataset::new(levels().x().slice(1, ..1));
    let numbers: Vec<usize> = (0..DRAWS).collect();
    for (likelihood, output, count) in
        [(Ordinal, vec![-0.7, 0.3, -2.0], 4), (ZeroInflated, vec![1.5, 0.8, -0.5], 400)]
    {
        let tape = Tape::<f64>::new();
        let head = on(&Head::new(likelihood, &data).unwrap(), &tape);
        let output = Tensor::from_vec([1, 3], output);
        let values = Tensor::from_fn([count, 1], |i| i as f64);
        let nll = head.nll(tape.constant(output.expand([count, 3])), tape.constant(&values)).value().to_vec();
        let moment = |power: i32| -> f64 {
            nll.iter().enumerate().map(|(x, nll)| (x as f64).powi(power) * (-nll).exp()).sum()
        };
        let expected = moment(2) - moment(1).powi(2);
        let rows = tape.constant(output.expand([DRAWS, 3]));
        let x = head.draw(rows, &mut Context::sampling(1, &numbers)).unwrap().to_vec();
        let mean = x.iter().sum::<f64>() / DRAWS as f64;
        let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / DRAWS as f64;
        assert!((mean - moment(1)).abs() < 4.0 * (expected / DRAWS as f64).sqrt(), "{likelihood:?}: {mean}");
        assert!((variance / expected - 1.0).abs() < 0.05, "{likelihood:?}: {variance} {expected}");
    }
}

/// The difference of two `ln Γ` would have lost its digits: at `r = e⁹` they are near 65,000.
#[test]
fn a_count_that_is_nearly_poisson_is_right_in_single_precision() {
    let tape = Tape::<f32>::new();
    let number = |x: f32| tape.constant(Tensor::full([1, 1], f64::from(x)));
    let double = Tape::<f64>::new();
    for (ln_mu, ln_r, x) in [(2.0, 14.0, 9.0), (2.0, 40.0, 3.0), (5.0, 30.0, 170.0), (3.0, 4.0, 30.0)] {
        let single = NegativeBinomial
            .summands(tape.constant(Tensor::from_vec([1, 2], vec![ln_mu, ln_r])), number(x))
            .item();
        let output = Tensor::from_vec([1, 2], vec![f64::from(ln_mu), f64::from(ln_r)]);
        // The sum of logarithms that the difference stands for.
        let r = (10.0 * (f64::from(ln_r) * 0.1).tanh()).exp();
        let a = f64::from(ln_mu) - r.ln();
        let terms: f64 = (0..x as usize).map(|i| (i as f64 / r).ln_1p() - (i as f64 + 1.0).ln()).sum();
        let exact = -(f64::from(x * ln_mu) - (f64::from(x) + r) * a.exp().ln_1p() + terms);
        let ours = NegativeBinomial
            .summands(double.constant(output), double.constant(Tensor::full([1, 1], f64::from(x))))
            .item();
        assert!((ours - exact).abs() < 1e-8, "{ln_mu} {ln_r} {x}: {ours} {exact}");
        assert!((f64::from(single) - exact).abs() < 1e-3, "{ln_mu} {ln_r} {x}: {single} {exact}");
    }
}

/// `π + (1 − π) p(0)`, whichever of the two is next to nothing.
#[test]
fn an_inflated_zero_keeps_its_digits_at_both_ends() {
    let tape = Tape::<f32>::new();
    let nll = |logit: f32| {
        let output = tape.constant(Tensor::from_vec([1, 3], vec![2.0, 1.0, logit]));
        ZeroInflated.summands(output, tape.constant(Tensor::zeros([1, 1]))).item()
    };
    let plain = tape.constant(Tensor::from_vec([1, 2], vec![2.0, 1.0]));
    let plain = NegativeBinomial.summands(plain, tape.constant(Tensor::zeros([1, 1]))).item();
    assert!((nll(-1e9) - plain).abs() < 1e-5 && plain > 1.0, "{} {plain}", nll(-1e9));
    assert!(nll(1e9) == 0.0 && (0.0..1e-12).contains(&nll(30.0)), "{} {}", nll(1e9), nll(30.0));
}

#[test]
fn no_output_is_too_large() {
    let of_shares = Dataset::new(Tensor::from_vec([3, 1], vec![0.0, 1.0, 100.0 / 255.0]));
    let of_levels = Dataset::new(Tensor::from_vec([3, 1], vec![0.0, 2.0, 1.0]));
    // The rate itself is a Poisson distribution's only parameter, so a rate of ∞ costs ∞.
    for likelihood in [DiscretizedLogistic, Ordinal, NegativeBinomial, ZeroInflated] {
        let whole = likelihood.support() == Support::Counts;
        let data = if whole { &of_levels } else { &of_shares };
        let head = Head::new(likelihood, data).unwrap();
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
}

/// A collection of models takes the mean over pixels here, which is a hidden weight of the divergence.
#[test]
fn a_fixed_gaussian_is_the_squared_error_and_its_constant() {
    let data = Dataset::new(Tensor::from_fn([6, 7], |i| ((i * 5) % 7) as f32 / 7.0));
    let tape = Tape::<f32>::new();
    let output = Tensor::from_fn([6, 7], |i| (i as f32).sin());
    let (x, output) = (tape.constant(data.x()), tape.constant(&output));
    let nll = FixedGaussian.loss(output, x).item();
    let square = SquaredError.loss(output, x).item();
    assert!((nll - square - 3.5 * std::f32::consts::PI.ln()).abs() < 1e-5, "{nll} {square}");
}

#[test]
fn a_head_begins_at_the_mean_and_the_spread_of_the_data() {
    let data = Dataset::new(Tensor::from_fn([6, 3], |i| ((i * 5) % 7) as f32 / 7.0));
    let mean = evaluate::mean(data.x()).to_vec();
    for likelihood in [SquaredError, Bernoulli, FixedGaussian, Gaussian, GaussianPerPixel] {
        let (head, output) = head(likelihood, &data);
        let tape = Tape::new();
        let found = on(&head, &tape).mean(tape.constant(&output)).value().to_vec();
        assert!(found.iter().zip(&mean).all(|(a, b)| (a - b).abs() < 1e-6), "{likelihood:?}");
    }
    // Thresholds of levels are those of their shares, with one more example of each.
    let data = levels();
    let (head, output) = head(Ordinal, &data);
    let tape = Tape::new();
    let found = on(&head, &tape).mean(tape.constant(&output)).value().to_vec();
    let mean = evaluate::mean(data.x()).to_vec();
    for (found, mean) in found.iter().zip(mean) {
        let smoothed = (mean * 12.0 + 6.0) / 16.0;
        assert!((found - smoothed).abs() < 0.02, "{found} {smoothed}");
    }
}

#[test]
fn the_mean_of_the_continuous_bernoulli_is_the_integral_of_its_density() {
    for logit in [-30.0, -2.0, -0.31, -0.29, 0.0, 1e-6, 0.2, 0.3, 5.0] {
        let tape = Tape::<f64>::new();
        let l = tape.constant(Tensor::full([1, 1], logit));
        let density = |x: f64| {
            (-losses::continuous_bernoulli_nll(l, tape.constant(Tensor::full([1, 1], x))).item()).exp()
        };
        let integral: f64 = (0..2000).map(|i| (f64::from(i) + 0.5) / 2e3).map(|x| x * density(x) / 2e3).sum();
        let mean = ContinuousBernoulli.mean(l).item();
        // The midpoint rule errs by f'/24 n², at most 900 / (24 · 4·10⁶).
        assert!((mean - integral).abs() < 2e-5, "{logit}: {mean} {integral}");
    }
    for order in 1..=2 {
        let logits = Tensor::from_vec([1, 5], vec![-3.0, -0.2, 0.0, 0.1, 2.0]);
        gradcheck(|[l]| ContinuousBernoulli.mean(l), [logits], order).unwrap();
    }
}

#[test]
fn weights_of_one_change_nothing() {
    let tape = Tape::<f64>::new();
    let [output, x, ones] = [[0.3, -1.2], [0.8, 0.1], [1.0, 1.0]]
        .map(|row| tape.constant(Tensor::from_vec([1, 2], row.to_vec())));
    for &likelihood in Likelihood::PLAIN {
        let (plain, weighted) = (likelihood.loss(output, x), likelihood.weighted_loss(output, x, ones));
        assert!((plain.item() - weighted.item()).abs() < 1e-14, "{likelihood:?}");
    }
}

#[test]
fn a_bounded_error_is_that_of_the_reconstruction() {
    let tape = Tape::<f64>::new();
    let [output, x] =
        [[0.0, 40.0], [0.8, 0.1]].map(|row| tape.constant(Tensor::from_vec([1, 2], row.to_vec())));
    assert_eq!(BoundedSquaredError.mean(output).value().to_vec(), [0.5, 1.0]);
    assert!((BoundedSquaredError.loss(output, x).item() - (0.09 + 0.81)).abs() < 1e-12);
}

/// Two numbers, a category of three, a level of four, a count.
fn mixed() -> Dataset {
    let x = Tensor::from_fn([8, 7], |i| {
        let (row, column) = (i / 7, i % 7);
        match column {
            0 | 1 => ((row * (column + 3)) as f32).sin(),
            2..5 => f32::from(u8::from(row % 3 == column - 2)),
            5 => (row % 4) as f32,
            _ => (row * row % 5) as f32,
        }
    });
    let block = |columns, kind| Block::new(Shape::Scalars(columns), kind);
    Dataset::new(x).with_schema(Schema::new([
        block(2, Kind::Real),
        block(3, Kind::Category),
        block(1, Kind::Ordinal { levels: 4 }),
        block(1, Kind::Count),
    ]))
}

#[test]
fn blocks_of_a_table_are_distributed_each_in_its_own_way() {
    let data = mixed();
    let (head, output) = head(FixedGaussian, &data);
    assert_eq!((head.columns(), head.parameters()), (7, 2 + 3 + 3 + 2));
    let tape = Tape::<f32>::new();
    let head = on(&head, &tape);
    let rows = tape.constant(output.expand([8, 10]));
    let x = tape.constant(data.x());
    let together = head.nll(rows, x).value();
    let part = |likelihood: Likelihood, columns: std::ops::Range<usize>, from: std::ops::Range<usize>| {
        likelihood.nll(rows.slice(1, from), x.slice(1, columns), None, 4).sum_over(-1)
    };
    let alone = part(FixedGaussian, 0..2, 0..2)
        + part(Categorical, 2..5, 2..5)
        + part(Ordinal, 5..6, 5..8)
        + part(NegativeBinomial, 6..7, 8..10);
    let difference = |(a, b): (&f32, &f32)| (a - b).abs();
    let worst = together.to_vec().iter().zip(&alone.value().to_vec()).map(difference).fold(0.0, f32::max);
    assert!(worst < 1e-5, "{worst}");
    let drawn = head.draw(rows, &mut Context::sampling(0, &[0, 1, 2, 3, 4, 5, 6, 7])).unwrap().to_vec();
    for row in drawn.chunks(7) {
        assert_eq!(row[2..5].iter().sum::<f32>(), 1.0, "one category: {row:?}");
        assert!((0.0..4.0).contains(&row[5]) && row[5].fract() == 0.0 && row[6].fract() == 0.0, "{row:?}");
    }
}

#[test]
fn what_was_not_observed_changes_nothing() {
    let data = mixed();
    let tape = Tape::<f32>::new();
    // The first number, and every third category, is a guess.
    let mask = Tensor::from_fn([8, 7], |i| match (i / 7, i % 7) {
        (row, 0) if row % 2 == 0 => 0.0,
        (row, 2..5) if row % 3 == 0 => 0.0,
        _ => 1.0,
    });
    let known = data.clone().with_observed(mask.clone());
    let guesses = data.x().zip(&mask, |x, known| if known == 0.0 { 1e3 } else { x });
    let other = known.clone().with_x(guesses);
    let (found, output) = head(GaussianPerPixel, &known);
    assert_eq!(output, head(GaussianPerPixel, &other).1, "what a head begins with");
    let head = on(&found, &tape);
    let rows = tape.var(output.expand([8, output.len()]));
    let nll = |data: &Dataset| head.nll_of_observed(rows, tape.constant(data.x()), tape.constant(&mask));
    assert_eq!(nll(&known).value(), nll(&other).value());
    let gradient = |data: &Dataset| nll(data).sum().backward().wrt(rows);
    assert_eq!(gradient(&known), gradient(&other));
    let all = head.nll(rows, tape.constant(data.x())).value().to_vec();
    assert!(nll(&known).value().to_vec()[0] != all[0]);
    assert_eq!(nll(&known).value().to_vec()[1], all[1]);
}
