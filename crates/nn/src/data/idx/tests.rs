//! Good files, every way we know for a file to be bad, and two thousand that nobody thought of.

use std::io::Write;

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use proptest::prelude::*;

use super::*;
use crate::data::Examples;

/// Three images of 2 × 4 pixels.
fn images() -> Vec<u8> {
    let header = [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 4];
    header.into_iter().chain((0..24).map(|i| i * 10)).collect()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// What is wrong with a file of this content.
fn problem(content: &[u8]) -> String {
    let text = parse(Path::new("x"), content).unwrap_err().to_string();
    assert!(!text.contains('\n'), "{text}");
    text.strip_prefix("x: ").expect("names the file").to_owned()
}

#[test]
fn zipped_or_not_the_same_array() {
    let array = parse(Path::new("x"), &images()).unwrap();
    assert_eq!((&array.shape[..], &array.bytes[..]), (&[3, 2, 4][..], &images()[16..]));
    assert_eq!(parse(Path::new("x"), &gzip(&images())).unwrap(), array);

    // A gzip file may consist of several, one after the other, and carry a name.
    let mut named = GzBuilder::new().filename("images").write(vec![], Compression::fast());
    named.write_all(&images()[..20]).unwrap();
    let parts = [named.finish().unwrap(), gzip(&images()[20..])].concat();
    assert_eq!(parse(Path::new("x"), &parts).unwrap(), array);
}

#[test]
fn a_file_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images");
    let expected = parse(&path, &images()).unwrap();
    for content in [images(), gzip(&images())] {
        std::fs::write(&path, content).unwrap();
        assert_eq!(read(&path).unwrap(), expected);
    }
    for path in [folder.path(), &folder.path().join("missing")] {
        let text = read(path).unwrap_err().to_string();
        assert!(text.starts_with(&format!("cannot read {}: ", path.display())), "{text}");
    }
}

#[test]
fn images_stay_on_disk_until_they_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images");
    for content in [images(), gzip(&images())] {
        std::fs::write(&path, content).unwrap();
        let file = Images::open(&path).unwrap();
        assert_eq!((&file.shape[..], file.len(), file.width()), (&[3, 2, 4][..], 3, 8));
        let rows = file.rows(&[2, 0, 2]).unwrap();
        let shades = [16..24, 0..8, 16..24].into_iter().flatten().map(|i| (i * 10) as f32 / 255.0);
        assert_eq!((rows.shape(), rows.to_vec()), (&[3, 8][..], shades.collect()));
    }
    // The same complaints as when all is read, for every way to cut the file short and for one byte more.
    let (whole, more) = (images(), [&images()[..], &[0]].concat());
    for content in (0..40).map(|length| &whole[..length]).chain([&more[..]]) {
        std::fs::write(&path, content).unwrap();
        assert_eq!(Images::open(&path).unwrap_err().to_string(), read(&path).unwrap_err().to_string());
    }
}

#[test]
#[should_panic(expected = "rows: there is no example 3 among 3")]
fn an_image_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images");
    std::fs::write(&path, images()).unwrap();
    let _ = Images::open(&path).unwrap().rows(&[3]);
}

#[test]
fn wrong_headers_are_explained() {
    assert_eq!(problem(&[]), format!("the file is empty; {AGAIN}"));
    assert_eq!(problem(&gzip(&[])), format!("the file is empty; {AGAIN}"));
    assert_eq!(
        problem(b"\x89PNG\r\n"),
        "this is no IDX file: it starts with 89 50 4e 47, \
         but images start with 00 00 08 03 and labels with 00 00 08 01"
    );
    assert_eq!(
        problem(&[0, 0, 0x0d, 1, 0, 0, 0, 0]),
        "the elements are 32-bit floats (type 0d), but only unsigned bytes (type 08) can be read"
    );
    assert_eq!(problem(&[0, 0, 8, 0]), "the header says that the array has no axes");
    assert_eq!(problem(&[0, 0, 8]), format!("the header is cut short after 3 bytes; {AGAIN}"));
    assert_eq!(
        problem(&images()[..13]),
        format!("the header is cut short after 13 of its 16 bytes; {AGAIN}")
    );
}

#[test]
fn wrong_lengths_are_explained() {
    let promise = "the header promises 3 images of 2 × 4 bytes, but";
    assert_eq!(problem(&images()[..32]), format!("{promise} the file holds only 2; {AGAIN}"));
    assert_eq!(problem(&images()[..39]), format!("{promise} the file holds only 2 and a part; {AGAIN}"));
    assert_eq!(problem(&[images(), vec![0]].concat()), format!("{promise} more bytes follow; {AGAIN}"));
    assert_eq!(
        problem(&[0, 0, 8, 1, 0, 0, 0, 5, 1, 2]),
        format!("the header promises 5 labels, but the file holds only 2; {AGAIN}")
    );
}

