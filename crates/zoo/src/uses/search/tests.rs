use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use autograd::Tensor;
use nn::Dataset;

use super::*;
use crate::data::digits;
use crate::registry;
use crate::train::Plan;

fn bowl(settings: &Table, _: f64) -> Result<f64> {
    let [x, y] = ["x", "y"].map(|name| settings[name].as_float().unwrap());
    Ok((x - 0.3).powi(2) + (y + 0.2).powi(2))
}

fn search(strategy: Strategy, trials: usize, seed: u64) -> Search {
    let range = || Range::Real { low: -1.0, high: 1.0, log: false };
    let space = Space::new([("x", range()), ("y", range())]);
    Search { about: "a bowl".into(), space, strategy, trials, at_once: 1, seed }
}

#[test]
fn the_estimator_beats_chance() {
    let end = |strategy: Strategy| -> f64 {
        let losses =
            (0..10).map(|seed| search(strategy, 60, seed).run(None, bowl).unwrap().best().unwrap().loss());
        losses.map(f64::ln).sum::<f64>() / 10.0
    };
    let (tpe, random) = (end(Strategy::Tpe), end(Strategy::Random));
    assert!(tpe < random - 1.0, "mean of ln loss: {tpe} {random}");
}

#[test]
fn halving_spends_little_on_the_bad() {
    let study = search(Strategy::Halving { factor: 3 }, 27, 1)
        .run(None, |settings, budget| Ok(bowl(settings, budget)? + 0.1 * (1.0 - budget)))
        .unwrap();
    let count = |budget: f64| study.trials.iter().filter(|t| (t.budget - budget).abs() < 1e-12).count();
    assert_eq!([1.0 / 27.0, 1.0 / 9.0, 1.0 / 3.0, 1.0].map(count), [27, 9, 3, 1]);
    // All of them together cost four trials with the whole budget.
    assert!((study.trials.iter().map(|t| t.budget).sum::<f64>() - 4.0).abs() < 1e-12);
    let best = study.best().unwrap();
    assert_eq!(best.budget, 1.0);
    let first = study.trials[..27].iter().min_by(|a, b| a.loss().total_cmp(&b.loss())).unwrap();
    assert_eq!(best.point, first.point);
    assert_eq!(rungs(10, 2), [10, 5, 2, 1]);
}

#[test]
fn an_interrupted_search_ends_with_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    for strategy in [Strategy::Random, Strategy::Halving { factor: 2 }, Strategy::Tpe] {
        let search = search(strategy, 16, 3);
        let whole = folder.path().join("whole.json");
        let study = search.run(Some(&whole), bowl).unwrap();
        assert!(study.trials.len() >= 16);
        for stop in [1, 12] {
            let path = folder.path().join("interrupted.json");
            let mut calls = 0;
            // The state after some trials is what a killed program leaves behind.
            let part = Study { search: search.clone(), trials: study.trials[..stop].to_vec() };
            std::fs::write(&path, serde_json::to_vec_pretty(&part).unwrap()).unwrap();
            let again = search.run(Some(&path), |settings, budget| {
                calls += 1;
                bowl(settings, budget)
            });
            assert_eq!(again.unwrap(), study);
            assert_eq!(calls, study.trials.len() - stop);
            assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&whole).unwrap());
        }
        std::fs::remove_file(&whole).unwrap();
    }
}

