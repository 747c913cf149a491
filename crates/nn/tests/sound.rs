//! Spectrograms against SciPy, mel weights against librosa (`fixtures/sound.txt`, which `fixtures/sound.py` makes); the way
//! back, and derivatives against finite differences.

use autograd::{Tape, Tensor, Var, gradcheck};
use nn::sound::{Stft, log_mel, mel, si_sdr, spectrogram};

use crate::fixtures::parsed;

/// Element k is `sin(1.7 k + 0.4)`.
fn wave(shape: [usize; 2]) -> Tensor<f64> {
    Tensor::from_fn(shape, |k| (1.7 * k as f64 + 0.4).sin())
}

#[test]
fn transforms_are_those_of_scipy_and_bands_those_of_librosa() {
    let mut kinds = vec![];
    for line in include_str!("fixtures/sound.txt").lines().filter(|line| !line.starts_with('#')) {
        let mut parts = line.split("; ");
        let name: Vec<&str> = parts.next().expect("a name").split(' ').collect();
        let numbers: Vec<usize> = name[1..].iter().map(|n| n.parse().expect("a number")).collect();
        let expected: Vec<Vec<f64>> = parts.map(parsed).collect();
        let ours: Vec<Vec<f64>> = match name[0] {
            "stft" => {
                let tape = Tape::<f64>::new();
                let x = tape.constant(wave([1, numbers[0]]));
                Stft::new(numbers[1], numbers[2]).forward(x).map(|part| part.value().to_vec()).to_vec()
            }
            "mel" => vec![mel::<f64>(numbers[0], numbers[1], numbers[2] as f64).to_vec()],
            other => panic!("the fixture has `{other}`, which this test lacks"),
        };
        assert_eq!(ours.len(), expected.len(), "{line}");
        for (ours, expected) in ours.iter().zip(&expected) {
            assert_eq!(ours.len(), expected.len(), "{name:?}");
            for (k, (a, b)) in ours.iter().zip(expected).enumerate() {
                assert!((a - b).abs() < 1e-12, "{name:?}: number {k} is {a}, and should be {b}");
            }
        }
        kinds.push(name[0]);
    }
    assert!(kinds.contains(&"stft") && kinds.contains(&"mel"));
}

#[test]
fn frames_add_up_to_the_sound() {
    for (steps, frame, hop) in [(100, 16, 8), (1, 8, 4), (37, 24, 6), (64, 64, 32), (5, 64, 16)] {
        let (stft, tape) = (Stft::new(frame, hop), Tape::<f64>::new());
        let x = tape.constant(wave([3, steps]));
        let spectrum = stft.forward(x);
        assert_eq!(spectrum[0].shape()[..], [3, stft.frames(steps), stft.bins()]);
        let error = (stft.inverse(spectrum, steps) - x).abs().max().item();
        assert!(error < 1e-13, "{steps} steps, frames of {frame} every {hop}: {error}");
    }
}

/// A function of the spectrogram, of which every part counts differently.
fn weighted<'t>(parts: &[Var<'t, f64>]) -> Var<'t, f64> {
    let weighed = parts.iter().map(|part| {
        let weights = Tensor::from_fn(part.shape(), |k| (0.9 * k as f64 + 1.3).cos());
        (part.tape().constant(weights) * *part * *part).sum()
    });
    weighed.reduce(|a, b| a + b).expect("there is a part")
}

#[test]
fn derivatives_agree_with_finite_differences_at_orders_1_and_2() {
    let stft = || Stft::new(8, 4);
    let parts = || [0.4, 0.7].map(|phase| Tensor::from_fn([1, 3, 5], |k| (1.7 * k as f64 + phase).sin()));
    for order in [1, 2] {
        gradcheck(|[x]| weighted(&stft().forward(x)), [wave([2, 11])], order).unwrap();
        gradcheck(|[x]| weighted(&[log_mel(stft(), x, 3, 8000.0)]), [wave([2, 11])], order).unwrap();
        gradcheck(|[re, im]| weighted(&[stft().inverse([re.exp(), im], 6)]), parts(), order).unwrap();
    }
}

#[test]
fn si_sdr_knows_no_loudness() {
    let sound: Vec<f32> = wave([1, 500]).cast::<f32>().to_vec();
    let noise: Vec<f32> = (0..500).map(|i| ((i * i % 17) as f32 - 8.0) / 80.0).collect();
    let noisy: Vec<f32> = sound.iter().zip(&noise).map(|(a, b)| a + b).collect();
    let louder: Vec<f32> = noisy.iter().map(|x| 3.0 * x).collect();
    let found = si_sdr(&sound, &noisy);
    let energy = |x: &[f32]| x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>();
    let ratio = 10.0 * (energy(&sound) / energy(&noise)).log10();
    assert!((found - ratio).abs() < 0.5, "{found}, {ratio}");
    assert!((si_sdr(&sound, &louder) - found).abs() < 1e-4);
    assert!(si_sdr(&sound, &sound) > 100.0);
}

#[test]
fn a_tone_stands_at_its_frequency() {
    let tone: Vec<f32> =
        (0..800).map(|i| (std::f32::consts::TAU * 1000.0 * i as f32 / 8000.0).sin()).collect();
    let found = spectrogram(Stft::new(64, 32), &tone);
    let row = found.slice(0, 10..11).to_vec();
    let loudest = (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
    assert_eq!(loudest, 8, "1000 Hz of 4000 Hz in 32 steps");
}
