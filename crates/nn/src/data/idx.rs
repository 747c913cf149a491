//! The IDX format of the MNIST files.
//!
//! Two zero bytes, the element type (8 is an unsigned byte), the number of axes, the size of every
//! axis as a big-endian `u32`, then the elements row by row. Whether a file is gzipped is decided by
//! its content, not by its name.
//!
//! ```
//! use nn::data::idx;
//! use std::path::Path;
//!
//! let labels = [0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1];
//! let array = idx::parse(Path::new("labels"), &labels)?;
//! assert_eq!((array.shape, array.bytes), (vec![3], vec![7, 2, 1]));
//! # Ok::<(), nn::Error>(())
//! ```

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::{Error, Result};

/// The content of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdxArray {
    /// The sizes of the axes.
    pub shape: Vec<usize>,
    /// The elements, row by row.
    pub bytes: Vec<u8>,
}

/// Grey images, and their labels if there are any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSet {
    /// Rows of pixels in an image.
    pub height: usize,
    /// Pixels in a row.
    pub width: usize,
    /// All images, one after the other.
    pub pixels: Vec<u8>,
    /// The label of each image.
    pub labels: Option<Vec<u8>>,
}

/// A folder as MNIST has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFolder {
    /// Images to learn from.
    pub train: ImageSet,
    /// Images to judge by.
    pub test: ImageSet,
}

/// Parses the content of an IDX file of unsigned bytes, gzipped or not. `name` is for messages.
///
/// Never reads or allocates more than the file's own header promises, and never more than the file
/// holds: a header that lies costs nothing.
///
/// # Errors
/// If this is not such a file, or it holds fewer or more elements than its header promises.
pub fn parse(name: &Path, content: &[u8]) -> Result<IdxArray> {
    if content.starts_with(&[0x1f, 0x8b]) {
        decode(name, &mut MultiGzDecoder::new(content))
    } else {
        decode(name, &mut &*content)
    }
}

/// Reads an IDX file; see [`parse`].
///
/// # Errors
/// As [`parse`], and if the file cannot be read.
pub fn read(path: &Path) -> Result<IdxArray> {
    let content = fs::read(path).map_err(|source| Error::io("read", path, source))?;
    parse(path, &content)
}

fn decode(name: &Path, from: &mut dyn Read) -> Result<IdxArray> {
    let broken = |problem: String| Error::file(name, problem);
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            broken("the file ends too early; was it downloaded completely?".into())
        }
        _ => broken(format!("the gzip data is damaged ({error}); was it downloaded completely?")),
    };
    let mut magic = [0; 4];
    from.read_exact(&mut magic).map_err(unreadable)?;
    let [0, 0, kind, rank] = magic else {
        return Err(broken(format!("this is no IDX file: it begins with {magic:02x?}, not with 00 00")));
    };
    if kind != 8 {
        return Err(broken(format!(
            "its elements are of type {kind:#04x}; only unsigned bytes (0x08) are read"
        )));
    }
    if rank == 0 {
        return Err(broken("its header names no axes".into()));
    }
    let mut shape = vec![];
    for _ in 0..rank {
        let mut size = [0; 4];
        from.read_exact(&mut size).map_err(unreadable)?;
        shape.push(u32::from_be_bytes(size) as usize);
    }
    let elements = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    let elements = elements
        .ok_or_else(|| broken(format!("its header promises {shape:?} elements, an absurd number")))?;

    // `take` bounds what is read and `read_to_end` grows with what is there.
    let mut bytes = vec![];
    from.take(elements as u64).read_to_end(&mut bytes).map_err(unreadable)?;
    let inner: usize = shape[1..].iter().product();
    let count = |bytes: usize| if inner == 0 { 0 } else { bytes / inner };
    if bytes.len() < elements {
        let (promised, found) = (shape[0], count(bytes.len()));
        return Err(broken(format!(
            "its header promises {promised} items of {inner} bytes, but only {found} are there"
        )));
    }
    if from.read(&mut [0]).map_err(unreadable)? > 0 {
        return Err(broken(format!(
            "there are more bytes than the {} items that its header promises",
            shape[0]
        )));
    }
    Ok(IdxArray { shape, bytes })
}

