//! The importance-weighted bound against the evidence lower bound: how the estimate of the likelihood falls
//! with the number of draws, for a VAE and for a model that was trained with ten draws.
//!
//! ```text
//! cargo run --release --example 20_importance_weights [-- FOLDER]
//! ```
//!
//! You should see that more draws give a lower negative bound, most of all for the model that was trained with ten,
//! which is worse with one draw and better with 500.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use nn::Dataset;
use toml::Table;
use zoo::data::{self, Split};
use zoo::likelihood::{self, Nll};
use zoo::plot::{Series, curves, png};
use zoo::registry::find;
use zoo::train::{Plan, train};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    // Pixels that are 0 or 1, for which the decoder's coins are a likelihood.
    let digits = data::digits();
    let binary = |part: Dataset| {
        let x = part.x().map(|x| if x > 0.5 { 1.0 } else { 0.0 });
        part.with_x(x)
    };
    let digits = Split { name: digits.name, train: binary(digits.train), test: binary(digits.test) };

    let models: [(&str, &str, Table); 2] = [
        ("VAE", "vae", toml::toml! { hidden = [64] }),
        (
            "IWAE, K = 10",
            "iwae",
            toml::toml! { hidden = [64]
            samples = 10 },
        ),
    ];
    let mut drawn = vec![];
    for (title, name, settings) in models {
        let entry = find(name)?;
        let mut model = entry.build(&entry.complete(&settings, &digits.train)?, &digits.train, 0)?;
        train(&mut *model, &digits, &Plan { epochs: 50, ..entry.plan(&digits.train) })?;
        let mut points = vec![];
        for draws in [1, 2, 5, 10, 20, 50, 100, 200, 500] {
            let nll = likelihood::nll(&*model, &digits.test, draws, &[0, 1]).ok_or("it has a likelihood")?;
            points.push(((draws as f64).log10(), nll.nats));
            if [1, 10, 500].contains(&draws) {
                let Nll { nats, standard_error, effective_samples } = nll;
                println!(
                    "{title}: NLL_{draws} = {nats:.2} ± {standard_error:.2}, {effective_samples:.1} effective"
                );
            }
        }
        drawn.push(Series { name: title.into(), points });
    }
    let picture = curves(
        "The negative bound falls with the draws\nBinary digits, test set; one draw is the evidence lower bound",
        "log₁₀ of the draws K",
        "NLL, nats/img",
        &drawn,
        &[],
    );
    fs::create_dir_all(&folder)?;
    let path = folder.join("20_importance_weights.png");
    fs::write(&path, png(&picture))?;
    println!("drawn in {}", path.display());

    let last = |series: &Series| series.points.last().map_or(f64::NAN, |point| point.1);
    let falls = |series: &Series| series.points.is_sorted_by(|a, b| a.1 > b.1);
    assert!(drawn.iter().all(falls), "more draws give a tighter bound");
    assert!(last(&drawn[1]) < last(&drawn[0]), "training by the tighter bound gives the better model");
    Ok(())
}
