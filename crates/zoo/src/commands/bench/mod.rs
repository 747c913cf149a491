//! `zoo bench`: training steps of fixed workloads, timed, one line of JSON.
//!
//! The workloads, their weights, batches and noise are fixed to the bit by a counter-based generator, so
//! that other frameworks can do the same work and their losses can be compared digit by digit.
//! docs/PERFORMANCE.md has the table of workloads and the results.

mod larger;
mod numbers;
mod workloads;

use std::path::Path;
use std::time::Instant;

use nn::{Error, Result};
use serde_json::json;

use crate::cli::{BenchArgs, Variant};

/// Batch size, steps to warm up, default steps, steps in a timed block.
pub(crate) struct Spec {
    pub(crate) batch: usize,
    warm_up: usize,
    steps: usize,
    block: usize,
}

fn spec(workload: &str) -> Option<Spec> {
    let [batch, warm_up, steps, block] = match workload {
        "W1" | "W3" => [128, 30, 400, 10],
        "W2" | "W5" => [128, 10, 60, 4],
        "W4" => [128, 30, 300, 10],
        "W6" => [1, 2000, 20000, 500],
        "W7b1" => [1, 50, 400, 20],
        "W7b1024" => [1024, 4, 24, 2],
        "W8" => [64, 6, 60, 4],
        "W9" | "W12" => [32, 6, 60, 4],
        "W10" | "W11" | "W13" => [64, 10, 100, 5],
        "W14" => [256, 20, 300, 10],
        "W15" => [16, 6, 60, 4],
        _ => return None,
    };
    Some(Spec { batch, warm_up, steps, block })
}

/// Does step `i`; if asked, returns the loss of that step (else 0), before its update.
pub(crate) type Stepper = Box<dyn FnMut(usize, bool) -> f64>;

/// Runs the workload and returns the line.
pub(crate) fn run(args: &BenchArgs, started: Instant) -> Result<String> {
    let name = args.workload.as_str();
    let spec = spec(name).ok_or_else(|| {
        Error::setting(
            "workload",
            format!("there is no workload `{name}`; there are W1 to W6, W7b1, W7b1024 and W8 to W15"),
        )
    })?;
    super::train::use_threads(Some(args.threads))?;
    let images = match (&args.images, std::env::var_os("PEERS_MNIST")) {
        (Some(path), _) => Some(path.clone()),
        (None, variable) => variable.map(Into::into),
    };
    let batches = numbers::batches(name, &spec, args.batches, images.as_deref())?;
    let mut step = workloads::stepper(name, batches, args.variant == Variant::Replay);

    // The first losses, to compare frameworks digit by digit.
    if let Some(count) = args.trace {
        return Ok((0..count).map(|i| format!("step {i} loss {:.7}\n", step(i, true))).collect());
    }
    step(0, true);
    let cold = started.elapsed().as_secs_f64();
    for i in 1..spec.warm_up {
        step(i, false);
    }
    let steps = args.steps.unwrap_or(spec.steps);
    let (mut done, mut loss, mut times) = (0, 0.0, vec![]);
    while done < steps {
        let block = spec.block.min(steps - done);
        let start = Instant::now();
        for k in 0..block {
            loss = step(spec.warm_up + done + k, k + 1 == block);
        }
        times.push(start.elapsed().as_secs_f64() * 1e3 / block as f64);
        done += block;
    }
    times.sort_by(f64::total_cmp);
    let middle = |i: usize| times.get(i).copied().unwrap_or(f64::NAN);
    let median = 0.5 * (middle((times.len().max(1) - 1) / 2) + middle(times.len() / 2));
    let line = json!({
        "peer": "zoo", "variant": format!("{:?}", args.variant).to_lowercase(), "workload": name,
        "threads": args.threads, "ms_per_step": median, "min_ms": middle(0),
        "loss_after": loss, "steps": steps, "rss_mb": peak_memory(), "cold_s": cold,
    });
    Ok(format!("{line}\n"))
}

/// The peak of the memory of this process, in MB; 0 where the system does not say.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}
