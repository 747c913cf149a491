//! The end of a training on texts, and what it came to.

use nn::{Error, Result};
use serde_json::json;
use zoo::data::Rows;
use zoo::plot::png;
use zoo::reference::{self, Reference};
use zoo::run::Run;
use zoo::tendency::Tendency;
use zoo::uses::texts::Quality;
use zoo::{evaluate, pictures, run};

use super::eval::likelihood_of;
use super::examples::{called, rows};
use super::finish::{Missing, Trained, caption};
use super::progress::Spinner;
use super::{Outcome, json as pretty, terminal};
use crate::cli::EvalArgs;

/// Texts that are shown beside their reconstructions.
const SHOWN: usize = 4;

/// Saves the model, measures it, writes what the run keeps of its data, and draws.
pub(super) fn finish(trained: Trained<'_>) -> Result<String> {
    let Trained { setup, model, folder, epochs, started, interrupted, json } = trained;
    let zoo::config::Setup { entry, config, data, origins, preparation, .. } = setup;
    let spinner = Spinner::new("measuring and drawing");
    model.save(&folder.path().join(run::MODEL), run::metadata(config, preparation))?;
    let place = folder.path().display();
    let mut missing = Missing::default();
    let seed = config.train.seed;
    let learn = || Ok(Reference::of_texts(model, data, origins, preparation.examples, seed));
    let Some((reference, quality)) = missing.without("the measurement", learn) else {
        drop(spinner);
        return Ok(missing.told(format!("The model is in {place}\n")));
    };
    check(&quality)?;
    let seconds = started.elapsed().as_secs_f64();
    let about = json!({
        "test": quality, "epochs": epochs.len(), "interrupted": interrupted, "seconds": seconds,
    });
    missing.without(run::METRICS, || folder.append(run::METRICS, &about.to_string()));
    let path = folder.path().join(reference::EXAMPLES);
    missing.without(reference::EXAMPLES, || reference.write(&path, model));
    let test = &reference.data.test;
    let caption = caption(entry, config, &data.name, epochs.len());
    missing.without("codes.png", || {
        let codes = evaluate::codes(model, test);
        folder.write("codes.png", &png(&pictures::code_map(&caption, &codes, test, &[])))
    });
    missing.without("loss.png", || match pictures::loss_beside(&caption, epochs, "test", "text", &[]) {
        Some(picture) => folder.write("loss.png", &png(&picture)),
        None => Ok(()),
    });
    missing.without("report.html", || trained.write_page(&reference, seconds));
    drop(spinner);
    let [train, tests] = reference.examples;
    if json {
        let mut whole = about;
        whole["run"] = json!(folder.path());
        whole["model"] = entry.name.into();
        whole["data"] = config.data.clone().into();
        whole["training_examples"] = train.into();
        whole["test_examples"] = tests.into();
        whole["code"] = reference.codes.shape()[1].into();
        return Ok(missing.told(pretty(&whole)));
    }
    let mut text = format!("{} on {} ({train} training and {tests} test texts)\n", entry.name, data.name);
    let how = if interrupted { "stopped after" } else { "trained for" };
    let count = if epochs.len() == 1 { "epoch" } else { "epochs" };
    text += &format!("{how} {} {count} in {seconds:.1} s\n", epochs.len());
    text += &format!("\n{}", table(entry.name, reference.codes.shape()[1], &quality));
    if let Some(tendency) = Tendency::of(epochs).filter(|_| !interrupted) {
        text += &format!("\n{}", terminal::wrapped(&tendency.to_string(), 2, 80));
    }
    let some = test.range(0..test.len().min(SHOWN));
    let written = model.decode(&model.encode(some.x()));
    let texts = |x| preparation.texts(x).unwrap_or_default();
    text += "\n  test texts, each above what comes back\n";
    for (before, after) in texts(some.x()).iter().zip(texts(&written)) {
        text += &format!(
            "    {}\n  → {}\n",
            terminal::one_line_of(before, 76),
            terminal::one_line_of(&after, 76)
        );
    }
    text += &format!("\nSettings, metrics, checkpoint, pictures and report.html are in {place}\n");
    Ok(missing.told(text))
}

/// Refuses figures that are no numbers.
fn check(quality: &Quality) -> Result<()> {
    match quality.bits_per_character.is_finite() {
        true => Ok(()),
        false => Err(Error::data(
            "on the test texts the loss is no finite number; lower the learning rate (zoo train --lr)",
        )),
    }
}

/// The figures in lines.
fn table(name: &str, code: usize, quality: &Quality) -> String {
    let Quality { bits_per_character, perplexity, exact, bits_by_frequency, wrong, characters, .. } = quality;
    let name = format!("{name}, code {code}");
    let others = "frequencies alone";
    let width = name.len().max(others.len());
    let mut text = format!("  {:width$}  bits/character  perplexity  exact texts\n", "test texts");
    text += &format!(
        "  {name:width$}  {bits_per_character:>14.3}  {perplexity:>10.3}  {:>9.1} %\n",
        100.0 * exact
    );
    let entropy = bits_by_frequency.exp2();
    text += &format!("  {others:width$}  {bits_by_frequency:>14.3}  {entropy:>10.3}\n");
    text += &format!(
        "\n  {wrong:.2} of the {characters:.1} characters of a text come back wrong (its end counts as one)\n"
    );
    if let Some(bits) = quality.bits_in_all {
        text += &format!("  {bits:.3} bits per character with what the code costs\n");
    }
    text
}

/// `zoo eval` of a model of texts.
pub(super) fn eval(run: &Run, args: &EvalArgs) -> Result<Outcome> {
    let Rows { data, .. } = rows(run, &args.rows)?;
    let spinner = Spinner::new("measuring");
    let (model, seed) = (&*run.model, run.config.train.seed);
    let quality = Quality::measure(model, &data, seed);
    check(&quality)?;
    let nll = likelihood_of(run, &data, args)?;
    drop(spinner);
    let (data_name, code) = (called(run, &args.rows), run.code());
    if args.json.json {
        let value = json!({
            "model": run.entry.name,
            "run": run.folder,
            "data": data_name,
            "examples": data.len(),
            "code": code,
            "test": quality,
            "nll": nll.map(|nll| json!({
                "nats": nll.nats, "draws": args.likelihood, "effective_samples": nll.effective_samples,
                "bits_per_character": nll.nats / (quality.characters * std::f64::consts::LN_2),
            })),
        });
        return Ok(Outcome::Done(pretty(&value)));
    }
    let mut text = format!("{} on {data_name} ({} texts)\n\n", run.entry.name, data.len());
    text += &table(run.entry.name, code, &quality);
    if let Some(nll) = nll {
        text += &format!(
            "  −ln p(x) ≤ {:.3} nats, {:.3} bits per character, with {} draws for each text (of which {:.1} count)\n",
            nll.nats,
            nll.nats / (quality.characters * std::f64::consts::LN_2),
            args.likelihood.unwrap_or(0),
            nll.effective_samples
        );
    }
    Ok(Outcome::Done(text))
}
