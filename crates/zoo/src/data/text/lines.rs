//! Reading texts: line by line, in memory that does not grow with the length of a line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use nn::checkpoint::nearest;
use nn::data::table::{Column, quoted};
use nn::{Error, Result};

use super::super::input::Input;
use super::super::kind::Kind;
use super::super::{Reading, explain, parquet, raw};
use super::{LONGEST, Texts};

/// Bytes of a line that are kept: a character has four at most.
const KEPT: usize = 4 * LONGEST;

/// A text that was read.
pub(super) struct Text<'a> {
    /// Its number, counted from 1: that of its line, or of its row.
    pub(super) number: usize,
    /// It, or its beginning if it is very long.
    pub(super) text: &'a str,
    /// Its characters or bytes, also those that are not here.
    pub(super) length: usize,
}

/// Calls `f` with every text, also with empty ones.
///
/// # Errors
/// If the data cannot be read, or are no text.
pub(super) fn each_text(
    input: &Input,
    reading: &Reading,
    texts: &Texts,
    f: &mut dyn FnMut(Text<'_>),
) -> Result<()> {
    let path = input.path();
    if input.is_digits() {
        return Err(Error::file(path, "the embedded digits are no texts; give a file of lines with --data"));
    }
    if let Some(column) = &texts.column {
        return each_cell(input, reading, texts, column, f);
    }
    match input.kind()? {
        Kind::Table if path.is_file() => {}
        Kind::Parquet => {
            let problem = "this is a table; name the column of the texts, as in --text COLUMN";
            return Err(Error::file(path, problem));
        }
        _ => {
            return Err(Error::file(path, "this is no file of lines, and no table with a column of texts"));
        }
    }
    let open = || {
        let mut file = BufReader::new(File::open(path)?);
        let zipped = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let stream: Box<dyn Read> = if zipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        Ok(BufReader::with_capacity(1 << 16, stream))
    };
    let failed = |error: io::Error| Error::io("read", path, error);
    let mut stream = open().map_err(failed)?;
    let (mut line, mut number) = (vec![], 0);
    while let Some(size) = next_line(&mut stream, &mut line, texts.bytes).map_err(failed)? {
        number += 1;
        let mut size = size;
        if number == 1 && line.starts_with("\u{feff}".as_bytes()) {
            line.drain(..3);
            size -= if texts.bytes { 3 } else { 1 };
        }
        let text = match std::str::from_utf8(&line) {
            Ok(text) => text,
            // A character that is cut off at the end of what is kept.
            Err(error) if error.error_len().is_none() && line.len() >= KEPT - 3 => {
                std::str::from_utf8(&line[..error.valid_up_to()]).expect("valid up to there")
            }
            Err(error) => {
                let byte = line[error.valid_up_to()];
                return Err(Error::file(
                    path,
                    format!(
                        "line {number} is no text in UTF-8 (byte 0x{byte:02x} after {} others); convert the file, as with \
                         `iconv -f latin1 -t utf-8`",
                        error.valid_up_to()
                    ),
                ));
            }
        };
        f(Text { number, text, length: size });
    }
    Ok(())
}

/// The next line without its end, but for what is longer than is kept; and how many characters or bytes it has in all.
/// `None` behind the last line.
fn next_line(stream: &mut impl BufRead, line: &mut Vec<u8>, bytes: bool) -> io::Result<Option<usize>> {
    line.clear();
    let (mut size, mut any, mut last) = (0, false, 0);
    loop {
        let some = stream.fill_buf()?;
        if some.is_empty() {
            break;
        }
        any = true;
        let end = some.iter().position(|&byte| byte == b'\n');
        let part = &some[..end.unwrap_or(some.len())];
        line.extend(&part[..part.len().min(KEPT - line.len())]);
        // The first byte of a character is none that continues one.
        size += if bytes { part.len() } else { part.iter().filter(|&&byte| byte & 0xc0 != 0x80).count() };
        last = part.last().copied().unwrap_or(last);
        let read = part.len() + usize::from(end.is_some());
        stream.consume(read);
        if end.is_some() {
            break;
        }
    }
    if last == b'\r' {
        size -= 1;
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    }
    Ok(any.then_some(size))
}

/// The cells of a column of a table. One that is missing is empty.
fn each_cell(
    input: &Input,
    reading: &Reading,
    texts: &Texts,
    column: &Column,
    f: &mut dyn FnMut(Text<'_>),
) -> Result<()> {
    let path = input.path();
    if !matches!(input.kind()?, Kind::Table | Kind::Parquet) {
        return Err(Error::file(path, "this is no table; --text with a column reads CSV, TSV or Parquet"));
    }
    let content = input.text(usize::MAX)?;
    let reading = if content.is_some() { parquet::as_table(reading) } else { reading.clone() };
    let options = raw::table_options(&reading);
    let table = raw::text_table(path, content.as_deref(), &options)
        .map_err(|error| explain::in_training(error, path, content.as_deref(), &options))?;
    let place = match column {
        Column::Name(name) => table.names.iter().position(|other| other == name),
        Column::Number(number) => number.checked_sub(1).filter(|place| *place < table.names.len()),
    };
    let Some(place) = place else {
        return Err(Error::file(path, no_column(column, &table.names)));
    };
    for row in 0..table.rows {
        let cell = table.columns[place].text(row);
        let text = if table.is_missing(cell) { "" } else { cell };
        let length = if texts.bytes { text.len() } else { text.chars().count() };
        f(Text { number: row + 1, text, length });
    }
    Ok(())
}

fn no_column(column: &Column, names: &[String]) -> String {
    match column {
        Column::Number(number) => format!("there is no column {number}; the table has {}", names.len()),
        Column::Name(name) => {
            let near = nearest(name, names.iter().map(String::as_str));
            let near = near.map_or(String::new(), |near| format!("; did you mean {}?", quoted(near)));
            format!("there is no column {} (--text){near}", quoted(name))
        }
    }
}

/// Where the file of a line lies, for an error.
pub(super) fn nothing(path: &Path) -> Error {
    Error::file(path, "there is no text in it: every line is empty")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of some bytes, and their sizes.
    fn lines(content: &[u8], bytes: bool) -> Vec<(String, usize)> {
        let (mut stream, mut line, mut all) = (BufReader::with_capacity(3, content), vec![], vec![]);
        while let Some(size) = next_line(&mut stream, &mut line, bytes).unwrap() {
            all.push((String::from_utf8_lossy(&line).into_owned(), size));
        }
        all
    }

    #[test]
    fn lines_are_counted_in_characters_or_bytes() {
        let of = |pairs: &[(&str, usize)]| -> Vec<(String, usize)> {
            pairs.iter().map(|(text, size)| ((*text).to_owned(), *size)).collect()
        };
        assert_eq!(lines("größe\r\n\nb".as_bytes(), false), of(&[("größe", 5), ("", 0), ("b", 1)]));
        assert_eq!(lines("größe\n\n".as_bytes(), true), of(&[("größe", 7), ("", 0)]));
        assert_eq!(lines(b"", false), []);
        let long = "é".repeat(KEPT);
        let found = &lines(long.as_bytes(), false)[0];
        assert_eq!((found.0.len(), found.1), (KEPT, KEPT));
    }
}
