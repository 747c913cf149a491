//! A finished picture, and PNG files.

use png::{BitDepth, ColorType, Compression, Encoder, Filter};

/// Red, green and blue of every pixel, eight bits each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    pixels: Vec<[u8; 3]>,
}

impl Picture {
    /// A picture from its pixels, row by row.
    ///
    /// # Panics
    /// If the rows are not all complete, or there are none.
    #[track_caller]
    pub fn new(width: u32, pixels: Vec<[u8; 3]>) -> Self {
        let count = pixels.len();
        assert!(count > 0 && count.is_multiple_of(width as usize), "{count} pixels in rows of {width}");
        Picture { width, pixels }
    }

    /// Pixels in a row.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        (self.pixels.len() / self.width as usize) as u32
    }

    /// The pixel in this column and row, both counted from 0 at the top left.
    ///
    /// # Panics
    /// If there is none.
    #[track_caller]
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        assert!(x < self.width, "column {x} of {}", self.width);
        self.pixels[(y * self.width + x) as usize]
    }

    /// All pixels, row by row.
    pub fn pixels(&self) -> impl Iterator<Item = [u8; 3]> {
        self.pixels.iter().copied()
    }

    /// All pixels with their column and row.
    pub fn enumerate_pixels(&self) -> impl Iterator<Item = (u32, u32, [u8; 3])> {
        (0..).zip(self.pixels()).map(|(i, pixel)| (i % self.width, i / self.width, pixel))
    }
}

/// The picture as the bytes of a PNG file.
pub fn png(picture: &Picture) -> Vec<u8> {
    encode(picture.pixels.as_flattened(), picture.width, ColorType::Rgb)
}

/// Grey pixels, row by row, as the bytes of a PNG file.
///
/// # Panics
/// If the rows are not all complete, or there are none.
#[track_caller]
pub fn grey_png(pixels: &[u8], width: usize) -> Vec<u8> {
    let count = pixels.len();
    assert!(count > 0 && count.is_multiple_of(width), "{count} pixels in rows of {width}");
    encode(
        pixels,
        u32::try_from(width).expect("a picture is less than 2³² pixels wide"),
        ColorType::Grayscale,
    )
}

fn encode(bytes: &[u8], width: u32, colours: ColorType) -> Vec<u8> {
    let height = bytes.len() / (width as usize * colours.samples());
    let mut file = Vec::new();
    let mut encoder =
        Encoder::new(&mut file, width, u32::try_from(height).expect("as many as fit in memory"));
    encoder.set_color(colours);
    encoder.set_depth(BitDepth::Eight);
    // Pictures are kept in the repository, so a little more time for fewer bytes is well spent.
    encoder.set_compression(Compression::High);
    encoder.set_filter(Filter::Adaptive);
    let mut writer = encoder.write_header().expect("writing to memory does not fail");
    writer.write_image_data(bytes).expect("the buffer has the size of the picture");
    writer.finish().expect("writing to memory does not fail");
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(file: &[u8]) -> (u32, u32, Vec<u8>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        (info.width, info.height, bytes)
    }

    #[test]
    fn png_gives_back_the_same_pixels() {
        let picture = Picture::new(3, (0..12).map(|i| [i, 20 * i, 255 - i]).collect());
        assert_eq!(decoded(&png(&picture)), (3, 4, picture.pixels().flatten().collect()));
        assert_eq!((picture.pixel(2, 3), picture.height()), ([11, 220, 244], 4));
        assert_eq!(decoded(&grey_png(&[9, 8, 7, 6], 2)), (2, 2, vec![9, 8, 7, 6]));
    }

    #[test]
    #[should_panic(expected = "5 pixels in rows of 2")]
    fn incomplete_rows() {
        grey_png(&[0; 5], 2);
    }
}
