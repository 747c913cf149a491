//! `zoo export`: a model for other programs.

use nn::checkpoint::Checkpoint;
use nn::files::write_atomically;
use nn::{Error, Result};
use zoo::graph::{Graph, Part};
use zoo::run::{self, Run};
use zoo::{evaluate, onnx};

use super::Outcome;
use super::output::may_write;
use crate::cli::{ExportArgs, ExportPart};

/// Writes the model of a run in the format that the name of the file asks for.
pub(crate) fn run(args: &ExportArgs) -> Result<Outcome> {
    let path = &args.out;
    let format = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    if !["onnx", "safetensors"].contains(&format) {
        return Err(Error::file(path, "the ending says how to write: .onnx or .safetensors"));
    }
    if format == "safetensors" && args.part.is_some() {
        return Err(Error::file(path, "a .safetensors file holds all parameters; leave --part out"));
    }
    may_write(path, args.force)?;
    let run = Run::open(&args.run)?;
    if format == "onnx" {
        write_atomically(path, &graph(&run, args.part.unwrap_or(ExportPart::Whole))?)?;
    } else {
        let metadata = run::metadata(&run.config, &run.preparation);
        let mut checkpoint = Checkpoint { metadata, ..Checkpoint::default() };
        run.model.insert("", &mut checkpoint);
        checkpoint.write(path)?;
    }
    Ok(Outcome::Done(format!("Written to {}\n", path.display())))
}

/// The bytes of an ONNX file.
fn graph(run: &Run, part: ExportPart) -> Result<Vec<u8>> {
    let (part, name) = match part {
        ExportPart::Encoder => (Part::Encoder, "the encoder"),
        ExportPart::Decoder => (Part::Decoder, "the decoder"),
        ExportPart::Whole => (Part::Whole, "the model"),
    };
    // The model is watched at work, and the more the examples differ the better.
    let test = run.reference()?.data.test;
    let x = if part == Part::Decoder { evaluate::codes(&*run.model, &test) } else { test.x };
    let graph = Graph::of(&*run.model, part, &x).map_err(|problem| {
        Error::Invalid(format!("{name} of `{}` is no fixed list of operations: {problem}", run.entry.name))
    })?;
    let about = run::metadata(&run.config, &run.preparation);
    let about: Vec<(&str, &str)> = about.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    Ok(onnx::file(&graph, part, &about))
}
