//! Folders of pictures on the command line: what is read, what is said of the rest, and pictures that come out.

use std::fs;
use std::path::Path;

use autograd::Tensor;
use nn::data::schema::{Kind, Schema};
use nn::data::{npy, pictures};
use zoo::run::Run;

use crate::common::{csv, refuse, succeed, zoo};

/// A picture of this height and width in shades of red and of a little blue.
fn red([height, width]: [usize; 2], seed: usize) -> Vec<u8> {
    let shade = |i: usize| 55 + ((i * 31 + seed * 53) % 200) as u8;
    zoo::plot::png(&zoo::plot::Picture::new(
        width as u32,
        (0..height * width).map(|i| [shade(i), 0, 20]).collect(),
    ))
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Twelve pictures of one size.
fn photos(folder: &Path, size: [usize; 2]) {
    (0..12).for_each(|i| write(folder, &format!("photos/{i:02}.png"), red(size, i)));
}

/// Text on standard error of a command that succeeds.
fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = zoo(folder, arguments);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "zoo {arguments:?}: {said}");
    said
}

const QUICK: [&str; 10] =
    ["train", "ae", "--code", "2", "--hidden", "6", "--epochs", "1", "--data", "photos"];

#[test]
fn every_command_says_what_it_leaves_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    photos(path, [6, 5]);
    for i in 0..3 {
        write(path, &format!("photos/{i}.gif"), b"GIF89a");
    }
    let note = "note: 3 of 15 pictures are left out: 3 GIF; only PNG, JPEG, WebP and TIFF are read, so convert them\n";
    let text = succeed(path, &["data", "photos"]);
    assert!(text.contains("photos: 12 images of 6 × 5 pixels"), "{text}");
    assert_eq!(said(path, &["data", "photos"]), note);
    let json: serde_json::Value =
        serde_json::from_str(&succeed(path, &["data", "photos", "--json"])).unwrap();
    assert_eq!((&json["examples"], &json["shape"]), (&12.into(), &serde_json::json!([1, 6, 5])));
    assert_eq!(note, format!("note: {}\n", json["notes"][0].as_str().unwrap()));
    assert_eq!(said(path, &QUICK), note);
    let run = ["runs/ae-1", "--data", "photos"];
    for command in ["encode", "reconstruct", "eval", "denoise", "interpolate", "inspect"] {
        assert!(said(path, &[&[command], &run[..]].concat()).contains(note), "{command}");
    }
    let search =
        ["search", "ae", "--data", "photos", "--space", "code=1,2", "--trials", "2", "--epochs", "1"];
    assert!(said(path, &search).contains(note));
}

