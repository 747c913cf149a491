//! One sum for any number of processes: a fixed tree over the pieces.
//!
//! ```text
//!            0 … 5
//!          /       \
//!      0 … 3       4, 5
//!      /   \       /  \
//!    0, 1  2, 3   4    5
//! ```
//!
//! A process adds what it has of the tree and sends only that: with 4 pieces on 2 processes one sum, not two pieces.

use std::ops::Range;

use autograd::{Real, Tensor};

use super::ranks::{self, Ranks};

/// The tensors of a piece, or their sums over some.
type Sums<T> = Vec<Tensor<T>>;

/// The sums of these tensors over all pieces, the same in all processes. `own` has those of each of the pieces
/// `range` that belong to this process.
pub(super) fn over_pieces<T: Real>(
    own: Vec<Sums<T>>,
    range: &Range<usize>,
    pieces: usize,
    of: &dyn Ranks,
) -> Sums<T> {
    let mut own: Vec<_> = own.into_iter().map(Some).collect();
    let mut known: Vec<(Range<usize>, Option<Sums<T>>)> = vec![];
    for node in nodes(0..pieces, range) {
        let sum = total(node.clone(), &mut |part| match part.len() {
            1 => own[part.start - range.start].take(),
            _ => None,
        });
        known.push((node, Some(sum)));
    }
    if of.count() > 1 {
        // Those that work for company only have nothing to say.
        let counts = ranks::pieces_of(of.number(), pieces, of.count()) == *range;
        let sums = known.into_iter().filter(|_| counts).flat_map(|(_, sum)| sum.unwrap_or_default());
        let all = ranks::together(of, "gradients", ranks::encode(&sums.collect::<Vec<_>>()));
        known = vec![];
        for (rank, bytes) in all.iter().enumerate() {
            let nodes = nodes(0..pieces, &ranks::pieces_of(rank, pieces, of.count()));
            let mut tensors = ranks::decode(bytes).into_iter();
            let each = tensors.len() / nodes.len().max(1);
            known.extend(nodes.into_iter().map(|node| (node, Some(tensors.by_ref().take(each).collect()))));
        }
    }
    total(0..pieces, &mut |part| {
        known.iter_mut().find(|(node, _)| node == part).and_then(|(_, sum)| sum.take())
    })
}

/// The sum of these tensors, by the same tree.
pub(crate) fn add_all<T: Real>(all: Vec<Tensor<T>>) -> Tensor<T> {
    let mut all: Vec<_> = all.into_iter().map(|one| Some(vec![one])).collect();
    let sum = total(0..all.len(), &mut |part| match part.len() {
        1 => all[part.start].take(),
        _ => None,
    });
    sum.into_iter().next().expect("there is a piece")
}

/// The largest nodes of the tree over `whole` that lie in `own`.
fn nodes(whole: Range<usize>, own: &Range<usize>) -> Vec<Range<usize>> {
    if own.start.max(whole.start) >= own.end.min(whole.end) {
        return vec![];
    }
    if own.start <= whole.start && whole.end <= own.end {
        return vec![whole];
    }
    let [left, right] = halves(&whole);
    [nodes(left, own), nodes(right, own)].concat()
}

/// The sums over a node, of those that are known.
fn total<T: Real>(node: Range<usize>, known: &mut dyn FnMut(&Range<usize>) -> Option<Sums<T>>) -> Sums<T> {
    if let Some(sums) = known(&node) {
        return sums;
    }
    let [left, right] = halves(&node);
    let mut sums = total(left, known);
    let others = total(right, known);
    assert!(sums.len() == others.len(), "pieces of a batch: not the same number of tensors in each");
    for (sum, other) in sums.iter_mut().zip(&others) {
        Tensor::update([sum], [other], |[sum], [other]| [sum + other]);
    }
    sums
}

/// The children of a node of at least two pieces: the left one is a power of two.
fn halves(node: &Range<usize>) -> [Range<usize>; 2] {
    let middle = node.start + node.len().next_power_of_two() / 2;
    [node.start..middle, middle..node.end]
}
