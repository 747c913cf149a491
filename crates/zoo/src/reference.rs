//! The part of its data that a run keeps, learnt once at the end of the training: so that its folder, copied to anywhere, is
//! measured, drawn, sampled and exported without them.
//!
//! Two files lie beside the model:
//!
//! - [`EXAMPLES`] has training and test examples as the model sees them, with their names and classes, all of them or a
//!   sample of `MOST_ROWS` rows and `MOST_NUMBERS` numbers at most; the codes of as many training examples, for
//!   mixtures; PCA with a code of the same size; the metrics on all test examples.
//! - [`SCORES`] has for every [`Score`] the sorted scores of training and of test examples, and the mean and the covariance that
//!   the score measures by.
//!
//! Both name the parameters they belong to.

use std::path::Path;

use autograd::Tensor;
use nn::checkpoint::Checkpoint;
use nn::data::schema::Schema;
use nn::train::Terms;
use nn::{Dataset, Error, Result};
use serde::{Deserialize, Serialize};

use crate::data::series::Held;
use crate::data::{NO_WORDS, Origin, Preparation, Rows, Split, fingerprint, sample};
use crate::models::pca::Pca;
use crate::network::texts::text_of;
use crate::uses::anomaly::neighbours::Neighbours;
use crate::uses::anomaly::{Normal, Score};
use crate::uses::metrics::Fidelity;
use crate::uses::series::{Monitor, Ordinary};
use crate::uses::texts::Quality;
use crate::{AnyModel, evaluate};

/// Examples, codes and metrics, in the folder of a run.
pub const EXAMPLES: &str = "examples.safetensors";
/// Scores of the training examples, in the folder of a run.
pub const SCORES: &str = "scores.safetensors";

/// The file about a series where it is ordinary, in the folder of a run that learnt windows of it.
pub const ORDINARY: &str = "ordinary.safetensors";

/// Rows in a sample at most.
const MOST_ROWS: usize = 20_000;
/// Numbers in a sample at most, 4 megabytes, but [`FEWEST_ROWS`] rows.
const MOST_NUMBERS: usize = 1 << 20;
const FEWEST_ROWS: usize = 32;
/// Training examples are scored up to so many numbers, a sample of them if there are more.
const MOST_SCORED: usize = 1 << 26;
/// Products of such distances that are computed at most, which takes a few seconds.
const MOST_PRODUCTS: usize = 1 << 31;
/// Numbers that a covariance is measured on at most.
const MOST_MEASURED: usize = 1 << 23;
/// Numbers of a residual or a code of which the covariance is kept, 4 megabytes, and of which it is computed at all.
const WIDEST_KEPT: usize = 1024;
const WIDEST: usize = 4096;
/// Components of PCA that are kept where all of them would copy wide examples.
const COMPONENTS_OF_COPY: usize = 64;

/// Examples of a run, and what was measured on all of them.
#[derive(Clone, Debug)]
pub struct Reference {
    /// Training and test examples as the model sees them; samples if there are very many.
    pub data: Split,
    /// Their names, and the cells that were missing in them.
    pub origins: [Origin; 2],
    /// How many there were for training and for testing.
    pub examples: [usize; 2],
    /// Codes of training examples, `[examples, code]`.
    pub codes: Tensor<f32>,
    /// PCA of the training examples with a code of the same size.
    pub pca: Pca<Tensor<f32>>,
    /// Errors on all test examples.
    pub fidelity: Fidelity,
    /// The loss on all test examples.
    pub loss: Terms,
}

/// Facts in a file besides its tensors.
#[derive(Serialize, Deserialize)]
struct About {
    model: String,
    name: String,
    origins: [Origin; 2],
    labels: [Option<Vec<u32>>; 2],
    /// Absent from files of before there were schemas, which have the size of a grey picture as `image`.
    #[serde(default)]
    schema: Option<Schema>,
    #[serde(default, skip_serializing)]
    image: Option<[usize; 2]>,
    examples: [usize; 2],
    fidelity: Fidelity,
    loss: Terms,
}

