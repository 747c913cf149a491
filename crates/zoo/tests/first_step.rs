//! How every model of the registry begins: with a loss that is no higher than that of the mean example, and with a
//! gradient that a step can follow. For pictures of 8 × 8 to 256 × 256 pixels, tables narrow and wide, and codes of all
//! sizes.

use autograd::{Tensor, value};
use nn::data::schema::{Kind, Schema};
use nn::data::transform::Scaling;
use nn::optim::{Adam, Sgd};
use nn::train::Update;
use nn::{Context, Dataset};
use serde::Deserialize;
use toml::Table;
use zoo::densities::Head;
use zoo::registry::{Entry, MODELS, Training};
use zoo::settings::find;
use zoo::{AnyModel, Likelihood, evaluate};

/// The loss may be so much above that of the mean example: no model begins without any weights.
const ABOVE: f64 = 1.04;

/// Pictures of this side: each a light spot somewhere, before a ground that differs from picture to picture.
fn pictures(count: usize, side: usize) -> Dataset {
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
    let x = Tensor::from_fn([count, side * side], pixel);
    let labels: Vec<u32> = (0..count as u32).map(|i| i % 3).collect();
    Dataset::new(x).with_labels(labels).with_schema(Schema::grey([side, side]))
}

/// A table of this width with columns of mean 0 and variance 1, as tables are prepared: a few causes, and noise.
fn table(width: usize) -> Dataset {
    const COUNT: usize = 60;
    let value = |i: usize| {
        let (row, column) = ((i / width) as f32, (i % width) as f32);
        let causes = (row * 1.3 + column).sin() + (row * 0.7 * (1.0 + column % 3.0)).cos();
        causes + 0.5 * (row * 17.3 * (column + 1.0)).sin()
    };
    let x = Tensor::from_fn([COUNT, width], value);
    let x = Scaling::standardize(&x).unwrap().apply(&x);
    Dataset::new(x).with_labels((0..COUNT as u32).map(|i| i % 2).collect::<Vec<_>>())
}

/// The parameters that are trained, one after the other.
fn parameters(model: &dyn AnyModel) -> Vec<f32> {
    let mut all = vec![];
    model.parameters(&mut |name, parameter| {
        if !name.is_buffer() {
            all.extend(parameter.to_vec());
        }
    });
    all
}

/// The loss of a model that answers with the mean example whatever it is given, and knows nothing more.
fn loss_of_mean(entry: &Entry, settings: &Table, data: &Dataset) -> f64 {
    let mean = evaluate::mean(data.x());
    match find(settings, "likelihood") {
        Some(word) => {
            let head = Head::new(Likelihood::deserialize(word.clone()).unwrap(), data).unwrap();
            let output = head.output_for_mean(data).expand([data.len(), head.parameters()]);
            let loss = value(&head, |head, tape| head.loss(tape.constant(&output), tape.constant(data.x())));
            let classes = data.labels().into_iter().flatten().max().map_or(0, |last| last + 1);
            // The conditional model guesses the class as well.
            let guess =
                if entry.name == "cvae" { find(settings, "alpha").unwrap().as_float().unwrap() } else { 0.0 };
            f64::from(loss.item()) + guess * f64::from(classes.max(1)).ln()
        }
        None => evaluate::variance_around(&mean, data),
    }
}

