use super::*;
use crate::{Buffer, Recorded, Tape, cost, hessian, hvp, jacobian, jvp, value_and_grad, value_and_update};

struct Perhaps<W> {
    part: Option<W>,
}
tree!(Perhaps { part });

#[test]
fn a_part_may_be_missing() {
    // `Option` has a `map` of its own, which must not be taken for the tree's.
    let leaves = |part| {
        let mut names = vec![];
        Perhaps { part }.visit(&mut |name, _: &Tensor<f64>| names.push(name.to_string()));
        names
    };
    assert_eq!(leaves(Some(Tensor::scalar(1.0))), ["part"]);
    assert!(leaves(None).is_empty());
}

#[derive(Clone)]
struct Pair<W> {
    left: W,
    right: Vec<W>,
    scale: f64,
}
tree!(Pair { left, right; scale });

fn pair() -> Pair<Tensor<f64>> {
    Pair { left: Tensor::scalar(1.0), right: vec![Tensor::scalar(2.0), Tensor::scalar(3.0)], scale: 7.0 }
}

#[test]
fn names_and_order() {
    let mut names = vec![];
    pair().visit(&mut |name, leaf| names.push(format!("{name} = {}", leaf.item())));
    assert_eq!(names, ["left = 1", "right.0 = 2", "right.1 = 3"]);
    let mut again = vec![];
    pair().visit_mut(Name::Root, &mut |name, leaf| again.push(format!("{name} = {}", leaf.item())));
    assert_eq!(again, names);
}

#[test]
fn settings_are_copied() {
    let doubled = pair().map(Name::Root, &mut |_, leaf| leaf.map(|x| 2.0 * x));
    assert_eq!((doubled.right[1].item(), doubled.scale), (6.0, 7.0));
}

#[test]
fn buffers_keep_their_name_and_are_marked() {
    let mut both = [Buffer(pair().left), Buffer(pair().left)];
    let mut seen = vec![];
    both.visit(&mut |name, _| seen.push((name.to_string(), name.is_buffer())));
    assert_eq!(seen, [("0".to_owned(), true), ("1".to_owned(), true)]);
    both.visit_mut(Name::Root, &mut |name, leaf| {
        assert!(name.is_buffer());
        *leaf = Tensor::scalar(5.0);
    });
    assert_eq!(both[1].0.item(), 5.0);
    pair().visit(&mut |name, _| assert!(!name.is_buffer()));
}

#[test]
fn frozen_parts_keep_their_names_and_are_marked() {
    let mut model = (Frozen((pair(), Buffer(pair().left))), Frozen(pair().left), pair().left);
    let mut seen = vec![];
    model.visit(&mut |name, _: &Tensor<f64>| {
        seen.push((name.to_string(), name.is_frozen(), name.is_trained()))
    });
    let names =
        ["0.0.left", "0.0.right.0", "0.0.right.1", "0.1", "1"].map(|name| (name.to_owned(), true, false));
    assert_eq!((&seen[..5], &seen[5]), (&names[..], &("2".to_owned(), false, true)));
    model.visit_mut(Name::Root, &mut |name, leaf: &mut Tensor<f64>| {
        *leaf = Tensor::scalar(if name.is_frozen() { 5.0 } else { 6.0 });
    });
    assert_eq!((model.0.0.0.right[1].item(), model.2.item()), (5.0, 6.0));
    Frozen(pair()).visit(&mut |name, _| assert!(!name.to_string().starts_with('.'), "{name}"));
}

type Net<W> = (Frozen<W>, W);

fn energy<'t>((Frozen(a), b): Net<Var<'t, f64>>, _: &'t Tape<f64>) -> Var<'t, f64> {
    a.matmul(b).tanh().square().sum()
}

