//! What each penalty does to the same picture: four autoencoders with wide codes, one of them free to copy,
//! and what they make of the same noisy digits.
//!
//! Told nothing, a wide code copies its input, noise and all. A price on the code, noise in training, and a price
//! on the Jacobian each make it keep something else. For each model: the error of clean digits; how many units
//! are on; how many directions of the input the code follows, `(Σ s²)² / Σ s⁴` with the singular values `s` of
//! `∂z/∂x`; and the error of noisy digits (against the clean) with their units. Run it with a folder for the
//! picture, or find that in `target/examples`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use autograd::Tensor;
use nalgebra::DMatrix;
use nn::data::transform::Corruption;
use nn::{Context, Purpose, generator};
use zoo::Settings;
use zoo::models::{autoencoder, contractive, denoising, sparse};
use zoo::plot::{Size, image_grid, png};
use zoo::train::{Plan, train};
use zoo::{AnyModel, data};

const SHOWN: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let digits = data::digits();
    let from = || generator(0, Purpose::Init, 0, 0);
    let copy = autoencoder::Config::overcomplete(&digits.train);
    let priced = sparse::Config::defaults(&digits.train);
    let noise = Corruption::Gaussian(0.3);
    let mut denoising = denoising::Config::defaults(&digits.train);
    (denoising.design.code, denoising.corruption) = (128, noise);
    let mut contractive = contractive::Config::defaults(&digits.train);
    (contractive.design.code, contractive.contraction) = (128, 0.3);
    let models: [(&str, Box<dyn AnyModel>); 4] = [
        ("free to copy", Box::new(copy.build(&digits.train, &mut from())?)),
        ("sparse", Box::new(priced.build(&digits.train, &mut from())?)),
        ("denoising", Box::new(denoising.build(&digits.train, &mut from())?)),
        ("contractive", Box::new(contractive.build(&digits.train, &mut from())?)),
    ];

    let clean = digits.test.x();
    let numbers: Vec<usize> = (0..digits.test.len()).collect();
    let noisy = Context::evaluation(0, &numbers).corrupt(clean, noise);
    let mut rows = [images(clean), images(&noisy)].concat();
    println!("noisy digits: SSE/img {:.2}", error(&noisy, clean));
    let mut left = vec![];
    for (name, mut model) in models {
        train(&mut *model, &digits, &Plan { epochs: 100, learning_rate: 2e-3, ..Plan::default() })?;
        let copied = |x: &Tensor<f32>| model.decode(&model.encode(x));
        let denoised = copied(&noisy);
        let [exact, rest] = [error(&copied(clean), clean), error(&denoised, clean)];
        let on = |x: &Tensor<f32>| {
            model.encode(x).map(|h| f32::from(h.abs() > 1e-3)).sum_to([]).item() / x.shape()[0] as f32
        };
        println!(
            "{name}: SSE/img {exact:.2} with {:.0} of 128 units, {:.0} directions; noisy digits {rest:.2} with {:.0} units",
            on(clean),
            directions(&*model, &clean.slice(0, ..50)),
            on(&noisy),
        );
        rows.extend(images(&denoised));
        left.push(rest);
    }
    let title = "The same digits through four wide autoencoders\n\
                 rows: clean; noisy; and what comes out: free to copy, sparse, denoising, contractive";
    let picture = image_grid(title, Size { height: 8, width: 8 }, SHOWN, &rows, None);
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("30_penalties.png"), png(&picture))?;
    println!("drawn in {}", folder.display());
    assert!(left[2..].iter().all(|rest| *rest < 0.3 * left[0]), "two of the penalties remove noise");
    Ok(())
}

/// SSE/img between two sets of images.
fn error(x: &Tensor<f32>, clean: &Tensor<f32>) -> f32 {
    x.zip(clean, |a, b| (a - b) * (a - b)).sum_to([]).item() / x.shape()[0] as f32
}

/// The first images of a set.
fn images(x: &Tensor<f32>) -> Vec<Vec<f32>> {
    x.to_vec().chunks(x.shape()[1]).take(SHOWN).map(<[f32]>::to_vec).collect()
}

/// The mean number of directions that the code follows.
fn directions(model: &dyn AnyModel, x: &Tensor<f32>) -> f32 {
    let jacobians = model.encoder_jacobian(x);
    let [batch, units, pixels] = [0, 1, 2].map(|axis| jacobians.shape()[axis]);
    let values = jacobians.to_vec();
    let each = values.chunks(units * pixels).map(|j| {
        let squares = DMatrix::from_row_slice(units, pixels, j).singular_values().map(|s| s * s);
        squares.sum().powi(2) / squares.norm_squared()
    });
    each.sum::<f32>() / batch as f32
}
