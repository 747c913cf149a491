//! Models for other runtimes: [`Graph`]s as ONNX files.
//!
//! ONNX is a list of operations with named inputs and outputs, in Protocol Buffers. The files have operator set
//! 17, which every runtime of the last years reads, one input and one output of single precision, and leave the
//! number of examples open. Parameters have the names that they have in `model.safetensors`.
//!
//! A file for other people takes examples as they stand in their data and gives reconstructions in the same units:
//! filling gaps and scaling are its first operations, and the inverse of the scaling its last ones.
//!
//! ```
//! use autograd::Tensor;
//! use zoo::graph::{Graph, Part};
//! use zoo::models::pca::Pca;
//! use zoo::onnx;
//!
//! let x = Tensor::from_fn([10, 4], |i| (i * i % 7) as f32);
//! let encoder = Graph::of(&Pca::fit(&x, 2), Part::Encoder, &x).unwrap();
//! let file = onnx::file(&encoder, Part::Encoder, None, &[("model", "pca")]);
//! assert!(file.windows(4).any(|bytes| bytes == b"mean"));
//! ```

mod nodes;
mod proto;

use crate::data::Units;
use crate::graph::{Graph, Op, Part, Size};
use nodes::Writer;
use proto::Message;

/// Version of the file format, and of the set of operators: both of 2021.
const FORMAT: i64 = 8;
const OPERATORS: i64 = 17;
/// Element types.
const FLOAT: i64 = 1;
const INT64: i64 = 7;

/// The bytes of an ONNX file that computes this graph, with text about it. With `units` it takes and gives examples in
/// the units of the data, without them examples as the model sees them. [`names`] are those of its input and output.
pub fn file(graph: &Graph, part: Part, units: Option<&Units>, about: &[(&str, &str)]) -> Vec<u8> {
    let mut operators = Message::default();
    operators.text(1, "").int(2, OPERATORS);
    let mut model = Message::default();
    model.int(1, FORMAT).text(2, "zoo").text(3, env!("CARGO_PKG_VERSION"));
    model.message(7, &body(graph, part, units)).message(8, &operators);
    for (key, value) in about {
        let mut entry = Message::default();
        entry.text(1, key).text(2, value);
        model.message(14, &entry);
    }
    model.into_bytes()
}

/// Names of input and output: `x` and `x_hat` for examples in the units of the data, `x_scaled` and `x_hat_scaled` as
/// the model sees them, and `z` for codes.
pub fn names(part: Part, units: bool) -> (&'static str, &'static str) {
    let [x, x_hat] = if units { ["x", "x_hat"] } else { ["x_scaled", "x_hat_scaled"] };
    match part {
        Part::Encoder => (x, "z"),
        Part::Decoder => ("z", x_hat),
        Part::Whole => (x, x_hat),
    }
}

fn body(graph: &Graph, part: Part, units: Option<&Units>) -> Message {
    let (input, output) = names(part, units.is_some());
    let plain = Units::default();
    let units = units.unwrap_or(&plain);
    let [mut before, mut after] = [&plain, &plain];
    if part != Part::Decoder {
        before = units;
    }
    if part != Part::Encoder {
        after = units;
    }
    let mut writer = Writer::new(input);
    let prepared = writer.prepared(input, before);
    let names = graph.nodes.iter().enumerate().fold(vec![], |mut names: Vec<String>, (number, node)| {
        let name = if node.op == Op::Input { prepared.clone() } else { writer.node(graph, number, &names) };
        names.push(name);
        names
    });
    let last = writer.restored(names.last().expect("a graph has an output"), after);
    writer.operator("Identity", &[&last], output, &[]);
    let shape = &graph.nodes.last().expect("a graph has an output").shape;
    let mut message = writer.finish();
    message.text(2, "zoo");
    message.message(11, &tensor_type(input, &[Size::Batch(1), Size::Fixed(graph.width)]));
    message.message(12, &tensor_type(output, shape));
    message
}

/// Words about an input or output.
fn words(name: &str) -> &'static str {
    match name {
        "x" => "examples in the units of the data, a feature in each column",
        "x_hat" => "reconstructions in the units of the data, a feature in each column",
        "x_scaled" => "examples, scaled as the model sees them, a feature in each column",
        "x_hat_scaled" => "reconstructions, scaled as the model sees them, a feature in each column",
        _ => "codes",
    }
}

/// Name, element type, shape and meaning of an input or output.
fn tensor_type(name: &str, shape: &[Size]) -> Message {
    let mut sizes = Message::default();
    for size in shape {
        let mut axis = Message::default();
        match *size {
            Size::Fixed(size) => {
                axis.int(1, size as i64).text(3, if name == "z" { "code" } else { "features" })
            }
            Size::Batch(1) => axis.text(2, "batch"),
            Size::Batch(times) => axis.text(2, &format!("{times}*batch")),
        };
        sizes.message(1, &axis);
    }
    let (mut tensor, mut kind, mut info) = (Message::default(), Message::default(), Message::default());
    tensor.int(1, FLOAT).message(2, &sizes);
    kind.message(1, &tensor);
    info.text(1, name).message(2, &kind).text(3, words(name));
    info
}
