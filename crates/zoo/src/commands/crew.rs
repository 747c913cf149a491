//! Who works on a training: threads and processes that share its batches.

use nn::pieces::USUAL;
use nn::train::Trainer;
use nn::{Error, Result};
use zoo::config::{Config, Draft};
use zoo::train::Plan;

use super::ranks;

/// Has batches cut into pieces where several are to share them, if the settings do not say into how many.
pub(super) fn cut(draft: &mut Draft, workers: Option<usize>) -> Result<()> {
    check_number(workers)?;
    if shared(workers) && !draft.train.contains_key("pieces") {
        draft.train.insert("pieces".into(), (USUAL as i64).into());
    }
    Ok(())
}

fn shared(workers: Option<usize>) -> bool {
    workers.is_some() || ranks::count() > 1
}

/// Refuses workers and processes that cannot share what is to be trained.
pub(super) fn check(config: &Config, workers: Option<usize>) -> Result<()> {
    check_number(workers)?;
    if shared(workers) && config.train.pieces == 1 {
        let problem = match workers {
            Some(_) => {
                "batches are in one piece (train.pieces is 1), which workers cannot share; leave --workers away, or \
                 begin a training with more pieces"
            }
            None => {
                "batches are in one piece (train.pieces is 1), which processes cannot share; start one process, or \
                 begin a training with more pieces"
            }
        };
        return Err(Error::setting("pieces", problem));
    }
    if ranks::count() > 1 && config.data == "-" {
        let problem = "standard input reaches one of several processes only; write the data to a file";
        return Err(Error::setting("data", problem));
    }
    Ok(())
}

fn check_number(workers: Option<usize>) -> Result<()> {
    match workers {
        Some(0) => Err(Error::setting("workers", "at least 1 worker is needed (--workers 1)")),
        _ => Ok(()),
    }
}

/// A trainer by this plan for all that work: in this process as many workers as threads, if nobody said how many.
pub(super) fn trainer<'a>(plan: &Plan, workers: Option<usize>) -> Trainer<'a, f32> {
    let workers = workers.unwrap_or_else(rayon::current_num_threads);
    zoo::train::trainer(plan).with_workers(workers).with_ranks(ranks::ranks())
}
