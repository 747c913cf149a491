use super::*;

fn counting(shape: &[usize]) -> Tensor<f64> {
    Tensor::from_fn(shape, |i| i as f64)
}

#[test]
fn rows_by_index() {
    let a = counting(&[2, 3, 2]);
    assert_eq!(a.index_select(0, &[1, 1]).to_vec()[..6], [6.0, 7.0, 8.0, 9.0, 10.0, 11.0]);
    assert_eq!(a.index_select(1, &[2, 0]).to_vec(), [4.0, 5.0, 0.0, 1.0, 10.0, 11.0, 6.0, 7.0]);
    assert_eq!(a.t().index_select(-1, &[1]).to_vec(), [2.0, 3.0, 8.0, 9.0]);
    assert_eq!(a.index_select(1, &[]).shape(), [2, 0, 2]);
    assert_eq!(counting(&[3, 0]).index_select(0, &[2]).shape(), [1, 0]);
}

#[test]
fn rows_add_up() {
    let a = counting(&[3, 2]);
    assert_eq!(a.index_add(0, 4, &[1, 3, 1]).to_vec(), [0.0, 0.0, 4.0, 6.0, 0.0, 0.0, 2.0, 3.0]);
    assert_eq!(a.index_add(1, 2, &[1, 1]).to_vec(), [0.0, 1.0, 0.0, 5.0, 0.0, 9.0]);
    assert_eq!(counting(&[0, 2]).index_add(0, 1, &[]).to_vec(), [0.0, 0.0]);
    assert!(counting(&[2, 0]).index_add(1, 0, &[]).is_empty());
    let (wide, index) = (counting(&[900, 50]), (0..50).map(|k| k * k % 37).collect::<Vec<_>>());
    let turned = wide.t().index_add(0, 40, &index);
    assert_eq!(wide.index_add(1, 40, &index), turned.t(), "rows of one number");
    let blocks = wide.reshape([300, 3, 50]);
    let middle = blocks.permute([0, 2, 1]).index_add(1, 40, &index);
    assert_eq!(middle.permute([0, 2, 1]), turned.t().reshape([300, 3, 40]), "many blocks");
}

#[test]
fn elements_by_index() {
    let a = counting(&[2, 3]);
    let columns = Indices::from_vec([2, 2], vec![2, 0, 1, 1]);
    assert_eq!(a.gather(1, &columns).to_vec(), [2.0, 0.0, 4.0, 4.0]);
    let zeros = Tensor::zeros([2, 3]);
    assert_eq!(
        zeros.scatter_add(1, &columns, &a.gather(1, &columns)).to_vec(),
        [0.0, 0.0, 2.0, 0.0, 8.0, 0.0]
    );
    let rows = Indices::from_vec([1, 3], vec![1, 0, 1]);
    assert_eq!(a.gather(0, &rows).to_vec(), [3.0, 1.0, 5.0]);
    assert_eq!(zeros.scatter_add(0, &rows, &a.gather(0, &rows)).to_vec(), [0.0, 1.0, 0.0, 3.0, 0.0, 5.0]);
    let none = Indices::from_vec([2, 0], vec![]);
    assert_eq!(a.gather(1, &none).shape(), [2, 0]);
    assert_eq!(zeros.scatter_add(1, &none, &a.gather(1, &none)), zeros);
}

#[test]
fn bits_do_not_depend_on_threads() {
    let a = Tensor::<f32>::from_fn([301, 177], |i| ((i * 7919) % 1013) as f32 * 1e-3 - 0.4);
    let index = Indices::from_vec([301, 177], (0..301 * 177).map(|i| (i * i) % 23).collect());
    let rows: Vec<usize> = index.as_slice()[..301].to_vec();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let onto = |axis, shape| Tensor::zeros(shape).scatter_add(axis, &index, &a);
        let added = || [a.index_add(0, 23, &rows), onto(0, [23, 177]), onto(1, [301, 23])];
        pool.install(|| (added(), a.gather(0, &index), a.index_select(0, &rows)))
    };
    let one = run(1);
    for threads in [2, 3, 8] {
        assert!(run(threads) == one, "{threads} threads");
    }
}

#[test]
#[should_panic(
    expected = "index_select: index 3 is out of range for axis 1 of shape [2, 3], which has size 3"
)]
fn row_out_of_range() {
    counting(&[2, 3]).index_select(-1, &[0, 3]);
}

#[test]
#[should_panic(expected = "gather: indices of shape [3, 1] do not fit [2, 3] outside axis 1")]
fn indices_of_another_shape() {
    counting(&[2, 3]).gather(1, &Indices::from_vec([3, 1], vec![0; 3]));
}

#[test]
#[should_panic(expected = "from_vec: shape [2, 2] has 4 indices, but 3 were given")]
fn too_few_indices() {
    Indices::from_vec([2, 2], vec![0; 3]);
}
