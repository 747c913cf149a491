//! Files of sparse matrices: Matrix Market, and what SciPy saves.

use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;

use super::super::npy::Npz;
use super::super::source::{Source, explain};
use super::SparseRows;
use crate::{Error, Result};

/// The most rows or columns.
const MOST: usize = 1 << 28;

impl SparseRows {
    /// Reads a Matrix Market file in coordinates (`.mtx`, gzipped or not), whose first line is `%%MatrixMarket matrix
    /// coordinate` and the kind of numbers: `real`, `integer`, or `pattern` where an entry is 1. See
    /// <https://math.nist.gov/MatrixMarket/formats.html>.
    ///
    /// ```
    /// use nn::data::SparseRows;
    ///
    /// let text = "%%MatrixMarket matrix coordinate integer general\n% cells by genes\n2 3 2\n1 3 7\n2 1 1\n";
    /// let rows = SparseRows::parse_mtx("a.mtx".as_ref(), text.as_bytes())?;
    /// assert_eq!(rows.row(0).collect::<Vec<_>>(), [(2, 7.0)]);
    /// # Ok::<(), nn::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be read or is no such file; the message gives the line.
    pub fn read_mtx(path: &Path) -> Result<Self> {
        read_mtx(Source::file(path)?)
    }

    /// The same for the content of a file. Errors call it `name`.
    ///
    /// # Errors
    /// Those of [`read_mtx`](Self::read_mtx).
    pub fn parse_mtx(name: &Path, content: &[u8]) -> Result<Self> {
        read_mtx(Source::open(name, content)?)
    }

    /// The matrix in an NPZ file that `scipy.sparse.save_npz` has written in the formats `csr`, `csc` or `coo`; `None` if it
    /// holds other arrays. Errors call it `name`.
    ///
    /// # Errors
    /// If the arrays cannot be read or do not fit together.
    pub fn of_scipy<R: Read + Seek>(name: &Path, npz: &mut Npz<R>) -> Result<Option<Self>> {
        let has = |names: &[&str]| names.iter().all(|name| npz.element(name).is_some());
        let compressed = has(&["data", "indices", "indptr", "shape"]);
        if !compressed && !has(&["data", "row", "col", "shape"]) {
            return Ok(None);
        }
        let mut numbers = |array: &str| -> Result<Vec<f64>> { Ok(npz.read::<f64>(array)?.to_vec()) };
        let damaged = |problem: String| Error::file(name, format!("the sparse matrix is damaged: {problem}"));
        let place = |number: f64| {
            (number >= 0.0 && number.fract() == 0.0 && number < MOST as f64)
                .then_some(number as usize)
                .ok_or_else(|| damaged(format!("{number} is no row or column")))
        };
        let places = |numbers: Vec<f64>| numbers.into_iter().map(place).collect::<Result<Vec<_>>>();
        let values = numbers("data")?;
        let &[rows, columns] = &places(numbers("shape")?)?[..] else {
            return Err(damaged("its shape has not two numbers".into()));
        };
        let (mut row_of, mut column_of);
        if compressed {
            let (ends, inner) = (places(numbers("indptr")?)?, places(numbers("indices")?)?);
            let by_columns = npz.ending("format", b"csc")?;
            let outer = if by_columns { columns } else { rows };
            let ascending = ends.windows(2).all(|pair| pair[0] <= pair[1]);
            if ends.len() != outer + 1 || !ascending || ends[0] != 0 || ends[outer] != inner.len() {
                return Err(damaged("`indptr` does not divide `indices` into rows".into()));
            }
            let outer =
                ends.windows(2).enumerate().flat_map(|(place, pair)| (pair[0]..pair[1]).map(move |_| place));
            (row_of, column_of) = (outer.collect::<Vec<_>>(), inner);
            if by_columns {
                (row_of, column_of) = (column_of, row_of);
            }
        } else {
            (row_of, column_of) = (places(numbers("row")?)?, places(numbers("col")?)?);
        }
        if [row_of.len(), column_of.len()] != [values.len(); 2] {
            return Err(damaged(format!(
                "there are {} places for {} numbers",
                column_of.len(),
                values.len()
            )));
        }
        let entries =
            row_of.into_iter().zip(column_of).zip(values).map(|((row, column), x)| (row, column, x as f32));
        matrix(name, [rows, columns], entries.collect()).map(Some)
    }
}

