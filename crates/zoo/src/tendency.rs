//! Where a training was heading when it ended: what a person would read off the curve of the test loss.

use std::fmt;

use crate::train::Epoch;

/// What the end of a curve of losses suggests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tendency {
    /// It fell to the end, over so many epochs.
    Falling(usize),
    /// It was lowest around this epoch, and has risen since.
    Rising(usize),
}

impl Tendency {
    /// The tendency of the losses that the epochs are judged by; none if the last tenth of the epochs changed little.
    pub fn of(epochs: &[Epoch]) -> Option<Tendency> {
        of(&epochs.iter().map(|epoch| epoch.judged().total()).collect::<Vec<_>>())
    }
}

/// One sentence, with what to do about it.
impl fmt::Display for Tendency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tendency::Falling(epochs) => {
                write!(f, "The test loss was still falling: train longer, as with --epochs {}.", 3 * epochs)
            }
            Tendency::Rising(epoch) => write!(
                f,
                "The test loss was lowest around epoch {epoch} and has risen since: fewer epochs, a smaller model or \
                 more data may help."
            ),
        }
    }
}

/// A change counts if it is a fiftieth of the loss or of its fall so far, whichever is less: a likelihood may have a
/// large part that no training removes. Means over a tenth of the epochs are compared, because single ones are noisy.
fn of(losses: &[f64]) -> Option<Tendency> {
    let part = losses.len() / 10;
    if part == 0 || losses.iter().any(|loss| !loss.is_finite()) {
        return None;
    }
    let means: Vec<f64> =
        losses.rchunks(part).map(|chunk| chunk.iter().sum::<f64>() / chunk.len() as f64).collect();
    let (last, before) = (means[0], means[1]);
    let lowest = means.iter().copied().fold(f64::INFINITY, f64::min);
    let counts = 0.02 * last.abs().min((losses[0] - lowest).abs());
    if before - last > counts {
        return Some(Tendency::Falling(losses.len()));
    }
    // Noise must not look like a rise, so that has to be larger.
    let chunk = means.iter().position(|mean| *mean == lowest)?;
    (last - lowest > 2.5 * counts).then(|| Tendency::Rising(losses.len() - part * chunk - part / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(epochs: usize, loss: impl Fn(f64) -> f64) -> Vec<f64> {
        (1..=epochs).map(|epoch| loss(epoch as f64 / epochs as f64)).collect()
    }

    #[test]
    fn the_end_of_a_curve_is_judged() {
        let slow = curve(50, |t| 10.0 + 90.0 * (-3.0 * t).exp());
        assert_eq!(of(&slow), Some(Tendency::Falling(50)));
        let done = curve(600, |t| 1.0 + (-30.0 * t).exp());
        assert_eq!(of(&done), None);
        let noisy = curve(600, |t| 1.0 + (-30.0 * t).exp() + 0.01 * (t * 1e4).sin());
        assert_eq!(of(&noisy), None);
        let overfitted = curve(100, |t| 1.0 + (t - 0.3).powi(2));
        let Some(Tendency::Rising(epoch)) = of(&overfitted) else { panic!("{:?}", of(&overfitted)) };
        assert!((25..=35).contains(&epoch), "{epoch}");
    }

    #[test]
    fn a_large_part_that_stays_hides_nothing() {
        let falling = curve(20, |t| 2000.0 + 10.0 * (1.0 - t));
        assert_eq!(of(&falling), Some(Tendency::Falling(20)));
    }

    #[test]
    fn short_or_broken_curves_say_nothing() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[3.0, 2.0, 1.0]), None);
        assert_eq!(of(&[f64::NAN; 20]), None);
        assert_eq!(of(&[1.0; 20]), None);
    }
}
