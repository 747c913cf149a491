//! A language model: a transformer that predicts the next letter, for a language whose secrets are known.
//!
//! The sentences are made of a few words, all equally likely: "the dogs near the king sleep." What a sentence says in
//! bits is then known exactly, and no model can do with fewer. And the verb has to agree with the *first* noun,
//! however many letters ago that was: whoever counts which letter follows the last four cannot know.
//!
//! You should see the transformer near the bits that the language has, verbs that agree with their subjects, and sentences
//! that it writes itself.

use autograd::{Indices, Real, Tensor, Var, tree, value};
use nn::layers::{Embedding, LayerNorm, LearnedPositions, TransformerBlock};
use nn::losses::token_cross_entropy;
use nn::optim::{Adam, Schedule};
use nn::{Context, Generator, Init, Linear, Purpose, generator};
use rand::RngExt;

const NOUNS: [&str; 4] = ["dog", "king", "bird", "girl"];
const BETWEEN: [&str; 2] = ["near", "behind"];
const VERBS: [&str; 4] = ["sleep", "sing", "jump", "wait"];
/// The choices of a sentence: noun, one or many; the word between; the same again; the verb.
const CHOICES: [usize; 6] = [4, 2, 2, 4, 2, 4];

/// Letters are numbered from 0, then come the space, the full stop, and what sentences are filled up with.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz .";
const FILLING: usize = 28;
const LONGEST: usize = 34;

/// A sentence, and where its verb should get an s or not.
fn sentence([first, many, between, second, others, verb]: [usize; 6]) -> (String, usize) {
    let s = |many| if many == 1 { "s" } else { "" };
    let (first, second, between, verb) = (NOUNS[first], NOUNS[second], BETWEEN[between], VERBS[verb]);
    let stem = format!("the {first}{} {between} the {second}{} {verb}", s(many), s(others));
    (format!("{stem}{}.", s(1 - many)), stem.len())
}

fn numbers(text: &str) -> Vec<usize> {
    text.chars().map(|c| LETTERS.find(c).expect("a letter")).collect()
}

/// Sentences as rows of letters, filled up: what is read, which begins with a full stop, and what comes next.
fn rows(sentences: &[String]) -> [Indices; 2] {
    let row = |text: &str| {
        let mut letters = numbers(text);
        letters.resize(LONGEST, FILLING);
        letters
    };
    let shape = [sentences.len(), LONGEST];
    let read = sentences.iter().flat_map(|text| row(&format!(".{}", &text[..text.len() - 1])));
    let next = sentences.iter().flat_map(|text| row(text));
    [Indices::from_vec(shape, read.collect()), Indices::from_vec(shape, next.collect())]
}

// ANCHOR: model
struct Model<W> {
    letters: Embedding<W>,
    places: LearnedPositions<W>,
    blocks: Vec<TransformerBlock<W>>,
    norm: LayerNorm<W>,
    output: Linear<W>,
}
tree!(Model { letters, places, blocks, norm, output });

impl<T: Real> Model<Tensor<T>> {
    fn new(width: usize, from: &mut Generator) -> Self {
        let block = |from: &mut Generator| TransformerBlock {
            causal: true, // no letter sees those that come after it
            ..TransformerBlock::new([width, 2 * width], 2, from)
        };
        Model {
            letters: Embedding::new(FILLING + 1, width, from),
            places: LearnedPositions::new(LONGEST, width, from),
            blocks: (0..2).map(|_| block(from)).collect(),
            norm: LayerNorm::new([width]),
            output: Linear::new(width, FILLING, Init::Glorot, from),
        }
    }
}

impl<'t, T: Real> Model<Var<'t, T>> {
    /// Letters `[batch, time]` to logits of the next ones, `[batch, time, letters]`.
    fn forward(&self, letters: &Indices, context: &mut Context) -> Var<'t, T> {
        let start = self.places.forward(self.letters.forward(letters));
        let h = self.blocks.iter().fold(start, |h, block| block.forward(h, context));
        self.output.forward(self.norm.forward(h))
    }
}
// ANCHOR_END: model

/// The logits of the letter after each of these.
fn logits(model: &Model<Tensor<f32>>, letters: &Indices) -> Tensor<f32> {
    let examples: Vec<usize> = (0..letters.shape()[0]).collect();
    value(model, |model, _| model.forward(letters, &mut Context::evaluation(0, &examples)))
}

