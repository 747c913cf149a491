//! The decoder in the reader's browser: move through the space of codes and see what is there.

use autograd::Tensor;
use autograd::expression::Expression;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

use super::code_map::{legend, shown};
use super::html::{data, section as framed};
use super::{Found, Run};
use crate::AnyModel;
use crate::data::sample;
use crate::graph::{Graph, Moves, Op, Part, Size};
use crate::models::pca::Pca;
use crate::plot::colour::Classes;

/// Numbers of the decoder in the page: two megabytes as text.
const MOST_NUMBERS: usize = 400_000;
/// Axes with a slider each.
const MOST_SLIDERS: usize = 32;
/// Codes drawn behind the plane.
const MOST_POINTS: usize = 400;

pub(super) fn section(run: &Run, found: &Found) -> Markup {
    let program = match program(run, found) {
        Ok(program) => program,
        Err(reason) => {
            return framed("explorer", "Explore", html! { "There is no explorer: " (reason) "." }, html! {});
        }
    };
    let caption = html! {
        "The decoder runs in this page. Drag in the plane, or move the sliders, and see what the code means."
    };
    let axes = html! {
        label { "axes " select.basis aria-label="Axes" {
            option value="principal" { "principal axes" }
            option value="code" { "numbers of the code" }
        } }
        label { "across " select.across aria-label="Axis across" {} }
        label { "up " select.up aria-label="Axis up" {} }
    };
    let name = "Plane of codes: drag, or use the arrow keys";
    let body = html! {
        div.explorer {
            div {
                div.controls { (axes) }
                (legend(run, &classes(run)))
                div.plane tabindex="0" role="application" aria-label=(name) { canvas {} div.handle {} }
            }
            div { div.decoded {} div.sliders {} button.reset type="button" { "back to the mean" } }
        }
        (data("decoder", &program))
        script { (PreEscaped(include_str!("decoder.js"))) }
        script { (PreEscaped(include_str!("explorer.js"))) }
    };
    framed("explorer", "Explore", caption, body)
}

/// The classes of the test examples.
fn classes(run: &Run) -> Classes {
    Classes::of(run.test().labels().into_iter().flatten().copied())
}

/// JavaScript that defines `decode`, a function from the numbers of one input to those of the output, as the
/// graph computes them; for pages of one's own. It needs nothing else.
pub fn script(graph: &Graph) -> String {
    let steps = Value::from(steps(graph));
    format!("{}\nconst decode = runGraph({steps});\n", include_str!("decoder.js"))
}

/// Everything that the script needs.
fn program(run: &Run, found: &Found) -> Result<Value, String> {
    let codes = &found.codes;
    let graph = Graph::of(run.model, Part::Decoder, codes).map_err(|error| error.to_string())?;
    if graph.size() > MOST_NUMBERS {
        let (size, most) = (graph.size(), MOST_NUMBERS);
        return Err(format!("the decoder has {size} numbers, and a page should not carry more than {most}"));
    }
    let principal = Pca::fit(codes, codes.shape()[1].min(MOST_SLIDERS));
    let along = principal.encode(codes);
    let test = run.test();
    let shown = sample(test.len(), test.labels(), shown(test).len().min(MOST_POINTS));
    let points = codes.index_select(0, &shown);
    let classes = classes(run);
    // The place of the class among the colours; what has none is another.
    let colours = test
        .labels_of(&shown)
        .map(|labels| labels.into_iter().map(|label| classes.place(label)).collect::<Vec<_>>());
    Ok(json!({
        "graph": steps(&graph),
        "image": run.test().schema().as_image().filter(|image| [1, 3].contains(&image[0])),
        "columns": run.preparation.columns,
        "units": units(run),
        "mean": rounded(&principal.mean),
        "axes": principal.components.to_vec().chunks(graph.width).map(<[f32]>::to_vec).collect::<Vec<_>>(),
        "spread": deviations(&along),
        "deviations": deviations(codes),
        "points": rounded(&points),
        "colours": colours,
        "sliders": MOST_SLIDERS,
    }))
}

/// `x = shift + scale · x̂` of every feature, from what the model sees to the units of the data; none for images.
fn units(run: &Run) -> Option<Value> {
    if run.test().schema().as_image().is_some() {
        return None;
    }
    let at = |value: f32| {
        let x = Tensor::full([1, run.test().width()], value.into());
        run.preparation.restore_units(&x).to_vec()
    };
    let (shift, one) = (at(0.0), at(1.0));
    let scale: Vec<f64> = one.iter().zip(&shift).map(|(one, shift)| one - shift).collect();
    Some(json!({ "shift": shift, "scale": scale }))
}

