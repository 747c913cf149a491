//! Objectives, networks and kinds of data in combination: of every two of the three, all pairs that go together stand in
//! at least one case, and each case is a model that is checked from its derivatives to its exported graph.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fs;

use autograd::Tensor;
use nn::data::schema::{Block, Kind, Schema, Shape};
use nn::train::Update;
use nn::{Adam, Context, Dataset};
use toml::Table;
use zoo::AnyModel;
use zoo::graph::{Graph, Part};
use zoo::registry::{Entry, MODELS};

use crate::common::succeed;
use crate::graphs::{by_onnx, difference, expected, inputs};
use crate::models::{CHECKS, parameters};

/// Objectives with the settings that make them small, and the highest derivative that is checked.
const OBJECTIVES: &[(&str, &str, usize)] = &[
    ("ae", "", 2),
    ("denoising", "alpha = 2.0", 2),
    ("rae", "", 2),
    ("contractive", "curvature = 0.3", 2),
    ("sparse", "code_activation = 'tanh'\npenalty = 'l2'", 2),
    ("wae", "", 2),
    ("vae", "", 2),
    ("beta-vae", "", 2),
    ("tc-vae", "", 2),
    ("iwae", "", 2),
    ("vamp", "components = 2", 2),
    ("flow-vae", "", 2),
    ("cvae", "", 2),
    // Its codes have a derivative by decree.
    ("vq-vae", "dimension = 1\ncodebook = 3", 0),
];

/// Networks with settings that make them small and smooth.
const NETWORKS: &[(&str, &str)] = &[
    ("mlp", "hidden = [5]\nactivation = 'tanh'"),
    ("residual", "width = 8\nblocks = 1"),
    ("conv", "channels = [3, 4]\nhidden = []\nactivation = 'tanh'"),
    ("resnet", "channels = [8]"),
    ("grid", "channels = [4, 4]"),
    ("conv1d", "channels = [4]\nkernel = 3\nblocks = 1\nactivation = 'tanh'"),
    ("gru", "state = 4"),
    ("lstm", "state = 4\nlayers = 2"),
    ("bag", "hidden = [5]\ndropout = 0.2"),
    ("transformer", "patch = 2\nwidth = 16\nheads = 2\nblocks = 1"),
];

/// A kind of data.
struct Sort {
    name: &'static str,
    schema: Schema,
    /// The likelihood of models that are distributions.
    likelihood: &'static str,
    /// Networks that read such data.
    networks: &'static [&'static str],
    /// Whether some of the numbers are missing.
    gaps: bool,
}

const OF_GREY: &[&str] = &["mlp", "residual", "conv", "resnet", "grid", "gru", "lstm", "transformer"];
const OF_COLOUR: &[&str] = &["mlp", "residual", "conv", "resnet", "grid", "transformer"];
const OF_SERIES: &[&str] = &["mlp", "residual", "conv1d", "gru", "lstm", "transformer"];
const OF_TEXTS: &[&str] = &["gru", "lstm", "transformer"];
/// Texts are written step by step, which no graph shows, and not all objectives learn from them.
const TEXTS: &str = "texts";
const OF_TABLES: &[&str] = &["mlp", "residual"];

fn sorts() -> Vec<Sort> {
    let sort = |name, schema, likelihood, networks| Sort { name, schema, likelihood, networks, gaps: false };
    let mixed = Schema::new([
        Block::new(Shape::Scalars(2), Kind::Real),
        Block::new(Shape::Scalars(3), Kind::Category),
        Block::new(Shape::Scalars(1), Kind::Count),
        Block::new(Shape::Scalars(1), Kind::Binary),
        Block::new(Shape::Scalars(1), Kind::Ordinal { levels: 3 }),
    ]);
    let table = |width, kind| Schema::new([Block::new(Shape::Scalars(width), kind)]);
    vec![
        sort("grey pictures", Schema::grey([5, 4]), "bernoulli", OF_GREY),
        sort("binary pictures", Schema::image([1, 4, 4], Kind::Binary), "bernoulli", OF_GREY),
        sort(
            "colour pictures",
            Schema::image([3, 4, 5], Kind::UnitInterval),
            "gaussian_per_pixel",
            OF_COLOUR,
        ),
        sort("series", Schema::series([6, 2], Kind::Real), "gaussian", OF_SERIES),
        sort("series of counts", Schema::series([5, 2], Kind::Count), "negative_binomial", OF_SERIES),
        sort("a table of reals", table(5, Kind::Real), "gaussian", OF_TABLES),
        sort("a table of counts", table(5, Kind::Count), "poisson", OF_TABLES),
        sort("categories", table(4, Kind::Category), "categorical", OF_TABLES),
        sort("a mixed table", mixed.clone(), "gaussian", OF_TABLES),
        Sort { gaps: true, ..sort("a mixed table with gaps", mixed, "gaussian", OF_TABLES) },
        Sort {
            gaps: true,
            ..sort("series with gaps", Schema::series([6, 2], Kind::Real), "gaussian", OF_SERIES)
        },
        sort("levels", table(4, Kind::Ordinal { levels: 4 }), "ordinal", OF_TABLES),
        sort(
            TEXTS,
            Schema::new([Block::new(Shape::Tokens { length: 5 }, Kind::Token { vocabulary: 7 })]),
            "token",
            OF_TEXTS,
        ),
    ]
}

