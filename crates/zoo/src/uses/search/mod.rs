//! Search for settings: at random, by successive halving, or by the tree-structured Parzen estimator.
//!
//! What is tried next depends on the seed, the number of the trial and the outcomes of earlier trials,
//! and on nothing else. After every trial all of that is written to a file, so a search that was
//! interrupted goes on and ends with the same bits. Processes that search with the same file share the trials, and the trial of
//! one that died is taken up by another ([`Board`]).
//!
//! ```
//! use zoo::uses::search::{Range, Search, Space, Strategy};
//!
//! let search = Search {
//!     about: "a parabola".into(),
//!     space: Space::new([("x", Range::Real { low: -1.0, high: 2.0, log: false })]),
//!     strategy: Strategy::Tpe,
//!     trials: 40,
//!     at_once: 1,
//!     seed: 0,
//! };
//! let found = search.run(None, |settings, _budget| Ok(settings["x"].as_float().unwrap().powi(2)))?;
//! assert!(found.best().unwrap().settings["x"].as_float().unwrap().abs() < 0.1);
//! # Ok::<(), nn::Error>(())
//! ```

mod judge;
mod space;
mod tpe;

use std::collections::BTreeSet;
use std::path::Path;

use nn::{Error, Generator, Purpose, Result, files, generator};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use toml::Table;

pub use judge::{Judge, Measure, Validation};
pub use space::{Range, Space};

use crate::together::{Board, Claim};

/// How to choose what is tried next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Independent draws from the space (Bergstra and Bengio 2012): the one to beat.
    Random,
    /// Successive halving (Karnin, Koren and Somekh 2013; Jamieson and Talwalkar 2016): all trials with
    /// a small budget, the best `1/factor` of them again with `factor` times the budget, and so on to the
    /// last one with the whole budget.
    Halving {
        /// At least 2; 3 is usual.
        factor: usize,
    },
    /// The tree-structured Parzen estimator (Bergstra et al. 2011), after 10 draws at random.
    Tpe,
}

/// A search, completely described.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// What is searched, in words. A search only goes on with a file of the same description.
    pub about: String,
    /// Settings and their values.
    pub space: Space,
    /// How to choose.
    pub strategy: Strategy,
    /// Different settings to try, as far as the space has so many.
    pub trials: usize,
    /// Trials that are chosen by the same outcomes, so that as many processes can work on them. It matters to [`Strategy::Tpe`]
    /// only: other strategies know most of their trials from the start.
    #[serde(default = "one")]
    pub at_once: usize,
    /// Every draw follows from it.
    pub seed: u64,
}

/// Files from before searches were shared have no other number.
fn one() -> usize {
    1
}

/// One evaluation of the objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Where in the unit cube of the space.
    pub point: Vec<f64>,
    /// The settings there.
    pub settings: Table,
    /// The fraction of the whole budget, such as of the epochs, in (0, 1].
    pub budget: f64,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The loss, a finite number.
    Loss(f64),
    /// Why there is none: bad settings, or training that diverged. Worse than any loss.
    Failed(String),
    /// Nothing yet: a process works on it, or has died.
    Open,
}

/// The next thing to do in a search.
enum Next {
    /// The trial of this number, which is open.
    Trial(usize, Claim),
    /// Nothing, before others have done what they work on.
    Wait,
    /// Nothing more.
    Nothing,
}

/// A search and its trials so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// What is searched.
    pub search: Search,
    /// The trials, in order.
    pub trials: Vec<Trial>,
}

impl Search {
    /// Evaluates `objective(settings, budget)`, a loss to be minimized, until all trials are done. With a
    /// file it begins with the trials there, and writes every new one to it; processes with the same file share the trials.
    ///
    /// An objective that fails makes a failed trial; the search goes on.
    ///
    /// # Errors
    /// If the space or the strategy makes no sense, the file is of another search or damaged, or it
    /// cannot be written.
    pub fn run(
        &self,
        file: Option<&Path>,
        objective: impl FnMut(&Table, f64) -> Result<f64>,
    ) -> Result<Study> {
        self.run_watched(file, objective, |_| ())
    }

