//! Layers that read sequences, beyond the table of [`layers`](crate::layers): in two parts, with masks, in bags.

use autograd::{Indices, Name, Tensor, Tree, Var, gradcheck_slice};
use nn::Context;
use nn::layers::{
    Attention, Bidirectional, Direction, Dropout, Embedding, EmbeddingBag, Gru, Lstm, Pooling, Recurrent,
    TransformerBlock, Visible,
};

use crate::layers::{assert_near, fixture, init, leaves};

#[test]
fn a_sequence_may_be_read_in_two_parts() {
    let theirs = fixture();
    let mut gru = Gru::<Tensor<f64>>::new(3, 4, &mut init());
    let mut lstm = Lstm::<Tensor<f64>>::new(3, 4, &mut init());
    theirs.restore("gru/parameter.0", &mut gru).unwrap();
    theirs.restore("lstm/parameter.0", &mut lstm).unwrap();
    let x = &theirs.tensors["gru/input"];
    let parts = autograd::value(&gru, |gru, tape| {
        let x = tape.constant(x);
        let first = gru.forward(x.slice(1, ..2), None);
        let second = gru.forward(x.slice(1, 2..), Some(first.slice(1, 1..2).squeeze(1)));
        Var::concat([first, second], 1)
    });
    assert_near("gru in two parts", &parts, &theirs.tensors["gru/evaluation"]);
    for direction in [Direction::Forward, Direction::Backward] {
        let [whole, parts] = [false, true].map(|in_parts| {
            autograd::value(&lstm, |lstm, tape| {
                let x = tape.constant(x);
                if !in_parts {
                    return lstm.unroll(x, None, direction).0;
                }
                let [early, late] = [x.slice(1, ..2), x.slice(1, 2..)];
                let backward = direction == Direction::Backward;
                let (one, two) = if backward { (late, early) } else { (early, late) };
                let (one, state) = lstm.unroll(one, None, direction);
                let (two, _) = lstm.unroll(two, Some(state), direction);
                Var::concat(if backward { [two, one] } else { [one, two] }, 1)
            })
        });
        assert_near("lstm in two parts", &parts, &whole);
    }
    let both = Bidirectional { forward: lstm.clone(), backward: lstm };
    let summary = autograd::value(&both, |both, tape| both.summary(tape.constant(x)));
    let states = autograd::value(&both, |both, tape| both.forward(tape.constant(x)));
    let ends = [states.slice(1, 4..).slice(2, ..4), states.slice(1, ..1).slice(2, 4..)];
    assert_near("the ends", &summary, &Tensor::concat(&[&ends[0], &ends[1]], 2).reshape([2, 8]));
}

#[test]
fn attention_to_another_sequence_is_that_of_pytorch() {
    let theirs = fixture();
    let mut attention = Attention::<Tensor<f64>>::new(6, 2, &mut init());
    theirs.restore("cross_attention/parameter", &mut attention).unwrap();
    let [x, memory] = ["input", "memory"].map(|name| &theirs.tensors[&format!("cross_attention/{name}")]);
    for (name, causal, filled) in
        [("all", false, false), ("causal", true, false), ("filled", false, true), ("both", true, true)]
    {
        let [y, weights] = [false, true].map(|weights| {
            autograd::value(&attention, |attention, tape| {
                let lengths = tape.constant(Tensor::from_vec([2, 1], vec![3.0, 2.0]));
                let keys = tape.constant(Tensor::arange(4)).lt(lengths);
                let visible = if causal { Visible::causal() } else { Visible::all() };
                let visible = if filled { visible.only(keys) } else { visible };
                let (x, memory) = (tape.constant(x), tape.constant(memory));
                if weights {
                    attention.weights(x, memory, visible)
                } else {
                    attention.cross(x, memory, visible)
                }
            })
        });
        assert_near(name, &y, &theirs.tensors[&format!("cross_attention/{name}")]);
        assert_near(name, &weights, &theirs.tensors[&format!("cross_attention/weights, {name}")]);
        for order in 1..=2 {
            let inputs = [vec![x.clone(), memory.clone()], leaves(&attention)].concat();
            gradcheck_slice(
                &|inputs| {
                    let mut next = inputs[2..].iter().copied();
                    let attention = attention.map(Name::Root, &mut |_, _| next.next().expect("one for each"));
                    let lengths = inputs[0].tape().constant(Tensor::from_vec([2, 1], vec![3.0, 0.0]));
                    let keys = inputs[0].tape().constant(Tensor::arange(4)).lt(lengths);
                    let visible = if causal { Visible::causal() } else { Visible::all() };
                    let visible = if filled { visible.only(keys) } else { visible };
                    attention.cross(inputs[0], inputs[1], visible)
                },
                &inputs,
                order,
            )
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        }
    }
}

