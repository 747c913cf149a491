//! Sounds on the command line: folders of WAV files, windows in milliseconds, whole files through a model.

use std::fs;
use std::path::Path;

use nn::data::wav::{self, Format};
use serde_json::Value;

use crate::common::{csv, refuse, succeed, zoo};

const FORMAT: Format = Format { rate: 8000, channels: 1, bits: 16, float: false };

/// Two tones that swell and fade, the same for each number.
fn tones(number: usize, frames: usize, rate: u32) -> Vec<f32> {
    let tone = |i: usize, hertz: f32| (std::f32::consts::TAU * hertz * i as f32 / rate as f32).sin();
    let [low, high] = [200.0 + 40.0 * (number % 5) as f32, 600.0 + 70.0 * (number % 7) as f32];
    (0..frames).map(|i| 0.2 * (tone(i, low) + tone(i, high)) * tone(i, 3.0)).collect()
}

fn write(path: &Path, format: Format, values: &[f32]) {
    fs::write(path, wav::bytes(format, values).unwrap()).unwrap();
}

/// A folder of six sounds of a quarter of a second in two folders.
fn sounds(folder: &Path) {
    for number in 0..6 {
        let voice = folder.join(format!("sounds/voice-{}", number % 2));
        fs::create_dir_all(&voice).unwrap();
        write(&voice.join(format!("{number}.wav")), FORMAT, &tones(number, 2000, 8000));
    }
}

