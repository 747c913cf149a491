//! Recipes: what people do with this crate that no single item shows. Each is a program that runs.
//!
//! - [An optimizer of your own](#an-optimizer-of-your-own), [a layer](#a-layer-of-your-own), [a task](#a-task-of-your-own)
//! - [Two models against each other](#two-models-against-each-other)
//! - [Parameters that stay as they are](#parameters-that-stay-as-they-are)
//! - [The gradient of each example](#the-gradient-of-each-example)
//! - [Threads of your own](#threads-of-your-own)
//! - [Recorded once, replayed often](#recorded-once-replayed-often)
//!
//! # An optimizer of your own
//!
//! A [`Rule`](crate::optim::Rule) is a struct of settings, the names of the tensors that it keeps for each parameter, and
//! the equation of its step. The documentation of the trait has one in twenty lines. Rate, schedule, groups, saving and
//! restoring come with [`Optimizer`](crate::optim::Optimizer), and every trainer takes it.
//!
//! # A layer of your own
//!
//! A struct of layers with a line of [`autograd::tree!`] and a `forward`. With the trait
//! [`Forward`](crate::layers::Forward), whose documentation has an example, it stands among other layers in a tuple.
//!
//! # A task of your own
//!
//! [`Fit`](crate::train::Fit) trains on examples in single precision. Whatever else is to be trained is a
//! [`Task`](crate::train::Task): it makes a batch from the numbers of its examples, and hands the loss to
//! [`Update::step`](crate::train::Update::step). Plan, schedule, clipping, callbacks, checkpoints and resuming are the
//! trainer's. This one has no data at all, but draws new examples in every step; the [`Context`](crate::Context) makes
//! them depend on seed, epoch and example alone.
//!
//! ```
//! use autograd::{Keep, Tensor};
//! use nn::losses::{Loss, Unit, squared_error};
//! use nn::train::{Ended, Plan, Task, Terms, Trainable, Trainer, Update};
//! use nn::{Activation, Adam, Context, Mlp, Purpose, Result, generator};
//!
//! /// Learns the length of a vector.
//! struct Length {
//!     model: Mlp<Tensor<f64>>,
//! }
//!
//! impl Task<f64> for Length {
//!     fn examples(&self) -> usize {
//!         200 // an epoch
//!     }
//!
//!     fn step(&mut self, _: &[usize], mut context: Context, update: &mut Update<f64>) -> Result<Terms> {
//!         let x: Tensor<f64> = context.normal(2);
//!         update.step(&mut self.model, &mut context, |model, tape, _| {
//!             let x = tape.constant(&x);
//!             let length = x.square().sum_over(Keep(1)).sqrt();
//!             Loss::sum(Unit::SquaredError, [("length", squared_error(model.forward(x), length))])
//!         })
//!     }
//!
//!     fn validate(&self, _seed: u64) -> Result<Option<Terms>> {
//!         Ok(None) // every example is a new one
//!     }
//!
//!     fn model(&self) -> &dyn Trainable<f64> {
//!         &self.model
//!     }
//!
//!     fn model_mut(&mut self) -> &mut dyn Trainable<f64> {
//!         &mut self.model
//!     }
//! }
//!
//! let from = &mut generator(0, Purpose::Init, 0, 0);
//! let mut task = Length { model: Mlp::new(&[2, 16, 1], Activation::Tanh, from) };
//! let plan = Plan { epochs: 60, batch: 20, learning_rate: 0.02, ..Plan::default() };
//! let mut trainer = Trainer::new(plan, Adam::new(0.02));
//! assert_eq!(trainer.run(&mut task)?, Ended::Finished);
//! let losses: Vec<f64> = trainer.epochs().iter().map(|epoch| epoch.train.total()).collect();
//! assert!(losses[59] < 0.1 * losses[0], "{losses:?}");
//! # Ok::<(), nn::Error>(())
//! ```
//!
//! # Two models against each other
//!
//! A generative adversarial network (Goodfellow et al. 2014) is two models with an optimizer each. What the one takes of
//! the other is a constant for it: the critic gets numbers, not variables; the maker gets a critic whose parameters are
//! constants of the tape, through which the gradient passes all the same.
//!
//! ```
//! use autograd::{Name, Tensor, Tree, value};
//! use nn::losses::bce_with_logits;
//! use nn::{Activation, Adam, Init, Linear, Mlp, Purpose, generator, random};
//!
//! let from = &mut generator(0, Purpose::Init, 0, 0);
//! let mut maker = Linear::<Tensor<f64>>::new(1, 1, Init::Glorot, from); // noise, scaled and moved
//! let mut critic = Mlp::<Tensor<f64>>::new(&[1, 16, 1], Activation::LeakyRelu, from);
//! let (mut of_maker, mut of_critic) = (Adam::new(0.01), Adam::new(0.02));
//! let noise = &mut generator(0, Purpose::Noise, 0, 0);
//! let (yes, no) = (Tensor::ones([64, 1]), Tensor::zeros([64, 1]));
//! let mut mean = 0.0;
//! for step in 0..600 {
//!     let real = random::normal([64, 1], noise).map(|x: f64| 2.0 + 0.5 * x);
//!     let z = random::normal([64, 1], noise);
//!     let made = value(&maker, |maker, tape| maker.forward(tape.constant(&z)));
//!     of_critic.minimize(&mut critic, |critic, tape| {
//!         let says = |x: &Tensor<f64>| critic.forward(tape.constant(x));
//!         bce_with_logits(says(&real), tape.constant(&yes)) + bce_with_logits(says(&made), tape.constant(&no))
//!     });
//!     of_maker.minimize(&mut maker, |maker, tape| {
//!         let critic = critic.map(Name::Root, &mut |_, w: &Tensor<f64>| tape.constant(w));
//!         bce_with_logits(critic.forward(maker.forward(tape.constant(&z))), tape.constant(&yes))
//!     });
//!     // Such games circle around their end, so look at an average.
//!     mean += if step < 400 { 0.0 } else { maker.bias.item() / 200.0 };
//! }
//! assert!((mean - 2.0).abs() < 0.3, "{mean}");
//! ```
//!
//! # Parameters that stay as they are
//!
//! Three ways, by what they cost:
//!
//! - What is not handed to the optimizer is not trained: put it on the tape as constants, as the critic above. No gradient
//!   is computed for it, nor for what comes before it.
//! - [Groups](crate::optim::Groups) with a rate factor of 0 leave parameters alone by name. Their gradient is computed, and
//!   taken into account where gradients are clipped. Another set of groups thaws them. A rule with a `weight_decay` shrinks
//!   by rate times decay, so a factor of 0 stops that as well.
//! - [`Var::stop_gradient`](autograd::Var::stop_gradient) cuts the gradient at one place of an equation, for all that comes
//!   before.
//!
//! ```
//! use autograd::{Name, Tensor, Tree};
//! use nn::optim::{AdamW, Group, Groups};
//! use nn::{Activation, Adam, Mlp, Purpose, generator};
//!
//! let from = &mut generator(0, Purpose::Init, 0, 0);
//! let body = Mlp::<Tensor<f64>>::new(&[3, 8, 4], Activation::Tanh, from);
//! let mut head = Mlp::new(&[4, 1], Activation::Tanh, from);
//! let x = Tensor::from_fn([10, 3], |i| (i as f64).sin());
//! let y = x.slice(1, 0..1);
//!
//! // Only the head.
//! let mut adam = Adam::new(0.05);
//! let mut step = || {
//!     adam.minimize(&mut head, |head, tape| {
//!         let body = body.map(Name::Root, &mut |_, w: &Tensor<f64>| tape.constant(w));
//!         (head.forward(body.forward(tape.constant(&x))) - tape.constant(&y)).square().mean()
//!     })
//! };
//! let before = step();
//! assert!((0..50).map(|_| step()).last().unwrap() < 0.5 * before);
//!
//! // The same by name, in a model of both.
//! let mut both = (body.clone(), head);
//! let mut adamw = AdamW::new(0.05);
//! adamw.set_groups(Groups::of(&both, vec![Group::new("0.*").with_rate_factor(0.0)])?);
//! adamw.minimize(&mut both, |(body, head), tape| {
//!     (head.forward(body.forward(tape.constant(&x))) - tape.constant(&y)).square().mean()
//! });
//! assert_eq!(both.0.layers[0].weight, body.layers[0].weight);
//! # Ok::<(), nn::Error>(())
//! ```
//!
//! # The gradient of each example
//!
//! A gradient of a mean is a mean of gradients, and does not say which example gave what. Where each is wanted (to clip
//! them one by one, as differentially private training does; to find the example that throws a model off), take
//! [`per_example_grad`](autograd::per_example_grad), whose result is `[examples, …]` for a parameter `[…]`. The cost is
//! that of as many batches of one, shared by the threads. Layers that look at the
//! whole batch, as batch normalization does, have no gradient of an example.
//!
//! ```
//! use autograd::{Name, Tensor, Tree, grad, per_example_grad};
//! use nn::losses::squared_error;
//! use nn::{Activation, Mlp, Purpose, generator};
//!
//! let from = &mut generator(0, Purpose::Init, 0, 0);
//! let model = Mlp::<Tensor<f64>>::new(&[2, 4, 1], Activation::Tanh, from);
//! let x = Tensor::from_fn([5, 2], |i| (i as f64).sin());
//! let y = Tensor::from_vec([5, 1], vec![0.1, -0.2, 50.0, 0.3, 0.0]); // one of them is no good
//!
//! let batch = (x.clone(), y.clone());
//! let (losses, gradients) = per_example_grad(&model, &batch, |m, (x, y), _| squared_error(m.forward(x), y));
//! assert!(losses.to_vec()[2] > 1000.0);
//!
//! // The length of each example's gradient, over all parameters.
//! let mut squares = Tensor::zeros([5]);
//! gradients.visit(&mut |_, g| squares = &squares + &g.flatten(1).square().sum_over(1));
//! let lengths = squares.sqrt();
//! assert!(lengths.to_vec().iter().enumerate().all(|(i, length)| (*length > 20.0) == (i == 2)), "{lengths:?}");
//!
//! // None counts more than a gradient of length 1.
//! let share = lengths.map(|length| 1.0 / length.max(1.0));
//! let clipped = gradients.map(Name::Root, &mut |_, g| {
//!     let parameter = g.shape()[1..].to_vec();
//!     (g.flatten(1) * share.unsqueeze(1)).mean_over(0).reshape(parameter)
//! });
//! assert!(clipped.layers[1].bias.item().abs() <= 1.0);
//!
//! // Without that, their mean is the gradient of the batch.
//! let whole = grad(&model, |m, tape| squared_error(m.forward(tape.constant(&x)), tape.constant(&y)));
//! let mean = gradients.layers[1].bias.mean_over(0);
//! assert!((mean.item() - whole.layers[1].bias.item()).abs() < 1e-12);
//! ```
//!
//! # Threads of your own
//!
//! Kernels share large tensors among the threads of `rayon` by themselves, and a program need not do anything for it. Where
//! tensors are small, that does not pay, and whole passes may run side by side instead: tensors, models and optimizers are
//! `Send` and `Sync`; a tape belongs to one thread, which makes it, and gives back plain tensors. The result does not
//! depend on how many threads there are if the examples are always cut at the same places and the parts added in the same
//! order.
//!
//! ```
//! use autograd::{Tensor, value_and_grad};
//! use nn::losses::squared_error;
//! use nn::optim::Accumulator;
//! use nn::{Activation, Adam, Mlp, Purpose, generator};
//!
//! let from = &mut generator(0, Purpose::Init, 0, 0);
//! let mut model = Mlp::<Tensor<f64>>::new(&[1, 16, 1], Activation::Tanh, from);
//! let x = Tensor::from_fn([64, 1], |i| i as f64 / 32.0 - 1.0);
//! let y = x.map(|x: f64| (3.0 * x).sin());
//! let mut adam = Adam::new(0.02);
//! let mut losses = vec![];
//! for _ in 0..200 {
//!     let parts = std::thread::scope(|scope| {
//!         let start = |part: usize| {
//!             let rows = 16 * part..16 * (part + 1);
//!             let (model, x, y) = (&model, x.slice(0, rows.clone()), y.slice(0, rows));
//!             scope.spawn(move || {
//!                 value_and_grad(model, |model, tape| {
//!                     squared_error(model.forward(tape.constant(&x)), tape.constant(&y))
//!                 })
//!             })
//!         };
//!         let threads: Vec<_> = (0..4).map(start).collect();
//!         threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Vec<_>>()
//!     });
//!     let mut sum = Accumulator::new();
//!     parts.iter().for_each(|(_, gradient)| sum.add(gradient, 16));
//!     let mean = sum.take(&model).expect("four parts");
//!     adam.step(&mut model, &mean);
//!     losses.push(parts.iter().map(|(loss, _)| loss).sum::<f64>() / 4.0);
//! }
//! assert!(losses[199] < 0.1 * losses[0], "{} {}", losses[0], losses[199]);
//! ```
//!
//! # Recorded once, replayed often
//!
//! A tape is written anew in every step, which costs some tens of nanoseconds a line. A
//! [`Recorded`](autograd::Recorded) loss writes it once for each set of shapes and then only computes; the numbers are the
//! same to the bit. It is worth it where tensors have up to some thousands of elements: a model of a few hundred
//! parameters is trained in a quarter of the time, one whose time goes into products of matrices gains little. It costs
//!
//! - memory: the results of all lines are kept from one step to the next, those of each set of shapes on their own;
//! - a double first step, as a function is recorded twice to see that it does the same both times;
//! - care: whatever changes from step to step has to come in through the model or the inputs, which may include
//!   [`Varying`](crate::context::Varying), the context of a step. What a closure holds is a constant; a look at a value is
//!   refused, and so are random numbers, but those of [`Context::on`](crate::Context::on) the tape.
//!
//! ```
//! use autograd::{Recorded, Tensor};
//! use nn::losses::squared_error;
//! use nn::{Activation, Adam, Mlp, Purpose, generator, random};
//!
//! let from = &mut generator(0, Purpose::Init, 0, 0);
//! let start = Mlp::<Tensor<f64>>::new(&[2, 8, 1], Activation::Tanh, from);
//! let batches: Vec<[Tensor<f64>; 2]> = (0..50)
//!     .map(|_| {
//!         let x = random::normal([8, 2], from);
//!         [x.clone(), x.slice(1, 0..1)]
//!     })
//!     .collect();
//!
//! let (mut taped, mut adam) = (start.clone(), Adam::new(0.01));
//! for [x, y] in &batches {
//!     adam.minimize(&mut taped, |m, tape| squared_error(m.forward(tape.constant(x)), tape.constant(y)));
//! }
//!
//! // Batches are inputs, each time others; noise would be another.
//! let mut loss = Recorded::new(&start, &batches[0], |m, [x, y], _tape| squared_error(m.forward(x), y));
//! let (mut replayed, mut adam) = (start, Adam::new(0.01));
//! for batch in &batches {
//!     adam.minimize_recorded(&mut replayed, batch, &mut loss);
//! }
//! assert_eq!(replayed.layers[0].weight, taped.layers[0].weight);
//! ```
