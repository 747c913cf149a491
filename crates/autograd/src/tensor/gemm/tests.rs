//! The kernel against the definition, for every size, layout and instruction set.

use pulp::Arch;

use super::strips::PRODUCTS;
use super::*;

/// A matrix in a buffer of its own, row by row or column by column, with room to spare around it.
struct Owned {
    buffer: Vec<f32>,
    shape: [usize; 2],
    strides: [isize; 2],
}

impl Owned {
    fn new([rows, columns]: [usize; 2], upright: bool, f: impl Fn(usize, usize) -> f32) -> Self {
        let strides = if upright { [columns as isize + 3, 1] } else { [1, rows as isize + 2] };
        let mut buffer = vec![f32::NAN; 7 + (rows + 2) * (columns + 3)];
        for i in 0..rows {
            for j in 0..columns {
                buffer[5 + i * strides[0] as usize + j * strides[1] as usize] = f(i, j);
            }
        }
        Owned { buffer, shape: [rows, columns], strides }
    }

    fn matrix(&self) -> Matrix<'_, f32> {
        Matrix { buffer: &self.buffer, offset: 5, shape: self.shape, strides: self.strides }
    }
}

/// Small whole numbers: every sum is exact, so every order of adding gives the same.
fn number(i: usize, j: usize) -> f32 {
    ((i * 7 + j * 5) % 9) as f32 - 4.0
}

fn computed(a: &Owned, b: &Owned, bias: Bias<f32>, run: impl FnOnce(Product<f32>)) -> Vec<f32> {
    let [m, n] = [a.shape[0], b.shape[1]];
    let mut out = vec![f32::NAN; m * n];
    let place = Place { start: out.as_mut_ptr(), strides: [n as isize, 1] };
    let (a, b) = (a.matrix(), b.matrix());
    run(Product { kernel: Kernel::of(&a, &b, &place), a, b, bias, out: place });
    out
}

fn by_definition(a: &Owned, b: &Owned) -> Vec<f32> {
    let at =
        |x: &Owned, i: usize, j: usize| x.buffer[5 + i * x.strides[0] as usize + j * x.strides[1] as usize];
    let [m, k, n] = [a.shape[0], a.shape[1], b.shape[1]];
    (0..m * n).map(|e| (0..k).map(|p| at(a, e / n, p) * at(b, p, e % n)).sum()).collect()
}

/// Sizes around every border of tiles and stretches.
fn shapes() -> impl Iterator<Item = [usize; 3]> {
    let [ms, ks, ns] = [
        &[1, 2, 3, 5, 6, 7, 13][..],
        &[1, 2, 16, 37, DEPTH, DEPTH + 1],
        &[1, 4, 15, 16, 17, 64, 65, 100, 131],
    ];
    ms.iter().flat_map(move |&m| ks.iter().flat_map(move |&k| ns.iter().map(move |&n| [m, k, n])))
}

#[test]
fn every_size_layout_and_instruction_set() {
    for [m, k, n] in shapes() {
        for (left, right) in [(true, true), (true, false), (false, true), (false, false)] {
            let (a, b) = (Owned::new([m, k], left, number), Owned::new([k, n], right, number));
            let expected = by_definition(&a, &b);
            let native = computed(&a, &b, Bias::NONE, |p| Arch::new().dispatch(&p));
            assert!(native == expected, "{m}×{k}×{n} {left} {right}");
            if k < DEPTH {
                // Without any vector instructions, as on a processor that has none of ours.
                let portable = computed(&a, &b, Bias::NONE, |p| p.with_simd(pulp::Scalar::new()));
                assert!(portable == expected, "{m}×{k}×{n} {left} {right}, portable");
            }
        }
    }
}

#[test]
fn what_is_copied_into_strips_has_the_bits_of_what_is_not() {
    let third = |i: usize, j: usize| (number(i, j) + 0.5) / 3.0;
    // Tiles of equal heights and of two, one stretch and several, whole panels and parts.
    for [m, k, n] in
        [[513, PRODUCTS, 128], [512, PRODUCTS + 1, 145], [517, DEPTH + 3, 131], [540, 2 * DEPTH, 128]]
    {
        let product = |upright: bool| {
            let (a, b) = (Owned::new([m, k], upright, third), Owned::new([k, n], true, third));
            computed(&a, &b, Bias::NONE, |p| {
                assert_eq!(Strips::of(&p, PRODUCTS).is_some(), !upright);
                Arch::new().dispatch(&p);
            })
        };
        assert!(product(true) == product(false), "{m}×{k}×{n}");
    }
}

#[test]
fn a_bias_is_added_once() {
    let numbers: Vec<f32> = (0..200).map(|i| i as f32).collect();
    for [m, k, n] in shapes() {
        let (a, b) = (Owned::new([m, k], true, number), Owned::new([k, n], true, number));
        let plain = by_definition(&a, &b);
        let rows = computed(&a, &b, Bias { axis: 0, numbers: &numbers[..m] }, |p| Arch::new().dispatch(&p));
        let columns =
            computed(&a, &b, Bias { axis: 1, numbers: &numbers[..n] }, |p| Arch::new().dispatch(&p));
        assert!((0..m * n).all(|e| rows[e] == plain[e] + numbers[e / n]), "{m}×{k}×{n}");
        assert!((0..m * n).all(|e| columns[e] == plain[e] + numbers[e % n]), "{m}×{k}×{n}");
    }
}

#[test]
fn small_products_have_the_bits_of_tiles() {
    let third = |i: usize, j: usize| (number(i, j) + 0.5) / 3.0;
    let numbers: Vec<f32> = (0..40).map(|i| third(i, 1)).collect();
    for [m, k, n] in [[1, 8, 16], [16, 1, 8], [3, 17, 31], [7, 9, 32], [2, 40, 5]] {
        let (a, b) = (Owned::new([m, k], false, third), Owned::new([k, n], true, third));
        for bias in [Bias::NONE, Bias { axis: 0, numbers: &numbers }, Bias { axis: 1, numbers: &numbers }] {
            let by = |kernel| computed(&a, &b, bias, |p| Arch::new().dispatch(&Product { kernel, ..p }));
            assert!(by(Kernel::Small) == by(Kernel::Tiles), "{m}×{k}×{n}");
            computed(&a, &b, bias, |p| assert_eq!(p.kernel, Kernel::Small, "{m}×{k}×{n}"));
        }
    }
}

#[test]
fn copies_in_blocks() {
    for shape in [[1, 1], [15, 17], [16, 16], [33, 50]] {
        for upright in [true, false] {
            let x = Owned::new(shape, upright, number);
            let mut out = vec![f32::NAN; shape[0] * shape[1]];
            x.matrix().copy_to(&mut out);
            assert!(out.iter().enumerate().all(|(e, &y)| y == number(e / shape[1], e % shape[1])));
        }
    }
}

#[test]
#[should_panic(expected = "matrix outside its buffer")]
fn a_matrix_beyond_its_buffer() {
    let buffer = [0.0_f32; 11];
    Matrix { buffer: &buffer, offset: 0, shape: [3, 4], strides: [4, 1] }.copy_to(&mut [0.0; 12]);
}
