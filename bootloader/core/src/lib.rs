//! Reads SDFS volumes and decides what boots.
//!
//! Everything that decides is here, and nothing that touches a machine: the disk is a [`Device`], firmware is an
//! [`Environment`]. The boot loader and the Node addon run this same code. `sdfs/FORMAT.md` is the specification.
//!
//! Bad bytes are values: whatever a disk holds, each function returns, and returns an [`Error`] or a choice. No
//! allocation has a size that was not checked against the volume first. So that this can be seen and not only hoped
//! for, the lints below refuse indexing, unchecked arithmetic, truncating casts and `unwrap`.
//!
//! Left out: formatting, staging, committing. The TypeScript package `sdfs` does those.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::cast_possible_truncation
    )
)]

extern crate alloc;

pub mod boot;
pub mod check;
pub mod choose;
pub mod cmdline;
pub mod crc;
pub mod descriptor;
pub mod device;
pub mod device_tree;
pub mod digest;
pub mod environment;
pub mod error;
pub mod field;
pub mod file;
pub mod format;
pub mod gpt;
pub mod json;
pub mod mark;
pub mod record;
pub mod release;
pub mod ring;
pub mod signature;
pub mod slot;
pub mod superblock;
pub mod uuid;

pub use boot::Search;
pub use check::Candidate;
pub use descriptor::Descriptor;
pub use device::Device;
pub use digest::Digest;
pub use environment::{Architecture, Environment};
pub use error::Error;
pub use file::LoadedFile;
pub use mark::Mark;
pub use record::Record;
pub use release::Release;
pub use slot::Trial;
pub use superblock::Superblock;
pub use uuid::Uuid;
