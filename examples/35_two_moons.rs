//! A neural network on the scalar tape of the book's chapter 2: two moons, from random weights to a boundary between
//! them, and on to over-fitting.
//!
//! Nothing but the standard library is used: the tape is below, and so are the neuron, the layer, the loss and the
//! descent. You should see the training loss fall to the end, while the loss on points that were not trained on falls,
//! and then rises. Run it with a folder for the picture, or find that in `target/examples`.

use std::cell::RefCell;
use std::error::Error;
use std::f64::consts::{PI, TAU};
use std::fs;
use std::ops::{Add, Mul};
use std::path::PathBuf;

/// One entry of the tape: a value, and for each of its inputs the local slope.
struct Node {
    value: f64,
    inputs: Vec<(usize, f64)>,
}

#[derive(Default)]
struct Tape {
    nodes: RefCell<Vec<Node>>,
}

#[derive(Clone, Copy)]
struct Var<'t> {
    tape: &'t Tape,
    id: usize,
}

impl Tape {
    fn var(&self, value: f64) -> Var<'_> {
        self.push(value, vec![])
    }

    fn push(&self, value: f64, inputs: Vec<(usize, f64)>) -> Var<'_> {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { value, inputs });
        Var { tape: self, id: nodes.len() - 1 }
    }
}

impl<'t> Var<'t> {
    fn value(self) -> f64 {
        self.tape.nodes.borrow()[self.id].value
    }

    fn tanh(self) -> Var<'t> {
        let y = self.value().tanh();
        self.tape.push(y, vec![(self.id, 1.0 - y * y)])
    }

    // ANCHOR: softplus
    /// `ln(1 + eˣ)`, with the slope `σ(x) = 1 / (1 + e⁻ˣ)`.
    fn softplus(self) -> Var<'t> {
        let x = self.value();
        let y = x.max(0.0) + (-x.abs()).exp().ln_1p(); // the same, without overflow
        self.tape.push(y, vec![(self.id, 1.0 / (1.0 + (-x).exp()))])
    }
    // ANCHOR_END: softplus

    fn backward(self) -> Vec<f64> {
        let nodes = self.tape.nodes.borrow();
        let mut adjoint = vec![0.0; nodes.len()];
        adjoint[self.id] = 1.0;
        for id in (0..=self.id).rev() {
            for &(input, slope) in &nodes[id].inputs {
                adjoint[input] += adjoint[id] * slope;
            }
        }
        adjoint
    }
}

