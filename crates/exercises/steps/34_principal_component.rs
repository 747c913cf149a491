//! # The first principal component
//!
//! Book: docs/src/09-autoencoders.md#pca-the-best-linear-code
//!
//! The best linear code of one number is how far an example lies along the direction in which the data vary most. That
//! is the eigenvector of the covariance matrix `C` with the largest eigenvalue. *Power iteration* finds it: multiply a
//! vector by `C` again and again, and keep its length at 1. What belongs to the largest eigenvalue wins.
// hint: centred: the mean is x.sum_to([1, d]).map(|sum| sum / n as f64), and x.zip(&mean.expand([n, d]), …) subtracts it. first_component: C v is proportional to Xᵀ (X v), so C is not needed: x.t().matmul(&x.matmul(&v)). Then divide by the length, the root of the sum of squares.

use autograd::Tensor;

/// The data minus the mean of each column.
fn centred(x: &Tensor<f64>) -> Tensor<f64> {
    let [n, d] = [x.shape()[0], x.shape()[1]];
    // hole: x minus its mean over the rows; sum_to([1, d]) adds up rows, expand([n, d]) repeats one
    let mean = x.sum_to([1, d]).map(|sum| sum / n as f64);
    x.zip(&mean.expand([n, d]), |x, mean| x - mean)
    // wrong: x.clone()
    // wrong: let mean = x.sum_to([1, d]);
    // | x.zip(&mean.expand([n, d]), |x, mean| x - mean)
    // end
}

/// A unit vector `[d, 1]`: the direction in which the centred data `[n, d]` vary most.
fn first_component(x: &Tensor<f64>) -> Tensor<f64> {
    let mut v: Tensor<f64> = Tensor::from_fn([x.shape()[1], 1], |i| 1.0 + 0.1 * i as f64);
    for _ in 0..200 {
        // hole: v becomes Xᵀ (X v), divided by its length
        let w = x.t().matmul(&x.matmul(&v));
        let length = w.map(|w| w * w).sum_to([]).item().sqrt();
        v = w.map(|w| w / length);
        // wrong: let w = x.t().matmul(&x.matmul(&v));
        // | let length = w.sum_to([]).item();
        // | v = w.map(|w| w / length);
        // wrong: let length = v.map(|v| v * v).sum_to([]).item().sqrt();
        // | v = v.map(|v| v / length);
        // end
    }
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn centred_columns_have_mean_0() {
        let sums = centred(&Tensor::from_vec([2, 2], vec![1.0, 5.0, 3.0, 9.0]));
        assert_eq!(sums.to_vec(), [-1.0, -2.0, 1.0, 2.0]);
    }

    #[test]
    fn points_near_a_line_vary_along_it() {
        // Along (0.6, 0.8), and a tenth as much across.
        let x = Tensor::from_fn([40, 2], |i| {
            let (along, across) = ((i / 2) as f64 - 19.5, ((i / 2) as f64 * 1.7).sin());
            if i % 2 == 0 { 5.0 + 0.6 * along - 0.8 * across } else { 1.0 + 0.8 * along + 0.6 * across }
        });
        let v = first_component(&centred(&x)).to_vec();
        assert!(
            (v[0].abs() - 0.6).abs() < 0.02 && (v[1].abs() - 0.8).abs() < 0.02,
            "expected ±(0.6, 0.8), got {v:?}"
        );
    }

    #[test]
    fn on_digits_it_is_an_eigenvector() {
        let x = centred(&Tensor::from_vec([100, 64], exercises::data::digits(100)));
        let v = first_component(&x);
        let w = x.t().matmul(&x.matmul(&v)); // should be v times a number
        let along = w.zip(&v, |w, v| w * v).sum_to([]).item();
        let rest = w.zip(&v, |w, v| (w - along * v).powi(2)).sum_to([]).item().sqrt();
        assert!(
            rest < 1e-3 * along,
            "Xᵀ X v should be a multiple of v, and misses by {rest:.3} of {along:.3}"
        );
    }
}
