//! Pieces of work that several processes share by a file, on one machine or on several with a common file system.
//!
//! Who takes a piece holds a lock on a file beside the one with the results. A process that dies loses its locks, whatever it
//! died of, so another takes up its piece. Nobody has to know the others, and it does not matter how they were started.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use nn::{Error, Result, files};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A file with the results of work that several processes share.
#[derive(Clone, Debug)]
pub struct Board {
    path: PathBuf,
}

/// A piece of work that belongs to this process until this is dropped.
#[derive(Debug)]
pub struct Claim {
    /// Locked; nothing where there are no other processes.
    held: Option<(File, PathBuf)>,
}

impl Claim {
    /// That of a process that shares nothing.
    pub(crate) fn alone() -> Self {
        Claim { held: None }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if let Some((_, path)) = &self.held {
            let _ = fs::remove_file(path);
        }
    }
}

impl Board {
    /// The board of this file, which need not be there yet.
    pub fn at(path: &Path) -> Self {
        Board { path: path.to_owned() }
    }

    /// The file with the results.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Does what no other process of this board does meanwhile: reading what is there, claiming a piece, writing a result.
    ///
    /// # Errors
    /// Those of `change`, and if the folder cannot be written.
    pub fn alone<R>(&self, change: impl FnOnce() -> Result<R>) -> Result<R> {
        let path = self.beside("lock");
        let lock = opened(&path)?;
        lock.lock().map_err(|source| Error::io("lock", &path, source))?;
        // What is refused leaves nothing behind.
        change().inspect_err(|_| self.tidy())
    }

    /// Takes the piece of this number, within [`alone`](Board::alone); `None` if a process that lives has it.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn claim(&self, number: usize) -> Result<Option<Claim>> {
        let path = self.beside(&format!("{number}.lock"));
        let file = opened(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Claim { held: Some((file, path)) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(Error::io("lock", &path, source)),
        }
    }

    /// Waits a moment for what others do.
    pub(crate) fn wait() {
        sleep(Duration::from_millis(50));
    }

    /// Leaves nothing but the results, when all of the work is done.
    pub(crate) fn tidy(&self) {
        // Another process that is still there opens the file again, and finds no work.
        let _ = fs::remove_file(self.beside("lock"));
    }

    /// The results of all pieces of work, in their order, which processes with the same board share. `work` gets the number of
    /// a piece. What is in the file already is not done again.
    ///
    /// ```
    /// use zoo::together::Board;
    ///
    /// let folder = tempfile::tempdir().unwrap();
    /// let board = Board::at(&folder.path().join("squares.json"));
    /// let squares = board.all("squares", 5, |number| Ok(number * number))?;
    /// assert_eq!(squares, [0, 1, 4, 9, 16]);
    /// let again = board.all("squares", 5, |_| -> nn::Result<usize> { unreachable!("all is there") })?;
    /// assert_eq!(again, squares);
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a piece fails, the file is of other work (`about` is another, or their number), or it cannot be read or written.
    pub fn all<R: Serialize + DeserializeOwned>(
        &self,
        about: &str,
        count: usize,
        mut work: impl FnMut(usize) -> Result<R>,
    ) -> Result<Vec<R>> {
        loop {
            let (results, next) = self.alone(|| {
                let results = self.read::<R>(about, count)?;
                let open = (0..count).filter(|&number| results[number].is_none());
                let claims = open.map(|number| Ok(self.claim(number)?.map(|claim| (number, claim))));
                let next = claims.filter_map(Result::transpose).next().transpose()?;
                Ok((results, next))
            })?;
            match next {
                Some((number, claim)) => {
                    let result = work(number)?;
                    self.alone(|| {
                        let mut results = self.read(about, count)?;
                        results[number] = Some(result);
                        let text = serde_json::to_vec_pretty(&Results { about: about.into(), results });
                        files::write_atomically(&self.path, &text.expect("results are plain data"))?;
                        drop(claim);
                        Ok(())
                    })?;
                }
                None if results.iter().all(Option::is_some) => {
                    self.tidy();
                    return Ok(results.into_iter().flatten().collect());
                }
                None => Board::wait(),
            }
        }
    }

    fn read<R: DeserializeOwned>(&self, about: &str, count: usize) -> Result<Vec<Option<R>>> {
        if !self.path.exists() {
            return Ok((0..count).map(|_| None).collect());
        }
        let text = fs::read(&self.path).map_err(|source| Error::io("read", &self.path, source))?;
        let there: Results<R> = serde_json::from_slice(&text).map_err(|error| {
            Error::file(
                &self.path,
                format!("it has no results of such work ({error}); delete it to begin anew"),
            )
        })?;
        if there.about != about || there.results.len() != count {
            let text = format!(
                "it belongs to other work ({}; this is {about}); use another file, or delete it to begin anew",
                there.about
            );
            return Err(Error::file(&self.path, text));
        }
        Ok(there.results)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(ending);
        name.into()
    }
}

/// The content of a file of [`Board::all`].
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Results<R> {
    about: String,
    results: Vec<Option<R>>,
}

fn opened(path: &Path) -> Result<File> {
    let mut how = OpenOptions::new();
    how.create(true).truncate(false).write(true).open(path).map_err(|source| Error::io("write", path, source))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn those_who_share_do_every_piece_once() {
        let folder = tempfile::tempdir().unwrap();
        let board = Board::at(&folder.path().join("work.json"));
        let done = AtomicUsize::new(0);
        let work = |number: usize| {
            done.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(5));
            Ok(number * 10)
        };
        // Threads open the files by themselves, so their locks exclude each other as those of processes do.
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let expected: Vec<usize> = (0..20).map(|number| number * 10).collect();
                    assert_eq!(board.all("tens", 20, work).unwrap(), expected);
                });
            }
        });
        assert_eq!(done.load(Ordering::Relaxed), 20);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no lock is left");
    }

    #[test]
    fn what_another_has_is_left_to_it_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let board = Board::at(&folder.path().join("work.json"));
        let claim = board.claim(3).unwrap().expect("nobody has it");
        assert!(board.claim(3).unwrap().is_none());
        assert!(board.claim(4).unwrap().is_some());
        drop(claim);
        assert!(board.claim(3).unwrap().is_some());
    }

    #[test]
    fn other_work_is_refused_and_a_failure_keeps_what_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let board = Board::at(&folder.path().join("work.json"));
        let failing = |number: usize| match number {
            2 => Err(Error::data("no more")),
            _ => Ok(number),
        };
        assert_eq!(board.all("numbers", 4, failing).unwrap_err().to_string(), "no more");
        let mut again = vec![];
        let all = board.all("numbers", 4, |number| {
            again.push(number);
            Ok(number)
        });
        assert_eq!((all.unwrap(), again), (vec![0, 1, 2, 3], vec![2, 3]));
        for (about, count) in [("others", 4), ("numbers", 5)] {
            let text = board.all(about, count, Ok::<usize, Error>).unwrap_err().to_string();
            assert!(text.contains("it belongs to other work (numbers; this is"), "{text}");
        }
        fs::write(board.path(), "[]").unwrap();
        let text = board.all("numbers", 4, Ok::<usize, Error>).unwrap_err().to_string();
        assert!(text.contains("delete it to begin anew"), "{text}");
    }
}
