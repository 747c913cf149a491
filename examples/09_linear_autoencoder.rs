//! A linear autoencoder learns the plane of PCA, and with an order among its units also the axes.
//!
//! The first model is free to turn its axes, so its units are mixtures of the principal components. The
//! second must reconstruct with its first unit alone, with its first two …, and finds them one by one.
//! You should see the error of PCA three times, and planes that differ from its plane by a hundredth of a radian.
//! Run it with a folder for the picture, or find that in `target/examples`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use autograd::Tensor;
use nn::{Purpose, Schedule, generator};
use zoo::Settings;
use zoo::models::linear::{Config, Order};
use zoo::models::pca::Pca;
use zoo::plot::{Size, image_grid, png};
use zoo::train::{Plan, train};
use zoo::{data, evaluate};

const CODE: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let digits = data::digits();
    let pca = Pca::fit(digits.train.x(), CODE);
    let best = evaluate::mean_squared_error(&pca, &digits.test);
    println!("PCA-{CODE}: SSE/img {best:.4}");

    let mut rows = shown(&pca.components);
    for (name, order) in [("free", Order::None), ("nested", Order::NestedDropout)] {
        let settings = Config { code: CODE, order, ..Config::defaults(&digits.train) };
        let mut model = settings.build(&digits.train, &mut generator(0, Purpose::Init, 0, 0))?;
        let schedule = Schedule::Cosine { floor: 0.0 };
        train(
            &mut model,
            &digits,
            &Plan { epochs: 300, batch: 256, learning_rate: 1e-2, schedule, ..Plan::default() },
        )?;

        let sse = evaluate::mean_squared_error(&model, &digits.test);
        let angle = evaluate::largest_angle(&model.0.principal_directions(), &pca.components);
        println!("{name}: SSE/img {sse:.4}, {angle:.4} rad from the plane of PCA");
        assert!((sse / best - 1.0).abs() < 0.005 && angle < 0.05);
        rows.extend(shown(&model.0.decoder));
    }

    let title = "What the units of a linear autoencoder write\n\
                 rows: principal components; units without an order; units with nested dropout";
    let picture = image_grid(title, Size { height: 8, width: 8 }, CODE, &rows, None);
    let folder = env::args().nth(1).map_or_else(|| PathBuf::from("target/examples"), PathBuf::from);
    fs::create_dir_all(&folder)?;
    let path = folder.join("linear_autoencoder.png");
    fs::write(&path, png(&picture))?;
    println!("drawn in {}", path.display());
    Ok(())
}

/// Each row as an image: grey is 0, and the largest entry is white (either sign of a direction will do).
fn shown(directions: &Tensor<f32>) -> Vec<Vec<f32>> {
    let values = directions.to_vec();
    let rows = values.chunks(directions.shape()[1]);
    rows.map(|row| {
        let largest = row.iter().fold(0.0, |m: f32, v| if v.abs() > m.abs() { *v } else { m });
        row.iter().map(|v| 0.5 + 0.5 * v / largest).collect()
    })
    .collect()
}
