//! Every model as a graph, run by programs that are not this one: an ONNX runtime, and a browser.

use std::path::Path;
use std::process::Command;

use autograd::Tensor;
use nn::Error;
use nn::error::{Fault, Number};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use toml::Table;
use zoo::config::Config;
use zoo::data::{Impute, Preparation, Reading, Split, Units, digits, prepare};
use zoo::graph::{Graph, Part};
use zoo::reference::Reference;
use zoo::registry::{Entry, MODELS, find};
use zoo::train::{Plan, train};
use zoo::{AnyModel, evaluate, onnx, report};

const PARTS: [Part; 3] = [Part::Encoder, Part::Decoder, Part::Whole];

/// A model after a little training, so that no parameter is 0.
fn trained(entry: &Entry, given: &str, data: &Split) -> Box<dyn AnyModel> {
    let settings = entry.complete(&given.parse::<Table>().unwrap(), &data.train).unwrap();
    let mut model = entry.build(&settings, &data.train, 3).unwrap();
    let plan = Plan { epochs: 3, ..entry.plan(&data.train) };
    train(&mut *model, data, &plan).unwrap();
    model
}

fn some(data: &Split) -> Tensor<f32> {
    data.test.x().slice(0, 100..107)
}

/// Inputs of a part: examples, or their codes.
pub(crate) fn inputs(model: &dyn AnyModel, part: Part, x: &Tensor<f32>) -> Tensor<f32> {
    if part == Part::Decoder { model.encode(x) } else { x.clone() }
}

pub(crate) fn expected(model: &dyn AnyModel, part: Part, input: &Tensor<f32>) -> Tensor<f32> {
    match part {
        Part::Encoder => model.encode(input),
        Part::Decoder => model.decode(input),
        Part::Whole => model.decode(&model.encode(input)),
    }
}

/// What an ONNX runtime of other authors computes.
pub(crate) fn by_onnx(graph: &Graph, part: Part, units: Option<&Units>, x: &Tensor<f32>) -> Tensor<f32> {
    let model = rten::Model::load(onnx::file(graph, part, units, &[])).unwrap();
    let (input, output) = onnx::names(part, units.is_some());
    let (input, output) = (model.node_id(input).unwrap(), model.node_id(output).unwrap());
    let x = NdTensor::from_data([x.shape()[0], x.shape()[1]], x.to_vec());
    let [y] = model.run_n(vec![(input, x.into())], [output], None).unwrap();
    let y: NdTensor<f32, 2> = y.try_into().unwrap();
    Tensor::from_vec(y.shape(), y.to_vec())
}

/// The largest difference, relative to the largest number if that is above 1.
#[track_caller]
pub(crate) fn difference(a: &Tensor<f32>, b: &Tensor<f32>) -> f32 {
    assert_eq!(a.shape(), b.shape());
    let finite = |x: &Tensor<f32>| x.to_vec().iter().all(|v| v.is_finite());
    assert!(finite(a) && finite(b));
    let largest = |x: Tensor<f32>| x.to_vec().into_iter().fold(0.0, |most: f32, v| most.max(v.abs()));
    largest(a.zip(b, |a, b| a - b)) / largest(a.clone()).max(1.0)
}

#[track_caller]
fn assert_exports(name: &str, settings: &str, data: &Split) {
    let model = trained(find(name).unwrap(), settings, data);
    for part in PARTS {
        let examples = inputs(&*model, part, data.test.x());
        let graph = Graph::of(&*model, part, &examples);
        let graph = graph.unwrap_or_else(|problem| panic!("{name} with {settings}, {part:?}: {problem}"));
        // Another number of examples than the graph was read from, and a single one.
        for x in [some(data), data.test.x().slice(0, 9..10)] {
            let input = inputs(&*model, part, &x);
            let found = difference(&expected(&*model, part, &input), &by_onnx(&graph, part, None, &input));
            assert!(found < 1e-5, "{name} with {settings}, {part:?}: {found}");
        }
    }
}

