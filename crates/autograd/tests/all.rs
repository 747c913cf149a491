//! All tests of the public interface, one module a file: a program for each would link the same code again.

mod lines;
mod messages;
mod nested;
mod panics;
mod programs;
mod pytorch;
mod resources;
mod scalar_programs;
mod transforms;
