//! Attention: every place of a sequence gathers what it needs from others.

use autograd::{Keep, Mask, Real, Tensor, Var, tree};

use super::Linear;
use crate::init::Init;
use crate::random::Generator;

/// The score of a place that may not be looked at: far below every other, but finite, so that nothing on the way is
/// infinite. Its `e^x` is 0.
const HIDDEN: f64 = -1e30;

/// The places that a query may look at: all, or those that a mask leaves.
///
/// A query that may look at nothing gets zeros, with gradients of zero.
///
/// ```
/// # use autograd::{Tape, Tensor};
/// # use nn::layers::Visible;
/// let tape = Tape::<f32>::new();
/// // Three sequences, filled up to a length of 6.
/// let lengths = tape.constant(Tensor::from_vec([3, 1], vec![6.0, 2.0, 4.0]));
/// let filled = tape.constant(Tensor::arange(6)).lt(lengths); // [batch, keys]
/// let visible = Visible::causal().only(filled);
/// ```
#[derive(Clone, Copy)]
pub struct Visible<'t, T: Real> {
    causal: bool,
    keys: Option<Mask<'t, T>>,
}

impl<'t, T: Real> Visible<'t, T> {
    /// All places.
    pub fn all() -> Self {
        Visible { causal: false, keys: None }
    }

    /// For the query at place `i` the places up to `i`: none that come later, as for a model that predicts the next
    /// element.
    pub fn causal() -> Self {
        Visible { causal: true, keys: None }
    }

    /// Of these the places where the mask, `[batch, keys]`, says yes: for sequences that were filled up to the same
    /// length.
    pub fn only(self, keys: Mask<'t, T>) -> Self {
        Visible { keys: Some(self.keys.map_or(keys, |known| known.and(keys))), ..self }
    }

    /// The weights of scores `[batch, heads, queries, keys]`.
    #[track_caller]
    fn weights(self, scores: Var<'t, T>) -> Var<'t, T> {
        let (shape, tape) = (scores.shape(), scores.tape());
        let [batch, _, queries, keys] = shape[..] else { unreachable!("scores have four axes") };
        let by_place = |f: fn(usize, usize) -> f64| {
            tape.constant(Tensor::from_fn([queries, keys], |k| T::of(f(k / keys, k % keys))))
        };
        let Some(mask) = self.keys else {
            // A query may always look at the first place, so no row is empty.
            let later = || by_place(|query, key| if key > query { HIDDEN } else { 0.0 });
            return if self.causal { scores + later() } else { scores }.softmax(-1);
        };
        let given = mask.numbers().shape();
        assert!(
            given[..] == [batch, keys],
            "Attention: expected a mask [{batch}, {keys}] of the places that may be looked at, but it has shape {given:?}"
        );
        let filled = mask.numbers().reshape([batch, 1, 1, keys]);
        let earlier = || by_place(|query, key| if key > query { 0.0 } else { 1.0 });
        let visible = if self.causal { filled * earlier() } else { filled }; // [batch, 1, queries or 1, keys]
        let any = visible.sum_over(Keep(-1)).gt(0.0).numbers();
        // Where nothing is visible all scores are the same, the softmax is a number, and this makes it 0.
        (scores + (1.0 - visible) * HIDDEN).softmax(-1) * any
    }
}

/// Scaled dot-product attention in several heads (Vaswani et al. 2017, section 3.2): a query compares itself with keys and
/// takes the mean of their values, weighted by how alike they are.
///
/// > `head = softmax(Q Kᵀ / √d) V`,  `y = [head₁ … head_h] Wₒᵀ + bₒ`,
///
/// where for every head `Q = x W_qᵀ + b_q` has `d = width / heads` numbers a place, and so have `K = m W_kᵀ + b_k` and
/// `V = m W_vᵀ + b_v` of the sequence `m` that is looked at: `x` itself ([`forward`](Self::forward)) or another
/// ([`cross`](Self::cross)).
///
/// The parameters have the names of PyTorch's `MultiheadAttention`. Its dropout of weights is not here:
/// [`TransformerBlock`](super::TransformerBlock) drops where the paper does.
///
/// ```
/// # use autograd::{Tensor, value};
/// # use nn::{Purpose, generator, layers::{Attention, Visible}};
/// let attention = Attention::<Tensor<f32>>::new(16, 4, &mut generator(0, Purpose::Init, 0, 0));
/// let x = Tensor::ones([8, 20, 16]); // [batch, time, width]
/// let y = value(&attention, |attention, tape| attention.forward(tape.constant(&x), Visible::causal()));
/// assert_eq!(y.shape(), [8, 20, 16]);
/// ```
#[derive(Clone, Debug)]
pub struct Attention<W> {
    /// `W_q`, `W_k` and `W_v` below each other, `[3 · width, width]`. Each has the heads below each other.
    pub in_proj_weight: W,
    /// `b_q`, `b_k` and `b_v`, `[3 · width]`.
    pub in_proj_bias: W,
    /// `Wₒ` and `bₒ`, from the heads beside each other to the output.
    pub out_proj: Linear<W>,
    /// The number of heads.
    pub heads: usize,
}
tree!(Attention { in_proj_weight, in_proj_bias, out_proj; heads });

impl<T: Real> Attention<Tensor<T>> {
    /// Glorot weights, for the input side drawn as one matrix, and zero biases, as in PyTorch; only that PyTorch draws `Wₒ`
    /// from `U(−b, b)` with `b = 1/√width`.
    ///
    /// # Panics
    /// If the heads do not divide the width.
    #[track_caller]
    pub fn new(width: usize, heads: usize, from: &mut Generator) -> Self {
        let divides = heads > 0 && width.is_multiple_of(heads);
        assert!(divides, "Attention: {heads} heads do not divide a width of {width}");
        Attention {
            in_proj_weight: Init::Glorot.matrix(3 * width, width, from),
            in_proj_bias: Tensor::zeros([3 * width]),
            out_proj: Linear::new(width, width, Init::Glorot, from),
            heads,
        }
    }
}

impl<'t, T: Real> Attention<Var<'t, T>> {
    /// Self-attention: every place of `x`, `[batch, time, width]`, looks at the others. Gives the same shape.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>, visible: Visible<'t, T>) -> Var<'t, T> {
        self.gathered(self.of_one(x), visible)
    }

