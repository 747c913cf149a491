//! How the cost of a training step grows with the batch, the width and the depth of a network.
//!
//! `cargo bench -p zoo --bench growth -- FOLDER` prints a table, and draws `growth-time.png` and
//! `growth-memory.png` in the folder, if one is given. A slope of 1 in the table means that twice the size
//! costs twice as much; the last column is what arithmetic alone would give.

use std::path::Path;
use std::time::{Duration, Instant};

use autograd::{Tensor, cost};
use nn::optim::Adam;
use nn::{Activation, Mlp, Purpose, generator};
use zoo::plot::{Series, curves, png};

/// What a training step costs.
struct Cost {
    seconds: f64,
    bytes: f64,
    flops: f64,
}

/// A step of Adam on `depth` square layers of this width.
fn measure(batch: usize, width: usize, depth: usize) -> Cost {
    let sizes = vec![width; depth + 1];
    let mut model = Mlp::<Tensor<f32>>::new(&sizes, Activation::Tanh, &mut generator(0, Purpose::Init, 0, 0));
    let mut adam = Adam::new(1e-4);
    let x = Tensor::from_fn([batch, width], |i| (i as f32 * 0.37).sin());
    let mut step = || {
        adam.minimize(&mut model, |model, tape| {
            let x = tape.constant(&x);
            (model.forward(x) - x).square().mean()
        });
    };
    (0..3).for_each(|_| step());
    let flops = cost::flops();
    cost::reset_peak();
    step();
    let (flops, bytes) = ((cost::flops() - flops) as f64, cost::peak_bytes() as f64);
    // The fastest of many: what others do on the machine only adds.
    let (start, mut seconds, mut steps) = (Instant::now(), f64::INFINITY, 0);
    while start.elapsed() < Duration::from_millis(400) || steps < 3 {
        let before = Instant::now();
        step();
        seconds = seconds.min(before.elapsed().as_secs_f64());
        steps += 1;
    }
    Cost { seconds, bytes, flops }
}

/// What is doubled, from where to where, and what it costs.
type Sweep<'s> = (&'s str, Vec<usize>, &'s dyn Fn(usize) -> Cost);

fn main() {
    // Cargo adds `--bench` to the arguments.
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let doublings = |from: u32, to: u32| (from..=to).map(|power| 1_usize << power).collect::<Vec<_>>();
    let sweeps: [Sweep; 3] = [
        ("batch (4 layers of 512)", doublings(0, 12), &|batch| measure(batch, 512, 4)),
        ("width (2 layers, batch 128)", doublings(6, 12), &|width| measure(128, width, 2)),
        ("depth (layers of 256, batch 128)", doublings(1, 6), &|depth| measure(128, 256, depth)),
    ];
    let (mut time, mut memory) = (vec![], vec![]);
    for (name, sizes, cost) in sweeps {
        println!(
            "\n{name}\n{:>6} {:>10} {:>6} {:>9} {:>6} {:>12}",
            "", "ms", "slope", "MB", "slope", "flop slope"
        );
        let costs: Vec<Cost> = sizes.iter().map(|&size| cost(size)).collect();
        for (i, (size, cost)) in sizes.iter().zip(&costs).enumerate() {
            // Sizes are doubled from line to line.
            let slope = |of: fn(&Cost) -> f64| match i {
                0 => String::new(),
                _ => format!("{:.2}", (of(cost) / of(&costs[i - 1])).log2()),
            };
            let slopes = [slope(|cost| cost.seconds), slope(|cost| cost.bytes), slope(|cost| cost.flops)];
            let (ms, mb) = (cost.seconds * 1e3, cost.bytes / 1e6);
            println!("{size:>6} {ms:>10.3} {:>6} {mb:>9.2} {:>6} {:>12}", slopes[0], slopes[1], slopes[2]);
        }
        let series = |of: fn(&Cost) -> f64| Series {
            name: name.to_owned(),
            points: sizes.iter().zip(&costs).map(|(&size, cost)| ((size as f64).log2(), of(cost))).collect(),
        };
        time.push(series(|cost| cost.seconds * 1e3));
        memory.push(series(|cost| cost.bytes / 1e6));
    }
    let Some(folder) = folder else { return };
    let threads = rayon::current_num_threads();
    for (name, unit, series) in [("time", "milliseconds", time), ("memory", "megabytes in tensors", memory)] {
        let title = format!("The {name} of a training step\nAdam, f32, {threads} threads");
        let picture = curves(&title, "logarithm of the size to base 2", unit, &series, &[]);
        let path = Path::new(&folder).join(format!("growth-{name}.png"));
        std::fs::write(&path, png(&picture)).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
}
