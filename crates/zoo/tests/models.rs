//! What every model of the registry must do.

use std::panic::AssertUnwindSafe;

use autograd::Tensor;
use nn::train::Update;
use nn::{Adam, Context, Dataset};
use toml::Table;
use zoo::data::{Split, digits};
use zoo::registry::{Entry, MODELS, Training};
use zoo::train::{Plan, train};
use zoo::{AnyModel, evaluate};

/// What the walks have to know of a model besides its entry.
struct Case {
    name: &'static str,
    /// Settings for three examples of five features, without kinks where that is possible.
    tiny: &'static str,
    /// The highest derivative that is checked. 0: the loss has derivatives by decree, and the walk checks that
    /// it refuses the second.
    orders: usize,
    /// Settings that make the kernels split their work.
    wide: &'static str,
    /// SSE/img on the test digits that [`TARGET_EPOCHS`] epochs must reach. That of PCA with 8 components is 1.562.
    target: f64,
}

const TARGET_EPOCHS: usize = 60;

const fn case(
    name: &'static str,
    tiny: &'static str,
    orders: usize,
    wide: &'static str,
    target: f64,
) -> Case {
    Case { name, tiny, orders, wide, target }
}

const SMOOTH: &str = "code = 2\nhidden = [4]\nactivation = 'tanh'";

const CASES: &[Case] = &[
    case("ae", SMOOTH, 2, "hidden = [500]", 1.562),
    case("vae", SMOOTH, 2, "hidden = [500]", 2.6),
    case(
        "linear",
        "code = 2\northonormal = true\norder = 'nested_dropout'\ndecay = 0.1",
        2,
        "code = 60",
        1.64,
    ),
    // Normalising three examples curves the loss too much for finite differences; the rules of both
    // normalisations are checked where they are defined.
    case("residual", "code = 2\nwidth = 4\nnormalization = 'none'", 2, "width = 256", 1.562),
    case("conv", "code = 2\nchannels = [2, 3]\nactivation = 'tanh'", 2, "channels = [32, 32]", 1.562),
    case("denoising", "code = 2\nhidden = [4]\nactivation = 'tanh'\nalpha = 2.0", 2, "hidden = [500]", 1.562),
    // tanh and the square keep away from the kinks of the rectifier and of |h|.
    case("sparse", "code = 6\nactivation = 'tanh'\npenalty = 'l2'\nscale = 'fold'", 2, "code = 500", 1.562),
    case("sparse-kl", "code = 6\nmemory = 0.0", 2, "code = 500", 1.562),
    case("topk", "code = 6\nk = 2", 1, "code = 500", 1.562),
    case("jumprelu", "code = 6", 0, "code = 500", 1.562),
];

/// The case of a model. One without a case fails: it would be skipped.
fn of(entry: &Entry) -> &'static Case {
    let found = CASES.iter().find(|case| case.name == entry.name);
    found.unwrap_or_else(|| panic!("`{}` needs a line in CASES", entry.name))
}

fn table(settings: &str) -> Table {
    settings.parse().expect("settings in CASES are TOML")
}

fn learned() -> impl Iterator<Item = &'static Entry> {
    MODELS.iter().filter(|entry| entry.training == Training::Gradient)
}

fn built(entry: &Entry, given: &Table, data: &Dataset, seed: u64) -> Box<dyn AnyModel> {
    let settings = entry.complete(given, data).unwrap();
    entry.build(&settings, data, seed).unwrap()
}

fn parameters(model: &dyn AnyModel) -> Vec<Tensor<f32>> {
    let mut all = vec![];
    model.parameters(&mut |_, parameter| all.push(parameter.clone()));
    all
}

fn brief(data: &Split, entry: &Entry) -> Plan {
    Plan { epochs: 2, ..entry.plan(&data.train) }
}

#[test]
fn gradients_of_the_loss_agree_with_finite_differences() {
    let x = Tensor::from_fn([3, 5], |i| ((i * 7) % 11) as f32 / 10.0);
    let tiny = Dataset { x: x.clone(), labels: None, image: Some([1, 5]) };
    for entry in learned() {
        let model = built(entry, &table(of(entry).tiny), &tiny, 1);
        let context = || Context::training(0, 1, &[0, 1, 2]);
        for order in 1..=of(entry).orders {
            model.gradcheck(&x, context(), order).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        }
        if of(entry).orders == 0 {
            let refused = std::panic::catch_unwind(AssertUnwindSafe(|| model.gradcheck(&x, context(), 2)));
            let payload = refused.expect_err("it has no second derivative");
            let text = payload.downcast_ref::<&str>().copied().unwrap_or_default();
            assert!(text.contains("straight_through"), "{}: {text}", entry.name);
        }
    }
}

