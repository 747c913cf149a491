use super::*;

#[test]
fn largest_over_any_axes() {
    let a = Tensor::from_fn([2, 3, 4], |i| ((i * 7) % 24) as f64);
    assert_eq!(a.max_to(&[]).item(), 23.0);
    assert_eq!(a.max_to(&[1, 1, 1]).item(), 23.0);
    assert_eq!(a.max_to(&[2, 3, 1]).to_vec(), [21.0, 18.0, 22.0, 19.0, 23.0, 20.0]);
    assert_eq!(a.max_to(&[3, 4]).to_vec()[..4], [12.0, 19.0, 14.0, 21.0]);
    assert_eq!(a.permute([2, 1, 0]).max_to(&[1, 1, 2]).to_vec(), [22.0, 23.0]);
    assert_eq!(Tensor::<f64>::zeros([0, 3]).max_to(&[0, 1]).shape(), [0, 1]);
}

#[test]
fn long_rows_and_many_rows() {
    let n = 3 * CHUNK + 5;
    for place in [0, 15, 16, CHUNK, n - 1] {
        let a = Tensor::from_fn([n], |i| if i == place { 2.0_f32 } else { -1.0 });
        assert_eq!(a.max_to(&[]).item(), 2.0);
        assert_eq!(a.argmax_over(0), [place]);
        let nan = a.map(|x| if x == 2.0 { f32::NAN } else { x });
        assert!(nan.max_to(&[]).item().is_nan());
        assert!(nan.reshape([1, n]).expand([2, n]).max_to(&[2, 1]).to_vec()[1].is_nan());
    }
    let rows = Tensor::from_fn([CHUNK, 3], |i| i as f64);
    assert_eq!(rows.max_to(&[CHUNK, 1]).to_vec()[CHUNK - 1], (3 * CHUNK - 1) as f64);
}

#[test]
fn places_of_ties_and_nan() {
    let a = Tensor::from_vec([3, 3], vec![1.0, 2.0, 2.0, 3.0, f64::NAN, f64::NAN, 0.0, -0.0, 0.0]);
    assert_eq!(a.argmax_over(1), [1, 1, 0]);
    assert_eq!(a.argmin_over(-1), [0, 1, 0]);
    assert_eq!(a.argmax_over(0), [1, 1, 1]);
    assert_eq!((a.t().argmax(), Tensor::scalar(5.0).argmin()), (4, 0));
    assert_eq!(Tensor::<f64>::zeros([0, 3]).argmax_over(1), [0; 0]);
    assert_eq!(Tensor::<f64>::zeros([0, 0]).argmax_over(1), [0; 0]);
}

#[test]
#[should_panic(expected = "argmax_over: shape [2, 0] has no elements to choose from along axis 1")]
fn place_in_nothing() {
    Tensor::<f64>::zeros([2, 0]).argmax_over(1);
}

#[test]
fn running_sums_of_views() {
    let a = Tensor::from_fn([2, 3], |i| i as f64);
    assert_eq!(a.t().running_sum(0, true).to_vec(), [3.0, 12.0, 3.0, 9.0, 2.0, 5.0]);
    assert_eq!(Tensor::<f64>::zeros([2, 0]).running_sum(0, false).shape(), [2, 0]);
    assert_eq!(Tensor::<f64>::zeros([0, 2]).running_sum(0, false).shape(), [0, 2]);
}

#[test]
fn bits_do_not_depend_on_threads() {
    let a = Tensor::<f32>::from_fn([97, 1031], |i| ((i * 7919) % 1013) as f32 * 1e-3 - 0.4);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let largest = || [a.max_to(&[]).to_vec(), a.max_to(&[97, 1]).to_vec()];
        pool.install(|| {
            (largest(), a.running_sum(0, false).to_vec(), a.running_sum(1, true).to_vec(), a.argmax_over(0))
        })
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert!(run(threads) == one, "{threads} threads");
    }
}
