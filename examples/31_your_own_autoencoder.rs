//! Write your own model: an autoencoder whose code pays for units that move together, in the zoo's trainer,
//! with its metrics and pictures.
//!
//! The loss is `‖x − x̂‖² + λ Σ_{i≠j} Cᵢⱼ²` with the covariances `C` of the code over the batch (Cogswell et al.
//! 2016, "DeCov"). The price must make the units less correlated, and the model must still beat PCA. Run it
//! with a folder for the picture, or find that in `target/examples`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

// ANCHOR: imports
use autograd::{Real, Tensor, Var, tree};
use nn::{Activation, Context, Mlp, Purpose, generator};
use zoo::models::pca::Pca;
use zoo::plot::png;
use zoo::train::{Plan, train};
use zoo::{Learned, Loss, Model, Unit};
use zoo::{data, evaluate, pictures};
// ANCHOR_END: imports

// ANCHOR: model
const CODE: usize = 8;

/// Encoder, decoder, and the price `λ` of covariances.
struct Decorrelated<W> {
    encoder: Mlp<W>,
    decoder: Mlp<W>,
    lambda: f64,
}
tree!(Decorrelated { encoder, decoder; lambda });

impl Decorrelated<Tensor<f32>> {
    fn new(lambda: f64) -> Self {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        Decorrelated {
            encoder: Mlp::new(&[64, 64, CODE], Activation::Tanh, from),
            decoder: Mlp::new(&[CODE, 64, 64], Activation::Tanh, from),
            lambda,
        }
    }
}

impl<'t, T: Real> Model<'t, T> for Decorrelated<Var<'t, T>> {
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
        self.encoder.forward(x)
    }

    fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.decoder.forward(z)
    }

    fn loss(&self, x: Var<'t, T>, _: &mut Context) -> Loss<'t, T> {
        let z = self.encode(x); // [batch, code]
        let error = nn::losses::squared_error(self.decode(z), x);
        let centred = z - z.mean_over(0);
        let covariance = centred.t().matmul(centred) / z.shape()[0] as f64; // [code, code]
        let price = covariance.square().sum() - covariance.diagonal().square().sum();
        Loss::sum(Unit::SquaredError, [("reconstruction", error), ("covariance", self.lambda * price)])
    }
}
// ANCHOR_END: model

fn main() -> Result<(), Box<dyn Error>> {
    let digits = data::digits();
    let pca = evaluate::mean_squared_error(&Pca::fit(digits.train.x(), CODE), &digits.test);
    println!("PCA-{CODE}: SSE/img {pca:.3}");
    let mut correlations = vec![];
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    for lambda in [0.0, 0.01] {
        // ANCHOR: use
        let mut model = Learned(Decorrelated::new(lambda));
        let plan = Plan { epochs: 100, batch: 64, learning_rate: 3e-3, ..Plan::default() };
        train(&mut model, &digits, &plan)?;
        let sse = evaluate::mean_squared_error(&model, &digits.test);
        let first: Vec<usize> = (0..16).collect();
        model.gradcheck(&digits.test.rows(&first), Context::evaluation(0, &first), 1)?;
        // ANCHOR_END: use

        let correlation = mean_correlation(&evaluate::codes(&model, &digits.test));
        println!("λ = {lambda}: SSE/img {sse:.3}, correlation between two units {correlation:.3}");
        assert!(sse < pca);
        correlations.push(correlation);

        let errors = evaluate::squared_errors(&model, &digits.test);
        let caption = format!("autoencoder with decorrelated code, λ = {lambda}");
        let picture = pictures::reconstructions(&caption, &model, &digits.test, &errors);
        fs::write(folder.join("31_reconstructions.png"), png(&picture.ok_or("digits are images")?))?;
    }
    println!("drawn in {}", folder.display());
    assert!(correlations[1] < 0.5 * correlations[0]);
    Ok(())
}

/// The mean absolute correlation between two different units.
fn mean_correlation(codes: &Tensor<f32>) -> f64 {
    let covariance = evaluate::covariance(codes, &evaluate::mean(codes));
    let c = covariance.to_vec();
    let at = |i: usize, j: usize| c[i * CODE + j];
    let pairs = (0..CODE).flat_map(|i| (0..i).map(move |j| (i, j)));
    let sum: f64 = pairs.map(|(i, j)| (at(i, j) / (at(i, i) * at(j, j)).sqrt()).abs()).sum();
    sum / (CODE * (CODE - 1) / 2) as f64
}