#[test]
fn a_size_is_needed_only_where_pictures_differ() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    photos(path, [6, 5]);
    succeed(path, &[&QUICK[..], &["--out", "grey"]].concat());
    succeed(path, &[&QUICK[..], &["--colour", "--out", "colour"]].concat());
    // Pictures of another size become as large as those that the model learnt from.
    write(path, "new/a.png", red([12, 15], 3));
    for (run, numbers) in [("grey", 30), ("colour", 90)] {
        let output = zoo(path, &["reconstruct", run, "--data", "new"]);
        let note =
            "note: the picture has 12 × 15 pixels; it is stretched to 6 × 5, which has other proportions\n";
        assert_eq!(String::from_utf8(output.stderr).unwrap(), note, "{run}");
        let (header, rows) = csv(&String::from_utf8(output.stdout).unwrap());
        assert_eq!((header.len(), rows.len()), (1 + numbers, 1));
    }
    write(path, "photos/99.png", red([7, 5], 3));
    refuse(
        path,
        &QUICK,
        "photos: pictures must be scaled to one size; say which, as in --size 32x32 (height x width): they have 2 \
         sizes from 6 × 5 to 7 × 5 pixels",
    );
    let note = "note: the 13 pictures have 2 sizes from 6 × 5 to 7 × 5 pixels; they are scaled to 6 × 5, and 1 of other \
                proportions is stretched\n";
    assert_eq!(said(path, &[&QUICK[..], &["--size", "6x5"]].concat()), note);
    refuse(path, &[&QUICK[..], &["--size", "9999999x9999999"]].concat(), "too large");
    // Photographs as they are would not fit into memory; their pixels do not matter here.
    let head = |height: u16, width: u16| {
        let mut jpeg = vec![0xff, 0xd8, 0xff, 0xc0, 0, 11, 8];
        jpeg.extend([height.to_be_bytes(), width.to_be_bytes()].concat());
        jpeg.extend([1, 1, 0x11, 0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
        jpeg
    };
    (0..30).for_each(|i| write(path, &format!("large/{i}.jpg"), head(4000, 6000)));
    let large = ["data", "large", "--memory", "100"];
    refuse(
        path,
        &large,
        "30 pictures of 4000 × 6000 pixels would take 2.9 GB; say to which size they are scaled",
    );
}

#[test]
fn one_broken_picture_need_not_stop_everything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    photos(path, [6, 5]);
    write(path, "photos/03.png", "some text");
    write(path, "photos/05.jpg", "");
    refuse(
        path,
        &QUICK,
        "photos/03.png: this is no PNG, JPEG, WebP or TIFF picture; or leave such pictures out with --skip-broken",
    );
    let note = "note: 2 of 13 pictures cannot be read and are skipped: photos/03.png: this is no PNG, JPEG, WebP or \
                TIFF picture; photos/05.jpg: the file is empty\n";
    let skip = [&QUICK[..], &["--skip-broken"]].concat();
    assert_eq!(said(path, &skip), note);
    let again = said(path, &["eval", "runs/ae-1", "--data", "photos"]);
    assert!(again.contains(note), "the run knows that broken ones are skipped: {again}");
    assert!(succeed(path, &["data", "photos", "--skip-broken"]).contains("photos: 11 images"));
    refuse(
        path,
        &["train", "ae", "--data", "digits", "--skip-broken"],
        "--skip-broken means nothing for the embedded",
    );
}

#[test]
fn folders_say_what_is_for_testing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for i in 0..10 {
        write(path, &format!("photos/train/good/{i}.png"), red([6, 5], i));
        write(path, &format!("photos/test/{}/{i}.png", ["good", "bad"][i % 2]), red([6, 5], i + 20));
    }
    let text = succeed(path, &["data", "photos"]);
    assert!(text.contains("20 images of 6 × 5 pixels, 10 of them for testing"), "{text}");
    assert!(text.contains("classes: bad (5), good (15)"), "{text}");
    let text = succeed(path, &QUICK);
    assert!(text.contains("(10 training and 10 test images)"), "{text}");
    let codes = succeed(path, &["encode", "runs/ae-1"]);
    assert_eq!(
        csv(&codes).1.iter().map(|row| row[0].clone()).collect::<Vec<_>>()[..2],
        ["test/bad/1.png", "test/bad/3.png"]
    );
    refuse(
        path,
        &[&QUICK[..], &["--test-fraction", "0.5"]].concat(),
        "--test-fraction means nothing for pictures in folders",
    );
    refuse(
        path,
        &["train", "cvae", "--data", "photos", "--epochs", "1"],
        "photos: class bad occurs only among the examples for testing, and `cvae` has to learn it first",
    );
}