impl<'t> Add for Var<'t> {
    type Output = Var<'t>;
    fn add(self, b: Var<'t>) -> Var<'t> {
        self.tape.push(self.value() + b.value(), vec![(self.id, 1.0), (b.id, 1.0)])
    }
}

impl<'t> Mul for Var<'t> {
    type Output = Var<'t>;
    fn mul(self, b: Var<'t>) -> Var<'t> {
        self.tape.push(self.value() * b.value(), vec![(self.id, b.value()), (b.id, self.value())])
    }
}

// ANCHOR: network
/// The weighted sum of a neuron: `w₀ + w₁ x₁ + … + wₙ xₙ`.
fn weighted_sum<'t>(w: &[Var<'t>], x: &[Var<'t>]) -> Var<'t> {
    w[1..].iter().zip(x).fold(w[0], |sum, (&w, &x)| sum + w * x)
}

/// The weighted sums of a layer: its neurons have different weights and the same inputs.
fn layer<'t>(w: &[Var<'t>], x: &[Var<'t>]) -> Vec<Var<'t>> {
    w.chunks(x.len() + 1).map(|w| weighted_sum(w, x)).collect()
}

const HIDDEN: usize = 16;

/// Two inputs, a layer of hidden neurons, and one output: the score of a point.
fn network<'t>(w: &[Var<'t>], x: &[Var<'t>]) -> Var<'t> {
    let (first, last) = w.split_at(HIDDEN * 3);
    let h: Vec<Var> = layer(first, x).into_iter().map(Var::tanh).collect();
    layer(last, &h)[0]
}
// ANCHOR_END: network

/// A point of the plane, and its class: +1 or −1.
struct Example {
    x: [f64; 2],
    class: f64,
}

// ANCHOR: loss
/// The mean of `ln(1 + e^(−t s))` over the examples, where `s` is the score of a point and `t` its class.
fn loss<'t>(w: &[Var<'t>], data: &[Example], tape: &'t Tape) -> Var<'t> {
    let mut sum = tape.var(0.0);
    for Example { x, class } in data {
        let score = network(w, &x.map(|x| tape.var(x)));
        sum = sum + (score * tape.var(-class)).softplus();
    }
    sum * tape.var(1.0 / data.len() as f64)
}
// ANCHOR_END: loss

// ANCHOR: step
/// One step downhill. The tape lives for this step only.
fn step(weights: &mut [f64], data: &[Example], rate: f64) {
    let tape = Tape::default();
    let w: Vec<Var> = weights.iter().map(|&w| tape.var(w)).collect();
    let adjoint = loss(&w, data, &tape).backward();
    for (weight, w) in weights.iter_mut().zip(&w) {
        *weight -= rate * adjoint[w.id];
    }
}
// ANCHOR_END: step

/// The score of a point, as a number.
fn score(weights: &[f64], x: [f64; 2]) -> f64 {
    let tape = Tape::default();
    let w: Vec<Var> = weights.iter().map(|&w| tape.var(w)).collect();
    network(&w, &x.map(|x| tape.var(x))).value()
}

/// The loss, and the share of the points whose score has the sign of their class.
fn measure(weights: &[f64], data: &[Example]) -> (f64, f64) {
    let tape = Tape::default();
    let w: Vec<Var> = weights.iter().map(|&w| tape.var(w)).collect();
    let loss = loss(&w, data, &tape).value();
    let right = data.iter().filter(|example| score(weights, example.x) * example.class > 0.0).count();
    (loss, right as f64 / data.len() as f64)
}

/// Random numbers that are the same on every machine (xorshift64*, Vigna 2016).
struct Random(u64);

impl Random {
    /// Between 0 and 1.
    fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Normal with mean 0 and variance 1 (Box and Muller 1958).
    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (TAU * self.uniform()).cos()
    }

    /// Two half circles that reach into each other, with noise of this standard deviation.
    fn moons(&mut self, points: usize, noise: f64) -> Vec<Example> {
        let mut point = |i: usize| {
            let (angle, class) = (PI * self.uniform(), if i.is_multiple_of(2) { 1.0 } else { -1.0 });
            let clean = match class {
                1.0 => [angle.cos(), angle.sin()],
                _ => [1.0 - angle.cos(), 0.5 - angle.sin()],
            };
            Example { x: clean.map(|x| x + noise * self.normal()), class }
        };
        (0..points).map(&mut point).collect()
    }

    /// Biases of 0, and weights of variance `1 / inputs`.
    fn weights(&mut self) -> Vec<f64> {
        let mut neuron = |inputs: usize| -> Vec<f64> {
            let scale = 1.0 / (inputs as f64).sqrt();
            (0..=inputs).map(|i| if i == 0 { 0.0 } else { scale * self.normal() }).collect()
        };
        let mut weights: Vec<f64> = (0..HIDDEN).flat_map(|_| neuron(2)).collect();
        weights.extend(neuron(HIDDEN));
        weights
    }
}

