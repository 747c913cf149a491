use super::Correction::{Population, Sample};
use crate::{Keep, Tape, Tensor, gradcheck};

#[test]
fn products_with_zeros() {
    let tape = Tape::<f64>::new();
    let rows = vec![0.0, 2.0, 3.0, 0.0, 0.0, 3.0, 1.0, 2.0, 3.0];
    let x = tape.var(Tensor::from_vec([3, 3], rows));
    let y = x.prod_over(1);
    assert_eq!(y.value().to_vec(), [0.0, 0.0, 6.0]);
    let slopes = [6.0, 0.0, 0.0, 0.0, 0.0, 0.0, 6.0, 3.0, 2.0];
    assert_eq!(y.sum().backward().wrt(x).to_vec(), slopes);
    for zeros in 0..=4 {
        let x = Tensor::from_fn([5], |i| if i < zeros { 0.0 } else { 0.4 + 0.3 * i as f64 });
        for order in 1..=3 {
            // The linear part keeps the result away from 0 for finite differences to resolve.
            gradcheck(|[x]| (x.prod() + x.sum()) * x.sum(), [x.clone()], order).unwrap();
        }
    }
}

#[test]
fn no_elements() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::zeros([2, 0]));
    assert_eq!((x.sum().item(), x.prod().item()), (0.0, 1.0));
    assert_eq!(x.prod_over(1).value().to_vec(), [1.0, 1.0]);
    assert_eq!(x.prod_over(Keep(1)).shape().as_slice(), [2, 1]);
    for y in [x.mean(), x.var(Population), x.var(Sample), x.std(Population), x.std(Sample)] {
        assert!(y.item().is_nan());
    }
    assert!(x.mean_over(1).value().to_vec().iter().all(|y| y.is_nan()));
    assert_eq!(x.mean_over(0).shape().as_slice(), [0]);
}

#[test]
fn variance_of_one_element_and_of_equal_elements() {
    let tape = Tape::<f64>::new();
    let one = tape.var(Tensor::full([1], 7.0));
    for y in [one.var(Population), one.std(Population)] {
        assert_eq!((y.item(), y.backward().wrt(one).item()), (0.0, 0.0));
    }
    for y in [one.var(Sample), one.std(Sample)] {
        assert!(y.item().is_nan() && y.backward().wrt(one).item().is_nan());
    }
    // The sum of three times 0.1 is not three times 0.1.
    let equal = tape.var(Tensor::full([2, 3], 0.1));
    for y in [equal.var_over(1, Sample), equal.std_over(1, Sample)] {
        assert_eq!(y.value().to_vec(), [0.0, 0.0]);
        assert_eq!(y.sum().backward().wrt(equal).to_vec(), [0.0; 6]);
    }
}

#[test]
fn the_second_derivative_of_a_squared_deviation_of_equal_elements_is_not_zero() {
    let tape = Tape::<f64>::new();
    let equal = tape.var(Tensor::full([3], 0.1));
    // 2/3 (I − 1 1ᵀ / 3)
    let expected = |i: usize| 2.0 / 3.0 * (f64::from(i.is_multiple_of(4)) - 1.0 / 3.0);
    let hessian = equal.var(Population).hessian(equal).value().to_vec();
    assert!(hessian.iter().enumerate().all(|(i, h)| (h - expected(i)).abs() < 1e-15), "{hessian:?}");
    let y = equal.std(Population).square();
    assert_eq!(y.backward().wrt(equal).to_vec(), [0.0; 3]);
    assert!(y.hessian(equal).value().to_vec().iter().all(|h| h.is_nan()));
    // Of one element both are 0 everywhere, with all derivatives.
    let one = tape.var(Tensor::full([1], 7.0));
    for y in [one.var(Population), one.std(Population), one.std(Population).square()] {
        assert_eq!(y.hessian(one).item(), 0.0);
    }
}

#[test]
fn variances_near_the_largest_number() {
    for n in [2, 3, 1000] {
        let tape = Tape::<f32>::new();
        let x = tape.var(Tensor::from_fn([n], |i| if i % 2 == 0 { 1e18 } else { -1e18 }));
        let exact = if n == 3 { 8.0 / 9.0 * 1e36 } else { 1e36 };
        let y = x.var(Population);
        assert!((f64::from(y.item()) / exact - 1.0).abs() < 4.0 * f64::from(f32::EPSILON), "{}", y.item());
        let mean = if n == 3 { 1.0 / 3.0 } else { 0.0 };
        let slope = f64::from(y.backward().wrt(x).to_vec()[0]) / (2e18 * (1.0 - mean) / n as f64);
        assert!((slope - 1.0).abs() < 1e-6, "{slope}");
        assert_eq!(tape.var(Tensor::full([n], 3e38)).var_over(0, Sample).item(), 0.0);
    }
    let tape = Tape::<f64>::new();
    let equal = tape.var(Tensor::full([2, 3], 1e308));
    for y in [equal.var(Population), equal.std(Sample)] {
        assert_eq!((y.item(), y.backward().wrt(equal).to_vec()), (0.0, vec![0.0; 6]));
    }
    let far = tape.var(Tensor::from_vec([2, 2], vec![1e308, 1.2e308, 1.0, 3.0]));
    let y = far.std_over(1, Population);
    assert!((y.value().to_vec()[0] / 1e307 - 1.0).abs() < 1e-14 && y.value().to_vec()[1] == 1.0);
    // The mean of infinite numbers is infinite, and no deviation from it is a number.
    let infinite = tape.var(Tensor::from_vec([2], vec![f64::INFINITY, 1.0]));
    assert!(infinite.var(Population).item().is_nan() && infinite.std(Population).item().is_nan());
    // Where the result is too large, it is infinite.
    assert_eq!(far.var(Population).item(), f64::INFINITY);
}

#[test]
fn deviations_whose_squares_no_number_can_hold() {
    let tape = Tape::<f32>::new();
    for far in [1e-30, 1e30] {
        let x = tape.var(Tensor::from_vec([2], vec![far, -far]));
        let y = x.std(Population);
        assert!((y.item() / far - 1.0).abs() <= f32::EPSILON);
        assert_eq!(y.backward().wrt(x).to_vec(), [0.5, -0.5]);
    }
}

#[test]
fn variance_of_numbers_far_from_zero() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::from_vec([3], vec![1e9, 1e9 + 1.0, 1e9 + 2.0]));
    assert_eq!((x.var(Sample).item(), x.std(Sample).item()), (1.0, 1.0));
}

#[test]
#[should_panic(expected = "prod_over: axis 2 is out of range for shape [2, 3], which has 2 axes")]
fn wrong_axis() {
    let tape = Tape::<f64>::new();
    tape.var(Tensor::ones([2, 3])).prod_over(2);
}
