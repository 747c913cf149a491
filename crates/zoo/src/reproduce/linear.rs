//! A linear autoencoder finds the plane of PCA: a theorem, checked.
//!
//! Baldi and Hornik (1989): every minimum of `‖x − W₂W₁x‖²` is global, and there `W₂W₁` projects on the
//! span of the first principal components. So the error has to be that of PCA, and the angle between the
//! two planes 0, up to what training leaves. On the embedded digits with a code of 8, and on MNIST with 30.

use nn::optim::Adam;
use nn::train::Plan;
use nn::{Purpose, Result, Schedule, generator};

use super::{Bench, Margin, Needs, Published, Row, Target};
use crate::Settings;
use crate::data::{self, Split};
use crate::evaluate::{largest_angle, mean_squared_error};
use crate::models::linear::{Config, Order};
use crate::models::pca::Pca;
use crate::train::Lesson;

pub(super) const TARGET: Target = Target {
    name: "linear",
    title: "linear autoencoder: error and plane of PCA",
    paper: "Baldi & Hornik 1989",
    published: "equal",
    minutes: 1.5,
    needs: Needs::Mnist,
    in_parts: false,
    run,
};

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let mut rows = compare(bench, "digits", &data::digits(), 8, 300)?;
    rows.extend(compare(bench, "MNIST", bench.data, 30, 60)?);
    Ok(rows)
}

fn compare(bench: &Bench, name: &str, data: &Split, code: usize, epochs: usize) -> Result<Vec<Row>> {
    let config = Config { code, orthonormal: false, order: Order::None, decay: 0.0 };
    let mut model = config.build(&data.train, &mut generator(bench.seed, Purpose::Init, 0, 0))?;
    let (batch, learning_rate, schedule) = (256, 1e-2, Schedule::Cosine { floor: 0.0 });
    let plan = Plan { epochs, batch, learning_rate, schedule, ..Plan::default() };
    let what = format!("linear autoencoder on {name}");
    bench.train(&what, &mut Lesson::new(&mut model, data), plan, Adam::new(learning_rate))?;
    let pca = Pca::fit(data.train.x(), code);
    let ratio = mean_squared_error(&model, &data.test) / mean_squared_error(&pca, &data.test);
    let angle = largest_angle(&model.0.principal_directions(), &pca.components);
    Ok(vec![
        Row::new(format!("{name}, code {code}: test error / that of PCA"), ratio)
            .published(Published::Exactly(1.0))
            .margin(Margin::Within(1.0, 1e-3))
            .digits(5),
        Row::new(format!("{name}, code {code}: angle to the plane of PCA, rad"), angle)
            .published(Published::Exactly(0.0))
            .margin(Margin::AtMost(0.02))
            .digits(4),
    ])
}
