//! Every op agrees with PyTorch, in value and derivatives of orders 1 and 2.
//!
//! `fixtures/pytorch.txt` holds what PyTorch computes in `f64`; `fixtures/pytorch.py` makes it, says
//! what it holds, and names the points left out because the two differ there on purpose. The table
//! [`FUNCTIONS`] says the same functions in our words. Add a line to both.

use std::collections::BTreeSet;

use autograd::Correction::{Population, Sample};
use autograd::{
    Conv, ConvTranspose, Indices, Keep, SortOrder, Tape, Tensor, Triangle, Upsample, Var, Window,
};

/// How far an element may be off, as a part of the largest element of its tensor.
const TOLERANCE: f64 = 1e-12;

type Function = for<'a, 't> fn(&'a [Var<'t, f64>]) -> Var<'t, f64>;

#[rustfmt::skip]
const FUNCTIONS: &[(&str, Function)] = &[
    // Arithmetic and broadcasting.
    ("add", |x| x[0] + x[1]),
    ("sub", |x| x[0] - x[1]),
    ("mul", |x| x[0] * x[1]),
    ("div", |x| x[0] / x[1]),
    ("neg", |x| -x[0]),
    ("numbers left and right", |x| (2.0 / x[0] + 3.0 * x[0]) * (1.0 - x[0]) / 7.0 + (4.0 + x[0] - 0.3)),
    ("expand", |x| x[0].expand([3, 2, 4])),
    ("sum_to", |x| x[0].powi(3).sum_to([3, 1])),
    // Exponentials, logarithms, powers, roots.
    ("exp", |x| x[0].exp()),
    ("exp_m1", |x| x[0].exp_m1()),
    ("ln", |x| x[0].ln()),
    ("ln_1p", |x| x[0].ln_1p()),
    ("logit", |x| x[0].logit()),
    ("sqrt", |x| x[0].sqrt()),
    ("rsqrt", |x| x[0].rsqrt()),
    ("recip", |x| x[0].recip()),
    ("square", |x| x[0].square()),
    ("powi 0", |x| x[0].powi(0)),
    ("powi 1", |x| x[0].powi(1)),
    ("powi 2", |x| x[0].powi(2)),
    ("powi 3", |x| x[0].powi(3)),
    ("powi -2", |x| x[0].powi(-2)),
    ("powf 2.5", |x| x[0].powf(2.5)),
    ("powf -0.5", |x| x[0].powf(-0.5)),
    ("powf 0.5", |x| x[0].powf(0.5)),
    ("powf 3", |x| x[0].powf(3.0)),
    ("pow", |x| x[0].pow(x[1])),
    // Trigonometric and hyperbolic functions.
    ("sin", |x| x[0].sin()),
    ("cos", |x| x[0].cos()),
    ("tan", |x| x[0].tan()),
    ("asin", |x| x[0].asin()),
    ("acos", |x| x[0].acos()),
    ("atan", |x| x[0].atan()),
    ("sinh", |x| x[0].sinh()),
    ("cosh", |x| x[0].cosh()),
    ("asinh", |x| x[0].asinh()),
    ("acosh", |x| x[0].acosh()),
    ("atanh", |x| x[0].atanh()),
    ("logaddexp", |x| x[0].logaddexp(x[1])),
    ("atan2", |x| x[0].atan2(x[1])),
    ("atan2 with a number", |x| x[0].atan2(-0.8)),
    ("hypot", |x| x[0].hypot(x[1])),
    // Activation functions.
    ("tanh", |x| x[0].tanh()),
    ("sigmoid", |x| x[0].sigmoid()),
    ("relu", |x| x[0].relu()),
    ("step", |x| x[0].step()),
    ("softplus", |x| x[0].softplus()),
    ("log_sigmoid", |x| x[0].log_sigmoid()),
    ("softsign", |x| x[0].softsign()),
    ("leaky_relu", |x| x[0].leaky_relu(0.2)),
    ("elu", |x| x[0].elu(1.3)),
    ("selu", |x| x[0].selu()),
    ("gelu", |x| x[0].gelu()),
    ("gelu_tanh", |x| x[0].gelu_tanh()),
    ("silu", |x| x[0].silu()),
    ("mish", |x| x[0].mish()),
    // Special functions.
    ("erf", |x| x[0].erf()),
    ("erfc", |x| x[0].erfc()),
    ("ln_gamma", |x| x[0].ln_gamma()),
    ("digamma", |x| x[0].digamma()),
    ("polygamma 2", |x| x[0].polygamma(2)),
    // Straight pieces.
    ("abs", |x| x[0].abs()),
    ("sign", |x| x[0].sign()),
    ("floor", |x| x[0].floor()),
    ("ceil", |x| x[0].ceil()),
    ("round", |x| x[0].round()),
    ("clamp", |x| x[0].clamp(-1.0, 2.0)),
    ("maximum", |x| x[0].maximum(x[1])),
    ("maximum with a number", |x| x[0].maximum(0.5)),
    ("minimum", |x| x[0].minimum(x[1])),
    ("minimum with a number", |x| x[0].minimum(0.5)),
    ("select", |x| x[0].gt(x[1]).select(x[0] * x[0], x[1])),
    ("masked_fill", |x| x[0].powi(3).masked_fill(x[0].lt(0.0), 7.0)),
    ("select_map", |x| x[0].gt(0.0).select_map(x[0], |x| x.sqrt(), 0.0)),
    // Reductions.
    ("sum", |x| x[0].powi(3).sum()),
    ("sum_over", |x| x[0].powi(3).sum_over([0, 2])),
    ("sum_over, kept", |x| x[0] * x[0].powi(3).sum_over(Keep(1))),
    ("mean", |x| x[0].powi(3).mean()),
    ("mean_over", |x| x[0].powi(3).mean_over(1)),
    ("var", |x| x[0].var(Population)),
    ("var_over", |x| x[0].var_over([0, 2], Sample)),
    ("std", |x| x[0].std(Sample)),
    ("std_over", |x| x[0].std_over(1, Population)),
    ("prod", |x| x[0].prod()),
    ("prod_over", |x| x[0].prod_over([0, 2])),
    ("prod_over a row", |x| x[0].prod_over(1)),
    ("max", |x| x[0].max()),
    ("max_over", |x| x[0].powi(3).max_over(1)),
    ("max_over, kept", |x| x[0].max_over(Keep([0, 2])) * x[0]),
    ("max_over a row", |x| x[0].max_over(1)),
    ("min", |x| x[0].min()),
    ("min_over", |x| x[0].powi(3).min_over(-1)),
    ("logsumexp", |x| x[0].logsumexp()),
    ("logsumexp_over", |x| x[0].logsumexp_over(1)),
    ("norm", |x| x[0].norm()),
    ("norm_over", |x| x[0].norm_over([0, 2])),
    ("norm_over, kept", |x| x[0] / x[0].norm_over(Keep(-1))),
    ("l1_norm", |x| x[0].l1_norm()),
    ("l1_norm_over", |x| (x[0] * x[0] * x[0]).l1_norm_over(1)),
    ("cumsum", |x| x[0].powi(3).cumsum(1)),
    // Matrix products and movement.
    ("matmul", |x| x[0].matmul(x[1])),
    ("matmul of views", |x| x[0].t().matmul(x[1].t())),
    ("matmul with itself", |x| x[0].matmul(x[0]).matmul(x[0].t())),
    ("reshape", |x| x[0].reshape([3, 2]).matmul(x[0])),
    ("permute", |x| x[0].powi(3).permute([2, 0, 1])),
    ("t", |x| x[0].t() * x[0].t()),
    ("slice", |x| x[0].slice(1, 1..3) * x[0].slice(1, ..2)),
    ("slice by steps", |x| x[0].powi(3).slice_step(0, 1.., 2)),
    ("slice backwards", |x| x[0].slice_step(-1, .., -1) * x[0]),
    ("pad", |x| x[0].powi(3).pad([[0, 1], [1, 2]], 7.0)),
    ("split", |x| { let [a, b] = x[0].split(1, [1, 3]); a * b }),
    ("flip", |x| x[0].flip([0, 1]) * x[0]),
    ("squeeze, unsqueeze", |x| x[0].squeeze(1).unsqueeze(0) * x[0]),
    ("repeat", |x| x[0].powi(3).repeat([2, 3])),
    ("diagonal", |x| x[0].powi(3).diagonal()),
    ("trace", |x| x[0].matmul(x[0]).trace()),
    ("tril", |x| x[0].powi(3).tril(0)),
    ("triu", |x| x[0].powi(3).triu(1)),
    ("concat", |x| Var::concat([x[0] * x[0], x[1], x[0]], 1)),
    ("stack", |x| Var::stack([x[0] * x[1], x[1]], 1)),
    // Indexing and order.
    ("index_select", |x| x[0].powi(3).index_select(1, &[2, 0, 2])),
    ("index_add", |x| x[0].powi(3).index_add(0, 4, &[2, 0, 2])),
    ("gather", |x| x[0].powi(3).gather(1, &Indices::from_vec([2, 2], vec![2, 0, 1, 1]))),
    ("scatter_add", |x| (x[0] * x[0]).scatter_add(1, &Indices::from_vec([2, 2], vec![2, 0, 1, 1]), x[1].powi(3))),
    ("embedding", |x| x[0].powi(3).embedding(&Indices::from_vec([2, 2], vec![2, 0, 2, 1]))),
    ("sort", |x| x[0].powi(3).sort(1, SortOrder::Descending)[0]),
    ("top_k", |x| x[0].powi(3).top_k(0, 2)[0]),
    // Stacks of matrices.
    ("matmul of stacks", |x| x[0].matmul(x[1])),
    ("matmul of a stack and a matrix", |x| x[0].matmul(x[1])),
    ("dot", |x| x[0].dot(x[1])),
    ("outer", |x| x[0].outer(x[1])),
    ("einsum", |x| Var::einsum("bij,bjk,ik->bi", x)),
    ("einsum of a diagonal", |x| Var::einsum("ii->i", [x[0].powi(3)])),
    ("cholesky", |x| definite(x[0]).cholesky()),
    ("logdet", |x| definite(x[0]).logdet()),
    ("solve_triangular, lower", |x| definite(x[0]).tril(0).solve_triangular(x[1], Triangle::Lower)),
    ("solve_triangular, upper", |x| definite(x[0]).triu(0).solve_triangular(x[1], Triangle::Upper)),
    // Normalized rows, and losses from logits.
    ("softmax", |x| x[0].softmax(1)),
    ("log_softmax over rows", |x| x[0].log_softmax(0)),
    ("log_softmax", |x| x[0].log_softmax(1)),
    ("cross_entropy", |x| x[0].cross_entropy(&[2, 0])),
    ("soft_cross_entropy", |x| x[0].soft_cross_entropy(x[1])),
    ("bce_with_logits", |x| x[0].bce_with_logits(x[1])),
    ("layer_norm", |x| x[0].layer_norm([1, 2], 1e-5)),
    ("batch_norm", |x| x[0].batch_norm([0, 2, 3], 1e-5).y),
    // Convolutions, pooling, upsampling.
    ("conv2d", |x| x[0].conv2d(x[1], Conv::default())),
    ("conv2d with options", |x| x[0].conv2d(x[1], Conv { stride: [2, 1], padding: [1, 2], dilation: [1, 2], groups: 2 })),
    ("conv1d", |x| x[0].conv1d(x[1], Conv { stride: [2], padding: [2], dilation: [2], groups: 1 })),
    ("conv_transpose2d", |x| x[0].conv_transpose2d(x[1], ConvTranspose::default())),
    ("conv_transpose2d with options", |x| {
        let (stride, padding, output_padding) = ([2, 3], [1, 0], [1, 2]);
        x[0].conv_transpose2d(x[1], ConvTranspose { stride, padding, output_padding, groups: 2, dilation: [2, 1] })
    }),
    ("conv_transpose1d with options", |x| {
        let (stride, padding, output_padding) = ([3], [1], [2]);
        x[0].conv_transpose1d(x[1], ConvTranspose { stride, padding, output_padding, groups: 2, dilation: [2] })
    }),
    ("max_pool2d", |x| x[0].powi(3).max_pool2d(Window::new([2, 2]))),
    ("max_pool2d with options", |x| x[0].powi(3).max_pool2d(Window { size: [3, 2], stride: [1, 2], padding: [1, 1] })),
    ("avg_pool2d", |x| x[0].powi(3).avg_pool2d(Window::new([2, 2]))),
    ("avg_pool2d with options", |x| x[0].powi(3).avg_pool2d(Window { size: [3, 2], stride: [1, 2], padding: [1, 1] })),
    ("upsample_nearest2d", |x| x[0].powi(3).upsample_nearest2d(Upsample::Factor(2))),
    ("upsample_nearest2d to a size", |x| x[0].powi(3).upsample_nearest2d(Upsample::Size([5, 2]))),
    ("upsample_bilinear2d", |x| x[0].powi(3).upsample_bilinear2d(Upsample::Size([5, 4]))),
];

