//! Any model of the zoo as a transformer that is fitted to an array: [`Estimator`] says what is wanted,
//! [`Fitted`] is what came out, with the verbs that users of scikit-learn know.
//!
//! ```
//! use autograd::Tensor;
//! use zoo::estimator::{Estimator, Fitted};
//!
//! // 200 points near a curve in space.
//! let x = Tensor::from_fn([200, 3], |i| ((i / 3) as f32 / 30.0 + (i % 3) as f32).sin());
//! let model = Estimator::new("ae").set("code", 2).set("epochs", 20).set("seed", 7).fit(&x)?;
//!
//! let codes = model.transform(&x);
//! assert_eq!(codes.shape(), [200, 2]);
//! assert_eq!(model.inverse_transform(&codes).shape(), [200, 3]);
//! assert_eq!(model.score_samples(&x).len(), 200);
//!
//! let folder = tempfile::tempdir().unwrap();
//! let path = folder.path().join("curve.safetensors");
//! model.save(&path)?;
//! assert_eq!(Fitted::load(&path)?.transform(&x), codes);
//! # Ok::<(), nn::Error>(())
//! ```

use std::path::Path;

use autograd::Tensor;
use nn::checkpoint::Checkpoint;
use nn::{Dataset, Error, Result};
use toml::{Table, Value};

use crate::config::Config;
use crate::data::{Preparation, Reading, Split};
use crate::registry::{self, Entry, Training};
use crate::train::{Epoch, Plan, train};
use crate::{AnyModel, evaluate, run};

/// A model that is to be fitted: its name and settings.
#[derive(Clone, Debug)]
pub struct Estimator {
    name: String,
    given: Table,
}

impl Estimator {
    /// The model with this name in the [registry].
    pub fn new(name: &str) -> Self {
        Estimator { name: name.to_owned(), given: Table::new() }
    }

    /// Sets one of the model's settings, or of its training: `epochs`, `batch`, `learning_rate`, `schedule`,
    /// `seed`, `clip_norm`, `drop_last`. What is not set has the default for the data. A name that does not exist is
    /// an error of [`fit`](Self::fit).
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.given.insert(name.to_owned(), value.into());
        self
    }

    /// Fits the model to the rows of `x`, `[examples, features]`.
    ///
    /// # Errors
    /// If there is no such model or setting, a setting makes no sense, `x` has no rows or a number that is not
    /// finite, or the loss becomes infinite.
    pub fn fit(&self, x: &Tensor<f32>) -> Result<Fitted> {
        self.fit_dataset(&Dataset::new(x.clone()))
    }

    /// Fits the model to examples that may be images or have labels, which some models need.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_dataset(&self, data: &Dataset) -> Result<Fitted> {
        let entry = registry::find(&self.name)?;
        check(data)?;
        let config = self.configure(entry, data)?;
        let mut model = entry.build(&config.settings, data, config.train.seed)?;
        let mut epochs = vec![];
        if entry.training == Training::Gradient {
            config.train.check(data.len())?;
            // All examples are learnt from; there are none to judge by.
            let test = data.range(0..0).unlabelled();
            epochs =
                train(&mut *model, &Split { name: String::new(), train: data.clone(), test }, &config.train)?;
        }
        Ok(Fitted { model, config, preparation: Preparation::plain(data), epochs })
    }

    /// The given settings, each where it belongs, completed.
    fn configure(&self, entry: &Entry, data: &Dataset) -> Result<Config> {
        let mut plan = Table::try_from(entry.plan(data)).expect("a plan is a table");
        // The one setting that is absent by default.
        let of_training = |name: &String| plan.contains_key(name) || name == "clip_norm";
        let (of_plan, of_model): (Table, Table) =
            self.given.clone().into_iter().partition(|(name, _)| of_training(name));
        plan.extend(of_plan);
        let train: Plan =
            plan.try_into().map_err(|error: toml::de::Error| Error::data(error.message().trim()))?;
        let settings = entry.complete(&of_model, data)?;
        Ok(Config {
            model: entry.name.into(),
            data: String::new(),
            reading: Reading::default(),
            train,
            settings,
        })
    }
}

/// A model that has been fitted.
pub struct Fitted {
    model: Box<dyn AnyModel>,
    config: Config,
    preparation: Preparation,
    epochs: Vec<Epoch>,
}

impl Fitted {
    /// The codes of examples, `[examples, features]` to `[examples, code]`.
    ///
    /// # Panics
    /// If there are other features than the model was fitted to.
    pub fn transform(&self, x: &Tensor<f32>) -> Tensor<f32> {
        self.assert_width("transform", x);
        evaluate::codes(&*self.model, &of(x))
    }

    /// Reconstructions from codes, `[examples, code]` to `[examples, features]`.
    pub fn inverse_transform(&self, z: &Tensor<f32>) -> Tensor<f32> {
        self.model.decode(z)
    }

    /// `−‖x − x̂‖²` of every example: the lower, the less it is like those that the model was fitted to.
    ///
    /// # Panics
    /// If there are other features than the model was fitted to.
    pub fn score_samples(&self, x: &Tensor<f32>) -> Vec<f64> {
        self.assert_width("score_samples", x);
        evaluate::squared_errors(&*self.model, &of(x)).into_iter().map(|error| -error).collect()
    }

