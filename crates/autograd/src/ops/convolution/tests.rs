use super::*;
use crate::Tape;

fn ones(tape: &Tape<f64>, shape: impl AsRef<[usize]>) -> Var<'_, f64> {
    tape.var(Tensor::ones(shape))
}

#[test]
fn known_values() {
    let tape = Tape::<f64>::new();
    let x = tape.var(Tensor::from_vec([1, 1, 4], vec![1.0, 2.0, 3.0, 4.0]));
    let w = tape.var(Tensor::from_vec([1, 1, 2], vec![1.0, 10.0]));
    let y = x.conv1d(w, Conv { padding: [1], ..Conv::default() });
    assert_eq!(y.value().to_vec(), [10.0, 21.0, 32.0, 43.0, 4.0]); // not flipped
    let y = x.conv1d(w, Conv { stride: [2], ..Conv::default() });
    assert_eq!(y.value().to_vec(), [21.0, 43.0]);
    let gradients = y.sum().backward();
    assert_eq!(gradients.wrt(x).to_vec(), [1.0, 10.0, 1.0, 10.0]);
    assert_eq!(gradients.wrt(w).to_vec(), [4.0, 6.0]);

    let x = tape.var(Tensor::from_vec([1, 1, 1, 3], vec![1.0, 2.0, 3.0]));
    let options = ConvTranspose { stride: [1, 2], output_padding: [0, 1], ..ConvTranspose::default() };
    let y = x.conv_transpose2d(w.reshape([1, 1, 1, 2]), options);
    assert_eq!(y.value().to_vec(), [1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 0.0]);
}

#[test]
fn the_transpose_inverts_the_sizes() {
    // ⟨y, conv(x)⟩ = ⟨conv_transpose(y), x⟩, for each of the sizes that a stride maps to one.
    let tape = Tape::<f64>::new();
    let wave = |shape: [usize; 4]| tape.var(Tensor::from_fn(shape, |i| (i as f64 * 0.9).cos()));
    let w = wave([2, 3, 3, 3]);
    for extra in [0, 1] {
        let x = wave([2, 3, 7 + extra, 9 + extra]);
        let y = x.conv2d(w, Conv { stride: [2, 2], padding: [1, 1], ..Conv::default() });
        assert_eq!(y.shape()[2..], [4, 5]);
        let options = ConvTranspose {
            stride: [2, 2],
            padding: [1, 1],
            output_padding: [extra; 2],
            ..ConvTranspose::default()
        };
        let u = wave([2, 2, 4, 5]);
        let (left, right) = ((u * y).sum(), (u.conv_transpose2d(w, options) * x).sum());
        assert!((left.item() - right.item()).abs() < 1e-12);
    }
}

#[test]
#[should_panic(expected = "conv2d: the shapes must be [batch, channels, height, width] and, of the \
                           weight, [out, in / groups, height, width], not [3, 8, 8] and [4, 3, 3, 3]")]
fn an_image_without_batch() {
    let tape = Tape::new();
    ones(&tape, [3, 8, 8]).conv2d(ones(&tape, [4, 3, 3, 3]), Conv::default());
}

#[test]
#[should_panic(expected = "conv2d: [2, 6, 8, 8] has 6 channels, but [4, 3, 3, 3] in 1 groups takes 3; \
                           did you mean `groups: 2`?")]
fn forgotten_groups() {
    let tape = Tape::new();
    ones(&tape, [2, 6, 8, 8]).conv2d(ones(&tape, [4, 3, 3, 3]), Conv::default());
}

#[test]
#[should_panic(expected = "conv1d: 2 groups do not divide the 3 output channels of [3, 1, 2]")]
fn groups_of_the_output() {
    let tape = Tape::new();
    let w = ones(&tape, [3, 1, 2]);
    ones(&tape, [1, 2, 4]).conv1d(w, Conv { groups: 2, ..Conv::default() });
}

#[test]
#[should_panic(expected = "conv2d: the kernel of [1, 1, 3, 3] spans 5 pixels, but [1, 1, 8, 2] has 4 \
                           with its padding")]
fn a_kernel_too_large() {
    let tape = Tape::new();
    let options = Conv { padding: [1, 1], dilation: [2, 2], ..Conv::default() };
    ones(&tape, [1, 1, 8, 2]).conv2d(ones(&tape, [1, 1, 3, 3]), options);
}

#[test]
#[should_panic(expected = "conv2d: stride, dilation, groups, image and kernel must be at least 1")]
fn stride_zero() {
    let tape = Tape::new();
    let w = ones(&tape, [1, 1, 3, 3]);
    ones(&tape, [1, 1, 8, 8]).conv2d(w, Conv { stride: [0, 1], ..Conv::default() });
}

#[test]
#[should_panic(expected = "conv_transpose2d: [1, 2, 4, 4] has 2 channels, but [3, 2, 3, 3] takes 3; \
                           the input channels come first here")]
fn a_weight_the_wrong_way_round() {
    let tape = Tape::new();
    let w = ones(&tape, [3, 2, 3, 3]);
    ones(&tape, [1, 2, 4, 4]).conv_transpose2d(w, ConvTranspose::default());
}

#[test]
#[should_panic(
    expected = "conv_transpose2d: the output padding 2 must be smaller than the stride or the dilation"
)]
fn output_padding_too_large() {
    let tape = Tape::new();
    let options = ConvTranspose { stride: [2, 2], output_padding: [2, 0], ..ConvTranspose::default() };
    ones(&tape, [1, 1, 4, 4]).conv_transpose2d(ones(&tape, [1, 1, 3, 3]), options);
}

#[test]
#[should_panic(
    expected = "conv_transpose2d: the padding cuts 4 of 4 pixels, so nothing remains of [1, 1, 2, 2]"
)]
fn nothing_remains() {
    let tape = Tape::new();
    let options = ConvTranspose { padding: [2, 2], ..ConvTranspose::default() };
    ones(&tape, [1, 1, 2, 2]).conv_transpose2d(ones(&tape, [1, 1, 3, 3]), options);
}
