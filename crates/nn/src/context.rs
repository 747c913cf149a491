//! What a forward pass may do besides computing: draw noise, and know whether it is training.
//!
//! ```
//! use autograd::Tensor;
//! use nn::Context;
//!
//! // The noise of example 7 does not depend on the batch it is in.
//! let one: Tensor<f64> = Context::training(0, 1, &[7]).normal(2);
//! let two: Tensor<f64> = Context::training(0, 1, &[3, 7]).normal(2);
//! assert_eq!(one.to_vec(), two.to_vec()[2..]);
//! ```

mod noise;
mod varying;

use autograd::{Real, Tape, Tensor};

use crate::data::transform::Corruption;
use crate::pieces::{Crew, Share};
use crate::random::{Purpose, generator, normal};
pub use noise::OnTape;
use noise::{Noise, rows};
use varying::Nodes;
pub use varying::Varying;

/// Passed explicitly to every loss. There is no hidden train/eval flag and no hidden generator.
///
/// The noise of an example depends on the seed, the epoch and the example alone, not on the batch it
/// is in. A loss draws it [on its tape](Self::on), where a [recorded](autograd::Recorded) function draws anew at every
/// replay.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    seed: u64,
    purpose: Purpose,
    epoch: u64,
    examples: &'a [usize],
    draws: u64,
    progress: f64,
    labels: Option<Vec<u32>>,
    observed: Option<Tensor<f32>>,
    /// Who works on the pieces of the batch, if it is to be cut.
    pub(crate) crew: Option<&'a Crew>,
    /// The piece of a batch that these examples are, if it is cut.
    pub(crate) share: Option<Share>,
    /// In a function that is recorded: the nodes that hold what differs between steps.
    nodes: Option<Nodes>,
}

impl<'a> Context<'a> {
    /// A training pass in the given epoch over the examples with these numbers.
    pub fn training(seed: u64, epoch: u64, examples: &'a [usize]) -> Self {
        Context::new(seed, Purpose::Noise, epoch, examples)
    }

    /// An evaluation pass. Noise that belongs to the definition of a loss (the sample in an evidence
    /// lower bound) is the same every time.
    pub fn evaluation(seed: u64, examples: &'a [usize]) -> Self {
        Context::new(seed, Purpose::Evaluation, 0, examples)
    }

    /// Draws from a trained model: `numbers` are the numbers of the samples, so sample 3 is the same
    /// however many are drawn.
    pub fn sampling(seed: u64, numbers: &'a [usize]) -> Self {
        Context::new(seed, Purpose::Sample, 0, numbers)
    }

    fn new(seed: u64, purpose: Purpose, epoch: u64, examples: &'a [usize]) -> Self {
        let (draws, progress) = (0, 1.0);
        let (labels, observed, crew, share, nodes) = (None, None, None, None, None);
        Context { seed, purpose, epoch, examples, draws, progress, labels, observed, crew, share, nodes }
    }

    /// Says how much of the training is done, from 0 at its first step towards 1.
    pub fn with_progress(self, progress: f64) -> Self {
        Context { progress, ..self }
    }

    /// Gives the classes of the examples, one for each, if they are known.
    ///
    /// # Panics
    /// If there is not one for each example.
    #[track_caller]
    pub fn with_labels(self, labels: Option<Vec<u32>>) -> Self {
        if let Some(labels) = &labels {
            let (given, examples) = (labels.len(), self.examples.len());
            assert!(given == examples, "with_labels: {given} labels for {examples} examples");
        }
        Context { labels, ..self }
    }

    /// Gives a mask of the values that were observed, `[batch, features]`: 1 for those and 0 for gaps. `None` if all
    /// were. A loss takes it [from its tape](OnTape::observed).
    ///
    /// # Panics
    /// If there is not one row for each example.
    #[track_caller]
    pub fn with_observed(self, observed: Option<Tensor<f32>>) -> Self {
        if let Some(mask) = &observed {
            let (rows, examples) = (mask.shape()[0], self.examples.len());
            assert!(rows == examples, "with_observed: a mask of {rows} rows for {examples} examples");
        }
        Context { observed, ..self }
    }

