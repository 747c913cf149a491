//! Noise as nodes of a tape: numbers that follow from the seed, the epoch and the example.

use autograd::inspect::{Attribute, Attributes};
use autograd::{Choice, Real, Tape, Tensor, Var};
use rand::RngExt;
use rand_distr::StandardNormal;

use super::varying;
use super::{Context, Corruption};
use crate::random::{Generator, Purpose, between, keyed, normal};

/// The distribution of a number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Noise {
    /// `N(0, 1)`.
    Normal,
    /// `U[0, 1)`.
    Uniform,
    /// `+1` and `−1`, equally likely.
    Signs,
}

impl Noise {
    fn number<T: Real>(self, from: &mut Generator) -> T {
        match self {
            Noise::Normal => T::of(from.sample(StandardNormal)),
            Noise::Uniform => between(0.0, 1.0, from),
            Noise::Signs if from.random() => T::one(),
            Noise::Signs => -T::one(),
        }
    }
}

/// Rows of noise, `[batch, width]`, each from its own generator.
pub(super) fn rows<T: Real>(
    width: usize,
    batch: usize,
    stream: u64,
    noise: Noise,
    generator: impl Fn(usize) -> Generator,
) -> Tensor<T> {
    Tensor::build([batch, width], |out| {
        for (row, numbers) in out.chunks_exact_mut(width.max(1)).enumerate() {
            let mut from = generator(row);
            from.set_stream(stream);
            numbers.iter_mut().for_each(|x| *x = noise.number(&mut from));
        }
    })
}

/// A [`Context`] and the tape of a loss; see [`Context::on`].
pub struct OnTape<'c, 'a, 't, T: Real> {
    pub(super) context: &'c mut Context<'a>,
    pub(super) tape: &'t Tape<T>,
}

impl<'t, T: Real> OnTape<'_, '_, 't, T> {
    /// Standard normal noise of shape `[batch, width]`; other numbers at every call.
    #[track_caller]
    pub fn normal(self, width: usize) -> Var<'t, T> {
        self.draw(Draw::Rows(Noise::Normal, width))
    }

    /// Uniform noise in `[0, 1)` of shape `[batch, width]`; other numbers at every call.
    #[track_caller]
    pub fn uniform(self, width: usize) -> Var<'t, T> {
        self.draw(Draw::Rows(Noise::Uniform, width))
    }

    /// Random signs of shape `[batch, width]`, `+1` and `−1` equally likely; others at every call.
    #[track_caller]
    pub fn signs(self, width: usize) -> Var<'t, T> {
        self.draw(Draw::Rows(Noise::Signs, width))
    }

    /// Standard normal noise of any shape, which belongs to the batch as a whole and not to one example
    /// of it; other numbers at every call.
    #[track_caller]
    pub fn normal_for_batch(self, shape: impl AsRef<[usize]>) -> Var<'t, T> {
        self.draw(Draw::Whole(shape.as_ref().to_vec()))
    }

    /// These examples, damaged; see [`Context::corrupt`]. The result is a constant for derivatives.
    ///
    /// # Panics
    /// If there are not as many rows as examples.
    #[track_caller]
    pub fn corrupt(self, x: Var<'t, T>, corruption: Corruption) -> Var<'t, T> {
        let keys = self.keys();
        Var::choose(Corrupted { corruption, seed: self.context.seed }, [x, keys])
    }

    /// `f` of the [progress](Context::progress) of the training, a single number: for weights that warm up.
    ///
    /// ```
    /// # use autograd::Tape;
    /// # use nn::Context;
    /// let tape = Tape::<f64>::new();
    /// let mut context = Context::training(0, 1, &[0]).with_progress(0.25);
    /// let weight = context.on(&tape).of_progress(|progress| (4.0 * progress).min(1.0));
    /// assert_eq!(weight.item(), 1.0);
    /// ```
    #[track_caller]
    pub fn of_progress(self, f: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Var<'t, T> {
        let progress = match self.context.nodes {
            Some(nodes) => self.tape.at(nodes.progress),
            None => self.tape.constant(varying::progress(self.context)),
        };
        Var::choose(OfProgress(f), [progress])
    }

    /// The classes of the examples as numbers, `[batch]`, if they are known.
    pub fn labels(self) -> Option<Var<'t, T>> {
        match self.context.nodes {
            Some(nodes) => Some(self.tape.at(nodes.labels?)),
            None => Some(self.tape.constant(varying::labels(self.context)?)),
        }
    }

    /// The mask of the values that were observed, `[batch, features]`: 1 for those and 0 for gaps. `None` if all were.
    ///
    /// ```
    /// # use autograd::{Tape, Tensor};
    /// # use nn::Context;
    /// let mask = Tensor::from_vec([1, 2], vec![1.0, 0.0]);
    /// let tape = Tape::<f64>::new();
    /// let mut context = Context::evaluation(0, &[7]).with_observed(Some(mask));
    /// assert_eq!(context.on(&tape).observed().unwrap().value().to_vec(), [1.0, 0.0]);
    /// ```
    pub fn observed(self) -> Option<Var<'t, T>> {
        match self.context.nodes {
            Some(nodes) => Some(self.tape.at(nodes.observed?)),
            None => Some(self.tape.constant(varying::observed(self.context)?)),
        }
    }

    #[track_caller]
    fn draw(self, draw: Draw) -> Var<'t, T> {
        let keys = match (&draw, &self.context.share) {
            (Draw::Whole(_), Some(_)) => self.tape.constant(varying::key_of_batch(self.context)),
            _ => self.keys(),
        };
        let stream = self.context.next_stream();
        Var::choose(Drawn { draw, seed: self.context.seed, purpose: self.context.purpose, stream }, [keys])
    }

    /// The keys that name the noise of every example, `[batch, KEY]`.
    fn keys(&self) -> Var<'t, T> {
        match self.context.nodes {
            Some(nodes) => self.tape.at(nodes.keys),
            None => self.tape.constant(varying::keys(self.context)),
        }
    }
}

