//! One piece of a batch, as a context carries it, and the two operations by which pieces know of each other.

use std::ops::Range;
use std::sync::Arc;

use autograd::{Op, Real, Tensor, Var};

use super::{Meeting, add_all};
use crate::Context;

/// One piece of a batch.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    pub(super) meeting: Arc<Meeting>,
    pub(super) seat: usize,
    /// Its rows of the batch.
    pub(crate) rows: Range<usize>,
    /// The number of examples in the batch, and the number of the first of them.
    pub(crate) batch: usize,
    pub(crate) first: usize,
}

impl Share {
    /// The share of the batch, from 0 to 1.
    pub(crate) fn weight(&self) -> f64 {
        self.rows.len() as f64 / self.batch as f64
    }

    /// The rows of this piece in a tensor of the whole batch with several rows for each example.
    fn rows_of(&self, own: usize) -> Range<usize> {
        let each = own / self.rows.len();
        assert!(
            own == each * self.rows.len(),
            "whole: {own} rows for {} examples, of which each must have as many as the others",
            self.rows.len()
        );
        each * self.rows.start..each * self.rows.end
    }
}

/// `y = [x₀; x₁; …]`, the rows of all pieces in their order. All pieces have the same `y`, so
///
/// > `x̄ₚ` = the rows of piece `p` of `Σ_q ȳ_q`.
struct Whole(Share);

impl<T: Real> Op<T, 1> for Whole {
    const NAME: &'static str = "whole";

    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        let joined = |all: Vec<Tensor<T>>| Tensor::concat(&all.iter().collect::<Vec<_>>(), 0);
        self.0.meeting.meet(self.0.seat, "whole", x.clone(), joined)
    }

    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [x]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        Var::apply(OverPieces(self.0.clone()), [g]).slice(0, self.0.rows_of(x.shape()[0]))
    }
}

/// `y = Σ_q x_q` over all pieces. All pieces have the same `y`, so `x̄ₚ = Σ_q ȳ_q`: the same operation.
struct OverPieces(Share);

impl<T: Real> Op<T, 1> for OverPieces {
    const NAME: &'static str = "sum over pieces";

    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        self.0.meeting.meet(self.0.seat, "sum over pieces", x.clone(), add_all)
    }

    fn vjp<'t>(&self, _wrt: usize, g: Var<'t, T>, [_x]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        Var::apply(OverPieces(self.0.clone()), [g])
    }
}

impl Context<'_> {
    /// The rows of the whole batch, of those of this [piece](crate::pieces): `[piece, …]` to `[batch, …]`. `x` itself where
    /// the batch is not cut.
    ///
    /// Whatever is no mean over examples has to be computed from this: a distance of two samples, a function of a mean
    /// over the batch. Each piece then has the same number, whose mean over the pieces is that number, with the right
    /// gradient.
    ///
    /// # Panics
    /// If examples have different numbers of rows.
    #[track_caller]
    pub fn whole<'t, T: Real>(&self, x: Var<'t, T>) -> Var<'t, T> {
        let Some(share) = &self.share else { return x };
        share.rows_of(x.shape()[0]);
        Var::apply(Whole(share.clone()), [x])
    }

    /// The rows of this piece, of those of the whole batch: the way back from [`whole`](Self::whole).
    #[track_caller]
    pub fn own<'t, T: Real>(&self, whole: Var<'t, T>) -> Var<'t, T> {
        let Some(share) = &self.share else { return whole };
        let each = whole.shape()[0] / share.batch;
        whole.slice(0, each * share.rows.start..each * share.rows.end)
    }

    /// The rows of the whole batch, if `own` are those of this piece.
    pub(crate) fn batch_of(&self, own: usize) -> usize {
        self.share.as_ref().map_or(own, |share| own / share.rows.len() * share.batch)
    }

    /// The sum of `x` over the pieces of the batch; `None` where it is not cut.
    pub(crate) fn over_pieces<'t, T: Real>(&self, x: Var<'t, T>) -> Option<Var<'t, T>> {
        let share = self.share.as_ref()?;
        Some(Var::apply(OverPieces(share.clone()), [x]))
    }
}
