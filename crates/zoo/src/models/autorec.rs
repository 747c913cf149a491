//! AutoRec (Sedhain, Menon, Sanner and Xie 2015), by users.
//!
//! > `L(r) = ‖r − h(r̃)‖²_O`,  `h(r) = W σ(V r + b) + c`
//!
//! `‖·‖_O` counts the ratings that are there: nothing is learnt from those that are missing, neither by the loss nor by its
//! gradient. Ratings are taken as distances from what the biases of user and item say (Koren 2010), so what is learnt is
//! taste. The network does not see most of the ratings in training, which regularizes more than the squared weights of the
//! paper do where users are few.

use super::autoencoder;
use crate::registry::{Entry, Recommends};

/// The model in the registry.
pub static ENTRY: Entry = Entry {
    name: "autorec",
    title: "autoencoder of ratings",
    equation: "‖r − r̂‖² of the ratings that are there",
    source: "Sedhain et al. 2015",
    recommends: Some(Recommends::Ratings),
    example: Some("user"),
    ..Entry::preset(
        &autoencoder::ENTRY,
        "code = 200\ncode_activation = 'tanh'\nnetwork = 'bag'\nhidden = []\ndropout = 0.8\nunit_length = false",
        include_str!("autorec.rs"),
    )
};
