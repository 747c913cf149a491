//! Folders of PNG and JPEG pictures, all scaled to one size.
//!
//! A folder holds pictures, or one folder of pictures for each class. Pictures come in the order of
//! their names and so do the classes. Files with other endings and hidden files are left out.
//!
//! ```no_run
//! use nn::data::pictures::{self, Colour, PictureOptions};
//!
//! let options = PictureOptions { height: 32, width: 32, colour: Colour::Grey };
//! let pictures = pictures::read_folder("photos".as_ref(), &options)?;
//! println!("{} pictures of {} numbers each", pictures.data.len(), pictures.data.width());
//! # Ok::<(), nn::Error>(())
//! ```
//!
//! Values are the stored ones, from 0 (black) to 1: no colour profile, no gamma and no rotation from
//! the camera's notes is applied. Transparent parts are seen on white.

mod folder;
mod jpeg;
mod png;
mod scale;

use std::path::{Path, PathBuf};

use autograd::Tensor;
use serde::{Deserialize, Serialize};

pub use self::folder::read_folder;
use self::scale::Scaler;
use super::Dataset;
use crate::{Error, Result};

/// What pictures are made into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureOptions {
    /// The height in pixels, at least 1.
    pub height: usize,
    /// The width in pixels, at least 1. Pictures of other proportions are distorted.
    pub width: usize,
    /// With colours or without.
    pub colour: Colour,
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
    /// row. `image` is set if there is one channel.
    pub data: Dataset,
    /// Channels, height and width.
    pub shape: [usize; 3],
    /// The name of each class in alphabetical order, if the pictures have classes.
    pub classes: Option<Vec<String>>,
    /// The file of each picture; empty if they all come from one.
    pub files: Vec<PathBuf>,
}

impl Pictures {
    /// From rows, with the class of each and the names of the classes, if there are any.
    pub(super) fn new(x: Tensor<f32>, shape: [usize; 3], classes: Option<(Vec<u32>, Vec<String>)>) -> Self {
        let (labels, classes) = classes.unzip();
        let image = (shape[0] == 1).then_some([shape[1], shape[2]]);
        Pictures { data: Dataset { x, labels, image }, shape, classes, files: vec![] }
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
            _ => Err(Error::Invalid(format!(
                "pictures of {} × {} pixels cannot be made; height and width must be at least 1, and not huge",
                self.height, self.width
            ))),
        }
    }
}

/// Reads the content of one picture, `[channels, height, width]`. Errors call it `name`. The content says
/// whether it is PNG or JPEG.
///
/// # Errors
/// If the size in the options is none, or this is no complete PNG or JPEG file.
pub fn parse(name: &Path, content: &[u8], options: &PictureOptions) -> Result<Tensor<f32>> {
    options.check()?;
    let scaled = match content {
        [0x89, b'P', b'N', b'G', ..] => png::decode(content, options),
        [0xff, 0xd8, ..] => jpeg::decode(content, options),
        [] => Err("the file is empty".into()),
        _ => Err("this is neither a PNG nor a JPEG picture".into()),
    };
    let scaled = scaled.map_err(|problem| Error::file(name, problem))?;
    Ok(Tensor::from_vec([options.colour.channels(), options.height, options.width], scaled))
}

/// Turns the rows of a picture, as they are stored, into the picture that is wanted.
struct Painter {
    scaler: Scaler,
    stored: Stored,
    colour: Colour,
    row: Vec<f32>,
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
    fn new(height: usize, width: usize, stored: Stored, options: &PictureOptions) -> Self {
        let channels = options.colour.channels();
        let scaler = Scaler::new([height, width], [options.height, options.width], channels);
        Painter { scaler, stored, colour: options.colour, row: vec![] }
    }

    /// The next row, top to bottom.
    fn paint(&mut self, bytes: &[u8]) {
        let number = |at: usize| match self.stored.wide {
            true => f32::from(u16::from_be_bytes([bytes[2 * at], bytes[2 * at + 1]])) / 65535.0,
            false => f32::from(bytes[at]) / 255.0,
        };
        let channels = self.stored.channels;
        let pixels = bytes.len() / channels / if self.stored.wide { 2 } else { 1 };
        self.row.clear();
        for pixel in 0..pixels {
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
        self.scaler.finish()
    }
}

#[cfg(test)]
mod tests;
