//! Normalizing flows: a Gaussian is pushed through planar steps until it has the shape of a density with two
//! arcs, which is known only up to a constant (Rezende and Mohamed 2015, table 1, potential 1).
//!
//! ```text
//! cargo run --release --example 22_flows [-- FOLDER]
//! ```
//!
//! You should see that more steps fit better: the divergence falls to a few hundredths of a nat.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use autograd::{Real, Tensor, Var, tree, value, value_and_grad};
use nn::{Adam, Purpose, generator, random::normal};
use zoo::flows::planar;
use zoo::plot::{Size, image_grid, png};
use zoo::terms::ln_standard_normal;

/// Cells of a picture in each direction, and its pixels in a cell.
const SIDE: usize = 80;
const ZOOM: usize = 4;
const REACH: f32 = 4.0;

/// A chain of planar steps; `u` and `w` are `[steps, 2]`, `b` is `[steps, 1]`.
struct Chain<W> {
    u: W,
    w: W,
    b: W,
}
tree!(Chain { u, w, b });

impl<'t, T: Real> Chain<Var<'t, T>> {
    /// `z` for draws from `N(0, I)`, and `ln q(z)`.
    fn forward(&self, start: Var<'t, T>) -> (Var<'t, T>, Var<'t, T>) {
        let row = |leaf: Var<'t, T>, i: usize| leaf.slice(0, i..i + 1);
        (0..self.u.shape()[0]).fold((start, ln_standard_normal(start)), |(z, ln_q), i| {
            let (z, ln_det) = planar(z, row(self.u, i), row(self.w, i), row(self.b, i));
            (z, ln_q - ln_det)
        })
    }
}

/// `U(z) = ½ ((‖z‖ − 2)/0.4)² − ln( e^{−½ ((z₁ − 2)/0.6)²} + e^{−½ ((z₁ + 2)/0.6)²} )`; the density is `e^{−U}`.
fn potential<'t, T: Real>(z: Var<'t, T>) -> Var<'t, T> {
    let radius = (z.square().sum_over(-1) + 1e-6).sqrt();
    let side = |centre: f64| ((z.slice(1, ..1) - centre) / 0.6).square() * -0.5;
    ((radius - 2.0) / 0.4).square() * 0.5 - Var::concat([side(2.0), side(-2.0)], -1).logsumexp_over(-1)
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    let cell = |i: usize| REACH * (2.0 * (i as f32 + 0.5) / SIDE as f32 - 1.0);
    let grid =
        Tensor::from_fn([SIDE * SIDE, 2], |i| cell(if i % 2 == 0 { i / 2 % SIDE } else { i / 2 / SIDE }));
    let target = value(&grid, |z, _| (-potential(z)).exp()).to_vec();
    let area = (2.0 * REACH / SIDE as f32).powi(2);
    let ln_constant = f64::from(target.iter().sum::<f32>() * area).ln();
    let mut images = vec![scaled(target)];
    let mut fits = vec![];
    for steps in [2, 8, 24] {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let small = |shape: [usize; 2], from: &mut _| normal::<f32>(shape, from).map(|v| 0.5 * v);
        let [u, w] = [(); 2].map(|()| small([steps, 2], from));
        let mut chain = Chain { u, w, b: small([steps, 1], from) };
        let mut adam = Adam::new(5e-3);
        for step in 0..2500_u64 {
            adam.set_rate(if step < 1800 { 5e-3 } else { 1e-3 });
            let start = normal([256, 2], &mut generator(0, Purpose::Noise, step, 0));
            let (_, gradient) = value_and_grad(&chain, |chain, tape| {
                let (z, ln_q) = chain.forward(tape.constant(&start));
                (ln_q + potential(z)).mean()
            });
            adam.step(&mut chain, &gradient);
        }
        let start = normal([100_000, 2], &mut generator(0, Purpose::Sample, 0, 0));
        let kl = value(&chain, |chain, tape| {
            let (z, ln_q) = chain.forward(tape.constant(&start));
            (ln_q + potential(z)).mean()
        });
        let kl = f64::from(kl.item()) + ln_constant;
        println!("{steps:>2} steps: KL(q ‖ p) = {kl:.3} nats");
        fits.push(kl);
        let drawn = value(&chain, |chain, tape| chain.forward(tape.constant(&start)).0).to_vec();
        let mut counts = vec![0.0; SIDE * SIDE];
        let place = |v: f32| (0.5 * (v / REACH + 1.0) * SIDE as f32) as usize;
        for point in drawn.chunks(2).filter(|point| point.iter().all(|v| v.abs() < REACH)) {
            counts[place(point[1]) * SIDE + place(point[0])] += 1.0;
        }
        images.push(scaled(counts));
    }
    let title = "Planar flows\nThe target density, and draws after 2, 8 and 24 steps";
    let size = Size { height: SIDE * ZOOM, width: SIDE * ZOOM };
    let picture = image_grid(title, size, 4, &images, None);
    fs::create_dir_all(&folder)?;
    let path = folder.join("22_flows.png");
    fs::write(&path, png(&picture))?;
    println!("drawn in {}", path.display());
    assert!(fits.is_sorted_by(|a, b| a > b) && fits[2] > 0.0 && fits[2] < 0.2);
    Ok(())
}

/// A picture of cells: divided by the largest, each as a square of pixels.
fn scaled(values: Vec<f32>) -> Vec<f32> {
    let largest = values.iter().copied().fold(0.0, f32::max);
    let width = SIDE * ZOOM;
    let cell = |i: usize| i / width / ZOOM * SIDE + i % width / ZOOM;
    (0..width * width).map(|i| values[cell(i)] / largest).collect()
}
