//! Nonlinear conjugate gradients.

use super::full_batch::{Descent, FullBatch, Point, add, dot, steepest, vector};
use super::{LineSearch, State};
use crate::Result;

/// The conjugate gradient method of Polak and Ribière (1969) with restarts (Nocedal and Wright 2006,
/// section 5.2, "PR+"):
///
/// > `d' = −g' + β d`  with  `β = max(0, g' · (g' − g) / (g · g))`,
///
/// and a line search by strong Wolfe conditions. It starts anew from `d' = −g'` where `β = 0`, after
/// `n` steps for `n` parameters, and where `d'` does not lead down. It keeps three vectors, whatever
/// the number of steps.
///
/// ```
/// use autograd::{Tensor, value_and_grad};
/// use nn::optim::{ConjugateGradient, FullBatch};
///
/// // An ellipse with axes of 1 and 10: two directions are enough, but for the line search.
/// let mut x = Tensor::<f64>::from_vec([2], vec![3.0, 1.0]);
/// let scale = Tensor::from_vec([2], vec![1.0, 100.0]);
/// let end = ConjugateGradient::new().minimize(&mut x, 10, |x| {
///     value_and_grad(x, |x, tape| (x.square() * tape.constant(&scale)).sum())
/// })?;
/// assert!(end.loss < 1e-12, "{end:?}");
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ConjugateGradient {
    descent: Descent,
    /// The next direction and the length to try first; none at the beginning.
    next: Option<(Vec<f64>, f64)>,
    /// Steps since the last start.
    steps: usize,
}

impl ConjugateGradient {
    /// Conjugate gradients with a line search with `c₁ = 10⁻⁴`, `c₂ = 0.1`.
    pub fn new() -> Self {
        let line_search = LineSearch { decrease: 1e-4, curvature: 0.1, trials: 25 };
        ConjugateGradient { descent: Descent::new(line_search), next: None, steps: 0 }
    }
}

impl Default for ConjugateGradient {
    /// As [`ConjugateGradient::new`].
    fn default() -> Self {
        ConjugateGradient::new()
    }
}

impl FullBatch for ConjugateGradient {
    fn descent(&self) -> &Descent {
        &self.descent
    }

    fn descent_mut(&mut self) -> &mut Descent {
        &mut self.descent
    }

    fn direction(&self, point: &Point) -> (Vec<f64>, f64) {
        self.next.clone().unwrap_or_else(|| steepest(&point.gradient))
    }

    fn learn(&mut self, old: &Point, new: &Point, direction: &[f64], length: f64) {
        self.steps += 1;
        let (before, now) = (dot(&old.gradient, &old.gradient), dot(&new.gradient, &new.gradient));
        let beta = f64::max(0.0, (now - dot(&new.gradient, &old.gradient)) / before);
        let mut next: Vec<f64> = new.gradient.iter().map(|g| -g).collect();
        let is_old = self.steps >= new.x.len();
        if !is_old {
            add(&mut next, beta, direction);
        }
        let mut slope = dot(&new.gradient, &next);
        if is_old || beta == 0.0 || slope >= 0.0 {
            next = new.gradient.iter().map(|g| -g).collect();
            slope = -now;
            self.steps = 0;
        }
        // The first length to try promises the change that the last step promised (eq. 3.60).
        let first = length * dot(&old.gradient, direction) / slope;
        self.next = Some((next, first)).filter(|_| first.is_finite() && first > 0.0);
    }

    fn forget(&mut self) {
        (self.next, self.steps) = (None, 0);
    }

    fn save(&self, state: &mut State<f64>) {
        if let Some((direction, first)) = &self.next {
            state.tensors.insert("direction".to_owned(), vector(direction));
            state.numbers.insert("first_length".to_owned(), *first);
            state.numbers.insert("steps_since_start".to_owned(), self.steps as f64);
        }
    }

    fn load(&mut self, n: usize, state: &mut State<f64>) -> Result<()> {
        if state.tensors.contains_key("direction") {
            let direction = state.take_tensor("direction", &[n])?.to_vec();
            self.next = Some((direction, state.take_number("first_length")?));
            self.steps = state.take_count("steps_since_start")? as usize;
        }
        Ok(())
    }
}
