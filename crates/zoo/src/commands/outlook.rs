//! The forecast of a training that takes much memory or time, before it begins.

use std::time::Duration;

use nn::checkpoint::Checkpoint;
use nn::{Error, Result};
use zoo::AnyModel;
use zoo::config::Setup;
use zoo::forecast::Forecast;

use super::progress::note;

/// An epoch that takes longer is worth a word, and so is a training.
const LONG_EPOCH: Duration = Duration::from_secs(60);
const LONG: Duration = Duration::from_secs(3600);
/// So much memory is worth a word on any machine.
const MUCH: u64 = 8 << 30;

/// Says what the training will take, if that is much.
///
/// # Errors
/// If the memory of this machine surely does not hold it.
pub(super) fn announce(setup: &Setup, model: &dyn AnyModel) -> Result<()> {
    let Setup { entry, config, data, preparation, .. } = setup;
    let mut checkpoint = Checkpoint::default();
    model.insert("", &mut checkpoint);
    let mut copy = entry.outline(&config.settings, preparation)?;
    // Whatever is wrong with a step, the training itself will say.
    if copy.restore("", &checkpoint).is_err() {
        return Ok(());
    }
    let Ok(forecast) = Forecast::of(&mut *copy, data, &config.train, preparation.examples) else {
        return Ok(());
    };
    let smaller = smaller(setup, &forecast);
    if let Some(text) = verdict(&forecast, available(), config.train.epochs, &smaller)? {
        note(&text);
    }
    Ok(())
}

/// Settings that would make it smaller.
fn smaller(setup: &Setup, forecast: &Forecast) -> String {
    let Setup { config, data, .. } = setup;
    let batch = forecast.batch_within(available().unwrap_or(MUCH).min(MUCH) / 4, config.train.batch);
    let mut flags = vec![format!("--batch {batch}")];
    if config.setting("network.step").is_some() {
        flags.push("--set step=N with more numbers to a step".into());
    }
    if data.train.schema().as_image().is_some() {
        flags.push("--size for smaller pictures".into());
    }
    for (key, flag) in [("hidden", "fewer units in --hidden"), ("state", "a smaller --set state=N")] {
        if config.setting(key).is_some() {
            flags.push(flag.into());
        }
    }
    flags.join(", ")
}

/// The sentence about a training on a machine with so much memory left, if that is known.
fn verdict(
    forecast: &Forecast,
    available: Option<u64>,
    epochs: usize,
    smaller: &str,
) -> Result<Option<String>> {
    let bytes = forecast.bytes();
    // The forecast may be wrong by a third.
    if let Some(left) = available.filter(|left| bytes / 3 * 2 > *left) {
        return Err(Error::unsupported(format!(
            "the training needs about {} of memory, and this machine has {} left; make it smaller: {smaller}",
            size(bytes),
            size(left)
        )));
    }
    let whole = forecast.epoch.saturating_mul(u32::try_from(epochs).unwrap_or(u32::MAX));
    let much = bytes > MUCH || available.is_some_and(|left| bytes > left / 2);
    if !much && forecast.epoch < LONG_EPOCH && whole < LONG {
        return Ok(None);
    }
    let left = available.map_or(String::new(), |left| format!(" (of {})", size(left)));
    Ok(Some(format!(
        "the training will take about {} of memory{left}, {} for an epoch and {} for all {epochs}; smaller: \
         {smaller}; fewer: --epochs",
        size(bytes),
        time(forecast.epoch),
        time(whole)
    )))
}

/// Bytes that programs can still have, if the system says so.
fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let left = 1024 * (kilobytes("MemAvailable:")? + kilobytes("SwapFree:").unwrap_or(0));
    // A container may have less than the machine.
    let number = |path: &str| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    let of_container = number("/sys/fs/cgroup/memory.max")
        .map(|most| most.saturating_sub(number("/sys/fs/cgroup/memory.current").unwrap_or(0)));
    Some(of_container.map_or(left, |container| left.min(container)))
}

/// `16 GB`, `350 MB`.
fn size(bytes: u64) -> String {
    match bytes as f64 / 1e9 {
        giga if giga >= 10.0 => format!("{giga:.0} GB"),
        giga if giga >= 1.0 => format!("{giga:.1} GB"),
        giga => format!("{:.0} MB", (1e3 * giga).ceil()),
    }
}

/// `40 seconds`, `10 minutes`, `3.5 hours`, `12 days`.
fn time(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 90.0 => format!("{:.0} seconds", seconds.ceil()),
        seconds if seconds < 5400.0 => format!("{:.0} minutes", seconds / 60.0),
        seconds if seconds < 172_800.0 => format!("{:.1} hours", seconds / 3600.0),
        seconds => format!("{:.0} days", seconds / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GB: u64 = 1_000_000_000;

    fn said(bytes: u64, epoch: u64, available: Option<u64>) -> Result<Option<String>> {
        let epoch = Duration::from_secs(epoch);
        let forecast = Forecast { step: bytes, example: bytes / 64, parameters: 0, epoch };
        verdict(&forecast, available, 20, "--batch 8")
    }

    #[test]
    fn what_is_much_is_said_and_what_cannot_be_is_refused() {
        assert_eq!(said(GB, 10, Some(16 * GB)).unwrap(), None);
        assert_eq!(said(GB, 10, None).unwrap(), None, "where the system does not say");
        assert_eq!(
            said(16 * GB, 600, Some(22 * GB)).unwrap().unwrap(),
            "the training will take about 16 GB of memory (of 22 GB), 10 minutes for an epoch and 3.3 hours for \
             all 20; smaller: --batch 8; fewer: --epochs"
        );
        assert!(said(GB, 61, None).unwrap().is_some() && said(9 * GB, 1, None).unwrap().is_some());
        assert!(said(2 * GB, 1, Some(3 * GB)).unwrap().is_some());
        assert!(said(4 * GB, 1, Some(3 * GB)).is_ok(), "perhaps it fits");
        assert_eq!(
            said(40 * GB, 1, Some(3 * GB)).unwrap_err().to_string(),
            "the training needs about 40 GB of memory, and this machine has 3.0 GB left; make it smaller: \
             --batch 8"
        );
    }

    #[test]
    fn times_and_sizes_are_round() {
        let times = [3, 600, 7200, 864_000].map(|seconds| time(Duration::from_secs(seconds)));
        assert_eq!(times, ["3 seconds", "10 minutes", "2.0 hours", "10 days"]);
        assert_eq!([5, 2 * GB, 16 * GB].map(size), ["1 MB", "2.0 GB", "16 GB"]);
    }
}
