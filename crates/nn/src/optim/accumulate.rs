//! Gradients of batches too large for the memory, from several small ones.

use autograd::{Name, Real, Shape, Tensor, Tree};

/// The mean of gradients, each of which is the mean over a number of examples:
///
/// > `g = Σ nᵢ gᵢ / Σ nᵢ`,
///
/// which is the gradient of the mean loss over all the examples. (Layers that mix the examples of a
/// batch, as batch normalization does, still see the small batches.)
///
/// ```
/// use autograd::Tensor;
/// use nn::optim::Accumulator;
///
/// let model = [Tensor::<f64>::zeros([1])];
/// let mut accumulator = Accumulator::new();
/// accumulator.add(&[Tensor::full([1], 1.0)], 3);
/// accumulator.add(&[Tensor::full([1], 5.0)], 1);
/// let [gradient] = accumulator.take(&model).unwrap();
/// assert_eq!(gradient.to_vec(), [2.0]);
/// assert!(accumulator.take(&model).is_none());
/// ```
#[derive(Clone, Debug)]
pub struct Accumulator<T: Real> {
    /// `Σ nᵢ gᵢ` of every parameter.
    sums: Vec<Tensor<T>>,
    /// `Σ nᵢ`.
    examples: usize,
}

impl<T: Real> Default for Accumulator<T> {
    /// As [`Accumulator::new`].
    fn default() -> Self {
        Accumulator::new()
    }
}

impl<T: Real> Accumulator<T> {
    /// Nothing yet.
    pub fn new() -> Self {
        Accumulator { sums: vec![], examples: 0 }
    }

    /// Examples so far.
    pub fn examples(&self) -> usize {
        self.examples
    }

    /// Adds the gradient of the mean loss over this many examples.
    ///
    /// # Panics
    /// If the gradient has other shapes than the ones before, or there are no examples.
    #[track_caller]
    pub fn add(&mut self, gradient: &impl Tree<Tensor<T>>, examples: usize) {
        assert!(examples > 0, "add: a gradient over 0 examples has no meaning");
        let weight = T::of(examples as f64);
        // A panic inside of the walk would not name the caller's line.
        let mut given = vec![];
        gradient.visit(&mut |_, g: &Tensor<T>| given.push(Shape::from_slice(g.shape())));
        let before: Vec<Shape> = self.sums.iter().map(|sum| Shape::from_slice(sum.shape())).collect();
        assert!(
            self.examples == 0 || given == before,
            "add: the gradient has tensors of shapes {given:?}, those before had {before:?}"
        );
        let mut slot = 0;
        gradient.visit(&mut |_, g| {
            if self.examples == 0 {
                self.sums.push(g.map(|g| weight * g));
            } else {
                Tensor::update([&mut self.sums[slot]], [g], |[sum], [g]| [sum + weight * g]);
            }
            slot += 1;
        });
        self.examples += examples;
    }

    /// The mean, in the form of the model, and a new start; `None` if nothing was added.
    ///
    /// # Panics
    /// If the model has another number of tensors than the gradients.
    #[track_caller]
    pub fn take<M>(&mut self, model: &M) -> Option<M>
    where
        M: Tree<Tensor<T>, With<Tensor<T>> = M>,
    {
        let examples = std::mem::take(&mut self.examples);
        let mut sums = std::mem::take(&mut self.sums).into_iter();
        let (had, mut wanted) = (sums.len(), 0);
        model.visit(&mut |_, _| wanted += 1);
        assert!(
            examples == 0 || wanted == had,
            "take: the gradients had {had} tensors, the model has {wanted}"
        );
        (examples > 0).then(|| {
            model.map(Name::Root, &mut |_, _| {
                let mut sum = sums.next().expect("one for each parameter");
                let count = T::of(examples as f64);
                Tensor::update([&mut sum], [], |[sum], []| [sum / count]);
                sum
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use autograd::value_and_grad;

    use super::*;
    use crate::{Activation, Mlp, Purpose, generator};

    #[test]
    fn small_batches_make_a_large_one() {
        let model =
            Mlp::<Tensor<f64>>::new(&[3, 5, 2], Activation::Tanh, &mut generator(0, Purpose::Init, 0, 0));
        let x = Tensor::from_fn([12, 3], |i| (i as f64).sin());
        let y = Tensor::from_fn([12, 2], |i| (0.7 * i as f64).cos());
        let gradient = |start: usize, end: usize| {
            let (x, y) = (x.slice(0, start..end), y.slice(0, start..end));
            let loss = value_and_grad(&model, |model, tape| {
                (model.forward(tape.constant(&x)) - tape.constant(&y)).square().mean()
            });
            loss.1
        };
        let leaves = |gradient: &Mlp<Tensor<f64>>| {
            let mut all = vec![];
            gradient.visit(&mut |_, g: &Tensor<f64>| all.extend(g.to_vec()));
            all
        };
        let large = leaves(&gradient(0, 12));
        for cuts in [vec![0, 4, 8, 12], vec![0, 1, 3, 10, 12], vec![0, 12]] {
            let mut accumulator = Accumulator::new();
            cuts.windows(2).for_each(|cut| accumulator.add(&gradient(cut[0], cut[1]), cut[1] - cut[0]));
            assert_eq!(accumulator.examples(), 12);
            let mean = leaves(&accumulator.take(&model).unwrap());
            assert!(mean.iter().zip(&large).all(|(a, b)| (a - b).abs() < 1e-14), "{cuts:?}");
        }
        assert!(large.iter().any(|g| g.abs() > 1e-2));
    }
}
