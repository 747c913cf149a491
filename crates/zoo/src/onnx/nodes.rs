//! Operations of a graph in the words of ONNX. Most are one operator; shapes with an open batch are computed.

use autograd::Tensor;
use autograd::expression::{Expression, Function};

use super::proto::Message;
use super::{FLOAT, INT64};
use crate::data::Units;
use crate::graph::{Graph, Moves, Node, Op, Size};

/// Attributes of an operator.
pub(super) enum Value<'a> {
    Int(i64),
    Ints(&'a [usize]),
    Text(&'a str),
}

/// The body of a file, in the making.
pub(super) struct Writer {
    operators: Vec<Message>,
    constants: Vec<Message>,
    /// Names given to constants.
    taken: Vec<String>,
    /// What is called when the number of examples is asked for.
    input: String,
}

impl Writer {
    pub(super) fn new(input: &str) -> Self {
        Writer { operators: vec![], constants: vec![], taken: vec![], input: input.to_owned() }
    }

    /// The message of a graph: operators and constants.
    pub(super) fn finish(self) -> Message {
        let mut graph = Message::default();
        self.operators.iter().for_each(|operator| _ = graph.message(1, operator));
        self.constants.iter().for_each(|constant| _ = graph.message(5, constant));
        graph
    }

    /// Fills and scales the input, and returns the name of what the model sees.
    pub(super) fn prepared(&mut self, input: &str, units: &Units) -> String {
        let mut name = input.to_owned();
        if !units.fill.is_empty() {
            // A missing value is the only number that does not equal itself.
            let fill = self.row("units.fill", &units.fill);
            self.operator("Equal", &[&name, &name], "x_known", &[]);
            self.operator("Where", &["x_known", &name, &fill], "x_filled", &[]);
            name = "x_filled".to_owned();
        }
        if !units.scale.is_empty() {
            let [shift, scale] = self.shift_and_scale(units);
            self.operator("Sub", &[&name, &shift], "x_centred", &[]);
            self.operator("Div", &["x_centred", &scale], "x_scaled", &[]);
            name = "x_scaled".to_owned();
        }
        name
    }

    /// Takes the scaling back, and returns the name of the result.
    pub(super) fn restored(&mut self, output: &str, units: &Units) -> String {
        if units.scale.is_empty() {
            return output.to_owned();
        }
        let [shift, scale] = self.shift_and_scale(units);
        self.operator("Mul", &[output, &scale], "x_hat_centred", &[]);
        self.operator("Add", &["x_hat_centred", &shift], "x_hat_in_units", &[]);
        "x_hat_in_units".to_owned()
    }

    /// Constants that both ends share.
    fn shift_and_scale(&mut self, units: &Units) -> [String; 2] {
        [("units.shift", &units.shift), ("units.scale", &units.scale)].map(|(name, values)| {
            match self.taken.iter().any(|taken| taken == name) {
                true => name.to_owned(),
                false => self.row(name, values),
            }
        })
    }

    fn row(&mut self, name: &str, values: &[f64]) -> String {
        let bytes: Vec<u8> = values.iter().flat_map(|value| (*value as f32).to_le_bytes()).collect();
        self.constant(name, FLOAT, &[values.len()], &bytes)
    }

    /// Writes the node with this number and returns the name of its result. `names` are those of the nodes
    /// before it.
    pub(super) fn node(&mut self, graph: &Graph, number: usize, names: &[String]) -> String {
        let node = &graph.nodes[number];
        let result = format!("v{number}");
        let inputs: Vec<&str> = node.inputs.iter().map(|&input| names[input].as_str()).collect();
        let out = result.as_str();
        let axis = |axis: usize| [("axis", Value::Int(axis as i64))];
        match &node.op {
            Op::Input => unreachable!("the input has its name already"),
            Op::Constant { name, value } => return self.parameter(name.as_deref(), value, &result),
            Op::Elementwise(expression) => return self.expression(expression, &inputs, out),
            Op::Linear => self.operator("Gemm", &inputs, out, &[("transB", Value::Int(1))]),
            Op::MatMul => self.operator("MatMul", &inputs, out, &[]),
            Op::Reshape => self.reshape(inputs[0], &node.shape, out),
            Op::Expand => {
                let shape = self.open_shape(&node.shape, out);
                self.operator("Expand", &[inputs[0], &shape], out, &[]);
            }
            Op::Sum => self.sum(inputs[0], &graph.nodes[node.inputs[0]].shape, &node.shape, out),
            Op::Permute(order) => self.operator("Transpose", &inputs, out, &[("perm", Value::Ints(order))]),
            Op::Slice { .. } => self.slice(inputs[0], &node.op, out),
            Op::Concat { axis: along } => self.operator("Concat", &inputs, out, &axis(*along)),
            Op::Argsort { axis, count, descending } => {
                self.argsort(inputs[0], *axis, *count, *descending, out);
            }
            Op::Place { axis, largest } => {
                let (kind, place) = (if *largest { "ArgMax" } else { "ArgMin" }, format!("{out}.place"));
                let how = [("axis", Value::Int(*axis as i64)), ("keepdims", Value::Int(0))];
                self.operator(kind, &inputs, &place, &how);
                self.cast(&place, FLOAT, out);
            }
            Op::Gather { axis: along } | Op::Select { axis: along } => {
                let kind = if let Op::Gather { .. } = node.op { "GatherElements" } else { "Gather" };
                let places = self.places(inputs[1], out);
                self.operator(kind, &[inputs[0], &places], out, &axis(*along));
            }
            Op::Scatter { axis } => {
                let places = self.places(inputs[1], out);
                let how = [("axis", Value::Int(*axis as i64)), ("reduction", Value::Text("add"))];
                self.operator("ScatterElements", &[inputs[0], &places, inputs[2]], out, &how);
            }
            Op::RunningSum { axis } => {
                let along = self.constant(&format!("{out}.axis"), INT64, &[], &(*axis as i64).to_le_bytes());
                self.operator("CumSum", &[inputs[0], &along], out, &[]);
            }
            Op::Softmax { axis: along } => self.operator("Softmax", &inputs, out, &axis(*along)),
            Op::Normalize { axes, epsilon } => self.normalize(inputs[0], axes, *epsilon, out),
            Op::Convolution(moves) => self.convolution("Conv", &inputs, moves, &[], out),
            Op::Transposed(moves) => {
                let extra = output_padding(graph, node, moves);
                self.convolution("ConvTranspose", &[inputs[1], inputs[0]], moves, &extra, out);
            }
        }
        result
    }

    /// An operator of ONNX.
    pub(super) fn operator(
        &mut self,
        kind: &str,
        inputs: &[&str],
        output: &str,
        attributes: &[(&str, Value)],
    ) {
        self.operator_of(kind, inputs, &[output], attributes);
    }

    /// An operator with several outputs.
    fn operator_of(&mut self, kind: &str, inputs: &[&str], outputs: &[&str], attributes: &[(&str, Value)]) {
        let mut message = Message::default();
        inputs.iter().for_each(|input| _ = message.text(1, input));
        outputs.iter().for_each(|output| _ = message.text(2, output));
        message.text(3, outputs[0]).text(4, kind);
        for (name, value) in attributes {
            let mut attribute = Message::default();
            attribute.text(1, name);
            match value {
                Value::Int(value) => attribute.int(3, *value).int(20, 2),
                Value::Ints(values) => {
                    values.iter().for_each(|&value| _ = attribute.int(8, value as i64));
                    attribute.int(20, 7)
                }
                Value::Text(text) => attribute.text(4, text).int(20, 3),
            };
            message.message(5, &attribute);
        }
        self.operators.push(message);
    }

    /// Writes the operators of an expression and returns the name of its value, `out` unless that has one already.
    fn expression(&mut self, expression: &Expression, inputs: &[&str], out: &str) -> String {
        let (function, arguments) = match expression {
            Expression::Input(number) => return inputs[*number].to_owned(),
            Expression::Number(number) => return self.number(out, *number),
            Expression::Apply(function, arguments) => (*function, arguments),
        };
        let name = |part: &str| format!("{out}.{part}");
        let names: Vec<String> = (arguments.iter().enumerate())
            .map(|(i, argument)| self.expression(argument, inputs, &name(&i.to_string())))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match function {
            // ONNX has truth values of a type of their own.
            Function::Less | Function::Equal => {
                self.operator(operator_of(function), &names, &name("yes"), &[]);
                self.cast(&name("yes"), FLOAT, out);
            }
            Function::Where => {
                let zero = self.number(&name("zero"), 0.0);
                self.operator("Equal", &[names[0], &zero], &name("no"), &[]);
                self.operator("Where", &[&name("no"), names[2], names[1]], out, &[]);
            }
            _ => self.operator(operator_of(function), &names, out, &[]),
        }
        out.to_owned()
    }

    fn cast(&mut self, x: &str, to: i64, out: &str) {
        self.operator("Cast", &[x], out, &[("to", Value::Int(to))]);
    }

    /// Places, which are numbers like others in a graph, as the integers that ONNX wants.
    fn places(&mut self, x: &str, out: &str) -> String {
        let places = format!("{out}.places");
        self.cast(x, INT64, &places);
        places
    }

    fn argsort(&mut self, x: &str, axis: usize, count: usize, descending: bool, out: &str) {
        let name = |part: &str| format!("{out}.{part}");
        let count = self.integers(&name("count"), &[count as i64]);
        let how = [("axis", Value::Int(axis as i64)), ("largest", Value::Int(i64::from(descending)))];
        self.operator_of("TopK", &[x, &count], &[&name("values"), &name("places")], &how);
        self.cast(&name("places"), FLOAT, out);
    }

    fn reshape(&mut self, x: &str, shape: &[Size], out: &str) {
        // At most one size is open, and −1 stands for it.
        let sizes: Vec<i64> =
            shape.iter().map(|size| if let Size::Fixed(size) = size { *size as i64 } else { -1 }).collect();
        let shape = self.integers(&format!("{out}.shape"), &sizes);
        self.operator("Reshape", &[x, &shape], out, &[]);
    }

    /// A shape that depends on the number of examples, which is that of the input.
    fn open_shape(&mut self, shape: &[Size], out: &str) -> String {
        let name = |part: &str| format!("{out}.{part}");
        let input = self.input.clone();
        let [zero, one] = [0, 1].map(|n| self.integers(&name(&n.to_string()), &[n]));
        self.operator("Shape", &[&input], &name("sizes"), &[]);
        self.operator("Slice", &[&name("sizes"), &zero, &one], &name("batch"), &[]);
        let mut sizes = vec![];
        for (axis, size) in shape.iter().enumerate() {
            let part = name(&format!("size{axis}"));
            match *size {
                Size::Fixed(size) => _ = self.integers(&part, &[size as i64]),
                Size::Batch(times) => {
                    let factor = self.integers(&format!("{part}.times"), &[times as i64]);
                    self.operator("Mul", &[&name("batch"), &factor], &part, &[]);
                }
            }
            sizes.push(part);
        }
        let sizes: Vec<&str> = sizes.iter().map(String::as_str).collect();
        self.operator("Concat", &sizes, &name("shape"), &[("axis", Value::Int(0))]);
        name("shape")
    }

    fn sum(&mut self, x: &str, from: &[Size], to: &[Size], out: &str) {
        let lost = from.len() - to.len();
        let summed = |&axis: &usize| axis < lost || to[axis - lost] != from[axis];
        let axes: Vec<i64> = (0..from.len()).filter(summed).map(|axis| axis as i64).collect();
        let axes = self.integers(&format!("{out}.axes"), &axes);
        let kept = format!("{out}.kept");
        self.operator("ReduceSum", &[x, &axes], &kept, &[("keepdims", Value::Int(1))]);
        self.reshape(&kept, to, out);
    }

    fn slice(&mut self, x: &str, op: &Op, out: &str) {
        let Op::Slice { axis, start, end, step } = *op else { unreachable!("only slices come here") };
        let (start, end) = (start as i64, end as i64);
        // Backwards the place after the last is the one before the first, and before 0 is far below it.
        let (first, beyond) = match step > 0 {
            true => (start, end),
            false => (end - 1, if start == 0 { i64::MIN + 1 } else { start - 1 }),
        };
        let parts = [("first", first), ("beyond", beyond), ("axis", axis as i64), ("step", step)]
            .map(|(name, value)| self.integers(&format!("{out}.{name}"), &[value]));
        let [first, beyond, axis, step] = parts.each_ref().map(String::as_str);
        self.operator("Slice", &[x, first, beyond, axis, step], out, &[]);
    }

    fn normalize(&mut self, x: &str, axes: &[usize], epsilon: f64, out: &str) {
        let name = |part: &str| format!("{out}.{part}");
        let over = || [("axes", Value::Ints(axes)), ("keepdims", Value::Int(1))];
        self.operator("ReduceMean", &[x], &name("mean"), &over());
        self.operator("Sub", &[x, &name("mean")], &name("centred"), &[]);
        self.operator("Mul", &[&name("centred"), &name("centred")], &name("squares"), &[]);
        self.operator("ReduceMean", &[&name("squares")], &name("variance"), &over());
        self.with_number("Add", &name("variance"), epsilon, &name("positive"));
        self.operator("Sqrt", &[&name("positive")], &name("deviation"), &[]);
        self.operator("Div", &[&name("centred"), &name("deviation")], out, &[]);
    }

    fn convolution(&mut self, kind: &str, inputs: &[&str], moves: &Moves, extra: &[usize], out: &str) {
        let Moves { stride, padding, dilation, groups } = moves;
        let pads = [*padding, *padding].concat();
        let mut attributes = vec![
            ("strides", Value::Ints(stride)),
            ("pads", Value::Ints(&pads)),
            ("dilations", Value::Ints(dilation)),
            ("group", Value::Int(*groups as i64)),
        ];
        if !extra.is_empty() {
            attributes.push(("output_padding", Value::Ints(extra)));
        }
        self.operator(kind, inputs, out, &attributes);
    }

    /// An operator with a number as its second input.
    fn with_number(&mut self, kind: &str, x: &str, number: f64, out: &str) {
        let number = self.number(&format!("{out}.number"), number);
        self.operator(kind, &[x, &number], out, &[]);
    }

    /// A parameter under its own name, if that is free.
    fn parameter(&mut self, name: Option<&str>, value: &Tensor<f32>, otherwise: &str) -> String {
        let free = |name: &&str| !self.taken.iter().any(|taken| taken == name);
        let name = name.filter(free).unwrap_or(otherwise).to_owned();
        let bytes: Vec<u8> = value.to_vec().into_iter().flat_map(f32::to_le_bytes).collect();
        self.constant(&name, FLOAT, value.shape(), &bytes)
    }

    fn number(&mut self, name: &str, value: f64) -> String {
        self.constant(name, FLOAT, &[], &(value as f32).to_le_bytes())
    }

    fn integers(&mut self, name: &str, values: &[i64]) -> String {
        let bytes: Vec<u8> = values.iter().copied().flat_map(i64::to_le_bytes).collect();
        self.constant(name, INT64, &[values.len()], &bytes)
    }

    fn constant(&mut self, name: &str, kind: i64, shape: &[usize], bytes: &[u8]) -> String {
        let mut tensor = Message::default();
        shape.iter().for_each(|&size| _ = tensor.int(1, size as i64));
        tensor.int(2, kind).text(8, name).bytes(9, bytes);
        self.constants.push(tensor);
        self.taken.push(name.to_owned());
        name.to_owned()
    }
}

/// The operator of ONNX for a function.
fn operator_of(function: Function) -> &'static str {
    match function {
        Function::Abs => "Abs",
        Function::Exp => "Exp",
        Function::Ln => "Log",
        Function::Sqrt => "Sqrt",
        Function::Sin => "Sin",
        Function::Cos => "Cos",
        Function::Tanh => "Tanh",
        Function::Sigmoid => "Sigmoid",
        Function::Erf => "Erf",
        Function::Floor => "Floor",
        Function::Add => "Add",
        Function::Sub => "Sub",
        Function::Mul => "Mul",
        Function::Div => "Div",
        Function::Power => "Pow",
        Function::Max => "Max",
        Function::Min => "Min",
        Function::Less => "Less",
        Function::Equal => "Equal",
        Function::Where => "Where",
    }
}

/// Rows and columns that a transposed convolution adds beyond what its other options say.
fn output_padding(graph: &Graph, node: &Node, moves: &Moves) -> [usize; 2] {
    let size = |node: &Node, axis: usize| match node.shape[2 + axis] {
        Size::Fixed(size) | Size::Batch(size) => size,
    };
    let [weight, x] = [0, 1].map(|input| &graph.nodes[node.inputs[input]]);
    std::array::from_fn(|axis| {
        let reach = moves.dilation[axis] * (size(weight, axis) - 1) + 1;
        let least = (size(x, axis) - 1) * moves.stride[axis] + reach;
        size(node, axis) + 2 * moves.padding[axis] - least
    })
}
