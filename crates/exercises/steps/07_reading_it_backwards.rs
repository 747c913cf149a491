//! # A tape: reading it backwards
//!
//! Book: docs/src/02-scalar-tape.md#reading-it-backwards
//!
//! A node uses only nodes that stand before it. So a walk from the output to the beginning visits each node after all
//! that used it: its adjoint is complete by then. Start with 1 at the output. At each node, give every input its
//! contribution: the node's own adjoint, times the slope.
// hint: Two loops: over the ids from output down to 0 — (0..=output).rev() — and over the inputs of the node: adjoint[input] += adjoint[id] * slope.

/// One node: a value, and for each of its inputs the local slope.
struct Node {
    inputs: Vec<(usize, f64)>,
}

/// The derivative of node `output` with respect to every node.
fn backward(nodes: &[Node], output: usize) -> Vec<f64> {
    let mut adjoint = vec![0.0; nodes.len()];
    adjoint[output] = 1.0;
    // hole: the walk: from output to the first node, each gives its inputs their contributions
    for id in (0..=output).rev() {
        for &(input, slope) in &nodes[id].inputs {
            adjoint[input] += adjoint[id] * slope;
        }
    }
    // wrong: for id in 0..=output {
    // |     for &(input, slope) in &nodes[id].inputs {
    // |         adjoint[input] += adjoint[id] * slope;
    // |     }
    // | }
    // wrong: for id in (0..=output).rev() {
    // |     for &(input, slope) in &nodes[id].inputs {
    // |         adjoint[input] = adjoint[id] * slope;
    // |     }
    // | }
    // wrong: for &(input, slope) in &nodes[output].inputs {
    // |     adjoint[input] += slope;
    // | }
    // end
    adjoint
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(inputs: &[(usize, f64)]) -> Node {
        Node { inputs: inputs.to_vec() }
    }

    #[test]
    fn slopes_along_a_chain_are_multiplied() {
        let nodes = [node(&[]), node(&[(0, 2.0)]), node(&[(1, 5.0)])];
        assert_eq!(backward(&nodes, 2), [10.0, 5.0, 1.0]);
    }

    #[test]
    fn contributions_of_two_uses_are_added() {
        // y = a b + a at a = 2, b = 3
        let nodes = [node(&[]), node(&[]), node(&[(0, 3.0), (1, 2.0)]), node(&[(2, 1.0), (0, 1.0)])];
        assert_eq!(backward(&nodes, 3), [4.0, 2.0, 1.0, 1.0]);
    }

    #[test]
    fn a_node_below_the_output_has_no_part_in_it() {
        let nodes = [node(&[]), node(&[(0, 2.0)]), node(&[(1, 7.0)])];
        assert_eq!(backward(&nodes, 1), [2.0, 1.0, 0.0]);
    }
}