/// The text with the likeliest letters after it, up to a full stop.
fn completed(model: &Model<Tensor<f32>>, text: &str) -> String {
    let mut text = text.to_owned();
    while !text.ends_with('.') && text.len() < LONGEST {
        let letters = numbers(&format!(".{text}"));
        let logits = logits(model, &Indices::from_vec([1, letters.len()], letters));
        let best = logits.slice(1, text.len()..).argmax();
        text.push_str(&LETTERS[best..best + 1]);
    }
    text
}

fn main() {
    let mut from = generator(0, Purpose::Sample, 0, 0);
    let mut choose = || CHOICES.map(|count| from.random_range(0..count));
    let train: Vec<String> = (0..4800).map(|_| sentence(choose()).0).collect();
    let test: Vec<[usize; 6]> = (0..200).map(|_| choose()).collect();

    let mut model = Model::<Tensor<f32>>::new(32, &mut generator(0, Purpose::Init, 0, 0));
    let (mut adam, steps) = (Adam::new(0.01), 300);
    let schedule = Schedule::warmup(0.1, Schedule::Cosine { floor: 0.0 });
    for (step, batch) in train.chunks(16).take(steps).enumerate() {
        adam.set_rate(0.01 * schedule.factor(step, steps));
        let [read, next] = rows(batch);
        let examples: Vec<usize> = (0..batch.len()).collect();
        adam.minimize(&mut model, |model, _| {
            let logits = model.forward(&read, &mut Context::training(0, step as u64, &examples));
            token_cross_entropy(logits, next.as_slice(), Some(FILLING))
        });
    }

    // Bits of a sentence that was not seen, if each letter is announced with the probability that the model gave it.
    let sentences: Vec<String> = test.iter().map(|&choices| sentence(choices).0).collect();
    let letters: usize = sentences.iter().map(String::len).sum();
    let bits_of = |nats: f64| nats * letters as f64 / sentences.len() as f64 / 2_f64.ln();
    let [read, next] = rows(&sentences);
    let examples: Vec<usize> = (0..test.len()).collect();
    let nats = value(&model, |model, _| {
        let logits = model.forward(&read, &mut Context::evaluation(0, &examples));
        token_cross_entropy(logits, next.as_slice(), Some(FILLING))
    });
    let counted = nats_by_counting(&train, &sentences);
    let entropy: f64 = CHOICES.iter().map(|&count| (count as f64).log2()).sum();
    println!(
        "bits of a sentence: {:.1} by counting, {:.1} by the transformer, {entropy:.1} at best",
        bits_of(counted),
        bits_of(f64::from(nats.item()))
    );

    // Where the two nouns have different numbers, the nearer one misleads.
    let misleading: Vec<[usize; 6]> =
        test.iter().copied().filter(|choices| choices[1] != choices[4]).collect();
    let right = misleading.iter().filter(|&&choices| {
        let (text, verb_end) = sentence(choices);
        completed(&model, &text[..verb_end]) == text
    });
    let share = 100.0 * right.count() as f64 / misleading.len() as f64;
    println!("of {} misleading sentences {share:.0} % get the right verb", misleading.len());
    for text in ["the dog near the kings sl", "the dogs near the king sl"] {
        println!("  {text}… → {}", completed(&model, text));
    }
    assert!(share > 90.0 && bits_of(f64::from(nats.item())) < entropy + 2.0);
}

/// The cross-entropy of a letter, in nats, by counting which letter follows the last four.
fn nats_by_counting(train: &[String], test: &[String]) -> f64 {
    let contexts = |text: &String| {
        let text = format!("....{text}");
        (4..text.len()).map(|i| (text[i - 4..i].to_owned(), text.as_bytes()[i])).collect::<Vec<_>>()
    };
    let mut counts = std::collections::HashMap::new();
    for (context, letter) in train.iter().flat_map(contexts) {
        counts.entry(context).or_insert([0_u32; 256])[usize::from(letter)] += 1;
    }
    let losses: Vec<f64> = test
        .iter()
        .flat_map(contexts)
        .map(|(context, letter)| {
            let known = counts.get(&context).copied().unwrap_or([0; 256]);
            let all: u32 = known.iter().sum();
            -(f64::from(known[usize::from(letter)] + 1) / f64::from(all + FILLING as u32)).ln()
        })
        .collect();
    losses.iter().sum::<f64>() / losses.len() as f64
}
