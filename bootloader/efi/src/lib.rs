//! The Cocon OS boot loader: firmware calls around `cocon-core`, which decides everything.
//!
//! One source for every architecture that UEFI runs on. `boot` is the whole program; the other modules are one
//! firmware service each. DESIGN.md tells why they are as they are.
#![no_std]

extern crate alloc;

pub mod boot_disk;
mod clock;
pub mod console;
pub mod device_tree;
pub mod disk;
mod disk_path;
pub mod firmware;
mod initrd;
mod kernel;
mod loader;
mod machine;
mod mark;
mod memory;
mod panic;
mod trust;
mod volume;

pub use loader::boot;
