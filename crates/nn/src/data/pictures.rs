//! Folders of pictures (PNG, JPEG, WebP, TIFF), all scaled to one size.
//!
//! A folder holds pictures, or one folder of pictures for each class. Pictures come in the order of
//! their names and so do the classes. If there are folders `train` and `test`, each of them holds pictures or
//! classes. Everything else in a folder is left out, and [`Pictures::notes`] say what; only hidden files are not
//! mentioned.
//!
//! ```no_run
//! use nn::data::pictures::{self, Colour, Fit, PictureOptions};
//!
//! let options = PictureOptions { height: 32, width: 32, colour: Colour::Grey, fit: Fit::Stretch };
//! let pictures = pictures::read_folder("photos".as_ref(), &options)?;
//! println!("{} pictures of {} numbers each", pictures.data.len(), pictures.data.width());
//! # Ok::<(), nn::Error>(())
//! ```
//!
//! Values are the stored ones, from 0 (black) to 1: no colour profile and no gamma is applied. A picture is turned
//! as the camera noted it (the EXIF orientation). Transparent parts are seen on white.

mod exif;
mod fit;
mod folder;
mod jpeg;
mod left_out;
mod png;
mod scale;
mod tiff;
mod webp;

use std::path::{Path, PathBuf};

use autograd::Tensor;
use serde::{Deserialize, Serialize};

use self::exif::Orientation;
pub use self::fit::Fit;
use self::fit::Frame;
pub use self::folder::{PictureFolder, extent, read_folder, scaled};
use self::scale::Scaler;
use super::Dataset;
use super::schema::{Kind, Schema};
use crate::{Error, Result};

/// What pictures are made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureOptions {
    /// The height in pixels, at least 1.
    pub height: usize,
    /// The width in pixels, at least 1.
    pub width: usize,
    /// With colours or without.
    pub colour: Colour,
    /// The way in which pictures of other proportions are fitted.
    #[serde(default)]
    pub fit: Fit,
}

/// The channels of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Colour {
    /// One channel, `0.299 red + 0.587 green + 0.114 blue` (the luma of ITU-R BT.601).
    Grey,
    /// Three channels: red, green, blue.
    Rgb,
}

impl Colour {
    /// How many channels these are.
    pub fn channels(self) -> usize {
        match self {
            Colour::Grey => 1,
            Colour::Rgb => 3,
        }
    }
}

/// Pictures of one size, perhaps with classes.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// One row for each picture, `[pictures, channels × height × width]`: channels first, then row by
    /// row, as its schema says.
    pub data: Dataset,
    /// Channels, height and width.
    pub shape: [usize; 3],
    /// The name of each class in alphabetical order, if the pictures have classes.
    pub classes: Option<Vec<String>>,
    /// The file of each picture; empty if they all come from one.
    pub files: Vec<PathBuf>,
    /// How many of the pictures, at the end, are for testing; 0 where nothing says so.
    pub test: usize,
    /// Sentences about everything that was left out or changed.
    pub notes: Vec<String>,
}

impl Pictures {
    /// From rows, with the class of each and the names of the classes, if there are any.
    pub(super) fn new(x: Tensor<f32>, shape: [usize; 3], classes: Option<(Vec<u32>, Vec<String>)>) -> Self {
        let (labels, classes) = classes.unzip();
        let data = Dataset::new(x).with_labels(labels).with_schema(Schema::image(shape, Kind::UnitInterval));
        Pictures { data, shape, classes, files: vec![], test: 0, notes: vec![] }
    }
}

impl PictureOptions {
    /// Whether a picture of this size can be made.
    ///
    /// # Errors
    /// If a side is 0 or the picture is larger than any network wants, 2²⁶ numbers.
    pub fn check(&self) -> Result<()> {
        let numbers = self.height.checked_mul(self.width).and_then(|n| n.checked_mul(3));
        match numbers {
            Some(1..=0x400_0000) => Ok(()),
            _ => Err(Error::setting(
                "size",
                format!(
                    "pictures of {} × {} pixels cannot be made; height and width must be at least 1, and not huge",
                    self.height, self.width
                ),
            )),
        }
    }
}

/// Reads the content of one picture, `[channels, height, width]`. Errors call it `name`. The content says
/// whether it is PNG, JPEG, WebP or TIFF.
///
/// # Errors
/// If the size in the options is none, or this is no complete file of one of these formats.
pub fn parse(name: &Path, content: &[u8], options: &PictureOptions) -> Result<Tensor<f32>> {
    options.check()?;
    let (values, _) = decode(name, content, options)?;
    Ok(Tensor::from_vec([options.colour.channels(), options.height, options.width], values))
}

/// The height and width of a picture as it is seen, by its header alone.
///
/// # Errors
/// If this is no file of a format that is read.
pub fn size_of(name: &Path, content: &[u8]) -> Result<[usize; 2]> {
    let size = Format::of(content).and_then(|format| match format {
        Format::Png => png::size(content),
        Format::Jpeg => jpeg::size(content),
        Format::WebP => webp::size(content),
        Format::Tiff => tiff::size(content),
    });
    size.map_err(|problem| Error::file(name, problem))
}

