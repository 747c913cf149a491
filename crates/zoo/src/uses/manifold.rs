//! The manifold that a model has learnt: which directions its code follows, and how its decoder
//! stretches the space of codes.
//!
//! - The singular values of `J = ∂h/∂x` tell how many directions of the input a code `h` follows: a
//!   good representation follows few, those along the data, and contracts all others (Rifai et al.
//!   2011).
//! - The singular vectors that belong to the largest ones are those directions: tangents of the
//!   manifold, drawn as images (Rifai et al., *The Manifold Tangent Classifier*, 2011). The decoder has
//!   tangents of its own, which are always those of the surface it draws.
//! - The decoder carries distances between images back to codes: `‖dx̂‖² = dzᵀ G dz` with the *pull-back
//!   metric* `G(z) = Jᵀ J`, `J = ∂x̂/∂z`; `√det G` is the area that a unit of code covers (Bishop et al.
//!   1997; Arvanitidis et al. 2018).

use autograd::Tensor;
use nalgebra::{DMatrix, Dyn, SVD};
use nn::random::normal;
use nn::{Purpose, generator};

use crate::AnyModel;
use crate::data::sample;
use crate::evaluate::at_once;
use crate::graph::Part;

/// Jacobians computed together at most: one of 784 × 32 in single precision is 100 kB.
const BATCH: usize = 100;
/// Examples of which a Jacobian is taken where somebody just wants to see one: so many, or so few that all their entries
/// are no more than these, which takes seconds; but not fewer than the last.
const MOST: usize = 100;
const ENTRIES: usize = 4 << 20;
const FEWEST: usize = 4;

/// A sample of examples `[examples, features]` whose Jacobians take some seconds at most: 100, or fewer if they are
/// large. The same every time.
pub fn affordable(model: &dyn AnyModel, x: &Tensor<f32>) -> Tensor<f32> {
    let [examples, features] = [0, 1].map(|axis| x.shape()[axis]);
    let code = model.encode(&x.slice(0, ..examples.min(1))).shape()[1];
    let count = (ENTRIES / (code * features).max(1)).clamp(FEWEST, MOST);
    x.index_select(0, &sample(examples, None, count))
}

/// Whether the code changes in jumps, as that of a model does which takes the nearest of some points: wherever
/// it has a derivative, that is 0.
///
/// # Panics
/// If there are no examples.
#[track_caller]
pub fn changes_in_jumps(model: &dyn AnyModel, x: &Tensor<f32>) -> bool {
    assert!(x.shape()[0] > 0, "changes_in_jumps: no examples");
    model.record(Part::Encoder, &x.slice(0, ..1)).uses("straight_through")
}

/// Singular values of `∂h/∂x`, the largest first, for every example of `[examples, features]`:
/// `[examples, min(code, features)]`. All are 0 for a code that changes in jumps.
///
/// # Panics
/// If there are no examples.
#[track_caller]
pub fn spectra(model: &dyn AnyModel, x: &Tensor<f32>) -> Tensor<f64> {
    if changes_in_jumps(model, x) {
        let [examples, features] = [0, 1].map(|axis| x.shape()[axis]);
        return Tensor::zeros([examples, model.encode(x).shape()[1].min(features)]);
    }
    let rows = in_batches(x, |x| {
        let values = matrices(&model.encoder_jacobian(x)).map(|j| descending(&j.svd(false, false)));
        values.collect()
    });
    let width = rows.first().map_or(0, Vec::len);
    Tensor::from_vec([rows.len(), width], rows.concat())
}

/// The mean over examples of the k-th largest singular value, for every k: the curve of Rifai et al.
/// (2011), figure 3.
///
/// # Panics
/// If there are no examples.
#[track_caller]
pub fn mean_spectrum(model: &dyn AnyModel, x: &Tensor<f32>) -> Vec<f64> {
    assert!(x.shape()[0] > 0, "mean_spectrum: no examples");
    let spectra = spectra(model, x);
    let [examples, width] = [0, 1].map(|axis| spectra.shape()[axis]);
    spectra.sum_to([width]).to_vec().into_iter().map(|sum| sum / examples as f64).collect()
}

