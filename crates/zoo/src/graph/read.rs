//! From two recordings to one list.

use autograd::Tensor;
use autograd::inspect::{Attribute, Line, Operation};

use super::{Moves, Node, Op, Recording, Size};

/// Examples of the two recordings: enough that numbers which depend on them differ. Neither count is a multiple
/// of the other, so sizes tell themselves apart.
pub(super) const FEW: usize = 30;
pub(super) const MORE: usize = 50;

/// The nodes that the output needs, or why there are none.
pub(super) fn nodes(recordings: &[Recording; 2]) -> Result<Vec<Node>, String> {
    let [a, b] = recordings;
    let same = |a: &Line<f32>, b: &Line<f32>| {
        let name = |line: &Line<f32>| line.operation.as_ref().map(|operation| operation.name.clone());
        name(a) == name(b) && a.inputs == b.inputs
    };
    let alike = a.lines.len() == b.lines.len() && a.output == b.output;
    if !alike || !a.lines.iter().zip(&b.lines).all(|(a, b)| same(a, b)) {
        return Err("which operations it uses depends on the examples".into());
    }
    let mut builder = Builder { nodes: vec![], places: vec![None; a.lines.len()] };
    for (number, needed) in needed(a).into_iter().enumerate() {
        if needed {
            let place = builder.add(recordings, number)?;
            builder.places[number] = Some(place);
        }
    }
    Ok(builder.finish())
}

/// Which lines the output needs. What is made of constants alone is a constant: its inputs are not needed.
fn needed(recording: &Recording) -> Vec<bool> {
    let mut needed = vec![false; recording.lines.len()];
    needed[recording.output] = true;
    for number in (0..needed.len()).rev().filter(|&number| recording.lines[number].depends) {
        if needed[number] {
            let line = &recording.lines[number];
            let inputs = same_value(line).map_or(&line.inputs[..], std::slice::from_ref);
            inputs.iter().for_each(|&input| needed[input] = true);
        }
    }
    needed
}

/// The line of which this one has the value, if its operation only changes derivatives.
fn same_value(line: &Line<f32>) -> Option<&usize> {
    match line.operation.as_ref()?.name.as_str() {
        "alias" | "stop_gradient" => line.inputs.first(),
        "straight_through" => line.inputs.get(1),
        _ => None,
    }
}

/// The name of a parameter, also of one that was only given another shape.
fn name_of(recording: &Recording, number: usize) -> Option<String> {
    let line = &recording.lines[number];
    match &line.operation {
        None => recording.names.get(number).cloned(),
        Some(operation) if ["expand", "reshape"].contains(&operation.name.as_str()) => {
            name_of(recording, line.inputs[0])
        }
        Some(_) => None,
    }
}

struct Builder {
    nodes: Vec<Node>,
    /// Where the lines of the tape are.
    places: Vec<Option<usize>>,
}

impl Builder {
    /// Adds the line with this number and returns its place.
    fn add(&mut self, [a, b]: &[Recording; 2], number: usize) -> Result<usize, String> {
        let (one, other) = (&a.lines[number], &b.lines[number]);
        let shape = sizes(one, other)?;
        if number == a.input {
            return Ok(self.push(Op::Input, vec![], shape));
        }
        if !one.depends {
            return self.constant(name_of(a, number), one, other, shape);
        }
        if let Some(input) = same_value(one) {
            return Ok(self.places[*input].expect("inputs come first"));
        }
        let operation = one.operation.as_ref().expect("what depends on the input and is not it was computed");
        if one.operation != other.operation {
            return Err(format!(
                "`{}` at {} depends on the values of the examples",
                operation.name, one.place
            ));
        }
        let op = known(operation).ok_or_else(|| {
            format!("graphs do not know the operation `{}` at {}", operation.name, one.place)
        })?;
        let place = |input: &usize| self.places[*input].expect("inputs come first");
        let inputs = one.inputs.iter().map(place).collect();
        Ok(self.push(op, inputs, shape))
    }

    /// Adds numbers that do not depend on the input. Where they were made for a number of examples, one row
    /// remains, and is repeated.
    fn constant(
        &mut self,
        name: Option<String>,
        one: &Line<f32>,
        other: &Line<f32>,
        shape: Vec<Size>,
    ) -> Result<usize, String> {
        let (mut few, mut more) = (one.value.clone(), other.value.clone());
        for (axis, _) in shape.iter().enumerate().filter(|(_, size)| matches!(size, Size::Batch(_))) {
            (few, more) = (few.slice(axis, ..1), more.slice(axis, ..1));
        }
        let repeats = |row: &Tensor<f32>, all: &Tensor<f32>| row.expand(all.shape()).to_vec() == all.to_vec();
        if few.to_vec() != more.to_vec() || !repeats(&few, &one.value) || !repeats(&more, &other.value) {
            return Err(format!("a number at {} was computed from the examples off the tape", one.place));
        }
        let kept = few.shape().iter().map(|&size| Size::Fixed(size)).collect::<Vec<_>>();
        let repeated = kept != shape;
        let constant = self.push(Op::Constant { name, value: few.contiguous() }, vec![], kept);
        Ok(if repeated { self.push(Op::Expand, vec![constant], shape) } else { constant })
    }