/// A positive definite matrix, or a stack of them, made of any.
fn definite<'t>(a: Var<'t, f64>) -> Var<'t, f64> {
    a.matmul(a.t()) + a.tape().constant(Tensor::eye(a.shape()[a.shape().len() - 2]))
}

/// A function at some inputs, as PyTorch has it.
struct Case {
    /// The name, and the line of the fixture.
    name: &'static str,
    line: usize,
    inputs: Vec<Tensor<f64>>,
    value: Vec<Tensor<f64>>,
    first: Vec<Tensor<f64>>,
    second: Vec<Tensor<f64>>,
}

/// `2 3 : 0.1 0.2 …`: the shape and the elements.
fn tensor(text: &str) -> Tensor<f64> {
    let (shape, elements) = text.split_once(':').expect("a colon after the shape");
    let shape: Vec<usize> = shape.split_whitespace().map(|n| n.parse().expect("a size")).collect();
    let elements = elements.split_whitespace().map(|x| x.parse().expect("a number")).collect();
    Tensor::from_vec(shape, elements)
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = vec![];
    for (number, line) in (1..).zip(include_str!("fixtures/pytorch.txt").lines()) {
        let (kind, rest) = line.split_once(' ').expect("a word and a space");
        if kind == "case" {
            let [inputs, value, first, second] = [const { vec![] }; 4];
            cases.push(Case { name: rest, line: number, inputs, value, first, second });
        } else if kind != "#" {
            let case = cases.last_mut().expect("a case before its tensors");
            match kind {
                "input" => case.inputs.push(tensor(rest)),
                "value" => case.value.push(tensor(rest)),
                "first" => case.first.push(tensor(rest)),
                "second" => case.second.push(tensor(rest)),
                _ => panic!("line {number}: unknown word {kind:?}"),
            }
        }
    }
    cases
}

