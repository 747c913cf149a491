//! What an autoencoder has learnt about the manifold of digits: how many directions its code follows,
//! the tangents at one digit, and where its decoder stretches the plane of codes.
//!
//! You should see singular values of the encoder that fall from above 4 to below 1 once it is trained, and those of
//! PCA, all 1. Pictures go to the folder that is given, or to `target/examples`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use autograd::Tensor;
use toml::Table;
use zoo::data::digits;
use zoo::models::pca::Pca;
use zoo::plot::{Field, Series, Size, curves, heat_map, image_grid, png};
use zoo::train::{Plan, train};
use zoo::uses::manifold::{contraction_curve, decoder_tangents, log_magnification, mean_spectrum, tangents};
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
    let pca = Pca::fit(data.train.x(), 16);
    let x = data.test.x().slice(0, ..100);

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

    // Digits, each beside the directions in which its code and its reconstruction change most; grey means
    // no change. Nothing has taught this encoder to ignore pixels that are always black, and its strongest
    // directions are such pixels; those of the decoder are strokes.
    let mut images = vec![];
    for number in 0..6 {
        let x = data.test.rows(&[number]);
        images.push(x.to_vec());
        let of_decoder = decoder_tangents(&*model, &model.encode(&x), 4);
        for tangent in tangents(&*model, &x, 4).into_iter().chain(of_decoder) {
            let largest = tangent.direction.iter().fold(0.0, |m: f32, d| m.max(d.abs()));
            images.push(tangent.direction.iter().map(|d| 0.5 + 0.5 * d / largest).collect());
        }
    }
    let title = "Digits and their tangents\na digit, four of its encoder, four of its decoder";
    let picture = image_grid(title, Size { height: 8, width: 8 }, 9, &images, None);
    fs::write(folder.join("tangents.png"), png(&picture))?;

    // The area of image space that a unit of the code plane covers, over the region of the codes.
    let codes: Vec<[f32; 2]> =
        evaluate::codes(&*plane, &data.test).to_vec().chunks(2).map(|z| [z[0], z[1]]).collect();
    let range = |axis: usize| {
        let values = || codes.iter().map(|z| f64::from(z[axis]));
        [values().fold(f64::INFINITY, f64::min) - 0.5, values().fold(f64::NEG_INFINITY, f64::max) + 0.5]
    };
    let (x, y) = (range(0), range(1));
    let columns = 100;
    let cell = (x[1] - x[0]) / columns as f64;
    let rows = ((y[1] - y[0]) / cell).ceil() as usize;
    let centres = Tensor::from_fn([rows * columns, 2], |i| {
        let (cell_number, start) = if i % 2 == 0 { (i / 2 % columns, x[0]) } else { (i / 2 / columns, y[0]) };
        (start + cell * (cell_number as f64 + 0.5)) as f32
    });
    let values = log_magnification(&*plane, &centres).into_iter().map(f64::exp).collect();
    let field = Field { x, y: [y[0], y[0] + cell * rows as f64], columns, values };
    let title = "Magnification √det G of a decoder\nimage area for a unit of code area; points are codes of test digits";
    fs::write(folder.join("magnification.png"), png(&heat_map(title, "z₁", "z₂", &field, &codes)))?;
    println!("drawn in {}", folder.display());
    Ok(())
}
