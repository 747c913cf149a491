//! The guide through the steps: says which comes next, checks it, and tells the first failure.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use check::{check, hole, told};
use folder::{Folder, State};
use step::{Fill, Step};

mod check;
mod folder;
mod lab;
#[allow(dead_code, reason = "the proof needs more of it")]
mod step;

const USAGE: &str = "\
Forty-three steps from a derivative to a variational autoencoder of your own.

cargo run -p exercises                    the next step: check it, say what is missing
cargo run -p exercises -- watch           the same, again whenever you save
cargo run -p exercises -- list            all steps, and how far you are
cargo run -p exercises -- hint [STEP]     a way to the solution
cargo run -p exercises -- check [STEP]    check this step, or all that you have edited
cargo run -p exercises -- reset STEP      the step as it came; yours stays beside it, as .rs.old
cargo run -p exercises -- solution STEP   ours, once yours passes (or with --show)
cargo run -p exercises -- lab [LAB]       one of four labs of ninety minutes, with its marks
cargo run -p exercises -- prove           show that the steps themselves are right

STEP is a number or a name. The programs lie in the folder `exercises`; --into FOLDER names another.";

/// An answer to a person who cannot go on: one sentence.
type Problem = String;

fn main() -> ExitCode {
    match run(env::args().skip(1).collect()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// The clone's folder.
fn root() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates.and_then(Path::parent).map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Runs a command; false if a check failed.
fn run(mut arguments: Vec<String>) -> Result<bool, Problem> {
    let mut path = root().join("exercises");
    if let Some(at) = arguments.iter().position(|argument| argument == "--into") {
        let given = arguments.drain(at..(at + 2).min(arguments.len())).nth(1);
        let given = given.ok_or("--into wants the name of a folder: --into FOLDER.")?;
        path = env::current_dir().map_err(failed("the current folder"))?.join(given);
    }
    let show =
        arguments.iter().position(|argument| argument == "--show").map(|at| arguments.remove(at)).is_some();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["help" | "--help" | "-h", ..] = words[..] {
        println!("{USAGE}");
        return Ok(true);
    }
    if let ["prove"] = words[..] {
        return prove();
    }

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (steps, labs) = (Step::all(&here.join("steps")), Step::all(&here.join("labs")));
    let all = || steps.iter().chain(&labs);
    if let ["lab"] = words[..] {
        lab::list(&labs);
        return Ok(true);
    }
    let programs: Vec<Step> =
        Step::all(&here.join("steps")).into_iter().chain(Step::all(&here.join("labs"))).collect();
    let (folder, new) =
        Folder::open(path.clone(), &root(), &programs).map_err(failed(&path.display().to_string()))?;
    if new {
        println!("Made the folder {} with a program for each step.", folder.path.display());
        println!(
            "The pages that a step names are those of the book. `cargo run -p formulas -- book book.html`"
        );
        println!("makes the book as one file, with drawings and listings. Open that in a browser.\n");
    }
    let guide = Guide { folder, steps: &steps };
    let file = |error| failed(&path.display().to_string())(error);
    match words[..] {
        [] => guide.next().map_err(file),
        ["watch"] => guide.watch().map_err(file),
        ["list"] => guide.list().map_err(file),
        ["hint"] => guide.hint(None).map_err(file),
        ["hint", name] => guide.hint(Some(find(all(), name)?)).map_err(file),
        ["check"] => guide.check_edited().map_err(file),
        ["check", name] => guide.check(find(all(), name)?).map_err(file),
        ["reset", name] => guide.reset(find(all(), name)?).map_err(file),
        ["solution", name] => guide.solution(find(all(), name)?, show).map_err(file),
        ["lab", number] => lab::mark(&guide.folder, find(labs.iter(), number)?).map_err(file),
        _ => Err(format!("`{}` is no command of this program.\n\n{USAGE}", words.join(" "))),
    }
}

/// The sentence for a file that cannot be read or written.
fn failed(name: &str) -> impl Fn(io::Error) -> Problem {
    move |error| format!("{name} cannot be used: {error}.")
}

/// The step of this number or name.
fn find<'a>(steps: impl Iterator<Item = &'a Step>, wanted: &str) -> Result<&'a Step, Problem> {
    let is = |step: &&Step| match (wanted.parse::<usize>(), step.name.split_once('_')) {
        (Ok(number), Some((own, _))) => own.parse() == Ok(number),
        (_, Some((_, word))) => word == wanted || step.name == wanted.trim_end_matches(".rs"),
        _ => false,
    };
    let mut steps = steps;
    steps.find(is).ok_or_else(|| format!("There is no step “{wanted}”; `list` names all of them."))
}

/// The commands.
struct Guide<'a> {
    folder: Folder,
    steps: &'a [Step],
}