impl Reference {
    /// Learns it. `origins` are those of the examples, `examples` says how many training examples there were if `data`
    /// has a sample of them, and the noise of the loss follows from `seed`.
    ///
    /// # Panics
    /// If there are no training or no test examples.
    #[track_caller]
    pub fn learn(
        model: &dyn AnyModel,
        data: &Split,
        origins: &[Origin; 2],
        examples: usize,
        seed: u64,
    ) -> Self {
        if text_of(data.test.schema()).is_some() {
            return Reference::of_texts(model, data, origins, examples, seed).0;
        }
        let (train, test) = (&data.train, &data.test);
        let coded = some(train, code_of(model, train));
        let codes = evaluate::codes(model, &chosen(train, &coded));
        // With room for all features PCA copies, and to find thousands of directions would take minutes.
        let (code, features) = (codes.shape()[1], train.width());
        let copies = code >= features && features > WIDEST_KEPT;
        let pca = Pca::fit(train.x(), if copies { COMPONENTS_OF_COPY } else { code });
        let mut fidelity = Fidelity::beside(&pca, model, test);
        if copies {
            (fidelity.pca_sse, fidelity.rank) = (0.0, features);
        }
        let kept = [train, test].map(|part| some(part, part.width()));
        Reference {
            data: Split {
                name: data.name.clone(),
                train: chosen(train, &kept[0]),
                test: chosen(test, &kept[1]),
            },
            origins: [0, 1].map(|part| origins[part].chosen(&kept[part])),
            examples: [examples, test.len()],
            codes,
            fidelity,
            loss: evaluate::loss(model, test, seed),
            pca,
        }
    }

    /// The same of texts, and their figures. The error of a text is the number of its places that come back wrong, and its
    /// variance the number of its characters. Texts have no PCA: it is one without components.
    ///
    /// # Panics
    /// If there are no training or no test examples.
    #[track_caller]
    pub fn of_texts(
        model: &dyn AnyModel,
        data: &Split,
        origins: &[Origin; 2],
        examples: usize,
        seed: u64,
    ) -> (Self, Quality) {
        let (train, test) = (&data.train, &data.test);
        let codes = evaluate::codes(model, &chosen(train, &some(train, code_of(model, train))));
        let (loss, errors) = (evaluate::loss(model, test, seed), evaluate::squared_errors(model, test));
        let quality = Quality::of(&loss, &errors, test);
        let variance = quality.characters;
        let kept = [train, test].map(|part| some(part, part.width()));
        let (mean, components) = (Tensor::zeros([train.width()]), Tensor::zeros([0, train.width()]));
        let reference = Reference {
            data: Split {
                name: data.name.clone(),
                train: chosen(train, &kept[0]),
                test: chosen(test, &kept[1]),
            },
            origins: [0, 1].map(|part| origins[part].chosen(&kept[part])),
            examples: [examples, test.len()],
            codes,
            fidelity: Fidelity { sse: quality.wrong, pca_sse: variance, rank: 0, variance },
            loss,
            pca: Pca { mean, components },
        };
        (reference, quality)
    }

    /// Of examples that were not read from anywhere, and are called by their numbers.
    ///
    /// # Panics
    /// If there are no training or no test examples.
    #[track_caller]
    pub fn of(model: &dyn AnyModel, data: &Split) -> Self {
        let origins = [&data.train, &data.test].map(|part| Origin {
            names: (1..=part.len()).map(|number| number.to_string()).collect(),
            ..Origin::default()
        });
        Reference::learn(model, data, &origins, data.train.len(), 0)
    }

    /// The examples for training (0) or for testing (1) that are here, and whether these are all.
    pub fn rows(self, part: usize) -> (Rows, bool) {
        let (all, [train, test]) = (self.examples[part], self.origins);
        let (data, origin) = if part == 0 { (self.data.train, train) } else { (self.data.test, test) };
        let Origin { names, ids, gaps } = origin;
        let rows = Rows { data, names, ids, gaps, cells: None, notes: vec![] };
        let whole = rows.data.len() == all;
        (rows, whole)
    }

