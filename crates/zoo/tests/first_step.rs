//! How every model of the registry begins: with a loss that is no higher than that of the mean example, and with a
//! gradient that a first step can follow. For pictures of 8 × 8 to 256 × 256 pixels, tables narrow and wide, and codes of
//! all sizes.

use autograd::Tensor;
use nn::optim::Sgd;
use nn::train::Update;
use nn::{Context, Dataset};
use toml::Table;
use zoo::registry::{Entry, MODELS, Training};
use zoo::{AnyModel, evaluate};

/// Pictures of this side: each a light spot somewhere, before a ground that differs from picture to picture.
fn pictures(side: usize) -> Dataset {
    const COUNT: usize = 24;
    let pixel = |i: usize| {
        let (picture, place) = (i / (side * side), i % (side * side));
        let along = |place: usize, phase: f32| {
            let centre = 0.5 + 0.3 * (picture as f32 * phase).sin();
            ((place as f32 + 0.5) / side as f32 - centre).powi(2)
        };
        let distance = along(place / side, 1.7) + along(place % side, 2.9);
        let ground = 0.3 + 0.2 * (picture as f32 * 0.9).cos();
        ground + (0.95 - ground) * (-20.0 * distance).exp()
    };
    let x = Tensor::from_fn([COUNT, side * side], pixel);
    Dataset { x, labels: Some((0..COUNT as u32).map(|i| i % 3).collect()), image: Some([side, side]) }
}

/// A table of this width with columns of mean 0 and variance 1, as tables are prepared: a few causes, and noise.
fn table(width: usize) -> Dataset {
    const COUNT: usize = 60;
    let value = |i: usize| {
        let (row, column) = ((i / width) as f32, (i % width) as f32);
        (row * 1.3 + column).sin()
            + (row * 0.7 * (1.0 + column % 3.0)).cos()
            + 0.5 * (row * 17.3 * (column + 1.0)).sin()
    };
    let x = Tensor::from_fn([COUNT, width], value);
    let x = nn::data::transform::Scaling::standardize(&x).unwrap().apply(&x);
    Dataset { x, labels: Some((0..COUNT as u32).map(|i| i % 2).collect()), image: None }
}

/// What a model is before it learns.
struct First {
    /// The squared error of its reconstructions, and of the mean example.
    errors: [f64; 2],
    loss: f64,
    /// The loss after a step of gradient descent that should lower it by a hundredth.
    after: f64,
    /// The norm of the gradient.
    gradient: f64,
}

fn first(entry: &Entry, given: &str, data: &Dataset) -> First {
    let settings = entry.complete(&given.parse::<Table>().unwrap(), data).unwrap();
    let mut model = entry.build(&settings, data, 0).unwrap();
    let mean = evaluate::variance_around(&evaluate::mean(&data.x), data);
    let errors = [evaluate::mean_squared_error(&*model, data), mean];
    let numbers: Vec<usize> = (0..data.len()).collect();
    let context = || Context::training(0, 0, &numbers).with_labels(data.labels.clone());
    let loss = model.loss(&data.x, context()).total();
    let before = parameters(&*model);
    let mut step = |rate: f64| {
        let mut sgd = Sgd::new(rate);
        model.train_step(&data.x, context(), &mut Update { optimizer: &mut sgd, clip_norm: None }).unwrap();
        parameters(&*model)
    };
    let rate = 1e-3;
    let after = step(rate);
    let squares =
        before.iter().zip(&after).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum::<f64>();
    let gradient = squares.sqrt() / rate;
    First { errors, loss, after: f64::NAN, gradient }
}

fn parameters(model: &dyn AnyModel) -> Vec<f32> {
    let mut all = vec![];
    model.parameters(&mut |_, parameter| all.extend(parameter.to_vec()));
    all
}

#[test]
fn measure() {
    let only = std::env::var("ONLY").unwrap_or_default();
    for entry in MODELS.iter().filter(|entry| entry.training == Training::Gradient) {
        if !only.is_empty() && !only.split(',').any(|name| name == entry.name) {
            continue;
        }
        let sets = [
            ("p8", pictures(8)),
            ("p28", pictures(28)),
            ("p64", pictures(64)),
            ("t2", table(2)),
            ("t5", table(5)),
            ("t30", table(30)),
            ("t500", table(500)),
        ];
        for (name, data) in &sets {
            for code in [0, 2, 512] {
                let given = if code == 0 { String::new() } else { format!("code = {code}") };
                let Ok(settings) = entry.complete(&given.parse().unwrap(), data) else { continue };
                if entry.build(&settings, data, 0).is_err() {
                    continue;
                }
                let now = std::time::Instant::now();
                let First { errors: [sse, mean], loss, gradient, .. } = first(entry, &given, data);
                println!(
                    "{:12} {name:5} code {code:4}: sse/mean {:8.4}  loss/mean {:8.3} |g|/loss {:8.3}  {:?}",
                    entry.name,
                    sse / mean,
                    loss / mean,
                    gradient / loss,
                    now.elapsed()
                );
            }
        }
    }
}
