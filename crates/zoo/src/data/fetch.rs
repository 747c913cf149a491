//! Well-known data sets from the network, each file checked by its sum.
//!
//! `http://` is spoken, and `https://` with the cargo feature `https`. A file is what it should be if its MD5
//! sum is, whichever way it came; nobody can make another file with a given sum. A download that was
//! interrupted goes on where it stopped.

use std::env;
use std::path::PathBuf;

use nn::{Error, Result};

#[cfg(feature = "fetch")]
mod download;

/// Files that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Collection {
    /// What the data set is called.
    pub name: &'static str,
    /// The folder on a server where it is published.
    pub url: &'static str,
    /// Its files.
    pub files: &'static [Remote],
}

/// A file and how to recognize it.
#[derive(Clone, Copy, Debug)]
pub struct Remote {
    /// Its name.
    pub name: &'static str,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its MD5 sum in hexadecimal digits.
    pub md5: &'static str,
}

/// The data sets that can be fetched.
pub const COLLECTIONS: &[Collection] = &[
    Collection {
        name: "mnist",
        url: "http://ossci-datasets.s3.amazonaws.com/mnist",
        files: &[
            remote("train-images-idx3-ubyte.gz", 9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            remote("train-labels-idx1-ubyte.gz", 28_881, "d53e105ee54ea40749a09fcbcd1e9432"),
            remote("t10k-images-idx3-ubyte.gz", 1_648_877, "9fb629c4189551a2d022fa330f9573f3"),
            remote("t10k-labels-idx1-ubyte.gz", 4_542, "ec29112dd5afa0611ce80d1b7f02629c"),
        ],
    },
    Collection {
        name: "fashion-mnist",
        url: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        files: &[
            remote("train-images-idx3-ubyte.gz", 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            remote("train-labels-idx1-ubyte.gz", 29_515, "25c81989df183df01b3e8a0aad5dffbe"),
            remote("t10k-images-idx3-ubyte.gz", 4_422_102, "bef4ecab320f06d8554ea6380940ec79"),
            remote("t10k-labels-idx1-ubyte.gz", 5_148, "bb300cfdad3c16e7a12a480ee83cd310"),
        ],
    },
];

const fn remote(name: &'static str, bytes: u64, md5: &'static str) -> Remote {
    Remote { name, bytes, md5 }
}

/// The data set with this name, if it can be fetched.
pub fn find(name: &str) -> Option<&'static Collection> {
    COLLECTIONS.iter().find(|collection| collection.name == name)
}

impl Collection {
    /// Where the data set is kept: `zoo/NAME` in the folder that the platform has for such files.
    ///
    /// # Errors
    /// If the platform names no such folder.
    pub fn folder(&self) -> Result<PathBuf> {
        let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = || variable("HOME");
        let cache = if cfg!(windows) {
            variable("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            home().map(|home| home.join("Library/Caches"))
        } else {
            variable("XDG_CACHE_HOME").or_else(|| home().map(|home| home.join(".cache")))
        };
        let cache = cache.ok_or_else(|| {
            Error::setting("to", "no cache folder is known here (HOME is not set); say where with --to")
        })?;
        Ok(cache.join("zoo").join(self.name))
    }

    /// The folder, if all files are in it.
    ///
    /// # Errors
    /// If one is not; the sentence says how to get it.
    pub fn fetched(&self) -> Result<PathBuf> {
        let folder = self.folder()?;
        match self.files.iter().all(|file| folder.join(file.name).is_file()) {
            true => Ok(folder),
            false => Err(Error::data(format!(
                "`{0}` is not here yet; get it with `zoo data fetch {0}`",
                self.name
            ))),
        }
    }
}

#[cfg(all(test, feature = "fetch"))]
#[path = "fetch_tests.rs"]
mod tests;
