//! Workloads W8 to W15, as a user would write them: what is trained beyond autoencoders of digits.

use autograd::{Conv, ConvTranspose, Tensor, Upsample, Var, tree};
use nn::layers::{
    BatchNorm, Conv1d, Conv2d, ConvTranspose2d, Direction, Embedding, Gru, LayerNorm, LearnedPositions, Lstm,
    Recurrent, SeparableConv2d, TransformerBlock,
};
use nn::{Adam, Context, Init, Linear, Purpose, Sgd, generator, losses};

use super::Stepper;
use super::numbers::{categories, normal};
use super::workloads::{Rest, linear, started, training};

/// The steps of a workload, which takes its inputs by number.
pub(super) fn stepper(
    workload: &str,
    batch: usize,
    x: impl Fn(usize) -> Rest + 'static,
    replayed: bool,
) -> Stepper {
    let (adam, sgd) = (Adam::new(1e-3), Sgd::new(0.01));
    match workload {
        "W8" => {
            let noise = normal(batch, 64);
            let inputs = move |i: usize| (x(i), noise[i % noise.len()].clone());
            training(ConvVae::new(), adam, inputs, replayed, |model, (x, eps), _| model.loss(x, eps))
        }
        "W9" => training(Transformer::new(), adam, x, replayed, |model, tokens, _| model.loss(tokens)),
        "W10" => training(GruAutoencoder::new(), adam, x, replayed, |model, x, _| {
            let linear = [&model.code, &model.state, &model.out];
            mean_square(rewritten([&model.encoder, &model.decoder], linear, x, |h| [h]) - x)
        }),
        "W11" => training(LstmAutoencoder::new(), adam, x, replayed, |model, x, tape| {
            let linear = [&model.code, &model.state, &model.out];
            let nothing = tape.constant(Tensor::zeros([x.shape()[0], 128]));
            mean_square(rewritten([&model.encoder, &model.decoder], linear, x, |h| [h, nothing]) - x)
        }),
        "W12" => {
            let half = || (convolution([64, 64], 1), BatchNorm::new(64));
            let block = || {
                let ((first, one), (second, two)) = (half(), half());
                Basic { first, one, second, two }
            };
            training(started(vec![block(), block()]), sgd, x, replayed, |blocks, x, _| {
                mean_square(blocks.iter().fold(x, |h, block| block.forward(h)) - x)
            })
        }
        "W13" => training(SeriesAutoencoder::new(), adam, x, replayed, |model, x, _| {
            mean_square(model.forward(x) - x)
        }),
        "W14" => {
            let categories = categories(batch, &BELOW);
            let inputs = move |i: usize| (x(i), categories[i % categories.len()].clone());
            training(Table::new(), adam, inputs, replayed, |model, (x, categories), _| {
                model.loss(x, categories)
            })
        }
        _ => {
            let from = &mut generator(0, Purpose::Init, 0, 0);
            let options = Conv { padding: [1, 1], ..Conv::default() };
            let mut part =
                || (SeparableConv2d::new([64, 64], [3, 3], options, Init::Zeros, from), BatchNorm::new(64));
            training(started(vec![part(), part()]), sgd, x, replayed, |parts, x, _| {
                let y = parts
                    .iter()
                    .fold(x, |h, (convolution, norm)| normalized(norm, convolution.forward(h)).relu());
                mean_square(y - x)
            })
        }
    }
}

fn mean_square<'t>(difference: Var<'t, f32>) -> Var<'t, f32> {
    difference.square().mean()
}

/// Batch normalization in training.
fn normalized<'t>(norm: &BatchNorm<Var<'t, f32>>, x: Var<'t, f32>) -> Var<'t, f32> {
    let examples: Vec<usize> = (0..x.shape()[0]).collect();
    norm.forward(x, &mut Context::training(0, 0, &examples))
}

/// A 3 × 3 convolution with this stride.
fn convolution(channels: [usize; 2], stride: usize) -> Conv2d<Rest> {
    let options = Conv { stride: [stride; 2], padding: [1, 1], ..Conv::default() };
    Conv2d::new(channels, [3, 3], options, Init::Zeros, &mut generator(0, Purpose::Init, 0, 0))
}

/// W8.
struct ConvVae<W> {
    down: Vec<(Conv2d<W>, BatchNorm<W>)>,
    mu: Linear<W>,
    log_var: Linear<W>,
    from_code: Linear<W>,
    up: Vec<ConvTranspose2d<W>>,
    norms: Vec<BatchNorm<W>>,
}
tree!(ConvVae { down, mu, log_var, from_code, up, norms });

