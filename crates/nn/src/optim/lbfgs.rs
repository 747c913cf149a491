//! L-BFGS.

use std::collections::VecDeque;

use super::full_batch::{Descent, FullBatch, Point, add, difference, dot, steepest, vector};
use super::{LineSearch, State};
use crate::Result;

/// The method of Broyden, Fletcher, Goldfarb and Shanno with limited memory (Liu and Nocedal 1989;
/// Nocedal and Wright 2006, algorithms 7.4 and 7.5).
///
/// From the last `m` steps `s = x' − x` and changes of the gradient `y = g' − g` it computes a product
/// `d = −H g` with an estimate `H` of the inverse Hessian matrix, in `4 m n` multiplications, and
/// searches along `d` by strong Wolfe conditions. Pairs with `y · s ≤ 10⁻¹⁰` are left out, as they
/// would spoil the positive definite `H`. See [`FullBatch`] for an example.
#[derive(Clone, Debug)]
pub struct Lbfgs {
    /// `m`, at least 1; 10.
    pub history: usize,
    descent: Descent,
    pairs: VecDeque<Pair>,
}

/// A step and what it did to the gradient.
#[derive(Clone, Debug)]
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    /// `ρ = 1 / (y · s)`.
    scale: f64,
}

impl Pair {
    fn new(step: Vec<f64>, change: Vec<f64>) -> Self {
        let scale = 1.0 / dot(&change, &step);
        Pair { step, change, scale }
    }
}

impl Lbfgs {
    /// L-BFGS with a history of 10 steps and a line search with `c₁ = 10⁻⁴`, `c₂ = 0.9`.
    pub fn new() -> Self {
        let line_search = LineSearch { decrease: 1e-4, curvature: 0.9, trials: 25 };
        Lbfgs { history: 10, descent: Descent::new(line_search), pairs: VecDeque::new() }
    }
}

impl Default for Lbfgs {
    /// As [`Lbfgs::new`].
    fn default() -> Self {
        Lbfgs::new()
    }
}

impl FullBatch for Lbfgs {
    fn descent(&self) -> &Descent {
        &self.descent
    }

    fn descent_mut(&mut self) -> &mut Descent {
        &mut self.descent
    }

    /// Algorithm 7.4, the two-loop recursion.
    fn direction(&self, point: &Point) -> (Vec<f64>, f64) {
        let Some(last) = self.pairs.back() else { return steepest(&point.gradient) };
        let mut d: Vec<f64> = point.gradient.iter().map(|g| -g).collect();
        let mut taken = vec![];
        for pair in self.pairs.iter().rev() {
            let share = pair.scale * dot(&pair.step, &d);
            add(&mut d, -share, &pair.change);
            taken.push(share);
        }
        // The first estimate of the inverse Hessian matrix, eq. 7.20.
        let size = dot(&last.change, &last.step) / dot(&last.change, &last.change);
        d.iter_mut().for_each(|d| *d *= size);
        for (pair, share) in self.pairs.iter().zip(taken.into_iter().rev()) {
            let back = pair.scale * dot(&pair.change, &d);
            add(&mut d, share - back, &pair.step);
        }
        (d, 1.0)
    }

    fn learn(&mut self, old: &Point, new: &Point, _: &[f64], _: f64) {
        let (step, change) = (difference(&new.x, &old.x), difference(&new.gradient, &old.gradient));
        if dot(&step, &change) > 1e-10 {
            self.pairs.push_back(Pair::new(step, change));
        }
        while self.pairs.len() > self.history {
            self.pairs.pop_front();
        }
    }

    fn forget(&mut self) {
        self.pairs.clear();
    }

    fn save(&self, state: &mut State<f64>) {
        state.numbers.insert("pairs".to_owned(), self.pairs.len() as f64);
        for (number, pair) in self.pairs.iter().enumerate() {
            state.tensors.insert(format!("step.{number}"), vector(&pair.step));
            state.tensors.insert(format!("change.{number}"), vector(&pair.change));
        }
    }

    fn load(&mut self, n: usize, state: &mut State<f64>) -> Result<()> {
        for number in 0..state.take_count("pairs")? {
            let step = state.take_tensor(&format!("step.{number}"), &[n])?.to_vec();
            let change = state.take_tensor(&format!("change.{number}"), &[n])?.to_vec();
            self.pairs.push_back(Pair::new(step, change));
        }
        Ok(())
    }
}
