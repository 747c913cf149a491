//! New examples of a run: codes from the prior of its model, or from a mixture of Gaussians that stands in for one, and what
//! the decoder makes of them.

use autograd::Tensor;
use nn::checkpoint::nearest;
use nn::data::table::Column;
use nn::{Context, Error, Purpose, Result, generator};

use crate::evaluate;
use crate::mixture::GaussianMixture;
use crate::run::Run;
use crate::settings::check_size;

/// Examples that are drawn together.
const BATCH: usize = 500;

/// New examples that are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// How many.
    pub count: usize,
    /// The seed of all draws.
    pub seed: u64,
    /// Components of a mixture of Gaussians, fitted to the codes of training examples, to draw codes from; `None`: from the
    /// prior.
    pub mixture: Option<usize>,
    /// The class of all of them, by name or number; `None`: one class after the other, of a model that has classes.
    pub class: Option<&'a str>,
    /// Whether an example is drawn from `p(x|z)` or is its mean; `None`: rows of tables are drawn, pictures are means.
    pub draw: Option<bool>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Options { count: 1, seed: 0, mixture: None, class: None, draw: None }
    }
}

/// New examples.
#[derive(Clone, Debug)]
pub struct Sampled {
    /// `[examples, features]`, as the model sees examples.
    pub x: Tensor<f32>,
    /// The class of each, where the model has classes.
    pub classes: Option<Vec<u32>>,
    /// The way in which they were made, as the end of a sentence: "these are …".
    pub how: &'static str,
}

/// Makes new examples.
///
/// # Errors
/// If none are wanted, the model has no prior and no mixture is asked for, it knows no such class, or has no `p(x|z)` to draw
/// from or to take the mean of.
pub fn sample(run: &Run, options: &Options) -> Result<Sampled> {
    let count = options.count;
    if count == 0 {
        return Err(Error::setting("count", "at least 1 example must be made (--count 1)"));
    }
    let width = run.preparation.features + run.code();
    check_size(&format!("--count {count}"), count as f64 * width as f64)?;
    let (codes, classes) = match options.mixture {
        Some(components) => (from_mixture(run, components, options)?, None),
        None => from_prior(run, options)?,
    };
    let (x, how) = examples(run, options, &codes)?;
    Ok(Sampled { x, classes, how })
}

/// Output of the decoder for some codes, and a sentence about it.
fn examples(run: &Run, options: &Options, codes: &Tensor<f32>) -> Result<(Tensor<f32>, &'static str)> {
    let decoded = || evaluate::in_batches(codes, |z| run.model.decode(z));
    let draws = |from: usize, to: usize| {
        let numbers: Vec<usize> = (from..to).collect();
        // Another generator than that of the codes, or both would have the same noise.
        run.model.draw(&codes.slice(0, from..to), Context::evaluation(options.seed, &numbers))
    };
    if draws(0, 1).is_none() {
        let name = run.entry.name;
        return match options.draw {
            Some(_) => Err(Error::unsupported(format!(
                "the decoder of `{name}` is a function and no distribution p(x|z) to draw from or to take the mean of; \
                 leave --draw and --mean out"
            ))),
            None => {
                Ok((decoded(), "decoded codes; they vary less than examples do, as the model has no p(x|z)"))
            }
        };
    }
    // Pictures are looked at, and a coin for every pixel is noise; and where values are no coins, such draws are none.
    let coins = !run.preparation.has_kinds()
        && run.config.setting("likelihood").and_then(toml::Value::as_str) == Some("bernoulli");
    let texts = run.preparation.alphabet.is_some();
    let usual = run.preparation.shape().is_none() && !coins && !texts;
    if !options.draw.unwrap_or(usual) {
        if texts {
            return Ok((decoded(), "written by the most likely characters; --draw draws them"));
        }
        return Ok((decoded(), "means of p(x|z); --draw draws from it, with the spread of examples"));
    }
    let count = codes.shape()[0];
    let parts: Vec<Tensor<f32>> =
        (0..count).step_by(BATCH).filter_map(|from| draws(from, count.min(from + BATCH))).collect();
    let x = Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0);
    if texts {
        return Ok((x, "drawn character by character; --mean takes the most likely ones"));
    }
    Ok((x, "drawn from p(x|z); --mean takes its means, which vary less"))
}

/// Codes from the prior, and the class of each where the model has classes.
fn from_prior(run: &Run, options: &Options) -> Result<(Tensor<f32>, Option<Vec<u32>>)> {
    let classes = run.preparation.classes.max(1) as u32;
    let class = options.class.map(|name| class(run, name)).transpose()?;
    let labels: Option<Vec<u32>> = run.entry.draws_classes.then(|| match class {
        Some(class) => vec![class; options.count],
        None => (0..options.count).map(|i| (i % classes as usize) as u32).collect(),
    });
    let numbers: Vec<usize> = (0..options.count).collect();
    let context = Context::sampling(options.seed, &numbers).with_labels(labels.clone());
    let codes = run.model.sample(context).ok_or_else(|| {
        Error::unsupported(format!(
            "the model `{}` has no prior to draw from; draw from a mixture of Gaussians fitted to its codes: \
             --mixture 10",
            run.entry.name
        ))
    })?;
    Ok((codes, labels))
}

/// The number of a class that is given by its name or by its number.
fn class(run: &Run, given: &str) -> Result<u32> {
    if !run.entry.draws_classes {
        let name = run.entry.name;
        return Err(Error::unsupported(format!(
            "the model `{name}` draws from all examples and knows no classes; leave --class away, or train \
             `cvae`"
        )));
    }
    let (names, classes) = (&run.preparation.class_names, run.preparation.classes);
    let number = || given.parse().ok().filter(|number| *number < classes);
    if let Some(class) = names.iter().position(|name| name == given).or_else(number) {
        return Ok(class as u32);
    }
    if names.is_empty() {
        return Err(Error::setting(
            "class",
            format!("there is no class {given}; the run has {classes}, from 0 on"),
        ));
    }
    let near = nearest(given, names.iter().map(String::as_str));
    let near = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    let names: Vec<String> =
        names.iter().enumerate().map(|(number, name)| format!("{name} ({number})")).collect();
    Err(Error::setting(
        "class",
        format!("there is no class `{given}`{near}; the classes are {}", names.join(", ")),
    ))
}

/// A column of classes, called as in the training data.
pub fn of_classes(run: &Run, classes: &[u32]) -> (String, Vec<String>) {
    let name = match &run.preparation.reading.label {
        Some(Column::Name(name)) => name.clone(),
        _ => "class".to_owned(),
    };
    let called = |class: &u32| {
        run.preparation.class_names.get(*class as usize).cloned().unwrap_or_else(|| class.to_string())
    };
    (name, classes.iter().map(called).collect())
}

/// Draws from the density of the training codes, which stands in for a prior (Ghosh et al. 2020).
fn from_mixture(run: &Run, components: usize, options: &Options) -> Result<Tensor<f32>> {
    let mixture = GaussianMixture::fit(&run.reference()?.codes, components, options.seed)?;
    Ok(mixture.sample(options.count, &mut generator(options.seed, Purpose::Sample, 0, 0)))
}
