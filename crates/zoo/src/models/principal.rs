//! The directions of largest variance: all of them from the covariance where that is small, and the first few
//! by subspace iteration where there are thousands of features.
//!
//! > `Q ← orth(Xᵀ X Q)`
//!
//! multiplies the part of `Q` along each eigenvector by its eigenvalue, so that the largest win; a few columns
//! more than wanted make that fast (Rutishauser 1969; Halko, Martinsson and Tropp 2011, algorithm 4.4). Pictures
//! of 64×64 pixels in colour have 12288 features: their covariance would take a gigabyte and its eigenvectors
//! hours, of which eight are wanted.

use autograd::Tensor;
use nalgebra::DMatrix;
use nn::{Purpose, generator, random};

use crate::evaluate;

/// Up to so many features all eigenvectors are computed.
const FEW: usize = 1024;
/// Columns of `Q` beyond those that are wanted.
const SPARE: usize = 10;
/// The iteration ends when the variance explained grows by less than this share of itself.
const SETTLED: f64 = 1e-7;
/// Or after so many steps, where eigenvalues are so close together that any of their vectors does.
const MOST: usize = 200;

/// The first `count` principal directions of the rows of `x` around `mean`, one after the other, each of length
/// 1 and with its largest entry positive.
pub(super) fn directions(x: &Tensor<f32>, mean: &Tensor<f32>, count: usize) -> Vec<f32> {
    let features = x.shape()[1];
    let vectors = if features <= FEW || count + SPARE >= features {
        of_covariance(x, mean, count)
    } else {
        by_iteration(&x.zip(mean, |x, m| x - m), count)
    };
    let with_sign = |vector: Vec<f64>| {
        let largest = vector.iter().fold(0.0, |m: f64, v| if v.abs() > m.abs() { *v } else { m });
        vector.into_iter().map(move |v| (v * largest.signum()) as f32)
    };
    vectors.into_iter().flat_map(with_sign).collect()
}

fn of_covariance(x: &Tensor<f32>, mean: &Tensor<f32>, count: usize) -> Vec<Vec<f64>> {
    let features = x.shape()[1];
    let c = evaluate::covariance(x, mean).to_vec();
    first(DMatrix::from_fn(features, features, |i, j| c[i * features + j]), count)
}

/// The first eigenvectors of a symmetric matrix.
fn first(matrix: DMatrix<f64>, count: usize) -> Vec<Vec<f64>> {
    let eigen = matrix.symmetric_eigen();
    let mut by_value: Vec<usize> = (0..eigen.eigenvalues.len()).collect();
    by_value.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let vector = |&k: &usize| eigen.eigenvectors.column(k).iter().copied().collect();
    by_value.iter().take(count).map(vector).collect()
}

fn by_iteration(centred: &Tensor<f32>, count: usize) -> Vec<Vec<f64>> {
    let [features, width] = [centred.shape()[1], count + SPARE];
    let mut q = orthonormal(&random::normal([features, width], &mut generator(0, Purpose::Init, 0, 0)));
    let mut explained = 0.0;
    for _ in 0..MOST {
        let (rotation, now) = rotation(&centred.matmul(&q), count);
        if now - explained <= SETTLED * now {
            return columns(&(matrix(&q) * rotation), count);
        }
        explained = now;
        q = orthonormal(&centred.t().matmul(&centred.matmul(&q)));
    }
    let (rotation, _) = rotation(&centred.matmul(&q), count);
    columns(&(matrix(&q) * rotation), count)
}

/// What turns the columns of `Q` into principal directions, by the projections `X Q`, and the variance along
/// the first of them (Rayleigh and Ritz).
fn rotation(projected: &Tensor<f32>, count: usize) -> (DMatrix<f64>, f64) {
    let width = projected.shape()[1];
    let projected = projected.cast::<f64>();
    let gram = projected.t().matmul(&projected).to_vec();
    let gram = DMatrix::from_fn(width, width, |i, j| gram[i * width + j]);
    let vectors = first(gram.clone(), width);
    let rotation = DMatrix::from_fn(width, width, |i, j| vectors[j][i]);
    let along = rotation.transpose() * gram * &rotation;
    (rotation, (0..count).map(|k| along[(k, k)]).sum())
}

/// Columns that span the same space and are orthonormal.
fn orthonormal(y: &Tensor<f32>) -> Tensor<f32> {
    let [rows, width] = [0, 1].map(|axis| y.shape()[axis]);
    let q = matrix(y).qr().q();
    Tensor::from_fn([rows, width], |i| q[(i / width, i % width)] as f32)
}

fn matrix(x: &Tensor<f32>) -> DMatrix<f64> {
    let [rows, width] = [0, 1].map(|axis| x.shape()[axis]);
    let values = x.to_vec();
    DMatrix::from_fn(rows, width, |i, j| f64::from(values[i * width + j]))
}

fn columns(matrix: &DMatrix<f64>, count: usize) -> Vec<Vec<f64>> {
    (0..count).map(|k| matrix.column(k).iter().copied().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;

    #[test]
    fn both_ways_explain_the_same() {
        let x = digits().train.x().clone();
        let mean = evaluate::mean(&x);
        let centred = x.zip(&mean, |x, m| x - m);
        let explained = |vectors: Vec<Vec<f64>>| -> f64 {
            let all: Vec<f32> = vectors.concat().into_iter().map(|v| v as f32).collect();
            let z = centred.matmul(&Tensor::from_vec([8, 64], all).t());
            z.to_vec().iter().map(|&z| f64::from(z).powi(2)).sum()
        };
        let [exact, found] = [of_covariance(&x, &mean, 8), by_iteration(&centred, 8)].map(explained);
        assert!((exact - found).abs() < 1e-5 * exact, "{exact} {found}");
    }

    #[test]
    fn more_features_than_anybody_can_square() {
        // Three rows: two directions hold everything, and the others are orthonormal nevertheless.
        let features = 30_000;
        let x = Tensor::from_fn([3, features], |i| ((i / features + 1) * (i % 7)) as f32);
        let mean = evaluate::mean(&x);
        let v = Tensor::from_vec([4, features], directions(&x, &mean, 4));
        for (place, dot) in v.matmul(&v.t()).to_vec().into_iter().enumerate() {
            let wanted = if place / 4 == place % 4 { 1.0 } else { 0.0 };
            assert!((dot - wanted).abs() < 1e-4, "{place}: {dot}");
        }
        let centred = x.zip(&mean, |x, m| x - m);
        let back = centred.matmul(&v.t()).matmul(&v).to_vec();
        for (a, b) in back.iter().zip(centred.to_vec()) {
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
    }
}
