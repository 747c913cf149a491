//! What the zoo asks of a model: [`Model`], on a tape, and [`AnyModel`], at rest and of any kind.
//!
//! ```
//! use autograd::{Real, Tensor, Var, tree};
//! use nn::{Context, Init, Linear, Purpose, generator, losses};
//! use zoo::{AnyModel, Learned, Loss, Model, Unit, data};
//!
//! /// A linear autoencoder.
//! struct Two<W> {
//!     up: Linear<W>,
//!     down: Linear<W>,
//! }
//! tree!(Two { up, down });
//!
//! impl<'t, T: Real> Model<'t, T> for Two<Var<'t, T>> {
//!     fn encode(&self, x: Var<'t, T>) -> Var<'t, T> {
//!         self.up.forward(x)
//!     }
//!     fn decode(&self, z: Var<'t, T>) -> Var<'t, T> {
//!         self.down.forward(z)
//!     }
//!     fn loss(&self, x: Var<'t, T>, _: &mut Context) -> Loss<'t, T> {
//!         let error = losses::squared_error(self.decode(self.encode(x)), x);
//!         Loss::sum(Unit::SquaredError, [("reconstruction", error)])
//!     }
//! }
//!
//! let from = &mut generator(0, Purpose::Init, 0, 0);
//! let (up, down) = (Linear::new(64, 2, Init::Glorot, from), Linear::new(2, 64, Init::Glorot, from));
//! let model = Learned(Two { up, down });
//! let x: Tensor<f32> = data::digits().test.rows(&[0, 1]);
//! assert_eq!(model.encode(&x).shape(), [2, 2]);
//! model.gradcheck(&x, Context::evaluation(0, &[0, 1]), 1).unwrap();
//! ```

#[cfg(test)]
mod replay_tests;

use std::path::Path;

use autograd::{Mismatch, Name, Real, Tape, Tensor, Tree, Var, gradcheck_slice, value, value_with};
use nn::checkpoint::{Checkpoint, Metadata};
use nn::optim::{Optimizer, State};
use nn::train::{Ended, Terms, Trainable, Update};
use nn::{Context, Dataset, Result};

use crate::Loss;
use crate::graph::{self, Part, Recording};
use crate::models::codebook::Usage;
use crate::network::{Autoencoder, evaluation, normalizes_batches};
use crate::train::TrainPart;

