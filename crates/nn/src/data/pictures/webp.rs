//! WebP, by the `image-webp` crate.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::{Orientation, Painter, PictureOptions, Stored, check_pixels};
use crate::data::source::AGAIN;

/// A byte stands for at most so many pixels. (Of one colour it could be more; such a picture is none.)
const MOST: usize = 1 << 16;

/// The picture, scaled, and the height and width that it had; or what is wrong with it. Of an animation, the first one.
pub(super) fn decode(content: &[u8], options: &PictureOptions) -> Result<(Vec<f32>, [usize; 2]), String> {
    let (mut decoder, [height, width]) = open(content)?;
    check_pixels(width, height)?;
    if width * height > content.len().saturating_mul(MOST) {
        return Err(super::png::too_small(width, height));
    }
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let mut bytes = vec![0; width * height * channels];
    decoder.read_image(&mut bytes).map_err(explain)?;
    let orientation = orientation(&mut decoder);
    let stored = Stored { channels, wide: false };
    let mut painter = Painter::new([height, width], stored, orientation, options);
    bytes.chunks_exact(width * channels).for_each(|row| painter.paint(row));
    Ok((painter.finish(), orientation.turned([height, width])))
}

/// The height and width that are seen.
pub(super) fn size(content: &[u8]) -> Result<[usize; 2], String> {
    let (mut decoder, stored) = open(content)?;
    Ok(orientation(&mut decoder).turned(stored))
}

type Decoder<'a> = WebPDecoder<Cursor<&'a [u8]>>;

/// The decoder behind the headers, and the height and width that are stored.
fn open(content: &[u8]) -> Result<(Decoder<'_>, [usize; 2]), String> {
    let mut decoder = WebPDecoder::new(Cursor::new(content)).map_err(explain)?;
    // What a file says about itself is no larger than the file.
    decoder.set_memory_limit(content.len());
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(format!("the picture has {height} × {width} pixels; {AGAIN}"));
    }
    Ok((decoder, [height as usize, width as usize]))
}

fn orientation(decoder: &mut Decoder) -> Orientation {
    let exif = decoder.exif_metadata().ok().flatten();
    // Some programs write the head of JPEG's segment before it.
    exif.map_or_else(Orientation::default, |exif| {
        Orientation::of_exif(exif.strip_prefix(b"Exif\0\0").unwrap_or(&exif))
    })
}

fn explain(error: DecodingError) -> String {
    format!("the WebP data is damaged ({error}); {AGAIN}")
}
