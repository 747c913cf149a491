//! Every misuse points at the line of whoever made it: a long table, of which each entry panics in this file.

use autograd::{
    Conv, ConvTranspose, Correction, Indices, Keep, Recorded, SortOrder, Tape, Tensor, Triangle, Upsample,
    Var, Window, checkpoint, gauss_newton_product, grad, gradcheck, hessian, hvp, jvp, value_and_grad,
    value_and_update, vjp,
};

use crate::panics::{Panic, panic_of};

/// The mistakes that do not panic in this file, each with its message and where that points.
fn elsewhere(mistakes: &[(&str, &dyn Fn())]) -> Vec<String> {
    let mut wrong = vec![];
    for (name, mistake) in mistakes {
        match panic_of(mistake) {
            None => wrong.push(format!("{name}: no panic")),
            Some(Panic { text, file, line }) => {
                if !file.ends_with("tests/lines.rs") || !text.starts_with(name.split(' ').next().unwrap()) {
                    wrong.push(format!("{name}: {file}:{line}: {text}"));
                }
            }
        }
    }
    wrong
}

fn ones(shape: &[usize]) -> Tensor<f64> {
    Tensor::ones(shape)
}

#[test]
fn tensors() {
    let a = || ones(&[2, 3]);
    let index = || Indices::from_vec([1, 1], vec![7]);
    let mistakes: &[(&str, &dyn Fn())] = &[
        ("from_vec", &|| drop(Tensor::from_vec([2], vec![1.0]))),
        ("from_vec of indices", &|| drop(Indices::from_vec([2], vec![1]))),
        ("shape", &|| drop(Tensor::<f64>::zeros([1 << 32, 1 << 32]))),
        ("item", &|| _ = a().item()),
        ("index", &|| _ = a()[[2, 0]]),
        ("reshape", &|| drop(a().reshape([4]))),
        ("permute", &|| drop(a().permute([0, 0]))),
        ("t", &|| drop(ones(&[3]).t())),
        ("expand", &|| drop(a().expand([2, 4]))),
        ("slice of no axis", &|| drop(a().slice(2, ..1))),
        ("slice too far", &|| drop(a().slice(1, ..4))),
        ("slice by 0", &|| drop(a().slice_step(1, ..1, 0))),
        ("zip", &|| drop(a().zip(&ones(&[4]), |a, b| a + b))),
        ("matmul", &|| drop(a().matmul(&a()))),
        ("matmul of a vector", &|| drop(a().matmul(&ones(&[3])))),
        ("matmul of stacks", &|| drop(ones(&[2, 1, 1]).matmul(&ones(&[3, 1, 1])))),
        ("sum_to", &|| drop(a().sum_to([5]))),
        ("concat of nothing", &|| drop(Tensor::<f64>::concat(&[], 0))),
        ("concat of other shapes", &|| drop(Tensor::concat(&[&a(), &ones(&[2])], 0))),
        ("concat along no axis", &|| drop(Tensor::concat(&[&a()], 2))),
        ("index_select of no axis", &|| drop(a().index_select(2, &[0]))),
        ("index_select too far", &|| drop(a().index_select(0, &[2]))),
        ("gather", &|| drop(a().gather(0, &index()))),
        ("argmax_over", &|| drop(a().argmax_over(2))),
        ("argmin_over", &|| drop(ones(&[2, 0]).argmin_over(1))),
        ("argmax", &|| _ = ones(&[0]).argmax()),
        ("argsort", &|| drop(a().argsort(2, SortOrder::Ascending))),
        ("cholesky", &|| drop(a().cholesky())),
        ("cholesky of -1", &|| drop(Tensor::<f64>::full([1, 1], -1.0).cholesky())),
        ("update", &|| Tensor::update([&mut a()], [&ones(&[4])], |[a], [b]| [a + b])),
    ];
    let wrong = elsewhere(mistakes);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn memory_that_cannot_be_had() {
    const HUGE: usize = 1 << 43;
    let (row, column) = (|| ones(&[1 << 22]), || ones(&[1 << 22, 1]));
    let tape = Tape::<f64>::new();
    let var = |x: Tensor<f64>| tape.var(x);
    let mistakes: &[(&str, &dyn Fn())] = &[
        ("a zeros", &|| drop(Tensor::<f64>::zeros([HUGE]))),
        ("a ones", &|| drop(Tensor::<f32>::ones([2, HUGE]))),
        ("a full", &|| drop(Tensor::<f32>::full([usize::MAX], 1.0))),
        ("a from_fn", &|| drop(Tensor::<f64>::from_fn([HUGE], |i| i as f64))),
        ("a eye", &|| drop(Tensor::<f64>::eye(1 << 22))),
        ("a arange", &|| drop(Tensor::<f64>::arange(HUGE))),
        ("a linspace", &|| drop(Tensor::<f64>::linspace(0.0, 1.0, HUGE))),
        ("a build", &|| drop(Tensor::<f64>::build([HUGE], |_| ()))),
        ("a to_vec", &|| drop(ones(&[1]).expand([HUGE]).to_vec())),
        ("a contiguous", &|| drop(ones(&[1]).expand([HUGE]).contiguous())),
        ("a reshape", &|| drop(ones(&[2, 1]).expand([2, HUGE]).reshape([2 * HUGE]))),
        ("a make_mut", &|| _ = ones(&[1]).expand([HUGE]).make_mut()),
        ("a cast", &|| drop(ones(&[1]).expand([HUGE]).cast::<f32>())),
        ("a map", &|| drop(ones(&[1]).expand([HUGE]).map(|x| x + 1.0))),
        ("a zip", &|| drop(row().zip(&column(), |a, b| a + b))),
        ("a matmul", &|| drop(column().matmul(&column().t()))),
        ("a concat", &|| drop(Tensor::concat(&[&ones(&[1]).expand([HUGE])], 0))),
        ("a sum_to", &|| drop(ones(&[2, 1]).expand([2, HUGE]).sum_to([1, HUGE]))),
        ("a index_select", &|| drop(ones(&[1, 1]).expand([1, HUGE]).index_select(0, &[0]))),
        ("add", &|| _ = var(row()) + var(column())),
        ("mul", &|| _ = var(row()).outer(var(row()))),
        ("matmul of variables", &|| _ = var(column()).matmul(var(column()).t())),
        ("exp", &|| _ = var(ones(&[1])).expand([HUGE]).exp()),
        ("concat of variables", &|| {
            let x = var(ones(&[1])).expand([HUGE]);
            Var::concat([x, x], 0);
        }),
        ("softmax", &|| _ = var(ones(&[1, 1])).expand([2, HUGE]).softmax(0)),
        ("cumsum", &|| _ = var(ones(&[1])).expand([HUGE]).cumsum(0)),
        ("max", &|| _ = var(ones(&[1, 1])).expand([2, HUGE]).max_over(0)),
        ("maximum", &|| _ = var(ones(&[1])).expand([HUGE]).maximum(0.0)),
        ("embed of pad", &|| _ = var(ones(&[1])).pad([[0, HUGE]], 0.0)),
        ("a value of a tape", &|| drop(autograd::value(&ones(&[1]), |x, _| x.expand([HUGE])).to_vec())),
    ];
    let wrong = elsewhere(mistakes);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_sentence_about_memory() {
    let text = |f: &dyn Fn()| panic_of(f).unwrap().text;
    assert_eq!(
        text(&|| drop(Tensor::<f64>::zeros([1 << 40]))),
        "a tensor of shape [1099511627776] takes 8796093022208 bytes, more memory than there is"
    );
    let tape = Tape::<f32>::new();
    let x = tape.var(Tensor::ones([1 << 22]));
    assert_eq!(
        text(&|| _ = x + x.unsqueeze(1)),
        "add: a tensor of shape [4194304, 4194304] takes 70368744177664 bytes, more memory than there is"
    );
    // The tape and the pool work afterwards.
    assert_eq!((x * 2.0).sum().backward().wrt(x).to_vec()[0], 2.0);
}

#[test]
fn variables() {
    let tape = Tape::<f64>::new();
    let var = |shape: &[usize]| tape.var(ones(shape));
    let x = var(&[2, 3]);
    let index = || Indices::from_vec([1, 1], vec![7]);
    let odd = || Window { padding: [2, 0], ..Window::new([2, 2]) };
    let mistakes: &[(&str, &dyn Fn())] = &[
        ("add", &|| _ = x + var(&[4])),
        ("sub", &|| _ = x - var(&[4])),
        ("mul", &|| _ = x * var(&[4])),
        ("div", &|| _ = x / var(&[4])),
        ("pow", &|| _ = x.pow(var(&[4]))),
        ("maximum", &|| _ = x.maximum(var(&[4]))),
        ("minimum", &|| _ = x.minimum(var(&[4]))),
        ("logaddexp", &|| _ = x.logaddexp(var(&[4]))),
        ("atan2", &|| _ = x.atan2(var(&[4]))),
        ("hypot", &|| _ = x.hypot(var(&[4]))),
        ("expand", &|| _ = x.expand([4])),
        ("sum_to", &|| _ = x.sum_to([5])),
        ("conv2d", &|| _ = x.conv2d(x, Conv::default())),
        ("conv2d of other channels", &|| {
            var(&[1, 2, 3, 3]).conv2d(var(&[1, 1, 2, 2]), Conv::default());
        }),
        ("conv1d", &|| _ = x.conv1d(x, Conv::default())),
        ("conv_transpose2d", &|| _ = x.conv_transpose2d(x, ConvTranspose::default())),
        ("conv_transpose1d", &|| _ = x.conv_transpose1d(x, ConvTranspose::default())),
        ("cumsum", &|| _ = x.cumsum(2)),
        ("einsum without an arrow", &|| _ = Var::einsum("ij", [x])),
        ("einsum of other sizes", &|| _ = Var::einsum("ij,ij->", [x, var(&[3, 2])])),
        ("einsum of fewer axes", &|| _ = Var::einsum("ijk->", [x])),
        ("max", &|| _ = var(&[0]).max()),
        ("max_over", &|| _ = x.max_over(2)),
        ("max_over nothing", &|| _ = var(&[2, 0]).max_over(1)),
        ("min", &|| _ = var(&[0]).min()),
        ("min_over", &|| _ = x.min_over(2)),
        ("logsumexp_over", &|| _ = x.logsumexp_over(2)),
        ("argmax", &|| _ = var(&[0]).argmax()),
        ("argmin", &|| _ = var(&[0]).argmin()),
        ("argmax_over", &|| _ = x.argmax_over(2)),
        ("argmin_over", &|| _ = x.argmin_over(2)),
        ("index_select", &|| _ = x.index_select(0, &[2])),
        ("index_add", &|| _ = x.index_add(0, 1, &[0, 1])),
        ("index_add of fewer", &|| _ = x.index_add(0, 2, &[0])),
        ("embedding", &|| _ = x.embedding(&index())),
        ("gather", &|| _ = x.gather(0, &index())),
        ("scatter_add", &|| _ = x.scatter_add(0, &index(), var(&[1, 1]))),
        ("concat of nothing", &|| _ = Var::<f64>::concat([], 0)),
        ("concat of other shapes", &|| _ = Var::concat([x, var(&[2])], 0)),
        ("concat along no axis", &|| _ = Var::concat([x, x], 2)),
        ("stack of nothing", &|| _ = Var::<f64>::stack([], 0)),
        ("stack of other shapes", &|| _ = Var::stack([x, var(&[2])], 0)),
        ("cholesky", &|| _ = x.cholesky()),
        ("solve_triangular", &|| _ = x.solve_triangular(x, Triangle::Lower)),
        ("solve_triangular of others", &|| {
            var(&[2, 2]).solve_triangular(var(&[3, 1]), Triangle::Lower);
        }),
        ("cross_entropy", &|| _ = x.cross_entropy(&[0])),
        ("cross_entropy too far", &|| _ = x.cross_entropy(&[0, 3])),
        ("soft_cross_entropy", &|| _ = x.soft_cross_entropy(var(&[4]))),
        ("bce_with_logits", &|| _ = x.bce_with_logits(var(&[4]))),
        ("linear", &|| _ = x.linear(var(&[4, 4]), var(&[4]))),
        ("matmul", &|| _ = x.matmul(x)),
        ("dot", &|| _ = x.dot(x)),
        ("outer", &|| _ = x.outer(x)),
        ("reshape", &|| _ = x.reshape([4])),
        ("permute", &|| _ = x.permute([0, 0])),
        ("t", &|| _ = var(&[3]).t()),
        ("squeeze", &|| _ = x.squeeze(0)),
        ("squeeze of no axis", &|| _ = x.squeeze(2)),
        ("unsqueeze", &|| _ = x.unsqueeze(4)),
        ("flatten", &|| _ = x.flatten(2)),
        ("repeat", &|| _ = x.repeat([1])),
        ("norm_over", &|| _ = x.norm_over(2)),
        ("sum_over of l1_norm_over", &|| _ = x.l1_norm_over(2)),
        ("layer_norm", &|| _ = x.layer_norm(2, 1e-5)),
        ("batch_norm", &|| _ = x.batch_norm(2, 1e-5).y),
        ("clamp", &|| _ = x.clamp(1.0, 0.0)),
        ("max_pool2d", &|| _ = x.max_pool2d(Window::new([2, 2]))),
        ("avg_pool2d", &|| _ = var(&[1, 1, 3, 3]).avg_pool2d(odd())),
        ("sum_over", &|| _ = x.sum_over(2)),
        ("sum_over the same axis twice", &|| _ = x.sum_over([0, 0])),
        ("sum_over and keep", &|| _ = x.sum_over(Keep(2))),
        ("mean_over", &|| _ = x.mean_over(2)),
        ("var_over", &|| _ = x.var_over(2, Correction::Sample)),
        ("std_over", &|| _ = x.std_over(2, Correction::Sample)),
        ("prod_over", &|| _ = x.prod_over(2)),
        ("lt", &|| _ = x.lt(var(&[4]))),
        ("eq", &|| _ = x.eq(var(&[4]))),
        ("select of masked_fill", &|| _ = x.masked_fill(var(&[4]).gt(0.0), 0.0)),
        ("select", &|| _ = var(&[4]).gt(0.0).select(x, 0.0)),
        ("and", &|| _ = var(&[4]).gt(0.0).and(x.gt(0.0))),
        ("slice", &|| _ = x.slice(0, 3..)),
        ("slice of no axis", &|| _ = x.slice(2, ..)),
        ("slice of slice_step", &|| _ = x.slice_step(0, .., 0)),
        ("pad", &|| _ = x.pad([[0, 1]], 0.0)),
        ("split", &|| _ = x.split(1, [1, 1])),
        ("chunk", &|| _ = x.chunk::<2>(1)),
        ("unbind", &|| _ = x.unbind(2)),
        ("flip", &|| _ = x.flip(2)),
        ("softmax", &|| _ = x.softmax(2)),
        ("log_softmax", &|| _ = x.log_softmax(2)),
        ("sort", &|| _ = x.sort(2, SortOrder::Ascending)),
        ("top_k", &|| _ = x.top_k(1, 4)),
        ("diagonal", &|| _ = var(&[3]).diagonal()),
        ("trace", &|| _ = var(&[3]).trace()),
        ("tril", &|| _ = var(&[3]).tril(0)),
        ("triu", &|| _ = var(&[3]).triu(0)),
        ("upsample_nearest2d", &|| _ = x.upsample_nearest2d(Upsample::Factor(2))),
        ("upsample_bilinear2d", &|| _ = x.upsample_bilinear2d(Upsample::Factor(2))),
        ("straight_through", &|| _ = x.straight_through(var(&[4]))),
        ("reshape of checkpoint", &|| _ = checkpoint([x], |[x], _| x.reshape([4]))),
        ("item", &|| _ = x.item()),
    ];
    let wrong = elsewhere(mistakes);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn derivatives() {
    let tape = Tape::<f64>::new();
    let x = tape.var(ones(&[2, 3]));
    let other = Tape::<f64>::new();
    let elsewhere_made = other.var(1.0);
    let (at, far) = (ones(&[2]), ones(&[3]));
    let mistakes: &[(&str, &dyn Fn())] = &[
        ("backward", &|| drop(x.backward())),
        ("grad", &|| _ = x.grad([x])),
        ("grad of another tape", &|| _ = x.sum().grad([elsewhere_made])),
        ("vjp", &|| drop(x.vjp(x.sum(), &[x]))),
        ("jvp", &|| _ = x.jvp(&[x], &[])),
        ("hvp", &|| drop(x.hvp(&[x], &[x]))),
        ("hvp along others", &|| drop(x.sum().hvp(&[x], &[]))),
        ("grad of a matrix twice", &|| _ = x.hessian(x)),
        ("gauss_newton_product", &|| drop(x.gauss_newton_product(x, &[x], &[x]))),
        ("jacobian_norm", &|| _ = x.sum().jacobian_norm(x)),
        ("batch_jacobian", &|| _ = x.sum().batch_jacobian(x)),
        ("jacobian_norm_probed", &|| _ = x.jacobian_norm_probed(x, 0, 0)),
        ("wrt of another tape", &|| drop(x.sum().backward().wrt(elsewhere_made))),
        ("wrt of a value", &|| {
            let y = x.sum();
            y.backward().wrt(y);
        }),
        ("wrt of a later variable", &|| {
            let gradients = x.sum().backward();
            gradients.wrt(tape.var(1.0));
        }),
        ("backward of a model", &|| drop(grad(&at, |x, _| x))),
        ("backward of a model with its value", &|| drop(value_and_grad(&at, |x, _| x))),
        ("item", &|| _ = value_and_update(&mut at.clone(), |x, _| x, &mut |_, _, _, _| ())),
        ("vjp of a model", &|| drop(vjp(&at, &far, |x, _| x))),
        ("jvp of a model", &|| drop(jvp(&at, &far, |x, _| x))),
        ("hvp of a model", &|| drop(hvp(&at, &far, |x, _| x.sum()))),
        ("hessian", &|| drop(hessian(&at, |x, _| x))),
        ("gauss_newton_product of a model", &|| drop(gauss_newton_product(&at, &at, |x, _| (x, x)))),
        ("gradcheck", &|| _ = gradcheck(|[x]| x, [at.clone()], 0)),
        ("Recorded", &|| drop(Recorded::new(&at, &at, |x, _, _| x).value_and_grad(&at, &at))),
        ("apply", &|| {
            struct Nothing;
            impl autograd::Op<f64, 0> for Nothing {
                const NAME: &'static str = "apply";

                fn forward(&self, _: [&Tensor<f64>; 0]) -> Tensor<f64> {
                    Tensor::scalar(0.0)
                }
                fn vjp<'t>(
                    &self,
                    _: usize,
                    g: Var<'t, f64>,
                    _: [Var<'t, f64>; 0],
                    _: Var<'t, f64>,
                ) -> Var<'t, f64> {
                    g
                }
            }
            Var::apply(Nothing, []);
        }),
    ];
    let wrong = elsewhere(mistakes);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
