//! Pages and exported files, as a user meets them: right and wrong input.

use std::fs;

use rten_tensor::prelude::*;
use tempfile::TempDir;

use crate::common::{refuse, succeed, zoo};

/// Three runs of a few epochs: `a` and `b` on the digits, `c` on a table.
fn runs() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let small = ["--epochs", "2", "--hidden", "12", "--code", "3"];
    let train = |model: &str, out: &str, more: &[&str]| {
        succeed(folder.path(), &[&["train", model, "--out", out], &small[..], more].concat());
    };
    train("vae", "a", &[]);
    train("ae", "b", &["--seed", "4"]);
    let row = |i: usize| format!("{},{},{},{}\n", i % 7, i % 5, (i * i) % 11, i % 3);
    let table: String = ["p,q,r,<s>\n".to_owned()].into_iter().chain((0..60).map(row)).collect();
    fs::write(folder.path().join("table.csv"), table).unwrap();
    train("ae", "c", &["--data", "table.csv", "--batch", "8"]);
    folder
}

/// The parts of a page that is complete in itself.
fn assert_page(page: &str, sections: &[&str]) {
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
    for id in sections {
        assert!(page.contains(&format!("<section id=\"{id}\">")), "no section {id}");
    }
    for outside in ["http://", "https://", "src=\"", "href=\""] {
        assert!(!page.contains(outside), "the page needs something from outside: {outside}");
    }
}

#[test]
fn a_page_has_what_the_model_has() {
    let runs = runs();
    let folder = runs.path();
    let all =
        ["summary", "loss", "reconstructions", "explorer", "codes", "histograms", "jacobian", "settings"];
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let of_vae = read("a/report.html");
    assert_page(&of_vae, &all);
    assert_page(&of_vae, &["samples", "divergence", "filters"]);
    assert!(of_vae.len() < 1_500_000, "{} bytes", of_vae.len());
    assert!(!read("b/report.html").contains("<section id=\"samples\">"), "an autoencoder has no prior");
    // A table has numbers where images would be, and nothing of its text becomes markup.
    let of_table = read("c/report.html");
    assert_page(&of_table, &all);
    assert!(!of_table.contains("<section id=\"filters\">") && !of_table.contains("class=\"tile"));

    refuse(folder, &["report", "a"], "a/report.html: the file exists");
    succeed(folder, &["report", "a", "--out", "again.html"]);
    let timeless = |page: &str| page.split("<section id=\"settings\">").next().unwrap().to_owned();
    assert_eq!(timeless(&read("again.html")), timeless(&of_vae), "a run that is opened again looks the same");
    fs::write(folder.join("a/report.html"), "old").unwrap();
    succeed(folder, &["report", "a", "--force"]);
    assert_page(&read("a/report.html"), &all);

    refuse(folder, &["report", "none"], "none: there is no such run folder");
    refuse(folder, &["report", "."], "this is no run folder");
}

#[test]
fn runs_on_the_same_data_are_compared() {
    let runs = runs();
    let folder = runs.path();
    let text = succeed(folder, &["compare", "a", "b"]);
    assert!(text.starts_with("  test images") && text.ends_with("\nWritten to compare.html\n"), "{text}");
    assert!(text.contains("\n  a (") && text.contains("\n  b (") && text.contains(" %\n"), "{text}");
    let page = fs::read_to_string(folder.join("compare.html")).unwrap();
    assert_page(&page, &["metrics", "differences", "loss", "reconstructions"]);
    for different in ["model.name", "train.seed", "likelihood.name"] {
        assert!(page.contains(&format!("<th scope=\"row\">{different}</th>")), "{different}");
    }
    assert!(!page.contains("<th scope=\"row\">train.epochs</th>"), "the same in both");

    refuse(folder, &["compare", "a", "b"], "compare.html: the file exists");
    succeed(folder, &["compare", "a", "b", "--force"]);
    refuse(folder, &["compare", "a", "c", "--out", "d.html"], "a and c were tested on different examples");
    refuse(folder, &["compare", "a", "none", "--out", "d.html"], "none: there is no such run folder");
    assert!(!zoo(folder, &["compare", "a"]).status.success(), "one run is no comparison");
}

