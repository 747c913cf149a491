//! The header of an NPY file: a Python dictionary with three entries.

use super::super::source::{AGAIN, Source};
use crate::Result;

/// The first bytes of every NPY file.
const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// NumPy itself has at most this many axes.
const MOST_AXES: usize = 64;

/// What the header says.
pub(super) struct Header {
    /// The type of the elements as NumPy writes it, such as `<f4`.
    pub(super) descr: String,
    /// How to read one element.
    pub(super) element: Element,
    /// Whether the first axis is the fastest.
    pub(super) fortran: bool,
    /// The size of each axis.
    pub(super) shape: Vec<usize>,
    /// How many bytes the elements take.
    pub(super) bytes: usize,
}

/// A type of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) kind: Kind,
    /// Bytes of one element.
    pub(super) size: usize,
    pub(super) big_endian: bool,
}

/// What the bits of an element mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Float,
    Signed,
    Unsigned,
    Bool,
}

/// Reads magic, version, length and dictionary.
pub(super) fn read(source: &mut Source) -> Result<Header> {
    let start = source.at_most(8)?;
    if start.is_empty() {
        return source.unusable(format!("the file is empty; {AGAIN}"));
    }
    if !start.starts_with(&MAGIC[..start.len().min(6)]) {
        return source.unusable("this is no NPY file: it does not start with 93 and `NUMPY`".into());
    }
    if start.len() < 8 {
        return source.unusable(format!("the header is cut short after {} bytes; {AGAIN}", start.len()));
    }
    let width = match start[6] {
        1 => 2,
        2 | 3 => 4,
        version => {
            let minor = start[7];
            return source
                .unusable(format!("this is NPY version {version}.{minor}; versions 1 to 3 are read"));
        }
    };
    let length = source.at_most(width)?;
    let cut = |found: usize| format!("the header is cut short after {found} bytes; {AGAIN}");
    if length.len() < width as usize {
        return source.unusable(cut(8 + length.len()));
    }
    // Little-endian, whatever the elements are.
    let promised = length.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte));
    let text = source.at_most(promised)?;
    if (text.len() as u64) < promised {
        return source.unusable(cut(8 + length.len() + text.len()));
    }
    match std::str::from_utf8(&text).map_err(|_| "it is no text".into()).and_then(parse) {
        Ok(header) => Ok(header),
        Err(problem) => source.unusable(format!("the NPY header cannot be read: {problem}")),
    }
}

/// The header of version 1.0, padded so that the elements start at a multiple of 64 bytes.
pub(super) fn bytes(descr: &str, shape: &[usize]) -> Vec<u8> {
    let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
    // A tuple of one needs its comma; others look better without the last.
    let sizes = if shape.len() == 1 { sizes.trim_end() } else { sizes.trim_end_matches(", ") };
    let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({sizes}), }}");
    let start = MAGIC.len() + 4;
    let length = (start + text.len() + 1).next_multiple_of(64) - start;
    let mut header = MAGIC.to_vec();
    header.extend([1, 0]);
    header.extend((length as u16).to_le_bytes());
    header.extend(format!("{text:width$}\n", width = length - 1).bytes());
    header
}

/// The dictionary.
fn parse(text: &str) -> Result<Header, String> {
    let mut rest = Text { rest: text };
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    rest.expect('{')?;
    while !rest.next_is('}') {
        let key = rest.string()?;
        rest.expect(':')?;
        let repeated = match key {
            "descr" => descr.replace(rest.string()?).is_some(),
            "fortran_order" => fortran.replace(rest.boolean()?).is_some(),
            "shape" => shape.replace(rest.tuple()?).is_some(),
            _ => return Err(format!("it has an unknown entry `{}`", key.escape_debug())),
        };
        if repeated {
            return Err(format!("it has two entries `{key}`"));
        }
        if !rest.next_is(',') {
            rest.expect('}')?;
            break;
        }
    }
    if !rest.rest.trim().is_empty() {
        return Err("something follows the dictionary".into());
    }
    let missing = |name: &str| format!("the entry `{name}` is missing");
    let descr = descr.ok_or_else(|| missing("descr"))?;
    let fortran = fortran.ok_or_else(|| missing("fortran_order"))?;
    let shape: Vec<usize> = shape.ok_or_else(|| missing("shape"))?;
    let element = element(descr)?;
    if shape.len() > MOST_AXES {
        return Err(format!("the array has {} axes, more than {MOST_AXES}", shape.len()));
    }
    // Sizes of 0 count as 1 here: strides are computed from the others.
    let elements = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size.max(1)));
    let bytes = elements.and_then(|count| count.checked_mul(element.size));
    let bytes = bytes.ok_or_else(|| format!("shape {shape:?} is more than any computer holds"))?;
    let bytes = if shape.contains(&0) { 0 } else { bytes };
    Ok(Header { descr: descr.to_owned(), element, fortran, shape, bytes })
}