/// `sin(0.7 k + phase)` for element `k`, as in `pytorch.py`.
fn weights(shape: impl AsRef<[usize]>, phase: f64) -> Tensor<f64> {
    Tensor::from_fn(shape, |k| (0.7 * k as f64 + phase).sin())
}

impl Case {
    /// Adds a sentence for every element that differs.
    fn compare(&self, what: &str, ours: &[Tensor<f64>], theirs: &[Tensor<f64>], wrong: &mut Vec<String>) {
        let case = format!("{} (pytorch.txt:{}), {what}", self.name, self.line);
        assert_eq!(ours.len(), theirs.len(), "{case}: the number of tensors");
        for (place, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
            assert_eq!(ours.shape(), theirs.shape(), "{case} {place}: the shape");
            let finite = theirs.to_vec().into_iter().filter(|x| x.is_finite());
            let scale = finite.fold(0.0, |scale: f64, x| scale.max(x.abs()));
            for (k, (a, b)) in ours.to_vec().into_iter().zip(theirs.to_vec()).enumerate() {
                // Infinities of one sign are equal, and NaN is to be NaN.
                let same = a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= TOLERANCE * scale;
                if !same {
                    wrong.push(format!("{case} {place}, element {k}: {a:?}, PyTorch {b:?}"));
                }
            }
        }
    }