    /// The same; `watch` sees the search whenever a trial begins or ends here.
    ///
    /// # Errors
    /// Those of [`run`](Search::run).
    pub fn run_watched(
        &self,
        file: Option<&Path>,
        mut objective: impl FnMut(&Table, f64) -> Result<f64>,
        mut watch: impl FnMut(&Study),
    ) -> Result<Study> {
        self.check()?;
        let board = file.map(Board::at);
        let mut study = Study { search: self.clone(), trials: vec![] };
        loop {
            let next = match &board {
                Some(board) => board.alone(|| {
                    study = self.read(board.path(), &study)?;
                    let next = study.take(|number| board.claim(number))?;
                    if let Next::Trial(..) = next {
                        study.write(board.path())?;
                    }
                    Ok(next)
                })?,
                None => study.take(|_| Ok(Some(Claim::alone())))?,
            };
            watch(&study);
            let (number, claim) = match next {
                Next::Trial(number, claim) => (number, claim),
                Next::Wait => {
                    Board::wait();
                    continue;
                }
                Next::Nothing => {
                    board.iter().for_each(Board::tidy);
                    return Ok(study);
                }
            };
            let Trial { settings, budget, .. } = &study.trials[number];
            let outcome = match objective(settings, *budget) {
                Ok(loss) if loss.is_finite() => Outcome::Loss(loss),
                Ok(loss) => Outcome::Failed(format!("the loss is {loss}")),
                Err(error) => Outcome::Failed(error.to_string()),
            };
            match &board {
                Some(board) => board.alone(|| {
                    study = self.read(board.path(), &study)?;
                    study.trials[number].outcome = outcome;
                    study.write(board.path())?;
                    drop(claim);
                    Ok(())
                })?,
                None => study.trials[number].outcome = outcome,
            }
            watch(&study);
        }
    }

    /// How many different settings are tried: the space may have fewer than were asked for.
    fn different(&self) -> usize {
        self.space.size().map_or(self.trials, |size| size.min(self.trials))
    }

    fn check(&self) -> Result<()> {
        self.space.check()?;
        if self.trials == 0 {
            return Err(Error::setting("trials", "a search needs at least 1 trial, not 0"));
        }
        if self.at_once == 0 {
            return Err(Error::setting("at_once", "at least 1 trial has to be chosen at once, not 0"));
        }
        match self.strategy {
            Strategy::Halving { factor: factor @ ..2 } => Err(Error::setting(
                "factor",
                format!("successive halving must divide by at least 2, not by {factor}"),
            )),
            _ => Ok(()),
        }
    }

    /// The trials of a file, if it is there. Those that are `known` were compared before with what the search would choose.
    fn read(&self, path: &Path, known: &Study) -> Result<Study> {
        let mut replay = Study { search: self.clone(), trials: vec![] };
        if !path.exists() {
            return Ok(replay);
        }
        let text = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
        let study: Study = serde_json::from_slice(&text).map_err(|error| {
            Error::file(path, format!("it is no state of a search ({error}); delete it to begin anew"))
        })?;
        let other = self.other_than(&study.search);
        if !other.is_empty() {
            let text = format!(
                "it belongs to another search ({}), which has another {}; use another file, or delete it \
                 to begin anew",
                study.search.about,
                other.join(" and another ")
            );
            return Err(Error::file(path, text));
        }
        let (done, wanted) = (study.trials.len(), self.different());
        if done > wanted && !matches!(self.strategy, Strategy::Halving { .. }) {
            return Err(Error::file(path, format!("it has {done} trials already; ask for as many or more")));
        }
        // The trials must be those that this search would have made, or what follows would not be.
        for (number, trial) in study.trials.into_iter().enumerate() {
            let is_known = |known: &Trial| known.point == trial.point && known.budget == trial.budget;
            if !known.trials.get(number).is_some_and(is_known)
                && replay.chosen() != Some((trial.point.clone(), trial.budget))
            {
                return Err(Error::file(
                    path,
                    format!("trial {number} was changed; delete the file to begin anew"),
                ));
            }
            replay.trials.push(trial);
        }
        Ok(replay)
    }

    /// What distinguishes it from the search of a file, in words. More trials are no other search, unless
    /// their number decides how many of them get which budget.
    fn other_than(&self, there: &Search) -> Vec<String> {
        let mut other = vec![];
        if self.about != there.about {
            other.push(format!("subject than this one ({})", self.about));
        }
        let ranges = self.space.0.keys().chain(there.space.0.keys()).collect::<BTreeSet<_>>();
        let differs = |name: &&String| self.space.0.get(*name) != there.space.0.get(*name);
        other.extend(ranges.into_iter().filter(differs).map(|name| format!("range of `{name}`")));
        if self.strategy != there.strategy {
            other.push("strategy".into());
        } else if self.trials != there.trials && matches!(self.strategy, Strategy::Halving { .. }) {
            other.push(format!("number of trials ({}, not {})", there.trials, self.trials));
        }
        if self.at_once != there.at_once {
            other.push(format!("number of trials at once ({}, not {})", there.at_once, self.at_once));
        }
        if self.seed != there.seed {
            other.push(format!("seed ({}, not {})", there.seed, self.seed));
        }
        other
    }
}

impl Trial {
    /// The loss; infinite if the trial failed or has not ended.
    pub fn loss(&self) -> f64 {
        match self.outcome {
            Outcome::Loss(loss) => loss,
            Outcome::Failed(_) | Outcome::Open => f64::INFINITY,
        }
    }
}

