//! Memory and time of a training: how much of them it will take, by a few steps of it on a copy of the model.
//!
//! A batch is tried with few examples first, and with more while it stays cheap. What it takes grows with the number of
//! its examples, beside what the parameters need whatever the batch is.

use std::time::{Duration, Instant};

use autograd::cost;
use nn::optim::Adam;
use nn::train::Update;
use nn::{Context, Result};

use crate::AnyModel;
use crate::data::Split;
use crate::train::Plan;

/// Limits of a trial step, in bytes and time.
const MOST_BYTES: usize = 1 << 29;
const LONGEST: Duration = Duration::from_millis(400);

/// Bytes that programs can still have, if the system says so.
pub fn available() -> Option<u64> {
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
pub fn size(bytes: f64) -> String {
    match bytes / 1e9 {
        giga if giga >= 1e6 => format!("{giga:.0e} GB"),
        giga if giga >= 10.0 => format!("{giga:.0} GB"),
        giga if giga >= 1.0 => format!("{giga:.1} GB"),
        giga => format!("{:.0} MB", (1e3 * giga).ceil()),
    }
}

/// Memory and time of a training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Bytes of a step, besides the data: what is recorded and its gradients.
    pub step: u64,
    /// Of them those that each example of the batch adds.
    pub example: u64,
    /// Bytes of the parameters with their gradient and the state of the optimizer.
    pub parameters: u64,
    /// An epoch, with its look at the test examples.
    pub epoch: Duration,
}

impl Forecast {
    /// Tries some steps of the plan on `copy`, whose parameters change, with `examples` training examples in all.
    ///
    /// # Errors
    /// If a step fails.
    pub fn of(copy: &mut dyn AnyModel, data: &Split, plan: &Plan, examples: usize) -> Result<Self> {
        let few = plan.batch.min(copy.smallest_batch().max(2));
        let mut optimizer = Adam::new(plan.learning_rate);
        let mut step = |count: usize| {
            let numbers: Vec<usize> = (0..count).map(|i| i % data.train.len()).collect();
            let context = Context::training(plan.seed, 1, &numbers)
                .with_labels(data.train.labels_of(&numbers))
                .with_observed(data.train.observed_of(&numbers));
            let x = data.train.rows(&numbers);
            let mut update = Update { optimizer: &mut optimizer, clip_norm: plan.clip_norm };
            let started = Instant::now();
            let (done, bytes) = cost::peak_of(|| copy.train_step(&x, context, &mut update));
            done.map(|_| (bytes as f64, started.elapsed()))
        };
        let started = Instant::now();
        // The first step also makes the state of the optimizer.
        step(few)?;
        let (first, mut time) = step(few)?;
        let (mut tried, mut bytes, mut each) = (few, first, first / few as f64);
        while tried < plan.batch {
            let next = (2 * tried).min(plan.batch);
            let expected = bytes + each * (next - tried) as f64;
            if tried > few && (expected > MOST_BYTES as f64 || started.elapsed() > LONGEST) {
                break;
            }
            let (now, took) = step(next)?;
            each = ((now - first) / (next - few) as f64).max(0.0);
            (tried, bytes, time) = (next, now, took);
        }
        let mut parameters = 0;
        copy.parameters(&mut |_, tensor| parameters += 4 * tensor.len() as u64);
        let whole = bytes + each * (plan.batch - tried) as f64;
        let step_time = time.as_secs_f64() * plan.batch as f64 / tried as f64;
        // A look at an example is a third of a step with it.
        let looks = data.test.len() as f64 / plan.batch as f64 / 3.0;
        Ok(Forecast {
            step: whole as u64,
            example: each as u64,
            parameters: 4 * parameters,
            epoch: Duration::from_secs_f64(step_time * (plan.steps(examples) as f64 + looks)),
        })
    }

    /// Bytes in all, besides the data.
    pub fn bytes(&self) -> u64 {
        self.step + self.parameters
    }

    /// The largest batch, a power of 2, that takes no more than so many bytes in all; at least 1.
    pub fn batch_within(&self, bytes: u64, batch: usize) -> usize {
        let fixed = self.bytes().saturating_sub(self.example * batch as u64);
        let most = bytes.saturating_sub(fixed) / self.example.max(1);
        (1..)
            .map(|power| 1_usize << power)
            .take_while(|&size| size as u64 <= most && size < batch)
            .last()
            .unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::registry::find;
    use toml::Table;

    #[test]
    fn what_few_examples_take_says_what_a_batch_takes() {
        let data = digits();
        for (name, setting) in [("ae", "hidden = [64]"), ("sequence", "state = 32")] {
            let entry = find(name).unwrap();
            let settings = entry.complete(&setting.parse::<Table>().unwrap(), &data.train).unwrap();
            let plan = Plan { batch: 256, ..entry.plan(&data.train) };
            let mut model = entry.build(&settings, &data.train, 0).unwrap();
            let forecast = Forecast::of(&mut *model, &data, &plan, data.train.len()).unwrap();
            let x = data.train.x().slice(0, ..256);
            let mut optimizer = Adam::new(1e-3);
            let mut update = Update { optimizer: &mut optimizer, clip_norm: None };
            let numbers: Vec<usize> = (0..256).collect();
            let context = || Context::training(0, 1, &numbers);
            model.train_step(&x, context(), &mut update).unwrap();
            let (_, bytes) = cost::peak_of(|| model.train_step(&x, context(), &mut update));
            let ratio = forecast.step as f64 / bytes as f64;
            assert!((0.8..1.25).contains(&ratio), "{name}: {forecast:?}, but {bytes}");
            assert!(forecast.epoch > Duration::ZERO && forecast.parameters > 0);
        }
    }

    #[test]
    fn a_smaller_batch_fits() {
        let step = 64_000_000;
        let forecast = Forecast { step, example: 1_000_000, parameters: 10_000, epoch: Duration::ZERO };
        assert_eq!(forecast.batch_within(20_000_000, 64), 16);
        assert_eq!(forecast.batch_within(100_000_000, 64), 32, "smaller than it is");
        assert_eq!(forecast.batch_within(1000, 64), 1);
    }
}
