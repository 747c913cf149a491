//! Folders as people have them: what is read, and what is said of the rest.

use std::fs;
use std::path::Path;

use super::*;

const ONE: PictureOptions = PictureOptions { height: 1, width: 1, colour: Colour::Grey, fit: Fit::Stretch };

/// A grey PNG of this height and width.
fn picture([height, width]: [u32; 2], value: u8) -> Vec<u8> {
    let mut content = vec![];
    let mut encoder = ::png::Encoder::new(&mut content, width, height);
    encoder.set_color(::png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![value; (height * width) as usize]).unwrap();
    writer.finish().unwrap();
    content
}

/// A folder with these files, and the folders that they need.
fn folder(files: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn found(folder: &Path) -> PictureFolder {
    PictureFolder::open(folder).unwrap()
}

#[test]
fn folders_are_classes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let picture = |value| picture([1, 1], value);
    let problem = || read_folder(folder.path(), &ONE).unwrap_err().to_string();

    assert!(read_folder(&at("missing"), &ONE).unwrap_err().to_string().starts_with("cannot read "));
    fs::write(at(".hidden.png"), "no picture").unwrap();
    fs::write(at("notes.txt"), "no picture").unwrap();
    assert!(problem().contains("there are no pictures in this folder"), "{}", problem());
    fs::write(at("b.png"), picture(51)).unwrap();
    fs::write(at("a.PNG"), picture(255)).unwrap();
    let flat = read_folder(folder.path(), &ONE).unwrap();
    assert_eq!((flat.data.x.to_vec(), flat.data.labels(), flat.classes), (vec![1.0, 0.2], None, None));
    assert_eq!((flat.shape, flat.data.schema().as_grey()), ([1, 1, 1], Some([1, 1])));

    fs::create_dir(at("cats")).unwrap();
    fs::create_dir(at("ants")).unwrap();
    fs::create_dir(at("empty")).unwrap();
    fs::rename(at("b.png"), at("cats/b.png")).unwrap();
    assert!(problem().contains("there are pictures beside the folder"), "{}", problem());
    fs::rename(at("a.PNG"), at("ants/a.png")).unwrap();
    fs::write(at("cats/c.png"), picture(0)).unwrap();
    let classes = read_folder(folder.path(), &ONE).unwrap();
    assert_eq!(classes.classes.unwrap(), ["ants", "cats"]);
    assert_eq!((classes.data.labels.unwrap(), classes.data.x.to_vec()), (vec![0, 1, 1], vec![1.0, 0.2, 0.0]));

    fs::write(at("cats/b.png"), "no picture").unwrap();
    assert!(problem().ends_with("b.png: this is no PNG, JPEG, WebP or TIFF picture"), "{}", problem());
}

#[test]
fn pictures_of_other_formats_are_counted() {
    let gif = || b"GIF89a".to_vec();
    let files = [
        ("a.png", picture([1, 1], 0)),
        ("b.gif", gif()),
        ("c.gif", gif()),
        ("d.bmp", b"any bytes".to_vec()),
        ("photo", picture([1, 1], 51)),
        ("notes.txt", b"text".to_vec()),
        ("Thumbs.db", b"litter".to_vec()),
    ];
    let some = folder(&files);
    let read = read_folder(some.path(), &ONE).unwrap();
    assert_eq!(read.data.x.to_vec(), [0.0, 0.2], "a picture without an ending is one");
    assert_eq!(
        read.notes,
        [
            "3 of 5 pictures are left out: 1 BMP, 2 GIF; only PNG, JPEG, WebP and TIFF are read, so convert them",
            "1 file that is no picture is left out: notes.txt"
        ]
    );
    let none = folder(&[("x.gif", gif()), ("y.heic", b"\0\0\0\x18ftypheic".to_vec())]);
    let text = PictureFolder::open(none.path()).unwrap_err().to_string();
    assert!(
        text.ends_with("it holds 1 GIF, 1 HEIC: only PNG, JPEG, WebP and TIFF are read, so convert them"),
        "{text}"
    );
    let table = folder(&[("x.csv", b"1,2".to_vec())]);
    let text = PictureFolder::open(table.path()).unwrap_err().to_string();
    assert!(text.starts_with(table.path().to_str().unwrap()) && text.ends_with("it holds x.csv"), "{text}");
}

#[test]
fn pictures_that_are_too_deep_are_counted() {
    let one = || picture([1, 1], 0);
    let files = [
        ("cats/a.png", one()),
        ("cats/old/b.png", one()),
        ("cats/old/c/d.png", one()),
        ("dogs/e.gif", one()),
    ];
    let deep = found(folder(&files).path());
    assert_eq!(deep.classes.unwrap(), ["cats", "dogs"], "a PNG is one under any name");
    assert_eq!(deep.notes, ["2 pictures are left out in folders that are no class: cats/old (2)"]);
    let text = PictureFolder::open(folder(&[("a/b/c.png", one())]).path()).unwrap_err().to_string();
    assert!(text.contains("there are some in a/b: give the folder above them"), "{text}");
}

