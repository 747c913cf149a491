//! One digit is normal, the other nine are not.
//!
//! Protocol of Ruff et al. (2018): for every class, train on its training images alone, score all 10,000
//! test images by the squared error of reconstruction, and take the area under the ROC curve with the
//! other classes as anomalies; then the mean over the ten classes. They report about 0.897 for a deep
//! convolutional autoencoder and 0.948 for Deep SVDD. PCA with 32 components, which they do not show, has
//! 0.955 and takes a second.
//!
//! Ours is a small denoising autoencoder (Gaussian noise, σ = 0.2) with a code of 32.

use nn::data::transform::Corruption;
use nn::optim::Adam;
use nn::train::Plan;
use nn::{Activation, Dataset, Error, Purpose, Result, Schedule, generator};

use super::Published::About;
use super::{Bench, Margin, Needs, Row, Target};
use crate::Likelihood;
use crate::Settings;
use crate::data::Split;
use crate::models::denoising::Config;
use crate::network::Design;
use crate::train::Lesson;
use crate::uses::anomaly::{Score, against_pca};

pub(super) const TARGET: Target = Target {
    name: "anomaly",
    title: "one digit against nine: mean area under the ROC curve",
    paper: "Ruff et al. 2018, table 1",
    published: "≈ 0.897 (autoencoder)",
    minutes: 4.0,
    needs: Needs::Mnist,
    in_parts: true,
    run,
};

const CODE: usize = 32;
const CLASSES: u32 = 10;

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let Split { train, test, name } = bench.data;
    let labels = |data: &Dataset| {
        let missing = || Error::data(format!("{name}: the images have no labels, which this target needs"));
        data.labels().map(<[u32]>::to_vec).ok_or_else(missing)
    };
    let (train_labels, test_labels) = (labels(train)?, labels(test)?);
    let areas = bench.each(CLASSES as usize, |class| {
        let class = class as u32;
        let numbers: Vec<usize> = (0..train.len()).filter(|&i| train_labels[i] == class).collect();
        if numbers.len() < 2 {
            return Err(Error::data(format!("{name}: there are no training images of the digit {class}")));
        }
        let normal = train.select(&numbers).unlabelled();
        let anomalous: Vec<bool> = test_labels.iter().map(|&label| label != class).collect();
        let model = learn(bench, class, &normal)?;
        let found = against_pca(&*model, &normal, test, &anomalous, Score::SquaredError)?;
        let areas = [found.auroc, found.pca_auroc];
        bench.watch.say(&format!("digit {class}: area {:.4}, PCA {:.4}", areas[0], areas[1]));
        Ok(areas)
    })?;
    let mean = |which: usize| areas.iter().map(|areas| areas[which]).sum::<f64>() / areas.len() as f64;
    let [ours, pca] = [0, 1].map(mean);
    Ok(vec![
        Row::new("PCA, code 32: mean area", pca).margin(Margin::Within(0.9553, 0.001)).digits(4),
        Row::new("denoising autoencoder, code 32: mean area (paper: autoencoder)", ours)
            .published(About(0.897))
            .margin(Margin::AtLeast(0.897))
            .digits(4),
        Row::new("the same (paper: Deep SVDD)", ours).published(About(0.948)).digits(4),
    ])
}

/// An autoencoder that has seen one class.
fn learn(bench: &Bench, class: u32, normal: &Dataset) -> Result<Box<dyn crate::AnyModel>> {
    let config = Config {
        design: Design::mlp(CODE, &[256], Activation::Relu, Likelihood::BoundedSquaredError),
        alpha: 1.0,
        beta: 1.0,
        corruption: Corruption::Gaussian(0.2),
    };
    let mut model = config.build(normal, &mut generator(bench.seed, Purpose::Init, u64::from(class), 0))?;
    let (epochs, batch, learning_rate, schedule) = (12, 100, 1e-3, Schedule::Cosine { floor: 0.0 });
    let plan = Plan { epochs, batch, learning_rate, schedule, ..Plan::default() };
    // Nothing is chosen by the loss on other examples, so a few of the same will do.
    let few = normal.len().min(500);
    let test = normal.range(0..few);
    let data = Split { name: format!("digit {class}"), train: normal.clone(), test };
    bench.train(&data.name, &mut Lesson::new(&mut model, &data), plan, Adam::new(learning_rate))?;
    Ok(Box::new(model))
}
