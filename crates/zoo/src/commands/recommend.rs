//! `zoo recommend`.

use std::collections::HashMap;
use std::path::Path;

use nn::data::table::quoted;
use nn::files::write_atomically;
use nn::{Error, Result};
use serde_json::json;
use zoo::recommend::{Interactions, Recommender};
use zoo::run::Run;

use super::output::may_write;
use super::progress::{Spinner, note};
use super::terminal::say_notes;
use super::{Outcome, json as pretty};
use crate::cli::RecommendArgs;

/// Lists of items for users.
pub(crate) fn run(args: &RecommendArgs) -> Result<Outcome> {
    if args.top == 0 {
        return Err(Error::setting("top", "a list has at least 1 item (--top 10)"));
    }
    let out = args.out.as_deref().filter(|path| *path != Path::new("-"));
    if let Some(path) = out {
        may_write(path, args.force)?;
    }
    let run = Run::open(&args.run)?;
    if run.preparation.reading.choices.is_none() {
        let name = run.entry.name;
        let problem = format!(
            "this run of `{name}` did not learn who chose what; `zoo train mult-vae --data ratings.csv` makes one that \
             recommends"
        );
        return Err(Error::file(&args.run, problem));
    }
    let spinner = Spinner::new("reading data");
    let (histories, source) = histories(&run, args)?;
    drop(spinner);
    let users = chosen(&histories, &args.user, &source)?;
    if args.data.is_some() {
        say_notes(&histories.notes);
    }
    let spinner = Spinner::new("recommending");
    let choices = run.preparation.reading.choices.clone().unwrap_or_default();
    let (known, seen) = (histories.learnt(&choices).select(&users), histories.rows.select(&users));
    let recommender = Recommender { model: &*run.model, preparation: &run.preparation };
    let lists = recommender.best(&known, &seen, args.top);
    drop(spinner);
    let strangers: Vec<&str> = (users.iter().enumerate())
        .filter(|(row, _)| known.row(*row).len() == 0)
        .map(|(_, &user)| &*histories.users[user])
        .collect();
    if let [first, others @ ..] = &strangers[..] {
        let others = if others.is_empty() { String::new() } else { format!(" and {} others", others.len()) };
        note(&format!(
            "nothing that the model knows was chosen by {}{others}; the list is that for somebody without a history",
            quoted(first)
        ));
    }
    let lines = (users.iter().zip(&lists)).flat_map(|(&user, list)| {
        let user = &histories.users[user];
        (1..).zip(list).map(move |(rank, &(item, score))| (user, rank, item, score))
    });
    if args.json.json {
        let line = |(user, rank, item, score): (&String, usize, usize, f32)| json!({"user": user, "rank": rank, "item": histories.items[item], "score": score});
        return put(out, pretty(&lines.map(line).collect::<Vec<_>>()).into_bytes());
    }
    const MEMORY: &str = "writing to memory does not fail";
    let mut writer = csv::Writer::from_writer(vec![]);
    writer.write_record(["user", "rank", "item", "score"]).expect(MEMORY);
    for (user, rank, item, score) in lines {
        let fields = [user, &rank.to_string(), &histories.items[item], &score.to_string()];
        writer.write_record(fields).expect(MEMORY);
    }
    put(out, writer.into_inner().expect(MEMORY))
}

fn put(out: Option<&Path>, content: Vec<u8>) -> Result<Outcome> {
    match out {
        None => Ok(Outcome::Done(String::from_utf8_lossy(&content).into_owned())),
        Some(path) => {
            write_atomically(path, &content)?;
            Ok(Outcome::Done(format!("Written to {}\n", path.display())))
        }
    }
}

/// The known choices of users: the given table, or that of the training.
fn histories(run: &Run, args: &RecommendArgs) -> Result<(Interactions, String)> {
    let given = args.reading();
    match &args.data {
        Some(source) => Ok((run.preparation.read_choices(source, &given)?, source.clone())),
        None if given.is_default() => {
            let or_give = |error: Error| Error::data(format!("{error}, or give histories with --data"));
            Ok((run.study().map_err(or_give)?.all, run.config.data.clone()))
        }
        None => {
            let problem =
                "--columns, --delimiter and --header say how --data is read, so give --data as well";
            Err(Error::setting("data", problem))
        }
    }
}

/// The users that are asked for, as far as they are there; all, if nobody is asked for.
fn chosen(histories: &Interactions, wanted: &[String], source: &str) -> Result<Vec<usize>> {
    if wanted.is_empty() {
        return Ok((0..histories.users.len()).collect());
    }
    let numbers: HashMap<&str, usize> =
        histories.users.iter().enumerate().map(|(number, user)| (user.as_str(), number)).collect();
    let (mut found, mut missing) = (vec![], vec![]);
    for user in wanted {
        match numbers.get(user.as_str()) {
            Some(&number) => found.push(number),
            None => missing.push(quoted(user)),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let text = format!("there is no user {} in {source}", missing.join(", "));
    match found.is_empty() {
        true => Err(Error::setting("user", format!("{text}; what new users chose is given with --data"))),
        false => {
            note(&text);
            Ok(found)
        }
    }
}