/// The fraction of pairs of unit and example with `h < margin` or `h > 1 − margin`, for the codes
/// `[examples, units]` of sigmoid units; a usual margin is 0.05. A saturated unit does not react to its
/// input.
pub fn saturation(codes: &Tensor<f32>, margin: f32) -> f64 {
    let saturated = |h: &&f32| **h < margin || **h > 1.0 - margin;
    codes.to_vec().iter().filter(saturated).count() as f64 / codes.len().max(1) as f64
}

/// A direction in the space of examples.
#[derive(Clone, Debug, PartialEq)]
pub struct Tangent {
    /// A unit vector of features, its largest entry positive.
    pub direction: Vec<f32>,
    /// The singular value of the Jacobian: what the code moves by when the example moves by 1 in this
    /// direction, or the example when the code moves by 1.
    pub strength: f64,
}

/// The `count` directions at a single example `[1, features]` to which the code reacts most, the
/// strongest first: right singular vectors of `∂h/∂x`.
///
/// They are tangents of the manifold if something has taught the encoder to ignore all else, as a
/// contractive penalty or noise on the input does. Without it the weights of pixels that never vary stay
/// as they were drawn, and can come first. A code that changes in jumps has none.
///
/// # Panics
/// If `x` is not one example.
#[track_caller]
pub fn tangents(model: &dyn AnyModel, x: &Tensor<f32>, count: usize) -> Vec<Tangent> {
    let shape = x.shape();
    assert!(matches!(shape, [1, _]), "tangents: one example [1, features] at a time, not {shape:?}");
    if changes_in_jumps(model, x) { vec![] } else { strongest(&model.encoder_jacobian(x), count) }
}

/// The `count` directions at a single code `[1, code]` in which the reconstruction moves most, the
/// strongest first: left singular vectors of `∂x̂/∂z`, which span the tangent plane of the decoder's
/// surface.
///
/// # Panics
/// If `z` is not one code.
#[track_caller]
pub fn decoder_tangents(model: &dyn AnyModel, z: &Tensor<f32>, count: usize) -> Vec<Tangent> {
    let shape = z.shape();
    assert!(matches!(shape, [1, _]), "decoder_tangents: one code [1, code] at a time, not {shape:?}");
    strongest(&model.decoder_jacobian(z).permute([0, 2, 1]), count)
}

/// The right singular vectors of `[1, code, features]` with the largest singular values.
fn strongest(jacobian: &Tensor<f32>, count: usize) -> Vec<Tangent> {
    let svd = matrices(jacobian).next().expect("one example").svd(false, true);
    let v_t = svd.v_t.as_ref().expect("it was asked for");
    let mut order: Vec<usize> = (0..svd.singular_values.len()).collect();
    order.sort_by(|&a, &b| svd.singular_values[b].total_cmp(&svd.singular_values[a]));
    let tangent = |&i: &usize| {
        let row = v_t.row(i);
        let sign = row.iter().fold(0.0, |m: f64, v| if v.abs() > m.abs() { *v } else { m }).signum();
        let direction = row.iter().map(|v| (v * sign) as f32).collect();
        Tangent { direction, strength: svd.singular_values[i] }
    };
    order.iter().take(count).map(tangent).collect()
}

/// The contraction ratio `‖h(x + δ) − h(x)‖ / ‖δ‖` for `δ` on a sphere of every radius, the mean over
/// examples and over `directions` random `δ` for each (Rifai et al. 2011, section 5.3). For small radii
/// its mean square is `‖J‖²_F / features`; a curve that rises with the radius shows that the code
/// contracts near the data and separates beyond.
///
/// # Panics
/// If there are no examples or directions, or a radius is not positive.
#[track_caller]
pub fn contraction_curve(
    model: &dyn AnyModel,
    x: &Tensor<f32>,
    radii: &[f64],
    directions: usize,
    seed: u64,
) -> Vec<f64> {
    let [examples, features] = [0, 1].map(|axis| x.shape()[axis]);
    assert!(
        examples > 0 && directions > 0,
        "contraction_curve: {examples} examples, {directions} directions"
    );
    let h = model.encode(x);
    let ratio = |&radius: &f64| {
        assert!(radius > 0.0, "contraction_curve: a sphere of radius {radius}");
        let mut sum = 0.0;
        for direction in 0..directions {
            // The same directions for every radius, so that the curve is smooth.
            let from = &mut generator(seed, Purpose::Evaluation, 0, direction as u64);
            let noise: Tensor<f64> = normal([examples, features], from);
            let lengths = noise.map(|n| n * n).sum_to([examples, 1]);
            let delta = noise.zip(&lengths, |n, l| radius * n / l.sqrt()).cast::<f32>();
            let moved = model.encode(&x.zip(&delta, |x, d| x + d));
            let squares = moved.zip(&h, |a, b| a - b).cast::<f64>().map(|d| d * d).sum_to([examples, 1]);
            sum += squares.to_vec().iter().map(|s| s.sqrt() / radius).sum::<f64>();
        }
        sum / (examples * directions) as f64
    };
    radii.iter().map(ratio).collect()
}

