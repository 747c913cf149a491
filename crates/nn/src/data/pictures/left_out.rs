//! Files of a folder that are not read, so that they can be named.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::folder::{Listing, name, start_of};
use crate::Result;

/// Files of a folder that are not read.
#[derive(Default)]
pub(super) struct LeftOut {
    /// Pictures of formats that are not read, by format.
    formats: BTreeMap<String, usize>,
    /// Files that are no pictures.
    others: Vec<String>,
    /// Folders below those of classes, with the pictures in each.
    deeper: Vec<(String, usize)>,
}

/// The advice about them.
const CONVERT: &str = "only PNG, JPEG, WebP and TIFF are read, so convert them";

impl LeftOut {
    /// Files that are not read.
    pub(super) fn files(&mut self, files: &[PathBuf]) {
        /// Files that systems leave in every folder of pictures.
        const LITTER: [&str; 2] = ["Thumbs.db", "desktop.ini"];
        for file in files.iter().filter(|file| !LITTER.contains(&name(file).as_str())) {
            match format(file) {
                Some(format) => *self.formats.entry(format).or_default() += 1,
                None => self.others.push(name(file)),
            }
        }
    }

    /// A folder that is too deep below `top` to be a class.
    pub(super) fn deeper(&mut self, folder: &Path, top: &Path) -> Result<()> {
        let count = pictures_below(folder, 0)?;
        if count > 0 {
            let path = folder.strip_prefix(top).unwrap_or(folder);
            self.deeper
                .push((path.iter().map(|part| name(Path::new(part))).collect::<Vec<_>>().join("/"), count));
        }
        Ok(())
    }

    /// A sentence for each kind of thing, beside so many pictures that are read.
    pub(super) fn notes(&self, read: usize) -> Vec<String> {
        let mut notes = vec![];
        let count: usize = self.formats.values().sum();
        if count > 0 {
            let all = read + count;
            let are = if count == 1 { "is" } else { "are" };
            notes.push(format!("{count} of {all} pictures {are} left out: {}; {CONVERT}", self.by_format()));
        }
        if !self.others.is_empty() {
            let files = if self.others.len() == 1 {
                "1 file that is no picture is".into()
            } else {
                format!("{} files that are no pictures are", self.others.len())
            };
            notes.push(format!("{files} left out: {}", some(&self.others)));
        }
        if !self.deeper.is_empty() {
            let count: usize = self.deeper.iter().map(|(_, count)| count).sum();
            let folders: Vec<String> = self.deeper.iter().map(|(path, n)| format!("{path} ({n})")).collect();
            let are = if count == 1 { "picture is" } else { "pictures are" };
            notes.push(format!("{count} {are} left out in folders that are no class: {}", some(&folders)));
        }
        notes
    }

    /// The sentence for a folder without a picture that can be read.
    pub(super) fn no_pictures(&self) -> String {
        let found = match (self.formats.is_empty(), self.deeper.first(), self.others.is_empty()) {
            (false, ..) => format!("; it holds {}: {CONVERT}", self.by_format()),
            (true, Some((path, _)), _) => format!("; there are some in {path}: give the folder above them"),
            (true, None, false) => format!("; it holds {}", some(&self.others)),
            (true, None, true) => String::new(),
        };
        format!(
            "there are no pictures in this folder; it must hold .png, .jpg or .jpeg files, or one folder of them \
             for each class{found}"
        )
    }

    fn by_format(&self) -> String {
        self.formats.iter().map(|(format, count)| format!("{count} {format}")).collect::<Vec<_>>().join(", ")
    }
}

/// The first of these, and how many more there are.
fn some(names: &[String]) -> String {
    const NAMED: usize = 3;
    let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// The pictures in a folder and below it. Links may lead round in circles, so there is a bottom.
fn pictures_below(folder: &Path, depth: usize) -> Result<usize> {
    const BOTTOM: usize = 6;
    let inside = Listing::of(folder)?;
    let mut count =
        inside.pictures.len() + inside.others.iter().filter(|file| format(file).is_some()).count();
    if depth < BOTTOM {
        for folder in &inside.folders {
            count += pictures_below(folder, depth + 1)?;
        }
    }
    Ok(count)
}

/// The format of a picture that is not read, by its content or else by its name. `None` for what is no picture.
fn format(file: &Path) -> Option<String> {
    const ENDINGS: [&str; 21] = [
        "gif", "bmp", "heic", "heif", "avif", "jxl", "jp2", "j2k", "svg", "ico", "psd", "tga", "pnm", "ppm",
        "pgm", "pbm", "exr", "dng", "cr2", "nef", "arw",
    ];
    if let Some(format) = format_of(&start_of(file)) {
        return Some(format.to_owned());
    }
    let ending = file.extension()?.to_string_lossy().to_lowercase();
    ENDINGS.contains(&ending.as_str()).then(|| ending.to_uppercase())
}

/// The format of a picture that is not read, by its first bytes.
pub(super) fn format_of(start: &[u8]) -> Option<&'static str> {
    match start {
        [b'G', b'I', b'F', b'8', ..] => Some("GIF"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', ..] => Some("AVIF"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e', ..]
        | [_, _, _, _, b'f', b't', b'y', b'p', b'm', b'i', b'f', ..] => Some("HEIC"),
        [0, 0, 0, 12, b'J', b'X', b'L', ..] | [0xff, 0x0a, ..] => Some("JPEG XL"),
        [0, 0, 0, 12, b'j', b'P', ..] => Some("JPEG 2000"),
        [b'8', b'B', b'P', b'S', ..] => Some("PSD"),
        // Two letters are few: a bitmap also has four bytes that are 0.
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some("BMP"),
        [b'<', b's', b'v', b'g', ..] => Some("SVG"),
        _ => None,
    }
}
