//! Parts of matrices: the diagonal, and the triangles below and above it. Leading axes count matrices.

use super::{Case, Mask, case, wave};
use crate::{Real, Shape, Tensor, Var};

/// `[.., m, n]` taken apart: the leading axes, `m` and `n`.
#[track_caller]
fn matrices(op: &str, shape: &Shape) -> (Shape, [usize; 2]) {
    let [lead @ .., m, n] = &shape[..] else { panic!("{op}: shape {shape:?} has fewer than two axes") };
    (Shape::from_slice(lead), [*m, *n])
}

impl<'t, T: Real> Var<'t, T> {
    /// The diagonal of a matrix: `[.., m, n]` gives `[.., min(m, n)]`.
    ///
    /// For the diagonal above, leave a column out first: `x.slice(-1, 1..).diagonal()`.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn diagonal(self) -> Var<'t, T> {
        let (mut shape, [m, n]) = matrices("diagonal", &self.shape());
        // In row-major order, one step to the right and one down are n + 1 elements.
        let end = (m * n).min(n * (n + 1));
        shape.push(m * n);
        self.reshape(shape).slice_step(-1, ..end, n as isize + 1)
    }

    /// A square matrix with these numbers on its diagonal and zeros elsewhere: `[.., n]` gives
    /// `[.., n, n]`.
    ///
    /// # Panics
    /// If there are no axes.
    #[track_caller]
    pub fn diag_embed(self) -> Var<'t, T> {
        let mut shape = self.shape();
        let Some(&n) = shape.last() else { panic!("diag_embed: a single number has no axis to embed") };
        let last = shape.len() - 1;
        shape.push(n);
        self.spread(last, n + 1, n * n).reshape(shape)
    }

    /// The sum of the diagonal: `[.., m, n]` gives `[..]`.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn trace(self) -> Var<'t, T> {
        matrices("trace", &self.shape());
        self.diagonal().sum_over(-1)
    }

    /// The lower triangle of a matrix, with zeros above it. It reaches up to diagonal number
    /// `diagonal`: 0 is the main diagonal, 1 the one above, −1 the one below.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn tril(self, diagonal: isize) -> Var<'t, T> {
        self.keep_where("tril", |i, j| j - i <= diagonal)
    }

    /// The upper triangle of a matrix, with zeros below it. It begins with diagonal number
    /// `diagonal`: 0 is the main diagonal, 1 the one above, −1 the one below.
    ///
    /// # Panics
    /// If there are fewer than two axes.
    #[track_caller]
    pub fn triu(self, diagonal: isize) -> Var<'t, T> {
        self.keep_where("triu", |i, j| j - i >= diagonal)
    }

    /// Zeros where `keep` says no. Whatever was there, even NaN, has no influence.
    #[track_caller]
    fn keep_where(self, op: &str, keep: impl Fn(isize, isize) -> bool) -> Var<'t, T> {
        let (_, [m, n]) = matrices(op, &self.shape());
        let at = |i: usize| if keep((i / n) as isize, (i % n) as isize) { T::one() } else { T::zero() };
        Mask(self.tape().constant(Tensor::from_fn([m, n], at))).select(self, 0.0)
    }
}

pub(super) const CASES: &[Case] = &[
    case!("diagonal", |a| (a * a * a).diagonal(), [wave([2, 3])]),
    case!("diagonal of tall matrices", |a| (a * a * a).diagonal(), [wave([2, 5, 2])]),
    case!("diagonal above", |a| (a * a * a).slice(-1, 1..).diagonal(), [wave([3, 3])]),
    case!("diagonal of nothing", |a| (a * a).diagonal(), [wave([2, 0, 3])]),
    case!(
        "diag_embed",
        |a| {
            let b = a.diag_embed();
            b * b * b
        },
        [wave([2, 3])]
    ),
    case!("diag_embed of nothing", |a| (a * a).diag_embed(), [wave([2, 0])]),
    case!("trace", |a| a.matmul(a).matmul(a).trace(), [wave([3, 3])]),
    case!("trace of many", |a| (a * a * a).trace(), [wave([2, 2, 3])]),
    case!("tril", |a| (a * a).tril(0) * a, [wave([3, 4])]),
    case!("tril above", |a| (a * a * a).tril(1), [wave([2, 3, 3])]),
    case!("triu", |a| (a * a * a).triu(0), [wave([1, 1])]),
    case!("triu above", |a| (a * a * a).triu(1), [wave([3, 4])]),
];

#[cfg(test)]
mod tests {
    use crate::{Tape, Tensor, Var};

    fn counting<'t>(tape: &'t Tape<f64>, shape: &[usize]) -> Var<'t, f64> {
        tape.var(Tensor::from_fn(shape, |i| 1.0 + i as f64))
    }

    #[test]
    fn diagonals_of_every_shape() {
        let tape = Tape::new();
        let of = |m, n| counting(&tape, &[m, n]).diagonal().value().to_vec();
        assert_eq!((of(2, 3), of(3, 2)), (vec![1.0, 5.0], vec![1.0, 4.0]));
        assert_eq!((of(5, 2), of(1, 4), of(4, 1)), (vec![1.0, 4.0], vec![1.0], vec![1.0]));
        assert_eq!((of(3, 0), of(0, 3)), (vec![], vec![]));
        let x = counting(&tape, &[2, 2]);
        assert_eq!(x.diag_embed().diagonal().value(), x.value());
        assert_eq!(x.diag_embed().value().to_vec(), [1.0, 0.0, 0.0, 2.0, 3.0, 0.0, 0.0, 4.0]);
        assert_eq!(x.trace().item(), 5.0);
    }

    #[test]
    fn triangles() {
        let tape = Tape::new();
        let x = counting(&tape, &[2, 3]);
        assert_eq!(x.tril(0).value().to_vec(), [1.0, 0.0, 0.0, 4.0, 5.0, 0.0]);
        assert_eq!(x.tril(-1).value().to_vec(), [0.0, 0.0, 0.0, 4.0, 0.0, 0.0]);
        assert_eq!(x.triu(1).value().to_vec(), [0.0, 2.0, 3.0, 0.0, 0.0, 6.0]);
        assert_eq!((x.tril(0) + x.triu(1)).value(), x.value());
    }

    #[test]
    fn what_is_cut_off_has_no_influence() {
        let tape = Tape::new();
        let x = tape.var(Tensor::from_vec([2, 2], vec![1.0, f64::NAN, 3.0, 4.0]));
        let y = x.tril(0);
        assert_eq!(y.value().to_vec(), [1.0, 0.0, 3.0, 4.0]);
        assert_eq!((y * y).sum().backward().wrt(x).to_vec(), [2.0, 0.0, 6.0, 8.0]);
    }

    #[test]
    #[should_panic(expected = "trace: shape [3] has fewer than two axes")]
    fn trace_of_a_vector() {
        counting(&Tape::new(), &[3]).trace();
    }
}
