//! Tests that every likelihood of the list has to pass, and heads of several blocks.

use autograd::{Tape, gradcheck};
use nn::data::schema::{Block, Schema, Shape};

use super::Likelihood::*;
use super::checks::{head, levels, mean_and_variance, on, shares};
use super::*;
use crate::evaluate;

/// Data for a likelihood: two columns of its support.
fn data_for(likelihood: Likelihood) -> Dataset {
    match likelihood.support() {
        Support::Real | Support::UnitInterval => shares(),
        Support::Counts | Support::Levels | Support::OneHot | Support::Tokens => levels(),
    }
}

#[test]
fn the_word_of_each_is_the_one_in_a_configuration() {
    for &likelihood in Likelihood::ALL {
        let word = toml::Value::try_from(likelihood).unwrap();
        assert_eq!(word.as_str(), Some(likelihood.word()));
        assert_eq!(likelihood.is_density(), Likelihood::DENSITIES.contains(&likelihood), "{likelihood:?}");
    }
}

#[test]
fn gradients_of_all_of_them() {
    let wave = |shape: [usize; 2], phase: f64| Tensor::from_fn(shape, |i| (i as f64 * 1.3 + phase).sin());
    let whole = Tensor::from_vec([2, 2], vec![0.0, 3.0, 1.0, 2.0]);
    let pixels = Tensor::from_vec([2, 2], vec![0.0, 1.0, 0.2, 100.0 / 255.0]);
    let one_hot = Tensor::from_vec([2, 2], vec![0.0, 1.0, 1.0, 0.0]);
    for &likelihood in Likelihood::ALL {
        let x = match likelihood.support() {
            Support::Real | Support::UnitInterval => &pixels,
            Support::OneHot => &one_hot,
            Support::Counts | Support::Levels | Support::Tokens => &whole,
        };
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
            if likelihood.support() == Support::Tokens {
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
fn a_loss_is_the_mean_of_what_every_column_costs() {
    for &likelihood in Likelihood::ALL {
        let data = data_for(likelihood);
        let (head, output) = head(likelihood, &data);
        let tape = Tape::<f64>::new();
        let (head, rows) =
            (on(&head, &tape), tape.constant(output.cast().expand([data.len(), output.len()])));
        let x = tape.constant(data.x().cast());
        let [loss, nll] = [head.loss(rows, x), head.nll(rows, x).mean()].map(|loss| loss.item());
        assert!((loss - nll).abs() < 1e-12 * (1.0 + nll.abs()), "{likelihood:?}: {loss} {nll}");
    }
}

#[test]
fn draws_have_the_mean_of_their_distribution() {
    const DRAWS: usize = 20_000;
    let numbers: Vec<usize> = (0..DRAWS).collect();
    for &likelihood in Likelihood::DENSITIES {
        let data = data_for(likelihood);
        let (head, output) = head(likelihood, &data);
        let tape = Tape::new();
        let (head, width) = (on(&head, &tape), output.shape()[1]);
        let rows = tape.constant(output.expand([DRAWS, width]));
        let draw = |seed| head.draw(rows, &mut Context::sampling(seed, &numbers)).unwrap();
        let mean = if likelihood.support() == Support::Tokens {
            // A token has no mean, but its number has one.
            let tokens = width / data.width();
            let shares = tape.constant(output.slice(1, ..tokens)).softmax(-1).value();
            shares.to_vec().iter().zip(1..).map(|(share, token)| share * token as f32).sum()
        } else {
            head.mean(rows).value().to_vec()[0]
        };
        let x = draw(1);
        assert_eq!(x, draw(1));
        assert_ne!(x, draw(2));
        let [found, variance] = mean_and_variance(&x.slice(1, ..1).to_vec());
        // Four standard errors, and half a level.
        let near = 4.0 * (variance / DRAWS as f64).sqrt() + 0.002;
        assert!((found - f64::from(mean)).abs() < near, "{likelihood:?}: {found} {mean}");
        assert!(head.nll(rows, tape.constant(&x)).value().to_vec().iter().all(|nll| nll.is_finite()));
    }
}

#[test]
fn a_head_begins_at_the_mean_of_the_data() {
    let data = Dataset::new(Tensor::from_fn([6, 3], |i| ((i * 5) % 7) as f32 / 7.0));
    let mean = evaluate::mean(data.x()).to_vec();
    for likelihood in [SquaredError, Bernoulli, FixedGaussian, Gaussian, GaussianPerPixel] {
        let (head, output) = head(likelihood, &data);
        let tape = Tape::new();
        let found = on(&head, &tape).mean(tape.constant(&output)).value().to_vec();
        assert!(found.iter().zip(&mean).all(|(a, b)| (a - b).abs() < 1e-6), "{likelihood:?}");
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
        let said = Said {
            output: rows.slice(1, from),
            per_column: likelihood.per_column(4),
            log_var: None,
            levels: 4,
        };
        likelihood.nll_of(said, x.slice(1, columns)).sum_over(-1)
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

/// Settings name the likelihood that the numbers of a table really have.
#[test]
fn a_likelihood_that_does_not_fit_numbers_gives_way_to_theirs() {
    let table = mixed();
    assert_eq!(Bernoulli.instead(table.schema()), Some(Gaussian));
    assert_eq!(FixedGaussian.instead(table.schema()), None);
    assert_eq!(Bernoulli.instead(shares().schema()), None, "a single block has what is said");
    // The model is the same, also where a column is one of two words.
    let x = Tensor::concat(&[table.x(), &table.x().slice(1, 2..3)], 1);
    let words = Block::new(Shape::Scalars(1), Kind::Binary);
    let blocks: Vec<Block> = table.schema().blocks().iter().cloned().chain([words]).collect();
    let table = Dataset::new(x).with_schema(Schema::new(blocks));
    let with = |wished: Likelihood| head(wished, &table).1;
    assert_eq!(Bernoulli.instead(table.schema()), Some(Gaussian));
    assert_eq!(with(Bernoulli), with(Gaussian));
    assert!(with(FixedGaussian).to_vec().last() == with(Bernoulli).to_vec().last(), "words stay words");
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
