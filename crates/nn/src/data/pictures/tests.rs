//! Pictures written here, read back; and a sentence for every bad one.

use std::io::Write;

use ::png::{BitDepth, ColorType, Encoder};
use flate2::{Compression, Crc, write::ZlibEncoder};

use super::*;

const GREY: PictureOptions = PictureOptions { height: 2, width: 2, colour: Colour::Grey, fit: Fit::Stretch };
const RGB: PictureOptions = PictureOptions { height: 2, width: 2, colour: Colour::Rgb, fit: Fit::Stretch };

fn png(width: u32, height: u32, colour: ColorType, depth: BitDepth, pixels: &[u8]) -> Vec<u8> {
    let mut content = vec![];
    let mut encoder = Encoder::new(&mut content, width, height);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    if colour == ColorType::Indexed {
        encoder.set_palette(vec![255, 0, 0, 0, 0, 255]);
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(pixels).unwrap();
    writer.finish().unwrap();
    content
}

fn jpeg(width: u16, height: u16, colour: jpeg_encoder::ColorType, pixels: &[u8]) -> Vec<u8> {
    let mut content = vec![];
    jpeg_encoder::Encoder::new(&mut content, 100).encode(pixels, width, height, colour).unwrap();
    content
}

fn good(content: &[u8], options: &PictureOptions) -> Vec<f32> {
    parse(Path::new("x"), content, options).unwrap().to_vec()
}

fn problem(content: &[u8]) -> String {
    let text = parse(Path::new("x"), content, &GREY).unwrap_err().to_string();
    assert!(!text.contains('\n'), "{text}");
    text.strip_prefix("x: ").expect("names the file").to_owned()
}

fn assert_near(found: &[f32], wanted: &[f32], tolerance: f32) {
    let near =
        found.len() == wanted.len() && found.iter().zip(wanted).all(|(a, b)| (a - b).abs() <= tolerance);
    assert!(near, "{found:?} is not {wanted:?}");
}

#[test]
fn every_kind_of_png() {
    use BitDepth::{Eight, One, Sixteen};
    let kinds: [(&[u8], ColorType, BitDepth); 5] = [
        (&[0, 51, 255, 102], ColorType::Grayscale, Eight),
        (&[0, 0, 0x33, 0x33, 255, 255, 0x66, 0x66], ColorType::Grayscale, Sixteen),
        (&[0, 255, 51, 255, 255, 255, 102, 255], ColorType::GrayscaleAlpha, Eight),
        (&[0, 0, 0, 51, 51, 51, 255, 255, 255, 102, 102, 102], ColorType::Rgb, Eight),
        (&[0, 0, 0, 255, 0, 0, 0, 204, 9, 9, 9, 0, 102, 102, 102, 255], ColorType::Rgba, Eight),
    ];
    for (pixels, colour, depth) in kinds {
        let content = png(2, 2, colour, depth, pixels);
        assert_near(&good(&content, &GREY), &[0.0, 0.2, 1.0, 0.4], 1e-6);
        assert_near(&good(&content, &RGB), &[0.0, 0.2, 1.0, 0.4].repeat(3), 1e-6);
    }
    // Red and blue of a palette, one bit for a pixel.
    let palette = png(2, 2, ColorType::Indexed, One, &[0b0100_0000, 0b1000_0000]);
    assert_near(&good(&palette, &RGB), &[1., 0., 0., 1., 0., 0., 0., 0., 0., 1., 1., 0.], 0.0);
    assert_near(&good(&palette, &GREY), &[0.299, 0.114, 0.114, 0.299], 1e-6);
}

#[test]
fn interlaced_png() {
    // 2 × 2 pixels are one of pass 1, one of pass 6 and the lower row, each row after its filter, 0.
    let mut encoder = ZlibEncoder::new(vec![], Compression::best());
    encoder.write_all(&[0, 0, 0, 51, 0, 255, 102]).unwrap();
    let data = encoder.finish().unwrap();
    let mut content = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [0, 0, 0, 2, 0, 0, 0, 2, 8, 0, 0, 0, 1];
    for (name, part) in [(b"IHDR", &header[..]), (b"IDAT", &data), (b"IEND", &[])] {
        let mut checksum = Crc::new();
        checksum.update(name);
        checksum.update(part);
        content.extend((part.len() as u32).to_be_bytes());
        content.extend([&name[..], part, &checksum.sum().to_be_bytes()].concat());
    }
    assert_near(&good(&content, &GREY), &[0.0, 0.2, 1.0, 0.4], 1e-6);
}

#[test]
fn jpeg_with_and_without_colours() {
    let grey = jpeg(2, 2, jpeg_encoder::ColorType::Luma, &[0, 51, 255, 102]);
    assert_near(&good(&grey, &GREY), &[0.0, 0.2, 1.0, 0.4], 0.01);
    assert_near(&good(&grey, &RGB), &[0.0, 0.2, 1.0, 0.4].repeat(3), 0.01);
    let red = jpeg(16, 16, jpeg_encoder::ColorType::Rgb, &[200, 40, 20].repeat(256));
    let expected: Vec<f32> = [200.0, 40.0, 20.0].iter().flat_map(|value| [value / 255.0; 4]).collect();
    assert_near(&good(&red, &RGB), &expected, 0.02);
    assert_near(&good(&red, &GREY), &[0.337; 4], 0.01);
}

fn webp(width: u32, height: u32, colour: image_webp::ColorType, pixels: &[u8], exif: &[u8]) -> Vec<u8> {
    let mut content = vec![];
    let mut encoder = image_webp::WebPEncoder::new(&mut content);
    if !exif.is_empty() {
        encoder.set_exif_metadata(exif.to_vec());
    }
    encoder.encode(pixels, width, height, colour).unwrap();
    content
}

#[test]
fn webp_with_and_without_alpha() {
    use image_webp::ColorType::{Rgb8, Rgba8};
    let colours = [0, 0, 0, 51, 51, 51, 255, 255, 255, 102, 102, 102];
    assert_near(&good(&webp(2, 2, Rgb8, &colours, &[]), &GREY), &[0.0, 0.2, 1.0, 0.4], 1e-6);
    let alpha = [0, 0, 0, 255, 0, 0, 0, 204, 9, 9, 9, 0, 102, 102, 102, 255];
    assert_near(&good(&webp(2, 2, Rgba8, &alpha, &[]), &RGB), &[0.0, 0.2, 1.0, 0.4].repeat(3), 1e-6);
    // One that is held upright: the stored row is a column.
    let turned = webp(2, 1, Rgb8, &[0, 0, 0, 51, 51, 51], &exif(6, true));
    assert_eq!(size_of(Path::new("x"), &turned).unwrap(), [2, 1]);
    assert_near(&good(&turned, &PictureOptions { width: 1, ..GREY }), &[0.0, 0.2], 1e-6);
    let text = problem(&webp(2, 2, Rgb8, &colours, &[])[..24]);
    assert!(text.starts_with("the WebP data is damaged ("), "{text}");
}

/// A TIFF file, little-endian and not compressed: its pixels, and for each tag its number and short values.
fn tiff(pixels: &[u8], tags: &[(u16, &[u16])]) -> Vec<u8> {
    let mut content = [&b"II*\0"[..], &[0; 4], pixels].concat();
    let mut entries = vec![];
    let size = [(273, &[8_u16][..]), (278, &[2]), (279, &[pixels.len() as u16])];
    let mut all: Vec<(u16, &[u16])> = [(256, &[2_u16][..]), (257, &[2]), (259, &[1])].to_vec();
    all.extend(size);
    all.retain(|(tag, _)| tags.iter().all(|(other, _)| tag != other));
    all.extend(tags);
    all.sort_unstable();
    for (tag, values) in &all {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let mut entry = [tag.to_le_bytes(), 3_u16.to_le_bytes()].concat();
        entry.extend((values.len() as u32).to_le_bytes());
        if bytes.len() <= 4 {
            entry.extend(bytes.iter().copied().chain([0; 4]).take(4));
        } else {
            entry.extend((content.len() as u32).to_le_bytes());
            content.extend(bytes);
        }
        entries.extend(entry);
    }
    let directory = content.len() as u32;
    content[4..8].copy_from_slice(&directory.to_le_bytes());
    content.extend((all.len() as u16).to_le_bytes());
    content.extend(entries);
    content.extend([0; 4]);
    content
}

#[test]
fn every_kind_of_tiff() {
    let shades = [0.0, 0.2, 1.0, 0.4];
    let near = |pixels: &[u8], tags: &[(u16, &[u16])]| {
        assert_near(&good(&tiff(pixels, tags), &RGB), &shades.repeat(3), 1e-5);
    };
    // Photometric interpretation, bits, samples: white is 0, black is 0, RGB, and RGB with alpha.
    near(&[255, 204, 0, 153], &[(262, &[0]), (258, &[8])]);
    near(&[0, 51, 255, 102], &[(262, &[1]), (258, &[8])]);
    near(&[0, 0, 0x33, 0x33, 255, 255, 0x66, 0x66], &[(262, &[1]), (258, &[16])]);
    near(&[0x03, 0xf6], &[(262, &[1]), (258, &[4])]);
    let colours = [0, 0, 0, 51, 51, 51, 255, 255, 255, 102, 102, 102];
    near(&colours, &[(262, &[2]), (258, &[8, 8, 8]), (277, &[3])]);
    let alpha = [0, 0, 0, 255, 0, 0, 0, 204, 9, 9, 9, 0, 102, 102, 102, 255];
    near(&alpha, &[(262, &[2]), (258, &[8, 8, 8, 8]), (277, &[4]), (338, &[2])]);
    let ink = [0, 0, 0, 255, 0, 0, 0, 204, 0, 0, 0, 0, 153, 153, 153, 0];
    near(&ink, &[(262, &[5]), (258, &[8, 8, 8, 8]), (277, &[4])]);
    near(&[0, 255, 51, 255, 255, 255, 102, 255], &[(262, &[1]), (258, &[8, 8]), (277, &[2]), (338, &[2])]);
    // Pure red in luma and differences of colour.
    let red = tiff(&[76, 85, 255].repeat(4), &[(262, &[6]), (258, &[8, 8, 8]), (277, &[3]), (530, &[1, 1])]);
    assert_near(&good(&red, &RGB), &[[1.0; 4], [0.0; 4], [0.0; 4]].concat(), 0.01);
    // A palette of one bit.
    let palette =
        tiff(&[0b0100_0000, 0b1000_0000], &[(262, &[3]), (258, &[1]), (320, &[65_535, 0, 0, 0, 0, 65_535])]);
    assert!(problem(&palette).starts_with("this kind of TIFF is not read ("), "{}", problem(&palette));
    // Turned by 180 degrees.
    let turned = tiff(&[102, 255, 51, 0], &[(262, &[1]), (258, &[8]), (274, &[3])]);
    assert_near(&good(&turned, &GREY), &shades, 1e-6);
    let (places, lengths) = ((273, &[8, 12, 16][..]), (279, &[4, 4, 4][..]));
    let planar = [(262, &[2][..]), (258, &[8, 8, 8]), (277, &[3]), (284, &[2]), places, lengths];
    let planes = tiff(&colours, &planar);
    assert!(problem(&planes).contains("(planar)"), "{}", problem(&planes));
    let text = problem(&tiff(&[0, 51, 255, 102], &[(262, &[1]), (258, &[8])])[..20]);
    assert!(text.starts_with("the TIFF data is damaged ("), "{text}");
}

#[test]
fn ink_becomes_light() {
    let pixels = [[0, 0, 0, 0], [255, 0, 0, 0], [0, 0, 0, 255], [0, 0, 102, 51]];
    let pixels: Vec<u8> = pixels.iter().flat_map(|ink| ink.repeat(64)).collect();
    let cmyk = jpeg(8, 32, jpeg_encoder::ColorType::Cmyk, &pixels);
    let options = PictureOptions { height: 32, width: 8, ..RGB };
    let found = good(&cmyk, &options);
    let middle = |place: usize| [0, 1, 2].map(|channel| found[channel * 256 + (8 * place + 4) * 8 + 4]);
    for (place, light) in [[1.0; 3], [0.0, 1.0, 1.0], [0.0; 3], [0.8, 0.8, 0.48]].iter().enumerate() {
        assert_near(&middle(place), light, 0.02);
    }
}

/// A picture that is turned is cropped where it is seen.
#[test]
fn other_proportions_are_cropped_or_padded() {
    // Six shades, seen as one row.
    let pixels: Vec<u8> = (0..6).map(|i| 40 * i).collect();
    let row = png(6, 1, ColorType::Grayscale, BitDepth::Eight, &pixels);
    let column = turned_png(&png(1, 6, ColorType::Grayscale, BitDepth::Eight, &pixels), &exif(8, true));
    let mirrored: Vec<u8> = pixels.iter().rev().copied().collect();
    let other = turned_png(&png(1, 6, ColorType::Grayscale, BitDepth::Eight, &mirrored), &exif(6, true));
    let shade = |i: usize| (40 * i) as f32 / 255.0;
    for content in [&row, &column, &other] {
        let size = size_of(Path::new("x"), content).unwrap();
        assert_eq!(size, [1, 6]);
        let crop = PictureOptions { height: 1, width: 3, fit: Fit::Crop, colour: Colour::Grey };
        let found = good(content, &crop);
        let start = found[0];
        assert!(start == shade(1) || start == shade(2), "{found:?}");
        assert_near(&found, &[start, start + shade(1), start + 2.0 * shade(1)], 1e-6);
        let pad = PictureOptions { height: 3, width: 6, fit: Fit::Pad, colour: Colour::Grey };
        let wanted = [vec![1.0; 6], (0..6).map(shade).collect(), vec![1.0; 6]].concat();
        assert_near(&good(content, &pad), &wanted, 1e-6);
    }
}

#[test]
fn scaling_is_the_triangle_filter() {
    // One axis, worked out by hand: 4 → 2 has the weights 1/8, 3/8, 3/8, 1/8, cut at the edge.
    let wide = png(4, 1, ColorType::Grayscale, BitDepth::Eight, &[0, 70, 140, 210]);
    let two = PictureOptions { height: 1, ..GREY };
    let left = (3.0 * 0.0 + 3.0 * 70.0 + 140.0) / 7.0 / 255.0;
    assert_near(&good(&wide, &two), &[left, 210.0 / 255.0 - left], 1e-6);
    // 2 → 4 interpolates between the centres and repeats the edges.
    let narrow = png(2, 1, ColorType::Grayscale, BitDepth::Eight, &[0, 204]);
    let four = PictureOptions { height: 1, width: 4, colour: Colour::Grey, fit: Fit::Stretch };
    assert_near(&good(&narrow, &four), &[0.0, 0.2, 0.6, 0.8], 1e-6);
    // The other axis is the same.
    let tall = png(1, 4, ColorType::Grayscale, BitDepth::Eight, &[0, 70, 140, 210]);
    assert_near(&good(&tall, &PictureOptions { width: 1, ..GREY }), &good(&wide, &two), 1e-6);
    // A constant stays one, and the same size changes nothing.
    let flat = png(37, 23, ColorType::Grayscale, BitDepth::Eight, &[51; 37 * 23]);
    for (height, width) in [(1, 1), (5, 64), (23, 37), (100, 3)] {
        let options = PictureOptions { height, width, colour: Colour::Grey, fit: Fit::Stretch };
        assert_near(&good(&flat, &options), &vec![0.2; height * width], 1e-5);
    }
    // Colours stay apart.
    let pixels: Vec<u8> = (0..9 * 7).flat_map(|i| [i, 2 * i, 3 * i]).collect();
    let colours = good(&png(9, 7, ColorType::Rgb, BitDepth::Eight, &pixels), &RGB);
    let red: Vec<f32> = colours[..4].to_vec();
    for (channel, factor) in [(1, 2.0), (2, 3.0)] {
        assert_near(&colours[4 * channel..][..4], &red.iter().map(|r| r * factor).collect::<Vec<_>>(), 1e-5);
    }
}

#[test]
fn broken_pictures_are_one_sentence() {
    assert_eq!(problem(b""), "the file is empty");
    assert_eq!(problem(b"GIF89a"), "this is a GIF picture; convert it to PNG or JPEG");
    let pixels: Vec<u8> = (0..400_u32).map(|i| (i * i % 251) as u8).collect();
    let png = png(20, 20, ColorType::Grayscale, BitDepth::Eight, &pixels);
    let jpeg = jpeg(20, 20, jpeg_encoder::ColorType::Luma, &pixels);
    for cut in [4, 30, png.len() / 2, png.len() - 13] {
        assert!(
            problem(&png[..cut]).starts_with("the PNG data is damaged ("),
            "{cut}: {}",
            problem(&png[..cut])
        );
    }
    for cut in [2, 30, jpeg.len() / 2] {
        let problem = problem(&jpeg[..cut]);
        assert!(problem.starts_with("the JPEG data is damaged or not supported ("), "{cut}: {problem}");
    }
    // The header of a picture of 65535 × 65535 pixels before the data of a small one.
    let mut huge = jpeg.clone();
    let frame = huge.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    huge[frame + 5..frame + 9].fill(0xff);
    assert!(problem(&huge).contains("promises 65535 × 65535 pixels"), "{}", problem(&huge));

    let none = PictureOptions { width: 0, ..GREY };
    let text = parse(Path::new("x"), &png, &none).unwrap_err().to_string();
    assert!(text.starts_with("pictures of 2 × 0 pixels cannot be made"), "{text}");
}

/// A TIFF directory with one entry, as cameras write it: the orientation.
fn exif(orientation: u16, big: bool) -> Vec<u8> {
    let two = |value: u16| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let four = |value: u32| if big { value.to_be_bytes() } else { value.to_le_bytes() };
    let start: &[u8] = if big { b"MM" } else { b"II" };
    let entry = [&two(0x0112)[..], &two(3), &four(1), &two(orientation), &[0, 0]].concat();
    [start, &two(42), &four(8), &two(1), &entry, &four(0)].concat()
}

/// The same file with a camera's note: a segment behind the first marker.
fn turned(jpeg: &[u8], exif: &[u8]) -> Vec<u8> {
    let length = (2 + 6 + exif.len()) as u16;
    [&jpeg[..2], &[0xff, 0xe1], &length.to_be_bytes(), b"Exif\0\0", exif, &jpeg[2..]].concat()
}

/// The same for PNG: a chunk behind the header.
fn turned_png(png: &[u8], exif: &[u8]) -> Vec<u8> {
    let mut checksum = Crc::new();
    checksum.update(b"eXIf");
    checksum.update(exif);
    let length = (exif.len() as u32).to_be_bytes();
    [&png[..33], &length, b"eXIf", exif, &checksum.sum().to_be_bytes(), &png[33..]].concat()
}

/// A picture of 2 × 3 pixels, stored as a camera that is held in each of eight ways stores it (the table of EXIF 2.32):
/// what is seen is always `a b c` over `d e f`.
#[test]
fn a_picture_is_turned_as_the_camera_noted() {
    let stored: [(u16, usize, &str); 10] = [
        (0, 3, "abcdef"),
        (1, 3, "abcdef"),
        (2, 3, "cbafed"),
        (3, 3, "fedcba"),
        (4, 3, "defabc"),
        (5, 2, "adbecf"),
        (6, 2, "cfbead"),
        (7, 2, "fcebda"),
        (8, 2, "daebfc"),
        (9, 3, "abcdef"),
    ];
    let shade = |letter: u8| 40 * (letter - b'a');
    let seen: Vec<f32> = b"abcdef".iter().map(|&letter| f32::from(shade(letter)) / 255.0).collect();
    for (number, width, letters) in stored {
        let height = 6 / width;
        // Blocks of 8 × 8 pixels, so that a JPEG loses nothing.
        let grey: Vec<u8> = (0..64 * 6)
            .map(|i| {
                let (row, column) = (i / (8 * width) / 8, i % (8 * width) / 8);
                shade(letters.as_bytes()[row * width + column])
            })
            .collect();
        let size = [8 * height as u16, 8 * width as u16];
        let jpeg = jpeg(size[1], size[0], jpeg_encoder::ColorType::Luma, &grey);
        let png = png(size[1].into(), size[0].into(), ColorType::Grayscale, BitDepth::Eight, &grey);
        for big in [true, false] {
            let exif = exif(number, big);
            for content in [turned(&jpeg, &exif), turned_png(&png, &exif)] {
                assert_eq!(size_of(Path::new("x"), &content).unwrap(), [16, 24], "{number}");
                // A filter that falls on whole blocks, but for their edges.
                let options =
                    PictureOptions { height: 16, width: 24, colour: Colour::Grey, fit: Fit::Stretch };
                let found = good(&content, &options);
                let middles: Vec<f32> =
                    (0..6).map(|k| found[(8 * (k / 3) + 4) * 24 + 8 * (k % 3) + 4]).collect();
                assert_near(&middles, &seen, 0.01);
            }
        }
    }
}

#[test]
fn notes_of_the_camera_that_make_no_sense_are_passed_over() {
    let grey = jpeg(8, 16, jpeg_encoder::ColorType::Luma, &[9; 128]);
    let good = exif(6, true);
    let mut far = good.clone();
    far[4..8].fill(0xff);
    let mut many = good.clone();
    many[8..10].fill(0xff);
    for (exif, size) in
        [(&good[..], [8, 16]), (&many, [8, 16]), (&far, [16, 8]), (&good[..12], [16, 8]), (b"MM", [16, 8])]
    {
        assert_eq!(size_of(Path::new("x"), &turned(&grey, exif)).unwrap(), size);
    }
}

#[test]
fn other_formats_and_huge_pictures_are_named() {
    for (content, format) in
        [(&b"GIF89a"[..], "GIF"), (b"\0\0\0\x18ftypheic", "HEIC"), (b"\0\0\0\x1cftypavif", "AVIF")]
    {
        assert_eq!(problem(content), format!("this is a {format} picture; convert it to PNG or JPEG"));
    }
    assert_eq!(problem(b"hello"), "this is no PNG, JPEG, WebP or TIFF picture");
    // 20000 × 10000 pixels in so many bytes that there might be some.
    let mut huge = jpeg(8, 8, jpeg_encoder::ColorType::Luma, &[9; 64]);
    let frame = huge.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    huge[frame + 5..frame + 9].copy_from_slice(&[0x27, 0x10, 0x4e, 0x20]);
    huge.resize(1 << 19, 0);
    let text = problem(&huge);
    assert_eq!(
        text,
        "the picture has 10000 × 20000 pixels, and at most 134 million are read at once; make it smaller"
    );
}