const EXAMPLES: usize = 8;

/// Examples of this kind, all different.
fn examples(Sort { schema, gaps, .. }: &Sort) -> Dataset {
    let width = schema.width();
    let kinds: Vec<(usize, usize, Kind)> = (schema.columns())
        .flat_map(|(columns, block)| {
            columns.clone().map(move |i| (i - columns.start, columns.len(), block.kind))
        })
        .collect();
    let value = |i: usize| {
        let (row, column) = (i / width, i % width);
        let (place, columns, kind) = kinds[column];
        let wave = (1.3 * row as f32 + 0.7 * column as f32 + 0.3 * (row * column) as f32).sin();
        match kind {
            Kind::Real => 1.5 * wave,
            Kind::UnitInterval => 0.5 + 0.45 * wave,
            Kind::Binary => f32::from(u8::from(wave > 0.0)),
            Kind::Count => (2.0 + 2.4 * wave).round(),
            Kind::Category => f32::from(u8::from((row * 5 + row / 3) % columns == place)),
            Kind::Ordinal { levels } => ((row * 2 + row / 4) % levels) as f32,
            // Texts of 2 to 5 tokens, most of them with an end.
            Kind::Token { vocabulary } => match place.cmp(&(2 + row % 4)) {
                Ordering::Less => (3 + (row + 2 * place + row / 3) % (vocabulary - 3)) as f32,
                Ordering::Equal => 1.0,
                Ordering::Greater => 0.0,
            },
        }
    };
    let x = Tensor::from_fn([EXAMPLES, width], value);
    let seen = |i: usize| f32::from(u8::from(!(i * 7).is_multiple_of(5)));
    Dataset::new(x)
        .with_observed(gaps.then(|| Tensor::from_fn([EXAMPLES, width], seen)))
        .with_labels((0..EXAMPLES as u32).map(|i| i % 2).collect::<Vec<_>>())
        .with_schema(schema.clone())
}

/// Places in the lists above.
type Case = [usize; 3];

/// Of all cases that go together so many that every pair of objective, network and kind of data that goes together is in
/// one: always the case with most pairs that are in none yet.
fn cover(sorts: &[Sort]) -> Vec<Case> {
    let reads = |network: usize, sort: usize| sorts[sort].networks.contains(&NETWORKS[network].0);
    let all: Vec<Case> = (0..OBJECTIVES.len())
        .flat_map(|o| (0..NETWORKS.len()).flat_map(move |n| (0..sorts.len()).map(move |s| [o, n, s])))
        .filter(|&[_, network, sort]| reads(network, sort))
        .filter(|&[objective, _, sort]| {
            sorts[sort].name != TEXTS || entry(OBJECTIVES[objective].0).reads_texts
        })
        // These have outputs beside those of the places of a code.
        .filter(|&[o, n, _]| NETWORKS[n].0 != "grid" || !["flow-vae", "cvae"].contains(&OBJECTIVES[o].0))
        .collect();
    let pairs = |[o, n, s]: Case| [(0, o, n), (1, o, s), (2, n, s)];
    let mut open: BTreeSet<_> = all.iter().flat_map(|&case| pairs(case)).collect();
    let mut chosen = vec![];
    while !open.is_empty() {
        let news = |case: &Case| pairs(*case).iter().filter(|pair| open.contains(pair)).count();
        // The first of the best.
        let best = *all.iter().rev().max_by_key(|case| news(case)).expect("there are cases");
        pairs(best).iter().for_each(|pair| {
            open.remove(pair);
        });
        chosen.push(best);
    }
    chosen.sort_unstable();
    chosen
}

fn entry(name: &str) -> &'static Entry {
    zoo::registry::find(name).unwrap()
}

