//! Series on the command line: windows of a long table, scores of steps, events, and rows that come one by one.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::{csv, refuse, succeed, zoo};

/// Rows of a pump, a second apart: a flow that swings, a current that follows it, a level, and a word. From `strange` on
/// the flow is too high for forty steps.
fn pump(steps: usize, strange: usize) -> String {
    let mut text = "datetime;Flow;Current;Level;state\n".to_owned();
    for i in 0..steps {
        let noise = |k: usize| ((i * i * k % 101) as f64 / 101.0 - 0.5) * 0.2;
        let wave = (i as f64 * 0.2).sin();
        let jump = if (strange..strange + 40).contains(&i) { 3.0 } else { 0.0 };
        let (flow, current, level) =
            (30.0 + wave + noise(3) + jump, 2.0 + 0.5 * wave + noise(7) * 0.3, 7.0 + noise(11));
        text += &format!("2024-05-17 08:{:02}:{:02};{flow:.4};{current:.4};{level:.4};on\n", i / 60, i % 60);
    }
    text
}

const SMALL: [&str; 12] =
    ["--window", "16", "--stride", "4", "--code", "3", "--epochs", "60", "--hidden", "16", "--net", "mlp"];

/// Trains on 600 ordinary steps: `runs/ae-1`.
fn trained(folder: &Path) -> Value {
    fs::write(folder.join("pump.csv"), pump(600, 9999)).unwrap();
    let text = succeed(
        folder,
        &[&["train", "ae", "--data", "pump.csv", "--time", "datetime", "--json"][..], &SMALL].concat(),
    );
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_series_is_learnt_scored_and_followed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let report = trained(folder);
    assert_eq!(
        (&report["features"], &report["training_examples"]),
        (&serde_json::json!(48), &serde_json::json!(117)),
        "{report}"
    );
    assert!(folder.join("runs/ae-1/ordinary.safetensors").is_file());

    // What was learnt from is ordinary; what is strange is one event of the right channel.
    let ordinary: Value = serde_json::from_str(&succeed(folder, &["score", "runs/ae-1", "--json"])).unwrap();
    assert!(ordinary["events"].as_array().unwrap().len() <= 1, "{ordinary}");
    fs::write(folder.join("new.csv"), pump(400, 200)).unwrap();
    let new = ["score", "runs/ae-1", "--data", "new.csv"];
    let found: Value = serde_json::from_str(&succeed(folder, &[&new[..], &["--json"]].concat())).unwrap();
    let strongest = found["events"]
        .as_array()
        .unwrap()
        .iter()
        .max_by(|a, b| a["score"].as_f64().unwrap().total_cmp(&b["score"].as_f64().unwrap()));
    let strongest = strongest.unwrap();
    let start = strongest["start"].as_str().unwrap();
    assert!(("2024-05-17 08:03:05".."2024-05-17 08:03:30").contains(&start), "{strongest}");
    let flow = &strongest["channels"][0];
    assert_eq!(flow["channel"], "Flow");
    assert!(flow["cause_share"].as_f64().unwrap() > 0.7, "{strongest}");
    assert!(flow["change_to_ordinary"].as_f64().unwrap() < -0.5, "{strongest}");

    // Every step has a score, and every channel its part in it.
    let (names, scores) = csv(&succeed(folder, &new));
    assert_eq!(
        names,
        [
            "time",
            "score",
            "anomalous",
            "score_Flow",
            "score_Current",
            "score_Level",
            "expected_Flow",
            "expected_Current",
            "expected_Level"
        ]
    );
    assert_eq!((scores.len(), &scores[0][0][..]), (400, "2024-05-17 08:00:00"));
    for row in &scores {
        let numbers: Vec<f64> = row[1..].iter().map(|cell| cell.parse().unwrap()).collect();
        assert!(
            (numbers[0] - numbers[2..5].iter().sum::<f64>()).abs() < 1e-4 * numbers[0].max(1.0),
            "{row:?}"
        );
    }
    succeed(folder, &[&new[..], &["--events", "events.csv", "--out", "new.png"]].concat());
    assert!(fs::read(folder.join("new.png")).unwrap().starts_with(b"\x89PNG"));
    let (_, events) = csv(&fs::read_to_string(folder.join("events.csv")).unwrap());
    assert_eq!(events.len(), found["events"].as_array().unwrap().len());
    assert!(events.iter().any(|event| event[1] == start && event[6].contains("Flow")), "{events:?}");

    // As they come, the rows have the same scores.
    let rows = fs::read(folder.join("new.csv")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_zoo"))
        .args(["score", "runs/ae-1", "--follow"])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&rows).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let (followed_names, followed) = csv(&String::from_utf8(output.stdout).unwrap());
    assert_eq!((&followed_names[..], followed.len()), (&names[..6], scores.len()));
    for (a, b) in followed.iter().zip(&scores) {
        // Products of other heights are rounded otherwise.
        let [one, whole] = [a, b].map(|row| row[1].parse::<f64>().unwrap());
        assert!(a[0] == b[0] && (one - whole).abs() < 1e-3 * whole.max(0.1), "{a:?} {b:?}");
    }
}

