//! Axes: which numbers to write, and where.

/// A scale with its ticks.
pub(crate) struct Axis {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) log: bool,
    /// Values and what to write beside them, in rising order.
    pub(crate) ticks: Vec<(f64, String)>,
}

/// Values with which differences and squares stay finite.
pub(crate) fn usable(value: f64) -> bool {
    value.is_finite() && value.abs() < 1e100
}

/// Smallest and largest usable value; `None` if there is none.
pub(crate) fn range(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let grow = |(low, high): (f64, f64), v| (low.min(v), high.max(v));
    values.into_iter().filter(|&v| usable(v)).map(|v| (v, v)).reduce(|range, (v, _)| grow(range, v))
}

impl Axis {
    /// A linear scale over `[low, high]` with about `wanted` ticks at multiples of 1, 2 or 5 times a power of
    /// ten. `whole` forbids ticks between integers, for things one counts.
    pub(crate) fn linear(low: f64, high: f64, wanted: usize, whole: bool) -> Axis {
        let (low, high) = widened(low, high);
        let step = step((high - low) / wanted.max(1) as f64).max(if whole { 1.0 } else { 0.0 });
        // A whole multiple of the step each time: adding steps would add their rounding errors too.
        let ticks = (0..1000)
            .map(|i| ((low / step - 1e-9).ceil() + f64::from(i)) * step)
            .take_while(|&tick| tick <= high + 1e-9 * step)
            .map(|tick| (tick, number(tick, step)))
            .collect();
        Axis { low, high, log: false, ticks }
    }

    /// A logarithmic scale over positive `[low, high]`: ticks at powers of ten, and at 2 and 5 times them while
    /// that is not too many.
    pub(crate) fn log(low: f64, high: f64) -> Axis {
        let decades = (high / low).log10();
        let factors: &[f64] = if decades <= 3.2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let every = (decades / 10.0).ceil().max(1.0) as usize;
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let ticks = (first..=last)
            .step_by(every)
            .flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)))
            .filter(|tick| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(tick))
            .map(|tick| (tick, number(tick, tick)))
            .collect();
        Axis { low, high, log: true, ticks }
    }

    /// Where a value lies: 0 at the low end, 1 at the high end.
    pub(crate) fn position(&self, value: f64) -> f32 {
        let scale = |v: f64| if self.log { v.log10() } else { v };
        ((scale(value) - scale(self.low)) / (scale(self.high) - scale(self.low))) as f32
    }
}

/// A single value, or values that differ by rounding only, still deserve an axis.
fn widened(low: f64, high: f64) -> (f64, f64) {
    let least = (1e-6 * low.abs().max(high.abs())).max(1e-30);
    if high - low >= least {
        return (low, high);
    }
    let half = if low == 0.0 { 0.5 } else { (0.1 * low.abs()).max(1e-30) };
    (low - half, high + half)
}

/// The smallest of 1, 2, 5, 10, 20, … (and 0.1, 0.2, 0.5, …) that is at least `least`.
fn step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|m| m * power)
        .find(|&s| s >= least * (1.0 - 1e-9))
        .unwrap_or(10.0 * power)
}

/// Writes a tick: as many decimals as its step needs, a power of ten where zeros would be counted.
fn number(value: f64, step: f64) -> String {
    if value.abs() < step * 1e-6 {
        return "0".to_owned();
    }
    let exponent = value.abs().log10().floor() as i32;
    let fine = (step * (1.0 + 1e-9)).log10().floor() as i32;
    let text = if exponent >= 6 || fine <= -5 {
        let exponent = if exponent < fine { fine } else { exponent };
        let mantissa = value / 10f64.powi(exponent);
        let digits = format!("{mantissa:.*}", (exponent - fine).max(0) as usize);
        if digits == "1" { power(exponent) } else { format!("{digits}×{}", power(exponent)) }
    } else {
        format!("{value:.*}", (-fine).max(0) as usize)
    };
    text.replace('-', "−")
}

/// `10⁶`.
fn power(exponent: i32) -> String {
    let raised = |c: char| match c {
        '-' => '⁻',
        digit => ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][digit as usize - '0' as usize],
    };
    std::iter::once("10".to_owned()).chain(exponent.to_string().chars().map(|c| raised(c).into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn linear_ticks_are_round_and_evenly_spaced() {
        let axis = Axis::linear(1.43, 3.12, 6, false);
        assert_eq!(labels(&axis), ["1.5", "2.0", "2.5", "3.0"]);
        assert_eq!(labels(&Axis::linear(-1.0, 1.0, 4, false)), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
        assert_eq!(labels(&Axis::linear(0.0, 100.0, 5, true)), ["0", "20", "40", "60", "80", "100"]);
        assert_eq!(axis.position(1.43), 0.0);
        assert_eq!(axis.position(3.12), 1.0);
    }

    #[test]
    fn counted_things_have_no_halves() {
        assert_eq!(labels(&Axis::linear(0.0, 3.0, 10, true)), ["0", "1", "2", "3"]);
        assert_eq!(labels(&Axis::linear(1.0, 1.0, 10, true)), ["1"]);
    }

    #[test]
    fn log_ticks_sit_at_powers() {
        assert_eq!(labels(&Axis::log(0.01, 1e3)), ["0.01", "0.1", "1", "10", "100", "1000"]);
        assert_eq!(labels(&Axis::log(1.0, 300.0)), ["1", "2", "5", "10", "20", "50", "100", "200"]);
        assert_eq!(labels(&Axis::log(1e-7, 1e-3)), ["10⁻⁷", "10⁻⁶", "10⁻⁵", "0.0001", "0.001"]);
        assert!((Axis::log(1.0, 1e4).position(100.0) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn extreme_ranges_still_have_sane_axes() {
        for (low, high) in
            [(0.0, 0.0), (5.0, 5.0), (-3e-9, -3e-9), (1e9, 1e9 + 1e-3), (-1e99, 1e99), (0.0, 1e-40)]
        {
            let axis = Axis::linear(low, high, 6, false);
            assert!((1..=13).contains(&axis.ticks.len()), "{low} to {high}: {:?}", axis.ticks);
            assert!(axis.ticks.iter().all(|&(v, _)| (-0.01..1.01).contains(&axis.position(v))));
            assert!(labels(&axis).iter().all(|label| label.chars().count() < 16), "{:?}", axis.ticks);
        }
        assert!(Axis::log(1e-90, 1e90).ticks.len() < 15);
        assert_eq!(range([f64::NAN, 2.0, f64::INFINITY, -1.0]), Some((-1.0, 2.0)));
        assert_eq!(range([f64::NAN]), None);
    }
}
