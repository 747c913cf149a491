//! Sparse matrices: Matrix Market files, and those that SciPy saves.

use std::fs;
use std::path::Path;

use nn::data::{Examples, SparseRows};
use nn::{Error, Result};

use super::super::Reading;
use super::Raw;

impl Raw {
    /// A Matrix Market file. Where its folder has the names of cells and genes, as the programs of 10x Genomics write them, the
    /// cells are the examples, and the genes the features.
    pub(super) fn of_matrix(path: &Path, reading: &Reading) -> Result<Self> {
        let matrix = SparseRows::read_mtx(path)?;
        let beside = |names: &[&str]| names.iter().find_map(|name| lines(&path.with_file_name(name)));
        let cells = beside(&["barcodes.tsv", "barcodes.tsv.gz"]);
        let genes = beside(&["features.tsv", "features.tsv.gz", "genes.tsv", "genes.tsv.gz"]);
        let [named_cells, named_genes] = [&cells, &genes].map(|names| names.as_ref().map(Vec::len));
        if (named_cells, named_genes) != (Some(matrix.width()), Some(matrix.len())) {
            let mut raw = Raw::of_sparse(path, &matrix, reading)?;
            if named_cells.is_some() || named_genes.is_some() {
                let count = |names: Option<usize>| names.map_or("no".to_owned(), |count| count.to_string());
                raw.notes.push(format!(
                    "its rows are the examples: the files of names beside it have {} cells and {} genes, and it has {} \
                     columns and {} rows",
                    count(named_cells),
                    count(named_genes),
                    matrix.width(),
                    matrix.len()
                ));
            }
            return Ok(raw);
        }
        let mut raw = Raw::of_sparse(path, &matrix.transposed(), reading)?;
        // An identifier, a name, and what was counted; names need not be different.
        let name = |line: &String| line.split('\t').next().unwrap_or_default().to_owned();
        raw.columns = genes.iter().flatten().map(name).collect();
        raw.data.ids = cells.map(|cells| ("barcode".to_owned(), cells));
        raw.notes.push(format!(
            "its {} columns are the cells of `barcodes.tsv`, and so the examples; its rows are their features",
            matrix.width()
        ));
        Ok(raw)
    }

    /// The matrix with all its zeros, if there is room for them.
    pub(super) fn of_sparse(path: &Path, rows: &SparseRows, reading: &Reading) -> Result<Self> {
        let megabytes = 4.0 * rows.len() as f64 * rows.width() as f64 / f64::from(1 << 20);
        if megabytes > reading.memory as f64 {
            let problem = format!(
                "with its zeros the matrix of {} rows and {} columns takes {megabytes:.0} MB, and --memory is {}; leave out \
                 columns that are almost always 0, or allow more",
                rows.len(),
                rows.width(),
                reading.memory
            );
            return Err(Error::file(path, problem));
        }
        Raw::of_tensor(path, rows.rows(&(0..rows.len()).collect::<Vec<_>>())?, reading)
    }
}

/// The lines of a text, gzipped or not; `None` if there is no such file.
fn lines(path: &Path) -> Option<Vec<String>> {
    let bytes = fs::read(path).ok()?;
    let text = match bytes.starts_with(&[0x1f, 0x8b]) {
        true => std::io::read_to_string(flate2::read::MultiGzDecoder::new(&bytes[..])).ok()?,
        false => String::from_utf8(bytes).ok()?,
    };
    Some(text.lines().map(str::to_owned).collect())
}
