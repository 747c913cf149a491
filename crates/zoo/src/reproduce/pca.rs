//! The error of PCA with 30 components, which stands beside every deep autoencoder on MNIST.
//!
//! Hinton and Salakhutdinov (2006), figure 2B: "average squared errors … 3.00, 8.01, and 13.87" for the deep
//! autoencoder, logistic PCA and PCA. It is the squared error summed over the 784 pixels in `[0, 1]`, the
//! mean over the 10,000 test images, with mean and components of the training images. The margins of
//! the other sizes are around values computed by scikit-learn in double precision.

use nn::Result;

use super::{Bench, Margin, Needs, Published, Row, Target};
use crate::evaluate::mean_squared_error;
use crate::models::pca::Pca;

pub(super) const TARGET: Target = Target {
    name: "pca",
    title: "PCA, code 30: test SSE/img",
    paper: "Hinton & Salakhutdinov 2006, fig. 2B",
    published: "13.87",
    minutes: 0.3,
    needs: Needs::Mnist,
    in_parts: false,
    run,
};

/// Size of the code, and the test error by scikit-learn.
const REFERENCES: [(usize, f64); 6] =
    [(2, 43.645), (10, 26.714), (30, 13.8663), (32, 13.193), (64, 7.093), (128, 3.297)];

fn run(bench: &Bench) -> Result<Vec<Row>> {
    const ROUNDING: f64 = 0.002;
    let all = Pca::fit(bench.data.train.x(), 128);
    let rows = REFERENCES.map(|(code, reference)| {
        // The components are in order, so fewer of them are a smaller PCA.
        let kept = code.min(all.components.shape()[0]);
        let pca = Pca { mean: all.mean.clone(), components: all.components.slice(0, ..kept) };
        let error = mean_squared_error(&pca, &bench.data.test);
        let row = Row::new(format!("PCA, code {code}, test SSE/img"), error);
        let row = row.margin(Margin::Within(reference, ROUNDING)).digits(4);
        if code == 30 { row.published(Published::Exactly(13.87)) } else { row }
    });
    Ok(rows.into())
}
