//! A search for settings: at random, by successive halving and by the tree-structured Parzen estimator. Stop
//! it and start it again with a folder as argument: it goes on where it was.
//!
//! You should see the best settings that each way has found, with their error on digits that no candidate was trained
//! on. Which way wins is a matter of luck with so few tries.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use zoo::data::digits;
use zoo::plot::{Series, curves, png};
use zoo::registry;
use zoo::train::Plan;
use zoo::uses::search::{Judge, Measure, Range, Search, Space, Strategy, Validation};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;

    let data = digits();
    let entry = registry::find("ae")?;
    let plan = Plan { epochs: 27, ..entry.plan(&data.train) };
    let (validation, measure) = (Validation::Fraction(0.25), Measure::SquaredError);
    let judge = Judge::new(entry, &data.train, plan, validation, measure)?;
    let widths = [16, 32, 64, 128].map(|width| vec![width].into()).to_vec();
    let space = Space::new([
        ("activation", Range::Choice(vec!["relu".into(), "tanh".into(), "sigmoid".into()])),
        ("hidden", Range::Choice(widths)),
        ("train.batch", Range::Whole { low: 16, high: 256, log: true }),
        ("train.learning_rate", Range::Real { low: 1e-4, high: 1e-1, log: true }),
    ]);

    let mut series = vec![];
    for (name, strategy, trials) in [
        ("random", Strategy::Random, 30),
        ("halving", Strategy::Halving { factor: 3 }, 27),
        ("TPE", Strategy::Tpe, 30),
    ] {
        let about = format!("an autoencoder of the digits with 8 numbers, 27 epochs, {name}");
        let search = Search { about, space: space.clone(), strategy, trials, at_once: 1, seed: 0 };
        let state = folder.join(format!("search-{name}.json"));
        let study = search.run(Some(&state), |settings, budget| judge.loss(settings, budget))?;
        let best = study.best().ok_or("every trial failed")?;
        let settings = best.settings.iter().map(|(name, value)| match value.as_float() {
            Some(number) => format!("{name} = {number:.4}"),
            None => format!("{name} = {value}"),
        });
        let settings = settings.collect::<Vec<_>>().join(", ");
        println!("{name}: SSE/img {:.3} with {settings}", best.loss());
        // What the search has cost, in trainings of all 27 epochs.
        let cost = study.trials.iter().scan(0.0, |sum, trial| {
            *sum += trial.budget;
            Some(*sum)
        });
        assert!(best.loss() < 2.5);
        series.push(Series { name: name.into(), points: cost.zip(study.best_so_far()).collect() });
    }
    let title = "The best settings so far\nautoencoder with 8 numbers, 27 epochs, a quarter of the training digits to judge";
    let picture = curves(title, "cost in whole trainings", "SSE/img", &series, &[]);
    fs::write(folder.join("search.png"), png(&picture))?;
    println!("drawn in {}", folder.display());
    Ok(())
}
