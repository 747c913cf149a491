//! In the steady state a training step takes no memory from the system.
//!
//! The counter is the kernel's own: a page that the process has not touched before, or that went back
//! to the system in between, costs a page fault. Buffers of tensors are recycled, and so is what the
//! matrix product borrows from the allocator for packing.
#![cfg(target_os = "linux")]

use nn::train::Update;
use nn::{Adam, Context, Optimizer};
use toml::Table;
use zoo::AnyModel;
use zoo::data::{Split, digits};
use zoo::registry::{MODELS, Training};
use zoo::settings::find;

/// Page faults of this process so far: field 10 of its `stat`, counted from 1.
fn page_faults() -> usize {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit(')').next().unwrap();
    after_name.split_whitespace().nth(7).unwrap().parse().unwrap()
}

/// Page faults during `steps` steps with batches of 512.
fn faults(model: &mut dyn AnyModel, data: &Split, adam: &mut Optimizer<f32, Adam>, steps: usize) -> usize {
    let before = page_faults();
    let mut update = Update { optimizer: adam, clip_norm: None };
    for step in 0..steps {
        let numbers: Vec<usize> = (0..512).map(|i| (step * 512 + i) % data.train.len()).collect();
        let context = Context::training(0, 1, &numbers).with_labels(data.train.labels_of(&numbers));
        model.train_step(&data.train.rows(&numbers), context, &mut update).unwrap();
    }
    page_faults() - before
}

#[test]
fn training_steps_recycle_their_memory() {
    let data = digits();
    let mut warming_up = 0;
    for entry in MODELS.iter().filter(|entry| entry.training == Training::Gradient) {
        let known = entry.complete(&Table::new(), &data.train).unwrap();
        let wide = toml::toml! { hidden = [600] };
        let given = if find(&known, "hidden").is_some() { wide } else { Table::new() };
        let settings = entry.complete(&given, &data.train).unwrap();
        let mut model = entry.build(&settings, &data.train, 0).unwrap();
        let mut adam = Adam::new(1e-3);
        warming_up += faults(&mut *model, &data, &mut adam, 10);
        let later = faults(&mut *model, &data, &mut adam, 100);
        // A step works on some 10 MB, or 2,500 pages; without recycling they would fault every time.
        assert!(later < 100, "{}: {later} page faults in 100 steps", entry.name);
    }
    assert!(warming_up > 1000, "only {warming_up} page faults in the first steps: does the counter count?");
}
