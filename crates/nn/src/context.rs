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

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use autograd::{Name, Real, Tensor, Tree, Var};
use rand::RngExt;
use rand_distr::StandardNormal;

use crate::data::transform::Corruption;
use crate::random::{Generator, Purpose, between, generator, normal};

/// Passed explicitly to every loss. There is no hidden train/eval flag and no hidden generator.
///
/// The noise of an example depends on the seed, the epoch and the example alone, not on the batch it
/// is in.
///
/// A training pass may also find new values for [buffers](autograd::Buffer), like the running statistics of
/// [`BatchNorm`](crate::layers::BatchNorm). A variable on a tape cannot change the model at rest, so
/// they wait here until [`store`](Self::store). If that is forgotten, the second step of training says so.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    seed: u64,
    purpose: Purpose,
    epoch: u64,
    examples: &'a [usize],
    draws: u64,
    progress: f64,
    labels: Option<Vec<u32>>,
    /// New values of leaves, at most one for each, by their lines.
    noted: BTreeMap<usize, Vec<Note>>,
}

/// The marks of a leaf at rest: new values were noted for it, and since then an optimizer has made a step.
const NOTED: u8 = 1;
const STEPPED: u8 = 2;

/// An optimizer has made a step with the model that this buffer belongs to: if a new value was noted for it, that has to
/// be stored before the next pass.
pub(crate) fn expect_store<T: Real>(buffer: &Tensor<T>) {
    if buffer.mark() == NOTED {
        buffer.set_mark(STEPPED);
    }
}

/// A new value for a leaf of a model.
#[derive(Clone, Debug)]
struct Note {
    /// Its value on the tape, a `Tensor<T>`. It shares its memory with the model at rest, which is how leaves are
    /// told apart that have the same line on two tapes.
    old: Arc<dyn Any + Send + Sync>,
    new: Tensor<f64>,
}

impl Note {
    /// Whether it is for the leaf with this value.
    fn is_for<T: Real>(&self, leaf: &Tensor<T>) -> bool {
        let place = |tensor: &Tensor<T>| tensor.as_slice().map(<[T]>::as_ptr);
        let old = self.old.downcast_ref::<Tensor<T>>();
        old.is_some_and(|old| old.shape() == leaf.shape() && place(old) == place(leaf))
    }
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
        let noted = BTreeMap::new();
        Context { seed, purpose, epoch, examples, draws: 0, progress: 1.0, labels: None, noted }
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

    /// How much of the training is done, from 0 to 1: for weights that warm up. It is 1 where nobody said
    /// otherwise, so an evaluation has the final weights.
    pub fn progress(&self) -> f64 {
        self.progress
    }

    /// The classes of the examples, if they are known.
    pub fn labels(&self) -> Option<&[u32]> {
        self.labels.as_deref()
    }

    /// The numbers of the examples.
    pub fn examples(&self) -> &'a [usize] {
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
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The number of examples.
    pub fn batch(&self) -> usize {
        self.examples.len()
    }

    /// Standard normal noise of shape `[batch, width]`; other numbers at every call.
    #[track_caller]
    pub fn normal<T: Real>(&mut self, width: usize) -> Tensor<T> {
        self.draw(width, |from| T::of(from.sample(StandardNormal)))
    }

    /// Uniform noise in `[0, 1)` of shape `[batch, width]`; other numbers at every call.
    #[track_caller]
    pub fn uniform<T: Real>(&mut self, width: usize) -> Tensor<T> {
        self.draw(width, |from| between(0.0, 1.0, from))
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
        self.draw(width, |from| if from.random() { T::one() } else { -T::one() })
    }

    /// Standard normal noise of any shape, which belongs to the batch as a whole and not to one example
    /// of it; other numbers at every call.
    #[track_caller]
    pub fn normal_for_batch<T: Real>(&mut self, shape: impl AsRef<[usize]>) -> Tensor<T> {
        let first = self.examples.first().copied().unwrap_or(0);
        let mut from = generator(self.seed, self.purpose, self.epoch, first as u64);
        from.set_stream(self.draws);
        self.draws += 1;
        normal(shape, &mut from)
    }

