//! The end of the training of a recommender, and what it came to: lists or ratings beside those of simpler models.

use std::path::Path;

use nn::{Error, Result};
use serde_json::{Value, json};
use zoo::config::Setup;
use zoo::data::Reading;
use zoo::plot::png;
use zoo::recommend::{HIDDEN, Judged, Part, Quality, Recommender, Study, hide};
use zoo::run::Run;
use zoo::tendency::Tendency;
use zoo::{pictures, run};

use super::finish::{Missing, Trained, caption};
use super::progress::Spinner;
use super::terminal::{self, say_notes};
use super::{Outcome, json as pretty};
use crate::cli::EvalArgs;

/// Saves the model, judges it, and draws its loss.
pub(super) fn finish(trained: Trained<'_>) -> Result<String> {
    let Trained { setup, model, folder, epochs, started, interrupted, json } = trained;
    let Setup { entry, config, preparation, study, .. } = setup;
    let study = study.as_ref().expect("a recommender learns from a study");
    let spinner = Spinner::new("judging");
    model.save(&folder.path().join(run::MODEL), run::metadata(config, preparation))?;
    let recommender = Recommender { model, preparation };
    let figures = figures(entry.name, &recommender, study);
    check(&figures)?;
    let validation = recommender.judged(entry.name, &study.judged(Part::Validation));
    let mut missing = Missing::default();
    let about = json!({
        "test": figures,
        "validation": [validation],
        "epochs": epochs.len(),
        "interrupted": interrupted,
        "seconds": started.elapsed().as_secs_f64(),
    });
    missing.without(run::METRICS, || folder.append(run::METRICS, &about.to_string()));
    let caption = caption(entry, config, &config.data, epochs.len());
    missing.without("loss.png", || {
        match pictures::loss_beside(&caption, epochs, "validation", "user", &[]) {
            Some(picture) => folder.write("loss.png", &png(&picture)),
            None => Ok(()),
        }
    });
    drop(spinner);
    if json {
        let mut whole = about;
        whole["run"] = json!(folder.path());
        whole["model"] = entry.name.into();
        whole["data"] = config.data.clone().into();
        whole["users"] = json!(study.users.each_ref().map(Vec::len));
        whole["items"] = study.all.items.len().into();
        return Ok(missing.told(pretty(&whole)));
    }
    let mut text = format!("{} on {} ({})\n", entry.name, config.data, parts(study));
    if !epochs.is_empty() {
        let how = if interrupted { "stopped after" } else { "trained for" };
        let count = if epochs.len() == 1 { "epoch" } else { "epochs" };
        text += &format!("{how} {} {count} in {:.1} s\n", epochs.len(), started.elapsed().as_secs_f64());
    }
    text += &format!("\n{}", table(&figures));
    if let Some(tendency) = Tendency::of(epochs).filter(|_| !interrupted) {
        text += &format!("\n{}", terminal::wrapped(&tendency.to_string(), 2, 80));
    }
    let place = folder.path().display();
    text += &format!(
        "\nSettings, metrics, checkpoint and loss.png are in {place}; users cannot be looked at as pictures can, so there \
         is no report.html\nLists for its users: zoo recommend {place} --top 10\n"
    );
    Ok(missing.told(text))
}

/// The figures of the model and of those that it stands beside.
fn figures(name: &str, recommender: &Recommender<'_>, study: &Study) -> Vec<Judged> {
    let test = study.judged(Part::Test);
    let mut all = vec![recommender.judged(name, &test)];
    all.extend(recommender.rivals(study, &test));
    all
}

/// Refuses figures that are no numbers.
fn check(figures: &[Judged]) -> Result<()> {
    let good = |judged: &Judged| match judged.quality {
        Quality::Lists(lists) => lists.ndcg_100.is_finite(),
        Quality::Errors(errors) => errors.rmse.is_finite(),
    };
    match figures.iter().find(|judged| !good(judged)) {
        None => Ok(()),
        Some(judged) => {
            let name = &judged.name;
            Err(Error::data(format!(
                "the figures of {name} are no finite numbers; lower the learning rate (zoo train --lr)"
            )))
        }
    }
}

/// Sizes of the parts, in words.
fn parts(study: &Study) -> String {
    let (items, [train, validation, test]) = (study.all.items.len(), study.users.each_ref().map(Vec::len));
    let count = |part| study.judged(part)[1].entries();
    match study.is_rated() {
        true => format!(
            "{train} users, {items} items, {} training, {} validation and {} test ratings",
            study.train().entries(),
            count(Part::Validation),
            count(Part::Test)
        ),
        false => format!("{train} training, {validation} validation and {test} test users, {items} items"),
    }
}

/// A line for each model.
fn table(figures: &[Judged]) -> String {
    let width = figures.iter().map(|judged| judged.name.len()).max().unwrap_or(0).max(12);
    let mut text = String::new();
    for Judged { name, quality } in figures {
        let (title, heads, values) = match *quality {
            Quality::Lists(lists) => (
                "test users",
                vec!["Recall@20", "Recall@50", "NDCG@100"],
                vec![lists.recall_20, lists.recall_50, lists.ndcg_100],
            ),
            Quality::Errors(errors) => ("test ratings", vec!["RMSE", "MAE"], vec![errors.rmse, errors.mae]),
        };
        if text.is_empty() {
            let heads: String = heads.iter().map(|head| format!("  {head:>9}")).collect();
            text = format!("  {title:width$}{heads}\n");
        }
        let values: String = values.iter().map(|value| format!("  {value:>9.4}")).collect();
        text += &format!("  {name:width$}{values}\n");
    }
    text
}

/// `zoo eval` of a recommender: on its test users, or on all users of other data, of whose choices a part is hidden.
pub(super) fn eval(run: &Run, args: &EvalArgs) -> Result<Outcome> {
    let Run { entry, preparation, model, .. } = run;
    if args.likelihood.is_some() || args.rows.part.is_some() {
        let problem = "a recommender is judged by lists for users whom it has not met; leave --likelihood and --part away";
        return Err(Error::setting("part", problem));
    }
    let recommender = Recommender { model: &**model, preparation };
    let spinner = Spinner::new("judging");
    let (figures, about) = match &args.rows.data {
        None => {
            let study = run.study()?;
            (figures(entry.name, &recommender, &study), parts(&study))
        }
        Some(source) => {
            let given = args.rows.reading.over(Reading::default());
            let read = preparation.read_choices(source, &given)?;
            say_notes(&read.notes);
            let choices = preparation.reading.choices.clone().unwrap_or_default();
            let learnt = read.learnt(&choices);
            let enough: Vec<usize> = (0..read.users.len())
                .filter(|&user| learnt.row(user).len() >= choices.fewest.max(2))
                .collect();
            if enough.is_empty() {
                let problem = format!(
                    "no user has {} or more choices of items that the model knows, so nothing can be hidden to judge by",
                    choices.fewest.max(2)
                );
                return Err(Error::file(Path::new(source), problem));
            }
            let parts = hide(&learnt.select(&enough), HIDDEN, 0);
            let about = format!("{} users, {} items", enough.len(), read.items.len());
            (vec![recommender.judged(entry.name, &parts)], about)
        }
    };
    drop(spinner);
    check(&figures)?;
    let data = args.rows.data.as_ref().unwrap_or(&run.config.data);
    if args.json.json {
        let value: Value = json!({"model": entry.name, "run": run.folder, "data": data, "test": figures});
        return Ok(Outcome::Done(pretty(&value)));
    }
    Ok(Outcome::Done(format!("{} on {data} ({about})\n\n{}", entry.name, table(&figures))))
}
