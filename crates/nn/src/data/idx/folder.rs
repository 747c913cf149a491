//! A folder of images and labels under the names that MNIST gave them.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::{hex, read, times};
use crate::error::printable;
use crate::{Error, Result};

/// Grey images of one size, perhaps with labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSet {
    /// Rows of one image.
    pub height: usize,
    /// Columns of one image.
    pub width: usize,
    /// `[count, height, width]`, last axis fastest.
    pub pixels: Vec<u8>,
    /// The class of each image.
    pub labels: Option<Vec<u8>>,
}

impl ImageSet {
    /// The number of images.
    pub fn count(&self) -> usize {
        // Images without pixels cannot be counted; the reader refuses them.
        self.pixels.len() / (self.height * self.width).max(1)
    }
}

/// Images to learn from and images to judge by, all of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFolder {
    /// The files that start with `train`.
    pub train: ImageSet,
    /// The files that start with `t10k`, as MNIST calls its ten thousand test images.
    pub test: ImageSet,
}

/// Reads the images and labels of a folder like MNIST's: `train-images-idx3-ubyte`,
/// `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`.
///
/// Each may end in `.gz` (without is preferred where both are there: it is faster to read), and be
/// spelled with a dot, `train-images.idx3-ubyte`. Labels may be absent.
///
/// # Errors
/// If images are missing, if a file cannot be read, or if the files do not fit each other.
pub fn read_folder(dir: &Path) -> Result<ImageFolder> {
    let names = list(dir)?;
    let train = read_set(dir, &names, "train")?;
    let test = read_set(dir, &names, "t10k")?;
    if (train.height, train.width) != (test.height, test.width) {
        let [train, test] = [&train, &test].map(|set| times(&[set.height, set.width]));
        let problem =
            format!("the train images are {train} pixels, but the t10k images {test}; they must be equal");
        return Err(Error::file(dir, problem));
    }
    Ok(ImageFolder { train, test })
}

/// Where the images and labels of one part are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// `[count, height, width]`.
    pub images: PathBuf,
    /// `[count]`.
    pub labels: Option<PathBuf>,
}

/// Finds the files of a folder like MNIST's without reading them: those for training, those for testing.
///
/// # Errors
/// If images are missing.
pub fn parts(dir: &Path) -> Result<[Parts; 2]> {
    let names = list(dir)?;
    let of = |split: &str| {
        Ok(Parts { images: find_images(dir, &names, split)?, labels: find(dir, &names, split, "labels", 1) })
    };
    Ok([of("train")?, of("t10k")?])
}

const LAYOUT: &str = "it should hold train-images-idx3-ubyte and t10k-images-idx3-ubyte, and may hold \
    train-labels-idx1-ubyte and t10k-labels-idx1-ubyte, each with or without .gz";

/// The names in a folder, sorted.
fn list(dir: &Path) -> Result<Vec<OsString>> {
    let refused = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => Error::file(dir, format!("there is no such folder; {LAYOUT}")),
        ErrorKind::NotADirectory => {
            Error::file(dir, format!("this must be a folder, but it is a file; {LAYOUT}"))
        }
        _ => Error::io("read the folder", dir, error),
    };
    let entries = fs::read_dir(dir).map_err(refused)?;
    let mut names = entries
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(refused)?;
    names.sort();
    if names.is_empty() {
        return Err(Error::file(dir, format!("the folder is empty; {LAYOUT}")));
    }
    Ok(names)
}

/// The images of one split and their labels, checked against each other.
fn read_set(dir: &Path, names: &[OsString], split: &str) -> Result<ImageSet> {
    let path = find_images(dir, names, split)?;
    let images = read(&path)?;
    let [count, height, width] = images.shape[..] else {
        return Err(wrong_kind(&path, images.shape.len(), 3));
    };
    if images.bytes.is_empty() {
        let size = times(&[height, width]);
        return Err(Error::file(
            &path,
            format!("the file holds {count} images of {size} pixels, so nothing to learn from"),
        ));
    }
    let labels = match find(dir, names, split, "labels", 1) {
        Some(path) => Some(read_labels(&path, count)?),
        None => None,
    };
    Ok(ImageSet { height, width, pixels: images.bytes, labels })
}