/// The picture as it is wanted, channels first, and the height and width that it had.
fn decode(name: &Path, content: &[u8], options: &PictureOptions) -> Result<(Vec<f32>, [usize; 2])> {
    let read = Format::of(content).and_then(|format| match format {
        Format::Png => png::decode(content, options),
        Format::Jpeg => jpeg::decode(content, options),
        Format::WebP => webp::decode(content, options),
        Format::Tiff => tiff::decode(content, options),
    });
    read.map_err(|problem| Error::file(name, problem))
}

/// A format of pictures that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Png,
    Jpeg,
    WebP,
    Tiff,
}

impl Format {
    /// The format by the first bytes of a file, if it is read.
    fn by_start(start: &[u8]) -> Option<Self> {
        match start {
            [0x89, b'P', b'N', b'G', ..] => Some(Format::Png),
            [0xff, 0xd8, ..] => Some(Format::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Format::WebP),
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(Format::Tiff),
            _ => None,
        }
    }

    /// The same, or a sentence about what this is instead.
    fn of(content: &[u8]) -> Result<Self, String> {
        Format::by_start(content).ok_or_else(|| match left_out::format_of(content) {
            _ if content.is_empty() => "the file is empty".into(),
            Some(format) => format!("this is a {format} picture; convert it to PNG or JPEG"),
            None => "this is no PNG, JPEG, WebP or TIFF picture".into(),
        })
    }
}

/// Whether a file that begins so is a picture that can be read.
pub fn is_picture(start: &[u8]) -> bool {
    Format::by_start(start).is_some()
}

/// As many pixels as are held at once, 128 megapixels: 384 megabytes, and three times as much while a progressive JPEG is
/// read.
const MOST_PIXELS: usize = 1 << 27;

/// Refuses a picture that has to be held as a whole and is larger than memory should be.
fn check_pixels(width: usize, height: usize) -> Result<(), String> {
    match width.checked_mul(height) {
        Some(..=MOST_PIXELS) => Ok(()),
        _ => Err(format!(
            "the picture has {height} × {width} pixels, and at most {} million are read at once; make it smaller",
            MOST_PIXELS / 1_000_000
        )),
    }
}

/// Turns the rows of a picture, as they are stored, into the picture that is wanted.
struct Painter {
    scaler: Scaler,
    stored: Stored,
    orientation: Orientation,
    /// The place of the picture that is read in the picture that is wanted.
    frame: Frame,
    colour: Colour,
    row: Vec<f32>,
    /// Rows that were given.
    rows: usize,
}

/// How the pixels of a row are stored.
#[derive(Clone, Copy)]
struct Stored {
    /// 1: grey, 2: grey and alpha, 3: RGB, 4: RGB and alpha.
    channels: usize,
    /// Whether a number takes two bytes, high byte first.
    wide: bool,
}

impl Painter {
    /// For a picture that is stored with this height and width.
    fn new(from: [usize; 2], stored: Stored, orientation: Orientation, options: &PictureOptions) -> Self {
        let frame = options.fit.frame(orientation.turned(from), [options.height, options.width]);
        let frame = Frame { used: orientation.stored(frame.used, orientation.turned(from)), ..frame };
        // The filter is the same along both axes and in both directions, so a picture may be scaled as it is stored.
        let [rows, columns] = &frame.used;
        let scaler = Scaler::new(
            [rows.len(), columns.len()],
            orientation.turned(frame.size),
            options.colour.channels(),
        );
        Painter { scaler, stored, orientation, frame, colour: options.colour, row: vec![], rows: 0 }
    }

    /// The next row, top to bottom.
    fn paint(&mut self, bytes: &[u8]) {
        let number = |at: usize| match self.stored.wide {
            true => f32::from(u16::from_be_bytes([bytes[2 * at], bytes[2 * at + 1]])) / 65535.0,
            false => f32::from(bytes[at]) / 255.0,
        };
        let [rows, columns] = self.frame.used.clone();
        self.rows += 1;
        if !rows.contains(&(self.rows - 1)) {
            return;
        }
        let channels = self.stored.channels;
        self.row.clear();
        for pixel in columns {
            let at = pixel * channels;
            let mut rgb = match channels {
                1 | 2 => [number(at); 3],
                _ => [number(at), number(at + 1), number(at + 2)],
            };
            if let 2 | 4 = channels {
                let alpha = number(at + channels - 1);
                rgb = rgb.map(|value| alpha * value + (1.0 - alpha));
            }
            match self.colour {
                Colour::Rgb => self.row.extend(rgb),
                // The weights sum to 1, but only grey itself stays exactly what it was.
                Colour::Grey if channels < 3 => self.row.push(rgb[0]),
                Colour::Grey => self.row.push(0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]),
            }
        }
        self.scaler.add_row(&self.row);
    }

    /// The picture, channels first.
    fn finish(self) -> Vec<f32> {
        self.frame.fill(self.orientation.apply(self.scaler.finish(), self.frame.size))
    }
}

#[cfg(test)]
mod folder_tests;
#[cfg(test)]
mod tests;
