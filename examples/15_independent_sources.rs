//! Three signals, three microphones that each hear all of them: independent component analysis takes
//! them apart again, knowing neither the signals nor the room.
//!
//! Signals that rest most of the time and are sometimes loud have heavy tails; every mixture of them is
//! nearer to the normal distribution. So the code with the heaviest tails is the code of the sources, up
//! to their order, sign and scale. You should see how far the sources found are from the true ones: nearly 0, where 1
//! would be not at all.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use autograd::Tensor;
use nn::{Dataset, Purpose, Schedule, generator};
use zoo::AnyModel;
use zoo::Settings;
use zoo::data::Split;
use zoo::models::ica::{Config, amari_index};
use zoo::plot::{Series, curves, png};
use zoo::train::{Plan, train};

const TIME: usize = 3000;

/// Bursts of three tones, `[TIME, 3]`.
fn sources() -> Tensor<f32> {
    Tensor::from_fn([TIME, 3], |i| {
        let (t, source) = ((i / 3) as f32, i % 3);
        let [tone, beat] = [[0.31, 0.021], [0.173, 0.0137], [0.57, 0.0317]][source];
        (tone * t).sin() * (beat * t + source as f32).sin().powi(6)
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let sources = sources();
    let mixing = Tensor::from_vec([3, 3], vec![1.0, 0.7, 0.5, 0.6, 1.0, -0.4, -0.5, 0.6, 1.0]);
    let heard = Dataset::new(sources.matmul(&mixing.t()));

    let config = Config { code: 3, independence: 1.0, ..Config::defaults(&heard) };
    let mut model = config.build(&heard, &mut generator(0, Purpose::Init, 0, 0))?;
    let data = Split { name: "heard".into(), train: heard.clone(), test: heard.clone() };
    let schedule = Schedule::Cosine { floor: 0.0 };
    let plan = Plan { epochs: 60, batch: 250, learning_rate: 3e-2, schedule, ..Plan::default() };
    train(&mut model, &data, &plan)?;
    let found = model.encode(heard.x());

    // One above the other, each scaled to the same height.
    let mut series = vec![];
    for (row, (kind, signals)) in
        [("source", &sources), ("heard", heard.x()), ("found", &found)].iter().enumerate()
    {
        for k in 0..3 {
            let signal: Vec<f32> = (0..400).map(|t| signals[[t, k]]).collect();
            let largest = signal.iter().fold(1e-6_f32, |m, s| m.max(s.abs()));
            let height = -1.2 * (3 * row + k) as f64 - 0.8 * row as f64;
            let point = |(t, s): (usize, &f32)| (t as f64, height + 0.5 * f64::from(s / largest));
            let points = signal.iter().enumerate().map(point).collect();
            series.push(Series { name: format!("{kind} {}", k + 1), points });
        }
    }
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    let title =
        "Three signals, their mixtures, and what was found\nthe first 400 steps, each at its own scale";
    fs::write(folder.join("15_sources.png"), png(&curves(title, "time", "", &series, &[])))?;

    let index = amari_index(&model.0.unmixing().matmul(&mixing).cast());
    println!("Amari index {index:.3} (0: every source found, 1: none); drawn in {}", folder.display());
    assert!(index < 0.1);
    Ok(())
}
