//! Models for other runtimes: [`Graph`]s as ONNX files.
//!
//! ONNX is a list of operations with named inputs and outputs, in Protocol Buffers. The files have operator set
//! 17, which every runtime of the last years reads, one input and one output of single precision, and leave the
//! number of examples open. Parameters have the names that they have in `model.safetensors`.
//!
//! ```
//! use autograd::Tensor;
//! use zoo::graph::{Graph, Part};
//! use zoo::models::pca::Pca;
//! use zoo::onnx;
//!
//! let x = Tensor::from_fn([10, 4], |i| (i * i % 7) as f32);
//! let encoder = Graph::of(&Pca::fit(&x, 2), Part::Encoder, &x).unwrap();
//! let file = onnx::file(&encoder, Part::Encoder, &[("model", "pca")]);
//! assert!(file.windows(4).any(|bytes| bytes == b"mean"));
//! ```

mod nodes;
mod proto;

use crate::graph::{Graph, Op, Part, Size};
use nodes::Writer;
use proto::Message;

/// Version of the file format, and of the set of operators: both of 2021.
const FORMAT: i64 = 8;
const OPERATORS: i64 = 17;
/// Element types.
const FLOAT: i64 = 1;
const INT64: i64 = 7;

/// The bytes of an ONNX file that computes this graph, with text about it. Its input is called `x`, or `z` for a
/// decoder; its output `z` for an encoder, else `x_hat`.
pub fn file(graph: &Graph, part: Part, about: &[(&str, &str)]) -> Vec<u8> {
    let (input, output) = names(part);
    let mut operators = Message::default();
    operators.text(1, "").int(2, OPERATORS);
    let mut model = Message::default();
    model.int(1, FORMAT).text(2, "zoo").text(3, env!("CARGO_PKG_VERSION"));
    model.message(7, &body(graph, input, output)).message(8, &operators);
    for (key, value) in about {
        let mut entry = Message::default();
        entry.text(1, key).text(2, value);
        model.message(14, &entry);
    }
    model.into_bytes()
}

/// Names of input and output.
pub fn names(part: Part) -> (&'static str, &'static str) {
    match part {
        Part::Encoder => ("x", "z"),
        Part::Decoder => ("z", "x_hat"),
        Part::Whole => ("x", "x_hat"),
    }
}

fn body(graph: &Graph, input: &str, output: &str) -> Message {
    let mut writer = Writer::new(input);
    let names = graph.nodes.iter().enumerate().fold(vec![], |mut names: Vec<String>, (number, node)| {
        let name = if node.op == Op::Input { input.to_owned() } else { writer.node(graph, number, &names) };
        names.push(name);
        names
    });
    let last = names.last().expect("a graph has an output");
    writer.operator("Identity", &[last], output, &[]);
    let shape = &graph.nodes.last().expect("a graph has an output").shape;
    let mut message = writer.finish();
    message.text(2, "zoo");
    message.message(11, &tensor_type(input, &[Size::Batch(1), Size::Fixed(graph.width)]));
    message.message(12, &tensor_type(output, shape));
    message
}

/// Name, element type and shape of an input or output.
fn tensor_type(name: &str, shape: &[Size]) -> Message {
    let mut sizes = Message::default();
    for size in shape {
        let mut axis = Message::default();
        match *size {
            Size::Fixed(size) => axis.int(1, size as i64),
            Size::Batch(1) => axis.text(2, "batch"),
            Size::Batch(times) => axis.text(2, &format!("{times}*batch")),
        };
        sizes.message(1, &axis);
    }
    let (mut tensor, mut kind, mut info) = (Message::default(), Message::default(), Message::default());
    tensor.int(1, FLOAT).message(2, &sizes);
    kind.message(1, &tensor);
    info.text(1, name).message(2, &kind);
    info
}
