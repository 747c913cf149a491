//! Which files of a folder are pictures, of which class and of which part, and what is left out.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use autograd::Tensor;

use super::left_out::LeftOut;
use super::{Fit, PictureOptions, Pictures, decode, size_of};
use crate::error::printable;
use crate::{Error, Result};

/// The pictures of a folder, found but not yet read.
#[derive(Clone, Debug)]
pub struct PictureFolder {
    /// All pictures: those for training first, by class and by name.
    pub files: Vec<PathBuf>,
    /// How many of them, at the end, are for testing: those in the folder `test`. 0 where the folder does not say.
    pub test: usize,
    /// The name of each class, if pictures have classes: those of the training pictures in alphabetical order, then
    /// those that only pictures for testing have.
    pub classes: Option<Vec<String>>,
    /// Sentences about everything in the folder that is not among the pictures.
    pub notes: Vec<String>,
    path: PathBuf,
    labels: Option<Vec<u32>>,
}

/// Reads all pictures of a folder; see [`PictureFolder::open`].
///
/// # Errors
/// If a folder or a picture cannot be read, there are no pictures, there are pictures beside folders
/// of pictures, or the size in the options is none.
pub fn read_folder(path: &Path, options: &PictureOptions) -> Result<Pictures> {
    options.check()?;
    PictureFolder::open(path)?.read(options, false)
}

impl PictureFolder {
    /// Finds the pictures of a folder, or of its folders, which are then classes. If there are folders `train` and
    /// `test` (or `val`), each of them holds pictures or classes, and other folders beside them are left out.
    ///
    /// # Errors
    /// If a folder cannot be read, there are no pictures, or there are pictures beside folders of pictures.
    pub fn open(path: &Path) -> Result<Self> {
        let mut left = LeftOut::default();
        let top = Listing::of(path)?;
        let parts = if top.pictures.is_empty() { parts(&top.folders)? } else { None };
        let Some([train, test]) = parts else {
            let found = Content::of(path, top, &mut left)?;
            if found.is_empty() {
                return Err(Error::file(path, left.no_pictures()));
            }
            return Ok(PictureFolder::new(path, found, None, &left));
        };
        for folder in top.folders.iter().filter(|folder| ![&train, &test].contains(folder)) {
            left.deeper(folder, path)?;
        }
        left.files(&top.others);
        let [learnt, judged] = [&train, &test].map(|part| Content::of(part, Listing::of(part)?, &mut left));
        let (learnt, judged) = (learnt?, judged?);
        if learnt.has_classes() != judged.has_classes() {
            let [with, without] =
                if learnt.has_classes() { [&train, &test] } else { [&test, &train] }.map(|part| name(part));
            let problem = format!(
                "the pictures in {with} have classes and those in {without} have none; sort both into folders of \
                 classes, or give one of the two folders alone"
            );
            return Err(Error::file(path, problem));
        }
        let mut folder = PictureFolder::new(path, learnt, Some(judged), &left);
        let train_count = folder.files.len() - folder.test;
        let text = format!(
            "{} holds the {train_count} pictures to learn from, and {} the {} for testing",
            name(&train),
            name(&test),
            folder.test
        );
        folder.notes.insert(0, text);
        Ok(folder)
    }

    fn new(path: &Path, train: Content, test: Option<Content>, left: &LeftOut) -> Self {
        let mut names: Vec<String> = train.classes.iter().map(|(name, _)| name.clone()).collect();
        for (name, _) in test.iter().flat_map(|test| &test.classes) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let (mut files, mut labels, mut before) = (vec![], vec![], 0);
        let has_test = test.is_some();
        for part in [Some(train), test].into_iter().flatten() {
            before = files.len();
            files.extend(part.pictures);
            for (name, inside) in part.classes {
                let label = names.iter().position(|other| *other == name).expect("all names are in it");
                labels.resize(labels.len() + inside.len(), label as u32);
                files.extend(inside);
            }
        }
        let (labels, classes) = if names.is_empty() { (None, None) } else { (Some(labels), Some(names)) };
        let test = if has_test { files.len() - before } else { 0 };
        let notes = left.notes(files.len());
        PictureFolder { files, test, classes, notes, path: path.to_owned(), labels }
    }

    /// How many pictures have each height and width, as they are seen. Only headers are looked at; pictures without
    /// a good one are not counted.
    ///
    /// # Errors
    /// If no picture has one.
    pub fn sizes(&self) -> Result<BTreeMap<[usize; 2], usize>> {
        let (mut sizes, mut bad) = (BTreeMap::new(), None);
        for path in &self.files {
            match content_of(path).and_then(|content| size_of(path, &content)) {
                Ok(size) => *sizes.entry(size).or_default() += 1,
                Err(error) => bad = bad.or(Some(error)),
            }
        }
        match bad {
            Some(error) if sizes.is_empty() => Err(error),
            _ => Ok(sizes),
        }
    }

