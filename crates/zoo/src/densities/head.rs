//! The last part of a decoder: what its numbers say about each block of an example.
//!
//! ```
//! use autograd::{Tape, Tensor};
//! use nn::Dataset;
//! use nn::data::schema::{Block, Kind, Schema, Shape};
//! use zoo::densities::{Head, Likelihood};
//!
//! // Two measurements, and one of three categories as three columns.
//! let schema = Schema::new([
//!     Block::new(Shape::Scalars(2), Kind::Real),
//!     Block::new(Shape::Scalars(3), Kind::Category),
//! ]);
//! let x = Tensor::from_vec([2, 5], vec![0.3, -1.0, 0.0, 1.0, 0.0, 1.2, 0.1, 1.0, 0.0, 0.0]);
//! let data = Dataset::new(x).with_schema(schema);
//! let head = Head::new(Likelihood::FixedGaussian, &data)?;
//! assert_eq!((head.columns(), head.parameters()), (5, 5));
//! # Ok::<(), nn::Error>(())
//! ```

use std::ops::Range;

use autograd::{Real, Tensor, Var, tree};
use nn::data::schema::Kind;
use nn::losses::Unit;
use nn::{Context, Dataset, Error, Result};

use super::{Likelihood, Support, categories, counts, gaussian, unit_interval};
use crate::evaluate;

/// A likelihood for every block of an example.
#[derive(Clone, Debug)]
pub struct Head<W> {
    /// `ln σ²` of every block of [`Likelihood::Gaussian`], before its floor.
    log_var: Vec<W>,
    blocks: Vec<Block>,
}
tree!(Head { log_var; blocks });

/// Columns that are distributed in one way.
#[derive(Clone, Debug)]
struct Block {
    columns: Range<usize>,
    likelihood: Likelihood,
    /// Of an ordinal block; of a text its tokens but padding.
    levels: usize,
}

impl Block {
    fn parameters(&self) -> usize {
        self.likelihood.parameters(self.columns.len(), self.levels)
    }
}

impl<W> Head<W> {
    /// The number of columns of an example.
    pub fn columns(&self) -> usize {
        self.blocks.iter().map(|block| block.columns.len()).sum()
    }

    /// How many numbers a decoder gives for an example.
    pub fn parameters(&self) -> usize {
        self.blocks.iter().map(Block::parameters).sum()
    }

    /// The unit of the loss: nats, unless no block is a distribution.
    pub fn unit(&self) -> Unit {
        let nats = self.blocks.iter().any(|block| block.likelihood.is_density());
        if nats { Unit::Nats } else { Unit::SquaredError }
    }

    /// Whether every block is a distribution, so that examples can be drawn.
    pub fn is_density(&self) -> bool {
        self.blocks.iter().all(|block| block.likelihood.is_density())
    }

    /// Each block with its part of the decoder's numbers and its learned `ln σ²`.
    fn parts(&self) -> impl Iterator<Item = (&Block, Range<usize>, Option<&W>)> {
        let (mut end, mut learned) = (0, self.log_var.iter());
        self.blocks.iter().map(move |block| {
            let start = end;
            end += block.parameters();
            let log_var = if block.likelihood == Likelihood::Gaussian { learned.next() } else { None };
            (block, start..end, log_var)
        })
    }
}

/// The likelihood of a block of this kind if `wished` is that of the data in general: what is a category, a level or a
/// count in a table stays one, whatever is said about its numbers.
fn of_kind(kind: Kind, wished: Likelihood) -> Likelihood {
    let fits = match kind {
        Kind::Real => wished.support() == Support::Real,
        Kind::UnitInterval | Kind::Binary => {
            matches!(wished.support(), Support::Real | Support::UnitInterval)
        }
        Kind::Count => wished.support() == Support::Counts && wished != Likelihood::Ordinal,
        Kind::Token { .. } => wished == Likelihood::Token,
        Kind::Category => wished == Likelihood::Categorical,
        Kind::Ordinal { .. } => wished == Likelihood::Ordinal,
    };
    if fits { wished } else { Likelihood::for_kind(kind) }
}

