//! `zoo reconstruct`.

use nn::Result;
use zoo::{evaluate, pictures};

use super::encode::decoded;
use super::examples::{called, caption, image_size, open, rows_carrying, sheet};
use super::output::Target;
use super::{Outcome, photo, sound};
use crate::cli::ReconstructArgs;

/// Examples through the code and back.
pub(crate) fn run(args: &ReconstructArgs) -> Result<Outcome> {
    if let Some(photo) = &args.photo {
        let run = open(&args.run)?;
        return match run.preparation.reading.rate {
            Some(_) => sound::run(&run, photo, None, &args.out),
            None => photo::run(&run, photo, None, &args.out),
        };
    }
    let target = Target::new(&args.out)?;
    let run = open(&args.run)?;
    if target.is_picture() {
        image_size(&run)?;
    }
    let rows = rows_carrying(&run, &args.rows, &args.carried)?;
    let x_hat = || decoded(&run, &evaluate::codes(&*run.model, &rows.data));
    let caption = format!("{}, {}", called(&run, &args.rows), caption(&run));
    target.put(
        || {
            let mut sheet = sheet(&run, Some(&rows), &x_hat());
            if let Some(texts) = run.preparation.texts(rows.data.x()) {
                sheet.words.iter_mut().for_each(|(name, _)| *name = "reconstruction".into());
                sheet.words.insert(0, ("text".to_owned(), texts));
            }
            if args.probabilities {
                sheet.words.clear();
            }
            Ok(sheet)
        },
        || {
            let errors = evaluate::squared_errors(&*run.model, &rows.data);
            let (size, title) = (image_size(&run)?, format!("Reconstructions of test images\n{caption}"));
            Ok(pictures::reconstructions_titled(&title, &*run.model, &rows.data, &errors, size))
        },
    )
}
