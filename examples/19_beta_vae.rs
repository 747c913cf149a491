//! A β-VAE whose capacity grows: what single latents stand for, by walking along one while the others rest.
//!
//! ```text
//! cargo run --release --example 19_beta_vae [-- FOLDER]
//! ```
//!
//! You should see that the divergence ends at the capacity, and that the latents differ in how much of it they use:
//! the variances of their means go from nearly 1 to a tenth.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use autograd::Tensor;
use zoo::plot::{Size, image_grid, png};
use zoo::registry::find;
use zoo::train::{Plan, train};
use zoo::{data, evaluate};

const STEPS: usize = 11;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    let digits = data::digits();
    let entry = find("beta-vae")?;
    // At a high price only latents that pay for themselves stay in use.
    let settings = toml::toml! { capacity = 8.0
    gamma = 20.0 };
    let mut model = entry.build(&entry.complete(&settings, &digits.train)?, &digits.train, 0)?;
    train(&mut *model, &digits, &Plan { epochs: 100, ..entry.plan(&digits.train) })?;

    // The latents with the largest variance over the digits first.
    let codes = evaluate::codes(&*model, &digits.test);
    let width = codes.shape()[1];
    let variances = evaluate::covariance(&codes, &evaluate::mean(&codes)).to_vec();
    let variance = |j: usize| variances[j * (width + 1)];
    let mut order: Vec<usize> = (0..width).collect();
    order.sort_by(|&a, &b| variance(b).total_cmp(&variance(a)));
    let listed: Vec<String> = order.iter().map(|&j| format!("{:.2}", variance(j))).collect();
    println!("variances of the latents over the digits: {}", listed.join(" "));

    let start = model.encode(&digits.test.rows(&[0])).to_vec();
    let reach = |step: usize| 2.5 * (2.0 * step as f32 / (STEPS - 1) as f32 - 1.0);
    let z = Tensor::from_fn([width * STEPS, width], |i| {
        let (row, j) = (i / width, i % width);
        if j == order[row / STEPS] { reach(row % STEPS) } else { start[j] }
    });
    let images: Vec<Vec<f32>> = model.decode(&z).to_vec().chunks(64).map(<[f32]>::to_vec).collect();
    let picture = image_grid(
        "What single latents do\nOne latent from −2.5 to 2.5 in each row, the others as for one digit",
        Size { height: 8, width: 8 },
        STEPS,
        &images,
        Some(("value of the latent, −2.5 to 2.5", "latents, the most used on top")),
    );
    fs::create_dir_all(&folder)?;
    let path = folder.join("19_traversals.png");
    fs::write(&path, png(&picture))?;
    println!("drawn in {}", path.display());

    let penalty = evaluate::loss(&*model, &digits.train, 0).values[1].1 / 20.0;
    println!("the divergence is within {penalty:.2} nats of the capacity of 8");
    assert!(penalty < 1.0 && variance(order[0]) > 3.0 * variance(order[width - 1]));
    Ok(())
}