#[test]
fn digits_are_reconstructed_after_a_few_seconds() {
    let data = digits();
    let mut missed = vec![];
    for entry in learned() {
        let mut model = built(entry, &Table::new(), &data.train, 0);
        let plan = Plan { epochs: TARGET_EPOCHS, ..entry.plan(&data.train) };
        train(&mut *model, &data, &plan).unwrap();
        let (sse, target) = (evaluate::mean_squared_error(&*model, &data.test), of(entry).target);
        if sse >= target {
            missed.push(format!("{}: SSE/img {sse:.3}, the target is {target}", entry.name));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_tiny_batch_is_learnt() {
    let data = digits();
    let numbers = [0, 1, 2, 3];
    for entry in learned() {
        let mut model = built(entry, &Table::new(), &data.train, 0);
        let mut adam = Adam::new(5e-3);
        let x = data.train.rows(&numbers);
        let tiny = Dataset { x: x.clone(), labels: None, image: None };
        let before = evaluate::mean_squared_error(&*model, &tiny);
        for epoch in 0..300 {
            model
                .train_step(
                    &x,
                    Context::training(0, epoch, &numbers),
                    &mut Update { optimizer: &mut adam, clip_norm: None },
                )
                .unwrap();
        }
        let after = evaluate::mean_squared_error(&*model, &tiny);
        assert!(after < 0.1 * before, "{}: SSE/img {before} became {after}", entry.name);
    }
}

#[test]
fn checkpoints_restore_every_bit() {
    let data = digits();
    let folder = tempfile::tempdir().unwrap();
    for entry in MODELS {
        let path = folder.path().join(entry.name);
        let saved = built(entry, &Table::new(), &data.train, 1);
        saved.save(&path, [("config".to_owned(), "text".to_owned())].into()).unwrap();
        let mut loaded = built(entry, &Table::new(), &data.train, 2);
        assert_eq!(loaded.load(&path).unwrap()["config"], "text");
        assert_eq!(parameters(&*loaded), parameters(&*saved), "{}", entry.name);
    }
}

#[test]
fn evaluation_is_deterministic_and_does_not_depend_on_batches() {
    let data = digits();
    let part = Dataset { x: data.test.rows(&[0, 1, 2]), labels: None, image: None };
    for entry in MODELS {
        let model = built(entry, &Table::new(), &data.train, 1);
        assert_eq!(evaluate::loss(&*model, &part, 7), evaluate::loss(&*model, &part, 7), "{}", entry.name);
        let all = evaluate::squared_errors(&*model, &data.test);
        for (alone, together) in evaluate::squared_errors(&*model, &part).iter().zip(all) {
            assert!((alone - together).abs() < 1e-4 * together, "{}: {alone} {together}", entry.name);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_with_any_number_of_threads() {
    let data = digits();
    for entry in learned() {
        let run = |threads: usize, seed: u64| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut model = built(entry, &table(of(entry).wide), &data.train, seed);
                let plan = Plan { seed, batch: 512, ..brief(&data, entry) };
                train(&mut *model, &data, &plan).unwrap();
                parameters(&*model)
            })
        };
        let one = run(1, 3);
        assert!(one == run(2, 3) && one == run(5, 3), "{}: threads change the result", entry.name);
        assert!(one != run(1, 4), "{}: the seed changes nothing", entry.name);
    }
}

#[test]
fn a_loss_that_is_not_finite_stops_training_with_a_sentence() {
    let data = digits();
    for entry in learned() {
        let mut model = built(entry, &Table::new(), &data.train, 0);
        let plan = Plan { learning_rate: 1e18, ..brief(&data, entry) };
        let result = train(&mut *model, &data, &plan);
        let text = result.unwrap_err().to_string();
        assert!(
            text.contains("loss became") && text.contains("a smaller learning rate usually helps"),
            "{text}"
        );
    }
}

#[test]
fn the_readme_lists_every_model() {
    let readme = include_str!("../../../README.md");
    for entry in MODELS {
        let cell = |text: &str| text.replace('|', "\\|");
        let (equation, source) = (cell(entry.equation), cell(entry.source));
        let row = format!("| `{}` | {} | {equation} | {source} |", entry.name, entry.title);
        assert!(readme.contains(&row), "README.md lacks the row\n{row}");
    }
}
