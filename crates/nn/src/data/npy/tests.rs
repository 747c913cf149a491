//! Every type, both orders, and a sentence for every bad file. Byte for byte against NumPy.

use std::io::{Cursor, Write};

use zip::write::{SimpleFileOptions, ZipWriter};

use super::*;

/// An NPY file with this dictionary.
fn file(version: u8, dictionary: &str, elements: &[u8]) -> Vec<u8> {
    let mut content = b"\x93NUMPY".to_vec();
    content.extend([version, 0]);
    let length = dictionary.len() as u32;
    if version == 1 {
        content.extend((length as u16).to_le_bytes());
    } else {
        content.extend(length.to_le_bytes());
    }
    [content, dictionary.as_bytes().to_vec(), elements.to_vec()].concat()
}

fn dictionary(descr: &str, fortran: &str, shape: &str) -> String {
    format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}")
}

fn good(content: &[u8]) -> Tensor<f64> {
    parse(Path::new("x"), content).unwrap()
}

fn problem(content: &[u8]) -> String {
    let text = parse::<f32>(Path::new("x"), content).unwrap_err().to_string();
    assert!(!text.contains('\n'), "{text}");
    text.strip_prefix("x: ").expect("names the file").to_owned()
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.npy");
    for shape in [&[][..], &[3], &[2, 3], &[0, 4], &[1, 2, 3, 4]] {
        let tensor = Tensor::<f64>::from_fn(shape, |i| 0.1 + i as f64);
        save(&path, &tensor).unwrap();
        let again: Tensor<f64> = read(&path).unwrap();
        assert_eq!((again.shape(), again.to_vec()), (shape, tensor.to_vec()));
        let single: Tensor<f32> = tensor.cast();
        save(&path, &single).unwrap();
        assert_eq!(read::<f32>(&path).unwrap().to_vec(), single.to_vec());
    }
    // A view is written in its own order.
    let view = Tensor::<f32>::arange(6).reshape([2, 3]).t();
    save(&path, &view).unwrap();
    assert_eq!(read::<f32>(&path).unwrap().to_vec(), [0., 3., 1., 4., 2., 5.]);
}

#[test]
fn numpy_writes_these_bytes() {
    // np.save of np.array([1, 2], dtype="<f4"), NumPy 2.4.
    let mut expected =
        b"\x93NUMPY\x01\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }".to_vec();
    expected.resize(127, b' ');
    expected.extend(b"\n\0\0\x80?\0\0\0@");
    assert_eq!(bytes(&Tensor::<f32>::from_vec([2], vec![1.0, 2.0])), expected);
}

#[test]
fn every_type_and_both_byte_orders() {
    macro_rules! check {
        ($($type:ty, $code:literal, $values:expr;)*) => {$(
            let values: Vec<$type> = $values;
            let expected: Vec<f64> = values.iter().map(|&x| x as f64).collect();
            let little: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            let big: Vec<u8> = values.iter().flat_map(|x| x.to_be_bytes()).collect();
            for (order, elements) in [("<", little), (">", big)] {
                for version in 1..=3 {
                    let text = dictionary(&format!("{order}{}", $code), "False", "(3,)");
                    assert_eq!(good(&file(version, &text, &elements)).to_vec(), expected, "{order}{}", $code);
                }
            }
        )*};
    }
    check! {
        f32, "f4", vec![1.5, -0.25, f32::MAX];
        f64, "f8", vec![1.5, -1e300, f64::INFINITY];
        i8, "i1", vec![-128, 0, 127];
        i16, "i2", vec![-32768, 258, 32767];
        i32, "i4", vec![i32::MIN, 16_909_060, i32::MAX];
        i64, "i8", vec![i64::MIN, 1 << 53, 72_057_594_037_927_936];
        u8, "u1", vec![0, 7, 255];
        u16, "u2", vec![0, 258, 65535];
        u32, "u4", vec![0, 16_909_060, u32::MAX];
        u64, "u8", vec![0, 1 << 53, 1 << 63];
    }
    assert_eq!(good(&file(1, &dictionary("|b1", "False", "(2,)"), &[0, 1])).to_vec(), [0.0, 1.0]);
}

