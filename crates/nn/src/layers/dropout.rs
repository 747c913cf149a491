//! Dropout.

use autograd::{Real, Var};

use crate::Context;

/// Dropout (Srivastava et al. 2014): in training every number is set to 0 with probability `p`, and the
/// others are divided by `1 − p`, so that the expectation stays. In evaluation it does nothing.
///
/// ```
/// # use autograd::{Tape, Tensor};
/// # use nn::{Context, layers::Dropout};
/// let tape = Tape::<f64>::new();
/// let x = tape.var(Tensor::ones([2, 500]));
/// let y = Dropout::new(0.2).forward(x, &mut Context::training(0, 0, &[0, 1]));
/// assert!(y.value().to_vec().iter().all(|&y| y == 0.0 || y == 1.25));
/// assert!((y.mean().item() - 1.0).abs() < 0.1);
/// let same = Dropout::new(0.2).forward(x, &mut Context::evaluation(0, &[0, 1]));
/// assert_eq!(same.value(), x.value());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    p: f64,
}

impl Dropout {
    /// Drops with probability `p` in `[0, 1)`.
    ///
    /// # Panics
    /// If `p` is outside.
    #[track_caller]
    pub fn new(p: f64) -> Self {
        assert!((0.0..1.0).contains(&p), "Dropout: the probability must be in [0, 1), not {p}");
        Dropout { p }
    }

    /// `[batch, …]` to the same shape. Which numbers of an example are dropped depends on the seed, the
    /// epoch and the example alone.
    ///
    /// # Panics
    /// If the batch is not that of the context.
    #[track_caller]
    pub fn forward<'t, T: Real>(self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        if !context.is_training() || self.p == 0.0 {
            return x;
        }
        let shape = x.shape();
        let batch = context.batch();
        assert!(
            shape.first() == Some(&batch),
            "Dropout: the context is for {batch} examples, but the input has shape {shape:?}"
        );
        let width = shape[1..].iter().product();
        let kept = context.on(x.tape()).uniform(width).ge(self.p).numbers();
        x * (kept * (1.0 / (1.0 - self.p))).reshape(shape)
    }
}
