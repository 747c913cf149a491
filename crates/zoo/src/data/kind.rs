//! What a file or folder of data is, by its first bytes and, where these say too little, by its name.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use nn::data::pictures::{self, Colour, Fit};
use nn::data::wav;
use nn::{Error, Result};

use super::series::{holds_sounds, is_named_wav};
use super::{Impute, Reading, fetch};

/// What can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A folder with IDX files.
    Idx,
    /// A folder of pictures.
    Pictures,
    /// One picture.
    Picture,
    /// An NPY file.
    Array,
    /// An NPZ file.
    Arrays,
    /// A Matrix Market file.
    Matrix,
    /// A Parquet file.
    Parquet,
    /// A WAV file.
    Sound,
    /// A folder of WAV files.
    Sounds,
    /// Numbers as text.
    Table,
}

/// What is said of a file that means nothing alone.
const PART_OF_IDX: &str = "this is one file of an IDX data set; give the folder with train-images-idx3-ubyte \
                           and its companions";

/// The endings of pictures that are read.
const PICTURES: &[&str] = &[".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".tif", ".tiff"];

impl Kind {
    /// What is there.
    ///
    /// # Errors
    /// If there is nothing, or something of which it is known that it cannot be read.
    pub(super) fn of(path: &Path) -> Result<Self> {
        let about = fs::metadata(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => nothing(path),
            _ => Error::io("read", path, error),
        })?;
        if about.is_dir() {
            return Kind::of_folder(path);
        }
        let mut start = vec![];
        let file = File::open(path).map_err(|error| Error::io("read", path, error))?;
        file.take(1 << 10).read_to_end(&mut start).map_err(|error| Error::io("read", path, error))?;
        let name = path.to_string_lossy().to_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        let other = |what: &str| Err(Error::file(path, what));
        match &start[..] {
            [] => other("the file is empty"),
            [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Ok(Kind::Array),
            [0x1f, 0x8b, ..] if ends(&[".npy.gz"]) => Ok(Kind::Array),
            [0x1f, 0x8b, ..] if ends(&[".mtx.gz"]) => Ok(Kind::Matrix),
            start if start.starts_with(b"%%MatrixMarket") => Ok(Kind::Matrix),
            [b'P', b'K', ..] if ends(&[".xlsx", ".xlsm", ".ods"]) => {
                other("this is a spreadsheet; save it as CSV")
            }
            [b'P', b'K', ..] if ends(&[".zip"]) => {
                other("this is a zip archive; unpack it and give the file or the folder in it")
            }
            [b'P', b'K', ..] => Ok(Kind::Arrays),
            start if wav::is_wav(start) => Ok(Kind::Sound),
            [b'R', b'I', b'F', b'X', ..] | [b'R', b'F', b'6', b'4', ..] if ends(&[".wav"]) => {
                other("this kind of WAV file is not read; save it as an ordinary one, of at most 4 GB")
            }
            _ if ends(&[".flac", ".mp3", ".ogg", ".opus", ".m4a"]) => {
                other("sounds are read from WAV files, and this is a compressed one; convert it")
            }
            start if pictures::is_picture(start) => Ok(Kind::Picture),
            [b'P', b'A', b'R', b'1', ..] => Ok(Kind::Parquet),
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] => {
                other("this is an Arrow (Feather) file; write Parquet, CSV or NPY instead")
            }
            [0x89, b'H', b'D', b'F', ..] => other("this is an HDF5 file; write its array as NPY"),
            [0x80, 2..=5, ..] if ends(&[".pkl", ".pickle", ".pt", ".joblib"]) => {
                other("this is a pickled Python object; write its array as NPY or its table as CSV")
            }
            [b'G', b'I', b'F', b'8', ..] | [b'B', b'M', ..] if ends(&[".gif", ".bmp"]) => {
                other("pictures are read as PNG or JPEG; convert it")
            }
            [0, 0, 8 | 9 | 0x0b..=0x0e, ..] => other(PART_OF_IDX),
            [0x1f, 0x8b, ..] if name.contains("-ubyte") => other(PART_OF_IDX),
            // What else is no table is named where tables are read.
            _ if ends(&[".wav"]) => other("this is no WAV file, whatever its name says"),
            _ if ends(PICTURES) => {
                other("this is no PNG, JPEG, WebP or TIFF picture, whatever its name says")
            }
            _ => Ok(Kind::Table),
        }
    }

    fn of_folder(path: &Path) -> Result<Self> {
        let entries = fs::read_dir(path).map_err(|error| Error::io("read the folder", path, error))?;
        let paths: Vec<_> = entries.filter_map(|entry| entry.ok()).map(|entry| entry.path()).collect();
        let is_idx =
            |path: &&PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().contains("-ubyte"));
        match () {
            () if paths.iter().any(|path| is_idx(&path)) => Ok(Kind::Idx),
            () if paths.iter().any(|path| is_named_wav(path) || holds_sounds(path)) => Ok(Kind::Sounds),
            () => Ok(Kind::Pictures),
        }
    }

    /// Whether these are sounds.
    pub(super) fn is_sound(self) -> bool {
        matches!(self, Kind::Sound | Kind::Sounds)
    }

    /// Refuses instructions that mean nothing for such data and so would not be followed.
    ///
    /// # Errors
    /// With one sentence that names the flag.
    pub(super) fn check(self, path: &Path, reading: &Reading) -> Result<()> {
        let table = matches!(self, Kind::Table | Kind::Parquet);
        let sounds = self.is_sound();
        let pictures = matches!(self, Kind::Pictures | Kind::Picture);
        let plural = match self {
            Kind::Idx if path == Path::new("digits") => "the embedded digits",
            Kind::Idx => "IDX images",
            Kind::Pictures | Kind::Picture => "pictures",
            Kind::Array => "an NPY array",
            Kind::Arrays => "an NPZ file",
            Kind::Matrix => "a Matrix Market file",
            Kind::Parquet => "a Parquet file",
            Kind::Sound | Kind::Sounds => "sounds",
            Kind::Table => "a table",
        };
        let labels = match self {
            Kind::Array => "; put the labels beside the examples in an NPZ file",
            Kind::Pictures | Kind::Picture => "; the classes of pictures are the folders they are in",
            _ => "",
        };
        let flags = [
            // First: the identifier is among the columns to drop.
            (reading.id.is_none() || table, "--id", "; only a table has columns"),
            (reading.drop.is_empty() || table, "--drop-columns", "; leave them out when you write it"),
            (reading.label.is_none() || table || self == Kind::Arrays, "--label-column", labels),
            (reading.array.is_none() || self == Kind::Arrays, "--array", ""),
            (
                reading.series.is_none() || !(pictures || sounds || self == Kind::Idx),
                "--series",
                if sounds {
                    "; they are series already"
                } else {
                    "; the networks gru, lstm and transformer read pictures as they are"
                },
            ),
            (reading.text.is_none() || !sounds, "--text", ""),
            (reading.rate.is_none() || sounds, "--rate", "; only a sound has one"),
            (
                reading.window_ms.is_none() && reading.stride_ms.is_none() || sounds,
                "a length of time for --window or --stride",
                "; it is a number of steps",
            ),
            (
                !sounds || reading.windows.as_ref().is_none_or(|windows| windows.time.is_none()),
                "--time",
                "; their rate says when each value was taken",
            ),
            (reading.delimiter.is_none() || self == Kind::Table, "--delimiter", ""),
            (reading.header.is_none() || self == Kind::Table, "--header", ""),
            (reading.decimal.is_none() || self == Kind::Table, "--decimal", ""),
            (reading.missing.is_empty() || table, "--missing", ""),
            (reading.keep.is_empty() || table, "--keep-columns", ""),
            (reading.columns.is_empty() || table, "--columns", "; only a table has columns"),
            (reading.size.is_none() || pictures, "--size", ""),
            (reading.colour == Colour::Grey || pictures, "--colour", ""),
            (reading.fit == Fit::Stretch || pictures, "--fit", ""),
            (reading.augment.is_none() || !(table || sounds), "--augment", "; only pictures are changed"),
            (!reading.skip_broken || pictures, "--skip-broken", ""),
            (
                matches!(reading.impute, Impute::Keep | Impute::Refuse)
                    || !(pictures || sounds || self == Kind::Idx),
                "--impute",
                if sounds { "; no value is missing" } else { "; no pixel is missing" },
            ),
            (
                reading.test_fraction == Reading::default().test_fraction || self != Kind::Idx,
                "--test-fraction",
                "; they say themselves which are for testing",
            ),
        ];
        match flags.iter().find(|(fine, ..)| !fine) {
            None => Ok(()),
            Some((_, flag, hint)) => {
                Err(Error::file(path, format!("{flag} means nothing for {plural}{hint}")))
            }
        }
    }
}

/// A word alone may have been meant as the name of a data set.
fn nothing(path: &Path) -> Error {
    let is_word = path.extension().is_none() && path.components().count() == 1;
    let known = fetch::COLLECTIONS.iter().map(|collection| collection.name);
    let known = ["digits"].into_iter().chain(known).collect::<Vec<_>>().join(", ");
    let names = if is_word { format!(", nor a data set of this name ({known})") } else { String::new() };
    Error::file(path, format!("there is no such file or folder{names}"))
}