/// Checks how a model begins, if it takes these settings.
fn check(entry: &Entry, given: &str, data: &Dataset, problems: &mut Vec<String>) {
    let what = format!("{}, {given}, {} features", entry.name, data.width());
    let given_is_default = given.is_empty();
    let given: Table = given.parse().unwrap();
    let known = entry.complete(&Table::new(), data).unwrap();
    // Settings that other models have.
    let given = given.into_iter().filter(|(key, _)| find(&known, key).is_some()).collect();
    let Ok(settings) = entry.complete(&given, data) else { return };
    let built = entry.build(&settings, data, 0);
    // A model may refuse a code, such as one that is wider than the data, or a table, but not pictures as they are.
    assert!(!given_is_default || built.is_ok() || data.schema().as_grey().is_none(), "{what}");
    let Ok(mut model) = built else { return };
    let mut insist = |holds: bool, problem: String| {
        if !holds {
            problems.push(format!("{what}: {problem}"));
        }
    };
    let variance = evaluate::variance_around(&evaluate::mean(data.x()), data);
    let error = evaluate::mean_squared_error(&*model, data);
    insist(error <= ABOVE * variance, format!("squared error {error}, of the mean {variance}"));
    let numbers: Vec<usize> = (0..data.len()).collect();
    let context = || Context::training(0, 0, &numbers).with_labels(data.labels().map(<[u32]>::to_vec));
    let terms = model.loss(data.x(), context());
    let of_mean = loss_of_mean(entry, &settings, data);
    // Whatever the codes are, these have a term for all of them together, which codes of one value fulfil no better.
    let loss = match entry.name {
        "beta-vae" | "wae" => terms.values[0].1,
        _ => terms.total(),
    };
    // The error of independent components is one of whitened data; a mask on a spectrogram sees noise that is as loud as a
    // sound of power 1, which these data are not.
    if !["ica", "spectral-mask"].contains(&entry.name) {
        insist(
            loss <= of_mean + (ABOVE - 1.0) * of_mean.abs(),
            format!("loss {loss}, of the mean {of_mean}"),
        );
    }
    // The step is so small that only the gradient shows.
    const RATE: f64 = 1e-3;
    let before = parameters(&*model);
    let mut sgd = Sgd::new(RATE);
    model.train_step(data.x(), context(), &mut Update { optimizer: &mut sgd, clip_norm: None }).unwrap();
    let changes = before.iter().zip(parameters(&*model)).map(|(a, b)| f64::from(*a) - f64::from(b));
    let gradient = changes.map(|change| change * change).sum::<f64>().sqrt() / RATE;
    // Neither too long for a step, beside the loss, nor lost on its way through the layers, beside the distance of an
    // example from the mean: that is the length of the gradient of an error by the output, whatever the number of pixels.
    let long = gradient / (terms.total().abs() + variance);
    let short = gradient / variance.sqrt();
    // Sigmoid units, layer upon layer, let little through: that is why this model is pretrained.
    let least = if entry.name == "stacked" { 1e-4 } else { 1e-3 };
    // What is perfect has nothing to learn.
    let perfect = error < 1e-9;
    insist(perfect || long < 20.0, format!("a gradient {long} times as long as the loss"));
    insist(perfect || short > least, format!("a gradient of {short} times the distance from the mean"));
}

fn learned() -> impl Iterator<Item = &'static Entry> {
    MODELS.iter().copied().filter(|entry| entry.training == Training::Gradient)
}

fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn the_first_loss_is_that_of_the_mean_example() {
    let mut problems = vec![];
    let sets = [pictures(24, 8), table(2), table(5), table(30)];
    for entry in learned() {
        for data in &sets {
            for given in ["", "code = 2", "code = 512"] {
                // Its network grows with the square of the code.
                let given =
                    if given == "code = 512" && entry.name == "flow-vae" { "code = 64" } else { given };
                check(entry, given, data, &mut problems);
            }
        }
    }
    assert_none(&problems);
}

/// Independent components whiten their data first, by a matrix of all features with all.
fn takes(entry: &Entry, side: usize) -> bool {
    entry.name != "ica" || side <= 28
}

#[test]
fn also_for_pictures_of_the_usual_sizes() {
    let mut problems = vec![];
    let small = "code = 16\nhidden = [64]\nwidth = 32\nchannels = [8, 16]";
    for entry in learned() {
        // A sequence has as many channels as a row has pixels.
        let given = if entry.name == "sequence" { "code = 16\nstate = 32" } else { small };
        for side in [28, 64].into_iter().filter(|&side| takes(entry, side)) {
            check(entry, given, &pictures(8, side), &mut problems);
        }
    }
    assert_none(&problems);
}

#[test]
fn also_for_large_pictures() {
    let mut problems = vec![];
    let small = "code = 8\nhidden = [8]\nwidth = 8\nchannels = [4, 8]\nk = 2\ncomponents = 2";
    for entry in learned() {
        let given = if entry.name == "sequence" { "code = 8\nstate = 8" } else { small };
        for side in [128, 256].into_iter().filter(|&side| takes(entry, side)) {
            check(entry, given, &pictures(4, side), &mut problems);
        }
    }
    assert_none(&problems);
}

