//! How errors and codes are distributed.

use maud::{Markup, html};

use super::Found;
use super::chart::Bars;
use super::html::section as framed;
use crate::plot::axis::{range, usable};

/// The most intervals of a histogram.
const MOST_BINS: usize = 40;
/// Latents with a histogram each.
const MOST_LATENTS: usize = 8;

pub(super) fn section(found: &Found) -> Markup {
    let [examples, code] = [0, 1].map(|axis| found.codes.shape()[axis]);
    let values: Vec<f64> = found.codes.to_vec().into_iter().map(f64::from).collect();
    let column = |j: usize| values.iter().skip(j).step_by(code).copied().collect::<Vec<_>>();
    let shown = code.min(MOST_LATENTS);
    let more = if shown < code {
        format!(" The first {shown} of {code} numbers of the code.")
    } else {
        String::new()
    };
    let caption = html! { "Counts of " (examples) " test examples." (more) };
    let body = html! {
        h3 { "squared error of an example" }
        (bars(&found.errors, "SSE"))
        h3 { "numbers of the code" }
        div.small-multiples {
            @for j in 0..shown {
                @let column = column(j);
                figure {
                    (bars(&column, ""))
                    figcaption { "z" sub { (j + 1) } ", " (moments(&column)) }
                }
            }
        }
    };
    framed("histograms", "Errors and codes", caption, body)
}

/// A histogram. Values that are no numbers are left out.
fn bars(values: &[f64], label: &str) -> Markup {
    let (low, high) = range(values.iter().copied()).unwrap_or((0.0, 1.0));
    let high = if high > low { high } else { low + 1.0 };
    let bins = bins(values.len());
    let width = (high - low) / bins as f64;
    let mut heights = vec![0.0; bins];
    for &value in values.iter().filter(|&&value| usable(value)) {
        heights[(((value - low) / width) as usize).min(bins - 1)] += 1.0;
    }
    let edges = (0..=bins).map(|i| low + width * i as f64).collect();
    Bars { x: label, y: "", edges, heights, whole: false, counts: true }.markup()
}

/// Intervals for so many values: with few values, many of them would be empty or hold a single one, and the shape would
/// be lost. (The rule of Rice, `2 ∛n`.)
fn bins(values: usize) -> usize {
    ((2.0 * (values as f64).cbrt()).ceil() as usize).clamp(4, MOST_BINS)
}

fn moments(values: &[f64]) -> String {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    format!("mean {mean:.2}, σ {deviation:.2}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_counted_once() {
        let text = bars(&[0.0, 0.0, 1.0, f64::NAN], "x").into_string();
        assert!(text.contains("0.000 to 0.2500: 2<") && text.contains("0.7500 to 1.000: 1<"), "{text}");
        assert!(bars(&[3.0], "x").into_string().contains(": 1<"));
    }

    #[test]
    fn few_values_have_few_intervals() {
        assert_eq!([0, 24, 359, 10_000, 1_000_000].map(bins), [4, 6, 15, 40, 40]);
    }

    #[test]
    fn nothing_is_counted_in_halves() {
        let text = bars(&[0.0, 1.0, 2.0, 3.0], "x").into_string();
        assert!(!text.contains(">0.5<") && text.contains(">1<"), "{text}");
    }
}