/// The type that NumPy calls `descr`.
fn element(descr: &str) -> Result<Element, String> {
    let unknown = || {
        let what = match descr.trim_start_matches(['<', '>', '|', '=']).as_bytes() {
            [b'U' | b'S', ..] => " (text)",
            [b'O', ..] => " (Python objects)",
            [b'M' | b'm', ..] => " (dates or times)",
            [b'c', ..] => " (complex numbers)",
            b"V2" => " (raw bytes of two; NumPy has no other name for bfloat16)",
            _ => "",
        };
        format!(
            "the elements are `{}`{what}, but only floats of 2, 4 and 8 bytes, integers and booleans are read; \
             convert the array, as with astype(np.float32)",
            descr.escape_debug()
        )
    };
    let &[order, kind, size] = descr.as_bytes() else { return Err(unknown()) };
    let size = usize::from(size.wrapping_sub(b'0'));
    let kind = match (kind, size) {
        (b'f', 2 | 4 | 8) => Kind::Float,
        (b'i', 1 | 2 | 4 | 8) => Kind::Signed,
        (b'u', 1 | 2 | 4 | 8) => Kind::Unsigned,
        (b'b', 1) => Kind::Bool,
        _ => return Err(unknown()),
    };
    match order {
        b'<' | b'>' => {}
        // Single bytes have no order.
        b'|' if size == 1 => {}
        _ => return Err(unknown()),
    }
    Ok(Element { kind, size, big_endian: order == b'>' })
}

/// What is left of the dictionary.
struct Text<'a> {
    rest: &'a str,
}

impl<'a> Text<'a> {
    /// Takes this sign if it is next.
    fn next_is(&mut self, sign: char) -> bool {
        let rest = self.rest.trim_start();
        let found = rest.strip_prefix(sign);
        self.rest = found.unwrap_or(rest);
        found.is_some()
    }

    fn expect(&mut self, sign: char) -> Result<(), String> {
        if self.next_is(sign) { Ok(()) } else { Err(self.wrong(&format!("`{sign}`"))) }
    }

    fn string(&mut self) -> Result<&'a str, String> {
        let quote = match self.rest.trim_start().chars().next() {
            Some(quote @ ('\'' | '"')) => quote,
            // Records and other types that are no single word.
            _ => return Err(self.wrong("a text in quotes (structured arrays are not read)")),
        };
        self.expect(quote)?;
        match self.rest.split_once(quote) {
            Some((text, rest)) => {
                self.rest = rest;
                Ok(text)
            }
            None => Err("a quote is not closed".into()),
        }
    }

    fn boolean(&mut self) -> Result<bool, String> {
        let rest = self.rest.trim_start();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(self.wrong("True or False"))
    }

    fn tuple(&mut self) -> Result<Vec<usize>, String> {
        let mut sizes = vec![];
        self.expect('(')?;
        while !self.next_is(')') {
            let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = self.rest.split_at(digits);
            sizes.push(number.parse().map_err(|_| self.wrong("the size of an axis"))?);
            self.rest = rest;
            if !self.next_is(',') {
                // `(3)` is a number in Python, but no array of one axis can be meant otherwise.
                self.expect(')')?;
                break;
            }
        }
        Ok(sizes)
    }

    fn wrong(&self, wanted: &str) -> String {
        let found: String = self.rest.trim_start().chars().take(20).collect();
        format!("{wanted} should come where it says `{}`", found.escape_debug())
    }
}
