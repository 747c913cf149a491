//! Which files of a folder are pictures, and of which class.

use std::fs;
use std::path::{Path, PathBuf};

use autograd::Tensor;

use super::{PictureOptions, Pictures, parse};
use crate::error::printable;
use crate::{Error, Result};

/// Reads all pictures of a folder, or of its folders, which are then classes.
///
/// # Errors
/// If a folder or a picture cannot be read, there are no pictures, there are pictures beside folders
/// of pictures, or the size in the options is none.
pub fn read_folder(path: &Path, options: &PictureOptions) -> Result<Pictures> {
    options.check()?;
    let Listing { pictures, folders } = list(path)?;
    let mut classes = vec![];
    for folder in folders {
        let inside = list(&folder)?.pictures;
        if !inside.is_empty() {
            classes.push((folder, inside));
        }
    }
    let shape = [options.colour.channels(), options.height, options.width];
    match (pictures.is_empty(), classes.is_empty()) {
        (true, true) => Err(Error::file(
            path,
            "there are no pictures in this folder; it must hold .png, .jpg or .jpeg files, \
             or one folder of them for each class",
        )),
        (false, false) => Err(Error::file(
            path,
            format!(
                "there are pictures beside the folder {}, which also holds pictures; move them into \
                 a folder of their class",
                classes[0].0.display()
            ),
        )),
        (false, true) => {
            let read = Pictures::new(read_all(&pictures, options)?, shape, None);
            Ok(Pictures { files: pictures, ..read })
        }
        (true, false) => {
            let mut names = vec![];
            let mut labels = vec![];
            let mut files = vec![];
            for (label, (folder, inside)) in (0..).zip(classes) {
                names.push(folder.file_name().map(printable).unwrap_or_default());
                labels.resize(labels.len() + inside.len(), label);
                files.extend(inside);
            }
            let read = Pictures::new(read_all(&files, options)?, shape, Some((labels, names)));
            Ok(Pictures { files, ..read })
        }
    }
}

/// What a folder holds, each sorted by name.
struct Listing {
    pictures: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

fn list(folder: &Path) -> Result<Listing> {
    let refused = |error| Error::io("read", folder, error);
    let (mut pictures, mut folders) = (vec![], vec![]);
    for entry in fs::read_dir(folder).map_err(refused)? {
        let path = entry.map_err(refused)?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')) {
            continue;
        }
        // This follows links: a folder of links to pictures is a folder of pictures.
        let about = fs::metadata(&path).map_err(|error| Error::io("read", &path, error))?;
        if about.is_dir() {
            folders.push(path);
        } else if is_picture(&path) {
            pictures.push(path);
        }
    }
    pictures.sort_unstable();
    folders.sort_unstable();
    Ok(Listing { pictures, folders })
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    matches!(ending.as_deref(), Some("png" | "jpg" | "jpeg"))
}

/// One row for each picture.
fn read_all(files: &[PathBuf], options: &PictureOptions) -> Result<Tensor<f32>> {
    let width = options.colour.channels() * options.height * options.width;
    let mut values = vec![];
    for path in files {
        let content = fs::read(path).map_err(|error| Error::io("read", path, error))?;
        values.extend(parse(path, &content, options)?.to_vec());
    }
    Ok(Tensor::from_vec([files.len(), width], values))
}
