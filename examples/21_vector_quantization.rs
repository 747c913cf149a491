//! A vector-quantized autoencoder: each digit becomes eight numbers from 0 to 63, and is drawn from them.
//!
//! ```text
//! cargo run --release --example 21_vector_quantization [-- FOLDER]
//! ```
//!
//! You should see an error half that of PCA with eight real numbers (1.56), and a perplexity near 64: most of the
//! codebook is in use.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use nn::{Purpose, generator};
use zoo::Settings;
use zoo::models::vq_vae::Config;
use zoo::plot::{Series, curves, png};
use zoo::registry::find;
use zoo::train::{Lesson, Plan, trainer};
use zoo::{data, evaluate, pictures};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    let digits = data::digits();
    let mut drawn = vec![];
    let mut last = None;
    for (title, restart) in [("never restarted", 0.0), ("dead vectors restarted", 0.1)] {
        let config = Config { restart, ..Config::defaults(&digits.train) };
        let mut model = config.build(&digits.train, &mut generator(0, Purpose::Init, 0, 0))?;
        let mut points = vec![(0.0, model.0.perplexity(digits.train.x()))];
        // Ten parts of a training, one epoch after the other, to look at the codebook in between.
        let plan = Plan { epochs: 40, ..find("vq-vae")?.plan(&digits.train) };
        for epochs in (4..=plan.epochs).step_by(4) {
            let plan = Plan { epochs: 4, seed: epochs as u64, ..plan.clone() };
            trainer(&plan).run(&mut Lesson::new(&mut model, &digits))?;
            points.push((epochs as f64, model.0.perplexity(digits.train.x())));
        }
        let sse = evaluate::mean_squared_error(&model, &digits.test);
        let perplexity = points.last().map_or(f64::NAN, |point| point.1);
        println!("{title}: SSE/img {sse:.3} with 8 × 6 bits, perplexity {perplexity:.1} of 64");
        drawn.push(Series { name: title.into(), points });
        last = Some((model, perplexity));
    }
    let (model, perplexity) = last.ok_or("two models were trained")?;

    fs::create_dir_all(&folder)?;
    let title = "Vectors of the codebook in use\nVQ-VAE on the digits, 64 vectors";
    let errors = evaluate::squared_errors(&model, &digits.test);
    let caption = "VQ-VAE, 8 parts from 64 vectors";
    let pictures = [
        ("perplexity", Some(curves(title, "epoch", "perplexity", &drawn, &[("all 64".into(), 64.0)]))),
        ("reconstructions", pictures::reconstructions(caption, &model, &digits.test, &errors)),
    ];
    for (name, picture) in pictures {
        let path = folder.join(format!("21_{name}.png"));
        fs::write(&path, png(&picture.ok_or("digits are images")?))?;
        println!("drawn in {}", path.display());
    }
    assert!(perplexity > 30.0);
    Ok(())
}