/// Reads `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
/// `t10k-labels-idx1-ubyte` from a folder, each as it is or with `.gz`, also spelt with a dot
/// (`train-images.idx3-ubyte`). The labels may be missing.
///
/// # Errors
/// If the folder or the images are missing, a file is damaged, or they do not fit together.
pub fn read_folder(folder: &Path) -> Result<ImageFolder> {
    let mut names = vec![];
    for entry in fs::read_dir(folder).map_err(|source| Error::io("read", folder, source))? {
        let entry = entry.map_err(|source| Error::io("read", folder, source))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let train = read_set(folder, &names, "train")?;
    let test = read_set(folder, &names, "t10k")?;
    let sizes = [&train, &test].map(|set| format!("{}×{}", set.height, set.width));
    if sizes[0] != sizes[1] {
        let [train, test] = sizes;
        return Err(Error::file(
            folder,
            format!("the training images are {train} pixels, the test images {test}"),
        ));
    }
    Ok(ImageFolder { train, test })
}

fn read_set(folder: &Path, names: &[String], split: &str) -> Result<ImageSet> {
    let find = |part: &str| -> Option<PathBuf> {
        let spellings =
            [format!("{split}-{part}-ubyte"), format!("{split}-{}-ubyte", part.replace('-', "."))];
        let endings = ["", ".gz"];
        let mut all = endings.iter().flat_map(|end| spellings.iter().map(move |name| format!("{name}{end}")));
        all.find(|name| names.contains(name)).map(|name| folder.join(name))
    };
    let Some(path) = find("images-idx3") else {
        let there = match names.len() {
            0 => "the folder is empty".to_owned(),
            1..6 => format!("the folder holds {}", names.join(", ")),
            many => format!("the folder holds {} and {} more", names[..4].join(", "), many - 4),
        };
        return Err(Error::file(
            folder,
            format!("there is no {split}-images-idx3-ubyte or .gz of it; {there}"),
        ));
    };
    let images = read(&path)?;
    let [count, height, width] = images.shape[..] else {
        let labels = if images.shape.len() == 1 { " (are these labels?)" } else { "" };
        let axes = images.shape.len();
        return Err(Error::file(&path, format!("images have 3 axes, this file has {axes}{labels}")));
    };
    if images.bytes.is_empty() {
        return Err(Error::file(&path, "there are no images in it"));
    }
    let labels = find("labels-idx1").map(|path| read_labels(&path, count)).transpose()?;
    Ok(ImageSet { height, width, pixels: images.bytes, labels })
}

fn read_labels(path: &Path, images: usize) -> Result<Vec<u8>> {
    let labels = read(path)?;
    if labels.shape.len() != 1 {
        return Err(Error::file(path, format!("labels have 1 axis, this file has {}", labels.shape.len())));
    }
    if labels.bytes.len() != images {
        return Err(Error::file(
            path,
            format!("there are {} labels for {images} images", labels.bytes.len()),
        ));
    }
    Ok(labels.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::Write;

    fn idx(shape: &[u32], bytes: &[u8]) -> Vec<u8> {
        let mut content = vec![0, 0, 8, shape.len() as u8];
        shape.iter().for_each(|size| content.extend(size.to_be_bytes()));
        content.extend(bytes);
        content
    }

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(vec![], Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn images(count: u32) -> Vec<u8> {
        let bytes: Vec<u8> = (0..count * 6).map(|i| (i * 37) as u8).collect();
        idx(&[count, 2, 3], &bytes)
    }

    fn problem(content: &[u8]) -> String {
        parse(Path::new("f"), content).unwrap_err().to_string()
    }

    #[test]
    fn gzipped_or_not() {
        let array = parse(Path::new("f"), &images(2)).unwrap();
        assert_eq!(array.shape, [2, 2, 3]);
        assert_eq!(parse(Path::new("f"), &gzip(&images(2))).unwrap(), array);
    }

    #[test]
    fn every_damage_is_one_sentence() {
        let early = "f: the file ends too early; was it downloaded completely?";
        assert_eq!(problem(b""), early);
        assert_eq!(problem(&images(2)[..9]), early);
        let zipped = gzip(&images(50));
        for cut in 2..zipped.len() {
            let text = problem(&zipped[..cut]);
            assert!(text == early || text.contains("gzip data is damaged"), "cut at {cut}: {text}");
        }
        let mut wrong_sum = zipped.clone();
        let at = wrong_sum.len() - 6;
        wrong_sum[at] ^= 1;
        assert!(problem(&wrong_sum).starts_with("f: the gzip data is damaged"), "{}", problem(&wrong_sum));
        assert_eq!(
            problem(b"hello, world"),
            "f: this is no IDX file: it begins with [68, 65, 6c, 6c], not with 00 00"
        );
        assert_eq!(
            problem(&[0, 0, 13, 1, 0, 0, 0, 0]),
            "f: its elements are of type 0x0d; only unsigned bytes (0x08) are read"
        );
        assert_eq!(
            problem(&images(7)[..16 + 3 * 6]),
            "f: its header promises 7 items of 6 bytes, but only 3 are there"
        );
        let mut long = images(1);
        long.push(0);
        assert_eq!(problem(&long), "f: there are more bytes than the 1 items that its header promises");
        let huge = [u32::MAX; 3];
        assert!(problem(&idx(&huge, &[])).contains("an absurd number"), "{}", problem(&idx(&huge, &[])));
        assert!(
            problem(&idx(&[u32::MAX], &[1])).contains("promises 4294967295 items of 1 bytes, but only 1")
        );
    }

    fn folder(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, content)| fs::write(folder.path().join(name), content).unwrap());
        folder
    }

    fn folder_problem(files: &[(&str, Vec<u8>)]) -> String {
        let folder = folder(files);
        let text = read_folder(folder.path()).unwrap_err().to_string();
        text.replace(folder.path().to_str().unwrap(), "DIR")
    }

    #[test]
    fn folders() {
        let labels = idx(&[2], &[3, 4]);
        let good = folder(&[
            ("train-images-idx3-ubyte.gz", gzip(&images(2))),
            ("train-labels-idx1-ubyte", labels.clone()),
            ("t10k-images.idx3-ubyte", images(1)),
        ]);
        let read = read_folder(good.path()).unwrap();
        assert_eq!((read.train.height, read.train.width, read.train.labels), (2, 3, Some(vec![3, 4])));
        assert_eq!((read.test.pixels.len(), read.test.labels), (6, None));

        let missing = "DIR: there is no train-images-idx3-ubyte or .gz of it; ";
        assert_eq!(folder_problem(&[]), format!("{missing}the folder is empty"));
        assert_eq!(folder_problem(&[("a.txt", vec![])]), format!("{missing}the folder holds a.txt"));
        let train = ("train-images-idx3-ubyte", images(2));
        assert!(
            folder_problem(&[train.clone()]).starts_with("DIR: there is no t10k-images-idx3-ubyte or .gz")
        );
        assert_eq!(
            folder_problem(&[train.clone(), ("train-labels-idx1-ubyte", idx(&[3], &[1, 2, 3]))]),
            "DIR/train-labels-idx1-ubyte: there are 3 labels for 2 images"
        );
        assert_eq!(
            folder_problem(&[train.clone(), ("t10k-images-idx3-ubyte", idx(&[1, 1, 1], &[0]))]),
            "DIR: the training images are 2×3 pixels, the test images 1×1"
        );
        assert_eq!(
            folder_problem(&[("train-images-idx3-ubyte", labels)]),
            "DIR/train-images-idx3-ubyte: images have 3 axes, this file has 1 (are these labels?)"
        );
        assert_eq!(
            folder_problem(&[("train-images-idx3-ubyte", idx(&[0, 2, 3], &[]))]),
            "DIR/train-images-idx3-ubyte: there are no images in it"
        );
        let error = read_folder(Path::new("no/such/folder")).unwrap_err().to_string();
        assert_eq!(error, "cannot read no/such/folder: no such file or directory");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn mutated_files_give_an_error_or_consistent_data(
            zipped: bool,
            cut in 0..200_usize,
            flips in prop::collection::vec((0..200_usize, 0..8_u32), 0..4),
            tail in prop::collection::vec(any::<u8>(), 0..4),
        ) {
            let mut content = if zipped { gzip(&images(9)) } else { images(9) };
            content.truncate(cut.max(1));
            for (at, bit) in flips {
                let at = at % content.len();
                content[at] ^= 1 << bit;
            }
            content.extend(tail);
            match parse(Path::new("f"), &content) {
                Ok(array) => prop_assert_eq!(array.shape.iter().product::<usize>(), array.bytes.len()),
                Err(error) => prop_assert!(!error.to_string().contains('\n')),
            }
        }
    }
}
