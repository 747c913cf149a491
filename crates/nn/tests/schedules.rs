//! Schedules against PyTorch (see `fixtures/optimizers.py`), as text, and of any length.

use std::collections::BTreeSet;

use nn::Schedule;
use nn::optim::{Phase, Plateau};

use crate::fixtures::{fixture, parsed};

/// The schedules of `optimizers.py`.
fn schedules() -> Vec<(&'static str, Schedule)> {
    let phase = |part, schedule| Phase { part, schedule };
    let cosine = Schedule::Cosine { floor: 0.0 };
    vec![
        ("constant", Schedule::Constant),
        ("step", Schedule::Step { every: 0.15, factor: 0.3 }),
        ("exponential", Schedule::Exponential { last: 0.01 }),
        ("linear", Schedule::Linear { last: 0.1 }),
        ("cosine", cosine.clone()),
        ("cosine, floor", Schedule::Cosine { floor: 0.1 }),
        ("one cycle", Schedule::one_cycle()),
        ("one cycle, all settings", Schedule::OneCycle { rise: 0.45, start: 0.1, last: 0.001 }),
        ("warm-up, cosine", Schedule::warmup(0.2, cosine)),
        (
            "sequence",
            Schedule::Sequence(vec![
                phase(0.2, Schedule::Constant),
                phase(0.4, Schedule::Exponential { last: 0.1 }),
                phase(0.4, Schedule::Step { every: 0.25, factor: 0.5 }),
            ]),
        ),
    ]
}

#[test]
fn schedules_are_those_of_pytorch() {
    let ours = schedules();
    let mut compared = BTreeSet::new();
    for (name, lines) in fixture("schedule").iter().filter(|(name, _)| *name != "plateau") {
        let theirs = parsed(lines[0]);
        let (_, schedule) =
            ours.iter().find(|(ours, _)| ours == name).unwrap_or_else(|| panic!("{name}: not here"));
        for (step, (a, b)) in schedule.factors(theirs.len()).into_iter().zip(&theirs).enumerate() {
            assert!((a - b).abs() < 1e-14, "{name}, step {step}: {a}, PyTorch {b}");
        }
        compared.insert(*name);
    }
    assert_eq!(compared.len(), ours.len());
}

#[test]
fn the_plateau_is_that_of_pytorch() {
    let cases = fixture("schedule");
    let (_, lines) = cases.iter().find(|(name, _)| *name == "plateau").unwrap();
    let theirs = parsed(lines[0]);
    let mut plateau = Plateau { patience: 2, threshold: 0.01, cooldown: 3, floor: 0.05, ..Plateau::new(0.5) };
    let loss = |k: f64| (-0.05 * k).exp() + 0.05 * (1.3 * k).sin();
    let ours: Vec<f64> = (0..theirs.len()).map(|k| plateau.observe(loss(k as f64))).collect();
    assert_eq!(ours, theirs);
    assert!(ours.contains(&0.25) && ours.last() == Some(&0.05), "it falls, and not below the floor");
}

#[test]
fn a_schedule_is_read_as_a_word_or_a_table_and_written_back() {
    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Settings {
        schedule: Schedule,
        seed: u64,
    }
    for (name, schedule) in schedules() {
        let settings = Settings { schedule, seed: 7 };
        let text = toml::to_string(&settings).unwrap();
        assert_eq!(toml::from_str::<Settings>(&text).unwrap(), settings, "{name}: {text}");
    }
    let written = |schedule| toml::to_string(&Settings { schedule, seed: 7 }).unwrap();
    assert_eq!(written(Schedule::Constant), "schedule = \"constant\"\nseed = 7\n");
    assert_eq!(written(Schedule::Cosine { floor: 0.0 }), "schedule = \"cosine\"\nseed = 7\n");

    let problem = |text: &str| toml::from_str::<Settings>(text).unwrap_err().message().to_owned();
    assert_eq!(
        problem("schedule = 'cosin'"),
        "unknown variant `cosin`, expected one of `constant`, `step`, `exponential`, `linear`, `cosine`, \
         `one_cycle`, `warmup`, `sequence`"
    );
    assert!(problem("schedule = 3").contains("a word such as \"cosine\" or a table such as"));
    assert_eq!(problem("schedule = { cosine = { flor = 0.1 } }"), "unknown field `flor`, expected `floor`");
    assert_eq!(
        problem("schedule = { warmup = { part = 5, then = 'constant' } }"),
        "`part` of the schedule is 5; it must be a part of the training, above 0 and at most 1"
    );
}

#[test]
fn schedules_in_words() {
    let texts: Vec<String> = schedules().iter().map(|(_, schedule)| schedule.to_string()).collect();
    assert_eq!(
        texts,
        [
            "constant",
            "times 0.3 after every 15 % of the steps",
            "exponential to 0.01",
            "linear to 0.1",
            "cosine to 0",
            "cosine to 0.1",
            "one cycle from 0.04 up over 30 % of the steps and down to 0.000004",
            "one cycle from 0.1 up over 45 % of the steps and down to 0.001",
            "warm-up over 20 % of the steps, then cosine to 0",
            "for 20 % of the steps constant, then for 40 % of the steps exponential to 0.1, \
             then for 40 % of the steps times 0.5 after every 25 % of the steps",
        ]
    );
}

#[test]
fn schedules_of_any_length_are_finite() {
    for (name, schedule) in schedules() {
        for of in 0..40 {
            let factors = schedule.factors(of);
            assert!(factors.iter().all(|x| (0.0..=1.0 + 1e-12).contains(x)), "{name} {of}: {factors:?}");
            assert!((0.0..=1.0).contains(&schedule.factor(of + 5, of)), "{name}: after the end");
        }
    }
}
