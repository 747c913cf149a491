//! Where every reader gets its bytes: a file or a stream, unzipped if its content says so.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::{Error, Result};

/// What to do about a file that was good when it was published.
pub(crate) const AGAIN: &str = "download or copy the file again";

/// The bytes of a file after decompression, and the name to complain about.
pub(crate) struct Source<'a> {
    pub(crate) name: &'a Path,
    pub(crate) bytes: Box<dyn Read + 'a>,
    pub(crate) packing: Packing,
}

/// What the bytes are taken out of.
#[derive(Clone, Copy)]
pub(crate) enum Packing {
    None,
    Gzip,
    Zip,
}

impl<'a> Source<'a> {
    /// Opens a file on disk.
    pub(crate) fn file(path: &'a Path) -> Result<Self> {
        let file = File::open(path).map_err(|error| Error::io("read", path, error))?;
        Source::open(path, BufReader::new(file))
    }

    /// Decompresses if the first two bytes are those of gzip.
    pub(crate) fn open(name: &'a Path, mut content: impl BufRead + 'a) -> Result<Self> {
        let mut start = vec![];
        let looked = content.by_ref().take(2).read_to_end(&mut start);
        looked.map_err(|error| Error::io("read", name, error))?;
        let zipped = start == [0x1f, 0x8b];
        let whole = io::Cursor::new(start).chain(content);
        Ok(Source {
            name,
            bytes: if zipped { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) },
            packing: if zipped { Packing::Gzip } else { Packing::None },
        })
    }

    /// The next bytes: as many as `limit`, or fewer if the file ends before. Memory grows with the bytes
    /// that arrive, not with the limit.
    pub(crate) fn at_most(&mut self, limit: u64) -> Result<Vec<u8>> {
        let mut bytes = vec![];
        match self.bytes.by_ref().take(limit).read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(explain(self.name, self.packing, error)),
        }
    }

    /// The error for a file with this problem.
    pub(crate) fn unusable<T>(&self, problem: String) -> Result<T> {
        Err(Error::file(self.name, problem))
    }
}

/// Tells a system that refuses from compressed data that are incomplete or damaged.
pub(crate) fn explain(name: &Path, packing: Packing, error: io::Error) -> Error {
    let packing = match packing {
        Packing::None => return Error::io("read", name, error),
        Packing::Gzip => "gzip",
        Packing::Zip => "zip",
    };
    if error.raw_os_error().is_some() {
        Error::io("read", name, error)
    } else if error.kind() == ErrorKind::UnexpectedEof {
        Error::file(name, format!("the {packing} data is incomplete; {AGAIN}"))
    } else {
        Error::file(name, format!("the {packing} data is damaged ({error}); {AGAIN}"))
    }
}
