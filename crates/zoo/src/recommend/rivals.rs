//! The models that a recommender has to beat: what everybody likes, and EASE.

use autograd::Tensor;
use nn::data::{Examples, SparseRows};

use super::metrics::Lists;

/// The number of users who chose each item, the same for everybody, `[users, items]`.
pub fn popularity(choices: &SparseRows) -> impl Fn(&SparseRows) -> Tensor<f32> {
    let counts = choices.column_counts();
    let counts = Tensor::from_vec([1, counts.len()], counts.iter().map(|&count| count as f32).collect());
    move |known| counts.expand([known.len(), known.width()])
}

/// EASE, a linear model of items by the other items, in closed form (Steck 2019).
///
/// > `min ‖X − X B‖² + λ ‖B‖²` with `diag B = 0`;  `Bᵢⱼ = −Pᵢⱼ / Pⱼⱼ` for `i ≠ j`,  `P = (XᵀX + λ I)⁻¹`
///
/// An item is predicted from the others only, so that copying is no solution.
pub struct Ease {
    /// `B`, `[items, items]`.
    weights: Tensor<f32>,
}

impl Ease {
    /// More items take too much memory (a matrix of them has 800 megabytes in double precision) and time.
    pub const MOST: usize = 10_000;

    /// The best of a few penalties for those `known` and `hidden`, which have no part in the weights. Of more than 2000 items
    /// it is 500, which suits large data (Steck 2019, section 4), for every penalty has to be solved for.
    pub fn chosen(train: &SparseRows, [known, hidden]: &[SparseRows; 2]) -> (Self, f64) {
        const FEW: usize = 2000;
        let penalties: &[f64] = if train.width() > FEW { &[500.0] } else { &[50.0, 150.0, 500.0, 1500.0] };
        let tried = penalties.iter().map(|&penalty| {
            let ease = Ease::new(train, penalty);
            let quality = Lists::of(&|known: &SparseRows| ease.scores(known), known, hidden).ndcg_100;
            (ease, penalty, quality)
        });
        let (ease, penalty, _) = tried.max_by(|a, b| a.2.total_cmp(&b.2)).expect("there are penalties");
        (ease, penalty)
    }

    /// The best weights for these choices, with the penalty `λ > 0`. It takes `2.7 n³` operations for `n` items.
    ///
    /// # Panics
    /// If the penalty is not positive.
    #[track_caller]
    pub fn new(choices: &SparseRows, penalty: f64) -> Self {
        assert!(penalty > 0.0 && penalty.is_finite(), "Ease: the penalty must be positive, not {penalty}");
        let items = choices.width();
        let mut products = vec![0.0; items * items];
        for user in 0..choices.len() {
            let row: Vec<(usize, f64)> = choices.row(user).map(|(i, x)| (i, f64::from(x))).collect();
            for &(i, x) in &row {
                row.iter().for_each(|&(j, y)| products[i * items + j] += x * y);
            }
        }
        (0..items).for_each(|i| products[i * items + i] += penalty);
        let mut p = inverse(&Tensor::from_vec([items, items], products)).to_vec();
        let diagonal: Vec<f64> = (0..items).map(|i| p[i * items + i]).collect();
        for row in p.chunks_mut(items.max(1)) {
            row.iter_mut().zip(&diagonal).for_each(|(weight, own)| *weight = -*weight / own);
        }
        (0..items).for_each(|i| p[i * items + i] = 0.0);
        Ease { weights: Tensor::from_vec([items, items], p).cast() }
    }

    /// The scores `X B`, `[users, items]` to the same shape.
    ///
    /// # Panics
    /// If there are not as many items.
    #[track_caller]
    pub fn scores(&self, known: &SparseRows) -> Tensor<f32> {
        let all: Vec<usize> = (0..known.len()).collect();
        known.rows(&all).expect("rows in memory").matmul(&self.weights)
    }
}