impl Head<Tensor<f32>> {
    /// A head for data of this schema. A single block has the likelihood that is given; of several blocks those have it
    /// whose kind it fits, and the others that [of their kind](Likelihood::for_kind).
    ///
    /// # Errors
    /// If an ordinal block has no levels, because its data are no whole numbers from 0 up.
    pub fn new(likelihood: Likelihood, data: &Dataset) -> Result<Self> {
        let schema = data.schema();
        let single = schema.blocks().len() == 1;
        let mut head = Head { log_var: vec![], blocks: vec![] };
        for (columns, block) in schema.columns() {
            let likelihood = if single { likelihood } else { of_kind(block.kind, likelihood) };
            let part = Part::of(data, columns.clone());
            let levels = match (likelihood, block.kind) {
                (Likelihood::Ordinal, Kind::Ordinal { levels }) => levels,
                (Likelihood::Ordinal, _) => part.levels()?,
                (Likelihood::Token, Kind::Token { vocabulary }) => vocabulary.saturating_sub(1),
                (Likelihood::Token, _) => part.levels()? - 1,
                _ => 0,
            };
            if likelihood == Likelihood::Gaussian {
                head.log_var.push(part.log_var());
            }
            head.blocks.push(Block { columns, likelihood, levels });
        }
        Ok(head)
    }

    /// The output of a decoder that describes the mean and the spread of the data, `[parameters]`: a good initial bias
    /// of its last layer.
    pub fn output_for_mean(&self, data: &Dataset) -> Tensor<f32> {
        let of_block = |block: &Block| {
            let part = Part::of(data, block.columns.clone());
            let mean: Tensor<f32> = block.likelihood.output_for(&part.mean);
            let fill = |value: f64| Tensor::full(mean.shape(), value);
            match block.likelihood {
                Likelihood::GaussianPerPixel => {
                    Tensor::concat(&[&mean, &part.log_var().expand(mean.shape())], 0)
                }
                Likelihood::DiscretizedLogistic => {
                    Tensor::concat(&[&mean, &fill(unit_interval::FIRST_LN_SCALE)], 0)
                }
                Likelihood::NegativeBinomial => Tensor::concat(&[&mean, &fill(counts::FIRST_LN_R)], 0),
                Likelihood::ZeroInflated => {
                    let parts = [&mean, &fill(counts::FIRST_LN_R), &fill(counts::FIRST_LOGIT)];
                    Tensor::concat(&parts, 0)
                }
                Likelihood::Ordinal => part.thresholds(block.levels),
                Likelihood::Token => part.tokens(block.levels),
                _ => mean,
            }
        };
        let parts: Vec<Tensor<f32>> = self.blocks.iter().map(of_block).collect();
        Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0)
    }
}

/// Columns of the data.
struct Part {
    data: Dataset,
    mean: Tensor<f32>,
}

impl Part {
    fn of(data: &Dataset, columns: Range<usize>) -> Self {
        let whole = columns.len() == data.width();
        let cut = |x: &Tensor<f32>| if whole { x.clone() } else { x.slice(1, columns.clone()) };
        let part = Dataset::new(cut(data.x())).with_observed(data.observed().map(cut));
        let mean = match part.observed() {
            None => evaluate::mean(part.x()),
            Some(mask) => {
                let width = part.width();
                let sum = |of: &Tensor<f32>| of.sum_to([1, width]).reshape([width]);
                let known = part.x().zip(mask, |x, known| x * known);
                sum(&known).zip(&sum(mask), |sum, count| sum / count.max(1.0))
            }
        };
        Part { data: part, mean }
    }

    /// `ln` of the variance around the mean of each column, `[]`.
    fn log_var(&self) -> Tensor<f32> {
        let variance = match self.data.observed() {
            None => evaluate::variance_around(&self.mean, &self.data) / self.data.width() as f64,
            Some(mask) => {
                let squares = self.data.x().zip(&self.mean, |x, m| (x - m) * (x - m)).zip(mask, |s, m| s * m);
                let [squares, known] = [&squares, mask].map(|of| f64::from(of.sum_to([]).item()));
                squares / known.max(1.0)
            }
        };
        // Constant data have no variance; the floor is far above this.
        Tensor::scalar(variance.max(1e-8).ln() as f32)
    }

    /// One more than the largest whole number.
    fn levels(&self) -> Result<usize> {
        let values = self.data.x().to_vec();
        if let Some(value) = values.iter().find(|&&x| x < 0.0 || x.fract() != 0.0 || x > 1e6) {
            let problem = format!(
                "likelihood = ordinal (or token) is for whole numbers, 0, 1, 2 and so on; these data have the value {value}"
            );
            return Err(Error::setting("likelihood", problem));
        }
        Ok(values.iter().fold(1.0, |most: f32, &x| most.max(x)) as usize + 1)
    }