    fn push(&mut self, op: Op, inputs: Vec<usize>, shape: Vec<Size>) -> usize {
        self.nodes.push(Node { op, inputs, shape });
        self.nodes.len() - 1
    }

    /// Takes out what is not needed: functions of single numbers broadcast by themselves, so nothing has to be
    /// repeated for them.
    fn finish(mut self) -> Vec<Node> {
        for number in 0..self.nodes.len() {
            if let Op::Elementwise(_) = self.nodes[number].op {
                let source = |&input: &usize| match self.nodes[input].op {
                    Op::Expand => self.nodes[input].inputs[0],
                    _ => input,
                };
                let sources: Vec<usize> = self.nodes[number].inputs.iter().map(source).collect();
                let shapes = sources.iter().map(|&source| self.nodes[source].shape.clone());
                if shapes.reduce(|a, b| broadcast([&a, &b])).as_ref() == Some(&self.nodes[number].shape) {
                    self.nodes[number].inputs = sources;
                }
            }
        }
        let mut used = vec![false; self.nodes.len()];
        used[self.nodes.len() - 1] = true;
        for number in (0..used.len()).rev().filter(|&number| used[number]).collect::<Vec<_>>() {
            mark(&self.nodes, number, &mut used);
        }
        let mut numbers = vec![0; used.len()];
        let mut kept: Vec<Node> = vec![];
        for (number, mut node) in self.nodes.into_iter().enumerate().filter(|(number, _)| used[*number]) {
            node.inputs.iter_mut().for_each(|input| *input = numbers[*input]);
            numbers[number] = kept.len();
            kept.push(node);
        }
        kept
    }
}

fn mark(nodes: &[Node], number: usize, used: &mut [bool]) {
    for &input in &nodes[number].inputs {
        if !used[input] {
            used[input] = true;
            mark(nodes, input, used);
        }
    }
}

/// The shape that both broadcast to; sizes that do not fit give a shape that equals no other.
fn broadcast([a, b]: [&[Size]; 2]) -> Vec<Size> {
    let rank = a.len().max(b.len());
    let size = |shape: &[Size], axis: usize| match (axis + shape.len()).checked_sub(rank) {
        Some(axis) => shape[axis],
        None => Size::Fixed(1),
    };
    (0..rank)
        .map(|axis| match (size(a, axis), size(b, axis)) {
            (Size::Fixed(1), other) => other,
            (one, _) => one,
        })
        .collect()
}

/// The shape of a line, with the batch open.
fn sizes(few: &Line<f32>, more: &Line<f32>) -> Result<Vec<Size>, String> {
    let (a, b) = (few.value.shape(), more.value.shape());
    let size = |(&a, &b): (&usize, &usize)| match (a, b) {
        (a, b) if a == b => Some(Size::Fixed(a)),
        (a, b) if a % FEW == 0 && b % MORE == 0 && a / FEW == b / MORE => Some(Size::Batch(a / FEW)),
        _ => None,
    };
    let sizes: Option<Vec<Size>> = a.iter().zip(b).map(size).collect();
    sizes
        .filter(|sizes| {
            a.len() == b.len() && sizes.iter().filter(|s| matches!(s, Size::Batch(_))).count() <= 1
        })
        .ok_or_else(|| format!("the shape at {} is {a:?} or {b:?}, as the examples are", few.place))
}