const RATE: f64 = 0.3;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    let mut random = Random(1);

    println!("100 points with little noise:");
    let train = random.moons(100, 0.1);
    let start = random.weights();
    let mut weights = start.clone();
    let mut curve = vec![];
    for done in 0..=2000 {
        if done % 10 == 0 {
            let (loss, right) = measure(&weights, &train);
            curve.push((done, loss));
            if [0, 10, 100, 1000, 2000].contains(&done) {
                println!("  after {done:4} steps: loss {loss:.3}, {:.0} % right", 100.0 * right);
            }
            assert!(done < 2000 || right > 0.98, "the moons are told apart");
        }
        step(&mut weights, &train, RATE);
    }
    let picture = page(&[
        plane("random weights", &start, &train),
        plane("after 2000 steps", &weights, &train),
        chart(&[("loss", "a", curve)], 2000, 0.8, None),
    ]);
    fs::write(folder.join("35_two_moons.svg"), picture)?;

    let mut random = Random(1);
    println!("30 points with much noise:");
    let (train, validation, test) = (random.moons(30, 0.3), random.moons(200, 0.3), random.moons(1000, 0.3));
    let mut weights = random.weights();
    let (mut seen, mut unseen) = (vec![], vec![]);
    let (mut best, mut lowest) = ((0, weights.clone()), f64::INFINITY);
    for done in 0..=3000 {
        if done % 10 == 0 {
            let (on_train, on_validation) = (measure(&weights, &train), measure(&weights, &validation));
            seen.push((done, on_train.0));
            unseen.push((done, on_validation.0));
            if on_validation.0 < lowest {
                (best, lowest) = ((done, weights.clone()), on_validation.0);
            }
            if [0, 100, 500, 1000, 3000].contains(&done) {
                let [(a, b), (c, d)] = [on_train, on_validation].map(|(loss, right)| (loss, 100.0 * right));
                println!(
                    "  after {done:4} steps: training loss {a:.3}, {b:.0} % right; validation {c:.3}, {d:.0} %"
                );
            }
        }
        step(&mut weights, &train, RATE);
    }
    println!("  lowest validation loss: {lowest:.3} after {} steps", best.0);
    for (name, weights) in [("these weights", &best.1), ("the last weights", &weights)] {
        let (loss, right) = measure(weights, &test);
        println!("  test, {name}: loss {loss:.3}, {:.1} % right", 100.0 * right);
    }
    assert!(measure(&weights, &test).0 > 1.3 * measure(&best.1, &test).0, "training for too long does harm");
    let picture = page(&[
        plane(&format!("after {} steps", best.0), &best.1, &train),
        plane("after 3000 steps", &weights, &train),
        chart(&[("training", "a", seen), ("validation", "b", unseen)], 3000, 1.0, Some(best.0)),
    ]);
    fs::write(folder.join("35_overfitting.svg"), picture)?;
    println!("drawn in {}", folder.display());
    Ok(())
}

// What follows draws.

/// Width and height of a panel.
const PANEL: [f64; 2] = [190.0, 150.0];

/// A page of two panels and one that is as wide as both.
fn page(panels: &[String]) -> String {
    let places = [[5.0, 5.0], [205.0, 5.0], [5.0, 185.0]];
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 400 362\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n",
    );
    for (panel, [x, y]) in panels.iter().zip(places) {
        svg += &format!("<g transform=\"translate({x} {y})\">\n{panel}</g>\n");
    }
    svg + "</svg>\n"
}

