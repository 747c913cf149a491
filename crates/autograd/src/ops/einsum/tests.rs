use crate::{Tape, Tensor, Var};

fn counting<'t>(tape: &'t Tape<f64>, shape: &[usize]) -> Var<'t, f64> {
    tape.var(Tensor::from_fn(shape, |i| i as f64 - 2.0))
}

/// The definition: for every value of every letter, a product is added to its place.
fn by_definition(pattern: &str, operands: &[Var<f64>]) -> Tensor<f64> {
    let (left, right) = pattern.split_once("->").unwrap();
    let names: Vec<&str> = left.split(',').collect();
    let mut sizes: Vec<(char, usize)> = vec![];
    for (operand, name) in operands.iter().zip(&names) {
        for (letter, &size) in name.chars().zip(&operand.shape()) {
            if sizes.iter().all(|(known, _)| *known != letter) {
                sizes.push((letter, size));
            }
        }
    }
    let place = |name: &str, at: &[usize]| {
        let axis = |letter: char| sizes.iter().position(|(known, _)| *known == letter).unwrap();
        name.chars().fold(0, |place, letter| place * sizes[axis(letter)].1 + at[axis(letter)])
    };
    let shape: Vec<usize> =
        right.chars().map(|letter| sizes.iter().find(|(known, _)| *known == letter).unwrap().1).collect();
    let mut result = Tensor::zeros(&shape);
    let data: Vec<Vec<f64>> = operands.iter().map(|operand| operand.value().to_vec()).collect();
    for number in 0..sizes.iter().map(|(_, size)| size).product::<usize>() {
        let mut rest = number;
        let at: Vec<usize> = sizes.iter().map(|(_, size)| (rest % size, rest /= size).0).collect();
        let product: f64 = data.iter().zip(&names).map(|(data, name)| data[place(name, &at)]).product();
        result.make_mut()[place(right, &at)] += product;
    }
    result
}

#[test]
fn equals_the_definition() {
    let tape = Tape::new();
    let size = |letter: char| 2 + "ijklm".find(letter).unwrap() % 3;
    let patterns = [
        "ij->ji",
        "ij->",
        "ii->i",
        "ilil->il",
        "ijk->ki",
        "ij,jk->ik",
        "ij,jk->ijk",
        "ij,jk->",
        "ij,ij->i",
        "ijk,kjl->il",
        "ijk,ikl->ilj",
        "i,j->ji",
        "i,i->",
        "i,i->i",
        ",i->i",
        "ii,ij->j",
        "ijkm,jlk->lmi",
        "ij,jk,kl->il",
        "ij,j,j->i",
        "ijk,il,jm->klm",
        "i,j,k->kji",
    ];
    for pattern in patterns {
        let names = pattern.split_once("->").unwrap().0.split(',');
        let shape = |name: &str| name.chars().map(size).collect::<Vec<usize>>();
        let operands: Vec<Var<f64>> = names.map(|name| counting(&tape, &shape(name))).collect();
        let result = Var::einsum(pattern, &operands).value();
        assert_eq!(result, by_definition(pattern, &operands), "{pattern}");
    }
}

#[test]
fn spaces_do_not_matter() {
    let tape = Tape::new();
    let a = counting(&tape, &[2, 2]);
    let (spaced, dense) = (Var::einsum("i j, j k -> i k", [a, a]), Var::einsum("ij,jk->ik", [a, a]));
    assert_eq!(spaced.value(), dense.value());
}

/// The panic's message.
fn refused(pattern: &str, shapes: &[&[usize]]) -> String {
    let refused = std::panic::catch_unwind(|| {
        let tape = Tape::new();
        let operands: Vec<Var<f64>> = shapes.iter().map(|shape| counting(&tape, shape)).collect();
        Var::einsum(pattern, &operands);
    });
    *refused.unwrap_err().downcast::<String>().unwrap()
}

#[test]
fn patterns_that_do_not_fit() {
    let matrix: &[usize] = &[2, 3];
    for (pattern, shapes, message) in [
        ("ij", &[matrix][..], "einsum: `ij` has no `->`, which the letters of the result follow"),
        ("ij->i", &[matrix, matrix], "einsum: `ij->i` is for 1 operands, but 2 were given"),
        ("i->i", &[matrix], "einsum: `i` in `i->i` does not name the axes of shape [2, 3]"),
        ("ij,ij->", &[matrix, &[2, 4]], "einsum: `j` in `ij,ij->` has size 3 at first and 4 later"),
        ("ii->i", &[matrix], "einsum: `i` in `ii->i` has size 2 at first and 3 later"),
        ("ij->k", &[matrix], "einsum: `k` in the result of `ij->k` is an axis of no operand"),
        ("ij->ii", &[matrix], "einsum: `i` is twice in the result of `ij->ii`; see `diag_embed`"),
        ("...j->j", &[matrix], "einsum: `.` in `...j->j` is not a letter"),
    ] {
        assert_eq!(refused(pattern, shapes), message);
    }
}
