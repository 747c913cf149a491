//! The computation of a model as a short list of operations, for programs that are not this one: the page of a
//! run, which decodes in the reader's browser, and [exchange files](crate::onnx).
//!
//! Nobody writes these lists. A part of the model runs on a tape and the tape is read ([`autograd::inspect`]).
//! It runs twice, on different examples, 30 of them and then 50: a size that was 30 and is 50 is the batch, and
//! so remains open. What differs otherwise was decided by the examples, off the tape, where a list cannot follow;
//! then there is no graph but a sentence that says why. Lines that do not depend on the input are constants.
//!
//! ```
//! use autograd::Tensor;
//! use zoo::graph::{Graph, Op, Part, Size};
//! use zoo::models::pca::Pca;
//!
//! let x = Tensor::from_fn([10, 4], |i| (i * i % 7) as f32);
//! let graph = Graph::of(&Pca::fit(&x, 2), Part::Encoder, &x).unwrap();
//!
//! // The example, the mean, their difference, the components: (x − μ) Vᵀ.
//! let operations: Vec<&Op> = graph.nodes.iter().map(|node| &node.op).collect();
//! assert!(matches!(operations[..], [Op::Input, Op::Constant { .. }, Op::Elementwise(_), Op::Constant { .. }, Op::MatMul]));
//! assert_eq!(graph.nodes[4].shape, [Size::Batch(1), Size::Fixed(2)]);
//! ```

mod read;

use autograd::expression::Expression;
use autograd::inspect::Line;
use autograd::{Name, Tape, Tensor, Tree, Var};

use nn::{Error, Result};

use crate::AnyModel;

/// Which part of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// From examples to codes.
    Encoder,
    /// From codes to reconstructions.
    Decoder,
    /// From examples to reconstructions.
    Whole,
}

/// The size of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Always this.
    Fixed(usize),
    /// This many times the number of examples.
    Batch(usize),
}

/// How the kernel of a convolution moves, vertically and horizontally.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moves {
    /// Distance of neighbouring outputs.
    pub stride: [usize; 2],
    /// Zeros at both ends.
    pub padding: [usize; 2],
    /// Distance of neighbouring elements of the kernel.
    pub dilation: [usize; 2],
    /// Groups of channels.
    pub groups: usize,
}

/// An operation. Its inputs stand in the [`Node`], in the order given here.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// What the graph is applied to, `[batch, width]`.
    Input,
    /// Numbers that are known: a parameter under its name, or what was computed from parameters alone.
    Constant {
        /// The parameter's name.
        name: Option<String>,
        /// The numbers.
        value: Tensor<f32>,
    },
    /// A function of the numbers at each place; the inputs broadcast to the shape of the node.
    Elementwise(Expression),
    /// `X Wᵀ + b` of `X`, `W`, `b`.
    Linear,
    /// `A B`, over leading axes.
    MatMul,
    /// The same elements in the shape of the node.
    Reshape,
    /// Repetition up to the shape of the node.
    Expand,
    /// Sums down to the shape of the node; axes that are lost are the leading ones.
    Sum,
    /// Axis `i` is axis `order[i]` of the input.
    Permute(Vec<usize>),
    /// Every `step`-th element of `start..end` along an axis; a negative step walks backwards from `end − 1`.
    Slice {
        /// The axis.
        axis: usize,
        /// The first place.
        start: usize,
        /// The place after the last.
        end: usize,
        /// The distance of places.
        step: i64,
    },
    /// Two tensors side by side.
    Concat {
        /// Along this axis.
        axis: usize,
    },
    /// The places of the first `count` elements in sorted order, as numbers.
    Argsort {
        /// Along this axis.
        axis: usize,
        /// So many.
        count: usize,
        /// Whether the largest comes first.
        descending: bool,
    },
    /// The place of the largest or smallest element, as a number; the axis is lost.
    Place {
        /// Along this axis.
        axis: usize,
        /// Whether it is the largest.
        largest: bool,
    },
    /// Of the first input the element at the place, along an axis, that the second says.
    Gather {
        /// The axis.
        axis: usize,
    },
    /// Of the first input the rows whose places, along an axis, the second says.
    Select {
        /// The axis.
        axis: usize,
    },
    /// The first input, where every element of the third is added at the place, along an axis, that the second says.
    Scatter {
        /// The axis.
        axis: usize,
    },
    /// The sum of the elements from the first to each.
    RunningSum {
        /// Along this axis.
        axis: usize,
    },
    /// `eˣ / Σ eˣ`.
    Softmax {
        /// Along this axis.
        axis: usize,
    },
    /// `(x − mean) / √(variance + ε)`, the biased variance.
    Normalize {
        /// Over these axes together.
        axes: Vec<usize>,
        /// `ε`.
        epsilon: f64,
    },
    /// Convolution of `[batch, in, height, width]` with `[out, in / groups, kh, kw]`, as in PyTorch.
    Convolution(Moves),
    /// The transpose: inputs are the weight `[in, out / groups, kh, kw]`, then the images.
    Transposed(Moves),
}

