//! What recording costs: `cargo bench -p autograd`.

use autograd::{Name, Real, Recorded, Tape, Tensor, Var, value, value_and_grad, value_and_update};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// A thousand operations on single numbers: the time is that of the bookkeeping. Divide by 1000.
#[divan::bench]
fn record_1000_scalar_operations(bencher: Bencher) {
    bencher.bench_local(|| {
        let tape = Tape::<f32>::new();
        let x = tape.var(0.5);
        black_box((0..1000).fold(x, |y, _| y * x).item())
    });
}

/// The same with the gradient.
#[divan::bench]
fn differentiate_1000_scalar_operations(bencher: Bencher) {
    bencher.bench_local(|| {
        let tape = Tape::<f32>::new();
        let x = tape.var(0.5);
        let y = (0..1000).fold(x, |y, _| y * x);
        black_box(y.backward().wrt(x).item())
    });
}

/// The weights and biases of 8-16-8.
type Tiny<W> = [(W, W); 2];

fn tiny() -> Tiny<Tensor<f32>> {
    let wave = |shape: [usize; 2]| Tensor::from_fn(shape, |i| (i as f32 * 0.37).sin() * 0.3);
    [(wave([16, 8]), Tensor::zeros([16])), (wave([8, 16]), Tensor::zeros([8]))]
}

fn tiny_loss<'t>([a, b]: Tiny<Var<'t, f32>>, x: Var<'t, f32>) -> Var<'t, f32> {
    (x.linear(a.0, a.1).relu().linear(b.0, b.1) - x).square().mean()
}

fn descend(_number: usize, _name: Name, w: &mut Tensor<f32>, g: &Tensor<f32>) {
    Tensor::update([w], [g], |[w], [g]| [w - 1e-6 * g]);
}

/// A step of gradient descent on one example, with a tape of its own.
#[divan::bench]
fn tiny_step(bencher: Bencher) {
    let (mut model, x) = (tiny(), Tensor::ones([1, 8]));
    bencher.bench_local(|| {
        value_and_update(&mut model, |model, tape| tiny_loss(model, tape.constant(&x)), &mut descend)
    });
}

/// The same step, recorded once.
#[divan::bench]
fn tiny_step_replayed(bencher: Bencher) {
    let (mut model, x) = (tiny(), Tensor::ones([1, 8]));
    let mut loss = Recorded::new(&model, &x, |model, x, _tape| tiny_loss(model, x));
    bencher.bench_local(|| loss.value_and_update(&mut model, &x, &mut descend));
}

fn parameters<T: Real>() -> Vec<Tensor<T>> {
    let shapes: [[usize; 2]; 4] = [[784, 400], [400, 20], [20, 400], [400, 784]];
    let wave = |shape: [usize; 2]| Tensor::from_fn(shape, |i| T::of((i as f64 * 0.37).sin() * 0.05));
    shapes.into_iter().map(wave).collect()
}

fn loss<'t, T: Real>(w: &[Var<'t, T>], x: &Tensor<T>) -> Var<'t, T> {
    let x = w[0].tape().constant(x);
    let h = x.matmul(w[0]).relu().matmul(w[1]).matmul(w[2]).relu().matmul(w[3]);
    (h - x).square().sum()
}

fn batch<T: Real>() -> Tensor<T> {
    Tensor::from_fn([128, 784], |i| T::of((i as f64 * 0.71).sin().abs()))
}

/// 784-400-20-400-784 on a batch of 128: the function.
#[divan::bench(types = [f32, f64])]
fn mlp_forward<T: Real>(bencher: Bencher) {
    let (w, x) = (parameters::<T>(), batch());
    bencher.bench_local(|| value(&w, |w, _| loss(&w, &x)).item());
}

/// The function and its gradient: at most 3.2 times the above, the gradient alone 2.2 times.
#[divan::bench(types = [f32, f64])]
fn mlp_forward_and_gradient<T: Real>(bencher: Bencher) {
    let (w, x) = (parameters::<T>(), batch());
    bencher.bench_local(|| value_and_grad(&w, |w, _| loss(&w, &x)).0);
}

/// `tanh` of 2²⁰ numbers and its gradient.
#[divan::bench(types = [f32, f64])]
fn tanh_of_a_million<T: Real>(bencher: Bencher) {
    let x = Tensor::from_fn([1 << 20], |i| T::of((i as f64 * 0.37).sin()));
    bencher.bench_local(|| value_and_grad(&x, |x, _| x.tanh().sum()).0);
}
