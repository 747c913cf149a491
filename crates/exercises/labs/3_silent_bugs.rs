//! # Lab 3: a museum of silent bugs
//!
//! Book: docs/src/museum.md
//!
//! Six exhibits, each in a healthy and in a sick form. None of them crashes; the sick ones train all the same, only
//! worse. You write the checks that tell them apart. A check gets the thing itself, and does not know which form it is:
//! it must say `true` for the healthy one and `false` for the sick one. Fifteen minutes for each.
//!
//! 1. A penalty on derivatives that trains nothing, because it was taken as a number.
//! 2. A loss that compares `[n, 1]` with `[n]`: broadcasting makes `[n, n]` of it, and the mean is still a number.
//! 3. A layer that drops units at evaluation as well.
//! 4. A standardization whose mean was computed with the test rows.
//! 5. A model with a parameter that no gradient reaches.
//! 6. A gradient that remembers the one before.
// hint: 1: gradcheck at order 1. 2: a perfect prediction has no loss, for labels that differ. 3: evaluate twice. 4: change the test rows; what is done to the training rows must stay the same. 5: look for a gradient that is 0 in all entries. 6: ask twice, compare.
// marks: the_penalty_is_trained 20, a_perfect_prediction_costs_nothing 15, evaluation_is_repeatable 15
// marks: the_test_rows_are_not_looked_at 20, every_parameter_is_reached 15, gradients_do_not_add_up 15

use autograd::{Tape, Tensor, Var, gradcheck};

/// A loss of the weights.
type Loss = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;

/// 1. Is the derivative of this loss right at these weights?
fn derivative_is_right(loss: Loss, weights: &Tensor<f64>) -> bool {
    // hole: compare the derivative with finite differences
    gradcheck(|[w]| loss(w), [weights.clone()], 1).is_ok()
    // wrong: Tape::new().var(weights).shape().len() == 2
    // end
}

/// 2. The loss gets predictions `[n, 1]` and labels `[n]`. Is it 0 if each prediction equals its label?
fn perfect_is_free(loss: for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>) -> bool {
    // hole: call it with the same numbers as predictions and as labels
    let tape = Tape::new();
    let labels = vec![1.0, -2.0, 3.0];
    let predictions = tape.constant(Tensor::from_vec([3, 1], labels.clone()));
    loss(predictions, tape.constant(Tensor::from_vec([3], labels))).item().abs() < 1e-12
    // wrong: let tape = Tape::new();
    // | let predictions = tape.constant(Tensor::ones([3, 1]));
    // | loss(predictions, tape.constant(Tensor::ones([3]))).item().abs() < 1e-12
    // end
}

/// 3. The model maps an input to an output, and gets the number of the call. Does an evaluation always give the same?
fn is_repeatable(evaluate: fn(&Tensor<f64>, u64) -> Tensor<f64>) -> bool {
    let x: Tensor<f64> = Tensor::ones([4, 8]);
    // hole: two evaluations of x, in the calls 0 and 1, compared
    evaluate(&x, 0) == evaluate(&x, 1)
    // wrong: evaluate(&x, 0) == evaluate(&x, 0)
    // end
}

/// 4. The function gets training rows and test rows, and returns the training rows standardized. Does it do without
///    the test rows?
fn ignores_test_rows(standardize: fn(&[f64], &[f64]) -> Vec<f64>) -> bool {
    // hole: the same training rows with different test rows must come out the same
    let train = [1.0, 2.0, 5.0];
    standardize(&train, &[0.0, 1.0]) == standardize(&train, &[100.0, -3.0])
    // wrong: let train = [1.0, 2.0, 5.0];
    // | standardize(&train, &[1.0, 2.0]) == standardize(&train, &[1.0, 2.0])
    // end
}

