//! Averages of weights over the course of training.

use autograd::{Name, Real, Shape, Tensor, Tree};

use super::State;
use super::memory::joined;
use crate::Result;

/// The exponential moving average of a model's weights (Polyak and Juditsky 1992; in this form, for
/// example, Tarvainen and Valpola 2017, eq. 1):
///
/// > `a ← δ a + (1 − δ) w`.
///
/// It often does better than the last weights, which still shake with the noise of the batches. It
/// starts with the first weights it sees; or, with `bias_correction`, from zero, and is divided by
/// `1 − δᵗ`, so that the first weights count no more than others.
///
/// ```
/// use autograd::Tensor;
/// use nn::optim::Average;
///
/// let mut average = Average::new(0.5);
/// for w in [1.0, 2.0, 4.0] {
///     average.update(&[Tensor::<f64>::scalar(w)]);
/// }
/// let [a] = average.of(&[Tensor::scalar(0.0)]);
/// assert_eq!(a.item(), 0.25 * 1.0 + 0.25 * 2.0 + 0.5 * 4.0);
/// ```
#[derive(Clone, Debug)]
pub struct Average<T: Real> {
    /// `δ` in `[0, 1)`: how much is kept at every update.
    pub decay: f64,
    /// Whether the average starts from zero and is corrected for that.
    pub bias_correction: bool,
    steps: u64,
    names: Vec<String>,
    tensors: Vec<Tensor<T>>,
}

impl<T: Real> Average<T> {
    /// An average without bias correction.
    pub fn new(decay: f64) -> Self {
        Average { decay, bias_correction: false, steps: 0, names: vec![], tensors: vec![] }
    }

    /// An average with bias correction.
    pub fn corrected(decay: f64) -> Self {
        Average { bias_correction: true, ..Average::new(decay) }
    }

    /// Takes the weights of a model in.
    ///
    /// # Panics
    /// If the model has other shapes than before, or the decay is not in `[0, 1)`.
    #[track_caller]
    pub fn update(&mut self, model: &impl Tree<Tensor<T>>) {
        let decay = self.decay;
        assert!((0.0..1.0).contains(&decay), "update: the decay of an average is in [0, 1), not {decay}");
        let is_first = self.steps == 0;
        // A panic inside of the walk would not name the caller's line.
        let mut given = vec![];
        model.visit(&mut |_, w: &Tensor<T>| given.push(Shape::from_slice(w.shape())));
        let before: Vec<Shape> = self.tensors.iter().map(|a| Shape::from_slice(a.shape())).collect();
        assert!(
            is_first || given == before,
            "update: the model has tensors of shapes {given:?}, before it had {before:?}"
        );
        // The first weights are the whole average, or as small a part of it as all others.
        let decay = if is_first && !self.bias_correction { 0.0 } else { self.decay };
        let (keep, take) = (T::of(decay), T::of(1.0 - decay));
        let mut slot = 0;
        model.visit(&mut |name, w| {
            if is_first {
                self.names.push(name.to_string());
                self.tensors.push(w.map(|w| take * w));
            } else {
                Tensor::update([&mut self.tensors[slot]], [w], |[a], [w]| [keep * a + take * w]);
            }
            slot += 1;
        });
        self.steps += 1;
    }

    /// The average, as a model like this one.
    ///
    /// # Panics
    /// If no weights were taken in, or the model has another number of parameters.
    #[track_caller]
    pub fn of<M>(&self, model: &M) -> M
    where
        M: Tree<Tensor<T>, With<Tensor<T>> = M>,
    {
        assert!(self.steps > 0, "of: an average of no weights");
        let (had, mut wanted) = (self.tensors.len(), 0);
        model.visit(&mut |_, _| wanted += 1);
        assert!(wanted == had, "of: the average has {had} tensors, the model has {wanted}");
        let weight = if self.bias_correction { 1.0 - self.decay.powf(self.steps as f64) } else { 1.0 };
        let weight = T::of(weight);
        let mut tensors = self.tensors.iter();
        model.map(Name::Root, &mut |_, _| {
            tensors.next().expect("as many parameters as were averaged").map(|a| a / weight)
        })
    }

    /// The averages by parameter, as in `encoder.0.weight.average`, and the number of steps.
    pub fn state(&self) -> State<T> {
        let mut state = State::default();
        for (name, tensor) in self.names.iter().zip(&self.tensors) {
            state.tensors.insert(joined(name, "average"), tensor.clone());
        }
        state.numbers.insert("steps".to_owned(), self.steps as f64);
        state
    }

    /// Takes over the state of another average with the same settings, of a model like this one.
    ///
    /// # Errors
    /// If the state is not of this kind. Nothing is changed then.
    pub fn restore(&mut self, model: &impl Tree<Tensor<T>>, mut state: State<T>) -> Result<()> {
        let mut new = Average { steps: state.take_count("steps")?, names: vec![], tensors: vec![], ..*self };
        if new.steps > 0 {
            let mut found = vec![];
            model.visit(&mut |name, w| {
                let name = name.to_string();
                let tensor = state.take_tensor(&joined(&name, "average"), w.shape());
                found.push(tensor.map(|tensor| (name, tensor)));
            });
            (new.names, new.tensors) = found.into_iter().collect::<Result<Vec<_>>>()?.into_iter().unzip();
        }
        state.finish()?;
        *self = new;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weights(step: i32) -> Vec<Tensor<f64>> {
        vec![Tensor::from_fn([2, 2], |i| (step as f64 + i as f64).sin()), Tensor::scalar(step.into())]
    }

    /// `Σ δ^(t − i) wᵢ / Σ δ^(t − i)`, directly.
    #[test]
    fn the_corrected_average_is_a_weighted_mean() {
        let mut average = Average::corrected(0.9);
        for step in 1..=20 {
            average.update(&weights(step));
            let shares: Vec<f64> = (1..=step).map(|i| 0.9_f64.powi(step - i)).collect();
            let mean = |slot: usize, element: usize| {
                let parts =
                    (1..=step).zip(&shares).map(|(i, share)| share * weights(i)[slot].to_vec()[element]);
                parts.sum::<f64>() / shares.iter().sum::<f64>()
            };
            let found = average.of(&weights(0));
            assert!((found[0].to_vec()[3] - mean(0, 3)).abs() < 1e-13);
            assert!((found[1].item() - mean(1, 0)).abs() < 1e-12);
        }
    }

    #[test]
    fn saved_and_restored_it_goes_on() {
        for bias_correction in [false, true] {
            let fresh = Average { bias_correction, ..Average::new(0.99) };
            let mut straight = fresh.clone();
            (0..25).for_each(|step| straight.update(&weights(step)));
            let mut other = fresh.clone();
            other.restore(&weights(0), straight.state()).unwrap();
            for step in 25..50 {
                straight.update(&weights(step));
                other.update(&weights(step));
            }
            assert_eq!(straight.state(), other.state());
            assert!(other.restore(&weights(0)[..1].to_vec(), straight.state()).is_err());
        }
    }
}