/// Points, and the line on which the score is 0.
fn plane(title: &str, weights: &[f64], data: &[Example]) -> String {
    let [width, height] = PANEL;
    let place = |[x, y]: [f64; 2]| [(x + 1.75) / 4.5 * width, height - (y + 1.5) / 3.55 * height];
    let mut svg = format!("<text x=\"2\" y=\"12\">{title}</text>\n<g transform=\"translate(0 18)\">\n");
    svg += &format!(
        "<rect class=\"panel\" fill=\"none\" stroke=\"#999\" width=\"{width}\" height=\"{height}\" rx=\"3\"/>\n"
    );
    for Example { x, class } in data {
        let ([x, y], (name, colour)) =
            (place(*x), if *class > 0.0 { ("a", "#1f5fbf") } else { ("b", "#b35900") });
        svg += &format!(
            "<circle class=\"fill-{name}\" fill=\"{colour}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.6\"/>\n"
        );
    }
    // In each triangle of a grid the boundary is nearly a segment, between the two sides on which the sign changes.
    let (columns, rows) = (60, 48);
    let corner =
        |i: usize, j: usize| [-1.75 + 4.5 * i as f64 / columns as f64, -1.5 + 3.55 * j as f64 / rows as f64];
    let corners = (0..=rows).flat_map(|j| (0..=columns).map(move |i| (i, j)));
    let scores: Vec<f64> = corners.map(|(i, j)| score(weights, corner(i, j))).collect();
    let at = |(i, j): (usize, usize)| scores[j * (columns + 1) + i];
    let mut path = String::new();
    for (i, j) in (0..rows).flat_map(|j| (0..columns).map(move |i| (i, j))) {
        for middle in [(i + 1, j), (i, j + 1)] {
            let triangle = [(i, j), middle, (i + 1, j + 1)];
            let sides = [(0, 1), (1, 2), (2, 0)].map(|(a, b)| (triangle[a], triangle[b]));
            let changes = sides.iter().filter(|(a, b)| (at(*a) > 0.0) != (at(*b) > 0.0));
            for (letter, (a, b)) in ["M", "L"].iter().zip(changes) {
                let part = at(*a) / (at(*a) - at(*b));
                let (p, q) = (corner(a.0, a.1), corner(b.0, b.1));
                let [x, y] = place([p[0] + part * (q[0] - p[0]), p[1] + part * (q[1] - p[1])]);
                path += &format!("{letter}{x:.1} {y:.1}");
            }
        }
    }
    svg + &format!(
        "<path class=\"stroke\" fill=\"none\" stroke=\"#1d2129\" stroke-width=\"1.8\" d=\"{path}\"/>\n</g>\n"
    )
}

/// A curve: its name, its colour, and a loss for some numbers of steps.
type Curve = (&'static str, &'static str, Vec<(usize, f64)>);

/// Losses over steps, and a mark at the best.
fn chart(curves: &[Curve], steps: usize, top: f64, best: Option<usize>) -> String {
    let (width, height) = (390.0, 150.0);
    let x = |step: usize| 30.0 + (width - 110.0) * step as f64 / steps as f64;
    let y = |loss: f64| height - height * loss / top;
    let mut svg = String::from("<g transform=\"translate(0 5)\">\n");
    for tick in 0..=2 {
        let loss = top * f64::from(tick) / 2.0;
        let at = y(loss);
        svg += &format!("<path class=\"grid\" stroke=\"#999\" d=\"M30 {at:.1}H{:.1}\"/>\n", x(steps));
        svg += &format!(
            "<text class=\"quiet\" text-anchor=\"end\" font-size=\"11\" x=\"26\" y=\"{:.1}\">{loss:.2}</text>\n",
            at + 4.0
        );
    }
    if let Some(best) = best {
        svg += &format!(
            "<path class=\"stroke-quiet\" stroke=\"#5d6573\" stroke-dasharray=\"4 3\" d=\"M{:.1} 0V{height}\"/>\n",
            x(best)
        );
    }
    for (name, class, points) in curves {
        let colour = if *class == "a" { "#1f5fbf" } else { "#b35900" };
        let path: Vec<String> =
            points.iter().map(|&(step, loss)| format!("{:.1} {:.1}", x(step), y(loss))).collect();
        svg += &format!(
            "<path class=\"stroke-{class}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" d=\"M{}\"/>\n",
            path.join("L")
        );
        let end = points.last().map_or(0.0, |(_, loss)| y(*loss));
        svg += &format!(
            "<text class=\"fill-{class}\" fill=\"{colour}\" x=\"{:.1}\" y=\"{:.1}\">{name}</text>\n",
            x(steps) + 6.0,
            end.max(12.0).min(height - 2.0)
        );
    }
    svg += &format!("<text class=\"quiet\" font-size=\"11\" x=\"30\" y=\"{}\">0</text>\n", height + 14.0);
    svg += &format!(
        "<text class=\"quiet\" font-size=\"11\" text-anchor=\"end\" x=\"{:.1}\" y=\"{}\">{steps} steps</text>\n",
        x(steps),
        height + 14.0
    );
    svg + "</g>\n"
}