    /// Logits that make every token as likely as it is in all places, for each column.
    fn tokens(&self, tokens: usize) -> Tensor<f32> {
        // As if there were one more of every token.
        let mut counts = vec![1.0_f64; tokens];
        let all = self.data.x().to_vec();
        all.iter()
            .filter(|&&token| token >= 1.0)
            .for_each(|&token| counts[(token as usize).min(tokens) - 1] += 1.0);
        let sum: f64 = counts.iter().sum();
        Tensor::from_fn([self.data.width() * tokens], |i| (counts[i % tokens] / sum).ln() as f32)
    }

    /// For each column the numbers of a decoder that make every level as likely as it is.
    fn thresholds(&self, levels: usize) -> Tensor<f32> {
        let (rows, width) = (self.data.len(), self.data.width());
        let x = self.data.x().to_vec();
        let of_column = |column: usize| {
            // As if there were one more example of every level.
            let mut shares = vec![1.0 / (rows + levels) as f64; levels];
            for row in 0..rows {
                let level = (x[row * width + column] as usize).min(levels - 1);
                shares[level] += 1.0 / (rows + levels) as f64;
            }
            categories::first_thresholds(&shares)
        };
        let columns: Vec<Vec<f64>> = (0..width).map(of_column).collect();
        Tensor::from_fn([(levels - 1) * width], |i| columns[i % width][i / width] as f32)
    }
}

