//! What contraction does to a code, seen in its Jacobian `J = ∂z/∂x`.
//!
//! A singular value of `J` says how far the code moves when the input moves along a direction. Without
//! the penalty the code follows every direction a little; with it only the few in which a digit can
//! change and stay a digit, its tangents. The picture shows them. You should see the singular values fall faster
//! the larger the penalty is.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use nn::{Purpose, generator};
use zoo::Settings;
use zoo::data::{self, Split};
use zoo::models::contractive::Config;
use zoo::plot::{Series, Size, curves, image_grid, png};
use zoo::train::{Plan, train};
use zoo::uses::manifold::{mean_spectrum, saturation, spectra, tangents};
use zoo::{AnyModel, evaluate};

const SHOWN: usize = 8;

/// A model that was trained with this weight of the penalty.
fn trained(contraction: f64, digits: &Split) -> nn::Result<impl AnyModel> {
    let config = Config { contraction, ..Config::defaults(&digits.train) };
    let mut model = config.build(&digits.train, &mut generator(0, Purpose::Init, 0, 0))?;
    let plan = Plan { epochs: 60, batch: 64, learning_rate: 2e-3, ..Plan::default() };
    train(&mut model, digits, &plan)?;
    Ok(model)
}

fn main() -> Result<(), Box<dyn Error>> {
    let digits = data::digits();
    let x = digits.test.rows(&(0..100).collect::<Vec<_>>());
    let (mut curve, mut shown) = (vec![], vec![]);
    for contraction in [0.0, 0.1, 0.5] {
        let model = trained(contraction, &digits)?;
        let mean = mean_spectrum(&model, &x);
        // The mean over images of the norm; the norm of the mean spectrum would be smaller.
        let squares = spectra(&model, &x).map(|s| s * s).sum_to([100, 1]);
        let norm = squares.map(f64::sqrt).sum_to([]).item() / 100.0;
        let saturated = 100.0 * saturation(&evaluate::codes(&model, &digits.test), 0.05);
        println!(
            "λ = {contraction}: singular values 1, 10, 40: {:.2} {:.2} {:.2}; ‖J‖ {norm:.2}; {saturated:.0} % of \
             the units saturated",
            mean[0], mean[9], mean[39]
        );
        let points = mean.iter().enumerate().map(|(k, &s)| (k as f64 + 1.0, s)).collect();
        curve.push(Series { name: format!("λ = {contraction}"), points });
        shown.clear();
        for image in 0..SHOWN {
            shown.push(digits.test.row(image));
            for tangent in tangents(&model, &digits.test.rows(&[image]), 6) {
                // Grey is no change, black and white are opposite changes.
                let largest = tangent.direction.iter().fold(0.0, |m: f32, v| m.max(v.abs()));
                shown.push(tangent.direction.iter().map(|v| 0.5 + 0.5 * v / largest).collect());
            }
        }
    }

    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    let title = "How far the code moves along its directions\nmean singular values of ∂z/∂x, test digits";
    fs::write(
        folder.join("13_spectrum.png"),
        png(&curves(title, "direction", "singular value", &curve, &[])),
    )?;
    let title =
        "Digits and their tangents\nthe six directions that the contractive code follows most, λ = 0.5";
    let picture = image_grid(title, Size { height: 8, width: 8 }, 7, &shown, None);
    fs::write(folder.join("13_tangents.png"), png(&picture))?;
    println!("drawn in {}", folder.display());

    // The tail falls more than the head: the code forgets directions, it does not only shrink.
    let at = |series: usize, k: usize| curve[series].points[k].1;
    assert!(at(1, 39) / at(0, 39) < 0.5 * at(1, 0) / at(0, 0));
    Ok(())
}
