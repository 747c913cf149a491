//! Root causes of an event: the smallest change of few channels that makes a window ordinary (ARCANA; Roelofs et al. 2021).
//!
//! > `L(b) = ‖m (x + b − x̂(x + b))‖² + Σ 2 k σᶜ |b|`
//!
//! A residual is spread over channels, because a network that is given one wrong channel reconstructs others badly, too. The
//! change `b` that makes up for it is sparse: a number is worth changing if its residual is more than `k = 2` of the ordinary
//! deviations `σ` of its channel. `m` is 0 for what was not observed. The change is found by proximal steps with the
//! derivative of the first term through encoder and decoder; the second term shrinks `b` towards 0.

use autograd::Tensor;

use super::Monitor;
use super::events::Event;
use crate::data::series::{Track, filled};

/// Ordinary deviations that are not worth a change.
const PRICE: f64 = 2.0;
const STEPS: usize = 200;

/// The channels behind an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Causes {
    /// The share of each channel in the change that makes the window ordinary, in units of its ordinary deviation; all 0 if
    /// no change does.
    pub shares: Vec<f64>,
    /// The mean change of each channel, scaled as the model sees it: positive if the channel was too low.
    pub change: Vec<f64>,
    /// The squared error of the window as it was, and with the change.
    pub error: [f64; 2],
}

/// The causes of an event, by the window whose middle is nearest to its peak.
pub fn causes(monitor: &Monitor, track: &Track, event: &Event) -> Causes {
    let of = &monitor.expectation;
    let (length, channels) = (of.length, of.channels());
    let piece = track.pieces.iter().find(|piece| (piece[0]..piece[1]).contains(&event.peak));
    let [from, to] = *piece.expect("an event lies in a piece");
    let start = event.peak.saturating_sub(length / 2).min(to.saturating_sub(length)).max(from);
    let end = (start + length).min(to);
    let mut x = track.values[start * channels..end * channels].to_vec();
    x.resize(length * channels, f32::NAN);
    let mask = filled(&mut x, &of.fill);
    let shape = [1, x.len()];
    let mask_of = Tensor::from_vec(shape, mask.clone());
    let unit = |i: usize| monitor.ordinary.deviation(i % channels);
    // In units of ordinary deviations, as are all numbers here.
    let mut bias = vec![0.0_f64; x.len()];
    let mut square = vec![0.0_f64; x.len()];
    let (mut error, mut rate) = ([0.0; 2], 0.0);
    for step in 0..=STEPS {
        let moved = x.iter().zip(&bias).enumerate().map(|(i, (x, b))| x + (b * unit(i)) as f32).collect();
        let (sum, gradient) = of.model.error_gradient(&Tensor::from_vec(shape, moved), &mask_of);
        let gradient: Vec<f64> =
            gradient.to_vec().iter().enumerate().map(|(i, g)| f64::from(*g) / unit(i)).collect();
        if step == 0 {
            // Far enough for the largest residual in a third of the steps.
            let largest = gradient.iter().fold(0.0, |most: f64, g| most.max(0.5 * g.abs()));
            (error[0], rate) = (sum, 3.0 * largest.max(PRICE) / STEPS as f64);
        }
        error[1] = sum;
        if step == STEPS || !sum.is_finite() || !rate.is_finite() {
            break;
        }
        for (i, bias) in bias.iter_mut().enumerate().filter(|(i, _)| mask[*i] > 0.0) {
            // Steps are as long for all channels, as in RMSprop.
            let (g, price) = (gradient[i], 2.0 * PRICE);
            square[i] = 0.9 * square[i] + 0.1 * g.abs().max(price).powi(2);
            let rate = rate / (square[i] / (1.0 - 0.9_f64.powi(step as i32 + 1))).sqrt();
            let moved = *bias - rate * g;
            *bias = moved.signum() * (moved.abs() - rate * price).max(0.0);
        }
    }
    let bias: Vec<f64> = bias.iter().enumerate().map(|(i, b)| b * unit(i)).collect();
    let seen = |channel: usize| (channel..bias.len()).step_by(channels).filter(|&i| mask[i] > 0.0);
    let sums: Vec<f64> =
        (0..channels).map(|channel| seen(channel).map(|i| bias[i].abs() / unit(i)).sum()).collect();
    let all: f64 = sums.iter().sum();
    let change =
        |channel: usize| seen(channel).map(|i| bias[i]).sum::<f64>() / seen(channel).count().max(1) as f64;
    Causes {
        shares: sums.iter().map(|sum| if all > 0.0 { sum / all } else { 0.0 }).collect(),
        change: (0..channels).map(change).collect(),
        error,
    }
}
