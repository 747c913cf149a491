//! Batches in pieces: the gradient is that of the whole batch, and the bytes do not depend on who had which piece.

use std::fs;
use std::sync::{Arc, Barrier, Mutex};

use autograd::Tensor;
use nn::pieces::{Alone, Crew, Ranks};
use nn::train::{Plan, Trainer, Update};
use nn::{Adam, Context, Sgd};
use toml::Table;
use zoo::AnyModel;
use zoo::data::{Split, digits};
use zoo::registry::{MODELS, Training, find};
use zoo::train::Lesson;

use crate::common::{bytes, refuse, succeed};
use crate::models::parameters;

/// Models whose loss is no mean over examples, or whose buffers follow the batch, by their settings.
const OVER_THE_BATCH: &[(&str, &str)] = &[
    ("ae", "network = 'residual'\nwidth = 16\nblocks = 1\nnorm = 'batch'"),
    ("conv", "channels = [4, 4]\nnorm = 'batch'"),
    ("residual", "width = 16\nnorm = 'batch'"),
    ("rae", "network = 'residual'\nwidth = 16\nblocks = 1\nnorm = 'batch'"),
    ("vae", "free_bits = 0.05"),
    ("vae", "network = 'residual'\nwidth = 16\nblocks = 1\nnorm = 'batch'"),
    ("vamp", "components = 5\nnetwork = 'residual'\nwidth = 16\nblocks = 1\nnorm = 'batch'"),
    ("topk", "code = 40\nselect = 'batch'"),
    ("topk", "code = 40\ndead_after = 1"),
    ("wae", "divergence = 'sliced_wasserstein'"),
    ("ica", "code = 4\ncomponents = 10\ndecorrelation = 0.5"),
    ("sparse-kl", "memory = 0.5"),
    ("vq-vae", "restart = 0.9"),
    ("tc-vae", "mixture = 'weighted'"),
    ("iwae", "estimator = 'dreg'"),
    ("contractive", "curvature = 0.3"),
];

fn some(examples: usize) -> Split {
    let data = digits();
    let numbers: Vec<usize> = (0..examples).collect();
    Split { name: data.name, train: data.train.select(&numbers), test: data.test.select(&numbers[..20]) }
}

