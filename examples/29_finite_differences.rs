//! Why a derivative is not checked with one short secant: its error against the step, and what
//! extrapolation makes of it.
//!
//! Central differences of `tanh(x²)` at 1001 places around 0.7 are compared with the tape. With large steps the secant is
//! not the tangent; with small ones the difference of two nearly equal numbers is mostly rounding. At a single place the
//! rounding may happen to be small, so what is shown is the median of the errors. You should see the best step of each
//! method, and that extrapolation is more exact with a longer one. Run it with a folder for the picture, or find that in
//! `target/examples`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use autograd::Tape;
use zoo::plot::{Series, curves, png};

fn main() -> Result<(), Box<dyn Error>> {
    // The places, and the derivative at each by the tape.
    let slope = |x: f64| {
        let tape = Tape::new();
        let x = tape.var(x);
        (x * x).tanh().backward().wrt(x).item()
    };
    let places: Vec<(f64, f64)> =
        (-500..=500).map(|k| 0.7 + 1e-5 * f64::from(k)).map(|x| (x, slope(x))).collect();

    let f = |x: f64| (x * x).tanh();
    let central = |x: f64, h: f64| (f(x + h) - f(x - h)) / (2.0 * h);
    // The error of `D(h)` is `c h² + …`, which this combination has no more (Richardson 1911).
    let extrapolated = |x: f64, h: f64| (4.0 * central(x, h / 2.0) - central(x, h)) / 3.0;
    // Decimal logarithm of the median of the relative errors with a step.
    let digits = |method: &dyn Fn(f64, f64) -> f64, h: f64| {
        let mut errors: Vec<f64> =
            places.iter().map(|&(x, exact)| (method(x, h) / exact - 1.0).abs()).collect();
        errors.sort_by(f64::total_cmp);
        errors[errors.len() / 2].max(1e-16).log10()
    };

    let exponents = (0..=44).map(|k| -12.0 + 0.25 * f64::from(k));
    let series = |name: &str, method: &dyn Fn(f64, f64) -> f64| Series {
        name: name.into(),
        points: exponents.clone().map(|e| (e, digits(method, 10.0_f64.powf(e)))).collect(),
    };
    let drawn = [series("central difference", &central), series("extrapolated", &extrapolated)];
    for Series { name, points } in &drawn {
        let best = points.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1)).ok_or("there are points")?;
        println!(
            "{name}: best with h = 10^{}, where the median of the relative errors is 10^{:.0}",
            best.0, best.1
        );
    }
    assert!(digits(&central, 1e-5) < -9.0 && digits(&extrapolated, 1e-2) < digits(&central, 1e-2) - 2.0);

    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    let title = "Error of a finite difference against its step\nd tanh(x²)/dx around 0.7, median of 1001 places, logarithms to base 10";
    let picture = curves(title, "log₁₀ h", "log₁₀ of the relative error", &drawn, &[]);
    fs::write(folder.join("29_finite_differences.png"), png(&picture))?;
    println!("drawn in {}", folder.display());
    Ok(())
}
