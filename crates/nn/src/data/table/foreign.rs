//! Content that is no table, by its first bytes: the sentence names what it is and what to do.

/// First bytes of files that are no text.
const BINARY: &[(&[u8], &str)] = &[
    (b"%PDF-", "this is a PDF document; copy its table into a spreadsheet and save that as CSV"),
    (b"PK\x03\x04", "this is a zip archive or a spreadsheet; unpack it, or save the spreadsheet as CSV"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "this is an old Excel or Office file; save it as CSV"),
    (b"SQLite format 3\0", "this is an SQLite database; write one of its tables as CSV"),
    (b"\x93NUMPY", "this is an NPY array; give the name of its file as data"),
    (b"PAR1", "this is a Parquet file; give the name of the file itself as data, or write it as CSV"),
    (b"ARROW1", "this is an Arrow (Feather) file; write Parquet, CSV or NPY instead"),
    (b"\x89HDF", "this is an HDF5 file; write its array as NPY"),
    (b"CDF\x01", "this is a NetCDF file; write its array as NPY"),
    (b"CDF\x02", "this is a NetCDF file; write its array as NPY"),
    (b"MATLAB 5.0 MAT-file", "this is a MATLAB file; write its matrix with writematrix as CSV"),
    (b"RDX2\n", "these are R data; write them with write.csv"),
    (b"RDX3\n", "these are R data; write them with write.csv"),
    (b"X\n\0\0\0", "these are R data; write them with write.csv"),
    (b"<stata_dta>", "this is a Stata file; write it as CSV"),
    (b"$FL2", "this is an SPSS file; write it as CSV"),
    (b"Obj\x01", "this is an Avro file; write it as CSV or Parquet"),
    (b"ORC", "this is an ORC file; write it as CSV or Parquet"),
    (b"BZh", "this is a bzip2 archive; unpack it (bunzip2)"),
    (b"\xfd7zXZ\0", "this is an xz archive; unpack it (unxz)"),
    (b"\x28\xb5\x2f\xfd", "this is a zstd archive; unpack it (unzstd)"),
    (b"7z\xbc\xaf\x27\x1c", "this is a 7z archive; unpack it"),
    (b"Rar!", "this is a rar archive; unpack it"),
    (b"\x1f\x8b", "this is gzip within gzip; unpack it once (gunzip)"),
    (b"\x89PNG", "this is a picture; give the name of its file as data"),
    (b"\xff\xd8\xff", "this is a picture; give the name of its file as data"),
    (b"GIF8", "this is a picture; pictures are read as PNG or JPEG"),
    (b"II*\0", "this is a picture; pictures are read as PNG or JPEG"),
    (b"MM\0*", "this is a picture; pictures are read as PNG or JPEG"),
    (b"RIFF", "this is a sound, a film or a picture and no table"),
    (b"OggS", "this is a sound or a film and no table"),
    (b"ID3", "this is a sound and no table"),
    (b"\x7fELF", "this is a program and no table"),
    (b"{\\rtf", "this is an RTF document; save its table as CSV"),
];

const PICKLE: &str = "this is a pickled Python object; write its array as NPY or its table as CSV";

/// First words of files of text, in small letters.
const TEXT: &[(&str, &str)] = &[
    (
        "version https://git-lfs.github.com/spec/",
        "this is a Git LFS pointer, which only stands for the file; fetch the file itself with `git lfs pull`",
    ),
    ("/annex/objects/", "this is a git-annex pointer; fetch the file itself with `git annex get`"),
    ("@relation", "this is an ARFF file; write it as CSV"),
    ("-----begin", "this is a key or an encrypted message and no table"),
];

/// First words of a page or a document of tags, in small letters.
const PAGE: [&str; 6] = ["<!doctype html", "<html", "<head", "<body", "<table", "<script"];

/// The sentence about content that starts like this and is no table.
pub(super) fn what_it_is(start: &[u8]) -> Option<&'static str> {
    if let Some((_, sentence)) = BINARY.iter().find(|(magic, _)| start.starts_with(magic)) {
        return Some(sentence);
    }
    if matches!(start, [0x80, 2..=5, ..]) {
        return Some(PICKLE);
    }
    if start.get(257..262) == Some(b"ustar") {
        return Some("this is a tar archive; unpack it (tar -xf)");
    }
    let all = String::from_utf8_lossy(start);
    let text = all.trim_start_matches('\u{feff}').trim_start();
    let small = text.to_lowercase();
    if let Some((_, sentence)) = TEXT.iter().find(|(begin, _)| small.starts_with(begin)) {
        return Some(sentence);
    }
    let is_page = |text: &str| PAGE.iter().any(|begin| text.starts_with(begin));
    if let Some(inner) = small.strip_prefix('<') {
        if is_page(&small) || PAGE[..3].iter().any(|tag| small.contains(tag)) {
            return Some(
                "this is an HTML page and not the table itself; look at it in a browser: it may be an error \
                 page, or have a link to the raw file",
            );
        }
        if small.starts_with("<svg") || small.contains("<svg ") {
            return Some("this is a picture (SVG); pictures are read as PNG or JPEG");
        }
        let named = inner.starts_with(|sign: char| sign.is_alphabetic() || "?!".contains(sign));
        if named && small.contains('>') && !small.starts_with("<na>") {
            return Some("this is XML; write its table as CSV");
        }
    }
    json(text).or_else(|| rows(text)).or_else(|| no_text(start))
}

