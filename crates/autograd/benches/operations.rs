//! Operations one by one, forward and with their gradient, at three sizes: to be compared with `peers/torch_operations.py`.
//!
//! `cargo bench -p autograd --bench operations -- [THREADS] [NAME…]` prints a line `name size forward with_gradient` for each,
//! in microseconds: the median of the rounds.

use std::time::Instant;

use autograd::{Conv, Tape, Tensor, Var};

type Function = for<'t> fn(Var<'t, f32>, Var<'t, f32>) -> Var<'t, f32>;

/// Shapes of the two inputs by size.
enum Inputs {
    /// Both of the same shape: 4 thousand, 128 thousand and 4 million numbers.
    Same,
    /// One like these, the other one unused.
    One,
    /// Images, and a kernel of so many input channels a group, and so high and wide.
    Images(usize, [usize; 2]),
    /// Series, and a kernel of so many steps.
    Series(usize),
}

const SIZES: [&str; 3] = ["small", "cached", "large"];

impl Inputs {
    fn shapes(&self, size: usize) -> [Vec<usize>; 2] {
        let matrix = [vec![64, 64], vec![256, 512], vec![2048, 2048]][size].clone();
        let batch = [8, 16, 64][size];
        match *self {
            Inputs::Same => [matrix.clone(), matrix],
            Inputs::One => [matrix, vec![1]],
            Inputs::Images(inputs, [h, w]) => [vec![batch, 64, 16, 16], vec![64, inputs, h, w]],
            Inputs::Series(steps) => [vec![batch, 64, 256], vec![64, 64, steps]],
        }
    }
}

const POSITIVE: [&str; 3] = ["ln", "sqrt", "pow"];

#[rustfmt::skip]
const OPERATIONS: &[(&str, Inputs, Function)] = &[
    ("exp", Inputs::One, |x, _| x.exp()),
    ("exp_m1", Inputs::One, |x, _| x.exp_m1()),
    ("ln", Inputs::One, |x, _| x.ln()),
    ("tanh", Inputs::One, |x, _| x.tanh()),
    ("sigmoid", Inputs::One, |x, _| x.sigmoid()),
    ("softplus", Inputs::One, |x, _| x.softplus()),
    ("relu", Inputs::One, |x, _| x.relu()),
    ("silu", Inputs::One, |x, _| x.silu()),
    ("gelu", Inputs::One, |x, _| x.gelu()),
    ("gelu_tanh", Inputs::One, |x, _| x.gelu_tanh()),
    ("elu", Inputs::One, |x, _| x.elu(1.0)),
    ("mish", Inputs::One, |x, _| x.mish()),
    ("erf", Inputs::One, |x, _| x.erf()),
    ("erfc", Inputs::One, |x, _| x.erfc()),
    ("sin", Inputs::One, |x, _| x.sin()),
    ("cos", Inputs::One, |x, _| x.cos()),
    ("atan", Inputs::One, |x, _| x.atan()),
    ("sinh", Inputs::One, |x, _| x.sinh()),
    ("asinh", Inputs::One, |x, _| x.asinh()),
    ("sqrt", Inputs::One, |x, _| x.sqrt()),
    ("square", Inputs::One, |x, _| x.square()),
    ("pow", Inputs::Same, |x, y| x.pow(y)),
    ("add", Inputs::Same, |x, y| x + y),
    ("mul", Inputs::Same, |x, y| x * y),
    ("div", Inputs::Same, |x, y| x / y),
    ("sum", Inputs::One, |x, _| x.sum_over(-1)),
    ("sum_0", Inputs::One, |x, _| x.sum_over(0)),
    ("softmax", Inputs::One, |x, _| x.softmax(-1)),
    ("softmax_0", Inputs::One, |x, _| x.softmax(0)),
    ("log_softmax", Inputs::One, |x, _| x.log_softmax(-1)),
    ("logsumexp", Inputs::One, |x, _| x.logsumexp_over(-1)),
    ("layer_norm", Inputs::One, |x, _| x.layer_norm(-1, 1e-5)),
    ("cumsum", Inputs::One, |x, _| x.cumsum(-1)),
    ("cumsum_0", Inputs::One, |x, _| x.cumsum(0)),
    ("matmul_t", Inputs::Same, |x, y| x.matmul(y.t())),
    ("batch_norm", Inputs::Images(64, [1, 1]), |x, _| x.batch_norm([0, 2, 3], 1e-5).y),
    ("conv3x3", Inputs::Images(64, [3, 3]), |x, w| x.conv2d(w, Conv { padding: [1, 1], ..Conv::default() })),
    ("conv1x1", Inputs::Images(64, [1, 1]), |x, w| x.conv2d(w, Conv::default())),
    ("depthwise", Inputs::Images(1, [3, 3]), |x, w| x.conv2d(w, Conv { padding: [1, 1], groups: 64, ..Conv::default() })),
    ("conv1d_k9", Inputs::Series(9), |x, w| x.conv1d(w, Conv { padding: [4], ..Conv::default() })),
];

fn wave(shape: &[usize], positive: bool) -> Tensor<f32> {
    Tensor::from_fn(shape, |i| {
        let x = (i as f32 * 0.37).sin() * 2.0;
        if positive { x.abs() + 0.1 } else { x }
    })
}

fn median(mut step: impl FnMut()) -> f64 {
    let start = Instant::now();
    step();
    let once = start.elapsed().as_secs_f64().max(1e-7);
    let (rounds, repeats) = (9, (0.012 / once).clamp(1.0, 10_000.0) as usize);
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            (0..repeats).for_each(|_| step());
            start.elapsed().as_secs_f64() / repeats as f64 * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[rounds / 2]
}

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let threads = args.next().and_then(|threads| threads.parse().ok()).unwrap_or(1);
    let names: Vec<String> = args.collect();
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().expect("no pool yet");
    for (name, inputs, f) in
        OPERATIONS.iter().filter(|(name, ..)| names.is_empty() || names.iter().any(|n| n == name))
    {
        for (size, label) in SIZES.iter().enumerate() {
            let positive = POSITIVE.contains(name);
            let [x, y] = inputs.shapes(size).map(|shape| wave(&shape, positive));
            let y = if *name == "div" { y.map(|y| y + 3.0) } else { y };
            let forward = median(|| {
                let tape = Tape::new();
                std::hint::black_box(f(tape.constant(&x), tape.constant(&y)).value());
            });
            let ones = {
                let tape = Tape::new();
                let shape = f(tape.constant(&x), tape.constant(&y)).shape();
                wave(&shape, false)
            };
            let both = median(|| {
                let tape = Tape::new();
                let (x, y) = (tape.var(&x), tape.var(&y));
                let gradients = (f(x, y) * tape.constant(&ones)).sum().backward();
                std::hint::black_box(gradients.wrt(x));
            });
            println!("{name} {label} {forward:.2} {both:.2}");
        }
    }
}
