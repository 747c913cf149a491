//! Densities, divergences and determinants at the ends of their range, where a careless formula is `0 · ∞` or `∞ − ∞`:
//! values and gradients, in both precisions.

use autograd::{Name, Real, Tape, Tensor, Tree, Var};
use nn::{Dataset, Purpose, generator};
use zoo::Likelihood;
use zoo::densities::Head;
use zoo::flows::planar;
use zoo::mixture::GaussianMixture;
use zoo::models::wae::mmd;
use zoo::terms;

const INF: f64 = f64::INFINITY;
const LN_2_PI: f64 = 1.8378770664093456;

/// A function of rows `[1, n]`.
type Function<T> = for<'t> fn(&[Var<'t, T>]) -> Var<'t, T>;

/// A name, its function, the elements of its inputs, the value, the gradient.
struct Line<T: Real>(&'static str, Function<T>, Vec<Vec<f64>>, f64, Vec<f64>);

fn line<T: Real>(
    name: &'static str,
    f: Function<T>,
    inputs: &[&[f64]],
    value: f64,
    gradient: Vec<f64>,
) -> Line<T> {
    Line(name, f, inputs.iter().map(|x| x.to_vec()).collect(), value, gradient)
}

fn lines<T: Real>() -> Vec<Line<T>> {
    let mut lines = vec![];
    for s in [-1e30, -1000.0, -200.0, -100.0, 0.0, 80.0, 120.0, 1e30] {
        for d in [0.0, -1e-30, 1.0, 1e18, -1e30] {
            // Of a number of the type, as the function sees it.
            let d = T::of(d).as_f64();
            let [square, slope] = [d * d, d].map(|d| if d == 0.0 { 0.0 } else { d * f64::exp(-s) });
            let by_s = 0.5 * (square - 1.0);
            lines.push(line(
                "ln_gaussian",
                |x| terms::ln_gaussian(x[0], x[1], x[2]),
                &[&[d], &[0.0], &[s]],
                -0.5 * (square + s + LN_2_PI),
                vec![-slope, slope, by_s],
            ));
        }
    }
    // Of s: (eˢ − 1 − s) / 2 and (eˢ − 1) / 2 by an exact program; one latent of 3 adds 9/2.
    for (s, value, slope) in [
        (0.0, 0.0, 0.0),
        (0.0009765625, 2.384962082676214e-7, 0.0004885197462082676),
        (-0.0001220703125, 3.725_138_720_637_435e-9, -6.103_143_111_127_936e-5),
        (-20.0, 9.500_000_001_030_577, -0.499_999_998_969_423_2),
        (80.0, 2.770_311_192_196_755e34, 2.770_311_192_196_755e34),
        (-1e30, 5e29, -0.5),
        (INF, INF, INF),
        (-INF, INF, -0.5),
    ] {
        let f: Function<T> = |x| terms::gaussian_kl(x[0], x[1]);
        lines.push(line("gaussian_kl", f, &[&[0.0], &[s]], value, vec![0.0, slope]));
        lines.push(line("gaussian_kl, far", f, &[&[3.0], &[s]], value + 4.5, vec![3.0, slope]));
        let f: Function<T> = |x| terms::gaussian_kl_by_latent(x[0], x[1]).sum();
        lines.push(line("gaussian_kl_by_latent", f, &[&[0.0], &[s]], value, vec![0.0, slope]));
    }
    let f: Function<T> = |x| terms::ln_standard_normal(x[0]).sum();
    lines.push(line("ln_standard_normal", f, &[&[0.0, 1e18]], -5e35, vec![-0.0, -1e18]));
    let f: Function<T> = |x| terms::ln_mean_exp(x[0]).sum();
    lines.push(line("ln_mean_exp", f, &[&[-INF, -INF]], -INF, vec![0.0, 0.0]));
    lines.push(line("ln_mean_exp", f, &[&[1e30, -1e30]], 1e30, vec![1.0, 0.0]));
    lines.push(line("ln_mean_exp", f, &[&[-1e4, -INF]], -1e4 - 2.0_f64.ln(), vec![1.0, 0.0]));
    let f: Function<T> = |x| Likelihood::ContinuousBernoulli.mean(x[0]).sum();
    for (logit, value, slope) in [
        (0.0, 0.5, 1.0 / 12.0),
        (1e-30, 0.5, 1.0 / 12.0),
        (100.0, 0.99, 1e-4),
        (-100.0, 0.01, 1e-4),
        (1e30, 1.0, 0.0),
        (-1e30, 0.0, 0.0),
        (INF, 1.0, 0.0),
        (-INF, 0.0, 0.0),
    ] {
        lines.push(line("mean of the continuous Bernoulli", f, &[&[logit]], value, vec![slope]));
    }
    let f: Function<T> = |x| terms::bernoulli_kl(0.0, x[0]);
    lines.push(line("bernoulli_kl of 0", f, &[&[0.0, 0.5]], 1e-6 + 5e-13 + 2.0_f64.ln(), vec![0.0, 2.0]));
    let f: Function<T> = |x| terms::bernoulli_kl(1.0, x[0]);
    lines.push(line("bernoulli_kl of 1", f, &[&[0.0, 0.5]], 1e6_f64.ln() + 2.0_f64.ln(), vec![0.0, -2.0]));
    // u wᵀ = −60, so the determinant at 0 is softplus(−60 + ln(e − 1)) = e^(−60 + 0.541…).
    let c = (std::f64::consts::E - 1.0).ln();
    let f: Function<T> = |x| {
        let b = x[0].tape().constant(Tensor::zeros([1, 1]));
        planar(x[0], x[1], x[2], b).1.sum()
    };
    lines.push(line(
        "planar",
        f,
        &[&[0.0, 0.0], &[-60.0, 0.0], &[1.0, 0.0]],
        c - 60.0,
        vec![0.0, 0.0, 1.0, 0.0, -60.0, 0.0],
    ));
    let slope = 1.0 - (-1.0_f64).exp(); // of the softplus at ln(e − 1)
    lines.push(line(
        "planar, w = 0",
        f,
        &[&[0.3, 0.1], &[2.0, 1.0], &[0.0, 0.0]],
        0.0,
        vec![0.0, 0.0, 0.0, 0.0, 2.0 * slope, slope],
    ));
    lines
}

fn check<T: Real>(largest: f64) {
    for Line(name, f, inputs, value, gradient) in lines::<T>() {
        let tape = Tape::<T>::new();
        let row = |x: &Vec<f64>| Tensor::from_vec([1, x.len()], x.iter().map(|&x| T::of(x)).collect());
        let x: Vec<Var<T>> = inputs.iter().map(|x| tape.var(row(x))).collect();
        let y = f(&x);
        let given = y.backward();
        let given = x.iter().flat_map(|&x| given.wrt(x).to_vec()).map(T::as_f64);
        for (ours, exact) in
            [y.item().as_f64()].into_iter().chain(given).zip([value].into_iter().chain(gradient))
        {
            let beyond = exact.abs() > largest && ours == exact.signum() * INF;
            let close = (ours - exact).abs() <= 256.0 * T::EPSILON.as_f64() * exact.abs() + 1e-38;
            // A sum of terms that nearly cancel, one of which is near 1.
            let rounded = name != "gaussian_kl" && (ours - exact).abs() <= 8.0 * T::EPSILON.as_f64();
            assert!(beyond || close || rounded, "{name} of {inputs:?}: {ours:e} for {exact:e}");
        }
    }
}

#[test]
fn terms_are_right_at_the_ends_of_their_range() {
    check::<f32>(f32::MAX.into());
    check::<f64>(f64::MAX);
}

#[test]
fn no_head_makes_nan_of_any_output() {
    let data = Dataset::new(Tensor::from_fn([6, 3], |i| (i % 2) as f32));
    for density in [
        Likelihood::Bernoulli,
        Likelihood::ContinuousBernoulli,
        Likelihood::FixedGaussian,
        Likelihood::Gaussian,
        Likelihood::GaussianPerPixel,
        Likelihood::DiscretizedLogistic,
        Likelihood::Ordinal,
        Likelihood::NegativeBinomial,
        Likelihood::ZeroInflated,
    ] {
        for scale in [0.0, 1e3, -1e12] {
            let head = Head::new(density, &data).unwrap();
            let output = head.output_for_mean(&data).expand([6, head.parameters()]);
            let output = output.map(|w| scale * w);
            let (loss, gradient) = autograd::value_and_grad(&(output, head), |(output, head), _| {
                head.nll(output, output.tape().constant(data.x())).mean()
            });
            assert!(loss.is_finite(), "{density:?}, {scale:e}: {loss}");
            gradient.map(Name::Root, &mut |_, g: &Tensor<f32>| {
                assert!(g.to_vec().iter().all(|g| g.is_finite()), "{density:?}, {scale:e}: {:?}", g.to_vec());
                g.clone()
            });
        }
    }
}

#[test]
fn the_density_of_a_mixture_is_a_number_wherever_a_point_is() {
    let points = Tensor::from_fn([20, 2], |i| (i as f32 * 0.7).sin());
    let mixture = GaussianMixture::fit(&points, 2, 0).unwrap();
    let far = Tensor::from_vec([3, 2], vec![0.0, 0.0, 1e4, -1e4, 3e38, 3e38]);
    let densities = mixture.log_density(&far);
    assert!(densities.iter().all(|d| d.is_finite()) && densities.is_sorted_by(|a, b| a > b), "{densities:?}");
    assert!(mixture.log_density(&Tensor::full([1, 2], f64::NAN))[0].is_nan());
}

#[test]
fn the_discrepancy_of_samples_does_not_depend_on_where_they_are() {
    let sample = |seed| nn::random::normal::<f32>([30, 2], &mut generator(seed, Purpose::Noise, 0, 0));
    let (a, b) = (sample(0), sample(1));
    let at = |shift: f32| {
        let tape = Tape::<f32>::new();
        let [a, b] = [&a, &b].map(|x| tape.constant(x.map(|x| x + shift)));
        mmd(a, b).item()
    };
    // The shift itself costs digits of the codes: 1e3 leaves four after the point.
    assert!((at(1e3) - at(0.0)).abs() < 1e-2, "{} {}", at(1e3), at(0.0));
    let tape = Tape::<f32>::new();
    let far = mmd(tape.constant(a.map(|x| x + 1e6)), tape.constant(&b)).item();
    assert!((0.0..20.0).contains(&far), "{far}");
}
