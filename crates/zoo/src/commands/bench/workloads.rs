//! The workloads, as a user would write them.

use autograd::{Conv, ConvTranspose, Name, Recorded, Tape, Tensor, Tree, Var, tree, value};
use nn::layers::{Conv2d, ConvTranspose2d};
use nn::losses;
use nn::optim::Rule;
use nn::{Activation, Adam, Init, Linear, Mlp, Optimizer, Purpose, Sgd, generator};

use super::Stepper;
use super::numbers::{normal, signs, weights};

pub(super) type Rest = Tensor<f32>;

/// Encoder and decoder, for W1, W2, W4, W6 and W7.
struct Autoencoder<W> {
    encoder: Mlp<W>,
    decoder: Mlp<W>,
}
tree!(Autoencoder { encoder, decoder });

impl Autoencoder<Rest> {
    fn new(encoder: &[usize], activation: Activation) -> Self {
        let decoder: Vec<usize> = encoder.iter().rev().copied().collect();
        started(Autoencoder { encoder: mlp(encoder, activation), decoder: mlp(&decoder, activation) })
    }
}

/// Layers without weights, which come from [`started`].
fn mlp(widths: &[usize], activation: Activation) -> Mlp<Rest> {
    let layers = widths.windows(2).map(|pair| linear(pair[0], pair[1])).collect();
    Mlp { layers, activation }
}

pub(super) fn linear(inputs: usize, outputs: usize) -> Linear<Rest> {
    Linear::new(inputs, outputs, Init::Zeros, &mut generator(0, Purpose::Init, 0, 0))
}

impl<'t> Autoencoder<Var<'t, f32>> {
    fn logits(&self, x: Var<'t, f32>) -> Var<'t, f32> {
        self.decoder.forward(self.encoder.forward(x))
    }
}

/// W3. Mean and logarithm of the variance come from layers of their own.
struct Vae<W> {
    hidden: Linear<W>,
    mu: Linear<W>,
    log_var: Linear<W>,
    decoder: Mlp<W>,
}
tree!(Vae { hidden, mu, log_var, decoder });

impl Vae<Rest> {
    fn new() -> Self {
        let (hidden, mu, log_var) = (linear(784, 400), linear(400, 20), linear(400, 20));
        started(Vae { hidden, mu, log_var, decoder: mlp(&[20, 400, 784], Activation::Relu) })
    }
}

impl<'t> Vae<Var<'t, f32>> {
    fn loss(&self, x: Var<'t, f32>, eps: Var<'t, f32>) -> Var<'t, f32> {
        let h = self.hidden.forward(x).relu();
        let (mu, log_var) = (self.mu.forward(h), self.log_var.forward(h));
        let z = mu + (log_var * 0.5).exp() * eps;
        losses::bce_with_logits(self.decoder.forward(z), x) + zoo::terms::gaussian_kl(mu, log_var)
    }
}

/// W5.
struct ConvAutoencoder<W> {
    first: Conv2d<W>,
    second: Conv2d<W>,
    to_code: Linear<W>,
    from_code: Linear<W>,
    third: ConvTranspose2d<W>,
    last: ConvTranspose2d<W>,
}
tree!(ConvAutoencoder { first, second, to_code, from_code, third, last });

impl ConvAutoencoder<Rest> {
    fn new() -> Self {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let (kernel, stride, padding) = ([3, 3], [2, 2], [1, 1]);
        let down = Conv { stride, padding, ..Conv::default() };
        let up = ConvTranspose { stride, padding, output_padding: [1, 1], ..ConvTranspose::default() };
        let init = Init::Zeros;
        started(ConvAutoencoder {
            first: Conv2d::new([1, 16], kernel, down, init, from),
            second: Conv2d::new([16, 32], kernel, down, init, from),
            to_code: linear(1568, 32),
            from_code: linear(32, 1568),
            third: ConvTranspose2d::new([32, 16], kernel, up, init, from),
            last: ConvTranspose2d::new([16, 1], kernel, up, init, from),
        })
    }
}