fn find_images(dir: &Path, names: &[OsString], split: &str) -> Result<PathBuf> {
    find(dir, names, split, "images", 3).ok_or_else(|| {
        let there = some_of(names);
        let problem = format!(
            "there is no {split}-images-idx3-ubyte or {split}-images-idx3-ubyte.gz among {there}; {LAYOUT}"
        );
        Error::file(dir, problem)
    })
}

fn read_labels(path: &Path, images: usize) -> Result<Vec<u8>> {
    let labels = read(path)?;
    match labels.shape[..] {
        [count] if count == images => Ok(labels.bytes),
        [count] => {
            let problem =
                format!("there are {count} labels for {images} images; the two files do not belong together");
            Err(Error::file(path, problem))
        }
        _ => Err(wrong_kind(path, labels.shape.len(), 1)),
    }
}

/// A good IDX file, but not of the kind wanted here: most often images and labels changed places.
fn wrong_kind(path: &Path, found: usize, expected: usize) -> Error {
    let kind = |axes| match axes {
        1 => "labels",
        3 => "images",
        _ => "neither images nor labels",
    };
    let start = |axes: usize| hex(&[0, 0, 8, axes as u8]); // the header has one byte for it
    let problem = format!(
        "expected {} (magic number {}), but these look like {} (magic number {})",
        kind(expected),
        start(expected),
        kind(found),
        start(found)
    );
    Error::file(path, problem)
}

/// Where the images or labels are, under any of the usual names.
fn find(dir: &Path, names: &[OsString], split: &str, what: &str, axes: usize) -> Option<PathBuf> {
    let spelled = |dot, end| format!("{split}-{what}{dot}idx{axes}-ubyte{end}");
    let usual = [spelled("-", ""), spelled(".", ""), spelled("-", ".gz"), spelled(".", ".gz")];
    let there = usual.iter().filter(|usual| names.iter().any(|name| name == usual.as_str()));
    // Some programs unzip into a folder of the same name, beside which the file may be as well.
    there.map(|name| dir.join(name)).find(|path| !path.is_dir())
}

