//! Normalization by the root mean square.

use autograd::{Keep, Real, Tensor, Var, tree};

/// Root mean square normalization (Zhang and Sennrich 2019): every example by its own size, over its last axes. It is
/// [`LayerNorm`](super::LayerNorm) without mean and bias.
///
/// > `y = w · x / √(mean(x²) + ε)`
#[derive(Clone, Debug)]
pub struct RmsNorm<W> {
    /// `w`, of the shape of the last axes.
    pub weight: W,
    /// Added to the mean square.
    pub epsilon: f64,
}
tree!(RmsNorm { weight; epsilon });

impl<T: Real> RmsNorm<Tensor<T>> {
    /// Normalizes over last axes of this shape: `w = 1`, ε = 10⁻⁵. (PyTorch's ε is the rounding error of the element
    /// type, so it changes with that; here it is that of the other normalizations.)
    pub fn new(shape: impl AsRef<[usize]>) -> Self {
        RmsNorm { weight: Tensor::ones(shape), epsilon: 1e-5 }
    }
}

impl<'t, T: Real> RmsNorm<Var<'t, T>> {
    /// `[…, shape]` to the same shape.
    ///
    /// # Panics
    /// If the last axes of `x` are others.
    #[track_caller]
    pub fn forward(&self, x: Var<'t, T>) -> Var<'t, T> {
        let (shape, over) = (x.shape(), self.weight.shape());
        assert!(shape.ends_with(&over), "RmsNorm: expected […, {over:?}], but the input has shape {shape:?}");
        let axes: Vec<usize> = (shape.len() - over.len()..shape.len()).collect();
        let mean_square = x.square().mean_over(Keep(&axes[..]));
        x * (mean_square + self.epsilon).rsqrt() * self.weight
    }
}