#[test]
fn pictures_with_colours_come_out_with_colours() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    photos(path, [6, 5]);
    succeed(
        path,
        &["train", "vae", "--data", "photos", "--colour", "--epochs", "1", "--hidden", "6", "--out", "run"],
    );
    // The same as an array, whose colours come last.
    let array =
        Tensor::from_fn([12, 6, 5, 3], |i| if i % 3 == 0 { 0.2 + (i % 29) as f32 / 40.0 } else { 0.0 });
    npy::save(&path.join("array.npy"), &array).unwrap();
    succeed(
        path,
        &["train", "vae", "--data", "array.npy", "--epochs", "1", "--hidden", "6", "--out", "array"],
    );
    for run in ["run", "array"] {
        let run = Run::open(&path.join(run)).unwrap();
        assert_eq!((run.preparation.shape(), run.preparation.image()), (Some([3, 6, 5]), None));
        let kept = run.reference().unwrap().data;
        assert_eq!(kept.test.schema(), &Schema::image([3, 6, 5], Kind::UnitInterval));
        assert_eq!(run.entry.example(&kept.test), "img");
    }
    let commands: [&[&str]; 6] = [
        &["sample"],
        &["sample", "--mixture", "2"],
        &["reconstruct"],
        &["denoise", "--noise", "gaussian:0.1"],
        &["interpolate"],
        &["score", "--contamination", "0.2"],
    ];
    for run in ["run", "array"] {
        for command in commands {
            let out = format!("{run}-{}.png", command[0]);
            let arguments = [&command[..1], &[run], &command[1..], &["--out", &out, "--force"]].concat();
            succeed(path, &arguments);
            let content = fs::read(path.join(&out)).unwrap();
            let [height, width] = pictures::size_of(out.as_ref(), &content).unwrap();
            let options = pictures::PictureOptions {
                height,
                width,
                colour: pictures::Colour::Rgb,
                fit: pictures::Fit::Stretch,
            };
            let pixels = pictures::parse(out.as_ref(), &content, &options).unwrap().to_vec();
            let plane = height * width;
            let reddish = (0..plane).filter(|&i| pixels[i] > pixels[i + plane] + 0.2).count();
            assert!(reddish > 500, "{out}: {reddish} of {plane} pixels are more red than green");
        }
    }
}

#[test]
fn every_objective_that_leaves_the_network_open_convolves_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    photos(path, [8, 4]);
    let small = ["--code", "4", "--hidden", "5", "--channels", "3,4", "--epochs", "1"];
    for model in
        ["ae", "denoising", "rae", "wae", "vq-vae", "vae", "beta-vae", "tc-vae", "iwae", "vamp", "flow-vae"]
    {
        for colour in [&["--colour"][..], &[]] {
            let out = format!("{model}-{}", colour.len());
            let more: &[&str] = if model == "vq-vae" { &["--set", "dimension=2"] } else { &[] };
            let start = ["train", model, "--data", "photos", "--net", "conv", "--out", &out];
            succeed(path, &[&start[..], &small, colour, more].concat());
            let config = fs::read_to_string(path.join(&out).join("config.toml")).unwrap();
            assert!(config.contains("channels = [3, 4]"), "{config}");
            for file in ["reconstructions.png", "report.html"] {
                assert!(path.join(&out).join(file).exists(), "{out}: {file}");
            }
            // The parameters come back, and other programs get the decoder.
            succeed(path, &["eval", &out]);
            succeed(path, &["export", &out, "--part", "decoder", "--out", &format!("{out}.onnx")]);
        }
    }
    // What was said goes before what is usual for colours.
    let usual = [
        "train", "vae", "--data", "photos", "--size", "20x16", "--colour", "--epochs", "1", "--out", "usual",
    ];
    succeed(path, &usual);
    assert!(fs::read_to_string(path.join("usual/config.toml")).unwrap().contains("channels = [32, 64]"));
    succeed(path, &[&usual[..usual.len() - 1], &["plain", "--net", "mlp"]].concat());
    assert!(fs::read_to_string(path.join("plain/config.toml")).unwrap().contains("name = \"mlp\""));
    fs::write(path.join("t.csv"), "a,b,c\n1,2,3\n2,3,1\n3,1,2\n1,1,1\n2,2,4\n").unwrap();
    let refused =
        "reads pictures of known height and width, and these examples are 3 columns; `--net mlp` reads them";
    refuse(path, &["train", "vae", "--data", "t.csv", "--net", "conv"], refused);
    let both = ["train", "ae", "--data", "photos", "--net", "mlp", "--channels", "8"];
    refuse(
        path,
        &both,
        ". `channels` belongs to --net conv or --net resnet or --net grid or --net conv1d, and the network is `mlp`",
    );
    refuse(path, &["train", "pca", "--data", "photos", "--net", "conv"], "no other network can be chosen");
}

