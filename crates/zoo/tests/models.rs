//! What every model of the registry must do.

use std::panic::{AssertUnwindSafe, catch_unwind};

use autograd::{Mismatch, Tensor, Tree, Var};
use nn::data::schema::Schema;
use nn::random::normal;
use nn::train::Update;
use nn::{Adam, Context, Dataset, Purpose, generator};
use toml::Table;
use zoo::data::{Split, digits};
use zoo::models::{
    autoencoder, capacity_vae, conditional_vae, contractive, denoising, dncnn, flow_vae, ica, iwae, jumprelu,
    linear, rae, sparse, sparse_kl, spectral_mask, stacked, tc_vae, topk, vae, vamp, vq_vae, wae,
};
use zoo::registry::{Entry, MODELS, Training};
use zoo::train::{Plan, train};
use zoo::{AnyModel, Learned, Model, Settings, evaluate};

/// What the walks have to know of a model besides its entry.
struct Case {
    name: &'static str,
    /// Settings for three examples of five features: tiny, and without kinks where that is possible.
    tiny: &'static str,
    /// The highest derivative that is checked. 0: the loss has derivatives by decree (straight-through), and
    /// the walk checks that it refuses to be differentiated twice.
    orders: usize,
    /// Settings with which four examples can be learnt by heart.
    overfit: &'static str,
    /// Settings that make it so wide that the kernels share their work.
    wide: &'static str,
    /// Settings with which a step that is too large makes the loss infinite.
    diverging: &'static str,
    /// SSE/img of the test digits that 30 epochs must reach: at most a tenth above what was measured when it
    /// was written. PCA with 8 numbers has 1.562, the mean image 4.77.
    target: f64,
}

/// Where a line below says nothing else.
const USUAL: Case = Case {
    name: "",
    tiny: "code = 2\nhidden = [4]\nactivation = 'tanh'",
    orders: 2,
    overfit: "",
    wide: "hidden = [500]",
    diverging: "",
    target: 1.65,
};

const CASES: &[Case] = &[
    Case { name: "ae", ..USUAL },
    Case {
        name: "linear",
        tiny: "code = 2\northonormal = true\norder = 'nested_dropout'\ndecay = 0.1",
        wide: "code = 60",
        target: 1.64,
        ..USUAL
    },
    // Normalizing three examples curves the loss too much for finite differences; the model's own tests take
    // twenty.
    Case {
        name: "residual",
        tiny: "code = 2\nwidth = 4\nnorm = 'none'",
        wide: "width = 256",
        target: 1.48,
        ..USUAL
    },
    Case {
        name: "conv",
        tiny: "code = 2\nchannels = [2, 3]\nactivation = 'tanh'",
        wide: "channels = [32, 32]",
        ..USUAL
    },
    Case {
        name: "denoising",
        tiny: "code = 2\nhidden = [4]\nactivation = 'tanh'\nalpha = 2.0",
        target: 0.92,
        ..USUAL
    },
    // It copies: its error on pictures without noise says little.
    Case {
        name: "dncnn",
        tiny: "depth = 3\nchannels = 2\nnorm = 'none'\nactivation = 'tanh'",
        overfit: "corruption = { gaussian = 0.0 }",
        wide: "channels = 64",
        target: 0.3,
        ..USUAL
    },
    // It copies, too; a babble of single examples repeats the pixels that are learnt by heart.
    Case {
        name: "spectral-mask",
        tiny: "frame = 4\nchannels = 3\nblocks = 1\nactivation = 'tanh'",
        overfit: "snr = [60.0, 60.0]",
        wide: "channels = 256",
        target: 0.5,
        ..USUAL
    },
    // tanh and the square keep away from the kinks of the rectifier and of |h|.
    Case {
        name: "sparse",
        tiny: "code = 6\ncode_activation = 'tanh'\npenalty = 'l2'\nscale = 'fold'",
        wide: "code = 500",
        target: 0.37,
        ..USUAL
    },
    Case { name: "sparse-kl", tiny: "code = 6\nmemory = 0.0", wide: "code = 500", target: 0.98, ..USUAL },
    Case { name: "topk", tiny: "code = 6\nk = 2", orders: 1, wide: "code = 500", target: 0.88, ..USUAL },
    Case { name: "jumprelu", tiny: "code = 6", orders: 0, wide: "code = 500", target: 0.59, ..USUAL },
    Case {
        name: "contractive",
        tiny: "code = 3\nhidden = [4]\ncurvature = 0.3\nprobes = 2",
        target: 1.48,
        ..USUAL
    },
    Case { name: "rae", ..USUAL },
    Case { name: "wae", ..USUAL },
    Case {
        name: "stacked",
        tiny: "code = 2\nhidden = [4]\npretraining = 1",
        wide: "hidden = [500]\npretraining = 1",
        // Its cross-entropy is about as large as the logits, which sigmoid units keep in range.
        diverging: "likelihood = 'squared_error'\npretraining = 0",
        target: 1.05,
        ..USUAL
    },
    Case {
        name: "ica",
        tiny: "code = 2\ncomponents = 3\ndecorrelation = 0.5\northogonality = 0.5",
        // As many filters as components in which the digits vary.
        overfit: "code = 50\nindependence = 0.0",
        wide: "code = 60",
        target: 0.8,
        ..USUAL
    },
    Case { name: "sequence", tiny: "code = 2\nstate = 3", wide: "state = 300", target: 1.55, ..USUAL },
    // Of whole numbers they learn shares; pixels are none.
    Case { name: "mult-vae", overfit: "dropout = 0.0", target: 2.55, ..USUAL },
    Case { name: "mult-dae", overfit: "corruption = { masking = 0.0 }", target: 1.42, ..USUAL },
    Case { name: "autorec", overfit: "dropout = 0.0", target: 2.75, ..USUAL },
    Case { name: "vae", target: 1.8, ..USUAL },
    Case { name: "beta-vae", target: 1.42, ..USUAL },
    Case { name: "tc-vae", target: 2.1, ..USUAL },
    Case { name: "iwae", target: 1.8, ..USUAL },
    Case {
        name: "vamp",
        tiny: "code = 2\nhidden = [4]\nactivation = 'tanh'\ncomponents = 2",
        target: 1.8,
        ..USUAL
    },
    Case { name: "flow-vae", target: 1.8, ..USUAL },
    Case { name: "cvae", target: 1.9, ..USUAL },
    // 8 parts of 6 bits.
    Case {
        name: "vq-vae",
        tiny: "code = 2\nhidden = [4]\nactivation = 'tanh'\ndimension = 1\ncodebook = 3",
        orders: 0,
        target: 1.2,
        ..USUAL
    },
];