    /// Lets [`Update::step_in_pieces`](crate::train::Update::step_in_pieces) cut the batch for this crew.
    pub fn with_crew(self, crew: &'a Crew) -> Self {
        Context { crew: crew.cuts().then_some(crew), ..self }
    }

    /// The context of a part of the pass that does not read the examples of the batch, such as a prior that is learnt: all
    /// [pieces](crate::pieces) do the same there, and none waits for the others.
    pub fn apart(&self) -> Self {
        Context { crew: None, share: None, ..self.clone() }
    }

    /// The context of one piece of the batch.
    pub(crate) fn of_share(&self, share: Share) -> Self {
        let rows = share.rows.clone();
        Context {
            examples: &self.examples[rows.clone()],
            labels: self.labels.as_ref().map(|labels| labels[rows.clone()].to_vec()),
            observed: self.observed.as_ref().map(|mask| mask.slice(0, rows)),
            crew: None,
            share: Some(share),
            ..self.clone()
        }
    }

    /// How much of the training is done, from 0 to 1: for weights that warm up. It is 1 where nobody said
    /// otherwise, so an evaluation has the final weights.
    ///
    /// # Panics
    /// In a function that is recorded; see [`OnTape::of_progress`].
    #[track_caller]
    pub fn progress(&self) -> f64 {
        self.assert_not_recorded("progress", "use `context.on(tape).of_progress(..)`");
        self.progress
    }

    /// The classes of the examples, if they are known.
    ///
    /// # Panics
    /// In a function that is recorded; see [`OnTape::labels`].
    #[track_caller]
    pub fn labels(&self) -> Option<&[u32]> {
        self.assert_not_recorded("labels", "use `context.on(tape).labels()`");
        self.labels.as_deref()
    }

