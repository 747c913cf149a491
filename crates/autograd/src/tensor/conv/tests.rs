use super::*;

fn geometry(stride: [usize; 2], padding: [usize; 2], dilation: [usize; 2], groups: usize) -> Geometry {
    let (input, kernel) = ([7, 6], [3, 2]);
    let output = std::array::from_fn(|i| {
        (input[i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i] + 1
    });
    let (batch, in_channels, out_channels) = (10, 2 * groups, 3 * groups);
    Geometry { batch, groups, in_channels, out_channels, input, output, kernel, stride, padding, dilation }
}

fn wave<T: Real>(shape: [usize; 4], phase: f64) -> Tensor<T> {
    Tensor::from_fn(shape, |i| T::of((i as f64 * 0.7 + phase).sin()))
}

/// Calls `visit` with the positions (in `x`, `w`, `y`) of every product in the definition.
fn by_definition(g: &Geometry, mut visit: impl FnMut(usize, usize, usize)) {
    let ([_, in_group, kh, kw], [_, out, oh, ow]) = (g.weight_shape(), g.output_shape());
    for i in 0..g.batch * out * oh * ow * in_group * kh * kw {
        let (rest, kx) = (i / kw, i % kw);
        let (rest, ky) = (rest / kh, rest % kh);
        let (y_at, c) = (rest / in_group, rest % in_group);
        let (rest, ox) = (y_at / ow, y_at % ow);
        let (rest, oy) = (rest / oh, rest % oh);
        let (n, o) = (rest / out, rest % out);
        let iy = (oy * g.stride[0] + ky * g.dilation[0]).wrapping_sub(g.padding[0]);
        let ix = (ox * g.stride[1] + kx * g.dilation[1]).wrapping_sub(g.padding[1]);
        if iy < g.input[0] && ix < g.input[1] {
            let channel = o / (out / g.groups) * in_group + c;
            let x_at = ((n * g.in_channels + channel) * g.input[0] + iy) * g.input[1] + ix;
            visit(x_at, ((o * in_group + c) * kh + ky) * kw + kx, y_at);
        }
    }
}

#[test]
fn all_three_products_equal_the_definition() {
    let mut checked = 0;
    let mut check = |g: Geometry| {
        let (x, w) = (wave(g.input_shape(), 0.1), wave(g.weight_shape(), 0.2));
        let y = wave(g.output_shape(), 0.3);
        let data: [Vec<f64>; 3] = [x.to_vec(), w.to_vec(), y.to_vec()];
        let mut expected = data.clone().map(|part| vec![0.0; part.len()]);
        by_definition(&g, |i, j, k| {
            expected[0][i] += data[1][j] * data[2][k];
            expected[1][j] += data[0][i] * data[2][k];
            expected[2][k] += data[0][i] * data[1][j];
        });
        for (given, expected) in [g.input(&w, &y), g.weight(&x, &y), g.output(&x, &w)].iter().zip(expected) {
            for (a, b) in given.to_vec().iter().zip(expected) {
                assert!((a - b).abs() < 1e-12, "{g:?}: {a} and {b}");
            }
            checked += 1;
        }
    };
    for stride in [[1, 1], [2, 3], [4, 1]] {
        for padding in [[0, 0], [1, 2], [4, 3]] {
            for dilation in [[1, 1], [2, 3]] {
                for (groups, batch) in [(1, 3), (2, 3), (1, 8), (2, 19)] {
                    check(Geometry { batch, ..geometry(stride, padding, dilation, groups) });
                }
                for batch in [3, 8, 35] {
                    let g = geometry(stride, padding, dilation, 5);
                    check(Geometry { batch, in_channels: 5, out_channels: 5, ..g });
                }
            }
        }
    }
    for (batch, stride, padding, groups) in
        [(3, 1, 0, 1), (8, 1, 0, 1), (35, 1, 0, 1), (19, 2, 1, 1), (19, 1, 0, 2)]
    {
        let (input, stride, padding) = ([7, 6], [stride; 2], [padding; 2]);
        let output = input.map(|size| (size + 2 * padding[0] - 1) / stride[0] + 1);
        let g = geometry(stride, padding, [1, 1], groups);
        check(Geometry { batch, input, output, kernel: [1, 1], ..g });
    }
    assert_eq!(checked, 3 * (72 + 54 + 5));
}

#[test]
fn bits_do_not_depend_on_threads() {
    let plain = geometry([1, 1], [1, 1], [1, 1], 2);
    let alone = Geometry { in_channels: 5, out_channels: 5, ..geometry([1, 1], [1, 1], [1, 1], 5) };
    let point =
        Geometry { padding: [0, 0], kernel: [1, 1], output: [7, 6], ..geometry([1, 1], [1, 1], [1, 1], 1) };
    for (batch, g) in [(5, &plain), (37, &plain), (37, &alone), (37, &point)] {
        let g = Geometry { batch, ..g.clone() };
        let (x, w) = (wave::<f32>(g.input_shape(), 0.1), wave(g.weight_shape(), 0.2));
        let y = wave(g.output_shape(), 0.3);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| [g.output(&x, &w), g.input(&w, &y), g.weight(&x, &y)])
        };
        let one = run(1);
        for threads in [2, 3, 8] {
            assert!(run(threads) == one, "{threads} threads");
        }
    }
}