fn built(name: &str, settings: &str, data: &Split) -> Box<dyn AnyModel> {
    let entry = find(name).unwrap();
    let given: Table = settings.parse().unwrap();
    let settings = entry.complete(&given, &data.train).unwrap_or_else(|error| panic!("{name}: {error}"));
    entry.build(&settings, &data.train, 3).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// All leaves of a model after one step down the gradient, and the terms of the loss.
fn stepped(mut model: Box<dyn AnyModel>, data: &Split, pieces: usize) -> (Vec<f64>, Vec<Tensor<f32>>) {
    let crew = Crew::new(pieces, 2, Arc::new(Alone)).unwrap();
    let numbers: Vec<usize> = (0..data.train.len()).collect();
    let context = Context::training(5, 2, &numbers)
        .with_progress(0.5)
        .with_labels(data.train.labels_of(&numbers))
        .with_crew(&crew);
    let mut sgd = Sgd::new(1e-3);
    let mut update = Update { optimizer: &mut sgd, clip_norm: None };
    let terms = model.train_step(data.train.x(), context, &mut update).unwrap();
    (terms.values.iter().map(|term| term.1).collect(), parameters(&*model))
}

#[test]
fn pieces_have_the_gradient_of_the_whole_batch() {
    // 30 examples: pieces of 7 and of 8.
    let data = some(30);
    let usual =
        MODELS.iter().filter(|entry| entry.training == Training::Gradient).map(|entry| (entry.name, ""));
    for (name, settings) in usual.chain(OVER_THE_BATCH.iter().copied()) {
        let before = parameters(&*built(name, settings, &data));
        let (terms, whole) = stepped(built(name, settings, &data), &data, 1);
        let (of_pieces, cut) = stepped(built(name, settings, &data), &data, 4);
        for (whole, cut) in terms.iter().zip(&of_pieces) {
            let near = (whole - cut).abs() < 1e-5 * terms.iter().map(|term| term.abs()).sum::<f64>();
            assert!(near, "{name} {settings}: terms {terms:?} and in pieces {of_pieces:?}");
        }
        let length = |a: &Tensor<f32>, b: &Tensor<f32>| {
            let squares =
                a.to_vec().iter().zip(b.to_vec()).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
            squares.sqrt()
        };
        let furthest =
            before.iter().zip(&whole).map(|(before, whole)| length(before, whole)).fold(0.0, f64::max);
        for (place, ((before, whole), cut)) in before.iter().zip(&whole).zip(&cut).enumerate() {
            // A step is small beside the parameters, which are rounded to 24 bits, and a bias before batch normalization
            // has no gradient but what rounding leaves of it.
            let zero = Tensor::zeros(before.shape());
            let rounding = 1e-6 * (length(before, &zero) + furthest);
            let (off, moved) = (length(whole, cut), length(whole, before));
            assert!(
                off < 1e-3 * moved + rounding,
                "{name} {settings}: leaf {place} moves by {moved} and is off by {off}"
            );
        }
    }
}

/// Processes in miniature: threads that hand their bytes to each other.
#[derive(Debug)]
struct Rank {
    number: usize,
    table: Arc<(Barrier, Mutex<Vec<Vec<u8>>>)>,
}

impl Rank {
    fn all(count: usize) -> Vec<Arc<dyn Ranks>> {
        let table = Arc::new((Barrier::new(count), Mutex::new(vec![vec![]; count])));
        (0..count).map(|number| Arc::new(Rank { number, table: table.clone() }) as Arc<dyn Ranks>).collect()
    }
}

impl Ranks for Rank {
    fn number(&self) -> usize {
        self.number
    }
    fn count(&self) -> usize {
        self.table.1.lock().unwrap().len()
    }
    fn gather(&self, own: Vec<u8>) -> Vec<Vec<u8>> {
        let (barrier, table) = &*self.table;
        table.lock().unwrap()[self.number] = own;
        barrier.wait();
        let all = table.lock().unwrap().clone();
        barrier.wait();
        all
    }
}

/// The losses of two epochs and all leaves afterwards.
fn trained(
    name: &str,
    settings: &str,
    data: &Split,
    pieces: usize,
    workers: usize,
    ranks: Arc<dyn Ranks>,
) -> (Vec<u64>, Vec<Tensor<f32>>) {
    let mut model = built(name, settings, data);
    let plan = Plan { epochs: 2, batch: 32, clip_norm: Some(2.0), seed: 7, pieces, ..Plan::default() };
    let mut trainer = Trainer::new(plan, Adam::new(1e-3)).with_workers(workers).with_ranks(ranks);
    trainer.run(&mut Lesson::new(&mut *model, data)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let terms = trainer.epochs().iter().flat_map(|epoch| [&epoch.train, epoch.judged()]);
    let bits = terms.flat_map(|terms| terms.values.iter().map(|term| term.1.to_bits())).collect();
    (bits, parameters(&*model))
}

#[test]
fn any_number_of_workers_and_of_ranks_gives_the_same_bits() {
    // 98 examples in batches of 32: the last has 2, fewer than pieces and than ranks.
    let data = some(98);
    let usual = [
        ("ae", ""),
        ("iwae", ""),
        ("vq-vae", ""),
        ("sparse-kl", ""),
        ("tc-vae", ""),
        ("stacked", "pretraining = 1"),
    ];
    for (name, settings) in usual.iter().chain(OVER_THE_BATCH) {
        let one = trained(name, settings, &data, 4, 1, Arc::new(Alone));
        for workers in [2, 4] {
            let many = trained(name, settings, &data, 4, workers, Arc::new(Alone));
            assert!(one == many, "{name} {settings}: {workers} workers give other bits");
        }
        for count in [2, 3, 4] {
            let data = &data;
            let all = std::thread::scope(|scope| {
                let ranks = Rank::all(count).into_iter();
                let work = ranks.map(|rank| scope.spawn(move || trained(name, settings, data, 4, 1, rank)));
                let work: Vec<_> = work.collect();
                work.into_iter().map(|rank| rank.join().unwrap()).collect::<Vec<_>>()
            });
            for (rank, many) in all.iter().enumerate() {
                assert!(one == *many, "{name} {settings}: rank {rank} of {count} has other bits");
            }
        }
    }
}

#[test]
fn run_folders_are_the_same_for_any_number_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for model in ["vae", "vq-vae"] {
        let train = |epochs: &'static str| {
            let schedule = "train.schedule=constant";
            ["train", model, "--epochs", epochs, "--seed", "5", "--batch", "200", "--set", schedule]
        };
        for workers in ["1", "2", "4"] {
            let out = format!("{model}-{workers}");
            succeed(path, &[&train("3")[..], &["--workers", workers, "--out", &out]].concat());
        }
        // Stopped after an epoch, and gone on with by others.
        let out = format!("{model}-more");
        succeed(path, &[&train("1")[..], &["--workers", "2", "--out", &out]].concat());
        succeed(path, &["resume", &out, "--epochs", "3", "--workers", "4"]);
        let files = |out: &str| bytes(&path.join(format!("{model}-{out}")));
        let one = files("1");
        assert!(one.iter().any(|(name, _)| name == "finished.safetensors") && one.len() > 6, "{model}");
        for other in ["2", "4", "more"] {
            for ((name, one), (_, other_bytes)) in one.iter().zip(files(other)) {
                assert!(*one == other_bytes, "{model}: {name} is another for {other}");
            }
        }
        let config = fs::read_to_string(path.join(format!("{model}-1/config.toml"))).unwrap();
        assert!(config.contains("pieces = 4"), "{config}");
    }
}

#[test]
fn workers_that_nobody_can_employ_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let train = ["train", "ae", "--epochs", "1", "--out", "a"];
    refuse(path, &[&train[..], &["--workers", "0"]].concat(), "at least 1 worker is needed (--workers 1)");
    refuse(path, &[&train[..], &["--set", "train.pieces=0"]].concat(), "pieces must be from 1 to 256, not 0");
    refuse(
        path,
        &[&train[..], &["--set", "train.pieces=1000"]].concat(),
        "pieces must be from 1 to 256, not 1000",
    );
    succeed(path, &train);
    refuse(
        path,
        &["resume", "a", "--epochs", "2", "--workers", "2"],
        "batches are in one piece (train.pieces is 1), which workers cannot share; leave --workers away",
    );
}
