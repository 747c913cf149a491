//! What to read next: Mult-VAE learns tastes from what people chose, and serves people it has not met.
//!
//! There are 1000 books of 20 genres, and everybody likes two of them. The model sees the choices alone,
//! never a genre. For new readers one choice in five is hidden, and the model's list of 100 books should
//! have those first. It stands beside EASE, a linear model in closed form, and lists of the most popular books: you
//! should see lists ten times as good as those, and about as good as EASE's.
//!
//! On the command line it is `zoo train mult-vae --data choices.csv`, and then `zoo recommend`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use nn::random::permutation;
use nn::{Purpose, generator};
use zoo::config::Draft;
use zoo::plot::{Series, curves, png};
use zoo::recommend::{Judged, Part, Quality, Recommender};
use zoo::train::{Lesson, Plan, trainer};

/// Everybody has chosen 25 of the 100 books of two genres; a book is called by its genre and a number.
fn choices(readers: usize) -> String {
    let row = |reader: usize| {
        let from = &mut generator(5, Purpose::Noise, 0, reader as u64);
        let (genres, picked) = (permutation(20, from), permutation(100, from));
        let book = move |i: usize| format!("{reader},genre {:02} book {:02}\n", genres[i / 50], i % 50);
        picked.into_iter().take(25).map(book)
    };
    "reader,book\n".to_owned() + &(0..readers).flat_map(row).collect::<String>()
}

fn ndcg(judged: &Judged) -> f64 {
    match judged.quality {
        Quality::Lists(lists) => lists.ndcg_100,
        Quality::Errors(_) => f64::NAN,
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    let table = folder.join("17_choices.csv");
    fs::write(&table, choices(700))?;

    let data = Some(table.to_string_lossy().into_owned());
    let mut draft = Draft { model: Some("mult-vae".into()), data, ..Draft::default() };
    for setting in ["code=20", "hidden=[]", "warm_up=0"] {
        draft.set(setting)?;
    }
    let setup = draft.complete()?;
    let (study, preparation) = (setup.study.expect("a table of choices"), setup.preparation);
    let test = study.judged(Part::Test);
    let mut model = setup.entry.build(&setup.config.settings, &setup.data.train, 0)?;
    let mut points = vec![];
    for part in 0..15 {
        let plan = Plan { epochs: 2, batch: 100, learning_rate: 1e-2, seed: part, ..Plan::default() };
        trainer(&plan).run(&mut Lesson::new(&mut *model, &setup.data))?;
        let now = Recommender { model: &*model, preparation: &preparation }.judged("Mult-VAE", &test);
        points.push((2.0 * (part as f64 + 1.0), ndcg(&now)));
    }

    let ours = Recommender { model: &*model, preparation: &preparation };
    let all: Vec<Judged> =
        [ours.judged("Mult-VAE", &test)].into_iter().chain(ours.rivals(&study, &test)).collect();
    for judged in &all {
        println!("{:10} NDCG@100 {:.3}", judged.name, ndcg(judged));
    }
    let reader = test[0].select(&[0]);
    let genre = |item: usize| study.all.items[item][6..8].parse::<usize>().expect("the number of a genre");
    let mut genres: Vec<usize> = reader.row(0).map(|(item, _)| genre(item)).collect();
    genres.sort_unstable();
    genres.dedup();
    let first: Vec<usize> = ours.best(&reader, &reader, 10)[0].iter().map(|&(item, _)| genre(item)).collect();
    println!("a reader of genres {genres:?} is offered books of genres {first:?}");

    let title = "Lists for new readers\nMult-VAE on made-up choices, one in five hidden";
    let series = [Series { name: "Mult-VAE".into(), points }];
    let references: Vec<(String, f64)> =
        all[1..].iter().map(|judged| (judged.name.clone(), ndcg(judged))).collect();
    fs::write(
        folder.join("17_recommendation.png"),
        png(&curves(title, "epoch", "NDCG@100", &series, &references)),
    )?;
    println!("drawn in {}", folder.display());
    assert!(ndcg(&all[0]) > 2.0 * ndcg(&all[2]), "popularity should be far behind");
    Ok(())
}
