//! A description of an example: blocks of columns, each with a shape and a kind.
//!
//! ```
//! use nn::data::schema::{Block, Kind, Schema, Shape};
//!
//! // A small colour picture, three measurements, and one of four categories as four columns.
//! let schema = Schema::new([
//!     Block::new(Shape::Image { channels: 3, height: 8, width: 8 }, Kind::UnitInterval),
//!     Block::new(Shape::Scalars(3), Kind::Real),
//!     Block::new(Shape::Scalars(4), Kind::Category),
//! ]);
//! assert_eq!(schema.width(), 192 + 3 + 4);
//! let columns: Vec<_> = schema.columns().map(|(columns, _)| columns).collect();
//! assert_eq!(columns, [0..192, 192..195, 195..199]);
//! ```

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// The arrangement of the columns of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Numbers without an order among them.
    Scalars(usize),
    /// A picture: one channel after the other, each row by row.
    Image {
        /// Channels: 1 for grey, 3 for red, green and blue.
        channels: usize,
        /// Rows of pixels.
        height: usize,
        /// Pixels in a row.
        width: usize,
    },
    /// A series: one step after the other, each with its channels.
    Series {
        /// Steps.
        steps: usize,
        /// Numbers at each step.
        channels: usize,
    },
    /// A text: one column for each token.
    Tokens {
        /// Tokens.
        length: usize,
    },
}

impl Shape {
    /// The number of columns.
    pub fn width(self) -> usize {
        match self {
            Shape::Scalars(count) => count,
            Shape::Image { channels, height, width } => channels * height * width,
            Shape::Series { steps, channels } => steps * channels,
            Shape::Tokens { length } => length,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Scalars(count) => write!(f, "{count} columns"),
            Shape::Image { channels: 1, height, width } => {
                write!(f, "grey pictures of {height} × {width} pixels")
            }
            Shape::Image { channels, height, width } => {
                write!(f, "pictures of {height} × {width} pixels in {channels} channels")
            }
            Shape::Series { steps, channels } => {
                write!(f, "series of {steps} steps with {channels} channels")
            }
            Shape::Tokens { length } => write!(f, "texts of {length} tokens"),
        }
    }
}

/// The set that the numbers of a block come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Any number.
    Real,
    /// A number from 0 to 1, such as a brightness.
    UnitInterval,
    /// 0 or 1.
    Binary,
    /// 0, 1, 2 and so on.
    Count,
    /// One of several categories without an order: a column for each, 1 in the column of the category and 0 in all
    /// others. The whole block is one category.
    Category,
    /// One of several levels that are in order, as its number from 0 up.
    Ordinal {
        /// Levels, from 2 up.
        levels: usize,
    },
    /// The number of a token in a vocabulary.
    Token {
        /// Tokens that there are.
        vocabulary: usize,
    },
}

/// Columns that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// Their arrangement.
    pub shape: Shape,
    /// The kind of their numbers.
    pub kind: Kind,
}

impl Block {
    /// A block of this shape and kind.
    pub fn new(shape: Shape, kind: Kind) -> Self {
        Block { shape, kind }
    }
}

/// Blocks of columns, side by side in a row of features.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Schema {
    blocks: Vec<Block>,
}

impl Schema {
    /// These blocks, side by side.
    pub fn new(blocks: impl Into<Vec<Block>>) -> Self {
        Schema { blocks: blocks.into() }
    }

    /// So many real numbers, about which nothing else is known.
    pub fn real(width: usize) -> Self {
        Schema::new([Block::new(Shape::Scalars(width), Kind::Real)])
    }

    /// A picture with so many channels, rows and columns of pixels.
    pub fn image([channels, height, width]: [usize; 3], kind: Kind) -> Self {
        Schema::new([Block::new(Shape::Image { channels, height, width }, kind)])
    }

    /// A grey picture with brightnesses from 0 to 1.
    pub fn grey([height, width]: [usize; 2]) -> Self {
        Schema::image([1, height, width], Kind::UnitInterval)
    }

    /// A series with so many steps and numbers at each.
    pub fn series([steps, channels]: [usize; 2], kind: Kind) -> Self {
        Schema::new([Block::new(Shape::Series { steps, channels }, kind)])
    }

    /// The blocks, left to right.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The columns of each block.
    pub fn columns(&self) -> impl Iterator<Item = (Range<usize>, &Block)> {
        let mut end = 0;
        self.blocks.iter().map(move |block| {
            let start = end;
            end += block.shape.width();
            (start..end, block)
        })
    }

    /// The number of columns of all blocks.
    pub fn width(&self) -> usize {
        self.blocks.iter().map(|block| block.shape.width()).sum()
    }

    /// The shape of an example that is a single block.
    pub fn shape(&self) -> Option<Shape> {
        if let [only] = self.blocks[..] { Some(only.shape) } else { None }
    }

    /// Channels, height and width of an example that is a picture and nothing else.
    pub fn as_image(&self) -> Option<[usize; 3]> {
        match self.shape()? {
            Shape::Image { channels, height, width } => Some([channels, height, width]),
            _ => None,
        }
    }

    /// Height and width of an example that is a grey picture and nothing else.
    pub fn as_grey(&self) -> Option<[usize; 2]> {
        match self.as_image()? {
            [1, height, width] => Some([height, width]),
            _ => None,
        }
    }
}

/// The shapes of the blocks in words: `8 columns, grey pictures of 28 × 28 pixels`.
impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.blocks.iter().map(|block| block.shape.to_string()).collect();
        f.write_str(&words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_one_block_and_nothing_else() {
        assert_eq!(Schema::grey([8, 6]).as_grey(), Some([8, 6]));
        let colour = Schema::image([3, 8, 6], Kind::Real);
        assert_eq!((colour.as_grey(), colour.as_image(), colour.width()), (None, Some([3, 8, 6]), 144));
        let with_a_number = Schema::new([colour.blocks(), Schema::real(1).blocks()].concat());
        assert_eq!((with_a_number.as_image(), with_a_number.width()), (None, 145));
        assert_eq!(with_a_number.to_string(), "pictures of 8 × 6 pixels in 3 channels, 1 columns");
    }

    #[test]
    fn a_schema_survives_json() {
        let schema = Schema::new([
            Block::new(Shape::Series { steps: 4, channels: 2 }, Kind::Real),
            Block::new(Shape::Scalars(1), Kind::Ordinal { levels: 5 }),
            Block::new(Shape::Tokens { length: 7 }, Kind::Token { vocabulary: 256 }),
        ]);
        let text = serde_json::to_string(&schema).unwrap();
        assert_eq!(serde_json::from_str::<Schema>(&text).unwrap(), schema);
    }
}
