//! # Lab 1: find the damage
//!
//! Book: docs/src/05-rules.md#how-to-check
//!
//! `gradcheck` says *that* a derivative is wrong, by moving all inputs in a random direction. In this lab you write a
//! check that says *where*: which operation, which of its inputs, which entry. It may be slow: it moves one number at a
//! time. Then it meets eight damaged rules.
//!
//! 1. (15 minutes) `secant`: the slope with respect to one entry, by a central difference.
//! 2. (15 minutes) `by_tape`: the gradients that the tape gives.
//! 3. (25 minutes) `culprit`: the entry at which both differ most, if the difference is not mere rounding. Choose the
//!    tolerance with care: a damage of a millionth should be seen, and a right rule should not be blamed.
//! 4. (10 minutes) `report`: one sentence that a colleague can use.
//! 5. (25 minutes) `at_a_kink`: at a kink the slopes from the left and from the right differ. No rule is to blame there.
// hint: The error of a central difference with h = 1e-4 is about h² = 1e-8 and rounding 1e-12; Richardson's (4 D(h/2) − D(h)) / 3 brings it to 1e-12. A tolerance of 1e-8, relative to 1 + |slope|, then is safe and still sees a millionth. At a kink, (f(x+h) − f(x))/h and (f(x) − f(x−h))/h differ by more than h times any reasonable curvature.
// marks: a_secant_is_exact_to_nine_digits 15, the_tape_gives_a_gradient_for_every_input 10, a_right_operation_is_not_blamed 10
// marks: the_wrong_input_is_named 10, the_wrong_entry_is_named 10, a_damage_of_a_millionth_is_seen 15
// marks: the_report_names_operation_input_and_entry 10, a_kink_is_nobodys_fault 10, eight_damaged_rules_are_found 10

use autograd::{Tape, Tensor, Var};

/// A function of several variables.
type Function<'a> = &'a dyn for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>;

/// An entry at which tape and secant differ.
#[derive(Clone, Debug)]
struct Culprit {
    /// The number of the input.
    input: usize,
    /// The number of the entry in the input, in the order of `to_vec`.
    entry: usize,
    /// The slope that the tape gives.
    by_tape: f64,
    /// The slope of the secant.
    by_secant: f64,
}

/// A single number made of the outputs of `f`: each is multiplied by a weight of its own, so that none can hide.
fn weighed<'t>(f: Function, inputs: &[Var<'t, f64>]) -> Var<'t, f64> {
    let y = f(inputs);
    let weights = Tensor::from_fn(y.shape(), |i| 1.0 + 0.3 * (1.7 * i as f64).sin());
    (y * y.tape().constant(weights)).sum()
}

/// The value of that number.
fn value(f: Function, inputs: &[Tensor<f64>]) -> f64 {
    let tape = Tape::new();
    let inputs: Vec<Var<f64>> = inputs.iter().map(|input| tape.constant(input)).collect();
    weighed(f, &inputs).item()
}

/// The inputs, with one entry moved by `h`.
fn moved(inputs: &[Tensor<f64>], input: usize, entry: usize, h: f64) -> Vec<Tensor<f64>> {
    let mut inputs = inputs.to_vec();
    let mut numbers = inputs[input].to_vec();
    numbers[entry] += h;
    inputs[input] = Tensor::from_vec(inputs[input].shape(), numbers);
    inputs
}

/// The slope of [`value`] with respect to one entry, by central differences.
fn secant(f: Function, inputs: &[Tensor<f64>], input: usize, entry: usize) -> f64 {
    // hole: a central difference of value(f, …) at moved(inputs, input, entry, ±h), exact to nine digits
    let central = |h: f64| {
        let [up, down] = [h, -h].map(|h| value(f, &moved(inputs, input, entry, h)));
        (up - down) / (2.0 * h)
    };
    (4.0 * central(5e-4) - central(1e-3)) / 3.0
    // wrong: (value(f, &moved(inputs, input, entry, 1e-6)) - value(f, inputs)) / 1e-6
    // end
}

