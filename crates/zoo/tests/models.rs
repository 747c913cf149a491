//! What every model of the registry must do.

use autograd::Tensor;
use nn::train::Update;
use nn::{Adam, Context, Dataset};
use toml::Table;
use zoo::data::{Split, digits};
use zoo::registry::{Entry, MODELS, Training};
use zoo::train::{Plan, train};
use zoo::{AnyModel, evaluate};

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

/// What the tests below have to know of a model.
struct Case {
    name: &'static str,
    /// Settings for the check of its gradient on five features: tiny, and smooth where that is possible.
    tiny: &'static str,
    /// The highest order of derivative that exists and is checked.
    orders: usize,
    /// Settings with which four examples can be learnt by heart.
    overfit: &'static str,
    /// Settings that make it so wide that the kernels split their work.
    wide: &'static str,
    /// Settings with which too large a step makes the loss infinite.
    diverging: &'static str,
    /// Epochs on the digits, and the SSE/img of test images that it must reach then.
    target: (usize, f64),
}

/// Where a line below says nothing else.
const USUAL: Case = Case {
    name: "",
    tiny: "code = 2\nhidden = [4]\nactivation = \"tanh\"",
    orders: 2,
    overfit: "",
    wide: "hidden = [500]",
    diverging: "",
    target: (0, 0.0),
};

const CASES: &[Case] = &[
    Case { name: "ae", target: (100, 1.25), ..USUAL },
    Case { name: "vae", target: (100, 3.0), ..USUAL },
    Case {
        name: "contractive",
        tiny: "code = 3\nhidden = [4]\ncurvature = 0.3\nprobes = 2",
        target: (100, 1.0),
        ..USUAL
    },
    Case { name: "rae", target: (100, 1.3), ..USUAL },
    Case { name: "wae", target: (100, 1.3), ..USUAL },
    Case {
        name: "stacked",
        tiny: "code = 2\nhidden = [4]\npretraining = 1",
        wide: "hidden = [500]\npretraining = 1",
        // Its cross-entropy is about as large as the logits, which sigmoid units keep in range.
        diverging: "likelihood = \"squared_error\"\npretraining = 0",
        target: (60, 1.2),
        ..USUAL
    },
    Case {
        name: "ica",
        tiny: "code = 2\ncomponents = 3\ndecorrelation = 0.5\northogonality = 0.5",
        // As many filters as components in which the digits vary.
        overfit: "code = 50\nindependence = 0.0",
        wide: "code = 60",
        target: (60, 0.8),
        ..USUAL
    },
    Case { name: "sequence", tiny: "code = 2\nstate = 3", wide: "state = 300", target: (40, 1.5), ..USUAL },
];

fn case(entry: &Entry) -> &'static Case {
    let found = CASES.iter().find(|case| case.name == entry.name);
    found.unwrap_or_else(|| panic!("the model {} needs a line in CASES", entry.name))
}

#[test]
fn gradients_of_the_loss_agree_with_finite_differences() {
    let x = Tensor::from_fn([3, 5], |i| ((i * 7) % 11) as f32 / 10.0);
    let tiny = Dataset { x: x.clone(), labels: None, image: None };
    for entry in learned() {
        let case = case(entry);
        let model = built(entry, &case.tiny.parse().unwrap(), &tiny, 1);
        for order in 1..=case.orders {
            model
                .gradcheck(&x, Context::training(0, 1, &[0, 1, 2]), order)
                .unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        }
    }
}

#[test]
fn the_digits_are_learnt() {
    let data = digits();
    for entry in learned() {
        let (epochs, target) = case(entry).target;
        let mut model = built(entry, &Table::new(), &data.train, 0);
        train(&mut *model, &data, &Plan { epochs, ..entry.plan(&data.train) }).unwrap();
        let reached = evaluate::mean_squared_error(&*model, &data.test);
        assert!(reached < target, "{}: SSE/img {reached}, not {target}", entry.name);
    }
}

#[test]
fn a_tiny_batch_is_learnt() {
    let data = digits();
    let numbers = [0, 1, 2, 3];
    for entry in learned() {
        let mut model = built(entry, &case(entry).overfit.parse().unwrap(), &data.train, 0);
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
                let mut model = built(entry, &case(entry).wide.parse().unwrap(), &data.train, seed);
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
        let mut model = built(entry, &case(entry).diverging.parse().unwrap(), &data.train, 0);
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
