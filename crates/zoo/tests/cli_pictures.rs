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
        write(path, &format!("photos/{i}.webp"), b"RIFF\x04\0\0\0WEBP");
    }
    let note = "note: 3 of 15 pictures are left out: 3 WEBP; only PNG and JPEG are read, so convert them\n";
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
        "photos/03.png: this is neither a PNG nor a JPEG picture; or leave such pictures out with --skip-broken",
    );
    let note = "note: 2 of 13 pictures cannot be read and are skipped: photos/03.png: this is neither a PNG nor a JPEG \
                picture; photos/05.jpg: the file is empty\n";
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
            let options = pictures::PictureOptions { height, width, colour: pictures::Colour::Rgb };
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
        ". It belongs to --net conv or --net resnet or --net conv1d, and the network is `mlp`",
    );
    refuse(path, &["train", "pca", "--data", "photos", "--net", "conv"], "no other network can be chosen");
}