#[test]
fn convolutions_begin_well_at_every_size() {
    let mut problems = vec![];
    let conv = zoo::registry::find("conv").unwrap();
    for side in [8, 9, 12, 16, 28, 32] {
        for code in [2, 32, 512] {
            check(conv, &format!("code = {code}"), &pictures(6, side), &mut problems);
        }
    }
    check(conv, "channels = [16, 32, 64]", &pictures(4, 64), &mut problems);
    assert_none(&problems);
}

/// Series of these steps and channels: waves, each with a frequency, a phase and a height of its own.
fn series(count: usize, [steps, channels]: [usize; 2]) -> Dataset {
    let value = |i: usize| {
        let (example, step, channel) =
            ((i / (steps * channels)) as f32, (i / channels % steps) as f32, (i % channels) as f32);
        let frequency = 0.2 + 0.3 * (0.5 + 0.5 * (1.3 * example).sin());
        (frequency * step + 0.7 * example + channel).sin() * (0.6 + 0.4 * (0.9 * example).cos())
    };
    let x = Tensor::from_fn([count, steps * channels], value);
    Dataset::new(x).with_schema(Schema::series([steps, channels], Kind::Real))
}

/// The squared error of an autoencoder on this network after so many steps of Adam, as a share of that of the mean.
fn share_after(steps: usize, network: &str, code: usize, data: &Dataset) -> f64 {
    let entry = zoo::registry::find("ae").unwrap();
    let given: Table = format!("code = {code}\n[network]\n{network}").parse().unwrap();
    let mut model = entry.build(&entry.complete(&given, data).unwrap(), data, 0).unwrap();
    let numbers: Vec<usize> = (0..data.len()).collect();
    let mut adam = Adam::new(1e-3);
    for _ in 0..steps {
        let mut update = Update { optimizer: &mut adam, clip_norm: None };
        model.train_step(data.x(), Context::training(0, 0, &numbers), &mut update).unwrap();
    }
    let mean = evaluate::variance_around(&evaluate::mean(data.x()), data);
    evaluate::mean_squared_error(&*model, data) / mean
}

/// Networks of all depths on data of all sizes are no worse than the mean example, at once and after 30 steps.
#[test]
fn networks_begin_well_at_every_size_and_depth() {
    let mut problems = vec![];
    let mut check = |network: &str, code: usize, data: &Dataset| {
        let [first, later] = [0, 30].map(|steps| share_after(steps, network, code, data));
        let what = format!("{}, code {code}, {}", network.replace('\n', ", "), data.schema());
        println!("{what}: {first:.4}, after 30 steps {later:.4}");
        if first > ABOVE || later > first.min(1.0) {
            problems.push(format!("{what}: {first}, after 30 steps {later}"));
        }
    };
    let resnet = |depth: usize| format!("name = 'resnet'\nchannels = {:?}", vec![16; depth]);
    let conv1d =
        |depth: usize| format!("name = 'conv1d'\nchannels = {:?}\nactivation = 'relu'", vec![16; depth]);
    let recurrent = |name: &str, depth: usize| format!("name = '{name}'\nstate = 32\nlayers = {depth}");
    let transformer = |depth: usize| format!("name = 'transformer'\nwidth = 32\nblocks = {depth}");
    let residual = |depth: usize| format!("name = 'residual'\nwidth = 64\nblocks = {depth}");
    let of_series =
        |d: usize| [conv1d(d), recurrent("gru", d), recurrent("lstm", d), transformer(d), residual(d)];
    for steps in [8, 64] {
        for code in [2, 32, 512] {
            of_series(1).iter().for_each(|network| check(network, code, &series(12, [steps, 2])));
        }
    }
    for depth in [3, 6] {
        of_series(depth).iter().for_each(|network| check(network, 16, &series(12, [32, 2])));
        [resnet(depth), transformer(depth)].iter().for_each(|network| check(network, 16, &pictures(12, 16)));
    }
    for side in [8, 28] {
        for code in [32, 512] {
            [resnet(1), transformer(1)].iter().for_each(|network| check(network, code, &pictures(12, side)));
        }
    }
    assert_none(&problems);
}
