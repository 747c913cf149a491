//! What may happen to a file on its way.

use std::fmt;
use std::io::Write;

use flate2::{Compression, Crc, write::GzEncoder};
use proptest::prelude::*;
use proptest::sample::Index;

/// A file after its accidents.
#[derive(Clone)]
pub(crate) struct Damaged {
    pub(crate) content: Vec<u8>,
    /// Whether checksums are to be made right again.
    pub(crate) repair: bool,
}

impl fmt::Debug for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\", repair: {}", self.content.escape_ascii(), self.repair)
    }
}

#[derive(Clone, Debug)]
enum Accident {
    /// Bits of one byte change.
    Flip(Place, u8),
    /// The rest is lost.
    Cut(Place),
    /// A part comes twice.
    Repeat(Place, usize),
    /// A part is written over another.
    Splice(Place, Place, usize),
    /// Bytes from nowhere.
    Insert(Place, Vec<u8>),
    /// A number in a header becomes another.
    Number(Place, Vec<u8>),
}

/// Anywhere in the file, or in its first bytes, where the headers are.
#[derive(Clone, Debug)]
enum Place {
    Anywhere(Index),
    Start(usize),
}

impl Place {
    fn of(&self, length: usize) -> usize {
        match self {
            Place::Anywhere(index) => index.index(length.max(1)),
            Place::Start(at) => at % length.max(1),
        }
    }
}

/// One of the files after one to three accidents.
pub(crate) fn damaged(files: Vec<Vec<u8>>) -> impl Strategy<Value = Damaged> {
    let accidents = prop::collection::vec(accident(), 1..4);
    (prop::sample::select(files), accidents, any::<bool>()).prop_map(|(mut content, accidents, repair)| {
        accidents.iter().for_each(|accident| accident.happen(&mut content));
        Damaged { content, repair }
    })
}

fn accident() -> impl Strategy<Value = Accident> {
    let place =
        || prop_oneof![any::<Index>().prop_map(Place::Anywhere), (0..96_usize).prop_map(Place::Start)];
    prop_oneof![
        6 => (place(), 1..=255_u8).prop_map(|(at, mask)| Accident::Flip(at, mask)),
        1 => place().prop_map(Accident::Cut),
        2 => (place(), 1..80_usize).prop_map(|(at, length)| Accident::Repeat(at, length)),
        2 => (place(), place(), 1..80_usize).prop_map(|(from, to, length)| Accident::Splice(from, to, length)),
        2 => (place(), bytes()).prop_map(|(at, bytes)| Accident::Insert(at, bytes)),
        4 => (place(), bytes()).prop_map(|(at, bytes)| Accident::Number(at, bytes)),
    ]
}

/// Numbers as headers hold them, in binary or as text, with a liking for the extremes.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![
        Just(0_u64),
        Just(1),
        Just(u64::MAX),
        Just(u64::MAX >> 1),
        Just(1 << 31),
        Just(0xffff_ffff),
        any::<u64>(),
        any::<u64>().prop_map(|bits| bits >> (bits % 64)),
    ];
    (number, 0..6).prop_map(|(number, form)| match form {
        0 => vec![number as u8],
        1 => (number as u16).to_be_bytes().into(),
        2 => (number as u32).to_be_bytes().into(),
        3 => (number as u32).to_le_bytes().into(),
        4 => number.to_le_bytes().into(),
        _ => number.to_string().into_bytes(),
    })
}

impl Accident {
    fn happen(&self, content: &mut Vec<u8>) {
        let length = content.len();
        if length == 0 {
            return;
        }
        match self {
            Accident::Flip(at, mask) => content[at.of(length)] ^= mask,
            Accident::Cut(at) => content.truncate(at.of(length)),
            Accident::Repeat(at, many) => {
                let start = at.of(length);
                let part = content[start..(start + many).min(length)].to_vec();
                content.splice(start..start, part);
            }
            Accident::Splice(from, to, many) => {
                let (from, to) = (from.of(length), to.of(length));
                let many = *many.min(&(length - from.max(to)));
                content.copy_within(from..from + many, to);
            }
            Accident::Insert(at, bytes) => {
                let at = at.of(length);
                content.splice(at..at, bytes.iter().copied());
            }
            Accident::Number(at, bytes) => {
                let at = at.of(length);
                content.splice(at..(at + bytes.len()).min(length), bytes.iter().copied());
            }
        }
    }
}

pub(crate) fn gzip(content: Vec<u8>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::fast());
    encoder.write_all(&content).unwrap();
    encoder.finish().unwrap()
}

/// Gives each chunk of a PNG file the checksum that it should have.
pub(crate) fn repair_png(mut content: Vec<u8>) -> Vec<u8> {
    let mut at = 8;
    while let Some(length) = content.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
        let (start, end) = (at + 4, (at + 8).saturating_add(length));
        if end.saturating_add(4) > content.len() {
            break;
        }
        let mut checksum = Crc::new();
        checksum.update(&content[start..end]);
        content[end..end + 4].copy_from_slice(&checksum.sum().to_be_bytes());
        at = end + 4;
    }
    content
}
