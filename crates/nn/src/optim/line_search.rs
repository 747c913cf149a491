//! A step length along a direction that satisfies the strong Wolfe conditions.

/// Searches a step length `t > 0` along a direction in which the loss falls, with `φ(t)` the loss after
/// such a step:
///
/// > `φ(t) ≤ φ(0) + c₁ t φ'(0)` (enough decrease) and `|φ'(t)| ≤ c₂ |φ'(0)|` (flat enough).
///
/// Nocedal and Wright 2006, algorithm 3.5 finds an interval with such lengths and algorithm 3.6 narrows
/// it. Trial lengths are the minima of cubics through two losses and slopes (eq. 3.59), kept away from
/// the ends of the interval (Schmidt's minFunc, 2005, from which PyTorch has them as well).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineSearch {
    /// `c₁` in `(0, 1)`.
    pub decrease: f64,
    /// `c₂` in `(c₁, 1)`.
    pub curvature: f64,
    /// Trial lengths after the first one, at most; 25.
    pub trials: usize,
}

/// A trial length and what was found there.
#[derive(Clone, Debug)]
pub(super) struct Trial<P> {
    /// `t`.
    pub(super) length: f64,
    /// `φ(t)`.
    pub(super) loss: f64,
    /// `φ'(t)`.
    pub(super) slope: f64,
    /// Whatever the caller wants to know about the trial in the end.
    pub(super) point: P,
}

impl LineSearch {
    /// The best of the lengths tried: one that satisfies the conditions, if the trials sufficed. `None`
    /// if no trial got below the start. `φ` may be infinite or NaN, which counts as too high.
    pub(super) fn search<P: Clone>(
        &self,
        start: Trial<P>,
        first: f64,
        mut phi: impl FnMut(f64) -> Trial<P>,
    ) -> Option<Trial<P>> {
        let (mut before, mut now) = (start.clone(), phi(first));
        let mut trials = 0;
        // Algorithm 3.5: longer and longer steps, until there are good ones between the last two.
        let (mut low, mut high) = loop {
            let rises = trials > 0 && now.loss >= before.loss;
            if self.is_high(&start, &now) || rises {
                break (before, now);
            }
            if self.is_flat(&start, &now) {
                return Some(now);
            }
            if now.slope >= 0.0 {
                break (now, before);
            }
            if trials == self.trials {
                return Some(now);
            }
            let range = [now.length + 0.01 * (now.length - before.length), 10.0 * now.length];
            let next = cubic_minimum(&before, &now, range);
            before = now;
            now = phi(next);
            trials += 1;
        };
        // Algorithm 3.6: `low` is the best so far, and its slope points to `high`.
        let mut was_near_end = false;
        while trials < self.trials {
            let (left, right) = (low.length.min(high.length), low.length.max(high.length));
            let mut length = cubic_minimum(&low, &high, [left, right]);
            // Twice in a row near the same end: a tenth of the way to the other, lest it never get there.
            let margin = 0.1 * (right - left);
            let is_near_end = (right - length).min(length - left) < margin;
            let is_end = length >= right || length <= left;
            if is_near_end && (was_near_end || is_end) {
                length = if right - length < length - left { right - margin } else { left + margin };
                was_near_end = false;
            } else {
                was_near_end = is_near_end;
            }
            if length <= left || length >= right {
                break; // There is no number between the ends.
            }
            let now = phi(length);
            trials += 1;
            if self.is_high(&start, &now) || now.loss >= low.loss {
                high = now;
                continue;
            }
            if self.is_flat(&start, &now) {
                return Some(now);
            }
            if now.slope * (high.length - low.length) >= 0.0 {
                high = low;
            }
            low = now;
        }
        (low.length > 0.0).then_some(low)
    }

    /// Whether the loss has not decreased enough.
    fn is_high<P>(&self, start: &Trial<P>, now: &Trial<P>) -> bool {
        let enough = now.loss <= start.loss + self.decrease * now.length * start.slope;
        !enough || !now.slope.is_finite()
    }

    fn is_flat<P>(&self, start: &Trial<P>, now: &Trial<P>) -> bool {
        now.slope.abs() <= -self.curvature * start.slope
    }
}

/// The minimum of the cubic with the losses and slopes of two trials, inside `range`; its middle if
/// there is none.
fn cubic_minimum<P>(a: &Trial<P>, b: &Trial<P>, [least, most]: [f64; 2]) -> f64 {
    let (a, b) = if a.length <= b.length { (a, b) } else { (b, a) };
    let width = b.length - a.length;
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.length - b.length);
    let d2 = (d1 * d1 - a.slope * b.slope).sqrt();
    let minimum = b.length - width * (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2);
    if minimum.is_nan() { 0.5 * (least + most) } else { minimum.clamp(least, most) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEARCH: LineSearch = LineSearch { decrease: 1e-4, curvature: 0.1, trials: 25 };

    fn found(phi: impl Fn(f64) -> (f64, f64), first: f64) -> Option<f64> {
        let trial = |length: f64| {
            let (loss, slope) = phi(length);
            Trial { length, loss, slope, point: () }
        };
        SEARCH.search(trial(0.0), first, trial).map(|trial| trial.length)
    }

    #[test]
    fn a_cubic_is_solved_at_the_first_guess() {
        // t³ − t has its minimum at 1/√3.
        let trial = |t: f64| Trial { length: t, loss: t * t * t - t, slope: 3.0 * t * t - 1.0, point: () };
        for (a, b) in [(0.0, 2.0), (2.0, 0.0), (0.2, 0.4)] {
            let minimum = cubic_minimum(&trial(a), &trial(b), [0.0, 2.0]);
            assert!((minimum - 1.0 / 3.0_f64.sqrt()).abs() < 1e-14, "{minimum}");
        }
        assert_eq!(cubic_minimum(&trial(0.7), &trial(0.7), [1.0, 2.0]), 1.5, "no cubic: the middle");
    }

    /// The test functions of Moré and Thuente 1994, section 5, from first steps far too short to far
    /// too long.
    #[test]
    fn the_conditions_hold_on_hard_functions() {
        let first = |t: f64| {
            let q = t * t + 2.0;
            (-t / q, (t * t - 2.0) / (q * q))
        };
        let second = |t: f64| {
            let s = t + 0.004;
            (s.powi(5) - 2.0 * s.powi(4), 5.0 * s.powi(4) - 8.0 * s.powi(3))
        };
        let functions: [&dyn Fn(f64) -> (f64, f64); 2] = [&first, &second];
        for (number, phi) in functions.iter().enumerate() {
            let (loss, slope) = phi(0.0);
            for start in [1e-3, 1e-1, 1e1, 1e3] {
                let t = found(phi, start).unwrap();
                let (new_loss, new_slope) = phi(t);
                let holds = new_loss <= loss + 1e-4 * t * slope && new_slope.abs() <= -0.1 * slope;
                assert!(holds, "function {number} from {start}: {t}, {new_slope}");
            }
        }
    }

    #[test]
    fn infinities_are_avoided_and_no_descent_is_noticed() {
        // ∞ and NaN beyond t = 1, the minimum at 1/2.
        let barrier = |t: f64| (-(t * (1.0 - t)).ln_1p(), (2.0 * t - 1.0) / (1.0 + t * (1.0 - t)));
        let t = found(barrier, 100.0).unwrap();
        assert!((t - 0.5).abs() < 0.06, "{t}");
        assert_eq!(found(|t| (t, -1.0), 1.0), None, "the slope is wrong: no length is any good");
    }
}