/// A shape and a distribution.
enum Draw {
    /// `[batch, width]`, from a generator for each example.
    Rows(Noise, usize),
    /// Standard normal noise of this shape, from the generator of the first example.
    Whole(Vec<usize>),
}

/// Noise that follows from the keys of the examples.
struct Drawn {
    draw: Draw,
    seed: u64,
    purpose: Purpose,
    stream: u64,
}

impl<T: Real> Choice<T, 1> for Drawn {
    const NAME: &'static str = "noise";

    fn attributes(&self) -> Attributes {
        let (kind, shape) = match &self.draw {
            Draw::Rows(noise, width) => (*noise as usize, vec![*width]),
            Draw::Whole(shape) => (usize::MAX, shape.clone()),
        };
        let key = [self.seed as i64, self.purpose as i64, self.stream as i64, kind as i64];
        vec![("key", Attribute::Integers(key.to_vec())), ("shape", Attribute::from(&shape[..]))]
    }

    fn forward(&self, [keys]: [&Tensor<T>; 1]) -> Tensor<T> {
        let keys = varying::numbers(keys);
        let generator = |[example, epoch]: [u64; 2]| keyed(self.seed, self.purpose, epoch, example);
        match &self.draw {
            Draw::Rows(noise, width) => {
                rows(*width, keys.len(), self.stream, *noise, |row| generator(keys[row]))
            }
            Draw::Whole(shape) => {
                let mut from = generator(keys.first().copied().unwrap_or_default());
                from.set_stream(self.stream);
                normal(shape, &mut from)
            }
        }
    }
}

/// Examples, damaged as their keys say.
struct Corrupted {
    corruption: Corruption,
    seed: u64,
}

impl<T: Real> Choice<T, 2> for Corrupted {
    const NAME: &'static str = "corrupt";

    fn forward(&self, [x, keys]: [&Tensor<T>; 2]) -> Tensor<T> {
        let (examples, epochs): (Vec<usize>, Vec<u64>) =
            varying::numbers(keys).into_iter().map(|[example, epoch]| (example as usize, epoch)).unzip();
        let epoch = epochs.first().copied().unwrap_or(0);
        self.corruption.applied(&x.cast(), self.seed, epoch, &examples).cast()
    }
}

/// A function of the progress of the training.
struct OfProgress<F>(F);

impl<T: Real, F: Fn(f64) -> f64 + Send + Sync + 'static> Choice<T, 1> for OfProgress<F> {
    const NAME: &'static str = "of_progress";

    fn forward(&self, [progress]: [&Tensor<T>; 1]) -> Tensor<T> {
        Tensor::scalar(T::of(self.0(varying::progress_of(progress))))
    }
}