    /// Reads the pictures. Those that cannot be read are left out and named among the notes, if broken ones are to be
    /// skipped.
    ///
    /// # Errors
    /// If a picture cannot be read and is not skipped, none can, or the size in the options is none.
    pub fn read(&self, options: &PictureOptions, skip_broken: bool) -> Result<Pictures> {
        options.check()?;
        let wanted = [options.height, options.width];
        let (mut values, mut kept, mut broken) = (vec![], vec![], vec![]);
        let mut sizes = BTreeMap::new();
        for (place, path) in self.files.iter().enumerate() {
            match content_of(path).and_then(|content| decode(path, &content, options)) {
                Ok((picture, size)) => {
                    values.extend(picture);
                    kept.push(place);
                    *sizes.entry(size).or_default() += 1;
                }
                Err(error) if skip_broken => broken.push(error),
                Err(error) => return Err(error),
            }
        }
        if let (Some(first), true) = (broken.first(), kept.is_empty()) {
            let problem =
                format!("none of the {} pictures can be read; the first: {first}", self.files.len());
            return Err(Error::file(&self.path, problem));
        }
        let mut notes = self.notes.clone();
        notes.extend(scaled(&sizes, wanted, options.fit));
        notes.extend(skipped(&broken, self.files.len()));
        let first_test = self.files.len() - self.test;
        let test = kept.iter().filter(|&&place| place >= first_test).count();
        if self.test > 0 && (test == 0 || test == kept.len()) {
            let part = if test == 0 { "for testing" } else { "to learn from" };
            return Err(Error::file(&self.path, format!("none of the pictures {part} can be read")));
        }
        let shape = [options.colour.channels(), wanted[0], wanted[1]];
        let x = Tensor::from_vec([kept.len(), shape.iter().product()], values);
        let labels = self.labels.as_ref().map(|labels| kept.iter().map(|&place| labels[place]).collect());
        let read = Pictures::new(x, shape, labels.zip(self.classes.clone()));
        let files = kept.iter().map(|&place| self.files[place].clone()).collect();
        Ok(Pictures { files, test, notes, ..read })
    }
}

/// A sentence about what becomes of pictures of these sizes when they are made this high and wide, if it is more than
/// was asked for: sizes differ, or proportions do. `sizes` are as by [`PictureFolder::sizes`].
pub fn scaled(sizes: &BTreeMap<[usize; 2], usize>, [height, width]: [usize; 2], fit: Fit) -> Option<String> {
    let count: usize = sizes.values().sum();
    let other = sizes.iter().filter(|([h, w], _)| h * width != w * height);
    let stretched: usize = other.map(|(_, count)| count).sum();
    if sizes.len() < 2 && stretched == 0 {
        return None;
    }
    let (pictures, are) = match (count, sizes.len()) {
        (1, _) => ("the picture has".to_owned(), "it is"),
        (_, 1) => (format!("all {count} pictures have"), "they are"),
        _ => (format!("the {count} pictures have"), "they are"),
    };
    let done = fit.done();
    let changed = match stretched {
        0 => format!("{are} scaled to {height} × {width}"),
        _ if stretched == count => {
            format!("{are} {done} {height} × {width}, which has other proportions")
        }
        _ => {
            let [to_be, word] =
                [if stretched == 1 { "is" } else { "are" }, done.rsplit_once(' ').map_or(done, |d| d.0)];
            format!("{are} scaled to {height} × {width}, and {stretched} of other proportions {to_be} {word}")
        }
    };
    Some(format!("{pictures} {}; {changed}", extent(sizes)))
}

/// The sizes of [`PictureFolder::sizes`] in words, height first: `9 sizes from 4 × 5 to 6 × 8 pixels`.
pub fn extent(sizes: &BTreeMap<[usize; 2], usize>) -> String {
    let by_area = || sizes.keys().map(|&[height, width]| (height * width, height, width));
    match (sizes.len(), by_area().min(), by_area().max()) {
        (_, None, _) | (_, _, None) => "no size".into(),
        (1, Some((_, height, width)), _) => format!("{height} × {width} pixels"),
        (count, Some((_, h, w)), Some((_, height, width))) => {
            format!("{count} sizes from {h} × {w} to {height} × {width} pixels")
        }
    }
}

/// The note about pictures that could not be read.
fn skipped(broken: &[Error], all: usize) -> Option<String> {
    /// As many as are named.
    const NAMED: usize = 3;
    let named: Vec<String> = broken.iter().take(NAMED).map(Error::to_string).collect();
    let more = match broken.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let count = broken.len();
    (count > 0).then(|| {
        format!("{count} of {all} pictures cannot be read and are skipped: {}{more}", named.join("; "))
    })
}

