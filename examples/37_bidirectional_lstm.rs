//! Which brackets have a partner? A recurrent classifier of every step of a sequence, from one end and from both.
//!
//! In `)x(()x` the first bracket closes nothing, and the second is never closed. Whoever reads from the left knows at a
//! closing bracket whether one is open, but at an opening one cannot know what comes; whoever reads from the right knows
//! just the other half. You should see that: each direction gets one kind of bracket right and guesses the other, and a
//! bidirectional LSTM gets both.

use autograd::{Real, Tensor, Var, tree, value};
use nn::layers::{Bidirectional, Direction, Lstm, Recurrent};
use nn::optim::{Adam, Schedule};
use nn::{Init, Linear, Purpose, generator, losses, random};

const STEPS: usize = 16;
const HIDDEN: usize = 16;

// ANCHOR: model
struct Model<W> {
    reader: Bidirectional<Lstm<W>>,
    output: Linear<W>,
}
tree!(Model { reader, output });

#[derive(Clone, Copy)]
enum Ends {
    Left,
    Right,
    Both,
}

impl<'t, T: Real> Model<Var<'t, T>> {
    /// `[batch, time, 3]` to the logits that the step is a bracket with a partner, `[batch, time]`.
    fn forward(&self, x: Var<'t, T>, ends: Ends) -> Var<'t, T> {
        let Bidirectional { forward, backward } = &self.reader;
        let states = match ends {
            Ends::Left => forward.unroll(x, None, Direction::Forward).0,
            Ends::Right => backward.unroll(x, None, Direction::Backward).0,
            Ends::Both => self.reader.forward(x), // both beside each other
        };
        self.output.forward(states).squeeze(2)
    }
}
// ANCHOR_END: model

/// Sequences of `(`, `)` and `x`: their steps as numbers 0, 1, 2, and for each whether it is a bracket with a partner.
fn sequences(count: usize, seed: u64) -> (Vec<usize>, Tensor<f32>) {
    let draws =
        random::uniform::<f32>([count * STEPS], 0.0, 1.0, &mut generator(seed, Purpose::Sample, 0, 0));
    let kinds: Vec<usize> = draws.to_vec().iter().map(|&u| (u / 0.4) as usize).collect(); // 40 %, 40 %, 20 %
    let mut partners = vec![0.0; kinds.len()];
    for row in 0..count {
        let mut open = vec![];
        for step in row * STEPS..(row + 1) * STEPS {
            match kinds[step] {
                0 => open.push(step),
                1 => {
                    if let Some(partner) = open.pop() {
                        (partners[partner], partners[step]) = (1.0, 1.0);
                    }
                }
                _ => {}
            }
        }
    }
    (kinds, Tensor::from_vec([count, STEPS], partners))
}

/// `[batch, time, 3]`, with a 1 for the kind of each step.
fn one_hot(kinds: &[usize]) -> Tensor<f32> {
    Tensor::from_fn([kinds.len() / STEPS, STEPS, 3], |k| if kinds[k / 3] == k % 3 { 1.0 } else { 0.0 })
}

fn main() {
    let ((kinds, partners), (test_kinds, test_partners)) = (sequences(2000, 1), sequences(500, 2));
    println!("right of     (      )");
    for (name, ends) in [("left", Ends::Left), ("right", Ends::Right), ("both", Ends::Both)] {
        let from = &mut generator(0, Purpose::Init, 0, 0);
        let [forward, backward] = [(); 2].map(|()| Lstm::new(3, HIDDEN, from));
        let width = if let Ends::Both = ends { 2 * HIDDEN } else { HIDDEN };
        let output = Linear::new(width, 1, Init::Glorot, from);
        let mut model = Model::<Tensor<f32>> { reader: Bidirectional { forward, backward }, output };

        let (mut adam, steps) = (Adam::new(0.02), 240);
        for step in 0..steps {
            adam.set_rate(0.02 * Schedule::Cosine { floor: 0.0 }.factor(step, steps));
            let first = step * 50 % 2000;
            let x = one_hot(&kinds[first * STEPS..(first + 50) * STEPS]);
            let y = partners.slice(0, first..first + 50);
            adam.minimize(&mut model, |model, tape| {
                losses::bce_with_logits(model.forward(tape.constant(&x), ends), tape.constant(&y))
            });
        }

        let x = one_hot(&test_kinds);
        let logits = value(&model, |model, tape| model.forward(tape.constant(&x), ends)).to_vec();
        let right: Vec<bool> =
            logits.iter().zip(test_partners.to_vec()).map(|(&logit, y)| (logit > 0.0) == (y > 0.5)).collect();
        let [opening, closing] = [0, 1].map(|kind| {
            let of_kind = || right.iter().zip(&test_kinds).filter(|(_, other)| **other == kind);
            100.0 * of_kind().filter(|(right, _)| **right).count() as f64 / of_kind().count() as f64
        });
        println!("{name:5} {opening:6.0} % {closing:4.0} %");
        assert!(!matches!(ends, Ends::Both) || opening.min(closing) > 95.0);
    }
}
