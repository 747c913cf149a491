//! What to read next: Mult-VAE learns tastes from what people chose, and serves people it has not met.
//!
//! There are 1000 books of 20 genres, and everybody likes two of them. The model sees the choices alone,
//! never a genre. For new readers one choice in five is hidden, and the model's list of 100 books should
//! have those first. Lists of the most popular books are what it has to beat: you
//! should see that those hold a tenth of the hidden books, and the model's list nine tenths.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use autograd::Tensor;
use nn::optim::Adam;
use nn::random::permutation;
use nn::train::{Plan, Trainer};
use nn::{Purpose, generator};
use zoo::plot::{Series, curves, png};
use zoo::recommend::metrics::{quality, ranked};
use zoo::recommend::multinomial::Config;
use zoo::recommend::{Ratings, Recommending, scores};

/// Everybody has chosen 25 of the 100 books of two genres; book `b` belongs to genre `b / 50`.
fn choices(readers: usize) -> nn::Result<Ratings> {
    let row = |reader: usize| {
        let from = &mut generator(5, Purpose::Noise, 0, reader as u64);
        let (genres, picked) = (permutation(20, from), permutation(100, from));
        picked.into_iter().take(25).map(move |i| (reader, 50 * genres[i / 50] + i % 50, 1.0))
    };
    Ratings::new(readers, 1000, (0..readers).flat_map(row))
}

fn main() -> Result<(), Box<dyn Error>> {
    let all = choices(700)?;
    let train = all.select(&(0..600).collect::<Vec<_>>());
    let [known, hidden] = all.select(&(600..700).collect::<Vec<_>>()).split(0.2, 0);
    let counts = train.transposed();
    let popularity = Tensor::from_fn([100, 1000], |i| counts.of(i % 1000).len() as f32);
    let popular = quality(&popularity, &known, &hidden, 100);

    let config = Config { code: 20, hidden: vec![], warmup: 1, ..Config::default() };
    let model = config.build(&train, &mut generator(0, Purpose::Init, 0, 0))?;
    let mut task = Recommending { model, train: &train };
    let mut points = vec![];
    for part in 0..20 {
        let plan = Plan { epochs: 2, batch: 100, learning_rate: 1e-2, seed: part, ..Plan::default() };
        Trainer::new(plan, Adam::new(1e-2)).run(&mut task)?;
        let ndcg = quality(&scores(&task.model, &known), &known, &hidden, 100).ndcg;
        points.push((2.0 * (part as f64 + 1.0), ndcg));
    }
    let lists = scores(&task.model, &known);
    let ours = quality(&lists, &known, &hidden, 100);
    println!("NDCG@100 {:.3}, Recall@100 {:.3}", ours.ndcg, ours.recall);
    println!("popular books: NDCG@100 {:.3}, Recall@100 {:.3}", popular.ndcg, popular.recall);
    let mut genres: Vec<usize> = known.of(0).iter().map(|entry| entry.0 / 50).collect();
    genres.dedup();
    let first: Vec<usize> = ranked(&lists.to_vec()[..1000], 10).iter().map(|book| book / 50).collect();
    println!("a reader of genres {genres:?} is offered books of genres {first:?}");

    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    let title = "Lists for new readers\nMult-VAE on made-up choices, one in five hidden";
    let series = [Series { name: "Mult-VAE".into(), points }];
    let reference = [("popular books".into(), popular.ndcg)];
    fs::write(
        folder.join("17_recommendation.png"),
        png(&curves(title, "epoch", "NDCG@100", &series, &reference)),
    )?;
    println!("drawn in {}", folder.display());
    assert!(ours.ndcg > 2.0 * popular.ndcg);
    Ok(())
}
