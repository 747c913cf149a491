//! What is decided about a model before it is trained.

use nn::{Dataset, Generator, Purpose, Result, generator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::AnyModel;

/// The settings of one kind of model.
pub trait Settings: Serialize + DeserializeOwned {
    /// The model they describe.
    type Model: AnyModel + 'static;

    /// The settings for data of this kind when nothing else is said.
    fn defaults(data: &Dataset) -> Self;

    /// A model with initial parameters for this training data.
    ///
    /// # Errors
    /// If a setting makes no sense.
    fn build(&self, data: &Dataset, from: &mut Generator) -> Result<Self::Model>;

    /// A model of the same shape, whose parameters will come from a checkpoint. `like` is a few examples of
    /// zeros that have the width, the image size and the classes of the training examples, of which there
    /// were `examples`. A model that learns something from the data when it is built does without here.
    ///
    /// # Errors
    /// If a setting makes no sense.
    fn outline(&self, like: &Dataset, _examples: usize) -> Result<Self::Model> {
        self.build(like, &mut generator(0, Purpose::Init, 0, 0))
    }
}
