//! Which way up a picture is: the orientation that a camera notes in the EXIF data of a file.

use std::ops::Range;

/// The way from the stored rows to the picture that is seen. A camera that is held upright stores the rows of its sensor as
/// they are and notes how it was held (EXIF 2.32, tag 0x0112).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Orientation {
    /// Whether rows become columns. This comes last.
    transposed: bool,
    /// Whether the stored rows come bottom to top.
    upside_down: bool,
    /// Whether the stored rows come right to left.
    mirrored: bool,
}

impl Orientation {
    /// The orientation with this number, 1 to 8; upright for any other.
    pub(super) fn new(number: u16) -> Self {
        let one_of = |numbers: [u16; 4]| numbers.contains(&number);
        Orientation {
            transposed: one_of([5, 6, 7, 8]),
            upside_down: one_of([3, 4, 6, 7]),
            mirrored: one_of([2, 3, 7, 8]),
        }
    }

    /// The orientation in EXIF data, which begin with the header of a TIFF file; upright where they say nothing that
    /// can be understood, as other programs have it.
    pub(super) fn of_exif(exif: &[u8]) -> Self {
        number(exif).map_or_else(Orientation::default, Orientation::new)
    }

    /// The orientation in a PNG file: that of its chunk `eXIf`.
    pub(super) fn of_png(content: &[u8]) -> Self {
        let mut rest = content.get(8..).unwrap_or_default();
        while let Some((head, after)) = rest.split_at_checked(8) {
            let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
            match &head[4..] {
                b"eXIf" => return Orientation::of_exif(&after[..length.min(after.len())]),
                // The checksum is 4 bytes.
                _ => rest = length.checked_add(4).and_then(|next| after.get(next..)).unwrap_or_default(),
            }
        }
        Orientation::default()
    }

    /// The height and width that are seen, of those that are stored; and the other way round.
    pub(super) fn turned(self, [height, width]: [usize; 2]) -> [usize; 2] {
        if self.transposed { [width, height] } else { [height, width] }
    }

    /// Where rows and columns are stored that are seen in a picture of this height and width.
    pub(super) fn stored(
        self,
        [rows, columns]: [Range<usize>; 2],
        [height, width]: [usize; 2],
    ) -> [Range<usize>; 2] {
        let (mut rows, mut columns, height, width) = match self.transposed {
            true => (columns, rows, width, height),
            false => (rows, columns, height, width),
        };
        if self.upside_down {
            rows = height - rows.end..height - rows.start;
        }
        if self.mirrored {
            columns = width - columns.end..width - columns.start;
        }
        [rows, columns]
    }

    /// The picture that is seen, of this height and width: its channels are planes, as in `stored`.
    pub(super) fn apply(self, stored: Vec<f32>, [height, width]: [usize; 2]) -> Vec<f32> {
        if self == Orientation::default() {
            return stored;
        }
        let [rows, columns] = self.turned([height, width]);
        let mut seen = Vec::with_capacity(stored.len());
        for plane in stored.chunks_exact(rows * columns) {
            for place in 0..height * width {
                let [mut row, mut column] = self.turned([place / width, place % width]);
                if self.upside_down {
                    row = rows - 1 - row;
                }
                if self.mirrored {
                    column = columns - 1 - column;
                }
                seen.push(plane[row * columns + column]);
            }
        }
        seen
    }
}

/// The value of the tag in the first directory of a TIFF file.
fn number(tiff: &[u8]) -> Option<u16> {
    const ORIENTATION: u16 = 0x0112;
    let big = match tiff.get(..4)? {
        [b'M', b'M', 0, 42] => true,
        [b'I', b'I', 42, 0] => false,
        _ => return None,
    };
    let two = |at: usize| {
        let bytes = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    };
    let bytes = tiff.get(4..8)?.try_into().ok()?;
    let directory = if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) } as usize;
    let entries = two(directory)?;
    // An entry is a tag, a type, a count and a value, in 2, 2, 4 and 4 bytes; a short value stands first in its bytes.
    let entry = (0..usize::from(entries)).map(|entry| directory + 2 + 12 * entry);
    let mut found = entry.filter(|&at| two(at) == Some(ORIENTATION));
    found.next().and_then(|at| two(at + 8))
}
