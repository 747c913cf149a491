//! A convolutional autoencoder: the registry builds it by name, and PCA with a code of the same size stands
//! beside it.
//!
//! You should see that its error is smaller than that of PCA, with the same 8 numbers of code.
//! Run it with a folder for the picture, or find that in `target/examples`.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use zoo::models::pca::Pca;
use zoo::plot::png;
use zoo::train::{Plan, train};
use zoo::{data, evaluate, pictures, registry};

const CODE: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let digits = data::digits();
    let entry = registry::find("conv")?;
    // Two stages: 8×8 pixels become 4×4 with 16 channels, then 2×2 with 32.
    let given = format!("code = {CODE}\nchannels = [16, 32]").parse()?;
    let mut model = entry.build(&entry.complete(&given, &digits.train)?, &digits.train, 0)?;
    let mut weights = 0;
    model.parameters(&mut |_, parameter| weights += parameter.len());

    let epochs = train(&mut *model, &digits, &Plan { epochs: 60, ..entry.plan(&digits.train) })?;
    let errors = evaluate::squared_errors(&*model, &digits.test);
    let sse = errors.iter().sum::<f64>() / errors.len() as f64;
    let pca = evaluate::mean_squared_error(&Pca::fit(digits.train.x(), CODE), &digits.test);
    println!("{} epochs, {weights} weights: SSE/img {sse:.3}; PCA-{CODE}: {pca:.3}", epochs.len());
    assert!(sse < 0.9 * pca);

    let caption = format!("{}, code {CODE}", entry.title);
    let folder = env::args().nth(1).map_or_else(|| PathBuf::from("target/examples"), PathBuf::from);
    fs::create_dir_all(&folder)?;
    let drawn = [
        ("reconstructions", pictures::reconstructions(&caption, &*model, &digits.test, &errors)),
        ("loss", pictures::loss(&caption, &epochs, (CODE, pca), &digits.test)),
    ];
    for (name, picture) in drawn {
        let path = folder.join(format!("12_{name}.png"));
        fs::write(&path, png(&picture.ok_or("digits are images, and there are epochs")?))?;
        println!("drawn in {}", path.display());
    }
    Ok(())
}
