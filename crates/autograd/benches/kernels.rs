//! The kernels: how close products, convolutions and elementary functions come to what the machine can do.
//!
//! `RAYON_NUM_THREADS=1 cargo bench -p autograd --bench kernels`. Items are multiply-adds for products, elements elsewhere.

use autograd::{Conv, Tape, Tensor};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

fn wave(shape: &[usize]) -> Tensor<f32> {
    Tensor::from_fn(shape, |i| (i as f32 * 0.37).sin())
}

/// Rows, inner size, columns.
const PRODUCTS: &[[usize; 3]] =
    &[[1024, 1024, 1024], [128, 784, 1000], [128, 1000, 500], [128, 250, 30], [128, 30, 250], [1, 784, 1000]];

/// `X Wᵀ`, a linear layer forward.
#[divan::bench(args = PRODUCTS)]
fn forward(bencher: Bencher, [m, k, n]: &[usize; 3]) {
    let (x, w) = (wave(&[*m, *k]), wave(&[*n, *k]));
    bencher.counter(ItemsCount::new(m * k * n)).bench_local(|| black_box(x.matmul(&w.t())));
}

/// `Ȳ W`, the gradient of its input.
#[divan::bench(args = PRODUCTS)]
fn backward_to_the_input(bencher: Bencher, [m, k, n]: &[usize; 3]) {
    let (g, w) = (wave(&[*m, *n]), wave(&[*n, *k]));
    bencher.counter(ItemsCount::new(m * k * n)).bench_local(|| black_box(g.matmul(&w)));
}

/// `Ȳᵀ X`, the gradient of its weight.
#[divan::bench(args = PRODUCTS)]
fn backward_to_the_weight(bencher: Bencher, [m, k, n]: &[usize; 3]) {
    let (g, x) = (wave(&[*m, *n]), wave(&[*m, *k]));
    bencher.counter(ItemsCount::new(m * k * n)).bench_local(|| black_box(g.t().matmul(&x)));
}

/// A 3 × 3 convolution of stride 2 with padding, and its gradients.
#[divan::bench(args = [[1, 28, 16], [16, 14, 32]])]
fn convolution(bencher: Bencher, [inputs, size, outputs]: [usize; 3]) {
    let (x, w) = (wave(&[128, inputs, size, size]), wave(&[outputs, inputs, 3, 3]));
    let options = Conv { stride: [2, 2], padding: [1, 1], ..Conv::default() };
    bencher.bench_local(|| {
        let tape = Tape::new();
        let y = tape.var(&x).conv2d(tape.var(&w), options);
        black_box(y.sum().backward());
    });
}

const ELEMENTS: usize = 1 << 17;

#[divan::bench(args = ["exp", "ln", "tanh", "sigmoid", "softplus", "relu", "add", "sum"])]
fn elementwise(bencher: Bencher, name: &str) {
    let x = wave(&[ELEMENTS]).map(|x| x * x + 0.1);
    let function: fn(&Tensor<f32>) -> Tensor<f32> = match name {
        "exp" => |x| autograd::value(x, |x, _| x.exp()),
        "ln" => |x| autograd::value(x, |x, _| x.ln()),
        "tanh" => |x| autograd::value(x, |x, _| x.tanh()),
        "sigmoid" => |x| autograd::value(x, |x, _| x.sigmoid()),
        "softplus" => |x| autograd::value(x, |x, _| x.softplus()),
        "relu" => |x| autograd::value(x, |x, _| x.relu()),
        "add" => |x| autograd::value(x, |x, _| x + x),
        _ => |x| autograd::value(x, |x, _| x.sum()),
    };
    bencher.counter(ItemsCount::new(ELEMENTS)).bench_local(|| black_box(function(&x)));
}

/// Adam's pass over this many parameters, of which it reads four numbers each and writes three.
#[divan::bench(args = [1 << 14, 1 << 17, 2_837_314])]
fn adam(bencher: Bencher, count: usize) {
    let [mut w, mut m, mut v] = [1.0, 0.0, 0.0].map(|value| Tensor::<f32>::full([count], value));
    let gradient = wave(&[count]);
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        Tensor::update([&mut w, &mut m, &mut v], [&gradient], |[w, m, v], [g]| {
            let (m, v) = (0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g);
            [w - 1e-3 * m / (v.sqrt() + 1e-8), m, v]
        });
    });
}