/// 5. Does a gradient reach each of these parameters?
fn all_are_reached(loss: for<'t> fn(&[Var<'t, f64>]) -> Var<'t, f64>, parameters: &[Tensor<f64>]) -> bool {
    // hole: the gradient with respect to each of them has an entry that is not 0
    let tape = Tape::new();
    let vars: Vec<Var<f64>> = parameters.iter().map(|parameter| tape.var(parameter)).collect();
    let gradients = loss(&vars).backward();
    vars.iter().all(|&var| gradients.wrt(var).to_vec().iter().any(|g| *g != 0.0))
    // wrong: let tape = Tape::new();
    // | let vars: Vec<Var<f64>> = parameters.iter().map(|parameter| tape.var(parameter)).collect();
    // | let gradients = loss(&vars).backward();
    // | vars.iter().any(|&var| gradients.wrt(var).to_vec().iter().any(|g| *g != 0.0))
    // end
}

/// 6. The closure computes the gradient at a place. Does it forget the places before?
fn forgets(gradient: &mut dyn FnMut(f64) -> f64) -> bool {
    // hole: the gradient at a place, twice
    gradient(3.0) == gradient(3.0)
    // wrong: gradient(0.0) == gradient(0.0)
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contraction(w: Var<'_, f64>, cut: bool) -> Var<'_, f64> {
        let x = w.tape().var(Tensor::from_fn([4, 3], |i| (i as f64).sin()));
        let z = x.matmul(w).tanh();
        let [slope] = z.sum().grad([x]);
        let penalty = slope.square().sum();
        let penalty = if cut { w.tape().constant(penalty.value()) } else { penalty };
        (z - 0.5).square().sum() + penalty
    }

    #[test]
    fn the_penalty_is_trained() {
        let weights = Tensor::from_fn([3, 2], |i| (i as f64).cos());
        assert!(derivative_is_right(|w| contraction(w, false), &weights), "the healthy loss is called sick");
        assert!(!derivative_is_right(|w| contraction(w, true), &weights), "the sick loss is called healthy");
    }

    #[test]
    fn a_perfect_prediction_costs_nothing() {
        assert!(
            perfect_is_free(|y, t| (y.reshape([3]) - t).square().mean()),
            "the healthy loss is called sick"
        );
        assert!(!perfect_is_free(|y, t| (y - t).square().mean()), "the sick loss is called healthy");
    }

    #[test]
    fn evaluation_is_repeatable() {
        let dropped = |x: &Tensor<f64>, call: u64| {
            let kept: Vec<f64> = (0..x.len() as u64)
                .map(|i| if (i * 7 + call).is_multiple_of(3) { 0.0 } else { 1.5 })
                .collect();
            x.zip(&Tensor::from_vec(x.shape(), kept), |x, kept| x * kept)
        };
        assert!(is_repeatable(|x, _| x.map(|x| 2.0 * x)), "the healthy layer is called sick");
        assert!(!is_repeatable(dropped), "the sick layer is called healthy");
    }

    fn standardized(train: &[f64], fitted_to: &[f64]) -> Vec<f64> {
        let n = fitted_to.len() as f64;
        let mean = fitted_to.iter().sum::<f64>() / n;
        let deviation = (fitted_to.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        train.iter().map(|x| (x - mean) / deviation).collect()
    }

    #[test]
    fn the_test_rows_are_not_looked_at() {
        assert!(ignores_test_rows(|train, _| standardized(train, train)), "the healthy one is called sick");
        let leaks = |train: &[f64], test: &[f64]| standardized(train, &[train, test].concat());
        assert!(!ignores_test_rows(leaks), "the sick one is called healthy");
    }

    #[test]
    fn every_parameter_is_reached() {
        let parameters = [Tensor::from_vec([2], vec![0.5, -0.2]), Tensor::scalar(0.3), Tensor::scalar(1.0)];
        assert!(
            all_are_reached(|p| ((p[0] * p[1]).tanh() + p[2]).sum(), &parameters),
            "the healthy model is called sick"
        );
        let stopped: for<'t> fn(&[Var<'t, f64>]) -> Var<'t, f64> =
            |p| ((p[0] * p[1].stop_gradient()).tanh() + p[2]).sum();
        assert!(!all_are_reached(stopped, &parameters), "the sick model is called healthy");
    }

    #[test]
    fn gradients_do_not_add_up() {
        assert!(forgets(&mut |x| 2.0 * x), "the healthy gradient is called sick");
        let mut stored = 0.0;
        let mut adds = |x: f64| {
            stored += 2.0 * x;
            stored
        };
        assert!(!forgets(&mut adds), "the sick gradient is called healthy");
    }
}