    fn check(&self, f: Function, wrong: &mut Vec<String>) {
        let tape = Tape::new();
        let inputs: Vec<_> = self.inputs.iter().map(|x| tape.var(x.clone())).collect();
        let y = f(&inputs);
        self.compare("value", &[y.value()], &self.value, wrong);
        if self.first.is_empty() {
            return;
        }
        let u = tape.constant(weights(y.shape(), 0.3));
        let fast = (u * y).sum().backward();
        let fast: Vec<_> = inputs.iter().map(|&x| fast.wrt(x)).collect();
        self.compare("gradient (fast) by input", &fast, &self.first, wrong);
        let recorded = y.vjp(u, &inputs);
        let values: Vec<_> = recorded.iter().map(|g| g.value()).collect();
        self.compare("gradient (recorded) by input", &values, &self.first, wrong);
        if self.second.is_empty() {
            return;
        }
        let mut total = tape.constant(0.0);
        for (place, &g) in recorded.iter().enumerate() {
            total = total + (tape.constant(weights(g.shape(), 1.3 + place as f64)) * g).sum();
        }
        let second = total.backward();
        let second: Vec<_> = inputs.iter().map(|&x| second.wrt(x)).collect();
        self.compare("second derivative by input", &second, &self.second, wrong);
    }
}

