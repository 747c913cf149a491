//! Good files of every format, small enough that accidents hit what matters.

use std::io::{Cursor, Write};
use std::path::Path;

use autograd::Tensor;
use flate2::{Compression, write::ZlibEncoder};
use nn::data::npy;
use nn::data::wav::{self, Format};
use nn::init::Init;
use nn::{Linear, Purpose, checkpoint, generator};
use png::{BitDepth, ColorType, Encoder};
use zip::write::{SimpleFileOptions, ZipWriter};

use super::accident::{gzip, repair_png};

pub(crate) fn tables() -> Vec<Vec<u8>> {
    let texts = [
        "length,width\n5.1,3.5\n-7.0,3.2e-1\n",
        "\u{feff}length,kind\r\n5.1,\"rose, red\"\r\n?,aster\r\n1e3,rose\r\n",
        "id;x;y\n\"a\"\"b\";1;2\n7;3;4\n",
    ];
    let zipped = gzip(texts[0].into());
    texts.iter().map(|text| text.as_bytes().to_vec()).chain([zipped]).collect()
}

pub(crate) fn arrays() -> Vec<Vec<u8>> {
    let own = npy::bytes(&Tensor::<f32>::arange(12).reshape([3, 4]));
    let mut others = vec![own];
    for (descr, fortran, shape, bytes) in [
        (">i8", "True", "(2, 3)", 48),
        ("|b1", "False", "(7,)", 7),
        ("<f8", "False", "()", 8),
        ("<u2", "True", "(2, 1, 2)", 8),
    ] {
        let text = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}");
        let mut content = b"\x93NUMPY\x02\x00".to_vec();
        content.extend((text.len() as u32).to_le_bytes());
        content.extend(text.bytes());
        content.extend(vec![0; bytes]);
        others.push(content);
    }
    others
}

pub(crate) fn archives() -> Vec<Vec<u8>> {
    let arrays = arrays();
    let arrays: Vec<&[u8]> = arrays.iter().map(Vec::as_slice).collect();
    vec![archive(&arrays[..1], false), archive(&arrays[..3], true)]
}

