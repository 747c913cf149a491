//! Whole photos through a model: `zoo denoise RUN PHOTO` and `zoo reconstruct RUN PHOTO`.

use std::fs;
use std::path::Path;
use std::time::Instant;

use autograd::Tensor;
use nn::checkpoint::Checkpoint;
use nn::data::pictures::{self, Colour, Fit, PictureOptions};
use nn::data::transform::Corruption;
use nn::files::write_atomically;
use nn::{Context, Error, Result};
use zoo::AnyModel;
use zoo::plot::{Picture, grey_png, png};
use zoo::run::Run;
use zoo::uses::tiles::{Tiling, by_tiles};

use super::Outcome;
use super::output::{finite, may_write};
use super::progress;
use crate::cli::OutArgs;

/// Noise that a photo gets first, so that the result can be compared with what it was, and its seed.
pub(super) type Noise = Option<(Corruption, u64)>;

/// A picture of any size through the model of a run, and written as PNG.
pub(super) fn run(run: &Run, photo: &Path, noise: Noise, out: &OutArgs) -> Result<Outcome> {
    let target = target(out)?;
    let Some([channels, ..]) = run.preparation.shape().filter(|_| !run.preparation.is_scaled()) else {
        let problem =
            "this run did not learn from pictures with values from 0 to 1, and can do nothing with a photo";
        return Err(Error::file(&run.folder, problem));
    };
    let (photo, shape) = read(photo)?;
    let [planes, height, width] = shape;
    // A model of grey pictures sees red, green and blue one after the other; one of colours sees three of grey.
    let (pictures, shape) = match (channels, planes) {
        (1, _) => (photo.chunks(height * width).map(<[f32]>::to_vec).collect(), [1, height, width]),
        (_, 1) => (vec![photo.repeat(channels)], [channels, height, width]),
        _ => (vec![photo], shape),
    };
    let damaged = |picture: &Vec<f32>, number: usize| match noise {
        None => picture.clone(),
        Some((noise, seed)) => {
            let x = Tensor::from_vec([1, picture.len()], picture.clone());
            Context::evaluation(seed, &[number]).corrupt(&x, noise).to_vec()
        }
    };
    let damaged: Vec<Vec<f32>> =
        pictures.iter().zip(0..).map(|(picture, number)| damaged(picture, number)).collect();
    let larger = at_larger_size(run);
    let (model, tiling) = match &larger {
        Some(model) => (&**model, Tiling { tile: [LARGER; 2], overlap: [LARGER / 4; 2] }),
        None => {
            let [_, high, wide] = run.preparation.shape().expect("pictures have one");
            (&*run.model, Tiling { tile: [high, wide], overlap: [high / 2, wide / 2] })
        }
    };
    let bar = progress::bar(1000, "{bar:24} {percent:>3} %  {elapsed}");
    let start = Instant::now();
    let count = damaged.len() as f64;
    let clean = damaged.iter().zip(0..).map(|(picture, number)| {
        let told = |share: f64| bar.set_position((1000.0 * (f64::from(number) + share) / count) as u64);
        by_tiles(picture, shape, tiling, |tiles| model.decode(&model.encode(tiles)), told)
    });
    let clean: Vec<f32> = clean.flatten().collect();
    bar.finish_and_clear();
    finite(clean.iter().copied().map(f64::from))?;
    if noise.is_some() {
        let original = pictures.concat();
        let [noisy, cleaned] = [&damaged.concat(), &clean].map(|x| psnr(x, &original));
        eprintln!("PSNR: noisy {noisy:.2} dB, denoised {cleaned:.2} dB");
    }
    progress::note(&format!(
        "{height} × {width} pixels in {:.1} s, by tiles of {} × {}",
        start.elapsed().as_secs_f64(),
        tiling.tile[0],
        tiling.tile[1]
    ));
    write_atomically(target, &as_png(&clean, height * width, width))?;
    Ok(Outcome::Done(format!("Written to {}\n", target.display())))
}

/// The file to write.
fn target(out: &OutArgs) -> Result<&Path> {
    let Some(path) = &out.out else {
        return Err(Error::setting("out", "say where the picture goes, as in --out clean.png"));
    };
    if path.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("png")) {
        return Err(Error::file(path, "a photo is written as PNG; give a name that ends in .png"));
    }
    may_write(path, out.force)?;
    Ok(path)
}

/// A photo at its own size, its channels one after the other: one if it is grey, else three.
fn read(path: &Path) -> Result<(Vec<f32>, [usize; 3])> {
    let about = fs::metadata(path).map_err(|error| Error::io("read", path, error))?;
    if !about.is_file() {
        return Err(Error::file(
            path,
            "this is no file with a photo; a folder of pictures is given with --data",
        ));
    }
    let content = fs::read(path).map_err(|error| Error::io("read", path, error))?;
    let [height, width] = pictures::size_of(path, &content)?;
    let options = PictureOptions { height, width, colour: Colour::Rgb, fit: Fit::Stretch };
    let values = pictures::parse(path, &content, &options)?.to_vec();
    let plane = height * width;
    let grey = values[..plane] == values[plane..2 * plane] && values[..plane] == values[2 * plane..];
    match grey {
        true => Ok((values[..plane].to_vec(), [1, height, width])),
        false => Ok((values, [3, height, width])),
    }
}

/// The side of tiles for a model that takes pictures of any size.
const LARGER: usize = 128;

/// The model for larger pictures than it learnt from, if nothing in it depends on their size.
fn at_larger_size(run: &Run) -> Option<Box<dyn AnyModel>> {
    let mut model = run.entry.outline_at(&run.config.settings, &run.preparation, [LARGER; 2]).ok()?;
    let mut parameters = Checkpoint::default();
    run.model.insert("", &mut parameters);
    model.restore("", &parameters).ok()?;
    Some(model)
}

/// The ratio of white to the root of the mean squared error, in decibels, of values cut off at black and white.
fn psnr(x: &[f32], original: &[f32]) -> f64 {
    let square = |(x, wanted): (&f32, &f32)| f64::from(x.clamp(0.0, 1.0) - wanted).powi(2);
    -10.0 * (x.iter().zip(original).map(square).sum::<f64>() / x.len() as f64).log10()
}

fn as_png(values: &[f32], plane: usize, width: usize) -> Vec<u8> {
    let level = |value: f32| (value.clamp(0.0, 1.0) * 255.0).round() as u8;
    match values.len() == plane {
        true => grey_png(&values.iter().map(|value| level(*value)).collect::<Vec<_>>(), width),
        false => {
            let pixel = |i| [0, 1, 2].map(|channel| level(values[channel * plane + i]));
            png(&Picture::new(width as u32, (0..plane).map(pixel).collect()))
        }
    }
}
