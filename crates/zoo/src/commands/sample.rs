//! `zoo sample`.

use autograd::Tensor;
use nn::{Context, Error, Purpose, Result, generator};
use zoo::mixture::GaussianMixture;
use zoo::run::Run;
use zoo::settings::check_size;

use super::Outcome;
use super::encode::decoded;
use super::examples::{image_size, images, sheet};
use super::output::Target;
use super::progress::Spinner;
use crate::cli::SampleArgs;

/// New examples from the prior, or from a mixture fitted to codes.
pub(crate) fn run(args: &SampleArgs) -> Result<Outcome> {
    let target = Target::new(&args.out)?;
    if args.count == 0 {
        return Err(Error::Invalid("at least 1 example must be made (--count 1)".into()));
    }
    let run = Run::open(&args.run)?;
    let width = run.preparation.features + run.code();
    check_size(&format!("--count {}", args.count), args.count as f64 * width as f64)?;
    if target.is_picture() {
        image_size(&run)?;
    }
    let codes = match args.mixture {
        Some(components) => from_mixture(&run, components, args)?,
        None => from_prior(&run, args)?,
    };
    let x = decoded(&run, &codes);
    let columns = (args.count as f64).sqrt().ceil() as usize;
    target.put(|| Ok(sheet(&run, None, &x)), || images(&run, "New examples", columns, &x))
}

fn from_prior(run: &Run, args: &SampleArgs) -> Result<Tensor<f32>> {
    let classes = run.preparation.classes as u32;
    if args.class.is_some() && !run.entry.draws_classes() {
        let name = run.entry.name;
        return Err(Error::Invalid(format!(
            "the model `{name}` draws from all examples and knows no classes; leave --class away, or train \
             `cvae`"
        )));
    }
    if let Some(class) = args.class.filter(|class| *class >= classes) {
        return Err(Error::Invalid(format!("there is no class {class}; the run has {classes}, from 0 on")));
    }
    let numbers: Vec<usize> = (0..args.count).collect();
    let context = Context::sampling(args.seed, &numbers);
    let context = match args.class {
        Some(class) => context.with_labels(Some(vec![class; args.count])),
        None if run.entry.draws_classes() => {
            context.with_labels(Some((0..args.count).map(|i| i as u32 % classes.max(1)).collect()))
        }
        None => context,
    };
    run.model.sample(context).ok_or_else(|| {
        Error::Invalid(format!(
            "the model `{}` has no prior to draw from; draw from a mixture of Gaussians fitted to its codes: \
             --mixture 10",
            run.entry.name
        ))
    })
}

/// Draws from the density of the training codes, which stands in for a prior (Ghosh et al. 2020).
fn from_mixture(run: &Run, components: usize, args: &SampleArgs) -> Result<Tensor<f32>> {
    let _spinner = Spinner::new("fitting a mixture to the training codes");
    let mixture = GaussianMixture::fit(&run.reference()?.codes, components, args.seed)?;
    Ok(mixture.sample(args.count, &mut generator(args.seed, Purpose::Sample, 0, 0)))
}
