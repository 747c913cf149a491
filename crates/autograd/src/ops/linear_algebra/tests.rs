use super::*;
use crate::Tape;

fn matrix<const N: usize>(rows: [[f64; N]; N]) -> Tensor<f64> {
    Tensor::from_vec([N, N], rows.concat())
}

fn difference(a: &Tensor<f64>, b: &Tensor<f64>) -> f64 {
    a.zip(b, |a, b| (a - b).abs()).to_vec().into_iter().fold(0.0, f64::max)
}

#[test]
fn large_factors_and_solutions() {
    let n = 150;
    let tape = Tape::new();
    let noise = tape.constant(Tensor::from_fn([n, n], |i| ((i * 7919) % 1013) as f64 / 1013.0 - 0.5));
    let a = definite(noise);
    let l = a.cholesky();
    assert_eq!(l.triu(1).value(), Tensor::zeros([n, n]));
    assert!(difference(&l.matmul(l.t()).value(), &a.value()) < 1e-12);
    let x = l.solve_triangular(noise, Triangle::Lower);
    assert!(difference(&l.matmul(x).value(), &noise.value()) < 1e-12);
    // What is in the other triangle is not read.
    let dirty = l + tape.constant(Tensor::full([n, n], f64::NAN)).triu(1);
    assert_eq!(dirty.solve_triangular(noise, Triangle::Lower).value(), x.value());
}

#[test]
fn the_derivative_of_logdet_is_the_inverse() {
    let tape = Tape::new();
    let a = tape.var(matrix([[4.0, 2.0], [2.0, 5.0]]));
    let y = a.logdet();
    assert_eq!(y.item(), 2.0 * (2.0_f64.ln() + 2.0_f64.ln()));
    let inverse = matrix([[5.0, -2.0], [-2.0, 4.0]]).map(|x| x / 16.0);
    assert!(difference(&y.backward().wrt(a), &inverse) < 1e-16);
    // A determinant that is no floating-point number.
    let tiny = tape.var(Tensor::eye(200).map(|x| x * 1e-10));
    assert!((tiny.logdet().item() / (200.0 * 1e-10_f64.ln()) - 1.0).abs() < 1e-14);
}

#[test]
fn bits_do_not_depend_on_threads() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let tape = Tape::<f32>::new();
            let noise = tape.constant(Tensor::from_fn([50, 30, 30], |i| (i as f32 * 0.37).sin()));
            let l = definite(noise).cholesky();
            (l.value(), l.solve_triangular(noise, Triangle::Lower).value())
        })
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert!(run(threads) == one, "{threads} threads");
    }
}

#[test]
fn a_zero_on_the_diagonal_is_loud() {
    let tape = Tape::new();
    let (a, b) = (tape.var(matrix([[1.0, 0.0], [1.0, 0.0]])), tape.var(Tensor::ones([2, 1])));
    let x = a.solve_triangular(b, Triangle::Lower).value();
    assert!(!x.to_vec()[1].is_finite(), "{x:?}");
}

#[test]
#[should_panic(
    expected = "cholesky: the matrix of shape [2, 2] is not positive definite; a multiple of the \
                           identity added to it, such as 1e-6, may help"
)]
fn an_indefinite_matrix() {
    Tape::new().var(matrix([[1.0, 2.0], [2.0, 1.0]])).cholesky();
}

#[test]
#[should_panic(expected = "cholesky: matrix 1 of shape [3, 2, 2] is not positive definite")]
fn one_indefinite_matrix_among_many() {
    let numbers = vec![1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, f64::NAN, 0.0, 1.0];
    Tape::new().var(Tensor::from_vec([3, 2, 2], numbers)).cholesky();
}

#[test]
#[should_panic(expected = "is not positive definite")]
fn nan_is_not_positive_definite() {
    Tape::new().var(matrix([[1.0, 0.0], [f64::NAN, 1.0]])).logdet();
}

#[test]
#[should_panic(expected = "logdet: the matrix must be square, not [2, 3]")]
fn a_matrix_that_is_not_square() {
    Tape::<f64>::new().var(Tensor::ones([2, 3])).logdet();
}

#[test]
#[should_panic(expected = "solve_triangular: [2, 2] needs 2 rows on the right side, not [3, 1]")]
fn too_many_rows() {
    let tape = Tape::<f64>::new();
    tape.var(Tensor::ones([2, 2])).solve_triangular(tape.var(Tensor::ones([3, 1])), Triangle::Lower);
}