/// The graph for one example: every node as a name, its inputs, its shape and what else it needs.
fn steps(graph: &Graph) -> Vec<Value> {
    let node = |node: &crate::graph::Node| {
        let shape: Vec<usize> = node
            .shape
            .iter()
            .map(|size| match size {
                Size::Fixed(n) | Size::Batch(n) => *n,
            })
            .collect();
        let (name, more) = step(&node.op);
        json!({ "op": name, "in": node.inputs, "shape": shape, "is": more })
    };
    graph.nodes.iter().map(node).collect()
}

/// An operation's name in the script, and its constants.
fn step(op: &Op) -> (&'static str, Value) {
    let moves = |Moves { stride, padding, dilation, groups }: &Moves| json!({ "stride": stride, "padding": padding, "dilation": dilation, "groups": groups });
    match op {
        Op::Input => ("input", Value::Null),
        Op::Constant { value, .. } => ("constant", base64(value).into()),
        Op::Elementwise(expression) => ("elementwise", formula(expression)),
        Op::Linear => ("linear", Value::Null),
        Op::MatMul => ("matmul", Value::Null),
        Op::Reshape => ("reshape", Value::Null),
        Op::Expand => ("expand", Value::Null),
        Op::Sum => ("sum", Value::Null),
        Op::Permute(order) => ("permute", json!(order)),
        Op::Slice { axis, start, end, step } => {
            ("slice", json!({ "axis": axis, "start": start, "end": end, "step": step }))
        }
        Op::Concat { axis } => ("concat", json!(axis)),
        Op::RunningSum { axis } => ("runningSum", json!(axis)),
        Op::Softmax { axis } => ("softmax", json!(axis)),
        Op::Normalize { axes, epsilon } => ("normalize", json!({ "axes": axes, "epsilon": epsilon })),
        Op::Convolution(m) => ("convolution", moves(m)),
        Op::Transposed(m) => ("transposed", moves(m)),
        Op::Argsort { axis, count: _, descending } => {
            ("argsort", json!({ "axis": axis, "descending": descending }))
        }
        Op::Place { axis, largest } => ("place", json!({ "axis": axis, "largest": largest })),
        Op::Gather { axis } => ("gather", json!(axis)),
        Op::Select { axis } => ("select", json!(axis)),
        Op::Scatter { axis } => ("scatter", json!(axis)),
    }
}

/// An expression as nested lists: `["add", "x0", 2]`.
fn formula(expression: &Expression) -> Value {
    match expression {
        Expression::Input(number) => format!("x{number}").into(),
        Expression::Number(number) if number.is_finite() => json!(number),
        Expression::Number(number) => format!("{}Infinity", if *number < 0.0 { "-" } else { "" }).into(),
        Expression::Apply(function, arguments) => {
            let name = format!("{function:?}").to_lowercase();
            std::iter::once(name.into()).chain(arguments.iter().map(formula)).collect()
        }
    }
}

/// Numbers in single precision, little-endian, row by row.
fn base64(value: &Tensor<f32>) -> String {
    BASE64_STANDARD.encode(value.to_vec().into_iter().flat_map(f32::to_le_bytes).collect::<Vec<u8>>())
}

/// Rows of numbers, as short as they may be for a picture.
fn rounded(x: &Tensor<f32>) -> Value {
    let short = |v: &f32| json!((f64::from(*v) * 1e4).round() / 1e4);
    match *x.shape() {
        [_, width] => {
            x.to_vec().chunks(width.max(1)).map(|row| row.iter().map(short).collect::<Value>()).collect()
        }
        _ => x.to_vec().iter().map(short).collect(),
    }
}

/// Of every column, its root mean square around its mean.
fn deviations(x: &Tensor<f32>) -> Vec<f64> {
    let (rows, width) = (x.shape()[0] as f64, x.shape()[1]);
    let values: Vec<f64> = x.to_vec().into_iter().map(f64::from).collect();
    let column = |j: usize| values.iter().skip(j).step_by(width);
    (0..width)
        .map(|j| {
            let mean = column(j).sum::<f64>() / rows;
            (column(j).map(|v| (v - mean).powi(2)).sum::<f64>() / rows).sqrt()
        })
        .collect()
}
