//! The machine, in plain Rust: files and block devices, sources of bytes, child processes, cryptography.

pub mod block_device;
pub mod crypto;
pub mod failure;
pub mod files;
pub mod http;
pub mod process;
pub mod source;
pub mod writer_lock;

pub use failure::Failure;
