//! The forecast of a training that takes much memory or time, before it begins.

use std::time::Duration;

use autograd::cost;
use nn::checkpoint::Checkpoint;
use nn::{Error, Result};
use toml::Value;
use zoo::AnyModel;
use zoo::config::Setup;
use zoo::forecast::{Forecast, available, size};

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
    let left = available();
    let most = left.map_or(usize::MAX, |left| left as usize);
    let forecast = cost::within(most, || {
        let mut copy = entry.outline(&config.settings, preparation)?;
        copy.restore("", &checkpoint)?;
        Forecast::of(&mut *copy, data, &config.train, preparation.examples)
    });
    let forecast = match forecast {
        Ok(Ok(forecast)) => forecast,
        // Whatever is wrong with a step, the training itself will say.
        Ok(Err(_)) => return Ok(()),
        Err(_) => {
            return Err(Error::unsupported(format!(
                "a step of this training with 2 examples needs more memory than the {} that this machine has left; make \
                 it smaller: {}",
                size(most as f64),
                smaller(setup, None)
            )));
        }
    };
    let smaller = smaller(setup, Some(&forecast));
    if let Some(text) = verdict(&forecast, left, config.train.epochs, &smaller)? {
        note(&text);
    }
    Ok(())
}

/// Settings that would make it smaller.
fn smaller(setup: &Setup, forecast: Option<&Forecast>) -> String {
    let Setup { config, data, .. } = setup;
    let mut flags = vec![];
    if let Some(forecast) = forecast {
        let batch = forecast.batch_within(available().unwrap_or(MUCH).min(MUCH) / 4, config.train.batch);
        flags.push(format!("--batch {batch}"));
    }
    if let Some(step) = config.setting("network.step").and_then(Value::as_integer) {
        // Every step waits for the one before it.
        flags.push("--net conv1d, which reads all steps at once".into());
        if step == 1 {
            flags.push("--set step=N with more numbers to a step".into());
        }
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
            size(bytes as f64),
            size(left as f64)
        )));
    }
    let whole = forecast.epoch.saturating_mul(u32::try_from(epochs).unwrap_or(u32::MAX));
    let much = bytes > MUCH || available.is_some_and(|left| bytes > left / 2);
    if !much && forecast.epoch < LONG_EPOCH && whole < LONG {
        return Ok(None);
    }
    let left = available.map_or(String::new(), |left| format!(" (of {})", size(left as f64)));
    Ok(Some(format!(
        "the training will take about {} of memory{left}, {} for an epoch and {} for all {epochs}; smaller: \
         {smaller}; fewer: --epochs",
        size(bytes as f64),
        time(forecast.epoch),
        time(whole)
    )))
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
        assert_eq!([5.0, 2e9, 16e9, 4e18].map(size), ["1 MB", "2.0 GB", "16 GB", "4e9 GB"]);
    }
}