    /// Cross-attention: every place of `x`, `[batch, time, width]`, looks at those of `memory`,
    /// `[batch, places, width]`. Gives the shape of `x`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn cross(&self, x: Var<'t, T>, memory: Var<'t, T>, visible: Visible<'t, T>) -> Var<'t, T> {
        self.gathered(self.of_two(x, memory), visible)
    }

    /// How much each place of `x` looks at each of `memory`, `[batch, heads, time, places]`, for pictures: numbers that
    /// add up to 1 along the last axis.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn weights(&self, x: Var<'t, T>, memory: Var<'t, T>, visible: Visible<'t, T>) -> Var<'t, T> {
        let [q, k, _] = self.of_two(x, memory);
        visible.weights(scores(q, k))
    }

    /// The next place of a sequence, `[batch, 1, width]`, after places that were `seen`: looks at these and at itself. Gives
    /// the same shape, and what the place after it looks at: keys and values, `[batch, heads, places, width / heads]`.
    ///
    /// # Panics
    /// If the shapes do not fit.
    #[track_caller]
    pub fn next(&self, x: Var<'t, T>, seen: Option<[Var<'t, T>; 2]>) -> (Var<'t, T>, [Var<'t, T>; 2]) {
        let [q, k, v] = self.of_one(x);
        let [k, v] = match seen {
            None => [k, v],
            Some([keys, values]) => [Var::concat([keys, k], 2), Var::concat([values, v], 2)],
        };
        (self.gathered([q, k, v], Visible::all()), [k, v])
    }

    /// Queries, keys and values of one sequence, by one product.
    #[track_caller]
    fn of_one(&self, x: Var<'t, T>) -> [Var<'t, T>; 3] {
        self.assert_sequence(x);
        x.linear(self.in_proj_weight, self.in_proj_bias).chunk(-1).map(|part| self.in_heads(part))
    }

    /// Queries of `x`, keys and values of `memory`.
    #[track_caller]
    fn of_two(&self, x: Var<'t, T>, memory: Var<'t, T>) -> [Var<'t, T>; 3] {
        [x, memory].iter().for_each(|&sequence| self.assert_sequence(sequence));
        let (queries, places) = (x.shape()[0], memory.shape()[0]);
        assert!(queries == places, "Attention: {queries} sequences cannot look at {places}");
        let width = self.in_proj_weight.shape()[1];
        let split = |parameter: Var<'t, T>| parameter.split(0, [width, 2 * width]);
        let ([w_q, w_kv], [b_q, b_kv]) = (split(self.in_proj_weight), split(self.in_proj_bias));
        let [k, v] = memory.linear(w_kv, b_kv).chunk(-1);
        [x.linear(w_q, b_q), k, v].map(|part| self.in_heads(part))
    }

    /// `[batch, time, width]` as `[batch, heads, time, width / heads]`.
    fn in_heads(&self, x: Var<'t, T>) -> Var<'t, T> {
        let shape = x.shape();
        x.reshape([shape[0], shape[1], self.heads, shape[2] / self.heads]).permute([0, 2, 1, 3])
    }

    #[track_caller]
    fn gathered(&self, [q, k, v]: [Var<'t, T>; 3], visible: Visible<'t, T>) -> Var<'t, T> {
        let heads = visible.weights(scores(q, k)).matmul(v).permute([0, 2, 1, 3]); // [batch, time, heads, d]
        self.out_proj.forward(heads.flatten(2))
    }

    #[track_caller]
    fn assert_sequence(&self, x: Var<'t, T>) {
        let (shape, width) = (x.shape(), self.in_proj_weight.shape()[1]);
        assert!(
            shape.len() == 3 && shape[1] > 0 && shape[2] == width,
            "Attention: expected [batch, time, {width}], but the input has shape {shape:?}"
        );
    }
}

