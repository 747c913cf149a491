//! The command line of the zoo.

mod cli;
mod commands;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};

fn main() -> ExitCode {
    let started = std::time::Instant::now();
    let result = match Cli::parse().command {
        Command::List => print(&commands::list::table()),
        Command::Train(args) => commands::train::run(&args).and_then(|report| print(&report)),
        Command::Reproduce(args) => commands::reproduce::run(&args),
        Command::Bench(args) => commands::bench::run(&args, started).and_then(|line| print(&line)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes to standard output. A reader that has seen enough (`zoo list | head -1`) is no error.
fn print(text: &str) -> nn::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(nn::Error::Invalid(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}
