use super::*;
use crate::Op;
use crate::shortcuts::{Destination, Shortcuts, Written};

/// The derivative of order `order` of the sine, whose own derivative is right, unless the order
/// it leads to is `wrong_at`: then it is wrong by one part in a million.
struct Sine {
    order: usize,
    wrong_at: usize,
}

impl<T: Real> Op<T, 1> for Sine {
    const NAME: &'static str = "sine";

    fn forward(&self, [x]: [&Tensor<T>; 1]) -> Tensor<T> {
        x.map(|x| [x.sin(), x.cos(), -x.sin(), -x.cos()][self.order % 4])
    }
    fn vjp<'t>(&self, _: usize, g: Var<'t, T>, [x]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        let next = Sine { order: self.order + 1, wrong_at: self.wrong_at };
        let factor = if next.order == self.wrong_at { 1.0 + 1e-6 } else { 1.0 };
        g * Var::apply(next, [x]) * factor
    }
}

fn wrong_at(wrong_at: usize, order: usize, scale: f64) -> Result<(), Mismatch> {
    let x = Tensor::from_fn([5], |i| 0.3 * i as f64 - 0.7);
    gradcheck(|[x]| Var::apply(Sine { order: 0, wrong_at }, [x]) * scale, [x], order)
}

#[test]
fn a_rule_wrong_by_a_millionth_is_rejected_at_its_order() {
    for order in 1..=3 {
        wrong_at(4, order, 1.0).unwrap();
        let error = wrong_at(order, order, 1.0).unwrap_err();
        assert!(!error.inconclusive, "{error}");
        assert!(error.to_string().starts_with(&format!("derivative of order {order}: ")), "{error}");
    }
}

#[test]
fn small_wrong_gradients_do_not_hide_behind_a_tolerance() {
    wrong_at(4, 1, 1e-30).unwrap();
    wrong_at(1, 1, 1e-30).unwrap_err();
}

/// `y = a²`. The rule is right, the fused loop forgot the 2.
struct HalfFused;

impl<T: Real> Op<T, 1> for HalfFused {
    const NAME: &'static str = "half_fused";

    fn forward(&self, [a]: [&Tensor<T>; 1]) -> Tensor<T> {
        a.map(|a| a * a)
    }
    fn vjp<'t>(&self, _: usize, g: Var<'t, T>, [a]: [Var<'t, T>; 1], _y: Var<'t, T>) -> Var<'t, T> {
        g * a * 2.0
    }
    fn shortcuts(&self) -> Option<&dyn Shortcuts<T, 1>> {
        Some(self)
    }
}

impl<T: Real> Shortcuts<T, 1> for HalfFused {
    fn vjp_to(
        &self,
        _: usize,
        g: &Tensor<T>,
        [a]: [&Tensor<T>; 1],
        _y: &Tensor<T>,
        _to: Destination<T>,
    ) -> Option<Written<T>> {
        Some(Written::New(g.zip(a, |g, a| g * a)))
    }
}

#[test]
fn a_fused_loop_that_is_wrong_is_rejected() {
    let error = gradcheck(|[x]| Var::apply(HalfFused, [x]), [Tensor::scalar(0.7)], 1).unwrap_err();
    assert!(error.by_backward && !error.inconclusive, "{error}");
    assert!(error.to_string().contains("by the fused loops of `backward`"), "{error}");
    assert!(!wrong_at(1, 1, 1.0).unwrap_err().by_backward);
}

#[test]
fn kinks_within_reach_are_inconclusive() {
    let error = gradcheck(|[x]| x.abs(), [Tensor::scalar(1e-5)], 1).unwrap_err();
    assert!(error.inconclusive && error.to_string().contains("is there a kink"), "{error}");
}

#[test]
fn very_curved_functions_are_followed_at_smaller_steps() {
    for order in 1..=3 {
        gradcheck(|[x]| (x * 40.0).sin(), [Tensor::scalar(0.3)], order).unwrap();
    }
}
