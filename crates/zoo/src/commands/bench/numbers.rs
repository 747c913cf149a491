//! The numbers that every framework starts from: weights, images, noise, from splitmix64.

use std::f64::consts::TAU;
use std::path::Path;

use autograd::Tensor;
use nn::data::Examples;
use nn::data::idx::Images;
use nn::{Error, Result};

use super::Spec;

/// Number `1, 2 … n` of this stream.
fn stream(stream: u64, n: usize) -> impl Iterator<Item = u64> {
    let base = stream.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(12345);
    (1..=n as u64).map(move |i| {
        let mut z = base.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    })
}

fn uniform(from: u64, n: usize) -> impl Iterator<Item = f32> {
    stream(from, n).map(|z| (z >> 40) as f32 * (1.0 / 16_777_216.0))
}

/// `U(−b, b)` with `b = 1 / √inputs`.
pub(super) fn weights(from: u64, shape: &[usize], inputs: usize) -> Tensor<f32> {
    let bound = (1.0 / (inputs as f64).sqrt()) as f32;
    let mut drawn = uniform(from, shape.iter().product());
    Tensor::from_fn(shape, |_| (drawn.next().expect("one for each") * 2.0 - 1.0) * bound)
}

/// 64 batches of standard normal noise.
pub(super) fn normal(batch: usize, width: usize) -> Vec<Tensor<f32>> {
    noise(batch, width, normals)
}

fn normals(from: u64, n: usize) -> Vec<f32> {
    let u: Vec<f64> = stream(from, 2 * n).map(|z| (z >> 11) as f64 / 9_007_199_254_740_992.0).collect();
    u.chunks(2).map(|p| ((-2.0 * (1.0 - p[0]).ln()).sqrt() * (TAU * p[1]).cos()) as f32).collect()
}

/// 64 batches of categories `[batch, columns]`, as whole numbers below these.
pub(super) fn categories(batch: usize, below: &[usize]) -> Vec<Tensor<f32>> {
    let draw = |i: u64| {
        let all = stream(900 + i, batch * below.len()).zip(below.iter().cycle());
        all.map(|(z, &below)| (((z >> 40) * below as u64) >> 24) as f32).collect()
    };
    (0..64).map(|i| Tensor::from_vec([batch, below.len()], draw(i))).collect()
}

/// Series of 256 steps in six channels, each the sum of three sines with random phases.
fn series(from: u64, batch: usize) -> Vec<f32> {
    let phases: Vec<f32> = uniform(from, batch * 18).collect();
    let value = |phases: &[f32], t: usize| {
        let sines = [3.0, 7.0, 17.0].iter().zip(phases);
        sines.map(|(f, &u)| (TAU * (f * t as f64 / 256.0 + f64::from(u))).sin()).sum::<f64>() as f32
    };
    phases.chunks(3).flat_map(|phases| (0..256).map(move |t| value(phases, t))).collect()
}

/// 64 batches of `±1`.
pub(super) fn signs(batch: usize, width: usize) -> Vec<Tensor<f32>> {
    noise(batch, width, |from, n| stream(from, n).map(|z| if z >> 63 == 1 { 1.0 } else { -1.0 }).collect())
}

fn noise(batch: usize, width: usize, draw: impl Fn(u64, usize) -> Vec<f32>) -> Vec<Tensor<f32>> {
    (0..64).map(|i| Tensor::from_vec([batch, width], draw(600 + i, batch * width))).collect()
}

/// The inputs of the workload's steps, to be used in turn.
pub(super) fn batches(
    workload: &str,
    spec: &Spec,
    count: usize,
    images: Option<&Path>,
) -> Result<Vec<Tensor<f32>>> {
    if workload == "W6" {
        let all: Vec<f32> = uniform(500, 64 * 8).collect();
        return Ok(all.chunks(8).map(|row| Tensor::from_vec([1, 8], row.to_vec())).collect());
    }
    let drawn = |count: u64, shape: &[usize], draw: &dyn Fn(u64, usize) -> Vec<f32>| {
        let numbers = shape.iter().product();
        Ok((0..count).map(|i| Tensor::from_vec(shape, draw(800 + i, numbers))).collect())
    };
    match workload {
        "W12" => return drawn(8, &[spec.batch, 64, 16, 16], &normals),
        "W13" => return drawn(64, &[spec.batch, 6, 256], &|from, _| series(from, spec.batch)),
        "W14" => return drawn(64, &[spec.batch, 20], &normals),
        "W15" => return drawn(8, &[spec.batch, 64, 32, 32], &normals),
        _ => {}
    }
    let count = match workload {
        "W7b1" => 1000,
        "W7b1024" => 8,
        "W8" | "W9" | "W10" | "W11" => 64,
        _ => count,
    };
    let Some(path) = images else {
        let text = "this workload needs MNIST's training images: --images train-images-idx3-ubyte.gz";
        return Err(Error::data(text));
    };
    let images = Images::open(path)?;
    let (all, rows) = (images.len(), count * spec.batch);
    if all < rows || images.width() != 784 {
        let found = format!("{all} of {}", images.width());
        let problem = format!("{rows} images of 784 pixels are needed; here are {found}");
        return Err(Error::file(path, problem));
    }
    let mut keys: Vec<(u64, usize)> = stream(999, all).zip(0..all).collect();
    keys.sort_unstable();
    let numbers: Vec<usize> = keys[..rows].iter().map(|key| key.1).collect();
    let mut colours = uniform(700, 3 * rows);
    numbers
        .chunks(spec.batch)
        .map(|numbers| images.rows(numbers).map(|pixels| of_images(workload, &pixels, &mut colours)))
        .collect()
}

/// Images as a workload takes them: in colour, as tokens, as 28 steps, or as they are.
fn of_images(workload: &str, pixels: &Tensor<f32>, colours: &mut impl Iterator<Item = f32>) -> Tensor<f32> {
    let (batch, all) = (pixels.shape()[0], pixels.to_vec());
    match workload {
        "W8" => {
            let mut coloured = Vec::with_capacity(batch * 3 * 32 * 32);
            for image in all.chunks(784) {
                for colour in colours.take(3) {
                    let colour = 0.25 + 0.75 * colour;
                    coloured.extend((0..32 * 32).map(|place| match [place / 32, place % 32] {
                        [y @ 2..30, x @ 2..30] => image[(y - 2) * 28 + x - 2] * colour,
                        _ => 0.0,
                    }));
                }
            }
            Tensor::from_vec([batch, 3, 32, 32], coloured)
        }
        "W9" => {
            let tokens = all.chunks(784).flat_map(|image| &image[360..425]);
            Tensor::from_vec([batch, 65], tokens.map(|pixel| (31.0 * pixel).round_ties_even()).collect())
        }
        "W10" | "W11" => pixels.reshape([batch, 28, 28]),
        _ => pixels.clone(),
    }
}