/// The gradients of [`weighed`] with respect to all inputs.
fn by_tape(f: Function, inputs: &[Tensor<f64>]) -> Vec<Tensor<f64>> {
    // hole: variables on a tape, weighed(f, …).backward(), and the gradient of each
    let tape = Tape::new();
    let inputs: Vec<Var<f64>> = inputs.iter().map(|input| tape.var(input)).collect();
    let gradients = weighed(f, &inputs).backward();
    inputs.iter().map(|&input| gradients.wrt(input)).collect()
    // end
}

/// True if the slopes of [`value`] from the left and from the right differ at this entry.
fn at_a_kink(f: Function, inputs: &[Tensor<f64>], input: usize, entry: usize) -> bool {
    // hole: compare the slopes of the two short secants on either side
    let h = 1e-5;
    let [left, here, right] = [-h, 0.0, h].map(|h| value(f, &moved(inputs, input, entry, h)));
    ((right - here) - (here - left)).abs() > 1e-2 * h
    // wrong: false
    // wrong: true
    // end
}

/// The entry at which tape and secant differ most, if they differ by more than rounding and not at a kink.
fn culprit(f: Function, inputs: &[Tensor<f64>]) -> Option<Culprit> {
    // hole: over all inputs and entries, the largest difference that is neither rounding nor a kink
    let mut worst: Option<(f64, Culprit)> = None;
    for (input, gradient) in by_tape(f, inputs).iter().enumerate() {
        for (entry, by_tape) in gradient.to_vec().into_iter().enumerate() {
            let by_secant = secant(f, inputs, input, entry);
            let difference = (by_tape - by_secant).abs();
            let rounding = 1e-8 * (1.0 + by_secant.abs());
            let worse = worst.as_ref().is_none_or(|(largest, _)| difference > *largest);
            if difference > rounding && worse && !at_a_kink(f, inputs, input, entry) {
                worst = Some((difference, Culprit { input, entry, by_tape, by_secant }));
            }
        }
    }
    worst.map(|(_, culprit)| culprit)
    // wrong: let gradients = by_tape(f, inputs);
    // | let by_tape = gradients[0].to_vec()[0];
    // | Some(Culprit { input: 0, entry: 0, by_tape, by_secant: secant(f, inputs, 0, 0) })
    // wrong: None
    // end
}

