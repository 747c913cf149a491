//! Presets: autoencoders with names of their own that are another model on a network. The network's file explains it.

use super::autoencoder;
use crate::registry::Entry;

/// Residual blocks over all features at once.
pub static RESIDUAL: Entry = Entry {
    name: "residual",
    title: "residual autoencoder",
    equation: "‖x − x̂‖², blocks y = x + f(x)",
    source: "He et al. 2016; Ioffe & Szegedy 2015",
    ..Entry::preset(&autoencoder::ENTRY, "network = 'residual'", include_str!("../network/residual.rs"))
};

/// Strided convolutions of pictures.
pub static CONV: Entry = Entry {
    name: "conv",
    title: "convolutional autoencoder",
    equation: "‖x − x̂‖², strided convolutions",
    source: "Masci et al. 2011; Odena et al. 2016",
    reads_all_at_once: false,
    ..Entry::preset(
        &autoencoder::ENTRY,
        "network = 'conv'\nhidden = []\nactivation = 'relu'",
        include_str!("../network/stages.rs"),
    )
};

/// Recurrent layers that read and write a sequence step by step.
pub static SEQUENCE: Entry = Entry {
    name: "sequence",
    title: "sequence autoencoder",
    equation: "Σₜ ‖xₜ − x̂ₜ‖², read and written by GRUs",
    source: "Srivastava et al. 2015; Cho et al. 2014",
    reads_all_at_once: false,
    example: Some("sequence"),
    ..Entry::preset(&autoencoder::ENTRY, "network = 'gru'", include_str!("../network/recurrent.rs"))
};
