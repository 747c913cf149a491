//! The pictures of a run.

use autograd::Tensor;
use nn::{Context, Dataset};

use crate::data::sample;
use crate::evaluate::in_batches;
use crate::models::pca::Pca;
use crate::plot::{self, Pair, Picture, Series, Size};
use crate::train::Epoch;
use crate::{AnyModel, Unit};

/// Points in a code map: more would hide each other.
const MOST_POINTS: usize = 3000;

/// Input and reconstruction of the test images that are reconstructed best, typically and worst.
/// `None` if the examples are not images.
pub fn reconstructions(
    caption: &str,
    model: &dyn AnyModel,
    data: &Dataset,
    errors: &[f64],
) -> Option<Picture> {
    let title = format!("Reconstructions of test images\n{caption}");
    Some(reconstructions_titled(&title, model, data, errors, size(data)?))
}

/// The same of examples that are images of this size, grey or with colours, under any title.
pub fn reconstructions_titled(
    title: &str,
    model: &dyn AnyModel,
    data: &Dataset,
    errors: &[f64],
    size: Size,
) -> Picture {
    const SHOWN: usize = 10;
    let pictures = ranked(errors, SHOWN).map(|(name, numbers)| {
        let x = data.rows(&numbers);
        let x_hat = in_batches(&x, |x| model.decode(&model.encode(x)));
        (name, rows(&x), rows(&x_hat), numbers)
    });
    let groups: Vec<(&str, Vec<Pair>)> = pictures
        .iter()
        .map(|(name, inputs, outputs, numbers)| {
            let pair = |(i, &number): (usize, &usize)| Pair {
                input: &inputs[i],
                output: &outputs[i],
                error: errors[number],
            };
            (*name, numbers.iter().enumerate().map(pair).collect())
        })
        .collect();
    plot::reconstructions(title, size, &groups)
}

