//! `zoo export`: a model for other programs.

use nn::checkpoint::Checkpoint;
use nn::files::write_atomically;
use nn::{Error, Result};
use zoo::data::Units;
use zoo::graph::{Graph, Part};
use zoo::run::{self, Run};
use zoo::{evaluate, onnx};

use super::Outcome;
use super::examples::refuse_texts;
use super::output::may_write;
use super::progress::note;
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
    if format == "safetensors" && args.scaled {
        return Err(Error::file(
            path,
            "a .safetensors file holds parameters and no operations; leave --scaled out",
        ));
    }
    may_write(path, args.force)?;
    let run = Run::open(&args.run)?;
    let mut about = String::new();
    if format == "onnx" {
        refuse_texts(&run)?;
        let kinds = run.preparation.has_kinds();
        let (content, text) = graph(&run, args.part.unwrap_or(ExportPart::Whole), args.scaled || kinds)?;
        write_atomically(path, &content)?;
        about = text;
    } else {
        let metadata = run::metadata(&run.config, &run.preparation);
        let mut checkpoint = Checkpoint { metadata, ..Checkpoint::default() };
        run.model.insert("", &mut checkpoint);
        checkpoint.write(path)?;
    }
    Ok(Outcome::Done(format!("Written to {}\n{about}", path.display())))
}

/// The bytes of an ONNX file, and what goes in and comes out.
fn graph(run: &Run, part: ExportPart, scaled: bool) -> Result<(Vec<u8>, String)> {
    let (part, name) = match part {
        ExportPart::Encoder => (Part::Encoder, "the encoder"),
        ExportPart::Decoder => (Part::Decoder, "the decoder"),
        ExportPart::Whole => (Part::Whole, "the model"),
    };
    // The model is watched at work, and the more the examples differ the better.
    let test = run.reference()?.data.test;
    let x = if part == Part::Decoder { evaluate::codes(&*run.model, &test) } else { test.x().clone() };
    let graph = Graph::of(&*run.model, part, &x).map_err(|error| {
        error.within(format!("{name} of `{}` is no fixed list of operations", run.entry.name))
    })?;
    let mut about = run::metadata(&run.config, &run.preparation);
    let columns: Vec<String> = (0..run.preparation.features).map(|j| run.preparation.feature(j)).collect();
    about.insert("columns".into(), serde_json::to_string(&columns).expect("names are JSON"));
    about.insert("units".into(), if scaled { "scaled" } else { "data" }.into());
    let about: Vec<(&str, &str)> = about.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let units = (!scaled).then(|| run.preparation.units());
    let (input, output) = onnx::names(part, !scaled);
    let features = run.preparation.features;
    let of = |name: &str| match name {
        "z" => format!("z [batch, {}], the code", run.code()),
        _ if scaled => format!("{name} [batch, {features}], scaled as the model sees it"),
        _ => format!("{name} [batch, {features}], in the units of the data"),
    };
    if let (Some(units), true) = (&units, part != Part::Decoder) {
        rounded(run, units);
    }
    let text = format!("in:  {}\nout: {}\n", of(input), of(output));
    Ok((onnx::file(&graph, part, units.as_ref(), &about), text))
}

/// Names the features that lose digits because the file takes single precision.
fn rounded(run: &Run, units: &Units) {
    /// A hundredth of a standard deviation is rounded away from here on: numbers have 24 binary digits.
    const FAR: f64 = (1 << 24) as f64 / 100.0;
    let far = |(shift, scale): (&f64, &f64)| shift.abs() > FAR * scale.abs();
    let places = units.shift.iter().zip(&units.scale).enumerate().filter(|(_, pair)| far(*pair));
    let names: Vec<String> =
        places.map(|(place, _)| format!("`{}`", run.preparation.feature(place))).collect();
    if !names.is_empty() {
        note(&format!(
            "{} lie so far from 0 that single precision rounds much of their spread away, and an ONNX file takes single \
             precision; use --scaled and scale in double precision",
            names.join(", ")
        ));
    }
}
