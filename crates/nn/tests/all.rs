//! All tests of the public interface, one module a file: a program for each would link the same code again.
//! (`malformed.rs` is a program of its own, as it counts the memory of its process.)

mod fixtures;
mod layers;
mod losses;
mod messages;
mod mistakes;
mod optimizers;
#[path = "../../autograd/tests/panics.rs"]
mod panics;
mod refusals;
mod schedules;
mod sequences;
mod sound;
mod statistics;
mod training;
