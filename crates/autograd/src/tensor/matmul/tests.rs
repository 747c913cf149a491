use super::*;

fn counting(shape: &[usize]) -> Tensor<f64> {
    Tensor::from_fn(shape, |i| i as f64 - 3.0)
}

fn by_definition(a: &Tensor<f64>, b: &Tensor<f64>) -> Tensor<f64> {
    let (&[m, k], &[_, n]) = (a.shape(), b.shape()) else { panic!() };
    let (a, b) = (a.to_vec(), b.to_vec());
    Tensor::from_fn([m, n], |i| (0..k).map(|l| a[i / n * k + l] * b[l * n + i % n]).sum())
}

#[test]
fn equals_the_definition_for_every_layout() {
    let shapes = [[1, 1, 1], [2, 3, 4], [17, 5, 33], [0, 3, 2], [3, 0, 2], [3, 2, 0], [64, 64, 64]];
    for [m, k, n] in shapes {
        let (a, b) = (counting(&[m, k]), counting(&[k, n]));
        let expected = by_definition(&a, &b);
        assert_eq!(a.matmul(&b), expected);
        assert_eq!(a.t().contiguous().t().matmul(&b.t().contiguous().t()), expected);
    }
    let a = counting(&[6, 4]);
    assert_eq!(a.slice_step(0, ..6, -2).matmul(&a.t()), by_definition(&a.slice_step(0, ..6, -2), &a.t()));
    let row = counting(&[1, 4]).expand([6, 4]);
    assert_eq!(row.matmul(&a.t()), by_definition(&row, &a.t()));
}

#[test]
fn stacks_of_matrices() {
    let (a, b) = (counting(&[5, 2, 3, 4]), counting(&[2, 4, 3]).map(|x| x * 0.5));
    let product = a.matmul(&b);
    assert_eq!(product.shape(), [5, 2, 3, 3]);
    let pick = |t: &Tensor<f64>, i: usize| {
        let matrix = t.shape()[t.rank() - 2..].to_vec();
        let count = t.len() / matrix.iter().product::<usize>();
        let stack = t.reshape([&[count], &matrix[..]].concat());
        stack.slice(0, i % count..i % count + 1).reshape(matrix)
    };
    for i in 0..10 {
        assert_eq!(pick(&product, i), by_definition(&pick(&a, i), &pick(&b, i)));
    }
    // Views of every kind give the same.
    let swapped = a.permute([1, 0, 3, 2]).contiguous().permute([1, 0, 3, 2]);
    assert_eq!(swapped.matmul(&b.slice_step(2, ..3, -1).slice_step(2, ..3, -1)), product);
    let row = counting(&[1, 4]).expand([5, 2, 3, 4]);
    assert_eq!(row.matmul(&b), row.contiguous().matmul(&b));
    // One matrix on the right, or on the left.
    let right = counting(&[4, 6]);
    let all = a.matmul(&right);
    assert_eq!((all.shape(), pick(&all, 7)), (&[5, 2, 3, 6][..], by_definition(&pick(&a, 7), &right)));
    let left = right.t().matmul(&a.t());
    assert_eq!((left.shape(), pick(&left, 7)), (&[5, 2, 6, 3][..], pick(&all, 7).t()));
}

#[test]
fn stacks_of_nothing() {
    let product = |a: &[usize], b: &[usize]| counting(a).matmul(&counting(b));
    assert_eq!(product(&[0, 2, 3], &[0, 3, 4]).shape(), [0, 2, 4]);
    assert_eq!(product(&[5, 2, 0], &[5, 0, 4]), Tensor::zeros([5, 2, 4]));
    assert_eq!(product(&[5, 0, 3], &[5, 3, 4]).shape(), [5, 0, 4]);
    assert_eq!(product(&[5, 2, 3], &[3, 0]).shape(), [5, 2, 0]);
    assert_eq!(product(&[0, 2, 3], &[3, 4]).shape(), [0, 2, 4]);
    assert_eq!(product(&[1, 2, 3], &[0, 3, 1]).shape(), [0, 2, 1]);
}

#[test]
fn bits_do_not_depend_on_threads() {
    let wave = |shape: &[usize]| Tensor::<f32>::from_fn(shape, |i| (i as f32 * 0.37).sin());
    let stack = |batch: usize, m, n| if batch == 1 { wave(&[m, n]) } else { wave(&[batch, m, n]) };
    let sizes = [
        [1, 128, 784, 400],
        [1, 500, 30, 250],
        [1, 1, 784, 100],
        [1, 130, 3000, 700],
        [1, 512, 64, 500],
        // With two threads one row is left for the second.
        [1, 13, 3000, 40],
        [1, 2, 3000, 700],
        [1, 512, 500, 32],
        [300, 17, 33, 9],
        [3, 110, 120, 90],
    ];
    for [batch, m, k, n] in sizes {
        let (a, b) = (stack(batch, m, k), stack(batch, k, n));
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let turned = b.t().contiguous();
            pool.install(|| [a.matmul(&b), a.t().matmul(&a.matmul(&b)), a.matmul(&turned.t())])
        };
        let one = run(1);
        for threads in [2, 3, 4] {
            assert!(run(threads) == one, "{batch} of {m}×{k}×{n} with {threads} threads");
        }
    }
}

#[test]
#[should_panic(expected = "matmul: inner sizes differ: [32, 784] times [512, 784]; did you mean `b.t()`?")]
fn inner_sizes() {
    Tensor::<f32>::zeros([32, 784]).matmul(&Tensor::zeros([512, 784]));
}

#[test]
#[should_panic(expected = "matmul: the leading axes of [2, 3, 4] and [3, 4, 5] do not broadcast")]
fn leading_axes() {
    counting(&[2, 3, 4]).matmul(&counting(&[3, 4, 5]));
}

#[test]
#[should_panic(
    expected = "matmul: both need two axes, not [2, 3] times [3]; `unsqueeze` makes a vector a row or a \
                column, and `dot` multiplies two vectors"
)]
fn vectors() {
    counting(&[2, 3]).matmul(&counting(&[3]));
}