/// A grey picture with a smooth wave.
fn wave([height, width]: [usize; 2], seed: usize) -> Vec<u8> {
    let shade = |i: usize| {
        let (row, column) = ((i / width) as f32, (i % width) as f32);
        (127.0 + 100.0 * (0.4 * column + 0.3 * row + seed as f32).sin()) as u8
    };
    zoo::plot::grey_png(&(0..height * width).map(shade).collect::<Vec<_>>(), width)
}

#[test]
fn proportions_are_stretched_cropped_or_padded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    photos(path, [6, 12]);
    let sized = ["--size", "6x6"];
    for (fit, word) in
        [("stretch", "stretched to"), ("crop", "cropped for"), ("pad", "given white borders for")]
    {
        let run = [&QUICK[..], &sized, &["--fit", fit, "--out", fit]].concat();
        let note = format!(
            "note: all 12 pictures have 6 × 12 pixels; they are {word} 6 × 6, which has other proportions\n"
        );
        assert_eq!(said(path, &run), note);
        let kept = Run::open(&path.join(fit)).unwrap().reference().unwrap().data.train;
        let first = kept.row(0);
        match fit {
            // White above and below.
            "pad" => assert!(first[..6].iter().chain(&first[30..]).all(|v| *v == 1.0) && first[8] < 0.5),
            _ => assert!(first.iter().all(|v| *v < 0.5)),
        }
        // The run knows it for other pictures.
        assert!(said(path, &["eval", fit, "--data", "photos"]).contains(word), "{fit}");
    }
    refuse(
        path,
        &["train", "ae", "--data", "digits", "--fit", "crop"],
        "--fit means nothing for the embedded digits",
    );
}

#[test]
fn training_pictures_are_changed_and_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    photos(path, [6, 5]);
    succeed(path, &[&QUICK[..], &["--out", "plain"]].concat());
    let augment = ["--augment", "flip,shift=1,crop=0.8,brightness=0.1"];
    succeed(path, &[&QUICK[..], &augment, &["--out", "changed"]].concat());
    let config = fs::read_to_string(path.join("changed/config.toml")).unwrap();
    for line in ["flip = true", "shift = 1", "crop = 0.8", "brightness = 0.1"] {
        assert!(config.contains(line), "{config}");
    }
    let [plain, changed] = ["plain", "changed"].map(|run| Run::open(&path.join(run)).unwrap());
    let [of_plain, of_changed] = [&plain, &changed].map(|run| run.reference().unwrap().data);
    assert_eq!(of_plain.train.x().to_vec(), of_changed.train.x().to_vec(), "what is kept is not changed");
    let weights = |run: &Run| {
        let mut all = vec![];
        run.model.parameters(&mut |_, tensor| all.extend(tensor.to_vec()));
        all
    };
    assert_ne!(weights(&plain), weights(&changed));
    succeed(path, &["train", "--config", "changed/config.toml", "--out", "again"]);
    assert_eq!(
        weights(&changed),
        weights(&Run::open(&path.join("again")).unwrap()),
        "the same seed, the same bits"
    );
    refuse(path, &[&QUICK[..], &["--augment", "crop=2"]].concat(), "a crop is a part of a picture");
    fs::write(path.join("t.csv"), "a,b,c\n1,2,3\n2,3,1\n3,1,2\n1,1,1\n2,2,4\n").unwrap();
    let table = ["train", "ae", "--data", "t.csv", "--augment", "flip"];
    refuse(path, &table, "--augment means nothing for a table; only pictures are changed");
    let said = zoo(path, &["train", "ae", "--augment", "turn", "--data", "photos"]).stderr;
    assert!(String::from_utf8(said).unwrap().contains("changes are flip, shift=2"));
}