impl Guide<'_> {
    /// The first step that has not passed, checked. Goes on while steps pass.
    fn next(&self) -> io::Result<bool> {
        for (number, step) in self.steps.iter().enumerate() {
            if self.folder.state(step)? == State::Passed {
                continue;
            }
            println!("Step {} of {}: {}", number + 1, self.steps.len(), step.title);
            println!("  write   {}", self.folder.program(step).display());
            println!("  read    docs/src/{}\n", step.page);
            if !self.check(step)? {
                println!("\n`cargo run -p exercises -- hint` helps.");
                return Ok(false);
            }
            println!();
        }
        println!(
            "All {} steps are done. The labs come next: `cargo run -p exercises -- lab`.",
            self.steps.len()
        );
        Ok(true)
    }

    /// [`Guide::next`], again whenever the program of the step is saved.
    fn watch(&self) -> io::Result<bool> {
        while !self.next()? {
            let step = self.first_open()?;
            let before = self.folder.text(step)?;
            println!("Waiting until you save {} (ctrl-C ends).", self.folder.program(step).display());
            while self.folder.text(step).is_ok_and(|now| now == before) {
                thread::sleep(Duration::from_millis(200));
            }
            // An editor may write in two goes.
            thread::sleep(Duration::from_millis(100));
            println!("\n{}\n", "─".repeat(60));
        }
        Ok(true)
    }

    fn first_open(&self) -> io::Result<&Step> {
        for step in self.steps {
            if self.folder.state(step)? != State::Passed {
                return Ok(step);
            }
        }
        Err(io::Error::other("all steps are done"))
    }

    /// Checks one step, and tells the first failure.
    fn check(&self, step: &Step) -> io::Result<bool> {
        let start = Instant::now();
        let text = self.folder.text(step)?;
        let outcome = check(&self.folder, step)?;
        let all = outcome.passed.len() + outcome.failures.len();
        if outcome.all_right() {
            self.folder.note(step, Some(&text))?;
            let tests = if all == 1 { "test".to_owned() } else { format!("{all} tests") };
            println!("✓ {} passes its {tests} ({:.1} s).", step.name, start.elapsed().as_secs_f64());
            return Ok(true);
        }
        self.folder.note(step, None)?;
        if outcome.broken {
            println!("✗ {} does not compile; the message is above.", step.name);
        } else if let Some((place, what)) = outcome.failures.iter().find_map(|(_, said)| hole(said)) {
            println!("… There is a hole to fill, at {place}:\n\n    {what}");
        } else if let Some((test, said)) = outcome.failures.first() {
            println!(
                "✗ {} of {all} tests fail. The first, “{}”:\n",
                outcome.failures.len(),
                test.replace('_', " ")
            );
            told(said).lines().for_each(|line| println!("    {line}"));
        } else {
            println!("✗ {} has no test any more; `reset {}` brings them back.", step.name, step.name);
        }
        Ok(false)
    }

    fn check_edited(&self) -> io::Result<bool> {
        let mut right = true;
        for step in self.steps {
            if self.folder.state(step)? != State::Untouched {
                right &= self.check(step)?;
            }
        }
        Ok(right)
    }

    fn list(&self) -> io::Result<bool> {
        let (mut done, mut lines) = (0, String::new());
        for step in self.steps {
            let mark = match self.folder.state(step)? {
                State::Passed => "✓",
                State::Begun => "…",
                State::Untouched => "·",
            };
            done += usize::from(mark == "✓");
            lines += &format!("{mark} {:<28} {}\n", step.name, step.title);
        }
        print_all(&format!("{lines}\n{done} of {} done.\n", self.steps.len()));
        Ok(true)
    }

    fn hint(&self, step: Option<&Step>) -> io::Result<bool> {
        let step = step.map_or_else(|| self.first_open(), Ok)?;
        println!("{}:", step.name);
        // Lines of a width that can be read.
        let mut column = 0;
        for word in step.hint.split(' ') {
            let length = word.chars().count() + 1;
            if column + length > 100 {
                println!();
                column = 0;
            }
            print!("{}{word}", if column == 0 { "  " } else { " " });
            column += length;
        }
        println!();
        Ok(true)
    }

    fn reset(&self, step: &Step) -> io::Result<bool> {
        let old = self.folder.reset(step)?;
        println!("{} is as it came; yours is {}.", self.folder.program(step).display(), old.display());
        Ok(true)
    }

    fn solution(&self, step: &Step, show: bool) -> io::Result<bool> {
        if !show && self.folder.state(step)? != State::Passed {
            println!(
                "{} has not passed yet. `hint {}` helps; `solution {} --show` shows it all the same.",
                step.name, step.name, step.name
            );
            return Ok(false);
        }
        let text = step.text(|_| Fill::Solution);
        print_all(&format!("{}\n", text.split("#[cfg(test)]").next().unwrap_or_default().trim()));
        Ok(true)
    }
}

/// Prints what may be longer than somebody wants to read: `list | head` closes the pipe, and that is no failure.
fn print_all(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

/// Runs the proof, a test of this package.
fn prove() -> Result<bool, Problem> {
    let mut cargo = std::process::Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root()).args(["test", "--release", "--workspace", "--test", "proof"]);
    let status = cargo.status().map_err(failed("cargo"))?;
    if status.success() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let count = |folder: &str| fs::read_dir(here.join(folder)).map_or(0, Iterator::count);
        println!("Each of {} steps and {} labs passes with its solution, and", count("steps"), count("labs"));
        println!(
            "fails with any hole blank and with any of its wrong answers. No step uses what comes later."
        );
    }
    Ok(status.success())
}
