//! The embedded digits; `data/README.md` says where they come from.

use std::path::Path;

use nn::data::idx::{self, IdxArray, ImageFolder, ImageSet};

/// 1797 images of 8×8 pixels from 0 to 16. Those whose index is 4 modulo 5 are for testing.
pub(super) fn digits() -> ImageFolder {
    let images = include_bytes!("../../data/digits-images-idx3-ubyte.gz");
    let labels = include_bytes!("../../data/digits-labels-idx1-ubyte.gz");
    let (images, labels) = (embedded(images), embedded(labels));
    let set = |test: bool| {
        let chosen = |&(i, _): &(usize, &[u8])| (i % 5 == 4) == test;
        let pixels = images.bytes.chunks(64).enumerate().filter(chosen).flat_map(|(_, image)| image);
        let labels = labels.bytes.chunks(1).enumerate().filter(chosen).map(|(_, label)| label[0]);
        ImageSet { height: 8, width: 8, pixels: pixels.copied().collect(), labels: Some(labels.collect()) }
    };
    ImageFolder { train: set(false), test: set(true) }
}

fn embedded(content: &[u8]) -> IdxArray {
    idx::parse(Path::new("embedded digits"), content).expect("the embedded files are whole")
}

#[cfg(test)]
mod tests {
    #[test]
    fn these_are_the_digits() {
        let digits = super::digits();
        let sets = [&digits.train, &digits.test];
        assert_eq!(sets.map(|set| set.pixels.len() / 64), [1438, 359]);
        let ink: usize = sets.iter().flat_map(|set| &set.pixels).map(|&p| p as usize).sum();
        assert_eq!(ink, 561_718);
        let labels: Vec<u8> = sets.iter().flat_map(|set| set.labels.clone().unwrap()).collect();
        let count = |digit| labels.iter().filter(|&&label| label == digit).count();
        assert_eq!(
            (0..10).map(count).collect::<Vec<_>>(),
            [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
        );
        assert_eq!(digits.test.labels.unwrap()[..5], [4, 9, 4, 9, 4]);
    }
}