/// JSON, by what follows the first bracket.
fn json(text: &str) -> Option<&'static str> {
    let rest = text.get(1..)?.trim_start();
    let like_json = match text.as_bytes()[0] {
        b'{' => rest.starts_with(['"', '}']),
        b'[' => {
            rest.starts_with(|sign: char| "{[\"-]".contains(sign) || sign.is_ascii_digit())
                || ["true", "false", "null"].iter().any(|word| rest.starts_with(word))
        }
        _ => false,
    };
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let (first, second) = (lines.next()?, lines.next());
    let whole = |line: &str| line.ends_with('}') || line.ends_with(']');
    let lines = whole(first) && second.is_some_and(|second| second.starts_with(&first[..1]));
    match (like_json, lines) {
        (false, _) => None,
        (true, true) => Some(
            "these are JSON lines; write them as CSV, as pandas does with read_json(lines=True) and to_csv",
        ),
        (true, false) => Some("this is JSON; write it as CSV, as pandas does with to_csv"),
    }
}

/// Tables in another notation.
fn rows(text: &str) -> Option<&'static str> {
    let mut lines = text.lines();
    let (first, second) = (lines.next()?.trim(), lines.next().unwrap_or_default().trim());
    let rule = |line: &str, signs: &str| line.len() > 2 && line.chars().all(|sign| signs.contains(sign));
    if first.starts_with('|') && rule(second, "|-: ") || rule(first, "+-=") {
        return Some("this is a table drawn for people (Markdown, say); write it as CSV");
    }
    let pair = |word: &str| {
        word.split_once(':').is_some_and(|(place, value)| {
            place.parse::<u32>().is_ok() && value.parse::<f64>().is_ok() && !value.is_empty()
        })
    };
    let mut words = first.split_whitespace();
    // `1:30` alone may be a time of day.
    let label = words.next().is_some_and(|word| word.parse::<f64>().is_ok());
    let pairs: Vec<&str> = words.collect();
    if label && pairs.len() > 1 && pairs.iter().all(|word| pair(word)) {
        return Some("these are sparse rows (LIBSVM); write them as CSV or NPY with all their zeros");
    }
    None
}

/// Bytes that are no letters of any encoding.
fn no_text(start: &[u8]) -> Option<&'static str> {
    // UTF-16 has a zero beside every common letter.
    let sixteen = super::text::Encoding::of(start).0 != super::text::Encoding::Utf8;
    let control = |byte: &&u8| matches!(byte, 1..=8 | 14..=26 | 28..=31 | 127);
    let many = start.iter().filter(control).count() * 10 > start.len();
    let zero = if sixteen { start.chunks_exact(2).any(|pair| pair == [0, 0]) } else { start.contains(&0) };
    (many || zero).then_some(
        "this is no data that can be read: a table (CSV, TSV), an array (NPY, NPZ), pictures (PNG, JPEG), \
         Parquet, or a folder of IDX files",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_table_is_named() {
        let tar = [&[b'a'; 257][..], b"ustar\0"].concat();
        let cases: &[(&[u8], &str)] = &[
            (b"<!DOCTYPE html>\n<html>", "HTML"),
            (b"\n  <HTML lang=en>", "HTML"),
            (b"<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC", "HTML"),
            (b"<!-- saved --><html>", "HTML"),
            (b"\xef\xbb\xbf<?xml version=\"1.0\"?><rows>", "XML"),
            (b"<data><row/></data>", "XML"),
            (b"<svg width=\"3\">", "SVG"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 12\n", "git lfs pull"),
            (b"/annex/objects/SHA256E-s1", "git annex get"),
            (b"{\"a\": 1}\n{\"a\": 2}\n", "JSON lines"),
            (b"[1, 2]\n[3, 4]\n", "JSON lines"),
            (b"{\n \"a\": 1}", "this is JSON;"),
            (b"[{\"a\": 1},\n{\"a\": 2}]", "this is JSON;"),
            (b"[]", "this is JSON;"),
            (b"%PDF-1.4\n", "PDF"),
            (b"PK\x03\x04....", "zip"),
            (b"SQLite format 3\0...", "SQLite"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Excel"),
            (b"\x80\x04\x95", "pickled"),
            (b"BZh91AY", "bzip2"),
            (&tar, "tar archive"),
            (b"@RELATION iris\n", "ARFF"),
            (b"| a | b |\n|---|:-:|\n| 1 | 2 |", "drawn for people"),
            (b"+---+---+\n| a | b |", "drawn for people"),
            (b"1 1:0.5 3:2\n", "LIBSVM"),
            (b"a\0b\0\0\0", "no data that can be read"),
            (b"\x01\x02\x03abc", "no data that can be read"),
        ];
        for (start, expected) in cases {
            let found = what_it_is(start);
            assert!(found.is_some_and(|text| text.contains(expected)), "{start:?}: {found:?}");
        }
    }

    #[test]
    fn tables_are_tables() {
        let cases: [&[u8]; 16] = [
            b"",
            b"a,b\n1,2\n",
            b"[mm],[kg]\n1,2\n",
            b"{x},y\n1,2\n",
            b"<5,>3\n1,2\n",
            b"<NA>,<b>\n1,2\n",
            b"|a|,b\n1,2\n",
            b"a|b\n1|2\n",
            b"-1,-2\n-3,-4\n",
            b"---,b\n1,2\n",
            b"1 1:30\n2 1:45\n",
            b"\xff\xfea\0,\0b\0\n\0",
            b"gr\xf6\xdfe,b\n1,2\n",
            b"version,b\n1,2\n",
            b"bell\x07,a longer name\n1,2\n",
            "größe,名\n".as_bytes(),
        ];
        for start in cases {
            assert_eq!(what_it_is(start), None, "{:?}", String::from_utf8_lossy(start));
        }
    }
}