#[test]
fn fortran_order_and_other_spellings() {
    let columns = file(1, &dictionary("|u1", "True", "(2, 3)"), &[1, 4, 2, 5, 3, 6]);
    assert_eq!(
        (good(&columns).shape(), good(&columns).to_vec()),
        (&[2, 3][..], vec![1., 2., 3., 4., 5., 6.])
    );
    let other = "{\"shape\":(2),'fortran_order' : False, 'descr':'|u1'}  \n";
    assert_eq!(good(&file(3, other, &[8, 9])).to_vec(), [8.0, 9.0]);
}

#[test]
fn numbers_that_do_not_fit() {
    let one = |descr: &str, bytes: &[u8]| file(1, &dictionary(descr, "False", "(1,)"), bytes);
    assert_eq!(
        problem(&one("<f8", &1e39_f64.to_le_bytes())),
        "element 0 is 1e39, too large for single precision; read it in double precision"
    );
    let odd = one("<i8", &16_777_217_i64.to_le_bytes());
    assert!(problem(&odd).starts_with("element 0 is 16777217, which is not exact in single precision"));
    assert_eq!(good(&odd).item(), 16_777_217.0);
    let odd = parse::<f64>(Path::new("x"), &one("<u8", &u64::MAX.to_le_bytes())).unwrap_err().to_string();
    assert!(odd.contains("18446744073709551615, which is not exact in double precision"), "{odd}");
    assert_eq!(problem(&one("|b1", &[2])), "element 0 is the byte 2, which is neither false nor true");
}

#[test]
fn half_precision() {
    // np.array([1, -2, 65504, 2**-24, 0.1, inf, -0.0], dtype="<f2").view("u2"), NumPy 2.4.
    let bits: [u16; 7] = [0x3c00, 0xc000, 0x7bff, 0x0001, 0x2e66, 0x7c00, 0x8000];
    let expected = [1.0, -2.0, 65504.0, 2.0_f64.powi(-24), 0.0999755859375, f64::INFINITY, -0.0];
    for (order, elements) in [("<", bits.map(u16::to_le_bytes)), (">", bits.map(u16::to_be_bytes))] {
        let text = dictionary(&format!("{order}f2"), "False", "(7,)");
        let found = good(&file(1, &text, elements.as_flattened())).to_vec();
        // By their bits, because −0 = 0.
        let bits = |numbers: &[f64]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&found), bits(&expected), "{order}");
    }
    let text = dictionary("<f2", "False", "(1,)");
    assert!(good(&file(1, &text, &[0x01, 0x7e])).item().is_nan());
}

#[test]
fn what_is_no_number_is_named() {
    let of = |descr: &str| problem(&file(1, &dictionary(descr, "False", "(1,)"), &[0; 16]));
    for (descr, part) in [
        ("<V2", "`<V2` (raw bytes of two; NumPy has no other name for bfloat16), but only floats of 2, 4"),
        ("<U5", "`<U5` (text), but only"),
        ("|O", "`|O` (Python objects), but only"),
        ("<M8[ns]", "`<M8[ns]` (dates or times), but only"),
        ("<c8", "`<c8` (complex numbers), but only"),
        ("<f16", "`<f16`, but only floats of 2, 4 and 8 bytes"),
    ] {
        assert!(of(descr).contains(part), "{}", of(descr));
    }
}

