//! Other processes that run the same program.

use std::fmt::Debug;
use std::ops::Range;

use autograd::{Real, Tensor};

/// Processes that run the same program on the same data, each on pieces of its own: those of MPI, for example.
pub trait Ranks: Debug + Send + Sync {
    /// The number of this process, from 0.
    fn number(&self) -> usize;

    /// The number of processes.
    fn count(&self) -> usize;

    /// The bytes of all processes, in the order of their numbers. All of them call it at the same point of the program;
    /// it waits for the last. It is never called by two threads at once, but not always by the same thread.
    ///
    /// # Panics
    /// If a process has ended.
    fn gather(&self, own: Vec<u8>) -> Vec<Vec<u8>>;
}

/// The only process.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

impl Ranks for Alone {
    fn number(&self) -> usize {
        0
    }
    fn count(&self) -> usize {
        1
    }
    fn gather(&self, own: Vec<u8>) -> Vec<Vec<u8>> {
        vec![own]
    }
}

/// The pieces that belong to this rank of so many.
pub(super) fn pieces_of(rank: usize, pieces: usize, ranks: usize) -> Range<usize> {
    rank * pieces / ranks..(rank + 1) * pieces / ranks
}

/// [`Ranks::gather`] for this purpose.
///
/// # Panics
/// If another rank is at another point of the program.
pub(super) fn together(ranks: &dyn Ranks, purpose: &str, own: Vec<u8>) -> Vec<Vec<u8>> {
    let name = |rank: &[u8]| String::from_utf8_lossy(rank).into_owned();
    let tagged = [&[purpose.len() as u8], purpose.as_bytes(), &own].concat();
    let all = ranks.gather(tagged).into_iter().enumerate().map(|(rank, bytes)| {
        let (theirs, rest) = bytes[1..].split_at(usize::from(bytes[0]));
        assert!(
            theirs == purpose.as_bytes(),
            "pieces of a batch: process {rank} is at `{}` and process {} at `{purpose}`; all must do the same",
            name(theirs),
            ranks.number()
        );
        rest.to_vec()
    });
    all.collect()
}

/// Tensors as bytes: their number, then of each its shape and its elements.
pub(super) fn encode<T: Real>(tensors: &[Tensor<T>]) -> Vec<u8> {
    let mut bytes = vec![];
    let size = |bytes: &mut Vec<u8>, size: usize| bytes.extend((size as u64).to_le_bytes());
    size(&mut bytes, tensors.len());
    for tensor in tensors {
        size(&mut bytes, tensor.shape().len());
        tensor.shape().iter().for_each(|&n| size(&mut bytes, n));
        let elements = tensor.to_vec();
        match size_of::<T>() {
            4 => bytes.extend(elements.iter().flat_map(|x| (x.as_f64() as f32).to_le_bytes())),
            _ => bytes.extend(elements.iter().flat_map(|x| x.as_f64().to_le_bytes())),
        }
    }
    bytes
}

/// The way back from [`encode`].
pub(super) fn decode<T: Real>(mut bytes: &[u8]) -> Vec<Tensor<T>> {
    fn take<'b>(bytes: &mut &'b [u8], count: usize) -> &'b [u8] {
        let (taken, rest) = bytes.split_at(count);
        *bytes = rest;
        taken
    }
    let size = |bytes: &mut &[u8]| u64::from_le_bytes(take(bytes, 8).try_into().expect("8 bytes")) as usize;
    let count = size(&mut bytes);
    let tensors = (0..count).map(|_| {
        let rank = size(&mut bytes);
        let shape: Vec<usize> = (0..rank).map(|_| size(&mut bytes)).collect();
        let elements = take(&mut bytes, size_of::<T>() * shape.iter().product::<usize>());
        let elements = match size_of::<T>() {
            4 => elements.as_chunks().0.iter().map(|x| T::of(f32::from_le_bytes(*x).into())).collect(),
            _ => elements.as_chunks().0.iter().map(|x| T::of(f64::from_le_bytes(*x))).collect(),
        };
        Tensor::from_vec(shape, elements)
    });
    tensors.collect()
}
