//! Reading a tape: the computation in a form that other programs can follow.
//!
//! [`Tape::lines`] lists every node with its operation by name, the attributes that the name alone does not
//! say (an axis, a stride, a factor), its inputs and its value. From that a computation can be written in
//! another language, as exporters to exchange formats do.
//!
//! ```
//! use autograd::Tape;
//! use autograd::inspect::Attribute;
//!
//! let tape = Tape::<f64>::new();
//! let x = tape.var(2.0);
//! let _ = (x * 3.0).tanh();
//!
//! let lines = tape.lines();
//! assert!(lines[0].operation.is_none() && lines[0].depends);
//! let scale = lines[1].operation.as_ref().unwrap();
//! assert_eq!((scale.name.as_str(), scale.get("by")), ("scale", Some(&Attribute::Number(3.0))));
//! assert_eq!(lines[2].inputs, [1]);
//! ```

pub use crate::attribute::{Attribute, Attributes};
use crate::expression::Expression;
use crate::{Real, Tape, Tensor};

/// An operation on a tape.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Its name, as printed tapes show it.
    pub name: String,
    /// Its attributes. Shapes are not among them: they are those of the values.
    pub attributes: Attributes,
    /// The function of the numbers at each place, if it can be said so.
    pub expression: Option<Expression>,
}

impl Operation {
    /// The attribute with this name, if it has one.
    pub fn get(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.0 == name).map(|attribute| &attribute.1)
    }
}

/// One node of a tape, as a line of a list.
#[derive(Clone, Debug)]
pub struct Line<T: Real> {
    /// The operation that computed the value; `None` for variables and constants.
    pub operation: Option<Operation>,
    /// The numbers of the lines that are its inputs.
    pub inputs: Vec<usize>,
    /// True if its value depends on a variable, also where no derivative passes.
    pub depends: bool,
    /// Its value. It shares its memory with the tape.
    pub value: Tensor<T>,
    /// The line of the user's program, as printed tapes show it.
    pub place: String,
}

impl<T: Real> Tape<T> {
    /// Every node so far, in the order in which it was computed.
    pub fn lines(&self) -> Vec<Line<T>> {
        let nodes = self.nodes.borrow();
        let mut lines: Vec<Line<T>> = Vec::with_capacity(nodes.len());
        for node in nodes.iter() {
            lines.push(Line {
                operation: node.op.as_ref().map(|op| Operation {
                    name: op.name(),
                    attributes: op.attributes(),
                    expression: op.expression(),
                }),
                inputs: node.inputs.to_vec(),
                depends: node.requires_grad || node.inputs.iter().any(|&input| lines[input].depends),
                value: node.value.clone(),
                place: node.place(),
            });
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Conv, Tensor};

    fn last<T: Real>(tape: &Tape<T>) -> Operation {
        tape.lines().pop().and_then(|line| line.operation).expect("an operation")
    }

    #[test]
    fn operations_say_what_their_names_do_not() {
        let tape = Tape::<f64>::new();
        let x = tape.var(Tensor::ones([1, 2, 4, 4]));
        let integers = |name: &str| match last(&tape).get(name) {
            Some(Attribute::Integers(values)) => values.clone(),
            other => panic!("{name} is {other:?}"),
        };
        let _ = x.permute([0, 2, 3, 1]);
        assert_eq!(integers("order"), [0, 2, 3, 1]);
        let _ = x.slice_step(2, 1..4, 2);
        assert_eq!((integers("axis"), integers("start"), integers("end")), (vec![2], vec![1], vec![4]));
        assert_eq!(integers("step"), [2]);
        let w = tape.constant(Tensor::ones([3, 2, 3, 3]));
        let _ = x.conv2d(w, Conv { stride: [2, 1], padding: [1, 0], ..Conv::default() });
        assert_eq!(
            (last(&tape).name.as_str(), integers("stride"), integers("padding")),
            ("conv2d", vec![2, 1], vec![1, 0])
        );
        assert_eq!((integers("dilation"), integers("groups")), (vec![1, 1], vec![1]));
        let _ = x.softmax(-1);
        assert_eq!(integers("axis"), [3]);
        let _ = x.clamp(-1.0, 2.0);
        assert_eq!(last(&tape).attributes, [("low", (-1.0).into()), ("high", 2.0.into())]);
        assert_eq!(last(&tape).get("axis"), None);
    }
}