/// `Q Kᵀ / √d`. The queries are the smaller ones to scale.
fn scores<'t, T: Real>(q: Var<'t, T>, k: Var<'t, T>) -> Var<'t, T> {
    let d = q.shape()[3] as f64;
    (q * (1.0 / d.sqrt())).matmul(k.t())
}

#[cfg(test)]
mod tests {
    use autograd::{Tape, value};

    use super::*;
    use crate::{Purpose, generator, random};

    fn attention() -> Attention<Tensor<f64>> {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let mut attention = Attention::new(4, 2, from);
        attention.in_proj_bias = random::normal([12], from);
        attention.out_proj.bias = random::normal([4], from);
        attention
    }

    /// Sequences of two and of no places, filled up to three.
    fn filled(tape: &Tape<f64>) -> Mask<'_, f64> {
        tape.constant(Tensor::arange(3)).lt(tape.constant(Tensor::from_vec([2, 1], vec![2.0, 0.0])))
    }

    #[test]
    fn a_row_that_may_look_at_nothing_is_zero_and_passes_zero_gradients() {
        let attention = attention();
        let tape = Tape::checked();
        let x = tape.var(random::normal([2, 3, 4], &mut generator(1, Purpose::Init, 0, 0)));
        let on_tape = attention.map_leaves(&tape);
        for visible in [Visible::all().only(filled(&tape)), Visible::causal().only(filled(&tape))] {
            let weights = on_tape.weights(x, x, visible);
            let sums = weights.sum_over(-1).value().to_vec(); // [batch, heads, queries]
            assert!(sums[..6].iter().all(|sum| (sum - 1.0).abs() < 1e-14), "{sums:?}");
            assert_eq!(sums[6..], [0.0; 6]);
            let y = on_tape.forward(x, visible);
            let bias = attention.out_proj.bias.to_vec();
            assert_eq!(y.value().to_vec()[12..], [&bias[..], &bias, &bias].concat());
            // What is hidden has no influence, and no derivative of either order.
            let [gradient] = y.square().sum().grad([x]);
            assert_eq!(gradient.value().to_vec()[12..], [0.0; 12]);
            assert!(gradient.value().to_vec()[..12].iter().all(|g| *g != 0.0 && g.is_finite()));
            let second = gradient.square().sum().backward().wrt(x).to_vec();
            assert_eq!(second[12..], [0.0; 12]);
            assert!(second[..12].iter().all(|g| g.is_finite()));
        }
    }

    #[test]
    fn what_is_hidden_does_not_matter() {
        let attention = attention();
        let x = random::normal::<f64>([2, 3, 4], &mut generator(1, Purpose::Init, 0, 0));
        // The last place of the first sequence is filling, and the second sequence is nothing else.
        let other = Tensor::from_fn([2, 3, 4], |k| if k < 8 { x.to_vec()[k] } else { 7.0 });
        let [y, z] = [&x, &other].map(|memory| {
            value(&attention, |attention, tape| {
                attention.cross(tape.constant(&x), tape.constant(memory), Visible::all().only(filled(tape)))
            })
        });
        assert_eq!(y, z);
        // A causal layer does not know what comes later.
        let [y, z] = [&x, &other].map(|x| {
            value(&attention, |attention, tape| attention.forward(tape.constant(x), Visible::causal()))
        });
        assert_eq!(y.to_vec()[..8], z.to_vec()[..8]);
        assert_ne!(y.to_vec()[8..12], z.to_vec()[8..12]);
    }

    impl Attention<Tensor<f64>> {
        fn map_leaves<'t>(&self, tape: &'t Tape<f64>) -> Attention<Var<'t, f64>> {
            autograd::Tree::map(self, autograd::Name::Root, &mut |_, leaf| tape.var(leaf))
        }
    }

    #[test]
    #[should_panic(expected = "Attention: expected [batch, time, 4], but the input has shape [2, 4]")]
    fn one_vector_for_each_place() {
        value(&attention(), |attention, tape| {
            attention.forward(tape.constant(Tensor::zeros([2, 4])), Visible::all())
        });
    }

    #[test]
    #[should_panic(
        expected = "Attention: expected a mask [2, 5] of the places that may be looked at, but it has shape [2, 3]"
    )]
    fn a_mask_of_the_places_looked_at() {
        value(&attention(), |attention, tape| {
            let [x, memory] = [3, 5].map(|time| tape.constant(Tensor::zeros([2, time, 4])));
            attention.cross(x, memory, Visible::all().only(filled(tape)))
        });
    }

    #[test]
    #[should_panic(expected = "Attention: 3 heads do not divide a width of 4")]
    fn heads_of_one_width() {
        Attention::<Tensor<f64>>::new(4, 3, &mut generator(0, Purpose::Init, 0, 0));
    }
}