    /// Writes the file.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, path: &Path, model: &dyn AnyModel) -> Result<()> {
        let mut file = Checkpoint::default();
        let Split { name, train, test } = &self.data;
        for (name, tensor) in [("train", train.x()), ("test", test.x()), ("codes", &self.codes)] {
            file.insert(name, tensor);
        }
        for (name, mask) in [("train_observed", train.observed()), ("test_observed", test.observed())] {
            mask.into_iter().for_each(|mask| file.insert(name, mask));
        }
        file.insert("pca", &self.pca);
        let about = About {
            model: name_of(model),
            name: name.clone(),
            origins: self.origins.clone(),
            labels: [train.labels().map(<[u32]>::to_vec), test.labels().map(<[u32]>::to_vec)],
            schema: Some(train.schema().clone()),
            image: None,
            examples: self.examples,
            fidelity: self.fidelity,
            loss: self.loss.clone(),
        };
        let text = serde_json::to_string(&about).expect("numbers and names are JSON");
        file.metadata.insert("about".into(), text);
        file.write(path)
    }

    /// Reads the file; `None` if it belongs to other parameters.
    ///
    /// # Errors
    /// If it cannot be read or is damaged.
    pub fn read(path: &Path, model: &dyn AnyModel) -> Result<Option<Self>> {
        let mut file = Checkpoint::<f32>::read(path)?;
        let damaged = |what: &str| Error::file(path, format!("the file is damaged ({what}); train again"));
        let about = file.metadata.get("about").ok_or_else(|| damaged("it says nothing about itself"))?;
        let about: About = serde_json::from_str(about).map_err(|error| damaged(&error.to_string()))?;
        if about.model != name_of(model) {
            return Ok(None);
        }
        let mut take = |name: &str| file.tensors.remove(name).ok_or_else(|| damaged(&format!("no {name}")));
        let [train, test, codes] = [take("train")?, take("test")?, take("codes")?];
        let masks = [take("train_observed").ok(), take("test_observed").ok()];
        let pca = Pca { mean: take("pca.mean")?, components: take("pca.components")? };
        let fits = |x: &Tensor<f32>, part: usize| {
            let labels = about.labels[part].as_ref().is_none_or(|labels| labels.len() == x.shape()[0]);
            let [rows, width] = x.shape()[..] else { return false };
            let gaps = about.origins[part].gaps.iter().all(|[row, feature]| *row < rows && *feature < width);
            rows == about.origins[part].names.len() && labels && gaps
        };
        if !fits(&train, 0) || !fits(&test, 1) || codes.shape().len() != 2 {
            return Err(damaged("its parts do not fit each other"));
        }
        let [of_train, of_test] = about.labels;
        let schema = match (about.schema, about.image) {
            (Some(schema), _) => schema,
            (None, Some(image)) => Schema::grey(image),
            (None, None) => Schema::real(train.shape()[1]),
        };
        if train.shape()[1] != schema.width() || test.shape()[1] != schema.width() {
            return Err(damaged("its parts do not fit each other"));
        }
        let [train_mask, test_mask] = masks;
        if [(&train, &train_mask), (&test, &test_mask)]
            .iter()
            .any(|(x, mask)| mask.as_ref().is_some_and(|mask| mask.shape() != x.shape()))
        {
            return Err(damaged("its masks do not fit its examples"));
        }
        let dataset = |x: Tensor<f32>, labels, mask| {
            Dataset::new(x).with_labels(labels).with_schema(schema.clone()).with_observed(mask)
        };
        let train = dataset(train, of_train, train_mask);
        let test = dataset(test, of_test, test_mask);
        Ok(Some(Reference {
            data: Split { name: about.name, train, test },
            origins: about.origins,
            examples: about.examples,
            codes,
            pca,
            fidelity: about.fidelity,
            loss: about.loss,
        }))
    }
}

/// Which examples are kept, if each has so many numbers.
fn some(of: &Dataset, width: usize) -> Vec<usize> {
    let count = (MOST_NUMBERS / width.max(1)).clamp(FEWEST_ROWS, MOST_ROWS);
    sample(of.len(), of.labels(), count)
}

fn chosen(of: &Dataset, numbers: &[usize]) -> Dataset {
    // Tensors are shared, so all are not copied.
    if numbers.len() == of.len() {
        return of.clone();
    }
    of.select(numbers)
}

/// A name of the parameters.
fn name_of(model: &dyn AnyModel) -> String {
    let mut hash = NO_WORDS;
    model.parameters(&mut |_, tensor| {
        hash = fingerprint(hash, tensor.to_vec().iter().map(|value| value.to_bits()));
    });
    format!("{hash:016x}")
}