impl Study {
    /// The trial with the lowest loss among those with the largest budget; `None` if all of these
    /// failed. Of equal ones the first.
    pub fn best(&self) -> Option<&Trial> {
        let most = self.trials.iter().map(|trial| trial.budget).fold(0.0, f64::max);
        let full = self.trials.iter().filter(|trial| trial.budget == most && trial.loss().is_finite());
        full.min_by(|a, b| a.loss().total_cmp(&b.loss()))
    }

    /// The lowest loss so far after every trial, whatever the budgets; infinite before the first success.
    pub fn best_so_far(&self) -> Vec<f64> {
        let lowest = |best: &mut f64, trial: &Trial| {
            *best = best.min(trial.loss());
            Some(*best)
        };
        self.trials.iter().scan(f64::INFINITY, lowest).collect()
    }

    /// The trials that have ended.
    pub fn ended(&self) -> usize {
        self.trials.iter().filter(|trial| trial.outcome != Outcome::Open).count()
    }

    fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).expect("a study is plain data");
        files::write_atomically(path, &text)
    }

    /// The next thing for this process to do; `claim` says whether a trial can be its own.
    fn take(&mut self, claim: impl Fn(usize) -> Result<Option<Claim>>) -> Result<Next> {
        for (number, _) in self.trials.iter().enumerate().filter(|(_, trial)| trial.outcome == Outcome::Open)
        {
            if let Some(claim) = claim(number)? {
                return Ok(Next::Trial(number, claim)); // left by a process that died
            }
        }
        let number = self.trials.len();
        let Some((point, budget)) = self.chosen() else {
            return Ok(if self.ended() < number { Next::Wait } else { Next::Nothing });
        };
        let Some(claim) = claim(number)? else { return Ok(Next::Wait) };
        let settings = self.search.space.settings(&point);
        self.trials.push(Trial { point, settings, budget, outcome: Outcome::Open });
        Ok(Next::Trial(number, claim))
    }

    /// The point and the budget of the next trial, if there is one, and if what it depends on has ended.
    fn chosen(&self) -> Option<(Vec<f64>, f64)> {
        let (search, done) = (&self.search, self.trials.len());
        let mut from = generator(search.seed, Purpose::Sample, 0, done as u64);
        let random = |from: &mut Generator| -> Vec<f64> {
            search.space.0.values().map(|_| RngExt::random(from)).collect()
        };
        match search.strategy {
            Strategy::Halving { factor } => {
                let rungs = rungs(search.different(), factor);
                let (mut first, mut rung) = (0, 0);
                while rung < rungs.len() && first + rungs[rung] <= done {
                    first += rungs[rung];
                    rung += 1;
                }
                let budget = (factor as f64).powi(rung as i32 + 1 - rungs.len() as i32);
                match rung {
                    0 => Some((self.untried(&mut from, random), budget)),
                    _ if rung == rungs.len() => None,
                    _ => {
                        let before = ranked(&self.trials[first - rungs[rung - 1]..first])?;
                        Some((before[done - first].point.clone(), budget))
                    }
                }
            }
            _ if done >= search.different() => None,
            Strategy::Tpe if done - done % search.at_once >= tpe::STARTUP => {
                let ranked = ranked(&self.trials[..done - done % search.at_once])?;
                let points: Vec<&[f64]> = ranked.iter().map(|trial| trial.point.as_slice()).collect();
                let draw = |from: &mut Generator| tpe::next(&search.space, &points, from);
                Some((self.untried(&mut from, draw), 1.0))
            }
            Strategy::Random | Strategy::Tpe => Some((self.untried(&mut from, random), 1.0)),
        }
    }

    /// A point whose settings no trial has had. Where draws do not find one, few are left, and the first of
    /// these is taken.
    fn untried(&self, from: &mut Generator, draw: impl Fn(&mut Generator) -> Vec<f64>) -> Vec<f64> {
        const DRAWS: usize = 20;
        let space = &self.search.space;
        let is_new = |point: &Vec<f64>| {
            let settings = space.settings(point);
            self.trials.iter().all(|trial| trial.settings != settings)
        };
        let drawn = (0..DRAWS).map(|_| draw(from)).find(is_new);
        drawn.or_else(|| space.points().find(is_new)).unwrap_or_else(|| draw(from))
    }
}

/// How many trials each budget has: `n`, `⌊n/factor⌋`, … down to 1.
fn rungs(trials: usize, factor: usize) -> Vec<usize> {
    std::iter::successors(Some(trials), |&n| (n > 1).then(|| (n / factor).max(1))).collect()
}

/// The best first; of equal ones the earlier. `None` if one of them has not ended.
fn ranked(trials: &[Trial]) -> Option<Vec<&Trial>> {
    let mut ranked: Vec<&Trial> = trials.iter().collect();
    ranked.sort_by(|a, b| a.loss().total_cmp(&b.loss()));
    trials.iter().all(|trial| trial.outcome != Outcome::Open).then_some(ranked)
}

#[cfg(test)]
mod tests;