impl<'t> ConvAutoencoder<Var<'t, f32>> {
    fn logits(&self, x: Var<'t, f32>) -> Var<'t, f32> {
        let batch = x.shape()[0];
        let h = self.first.forward(x.reshape([batch, 1, 28, 28])).relu(); // [batch, 16, 14, 14]
        let h = self.second.forward(h).relu(); // [batch, 32, 7, 7]
        let code = self.to_code.forward(h.flatten(1)); // [batch, 32]
        let h = self.from_code.forward(code).relu().reshape([batch, 32, 7, 7]);
        let h = self.third.forward(h).relu(); // [batch, 16, 14, 14]
        self.last.forward(h).flatten(1)
    }
}

/// The weights that every framework starts from: stream 1, 2 … for each weight in turn, biases 0. Weights of one axis,
/// which are those of normalizations, and running statistics stay.
pub(super) fn started<M: Tree<Rest>>(mut model: M) -> M {
    let mut stream = 0;
    model.visit_mut(Name::Root, &mut |name, parameter| {
        let (shape, name) = (parameter.shape().to_vec(), name.to_string());
        let Some((rows, columns)) = shape.split_first().filter(|(_, columns)| !columns.is_empty()) else {
            if name.contains("bias") {
                *parameter = Tensor::zeros(&shape);
            }
            return;
        };
        stream += 1;
        let inputs = if TRANSPOSED.contains(&name.as_str()) {
            rows * shape[2] * shape[3]
        } else if name.ends_with("weight_ih_l0") {
            128 // a recurrent layer counts its units
        } else {
            columns.iter().product()
        };
        *parameter = weights(stream, &shape, inputs);
    });
    model
}

/// The weights of transposed convolutions have their inputs first.
const TRANSPOSED: [&str; 5] = ["third.weight", "last.weight", "up.0.weight", "up.1.weight", "up.2.weight"];

/// The mean cross-entropy of all pixels.
pub(super) fn bce<'t>(logits: Var<'t, f32>, x: Var<'t, f32>) -> Var<'t, f32> {
    losses::bce_with_logits(logits, x) / x.shape()[1] as f64
}

fn mse<'t>(x_hat: Var<'t, f32>, x: Var<'t, f32>) -> Var<'t, f32> {
    losses::squared_error(x_hat, x) / x.shape()[1] as f64
}

/// Training of a model by an optimizer. The loss is recorded in every step, or once and replayed.
pub(super) fn training<M, I, R>(
    mut model: M,
    mut optimizer: Optimizer<f32, R>,
    inputs: impl Fn(usize) -> I + 'static,
    replayed: bool,
    loss: impl for<'t> Fn(M::With<Var<'t, f32>>, I::With<Var<'t, f32>>, &'t Tape<f32>) -> Var<'t, f32>
    + Send
    + 'static,
) -> Stepper
where
    M: Tree<Rest> + 'static,
    I: Tree<Rest> + 'static,
    R: Rule<f32>,
{
    let shown = |value: f32, want: bool| if want { f64::from(value) } else { 0.0 };
    if replayed {
        let mut loss = Recorded::new(&model, &inputs(0), loss);
        return Box::new(move |i, want| {
            shown(optimizer.minimize_recorded(&mut model, &inputs(i), &mut loss), want)
        });
    }
    Box::new(move |i, want| {
        let value = optimizer.minimize(&mut model, |model, tape| {
            loss(model, inputs(i).map(Name::Root, &mut |_, input| tape.constant(input)), tape)
        });
        shown(value, want)
    })
}

/// The steps of a workload. All exist: the name was checked.
pub(super) fn stepper(workload: &str, batches: Vec<Rest>, replayed: bool) -> Stepper {
    let batch = batches[0].shape()[0];
    let x = move |i: usize| batches[i % batches.len()].clone();
    let adam = Adam::new(1e-3);
    let deep = || Autoencoder::new(&[784, 1000, 500, 250, 30], Activation::Relu);
    match workload {
        "W1" => {
            training(Autoencoder::new(&[784, 128, 32], Activation::Relu), adam, x, replayed, |model, x, _| {
                mse(model.logits(x).sigmoid(), x)
            })
        }
        "W2" => training(deep(), adam, x, replayed, |model, x, _| bce(model.logits(x), x)),
        "W3" => {
            let noise = normal(batch, 20);
            let inputs = move |i: usize| (x(i), noise[i % noise.len()].clone());
            training(Vae::new(), adam, inputs, replayed, |model, (x, eps), _| model.loss(x, eps))
        }
        "W4" => {
            let probes = signs(batch, 64);
            let inputs = move |i: usize| (x(i), probes[i % probes.len()].clone());
            let model = Autoencoder::new(&[784, 256, 64], Activation::Sigmoid);
            training(model, adam, inputs, replayed, move |model, (x, v), _| {
                let h = model.encoder.forward(x).sigmoid();
                let along = h.vjp(v, &[x])[0]; // vᵀ J for every example
                let x_hat = model.decoder.forward(h).sigmoid();
                mse(x_hat, x) + along.square().sum() * (0.1 / batch as f64)
            })
        }
        "W8" | "W9" | "W10" | "W11" | "W12" | "W13" | "W14" | "W15" => {
            super::larger::stepper(workload, batch, x, replayed)
        }
        "W5" => training(ConvAutoencoder::new(), adam, x, replayed, |model, x, _| bce(model.logits(x), x)),
        "W6" => {
            let model = Autoencoder::new(&[8, 16], Activation::Relu);
            training(model, Sgd::new(0.01), x, replayed, |model, x, _| {
                mse(model.decoder.forward(model.encoder.forward(x).relu()), x)
            })
        }
        _ => {
            let model = deep();
            let mut recorded =
                replayed.then(|| Recorded::new(&model, &x(0), |model, x, _tape| model.logits(x).sigmoid()));
            Box::new(move |i, want| {
                let y = match &mut recorded {
                    Some(recorded) => recorded.value(&model, &x(i)),
                    None => value(&model, |model, tape| model.logits(tape.constant(x(i))).sigmoid()),
                };
                if want { f64::from(y.sum_to([]).item()) / y.len() as f64 } else { 0.0 }
            })
        }
    }
}