/// Elements in which this crate differs on purpose, by the beginning of what is said of them, and how many these are:
///
/// - `hypot(−∞, 1)` has the slope −1, where PyTorch has NaN;
/// - the second derivative of `softplus` far out has all its digits, where PyTorch's is a difference;
/// - `std` of equal numbers has no second derivative, where PyTorch has 0, as if it were smooth there.
const OTHERWISE: [(&str, usize); 3] = [
    ("hypot (pytorch.txt:405), gradient", 2),
    ("softplus (pytorch.txt:456), second derivative", 2),
    ("std_over (pytorch.txt:773), second derivative", 6),
];

#[test]
fn values_and_derivatives_agree_with_pytorch() {
    let mut wrong = vec![];
    for case in cases() {
        let entry = FUNCTIONS.iter().find(|(name, _)| *name == case.name);
        let (_, f) = entry.unwrap_or_else(|| panic!("{}: in the fixture, but not in FUNCTIONS", case.name));
        case.check(*f, &mut wrong);
    }
    for (begin, count) in OTHERWISE {
        let before = wrong.len();
        wrong.retain(|text| !text.starts_with(begin));
        assert_eq!(before - wrong.len(), count, "{begin}: it differs elsewhere, or no longer");
    }
    assert!(wrong.is_empty(), "{} elements differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_function_has_a_fixture() {
    let known: BTreeSet<_> = cases().iter().map(|case| case.name).collect();
    let mut seen = BTreeSet::new();
    for (name, _) in FUNCTIONS {
        assert!(known.contains(name), "{name}: in FUNCTIONS, but not in the fixture; run pytorch.py");
        assert!(seen.insert(name), "{name}: twice in FUNCTIONS");
    }
}