/// The case of a model. One without a case fails: it would be skipped.
fn case(entry: &Entry) -> &'static Case {
    let found = CASES.iter().find(|case| case.name == entry.name);
    found.unwrap_or_else(|| panic!("`{}` needs a line in CASES", entry.name))
}

fn table(settings: &str) -> Table {
    settings.parse().expect("settings in CASES are TOML")
}

fn learned() -> impl Iterator<Item = &'static Entry> {
    MODELS.iter().copied().filter(|entry| entry.training == Training::Gradient)
}

fn built(entry: &Entry, given: &Table, data: &Dataset, seed: u64) -> Box<dyn AnyModel> {
    let settings = entry.complete(given, data).unwrap();
    entry.build(&settings, data, seed).unwrap()
}

pub(crate) fn parameters(model: &dyn AnyModel) -> Vec<Tensor<f32>> {
    let mut all = vec![];
    model.parameters(&mut |_, parameter| all.push(parameter.clone()));
    all
}

fn brief(data: &Split, entry: &Entry) -> Plan {
    Plan { epochs: 2, ..entry.plan(&data.train) }
}

/// Compares a derivative of the loss with finite differences, of a model whose settings are of a certain type.
pub(crate) type Check = fn(&dyn AnyModel, &Table, &Dataset, Context, usize) -> Result<(), Mismatch>;

