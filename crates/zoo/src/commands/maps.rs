//! `zoo score --maps`: each picture beside the map of its errors.

use std::fs;
use std::path::Path;

use nn::files::write_atomically;
use nn::{Error, Result};
use zoo::data::{Rows, sample};
use zoo::plot::{ErrorMap, error_map, png};
use zoo::run::Run;
use zoo::uses::latent::reconstruct;
use zoo::uses::maps::Maps;

use super::examples::{image_size, shown};

/// Refuses a folder that cannot be written into, before the work begins.
pub(super) fn check(run: &Run, folder: &Path, force: bool) -> Result<()> {
    image_size(run)?;
    let inside = match fs::read_dir(folder) {
        Ok(mut inside) => inside.next().is_some(),
        Err(_) if folder.exists() => return Err(Error::file(folder, "this is no folder; --maps names one")),
        Err(_) => false,
    };
    match inside && !force {
        true => Err(Error::file(
            folder,
            "the folder is not empty; choose another name, or write into it with --force",
        )),
        false => Ok(()),
    }
}

/// Writes a file for each of these rows, and says how many have a region that is strange.
///
/// # Errors
/// If the run keeps no ordinary pictures, or a file cannot be written.
pub(super) fn write(
    run: &Run,
    rows: &Rows,
    numbers: &[usize],
    scores: &[f64],
    contamination: f64,
    folder: &Path,
) -> Result<String> {
    /// Ordinary pictures that are looked at.
    const ENOUGH: usize = 1000;
    let size = image_size(run)?;
    let few = (1.0 / contamination).ceil() as usize;
    let (test, _) = run.examples(1)?;
    // As for the scores, those that were not learnt from are better, if there are enough of them.
    let ordinary = if test.data.len() < few { run.examples(0)?.0.data } else { test.data };
    let ordinary = ordinary.select(&sample(ordinary.len(), None, ENOUGH));
    let maps = Maps::fit(&*run.model, &ordinary, contamination)?;
    fs::create_dir_all(folder).map_err(|error| Error::io("write the folder", folder, error))?;
    let mut strange = 0;
    for &row in numbers {
        let x = rows.data.rows(&[row]);
        let map = maps.of(&x).remove(0);
        let [input, output] = shown(run, [&x, &reconstruct(&*run.model, &x)])?;
        let name = &rows.names[row];
        let title = format!("{name}\nsquared error {:.4}, {}", scores[row], run.folder.display());
        let map_of = ErrorMap {
            input: &input,
            output: &output,
            errors: &map.errors,
            region: &map.region,
            level: maps.level(),
        };
        let path = folder.join(file_name(name));
        write_atomically(&path, &png(&error_map(&title, size, &map_of)))?;
        strange += usize::from(map.is_strange());
    }
    let pictures = if numbers.len() == 1 { "picture" } else { "pictures" };
    let have = if strange == 1 { "has" } else { "have" };
    Ok(format!(
        "{}: maps of {} {pictures}, of which {strange} {have} a region with larger errors than a fraction of \
         {contamination} of ordinary pictures",
        folder.display(),
        numbers.len()
    ))
}

/// A file name for a picture that may lie in folders of its own: `bad/03.jpg` becomes `bad-03.png`.
fn file_name(name: &str) -> String {
    let stem = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 4 && !ending.contains('/') => stem,
        _ => name,
    };
    let safe = |sign: char| if sign.is_alphanumeric() || "-_ ".contains(sign) { sign } else { '-' };
    format!("{}.png", stem.chars().map(safe).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_maps_lie_in_one_folder() {
        for (name, file) in [("12", "12.png"), ("bad/03.jpg", "bad-03.png"), ("../a.b.png", "---a-b.png")] {
            assert_eq!(file_name(name), file);
        }
    }
}
