//! Updating tensors in place: the inner loop of an optimiser.

use std::sync::{Mutex, PoisonError};

use super::Tensor;
use super::kernels::{CHUNK, piece};
use super::simd::vectorized;
use super::threads::share;
use crate::Real;

/// Elements handled together: so few that room for the results of Adam is cleared without a call (with 64, W2 took
/// 2 % longer).
const BLOCK: usize = 32;

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
        // All that depends on `f` is the innermost loop; the rest is compiled once for all functions.
        Tensor::update_with(states, inputs, &|states, inputs| {
            vectorized(
                #[inline(always)]
                || blocks(states, inputs, &f),
            );
        });
    }

    #[track_caller]
    fn update_with<const N: usize, const M: usize>(
        states: [&mut Self; N],
        inputs: [&Self; M],
        pass: &Pass<T, N, M>,
    ) {
        let shape = &inputs.first().map_or(&states[0].shape, |t| &t.shape)[..];
        if states.iter().any(|t| t.shape[..] != *shape) || inputs.iter().any(|t| t.shape[..] != *shape) {
            let shapes: Vec<&[usize]> =
                states.iter().map(|t| t.shape()).chain(inputs.iter().map(|t| t.shape())).collect();
            panic!("update: the shapes differ: {shapes:?}");
        }
        let inputs = inputs.map(|t| t.in_order());
        let inputs = inputs.each_ref().map(|t| t.as_slice().expect("contiguous"));
        let mut states = states.map(|t| t.make_mut());
        let pass = |states: [&mut [T]; N], start: usize| {
            let len = states[0].len();
            pass(states, inputs.map(|input| &input[start..start + len]));
        };
        if states[0].len() <= CHUNK {
            return pass(states, 0);
        }
        let chunk = piece(states[0].len(), CHUNK, BLOCK);
        let mut pieces = vec![];
        while !states[0].is_empty() {
            let here = states[0].len().min(chunk);
            let split = states.map(|state| state.split_at_mut(here));
            let mut rest = vec![];
            let piece: [&mut [T]; N] = split.map(|(piece, after)| {
                rest.push(after);
                piece
            });
            pieces.push(piece);
            states = rest.try_into().expect("as many as were split");
        }
        let count = pieces.len();
        let pieces = Mutex::new(pieces.into_iter().enumerate());
        share(count, |_| {
            let next = pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
            let (i, piece) = next.expect("one for each part");
            pass(piece, i * chunk);
        });
    }
}

/// Updates slices of the states from as many elements of the inputs.
type Pass<'f, T, const N: usize, const M: usize> = dyn Fn([&mut [T]; N], [&[T]; M]) + Sync + 'f;

/// Block after block, and what is left one by one.
#[inline(always)]
fn blocks<T: Real, const N: usize, const M: usize>(
    states: [&mut [T]; N],
    inputs: [&[T]; M],
    f: &impl Fn([T; N], [T; M]) -> [T; N],
) {
    let mut states = states.map(|state| state.as_chunks_mut::<BLOCK>());
    let inputs = inputs.map(|input| input.as_chunks::<BLOCK>());
    for i in 0..states[0].0.len() {
        let old = states.each_ref().map(|(blocks, _)| &blocks[i]);
        let new = each(old, inputs.map(|(blocks, _)| &blocks[i]), f);
        for ((blocks, _), new) in states.iter_mut().zip(new) {
            blocks[i] = new;
        }
    }
    for i in 0..states[0].1.len() {
        let new = f(states.each_ref().map(|(_, rest)| rest[i]), inputs.map(|(_, rest)| rest[i]));
        for ((_, rest), new) in states.iter_mut().zip(new) {
            rest[i] = new;
        }
    }
}

/// The innermost loop. It writes to local arrays: the compiler then sees that nothing is written which `f` reads,
/// and vectorises it. (With what is read in local arrays too, Adam took 0.37 ns a number, now 0.19.)
#[inline(always)]
fn each<T: Real, const N: usize, const M: usize>(
    old: [&[T; BLOCK]; N],
    read: [&[T; BLOCK]; M],
    f: &impl Fn([T; N], [T; M]) -> [T; N],
) -> [[T; BLOCK]; N] {
    let mut results = [[T::zero(); BLOCK]; N];
    for i in 0..BLOCK {
        let new = f(old.map(|state| state[i]), read.map(|input| input[i]));
        for (result, new) in results.iter_mut().zip(new) {
            result[i] = new;
        }
    }
    results
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
