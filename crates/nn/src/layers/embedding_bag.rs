//! Bags of words: one vector for many indices, in no order.

use autograd::{Indices, Real, Tensor, Var, tree};

use crate::random::{self, Generator};

/// How the vectors of a bag become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// `y = Σ w[i]`.
    Sum,
    /// `y = 1/n Σ w[i]`, over the `n` entries of the bag.
    Mean,
}

/// Sums or means of the rows of a table over bags of indices (Joulin et al. 2017): a sentence as the mean of its words, a
/// user as the sum of what was seen. The bags may have different sizes, and an empty one gives zeros.
///
/// ```
/// # use autograd::{Tensor, value};
/// # use nn::{Purpose, generator, layers::{EmbeddingBag, Pooling}};
/// let words = EmbeddingBag::<Tensor<f32>>::new(1000, 16, Pooling::Mean, &mut generator(0, Purpose::Init, 0, 0));
/// // The bags {7, 0, 999}, {} and {7}.
/// let vectors = value(&words, |words, _tape| words.forward(&[7, 0, 999, 7], &[0, 3, 3]));
/// assert_eq!(vectors.shape(), [3, 16]);
/// ```
#[derive(Clone, Debug)]
pub struct EmbeddingBag<W> {
    /// `[entries, width]`.
    pub weight: W,
    /// How the vectors of a bag become one.
    pub pooling: Pooling,
}
tree!(EmbeddingBag { weight; pooling });

impl<T: Real> EmbeddingBag<Tensor<T>> {
    /// Rows drawn from `N(0, 1)`, as in PyTorch.
    pub fn new(entries: usize, width: usize, pooling: Pooling, from: &mut Generator) -> Self {
        EmbeddingBag { weight: random::normal([entries, width], from), pooling }
    }
}

impl<'t, T: Real> EmbeddingBag<Var<'t, T>> {
    /// A vector for each bag, `[bags, width]`. Bag `b` begins at `indices[offsets[b]]` and ends where the next one begins;
    /// the first begins at 0.
    ///
    /// # Panics
    /// If the offsets do not begin with 0, fall, or lead beyond the indices, or an index is out of range.
    #[track_caller]
    pub fn forward(&self, indices: &[usize], offsets: &[usize]) -> Var<'t, T> {
        let fits = offsets.is_sorted() && offsets.last().is_none_or(|&last| last <= indices.len());
        assert!(
            fits && offsets.first().is_none_or(|&first| first == 0)
                && (indices.is_empty() || !offsets.is_empty()),
            "EmbeddingBag: the offsets {offsets:?} should rise from 0 to at most the {} indices",
            indices.len()
        );
        let ends = offsets.iter().skip(1).copied().chain([indices.len()]);
        let sizes: Vec<usize> = offsets.iter().zip(ends).map(|(&start, end)| end - start).collect();
        let bags: Vec<usize> =
            sizes.iter().enumerate().flat_map(|(bag, &size)| std::iter::repeat_n(bag, size)).collect();
        self.pooled(indices, &bags, &sizes)
    }

    /// A vector for each row of `indices`, `[bags, longest]`, `[bags, width]`. Shorter bags are filled up with `padding`,
    /// which is no entry of any bag, whether the table has such a row or not.
    ///
    /// # Panics
    /// If the indices are no matrix, or an index other than `padding` is out of range.
    #[track_caller]
    pub fn padded(&self, indices: &Indices, padding: usize) -> Var<'t, T> {
        let &[count, longest] = indices.shape() else {
            panic!(
                "EmbeddingBag: expected indices [bags, longest], but they have shape {:?}",
                indices.shape()
            );
        };
        let (mut kept, mut bags, mut sizes) = (vec![], vec![], vec![0; count]);
        for (place, &index) in indices.as_slice().iter().enumerate().filter(|(_, index)| **index != padding) {
            kept.push(index);
            bags.push(place / longest);
            sizes[place / longest] += 1;
        }
        self.pooled(&kept, &bags, &sizes)
    }

    /// Rows of the table, added up in the bags they belong to.
    #[track_caller]
    fn pooled(&self, indices: &[usize], bags: &[usize], sizes: &[usize]) -> Var<'t, T> {
        let sums = self.weight.embedding(indices).index_add(0, sizes.len(), bags);
        match self.pooling {
            Pooling::Sum => sums,
            Pooling::Mean => {
                let share = |bag: usize| T::of(1.0 / sizes[bag].max(1) as f64);
                sums * sums.tape().constant(Tensor::from_fn([sizes.len(), 1], share))
            }
        }
    }
}