/// Measures what is normal for every score on training and test examples, and writes the file. A score for which that is
/// impossible, or too much, is left out.
///
/// # Errors
/// If the file cannot be written.
pub fn write_scores(path: &Path, model: &dyn AnyModel, data: &Split) -> Result<()> {
    scores(model, data).write(path)
}

/// The content of that file.
pub(crate) fn scores(model: &dyn AnyModel, data: &Split) -> Checkpoint<f64> {
    let mut file = Checkpoint::default();
    file.metadata.insert("model".into(), name_of(model));
    for score in Score::ALL.into_iter().filter(|&score| width(model, &data.train, score) <= WIDEST_KEPT) {
        if let Ok(normal) = normal(model, [&data.train, &data.test], score) {
            normal.save(&mut file);
        }
    }
    file
}

/// Normal values of a score from a file of them; `None` if it belongs to other parameters or says nothing about it.
///
/// # Errors
/// If the file cannot be read.
pub fn read_scores(path: &Path, model: &dyn AnyModel, score: Score) -> Result<Option<Normal>> {
    Ok(normal_of(&Checkpoint::read(path)?, model, score))
}

/// The same from the content of the file.
pub(crate) fn normal_of(file: &Checkpoint<f64>, model: &dyn AnyModel, score: Score) -> Option<Normal> {
    let belongs = file.metadata.get("model").is_some_and(|name| *name == name_of(model));
    Normal::restore(score, file).filter(|_| belongs)
}

/// Measures what is ordinary in the recordings behind their cuts, and writes the file.
///
/// # Errors
/// If it cannot be measured, or the file not be written.
pub fn write_ordinary(
    path: &Path,
    model: &dyn AnyModel,
    preparation: &Preparation,
    held: &Held,
) -> Result<()> {
    let mut file = Checkpoint::default();
    file.metadata.insert("model".into(), name_of(model));
    Monitor::fit(model, preparation, held)?.ordinary().save(&mut file);
    file.write(path)
}

/// The ordinary sizes of residuals and scores of a model, from a file; `None` if the file belongs to other parameters.
///
/// # Errors
/// If the file cannot be read.
pub fn read_ordinary(path: &Path, model: &dyn AnyModel, channels: usize) -> Result<Option<Ordinary>> {
    let file = Checkpoint::read(path)?;
    let belongs = file.metadata.get("model").is_some_and(|name| *name == name_of(model));
    Ok(Ordinary::restore(&file, channels).filter(|_| belongs))
}

/// Normal values of a score on training examples, and on others that tell what is ordinary: on a sample of them where all
/// would take too long.
///
/// # Errors
/// If the score cannot be measured.
pub fn normal(model: &dyn AnyModel, [train, test]: [&Dataset; 2], score: Score) -> Result<Normal> {
    let width = width(model, train, score);
    if width > WIDEST {
        return Err(Error::unsupported(format!(
            "this score needs the covariance of {width} numbers, and {WIDEST} are the most; use squared-error"
        )));
    }
    let part = |of: &Dataset, count: usize| chosen(of, &sample(of.len(), None, count));
    let products = match score {
        Score::Neighbours => Neighbours::kept(train.len(), train.width()) * train.width().max(1),
        _ => width * width,
    };
    let most = (MOST_SCORED / train.width().max(1)).min(MOST_PRODUCTS / products.max(1)).max(2);
    let scored = part(train, most);
    let measured = part(train, scored.len().min(MOST_ROWS).min((MOST_MEASURED / width).max(2)));
    Normal::fit_to_some(model, &measured, &scored, score)?.held_out(model, &part(test, most))
}

/// Numbers of which the score needs the covariance; 1 if it needs none.
fn width(model: &dyn AnyModel, train: &Dataset, score: Score) -> usize {
    match score {
        Score::SquaredError | Score::Neighbours => 1,
        Score::Mahalanobis => train.width().max(1),
        Score::LatentDistance | Score::Combined => code_of(model, train).max(1),
    }
}

/// Numbers in a code.
fn code_of(model: &dyn AnyModel, data: &Dataset) -> usize {
    model.encode(&data.x().slice(0, ..data.len().min(1))).shape()[1]
}
