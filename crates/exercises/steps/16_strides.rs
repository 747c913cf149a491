//! # Strides
//!
//! Book: docs/src/04-tensors.md#a-shape-over-a-buffer
//!
//! A tensor is a row of numbers in memory, and a shape that says how to read it. In `[2, 3]` a step along the first axis
//! skips three numbers, a step along the second one number: the strides are `[3, 1]`. With other strides the same
//! memory is another tensor. Nothing is moved when a matrix is transposed.
// hint: From the right: the last stride is 1, and each one before is the stride behind it times the length behind it. A repeated axis has stride 0, so that each step arrives at the same number.

/// The strides of a tensor whose rows lie one behind the other.
fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    // hole: each stride is the next one times the next length
    for axis in (0..shape.len().saturating_sub(1)).rev() {
        strides[axis] = strides[axis + 1] * shape[axis + 1];
    }
    // wrong: for axis in 1..shape.len() {
    // |     strides[axis] = strides[axis - 1] * shape[axis - 1];
    // | }
    // wrong: for axis in (0..shape.len().saturating_sub(1)).rev() {
    // |     strides[axis] = shape[axis + 1];
    // | }
    // end
    strides
}

/// Where the element at `index` lies in memory.
fn position(index: &[usize], strides: &[usize]) -> usize {
    // hole: the sum of index times stride over the axes
    index.iter().zip(strides).map(|(i, stride)| i * stride).sum()
    // wrong: index.iter().zip(strides).map(|(i, stride)| i + stride).sum()
    // wrong: index.iter().product()
    // end
}

/// The strides of the transpose of a matrix, and those of a row of `n` numbers that is repeated `m` times.
fn transposed_and_repeated(strides: [usize; 2]) -> ([usize; 2], [usize; 2]) {
    // hole: the two strides exchanged; and the strides of the shape [m, n] where each step down stays where it is
    ([strides[1], strides[0]], [0, 1])
    // wrong: (strides, [0, 1])
    // wrong: ([strides[1], strides[0]], [1, 0])
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_lie_behind_each_other() {
        assert_eq!(strides(&[2, 3]), [3, 1]);
        assert_eq!(strides(&[4, 2, 5]), [10, 5, 1]);
        assert_eq!(strides(&[7]), [1]);
    }

    #[test]
    fn every_element_has_its_place() {
        let strides = [10, 5, 1]; // of the shape [4, 2, 5]
        assert_eq!(position(&[0, 0, 0], &strides), 0);
        assert_eq!(position(&[3, 1, 2], &strides), 37);
    }

    #[test]
    fn a_transpose_reads_the_same_memory_in_another_order() {
        let memory = [1, 2, 3, 4, 5, 6]; // [[1, 2, 3], [4, 5, 6]]
        let (transposed, _) = transposed_and_repeated([3, 1]);
        let read: Vec<i32> = (0..6).map(|i| memory[position(&[i / 2, i % 2], &transposed)]).collect();
        assert_eq!(read, [1, 4, 2, 5, 3, 6]);
    }

    #[test]
    fn a_repeated_row_is_in_memory_once() {
        let (memory, (_, repeated)) = ([7, 8, 9], transposed_and_repeated([3, 1]));
        let read: Vec<i32> = (0..6).map(|i| memory[position(&[i / 3, i % 3], &repeated)]).collect();
        assert_eq!(read, [7, 8, 9, 7, 8, 9]);
    }
}
