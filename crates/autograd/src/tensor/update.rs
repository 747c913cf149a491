//! Updating tensors in place: the inner loop of an optimiser.

use rayon::prelude::*;

use super::Tensor;
use crate::Real;

/// Elements handled by one task.
const CHUNK: usize = 1 << 14;

impl<T: Real> Tensor<T> {
    /// Replaces the elements of `states` by `f` of them and of the elements of `inputs` at the same
    /// place: one pass over memory, in parallel for large tensors.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// let mut w = Tensor::from_vec([2], vec![1.0, 2.0]);
    /// let gradient = Tensor::from_vec([2], vec![10.0, 20.0]);
    /// Tensor::update([&mut w], [&gradient], |[w], [g]| [w - 0.1 * g]);
    /// assert_eq!(w.to_vec(), [0.0, 0.0]);
    /// ```
    ///
    /// # Panics
    /// If the shapes differ.
    #[track_caller]
    pub fn update<const N: usize, const M: usize>(
        states: [&mut Self; N],
        inputs: [&Self; M],
        f: impl Fn([T; N], [T; M]) -> [T; N] + Sync,
    ) {
        let shapes: Vec<&[usize]> =
            states.iter().map(|t| t.shape()).chain(inputs.iter().map(|t| t.shape())).collect();
        if shapes.windows(2).any(|pair| pair[0] != pair[1]) {
            panic!("update: the shapes differ: {shapes:?}");
        }
        let inputs = inputs.map(|t| t.contiguous());
        let inputs = inputs.each_ref().map(|t| t.as_slice().expect("contiguous"));
        let mut states = states.map(|t| t.make_mut());
        let pass = |states: [&mut [T]; N], start: usize| {
            let len = states[0].len();
            let inputs = inputs.map(|input| &input[start..start + len]);
            let mut states = states.map(|state| &mut state[..len]);
            for i in 0..len {
                let old = states.each_ref().map(|state| state[i]);
                let new = f(old, inputs.map(|input| input[i]));
                states.iter_mut().zip(new).for_each(|(state, new)| state[i] = new);
            }
        };
        if states[0].len() <= CHUNK || rayon::current_num_threads() == 1 {
            return pass(states, 0);
        }
        let mut pieces = vec![];
        while !states[0].is_empty() {
            let here = states[0].len().min(CHUNK);
            let split = states.map(|state| state.split_at_mut(here));
            let mut rest = vec![];
            let piece: [&mut [T]; N] = split.map(|(piece, after)| {
                rest.push(after);
                piece
            });
            pieces.push(piece);
            states = rest.try_into().expect("as many as were split");
        }
        pieces.into_par_iter().enumerate().for_each(|(i, piece)| pass(piece, i * CHUNK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_short_tensors_are_updated_everywhere() {
        for len in [0, 1, 5, CHUNK, 3 * CHUNK + 7] {
            let mut a = Tensor::from_fn([len], |i| i as f64);
            let mut b = Tensor::full([len], 2.0);
            let c = Tensor::from_fn([len], |i| 0.5 * i as f64);
            let before = a.clone();
            Tensor::update([&mut a, &mut b], [&c], |[a, b], [c]| [a + b * c, a]);
            assert_eq!(a, before.map(|i| 2.0 * i));
            assert_eq!(b, before);
        }
    }

    #[test]
    #[should_panic(expected = "update: the shapes differ: [[2], [3]]")]
    fn different_shapes() {
        Tensor::update([&mut Tensor::<f64>::zeros([2])], [&Tensor::zeros([3])], |[a], [b]| [a + b]);
    }
}
