//! `zoo train`.

use std::time::Instant;

use nn::checkpoint::Metadata;
use nn::train::{ProgressBar, StopFlag};
use nn::{Error, Result};
use toml::{Table, Value};
use zoo::config::Config;
use zoo::data::{self, Split};
use zoo::models::pca::Pca;
use zoo::plot::png;
use zoo::registry::{self, Entry, Training};
use zoo::train::{Lesson, trainer};
use zoo::{evaluate, pictures};

use super::report::{Summary, metrics};
use super::run_folder::RunFolder;
use crate::cli::TrainArgs;

/// Trains, writes the run folder, and returns the report.
pub(crate) fn run(args: &TrainArgs) -> Result<String> {
    let (entry, config, data) = configure(args)?;
    use_threads(args.threads)?;
    let mut model = entry.build(&config.settings, &data.train, config.train.seed)?;
    if entry.training == Training::Gradient {
        config.train.check(data.train.len())?;
    }
    let folder = RunFolder::claim(args.out.as_deref(), entry.name)?;

    let started = Instant::now();
    let stop = stop_by_ctrl_c();
    let epochs = match entry.training {
        Training::ClosedForm => vec![],
        Training::Gradient => {
            let mut trainer = trainer(&config.train).with(stop.clone()).with(ProgressBar::new());
            trainer.run(&mut Lesson::new(&mut *model, &data))?;
            trainer.epochs().to_vec()
        }
    };

    let codes = evaluate::codes(&*model, &data.test);
    let code = codes.shape()[1];
    let pca = Pca::fit(&data.train.x, code);
    let (errors, sse) = pictures::errors(&*model, &data);
    let summary = Summary {
        model: entry.name.to_owned(),
        data: data.name.clone(),
        examples: [data.train.len(), data.test.len()],
        code,
        epochs: epochs.len(),
        interrupted: stop.is_raised(),
        seconds: started.elapsed().as_secs_f64(),
        sse,
        pca: evaluate::mean_squared_error(&pca, &data.test),
        mean: evaluate::variance_around(&pca.mean, &data.test),
        loss: (entry.training == Training::Gradient)
            .then(|| evaluate::loss(&*model, &data.test, config.train.seed)),
    };

    folder.write("config.toml", config.to_toml().as_bytes())?;
    folder.write("metrics.jsonl", metrics(&epochs, &summary).as_bytes())?;
    let metadata = Metadata::from([("config".to_owned(), config.to_toml())]);
    model.save(&folder.path().join("model.safetensors"), metadata)?;

    let caption = caption(entry, &config, &data, epochs.len());
    let mut drawn = vec![("codes.png", Some(pictures::code_map(&caption, &codes, &data.test)))];
    drawn.push(("reconstructions.png", pictures::reconstructions(&caption, &*model, &data.test, &errors)));
    drawn.push(("loss.png", pictures::loss(&caption, &epochs, (code, summary.pca))));
    let samples = pictures::samples(&caption, &*model, &data.test, config.train.seed);
    if samples.is_some() {
        drawn.push(("samples.png", samples));
        drawn.push(("manifold.png", pictures::manifold(&caption, &*model, &data.test, &codes)));
    }
    for (name, picture) in drawn.into_iter().filter_map(|(name, picture)| Some((name, picture?))) {
        folder.write(name, &png(&picture))?;
    }
    Ok(format!(
        "{}\nSettings, metrics, checkpoint and pictures are in {}\n",
        summary.table(),
        folder.path().display()
    ))
}

/// What to do: the defaults, then the file given by `--config`, then the flags.
fn configure(args: &TrainArgs) -> Result<(&'static Entry, Config, Split)> {
    let file = args.config.as_deref().map(Config::read).transpose()?;
    let name = args.model.as_deref().or(file.as_ref().map(|file| file.model.as_str()));
    let entry = registry::find(name.expect("clap asks for a model or a configuration"))?;
    let of_file = file.as_ref().filter(|file| file.model == entry.name);

    let source = args.data.as_deref().or(file.as_ref().map(|file| file.data.as_str()));
    let data = data::load(source.unwrap_or("digits"))?;

    let mut given = of_file.map_or_else(Table::new, |file| file.settings.clone());
    if let Some(code) = args.code {
        given.insert("code".into(), integer("code", code)?);
    }
    if let Some(hidden) = &args.hidden {
        let units = hidden.iter().map(|&units| integer("hidden", units)).collect::<Result<Vec<_>>>()?;
        given.insert("hidden".into(), Value::Array(units));
    }
    let settings = entry.complete(&given, &data.train)?;

    let mut plan = file.as_ref().map_or_else(|| entry.plan(&data.train), |file| file.train.clone());
    plan.epochs = args.epochs.unwrap_or(plan.epochs);
    plan.batch = args.batch.unwrap_or(plan.batch);
    plan.learning_rate = args.lr.unwrap_or(plan.learning_rate);
    plan.seed = args.seed.unwrap_or(plan.seed);
    let config = Config { model: entry.name.into(), data: data.name.clone(), train: plan, settings };
    Ok((entry, config, data))
}

fn integer(name: &str, value: usize) -> Result<Value> {
    let fits = i64::try_from(value).map(Value::Integer);
    fits.map_err(|_| Error::Invalid(format!("--{name} {value} is too large")))
}

/// The first Ctrl-C ends training after the current step; a second one ends the program.
fn stop_by_ctrl_c() -> StopFlag {
    let stop = StopFlag::default();
    let flag = stop.clone();
    let handler = move || {
        if flag.raise() {
            std::process::exit(130);
        }
    };
    // Without a handler Ctrl-C ends the program at once, which is no reason not to train.
    let _ = ctrlc::set_handler(handler);
    stop
}

pub(super) fn use_threads(threads: Option<usize>) -> Result<()> {
    if threads == Some(0) {
        return Err(Error::Invalid("at least 1 thread is needed (--threads 1)".into()));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0));
    pool.build_global().map_err(|error| Error::Invalid(format!("cannot start {threads:?} threads: {error}")))
}

fn caption(entry: &Entry, config: &Config, data: &Split, epochs: usize) -> String {
    let code = config.settings.get("code").map(|code| format!(", code {code}")).unwrap_or_default();
    let epochs = if epochs > 0 { format!(", {epochs} epochs") } else { String::new() };
    let data = data.name.rsplit('/').find(|part| !part.is_empty()).unwrap_or(&data.name);
    format!("{} on {data}{code}{epochs}, seed {}", entry.title, config.train.seed)
}
