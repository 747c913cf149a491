//! A learning rate that falls when the loss does not.

use super::State;
use crate::Result;

/// Multiplies the rate by `factor` whenever the loss has not become better for more than `patience`
/// observations. A loss is better if it is below `(1 − threshold)` times the best one (for a negative
/// best, `(1 + threshold)` times).
///
/// Unlike a [`Schedule`](super::Schedule) it depends on how training goes, and so has a state to save.
///
/// ```
/// use nn::optim::Plateau;
///
/// let mut plateau = Plateau { patience: 1, ..Plateau::new(0.5) };
/// let factors = [3.0, 2.0, 2.0, 2.1, 2.0, 2.0, 1.0].map(|loss| plateau.observe(loss));
/// assert_eq!(factors, [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Plateau {
    /// What the rate is multiplied by, in `(0, 1)`.
    pub factor: f64,
    /// Observations without progress that are put up with; 10.
    pub patience: u64,
    /// What counts as progress, relative to the best loss, at least 0; 10⁻⁴.
    pub threshold: f64,
    /// Observations after a fall during which none is counted; 0.
    pub cooldown: u64,
    /// The factor on the rate never falls below this; 0.
    pub floor: f64,
    /// The factor on the learning rate now; 1 at first.
    pub now: f64,
    /// The best loss so far.
    pub best: f64,
    /// Observations since then, or since the last fall.
    pub without_progress: u64,
    /// Observations of the cooldown that are left.
    pub cooling: u64,
}

impl Plateau {
    /// A patience of 10, a threshold of 10⁻⁴, no cooldown and no floor.
    pub fn new(factor: f64) -> Self {
        Plateau {
            factor,
            patience: 10,
            threshold: 1e-4,
            cooldown: 0,
            floor: 0.0,
            now: 1.0,
            best: f64::INFINITY,
            without_progress: 0,
            cooling: 0,
        }
    }

    /// Takes note of a loss, usually the test loss of an epoch, and returns the factor from here on. A
    /// loss of NaN is no progress.
    pub fn observe(&mut self, loss: f64) -> f64 {
        // A threshold of an infinite best would be NaN.
        let bar =
            if self.best.is_finite() { self.best - self.threshold * self.best.abs() } else { self.best };
        if loss < bar {
            (self.best, self.without_progress) = (loss, 0);
        } else {
            self.without_progress += 1;
        }
        if self.cooling > 0 {
            self.cooling -= 1;
            self.without_progress = 0;
        }
        if self.without_progress > self.patience {
            self.now = f64::max(self.now * self.factor, self.floor);
            (self.cooling, self.without_progress) = (self.cooldown, 0);
        }
        self.now
    }

    /// What the rate is to be multiplied by now.
    pub fn current(&self) -> f64 {
        self.now
    }

    /// All that the following observations depend on, besides the settings; there are no tensors in it.
    pub fn state(&self) -> State<f64> {
        let numbers = [
            ("now", self.now),
            ("best", self.best),
            ("without_progress", self.without_progress as f64),
            ("cooling", self.cooling as f64),
        ];
        let numbers = numbers.map(|(name, number)| (name.to_owned(), number)).into();
        State { numbers, ..State::default() }
    }

    /// Takes over the state of another one with the same settings.
    ///
    /// # Errors
    /// If the state is not of this kind. Nothing is changed then.
    pub fn restore(&mut self, mut state: State<f64>) -> Result<()> {
        let new = Plateau {
            now: state.take_number("now")?,
            best: state.take_number("best")?,
            without_progress: state.take_count("without_progress")?,
            cooling: state.take_count("cooling")?,
            ..self.clone()
        };
        state.finish()?;
        *self = new;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_and_restored_it_goes_on() {
        let fresh = Plateau { patience: 2, cooldown: 1, floor: 0.01, ..Plateau::new(0.5) };
        let loss = |step: usize| -1.0 + (step as f64 * 0.9).sin() / (1.0 + step as f64);
        let mut straight = fresh.clone();
        for step in 0..25 {
            straight.observe(loss(step));
        }
        let mut other = fresh.clone();
        other.restore(straight.state()).unwrap();
        assert_eq!(straight, other);
        let factors =
            |plateau: &mut Plateau| (25..50).map(|step| plateau.observe(loss(step))).collect::<Vec<_>>();
        assert_eq!(factors(&mut straight), factors(&mut other));
        assert_eq!(straight.now, 0.01, "many falls, down to the floor");
        let mut broken = straight.state();
        broken.numbers.remove("best");
        let error = other.restore(broken).unwrap_err().to_string();
        assert_eq!(error, "the saved state has no number `best`");
    }

    #[test]
    fn a_loss_that_is_not_a_number_is_no_progress() {
        let mut plateau = Plateau { patience: 0, ..Plateau::new(0.1) };
        assert_eq!(plateau.observe(f64::NAN), 0.1);
        assert_eq!(plateau.observe(1.0), 0.1);
    }
}