/// The pull-back metric `G(z) = Jᵀ J`, `J = ∂x̂/∂z`, at every code of `[batch, code]`:
/// `[batch, code, code]`.
pub fn pull_back_metric(model: &dyn AnyModel, z: &Tensor<f32>) -> Tensor<f64> {
    let width = z.shape()[1];
    let metrics = in_batches(z, |z| {
        let metric = |j: DMatrix<f64>| j.tr_mul(&j).as_slice().to_vec(); // symmetric: the order does not matter
        matrices(&model.decoder_jacobian(z)).map(metric).collect()
    });
    Tensor::from_vec([metrics.len(), width, width], metrics.concat())
}

/// The logarithm of the magnification, `ln √det G = Σₖ ln sₖ` with the singular values `s` of `∂x̂/∂z`, at
/// every code of `[batch, code]`. It is −∞ where the decoder ignores a direction.
pub fn log_magnification(model: &dyn AnyModel, z: &Tensor<f32>) -> Vec<f64> {
    in_batches(z, |z| {
        let volume = |j: DMatrix<f64>| {
            // A code wider than the data always has directions without effect.
            let flat = j.ncols() > j.nrows();
            if flat { f64::NEG_INFINITY } else { j.singular_values().iter().map(|s| s.ln()).sum() }
        };
        matrices(&model.decoder_jacobian(z)).map(volume).collect()
    })
}

/// The results for all rows, a few at a time.
fn in_batches<R>(rows: &Tensor<f32>, f: impl Fn(&Tensor<f32>) -> Vec<R>) -> Vec<R> {
    let count = rows.shape()[0];
    let part = |start: usize, size: usize| f(&rows.slice(0, start..count.min(start + size)));
    let batch = at_once(count, BATCH, |size| drop(part(0, size)));
    (0..count).step_by(batch).flat_map(|start| part(start, batch)).collect()
}

/// The matrices of `[batch, rows, columns]`, in double precision.
fn matrices(jacobians: &Tensor<f32>) -> impl Iterator<Item = DMatrix<f64>> + use<> {
    let [batch, rows, columns] = [0, 1, 2].map(|axis| jacobians.shape()[axis]);
    let values = jacobians.cast::<f64>().to_vec();
    (0..batch)
        .map(move |i| DMatrix::from_row_slice(rows, columns, &values[i * rows * columns..][..rows * columns]))
}