/// An operation with its inputs and the shape of its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What is done.
    pub op: Op,
    /// To which nodes: numbers below that of this one.
    pub inputs: Vec<usize>,
    /// What shape comes out.
    pub shape: Vec<Size>,
}

/// A computation from one input to one output: the last node.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// Every node after those it needs.
    pub nodes: Vec<Node>,
    /// Features of the input.
    pub width: usize,
}

impl Graph {
    /// The computation of a part of a model. `x` are at least two different inputs of that part: examples, or
    /// codes of examples for the decoder.
    ///
    /// # Errors
    /// [`Error::Unsupported`], if it depends on the input in a way that no fixed list of operations can express, or
    /// has an operation that graphs do not know.
    ///
    /// # Panics
    /// If there is no input.
    pub fn of(model: &dyn AnyModel, part: Part, x: &Tensor<f32>) -> Result<Self> {
        let [rows, width] = [x.shape()[0], x.shape()[1]];
        assert!(rows > 0, "Graph::of: no inputs");
        let some = |from: usize, count: usize| {
            let rows: Vec<Tensor<f32>> =
                (from..from + count).map(|i| x.slice(0, i % rows..i % rows + 1)).collect();
            Tensor::concat(&rows.iter().collect::<Vec<_>>(), 0)
        };
        let recordings =
            [model.record(part, &some(0, read::FEW)), model.record(part, &some(read::FEW, read::MORE))];
        Ok(Graph { nodes: read::nodes(&recordings).map_err(Error::unsupported)?, width })
    }

    /// Numbers in all constants.
    pub fn size(&self) -> usize {
        let of = |node: &Node| if let Op::Constant { value, .. } = &node.op { value.len() } else { 0 };
        self.nodes.iter().map(of).sum()
    }
}

/// What a part of a model did to some examples: a tape, read.
pub struct Recording {
    lines: Vec<Line<f32>>,
    /// Names of the parameters, which are the first lines.
    names: Vec<String>,
    input: usize,
    output: usize,
}

impl Recording {
    /// Whether an operation with this name took part.
    pub fn uses(&self, name: &str) -> bool {
        self.lines.iter().any(|line| line.operation.as_ref().is_some_and(|operation| operation.name == name))
    }
}

/// Records a part of a model on `x`: parameters as constants, `x` as the only variable.
pub fn record<M: Tree<Tensor<f32>>>(
    model: &M,
    part: Part,
    x: &Tensor<f32>,
    encode: impl for<'t> Fn(&M::With<Var<'t, f32>>, Var<'t, f32>) -> Var<'t, f32>,
    decode: impl for<'t> Fn(&M::With<Var<'t, f32>>, Var<'t, f32>) -> Var<'t, f32>,
) -> Recording {
    let tape = Tape::new();
    let mut names = vec![];
    let model = model.map(Name::Root, &mut |name, leaf| {
        names.push(name.to_string());
        tape.constant(leaf)
    });
    let x = tape.var(x);
    let y = match part {
        Part::Encoder => encode(&model, x),
        Part::Decoder => decode(&model, x),
        Part::Whole => decode(&model, encode(&model, x)),
    };
    Recording { lines: tape.lines(), names, input: x.node(), output: y.node() }
}
