//! The bytes of a table as UTF-8, with `\n` at the end of every line.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// How letters are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// UTF-8. A byte that is none is taken for a letter of Windows-1252, which has those of Latin-1.
    Utf8,
    /// UTF-16 with the low byte first.
    LowFirst,
    /// UTF-16 with the high byte first.
    HighFirst,
}

impl Encoding {
    /// The encoding of a text that starts with these bytes, and how many of them only say so.
    pub(super) fn of(start: &[u8]) -> (Self, usize) {
        match start {
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            [0xff, 0xfe, ..] => (Encoding::LowFirst, 2),
            [0xfe, 0xff, ..] => (Encoding::HighFirst, 2),
            // Without a mark: two letters that any 8-bit encoding has, each beside a zero.
            [a, 0, b, 0, ..] if *a > 0 && *b > 0 => (Encoding::LowFirst, 0),
            [0, a, 0, b, ..] if *a > 0 && *b > 0 => (Encoding::HighFirst, 0),
            _ => (Encoding::Utf8, 0),
        }
    }
}

/// A reader of text in any of the encodings.
pub(super) struct Text<R> {
    inner: R,
    encoding: Encoding,
    /// Bytes that are the first ones of a letter.
    waiting: Vec<u8>,
    /// Text, and how many of its bytes were handed out.
    ready: Vec<u8>,
    given: usize,
    after_return: bool,
    /// Whether a byte was no UTF-8.
    foreign: Rc<Cell<bool>>,
}

impl<R: Read> Text<R> {
    pub(super) fn new(inner: R, encoding: Encoding, foreign: Rc<Cell<bool>>) -> Self {
        let (waiting, ready) = (vec![], vec![]);
        Text { inner, encoding, waiting, ready, given: 0, after_return: false, foreign }
    }

    /// Makes text of the next bytes. Are there any?
    fn refill(&mut self) -> io::Result<bool> {
        const CHUNK: usize = 1 << 16;
        let known = self.waiting.len();
        self.waiting.resize(known + CHUNK, 0);
        let read = self.inner.read(&mut self.waiting[known..]);
        self.waiting.truncate(known + *read.as_ref().unwrap_or(&0));
        let ended = read? == 0;
        self.ready.clear();
        self.given = 0;
        let used = match self.encoding {
            Encoding::Utf8 => self.eight_bits(ended),
            Encoding::LowFirst => self.sixteen_bits(ended, u16::from_le_bytes),
            Encoding::HighFirst => self.sixteen_bits(ended, u16::from_be_bytes),
        };
        self.waiting.drain(..used);
        self.end_lines();
        Ok(!ended || !self.ready.is_empty())
    }

    /// Takes whole letters, and says how many bytes they had.
    fn eight_bits(&mut self, ended: bool) -> usize {
        let mut used = 0;
        loop {
            let rest = &self.waiting[used..];
            let Err(error) = std::str::from_utf8(rest) else {
                self.ready.extend_from_slice(rest);
                return self.waiting.len();
            };
            let good = error.valid_up_to();
            self.ready.extend_from_slice(&rest[..good]);
            used += good;
            if error.error_len().is_none() && !ended {
                return used;
            }
            self.foreign.set(true);
            let letter = windows_1252(self.waiting[used]);
            self.ready.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            used += 1;
        }
    }

    /// The same for units of two bytes; a letter has one or two of them.
    fn sixteen_bits(&mut self, ended: bool, unit: fn([u8; 2]) -> u16) -> usize {
        let mut units: Vec<u16> = self.waiting.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        if !ended && units.last().is_some_and(|last| (0xd800..0xdc00).contains(last)) {
            units.pop();
        }
        let text: String = char::decode_utf16(units.iter().copied())
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        self.ready.extend_from_slice(text.as_bytes());
        2 * units.len()
    }

    /// Turns every kind of line end into `\n`. The reader of rows counts a line when it meets its `\n`, and a
    /// `\n` after `\r` it meets one row too late.
    fn end_lines(&mut self) {
        if !self.after_return && !self.ready.contains(&b'\r') {
            return;
        }
        let mut after_return = self.after_return;
        self.ready.retain_mut(|byte| {
            let kept = *byte != b'\n' || !after_return;
            after_return = *byte == b'\r';
            if after_return {
                *byte = b'\n';
            }
            kept
        });
        self.after_return = after_return;
    }
}

impl<R: Read> Read for Text<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            if !self.refill()? {
                return Ok(0);
            }
        }
        let count = out.len().min(self.ready.len() - self.given);
        out[..count].copy_from_slice(&self.ready[self.given..][..count]);
        self.given += count;
        Ok(count)
    }
}

/// The letter of a byte in Windows-1252: that of Latin-1, but for 32 of them.
fn windows_1252(byte: u8) -> char {
    const OTHERS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    match byte {
        0x80..=0x9f => OTHERS.chars().nth(usize::from(byte - 0x80)).unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reader that hands out a few bytes at a time, so that letters are cut.
    struct Few<'a>(&'a [u8], usize);

    impl Read for Few<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(out.len()).min(self.0.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    /// The text of these bytes after their mark, read a few at a time, and whether they were UTF-8.
    fn text(bytes: &[u8], few: usize) -> (String, bool) {
        let (encoding, mark) = Encoding::of(bytes);
        let foreign = Rc::new(Cell::new(false));
        let mut text = String::new();
        Text::new(Few(&bytes[mark..], few), encoding, foreign.clone()).read_to_string(&mut text).unwrap();
        (text, !foreign.get())
    }

    #[test]
    fn every_encoding_gives_the_same_letters_wherever_it_is_cut() {
        const WANTED: &str = "größe,名,🦀\n1,2,3\n";
        let units: Vec<u16> = WANTED.encode_utf16().collect();
        let low: Vec<u8> = [0xfeff].iter().chain(&units).flat_map(|unit| unit.to_le_bytes()).collect();
        let high: Vec<u8> = [0xfeff].iter().chain(&units).flat_map(|unit| unit.to_be_bytes()).collect();
        for few in 1..8 {
            for bytes in [WANTED.as_bytes(), &low, &high, &format!("\u{feff}{WANTED}").into_bytes()] {
                assert_eq!(text(bytes, few), (WANTED.to_owned(), true), "{bytes:?}, {few} at a time");
            }
            // Latin-1, with a euro sign of Windows-1252, and a letter that is cut at the end.
            assert_eq!(text(b"gr\xf6\xdfe \x80\xc3", few), ("größe €Ã".to_owned(), false));
            assert_eq!(text(b"a\r\nb\rc\n\r\n", few).0, "a\nb\nc\n\n", "{few} at a time");
        }
        // Without a mark.
        assert_eq!(text(b"a\0,\0b\0\n\0", 3).0, "a,b\n");
        assert_eq!(text(b"\0a\0,\0b\0\n", 3).0, "a,b\n");
    }
}