#[test]
fn every_model_exports() {
    let data = digits();
    MODELS.iter().for_each(|entry| assert_exports(entry.name, "", &data));
}

/// The rows of a file, as they stand there, go in; codes and reconstructions come out in the units of the file.
#[test]
fn files_take_and_give_rows_in_the_units_of_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.csv");
    let row = |i: usize| {
        let (a, b) = ((i as f64 * 0.7).sin(), (i as f64 * 1.3).cos());
        let gap = if i % 7 == 3 { String::new() } else { format!("{:.3}", 1000.0 + 50.0 * b) };
        format!("{:.3},{gap},{:.4},{:.2},{}\n", -5.0 + a, 0.01 * (a - b), 30.0 * a * b, i % 3)
    };
    let text = "a,b,c,d,kind\n".to_owned() + &(0..60).map(row).collect::<String>();
    std::fs::write(&path, text).unwrap();
    let reading = Reading { impute: Impute::Median, label: Some("kind".into()), ..Reading::default() };
    let (table, preparation) = prepare(path.to_str().unwrap(), &reading).unwrap();
    let raw = preparation.read(path.to_str().unwrap()).unwrap().cells.unwrap().cast::<f32>();
    assert!(raw.to_vec().iter().any(|cell| cell.is_nan()), "gaps go in as well");
    let pixels = Tensor::from_fn([40, 8, 8], |i| ((i * i * 31) % 251) as f32);
    let images = folder.path().join("images.npy");
    std::fs::write(&images, nn::data::npy::bytes(&pixels)).unwrap();
    let images = images.to_str().unwrap();
    let (pictures, of_pictures) = prepare(images, &Reading::default()).unwrap();
    let raw_pixels = pixels.reshape([40, 64]);
    for entry in MODELS {
        let (data, preparation, raw) = match entry.name {
            "conv" | "dncnn" => (&pictures, &of_pictures, &raw_pixels),
            _ => (&table, &preparation, &raw),
        };
        let model = trained(entry, "", data);
        let source = if matches!(entry.name, "conv" | "dncnn") { images } else { path.to_str().unwrap() };
        let x = preparation.read(source).unwrap().data.x().clone();
        for part in PARTS {
            let examples = inputs(&*model, part, data.test.x());
            let graph = Graph::of(&*model, part, &examples)
                .unwrap_or_else(|problem| panic!("{}, {part:?}: {problem}", entry.name));
            let input = if part == Part::Decoder { model.encode(&x) } else { raw.clone() };
            let found = by_onnx(&graph, part, Some(&preparation.units()), &input);
            let codes = model.encode(&x);
            // Columns whose units differ by factors of a hundred thousand compare as the model sees them.
            let (wanted, found) = match part {
                Part::Encoder => (codes, found),
                _ => (model.decode(&codes), scaled(&preparation.units(), &found)),
            };
            let far = difference(&wanted, &found);
            assert!(far < 1e-5, "{}, {part:?}: {far}", entry.name);
        }
    }
}

/// `(x − shift) / scale` in double precision.
fn scaled(units: &Units, x: &Tensor<f32>) -> Tensor<f32> {
    let (width, values) = (x.shape()[1], x.to_vec());
    let of = |numbers: &[f64], i: usize| numbers[i % width % numbers.len()];
    Tensor::from_fn(x.shape(), |i| {
        ((f64::from(values[i]) - of(&units.shift, i)) / of(&units.scale, i)) as f32
    })
}

#[test]
fn settings_that_change_the_operations_export_too() {
    let data = digits();
    for activation in
        ["identity", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "sigmoid", "softplus", "softsign"]
    {
        assert_exports("ae", &format!("activation = '{activation}'\nhidden = [12]\ncode = 3"), &data);
    }
    for likelihood in ["fixed_gaussian", "gaussian", "gaussian_per_pixel"] {
        assert_exports("vae", &format!("likelihood = '{likelihood}'\nhidden = [12]\ncode = 3"), &data);
    }
    for norm in ["none", "layer"] {
        assert_exports("residual", &format!("norm = '{norm}'"), &data);
    }
}

