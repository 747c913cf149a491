//! Training any model of the zoo on a split data set, by the trainer of [`nn::train`].
//!
//! ```
//! use zoo::registry::find;
//! use zoo::train::{Plan, train};
//! use zoo::{data, evaluate};
//!
//! # fn main() -> nn::Result<()> {
//! let digits = data::digits();
//! let entry = find("ae")?;
//! let settings = entry.complete(&toml::Table::new(), &digits.train)?;
//! let mut model = entry.build(&settings, &digits.train, 0)?;
//! let before = evaluate::mean_squared_error(&*model, &digits.test);
//! let epochs = train(&mut *model, &digits, &Plan { epochs: 2, ..entry.plan(&digits.train) })?;
//! assert_eq!(epochs.len(), 2);
//! assert!(evaluate::mean_squared_error(&*model, &digits.test) < before);
//! # Ok(())
//! # }
//! ```

use autograd::Tensor;
use nn::data::Examples;
use nn::data::schema::Schema;
use nn::data::transform::{Binarize, Distort, Shift, Splice};
use nn::optim::Adam;
pub use nn::train::{Ended, Epoch, Plan, Terms, Trainer};
use nn::train::{Task, Trainable, Update};
use nn::{Context, Result};

use crate::data::Split;
use crate::network::texts::text_of;
use crate::{AnyModel, evaluate};

/// A model that learns from the training examples and is judged by the test examples.
pub struct Lesson<'a> {
    /// What learns.
    pub model: &'a mut dyn AnyModel,
    /// What from.
    pub data: &'a Split,
    /// The training examples, where they are too large for memory. Then `data` holds a sample of them.
    pub stored: Option<&'a dyn Examples>,
    /// The loss on what is held out, where it is no loss of the test examples.
    pub judge: Option<&'a Judge<'a>>,
    /// What happens to training examples whenever they are drawn.
    pub augment: Augment,
    /// How the parts of a model are trained that learn before the whole does.
    pub parts: &'a TrainPart<'a>,
}

/// The loss of a model on what is held out.
pub type Judge<'a> = dyn Fn(&dyn AnyModel) -> Terms + 'a;

/// Trains a part of a model by its own plan, before the whole is trained.
pub type TrainPart<'a> = dyn Fn(&mut dyn Task<f32>, &Plan) -> Result<Ended> + 'a;

/// Trains a part of a model to the end of its plan.
///
/// # Errors
/// If the plan makes no sense, or the loss is not a finite number any more.
pub fn train_part(task: &mut dyn Task<f32>, plan: &Plan) -> Result<Ended> {
    trainer(plan).run(task)
}

/// Changes to training examples, drawn anew in every epoch. The test examples stay as they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Augment {
    /// Moves images by up to so many pixels in each direction; see [`Shift`].
    pub shift: usize,
    /// How grey values become bits.
    pub binarize: Binarize,
    /// Changes to pictures of any channels.
    pub distort: Distort,
    /// The share of texts that are put together from pieces; see [`Splice`].
    pub splice: f64,
}

impl<'a> Lesson<'a> {
    /// A model that learns from the training examples as they are.
    pub fn new(model: &'a mut dyn AnyModel, data: &'a Split) -> Self {
        Lesson { model, data, stored: None, judge: None, augment: Augment::default(), parts: &train_part }
    }

    fn train(&self) -> &dyn Examples {
        self.stored.unwrap_or(&self.data.train)
    }
}

impl Task<f32> for Lesson<'_> {
    fn examples(&self) -> usize {
        self.train().len()
    }

    fn smallest_batch(&self) -> usize {
        self.model.smallest_batch()
    }

    fn begin(&mut self, seed: u64) -> Result<Ended> {
        self.model.prepare(&self.data.train, seed, self.parts)
    }

    fn step(&mut self, numbers: &[usize], context: Context, update: &mut Update<f32>) -> Result<Terms> {
        let ((x, observed), labels) = (self.train().rows_and_mask(numbers)?, self.train().labels_of(numbers));
        let x = self.augment.apply(x, self.train(), self.data.train.schema(), &context)?;
        self.model.train_step(&x, context.with_labels(labels).with_observed(observed), update)
    }

    fn validate(&self, seed: u64) -> Result<Option<Terms>> {
        if let Some(judge) = self.judge {
            return Ok(Some(judge(self.model)));
        }
        let judge = || evaluate::loss(self.model, &self.data.test, seed);
        Ok((!self.data.test.is_empty()).then(judge))
    }

    fn model(&self) -> &dyn Trainable<f32> {
        &*self.model
    }

    fn model_mut(&mut self) -> &mut dyn Trainable<f32> {
        &mut *self.model
    }
}

impl Augment {
    /// The examples as the model sees them in this pass, of all these.
    ///
    /// # Errors
    /// If another example is needed and cannot be read.
    fn apply(
        self,
        x: Tensor<f32>,
        all: &dyn Examples,
        schema: &Schema,
        context: &Context,
    ) -> Result<Tensor<f32>> {
        let (seed, epoch, numbers) = (context.seed(), context.epoch(), context.examples());
        let x = match schema.as_image() {
            Some(shape) => self.distort.apply(&x, shape, seed, epoch, numbers),
            None => x,
        };
        let x = match schema.as_grey() {
            Some(image) => Shift { pixels: self.shift, image }.apply(&x, seed, epoch, numbers),
            None => x,
        };
        if self.splice > 0.0 && text_of(schema).is_some() {
            return Splice { share: self.splice }.apply(&x, all, seed, epoch, numbers);
        }
        Ok(self.binarize.apply(&x, seed, epoch, numbers))
    }
}

/// The trainer of the zoo: Adam by this plan.
pub fn trainer<'a>(plan: &Plan) -> Trainer<'a, f32> {
    Trainer::new(plan.clone(), Adam::new(plan.learning_rate))
}

/// Trains `model` with Adam and returns what every epoch came to.
///
/// # Errors
/// If the plan makes no sense, or the loss is not a finite number any more.
pub fn train(model: &mut dyn AnyModel, data: &Split, plan: &Plan) -> Result<Vec<Epoch>> {
    let mut trainer = trainer(plan);
    trainer.run(&mut Lesson::new(model, data))?;
    Ok(trainer.epochs().to_vec())
}
