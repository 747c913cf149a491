use super::*;
use crate::{Frozen, Indices, grad};

type Model<W> = (Frozen<W>, [W; 2]);

fn loss<'t>((table, [w, b]): Model<Var<'t, f64>>, words: Var<'t, f64>, y: Var<'t, f64>) -> Var<'t, f64> {
    let vectors = table.0.embedding(words).mean_over(1); // [batch, 3]
    (vectors.linear(w, b).tanh() - y).square().mean()
}

#[test]
fn gradients_of_a_batch_are_those_of_its_examples() {
    let wave = |shape: &[usize]| Tensor::from_fn(shape, |i| (1.3 * i as f64).sin());
    let model: Model<Tensor<f64>> = (Frozen(wave(&[5, 3])), [wave(&[2, 3]), wave(&[2])]);
    let (words, y) = (Indices::from_vec([4, 2], vec![0, 1, 4, 4, 2, 0, 3, 1]), wave(&[4, 2]));
    let (losses, gradients) =
        per_example_grad(&model, &(words.clone(), y.clone()), |model, (words, y), _| loss(model, words, y));
    let mut sum = 0.0;
    for i in 0..4 {
        let words = words.numbers().slice(0, i..i + 1);
        let y = y.slice(0, i..i + 1);
        let (value, one) = crate::value_and_grad(&model, |model, tape| {
            loss(model, tape.constant(&words), tape.constant(&y))
        });
        assert_eq!(losses.to_vec()[i], value);
        sum += value;
        for (all, one) in gradients.1.iter().zip(&one.1) {
            assert_eq!(all.slice(0, i..i + 1).to_vec(), one.to_vec());
        }
    }
    assert_eq!(gradients.0.0.shape(), [4, 5, 3]);
    // The mean of the gradients is the gradient of the mean.
    let whole = grad(&model, |model, tape| loss(model, tape.constant(words.numbers()), tape.constant(&y)));
    let mean = gradients.1[0].mean_over(0);
    assert!((mean - &whole.1[0]).norm().item() < 1e-15 && sum > 0.0);
}

#[test]
fn no_examples() {
    let (losses, gradients) =
        per_example_grad(&Tensor::<f64>::ones([2]), &Tensor::zeros([0, 2]), |w, x, _| (w * x).sum());
    assert_eq!((losses.shape(), gradients.shape()), (&[0][..], &[0, 2][..]));
}

#[test]
#[should_panic(
    expected = "per_example_grad: the inputs must be [batch, …], with one batch for all, not [[2], [3]]"
)]
fn inputs_of_two_batches() {
    let inputs = [Tensor::<f64>::ones([2]), Tensor::ones([3])];
    per_example_grad(&Tensor::scalar(1.0), &inputs, |w, [x, _], _| (w * x).sum());
}

#[test]
#[should_panic(expected = "backward: only a single number has a gradient, not shape [1, 2]")]
fn a_loss_of_two_numbers() {
    per_example_grad(&Tensor::<f64>::scalar(1.0), &Tensor::ones([3, 2]), |w, x, _| w * x);
}
