//! PNG, by the `png` crate.

use std::io::Cursor;

use png::{ColorType, Decoder, DecodingError, Limits, Transformations};

use super::{Orientation, Painter, PictureOptions, Stored, check_pixels};
use crate::data::source::AGAIN;

/// Deflate, the compression of PNG, makes data at most this many times smaller: 258 bytes in 2 bits.
const MOST: usize = 1032;

/// The picture, scaled, and the height and width that it had; or what is wrong with it.
pub(super) fn decode(content: &[u8], options: &PictureOptions) -> Result<(Vec<f32>, [usize; 2]), String> {
    let most = content.len().saturating_mul(MOST);
    let mut reader = open(content)?;
    let (width, height) = reader.info().size();
    let (width, height) = (width as usize, height as usize);
    let rows = (reader.info().raw_row_length() as u64).saturating_mul(height as u64);
    if rows > most as u64 {
        return Err(too_small(width, height));
    }
    let (colours, depth) = reader.output_color_type();
    let channels = match colours {
        ColorType::Grayscale => 1,
        ColorType::GrayscaleAlpha => 2,
        ColorType::Rgb => 3,
        ColorType::Rgba => 4,
        ColorType::Indexed => return Err("the palette cannot be read".into()),
    };
    let stored = Stored { channels, wide: depth == png::BitDepth::Sixteen };
    let orientation = Orientation::of_png(content);
    let mut painter = Painter::new([height, width], stored, orientation, options);
    if reader.info().interlaced {
        // Rows come in no useful order, so the whole picture must be held.
        check_pixels(width, height)?;
        let size = reader.output_buffer_size().filter(|&size| size <= most);
        let size = size.ok_or_else(|| too_small(width, height))?;
        let mut whole = vec![0; size];
        reader.next_frame(&mut whole).map_err(explain)?;
        whole.chunks_exact(size / height).for_each(|row| painter.paint(row));
    } else {
        for _ in 0..height {
            match reader.next_row().map_err(explain)? {
                Some(row) => painter.paint(row.data()),
                None => return Err(format!("rows are missing; {AGAIN}")),
            }
        }
    }
    reader.finish().map_err(explain)?;
    Ok((painter.finish(), orientation.turned([height, width])))
}

/// The height and width that are seen.
pub(super) fn size(content: &[u8]) -> Result<[usize; 2], String> {
    let (width, height) = open(content)?.info().size();
    Ok(Orientation::of_png(content).turned([height as usize, width as usize]))
}

/// The reader behind the header.
fn open(content: &[u8]) -> Result<png::Reader<Cursor<&[u8]>>, String> {
    let limit = content.len().saturating_mul(MOST).max(1 << 16);
    let mut decoder = Decoder::new_with_limits(Cursor::new(content), Limits { bytes: limit });
    // Palettes, few bits and transparent colours become ordinary channels of 8 or 16 bits.
    decoder.set_transformations(Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.read_info().map_err(explain)
}

/// The file has fewer bytes than a picture of this size can have.
pub(super) fn too_small(width: usize, height: usize) -> String {
    format!("the header promises {width} × {height} pixels, but the file is too small for so many; {AGAIN}")
}

fn explain(error: DecodingError) -> String {
    match error {
        DecodingError::LimitsExceeded => {
            format!("the PNG header promises more than the file can hold; {AGAIN}")
        }
        error => format!("the PNG data is damaged ({error}); {AGAIN}"),
    }
}
