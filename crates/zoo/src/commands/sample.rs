//! `zoo sample`.

use autograd::Tensor;
use nn::checkpoint::nearest;
use nn::data::table::Column;
use nn::{Context, Error, Purpose, Result, generator};
use zoo::mixture::GaussianMixture;
use zoo::run::Run;
use zoo::settings::check_size;

use super::Outcome;
use super::encode::decoded;
use super::examples::{image_size, images, open, sheet};
use super::output::{Sheet, Target};
use super::progress::{Spinner, note};
use crate::cli::SampleArgs;

/// Examples that are drawn together.
const BATCH: usize = 500;

/// New examples from the prior, or from a mixture fitted to codes.
pub(crate) fn run(args: &SampleArgs) -> Result<Outcome> {
    let target = Target::new(&args.out)?;
    if args.count == 0 {
        return Err(Error::setting("count", "at least 1 example must be made (--count 1)"));
    }
    let run = open(&args.run)?;
    let width = run.preparation.features + run.code();
    check_size(&format!("--count {}", args.count), args.count as f64 * width as f64)?;
    if target.is_picture() {
        image_size(&run)?;
    }
    let (codes, classes) = match args.mixture {
        Some(components) => (from_mixture(&run, components, args)?, None),
        None => from_prior(&run, args)?,
    };
    let (x, how) = examples(&run, args, &codes)?;
    note(&format!("these are {how}"));
    let columns = (args.count as f64).sqrt().ceil() as usize;
    let table = || Sheet {
        texts: classes.map(|classes| of_classes(&run, &classes)).into_iter().collect(),
        ..sheet(&run, None, &x)
    };
    target.put(|| Ok(table()), || images(&run, &format!("New examples: {how}"), columns, &x))
}

/// Output of the decoder for some codes, and a sentence about it.
fn examples(run: &Run, args: &SampleArgs, codes: &Tensor<f32>) -> Result<(Tensor<f32>, &'static str)> {
    let draws = |from: usize, to: usize| {
        let numbers: Vec<usize> = (from..to).collect();
        // Another generator than that of the codes, or both would have the same noise.
        run.model.draw(&codes.slice(0, from..to), Context::evaluation(args.seed, &numbers))
    };
    if draws(0, 1).is_none() {
        let name = run.entry.name;
        return match args.draw || args.mean {
            true => Err(Error::unsupported(format!(
                "the decoder of `{name}` is a function and no distribution p(x|z) to draw from or to take the mean of; \
                 leave --draw and --mean out"
            ))),
            false => Ok((
                decoded(run, codes),
                "decoded codes; they vary less than examples do, as the model has no p(x|z)",
            )),
        };
    }
    // Pictures are looked at, and a coin for every pixel is noise; and where values are no coins, such draws are none.
    let coins = !run.preparation.has_kinds()
        && run.config.setting("likelihood").and_then(toml::Value::as_str) == Some("bernoulli");
    if args.mean || !args.draw && (run.preparation.shape().is_some() || coins) {
        return Ok((
            decoded(run, codes),
            "means of p(x|z); --draw draws from it, with the spread of examples",
        ));
    }
    let _spinner = Spinner::new("drawing");
    let count = codes.shape()[0];
    let parts: Vec<Tensor<f32>> =
        (0..count).step_by(BATCH).filter_map(|from| draws(from, count.min(from + BATCH))).collect();
    let x = Tensor::concat(&parts.iter().collect::<Vec<_>>(), 0);
    Ok((x, "drawn from p(x|z); --mean takes its means, which vary less"))
}

/// Codes from the prior, and the class of each where the model has classes.
fn from_prior(run: &Run, args: &SampleArgs) -> Result<(Tensor<f32>, Option<Vec<u32>>)> {
    let classes = run.preparation.classes.max(1) as u32;
    let class = args.class.as_deref().map(|name| class(run, name)).transpose()?;
    let labels: Option<Vec<u32>> = run.entry.draws_classes.then(|| match class {
        Some(class) => vec![class; args.count],
        None => (0..args.count).map(|i| (i % classes as usize) as u32).collect(),
    });
    let numbers: Vec<usize> = (0..args.count).collect();
    let context = Context::sampling(args.seed, &numbers).with_labels(labels.clone());
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
pub(super) fn of_classes(run: &Run, classes: &[u32]) -> (String, Vec<String>) {
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
fn from_mixture(run: &Run, components: usize, args: &SampleArgs) -> Result<Tensor<f32>> {
    let _spinner = Spinner::new("fitting a mixture to the training codes");
    let mixture = GaussianMixture::fit(&run.reference()?.codes, components, args.seed)?;
    Ok(mixture.sample(args.count, &mut generator(args.seed, Purpose::Sample, 0, 0)))
}