#[test]
fn runs_of_a_folder_have_gaps_and_pieces() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("runs-of-pump")).unwrap();
    let whole = pump(300, 9999);
    let without = |from: usize, to: usize| -> String {
        let lines = whole.lines().enumerate().filter(|(i, _)| !(from..to).contains(i));
        lines.map(|(_, line)| format!("{line}\n")).collect()
    };
    fs::write(folder.join("runs-of-pump/a.csv"), without(100, 105)).unwrap();
    fs::write(folder.join("runs-of-pump/b.csv"), without(100, 140)).unwrap();
    fs::write(folder.join("runs-of-pump/notes.md"), "no table").unwrap();
    let arguments = [&["train", "ae", "--data", "runs-of-pump"][..], &SMALL].concat();
    let output = zoo(folder, &arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    for part in
        ["5 steps are missing", "2 pieces", "column `datetime` is taken for the time", "`state`", "in 2 runs"]
    {
        assert!(said.contains(part), "no {part:?} in\n{said}");
    }
    let (names, scores) = csv(&succeed(folder, &["score", "runs/ae-1"]));
    assert_eq!((names[0].as_str(), scores.len()), ("run", 295 + 260));
    let (_, codes) = csv(&succeed(folder, &["encode", "runs/ae-1", "--data", "runs-of-pump/b.csv"]));
    assert!(codes.len() > 50);
    let about = succeed(folder, &["data", "runs-of-pump", "--window", "16"]);
    assert!(about.contains("560 examples of 3 numbers") && about.contains("Flow"), "{about}");
}

#[test]
fn what_is_no_series_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("pump.csv"), pump(100, 9999)).unwrap();
    let lines: Vec<String> = pump(100, 9999).lines().map(str::to_owned).collect();
    let mut back = lines.clone();
    back.swap(50, 51);
    fs::write(folder.join("back.csv"), back.join("\n")).unwrap();
    fs::write(folder.join("words.csv"), "a,b\nred,blue\ngreen,grey\n").unwrap();
    let train =
        |data: &'static str, flags: &[&'static str]| [&["train", "ae", "--data", data][..], flags].concat();
    refuse(
        folder,
        &train("back.csv", &["--window", "8"]),
        "line 52: the time 2024-05-17 08:00:49 comes before 2024-05-17 08:00:50",
    );
    refuse(
        folder,
        &train("pump.csv", &["--window", "200"]),
        "the longest stretch has 100 steps, and a window 200",
    );
    refuse(folder, &train("pump.csv", &["--window", "40"]), "longer than the last 20 % of any stretch");
    refuse(folder, &train("pump.csv", &["--window", "1"]), "at least 2");
    refuse(folder, &train("pump.csv", &["--stride", "0"]), "--stride 0");
    refuse(folder, &train("pump.csv", &["--time", "when"]), "`when`");
    refuse(
        folder,
        &train("pump.csv", &["--window", "8", "--label-column", "state"]),
        "--label-column means nothing",
    );
    refuse(folder, &train("words.csv", &["--window", "2"]), "there is no column of numbers");
    refuse(folder, &train("digits", &["--window", "2"]), "the embedded digits are no series");
    trained(folder);
    fs::write(folder.join("other.csv"), "time,Flow\n1,2\n2,3\n").unwrap();
    refuse(folder, &["score", "runs/ae-1", "--data", "other.csv"], "there is no column");
    refuse(folder, &["score", "runs/ae-1", "--part", "train"], "--part means nothing");
    refuse(folder, &["score", "runs/ae-1", "--events", "e.txt"], ".csv or .json");
}

/// A channel that never changes is no obstacle, and is noticed when it does.
#[test]
fn a_constant_channel_is_told_and_watched() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let table = |valve: &dyn Fn(usize) -> f64| -> String {
        let row = |i: usize| format!("{i},{:.3},{}\n", (i as f64 * 0.3).sin(), valve(i));
        format!("second,wave,valve\n{}", (0..400).map(row).collect::<String>())
    };
    fs::write(folder.join("a.csv"), table(&|_| 5.0)).unwrap();
    fs::write(folder.join("b.csv"), table(&|i| if i > 250 { 6.0 } else { 5.0 })).unwrap();
    let output = zoo(folder, &[&["train", "ae", "--data", "a.csv", "--time", "second"][..], &SMALL].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.contains("`valve` is constant"), "{said}");
    let found: Value =
        serde_json::from_str(&succeed(folder, &["score", "runs/ae-1", "--data", "b.csv", "--json"])).unwrap();
    let events = found["events"].as_array().unwrap();
    let score = |event: &Value| event["score"].as_f64().unwrap();
    let event = events.iter().max_by(|a, b| score(a).total_cmp(&score(b))).unwrap();
    assert!(event["start"].as_str().unwrap().parse::<f64>().unwrap() >= 230.0, "{found}");
    assert!(event["channels"][1]["score_share"].as_f64().unwrap() > 0.8, "{found}");
}
