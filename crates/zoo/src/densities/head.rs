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
use nn::data::schema::{Kind, Schema};
use nn::losses::Unit;
use nn::{Context, Dataset, Result};

use super::{Likelihood, Part, Said, Support};

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
    /// The numbers of a decoder for it.
    fn said<'t, T: Real>(&self, output: Var<'t, T>, log_var: Option<Var<'t, T>>) -> Said<'t, T> {
        let per_column = self.likelihood.per_column(self.levels);
        Said { output, per_column, log_var, levels: self.levels }
    }

    fn parameters(&self) -> usize {
        self.columns.len() * self.likelihood.per_column(self.levels)
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
            let log_var = if block.likelihood.learns_variance() { learned.next() } else { None };
            (block, start..end, log_var)
        })
    }
}

/// The likelihood of a block of this kind if `wished` is that of the data in general: what is a category, a level, a count or
/// one of two words in a table stays so, whatever is said about its numbers. (An error of numbers is one of 0 and 1 as well.)
fn of_kind(kind: Kind, wished: Likelihood) -> Likelihood {
    let density_of_numbers = wished.support() == Support::Real && wished.is_density();
    let fits = wished.support().fits(kind) && !(kind == Kind::Binary && density_of_numbers);
    if fits { wished } else { Likelihood::for_kind(kind) }
}

impl Likelihood {
    /// The likelihood that the numbers of several blocks get in place of this one, if it does not fit them.
    pub(crate) fn instead(self, schema: &Schema) -> Option<Self> {
        let mut kinds = schema.blocks().iter().map(|block| block.kind);
        if kinds.len() == 1 {
            return None;
        }
        let number = kinds.find(|kind| matches!(kind, Kind::Real | Kind::UnitInterval | Kind::Count))?;
        (!self.support().fits(number)).then(|| Self::for_kind(number))
    }
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
            let levels = likelihood.levels(block.kind, &part)?;
            if likelihood.learns_variance() {
                head.log_var.push(part.log_var());
            }
            head.blocks.push(Block { columns, likelihood, levels });
        }
        Ok(head)
    }

    /// The output of a decoder that describes the mean and the spread of the data, `[parameters]`: a good initial bias
    /// of its last layer.
    pub fn output_for_mean(&self, data: &Dataset) -> Tensor<f32> {
        let of_block =
            |block: &Block| block.likelihood.first(&Part::of(data, block.columns.clone()), block.levels);
        let parts: Vec<Tensor<f32>> = self.blocks.iter().map(of_block).collect();
        Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0)
    }
}

impl<'t, T: Real> Head<Var<'t, T>> {
    /// The results of `f` for each block, side by side.
    fn side_by_side(
        &self,
        output: Var<'t, T>,
        mut f: impl FnMut(&Block, Said<'t, T>) -> Var<'t, T>,
    ) -> Var<'t, T> {
        if let ([only], learned) = (&self.blocks[..], self.log_var.first().copied()) {
            return f(only, only.said(output, learned));
        }
        let parts: Vec<_> = (self.parts())
            .map(|(block, range, learned)| f(block, block.said(output.slice(1, range), learned.copied())))
            .collect();
        Var::concat(parts, -1)
    }

    #[track_caller]
    fn check(&self, output: Var<'t, T>, x: Var<'t, T>) {
        let (given, wanted) = ([output.shape()[1], x.shape()[1]], [self.parameters(), self.columns()]);
        assert!(given == wanted, "Head: outputs and features are {given:?}, but should be {wanted:?}");
    }

    /// `−ln p(x|z)` of every column, `[rows, columns]`, for the decoder's output `[rows, parameters]`. Of a distribution
    /// of a whole block, such as a category, it stands in the block's first column.
    ///
    /// # Panics
    /// If output and `x` have different numbers of rows, or not the widths of this head.
    #[track_caller]
    pub fn summands(&self, output: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        self.check(output, x);
        self.side_by_side(output, |block, said| {
            let whole = block.columns.len() == x.shape()[1];
            let x = if whole { x } else { x.slice(1, block.columns.clone()) };
            block.likelihood.nll_of(said, x)
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
        self.check(output, x);
        match &self.blocks[..] {
            [only] => only.likelihood.loss_of(only.said(output, self.log_var.first().copied()), x),
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
        self.side_by_side(output, |block, said| block.likelihood.mean_of(said))
    }

    /// A draw from `p(x|z)` for every row, `[rows, parameters]` to `[rows, columns]`; `None` if a block is no
    /// distribution. Its noise is that of the context's examples, one for each row. Shares of a total are drawn for a
    /// total of 1.
    pub fn draw(&self, output: Var<'t, T>, context: &mut Context) -> Option<Tensor<T>> {
        if !self.is_density() {
            return None;
        }
        let tape = output.tape();
        let drawn =
            self.side_by_side(output, |block, said| tape.constant(block.likelihood.draw_of(said, context)));
        Some(drawn.value())
    }
}
