//! Data sets: the embedded digits, and folders of images in the format of MNIST.

mod digits;

use std::path::Path;

use autograd::Tensor;
use nn::data::idx::{self, ImageFolder, ImageSet};
use nn::{Dataset, Result};

/// A data set that is split into examples to learn from and examples to judge by.
#[derive(Clone, Debug)]
pub struct Split {
    /// What it is called: `digits`, or the folder it was read from.
    pub name: String,
    /// To learn from.
    pub train: Dataset,
    /// To judge by.
    pub test: Dataset,
}

/// The embedded data set: 1797 handwritten digits of 8×8 pixels in `[0, 1]` (Alpaydin and Kaynak
/// 1998). Every fifth is for testing.
pub fn digits() -> Split {
    split("digits", digits::digits(), 16.0)
}

/// The data set with this name: `digits`, or a folder with IDX files as MNIST has them (gzipped or
/// not), whose pixels are scaled to `[0, 1]`.
///
/// # Errors
/// If the folder or a file in it cannot be used.
pub fn load(name: &str) -> Result<Split> {
    if name == "digits" { Ok(digits()) } else { Ok(split(name, idx::read_folder(Path::new(name))?, 255.0)) }
}

fn split(name: &str, folder: ImageFolder, white: f32) -> Split {
    let dataset = |images: ImageSet| {
        let features = images.height * images.width;
        let x = Tensor::from_fn([images.pixels.len() / features, features], |i| {
            f32::from(images.pixels[i]) / white
        });
        let labels = images.labels.map(|labels| labels.into_iter().map(u32::from).collect());
        Dataset { x, labels, image: Some([images.height, images.width]) }
    };
    Split { name: name.to_owned(), train: dataset(folder.train), test: dataset(folder.test) }
}