    /// What every epoch of the fit came to; empty for a model in closed form, or one that was loaded.
    pub fn epochs(&self) -> &[Epoch] {
        &self.epochs
    }

    /// All settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The model itself, for everything else that the zoo can do with one.
    pub fn model(&self) -> &dyn AnyModel {
        &*self.model
    }

    /// Writes parameters and settings into one safetensors file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        self.model.save(path, run::metadata(&self.config, &self.preparation))
    }

    /// Reads what [`save`](Self::save) wrote, or the `model.safetensors` of a run. Examples are then expected as
    /// that model saw them, scaled.
    ///
    /// # Errors
    /// If the file cannot be read or is something else.
    pub fn load(path: &Path) -> Result<Self> {
        let wrong = |error: Error| error.in_file(path);
        let checkpoint = Checkpoint::read(path)?;
        let config = run::trained_with(&checkpoint).map_err(wrong)?;
        let preparation = run::preparation(&checkpoint).map_err(wrong)?;
        let entry = registry::find(&config.model).map_err(wrong)?;
        let mut model = entry.outline(&config.settings, &preparation).map_err(wrong)?;
        model.restore("", &checkpoint).map_err(wrong)?;
        Ok(Fitted { model, config, preparation, epochs: vec![] })
    }

    #[track_caller]
    fn assert_width(&self, what: &str, x: &Tensor<f32>) {
        let (shape, features) = (x.shape(), self.preparation.features);
        assert!(
            shape.len() == 2 && shape[1] == features,
            "{what}: the model was fitted to [examples, {features}], but this is {shape:?}"
        );
    }
}

/// Refuses data that nothing can be learnt from.
fn check(data: &Dataset) -> Result<()> {
    let shape = data.x().shape();
    if shape.len() != 2 || data.x().is_empty() {
        return Err(Error::data(format!("there is nothing to fit in data of shape {shape:?}")));
    }
    match data.x().to_vec().iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(place) => {
            let (row, column) = (place / shape[1], place % shape[1]);
            Err(Error::data(format!(
                "row {row}, column {column} of the data is no finite number; fill or drop it"
            )))
        }
    }
}

fn of(x: &Tensor<f32>) -> Dataset {
    Dataset::new(x.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::models::pca::Pca;

    #[test]
    fn what_is_trained_may_move_to_another_thread() {
        fn moves<T: Send>() {}
        moves::<Fitted>();
        moves::<Box<dyn crate::AnyModel>>();
        moves::<nn::train::Trainer<f32>>();
        moves::<autograd::Recorded<Tensor<f32>, Tensor<f32>, f32>>();
    }

    #[test]
    fn pca_by_its_name_is_pca() {
        let x = digits().train.x().clone();
        let fitted = Estimator::new("pca").set("code", 5).fit(&x).unwrap();
        let pca = Pca::fit(&x, 5);
        assert_eq!(fitted.transform(&x), pca.encode(&x));
        let scores = fitted.score_samples(&x);
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        assert!((mean + evaluate::mean_squared_error(&pca, &digits().train)).abs() < 1e-9);
    }

    #[test]
    fn settings_go_where_they_belong() {
        let x = digits().train.x().clone();
        let fitted =
            Estimator::new("ae").set("epochs", 2).set("code", 3).set("clip_norm", 1.5).fit(&x).unwrap();
        assert_eq!((fitted.epochs().len(), fitted.config().train.clip_norm), (2, Some(1.5)));
        assert_eq!(fitted.config().setting("code"), Some(&Value::Integer(3)));
        assert_eq!(Estimator::new("pca").fit(&x).unwrap().config().train.clip_norm, None);
    }

    #[test]
    fn what_cannot_be_fitted_is_a_sentence() {
        let x = digits().train.x().clone();
        let problem = |estimator: Estimator, x: &Tensor<f32>| estimator.fit(x).err().unwrap().to_string();
        assert!(problem(Estimator::new("vea"), &x).contains("did you mean `vae`?"));
        assert!(problem(Estimator::new("ae").set("cod", 2), &x).contains("did you mean `code`?"));
        assert!(problem(Estimator::new("ae").set("epochs", "many"), &x).contains("invalid type"));
        assert!(problem(Estimator::new("ae"), &Tensor::zeros([0, 3])).contains("shape [0, 3]"));
        let gap = problem(Estimator::new("ae"), &Tensor::from_vec([1, 2], vec![0.0, f32::NAN]));
        assert_eq!(gap, "row 0, column 1 of the data is no finite number; fill or drop it");
    }

    #[test]
    #[should_panic(expected = "transform: the model was fitted to [examples, 3], but this is [2, 4]")]
    fn other_features() {
        let x = Tensor::from_fn([8, 3], |i| (i * i % 5) as f32);
        Estimator::new("pca").set("code", 1).fit(&x).unwrap().transform(&Tensor::zeros([2, 4]));
    }
}
