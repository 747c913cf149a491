//! The processes of an MPI job, which train together: started by `mpirun`, or by `srun`.
//!
//! Only the first of them writes and speaks. Where one fails, it ends all.

use std::env::var;
use std::sync::Arc;

use nn::Result;
use nn::pieces::{Alone, Ranks};

/// The number of processes that were started together, and of this one among them, by what the starter says.
fn started() -> [usize; 2] {
    let number = |names: [&str; 2]| names.iter().find_map(|name| var(name).ok()?.parse().ok());
    let count = number(["OMPI_COMM_WORLD_SIZE", "PMI_SIZE"]).unwrap_or(1);
    [count, number(["OMPI_COMM_WORLD_RANK", "PMI_RANK"]).unwrap_or(0)]
}

/// Whether this process is the one that writes and speaks.
pub(crate) fn is_first() -> bool {
    started()[1] == 0
}

/// The number of processes.
pub(crate) fn count() -> usize {
    started()[0]
}

/// The processes that train together.
pub(super) fn ranks() -> Arc<dyn Ranks> {
    match count() {
        1 => Arc::new(Alone),
        _ => of_job(),
    }
}

#[cfg(not(feature = "mpi"))]
mod job {
    use super::*;
    use nn::Error;

    /// Nothing: there is no other process.
    pub(crate) struct Job;

    /// Refuses to be one of several processes, which would all do the same.
    pub(crate) fn join() -> Result<Job> {
        match count() {
            1 => Ok(Job),
            count => Err(Error::unsupported(format!(
                "{count} processes of zoo were started to work together, and this zoo was built without MPI; build it with its \
                 feature `mpi`, as docs/CLUSTER.md says"
            ))),
        }
    }

    pub(super) fn of_job() -> Arc<dyn Ranks> {
        Arc::new(Alone)
    }

    /// Says what is wrong.
    pub(crate) fn give_up(say: impl FnOnce()) {
        if is_first() {
            say();
        }
    }
}

#[cfg(feature = "mpi")]
mod job {
    use std::time::Duration;

    use mpi::Threading;
    use mpi::datatype::PartitionMut;
    use mpi::environment::{Universe, initialize_with_threading};
    use mpi::topology::SimpleCommunicator;
    use mpi::traits::{Communicator, CommunicatorCollectives};
    use nn::Error;

    use super::*;

    /// As long as it lives, this process takes part in the job.
    pub(crate) struct Job {
        _universe: Option<Universe>,
    }

    /// Joins the other processes, if there are any.
    pub(crate) fn join() -> Result<Job> {
        if count() == 1 {
            return Ok(Job { _universe: None });
        }
        match initialize_with_threading(Threading::Serialized) {
            Some((universe, threading)) if threading >= Threading::Serialized => {
                Ok(Job { _universe: Some(universe) })
            }
            _ => Err(Error::unsupported(
                "this MPI library lets only one thread of a process speak; use one with MPI_THREAD_SERIALIZED, as Open MPI \
                 and MPICH have",
            )),
        }
    }

    pub(super) fn of_job() -> Arc<dyn Ranks> {
        let world = SimpleCommunicator::world();
        Arc::new(World { number: world.rank() as usize, count: world.size() as usize })
    }

    /// Says what is wrong, and ends all processes of the job. What is wrong with all of them, the first one says.
    pub(crate) fn give_up(say: impl FnOnce()) {
        if !is_first() {
            std::thread::sleep(Duration::from_secs(2));
        }
        say();
        if count() > 1 {
            SimpleCommunicator::world().abort(1);
        }
    }

    /// All processes of the job.
    #[derive(Debug)]
    struct World {
        number: usize,
        count: usize,
    }

    impl Ranks for World {
        fn number(&self) -> usize {
            self.number
        }

        fn count(&self) -> usize {
            self.count
        }

        /// A process that has ended ends all others: that is how an MPI library treats errors if nobody asks for more.
        fn gather(&self, own: Vec<u8>) -> Vec<Vec<u8>> {
            /// Bytes in one message of all: MPI counts in 31 bits.
            const MOST: usize = 1 << 30;
            let world = SimpleCommunicator::world();
            let mut lengths = vec![0_u64; self.count];
            world.all_gather_into(&(own.len() as u64), &mut lengths[..]);
            let mut all: Vec<Vec<u8>> = lengths.iter().map(|&n| Vec::with_capacity(n as usize)).collect();
            let part = MOST / self.count;
            let rounds = lengths.iter().max().map_or(0, |&n| (n as usize).div_ceil(part));
            for round in 0..rounds {
                let cut = |n: usize| (round * part).min(n)..((round + 1) * part).min(n);
                let counts: Vec<i32> = lengths.iter().map(|&n| cut(n as usize).len() as i32).collect();
                let places: Vec<i32> =
                    counts.iter().scan(0, |at, n| Some(std::mem::replace(at, *at + n))).collect();
                let mut together = vec![0_u8; counts.iter().sum::<i32>() as usize];
                let mut parts = PartitionMut::new(&mut together[..], &counts[..], &places[..]);
                world.all_gather_varcount_into(&own[cut(own.len())], &mut parts);
                for ((whole, &at), &n) in all.iter_mut().zip(&places).zip(&counts) {
                    whole.extend(&together[at as usize..][..n as usize]);
                }
            }
            all
        }
    }
}

use job::of_job;
pub(crate) use job::{give_up, join};