#[test]
fn a_promise_costs_no_memory() {
    // 2⁶² bytes: allocating them would end the program.
    let huge = [0, 0, 8, 3, 0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 1, 7];
    assert!(
        problem(&huge).ends_with(&format!("but the file holds only 0 and a part; {AGAIN}")),
        "{}",
        problem(&huge)
    );
    // 2⁶⁴ − 1 bytes, to which no 1 can be added, is a product of three sizes.
    let edge = [[0, 0, 8, 3], [255; 4], 641_u32.to_be_bytes(), 6_700_417_u32.to_be_bytes()].concat();
    assert!(problem(&edge).ends_with(&format!("but the file holds only 0; {AGAIN}")), "{}", problem(&edge));
    // Nothing at all is promised, though the sizes after the 0 multiply to too much.
    let nothing = [&[0, 0, 8, 4, 0, 0, 0, 0][..], &[255; 12]].concat();
    assert!(parse(Path::new("x"), &nothing).unwrap().bytes.is_empty());
    // More than fit in the size of anything.
    let mut endless = vec![0, 0, 8, 3];
    endless.extend([255; 12]);
    let sizes = "4294967295 × 4294967295 × 4294967295";
    assert_eq!(
        problem(&endless),
        format!("the header promises {sizes} bytes, more than any computer has; {AGAIN}")
    );
    // A bomb: 16 MB of zeros in a few kilobytes. The wrong checksum at its end goes unnoticed, which
    // shows that nobody unzipped so far.
    let mut bomb = gzip(&[images(), vec![0; 16 << 20]].concat());
    let checksum = bomb.len() - 8;
    bomb[checksum] ^= 1;
    assert!(problem(&bomb).ends_with(&format!("but more bytes follow; {AGAIN}")));
}

#[test]
fn damaged_gzip_is_explained() {
    let whole = gzip(&images());
    for cut in 2..whole.len() {
        assert_eq!(problem(&whole[..cut]), format!("the gzip data is incomplete; {AGAIN}"), "cut at {cut}");
    }
    for trailer in whole.len() - 8..whole.len() {
        let mut damaged = whole.clone();
        damaged[trailer] ^= 1;
        assert!(problem(&damaged).starts_with("the gzip data is damaged ("), "{}", problem(&damaged));
    }
}

/// One thing that may happen to a file on its way.
#[derive(Clone, Debug)]
enum Accident {
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Append(Vec<u8>),
}

fn accident() -> impl Strategy<Value = Accident> {
    prop_oneof![
        4 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, mask)| Accident::Flip(at, mask)),
        1 => any::<prop::sample::Index>().prop_map(Accident::Cut),
        1 => prop::collection::vec(any::<u8>(), 1..20).prop_map(Accident::Append),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn no_accident_is_a_panic(
        zip_first: bool,
        zip_last: bool,
        accidents in prop::collection::vec(accident(), 1..4),
    ) {
        // Zipped after the accident, the damaged header gets past the checksum.
        let mut content = if zip_first { gzip(&images()) } else { images() };
        for accident in accidents {
            match accident {
                Accident::Flip(..) if content.is_empty() => {}
                Accident::Flip(at, mask) => {
                    let at = at.index(content.len());
                    content[at] ^= mask;
                }
                Accident::Cut(at) => content.truncate(at.index(content.len() + 1)),
                Accident::Append(more) => content.extend(more),
            }
        }
        if zip_last {
            content = gzip(&content);
        }
        match parse(Path::new("x"), &content) {
            Ok(array) => prop_assert_eq!(array.shape.iter().product::<usize>(), array.bytes.len()),
            Err(error) => {
                let text = error.to_string();
                prop_assert!(text.starts_with("x: ") && text.lines().count() == 1, "{}", text);
            }
        }
    }
}

#[test]
fn a_stream_gives_the_items_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images");
    let mut content = vec![0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6];
    let read = |content: &[u8]| {
        std::fs::write(&path, content).unwrap();
        let mut stream = Stream::open(&path)?;
        let mut items = vec![];
        while let Some(item) = stream.advance()? {
            items.push(item);
        }
        Ok::<_, crate::Error>(items)
    };
    assert_eq!(read(&content).unwrap(), [[1, 2], [3, 4], [5, 6]]);
    assert!(read(&content[..21]).unwrap_err().to_string().contains("but the file holds only 2"));
    content.push(7);
    assert!(read(&content).unwrap_err().to_string().contains("but more bytes follow"));
}