/// `a, b, c and 4 more`: enough to see that this is the wrong folder.
fn some_of(names: &[OsString]) -> String {
    const SHOWN: usize = 6;
    let shown = names.iter().take(SHOWN).map(printable).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(count: u8, side: u8) -> Vec<u8> {
        let pixels = usize::from(count) * usize::from(side).pow(2);
        [&[0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, side, 0, 0, 0, side][..], &vec![9; pixels]].concat()
    }

    fn labels(count: u8) -> Vec<u8> {
        [&[0, 0, 8, 1, 0, 0, 0, count][..], &vec![4; usize::from(count)]].concat()
    }

    type NamedFile = (&'static str, Vec<u8>);

    /// Reads a folder with these files. Of an error, the text after the folder.
    fn read_files(files: &[NamedFile]) -> Result<ImageFolder, String> {
        let dir = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, content)| fs::write(dir.path().join(name), content).unwrap());
        read_folder(dir.path()).map_err(|error| {
            let (text, dir) = (error.to_string(), dir.path().display().to_string());
            assert!(!text.contains('\n'), "{text}");
            text.strip_prefix(&dir).expect("names the folder").to_owned()
        })
    }

    const TRAIN: &str = "train-images-idx3-ubyte";
    const TEST: &str = "t10k-images-idx3-ubyte";

    #[test]
    fn all_spellings_and_absent_labels() {
        let read = read_files(&[
            ("train-images.idx3-ubyte", images(3, 2)),
            ("train-labels-idx1-ubyte.gz", labels(3)), // not zipped whatever the name says
            ("t10k-images.idx3-ubyte.gz", images(2, 2)),
            ("README", vec![]),
        ]);
        let read = read.unwrap();
        assert_eq!((read.train.count(), read.train.height, read.train.width), (3, 2, 2));
        assert_eq!((read.train.pixels, read.train.labels), (vec![9; 12], Some(vec![4; 3])));
        assert_eq!((read.test.count(), read.test.labels), (2, None));
    }

    #[test]
    fn unzipped_is_preferred_and_a_folder_is_no_file() {
        let files = [(TRAIN, images(3, 2)), ("train-images-idx3-ubyte.gz", vec![]), (TEST, images(1, 2))];
        assert_eq!(read_files(&files).unwrap().train.count(), 3);

        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(TRAIN)).unwrap();
        fs::write(dir.path().join("train-images.idx3-ubyte"), images(3, 2)).unwrap();
        fs::write(dir.path().join(TEST), images(1, 2)).unwrap();
        assert_eq!(read_folder(dir.path()).unwrap().train.count(), 3);
    }

    #[test]
    fn a_wrong_folder_is_explained() {
        let dir = tempfile::tempdir().unwrap();
        let text = |path: &Path| read_folder(path).unwrap_err().to_string();
        let missing = dir.path().join("missing");
        assert_eq!(text(&missing), format!("{}: there is no such folder; {LAYOUT}", missing.display()));
        let file = dir.path().join("file");
        fs::write(&file, "x").unwrap();
        assert_eq!(
            text(&file),
            format!("{}: this must be a folder, but it is a file; {LAYOUT}", file.display())
        );

        assert_eq!(read_files(&[]).unwrap_err(), format!(": the folder is empty; {LAYOUT}"));
        let names = ["a", "b\n", "c", "d", "e", "f", "g", "h"].map(|name| (name, vec![]));
        let there = "there is no train-images-idx3-ubyte or train-images-idx3-ubyte.gz among \
            a, b?, c, d, e, f and 2 more";
        assert_eq!(read_files(&names).unwrap_err(), format!(": {there}; {LAYOUT}"));
        let there =
            "there is no t10k-images-idx3-ubyte or t10k-images-idx3-ubyte.gz among train-images-idx3-ubyte";
        assert_eq!(read_files(&[(TRAIN, images(1, 2))]).unwrap_err(), format!(": {there}; {LAYOUT}"));
    }

    #[test]
    fn files_that_do_not_fit_are_explained() {
        let cases: [(&[NamedFile], &str); 7] = [
            (
                &[(TRAIN, images(3, 2)), (TEST, images(1, 4))],
                ": the train images are 2 × 2 pixels, but the t10k images 4 × 4; they must be equal",
            ),
            (
                &[(TRAIN, images(3, 2)), ("train-labels-idx1-ubyte", labels(2))],
                "/train-labels-idx1-ubyte: there are 2 labels for 3 images; \
                 the two files do not belong together",
            ),
            (
                &[(TRAIN, labels(3))],
                "/train-images-idx3-ubyte: expected images (magic number 00 00 08 03), \
                 but these look like labels (magic number 00 00 08 01)",
            ),
            (
                &[(TRAIN, images(3, 2)), ("train-labels-idx1-ubyte", images(3, 2))],
                "/train-labels-idx1-ubyte: expected labels (magic number 00 00 08 01), \
                 but these look like images (magic number 00 00 08 03)",
            ),
            (
                &[(TRAIN, vec![0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 0])],
                "/train-images-idx3-ubyte: expected images (magic number 00 00 08 03), \
                 but these look like neither images nor labels (magic number 00 00 08 02)",
            ),
            (
                &[(TRAIN, images(0, 2))],
                "/train-images-idx3-ubyte: the file holds 0 images of 2 × 2 pixels, so nothing to learn from",
            ),
            (
                &[(TRAIN, images(3, 0))],
                "/train-images-idx3-ubyte: the file holds 3 images of 0 × 0 pixels, so nothing to learn from",
            ),
        ];
        for (files, expected) in cases {
            assert_eq!(read_files(files).unwrap_err(), expected);
        }
    }
}
