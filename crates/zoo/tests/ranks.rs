//! Several processes under `mpirun`: the same bytes as one, and nothing lost when one is killed. A program of its own, because it
//! is for a zoo with MPI:
//!
//! ```sh
//! cargo test --release -p zoo --features mpi --test ranks
//! ```

#[allow(dead_code, reason = "the other program of tests uses all of it")]
mod common;

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use common::{bytes, succeed};

fn mpirun(folder: &Path, processes: usize, arguments: &[&str]) -> Command {
    let mut command = Command::new("mpirun");
    command
        .args(["--oversubscribe", "--allow-run-as-root", "-n", &processes.to_string()])
        .arg(env!("CARGO_BIN_EXE_zoo"))
        .args(arguments)
        .current_dir(folder);
    command
}

fn together(folder: &Path, processes: usize, arguments: &[&str]) -> Output {
    mpirun(folder, processes, arguments).output().expect("mpirun is installed")
}

fn succeed_together(folder: &Path, processes: usize, arguments: &[&str]) -> String {
    let output = together(folder, processes, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{processes} times zoo {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn one_two_and_four_processes_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let residual = ["--set", "network.name=residual", "--set", "width=16", "--set", "norm=batch"];
    let cases: [(&str, &[&str]); 10] = [
        ("vae", &residual),
        // Its capacity would grow by the share of the epochs that are done, of which the resumed run knows only one at first.
        ("beta-vae", &["--set", "growth=0.0"]),
        ("contractive", &[]),
        ("denoising", &[]),
        ("topk", &[]),
        ("iwae", &["--hidden", "32"]),
        ("sparse-kl", &[]),
        ("tc-vae", &[]),
        ("vq-vae", &[]),
        ("wae", &[]),
    ];
    for (model, further) in cases {
        let out = |who: &str| format!("{model}-{who}");
        let train = |who: &str, epochs: &str| {
            let flags = [
                "train",
                model,
                "--epochs",
                epochs,
                "--seed",
                "4",
                "--batch",
                "200",
                "--set",
                "train.schedule=constant",
                "--out",
                &out(who),
            ];
            flags.iter().chain(further).map(|&flag| flag.to_owned()).collect::<Vec<_>>()
        };
        let run = |processes: usize, arguments: &[String]| {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let text = succeed_together(path, processes, &arguments);
            assert_eq!(text.matches("report.html").count().min(2), 1, "only one process speaks:\n{text}");
        };
        let mut alone = train("1", "2");
        alone.extend(["--workers", "2"].map(str::to_owned));
        succeed(path, &alone.iter().map(String::as_str).collect::<Vec<_>>());
        run(2, &train("2", "2"));
        run(4, &train("4", "2"));
        // Begun by two processes, and gone on with by four.
        run(2, &train("more", "1"));
        run(4, &["resume", &out("more"), "--epochs", "2"].map(str::to_owned));
        for other in ["2", "4", "more"] {
            for ((name, one), (_, many)) in
                bytes(&path.join(out("1"))).iter().zip(bytes(&path.join(out(other))))
            {
                assert!(*one == many, "{model}: {name} is another for {other}");
            }
        }
    }
}

#[test]
fn the_first_process_says_what_is_wrong_and_all_end() {
    let folder = tempfile::tempdir().unwrap();
    let refused: [(usize, &[&str], &str); 3] = [
        (2, &["train", "vea"], "error: there is no model `vea`"),
        (2, &["train", "ae", "--set", "train.pieces=1"], "which processes cannot share; start one process"),
        (
            3,
            &["train", "ae", "--set", "train.pieces=2"],
            "there are 3 processes and only 2 pieces of a batch",
        ),
    ];
    for (processes, arguments, expected) in refused {
        let output = together(folder.path(), processes, arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.matches(expected).count() == 1, "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    let list = succeed_together(folder.path(), 2, &["list"]);
    assert_eq!(list.matches("\n  vae ").count().max(list.matches("\nvae ").count()), 1, "{list}");
}

#[test]
fn processes_share_a_search_and_the_trainings_of_a_target() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let search = |state: &str| {
        let flags =
            ["search", "ae", "--space", "code=2..12", "--trials", "10", "--epochs", "2", "--at-once", "4"];
        flags.map(str::to_owned).into_iter().chain(["--state".into(), state.into()]).collect::<Vec<_>>()
    };
    let [alone, shared] = ["alone.json", "shared.json"].map(search);
    let text = |arguments: &[String], processes: usize| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match processes {
            0 => succeed(path, &arguments),
            _ => succeed_together(path, processes, &arguments),
        }
    };
    assert_eq!(text(&alone, 0), text(&shared, 2), "both say the same, once");
    let read = |name: &str| fs::read(path.join(name)).unwrap();
    assert!(read("alone.json") == read("shared.json"));
    assert_eq!(fs::read_dir(path).unwrap().count(), 2, "no lock is left");
    let output = together(path, 2, &["search", "ae", "--space", "code=2..12"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.matches("share the trials by a file; add --state").count() == 1,
        "{said}"
    );
}

/// The processes that `mpirun` has started.
fn children(of: &Child) -> Vec<u32> {
    let parent = of.id().to_string();
    let process = |entry: fs::DirEntry| {
        let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
        let after_name = stat.rsplit_once(')')?.1;
        let name = stat.split_once('(')?.1;
        let is_child = after_name.split_whitespace().nth(1)? == parent && name.starts_with("zoo");
        is_child.then(|| entry.file_name().to_str()?.parse().ok()).flatten()
    };
    fs::read_dir("/proc").unwrap().filter_map(|entry| process(entry.unwrap())).collect()
}

/// `ZOO_KILLS=50` for more of them.
#[test]
fn a_process_that_is_killed_ends_all_and_nothing_is_lost() {
    let kills = std::env::var("ZOO_KILLS").map_or(3, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let train = |out: &str| ["train", "ae", "--epochs", "60", "--seed", "9", "--out", out].map(str::to_owned);
    let flags = |all: &[String]| all.iter().map(String::clone).collect::<Vec<_>>();
    let straight = flags(&train("straight"));
    let straight: Vec<&str> = straight.iter().map(String::as_str).collect();
    let started = Instant::now();
    succeed_together(path, 2, &straight);
    let whole = started.elapsed();
    let mut in_training = 0;
    for kill in 0..kills {
        let out = format!("killed-{kill}");
        let arguments = train(&out);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut job =
            mpirun(path, 2, &arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let part = (f64::from(kill) * 0.618_034 + 0.2).fract();
        let run = path.join(&out);
        if kill % 2 == 0 {
            // Anywhere between the start and the end.
            std::thread::sleep(Duration::from_secs_f64(0.3 + part * 0.9 * whole.as_secs_f64()));
        } else {
            // Soon after the first checkpoint.
            while !run.join("training.safetensors").exists() && job.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_secs_f64(0.1 * part));
        }
        let ranks = children(&job);
        if let Some(victim) = ranks.get(kill as usize % ranks.len().max(1)) {
            Command::new("kill").args(["-9", &victim.to_string()]).status().unwrap();
        }
        let ended = job.wait().unwrap();
        if run.join("finished.safetensors").exists() && ended.success() {
            continue;
        }
        assert!(!ended.success(), "kill {kill}: mpirun says that all is well");
        in_training += usize::from(run.join("training.safetensors").exists());
        if !run.join("config.toml").exists() {
            continue; // killed before anything was there
        }
        if !run.join("finished.safetensors").exists() {
            // By another number of processes than it began with.
            succeed_together(path, 1 + 3 * (kill as usize % 2), &["resume", &out]);
        }
        for name in ["model.safetensors", "finished.safetensors"] {
            let read = |run: &str| fs::read(path.join(run).join(name)).unwrap();
            assert!(read("straight") == read(&out), "kill {kill}: {name} is another");
        }
    }
    println!("{kills} kills, {in_training} of them after the first checkpoint");
    assert!(kills < 3 || in_training > 0, "none of the kills met a checkpoint");
}