/// The examples with the least, the middle and the largest errors, each list in rising order but the last,
/// which begins with the worst.
pub(crate) fn ranked(errors: &[f64], shown: usize) -> [(&'static str, Vec<usize>); 3] {
    let mut order: Vec<usize> = (0..errors.len()).collect();
    order.sort_by(|&a, &b| errors[a].total_cmp(&errors[b]));
    let shown = shown.min(order.len());
    let middle = (order.len() - shown) / 2;
    let worst = order.iter().rev().take(shown).copied().collect();
    [("best", order[..shown].to_vec()), ("median", order[middle..middle + shown].to_vec()), ("worst", worst)]
}

/// The loss during training: in all, and by term where there are several. A squared error is shown
/// beside that of PCA. `data` are the test examples.
pub fn loss(caption: &str, epochs: &[Epoch], pca: (usize, f64), data: &Dataset) -> Option<Picture> {
    let references = match epochs.first()?.judged().unit {
        // Without an error PCA has no place on an axis of logarithms.
        Unit::SquaredError if pca.1 < 1e-9 => vec![],
        Unit::SquaredError => vec![(format!("PCA-{} {:.3}", pca.0, pca.1), pca.1)],
        Unit::Error | Unit::Nats => vec![],
    };
    let example = if data.schema().as_image().is_some() { "img" } else { "row" };
    loss_beside(caption, epochs, "test", example, &references)
}

/// The same beside other references, each a name and its loss. The loss of an `example` is shown, and what is not learnt
/// from is called `held_out`.
pub fn loss_beside(
    caption: &str,
    epochs: &[Epoch],
    held_out: &str,
    example: &str,
    references: &[(String, f64)],
) -> Option<Picture> {
    let first = epochs.first()?;
    let mut series = vec![
        curve("train".into(), epochs, |epoch| epoch.train.total()),
        curve(held_out.into(), epochs, |epoch| epoch.judged().total()),
    ];
    if first.judged().values.len() > 1 {
        for (i, (name, _)) in first.judged().values.iter().enumerate() {
            series.push(curve(format!("{held_out} {name}"), epochs, |epoch| epoch.judged().values[i].1));
        }
    }
    let title = format!("Loss during training\n{caption}");
    Some(plot::curves(&title, "epoch", &first.judged().unit.per(example), &series, references))
}

fn curve(name: String, epochs: &[Epoch], y: impl Fn(&Epoch) -> f64) -> Series {
    Series { name, points: epochs.iter().map(|epoch| (epoch.number as f64, y(epoch))).collect() }
}

/// Where the test examples lie in the space of codes, coloured by label. Classes may have names.
pub fn code_map(caption: &str, codes: &Tensor<f32>, data: &Dataset, names: &[String]) -> Picture {
    let what = if data.schema().as_image().is_some() { "images" } else { "rows" };
    codes_titled(&format!("Codes of test {what}\n{caption}"), codes, data.labels(), names)
}

/// The same of any codes `[examples, code]`, under any title.
///
/// # Panics
/// If there are labels, but not one for each code.
#[track_caller]
pub fn codes_titled(title: &str, codes: &Tensor<f32>, labels: Option<&[u32]>, names: &[String]) -> Picture {
    let shown = sample(codes.shape()[0], labels, MOST_POINTS);
    let (x, y) = match codes.shape()[1] {
        1 => ("code", ""),
        2 => ("first code", "second code"),
        _ => ("first principal component of the codes", "second principal component"),
    };
    let points = plane(codes, &shown);
    let labels: Option<Vec<u32>> = labels.map(|labels| shown.iter().map(|&number| labels[number]).collect());
    plot::code_map(title, x, y, &points, labels.as_deref(), names)
}

/// The codes with these numbers in a plane: as they are, or along the two principal axes. These are the axes of all codes,
/// however many are shown, so that no picture of them is another's mirror image.
pub(crate) fn plane(codes: &Tensor<f32>, shown: &[usize]) -> Vec<[f32; 2]> {
    let some = codes.index_select(0, shown);
    let plane = if codes.shape()[1] > 2 { Pca::fit(codes, 2).encode(&some) } else { some };
    let point = |row: Vec<f32>| [row[0], row.get(1).copied().unwrap_or(0.0)];
    rows(&plane).into_iter().map(point).collect()
}

/// New examples: decoded draws from the model's prior. `None` if it has none, or the examples are not
/// images.
pub fn samples(caption: &str, model: &dyn AnyModel, data: &Dataset, seed: u64) -> Option<Picture> {
    let numbers: Vec<usize> = (0..100).collect();
    let z = model.sample(Context::sampling(seed, &numbers))?;
    let images = rows(&in_batches(&z, |z| model.decode(z)));
    let title = format!("Samples from the prior\n{caption}");
    Some(plot::image_grid(&title, size(data)?, 10, &images, None))
}

/// Decoded codes on a regular grid over the plane in which the codes of the test examples vary most,
/// around their mean. `None` if the examples are not images.
pub fn manifold(caption: &str, model: &dyn AnyModel, data: &Dataset, codes: &Tensor<f32>) -> Option<Picture> {
    const STEPS: usize = 15;
    const REACH: f32 = 2.5;
    let size = size(data)?;
    let width = codes.shape()[1];
    let step = |i: usize| REACH * (2.0 * i as f32 / (STEPS - 1) as f32 - 1.0);
    // The first row shows the largest second coordinate.
    let place = |i: usize| [step(i % STEPS), step(STEPS - 1 - i / STEPS)];
    let (z, names) = if width == 2 {
        let z = Tensor::from_fn([STEPS * STEPS, 2], |i| place(i / 2)[i % 2]);
        (z, ("first code, −2.5 to 2.5", "second code, −2.5 to 2.5"))
    } else {
        let pca = Pca::fit(codes, 2);
        let along = pca.encode(codes);
        let deviation: Vec<f32> = rows(&along.t()).iter().map(|column| rms(column)).collect();
        let kept = deviation.len();
        let plane =
            Tensor::from_fn([STEPS * STEPS, kept], |i| place(i / kept)[i % kept] * deviation[i % kept]);
        let names = ("first principal component of the codes, ±2.5 σ", "second principal component, ±2.5 σ");
        (pca.decode(&plane), names)
    };
    let title = format!("The latent manifold, decoded\n{caption}");
    Some(plot::image_grid(&title, size, STEPS, &rows(&in_batches(&z, |z| model.decode(z))), Some(names)))
}

fn rms(values: &[f32]) -> f32 {
    (values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32).sqrt()
}

fn size(data: &Dataset) -> Option<Size> {
    data.schema()
        .as_image()
        .filter(|image| [1, 3].contains(&image[0]))
        .map(|[_, height, width]| Size { height, width })
}

fn rows(x: &Tensor<f32>) -> Vec<Vec<f32>> {
    x.to_vec().chunks(x.shape()[1].max(1)).map(<[f32]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_ranked_by_their_error() {
        let [best, median, worst] = ranked(&[3.0, 1.0, 2.0, 5.0, 4.0], 2).map(|group| group.1);
        assert_eq!((best, median, worst), (vec![1, 2], vec![2, 0], vec![3, 4]));
        assert_eq!(ranked(&[1.0], 10).map(|group| group.1.len()), [1, 1, 1]);
    }

    #[test]
    fn pictures_of_some_codes_and_of_all_have_the_same_axes() {
        for width in [1, 2, 5] {
            // The first vary in other directions than all.
            let codes = Tensor::from_fn([40, width], |i| {
                let (row, column) = ((i / width) as f32, (i % width) as f32);
                (row * (column + 1.0)).sin() * if row < 6.0 { column - 2.0 } else { 4.0 - column }
            });
            let [few, all] = [6, 40].map(|shown| plane(&codes, &Vec::from_iter(0..shown)));
            assert_eq!((few.len(), all.len()), (6, 40));
            for (a, b) in few.iter().zip(&all) {
                assert!((a[0] - b[0]).hypot(a[1] - b[1]) < 1e-4, "width {width}: {a:?} {b:?}");
            }
        }
    }
}