#[test]
fn models_are_exported() {
    let runs = runs();
    let folder = runs.path();
    for part in ["encoder", "decoder", "whole"] {
        let name = format!("{part}.onnx");
        succeed(folder, &["export", "a", "--out", &name, "--part", part]);
        let model = rten::Model::load(fs::read(folder.join(name)).unwrap()).unwrap();
        let input = if part == "decoder" { "z" } else { "x" };
        assert!(model.find_node(input).is_some(), "{part}");
    }
    let text = succeed(folder, &["export", "c", "--out", "c.onnx"]);
    assert!(
        text.ends_with(
            "in:  x [batch, 4], in the units of the data\nout: x_hat [batch, 4], in the units of the data\n"
        ),
        "{text}"
    );
    // The file computes what the command does, on the rows as they stand in the table.
    let (_, rows) = crate::common::csv(&fs::read_to_string(folder.join("table.csv")).unwrap());
    let rows: Vec<f32> = rows.concat().iter().map(|cell| cell.parse().unwrap()).collect();
    let run = |name: &str, [input, output]: [&str; 2], x: Vec<f32>| -> Vec<f32> {
        let model = rten::Model::load(fs::read(folder.join(name)).unwrap()).unwrap();
        let x = rten_tensor::NdTensor::from_data([60, 4], x);
        let [y] = model
            .run_n(vec![(model.node_id(input).unwrap(), x.into())], [model.node_id(output).unwrap()], None)
            .unwrap();
        let y: rten_tensor::NdTensor<f32, 2> = y.try_into().unwrap();
        y.to_vec()
    };
    let again = crate::common::csv(&succeed(folder, &["reconstruct", "c", "--data", "table.csv"])).1;
    let again: Vec<f32> =
        again.iter().flat_map(|row| row[1..].iter().map(|cell| cell.parse::<f32>().unwrap())).collect();
    let near =
        |a: &[f32], b: &[f32]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
    assert!(near(&run("c.onnx", ["x", "x_hat"], rows.clone()), &again));
    succeed(folder, &["export", "c", "--out", "scaled.onnx", "--scaled"]);
    assert!(
        !near(&run("scaled.onnx", ["x_scaled", "x_hat_scaled"], rows), &again),
        "these rows are not scaled"
    );
    succeed(folder, &["export", "a", "--out", "a.safetensors"]);
    assert_eq!(
        fs::read(folder.join("a.safetensors")).unwrap(),
        fs::read(folder.join("a/model.safetensors")).unwrap()
    );

    refuse(folder, &["export", "a", "--out", "encoder.onnx"], "encoder.onnx: the file exists");
    succeed(folder, &["export", "a", "--out", "encoder.onnx", "--force"]);
    refuse(folder, &["export", "a", "--out", "a.pt"], "a.pt: the ending says how to write");
    refuse(folder, &["export", "a", "--out", "b.safetensors", "--part", "encoder"], "leave --part out");
    refuse(folder, &["export", "a", "--out", "b.safetensors", "--scaled"], "leave --scaled out");
    refuse(folder, &["export", "none", "--out", "b.onnx"], "none: there is no such run folder");

    succeed(folder, &["train", "topk", "--epochs", "1", "--out", "k"]);
    for part in ["encoder", "decoder", "whole"] {
        succeed(folder, &["export", "k", "--out", &format!("k-{part}.onnx"), "--part", part]);
    }
}

/// The classes of the points in the map of a page.
fn classes_of_points(page: &str) -> Vec<String> {
    let start = page.split("<script class=\"points\" type=\"application/json\">").nth(1).unwrap();
    let json: serde_json::Value = serde_json::from_str(start.split("</script>").next().unwrap()).unwrap();
    json["labels"].as_array().unwrap().iter().map(|label| label.as_str().unwrap().to_owned()).collect()
}

#[test]
fn maps_show_a_sample_of_all_classes_and_say_which_is_which() {
    let folder = tempfile::tempdir().unwrap();
    let sorted = |name: &str, classes: usize, each: usize| {
        let row = |i: usize| format!("{},{},{},kind {:02}\n", i % 7, i % 5, (i * i) % 11, i / each);
        let rows: String = (0..classes * each).map(row).collect();
        fs::write(folder.path().join(format!("{name}.csv")), format!("p,q,r,kind\n{rows}")).unwrap();
        let data = format!("{name}.csv");
        let train = ["train", "pca", "--code", "2", "--label-column", "kind", "--data", &data, "--out", name];
        succeed(folder.path(), &train);
        fs::read_to_string(folder.path().join(name).join("report.html")).unwrap()
    };
    let page = sorted("three", 3, 3000);
    let points = classes_of_points(&page);
    assert_eq!(points.len(), 1000);
    for class in ["kind 00", "kind 01", "kind 02"] {
        let count = points.iter().filter(|point| *point == class).count();
        assert!((250..420).contains(&count), "{count} of {class}");
        // In the map and in the explorer.
        assert_eq!(page.matches(&format!("</i>{class}</li>")).count(), 2, "{class} in the legend");
    }
    assert!(page.contains("A sample of 1000 of the 1800 test examples"));
    let page = sorted("twelve", 12, 20);
    assert!(page.contains("</i>2 others</li>") && page.contains("</i>kind 09</li>"));
    assert_eq!(classes_of_points(&page).len(), 48);
}
