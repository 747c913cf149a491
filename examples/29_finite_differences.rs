//! Why a derivative is not checked with one short secant: its error against the step, and what
//! extrapolation makes of it.
//!
//! A central difference of `tanh(x²)` at 0.7 is compared with the tape. With large steps the secant is not
//! the tangent; with small ones the difference of two nearly equal numbers is mostly rounding. You should
//! see the best step of each method, and that extrapolation is more exact with a longer one. Run it with a
//! folder for the picture, or find that in `target/examples`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use autograd::Tape;
use zoo::plot::{Series, curves, png};

fn main() -> Result<(), Box<dyn Error>> {
    let tape = Tape::new();
    let x = tape.var(0.7);
    let exact = (x * x).tanh().backward().wrt(x).item();

    let f = |x: f64| (x * x).tanh();
    let central = |h: f64| (f(0.7 + h) - f(0.7 - h)) / (2.0 * h);
    // The error of `D(h)` is `c h² + …`, which this combination has no more (Richardson 1911).
    let extrapolated = |h: f64| (4.0 * central(h / 2.0) - central(h)) / 3.0;
    let digits = |slope: f64| (slope / exact - 1.0).abs().max(1e-16).log10();

    let exponents = (0..=44).map(|k| -12.0 + 0.25 * f64::from(k));
    let series = |name: &str, slope: &dyn Fn(f64) -> f64| Series {
        name: name.into(),
        points: exponents.clone().map(|e| (e, digits(slope(10.0_f64.powf(e))))).collect(),
    };
    let drawn = [series("central difference", &central), series("extrapolated", &extrapolated)];
    for Series { name, points } in &drawn {
        let best = points.iter().copied().min_by(|a, b| a.1.total_cmp(&b.1)).ok_or("there are points")?;
        println!("{name}: best with h = 10^{}, where the relative error is 10^{:.0}", best.0, best.1);
    }
    assert!(digits(central(1e-5)) < -9.0 && digits(extrapolated(1e-2)) < digits(central(1e-2)) - 2.0);

    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    let title = "Error of a finite difference against its step\nd tanh(x²)/dx at 0.7, logarithms to base 10";
    let picture = curves(title, "log₁₀ h", "log₁₀ of the relative error", &drawn, &[]);
    fs::write(folder.join("29_finite_differences.png"), png(&picture))?;
    println!("drawn in {}", folder.display());
    Ok(())
}
