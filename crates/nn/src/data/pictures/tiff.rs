//! TIFF, by the `tiff` crate: grey pictures, RGB, YCbCr and CMYK, of up to 16 bits. (It reads no palettes.)

use std::io::Cursor;

use tiff::decoder::{DecodingResult, Limits};
use tiff::tags::Tag;
use tiff::{ColorType, TiffError};

use super::{Orientation, Painter, PictureOptions, Stored, check_pixels};
use crate::data::source::AGAIN;

/// LZW writes at most so many bytes for one; deflate and the others fewer.
const MOST: usize = 4096;

/// The picture, scaled, and the height and width that it had; or what is wrong with it. Of several pages, the first one.
pub(super) fn decode(content: &[u8], options: &PictureOptions) -> Result<(Vec<f32>, [usize; 2]), String> {
    let (mut decoder, [height, width]) = open(content)?;
    check_pixels(width, height)?;
    if width * height > content.len().saturating_mul(8 * MOST) {
        return Err(super::png::too_small(width, height));
    }
    let colours = decoder.colortype().map_err(explain)?;
    let samples = usize::from(colours.num_samples());
    const SEPARATE: u32 = 2;
    let planes = decoder.find_tag_unsigned::<u32>(Tag::PlanarConfiguration).map_err(explain)?;
    if planes == Some(SEPARATE) && samples > 1 {
        return Err("its colours are stored apart from each other (planar); write them pixel by pixel".into());
    }
    // Associated and unassociated alpha.
    let alpha = matches!(decoder.find_tag_unsigned_vec::<u32>(Tag::ExtraSamples), Ok(Some(extra)) if matches!(extra[..], [1 | 2, ..]));
    let orientation = orientation(&mut decoder);
    let values = match decoder.read_image().map_err(explain)? {
        DecodingResult::U8(bytes) if colours.bit_depth() < 8 => {
            unpacked(&bytes, width * samples, colours.bit_depth().into())
        }
        DecodingResult::U8(bytes) => bytes.into_iter().map(|byte| u16::from(byte) * 257).collect(),
        DecodingResult::U16(values) => values,
        _ => return Err("its numbers are no whole ones of 8 or 16 bits; write it as PNG, or as NPY".into()),
    };
    if values.len() != width * height * samples {
        return Err(format!(
            "the TIFF data has {} values for {height} × {width} pixels; {AGAIN}",
            values.len()
        ));
    }
    let pixels = values.chunks_exact(samples);
    let (channels, values): (usize, Vec<u16>) = match colours {
        ColorType::CMYK(_) => (3, pixels.flat_map(|ink| of_ink([ink[0], ink[1], ink[2], ink[3]])).collect()),
        ColorType::YCbCr(8) => {
            (3, pixels.flat_map(|pixel| of_luma([pixel[0], pixel[1], pixel[2]])).collect())
        }
        ColorType::Gray(_) => (1, values),
        ColorType::GrayA(_) => (2, values),
        ColorType::Multiband { num_samples: 2, .. } if alpha => (2, values),
        ColorType::RGB(_) => (3, values),
        ColorType::RGBA(_) => (4, values),
        _ => return Err(format!("its colours ({colours:?}) cannot be read; write it as PNG")),
    };
    let mut painter = Painter::new([height, width], Stored { channels, wide: true }, orientation, options);
    for row in values.chunks_exact(width * channels) {
        painter.paint(&row.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<_>>());
    }
    Ok((painter.finish(), orientation.turned([height, width])))
}

/// The height and width that are seen.
pub(super) fn size(content: &[u8]) -> Result<[usize; 2], String> {
    let (mut decoder, stored) = open(content)?;
    Ok(orientation(&mut decoder).turned(stored))
}

type Decoder<'a> = tiff::decoder::Decoder<Cursor<&'a [u8]>>;

/// The decoder behind the first directory, and the height and width that are stored.
fn open(content: &[u8]) -> Result<(Decoder<'_>, [usize; 2]), String> {
    let mut limits = Limits::default();
    // A picture of the largest size has four numbers of two bytes for each pixel.
    limits.decoding_buffer_size = super::MOST_PIXELS * 8;
    limits.intermediate_buffer_size = super::MOST_PIXELS * 8;
    limits.ifd_value_size = content.len();
    let mut decoder = tiff::decoder::Decoder::new(Cursor::new(content)).map_err(explain)?.with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(explain)?;
    if width == 0 || height == 0 {
        return Err(format!("the picture has {height} × {width} pixels; {AGAIN}"));
    }
    Ok((decoder, [height as usize, width as usize]))
}

fn orientation(decoder: &mut Decoder) -> Orientation {
    let number = decoder.find_tag_unsigned::<u16>(Tag::Orientation).ok().flatten();
    number.map_or_else(Orientation::default, Orientation::new)
}

/// Shades of less than 8 bits, of which each row begins at a whole byte, from 0 to 65535.
fn unpacked(bytes: &[u8], row: usize, bits: usize) -> Vec<u16> {
    let whitest = (1_u16 << bits) - 1;
    let number = |bytes: &[u8], i: usize| {
        let bit = i * bits;
        u16::from(bytes[bit / 8] >> (8 - bits - bit % 8)) & whitest
    };
    let rows = bytes.chunks_exact((row * bits).div_ceil(8).max(1));
    let scale = u16::MAX / whitest;
    rows.flat_map(|bytes| (0..row).map(move |i| number(bytes, i) * scale)).collect()
}

/// Red, green and blue of luma and two differences of colour, as in JPEG files.
fn of_luma(pixel: [u16; 3]) -> [u16; 3] {
    const MIDDLE: f64 = 128.0 * 257.0;
    let [y, cb, cr] = pixel.map(f64::from);
    let (cb, cr) = (cb - MIDDLE, cr - MIDDLE);
    // A cast keeps within the numbers of the type.
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(|value| value.round() as u16)
}

/// Red, green and blue of cyan, magenta, yellow and black ink, without a colour profile: `(1 − c)(1 − k)`.
fn of_ink([c, m, y, k]: [u16; 4]) -> [u16; 3] {
    let left = |ink: u16| u32::from(u16::MAX - ink);
    [c, m, y].map(|ink| ((left(ink) * left(k) + 32_767) / 65_535) as u16)
}

fn explain(error: TiffError) -> String {
    match error {
        TiffError::UnsupportedError(error) => {
            format!("this kind of TIFF is not read ({error}); write it as PNG")
        }
        TiffError::LimitsExceeded => format!("the TIFF header promises more than the file can hold; {AGAIN}"),
        error => format!("the TIFF data is damaged ({error}); {AGAIN}"),
    }
}
