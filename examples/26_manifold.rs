//! What an autoencoder has learnt about the manifold of digits: how many directions its code follows,
//! the tangents at one digit, and where its decoder stretches the plane of codes.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use autograd::Tensor;
use toml::Table;
use zoo::data::digits;
use zoo::models::pca::Pca;
use zoo::plot::{Series, Size, code_map, curves, image_grid, png};
use zoo::train::{Plan, train};
use zoo::uses::manifold::{contraction_curve, log_magnification, mean_spectrum, tangents};
use zoo::{AnyModel, evaluate, registry};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;

    let data = digits();
    let entry = registry::find("ae")?;
    let learn = |code: i64, epochs: usize| -> Result<Box<dyn AnyModel>, nn::Error> {
        let settings = entry.complete(&Table::from_iter([("code".to_owned(), code.into())]), &data.train)?;
        let mut model = entry.build(&settings, &data.train, 0)?;
        if epochs > 0 {
            train(&mut *model, &data, &Plan { epochs, ..entry.plan(&data.train) })?;
        }
        Ok(model)
    };
    let (untrained, model, plane) = (learn(16, 0)?, learn(16, 200)?, learn(2, 200)?);
    let pca = Pca::fit(&data.train.x, 16);
    let x = data.test.x.slice(0, 0, 100, 1);

    // PCA follows 16 directions equally; the network chooses, and differently at every digit.
    let (mut spectra, mut ratios) = (vec![], vec![]);
    let radii: Vec<f64> = (0..12).map(|i| 0.25 * f64::from(i + 1)).collect();
    for (name, model) in [("untrained", &*untrained), ("trained", &*model), ("PCA-16", &pca)] {
        let spectrum = mean_spectrum(model, &x);
        println!("{name}: singular values from {:.3} to {:.3}", spectrum[0], spectrum[15]);
        spectra.push(Series { name: name.into(), points: (1..).map(f64::from).zip(spectrum).collect() });
        let curve = contraction_curve(model, &x, &radii, 10, 0);
        ratios.push(Series { name: name.into(), points: radii.iter().copied().zip(curve).collect() });
    }
    assert!(spectra[1].points[0].1 > 1.5 * spectra[1].points[15].1, "some directions matter more");
    let title = "Spectrum of the encoder's Jacobian\nmeans over 100 test digits";
    let picture = curves(title, "rank", "singular value", &spectra, &[]);
    fs::write(folder.join("spectrum.png"), png(&picture))?;
    let title = "Contraction\nmeans over 100 test digits and 10 directions";
    let picture = curves(title, "radius", "change of the code / change of the input", &ratios, &[]);
    fs::write(folder.join("contraction.png"), png(&picture))?;

    // Digits, each beside the six directions in which its code changes most: grey means no change.
    let mut images = vec![];
    for number in 0..6 {
        let x = data.test.rows(&[number]);
        images.push(x.to_vec());
        for tangent in tangents(&*model, &x, 6) {
            let largest = tangent.direction.iter().fold(0.0, |m: f32, d| m.max(d.abs()));
            images.push(tangent.direction.iter().map(|d| 0.5 + 0.5 * d / largest).collect());
        }
    }
    let title =
        "Digits and their tangents\nfrom the left: a digit, and the six directions its code follows most";
    let picture = image_grid(title, Size { height: 8, width: 8 }, 7, &images, None);
    fs::write(folder.join("tangents.png"), png(&picture))?;

    // The area of image space that a unit of the code plane covers, over the region of the codes.
    let codes = evaluate::codes(&*plane, &data.test).to_vec();
    let range = |axis: usize| {
        let values = || codes.iter().skip(axis).step_by(2).copied();
        (values().fold(f32::INFINITY, f32::min), values().fold(f32::NEG_INFINITY, f32::max))
    };
    const SIDE: usize = 90;
    let at = |(low, high): (f32, f32), i: usize| low + (high - low) * i as f32 / (SIDE - 1) as f32;
    let (across, up) = (range(0), range(1));
    let grid: Vec<[f32; 2]> = (0..SIDE * SIDE).map(|i| [at(across, i % SIDE), at(up, i / SIDE)]).collect();
    let stretch = log_magnification(&*plane, &Tensor::from_vec([SIDE * SIDE, 2], grid.concat()));
    let percent: Vec<u32> = stretch.iter().map(|ln| (100.0 * ln.exp()).round() as u32).collect();
    let title = "Magnification √det G of a decoder\nimage area for 100 units of code area";
    let picture = code_map(title, "z₁", "z₂", &grid, Some(&percent));
    fs::write(folder.join("magnification.png"), png(&picture))?;
    println!("drawn in {}", folder.display());
    Ok(())
}
