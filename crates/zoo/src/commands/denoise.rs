//! `zoo denoise`.

use autograd::Tensor;
use nn::data::transform::Corruption;
use nn::{Context, Error, Result};
use zoo::uses::latent::reconstruct;

use super::examples::{image_size, images, open_numbers, rows_carrying, sheet};
use super::output::Target;
use super::progress::Spinner;
use super::{Outcome, photo, sound};
use crate::cli::DenoiseArgs;

/// Takes noise out of examples, which it may have put in before.
pub(crate) fn run(args: &DenoiseArgs) -> Result<Outcome> {
    let noise = args.noise.as_deref().map(corruption).transpose()?;
    if let Some(photo) = &args.photo {
        let (run, noise) = (open_numbers(&args.run)?, noise.map(|noise| (noise, args.seed)));
        return match run.preparation.reading.rate {
            Some(_) => sound::run(&run, photo, noise, &args.out),
            None => photo::run(&run, photo, noise, &args.out),
        };
    }
    let target = Target::new(&args.out)?;
    let run = open_numbers(&args.run)?;
    if target.is_picture() {
        image_size(&run)?;
    }
    let all = rows_carrying(&run, &args.rows, &args.carried)?;
    let data = &all.data;
    let spinner = Spinner::new("denoising");
    let numbers: Vec<usize> = (0..data.len()).collect();
    let noisy = match noise {
        Some(noise) => Context::evaluation(args.seed, &numbers).corrupt(data.x(), noise),
        None => data.x().clone(),
    };
    let clean = reconstruct(&*run.model, &noisy);
    drop(spinner);
    if noise.is_some() {
        let error = |x: &Tensor<f32>| {
            x.zip(data.x(), |a, b| (a - b) * (a - b)).cast::<f64>().sum_to([]).item() / data.len() as f64
        };
        eprintln!("squared error of an example: noisy {:.4}, denoised {:.4}", error(&noisy), error(&clean));
    }
    let picture = || {
        const SHOWN: usize = 12;
        let shown = SHOWN.min(data.len());
        let first = |x: &Tensor<f32>| x.slice(0, ..shown);
        let (title, parts) = match noise {
            Some(_) => ("Clean, noisy, denoised", vec![first(data.x()), first(&noisy), first(&clean)]),
            None => ("Input, denoised", vec![first(&noisy), first(&clean)]),
        };
        images(&run, title, shown, &Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0))
    };
    target.put(|| Ok(sheet(&run, Some(&all), &clean)), picture)
}

/// `gaussian:0.3`.
fn corruption(text: &str) -> Result<Corruption> {
    let wrong = || {
        Error::setting(
            "noise",
            format!(
                "`{text}` is no noise; write gaussian:0.3, masking:0.5, salt_and_pepper:0.1 or speckle:0.3"
            ),
        )
    };
    let (kind, strength) = text.split_once(':').ok_or_else(wrong)?;
    let strength: f64 = strength.parse().map_err(|_| wrong())?;
    let corruption = match kind {
        "gaussian" => Corruption::Gaussian(strength),
        "masking" => Corruption::Masking(strength),
        "salt_and_pepper" => Corruption::SaltAndPepper(strength),
        "speckle" => Corruption::Speckle(strength),
        _ => return Err(wrong()),
    };
    corruption.check()?;
    Ok(corruption)
}