#[test]
fn searches_that_share_a_file_end_with_the_bits_of_one() {
    let folder = tempfile::tempdir().unwrap();
    for strategy in [Strategy::Random, Strategy::Halving { factor: 2 }, Strategy::Tpe] {
        let search = Search { at_once: 3, ..search(strategy, 17, 5) };
        let alone = folder.path().join("alone.json");
        let study = search.run(Some(&alone), bowl).unwrap();
        let path = folder.path().join("shared.json");
        // A trial that was begun by a process that died.
        let begun = Trial { outcome: Outcome::Open, ..study.trials[0].clone() };
        let died = Study { search: search.clone(), trials: vec![begun] };
        std::fs::write(&path, serde_json::to_vec_pretty(&died).unwrap()).unwrap();
        let calls = AtomicUsize::new(0);
        let objective = |settings: &Table, budget: f64| {
            calls.fetch_add(1, Ordering::Relaxed);
            // Long or short, so that trials do not end in the order in which they begin.
            std::thread::sleep(Duration::from_millis(
                (settings["x"].as_float().unwrap().abs() * 20.0) as u64,
            ));
            bowl(settings, budget)
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| assert_eq!(search.run(Some(&path), objective).unwrap(), study));
            }
        });
        assert_eq!(calls.load(Ordering::Relaxed), study.trials.len(), "{strategy:?}: nothing is done twice");
        assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&alone).unwrap());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no lock is left");
        std::fs::remove_file(&alone).unwrap();
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn more_trials_go_on() {
    let folder = tempfile::tempdir().unwrap();
    for strategy in [Strategy::Random, Strategy::Tpe] {
        let path = folder.path().join("state.json");
        search(strategy, 5, 3).run(Some(&path), bowl).unwrap();
        let study = search(strategy, 16, 3).run(Some(&path), bowl).unwrap();
        assert_eq!(study, search(strategy, 16, 3).run(None, bowl).unwrap());
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn nothing_is_tried_twice() {
    let code = |low, high| ("code", Range::Whole { low, high, log: true });
    let kind = ("kind", Range::Choice(vec!["a".into(), "b".into()]));
    let loss = |settings: &Table, _: f64| Ok(settings["code"].as_float().unwrap_or(1.0));
    for strategy in [Strategy::Random, Strategy::Halving { factor: 3 }, Strategy::Tpe] {
        let with = |space, trials| Search { space, ..search(strategy, trials, 0) };
        let study = with(Space::new([code(1, 20), kind.clone()]), 30).run(None, loss).unwrap();
        let tried = |study: &Study| -> BTreeSet<String> {
            study.trials.iter().map(|trial| trial.settings.to_string()).collect()
        };
        assert_eq!(tried(&study).len(), 30, "{strategy:?}");
        let few = with(Space::new([code(1, 3), kind.clone()]), 30).run(None, loss).unwrap();
        assert_eq!(tried(&few).len(), 6, "{strategy:?}");
        let first = few.trials.iter().take(6).map(|trial| trial.settings.to_string());
        assert_eq!(first.collect::<BTreeSet<_>>().len(), 6, "{strategy:?}");
        assert_eq!(few.trials.len(), if strategy == (Strategy::Halving { factor: 3 }) { 9 } else { 6 });
    }
}

#[test]
fn failures_are_trials() {
    let study = search(Strategy::Tpe, 20, 0)
        .run(None, |settings, budget| match settings["x"].as_float().unwrap() {
            ..0.0 => Ok(f64::NAN),
            0.9.. => Err(Error::setting("x", "too large")),
            _ => bowl(settings, budget),
        })
        .unwrap();
    assert_eq!(study.trials.len(), 20);
    assert!(study.trials.iter().any(|t| t.outcome == Outcome::Failed("the loss is NaN".into())));
    assert!(study.best().unwrap().loss().is_finite());
    let none = search(Strategy::Random, 3, 0).run(None, |_, _| Ok(f64::NAN)).unwrap();
    assert_eq!(none.best(), None);
}

#[test]
fn files_of_other_searches_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    let original = search(Strategy::Tpe, 12, 0);
    original.run(Some(&path), bowl).unwrap();
    let text = search(Strategy::Tpe, 12, 1).run(Some(&path), bowl).unwrap_err().to_string();
    assert!(text.contains("another search (a bowl), which has another seed (0, not 1); use"), "{text}");
    let mut narrow = search(Strategy::Random, 12, 0);
    narrow.space.0.insert("x".into(), Range::Real { low: 0.0, high: 1.0, log: false });
    let text = narrow.run(Some(&path), bowl).unwrap_err().to_string();
    assert!(text.contains("which has another range of `x` and another strategy; use"), "{text}");
    let text = search(Strategy::Tpe, 11, 0).run(Some(&path), bowl).unwrap_err().to_string();
    assert!(text.ends_with("it has 12 trials already; ask for as many or more"), "{text}");
    let content = std::fs::read_to_string(&path).unwrap();
    for (from, to) in [("\"budget\": 1.0", "\"budget\": 0.5"), ("\"trials\": [", "\"trials\": 7, \"x\": [")] {
        std::fs::write(&path, content.replacen(from, to, 1)).unwrap();
        let text = original.run(Some(&path), bowl).unwrap_err().to_string();
        assert!(text.contains("state.json: ") && text.contains("to begin anew"), "{text}");
    }
    assert!(search(Strategy::Halving { factor: 1 }, 4, 0).run(None, bowl).is_err());
    assert!(search(Strategy::Random, 0, 0).run(None, bowl).is_err());
}

#[test]
fn models_are_judged_by_examples_they_have_not_seen() {
    let data = digits().train;
    let entry = registry::find("pca").unwrap();
    let judge = |validation| Judge::new(entry, &data, Plan::default(), validation, Measure::SquaredError);
    let search = Search {
        about: "components".into(),
        space: Space::new([("code", Range::Whole { low: 1, high: 40, log: true })]),
        strategy: Strategy::Random,
        trials: 6,
        at_once: 1,
        seed: 0,
    };
    let judged = judge(Validation::Folds(3)).unwrap();
    let study = search.run(None, |settings, budget| judged.loss(settings, budget)).unwrap();
    // More components are always better for a squared error.
    let mut by_code: Vec<(i64, f64)> =
        study.trials.iter().map(|t| (t.settings["code"].as_integer().unwrap(), t.loss())).collect();
    by_code.sort_by_key(|&(code, _)| -code);
    assert!(by_code.is_sorted_by(|a, b| a.1 <= b.1), "{by_code:?}");
    assert!(judge(Validation::Fraction(0.0)).is_err() && judge(Validation::Folds(1)).is_err());
}

#[test]
fn gaps_do_not_judge() {
    let digits = digits().train;
    let data = Dataset::new(digits.rows(&(0..200).collect::<Vec<_>>()));
    // What stands in the gaps is grey, which no model can know to be so in every third place.
    let mask = Tensor::from_fn(data.x().shape(), |i| if i % 3 == 0 { 0.0 } else { 1.0 });
    let gaps = |guess: f32| {
        let x = data.x().zip(&mask, |x, known| if known == 1.0 { x } else { guess });
        data.clone().with_x(x).with_observed(mask.clone())
    };
    let entry = registry::find("vae").unwrap();
    let judged = |data: &Dataset| {
        let plan = Plan { epochs: 1, ..Plan::default() };
        let judge = Judge::new(entry, data, plan, Validation::Fraction(0.3), Measure::Loss).unwrap();
        judge.loss(&Table::new(), 1.0).unwrap()
    };
    let (some, all) = (judged(&gaps(0.5)), judged(&data));
    assert!(some < 0.8 * all, "the loss of two thirds of the values is {some}, that of all is {all}");
}

#[test]
fn plans_are_searched_too() {
    let data = digits().train;
    let entry = registry::find("ae").unwrap();
    let plan = Plan { epochs: 4, ..Plan::default() };
    let judge = Judge::new(entry, &data, plan, Validation::Fraction(0.3), Measure::Loss).unwrap();
    let with = |rate: f64, budget: f64| {
        judge.loss(&Table::from_iter([("train.learning_rate".to_owned(), rate.into())]), budget)
    };
    assert!(with(1e-2, 1.0).unwrap() < with(1e-2, 0.25).unwrap(), "a larger budget trains longer");
    assert!(with(1e-2, 1.0).unwrap() < with(1e-6, 1.0).unwrap());
    assert!(with(1e18, 1.0).unwrap_err().to_string().contains("loss became"));
    let unknown = Table::from_iter([("train.learning_rat".to_owned(), 1.0.into())]);
    assert!(judge.loss(&unknown, 1.0).unwrap_err().to_string().contains("train."));
}
