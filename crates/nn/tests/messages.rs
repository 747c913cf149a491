//! Panics about data point at the line of whoever asked for what is not there.

use autograd::Tensor;
use nn::Dataset;
use nn::data::{Examples, OnDisk, Pairs};

use crate::panics::panic_of;

#[test]
fn examples_that_are_not_there() {
    let rows = (0..3).map(|i| Ok((vec![0.0; 2], Some(i))));
    let on_disk = OnDisk::collect(2, rows).unwrap();
    let x = Tensor::zeros([3, 2]);
    let in_memory = Dataset::new(x.clone()).with_labels(vec![0, 1, 2]);
    let pairs = Pairs { targets: x.clone(), x };
    let mistakes: [&dyn Fn(); 7] = [
        &|| drop(on_disk.rows(&[3])),
        &|| _ = on_disk.label(3),
        &|| _ = on_disk.labels_of(&[0, 3]),
        &|| drop(Examples::rows(&in_memory, &[3])),
        &|| _ = in_memory.label(3),
        &|| drop(pairs.rows(&[3])),
        &|| drop(pairs.targets(&[3])),
    ];
    for mistake in mistakes {
        let panic = panic_of(mistake).expect("it must panic");
        assert!(panic.text.ends_with(": there is no example 3 among 3"), "{panic:?}");
        assert!(panic.file.ends_with("tests/messages.rs"), "{panic:?}");
    }
}