#[test]
fn photos_of_any_size_go_through_a_model_tile_by_tile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    (0..24).for_each(|i| write(path, &format!("photos/{i:02}.png"), wave([12, 12], i)));
    write(path, "photo.png", wave([37, 53], 3));
    write(path, "colours.png", red([20, 31], 3));
    let small = ["--set", "depth=3", "--set", "channels=4", "--epochs", "40", "--lr", "3e-3"];
    succeed(path, &[&["train", "dncnn", "--data", "photos", "--out", "dncnn"][..], &small].concat());
    succeed(path, &[&QUICK[..], &["--out", "ae"]].concat());
    let size = |name: &str| {
        let content = fs::read(path.join(name)).unwrap();
        pictures::size_of(name.as_ref(), &content).unwrap()
    };
    for run in ["dncnn", "ae"] {
        let out = format!("{run}.png");
        let text = said(path, &["denoise", run, "photo.png", "--noise", "gaussian:0.1", "--out", &out]);
        assert_eq!(size(&out), [37, 53]);
        let tile = if run == "dncnn" { "by tiles of 128 × 128" } else { "by tiles of 12 × 12" };
        assert!(text.contains(tile), "{text}");
        let figures: Vec<f64> = text.split(' ').filter_map(|word| word.parse().ok()).collect();
        assert!(run == "ae" || figures[1] > figures[0] + 1.0, "{text}");
        let coloured = format!("{run}-colours.png");
        succeed(path, &["reconstruct", run, "colours.png", "--out", &coloured]);
        assert_eq!(size(&coloured), [20, 31]);
    }
    // Without noise hardly anything changes, colours least of all.
    let read = |name: &str| {
        let content = fs::read(path.join(name)).unwrap();
        let [height, width] = size(name);
        let (colour, fit) = (pictures::Colour::Rgb, pictures::Fit::Stretch);
        let options = pictures::PictureOptions { height, width, colour, fit };
        pictures::parse(name.as_ref(), &content, &options).unwrap().to_vec()
    };
    let far = read("colours.png").into_iter().zip(read("dncnn-colours.png")).map(|(a, b)| (a - b).abs());
    assert!(far.sum::<f32>() / (3.0 * 20.0 * 31.0) < 0.1);
    refuse(path, &["denoise", "dncnn", "photo.png"], "say where the picture goes, as in --out clean.png");
    refuse(path, &["denoise", "dncnn", "photo.png", "--out", "x.csv"], "a photo is written as PNG");
    refuse(path, &["denoise", "dncnn", "none.png", "--out", "x.png"], "none.png");
    refuse(path, &["denoise", "dncnn", "photos", "--out", "x.png"], "this is no file with a photo");
    write(path, "text.png", "some text");
    refuse(path, &["denoise", "dncnn", "text.png", "--out", "x.png"], "no PNG, JPEG, WebP or TIFF picture");
    succeed(path, &["train", "ae", "--epochs", "1", "--out", "digits", "--scale", "standard"]);
    refuse(path, &["denoise", "digits", "photo.png", "--out", "x.png"], "values from 0 to 1");
}