/// The check of a kind of model. It needs the type, because `AnyModel` knows no double precision.
fn checked<S, M>(
    walked: &dyn AnyModel,
    settings: &Table,
    data: &Dataset,
    context: Context,
    order: usize,
) -> Result<(), Mismatch>
where
    S: Settings<Model = Learned<M>>,
    M: Tree<Tensor<f32>>,
    Learned<M>: AnyModel,
    for<'t> M::With<Var<'t, f64>>: Model<'t, f64>,
{
    let settings = S::from_sections(settings).unwrap();
    let model = settings.build(data, &mut generator(1, Purpose::Init, 0, 0)).unwrap();
    let loss = |model: &dyn AnyModel| model.loss(data.x(), context.clone()).total();
    assert_eq!(loss(&model), loss(walked), "it is the model of the registry that is checked");
    model.gradcheck(data.x(), context, order)
}

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("ae", checked::<autoencoder::Config, _>),
    ("linear", checked::<linear::Config, _>),
    ("residual", checked::<autoencoder::Config, _>),
    ("conv", checked::<autoencoder::Config, _>),
    ("denoising", checked::<denoising::Config, _>),
    ("dncnn", checked::<dncnn::Config, _>),
    ("spectral-mask", checked::<spectral_mask::Config, _>),
    ("sparse", checked::<sparse::Config, _>),
    ("sparse-kl", checked::<sparse_kl::Config, _>),
    ("topk", checked::<topk::Config, _>),
    ("jumprelu", checked::<jumprelu::Config, _>),
    ("vae", checked::<vae::Config, _>),
    ("beta-vae", checked::<capacity_vae::Config, _>),
    ("tc-vae", checked::<tc_vae::Config, _>),
    ("iwae", checked::<iwae::Config, _>),
    ("vamp", checked::<vamp::Config, _>),
    ("flow-vae", checked::<flow_vae::Config, _>),
    ("cvae", checked::<conditional_vae::Config, _>),
    ("vq-vae", checked::<vq_vae::Config, _>),
    ("contractive", checked::<contractive::Config, _>),
    ("rae", checked::<rae::Config, _>),
    ("wae", checked::<wae::Config, _>),
    ("stacked", checked::<stacked::Config, _>),
    ("ica", checked::<ica::Config, _>),
    ("sequence", checked::<autoencoder::Config, _>),
    ("mult-vae", checked::<vae::Config, _>),
    ("mult-dae", checked::<denoising::Config, _>),
    ("autorec", checked::<autoencoder::Config, _>),
];

#[test]
fn gradients_of_the_loss_agree_with_finite_differences() {
    let x = Tensor::from_fn([3, 5], |i| ((i * 7) % 11) as f32 / 10.0);
    let tiny = Dataset::new(x).with_labels(vec![0, 1, 0]).with_schema(Schema::grey([1, 5]));
    for entry in learned() {
        let settings = entry.complete(&table(case(entry).tiny), &tiny).unwrap();
        let model = entry.build(&settings, &tiny, 1).unwrap();
        let found = CHECKS.iter().find(|(name, _)| *name == entry.name);
        let (_, checked) = found.unwrap_or_else(|| panic!("`{}` needs a line in CHECKS", entry.name));
        let check = |order| {
            let context = Context::training(0, 1, &[0, 1, 2]).with_labels(tiny.labels().map(<[u32]>::to_vec));
            checked(&*model, &settings, &tiny, context, order)
        };
        let highest = case(entry).orders;
        for order in 1..=highest {
            check(order).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        }
        if highest == 0 {
            let refused = catch_unwind(AssertUnwindSafe(|| check(1))).unwrap_err();
            let text = refused.downcast_ref::<&str>().copied().unwrap_or_default();
            assert!(text.contains("straight_through: it has a first derivative by decree"), "{}", entry.name);
        }
    }
}

#[test]
fn jacobians_agree_with_finite_differences() {
    // In single precision, so the step is large; the smooth units make its square harmless.
    const STEP: f32 = 1e-2;
    let data = digits();
    // Blank borders are silence to a model of sounds, whose spectrum has a kink.
    let noise = normal::<f32>(&[2, 64], &mut generator(0, Purpose::Corruption, 0, 0));
    let x = data.test.rows(&[0, 1]).zip(&noise, |x, noise| x + 0.3 * noise);
    for entry in MODELS {
        let known = entry.complete(&Table::new(), &data.train).unwrap();
        let mut given = Table::new();
        for name in ["activation", "code_activation"] {
            if zoo::settings::find(&known, name).is_some() {
                given.insert(name.into(), "tanh".into());
            }
        }
        let model = built(entry, &given, &data.train, 1);
        let z = model.encode(&x);
        type Map<'a> = &'a dyn Fn(&Tensor<f32>) -> Tensor<f32>;
        let check = |what: &str, f: Map, at: &Tensor<f32>, j: Tensor<f32>, jumps: bool| {
            let [batch, inputs] = [0, 1].map(|axis| at.shape()[axis]);
            let here = f(at);
            let outputs = here.shape()[1];
            assert_eq!(j.shape(), [batch, outputs, inputs], "{}: {what}", entry.name);
            let largest = j.to_vec().iter().fold(0.0, |m: f32, j| m.max(j.abs()));
            assert!(largest > 0.0, "{}: {what} is zero", entry.name);
            let mut compared = 0;
            for k in [0, inputs - 1] {
                let moved = |by: f32| {
                    f(&Tensor::from_fn([batch, inputs], |i| {
                        at.to_vec()[i] + if i % inputs == k { by } else { 0.0 }
                    }))
                };
                let [ahead, behind, here] = [moved(STEP), moved(-STEP), here.clone()].map(|y| y.to_vec());
                let column = j.slice(2, k..k + 1).to_vec();
                for (i, j) in column.into_iter().enumerate() {
                    // Where a unit is switched on or off between the places, the difference is a jump.
                    let on = [ahead[i], behind[i], here[i]].map(|y| y != 0.0);
                    if jumps && on != [on[0]; 3] {
                        continue;
                    }
                    compared += 1;
                    let d = (ahead[i] - behind[i]) / (2.0 * STEP);
                    let near = (d - j).abs() < 1e-3 * largest.max(1.0);
                    assert!(near, "{}: {what}: {j}, by differences {d}", entry.name);
                }
            }
            let most = 2 * batch * outputs;
            assert!(10 * compared > 9 * most, "{}: {what}: {compared} of {most} compared", entry.name);
        };
        // A quantized code is constant almost everywhere: its Jacobian is one by decree.
        if entry.name != "vq-vae" {
            let jumps = ["topk", "jumprelu"].contains(&entry.name);
            check("encoder", &|x| model.encode(x), &x, model.encoder_jacobian(&x), jumps);
        }
        check("decoder", &|z| model.decode(z), &z, model.decoder_jacobian(&z), false);
    }
}