impl ConvVae<Rest> {
    fn new() -> Self {
        let options = ConvTranspose {
            stride: [2, 2],
            padding: [1, 1],
            output_padding: [1, 1],
            ..ConvTranspose::default()
        };
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let mut up = |channels| ConvTranspose2d::new(channels, [3, 3], options, Init::Zeros, from);
        started(ConvVae {
            down: [[3, 32], [32, 64], [64, 128]].map(|c| (convolution(c, 2), BatchNorm::new(c[1]))).into(),
            mu: linear(2048, 64),
            log_var: linear(2048, 64),
            from_code: linear(64, 2048),
            up: [[128, 64], [64, 32], [32, 3]].map(&mut up).into(),
            norms: [64, 32].map(BatchNorm::new).into(),
        })
    }
}

impl<'t> ConvVae<Var<'t, f32>> {
    fn loss(&self, x: Var<'t, f32>, eps: Var<'t, f32>) -> Var<'t, f32> {
        let batch = x.shape()[0];
        let h = self.down.iter().fold(x, |h, (down, norm)| normalized(norm, down.forward(h)).relu());
        let h = h.flatten(1); // [batch, 2048]
        let (mu, log_var) = (self.mu.forward(h), self.log_var.forward(h));
        let z = mu + (log_var * 0.5).exp() * eps;
        let mut h = self.from_code.forward(z).relu().reshape([batch, 128, 4, 4]);
        for (up, norm) in self.up.iter().zip(&self.norms) {
            h = normalized(norm, up.forward(h)).relu();
        }
        let logits = self.up[2].forward(h); // [batch, 3, 32, 32]
        losses::bce_with_logits(logits, x) + zoo::terms::gaussian_kl(mu, log_var)
    }
}

/// W9.
struct Transformer<W> {
    tokens: Embedding<W>,
    positions: LearnedPositions<W>,
    blocks: Vec<TransformerBlock<W>>,
    norm: LayerNorm<W>,
    head: Linear<W>,
}
tree!(Transformer { tokens, positions, blocks, norm, head });

impl Transformer<Rest> {
    fn new() -> Self {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let mut block = || TransformerBlock { causal: true, ..TransformerBlock::new([128, 512], 4, from) };
        let blocks = vec![block(), block()];
        started(Transformer {
            tokens: Embedding::new(32, 128, from),
            positions: LearnedPositions::new(64, 128, from),
            blocks,
            norm: LayerNorm::new([128]),
            head: linear(128, 32),
        })
    }
}