/// A zip archive of these files.
pub(crate) fn archive(files: &[&[u8]], compressed: bool) -> Vec<u8> {
    let method = if compressed { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    let mut writer = ZipWriter::new(Cursor::new(vec![]));
    for (i, content) in files.iter().enumerate() {
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(format!("{i}.npy"), options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn pixels(count: usize) -> Vec<u8> {
    (0..count).map(|i| (i * i % 251) as u8).collect()
}

pub(crate) fn png_pictures() -> Vec<Vec<u8>> {
    let kinds = [
        (ColorType::Grayscale, BitDepth::Eight, 60),
        (ColorType::Grayscale, BitDepth::One, 12),
        (ColorType::Indexed, BitDepth::Two, 18),
        (ColorType::Rgb, BitDepth::Sixteen, 360),
        (ColorType::Rgba, BitDepth::Eight, 240),
    ];
    let mut files = vec![];
    for (colour, depth, bytes) in kinds {
        let mut content = vec![];
        let mut encoder = Encoder::new(&mut content, 10, 6);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if colour == ColorType::Indexed {
            encoder.set_palette((0..12).collect::<Vec<u8>>());
            encoder.set_trns(vec![0, 128]);
        }
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(&pixels(bytes)).unwrap();
        writer.finish().unwrap();
        files.push(content);
    }
    files.push(interlaced());
    files
}

/// 4 × 4 grey pixels in the seven passes of Adam7, of which two are empty: no encoder here writes that.
fn interlaced() -> Vec<u8> {
    let mut rows = vec![];
    for (width, height) in [(1, 1), (1, 1), (2, 1), (2, 2), (4, 2)] {
        for _ in 0..height {
            rows.push(0);
            rows.extend(pixels(width));
        }
    }
    let mut encoder = ZlibEncoder::new(vec![], Compression::best());
    encoder.write_all(&rows).unwrap();
    let data = encoder.finish().unwrap();
    let mut content = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [0, 0, 0, 4, 0, 0, 0, 4, 8, 0, 0, 0, 1];
    for (name, part) in [(b"IHDR", &header[..]), (b"IDAT", &data), (b"IEND", &[])] {
        content.extend((part.len() as u32).to_be_bytes());
        content.extend(name);
        content.extend(part);
        content.extend([0; 4]);
    }
    repair_png(content)
}

pub(crate) fn sounds() -> Vec<Vec<u8>> {
    let forms = [(1, 8, false), (2, 16, false), (1, 24, false), (3, 32, false), (2, 32, true)];
    let sound = |(channels, bits, float)| {
        let values: Vec<f32> = pixels(12 * channels).iter().map(|x| f32::from(*x) / 256.0).collect();
        wav::bytes(Format { rate: 8000, channels, bits, float }, &values).unwrap()
    };
    forms.into_iter().map(sound).collect()
}

pub(crate) fn jpeg_pictures() -> Vec<Vec<u8>> {
    use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
    let mut files = vec![];
    for (colour, channels, progressive, restart) in [
        (ColorType::Luma, 1, false, 0),
        (ColorType::Rgb, 3, false, 2),
        (ColorType::Rgb, 3, true, 0),
        (ColorType::Cmyk, 4, false, 0),
    ] {
        let mut content = vec![];
        let mut encoder = Encoder::new(&mut content, 70);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.set_progressive(progressive);
        if restart > 0 {
            encoder.set_restart_interval(restart);
        }
        encoder.encode(&pixels(20 * 18 * channels), 20, 18, colour).unwrap();
        files.push(content);
    }
    files
}

pub(crate) fn webp_pictures() -> Vec<Vec<u8>> {
    use image_webp::ColorType::{Rgb8, Rgba8};
    let mut files = vec![LOSSY_WEBP.to_vec()];
    for (colour, channels) in [(Rgb8, 3), (Rgba8, 4)] {
        let mut content = vec![];
        let encoder = image_webp::WebPEncoder::new(&mut content);
        encoder.encode(&pixels(20 * 18 * channels), 20, 18, colour).unwrap();
        files.push(content);
    }
    files
}

/// 20 × 18 pixels by another program; no encoder here loses anything.
const LOSSY_WEBP: &[u8] = b"\
    \x52\x49\x46\x46\x64\x00\x00\x00\x57\x45\x42\x50\x56\x50\x38\x20\x58\x00\x00\x00\x50\x03\x00\x9d\
    \x01\x2a\x14\x00\x12\x00\x3f\x39\x8e\xbf\x57\xbf\xa9\xa7\x23\xa8\x0a\xab\xf0\x27\x09\x68\x00\x9d\
    \x32\xc7\x42\x21\x92\x33\x00\x00\xfe\xe7\x19\xa1\x9e\xc6\x99\xc9\xa8\x5c\x71\x36\xaf\xa8\x9e\x7c\
    \x12\xc5\x81\xf8\xf7\x84\x68\xc7\x0e\x2b\x3f\x9c\xa5\x03\xa2\x67\x1b\x72\x36\xda\x11\x48\xdf\x7d\
    \x0a\x3c\x9f\x2b\xd0\x40\x4b\x1c\xdc\x5b\xe0\x00";

pub(crate) fn tiff_pictures() -> Vec<Vec<u8>> {
    use tiff::encoder::{Compression, TiffEncoder, colortype};
    let mut files = vec![];
    for compression in [Compression::Uncompressed, Compression::Lzw, Compression::Packbits] {
        let mut content = Cursor::new(vec![]);
        let mut encoder = TiffEncoder::new(&mut content).unwrap().with_compression(compression);
        encoder.write_image::<colortype::RGB8>(20, 18, &pixels(20 * 18 * 3)).unwrap();
        files.push(content.into_inner());
    }
    let mut content = Cursor::new(vec![]);
    let shades: Vec<u16> = pixels(20 * 18).into_iter().map(|shade| u16::from(shade) * 257).collect();
    TiffEncoder::new(&mut content).unwrap().write_image::<colortype::Gray16>(20, 18, &shades).unwrap();
    files.push(content.into_inner());
    files
}

pub(crate) fn idx_arrays() -> Vec<Vec<u8>> {
    let images = [&[0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4][..], &pixels(24)].concat();
    let labels = vec![0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1];
    vec![gzip(images.clone()), images, labels]
}

pub(crate) fn model() -> Linear<Tensor<f32>> {
    Linear::new(3, 2, Init::Glorot, &mut generator(1, Purpose::Init, 0, 0))
}

pub(crate) fn checkpoint(path: &Path) -> Vec<u8> {
    checkpoint::save(path, &model(), [("kind".into(), "linear".into())].into()).unwrap();
    std::fs::read(path).unwrap()
}
