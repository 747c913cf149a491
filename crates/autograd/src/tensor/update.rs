//! Updating tensors in place: the inner loop of an optimizer.

use std::sync::{Mutex, PoisonError};

use super::chunks::{CHUNK, piece};
use super::simd::vectorized;
use super::threads::share;
use super::{Tensor, same_sizes};
use crate::Real;

/// Elements updated together, while there are so many; pieces for threads begin at multiples of it.
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
                || {
                    let done = blocks::<T, N, M, BLOCK>(states, inputs, 0, &f);
                    let done = blocks::<T, N, M, 8>(states, inputs, done, &f);
                    blocks::<T, N, M, 1>(states, inputs, done, &f);
                },
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
        let other = |t: &Self| !same_sizes(&t.shape, shape);
        if states.iter().any(|t| other(t)) || inputs.iter().any(|t| other(t)) {
            let shapes: Vec<&[usize]> =
                states.iter().map(|t| t.shape()).chain(inputs.iter().map(|t| t.shape())).collect();
            panic!("update: the shapes differ: {shapes:?}");
        }
        let mut rooms = [const { None }; M];
        let mut rooms = rooms.iter_mut();
        let inputs = inputs.map(|t| t.in_order(rooms.next().expect("one for each")));
        let mut states = states.map(|t| t.make_mut());
        let pass = |mut states: [&mut [T]; N], start: usize| {
            let len = states[0].len();
            pass(&mut states, &inputs.map(|input| &input[start..start + len]));
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
type Pass<'f, T, const N: usize, const M: usize> = dyn Fn(&mut [&mut [T]; N], &[&[T]; M]) + Sync + 'f;

/// The elements from number `done` on, in blocks of a fixed size as long as there are whole ones; up to where it came.
///
/// New values are in local arrays until all of a block are there: the compiler then sees that nothing is written which
/// `f` reads, and vectorizes it. (With what is read in local arrays too, Adam took 0.37 ns a number, now 0.19. In
/// blocks of 64, whose arrays are cleared by a call, W2 took 2 % longer.)
#[inline(always)]
#[allow(clippy::needless_range_loop)]
fn blocks<T: Real, const N: usize, const M: usize, const BLOCK: usize>(
    states: &mut [&mut [T]; N],
    inputs: &[&[T]; M],
    done: usize,
    f: &impl Fn([T; N], [T; M]) -> [T; N],
) -> usize {
    let count = (states[0].len() - done) / BLOCK;
    // Loops in place of `map`, as in `map.rs`.
    let zeros = [T::zero(); BLOCK];
    for b in 0..count {
        let here = done + b * BLOCK..done + (b + 1) * BLOCK;
        let (mut old, mut read) = ([&zeros; N], [&zeros; M]);
        for k in 0..N {
            old[k] = states[k][here.clone()].as_array().expect("a block");
        }
        for k in 0..M {
            read[k] = inputs[k][here.clone()].as_array().expect("a block");
        }
        let mut results = [[T::zero(); BLOCK]; N];
        for i in 0..BLOCK {
            let (mut state, mut input) = ([T::zero(); N], [T::zero(); M]);
            for k in 0..N {
                state[k] = old[k][i];
            }
            for k in 0..M {
                input[k] = read[k][i];
            }
            let new = f(state, input);
            for k in 0..N {
                results[k][i] = new[k];
            }
        }
        for k in 0..N {
            states[k][here.clone()].copy_from_slice(&results[k]);
        }
    }
    done + count * BLOCK
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