    #[track_caller]
    fn draw<T: Real>(&mut self, width: usize, number: impl Fn(&mut Generator) -> T) -> Tensor<T> {
        let stream = self.draws;
        self.draws += 1;
        Tensor::build([self.examples.len(), width], |out| {
            for (row, &example) in out.chunks_exact_mut(width.max(1)).zip(self.examples) {
                let mut from = generator(self.seed, self.purpose, self.epoch, example as u64);
                from.set_stream(stream);
                row.iter_mut().for_each(|x| *x = number(&mut from));
            }
        })
    }

    /// The value of a leaf of the model as far as the pass has come: the last one noted, or its own. A layer
    /// that is used several times goes on from there.
    #[track_caller]
    pub fn latest<T: Real>(&self, leaf: Var<T>) -> Tensor<T> {
        let own = leaf.value();
        let noted = self.noted.get(&leaf.line()).into_iter().flatten().find(|note| note.is_for(&own));
        noted.map_or(own, |note| note.new.cast())
    }

    /// Remembers a new value for a leaf of the model, for [`store`](Self::store), in place of an earlier one.
    ///
    /// # Panics
    /// If the value has another shape; or if an earlier one was noted, an optimizer made a step, and nothing was
    /// stored or [discarded](Self::discard).
    #[track_caller]
    pub fn note<T: Real>(&mut self, leaf: Var<T>, value: Tensor<T>) {
        let (leaf_shape, shape) = (leaf.shape(), value.shape());
        assert!(
            leaf_shape[..] == *shape,
            "note: a value of shape {shape:?} for a leaf of shape {leaf_shape:?}"
        );
        let old = leaf.value();
        assert!(
            old.mark() != STEPPED,
            "note: the running statistics of the last step of training were not stored; call \
             `context.store(&mut model)` after every step, or `context.discard()` if they shall stay as they are"
        );
        old.set_mark(NOTED);
        let noted = self.noted.entry(leaf.line()).or_default();
        noted.retain(|note| !note.is_for(&old));
        noted.push(Note { old: Arc::new(old), new: value.cast() });
    }

    /// Forgets the values noted in a forward pass: the model at rest stays as it is. `T` is the type of its numbers.
    pub fn discard<T: Real>(&mut self) {
        for note in std::mem::take(&mut self.noted).into_values().flatten() {
            if let Some(old) = note.old.downcast_ref::<Tensor<T>>() {
                old.set_mark(0);
            }
        }
    }

    /// Writes the values noted in a forward pass into the model at rest that was put on the tape for it, by
    /// [`value_and_grad`](autograd::value_and_grad) for instance. Without such values it does nothing.
    ///
    /// # Panics
    /// If not all of them are for [buffers](autograd::Buffer) of this model, as they were in that pass; or if
    /// parts of the model are clones of each other, something else was put on the tape before, and it is not
    /// clear which of them was meant.
    #[track_caller]
    pub fn store<T: Real, M: Tree<Tensor<T>>>(&mut self, model: &mut M) {
        let noted = std::mem::take(&mut self.noted);
        let Some(&least) = noted.keys().next() else { return };
        let mut buffers = vec![];
        model.visit(&mut |name, leaf| buffers.push(name.is_buffer().then(|| leaf.clone())));
        // The leaves of a model are neighbours on a tape. So it began at a line from which on every note is for
        // a buffer.
        let fits = |first: &usize| {
            noted.iter().all(|(line, notes)| {
                let leaf = buffers.get(line - first).and_then(Option::as_ref);
                leaf.is_some_and(|leaf| notes.iter().all(|note| note.is_for(leaf)))
            })
        };
        let mut firsts = (0..=least).filter(fits);
        let Some(first) = firsts.next() else {
            panic!(
                "store: values were noted for leaves that are no buffers of this model as it was in that pass; \
                 store the whole tree that was put on the tape, and give other models a context of their own"
            );
        };
        // A model comes first on its tape, unless it cannot have.
        assert!(
            first == 0 || firsts.next().is_none(),
            "store: parts of this model are clones of each other, and which of them was meant cannot be told; \
             put the model on the tape before anything else"
        );
        let mut line = first;
        model.visit_mut(Name::Root, &mut |_, leaf| {
            if let Some([note, ..]) = noted.get(&line).map(Vec::as_slice) {
                // The old value may live on in a clone of the model, which goes its own way.
                leaf.set_mark(0);
                *leaf = note.new.cast();
            }
            line += 1;
        });
    }
}