/// The operation of a graph, if there is one.
fn known(operation: &Operation) -> Option<Op> {
    let number = |name: &str| match operation.get(name)? {
        Attribute::Number(number) => Some(*number),
        Attribute::Integers(_) => None,
    };
    let integers = |name: &str| match operation.get(name)? {
        Attribute::Integers(values) => Some(values.clone()),
        Attribute::Number(_) => None,
    };
    let sizes = |name: &str| -> Option<Vec<usize>> {
        integers(name)?.into_iter().map(|value| usize::try_from(value).ok()).collect()
    };
    let axis = || sizes("axis")?.first().copied();
    let pair = |name: &str| sizes(name)?.try_into().ok();
    let moves = || {
        let groups = *sizes("groups")?.first()?;
        Some(Moves {
            stride: pair("stride")?,
            padding: pair("padding")?,
            dilation: pair("dilation")?,
            groups,
        })
    };
    if let Some(expression) = &operation.expression {
        return Some(Op::Elementwise(expression.clone()));
    }
    let flag = |name: &str| Some(*sizes(name)?.first()? != 0);
    Some(match operation.name.as_str() {
        "linear" => Op::Linear,
        "matmul" => Op::MatMul,
        "reshape" => Op::Reshape,
        "expand" => Op::Expand,
        "sum_to" => Op::Sum,
        "permute" => Op::Permute(sizes("order")?),
        "slice" => {
            let step = *integers("step")?.first()?;
            Op::Slice { axis: axis()?, start: *sizes("start")?.first()?, end: *sizes("end")?.first()?, step }
        }
        "concat" => Op::Concat { axis: axis()? },
        "argsort" => {
            Op::Argsort { axis: axis()?, count: *sizes("count")?.first()?, descending: flag("descending")? }
        }
        "place" => Op::Place { axis: axis()?, largest: flag("largest")? },
        "gather" => Op::Gather { axis: axis()? },
        "index_select" => Op::Select { axis: axis()? },
        "scatter_add" => Op::Scatter { axis: axis()? },
        "cumsum" if !flag("backwards")? => Op::RunningSum { axis: axis()? },
        "softmax" => Op::Softmax { axis: axis()? },
        "normalize" => Op::Normalize { axes: sizes("axes")?, epsilon: number("epsilon")? },
        "conv2d" => Op::Convolution(moves()?),
        "conv_transpose2d" => Op::Transposed(moves()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{Part, record};
    use autograd::Var;

    type Step = for<'t> fn(&Var<'t, f32>, Var<'t, f32>) -> Var<'t, f32>;

    /// The graph of a function of a parameter `[2, 4]` and examples of 4 features.
    fn read(f: Step) -> Result<Vec<Node>, String> {
        let w = Tensor::from_fn([2, 4], |i| i as f32);
        let x = |rows: usize| Tensor::from_fn([rows, 4], |i| ((i * 7 + rows) % 11) as f32 - 4.0);
        nodes(&[FEW, MORE].map(|rows| record(&w, Part::Encoder, &x(rows), f, |_, z| z)))
    }

    fn names(nodes: &[Node]) -> Vec<String> {
        let name =
            |node: &Node| format!("{:?}", node.op).split([' ', '(']).next().unwrap_or_default().to_owned();
        nodes.iter().map(name).collect()
    }

    #[test]
    fn broadcasting_and_constants_leave_no_trace() {
        let found = read(|w, x| {
            let _unused = x.exp();
            (x + w.sum_over(0)) * 2.0
        });
        assert_eq!(names(&found.unwrap()), ["Input", "Constant", "Elementwise", "Elementwise"]);
    }

    #[test]
    fn the_batch_stays_open_also_inside_a_size() {
        let found = read(|w, x| {
            let batch = x.shape()[0];
            let rows = x.reshape([2 * batch, 2]);
            rows.matmul(w.slice(1, ..2).t()).reshape([batch, 4]) - x.tape().constant(Tensor::ones([batch, 4]))
        })
        .unwrap();
        assert_eq!(found[1].shape, [Size::Batch(2), Size::Fixed(2)]);
        assert_eq!(
            names(&found),
            ["Input", "Reshape", "Constant", "MatMul", "Reshape", "Constant", "Elementwise"]
        );
        assert_eq!(found[5].shape, [Size::Fixed(1), Size::Fixed(4)]);
    }

    #[test]
    fn what_only_changes_derivatives_leaves_no_trace() {
        let found = read(|_, x| x.exp().straight_through(x.stop_gradient().tanh()).alias());
        assert_eq!(names(&found.unwrap()), ["Input", "Elementwise"]);
    }

    #[test]
    fn choices_are_operations_like_others() {
        let found = read(|_, x| x.gt(0.0).select(x, 0.0)).unwrap();
        assert_eq!(names(&found), ["Input", "Constant", "Elementwise", "Constant", "Elementwise"]);
        let found = read(|w, x| w.t().index_select(0, x.top_k(1, 2)[1].slice(1, ..1).squeeze(1))).unwrap();
        assert_eq!(names(&found)[1..], ["Constant", "Argsort", "Slice", "Reshape", "Select"]);
    }

    #[test]
    fn what_the_examples_decide_is_refused() {
        let problem = |f: Step| read(f).unwrap_err();
        let off_the_tape = problem(|_, x| x + x.tape().constant(x.value()));
        assert!(off_the_tape.contains("was computed from the examples off the tape"), "{off_the_tape}");
        assert!(problem(|_, x| x.exp().digamma()).starts_with("graphs do not know the operation"));
        let branching = problem(|_, x| if x.shape()[0] == FEW { x.exp() } else { x.tanh() });
        assert_eq!(branching, "which operations it uses depends on the examples");
    }
}