/// Chromium, if there is one: by the variable CHROMIUM, or in the usual places.
fn chromium() -> Option<String> {
    let named = std::env::var("CHROMIUM").ok();
    let usual =
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].map(str::to_owned);
    named.or_else(|| usual.into_iter().find(|path| Path::new(path).exists()))
}

/// What the scripts of a page leave in its body.
fn body_of(page: &str) -> Option<String> {
    let Some(chromium) = chromium() else {
        eprintln!("skipped: there is no Chromium to run the page's script (set CHROMIUM to one)");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    std::fs::write(&file, page).unwrap();
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg("--dump-dom")
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let body = text.split("<output>").nth(1).and_then(|rest| rest.split("</output>").next());
    Some(
        body.unwrap_or_else(|| panic!("no output in {text:?}: {}", String::from_utf8_lossy(&output.stderr)))
            .to_owned(),
    )
}

#[test]
fn the_script_of_the_page_computes_what_the_model_computes() {
    let data = digits();
    let x = some(&data);
    let (mut page, mut expectations) =
        (String::from("<!DOCTYPE html><output></output><script>const all = [];</script>"), vec![]);
    let mut add = |name: &str, settings: &str| {
        let model = trained(find(name).unwrap(), settings, &data);
        for part in PARTS {
            let Ok(graph) = Graph::of(&*model, part, &inputs(&*model, part, data.test.x())) else { continue };
            let input = inputs(&*model, part, &x);
            let width = input.shape()[1];
            let rows: Vec<Vec<f32>> = input.to_vec().chunks(width).map(<[f32]>::to_vec).collect();
            let script = report::script(&graph);
            page += &format!(
                "<script>{{{script}; all.push({rows:?}.map((x) => Array.from(decode(x))))}}</script>"
            );
            expectations.push((format!("{name} {settings} {part:?}"), expected(&*model, part, &input)));
        }
    };
    for entry in MODELS {
        add(entry.name, "");
    }
    for activation in ["leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "softsign"] {
        add("ae", &format!("activation = '{activation}'\nhidden = [12]\ncode = 3"));
    }
    add("residual", "norm = 'layer'");
    page += "<script>document.querySelector('output').textContent = JSON.stringify(all)</script>";
    let Some(body) = body_of(&page) else { return };
    let found: Vec<Vec<Vec<f32>>> = serde_json::from_str(&body).unwrap();
    assert_eq!(found.len(), expectations.len());
    for ((what, expected), rows) in expectations.iter().zip(found) {
        let found = difference(expected, &Tensor::from_vec(expected.shape(), rows.concat()));
        assert!(found < 1e-4, "{what}: {found}");
    }
}

#[test]
fn every_model_has_a_page() {
    let data = digits();
    for entry in MODELS {
        let model = trained(entry, "", &data);
        let settings = entry.complete(&Table::new(), &data.train).unwrap();
        let config = Config {
            model: entry.name.into(),
            data: "digits".into(),
            reading: Reading::default(),
            train: entry.plan(&data.train),
            settings,
        };
        let page = report::page(&report::Run {
            entry,
            model: &*model,
            reference: &Reference::of(&*model, &data),
            preparation: &Preparation::plain(&data.train),
            config: &config,
            epochs: &[],
            seconds: 0.0,
            folder: "<run>".into(),
        });
        assert!(
            page.contains("&lt;run&gt;") && !page.contains("<run>"),
            "{}: text became markup",
            entry.name
        );
        assert!(
            page.contains("<section id=\"jacobian\">") && page.contains("\"op\":\"input\""),
            "{}",
            entry.name
        );
        assert!(page.len() < 2_000_000, "{}: {} bytes", entry.name, page.len());
    }
}

/// The tests above would not notice if reconstructions were all the same.
#[test]
fn the_models_of_these_tests_have_learnt_something() {
    let data = digits();
    let model = trained(find("ae").unwrap(), "", &data);
    let mean = evaluate::variance_around(&evaluate::mean(data.train.x()), &data.test);
    assert!(evaluate::mean_squared_error(&*model, &data.test) < 0.95 * mean);
}

/// The reaction of a program to an error, by its kind alone.
fn remedy(error: &Error) -> String {
    match error.root() {
        Error::Io { path, .. } | Error::File { path, .. } => format!("another file than {}", path.display()),
        Error::Table(cell) => match (&cell.fault, cell.line, &cell.column) {
            (Fault::NotNumber(text), Some(line), Some(column)) => format!("cell {line} {column} with {text}"),
            other => format!("table {other:?}"),
        },
        Error::Setting { name, .. } => format!("field {name}"),
        Error::Diverged(diverged) => match &diverged.number {
            Number::Term(term) => {
                format!("smaller rate, as {term} is finite: {}", diverged.value.is_finite())
            }
            other => format!("smaller rate, {other:?}"),
        },
        Error::Unsupported(_) => "something else".into(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_caller_tells_the_kinds_of_errors_apart_without_reading_text() {
    let data = digits();
    let entry = find("topk").unwrap();
    let with = |settings: &str| entry.complete(&settings.parse::<Table>().unwrap(), &data.train);
    // A setting: its type, its range, its name, the plan, the name of the model.
    assert_eq!(remedy(&with("k = \"many\"").unwrap_err()), "field model.k");
    let build = |settings: &str| entry.build(&with(settings).unwrap(), &data.train, 0).map(|_| ());
    assert_eq!(remedy(&build("k = 0").unwrap_err()), "field k");
    assert_eq!(remedy(&with("kk = 3").unwrap_err()), "field kk");
    assert_eq!(remedy(&find("tpok").err().unwrap()), "field model");
    let mut model = entry.build(&with("").unwrap(), &data.train, 0).unwrap();
    let plan = Plan { batch: 0, ..entry.plan(&data.train) };
    assert_eq!(remedy(&train(&mut *model, &data, &plan).unwrap_err()), "field batch");

    // A cell of a table, in the words of the command line.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "a,b\n1,2\n3,4\n5,T\n7,8\n").unwrap();
    let error = prepare(path.to_str().unwrap(), &Reading::default()).map(|_| ()).unwrap_err();
    assert_eq!(remedy(&error), "cell 4 b with T", "{error}");

    // A file.
    let gone = folder.path().join("gone.csv");
    let error = prepare(gone.to_str().unwrap(), &Reading::default()).map(|_| ()).unwrap_err();
    assert_eq!(remedy(&error), format!("another file than {}", gone.display()), "{error}");

    // A loss that diverged.
    let plan = Plan { epochs: 3, learning_rate: 1e30, ..entry.plan(&data.train) };
    let error = train(&mut *model, &data, &plan).unwrap_err();
    assert!(remedy(&error).starts_with("smaller rate"), "{error}");
    let Error::Diverged(diverged) = &error else { panic!("{error:?}") };
    assert!(!diverged.value.is_finite() && diverged.epoch == Some(1), "{diverged:?}");

    // Something that the model cannot do: convolutions over a table.
    std::fs::write(&path, "a,b\n1,2\n3,4\n5,6\n7,8\n").unwrap();
    let (table, _) = prepare(path.to_str().unwrap(), &Reading::default()).unwrap();
    let conv = find("conv").unwrap();
    let settings = conv.complete(&Table::new(), &table.train).unwrap();
    let error = conv.build(&settings, &table.train, 0).map(|_| ()).unwrap_err();
    assert_eq!(remedy(&error), "something else", "{error}");
}
