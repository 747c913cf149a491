//! Mult-DAE (Liang, Krishnan, Hoffman and Jebara 2018).
//!
//! > `L(x) = E_{x̃ ~ C(x̃|x)}[ −ln Mult(x | Σ x, softmax g(f(x̃))) ]`
//!
//! A denoising autoencoder of what people chose: half of the choices are left out, and the whole is to be restored. It is
//! Mult-VAE without a distribution of codes.

use super::denoising;
use crate::registry::{Entry, Recommends};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "mult-dae",
    title: "denoising autoencoder of who chose what",
    equation: "E[−ln Mult(x|g(f(x̃)))], x̃ has half of x",
    source: "Liang et al. 2018",
    recommends: Some(Recommends::Choices),
    example: Some("user"),
    ..Entry::preset(
        &denoising::ENTRY,
        // What is left out is so by the objective, and not by the network.
        "code = 200\ncorruption = { masking = 0.5 }\nnetwork = 'bag'\ndropout = 0.0\nlikelihood = 'multinomial'",
        include_str!("mult_dae.rs"),
    )
};
