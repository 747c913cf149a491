//! Embedding: a vector for each word, class or user.

use autograd::{Indices, Real, Tensor, Var, tree};

use crate::random::{self, Generator};

/// A table with a learnt row for each index.
///
/// ```
/// # use autograd::{Indices, Tensor, value};
/// # use nn::{Purpose, generator, layers::Embedding};
/// let words = Embedding::<Tensor<f32>>::new(1000, 16, &mut generator(0, Purpose::Init, 0, 0));
/// let sentence = Indices::from_vec([1, 4], vec![7, 0, 999, 7]);
/// let vectors = value(&words, |words, _tape| words.forward(&sentence));
/// assert_eq!(vectors.shape(), [1, 4, 16]);
/// ```
#[derive(Clone, Debug)]
pub struct Embedding<W> {
    /// `[entries, width]`.
    pub weight: W,
}
tree!(Embedding { weight });

impl<T: Real> Embedding<Tensor<T>> {
    /// Rows drawn from `N(0, 1)`, as in PyTorch.
    pub fn new(entries: usize, width: usize, from: &mut Generator) -> Self {
        Embedding { weight: random::normal([entries, width], from) }
    }
}

impl<'t, T: Real> Embedding<Var<'t, T>> {
    /// Indices of any shape to `[.., width]`. Gradients of an entry that is looked up several times add
    /// up.
    ///
    /// # Panics
    /// If an index is out of range.
    #[track_caller]
    pub fn forward(&self, index: &Indices) -> Var<'t, T> {
        self.weight.embedding(index)
    }
}
