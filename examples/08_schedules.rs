//! Learning rates over time, printed and drawn.
//!
//! You should see each schedule in words, and in the picture a curve for
//! each. Run it with a folder for the picture, or find that in `target/examples`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use nn::optim::{Phase, Schedule};
use zoo::plot::{Series, curves, png};

fn main() -> Result<(), Box<dyn Error>> {
    let schedules = [
        ("constant", Schedule::Constant),
        ("step", Schedule::Step { every: 0.25, factor: 0.5 }),
        ("exponential", Schedule::Exponential { last: 0.02 }),
        ("cosine", Schedule::Cosine { floor: 0.05 }),
        ("one cycle", Schedule::one_cycle()),
        ("warm-up, then cosine", Schedule::warmup(0.1, Schedule::Cosine { floor: 0.0 })),
        (
            "a sequence",
            Schedule::Sequence(vec![
                Phase { part: 0.5, schedule: Schedule::Constant },
                Phase { part: 0.5, schedule: Schedule::Linear { last: 0.1 } },
            ]),
        ),
    ];
    let steps = 200;
    let mut drawn = vec![];
    for (name, schedule) in schedules {
        println!("{name}: {schedule}");
        let points = (0..=steps).map(|step| (step as f64, schedule.factor(step, steps))).collect();
        drawn.push(Series { name: name.into(), points });
    }
    let picture = curves("Schedules: factor on the learning rate", "step", "factor", &drawn, &[]);
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("08_schedules.png"), png(&picture))?;
    println!("drawn in {}", folder.display());
    assert!(
        drawn.iter().all(|series| series.points.iter().all(|&(_, factor)| (0.0..=1.0).contains(&factor)))
    );
    Ok(())
}
