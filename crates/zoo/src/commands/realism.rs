//! `zoo sample --judge`: samples beside real examples, and beside those of a mixture on PCA.

use nn::{Error, Purpose, Result, generator};
use serde_json::json;
use zoo::AnyModel;
use zoo::data::sample;
use zoo::mixture::GaussianMixture;
use zoo::run::Run;
use zoo::uses::realism::{Judge, Realism};
use zoo::uses::sample::{Options, Sampled, sample as new_examples};

use super::progress::Spinner;
use super::{Outcome, json as pretty};

/// Real examples at most, and samples as many.
const MOST: usize = 2000;
/// Gaussians of the mixture.
const COMPONENTS: usize = 10;
/// Principal components that the mixture is fitted on.
const CODE: usize = 32;

/// The figures of a model, of a mixture, and of training examples, which have the best that samples can have.
pub(super) fn run(run: &Run, options: &Options, as_json: bool) -> Result<Outcome> {
    let (test, _) = run.examples(1)?;
    let (train, _) = run.examples(0)?;
    let spinner = Spinner::new("judging");
    let some = |x: &nn::Dataset, most: usize| x.rows(&sample(x.len(), None, most));
    let (real, learnt) = (some(&test.data, MOST), some(&train.data, 10 * MOST));
    let judge = Judge::fit(&learnt, &real)?;
    let count = real.shape()[0];
    if train.data.len() <= 3 {
        return Err(Error::data("there are too few training examples to judge samples by"));
    }
    let Sampled { x: samples, how, .. } = new_examples(run, &Options { count, ..*options })?;
    let pca = zoo::models::pca::Pca::fit(&learnt, CODE.min(learnt.shape()[1]).min(learnt.shape()[0]));
    let mixture = GaussianMixture::fit(&pca.encode(&learnt), COMPONENTS, options.seed)?;
    let of_mixture = pca.decode(&mixture.sample(count, &mut generator(options.seed, Purpose::Sample, 0, 1)));
    let rows = [
        (run.entry.name.to_owned(), judge.of(&samples)),
        (format!("{COMPONENTS} Gaussians on PCA"), judge.of(&of_mixture)),
        ("training examples".to_owned(), judge.of(&some(&train.data, count))),
    ];
    drop(spinner);
    if as_json {
        let row = |(name, found): &(String, Realism)| json!({"name": name, "realism": found});
        let value = json!({
            "run": run.folder,
            "examples": count,
            "components": judge.components(),
            "samples": how,
            "figures": rows.iter().map(row).collect::<Vec<_>>(),
        });
        return Ok(Outcome::Done(pretty(&value)));
    }
    let mut text = format!(
        "{count} samples beside {count} test examples, in their first {} principal components\n\n",
        judge.components()
    );
    text += &format!("  {:<24}{:>10}{:>10}{:>10}\n", "", "precision", "recall", "MMD²");
    for (name, Realism { precision, recall, mmd }) in &rows {
        text += &format!("  {name:<24}{precision:>10.3}{recall:>10.3}{mmd:>10.4}\n");
    }
    text += &format!("\n  samples are {how}\n");
    text += "  precision  the fraction of samples that lie among test examples\n";
    text += "  recall     the fraction of test examples that lie among samples\n";
    text +=
        "  MMD²       the distance of both distributions; training examples have what chance makes of it\n";
    Ok(Outcome::Done(text))
}