#[test]
fn train_and_test_are_the_split() {
    let one = |value| picture([1, 1], value);
    let files = [
        ("Train/good/a.png", one(0)),
        ("Train/good/b.png", one(51)),
        ("test/bad/c.png", one(102)),
        ("test/good/d.png", one(255)),
        ("masks/bad/c.png", one(1)),
    ];
    let both = folder(&files);
    let read = read_folder(both.path(), &ONE).unwrap();
    assert_eq!((read.test, read.data.x.to_vec()), (2, vec![0.0, 0.2, 0.4, 1.0]));
    assert_eq!(
        (read.data.labels.unwrap(), read.classes.unwrap()),
        (vec![0, 0, 1, 0], vec!["good".to_owned(), "bad".into()])
    );
    assert_eq!(
        read.notes,
        [
            "Train holds the 2 pictures to learn from, and test the 2 for testing",
            "1 picture is left out in folders that are no class: masks (1)"
        ]
    );
    let flat = [("train/a.png", one(0)), ("val/b.png", one(51)), ("val/c.png", one(51))];
    let flat = read_folder(folder(&flat).path(), &ONE).unwrap();
    assert_eq!(
        (flat.test, flat.classes),
        (2, None),
        "where there is no test, the pictures for validation are it"
    );
    // A folder alone, or one without pictures, is no split.
    let alone = found(folder(&[("train/a.png", one(0)), ("bus/b.png", one(0))]).path());
    assert_eq!((alone.test, alone.classes.unwrap()), (0, vec!["bus".to_owned(), "train".into()]));
    let empty = found(folder(&[("train/a.png", one(0)), ("test/b.txt", vec![])]).path());
    assert_eq!((empty.test, empty.files.len()), (0, 1));
    let mixed = folder(&[("train/cats/a.png", one(0)), ("test/b.png", one(0))]);
    let text = PictureFolder::open(mixed.path()).unwrap_err().to_string();
    assert!(
        text.contains("the pictures in train have classes and those in test have none; sort both"),
        "{text}"
    );
}

#[test]
fn broken_pictures_are_skipped_and_named() {
    let good = picture([4, 4], 51);
    let mut huge = good.clone();
    // The height and width in the header, and no checksum that would fit.
    huge[16..24].copy_from_slice(&[0, 0, 0x27, 0x10, 0, 0, 0x4e, 0x20]);
    let files = [
        ("a.png", good.clone()),
        ("b.png", vec![]),
        ("c.jpg", b"some text".to_vec()),
        ("d.png", good[..good.len() / 2].to_vec()),
        ("e.png", huge),
        ("f.png", good.clone()),
    ];
    let some = folder(&files);
    let text = read_folder(some.path(), &ONE).unwrap_err().to_string();
    assert!(text.ends_with("b.png: the file is empty"), "{text}");
    let read = found(some.path()).read(&ONE, true).unwrap();
    assert_eq!((read.data.x.to_vec(), read.files.len()), (vec![0.2, 0.2], 2));
    let [note] = &read.notes[..] else { panic!("{:?}", read.notes) };
    assert!(
        note.starts_with("4 of 6 pictures cannot be read and are skipped: ")
            && note.ends_with("; and 1 more"),
        "{note}"
    );
    assert!(note.contains("c.jpg: this is no PNG, JPEG, WebP or TIFF picture"), "{note}");
    let none = folder(&[("b.png", vec![])]);
    let text = found(none.path()).read(&ONE, true).unwrap_err().to_string();
    assert!(
        text.contains("none of the 1 pictures can be read; the first: ")
            && text.ends_with("the file is empty"),
        "{text}"
    );
}

#[test]
fn what_becomes_of_other_sizes_is_said() {
    let note = |sizes: &[[u32; 2]], height: usize, width: usize| {
        let files: Vec<(String, Vec<u8>)> =
            (0..).zip(sizes).map(|(i, size)| (format!("{i}.png"), picture(*size, 9))).collect();
        let files: Vec<(&str, Vec<u8>)> =
            files.iter().map(|(name, content)| (&name[..], content.clone())).collect();
        let some = folder(&files);
        read_folder(some.path(), &PictureOptions { height, width, colour: Colour::Grey, fit: Fit::Stretch })
            .unwrap()
            .notes
            .join("|")
    };
    assert_eq!(note(&[[4, 4], [4, 4]], 4, 4), "");
    assert_eq!(note(&[[8, 4], [8, 4]], 4, 2), "", "the same proportions, as asked for");
    assert_eq!(
        note(&[[8, 4], [8, 4]], 4, 4),
        "all 2 pictures have 8 × 4 pixels; they are stretched to 4 × 4, which has other proportions"
    );
    assert_eq!(
        note(&[[4, 4], [8, 8]], 4, 4),
        "the 2 pictures have 2 sizes from 4 × 4 to 8 × 8 pixels; they are scaled to 4 × 4"
    );
    assert_eq!(
        note(&[[4, 4], [8, 6], [3, 9]], 4, 4),
        "the 3 pictures have 3 sizes from 4 × 4 to 8 × 6 pixels; they are scaled to 4 × 4, and 2 of other proportions \
         are stretched"
    );
}

#[test]
fn sizes_are_counted_by_their_headers() {
    let some = folder(&[("a.png", picture([4, 5], 0)), ("b.png", picture([4, 5], 0)), ("c.png", vec![])]);
    assert_eq!(found(some.path()).sizes().unwrap().into_iter().collect::<Vec<_>>(), [([4, 5], 2)]);
    let none = folder(&[("c.png", vec![])]);
    assert!(found(none.path()).sizes().unwrap_err().to_string().ends_with("c.png: the file is empty"));
}