#[test]
fn strange_regions_are_outlined_in_maps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    (0..60).for_each(|i| write(path, &format!("photos/{i:02}.png"), wave([16, 16], i % 6)));
    succeed(path, &["train", "pca", "--code", "6", "--data", "photos", "--out", "pca"]);
    let mut spot = pictures::parse(
        "x".as_ref(),
        &wave([16, 16], 2),
        &pictures::PictureOptions {
            height: 16,
            width: 16,
            colour: pictures::Colour::Grey,
            fit: pictures::Fit::Stretch,
        },
    )
    .unwrap()
    .to_vec();
    (0..9).for_each(|i| spot[(4 + i / 3) * 16 + 9 + i % 3] = 1.0);
    let bytes: Vec<u8> = spot.iter().map(|v| (v * 255.0).round() as u8).collect();
    write(path, "parts/bad/spot.png", zoo::plot::grey_png(&bytes, 16));
    write(path, "parts/good/fine.png", wave([16, 16], 3));
    let maps = ["score", "pca", "--data", "parts", "--maps", "maps"];
    let text = said(path, &maps);
    assert!(text.contains("note: maps: maps of 2 pictures, of which 1 has a region"), "{text}");
    let red = |name: &str| {
        let content = fs::read(path.join("maps").join(name)).unwrap();
        let [height, width] = pictures::size_of(name.as_ref(), &content).unwrap();
        let (colour, fit) = (pictures::Colour::Rgb, pictures::Fit::Stretch);
        let options = pictures::PictureOptions { height, width, colour, fit };
        let pixels = pictures::parse(name.as_ref(), &content, &options).unwrap().to_vec();
        let plane = height * width;
        (0..plane)
            .filter(|&i| pixels[i] > 0.9 && pixels[i + plane] < 0.2 && pixels[i + 2 * plane] < 0.3)
            .count()
    };
    assert!(red("bad-spot.png") > 300 && red("good-fine.png") == 0);
    // Folders of kinds that no training has seen: the pictures of the first training had no classes at all.
    for name in ["a", "b"] {
        (0..20).for_each(|i| write(path, &format!("sorted/{name}/{i:02}.png"), wave([16, 16], i % 6)));
    }
    succeed(path, &["train", "pca", "--code", "6", "--data", "sorted", "--out", "sorted-run"]);
    let text = said(path, &["score", "sorted-run", "--data", "parts", "--contamination", "0.2"]);
    let note = "note: the classes `bad`, `good` did not occur in training, so classes are passed over\n";
    assert!(text.contains(note), "{text}");
    refuse(path, &maps, "maps: the folder is not empty; choose another name, or write into it with --force");
    succeed(path, &[&maps[..], &["--force"]].concat());
    assert!(fs::read_to_string(path.join("pca/report.html")).unwrap().contains("id=\"strangest\""));
    fs::write(path.join("t.csv"), "a,b,c\n1,2,3\n2,3,1\n3,1,2\n1,1,1\n2,2,4\n").unwrap();
    succeed(path, &["train", "pca", "--code", "1", "--data", "t.csv", "--out", "table"]);
    refuse(path, &["score", "table", "--contamination", "0.4", "--maps", "m"], "cannot be drawn");
}

#[test]
fn samples_are_judged_beside_a_mixture() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    succeed(path, &["train", "vae", "--epochs", "3", "--out", "vae"]);
    let text = succeed(path, &["sample", "vae", "--judge"]);
    assert!(text.starts_with("359 samples beside 359 test examples, in their first 64 principal"), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&succeed(path, &["sample", "vae", "--judge", "--json"])).unwrap();
    let figures = json["figures"].as_array().unwrap();
    let names: Vec<&str> = figures.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["vae", "10 Gaussians on PCA", "training examples"]);
    let figure = |row: usize, name: &str| figures[row]["realism"][name].as_f64().unwrap();
    assert!(figure(2, "precision") > 0.8 && figure(2, "recall") > 0.8 && figure(2, "mmd").abs() < 0.01);
    assert!((0..2).all(|row| figure(row, "mmd") > figure(2, "mmd")));
    refuse(path, &["sample", "vae", "--json"], "--json gives the figures of --judge");
    succeed(path, &["train", "vq-vae", "--epochs", "1", "--out", "vq"]);
    assert!(succeed(path, &["eval", "vq"]).contains("of 64 vectors"), "usage of the codebook");
    let levels =
        ["train", "vae", "--set", "likelihood=discretized_logistic", "--epochs", "1", "--out", "levels"];
    assert!(succeed(path, &levels).contains("bits per dimension"));
}
