//! The block that transformers are made of.

use autograd::{Real, Tensor, Var, tree};

use super::{Activation, Attention, Dropout, LayerNorm, Linear, Visible};
use crate::Context;
use crate::init::Init;
use crate::random::Generator;

/// The side of a sum `x + f(x)` that a layer normalization stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormPlace {
    /// `x + f(norm(x))`, pre-norm (Xiong et al. 2020): gradients reach the first block undamped, so it trains without a
    /// warm-up. After the last block one more [`LayerNorm`] is wanted.
    Before,
    /// `norm(x + f(x))`, post-norm (Vaswani et al. 2017).
    After,
}

/// Self-attention, then the same small network at every place (Vaswani et al. 2017, section 3.1), each added to what it
/// reads; with [`NormPlace::Before`]
///
/// > `h = x + drop(attention(norm₁(x)))`,  `y = h + drop(W₂ drop(φ(W₁ norm₂(h) + b₁)) + b₂)`,
///
/// and with [`NormPlace::After`]
///
/// > `h = norm₁(x + drop(attention(x)))`,  `y = norm₂(h + drop(W₂ drop(φ(W₁ h + b₁)) + b₂))`.
///
/// The parameters have the names of PyTorch's `TransformerEncoderLayer`.
///
/// ```
/// # use autograd::{Tensor, value};
/// # use nn::{Context, Purpose, generator, layers::{Dropout, TransformerBlock}};
/// let from = &mut generator(0, Purpose::Init, 0, 0);
/// let block = TransformerBlock::<Tensor<f32>> {
///     causal: true,
///     dropout: Dropout::new(0.1),
///     ..TransformerBlock::new([16, 64], 4, from)
/// };
/// let x = Tensor::ones([2, 20, 16]); // [batch, time, width]
/// let context = &mut Context::evaluation(0, &[0, 1]);
/// let y = value(&block, |block, tape| block.forward(tape.constant(&x), context));
/// assert_eq!(y.shape(), [2, 20, 16]);
/// ```
#[derive(Clone, Debug)]
pub struct TransformerBlock<W> {
    /// Every place looks at others.
    pub self_attn: Attention<W>,
    /// `W₁` and `b₁`, from the width to the hidden units.
    pub linear1: Linear<W>,
    /// `W₂` and `b₂`, back to the width.
    pub linear2: Linear<W>,
    /// The normalization that goes with the attention.
    pub norm1: LayerNorm<W>,
    /// The normalization that goes with the network.
    pub norm2: LayerNorm<W>,
    /// Where both stand.
    pub norm: NormPlace,
    /// `φ`.
    pub activation: Activation,
    /// The dropout in training, of the results of both parts and of the hidden units.
    pub dropout: Dropout,
    /// Whether a place looks only at those before it and at itself.
    pub causal: bool,
}
tree!(TransformerBlock {
    self_attn, linear1, linear2, norm1, norm2;
    norm, activation, dropout, causal
});

impl<T: Real> TransformerBlock<Tensor<T>> {
    /// Pre-norm, GELU, no dropout and not causal, which fields of the struct change. Weights are Glorot's, those to the
    /// hidden units He's.
    ///
    /// # Panics
    /// If the heads do not divide the width.
    #[track_caller]
    pub fn new([width, hidden]: [usize; 2], heads: usize, from: &mut Generator) -> Self {
        let activation = Activation::Gelu;
        TransformerBlock {
            self_attn: Attention::new(width, heads, from),
            linear1: Linear::new(width, hidden, activation.init(), from),
            linear2: Linear::new(hidden, width, Init::Glorot, from),
            norm1: LayerNorm::new([width]),
            norm2: LayerNorm::new([width]),
            norm: NormPlace::Before,
            activation,
            dropout: Dropout::new(0.0),
            causal: false,
        }
    }
}

impl<'t, T: Real> TransformerBlock<Var<'t, T>> {
    /// `[batch, time, width]` to the same shape.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        self.seeing(x, if self.causal { Visible::causal() } else { Visible::all() }, context)
    }

    /// The same, but what a place may look at is said by `visible`, in place of `causal`: for sequences that were filled
    /// up to the same length.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn seeing(&self, x: Var<'t, T>, visible: Visible<'t, T>, context: &mut Context) -> Var<'t, T> {
        match self.norm {
            NormPlace::Before => {
                let h = x + self.looked_up(self.norm1.forward(x), visible, context);
                h + self.thought_over(self.norm2.forward(h), context)
            }
            NormPlace::After => {
                let h = self.norm1.forward(x + self.looked_up(x, visible, context));
                self.norm2.forward(h + self.thought_over(h, context))
            }
        }
    }

    /// The next place of a sequence, `[batch, 1, width]`, after places that were `seen`: what a causal block gives there,
    /// and what its attention [hands on](Attention::next).
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn next(
        &self,
        x: Var<'t, T>,
        seen: Option<[Var<'t, T>; 2]>,
        context: &mut Context,
    ) -> (Var<'t, T>, [Var<'t, T>; 2]) {
        match self.norm {
            NormPlace::Before => {
                let (found, seen) = self.self_attn.next(self.norm1.forward(x), seen);
                let h = x + self.dropout.forward(found, context);
                (h + self.thought_over(self.norm2.forward(h), context), seen)
            }
            NormPlace::After => {
                let (found, seen) = self.self_attn.next(x, seen);
                let h = self.norm1.forward(x + self.dropout.forward(found, context));
                (self.norm2.forward(h + self.thought_over(h, context)), seen)
            }
        }
    }

    #[track_caller]
    fn looked_up(&self, x: Var<'t, T>, visible: Visible<'t, T>, context: &mut Context) -> Var<'t, T> {
        self.dropout.forward(self.self_attn.forward(x, visible), context)
    }

    #[track_caller]
    fn thought_over(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let hidden = self.activation.apply(self.linear1.forward(x));
        let hidden = self.dropout.forward(hidden, context);
        self.dropout.forward(self.linear2.forward(hidden), context)
    }
}
