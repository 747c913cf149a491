//! New digits from a model without a prior.
//!
//! The regularized autoencoder says nothing about where codes lie. Decoded draws from `N(0, I)` need not
//! be digits, then. A mixture of Gaussians fitted to the codes afterwards knows where they lie, and its
//! draws are. How good samples are is measured by the squared distance to the nearest training digit:
//! you should see that draws from the mixture are as near as test digits are, and those from `N(0, I)` are not.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use autograd::Tensor;
use nn::random::normal;
use nn::{Purpose, generator};
use zoo::Settings;
use zoo::mixture::GaussianMixture;
use zoo::models::rae::Config;
use zoo::plot::{Size, image_grid, png};
use zoo::train::{Plan, train};
use zoo::{AnyModel, data, evaluate};

/// The mean squared distance from each image to the nearest of the `known` ones.
fn distance(images: &Tensor<f32>, known: &Tensor<f32>) -> f64 {
    let (images, known, width) = (images.to_vec(), known.to_vec(), images.shape()[1]);
    let between = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>();
    let nearest =
        |image: &[f32]| known.chunks(width).map(|other| between(image, other)).fold(f32::MAX, f32::min);
    let sum: f64 = images.chunks(width).map(|image| f64::from(nearest(image))).sum();
    sum / (images.len() / width) as f64
}

fn main() -> Result<(), Box<dyn Error>> {
    let digits = data::digits();
    let mut model =
        Config::defaults(&digits.train).build(&digits.train, &mut generator(0, Purpose::Init, 0, 0))?;
    train(&mut model, &digits, &Plan { epochs: 100, batch: 64, learning_rate: 2e-3, ..Plan::default() })?;

    let codes = evaluate::codes(&model, &digits.train);
    let mixture = GaussianMixture::fit(&codes, 10, 0)?;
    let from = &mut generator(0, Purpose::Sample, 0, 0);
    let from_normal = model.decode(&normal([60, codes.shape()[1]], from));
    let from_mixture = model.decode(&mixture.sample(60, from));
    let [blind, fitted, real] =
        [&from_normal, &from_mixture, digits.test.x()].map(|images| distance(images, digits.train.x()));
    println!("squared distance to the nearest training digit:");
    println!("draws from N(0, I) {blind:.2}, from the mixture {fitted:.2}; test digits {real:.2}");

    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    for (name, title, images) in [
        ("16_normal.png", "Draws from N(0, I), decoded", from_normal),
        ("16_mixture.png", "Draws from a mixture of ten Gaussians, decoded", from_mixture),
    ] {
        let images: Vec<Vec<f32>> = images.to_vec().chunks(64).map(<[f32]>::to_vec).collect();
        let title = format!("{title}\nregularized autoencoder, digits");
        fs::write(
            folder.join(name),
            png(&image_grid(&title, Size { height: 8, width: 8 }, 10, &images, None)),
        )?;
    }
    println!("drawn in {}", folder.display());
    assert!(fitted < 0.9 * blind);
    Ok(())
}
