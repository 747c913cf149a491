//! Sums of products in Einstein's notation.
//!
//! Every axis has a letter. The result has the axes to the right of the arrow; products are summed
//! over all letters that are not there.

use super::{Case, case, wave};
use crate::{Real, Shape, Var};

/// An operand and the letters of its axes.
struct Term<'t, T: Real> {
    value: Var<'t, T>,
    letters: Vec<char>,
}

impl<'t, T: Real> Term<'t, T> {
    /// The axis with this letter.
    fn axis(&self, letter: char) -> usize {
        self.letters.iter().position(|&l| l == letter).expect("a letter of this term")
    }

    /// The sizes of the axes with these letters.
    fn sizes(&self, letters: &[char]) -> Shape {
        let shape = self.value.shape();
        letters.iter().map(|&letter| shape[self.axis(letter)]).collect()
    }

    /// The value with its axes in this order.
    #[track_caller]
    fn arranged(&self, letters: &[char]) -> Var<'t, T> {
        let order: Shape = letters.iter().map(|&letter| self.axis(letter)).collect();
        self.value.permute(&order[..])
    }

    /// The same with each group of axes merged into one.
    #[track_caller]
    fn merged<const N: usize>(&self, groups: [&[char]; N]) -> Var<'t, T> {
        let sizes = groups.map(|group| self.sizes(group).iter().product::<usize>());
        self.arranged(&groups.concat()).reshape(sizes)
    }

    /// With each letter once: `ii` is a diagonal.
    #[track_caller]
    fn without_repetition(mut self) -> Self {
        loop {
            let letters = &self.letters;
            let Some(j) = (0..letters.len()).find(|&j| letters[..j].contains(&letters[j])) else {
                return self;
            };
            let i = self.axis(letters[j]);
            let others = (0..letters.len()).filter(|axis| ![i, j].contains(axis));
            let order: Vec<usize> = others.chain([i, j]).collect();
            let letters = order[..order.len() - 1].iter().map(|&axis| letters[axis]).collect();
            self = Term { value: self.value.permute(&order[..]).diagonal(), letters };
        }
    }

    /// Summed over the letters that are not to be kept.
    #[track_caller]
    fn summed(self, keep: impl Fn(char) -> bool) -> Self {
        let gone: Vec<usize> = (0..self.letters.len()).filter(|&axis| !keep(self.letters[axis])).collect();
        let letters = self.letters.into_iter().filter(|&letter| keep(letter)).collect();
        Term { value: self.value.sum_over(&gone[..]), letters }
    }

    /// The product with another term, summed over the letters that are not to be kept.
    #[track_caller]
    fn times(self, other: Self, keep: impl Fn(char) -> bool) -> Self {
        let a = self.summed(|letter| keep(letter) || other.letters.contains(&letter));
        let b = other.summed(|letter| keep(letter) || a.letters.contains(&letter));
        let (shared, left): (Vec<char>, Vec<char>) = a.letters.iter().partition(|l| b.letters.contains(l));
        let (batch, inner): (Vec<char>, Vec<char>) = shared.into_iter().partition(|&letter| keep(letter));
        let right: Vec<char> = b.letters.iter().copied().filter(|l| !a.letters.contains(l)).collect();
        let product = if inner.is_empty() || left.is_empty() && right.is_empty() {
            // Nothing to sum, or only dot products: these are not worth a matrix product each.
            let a = a.merged([&batch, &left, &[], &inner]);
            let b = b.merged([&batch, &[], &right, &inner]);
            (a * b).sum_over(-1)
        } else {
            a.merged([&batch, &left, &inner]).matmul(b.merged([&batch, &inner, &right]))
        };
        let shape = [&a.sizes(&batch)[..], &a.sizes(&left), &b.sizes(&right)].concat();
        Term { value: product.reshape(shape), letters: [batch, left, right].concat() }
    }
}

