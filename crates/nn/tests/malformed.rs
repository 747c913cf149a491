//! Every reader against damaged files: an error of one line, or data; never a panic, and never more memory
//! than the file justifies: 64 times its size and a megabyte.
//!
//! Good files meet random accidents. Checksums are repaired after some of them, because otherwise nothing
//! behind the checksum would ever be tested. `NN_CASES` is the number of files of each format.

mod malformed {
    pub(crate) mod accident;
    pub(crate) mod good;
}

use std::fmt::Debug;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use autograd::Tensor;
use malformed::{accident, good};
use nn::data::pictures::{Colour, Fit, PictureOptions};
use nn::data::table::{Impute, TableOptions};
use nn::data::{idx, npy, pictures, table, wav};
use nn::{Error, checkpoint};
use peak_alloc::PeakAlloc;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// One test at a time, because memory is counted for the whole process: the good files too are made by the test whose turn
/// it is.
static ALONE: Mutex<()> = Mutex::new(());

/// How many bytes of memory a byte of the file may take.
const USUAL: usize = 64;

/// In a JPEG file a byte can stand for 512 pixels, for each of which the decoder takes up to 32 bytes (four
/// components, coefficients and upsampled rows) before it can know whether they come.
const JPEG: usize = 512 * 32;

/// In WebP and TIFF files a byte may stand for 65536 pixels of one colour, for each of which up to 32 bytes are taken.
const FEW_BITS: usize = (1 << 16) * 32;

/// Damages the good files, repairs them as far as `repair` does, and reads them.
fn check<T: Debug>(
    good: impl FnOnce() -> Vec<Vec<u8>>,
    times: usize,
    repair: impl Fn(Vec<u8>) -> Vec<u8>,
    read: impl Fn(&Path, &[u8]) -> Result<T, Error>,
) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let name = Path::new("file");
    let files = good();
    for (i, content) in files.iter().enumerate() {
        read(name, content).unwrap_or_else(|error| panic!("file {i} is good, but: {error}"));
    }
    let cases = std::env::var("NN_CASES").map_or(2000, |cases| cases.parse().expect("NN_CASES is a number"));
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let result = TestRunner::new(config).run(&accident::damaged(files), |damaged| {
        let content = if damaged.repair { repair(damaged.content) } else { damaged.content };
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let result = read(name, &content);
        let taken = MEMORY.peak_usage().saturating_sub(before);
        let allowed = times * content.len() + (1 << 20);
        if taken > allowed {
            return Err(TestCaseError::fail(format!("{taken} bytes for a file of {}", content.len())));
        }
        match result.map_err(|error| error.to_string()) {
            Err(text) if text.lines().count() != 1 => {
                Err(TestCaseError::fail(format!("several lines: {text:?}")))
            }
            _ => Ok(()),
        }
    });
    if let Err(problem) = result {
        panic!("{problem}");
    }
}

fn as_it_is(content: Vec<u8>) -> Vec<u8> {
    content
}

#[test]
fn tables() {
    let options = [
        TableOptions::default(),
        TableOptions { label: Some("kind".into()), impute: Impute::Mean, ..TableOptions::default() },
        TableOptions { delimiter: Some(';'), drop: vec![1.into()], ..TableOptions::default() },
    ];
    check(good::tables, USUAL, as_it_is, |name, content| {
        // A file is good if one way to read it is; all are tried.
        let results = options.each_ref().map(|options| table::parse(name, content, options));
        let finite = |table: &table::Table| table.data.x().to_vec().iter().all(|value| value.is_finite());
        assert!(results.iter().flatten().all(finite), "no table has values that are not finite");
        let [first, second, third] = results;
        first.or(second).or(third)
    });
}

#[test]
fn numpy_arrays() {
    check(good::arrays, USUAL, accident::gzip, |name, content| {
        let single = npy::parse::<f32>(name, content);
        npy::parse::<f64>(name, content).map(|double| (single, double))
    });
}

#[test]
fn numpy_archives() {
    // Good arrays in a damaged archive, and damaged arrays in a good one.
    check(good::archives, USUAL, as_it_is, npy::parse_npz::<f64>);
    let open = |name: &Path, content: &[u8]| npy::parse_npz::<f64>(name, &good::archive(&[content], true));
    check(good::arrays, USUAL, as_it_is, open);
}

const SMALL: PictureOptions = PictureOptions { height: 8, width: 5, colour: Colour::Rgb, fit: Fit::Stretch };

/// Reads a picture; its values are in [0, 1].
fn picture(name: &Path, content: &[u8]) -> Result<Tensor<f32>, Error> {
    let grey = pictures::parse(name, content, &PictureOptions { colour: Colour::Grey, ..SMALL });
    let colours = pictures::parse(name, content, &SMALL)?;
    let mut values = colours.to_vec();
    values.extend(grey?.to_vec());
    assert!(values.iter().all(|value| (0.0..=1.0).contains(value)), "{values:?}");
    Ok(colours)
}

#[test]
fn png_pictures() {
    check(good::png_pictures, USUAL, accident::repair_png, picture);
}

#[test]
fn jpeg_pictures() {
    check(good::jpeg_pictures, JPEG, as_it_is, picture);
}

#[test]
fn webp_pictures() {
    check(good::webp_pictures, FEW_BITS, as_it_is, picture);
}

#[test]
fn tiff_pictures() {
    check(good::tiff_pictures, FEW_BITS, as_it_is, picture);
}

#[test]
fn wav_sounds() {
    check(good::sounds, USUAL, as_it_is, |name, content| {
        let found = wav::parse(name, content);
        let finite = |values: &[f32]| values.iter().all(|value| value.abs() <= 1.0);
        assert!(
            found.iter().all(|(format, values)| format.float || finite(values)),
            "whole numbers lie in [-1, 1]"
        );
        found
    });
}

#[test]
fn idx_arrays() {
    check(good::idx_arrays, USUAL, accident::gzip, idx::parse);
}

#[test]
fn checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let good = || vec![good::checkpoint(&path)];
    check(good, USUAL, as_it_is, |_, content| {
        std::fs::write(&path, content).unwrap();
        let mut model = good::model();
        let result = checkpoint::load(&path, &mut model);
        if result.is_err() {
            assert_eq!(model.weight.to_vec(), good::model().weight.to_vec(), "an error changes nothing");
        }
        result
    });
}
