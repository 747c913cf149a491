//! JPEG, by the `zune-jpeg` crate.

use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::png::too_small;
use super::{Colour, Orientation, Painter, PictureOptions, Stored, check_pixels};
use crate::data::source::AGAIN;

/// A block of 8 × 8 pixels takes at least one bit, so a byte holds at most this many pixels.
const MOST: usize = 8 * 64;

/// The picture, scaled, and the height and width that it had; or what is wrong with it.
pub(super) fn decode(content: &[u8], options: &PictureOptions) -> Result<(Vec<f32>, [usize; 2]), String> {
    let (mut decoder, [height, width]) = open(content)?;
    // The decoder works on groups of blocks, which cover up to 32 × 32 pixels where colours are coarse.
    let pixels = width.next_multiple_of(32) * height.next_multiple_of(32);
    if pixels > content.len().saturating_mul(MOST) {
        return Err(too_small(width, height));
    }
    check_pixels(width, height)?;
    // The luma that JPEG stores is the grey that is wanted; from anything else it is computed.
    let grey = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => true,
        Some(ColorSpace::YCbCr) => options.colour == Colour::Grey,
        _ => false,
    };
    let wanted = if grey { ColorSpace::Luma } else { ColorSpace::RGB };
    decoder.set_options(strict().jpeg_set_out_colorspace(wanted));
    let bytes = decoder.decode().map_err(explain)?;
    let channels = if grey { 1 } else { 3 };
    if bytes.len() != width * height * channels {
        return Err(format!(
            "the JPEG data has {} values for {width} × {height} pixels; {AGAIN}",
            bytes.len()
        ));
    }
    let orientation = orientation(&decoder);
    let mut painter = Painter::new([height, width], Stored { channels, wide: false }, orientation, options);
    bytes.chunks_exact(width * channels).for_each(|row| painter.paint(row));
    Ok((painter.finish(), orientation.turned([height, width])))
}

/// The height and width that are seen.
pub(super) fn size(content: &[u8]) -> Result<[usize; 2], String> {
    let (decoder, stored) = open(content)?;
    Ok(orientation(&decoder).turned(stored))
}

type Decoder<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

/// The decoder behind the headers, and the height and width that are stored.
fn open(content: &[u8]) -> Result<(Decoder<'_>, [usize; 2]), String> {
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(content), strict());
    decoder.decode_headers().map_err(explain)?;
    let (width, height) = decoder.dimensions().ok_or("the JPEG data has no size")?;
    if width == 0 || height == 0 {
        return Err(format!("the picture has {width} × {height} pixels; {AGAIN}"));
    }
    Ok((decoder, [height, width]))
}

/// Strict: a picture that ends early is an error and not grey below.
fn strict() -> DecoderOptions {
    DecoderOptions::default().set_strict_mode(true).set_max_width(65_535).set_max_height(65_535)
}

fn orientation(decoder: &Decoder) -> Orientation {
    decoder.exif().map_or_else(Orientation::default, |exif| Orientation::of_exif(exif))
}

fn explain(error: DecodeErrors) -> String {
    // Some of the decoder's messages have several lines.
    let text: Vec<String> = error.to_string().split_whitespace().map(str::to_owned).collect();
    format!("the JPEG data is damaged or not supported ({}); {AGAIN}", text.join(" "))
}