/// Complete settings of a case.
fn settings(data: &Dataset, sort: &Sort, [objective, network, _]: Case) -> Table {
    let ((name, of_objective, _), (net, of_network)) = (OBJECTIVES[objective], NETWORKS[network]);
    let mut given: Table = of_objective.parse().unwrap();
    given.insert("code".into(), 2.into());
    let mut section: Table = of_network.parse().unwrap();
    section.insert("name".into(), net.into());
    if sort.name == TEXTS && net == "transformer" {
        section.insert("patch".into(), 1.into());
    }
    given.insert("network".into(), section.into());
    let mut with_likelihood = given.clone();
    with_likelihood.insert("likelihood".into(), sort.likelihood.into());
    // An objective that is no distribution takes its own.
    entry(name)
        .complete(&with_likelihood, data)
        .or_else(|_| entry(name).complete(&given, data))
        .unwrap_or_else(|error| panic!("{name}, {net}, {}: {error}", sort.name))
}

/// A pass of training over all examples.
fn context<'a>(data: &Dataset, numbers: &'a [usize]) -> Context<'a> {
    Context::training(0, 1, numbers)
        .with_labels(data.labels().map(<[u32]>::to_vec))
        .with_observed(data.observed().cloned())
}

/// Some steps of training on all examples with the same noise, and the loss before and after.
fn learn(model: &mut dyn AnyModel, data: &Dataset, steps: usize) -> [f64; 2] {
    let numbers: Vec<usize> = (0..data.len()).collect();
    let context = || context(data, &numbers);
    let mut adam = Adam::new(1e-2);
    let loss = |model: &dyn AnyModel| model.loss(data.x(), context()).total();
    let before = loss(model);
    for _ in 0..steps {
        model.train_step(data.x(), context(), &mut Update { optimizer: &mut adam, clip_norm: None }).unwrap();
    }
    [before, loss(model)]
}

/// How many derivatives finite differences could not decide about, because the loss curves too much.
fn check(sort: &Sort, case: Case) -> Result<usize, String> {
    let mut undecided = 0;
    let (name, _, orders) = OBJECTIVES[case[0]];
    let data = examples(sort);
    let (entry, settings) = (entry(name), settings(&data, sort, case));
    let built = || entry.build(&settings, &data, 1).map_err(|error| error.to_string());
    let numbers: Vec<usize> = (0..data.len()).collect();
    let (_, checked) = CHECKS.iter().find(|(known, _)| *known == name).expect("a line in CHECKS");
    for order in 1..=orders {
        match checked(&*built()?, &settings, &data, context(&data, &numbers), order) {
            Ok(()) => {}
            Err(mismatch) if mismatch.inconclusive => undecided += 1,
            Err(mismatch) => return Err(format!("derivative {order}: {mismatch}")),
        }
    }

    let trained = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut model = built()?;
            let losses = learn(&mut *model, &data, 15);
            Ok::<_, String>((model, losses))
        })
    };
    let ((model, [before, after]), (other, _)) = (trained(1)?, trained(2)?);
    if parameters(&*model) != parameters(&*other) {
        return Err("two threads give other bits than one".into());
    }
    if after >= before {
        return Err(format!("the loss was {before} and is {after}"));
    }

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model");
    model.save(&path, [].into()).map_err(|error| error.to_string())?;
    let mut loaded = entry.build(&settings, &data, 2).map_err(|error| error.to_string())?;
    loaded.load(&path).map_err(|error| error.to_string())?;
    if model.encode(data.x()) != loaded.encode(data.x()) || parameters(&*model) != parameters(&*loaded) {
        return Err("a checkpoint does not restore it".into());
    }

    let parts = if sort.name == TEXTS { &[][..] } else { &[Part::Encoder, Part::Decoder] };
    for &part in parts {
        let input = inputs(&*model, part, data.x());
        let graph = Graph::of(&*model, part, &input).map_err(|error| format!("{part:?}: {error}"))?;
        for x in [input.slice(0, ..5), input.slice(0, 2..3)] {
            let far = difference(&expected(&*model, part, &x), &by_onnx(&graph, part, None, &x));
            if far >= 1e-5 {
                return Err(format!("{part:?} in another runtime: {far}"));
            }
        }
    }
    Ok(undecided)
}

