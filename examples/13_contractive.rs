//! What contraction does to a code, seen in its Jacobian `J = ∂z/∂x`.
//!
//! A singular value of `J` says how far the code moves when the input moves along a direction. Without
//! the penalty the code follows every direction a little; with it only the few in which a digit can
//! change and stay a digit, its tangents. The picture shows them.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use autograd::{Tensor, value};
use nalgebra::DMatrix;
use nn::{Purpose, generator};
use zoo::data::{self, Split};
use zoo::models::contractive::Config;
use zoo::plot::{Series, Size, curves, image_grid, png};
use zoo::registry::Settings;
use zoo::train::{Plan, train};

const SHOWN: usize = 8;

/// Trains with this weight of the penalty. Returns `J` of some test images, `[images, code, pixels]`.
fn jacobians(contraction: f64, digits: &Split) -> nn::Result<Tensor<f32>> {
    let config = Config { contraction, ..Config::defaults(&digits.train) };
    let mut model = config.build(&digits.train, &mut generator(0, Purpose::Init, 0, 0))?;
    let plan = Plan { epochs: 60, batch: 64, learning_rate: 2e-3, ..Plan::default() };
    train(&mut model, digits, &plan)?;
    let x = digits.test.rows(&(0..SHOWN).collect::<Vec<_>>());
    Ok(value(&model.0, |model, tape| model.jacobian(tape.constant(&x))))
}

fn main() -> Result<(), Box<dyn Error>> {
    let digits = data::digits();
    let (mut spectra, mut tangents) = (vec![], vec![]);
    for contraction in [0.0, 0.1, 0.5] {
        let jacobians = jacobians(contraction, &digits)?;
        let (units, pixels) = (jacobians.shape()[1], jacobians.shape()[2]);
        let mut mean = vec![0.0; units.min(pixels)];
        tangents.clear();
        for image in 0..SHOWN {
            let j = jacobians.slice(0, image, image + 1, 1).to_vec();
            let svd = DMatrix::from_row_slice(units, pixels, &j).svd(false, true);
            mean.iter_mut()
                .zip(svd.singular_values.iter())
                .for_each(|(m, &s)| *m += f64::from(s) / SHOWN as f64);
            let directions = svd.v_t.ok_or("asked for")?;
            tangents.push(digits.test.row(image));
            for k in 0..6 {
                // Grey is no change, black and white are opposite changes.
                let largest = directions.row(k).amax();
                tangents.push(directions.row(k).iter().map(|v| 0.5 + 0.5 * v / largest).collect());
            }
        }
        let norm = mean.iter().map(|s| s * s).sum::<f64>().sqrt();
        println!(
            "λ = {contraction}: singular values 1, 10, 40: {:.2} {:.2} {:.2}; ‖J‖ {norm:.2}",
            mean[0], mean[9], mean[39]
        );
        let points = mean.iter().enumerate().map(|(k, &s)| (k as f64 + 1.0, s)).collect();
        spectra.push(Series { name: format!("λ = {contraction}"), points });
    }

    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    let title = "How far the code moves along its directions\nmean singular values of ∂z/∂x, test digits";
    fs::write(
        folder.join("13_spectrum.png"),
        png(&curves(title, "direction", "singular value", &spectra, &[])),
    )?;
    let title =
        "Digits and their tangents\nthe six directions that the contractive code follows most, λ = 0.5";
    let picture = image_grid(title, Size { height: 8, width: 8 }, 7, &tangents, None);
    fs::write(folder.join("13_tangents.png"), png(&picture))?;
    println!("drawn in {}", folder.display());

    // The tail falls more than the head: the code forgets directions, it does not only shrink.
    let at = |series: usize, k: usize| spectra[series].points[k].1;
    assert!(at(1, 39) / at(0, 39) < 0.5 * at(1, 0) / at(0, 0));
    Ok(())
}