impl<'t, T: Real> Var<'t, T> {
    /// A sum of products, written with a letter for each axis: `einsum("ij,jk->ik", [a, b])` is the
    /// matrix product `yᵢₖ = Σⱼ aᵢⱼ bⱼₖ`.
    ///
    /// A letter that is missing to the right of the arrow is summed over. A letter that is twice in
    /// one operand takes its diagonal. Several operands are multiplied from left to right.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor, Var};
    /// let tape = Tape::<f64>::new();
    /// let a = tape.var(Tensor::from_vec([2, 2], vec![1.0, 2.0, 3.0, 4.0]));
    /// let b = tape.var(Tensor::from_vec([2], vec![10.0, 100.0]));
    /// assert_eq!(Var::einsum("ij,j->i", [a, b]).value().to_vec(), [210.0, 430.0]);
    /// assert_eq!(Var::einsum("ij->ji", [a]).value().to_vec(), [1.0, 3.0, 2.0, 4.0]);
    /// assert_eq!(Var::einsum("ii->", [a]).item(), 5.0); // the trace
    /// ```
    ///
    /// # Panics
    /// If the pattern does not fit the operands: their number, their axes, sizes that differ for one
    /// letter, a result with a letter twice or with one that no operand has.
    #[track_caller]
    pub fn einsum(pattern: &str, operands: impl AsRef<[Var<'t, T>]>) -> Var<'t, T> {
        let operands = operands.as_ref();
        let Some((left, right)) = pattern.split_once("->") else {
            panic!("einsum: `{pattern}` has no `->`, which the letters of the result follow");
        };
        let mut names = vec![];
        for name in left.split(',') {
            names.push(letters(pattern, name));
        }
        let result = letters(pattern, right);
        let (named, given) = (names.len(), operands.len());
        assert!(named == given, "einsum: `{pattern}` is for {named} operands, but {given} were given");
        assert_sizes(pattern, operands, &names);
        for (i, letter) in result.iter().enumerate() {
            if result[..i].contains(letter) {
                panic!("einsum: `{letter}` is twice in the result of `{pattern}`; see `diag_embed`");
            }
            if !names.iter().flatten().any(|name| name == letter) {
                panic!("einsum: `{letter}` in the result of `{pattern}` is an axis of no operand");
            }
        }
        // Loops, not closures, so that the tape shows the user's line.
        let mut product = None;
        for (i, &value) in operands.iter().enumerate() {
            let term = Term { value, letters: names[i].clone() }.without_repetition();
            let needed = [&result[..], &names[i + 1..].concat()].concat();
            product = Some(match product {
                None => term,
                Some(before) => Term::times(before, term, |letter| needed.contains(&letter)),
            });
        }
        let product = product.expect("a pattern has at least one operand");
        product.summed(|letter| result.contains(&letter)).arranged(&result)
    }
}

/// The letters of one operand, or of the result. Spaces between them are ignored.
#[track_caller]
fn letters(pattern: &str, name: &str) -> Vec<char> {
    let letters: Vec<char> = name.chars().filter(|c| *c != ' ').collect();
    if let Some(wrong) = letters.iter().find(|c| !c.is_alphabetic()) {
        panic!("einsum: `{wrong}` in `{pattern}` is not a letter");
    }
    letters
}

/// Insists that every axis has a letter, and every letter one size.
#[track_caller]
fn assert_sizes<T: Real>(pattern: &str, operands: &[Var<T>], names: &[Vec<char>]) {
    let mut sizes: Vec<(char, usize)> = vec![];
    for (operand, name) in operands.iter().zip(names) {
        let shape = operand.shape();
        if name.len() != shape.len() {
            let name: String = name.iter().collect();
            panic!("einsum: `{name}` in `{pattern}` does not name the axes of shape {shape:?}");
        }
        for (&letter, &size) in name.iter().zip(&shape) {
            match sizes.iter().find(|(known, _)| *known == letter) {
                Some((_, other)) if *other != size => {
                    panic!("einsum: `{letter}` in `{pattern}` has size {other} at first and {size} later")
                }
                _ => sizes.push((letter, size)),
            }
        }
    }
}

pub(super) const CASES: &[Case] = &[
    case!("einsum, transpose", |a| Var::einsum("ij->ji", [a * a * a]), [wave([2, 3])]),
    case!("einsum, trace", |a| Var::einsum("iji->j", [a * a * a]), [wave([2, 3, 2])]),
    case!("einsum, sum", |a| Var::einsum("ijk->k", [a * a * a]), [wave([2, 3, 2])]),
    case!("einsum, matrices", |a, b| Var::einsum("ij,jk->ki", [a, b]), [wave([2, 3]), wave([3, 2])]),
    case!("einsum, stacks", |a, b| Var::einsum("bij,bkj->bik", [a, b]), [wave([2, 2, 3]), wave([2, 2, 3])]),
    case!("einsum, dot", |a, b| Var::einsum("bi,bi->b", [a, b]), [wave([2, 3]), wave([2, 3])]),
    case!("einsum, outer", |a, b| Var::einsum("i,jk->kij", [a, b * b]), [wave([2]), wave([3, 2])]),
    case!(
        "einsum, two summed",
        |a, b| Var::einsum("ijk,kjl->il", [a, b]),
        [wave([2, 2, 3]), wave([3, 2, 2])]
    ),
    case!("einsum, one unused", |a, b| Var::einsum("il,jm->ij", [a, b]), [wave([2, 2]), wave([2, 3])]),
    case!("einsum, numbers", |a, b| Var::einsum(",->", [a, b]), [wave([]), wave([])]),
    case!("einsum, nothing", |a, b| Var::einsum("ij,jk->ik", [a, b]), [wave([2, 0]), wave([0, 2])]),
    case!(
        "einsum, three",
        |a, b, c| Var::einsum("i,ij,j->", [a, b, c]),
        [wave([2]), wave([2, 3]), wave([3])]
    ),
];

#[cfg(test)]
mod tests;
