use super::*;
use crate::Tape;

fn noise(shape: &[usize]) -> Tensor<f64> {
    Tensor::from_fn(shape, |i| ((i * 7919 + 13) % 1013) as f64 / 1013.0 - 0.5)
}

fn distance<'t>(a: Var<'t, f64>, b: Var<'t, f64>) -> f64 {
    (a - b).norm().item()
}

#[test]
fn the_parts_make_the_matrix_again() {
    let tape = Tape::new();
    for shape in [[1, 1], [2, 2], [5, 5], [40, 40], [7, 3], [3, 7], [60, 20], [1, 6], [6, 1]] {
        let a = tape.constant(noise(&shape));
        let [u, values, v] = a.svd();
        let k = shape[0].min(shape[1]);
        let identity = tape.constant(Tensor::eye(k));
        assert!(distance(u.matmul(values.unsqueeze(-1) * v.t()), a) < 1e-12, "{shape:?}");
        assert!(distance(u.t().matmul(u), identity) + distance(v.t().matmul(v), identity) < 1e-12);
        assert!(values.value().to_vec().is_sorted_by(|a, b| a >= b && *b >= 0.0));
        if shape[0] == shape[1] {
            let symmetric = a + a.t();
            let [values, v] = symmetric.eigh();
            assert!(distance(v.matmul(values.unsqueeze(-1) * v.t()), symmetric) < 1e-12, "{shape:?}");
            assert!(distance(v.t().matmul(v), identity) < 1e-12);
            assert!(values.value().to_vec().is_sorted());
        }
    }
}

#[test]
fn the_largest_component_is_positive() {
    let tape = Tape::new();
    let a = tape.constant(noise(&[3, 6, 6]));
    for vectors in [a.eigh()[1], a.svd()[0]] {
        let (largest, smallest) = (vectors.max_over(-2), -vectors.min_over(-2));
        assert!(largest.value().zip(&smallest.value(), |a, b| a - b).to_vec().iter().all(|&x| x > -1e-8));
    }
    // Two that are equally large.
    let a = tape.constant(Tensor::from_vec([2, 2], vec![0.0, 3.0, 3.0, 0.0]));
    let signs = a.eigh()[1].value().map(f64::signum);
    assert_eq!(signs.to_vec(), [1.0, 1.0, -1.0, 1.0]);
}

#[test]
fn equal_values_have_gradients_and_their_vectors_have_none() {
    let tape = Tape::<f64>::new();
    let a = tape.var(Tensor::eye(3) * 2.0);
    let [values, vectors] = a.eigh();
    assert_eq!(values.sum().backward().wrt(a), Tensor::eye(3));
    assert!(vectors.slice(1, ..1).sum().backward().wrt(a).to_vec().iter().any(|x| !x.is_finite()));
    let [slope] = values.square().sum().grad([a]);
    assert_eq!(slope.value(), Tensor::eye(3) * 4.0);
    let along = values.jvp(&[a], &[tape.constant(noise(&[3, 3]))]);
    assert!(along.value().to_vec().iter().all(|x| x.is_finite()));
    let along = vectors.jvp(&[a], &[tape.constant(noise(&[3, 3]))]);
    assert!(along.value().to_vec().iter().any(|x| x.is_nan()), "{:?}", along.value());
    // A singular value of 0, and two that are equal.
    let a = tape.var(Tensor::from_vec([3, 2], vec![1.0, 1.0, 1.0, 1.0, 1.0, 1.0]));
    let [_, values, _] = a.svd();
    let slope = values.slice(0, ..1).sum().backward().wrt(a);
    assert!((slope - Tensor::full([3, 2], (1.0_f64 / 6.0).sqrt())).norm().item() < 1e-14);
    assert!(values.sum().backward().wrt(a).to_vec().iter().all(|x| x.is_finite()));
    let b = tape.var(Tensor::eye(2));
    assert_eq!(b.svd()[1].sum().backward().wrt(b), Tensor::eye(2));
}

#[test]
#[should_panic(expected = "eigh: matrix 1 of shape [2, 2, 2] holds a number that is not finite")]
fn not_a_number() {
    let tape = Tape::<f64>::new();
    let mut numbers = vec![1.0; 8];
    numbers[6] = f64::NAN;
    tape.var(Tensor::from_vec([2, 2, 2], numbers)).eigh();
}
