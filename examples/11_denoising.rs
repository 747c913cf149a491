//! A denoising autoencoder on digits: clean, noisy, denoised.
//!
//! The network has seen other digits, each with new noise in every epoch, and is asked to give the clean
//! image. You should see the error of the damaged images, and after denoising a quarter of it, for two kinds of
//! damage. Run it with a folder for the picture, or find that in `target/examples`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use autograd::Tensor;
use nn::data::transform::Corruption;
use nn::{Context, Purpose, Schedule, generator};
use zoo::Settings;
use zoo::models::denoising::Config;
use zoo::plot::{Size, image_grid, png};
use zoo::train::{Plan, train};
use zoo::{AnyModel, data};

const SHOWN: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let digits = data::digits();
    let mut rows = images(digits.test.x());
    for (name, corruption) in [
        ("Gaussian noise, σ = 0.3", Corruption::Gaussian(0.3)),
        ("a third of the pixels black", Corruption::Masking(1.0 / 3.0)),
    ] {
        let settings = Config { corruption, ..Config::defaults(&digits.train) };
        let mut model = settings.build(&digits.train, &mut generator(0, Purpose::Init, 0, 0))?;
        let schedule = Schedule::Cosine { floor: 0.0 };
        train(&mut model, &digits, &Plan { epochs: 150, learning_rate: 3e-3, schedule, ..Plan::default() })?;

        let numbers: Vec<usize> = (0..digits.test.len()).collect();
        let noisy = Context::evaluation(0, &numbers).corrupt(digits.test.x(), corruption);
        let denoised = model.decode(&model.encode(&noisy));
        let [before, after] = [&noisy, &denoised].map(|x| error(x, digits.test.x()));
        println!("{name}: SSE/img {before:.2} became {after:.2}");
        assert!(after < 0.5 * before);
        rows.extend(images(&noisy));
        rows.extend(images(&denoised));
    }

    let title = "Digits that the network never saw\n\
                 rows: clean; with Gaussian noise, denoised; with a third of the pixels masked, denoised";
    let picture = image_grid(title, Size { height: 8, width: 8 }, SHOWN, &rows, None);
    let folder = env::args().nth(1).map_or_else(|| PathBuf::from("target/examples"), PathBuf::from);
    fs::create_dir_all(&folder)?;
    let path = folder.join("denoising.png");
    fs::write(&path, png(&picture))?;
    println!("drawn in {}", path.display());
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
