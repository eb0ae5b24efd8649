//! What is fuzzed of the core: how an input becomes bytes that pass the checksums, and what must hold for every input.
//!
//! A [`Target`] is a plain function of bytes that panics when something does not hold. The fuzzer calls it with what it
//! comes up with, the tests with the committed corpora. Nothing here knows of libFuzzer.

pub mod allocation;
pub mod disk;
pub mod edit;
pub mod machine;
pub mod recipe;
pub mod sample;
pub mod target;
mod targets;

pub use target::{TARGETS, Target};