/// The matrix of these entries. A size that promises far more rows than entries is a mistake, and would take memory.
fn matrix(name: &Path, [rows, columns]: [usize; 2], entries: Vec<(usize, usize, f32)>) -> Result<SparseRows> {
    if rows.max(columns) > (1 << 16) + 1000 * entries.len() {
        let problem = format!(
            "{rows} rows and {columns} columns are promised, and {} entries are there",
            entries.len()
        );
        return Err(Error::file(name, problem));
    }
    SparseRows::new(rows, columns, entries).map_err(|error| Error::file(name, error.to_string()))
}

fn read_mtx(source: Source<'_>) -> Result<SparseRows> {
    let Source { name, bytes, packing } = source;
    let mut lines = (1..).zip(BufReader::new(bytes).lines());
    let mut next = || -> Result<Option<(usize, String)>> {
        for (number, line) in &mut lines {
            let line = line.map_err(|error| match error.kind() {
                std::io::ErrorKind::InvalidData => at(name, number, "it is no text"),
                _ => explain(name, packing, error),
            })?;
            // The first line begins like a comment, and is none.
            if number == 1 || !(line.trim().is_empty() || line.starts_with('%')) {
                return Ok(Some((number, line)));
            }
        }
        Ok(None)
    };
    let (_, first) = next()?.unwrap_or_default();
    let words = first.to_ascii_lowercase();
    let (pattern, symmetric) = match words.split_whitespace().collect::<Vec<_>>()[..] {
        [
            "%%matrixmarket",
            "matrix",
            "coordinate",
            kind @ ("real" | "integer" | "pattern"),
            symmetry @ ("general" | "symmetric"),
        ] => (kind == "pattern", symmetry == "symmetric"),
        ["%%matrixmarket", ..] => {
            let wanted =
                "a matrix in coordinates, of real or whole numbers or a pattern, general or symmetric";
            return Err(at(
                name,
                1,
                &format!("this kind of Matrix Market file is not read ({}); write {wanted}", first.trim()),
            ));
        }
        _ => {
            return Err(at(name, 1, "a Matrix Market file begins with `%%MatrixMarket matrix coordinate …`"));
        }
    };
    let whole = |line: &str| -> Option<Vec<usize>> {
        line.split_whitespace().map(|word| word.parse().ok()).collect()
    };
    let Some((number, sizes)) = next()? else {
        return Err(at(name, 1, "the file ends before the numbers of rows, columns and entries"));
    };
    let &[rows, columns, count] = &whole(&sizes).unwrap_or_default()[..] else {
        return Err(at(
            name,
            number,
            &format!("{sizes:?} should be the numbers of rows, columns and entries"),
        ));
    };
    if rows.max(columns) > MOST {
        return Err(at(
            name,
            number,
            &format!("{rows} rows and {columns} columns are more than can be read"),
        ));
    }
    let mut entries = vec![];
    let mut read = 0;
    while let Some((number, line)) = next()? {
        let mut words = line.split_whitespace();
        let mut place = |most: usize| words.next()?.parse().ok().filter(|&place| (1..=most).contains(&place));
        let (row, column): (Option<usize>, Option<usize>) = (place(rows), place(columns));
        let value = if pattern { Some(1.0) } else { words.next().and_then(|word| word.parse::<f32>().ok()) };
        let (Some(row), Some(column), Some(value), None) = (row, column, value, words.next()) else {
            let wanted = format!(
                "a row up to {rows}, a column up to {columns}{}",
                if pattern { "" } else { " and a number" }
            );
            return Err(at(name, number, &format!("{line:?} should be {wanted}")));
        };
        read += 1;
        entries.push((row - 1, column - 1, value));
        if symmetric && row != column {
            entries.push((column - 1, row - 1, value));
        }
    }
    if read != count {
        let problem =
            format!("it has {read} entries and says that there are {count}; write or download it again");
        return Err(Error::file(name, problem));
    }
    matrix(name, [rows, columns], entries)
}