fn read(path: &Path) -> (Format, Vec<f32>) {
    wav::parse(path, &fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_folder_of_sounds_is_described_and_learnt_and_files_go_through_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    sounds(folder);
    let text = succeed(folder, &["data", "sounds"]);
    assert!(text.contains("6 sounds of 1.5 s in all at 8000 Hz, mono"), "{text}");

    let train = ["train", "ae", "--data", "sounds", "--window", "16ms", "--stride", "8ms", "--epochs", "30"];
    let output =
        zoo(folder, &[&train[..], &["--code", "16", "--net", "mlp", "--hidden", "64", "--json"]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("1.5 s of 1 channel at 8000 Hz in 6 sounds, cut into windows of 128 steps (16.0 ms)"),
        "{said}"
    );
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    // Five files of 2000 steps in windows of 128 every 64.
    assert_eq!(
        (&report["features"], &report["training_examples"]),
        (&128.into(), &(5 * 30).into()),
        "{report}"
    );

    // A file of another rate, stereo, 24 bits, longer than a window without a rest.
    let stereo = Format { rate: 11_025, channels: 2, bits: 24, float: false };
    let [left, right] = [1, 2].map(|number| tones(number, 5000, 11_025));
    let both: Vec<f32> = left.iter().zip(&right).flat_map(|(l, r)| [*l, *r]).collect();
    write(&folder.join("in.wav"), stereo, &both);
    succeed(folder, &["reconstruct", "runs/ae-1", "in.wav", "--out", "out.wav"]);
    let (format, back) = read(&folder.join("out.wav"));
    assert_eq!((format, back.len()), (stereo, both.len()));
    let error = |of: &[f32]| both.iter().zip(of).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
    assert!(error(&back) < 0.3 * error(&vec![0.0; both.len()]), "{}", error(&back));

    // Noise that is put in first is measured, and the same seed gives the same bytes.
    let noisy = ["denoise", "runs/ae-1", "in.wav", "--noise", "gaussian:0.5", "--out"];
    let output = zoo(folder, &[&noisy[..], &["a.wav"]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("SI-SDR: noisy"), "{said}");
    succeed(folder, &[&noisy[..], &["b.wav"]].concat());
    assert_eq!(fs::read(folder.join("a.wav")).unwrap(), fs::read(folder.join("b.wav")).unwrap());

    // Windows as rows, each with its file and its second.
    let codes = succeed(folder, &["encode", "runs/ae-1", "--data", "sounds/voice-1"]);
    let (header, rows) = csv(&codes);
    assert_eq!((header.len(), rows.len()), (17, 3 * 30));
    assert_eq!(rows[1][0], "1.wav 0.008");
}

/// A sound that does not fit into memory is learnt from in stretches, and goes through a model whole.
#[test]
fn long_sounds_take_bounded_memory() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(&folder.join("long.wav"), Format { bits: 8, ..FORMAT }, &tones(3, 1_000_000, 8000));
    let train = ["train", "ae", "--data", "long.wav", "--memory", "1", "--epochs", "1", "--code", "4"];
    let output = zoo(folder, &[&train[..], &["--net", "mlp", "--hidden", "8"]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("of 125 s of sound 3 stretches fit into memory"), "{said}");
    succeed(folder, &["reconstruct", "runs/ae-1", "long.wav", "--out", "out.wav"]);
    assert_eq!(read(&folder.join("out.wav")).1.len(), 1_000_000);
}

#[test]
fn noise_is_taken_out_of_sounds() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    sounds(folder);
    let small = ["--epochs", "2", "--set", "channels=4", "--set", "blocks=1", "--window", "64ms"];
    succeed(folder, &[&["train", "spectral-mask", "--data", "sounds"][..], &small].concat());
    write(&folder.join("in.wav"), FORMAT, &tones(9, 3001, 8000));
    let noisy = ["denoise", "runs/spectral-mask-1", "in.wav", "--noise", "gaussian:0.5", "--out", "out.wav"];
    succeed(folder, &noisy);
    assert_eq!(read(&folder.join("out.wav")).1.len(), 3001);
}

#[test]
fn what_is_no_sound_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    sounds(folder);
    let good = wav::bytes(FORMAT, &tones(0, 2000, 8000)).unwrap();
    for (name, content) in
        [("cut.wav", &good[..1044]), ("header.wav", &good[..30]), ("text.wav", b"hello, world")]
    {
        fs::write(folder.join(name), content).unwrap();
    }
    let mut law = good.clone();
    law[20] = 7;
    fs::write(folder.join("law.wav"), law).unwrap();
    fs::write(folder.join("song.flac"), b"fLaC....").unwrap();
    write(&folder.join("empty.wav"), FORMAT, &[]);
    write(&folder.join("silent.wav"), FORMAT, &[0.0; 4000]);
    let train =
        |data: &'static str, flags: &[&'static str]| [&["train", "ae", "--data", data][..], flags].concat();
    refuse(folder, &train("cut.wav", &[]), "the file was cut off: it ends after 0.062 s of 0.250 s of sound");
    refuse(folder, &["data", "cut.wav"], "the file was cut off");
    refuse(folder, &train("header.wav", &[]), "it ends within the header");
    refuse(folder, &train("text.wav", &[]), "this is no WAV file, whatever its name says");
    refuse(folder, &train("law.wav", &[]), "in a form that is not read");
    refuse(folder, &train("song.flac", &[]), "sounds are read from WAV files");
    refuse(folder, &train("empty.wav", &[]), "it is 0 s long");
    refuse(folder, &train("silent.wav", &[]), "are silent");
    refuse(
        folder,
        &train("sounds", &["--window", "2s"]),
        "the longest sound has 250.0 ms, and a window 2000.0 ms",
    );
    refuse(folder, &train("sounds", &["--window", "0.1ms"]), "a window of 1 steps at 8000 Hz is no sound");
    refuse(folder, &train("sounds", &["--window", "0ms"]), "makes no sense");
    refuse(folder, &train("sounds", &["--rate", "7"]), "--rate 7 is no rate of a sound");
    refuse(folder, &train("sounds", &["--time", "when"]), "--time means nothing for sounds");
    refuse(folder, &train("sounds", &["--label-column", "a"]), "--label-column means nothing for sounds");
    refuse(folder, &train("digits", &["--rate", "8000"]), "--rate means nothing for");
    fs::write(folder.join("table.csv"), "a,b\n1,2\n3,4\n5,6\n").unwrap();
    refuse(folder, &train("table.csv", &["--window", "32ms"]), "means nothing for a table");
    refuse(folder, &train("table.csv", &["--time", "a", "--stride", "32ms"]), "means nothing for a table");

    // Files that are not alike.
    write(&folder.join("sounds/other.wav"), Format { rate: 16_000, ..FORMAT }, &tones(0, 2000, 16_000));
    refuse(folder, &train("sounds", &[]), "say to which all are brought, as in --rate 8000");
    let run = ["--rate", "8000", "--epochs", "1", "--code", "4", "--net", "mlp", "--hidden", "8"];
    succeed(folder, &train("sounds", &run));
    fs::remove_file(folder.join("sounds/other.wav")).unwrap();
    let stereo = Format { channels: 2, ..FORMAT };
    write(&folder.join("sounds/stereo.wav"), stereo, &tones(0, 2000, 8000));
    refuse(folder, &train("sounds", &[]), "give sounds with as many channels each");

    // One channel that says nothing is no obstacle.
    fs::create_dir(folder.join("one")).unwrap();
    let half: Vec<f32> = tones(0, 2000, 8000).into_iter().flat_map(|x| [x, 0.25]).collect();
    write(&folder.join("one/left.wav"), stereo, &half);
    let output = zoo(folder, &[&["train", "ae", "--data", "one"][..], &run].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("right is constant (0.25)"), "{said}");

    // Files through a model.
    let through = |file: &'static str, out: &'static str| ["reconstruct", "runs/ae-1", file, "--out", out];
    refuse(
        folder,
        &["reconstruct", "runs/ae-1", "silent.wav"],
        "say where the sound goes, as in --out clean.wav",
    );
    refuse(folder, &through("silent.wav", "out.png"), "a sound is written as WAV");
    refuse(folder, &through("cut.wav", "out.wav"), "the file was cut off");
    refuse(folder, &through("empty.wav", "out.wav"), "it is 0 s long");
    refuse(folder, &through("table.csv", "out.wav"), "this is no good WAV file");
    refuse(folder, &through("none.wav", "out.wav"), "none.wav");
    let three = Format { channels: 3, ..FORMAT };
    write(&folder.join("three.wav"), three, &tones(0, 3000, 8000));
    refuse(folder, &["reconstruct", "runs/ae-2", "three.wav", "--out", "x.wav"], "the sound has 3 channels");
    refuse(folder, &["encode", "runs/ae-1", "--data", "table.csv"], "this model learnt from sounds");
    succeed(folder, &["reconstruct", "runs/ae-2", "silent.wav", "--out", "mono.wav"]);
    assert_eq!(read(&folder.join("mono.wav")).0, FORMAT);
}
