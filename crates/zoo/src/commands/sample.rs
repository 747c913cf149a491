//! `zoo sample`.

use nn::{Error, Result};
use zoo::uses::sample::{Options, of_classes, sample};

use super::examples::{image_size, images, open, sheet};
use super::output::{Sheet, Target};
use super::progress::{Spinner, note};
use super::{Outcome, realism};
use crate::cli::SampleArgs;

/// New examples from the prior, or from a mixture fitted to codes.
pub(crate) fn run(args: &SampleArgs) -> Result<Outcome> {
    let target = Target::new(&args.out)?;
    if args.json.json && !args.judge {
        return Err(Error::setting(
            "json",
            "--json gives the figures of --judge; samples are written with --out",
        ));
    }
    let run = open(&args.run)?;
    if target.is_picture() {
        image_size(&run)?;
    }
    let options = Options {
        count: args.count,
        seed: args.seed,
        mixture: args.mixture,
        class: args.class.as_deref(),
        draw: (args.draw || args.mean).then_some(args.draw),
    };
    if args.judge {
        return realism::run(&run, &options, args.json.json);
    }
    let spinner = Spinner::new("making examples");
    let new = sample(&run, &options)?;
    drop(spinner);
    note(&format!("these are {}", new.how));
    let columns = (args.count as f64).sqrt().ceil() as usize;
    let table = || Sheet {
        texts: new.classes.iter().map(|classes| of_classes(&run, classes)).collect(),
        ..sheet(&run, None, &new.x)
    };
    target.put(|| Ok(table()), || images(&run, &format!("New examples: {}", new.how), columns, &new.x))
}