/// The pictures of one part: all in one folder, or each in that of its class.
struct Content {
    pictures: Vec<PathBuf>,
    classes: Vec<(String, Vec<PathBuf>)>,
}

impl Content {
    fn of(path: &Path, top: Listing, left: &mut LeftOut) -> Result<Self> {
        left.files(&top.others);
        let mut classes = vec![];
        for folder in &top.folders {
            let inside = Listing::of(folder)?;
            left.files(&inside.others);
            for deeper in &inside.folders {
                left.deeper(deeper, path)?;
            }
            if !inside.pictures.is_empty() {
                classes.push((name(folder), inside.pictures));
            }
        }
        if let (Some((class, _)), false) = (classes.first(), top.pictures.is_empty()) {
            let problem = format!(
                "there are pictures beside the folder {}, which also holds pictures; move them into a folder of \
                 their class",
                path.join(class).display()
            );
            return Err(Error::file(path, problem));
        }
        Ok(Content { pictures: top.pictures, classes })
    }

    fn is_empty(&self) -> bool {
        self.pictures.is_empty() && self.classes.is_empty()
    }

    fn has_classes(&self) -> bool {
        !self.classes.is_empty()
    }
}

/// The folders to learn from and to test with, if these say by their names what they are.
fn parts(folders: &[PathBuf]) -> Result<Option<[PathBuf; 2]>> {
    const TRAIN: [&str; 2] = ["train", "training"];
    const TEST: [&str; 2] = ["test", "testing"];
    const VALIDATION: [&str; 4] = ["val", "valid", "validation", "dev"];
    let called = |names: &[&str]| {
        let is = |folder: &&PathBuf| names.contains(&name(folder).to_lowercase().as_str());
        folders.iter().find(is)
    };
    let Some(train) = called(&TRAIN) else { return Ok(None) };
    for test in [called(&TEST), called(&VALIDATION)].into_iter().flatten() {
        if holds_pictures(train)? && holds_pictures(test)? {
            return Ok(Some([train.clone(), test.clone()]));
        }
    }
    Ok(None)
}

/// Whether there are pictures in a folder or in its folders.
fn holds_pictures(folder: &Path) -> Result<bool> {
    let inside = Listing::of(folder)?;
    if !inside.pictures.is_empty() {
        return Ok(true);
    }
    for folder in &inside.folders {
        if !Listing::of(folder)?.pictures.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Contents of a folder, each kind sorted by name. Hidden files and folders are none of it.
pub(super) struct Listing {
    pub(super) pictures: Vec<PathBuf>,
    pub(super) folders: Vec<PathBuf>,
    pub(super) others: Vec<PathBuf>,
}

impl Listing {
    pub(super) fn of(folder: &Path) -> Result<Self> {
        let refused = |error| Error::io("read", folder, error);
        let mut listing = Listing { pictures: vec![], folders: vec![], others: vec![] };
        for entry in fs::read_dir(folder).map_err(refused)? {
            let path = entry.map_err(refused)?.path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
                continue;
            }
            // This follows links: a folder of links to pictures is a folder of pictures.
            if path.is_dir() {
                listing.folders.push(path);
            } else if is_picture(&path) {
                listing.pictures.push(path);
            } else {
                listing.others.push(path);
            }
        }
        let Listing { pictures, folders, others } = &mut listing;
        [pictures, folders, others].into_iter().for_each(|list| list.sort_unstable());
        Ok(listing)
    }
}

/// Whether a file calls itself a picture that can be read, or is one under another name.
fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let by_name =
        matches!(ending.as_deref(), Some("png" | "jpg" | "jpeg" | "jpe" | "jfif" | "webp" | "tif" | "tiff"));
    by_name || super::is_picture(&start_of(path))
}

/// The first bytes of a file; none if it is no plain file or cannot be read.
pub(super) fn start_of(path: &Path) -> Vec<u8> {
    let mut start = vec![];
    if fs::metadata(path).is_ok_and(|about| about.is_file())
        && let Ok(file) = File::open(path)
    {
        let _ = file.take(16).read_to_end(&mut start);
    }
    start
}

/// A pipe among the pictures is no picture: nobody may ever write into it.
fn content_of(path: &Path) -> Result<Vec<u8>> {
    let about = fs::metadata(path).map_err(|error| Error::io("read", path, error))?;
    if !about.is_file() {
        return Err(Error::file(path, "this is no file with a picture"));
    }
    fs::read(path).map_err(|error| Error::io("read", path, error))
}

/// The last part of a path, to be shown.
pub(super) fn name(path: &Path) -> String {
    path.file_name().map(printable).unwrap_or_default()
}