#[test]
fn no_work_is_done_for_the_gradient_of_a_frozen_part() {
    let wave = |shape| Tensor::from_fn(shape, |i| (1.3 * i as f64).sin());
    let (a, b) = (wave([4, 3]), wave([3, 2]));
    let work = |f: &dyn Fn() -> (f64, Tensor<f64>)| {
        let before = cost::flops();
        let result = f();
        (cost::flops() - before, result)
    };
    let constant = work(&|| value_and_grad(&b, |b, tape| energy((Frozen(tape.constant(&a)), b), tape)));
    let model = (Frozen(a.clone()), b.clone());
    let frozen = work(&|| {
        let (y, gradient) = value_and_grad(&model, energy);
        (y, gradient.1)
    });
    assert_eq!(frozen, constant);
    assert_eq!(value_and_grad(&model, energy).1.0.0, Tensor::zeros([4, 3]));
    // Forward mode, second derivatives and Jacobians leave it alone, too.
    let (_, along) = jvp(&model, &model, energy);
    assert_eq!(along, jvp(&b, &b, |b, tape| energy((Frozen(tape.constant(&a)), b), tape)).1);
    assert_eq!(hvp(&model, &model, energy).0, Frozen(Tensor::zeros([4, 3])));
    assert_eq!(hessian(&model, energy).shape(), [6, 6]);
    assert_eq!(jacobian(&model, |(Frozen(a), b), _| a.matmul(b)).0.0.shape(), [4, 2, 4, 3]);
}

#[test]
fn a_frozen_part_is_not_updated() {
    let model = || (Frozen(Tensor::<f64>::ones([2, 2])), Tensor::ones([2, 2]));
    let mut recorded = Recorded::new(&model(), &Tensor::scalar(1.0), |model, _, tape| energy(model, tape));
    let (y, expected) = value_and_grad(&model(), energy);
    for replayed in [false, true] {
        let (mut net, mut numbers) = (model(), vec![]);
        let mut update = |number, _: Name, leaf: &mut Tensor<f64>, gradient: &Tensor<f64>| {
            numbers.push(number);
            *leaf = gradient.clone();
        };
        let value = match replayed {
            false => value_and_update(&mut net, energy, &mut update),
            true => recorded.value_and_update(&mut net, &Tensor::scalar(1.0), &mut update),
        };
        assert_eq!((value, &net.0, &net.1, &numbers[..]), (y, &model().0, &expected.1, &[0][..]));
    }
    let (value, gradient) = recorded.value_and_grad(&model(), &Tensor::scalar(1.0));
    assert_eq!((value, gradient), (y, expected));
}

#[test]
fn parts_may_be_options_and_arrays() {
    struct Parts<W> {
        perhaps: Option<W>,
        three: [W; 3],
    }
    tree!(Parts { perhaps, three });
    let one = Tensor::scalar(1.0);
    for (perhaps, names) in
        [(None, "three.0 three.1 three.2"), (Some(one.clone()), "perhaps three.0 three.1 three.2")]
    {
        let mut parts = Parts { perhaps, three: [one.clone(), one.clone(), one.clone()] };
        let mut seen = vec![];
        parts.visit(&mut |name, _: &Tensor<f64>| seen.push(name.to_string()));
        assert_eq!(seen.join(" "), names);
        parts.visit_mut(Name::Root, &mut |_, leaf| *leaf = Tensor::scalar(2.0));
        assert_eq!(parts.three[2].item(), 2.0);
    }
}

#[test]
fn trees_of_trees() {
    let nested = ([Some(pair()), None], pair().left);
    let mut names = vec![];
    nested.visit(&mut |name, _| names.push(name.to_string()));
    assert_eq!(names, ["0.0.left", "0.0.right.0", "0.0.right.1", "1"]);
}

#[test]
fn tuples_of_three_and_of_four() {
    let one = Tensor::scalar(1.0);
    let three = (one.clone(), Some(one.clone()), pair());
    let (_, second, third) = three.map(Name::Root, &mut |_, leaf: &Tensor<f64>| leaf.map(|x| x + 1.0));
    assert_eq!((second.unwrap().item(), third.right[1].item()), (2.0, 4.0));
    let (mut four, mut names) = ((three, one.clone(), [one.clone()], one), vec![]);
    four.visit_mut(Name::Root, &mut |name, _: &mut Tensor<f64>| names.push(name.to_string()));
    let expected = ["0.0", "0.1", "0.2.left", "0.2.right.0", "0.2.right.1", "1", "2.0", "3"];
    assert_eq!(names, expected);
}
