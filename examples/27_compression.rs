//! Compression into real files: codes, rounded and entropy-coded, by an autoencoder and by PCA, beside PNG.
//! PNG is exact; the others are not, and the model that reads them must be there already.
//!
//! You should see that at the same number of bits the autoencoder is a little better than PCA (in dB), and that PNG
//! needs five times as many. Pictures go to the folder that is given, or to `target/examples`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use toml::Table;
use zoo::data::digits;
use zoo::models::pca::Pca;
use zoo::plot::{Series, Size, curves, png};
use zoo::train::{Plan, train};
use zoo::uses::compression::{self, Quantizer, bits_per_pixel, png_bytes, psnr};
use zoo::{AnyModel, evaluate, registry};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;

    let data = digits();
    let x = data.test.x();
    let entry = registry::find("ae")?;
    let settings = entry.complete(&Table::from_iter([("code".to_owned(), 16.into())]), &data.train)?;
    let mut model = entry.build(&settings, &data.train, 0)?;
    train(&mut *model, &data, &Plan { epochs: 200, ..entry.plan(&data.train) })?;
    let pca = Pca::fit(data.train.x(), 16);

    let mut series = vec![];
    for (name, model) in [("autoencoder", &*model), ("PCA-16", &pca as &dyn AnyModel)] {
        let codes = evaluate::codes(model, &data.train);
        let mut points = vec![];
        for levels in [3, 4, 6, 8, 12, 16, 24, 32, 64] {
            let path = folder.join(format!("digits-{levels}.zooc"));
            let bytes = compression::write(&path, model, &Quantizer::fit(&codes, levels)?, x)?;
            let quality = psnr(x, &compression::read(&path, model)?);
            points.push((bits_per_pixel(bytes, x), quality));
            fs::remove_file(&path)?;
        }
        let (bits, quality) = points[5];
        println!("{name}, 16 levels: {bits:.3} bits per pixel, {quality:.2} dB");
        series.push(Series { name: name.into(), points });
    }
    let exact = png_bytes(x, Size { height: 8, width: 8 });
    let [each, sheet] = [exact.each, exact.sheet].map(|bytes| bits_per_pixel(bytes, x));
    let mut parameters = 0;
    model.parameters(&mut |_, parameter| parameters += 4 * parameter.len());
    println!("PNG, exact: {each:.2} bits per pixel as {} files, {sheet:.2} as one sheet", data.test.len());
    println!("the autoencoder itself: {parameters} bytes, the sheet {} bytes", exact.sheet);
    assert!(series[0].points[5].0 < sheet / 2.0 && series[0].points[5].1 > 18.0);

    let title = format!("Rate and distortion on test digits\nPNG is exact, at {sheet:.2} bits per pixel");
    let picture = curves(&title, "bits per pixel", "PSNR in dB", &series, &[]);
    fs::write(folder.join("compression.png"), png(&picture))?;
    println!("drawn in {}", folder.display());
    Ok(())
}