impl<'t, T: Real> Head<Var<'t, T>> {
    /// The results of `f` for each block, side by side. Takes the decoder's numbers, and the columns of the block.
    fn side_by_side(
        &self,
        output: Var<'t, T>,
        mut f: impl FnMut(&Block, Var<'t, T>, Option<Var<'t, T>>) -> Var<'t, T>,
    ) -> Var<'t, T> {
        if let ([only], learned) = (&self.blocks[..], self.log_var.first().copied()) {
            return f(only, output, learned);
        }
        let parts: Vec<_> = (self.parts())
            .map(|(block, range, learned)| f(block, output.slice(1, range), learned.copied()))
            .collect();
        Var::concat(parts, -1)
    }

    /// `−ln p(x|z)` of every column, `[rows, columns]`, for the decoder's output `[rows, parameters]`. Of a distribution
    /// of a whole block, such as a category, it stands in the block's first column.
    ///
    /// # Panics
    /// If output and `x` have different numbers of rows, or not the widths of this head.
    #[track_caller]
    pub fn summands(&self, output: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        let (given, wanted) = ([output.shape()[1], x.shape()[1]], [self.parameters(), self.columns()]);
        assert!(given == wanted, "Head: outputs and features are {given:?}, but should be {wanted:?}");
        self.side_by_side(output, |block, output, log_var| {
            let whole = block.columns.len() == x.shape()[1];
            let x = if whole { x } else { x.slice(1, block.columns.clone()) };
            block.likelihood.nll(output, x, log_var, block.levels)
        })
    }

    /// `−ln p(x|z)` of every row, `[rows]`.
    ///
    /// # Panics
    /// Those of [`summands`](Self::summands).
    #[track_caller]
    pub fn nll(&self, output: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        self.summands(output, x).sum_over(-1)
    }

    /// `−ln p` of what was observed of every row, `[rows]`: `observed` is 1 there and 0 where `x` is a guess, which then
    /// does not matter. A block that is one category, or shares of one total, is observed if its first column is.
    ///
    /// # Panics
    /// Those of [`summands`](Self::summands), or if the mask has not the shape of `x`.
    #[track_caller]
    pub fn nll_of_observed(&self, output: Var<'t, T>, x: Var<'t, T>, observed: Var<'t, T>) -> Var<'t, T> {
        let (mask, shape) = (observed.shape(), x.shape());
        assert!(mask == shape, "Head: a mask of shape {mask:?} for examples of shape {shape:?}");
        self.summands(output, x).masked_fill(observed.eq(0.0), 0.0).sum_over(-1)
    }

    /// The reconstruction term of a loss: the sum over columns, the mean over the batch.
    ///
    /// # Panics
    /// Those of [`summands`](Self::summands).
    #[track_caller]
    pub fn loss(&self, output: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        match self.blocks[..] {
            [Block { likelihood, .. }] if Likelihood::PLAIN.contains(&likelihood) => {
                likelihood.loss(output, x)
            }
            _ => self.nll(output, x).mean(),
        }
    }

    /// The same with a weight for every column of every example.
    ///
    /// # Panics
    /// Those of [`summands`](Self::summands), or if the weights have not the shape of `x`.
    #[track_caller]
    pub fn weighted_loss(&self, output: Var<'t, T>, x: Var<'t, T>, w: Var<'t, T>) -> Var<'t, T> {
        (w * self.summands(output, x)).sum() * (1.0 / x.shape()[0] as f64)
    }

    /// The mean of `p(x|z)`, the reconstruction: `[rows, parameters]` to `[rows, columns]`. Of a category it has the
    /// probabilities.
    pub fn mean(&self, output: Var<'t, T>) -> Var<'t, T> {
        self.side_by_side(output, |block, output, _| block.likelihood.mean_with(output, block.levels))
    }

    /// A draw from `p(x|z)` for every row, `[rows, parameters]` to `[rows, columns]`; `None` if a block is no
    /// distribution. Its noise is that of the context's examples, one for each row. Shares of a total are drawn for a
    /// total of 1.
    pub fn draw(&self, output: Var<'t, T>, context: &mut Context) -> Option<Tensor<T>> {
        if !self.is_density() {
            return None;
        }
        let tape = output.tape();
        let drawn = self.side_by_side(output, |block, output, log_var| {
            tape.constant(block.draw(output, log_var, context))
        });
        Some(drawn.value())
    }
}

impl Block {
    fn draw<'t, T: Real>(
        &self,
        output: Var<'t, T>,
        log_var: Option<Var<'t, T>>,
        context: &mut Context,
    ) -> Tensor<T> {
        let columns = self.columns.len();
        // One number for each column from its parameters, which stand in `count` parts side by side.
        let by_column = |count: usize, context: &mut Context, f: &dyn Fn(&[f64], f64) -> f64| {
            let (output, u) = (output.value().to_vec(), context.uniform::<f64>(columns));
            let rows = u.shape()[0];
            let u = u.to_vec();
            Tensor::from_fn([rows, columns], |i| {
                let first = i / columns * count * columns + i % columns;
                let parameters: Vec<f64> =
                    (0..count).map(|part| output[first + part * columns].as_f64()).collect();
                T::of(f(&parameters, u[i]))
            })
        };
        match self.likelihood {
            Likelihood::Bernoulli => {
                let u = context.uniform::<T>(columns);
                output.sigmoid().value().zip(&u, |p, u| if u < p { T::one() } else { T::zero() })
            }
            Likelihood::ContinuousBernoulli => {
                let u = context.uniform::<T>(columns);
                let quantile = |l: T, u: T| T::of(unit_interval::continuous(l.as_f64(), u.as_f64()));
                output.value().zip(&u, quantile)
            }
            Likelihood::FixedGaussian | Likelihood::Gaussian | Likelihood::GaussianPerPixel => {
                let (mean, log_var) = gaussian::parameters(self.likelihood, output, log_var);
                gaussian::draw(&mean.value(), &log_var.value(), context)
            }
            Likelihood::DiscretizedLogistic => {
                by_column(2, context, &|p, u| unit_interval::logistic_draw(p[0], p[1], u))
            }
            Likelihood::Categorical | Likelihood::Multinomial => {
                categories::category_draw(&output.softmax(-1).value(), &context.uniform(1))
            }
            Likelihood::Ordinal => categories::ordinal_draw(output, self.levels, &context.uniform(columns)),
            Likelihood::Token => categories::token_draw(output, self.levels, &context.uniform(columns)),
            Likelihood::Poisson => by_column(1, context, &|p, u| counts::draw(p[0], None, u)),
            Likelihood::NegativeBinomial => by_column(2, context, &|p, u| counts::draw(p[0], Some(p[1]), u)),
            Likelihood::ZeroInflated => by_column(3, context, &|p, u| {
                let empty = 1.0 / (1.0 + (-p[2]).exp());
                if u < empty { 0.0 } else { counts::draw(p[0], Some(p[1]), (u - empty) / (1.0 - empty)) }
            }),
            Likelihood::SquaredError | Likelihood::BoundedSquaredError => {
                unreachable!("no distribution is drawn from")
            }
        }
    }
}
