//! The command line of the zoo.

mod cli;
mod commands;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};
use commands::{Outcome, ranks};
use nn::{Error, Result};

/// Ctrl-C, as shells say it.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let started = std::time::Instant::now();
    let command = Cli::try_parse().map(|cli| cli.command).unwrap_or_else(|error| match ranks::is_first() {
        true => error.exit(),
        false => std::process::exit(error.exit_code()),
    });
    // Until the end of this function, this process belongs to its job.
    let _job = match ranks::join() {
        Ok(job) => job,
        Err(error) => {
            if ranks::is_first() {
                eprintln!("error: {error}");
            }
            return ExitCode::FAILURE;
        }
    };
    let printed = run(command, started).and_then(|outcome| match outcome {
        Outcome::Done(_) if !ranks::is_first() => Ok(ExitCode::SUCCESS),
        Outcome::Done(text) => print(&text).map(|()| ExitCode::SUCCESS),
        Outcome::Interrupted(text) => print(&text).map(|()| ExitCode::from(INTERRUPTED)),
    });
    printed.unwrap_or_else(|error| {
        ranks::give_up(|| eprintln!("error: {error}"));
        ExitCode::FAILURE
    })
}

fn run(command: Command, started: std::time::Instant) -> Result<Outcome> {
    let of_all = matches!(
        command,
        Command::Train(_) | Command::Resume(_) | Command::Search(_) | Command::Reproduce(_)
    );
    if !of_all && !ranks::is_first() {
        return Ok(Outcome::Done(String::new()));
    }
    match command {
        Command::List(args) => Ok(Outcome::Done(commands::list::run(&args))),
        Command::Describe(args) => commands::describe::run(&args),
        Command::Train(args) => commands::train::run(&args),
        Command::Resume(args) => commands::train::resume(&args),
        Command::Eval(args) => commands::eval::run(&args),
        Command::Encode(args) => commands::encode::encode(&args),
        Command::Decode(args) => commands::encode::decode(&args),
        Command::Recommend(args) => commands::recommend::run(&args),
        Command::Reconstruct(args) => commands::reconstruct::run(&args),
        Command::Impute(args) => commands::impute::run(&args),
        Command::Denoise(args) => commands::denoise::run(&args),
        Command::Sample(args) => commands::sample::run(&args),
        Command::Synthesize(args) => commands::synthesize::run(&args),
        Command::Interpolate(args) => commands::interpolate::run(&args),
        Command::Score(args) => commands::score::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Report(args) => commands::page::report(&args),
        Command::Compare(args) => commands::page::compare(&args),
        Command::Export(args) => commands::export::run(&args),
        Command::Search(args) => commands::search::run(&args),
        Command::Data(args) => commands::data::run(&args),
        Command::Reproduce(args) => commands::reproduce::run(&args),
        Command::Bench(args) => commands::bench::run(&args, started).map(Outcome::Done),
        Command::Completions { shell } => Ok(Outcome::Done(Cli::completions(shell))),
        Command::Man { command } => Cli::manual(&command).map(Outcome::Done),
    }
}

/// Writes to standard output. A reader that has seen enough (`zoo list | head -1`) is no error.
fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::io("write", "to standard output".as_ref(), error))
        }
        _ => Ok(()),
    }
}