/// A sentence with the name of the operation, the input, the entry, and both slopes.
fn report(operation: &str, culprit: &Culprit) -> String {
    // hole: format! with all that a colleague needs
    let Culprit { input, entry, by_tape, by_secant } = culprit;
    format!(
        "{operation}: with respect to entry {entry} of input {input} the tape says {by_tape}, a secant {by_secant}."
    )
    // end
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Op, Real};

    /// `y = a b + sin a`, with a rule that may be damaged.
    #[derive(Clone, Copy)]
    struct Mixed(Damage);

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Damage {
        None,
        Sign,
        LostSine,
        Exchanged,
        Factor,
        Millionth,
        OneEntry,
        NotTheOutput,
        Constant,
    }

    impl<T: Real> Op<T, 2> for Mixed {
        const NAME: &'static str = "mixed";

        fn forward(&self, [a, b]: [&Tensor<T>; 2]) -> Tensor<T> {
            a.zip(b, |a, b| a * b + a.sin())
        }

        fn vjp<'t>(&self, wrt: usize, g: Var<'t, T>, [a, b]: [Var<'t, T>; 2], _: Var<'t, T>) -> Var<'t, T> {
            match (wrt, self.0) {
                (0, Damage::LostSine) => g * b,
                (0, Damage::Sign) => g * (b - a.cos()),
                (0, Damage::OneEntry) => {
                    let first = g.slice(0, 0..1) * 0.0;
                    Var::concat([first, g.slice(0, 1..3)], 0) * (b + a.cos())
                }
                (0, _) => g * (b + a.cos()),
                (_, Damage::Exchanged) => g * b,
                (_, Damage::Factor) => g * a * 2.0,
                (_, Damage::Millionth) => g * a * 1.000_001,
                (_, Damage::NotTheOutput) => a + g * 0.0,
                (_, Damage::Constant) => g * 1.5,
                (_, _) => g * a,
            }
        }
    }

    fn inputs() -> Vec<Tensor<f64>> {
        vec![Tensor::from_vec([3], vec![0.7, -1.3, 2.1]), Tensor::from_vec([3], vec![0.4, 1.9, -0.8])]
    }

    fn find(damage: Damage) -> Option<Culprit> {
        culprit(&|x| Var::apply(Mixed(damage), [x[0], x[1]]), &inputs())
    }

    #[test]
    fn a_secant_is_exact_to_nine_digits() {
        let f: Function = &|x| (x[0] * x[1]).exp();
        let inputs = [Tensor::scalar(1.2), Tensor::scalar(0.5)];
        let slopes = [secant(f, &inputs, 0, 0), secant(f, &inputs, 1, 0)];
        let exact = [0.5 * 0.6_f64.exp(), 1.2 * 0.6_f64.exp()];
        for i in 0..2 {
            assert!(
                (slopes[i] - exact[i]).abs() < 1e-9,
                "input {i}: the slope is {}, and yours {}",
                exact[i],
                slopes[i]
            );
        }
    }

    #[test]
    fn the_tape_gives_a_gradient_for_every_input() {
        let gradients = by_tape(&|x| x[0] * x[1], &inputs());
        assert_eq!(gradients.len(), 2);
        let weight = 1.0 + 0.3 * 1.7_f64.sin();
        assert!((gradients[1].to_vec()[1] - weight * -1.3).abs() < 1e-14, "{gradients:?}");
    }

    #[test]
    fn a_right_operation_is_not_blamed() {
        let found = find(Damage::None);
        assert!(found.is_none(), "this rule is right, and you blame {found:?}");
        let large = [Tensor::from_vec([2], vec![8.0, 9.0])];
        let found = culprit(&|x| x[0].exp(), &large);
        assert!(found.is_none(), "exp is right for large numbers too, and you blame {found:?}");
    }

    #[test]
    fn the_wrong_input_is_named() {
        assert_eq!(find(Damage::Factor).map(|found| found.input), Some(1));
        assert_eq!(find(Damage::LostSine).map(|found| found.input), Some(0));
    }

    #[test]
    fn the_wrong_entry_is_named() {
        let found = find(Damage::OneEntry).map(|found| (found.input, found.entry));
        assert_eq!(found, Some((0, 0)), "the rule loses the first entry of the first input");
    }

    #[test]
    fn a_damage_of_a_millionth_is_seen() {
        assert_eq!(find(Damage::Millionth).map(|found| found.input), Some(1));
    }

    #[test]
    fn the_report_names_operation_input_and_entry() {
        let text = report("mixed", &Culprit { input: 7, entry: 35, by_tape: 1.25, by_secant: -4.5 });
        for part in ["mixed", "7", "35", "1.25", "-4.5"] {
            assert!(text.contains(part), "the report lacks {part}: {text}");
        }
    }

    #[test]
    fn a_kink_is_nobodys_fault() {
        let x = [Tensor::from_vec([3], vec![-1.0, 0.0, 2.0])];
        let found = culprit(&|x| x[0].relu(), &x);
        assert!(found.is_none(), "relu has a kink at 0, and its rule is right; you blame {found:?}");
        assert!(!at_a_kink(&|x| x[0].sin() * 3.0, &x, 0, 2), "a sine has no kink");
    }

    #[test]
    fn eight_damaged_rules_are_found() {
        use Damage::{Constant, Exchanged, Factor, LostSine, Millionth, NotTheOutput, OneEntry, Sign};
        for damage in [Sign, LostSine, Exchanged, Factor, Millionth, OneEntry, NotTheOutput, Constant] {
            assert!(find(damage).is_some(), "the damage {damage:?} is not found");
        }
    }
}