#[cfg(test)]
mod tests {
    use autograd::{Buffer, Tape, tree};

    use super::*;

    /// A model of a weight and two buffers, of which a pass counts up the first.
    #[derive(Clone)]
    struct Counts<W> {
        weight: W,
        passes: Buffer<W>,
        other: Buffer<W>,
    }
    tree!(Counts { weight, passes, other });

    impl Counts<Tensor<f32>> {
        fn new() -> Self {
            let zero = || Tensor::zeros([]);
            Counts { weight: zero(), passes: Buffer(zero()), other: Buffer(zero()) }
        }

        fn items(&self) -> [f32; 3] {
            [&self.weight, &self.passes.0, &self.other.0].map(Tensor::item)
        }
    }

    impl<'t> Counts<Var<'t, f32>> {
        fn forward(&self, context: &mut Context) {
            context.note(self.passes.0, self.passes.0.value().map(|n| n + 1.0));
        }
    }

    /// A pass of a model that is put on the tape after so many constants.
    fn pass_after<M: Tree<Tensor<f32>>>(
        constants: usize,
        model: &M,
        f: impl for<'t> FnOnce(M::With<Var<'t, f32>>),
    ) {
        let tape = Tape::new();
        for _ in 0..constants {
            tape.constant(1.0);
        }
        f(model.map(Name::Root, &mut |_, leaf| tape.var(leaf)));
    }

    #[test]
    fn values_find_their_leaves_wherever_the_model_is_on_the_tape() {
        for constants in [0, 1, 2, 10] {
            let (mut model, mut context) = (Counts::new(), Context::training(0, 1, &[0]));
            pass_after(constants, &model, |model| model.forward(&mut context));
            context.store(&mut model);
            assert_eq!(model.items(), [0.0, 1.0, 0.0], "after {constants}");
            context.store(&mut model); // nothing is left
            assert_eq!(model.items(), [0.0, 1.0, 0.0]);
        }
        let (mut both, mut context) = ((Counts::new(), Counts::new()), Context::training(0, 1, &[0]));
        pass_after(0, &both, |(_, second)| second.forward(&mut context));
        context.store(&mut both.1);
        assert_eq!((both.0.items(), both.1.items()), ([0.0; 3], [0.0, 1.0, 0.0]));
    }

    #[test]
    fn clones_are_told_apart_by_their_place() {
        let (one, mut context) = (Counts::new(), Context::training(0, 1, &[0]));
        let mut clones = vec![one.clone(), one];
        pass_after(0, &clones, |clones| clones[1].forward(&mut context));
        context.store(&mut clones);
        assert_eq!([clones[0].items(), clones[1].items()], [[0.0; 3], [0.0, 1.0, 0.0]]);
    }

    #[test]
    #[should_panic(expected = "store: parts of this model are clones of each other")]
    fn clones_in_an_unknown_place_are_refused() {
        let (one, mut context) = (Counts::new(), Context::training(0, 1, &[0]));
        let mut clones = vec![one.clone(), one];
        pass_after(4, &clones, |clones| clones[0].forward(&mut context));
        context.store(&mut clones);
    }

    #[test]
    #[should_panic(expected = "store: values were noted for leaves that are no buffers of this model")]
    fn values_of_another_model_are_refused() {
        let (mut both, mut context) = ((Counts::new(), Counts::new()), Context::training(0, 1, &[0]));
        pass_after(0, &both, |(first, second)| {
            first.forward(&mut context);
            second.forward(&mut context);
        });
        context.store(&mut both.1);
    }

    #[test]
    #[should_panic(expected = "store: values were noted for leaves that are no buffers of this model")]
    fn a_value_for_a_weight_is_refused() {
        let (mut model, mut context) = (Counts::new(), Context::training(0, 1, &[0]));
        pass_after(0, &model, |model| context.note(model.weight, Tensor::ones([])));
        context.store(&mut model);
    }

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
