use autograd::{Tape, Tensor};

use super::*;
use crate::Context;

/// The sentence of a panic in one of the pieces.
fn said(work: impl Fn(usize, &Context, &Tape<f64>) + Sync) -> String {
    let numbers = [0, 1, 2, 3];
    let crew = Crew::new(4, 2, Arc::new(Alone)).unwrap();
    let context = Context::training(0, 1, &numbers);
    let all = || {
        crew.share(&numbers, |share| work(share.rows.start, &context.of_share(share), &Tape::new()));
    };
    let panic = catch_unwind(AssertUnwindSafe(all)).unwrap_err();
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).expect("a sentence")
}

#[test]
fn pieces_that_do_not_do_the_same_do_not_wait_for_ever() {
    let x = Tensor::ones([1, 2]);
    let early = said(|piece, context, tape| {
        if piece != 2 {
            context.whole(tape.constant(&x));
        }
    });
    assert!(early.contains("another piece of the batch is somewhere else"), "{early}");
    let other = said(|piece, context, tape| {
        let x = tape.constant(&x);
        match piece {
            2 => _ = context.over_pieces(x),
            _ => _ = context.whole(x),
        }
    });
    assert!(other.contains("what a loss does must not depend on the examples"), "{other}");
}

#[test]
fn a_panic_of_one_piece_is_that_of_the_step() {
    let x = Tensor::ones([1, 2]);
    let text = said(|piece, context, tape| {
        context.whole(tape.constant(&x));
        assert!(piece != 3, "the third is broken");
        context.whole(tape.constant(&x));
    });
    assert_eq!(text, "the third is broken");
}

#[test]
fn all_pieces_have_the_rows_of_all() {
    let numbers = [7, 8, 9, 10, 11];
    for (pieces, workers) in [(2, 1), (3, 2), (5, 9), (8, 3)] {
        let crew = Crew::new(pieces, workers, Arc::new(Alone)).unwrap();
        let context = Context::training(0, 1, &numbers);
        let (_, rows) = crew.share(&numbers, |share| {
            let (tape, context) = (Tape::<f64>::new(), context.of_share(share));
            let own = Tensor::from_fn([context.batch(), 1], |i| context.examples()[i] as f64);
            let all = context.whole(tape.constant(&own));
            assert_eq!(context.own(all).value(), own);
            all.value().to_vec()
        });
        assert_eq!(rows, vec![[7.0, 8.0, 9.0, 10.0, 11.0]; pieces.min(5)]);
    }
}

#[test]
fn ranks_have_all_pieces_once() {
    for pieces in 1..20 {
        for count in 1..25 {
            let all: Vec<usize> = (0..count).flat_map(|rank| ranks::pieces_of(rank, pieces, count)).collect();
            assert_eq!(all, (0..pieces).collect::<Vec<_>>(), "{pieces} pieces, {count} ranks");
        }
    }
}

#[test]
fn tensors_come_back_from_bytes() {
    let tensors = [Tensor::<f32>::from_vec([2, 1], vec![1.5, f32::MIN_POSITIVE]), Tensor::zeros([0, 3])];
    assert_eq!(ranks::decode::<f32>(&ranks::encode(&tensors)), tensors);
    let one = [Tensor::<f64>::scalar(0.1)];
    assert_eq!(ranks::decode::<f64>(&ranks::encode(&one)), one);
}