// ANCHOR: model
/// An autoencoder on a tape. A model's file implements this and nothing else.
pub trait Model<'t, T: Real>: Tree<Var<'t, T>> {
    /// The code `z` of `x`: `[batch, features]` to `[batch, code]`. Draws no noise.
    fn encode(&self, x: Var<'t, T>) -> Var<'t, T>;

    /// The reconstruction `x̂` from a code: `[batch, code]` to `[batch, features]`.
    fn decode(&self, z: Var<'t, T>) -> Var<'t, T>;

    /// The loss of the paper for a batch, as named terms.
    fn loss(&self, x: Var<'t, T>, context: &mut Context) -> Loss<'t, T>;
    // ANCHOR_END: model

    /// What comes before the first step of training, on the training data: pretraining, for example, by
    /// `train`. Nothing for most models. `model` is the model at rest. If a training in it is stopped, the rest of the
    /// preparation is left out.
    ///
    /// # Errors
    /// If a training in it fails.
    fn prepare(
        _model: &mut Self::With<Tensor<f32>>,
        _data: &Dataset,
        _seed: u64,
        _train: &TrainPart<'_>,
    ) -> Result<Ended> {
        Ok(Ended::Finished)
    }

    /// The number of examples that a step of training needs; see
    /// [`Task::smallest_batch`](nn::train::Task::smallest_batch). `model` is the model at rest. One example has no variance,
    /// so batch normalization needs two.
    fn smallest_batch(model: &Self::With<Tensor<f32>>) -> usize {
        if normalizes_batches(model) { 2 } else { 1 }
    }

    /// The network of a variational model whose posterior is Gaussian and whose prior is `N(0, I)`: all that follows is
    /// provided by it.
    fn variational(&self) -> Option<&Autoencoder<Var<'t, T>>> {
        None
    }

    /// Codes drawn from the model's prior `p(z)`, as many as the context counts, `[samples, code]`: what
    /// [`decode`](Self::decode) makes new examples of. `None` for a model without a prior. A model of
    /// classes draws from those the context has as labels.
    fn sample(&self, tape: &'t Tape<T>, context: &mut Context) -> Option<Var<'t, T>> {
        Some(tape.constant(context.normal(self.variational()?.code)))
    }

    /// An example for every code, drawn from `p(x|z)`: `[batch, code]` to `[batch, features]`, where
    /// [`decode`](Self::decode) gives the mean. `None` for a model whose decoder is no distribution.
    fn draw(&self, z: Var<'t, T>, context: &mut Context) -> Option<Tensor<T>> {
        self.variational()?.draw(z, context)
    }

    /// Logarithms of importance weights, `ln p(x|z) + ln p(z) − ln q(z|x)` in nats for `samples` draws
    /// `z ~ q(z|x)` of each example, `[batch, samples]`: what a likelihood is estimated from. `None` for
    /// a model that is no distribution.
    fn log_weights(&self, x: Var<'t, T>, samples: usize, context: &mut Context) -> Option<Var<'t, T>> {
        Some(self.variational()?.log_weights(x, samples, context))
    }

    /// The same logarithms with the codes they are of, `[batch, samples, code]`, which [`decode`](Self::decode) takes row
    /// by row: what gaps are filled by. `None` for a model that is no distribution, or of another prior.
    fn weighted_codes(
        &self,
        x: Var<'t, T>,
        samples: usize,
        context: &mut Context,
    ) -> Option<[Var<'t, T>; 2]> {
        Some(self.variational()?.weighted_codes(x, samples, context))
    }

    /// `ln p(x|z)` in nats of every row, of what the context says was observed: `[rows, code]` and `[rows, features]` to
    /// `[rows]`. `None` for a model that is no distribution.
    fn ln_likelihood(&self, z: Var<'t, T>, x: Var<'t, T>, context: &mut Context) -> Option<Var<'t, T>> {
        Some(-self.variational()?.nll(z, x, context))
    }

    /// `KL(q(zⱼ|x) ‖ p(zⱼ))` of every latent in nats, the mean over `[batch, features]`: `[latents]`. `None`
    /// for a model without a posterior and a prior that fall apart into latents.
    fn divergence(&self, x: Var<'t, T>) -> Option<Var<'t, T>> {
        Some(self.variational()?.posterior(x, &mut evaluation()).divergence())
    }

    /// How often the codes of `x` choose each vector of a codebook. `None` for a model without one.
    fn usage(&self, _x: Var<'t, T>) -> Option<Usage> {
        None
    }
}

/// A model at rest. The trainer, the metrics and the command line work with any of them.
pub trait AnyModel: Trainable<f32> + Send + Sync {
    /// The codes of examples, `[batch, features]` to `[batch, code]`.
    fn encode(&self, x: &Tensor<f32>) -> Tensor<f32>;

    /// Reconstructions from codes.
    fn decode(&self, z: &Tensor<f32>) -> Tensor<f32>;

    /// What a part of the model does to some of its inputs, step by step; see [`Graph`](crate::graph::Graph).
    fn record(&self, part: Part, x: &Tensor<f32>) -> Recording;

    /// `∂z/∂x` of every example: `[batch, features]` to `[batch, code, features]`.
    fn encoder_jacobian(&self, x: &Tensor<f32>) -> Tensor<f32>;

    /// `∂x̂/∂z` of every code: `[batch, code]` to `[batch, features, code]`.
    fn decoder_jacobian(&self, z: &Tensor<f32>) -> Tensor<f32>;

    /// The squared error of what was observed of examples, `Σ m (x − x̂)²` with the mask `m` of the shape of `x`, and its
    /// gradient by `x`: the way to examples that the model calls ordinary.
    fn error_gradient(&self, x: &Tensor<f32>, observed: &Tensor<f32>) -> (f64, Tensor<f32>) {
        // `∂/∂x ‖r‖² = 2 (r − Jᵀ r)` with the Jacobian `J` of the reconstruction.
        let z = self.encode(x);
        let r = x.zip(&self.decode(&z), |x, y| x - y).zip(observed, |r, m| r * m);
        let [batch, features] = [x.shape()[0], x.shape()[1]];
        let [down, up] = [self.decoder_jacobian(&z), self.encoder_jacobian(x)];
        let back = r.reshape([batch, 1, features]).matmul(&down).matmul(&up).reshape([batch, features]);
        let sum = r.to_vec().iter().map(|r| f64::from(*r).powi(2)).sum();
        (sum, r.zip(&back, |r, back| 2.0 * (r - back)))
    }

    /// The loss of a batch.
    fn loss(&self, x: &Tensor<f32>, context: Context) -> Terms;

    /// Codes drawn from the model's prior, if it has one; see [`Model::sample`].
    fn sample(&self, _context: Context) -> Option<Tensor<f32>> {
        None
    }

    /// Examples drawn from `p(x|z)` for codes, if the decoder is a distribution; see [`Model::draw`].
    fn draw(&self, _z: &Tensor<f32>, _context: Context) -> Option<Tensor<f32>> {
        None
    }

    /// Logarithms of importance weights, if the model has them; see [`Model::log_weights`]. Calls with the
    /// same context continue its noise.
    fn log_weights(&self, _x: &Tensor<f32>, _samples: usize, _context: &mut Context) -> Option<Tensor<f32>> {
        None
    }

    /// Logarithms of importance weights and their codes, if the model has them; see [`Model::weighted_codes`].
    fn weighted_codes(
        &self,
        _x: &Tensor<f32>,
        _samples: usize,
        _context: Context,
    ) -> Option<[Tensor<f32>; 2]> {
        None
    }

    /// Logarithms of the likelihood of examples given codes, if the model has one; see [`Model::ln_likelihood`].
    fn ln_likelihood(&self, _z: &Tensor<f32>, _x: &Tensor<f32>, _context: Context) -> Option<Tensor<f32>> {
        None
    }

    /// The divergence of every latent, if it has one; see [`Model::divergence`].
    fn divergence(&self, _x: &Tensor<f32>) -> Option<Tensor<f32>> {
        None
    }

    /// How often codes choose each vector of a codebook, if there is one; see [`Model::usage`].
    fn usage(&self, _x: &Tensor<f32>) -> Option<Usage> {
        None
    }

    /// What comes before the first step of training; see [`Model::prepare`].
    ///
    /// # Errors
    /// If a training in it fails.
    fn prepare(&mut self, _data: &Dataset, _seed: u64, _train: &TrainPart<'_>) -> Result<Ended> {
        Ok(Ended::Finished)
    }

    /// The number of examples that a step of training needs; see [`Model::smallest_batch`].
    fn smallest_batch(&self) -> usize {
        1
    }

    /// One step of training on a batch; returns the loss before the step.
    ///
    /// # Errors
    /// If the gradient is to be clipped and is not finite.
    fn train_step(&mut self, x: &Tensor<f32>, context: Context, update: &mut Update<f32>) -> Result<Terms>;

    /// Calls `f` with every parameter and its name.
    fn parameters(&self, f: &mut dyn FnMut(Name, &Tensor<f32>));

    /// Some steps of training by tapes and by replays; see the tests.
    #[cfg(test)]
    fn both_ways(&self, _order: usize) -> [Vec<Tensor<f32>>; 2] {
        [vec![], vec![]]
    }

    /// Writes a checkpoint of the parameters.
    ///
    /// # Errors
    /// If the file cannot be written.
    fn save(&self, path: &Path, metadata: Metadata) -> Result<()> {
        let mut checkpoint = Checkpoint { metadata, ..Checkpoint::default() };
        self.insert("", &mut checkpoint);
        checkpoint.write(path)
    }

    /// Reads the parameters from a checkpoint.
    ///
    /// # Errors
    /// If the file cannot be read or does not fit.
    fn load(&mut self, path: &Path) -> Result<Metadata> {
        let checkpoint = Checkpoint::read(path)?;
        self.restore("", &checkpoint).map_err(|error| error.in_file(path))?;
        Ok(checkpoint.metadata)
    }
}

/// A model whose parameters are learnt by gradient descent: every [`Model`] is one.
pub struct Learned<M>(pub M);

impl<M: Tree<Tensor<f32>>> Learned<M> {
    /// The model on a tape, with constants for parameters.
    fn on<'t>(&self, tape: &'t Tape<f32>) -> M::With<Var<'t, f32>> {
        self.0.map(Name::Root, &mut |_, leaf| tape.constant(leaf))
    }

    /// Compares the derivative of this order of the loss, with respect to all parameters, with
    /// finite differences in double precision.
    ///
    /// # Errors
    /// If they differ; see [`autograd::gradcheck`].
    // It is no method of `AnyModel`: every model of the zoo would be compiled in double precision as well.
    pub fn gradcheck(&self, x: &Tensor<f32>, context: Context, order: usize) -> Result<(), Mismatch>
    where
        for<'t> M::With<Var<'t, f64>>: Model<'t, f64>,
    {
        let mut parameters = vec![];
        self.0.visit(&mut |_, parameter| parameters.push(parameter.cast()));
        gradcheck_slice(
            &|leaves| {
                let x = leaves[0].tape().constant(x.cast::<f64>());
                let mut leaves = leaves.iter().copied();
                let next = &mut |_: Name, _: &Tensor<f32>| leaves.next().expect("one for each parameter");
                self.0.map(Name::Root, next).loss(x, &mut context.clone()).total()
            },
            &parameters,
            order,
        )
    }
}

/// `∂y/∂x` of every example, `[batch, inputs]` to `[batch, outputs, inputs]`. Nobody differentiates it again, so its
/// rows (or columns, if they are fewer) are swept one after the other and none is recorded: it takes the memory of one.
fn jacobians<'t>(y: Var<'t, f32>, x: Var<'t, f32>) -> Tensor<f32> {
    let [batch, outputs, inputs] = [y.shape()[0], y.shape()[1], x.shape()[1]];
    if batch.min(outputs).min(inputs) == 0 {
        return Tensor::zeros([batch, outputs, inputs]);
    }
    let slices = |of: Var<'t, f32>, by: Var<'t, f32>, shape: [usize; 3], axis: isize| {
        let slice = |k| of.slice(1, k..k + 1).sum().backward().wrt(by).reshape(shape);
        let slices: Vec<Tensor<f32>> = (0..of.shape()[1]).map(slice).collect();
        Tensor::concat(&slices.iter().collect::<Vec<_>>(), axis)
    };
    if outputs <= inputs {
        return slices(y, x, [batch, 1, inputs], 1);
    }
    // `Jᵀ w` is linear in `w`, and its derivative by `w` is `J`.
    let w = y.tape().var(Tensor::zeros(y.shape()));
    let [transposed] = (y * w).sum().grad([x]);
    slices(transposed, w, [batch, outputs, 1], 2)
}

impl<M> AnyModel for Learned<M>
where
    M: Tree<Tensor<f32>, With<Tensor<f32>> = M> + Send + Sync,
    for<'t> M::With<Var<'t, f32>>: Model<'t, f32> + Tree<Var<'t, f32>, With<Tensor<f32>> = M>,
{
    fn encode(&self, x: &Tensor<f32>) -> Tensor<f32> {
        value(&self.0, |model, tape| model.encode(tape.constant(x)))
    }

    fn decode(&self, z: &Tensor<f32>) -> Tensor<f32> {
        value(&self.0, |model, tape| model.decode(tape.constant(z)))
    }

    fn record(&self, part: Part, x: &Tensor<f32>) -> Recording {
        graph::record(&self.0, part, x, |model, x| model.encode(x), |model, z| model.decode(z))
    }

    fn encoder_jacobian(&self, x: &Tensor<f32>) -> Tensor<f32> {
        let tape = Tape::new();
        let (model, x) = (self.on(&tape), tape.var(x));
        jacobians(model.encode(x), x)
    }

    fn decoder_jacobian(&self, z: &Tensor<f32>) -> Tensor<f32> {
        let tape = Tape::new();
        let (model, z) = (self.on(&tape), tape.var(z));
        jacobians(model.decode(z), z)
    }

    fn error_gradient(&self, x: &Tensor<f32>, observed: &Tensor<f32>) -> (f64, Tensor<f32>) {
        let tape = Tape::new();
        let (model, x) = (self.on(&tape), tape.var(x));
        let r = (x - model.decode(model.encode(x))) * tape.constant(observed);
        let sum = (r * r).sum();
        let gradient = sum.backward().wrt(x);
        (f64::from(sum.value().item()), gradient)
    }

    fn loss(&self, x: &Tensor<f32>, mut context: Context) -> Terms {
        let (_, terms) = value_with(&self.0, |model, tape| {
            let loss = model.loss(tape.constant(x), &mut context);
            (loss.total(), Terms::of(&loss))
        });
        terms
    }

    fn sample(&self, mut context: Context) -> Option<Tensor<f32>> {
        let tape = Tape::new();
        let model = self.on(&tape);
        model.sample(&tape, &mut context).map(Var::value)
    }

    fn draw(&self, z: &Tensor<f32>, mut context: Context) -> Option<Tensor<f32>> {
        let tape = Tape::new();
        let model = self.0.map(Name::Root, &mut |_, leaf| tape.constant(leaf));
        model.draw(tape.constant(z), &mut context)
    }

    fn log_weights(&self, x: &Tensor<f32>, samples: usize, context: &mut Context) -> Option<Tensor<f32>> {
        let tape = Tape::new();
        let model = self.on(&tape);
        model.log_weights(tape.constant(x), samples, context).map(Var::value)
    }

    fn weighted_codes(
        &self,
        x: &Tensor<f32>,
        samples: usize,
        mut context: Context,
    ) -> Option<[Tensor<f32>; 2]> {
        let tape = Tape::new();
        let model = self.on(&tape);
        model.weighted_codes(tape.constant(x), samples, &mut context).map(|both| both.map(Var::value))
    }

    fn ln_likelihood(&self, z: &Tensor<f32>, x: &Tensor<f32>, mut context: Context) -> Option<Tensor<f32>> {
        let tape = Tape::new();
        let model = self.on(&tape);
        model.ln_likelihood(tape.constant(z), tape.constant(x), &mut context).map(Var::value)
    }

    fn divergence(&self, x: &Tensor<f32>) -> Option<Tensor<f32>> {
        let tape = Tape::new();
        let model = self.on(&tape);
        model.divergence(tape.constant(x)).map(Var::value)
    }

    fn usage(&self, x: &Tensor<f32>) -> Option<Usage> {
        let tape = Tape::new();
        self.on(&tape).usage(tape.constant(x))
    }

    fn prepare(&mut self, data: &Dataset, seed: u64, train: &TrainPart<'_>) -> Result<Ended> {
        <M::With<Var<'_, f32>> as Model<'_, f32>>::prepare(&mut self.0, data, seed, train)
    }

    fn smallest_batch(&self) -> usize {
        <M::With<Var<'_, f32>> as Model<'_, f32>>::smallest_batch(&self.0)
    }

    fn train_step(&mut self, x: &Tensor<f32>, context: Context, update: &mut Update<f32>) -> Result<Terms> {
        update.step_in_pieces(&mut self.0, context, |model, tape, context, rows| {
            model.loss(tape.constant(x.slice(0, rows)), context)
        })
    }

    fn parameters(&self, f: &mut dyn FnMut(Name, &Tensor<f32>)) {
        self.0.visit(f);
    }

    #[cfg(test)]
    fn both_ways(&self, order: usize) -> [Vec<Tensor<f32>>; 2] {
        replay_tests::both_ways(&self.0, order)
    }
}

impl<M: Tree<Tensor<f32>>> Trainable<f32> for Learned<M> {
    fn insert(&self, prefix: &str, into: &mut Checkpoint<f32>) {
        into.insert(prefix, &self.0);
    }

    fn restore(&mut self, prefix: &str, from: &Checkpoint<f32>) -> Result<()> {
        from.restore(prefix, &mut self.0)
    }

    fn restore_optimizer(&self, optimizer: &mut Optimizer<f32>, state: State<f32>) -> Result<()> {
        optimizer.restore(&self.0, state)
    }
}