/// The inverse of a symmetric, positive definite matrix by its quarters, so that nearly all of the work are products:
/// with `S = C − Bᵀ A⁻¹ B` the inverse of `[A B; Bᵀ C]` is `[A⁻¹ + F S⁻¹ Fᵀ, −F S⁻¹; −S⁻¹ Fᵀ, S⁻¹]`, `F = A⁻¹ B`.
fn inverse(matrix: &Tensor<f64>) -> Tensor<f64> {
    /// A matrix that small is inverted row by row.
    const SMALL: usize = 128;
    let n = matrix.shape()[0];
    if n <= SMALL {
        return inverse_by_rows(matrix);
    }
    let half = n / 2;
    let quarter = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
        matrix.slice(0, rows).slice(1, columns)
    };
    let (b, a) = (quarter(0..half, half..n), inverse(&quarter(0..half, 0..half)));
    let f = a.matmul(&b);
    let s = inverse(&(quarter(half..n, half..n) - b.t().matmul(&f)));
    let fs = f.matmul(&s);
    let top = Tensor::concat(&[&(a + fs.matmul(&f.t())), &-&fs], 1);
    let bottom = Tensor::concat(&[&-fs.t(), &s], 1);
    Tensor::concat(&[&top, &bottom], 0)
}

/// By Gauss and Jordan, without exchanges, which a positive definite matrix does not need.
fn inverse_by_rows(matrix: &Tensor<f64>) -> Tensor<f64> {
    let n = matrix.shape()[0];
    let mut a = matrix.to_vec();
    for k in 0..n {
        let pivot = std::mem::replace(&mut a[k * n + k], 1.0);
        a[k * n..(k + 1) * n].iter_mut().for_each(|x| *x /= pivot);
        let row = a[k * n..(k + 1) * n].to_vec();
        for i in (0..n).filter(|&i| i != k) {
            let factor = std::mem::replace(&mut a[i * n + k], 0.0);
            a[i * n..(i + 1) * n].iter_mut().zip(&row).for_each(|(x, r)| *x -= factor * r);
        }
    }
    Tensor::from_vec([n, n], a)
}

#[cfg(test)]
mod tests {
    use nn::random::uniform;
    use nn::{Purpose, generator};

    use super::*;

    /// Every item with a probability of its own.
    fn choices(users: usize, items: usize) -> SparseRows {
        let draws =
            uniform::<f32>([users, items], 0.0, 1.0, &mut generator(3, Purpose::Noise, 0, 0)).to_vec();
        let is_chosen =
            |&(user, item): &(usize, usize)| draws[user * items + item] < 0.05 + 0.5 / (1.0 + item as f32);
        let places = (0..users).flat_map(|user| (0..items).map(move |item| (user, item)));
        SparseRows::new(users, items, places.filter(is_chosen).map(|(user, item)| (user, item, 1.0))).unwrap()
    }

    #[test]
    fn an_inverse_times_its_matrix_is_the_identity() {
        let x = choices(300, 333).rows(&(0..300).collect::<Vec<_>>()).unwrap().cast::<f64>();
        let identity = Tensor::from_fn([333, 333], |i| if i % 334 == 0 { 1.0 } else { 0.0 });
        let matrix = x.t().matmul(&x) + &identity * 10.0;
        let off = (inverse(&matrix).matmul(&matrix) - identity)
            .to_vec()
            .into_iter()
            .fold(0.0, |m: f64, d| m.max(d.abs()));
        assert!(off < 1e-12, "{off}");
    }

    #[test]
    fn no_other_weights_without_a_diagonal_are_better() {
        let rows = choices(60, 20);
        let penalty = 3.0;
        let ease = Ease::new(&rows, penalty);
        let x = rows.rows(&(0..60).collect::<Vec<_>>()).unwrap().cast::<f64>();
        let weights = ease.weights.cast::<f64>();
        let loss = |b: &Tensor<f64>| {
            let squares = |t: &Tensor<f64>| t.to_vec().iter().map(|v| v * v).sum::<f64>();
            squares(&(&x - x.matmul(b))) + penalty * squares(b)
        };
        let best = loss(&weights);
        for number in 0..20 {
            let noise = uniform::<f64>([20, 20], -0.01, 0.01, &mut generator(0, Purpose::Noise, number, 0));
            let noise = Tensor::from_fn([20, 20], |i| if i % 21 == 0 { 0.0 } else { noise.to_vec()[i] });
            assert!(loss(&(&weights + noise)) > best);
        }
        assert!((0..20).all(|i| weights[[i, i]] == 0.0));
    }

    #[test]
    fn popular_items_are_the_same_for_everybody() {
        let rows = SparseRows::new(2, 3, [(0, 1, 1.0), (1, 1, 1.0), (1, 2, 1.0)]).unwrap();
        let scores = popularity(&rows)(&rows);
        assert_eq!(scores.to_vec(), [0.0, 2.0, 1.0, 0.0, 2.0, 1.0]);
    }
}
