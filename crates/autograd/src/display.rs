//! Printing a tape: each value, the operation that computed it, its inputs, and the line of the program.
//!
//! ```
//! use autograd::Tape;
//!
//! let tape = Tape::<f64>::new();
//! let (x, w) = (tape.constant(2.0), tape.var(0.5));
//! let y = (x * w).tanh();
//! let text = tape.to_string();
//! let lines: Vec<&str> = text.lines().collect();
//! assert!(lines[1].starts_with("%1 = variable"));
//! assert!(lines[3].starts_with("%3 = tanh(%2)"));
//! # let _ = y;
//! ```

use std::fmt::{self, Write};
use std::path::Path;

use crate::gradient::Numbers;
use crate::sweep::{Needed, sweep};
use crate::tape::{Node, Tape, Var};
use crate::{Real, Tensor};

impl<T: Real> Node<T> {
    /// `tanh(%6)`.
    fn formula(&self) -> String {
        match (&self.op, self.requires_grad) {
            (Some(op), _) => {
                let inputs: Vec<String> = self.inputs.iter().map(|id| format!("%{id}")).collect();
                format!("{}({})", op.name(), inputs.join(", "))
            }
            (None, true) => "variable".into(),
            (None, false) => "constant".into(),
        }
    }

    /// `examples/03_mlp.rs:21`: the last two parts of the path are enough to find it.
    pub(crate) fn place(&self) -> String {
        let parts: Vec<_> = Path::new(self.at.file()).components().rev().take(2).collect();
        let path: std::path::PathBuf = parts.into_iter().rev().collect();
        format!("{}:{}", path.display(), self.at.line())
    }
}

impl<T: Real> fmt::Display for Tape<T> {
    /// One line for each node of the tape: `%7 = tanh(%6)  [32, 16]  examples/03_mlp.rs:21`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, node) in self.nodes.borrow().iter().enumerate() {
            writeln!(f, "%{id} = {}  {:?}  {}", node.formula(), node.value.shape(), node.place())?;
        }
        Ok(())
    }
}

impl<T: Real> fmt::Debug for Var<'_, T> {
    /// Its node and its value: `%7: Tensor[2] [1.0, 2.0]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}: {:?}", self.id, *self.peek())
    }
}

impl<T: Real> Tape<T> {
    /// The bytes of all values on the tape; memory that several nodes share is counted once.
    pub fn bytes(&self) -> usize {
        let nodes = self.nodes.borrow();
        let mut buffers: Vec<(usize, usize)> = nodes.iter().map(|node| node.value.memory()).collect();
        buffers.sort_unstable();
        buffers.dedup();
        buffers.iter().map(|buffer| buffer.1).sum()
    }

    /// The tape as a graph in the language of Graphviz: `dot -Tsvg tape.dot > tape.svg`.
    pub fn to_dot(&self) -> String {
        let mut text = String::from("digraph tape {\n  node [shape=box, fontname=\"sans-serif\"];\n");
        for (id, node) in self.nodes.borrow().iter().enumerate() {
            let name = node.op.as_ref().map_or_else(|| node.formula(), |op| op.name());
            let style = if node.op.is_none() { ", style=rounded" } else { "" };
            let shape = node.value.shape();
            let _ = writeln!(
                text,
                "  n{id} [label=\"%{id} {name}\\n{shape:?}\", tooltip=\"{}\"{style}];",
                node.place()
            );
            for input in &node.inputs {
                let _ = writeln!(text, "  n{input} -> n{id};");
            }
        }
        text + "}\n"
    }
}

impl<T: Real> Var<'_, T> {
    /// The tape up to this scalar with every value and every gradient filled in, as the sweep of
    /// [`backward`](Self::backward) writes on each line. For reading, on small examples.
    ///
    /// ```
    /// # use autograd::Tape;
    /// let tape = Tape::<f64>::new();
    /// let (x, w) = (tape.constant(2.0), tape.var(0.5));
    /// let lesson = (x * w).explain();
    /// assert!(lesson.contains("%1 = variable = 0.5, gradient 2"));
    /// ```
    ///
    /// # Panics
    /// If this variable does not hold exactly one number.
    #[track_caller]
    pub fn explain(self) -> String {
        self.assert_scalar("explain");
        let needed = Needed::by_any(self.tape, self.id);
        let seed = Tensor::ones(self.shape());
        let gradients = sweep(&mut Numbers { all: true }, self.tape, [(self.id, seed)], &needed);
        let nodes = self.tape().nodes.borrow();
        let mut text = String::new();
        for (id, (node, gradient)) in nodes.iter().zip(&gradients).enumerate() {
            let _ = write!(text, "%{id} = {} = {}", node.formula(), brief(&node.value));
            if let Some(gradient) = gradient {
                let _ = write!(text, ", gradient {}", brief(gradient));
            }
            let _ = writeln!(text, "  {}", node.place());
        }
        text
    }
}

/// Up to six numbers, and the shape where there is one.
fn brief<T: Real>(x: &Tensor<T>) -> String {
    if x.rank() == 0 {
        return x.item().to_string();
    }
    let values: Vec<String> = x.to_vec().iter().take(6).map(T::to_string).collect();
    let rest = if x.len() > 6 { ", …" } else { "" };
    format!("{:?} [{}{rest}]", x.shape(), values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tape_prints_as_a_lesson() {
        let tape = Tape::<f64>::new();
        let w = tape.var(Tensor::ones([2, 2]));
        let y = (w * w).sum();
        let line = line!() - 1;
        let expected = format!(
            "%0 = variable  [2, 2]  src/display.rs:{}\n%1 = mul(%0, %0)  [2, 2]  src/display.rs:{line}\n\
             %2 = sum_to(%1)  []  src/display.rs:{line}\n",
            line - 1
        );
        assert_eq!(tape.to_string(), expected);
        let lesson = y.explain();
        assert!(
            lesson.contains("%0 = variable = [2, 2] [1, 1, 1, 1], gradient [2, 2] [2, 2, 2, 2]"),
            "{lesson}"
        );
        assert!(lesson.contains("%2 = sum_to(%1) = 4, gradient 1"), "{lesson}");
        // Nodes of a recorded gradient have the line of the user's program, not that of the rule.
        let _ = y.grad([w]);
        assert!(tape.to_string().lines().all(|line| line.contains("src/display.rs:")), "{tape}");
    }

    #[test]
    fn a_variable_prints_as_its_line_and_value() {
        let tape = Tape::new();
        let x = tape.var(Tensor::from_vec([2], vec![1.0, 2.0]));
        assert_eq!(format!("{:?}", x * x), "%1: Tensor[2] [1.0, 4.0]");
    }

    #[test]
    fn graphs_for_graphviz() {
        let tape = Tape::<f64>::new();
        let x = tape.var(1.0);
        let _ = x.tanh();
        let dot = tape.to_dot();
        assert!(dot.contains("n1 [label=\"%1 tanh\\n[]\"") && dot.contains("n0 -> n1;"), "{dot}");
    }

    #[test]
    fn shared_memory_is_counted_once() {
        let tape = Tape::<f32>::new();
        let x = tape.var(Tensor::ones([10, 10]));
        let _ = x.t().reshape([100]); // the transpose is a view, the reshape of it a copy
        assert_eq!(tape.bytes(), 800);
    }
}
