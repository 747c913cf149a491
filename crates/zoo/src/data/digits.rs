//! The data set inside the program: 1797 handwritten digits of 8 × 8 pixels, so that the first model
//! trains a second after the installation, without a download. `data/README.md` of this crate tells
//! where they come from.

use std::path::Path;

use nn::data::idx::{self, IdxArray, ImageFolder, ImageSet};

const IMAGES: &[u8] = include_bytes!("../../data/digits-images-idx3-ubyte.gz");
const LABELS: &[u8] = include_bytes!("../../data/digits-labels-idx1-ubyte.gz");

/// The digits, their pixels 0 to 16 (white on black), in the order of the original. Every fifth image
/// is for testing: numbers 4, 9, 14, …, counted from 0.
pub(super) fn digits() -> ImageFolder {
    let images = embedded("digits-images-idx3-ubyte.gz", IMAGES);
    let labels = embedded("digits-labels-idx1-ubyte.gz", LABELS);
    let (height, width) = (images.shape[1], images.shape[2]);

    let part = |testing: bool| {
        let chosen = |number: &usize| (number % 5 == 4) == testing;
        let numbers = || (0..images.shape[0]).filter(chosen);
        let image = |number: usize| &images.bytes[number * height * width..][..height * width];
        let pixels = numbers().flat_map(image).copied().collect();
        let labels = Some(numbers().map(|number| labels.bytes[number]).collect());
        ImageSet { height, width, pixels, labels }
    };
    ImageFolder { train: part(false), test: part(true) }
}

/// # Panics
/// Never: the file is part of the program, and the test below has read it.
fn embedded(name: &str, content: &[u8]) -> IdxArray {
    idx::parse(Path::new(name), content).expect("the embedded file is good")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digits_are_those_that_were_published() {
        let ImageFolder { train, test } = digits();
        assert_eq!((train.count(), test.count()), (1438, 359));
        for set in [&train, &test] {
            assert_eq!((set.height, set.width), (8, 8));
            assert_eq!(set.labels.as_ref().unwrap().len(), set.count());
        }

        let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u32::from(byte)).sum::<u32>();
        assert_eq!((sum(&train.pixels), sum(&test.pixels)), (561_718 - 111_414, 111_414));
        assert_eq!([&train, &test].map(|set| set.pixels.iter().max()), [Some(&16); 2]);

        let count =
            |set: &ImageSet, class: u8| set.labels.iter().flatten().filter(|&&label| label == class).count();
        let all = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180];
        let tested = [27, 21, 34, 52, 34, 28, 31, 43, 47, 42];
        for class in 0..10 {
            let number = usize::from(class);
            assert_eq!(count(&test, class), tested[number], "digit {class}");
            assert_eq!(count(&train, class), all[number] - tested[number], "digit {class}");
        }
    }

    #[test]
    fn order_and_labels_are_kept() {
        let ImageFolder { train, test } = digits();
        assert_eq!(train.labels.unwrap()[..8], [0, 1, 2, 3, 5, 6, 7, 8]);
        assert_eq!(test.labels.unwrap()[..4], [4, 9, 4, 9]);
        // The upper half of the very first image is the arch of a zero.
        let arch = [
            [0, 0, 5, 13, 9, 1, 0, 0],
            [0, 0, 13, 15, 10, 15, 5, 0],
            [0, 3, 15, 2, 0, 11, 8, 0],
            [0, 4, 12, 0, 0, 8, 8, 0],
        ];
        assert_eq!(train.pixels[..32], *arch.as_flattened());
    }
}
