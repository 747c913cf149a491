//! # A tape: writing
//!
//! Book: docs/src/02-scalar-tape.md#writing
//!
//! A program can do what you did by hand. While the function is computed, a list is written: the tape. Each node holds
//! a value, the numbers of its inputs, and for each input the local slope. Write `product` and `tanh`; `sum` shows how.
// hint: y = a b has the slope b for a, and a for b. tanh has the slope 1 − y², where y is its result.

/// One node: a value, and for each of its inputs the local slope.
#[derive(Debug, PartialEq)]
struct Node {
    value: f64,
    inputs: Vec<(usize, f64)>,
}

#[derive(Default)]
struct Tape {
    nodes: Vec<Node>,
}

impl Tape {
    /// A new node; returns its number.
    fn push(&mut self, value: f64, inputs: Vec<(usize, f64)>) -> usize {
        self.nodes.push(Node { value, inputs });
        self.nodes.len() - 1
    }

    fn value(&self, id: usize) -> f64 {
        self.nodes[id].value
    }

    /// `a + b`: both slopes are 1.
    fn sum(&mut self, a: usize, b: usize) -> usize {
        self.push(self.value(a) + self.value(b), vec![(a, 1.0), (b, 1.0)])
    }

    /// `a b`.
    fn product(&mut self, a: usize, b: usize) -> usize {
        // hole: push the product of the two values, with the slope for each of them
        self.push(self.value(a) * self.value(b), vec![(a, self.value(b)), (b, self.value(a))])
        // wrong: self.push(self.value(a) * self.value(b), vec![(a, self.value(a)), (b, self.value(b))])
        // wrong: self.push(self.value(a) * self.value(b), vec![(a, 1.0), (b, 1.0)])
        // end
    }

    /// `tanh a`.
    fn tanh(&mut self, a: usize) -> usize {
        let y = self.value(a).tanh();
        // hole: push y with its slope, 1 − y²
        self.push(y, vec![(a, 1.0 - y * y)])
        // wrong: self.push(y, vec![(a, 1.0 - self.value(a) * self.value(a))])
        // wrong: self.push(y, vec![])
        // end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_has_the_other_factor_as_its_slope() {
        let mut tape = Tape::default();
        let (a, b) = (tape.push(2.0, vec![]), tape.push(3.0, vec![]));
        let y = tape.product(a, b);
        assert_eq!(tape.nodes[y], Node { value: 6.0, inputs: vec![(a, 3.0), (b, 2.0)] });
    }

    #[test]
    fn tanh_has_a_slope_that_its_result_tells() {
        let mut tape = Tape::default();
        let x = tape.push(0.7, vec![]);
        let y = tape.tanh(x);
        let [(input, slope)] = tape.nodes[y].inputs[..] else { panic!("tanh has one input") };
        assert_eq!((tape.value(y), input), (0.7_f64.tanh(), x));
        assert!(
            (slope - 0.634_739_589_982).abs() < 1e-9,
            "the slope of tanh at 0.7 is 0.6347, and yours is {slope}"
        );
    }

    #[test]
    fn a_function_of_several_steps_is_written_node_by_node() {
        let mut tape = Tape::default();
        let (a, b) = (tape.push(2.0, vec![]), tape.push(3.0, vec![]));
        let p = tape.product(a, b);
        let y = tape.sum(p, a);
        assert_eq!((tape.value(y), tape.nodes.len()), (8.0, 4));
    }
}
