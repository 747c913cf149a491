//! Mult-VAE (Liang, Krishnan, Hoffman and Jebara 2018).
//!
//! > `L(x) = E[ −ln Mult(x | Σ x, softmax f(z)) ] + β KL( q(z|x) ‖ N(0, I) )`
//!
//! A variational autoencoder of what people chose: choices are draws from one distribution over all items, so items compete,
//! and a list is judged by which come first. The network does not see half of the choices, and has to restore them. The
//! divergence has a weight below 1, which grows in the first part of the training: here it regularizes, and is no bound
//! (section 2.2.2).

use super::vae;
use crate::registry::{Entry, Recommends};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "mult-vae",
    title: "variational autoencoder of who chose what",
    equation: "E[−ln Mult(x|z)] + β KL(q(z|x) ‖ N(0, I))",
    source: "Liang et al. 2018",
    recommends: Some(Recommends::Choices),
    example: Some("user"),
    ..Entry::preset(
        &vae::ENTRY,
        "code = 200\nbeta = 0.2\nwarm_up = 0.5\nnetwork = 'bag'\nlikelihood = 'multinomial'",
        include_str!("mult_vae.rs"),
    )
};