#[test]
fn headers_that_cannot_be_read() {
    assert_eq!(problem(b""), format!("the file is empty; {AGAIN}"));
    assert_eq!(problem(b"PK\x03\x04"), "this is no NPY file: it does not start with 93 and `NUMPY`");
    let whole = file(1, &dictionary("<f4", "False", "(1,)"), &[0; 4]);
    for cut in 1..whole.len() - 4 {
        assert_eq!(problem(&whole[..cut]), format!("the header is cut short after {cut} bytes; {AGAIN}"));
    }
    assert!(problem(&file(9, "", &[])).starts_with("this is NPY version 9.0"));
    for (text, part) in [
        (dictionary("<c8", "False", "()"), "the elements are `<c8` (complex numbers), but only floats"),
        (dictionary("=f4", "False", "()"), "the elements are `=f4`"),
        (dictionary("|f4", "False", "()"), "the elements are `|f4`"),
        (dictionary("<f4", "false", "()"), "True or False should come where it says `false,"),
        (dictionary("<f4", "False", "(-1,)"), "the size of an axis should come where it says `-1,)"),
        (dictionary("<f4", "False", "(1 2)"), "`)` should come where it says `2)"),
        (dictionary("<f4", "False", "(99999999999999999999,)"), "the size of an axis should come"),
        (dictionary("<f4", "False", "(4294967296, 4294967296)"), "more than any computer holds"),
        (dictionary("<f4", "False", "(4294967296, 4294967296, 0)"), "more than any computer holds"),
        (dictionary("<f4", "False", &format!("({})", "1, ".repeat(65))), "the array has 65 axes"),
        ("{'descr': [('a', '<f4')]}".into(), "structured arrays are not read"),
        ("{'descr': '<f4', 'descr': '<f4'}".into(), "it has two entries `descr`"),
        ("{'descr': '<f4', 'shape': ()}".into(), "the entry `fortran_order` is missing"),
        ("{'order': 1}".into(), "it has an unknown entry `order`"),
        ("{'descr".into(), "a quote is not closed"),
        (dictionary("<f4", "False", "()") + "x", "something follows the dictionary"),
    ] {
        let problem = problem(&file(1, &text, &[]));
        assert!(
            problem.starts_with("the NPY header cannot be read: ") && problem.contains(part),
            "{problem}"
        );
    }
}

#[test]
fn files_of_the_wrong_length() {
    let text = dictionary("<f4", "False", "(2, 3)");
    let promise = "the header promises 24 bytes of elements (shape [2, 3]), but";
    assert_eq!(problem(&file(1, &text, &[0; 23])), format!("{promise} the file holds only 23; {AGAIN}"));
    assert_eq!(problem(&file(1, &text, &[0; 25])), format!("{promise} more follow; {AGAIN}"));
    // A promise of 2⁶² bytes costs nothing.
    assert!(
        problem(&file(1, &dictionary("|u1", "False", "(4611686018427387904,)"), &[0; 9])).contains("only 9")
    );
}

#[test]
fn stacks_of_images() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    std::fs::write(&path, file(1, &dictionary("|u1", "False", "(2, 1, 2)"), &[0, 51, 102, 255])).unwrap();
    let grey = read_pictures(&path).unwrap();
    assert_eq!((grey.shape, grey.data.schema().as_grey()), ([1, 1, 2], Some([1, 2])));
    assert_eq!(grey.data.x.to_vec(), [0.0, 0.2, 0.4, 1.0]);
    // Channels come first in the result.
    std::fs::write(&path, file(1, &dictionary("|u1", "False", "(1, 1, 2, 3)"), &[0, 51, 102, 153, 204, 255]))
        .unwrap();
    let colour = read_pictures(&path).unwrap();
    assert_eq!((colour.shape, colour.data.schema().as_image()), ([3, 1, 2], Some([3, 1, 2])));
    assert_eq!(colour.data.schema().as_grey(), None);
    assert_eq!(colour.data.x.to_vec(), [0.0, 0.6, 0.2, 0.8, 0.4, 1.0]);
    std::fs::write(&path, file(1, &dictionary("|u1", "False", "(1, 3, 1, 2)"), &[0, 153, 51, 204, 102, 255]))
        .unwrap();
    let first = read_pictures(&path).unwrap();
    assert_eq!((first.shape, first.data.x.to_vec()), ([3, 1, 2], colour.data.x.to_vec()));
    for (descr, shape, bytes, part) in [
        ("<u2", "(1, 1, 1)", 2, "the elements are `<u2`"),
        ("|u1", "(2,)", 2, "the shape is [2], but images"),
        ("|u1", "(1, 2, 1, 2)", 4, "the shape is [1, 2, 1, 2], but images"),
        ("|u1", "(0, 2, 2)", 0, "there is not one pixel"),
    ] {
        std::fs::write(&path, file(1, &dictionary(descr, "False", shape), &vec![0; bytes])).unwrap();
        let text = read_pictures(&path).unwrap_err().to_string();
        assert!(text.contains(part), "{text}");
    }
}

