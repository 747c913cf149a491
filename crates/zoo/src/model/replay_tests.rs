//! Every model of the registry trained by [replay](autograd::Recorded), which has to be training on a tape to the bit.

use autograd::{Name, Recorded, Tensor, Tree, Var, value_and_update};
use nn::Context;
use nn::context::Varying;
use toml::Table;

use super::{AnyModel, Model};
use crate::data::digits;
use crate::registry::{Entry, MODELS, Training};

/// The numbers of the examples of each step.
const BATCHES: [&[usize]; 4] =
    [&[0, 1, 2, 3, 4, 5], &[9, 8, 7, 6, 5, 4], &[11, 12, 10], &[20, 21, 22, 23, 24, 25]];

/// The loss; or, to see its second derivatives, the slope of the loss along `v`.
fn objective<'t, M: Model<'t, f32>>(
    model: &M,
    x: Var<'t, f32>,
    v: &[Var<'t, f32>],
    order: usize,
    context: &mut Context,
) -> Var<'t, f32> {
    let loss = model.loss(x, context).total();
    if order == 1 {
        return loss;
    }
    let mut leaves = vec![];
    model.visit(&mut |name, &leaf| leaves.extend((!name.is_buffer()).then_some(leaf)));
    let gradients = loss.vjp(x.tape().constant(1.0), &leaves);
    gradients
        .into_iter()
        .zip(v)
        .map(|(g, &v)| (g * v).sum())
        .reduce(|sum, term| sum + term)
        .expect("a parameter")
}

/// The objectives of some steps and the leaves after them, by tapes and by replays.
pub(super) fn both_ways<M>(model: &M, order: usize) -> [Vec<Tensor<f32>>; 2]
where
    M: Tree<Tensor<f32>, With<Tensor<f32>> = M>,
    for<'t> M::With<Var<'t, f32>>: Model<'t, f32>,
{
    let data = digits().train;
    let copy = || model.map(Name::Root, &mut |_, leaf: &Tensor<f32>| leaf.clone());
    let (mut by_tape, mut by_replay) = (copy(), copy());
    let mut v = vec![];
    model.visit(&mut |name, leaf| {
        let wave = Tensor::from_fn(leaf.shape(), |i| (i as f32 * 0.7 + v.len() as f32).sin());
        v.extend((!name.is_buffer()).then_some(wave));
    });
    let mut descend = |_: usize, _: Name, w: &mut Tensor<f32>, g: &Tensor<f32>| {
        Tensor::update([w], [g], |[w], [g]| [w - 1e-3 * g]);
    };
    let inputs = |step: usize| {
        let numbers = BATCHES[step];
        let context = Context::training(3, 1 + step as u64, numbers).with_progress(step as f64 * 0.03);
        (data.rows(numbers), context.with_labels(data.labels_of(numbers)))
    };
    let (x, context) = inputs(0);
    let mut recorded =
        Recorded::new(model, &(x, Varying::of(&context), v.clone()), move |model, (x, varying, v), _| {
            objective(&model, x, &v, order, &mut varying.context())
        });
    let mut traces = [vec![], vec![]];
    for step in 0..BATCHES.len() {
        let (x, mut context) = inputs(step);
        let varying = Varying::of(&context);
        let value = value_and_update(
            &mut by_tape,
            |model, tape| {
                let v: Vec<_> = v.iter().map(|v| tape.constant(v)).collect();
                objective(&model, tape.constant(&x), &v, order, &mut context)
            },
            &mut descend,
        );
        traces[0].push(Tensor::scalar(value));
        let value = recorded.value_and_update(&mut by_replay, &(x, varying, v.clone()), &mut descend);
        traces[1].push(Tensor::scalar(value));
    }
    for (trace, model) in traces.iter_mut().zip([by_tape, by_replay]) {
        model.visit(&mut |_, leaf| trace.push(leaf.clone()));
    }
    traces
}

fn assert_replayed(entry: &Entry, model: &dyn AnyModel, order: usize) {
    let [by_tape, by_replay] = model.both_ways(order);
    assert!(by_tape.len() > BATCHES.len() && by_tape.len() == by_replay.len(), "{}", entry.name);
    for (k, (a, b)) in by_tape.iter().zip(&by_replay).enumerate() {
        // The sign of a zero may differ, for a tape leaves sums alone to which a replay adds 0.
        assert_eq!(a.to_vec(), b.to_vec(), "{}, order {order}, tensor {k}", entry.name);
    }
}

/// Models that have a first derivative by decree, and so no second.
const ONCE: [&str; 3] = ["vq-vae", "sparse-kl", "jumprelu"];

#[test]
fn every_model_is_replayed_to_the_bit() {
    let data = digits().train;
    for entry in MODELS.iter().filter(|entry| entry.training == Training::Gradient) {
        // What helps dead units depends on which are dead: values decide the program.
        let given: Table = if entry.name == "topk" { "revival = 0" } else { "" }.parse().unwrap();
        let model = entry.build(&entry.complete(&given, &data).unwrap(), &data, 1).unwrap();
        assert_replayed(entry, &*model, 1);
        if !ONCE.contains(&entry.name) {
            assert_replayed(entry, &*model, 2);
        }
    }
}

#[test]
fn settings_with_more_noise_are_replayed_as_well() {
    let data = digits().train;
    for (name, given) in [
        ("vae", "warm_up = 0.5"),
        ("denoising", "alpha = 2.0\nbeta = 0.5"),
        ("contractive", "jacobian = 'probes'\ncurvature = 0.1"),
        ("wae", "divergence = 'sliced_wasserstein'"),
        ("topk", "revival = 0\nselect = 'batch'"),
        ("residual", "norm = 'batch'"),
        ("sparse-kl", "memory = 0.0"),
    ] {
        let entry = crate::registry::find(name).unwrap();
        let given: Table = given.parse().unwrap();
        let model = entry.build(&entry.complete(&given, &data).unwrap(), &data, 1).unwrap();
        for order in [1, 2] {
            assert_replayed(entry, &*model, order);
        }
    }
}