fn at(name: &Path, line: usize, problem: &str) -> Error {
    Error::file(name, format!("line {line}: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Examples;
    use crate::data::npy;
    use autograd::Tensor;

    fn parse(text: &str) -> Result<SparseRows> {
        SparseRows::parse_mtx("a.mtx".as_ref(), text.as_bytes())
    }

    #[test]
    fn coordinates_of_every_kind() {
        let rows =
            parse("%%MatrixMarket matrix coordinate real general\n%\n\n2 2 2\n2 1 -1.5e0\n1 2 3\n").unwrap();
        assert_eq!(rows.rows(&[0, 1]).unwrap().to_vec(), [0.0, 3.0, -1.5, 0.0]);
        let rows = parse("%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n3 3\n").unwrap();
        assert_eq!(rows.rows(&[0, 1, 2]).unwrap().to_vec(), [0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn wrong_files_are_refused_with_their_line() {
        let head = "%%MatrixMarket matrix coordinate integer general\n";
        for (text, expected) in [
            ("1,2\n3,4\n".to_owned(), "line 1: a Matrix Market file begins with"),
            (
                "%%MatrixMarket matrix array real general\n".to_owned(),
                "is not read (%%MatrixMarket matrix array",
            ),
            (head.to_owned(), "the file ends before"),
            (format!("{head}2 2\n"), "line 2: \"2 2\" should be the numbers of rows"),
            (format!("{head}9999999999 2 0\n"), "are more than can be read"),
            (
                format!("{head}99999 2 1\n1 1 1\n"),
                "99999 rows and 2 columns are promised, and 1 entries are there",
            ),
            (
                format!("{head}2 2 1\n3 1 1\n"),
                "line 3: \"3 1 1\" should be a row up to 2, a column up to 2 and a number",
            ),
            (format!("{head}2 2 1\n0 1 1\n"), "should be a row"),
            (format!("{head}2 2 1\n1 1 x\n"), "should be a row"),
            (format!("{head}2 2 1\n1 1 1 1\n"), "should be a row"),
            (format!("{head}2 2 2\n1 1 1\n"), "it has 1 entries and says that there are 2"),
            (format!("{head}2 2 2\n1 1 1\n1 1 2\n"), "row 0 has column 0 twice"),
        ] {
            let error = parse(&text).unwrap_err().to_string();
            assert!(error.starts_with("a.mtx: ") && error.contains(expected), "{text:?}: {error}");
        }
    }

    /// The bytes of an NPZ file with these arrays of numbers, and the name of the format as SciPy writes it.
    fn npz(arrays: &[(&str, &[f64])], format: &str) -> Vec<u8> {
        use std::io::Write;
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
        let stored = zip::write::SimpleFileOptions::default();
        for (name, numbers) in arrays {
            zip.start_file(format!("{name}.npy"), stored).unwrap();
            zip.write_all(&npy::bytes(&Tensor::from_vec([numbers.len()], numbers.to_vec()))).unwrap();
        }
        zip.start_file("format.npy", stored).unwrap();
        let header = "{'descr': '|S3', 'fortran_order': False, 'shape': (), }";
        let header = format!("{header:<117}\n");
        zip.write_all(b"\x93NUMPY\x01\x00\x76\x00").unwrap();
        zip.write_all(header.as_bytes()).unwrap();
        zip.write_all(format.as_bytes()).unwrap();
        zip.finish().unwrap().into_inner()
    }

    fn of_scipy(arrays: &[(&str, &[f64])], format: &str) -> Result<Option<SparseRows>> {
        let name = Path::new("a.npz");
        SparseRows::of_scipy(name, &mut Npz::parse(name, &npz(arrays, format))?)
    }

    #[test]
    fn formats_of_scipy() {
        // [[0, 5, 0], [7, 0, 9]] and for `csc` its transpose in the same arrays.
        let compressed: [(&str, &[f64]); 4] = [
            ("data", &[5.0, 7.0, 9.0]),
            ("indices", &[1.0, 0.0, 2.0]),
            ("indptr", &[0.0, 1.0, 3.0]),
            ("shape", &[2.0, 3.0]),
        ];
        let rows = of_scipy(&compressed, "csr").unwrap().unwrap();
        assert_eq!(rows.rows(&[0, 1]).unwrap().to_vec(), [0.0, 5.0, 0.0, 7.0, 0.0, 9.0]);
        let mut turned = compressed;
        turned[3].1 = &[3.0, 2.0];
        assert_eq!(of_scipy(&turned, "csc").unwrap().unwrap(), rows.transposed());
        let coo: [(&str, &[f64]); 4] = [
            ("data", &[9.0, 5.0, 7.0]),
            ("row", &[1.0, 0.0, 1.0]),
            ("col", &[2.0, 1.0, 0.0]),
            ("shape", &[2.0, 3.0]),
        ];
        assert_eq!(of_scipy(&coo, "coo").unwrap().unwrap(), rows);
        assert!(of_scipy(&[("x", &[1.0])], "csr").unwrap().is_none());
        for (number, wrong) in [
            (1, &[1.0, 0.5, 2.0][..]),
            (1, &[1.0, 0.0]),
            (2, &[0.0, 3.0, 1.0]),
            (2, &[0.0, 3.0]),
            (3, &[2.0]),
        ] {
            let mut damaged = compressed;
            damaged[number].1 = wrong;
            let error = of_scipy(&damaged, "csr").unwrap_err().to_string();
            assert!(error.starts_with("a.npz: the sparse matrix is damaged: "), "{error}");
        }
    }
}
