//! Between two codes: along the line, along the great circle, along the geodesic of the decoder; and a
//! traversal, where one number of the code changes at a time.
//!
//! You should see how far the decoded image travels on each way: the geodesic is the shortest, in steps of nearly the
//! same length. Pictures go to the folder that is given, or to `target/examples`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use autograd::Tensor;
use toml::Table;
use zoo::data::digits;
use zoo::plot::{Size, image_grid, png};
use zoo::train::{Plan, train};
use zoo::uses::geodesic::{geodesic, step_lengths};
use zoo::uses::latent::{linear, spherical, traverse};
use zoo::{evaluate, registry};

const STEPS: usize = 13;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or("target/examples".into()));
    fs::create_dir_all(&folder)?;
    let size = Size { height: 8, width: 8 };
    let images = |x: &Tensor<f32>| x.to_vec().chunks(64).map(<[f32]>::to_vec).collect::<Vec<_>>();

    let data = digits();
    let entry = registry::find("vae")?;
    let mut model = entry.build(&entry.complete(&Table::new(), &data.train)?, &data.train, 0)?;
    train(&mut *model, &data, &Plan { epochs: 150, ..entry.plan(&data.train) })?;

    // From a four to a nine, test digits 0 and 1.
    let z = model.encode(&data.test.rows(&[0, 1]));
    let (a, b) = (z.slice(0, ..1), z.slice(0, 1..2));
    let shortest = geodesic(&*model, &a, &b, STEPS, 200)?;
    let mut rows = vec![];
    for (name, path) in [
        ("line", linear(&a, &b, STEPS)),
        ("great circle", spherical(&a, &b, STEPS)),
        ("geodesic", shortest.codes.clone()),
    ] {
        let x = model.decode(&path);
        let steps = step_lengths(&x);
        let longest = steps.iter().fold(0.0, |m: f64, s| m.max(*s));
        let length = steps.iter().sum::<f64>();
        println!(
            "{name}: length {length:.3}, longest step {:.2} of the mean",
            longest * steps.len() as f64 / length
        );
        rows.extend(images(&x));
    }
    assert!(shortest.length <= shortest.line_length);
    let title = "From a four to a nine\nabove: line; middle: great circle; below: geodesic";
    fs::write(folder.join("interpolation.png"), png(&image_grid(title, size, STEPS, &rows, None)))?;

    // Every number of the code from −3 to 3, in the unit of its standard deviation under the prior.
    let codes = evaluate::codes(&*model, &data.test);
    let values: Vec<f32> = (0..STEPS).map(|i| i as f32 / 2.0 - 3.0).collect();
    let walks: Vec<Tensor<f32>> =
        (0..codes.shape()[1]).map(|unit| model.decode(&traverse(&a, unit, &values))).collect();
    let title = "A four, with one number of its code changed\na row for every number, from −3 to 3";
    let walks: Vec<Vec<f32>> = walks.iter().flat_map(&images).collect();
    fs::write(folder.join("traversal.png"), png(&image_grid(title, size, STEPS, &walks, None)))?;
    println!("drawn in {}", folder.display());
    Ok(())
}
