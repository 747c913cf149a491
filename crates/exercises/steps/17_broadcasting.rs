//! # Broadcasting
//!
//! Book: docs/src/04-tensors.md#broadcasting
//!
//! To add a row to every row of a matrix, the row is repeated. The rule: write both shapes one above the other, aligned
//! at the right. Where one has 1, or nothing, and the other `n`, the first is repeated `n` times. Any other difference
//! is an error.
// hint: For each axis compare length(a, axis) and length(b, axis). If they are equal, or one of them is 1, the common length is Some of the larger; else None. An iterator of Options can be collected into an Option<Vec<usize>>.

/// The common shape of two, if there is one.
fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    // The length of an axis, where missing ones count as 1.
    let length =
        |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |at| shape[at]);
    // hole: for every axis of 0..rank the common length, or None where the two do not fit
    let common = |axis| match (length(a, axis), length(b, axis)) {
        (m, n) if m == n || n == 1 => Some(m),
        (1, n) => Some(n),
        _ => None,
    };
    (0..rank).map(common).collect()
    // wrong: Some((0..rank).map(|axis| length(a, axis).max(length(b, axis))).collect())
    // wrong: if a.len() != b.len() {
    // |     return None;
    // | }
    // | (0..rank).map(|axis| (a[axis] == b[axis] || a[axis] == 1 || b[axis] == 1).then(|| a[axis].max(b[axis]))).collect()
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_book() {
        assert_eq!(broadcast(&[2, 3], &[3]), Some(vec![2, 3]));
        assert_eq!(broadcast(&[2, 1], &[3]), Some(vec![2, 3]));
        assert_eq!(broadcast(&[5, 1, 4], &[2, 1]), Some(vec![5, 2, 4]));
        assert_eq!(broadcast(&[2, 3], &[2]), None);
    }

    #[test]
    fn a_single_number_fits_everywhere() {
        assert_eq!(broadcast(&[], &[4, 2]), Some(vec![4, 2]));
        assert_eq!(broadcast(&[], &[]), Some(vec![]));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(broadcast(&[3, 2], &[2, 3]), None);
    }
}