    /// The numbers of the examples.
    ///
    /// # Panics
    /// In a function that is recorded.
    #[track_caller]
    pub fn examples(&self) -> &'a [usize] {
        self.assert_not_recorded("examples", "draw noise with `context.on(tape)`");
        self.examples
    }

    /// Whether this is a training pass.
    pub fn is_training(&self) -> bool {
        self.purpose == Purpose::Noise
    }

    /// The seed of the run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The epoch of a training pass, counted from 1; 0 in an evaluation pass.
    ///
    /// # Panics
    /// In a function that is recorded.
    #[track_caller]
    pub fn epoch(&self) -> u64 {
        self.assert_not_recorded("epoch", "use `context.on(tape).of_progress(..)`");
        self.epoch
    }

    /// The number of examples.
    pub fn batch(&self) -> usize {
        self.nodes.map_or(self.examples.len(), |nodes| nodes.batch)
    }

    /// Standard normal noise of shape `[batch, width]`; other numbers at every call.
    #[track_caller]
    pub fn normal<T: Real>(&mut self, width: usize) -> Tensor<T> {
        self.draw(width, Noise::Normal)
    }

    /// Uniform noise in `[0, 1)` of shape `[batch, width]`; other numbers at every call.
    #[track_caller]
    pub fn uniform<T: Real>(&mut self, width: usize) -> Tensor<T> {
        self.draw(width, Noise::Uniform)
    }

    /// These examples, damaged. The noise is new in every epoch of training and fixed in evaluation; two
    /// calls with the same kind of corruption damage the same places.
    ///
    /// # Panics
    /// If there are not as many rows as examples.
    #[track_caller]
    pub fn corrupt<T: Real>(&self, x: &Tensor<T>, corruption: Corruption) -> Tensor<T> {
        corruption.apply(&x.cast(), self.seed, self.epoch, self.examples).cast()
    }

    /// Random signs of shape `[batch, width]`, `+1` and `−1` equally likely; others at every call.
    #[track_caller]
    pub fn signs<T: Real>(&mut self, width: usize) -> Tensor<T> {
        self.draw(width, Noise::Signs)
    }

    /// Standard normal noise of any shape, which belongs to the batch as a whole and not to one example
    /// of it; other numbers at every call.
    #[track_caller]
    pub fn normal_for_batch<T: Real>(&mut self, shape: impl AsRef<[usize]>) -> Tensor<T> {
        let mut from = generator(self.seed, self.purpose, self.epoch, self.first() as u64);
        from.set_stream(self.next_stream());
        normal(shape, &mut from)
    }

    fn draw<T: Real>(&mut self, width: usize, noise: Noise) -> Tensor<T> {
        let stream = self.next_stream();
        rows(width, self.examples.len(), stream, noise, |row| {
            generator(self.seed, self.purpose, self.epoch, self.examples[row] as u64)
        })
    }

    /// The first example of the batch, also in another piece of it.
    fn first(&self) -> usize {
        let own = || self.examples.first().copied().unwrap_or(0);
        self.share.as_ref().map_or_else(own, |share| share.first)
    }

    fn next_stream(&mut self) -> u64 {
        self.draws += 1;
        self.draws - 1
    }

    /// The same noise as variables of a tape, and what else a loss takes from its context.
    ///
    /// ```
    /// use autograd::{Tape, Tensor};
    /// use nn::Context;
    ///
    /// let tape = Tape::<f64>::new();
    /// let eps = Context::training(0, 1, &[3, 7]).on(&tape).normal(2);
    /// assert_eq!(eps.value(), Context::training(0, 1, &[3, 7]).normal::<f64>(2));
    /// ```
    pub fn on<'c, 't, T: Real>(&'c mut self, tape: &'t Tape<T>) -> OnTape<'c, 'a, 't, T> {
        OnTape { context: self, tape }
    }

    /// Panics in a function that is recorded: what `method` returns is another number at every step, and no variable.
    #[track_caller]
    fn assert_not_recorded(&self, method: &str, instead: &str) {
        assert!(
            self.nodes.is_none(),
            "Context::{method}: a function that is recorded to be replayed cannot look at what differs between steps; \
             {instead}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_belongs_to_the_example_not_to_the_batch() {
        let together = Context::training(1, 2, &[5, 6]).normal::<f32>(3).to_vec();
        let alone = Context::training(1, 2, &[6]).normal::<f32>(3).to_vec();
        assert_eq!(together[3..], alone);
    }

    #[test]
    fn corruption_belongs_to_the_example_and_the_epoch() {
        let x = Tensor::<f64>::full([2, 20], 0.5);
        let damaged = |context: Context| context.corrupt(&x, Corruption::Masking(0.5)).to_vec();
        let first = damaged(Context::training(1, 0, &[5, 6]));
        assert_eq!(first, damaged(Context::training(1, 0, &[5, 6])));
        assert_ne!(first, damaged(Context::training(1, 1, &[5, 6])));
        assert_eq!(first[20..], damaged(Context::training(1, 0, &[6, 5]))[..20]);
        assert_eq!(damaged(Context::evaluation(1, &[5, 6])), damaged(Context::evaluation(1, &[5, 6])));
    }

    #[test]
    fn signs_are_fair() {
        let signs = Context::training(1, 2, &[5]).signs::<f64>(10_000).to_vec();
        assert!(signs.iter().all(|sign| sign.abs() == 1.0));
        // The standard error of the mean is 0.01.
        assert!(signs.iter().sum::<f64>().abs() / 10_000.0 < 0.04);
    }

    #[test]
    fn calls_epochs_and_passes_differ() {
        let mut context = Context::training(1, 2, &[5]);
        let draws = [
            context.normal::<f64>(1),
            context.normal(1),
            Context::training(1, 3, &[5]).normal(1),
            Context::evaluation(1, &[5]).normal(1),
            context.normal_for_batch([1, 1]),
            Context::training(1, 2, &[6, 5]).normal_for_batch([1, 1]),
        ];
        for (i, a) in draws.iter().enumerate() {
            assert!(draws[..i].iter().all(|b| a != b));
        }
    }

    #[test]
    fn progress_and_labels_are_what_was_said() {
        let plain = Context::training(1, 2, &[5, 6]);
        assert_eq!((plain.progress(), plain.labels(), plain.examples()), (1.0, None, &[5, 6][..]));
        let told = plain.with_progress(0.25).with_labels(Some(vec![7, 8]));
        assert_eq!((told.progress(), told.labels()), (0.25, Some(&[7, 8][..])));
        assert!(!Context::sampling(1, &[0]).is_training());
    }

    #[test]
    #[should_panic(expected = "with_labels: 1 labels for 2 examples")]
    fn a_label_for_each_example() {
        let _ = Context::training(1, 2, &[5, 6]).with_labels(Some(vec![7]));
    }
}
