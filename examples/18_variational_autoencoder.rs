//! A variational autoencoder with a code of two numbers: every place in the plane decodes to a digit, and
//! draws from the prior are new digits.
//!
//! ```text
//! cargo run --release --example 18_variational_autoencoder [-- FOLDER]
//! ```
//!
//! The likelihood is estimated as well. You should see three numbers that fall: the loss with one draw for each
//! digit, the bound with many, and the negative log-likelihood, which is below it. The pixels are made black or white
//! first, because the decoder gives the probability of a white one.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use nn::Dataset;
use zoo::data::{self, Split};
use zoo::plot::png;
use zoo::registry::find;
use zoo::train::{Plan, train};
use zoo::{evaluate, likelihood, pictures};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    let digits = data::digits();
    let binary = |part: Dataset| {
        let x = part.x().map(|x| if x > 0.5 { 1.0 } else { 0.0 });
        part.with_x(x)
    };
    let digits = Split { name: digits.name, train: binary(digits.train), test: binary(digits.test) };
    let entry = find("vae")?;
    // The divergence warms up, so that both numbers are in use before their price is full.
    let settings = toml::toml! { code = 2
    warm_up = 0.3 };
    let mut model = entry.build(&entry.complete(&settings, &digits.train)?, &digits.train, 0)?;
    let epochs = train(&mut *model, &digits, &Plan { epochs: 150, ..entry.plan(&digits.train) })?;

    let loss = evaluate::loss(&*model, &digits.test, 0);
    let elbo = likelihood::elbo(&*model, &digits.test, 50, 0).ok_or("a VAE has a bound")?;
    let nll = likelihood::nll(&*model, &digits.test, 200, &[0, 1, 2]).ok_or("a VAE has a likelihood")?;
    println!("test loss {:.2} {}: one draw for each digit", loss.total(), loss.unit.per("img"));
    println!("−ELBO     {:.2}: fifty draws", -elbo);
    println!(
        "NLL_200   {:.2} ± {:.2}, {:.0} effective samples",
        nll.nats, nll.standard_error, nll.effective_samples
    );
    println!("{} of 2 latents are active", likelihood::active_units(&*model, &digits.test));

    fs::create_dir_all(&folder)?;
    let codes = evaluate::codes(&*model, &digits.test);
    let caption = "VAE with 2 latents on the digits, 150 epochs";
    let drawn = [
        ("manifold", pictures::manifold(caption, &*model, &digits.test, &codes)),
        ("samples", pictures::samples(caption, &*model, &digits.test, 0)),
        ("codes", Some(pictures::code_map(caption, &codes, &digits.test, &[]))),
        ("loss", pictures::loss(caption, &epochs, (2, f64::NAN), &digits.test)),
    ];
    for (name, picture) in drawn {
        let path = folder.join(format!("18_{name}.png"));
        fs::write(&path, png(&picture.ok_or("digits are images")?))?;
        println!("drawn in {}", path.display());
    }
    assert!(nll.nats < -elbo && -elbo < 25.0);
    Ok(())
}