#[test]
fn objectives_networks_and_data_go_together() {
    let sorts = sorts();
    let cases = cover(&sorts);
    let (mut problems, mut undecided) = (vec![], 0);
    for &case in &cases {
        let [objective, network, sort] = case;
        let text = format!("{} on {} of {}", OBJECTIVES[objective].0, NETWORKS[network].0, sorts[sort].name);
        match check(&sorts[sort], case) {
            Ok(count) => {
                println!("{text}{}", if count > 0 { " (a derivative is undecided)" } else { "" });
                undecided += count;
            }
            Err(problem) => problems.push(format!("{text}: {problem}")),
        }
    }
    println!("{} cases, {undecided} derivatives undecided", cases.len());
    assert!(cases.len() >= 80, "{} cases are no cover", cases.len());
    assert!(10 * undecided <= cases.len(), "{undecided} derivatives were not checked");
    assert!(problems.is_empty(), "{} of {}:\n{}", problems.len(), cases.len(), problems.join("\n"));
}

/// An objective that the lists above lack would not be tested.
#[test]
fn every_objective_with_an_open_network_is_listed() {
    let data = Dataset::new(Tensor::zeros([EXAMPLES, 5]));
    let open = MODELS.iter().filter(|entry| entry.preset.is_none()).filter(|entry| {
        entry.complete(&Table::new(), &data).is_ok_and(|settings| settings.contains_key("network"))
    });
    let open: BTreeSet<&str> = open.map(|entry| entry.name).collect();
    assert_eq!(OBJECTIVES.iter().map(|(name, ..)| *name).collect::<BTreeSet<_>>(), open);
    let networks: Vec<&str> = zoo::network::Network::ALL.iter().map(|network| network.0).collect();
    assert_eq!(
        NETWORKS.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>(),
        networks.into_iter().collect()
    );
    // The network of recommenders reads none of these kinds of data.
    let sorts = sorts();
    let tried: BTreeSet<&str> = cover(&sorts).iter().map(|case| NETWORKS[case[1]].0).collect();
    let missing = NETWORKS.iter().map(|(name, _)| *name).find(|name| *name != "bag" && !tried.contains(name));
    assert!(
        missing.is_none(),
        "{missing:?} should stand in the list `OF_…` of every kind of data that it reads"
    );
}

/// Trainings by the command line on data of three kinds: each is interrupted after an epoch and goes on to the same
/// parameters, to the byte, and each has its page.
#[test]
fn what_is_resumed_is_the_same_to_the_byte_and_has_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let row = |i: usize| {
        let gap = if i % 7 == 3 { String::new() } else { format!("{:.2}", (i as f64).sin()) };
        let (colour, rank) = (["red", "green", "blue"][i % 3], ["low", "mid", "high"][i / 2 % 3]);
        format!("{:.2},{gap},{colour},{rank},{}\n", (0.7 * i as f64).cos(), i * i % 5)
    };
    let table: String = (0..40).map(row).collect();
    fs::write(path.join("t.csv"), format!("a,b,colour,rank,count\n{table}")).unwrap();
    let wave = |i: usize| (0..12).map(|t| format!("{:.2}", (0.3 * (i * t) as f64).sin())).collect::<Vec<_>>();
    let waves: String = (0..40).map(|i| wave(i).join(",") + "\n").collect();
    fs::write(path.join("w.csv"), waves).unwrap();
    let ordinal = ["--columns", "rank=low<mid<high"];
    let (table, waves, digits) = ("t.csv", ["--data", "w.csv", "--series", "2"], "digits");
    let cases: [(&str, Vec<&str>); 6] = [
        ("vae", [&["--data", table][..], &ordinal].concat()),
        ("wae", [&["--data", table, "--net", "residual"][..], &ordinal].concat()),
        ("sequence", waves.to_vec()),
        ("contractive", [&waves[..], &["--net", "conv1d", "--set", "likelihood=squared_error"]].concat()),
        ("sparse", vec!["--data", digits, "--net", "resnet", "--code", "12"]),
        ("conv", vec!["--data", digits]),
    ];
    for (model, flags) in cases {
        let run = |out: &str, epochs: &str| {
            let plan = ["--epochs", epochs, "--set", "train.schedule=constant", "--out", out];
            succeed(path, &[&["train", model][..], &flags, &plan].concat());
        };
        let [whole, parts] = ["whole", "parts"].map(|name| format!("{model}-{name}"));
        run(&whole, "2");
        run(&parts, "1");
        succeed(path, &["resume", &parts, "--epochs", "2"]);
        let model_of = |run: &str| fs::read(path.join(run).join("model.safetensors")).unwrap();
        assert!(model_of(&whole) == model_of(&parts), "{model}: resuming changes the model");
        let page = fs::read_to_string(path.join(&parts).join("report.html")).unwrap();
        assert!(!page.contains("This section could not be made"), "{model}");
    }
}
