//! Digits out of noise, by a denoising autoencoder that was never told how to draw.
//!
//! What a denoiser changes, divided by the variance of the noise, estimates the slope of the log-density of
//! noisy digits. Langevin dynamics goes up that slope with fresh noise at every step, and so from anywhere
//! to digits. The last row takes the noise away: a few steps at temperature 0. You should see the
//! squared distance to the nearest digit fall, and fall again to less than 1 in the last row.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use autograd::Tensor;
use nn::data::transform::Corruption;
use nn::random::uniform;
use nn::{Purpose, Schedule, generator};
use zoo::Settings;
use zoo::data;
use zoo::models::denoising::Config;
use zoo::plot::{Size, image_grid, png};
use zoo::train::{Plan, train};
use zoo::uses::langevin::{Langevin, walk};
use zoo::{AnyModel, evaluate};

const WALKS: usize = 16;
const SIGMA: f64 = 0.25;

fn main() -> Result<(), Box<dyn Error>> {
    let digits = data::digits();
    let settings = Config { corruption: Corruption::Gaussian(SIGMA), ..Config::defaults(&digits.train) };
    let mut model = settings.build(&digits.train, &mut generator(0, Purpose::Init, 0, 0))?;
    let schedule = Schedule::Cosine { floor: 0.0 };
    train(&mut model, &digits, &Plan { epochs: 150, learning_rate: 3e-3, schedule, ..Plan::default() })?;
    let reconstruct = |x: &Tensor<f32>| model.decode(&model.encode(x));

    let start = uniform([WALKS, 64], 0.0, 1.0, &mut generator(1, Purpose::Sample, 0, 0));
    let hot = |steps| Langevin { sigma: SIGMA, step: 0.02, steps, temperature: 1.0, seed: 0 };
    let mut rows = vec![];
    let mut x = start.clone();
    for steps in [0, 5, 20, 100, 400] {
        // The noise depends on the number of the step, so a longer walk begins like a shorter one.
        x = walk(reconstruct, &start, &hot(steps))?;
        println!("{steps:3} steps: SSE/img to the nearest digit {:.2}", distance(&x, digits.train.x()));
        rows.extend(images(&x));
    }
    let cold = Langevin { step: 0.1, temperature: 0.0, ..hot(20) };
    let clean = walk(reconstruct, &x, &cold)?;
    println!("without the noise: {:.2}", distance(&clean, digits.train.x()));
    rows.extend(images(&clean));

    let title = "Digits out of noise\nrows: after 0, 5, 20, 100 and 400 steps along the score; the last ones without noise";
    let picture = image_grid(title, Size { height: 8, width: 8 }, WALKS, &rows, None);
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("32_langevin.png"), png(&picture))?;
    println!("drawn in {}", folder.display());

    // What came out is a digit about as much as a test digit is, and far from the mean image.
    let nearest = |x: &Tensor<f32>| distance(x, digits.train.x());
    assert!(nearest(&clean) < 0.2 * nearest(&start));
    let mean = evaluate::mean(digits.train.x());
    let spread = clean.zip(&mean, |x, m| (x - m) * (x - m)).sum_to([]).item() / WALKS as f32;
    assert!(spread > 2.0, "the walks must not all end at the mean digit: {spread}");
    Ok(())
}

/// The squared error to the nearest of some examples, the mean over the rows.
fn distance(x: &Tensor<f32>, examples: &Tensor<f32>) -> f32 {
    let rows = x.shape()[0];
    let nearest = |row: usize| {
        let squares = examples.zip(&x.slice(0, row..row + 1), |a, b| (a - b) * (a - b));
        squares.sum_to([examples.shape()[0], 1]).to_vec().into_iter().fold(f32::INFINITY, f32::min)
    };
    (0..rows).map(nearest).sum::<f32>() / rows as f32
}

fn images(x: &Tensor<f32>) -> Vec<Vec<f32>> {
    x.to_vec().chunks(64).map(<[f32]>::to_vec).collect()
}
