//! Why a wide code needs a price: the features of an overcomplete autoencoder that copies, and of a sparse
//! one.
//!
//! Both have 128 units for 64 pixels. Without a price the network reconstructs perfectly and its features
//! look like noise; with one, few units speak for an image and each feature is a stroke or a blob. You should
//! see both errors, and that some 15 instead of 128 units are on.
//! Run it with a folder for the picture, or find that in `target/examples`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use autograd::Tensor;
use nn::{Purpose, generator};
use zoo::Settings;
use zoo::models::{autoencoder, sparse};
use zoo::plot::{Size, image_grid, png};
use zoo::train::{Plan, train};
use zoo::{AnyModel, data, evaluate};

const SHOWN: usize = 32;

fn main() -> Result<(), Box<dyn Error>> {
    let digits = data::digits();
    let plan = Plan { epochs: 150, learning_rate: 2e-3, ..Plan::default() };
    let from = &mut generator(0, Purpose::Init, 0, 0);

    let mut copying = autoencoder::Config::overcomplete(&digits.train).build(&digits.train, from)?;
    train(&mut copying, &digits, &plan)?;
    let settings = sparse::Config { weight: 0.2, ..sparse::Config::defaults(&digits.train) };
    let mut sparse = settings.build(&digits.train, from)?;
    train(&mut sparse, &digits, &plan)?;

    let (all, few) = (active(&copying, digits.test.x()), active(&sparse, digits.test.x()));
    let [copied, compressed] =
        [&copying as &dyn AnyModel, &sparse].map(|model| evaluate::mean_squared_error(model, &digits.test));
    println!("without a price: SSE/img {copied:.4}, {all:.1} of 128 units are not 0");
    println!("with a price:    SSE/img {compressed:.4}, {few:.1} of 128 units are not 0");
    assert!(copied < 0.05 && few < 30.0);

    // The units that are used most.
    let mass = evaluate::codes(&sparse, &digits.test).sum_to([128]).to_vec();
    let mut order: Vec<usize> = (0..128).collect();
    order.sort_by(|&a, &b| mass[b].total_cmp(&mass[a]));
    let mut tiles = features(&copying, &(0..SHOWN).collect::<Vec<_>>());
    tiles.extend(features(&sparse, &order[..SHOWN]));

    let title = "Features of 128 units for 64 pixels\n\
                 the upper two rows: free to copy; the lower two: each active unit has its price";
    let picture = image_grid(title, Size { height: 8, width: 8 }, 16, &tiles, None);
    let folder = env::args().nth(1).map_or_else(|| PathBuf::from("target/examples"), PathBuf::from);
    fs::create_dir_all(&folder)?;
    let path = folder.join("sparse_features.png");
    fs::write(&path, png(&picture))?;
    println!("drawn in {}", path.display());
    Ok(())
}

/// The mean number of units that are not 0 for an image.
fn active(model: &dyn AnyModel, x: &Tensor<f32>) -> f32 {
    model.encode(x).map(|h| f32::from(h.abs() > 1e-6)).sum_to([]).item() / x.shape()[0] as f32
}

/// What these units of a linear decoder add to an image, as images: grey is 0.
fn features(model: &dyn AnyModel, units: &[usize]) -> Vec<Vec<f32>> {
    let code = |unit: Option<usize>| Tensor::from_fn([1, 128], |j| f32::from(Some(j) == unit));
    let nothing = model.decode(&code(None));
    let feature = |&unit: &usize| {
        let added = model.decode(&code(Some(unit))).zip(&nothing, |with, without| with - without).to_vec();
        let largest = added.iter().fold(0.0, |m: f32, v| m.max(v.abs()));
        added.into_iter().map(|v| 0.5 + 0.5 * v / largest).collect()
    };
    units.iter().map(feature).collect()
}