fn descending(svd: &SVD<f64, Dyn, Dyn>) -> Vec<f64> {
    let mut values: Vec<f64> = svd.singular_values.iter().copied().collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::models::pca::Pca;
    use crate::registry;
    use autograd::cost;
    use toml::Table;

    fn autoencoder() -> Box<dyn AnyModel> {
        untrained("ae")
    }

    fn untrained(name: &str) -> Box<dyn AnyModel> {
        let entry = registry::find(name).unwrap();
        let data = digits().train;
        entry.build(&entry.complete(&Table::new(), &data).unwrap(), &data, 0).unwrap()
    }

    #[test]
    fn a_code_that_jumps_follows_no_direction() {
        let model = &*untrained("vq-vae");
        let x = digits().test.x().slice(0, ..3);
        assert!(changes_in_jumps(model, &x) && tangents(model, &x.slice(0, ..1), 4).is_empty());
        assert_eq!(mean_spectrum(model, &x), vec![0.0; model.encode(&x).shape()[1].min(64)]);
        assert!(!changes_in_jumps(&*untrained("ae"), &x));
    }

    #[test]
    fn a_jacobian_takes_the_memory_of_a_few_rows() {
        let x = digits().test.x().slice(0, ..10);
        for name in ["sequence", "conv"] {
            let model = &*untrained(name);
            let (_, forward) = cost::peak_of(|| model.encode(&x));
            let (jacobian, bytes) = cost::peak_of(|| model.encoder_jacobian(&x));
            // Recorded, every row of the Jacobian would add the memory of a sweep.
            assert!(bytes < 4 * forward + 3 * 4 * jacobian.len(), "{name}: {bytes} after {forward}");
        }
    }

    #[test]
    fn large_jacobians_are_taken_of_fewer_examples() {
        let x = |features: usize| Tensor::from_fn([200, features], |i| (i as f32).sin());
        let taken = |features| affordable(&Pca::fit(&x(features), 50), &x(features)).shape()[0];
        assert_eq!([20, 2000].map(taken), [100, 41]);
    }

    #[test]
    fn pca_is_an_isometry_of_its_plane() {
        let data = digits();
        let pca = Pca::fit(data.train.x(), 5);
        let x = data.test.rows(&[0, 1, 2]);
        assert!(spectra(&pca, &x).to_vec().iter().all(|s| (s - 1.0).abs() < 1e-6));
        let metric = pull_back_metric(&pca, &pca.encode(&x));
        assert_eq!(metric.shape(), [3, 5, 5]);
        let identity = |(i, g): (usize, &f64)| (g - f64::from(i % 25 % 6 == 0)).abs() < 1e-6;
        assert!(metric.to_vec().iter().enumerate().all(identity));
        assert!(log_magnification(&pca, &pca.encode(&x)).iter().all(|m| m.abs() < 1e-6));
        // Its tangents span the components.
        for tangent in tangents(&pca, &x.slice(0, ..1), 5) {
            let direction = Tensor::from_vec([1, 64], tangent.direction);
            let within = direction.matmul(&pca.components.t()).map(|c| c * c).sum_to([]).item();
            assert!((within - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn spectrum_norm_and_contraction_agree() {
        let (model, data) = (autoencoder(), digits());
        let x = data.test.x().slice(0, ..20);
        let squares: f64 = spectra(&*model, &x).to_vec().iter().map(|s| s * s).sum::<f64>() / 20.0;
        let entries = model.encoder_jacobian(&x).to_vec();
        let norm = entries.iter().map(|j| f64::from(j * j)).sum::<f64>() / 20.0;
        assert!((squares - norm).abs() < 1e-5 * norm, "{squares} {norm}");
        let spectrum = mean_spectrum(&*model, &x);
        assert!(spectrum.len() == 8 && spectrum.is_sorted_by(|a, b| a >= b));
        let curve = contraction_curve(&*model, &x, &[0.1, 0.2, 20.0], 20, 1);
        assert!((curve[0] - (norm / 64.0).sqrt()).abs() < 0.05 * curve[0], "{curve:?} {norm}");
        assert!(curve[2] < 0.9 * curve[0], "far away tanh saturates: {curve:?}");
    }

    #[test]
    fn the_code_reacts_most_along_the_first_tangent() {
        let (model, data) = (autoencoder(), digits());
        let x = data.test.rows(&[5]);
        let h = model.encode(&x);
        let found = tangents(&*model, &x, 3);
        for tangent in &found {
            let step = Tensor::from_vec([1, 64], tangent.direction.iter().map(|d| d * 1e-2).collect());
            let moved = model.encode(&x.zip(&step, |x, s| x + s));
            let change = moved.zip(&h, |a, b| (a - b) / 1e-2).map(|d| d * d).sum_to([]).item().sqrt();
            assert!((f64::from(change) - tangent.strength).abs() < 0.02 * tangent.strength);
        }
        for tangent in decoder_tangents(&*model, &h, 8) {
            // Along a left singular vector u, Jᵀ u has the length of the singular value.
            let u = Tensor::from_vec([1, 64], tangent.direction)
                .matmul(&model.decoder_jacobian(&h).reshape([64, 8]));
            let length = f64::from(u.map(|u| u * u).sum_to([]).item()).sqrt();
            assert!((length - tangent.strength).abs() < 1e-4 * tangent.strength);
        }
        assert!(found.is_sorted_by(|a, b| a.strength >= b.strength));
    }

    #[test]
    fn saturation_counts_both_ends() {
        let h = Tensor::from_vec([2, 3], vec![0.01, 0.5, 0.99, 0.06, 0.94, 0.04]);
        assert_eq!(saturation(&h, 0.05), 0.5);
    }
}
