use super::*;

fn counting(shape: &[usize]) -> Tensor<f64> {
    Tensor::from_fn(shape, |i| i as f64)
}

#[test]
fn views_share_memory() {
    let a = counting(&[2, 3]);
    for view in [a.t(), a.permute([1, 0]), a.reshape([3, 2]), a.expand([4, 2, 3]), a.slice(1, 1..3)] {
        assert!(Arc::ptr_eq(&a.buffer, &view.buffer));
    }
    assert!(!Arc::ptr_eq(&a.buffer, &a.t().contiguous().buffer));
    assert!(!Arc::ptr_eq(&a.buffer, &a.t().reshape([6]).buffer));
}

#[test]
fn views_read_the_right_elements() {
    let a = counting(&[2, 3]);
    assert_eq!(a.t().reshape([6]).to_vec(), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_eq!(a.slice_step(1, ..3, 2).to_vec(), [0.0, 2.0, 3.0, 5.0]);
    assert_eq!(a.slice_step(1, ..3, -1).to_vec(), [2.0, 1.0, 0.0, 5.0, 4.0, 3.0]);
    assert_eq!(a.slice_step(1, ..3, -2).to_vec(), [2.0, 0.0, 5.0, 3.0]);
    assert_eq!(a.slice(0, 2..2).shape(), [0, 3]);
    assert_eq!(counting(&[0, 3]).slice(1, 1..3), counting(&[0, 2]));
    assert!(counting(&[3, 0]).slice_step(0, ..3, -1).slice(0, 2..3).to_vec().is_empty());
    assert_eq!(counting(&[2, 1]).expand([2, 2]).to_vec(), [0.0, 0.0, 1.0, 1.0]);
    assert_eq!(a.slice(0, 1..2).make_mut(), [3.0, 4.0, 5.0]);
}

#[test]
fn a_reshape_copies_only_what_no_strides_express() {
    let a = counting(&[4, 3, 2]);
    let shares = |x: &Tensor<f64>, shape: &[usize]| {
        let y = x.reshape(shape);
        assert_eq!(y.to_vec(), x.to_vec(), "{:?} as {shape:?}", x.shape());
        Arc::ptr_eq(&x.buffer, &y.buffer)
    };
    let last_first = a.permute([2, 0, 1]); // [2, 4, 3]: the 4 and the 3 lie evenly
    assert!(shares(&last_first, &[2, 12]) && shares(&last_first, &[2, 1, 2, 6]));
    assert!(!shares(&last_first, &[4, 6]) && !shares(&last_first, &[24]));
    assert!(!shares(&a.permute([2, 1, 0]), &[2, 12]));
    let backwards = a.slice_step(0, ..4, -1); // axis 0 runs the other way
    assert!(shares(&backwards, &[2, 2, 6]) && !shares(&backwards, &[24]));
    let repeated = counting(&[1, 3]).expand([4, 3]);
    assert!(shares(&repeated, &[2, 2, 1, 3]) && !shares(&repeated, &[12]));
    assert!(shares(&counting(&[1]).expand([4, 3]), &[12]));
    assert!(shares(&a.slice_step(2, ..2, 2), &[12]), "every second element");
    assert!(shares(&counting(&[0, 3]).t(), &[0, 7]));
    assert!(shares(&counting(&[]), &[1, 1]) && shares(&counting(&[1, 1]).t(), &[]));
}

#[test]
#[should_panic(expected = "reshape: [2, 3] has 6 elements, [4] has 4")]
fn bad_reshape() {
    counting(&[2, 3]).reshape([4]);
}

#[test]
#[should_panic(expected = "expand: [2, 3] does not broadcast to [2, 4]")]
fn bad_expand() {
    counting(&[2, 3]).expand([2, 4]);
}

#[test]
fn merged_axes_keep_the_order_of_memory() {
    // A batch of 5 pictures of 2 channels, whose lanes are pictures, each pixel copied.
    let lanes = Tensor::<f64>::from_fn([2, 3, 4, 5], |i| i as f64).permute([3, 0, 1, 2]);
    let copies = lanes.reshape([5, 2, 3, 1, 4, 1]).expand([5, 2, 3, 2, 4, 3]);
    let larger = copies.reshaped(&[5, 2, 6, 12]);
    assert_eq!(larger, copies.reshape([5, 2, 6, 12]));
    assert!(larger.permute([1, 2, 3, 0]).is_contiguous());
    // Where the last axis has its neighbours in memory, or no axis keeps them, the copy is in order.
    for (from, to) in [
        (Tensor::<f64>::from_fn([2, 3, 4, 5], |i| i as f64).permute([0, 2, 1, 3]), &[2, 4, 15][..]),
        (Tensor::from_fn([4, 6], |i| i as f64).t(), &[24]),
        (Tensor::from_fn([4, 6], |i| i as f64).t(), &[3, 8]),
    ] {
        assert_eq!(from.reshaped(to), from.reshape(to));
        assert!(from.reshaped(to).is_contiguous(), "{:?} to {to:?}", from.shape());
    }
    assert_eq!(lanes.slice(0, ..0).reshaped(&[0, 24]).shape(), [0, 24]);
}

#[test]
fn copies_of_repeated_elements() {
    let rows = counting(&[3, 2, 40, 50]);
    for (source, times) in [
        (rows.clone(), [2, 2]),
        (rows.clone(), [1, 3]),
        (rows.permute([1, 0, 3, 2]), [3, 2]),
        (rows.slice_step(3, .., -2), [2, 16]),
        (rows.slice(0, ..0), [2, 2]),
    ] {
        let [a, b, height, width] = [0, 1, 2, 3].map(|axis| source.shape()[axis]);
        let copies =
            source.reshape([a, b, height, 1, width, 1]).expand([a, b, height, times[0], width, times[1]]);
        let larger = copies.reshape([a, b, height * times[0], width * times[1]]);
        assert!(larger.is_contiguous());
        let expected = Tensor::from_fn(larger.shape(), |i| {
            let (x, y) = (i % (width * times[1]), i / (width * times[1]) % (height * times[0]));
            let picture = i / (width * times[1] * height * times[0]);
            source[[picture / b, picture % b, y / times[0], x / times[1]]]
        });
        assert_eq!(larger, expected, "{times:?}");
    }
}