#[test]
fn bags_are_those_of_pytorch() {
    let theirs = fixture();
    for (name, pooling) in [("sum", Pooling::Sum), ("mean", Pooling::Mean)] {
        let mut bags = EmbeddingBag::<Tensor<f64>>::new(5, 3, pooling, &mut init());
        theirs.restore("embedding_bag/parameter", &mut bags).unwrap();
        let rows = Indices::from_vec([4, 3], vec![4, 1, 4, 3, 3, 3, 2, 3, 3, 3, 0, 3]);
        let pooled = autograd::value(&bags, |bags, _| bags.forward(&[4, 1, 4, 2, 0, 3], &[0, 3, 3, 4]));
        assert_near(name, &pooled, &theirs.tensors[&format!("embedding_bag/{name}")]);
        let padded = autograd::value(&bags, |bags, _| bags.padded(&rows, 3));
        assert_near(name, &padded, &theirs.tensors[&format!("embedding_bag/{name}, padded")]);
        // The filling may also have a number that the table does not.
        let beyond = Indices::from_vec([1, 3], vec![4, 1, 99]);
        let pooled = autograd::value(&bags, |bags, _| bags.padded(&beyond, 99));
        let expected = autograd::value(&bags, |bags, _| bags.forward(&[4, 1], &[0]));
        assert_eq!(pooled, expected);
        for order in 1..=2 {
            autograd::gradcheck(
                |[weight]| {
                    let bags = EmbeddingBag { weight, pooling };
                    bags.forward(&[4, 1, 4, 2, 0, 3], &[0, 3, 3, 4]).powi(3)
                },
                [bags.weight.clone()],
                order,
            )
            .unwrap();
        }
    }
}

#[test]
fn a_transformer_block_drops_in_training_only_and_ignores_what_was_filled_up() {
    let plain = TransformerBlock::<Tensor<f64>>::new([6, 10], 2, &mut init());
    let block = TransformerBlock { dropout: Dropout::new(0.4), ..plain.clone() };
    let x = nn::random::normal([2, 4, 6], &mut init());
    let through = |block: &TransformerBlock<Tensor<f64>>, x: &Tensor<f64>, mut context: Context| {
        autograd::value(block, |block, tape| block.forward(tape.constant(x), &mut context))
    };
    let evaluated = through(&block, &x, Context::evaluation(0, &[0, 1]));
    assert_eq!(evaluated, through(&plain, &x, Context::training(0, 1, &[0, 1])));
    let trained = through(&block, &x, Context::training(0, 1, &[0, 1]));
    assert_ne!(trained, evaluated);
    // An example is dropped as it would be alone.
    let alone = through(&block, &x.slice(0, 1..), Context::training(0, 1, &[1]));
    assert_near("alone", &trained.slice(0, 1..), &alone);

    let short = x.slice(1, ..3);
    let whole = through(&plain, &short, Context::evaluation(0, &[0, 1]));
    let filled = autograd::value(&plain, |block, tape| {
        let keys =
            tape.constant(Tensor::arange(4)).lt(tape.constant(Tensor::from_vec([2, 1], vec![3.0, 3.0])));
        block.seeing(tape.constant(&x), Visible::all().only(keys), &mut Context::evaluation(0, &[0, 1]))
    });
    assert_near("filled up", &filled.slice(1, ..3), &whole);
}

#[test]
fn an_embedding_sums_the_gradients_of_repeated_entries() {
    let embedding = Embedding::<Tensor<f64>>::new(4, 2, &mut init());
    let index = Indices::from_vec([2, 2], vec![3, 1, 3, 3]);
    let (_, gradient) = autograd::value_and_grad(&embedding, |e, _| e.forward(&index).sum());
    assert_eq!(gradient.weight.to_vec(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 3.0, 3.0]);
    let rows = autograd::value(&embedding, |e, _| e.forward(&index));
    assert_eq!(rows.shape(), [2, 2, 2]);
    assert_eq!(rows.to_vec()[..2], embedding.weight.to_vec()[6..]);
}
