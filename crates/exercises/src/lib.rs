//! Forty-three steps from a derivative to a variational autoencoder of one's own.
//!
//! `cargo run -p exercises` makes a folder `exercises/` with a small program for each step, says which comes next, and
//! checks it. This library is what those programs use beside `autograd` and `nn`: [`blank`], the [tape](scalar) that is
//! built in the first steps, and [data](mod@data).

pub mod data;
pub mod scalar;

/// A hole that is still to be filled.
///
/// # Panics
/// Always: it says what belongs here.
#[track_caller]
pub fn blank(what: &str) -> ! {
    panic!("here is a hole to fill: {what}")
}