impl<'t> Transformer<Var<'t, f32>> {
    /// The mean cross-entropy of each next token, for tokens `[batch, 65]`.
    fn loss(&self, tokens: Var<'t, f32>) -> Var<'t, f32> {
        let examples: Vec<usize> = (0..tokens.shape()[0]).collect();
        let context = &mut Context::training(0, 0, &examples);
        let h = self.positions.forward(self.tokens.weight.embedding(tokens.slice(1, ..64)));
        let h = self.blocks.iter().fold(h, |h, block| block.forward(h, context));
        let logits = self.head.forward(self.norm.forward(h)); // [batch, 64, 32]
        logits.soft_cross_entropy(tokens.slice(1, 1..).one_hot(32)).mean()
    }
}

/// W10.
struct GruAutoencoder<W> {
    encoder: Gru<W>,
    code: Linear<W>,
    state: Linear<W>,
    decoder: Gru<W>,
    out: Linear<W>,
}
tree!(GruAutoencoder { encoder, code, state, decoder, out });

/// W11.
struct LstmAutoencoder<W> {
    encoder: Lstm<W>,
    code: Linear<W>,
    state: Linear<W>,
    decoder: Lstm<W>,
    out: Linear<W>,
}
tree!(LstmAutoencoder { encoder, code, state, decoder, out });

impl GruAutoencoder<Rest> {
    fn new() -> Self {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let [encoder, decoder] = [28, 32].map(|inputs| Gru::new(inputs, 128, from));
        let [code, state, out] =
            [[128, 32], [32, 128], [128, 28]].map(|[inputs, outputs]| linear(inputs, outputs));
        started(GruAutoencoder { encoder, code, state, decoder, out })
    }
}

impl LstmAutoencoder<Rest> {
    fn new() -> Self {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let [encoder, decoder] = [28, 32].map(|inputs| Lstm::new(inputs, 128, from));
        let [code, state, out] =
            [[128, 32], [32, 128], [128, 28]].map(|[inputs, outputs]| linear(inputs, outputs));
        started(LstmAutoencoder { encoder, code, state, decoder, out })
    }
}

/// The rows of images read one by one, `[batch, 28, 28]`, and written again from a code.
fn rewritten<'t, C: Recurrent<'t, f32>>(
    [encoder, decoder]: [&C; 2],
    [code, state, out]: [&Linear<Var<'t, f32>>; 3],
    x: Var<'t, f32>,
    start: impl FnOnce(Var<'t, f32>) -> C::State,
) -> Var<'t, f32> {
    let (batch, steps) = (x.shape()[0], x.shape()[1]);
    let (_, end) = encoder.unroll(x, None, Direction::Forward);
    let code = code.forward(end.as_ref()[0]); // [batch, 32]
    let read = code.reshape([batch, 1, 32]).expand([batch, steps, 32]);
    let (h, _) = decoder.unroll(read, Some(start(state.forward(code).tanh())), Direction::Forward);
    out.forward(h)
}

/// W13.
struct SeriesAutoencoder<W> {
    down: Vec<Conv1d<W>>,
    wider: Vec<Conv1d<W>>,
}
tree!(SeriesAutoencoder { down, wider });

impl SeriesAutoencoder<Rest> {
    fn new() -> Self {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let mut convolution = |channels, stride| {
            let options = Conv { stride: [stride], padding: [4], ..Conv::default() };
            Conv1d::new(channels, 9, options, Init::Zeros, from)
        };
        started(SeriesAutoencoder {
            down: [[6, 32], [32, 64], [64, 64]].map(|channels| convolution(channels, 2)).into(),
            wider: [[64, 64], [64, 32], [32, 6]].map(|channels| convolution(channels, 1)).into(),
        })
    }
}

impl<'t> SeriesAutoencoder<Var<'t, f32>> {
    fn forward(&self, x: Var<'t, f32>) -> Var<'t, f32> {
        let mut h = self.down.iter().fold(x, |h, down| down.forward(h).relu());
        for (i, wider) in self.wider.iter().enumerate() {
            let &[batch, channels, steps] = &h.shape()[..] else { unreachable!("series have three axes") };
            let image = h.reshape([batch, channels, 1, steps]);
            let twice = image.upsample_nearest2d(Upsample::Size([1, 2 * steps]));
            h = wider.forward(twice.reshape([batch, channels, 2 * steps]));
            if i < 2 {
                h = h.relu();
            }
        }
        h
    }
}

/// The categories of W14's columns.
const BELOW: [usize; 10] = [2, 3, 5, 8, 12, 20, 50, 100, 500, 2000];

/// W14: numbers and categories, and a distribution of each.
struct Table<W> {
    embeddings: Vec<Embedding<W>>,
    layers: Vec<Linear<W>>,
}
tree!(Table { embeddings, layers });

impl Table<Rest> {
    fn new() -> Self {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let embeddings = BELOW.map(|below| Embedding::new(below, below.div_ceil(2).min(50), from));
        let widths = [221, 256, 128, 16, 128, 256, 20 + BELOW.iter().sum::<usize>()];
        let layers = widths.windows(2).map(|pair| linear(pair[0], pair[1])).collect();
        started(Table { embeddings: embeddings.into(), layers })
    }
}

impl<'t> Table<Var<'t, f32>> {
    /// For numbers `[batch, 20]` and categories `[batch, 10]`.
    fn loss(&self, x: Var<'t, f32>, categories: Var<'t, f32>) -> Var<'t, f32> {
        let batch = x.shape()[0];
        let column = |k: usize| categories.slice(1, k..k + 1).reshape([batch]);
        let mut parts = vec![x];
        parts.extend(self.embeddings.iter().enumerate().map(|(k, table)| table.weight.embedding(column(k))));
        let mut h = Var::concat(parts, 1);
        for (i, layer) in self.layers.iter().enumerate() {
            h = layer.forward(h);
            // Code and outputs are linear.
            if i != 2 && i != 5 {
                h = h.relu();
            }
        }
        let (mut loss, mut start) = ((h.slice(1, ..20) - x).square().sum(), 20);
        for (k, below) in BELOW.into_iter().enumerate() {
            let logits = h.slice(1, start..start + below);
            loss = loss + logits.soft_cross_entropy(column(k).one_hot(below)).sum();
            start += below;
        }
        loss / batch as f64
    }
}

/// A block of W12.
struct Basic<W> {
    first: Conv2d<W>,
    one: BatchNorm<W>,
    second: Conv2d<W>,
    two: BatchNorm<W>,
}
tree!(Basic { first, one, second, two });

impl<'t> Basic<Var<'t, f32>> {
    fn forward(&self, x: Var<'t, f32>) -> Var<'t, f32> {
        let h = normalized(&self.one, self.first.forward(x)).relu();
        (normalized(&self.two, self.second.forward(h)) + x).relu()
    }
}