#[test]
fn a_tiny_batch_is_learnt() {
    let data = digits();
    let numbers = [0, 1, 2, 3];
    for entry in learned() {
        let mut model = built(entry, &table(case(entry).overfit), &data.train, 0);
        let mut adam = Adam::new(5e-3);
        let x = data.train.rows(&numbers);
        let tiny = Dataset::new(x.clone()).with_labels(data.train.labels_of(&numbers));
        let before = evaluate::mean_squared_error(&*model, &tiny);
        for epoch in 0..300 {
            model
                .train_step(
                    &x,
                    Context::training(0, epoch, &numbers).with_labels(tiny.labels().map(<[u32]>::to_vec)),
                    &mut Update { optimizer: &mut adam, clip_norm: None },
                )
                .unwrap();
        }
        let after = evaluate::mean_squared_error(&*model, &tiny);
        assert!(after < 0.1 * before, "{}: SSE/img {before} became {after}", entry.name);
    }
}

#[test]
fn thirty_epochs_reach_the_target_on_the_digits() {
    let data = digits();
    let mut missed = vec![];
    for entry in learned() {
        let mut model = built(entry, &Table::new(), &data.train, 0);
        train(&mut *model, &data, &Plan { epochs: 30, ..entry.plan(&data.train) }).unwrap();
        let (sse, target) = (evaluate::mean_squared_error(&*model, &data.test), case(entry).target);
        println!("{}: SSE/img {sse:.3}, target {target}", entry.name);
        if sse > target {
            missed.push(entry.name);
        }
    }
    assert!(missed.is_empty(), "missed: {missed:?}");
}

#[test]
fn samples_are_codes_that_depend_on_their_number_alone() {
    let data = digits();
    for entry in MODELS {
        let model = built(entry, &Table::new(), &data.train, 0);
        let Some(samples) = model.sample(Context::sampling(3, &[0, 1, 2])) else { continue };
        let code = model.encode(&data.test.rows(&[0])).shape()[1];
        assert_eq!(samples.shape(), [3, code], "{}", entry.name);
        assert_eq!(model.decode(&samples).shape(), [3, 64], "{}", entry.name);
        let alone = model.sample(Context::sampling(3, &[1])).unwrap();
        assert_eq!(alone.to_vec(), samples.slice(0, 1..2).to_vec(), "{}", entry.name);
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
    let numbers = [0, 1, 2];
    let part = Dataset::new(data.test.rows(&numbers)).with_labels(data.test.labels_of(&numbers));
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
                let mut model = built(entry, &table(case(entry).wide), &data.train, seed);
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
        let mut model = built(entry, &table(case(entry).diverging), &data.train, 0);
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
    let count = format!("{} models", MODELS.len());
    assert!(readme.contains(&count), "README.md should say “{count}”");
    assert!(include_str!("../../python/README.md").contains(&count), "that of the Python package, too");
    for entry in MODELS {
        let cell = |text: &str| text.replace('|', "\\|");
        let (equation, source) = (cell(entry.equation), cell(entry.source));
        let row = format!("| `{}` | {} | {equation} | {source} |", entry.name, entry.title);
        assert!(readme.contains(&row), "README.md lacks the row\n{row}");
    }
}