/// A zip archive with these entries.
fn archive(entries: &[(&str, &[u8])], compressed: bool) -> Vec<u8> {
    let method = if compressed { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    let mut writer = ZipWriter::new(Cursor::new(vec![]));
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn arrays_by_name() {
    let (a, b) = (Tensor::<f32>::arange(3), Tensor::<f32>::ones([2, 2]));
    for compressed in [false, true] {
        let content = archive(&[("b.npy", &bytes(&b)), ("a.npy", &bytes(&a))], compressed);
        let arrays = parse_npz::<f32>(Path::new("x.npz"), &content).unwrap();
        assert_eq!(arrays.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((arrays["a"].to_vec(), arrays["b"].shape()), (a.to_vec(), &[2, 2][..]));
        let problem = |content: &[u8]| parse_npz::<f32>(Path::new("x.npz"), content).unwrap_err().to_string();
        assert!(problem(&content[..content.len() / 2]).starts_with("x.npz: this is no complete NPZ file ("));
        // One bit of the data: the checksum notices.
        let mut damaged = content.clone();
        let place = content.windows(5).position(|part| part == b"b.npy").unwrap() + 30;
        damaged[place] ^= 4;
        assert!(problem(&damaged).starts_with("x.npz/b.npy: "), "{}", problem(&damaged));
        assert!(problem(&archive(&[("read.me", b"hi")], compressed)).contains("this entry is no array"));
        let wrong = archive(&[("a.npy", b"hi")], compressed);
        assert!(problem(&wrong).starts_with("x.npz/a.npy: this is no NPY file"), "{}", problem(&wrong));
    }
}

#[test]
fn text_beside_numbers_is_in_nobodys_way() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npz");
    let text = file(1, &dictionary("<U1", "False", "(2,)"), &[0; 8]);
    let ids = file(1, &dictionary("<i8", "False", "(1,)"), &i64::MAX.to_le_bytes());
    let x = bytes(&Tensor::<f64>::ones([2, 3]));
    let content = archive(&[("names.npy", &text), ("x.npy", &x), ("ids.npy", &ids)], true);
    std::fs::write(&path, &content).unwrap();
    let mut npz = Npz::open(&path).unwrap();
    assert_eq!(npz.arrays().collect::<Vec<_>>(), [("ids", &[1][..]), ("x", &[2, 3])]);
    assert_eq!((npz.element("x"), npz.element("names")), (Some("<f8"), None));
    let others: Vec<String> = npz.others().map(|(name, why)| format!("{name}: {why}")).collect();
    assert!(others.len() == 1 && others[0].contains("`<U1` (text)"), "{others:?}");
    assert_eq!(npz.read::<f32>("x").unwrap().to_vec(), [1.0; 6]);
    for (name, part) in
        [("names", "x.npz/names.npy: "), ("y", "there is no array `y`"), ("ids", "not exact in")]
    {
        let error = npz.read::<f64>(name).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn entries_that_share_their_bytes_are_refused() {
    // A second entry in the directory for the bytes of the first: so small archives unpack to huge ones.
    let one = archive(&[("a.npy", &bytes(&Tensor::<f32>::arange(500)))], false);
    let start = |signature: &[u8]| one.windows(4).position(|part| part == signature).unwrap();
    let (directory, end) = (start(b"PK\x01\x02"), start(b"PK\x05\x06"));
    let mut entry = one[directory..end].to_vec();
    let name = entry.windows(5).position(|part| part == b"a.npy").unwrap();
    entry[name] = b'b';
    let mut tail = one[end..].to_vec();
    // The number of entries, twice, and the size of the directory.
    tail[8..12].copy_from_slice(&[2, 0, 2, 0]);
    tail[12..16].copy_from_slice(&(2 * entry.len() as u32).to_le_bytes());
    let both = [&one[..end], &entry, &tail].concat();
    let text = parse_npz::<f32>(Path::new("x.npz"), &both).unwrap_err().to_string();
    assert!(text.starts_with("x.npz: this is no complete NPZ file (its entries overlap)"), "{text}");
}
