use crate::{Keep, SortOrder, Tape, Tensor, Var, Window};

/// The values and the gradient of `f` of a matrix with these rows.
fn at<const M: usize, const N: usize>(
    rows: [[f64; N]; M],
    f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>,
) -> [Vec<f64>; 2] {
    let tape = Tape::new();
    let x = tape.var(Tensor::from_vec([M, N], rows.concat()));
    let y = f(x);
    [y.value().to_vec(), y.sum().backward().wrt(x).to_vec()]
}

#[test]
fn ties_share_evenly() {
    let rows = [[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]];
    let third = 1.0 / 3.0;
    assert_eq!(at(rows, |x| x.max_over(1)), [vec![3.0, 2.0], vec![0.0, 0.5, 0.5, third, third, third]]);
    assert_eq!(at(rows, |x| x.min_over(1)), [vec![1.0, 2.0], vec![1.0, 0.0, 0.0, third, third, third]]);
    assert_eq!(at(rows, |x| x.max()), [vec![3.0], vec![0.0, 0.5, 0.5, 0.0, 0.0, 0.0]]);
    assert_eq!(at(rows, |x| x.min_over(0)), [vec![1.0, 2.0, 2.0], vec![1.0, 0.0, 0.0, 0.0, 1.0, 1.0]]);
}

#[test]
fn infinities_are_ordinary_and_nan_stays() {
    let [values, slopes] = at([[f64::NEG_INFINITY, f64::INFINITY]], |x| x.max());
    assert_eq!((values, slopes), (vec![f64::INFINITY], vec![0.0, 1.0]));
    let nan = f64::NAN;
    for (row, expected) in [
        ([nan, 1.0, 2.0], [1.0, 0.0, 0.0]),
        ([1.0, 2.0, nan], [0.0, 0.0, 1.0]),
        ([f64::INFINITY, nan, f64::NEG_INFINITY], [0.0, 1.0, 0.0]),
        ([nan, 1.0, nan], [0.5, 0.0, 0.5]),
    ] {
        // The other row is not touched.
        let other = [2.0, 7.0, 3.0];
        for [values, slopes] in [at([row, other], |x| x.max_over(1)), at([row, other], |x| x.min_over(1))] {
            assert!(values[0].is_nan() && values[1] != 3.0 && slopes[..3] == expected, "{row:?}: {slopes:?}");
            assert_eq!(slopes[3..].iter().sum::<f64>(), 1.0);
        }
        for [values, slopes] in [at([row], |x| x.max()), at([row], |x| x.min())] {
            assert!(values[0].is_nan() && slopes == expected, "{row:?}: {slopes:?}");
        }
        assert!(at([row], |x| x.logsumexp())[0][0].is_nan());
    }
}

#[test]
fn nan_is_followed_by_every_operation_that_chooses() {
    let row = [1.0, f64::NAN, 3.0, 2.0];
    type Function = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;
    let functions: [(&str, Function); 9] = [
        ("max", |x| x.max()),
        ("min", |x| x.min()),
        ("max_over", |x| x.max_over(Keep(-1))),
        ("min_over", |x| x.min_over([0, 1])),
        ("maximum", |x| x.maximum(2.5).slice(1, 1..2)),
        ("minimum", |x| x.minimum(2.5).slice(1, 1..2)),
        ("max_pool2d", |x| x.reshape([1, 1, 2, 2]).max_pool2d(Window::new([2, 2]))),
        ("sort", |x| x.sort(1, SortOrder::Descending)[0].slice(1, ..1)),
        ("top_k", |x| x.top_k(1, 1)[0]),
    ];
    for (name, f) in functions {
        let [values, slopes] = at([row], f);
        assert!(values.iter().all(|y| y.is_nan()), "{name}: {values:?}");
        assert_eq!(slopes, [0.0, 1.0, 0.0, 0.0], "{name}");
    }
    let tape = Tape::new();
    let x = tape.var(Tensor::from_vec([4], row.to_vec()));
    assert_eq!(
        [x.argmax(), x.argmin(), x.argmax_over(0), x.argmin_over(0)].map(|place| place.item()),
        [1.0; 4]
    );
}

#[test]
fn logsumexp_of_huge_and_infinite_numbers() {
    let half = 0.5_f64;
    let [values, slopes] = at([[1e4, 1e4], [-1e4, -1e4], [-1e4, 1e4]], |x| x.logsumexp_over(1));
    assert_eq!(values, [1e4 + 2.0_f64.ln(), -1e4 + 2.0_f64.ln(), 1e4]);
    assert_eq!(slopes, [half, half, half, half, 0.0, 1.0]);
    assert_eq!(at([[0.0, -40.0]], |x| x.logsumexp())[0], [f64::exp(-40.0)]);
    let rows = [[f64::NEG_INFINITY, f64::NEG_INFINITY], [f64::NEG_INFINITY, 2.0], [f64::INFINITY, 2.0]];
    let [values, slopes] = at(rows, |x| x.logsumexp_over(1));
    assert_eq!(values, [f64::NEG_INFINITY, 2.0, f64::INFINITY]);
    assert_eq!(slopes[..4], [0.0, 0.0, 0.0, 1.0]);
    assert!(slopes[4].is_nan());
    assert_eq!(slopes[5], 0.0);
    let tape = Tape::<f32>::new();
    for large in [1e8, 1e38, -1e38] {
        let x = tape.var(Tensor::full([2], large));
        let y = x.logsumexp();
        assert_eq!(f64::from(y.item()), f64::from(large as f32));
        assert_eq!(
            (y.backward().wrt(x).to_vec(), y.grad([x])[0].value().to_vec()),
            (vec![0.5; 2], vec![0.5; 2])
        );
    }
}

#[test]
fn logsumexp_of_masked_rows_at_higher_orders() {
    let tape = Tape::<f64>::new();
    let x = tape
        .var(Tensor::from_vec([2, 2], vec![f64::NEG_INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY, 2.0]));
    let [dy] = x.logsumexp_over(1).sum().grad([x]);
    let [ddy] = (dy * dy).sum().grad([x]);
    assert_eq!(ddy.value().to_vec(), [0.0; 4]);
}

#[test]
fn no_elements() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::zeros([2, 0]));
    assert_eq!(x.logsumexp_over(1).value().to_vec(), [f64::NEG_INFINITY; 2]);
    assert_eq!(x.max_over(0).shape().as_slice(), [0]);
}

#[test]
#[should_panic(expected = "max_over: shape [2, 0] has no elements to choose from")]
fn largest_of_none() {
    let tape = Tape::<f64>::new();
    tape.var(Tensor::zeros([2, 0])).max_over(1);
}

#[test]
#[should_panic(expected = "min: shape [0] has no elements to choose from")]
fn smallest_of_none() {
    let tape = Tape::<f64>::new();
    tape.var(Tensor::zeros([0])).min();
}
